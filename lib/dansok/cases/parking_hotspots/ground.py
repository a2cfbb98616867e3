"""The places of the case: street segments where the city gives them, else grid cells; and the grid on which both are shown.

What happens is estimated for streets where that can be: a cell that two streets cross is looked at as often as either, and
its records are no mean of both. Cells then add up the streets in them.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
from scipy import sparse
from scipy.spatial import KDTree

from dansok.space import area_of

STEP_METRES = 5  # between the points that stand for a street
NEAR_CELLS = 3  # within which a place without a name is called after another
NOWHERE = ""  # the 읍면동 of a place outside every one


@dataclass(frozen=True)
class Ground:
    """Places and grid cells.

    Attributes
    ----------
    units : pd.DataFrame, one row a place
        `x`, `y` (middle, metres), `area_name`, `use` (land use, one for all where not known), `passes`: passes of the whole
        place that an hour of driving in it makes, against a mean street; 1 for cells.
    cells : pd.DataFrame, one row a cell of the grid
        `cell_x`, `cell_y`, `x`, `y` (middle), `area_name`, `metres` (length of its streets over that of a mean street; 1
        without streets).
    share : sparse array, shape (cells, units)
        Part of each place that lies in each cell.
    by_street : bool
        Whether places are streets.
    points : np.ndarray, shape (points, 2)
        Points along the streets, or the middles of the cells; `point_unit`, `point_cell`: their place and cell.
    """

    units: pd.DataFrame
    cells: pd.DataFrame
    share: sparse.csr_array
    by_street: bool
    points: np.ndarray
    point_unit: np.ndarray
    point_cell: np.ndarray
    cell_metres: int

    def locate(self, x, y):
        """Row of `points` that stands for each position; -1 where there is none.

        With streets it is the nearest point of any, however far off a satellite puts the position.
        """
        positions = np.column_stack([np.asarray(x, float), np.asarray(y, float)])
        found = np.full(len(positions), -1)
        known = np.isfinite(positions).all(axis=1)
        if not known.any() or not len(self.points):
            return found
        if self.by_street:
            found[known] = KDTree(self.points).query(positions[known])[1]
            return found
        numbers = pd.MultiIndex.from_frame(self.cells[["cell_x", "cell_y"]])
        wanted = (positions[known] // self.cell_metres).astype("int64")
        found[known] = numbers.get_indexer(pd.MultiIndex.from_arrays(wanted.T))
        return found


def ground_of(streets, areas, seen, cell_metres):
    """The places of a city.

    Parameters
    ----------
    streets : pd.DataFrame
        As `tables.STREETS` describes; may be empty.
    areas : geopandas.GeoDataFrame
        With `area_name`.
    seen : pd.DataFrame
        `x`, `y` of everything that was ever recorded, and of everybody who looked: without streets, the cells that hold any
        of it are the places.
    cell_metres : int

    Returns
    -------
    Ground
    """
    if len(streets):
        return _streets(streets, areas, cell_metres)
    positions = seen[["x", "y"]].dropna().to_numpy(float)
    numbers = np.unique((positions // cell_metres).astype("int64").reshape(-1, 2), axis=0)
    cells = _cell_table(numbers, areas, cell_metres).assign(metres=1.0)
    units = cells[["x", "y", "area_name"]].assign(use="any", passes=1.0)
    row = np.arange(len(cells))
    middles = cells[["x", "y"]].to_numpy()
    return Ground(units, cells, sparse.eye_array(len(cells), format="csr"), False, middles, row, row, cell_metres)


def _streets(streets, areas, cell_metres):
    lines = shapely.from_wkt(streets["geometry"].astype(object).to_numpy())
    length = shapely.length(lines)
    pieces = np.maximum(np.ceil(length / STEP_METRES), 1).astype(int)
    unit = np.repeat(np.arange(len(lines)), pieces)
    nth = np.arange(len(unit)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    part = 1 / pieces[unit]
    points = shapely.get_coordinates(shapely.line_interpolate_point(lines[unit], (nth + 0.5) * part, normalized=True))
    numbers, cell = np.unique((points // cell_metres).astype("int64"), axis=0, return_inverse=True)
    cell = cell.ravel()
    share = sparse.csr_array((part, (cell, unit)), shape=(len(numbers), len(lines)))
    middles = shapely.get_coordinates(shapely.line_interpolate_point(lines, 0.5, normalized=True))
    relative = length / length.mean()
    units = pd.DataFrame(
        {
            "x": middles[:, 0],
            "y": middles[:, 1],
            "area_name": _area_names(middles, areas),
            "use": streets["land_use"].astype(object).fillna("any").to_numpy(),
            "passes": 1 / np.maximum(relative, 0.1),  # of a stub nobody can tell passes
        }
    )
    cells = _cell_table(numbers, areas, cell_metres).assign(metres=share @ relative)
    return Ground(units, cells, share, True, points, unit, cell, cell_metres)


def _cell_table(numbers, areas, cell_metres):
    middles = (numbers + 0.5) * cell_metres
    return pd.DataFrame(
        {
            "cell_x": numbers[:, 0],
            "cell_y": numbers[:, 1],
            "x": middles[:, 0],
            "y": middles[:, 1],
            "area_name": _area_names(middles, areas),
        }
    )


def _area_names(middles, areas):
    return pd.Series(area_of(middles[:, 0], middles[:, 1], areas), dtype=object).fillna(NOWHERE).to_numpy()


def cell_names(cells, names):
    """What records call each cell most often; a name that is more often another cell's is left to that one.

    A cell without a name is called after the nearest one that has one, within `NEAR_CELLS`.

    Parameters
    ----------
    cells : pd.DataFrame
        `cell_x`, `cell_y`, `area_name` (empty: outside every 읍면동).
    names : pd.DataFrame
        `cell_x`, `cell_y`, `place_name`, `records`.

    Returns
    -------
    list of str or None
        With the 읍면동 in front, unless the name begins with it.
    """
    wanted = names.dropna(subset=["place_name"]).sort_values(
        ["records", "cell_x", "cell_y", "place_name"], ascending=[False, True, True, True]
    )
    found, taken = {}, set()
    for row in wanted.itertuples():
        cell = (row.cell_x, row.cell_y)
        if cell not in found and row.place_name not in taken:
            found[cell] = row.place_name
            taken.add(row.place_name)
    keys = list(zip(cells["cell_x"], cells["cell_y"], strict=True))
    near = _near_names(keys, found)
    return [_with_area(found.get(key, near.get(key)), area) for key, area in zip(keys, cells["area_name"], strict=True)]


def _near_names(keys, found):
    """Names of the cells that have none, after the nearest that has one."""
    without = [key for key in keys if key not in found]
    if not without or not found:
        return {}
    named = sorted(found)
    distance, nearest = KDTree(named).query(without)
    return {
        key: f"{found[named[at]]} 부근"
        for key, far, at in zip(without, distance, nearest, strict=True)
        if far <= NEAR_CELLS
    }


def _with_area(name, area):
    if name is None:
        return area or None
    return name if not area or name.startswith(area) else f"{area} {name}"
