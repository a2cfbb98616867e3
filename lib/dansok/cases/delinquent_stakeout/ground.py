"""Where crews can stand: places that readers reach, public lots and cameras, with what they are called."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from dansok.cases.delinquent_map import presence
from dansok.cases.delinquent_map.presence import SLOTS
from dansok.korea import calendar
from dansok.models import stakeout
from dansok.space import area_of

CREWS = ("squad_car", "patrol_car")  # whose hour is a crew's hour, in this order
FIXED = ("fixed_camera", "lot")
NAMED_WITHIN_METRES = 400


@dataclass(frozen=True)
class Ground:
    """Places, and the looking of all readers there in hours of a crew.

    Attributes
    ----------
    places : pd.DataFrame, one row a place, numbered from 0
        `place_x`, `place_y`, `x`, `y` (metres, its middle), `area_name`, `place_name`, `can_wait` (a car was there, or a public
        lot is), `lot`, `camera` (bool: one stands there), `read` (bool: a fixed reader reads there).
    effort : dict of str -> np.ndarray, shape (SLOTS, n_places)
        By month, hours of a crew that would read as much.
    read : dict of str -> np.ndarray, shape (SLOTS, n_places)
        By month, plates read, whosever.
    fixed_hour : float
        What an hour of a gate or camera is in hours of a crew; missing where none read.
    side : int
        Of a place in metres.
    logged : float
        Hours of the squads that the log of their cars holds, over those on duty: a crew's hour is one on duty. 1 where no log
        sheets tell.
    """

    places: pd.DataFrame
    effort: dict
    read: dict
    fixed_hour: float
    side: int
    logged: float

    def effort_of(self, months):
        """Effort of some months together."""
        return self._together(self.effort, months)

    def looks_of(self, months, mean_hours):
        """Looks of some months together: shares met on each day, summed over the days; shape (SLOTS, n_places).

        A vehicle that a reader sees again and again on one day is one visit, so that a day's effort saturates as a crew's hours do
        (`stakeout.share_met`). Effort is taken to be even over the days of a month that are of the slot's type.
        """
        by_month = {}
        for month in set(months) & set(self.effort):
            days = _days_of(month)[:, None]
            by_month[month] = days * stakeout.share_met(self.effort[month] / days, mean_hours)
        return self._together(by_month, months)

    def read_of(self, months):
        """Plates read in some months together."""
        return self._together(self.read, months)

    def _together(self, by_month, months):
        nothing = np.zeros((SLOTS, len(self.places)))
        return sum((by_month[month] for month in months if month in by_month), nothing)

    def number_of(self, x, y):
        """Number of the place at each position (metres); -1 where there is none."""
        keys = pd.MultiIndex.from_arrays([np.asarray(axis, float) // self.side for axis in (x, y)])
        return pd.MultiIndex.from_frame(self.places[["place_x", "place_y"]].astype(float)).get_indexer(keys)

    def roster(self, blocks, limits, kmh):
        """The blocks and every place that a crew can come to: none beyond the city, where it has its boundaries."""
        sites = self.places.rename(columns={"area_name": "district"})
        inside = sites["district"].notna()
        sites = sites[inside] if inside.any() else sites
        return stakeout.Roster(blocks, sites, stakeout.travel_between(sites, kmh), limits=limits)


def _days_of(month):
    """Days of a month, by slot."""
    period = pd.Period(month, "M")
    working = int(calendar.days(period.start_time, period.end_time)["is_working_day"].sum())
    return np.repeat([working, period.days_in_month - working], SLOTS // 2)


def ground_of(inputs, before=None):
    """`Ground` of a city; `inputs` as `inputs.load` returns.

    With `before` (a month) it is the ground as known when that month began: where readers had been, and what their hours were worth.
    Effort and reads are of all months.
    """
    readers, side = presence.readers_of(inputs.watched, before), inputs.place_metres
    fixtures = inputs.fixtures.assign(
        **{f"place_{axis}": (inputs.fixtures[axis] // side).astype("int64") for axis in "xy"}
    )
    at = ["place_x", "place_y"]
    places = pd.concat([readers.places[at], fixtures[at]]).drop_duplicates(ignore_index=True)
    middle = {axis: (places[f"place_{axis}"] + 0.5) * side for axis in "xy"}
    places = places.assign(**middle, area_name=area_of(middle["x"], middle["y"], inputs.areas))
    here = pd.MultiIndex.from_frame(places[at])
    watched = inputs.watched[inputs.watched["month"] < before] if before else inputs.watched

    def among(rows):
        return here.isin(pd.MultiIndex.from_frame(rows[at]))

    places = places.assign(
        lot=among(fixtures[fixtures["kind"] == "lot"]),
        camera=among(fixtures[fixtures["kind"] == "camera"]),
        read=among(watched[watched["looker"].isin(FIXED) & (watched["read"] > 0)]),
    )
    places["can_wait"] = places["lot"] | among(watched[watched["looker"].isin(CREWS) & (watched["hours"] > 0)])
    places["place_name"] = _names(places, fixtures, inputs.names)
    logged = _logged_share(inputs.watched, inputs.duty_hours)
    crew_hour, more = _crew_hour(readers.weights) * logged, len(places) - len(readers.places)
    effort = {month: np.pad(hours, ((0, 0), (0, more))) / crew_hour for month, hours in readers.effort.items()}
    fixed = readers.weights[readers.weights.index.isin(FIXED)]
    return Ground(
        places, effort, _read(inputs.watched, here), fixed.max() / crew_hour if len(fixed) else np.nan, side, logged
    )


def _read(watched, places):
    """Plates read by month: dict of np.ndarray, shape (SLOTS, n_places)."""
    rows = watched.assign(
        slot=presence.slot_of(watched),
        place=places.get_indexer(pd.MultiIndex.from_frame(watched[["place_x", "place_y"]])),
    )
    found = {}
    for month, own in rows[(rows["place"] >= 0) & (rows["read"] > 0)].groupby("month"):
        found[month] = np.zeros((SLOTS, len(places)))
        np.add.at(found[month], (own["slot"], own["place"]), own["read"])
    return found


def _logged_share(watched, duty_hours):
    logged = watched.loc[watched["looker"] == "squad_car", "hours"].sum()
    return float(logged / duty_hours) if logged > 0 and duty_hours > 0 else 1.0


def _crew_hour(weights):
    """Weight of a crew's hour: that of a car that reads, or of the keenest reader where no car does."""
    return next((weights[name] for name in CREWS if weights.get(name, 0) > 0), weights.max() if len(weights) else 1.0)


