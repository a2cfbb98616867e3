"""Every record gets a place or a reason; exposure is found again where it was planted; one stay is one visit."""

import hashlib
import shutil
import time
import unicodedata
from datetime import date

import ibis
import numpy as np
import pandas as pd
import pytest
from dansok import link, space
from dansok.city import PROJECT, City, Hours, open_city
from dansok.clean import clean_city, read_table
from dansok.engine import connect
from dansok.korea import calendar
from dansok.link import exposure as watching
from dansok.link.places import camera_spells, canonical_area
from dansok.link.visits import group_visits, with_opens_stay
from dansok.tables import (
    ADDRESSES,
    CAMERAS,
    EFFORTS,
    EXPOSURE,
    LOTS,
    PLACED_SIGHTINGS,
    PLACED_TICKETS,
    SIGHTINGS,
    TICKETS,
    VISITS,
    WATCHED_CELLS,
)
from dansok.words import Refusal, Text

TYPES = {"timestamp": "timestamp", "date": "date", "integer": "int64", "number": "float64", "longitude": "float64",
         "latitude": "float64", "boolean": "boolean"}  # fmt: skip
HOURS = Hours(
    "fixed_camera", "every day", date(2024, 1, 1), None, 7 * 60, 20 * 60 + 40, (11 * 60 + 50, 14 * 60), "-", False
)
TICKET = {
    "time_precision": "second", "channel": "fixed_camera", "records": 1, "position_state": "missing", "plate_state": "missing",
    "source": "exports", "source_file": "단속.xlsx",
}  # fmt: skip
EFFORT = {"time_precision": "second", "position_state": "missing", "source": "log", "source_file": "위치기록.csv"}
READ = {
    "time_precision": "second",
    "position_state": "missing",
    "plate_state": "read",
    "source": "reads",
    "source_file": "판독.csv",
}
# Two squares of 2 km side by side around 127.2 E, 37.65 N.
LEFT, BOTTOM = 973_000.0, 1_961_000.0
AREAS = space.read_areas(
    pd.DataFrame(
        {
            "area_name": ["별내동", "호평동"],
            "geometry": [
                f"POLYGON (({x} {BOTTOM}, {x + 2000} {BOTTOM}, {x + 2000} {BOTTOM + 2000}, {x} {BOTTOM + 2000}, {x} {BOTTOM}))"
                for x in (LEFT, LEFT + 2000)
            ],
        }
    )
)


def at(x, y):
    """Longitude and latitude of metres east and north of the corner of the two squares."""
    return space.to_wgs84(pd.DataFrame({"x": [LEFT + x], "y": [BOTTOM + y]}), space.CRS).iloc[0].to_dict()


def table_of(connection, table, rows):
    """Rows as a clean table holds them; what is not given is missing."""
    frame = pd.DataFrame(rows, columns=[column.name for column in table.stored]).astype(object)
    schema = ibis.schema({column.name: TYPES.get(column.type, "string") for column in table.stored})
    return connection.create_table(
        f"test_{table.name}", frame.where(frame.notna(), None), schema=schema, overwrite=True
    )


def tickets_of(connection, rows):
    return table_of(
        connection, TICKETS, [{**TICKET, "source_row": number + 2, **row} for number, row in enumerate(rows)]
    )


def cameras_of(connection, *rows):
    names = ("camera_id", "camera_name", "installed_on")
    return table_of(
        connection,
        CAMERAS,
        [
            {
                **dict(zip(names, row, strict=False)),
                "position_state": "as_sent",
                **at(*row[3:5]),
                "removed_on": (*row, None)[5],
            }
            for row in rows
        ],
    )


def a_city(folder=None, hours=(HOURS,)):
    return City(
        folder=folder, id="test", name=Text("시험시", "Test"), office=Text("과", "office"), rules_of="시험시", crs="EPSG:4326", cell_metres=100,
        renamed_areas={"별내면": "별내동"}, hours=hours, sources=(),
    )  # fmt: skip


@pytest.fixture
def connection():
    return connect()


def linked(
    connection,
    folder,
    tickets,
    cameras=(),
    addresses=(),
    hours=(HOURS,),
    areas=AREAS,
    efforts=(),
    sightings=(),
    lots=(),
):
    """Link, check the tables against their descriptions, and read them."""
    clean = {
        "tickets": tickets_of(connection, tickets),
        "cameras": cameras_of(connection, *cameras),
        "addresses": table_of(connection, ADDRESSES, list(addresses)),
        "efforts": table_of(
            connection, EFFORTS, [{**EFFORT, "source_row": i + 2, **row} for i, row in enumerate(efforts)]
        ),
        "sightings": table_of(
            connection, SIGHTINGS, [{**READ, "source_row": i + 2, **row} for i, row in enumerate(sightings)]
        ),
        "lots": table_of(connection, LOTS, list(lots)),
    }
    link.link_tables(connection, **clean, areas=areas, city=a_city(hours=hours), folder=folder)
    read = {path.stem: pd.read_parquet(path) for path in folder.glob("*.parquet")}
    for table in (PLACED_TICKETS, EXPOSURE, WATCHED_CELLS, PLACED_SIGHTINGS, VISITS):
        columns = list(read[table.name].columns)
        assert columns == list(table.check(read[table.name]).columns), table.name
        by_key = read[table.name].sort_values(list(table.key), kind="stable")
        assert by_key.index.tolist() == list(range(len(by_key))), f"{table.name} is not in order"
    return read


# --- places ---

