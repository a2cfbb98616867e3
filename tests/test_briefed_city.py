"""The sample city from exports to briefings: files, planted truth, no plate anywhere, and what happens when things go wrong."""

import hashlib
import json
import os
import re
import runpy
import shutil
import subprocess
import sys
from io import StringIO

import nbformat
import numpy as np
import openpyxl
import pandas as pd
import papermill
import pyarrow.parquet as pq
import pypdf
import pypdfium2
import pytest
import xlsxwriter
from dansok.briefing import publish
from dansok.cases import data_quality, parking_hotspots
from dansok.cases.parking_hotspots import shown
from dansok.city import PROJECT, open_city
from dansok.clean import clean_city
from dansok.link import link
from dansok.run import run

NOTEBOOKS = sorted(path.stem for path in (PROJECT / "notebooks").glob("*.ipynb"))
# What the field list and the replay of next month read.
LEFT_FOR_LATER = {"delinquent_stakeout": ("blocks.parquet", "meetings.parquet", "plan.json")}
MADE = ("2_clean", "3_linked", "4_analysed", "5_briefings")
# Looked for at every place of a text, so that 112가0345 is also seen as 12가0345; motorcycles bear a region and no number.
PLATE = re.compile(r"(?=((?:\d{2,3}|서울|경기|인천|강원)[가-힣]\s?\d{4}))")
MASKED = re.compile(r"\d{2,3}[가-힣]\s?\d{2}\*\*")
ODD_BOOK = "현장단속_2025년.xlsx"
# Files of 1_raw that reach into June 2025 -> the same without June, June alone, and how a line of June begins.
REACHING_INTO_JUNE = {
    "주정차단속_고정형_2025.01-06.csv": (
        "주정차단속_고정형_2025.01-05.csv",
        "주정차단속_고정형_2025.06.csv",
        r"\d+,2025/06/",
    ),
    "주정차단속_주행형_2025.04-06.csv": (
        "주정차단속_주행형_2025.04-05.csv",
        "주정차단속_주행형_2025.06.csv",
        "2025/06/",
    ),
    "시민신고 25.01.01~06.30.csv": ("시민신고 25.01~05.csv", "시민신고 25.06.csv", r"2025\.(6\.|5\.31\. 24:00)"),
    "단속차량_위치기록_2025.csv": ("단속차량_위치기록_2025.csv", "단속차량_위치기록_2025.06.csv", "2025-06-"),
}


@pytest.fixture(scope="module")
def planted(sample_city):
    return json.loads((sample_city / "truth" / "planted.json").read_text(encoding="utf-8"))["sources"]


@pytest.fixture(scope="module")
def told(sample_city):
    """What happened: name -> days and sizes."""
    return _json(sample_city / "truth" / "planted.json")["told"]


@pytest.fixture(scope="module")
def findings(sample_city):
    """notebook -> findings by name."""
    return {name: _json(sample_city / "4_analysed" / name / "latest" / "findings.json") for name in NOTEBOOKS}


@pytest.fixture(scope="module")
def drawn(sample_city):
    """What the hot-spot briefing was drawn from."""
    choices = parking_hotspots.Choices(
        str(sample_city), "again", "ko", "", "12 months", "latest", area="", top_places=15
    )
    return parking_hotspots.analyse(parking_hotspots.load(choices), choices)


@pytest.fixture(scope="module")
def again(sample_city, tmp_path_factory):
    """The same exports through the commands in another place: the folder, and all that they printed."""
    folder = tmp_path_factory.mktemp("elsewhere") / sample_city.name
    shutil.copytree(sample_city / "1_raw", folder / "1_raw")
    shutil.copy(sample_city / "city.toml", folder)
    said = [_command("clean", folder), _command("link", folder)]
    runs = [("run", folder, name, "latest") for name in NOTEBOOKS]
    made = [(folder / "4_analysed" / name / "latest.ipynb", folder / "5_briefings" / name) for name in NOTEBOOKS]
    for commands in (runs, [("briefing", *paths, "latest") for paths in made]):
        for first in range(0, len(commands), 2):
            # Two kernels at a time take no longer than one.
            pair = [_start(*command) for command in commands[first : first + 2]]
            said += [_finished(process) for process in pair]
    return folder, said


def _start(command, *arguments):
    line = [sys.executable, "-m", f"dansok.{command}", *map(str, arguments)]
    return subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=PROJECT)


def _finished(process, code=0):
    out, err = process.communicate(timeout=300)
    assert process.returncode == code, err
    return out, err


def _command(command, *arguments, code=0):
    return _finished(_start(command, *arguments), code)


