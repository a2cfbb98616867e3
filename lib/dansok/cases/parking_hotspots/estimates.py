"""Where and when it happens once who looked is taken out: rates of places and cells, hot spots, and their clocks."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control, nbinom, norm

from dansok.cases.parking_hotspots.looking import CAMERAS, CITIZENS, HOURS
from dansok.models import hotspots, rates
from dansok.models.rates.corrected import RATED

CONFIDENCE = 0.90
DRAWS = 1_000  # of all rates together, for ranks and sums
PERMUTATIONS = 99_999
GRIDS = 20
SEASONS = {12: 0, 1: 0, 2: 0, 3: 1, 4: 1, 5: 1, 6: 2, 7: 2, 8: 2, 9: 3, 10: 3, 11: 3}  # winter first


@dataclass(frozen=True)
class HotSpots:
    """Hot cells of the period and of each month.

    `cells`: one row a cell, `hot` and `p_value` of the whole period, and `kind`, `since`, `hot_months`, `looked_months` as
    `hotspots.classify` gives. `period`, `by_month`: `tested`, `found`, `expected` by chance; `by_month` with `month`.
    """

    cells: pd.DataFrame
    period: pd.Series
    by_month: pd.DataFrame


def fit_rates(evidence, months, effort_error):
    """Rates of the places over some months; the city's own looking sets the unit."""
    unknown = [CITIZENS] if CITIZENS in evidence.channels[1:] else []
    units = evidence.ground.units
    return rates.corrected_rates(
        evidence.counts(months),
        evidence.looked(months),
        evidence.channels,
        coordinates=units[["x", "y"]].to_numpy(),
        place_types=units["use"].to_numpy(),
        areas=units["area_name"].to_numpy(),
        unknown_by_area=unknown,
        unknown_by_hour=unknown,
        exposure_error=effort_error,
        confidence=CONFIDENCE,
    )


def cell_rates(evidence, fitted, months, top, inside):
    """Rates of the cells: what the places in each add up to.

    Parameters
    ----------
    evidence : Evidence
    fitted : rates.CorrectedRates
    months : list of str
    top : int
        Length of the list of places.
    inside : np.ndarray of bool, shape (cells,)
        Cells that are ranked.

    Returns
    -------
    pd.DataFrame, one row a cell of the ground
        The columns of `ground.cells`; `rate` with `low`, `high` (90%), all over the mean cell's, `rank`, `rank_low`,
        `rank_high`, `p_first`, `p_top` (of being among the first `top`): missing where less than half of the cell's places
        has a rate, ranks also outside `inside`; `watched`: hours of the city's own channels that are known place by place;
        `effort`: "known", "assumed", "citizens" (nobody else ever looked), "unknown" or "never".
    """
    ground, place = evidence.ground, fitted.by_place
    rated = place["effort"].isin(RATED).to_numpy()
    whole = ground.share.sum(axis=1)
    enough = (ground.share @ rated.astype(float) >= 0.5 * whole) & (whole > 0)
    drawn = np.nan_to_num(fitted.draws(DRAWS)) @ ground.share.T
    rate = np.where(enough, ground.share @ place["rate"].fillna(0.0).to_numpy(), np.nan)
    drawn = np.where(enough, drawn, np.nan)
    ranks = hotspots.ranks_of_draws(np.where(inside, drawn, np.nan), np.where(inside, rate, np.nan), CONFIDENCE, top)
    tail = 100 * (1 - CONFIDENCE) / 2
    low, high = (np.percentile(drawn, side, axis=0) for side in (tail, 100 - tail))
    if not ground.by_street:
        low, high = place["low"].to_numpy(), place["high"].to_numpy()
    mean = np.nanmean(rate)
    return ground.cells.assign(
        rate=rate / mean, low=np.where(enough, low, np.nan) / mean, high=np.where(enough, high, np.nan) / mean,
        **{name: ranks[name].to_numpy() for name in ("rank", "rank_low", "rank_high", "p_first", "p_top")},
        watched=_watched(evidence, months), effort=_cell_effort(evidence, place, months),
    )  # fmt: skip


