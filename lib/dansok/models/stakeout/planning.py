"""The plan, and what one further block would add to it."""

import math

import pandas as pd

from dansok.models.stakeout.board import how_of
from dansok.models.stakeout.desk import Desk
from dansok.models.stakeout.encounters import Chances, refuse_strangers
from dansok.models.stakeout.roster import budget_of


def make_plan(roster, encounters, vehicles, *, n_blocks=None, improve=True, seed=0):
    """The blocks to work, so that the expected value of the vehicles met is greatest.

    Parameters
    ----------
    roster : Roster
    encounters : Encounters
        Places that are not in the roster are left out.
    vehicles : pd.DataFrame, indexed by vehicle
        `value` (won expected if it is met, or 1 to count vehicles), `eligible` (bool: may be acted upon). Vehicles that
        are not eligible, or have no row, have no influence on the plan.
    n_blocks : int, optional
        How many blocks to work; all of the roster, if not given.
    improve : bool
        Replace blocks one at a time, after the greedy choice, until that adds nothing.
    seed : int
        Of the random blocks, and of the order in which blocks that are alike are used.

    Returns
    -------
    pd.DataFrame, one row a block, indexed by block, in order of time
        `team`, `date`, `start_hour`, `hours`, `slot`, `how` ("wait" or "roam"), `places` (tuple, in order of the tour),
        `delta` (share met at each of them), `random` (bool), `drawn_chance` (of the site of a random block, among the
        sites that were lawful then; missing for others), `turn` (order of choice). Fewer rows than n_blocks where no
        block left has a lawful site with any expected value.

    Raises
    ------
    ValueError
        If a district cannot be reached often enough, or too few random blocks have a lawful site; if the roster and the
        encounters have no slot or no place in common; if the input is impossible.

    Notes
    -----
    Random blocks come first: blocks drawn evenly, one after the other, each to wait at a lawful site drawn with a known
    chance (`desk.drawing_chances`), higher where more is expected, so that the sample costs little, and nowhere 0. They show what
    the plan adds, and keep the next map from seeing only what the last one chose. What is found there, divided by that
    chance, is an unbiased estimate of what all lawful sites held (Horvitz and Thompson 1952, JASA 47; of draws one after
    the other, Des Raj 1956, JASA 51). Then come blocks for districts below
    their minimum, then the rest. With limits beside the budget the greedy choice is sure of no more than half of the
    best plan (Fisher, Nemhauser and Wolsey 1978, Mathematical Programming Study 8); in practice it comes close to it.

    Travel is a limit and not a cost: each block keeps `travel_hours` free, and a site that cannot be reached in them
    and in the time since the block before is not chosen. What a block is worth then does not depend on its neighbours.

    Examples
    --------
    >>> from dansok.models.stakeout import Encounters, Limits, Roster, travel_between
    >>> places = pd.DataFrame({"x": [0, 900], "y": [0, 0], "district": "north", "can_wait": True}, ["lot", "market"])
    >>> blocks = pd.DataFrame({"team": 1, "date": pd.to_datetime(["2024-05-02", "2024-05-03"]), "start_hour": 20,
    ...                        "hours": 2, "slot": "evening"})
    >>> chances = pd.DataFrame({"vehicle": ["A", "B"], "slot": "evening", "place": ["lot", "market"]})
    >>> owed = pd.DataFrame({"value": [400_000, 300_000], "eligible": True}, ["A", "B"])
    >>> limits = Limits(random_share=0, roam_sites=0)
    >>> roster = Roster(blocks, places, travel_between(places, kmh=20), limits=limits)
    >>> make_plan(roster, Encounters(chances.assign(probability=0.5)), owed).sort_values("turn")["places"].tolist()
    [('lot',), ('market',)]
    """
    budget = budget_of(roster, n_blocks)
    refuse_strangers(roster, encounters)
    desk = Desk(roster, Chances(encounters, vehicles, roster.places.index), seed)
    desk.draw(math.ceil(round(roster.limits.random_share * budget, 9)))
    desk.reach_districts(budget)
    desk.fill(budget)
    if improve:
        desk.improve()
        desk.fill(budget)  # a block that had no lawful site may have one now
    return desk.board.table()


def next_block(plan, roster, encounters, vehicles):
    """What one further crew would add to a plan in each of the roster's hour windows, and where.

    Parameters
    ----------
    plan : pd.DataFrame
        As `make_plan` gives it, of blocks of this roster.
    roster, encounters, vehicles : as for `make_plan`

    Returns
    -------
    pd.DataFrame, one row a kind of block, the most worth first
        `slot`, `start_hour`, `hours`, `how`, `places`, `gain`, `gain_per_hour`. The limit of blocks a site holds; where
        the other crews are at that moment does not. Missing where no lawful site is left that would add anything.

    Examples
    --------
    >>> from dansok.models.stakeout import Encounters, Roster, travel_between
    >>> places = pd.DataFrame({"x": [0], "y": 0, "district": "north", "can_wait": True}, ["lot"])
    >>> blocks = pd.DataFrame({"team": [1], "date": "2024-05-02", "start_hour": 20, "hours": 2, "slot": "evening"})
    >>> chances = pd.DataFrame({"vehicle": ["A"], "slot": "evening", "place": "lot", "probability": 0.5})
    >>> owed = pd.DataFrame({"value": [400_000], "eligible": True}, ["A"])
    >>> roster = Roster(blocks, places, travel_between(places, kmh=20))
    >>> plan = make_plan(roster, Encounters(chances), owed)  # meets A with chance 0.413; so would one more block
    >>> int(next_block(plan, roster, Encounters(chances), owed)["gain_per_hour"].iloc[0].round(-2))
    48500
    """
    desk = Desk(roster, Chances(encounters, vehicles, roster.places.index), seed=0)
    desk.load(plan)
    rows = []
    for number, window in enumerate(desk.windows):
        bounds = desk.bounds([number])
        best = desk.best(bounds, lambda candidate: candidate)
        if best is None:
            rows.append((*window, None, None, math.nan, math.nan))
            continue
        places, gain = tuple(roster.places.index[list(desk.sites[best[0]])]), bounds[best[0]]
        rows.append((*window, how_of(places), places, gain, gain / window[2]))
    columns = ["slot", "start_hour", "hours", "how", "places", "gain", "gain_per_hour"]
    return pd.DataFrame(rows, columns=columns).sort_values("gain_per_hour", ascending=False, ignore_index=True)
