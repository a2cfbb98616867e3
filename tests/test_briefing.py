"""From an executed notebook to PDFs and a workbook that were read back, and everything the gate must stop."""

import copy
import datetime
import functools
import io
import re
import subprocess
import sys

import matplotlib as mpl
import nbformat
import openpyxl
import pandas as pd
import pypdf
import pypdfium2
import pytest
from dansok.briefing import fonts, gate, page, publish, workbook
from dansok.briefing.exporter import BriefingExporter, edition
from dansok.briefing.payload import MIME
from dansok.charts import register_fonts
from dansok.findings import Finding
from dansok.words import Refusal, Text
from matplotlib.figure import Figure

PLATE = "12가 3456"  # made up
PEAK = Finding("peak", Text("12시에 가장 많다.", "It peaks at 12."), {"hour": 12})
AREAS = pd.DataFrame(
    {
        "area": [Text("가온동", "Gaon-dong"), Text("나루동", "Naru-dong"), Text("다온동", "Daon-dong")],
        "records": [12345, -7, 90],
        "share": [0.256, None, 0.1],
        "day": [datetime.date(2025, 8, 31), None, datetime.date(2025, 8, 1)],
    }
)
AREA_CAPTION = Text("동별 건수", "Records by district")
AREA_COLUMNS = {
    "area": Text("동", "District"),
    "records": Text("건수", "Records"),
    "share": Text("비중", "Share"),
    "day": Text("마지막 기록", "Last record"),
}


def bars(values, *, language, height=2.4, label=""):
    with mpl.rc_context({"font.family": register_fonts(), "figure.constrained_layout.use": True}):
        figure = Figure(figsize=(6.54, height))
        axes = figure.add_subplot()
        axes.bar(range(len(values)), values)
        axes.set_ylabel({"ko": "그림속건수", "en": "recordsinside"}[language] + label)
        return figure


class Book:
    """Builds a notebook as if it had been executed."""

    def __init__(self, monkeypatch):
        self.cells, self.monkeypatch = [], monkeypatch

    def prose(self, ko, en):
        for language, source in (("ko", ko), ("en", en)):
            self.cells.append(nbformat.v4.new_markdown_cell(source, metadata={"tags": [language]}))
        return self

    def code(self, source="1", outputs=(), count=1):
        self.cells.append(nbformat.v4.new_code_cell(source, outputs=list(outputs), execution_count=count))
        return self

    def shows(self, call, *arguments, **options):
        outputs = []
        with self.monkeypatch.context() as patch:
            new = nbformat.v4.new_output
            patch.setattr(page, "display", lambda data, **_: outputs.append(new("display_data", data)))
            call(*arguments, **options)
        return self.code(f"page.{call.__name__}(...)", outputs)

    def start(self, language="ko"):
        return self.shows(
            page.start,
            language,
            title=Text("불법 주정차 다발지역", "Illegal parking hotspots"),
            subtitle=Text("시간과 장소", "Times and places"),
            office=Text("가온시 주차관리과", "Gaon City, Parking Division"),
            area=Text("가온시 전역", "All of Gaon"),
            as_of="2025-08-31",
            mark=Text("내부검토용", "Internal review"),
            document_number="2025-14",
            keywords=(Text("주정차", "parking"),),
        )

    def figure(self, name="fig-clock", **options):
        caption = Text("시각별 건수", "Records by hour")
        return self.shows(page.figure, bars, [3, 1, 2], name=name, caption=caption, says=PEAK, **options)

    def table(self, frame=AREAS, name="tbl-areas", caption=AREA_CAPTION, **options):
        columns = {key: label for key, label in AREA_COLUMNS.items() if key in frame}
        formats = {"share": "{:.1%}"}
        return self.shows(page.table, frame, name=name, caption=caption, columns=columns, formats=formats, **options)

    def executed(self):
        """A whole small briefing."""
        self.prose("# 언제 생기는가\n\n팀장이 쓴다.", "# When does it happen?\n\nFor the head of the team.")
        self.start()
        self.shows(page.kpi, [page.Kpi(Text("건수", "Records"), "12,428", Text("건", ""), "3.2%", "up", "bad")])
        self.shows(page.summary, [PEAK])
        self.prose("## 시각\n\n[표](#tbl-areas) 참고", "## Hour\n\nSee [the table](#tbl-areas) and [this](#fig-clock).")
        self.figure()
        self.shows(page.finding, PEAK)
        self.prose("### 동\n\n- 가\n  - 나", "### District\n\n- a\n  - b")
        self.table(total_row={"area": Text("계", "Total"), "records": 12428})
        return self

    def standard(self):
        """As `executed`, but drawn only once for all tests."""
        self.cells += copy.deepcopy(standard_cells())
        return self

    def notebook(self):
        notebook = nbformat.v4.new_notebook(cells=self.cells)
        for i, cell in enumerate(notebook.cells):
            cell["id"] = f"cell-{i}"
        return notebook


