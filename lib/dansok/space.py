"""Where things are: coordinate systems, the grid, and the 읍면동.

Everything is computed in EPSG:5179 (Korea 2000 / Unified CS, GRS 80), metres east and north.
"""

import math

import geopandas
import numpy as np
import pandas as pd
import pyproj
import shapely
from ibis import _

CRS = "EPSG:5179"

# EPSG:5179 is a transverse Mercator on GRS 80.
AXIS = 6378137.0
FLATTENING = 1 / 298.257222101
SCALE, ORIGIN, EASTING, NORTHING = 0.9996, (math.radians(127.5), math.radians(38.0)), 1_000_000.0, 2_000_000.0
E2 = FLATTENING * (2 - FLATTENING)
SECOND_E2 = E2 / (1 - E2)
MERIDIAN = (
    1 - E2 / 4 - 3 * E2**2 / 64 - 5 * E2**3 / 256,
    -(3 * E2 / 8 + 3 * E2**2 / 32 + 45 * E2**3 / 1024),
    15 * E2**2 / 256 + 45 * E2**3 / 1024,
    -35 * E2**3 / 3072,
)
METRE_SYSTEMS = ("EPSG:5179", "EPSG:5181", "EPSG:5174", "EPSG:5186")
SHARE_THAT_FITS = 0.9
NEAR_DEGREES = 0.6


def to_5179(table, longitude="longitude", latitude="latitude"):
    """Add `x`, `y` (metres, EPSG:5179) to a table of WGS 84 positions, inside the engine.

    Parameters
    ----------
    table : ibis.Table, one row a position
    longitude, latitude : str
        Names of its columns, degrees.

    Returns
    -------
    ibis.Table
        The same rows with `x` and `y` last; missing where either coordinate is.

    Notes
    -----
    Snyder (1987), Map Projections: A Working Manual, USGS Professional Paper 1395, eq. 8-9 to 8-15. Differs from PROJ
    by less than 1 mm over Korea (124-132 degrees east). GRS 80 and WGS 84 are taken as one, as PROJ does.
    """
    kept = table.columns
    # Each step names what the next one needs, else the engine would compute the same sine twenty times.
    steps = table.mutate(tm_phi=table[latitude] * (math.pi / 180), tm_lambda=table[longitude] * (math.pi / 180))
    steps = steps.mutate(tm_sin=_.tm_phi.sin(), tm_cos=_.tm_phi.cos())
    steps = steps.mutate(
        tm_tan=_.tm_sin / _.tm_cos,
        tm_n=AXIS / (1 - E2 * _.tm_sin * _.tm_sin).sqrt(),
        tm_c=SECOND_E2 * _.tm_cos * _.tm_cos,
        tm_a=(_.tm_lambda - ORIGIN[0]) * _.tm_cos,
    )
    steps = steps.mutate(tm_t=_.tm_tan * _.tm_tan, tm_a2=_.tm_a * _.tm_a, tm_m=_meridian(_.tm_phi))
    t, c, a2 = _.tm_t, _.tm_c, _.tm_a2
    east = 1 + a2 * ((1 - t + c) / 6 + a2 * (5 - 18 * t + t * t + 72 * c - 58 * SECOND_E2) / 120)
    north = 0.5 + a2 * ((5 - t + 9 * c + 4 * c * c) / 24 + a2 * (61 - 58 * t + t * t + 600 * c - 330 * SECOND_E2) / 720)
    origin = _meridian_at_origin()
    return steps.select(
        *kept,
        x=EASTING + SCALE * _.tm_n * _.tm_a * east,
        y=NORTHING + SCALE * (_.tm_m - origin + _.tm_n * _.tm_tan * a2 * north),
    )


def _meridian(phi):
    m0, m2, m4, m6 = MERIDIAN
    return AXIS * (m0 * phi + m2 * (2 * phi).sin() + m4 * (4 * phi).sin() + m6 * (6 * phi).sin())


def _meridian_at_origin():
    phi = ORIGIN[1]
    return AXIS * (MERIDIAN[0] * phi + sum(MERIDIAN[k] * math.sin(2 * k * phi) for k in (1, 2, 3)))


