"""No plate, no name and no address of a person leaves 1_raw: planted ones are looked for in every file that is written.

What is promised of texts that an export puts into a column for places is less: plates are taken out of them, names are not known
as such. That is why columns with names are not to be mapped (README).
"""

import io
import json
import os
import re
import shutil
import subprocess
import sys
import unicodedata
import zipfile
from functools import cached_property
from pathlib import Path

import nbformat
import openpyxl
import pandas as pd
import pyarrow.parquet as pq
import pypdf
import pypdfium2
import pytest
from dansok.briefing import fonts
from dansok.city import PROJECT
from gaon import city_toml

MADE = ("2_clean", "3_linked", "4_analysed", "5_briefings")
ENCODINGS = ("utf-8", "cp949", "utf-16-le", "utf-16-be")
# Anything that could be a plate, blanks or not; looked for at every place of a text: 112가0345 is also seen as 12가0345.
SHAPE = re.compile(r"(?=((?:\d{2,3}|[가-힣]{2}\d{1,3}|[가-힣]{2,7})[가-힣]\d{4}))")
BLANKS = re.compile(r"[\s\-·.‑–]+")


class Search:
    """Looks for texts in files of any kind.

    `texts` (a few, such as names) are looked for as they stand, in every encoding; `plates` (any number) among all that has the
    shape of a plate once blanks and hyphens are gone.
    """

    def __init__(self, texts=(), plates=()):
        self.texts = {plain(text) for text in texts}
        self.plates = {plain(plate) for plate in plates}
        self.bytes = [(text, text.encode(code)) for text in self.texts for code in ENCODINGS]

    def in_text(self, text):
        held = unicodedata.normalize("NFKC", text)
        squeezed = BLANKS.sub("", held)
        found = {text for text in self.texts if text in held or text in squeezed}
        return found | (self.plates and self.plates & set(SHAPE.findall(squeezed)))

    def in_file(self, path):
        """Texts that stand in a file, or in its name."""
        content = path.read_bytes()
        found = {text for text, raw in self.bytes if raw in content} | self.in_text(path.name)
        for text in texts_of(path, content):
            found |= self.in_text(text)
        return found

    def in_folders(self, *folders):
        """File -> what stands in it, and how many files were searched."""
        files = [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]
        return {str(path): found for path in files if (found := self.in_file(path))}, len(files)


def plain(text):
    return BLANKS.sub("", unicodedata.normalize("NFKC", text))


def texts_of(path, content):
    """Everything that a reader of the file could find in it, unpacked and decoded."""
    if content.startswith(b"PAR1"):
        table = pq.read_table(path)
        yield json.dumps([table.schema.names, str(table.schema.metadata)], ensure_ascii=False)
        frame = table.to_pandas()
        for name in frame.columns[[not pd.api.types.is_numeric_dtype(kind) for kind in frame.dtypes]]:
            yield "\n".join(frame[name].dropna().astype(str).unique())
    elif content.startswith(b"%PDF"):
        document = pypdfium2.PdfDocument(content)
        for page in document:
            yield page.get_textpage().get_text_range()
        document.close()
        reader = pypdf.PdfReader(io.BytesIO(content))
        yield f"{reader.metadata} {list(reader.attachments)}"
    elif content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            for name in packed.namelist():
                yield f"{name} {packed.read(name).decode('utf-8', 'ignore')}"
        if path.suffix == ".xlsx":
            for sheet in openpyxl.load_workbook(io.BytesIO(content), read_only=True):
                for row in sheet.iter_rows(values_only=True):
                    yield " ".join(str(cell) for cell in row if cell is not None)
    elif path.suffix in (".ipynb", ".json"):
        yield json.dumps(json.loads(content), ensure_ascii=False)
    else:
        for encoding in ENCODINGS:
            yield content.decode(encoding, "ignore")


# --- the search itself ---

HELD = {"plates": ["98허7313", "경기남양주가7317"], "texts": ["홍가상", "가상로 77-1313"]}
FORMS = (
    "98허7313",
    "98허 7313",
    "98 허-7313",
    "９８허７３１３",
    unicodedata.normalize("NFD", "98허7313"),
    "경기 남양주 가 7317",
)


