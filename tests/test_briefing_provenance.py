"""Where a briefing came from: short, the same on every machine, and unknown rather than guessed."""

import json
import subprocess
from pathlib import Path

import pandas as pd
import pytest
from dansok.briefing import page
from dansok.briefing import provenance as room
from dansok.briefing.payload import MIME
from dansok.briefing.provenance import provenance
from dansok.words import Text

ARRIVALS = pd.DataFrame(
    {
        "source": ["app", "cameras"],
        "file": ["신고.csv", "b/고정식.xlsx"],
        "rows": [30, 1200],
        "sha256": ["b" * 64, "a" * 64],
        "bytes": [2, 1],
    }
)


@pytest.fixture
def city(tmp_path):
    folder = tmp_path / "gaon"
    folder.mkdir()
    (folder / "city.toml").write_text("name = 1\n")
    return folder


def facts(made):
    return {fact.what["en"]: fact.value for fact in made.made_with.itertuples()}


def test_files_are_listed_in_order_with_short_hashes(city):
    made = provenance(city, ARRIVALS, {})
    assert made.files.to_dict("list") == {
        "source": ["cameras", "app"],
        "file": ["b/고정식.xlsx", "신고.csv"],
        "rows": [1200, 30],
        "sha256": ["a" * 10, "b" * 10],
    }
    assert len(ARRIVALS.sha256[0]) == 64  # the frame that came is not changed


def test_choices_are_printed_as_they_were_chosen(city):
    choices = {"year": 2025, "areas": ["a", "b"], "limit": None, "register": city / "tax.csv", "mark": Text("가", "A")}
    made = facts(provenance(city, ARRIVALS, choices))
    assert made["Choice: year"] == "2025"
    assert made["Choice: areas"] == "a, b"
    assert made["Choice: limit"] == Text("없음", "none")
    assert made["Choice: register"] == "tax.csv"
    assert made["Choice: mark"]["en"] == "A"
    assert made["City"] == "gaon" and len(made["City settings (city.toml)"]) == 10


def test_no_machine_is_told(city, monkeypatch):
    shown = []
    monkeypatch.setattr(page, "display", lambda data, **options: shown.append(data))
    provenance(city, ARRIVALS, {"register": city / "tax.csv"}).show()
    held = json.dumps([data[MIME] for data in shown], ensure_ascii=False)
    assert [data[MIME]["name"] for data in shown] == ["tbl-data-files", "tbl-made-with"]
    assert str(city.parent) not in held and str(Path.home()) + "/" not in held
    assert "고정식.xlsx" in held and "1,200" in held


def test_city_settings_change_the_hash(city):
    before = facts(provenance(city, ARRIVALS, {}))["City settings (city.toml)"]
    (city / "city.toml").write_text("name = 2\n")
    assert facts(provenance(city, ARRIVALS, {}))["City settings (city.toml)"] != before
    (city / "city.toml").unlink()
    assert facts(provenance(city, ARRIVALS, {}))["City settings (city.toml)"] == "unknown"


def answer(returncode, stdout=""):
    return lambda *a, **k: subprocess.CompletedProcess(a, returncode, stdout, "")


def missing_git(*arguments, **options):
    raise FileNotFoundError("git")


@pytest.mark.parametrize(
    "git, commit",
    [(answer(0, "abc1234567-dirty\n"), "abc1234567-dirty"), (answer(128), "unknown"), (missing_git, "unknown")],
)
def test_commit_is_unknown_outside_of_git(monkeypatch, git, commit):
    monkeypatch.setattr(room.subprocess, "run", git)
    assert room.code_commit() == commit
