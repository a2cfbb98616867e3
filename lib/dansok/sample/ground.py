"""The ground of the sample city: 읍면동 with their boundaries, streets as places, land use, walking graph, zones.

The sixteen 읍면동 bear the names that Namyangju's had in 2017, because what was published about them is planted here;
every line, number and address is invented, and lot numbers begin where real ones end.
"""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial import cKDTree, distance_matrix

# 읍면동; 법정동 or 리 (invented but for those that bear the 동's name); people in thousands (round figures of 2017, not
# checked); true violations against the number of people; middle, east and north, as on a sketch.
AREAS = (
    ("와부읍", ("햇귀리", "여우비리"), 64, 1.05, 3.0, -7.0),
    ("진접읍", ("솔내음리", "바람골리", "물레리"), 93, 0.98, -0.5, 8.0),
    ("화도읍", ("꽃여울리", "가람솔리", "터마루리"), 113, 1.00, 9.5, 1.0),
    ("진건읍", ("늘샘리", "품안리"), 27, 0.80, -0.5, 2.6),
    ("오남읍", ("그루리", "다솜리"), 52, 0.75, 2.0, 5.2),
    ("퇴계원읍", ("한별리",), 31, 0.95, -3.4, -0.8),
    ("별내면", ("새솔리", "들꽃리"), 18, 0.55, -4.2, 5.0),
    ("수동면", ("산들리", "가온리"), 9, 0.45, 7.5, 6.5),
    ("조안면", ("두물리", "아리수리"), 4, 0.90, 8.2, -5.2),
    ("호평동", ("호평동",), 54, 1.10, 3.8, 0.8),
    ("평내동", ("평내동",), 37, 0.95, 5.6, -0.8),
    ("금곡동", ("금곡동",), 23, 1.25, 2.2, -2.4),
    ("양정동", ("양정동",), 6, 0.60, 0.9, -4.4),
    ("지금동", ("지금동",), 25, 1.00, -0.6, -5.9),
    ("도농동", ("도농동",), 38, 1.10, -1.6, -4.0),
    ("별내동", ("별내동",), 69, 1.12, -6.0, 0.8),
)
AREA_NAMES = np.array([area[0] for area in AREAS], dtype=object)
# Names and the line between them of after 2017-12-18.
NAMES_2018 = {"도농동": "다산1동", "지금동": "다산2동"}
AREA_NAMES_2018 = np.array([NAMES_2018.get(name, name) for name in AREA_NAMES], dtype=object)
LINE_MOVES = (0.8, -1.6)  # how far the middle of 지금동 moves on the sketch, which the new line follows
MIDDLE = (127.21, 37.65)
SKETCH_METRES = 12.0  # of a unit of the sketch, for each root of a segment: a larger city is no denser
REACH = 2.6  # on the sketch, from the middles to the outline of the city
BLOCK_METRES = (88.0, 112.0)
RIBBON_SHARE = 0.12  # of the segments are country roads
FIRST_LOT = 3001
PLACE_SPREAD = (0.9, 0.75)  # sigma of what neighbours share, and of what each place has alone
NEIGHBOURS_METRES = 350.0
USES = ("residential", "retail", "work", "ribbon")
USE_PULL = np.array([0.8, 2.3, 1.0, 0.25])  # violations against the length of a street, by use
MARKETS = {"진접읍": (2, 7), "화도읍": (3, 8)}  # 읍면동 with a five-day market, and the last digits of its days
MARKET_SEGMENTS = 5
CHILD_ZONES, SENIOR_ZONES = 16, 4


def stream(seed, name):
    """Random numbers of one part of the city: a change in one part leaves the others as they were."""
    return np.random.default_rng([seed, *name.encode()])


