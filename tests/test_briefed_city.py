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
from dansok.city import PROJECT, open_city
from dansok.clean import clean_city
from dansok.link import link
from dansok.run import run

NOTEBOOKS = ("data_quality", "parking_hotspots")
MADE = ("2_clean", "3_linked", "4_analysed", "5_briefings")
# Looked for at every place of a text, so that 112가0345 is also seen as 12가0345.
PLATE = re.compile(r"(?=(\d{2,3}[가-힣]\s?\d{4}))")
MASKED = re.compile(r"\d{2,3}[가-힣]\s?\d{2}\*\*")
ODD_FIXED = "고정형 단속자료 25.01.01~12.31.xlsx"
HALF_YEAR = "시민신고 25.07.01~12.31.csv"


@pytest.fixture(scope="module")
def planted(sample_city):
    return json.loads((sample_city / "truth" / "planted.json").read_text(encoding="utf-8"))["sources"]


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
        # Two kernels at a time take no longer than one.
        said += [_finished(process) for process in [_start(*command) for command in commands]]
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
    assert sorted(path.name for path in (analysed / "latest").iterdir()) == ["findings.json", "metrics.json"]
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
    fixed, reports, car = (planted[f"{name}_exports"] for name in ("fixed_camera", "citizen_report", "patrol_car"))
    names = {"고정형 CCTV 내보내기": fixed, "시민신고 내보내기": reports, "주행형 단속차량 내보내기": car}
    for name, source in names.items():
        extra = source.get("total_rows", 0) + source.get("repeated_headers", 0)
        assert rows[name, "들어온 행"] == source["rows"] + extra
        assert rows[name, "모든 항목이 같은 중복 행"] == source["duplicates"]
        assert rows[name, "번호판 일부가 가려짐"] == source["masked_plates"]
        assert rows[name, "번호판을 읽을 수 없음"] == source["unreadable_plates"]
    assert rows["고정형 CCTV 내보내기", "전자고지 시험 행"] == fixed["test_rows"]
    assert rows["고정형 CCTV 내보내기", "합계 행"] == fixed["total_rows"]
    assert rows["주행형 단속차량 내보내기", "되풀이된 열 이름 행"] == car["repeated_headers"]
    # Every copy is of a row with a position.
    assert rows["주행형 단속차량 내보내기", "경도와 위도를 서로 바꿈"] == car["swapped_axes"] - car["duplicates"]
    assert rows["주행형 단속차량 내보내기", "좌표가 지역 밖이거나 0"] == car["zero_position"]


def test_the_share_placed_is_the_planted_one(findings, planted):
    fixed, reports, car = (planted[f"{name}_exports"] for name in ("fixed_camera", "citizen_report", "patrol_car"))
    forms = reports["address_forms"]
    cameras = fixed["rows"] - fixed["duplicates"] - fixed["test_rows"]
    known = {
        "fixed_camera": (cameras - fixed["camera_not_in_list"], cameras),
        "citizen_report": (
            forms["as_listed"] + forms["no_space"] + forms["nearby"] + reports["bare_in_dong"] - reports["duplicates"],
            reports["rows"] - reports["duplicates"],
        ),
        "mobile_camera": (car["swapped_axes"] - car["duplicates"], car["rows"] - car["duplicates"]),
    }
    said = findings["data_quality"]["placed"]["numbers"]
    assert said["placed"] == sum(placed for placed, _ in known.values())
    assert said["records"] == sum(rows for _, rows in known.values())
    for channel, (placed, rows) in known.items():
        assert said[f"share_{channel}"] == pytest.approx(placed / rows), channel


def test_the_true_peak_at_lunch_is_hidden_in_counts_and_shown_by_cameras_that_go_on(sample_city, drawn, findings):
    intensity = pd.read_parquet(sample_city / "truth" / "intensity_by_area_hour.parquet")
    true = intensity.groupby("hour").violations_per_day.sum()
    assert set(true.nlargest(3).index) == {12, 13, 19}
    clock = drawn.clocks.query("channel == 'fixed_camera'").set_index("hour").records
    assert clock.idxmax() == 14 and not {12, 13} & set(clock.nlargest(10).index), "in the counts lunch looks quiet"
    going = drawn.lunch[drawn.lunch.exempt].set_index("hour").rate
    assert set(going.nlargest(2).index) == {12, 13}, "per camera-hour it is the peak that was planted"
    assert going.loc[15:].idxmax() == 19
    said = findings["parking_hotspots"]["what_the_peak_means"]
    planted = true[[12, 13]].mean() / true[[10, 11, 14, 15, 16, 17]].mean()
    assert said["numbers"]["lunch_to_daytime_where_cameras_go_on"] == pytest.approx(planted, rel=0.1)
    assert "점심에 쉬는 카메라에서만 나타난다" in said["ko"] and "is above that of the day" in said["en"]
    assert said["numbers"]["lunch_to_daytime_low"] < planted < said["numbers"]["lunch_to_daytime_high"]
    assert findings["parking_hotspots"]["citizen_clock"]["numbers"]["peak_hour"] == 19


