"""What must be true before a briefing leaves the building; whatever is not is refused, and nothing is written.

Each check raises Refusal at the first thing found, in the order in which a person would want to hear of them, with
the cell, figure or page and what to do. A plate that was found is never repeated.
"""

import ast
import io
import re
from collections import Counter

from dansok.briefing.payload import payloads
from dansok.words import LANGUAGES, Refusal

NO_NUMBER = re.compile(r"(?<![A-Za-z])(nan|NaN|NAN|None|NaT|<NA>|[-+]?inf)(?![A-Za-z])")
HANGUL = re.compile("[\uac00-\ud7a3]")
PAGE = (595.28, 841.89)  # points, A4
SIDE, HEAD, FOOT = 62.36, 22.0, 22.0  # margins of 22 mm; nothing is printed nearer to the edge than its 8 mm
HEADER_END, FOOTER_START = 76.5, 841.89 - 68.0  # from the top: text lies between
TOLERANCE = 2.0


def check_notebook(notebook):
    """Every cell ran, showed what it calls, is said in both languages, with real numbers and without a plate."""
    _refuse_failed_cells(notebook)
    _refuse_missing_displays(notebook)
    _refuse_lonely_prose(notebook)
    _refuse_missing_summary(notebook)
    _refuse_missing_numbers(notebook)
    for number, cell in enumerate(notebook.cells, 1):
        if any(_has_plate(text) for text in _texts(cell)):
            raise Refusal(
                ko=f"{number}번째 셀이나 그 출력에 차량번호로 보이는 글자가 있습니다. 번호 대신 토큰을 쓰고 다시 실행하세요.",
                en=f"Cell {number} or its output holds what looks like a plate; use tokens and run it again.",
            )


def check_pdf(pdf, language):
    """Read an edition back: its language, every character inside the margins, no blank page, no plate."""
    import pypdfium2

    document = pypdfium2.PdfDocument(pdf)
    try:
        texts = [_check_page(page, number, language) for number, page in enumerate(document, 1)]
    finally:
        document.close()
    if language == "ko" and not HANGUL.search("".join(texts)):
        raise Refusal(ko="한국어판에 한글이 없습니다.", en="The Korean edition holds no Hangul.")


def check_workbook(workbook, tables):
    """Read the workbook back: a sheet for each of `tables` tables and the contents, no plate."""
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(workbook), read_only=True)
    if len(book.sheetnames) != tables + 1:
        raise Refusal(
            ko=f"표는 {tables}개인데 엑셀 시트는 {len(book.sheetnames) - 1}개입니다.",
            en=f"{tables} tables but {len(book.sheetnames) - 1} sheets in the workbook.",
        )
    for sheet in book:
        for row, cells in enumerate(sheet.iter_rows(values_only=True), 1):
            if any(isinstance(value, str) and _has_plate(value) for value in (*cells, sheet.title)):
                raise Refusal(
                    ko=f"엑셀 시트 {book.index(sheet) + 1}, {row}행에 차량번호로 보이는 글자가 있습니다. 토큰을 쓰세요.",
                    en=f"Sheet {book.index(sheet) + 1} of the workbook, row {row}, holds what looks like a plate.",
                )


def _refuse_failed_cells(notebook):
    for number, cell in enumerate(notebook.cells, 1):
        if cell.cell_type != "code" or not cell.source.strip():
            continue
        errors = [output.ename for output in cell.outputs if output.output_type == "error"]
        if errors:
            raise Refusal(
                ko=f"{number}번째 셀이 실패했습니다({errors[0]}). 노트북을 고쳐 다시 실행하세요.",
                en=f"Cell {number} failed ({errors[0]}); mend the notebook and run it again.",
            )
        if cell.execution_count is None:
            raise Refusal(
                ko=f"{number}번째 셀이 실행되지 않았습니다. 노트북을 처음부터 다시 실행하세요.",
                en=f"Cell {number} was not executed; run the whole notebook again.",
            )


