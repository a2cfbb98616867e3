"""How fast the citizens of an area report, from further reports of what has been reported already.

How many violations there were, and which share of them was reported, cannot be told apart from counts of reports. Once
one is reported it is known to be there, and how soon others report it too depends on the people alone (Liu, Bhandaram
and Garg 2024, Nature Computational Science 4).
"""

import numpy as np
import pandas as pd

from dansok.models import rates
from dansok.models.rates.neighbours import shrink

MINUTES = 30
WHOLE_CITY = {np.inf: None}
INCIDENT = ("place", "area", "vehicle", "at", "weight", "further", "chance")
DAYS_APART = (-7, -6, -5, -4, -3, -2, -1, 1, 2, 3, 4, 5, 6, 7)  # when the same car is no longer the reason
BY_THE_DAY = pd.Timedelta(days=1)


def report_weights(reporters, most):
    """Weights that let no reporter count for more than so many reports.

    Parameters
    ----------
    reporters : pd.Series
        Who reported, one row a report; missing: not known.
    most : float
        Reports that all those of one reporter count for at most, above 0.

    Returns
    -------
    pd.Series of float, same index
        1 for a reporter with `most` reports or fewer and for unknown ones; less for the others, all their reports
        alike.

    Examples
    --------
    >>> report_weights(pd.Series(["a", "a", "a", "a", "b", None]), most=2).tolist()
    [0.5, 0.5, 0.5, 0.5, 1.0, 1.0]
    """
    if not most > 0:
        raise ValueError(f"most must be above 0, got {most}")
    return (most / reporters.map(reporters.value_counts())).clip(upper=1.0).fillna(1.0).astype(float)


def group_incidents(reports, *, minutes=MINUTES):
    """Reports of one violation put together.

    Parameters
    ----------
    reports : pd.DataFrame, one row a report
        `at` (datetime64), `place` (a cell, address or camera) and `area`; if known also `vehicle` (missing: not known),
        `reporter` (missing: not known) and `weight` (as `report_weights` gives; 1 if there is none).
    minutes : float
        A report of the same vehicle at the same place this long after the first or sooner belongs to the first.

    Returns
    -------
    pd.DataFrame, one row an incident, in order of `place` and time
        `place`, `area`, `vehicle`, `at` and `weight` of its first report; `further`: weight of the reports by others
        than the first reporter; `chance`: how many of those other vehicles would have brought, 0 where the vehicle is
        known.

    Raises
    ------
    ValueError
        If a column or a time, place or area is missing, or `minutes` is not above 0.

    Notes
    -----
    The time begins with the first report and does not grow with those that follow, so that further reports stay in
    proportion to how fast people report. Reports without a vehicle are put together by place alone, so that some come
    from other vehicles at the same place; as many as come, on average, in the same minutes of the seven days before and
    after.

    Examples
    --------
    >>> reports = pd.DataFrame({"at": pd.to_datetime(["2025-03-03 09:00", "2025-03-03 09:20", "2025-03-03 10:00"])})
    >>> reports = reports.assign(place="A", area="north", vehicle="v", reporter=["x", "y", "x"])
    >>> group_incidents(reports)[["at", "further"]].astype(str).values.tolist()
    [['2025-03-03 09:00:00', '1.0'], ['2025-03-03 10:00:00', '0.0']]
    """
    reports = _in_order(reports, minutes)
    window = pd.Timedelta(minutes=minutes)
    first = _opens(reports["group"].to_numpy(), reports["at"].to_numpy(), window.to_timedelta64())
    incident = pd.Series(first.cumsum() - 1, reports.index)
    incidents = reports[first].reset_index(drop=True)
    reporter = reports["reporter"]
    again = reporter.notna() & pd.DataFrame({"incident": incident, "reporter": reporter}).duplicated()
    further = reports["weight"].where(~first & ~again, 0.0).groupby(incident).sum()
    known = incidents["vehicle"].notna()
    chance = _by_chance(incidents, reports[reports["vehicle"].isna()], window).mask(known, 0.0)
    incidents = incidents.assign(further=further.to_numpy(), chance=chance)
    return incidents.sort_values(["place", "at"], kind="stable", ignore_index=True)[list(INCIDENT)]


