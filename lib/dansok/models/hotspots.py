"""Where neighbouring cells are hot together, since when, and how much of that would also be found by chance.

Only cells that were looked at take part: a missing value is a cell nobody looked at, neither zero nor a neighbour.
"""

import numpy as np
import pandas as pd
from scipy import sparse, spatial, stats

TREND_P = 0.05
STEADY_SHARE = 0.6
RECENT_MONTHS = 3
SETTLED_MONTHS = 6

TAMED_BEYOND, TAMING_ROUNDS = 3.0, 12

# Sides of the shifted and resized grids, as multiples of the printed one; the first grid is the printed one itself.
GRID_SIDES = (1.0, 0.75, 1.25, 1.5)
# Two numbers whose multiples fill the unit square evenly (Roberts 2018, the R2 sequence).
SHIFT_STEP = np.array([0.7548776662466927, 0.5698402909980532])


def neighbours(cell_x, cell_y, reach=1.0, shape="queen"):
    """Which cells belong to the neighbourhood of each cell, itself included.

    Parameters
    ----------
    cell_x, cell_y : array-like of int, shape (n_cells,)
        Grid positions of the cells that take part; they need not fill a rectangle.
    reach : float
        How far a neighbourhood reaches, in cells.
    shape : {"queen", "disc"}
        "queen": the square of cells up to `reach` columns and rows away. "disc": the cells whose middle lies within
        `reach` of the cell's own.

    Returns
    -------
    scipy.sparse.csr_array, shape (n_cells, n_cells)
        1.0 for every cell in the row's neighbourhood.

    Raises
    ------
    ValueError
        If a cell comes twice, or `shape` or `reach` is impossible.

    Examples
    --------
    >>> neighbours([0, 1, 1, 5], [0, 0, 1, 5]).sum(axis=1).astype(int).tolist()
    [3, 3, 3, 1]
    """
    norms = {"queen": np.inf, "disc": 2.0}
    if shape not in norms:
        raise ValueError(f"shape must be one of {list(norms)}, got {shape!r}")
    if not reach >= 0:
        raise ValueError(f"reach must be at least 0 cells, got {reach}")
    cells = np.column_stack([np.asarray(cell_x), np.asarray(cell_y)])
    if len(np.unique(cells, axis=0)) < len(cells):
        raise ValueError("a cell comes twice")
    nearby = spatial.cKDTree(cells).query_pairs(reach + 1e-9, p=norms[shape], output_type="ndarray")
    itself = np.arange(len(cells))
    rows, columns = np.r_[nearby[:, 0], nearby[:, 1], itself], np.r_[nearby[:, 1], nearby[:, 0], itself]
    return sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=(len(cells), len(cells)))


def standardised_rates(counts, exposure):
    """Rates less the overall one, in standard deviations of a rate that rests on that exposure; extremes are tamed.

    Parameters
    ----------
    counts, exposure : array-like of float, shape (n_months, n_cells)
        Events, and what they could be seen in. Where exposure is 0 or missing nobody looked.

    Returns
    -------
    np.ndarray, shape (n_months, n_cells)
        Missing where nobody looked; 0 throughout a month without any event.

    Notes
    -----
    The empirical-Bayes index v of Assunção and Reis (1999), Statistics in Medicine 18: variance between cells by
    moments, and Poisson variance by exposure. Bare rates of cells hardly looked at jump between 0 and very much; where
    such cells lie side by side, as at the edge of a patrol, they make bare rates hot by chance alone.

    Returned is c asinh(v / c) with c = TAMED_BEYOND, which is v up to about c and grows like its logarithm beyond;
    rates beyond c deviations (and c events) count as just that in the overall rate and the deviation (winsorising,
    Huber 1981, Robust Statistics). Else one or two addresses with a hundred times the usual, as there are among
    citizens' reports, are all that a city's permutations see, and no neighbourhood is ever hot.

    Examples
    --------
    >>> standardised_rates([[2, 20, 3, 9]], [[1.0, 10.0, 0.0, 10.0]]).round(2).tolist()
    [[0.42, 1.05, nan, -1.15]]
    """
    counts, exposure = _by_month(counts, "counts"), _by_month(exposure, "exposure")
    if counts.shape != exposure.shape:
        raise ValueError(f"counts have the shape {counts.shape}, exposure {exposure.shape}")
    if (exposure < 0).any() or (counts < 0).any():
        raise ValueError("counts and exposure must not be below zero")
    looked = (exposure > 0) & np.isfinite(counts)
    rates = np.divide(counts, exposure, out=np.full(counts.shape, np.nan), where=looked)
    weight = np.where(looked, exposure, 0.0)
    total, cells = (part.sum(axis=1, keepdims=True) for part in (weight, weight > 0))
    bounded = rates
    with np.errstate(invalid="ignore", divide="ignore"):
        for _round in range(TAMING_ROUNDS):
            overall = np.nansum(bounded * weight, axis=1, keepdims=True) / total
            spread = np.nansum(weight * (bounded - overall) ** 2, axis=1, keepdims=True) / total
            deviation = np.sqrt(np.maximum(spread - overall * cells / total, 0.0) + overall / exposure)
            bounded = np.minimum(rates, np.maximum(overall + TAMED_BEYOND * deviation, TAMED_BEYOND / exposure))
    index = np.divide(rates - overall, deviation, out=np.where(looked, 0.0, np.nan), where=looked & (deviation > 0))
    return TAMED_BEYOND * np.arcsinh(index / TAMED_BEYOND)


