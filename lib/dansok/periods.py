"""Whole months, written "2025-08": ranges of them, and the same month a year before."""

import re

import pandas as pd

from dansok.words import Refusal


def months_between(first, last):
    """All months from `first` to `last`, both included.

    Examples
    --------
    >>> months_between("2024-11", "2025-02")
    ['2024-11', '2024-12', '2025-01', '2025-02']
    """
    return [str(month) for month in pd.period_range(first, last, freq="M")]


def shift(month, by):
    """`month` moved by a number of months.

    Examples
    --------
    >>> shift("2025-01", -12)
    '2024-01'
    """
    return str(pd.Period(month, "M") + by)


def check_month(name, value, known):
    """Return `value`, a month among the `known` ones, or refuse it in one sentence.

    Parameters
    ----------
    name : str
        The parameter, as the run file calls it.
    value : str
        "2025-08"; "earliest" stands for the first of `known`.
    known : list of str
        Months with records, in order.
    """
    if value == "earliest":
        return known[0]
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", value):
        raise Refusal(
            f"{name} = '{value}': 달은 2025-08처럼 적으세요.",
            f"{name} = '{value}': write a month as 2025-08.",
        )
    if value not in known:
        raise Refusal(
            f"{name} = '{value}': 이 달의 자료가 없습니다. 자료가 있는 달: {known[0]} ~ {known[-1]}({len(known)}개월).",
            f"{name} = '{value}': there are no records of this month. Months with records: {known[0]} to {known[-1]}"
            f" ({len(known)} months).",
        )
    return value
