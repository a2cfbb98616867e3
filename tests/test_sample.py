"""The sample city: planted truth, quirks counted in the raw files, same seed same bytes."""

import csv
import dataclasses
import hashlib
import io
import json
import re
import shutil
import time
import zipfile

import lxml.html
import numpy as np
import pandas as pd
import pytest
from dansok.city import PROJECT, open_city
from dansok.clean import clean_city
from dansok.korea.plates import read_plates
from dansok.privacy import VARIABLE
from dansok.sample import write
from dansok.sample.write import STAMP
from dansok.tables import TABLES
from dansok.words import Refusal
from python_calamine import CalamineWorkbook

SOURCES = ("fixed_camera_exports", "citizen_report_exports", "patrol_car_exports")
FIXED = ["고정형 단속자료 24.07.01~12.31.xlsx", "고정형 단속자료 25.01.01~12.31.xlsx"]
REPORTS = ["시민신고 24.07.01~12.31.csv", "시민신고 25.01.01~06.30.csv", "시민신고 25.07.01~12.31.csv"]


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    folder = tmp_path_factory.mktemp("city") / "sample"
    started = time.monotonic()
    assert write(folder) is True
    assert time.monotonic() - started < 10
    return folder


@pytest.fixture(scope="module")
def planted(sample):
    return json.loads((sample / "truth" / "planted.json").read_text(encoding="utf-8"))["sources"]


@pytest.fixture(scope="module")
def fixed(sample):
    """Every row of both fixed-camera files below the header, as a clerk sees them."""
    rows = []
    for name in FIXED:
        book = CalamineWorkbook.from_path(sample / "1_raw" / name)
        for sheet in book.sheet_names:
            cells = book.get_sheet_by_name(sheet).to_python()
            header = next(i for i, row in enumerate(cells) if str(row[0]).strip() == "단속일시")
            names = [str(cell).strip() for cell in cells[header]]
            frame = pd.DataFrame(cells[header + 1 :], columns=names, dtype="str")
            rows.append(frame.assign(file=name, sheet=sheet, above=header))
    return pd.concat(rows, ignore_index=True)


@pytest.fixture(scope="module")
def reports(sample):
    return pd.concat(
        [pd.read_csv(sample / "1_raw" / name, encoding="cp949", dtype="str", keep_default_na=False) for name in REPORTS]
    )


@pytest.fixture(scope="module")
def patrol(sample):
    books = [pd.read_excel(path, dtype="str", engine="calamine", keep_default_na=False)
             for path in sorted((sample / "1_raw").glob("주행형*.xlsx"))]  # fmt: skip
    return pd.concat(books, ignore_index=True)


def _hashes(folder):
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*")) if path.is_file()}  # fmt: skip


def _hours(moments):
    return pd.Series(moments).value_counts().sort_values(ascending=False).index


@pytest.fixture
def copy(sample, tmp_path):
    return shutil.copytree(sample, tmp_path / "sample")


def test_same_seed_gives_the_same_bytes_and_another_seed_does_not(sample, copy):
    first = _hashes(sample)
    (copy / "1_raw" / "cctv.json").unlink()
    assert write(copy) is True  # a file is missing: all is written again
    assert _hashes(copy) == first
    assert write(copy, seed=7) is True
    other = _hashes(copy)
    assert other.keys() == first.keys()
    assert not [name for name in first if first[name] == other[name]]
    assert not (copy / ".sample_part").exists()


def test_nothing_is_touched_while_it_is_up_to_date(copy):
    (copy / "1_raw" / ".done").touch()  # make's mark is no stranger
    before = {path: path.stat().st_mtime_ns for path in copy.rglob("*")}
    assert write(copy) is False
    assert before == {path: path.stat().st_mtime_ns for path in copy.rglob("*")}


def test_files_of_others_are_refused_and_left_alone(tmp_path):
    raw = tmp_path / "seoul" / "1_raw"
    raw.mkdir(parents=True)
    (raw / "단속현황.xlsx").write_bytes(b"somebody's export")
    with pytest.raises(Refusal) as refusal:
        write(tmp_path / "seoul")
    assert "단속현황.xlsx" in refusal.value.text.ko and "did not write" in refusal.value.text.en
    assert [path.name for path in raw.iterdir()] == ["단속현황.xlsx"]


