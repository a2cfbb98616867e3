"""Where each vehicle in arrears will be, and whether last month's map would have found this month's sightings."""

import itertools
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import optimize, sparse

from dansok.cases.delinquent_map.inputs import PLACE_CELLS
from dansok.models import backtest, forecast, whereabouts
from dansok.models.whereabouts import PART_STARTS, PARTS
from dansok.tables import READERS

CARS = ("patrol_car", "squad_car")
EVEN = 8 / 9  # of a car's time spent around its fixes, if all nine places have as much of it
SLOTS = 2 * PARTS
LEAST_VISITS = 30  # to foresee, below which no share is told
LEAST_MONTHS = forecast.FIRST_MONTHS + 1
CAPACITIES = (20, 50, 100)
HELD_BACK_DAYS = 30
HELD_BACK_MONTHS = 3  # each foreseen from those before: one alone has too few visits to tell a calibration


@dataclass(frozen=True)
class Readers:
    """`places` (`place_x`, `place_y`, by row), the `weights` of an hour of each reader, and `effort` (month -> slot x place)."""

    places: pd.DataFrame
    weights: pd.Series
    effort: dict

    def of(self, months):
        """Effort of some months together."""
        nothing = np.zeros((SLOTS, len(self.places)))
        return sum((self.effort[month] for month in months if month in self.effort), nothing)

    def metres(self, cell_metres):
        """Middle of each place, shape (n, 2)."""
        return (self.places[["place_x", "place_y"]].to_numpy() + 0.5) * PLACE_CELLS * cell_metres


def slot_of(table):
    """Number of the slot of rows with `hour` and `rest_day`."""
    part = np.searchsorted(PART_STARTS, table["hour"], side="right") - 1
    return part + PARTS * table["rest_day"].to_numpy(bool)


def readers_of(watched, before=None):
    """One effort out of the hours of unlike readers, by what they read at places that they share.

    Parameters
    ----------
    watched : pd.DataFrame
        As `inputs.Inputs.watched`.
    before : str, optional
        Month from which on nothing may be known: places and weights are those of the months before it, effort is of all.

    Returns
    -------
    Readers
        Of places at which anything was read, and that somebody's hours reach.
    """
    looks = _with_around(watched.assign(slot=slot_of(watched)))
    share = around_share(watched[watched["month"] < before] if before else watched)
    looks["hours"] += share * (looks["around"] - looks["hours"]).where(looks["looker"].isin(CARS), 0.0)
    by = ["looker", "place_x", "place_y", "month", "slot"]
    looks = looks.groupby(by, as_index=False)[["hours", "read"]].sum()
    known = looks["month"] < before if before else pd.Series(True, looks.index)
    there = (
        looks.assign(read=looks["read"].where(known, 0)).groupby(["place_x", "place_y"])["read"].transform("sum") > 0
    )
    looks, known = looks[there & (looks["hours"] > 0)], known[there & (looks["hours"] > 0)]
    places = looks[["place_x", "place_y"]].drop_duplicates().sort_values(["place_x", "place_y"], ignore_index=True)
    looks = looks.merge(places.reset_index(names="place"), on=["place_x", "place_y"])
    if looks.empty:
        return Readers(places, pd.Series(dtype=float), {})
    met = looks[known.to_numpy()].groupby(["looker", "place", "slot"], as_index=False)[["hours", "read"]].sum()
    weights = whereabouts.reader_weights(met.rename(columns={"looker": "reader", "read": "reads"}))
    effort = {}
    for month, own in looks.groupby("month"):
        effort[month] = np.zeros((SLOTS, len(places)))
        np.add.at(effort[month], (own["slot"], own["place"]), own["hours"] * own["looker"].map(weights).fillna(0.0))
    return Readers(places, weights, effort)