def _refuse_missing_displays(notebook):
    shown = Counter((number, payload["kind"]) for number, payload in payloads(notebook))
    for number, cell in enumerate(notebook.cells, 1):
        called = _page_calls(cell.source) if cell.cell_type == "code" else Counter()
        for kind, times in called.items():
            if shown[number, kind] < times:
                raise Refusal(
                    ko=f"{number}번째 셀의 page.{kind} 출력이 없습니다. 노트북을 처음부터 다시 실행하세요.",
                    en=f"Cell {number} calls page.{kind}, but its output is missing; run the whole notebook again.",
                )


def _page_calls(source):
    """Kinds that a cell surely shows: calls of `page.*` that are statements of their own, under no condition."""
    try:
        tree = ast.parse(source)
    except SyntaxError:  # a magic
        return Counter()
    calls = [line.value.func for line in tree.body if isinstance(line, ast.Expr) and isinstance(line.value, ast.Call)]
    kinds = ("start", "kpi", "summary", "finding", "note", "figure", "table")
    return Counter(
        call.attr
        for call in calls
        if isinstance(call, ast.Attribute)
        and isinstance(call.value, ast.Name)
        and call.value.id == "page"
        and call.attr in kinds
    )


def _refuse_lonely_prose(notebook):
    waiting = None
    for number, cell in enumerate([*notebook.cells, None], 1):
        tags = [] if cell is None else [tag for tag in cell.metadata.get("tags", []) if tag in LANGUAGES]
        if len(tags) == 2:
            raise Refusal(
                ko=f"{number}번째 셀에 ko와 en 태그가 다 있습니다. 하나만 두세요.",
                en=f"Cell {number} is tagged both ko and en; keep one.",
            )
        tag = tags[0] if tags and cell.cell_type == "markdown" else None
        if waiting is None:
            waiting = (number, tag, cell) if tag else None
        elif tag in (None, waiting[1]):
            raise Refusal(
                ko=f"{waiting[0]}번째 셀({waiting[1]}) 바로 뒤에 다른 언어의 짝이 없습니다.",
                en=f"Cell {waiting[0]} ({waiting[1]}) is not followed by its pair in the other language.",
            )
        else:
            _refuse_different_headings(waiting, number, cell)
            waiting = None


def _refuse_different_headings(waiting, number, cell):
    """A pair has headings of the same levels, or the editions would number their sections differently."""
    pattern = re.compile(r"^(#{1,6}) ", re.MULTILINE)
    if pattern.findall(waiting[2].source) != pattern.findall(cell.source):
        raise Refusal(
            ko=f"{waiting[0]}번째와 {number}번째 셀의 제목 수준이 서로 다릅니다.",
            en=f"Cells {waiting[0]} and {number} differ in the levels of their headings.",
        )


def _refuse_missing_summary(notebook):
    if not any(payload["findings"] for _, payload in payloads(notebook, "summary")):
        raise Refusal(
            ko="핵심 요약이 없습니다. page.summary에 결론을 하나 이상 넣으세요.",
            en="There is no box of key findings; give page.summary at least one finding.",
        )


def _refuse_missing_numbers(notebook):
    for number, payload in payloads(notebook):
        if payload["kind"] == "kpi":
            for item in payload["items"]:
                shown = [item[name] for name in ("value", "change") if item[name] is not None]
                if any(NO_NUMBER.search(text[language]) for text in shown for language in LANGUAGES) or not all(
                    item["value"].values()
                ):
                    _refuse_number(number, item["label"]["ko"], item["label"]["en"])
        findings = payload.get("findings", []) + ([payload["finding"]] if "finding" in payload else [])
        for finding in findings:
            lacking = [name for name, value in finding["numbers"].items() if _holds_none(value)]
            if lacking or any(NO_NUMBER.search(text) or not text.strip() for text in finding["text"].values()):
                name = " ".join([finding["name"], *lacking])
                _refuse_number(number, name, name)


