"""The tables of a briefing as an Excel workbook: one sheet a table, numbers as numbers."""

import datetime
import io
import re

from dansok.briefing.payload import payloads
from dansok.workbooks import Formats, columns_wide, write_header

CONTENTS = "목차"
LONGEST_NAME = 31  # Excel's limit
WIDTHS = (6, 48)  # characters


def to_bytes(notebook):
    """The workbook of an executed notebook.

    The first sheet, 목차, lists the sheets with both captions and what each column is called in English. Every
    other sheet holds one table: a frozen header with a filter, then the rows; a total comes last, outside the
    filter. Missing cells are empty.

    Parameters
    ----------
    notebook : nbformat.NotebookNode

    Returns
    -------
    bytes
        The same for the same notebook.
    """
    import xlsxwriter

    start = payloads(notebook, "start")[0][1]
    tables = [payload for _, payload in payloads(notebook, "table")]
    names = sheet_names([(table["sheet"] or table["caption"])["ko"] for table in tables])
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        created = datetime.datetime.fromisoformat(start["as_of"])
        book.set_properties({"title": start["title"]["ko"], "author": start["office"]["ko"], "created": created})
        formats = Formats(book)
        _contents(book.add_worksheet(CONTENTS), start, tables, names, formats)
        for name, table in zip(names, tables, strict=True):
            _sheet(book.add_worksheet(name), table, formats)
    return buffer.getvalue()


def sheet_names(captions):
    """Names that Excel accepts: short, unique, without `[]:*?/\\`.

    Examples
    --------
    >>> sheet_names(["동별 건수", "동별 건수", "시간/요일"])
    ['동별 건수', '동별 건수 2', '시간 요일']
    """
    names = []
    taken = {CONTENTS.casefold(), "history"}
    for caption in captions:
        clean = re.sub(r"\s+", " ", re.sub(r"[\[\]:*?/\\\x00-\x1f]", " ", caption)).strip(" '") or "표"
        name, count = clean[:LONGEST_NAME].strip(" '"), 1
        while name.casefold() in taken:
            count += 1
            ending = f" {count}"
            name = clean[: LONGEST_NAME - len(ending)].strip(" '") + ending
        taken.add(name.casefold())
        names.append(name)
    return names


def _contents(sheet, start, tables, names, formats):
    sheet.write_string(0, 0, start["title"]["ko"], formats(bold=True))
    sheet.write_string(1, 0, start["title"]["en"], formats())
    sheet.write_string(2, 0, "기준일 (as of)", formats())
    sheet.write_datetime(2, 1, datetime.datetime.fromisoformat(start["as_of"]), formats(num_format="yyyy-mm-dd"))
    write_header(sheet, 4, ("시트 (sheet)", "제목", "Caption", "단위 (unit)"), (32, 44, 52, 14), formats)
    row = 5
    for name, table in zip(names, tables, strict=True):
        sheet.write_url(row, 0, f"internal:'{name.replace(chr(39), chr(39) * 2)}'!A1", string=name)
        unit = (table["unit"] or {"ko": ""})["ko"]
        for column, text in enumerate((table["caption"]["ko"], table["caption"]["en"], unit), 1):
            sheet.write_string(row, column, text, formats())
        row += 1
    write_header(sheet, row + 1, ("시트 (sheet)", "열", "Column"), (), formats)
    row += 2
    for name, table in zip(names, tables, strict=True):
        for column in table["columns"]:
            for place, text in enumerate((name, column["label"]["ko"], column["label"]["en"])):
                sheet.write_string(row, place, text, formats())
            row += 1
    sheet.freeze_panes(5, 0)


def _sheet(sheet, table, formats):
    labels = [column["label"]["ko"] for column in table["columns"]]
    shown = [[label + "  ", *(row[c]["ko"] for row in table["rows"])] for c, label in enumerate(labels)]
    widths = [min(max(WIDTHS[0], *map(columns_wide, texts)) + 2, WIDTHS[1]) for texts in shown]
    write_header(sheet, 0, labels, widths, formats)
    rows = len(table["values"])
    for r, (values, numbers) in enumerate(zip(table["values"], table["number_formats"], strict=True), 1):
        bold = {"bold": True, "top": 1} if table["has_total"] and r == rows else {}
        for c, (value, number) in enumerate(zip(values, numbers, strict=True)):
            _cell(sheet, r, c, value, formats(**bold, **({"num_format": number} if number else {})))
    if not rows:
        sheet.write_string(1, 0, table["empty"]["ko"], formats())
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, max(1, rows - table["has_total"]), len(labels) - 1)


def _cell(sheet, row, column, value, form):
    if value is None or value == "":
        sheet.write_blank(row, column, None, form)
    elif isinstance(value, bool):
        sheet.write_boolean(row, column, value, form)
    elif isinstance(value, (int, float)):
        sheet.write_number(row, column, value, form)
    elif isinstance(value, dict) and "ko" not in value:
        moment = datetime.datetime.fromisoformat(value.get("date") or value["moment"])
        sheet.write_datetime(row, column, moment, form)
    else:  # as a string, so that a text that starts with = stays a text
        sheet.write_string(row, column, value["ko"] if isinstance(value, dict) else str(value), form)
