"""Times as exports write them, read by Ibis expressions: no Python per row, no cast of a text that does not fit."""

import ibis
from ibis import _

WIDE, NARROW = "０１２３４５６７８９：．－／，　", "0123456789:.-/, "
MIDNIGHT_ROWS = 20

_COMMON = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}(:[0-9]{2})?$"
_SERIAL = r"^[2-7][0-9]{4}(\.[0-9]+)?$"
_CLOCK = r"(?:[- ]+([0-9]{1,2}:[0-9]{0,2}(?::[0-9]{1,2})?:?|[0-9]{3,6}))?$"
# The three parts of a date, in the order in which they stand, and the clock.
_LONG = r"^([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})" + _CLOCK
_COMPACT = r"^([0-9]{4})([0-9]{2})([0-9]{2})" + _CLOCK
_JOINED = r"^([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{4}|[0-9]{6})$"
_LAST = r"^([0-9]{1,2})-([0-9]{1,2})-([0-9]{4})" + _CLOCK
_SHORT = r"^([0-9]{1,2})-([0-9]{1,2})-([0-9]{1,2})" + _CLOCK
# Hour, minute, second of a clock: with colons, or as digits whose leading zero may be lost.
_COLONS = r"^([0-9]{1,2}):([0-9]{1,2})?:?([0-9]{1,2})?:?$"
_DIGITS = r"^([0-9]{1,2})([0-9]{2})([0-9]{2})?$"
_MONTH = r"^([0-9]{4})-?([0-9]{2})$|^([0-9]{4})-([0-9])$"
_YEAR = r"^[0-9]{4}$"


def read_moments(table, column, date_order="ymd"):
    """Read a text column as moments.

    Understood are dates with dashes, dots, slashes, 년·월·일 or nothing between their parts, with or without a clock
    (24 hours, 오전·오후, AM·PM, 14시 03분, HHMM with its leading zero lost), months, years and Excel's numbers of
    days. 24:00 is the start of the next day. A day above 12 tells day from month where the year comes last;
    otherwise `date_order` must: with "ymd" such a text is not read rather than guessed.

    Parameters
    ----------
    table : ibis.Table
    column : str
        Name of a text column; missing means that nothing was sent.
    date_order : {"ymd", "dmy", "mdy"}
        Order in dates with a two-digit year, and in dates that end with the year.

    Returns
    -------
    ibis.Table
        `table` and three columns more: `<column>__at` (timestamp, local time as sent; missing if it cannot be
        read), `<column>__precision` (code of `tables.PRECISIONS`) and `<column>__layout` ("iso", "dotted",
        "slashed", "korean", "compact", "year_last", "short_year", "serial", "month", "year").

    Examples
    --------
    >>> rows = ibis.memtable({"sent": ["2017. 8. 8. 오후 2:03", "20171123 905", "2024-02-30"]})
    >>> read_moments(rows, "sent").to_pandas()["sent__at"].astype(str).tolist()
    ['2017-08-08 14:03:00', '2017-11-23 09:05:00', nan]
    """
    t = table.mutate(_text=_[column].fill_null("").strip())
    t = t.mutate(_common=_._text.re_search(_COMMON))
    t = t.mutate(_plain=ibis.ifelse(_._common, "", _._text.translate(WIDE, NARROW).upper().strip()))
    t = t.mutate(_serial=_._plain.re_search(_SERIAL), _tidy=_tidied(_._plain), _half=_half_of_day(_._plain))
    t = _take_apart(t, date_order)
    t = t.mutate(_stamp=_assembled(t))
    t = t.mutate(_fits=_is_possible(_._stamp))
    t = t.mutate(_at=ibis.cases((_._fits, _first_instant(_._stamp).cast("timestamp"))))
    whole_day = _._stamp.substr(11, 8) == "24:00:00"
    t = t.mutate(_at=ibis.ifelse(whole_day, _._at + ibis.interval(days=1), _._at))
    t = t.mutate(_days=ibis.cases((_._serial, _._plain.cast("float64"))))
    t = t.mutate(_at=t._at.fill_null(_serial_moment(t._days)))
    found = {
        f"{column}__at": _._at,
        f"{column}__precision": ibis.cases((_._at.notnull(), _precision(t))),
        f"{column}__layout": ibis.cases((_._at.notnull(), _layout(t))),
    }
    return t.mutate(**found).select(*table.columns, *found)


