"""What a display call leaves in an executed notebook, and how the rest of this room finds it again."""

import datetime
import math

from dansok.words import LANGUAGES, Text

MIME = "application/vnd.dansok.briefing+json"


def payloads(notebook, kind=None):
    """Pairs of cell number (1 is the first cell) and payload, in reading order; of one `kind`, or of all."""
    return [
        (number, output.data[MIME])
        for number, cell in enumerate(notebook.cells, 1)
        if cell.cell_type == "code"
        for output in cell.outputs
        if MIME in output.get("data", {}) and kind in (None, output.data[MIME]["kind"])
    ]


def both(text):
    """A Text, or a str that is the same in both languages, as `{"ko": ..., "en": ...}`; None stays None."""
    if text is None:
        return None
    if isinstance(text, Text):
        return {language: text[language] for language in LANGUAGES}
    return dict.fromkeys(LANGUAGES, str(text))


def said(text, language):
    """One language of what `both` made; None stays None."""
    return None if text is None else text[language]


def plain(value):
    """A value as JSON can hold it, so that the workbook gets numbers as numbers and dates as dates.

    Missing (None, NaN, NaT, NA) and infinite become None, dates `{"date": "2025-08-31"}`, moments
    `{"moment": "2025-08-31T09:00:00"}`, Text `{"ko": ..., "en": ...}`.

    Examples
    --------
    >>> plain(float("nan")), plain(3), plain(Text("계", "Total"))
    (None, 3, {'ko': '계', 'en': 'Total'})
    """
    if is_missing(value):
        return None
    if isinstance(value, Text):
        return both(value)
    if isinstance(value, datetime.datetime):
        midnight = value.time() == datetime.time()
        return {"date": value.date().isoformat()} if midnight else {"moment": value.isoformat(timespec="seconds")}
    if isinstance(value, datetime.date):
        return {"date": value.isoformat()}
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    if isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return str(value)


def is_missing(value):
    """Whether a scalar is None, NaN, NaT or NA."""
    import pandas as pd

    return value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and math.isnan(value))