CAMERA_LIST = [
    ("c1", "별내동 청학초등학교 주변", date(2020, 5, 1), 150, 250),
    ("old", "호평동 시네마 주변", date(2019, 1, 1), 2100, 100),
    ("new", "호평동 시네마 주변", date(2024, 6, 1), 2900, 100),
]
ADDRESS_LIST = [
    {"address": "별내동 12-3", "address_key": "별내동 12-3", "position_state": "as_sent", **at(520, 520)},
    {"address": "호평동 629", "address_key": "호평동 629", "position_state": "as_sent", **at(2520, 20)},
    {"address": "호평동 7", "address_key": "호평동 7", "position_state": "as_sent", **at(2000, 100)},
    {"address": "호평동 7번지", "address_key": "호평동 7", "position_state": "as_sent", **at(2000, 170)},
    {"address": "호평동 8", "address_key": "호평동 8", "position_state": "as_sent", **at(2200, 100)},
    {"address": "호평동 8번지", "address_key": "호평동 8", "position_state": "as_sent", **at(2200, 140)},
    {"address": "호평동 9", "address_key": "호평동 9", "position_state": "outside"},
    {"address": "시청", "position_state": "as_sent", **at(100, 100)},
]
WHEN = pd.Timestamp("2024-03-05 10:00:00")
PLACES = [
    # row, how or why, place_name, area_name, area_agrees, camera_id
    ({"place_as_sent": "별내동  청학초등학교주변 "}, "camera", "별내동 청학초등학교 주변", "별내동", None, "c1"),
    ({"place_as_sent": unicodedata.normalize("NFD", "별내동 청학초등학교 주변"), "area_as_sent": "호평동"},
     "camera", "별내동 청학초등학교 주변", "별내동", False, "c1"),
    ({"place_as_sent": "호평동 시네마 주변", "area_as_sent": "호평동-2"}, "camera", "호평동 시네마 주변", "호평동", True, "old"),
    ({"place_as_sent": "호평동 시네마 주변", "issued_at": pd.Timestamp("2024-06-01 00:00:00")},
     "camera", "호평동 시네마 주변", "호평동", None, "new"),
    ({"place_as_sent": "호평동 시네마 주변", "issued_at": pd.Timestamp("2015-06-01 09:00:00")},
     "camera", "호평동 시네마 주변", "호평동", None, "old"),
    ({"place_as_sent": "진접읍 국민은행 주변", "area_as_sent": "호평동"}, "camera_unknown", None, "호평동", None, None),
    ({"place_as_sent": "별내동 청학초등학교 주변", "channel": "officer"}, "address_vague", None, None, None, None),
    ({"place_as_sent": "별내동12-3", "channel": "citizen_report", "area_as_sent": "별내면"},
     "address", "별내동 12-3", "별내동", True, None),
    ({"place_as_sent": "629", "channel": "citizen_report", "area_as_sent": "호평동"}, "address", "호평동 629", "호평동", True, None),
    ({"place_as_sent": "629", "channel": "citizen_report"}, "address_vague", None, None, None, None),
    ({"place_as_sent": "호평동 7", "channel": "citizen_report"}, "address_unknown", None, None, None, None),
    ({"place_as_sent": "호평동 8", "channel": "citizen_report"}, "address", "호평동 8", "호평동", None, None),
    ({"place_as_sent": "호평동 9", "channel": "citizen_report", "area_as_sent": "강남구"}, "address_unknown", None, None, None, None),
    ({"channel": "citizen_report", "area_as_sent": "호평동"}, "no_place", None, "호평동", None, None),
    ({"place_as_sent": "별내동 12-3", "channel": "mobile_camera", "position_state": "mended", "area_as_sent": "별내동", **at(2010, 30)},
     "coordinates", "별내동 12-3", "호평동", False, None),
    ({"place_as_sent": "장현로 144", "channel": "mobile_camera", "position_state": "as_sent", "area_as_sent": "별내동", **at(5000, 0)},
     "coordinates", "장현로 144", None, False, None),
    ({"place_as_sent": "별내동 12-3", "channel": "mobile_camera", "position_state": "pile_up", **at(10, 10)},
     "address", "별내동 12-3", "별내동", None, None),
    ({"place_as_sent": "장현로 144", "channel": "mobile_camera", "position_state": "outside"}, "position_bad", None, None, None, None),
    ({"channel": "mobile_camera", "position_state": "swapped"}, "position_bad", None, None, None, None),
]  # fmt: skip


def test_each_record_gets_its_place_or_the_reason(connection, tmp_path):
    tables = linked(connection, tmp_path, [{"issued_at": WHEN, **row} for row, *_ in PLACES], CAMERA_LIST, ADDRESS_LIST)
    placed = tables["placed_tickets"]
    found = placed.assign(way=placed.how_placed.fillna(placed.why_unplaced)).astype(object)
    found = found.where(found.notna(), None)
    columns = ["way", "place_name", "area_name", "area_agrees", "camera_id"]
    assert found[columns].values.tolist() == [list(expected) for _, *expected in PLACES]
    assert (placed.how_placed.isna() == placed.why_unplaced.notna()).all()
    assert (placed[["x", "y", "cell_x", "cell_y"]].notna().all(axis=1) == placed.how_placed.notna()).all()
    # the camera at 150, 250; and the middle of two rows 40 m apart
    assert (placed[["x", "y"]].iloc[0] - [LEFT + 150, BOTTOM + 250]).abs().max() < 0.01
    assert placed[["cell_x", "cell_y"]].iloc[0].tolist() == [9731, 19612]
    assert (placed[["x", "y"]].iloc[11] - [LEFT + 2200, BOTTOM + 120]).abs().max() < 0.01


def test_no_row_vanishes(connection, tmp_path):
    rows = [{"issued_at": WHEN, "records": 2, **row} for row, *_ in PLACES]
    tables = linked(connection, tmp_path, rows, CAMERA_LIST, ADDRESS_LIST)
    assert tables["placed_tickets"].source_row.tolist() == list(range(2, len(rows) + 2))
    rates = tables["match_rates"]
    assert (rates.rows.sum(), rates.records.sum()) == (19, 38)
    assert (rates.how_placed.isna() == rates.why_unplaced.notna()).all()
    ways = rates.assign(way=rates.how_placed.fillna(rates.why_unplaced)).set_index(["channel", "way"]).rows
    assert ways["fixed_camera", "camera"] == 5 and ways["mobile_camera", "position_bad"] == 2


def test_a_row_lost_or_doubled_on_the_way_stops_the_stage(connection, tmp_path, monkeypatch):
    monkeypatch.setattr(link, "place", lambda connection, tickets, *rest: _placed_as(connection, tickets).limit(1))
    with pytest.raises(ValueError, match="2 rows came, 1 "):
        linked(connection, tmp_path, [{"issued_at": WHEN}, {"issued_at": WHEN}])


def _placed_as(connection, tickets, **columns):
    """Tickets with the columns that placing adds, all missing unless given."""
    added = {
        column.name: columns.get(column.name) for column in PLACED_TICKETS.stored if column.name not in tickets.columns
    }
    types = {"number": "float64", "integer": "int64", "boolean": "boolean"}
    literals = {
        name: value if value is not None else ibis.null(types.get(PLACED_TICKETS[name].type, "string"))
        for name, value in added.items()
    }
    return tickets.mutate(**literals).select(*(column.name for column in PLACED_TICKETS.stored))


