"""What follows from it: a diagnosis of each place, complaints against looking, vehicles that come again, and patrols that run
after their own records.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from statsmodels.stats.proportion import proportion_confint

from dansok.cases.parking_hotspots.looking import CITIZENS
from dansok.cases.parking_hotspots.reading import SEEN_OFTEN
from dansok.models import guard, suppression

CONFIDENCE = 0.90
WALK_METRES = 300  # from a lot, as the crow flies
FREE_SPACES = 10  # in the lots about, at the place's busiest hours, from which on there is room
BUSIEST = 3  # hours of a place
FEW_VEHICLES = 30  # stays of known vehicles below which a place's shares say nothing
DISMISSED, FEW_ANSWERS = 0.3, 20  # share of reports turned down that points to the sign, and answers it takes
STAYS = {"1": (1, 1), "2-4": (2, 4), "5-9": (5, 9), "10+": (10, np.inf)}
NAMED = 5  # places named for each quadrant
FACTS = ["verdict", "stays", "distinct_share", "often_share", "answers", "dismissed_share", "lot_name", "lot_metres", "free_spaces",
         "busy_hours"]  # fmt: skip
LEAST_MONTHS = 4  # of patrols, half to find where they go most and half to measure it


@dataclass(frozen=True)
class Loop:
    """`concentration` as `guard.effort_concentration` gives, `exploration` as `guard.exploration_share` (None where there are
    no months before the period to tell old places from new ones)."""

    concentration: guard.Concentration
    exploration: guard.Exploration | None


def diagnose(top, whole, ground, clocks):
    """What each place needs, by one rule, and the facts behind it.

    Parameters
    ----------
    top : pd.DataFrame
        Rows of cells to diagnose: `cell` (row of `ground.cells`), `x`, `y`, `kind`.
    whole : reading.Whole
    ground : Ground
    clocks : pd.DataFrame
        As `estimates.clocks_of` gives, of these cells.

    Returns
    -------
    pd.DataFrame, same index
        `verdict`: "leave", "sign", "enforce", "space" or "unknown"; `stays` of known vehicles, `distinct_share` (vehicles a
        stay), `often_share` of stays by vehicles seen often; `answers`, `dismissed_share`; `lot_name`, `lot_metres` of the
        nearest lot within reach, `free_spaces` in all of these at the busiest hours together, the least of them;
        `busy_hours` (list). Missing where not known.

    Notes
    -----
    The first that applies: diminishing: leave. Three in ten of twenty answered reports or more dismissed: mend the sign.
    Vehicles seen often make up more of its stays than of the city's, beyond chance: enforce. Otherwise drivers differ: with
    room in the lots about, mend the sign (and show the way), without, add space. Where vehicles or lots are not known:
    unknown.
    """
    parked, answers = _in_cells(whole.parked, ground), _in_cells(whole.answers, ground)
    city_often = parked["often"].mean() if len(parked) else np.nan
    by_cell, answered = parked.groupby("cell"), answers.groupby("cell")["rejected"]
    rows = []
    for place in top.itertuples():
        own = by_cell.get_group(place.cell) if place.cell in by_cell.groups else parked.head(0)
        told = answered.get_group(place.cell) if place.cell in answered.groups else answers["rejected"].head(0)
        hours = _busiest(clocks[clocks["cell"] == place.cell])
        facts = _vehicle_facts(own) | _answer_facts(told) | _lots_about(place, whole.lots, hours)
        facts["busy_hours"] = hours
        rows.append(facts | {"verdict": _verdict(place.kind, facts, own, city_often, bool(len(whole.lots)))})
    return pd.DataFrame(rows, index=top.index, columns=FACTS)


def _in_cells(table, ground):
    point = ground.locate(table["x"], table["y"]) if len(table) else np.empty(0, int)
    return table.assign(cell=ground.point_cell[point])[point >= 0]


def _busiest(clock):
    linked = clock[clock["linked"]]
    return sorted(linked.nlargest(BUSIEST, "rate")["hour"].astype(int).tolist())


def _vehicle_facts(own):
    if len(own) < FEW_VEHICLES:
        return {"stays": len(own), "distinct_share": np.nan, "often_share": np.nan}
    return {
        "stays": len(own),
        "distinct_share": own["vehicle"].nunique() / len(own),
        "often_share": own["often"].mean(),
    }


def _answer_facts(told):
    return {"answers": len(told), "dismissed_share": told.mean() if len(told) >= FEW_ANSWERS else np.nan}


def _lots_about(place, lots, hours):
    nothing = {"lot_name": None, "lot_metres": np.nan, "free_spaces": np.nan}
    if lots.empty:
        return nothing
    metres = np.hypot(lots["x"] - place.x, lots["y"] - place.y)
    near = lots[metres <= WALK_METRES]
    if near.empty:
        return nothing
    nearest = metres.idxmin()
    free = near[[f"free_{hour}" for hour in hours]].sum(min_count=1).min() if hours else np.nan
    return {"lot_name": lots["lot_name"][nearest], "lot_metres": metres[nearest], "free_spaces": free}


def _verdict(kind, facts, own, city_often, lots_listed):
    if kind == "diminishing":
        return "leave"
    if facts["dismissed_share"] >= DISMISSED:
        return "sign"
    if len(own) < FEW_VEHICLES:
        return "unknown"
    low, _high = proportion_confint(own["often"].sum(), len(own), 1 - CONFIDENCE, "wilson")
    if low > city_often:
        return "enforce"
    no_lot = lots_listed and np.isnan(facts["lot_metres"])
    if not no_lot and np.isnan(facts["free_spaces"]):
        return "unknown"
    return "space" if no_lot or facts["free_spaces"] < FREE_SPACES else "sign"


def quadrants(cells, complaints, looking):
    """Cells by whether citizens complain more, and the city looks more, than in the mean cell.

    Parameters
    ----------
    cells : pd.DataFrame
    complaints, looking : np.ndarray, shape (cells,)
        Reports, and how much the city's own channels looked (or recorded).

    Returns
    -------
    pd.DataFrame
        `cells` with `complaints`, `looking`, each over the mean of the cells that have any of either, and `quadrant`: "more",
        "less", "explain" or "leave"; cells with neither are left out.
    """
    some = (complaints > 0) | (looking > 0)
    table = cells[some].assign(reports=complaints[some], looked=looking[some])
    for name, values in (("complaints", complaints[some]), ("looking", looking[some])):
        table[name] = values / values.mean() if values.sum() > 0 else np.nan
    loud, watched = table["complaints"] > 1, table["looking"] > 1
    kinds = np.select([loud & ~watched, ~loud & watched, loud & watched], ["more", "less", "explain"], "leave")
    return table.assign(quadrant=kinds)


def most_telling(table):
    """The places to name for each quadrant but the last: those with most complaints, or of the watched ones with most looking.

    A place where more happens than in the mean cell is never named as one to patrol less.
    """
    busy = table["rate"] > 1
    parts = [
        own.sort_values([by, "complaints"], ascending=False, kind="stable").head(NAMED)
        for own, by in (
            (table[table["quadrant"] == "more"], "complaints"),
            (table[(table["quadrant"] == "less") & ~busy], "looking"),
            (table[table["quadrant"] == "explain"], "complaints"),
        )
    ]
    return pd.concat(parts)


def looking_by_cell(evidence, fitted, months):
    """How much the city's own channels looked at each cell, in the unit of the first."""
    numbers, total = evidence.numbers(months), np.zeros(len(evidence.ground.cells))
    for number, channel in enumerate(evidence.channels):
        if channel != CITIZENS:
            catch = np.nan_to_num(fitted.catch[:, :, number])
            looked = np.einsum("uh,uh->u", evidence.exposure[channel][numbers].sum(axis=0), catch)
            total += evidence.cells_of[channel] @ looked
    return total