def test_a_file_changed_by_hand_is_refused(copy):
    path = copy / "1_raw" / REPORTS[0]
    path.write_bytes(path.read_bytes() + b"\r\n")
    with pytest.raises(Refusal, match="changed by hand"):
        write(copy, seed=5)
    assert path.read_bytes().endswith(b"\r\n\r\n")


def test_truth_peaks_at_noon_and_at_seven_but_cameras_at_two_and_reports_at_seven(sample, fixed, reports):
    true = pd.read_parquet(sample / "truth" / "intensity_by_area_hour.parquet")
    by_hour = true.groupby("hour")["violations_per_day"].sum()
    assert set(by_hour.nlargest(3).index) == {12, 13, 19}
    assert by_hour[19] > by_hour[18] and by_hour[19] > by_hour[20]
    assert len(true) == 16 * 24
    assert by_hour.sum() == pytest.approx(600_000 / 549)
    recorded = fixed.loc[fixed["단속일시"].str.startswith("202"), "단속일시"].str.slice(11, 13).astype(int)
    assert _hours(recorded)[0] == 14
    assert set(recorded) == set(range(7, 21))
    at = reports["위반일시"].str.extract(r"(오전|오후) (\d+):(\d\d)$")
    hour = at[1].astype(int) % 12 + 12 * (at[0] == "오후")
    assert _hours(hour)[0] == 19
    assert set(hour) == set(range(24))


def test_only_exempt_cameras_record_in_the_lunch_grace_and_the_others_burst_after_it(sample, fixed):
    cameras = pd.read_parquet(sample / "truth" / "cameras.parquet")
    assert cameras["exempt"].sum() == 16 and len(cameras) == 63 and cameras["in_list"].sum() == 60
    names = cameras.assign(key=cameras["camera_name"].str.replace(" ", "")).set_index("key")
    real = fixed[fixed["단속장소"].ne("전자고지테스트") & fixed["단속일시"].ne("합계")]
    minute = pd.to_timedelta(real["단속일시"].str.slice(11, 16) + ":00").dt.total_seconds() / 60
    exempt = real["단속장소"].str.replace(" ", "").map(names["exempt"])
    assert exempt.notna().all()
    assert set(exempt[minute.between(11 * 60 + 51, 14 * 60 - 1)]) == {True}
    assert minute.between(7 * 60, 20 * 60 + 40, inclusive="left").all()
    just_after = [((minute >= start) & (minute < start + 15) & ~exempt.astype(bool)).sum() for start in (840, 900)]
    assert just_after[0] > 1.7 * just_after[1]


def test_cameras_record_only_while_they_stand_and_work(sample, fixed):
    cameras = pd.read_parquet(sample / "truth" / "cameras.parquet")
    assert cameras["down_from"].notna().sum() == 6
    assert ((cameras["down_to"] - cameras["down_from"]).dropna().dt.days >= 21).all()
    assert (cameras["installed_on"] > "2024-07-01").sum() == 8
    day = pd.to_datetime(fixed["단속일시"].where(fixed["단속일시"].str.startswith("202")).str.slice(0, 10))
    key = fixed["단속장소"].str.replace(" ", "")
    for camera in cameras.itertuples():
        days = day[key == camera.camera_name.replace(" ", "")]
        assert days.min() >= camera.installed_on
        assert not days.between(camera.down_from, camera.down_to).any()