def _json(path):
    return json.loads(path.read_text(encoding="utf-8"))


def _hashes(folder, kind="*"):
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob(kind))
        if path.is_file()
    }


def _one_sentence_in_each_language(said):
    korean, english = said.strip().splitlines()
    assert re.search("[가-힣]", korean) and len(korean) < 600
    assert not re.search("[가-힣]{8,}", english) and english.rstrip().endswith((".", "?", ")")), english
    assert "Traceback" not in said
    return english


# --- what is there ---


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_every_file_that_others_rely_on_is_there(sample_city, name):
    analysed, made = sample_city / "4_analysed" / name, sample_city / "5_briefings" / name
    assert sorted(path.name for path in analysed.iterdir()) == ["latest", "latest.ipynb"]
    left = sorted(["findings.json", "metrics.json", *LEFT_FOR_LATER.get(name, ())])
    assert sorted(path.name for path in (analysed / "latest").iterdir()) == left
    assert sorted(path.name for path in made.iterdir()) == ["latest.en.pdf", "latest.ko.pdf", "latest.xlsx"]
    metrics = _json(analysed / "latest" / "metrics.json")
    assert metrics and all(type(value) in (int, float) for value in metrics.values()), metrics
    for finding in _json(analysed / "latest" / "findings.json").values():
        assert sorted(finding) == ["en", "ko", "numbers"] and finding["ko"] and finding["en"]


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("name", NOTEBOOKS)
def test_pdfs_are_accessible_and_complete(sample_city, name, language):
    reader = pypdf.PdfReader(sample_city / "5_briefings" / name / f"latest.{language}.pdf")
    assert len(reader.pages) >= 4
    root = reader.root_object
    assert root["/Lang"].lower().startswith(language) and root["/MarkInfo"]["/Marked"]
    assert re.search(rb"pdfuaid:part(>|=\")1", root["/Metadata"].get_data())
    assert reader.outline and reader.metadata.title
    fonts = [thing for thing in _objects(reader) if thing.get("/Type") == "/FontDescriptor"]
    assert fonts and all({"/FontFile", "/FontFile2", "/FontFile3"} & set(font) for font in fonts)


def _objects(reader):
    for number in range(1, reader.trailer["/Size"]):
        thing = reader.get_object(pypdf.generic.IndirectObject(number, 0, reader))
        if isinstance(thing, dict):
            yield thing


# --- the planted truth ---


def test_the_ledger_counts_what_was_planted(sample_city, planted):
    sheet = openpyxl.load_workbook(sample_city / "5_briefings" / "data_quality" / "latest.xlsx", read_only=True)["장부"]
    rows = {(source, reason): n for source, _step, reason, n, _left in sheet.iter_rows(values_only=True)}
    names = {
        "고정형 CCTV 내보내기": "fixed_camera_exports",
        "시민신고 내보내기": "citizen_report_exports",
        "주행형 단속차량 내보내기": "patrol_car_exports",
        "현장 단속 내보내기": "officer_exports",
    }
    for name, source in names.items():
        known = planted[source]
        totals = known.get("total_rows", 0) + known.get("subtotal_rows", 0)
        assert rows[name, "들어온 행"] == known["rows"] + totals + known.get("repeated_headers", 0)
        assert rows[name, "모든 항목이 같은 중복 행"] == known["duplicates"]
        assert rows[name, "번호판 일부가 가려짐"] == known["masked_plates"]
        assert rows[name, "번호판을 읽을 수 없음"] == known["unreadable_plates"]
        assert rows.get((name, "합계 행"), 0) == totals
    fixed, car = planted["fixed_camera_exports"], planted["patrol_car_exports"]
    assert rows["고정형 CCTV 내보내기", "전자고지 시험 행"] == fixed["test_rows"]
    assert rows["주행형 단속차량 내보내기", "되풀이된 열 이름 행"] == car["repeated_headers"]
    planted_rows = pd.read_parquet(sample_city / "truth" / "rows" / "patrol_car_exports.parquet")
    swapped = planted_rows[(planted_rows.position_state == "mended") & (planted_rows.fate == "kept")]
    assert rows["주행형 단속차량 내보내기", "경도와 위도를 서로 바꿈"] == len(swapped) > 0
    assert rows["주행형 단속차량 내보내기", "좌표가 지역 밖이거나 0"] == car["zero_position"] > 0


