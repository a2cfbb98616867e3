"""Where each vehicle stands, and where it will be seen, from visits that readers of known effort made.

Two questions that must not be mixed:

- *Where will it be?* The presence of the vehicle, whoever looks: visits divided by the effort behind them. This is what
  `fit` returns, and what a place to wait at is chosen by.
- *Where will it be seen by certain readers?* Presence times their effort: `Whereabouts.seen_by`. This is what held-back
  visits can be compared with, and all that a list of the most frequent places answers.

Slots are numbered `day type * PARTS + part of the day`, places by their row in the table of places.
"""

import itertools
import math
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from scipy import optimize, sparse, stats
from scipy.spatial import cKDTree
from statsmodels.stats.proportion import proportion_confint

PART_STARTS = (0, 6, 9, 12, 14, 17, 20)  # hours at which the parts of a day begin
PARTS = len(PART_STARTS)
CLASSES = {"0": 0, "1-2": 1, "3-9": 3, "10+": 10}  # reliability class and the visits from which it holds
NEIGHBOURS = 24  # places that the kernel of one point reaches, at most
HOME_SHARES = np.linspace(0, 0.95, 39)  # of time spent at home, that are tried
HOME_PRIOR = 10.0  # visits of all slots together that count in each, where few were made in it
ROWS_AT_ONCE = 20_000  # vehicle-slots computed together: bounds memory whatever the number of vehicles


@dataclass(frozen=True)
class Settings:
    """What the model cannot see in one vehicle's visits; `choose_settings` finds it in held-back ones."""

    near_weight: float = 1.0  # visits that the neighbourhood of a vehicle's own points is worth (kappa 1)
    shared_weight: float = 2.0  # visits that the map of all vehicles is worth (kappa 2)
    shared_by_slot: float = 1.0  # share of each slot's own map in it; the rest is one map for all slots
    slot_reach: float = 1.0  # parts of the day over which the likeness of slots falls to 1/e
    other_day: float = 0.35  # likeness of the same part on the other type of day
    reach_metres: float = 200.0  # over which the neighbourhood of a point falls to 1/e
    effort_floor: float = 0.05  # of the mean effort, added to every effort: bounds the weight of one visit
    half_life_days: float = math.inf  # age at which a visit counts half
    discount: float = 0.0  # of a visit, taken off each place of a vehicle: where it was once it may have been by chance

    def __post_init__(self):
        above = ("shared_weight", "slot_reach", "reach_metres", "effort_floor", "half_life_days")
        wrong = {name: value for name, value in vars(self).items() if not value >= 0 or (name in above and value == 0)}
        shares = ("shared_by_slot", "other_day", "discount")
        wrong |= {name: value for name in shares if not (value := getattr(self, name)) <= 1}
        if wrong:
            raise ValueError(f"impossible settings: {wrong}")


@dataclass(frozen=True)
class Homes:
    """In which area each vehicle is registered, and how much of its time it is there.

    Attributes
    ----------
    places, vehicles : np.ndarray of int, shapes (n_places,) and (n_vehicles,)
        Area of each; -1 where none is known.
    share : np.ndarray, shape (n_slots,)
        Of the time of a vehicle, spent at home; the rest it is anywhere, as all vehicles are.
    maps : sparse.csr_array, shape (n_areas * n_slots, n_places)
        Where in its area a vehicle is then; rows sum to 1, or 0 where the area has no place.
    inside, outside : np.ndarray, shape (n_slots, n_places)
        What a visit weighs at a place of the vehicle's own area, and of another.
    """

    places: np.ndarray
    vehicles: np.ndarray
    share: np.ndarray
    maps: sparse.csr_array
    inside: np.ndarray
    outside: np.ndarray