@dataclass(frozen=True)
class Ground:
    """`areas`, `areas_2018` and `zones` in EPSG:5179; `places` are street segments, joined at `nodes`.

    `places`: `node_from`, `node_to`, `length_metres`, `lanes`, `use` (row of `USES`), `market` (last digit of its first
    market day, -1 without one), `area`, `area_2018` (rows of `AREAS`), `legal_name`, `lot_number`, `x`, `y` (middle),
    `east`, `north` (unit vector along it), `people`, `weight` (share of all true violations, before anything happens),
    `in_child_zone`, `longitude`, `latitude`.
    """

    areas: gpd.GeoDataFrame
    areas_2018: gpd.GeoDataFrame
    nodes: np.ndarray
    places: pd.DataFrame
    zones: gpd.GeoDataFrame


def build(seed, segments):
    """The ground of a seed with about `segments` street segments."""
    scale = SKETCH_METRES * np.sqrt(segments)
    middles = _middles(scale, stream(seed, "middles"))
    nodes, edges = _streets(middles, segments, stream(seed, "streets"))
    near = (
        shapely.union_all(shapely.buffer(shapely.points(middles), REACH * scale)).buffer(3 * scale).buffer(-3 * scale)
    )
    outline = shapely.union(near, shapely.buffer(shapely.multipoints(nodes), 250)).simplify(40)
    areas = _cells(middles, outline, AREA_NAMES)
    moved = middles.copy()
    moved[AREA_NAMES == "지금동"] += np.array(LINE_MOVES) * scale
    areas_2018 = _moved_line(areas, moved)
    places = _places(nodes, edges, areas, areas_2018, middles, stream(seed, "places"))
    zones = _zones(places, stream(seed, "zones"))
    inside = shapely.union_all(zones.loc[zones["kind"] == "어린이보호구역", "geometry"])
    places["in_child_zone"] = shapely.contains_xy(inside, places["x"], places["y"])
    return Ground(areas, areas_2018, nodes, places, zones)


def degrees(x, y):
    """Longitude and latitude of points in EPSG:5179, to about 1 cm."""
    longitude, latitude = pyproj.Transformer.from_crs(5179, 4326, always_xy=True).transform(
        np.asarray(x), np.asarray(y)
    )
    return longitude.round(7), latitude.round(7)


def _middles(scale, rng):
    origin = gpd.GeoSeries(gpd.points_from_xy([MIDDLE[0]], [MIDDLE[1]]), crs=4326).to_crs(5179)[0]
    sketch = np.array([area[4:6] for area in AREAS]) + rng.uniform(-0.25, 0.25, (len(AREAS), 2))
    return np.array([origin.x, origin.y]) + scale * sketch


def _cells(middles, outline, names):
    cells = shapely.voronoi_polygons(shapely.multipoints(middles), extend_to=outline).geoms
    cells = [shapely.intersection(cell, outline) for cell in cells]
    owner = [int(np.flatnonzero(shapely.contains_xy(cell, *middles.T))[0]) for cell in cells]
    ordered = [cells[owner.index(area)] for area in range(len(names))]
    codes = [f"9901{number:02d}00" for number in range(1, len(names) + 1)]
    return gpd.GeoDataFrame({"code": codes, "name": names}, geometry=ordered, crs=5179)


def _moved_line(before, middles):
    """Only the line between the two 동 that were formed anew moves; all others stay as they were."""
    pair = [int(np.flatnonzero(AREA_NAMES == name)[0]) for name in NAMES_2018]
    geometry = before.geometry.to_numpy().copy()
    both = shapely.union_all(geometry[pair])
    geometry[pair] = _cells(middles[pair], both, AREA_NAMES_2018[pair]).geometry.to_numpy()
    return gpd.GeoDataFrame({"code": before["code"], "name": AREA_NAMES_2018}, geometry=geometry, crs=5179)