@functools.cache
def standard_cells():
    with pytest.MonkeyPatch.context() as patch:
        return Book(patch).executed().cells


@pytest.fixture
def book(monkeypatch):
    monkeypatch.setattr(page.screen, "language", "ko")
    return Book(monkeypatch)


@pytest.fixture(scope="module")
def made():
    """The standard notebook and its two editions, for tests that only read."""
    with pytest.MonkeyPatch.context() as patch:
        notebook = Book(patch).standard().notebook()
        return notebook, {language: edition(notebook, language) for language in ("ko", "en")}


def text_of(pdf):
    document = pypdfium2.PdfDocument(pdf)
    return [page.get_textpage().get_text_range().replace("\r\n", "\n") for page in document]


def squeezed(pdf):
    return re.sub(r"[\s\u2060\u200b\ufffe]", "", "".join(text_of(pdf)))


def fonts_of(reader):
    found = []
    for number in range(1, len(reader.xref_objStm) + sum(map(len, reader.xref.values())) + 1):
        thing = reader.get_object(pypdf.generic.IndirectObject(number, 0, reader))
        if isinstance(thing, dict) and thing.get("/Type") == "/FontDescriptor":
            found.append((thing["/FontName"], any(key in thing for key in ("/FontFile", "/FontFile2", "/FontFile3"))))
    return found


# ------------------------------------------------------------------------------------------------------ the PDF


@pytest.mark.parametrize(
    "language, words",
    [
        (
            "ko",
            [
                "불법주정차다발지역",
                "Ⅰ",
                "[그림1]",
                "<표1>",
                "가온동",
                "−7",
                "핵심요약",
                "2025.8.31.",
                "그림속건수",
                "내부검토용",
            ],
        ),
        (
            "en",
            [
                "Illegalparkinghotspots",
                "Figure1",
                "Table1",
                "Gaon-dong",
                "−7",
                "Keyfindings",
                "31August2025",
                "recordsinside",
            ],
        ),
    ],
)
def test_both_editions_come_from_one_notebook(made, language, words):
    text = squeezed(made[1][language])
    assert [word for word in words if word not in text] == []
    other = {"ko": "recordsinside", "en": "그림속건수"}[language]
    assert other not in text and ("팀장이쓴다" in text) == (language == "ko")


@pytest.mark.parametrize("language, lang", [("ko", "ko"), ("en", "en")])
def test_pdf_is_tagged_bookmarked_and_embeds_our_face(made, language, lang):
    reader = pypdf.PdfReader(io.BytesIO(made[1][language]))
    assert reader.root_object["/Lang"].lower().startswith(lang)
    assert reader.root_object["/MarkInfo"]["/Marked"]
    assert b"pdfuaid:part" in reader.root_object["/Metadata"].get_data()
    titles = [entry.title for entry in pypdf_outline(reader.outline)]
    assert any("시각" in title or "Hour" in title for title in titles)
    assert reader.metadata.creation_date.date() == datetime.date(2025, 8, 31)
    faces = fonts_of(reader)
    assert faces and all(embedded for _, embedded in faces)
    assert {name.split("+")[-1].split("-")[0] for name, _ in faces} == {"Pretendard"}