def test_the_share_placed_is_the_planted_one(findings, planted):
    sources = ("fixed_camera_exports", "citizen_report_exports", "patrol_car_exports", "officer_exports")
    fixed, reports, car, team = (planted[name] for name in sources)
    forms = reports["address_forms"]
    on_foot = team["records"]
    known = {
        "fixed_camera": (fixed["records"] - fixed["camera_not_in_list"], fixed["records"]),
        "citizen_report": (
            forms["as_listed"] + forms["no_space"] + forms["nearby"] + reports["bare_in_dong"] - reports["duplicates"],
            reports["records"],
        ),
        "mobile_camera": (car["records"] - car["no_position"] - car["zero_position"], car["records"]),
        "officer": (on_foot, on_foot),
    }
    said = findings["data_quality"]["placed"]["numbers"]
    assert said["placed"] == sum(placed for placed, _ in known.values())
    assert said["records"] == sum(rows for _, rows in known.values())
    for channel, (placed, rows) in known.items():
        assert said[f"share_{channel}"] == pytest.approx(placed / rows), channel


def test_the_true_peak_at_lunch_is_hidden_in_counts_and_shown_by_cameras_that_go_on(sample_city, drawn, findings):
    intensity = pd.read_parquet(sample_city / "truth" / "intensity_by_place_hour.parquet")
    true = intensity.groupby("hour").violations_per_day.sum()
    cameras = pd.read_parquet(sample_city / "truth" / "cameras.parquet")
    where_cameras_go_on = intensity[intensity.place.isin(cameras.place[cameras.exempt])]
    assert set(true.nlargest(3).index) == {12, 13, 19}
    clock = drawn.clocks.query("channel == 'fixed_camera'").set_index("hour").records
    assert clock.idxmax() == 14 and not {12, 13} & set(clock.nlargest(10).index), "in the counts lunch looks quiet"
    going = drawn.lunch[drawn.lunch.exempt].set_index("hour").rate
    assert set(going.nlargest(2).index) == {12, 13}, "per camera-hour it is the peak that was planted"
    # At 15 h cars that came at noon and are still there are recorded once more: the evening is looked at from 16 h on.
    assert going.loc[16:].idxmax() == 19
    said = findings["parking_hotspots"]["what_the_peak_means"]
    true = where_cameras_go_on.groupby("hour").violations_per_day.sum()
    assert np.corrcoef(going, true[going.index])[0, 1] > 0.95
    planted = true[[12, 13]].mean() / true[[10, 11, 14, 15, 16, 17]].mean()
    assert said["numbers"]["lunch_to_daytime_where_cameras_go_on"] == pytest.approx(planted, rel=0.1)
    assert "is above that of the day" in said["en"]
    # Where cameras go on, 14 h lies between lunch and the afternoon: the peak is higher where they stop, but not only there.
    numbers = said["numbers"]
    assert true[14] > true[[15, 16]].mean() and "점심에 쉬는 카메라에서만 나타난다" not in said["ko"]
    assert numbers["peak_to_next_hours_where_cameras_stop"] > 1.15 * numbers["peak_to_next_hours_where_cameras_go_on"]
    assert said["numbers"]["lunch_to_daytime_low"] < planted < said["numbers"]["lunch_to_daytime_high"]
    assert findings["parking_hotspots"]["citizen_clock"]["numbers"]["peak_hour"] == 19


def test_corrected_the_day_peaks_when_it_truly_does(sample_city, findings):
    intensity = pd.read_parquet(sample_city / "truth" / "intensity_by_place_hour.parquet")
    true = intensity.groupby("hour").violations_per_day.sum()
    said = findings["parking_hotspots"]["true_clock"]["numbers"]
    assert said["raw_peak_hour"] == 14
    assert said["peak_hour"] in set(true.nlargest(2).index) == {12, 13}
    assert true[said["highest_hours"]].min() >= true.nlargest(4).min()
    assert said["low"] < said["peak_share"] < said["high"]


def test_vehicles_that_come_again_are_counted_once_a_stay_and_matched_by_token(sample_city, drawn, findings):
    visits = pd.read_parquet(sample_city / "3_linked" / "visits.parquet")
    visits = visits[visits.plate_token.notna() & (visits.records > 0) & (visits.first_at >= "2024-07-01")]
    by_vehicle = visits.groupby("plate_token").agg(stays=("records", "size"), records=("records", "sum"))
    often = by_vehicle.stays >= 5
    said = findings["parking_hotspots"]["repeat"]["numbers"]
    assert said["record_share_of_often_seen"] == pytest.approx(
        by_vehicle.records[often].sum() / by_vehicle.records.sum()
    )
    assert said["vehicle_share_of_often_seen"] == pytest.approx(often.mean())
    debts = pd.read_parquet(sample_city / "2_clean" / "debts.parquet")
    owing = set(debts.plate_token[debts.snapshot_on == debts.snapshot_on.max()].dropna())
    assert said["often_seen_vehicles"] == often.sum()
    assert said["often_seen_in_debt"] == by_vehicle.index[often].isin(owing).sum() > 100
    assert drawn.repeat.vehicles.sum() == len(by_vehicle)
    assert (drawn.repeat.in_debt.dropna() >= 5).all()