def repeat_vehicles(vehicles):
    """Vehicles and records by how often a vehicle was seen; counts of debtors only where nobody can be told from them.

    Parameters
    ----------
    vehicles : pd.DataFrame
        `stays`, `in_debt` (missing: no register), `vehicles`, `records`.

    Returns
    -------
    pd.DataFrame, one row a class of stays
        `seen`, `vehicles`, `records`, `vehicle_share`, `record_share`, `in_debt` (missing: suppressed, or no register), and
        `debt_share` of the vehicles. Empty where no vehicle is known.
    """
    if vehicles.empty:
        return pd.DataFrame(
            columns=["seen", "vehicles", "records", "vehicle_share", "record_share", "in_debt", "debt_share"]
        )
    low = [bounds[0] for bounds in STAYS.values()]
    seen = np.array(list(STAYS))[np.searchsorted(low, vehicles["stays"], side="right") - 1]
    sums = vehicles.groupby(seen)[["vehicles", "records"]].sum().reindex(list(STAYS), fill_value=0)
    table = sums.assign(
        vehicle_share=sums["vehicles"] / sums["vehicles"].sum(), record_share=sums["records"] / sums["records"].sum()
    )
    table["in_debt"] = np.nan
    if vehicles["in_debt"].notna().any():
        owing = vehicles["in_debt"].fillna(False).astype(bool)
        split = pd.DataFrame(
            {"in_debt": vehicles["vehicles"].where(owing, 0), "other": vehicles["vehicles"].where(~owing, 0)}
        )
        split = split.groupby(seen).sum().reindex(list(STAYS), fill_value=0).astype(int)
        told = suppression.suppress(split).table.loc[list(STAYS)]
        table[["in_debt"]] = told[["in_debt"]]
    return table.assign(debt_share=table["in_debt"] / table["vehicles"]).rename_axis("seen").reset_index()


def often_seen(vehicles):
    """Records, and vehicles, of those seen `SEEN_OFTEN` times or more, as shares of all whose plate is known."""
    often = vehicles["stays"] >= SEEN_OFTEN
    return tuple(float(vehicles.loc[often, name].sum() / vehicles[name].sum()) for name in ("records", "vehicles"))


def patrol_loop(evidence, fitted, period):
    """Whether the patrol cars draw together where they recorded before; None where their way is not known place by place.

    Exploring is looking at places without a record of the city's own in as many months before the period.
    """
    channel, numbers = "mobile_camera", evidence.numbers(period)
    if channel not in evidence.channels or channel in evidence.by_area or len(numbers) < LEAST_MONTHS:
        return None
    effort = evidence.exposure[channel][numbers].sum(axis=2).T.astype(float)
    if not effort[:, ::2].any() or not effort[:, 1::2].any() or fitted.by_place["rate"].notna().sum() < 10:
        return None
    found = guard.effort_concentration(effort, fitted.by_place, confidence=CONFIDENCE)
    before = [month for month in evidence.months[: numbers[0]]][-len(numbers) :]
    if len(before) < len(numbers):
        return Loop(found, None)
    own = evidence.records[evidence.records["month"].isin(evidence.numbers(before))]
    known = np.zeros(len(effort), bool)
    known[own.loc[own["channel"] != CITIZENS, "unit"].unique()] = True
    total = effort.sum(axis=1)
    return Loop(found, guard.exploration_share(total, ~known))