def pypdf_outline(entries):
    for entry in entries:
        yield from pypdf_outline(entry) if isinstance(entry, list) else [entry]


def test_sections_are_numbered_from_one_below_the_question(made):
    reader = pypdf.PdfReader(io.BytesIO(made[1]["en"]))
    titles = [entry.title for entry in pypdf_outline(reader.outline)]
    assert [t for t in titles if "Hour" in t or "District" in t or "When" in t] == [
        "When does it happen?",
        "1 Hour",
        "1.1 District",
    ]


@pytest.mark.parametrize("language", ["ko", "en"])
def test_the_same_notebook_gives_the_same_bytes(made, language):
    assert edition(made[0], language) == made[1][language]


def test_two_executions_give_the_same_bytes(book, made):
    assert edition(book.executed().notebook(), "ko") == made[1]["ko"]


def test_nbconvert_knows_the_exporter(made):
    exporter = BriefingExporter(language="en")
    pdf, resources = exporter.from_notebook_node(made[0])
    assert pdf == made[1]["en"] and resources["output_extension"] == ".pdf"


def test_exporter_module_is_light():
    heavy = "typst, tylax, pandas, matplotlib, xlsxwriter, pypdfium2"
    code = f"import sys, dansok.briefing.exporter; print([m for m in '{heavy}'.split(', ') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "prose, shown",
    [
        (
            '#panic("x") #import "y" `#z` \\<label> costs $5 // c /* d */ \\~',
            '#panic("x")#import"y"#z<label>costs$5//c/*d*/~',
        ),
        ("가" * 200 + " " + "a" * 200, "가" * 200),
        ("https://example.org/" + "long-path-" * 20, "https://example.org/long-path-long-path"),
        ("「도로교통법」은 **11곳**이", "「도로교통법」은11곳이"),
        ("- [x] 끝\n- [ ] 남음\n\n1. 하나\n   1. 둘\n\n> 인용\n\n---\n\n```python\nx = 1\n```", "[x]끝"),
        ("| 가 | 나 |\n|:--|--:|\n| $x_i$ | `b` |", "가나𝑥𝑖b"),
        ("[누리집](https://example.org)에서 @fig-x", "누리집에서@fig-x"),
        ("각주[^a] 다시[^a]\n\n[^a]: 주의 **내용**", "주의내용"),
        (
            r"$$ w_i = \begin{cases} 1 & d \le 20 \\ 0 & \text{그 밖} \end{cases} $$" "\n\n그리고",
            "그밖",
        ),
        ("가  \n나<br>다 ~~라~~ <!-- 보이지 않음 --> ", "가나다라"),
    ],
)
def test_prose_is_printed_and_never_run(book, prose, shown):
    book.start().prose(f"# 제목\n\n{prose}", "# Title")
    pdf = edition(book.notebook(), "ko")
    assert re.sub(r"\s", "", shown) in squeezed(pdf)
    gate.check_pdf(pdf, "ko")


@pytest.mark.parametrize(
    "prose, said",
    [
        ("# 가\n\n[그림](#fig-none)을 보라", "#fig-none"),
        ("# 가\n\n[윗글](#가)", "#"),
        ("# 가\n\n### 다", "heading level is skipped"),
        ("# 가\n\n> # 나", "no heading in"),
        ("# 가\n\n<div>x</div>", "no HTML"),
        ("# 가\n\n가 <u>나</u>", "no HTML"),
        ("# 가\n\n![x](y.png)", "page.figure"),
        ("# 가\n\n$\\foo{x}$", ""),
        ('# 가\n\n$\\text{#read("/etc/hostname")}$', "formula"),
        ("# 漢字", "漢"),
        ("# 가\n\n🙂", "🙂"),
    ],
)
def test_prose_that_cannot_be_printed_is_refused(book, prose, said):
    book.start().prose(prose, "# Title")
    with pytest.raises(Refusal) as refusal:
        edition(book.notebook(), "ko")
    assert said in str(refusal.value)


def test_start_must_be_called_once(book):
    with pytest.raises(Refusal, match="2 times"):
        edition(book.start().start().notebook(), "ko")


