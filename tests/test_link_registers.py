"""Registers of debts that nothing may rest on are refused in one sentence, in both languages, with what to do."""

import re
import subprocess
import sys

import pandas as pd
import pytest
from dansok.city import PROJECT, open_city
from dansok.clean import clean_city
from dansok.link import link
from dansok.link.registers import arrears_as_of, refuse_bad_registers
from dansok.words import Refusal
from gaon import city_toml

TABLES = {
    "tickets": "issued_at plate",
    "debts": "snapshot_on plate debt_kind due_on amount_krw",
    "payments": "paid_on plate amount_krw",
    "vehicles": "plate valid_from",
}
DAY = "2025-06-30"


def plates(first, count=60):
    return [f"{11 + n // 100}가{first + n:04d}" for n in range(count)]


def register(day, of=0):
    return pd.DataFrame(
        {"기준일자": day, "차량번호": plates(of), "세목": "자동차세", "납기일": "2024-12-31", "체납액": "200,000"}
    )


def city_of(folder, registers=(), paid=1, vehicles=60, records=60, without=()):
    """A city of a few rows, cleaned."""
    raw = folder / "1_raw"
    raw.mkdir(parents=True)
    held = {table: columns for table, columns in TABLES.items() if table not in without}
    (folder / "city.toml").write_text(city_toml(**held), encoding="utf-8")
    tables = {
        "단속.csv": pd.DataFrame({"일시": "2025-06-29 10:00", "차량번호": plates(0, records)}),
        "납부.csv": pd.DataFrame({"납부일": "2025-06-28", "차량번호": plates(0, 60), "납부액": "1,000"}).head(paid),
        "등록.csv": pd.DataFrame({"차량번호": plates(0, vehicles), "등록일자": "2015-01-01"}),
        **{f"체납 {number}.csv": table for number, table in enumerate(registers)},
    }
    for name, table in tables.items():
        table.to_csv(raw / name, index=False, encoding="utf-8-sig")
    city = open_city(folder)
    clean_city(city)
    return city


REFUSED = {
    "no register at all": (lambda f: city_of(f, without=("debts",)), "has no register of debts. Add a [[source]]"),
    "older than allowed": (lambda f: city_of(f, [register("2025-05-15")]), "46 days old (allowed: 45)"),
    "only of later days": (lambda f: city_of(f, [register("2025-07-01")]), "no register of debts of 2025-06-30 or before (the first is of 2025-07-01)"),
    "from the future": (lambda f: city_of(f, [register("2025-06-30"), register("2052-06-30")]), "'체납 1.csv' is a register of 2052-06-30"),
    "nobody has paid": (lambda f: city_of(f, [register("2025-06-30")], paid=0), "the payments hold no row"),
    "of another city": (lambda f: city_of(f, [register("2025-06-30", of=7000)]), "only 0.0% are in the vehicle register"),
    "of another city, without a vehicle register": (
        lambda f: city_of(f, [register("2025-06-30", of=7000)], without=("vehicles",)),
        "only 0.0% are in any record or read",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_is_refused_in_one_sentence(tmp_path, name):
    made, says = REFUSED[name]
    with pytest.raises(Refusal) as refused:
        arrears_as_of(made(tmp_path / "gaon"), DAY, 45)
    ko, en = refused.value.text.ko, refused.value.text.en
    assert says in en and "\n" not in en + ko and len(en) < 300
    assert re.search("[가-힣]", ko) and not re.search(r"\d{2,3}[가-힣]\d{4}", ko + en)


GOOD = {
    "of the day": lambda f: city_of(f, [register("2025-06-30")]),
    "as old as allowed": lambda f: city_of(f, [register("2025-05-16")]),
    "with a later one beside it": lambda f: city_of(f, [register("2025-06-30"), register("2025-07-30")]),
    "without payments in city.toml": lambda f: city_of(f, [register("2025-06-30")], without=("payments",)),
    "without a vehicle register": lambda f: city_of(f, [register("2025-06-30")], without=("vehicles",)),
    "few of many known": lambda f: city_of(f, [register("2025-06-30")], vehicles=3, records=3),
}


@pytest.mark.parametrize("name", GOOD)
def test_is_answered(tmp_path, name):
    city = GOOD[name](tmp_path / "gaon")
    refuse_bad_registers(city, DAY, 45)
    held = arrears_as_of(city, DAY, 45)
    assert len(held.vehicles) == 60 and held.register_days in (0, 45)
    assert (held.vehicles["reason"] == "too_few_taxes").all()
    # Marks that the export has no column for are not taken for "no".
    assert (held.vehicles["not_in_export"] == "livelihood, instalments, stopped").all()


# What a clerk may well put into 1_raw, and the command that make runs.
BY_A_CLERK = ("no register at all", "older than allowed", "from the future", "nobody has paid", "of another city")


@pytest.mark.parametrize("name", BY_A_CLERK)
def test_no_map_is_made_of_it(tmp_path, name):
    made, says = REFUSED[name]
    city = made(tmp_path / "gaon")
    link(city)
    command = [sys.executable, "-m", "dansok.run", str(city.folder), "delinquent_map", "latest"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=PROJECT, check=False)
    korean, english = done.stderr.splitlines()
    assert done.returncode == 2 and not done.stdout
    assert (says if "[[source]]" not in says else "has no source of debts") in english
    assert re.search("[가-힣]", korean) and korean.endswith(".") and english.endswith(".")
    assert not re.search(r"\d{2,3}[가-힣]\d{4}", done.stderr)
    assert not list(city.folder.glob("[45]_*/**/*.*")), "nothing is left, and no kernel was started"