def test_quirks_of_the_fixed_camera_files_are_counted_exactly(sample, fixed, planted):
    expected = planted["fixed_camera_exports"]
    total = fixed["단속일시"].eq("합계")
    data = fixed[~total]
    columns = ["단속일시", "단속동", "단속장소", "단속구분", "위반법규", "단속특별지역", "차량번호"]
    listed = {camera["CCTV명"] for camera in json.loads((sample / "1_raw" / "cctv.json").read_text(encoding="utf-8"))}
    squeezed = {name.replace(" ", "") for name in listed}
    test = data["단속장소"].eq("전자고지테스트")
    camera = data[~test]
    known = camera["단속장소"].str.replace(" ", "").isin(squeezed)
    unlisted = set(pd.read_parquet(sample / "truth" / "cameras.parquet").query("~in_list")["camera_name"])
    found = {
        "rows": len(data),
        "total_rows": int(total.sum()),
        "title_rows": int(fixed.groupby(["file", "sheet"])["above"].first().sum()),
        "sheets": fixed.groupby(["file", "sheet"]).ngroups,
        "test_rows": int(test.sum()),
        "duplicates": int(data.duplicated([*columns, "file"]).sum()),
        "masked_plates": int(data["차량번호"].str.contains("*", regex=False).sum()),
        "unreadable_plates": int(data["차량번호"].eq("판독불가").sum()),
        "old_area_name": int(data["단속동"].eq("온새미면").sum()),
        "no_seconds": int(camera["단속일시"].str.len().eq(16).sum()),
        "camera_not_in_list": int((~known).sum()),
        "stray_spaces": int((~camera["단속장소"].isin(listed | unlisted)).sum()),
    }
    assert found == expected
    assert fixed.loc[total, "차량번호"].item() == f"{(data['file'] == FIXED[1]).sum():,}"
    assert fixed.groupby(["file", "sheet"]).size().max() <= max(10_001, (data["file"] == FIXED[0]).sum())
    assert set(camera["단속구분"]) == {"고정식CCTV", "고정형CCTV"}
    assert data.loc[data["단속동"] == "온새미면", "단속일시"].max() < "2025"


def test_quirks_of_the_citizens_files_are_counted_exactly(sample, reports, planted):
    expected = planted["citizen_report_exports"]
    table = json.loads((sample / "1_raw" / "지번주소_좌표.json").read_text(encoding="utf-8"))
    address = reports["위반장소"]
    spaced = address.str.replace(r"(?<=[동리])(?=\d)", " ", regex=True)
    nearby = address.str.endswith(" 부근")
    as_listed = address.isin(table)
    no_space = ~as_listed & spaced.isin(table)
    bare, lots = address.str.fullmatch(r"\d+-\d"), address.str.fullmatch(r"[가-힣]+ \d+-\d")
    forms = {
        "as_listed": as_listed,
        "no_space": no_space,
        "nearby": nearby & address.str.removesuffix(" 부근").isin(table),
        "not_in_table": lots & ~as_listed,
        "bare": bare,
        "vague": ~address.str.contains(r"\d"),
    }
    assert {name: int(rows.sum()) for name, rows in forms.items()} == expected["address_forms"]
    assert int((bare & reports["행정동"].str.endswith("동")).sum()) == expected["bare_in_dong"] > 100
    assert sum(expected["address_forms"].values()) == expected["rows"] == len(reports)
    findable = sum(forms[name].mean() for name in ("as_listed", "no_space", "nearby"))
    assert findable == pytest.approx(2 / 3, abs=0.02)
    assert int(reports.duplicated().sum()) == expected["duplicates"]
    assert int(reports["차량번호"].str.contains("*", regex=False).sum()) == expected["masked_plates"]
    assert reports["위반일시"].str.fullmatch(r"202[45]\.\d{1,2}\.\d{1,2}\. (오전|오후) \d{1,2}:\d\d").all()


def test_citizens_report_unevenly_and_hardly_at_all_during_the_outage(sample, reports):
    rates = pd.read_parquet(sample / "truth" / "reporting_rates.parquet").set_index("area_name")["reported_share"]
    assert rates.max() / rates.min() == pytest.approx(3)
    day = pd.to_datetime(reports["위반일시"].str.extract(r"^(\S+)\.")[0], format="%Y.%m.%d")
    assert day.between("2025-05-12", "2025-05-25").sum() < 0.1 * day.between("2025-04-28", "2025-05-11").sum()
    true = pd.read_parquet(sample / "truth" / "places.parquet").groupby("area_name")["violations_per_day"].sum()
    counts = reports["행정동"].replace("온새미면", "온새미읍").value_counts()
    measured = (counts / true).reindex(rates.index)
    assert np.corrcoef(measured, rates)[0, 1] > 0.95