def test_headings_that_start_at_two_are_raised(book):
    pdf = edition(book.start().prose("## 가\n\n### 나", "## A\n\n### B").notebook(), "en")
    titles = [entry.title for entry in pypdf_outline(pypdf.PdfReader(io.BytesIO(pdf)).outline)]
    assert titles[-2:] == ["1 A", "1.1 B"]


def test_two_figures_of_one_name_are_refused(book):
    with pytest.raises(Refusal, match="both use the name fig-clock"):
        edition(book.start().prose("# 가", "# A").figure().figure().notebook(), "ko")


@pytest.mark.parametrize(
    "language, words, shown", [("ko", "[그림](#fig-clock)은", "[그림1]은"), ("en", "[x](#fig-clock)", "Figure1")]
)
def test_a_link_to_a_figure_is_printed_as_its_number_on_one_line_with_its_particle(book, language, words, shown):
    paragraphs = "\n\n".join(f"{'가나 ' * n}{words} 보인다." for n in range(8, 48))
    book.start().prose(f"# 가\n\n{paragraphs}", f"# A\n\n{paragraphs}").figure()
    lines = "\n".join(text_of(edition(book.notebook(), language))).split("\n")
    held = [re.sub(r"[\s\u2060\u200b]", "", line) for line in lines]
    assert sum(line.count(shown) for line in held) == 40 + (language == "en")  # its caption too


def test_the_contents_name_the_pages_of_the_bookmarks(made):
    for language, pdf in made[1].items():
        reader = pypdf.PdfReader(io.BytesIO(pdf))
        marks = {
            re.sub(r"\s", "", mark.title): reader.get_destination_page_number(mark)
            for mark in pypdf_outline(reader.outline)
        }
        entries = re.findall(r"^(.*?)[ .]{6,}(\d+)$", text_of(pdf)[1], re.MULTILINE)
        contents = {re.sub(r"\s", "", title): int(number) for title, number in entries}
        assert len(contents) == 3 and contents == {title: marks[title] for title in contents}, language


SHORT = Text("한 줄이다.", "One line.")
LONG = Text(
    "막대 하나는 한 시간이다. 단속이 없었던 시간에는 기록도 없으므로 기록이 적다고 위반이 적은 것은 아니다. " * 3,
    "One bar is one hour. Hours in which nobody looked have no records, so few records do not mean few violations. "
    * 3,
)
SOME_HEIGHTS = [(5.2, 4.4, 5.0, 3.0, 4.6), (2.6, 5.8, 3.4, 4.9, 4.9), (4.5, 2.2, 6.0, 2.8, 3.6)]


@functools.cache
def many_figures(heights, text):
    """Sections of two figures and a table each; the tables have 3, 15, 27 ... rows with their totals."""
    with pytest.MonkeyPatch.context() as patch:
        book = Book(patch).start()
        for i, height in enumerate(heights):
            book.prose(f"# 질문{i}끝\n\n## 하나\n\n{text.ko}", f"# Question{i}end\n\n## One\n\n{text.en}")
            book.figure(f"fig-a{i}", height=height).shows(page.finding, PEAK).shows(page.finding, PEAK)
            book.prose(f"## 둘\n\n{text.ko}\n\n{text.ko}", f"## Two\n\n{text.en}\n\n{text.en}")
            book.figure(f"fig-b{i}", height=2.6)
            rows = pd.DataFrame({"area": [f"표{i}행{r:02d}" for r in range(12 * i + 2)], "records": 7})
            book.table(
                rows, name=f"tbl-t{i}", total_row={"area": f"표{i}계", "records": 99}, unit=Text("건", "records")
            )
        return book.notebook()


