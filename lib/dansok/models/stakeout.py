"""Which crew waits or roams where and when, so that the vehicles it meets are worth most, each counted once.

A block is a team on duty from an hour on, at one site (waiting) or at a few near ones in turn (roaming). A crew that
spends t hours at a site meets a share `delta = 1 - exp(-t / mean_hours)` of the vehicles that stand there or come. A
plan is worth

    sum over v of value_v (1 - product over its blocks of (1 - delta * chance that v is there))

so that a vehicle promised once is not promised again. The sum is submodular: greedy choice with lazy evaluation (Minoux
1978, Optimization Techniques, LNCIS 7) reaches at least 1 - 1/e of the best plan under a budget alone (Nemhauser,
Wolsey and Fisher 1978, Mathematical Programming 14), and replacing one block at a time takes it further.
"""

import itertools
import math
from bisect import bisect_left, insort
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from scipy import sparse, stats

SURE = 1 - 1e-9  # no meeting is more certain: a vehicle's chance to be missed can then be divided out again
PASSES = 20  # of the improvement, which stops by itself when one changes nothing
BETTER = 1.001  # times as much as before is what a block must add to be used otherwise
ROUNDING = 1e-9  # hours by which times that touch may overlap
TEN = 10  # sites among which a crew that follows the busiest ones goes round


@dataclass(frozen=True)
class Limits:
    """What binds a plan, and how fast a crew meets what is there."""

    mean_hours: float = 1.0  # T: after this time at a site 63% of the vehicles that are there or come are met
    travel_hours: float = 0.25  # start of each block, kept free for getting there
    blocks_per_shift: int = 3  # of one team on one date
    blocks_per_site: int = 4  # in the whole plan; a roaming block counts at each of its sites
    same_site_in_a_row: bool = False  # whether a team's next block may come back to a site of the block before
    district_minimum: int = 0  # blocks that reach each district, at least
    random_share: float = 0.1  # of blocks drawn at random, at least
    roam_sites: int = 3  # a roaming block has 2 to this many; below 2 there is no roaming
    roam_radius_hours: float = 0.1  # travel from the first site of a roaming block to any other, at most

    def __post_init__(self):
        for name, lowest in (
            ("mean_hours", 1e-9), ("travel_hours", 0), ("blocks_per_shift", 1), ("blocks_per_site", 1),
            ("district_minimum", 0), ("random_share", 0), ("roam_sites", 0), ("roam_radius_hours", 0),
        ):  # fmt: skip
            if not getattr(self, name) >= lowest:
                raise ValueError(f"{name} must be at least {lowest:g}, got {getattr(self, name)}")
        if self.random_share > 1:
            raise ValueError(f"random_share must be at most 1, got {self.random_share}")


@dataclass(frozen=True)
class Roster:
    """The blocks that crews can work, the sites they can work at, and what binds them.

    Attributes
    ----------
    blocks : pd.DataFrame, one row a block that a team can work, indexed by any label
        `team`, `date`, `start_hour` (24 and more: after the midnight that ends the date), `hours`, `slot` (as in
        `Encounters`). A team's blocks on one date are one shift and must not overlap.
    places : pd.DataFrame, one row a site, indexed by place
        `district` (missing: counts for no district), `can_wait` (bool; a site without is only roamed).
    travel : pd.DataFrame, shape (n_places, n_places), indexed both ways by place
        Hours from site to site, such as `travel_between` gives.
    lawful : pd.DataFrame of bool, shape (n_places, 24), indexed by place, optional
        Whether vehicles may be seized there in that hour of the clock (columns 0-23). Every hour, if not given.
    limits : Limits
    """

    blocks: pd.DataFrame = field(repr=False)
    places: pd.DataFrame = field(repr=False)
    travel: pd.DataFrame = field(repr=False)
    lawful: pd.DataFrame | None = field(default=None, repr=False)
    limits: Limits = Limits()

    def __post_init__(self):
        _has_columns("blocks", self.blocks, ("team", "date", "start_hour", "hours", "slot"))
        _has_columns("places", self.places, ("district", "can_wait"))
        if not self.blocks.index.is_unique or not self.places.index.is_unique:
            raise ValueError("labels of blocks and of places must be unique")
        if self.blocks[["team", "date", "start_hour", "hours", "slot"]].isna().any(axis=None):
            raise ValueError("blocks have missing values")
        if not (self.blocks["hours"] > self.limits.travel_hours).all():
            least, kept = self.blocks["hours"].min(), self.limits.travel_hours
            raise ValueError(f"a block of {least} hours leaves nothing beside the {kept} hours kept for travel")
        for name, labels in (("travel", self.travel.index), ("travel", self.travel.columns), *self._lawful_labels()):
            if not self.places.index.isin(labels).all():
                raise ValueError(f"{name} lacks places: {self.places.index.difference(labels).tolist()[:5]}")
        if self.places["can_wait"].isna().any():
            raise ValueError("can_wait is missing for some places")
        if not (self.travel.loc[self.places.index, self.places.index].to_numpy() >= 0).all():
            raise ValueError("travel hours are missing or below zero")
        in_order = self.blocks.assign(start=_start(self.blocks)).sort_values(["team", "start"])
        ends = (in_order["start"] + in_order["hours"]).groupby(in_order["team"]).shift()
        if (in_order["start"] < ends - ROUNDING).any():
            clash = in_order[in_order["start"] < ends - ROUNDING].iloc[0]
            raise ValueError(f"blocks of team {clash.team} overlap on {clash.date} at {clash.start_hour}")

    def _lawful_labels(self):
        if self.lawful is None:
            return []
        if sorted(self.lawful.columns) != list(range(24)):
            raise ValueError(f"lawful must have the columns 0-23, got {list(self.lawful.columns)}")
        return [("lawful", self.lawful.index)]


