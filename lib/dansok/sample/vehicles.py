"""Vehicles: where each of them is at what hour, who parks wrongly again and again, their plates and what becomes of them.

Plates pass every format, but each serial begins with 0, which is not issued: none belongs to a real vehicle.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from dansok.korea.plates import COMMERCIAL, PRIVATE, RENTAL
from dansok.sample.ground import AREAS, USE_PULL, stream

# Parts of a day; a slot is a part on a working day (0-6) or on a rest day (7-13).
PART_HOURS = (range(0, 7), range(7, 9), range(9, 12), range(12, 14), range(14, 18), range(18, 21), range(21, 24))
PART_OF_HOUR = np.array([part for part, hours in enumerate(PART_HOURS) for _ in hours])
SLOTS = 2 * len(PART_HOURS)
ANCHORS = ("home", "work", "other", "other", "other")
# How a vehicle divides its time among its anchors, by slot: anchor x slot.
TIME = np.array(
    [
        [0.93, 0.55, 0.28, 0.26, 0.28, 0.58, 0.85, 0.92, 0.80, 0.62, 0.52, 0.50, 0.62, 0.82],
        [0.03, 0.32, 0.52, 0.42, 0.46, 0.12, 0.03, 0.02, 0.06, 0.12, 0.10, 0.10, 0.05, 0.02],
        [0.02, 0.06, 0.10, 0.18, 0.14, 0.16, 0.06, 0.03, 0.07, 0.13, 0.20, 0.21, 0.18, 0.08],
        [0.01, 0.04, 0.06, 0.09, 0.08, 0.09, 0.04, 0.02, 0.04, 0.08, 0.11, 0.12, 0.10, 0.05],
        [0.01, 0.03, 0.04, 0.05, 0.04, 0.05, 0.02, 0.01, 0.03, 0.05, 0.07, 0.07, 0.05, 0.03],
    ]
)
WANDERS = 0.18  # of what is seen at a place is by a vehicle that has no anchor there
STRANGERS = 0.30  # vehicles of other cities that come here, against the number registered
WORKLESS = 0.35
ACTIVITY_SHAPE = 0.7  # gamma shape of how much a vehicle is out: the smaller, the heavier the tail
CHRONIC = 0.015  # share of vehicles that park wrongly again and again
CHRONIC_FACTOR = 60.0
NEAR_METRES = 2200.0  # other anchors lie about so far from home
# Shares over the whole period; the last, of those scrapped.
CHANGES_PLATE, SOLD, SCRAPPED, REISSUED = 0.06, 0.05, 0.03, 0.30
KINDS = {"2019": 0.44, "2004": 0.40, "business": 0.04, "rental": 0.04, "1973_region": 0.05, "motorcycle": 0.03}


@dataclass(frozen=True)
class Fleet:
    """`cars`, one row a vehicle: `registered` (in the city), `area` (row of AREAS, -1 if not), `activity`, `chronic`,
    `offends` (relative rate of parking wrongly). `register`, one row a plate of a vehicle for a time: `vehicle`, `plate`,
    `from_day`, `to_day` (first day of the next state; missing while it holds), `why`. `anchor_place`, shape (n_vehicles, 5).
    """

    cars: pd.DataFrame
    register: pd.DataFrame
    anchor_place: np.ndarray

    def alive(self, vehicle, day):
        """The same vehicles, but for those scrapped by then: the next one that is never scrapped stands in."""
        gone = self._scrapped[vehicle] <= day
        return np.where(gone, self._stand_in[vehicle], vehicle)

    def scrapped_on(self, vehicle):
        """Day on which each vehicle is taken off the register; far ahead for those that never are."""
        return self._scrapped[vehicle]

    def plates_on(self, vehicle, day):
        """The plate of each vehicle on a day: arrays of the same length, days as datetime64."""
        spell = self._spells[vehicle]
        later = spell + 1
        moved = (later < self._ends[vehicle]) & (self._from[np.minimum(later, len(self._from) - 1)] <= day)
        return self._plates[np.where(moved, later, spell)]

    def __post_init__(self):
        # Spells of a vehicle stand together in order, at most two of them.
        first = np.searchsorted(self.register["vehicle"].to_numpy(), np.arange(len(self.cars)), "left")
        last = np.searchsorted(self.register["vehicle"].to_numpy(), np.arange(len(self.cars)), "right")
        scrapped = self.register[self.register["end"] == "말소"]
        gone = np.full(len(self.cars), np.datetime64("2262-01-01"), "datetime64[s]")
        gone[scrapped["vehicle"]] = scrapped["to_day"].to_numpy("datetime64[s]")
        kept = np.flatnonzero(gone == gone.max())
        for name, value in (
            ("_scrapped", gone),
            ("_stand_in", kept[np.searchsorted(kept, np.arange(len(self.cars))) % len(kept)]),
            ("_spells", first),
            ("_ends", last),
            ("_from", self.register["from_day"].to_numpy()),
            ("_plates", self.register["plate"].to_numpy(object)),
        ):
            object.__setattr__(self, name, value)


class Finder:
    """Draws the vehicles that are at given places in given slots, each by how likely it is there.

    Parameters
    ----------
    fleet : Fleet
    weight : np.ndarray, shape (n_vehicles,)
        How much each vehicle counts besides where it is.
    places : int
        Number of places.

    Notes
    -----
    Keeps a running sum over all anchors for each slot that was asked for: for all slots 0.5 kB a vehicle.
    """

    def __init__(self, fleet, weight, places):
        anchor = fleet.anchor_place.ravel()
        known = np.flatnonzero(anchor >= 0)
        order = known[np.argsort(anchor[known], kind="stable")]
        self._vehicle = (order // len(ANCHORS)).astype(np.int32)
        self._kind = (order % len(ANCHORS)).astype(np.int8)
        self._weight = weight[self._vehicle]
        self._starts = np.searchsorted(anchor[order], np.arange(places + 1))
        self._anyone = np.concatenate([[0.0], np.cumsum(weight)])
        self._reaches = {}

    def present(self, slot):
        """Sum of the weights of the vehicles at each place, shape (n_places,)."""
        return np.diff(self._reach(slot)[self._starts])

    def draw(self, place, slot, rng):
        """One vehicle for each place and slot (arrays of int), shape (n,)."""
        luck, found = rng.random((2, len(place))), np.empty(len(place), np.int64)
        for one in np.unique(slot):
            rows = np.flatnonzero(slot == one)
            reach = self._reach(one)
            low, high = reach[self._starts[place[rows]]], reach[self._starts[place[rows] + 1]]
            picked = np.searchsorted(reach, low + luck[0, rows] * (high - low), "right") - 1
            found[rows] = self._vehicle[np.clip(picked, 0, len(self._vehicle) - 1)]
            wanders = (luck[1, rows] < WANDERS) | (high <= low)
            anyone = np.searchsorted(self._anyone, luck[0, rows] * self._anyone[-1], "right") - 1
            found[rows] = np.where(wanders, anyone, found[rows])
        return np.minimum(found, len(self._anyone) - 2)

    def _reach(self, slot):
        if slot not in self._reaches:
            self._reaches[slot] = np.concatenate([[0.0], np.cumsum(self._weight * TIME[self._kind, slot])])
        return self._reaches[slot]


def slot_of(hour, rests):
    """Slot of an hour on a working day (False) or a rest day (True); arrays of the same length."""
    return PART_OF_HOUR[hour] + len(PART_HOURS) * np.asarray(rests, int)


def fleet(seed, ground, number, first_day, last_day):
    """The vehicles of a seed: `number` registered ones, and those of other cities that come here."""
    rng = stream(seed, "vehicles")
    n = number + round(number * STRANGERS)
    registered = np.arange(n) < number
    anchors = _anchors(ground, registered, rng)
    activity = rng.gamma(ACTIVITY_SHAPE, 1 / ACTIVITY_SHAPE, n) + 0.01
    chronic = rng.random(n) < CHRONIC
    area = ground.places["area"].to_numpy()[np.maximum(anchors[:, 0], 0)]
    cars = pd.DataFrame(
        {
            "registered": registered,
            "area": np.where(registered, area, -1),
            "activity": activity,
            "chronic": chronic,
            "offends": np.sqrt(activity) * np.where(chronic, CHRONIC_FACTOR, 1.0),
        }
    )
    return Fleet(cars, _register(n, first_day, last_day, stream(seed, "plates")), anchors)


def _anchors(ground, registered, rng):
    """Home by people, work by land use, other places near home; a stranger has only places to go to."""
    places = ground.places
    n, area = len(registered), places["area"].to_numpy()
    home = rng.choice(len(places), n, p=places["people"] / places["people"].sum())
    # People go where most is wrongly parked, or the other way round: the same streets draw both.
    busy = (places["weight"] / USE_PULL[places["use"]]).to_numpy()
    work_pull, other_pull = (busy * np.array(by)[places["use"]] for by in ((0.2, 1.0, 3.0, 0.1), (0.5, 3.0, 0.8, 0.25)))
    work = rng.choice(len(places), n, p=work_pull / work_pull.sum())
    middles = places.groupby("area")[["x", "y"]].mean().to_numpy()
    apart = np.hypot(*(middles[:, None] - middles[None]).transpose(2, 0, 1))
    by_area = np.bincount(area, other_pull, len(AREAS))
    near = np.exp(-apart / NEAR_METRES) * by_area
    anchors = np.column_stack([home, work, *(_near_home(area[home], near, area, other_pull, rng) for _ in range(3))])
    anchors[rng.random(n) < WORKLESS, 1] = -1
    anchors[~registered, 0] = -1
    return anchors


def _near_home(home_area, near, area, pull, rng):
    """A place for each vehicle: an 읍면동 by nearness and pull, then a street in it by pull."""
    chosen = np.empty(len(home_area), np.int64)
    order = np.argsort(area, kind="stable")
    reach = np.concatenate([[0.0], np.cumsum(pull[order])])
    edges = np.searchsorted(area[order], np.arange(len(AREAS) + 1))
    for one in range(len(AREAS)):
        rows = np.flatnonzero(home_area == one)
        to = rng.choice(len(AREAS), len(rows), p=near[one] / near[one].sum())
        low, high = reach[edges[to]], reach[edges[to + 1]]
        chosen[rows] = order[np.searchsorted(reach, low + rng.random(len(rows)) * (high - low), "right") - 1]
    return chosen


def _register(n, first_day, last_day, rng):
    """Spells of plates: most vehicles keep theirs; some change it, are sold, or are scrapped and their number issued again."""
    days = (last_day - first_day).days
    fate = rng.choice(4, n, p=[1 - CHANGES_PLATE - SOLD - SCRAPPED, CHANGES_PLATE, SOLD, SCRAPPED])
    on = first_day + pd.to_timedelta(rng.integers(days // 8, 7 * days // 8, n), "D")
    before = first_day - pd.to_timedelta(rng.integers(30, 6000, n), "D")
    plates = _plates(n + int((fate == 1).sum()), rng)
    rows = [
        pd.DataFrame(
            {"vehicle": np.arange(n), "plate": plates[:n], "from_day": before, "to_day": pd.NaT, "why": "신규"}
        )
    ]
    rows[0].loc[fate > 0, "to_day"] = on[fate > 0]
    changed, sold = np.flatnonzero(fate == 1), np.flatnonzero(fate == 2)
    rows.append(_spell(changed, plates[n:], on[changed], "번호변경"))
    rows.append(_spell(sold, plates[sold], on[sold], "이전"))
    scrapped = np.flatnonzero(fate == 3)
    again = scrapped[rng.random(len(scrapped)) < REISSUED]
    # The number of a scrapped vehicle goes to one that had another plate until then: a vehicle of its own all along.
    heirs = rng.choice(np.flatnonzero(fate == 0), len(again), replace=False)
    later = on[again] + pd.to_timedelta(rng.integers(60, 200, len(again)), "D")
    fits = later < last_day
    rows.append(_spell(heirs[fits], plates[again[fits]], later[fits], "번호변경"))
    rows[0].loc[heirs[fits], "to_day"] = later[fits]
    register = pd.concat(rows, ignore_index=True).sort_values(["vehicle", "from_day"], ignore_index=True)
    last = ~register["vehicle"].duplicated(keep="last")
    register["end"] = np.where(last & register["to_day"].notna(), "말소", "")
    return register


def _spell(vehicle, plates, on, why):
    return pd.DataFrame({"vehicle": vehicle, "plate": plates, "from_day": on, "to_day": pd.NaT, "why": why})


def _plates(n, rng):
    """Different plates of every generation, in the order drawn."""
    found = np.empty(0, object)
    while len(found) < n:
        drawn = _drawn_plates(n + n // 8 + 50, rng)
        found = pd.unique(pd.Series(np.concatenate([found, drawn]), dtype=object))
    return np.asarray(found[:n], object)


def _drawn_plates(n, rng):
    def pick(letters):
        return rng.choice(np.array(list(letters), object), n)

    kind = rng.choice(np.array(list(KINDS), object), n, p=list(KINDS.values()))
    two = np.where(rng.random(n) < 0.85, rng.integers(11, 70, n), rng.integers(70, 98, n)).astype(str)
    three = np.where(rng.random(n) < 0.9, rng.integers(100, 700, n), rng.integers(700, 980, n)).astype(str)
    region = rng.choice(np.array(["서울", "경기", "인천", "강원"], object), n)
    private, trade, hire = pick(PRIVATE), pick(COMMERCIAL), pick(RENTAL)
    serial = "0" + pd.Series(rng.integers(0, 1000, n)).astype(str).str.zfill(3).to_numpy(object)
    two, three = two.astype(object), three.astype(object)
    by_kind = {
        "2019": three + private,
        "2004": two + private,
        "business": region + two + trade,
        "rental": three + hire,
        "1973_region": region + two + private,
        "motorcycle": region + private,
    }
    head = np.select([kind == name for name in by_kind], list(by_kind.values()))
    return head + serial