def test_no_records_where_nobody_looked_is_missing_and_no_zero(sample_city, drawn):
    """Patrol cars rest on Sundays, officers at the weekend: the days are hatched, not zero."""
    exposure = pd.read_parquet(sample_city / "3_linked" / "exposure.parquet")
    day = pd.to_datetime(exposure.day)
    recent = exposure[day.between("2025-01-01", "2025-12-31")].assign(weekday=day.dt.day_of_week)
    watched = set(recent[recent.watched_hours > 0].groupby(["channel", "weekday", "hour"]).groups)
    week = drawn.week[drawn.week.channel.isin(["mobile_camera", "officer"])]
    zero = week[week.value == 0]
    assert set(zip(zero.channel, zero.weekday, zero.hour, strict=True)) <= watched
    assert week.value[(week.channel == "mobile_camera") & (week.weekday == 6)].isna().all()
    assert week.value[(week.channel == "officer") & (week.weekday >= 5)].isna().all()


def test_every_hot_spot_is_of_one_kind_and_on_the_map(drawn, findings):
    said, cells = findings["parking_hotspots"]["hot_spots"]["numbers"], drawn.corrected.cells
    kinds = ("new", "intensifying", "persistent", "sporadic", "diminishing", "period")
    monthly_only = int((~cells["hot"].astype(bool) & cells["kind"].notna()).sum())
    assert sum(said.get(f"{kind}_cells", 0) for kind in kinds) == said["cells_here"] + monthly_only
    assert len(shown.hot_cells(drawn.corrected)) == said["cells_here"] + monthly_only > 10


def test_the_workbook_holds_every_table_of_the_corrected_side(sample_city, drawn):
    book = openpyxl.load_workbook(sample_city / "5_briefings" / "parking_hotspots" / "latest.xlsx", read_only=True)
    rows = {
        "상위 장소": 15, "진단": 15, "어긋나는 곳": len(drawn.corrected.disagree), "민원과 단속": len(drawn.corrected.named),
        "되풀이 차량": 4, "주 예측": 16, "예측 성적": 5, "적중률": 6, "방법의 차이": 3, "고른 것": len(drawn.made),
    }  # fmt: skip
    assert {name: len(list(book[name].values)) - 1 for name in rows} == rows
    header, *lines = book["진단"].iter_rows(values_only=True)
    told = {line[header.index("진단")] for line in lines}
    assert told <= {"단속", "표지·안내", "주차면 확보", "지켜봄", "판단 보류"} and len(told) > 1


def test_the_cameras_that_go_on_are_planted_ones(sample_city, findings):
    """All of them, but for cameras too new or too quiet to tell."""
    cameras = pd.read_parquet(sample_city / "truth" / "cameras.parquet")
    # A camera outside the list goes by its name.
    unit = cameras.camera_id.astype(str).where(cameras.in_list, cameras.camera_name.str.replace(" ", ""))
    exposure = pd.read_parquet(sample_city / "3_linked" / "exposure.parquet").query("channel == 'fixed_camera'")
    tickets = pd.read_parquet(sample_city / "3_linked" / "placed_tickets.parquet", columns=["camera_id", "issued_at"])
    found = set(exposure[exposure.hour == 12].unit)
    planted = set(unit[cameras.exempt])
    assert found <= planted and len(found) > 5
    minute = tickets.issued_at.dt.hour * 60 + tickets.issued_at.dt.minute
    outside_grace = tickets[~minute.between(690, 839)].camera_id.value_counts()
    for quiet in planted - found:
        # Two and a half hours of grace, eleven and a sixth outside.
        assert outside_grace.get(quiet, 0) * 2.5 / (11 + 1 / 6) < 6.9, "it records enough in the grace to be told"
    said = findings["parking_hotspots"]["what_the_peak_means"]["numbers"]["cameras_through_grace"]
    assert said == len(found)


def test_cameras_outside_the_list_are_told_apart_as_listed_ones_are(sample_city):
    cameras = pd.read_parquet(sample_city / "truth" / "cameras.parquet")
    exposure = pd.read_parquet(sample_city / "3_linked" / "exposure.parquet").query("channel == 'fixed_camera'")
    assert len(set(exposure.unit) - set(cameras.camera_id.astype(str))) == (~cameras.in_list).sum() == 3