def changed(now, before, false_share):
    """Cells in which clearly more, or less, happens than before, against the mean cell of either period.

    Parameters
    ----------
    now, before : pd.DataFrame
        As `cell_rates` returns, of the same cells.
    false_share : float
        Share of the cells called changed that may be false.

    Returns
    -------
    pd.DataFrame, one row a cell with a rate in both periods
        The columns of `now`; `rate_before`, `rank_before`; `ratio` with `ratio_low`, `ratio_high` (90%); `changed` (bool).

    Notes
    -----
    Normal on the log scale, with the errors of both periods as if they had nothing in common: errors of the effort that
    stay the same from year to year make intervals wider than they need be. Benjamini and Hochberg (1995) over all cells.
    """
    both = now["rate"].gt(0) & before["rate"].gt(0)
    table, earlier = now[both], before[both]
    step = norm.ppf((1 + CONFIDENCE) / 2)
    errors = [np.log(part["high"] / part["low"]) / (2 * step) for part in (table, earlier)]
    log_ratio, error = np.log(table["rate"] / earlier["rate"]), np.hypot(*errors)
    p_value = 2 * norm.sf(np.abs(log_ratio) / error)
    return table.assign(
        rate_before=earlier["rate"], rank_before=earlier["rank"], ratio=np.exp(log_ratio),
        ratio_low=np.exp(log_ratio - step * error), ratio_high=np.exp(log_ratio + step * error),
        changed=false_discovery_control(p_value) <= false_share if len(table) else np.empty(0, bool),
    )  # fmt: skip


def _watched(evidence, months):
    """Hours of the city's own channels in each cell, of those known place by place."""
    own = [channel for channel in evidence.channels if channel != CITIZENS and channel not in evidence.by_area]
    numbers, total = evidence.numbers(months), np.zeros(len(evidence.ground.cells))
    for channel in own:
        total += evidence.cells_of[channel] @ evidence.exposure[channel][numbers].sum(axis=(0, 2)).astype(float)
    return total


def _cell_effort(evidence, place, months):
    """What the rate of a cell rests on: the best that is known of any of its places."""
    share = evidence.ground.share
    found = np.full(share.shape[0], "never", dtype=object)
    for effort in ("unknown", "unlinked", "assumed", "known"):
        has = share @ (place["effort"] == effort).to_numpy(float) > 0
        found[has] = "unknown" if effort == "unlinked" else effort
    own = [channel for channel in evidence.channels if channel != CITIZENS]
    numbers = evidence.numbers(months)
    looked = np.any([evidence.exposure[channel][numbers].any(axis=(0, 2)) for channel in own], axis=0)
    only_citizens = (share @ looked.astype(float) == 0) & np.isin(found, RATED)
    found[only_citizens] = "citizens"
    return found


def by_cell_month(evidence, fitted):
    """Events and exposure in one unit, by month and cell: what hot spots are looked for in.

    Returns
    -------
    counts, exposure : np.ndarray, shape (months, cells)
        Exposure is what a place of rate 1 would give for each mean street's length: so that cells are not hot for having
        many streets. What citizens report in a month is scaled to that month's own level: reporting differs from month to
        month everywhere alike.
    parts : list of (sparse array of shape (cells, units), np.ndarray of shape (months, units))
        What the exposure is made of, a channel each: where in its streets it looks, and how much at each.
    """
    ground, months = evidence.ground, len(evidence.months)
    length = (1 / ground.units["passes"]).to_numpy()
    rate = np.nan_to_num(fitted.by_place["rate"].to_numpy())
    counts, exposure = np.zeros((months, len(ground.cells))), np.zeros((months, len(ground.cells)))
    events, parts = evidence.events(evidence.months), []
    for number, channel in enumerate(evidence.channels):
        catch = fitted.catch[:, :, number]
        if np.isnan(catch).all():
            continue
        own = events[events["channel"] == channel]
        np.add.at(counts, (own["month"].to_numpy(), own["cell"].to_numpy()), own["records"].to_numpy())
        by_unit = np.einsum("muh,uh->mu", evidence.exposure[channel], catch)
        if channel == CITIZENS:
            foreseen = by_unit @ rate
            seen = np.bincount(own["month"], own["records"], minlength=months)
            by_unit *= np.divide(seen, foreseen, out=np.zeros(months), where=foreseen > 0)[:, None]
        parts.append((evidence.cells_of[channel], by_unit * length))
        exposure += (evidence.cells_of[channel] @ (by_unit * length).T).T
    return counts, exposure, parts


