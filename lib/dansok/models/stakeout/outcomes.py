"""What crews found, and how far that raises or lowers the next month's encounters."""

import numpy as np
import pandas as pd

from dansok.models.stakeout.encounters import Encounters
from dansok.models.stakeout.roster import has_columns


def outcome_factors(outcomes, *, prior_hits=2.0, visits_in_vain=3, lowered_to=0.5):
    """How far to raise or lower the encounters at each site after crews were there.

    Parameters
    ----------
    outcomes : pd.DataFrame, one row a site and slot
        `place`, `slot`, `visits` (blocks worked there), `hits` (eligible vehicles met), `misses` (visits without a
        hit), `expected` (vehicles promised over those visits, as `expected_by_block` says).
    prior_hits : float
        Expected hits that it takes until the log weighs as much as the model.
    visits_in_vain : int
    lowered_to : float
        A site with so many visits and no hit gets this factor at most, and its square after twice as many.

    Returns
    -------
    pd.DataFrame, one row a site and slot
        `place`, `slot`, `factor`. Missing where nobody was: not looked at is not in vain.

    Raises
    ------
    ValueError
        If counts are missing, below zero, or do not add up.

    Notes
    -----
    Hits are Poisson with mean factor * expected, the factor gamma with mean 1 and shape `prior_hits`; its mean after
    the log is (prior_hits + hits) / (prior_hits + expected) (Clayton and Kaldor 1987, Biometrics 43). The rule of the
    visits in vain binds where little was expected, so that a crew is not sent for a fourth time on the word of the
    model alone.

    Examples
    --------
    >>> log = pd.DataFrame({"place": ["lot", "park", "gate"], "slot": "night", "visits": [3, 2, 0], "hits": [0, 4, 0],
    ...                     "misses": [3, 0, 0], "expected": [0.5, 2.0, 0.0]})
    >>> outcome_factors(log).factor.tolist()
    [0.5, 1.5, nan]
    """
    has_columns("outcomes", outcomes, ("place", "slot", "visits", "hits", "misses", "expected"))
    counts = outcomes[["visits", "hits", "misses", "expected"]]
    if not (counts >= 0).all(axis=None):
        raise ValueError("counts of outcomes are missing or below zero")
    if not prior_hits > 0 or not 0 < lowered_to <= 1 or not visits_in_vain >= 1:
        raise ValueError(f"impossible rule: {prior_hits=}, {visits_in_vain=}, {lowered_to=}")
    visits, hits, misses = outcomes["visits"], outcomes["hits"], outcomes["misses"]
    wrong = (misses > visits) | (hits < visits - misses) | ((hits > 0) & (misses == visits))
    if wrong.any():
        raise ValueError(f"visits, hits and misses do not add up in {wrong.sum()} rows of outcomes")
    factor = (prior_hits + hits) / (prior_hits + outcomes["expected"])
    rule = lowered_to ** (visits // visits_in_vain)
    factor = factor.where(hits > 0, np.minimum(factor, rule)).where(visits > 0)
    return outcomes[["place", "slot"]].assign(factor=factor)


def apply_factors(encounters, factors):
    """Encounters raised or lowered by what crews found.

    Parameters
    ----------
    encounters : Encounters
    factors : pd.DataFrame
        As `outcome_factors` gives them; missing, or no row: as before.

    Returns
    -------
    Encounters
        No chance above 1.

    Examples
    --------
    >>> chances = pd.DataFrame({"vehicle": ["A"], "slot": "night", "place": "lot", "probability": 0.6})
    >>> factors = pd.DataFrame({"place": ["lot"], "slot": "night", "factor": 0.5})
    >>> apply_factors(Encounters(chances), factors).own["probability"].tolist()
    [0.3]
    """
    if factors.duplicated(["slot", "place"]).any():
        raise ValueError("factors has a slot and place twice")
    by_cell = factors.set_index(["slot", "place"])["factor"]

    def changed(table, number):
        if table is None:
            return None
        factor = by_cell.reindex(pd.MultiIndex.from_frame(table[["slot", "place"]])).fillna(1).to_numpy()
        return table.assign(**{number: np.minimum(table[number] * factor, 1)})

    return Encounters(changed(encounters.own, "probability"), encounters.rest, changed(encounters.shared, "share"))
