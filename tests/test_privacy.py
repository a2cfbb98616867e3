"""The key is made once, kept to one user, and shows itself nowhere; tokens are HMAC of the plate."""

import copy
import hashlib
import hmac
import os
import pickle

import pandas as pd
import pytest
from dansok import privacy
from dansok.privacy import VARIABLE, Key, key, key_ring, tokens
from dansok.words import Refusal


@pytest.fixture
def ring(tmp_path, monkeypatch):
    path = tmp_path / "ring" / "plates.key"
    monkeypatch.setenv(VARIABLE, str(path))
    return path


def test_key_is_made_once_for_this_user_alone(ring):
    first = key()
    assert ring.stat().st_mode & 0o777 == 0o600
    assert len(bytes.fromhex(ring.read_text().strip())) == 32
    assert key().mark == first.mark
    assert [path.name for path in ring.parent.iterdir()] == ["plates.key"]


def test_without_the_variable_the_key_lies_in_the_users_configuration(monkeypatch, tmp_path):
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(privacy.platformdirs, "user_config_path", lambda name: tmp_path / name)
    assert key_ring() == tmp_path / "dansok" / "plates.key"


def test_key_shows_itself_nowhere(ring):
    secret = ring_key = key()
    text = ring.read_text().strip()
    assert text not in repr(secret) + str(secret) + f"{[ring_key]}"
    for write in (pickle.dumps, copy.copy):
        with pytest.raises(TypeError):
            write(secret)
    assert not hasattr(secret, "__dict__")


def test_tokens_are_the_first_half_of_hmac_sha256():
    plates = pd.Series(["12가3456", None, "서울12바3456", "12가3456"], index=[7, 8, 9, 10], dtype="str")
    secret = bytes(range(32))
    found = tokens(plates, Key(secret))
    expected = [hmac.new(secret, p.encode(), hashlib.sha256).hexdigest()[:32] for p in ("12가3456", "서울12바3456")]
    assert found[7] == found[10] == expected[0] and found[9] == expected[1]
    assert pd.isna(found[8]) and list(found.index) == [7, 8, 9, 10]
    assert tokens(plates, Key(bytes(32)))[7] != found[7]


def test_each_distinct_plate_is_hashed_once():
    class Counting(Key):
        def token(self, text):
            seen.append(text)
            return super().token(text)

    seen = []
    tokens(pd.Series(["12가3456"] * 1000 + ["34나5678"]), Counting(bytes(32)))
    assert sorted(seen) == ["12가3456", "34나5678"]


@pytest.mark.skipif(os.name != "posix", reason="file modes are those of POSIX")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_key_that_others_may_read_is_refused(ring, mode):
    key()
    ring.chmod(mode)
    with pytest.raises(Refusal, match="chmod 600") as refused:
        key()
    assert ring.read_text().strip() not in str(refused.value)


@pytest.mark.parametrize("content", ["", "ab" * 31, "ab" * 33, "zz" * 32, "비밀"])
def test_a_damaged_key_is_refused_and_not_replaced(ring, content):
    ring.parent.mkdir()
    ring.write_text(content, encoding="utf-8")
    ring.chmod(0o600)
    with pytest.raises(Refusal, match="holds no key") as refused:
        key()
    assert ring.read_text(encoding="utf-8") == content
    assert not content or content not in str(refused.value)


@pytest.mark.parametrize("marker", ["city.toml", ".git"])
def test_a_key_in_a_city_folder_or_checkout_is_refused(tmp_path, monkeypatch, marker):
    (tmp_path / marker).touch()
    path = tmp_path / "below" / "plates.key"
    monkeypatch.setenv(VARIABLE, str(path))
    with pytest.raises(Refusal, match=VARIABLE):
        key()
    assert not path.exists()