def _refuse_number(cell, ko, en):
    raise Refusal(
        ko=f"{cell}번째 셀: {ko}의 수를 알 수 없습니다(결측). 자료가 없으면 없다고 쓰세요.",
        en=f"Cell {cell}: {en} has no number (missing); where there is no data, say so.",
    )


def _holds_none(value):
    return value is None or isinstance(value, list) and any(map(_holds_none, value))


def _texts(part):
    """Every text in a cell, outputs and all; pixels of a PNG are no text."""
    if isinstance(part, str):
        yield part
    elif isinstance(part, dict):
        for name, value in part.items():
            if name != "image/png":
                yield from _texts(value)
    elif isinstance(part, (list, tuple)):
        # nbformat may hold a text as a list of its lines
        if part and all(isinstance(value, str) for value in part):
            yield "".join(part)
        else:
            for value in part:
                yield from _texts(value)


def _has_plate(text):
    from dansok.korea.plates import find_plates

    return bool(find_plates(text))


def _check_page(page, number, language):
    text_page = page.get_textpage()
    count = text_page.count_chars()
    text = text_page.get_text_range() if count else ""
    for line in text.splitlines():
        if _has_plate(line):
            raise Refusal(
                ko=f"PDF({language}) {number}쪽에 차량번호로 보이는 글자가 있습니다. 번호 대신 토큰을 쓰세요.",
                en=f"PDF ({language}), page {number}: holds what looks like a plate; use tokens.",
            )
    if "\ufffd" in text:  # U+FFFE is how pdfium tells a hyphen at the end of a line
        raise Refusal(
            ko=f"PDF({language}) {number}쪽에 글꼴에 없는 글자가 있습니다.",
            en=f"PDF ({language}), page {number}: a character has no glyph.",
        )
    in_body = _refuse_outside(text_page, count, number, language)
    if number > 1 and not in_body and not _has_drawing(page):
        raise Refusal(
            ko=f"PDF({language}) {number}쪽이 비어 있습니다.", en=f"PDF ({language}), page {number} is empty."
        )
    return text


def _refuse_outside(text_page, count, number, language):
    """Whether text stands between header and footer; refuses the first character beyond a margin."""
    import ctypes

    import pypdfium2.raw as pdfium

    # The cover has no header, and its own margins of 25 mm.
    side = SIDE if number > 1 else 0
    in_body = False
    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    for i in range(count):
        code = pdfium.FPDFText_GetUnicode(text_page, i)
        if chr(code).isspace() or code in (0, 0x200B, 0x2060):
            continue
        pdfium.FPDFText_GetCharBox(text_page, i, left, right, bottom, top)
        from_top = PAGE[1] - top.value
        if (
            left.value < side - TOLERANCE
            or right.value > PAGE[0] - side + TOLERANCE
            or from_top < HEAD - TOLERANCE
            or bottom.value < FOOT - TOLERANCE
        ):
            near = text_page.get_text_range(max(0, i - 10), min(20, count - max(0, i - 10)))
            near = " ".join(near.split()) if not _has_plate(near) else "…"
            raise Refusal(
                ko=f"PDF({language}) {number}쪽: 글자가 여백을 넘습니다(‘{near}’ 부근). 글이나 열을 줄이세요.",
                en=f"PDF ({language}), page {number}: text leaves the margin near '{near}'; shorten it.",
            )
        in_body = in_body or HEADER_END < from_top < FOOTER_START
    return in_body


def _has_drawing(page):
    import pypdfium2.raw as pdfium

    kinds = (pdfium.FPDF_PAGEOBJ_IMAGE, pdfium.FPDF_PAGEOBJ_PATH, pdfium.FPDF_PAGEOBJ_FORM)
    for drawn in page.get_objects(filter=kinds, max_depth=1):
        _, bottom, _, top = drawn.get_bounds()
        if HEADER_END < PAGE[1] - top and PAGE[1] - bottom < FOOTER_START:
            return True
    return False
