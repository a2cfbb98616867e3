"""How a value looks in a cell: thousands separators, a true minus sign, a dash for what is missing."""

import datetime
import numbers
import re

from dansok.briefing.payload import is_missing
from dansok.words import Text

MINUS = "\N{MINUS SIGN}"
MISSING = "\N{EN DASH}"
YES, NO = Text("예", "yes"), Text("아니오", "no")


def show(value, form=None):
    """A value as a reader sees it.

    Parameters
    ----------
    value : object
        Number, date, moment, bool, str, Text; missing in any of pandas' ways.
    form : str, optional
        Format for numbers and dates, as for `str.format` (`"{:.1%}"`). Without it whole numbers get
        thousands separators, other numbers two decimals too, and dates the form of each language.

    Returns
    -------
    str or Text
        Text only where the languages differ.

    Examples
    --------
    >>> show(-1234), show(0.256, "{:.1%}"), show(None), show(-0.001, "{:.1f}")
    ('−1,234', '25.6%', '–', '0.0')
    """
    if is_missing(value):
        return MISSING
    if isinstance(value, Text):
        return value
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, bool):
        return YES if value else NO
    if isinstance(value, numbers.Number):
        return _number(value, form)
    if isinstance(value, datetime.date):
        return form.format(value) if form else _date(value)
    return str(value)


def excel_format(form, value):
    """Number format of Excel for a value and the format that `show` uses.

    Examples
    --------
    >>> excel_format("{:.1%}", 0.2), excel_format("{:+,.2f}", 3.5), excel_format(None, 1234)
    ('0.0%', '+#,##0.00;-#,##0.00;0.00', '#,##0')
    """
    if isinstance(value, dict):
        return "yyyy-mm-dd hh:mm" if "moment" in value else "yyyy-mm-dd"
    if form is None:
        return "#,##0" if isinstance(value, int) else "#,##0.00"
    spec = re.search(r"\{:?([^}]*)\}", form).group(1)
    kind = re.fullmatch(r"(\+?)(,?)(?:\.(\d+))?([fd%]?)", spec)
    if kind is None:
        return "General"
    sign, comma, places, unit = kind.groups()
    if places is None and unit in ("", "d"):
        places = 0 if isinstance(value, int) else 6
        decimals = "" if isinstance(value, int) else ".######"
    else:
        decimals = "." + "0" * int(places or 0) if int(places if places is not None else 6) else ""
    body = ("#,##0" if comma else "0") + decimals + ("%" if unit == "%" else "")
    return f"+{body};-{body};{body.replace('#,##', '')}" if sign else body


def _number(value, form):
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        raise ValueError("a table cell is infinite")
    text = (form or ("{:,}" if isinstance(value, int) else "{:,.2f}")).format(value)
    if re.fullmatch(r"-[0.,]+%?", text):  # a rounded loss of nothing is nothing
        text = text[1:]
    return text.replace("-", MINUS)


def _date(value):
    ko = f"{value.year}. {value.month}. {value.day}."
    en = f"{value:%Y-%m-%d}"
    if isinstance(value, datetime.datetime) and value.time() != datetime.time():
        return Text(f"{ko} {value:%H:%M}", f"{en} {value:%H:%M}")
    return Text(ko, en)