def gi_star(values, near):
    """Getis-Ord Gi*: how far the sum over each neighbourhood lies above what cells in any other order would give.

    Parameters
    ----------
    values : array-like of float, shape (n_months, n_cells)
        Rates or counts; missing where nobody looked in that month.
    near : scipy.sparse array, shape (n_cells, n_cells)
        As `neighbours` gives.

    Returns
    -------
    np.ndarray, shape (n_months, n_cells)
        Standard deviations (z). Missing where nobody looked, where all values are alike, and where the neighbourhood is
        the whole city.

    Notes
    -----
    Ord and Getis (1995), Geographical Analysis 27, eq. 14, with binary weights, each month by itself. The same as
    `esda.G_Local(star=True, transform="B")`. Its normal p-values (`scipy.stats.norm.sf`) are wrong for heavy-tailed
    values: use `permutation_p_values`.

    Examples
    --------
    >>> near = neighbours([0, 1, 2, 3, 4], [0, 0, 0, 0, 0])
    >>> gi_star([[9, 8, 1, 0, 0]], near).round(2).tolist()
    [[1.99, 1.46, -0.36, -1.99, -1.46]]
    """
    values = _by_month(values, "values")
    sums, sizes, looked = _neighbourhood_sums(values, near)
    cells = looked.sum(axis=1, keepdims=True)
    known = np.where(looked, values, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = known.sum(axis=1, keepdims=True) / cells
        variance = (np.where(looked, values - mean, 0.0) ** 2).sum(axis=1, keepdims=True) / cells
        deviation = np.sqrt(variance * sizes * (cells - sizes) / (cells - 1))
        z = (sums - sizes * mean) / deviation
    return np.where(looked & (deviation > 1e-12 * np.abs(mean)), z, np.nan)


def permutation_p_values(values, near, draws=99_999, seed=0):
    """Chance that as many cells, drawn anywhere in the city, sum up to as much as the neighbourhood does.

    Parameters
    ----------
    values, near
        As for `gi_star`.
    draws : int
        Draws a month; the smallest possible p is 1 / (draws + 1).
    seed : int

    Returns
    -------
    np.ndarray, shape (n_months, n_cells)
        One-sided p (hot). Missing where nobody looked.

    Notes
    -----
    A neighbourhood of m cells is compared with m cells drawn without replacement from all cells of the month. This is
    the distribution whose mean and variance make z (Ord and Getis 1995); the normal curve is only its approximation,
    and a poor one for heavy-tailed values: in cities without hot spots it called something hot in 61 of 100 with
    exponential values, in all with lognormal ones. A cell's own value counts as evidence, unlike in the conditional
    permutations of `esda`, which hold it fixed, and found fewer planted cells in trials. All neighbourhoods of one size
    share the draws. p counts the observed sum as one more draw (Phipson and Smyth 2010, Statistical Applications in
    Genetics and Molecular Biology 9), so that it is never too small, whatever the number of draws.

    Examples
    --------
    >>> near = neighbours([0, 1, 2, 3, 4], [0, 0, 0, 0, 0])
    >>> permutation_p_values([[9, 8, 1, 0, 0]], near).round(2).tolist()
    [[0.1, 0.1, 0.8, 1.0, 1.0]]
    """
    values = _by_month(values, "values")
    if draws < 1:
        raise ValueError(f"draws must be at least 1, got {draws}")
    sums, sizes, looked = _neighbourhood_sums(values, near)
    largest = sizes.max(axis=1, initial=0)
    chance, p_values, picked, population = np.random.default_rng(seed), np.full(values.shape, np.nan), None, 0
    for month in np.flatnonzero(looked.any(axis=1)):
        here = looked[month]
        if picked is None or here.sum() != population or len(picked) < largest[month]:
            population = here.sum()
            picked = _draw_without_replacement(population, largest[month], draws, chance)
        p_values[month, here] = _share_reached(sums[month, here], sizes[month, here], values[month, here], picked)
    return p_values


def hot_cells(values, near, exposure=None, false_share=0.05, draws=99_999, seed=0):
    """Cells whose neighbourhood is hotter than chance, no more than a given share of them falsely.

    Parameters
    ----------
    values : array-like of float, shape (n_months, n_cells)
        Rates, or counts if there is `exposure`; missing where nobody looked.
    near : scipy.sparse array, shape (n_cells, n_cells)
        As `neighbours` gives.
    exposure : array-like of float, shape (n_months, n_cells), optional
        What the counts could be seen in; they are then made `standardised_rates`.
    false_share : float
        False discovery rate, within each month.
    draws, seed : int
        As for `permutation_p_values`.

    Returns
    -------
    p_values : np.ndarray of float, shape (n_months, n_cells)
        Missing where nobody looked.
    hot : np.ndarray of bool, same shape
        False where nobody looked.

    Notes
    -----
    `discoveries` of `permutation_p_values`. Each neighbourhood is compared with all cells, hot ones too, so that hot cells
    hide one another. To take out what was found and to test the rest again finds more where there are few hot spots on an
    even ground; where rates differ gradually all over the city it finds the next best, round after round, up to half of it.

    Examples
    --------
    >>> column, row = np.meshgrid(range(9), range(9))
    >>> values = np.where((column < 3) & (row < 3), 5, (column + 2 * row) % 4)
    >>> p_values, hot = hot_cells([values.ravel()], neighbours(column.ravel(), row.ravel()), draws=9_999)
    >>> print(hot.reshape(9, 9)[:5, :5].astype(int))
    [[1 1 1 0 0]
     [1 1 1 0 0]
     [1 1 0 0 0]
     [0 0 0 0 0]
     [0 0 0 0 0]]
    """
    values = _by_month(values, "values")
    if not 0 < false_share < 1:
        raise ValueError(f"false_share must lie between 0 and 1, got {false_share}")
    if exposure is not None:
        values = standardised_rates(values, exposure)
    p_values = permutation_p_values(values, near, draws=draws, seed=seed)
    return p_values, discoveries(p_values, false_share)


def discoveries(p_values, false_share):
    """Which tests are discoveries, each month by itself, no more than a given share of them falsely.

    Parameters
    ----------
    p_values : np.ndarray of float, shape (n_months, n_cells)
        Missing where nothing was tested.
    false_share : float

    Returns
    -------
    np.ndarray of bool, same shape
        By Benjamini and Hochberg (1995), `scipy.stats.false_discovery_control`; False where nothing was tested.

    Examples
    --------
    >>> discoveries(np.array([[0.001, 0.02, 0.9, np.nan]]), 0.05).tolist()
    [[True, True, False, False]]
    """
    hot = np.zeros(p_values.shape, bool)
    for month, known in enumerate(np.isfinite(p_values)):
        if known.any():
            hot[month, known] = stats.false_discovery_control(p_values[month, known]) <= false_share
    return hot


def found_and_expected(p_values, hot):
    """How many cells are hot in each month, and how many would pass the same p if nothing were hot.

    Parameters
    ----------
    p_values : array-like of float, shape (n_months, n_cells)
    hot : array-like of bool, same shape
        As `hot_cells` gives.

    Returns
    -------
    pd.DataFrame, one row a month
        `tested`: cells looked at. `found`: hot ones. `largest_p`: largest p among them, missing if none is hot.
        `expected`: tested × largest_p, cells that chance alone would let pass; 0 if none is hot.

    Examples
    --------
    >>> found_and_expected([[0.001, 0.02, 0.04, 0.9, np.nan]], [[True, True, False, False, False]]).values.tolist()
    [[4.0, 2.0, 0.02, 0.08]]
    """
    p_values, hot = _by_month(p_values, "p_values"), np.asarray(hot, bool)
    if hot.shape != p_values.shape:
        raise ValueError(f"hot has the shape {hot.shape}, p_values {p_values.shape}")
    tested, found = np.isfinite(p_values).sum(axis=1), hot.sum(axis=1)
    largest = np.where(hot, p_values, -np.inf).max(axis=1, initial=-np.inf)
    largest = np.where(found > 0, largest, np.nan)
    expected = np.where(found > 0, tested * largest, 0.0)
    return pd.DataFrame({"tested": tested, "found": found, "largest_p": largest, "expected": expected})


def mann_kendall(series, serial=False):
    """Whether each series rises or falls.

    Parameters
    ----------
    series : array-like of float, shape (n_months, n_series)
        In order of time; may be missing.
    serial : bool
        Allow for months that resemble the month before (first-order autocorrelation), which else passes for a trend.

    Returns
    -------
    pd.DataFrame, one row a series
        `score`: pairs of months that rise less those that fall. `z`: in standard deviations, with continuity and tie
        correction. `p_value`: two-sided. All but `score` are missing with fewer than 4 known months (8 if `serial`), or
        if all are alike.

    Notes
    -----
    Mann (1945), Econometrica 13; Kendall (1975), Rank Correlation Methods. `serial`: the variance is raised as in Hamed
    and Rao (1998), Journal of Hydrology 204, eq. 9, with the autocorrelations of the ranks about the straight line
    taken as powers of the first one, which is freed of its bias of −(2 + 4ρ)/n (Marriott and Pope 1954, Biometrika 41)
    and never below zero. Months are taken in their order; gaps are closed. With ρ = 0.5 and 36 months without a trend
    the plain test fires in 23 of 100 series, this one in 7.

    Examples
    --------
    >>> mann_kendall([[1.0], [3.0], [2.0], [5.0], [6.0], [7.0]]).round(3).values.tolist()
    [[13.0, 2.254, 0.024]]
    """
    series = _by_month(series, "series")
    months = np.isfinite(series).sum(axis=0).astype(float)
    score, ties = np.zeros(series.shape[1]), np.zeros(series.shape[1])
    for month, values in enumerate(series):
        known = np.isfinite(values)
        later = series[month + 1 :]
        score += np.nansum(np.sign(later - values), axis=0)
        alike = (series == values).sum(axis=0)  # itself included: summed over months gives t (t - 1) (2 t + 5) a tie
        ties += np.where(known, (alike - 1.0) * (2.0 * alike + 5.0), 0.0)
    variance = (months * (months - 1) * (2 * months + 5) - ties) / 18
    if serial:
        variance = variance * _serial_inflation(series, months)
    enough = (months >= (8 if serial else 4)) & (variance > 0)
    z = np.where(enough, (score - np.sign(score)) / np.sqrt(np.where(enough, variance, 1.0)), np.nan)
    return pd.DataFrame({"score": score, "z": z, "p_value": 2 * stats.norm.sf(np.abs(z))})


def classify(hot, z, months):
    """What kind of hot spot each cell is, by one rule, and since when.

    Parameters
    ----------
    hot : array-like of bool, shape (n_months, n_cells)
        As `hot_cells` gives.
    z : array-like of float, same shape
        As `gi_star` gives; missing where nobody looked.
    months : sequence, length n_months
        Their names, in order.

    Returns
    -------
    pd.DataFrame, one row a cell
        `kind`: see Notes; missing for a cell that is no hot spot now.
        `since`: name of the month since which it holds (sporadic: the first hot month); missing with `kind`.
        `hot_months`, `looked_months`: in all months.
        `trend_z`, `trend_p`: of the whole series, allowing for autocorrelation.

    Notes
    -----
    Months in which nobody looked are passed over. A cell is a hot spot now if it was hot in at least one of its last
    RECENT_MONTHS months. It is *settled* since the earliest hot month from which on it was hot in at least STEADY_SHARE
    of its months. Then, the first that applies:

    - new: settled for at most SETTLED_MONTHS months, and never hot before.
    - intensifying, diminishing: settled for longer, with a rising or falling `mann_kendall` trend of z (p < TREND_P).
    - persistent: settled for longer, without a trend.
    - sporadic: any other.

    Examples
    --------
    >>> hot = np.array([[1, 0, 1], [1, 0, 0], [1, 0, 0], [1, 0, 1], [1, 0, 0], [1, 0, 0], [1, 1, 0], [1, 1, 1]], bool)
    >>> months = [f"2025-0{number}" for number in range(1, 9)]
    >>> classify(hot, np.where(hot, 4.0, 0.0), months)[["kind", "since"]].values.tolist()
    [['persistent', '2025-01'], ['new', '2025-07'], ['sporadic', '2025-01']]
    """
    hot, z = np.asarray(hot, bool), _by_month(z, "z")
    if hot.shape != z.shape or len(months) != len(z):
        raise ValueError(f"hot has the shape {hot.shape}, z {z.shape}, and there are {len(months)} months")
    looked = np.isfinite(z) | hot
    # month by month from the end: how many looked-at and hot months there are from this one on
    looked_since, hot_since = (np.cumsum(part[::-1], axis=0)[::-1] for part in (looked, hot))
    steady = hot & (hot_since >= STEADY_SHARE * looked_since)
    now = (hot & (looked_since <= RECENT_MONTHS)).any(axis=0)
    settled = now & steady.any(axis=0)
    first = np.where(settled, steady.argmax(axis=0), hot.argmax(axis=0))
    cell = np.arange(hot.shape[1])
    length, before = looked_since[first, cell], hot_since[0] - hot_since[first, cell]
    trend = mann_kendall(z, serial=True)
    moves = (trend["p_value"] < TREND_P).to_numpy()
    kind = np.select(
        [
            ~now,
            settled & (length <= SETTLED_MONTHS) & (before == 0),
            settled & (length > SETTLED_MONTHS) & moves & (trend["z"] > 0),
            settled & (length > SETTLED_MONTHS) & moves & (trend["z"] < 0),
            settled & (length > SETTLED_MONTHS),
        ],
        ["", "new", "intensifying", "diminishing", "persistent"],
        "sporadic",
    )
    kind = pd.Series(kind).where(now)
    first = np.where(kind == "sporadic", hot.argmax(axis=0), first)
    return pd.DataFrame(
        {
            "kind": kind,
            "since": pd.Series(np.asarray(months, object)[first]).where(now),
            "hot_months": hot.sum(axis=0),
            "looked_months": looked.sum(axis=0),
            "trend_z": trend["z"],
            "trend_p": trend["p_value"],
        }
    )


def stability(points, places, cell_metres, grids=20, false_share=0.05, draws=99_999, seed=0):
    """In how many shifted and resized grids each place lies in a hot cell.

    Parameters
    ----------
    points : pd.DataFrame, one row a record, or a place looked at
        `x`, `y` in metres; `events`, 0 where somebody looked in vain; optionally `exposure`, which adds up in a cell as
        events do. A cell without any row was not looked at.
    places : pd.DataFrame, one row a place
        `x`, `y` in metres.
    cell_metres : float
        Side of the printed grid's cells; that grid starts at the coordinates' origin and comes first.
    grids : int
        How many grids, the printed one included: sides of GRID_SIDES times `cell_metres` in turn, corners shifted.
    false_share, draws, seed
        As for `hot_cells`.

    Returns
    -------
    np.ndarray of float, shape (n_places,)
        Share of the grids in which the cell around the place was looked at; missing where it never was.

    Notes
    -----
    Neighbourhoods are 3 × 3 cells. Without `exposure`, sums of events are compared as they are.

    Examples
    --------
    >>> column, row = np.meshgrid(np.arange(20), np.arange(20))
    >>> points = pd.DataFrame({"x": column.ravel() * 100 + 50, "y": row.ravel() * 100 + 50})
    >>> points["events"] = np.where((points.x < 500) & (points.y < 500), 20, 1)
    >>> stability(points, pd.DataFrame({"x": [250, 1850], "y": [250, 1850]}), 100, draws=9_999).tolist()
    [1.0, 0.0]
    """
    if not cell_metres > 0 or grids < 1:
        raise ValueError(f"cell_metres must be above 0 and grids at least 1, got {cell_metres} and {grids}")
    if not np.isfinite(points[["x", "y", "events"]].to_numpy(float)).all():
        raise ValueError("points have a missing x, y or events")
    hot, seen = np.zeros(len(places)), np.zeros(len(places))
    for grid in range(grids):
        side = cell_metres * GRID_SIDES[grid % len(GRID_SIDES)]
        shift = side * (grid * SHIFT_STEP % 1.0)
        cells, cell_of_point = np.unique(_cell_numbers(points, side, shift), return_inverse=True)
        events = np.bincount(cell_of_point, points["events"])[None, :]
        exposure = np.bincount(cell_of_point, points["exposure"])[None, :] if "exposure" in points else None
        near = neighbours(cells.real, cells.imag)
        p_values, called = hot_cells(events, near, exposure, false_share, draws, seed + grid)
        wanted = _cell_numbers(places, side, shift)
        found = np.minimum(np.searchsorted(cells, wanted), len(cells) - 1)
        known = (cells[found] == wanted) & np.isfinite(p_values[0, found])
        seen += known
        hot += known & called[0, found]
    return np.divide(hot, seen, out=np.full(len(places), np.nan), where=seen > 0)


def ranks_of_draws(drawn, rates, confidence=0.9, top=1):
    """Ranks of places, and which ranks the draws of their rates leave possible.

    Parameters
    ----------
    drawn : array-like of float, shape (n_draws, n_places)
        Rates of all places together, as often as drawn; missing for a place without a rate.
    rates : array-like of float, shape (n_places,)
        Estimates; missing with `drawn`.
    confidence : float
        Share of the draws that each interval holds.
    top : int
        Length of the list that `p_top` is about.

    Returns
    -------
    pd.DataFrame, one row a place
        `rate`; `rank`: of the estimate, 1 the highest; `rank_low`, `rank_high`: interval of the rank, low being the better
        one; `p_first`: chance of being first; `p_top`: of being among the first `top`. All missing for a place without a
        rate.

    Notes
    -----
    Ranks of draws from the posterior (Laird and Louis 1989, Journal of Educational Statistics 14), not of a bootstrap over
    periods, which does not shrink the extremes, and those are the ones looked at. Lists put in order of `p_top` hold as
    many of the true first ones as can be expected of any (Lin et al. 2006, Bayesian Analysis 1).

    Examples
    --------
    >>> ranks_of_draws([[3.0, 1.0, np.nan], [3.0, 4.0, np.nan]], [3.0, 2.5, np.nan], top=2)[["p_first", "p_top"]].values.tolist()
    [[0.5, 1.0], [0.5, 1.0], [nan, nan]]
    """
    drawn, rates = np.asarray(drawn, float), np.asarray(rates, float)
    if drawn.ndim != 2 or drawn.shape[1:] != rates.shape:
        raise ValueError(f"drawn has the shape {drawn.shape}, rates {rates.shape}")
    columns = ["rate", "rank", "rank_low", "rank_high", "p_first", "p_top"]
    table = pd.DataFrame(np.nan, range(len(rates)), columns)
    known = np.isfinite(rates)
    if not known.any():
        return table
    drawn = drawn[:, known]
    ranks = np.empty(drawn.shape, np.int32)
    in_order = np.arange(1, drawn.shape[1] + 1, dtype=np.int32)[None, :]
    np.put_along_axis(ranks, np.argsort(-drawn, axis=1), in_order, axis=1)
    tail = (1 - confidence) / 2
    table.loc[known, "rate"], table.loc[known, "rank"] = rates[known], stats.rankdata(-rates[known], method="min")
    table.loc[known, "rank_low"] = np.quantile(ranks, tail, axis=0, method="inverted_cdf")
    table.loc[known, "rank_high"] = np.quantile(ranks, 1 - tail, axis=0, method="inverted_cdf")
    table.loc[known, "p_first"], table.loc[known, "p_top"] = (ranks == 1).mean(axis=0), (ranks <= top).mean(axis=0)
    return table


def _by_month(values, name):
    values = np.asarray(values, float)
    if values.ndim != 2:
        raise ValueError(f"{name} must have two axes, periods and places, got {values.ndim}")
    if np.isinf(values).any():
        raise ValueError(f"{name} hold an infinite value")
    return values


def _neighbourhood_sums(values, near):
    """Sum over each neighbourhood, cells in it, and where somebody looked; all (n_months, n_cells)."""
    if near.shape != (values.shape[1],) * 2:
        raise ValueError(f"values have {values.shape[1]} cells, the neighbourhoods {near.shape[0]}")
    looked = np.isfinite(values)
    sums = (near @ np.where(looked, values, 0.0).T).T
    sizes = (near @ looked.T.astype(float)).T
    return sums, np.where(looked, sizes, 0).astype(int), looked


def _draw_without_replacement(population, size, draws, chance):
    """`draws` samples of distinct numbers below `population`, one a column; the first m rows are samples of size m."""
    sample, in_order = np.empty((size, draws), np.int32), []
    for taken in range(size):
        pick = chance.integers(population - taken, size=draws, dtype=np.int32)
        for earlier in in_order:  # number `pick` of those not yet taken
            pick += pick >= earlier
        sample[taken] = pick
        for place, earlier in enumerate(in_order):
            in_order[place], pick = np.minimum(earlier, pick), np.maximum(earlier, pick)
        in_order.append(pick)
    return sample


def _share_reached(sums, sizes, values, picked):
    """Share of the drawn sums, the observed one included, that reach the observed one."""
    drawn = np.cumsum(values[picked], axis=0)
    rounding = 1e-9 * np.abs(values).max()  # sums of the same values in another order are ties
    p_values = np.empty(len(sums))
    for size in np.unique(sizes):
        here = sizes == size
        below = np.searchsorted(np.sort(drawn[size - 1]), sums[here] - rounding)
        p_values[here] = (picked.shape[1] - below + 1) / (picked.shape[1] + 1)
    return p_values


def _serial_inflation(series, months):
    """How many times the variance of the Mann-Kendall score is that of independent months."""
    time = np.where(np.isfinite(series), np.arange(len(series), dtype=float)[:, None], np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        time -= np.nansum(time, axis=0) / months
        centred = series - np.nansum(series, axis=0) / months
        slope = np.nansum(time * centred, axis=0) / np.nansum(time**2, axis=0)
        ranks = stats.rankdata(centred - slope * time, axis=0, nan_policy="omit") - (months + 1) / 2
        ranks = _gaps_closed(ranks)
        first = (ranks[1:] * ranks[:-1]).sum(axis=0) / (ranks**2).sum(axis=0)
        first = np.nan_to_num(np.clip((first * months + 2) / (months - 4), 0.0, 0.95))
        lags = np.arange(1, len(series))[:, None]
        left = np.maximum(months - lags, 2.0)
        weighted = (left * (left - 1) * (left - 2) * first**lags).sum(axis=0)
        return 1 + 2 * weighted / (months * (months - 1) * (months - 2))


def _gaps_closed(series):
    """Known values of each column moved up to its start, zeros after them."""
    order = np.argsort(np.isnan(series), axis=0, kind="stable")
    return np.nan_to_num(np.take_along_axis(series, order, axis=0))


def _cell_numbers(table, side, shift):
    """Column and row of the cell of each position, as one complex number."""
    column, row = np.floor((table["x"] - shift[0]) / side), np.floor((table["y"] - shift[1]) / side)
    return column.to_numpy() + 1j * row.to_numpy()
