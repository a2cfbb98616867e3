"""Whether patrols run after their own records: effort drawn together, and too little of it elsewhere.

Where patrols go by past tickets, tickets come from where patrols went, and effort draws together (Lum and Isaac 2016,
Significance 13; Ensign et al. 2018, Proceedings of Machine Learning Research 81).
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

TOP = 0.10  # of the places, those with most effort
MARGIN = 0.05  # of all effort: less of a gap would move few patrols
LEAST_EXPLORATION = 0.10


@dataclass(frozen=True)
class Concentration:
    """Effort on the tenth of places that get most of it, and what happens there.

    `effort_share` of all effort; `rate_share` of the sum of rates; `gap` between them with `low` and `high`; `runaway`:
    even the lower limit of the gap exceeds the margin; `places`: how many the tenth is.
    """

    effort_share: float
    rate_share: float
    gap: float
    low: float
    high: float
    runaway: bool
    places: int


@dataclass(frozen=True)
class Exploration:
    """`share` of effort spent on exploring, and whether that is `too_little` to correct the map."""

    share: float
    too_little: bool


def effort_concentration(effort, place_rates, *, confidence=0.90):
    """Whether effort is drawn together more than what happens.

    Parameters
    ----------
    effort : array-like, shape (places, periods)
        Hours, passes or slots by place and period, in order; at least four periods (months, or weeks).
    place_rates : pd.DataFrame, same places in the same order
        `rate`, `low`, `high` as `rates.corrected_rates` gives in `by_place`, corrected for this very effort. Places
        without a rate are left out of both shares.
    confidence : float
        Of the intervals in `place_rates`, and of the interval of the gap.

    Returns
    -------
    Concentration

    Raises
    ------
    ValueError
        If shapes do not fit, there are fewer than four periods or ten places with a rate, effort is missing or below 0,
        or there is none in either half of the periods.

    Notes
    -----
    The tenth is chosen by the effort of every other period and measured in the periods between, so that places that had
    more of it by chance do not count as favoured. The interval holds how the share varies from period to period, and
    what the intervals of the rates leave open. An effort in proportion to the rates has a gap of 0, the best use of a
    car, with falling returns at one place, a gap of 0 or less.

    Examples
    --------
    >>> import pandas as pd
    >>> rate = pd.Series([5.0] + [1.0] * 19)
    >>> place_rates = pd.DataFrame({"rate": rate, "low": rate * 0.9, "high": rate * 1.1})
    >>> found = effort_concentration(np.outer([80, 10] + [1] * 18, np.ones(12)), place_rates)
    >>> round(found.effort_share, 2), round(found.rate_share, 2), found.runaway
    (0.83, 0.25, True)
    """
    effort, rate, error = _checked(effort, place_rates, confidence)
    chosen_by, measured = effort[:, ::2].sum(axis=1), effort[:, 1::2]
    if not chosen_by.sum() > 0 or not measured.sum() > 0:
        raise ValueError("effort must be above 0 in the odd and in the even periods")
    count = round(len(rate) * TOP)
    top = np.zeros(len(rate), bool)
    top[np.argsort(-chosen_by, kind="stable")[:count]] = True
    measured = measured[:, measured.sum(axis=0) > 0]
    total = measured.sum(axis=0)
    effort_share = measured[top].sum() / total.sum()
    rate_share = rate[top].sum() / rate.sum()
    # The error of a share of sums: each period's, and each place's, distance from it (ratio estimator, Cochran 1977).
    by_period = measured[top].sum(axis=0) - effort_share * total
    periods = len(total)
    effort_variance = (by_period**2).sum() / total.sum() ** 2 * periods / max(periods - 1, 1)
    rate_variance = (((top - rate_share) * error) ** 2).sum() / rate.sum() ** 2
    gap = effort_share - rate_share
    half = stats.norm.ppf((1 + confidence) / 2) * np.sqrt(effort_variance + rate_variance)
    low, high = float(gap - half), float(gap + half)
    return Concentration(float(effort_share), float(rate_share), float(gap), low, high, low > MARGIN, count)


def exploration_share(effort, exploring):
    """Share of effort at places that the plan alone would not have sent it to.

    Parameters
    ----------
    effort : array-like
        Hours, passes or slots, of any shape.
    exploring : array-like of bool, same shape
        Drawn at random, or outside what the plan chooses.

    Returns
    -------
    Exploration
        Too little under a tenth. With no effort at all the share is missing, and nothing explored.

    Examples
    --------
    >>> exploration_share([40, 56, 4], [False, False, True])
    Exploration(share=0.04, too_little=True)
    """
    effort, exploring = np.asarray(effort, float), np.asarray(exploring, bool)
    if effort.shape != exploring.shape:
        raise ValueError(f"effort and exploring differ in shape: {effort.shape} and {exploring.shape}")
    if not (effort >= 0).all():
        raise ValueError("effort must be numbers of 0 or more")
    share = float(effort[exploring].sum() / effort.sum()) if effort.sum() > 0 else np.nan
    return Exploration(share, not share >= LEAST_EXPLORATION)


def _checked(effort, place_rates, confidence):
    """Effort, rates and their standard errors, of the places with a rate."""
    effort = np.asarray(effort, float)
    if effort.ndim != 2 or effort.shape[0] != len(place_rates) or effort.shape[1] < 4:
        raise ValueError(
            f"effort must have the shape (places, periods), {len(place_rates)} places and 4 periods or more, "
            f"got {effort.shape}"
        )
    if not (effort >= 0).all() or np.isinf(effort).any():
        raise ValueError("effort must be numbers of 0 or more; unknown effort is no effort of 0")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, got {confidence}")
    rated = place_rates["rate"].notna().to_numpy()
    if rated.sum() < 1 / TOP:
        raise ValueError(f"a tenth of the places needs {1 / TOP:.0f} of them with a rate, got {rated.sum()}")
    rate, low, high = place_rates.loc[rated, ["rate", "low", "high"]].to_numpy(float).T
    return effort[rated], rate, (high - low) / (2 * stats.norm.ppf((1 + confidence) / 2))