def test_quirks_of_the_patrol_cars_files_are_counted_exactly(sample, patrol, planted):
    expected = planted["patrol_car_exports"]
    page = lxml.html.fromstring((sample / "1_raw" / "주행형 단속자료 25.09.xls").read_bytes())
    rows = [[cell.text_content() for cell in row] for row in page.iter("tr")]
    headers = [row for row in rows if row[0] == "단속일자"]
    assert len(headers) - 1 == expected["repeated_headers"] > 0
    html = pd.DataFrame([row for row in rows if row[0] != "단속일자"], columns=headers[0])
    data = pd.concat([patrol, html], ignore_index=True)
    east = pd.to_numeric(data["_GPS_Y"])
    north = pd.to_numeric(data["GPS_X"])
    found = {
        "rows": len(data),
        "duplicates": int(data.duplicated().sum()),
        "no_position": int(north.isna().sum()),
        "zero_position": int(north.eq(0).sum()),
        "swapped_axes": int((east.between(127.1, 127.3) & north.between(37.55, 37.75)).sum()),
        "masked_plates": int(data["차량번호"].str.contains("*", regex=False).sum()),
        "unreadable_plates": int(data["차량번호"].eq("판독불가").sum()),
        "old_area_name": 0,
        "repeated_headers": expected["repeated_headers"],
    }
    assert found == expected
    assert not data["단속시간"].between("11:30:00", "13:29:59").any()
    assert data["단속일자"].min() >= "2025-07-01"
    assert (pd.to_datetime(data["단속일자"]).dt.day_of_week < 6).all()


def test_tax_side_is_small_and_consistent(sample, planted):
    raw, counts = sample / "1_raw", planted["tax_side"]
    debts = pd.concat([pd.read_csv(path, encoding="cp949", dtype="str") for path in raw.glob("체납자료_*.csv")])
    actions = pd.read_csv(raw / "영치실적_2025.csv", encoding="cp949", dtype="str")
    assert len(debts) == counts["debts"] and debts["기준일자"].nunique() == 6
    assert debts.groupby("기준일자").size().between(300, 900).all()
    assert not debts.drop(columns="과세번호").duplicated().any()
    assert debts["소유자"].str.fullmatch(r"가상인\d{5}").all()
    assert len(actions) == counts["outcomes"] and set(actions["조치"]) == {"영치", "영치예고", "반환"}
    assert actions.loc[actions["조치"] == "반환", "납부액"].notna().all()
    assert 4000 < counts["sightings"] < 7000
    last = debts[debts["기준일자"] == "20251231"]
    seized = actions[actions["조치"] == "영치"].groupby("차량번호")["영치일시"].max()
    back = actions[actions["조치"] == "반환"].groupby("차량번호")["영치일시"].max()
    settled = [plate for plate, at in back.items() if at >= seized[plate]]
    old = last[last["납기일"] < "2025.07"]
    assert settled and not old["차량번호"].isin(settled).any()


def test_every_plate_is_of_a_known_form_and_has_a_serial_that_is_not_issued(sample):
    plates = pd.read_parquet(sample / "truth" / "vehicles.parquet")["plate"]
    read = read_plates(plates)
    assert read["plate_state"].eq("read").all() and plates.is_unique
    assert plates.str.slice(-4, -3).eq("0").all()
    assert set(read["plate_generation"]) == {"2019", "2004", "business", "1973_region"}


def test_city_toml_maps_every_raw_file_and_every_clean_table_but_one(sample):
    city = open_city(PROJECT / "data" / "sample")
    raw = sample / "1_raw"
    mapped = {path.name for source in city.sources for pattern in source.files for path in raw.glob(pattern)}
    assert mapped == {path.name for path in raw.iterdir()} - {STAMP}
    clean = {table.name for table in TABLES.values() if table.stage == "2_clean"}
    assert clean - {source.table for source in city.sources} == {"citizen_reports"}
    assert all(hours.verified and hours.basis for hours in city.hours)
    assert "가상" in city.name.ko and "synthetic" in city.name.en
    owners = {part for source in city.sources for parts in source.columns.values() for part in parts}
    assert not any("소유자" in spellings for spellings in owners)


def test_boundaries_lie_side_by_side_and_hold_their_places(sample):
    import geopandas

    areas = geopandas.read_file(sample / "1_raw" / "읍면동.geojson").to_crs(5179)
    assert len(areas) == 16 and areas.is_valid.all()
    assert areas.union_all().area == pytest.approx(areas.area.sum(), rel=1e-6)
    places = pd.read_parquet(sample / "truth" / "places.parquet")
    points = geopandas.GeoDataFrame(places, geometry=geopandas.points_from_xy(places["x"], places["y"]), crs=5179)
    assert (points.sjoin(areas, predicate="within")["ADM_NM"] == places["area_name"]).all()
    zones = json.loads((sample / "1_raw" / "보호구역.geojson").read_text(encoding="utf-8"))["features"]
    east, north = zones[0]["geometry"]["coordinates"][0][0]
    assert 150_000 < east < 300_000 and 500_000 < north < 600_000