@dataclass(frozen=True)
class Encounters:
    """Chance that a vehicle stands at, or comes to, a place in a slot of one day, as sparse tables.

    The chance is `own.probability` (0 without a row), plus `rest.probability * shared.share` where those two are given:
    what a vehicle's own past does not place is spread over a map that all vehicles share, and is not written out.

    Attributes
    ----------
    own : pd.DataFrame, one row a vehicle, slot and place
        `vehicle`, `slot`, `place`, `probability`.
    rest : pd.DataFrame, one row a vehicle and slot, optional
        `vehicle`, `slot`, `probability`: of being out at a place that `shared` says.
    shared : pd.DataFrame, one row a slot and place, optional
        `slot`, `place`, `share`.
    """

    own: pd.DataFrame = field(repr=False)
    rest: pd.DataFrame | None = field(default=None, repr=False)
    shared: pd.DataFrame | None = field(default=None, repr=False)

    def __post_init__(self):
        if (self.rest is None) != (self.shared is None):
            raise ValueError("rest and shared are given together or not at all")
        for name, key, number in (
            ("own", ["vehicle", "slot", "place"], "probability"),
            ("rest", ["vehicle", "slot"], "probability"),
            ("shared", ["slot", "place"], "share"),
        ):
            table = getattr(self, name)
            if table is None:
                continue
            _has_columns(name, table, (*key, number))
            outside = table[~table[number].between(0, 1)]
            if len(outside):
                raise ValueError(f"{number} of {name} must lie in [0, 1], got {outside[number].iloc[0]}")
            if table.duplicated(key).any():
                raise ValueError(f"{name} has {table.duplicated(key).sum()} rows with the {', '.join(key)} of another")


def encounters_of(own, rest, background, activity):
    """Encounters from where each vehicle is when it is out, and how much of its time it is out.

    Parameters
    ----------
    own, rest : pd.DataFrame
        As `whereabouts.Whereabouts.table` returns: `vehicle`, `slot`, `place`, `probability`; `vehicle`, `slot`,
        `background`.
    background : np.ndarray, shape (n_slots, n_places)
        The map that all vehicles share, by slot and place number.
    activity : pd.Series, indexed by vehicle
        Share of its time that a vehicle stands where a crew can see it; over 1 counts as 1.

    Returns
    -------
    Encounters

    Examples
    --------
    >>> own = pd.DataFrame({"vehicle": ["A"], "slot": [0], "place": [1], "probability": [0.6]})
    >>> rest = pd.DataFrame({"vehicle": ["A"], "slot": [0], "background": [0.4]})
    >>> found = encounters_of(own, rest, np.array([[0.5, 0.5]]), pd.Series({"A": 0.5}))
    >>> found.own.probability.tolist(), found.rest.probability.tolist()
    ([0.3], [0.2])
    """
    if not (activity >= 0).all():
        raise ValueError(f"activity is missing or below zero: {activity[~(activity >= 0)].iloc[0]}")
    active = activity.clip(upper=1)
    for name, table in (("own", own), ("rest", rest)):
        if not table["vehicle"].isin(active.index).all():
            raise ValueError(f"{(~table['vehicle'].isin(active.index)).sum()} rows of {name} have no activity")
    slot, place = np.indices(background.shape)
    return Encounters(
        own=own[["vehicle", "slot", "place"]].assign(
            probability=own["probability"].to_numpy() * active.reindex(own["vehicle"]).to_numpy()
        ),
        rest=rest[["vehicle", "slot"]].assign(
            probability=rest["background"].to_numpy() * active.reindex(rest["vehicle"]).to_numpy()
        ),
        shared=pd.DataFrame({"slot": slot.ravel(), "place": place.ravel(), "share": background.ravel()}),
    )


def share_met(hours, mean_hours):
    """Share of the vehicles that stand at a site, or come, that are met in a time there: 1 - exp(-hours / mean_hours).

    Examples
    --------
    >>> share_met(np.array([0, 1, 2]), 1.0).round(3).tolist()
    [0.0, 0.632, 0.865]
    """
    if not np.all(np.asarray(hours) >= 0):
        raise ValueError(f"hours are missing or below zero: {hours}")
    return -np.expm1(-np.asarray(hours, float) / mean_hours)