def _streets(middles, segments, rng):
    """A turned grid about each middle, and country roads between neighbouring ones, all of it connected."""
    people = np.array([area[2] for area in AREAS], float)
    share = people**0.75 / (people**0.75).sum() * (1 - RIBBON_SHARE) * segments
    nodes, edges, grids = [], [], []
    for middle, count in zip(middles, share, strict=True):
        start = sum(map(len, nodes))
        own, lines = _grid(middle, count, rng)
        nodes.append(own)
        grids.append(np.arange(start, start + len(own)))
        edges += [(start + a, start + b, lanes, False) for a, b, lanes in lines]
    nodes = np.concatenate(nodes)
    apart = distance_matrix(middles, middles)
    tree = minimum_spanning_tree(apart).toarray()
    near = np.where(np.triu(tree + tree.T, 1) > 0, np.inf, np.triu(apart, 1))
    near[near == 0] = np.inf
    pairs = [*np.argwhere(tree > 0), *(np.unravel_index(i, near.shape) for i in np.argsort(near, axis=None)[:5])]
    roads = []
    for a, b in pairs:
        trees = cKDTree(nodes[grids[b]])
        distance, nearest = trees.query(nodes[grids[a]])
        first = int(np.argmin(distance))
        roads.append((grids[a][first], grids[b][nearest[first]], float(distance[first])))
    piece = sum(road[2] for road in roads) / (RIBBON_SHARE * segments)
    for first, last, length in roads:
        between = _bend(nodes[first], nodes[last], max(1, round(length / piece)), rng)
        chain = [int(first), *range(len(nodes), len(nodes) + len(between)), int(last)]
        nodes = np.concatenate([nodes, between])
        edges += [(a, b, int(rng.choice([2, 2, 4])), True) for a, b in zip(chain, chain[1:], strict=False)]
    return nodes, edges


def _grid(middle, count, rng):
    """Nodes and lines of a jittered grid with about `count` lines; every fourth street is wide."""
    long = rng.uniform(1.0, 1.5)
    down = max(2, round(np.sqrt(count / (2 * long)) + 0.4))
    across = max(2, round((count + 0.88 * down) / (1.88 * down - 1)))
    step = rng.uniform(*BLOCK_METRES)
    column, row = np.meshgrid(np.arange(across), np.arange(down))
    flat = np.c_[column.ravel() - (across - 1) / 2, row.ravel() - (down - 1) / 2] * step
    turn = rng.uniform(0, np.pi)
    flat = flat + rng.normal(0, 6, flat.shape)
    flat = flat @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    lines = []
    for r in range(down):
        for c in range(across):
            here = r * across + c
            if c + 1 < across and (r % 4 == 0 or rng.random() > 0.16):  # wide rows and all columns hold it together
                lines.append((here, here + 1, 4 if r % 4 == 0 else int(rng.choice([1, 2]))))
            if r + 1 < down:
                lines.append((here, here + across, 4 if c % 4 == 0 else int(rng.choice([1, 2]))))
    return middle + flat, lines


def _bend(first, last, pieces, rng):
    """Points between two ends along a slight curve."""
    along = np.linspace(0, 1, pieces + 1)[1:-1, None]
    step = last - first
    aside = np.array([-step[1], step[0]]) * rng.uniform(-0.12, 0.12)
    return first + along * step + 4 * along * (1 - along) * aside


def _places(nodes, edges, areas, areas_2018, middles, rng):
    table = pd.DataFrame(edges, columns=["node_from", "node_to", "lanes", "ribbon"])
    ends = nodes[table["node_from"]], nodes[table["node_to"]]
    along = ends[1] - ends[0]
    table["length_metres"] = np.hypot(*along.T).round(1)
    table["x"], table["y"] = ((ends[0] + ends[1]) / 2).round(2).T
    table["east"], table["north"] = (along / np.hypot(*along.T)[:, None]).T
    table["area"] = _area_of(table, areas)
    table["area_2018"] = _area_of(table, areas_2018)
    table["use"] = _uses(table, middles, rng)
    table["market"] = _markets(table, middles)
    table = table.drop(columns="ribbon").sort_values(["area", "y", "x"], ignore_index=True)
    table["legal_name"], table["lot_number"] = _lots(table)
    table["weight"] = _weights(table, rng)
    home = table["length_metres"] * np.array([1.0, 0.4, 0.15, 0.1])[table["use"]] * rng.gamma(2, 0.5, len(table))
    of_area = 1000 * np.array([area[2] for area in AREAS], float)[table["area"]]
    table["people"] = (home / home.groupby(table["area"]).transform("sum") * of_area).round().astype(int)
    table["longitude"], table["latitude"] = degrees(table["x"], table["y"])
    return table