def test_hours_at_which_the_car_rests_are_the_planted_ones(sample_city, findings):
    rounds = pd.read_parquet(sample_city / "truth" / "rounds.parquet")
    rest = set(range(9, 18)) - set(rounds.hour[rounds.kind == "car"])
    assert findings["parking_hotspots"]["patrol_clock"]["numbers"]["hours_at_rest"] == len(rest) == 2


def test_the_outage_of_the_reporting_app_is_a_silence(sample_city, told):
    book = openpyxl.load_workbook(sample_city / "5_briefings" / "data_quality" / "latest.xlsx", read_only=True)
    (_, *rows) = book["침묵"].iter_rows(values_only=True)
    channel, first, last, days = rows[0]
    assert channel == "시민신고" and days >= 4, "the longest of all"
    outage = told["app_outage"]
    assert pd.Timestamp(outage["from"]) <= first and last <= pd.Timestamp(outage["to"])


# --- the same again, elsewhere ---


def test_a_second_run_elsewhere_without_the_truth_gives_the_same_bytes(sample_city, again):
    folder, _said = again
    assert (sample_city / "truth").is_dir() and not (folder / "truth").exists()
    for stage in ("2_clean", "3_linked"):
        assert _hashes(folder / stage, "*.parquet") == _hashes(sample_city / stage, "*.parquet")
    for name in NOTEBOOKS:
        assert _hashes(folder / "5_briefings" / name) == _hashes(sample_city / "5_briefings" / name)
        one, other = (city / "4_analysed" / name / "latest" for city in (sample_city, folder))
        assert _hashes(one) == _hashes(other)


# --- no plate leaves 1_raw ---


@pytest.fixture(scope="module")
def plates(sample_city):
    """Every plate that stands in a column 차량번호 or 자동차번호 of 1_raw, with and without its blank."""
    found = set()
    for path in sorted((sample_city / "1_raw").iterdir()):
        for table in _raw_tables(path):
            for _, column in table.items():
                cells = column.dropna().astype(str).str.strip()
                if cells.isin(["차량번호", "자동차번호"]).any():
                    found |= set(PLATE.findall("\n".join(cells)))
    return found | {re.sub(r"\s", "", plate) for plate in found}


def _raw_tables(path):
    if path.suffix == ".xlsx":
        yield from pd.read_excel(path, sheet_name=None, header=None, dtype=str, engine="calamine").values()
    elif path.suffix.lower() == ".csv":
        head = path.read_bytes()
        text = head.decode("utf-8-sig" if head.startswith(b"\xef\xbb\xbf") else "cp949")
        width = text.splitlines()[0].count(",") + 1
        yield pd.read_csv(StringIO(text), header=None, names=range(width), dtype=str)
    elif path.suffix == ".xls":
        rows = re.findall("<tr>(.*?)</tr>", path.read_text(encoding="utf-8"))
        yield pd.DataFrame([re.findall("<t[dh]>(.*?)</t[dh]>", row) for row in rows])


def _texts(path):
    """Everything that a reader of the file could find in it."""
    if path.suffix == ".parquet":
        table = pq.read_table(path).to_pandas()
        for name in table.columns[[not pd.api.types.is_numeric_dtype(kind) for kind in table.dtypes]]:
            yield "\n".join(table[name].dropna().astype(str).unique())
    elif path.suffix == ".pdf":
        document = pypdfium2.PdfDocument(path)
        for page in document:
            yield page.get_textpage().get_text_range()
        document.close()
    elif path.suffix == ".xlsx":
        for sheet in openpyxl.load_workbook(path, read_only=True):
            for row in sheet.iter_rows(values_only=True):
                yield "\n".join(str(cell) for cell in row if cell is not None)
    else:
        yield path.read_text(encoding="utf-8")


def test_the_search_for_plates_finds_them_where_they_are(sample_city, plates):
    assert len(plates) > 50_000 and any(plate.startswith("경기") for plate in plates)
    for name in ("현장단속_2024년.xlsx", "주행형 단속자료 23.07-09.xls"):
        found = set(PLATE.findall("\n".join(_texts(sample_city / "1_raw" / name))))
        assert len(found & plates) > 300, name


@pytest.mark.parametrize("stage", MADE)
def test_no_plate_leaves_the_raw_files(sample_city, plates, stage):
    files = [path for path in (sample_city / stage).rglob("*") if path.is_file()]
    assert files
    for path in files:
        for text in _texts(path):
            assert not set(PLATE.findall(text)) & plates, path.name
            assert not MASKED.search(text), path.name