def reporting_rates(incidents, *, confidence=0.90):
    """How fast each area reports, relative to the mean of the areas.

    Parameters
    ----------
    incidents : pd.DataFrame
        As `group_incidents` returns.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    pd.DataFrame, one row an area, in order of name
        `incidents` and `further`: weighted incidents, and further reports that chance does not explain; `rate`: further
        reports an incident over the mean of the areas, with `low` and `high`; `factor`: the rate pulled towards 1 as
        far as the area's own reports leave it open, never 0: divide counts by it. All of these are missing if areas have
        no more further reports than chance brings, or there is no other day to tell chance by.

    Notes
    -----
    A Poisson regression of further reports with one term an area, the interval widened by what incidents vary beyond
    Poisson (`rates.count_interval`). `factor`: empirical Bayes over the areas, as `rates.corrected_rates` does.

    Areas are taken to be alike in how long vehicles stand, and people to report one by one. Where neither vehicle nor
    reporter is known, somebody who reports five cars in one walk looks like five people who report one car.

    Examples
    --------
    >>> incidents = pd.DataFrame({"area": ["north"] * 200 + ["south"] * 200, "weight": 1.0, "chance": 0.0})
    >>> incidents["further"] = [1.0, 0.0, 0.0, 0.0] * 50 + [1.0, 0.0] * 100
    >>> reporting_rates(incidents)[["rate", "low", "high"]].round(2).values.tolist()
    [[0.67, 0.52, 0.84], [1.33, 1.12, 1.57]]
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, got {confidence}")
    weight = incidents["weight"]
    sums = (
        pd.DataFrame(
            {
                "area": incidents["area"],
                "incidents": weight,
                "counted": weight * incidents["further"],
                "chance": weight * incidents["chance"],
            }
        )
        .groupby("area")
        .sum(min_count=1)
    )
    table = pd.DataFrame({"incidents": sums["incidents"], "further": sums["counted"] - sums["chance"]})
    if not table["further"].sum() > 0 or incidents["chance"].isna().any():
        return table.assign(rate=np.nan, low=np.nan, high=np.nan, factor=np.nan)
    spread = _dispersion(incidents, sums)
    counted = rates.count_interval(sums["counted"], confidence, spread).rename(columns={"count": "rate"})
    per_incident = counted.sub(sums["chance"], axis=0).clip(lower=0).div(table["incidents"], axis=0)
    # What chance brings adds to the variance and not to the number.
    spread *= sums["counted"].sum() / table["further"].sum()
    shrunk = shrink(
        (table["further"].clip(lower=0) / spread).to_numpy(),
        (table["incidents"] / spread).to_numpy(),
        np.zeros(len(table)),
        WHOLE_CITY,
        (1 - confidence) / 2,
    )
    per_incident["factor"] = shrunk.rate
    return table.join(per_incident / shrunk.rate.mean())


def _in_order(reports, minutes):
    """The columns of reports that are needed, sorted so that those of one vehicle and place follow each other."""
    if not minutes > 0:
        raise ValueError(f"minutes must be above 0, got {minutes}")
    for column in ("at", "place", "area"):
        if column not in reports or reports[column].isna().any():
            raise ValueError(f"reports: column {column} is missing, or has gaps")
    optional = {"vehicle": None, "reporter": None, "weight": 1.0}
    reports = reports.assign(**{column: value for column, value in optional.items() if column not in reports})
    group = reports.groupby(["place", "vehicle"], dropna=False).ngroup()
    return reports.assign(group=group).sort_values(["group", "at"], kind="stable", ignore_index=True)


def _opens(group, at, window):
    """Which reports open an incident: the first of a group, and each later than the window of the one before."""
    opens = np.zeros(len(at), bool)
    ends = np.searchsorted(group, group, side="right")
    report = 0
    while report < len(at):
        opens[report] = True
        report += np.searchsorted(at[report : ends[report]], at[report] + window, side="right")
    return opens


def _by_chance(incidents, reports, window):
    """Weight of the reports at the same place and minutes of other days: mean over the days that the data cover."""
    if reports.empty:
        return pd.Series(np.nan, incidents.index)
    start, end = reports["at"].min(), reports["at"].max()
    places = pd.Index(reports["place"].unique())
    span = (end - start) + 20 * BY_THE_DAY  # keeps the days around one place apart from those of the next

    def position(place, at):
        return places.get_indexer(place) * span.total_seconds() + (at - start).dt.total_seconds().to_numpy()

    in_line = position(reports["place"], reports["at"])
    order = np.argsort(in_line)
    reached = np.r_[0.0, reports["weight"].to_numpy()[order].cumsum()]
    found, days = np.zeros(len(incidents)), np.zeros(len(incidents))
    for apart in DAYS_APART:
        begins = incidents["at"] + apart * BY_THE_DAY
        covered = ((begins >= start) & (begins + window <= end)).to_numpy()
        at = position(incidents["place"], begins)
        until, since = (
            np.searchsorted(in_line[order], at + extra, side)
            for extra, side in ((window.total_seconds(), "right"), (0, "left"))
        )
        found += np.where(covered, reached[until] - reached[since], 0.0)
        days += covered
    return pd.Series(np.divide(found, days, out=np.full(len(days), np.nan), where=days > 0), incidents.index)


def _dispersion(incidents, sums):
    """Variance of the weighted further reports of an area over their mean, at least 1."""
    mean = incidents["area"].map(sums["counted"] / sums["incidents"])
    squares = (incidents["weight"] * (incidents["further"] - mean)) ** 2
    return max(1.0, float(squares.sum() / sums["counted"].sum()))
