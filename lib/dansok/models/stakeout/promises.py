"""What a plan is expected to yield, by block, vehicle and further block, with intervals."""

import math

import numpy as np
import pandas as pd
from scipy import stats

from dansok.models.stakeout.board import in_time
from dansok.models.stakeout.encounters import SURE, Chances, places_of

_MOMENTS = ["vehicles", "vehicles_square", "value", "value_square", "value_square_sure", "never"]


def expected_by_block(plan, encounters, vehicles, *, scale=1.0, scale_error=0.0, confidence=0.9):
    """What each block is expected to add, in order of time: a vehicle met earlier is not counted again.

    Parameters
    ----------
    plan : pd.DataFrame
        As `make_plan` gives it.
    encounters, vehicles : as for `make_plan`
    scale, scale_error : float
        What was realised over what was promised in a held-back month, and the standard error of its logarithm: as
        `replay` gives them.
    confidence : float

    Returns
    -------
    pd.DataFrame, one row a block of the plan
        `vehicles`, `vehicles_low`, `vehicles_high` (eligible ones met for the first time), `value`, `value_low`,
        `value_high`. `vehicles` and `value` sum to those of `promise`.

    Notes
    -----
    Intervals hold what may happen in the block: chance meetings, and a scale that is not known exactly. Numbers of
    vehicles are binomial, or negative binomial where the scale adds variance; values are 0 if none is met and else
    gamma: each with the two moments of the exact sum.

    Examples
    --------
    >>> from dansok.models.stakeout import Encounters
    >>> plan = pd.DataFrame({"team": 1, "date": pd.Timestamp("2024-05-02"), "start_hour": [18, 20], "slot": "evening",
    ...                      "places": [("lot",), ("lot",)], "delta": 0.8})
    >>> chances = pd.DataFrame({"vehicle": ["A"], "slot": "evening", "place": "lot", "probability": 0.5})
    >>> owed = pd.DataFrame({"value": [400_000], "eligible": True}, ["A"])
    >>> told = expected_by_block(plan, Encounters(chances), owed)
    >>> told[["vehicles", "value", "value_low", "value_high"]].round(2).round({"value_high": -3}).values.tolist()
    [[0.4, 160000.0, 0.0, 400000.0], [0.24, 96000.0, 0.0, 400000.0]]
    """
    chances = Chances(encounters, vehicles, places_of([plan], encounters))
    moments = {block: _moments(first, chances.value) for block, _met, first in _walk(plan, chances)}
    table = pd.DataFrame.from_dict(moments, orient="index", columns=_MOMENTS).reindex(plan.index)
    return _with_intervals(table, scale, scale_error, confidence)


def promise(plan, encounters, vehicles, *, scale=1.0, scale_error=0.0, confidence=0.9):
    """What the whole plan is expected to yield, each vehicle counted once.

    Parameters, notes : as for `expected_by_block`

    Returns
    -------
    pd.Series
        `vehicles`, `vehicles_low`, `vehicles_high`, `value`, `value_low`, `value_high`.

    Examples
    --------
    >>> from dansok.models.stakeout import Encounters
    >>> plan = pd.DataFrame({"team": 1, "date": pd.Timestamp("2024-05-02"), "start_hour": [18, 20], "slot": "evening",
    ...                      "places": [("lot",), ("lot",)], "delta": 0.8})
    >>> chances = pd.DataFrame({"vehicle": ["A"], "slot": "evening", "place": "lot", "probability": 0.5})
    >>> owed = pd.DataFrame({"value": [400_000], "eligible": True}, ["A"])
    >>> int(promise(plan, Encounters(chances), owed)["value"].round())  # 400,000 (1 - 0.6 * 0.6)
    256000
    """
    chances = Chances(encounters, vehicles, places_of([plan], encounters))
    table = pd.DataFrame([_moments(met_at_all(plan, chances), chances.value)], ["promise"], columns=_MOMENTS)
    return _with_intervals(table, scale, scale_error, confidence).loc["promise"]