@dataclass(frozen=True)
class Whereabouts:
    """Chances of places for every vehicle and slot, never held as one array.

    For each vehicle and slot a few places of its own stand above a background that all vehicles share:
    `probability = own part + background share * background`. Made by `fit`; answers for presence, until `seen_by`.
    """

    vehicles: pd.Index = field(repr=False)
    visits: np.ndarray = field(repr=False)  # shape (n_vehicles,), visits behind each
    counts: sparse.csr_array = field(repr=False)  # shape (n_vehicles * n_slots, n_places), visits as they count
    per_effort: np.ndarray = field(repr=False)  # shape (n_slots, n_places), what a visit weighs; 1 on average
    likeness: np.ndarray = field(repr=False)  # shape (n_slots, n_slots)
    kernel: sparse.csr_array = field(repr=False)  # shape (n_places, n_places), rows sum to 1
    shared: np.ndarray = field(repr=False)  # shape (n_slots, n_places), rows sum to 1
    settings: Settings
    readers: np.ndarray = field(repr=False)  # shape (n_slots, n_places), 1 everywhere for presence
    homes: Homes | None = field(default=None, repr=False)

    def seen_by(self, effort):
        """The same vehicles, asked where readers with this effort will see them.

        Parameters
        ----------
        effort : array-like, shape (n_slots, n_places)
            Proportional to the chance that a vehicle that stands there is read; 0 or missing where nobody reads. Those
            of the present readers, or of a plan.

        Returns
        -------
        Whereabouts
            Its chances are of the place of a sighting, given that there is one; missing in a slot in which nobody reads
            anywhere.
        """
        effort = _effort(effort, self.shared.shape[1])
        if effort.shape != self.shared.shape:
            raise ValueError(f"effort has shape {effort.shape}, the model {self.shared.shape}")
        return replace(self, readers=effort)

    def probability(self, vehicles, slots, places):
        """Chance of each place, given the vehicle and the slot.

        Parameters
        ----------
        vehicles, slots, places : array-like, shape (n,)
            Labels of vehicles that were given to `fit`, slot and place numbers.

        Returns
        -------
        pd.DataFrame, shape (n, 3)
            `probability`; `rank`, the number of places that are more likely (those just as likely count half, so the
            likeliest place has rank 0); `first`, the chance of the likeliest place of that vehicle and slot.
        """
        n_slots, n_places = self.shared.shape
        slots, places = _within("slots", slots, n_slots), _within("places", places, n_places)
        pair_of = self._codes(vehicles) * n_slots + slots
        background = self._background()
        in_order = np.sort(background, axis=1)
        found = np.zeros((len(places), 3))
        in_pairs = np.argsort(pair_of, kind="stable")
        for some in np.split(in_pairs, range(ROWS_AT_ONCE, len(in_pairs), ROWS_AT_ONCE)):
            pairs, row = np.unique(pair_of[some], return_inverse=True)
            ((_, slot, own, total),) = self._blocks(*np.divmod(pairs, n_slots))
            value = own[row, places[some]] + background[slot[row], places[some]]
            rank, first = _standing(own, background, in_order, slot, row, value)
            found[some] = np.column_stack([value / total[row], rank, first[row] / total[row]])
        return pd.DataFrame(found, columns=["probability", "rank", "first"])

    def top(self, k, vehicles=None, slots=None):
        """The k likeliest places of each vehicle in each slot.

        Parameters
        ----------
        k : int
        vehicles, slots : array-like, optional
            Labels and slot numbers; every pair of them is answered. All, if not given.

        Returns
        -------
        pd.DataFrame, one row a vehicle, slot and place
            `vehicle`, `slot`, `rank` (from 1), `place`, `probability`. A vehicle that was never seen gets the places of
            the shared map: how far to trust them is for `reliability` to say.
        """
        n_places = self.shared.shape[1]
        if not 1 <= k <= n_places:
            raise ValueError(f"k must lie between 1 and the {n_places} places, got {k}")
        background = self._background()
        busiest = np.argsort(-background, axis=1, kind="stable")[:, :k]
        parts = []
        for vehicle, slot, own, total in self._blocks(*self._pairs(vehicles, slots)):
            # The k busiest places of the map stand at least at its k-th value: nothing below that is among the first k.
            row = np.repeat(np.arange(len(vehicle)), k)
            place = busiest[slot].ravel()
            value = own[row, place] + background[slot[row], place]
            coo = own.tocoo()
            full = coo.data + background[slot[coo.row], coo.col]
            high = full > background[slot, busiest[slot, -1]][coo.row]
            table = pd.DataFrame(
                {
                    "row": np.append(row, coo.row[high]),
                    "place": np.append(place, coo.col[high]),
                    "value": np.append(value, full[high]),
                }
            ).drop_duplicates(["row", "place"])
            table = table.sort_values(["row", "value", "place"], ascending=[True, False, True])
            rank = table.groupby("row").cumcount().to_numpy() + 1
            first = rank <= k
            row, place, value = (table[name].to_numpy()[first] for name in table)
            parts.append((vehicle[row], slot[row], rank[first], place, value / total[row]))
        return self._table(parts, ("vehicle", "slot", "rank", "place", "probability"))

    def table(self, minimum=0.001, vehicles=None, slots=None):
        """The chances as a sparse table, and what it leaves out.

        Parameters
        ----------
        minimum : float
            Own chances below it are left out; 0 leaves out nothing.
        vehicles, slots : as for `top`

        Returns
        -------
        own : pd.DataFrame, one row a vehicle, slot and place
            `vehicle`, `slot`, `place`, `probability`: the part that stands above the background.
        rest : pd.DataFrame, one row a vehicle and slot
            `vehicle`, `slot`, `background` (share that is spread as `background()` says), `left_out` (sum of the own
            chances below `minimum`). Own chances, `background` and `left_out` sum to 1.

        Notes
        -----
        The chance of a place is `probability` (0 where there is no row) plus `background * background()[slot, place]`,
        and short by at most `left_out`. The background is not written out for each vehicle: of 6,000 vehicles, 14 slots
        and 3,000 places that would be 252 million rows.
        """
        if not 0 <= minimum < 1:
            raise ValueError(f"minimum must lie in [0, 1), got {minimum}")
        own_parts, rest_parts = [], []
        level = self._background().sum(axis=1)
        for vehicle, slot, own, total in self._blocks(*self._pairs(vehicles, slots)):
            own = own.tocoo()
            chance = own.data / total[own.row]
            kept = (chance >= minimum) & (chance > 0)
            left_out = np.bincount(own.row[~kept], chance[~kept], len(vehicle))
            own_parts.append((vehicle[own.row[kept]], slot[own.row[kept]], own.col[kept], chance[kept]))
            rest_parts.append((vehicle, slot, level[slot] / total, left_out))
        own = self._table(own_parts, ("vehicle", "slot", "place", "probability"))
        return own, self._table(rest_parts, ("vehicle", "slot", "background", "left_out"))

    def background(self):
        """The map that all vehicles share: np.ndarray, shape (n_slots, n_places), each row sums to 1."""
        background = self._background()
        total = background.sum(axis=1, keepdims=True)
        return background / np.where(total > 0, total, np.nan)

    def effort_met(self, effort):
        """Effort that each vehicle meets if it stands out all the time: np.ndarray, shape (n_vehicles,).

        Summed over slots: the effort at each place, weighted by the chance that the vehicle stands there. In the unit
        of `effort`.
        """
        effort = _effort(effort, self.shared.shape[1])
        background = (self._background() * effort).sum(axis=1)
        met = np.zeros(len(self.vehicles))
        for vehicle, slot, own, total in self._blocks(*self._pairs(None, None)):
            np.add.at(met, vehicle, (_times(own, effort, slot).sum(axis=1) + background[slot]) / total)
        return met

    def _background(self):
        return self.settings.shared_weight * self.shared * self.readers

    def _pairs(self, vehicles, slots):
        n_slots = len(self.likeness)
        chosen = np.arange(len(self.vehicles)) if vehicles is None else self._codes(vehicles)
        hours = np.arange(n_slots) if slots is None else _within("slots", slots, n_slots)
        return np.repeat(chosen, len(hours)), np.tile(hours, len(chosen))

    def _codes(self, vehicles):
        codes = self.vehicles.get_indexer(pd.Index(vehicles))
        if (codes < 0).any():
            raise ValueError(f"{(codes < 0).sum()} of {len(codes)} vehicles were not given to fit")
        return codes

    def _blocks(self, vehicle, slot):
        """Vehicle-slots a block at a time: codes, slots, own part (csr, not yet divided) and what to divide by."""
        background = self._background().sum(axis=1)
        for start in range(0, max(len(vehicle), 1), ROWS_AT_ONCE):
            some = slice(start, start + ROWS_AT_ONCE)
            visited, near, home = self._own_parts(vehicle[some], slot[some])
            own = visited + self.settings.near_weight * near + self.settings.shared_weight * home
            own = _times(own, self.readers, slot[some])
            total = own.sum(axis=1) + background[slot[some]]
            yield vehicle[some], slot[some], own, np.where(total > 0, total, np.nan)

    def _own_parts(self, vehicle, slot):
        """Visits of like slots per effort, the neighbourhood of their places, and the home area; in units of the shared map.

        Without homes the neighbourhood sums to 1 and the home area to 0.
        """
        n_slots = len(self.likeness)
        columns = vehicle[:, None] * n_slots + np.arange(n_slots)
        pointers = np.arange(0, columns.size + 1, n_slots)
        carry = sparse.csr_array(
            (self.likeness[slot].ravel(), columns.ravel(), pointers), (len(vehicle), self.counts.shape[0])
        )
        counts = (carry @ self.counts).tocsr()
        visited = self._weighed(counts, vehicle, slot)
        total = visited.sum(axis=1)
        shares = sparse.diags_array(np.divide(1, total, out=np.zeros(len(total)), where=total > 0)) @ visited
        near = (shares @ self.kernel).tocsr()
        if self.homes is None:
            return visited, near, sparse.csr_array(visited.shape)
        area, share = self.homes.vehicles[vehicle], self.homes.share[slot]
        home = self.homes.maps[np.maximum(area, 0) * n_slots + slot]
        at_home = np.where(area >= 0, share / (1 - share), 0.0)
        up = sparse.diags_array(1 + at_home)  # as much more as the home area adds to what all share
        return (up @ visited).tocsr(), (up @ near).tocsr(), (sparse.diags_array(at_home) @ home).tocsr()

    def _weighed(self, counts, vehicle, slot):
        """Visits times what each weighs: also by whether it was made in the vehicle's own area, where that is known."""
        if self.homes is None:
            return _times(counts, self.per_effort, slot)
        coo = counts.tocoo()
        own = self.homes.vehicles[vehicle][coo.row]
        inside = own == self.homes.places[coo.col]
        at = slot[coo.row], coo.col
        weight = np.where(inside, self.homes.inside[at], self.homes.outside[at])
        data = coo.data * np.where(own >= 0, weight, self.per_effort[at])
        return sparse.csr_array((data, (coo.row, coo.col)), counts.shape)

    def _table(self, parts, names):
        columns = [np.concatenate(column) for column in zip(*parts, strict=True)] or [[] for _ in names]
        table = pd.DataFrame(dict(zip(names, columns, strict=True)))
        return table.assign(vehicle=self.vehicles.take(table["vehicle"].astype(int)))