def mostly_midnight(rows_at_midnight, rows):
    return rows >= MIDNIGHT_ROWS and rows_at_midnight * 2 > rows


def is_midnight(at):
    return (at.hour() == 0) & (at.minute() == 0) & (at.second() == 0)


def is_clock(precision):
    return precision.isin(["second", "minute", "hour"])


def _half_of_day(text):
    return ibis.cases((text.re_search("오후|PM|P\\.M"), "PM"), (text.re_search("오전|AM|A\\.M"), "AM"), else_="")


def _tidied(text):
    """Dates as 2017-8-8, clocks as 14:03:, whatever stood between their parts."""
    text = text.re_replace(r"오전|오후|[AP]\.?M\.?|\([월화수목금토일]\)|[월화수목금토일]요일", " ")
    text = text.re_replace(r" ?\+09:?00$", "")
    text = ibis.ifelse(text.re_search(r":[0-9]{2}\.[0-9]{1,9}$"), text.re_replace(r"\.[0-9]{1,9}$", ""), text)
    text = text.re_replace("[년월./]", "-").re_replace("[일T초]", " ").re_replace("[시분]", ":")
    text = text.re_replace(r"\s*-\s*", "-").re_replace(r"\s*:\s*", ":").re_replace(r"\s+", " ").re_replace("[- ]+$", "")
    # A date cell and a clock cell, each written by Excel as a whole moment.
    return text.re_replace(r" 00:00:00 ", " ").re_replace(r" 18(99)-12-3[01] ", " ").strip()


def _take_apart(t, date_order):
    t = t.mutate(
        _long=_._tidy.re_search(_LONG),
        _compact=_._tidy.re_search(_COMPACT),
        _joined=_._tidy.re_search(_JOINED),
        _last=_._tidy.re_search(_LAST),
        _short=_._tidy.re_search(_SHORT),
        _month=_._tidy.re_search(_MONTH) & (_._half == ""),
        _year=_._tidy.re_search(_YEAR) & (_._half == ""),
    )
    patterns = {"_long": _LONG, "_compact": _COMPACT, "_joined": _JOINED, "_last": _LAST, "_short": _SHORT}

    def group(i):
        return ibis.cases(*((t[fits], t._tidy.re_extract(p, i)) for fits, p in patterns.items()), else_="")

    t = t.mutate(_a=group(1), _b=group(2), _c=group(3), _clock=group(4))
    colons = t._clock.contains(":")
    parts = (ibis.ifelse(colons, t._clock.re_extract(_COLONS, i), t._clock.re_extract(_DIGITS, i)) for i in (1, 2, 3))
    t = t.mutate(**dict(zip(("_h", "_m", "_s"), parts, strict=True)))
    return t.mutate(**dict(zip(("_y", "_mo", "_d"), _ordered(t, date_order), strict=True)))


def _ordered(t, date_order):
    """Year, month and day texts in their places."""
    year, month, day = {"ymd": (t._a, t._b, t._c), "dmy": (t._c, t._b, t._a), "mdy": (t._c, t._a, t._b)}[date_order]
    unclear = {"ymd": ("", ""), "dmy": (t._b, t._a), "mdy": (t._a, t._b)}[date_order]
    two = lambda part: part.lpad(2, "0")  # noqa: E731
    day_first, month_first = two(t._a) > "12", two(t._b) > "12"
    return (
        ibis.cases(
            (t._last, t._c), (t._short, ibis.ifelse(two(year) < "70", "20", "19") + two(year)), (t._year, t._tidy),
            (t._month, t._tidy.substr(0, 4)), else_=t._a,
        ),
        ibis.cases(
            (t._last & day_first, t._b), (t._last & month_first, t._a), (t._last, unclear[0]), (t._short, month),
            (t._year, "1"), (t._month, t._tidy.substr(4, 3).replace("-", "")), else_=t._b,
        ),
        ibis.cases(
            (t._last & day_first, t._a), (t._last & month_first, t._b), (t._last, unclear[1]), (t._short, day),
            (t._year | t._month, "1"), else_=t._c,
        ),
    )  # fmt: skip


