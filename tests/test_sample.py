"""The sample city as it is written: same seed same bytes, quirks counted in the raw files, who looks where and when.

What happens in it, and what is true of its ground, vehicles and lots: tests/test_sample_world.py. That cleaning gives
back what was planted: tests/test_sample_recovery.py.
"""

import csv
import dataclasses
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import geopandas
import lxml.html
import numpy as np
import pandas as pd
import pytest
from dansok.city import PROJECT, open_city
from dansok.korea import calendar
from dansok.korea.plates import read_plates
from dansok.sample import HAPPENINGS, SIZES, USUAL, Options, write
from dansok.sample.__main__ import main
from dansok.sample.options import CONTRADICTORY, NEEDS_PATROL
from dansok.sample.write import STAMP
from dansok.tables import TABLES, dictionary
from dansok.words import Refusal
from python_calamine import CalamineWorkbook

CHANGE = pd.Timestamp("2024-02-13")
# Four months about the system change, written in a second or two.
VILLAGE = dataclasses.replace(
    SIZES["small"],
    name="village",
    first_day=pd.Timestamp("2023-12-01"),
    last_day=pd.Timestamp("2024-03-31"),
    vehicles=6_000,
    violations_per_day=300.0,
    first_read_day=pd.Timestamp("2024-03-01"),
    parcels=60,
)
EVERYTHING = (frozenset(HAPPENINGS) - {"boundaries_2018", "no_effect"}) | USUAL
TICKETS = ["단속일시", "단속동", "단속장소", "단속구분", "위반법규", "단속특별지역", "차량번호"]
FIXED_NEW = {"단속일시정보": "단속일시", "행정동명": "단속동", "단속장소명": "단속장소", "단속방법": "단속구분",
             "위반법조": "위반법규", "보호구역구분": "단속특별지역", "자동차번호": "차량번호"}  # fmt: skip
PATROL_NEW = FIXED_NEW | {"경도": "_GPS_Y", "위도": "GPS_X"}
REPORTS_NEW = {"신고일시": "위반일시", "행정동명": "행정동", "신고장소": "위반장소", "신고유형": "위반유형"}


@pytest.fixture(scope="module")
def raw(sample_city):
    return sample_city / "1_raw"


@pytest.fixture(scope="module")
def truth(sample_city):
    """Reads a table of what was planted."""
    return lambda name: pd.read_parquet(sample_city / "truth" / f"{name}.parquet")


@pytest.fixture(scope="module")
def planted(sample_city):
    return json.loads((sample_city / "truth" / "planted.json").read_text(encoding="utf-8"))


def _sheets(path):
    """Every row below the header of a workbook as a clerk sees it: sheet, rows above the header, cells."""
    book = CalamineWorkbook.from_path(path)
    for sheet in book.sheet_names:
        cells = book.get_sheet_by_name(sheet).to_python()
        header = next(i for i, row in enumerate(cells) if all(str(cell).strip() for cell in row[:3]))
        names = [str(cell).strip() for cell in cells[header]]
        frame = pd.DataFrame(cells[header + 1 :], columns=names, dtype="str")
        yield frame.assign(file=path.name, sheet=sheet, above=header)


def _csv(path):
    frame = pd.read_csv(path, encoding="cp949", dtype="str", keep_default_na=False)
    return frame.rename(columns=str.strip).assign(file=path.name)


@pytest.fixture(scope="module")
def fixed_old(raw):
    return pd.concat([part for path in sorted(raw.glob("고정형 단속자료*.xlsx")) for part in _sheets(path)])


@pytest.fixture(scope="module")
def fixed_new(raw):
    return pd.concat([_csv(path) for path in sorted(raw.glob("주정차단속_고정형*.csv"))]).rename(columns=FIXED_NEW)


@pytest.fixture(scope="module")
def fixed(fixed_old, fixed_new):
    """Records of the fixed cameras in both systems, with their moment."""
    old = fixed_old[~fixed_old["단속일시"].eq("합계") & ~fixed_old["단속장소"].eq("전자고지테스트")]
    both = pd.concat([old, fixed_new], ignore_index=True)
    return both.assign(
        at=pd.to_datetime(both["단속일시"].str.replace("/", "-"), format="ISO8601"),
        key=both["단속장소"].str.replace(" ", ""),
    )


@pytest.fixture(scope="module")
def patrol(raw):
    """Records of the patrol cars: a page called .xls, workbooks, CSV files; and how often the page repeats its header."""
    (path,) = raw.glob("주행형*.xls")
    rows = [[cell.text_content() for cell in row] for row in lxml.html.fromstring(path.read_bytes()).iter("tr")]
    head = rows[0]
    page = pd.DataFrame([row for row in rows if row != head], columns=head).assign(file=path.name)
    books = [part for path in sorted(raw.glob("주행형 단속자료*.xlsx")) for part in _sheets(path)]
    new = [_csv(path).rename(columns=PATROL_NEW) for path in sorted(raw.glob("주정차단속_주행형*.csv"))]
    both = pd.concat([page, *books, *new], ignore_index=True)
    both["at"] = pd.to_datetime(both["단속일시"].str.replace("/", "-"))
    return both, sum(row == head for row in rows[1:])


