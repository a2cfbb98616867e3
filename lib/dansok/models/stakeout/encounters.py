"""How likely each vehicle is at each place in each slot."""

import math
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy import sparse

from dansok.models.stakeout.roster import has_columns

SURE = 1 - 1e-9  # no meeting is more certain: a vehicle's chance to be missed can then be divided out again


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
            has_columns(name, table, (*key, number))
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
        Share of its time that a vehicle stands where a crew can see it; above 1 for one that comes more than once in
        the time that a look takes. No chance is above 1.

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
    for name, table in (("own", own), ("rest", rest)):
        if not table["vehicle"].isin(activity.index).all():
            raise ValueError(f"{(~table['vehicle'].isin(activity.index)).sum()} rows of {name} have no activity")
    slot, place = np.indices(background.shape)
    return Encounters(
        own=own[["vehicle", "slot", "place"]].assign(
            probability=np.minimum(own["probability"].to_numpy() * activity.reindex(own["vehicle"]).to_numpy(), 1)
        ),
        rest=rest[["vehicle", "slot"]].assign(
            probability=np.minimum(rest["background"].to_numpy() * activity.reindex(rest["vehicle"]).to_numpy(), 1)
        ),
        shared=pd.DataFrame({"slot": slot.ravel(), "place": place.ravel(), "share": background.ravel()}),
    )


class Chances:
    """Encounters of eligible vehicles as arrays: by slot a sparse matrix (places x vehicles), and the shared part."""

    def __init__(self, encounters, vehicles, places):
        eligible = eligible_values(vehicles)
        self.vehicles, self.value, self.places = eligible.index, eligible.to_numpy(float), places
        self.own, self.rest, self.shared = {}, {}, {}
        own, shape = encounters.own, (len(places), len(eligible))
        vehicle, place = self.vehicles.get_indexer(own["vehicle"]), places.get_indexer(own["place"])
        for slot, rows in rows_by(own["slot"], (vehicle >= 0) & (place >= 0)):
            cells = (own["probability"].to_numpy(float)[rows], (place[rows], vehicle[rows]))
            self.own[slot] = sparse.csr_array(cells, shape=shape)
        if encounters.rest is None:
            return
        rest, shared = encounters.rest, encounters.shared
        vehicle, place = self.vehicles.get_indexer(rest["vehicle"]), places.get_indexer(shared["place"])
        for slot, rows in rows_by(rest["slot"], vehicle >= 0):
            self.rest[slot] = _filled(shape[1], vehicle[rows], rest["probability"].to_numpy(float)[rows])
        for slot, rows in rows_by(shared["slot"], place >= 0):
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


def eligible_values(vehicles):
    """Value of each vehicle that may be acted upon."""
    has_columns("vehicles", vehicles, ("value", "eligible"))
    if not vehicles.index.is_unique or vehicles["eligible"].isna().any():
        raise ValueError("vehicles has a label twice, or does not say whether a vehicle is eligible")
    value = vehicles.loc[vehicles["eligible"].astype(bool), "value"].astype(float)
    if not ((value >= 0) & (value < math.inf)).all():
        raise ValueError(f"value of an eligible vehicle is missing or below zero: {value[~(value >= 0)].iloc[0]}")
    return value


def refuse_strangers(roster, encounters):
    """Refuse labels that have nothing in common: they would pass for a city without encounters."""
    for name, known in (("slot", roster.blocks["slot"]), ("place", roster.places.index)):
        tables = [table for table in (encounters.own, encounters.shared) if table is not None and len(table)]
        if tables and not any(table[name].isin(known).any() for table in tables):
            raise ValueError(f"no {name} of the encounters is in the roster, such as {tables[0][name].iloc[0]!r}")


def rows_by(labels, kept):
    """Label and row numbers of each group, of the rows kept."""
    codes, names = pd.factorize(labels)
    for code, name in enumerate(names):
        yield name, np.flatnonzero((codes == code) & kept)


def _filled(length, positions, values):
    row = np.zeros(length)
    row[positions] = values
    return row


def places_of(plans, encounters):
    """Every place that plans or encounters name."""
    planned = [place for plan in plans for places in plan["places"] for place in places]
    shared = [] if encounters.shared is None else encounters.shared["place"].unique()
    return pd.Index([*encounters.own["place"].unique(), *shared, *planned]).unique()