@functools.cache
def many_pages(heights, text, language):
    """The PDF of `many_figures`, and the text of its pages from the contents on, without spaces."""
    pdf = edition(many_figures(heights, text), language)
    return pdf, [re.sub(r"[^\S\n]", "", one) for one in text_of(pdf)[1:]]


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("heights", SOME_HEIGHTS)
def test_pages_are_full_though_figures_stay_in_order_and_section(heights, language):
    pdf, texts = many_pages(heights, LONG, language)
    assert max(blank_ends(pdf)[1:-1]) <= 0.2
    figure, section = {"ko": (r"\[그림(\d+)\]", "질문{}끝"), "en": (r"^Figure(\d+)", "Question{}end")}[language]
    placed = [(int(n), i) for i, one in enumerate(texts) for n in re.findall(figure, one, re.MULTILINE)]
    assert [n for n, _ in placed] == list(range(1, 11))
    begins = [max(i for i, one in enumerate(texts) if section.format(n) in one) for n in range(5)]
    for n, i in placed:
        of = (n - 1) // 2
        assert begins[of] <= i <= [*begins, len(texts)][of + 1], (n, i, begins)


@pytest.mark.parametrize("text", [SHORT, LONG], ids=["short", "long"])
@pytest.mark.parametrize("heights", SOME_HEIGHTS)
def test_tables_break_after_three_rows_and_before_the_last_two(heights, text):
    pages = [re.findall(r"표(\d)(?:행\d\d|계)", one) for one in many_pages(heights, text, "ko")[1]]
    parts = {table: [one.count(table) for one in pages if table in one] for table in "01234"}
    assert [sum(counts) for counts in parts.values()] == [3, 15, 27, 39, 51]
    assert len(parts["0"]) == 1 and len(parts["4"]) > 1
    assert all(counts[0] >= 3 and counts[-1] >= 2 for counts in parts.values()), parts


@pytest.mark.parametrize("height, parts", [(3.4, [16]), (3.8, [16]), (4.4, [11, 5])])
def test_a_figure_shrinks_a_little_where_that_saves_the_tail_of_a_table(book, height, parts):
    book.start().prose("# 가\n\n글", "# A").figure(height=height)
    book.table(pd.DataFrame({"area": [f"행{r:02d}" for r in range(16)]}))
    held = [len(re.findall(r"행\d\d", one)) for one in text_of(edition(book.notebook(), "ko"))[1:]]
    assert held == parts


@pytest.mark.parametrize("behind", ["한 줄이다.", "- 하나\n- 둘\n- 셋", "### 셋\n\n한 줄이다."])
def test_no_heading_ends_a_page_without_two_lines_or_its_figure(book, behind):
    book.start().prose("# 가", "# A").figure()
    prose = book.cells[1]
    for lines in range(16, 28):
        prose.source = "# 가\n\n# 나\n\n" + "\n\n".join(["글"] * lines) + f"\n\n## 하나\n\n{behind}"
        for one in text_of(edition(nbformat.v4.new_notebook(cells=book.cells), "ko"))[1:]:
            held = [re.sub(r"\s", "", line) for line in one.split("\n")]
            held = [line for line in held if line and not line.startswith("가온시주차관리과")]  # the footer
            heading = held.index("1.하나") if "1.하나" in held else -9
            assert len(held) - heading > 2 + behind.startswith("#"), (lines, held[-4:])


def blank_ends(pdf):
    """Share of each page's text area that is blank at its end, seen as a picture."""
    shares = []
    for one in pypdfium2.PdfDocument(pdf):
        picture = one.render(scale=0.5, grayscale=True).to_numpy()
        top, bottom = (int(mm / 297 * len(picture)) for mm in (27, 272))
        inked = [y for y in range(top, bottom) if picture[y].min() < 200]
        shares.append((bottom - max(inked, default=top)) / (bottom - top))
    return shares


def test_a_figure_taller_than_a_page_is_made_to_fit(book):
    book.start().prose("# 가", "# A").figure(height=14)
    book.shows(page.finding, PEAK)
    pdf = edition(book.notebook(), "ko")
    assert min(blank_ends(pdf)[1:]) > 0 and len(text_of(pdf)) == 2
    gate.check_pdf(pdf, "ko")