def travel_between(places, kmh, detour=1.4):
    """Hours from site to site in a straight line, times a detour.

    Parameters
    ----------
    places : pd.DataFrame, indexed by place
        `x`, `y` in metres.
    kmh : float
    detour : float
        Way by road over way in a straight line: 1.4 over the United States (Boscoe, Henry and Zdeb 2012, Professional
        Geographer 64).

    Returns
    -------
    pd.DataFrame, shape (n_places, n_places)

    Examples
    --------
    >>> places = pd.DataFrame({"x": [0, 3000], "y": [0, 4000]}, ["A", "B"])
    >>> float(travel_between(places, kmh=28).loc["A", "B"])
    0.25
    """
    if not kmh > 0 or not detour >= 1:
        raise ValueError(f"kmh must be above 0 and detour at least 1, got {kmh} and {detour}")
    x, y = places["x"].to_numpy(float), places["y"].to_numpy(float)
    metres = np.hypot(x[:, None] - x, y[:, None] - y)
    return pd.DataFrame(metres * detour / 1000 / kmh, places.index, places.index)


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
        `delta` (share met at each of them), `random` (bool), `drawn_from` (number of lawful sites that the site of a
        random block was drawn from; missing for others), `turn` (order of choice). Fewer rows than n_blocks where no
        block left has a lawful site with any expected value.

    Raises
    ------
    ValueError
        If a district cannot be reached often enough, or too few random blocks have a lawful site; if the roster and the
        encounters have no slot or no place in common; if the input is impossible.

    Notes
    -----
    Random blocks come first and wait at any lawful site with equal chance, whatever is expected there: they show what
    the plan adds, and keep the next map from seeing only what the last one chose. Then come blocks for districts below
    their minimum, then the rest. With limits beside the budget the greedy choice is sure of no more than half of the
    best plan (Fisher, Nemhauser and Wolsey 1978, Mathematical Programming Study 8); in practice it comes close to it.

    Travel is a limit and not a cost: each block keeps `travel_hours` free, and a site that cannot be reached in them
    and in the time since the block before is not chosen. What a block is worth then does not depend on its neighbours.

    Examples
    --------
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
    budget = _budget(roster, n_blocks)
    _meet(roster, encounters)
    desk = _Desk(roster, _Chances(encounters, vehicles, roster.places.index), seed)
    desk.draw(math.ceil(round(roster.limits.random_share * budget, 9)))
    desk.reach_districts(budget)
    desk.fill(budget)
    if improve:
        desk.improve()
        desk.fill(budget)  # a block that had no lawful site may have one now
    return desk.board.table()


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
    not at one site at once) and are free from the plan's own rules: no random blocks, no districts to reach, no limit a
    site. They only wait.

    Examples
    --------
    >>> places = pd.DataFrame({"x": [0, 900], "y": 0, "district": "north", "can_wait": True}, ["lot", "market"])
    >>> blocks = pd.DataFrame({"team": 1, "date": pd.date_range("2024-05-02", periods=3), "start_hour": 20, "hours": 2})
    >>> roster = Roster(blocks.assign(slot="evening"), places, travel_between(places, kmh=20))
    >>> seen = pd.DataFrame({"vehicle": ["A", "B"], "slot": "evening", "place": ["lot", "market"], "visits": [2, 5]})
    >>> owed = pd.DataFrame({"value": [400_000, 100_000], "eligible": True}, ["A", "B"])
    >>> plans = rival_plans(roster, seen, owed)
    >>> {name: plan.sort_values("turn")["places"].iloc[0] for name, plan in plans.items()}
    {'ten_busiest': ('market',), 'busiest_once': ('market',), 'most_debt_once': ('lot',)}
    """
    _has_columns("sightings", sightings, ("vehicle", "slot", "place", "visits"))
    eligible = _eligible(vehicles)
    seen = sightings[
        sightings["vehicle"].isin(eligible.index)
        & sightings["slot"].isin(roster.blocks["slot"])
        & sightings["place"].isin(roster.places.index)
    ]
    debt = seen["visits"] * eligible.reindex(seen["vehicle"]).to_numpy()
    cells = seen.assign(debt=debt).groupby(["slot", "place"])[["visits", "debt"]].sum()
    busiest, dearest = (list(cells[by].sort_values(ascending=False, kind="stable").index) for by in ("visits", "debt"))
    budget = _budget(roster, n_blocks)
    return {
        "ten_busiest": _go_round(roster, [busiest[:TEN], busiest], budget, seed),
        "busiest_once": _go_round(roster, [busiest], budget, seed),
        "most_debt_once": _go_round(roster, [dearest], budget, seed),
    }


def practice_plan(past, roster, *, crew_hours, seed=0):
    """Blocks that crews did work, as a plan of so many crew-hours.

    Parameters
    ----------
    past : pd.DataFrame, one row a block that was worked
        `team`, `date`, `start_hour`, `hours`, `slot`, `places` (tuple, in order; one place is waiting).
    roster : Roster
        For travel and limits; its blocks are not used.
    crew_hours : float
        Hours to compare at. Past blocks are drawn at random, each once before any is drawn again; the last is cut
        short.
    seed : int

    Returns
    -------
    pd.DataFrame
        As `make_plan` gives it; `random` is false.

    Examples
    --------
    >>> places = pd.DataFrame({"x": [0], "y": 0, "district": "north", "can_wait": True}, ["lot"])
    >>> past = pd.DataFrame({"team": 1, "date": pd.date_range("2024-04-02", periods=2), "start_hour": 20, "hours": 2.0})
    >>> past = past.assign(slot="evening", places=[("lot",), ("lot",)])
    >>> practice_plan(past, Roster(past, places, travel_between(places, kmh=20)), crew_hours=3)["hours"].tolist()
    [2.0, 1.0]
    """
    _has_columns("past", past, ("team", "date", "start_hour", "hours", "slot", "places"))
    if not len(past) or not (past["hours"] > 0).all() or not crew_hours > 0:
        raise ValueError(f"no past block, or hours not above zero ({crew_hours} asked for)")
    rng = np.random.default_rng(seed)
    rounds = math.ceil(crew_hours / past["hours"].sum())
    drawn = past.iloc[np.concatenate([rng.permutation(len(past)) for _ in range(rounds)])].reset_index(drop=True)
    drawn["hours"] = drawn["hours"].clip(upper=crew_hours - (drawn["hours"].cumsum() - drawn["hours"]))
    drawn = drawn[drawn["hours"] > ROUNDING]
    unknown = set(drawn["places"][drawn["places"].map(len) > 1].explode()) - set(roster.travel.index)
    if unknown:
        raise ValueError(f"no travel hours for the places {sorted(unknown, key=str)[:5]} of past blocks")
    inside = [
        sum(roster.travel.loc[here, there] for here, there in itertools.pairwise(places)) for places in drawn["places"]
    ]
    each = (drawn["hours"] - roster.limits.travel_hours - inside).clip(lower=0) / drawn["places"].map(len)
    return _plan_table(
        drawn.assign(
            delta=share_met(each, roster.limits.mean_hours), random=False, drawn_from=math.nan, turn=range(len(drawn))
        )
    )


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
    >>> plan = pd.DataFrame({"team": 1, "date": pd.Timestamp("2024-05-02"), "start_hour": [18, 20], "slot": "evening",
    ...                      "places": [("lot",), ("lot",)], "delta": 0.8})
    >>> chances = pd.DataFrame({"vehicle": ["A"], "slot": "evening", "place": "lot", "probability": 0.5})
    >>> owed = pd.DataFrame({"value": [400_000], "eligible": True}, ["A"])
    >>> told = expected_by_block(plan, Encounters(chances), owed)
    >>> told[["vehicles", "value", "value_low", "value_high"]].round(2).round({"value_high": -3}).values.tolist()
    [[0.4, 160000.0, 0.0, 400000.0], [0.24, 96000.0, 0.0, 400000.0]]
    """
    chances = _Chances(encounters, vehicles, _places_of([plan], encounters))
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
    >>> plan = pd.DataFrame({"team": 1, "date": pd.Timestamp("2024-05-02"), "start_hour": [18, 20], "slot": "evening",
    ...                      "places": [("lot",), ("lot",)], "delta": 0.8})
    >>> chances = pd.DataFrame({"vehicle": ["A"], "slot": "evening", "place": "lot", "probability": 0.5})
    >>> owed = pd.DataFrame({"value": [400_000], "eligible": True}, ["A"])
    >>> int(promise(plan, Encounters(chances), owed)["value"].round())  # 400,000 (1 - 0.6 * 0.6)
    256000
    """
    chances = _Chances(encounters, vehicles, _places_of([plan], encounters))
    table = pd.DataFrame([_moments(_met_at_all(plan, chances), chances.value)], ["promise"], columns=_MOMENTS)
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
    >>> plan = pd.DataFrame({"team": 1, "date": pd.Timestamp("2024-05-02"), "start_hour": [18, 20], "slot": "evening",
    ...                      "places": [("lot",), ("lot",)], "delta": 0.8})
    >>> chances = pd.DataFrame({"vehicle": ["A"], "slot": "evening", "place": "lot", "probability": 0.5})
    >>> owed = pd.DataFrame({"value": [400_000], "eligible": True}, ["A"])
    >>> first_meetings(plan, Encounters(chances), owed).round(2).values.tolist()
    [[0, 'A', 0.4, 0.4, 160000.0], [1, 'A', 0.4, 0.24, 96000.0]]
    """
    if not 0 <= minimum < 1:
        raise ValueError(f"minimum must lie in [0, 1), got {minimum}")
    chances = _Chances(encounters, vehicles, _places_of([plan], encounters))
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
    >>> plan = pd.DataFrame({"slot": "evening", "hours": 2.0, "places": [("lot",), ("lot",)], "delta": 0.8})
    >>> chances = pd.DataFrame({"vehicle": ["A"], "slot": "evening", "place": "lot", "probability": 0.5})
    >>> owed = pd.DataFrame({"value": [400_000], "eligible": True}, ["A"])
    >>> gain_curve(plan, Encounters(chances), owed)[["gain", "gain_per_hour", "value"]].round().values.tolist()
    [[160000.0, 80000.0, 160000.0], [96000.0, 48000.0, 256000.0]]
    """
    chances = _Chances(encounters, vehicles, _places_of([plan], encounters))
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
    >>> places = pd.DataFrame({"x": [0], "y": 0, "district": "north", "can_wait": True}, ["lot"])
    >>> blocks = pd.DataFrame({"team": [1], "date": "2024-05-02", "start_hour": 20, "hours": 2, "slot": "evening"})
    >>> chances = pd.DataFrame({"vehicle": ["A"], "slot": "evening", "place": "lot", "probability": 0.5})
    >>> owed = pd.DataFrame({"value": [400_000], "eligible": True}, ["A"])
    >>> roster = Roster(blocks, places, travel_between(places, kmh=20))
    >>> plan = make_plan(roster, Encounters(chances), owed)  # meets A with chance 0.413; so would one more block
    >>> int(next_block(plan, roster, Encounters(chances), owed)["gain_per_hour"].iloc[0].round(-2))
    48500
    """
    desk = _Desk(roster, _Chances(encounters, vehicles, roster.places.index), seed=0)
    desk.load(plan)
    rows = []
    for number, window in enumerate(desk.windows):
        bounds = desk.bounds([number])
        best = desk.best(bounds, lambda candidate: candidate)
        if best is None:
            rows.append((*window, None, None, math.nan, math.nan))
            continue
        places, gain = tuple(roster.places.index[list(desk.sites[best[0]])]), bounds[best[0]]
        rows.append((*window, _how(places), places, gain, gain / window[2]))
    columns = ["slot", "start_hour", "hours", "how", "places", "gain", "gain_per_hour"]
    return pd.DataFrame(rows, columns=columns).sort_values("gain_per_hour", ascending=False, ignore_index=True)


