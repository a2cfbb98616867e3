"""Counts, and rates per hour watched, with intervals that allow for counts varying more than chance alone would."""

import math

import numpy as np
import pandas as pd
from scipy import stats


def count_interval(counts, confidence=0.95, dispersion=1.0):
    """Interval of the expected count behind each observed one.

    Parameters
    ----------
    counts : pd.Series or array-like of int, shape (n,)
        Events. May be missing.
    confidence : float
        Between 0 and 1.
    dispersion : float
        Variance of the counts over their mean, as `dispersion` gives; 1 is Poisson.

    Returns
    -------
    pd.DataFrame, shape (n, 3)
        `count`, `low`, `high`; missing where the count is.

    Notes
    -----
    Exact Poisson interval (Garwood 1936, Biometrika 28) of the effective count `count / dispersion`, scaled back. For a
    dispersion of 1 it is the exact interval itself, and wider than its confidence for small counts.

    Examples
    --------
    >>> count_interval([10]).round(3).values.tolist()
    [[10.0, 4.795, 18.39]]
    """
    counts = pd.Series(counts).astype(float)
    if (counts < 0).any():
        raise ValueError(f"counts below zero: {counts[counts < 0].to_dict()}")
    tail, effective = tail_of(confidence), counts / _at_least_one(dispersion)
    low = stats.gamma.ppf(tail, effective).astype(float)
    high = stats.gamma.ppf(1 - tail, effective + 1)
    intervals = pd.DataFrame({"count": counts, "low": low * dispersion, "high": high * dispersion}, index=counts.index)
    intervals.loc[counts == 0, "low"] = 0.0
    return intervals


def rate_per_exposure(counts, exposure, confidence=0.95, dispersion=1.0):
    """Events per unit watched.

    Parameters
    ----------
    counts, exposure : pd.Series or array-like, shape (n,), same index
        Events, and hours (or any unit) in which they could be seen.
    confidence, dispersion : float
        As for `count_interval`.

    Returns
    -------
    pd.DataFrame, shape (n, 3)
        `rate`, `low`, `high`. Where exposure is 0 or missing nobody looked: all three are missing, never 0.

    Examples
    --------
    >>> rate_per_exposure([10, 3], [5.0, 0.0]).round(2).values.tolist()
    [[2.0, 0.96, 3.68], [nan, nan, nan]]
    """
    counts, exposure = pd.Series(counts), pd.Series(exposure).astype(float)
    if not counts.index.equals(exposure.index):
        raise ValueError("counts and exposure have different indexes")
    if (exposure < 0).any():
        raise ValueError(f"exposure below zero: {exposure[exposure < 0].to_dict()}")
    watched = exposure.where(exposure > 0)
    intervals = count_interval(counts, confidence, dispersion).div(watched, axis=0)
    return intervals.rename(columns={"count": "rate"})


def rate_ratio(count_now, exposure_now, count_before, exposure_before, dispersion=1.0, confidence=0.95):
    """How many times the earlier rate the present one is.

    Parameters
    ----------
    count_now, exposure_now, count_before, exposure_before : float
        Events and hours watched (1 and 1 to compare bare counts).
    dispersion, confidence : float
        As for `count_interval`.

    Returns
    -------
    ratio, low, high : float
        All missing if either time was not watched or there was no event before; `low` is 0 if there is none now.

    Notes
    -----
    Quasi-Poisson: the log ratio is normal with variance dispersion (1 / now + 1 / before) (McCullagh and Nelder 1989,
    Generalized Linear Models, ch. 6). With no event now, the exact conditional bound (Przyborowski and Wilenski 1940) of
    the effective counts.

    Examples
    --------
    >>> [round(value, 3) for value in rate_ratio(150, 1.0, 100, 1.0)]
    [1.5, 1.165, 1.932]
    """
    if min(count_now, count_before, exposure_now, exposure_before) < 0:
        raise ValueError("counts and exposures must not be below zero")
    if exposure_now == 0 or exposure_before == 0 or count_before == 0:
        return math.nan, math.nan, math.nan
    spread, tail = _at_least_one(dispersion), tail_of(confidence)
    hours = exposure_before / exposure_now
    if count_now == 0:
        return 0.0, 0.0, (tail ** (-spread / count_before) - 1) * hours
    ratio = count_now / count_before * hours
    width = stats.norm.ppf(1 - tail) * math.sqrt(spread * (1 / count_now + 1 / count_before))
    return ratio, ratio * math.exp(-width), ratio * math.exp(width)


