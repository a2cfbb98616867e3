"""A small city from raw files to clean tables: every row accounted for, nothing written when something is wrong."""

import hashlib
import multiprocessing
import shutil
import subprocess
import sys

import ibis
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from dansok.city import open_city
from dansok.clean import clean_city, read_table, scan
from dansok.clean.rows import ibis_type
from dansok.clean.surprises import unknown_area
from dansok.engine import connect
from dansok.privacy import VARIABLE
from dansok.privacy import key as office_key
from dansok.tables import TABLES
from dansok.words import Refusal

CITY = """
id = "mini"
name = { ko = "작은시", en = "Mini City" }
office = { ko = "작은시 교통과", en = "Traffic Division" }

[[source]]
name = "cameras_2024"
table = "tickets"
files = ["고정형*.csv"]
columns = { issued_at = "단속일시|위반일시", area_as_sent = "단속동", place_as_sent = "단속장소", channel = "단속구분", plate = "차량번호" }
[source.values.channel]
"고정형 CCTV" = "fixed_camera"
[[source.reject]]
column = "place_as_sent"
contains = "시험"
reason = { ko = "시험 행", en = "test row" }

[[source]]
name = "patrol"
table = "tickets"
files = ["주행형.csv"]
columns = { issued_at = ["일자", "시각"], place_as_sent = "장소", longitude = "X", latitude = "Y" }
constants = { channel = "mobile_camera" }
mend = ["swap_axes"]

[[source]]
name = "boundaries"
table = "areas"
files = ["areas.csv"]
columns = { area_code = "code", area_name = "name", geometry = "wkt" }

[[source]]
name = "register"
table = "debts"
files = ["체납*.csv"]
columns = { snapshot_on = "기준일", plate = "차량번호", debt_kind = "세목", due_on = "납기", amount_krw = "체납액", instalments = "분납" }
[source.values.debt_kind]
"자동차세" = "vehicle_tax"
"주정차과태료" = "fine"
"""