def test_no_plate_and_no_key_is_printed(again, plates, key_ring):
    printed = "\n".join(part for pair in again[1] for part in pair)
    assert "tickets" in printed and "14 of 14 cells" in printed
    assert not PLATE.search(printed) and not MASKED.search(printed)
    secret = key_ring.read_text().strip()
    assert secret not in printed
    for stage in MADE:
        for path in (again[0] / stage).rglob("*"):
            assert not path.is_file() or secret.encode() not in path.read_bytes()


# --- a project of its own: `python -m dansok.run` with other run files and notebooks ---


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A copy of the notebooks that the command then takes for the project's."""
    shutil.copytree(PROJECT / "notebooks", tmp_path / "notebooks")
    monkeypatch.setattr("dansok.city.PROJECT", tmp_path)
    return tmp_path / "notebooks"


def _run_command(monkeypatch, *arguments):
    """`python -m dansok.run` within this process; its exit code."""
    monkeypatch.setattr(sys, "argv", ["run", *map(str, arguments)])
    monkeypatch.delitem(sys.modules, "dansok.run", raising=False)
    try:
        runpy.run_module("dansok.run", run_name="__main__")
    except SystemExit as end:
        return end.code
    return 0


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('last_month: "2023-06"', "there are no records of this month. Months with records: 2023-07 to 2025-06"),
        ('last_month: "2027-01"', "there are no records of this month"),
        ('last_month: "2025-13"', "write a month as 2025-08"),
        ('first_month: "2025-05"\nlast_month: "2025-04"', "lies before first_month"),
        ("area: 없는동", "is no 읍면동 of Synthetic city after Namyangju"),
        ("top_places: 0", "write 1 to 50"),
        ("top_places: 51", "write 1 to 50"),
        ("channels: taxi", "write all, or names with commas between"),
        ("false_share: 2.0", "write a number from 0.001 to 0.5"),
        ("forecast_places: 0", "write 1 to 200"),
        ("cell_metres: 5", "write 20 to 2000"),
        ("language: fr", "write ko or en"),
        ("last_mnth: latest", "is not a parameter"),
    ],
)
def test_impossible_choices_are_refused_before_a_kernel_starts(sample_city, project, monkeypatch, capfd, line, says):
    (project / "runs" / "parking_hotspots" / "latest.yaml").write_text(line, encoding="utf-8")
    before = [_hashes(sample_city / stage) for stage in MADE]

    def kernel(*_arguments, **_options):
        raise AssertionError("a kernel was started")

    monkeypatch.setattr(papermill, "execute_notebook", kernel)
    assert _run_command(monkeypatch, sample_city, "parking_hotspots", "latest") == 2
    assert says in _one_sentence_in_each_language(capfd.readouterr().err)
    assert [_hashes(sample_city / stage) for stage in MADE] == before


@pytest.mark.parametrize("name", ["parking_hotspot", "hot spots"])
def test_an_unknown_notebook_is_refused(sample_city, project, monkeypatch, capfd, name):
    assert _run_command(monkeypatch, sample_city, name, "latest") == 2
    _one_sentence_in_each_language(capfd.readouterr().err)


def test_a_notebook_that_never_ran_is_refused(tmp_path):
    _out, err = _command("briefing", tmp_path / "latest.ipynb", tmp_path, "latest", code=2)
    _one_sentence_in_each_language(err)


def test_a_failing_cell_leaves_the_old_briefing(sample_city, project, monkeypatch, capfd, tmp_path):
    folder = tmp_path / "sample"
    folder.mkdir()
    for part in (*MADE, "city.toml"):
        (shutil.copy if part == "city.toml" else shutil.copytree)(sample_city / part, folder / part)
    notebook = nbformat.read(project / "data_quality.ipynb", as_version=4)
    saves = next(i for i, cell in enumerate(notebook.cells) if "findings.save(" in cell.source)
    notebook.cells.insert(saves + 1, nbformat.v4.new_code_cell("raise ValueError('the eleventh cell')"))
    nbformat.write(notebook, project / "data_quality.ipynb")
    before = [_hashes(folder / stage) for stage in MADE]
    assert _run_command(monkeypatch, folder, "data_quality", "latest") == 2
    said = _one_sentence_in_each_language(capfd.readouterr().err)
    assert "ValueError: the eleventh cell" in said and "Earlier results are untouched" in said
    after = [_hashes(folder / stage) for stage in MADE]
    failed = after[2].pop("data_quality/latest.failed.ipynb")
    assert failed and after == before
    left = nbformat.read(folder / "4_analysed" / "data_quality" / "latest.failed.ipynb", as_version=4)
    assert any(o.output_type == "error" for cell in left.cells if cell.cell_type == "code" for o in cell.outputs)