def find_hot_spots(evidence, counts, exposure, parts, period, *, false_share, effort_error):
    """Hot cells of the period and of every month, and what kind each is.

    Parameters
    ----------
    evidence : Evidence
    counts, exposure, parts
        As `by_cell_month` returns.
    period : list of str
    false_share, effort_error : float

    Returns
    -------
    HotSpots or None
        None where there are too few cells to tell.

    Notes
    -----
    The permutation test asks whether so much lies together by chance, if cells are alike but for chance of their own. But a
    street lies in several cells, and these share the errors of how much it was looked at. So the number of events around
    the cell has to be improbable besides, given the city's mean and these errors (negative binomial): the larger of the
    two p-values counts.
    """
    cells, numbers = evidence.ground.cells, evidence.numbers(period)
    near = hotspots.neighbours(cells["cell_x"], cells["cell_y"])
    if (exposure[numbers].sum(axis=0) > 0).sum() < 2 * near.sum(axis=1).max(initial=0) or not counts[numbers].any():
        return None
    reach = [(near @ cells_of, by_unit) for cells_of, by_unit in parts]

    def tested(counts, exposure, by_units):
        rates = hotspots.standardised_rates(counts, exposure)
        p_values = hotspots.permutation_p_values(rates, near, draws=PERMUTATIONS)
        p_values = np.maximum(p_values, _by_errors_and_chance(counts, exposure, by_units, near, effort_error))
        return p_values, hotspots.discoveries(p_values, false_share)

    whole = [part[numbers].sum(axis=0)[None, :] for part in (counts, exposure)]
    p_value, hot = tested(*whole, [(around, by_unit[numbers].sum(axis=0)[None, :]) for around, by_unit in reach])
    told = (exposure > 0).sum(axis=1) >= 2 * near.sum(axis=1).max()
    monthly = [part[told] for part in (counts, exposure)]
    p_values, hot_by_month = tested(*monthly, [(around, by_unit[told]) for around, by_unit in reach])
    z = hotspots.gi_star(hotspots.standardised_rates(*monthly), near)
    months = np.array(evidence.months)[told]
    kinds = hotspots.classify(hot_by_month, z, months)
    by_month = hotspots.found_and_expected(p_values, hot_by_month).assign(month=months)
    found = kinds[["kind", "since", "hot_months", "looked_months"]].assign(hot=hot[0], p_value=p_value[0])
    return HotSpots(found, hotspots.found_and_expected(p_value, hot).iloc[0], by_month)