def test_cameras_that_share_a_number_stay_apart(connection):
    listed = cameras_of(
        connection,
        ("22104", "금곡동 프라자 주변", date(2008, 9, 1), 0, 0),
        ("22104", "퇴계원읍 병원 주변", date(2025, 11, 1), 3000, 0),
        ("22105", "금곡동 우체국 주변", None, 10, 0),
    )
    spells = camera_spells(listed).set_index("camera_name")
    assert spells.camera_id.to_dict() == {
        "금곡동 프라자 주변": "22104 금곡동 프라자 주변",
        "퇴계원읍 병원 주변": "22104 퇴계원읍 병원 주변",
        "금곡동 우체국 주변": "22105",
    }
    assert spells.shares_number.sum() == 2


def test_three_cameras_of_one_name_each_have_their_days(connection):
    listed = cameras_of(
        connection,
        ("b", "역 앞", date(2020, 1, 1), 0, 0),
        ("a", "역앞", date(2020, 1, 1), 0, 0),
        ("c", "역 앞", date(2022, 1, 1), 0, 0),
        ("d", "역 앞", date(2024, 1, 1), 0, 0),
    )
    spells = camera_spells(listed).set_index("camera_id")
    days = (spells.to_day - spells.from_day).dt.days
    assert spells.loc["a"].from_day < pd.Timestamp("1950-01-01") and spells.loc["a"].to_day == pd.Timestamp(
        "2022-01-01"
    )
    assert (spells.loc["c"].from_day, spells.loc["c"].to_day) == (
        pd.Timestamp("2022-01-01"),
        pd.Timestamp("2024-01-01"),
    )
    assert days["b"] == 0 and spells.loc["d"].to_day > pd.Timestamp("2100-01-01")


def test_renamed_areas_are_followed():
    sent = pd.Series(["퇴계원면", "진접", "다산 1동", "남양주시", None])
    named = canonical_area(sent, {"퇴계원면": "퇴계원읍", "진접": "진접읍"})
    assert named.astype(object).where(named.notna(), None).tolist() == ["퇴계원읍", "진접읍", "다산1동", None, None]


# --- exposure ---


def test_timetable_of_workdays_rest_days_and_a_change_of_the_grace():
    working = Hours(
        "fixed_camera", "working days", date(2024, 1, 1), date(2024, 3, 31), 420, 1200, (690, 810), "-", True
    )
    later = Hours("fixed_camera", "working days", date(2024, 4, 1), None, 420, 1200, (660, 840), "-", True)
    rest = Hours("fixed_camera", "rest days", date(2024, 1, 1), None, 540, 1080, None, "-", True)
    days = calendar.days("2024-02-08", "2024-04-01")
    kind_of_day, states = watching.timetable((working, later, rest), days)

    def hours(day):
        found = states[kind_of_day[pd.Timestamp(day)]]
        return [(found == state).sum() / 60 for state in (watching.OPEN, watching.GRACE)]

    assert hours("2024-02-08") == [11, 2]  # a Thursday
    assert hours("2024-02-09") == [9, 0]  # a Friday, eve of Seollal
    assert hours("2024-02-12") == [9, 0]  # a Monday, its substitute holiday
    assert hours("2024-04-01") == [10, 3]
    assert states[kind_of_day[pd.Timestamp("2024-02-08")]][[419, 420, 689, 690, 809, 810, 1199, 1200]].tolist() == [
        0, 2, 2, 1, 1, 2, 2, 0,
    ]  # fmt: skip


def test_days_outside_every_entry_are_closed():
    days = calendar.days("2023-12-30", "2024-01-02")
    kind_of_day, states = watching.timetable((HOURS,), days)
    assert [int((states[kind] > 0).sum()) for kind in kind_of_day] == [0, 0, 820, 820]


def _seen(unit, days, records=1):
    return pd.DataFrame({"unit": unit, "day": pd.to_datetime(days), "records": records})


def _window(unit, first, last):
    return pd.DataFrame({"first_day": [pd.Timestamp(first)], "last_day": [pd.Timestamp(last)]}, index=[unit])


@pytest.mark.parametrize(
    "days, records, window, expected",
    [
        # one a day: a silence of seven days is down-time, one of six is not
        (["2024-01-01", "2024-01-08"], 40, ("2024-01-01", "2024-01-08"), [("01-01", "01-01"), ("01-08", "01-08")]),
        (["2024-01-01", "2024-01-08"], 4, ("2024-01-01", "2024-01-08"), [("01-01", "01-08")]),
        # silence before the first and after the last record
        (["2024-02-10", "2024-02-11", "2024-02-12"], 20, ("2024-01-01", "2024-03-31"), [("02-10", "02-12")]),
        # a camera with one record may have been up all the time
        (["2024-02-10"], 1, ("2024-01-01", "2024-03-31"), [("01-01", "03-31")]),
    ],
)
def test_long_silence_is_down_time(days, records, window, expected):
    found = watching.up_spells(_seen("A", days, records), _window("A", *window))
    assert [(f"{s.first_day:%m-%d}", f"{s.last_day:%m-%d}") for s in found.itertuples()] == expected


def test_a_planted_outage_is_found_and_little_else():
    """40 cameras over 600 days whose counts vary 1.5 times more than chance; 30 days of outage each."""
    dates, missed, false = pd.date_range("2024-01-01", periods=600), 0, 0
    for seed in range(40):
        chance = np.random.default_rng(seed)
        counts = chance.negative_binomial(chance.uniform(0.4, 4) / 0.5, 1 / 1.5, 600)
        start = chance.integers(50, 500)
        counts[start : start + 30] = 0
        seen = _seen("A", dates[counts > 0], counts[counts > 0])
        up = np.zeros(600, bool)
        for spell in watching.up_spells(seen, _window("A", dates[0], dates[-1])).itertuples():
            up |= (dates >= spell.first_day) & (dates <= spell.last_day)
        outage = np.zeros(600, bool)
        outage[start : start + 30] = True
        missed += (up & outage).sum()
        false += (~up & ~outage).sum()
    print(f"of the outage taken for up {missed / 1200:.1%}, of the rest taken for down {false / (40 * 570):.1%}")
    assert missed / 1200 < 0.02
    assert false / (40 * 570) < 0.03


def test_a_stopped_system_is_no_exposure_but_a_small_one_may_be_silent():
    dates = pd.Series(pd.date_range("2024-02-08", "2024-02-12"))
    many = _seen("A", ["2024-02-08", "2024-02-09", "2024-02-12"], 200)
    assert watching.system_silence(many, dates) == [pd.Timestamp("2024-02-10"), pd.Timestamp("2024-02-11")]
    assert watching.system_silence(many.assign(records=3), dates) == []