# --- next month ---


@pytest.fixture(scope="module")
def grown(sample_city, tmp_path_factory):
    """A city whose exports end in May, cleaned and linked, and the files of June beside it."""
    folder = tmp_path_factory.mktemp("growing") / "sample"
    raw, june = folder / "1_raw", folder.parent / "june"
    tax = ("체납*", "납부*", "영치*", "자동차등록*", "*판독*", "주차장입차*")
    shutil.copytree(sample_city / "1_raw", raw, ignore=shutil.ignore_patterns(*tax))
    june.mkdir()
    settings = (sample_city / "city.toml").read_text(encoding="utf-8")
    settings = settings[: settings.index("# --- Tax and fines")]
    head, squad_log = settings.index('[[source]]\nname = "squad_car_log"'), settings.index("# --- Places")
    (folder / "city.toml").write_text(settings[:head] + settings[squad_log:], encoding="utf-8")
    for name, (before, after, late) in REACHING_INTO_JUNE.items():
        _split_lines(raw / name, raw / before, june / after, late)
    _split_book(raw, june)
    _clean_and_link(folder)
    return folder, june


def _split_lines(path, before, after, late):
    head, *rows = path.read_bytes().decode("cp949").splitlines()
    path.unlink()
    parts = [], []
    for row in rows:
        parts[bool(re.match(late, row))].append(row)
    for made, part in zip((before, after), parts, strict=True):
        assert len(part) > 100
        made.write_bytes("\r\n".join([head, *part, ""]).encode("cp949"))


def _split_book(raw, june):
    """The odd workbook loses its title, subtotals and total, as if somebody had tidied it."""
    rows = pd.read_excel(raw / ODD_BOOK, header=1, dtype=str, engine="calamine").rename(columns=str.strip)
    rows = rows[~rows.단속일자.isin(["소계", "합계"])]
    late = rows.단속일자.str.match(r"202506|2025\.6\.")
    for path, part in ((raw / "현장단속_25.01~05년.xlsx", rows[~late]), (june / "현장단속_25.06년.xlsx", rows[late])):
        with xlsxwriter.Workbook(path) as book:
            sheet = book.add_worksheet()
            for number, cells in enumerate([part.columns, *part.fillna("").to_numpy()]):
                sheet.write_row(number, 0, cells)
    (raw / ODD_BOOK).unlink()


def _clean_and_link(folder):
    city = open_city(folder)
    clean_city(city)
    link(city)


def test_next_month_needs_the_new_files_and_one_run_file(sample_city, grown, project, monkeypatch):
    folder, june = grown
    monkeypatch.setattr("dansok.run.NOTEBOOKS", project)

    def latest():
        return parking_hotspots.Choices(
            str(folder), "x", "ko", "", "12 months", "latest", area="", top_places=15
        ).last_month

    assert latest() == "2025-05"
    run(folder, "data_quality", "latest")
    before = _json(folder / "4_analysed" / "data_quality" / "latest" / "findings.json")
    assert before["arrived"]["numbers"]["last_day"] == "2025-05-31"
    old = _hashes(folder / "4_analysed")

    for path in june.iterdir():
        shutil.copy(path, folder / "1_raw")
    _clean_and_link(folder)
    assert latest() == "2025-06"
    (project / "runs" / "parking_hotspots" / "2025-06.yaml").write_text(
        'first_month: "2025-06"\nlast_month: "2025-06"\n', encoding="utf-8"
    )
    done = run(folder, "parking_hotspots", "2025-06")
    made = publish(done, folder / "5_briefings" / "parking_hotspots", "2025-06")
    assert [path.name for path in made] == ["2025-06.ko.pdf", "2025-06.en.pdf", "2025-06.xlsx"]
    assert "2025-06" in pypdf.PdfReader(made[1]).pages[0].extract_text().replace("\u2060", "")
    metrics = _json(folder / "4_analysed" / "parking_hotspots" / "2025-06" / "metrics.json")
    whole = pd.read_parquet(sample_city / "3_linked" / "placed_tickets.parquet")
    month = whole[whole.issued_at.dt.strftime("%Y-%m") == "2025-06"].groupby("channel").size()
    assert {channel: metrics[f"{channel}_records"] for channel in month.index} == month.to_dict()
    there = pd.read_parquet(folder / "3_linked" / "placed_tickets.parquet")
    assert (
        len(there) == len(whole)
        and there.how_placed.value_counts().to_dict() == whole.how_placed.value_counts().to_dict()
    )
    now = _hashes(folder / "4_analysed")
    assert {name: now[name] for name in old} == old, "the earlier briefing stays as it was"