def _assembled(t):
    """The moment as yyyy-mm-dd hh:mm:ss, possible or not; empty where no layout fits."""
    two = lambda part: part.lpad(2, "0")  # noqa: E731
    afternoon = (t._half == "PM") & t._h.isin([*map(str, range(12)), *(f"0{h}" for h in range(10))])
    morning_noon = (t._half == "AM") & (t._h == "12")
    later = ibis.cases(*((two(t._h) == f"{h:02d}", str(h + 12)) for h in range(12)), else_="")
    hour = ibis.cases(
        (t._h == "", "00"),
        (morning_noon, "00"),
        ((t._half == "AM") & (two(t._h) > "12"), "99"),
        (afternoon, later),
        else_=two(t._h),
    )
    slow = (
        t._y + "-" + two(t._mo) + "-" + two(t._d) + " " + hour
        + ":" + ibis.ifelse(t._m == "", "00", two(t._m)) + ":" + ibis.ifelse(t._s == "", "00", two(t._s))
    )  # fmt: skip
    fast = (
        t._text.substr(0, 10)
        + " "
        + t._text.substr(11, 5)
        + ibis.ifelse(t._text.length() == 19, t._text.substr(16, 3), ":00")
    )
    known = t._long | t._compact | t._joined | t._last | t._short | t._month | t._year
    told_twice = (t._half != "") & (t._h == "")
    return ibis.cases((t._common, fast), (known & ~told_twice, slow), else_="")


def _is_possible(stamp):
    shaped = stamp.re_search(r"^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}$")
    year, month, day = stamp.substr(0, 4), stamp.substr(5, 2), stamp.substr(8, 2)
    # Leap years by text, since 2100 is beyond any export: the last two digits are a multiple of 4.
    leap = year.substr(2, 2).isin([f"{n:02d}" for n in range(0, 100, 4)]) & ~year.isin(["1900", "2100"])
    days = ibis.cases(
        (month.isin(["04", "06", "09", "11"]), "30"), ((month == "02") & leap, "29"), (month == "02", "28"), else_="31"
    )
    clock = stamp.substr(11, 8)
    in_clock = (clock.substr(0, 2) < "24") & (clock.substr(3, 2) < "60") & (clock.substr(6, 2) < "60")
    return (
        shaped
        & year.between("1900", "2100")
        & month.between("01", "12")
        & day.between("01", days)
        & (in_clock | (clock == "24:00:00"))
    )


def _first_instant(stamp):
    return ibis.ifelse(stamp.substr(11, 2) == "24", stamp.substr(0, 10) + " 00:00:00", stamp)


def _serial_moment(days):
    """Excel's day 25569 is 1970-01-01; days before 1900-03-01 do not occur here."""
    seconds = ((days - 25569) * 86400).round().cast("int64")
    return ibis.timestamp("1970-01-01 00:00:00") + seconds.as_interval("s")


def _precision(t):
    return ibis.cases(
        (t._common & (t._text.length() == 19), "second"),
        (t._common, "minute"),
        (t._serial & t._plain.contains("."), "second"),
        (t._serial, "day"),
        (t._month, "month"),
        (t._year, "year"),
        (t._s != "", "second"),
        (t._m != "", "minute"),
        (t._h != "", "hour"),
        else_="day",
    )


def _layout(t):
    return ibis.cases(
        (t._common, "iso"),
        (t._serial, "serial"),
        (t._month, "month"),
        (t._year, "year"),
        (t._compact | t._joined, "compact"),
        (t._last, "year_last"),
        (t._short, "short_year"),
        (t._plain.re_search("[년월일시분초]|오전|오후"), "korean"),
        (t._plain.re_search(r"^[0-9]+ ?\."), "dotted"),
        (t._plain.contains("/"), "slashed"),
        else_="iso",
    )