def planted(seed=3, days=("2024-01-01", "2024-09-30")):
    """Records of four cameras at two an hour while they watch; the whole system is silent on 10 and 11 February."""
    chance = np.random.default_rng(seed)
    rows = []
    for day in pd.date_range(*days):
        if day in (pd.Timestamp("2024-02-10"), pd.Timestamp("2024-02-11")):
            continue
        for name in ("쉼", "계속", "늦게", "칠월부터"):
            if name == "쉼" and "2024-05-01" <= f"{day:%Y-%m-%d}" <= "2024-05-20":
                continue
            minutes = np.arange(480 if name == "늦게" else 420, 1240)
            through = name == "계속" or (name == "칠월부터" and day >= pd.Timestamp("2024-07-01"))
            minutes = minutes[through | (minutes < 710) | (minutes >= 840)]
            for minute in minutes[chance.random(len(minutes)) < 2 / 60]:
                rows.append({"place_as_sent": name, "issued_at": day + pd.Timedelta(minutes=int(minute))})
    return rows


def test_planted_hours_of_cameras_are_found_again(connection, tmp_path):
    listed = [(name, name, date(2020, 1, 1), 100, 100) for name in ("쉼", "계속", "늦게", "칠월부터", "한번도")]
    tables = linked(connection, tmp_path, planted(), listed)
    hours = tables["exposure"].assign(day=lambda frame: pd.to_datetime(frame.day))
    assert set(hours.unit) == {"쉼", "계속", "늦게", "칠월부터"}
    assert (hours.basis == "hours").all() and (hours.area_name == "별내동").all()
    days = hours.groupby("unit").day.nunique()
    assert days.to_dict() == {"쉼": 252, "계속": 272, "늦게": 272, "칠월부터": 272}  # of 274 days, two all silent
    on = hours[hours.day == "2024-03-05"].pivot(index="unit", columns="hour", values="watched_hours").fillna(0)
    assert on.loc["쉼"].round(4).to_dict() == {
        7: 1, 8: 1, 9: 1, 10: 1, 11: 0.8333, 12: 0, 13: 0, 14: 1, 15: 1, 16: 1, 17: 1, 18: 1, 19: 1, 20: 0.6667,
    }  # fmt: skip
    assert on.loc["계속", [11, 12, 13]].tolist() == [1, 1, 1]
    assert on.loc["늦게", [7, 8]].tolist() == [0, 1]
    noon = hours[hours.hour == 12].groupby("unit").day.agg(["min", "max"])
    assert noon.loc["칠월부터", "min"] == pd.Timestamp("2024-07-01")
    assert set(noon.index) == {"계속", "칠월부터"}
    # the rate per hour watched is the planted one
    watched = hours.groupby("unit").watched_hours.sum()
    records = tables["placed_tickets"].groupby("camera_id").records.sum()
    assert ((records / watched) / 2 - 1).abs().max() < 0.05
    notes = tables["exposure_notes"].set_index("kind").rows
    assert (notes["never_seen"], notes["exempt"], notes["shorter_day"], notes["all_silent"]) == (1, 2, 1, 2)
    assert "unwatched_records" not in notes.index


def test_a_rare_camera_is_up_between_its_records_but_not_while_the_system_is_silent(connection, tmp_path):
    rare = [
        {"place_as_sent": "드묾", "issued_at": when}
        for when in pd.date_range("2024-01-03 10:00", "2024-02-23", freq="10D")
    ]
    tables = linked(connection, tmp_path, [*planted(days=("2024-01-01", "2024-02-29")), *rare], CAMERA_LIST)
    days = set(tables["exposure"].query("unit == '드묾'").day.astype(str))
    assert min(days) == "2024-01-03"  # in no list: known only by its records
    assert {"2024-02-09", "2024-02-12", "2024-02-29"} <= days and not {"2024-02-10", "2024-02-11"} & days


def test_few_records_tell_nothing_and_do_as_most_do():
    hours = pd.DataFrame({"unit": ["a", "b", "c", "few", "early"], "open_hours": 100.0})
    table = pd.concat(
        [hours.assign(hour=7, in_hours=[0, 1, 9, 0, 1]), hours.assign(hour=8, in_hours=[90, 90, 90, 3, 3])]
    )
    found = watching.own_hours(table)
    assert found.opens.to_dict() == {"a": 8, "b": 8, "c": 7, "few": 8, "early": 7}
    assert (found.closes == 8).all()
    grace = pd.DataFrame(
        {"open_hours": 100.0, "grace_hours": 20.0, "in_hours": [100, 100, 100, 30], "in_grace": [1, 4, 5, 6]}
    )
    assert watching.goes_on_through_grace(grace).tolist() == [False, False, True, None]


def test_names_in_no_list_keep_their_exposure_and_area(connection, tmp_path):
    rows = [
        {
            **row,
            "place_as_sent": "진접읍  국민은행 주변" if number % 2 else "진접읍 국민은행주변",
            "area_as_sent": "호평동",
        }
        for number, row in enumerate(planted(days=("2024-01-01", "2024-01-20")))
    ]
    tables = linked(connection, tmp_path, rows)
    assert set(tables["exposure"].unit) == {"진접읍국민은행주변"}, "the name without blanks, however they were written"
    assert set(tables["exposure"].area_name) == {"호평동"}
    notes = tables["exposure_notes"].set_index("kind")
    assert notes.rows["not_in_list"] == 1 and f"{len(rows):,}" in notes.en["not_in_list"]


def test_records_outside_the_hours_are_counted_by_hour(connection, tmp_path):
    rows = planted(days=("2024-01-01", "2024-02-08"))
    rows = [row for row in rows if row["place_as_sent"] == "쉼"]
    night = [{"place_as_sent": "쉼", "issued_at": pd.Timestamp("2024-01-10 22:05"), "records": 3}]
    grace = [{"place_as_sent": "쉼", "issued_at": pd.Timestamp("2024-01-11 12:30:59")}]
    vague = [{"place_as_sent": "쉼", "issued_at": pd.Timestamp("2024-01-12"), "time_precision": "day"}]
    notes = linked(connection, tmp_path, [*rows, *night, *grace, *vague])["exposure_notes"].set_index("kind")
    assert notes.rows["unwatched_records"] == 4
    assert "22시 3건, 12시 1건" in notes.ko["unwatched_records"]
    assert notes.rows["time_unknown"] == 1