@pytest.fixture(scope="module")
def officers(raw):
    return pd.concat([part for path in sorted(raw.glob("현장단속_*년.xlsx")) for part in _sheets(path)])


@pytest.fixture(scope="module")
def reports(raw):
    """Citizens' reports with their moment, and the day as written."""
    paths = sorted(path for path in raw.iterdir() if path.name.startswith("시민신고"))
    both = pd.concat([_csv(path).rename(columns=REPORTS_NEW) for path in paths], ignore_index=True)
    part = both["위반일시"].str.extract(r"^(\d{4})\.(\d{1,2})\.(\d{1,2})\. (오전|오후) (\d{1,2}):(\d\d)$")
    midnight = both["위반일시"].str.endswith(". 24:00")
    assert part[0].notna().eq(~midnight).all()
    day = both["위반일시"].str.extract(r"^(\S+)\. ")[0]
    hour = (part[4].astype(float) % 12 + 12 * part[3].eq("오후")).fillna(24)
    at = pd.to_datetime(day, format="%Y.%m.%d") + pd.to_timedelta(hour, "h")
    return both.assign(at=at + pd.to_timedelta(part[5].astype(float).fillna(0), "min"))


def _hashes(folder):
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*")) if path.is_file()}  # fmt: skip


def _top(hours, number):
    return pd.Series(hours).value_counts().sort_values(ascending=False, kind="stable").index[:number].tolist()


# --- writing ---


@pytest.fixture(scope="module")
def village(tmp_path_factory):
    """A small place in which everything happens that can happen together."""
    folder = tmp_path_factory.mktemp("city") / "village"
    assert write(folder, Options(5, VILLAGE, EVERYTHING)) is True
    return folder


@pytest.fixture
def copy(village, tmp_path):
    return shutil.copytree(village, tmp_path / "village")


def test_same_seed_gives_the_same_bytes_and_another_seed_another_city(village, copy):
    first = _hashes(village)
    (copy / "1_raw" / "cctv.json").unlink()
    assert write(copy, Options(5, VILLAGE, EVERYTHING)) is True  # a file is missing: all is written again
    assert _hashes(copy) == first
    assert write(copy, Options(6, VILLAGE, EVERYTHING)) is True
    other = _hashes(copy)
    assert other.keys() == first.keys()
    days_alone = {"truth/days.parquet"} & {name for name in first if first[name] == other[name]}
    assert [name for name in first if first[name] == other[name] and name not in days_alone] == []
    assert not (copy / ".sample_part").exists()