def test_a_short_table_of_long_texts_breaks_where_it_is_taller_than_a_page(book):
    rows = pd.DataFrame({"area": [f"행{r}. {LONG.ko * 3}" for r in range(12)]})
    book.start().prose("# 가", "# A").table(rows)
    pdf = edition(book.notebook(), "ko")
    gate.check_pdf(pdf, "ko")
    assert re.findall(r"행(\d+)\.", squeezed(pdf)) == [str(r) for r in range(12)]


def test_headline_numbers_stand_on_one_line_and_words_of_tables_are_whole(book):
    labels = ["Records", "Records of fixed cameras that watched through lunch, all areas"]
    book.start("en").prose("# 가", "# A")
    book.shows(page.kpi, [page.Kpi(Text(label, label), f"7,77{i}") for i, label in enumerate(labels)] * 2)
    book.table(pd.DataFrame({"area": ["Acknowledgement of extraordinary circumstances " * 3], "records": [1]}))
    one = pypdfium2.PdfDocument(edition(book.notebook(), "en"))[1].get_textpage()
    tops = {one.get_charbox(one.search(f"7,77{i}").get_next()[0])[3] for i in range(2)}
    assert len({round(top, 1) for top in tops}) == 1
    assert one.get_text_range().count("\ufffe") == 0  # how pdfium tells a hyphen at the end of a line


def test_wide_tables_stay_inside_the_margins(book):
    names = [f"c{i}" for i in range(13)]
    frame = pd.DataFrame([[1234567] * 13] * 3, columns=names)
    columns = {name: Text(f"{i}분기", f"Q{i}") for i, name in enumerate(names)}
    book.start().prose("# 가", "# A")
    book.shows(page.table, frame, name="tbl-wide", caption=Text("넓은 표", "Wide"), columns=columns)
    gate.check_pdf(edition(book.notebook(), "ko"), "ko")


def test_an_empty_table_is_printed(book):
    book.start().prose("# 가", "# A").table(AREAS.head(0))
    assert "해당없음" in squeezed(edition(book.notebook(), "ko"))


# ------------------------------------------------------------------------------------------------------ the gate


def test_a_good_notebook_passes(made):
    gate.check_notebook(made[0])
    for language, pdf in made[1].items():
        gate.check_pdf(pdf, language)
    gate.check_workbook(workbook.to_bytes(made[0]), tables=1)


def stream(name, text):
    return nbformat.v4.new_output("stream", name=name, text=text)


def failed(name):
    return nbformat.v4.new_output("error", ename=name, evalue="x", traceback=[])


def bad_finding(text, numbers):
    return type("Loose", (), {"name": "rate", "text": text, "numbers": numbers})


def lonely(book):
    book.cells.append(nbformat.v4.new_markdown_cell("혼자", metadata={"tags": ["ko"]}))


def swapped(book):
    book.prose("# 가", "## A")


def plate_in_svg(book):
    book.figure("fig-two", label=f" {PLATE}")


BAD = {
    "failed cell": (lambda b: b.code(outputs=[failed("KeyError")]), "KeyError"),
    "unexecuted cell": (lambda b: b.code(count=None), "not executed"),
    "output cleared": (lambda b: b.code("page.figure(draw)"), "page.figure"),
    "ko without en": (lonely, "pair"),
    "headings differ": (swapped, "differ"),
    "no findings": (lambda b: b.shows(page.summary, []).cells.pop(4), "key findings"),
    "number missing": (lambda b: b.shows(page.finding, bad_finding(Text("가", "a"), {"rate": float("nan")})), "rate"),
    "number infinite": (lambda b: b.shows(page.finding, bad_finding(Text("가", "a"), {"l": [1.0, float("inf")]})), "l"),
    "nan in words": (lambda b: b.shows(page.finding, bad_finding(Text("비율은 nan%", "a"), {})), "rate"),
    "None in words": (lambda b: b.shows(page.summary, [bad_finding(Text("가", "It is None."), {})]), "rate"),
    "headline nan": (lambda b: b.shows(page.kpi, [page.Kpi(Text("건수", "Records"), "nan")]), "Records"),
    "headline -inf": (lambda b: b.shows(page.kpi, [page.Kpi(Text("건수", "Records"), "3", change="-inf")]), "Records"),
    "plate in source": (lambda b: b.code(f"x = '{PLATE}'"), "plate"),
    "plate on stderr": (lambda b: b.code(outputs=[stream("stderr", f"no row for {PLATE}")]), "plate"),
    "plate in prose": (lambda b: b.prose(f"차량 {PLATE}", "vehicle"), "plate"),
    "plate in table": (lambda b: b.table(pd.DataFrame({"area": [PLATE]}), name="tbl-two"), "plate"),
    "plate in svg": (plate_in_svg, "plate"),
}


