"""Keyed tokens for plates, and the key that only this office holds.

The key lies outside every city folder and outside git. Who has it can find the token of a plate, so it is never
printed, and a city folder that is copied elsewhere cannot be turned back into plates.
"""

import hmac
import os
import secrets
import stat
from pathlib import Path

import platformdirs

from dansok.words import Refusal

KEY_BYTES = 32
TOKEN_CHARACTERS = 32
VARIABLE = "DANSOK_KEY_FILE"


class Key:
    """The secret behind the tokens. It shows itself nowhere: not printed, not compared, not pickled."""

    __slots__ = ("_keyed",)

    def __init__(self, secret):
        if len(secret) != KEY_BYTES:
            raise ValueError(f"a key has {KEY_BYTES} bytes")
        self._keyed = hmac.new(secret, digestmod="sha256")

    def __repr__(self):
        return "Key(sealed)"

    def __reduce__(self):
        raise TypeError("a key is not written anywhere but in its own file")

    def token(self, text):
        """Hexadecimal token of a text: the same for the same text and key, and no way back without the key."""
        one = self._keyed.copy()
        one.update(text.encode())
        return one.hexdigest()[:TOKEN_CHARACTERS]

    @property
    def mark(self):
        """Tells one key from another without telling the key."""
        return self.token("dansok: which key is this?")


def key_ring():
    """Where the key lies: the file named by DANSOK_KEY_FILE, else `plates.key` in the user's configuration folder."""
    named = os.environ.get(VARIABLE)
    return Path(named).expanduser().resolve() if named else platformdirs.user_config_path("dansok") / "plates.key"


def key(path=None, make=True):
    """The office's key; made when it is first asked for.

    Parameters
    ----------
    path : Path, optional
        Key file; `key_ring()` if not given.
    make : bool
        False for whoever turns tokens back: a new key fits none of them.

    Raises
    ------
    Refusal
        If the file lies in a city folder or a git checkout, may be read by others, or holds no key; or is missing and not to be made.
    """
    path = Path(path or key_ring()).resolve()
    _refuse_exposed(path)
    if not path.exists() and not make:
        raise Refusal(
            f"차량번호 키 파일 {path}이(가) 없습니다. 토큰을 만들 때 쓴 키를 되돌려 놓거나 환경변수 {VARIABLE}에 그 위치를 적으세요.",
            f"There is no key file {path}. Put the key back with which the tokens were made, or name its place in {VARIABLE}.",
        )
    if not path.exists():
        _make(path)
    if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise Refusal(
            f"차량번호 키 파일 {path}을(를) 다른 사용자가 읽을 수 있습니다. 'chmod 600'으로 본인만 읽게 하세요.",
            f"Others may read the key file {path}. Make it yours alone with 'chmod 600'.",
        )
    try:
        secret = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError):
        secret = b""
    if len(secret) != KEY_BYTES:
        raise Refusal(
            f"차량번호 키 파일 {path}이(가) 잘렸거나 키 파일이 아닙니다. 보관해 둔 키로 되돌리세요. 키가 없으면 이 파일을 지우고 "
            "다시 실행하세요(차량 토큰이 모두 새로 만들어집니다).",
            f"The key file {path} is cut short or holds no key. Put the kept copy back; if there is none, delete the file "
            "and run again (all vehicle tokens will then be new).",
        )
    return Key(secret)


def tokens(plates, key):
    """Keyed tokens of plates in normal form (HMAC-SHA256, first 32 hexadecimal digits).

    Parameters
    ----------
    plates : pd.Series of str
        As `korea.plates.read_plates` gives; missing where a plate could not be read. Each distinct one is hashed once.
    key : Key

    Returns
    -------
    pd.Series of str, same index
        Missing where the plate is.

    Examples
    --------
    >>> import pandas as pd
    >>> found = tokens(pd.Series(["12가3456", None, "12가3456"]), Key(bytes(32)))
    >>> found.str.len().tolist(), bool(found[0] == found[2])
    ([32.0, nan, 32.0], True)
    """
    distinct = plates.dropna().unique()
    return plates.map({plate: key.token(plate) for plate in distinct}).astype("str")


def look_alike_tokens(forms, key):
    """Keyed tokens of look-alike forms (`korea.plates.look_alike`): never those of a plate, which a form may spell.

    Examples
    --------
    >>> import pandas as pd
    >>> form = pd.Series(["12가3455"])
    >>> bool(look_alike_tokens(form, Key(bytes(32)))[0] == tokens(form, Key(bytes(32)))[0])
    False
    """
    return tokens("looks like " + forms, key)


def _refuse_exposed(path):
    for folder in path.parents:
        if (folder / "city.toml").exists() or (folder / ".git").exists():
            raise Refusal(
                f"차량번호 키 파일은 도시 폴더나 git 폴더({folder}) 안에 둘 수 없습니다. 환경변수 {VARIABLE}에 다른 위치를 적으세요.",
                f"The key file may not lie in a city folder or a git checkout ({folder}). "
                f"Name another place in the environment variable {VARIABLE}.",
            )


def _make(path):
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    unfinished = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    opened = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(opened, "w", encoding="ascii") as file:
        file.write(secrets.token_bytes(KEY_BYTES).hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    # Two runs may start at once: the key of the first stands.
    try:
        os.link(unfinished, path)
    except FileExistsError:
        pass
    finally:
        unfinished.unlink()