def replay(plans, encounters, visits, looks, vehicles):
    """What plans would have met in a month that was held back from them.

    Parameters
    ----------
    plans : dict of str to pd.DataFrame
        As `make_plan` and the rivals give them, made without the month.
    encounters : Encounters
        Those that the promises are made with, likewise.
    visits : pd.DataFrame, one row a vehicle, slot and place
        `vehicle`, `slot`, `place`, `visits`: days on which it was seen there in the month.
    looks : pd.DataFrame, one row a slot and place
        `slot`, `place`, `looks`: effort behind the visits, as the sum over the days of the share met, such as
        `share_met(hours watched, mean_hours)`. No row, or 0: nobody looked.
    vehicles : as for `make_plan`

    Returns
    -------
    pd.DataFrame, one row a plan
        `blocks`, `crew_hours`, `answered` (share of the crew-hours that the month can answer), `realised_value`,
        `realised_vehicles`, `promised_value`, `promised_vehicles` (all four in the answered part), `scale` (realised
        over promised value: what the next promise is multiplied with), `scale_error` (standard error of its logarithm),
        `equal_hours` (the fewest answered crew-hours of any plan) and `equal_value` (realised in so many): what plans
        are compared by. Missing where nothing was answered; no scale where nothing was promised, and no error where
        nothing was realised.

    Raises
    ------
    ValueError
        If visits were recorded where nobody looked.

    Notes
    -----
    Effort is only re-ordered inside a place-slot: of L looks that were made there the plan makes a part f at random,
    and so meets a vehicle seen on n days with chance 1 - (1 - f)^n. A plan that asks for more looks than were made gets
    those that were made; the others, and those where nobody looked, are not answered, neither as 0 nor by a guess. The
    promise is held against the same part. Returns fall with every look, so plans that are answered in different parts
    are compared after thinning all evenly to the same hours. The error of the scale is that of a sum of values of
    vehicles that are met by chance (compound Poisson).

    Examples
    --------
    >>> plan = pd.DataFrame({"team": 1, "date": pd.Timestamp("2024-05-02"), "start_hour": [18, 20], "hours": 2,
    ...                      "slot": "evening", "places": [("lot",), ("park",)], "delta": 0.8})
    >>> chances = pd.DataFrame({"vehicle": ["A"], "slot": "evening", "place": "lot", "probability": 0.5})
    >>> owed = pd.DataFrame({"value": [400_000], "eligible": True}, ["A"])
    >>> seen = pd.DataFrame({"vehicle": ["A"], "slot": "evening", "place": "lot", "visits": 2})
    >>> looks = pd.DataFrame({"slot": ["evening"], "place": "lot", "looks": 8})
    >>> told = replay({"plan": plan}, Encounters(chances), seen, looks, owed).loc["plan"]
    >>> told[["answered", "realised_value", "promised_value"]].astype(float).round(1).tolist()
    [0.5, 76000.0, 160000.0]
    """
    _has_columns("visits", visits, ("vehicle", "slot", "place", "visits"))
    _has_columns("looks", looks, ("slot", "place", "looks"))
    made = looks.set_index(["slot", "place"])["looks"]
    if not made.index.is_unique or not (made >= 0).all():
        raise ValueError("looks has a slot and place twice, or looks that are missing or below zero")
    behind = made.reindex(pd.MultiIndex.from_frame(visits[["slot", "place"]])).to_numpy()
    if not (behind[visits["visits"].to_numpy() > 0] > 0).all():
        raise ValueError(f"{(~(behind > 0)).sum()} rows of visits lie where nobody looked")
    chances = _Chances(encounters, vehicles, _places_of(plans.values(), encounters))
    eligible = visits[visits["vehicle"].isin(chances.vehicles) & (visits["visits"] > 0)]
    parts = {name: _AnsweredPart.of(plan, made) for name, plan in plans.items()}
    equal_hours = min((part.hours for part in parts.values() if part.hours > 0), default=math.nan)
    told = {name: _replayed(part, eligible, chances, equal_hours) for name, part in parts.items()}
    return pd.DataFrame.from_dict(told, orient="index").reindex(columns=_TOLD)


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
    _has_columns("outcomes", outcomes, ("place", "slot", "visits", "hits", "misses", "expected"))
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