def _parquet(path, text):
    pd.DataFrame({"n": [1, 2], "place": ["가동", f"차량 {text} 앞"]}).to_parquet(path, compression="zstd")


def _workbook(path, text):
    book = openpyxl.Workbook()
    book.active.append(["장소", f"{text} 앞"])
    book.save(path)


def _hidden_in_workbook(path, text):
    book = openpyxl.Workbook()
    book.properties.description = text
    book.save(path)


def _pdf(path, text):
    import typst

    path.with_suffix(".typ").write_text(f'#set text(font: "Pretendard")\n차량 {text} 앞\n', encoding="utf-8")
    typst.compile(str(path.with_suffix(".typ")), output=str(path), font_paths=[str(fonts.FOLDER)])
    path.with_suffix(".typ").unlink()


def _notebook(path, text):
    output = nbformat.v4.new_output("stream", text=f"{text}\n")
    cell = nbformat.v4.new_code_cell("show()", outputs=[output])
    path.write_text(json.dumps(nbformat.v4.new_notebook(cells=[cell])), encoding="ascii")  # as \uXXXX


def _log(encoding):
    return lambda path, text: path.write_bytes(f"2025-01-01 {text} 앞".encode(encoding, "replace"))


KINDS = {
    "a.parquet": _parquet, "a.xlsx": _workbook, "hidden.xlsx": _hidden_in_workbook, "a.pdf": _pdf, "a.ipynb": _notebook,
    "utf8.log": _log("utf-8"), "cp949.tmp": _log("cp949"), "utf16": _log("utf-16"),
}  # fmt: skip


@pytest.mark.parametrize("name", KINDS)
def test_the_search_finds_what_is_planted_in_a_file_of_each_kind(tmp_path, name):
    search = Search(**HELD)
    for text in (*FORMS, "홍가상", "가상로 77-1313"):
        if name == "cp949.tmp" and text != unicodedata.normalize("NFC", text):
            continue  # has no letters in pieces
        KINDS[name](tmp_path / name, text)
        assert search.in_file(tmp_path / name), (name, text)
        KINDS[name](tmp_path / name, "98허7314, 가상로 77")
        assert not search.in_file(tmp_path / name)
    (tmp_path / "98허 7313.txt").touch()
    assert search.in_folders(tmp_path) == ({str(tmp_path / "98허 7313.txt"): {"98허7313"}}, 2)


# --- the sample city ---


@pytest.fixture(scope="module")
def everybody(sample_city):
    """Every plate of the sample city's raw files, and what its registers name owners, chassis and reporters."""
    rows = sorted((sample_city / "truth" / "rows").rglob("*.parquet"))
    plates = set(pd.read_parquet(sample_city / "truth" / "register.parquet", columns=["plate"])["plate"])
    for path in rows:
        if "plate" in pq.read_schema(path).names:
            plates |= set(pd.read_parquet(path, columns=["plate"])["plate"].dropna())
    return Search(plates=plates)


PERSON = re.compile(r"가상인\d{6}|KSAMPLE\d{9}")


def test_no_plate_and_no_person_of_the_sample_city_leaves_its_raw_files(sample_city, everybody):
    assert len(everybody.plates) > 50_000
    raw = (sample_city / "1_raw" / "체납자료_202506.csv").read_bytes().decode("cp949")
    assert len(everybody.in_text(raw)) > 300 and PERSON.search(raw), "they are found where they are"
    found, searched = everybody.in_folders(*(sample_city / stage for stage in MADE))
    assert not found and searched > 60
    for path in (path for stage in MADE for path in (sample_city / stage).rglob("*") if path.is_file()):
        assert not any(PERSON.search(text) for text in texts_of(path, path.read_bytes())), path