def test_the_cameras_that_go_on_are_planted_ones(sample_city, findings):
    """All of them, but for cameras too new or too quiet to tell."""
    cameras = pd.read_parquet(sample_city / "truth" / "cameras.parquet").set_index("camera_id")
    exposure = pd.read_parquet(sample_city / "3_linked" / "exposure.parquet").query("channel == 'fixed_camera'")
    tickets = pd.read_parquet(sample_city / "3_linked" / "placed_tickets.parquet", columns=["camera_id"])
    found = set(exposure[exposure.hour == 12].unit)
    planted = set(cameras.index[cameras.exempt & cameras.in_list].astype(str))
    assert found <= planted
    assert tickets.camera_id.isin(planted - found).sum() < 30
    said = findings["parking_hotspots"]["what_the_peak_means"]["numbers"]["cameras_through_grace"]
    assert said == len(found)


def test_cameras_outside_the_list_are_told_apart_as_listed_ones_are(sample_city):
    cameras = pd.read_parquet(sample_city / "truth" / "cameras.parquet")
    exposure = pd.read_parquet(sample_city / "3_linked" / "exposure.parquet").query("channel == 'fixed_camera'")
    assert len(set(exposure.unit) - set(cameras.camera_id.astype(str))) == (~cameras.in_list).sum() == 3


def test_hours_at_which_the_car_rests_are_the_planted_ones(sample_city, findings):
    log = pd.read_parquet(sample_city / "truth" / "patrol_log.parquet")
    rest = set(range(9, 18)) - set(log.hour)
    assert findings["parking_hotspots"]["patrol_clock"]["numbers"]["hours_at_rest"] == len(rest) == 1


def test_the_outage_of_the_reporting_app_is_a_silence(sample_city):
    book = openpyxl.load_workbook(sample_city / "5_briefings" / "data_quality" / "latest.xlsx", read_only=True)
    (_, *rows) = book["침묵"].iter_rows(values_only=True)
    channel, first, last, days = rows[0]
    assert channel == "시민신고" and days >= 4, "the longest of all"
    assert pd.Timestamp("2025-05-12") <= first and last <= pd.Timestamp("2025-05-25")


# --- the same again, elsewhere ---


def test_a_second_run_elsewhere_gives_the_same_bytes(sample_city, again):
    folder, _said = again
    for stage, kind in (("3_linked", "*.parquet"), ("5_briefings", "*")):
        assert _hashes(folder / stage, kind) == _hashes(sample_city / stage, kind)
    for name in NOTEBOOKS:
        one, other = (city / "4_analysed" / name / "latest" for city in (sample_city, folder))
        assert _hashes(one) == _hashes(other)


# --- no plate leaves 1_raw ---


@pytest.fixture(scope="module")
def plates(sample_city):
    """Every plate that stands in a column 차량번호 of 1_raw, with and without its blank."""
    found = set()
    for path in sorted((sample_city / "1_raw").iterdir()):
        for table in _raw_tables(path):
            for _, column in table.items():
                cells = column.dropna().astype(str).str.strip()
                if (cells == "차량번호").any():
                    found |= set(PLATE.findall("\n".join(cells)))
    return found | {re.sub(r"\s", "", plate) for plate in found}


def _raw_tables(path):
    if path.suffix == ".xlsx":
        yield from pd.read_excel(path, sheet_name=None, header=None, dtype=str, engine="calamine").values()
    elif path.suffix == ".csv":
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
    assert len(plates) > 5_000
    for name in ("차량포착_2025.xlsx", "주행형 단속자료 25.09.xls"):
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
        ('last_month: "2024-06"', "there are no records of this month. Months with records: 2024-07 to 2025-12"),
        ('last_month: "2027-01"', "there are no records of this month"),
        ('last_month: "2025-13"', "write a month as 2025-08"),
        ('first_month: "2025-09"\nlast_month: "2025-08"', "lies before first_month"),
        ("area: 없는동", "is no 읍면동 of Gaon City"),
        ("top_places: 0", "write 1 to 50"),
        ("top_places: 51", "write 1 to 50"),
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
    """A city whose exports end in November, cleaned and linked, and the files of December beside it."""
    folder = tmp_path_factory.mktemp("growing") / "sample"
    raw, december = folder / "1_raw", folder.parent / "december"
    shutil.copytree(sample_city / "1_raw", raw, ignore=shutil.ignore_patterns("체납*", "납부*", "영치*", "차량포착*"))
    december.mkdir()
    settings = (sample_city / "city.toml").read_text(encoding="utf-8")
    (folder / "city.toml").write_text(settings[: settings.index("# --- Tax and fines")], encoding="utf-8")
    shutil.move(raw / "주행형 단속자료 25.12.xlsx", december)
    _split_cameras(raw, december)
    _split_reports(raw, december)
    _clean_and_link(folder)
    return folder, december