class _Chances:
    """Encounters of eligible vehicles as arrays: by slot a sparse matrix (places x vehicles), and the shared part."""

    def __init__(self, encounters, vehicles, places):
        eligible = _eligible(vehicles)
        self.vehicles, self.value, self.places = eligible.index, eligible.to_numpy(float), places
        self.own, self.rest, self.shared = {}, {}, {}
        own, shape = encounters.own, (len(places), len(eligible))
        vehicle, place = self.vehicles.get_indexer(own["vehicle"]), places.get_indexer(own["place"])
        for slot, rows in _rows_by(own["slot"], (vehicle >= 0) & (place >= 0)):
            cells = (own["probability"].to_numpy(float)[rows], (place[rows], vehicle[rows]))
            self.own[slot] = sparse.csr_array(cells, shape=shape)
        if encounters.rest is None:
            return
        rest, shared = encounters.rest, encounters.shared
        vehicle, place = self.vehicles.get_indexer(rest["vehicle"]), places.get_indexer(shared["place"])
        for slot, rows in _rows_by(rest["slot"], vehicle >= 0):
            self.rest[slot] = _filled(shape[1], vehicle[rows], rest["probability"].to_numpy(float)[rows])
        for slot, rows in _rows_by(shared["slot"], place >= 0):
            self.shared[slot] = _filled(shape[0], place[rows], shared["share"].to_numpy(float)[rows])

    def codes(self, places):
        """Numbers of the places of a block."""
        return tuple(self.places.get_indexer(pd.Index(places)).tolist())

    def worth(self, slot, weight):
        """Sum over vehicles of weight times chance, at each place in a slot: np.ndarray, shape (n_places,)."""
        total = self.own[slot] @ weight if slot in self.own else np.zeros(len(self.places))
        if slot in self.rest and slot in self.shared:
            total = total + self.shared[slot] * (self.rest[slot] @ weight)
        return total

    def met(self, slot, sites, delta):
        """Chance of each vehicle to be met at any of the sites: np.ndarray, shape (n_vehicles,).

        Each stop counts as one more chance, independent of the others: for a vehicle that can only be at one of the
        sites that is a little less than the sum.
        """
        missed, own = np.ones(len(self.vehicles)), self.own.get(slot)
        spread = slot in self.rest and slot in self.shared
        for site, share in zip(sites, np.broadcast_to(delta, len(sites)), strict=True):
            if spread:
                missed *= 1 - np.minimum(share * self._there(slot, site), SURE)
            elif own is not None:
                row = slice(own.indptr[site], own.indptr[site + 1])
                missed[own.indices[row]] *= 1 - np.minimum(share * own.data[row], SURE)
        return np.minimum(1 - missed, SURE)

    def _there(self, slot, site):
        there = self.shared[slot][site] * self.rest[slot]
        if slot in self.own:
            own = self.own[slot]
            row = slice(own.indptr[site], own.indptr[site + 1])
            there[own.indices[row]] += own.data[row]
        return there


@dataclass(frozen=True)
class _Choice:
    """What a block is used for."""

    sites: tuple  # place numbers, in order of the tour
    delta: float
    turn: int
    drawn_from: float = math.nan  # lawful sites of a random block


class _Board:
    """Which sites each block holds, and what may still be put where. Blocks are numbered by team, then time."""

    def __init__(self, roster, limits):
        self.limits = limits
        self.blocks = roster.blocks.assign(start=_start(roster.blocks)).sort_values(["team", "start"])
        self.places, self.travel = roster.places.index, _travel_array(roster)
        self.start = self.blocks["start"].to_numpy(float)
        self.end = self.start + self.blocks["hours"].to_numpy(float)
        hours = self.end - self.start
        self.idle = self.start - (np.cumsum(hours) - hours)  # grows by the time between a team's blocks
        self.team = pd.factorize(self.blocks["team"])[0]
        self.shift = self.blocks.groupby(["team", "date"], sort=False).ngroup().to_numpy()
        self.meanwhile = self._meanwhile()
        self.chosen = {}
        self.used = np.zeros(len(self.places), int)
        self.in_shift = np.zeros(len(self.blocks), int)
        self.worked = [[] for _ in range(self.team.max(initial=-1) + 1)]  # of each team, in order of time

    def _meanwhile(self):
        """For each block, the blocks of other teams at the same time."""
        in_time = np.argsort(self.start, kind="stable")
        found = [[] for _ in in_time]
        for position, block in enumerate(in_time):
            for other in in_time[position + 1 :]:
                if self.start[other] >= self.end[block] - ROUNDING:
                    break
                found[block].append(other)
                found[other].append(block)
        return found

    def may_take(self, block, sites):
        """Whether an open block may be used for these sites, beside what is chosen."""
        if block in self.chosen or self.in_shift[self.shift[block]] >= self.limits.blocks_per_shift:
            return False
        if any(self.used[site] >= self.limits.blocks_per_site for site in sites):
            return False
        for other in self.meanwhile[block]:
            if other in self.chosen and not set(sites).isdisjoint(self.chosen[other].sites):
                return False
        before, after = self._beside(block)
        return (before is None or self._follows(before, self.chosen[before].sites, block, sites)) and (
            after is None or self._follows(block, sites, after, self.chosen[after].sites)
        )

    def may_leave(self, block):
        """Whether what is chosen stays lawful without this block."""
        before, after = self._beside(block)
        if before is None or after is None:
            return True
        return self._follows(before, self.chosen[before].sites, after, self.chosen[after].sites)

    def _beside(self, block):
        """The blocks that the team works before and after."""
        worked = self.worked[self.team[block]]
        at = bisect_left(worked, block)
        after = at + (at < len(worked) and worked[at] == block)
        return worked[at - 1] if at else None, worked[after] if after < len(worked) else None

    def _follows(self, first, sites, then, next_sites):
        if not self.limits.same_site_in_a_row and not set(sites).isdisjoint(next_sites):
            return False
        hours = self.travel[sites[-1], next_sites[0]]
        return hours <= self.idle[then] - self.idle[first] + (then - first) * self.limits.travel_hours + ROUNDING

    def put(self, block, choice):
        self.chosen[block] = choice
        self.used[list(choice.sites)] += 1
        self.in_shift[self.shift[block]] += 1
        insort(self.worked[self.team[block]], block)

    def take_off(self, block):
        choice = self.chosen.pop(block)
        self.used[list(choice.sites)] -= 1
        self.in_shift[self.shift[block]] -= 1
        self.worked[self.team[block]].remove(block)
        return choice

    def table(self):
        """The plan, as `make_plan` describes it."""
        rows = self.blocks.iloc[list(self.chosen)]
        choices = list(self.chosen.values())
        return _plan_table(
            rows.assign(
                places=[tuple(self.places[list(choice.sites)]) for choice in choices],
                delta=[choice.delta for choice in choices],
                random=[not math.isnan(choice.drawn_from) for choice in choices],
                drawn_from=[choice.drawn_from for choice in choices],
                turn=[choice.turn for choice in choices],
            )
        )


