"""The course of the day at single places, which have few records an hour: each hour drawn to what is usual."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from dansok.models.rates.counts import tail_of

LIKENESS = (1e-2, 1e3)  # bounds of the records that the usual course counts for


@dataclass(frozen=True)
class Clocks:
    """Hours of places against the usual course of the day; arrays of shape (places, hours).

    `factor` with `low` and `high`: how many times the usual the rate of the hour is; missing where nobody looked.
    `likeness`: the usual course counts for so many records in an hour.
    """

    factor: np.ndarray
    low: np.ndarray
    high: np.ndarray
    likeness: float


def own_clocks(counts, expected, *, confidence=0.90):
    """How far each hour of each place departs from what its rate and the usual course of the day let one expect.

    Parameters
    ----------
    counts : array-like, shape (places, hours)
        Records.
    expected : array-like, same shape
        What the usual course gives, up to a factor for each place: exposure times `CorrectedRates.catch`, over the
        channels. 0 where nobody looked.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    Clocks

    Raises
    ------
    ValueError
        For shapes that differ, or counts or expectations below 0.

    Notes
    -----
    Empirical Bayes: the factors of hours are gamma with mean 1, their spread by moments over all places (Clayton and
    Kaldor 1987, Biometrics 43), each place scaled to its own total. A place with many records shows its own clock, one
    with few the usual one.

    Examples
    --------
    >>> found = own_clocks([[300, 100, 0], [1, 2, 0]], [[200, 200, 0], [2, 1, 0]])
    >>> found.factor.round(1).tolist()
    [[1.5, 0.5, nan], [0.8, 1.3, nan]]
    """
    counts, expected = np.asarray(counts, float), np.asarray(expected, float)
    if counts.shape != expected.shape or counts.ndim != 2:
        raise ValueError(
            f"counts and expected must have one shape (places, hours), got {counts.shape}, {expected.shape}"
        )
    if not ((counts >= 0).all() and (expected >= 0).all()):
        raise ValueError("counts and expected must be numbers of 0 or more")
    tail = tail_of(confidence)
    looked = expected > 0
    counts = np.where(looked, counts, 0.0)
    total, exposed = counts.sum(axis=1, keepdims=True), expected.sum(axis=1, keepdims=True)
    share = np.divide(expected, exposed, out=np.zeros_like(expected), where=exposed > 0)
    mean = total * share
    likeness = float(np.clip(1 / max(spread_of_hours(counts, total, share), 1e-9), *LIKENESS))
    factor = np.where(looked, (counts + likeness) / (mean + likeness), np.nan)
    low, high = (
        np.where(looked, stats.gamma.ppf(side, counts + likeness, scale=1 / (mean + likeness)), np.nan)
        for side in (tail, 1 - tail)
    )
    return Clocks(factor, low, high, likeness)


def spread_of_hours(counts, total, share):
    """Relative variance of hours (axis 1) about their `share` of a place's `total`, beyond chance; by moments, over all places."""
    concentration = (share**2).sum(axis=1, keepdims=True)
    excess = ((counts - total * share) ** 2 - total * share * (1 - share)).sum()
    # Of counts around mean x factor, conditional on the total: the factors of a place are relative to their own mean.
    weight = (total * (total - 1) * share**2 * (1 - 2 * share + concentration)).sum()
    return excess / weight if weight > 0 else 0.0