@pytest.mark.parametrize("spoil, said", BAD.values(), ids=BAD.keys())
def test_the_gate_stops_a_bad_notebook(book, spoil, said):
    spoil(book.standard())
    with pytest.raises(Refusal) as refusal:
        gate.check_notebook(book.notebook())
    assert said in refusal.value.text.en and refusal.value.text.ko
    assert PLATE not in str(refusal.value)


@pytest.mark.parametrize("words", ["Nantes and information", "infantry, inflow", "Financial, Nonesuch"])
def test_words_that_only_look_like_missing_numbers_pass(book, words):
    book.standard().shows(page.finding, bad_finding(Text("가", words), {"n": 1}))
    gate.check_notebook(book.notebook())


def test_conditional_displays_need_not_show(book):
    book.standard().code("if False:\n    page.note(x)\nfor a in []:\n    page.finding(a)")
    gate.check_notebook(book.notebook())


@pytest.fixture
def typst_page():
    import typst

    def build(body):
        source = f'#set text(font: "Pretendard")\n#page[cover]\n{body}'
        return typst.compile(source.encode(), font_paths=[str(fonts.FOLDER)], ignore_system_fonts=True)

    return build


@pytest.mark.parametrize(
    "body, language, said",
    [
        (
            "#page(margin: 0pt)[#place(dx: 400pt, dy: 200pt, box(width: 500pt)[가 far beyond the right margin of the page])]",
            "ko",
            "margin",
        ),
        ("#page(margin: 0pt)[#place(dx: 100pt, dy: 2pt)[가 at the upper edge]]", "ko", "margin"),
        ("#page(margin: 40mm)[only English]", "ko", "Hangul"),
        ("#page(margin: 40mm)[가]\n#page(margin: 40mm)[]", "ko", "page 3 is empty"),
        (f"#page(margin: 40mm)[차량 {PLATE}]", "en", "plate"),
    ],
)
def test_the_gate_reads_the_pdf_back(typst_page, body, language, said):
    with pytest.raises(Refusal) as refusal:
        gate.check_pdf(typst_page(body), language)
    assert said in refusal.value.text.en and PLATE not in str(refusal.value)


def test_the_gate_reads_the_workbook_back(book, made):
    held = workbook.to_bytes(made[0])
    with pytest.raises(Refusal, match="2 tables"):
        gate.check_workbook(held, tables=2)
    book.start().table(pd.DataFrame({"area": [PLATE]}))
    with pytest.raises(Refusal, match="row 2") as refusal:
        gate.check_workbook(workbook.to_bytes(book.notebook()), tables=1)
    assert PLATE not in str(refusal.value)


# --------------------------------------------------------------------------------------------------- the workbook


def test_workbook_holds_numbers_as_numbers(made):
    book = openpyxl.load_workbook(io.BytesIO(workbook.to_bytes(made[0])))
    assert book.sheetnames == ["목차", "동별 건수"]
    sheet = book["동별 건수"]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert rows == [
        ["동", "건수", "비중", "마지막 기록"],
        ["가온동", 12345, 0.256, datetime.datetime(2025, 8, 31)],
        ["나루동", -7, None, None],
        ["다온동", 90, 0.1, datetime.datetime(2025, 8, 1)],
        ["계", 12428, None, None],
    ]
    assert [cell.number_format for cell in sheet[2]] == ["General", "#,##0", "0.0%", "yyyy-mm-dd"]
    assert sheet.freeze_panes == "A2" and sheet.auto_filter.ref == "A1:D4"
    assert sheet.column_dimensions["D"].width > 8
    contents = [cell for row in book["목차"].iter_rows(values_only=True) for cell in row]
    assert {"동별 건수", "Records by district", "Last record", datetime.datetime(2025, 8, 31)} <= set(contents)