class _Desk:
    """Where a plan is made: every use of every kind of block, and how likely each vehicle is missed so far.

    Blocks of one slot, hour and length are a window; all its blocks are worth the same at the same sites.
    """

    def __init__(self, roster, chances, seed):
        self.chances, self.limits = chances, roster.limits
        self.board = _Board(roster, roster.limits)
        self.rng = np.random.default_rng(seed)
        kinds = pd.MultiIndex.from_frame(self.board.blocks[["slot", "start_hour", "hours"]])
        self.window_of_block, windows = pd.factorize(kinds)
        self.windows = list(windows)
        in_window = (np.flatnonzero(self.window_of_block == window) for window in range(len(windows)))
        self.blocks_in = [self.rng.permutation(blocks).tolist() for blocks in in_window]
        self.missed = np.ones(len(chances.vehicles))
        self._list_uses(roster)
        self._list_districts(roster)

    def _list_uses(self, roster):
        """Candidates: `sites`, `delta` and `window` of each, and the `span` and `stops` of each window."""
        self.sites, deltas, self.span, self.stops = [], [], [], []
        for slot, start_hour, hours in self.windows:
            worth = self.chances.worth(slot, self.chances.value)
            uses = _uses(roster, self.board.travel, start_hour, hours, worth)
            self.span.append(slice(len(self.sites), len(self.sites) + len(uses)))
            self.stops.append(_stops_array(uses, len(roster.places)))
            self.sites += [sites for sites, _delta in uses]
            deltas += [delta for _sites, delta in uses]
        self.delta, self.all_stops = np.array(deltas, float), sparse.vstack(self.stops, format="csr")
        self.window = np.repeat(np.arange(len(self.windows)), [span.stop - span.start for span in self.span])

    def _list_districts(self, roster):
        self.district, names = pd.factorize(roster.places["district"])
        self.districts = list(names)
        reach = _filled_rows(self.sites, self.district, len(names))
        self.reach, self.reached = reach, np.zeros(len(names), int)

    def bounds(self, windows):
        """Most that each candidate of these windows can add now (sum over its stops); -inf for all others."""
        bounds, weight, worth = np.full(len(self.sites), -np.inf), self.chances.value * self.missed, {}
        for window in windows:
            slot = self.windows[window][0]
            if slot not in worth:
                worth[slot] = self.chances.worth(slot, weight)
            bounds[self.span[window]] = self.stops[window] @ worth[slot]
        return bounds

    def best(self, bounds, block_for, floor=0.0):
        """The candidate that adds most and a block for it, by lazy evaluation; None if none adds more than `floor`.

        bounds : what each candidate can add at most; brought up to date in place where that is looked at
        block_for : function of a candidate; None if no block may be used for it
        """
        full = self.board.used >= self.limits.blocks_per_site
        bounds[self.all_stops @ full.astype(float) > 0] = -np.inf
        fresh, parked, found = set(), [], None
        while found is None and len(bounds):
            candidate = int(np.argmax(bounds))
            if not bounds[candidate] > floor:
                break
            block = block_for(candidate)
            if block is None:
                parked.append((candidate, bounds[candidate]))
                bounds[candidate] = -np.inf
            elif candidate in fresh:
                found = candidate, block
            else:
                bounds[candidate] = self._gain(self._met(candidate))
                fresh.add(candidate)
        for candidate, bound in parked:  # a block chosen in between can make it lawful again
            bounds[candidate] = bound
        return found

    def open_block(self, candidate):
        """A block of the candidate's window that may be used for it, or None."""
        sites, blocks = self.sites[candidate], self.blocks_in[self.window[candidate]]
        return next((block for block in blocks if self.board.may_take(block, sites)), None)

    def draw(self, number):
        """Wait in blocks drawn at random, at sites drawn among the lawful ones, whatever is expected there."""
        for block in self.rng.permutation(len(self.board.blocks)).tolist():
            if len(self.board.chosen) == number:
                return
            span = self.span[self.window_of_block[block]]
            waits = [use for use in range(span.start, span.stop) if len(self.sites[use]) == 1]
            lawful = [use for use in waits if self.board.may_take(block, self.sites[use])]
            if lawful:
                self._use(block, lawful[self.rng.integers(len(lawful))], drawn_from=len(lawful))
        if len(self.board.chosen) < number:
            raise ValueError(f"only {len(self.board.chosen)} of {number} random blocks have a lawful site to wait at")

    def reach_districts(self, budget):
        """Use blocks for the districts that are below their minimum, best first."""
        while (lacking := self._lacking()).any():
            bounds = np.where(self.reach[:, lacking].any(axis=1), self.bounds(self._open_windows()), -np.inf)
            best = self.best(bounds, self.open_block, floor=-1.0) if len(self.board.chosen) < budget else None
            if best is None:
                names = [name for name, lacks in zip(self.districts, lacking, strict=True) if lacks]
                raise ValueError(f"{self.limits.district_minimum} blocks cannot be had in each of {names}")
            self._use(best[1], best[0])

    def fill(self, budget):
        """Use blocks until the budget is spent or nothing is gained any more."""
        bounds = self.bounds(self._open_windows())
        while len(self.board.chosen) < budget and (best := self.best(bounds, self.open_block)):
            candidate, block = best
            self._use(block, candidate)
            if self.window[candidate] not in self._open_windows():
                bounds[self.span[self.window[candidate]]] = -np.inf

    def improve(self):
        """Replace blocks that were not drawn, one at a time, while that adds anything."""
        for _ in range(PASSES):
            self.missed = np.ones(len(self.missed))
            for block, choice in self.board.chosen.items():  # afresh, so that no rounding adds up
                self.missed *= 1 - self._met_in(block, choice)
            planned = [block for block, choice in self.board.chosen.items() if math.isnan(choice.drawn_from)]
            changed = [self._replace(block) for block in planned]
            if not any(changed):
                return

    def load(self, plan):
        """Put a plan on the board as it is."""
        numbers = pd.Series(range(len(self.board.blocks)), self.board.blocks.index)
        if not plan.index.isin(numbers.index).all() or not plan["places"].explode().isin(self.board.places).all():
            raise ValueError("the plan has blocks or places that are not of this roster")
        for row in plan.itertuples():
            self._put(numbers[row.Index], _Choice(self.chances.codes(row.places), row.delta, row.turn))

    def _replace(self, block):
        """Use a block, or an open one in its stead, for what adds more; whether there was anything."""
        may_leave = self.board.may_leave(block)
        before = self._take_off(block)
        windows, block_for = self._windows_instead(block, may_leave)
        bounds = self.bounds(windows)
        bounds[~self.reach[:, self._lacking()].all(axis=1)] = -np.inf
        best = self.best(bounds, block_for, floor=self._gain(self._met_in(block, before)) * BETTER)
        if best is None:
            self._put(block, before)
            return False
        candidate, instead = best
        self._put(instead, _Choice(self.sites[candidate], self.delta[candidate], before.turn))
        return True

    def _windows_instead(self, block, may_leave):
        if may_leave:
            return self._open_windows(), self.open_block
        return [self.window_of_block[block]], (
            lambda candidate: block if self.board.may_take(block, self.sites[candidate]) else None
        )

    def _open_windows(self):
        return [
            window
            for window, blocks in enumerate(self.blocks_in)
            if not all(block in self.board.chosen for block in blocks)
        ]

    def _lacking(self):
        return self.reached < self.limits.district_minimum

    def _use(self, block, candidate, drawn_from=math.nan):
        choice = _Choice(self.sites[candidate], self.delta[candidate], len(self.board.chosen), drawn_from)
        self._put(block, choice)

    def _put(self, block, choice):
        self.board.put(block, choice)
        self.missed *= 1 - self._met_in(block, choice)
        self.reached += _filled_rows([choice.sites], self.district, len(self.districts))[0]

    def _take_off(self, block):
        choice = self.board.take_off(block)
        self.missed /= 1 - self._met_in(block, choice)
        self.reached -= _filled_rows([choice.sites], self.district, len(self.districts))[0]
        return choice

    def _met(self, candidate):
        slot = self.windows[self.window[candidate]][0]
        return self.chances.met(slot, self.sites[candidate], self.delta[candidate])

    def _met_in(self, block, choice):
        return self.chances.met(self.windows[self.window_of_block[block]][0], choice.sites, choice.delta)

    def _gain(self, met):
        return float((self.chances.value * self.missed) @ met)