def test_no_token_of_a_vehicle_stands_in_a_notebook_or_briefing(sample_city):
    tokens = set(pd.read_parquet(sample_city / "2_clean" / "debts.parquet")["plate_token"].dropna())
    tokens |= set(pd.read_parquet(sample_city / "2_clean" / "vehicles.parquet")["vehicle_token"].dropna())
    hexadecimal = re.compile(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])")
    for stage in ("4_analysed", "5_briefings"):
        for path in (sample_city / stage).rglob("*"):
            if (
                path.is_file() and path.suffix != ".parquet"
            ):  # the tables of a plan hold tokens: the field list needs them
                held = {one for text in texts_of(path, path.read_bytes()) for one in hexadecimal.findall(text)}
                assert not held & tokens, path.name


# --- a city full of what must not get out ---

PLATES = ("98허7313", "서울31바7315", "경기남양주가7317", "11가7319", "12나7321")
PERSONS = ("홍가상", "김가공", "가상로 77-1313", "010-9999-7313", "990101-9999999", "KSECRET00001313", "신고인1313")
CITY = city_toml(
    tickets="issued_at plate place_as_sent area_as_sent reporter longitude latitude",
    areas="area_code area_name geometry",
    debts="snapshot_on debt_id plate debt_kind due_on amount_krw",
    payments="paid_on debt_id plate amount_krw",
    vehicles="plate vehicle valid_from home_area",
    sightings="seen_at reader plate longitude latitude",
    outcomes="acted_at action plate place_as_sent",
)
IN_AREAS = "이상리"  # built like the name of a 리; stands in the column of areas, and so in the tables of stages 2 and 3, which keep such texts as sent
UNMAPPED = "홍가상,가상로 77-1313,010-9999-7313,990101-9999999"
HEAD = "소유자,주소,연락처,주민번호"
HERE = "127.2,37.65"
FILES = {
    "읍면동.csv": "코드,이름,경계\nA,가동,\"POLYGON ((127.1 37.6, 127.3 37.6, 127.3 37.7, 127.1 37.7, 127.1 37.6))\"\n",
    # Plates in the text of a place, a name in the column of areas and of moments, cells that moved by one.
    "단속.csv": f"일시,차량번호,장소,행정동,신고자,경도,위도,{HEAD}\n"
    + "".join(
        f"2025-06-{1 + n % 28:02d} {9 + n % 9:02d}:00,{PLATES[n % 5]},가동 {n % 4} {PLATES[n % 5] if n % 3 else ''},{IN_AREAS if n % 7 == 0 else '가동'},"
        f"신고인1313,{HERE},{UNMAPPED}\n"
        for n in range(60)
    )
    + f"홍가상,98허7313,가동,가동,,{HERE},{UNMAPPED}\n"
    + f"김가공,2025-06-02 10:00,98허7313,홍가상,가상로 77-1313,가동,{HERE},{UNMAPPED}\n"
    + "98허 7313,김가공\n",
    "체납 2506.csv": f"기준일자,과세번호,차량번호,세목,납기일,체납액,{HEAD}\n"
    + "".join(f"2025-06-30,{n},{plate},자동차세,2024-12-31,200000,{UNMAPPED}\n" for n, plate in enumerate(PLATES))
    + f"2025-06-30,7,98허7313,자동차세,홍가상,200000,{UNMAPPED}\n홍가상,8,98허7313,자동차세,2024-12-31,김가공,{UNMAPPED}\n",
    "등록.csv": f"차량번호,차대번호,등록일자,사용본거지,{HEAD}\n"
    + "".join(f"{plate},KSECRET00001313,2015-01-0{n + 1},가동,{UNMAPPED}\n" for n, plate in enumerate(PLATES)),
    "판독.csv": f"일시,장비,차량번호,경도,위도,{HEAD}\n"
    + "".join(f"2025-06-{n + 1:02d} 10:00:00,단속1호 {PLATES[n % 5]},{PLATES[n % 5]},{HERE},{UNMAPPED}\n" for n in range(20)),
    "영치.csv": f"일시,조치,차량번호,장소,{HEAD}\n2025-06-10 10:00,영치,98허7313,98허 7313 집 앞,{UNMAPPED}\n",
}  # fmt: skip


