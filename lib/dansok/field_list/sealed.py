"""Workbooks under a pass-phrase: the plain one is only ever in memory."""

import io
import os
import secrets

import msoffcrypto
from msoffcrypto.format.ooxml import OOXMLFile

from dansok.words import Refusal

PART = ".part"


def seal(plain, pass_phrase):
    """A workbook under a pass-phrase (ECMA-376 Agile, AES-256), as Excel opens it.

    Parameters
    ----------
    plain : bytes
    pass_phrase : str

    Returns
    -------
    bytes
    """
    sealed = io.BytesIO()
    OOXMLFile(io.BytesIO(plain)).encrypt(pass_phrase, sealed)
    return sealed.getvalue()


def unseal(path, pass_phrase):
    """The workbook of a file under a pass-phrase, as bytes; of a file without one, as it is.

    Raises
    ------
    Refusal
        If it is no workbook, or the pass-phrase is another.
    """
    content, plain = path.read_bytes(), io.BytesIO()
    try:
        workbook = msoffcrypto.OfficeFile(io.BytesIO(content))
        if not workbook.is_encrypted():
            return content
        workbook.load_key(password=pass_phrase, verify_password=True)
        workbook.decrypt(plain, verify_integrity=True)
    except Exception as error:  # noqa: BLE001 - its errors have no common base
        raise Refusal(
            f"{path.name}을(를) 열 수 없습니다({type(error).__name__}). 암호가 맞는지, 엑셀(xlsx) 파일인지 확인하세요.",
            f"{path.name} cannot be opened ({type(error).__name__}). Check the pass-phrase, and that it is a workbook (xlsx).",
        ) from None
    return plain.getvalue()


def write_together(files, between):
    """Put files in their places, all or none, readable by this user alone.

    Parameters
    ----------
    files : dict of Path -> bytes
        One that is there is replaced, if it is the only one.
    between : callable
        Called when all of them are on the disk under other names; if it fails, none appears.
    """
    placed = []
    parts = {path: path.with_name(f"{path.name}.{secrets.token_hex(4)}{PART}") for path in files}
    try:
        for path, content in files.items():
            with os.fdopen(os.open(parts[path], os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        between()
        for path, part in parts.items():
            os.replace(part, path)
            placed.append(path)
    except BaseException:
        for path in placed:
            path.unlink(missing_ok=True)
        raise
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)
