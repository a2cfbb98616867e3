"""Days as a city office lives them: weekdays, public holidays, substitute days, and the two lunar feasts."""

import holidays
import pandas as pd

FIRST_YEAR, LAST_YEAR = 1990, 2100

_LANGUAGES = {"ko": "ko", "en": "en_US"}
_SUBSTITUTE = "대체 휴일"
_FEASTS = {"seollal": "설날", "chuseok": "추석"}
_NEAR_DAYS = 3


def days(first, last):
    """Every day of a period, one row each.

    Parameters
    ----------
    first, last : datetime.date, pd.Timestamp or "YYYY-MM-DD"
        Both belong to the period.

    Returns
    -------
    pd.DataFrame, one row a day, index 0 … n-1
        `date` : datetime64, midnight.
        `weekday` : int, 0 Monday … 6 Sunday.
        `is_holiday` : bool, public holiday (관공서의 공휴일). A plain Saturday or Sunday is none.
        `holiday_ko`, `holiday_en` : its name, two on one day joined by " · ". Missing if there is none.
        `is_substitute` : bool, substitute day (대체공휴일) of a holiday that fell on a weekend or another holiday.
        `days_from_seollal`, `days_from_chuseok` : Int64, -3 … 3 (0 the day itself). Missing farther away.
        `is_working_day` : bool, Monday to Friday and no public holiday.

    Raises
    ------
    ValueError
        If `last` is before `first`, or outside 1990-2100 (before, the feasts were not three days).

    Notes
    -----
    Holidays by the package `holidays`. It knows the temporary holidays and elections that were announced
    when it was released; days far ahead lack theirs. 1 May is a public holiday from 2026 only; before,
    offices worked.

    Examples
    --------
    >>> seollal = days("2024-02-10", "2024-02-12")
    >>> seollal[["holiday_ko", "is_substitute", "days_from_seollal"]]
      holiday_ko  is_substitute  days_from_seollal
    0         설날          False                  0
    1     설날 다음날          False                  1
    2   설날 대체 휴일           True                  2
    """
    first, last = pd.Timestamp(first).normalize(), pd.Timestamp(last).normalize()
    if last < first:
        raise ValueError(f"the last day {last.date()} is before the first {first.date()}")
    if first.year < FIRST_YEAR or last.year > LAST_YEAR:
        raise ValueError(f"{first.date()} to {last.date()}: holidays are known from {FIRST_YEAR} to {LAST_YEAR}")
    names = {language: _names(first.year, last.year, code) for language, code in _LANGUAGES.items()}
    date = pd.Series(pd.date_range(first, last, unit="s"), name="date")
    weekday = date.dt.day_of_week.astype("int64")
    korean = date.map(names["ko"]).astype("str")
    is_holiday = korean.notna()
    return pd.DataFrame(
        {
            "date": date,
            "weekday": weekday,
            "is_holiday": is_holiday,
            "holiday_ko": korean,
            "holiday_en": date.map(names["en"]).astype("str"),
            "is_substitute": korean.str.contains(_SUBSTITUTE).eq(True),
            **{f"days_from_{feast}": _days_from(date, names["ko"], name) for feast, name in _FEASTS.items()},
            "is_working_day": weekday.lt(5) & ~is_holiday,
        }
    )


def _names(first_year, last_year, language):
    found = holidays.country_holidays("KR", years=range(first_year, last_year + 1), language=language)
    return {pd.Timestamp(day): " · ".join(found.get_list(day)) for day in sorted(found)}


def _days_from(date, names, feast):
    offsets = pd.Series(pd.NA, index=date.index, dtype="Int64")
    for day, name in names.items():
        if feast in name.split(" · "):
            distance = (date - day).dt.days
            offsets = offsets.mask(distance.abs() <= _NEAR_DAYS, distance)
    return offsets