class Leaky:
    """A city of planted texts and a home of its own for whatever the commands write beside it."""

    def __init__(self, folder):
        self.city, self.home, self.said = folder / "gaon", folder / "home", []
        raw = self.city / "1_raw"
        raw.mkdir(parents=True)
        (self.city / "city.toml").write_text(CITY, encoding="utf-8")
        for name, text in FILES.items():
            (raw / name).write_bytes(text.encode("cp949"))
        paid = {
            "납부일": "2025-06-28",
            "과세번호": "99",
            "차량번호": PLATES,
            "납부액": "1,000",
            "납부자": "홍가상",
            "주소": "가상로 77-1313",
        }
        pd.DataFrame(paid).to_excel(raw / "납부.xlsx", index=False, engine="xlsxwriter")

    @cached_property
    def environment(self):
        names = (
            "HOME",
            "TMPDIR",
            "IPYTHONDIR",
            "JUPYTER_RUNTIME_DIR",
            "JUPYTER_DATA_DIR",
            "MPLCONFIGDIR",
            "XDG_CACHE_HOME",
        )
        folders = {name: self.home / name.lower() for name in names}
        for path in folders.values():
            path.mkdir(parents=True, exist_ok=True)
        return os.environ | {name: str(path) for name, path in folders.items()}

    def command(self, name, *arguments, code=0):
        line = [sys.executable, "-m", f"dansok.{name}", *map(str, arguments)]
        done = subprocess.run(line, capture_output=True, text=True, cwd=PROJECT, env=self.environment, check=False)
        self.said.append(f"{done.stdout}\n{done.stderr}")
        assert done.returncode == code, self.said[-1]
        return done.stderr

    def leaks(self, search):
        """Where anything stands: in files of the city but 1_raw, in the home, in what was printed."""
        folders = [self.city / stage for stage in MADE if (self.city / stage).exists()]
        found, searched = search.in_folders(*folders, self.home)
        printed = search.in_text("\n".join(self.said))
        return found | ({"printed": printed} if printed else {}), searched


@pytest.fixture(scope="module")
def leaky(tmp_path_factory):
    """Cleaned, linked, and with the briefing on what arrived."""
    made = Leaky(tmp_path_factory.mktemp("leaky"))
    made.command("clean", made.city)
    made.command("link", made.city)
    made.command("run", made.city, "data_quality", "latest")
    made.command(
        "briefing",
        made.city / "4_analysed" / "data_quality" / "latest.ipynb",
        made.city / "5_briefings" / "data_quality",
        "latest",
    )
    return made


@pytest.fixture
def search():
    return Search(texts=PERSONS, plates=PLATES)


def test_nothing_planted_gets_out(leaky, search):
    found, searched = search.in_folders(leaky.city / "1_raw")
    assert {text for one in found.values() for text in one} == {*map(plain, PLATES), *map(plain, PERSONS)}
    found, searched = leaky.leaks(search)
    assert not found
    assert searched > 40 and list((leaky.city / "5_briefings").rglob("*.pdf"))
    rejected = pd.read_parquet(leaky.city / "2_clean" / "tickets.rejected.parquet")
    assert {"칸이 남는 행", "칸이 모자라는 행", "시각을 읽을 수 없음"} <= set(rejected.reason_ko)
    allowed = {str(leaky.city / name) for name in ("2_clean/tickets.parquet", "3_linked/placed_tickets.parquet")}
    assert set(leaky.leaks(Search(texts=[IN_AREAS]))[0]) == allowed, (
        "no briefing, notebook, surprise or rejected row repeats it"
    )
    surprises = pd.read_parquet(leaky.city / "2_clean" / "surprises.parquet").set_index("kind").ko
    assert "우리 시 읍면동이 아닌 글이 1가지 있다(사람 이름일 수 있어 옮기지" in surprises["unknown_area"].replace(
        "여기 ", ""
    )


