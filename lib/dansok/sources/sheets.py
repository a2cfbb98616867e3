"""Workbooks (xlsx, xls, xlsb, ods by calamine) and HTML tables that were saved under the name of one."""

import datetime
import re
from itertools import chain

import lxml.etree
import lxml.html
from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

from dansok.sources.encodings import whole_text
from dansok.sources.headers import HEAD_ROWS
from dansok.sources.staging import Table, arrow_cells
from dansok.words import Refusal, Text

EXCEL_DIGITS = 15


def workbook_tables(path, file):
    """The worksheets of a workbook, in order, and notes on hidden ones; an empty sheet has no head.

    A cell comes out as Excel would show it, in one spelling: a date 2024-01-02, a moment 2024-01-02 03:04:05, a time
    03:04:05, a duration 36:00:00 (each to the second), a number with at most 15 digits and without ".0", TRUE or FALSE.
    Error cells (#N/A, #DIV/0!) are missing.
    """
    try:
        workbook = CalamineWorkbook.from_path(path)
        tables, notes = [], []
        for sheet in workbook.sheets_metadata:
            if sheet.typ != SheetTypeEnum.WorkSheet:
                continue
            if sheet.visible != SheetVisibleEnum.Visible:
                notes.append(
                    Text(f"숨겨진 시트 '{sheet.name}'이(가) 있습니다.", f"The sheet '{sheet.name}' is hidden.")
                )
            tables.append(_table(workbook.get_sheet_by_name(sheet.name)))
    except PasswordError as error:
        raise Refusal(
            f"{file}: 암호가 걸린 파일입니다. 암호를 풀어 다시 저장하세요.",
            f"{file} is protected by a password. Save it again without one.",
        ) from error
    except BaseException as error:
        # A cut .xls makes calamine's Rust panic, which is no Exception and cannot be imported by name.
        if not isinstance(error, CalamineError) and type(error).__name__ != "PanicException":
            raise
        raise Refusal(
            f"{file}: 엑셀 파일이 손상되어 읽을 수 없습니다. 다시 내려받거나 엑셀에서 열어 다시 저장하세요.",
            f"{file} is a damaged workbook and cannot be read. Export it again, or open it in Excel and save it.",
        ) from error
    return tables, notes


def html_tables(path, encoding):
    """The tables of an HTML page, in order. A merged cell has its text in its first place only, as in Excel."""
    parser = lxml.html.HTMLParser(encoding="utf-8", huge_tree=True)
    try:
        page = lxml.html.document_fromstring(whole_text(path, encoding).encode(), parser=parser)
    except lxml.etree.ParserError:
        return []  # nothing but comments
    for line_break in page.iter("br"):
        line_break.tail = "\n" + (line_break.tail or "")
    tables = []
    for number, table in enumerate(page.iter("table"), start=1):
        grid = _grid(table)
        width = max(map(len, grid), default=0)
        rows = [row + [""] * (width - len(row)) for row in grid]
        tables.append(_table_of_rows(f"table {number}", rows, width))
    return tables


def _table(sheet):
    width = sheet.width

    def rows_after(row):
        for number, cells in enumerate(sheet.iter_rows(), start=1):
            if number > row:
                yield number, [cell_text(cell) for cell in cells]

    head = [[cell_text(cell) for cell in cells] for _, cells in zip(range(HEAD_ROWS), sheet.iter_rows(), strict=False)]
    return Table(sheet.name, head if width else [], width, arrow_cells(rows_after, width))


def _table_of_rows(name, rows, width):
    def rows_after(row):
        return enumerate(rows[row:], start=row + 1)

    return Table(name, rows[:HEAD_ROWS] if width else [], width, arrow_cells(rows_after, width))


def cell_text(cell):
    """The text of a cell's value.

    Examples
    --------
    >>> [cell_text(v) for v in (12.0, 37.7212623, 0.1 + 0.2, True, datetime.time(14, 3), " 다산동")]
    ['12', '37.7212623', '0.3', 'TRUE', '14:03:00', ' 다산동']
    """
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else repr(float(f"{cell:.{EXCEL_DIGITS}g}"))
    if isinstance(cell, datetime.datetime):
        return _to_second(cell).isoformat(sep=" ")
    if isinstance(cell, datetime.time):
        return _to_second(datetime.datetime.combine(datetime.date(2000, 1, 1), cell)).time().isoformat()
    if isinstance(cell, datetime.timedelta):
        seconds = round(cell.total_seconds())
        return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return str(cell)


def _to_second(moment):
    """Excel keeps a time as a fraction of a day, so 14:03:00 may come back as 14:02:59.9996."""
    return (moment + datetime.timedelta(microseconds=500_000)).replace(microsecond=0)


def _grid(table):
    """Rows of texts of one HTML table, not of tables nested in it; spans hold their places."""
    grid, taken = [], {}
    for r, row in enumerate(chain(table.iterfind("tr"), *(part.iterfind("tr") for part in _parts(table)))):
        texts = []
        for cell in row:
            if cell.tag not in ("td", "th"):
                continue
            while taken.pop((r, len(texts)), False):
                texts.append("")
            across, down = _span(cell, "colspan"), _span(cell, "rowspan")
            taken.update({(r + below, len(texts) + i): True for below in range(1, down) for i in range(across)})
            texts += [cell.text_content().strip(), *[""] * (across - 1)]
        grid.append(texts)
    return grid


def _parts(table):
    return [part for part in table if part.tag in ("thead", "tbody", "tfoot")]


def _span(cell, name):
    number = re.match(r"\s*(\d{1,4})", cell.get(name) or "")
    return max(int(number[1]), 1) if number else 1