def to_wgs84(frame, crs):
    """Longitude and latitude of a small table of positions in any coordinate system.

    Parameters
    ----------
    frame : pd.DataFrame, one row a position
        `x` (east) and `y` (north), numbers in the units of `crs`.
    crs : str
        Such as "EPSG:5186".

    Returns
    -------
    pd.DataFrame, same index
        `longitude`, `latitude` in degrees; missing where x or y is missing or outside the system's reach.

    Examples
    --------
    >>> to_wgs84(pd.DataFrame({"x": [1_000_000.0], "y": [2_000_000.0]}), "EPSG:5179").round(6).values.tolist()
    [[127.5, 38.0]]
    """
    transform = pyproj.Transformer.from_crs(crs, "EPSG:4326", always_xy=True).transform
    longitude, latitude = transform(frame["x"].to_numpy(float), frame["y"].to_numpy(float))
    found = pd.DataFrame({"longitude": longitude, "latitude": latitude}, index=frame.index)
    return found.replace([np.inf, -np.inf], np.nan)


def detect_crs(x, y, near=None):
    """Which coordinate systems a set of numbers can be in, if it lies in South Korea.

    Parameters
    ----------
    x, y : array-like of float, shape (n,)
        First and second coordinate as sent; missing, infinite and zero pairs are passed over.
    near : (float, float), optional
        Longitude and latitude within some 60 km of which the positions should lie, such as the middle of the city.

    Returns
    -------
    str or None
        "EPSG:4326", "EPSG:4326 swapped", or every metre system that fits, joined by " or "; None if none does.

    Notes
    -----
    A system fits if nine in ten positions then lie in South Korea. Degrees and EPSG:5179 never overlap with the others.
    EPSG:5186 is EPSG:5181 moved 100 km north, so that most numbers of either lie in South Korea by both; only `near`
    tells them apart then. EPSG:5181 and EPSG:5174 (Bessel ellipsoid) differ by some 300 m and are never told apart.

    Examples
    --------
    >>> detect_crs([37.65, 37.66], [127.21, 127.24])
    'EPSG:4326 swapped'
    >>> detect_crs([219000.0], [460000.0])
    'EPSG:5181 or EPSG:5174 or EPSG:5186'
    >>> detect_crs([219000.0], [460000.0], near=(127.2, 37.65))
    'EPSG:5181 or EPSG:5174'
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    known = np.isfinite(x) & np.isfinite(y) & (x != 0) & (y != 0)
    x, y = x[known], y[known]
    if not len(x):
        return None
    if _mostly(_degrees(x, y)):
        return "EPSG:4326"
    if _mostly(_degrees(y, x)):
        return "EPSG:4326 swapped"
    positions = pd.DataFrame({"x": np.where(np.abs(x) > 10_000, x, np.nan), "y": y})  # smaller ones are no metres
    fitting = [crs for crs in METRE_SYSTEMS if _mostly(_in_south_korea(to_wgs84(positions, crs), near))]
    return " or ".join(fitting) or None


def _mostly(fits):
    return np.mean(fits) >= SHARE_THAT_FITS


def _degrees(longitude, latitude):
    return (longitude >= 124) & (longitude <= 132) & (latitude >= 33) & (latitude <= 39)


def _in_south_korea(positions, near):
    longitude, latitude = positions["longitude"], positions["latitude"]
    if near is not None:
        return np.hypot(longitude - near[0], latitude - near[1]) <= NEAR_DEGREES
    # North of 38.35 only the east coast, east of 128 degrees, is South Korea.
    south = (latitude <= 38.35) | ((longitude >= 128.0) & (latitude <= 38.65))
    return longitude.between(124.5, 132) & (latitude >= 33) & south


def reproject_wkt(texts, crs, to=CRS):
    """Outlines in one coordinate system, as text in another.

    Parameters
    ----------
    texts : pd.Series of str
        Well-known text.
    crs, to : str
        Systems, east before north.

    Returns
    -------
    pd.Series of str, same index
        Rounded to the millimetre (degrees: 1e-9). Outlines that cross themselves are mended, of a mixed collection only
        the polygons are kept (else the lines, else the points); None where the text is no outline or lies out of the
        systems' reach. Count what happened with `wkt_states`.
    """
    transformer = pyproj.Transformer.from_crs(crs, to, always_xy=True)
    outlines = _outlines(texts)
    mended = shapely.make_valid(outlines)  # before and after: transforming may fold a thin sliver
    moved = shapely.transform(mended, transformer.transform, interleaved=False)
    within_reach = np.isfinite(shapely.bounds(moved)).all(axis=1)
    kept = [_widest_part(outline) for outline in shapely.make_valid(np.where(within_reach, moved, None))]
    precision = 9 if pyproj.CRS.from_user_input(to).is_geographic else 3
    return pd.Series(shapely.to_wkt(kept, rounding_precision=precision), index=texts.index, dtype=object)


def wkt_states(texts):
    """What `reproject_wkt` does with each outline, to be counted and told.

    Returns
    -------
    pd.Series of str, same index
        "valid", "mended" (crosses itself), "part_kept" (mixed collection), "unreadable", "missing".

    Examples
    --------
    >>> wkt_states(pd.Series(["POINT (1 2)", "POLYGON ((0 0, 2 2, 2 0, 0 2, 0 0))", "별내동", None])).tolist()
    ['valid', 'mended', 'unreadable', 'missing']
    """
    outlines = _outlines(texts)
    read = ~shapely.is_missing(outlines)
    states = np.select(
        [texts.isna(), ~read, shapely.get_type_id(outlines) == 7, ~shapely.is_valid(outlines)],
        ["missing", "unreadable", "part_kept", "mended"],
        "valid",
    )
    return pd.Series(states, index=texts.index)


def _outlines(texts):
    outlines = shapely.from_wkt(texts.astype(object).where(texts.notna(), None).to_numpy(), on_invalid="ignore")
    return np.where(shapely.is_empty(outlines), None, outlines)


def _widest_part(outline):
    if outline is None or outline.geom_type != "GeometryCollection":
        return outline
    parts = shapely.get_parts(shapely.get_parts(outline))
    dimensions = shapely.get_dimensions(parts)
    widest = parts[dimensions == dimensions.max()]
    return shapely.union_all(widest) if len(widest) else None


def add_cells(table, cell_metres):
    """Add the grid cell, `cell_x` and `cell_y`, to a table with `x` and `y`.

    Parameters
    ----------
    table : ibis.Table
        `x`, `y` in metres, EPSG:5179.
    cell_metres : int
        Side of a cell; cells start at the origin of EPSG:5179, so that two cities' grids meet.

    Returns
    -------
    ibis.Table
        With integers floor(x / side), floor(y / side); missing where the place is.
    """
    return table.mutate(
        cell_x=(table.x / cell_metres).floor().cast("int64"), cell_y=(table.y / cell_metres).floor().cast("int64")
    )


def cell_polygons(cells, cell_metres):
    """The squares of grid cells.

    Parameters
    ----------
    cells : pd.DataFrame
        `cell_x`, `cell_y` as `add_cells` gives; any further columns are kept.

    Returns
    -------
    geopandas.GeoDataFrame, EPSG:5179

    Examples
    --------
    >>> cell_polygons(pd.DataFrame({"cell_x": [9], "cell_y": [20]}), 100).total_bounds.tolist()
    [900.0, 2000.0, 1000.0, 2100.0]
    """
    left, bottom = cells["cell_x"].to_numpy() * cell_metres, cells["cell_y"].to_numpy() * cell_metres
    squares = shapely.box(left, bottom, left + cell_metres, bottom + cell_metres)
    return geopandas.GeoDataFrame(cells, geometry=squares, crs=CRS)


def read_areas(frame):
    """The table `areas` (or any with WKT in EPSG:5179 as `geometry`) with shapes instead of texts.

    Returns
    -------
    geopandas.GeoDataFrame, EPSG:5179
    """
    shapes = shapely.from_wkt(frame["geometry"].astype(object).to_numpy())
    return geopandas.GeoDataFrame(frame.drop(columns="geometry"), geometry=shapes, crs=CRS)


def area_of(x, y, areas):
    """The 읍면동 in which each position lies.

    Parameters
    ----------
    x, y : array-like of float, shape (n,)
        Metres, EPSG:5179; may be missing.
    areas : geopandas.GeoDataFrame
        As `read_areas` gives, with `area_name`.

    Returns
    -------
    np.ndarray of object, shape (n,)
        `area_name`, or None outside every one. A position on a border belongs to the area whose name sorts first.
    """
    positions = np.column_stack([np.asarray(x, float), np.asarray(y, float)])
    found = np.full(len(positions), None, dtype=object)
    known = np.isfinite(positions).all(axis=1)
    if not known.any() or areas.empty:
        return found
    # Records repeat places: one camera has thousands.
    distinct, where = np.unique(positions[known], axis=0, return_inverse=True)
    named = areas.sort_values("area_name")
    point, area = shapely.STRtree(named.geometry.to_numpy()).query(shapely.points(distinct), predicate="intersects")
    first = np.full(len(distinct), len(named))
    np.minimum.at(first, point, area)
    names = np.append(named["area_name"].to_numpy(object), None)
    found[known] = names[first][where.ravel()]
    return found