def test_a_leak_would_be_found(leaky, search, tmp_path, monkeypatch):
    """A clean step that forgets to take plates out of texts is caught."""
    folder = tmp_path / "gaon"
    shutil.copytree(leaky.city / "1_raw", folder / "1_raw")
    shutil.copy(leaky.city / "city.toml", folder)
    from dansok.city import open_city
    from dansok.clean import clean_city

    monkeypatch.setattr("dansok.clean.table.without_plates", lambda rows, columns, to_pandas: (rows, {}))
    clean_city(open_city(folder))
    found, _searched = search.in_folders(folder / "2_clean")
    assert {Path(name).name for name in found} >= {"tickets.parquet", "sightings.parquet", "outcomes.parquet"}


def _as_categories(city):
    text = (city / "city.toml").read_text(encoding="utf-8")
    (city / "city.toml").write_text(
        text.replace('plate = "차량번호", debt_kind = "세목"', 'debt_kind = "차량번호"'), encoding="utf-8"
    )


def _without_header(city):
    path = city / "1_raw" / "체납 2506.csv"
    path.write_bytes(path.read_bytes().split(b"\n", 1)[1])


def _named_by_plate(city):
    (city / "1_raw" / "판독.csv").rename(city / "1_raw" / "판독 98허7313.csv")


def _sheet_named_by_plate(city):
    path = city / "1_raw" / "납부.xlsx"
    pd.read_excel(path, dtype=str, engine="calamine").to_excel(
        path, sheet_name="98허 7313", index=False, engine="xlsxwriter"
    )


def _cut_workbook(city):
    path = city / "1_raw" / "납부.xlsx"
    path.write_bytes(path.read_bytes()[:3000])


HARM = {
    "plates as a category": (_as_categories, "values that no map knows"),
    "no header": (_without_header, "no column"),
    "file named by a plate": (_named_by_plate, "Rename it"),
    "sheet named by a plate": (_sheet_named_by_plate, "Rename it"),
    "cut workbook": (_cut_workbook, "납부.xlsx"),
}


@pytest.mark.parametrize("name", HARM)
def test_refusals_repeat_nothing_planted(leaky, search, tmp_path, name):
    harm, says = HARM[name]
    made = Leaky(tmp_path)
    harm(made.city)
    assert says in made.command("clean", made.city, code=2)
    found, _searched = made.leaks(search)
    assert not found, found


def test_a_register_that_is_refused_repeats_nothing_planted(leaky, search):
    run = leaky.command("run", leaky.city, "delinquent_map", "latest", code=2)
    assert "Gaon" in run or "gaon" in run
    assert not leaky.leaks(search)[0]


CRASH = """from dansok.city import open_city
from dansok.clean import read_table
from dansok.link import read_linked
city_opened = open_city(city)
tables = [read_table(city_opened, name) for name in ("tickets", "debts", "vehicles", "sightings", "outcomes")]
print(*(table.to_string() for table in [*tables, read_linked(city_opened, "debtor_visits")]))
raise ValueError(tables[0].to_string() + tables[3].to_string())"""


def test_a_notebook_that_crashes_with_all_tables_in_hand_shows_nothing_planted(leaky, search, tmp_path, monkeypatch):
    from dansok import run
    from dansok.words import Refusal

    shutil.copytree(PROJECT / "notebooks", tmp_path / "notebooks", ignore=shutil.ignore_patterns("kernel-ipc*"))
    path = tmp_path / "notebooks" / "data_quality.ipynb"
    notebook = nbformat.read(path, as_version=4)
    parameters = next(i for i, cell in enumerate(notebook.cells) if "parameters" in cell.metadata.get("tags", []))
    notebook.cells.insert(parameters + 1, nbformat.v4.new_code_cell(CRASH))
    nbformat.write(notebook, path)
    monkeypatch.setattr(run, "NOTEBOOKS", tmp_path / "notebooks")
    with pytest.raises(Refusal) as refused:
        run.run(leaky.city, "data_quality", "latest")
    leaky.said.append(str(refused.value))
    failed = leaky.city / "4_analysed" / "data_quality" / "latest.failed.ipynb"
    assert len(failed.read_text(encoding="utf-8")) > 10_000, "it shows the tables"
    assert not leaky.leaks(search)[0]
    failed.unlink()