def _uses(roster, travel, start_hour, hours, worth):
    """Sites to wait at and tours to roam in a block, with the share met at each stop: list of (sites, delta)."""
    limits, working = roster.limits, hours - roster.limits.travel_hours
    lawful = np.flatnonzero(_lawful_sites(roster, start_hour, hours))
    can_wait = roster.places["can_wait"].to_numpy(bool)
    delta = float(share_met(working, limits.mean_hours))
    uses = [((site,), delta) for site in lawful.tolist() if can_wait[site]]
    tours = {}
    for site in lawful.tolist() if limits.roam_sites > 1 else ():
        near = lawful[(travel[site, lawful] <= limits.roam_radius_hours) & (lawful != site)]
        near = near[np.argsort(-worth[near], kind="stable")][: limits.roam_sites - 1].tolist()
        for size in range(1, len(near) + 1):
            tour, inside = _tour(site, near[:size], travel)
            if inside < working and inside < tours.get(frozenset(tour), (None, math.inf))[1]:
                tours[frozenset(tour)] = tour, inside
    uses += [
        (tour, float(share_met((working - inside) / len(tour), limits.mean_hours))) for tour, inside in tours.values()
    ]
    return uses


def _tour(first, others, travel):
    """Sites in order, always the nearest next, and the hours between them."""
    tour, left, inside = [first], list(others), 0.0
    while left:
        nearest = min(left, key=lambda site: travel[tour[-1], site])
        inside += travel[tour[-1], nearest]
        tour.append(nearest)
        left.remove(nearest)
    return tuple(tour), inside


def _lawful_sites(roster, start_hour, hours):
    """Whether every hour of the clock that a block touches is lawful at each site."""
    if roster.lawful is None:
        return np.ones(len(roster.places), bool)
    clock = sorted({hour % 24 for hour in range(math.floor(start_hour), math.ceil(start_hour + hours))})
    return roster.lawful.loc[roster.places.index, clock].to_numpy(bool).all(axis=1)


def _go_round(roster, pools, budget, seed):
    """A plan that takes the place-slots of the first pool in turn, round after round, then those of the next."""
    board = _Board(roster, replace(roster.limits, blocks_per_site=math.inf, same_site_in_a_row=True))
    order = np.random.default_rng(seed).permutation(len(board.blocks))
    slots = board.blocks["slot"].iloc[order]
    blocks_of = {slot: order[rows].tolist() for slot, rows in _rows_by(slots, np.ones(len(order), bool))}
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
                    board.put(block, _Choice((site,), delta, len(board.chosen)))
                    placed = True
    return board.table()


def _where_crews_can_stand(roster, board):
    """For each block, whether a crew can lawfully wait at each site."""
    by_hours = {
        (start, hours): _lawful_sites(roster, start, hours) & roster.places["can_wait"].to_numpy(bool)
        for start, hours in set(zip(board.blocks["start_hour"], board.blocks["hours"], strict=True))
    }
    return [by_hours[key] for key in zip(board.blocks["start_hour"], board.blocks["hours"], strict=True)]


def _walk(plan, chances):
    """Blocks in order of time: label, chance of meeting each vehicle, and of meeting it for the first time."""
    missed = np.ones(len(chances.vehicles))
    for row in _in_time(plan).itertuples():
        met = chances.met(row.slot, chances.codes(row.places), row.delta)
        yield row.Index, met, missed * met
        missed = missed * (1 - met)


def _met_at_all(plan, chances):
    """Chance of each vehicle to be met in the plan."""
    return sum((first for _block, _met, first in _walk(plan, chances)), np.zeros(len(chances.vehicles)))


