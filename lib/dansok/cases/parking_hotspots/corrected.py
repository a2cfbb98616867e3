"""The corrected side of the briefing: maps, hot spots, clocks and verdicts of one city, or of one of its 읍면동."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from dansok.cases.parking_hotspots import estimates, looking, verdicts
from dansok.cases.parking_hotspots.ground import cell_names, ground_of
from dansok.cases.parking_hotspots.looking import CITIZENS, Evidence
from dansok.cases.parking_hotspots.recorded import TOP_CELLS
from dansok.models import rates

NAMED = 4  # places named on either side, where the maps disagree
SHARE_OF_CELLS = 0.05


@dataclass(frozen=True)
class Corrected:
    """What is known once who looked is taken out.

    Attributes
    ----------
    evidence : Evidence
    fitted : rates.CorrectedRates
    cells : pd.DataFrame, one row a cell
        As `estimates.cell_rates` gives, with `name`, `records` of the period (all channels), `raw` (records over the mean
        cell's), `raw_rank`, and where hot spots can be told `hot`, `kind`, `since`.
    hot : estimates.HotSpots or None
    top : pd.DataFrame
        The places to be told of, in order of the chance that they are among the first so many: columns of `cells`, `order`,
        `cell`, `stability`, and what `verdicts.diagnose` gives.
    disagree : pd.DataFrame
        Cells among the first by one map only: `name`, `side` ("left" corrected, "right" records), `rank`, `raw_rank`,
        `rate`, `records`, `label`, `x`, `y`.
    overlap, compared : int
        Cells among the first of both maps, and how many first cells are compared.
    clocks : pd.DataFrame
        As `estimates.clocks_of` gives, of the places in `top`.
    seasons : pd.DataFrame
    quadrants, named : pd.DataFrame
        As `verdicts.quadrants` gives, and the rows to name with `label`.
    loop : verdicts.Loop or None
    before : list of str
        Months before the period that it is compared with, as many at most; empty where there are less than half as many.
    changed : pd.DataFrame
        As `estimates.changed` gives, against these months.
    area : str
        The 읍면동 told of; empty for the whole city.
    clock : pd.DataFrame, 24 rows
        The course of the day over the city: `hour`, `share` with `low`, `high`, `linked`, and as they are, of every record of
        the period with a place, `recorded` and `raw_share`.
    """

    evidence: Evidence
    fitted: rates.CorrectedRates
    cells: pd.DataFrame
    hot: estimates.HotSpots | None
    top: pd.DataFrame
    disagree: pd.DataFrame
    overlap: int
    compared: int
    clocks: pd.DataFrame
    seasons: pd.DataFrame
    quadrants: pd.DataFrame
    named: pd.DataFrame
    loop: verdicts.Loop | None
    before: list
    changed: pd.DataFrame
    area: str
    clock: pd.DataFrame


def correct(whole, areas, choices):
    """Rates, hot spots and verdicts of the period.

    Parameters
    ----------
    whole : reading.Whole
    areas : geopandas.GeoDataFrame
    choices : Choices

    Returns
    -------
    Corrected or None
        None where no effort of the city is known, or nothing was recorded under it.
    """
    seen, months = whole.seen, choices.months
    positions = pd.concat([seen.records[["x", "y"]], seen.drives[["x", "y"]]])
    streets = whole.streets if choices.by_street else whole.streets.head(0)
    ground = ground_of(streets, areas, positions, choices.cell_metres)
    evidence = looking.gather(seen, ground, months, choices.counted)
    if evidence is None:
        return None
    fitted = estimates.fit_rates(evidence, months, choices.effort_error)
    if not fitted.effort_known:
        return None
    inside = np.ones(len(ground.cells), bool)
    if choices.area:
        inside = (ground.cells["area_name"] == choices.area).to_numpy()
    cells = estimates.cell_rates(evidence, fitted, months, choices.top_places, inside)
    cells = cells.assign(name=cell_names(cells, whole.names)).join(_raw(evidence, months, inside))
    hot = estimates.find_hot_spots(
        evidence, *estimates.by_cell_month(evidence, fitted), months,
        false_share=choices.false_share, effort_error=choices.effort_error,
    )  # fmt: skip
    if hot is not None:
        cells = cells.join(hot.cells[["hot", "kind", "since"]])
    else:
        cells = cells.assign(hot=False, kind=None, since=None)
    before, changed = _before(evidence, months, cells, inside, choices)
    cells = cells[inside]
    top = _top(cells, choices.top_places)
    clocks = estimates.clocks_of(evidence, fitted, months, top["cell"])
    steady = (
        estimates.stability(evidence, fitted, months, top[["x", "y"]], choices.false_share)
        if hot is not None and len(top)
        else np.full(len(top), np.nan)
    )
    top = top.assign(stability=steady).join(verdicts.diagnose(top, whole, ground, clocks))
    compared, overlap, disagree = _disagreement(cells)
    quadrants = _quadrants(evidence, fitted, months, cells)
    return Corrected(
        evidence, fitted, cells, hot, top, disagree, overlap, compared, clocks,
        estimates.seasons_by_hour(evidence, fitted, months), quadrants, _labelled(verdicts.most_telling(quadrants)),
        verdicts.patrol_loop(evidence, fitted, months), before, changed[changed.index.isin(cells.index)], choices.area,
        _clock(evidence, fitted, months),
    )  # fmt: skip


def _before(evidence, months, cells, inside, choices):
    """The months before the period, and what changed since."""
    known = evidence.months[: evidence.months.index(months[0])][-len(months) :]
    if 2 * len(known) >= len(months):
        fitted = estimates.fit_rates(evidence, known, choices.effort_error)
        if fitted.effort_known:
            earlier = estimates.cell_rates(evidence, fitted, known, choices.top_places, inside)
            return known, estimates.changed(cells, earlier, choices.false_share)
    return [], estimates.changed(cells.head(0), cells.head(0), choices.false_share)


def _clock(evidence, fitted, months):
    """The fitted day beside all records: the fit leaves out those that are no event, such as the minutes after a rest."""
    own = evidence.records[evidence.records["month"].isin(evidence.numbers(months))]
    recorded = np.bincount(own["hour"], own["records"], minlength=24)
    share = recorded / recorded.sum() if recorded.any() else np.nan
    return fitted.by_hour.reset_index().assign(recorded=recorded.astype(int), raw_share=share)


def _raw(evidence, months, inside):
    """All records of the period by cell, what they are of the mean cell's, and their rank."""
    own = evidence.records[evidence.records["month"].isin(evidence.numbers(months))]
    records = np.bincount(own["cell"], own["records"], minlength=len(inside))
    raw = records / records.mean() if records.any() else records
    rank = pd.Series(np.where(inside, records, -1.0)).rank(ascending=False, method="min")
    return pd.DataFrame({"records": records.astype(int), "raw": raw, "raw_rank": rank})


def _top(cells, how_many):
    rated = cells[cells["rate"].notna() & (cells["records"] > 0)]
    top = rated.sort_values(["p_top", "rate"], ascending=False, kind="stable").head(how_many)
    return top.assign(order=range(1, len(top) + 1), cell=top.index)


def _disagreement(cells):
    """How many of the first cells both maps have, and those that only one has, farthest apart first."""
    compared = min(TOP_CELLS, int(cells["rate"].notna().sum()))
    ours, raw = cells["rank"] <= compared, (cells["raw_rank"] <= compared) & (cells["records"] > 0)
    left = cells[ours & ~raw].sort_values("rank").head(NAMED).assign(side="left")
    right = cells[raw & ~ours].sort_values("raw_rank").head(NAMED).assign(side="right")
    parts = pd.concat([left, right])
    parts["label"] = [*(str(number + 1) for number in range(len(left))), *"ABCDEFGH"[: len(right)]]
    return compared, int((ours & raw).sum()), parts


def _quadrants(evidence, fitted, months, cells):
    """Empty where citizens do not report, or nothing is known of the city's own looking."""
    own = evidence.events(months)
    reports = own[own["channel"] == CITIZENS]
    complaints = np.bincount(reports["cell"], reports["records"], minlength=len(evidence.ground.cells))
    looked = verdicts.looking_by_cell(evidence, fitted, months)
    if not complaints.any():
        return verdicts.quadrants(cells.head(0), np.empty(0), np.empty(0))
    return verdicts.quadrants(cells, complaints[cells.index], looked[cells.index])


def _labelled(named):
    """Numbers for the places that are named, in the order of the list."""
    return named.assign(label=[str(number + 1) for number in range(len(named))])