def ratio_over_periods(now, before, confidence=0.95):
    """How many times the earlier rate the present one is, over several pairs of periods that each have their own ups and downs.

    Parameters
    ----------
    now, before : pd.DataFrame, shape (n_periods, 2), rows in pairs
        `events` and `exposure` (1 to compare bare counts) of each period, and of the one it is compared with.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    ratio, low, high : float
        Ratio of the pooled rates. `low` and `high` are missing with fewer than three pairs that have events in both; all
        are missing where one side was not watched or had no event.

    Notes
    -----
    t interval of the mean log ratio of the pairs, about the pooled ratio: what differs between the pairs (a camera moved, a
    campaign, the weather) counts as chance, which intervals from counts alone leave out.

    Examples
    --------
    >>> now = pd.DataFrame({"events": [90, 120, 100], "exposure": 1.0})
    >>> before = pd.DataFrame({"events": [100, 100, 100], "exposure": 1.0})
    >>> [round(value, 2) for value in ratio_over_periods(now, before)]
    [1.03, 0.72, 1.48]
    """
    totals = [part[["events", "exposure"]].sum() for part in (now, before)]
    if min(min(total) for total in totals) <= 0:
        return math.nan, math.nan, math.nan
    ratio = (totals[0].events / totals[0].exposure) / (totals[1].events / totals[1].exposure)
    pairs = [(part.events / part.exposure.where(part.exposure > 0)).to_numpy(float) for part in (now, before)]
    known = (pairs[0] > 0) & (pairs[1] > 0)
    logs = np.log(pairs[0][known] / pairs[1][known])
    if len(logs) < 3:
        return float(ratio), math.nan, math.nan
    half = stats.t.ppf(1 - tail_of(confidence), len(logs) - 1) * logs.std(ddof=1) / math.sqrt(len(logs))
    return float(ratio), float(ratio * math.exp(-half)), float(ratio * math.exp(half))


def dispersion(counts_by_period):
    """How many times the variance that chance alone would give, from the changes between neighbouring periods.

    Parameters
    ----------
    counts_by_period : pd.Series, or pd.DataFrame with a row a group and a column a period
        Counts of periods of one length, in order; leave out a first or last week that is cut short.

    Returns
    -------
    float
        At least 1; 1 where fewer than two periods, or no event at all, leave nothing to tell.

    Notes
    -----
    Sum of squared differences of neighbours over the sum of their sums: for Poisson counts both have the same mean, and
    neither a trend nor a season that is slow against one period moves the estimate (successive differences: von Neumann
    et al. 1941, Annals of Mathematical Statistics 12; index of dispersion: Fisher 1950, Biometrics 6). Spells that last
    for several periods are taken for trend: the true spread of a total over many periods can be wider.

    Examples
    --------
    >>> dispersion(pd.Series([4, 6, 5, 9, 7, 6]))
    1.0
    >>> round(dispersion(pd.Series([2, 20, 1, 30, 3])), 1)
    21.1
    """
    counts = np.atleast_2d(np.asarray(counts_by_period, float))
    before, after = counts[:, :-1], counts[:, 1:]
    total = np.nansum(before + after)
    return max(1.0, float(np.nansum((after - before) ** 2) / total)) if total > 0 else 1.0


def tail_of(confidence):
    """Probability beyond either end of an interval."""
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, got {confidence}")
    return (1 - confidence) / 2


def _at_least_one(dispersion):
    if not dispersion >= 1:
        raise ValueError(f"dispersion must be at least 1, got {dispersion}")
    return dispersion