def test_workbook_is_the_same_each_time(made):
    assert workbook.to_bytes(made[0]) == workbook.to_bytes(made[0])


def test_workbook_takes_no_text_for_a_formula(book):
    book.start().table(pd.DataFrame({"area": ["=1+1", "http://x.kr"]}))
    sheet = openpyxl.load_workbook(io.BytesIO(workbook.to_bytes(book.notebook()))).worksheets[1]
    assert [(cell.value, cell.data_type) for cell in sheet["A"][1:]] == [("=1+1", "s"), ("http://x.kr", "s")]


def test_workbook_of_an_empty_table_says_so(book):
    book.start().table(AREAS.head(0))
    sheet = openpyxl.load_workbook(io.BytesIO(workbook.to_bytes(book.notebook()))).worksheets[1]
    assert [cell.value for cell in sheet["A"]] == ["동", "해당 없음"]


@pytest.mark.parametrize(
    "captions, names",
    [
        (["가" * 40, "가" * 40], ["가" * 31, "가" * 29 + " 2"]),
        (["[비율]/합계: *전체*?", "'따옴표'"], ["비율 합계 전체", "따옴표"]),
        (["목차", "History", "", "ABC", "abc"], ["목차 2", "History 2", "표", "ABC", "abc 2"]),
    ],
)
def test_sheet_names_suit_excel(captions, names):
    assert workbook.sheet_names(captions) == names
    assert all(len(name) <= 31 and not re.search(r"[\[\]:*?/\\]", name) for name in names)


# ---------------------------------------------------------------------------------------------------- publishing


def test_publish_writes_three_files_and_nothing_else(book, tmp_path):
    path = tmp_path / "run.ipynb"
    nbformat.write(book.standard().notebook(), path)
    made = publish(path, tmp_path / "out", "2025-08")
    assert [p.name for p in made] == ["2025-08.ko.pdf", "2025-08.en.pdf", "2025-08.xlsx"]
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == sorted(p.name for p in made)
    assert made[0].read_bytes()[:5] == b"%PDF-"


def test_a_refused_briefing_leaves_the_old_one(book, tmp_path):
    path, folder = tmp_path / "run.ipynb", tmp_path / "out"
    nbformat.write(book.standard().notebook(), path)
    before = {p.name: p.read_bytes() for p in publish(path, folder, "a")}
    nbformat.write(book.code(outputs=[failed("ZeroDivisionError")]).notebook(), path)
    done = subprocess.run(
        [sys.executable, "-m", "dansok.briefing", str(path), str(folder), "a"], capture_output=True, text=True
    )
    assert done.returncode == 2 and "ZeroDivisionError" in done.stderr and "셀이 실패" in done.stderr
    assert "Traceback" not in done.stderr
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == before


def test_nothing_is_made_where_the_first_briefing_is_refused(book, tmp_path):
    path = tmp_path / "run.ipynb"
    nbformat.write(book.start().notebook(), path)
    with pytest.raises(Refusal):
        publish(path, tmp_path / "out", "a")
    assert not (tmp_path / "out").exists()


def test_payload_of_a_kernel_is_read_from_disk(tmp_path):
    """The vocabulary in a real kernel: outputs travel as JSON and come back whole."""
    from nbclient import NotebookClient

    source = (
        "from dansok.briefing import page\nfrom dansok.words import Text\nimport pandas as pd\n"
        "page.table(pd.DataFrame({'n': [1.5, None]}), name='tbl-a', caption=Text('가', 'A'), columns={'n': Text('수', 'n')})"
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    nbformat.write(notebook, tmp_path / "a.ipynb")
    payload = nbformat.read(tmp_path / "a.ipynb", 4).cells[0].outputs[0].data[MIME]
    assert payload["values"] == [[1.5], [None]]
