"""Files as offices write them, the same bytes for the same rows; each writer says where every row of a frame came to stand."""

import json
from datetime import datetime

import pandas as pd
import xlsxwriter

CREATED = datetime(2026, 1, 5, 9)
SHEET_ROWS = 5_000


def csv(path, frame, encoding="cp949", spaced=False):
    """Comma-separated, Windows line ends; `spaced` puts blanks about the headers.

    Returns
    -------
    pd.DataFrame, one row a row of `frame`
        `source_file`, `source_row` as `dansok.sources` names them.
    """
    if spaced:
        frame = frame.rename(columns=lambda name: f" {name} ")
    path.write_bytes(frame.to_csv(index=False, lineterminator="\r\n").encode(encoding))
    return _stand(path.name, range(2, len(frame) + 2))


def workbook(path, frame, title, titles=(), total=False, subtotals_every=None, sheet_rows=SHEET_ROWS):
    """Sheets of at most `sheet_rows` rows of text cells, with merged title rows, subtotals and a total if asked for.

    A cell that holds a datetime is written as an Excel date.
    """
    sheets = [frame[start : start + sheet_rows] for start in range(0, max(len(frame), 1), sheet_rows)]
    stand = []
    with xlsxwriter.Workbook(path, {"constant_memory": True, "default_date_format": "yyyy-mm-dd hh:mm"}) as book:
        book.set_properties({"title": title, "created": CREATED})
        for number, part in enumerate(sheets, 1):
            sheet = book.add_worksheet(f"Sheet{number}")
            for row, text in enumerate(titles):
                sheet.merge_range(row, 0, row, len(frame.columns) - 1, text)
            header = [f" {name} " if titles else name for name in frame.columns]
            row = _write(sheet, len(titles), header)
            for nth, cells in enumerate(part.itertuples(index=False), 1):
                stand.append((f"{path.name}#Sheet{number}" if len(sheets) > 1 else path.name, row + 1))
                row = _write(sheet, row, cells)
                if subtotals_every and nth % subtotals_every == 0:
                    row = _write(sheet, row, ["소계", *[""] * (len(header) - 2), str(subtotals_every)])
            if total and number == len(sheets):
                _write(sheet, row, ["합계", *[""] * (len(header) - 2), f"{len(frame):,}"])
    return pd.DataFrame(stand, columns=["source_file", "source_row"])


def page(path, frame, rows_a_page):
    """An HTML page that is called .xls, with the header again at the head of each printed page."""
    head, lines, stand = _html(frame.columns, "th"), [], []
    for number, cells in enumerate(frame.to_numpy()):
        if number % rows_a_page == 0:
            lines.append(head)
        lines.append(_html(cells, "td"))
        stand.append(len(lines))
    body = "".join(lines)
    text = f'<html><head><meta charset="utf-8"></head><body><table border="1">\n{body}</table></body></html>\n'
    path.write_bytes(text.encode())
    return _stand(path.name, stand)


def records(path, content):
    """JSON; rows count from the first record."""
    path.write_bytes(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode())
    return _stand(path.name, range(1, len(content) + 1))


def outlines(path, frame, digits):
    """GeoJSON with coordinates of so many digits."""
    content = frame.set_geometry(frame.geometry.set_precision(10.0**-digits)).to_geo_dict()
    path.write_bytes(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode())
    return _stand(path.name, range(1, len(frame) + 1))


def _stand(name, rows):
    return pd.DataFrame({"source_file": name, "source_row": rows})


def _write(sheet, row, cells):
    for column, cell in enumerate(cells):
        if isinstance(cell, datetime):
            sheet.write_datetime(row, column, cell)
        elif cell != "":
            sheet.write_string(row, column, str(cell))
    return row + 1


def _html(cells, tag):
    return "<tr>" + "".join(f"<{tag}>{cell}</{tag}>" for cell in cells) + "</tr>\n"