def slot_of(moments, rest_day):
    """Number of the slot in which each moment lies.

    Parameters
    ----------
    moments : pd.Series of datetime64
        Local time.
    rest_day : pd.Series of bool, same index
        The day is a Saturday, Sunday or holiday.

    Returns
    -------
    pd.Series of int
        0-6 are the parts of a working day that begin at the hours `PART_STARTS`, 7-13 those of a rest day.

    Examples
    --------
    >>> slot_of(pd.Series(pd.to_datetime(["2024-05-02 08:59", "2024-05-05 20:00"])), pd.Series([False, True])).tolist()
    [1, 13]
    """
    if moments.isna().any():
        raise ValueError(f"{moments.isna().sum()} moments are missing")
    part = np.searchsorted(PART_STARTS, moments.dt.hour, side="right") - 1
    return pd.Series(part, moments.index) + PARTS * rest_day.astype(bool)


def fit(visits, effort, places, settings, vehicles=None, everyone=None, homes=None):
    """Where each vehicle is, corrected for where it was looked for.

    Parameters
    ----------
    visits : pd.DataFrame, one row a visit
        `vehicle` (any label), `slot`, `place` (numbers), `day` (whole number or date). One parked vehicle that is read
        many times is one visit (a gap over 2 hours or a move over 150 m opens the next).
    effort : array-like, shape (n_slots, n_places)
        Over the days of the visits, proportional to the chance that a vehicle standing there is read: hours watched by
        cameras, passes of a patrol car. 0 or missing where nobody reads: what happens there is unknown, not nothing.
        n_slots is a multiple of `PARTS`.
    places : array-like, shape (n_places, 2)
        x and y in metres.
    settings : Settings
    vehicles : array-like, optional
        All vehicles asked for, seen or not. Those with visits, if not given.
    everyone : array-like, shape (n_slots, n_places), optional
        Plates read there, whosever, with the same effort. It shows when a place is full: a vehicle that was seen in a street of
        shops by day is then not awaited there at night.
    homes : (array-like, pd.Series), optional
        Area of each place, shape (n_places,), and that in which each vehicle is registered, indexed by vehicle; any labels, missing
        where not known. At night a vehicle that was seldom seen is awaited in its own area first.

    Returns
    -------
    Whereabouts
        Of presence: where each vehicle will be, whoever looks.

    Raises
    ------
    ValueError
        If numbers lie outside the slots or places, a visit has no effort behind it or is of a vehicle not listed, or
        there is no visit at all.

    Notes
    -----
    Hierarchical Dirichlet-multinomial: in slot h the chance of place p is proportional to

        n(h, p) / (effort(h, p) + floor) + near_weight * kernel(p) + shared_weight * shared(h, p)

    with n the vehicle's visits and `effort` both carried over from like slots by `slot_likeness` (a quotient of sums: a
    sum of quotients would rest on the slots with the least effort), n less `discount` at each place, over all slots (Pitman and
    Yor 1997, Annals of Probability 25), and halved every `half_life_days`, the quotient scaled so that a mean visit weighs 1
    before the discount; `kernel` an exponential neighbourhood of its own points; `shared` the map of
    all vehicles, visits per effort shrunk towards the neighbourhood (gamma-Poisson; Clayton and Kaldor 1987, Biometrics
    43), so that a place where nobody reads has the level of the places around it. Dividing by the chance of being read:
    Horvitz and Thompson (1952), JASA 47.

    With `everyone`, m(h, p) is the map of all plates, made likewise, and the first term is m(h, p) * n / (effort * m + floor), with n
    and effort * m carried over from like slots: the vehicle's share of all that could be read at the place, times all that stand
    there in slot h. `shared` is then m times what the vehicles asked for are of all, by place.

    With `homes`, `shared` of a vehicle of area A is a mixture: for a share of the time, found by slot as that under which the visits
    are likeliest (given the effort), it is somewhere in A, in proportion to `shared` there; else anywhere. The first term has the
    same mixture as m, so that a visit in A by day says more about the night than one elsewhere.

    Examples
    --------
    >>> visits = pd.DataFrame({"vehicle": ["A", "A", "B"], "slot": [0, 0, 1], "place": [0, 1, 2], "day": [1, 2, 2]})
    >>> effort = np.ones((7, 3))
    >>> effort[0, 0] = 4  # A was seen once at each of two places, but the first was looked at four times as much
    >>> model = fit(visits, effort, [[0, 0], [500, 0], [9000, 0]], Settings(effort_floor=0.01))
    >>> model.top(2, ["A"], [0])[["place", "probability"]].round(2).values.tolist()
    [[1.0, 0.55], [0.0, 0.3]]
    >>> model.seen_by(effort).probability(["A", "A"], [0, 0], [0, 1])["probability"].round(2).tolist()
    [0.63, 0.29]
    """
    places = _places(places)
    effort = _effort(effort, len(places))
    visits, vehicles = _visits(visits, effort, vehicles)
    likeness = slot_likeness(len(effort), settings.slot_reach, settings.other_day)
    kernel = _kernel(places, settings.reach_metres)
    counts = _counts(visits, effort.shape)
    if everyone is None:
        usual, shared = np.ones_like(effort), _shared(counts, effort, kernel, settings.shared_by_slot)
    else:
        usual = _shared(_everyone(everyone, effort), effort, kernel, 1.0)
        shared = _among(counts, effort, usual)
    floor = settings.effort_floor
    row = visits["vehicle"] * len(effort) + visits["slot"]
    there = visits.groupby(["vehicle", "place"])["slot"].transform("size")
    recency = 0.5 ** ((visits["day"].max() - visits["day"]) / settings.half_life_days)
    shape = (len(vehicles) * len(effort), len(places))
    return Whereabouts(
        vehicles=vehicles,
        visits=np.bincount(visits["vehicle"], minlength=len(vehicles)),
        counts=sparse.csr_array((recency * (1 - settings.discount / there), (row, visits["place"])), shape),
        per_effort=_per_effort(visits, effort, usual, likeness, floor),
        likeness=likeness,
        kernel=kernel,
        shared=shared,
        settings=settings,
        readers=np.ones_like(effort),
        homes=None if homes is None else _homes(homes, vehicles, visits, effort, shared, usual, likeness, floor),
    )