def around_share(watched):
    """Share of their time that cars spend in the eight places around their fixes: a fix may stand for minutes of driving.

    Parameters
    ----------
    watched : pd.DataFrame
        As `inputs.Inputs.watched`.

    Returns
    -------
    float
        From 0, also where no plate tells, to 8/9, where all nine places have as much of the time.

    Notes
    -----
    The share under which cars would have read as many plates as they did in months in which a place had no fix but those
    around it had: the estimating equation (Godambe 1960, Annals of Mathematical Statistics 31) of plates read in proportion to
    (1 - share) * hours + share * hours around, at a rate that each kind of car has at a place that had a fix once. Whole
    months, as single fixes are lost; and only those without, as a longer stay among more vehicles says nothing of around.
    """
    cars = watched[watched["looker"].isin(CARS)]
    by = ["looker", "place_x", "place_y"]
    months = _with_around(cars.groupby([*by, "month"], as_index=False)[["hours", "read"]].sum())
    without = (months["hours"] <= 0) & (months["around"] > 0)
    months = months.assign(around_alone=months["around"] * without, read_alone=months["read"] * without)
    places = months.groupby(by)[["hours", "around", "around_alone", "read", "read_alone"]].sum()
    places = places[places["hours"] > 0]

    def too_many(share):
        hours = (1 - share) * places["hours"] + share * places["around"]
        return (places["read"] * share * places["around_alone"] / hours - places["read_alone"]).sum()

    if not places["read_alone"].any():
        return 0.0
    return float(optimize.brentq(too_many, 0, EVEN)) if too_many(EVEN) > 0 else EVEN


def _with_around(looks):
    """Looks with `around`, an eighth of the hours of each car by its fixes in the eight places around, and the rows that have no other."""
    by = [name for name in looks if name not in ("hours", "read")]
    cars = looks[looks["looker"].isin(CARS) & (looks["hours"] > 0)].drop(columns="read")
    beside = [
        cars.assign(
            place_x=cars["place_x"] + east, place_y=cars["place_y"] + north, around=cars["hours"] / 8, hours=0.0
        )
        for east, north in itertools.product((-1, 0, 1), repeat=2)
        if east or north
    ]
    return pd.concat([looks, *beside]).fillna({"around": 0.0, "read": 0}).groupby(by, as_index=False).sum()