def test_without_hours_there_is_no_exposure_and_it_is_said(connection, tmp_path):
    rows = [{"place_as_sent": "쉼", "issued_at": WHEN}, {"channel": "citizen_report", "issued_at": WHEN, "records": 5}]
    tables = linked(connection, tmp_path, [*rows, {"channel": "officer", "issued_at": WHEN}], hours=())
    assert tables["exposure"].empty
    notes = tables["exposure_notes"].set_index("kind").rows
    assert notes[["no_hours", "citizens_effort_unknown", "officers_effort_unknown"]].tolist() == [1, 5, 1]


def test_patrol_car_leaves_its_own_trace(connection, tmp_path):
    here, there = ({"position_state": "as_sent", **at(x, 100)} for x in (100, 2100))
    times = [
        ("2026-01-05 09:50:00", here),  # 20 minutes: 10 in this hour, 10 in the next, in 별내동
        ("2026-01-05 10:10:00", there),  # 29 minutes 59 seconds in 호평동
        ("2026-01-05 10:39:59", here),
        ("2026-01-05 11:09:59", here),  # 30 minutes later: a break
        ("2026-01-05 23:50:00", here),
        ("2026-01-06 00:05:00", here),  # another day
        ("2026-01-06 00:05:00", here),  # two shots of one moment
    ]
    rows = [{"channel": "mobile_camera", "issued_at": pd.Timestamp(when), **where} for when, where in times]
    rows.append(
        {"channel": "mobile_camera", "issued_at": pd.Timestamp("2026-01-06 00:00:00"), "time_precision": "day", **here}
    )
    tables = linked(connection, tmp_path, rows)
    found = tables["exposure"]
    seconds = {(row.unit, str(row.day), row.hour): round(row.watched_hours * 3600) for row in found.itertuples()}
    assert seconds == {
        ("별내동", "2026-01-05", 9): 600,
        ("별내동", "2026-01-05", 10): 600,
        ("호평동", "2026-01-05", 10): 1799,
    }
    assert (found.basis == "own_trace").all() and (found.area_name == found.unit).all()
    notes = tables["exposure_notes"].set_index("kind").rows
    assert notes["own_trace"] == 8 and notes["time_unknown"] == 1
    assert notes["unwatched_records"] == 4


# --- visits ---


def test_visits_of_vehicles(connection):
    rows = [
        # token, moment, metres east, precision
        ("A", "2024-01-05 09:00:00", 0, "second"),
        ("A", "2024-01-05 11:00:00", 150, "second"),  # exactly two hours and 150 m: the same stay
        ("A", "2024-01-05 13:00:01", 150, "second"),  # a second more
        ("A", "2024-01-05 13:10:00", 301, "second"),  # 151 m on
        ("A", "2024-01-05 13:11:00", 301, "second"),
        ("B", "2024-01-05 09:30:00", 0, "second"),  # another vehicle between
        (None, "2024-01-05 09:00:00", 0, "second"),  # unread plates are never one vehicle
        (None, "2024-01-05 09:00:00", 0, "second"),
        ("C", "2024-01-05 00:00:00", 0, "day"),  # no hour known
        ("C", "2024-01-05 00:00:00", 0, "day"),
        ("A", "2024-01-05 13:12:00", None, "second"),  # no place
    ]
    tickets = tickets_of(
        connection,
        [
            {"plate_token": token, "issued_at": pd.Timestamp(when), "time_precision": precision, "ticket_id": east}
            for token, when, east, precision in rows
        ],
    )
    placed = _placed_as(connection, tickets)
    known = placed.ticket_id.notnull()
    placed = placed.mutate(
        x=placed.ticket_id.cast("float64"),
        y=ibis.ifelse(known, 0.0, ibis.null(float)),
        how_placed=ibis.ifelse(known, "coordinates", ibis.null(str)),
    )
    first = with_opens_stay(placed).order_by("source_row").opens_stay.to_pandas()
    assert first.tolist() == [True, False, True, True, False, *[True] * 6]
    reads = [  # of the vehicle A: one joins its first stay, one makes a stay of its own
        {
            "plate_token": "A",
            "seen_at": pd.Timestamp("2024-01-05 10:00:00"),
            "reader_kind": "squad_car",
            "x": 20.0,
            "y": 0.0,
        },
        {"plate_token": "A", "seen_at": pd.Timestamp("2024-01-05 19:00:00"), "reader_kind": "lot", "x": 20.0, "y": 0.0},
    ]
    sightings = table_of(
        connection, PLACED_SIGHTINGS, [{**READ, "source_row": i + 2, **row} for i, row in enumerate(reads)]
    )
    visits = VISITS.check(group_visits(placed, sightings, 100).to_pandas())
    assert visits.visit_id.tolist() == list(range(1, 10))
    own = visits[visits.plate_token == "A"]
    assert own[["records", "reads", "x"]].values.tolist() == [[2, 1, 0], [1, 0, 150], [2, 0, 301], [0, 1, 20]]
    assert own.looker.tolist() == ["fixed_camera"] * 3 + ["lot"]
    assert own.cell_x.tolist() == [0, 1, 3, 0] and (own.cell_y == 0).all()
    assert own.last_at.dt.strftime("%H:%M:%S").tolist() == ["11:00:00", "13:00:01", "13:11:00", "19:00:00"]
    assert visits.plate_token.fillna("-").value_counts().to_dict() == {"A": 4, "-": 2, "C": 2, "B": 1}
    assert visits.records.sum() == 10 and visits.reads.sum() == 2


# --- logs of effort, and plates read ---