def _by_errors_and_chance(counts, exposure, by_units, near, effort_error):
    """Probability of as many events around each cell, or more, if it were as the whole: by month; missing without exposure."""
    around, expected = ((near @ part.T).T for part in (counts, exposure))
    squares = np.array(
        [sum(reach * own[month] for reach, own in by_units).power(2).sum(axis=1) for month in range(len(counts))]
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        share_of_errors = squares / expected**2  # 1: all around the cell is one street
        expected = expected * (counts.sum(axis=1) / exposure.sum(axis=1))[:, None]
        size = 1 / np.maximum(effort_error**2 * share_of_errors, 1e-9)
        return nbinom.sf(around - 1, size, size / (size + expected))


def stability(evidence, fitted, period, places, false_share):
    """In which share of shifted and resized grids each of `places` (`x`, `y`) is hot."""
    ground, numbers = evidence.ground, evidence.numbers(period)
    events = evidence.events(period)
    at = ground.points[events["point"]]
    parts = [pd.DataFrame({"x": at[:, 0], "y": at[:, 1], "events": events["records"].to_numpy(), "exposure": 0.0})]
    length = (1 / ground.units["passes"]).to_numpy()
    of_point = np.bincount(ground.point_unit, minlength=len(ground.units))[ground.point_unit]
    rate = np.nan_to_num(fitted.by_place["rate"].to_numpy())
    for number, channel in enumerate(evidence.channels):
        catch = np.nan_to_num(fitted.catch[:, :, number])
        by_unit = np.einsum("uh,uh->u", evidence.exposure[channel][numbers].sum(axis=0), catch)
        if channel == CITIZENS and by_unit @ rate > 0:
            own = events.loc[events["channel"] == channel, "records"].sum()
            by_unit = by_unit * own / (by_unit @ rate)
        if channel == CAMERAS:
            unit, point, part = (evidence.cameras[name].to_numpy() for name in ("unit", "point", "part"))
            (x, y), exposed = ground.points[point].T, (by_unit * length)[unit] * part
        else:
            (x, y), exposed = ground.points.T, (by_unit * length)[ground.point_unit] / of_point
        parts.append(pd.DataFrame({"x": x, "y": y, "events": 0.0, "exposure": exposed}))
    points = pd.concat(parts, ignore_index=True)
    return hotspots.stability(
        points, places, ground.cell_metres, grids=GRIDS, false_share=false_share, draws=PERMUTATIONS
    )


def clocks_of(evidence, fitted, period, cells):
    """The course of the day at some cells, each hour drawn to the usual course of its streets.

    Parameters
    ----------
    cells : array-like of int
        Rows of `ground.cells`.

    Returns
    -------
    pd.DataFrame, one row a cell and hour
        `cell`, `hour`, `rate` with `low`, `high` (90%): against the mean of the cell's linked hours; `linked`: whether a
        channel whose exposure by hour is known looked; `records`.
    """
    ground, numbers = evidence.ground, evidence.numbers(period)
    rate = np.nan_to_num(fitted.by_place["rate"].to_numpy())
    usual = ground.share @ np.nan_to_num(fitted.by_place_hour())
    expected, counts = np.zeros_like(usual), np.zeros_like(usual)
    events = evidence.events(period)
    np.add.at(
        counts, (events["cell"].to_numpy(), events["hour"].to_numpy()), events["records"].to_numpy().astype(float)
    )
    for number, channel in enumerate(evidence.channels):
        catch = np.nan_to_num(fitted.catch[:, :, number])
        looked = evidence.exposure[channel][numbers].sum(axis=0) * catch * rate[:, None]
        expected += evidence.cells_of[channel] @ looked
    own = rates.own_clocks(counts, expected, confidence=CONFIDENCE)
    linked = fitted.by_hour["linked"].to_numpy()
    cells = np.asarray(cells, int)
    mean = (usual * np.nan_to_num(own.factor))[cells][:, linked].mean(axis=1, keepdims=True)
    relative = np.divide(usual[cells], mean, out=np.full((len(cells), HOURS), np.nan), where=mean > 0)
    tables = {name: (relative * getattr(own, name)[cells]).ravel() for name in ("factor", "low", "high")}
    return pd.DataFrame(
        {
            "cell": np.repeat(cells, HOURS),
            "hour": np.tile(np.arange(HOURS), len(cells)),
            "rate": tables["factor"],
            "low": tables["low"],
            "high": tables["high"],
            "linked": np.tile(linked, len(cells)),
            "records": counts[cells].ravel(),
        }
    )


def seasons_by_hour(evidence, fitted, period):
    """How often it happens by season and hour, against the mean of all, from the city's own channels.

    Citizens are left out: how readily they report differs by season as well.

    Returns
    -------
    pd.DataFrame, one row a season and hour
        `season` (0 winter … 3 autumn), `hour`, `value` (1: the mean; missing where none of the city's channels looked),
        `records`.
    """
    rate = np.nan_to_num(fitted.by_place["rate"].to_numpy())
    profile = np.nan_to_num(fitted.profiles[fitted.place_types])
    season = np.array([SEASONS[int(month[5:])] for month in evidence.months])
    seen, expected = np.zeros((4, HOURS)), np.zeros((4, HOURS))
    events = evidence.events(period)
    for number, channel in enumerate(evidence.channels):
        if channel == CITIZENS or np.isnan(fitted.catch[:, :, number]).all():
            continue
        own = events[events["channel"] == channel]
        np.add.at(seen, (season[own["month"]], own["hour"].to_numpy()), own["records"].to_numpy().astype(float))
        flat = np.divide(fitted.catch[:, :, number], profile, out=np.zeros_like(profile), where=profile > 0)
        for month in evidence.numbers(period):
            expected[season[month]] += np.einsum("uh,uh,u->h", evidence.exposure[channel][month], flat, rate)
    value = np.divide(seen, expected, out=np.full(seen.shape, np.nan), where=expected > 0)
    shape = np.indices(value.shape)
    return pd.DataFrame(
        {"season": shape[0].ravel(), "hour": shape[1].ravel(), "value": value.ravel(), "records": seen.ravel()}
    )