def slot_likeness(n_slots, reach, other_day):
    """How much a visit in one slot says about another: np.ndarray, shape (n_slots, n_slots), 1 on the diagonal.

    exp(-parts apart / reach), parts counted round the clock, times `other_day` if the type of day differs.

    Examples
    --------
    >>> slot_likeness(14, 1.0, 0.5)[0, [0, 1, 6, 7]].round(3).tolist()
    [1.0, 0.368, 0.368, 0.5]
    """
    if n_slots % PARTS:
        raise ValueError(f"the number of slots must be a multiple of {PARTS}, got {n_slots}")
    kind, part = np.divmod(np.arange(n_slots), PARTS)
    apart = np.abs(part[:, None] - part)
    apart = np.minimum(apart, PARTS - apart)
    return np.exp(-apart / reach) * np.where(kind[:, None] == kind, 1, other_day)


def choose_settings(visits, effort, places, held_back, everyone=None, homes=None):
    """Settings under which the visits left out are least surprising.

    Parameters
    ----------
    visits, effort, places, everyone, homes : as for `fit`
    held_back : pd.Series of bool, same index as `visits`
        Visits to predict from the others; the last days, so that recency is judged as it will be used.

    Returns
    -------
    Settings

    Notes
    -----
    Maximises the likelihood of the place of each held-back visit given vehicle, slot and that it was seen: of presence
    times effort, so that the correction for effort is judged too. The two weights by Nelder-Mead, the others one at a
    time over a short list, twice.
    """
    if not held_back.index.equals(visits.index):
        raise ValueError("held_back and visits have different indexes")
    if held_back.all() or not held_back.any():
        raise ValueError(f"{held_back.sum()} of {len(held_back)} visits are held back")
    places = _places(places)
    effort = _effort(effort, len(places))
    _visits(visits, effort, None)  # refuses held-back visits too that lie where nobody reads
    spacing = _spacing(places)
    steps = {
        "shared_by_slot": (0.0, 0.5, 1.0),
        "slot_reach": (0.5, 1.0, 2.0, 4.0, math.inf),
        "other_day": (0.1, 0.35, 0.7, 1.0),
        "reach_metres": tuple(spacing * factor for factor in (0.5, 1.0, 2.0, 4.0)),
        "effort_floor": (0.03, 0.1, 0.3, 1.0, 3.0),
        "half_life_days": (14.0, 30.0, 90.0, 180.0, math.inf),
        "discount": (0.0, 0.25, 0.5, 0.75),
    }
    if everyone is not None:  # their map has its own hours
        del steps["shared_by_slot"]
    if pd.Series(visits["day"]).nunique() < 14:  # nothing to learn about age from less than two weeks
        steps["half_life_days"] = (math.inf,)
    judged = {}

    def judge(settings):
        key = tuple(getattr(settings, name) for name in steps)
        if key not in judged:
            judged[key] = _best_weights(settings, visits, effort, places, held_back, everyone, homes)
        return judged[key]

    loss, best = judge(Settings(reach_metres=spacing))
    for name, values in itertools.chain(steps.items(), steps.items()):
        for value in values:
            loss, best = min((loss, best), judge(replace(best, **{name: value})), key=lambda found: found[0])
    return best