def test_a_period_that_is_not_all_counts_only_its_own_rows(sample_city):
    """Rows, days and shares of a sentence must speak of the same records."""
    choices = data_quality.Choices(str(sample_city), "x", "ko", "", "2025-05", "2025-05")
    result = data_quality.analyse(data_quality.load(choices), choices)
    month = pd.read_parquet(sample_city / "3_linked" / "placed_tickets.parquet", columns=["issued_at", "how_placed"])
    month = month[month.issued_at.dt.strftime("%Y-%m") == "2025-05"]
    said = result.findings["placed"].numbers
    assert (said["records"], said["placed"]) == (len(month), month.how_placed.notna().sum())


# --- broken exports ---


@pytest.fixture(scope="module")
def small(sample_city, tmp_path_factory):
    """A quarter of the patrol cars with what their places need: quick to clean, and cleaned."""
    folder = tmp_path_factory.mktemp("small") / "sample"
    (folder / "1_raw").mkdir(parents=True)
    for name in ("주행형 단속자료 23.10-12.xlsx", "cctv.json", "읍면동.geojson", "지번주소_좌표.json"):
        shutil.copy(sample_city / "1_raw" / name, folder / "1_raw")
    head, *sources = (sample_city / "city.toml").read_text(encoding="utf-8").split("[[source]]\n")
    wanted = ("patrol_car_exports", "camera_list", "boundaries", "address_table")
    kept = [source for source in sources if any(f'name = "{name}"' in source for name in wanted)]
    assert len(kept) == len(wanted)
    settings = "[[source]]\n".join([head, *kept]).replace(', "주행형 단속자료*.xls", "주정차단속_주행형*.csv"]', "]")
    (folder / "city.toml").write_text(settings, encoding="utf-8")
    _command("clean", folder)
    assert len(pd.read_parquet(folder / "2_clean" / "tickets.parquet")) > 500
    return folder


def _without_a_column(folder):
    _rewrite(folder, lambda rows: rows.drop(columns="단속일시"))


def _with_a_new_word(folder):
    _rewrite(folder, lambda rows: rows.assign(단속구분="주행형CCTV(신형)"))


def _rewrite(folder, change):
    (path,) = (folder / "1_raw").glob("주행형*.xlsx")
    change(pd.read_excel(path, dtype=str, engine="calamine")).to_excel(path, index=False, engine="xlsxwriter")


def _cut_short(folder):
    (path,) = (folder / "1_raw").glob("주행형*.xlsx")
    path.write_bytes(path.read_bytes()[:20_000])


def _without_files(folder):
    (path,) = (folder / "1_raw").glob("주행형*.xlsx")
    path.unlink()


def _settings(old, new):
    def change(folder):
        text = (folder / "city.toml").read_text(encoding="utf-8")
        assert old in text
        (folder / "city.toml").write_text(text.replace(old, new, 1), encoding="utf-8")

    return change


CLASHING = """[[source]]
name = "patrol_car_again"
table = "tickets"
files = ["주행형 단속자료*.xlsx"]
columns = { issued_at = "단속일시", channel = "단속구분" }

[[source]]
name = "camera_list"
"""


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (_without_a_column, "단속일시"),
        (_with_a_new_word, "주행형CCTV(신형)"),
        (_cut_short, "주행형 단속자료 23.10-12.xlsx"),
        (_without_files, "주행형 단속자료*.xlsx"),
        (_settings('crs = "EPSG:4326"', 'crs = "EPSG:99999"'), "EPSG:99999"),
        (_settings('[[source]]\nname = "camera_list"\n', CLASHING), "Rows would count twice"),
    ],
    ids=["missing column", "unmapped value", "cut workbook", "no files", "unknown system", "clashing sources"],
)
def test_broken_exports_are_refused_and_change_nothing(small, tmp_path, harm, says):
    folder = tmp_path / "sample"
    shutil.copytree(small, folder)
    harm(folder)
    before = _hashes(folder / "2_clean")
    _out, err = _command("clean", folder, code=2)
    korean, english, *lines = (line for line in err.splitlines() if not line.startswith(('"', "#", "[")))
    assert says in english and re.search("[가-힣]", korean) and not lines, "a value to map comes with lines to add"
    assert "Traceback" not in err
    assert _hashes(folder / "2_clean") == before
    assert sorted(os.listdir(folder)) == ["1_raw", "2_clean", "city.toml"]