@dataclass(frozen=True)
class _AnsweredPart:
    """What a month can say about a plan."""

    plan: pd.DataFrame  # with `delta` one number a stop, cut to what can be answered
    hours: float  # crew-hours answered
    taken: pd.Series  # share of the looks made that the plan takes, by slot and place

    @classmethod
    def of(cls, plan, made):
        stops = plan.assign(hours=plan["hours"] / plan["places"].map(len)).explode("places")
        asked = stops.groupby(["slot", "places"], sort=False)["delta"].sum()
        made = made.reindex(asked.index).fillna(0.0)
        answered = (made / asked).clip(upper=1)
        hours = stops["hours"].to_numpy() * answered.reindex(stops.set_index(["slot", "places"]).index).to_numpy()
        rows = zip(plan["slot"], plan["places"], plan["delta"], strict=True)
        delta = [share * np.array([answered[slot, place] for place in places]) for slot, places, share in rows]
        taken = (asked / made.where(made > 0)).clip(upper=1).fillna(0.0)
        return cls(plan.assign(delta=pd.Series(delta, plan.index, dtype=object)), float(hours.sum()), taken)


def _replayed(part, visits, chances, equal_hours):
    """One row of `replay`."""
    crew_hours = float(part.plan["hours"].sum())
    told = {"blocks": len(part.plan), "crew_hours": crew_hours}
    if not part.hours > 0:
        return told | {"answered": 0.0 if crew_hours else math.nan}
    realised = _met_in_replay(part.taken, visits, chances)
    promised = _met_at_all(part.plan, chances)
    value, promised_value = realised @ chances.value, promised @ chances.value
    return told | {
        "answered": part.hours / crew_hours,
        "realised_value": value,
        "realised_vehicles": realised.sum(),
        "promised_value": promised_value,
        "promised_vehicles": promised.sum(),
        "scale": value / promised_value if promised_value > 0 else math.nan,
        "scale_error": math.sqrt(((chances.value * realised) ** 2).sum()) / value if value > 0 else math.nan,
        "equal_hours": equal_hours,
        "equal_value": _met_in_replay(part.taken * equal_hours / part.hours, visits, chances) @ chances.value,
    }


def _met_in_replay(taken, visits, chances):
    """Chance of each vehicle to be met, if a plan takes these shares of the looks at place-slots."""
    share = taken.reindex(pd.MultiIndex.from_frame(visits[["slot", "place"]])).fillna(0.0).to_numpy()
    missed = np.ones(len(chances.vehicles))
    np.multiply.at(missed, chances.vehicles.get_indexer(visits["vehicle"]), (1 - share) ** visits["visits"].to_numpy())
    return 1 - missed


_TOLD = [
    "blocks", "crew_hours", "answered", "realised_value", "realised_vehicles", "promised_value", "promised_vehicles",
    "scale", "scale_error", "equal_hours", "equal_value",
]  # fmt: skip
_MOMENTS = ["vehicles", "vehicles_square", "value", "value_square", "value_square_sure", "never"]


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


_PLAN = ["team", "date", "start_hour", "hours", "slot", "how", "places", "delta", "random", "drawn_from", "turn"]


def _plan_table(rows):
    how = [_how(places) for places in rows["places"]]
    return _in_time(rows.assign(how=how))[_PLAN]


def _in_time(plan):
    return plan.assign(start=_start(plan)).sort_values(["start", "team"], kind="stable")


def _how(places):
    return "wait" if len(places) == 1 else "roam"


def _budget(roster, n_blocks):
    """Number of blocks to work: as asked, or all that shifts have room for."""
    in_shift = roster.blocks.groupby(["team", "date"]).size()
    most = int(in_shift.clip(upper=roster.limits.blocks_per_shift).sum())
    if n_blocks is None:
        return most
    if not 0 <= n_blocks <= most:
        raise ValueError(
            f"n_blocks must lie between 0 and the {most} blocks that the shifts have room for, got {n_blocks}"
        )
    return n_blocks


def _meet(roster, encounters):
    """Refuse labels that have nothing in common: they would pass for a city without encounters."""
    for name, known in (("slot", roster.blocks["slot"]), ("place", roster.places.index)):
        tables = [table for table in (encounters.own, encounters.shared) if table is not None and len(table)]
        if tables and not any(table[name].isin(known).any() for table in tables):
            raise ValueError(f"no {name} of the encounters is in the roster, such as {tables[0][name].iloc[0]!r}")


def _eligible(vehicles):
    """Value of each vehicle that may be acted upon."""
    _has_columns("vehicles", vehicles, ("value", "eligible"))
    if not vehicles.index.is_unique or vehicles["eligible"].isna().any():
        raise ValueError("vehicles has a label twice, or does not say whether a vehicle is eligible")
    value = vehicles.loc[vehicles["eligible"].astype(bool), "value"].astype(float)
    if not ((value >= 0) & (value < math.inf)).all():
        raise ValueError(f"value of an eligible vehicle is missing or below zero: {value[~(value >= 0)].iloc[0]}")
    return value


def _start(blocks):
    """Hours since a fixed day at which blocks begin."""
    return (pd.to_datetime(blocks["date"]) - pd.Timestamp(0)) / pd.Timedelta(hours=1) + blocks["start_hour"]


def _travel_array(roster):
    return roster.travel.loc[roster.places.index, roster.places.index].to_numpy(float)


def _places_of(plans, encounters):
    """Every place that plans or encounters name."""
    planned = [place for plan in plans for places in plan["places"] for place in places]
    shared = [] if encounters.shared is None else encounters.shared["place"].unique()
    return pd.Index([*encounters.own["place"].unique(), *shared, *planned]).unique()


def _rows_by(labels, kept):
    """Label and row numbers of each group, of the rows kept."""
    codes, names = pd.factorize(labels)
    for code, name in enumerate(names):
        yield name, np.flatnonzero((codes == code) & kept)


def _filled(length, positions, values):
    row = np.zeros(length)
    row[positions] = values
    return row


def _filled_rows(sites, district, n_districts):
    """Which districts each group of sites reaches: np.ndarray of bool, shape (n_groups, n_districts)."""
    reached = np.zeros((len(sites), n_districts), bool)
    group = np.repeat(np.arange(len(sites)), [len(group) for group in sites])
    code = district[np.fromiter(itertools.chain.from_iterable(sites), int)]
    reached[group[code >= 0], code[code >= 0]] = True
    return reached


def _stops_array(uses, n_places):
    """Share met at each place by each use: csr_array, shape (n_uses, n_places)."""
    group = np.repeat(np.arange(len(uses)), [len(sites) for sites, _delta in uses])
    site = np.fromiter(itertools.chain.from_iterable(sites for sites, _delta in uses), int)
    delta = np.repeat([delta for _sites, delta in uses], [len(sites) for sites, _delta in uses])
    return sparse.csr_array((delta, (group, site)), shape=(len(uses), n_places))


def _has_columns(name, table, columns):
    lacks = [column for column in columns if column not in table.columns]
    if lacks:
        raise ValueError(f"{name} lacks the columns {lacks}")