def reader_weights(looks, rounds=500):
    """How much one hour of each kind of reader sees, against the others: what makes their hours one effort.

    Parameters
    ----------
    looks : pd.DataFrame, one row a kind of reader, place and slot
        `reader`, `place`, `slot` (any labels), `reads` (plates read, whosever), `hours` (of looking; above 0).
    rounds : int
        Of the iteration, at most.

    Returns
    -------
    pd.Series, indexed by reader
        1 for the one with most hours. A reader that read nothing has 0.

    Notes
    -----
    Reads are Poisson with mean weight * hours * vehicles of that place and slot, whose maximum likelihood is found by scaling in
    turn (Deming and Stephan 1940, Annals of Mathematical Statistics 11). Places at which two kinds of reader looked compare them; a
    kind that met no other keeps its reads an hour.

    Examples
    --------
    >>> looks = pd.DataFrame({"reader": ["camera", "car", "camera", "car"], "place": [1, 1, 2, 2], "slot": 0,
    ...                       "reads": [20, 20, 4, 40], "hours": [10.0, 0.1, 10.0, 1.0]})
    >>> reader_weights(looks).round(2).tolist()
    [1.0, 100.0]
    """
    if not (looks["hours"] > 0).all() or not (looks["reads"] >= 0).all():
        raise ValueError("hours must be above 0 and reads not below")
    where = looks.groupby(["place", "slot"]).ngroup().to_numpy()
    reader, names = pd.factorize(looks["reader"], sort=True)
    reads, hours = looks["reads"].to_numpy(float), looks["hours"].to_numpy(float)
    total = np.bincount(reader, reads)
    weight = total / np.bincount(reader, hours)
    there = np.bincount(where, reads)
    for _round in range(rounds):
        met = np.bincount(where, weight[reader] * hours)
        vehicles = np.divide(there, met, out=np.zeros(len(met)), where=met > 0)
        expected = np.bincount(reader, hours * vehicles[where])
        scaled = np.divide(total, expected, out=np.zeros(len(total)), where=expected > 0)
        settled = np.allclose(scaled, weight, rtol=1e-6)
        weight = scaled
        if settled:
            break
    first = np.bincount(reader, hours).argmax()
    return pd.Series(weight / (weight[first] or 1.0), pd.Index(names, name="reader"))


def activity(model, effort, confidence=0.95):
    """How much of its time each vehicle stands where it can be read.

    Parameters
    ----------
    model : Whereabouts
        Of presence.
    effort : array-like, shape (n_slots, n_places)
        As given to `fit`. Where it is the expected number of visits recorded of a vehicle that stands there throughout,
        activity is a share of time; in any other unit it compares vehicles, no more.
    confidence : float

    Returns
    -------
    pd.DataFrame, indexed by vehicle
        `visits`, `effort_met`, `activity`, `low`, `high`.

    Notes
    -----
    Visits are Poisson with mean activity * effort met; activity is gamma over the vehicles, its two parameters by
    maximum likelihood of the negative binomial counts (empirical Bayes). A vehicle that was never seen has a low
    activity or was not met: its interval says how low. The interval takes the effort met for known; it rests on places
    where the vehicle was seen, which readers visit more than its others, so that effort met is somewhat too high and
    activity too low: trust the order of vehicles, and scale the level on a month held back.
    """
    met, visits = model.effort_met(effort), model.visits
    if not (met > 0).all():
        raise ValueError(f"{(met <= 0).sum()} vehicles meet no effort at all")

    def loss(parameters):
        shape, rate = np.exp(parameters)
        return -stats.nbinom.logpmf(visits, shape, rate / (rate + met)).sum()

    mean = max(visits.sum(), 1) / met.sum()
    fitted = optimize.minimize(loss, [0.0, -math.log(mean)], method="Nelder-Mead", options={"xatol": 1e-3})
    shape, rate = np.exp(np.clip(fitted.x, -20, 20))
    posterior = stats.gamma(shape + visits, scale=1 / (rate + met))
    low, high = posterior.interval(confidence)
    columns = {"visits": visits, "effort_met": met, "activity": posterior.mean(), "low": low, "high": high}
    return pd.DataFrame(columns, model.vehicles)


def foreseen(model, held_back):
    """What was said of held-back visits before, for `reliability`.

    Parameters
    ----------
    model : Whereabouts
        Made without the held-back days, and asked for what the visits are: `model.seen_by(effort of those days)`.
    held_back : pd.DataFrame, one row a visit
        `vehicle`, `slot`, `place`; of vehicles given to `fit`.

    Returns
    -------
    pd.DataFrame, one row a visit
        As `Whereabouts.probability`, with `vehicle` and `class` (see `visit_class`) by the visits that the model had seen.
    """
    rows = model.probability(*(held_back[name] for name in ("vehicle", "slot", "place")))
    rows["vehicle"] = held_back["vehicle"].to_numpy()
    return rows.assign(**{"class": visit_class(model.visits[model.vehicles.get_indexer(rows["vehicle"])])})


def reliability(rows, confidence=0.95):
    """How well the places of held-back visits were named, by the number of visits that the model had seen.

    Parameters
    ----------
    rows : pd.DataFrame, one row a visit
        As `foreseen` gives; of several models, one below the other, where each month was foreseen from those before.
    confidence : float

    Returns
    -------
    pd.DataFrame, indexed by class ("0", "1-2", "3-9", "10+", "all")
        `visits` (held back), `vehicles`, `recall_at_1`, `recall_at_3` (share whose place was among the first one or
        three), `low`, `high` (Wilson interval of `recall_at_3`), `log_loss` (mean -log chance given to the place,
        nats), `predicted` (mean chance given to the first place; `recall_at_1` if calibrated), `calibration_error`.
        Missing in a class without visits.

    Notes
    -----
    The interval takes visits for independent; those of one vehicle are not quite. The log-loss is infinite if a visit
    lies where the effort given says that nobody reads.
    """
    groups = {**{name: rows[rows["class"] == name] for name in CLASSES}, "all": rows}
    table = pd.DataFrame({name: _reliability_of(group, confidence) for name, group in groups.items()}).T
    return table.astype({"visits": int, "vehicles": int}).rename_axis("class")


