"""Time rewound: a city whose later rows are gone gives the same answers as the whole one asked as of that day."""

import dataclasses
import io
import shutil

import pandas as pd
import pytest
from dansok.city import PROJECT, open_city
from dansok.clean import clean_city, scan
from dansok.engine import connect
from dansok.link import link, read_linked, scan_linked
from dansok.link.debtors import in_arrears
from dansok.link.near import near_misses
from dansok.link.registers import arrears_as_of
from dansok.sample import SIZES, Options, write

DAY = pd.Timestamp("2025-04-15")  # between two registers
WANTED = (
    "fixed_camera_exports", "camera_list", "public_lots", "boundaries", "address_table", "debt_register", "payments_received",
    "vehicle_register", "camera_reads", "patrol_car_reads", "squad_car_reads", "lot_entries", "seizures",
)  # fmt: skip
DATES = ("단속일시정보", "판독일시", "포착일시", "입차일시", "납부일", "영치일시", "기준일자")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("asof") / "sample"
    folder.mkdir()
    head, *sources = (PROJECT / "data" / "sample" / "city.toml").read_text(encoding="utf-8").split("[[source]]\n")
    kept = [source for source in sources if any(f'name = "{name}"' in source for name in WANTED)]
    text = "[[source]]\n".join([head, *kept]).replace('"고정형 단속자료*.xlsx", ', "")
    (folder / "city.toml").write_text(text, encoding="utf-8")
    size = dataclasses.replace(
        SIZES["small"], name="tiny", segments=600, vehicles=15_000, violations_per_day=400.0, cameras=25, lots=10, parcels=20,
        reading=0.8, first_read_day=pd.Timestamp("2024-10-01"),
    )  # fmt: skip
    write(folder, Options(11, size))
    return _linked(folder)


def _linked(folder):
    city = open_city(folder)
    clean_city(city)
    link(city)
    return city


@pytest.fixture(scope="module")
def rewound(whole, tmp_path_factory):
    """The same city as it stood on the day: every later row of its exports is gone."""
    folder = tmp_path_factory.mktemp("rewound") / "sample"
    shutil.copytree(whole.raw, folder / "1_raw")
    shutil.copy(whole.folder / "city.toml", folder)
    for path in sorted((folder / "1_raw").glob("*.csv")):
        _rewind(path)
    return _linked(folder)


def _rewind(path):
    raw = path.read_bytes()
    encoding = "utf-8-sig" if raw.startswith(b"\xef\xbb\xbf") else "cp949"
    try:
        table = pd.read_csv(io.BytesIO(raw), dtype=str, encoding=encoding, keep_default_na=False)
    except UnicodeDecodeError:
        encoding = "utf-8"
        table = pd.read_csv(io.BytesIO(raw), dtype=str, encoding=encoding, keep_default_na=False)
    table = table.rename(columns=str.strip)
    if "종료일자" in table:
        table = table[_days(table["등록일자"]) <= DAY]
        later = _days(table["종료일자"]) > DAY
        table = table.assign(종료일자=table["종료일자"].mask(later, ""), 종료사유=table["종료사유"].mask(later, ""))
    elif dated := [name for name in DATES if name in table]:
        table = table[~(_days(table[dated[0]]) > DAY)]
    if len(table):
        table.to_csv(path, index=False, encoding=encoding)
    else:
        path.unlink()


def _days(texts):
    parts = texts.str.extract(r"^(\d{4})\D?(\d{1,2})\D?(\d{1,2})").set_axis(["year", "month", "day"], axis=1)
    return pd.to_datetime(parts)


def _same(one, other):
    pd.testing.assert_frame_equal(one.reset_index(drop=True), other.reset_index(drop=True), check_dtype=False)


def test_the_rewound_city_has_lost_what_came_later(whole, rewound):
    assert read_linked(rewound, "visits", ["first_at"]).first_at.max() < DAY + pd.Timedelta(days=1)
    assert read_linked(whole, "visits", ["first_at"]).first_at.max() > DAY + pd.Timedelta(days=60)
    assert len(read_linked(rewound, "debtors")) < len(read_linked(whole, "debtors"))


def test_arrears_as_of_the_day_are_the_same(whole, rewound):
    now, then = (arrears_as_of(city, DAY, 45) for city in (whole, rewound))
    assert (then.snapshot_on, then.paid_until) == (now.snapshot_on, now.paid_until)
    assert then.snapshot_on == pd.Timestamp("2025-03-31") and then.register_days == 15
    assert then.ledger == now.ledger and then.ledger["paid"] > 0
    _same(now.vehicles.reset_index(), then.vehicles.reset_index())
    _same(now.debts.drop(columns=["source_row"]), then.debts.drop(columns=["source_row"]))
    assert now.vehicles["eligible"].sum() > 30


def test_registers_of_the_past_are_as_they_were(whole, rewound):
    now, then = (read_linked(city, "debtors").assign(until_on=_open_until) for city in (whole, rewound))
    now = now[pd.to_datetime(now.snapshot_on) <= DAY]
    _same(now, then)
    assert then.snapshot_on.nunique() == 6


def _open_until(table):
    until = pd.to_datetime(table["until_on"])
    return until.where(until <= DAY)


def test_visits_of_debtors_are_the_same(whole, rewound):
    columns = ["vehicle", "registered", "looker", "first_at", "x", "y", "cell_x", "cell_y", "area_name"]
    now, then = (read_linked(city, "debtor_visits") for city in (whole, rewound))
    now = now[(now.first_at < DAY + pd.Timedelta(days=1)) & now.vehicle.isin(read_linked(rewound, "debtors").vehicle)]
    _same(now[columns], then[columns])
    assert len(then) > 1_000


def test_visits_while_in_arrears_are_the_same(whole, rewound):
    found = []
    for city in (whole, rewound):
        connection = connect()
        visits, debtors = (scan_linked(city, name, connection) for name in ("debtor_visits", "debtors"))
        table = (
            in_arrears(visits, debtors)
            .select("vehicle", "first_at", "cell_x", "cell_y", "snapshot_on", "eligible")
            .to_pandas()
        )
        found.append(table[table.first_at < DAY + pd.Timedelta(days=1)].sort_values(["first_at", "vehicle"]))
    _same(*found)
    assert len(found[0]) > 500


def test_near_misses_are_the_same(whole, rewound):
    first = pd.Timestamp("2025-01-01").date()
    found = []
    for city in (whole, rewound):
        connection = connect()
        tables = (scan(city, name, connection) for name in ("debts", "sightings", "vehicles"))
        found.append(near_misses(*tables, first, DAY.date()))
    _same(*found)
    assert found[0].known.tolist() == [False, True] and found[0].reads.min() > 0
