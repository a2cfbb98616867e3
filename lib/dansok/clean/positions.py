"""Which coordinates may be trusted: their system, their axes, the region, and points that stand for "unknown"."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyproj
import shapely

from dansok import space
from dansok.words import Text

NEAR_METRES = 5_000
FAR_METRES = 60_000
METRES_AT_LEAST = 10_000
SHARE_THAT_FITS = 0.9
PILE_SHARE = 0.02
PILE_TIMES_RUNNER_UP = 5
PILE_NAMES = 20
PILE_RECORDS = 20
KOREA = (124.0, 33.0, 132.0, 39.0)


@dataclass(frozen=True)
class Region:
    """Where a city's positions may lie: west, south, east, north in degrees; and its middle, if areas are known."""

    box: tuple[float, float, float, float] = KOREA
    middle: tuple[float, float] | None = None

    @classmethod
    def around(cls, outlines):
        """5 km around the bounding box of outlines (WKT in EPSG:5179); all of Korea if there are none."""
        bounds = shapely.total_bounds(shapely.from_wkt(list(outlines))) if len(outlines) else np.full(4, np.nan)
        if not np.isfinite(bounds).all():
            return cls()
        degrees = pyproj.Transformer.from_crs(space.CRS, "EPSG:4326", always_xy=True)
        wide = bounds + np.array([-1, -1, 1, 1]) * NEAR_METRES
        middle = degrees.transform((bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2)
        return cls(degrees.transform_bounds(*wide), middle)

    def holds(self, longitude, latitude):
        west, south, east, north = self.box
        return (longitude >= west) & (longitude <= east) & (latitude >= south) & (latitude <= north)


def judge(pairs, crs, region, mend):
    """Longitude, latitude and state of each distinct pair of coordinates of a source.

    Parameters
    ----------
    pairs : pd.DataFrame, one row a distinct pair
        `x`, `y` as sent: what the source calls longitude (or east) and latitude (or north). Neither is missing.
    crs : str
        System of the source by city.toml.
    region : Region
    mend : bool
        Whether swapped axes are put right.

    Returns
    -------
    pd.DataFrame, same index
        `longitude`, `latitude` (degrees; missing where they are not to be trusted) and `position_state`.
    """
    straight, turned = _degrees(pairs.x, pairs.y, crs), _degrees(pairs.y, pairs.x, crs)
    somewhere = (pairs.x != 0) & (pairs.y != 0)
    fits = region.holds(straight.longitude, straight.latitude) & somewhere
    if pyproj.CRS.from_user_input(crs).is_geographic:
        # Degrees tell their axis, wherever in Korea they lie.
        swapped = ~fits & Region().holds(turned.longitude, turned.latitude)
    else:
        swapped = ~fits & region.holds(turned.longitude, turned.latitude) & somewhere
    mended = swapped & region.holds(turned.longitude, turned.latitude) & mend
    state = np.select([fits, mended, swapped & (not mend)], ["as_sent", "mended", "swapped"], "outside")
    read = pd.DataFrame({"position_state": state}, index=pairs.index)
    for axis in ("longitude", "latitude"):
        read[axis] = straight[axis].where(fits, turned[axis].where(mended))
    return read[["longitude", "latitude", "position_state"]]


def contradiction(pairs, crs, region, states):
    """The system that the numbers speak for, where they do not fit the one in city.toml; else None."""
    fitting = states.isin(["as_sent", "mended", "swapped"])
    placed = (pairs.x != 0) & (pairs.y != 0)
    if not placed.any() or fitting[placed].mean() >= SHARE_THAT_FITS:
        return None
    seen = space.detect_crs(pairs.x[placed], pairs.y[placed], near=region.middle)
    return None if seen is None or crs in seen.replace(" swapped", "").split(" or ") else seen


def pile_ups(points, total, own_names):
    """Points that hold so many records that they must stand for "place unknown".

    Parameters
    ----------
    points : pd.DataFrame, one row a distinct point
        `records`; `names` (distinct place texts there), `name` (one of them), `cameras_only` (every record there is
        a fixed camera's).
    total : int
        Records of the source, with or without coordinates.
    own_names : set of str
        The city's and its areas' names: no camera is called so.

    Returns
    -------
    pd.Series of bool, same index
        True where a point has at least 2% of the records (and 20 of them), and either five times as many as the next
        point or 20 different names. A fixed camera with one name, on its own point, is a camera.
    """
    counts = points.records.sort_values(ascending=False)
    next_lower = counts.shift(-1, fill_value=0).reindex(points.index)
    heavy = (points.records >= PILE_SHARE * total) & (points.records >= PILE_RECORDS)
    first = points.records == points.records.max()
    alone = first & (points.records >= PILE_TIMES_RUNNER_UP * next_lower)
    camera = points.cameras_only & (points.names == 1) & ~points.name.isin(own_names)
    return heavy & (alone | (points.names >= PILE_NAMES)) & ~camera


def read_outlines(texts, crs, near):
    """Distinct outlines (WKT) in EPSG:5179, and whether they can be used.

    Parameters
    ----------
    texts : pd.Series of str
        Distinct outlines as sent.
    crs : str
    near : (float, float) or None
        Middle of the city.

    Returns
    -------
    pd.DataFrame, same order
        `text`, `geometry` (missing if not usable), `state`: a state of `space.wkt_states`, or "outside" (not in Korea).
    str or None
        The coordinate system that the numbers speak for, if it is not `crs`.
    """
    moved = space.reproject_wkt(texts, crs)
    read = pd.DataFrame({"text": texts, "geometry": moved, "state": space.wkt_states(texts)})
    shapes = shapely.from_wkt(moved.where(moved.notna(), None).to_numpy(object))
    west, south, east, north = pyproj.Transformer.from_crs("EPSG:4326", space.CRS, always_xy=True).transform_bounds(
        *KOREA
    )
    bounds = shapely.bounds(shapes)
    inside = (bounds[:, 0] >= west) & (bounds[:, 1] >= south) & (bounds[:, 2] <= east) & (bounds[:, 3] <= north)
    as_sent = shapely.centroid(shapely.from_wkt(texts.to_numpy(object), on_invalid="ignore"))
    x, y = shapely.get_x(as_sent), shapely.get_y(as_sent)
    if not pyproj.CRS.from_user_input(crs).is_geographic:
        inside &= (np.abs(x) > METRES_AT_LEAST) & (np.abs(y) > METRES_AT_LEAST)
    usable = read.state.isin(["valid", "mended", "part_kept"])
    read.loc[usable & ~inside, "state"] = "outside"
    read.loc[read.state == "outside", "geometry"] = None
    if near is not None:
        inside &= _near(shapes, near)
    known = read.state.ne("missing")
    if not known.any() or inside[known].mean() >= SHARE_THAT_FITS:
        return read, None
    seen = space.detect_crs(x, y, near=near)
    return read, None if seen is None or crs in seen.split(" or ") else seen


def _near(shapes, middle):
    x, y = pyproj.Transformer.from_crs("EPSG:4326", space.CRS, always_xy=True).transform(*middle)
    centres = shapely.centroid(shapes)
    return np.hypot(shapely.get_x(centres) - x, shapely.get_y(centres) - y) <= FAR_METRES


def _degrees(x, y, crs):
    if pyproj.CRS.from_user_input(crs).is_geographic:
        found = pd.DataFrame({"longitude": x, "latitude": y}).astype(float)
    else:
        metres = (x.abs() > METRES_AT_LEAST) & (y.abs() > METRES_AT_LEAST)
        found = space.to_wgs84(pd.DataFrame({"x": x.where(metres), "y": y.where(metres)}), crs)
    in_korea = Region().holds(found.longitude, found.latitude)
    return found.where(in_korea)


def systems(seen):
    """Coordinate systems as `space.detect_crs` names them, in both languages."""
    swapped = seen.endswith(" swapped")
    names = seen.removesuffix(" swapped").split(" or ")
    return Text(" 또는 ".join(names) + ("(축 바뀜)" if swapped else ""), seen.replace(" swapped", ", axes swapped"))
