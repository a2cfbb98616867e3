"""Small counts left out of a table, with as many others as it takes that nobody can work them out from the totals."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import optimize, sparse

THRESHOLD = 5
TOTAL = "total"


@dataclass(frozen=True)
class Suppressed:
    """`table` with its totals, missing where suppressed; `mask`: True there; `primary`: True where small."""

    table: pd.DataFrame
    mask: pd.DataFrame
    primary: pd.DataFrame


def suppress(counts, *, groups=None, threshold=THRESHOLD, total=TOTAL):
    """A table of counts, with its totals, that may be published.

    Parameters
    ----------
    counts : pd.DataFrame of int, rows and columns of one table, or pd.Series for a single column
        Persons, vehicles or records; not missing.
    groups : pd.Series, same index as counts, optional
        A larger unit of each row (say the 구 or 생활권 of a 읍면동), whose subtotals are published too.
    threshold : int
        Counts from 1 to one less are small.
    total : str
        Label of the totals of rows and columns.

    Returns
    -------
    Suppressed
        Rows as in `counts`, then one a group, then the total; columns as in `counts`, then the total of the row if
        there is more than one column.

    Raises
    ------
    ValueError
        If counts are missing, negative or broken, labels repeat or clash with those of groups or totals, or groups do
        not fit.

    Notes
    -----
    Every small count is left out, in totals too. A zero stays: it tells of nobody, and "nothing was recorded here" is
    what a reader of such a table most needs to know. So readers know that what is missing is at least 1, and are held
    to know it.

    Others are left out with the small ones until each of these might, for all that is published, be any number from 1
    to `threshold` - 1: what is published then tells no more of it than that it is small. (A total that is small itself
    is known to be at least the number of its parts that are not 0.) No other number left out is determined either.
    Which to leave out is a heuristic of least counts lost: for each small count, the cheapest way to move it to either
    end of that range with all published numbers unchanged, by linear programming (Kelly, Golden and Assad 1992,
    Networks 22; Fischetti and Salazar 2001, Journal of the American Statistical Association 96). For the rows and
    columns of one table, with groups of rows, such a way is in whole numbers.

    It guards one table. A second one of the same records (another month's running sum, another grouping) can give away
    what this one holds back.

    Examples
    --------
    >>> counts = pd.DataFrame({"car": [3, 20, 40], "truck": [9, 8, 0]}, index=["north", "south", "west"])
    >>> suppress(counts).table.values.tolist()
    [[nan, nan, 12.0], [nan, nan, 28.0], [40.0, 0.0, 40.0], [63.0, 17.0, 80.0]]
    """
    if isinstance(counts, pd.Series):
        counts = counts.to_frame()
    _check(counts, groups, threshold, total)
    rows, row_labels = _sums(counts.index, groups, total)
    columns, column_labels = (
        _sums(counts.columns, None, total) if counts.shape[1] > 1 else (np.ones((1, 1)), counts.columns)
    )
    values = rows @ counts.to_numpy(float) @ columns.T
    primary = (values > 0) & (values < threshold)
    least = rows @ (counts.to_numpy() > 0) @ columns.T
    mask = _with_complements(values, least, primary, _relations(rows, columns), threshold)
    index = {"index": pd.Index(row_labels, name=counts.index.name), "columns": column_labels}
    table = pd.DataFrame(np.where(mask, np.nan, values), **index)
    return Suppressed(table, pd.DataFrame(mask, **index), pd.DataFrame(primary, **index))


def _sums(labels, groups, total):
    """Matrix that adds groups and the total to the numbers of a margin, and the labels of what comes out."""
    parts, names = [np.eye(len(labels))], list(labels)
    if groups is not None:
        units = list(dict.fromkeys(groups))
        parts.append(np.array([groups == unit for unit in units], float))
        names += units
    return np.vstack([*parts, np.ones((1, len(labels)))]), [*names, total]


def _relations(rows, columns):
    """Sums that hold between the numbers of the whole table: matrix that times the numbers gives 0."""
    row_part, column_part = (_holds(sums) for sums in (rows, columns))
    by_row = sparse.kron(row_part, sparse.eye_array(len(columns)))
    by_column = sparse.kron(sparse.eye_array(len(rows)), column_part)
    return sparse.vstack([by_row, by_column], format="csr")


def _holds(sums):
    """Rows that give 0 for the numbers along one margin: the parts of each sum, less the sum."""
    added = sums[sums.shape[1] :]
    return sparse.csr_array(np.hstack([added, -np.eye(len(added))]))


def _with_complements(values, least, primary, relations, threshold):
    """Which numbers to leave out, so that each small one can move over the range that small ones have.

    `least` is what a number must be at any rate: 1 for each count in it that is not 0.
    """
    values, least, mask = values.ravel(), least.ravel(), primary.ravel().copy()
    for cell in np.flatnonzero(mask):
        greatest = max(threshold - 1, least[cell] + 1)
        for target in (least[cell], greatest):
            mask |= _moved(values, least, mask, relations, cell, target - values[cell])
    return mask.reshape(primary.shape)


def _moved(values, least, mask, relations, cell, change):
    """Numbers that move if one of them does and all sums still hold, at the least cost in numbers not yet left out."""
    if change == 0:
        return np.zeros(len(values), bool)
    cost = np.where(mask, 0.0, values)
    # Moves up and moves down are variables of their own, each with its least and its most.
    up = np.c_[np.zeros(len(values)), np.where(values > 0, np.inf, 0.0)]
    down = np.c_[np.zeros(len(values)), values - least]
    up[cell], down[cell] = max(change, 0), max(-change, 0)
    found = optimize.linprog(
        np.r_[cost, cost],
        A_eq=sparse.hstack([relations, -relations], format="csr"),
        b_eq=np.zeros(relations.shape[0]),
        bounds=np.vstack([up, down]),
        method="highs-ds",
    )
    moved = found.x[: len(values)] - found.x[len(values) :]
    return np.abs(moved) > 0.5


def _check(counts, groups, threshold, total):
    values = counts.to_numpy()
    if not counts.size:
        raise ValueError(f"counts must have rows and columns, got shape {counts.shape}")
    if not (np.isfinite(values.astype(float)).all() and (values >= 0).all() and (values == np.round(values)).all()):
        raise ValueError("counts must be whole numbers of 0 or more; a missing count is no count of 0")
    if not threshold >= 2:
        raise ValueError(f"threshold must be 2 or more, got {threshold}")
    if groups is not None and (not groups.index.equals(counts.index) or groups.isna().any()):
        raise ValueError("groups must name a unit for each row of counts, with the same index")
    units = [] if groups is None else list(dict.fromkeys(groups))
    for labels in ([*counts.index, *units, total], [*counts.columns, total]):
        repeated = pd.Index(labels)[pd.Index(labels).duplicated()]
        if len(repeated):
            raise ValueError(f"labels of rows, groups, columns and totals must differ; repeated: {list(repeated)}")