def first_meetings(plan, encounters, vehicles, *, minimum=0.001):
    """Which vehicles each block may meet: what a list in an officer's hand is made of.

    Parameters
    ----------
    plan, encounters, vehicles : as for `expected_by_block`
    minimum : float
        Chances of a meeting below it are left out; at 0 only those that are 0.

    Returns
    -------
    pd.DataFrame, one row a block and vehicle, likeliest first within a block
        `block`, `vehicle` (eligible ones only), `met` (chance that it is met in this block, whatever came before),
        `first` (that it is met here and in no block before), `value` (times `first`).

    Examples
    --------
    >>> from dansok.models.stakeout import Encounters
    >>> plan = pd.DataFrame({"team": 1, "date": pd.Timestamp("2024-05-02"), "start_hour": [18, 20], "slot": "evening",
    ...                      "places": [("lot",), ("lot",)], "delta": 0.8})
    >>> chances = pd.DataFrame({"vehicle": ["A"], "slot": "evening", "place": "lot", "probability": 0.5})
    >>> owed = pd.DataFrame({"value": [400_000], "eligible": True}, ["A"])
    >>> first_meetings(plan, Encounters(chances), owed).round(2).values.tolist()
    [[0, 'A', 0.4, 0.4, 160000.0], [1, 'A', 0.4, 0.24, 96000.0]]
    """
    if not 0 <= minimum < 1:
        raise ValueError(f"minimum must lie in [0, 1), got {minimum}")
    chances = Chances(encounters, vehicles, places_of([plan], encounters))
    parts = []
    for block, met, first in _walk(plan, chances):
        kept = np.flatnonzero((met >= minimum) & (met > 0))
        kept = kept[np.argsort(-met[kept], kind="stable")]
        parts.append(pd.DataFrame({"block": block, "code": kept, "met": met[kept], "first": first[kept]}))
    if not parts:
        return pd.DataFrame(columns=["block", "vehicle", "met", "first", "value"])
    rows = pd.concat(parts, ignore_index=True)
    rows = rows.assign(vehicle=chances.vehicles[rows["code"]], value=rows["first"] * chances.value[rows["code"]])
    return rows[["block", "vehicle", "met", "first", "value"]]


def gain_curve(plan, encounters, vehicles):
    """What a plan is worth with fewer blocks, the best kept first: returns fall as vehicles are met already.

    Parameters
    ----------
    plan, encounters, vehicles : as for `expected_by_block`

    Returns
    -------
    pd.DataFrame, one row a number of blocks from 1
        `block` (the one that is added), `crew_hours` (so far), `gain`, `gain_per_hour` (of that block), `value` (so
        far).

    Examples
    --------
    >>> from dansok.models.stakeout import Encounters
    >>> plan = pd.DataFrame({"slot": "evening", "hours": 2.0, "places": [("lot",), ("lot",)], "delta": 0.8})
    >>> chances = pd.DataFrame({"vehicle": ["A"], "slot": "evening", "place": "lot", "probability": 0.5})
    >>> owed = pd.DataFrame({"value": [400_000], "eligible": True}, ["A"])
    >>> gain_curve(plan, Encounters(chances), owed)[["gain", "gain_per_hour", "value"]].round().values.tolist()
    [[160000.0, 80000.0, 160000.0], [96000.0, 48000.0, 256000.0]]
    """
    chances = Chances(encounters, vehicles, places_of([plan], encounters))
    stops = [(row.slot, chances.codes(row.places), row.delta) for row in plan.itertuples()]
    weight, bounds, rows = chances.value.copy(), np.full(len(plan), np.inf), []
    while len(rows) < len(plan):
        fresh = None
        while (best := int(np.argmax(bounds))) != fresh:
            fresh = best
            bounds[best] = weight @ chances.met(*stops[best])
        rows.append((plan.index[best], plan["hours"].iloc[best], bounds[best]))
        weight *= 1 - chances.met(*stops[best])
        bounds[best] = -np.inf
    curve = pd.DataFrame(rows, columns=["block", "hours", "gain"], index=pd.RangeIndex(1, len(rows) + 1, name="blocks"))
    curve = curve.assign(crew_hours=curve["hours"].cumsum(), gain_per_hour=curve["gain"] / curve["hours"])
    return curve.assign(value=curve["gain"].cumsum())[["block", "crew_hours", "gain", "gain_per_hour", "value"]]