def _reliability_of(rows, confidence):
    n, hits = len(rows), int((rows["rank"] < 3).sum())
    low, high = proportion_confint(hits, n, 1 - confidence, method="wilson") if n else (math.nan, math.nan)
    return {
        "visits": n,
        "vehicles": rows["vehicle"].nunique(),
        "recall_at_1": (rows["rank"] < 1).mean(),
        "recall_at_3": hits / n if n else math.nan,
        "low": low,
        "high": high,
        "log_loss": -np.log(rows["probability"]).mean(),
        "predicted": rows["first"].mean(),
        "calibration_error": calibration_error(rows["first"], rows["rank"] < 1),
    }


def visit_class(visits):
    """Reliability class of a number of visits.

    Examples
    --------
    >>> visit_class([0, 2, 3, 25]).tolist()
    ['0', '1-2', '3-9', '10+']
    """
    return np.array(list(CLASSES))[np.searchsorted(list(CLASSES.values()), visits, side="right") - 1]


def calibration_error(predicted, happened, bins=10):
    """Mean gap between predicted chance and share that happened, over equal slices of the predicted chance.

    Parameters
    ----------
    predicted : array-like of float in [0, 1], shape (n,)
    happened : array-like of bool, shape (n,)
    bins : int

    Returns
    -------
    float
        Missing if n is 0.

    Notes
    -----
    Expected calibration error (Naeini, Cooper and Hauskrecht 2015, AAAI 29): gaps weighted with the number of
    predictions in a slice. Above 0 by chance alone, the more so the fewer predictions.

    Examples
    --------
    >>> round(calibration_error([0.9, 0.9, 0.2, 0.2], [True, False, False, False]), 3)
    0.3
    """
    predicted, happened = np.asarray(predicted, float), np.asarray(happened, float)
    if not len(predicted):
        return math.nan
    if not ((predicted >= 0) & (predicted <= 1)).all():
        raise ValueError("predicted chances lie outside [0, 1]")
    slices = np.minimum((predicted * bins).astype(int), bins - 1)
    return float(np.abs(np.bincount(slices, happened - predicted, bins)).sum() / len(predicted))


def rivals(visits, n_slots, places, vehicles=None):
    """The simple answers that the model must beat; parameters as for `fit`.

    Returns
    -------
    dict of str to Whereabouts
        `own_frequency`: a vehicle's places by number of visits, whatever the slot and the effort. What it was never
        seen at shares a millionth of a visit, without which one surprise would make its log-loss infinite.
        `all_vehicles`: one map for all. `all_vehicles_by_slot`: one map a slot.
    """
    alone = Settings(near_weight=0, shared_weight=1e-6, shared_by_slot=0, slot_reach=math.inf, other_day=1)
    overrun = replace(alone, shared_weight=1e12)
    settings = {
        "own_frequency": alone,
        "all_vehicles": overrun,
        "all_vehicles_by_slot": replace(overrun, shared_by_slot=1),
    }
    everywhere = np.ones((n_slots, len(places)))
    return {name: fit(visits, everywhere, places, chosen, vehicles) for name, chosen in settings.items()}


def implausible_vehicles(reads):
    """Tokens that do not behave as one vehicle whose places are worth learning, with the reason.

    Parameters
    ----------
    reads : pd.DataFrame, one row a read
        `vehicle`, `reader`, `at` (local time to the second), `x`, `y` (metres; may be missing).

    Returns
    -------
    pd.DataFrame, indexed by vehicle, only those found
        `reads`, `readers`, `hours` (distinct hours of the day), `leaps` (moves that no vehicle makes), `passes`,
        `share_of_passes`, and `reason`, the first that holds:

        - `two_places_at_once`: at least 2 leaps, moves of over 500 m at over 160 km/h, each end 100 m off. A sign whose
          words are read as a plate, or a plate that is often misread.
        - `every_reader_round_the_clock`: read by at least three quarters of the readers, 4 or more, in 12 or more hours
          of the day. A sign, or the readers' own cars and others that drive all day.
        - `always_at_one_point`: read in at least 80% of 20 or more passes, where a pass is an hour in which a reader
          read anything within the same 100 m cell, in 12 or more hours of the day. A sign, a car of the station, or an
          abandoned one: to be looked at on the spot, not waited for.

    Notes
    -----
    The limits are conventions. One leap may be a single misread of an honest plate, so it takes two.

    Examples
    --------
    >>> at = pd.to_datetime(["2024-05-02 09:00", "2024-05-02 09:01", "2024-05-02 09:02", "2024-05-02 09:05"])
    >>> reads = pd.DataFrame({"vehicle": ["A", "A", "A", "B"], "reader": ["r", "s", "r", "r"], "at": at})
    >>> implausible_vehicles(reads.assign(x=[0.0, 9000.0, 0.0, 0.0], y=0.0))[["leaps", "reason"]].values.tolist()
    [[2, 'two_places_at_once']]
    """
    if reads[["vehicle", "reader", "at"]].isna().any(axis=None):
        raise ValueError("reads without vehicle, reader or time")
    reads = reads.assign(hour=reads["at"].dt.hour)
    found = reads.groupby("vehicle").agg(reads=("at", "size"), readers=("reader", "nunique"), hours=("hour", "nunique"))
    placed = reads.dropna(subset=["x", "y"])
    found["leaps"] = _leaps(placed).reindex(found.index, fill_value=0)
    found = found.join(_passes(placed))
    round_the_clock = found["hours"] >= 12
    reasons = {
        "two_places_at_once": found["leaps"] >= 2,
        "every_reader_round_the_clock": round_the_clock
        & (found["readers"] >= max(4, 0.75 * reads["reader"].nunique())),
        "always_at_one_point": round_the_clock & (found["passes"] >= 20) & (found["share_of_passes"] >= 0.8),
    }
    found["reason"] = np.select(list(reasons.values()), list(reasons), default="")
    return found[found["reason"] != ""].sort_values("reads", ascending=False, kind="stable")


def _leaps(reads):
    reads = reads.sort_values(["vehicle", "at"], kind="stable")
    trace = reads.groupby("vehicle")
    metres = np.hypot(trace["x"].diff(), trace["y"].diff())
    seconds = (trace["at"].diff() / pd.Timedelta(seconds=1)).clip(lower=1)
    leap = (metres > 500) & ((metres - 200) / seconds > 160 / 3.6)
    return leap.groupby(reads["vehicle"]).sum()