PLATES = ["12가3456", "34나5678", "123다4567", "56라7890", "78마1234"]
CAMERAS_1 = """단속일시,단속동,단속장소,단속구분,차량번호
2024-01-02 10:00:00,가동,가동 1번 카메라,고정형 CCTV,12가 3456
2024-01-02 10:00:00,가동,가동 1번 카메라,고정형 CCTV,12가3456
2024-01-02 10:00,가동,가동 2번 카메라,고정형  CCTV,34나5678
2024-02-30 10:00:00,가동,가동 2번 카메라,고정형 CCTV,56라7890
2024. 1. 3. 오후 2:05,나동,나동 3번 카메라,fixed_camera,12가34**
2024-01-03 14:05:00,나동,시험,고정형 CCTV,123다4567
계,,,,6
2024-01-04 09:00,다동,나동 3번 카메라,고정형 CCTV,
2024-01-04 09:00,다동,나동 3번 카메라,고정형 CCTV,
,나동,나동 3번 카메라,고정형 CCTV,78마1234
"""
CAMERAS_2 = """위반일시,단속동,단속장소,단속구분,차량번호
2024-01-02 10:00,가동,가동 2번 카메라,고정형 CCTV,34나-5678
2024-01-05 09:00:00,가동,차량 56라7890 가동 2번 카메라,고정형 CCTV,모름
"""
PATROL = """일자,시각,장소,X,Y
20240102,905,가동 1,127.21,37.65
20240102,1410,가동 2,37.66,127.22
20240102,1411,가동 3,0,0
20240102,1412,가동 4,127.9,37.65
20240102,1413,가동 5,미상,37.65
"""
AREAS = """code,name,wkt
A1,가동,"POLYGON ((127.2 37.6, 127.25 37.6, 127.25 37.7, 127.2 37.7, 127.2 37.6))"
A2,나동,"POLYGON ((127.25 37.6, 127.3 37.6, 127.3 37.7, 127.25 37.7, 127.25 37.6))"
A2,나동(옛),"POLYGON ((127.25 37.6, 127.31 37.6, 127.3 37.7, 127.25 37.7, 127.25 37.6))"
A3,라동,경계 없음
"""
DEBTS_1 = """기준일,차량번호,세목,납기,체납액,분납
2024.6.1.,12가3456,자동차세,2023-12-31,"123,450원",Y
2024.6.1.,34나5678,주정차과태료,2024-03-02,"32,000",아니오
2024.6.1.,34나5678,주정차과태료,2024-03-02,"32,000",아니오
2024.6.1.,78마1234,주정차과태료,2024-03,"△32,000",몰라
2024.6.1.,56라7890,주정차과태료,2024-03-02,삼만원,N
"""
DEBTS_2 = """기준일,차량번호,세목,납기,체납액,분납
2024-06-01,12가 3456,자동차세,20231231,123450,예
2024-06-01,34나5678,주정차과태료,2024-03-02,32000,X
2024-06-01,34나5678,주정차과태료,2024-03-02,32000,X
2024-06-01,34나5678,주정차과태료,2024-03-02,32000,X
"""
FILES = {
    "고정형 1.csv": CAMERAS_1, "고정형 2.csv": CAMERAS_2, "주행형.csv": PATROL, "areas.csv": AREAS,
    "체납 1.csv": DEBTS_1, "체납 2.csv": DEBTS_2, "메모.txt": "쓰지 않는 파일",
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def ring(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, str(tmp_path_factory.mktemp("ring") / "plates.key"))
        yield


def make(folder, toml=CITY, files=FILES):
    (folder / "1_raw").mkdir(parents=True, exist_ok=True)
    (folder / "city.toml").write_text(toml, encoding="utf-8")
    for name, text in files.items():
        (folder / "1_raw" / name).write_bytes(text.encode("cp949", "replace") if isinstance(text, str) else text)
    return open_city(folder)


@pytest.fixture(scope="module")
def cleaned(ring, tmp_path_factory):
    """The city once cleaned: to be looked at only."""
    city = make(tmp_path_factory.mktemp("cities") / "mini")
    clean_city(city)
    return city


@pytest.fixture
def city(cleaned, tmp_path):
    """A copy of it that a test may change."""
    return open_city(shutil.copytree(cleaned.folder, tmp_path / "mini"))


def ledger(city, table):
    found = pd.read_parquet(city.clean / f"{table}.ledger.parquet")
    return [(r.source, r.what, r.reason_en, r.rows, r.left) for r in found.itertuples()]


def surprises(city):
    found = read_table(city, "surprises")
    return {(r.table, r.source, r.kind): r.rows for r in found.itertuples()}


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_every_row_of_every_source_is_accounted_for(cleaned):
    assert ledger(cleaned, "tickets") == [
        ("cameras_2024", "came", "came", 12, 12),
        ("cameras_2024", "dropped", "total row", 1, 11),
        ("cameras_2024", "dropped", "test row", 1, 10),
        ("cameras_2024", "dropped", "time is empty", 1, 9),
        ("cameras_2024", "dropped", "time cannot be read", 1, 8),
        ("cameras_2024", "dropped", "exact duplicate", 2, 6),
        ("cameras_2024", "mended", "plate taken out of place_as_sent", 1, 6),
        ("cameras_2024", "flagged", "plate is masked", 1, 6),
        ("cameras_2024", "flagged", "plate is unreadable", 1, 6),
        ("cameras_2024", "flagged", "equal rows that were kept", 1, 6),
        ("patrol", "came", "came", 5, 5),
        ("patrol", "mended", "axes exchanged", 1, 5),
        ("patrol", "flagged", "coordinates outside the region or zero", 2, 5),
        ("patrol", "flagged", "longitude cannot be read, left empty", 1, 5),
    ]
    assert ledger(cleaned, "areas") == [
        ("boundaries", "came", "came", 4, 4),
        ("boundaries", "dropped", "outline cannot be read", 1, 3),
        ("boundaries", "dropped", "code is there already", 1, 2),
    ]
    assert ledger(cleaned, "debts") == [
        ("register", "came", "came", 9, 9),
        ("register", "dropped", "amount_krw cannot be read", 1, 8),
        # One fine of two in the first file came again; the register of the second file lists a third.
        ("register", "dropped", "exact duplicate", 3, 5),
        ("register", "flagged", "due_on: day not known, first day taken", 1, 5),
        ("register", "flagged", "instalments cannot be read, left empty", 1, 5),
        ("register", "flagged", "equal rows that were kept", 2, 5),
    ]
    for name in ("tickets", "areas", "debts"):
        found = pd.read_parquet(cleaned.clean / f"{name}.ledger.parquet")
        left = found.groupby("source").left.last().sum()
        rejected = len(pd.read_parquet(cleaned.clean / f"{name}.rejected.parquet"))
        assert len(read_table(cleaned, name)) == left
        assert left + rejected == found[found.what == "came"].rows.sum()


def test_clean_rows_say_what_the_export_said(cleaned):
    tickets = read_table(cleaned, "tickets")
    TABLES["tickets"].check(tickets)
    assert list(tickets) == [column.name for column in TABLES["tickets"].stored]
    assert list(zip(tickets.source_file, tickets.source_row, strict=True)) == [
        *(("고정형 1.csv", row) for row in (2, 4, 6, 9, 10)),
        ("고정형 2.csv", 3),
        *(("주행형.csv", row) for row in range(2, 7)),
    ]
    assert [str(at) for at in tickets.issued_at[:3]] == [
        "2024-01-02 10:00:00",
        "2024-01-02 10:00:00",
        "2024-01-03 14:05:00",
    ]
    assert tickets.time_precision[:6].tolist() == ["second", "minute", "minute", "minute", "minute", "second"]
    assert str(tickets.issued_at[6]) == "2024-01-02 09:05:00"
    assert tickets.channel.tolist() == ["fixed_camera"] * 6 + ["mobile_camera"] * 5
    assert tickets.plate_state[:6].tolist() == ["read", "read", "masked", "missing", "missing", "unreadable"]
    assert tickets.plate_token.notna().tolist() == [True, True] + [False] * 9
    assert tickets.place_as_sent[5] == "차량 [차량번호] 가동 2번 카메라"
    assert tickets.position_state[6:].tolist() == ["as_sent", "mended", "outside", "outside", "missing"]
    assert tickets[["longitude", "latitude"]][6:8].values.tolist() == [[127.21, 37.65], [127.22, 37.66]]
    assert tickets[["longitude", "latitude"]][8:].isna().all().all()
    assert tickets.look_alike_token.notna().equals(tickets.plate_token.notna())
    assert not set(tickets.look_alike_token.dropna()) & set(tickets.plate_token.dropna()), "nothing joins by looks"
    debts = read_table(cleaned, "debts")
    assert debts.amount_krw.tolist() == [123450, 32000, 32000, -32000, 32000]
    assert debts.plate_token[0] == tickets.plate_token[0]
    assert debts.instalments.tolist()[:3] == [True, False, False] and pd.isna(debts.instalments[3])
    assert [str(day)[:10] for day in debts.due_on] == [
        "2023-12-31",
        "2024-03-02",
        "2024-03-02",
        "2024-03-01",
        "2024-03-02",
    ]


def test_rejected_rows_keep_their_texts_and_reasons_but_no_plate(cleaned):
    rejected = pd.read_parquet(cleaned.clean / "tickets.rejected.parquet")
    assert "plate" not in rejected
    found = [(r.source_file, r.source_row, r.reason_ko, r.issued_at) for r in rejected.fillna("").itertuples()]
    assert found == [
        ("고정형 1.csv", 3, "모든 항목이 같은 중복 행", "2024-01-02 10:00:00"),
        ("고정형 1.csv", 5, "시각을 읽을 수 없음", "2024-02-30 10:00:00"),
        ("고정형 1.csv", 7, "시험 행", "2024-01-03 14:05:00"),
        ("고정형 1.csv", 8, "합계 행", "(…)"),
        ("고정형 1.csv", 11, "시각이 비어 있음", ""),
        ("고정형 2.csv", 2, "모든 항목이 같은 중복 행", "2024-01-02 10:00"),
    ]


def test_what_was_odd_is_told(cleaned):
    assert surprises(cleaned) == {
        ("", "", "unused_file"): 0,
        ("areas", "boundaries", "key_twice"): 1,
        ("debts", "register", "duplicates"): 3,
        ("debts", "register", "look_alikes"): 2,
        ("debts", "register", "mixed_formats"): 8,
        ("debts", "register", "unread"): 1,
        ("tickets", "cameras_2024", "duplicates"): 2,
        ("tickets", "cameras_2024", "look_alikes"): 1,
        ("tickets", "cameras_2024", "mixed_formats"): 8,
        ("tickets", "cameras_2024", "plate_in_text"): 1,
        ("tickets", "cameras_2024", "unknown_area"): 2,
        ("tickets", "patrol", "outside"): 2,
        ("tickets", "patrol", "swapped_axes"): 1,
    }
    told = read_table(cleaned, "surprises").set_index("kind").ko
    assert told["unknown_area"].startswith("읍면동 칸에 우리 시 읍면동이 아닌 글이 1가지 있다(사람 이름일 수 있어")
    assert "다동" not in told["unknown_area"]
    assert told["swapped_axes"] == "경도 칸에 위도가, 위도 칸에 경도가 들어 있는 1건을 서로 바꾸어 바로잡았다."
    assert "'2024-01-02 10:00' 4건" in told["mixed_formats"].iloc[-1]


def test_only_a_text_near_a_known_area_is_repeated():
    """김영리 and 박지동 are built like names of a 리 and a 동, and may be persons."""
    names = pd.DataFrame({"area_as_sent": ["다산 제1동", "김영리", "박지동", "화도면"], "rows": [1200, 9, 5, 4]})
    said = unknown_area(names, ["다산동", "화도읍", "별내동"])
    assert "4가지 있다: 다산 제1동 1,200건, 화도면 4건 외 2가지(사람 이름일" in said.ko
    assert "다산 제1동 1,200, 화도면 4 rows and 2 more (not repeated" in said.en
    assert not any(name in text for name in ("김영리", "박지동") for text in (said.ko, said.en))
    assert "사람 이름" not in unknown_area(names.iloc[[0, 3]], ["다산동", "화도읍"]).ko


def test_arrivals_say_what_came_and_which_time_it_spans(cleaned):
    arrivals = read_table(cleaned, "arrivals").set_index("file")
    assert sorted(arrivals.index) == sorted(set(FILES) - {"메모.txt"})
    assert arrivals.rows["고정형 1.csv"] == 9 and arrivals.encoding["고정형 1.csv"] == "cp949"
    span = arrivals.loc["고정형 1.csv", ["first_at", "last_at"]].astype(str).tolist()
    assert span == ["2024-01-02 10:00:00", "2024-01-04 09:00:00"]
    assert arrivals.first_at["체납 1.csv"] is pd.NaT


def everything_in(folder):
    """All bytes of a folder, and all values of its Parquet files."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path.name, path.read_bytes().decode("utf-8", "replace")
            if path.suffix == ".parquet":
                yield path.name, str(pq.read_table(path).to_pydict())


def test_no_plate_stays_on_disk(cleaned):
    # The unreadable and the masked are no vehicle, but belong to no one else either.
    for name, text in everything_in(cleaned.clean):
        for plate in (*PLATES, "12가 3456", "12가34**", "34나-5678"):
            assert plate not in text, name
    assert not list(cleaned.clean.glob(".*"))


def test_cleaning_again_changes_nothing_and_anew_gives_the_same_bytes(city, tmp_path):
    before = contents(city.clean)
    told = []
    clean_city(city, tell=told.append)
    assert contents(city.clean) == before
    assert told == [f"{name}: 바뀐 것 없음, up to date" for name in ("areas", "debts", "tickets")]
    for path in city.clean.iterdir():
        path.unlink()
    clean_city(city)
    assert contents(city.clean) == before


def test_only_the_tables_that_changed_are_made_again(city):
    before = contents(city.clean)
    (city.raw / "체납 2.csv").write_text(DEBTS_2.replace("123450", "99000"), encoding="utf-8")
    told = []
    clean_city(city, tell=told.append)
    after = contents(city.clean)
    changed = {name for name in before if before[name] != after[name]}
    assert {"debts.parquet", "debts.stamp.json", "arrivals.parquet"} <= changed
    assert not any(name.startswith(("tickets", "areas")) for name in changed)
    assert [line.split(",")[0] for line in told] == ["areas: 바뀐 것 없음", "debts 체납: 9 in", "tickets: 바뀐 것 없음"]
    assert len(read_table(city, "debts")) == 6 and len(read_table(city, "arrivals")) == 6


def test_new_areas_judge_coordinates_anew(city):
    (city.raw / "areas.csv").write_text(AREAS.replace("127.3 ", "127.95 "), encoding="utf-8")
    clean_city(city)
    assert read_table(city, "tickets").position_state[6:].tolist() == [
        "as_sent",
        "mended",
        "outside",
        "as_sent",
        "missing",
    ]


def test_a_table_whose_source_is_gone_goes_too(city):
    city = make(city.folder, CITY[: CITY.index('[[source]]\nname = "register"')])
    clean_city(city)
    assert not list(city.clean.glob("debts*"))
    assert set(read_table(city, "arrivals").table) == {"tickets", "areas"}
    assert "debts" not in set(read_table(city, "surprises").table)
    empty = read_table(city, "debts")
    assert empty.empty and list(empty) == [column.name for column in TABLES["debts"].stored]


BROKEN = {
    "unmapped value": (
        {"고정형 2.csv": CAMERAS_2.replace("고정형 CCTV,모름", "이동식,모름")},
        {},
        [
            "단속 기록(tickets)",
            "'이동식' 1건(고정형 2.csv)",
            '"이동식" = ""',
            "[source.values.channel]",
            "mobile_camera",
        ],
    ),
    "plate where a category belongs": (
        {"고정형 2.csv": CAMERAS_2.replace("고정형 CCTV,모름", "78마1234,모름")},
        {},
        ["(차량번호)' 1건(고정형 2.csv)"],
    ),
    "missing header": ({"주행형.csv": PATROL.replace("시각", "때")}, {}, ["주행형.csv", "'시각'"]),
    "missing file": ({}, {'"주행형.csv"': '"주행.csv"'}, ["'주행.csv'에 맞는 파일이 없습니다"]),
    "empty file": ({"areas.csv": ""}, {}, ["areas.csv", "빈 파일"]),
    "constant that is no value": ({}, {'channel = "mobile_camera"': 'channel = "순찰차"'}, ["patrol", "'순찰차' 5건"]),
    "no time can be read": (
        {"주행형.csv": "일자,시각,장소,X,Y\n" + "모름,모름,가동,127.2,37.6\n" * 30},
        {},
        ["patrol", "30행 가운데 쓸 수 있는 행이 없습니다", "시각을 읽을 수 없음 30행"],
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_input_is_told_and_leaves_everything_as_it_was(city, case):
    files, replaced, said = BROKEN[case]
    toml = CITY
    for old, new in replaced.items():
        assert old in toml
        toml = toml.replace(old, new)
    before = contents(city.clean)
    # A table before the broken one changes too: it must not be replaced alone.
    files = {"체납 1.csv": DEBTS_1.replace("123,450", "1"), **files}
    broken = make(city.folder, toml, files)
    with pytest.raises(Refusal) as refused:
        clean_city(broken)
    for words in said:
        assert words in refused.value.text.ko
    for plate in PLATES:
        assert plate not in str(refused.value)
    assert contents(city.clean) == before
    assert not list(city.clean.glob(".*"))


def test_every_unmapped_value_is_listed_at_once(tmp_path):
    text = CAMERAS_1.replace("고정형 CCTV,12가", '"이동, ""식""",12가').replace("fixed_camera", "인력")
    with pytest.raises(Refusal) as refused:
        clean_city(make(tmp_path / "mini", files={**FILES, "고정형 1.csv": text}))
    ko = refused.value.text.ko
    assert "'이동, \"식\"' 2건(고정형 1.csv), '인력' 1건(고정형 1.csv)" in ko
    assert '"이동, \\"식\\"" = ""\n"인력" = ""' in ko
    assert list((tmp_path / "mini" / "2_clean").iterdir()) == []


def test_a_column_of_names_is_refused_without_printing_them(tmp_path):
    head, *rows = CAMERAS_1.splitlines(True)
    many = [rows[0].replace("고정형 CCTV", f"가상인{number}") for number in range(50)]
    assert many[0] != rows[0]
    with pytest.raises(Refusal) as refused:
        clean_city(make(tmp_path / "mini", files={**FILES, "고정형 1.csv": "".join([head, *many])}))
    assert "서로 다른 값이 50가지" in refused.value.text.ko and "50 different values" in refused.value.text.en
    assert "가상인" not in str(refused.value)


def test_a_run_that_dies_leaves_the_old_tables_and_no_staging(city, monkeypatch):
    before = contents(city.clean)
    (city.raw / "체납 2.csv").write_text(DEBTS_2 + "2024-06-01,12가3456,자동차세,2024-06-30,5,N\n", encoding="utf-8")

    def die(*_arguments, **_more):
        raise KeyboardInterrupt

    monkeypatch.setattr("dansok.clean.table.TableCleaner._write_ledger", die)
    with pytest.raises(KeyboardInterrupt):
        clean_city(city)
    assert contents(city.clean) == before
    assert not list(city.clean.glob(".*"))


@pytest.fixture
def two_at_a_time(monkeypatch):
    monkeypatch.setattr("dansok.clean.WORTH_TWO", (0, 1_000_000_000))
    others = multiprocessing.active_children()
    yield
    assert multiprocessing.active_children() == others


def test_two_tables_at_a_time_give_the_same_bytes_told_in_the_same_order(city, two_at_a_time):
    before = contents(city.clean)
    for path in city.clean.iterdir():
        path.unlink()
    told = []
    clean_city(city, tell=told.append)
    assert contents(city.clean) == before
    assert [line.split(",")[0] for line in told] == [
        "areas 읍면동: 4 in",
        "debts 체납: 9 in",
        "tickets 단속 기록: 17 in",
    ]


def test_what_another_process_refuses_is_refused_here_and_nothing_is_replaced(city, two_at_a_time, monkeypatch):
    before = contents(city.clean)
    files = {"체납 1.csv": DEBTS_1.replace("123,450", "1"), "고정형 1.csv": CAMERAS_1.replace("고정형 CCTV", "이동식")}
    broken = make(city.folder, CITY, files)
    with pytest.raises(Refusal) as refused:
        clean_city(broken)
    assert contents(city.clean) == before and not list(city.clean.glob(".*"))
    monkeypatch.setattr("dansok.clean.WORTH_TWO", (0, 0))
    with pytest.raises(Refusal) as alone:
        clean_city(broken)
    assert "이동식" in refused.value.text.ko and refused.value.text == alone.value.text
    assert str(refused.value) == str(alone.value)


def test_an_interrupt_ends_both_processes_and_leaves_nothing(city, two_at_a_time):
    before = contents(city.clean)
    files = {"체납 1.csv": DEBTS_1.replace("123,450", "1"), "주행형.csv": PATROL.replace("127.", "127.0")}

    def interrupt(_line):
        assert len(multiprocessing.active_children()) >= 2
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        clean_city(make(city.folder, CITY, files), tell=interrupt)
    assert contents(city.clean) == before and not list(city.clean.glob(".*"))


def test_staging_of_a_killed_run_is_removed_and_staging_is_for_this_user_alone(city, monkeypatch):
    left = city.clean / ".staging-dead"
    left.mkdir()
    (left / "plates.parquet").write_text(PLATES[0], encoding="utf-8")
    modes = []
    from dansok.clean.table import TableCleaner

    plain = TableCleaner.clean

    def look(self):
        modes.append((self.staging.parent, self.staging.stat().st_mode & 0o777))
        return plain(self)

    monkeypatch.setattr(TableCleaner, "clean", look)
    (city.clean / "areas.stamp.json").unlink()
    clean_city(city)
    assert not list(city.clean.glob(".*"))
    assert modes[0] == (city.clean, 0o700)


def test_another_key_makes_the_tables_with_plates_anew(city, tmp_path, monkeypatch):
    before = read_table(city, "tickets", ["plate_token"])
    monkeypatch.setenv(VARIABLE, str(tmp_path / "other" / "plates.key"))
    office_key()
    told = []
    clean_city(city, tell=told.append)
    assert ["up to date" in line for line in told] == [True, False, False]
    assert read_table(city, "tickets", ["plate_token"]).plate_token[0] != before.plate_token[0]


def test_a_key_that_is_gone_is_not_made_anew_behind_ones_back(city, tmp_path, monkeypatch):
    elsewhere = tmp_path / "stick" / "plates.key"
    monkeypatch.setenv(VARIABLE, str(elsewhere))
    before = contents(city.clean)
    with pytest.raises(Refusal, match="is gone with which the tokens in mini/2_clean were made") as refused:
        clean_city(city)
    assert "make clean" in refused.value.text.ko and not elsewhere.exists() and contents(city.clean) == before
    shutil.rmtree(city.clean)
    clean_city(city)
    assert elsewhere.exists()


def test_command_prints_a_line_a_table_and_refuses_with_2(tmp_path):
    city = make(tmp_path / "mini")
    command = [sys.executable, "-W", "ignore", "-m", "dansok.clean", str(city.folder)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0 and run.stderr == ""
    assert [line.partition(" (")[0] for line in run.stdout.splitlines()] == [
        "areas 읍면동: 4 in, 2 kept, 2 rejected",
        "debts 체납: 9 in, 5 kept, 4 rejected",
        "tickets 단속 기록: 17 in, 11 kept, 6 rejected",
    ]
    before = contents(city.clean)
    (city.raw / "주행형.csv").write_text(PATROL.replace("시각", "때"), encoding="utf-8")
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 2 and "시각" in run.stderr and "no column" in run.stderr
    assert contents(city.clean) == before


def test_tables_are_read_whole_by_column_or_in_the_engine(cleaned):
    assert list(read_table(cleaned, "tickets", ["channel", "records"])) == ["channel", "records"]
    connection = connect()
    assert connection.to_pandas(scan(cleaned, "tickets", connection).records.sum()) == 11
    assert connection.to_pandas(scan(cleaned, "cameras", connection).count()) == 0
    assert list(scan(cleaned, "cameras", connection).columns) == [c.name for c in TABLES["cameras"].stored]
    with pytest.raises(ValueError, match="no column"):
        read_table(cleaned, "tickets", ["plate"])
    with pytest.raises(ValueError, match="no clean table"):
        read_table(cleaned, "placed_tickets")


def test_a_table_that_was_not_made_yet_is_refused(tmp_path):
    city = make(tmp_path / "mini")
    for read in (lambda: read_table(city, "tickets"), lambda: scan(city, "tickets", connect())):
        with pytest.raises(Refusal, match="dansok.clean"):
            read()


AGGREGATED = """
id = "counts"
name = { ko = "천안시", en = "Cheonan" }
office = { ko = "과", en = "office" }
[[source]]
name = "by_point"
table = "tickets"
files = ["counts.csv"]
columns = { records = "건수", place_as_sent = "장소", longitude = "경도", latitude = "위도" }
constants = { issued_at = "2023", channel = "고정형 CCTV" }
"""


def test_counts_that_look_alike_are_kept_and_a_fallback_point_trips(tmp_path):
    rows = [
        "건수,장소,경도,위도",
        "1,다동 1,127.1,36.8",
        "1,다동 1,127.1,36.8",
        "0,다동 2,127.1,36.81",
        "두,다동 3,127.1,36.82",
    ]
    rows += [f'"{500 if i else 9000}",{"천안시" if i == 0 else f"다동 {i}번"},127.{i:04d},36.8' for i in range(12)]
    city = make(tmp_path / "counts", AGGREGATED, {"counts.csv": "\n".join(rows)})
    clean_city(city)
    assert ledger(city, "tickets") == [
        ("by_point", "came", "came", 16, 16),
        ("by_point", "dropped", "records cannot be read", 1, 15),
        ("by_point", "dropped", "records is zero or less", 1, 14),
        ("by_point", "flagged", "coordinates piled up on one point", 1, 14),
        ("by_point", "flagged", "equal rows that were kept", 1, 14),
    ]
    tickets = read_table(city, "tickets")
    assert tickets.time_precision.unique().tolist() == ["year"] and str(tickets.issued_at[0]) == "2023-01-01 00:00:00"
    assert tickets.records.sum() == 9000 + 11 * 500 + 2
    piled = tickets[tickets.position_state == "pile_up"]
    assert piled.place_as_sent.tolist() == ["천안시"] and piled.longitude.isna().all()
    told = read_table(city, "surprises").set_index("kind").ko["pile_up"]
    assert "9,000건(전체의 62.1%)" in told and "'천안시'" in told


def test_midnight_stands_for_a_day_where_most_rows_say_so(tmp_path):
    rows = "".join(f"2024-01-{i % 28 + 1:02d} 00:00:00,{i // 28}\n" for i in range(56))
    toml = AGGREGATED.replace('constants = { issued_at = "2023", channel', "constants = { channel").replace(
        'columns = { records = "건수", place_as_sent = "장소", longitude = "경도", latitude = "위도" }',
        'columns = { issued_at = "때", place_as_sent = "곳" }',
    )
    city = make(tmp_path / "days", toml, {"counts.csv": f"때,곳\n{rows}2024-01-01 00:00:00,0\n2024-01-01 13:00:00,0\n"})
    clean_city(city)
    assert read_table(city, "tickets").time_precision.value_counts().to_dict() == {"day": 57, "second": 1}
    kinds = surprises(city)
    assert kinds["tickets", "by_point", "midnights"] == 57 and kinds["tickets", "by_point", "look_alikes"] == 1


def test_exports_without_rows_or_plates_make_empty_tables(tmp_path):
    def heading(text):
        return text.splitlines()[0] + "\n"

    empty = {name: heading(text) for name, text in FILES.items() if name != "areas.csv"}
    empty |= {
        "areas.csv": AREAS,
        "고정형 2.csv": heading(CAMERAS_2) + "2024-01-05 09:00,가동,가동 2번 카메라,fixed_camera,\n",
    }
    city = make(tmp_path / "mini", files=empty)
    clean_city(city)
    assert len(read_table(city, "tickets")) == 1 and read_table(city, "debts").empty
    assert read_table(city, "tickets").plate_state.tolist() == ["missing"]
    for name in ("tickets", "debts"):
        types = read_table(city, name).dtypes.astype(str)
        assert types["plate_token"] == "str" and types["source_row"] == "int64"
        stored = connect().read_parquet(city.clean / f"{name}.parquet").schema()
        assert [str(kind).removesuffix("(6)") for kind in stored.types] == [
            str(ibis.dtype(ibis_type(column))) for column in TABLES[name].stored
        ]
    assert ledger(city, "debts") == [("register", "came", "came", 0, 0)]


def test_same_bytes_whatever_the_number_of_threads(tmp_path, monkeypatch):
    rng = np.random.default_rng(5)
    rows = "".join(f"1,곳 {n},127.{n:04d},36.8\n" for n in rng.integers(0, 9000, 30_000))
    hashes = set()
    for threads in (1, 4):
        city = make(tmp_path / f"threads{threads}", AGGREGATED, {"counts.csv": "건수,장소,경도,위도\n" + rows})

        def few(threads=threads):
            connection = ibis.duckdb.connect()
            connection.raw_sql(f"SET threads = {threads}")
            return connection

        monkeypatch.setattr("dansok.clean.connect", few)
        clean_city(city)
        hashes.add(hashlib.sha256((city.clean / "tickets.parquet").read_bytes()).hexdigest())
    assert len(hashes) == 1