def test_logs_take_the_place_of_guesses_and_count_in_the_hours_they_touch(connection, tmp_path):
    here, beside = ({"position_state": "as_sent", **at(x, 150)} for x in (150, 250))
    efforts = [
        {"looker": "patrol_car", "unit": "1호", "logged_at": pd.Timestamp("2024-03-05 09:58:00"), "minutes": 5.0, **here},
        {"looker": "patrol_car", "unit": "2호", "logged_at": pd.Timestamp("2024-03-05 09:10:00"), "minutes": 6.0, **beside},
        {"looker": "patrol_car", "unit": "1호", "logged_at": pd.Timestamp("2024-03-03 23:59:00"), "minutes": 5.0, **here},
        {"looker": "patrol_car", "logged_at": pd.Timestamp("2024-03-05 09:00:00"), "minutes": 5.0, "position_state": "outside"},
        {"looker": "patrol_car", "logged_at": pd.Timestamp("2024-03-05"), "minutes": 5.0, "time_precision": "day", **here},
        {"looker": "officer", "unit": "1조", "logged_at": pd.Timestamp("2024-03-05 09:30:00"), "minutes": 150.0,
         "area_as_sent": "별내면"},
        {"looker": "officer", "unit": "2조", "logged_at": pd.Timestamp("2024-03-05 11:00:00"), "minutes": 60.0,
         "area_as_sent": "강남구"},
        {"looker": "squad_car", "unit": "영치1반", "logged_at": pd.Timestamp("2024-03-05 20:00:00"), "minutes": 6.0, **here},
    ]  # fmt: skip
    rows = [{"channel": "mobile_camera", "issued_at": pd.Timestamp("2024-03-05 09:00:00"), **here}] * 2
    tables = linked(connection, tmp_path, rows, efforts=efforts)
    exposure = tables["exposure"]
    hours = {
        (row.channel, row.unit, str(row.day), row.hour): round(row.watched_hours * 60, 3)
        for row in exposure.itertuples()
    }
    assert hours == {
        ("mobile_camera", "별내동", "2024-03-05", 9): 8.0,  # 2 minutes of the first fix, all 6 of the second
        ("mobile_camera", "별내동", "2024-03-05", 10): 3.0,
        ("mobile_camera", "별내동", "2024-03-03", 23): 1.0,
        ("mobile_camera", "별내동", "2024-03-04", 0): 4.0,  # past midnight: the hour of the next day
        ("officer", "별내동", "2024-03-05", 9): 30.0,
        ("officer", "별내동", "2024-03-05", 10): 60.0,
        ("officer", "별내동", "2024-03-05", 11): 60.0,
    }
    assert set(exposure.basis) == {"satellite_log", "log_sheet"}
    cells = tables["watched_cells"]
    assert cells[["looker", "rest_day", "hour"]].values.tolist() == [
        ["patrol_car", False, 0], ["patrol_car", False, 9], ["patrol_car", False, 10], ["patrol_car", True, 23], ["patrol_car", False, 9],
        ["squad_car", False, 20],
    ]  # fmt: skip
    assert (cells.watched_hours * 60).round(3).tolist() == [4.0, 2.0, 3.0, 1.0, 6.0, 6.0]
    corner = int(LEFT // 100), int(BOTTOM // 100)
    assert (cells.cell_x - corner[0]).tolist() == [1, 1, 1, 1, 2, 1] and (cells.cell_y == corner[1] + 1).all()
    assert set(cells.month) == {"2024-03"}
    notes = tables["exposure_notes"].set_index("kind").rows
    assert notes["satellite_log"] == 2 and "own_trace" not in notes and "officers_effort_unknown" not in notes


@pytest.mark.parametrize(
    ("start", "minutes", "counted"),
    [
        ("2024-03-05 08:00:00", 960.0, 960),
        ("2024-03-05 08:30:00", 960.0, 960),  # touches 17 clock hours
        ("2024-03-05 23:59:30", 959.75, 959.75),
        ("2024-03-05 00:30:00", 1000.0, 960),
        ("2024-03-05 00:00:00", 961.0, 960),
    ],
)
def test_a_shift_of_sixteen_hours_counts_in_full_and_a_longer_one_is_told(
    connection, tmp_path, start, minutes, counted
):
    effort = {"looker": "officer", "unit": "1조", "logged_at": pd.Timestamp(start), "minutes": minutes}
    rows = [{"channel": "officer", "issued_at": pd.Timestamp(start), "area_as_sent": "별내동"}]
    tables = linked(connection, tmp_path, rows, efforts=[{**effort, "area_as_sent": "별내동"}])
    assert tables["exposure"].watched_hours.sum() * 60 == pytest.approx(counted)
    notes = tables["exposure_notes"].set_index("kind")
    assert "(16 hours)" in notes.en["log_sheet"] and ("long_shifts" in notes.index) == (minutes > counted)
    if minutes > counted:
        assert notes.rows["long_shifts"] == 1 and "처음 16시간" in notes.ko["long_shifts"]


def test_reads_get_the_place_of_their_reader(connection, tmp_path):
    cameras = [("c1", "별내동 청학초등학교 주변", date(2020, 5, 1), 150, 250)]
    lots = [{"lot_id": "L1", "lot_name": "공영", "position_state": "as_sent", **at(2150, 150)}]
    moment = pd.Timestamp("2024-03-05 10:00:00")
    reads = [
        {"seen_at": moment, "plate_token": "A", "reader_kind": "fixed_camera", "reader": "별내동 청학초등학교  주변"},
        {"seen_at": moment + pd.Timedelta(seconds=59), "plate_token": "A", "reader_kind": "fixed_camera",
         "reader": "별내동 청학초등학교  주변"},  # within a minute: the same read
        {"seen_at": moment + pd.Timedelta(seconds=180), "plate_token": "A", "reader_kind": "fixed_camera",
         "reader": "별내동 청학초등학교  주변"},
        {"seen_at": moment, "plate_token": "A", "reader_kind": "fixed_camera", "reader": "없는 카메라"},
        {"seen_at": moment, "plate_token": "B", "reader_kind": "lot", "reader": "L1"},
        {"seen_at": moment + pd.Timedelta(days=2), "plate_token": "B", "reader_kind": "lot", "reader": "L1"},
        {"seen_at": moment, "plate_token": "C", "reader_kind": "squad_car", "reader": "영치1반", "position_state": "as_sent", **at(10, 10)},
        {"seen_at": moment, "plate_token": "C", "reader_kind": "patrol_car", "reader": "L1"},  # no place: a car is no gate
        {"seen_at": moment, "plate_token": None, "plate_state": "unreadable", "reader_kind": "lot", "reader": "L1"},
        {"seen_at": moment, "plate_token": "D", "time_precision": "day", "reader_kind": "lot", "reader": "L1"},
    ]  # fmt: skip
    tables = linked(connection, tmp_path, [{"issued_at": moment}], cameras, sightings=reads, lots=lots)
    placed = tables["placed_sightings"]
    assert placed.source_row.tolist() == [2, 4, 6, 7, 8]
    assert placed.area_name.tolist() == ["별내동", "별내동", "호평동", "호평동", "별내동"]
    assert (placed.x - LEFT).round(1).tolist() == [150, 150, 2150, 2150, 10]
    gates = tables["watched_cells"].query("looker == 'lot'")
    # From the first to the last day with a read: three working days, every hour.
    assert len(gates) == 24 and (gates.watched_hours == 3).all() and not gates.rest_day.any()
    assert tables["visits"].reads.sum() == 5


@pytest.mark.parametrize(
    ("seconds", "kept"),
    [
        ([0, 0, 59], [0]),
        ([0, 60], [0, 60]),
        ([0, 50, 100, 150, 210], [0, 100, 150, 210]),  # minutes 0, 0, 1, 2, and another chain
        ([0, 59, 118, 119, 120, 179], [0, 118, 120]),
        (range(0, 3 * 3600, 50), [-(-minute * 60 // 50) * 50 for minute in range(180)]),  # stands in sight for 3 hours
    ],
)
def test_a_plate_read_again_and_again_counts_once_a_minute(connection, tmp_path, seconds, kept):
    start = pd.Timestamp("2024-03-05 23:30:20")
    row = {"reader_kind": "lot", "reader": "L1"}
    reads = [{**row, "plate_token": "A", "seen_at": start + pd.Timedelta(seconds=second)} for second in seconds]
    others = [{**row, "plate_token": "B", "seen_at": start + pd.Timedelta(seconds=30)}]
    lots = [{"lot_id": "L1", "lot_name": "공영", "position_state": "as_sent", **at(2150, 150)}]
    tables = linked(connection, tmp_path, [{"issued_at": start}], sightings=[*others, *reads], lots=lots)
    placed = tables["placed_sightings"]
    own = placed[placed.plate_token == "A"]
    assert ((own.seen_at - start) / pd.Timedelta(seconds=1)).tolist() == kept and len(placed) == len(own) + 1


@pytest.mark.parametrize("removed", [None, date(2024, 2, 1)])
def test_a_camera_that_moved_watches_where_it_stands(connection, tmp_path, removed):
    listed = [("7", "쉼", date(2020, 1, 1), 150, 150, removed), ("7", "쉼", date(2024, 2, 1), 1550, 150)]
    rows = [row for row in planted(days=("2024-01-01", "2024-03-31")) if row["place_as_sent"] == "쉼"]
    moments = (pd.Timestamp("2024-01-31 19:00"), pd.Timestamp("2024-02-01 09:00"))
    reads = [
        {"reader": "쉼", "reader_kind": "fixed_camera", "plate_token": "A", "seen_at": moment} for moment in moments
    ]
    tables = linked(connection, tmp_path, rows, listed, sightings=reads)
    cells, exposure = tables["watched_cells"], tables["exposure"]
    own = cells[cells.looker == "fixed_camera"]
    first, second = ((LEFT + x) // 100 for x in (150, 1550))
    assert own.groupby("month").cell_x.unique().map(list).to_dict() == {
        "2024-01": [first],
        "2024-02": [second],
        "2024-03": [second],
    }
    assert own.watched_hours.sum() == pytest.approx(exposure.watched_hours.sum())
    assert tables["placed_sightings"].cell_x.tolist() == [first, second]


def test_a_camera_that_moved_is_up_from_its_first_day_to_its_last():
    days = pd.to_datetime(["2020-01-01", "2022-01-01", "2022-01-01", "2024-01-01"])
    spells = pd.DataFrame(
        {
            "camera_id": ["7", "7", "8", "9"], "installed_on": days, "removed_on": [days[1], days[3], pd.NaT, pd.NaT],
            "from_day": days, "to_day": [days[1], *[pd.Timestamp("2200-01-01")] * 3],
        }
    )  # fmt: skip
    records = ibis.memtable(
        pd.DataFrame({"unit": ["7", "9"], "area_name": "별내동", "camera_id": ["7", "9"], "records": 1})
    )
    units = watching._units(records, spells).set_index("unit")
    assert units.installed_on.to_dict() == {"7": days[0], "9": days[3]}
    assert units.removed_on["7"] == days[3] and pd.isna(units.removed_on["9"])


# --- the stage ---


def test_no_records_no_lists_and_no_areas_give_empty_tables(connection, tmp_path):
    nothing = AREAS.iloc[:0]
    tables = linked(connection, tmp_path, [], areas=nothing)
    assert all(table.empty for table in tables.values())
    one = linked(connection, tmp_path, [{"issued_at": WHEN, "place_as_sent": "쉼"}], areas=nothing)
    assert one["placed_tickets"].why_unplaced.tolist() == ["camera_unknown"]
    assert one["exposure"].watched_hours.sum().round(3) == 11.5 and one["exposure"].area_name.isna().all()


def test_same_rows_in_any_order_give_the_same_bytes(connection, tmp_path):
    rows = [{**row, "source_row": number + 2} for number, row in enumerate(planted(days=("2024-01-01", "2024-02-20")))]
    listed = [(name, name, date(2020, 1, 1), 100, 100) for name in ("쉼", "계속")]
    digests = []
    for name, order in (("one", 1), ("two", -1)):
        folder = tmp_path / name
        folder.mkdir()
        linked(connect(), folder, rows[::order], listed[::order])
        digests.append({path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.parquet")})
    assert digests[0] == digests[1] and len(digests[0]) > 5


CITY_TOML = """
name = { ko = "시험시", en = "Test City" }
office = { ko = "과", en = "office" }
[[source]]
name = "exports"
table = "tickets"
files = ["*.csv"]
columns = { issued_at = "일시", place_as_sent = "장소" }
constants = { channel = "citizen_report" }
"""


@pytest.fixture
def small_city(tmp_path):
    folder = tmp_path / "시험시"
    (folder / "1_raw").mkdir(parents=True)
    (folder / "city.toml").write_text(CITY_TOML, encoding="utf-8")
    (folder / "1_raw" / "신고.csv").write_text(
        "일시,장소\n2024-01-02 10:00,별내동 1\n2024-01-03 11:00,앞길\n", encoding="cp949"
    )
    return folder


def test_stage_runs_once_and_again_when_something_changed(small_city, capsys):
    clean_city(open_city(small_city))
    link.main([small_city])
    assert "2 rows, 0 placed, 0 rows of exposure, 0 visits" in capsys.readouterr().out
    stamp = (small_city / "3_linked" / link.STAMP).stat().st_mtime_ns
    link.main([small_city])
    assert "up to date" in capsys.readouterr().out
    assert (small_city / "3_linked" / link.STAMP).stat().st_mtime_ns == stamp
    (small_city / "city.toml").write_text("cell_metres = 200\n" + CITY_TOML, encoding="utf-8")
    link.main([small_city])
    assert "2 rows" in capsys.readouterr().out
    (small_city / "3_linked" / "visits.parquet").unlink()
    link.main([small_city])
    assert "2 rows" in capsys.readouterr().out
    city = open_city(small_city)
    assert link.read_linked(city, "placed_tickets", ["place_as_sent"]).place_as_sent.tolist() == ["별내동 1", "앞길"]
    assert link.scan_linked(city, "exposure", connect()).count().execute() == 0
    assert link.read_match_rates(city).rows.sum() == 2 and len(link.read_exposure_notes(city)) == 2
    with pytest.raises(ValueError, match="no table 'tickets'"):
        link.read_linked(city, "tickets")
    assert not list(small_city.glob("3_linked.*"))


def test_a_failing_stage_leaves_the_old_result(small_city, monkeypatch):
    clean_city(open_city(small_city))
    link.main([small_city])
    before = {path.name: path.read_bytes() for path in (small_city / "3_linked").iterdir()}
    (small_city / "city.toml").write_text("cell_metres = 200\n" + CITY_TOML, encoding="utf-8")

    def fail(*_):
        raise RuntimeError("disk full")

    monkeypatch.setattr(link, "group_visits", fail)
    with pytest.raises(RuntimeError):
        link.main([small_city])
    assert before == {path.name: path.read_bytes() for path in (small_city / "3_linked").iterdir()}


@pytest.mark.parametrize("stage", ["clean", "link"])
def test_what_was_not_made_yet_is_said(small_city, stage):
    if stage == "clean":
        with pytest.raises(Refusal, match="dansok.clean"):
            link.main([small_city])
    else:
        with pytest.raises(Refusal, match="dansok.link"):
            link.read_linked(open_city(small_city), "visits")


# --- Namyangju's own exports ---


@pytest.fixture(scope="module")
def namyangju(shared_data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("cities") / "namyangju"
    folder.mkdir()
    shutil.copy(PROJECT / "data" / "namyangju" / "city.toml", folder)
    (folder / "1_raw").symlink_to(shared_data / "namyangju", target_is_directory=True)
    city = open_city(folder)
    clean_city(city)
    started = time.process_time()
    link.main([folder])
    return city, time.process_time() - started


@pytest.mark.real
def test_namyangju_is_linked_in_seconds(namyangju):
    assert namyangju[1] < 15


@pytest.mark.real
def test_namyangju_match_rates_agree_with_a_second_reckoning(namyangju):
    city = namyangju[0]
    rates = link.read_match_rates(city)
    placed = link.read_linked(city, "placed_tickets")
    tickets = read_table(city, "tickets")
    assert rates.rows.sum() == len(placed) == len(tickets)

    cameras = tickets[tickets.channel == "fixed_camera"]
    names = cameras.place_as_sent.str.replace(" ", "")
    listed = set(read_table(city, "cameras").camera_name.str.replace(" ", ""))
    assert names[~names.isin(listed)].nunique() == 14  # and a fifteenth, the test row that `clean` rejects
    count = rates.set_index(["channel", rates.how_placed.fillna(rates.why_unplaced)]).rows
    assert count["fixed_camera", "camera"] == names.isin(listed).sum()
    assert count["fixed_camera", "camera_unknown"] == (~names.isin(listed)).sum()
    assert count["mobile_camera", "coordinates"] == (tickets.channel == "mobile_camera").sum()

    reports = tickets[tickets.channel == "citizen_report"]
    lot = reports.place_as_sent.str.replace(" ", "").str.extract(r"^([가-힣]+?)?(산?\d+(?:-\d+)?)$")
    legal = lot[0].fillna(reports.area_as_sent.str.replace(r"\d?동$", "동", regex=True))
    known = set(read_table(city, "addresses").address.str.replace(" ", ""))
    second = (legal + lot[1]).isin(known).sum()
    assert second == pytest.approx(count["citizen_report", "address"], rel=0.005)
    assert 0.62 < count["citizen_report", "address"] / len(reports) < 0.70


@pytest.mark.real
def test_namyangju_places_lie_where_the_records_say(namyangju):
    placed = link.read_linked(namyangju[0], "placed_tickets")
    agrees = placed.groupby("channel").area_agrees.mean().astype(float)
    assert (agrees > 0.98).all(), agrees
    assert placed[placed.how_placed == "camera"].area_name.notna().all()
    assert placed.loc[placed.how_placed.isna(), "area_name"].notna().mean() > 0.99


@pytest.mark.real
def test_namyangju_cameras_rest_at_lunch_unless_their_records_say_otherwise(namyangju):
    city = namyangju[0]
    placed, hours = link.read_linked(city, "placed_tickets"), link.read_linked(city, "exposure")
    hours = hours[hours.channel == "fixed_camera"]
    records = placed[placed.channel == "fixed_camera"]
    unlisted = records.place_as_sent.str.replace(r"\s+", "", regex=True)
    records = records.assign(unit=records.camera_id.fillna(unlisted), hour=records.issued_at.dt.hour)
    through = set(hours[hours.hour.isin([12, 13])].unit)
    assert 50 < len(through) < 110
    assert records.unit.nunique() == hours.unit.nunique() == 255
    rest = hours[~hours.unit.isin(through)].groupby("hour").watched_hours.sum()
    assert rest.reindex([12, 13]).isna().all() and rest[10] > 50_000
    # of the records of cameras that rest, almost none falls into the two hours
    resting = records[~records.unit.isin(through)]
    assert resting.hour.isin([12, 13]).mean() < 0.002
    # per hour watched noon is like any hour; the bare counts fall to a quarter
    count, watched = records.groupby("hour").records.sum(), hours.groupby("hour").watched_hours.sum()
    assert count[12] / count[10] < 0.25
    assert 0.7 < (count[12] / watched[12]) / (count[10] / watched[10]) < 1.2
    # the feast in February 2024 on which no camera recorded
    days = set(pd.to_datetime(hours.day).dt.strftime("%Y-%m-%d"))
    assert not {"2024-02-10", "2024-02-11"} & days and {"2024-02-09", "2024-02-12"} <= days
    notes = link.read_exposure_notes(city).set_index(["channel", "kind"]).rows
    assert notes["fixed_camera", "unwatched_records"] < 300
    assert notes["fixed_camera", "never_seen"] == 25 and notes["fixed_camera", "shared_numbers"] == 2