def _walk(plan, chances):
    """Blocks in order of time: label, chance of meeting each vehicle, and of meeting it for the first time."""
    missed = np.ones(len(chances.vehicles))
    for row in in_time(plan).itertuples():
        met = chances.met(row.slot, chances.codes(row.places), row.delta)
        yield row.Index, met, missed * met
        missed = missed * (1 - met)


def met_at_all(plan, chances):
    """Chance of each vehicle to be met in the plan."""
    return sum((first for _block, _met, first in _walk(plan, chances)), np.zeros(len(chances.vehicles)))


def _moments(chance, value):
    """Sums that the mean and variance of vehicles met, and of their value, are made of."""
    square = chance**2
    never = np.log1p(-np.minimum(chance, SURE)).sum()
    return [chance.sum(), square.sum(), chance @ value, chance @ value**2, square @ value**2, never]


def _with_intervals(moments, scale, scale_error, confidence):
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, got {confidence}")
    if not 0 < scale < math.inf or not 0 <= scale_error < math.inf:
        raise ValueError(f"scale must be above 0 and its error at least 0, got {scale} and {scale_error}")
    wobble = math.expm1(scale_error**2)  # variance of the scale over its square, if it is lognormal
    tails = ((1 - confidence) / 2, (1 + confidence) / 2)
    vehicles, value = scale * moments["vehicles"], scale * moments["value"]
    vehicles_variance = vehicles - scale**2 * (1 + wobble) * moments["vehicles_square"] + wobble * vehicles**2
    value_variance = (
        scale * moments["value_square"] - scale**2 * (1 + wobble) * moments["value_square_sure"] + wobble * value**2
    )
    none = np.exp(scale * moments["never"])
    if wobble:  # the mean over gamma scales of the same mean and variance
        none = (1 - wobble * scale * moments["never"]) ** (-1 / wobble)
    low, high = (_count_quantile(tail, vehicles, vehicles_variance) for tail in tails)
    value_low, value_high = (_value_quantile(tail, value, value_variance, none) for tail in tails)
    return pd.DataFrame(
        {
            "vehicles": vehicles, "vehicles_low": low, "vehicles_high": high,
            "value": value, "value_low": value_low, "value_high": value_high,
        },
        index=moments.index,
    )  # fmt: skip


def _count_quantile(tail, mean, variance):
    """Quantile of a number: negative binomial if its variance is above its mean, binomial if it is below."""
    some, least = mean > 0, 1e-9  # of the mean: so little away from Poisson is Poisson
    mean = np.where(some, mean, 1)
    above, below = (np.maximum(sign * (variance - mean), least * mean) for sign in (1, -1))
    trials = np.ceil(mean**2 / below)
    wide = stats.nbinom.ppf(tail, mean**2 / above, mean / (mean + above))
    narrow = stats.binom.ppf(tail, trials, mean / trials)
    return np.where(some, np.where(variance > mean, wide, narrow), 0.0)


def _value_quantile(tail, mean, variance, none):
    """Quantile of a sum that is 0 with chance `none`, and gamma with the moments that are left otherwise."""
    positive = (mean > 0) & (tail > none)
    some, mean = np.where(positive, 1 - none, 1), np.where(positive, mean, 1)
    mean_if = mean / some
    variance_if = np.maximum((variance + mean**2) / some - mean_if**2, 1e-9 * mean_if**2)
    level = np.where(positive, (tail - none) / some, 0)
    return np.where(positive, stats.gamma.ppf(level, mean_if**2 / variance_if, scale=variance_if / mean_if), 0.0)