def visits_at(delinquent, places):
    """Looks at vehicles in arrears as `whereabouts.fit` wants them, with their month."""
    own = delinquent[(delinquent["reads"] > 0) & delinquent["looker"].isin(list(READERS))]
    own = own.assign(**{f"place_{axis}": own[f"cell_{axis}"] // PLACE_CELLS for axis in "xy"}, slot=slot_of(own))
    own = own.merge(places.reset_index(names="place"), on=["place_x", "place_y"])
    day = own["first_at"].dt.normalize()
    return own.assign(day=day)[["vehicle", "slot", "place", "day", "month"]]


@dataclass(frozen=True)
class Foresight:
    """`table` as `whereabouts.reliability` gives, with `own_frequency` and `now`; `rivals`: their "all" rows."""

    table: pd.DataFrame
    rivals: pd.DataFrame
    months: list


@dataclass(frozen=True)
class _Month:
    """A month held back: visits `known` before it, those to be foreseen (`wanted`), the effort behind either, who was in arrears."""

    month: str
    known: pd.DataFrame
    effort: np.ndarray
    wanted: pd.DataFrame
    later: np.ndarray
    vehicles: pd.Index

    @property
    def tells(self):
        """Enough was seen on either side."""
        return min(len(self.known), len(self.wanted)) >= LEAST_VISITS and self.known["day"].nunique() > 1


def foresight(visits, in_arrears, readers, months, own_visits, cell_metres):
    """How well the places of vehicles in arrears were foreseen: the last months, each from those before it.

    Parameters
    ----------
    visits : pd.DataFrame
        As `visits_at` returns.
    in_arrears : dict of str -> pd.Index
        Vehicles in arrears when a month began, by month.
    readers : Readers
        As `readers_before` returns.
    months : list of str
    own_visits : pd.Series, indexed by vehicle
        Looks at each vehicle that is in arrears now.
    cell_metres : int

    Returns
    -------
    Foresight or None
        None with fewer than LEAST_VISITS visits on either side. Settings are chosen before the first month held back. What is
        asked is where a vehicle is seen, by readers as they went that month; visits where no reader's hours are known are left
        out.
    """
    held = [_held_back(visits, in_arrears[month], readers, months, month) for month in months if month in in_arrears]
    held = [month for month in held[-HELD_BACK_MONTHS:] if month.tells]
    if not held:
        return None
    places, first = readers.metres(cell_metres), held[0]
    settings = whereabouts.choose_settings(first.known, first.effort, places, _last_days(first.known["day"]))
    said = {}
    for month in held:
        answers = whereabouts.rivals(month.known, SLOTS, places, month.vehicles)
        model = whereabouts.fit(month.known, month.effort, places, settings, month.vehicles)
        for name, answer in {"ours": model.seen_by(month.later), **answers}.items():
            said.setdefault(name, []).append(whereabouts.foreseen(answer, month.wanted))
    tables = {name: whereabouts.reliability(pd.concat(rows, ignore_index=True)) for name, rows in said.items()}
    table = tables.pop("ours")
    now = pd.Series(whereabouts.visit_class(own_visits.to_numpy())).value_counts()
    table = table.assign(own_frequency=tables["own_frequency"]["recall_at_3"], now=now.reindex(table.index))
    table.loc["all", "now"] = len(own_visits)
    rivals = pd.DataFrame({name: rival.loc["all"] for name, rival in tables.items()}).T
    return Foresight(table.fillna({"now": 0}), rivals, [month.month for month in held])


def readers_before(watched, in_arrears):
    """`readers_of`, as known before the first month that `foresight` holds back; `in_arrears`, not empty, as for it."""
    return readers_of(watched, before=sorted(in_arrears)[-HELD_BACK_MONTHS:][0])


def _held_back(visits, vehicles, readers, months, month):
    """Visits of some vehicles in a month and before it, at places where the hours of a reader are known."""
    own = visits[visits["vehicle"].isin(vehicles)]
    before = [one for one in months if one < month]
    effort, later = readers.of(before), readers.of([month])
    known, wanted = own[own["month"].isin(before)], own[own["month"] == month]
    known = known[effort[known["slot"], known["place"]] > 0].reset_index(drop=True)
    wanted = wanted[later[wanted["slot"], wanted["place"]] > 0].reset_index(drop=True)
    return _Month(month, known, effort, wanted, later, vehicles)


def _last_days(days):
    """The last month of days, held back to choose the settings; the later half where there are fewer."""
    late = days > days.max() - pd.Timedelta(days=HELD_BACK_DAYS)
    return late if not late.all() else days > days.quantile(0.5)


# --- does last month's map hold? ---


@dataclass(frozen=True)
class Counts:
    """Sightings of vehicles in arrears and looks at all, by whole month (rows, without a gap) and place-hour (columns).

    Sightings are missing in a month in which nobody looked.
    """

    months: list
    units: pd.DataFrame
    sighted: np.ndarray
    looks: np.ndarray


def place_hour_counts(delinquent, looks, first_day):
    """Sightings by month and place-hour, in whole months with a register in hand from their first day on.

    Parameters
    ----------
    delinquent : pd.DataFrame
        As `inputs.Inputs.delinquent`; those with a read count.
    looks : pd.DataFrame
        `place_x`, `place_y`, `hour`, `month`, `looks`.
    first_day : pd.Timestamp

    Returns
    -------
    Counts
    """
    own = delinquent[delinquent["reads"] > 0]
    own = own.assign(**{f"place_{axis}": own[f"cell_{axis}"] // PLACE_CELLS for axis in "xy"})
    seen = looks.loc[pd.to_datetime(looks["month"]) >= first_day, "month"]
    months = [str(month) for month in pd.period_range(seen.min(), seen.max(), freq="M")] if len(seen) else []
    by = ["place_x", "place_y", "hour"]
    units = looks[by].drop_duplicates().sort_values(by, ignore_index=True)
    number = units.reset_index(names="unit")
    counted = own.groupby([*by, "month"]).size().rename("sighted").reset_index()
    arrays = []
    for table, name in ((counted, "sighted"), (looks, "looks")):
        found = table[table["month"].isin(months)].merge(number, on=by)
        array = np.zeros((len(months), len(units)))
        np.add.at(array, (np.searchsorted(months, found["month"]), found["unit"]), found[name])
        arrays.append(array)
    sighted, looked = arrays
    sighted[~looked.any(axis=1)] = np.nan
    return Counts(months, units, sighted, looked)


def stability(counts, top):
    """How much of a month's first places stay first.

    Parameters
    ----------
    counts : Counts
    top : int
        How many places are first, at most: a place without a sighting never is, and those level at the end are drawn by lot.

    Returns
    -------
    pd.DataFrame, one row a month but the first
        `month`, `sighted` (missing: nobody looked), `same_places`: share of the first places of the month before that are first
        again (0-1; missing where either month has no sighting), `rank_correlation` of the places sighted in either (missing for
        under three, or where nobody looked in either month).
    """
    place = counts.units.groupby(["place_x", "place_y"]).ngroup().to_numpy()
    by_place = np.zeros((len(counts.months), place.max() + 1 if len(place) else 0))
    for row, month in enumerate(counts.sighted):
        np.add.at(by_place[row], place, month)
    rows = []
    for month, sighted, before in zip(counts.months[1:], by_place[1:], by_place[:-1], strict=True):
        both = (sighted > 0) | (before > 0)
        first, earlier = ((seen > 0) * backtest.chance_of_choice(seen, top) for seen in (sighted, before))
        same = (first * earlier).sum() / earlier.sum() if first.any() and earlier.any() else np.nan
        correlation = pd.Series(sighted[both]).corr(pd.Series(before[both]), "spearman") if both.sum() > 2 else np.nan
        total = sighted.sum()
        rows.append((month, total if np.isnan(total) else int(total), same, correlation))
    return pd.DataFrame(rows, columns=["month", "sighted", "same_places", "rank_correlation"])


def neighbours_of(units):
    """Place-hours beside each place-hour: the same place an hour before and after, and the four places around."""
    index = pd.MultiIndex.from_frame(units[["place_x", "place_y", "hour"]])
    rows, columns = [np.arange(len(units))], [np.arange(len(units))]
    for east, north, later in ((1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1)):
        beside = pd.MultiIndex.from_arrays([units["place_x"] + east, units["place_y"] + north, units["hour"] + later])
        found = index.get_indexer(beside)
        rows.append(np.flatnonzero(found >= 0))
        columns.append(found[found >= 0])
    rows, columns = np.concatenate(rows), np.concatenate(columns)
    return sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=(len(units),) * 2)


@dataclass(frozen=True)
class Backtest:
    """`table`: `forecaster`, `hit_20`, `hit_50`, `hit_100`, `per_1000`; `origins`: months foreseen; `difference` of ours from
    the best rival at 20 place-hours with `low`, `high`, and which rival that is."""

    table: pd.DataFrame
    origins: list
    best_rival: str
    difference: tuple


def back_test(counts):
    """Share of each month's sightings that the first place-hours of earlier lists hold.

    Returns
    -------
    Backtest or None
        None with fewer months than a forecast needs, or without sightings. Months in which nobody looked are neither counted nor
        foreseen; last month's list is then that of the month before.
    """
    looked = counts.looks.any(axis=1)
    origins = np.flatnonzero(looked)[LEAST_MONTHS:].tolist()
    if not origins or not counts.sighted[origins].sum():
        return None
    near, months = neighbours_of(counts.units), np.arange(len(counts.months))
    forecasters = {
        "ours": lambda past, known: _sightings(past, counts.looks[known], known, near),
        "last_month": lambda past, known: past[looked[known]][-1],
        "all_months": lambda past, known: np.nansum(past, axis=0),
        "busiest_readers": lambda past, known: counts.looks[known].sum(axis=0),
    }
    scores, actual = backtest.roll(forecasters, counts.sighted, months, origins)
    capacities = [k for k in CAPACITIES if k <= len(counts.units)]
    hits = backtest.hit_table(scores, actual, capacities)
    best = hits[hits["forecaster"] == "ours"].assign(forecaster="best_possible", hit_rate=lambda t: t["best_possible"])
    means = pd.concat([hits, best]).pivot_table(index="forecaster", columns="capacity", values="hit_rate")
    table = means.reindex([*forecasters, "best_possible"]).rename(columns=lambda k: f"hit_{k}")
    table = table.reindex(columns=[f"hit_{k}" for k in CAPACITIES])
    looks = counts.looks[origins]
    table["per_1000"] = pd.Series({name: _found_per_1000(scores[name], actual, looks) for name in forecasters})
    at_first = hits[hits["capacity"] == capacities[0]] if capacities else hits
    by_origin = at_first.pivot(index="origin", columns="forecaster", values="hit_rate")
    rival = by_origin.drop(columns="ours").mean().idxmax()
    return Backtest(
        table.rename_axis("forecaster").reset_index(),
        [counts.months[origin] for origin in origins],
        rival,
        backtest.paired_difference(by_origin["ours"], by_origin[rival]),
    )


def _sightings(sighted, looks, months, near):
    """Expected of the next month: vehicles in arrears per look, drawn to the neighbourhood's and the city's, times looks so far."""
    return forecast.next_month(sighted, months, near, looks) * looks.mean(axis=0)


def _found_per_1000(scores, actual, looks, capacity=CAPACITIES[0]):
    """Vehicles in arrears among 1,000 that were read at the place-hours chosen."""
    found = read = 0.0
    for score, sighted, seen in zip(scores, actual, looks, strict=True):
        chosen = np.argsort(-np.nan_to_num(score, nan=-1.0), kind="stable")[:capacity]
        found, read = found + sighted[chosen].sum(), read + seen[chosen].sum()
    return 1000 * found / read if read else np.nan