def _passes(reads):
    """Passes by the cell in which each vehicle was read in most of them, and its share."""
    cell = pd.DataFrame({"vehicle": reads["vehicle"], "reader": reads["reader"], "hour": reads["at"].dt.floor("h")})
    cell["column"], cell["row"] = reads["x"] // 100, reads["y"] // 100
    of_cell = cell.drop(columns="vehicle").drop_duplicates().groupby(["column", "row"]).size().rename("passes")
    own = cell.drop_duplicates().groupby(["vehicle", "column", "row"]).size().rename("own").reset_index()
    own = own.join(of_cell, on=["column", "row"])
    own = own.sort_values(["own", "passes"], ascending=[False, True], kind="stable").drop_duplicates("vehicle")
    own["share_of_passes"] = own["own"] / own["passes"]
    return own.set_index("vehicle")[["passes", "share_of_passes"]]


def _best_weights(settings, visits, effort, places, held_back, everyone, homes):
    """Mean log-loss of the held-back visits under the best two weights, and the settings with them."""
    vehicles = pd.Index(visits["vehicle"].unique())
    model = fit(visits[~held_back], effort, places, settings, vehicles, everyone, homes).seen_by(effort)
    held = visits[held_back]
    n_slots = len(model.likeness)
    slots, places = held["slot"].to_numpy(), held["place"].to_numpy()
    pairs, row = np.unique(vehicles.get_indexer(held["vehicle"]) * n_slots + slots, return_inverse=True)
    slot = pairs % n_slots
    *own, home = (_times(part, model.readers, slot) for part in model._own_parts(pairs // n_slots, slot))
    shared = model.shared * model.readers
    at_place = np.column_stack([*(part[row, places] for part in own), shared[slots, places] + home[row, places]])
    in_all = np.column_stack(
        [*(part.sum(axis=1)[row] for part in own), (shared.sum(axis=1)[slot] + home.sum(axis=1))[row]]
    )

    def loss(logs):
        weights = np.array([1.0, *np.exp(np.clip(logs, -12, 12))])
        return np.log(in_all @ weights).mean() - np.log(at_place @ weights).mean()

    start = np.log([settings.near_weight, settings.shared_weight])
    options = {"initial_simplex": start + [[0, 0], [1, 0], [0, 1]], "xatol": 0.02, "fatol": 1e-5}
    found = optimize.minimize(loss, start, method="Nelder-Mead", options=options)
    near, shared_weight = np.exp(np.clip(found.x, -12, 12))
    return found.fun, replace(settings, near_weight=float(near), shared_weight=float(shared_weight))


def _standing(own, background, in_order, slot, row, value):
    """Rank of a value among all places of its row, and the highest value of each row.

    A row's places are those of the background, of which only its own places stand higher: count the background, take
    back what its own places count there, add what they count themselves.
    """
    coo = own.tocoo()
    below = background[slot[coo.row], coo.col]
    full = coo.data + below
    first = in_order[slot, -1]
    np.maximum.at(first, coo.row, full)
    rank = np.zeros(len(row))
    for hour in np.unique(slot[row]):
        of_hour = slot[row] == hour
        rank[of_hour] = _higher(in_order[hour], value[of_hour])
    starts, counts = own.indptr[row], np.diff(own.indptr)[row]
    asked = np.repeat(np.arange(len(row)), counts)
    entry = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) + np.repeat(starts, counts)
    for values, sign in ((full, 1), (below, -1)):
        more = (values[entry] > value[asked]) + 0.5 * (values[entry] == value[asked])
        rank += sign * np.bincount(asked, more, len(row))
    return rank - 0.5, first  # it is as likely as itself


def _higher(in_order, values):
    left, right = (np.searchsorted(in_order, values, side=side) for side in ("left", "right"))
    return len(in_order) - (left + right) / 2


def _per_effort(visits, effort, usual, likeness, floor, scaled_by=None):
    """What is usual over the effort times what is usual of like slots, scaled to a mean of 1 over the visits."""

    def weight(usual):
        expected = effort * usual
        of_like_slots = likeness @ expected / likeness.sum(axis=1, keepdims=True)
        return usual / (of_like_slots + floor * expected[expected > 0].mean())

    own = weight(usual)
    scale = own if scaled_by is None else weight(scaled_by)
    return own / scale[visits["slot"], visits["place"]].mean()


def _kernel(places, reach):
    """Exponential weights between a place and its nearest places, itself included; rows sum to 1."""
    near = min(NEIGHBOURS, len(places))
    apart, column = cKDTree(places).query(places, near)
    weight = np.exp(-apart / reach).reshape(len(places), near)
    weight /= weight.sum(axis=1, keepdims=True)
    row = np.repeat(np.arange(len(places)), near)
    return sparse.csr_array((weight.ravel(), (row, column.ravel())), (len(places), len(places)))


def _counts(visits, shape):
    """Visits by slot and place."""
    counts = np.zeros(shape)
    np.add.at(counts, (visits["slot"], visits["place"]), 1)
    return counts


def _among(counts, effort, usual):
    """Map of the vehicles asked for: that of everyone, times their share by place, shrunk towards their share in all places."""
    expected = effort * usual
    expected = expected.sum(axis=0) * counts.sum() / expected.sum()
    shared = usual * _shrunk(counts.sum(axis=0), expected, np.ones_like(expected))
    return shared / shared.sum(axis=1, keepdims=True)


def _homes(homes, vehicles, visits, effort, shared, usual, likeness, floor):
    """`Homes`, with the share of time at home by slot under which the visits are least surprising."""
    codes, names = pd.factorize(np.asarray(homes[0], object))
    if len(codes) != effort.shape[1]:
        raise ValueError(f"homes has areas of {len(codes)} places, not of {effort.shape[1]}")
    if not len(names):
        raise ValueError("homes names the area of no place")
    registered = pd.Index(names).get_indexer(homes[1].reindex(vehicles))
    in_area = sparse.csr_array(
        (np.ones((codes >= 0).sum()), (codes[codes >= 0], np.flatnonzero(codes >= 0))), (len(names), len(codes))
    )
    mass = in_area @ shared.T  # area x slot
    at_home = np.where(codes[None] >= 0, shared / np.maximum(mass[codes].T, 1e-12), 0.0)
    own, slot, place = registered[visits["vehicle"]], visits["slot"].to_numpy(), visits["place"].to_numpy()
    known = own >= 0
    own, slot, place = own[known], slot[known], place[known]
    seen_home = np.where(codes[place] == own, at_home[slot, place], 0.0)
    effort_home, effort_all = (in_area @ (at_home * effort).T)[own, slot], (shared * effort).sum(axis=1)[slot]
    chance = HOME_SHARES[:, None] * seen_home + (1 - HOME_SHARES[:, None]) * shared[slot, place]
    chance /= HOME_SHARES[:, None] * effort_home + (1 - HOME_SHARES[:, None]) * effort_all
    told = np.stack([np.bincount(slot, row, len(effort)) for row in np.log(chance)], dtype=float)  # share x slot
    told += told.sum(axis=1, keepdims=True) * HOME_PRIOR / max(len(own), 1)
    share = HOME_SHARES[told.argmax(axis=0)]
    ever = np.where(codes[None] >= 0, share[:, None] / np.maximum(mass[codes].T, 1e-12), 0.0) + 1 - share[:, None]
    inside = _per_effort(visits, effort, usual * ever, likeness, floor, usual)
    outside = _per_effort(visits, effort, usual * (1 - share[:, None]), likeness, floor, usual)
    rows = np.repeat(np.arange(len(names)), len(effort)), np.tile(np.arange(len(effort)), len(names))
    maps = sparse.csr_array(in_area.toarray()[rows[0]] * at_home[rows[1]])
    return Homes(codes, registered, share, maps, inside, outside)


def _shared(counts, effort, kernel, by_slot):
    """Map of all vehicles by slot: visits per effort, shrunk to all slots, and those to the neighbourhood."""
    total, watched = counts.sum(axis=0), effort.sum(axis=0)
    mean = total.sum() / watched.sum()
    around = (kernel @ total + 1) / (kernel @ watched + 1 / mean)  # one visit's worth of the mean where nobody reads
    at_all_times = _shrunk(total, watched, around)
    seen = counts.sum(axis=1, keepdims=True)
    level = (seen + 1) / (effort @ at_all_times[:, None] + 1)
    of_slot = _shrunk(counts, effort, level * at_all_times)
    of_slot /= of_slot.sum(axis=1, keepdims=True)
    return by_slot * of_slot + (1 - by_slot) * at_all_times / at_all_times.sum()


def _shrunk(counts, effort, prior):
    """Posterior mean rate; the gamma's shape by moments (variance of counts about their expectation beyond Poisson)."""
    expected = prior * effort
    beyond = ((counts - expected) ** 2 - expected).sum()
    shape = np.clip((expected**2).sum() / beyond, 0.1, 100) if beyond > 0 else 100
    return (counts + shape) / (effort + shape / prior)


def _times(rows, weights, slot):
    """Sparse rows, each entry times the weight of its slot and place."""
    coo = rows.tocoo()
    return sparse.csr_array((coo.data * weights[slot[coo.row], coo.col], (coo.row, coo.col)), rows.shape)


def _places(places):
    places = np.asarray(places, float)
    if places.ndim != 2 or places.shape[1] != 2 or not np.isfinite(places).all() or not len(places):
        raise ValueError(f"places must be a row of x and y each, none missing, got shape {places.shape}")
    return places


def _spacing(places):
    """Median distance to the nearest other place."""
    if len(np.unique(places, axis=0)) < 2:
        raise ValueError("all places lie on one point")
    apart = cKDTree(places).query(places, 2)[0][:, 1]
    return float(np.median(apart[apart > 0]))


def _effort(effort, n_places):
    effort = np.nan_to_num(np.asarray(effort, float), nan=0.0, posinf=-1.0)
    if effort.ndim != 2 or effort.shape[1] != n_places:
        raise ValueError(f"effort must have a row a slot and {n_places} columns, got shape {effort.shape}")
    if (effort < 0).any():
        raise ValueError("effort below zero or without bound")
    return effort


def _everyone(reads, effort):
    """Reads of all plates, those left out that lie where there was no effort."""
    reads = np.asarray(reads, float)
    if reads.shape != effort.shape or not (reads >= 0).all() or not reads[effort > 0].any():
        raise ValueError(
            f"reads of everyone must be {effort.shape}, not below 0 and not all 0, got shape {reads.shape}"
        )
    return np.where(effort > 0, reads, 0.0)


def _within(name, numbers, end):
    numbers = np.asarray(numbers)
    if numbers.size and not (np.issubdtype(numbers.dtype, np.integer) and 0 <= numbers.min() and numbers.max() < end):
        raise ValueError(f"{name} must be whole numbers from 0 to {end - 1}")
    return numbers.astype(np.int64)


def _visits(visits, effort, vehicles):
    """Visits with codes for labels and a number for the day, and the index of vehicles."""
    if not len(visits):
        raise ValueError("no visit to learn from")
    vehicles = pd.Index(visits["vehicle"].unique() if vehicles is None else vehicles)
    if vehicles.hasnans or vehicles.has_duplicates:
        raise ValueError("vehicles are missing or listed twice")
    codes = vehicles.get_indexer(visits["vehicle"])
    if (codes < 0).any():
        raise ValueError(f"{(codes < 0).sum()} visits are of vehicles not listed")
    day = visits["day"]
    if pd.api.types.is_datetime64_any_dtype(day):
        day = (day - day.min()) / pd.Timedelta(days=1)
    columns = {
        "vehicle": codes,
        "slot": _within("slots", visits["slot"], effort.shape[0]),
        "place": _within("places", visits["place"], effort.shape[1]),
        "day": np.asarray(day, float),
    }
    coded = pd.DataFrame(columns)
    if coded["day"].isna().any():
        raise ValueError(f"{coded['day'].isna().sum()} visits have no day")
    unwatched = effort[coded["slot"], coded["place"]] <= 0
    if unwatched.any():
        raise ValueError(f"{unwatched.sum()} of {len(coded)} visits lie where effort says that nobody reads")
    return coded, vehicles