def test_another_process_writes_the_same_bytes(village, tmp_path):
    program = f"""
from dansok.sample import Options, write
from test_sample import EVERYTHING, VILLAGE
write({str(tmp_path / "again")!r}, Options(5, VILLAGE, EVERYTHING))
"""
    run = {"env": os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONHASHSEED": "3"}, "check": True}
    subprocess.run([sys.executable, "-c", program], cwd=Path(__file__).parent, **run)
    for part in ("1_raw", "truth"):
        assert _hashes(tmp_path / "again" / part) == _hashes(village / part)


def test_nothing_is_touched_while_it_is_up_to_date(copy):
    (copy / "1_raw" / ".done").touch()  # make's mark is no stranger
    before = {path: path.stat().st_mtime_ns for path in copy.rglob("*")}
    assert write(copy, Options(5, VILLAGE, EVERYTHING)) is False
    assert before == {path: path.stat().st_mtime_ns for path in copy.rglob("*")}


def test_another_happening_is_another_city(copy):
    names = {path.name for path in (copy / "1_raw").iterdir()}
    assert write(copy, Options(5, VILLAGE)) is True
    assert {path.name for path in (copy / "1_raw").iterdir()} == names
    told = json.loads((copy / "truth" / "planted.json").read_text(encoding="utf-8"))["told"]
    assert set(told) == USUAL


def test_files_of_others_are_refused_and_left_alone(tmp_path):
    raw = tmp_path / "seoul" / "1_raw"
    raw.mkdir(parents=True)
    (raw / "단속현황.xlsx").write_bytes(b"somebody's export")
    with pytest.raises(Refusal) as refusal:
        write(tmp_path / "seoul", Options(5, VILLAGE))
    assert "단속현황.xlsx" in refusal.value.text.ko and "did not write" in refusal.value.text.en
    assert [path.name for path in raw.iterdir()] == ["단속현황.xlsx"]


def test_a_file_changed_by_hand_is_refused(copy):
    path = copy / "1_raw" / "읍면동별_인구_자동차.csv"
    path.write_bytes(path.read_bytes() + b"\r\n")
    with pytest.raises(Refusal, match="changed by hand"):
        write(copy, Options(7, VILLAGE))
    assert path.read_bytes().endswith(b"\r\n\r\n")


def test_stamp_lists_each_file_with_its_hash(raw):
    stamp = json.loads((raw / STAMP).read_text(encoding="utf-8"))
    assert stamp["files"] == {name: digest for name, digest in _hashes(raw).items() if name != STAMP}
    assert re.fullmatch("[0-9a-f]{64}", stamp["recipe"])


@pytest.mark.parametrize(
    "happenings",
    [{"ufo"}, *({name} for name in NEEDS_PATROL), *({*pair, "retargeted_patrol"} for pair in CONTRADICTORY)],
    ids=lambda happenings: " ".join(sorted(happenings)),
)
def test_unknown_and_contradictory_happenings_are_refused_in_a_sentence(happenings):
    with pytest.raises(Refusal) as refusal:
        Options(1, VILLAGE, frozenset(happenings))
    for sentence in (refusal.value.text.ko, refusal.value.text.en):
        assert any(f"'{name}'" in sentence for name in happenings)
        assert sentence.endswith(".") and "\n" not in sentence
    assert re.search("[가-힣]", refusal.value.text.ko) and not re.search("[가-힣]", refusal.value.text.en)


def test_the_data_dictionary_tells_sizes_happenings_and_what_lies_in_the_truth(sample_city):
    told = dictionary()
    assert all(f"| `{name}` | {what} |" in told for name, what in HAPPENINGS.items())
    for name, size in SIZES.items():
        row = rf"\| `{name}`[^|]*\| {len(size.months)} \| {size.segments:,} \| {size.vehicles:,} \| {size.violations_per_day:,.0f} \|"
        assert re.search(row, told)
    section = told[told.index("| File in `truth`") : told.index("## tickets")]
    there = {path.name for path in (sample_city / "truth").iterdir() if path.is_file()}
    assert set(re.findall(r"`(\w+\.(?:parquet|json))`", section)) == there


def test_the_command_takes_happenings_and_leaves_usual_ones_out(monkeypatch, capsys):
    asked = []
    monkeypatch.setattr("dansok.sample.__main__.write", lambda folder, options: asked.append((folder, options)))
    main(["data/x", "--seed", "9", "--size", "small", "--with", "new_lot", "app_launch", "--without", "app_outage"])
    (folder, options), *_ = asked
    assert folder == "data/x" and options.seed == 9 and options.size is SIZES["small"]
    assert options.happenings == {"new_cameras", "new_lot", "app_launch"}
    assert capsys.readouterr().out == "sample: up to date\n"


def test_everything_that_happened_is_told_with_its_day_or_size(village):
    planted = json.loads((village / "truth" / "planted.json").read_text(encoding="utf-8"))
    assert set(planted["told"]) == set(planted["happenings"]) == EVERYTHING
    assert all(what for what in planted["told"].values())
    assert planted["size"] == "village" and planted["seed"] == 5


# --- files ---


def test_city_toml_maps_every_raw_file_and_every_clean_table_but_one(raw):
    city = open_city(PROJECT / "data" / "sample")
    mapped = {path.name for source in city.sources for pattern in source.files for path in raw.glob(pattern)}
    mapped |= {path.name for path in raw.glob("시민신고*.CSV")}
    assert mapped == {path.name for path in raw.iterdir()} - {STAMP}
    clean = {table.name for table in TABLES.values() if table.stage == "2_clean"}
    assert clean - {source.table for source in city.sources} == {"citizen_reports"}
    assert all(hours.verified and hours.basis for hours in city.hours)
    assert "가상" in city.name.ko and "ynthetic" in city.name.en
    columns = {part for source in city.sources for parts in source.columns.values() for part in parts}
    assert not any("소유자" in spellings for spellings in columns)


def test_raw_files_hold_no_path_of_this_machine(raw, sample_city):
    paths = [str(PROJECT), str(sample_city), "/home/", "/tmp/", "C:\\Users"]
    for path in raw.iterdir():
        parts = [path.read_bytes()]
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as book:
                parts = [book.read(name) for name in book.namelist()]
        assert not [where for where in paths for part in parts if where.encode() in part], path.name


def test_csv_files_are_what_excel_in_an_office_writes(raw):
    paths = [path for path in raw.iterdir() if path.suffix.lower() == ".csv"]
    assert {path.suffix for path in paths} == {".csv", ".CSV"}
    for path in paths:
        encoding = "utf-8-sig" if path.name.startswith("가상도시_주차장정보") else "cp949"
        assert path.read_bytes().startswith(b"\xef\xbb\xbf") == (encoding == "utf-8-sig")
        rows = list(csv.reader(io.StringIO(path.read_bytes().decode(encoding), newline="")))
        assert len({len(row) for row in rows}) == 1, path.name
        assert path.read_bytes().count(b"\r\n") == len(rows)


def test_boundaries_lie_side_by_side_and_hold_their_places(raw, truth):
    areas = geopandas.read_file(raw / "읍면동.geojson").to_crs(5179)
    assert len(areas) == 16 and areas.is_valid.all()
    assert areas.union_all().area == pytest.approx(areas.area.sum(), rel=1e-6)
    places = truth("places")
    points = geopandas.GeoDataFrame(places, geometry=geopandas.points_from_xy(places["x"], places["y"]), crs=5179)
    found = points.sjoin(areas, predicate="within")
    assert (found["ADM_NM"] == found["area_name"]).all() and len(found) == len(places)
    zones = json.loads((raw / "보호구역.geojson").read_text(encoding="utf-8"))["features"]
    east, north = zones[0]["geometry"]["coordinates"][0][0]
    assert 150_000 < east < 300_000 and 500_000 < north < 600_000


def test_every_plate_is_of_a_known_form_and_has_a_serial_that_is_not_issued(raw, truth):
    plates = truth("register")["plate"]
    read = read_plates(plates)
    assert read["plate_state"].eq("read").all()
    assert set(read["plate_generation"]) == {"2019", "2004", "business", "1973_region", "motorcycle"}
    assert plates.str.slice(-4, -3).eq("0").all()
    sent = pd.concat([_csv(path)["차량번호"] for path in raw.glob("*판독_*.csv")])
    assert sent[sent != "미인식"].str.slice(-4, -3).eq("0").all(), "misread ones too"


# --- quirks, counted by a reader of its own ---


def test_quirks_of_the_fixed_camera_files_are_counted_exactly(raw, truth, fixed_old, fixed_new, fixed, planted):
    expected = planted["sources"]["fixed_camera_exports"]
    total = fixed_old["단속일시"].eq("합계")
    old = fixed_old[~total]
    data = pd.concat([old, fixed_new])
    listed = {camera["CCTV명"] for camera in json.loads((raw / "cctv.json").read_text(encoding="utf-8"))}
    squeezed = {name.replace(" ", "") for name in listed}
    unlisted = set(truth("cameras").query("~in_list")["camera_name"])
    found = {
        "rows": len(data),
        "records": len(fixed) - expected["duplicates"],
        "total_rows": int(total.sum()),
        "title_rows": int(fixed_old.groupby(["file", "sheet"])["above"].first().sum()),
        "test_rows": int(old["단속장소"].eq("전자고지테스트").sum()),
        "duplicates": int(data.duplicated([*TICKETS, "file"]).sum()),
        "masked_plates": int(data["차량번호"].str.contains("*", regex=False).sum()),
        "unreadable_plates": int(data["차량번호"].eq("판독불가").sum()),
        "old_area_name": int(fixed["단속동"].eq("퇴계원면").sum()),
        "no_seconds": int(fixed["단속일시"].str.len().eq(16).sum()),
        "camera_not_in_list": int((~fixed["key"].isin(squeezed)).sum()),
        "stray_spaces": int((~fixed["단속장소"].isin(listed | unlisted)).sum()),
    }
    assert found == expected
    assert min(expected.values()) > 0
    for name, part in fixed_old.groupby("file"):
        rows = part["단속일시"].ne("합계").sum()
        assert part.loc[part["단속일시"].eq("합계"), "차량번호"].item() == f"{rows:,}", name
    assert fixed_old.groupby(["file", "sheet"]).size().max() <= 5_001
    assert fixed_old.groupby("file")["sheet"].nunique().max() > 1, "one is split over sheets"
    assert set(fixed_old["단속구분"].dropna()) - {""} == {"고정식CCTV", "고정형CCTV"}
    assert set(fixed_new["단속구분"]) == {"고정형CCTV단속"}
    assert fixed.loc[fixed["단속동"] == "퇴계원면", "at"].max() < pd.Timestamp("2024-01-01")


def test_quirks_of_the_patrol_cars_files_are_counted_exactly(patrol, planted):
    data, headers = patrol
    east, north = pd.to_numeric(data["_GPS_Y"]), pd.to_numeric(data["GPS_X"])
    old = data["at"] < CHANGE
    # Old exports call the latitude GPS_X; the new ones name both axes for what they are.
    east_is_east = east.between(126.5, 128) & north.between(37, 38)
    duplicates = data.duplicated([*TICKETS, "GPS_X", "_GPS_Y", "file"])
    found = {
        "rows": len(data),
        "records": len(data) - int(duplicates.sum()),
        "duplicates": int(duplicates.sum()),
        "no_position": int(north.isna().sum()),
        "zero_position": int(north.eq(0).sum()),
        "swapped_axes": int((east_is_east & old).sum()),
        "masked_plates": int(data["차량번호"].str.contains("*", regex=False).sum()),
        "unreadable_plates": int(data["차량번호"].eq("판독불가").sum()),
        "old_area_name": int(data["단속동"].eq("퇴계원면").sum()),
        "repeated_headers": headers,
    }
    assert found == planted["sources"]["patrol_car_exports"]
    assert min(found.values()) > 0
    assert (east_is_east | north.isna() | north.eq(0)).all()
    assert set(data.loc[old, "단속구분"]) == {"주행형CCTV"} and set(data.loc[~old, "단속구분"]) == {"이동식CCTV단속"}


def test_quirks_of_the_officers_files_are_counted_exactly(officers, planted):
    subtotal, total = officers["단속일자"].eq("소계"), officers["단속일자"].eq("합계")
    data = officers[~subtotal & ~total]
    columns = ["단속일자", "단속시간", *TICKETS[1:], "file"]
    found = {
        "rows": len(data),
        "records": len(data) - int(data.duplicated(columns).sum()),
        "duplicates": int(data.duplicated(columns).sum()),
        "subtotal_rows": int(subtotal.sum()),
        "total_rows": int(total.sum()),
        "masked_plates": int(data["차량번호"].str.contains("*", regex=False).sum()),
        "unreadable_plates": int(data["차량번호"].eq("판독불가").sum()),
        "old_area_name": int(data["단속동"].eq("퇴계원면").sum()),
    }
    assert found == planted["sources"]["officer_exports"]
    assert set(officers.loc[subtotal, "차량번호"]) == {"250"}
    assert data["단속일자"].str.fullmatch(r"\d{8}|\d{4}\.\d{1,2}\.\d{1,2}\.").all()
    assert data["단속시간"].str.fullmatch(r"[1-9]\d{2,3}").all() and data["단속시간"].str.len().eq(3).any()


def test_quirks_of_the_citizens_files_are_counted_exactly(raw, reports, planted):
    expected = planted["sources"]["citizen_report_exports"]
    table = json.loads((raw / "지번주소_좌표.json").read_text(encoding="utf-8"))
    address = reports["위반장소"]
    spaced = address.str.replace(r"(?<=[동리])(?=\d)", " ", regex=True)
    nearby = address.str.endswith(" 부근")
    as_listed = address.isin(table)
    lots = address.str.fullmatch(r"[가-힣]+ \d+-\d")
    bare = address.str.fullmatch(r"\d+-\d")
    forms = {
        "as_listed": as_listed,
        "no_space": ~as_listed & spaced.isin(table),
        "nearby": nearby & address.str.removesuffix(" 부근").isin(table),
        "not_in_table": lots & ~as_listed,
        "bare": bare,
        "vague": ~address.str.contains(r"-\d"),
    }
    assert {name: int(rows.sum()) for name, rows in forms.items()} == expected["address_forms"]
    assert sum(expected["address_forms"].values()) == expected["rows"] == len(reports)
    findable = sum(forms[name].mean() for name in ("as_listed", "no_space", "nearby"))
    assert findable == pytest.approx(2 / 3, abs=0.02)
    assert int((bare & reports["행정동"].str.endswith("동")).sum()) == expected["bare_in_dong"] > 100
    assert int(reports.drop(columns="at").duplicated().sum()) == expected["duplicates"]
    assert int(reports["차량번호"].str.contains("*", regex=False).sum()) == expected["masked_plates"]
    assert int(reports["차량번호"].eq("판독불가").sum()) == expected["unreadable_plates"]
    assert int(reports["행정동"].eq("퇴계원면").sum()) == expected["old_area_name"] > 0
    assert reports["위반일시"].str.endswith(". 24:00").sum() > 0


def test_one_system_takes_the_place_of_another_on_one_day(fixed_old, fixed_new, patrol, reports):
    day = pd.to_datetime(fixed_old["단속일시"].str.slice(0, 10), format="%Y-%m-%d", errors="coerce")
    assert day.max() == CHANGE - pd.Timedelta(days=1)
    assert fixed_new["단속일시"].str.slice(0, 10).min() == "2024/02/13"
    for data, new in ((patrol[0], "주정차단속_주행형"), (reports, "시민신고 24.02.13")):
        later = data[data["file"].str.startswith(new)]
        assert later["at"].min() >= CHANGE
        assert not data[(data["at"] >= CHANGE) & data["file"].isin(data.loc[data["at"] < CHANGE, "file"])].size


def test_after_the_change_plates_are_typed_by_hand_and_reports_get_lost(reports, planted):
    by_hand = reports["at"].between(CHANGE, CHANGE + pd.Timedelta(days=45))
    unread = reports["차량번호"].eq("판독불가")
    assert unread[by_hand].mean() > 2.5 * unread[~by_hand].mean()
    lost = planted["sources"]["citizen_report_exports"]["not_linked"]
    n = lost + int(by_hand.sum())
    assert abs(lost / n - 0.6) < 3 * np.sqrt(0.6 * 0.4 / n)
    per_day = reports.groupby(reports["at"].dt.normalize()).size()
    before = per_day[CHANGE - pd.Timedelta(days=45) : CHANGE - pd.Timedelta(days=1)].mean()
    assert per_day[CHANGE : CHANGE + pd.Timedelta(days=44)].mean() < 0.6 * before


# --- what is true, and what is seen ---


def test_truth_peaks_at_noon_and_at_seven_but_cameras_at_two_and_reports_at_seven(truth, fixed, reports):
    true = truth("intensity_by_place_hour")
    by_hour = true.groupby("hour")["violations_per_day"].sum()
    assert by_hour.sort_values(ascending=False).index[:3].tolist() == [12, 13, 19]
    assert by_hour[19] > by_hour[18] and by_hour[19] > by_hour[20]
    assert len(true) == 24 * len(truth("places"))
    recorded = fixed["at"].dt.hour
    assert _top(recorded, 1) == [14] and not {12, 13} & set(_top(recorded, 10))
    assert set(recorded) == set(range(7, 21))
    assert _top(reports["at"].dt.hour, 1) == [19] and set(reports["at"].dt.hour) == set(range(24))


def test_violations_that_happened_are_as_many_as_the_rates_say(truth, planted):
    happened = truth("violations_by_place_month").groupby("place")["violations"].sum()
    expected = truth("places")["violations_per_day"] * len(truth("days"))
    market = truth("places")["market"] >= 0
    score = ((happened - expected) / np.sqrt(expected))[~market]
    assert abs(score.mean()) < 4 / np.sqrt(len(score)) and score.std() == pytest.approx(1, abs=0.1)
    assert (happened > expected)[market].all(), "market days come on top"
    assert happened.sum() == planted["violations"]


def test_only_exempt_cameras_record_in_the_lunch_grace_and_the_others_burst_after_it(truth, fixed):
    cameras = truth("cameras")
    assert len(cameras) == 60 and cameras["in_list"].sum() == 57 and cameras["exempt"].sum() in (10, 11)
    exempt = fixed["key"].map(cameras.set_index(cameras["camera_name"].str.replace(" ", ""))["exempt"])
    assert exempt.notna().all()
    minute = (fixed["at"] - fixed["at"].dt.normalize()).dt.total_seconds() // 60
    assert set(exempt[minute.between(11 * 60 + 30, 14 * 60 - 1)]) == {True}
    assert minute.between(7 * 60, 20 * 60 + 40, inclusive="left").all()
    just_after = [((minute >= start) & (minute < start + 15) & ~exempt.astype(bool)).sum() for start in (840, 900)]
    assert just_after[0] > 1.7 * just_after[1]


def test_cameras_record_only_while_they_stand_and_work(truth, fixed):
    cameras, down, days = truth("cameras"), truth("camera_down"), truth("days")["day"]
    new = cameras["installed_on"] > days.iloc[0]
    assert new.sum() in (13, 14) and (down["last_day"] - down["first_day"] >= 5).all() and len(down) > 40
    day = fixed["at"].dt.normalize()
    assert fixed["key"].nunique() >= len(cameras) - 2, "hardly any sees nothing"
    for row, camera in cameras.iterrows():
        own = day[fixed["key"] == camera["camera_name"].replace(" ", "")]
        assert own.empty or own.min() >= camera["installed_on"]
        for spell in down[down["camera"] == row].itertuples():
            assert not own.between(days[spell.first_day], days[spell.last_day]).any()


def test_citizens_report_unevenly_and_hardly_at_all_during_the_outage(truth, reports, planted):
    rates = truth("reporting_rates").set_index("area_name")["reports_per_violation"]
    assert rates.max() / rates.min() == pytest.approx(3)
    told = planted["told"]["app_outage"]
    first, last = pd.Timestamp(told["from"]), pd.Timestamp(told["to"])
    assert (last - first).days == 13
    day = reports["at"].dt.normalize()
    before = day.between(first - pd.Timedelta(days=14), first - pd.Timedelta(days=1)).sum()
    assert day.between(first, last).sum() < 0.1 * before
    true = truth("places").groupby("area_name")["violations_per_day"].sum()
    number = reports["신고자번호"].str.slice(1).astype(int)
    ordinary = number >= len(truth("serial_reporters"))
    counts = reports.loc[ordinary, "행정동"].replace("퇴계원면", "퇴계원읍").value_counts()
    measured = (counts / true).reindex(rates.index)
    assert np.corrcoef(np.log(measured), np.log(rates))[0, 1] > 0.9
    per_reporter = number.value_counts()
    assert set(per_reporter.index[:3]) <= set(range(12)), "serial reporters lead"


def _clock(at):
    return (at - at.dt.normalize()).dt.total_seconds() / 3600


def test_patrol_cars_rest_at_lunch_and_on_sundays(raw, patrol):
    log = pd.concat([_csv(path) for path in raw.glob("단속차량_위치기록_*.csv")])
    at = pd.to_datetime(log["기록일시"])
    shifts = ((9, 11.5), (13.5, 16.5), (18.5, 21))
    for moments, late in ((at, 0), (patrol[0]["at"], 0.2)):
        clock = _clock(moments)
        assert np.any([clock.between(first, last + late) for first, last in shifts], axis=0).all()
        assert not moments.dt.day_of_week.eq(6).any()
    evenings = at[_clock(at) > 18].dt.normalize().nunique() / at.dt.normalize().nunique()
    assert 0.75 < evenings < 0.93, "two cars, each out on six evenings of ten: 84%"


def test_officers_and_squads_work_on_working_days_and_keep_their_lunch_break(raw, truth):
    days = truth("days").set_index("day")["rests"]
    known = calendar.days(days.index[0], days.index[-1])
    assert (days.to_numpy() == ~known["is_working_day"].to_numpy()).all()
    (sheet,) = _sheets(raw / "현장단속_근무일지.xlsx")
    at = pd.to_datetime(sheet["근무일시"])
    assert not at.dt.normalize().map(days).any()
    assert set(at.dt.strftime("%H:%M")) == {"09:00", "13:30"}
    (blocks,) = _sheets(raw / "영치_활동일지.xlsx")
    at = pd.to_datetime(blocks.loc[blocks["시작일시"] != "합계", "시작일시"])
    assert not at.dt.normalize().map(days).any()
    assert set(at.dt.hour) == {9, 13, 20}
    assert set(at[at.dt.hour == 20].dt.day_of_week) == {1, 3}, "Tuesday and Thursday nights"
    reads = pd.concat([_csv(path) for path in raw.glob("영치차량판독_*.csv")])
    clock = _clock(pd.to_datetime(reads["포착일시"]))
    assert (clock.between(9, 12) | clock.between(13, 18) | clock.between(20, 23)).mean() > 0.999
    # A plate read in the last second of a shift may be read once more within forty.
    assert (clock.between(9, 12.02) | clock.between(13, 18.02) | clock.between(20, 23.02)).all()


def test_the_log_of_effort_holds_most_of_the_looking_and_is_wrong_by_a_fifth(raw, truth):
    rounds = truth("rounds")
    (sheet,) = _sheets(raw / "현장단속_근무일지.xlsx")
    minutes = sheet["근무시간(분)"].astype(float)
    shift = np.where(sheet["근무일시"].str.endswith("09:00"), 180, 210)
    error = np.log(minutes / shift)
    assert error.std() == pytest.approx(0.15, abs=3 * 0.15 / np.sqrt(2 * len(error)))
    log = pd.concat([_csv(path) for path in raw.glob("단속차량_위치기록_*.csv")])
    driven = rounds.loc[rounds["kind"] == "car", "stops"].sum()
    assert len(log) * 3 / driven == pytest.approx(0.8, abs=0.03)
    assert set(log["시간(분)"]) == {"5"}


# --- the tax side ---


@pytest.fixture(scope="module")
def registers(raw):
    held = pd.concat([_csv(path) for path in sorted(raw.glob("체납자료_*.csv"))], ignore_index=True)
    return held.assign(
        day=pd.to_datetime(held["기준일자"]),
        due=pd.to_datetime(held["납기일"], format="%Y.%m.%d"),
        amount=held["체납액"].str.replace(",", "").astype(int),
    )


def test_registers_are_monthly_snapshots_that_agree_with_the_payments(raw, registers, truth):
    days = sorted(registers["day"].unique())
    assert len(days) == 12 and all(day.is_month_end for day in map(pd.Timestamp, days))
    paid = _csv(next(raw.glob("납부내역_*.csv")))
    assert paid["과세번호"].is_unique, "a debt is paid once"
    paid_on = pd.to_datetime(paid.set_index("과세번호")["납부일"])
    debts = truth("debts")
    due = debts.set_index(debts.index.map("99{:08d}".format))["due_on"]
    held = registers.groupby("day")["과세번호"].agg(set)
    for before, after in zip(days, days[1:], strict=False):
        gone, new = held[before] - held[after], held[after] - held[before]
        assert gone and new, after
        assert all(before < paid_on[debt] <= after for debt in gone)
        assert all(before < due[debt] <= after for debt in new)
        for debt in paid_on.index[(paid_on > before) & (paid_on <= after)]:
            assert debt in held[before] or due[debt] > before
    grown = registers.sort_values("day").groupby("과세번호")["amount"]
    assert (grown.diff().dropna() >= 0).all() and (grown.last() > grown.first()).mean() > 0.5


def test_registers_name_made_up_owners_and_no_row_twice(registers):
    assert registers["소유자"].str.fullmatch(r"가상인\d{6}").all()
    assert not registers.duplicated(["기준일자", "과세번호"]).any()
    taxes = registers[registers["세목"] == "자동차세"]
    assert set(taxes["due"].dt.strftime("%m-%d")) == {"06-30", "12-31"}


def test_the_vehicle_register_holds_the_vehicles_of_the_city_and_debtors_of_others(raw, registers, truth):
    (path,) = raw.glob("자동차등록_*.csv")
    listed, cars = _csv(path), truth("vehicles")
    number = listed["차대번호"].str.removeprefix("KSAMPLE").astype(int)
    here = cars["registered"].to_numpy()[number]
    assert (listed["등록지"] == np.where(here, "관내", "타시군")).all()
    assert (listed["사용본거지"] == "").eq(~here).all()
    assert set(number[here]) == set(cars.index[cars["registered"]])
    assert set(number[~here]) == set(cars.index[cars["debtor"] & ~cars["registered"]])
    entrusted = registers[registers["체납기관"] == "타시군촉탁"]
    assert len(entrusted) > 100 and set(entrusted["차량번호"]) <= set(listed.loc[~here, "차량번호"])
    assert (listed.loc[~here, "종료사유"] == "말소").any(), "their numbers may be issued again"


def test_seized_vehicles_that_settle_owe_nothing_from_then_on(raw, registers, truth):
    (path,) = raw.glob("영치실적_*.csv")
    done = _csv(path)
    assert set(done["조치"]) == {"영치", "영치예고", "반환"}
    assert done["납부액"].ne("").eq(done["조치"].eq("반환")).all()
    actions, debts = truth("actions"), truth("debts")
    seized, back = (actions[actions["action"] == action] for action in ("영치", "반환"))
    assert len(back) > 50
    for one in back.itertuples():
        taken = seized.loc[(seized["vehicle"] == one.vehicle) & (seized["at"] < one.at), "at"].max()
        owed = debts[(debts["vehicle"] == one.vehicle) & (debts["due_on"] < taken.normalize())]
        assert (owed["paid_on"] <= one.at).all() and one.paid_krw > 0
    blocks = pd.concat(_sheets(raw / "영치_활동일지.xlsx"))
    blocks = blocks[blocks["시작일시"] != "합계"]
    assert blocks["영치"].astype(int).sum() == (done["조치"] == "영치").sum()
    paid = done.loc[done["납부액"].ne(""), "납부액"].str.replace(",", "").astype(int).sum()
    assert blocks["징수액"].str.replace(",", "").astype(int).sum() == paid


# --- size ---


# The peak is read from /proc: `getrusage` also counts what the parent held when it forked.
STREAMED = r"""
import dataclasses, re, sys
import pandas as pd
from dansok.sample import SEED, SIZES, Options, reads, write
reads.AT_ONCE = 20_000
size = dataclasses.replace(SIZES["small"], name="streamed", first_day=pd.Timestamp("2023-01-01"),
    last_day=pd.Timestamp("2023-08-31"), vehicles=15_000, violations_per_day=60.0, parcels=60,
    first_read_day=pd.Timestamp(sys.argv[2]), reading=float(sys.argv[3]))
write(sys.argv[1], Options(SEED, size))
print(re.search(r"VmHWM:\s+(\d+) kB", open("/proc/self/status").read())[1])
"""


def _peak(folder, first, reading):
    """Peak memory in kB of writing a city with reads from a day on, and how many reads that gave."""
    command = [sys.executable, "-c", STREAMED, str(folder), first, str(reading)]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    told = json.loads((folder / "truth" / "planted.json").read_text(encoding="utf-8"))["sources"]
    return int(run.stdout), sum(told[source]["rows"] for source in told if source.endswith(("_reads", "_entries")))


@pytest.fixture(scope="module")
def two_months(tmp_path_factory):
    if not Path("/proc/self/status").exists():
        pytest.skip("peak memory is read from /proc")
    return _peak(tmp_path_factory.mktemp("streamed") / "few", "2023-07-01", 4.0)


@pytest.mark.parametrize(("first", "reading"), [("2023-01-01", 4.0), ("2023-07-01", 16.0)], ids=["months", "reads"])
def test_memory_does_not_grow_with_the_number_of_reads(two_months, tmp_path, first, reading):
    """Four times as many months of reads, or four times as many reads a month, against two months."""
    memory, reads = two_months
    more_memory, more_reads = _peak(tmp_path / "many", first, reading)
    print(f"{reads:,} reads: {memory / 1024:,.0f} MiB; {more_reads:,} reads: {more_memory / 1024:,.0f} MiB")
    assert more_reads > 3.5 * reads
    assert more_memory < 1.03 * memory, "rows of 300,000 reads that are kept would show"