def _area_of(table, areas):
    found = np.full(len(table), -1)
    for area, outline in enumerate(areas.geometry):
        found[shapely.contains_xy(outline, table["x"], table["y"])] = area
    if (found < 0).any():
        raise ValueError(f"{(found < 0).sum()} streets lie outside every area")
    return found


def _uses(table, middles, rng):
    """Shops in the middle of a grid, work at its edges, homes between; country roads have a kind of their own."""
    away = np.hypot(*(table[["x", "y"]].to_numpy() - middles[table["area"]]).T)
    rank = pd.Series(away).groupby(table["area"]).rank(pct=True)
    luck = rng.random(len(table))
    shops = np.clip(0.75 - 1.1 * rank, 0.06, None)
    work = 0.10 + 0.15 * rank
    use = np.where(luck < shops, 1, np.where(luck < shops + work, 2, 0))
    return np.where(table["ribbon"], 3, use)


def _markets(table, middles):
    market = np.full(len(table), -1)
    for name, days in MARKETS.items():
        area = int(np.flatnonzero(AREA_NAMES == name)[0])
        own = np.flatnonzero((table["area"] == area) & (table["use"] == 1))
        away = np.hypot(*(table[["x", "y"]].to_numpy()[own] - middles[area] - [180.0, 120.0]).T)
        market[own[np.argsort(away)[:MARKET_SEGMENTS]]] = days[0]
    return market


def _lots(table):
    """A lot number a street, running within each 법정동 or 리."""
    which = table.groupby("area").cumcount()
    legal = [
        AREAS[area][1][int(n * len(AREAS[area][1]) / size)]
        for area, n, size in zip(table["area"], which, table.groupby("area")["area"].transform("size"), strict=True)
    ]
    legal = pd.Series(legal, index=table.index)
    return legal, FIRST_LOT + table.groupby(legal).cumcount()


def _weights(table, rng):
    """True violations of each place as a share of all: people of the 읍면동, use, length, and a heavy tail that neighbours share."""
    points = table[["x", "y"]].to_numpy()
    shared = np.zeros(len(table))
    for area in range(len(AREAS)):
        own = np.flatnonzero(table["area"] == area)
        bumps = points[rng.choice(own, min(8, len(own)), replace=False)]
        near = np.exp(-((points[own][:, None] - bumps) ** 2).sum(2) / (2 * NEIGHBOURS_METRES**2))
        raw = near @ rng.normal(0, 1, len(bumps))
        shared[own] = (raw - raw.mean()) / raw.std()
    effect = PLACE_SPREAD[0] * shared + PLACE_SPREAD[1] * rng.normal(0, 1, len(table))
    pull = USE_PULL[table["use"]] * table["length_metres"].clip(upper=130) * np.exp(effect)
    of_area = np.array([area[2] * area[3] for area in AREAS])[table["area"]]
    weight = pull / pull.groupby(table["area"]).transform("sum") * of_area
    return weight / weight.sum()


def _zones(places, rng):
    homes = np.flatnonzero(places["use"] <= 1)
    at = rng.choice(homes, CHILD_ZONES + SENIOR_ZONES, replace=False)
    kinds = ["어린이보호구역"] * CHILD_ZONES + ["노인보호구역"] * SENIOR_ZONES
    names = [f"가상{'초등학교' if kind[0] == '어' else '경로당'} {number}" for number, kind in enumerate(kinds, 1)]
    outlines = [
        shapely.Point(places["x"][p], places["y"][p]).buffer(size, quad_segs=4)
        for p, size in zip(at, rng.uniform(60, 130, len(at)), strict=True)
    ]
    return gpd.GeoDataFrame({"name": names, "kind": kinds, "place": at}, geometry=outlines, crs=5179)