def _split_cameras(raw, december):
    sheets = pd.read_excel(raw / ODD_FIXED, sheet_name=None, header=2, dtype=str, engine="calamine")
    rows = pd.concat(part.rename(columns=str.strip) for part in sheets.values())
    rows = rows[rows.단속일시 != "합계"]
    late = rows.단속일시 >= "2025-12"
    for path, part in (
        (raw / "고정형 단속자료 25.01~11.xlsx", rows[~late]),
        (december / "고정형 단속자료 25.12.xlsx", rows[late]),
    ):
        with xlsxwriter.Workbook(path) as book:
            sheet = book.add_worksheet()
            for number, cells in enumerate([part.columns, *part.fillna("").to_numpy()]):
                sheet.write_row(number, 0, cells)
    (raw / ODD_FIXED).unlink()


def _split_reports(raw, december):
    head, *rows = (raw / HALF_YEAR).read_bytes().decode("cp949").splitlines()
    for path, part in (
        (raw / "시민신고 25.07~11.csv", [row for row in rows if not row.startswith("2025.12.")]),
        (december / "시민신고 25.12.csv", [row for row in rows if row.startswith("2025.12.")]),
    ):
        path.write_bytes("\r\n".join([head, *part, ""]).encode("cp949"))
    (raw / HALF_YEAR).unlink()


def _clean_and_link(folder):
    city = open_city(folder)
    clean_city(city)
    link(city)


def test_next_month_needs_the_new_files_and_one_run_file(sample_city, grown, project, monkeypatch):
    folder, december = grown
    monkeypatch.setattr("dansok.run.NOTEBOOKS", project)

    def latest():
        return parking_hotspots.Choices(
            str(folder), "x", "ko", "", "12 months", "latest", area="", top_places=15
        ).last_month

    assert latest() == "2025-11"
    run(folder, "data_quality", "latest")
    before = _json(folder / "4_analysed" / "data_quality" / "latest" / "findings.json")
    assert before["arrived"]["numbers"]["last_day"] == "2025-11-30"
    old = _hashes(folder / "4_analysed")

    for path in december.iterdir():
        shutil.copy(path, folder / "1_raw")
    _clean_and_link(folder)
    assert latest() == "2025-12"
    (project / "runs" / "parking_hotspots" / "2025-12.yaml").write_text(
        'first_month: "2025-12"\nlast_month: "2025-12"\n', encoding="utf-8"
    )
    done = run(folder, "parking_hotspots", "2025-12")
    made = publish(done, folder / "5_briefings" / "parking_hotspots", "2025-12")
    assert [path.name for path in made] == ["2025-12.ko.pdf", "2025-12.en.pdf", "2025-12.xlsx"]
    assert "2025-12" in pypdf.PdfReader(made[1]).pages[0].extract_text().replace("\u2060", "")
    metrics = _json(folder / "4_analysed" / "parking_hotspots" / "2025-12" / "metrics.json")
    whole = pd.read_parquet(sample_city / "3_linked" / "placed_tickets.parquet")
    month = whole[whole.issued_at.dt.strftime("%Y-%m") == "2025-12"].groupby("channel").size()
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
    choices = data_quality.Choices(str(sample_city), "x", "ko", "", "2025-12", "2025-12")
    result = data_quality.analyse(data_quality.load(choices), choices)
    month = pd.read_parquet(sample_city / "3_linked" / "placed_tickets.parquet", columns=["issued_at", "how_placed"])
    month = month[month.issued_at.dt.strftime("%Y-%m") == "2025-12"]
    said = result.findings["placed"].numbers
    assert (said["records"], said["placed"]) == (len(month), month.how_placed.notna().sum())


# --- broken exports ---


@pytest.fixture(scope="module")
def small(sample_city, tmp_path_factory):
    """One month of the patrol car with what its places need: quick to clean, and cleaned."""
    folder = tmp_path_factory.mktemp("small") / "sample"
    (folder / "1_raw").mkdir(parents=True)
    for name in ("주행형 단속자료 25.08.xlsx", "cctv.json", "읍면동.geojson", "지번주소_좌표.json"):
        shutil.copy(sample_city / "1_raw" / name, folder / "1_raw")
    head, *sources = (sample_city / "city.toml").read_text(encoding="utf-8").split("[[source]]\n")
    wanted = ("patrol_car_exports", "camera_list", "boundaries", "address_table")
    kept = [source for source in sources if any(f'name = "{name}"' in source for name in wanted)]
    assert len(kept) == len(wanted)
    settings = "[[source]]\n".join([head, *kept]).replace(', "주행형 단속자료*.xls"]', "]")
    (folder / "city.toml").write_text(settings, encoding="utf-8")
    _command("clean", folder)
    assert len(pd.read_parquet(folder / "2_clean" / "tickets.parquet")) > 500
    return folder


def _without_a_column(folder):
    _rewrite(folder, lambda rows: rows.drop(columns="단속시간"))


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
columns = { issued_at = "단속일자", channel = "단속구분" }

[[source]]
name = "camera_list"
"""


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (_without_a_column, "단속시간"),
        (_with_a_new_word, "주행형CCTV(신형)"),
        (_cut_short, "주행형 단속자료 25.08.xlsx"),
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
