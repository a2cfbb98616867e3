"""What crews would do without a model."""

import numpy as np

from dansok.models.stakeout.board import Board, Choice
from dansok.models.stakeout.encounters import eligible_values, rows_by
from dansok.models.stakeout.roster import budget_of, has_columns, lawful_sites, share_met

TEN = 10  # sites among which a crew that follows the busiest ones goes round


def rival_plans(roster, sightings, vehicles, *, n_blocks=None, seed=0):
    """What a crew would do without a model, in as many blocks.

    Parameters
    ----------
    roster, vehicles, n_blocks, seed : as for `make_plan`
    sightings : pd.DataFrame, one row a vehicle, slot and place (or a visit)
        `vehicle`, `slot`, `place`, `visits`: as recorded, whatever the effort. Those of eligible vehicles, in the slots
        and at the places of the roster, count.

    Returns
    -------
    dict of str to pd.DataFrame
        Plans as `make_plan` gives them: `ten_busiest` (the ten place-slots with most visits, again and again),
        `busiest_once` (as many place-slots as there are blocks, each once), `most_debt_once` (likewise, visits times
        value).

    Notes
    -----
    Rivals keep to what no crew can escape (the law, travel, sites where one cannot wait, one place at a time, two teams
    not at one site at once) and are free from the plan's own rules (`Limits.unbound`): no random blocks, no districts to
    reach, no limit a site, and the same site again in one shift. They only wait.

    Examples
    --------
    >>> from dansok.models.stakeout import Roster, travel_between
    >>> import pandas as pd
    >>> places = pd.DataFrame({"x": [0, 900], "y": 0, "district": "north", "can_wait": True}, ["lot", "market"])
    >>> blocks = pd.DataFrame({"team": 1, "date": pd.date_range("2024-05-02", periods=3), "start_hour": 20, "hours": 2})
    >>> roster = Roster(blocks.assign(slot="evening"), places, travel_between(places, kmh=20))
    >>> seen = pd.DataFrame({"vehicle": ["A", "B"], "slot": "evening", "place": ["lot", "market"], "visits": [2, 5]})
    >>> owed = pd.DataFrame({"value": [400_000, 100_000], "eligible": True}, ["A", "B"])
    >>> plans = rival_plans(roster, seen, owed)
    >>> {name: plan.sort_values("turn")["places"].iloc[0] for name, plan in plans.items()}
    {'ten_busiest': ('market',), 'busiest_once': ('market',), 'most_debt_once': ('lot',)}
    """
    has_columns("sightings", sightings, ("vehicle", "slot", "place", "visits"))
    eligible = eligible_values(vehicles)
    seen = sightings[
        sightings["vehicle"].isin(eligible.index)
        & sightings["slot"].isin(roster.blocks["slot"])
        & sightings["place"].isin(roster.places.index)
    ]
    debt = seen["visits"] * eligible.reindex(seen["vehicle"]).to_numpy()
    cells = seen.assign(debt=debt).groupby(["slot", "place"])[["visits", "debt"]].sum()
    busiest, dearest = (list(cells[by].sort_values(ascending=False, kind="stable").index) for by in ("visits", "debt"))
    budget = budget_of(roster, n_blocks)
    return {
        "ten_busiest": _go_round(roster, [busiest[:TEN], busiest], budget, seed),
        "busiest_once": _go_round(roster, [busiest], budget, seed),
        "most_debt_once": _go_round(roster, [dearest], budget, seed),
    }


def _go_round(roster, pools, budget, seed):
    """A plan that takes the place-slots of the first pool in turn, round after round, then those of the next."""
    board = Board(roster, roster.limits.unbound)
    order = np.random.default_rng(seed).permutation(len(board.blocks))
    slots = board.blocks["slot"].iloc[order]
    blocks_of = {slot: order[rows].tolist() for slot, rows in rows_by(slots, np.ones(len(order), bool))}
    can_stand = _where_crews_can_stand(roster, board)
    for pool in pools:
        placed = True
        while placed and len(board.chosen) < budget:
            placed = False
            for slot, place in pool:
                site = roster.places.index.get_loc(place)
                block = next((b for b in blocks_of[slot] if can_stand[b][site] and board.may_take(b, (site,))), None)
                if block is not None and len(board.chosen) < budget:
                    working = board.end[block] - board.start[block] - roster.limits.travel_hours
                    delta = float(share_met(working, roster.limits.mean_hours))
                    board.put(block, Choice((site,), delta, len(board.chosen)))
                    placed = True
    return board.table()


def _where_crews_can_stand(roster, board):
    """For each block, whether a crew can lawfully wait at each site."""
    by_hours = {
        (start, hours): lawful_sites(roster, start, hours) & roster.places["can_wait"].to_numpy(bool)
        for start, hours in set(zip(board.blocks["start_hour"], board.blocks["hours"], strict=True))
    }
    return [by_hours[key] for key in zip(board.blocks["start_hour"], board.blocks["hours"], strict=True)]