def _names(places, fixtures, names):
    """Of each place: its lot, its camera, the name that most records give, or what is near."""
    at = ["place_x", "place_y"]
    first = fixtures.sort_values("kind", ascending=False, kind="stable").dropna(subset=["name"]).drop_duplicates(at)
    own = names | {(row.place_x, row.place_y): row.name for row in first.itertuples(index=False)}
    keys = list(places[at].itertuples(index=False, name=None))
    named = np.array([key in own for key in keys])
    if not named.any():
        return [None] * len(places)
    middles = places[["x", "y"]].to_numpy()
    away, nearest = cKDTree(middles[named]).query(middles)
    known = np.flatnonzero(named)
    return [
        _short(own[key], area) if key in own else f"{_short(own[keys[known[one]]], area)} 부근" if far <= NAMED_WITHIN_METRES else None
        for key, area, far, one in zip(keys, places["area_name"], away, nearest, strict=True)
    ]  # fmt: skip


def _short(name, area):
    return name.removeprefix(f"{area} ") if area else name


def seen_at(looks, ground, months):
    """Looks at vehicles of some months as `whereabouts.fit` and `stakeout.replay` want them, where somebody's effort is known.

    Returns
    -------
    pd.DataFrame, one row a vehicle, slot, place and day
        `vehicle`, `slot`, `place`, `day`.
    """
    own = looks[looks["month"].isin(months)]
    place = pd.MultiIndex.from_frame(ground.places[["place_x", "place_y"]]).get_indexer(
        pd.MultiIndex.from_frame(own[["place_x", "place_y"]])
    )
    rows = pd.DataFrame({"vehicle": own["vehicle"], "slot": presence.slot_of(own), "place": place, "day": own["on"]})
    rows = rows[rows["place"] >= 0].drop_duplicates(ignore_index=True)
    return rows[ground.effort_of(months)[rows["slot"], rows["place"]] > 0].reset_index(drop=True)


def squad_hours(watched, ground, months):
    """Hours on duty of the squads by `slot` and `place`."""
    own = watched[(watched["looker"] == "squad_car") & watched["month"].isin(months) & (watched["hours"] > 0)]
    x, y = ((own[f"place_{axis}"] + 0.5) * ground.side for axis in "xy")
    rows = own.assign(slot=presence.slot_of(own), place=ground.number_of(x, y))
    rows = rows[rows["place"] >= 0].groupby(["slot", "place"], as_index=False)["hours"].sum()
    return rows.assign(hours=rows["hours"] / ground.logged)
