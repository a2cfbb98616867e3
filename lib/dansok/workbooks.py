"""How the office's Excel workbooks look: one font, one kind of header, widths in which a Korean letter counts twice."""

import unicodedata


class Formats:
    """Formats of one workbook: xlsxwriter writes each format object, so equal ones are made once."""

    def __init__(self, book):
        self.book, self.made = book, {}

    def __call__(self, **properties):
        key = tuple(sorted(properties.items()))
        if key not in self.made:
            usual = {"font_name": "맑은 고딕", "font_size": 10, "valign": "vcenter"}
            self.made[key] = self.book.add_format({**usual, **properties})
        return self.made[key]


def write_header(sheet, row, labels, widths, formats):
    """Write a header row and set the widths of the columns.

    Parameters
    ----------
    sheet : xlsxwriter.worksheet.Worksheet
    row : int
    labels : iterable of str
    widths : iterable of number
        In characters; none for columns that keep theirs.
    formats : Formats
    """
    look = formats(bold=True, bg_color="#0B2F5B", font_color="#FFFFFF", text_wrap=True, align="center", border=1)
    for column, label in enumerate(labels):
        sheet.write_string(row, column, label, look)
    for column, width in enumerate(widths):
        sheet.set_column(column, column, width)


def columns_wide(text):
    """Width of a text in characters, a Korean letter counting as two.

    Examples
    --------
    >>> columns_wide("가동 1")
    6
    """
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