def test_raw_files_hold_no_path_of_this_machine(sample):
    paths = [str(PROJECT), str(sample), "/home/", "/tmp/", "C:\\Users"]
    for path in (sample / "1_raw").iterdir():
        parts = [path.read_bytes()]
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as book:
                parts = [book.read(name) for name in book.namelist()]
        assert not [where for where in paths for part in parts if where.encode() in part], path.name


def test_stamp_lists_each_file_with_its_hash(sample):
    stamp = json.loads((sample / "1_raw" / STAMP).read_text(encoding="utf-8"))
    assert stamp["files"] == {name: digest for name, digest in _hashes(sample / "1_raw").items() if name != STAMP}
    assert re.fullmatch("[0-9a-f]{64}", stamp["recipe"])


def test_csv_files_are_what_excel_in_an_office_writes(sample):
    for path in (sample / "1_raw").glob("*.csv"):
        encoding = "utf-8-sig" if "주차장" in path.name else "cp949"
        rows = list(csv.reader(io.StringIO(path.read_bytes().decode(encoding), newline="")))
        assert len({len(row) for row in rows}) == 1
        assert path.read_bytes().count(b"\r\n") == len(rows)


def test_cleaning_finds_every_planted_quirk_and_nothing_else(sample, planted, tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "keys" / "plates.key"))
    city = open_city(PROJECT / "data" / "sample")
    folder = tmp_path / "city"
    shutil.copytree(sample / "1_raw", folder / "1_raw")
    shutil.copy(city.folder / "city.toml", folder)
    sources = city.sources_of("tickets") + city.sources_of("areas") + city.sources_of("debts")
    clean_city(dataclasses.replace(city, folder=folder, sources=sources))
    ledger = pd.read_parquet(folder / "2_clean" / "tickets.ledger.parquet")
    found = {(row.source, row.what, row.reason_en): row.rows for row in ledger.itertuples()}
    camera, report, patrol = (planted[name] for name in SOURCES)
    expected = {
        (SOURCES[0], "came", "came"): camera["rows"] + camera["total_rows"],
        (SOURCES[0], "dropped", "total row"): camera["total_rows"],
        (SOURCES[0], "dropped", "test row of the electronic notice"): camera["test_rows"],
        (SOURCES[1], "came", "came"): report["rows"],
        (SOURCES[2], "came", "came"): patrol["rows"] + patrol["repeated_headers"],
        (SOURCES[2], "dropped", "repeated header"): patrol["repeated_headers"],
        (SOURCES[2], "mended", "axes exchanged"): patrol["swapped_axes"] - patrol["duplicates"],
        (SOURCES[2], "flagged", "coordinates outside the region or zero"): patrol["zero_position"],
    }
    for name in SOURCES:
        expected[name, "dropped", "exact duplicate"] = planted[name]["duplicates"]
        expected[name, "flagged", "plate is masked"] = planted[name]["masked_plates"]
        expected[name, "flagged", "plate is unreadable"] = planted[name]["unreadable_plates"]
    assert found == expected
    surprises = pd.read_parquet(folder / "2_clean" / "surprises.parquet")
    kinds = set(surprises["kind"]) - {"unused_file"}  # of the sources left out here
    assert kinds == {"duplicates", "mixed_formats", "outside", "swapped_axes"}
    tickets = pd.read_parquet(folder / "2_clean" / "tickets.parquet")
    debts = pd.read_parquet(folder / "2_clean" / "debts.parquet")
    vehicles = pd.read_parquet(sample / "truth" / "vehicles.parquet")
    owed = pd.read_parquet(sample / "truth" / "debts.parquet")
    ends = pd.date_range("2025-07-31", "2025-12-31", freq="ME")
    held = np.any([(owed["due_on"] <= day) & (owed["paid_on"] > day) for day in ends], axis=0)
    assert debts["plate_token"].nunique() == owed.loc[held, "vehicle"].nunique() > 300
    assert debts["plate_token"].isin(tickets["plate_token"]).mean() > 0.8
    assert not tickets.astype("str").isin(set(vehicles["plate"])).any().any()
