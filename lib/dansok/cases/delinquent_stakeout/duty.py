"""The blocks that crews can work in a month: nights on working days, evenly spread, cut into equal parts."""

import numpy as np
import pandas as pd

from dansok.cases.delinquent_map.presence import slot_of
from dansok.korea import calendar

TEAMS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
NO_DAY = pd.Timestamp("2000-01-01")  # of what is spread over a whole month


def blocks_of(month, teams, nights, starts, hours, blocks):
    """Blocks of all teams in a month.

    Parameters
    ----------
    month : str
        Such as "2025-08".
    teams : int
    nights : int
        At most; no more than the month has working days.
    starts, hours : float
        Hour at which the shift begins, and its length.
    blocks : int
        Of equal length, in a shift.

    Returns
    -------
    pd.DataFrame, one row a block, indexed by label ("2026-01-05 A 1")
        As `stakeout.Roster` wants it.

    Examples
    --------
    >>> found = blocks_of("2025-08", teams=1, nights=2, starts=18, hours=4, blocks=2)
    >>> found[["start_hour", "hours", "slot"]].reset_index().values.tolist()[:2]
    [['2025-08-01 A 1', 18.0, 2.0, 5], ['2025-08-01 A 2', 20.0, 2.0, 6]]
    """
    period = pd.Period(month, "M")
    days = calendar.days(period.start_time, period.end_time)
    working = days.loc[days["is_working_day"], "date"].to_numpy()
    chosen = working[np.unique(np.linspace(0, len(working) - 1, min(nights, len(working))).round().astype(int))]
    rows = [
        (f"{pd.Timestamp(day):%Y-%m-%d} {team} {nth + 1}", team, day, starts + nth * hours / blocks, hours / blocks)
        for day in chosen
        for team in TEAMS[:teams]
        for nth in range(blocks)
    ]
    table = pd.DataFrame(rows, columns=["block", "team", "date", "start_hour", "hours"]).set_index("block")
    middle = (table["start_hour"] + table["hours"] / 2) // 1
    return table.assign(slot=slot_of(pd.DataFrame({"hour": middle, "rest_day": False})))


def rest_days(moments):
    """Whether each moment lies on a rest day: np.ndarray of bool."""
    if not len(moments):
        return np.zeros(0, bool)
    days = calendar.days(moments.min(), moments.max()).set_index("date")["is_working_day"]
    return ~days.reindex(pd.to_datetime(moments).dt.normalize()).to_numpy(bool)
