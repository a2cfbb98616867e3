"""The planted city: areas, places, true intensity, vehicles, cameras, and every violation that happens in 18 months.

Nothing here knows who is looking. `channels` decides which violations are recorded, and when.
"""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

DAYS = pd.date_range("2024-07-01", "2025-12-31")
VIOLATIONS = 600_000  # expected over all days
# True course of a day: cars are left wrongly at lunch (12, 13 h) and in the evening (19 h), not at 14 h.
HOUR = np.array(
    [0.5, 0.35, 0.25, 0.2, 0.2, 0.3, 0.6, 1.0, 1.2, 1.3, 1.5, 1.9, 3.0, 2.9, 2.0, 1.75, 1.6, 1.6, 1.9, 2.25, 1.8, 1.4]
    + [1.0, 0.7]
)
WEEKDAY = np.array([1.0, 0.97, 1.0, 1.02, 1.12, 1.08, 0.81])  # Monday first
MONTH = np.array([1.08, 0.93, 1.18, 1.0, 0.98, 0.96, 1.12, 0.93, 0.96, 0.99, 0.97, 0.9])  # January first
STAYS = {"short_share": 0.9, "short_minutes": 12.0, "long_minutes": 90.0}  # two exponentials
PLACE_SPREAD = 1.1  # sigma of the lognormal place effects
NEIGHBOURS_SHARE = 0.5  # of the violations are by vehicles that live at the place
VEHICLES = 12_000
VEHICLE_SHAPE = 0.5  # gamma shape of how often a vehicle parks wrongly: the smaller, the heavier the tail
CAMERAS, UNLISTED, EXEMPT = 63, 3, 16  # cameras that work; missing from the list; recording through the lunch grace
NEW_CAMERAS, BROKEN_CAMERAS = 8, 6
CHILD_ZONES, SENIOR_ZONES = 12, 3

# 읍면동, its 법정동 or 리, places, and pull on drivers. From the middle of the city outwards; all of it invented.
AREAS = (
    ("가온1동", ("가온동",), 42, 3.2),
    ("가온2동", ("가온동",), 42, 2.4),
    ("나래동", ("나래동",), 38, 2.6),
    ("누리봄동", ("누리봄동",), 34, 1.1),
    ("달무리동", ("달무리동",), 34, 1.0),
    ("라온동", ("라온동",), 32, 0.9),
    ("미리내동", ("미리내동",), 32, 1.9),
    ("별하동", ("별하동",), 30, 0.8),
    ("윤슬동", ("윤슬동",), 30, 0.7),
    ("해찬동", ("해찬동",), 28, 0.9),
    ("물비늘동", ("물비늘동",), 28, 0.6),
    ("온새미읍", ("햇귀리", "여우비리"), 26, 1.3),
    ("꽃가람읍", ("꽃여울리", "가람솔리"), 24, 0.6),
    ("솔바람읍", ("솔내음리", "바람골리"), 22, 0.5),
    ("늘품면", ("늘샘리", "품안리"), 18, 0.35),
    ("그루터면", ("그루리", "터마루리"), 16, 0.3),
)
AREA_NAMES = np.array([area[0] for area in AREAS], dtype=object)
LANDMARKS = ("다람쥐초교", "별빛시장", "무지개상가", "햇살공원", "구름역", "소나기병원", "도토리유치원", "물레방아")
SIDES = ("앞", "주변", "건너편", "사거리")


def stream(seed, name):
    """Random numbers of one part of the city: a change in one part leaves the others as they were."""
    return np.random.default_rng([seed, *name.encode()])


@dataclass(frozen=True)
class World:
    """`areas` and `zones` in EPSG:5179; `places`, `cameras`, `vehicles` and `violations` refer to each other by row."""

    areas: gpd.GeoDataFrame
    places: pd.DataFrame
    zones: gpd.GeoDataFrame
    cameras: pd.DataFrame
    vehicles: pd.DataFrame
    violations: pd.DataFrame

    def intensity(self):
        """True violations begun per day, mean over all days: one row a place and hour."""
        hour = HOUR / HOUR.sum()
        rate = self.places["violations_per_day"].to_numpy()[:, None] * hour
        return pd.DataFrame(
            {
                "place": np.repeat(self.places.index, 24),
                "area_name": np.repeat(AREA_NAMES[self.places["area"]], 24),
                "hour": np.tile(np.arange(24), len(self.places)),
                "violations_per_day": rate.ravel(),
            }
        )


def build(seed):
    """The whole planted world of a seed."""
    areas = _areas(stream(seed, "areas"))
    places = _places(areas, stream(seed, "places"))
    zones = _zones(places, stream(seed, "zones"))
    inside = shapely.union_all(zones.loc[zones["kind"] == "어린이보호구역", "geometry"])
    places["in_child_zone"] = shapely.contains_xy(inside, places["x"], places["y"])
    cameras = _cameras(places, stream(seed, "cameras"))
    vehicles = _vehicles(places, stream(seed, "vehicles"))
    return World(areas, places, zones, cameras, vehicles, _violations(places, vehicles, stream(seed, "violations")))


def degrees(x, y):
    """Longitude and latitude of points in EPSG:5179, to about 1 cm."""
    points = gpd.GeoSeries(gpd.points_from_xy(x, y), crs=5179).to_crs(4326)
    return points.x.round(7).to_numpy(), points.y.round(7).to_numpy()


def _areas(rng):
    middle = gpd.GeoSeries(gpd.points_from_xy([127.2], [37.65]), crs=4326).to_crs(5179)[0]
    angle = np.linspace(0, 2 * np.pi, 90, endpoint=False)
    waves = sum(rng.normal(0, 0.07) * np.cos(k * angle + rng.uniform(0, 6)) for k in range(2, 6))
    radius = 5200 * (1 + waves)
    outline = shapely.Polygon(np.c_[middle.x + radius * np.cos(angle), middle.y + radius * np.sin(angle)])
    turn, reach = rng.uniform(0, 2 * np.pi, len(AREAS)), 3000 * np.sqrt(rng.random(len(AREAS)))
    points = shapely.MultiPoint(np.c_[middle.x + reach * np.cos(turn), middle.y + reach * np.sin(turn)])
    for _ in range(6):  # each seed to the middle of its cell: areas of like size
        cells = shapely.voronoi_polygons(points, extend_to=outline).geoms
        cells = [shapely.intersection(cell, outline) for cell in cells]
        points = shapely.MultiPoint([cell.centroid for cell in cells])
    cells = sorted(cells, key=lambda cell: cell.centroid.distance(middle))
    codes = [f"9901{number:02d}00" for number in range(1, len(AREAS) + 1)]
    return gpd.GeoDataFrame({"code": codes, "name": AREA_NAMES}, geometry=cells, crs=5179)


def _places(areas, rng):
    rows = []
    for area, (outline, (_, legal, count, pull)) in enumerate(zip(areas.geometry, AREAS, strict=True)):
        west, south, east, north = outline.bounds
        tried = rng.uniform((west, south), (east, north), (60 * count, 2))
        inside = tried[shapely.contains_xy(outline.buffer(-60), tried)][:count]
        weight = pull * rng.lognormal(0, PLACE_SPREAD, len(inside))
        rows += [
            (area, legal[k % len(legal)], 10 + 3 * k, x, y, w)
            for k, ((x, y), w) in enumerate(zip(inside, weight, strict=True))
        ]
    places = pd.DataFrame(rows, columns=["area", "legal_name", "lot_number", "x", "y", "weight"])
    # 가온1동 and 가온2동 share one 법정동: their lot numbers must not meet.
    places.loc[places["area"] == 1, "lot_number"] += 200
    places["violations_per_day"] = places["weight"] / places.pop("weight").sum() * VIOLATIONS / len(DAYS)
    places["longitude"], places["latitude"] = degrees(places["x"], places["y"])
    return places


def _zones(places, rng):
    at = rng.choice(len(places), CHILD_ZONES + SENIOR_ZONES, replace=False)
    kinds = ["어린이보호구역"] * CHILD_ZONES + ["노인보호구역"] * SENIOR_ZONES
    names = [f"가상{'초등학교' if kind[0] == '어' else '경로당'} {number}" for number, kind in enumerate(kinds, 1)]
    outlines = [
        shapely.Point(places["x"][p], places["y"][p]).buffer(size, quad_segs=4)
        for p, size in zip(at, rng.uniform(60, 130, len(at)), strict=True)
    ]
    return gpd.GeoDataFrame({"name": names, "kind": kinds, "place": at}, geometry=outlines, crs=5179)


def _cameras(places, rng):
    pull = places["violations_per_day"] ** 0.8 * rng.gamma(3, 1, len(places))  # cities place them well, not perfectly
    at = rng.choice(len(places), CAMERAS, replace=False, p=pull / pull.sum())
    order = rng.permutation(CAMERAS)
    cameras = pd.DataFrame({"place": at, "camera_id": 90001 + np.arange(CAMERAS)})
    names = [
        f"{AREA_NAMES[places['area'][p]]} {LANDMARKS[n % len(LANDMARKS)]}{n // 8 + 1} {SIDES[n % 4]}"
        for n, p in enumerate(at)
    ]
    cameras["camera_name"] = names
    cameras["in_list"], cameras["exempt"] = True, False
    cameras.loc[order[:UNLISTED], "in_list"] = False
    cameras.loc[rng.permutation(CAMERAS)[:EXEMPT], "exempt"] = True
    before = pd.Timestamp("2019-03-01") + pd.to_timedelta(rng.integers(0, 1800, CAMERAS), "D")
    cameras["installed_on"] = before
    new = order[UNLISTED : UNLISTED + NEW_CAMERAS]
    cameras.loc[new, "installed_on"] = DAYS[rng.integers(60, 420, NEW_CAMERAS)]
    broken = order[UNLISTED + NEW_CAMERAS :][:BROKEN_CAMERAS]
    first = rng.integers(40, 460, BROKEN_CAMERAS)
    cameras["down_from"] = pd.Series(DAYS[first], index=broken)
    cameras["down_to"] = pd.Series(DAYS[first + rng.integers(21, 57, BROKEN_CAMERAS)], index=broken)
    return cameras


def _vehicles(places, rng):
    """Plates pass every format, but each serial begins with 0, which is not issued: none belongs to a real vehicle."""
    n = VEHICLES * 11 // 10
    private = np.array(list("가나다라마거너더러머버서어저고노도로모보소오조구누두루무부수우주"))
    number2 = np.where(rng.random(n) < 0.85, rng.integers(11, 70, n), rng.integers(70, 98, n))
    number3 = np.where(rng.random(n) < 0.9, rng.integers(100, 700, n), rng.integers(700, 980, n))
    kinds = rng.choice(["three", "two", "business", "rental", "region"], n, p=[0.45, 0.43, 0.04, 0.04, 0.04])
    letters, trade, hire = rng.choice(private, n), rng.choice(list("바사아자"), n), rng.choice(list("하허호"), n)
    regions, serial = rng.choice(["서울", "경기", "인천"], n), rng.integers(0, 1000, n)
    head = {
        "three": lambda i: f"{number3[i]}{letters[i]}",
        "two": lambda i: f"{number2[i]:02d}{letters[i]}",
        "business": lambda i: f"{regions[i]}{number2[i]:02d}{trade[i]}",
        "rental": lambda i: f"{number3[i]}{hire[i]}",
        "region": lambda i: f"{regions[i]}{number2[i]:02d}{letters[i]}",
    }
    plates = pd.unique(pd.Series([f"{head[kind](i)}0{serial[i]:03d}" for i, kind in enumerate(kinds)]))[:VEHICLES]
    home = np.sqrt(places["violations_per_day"])
    return pd.DataFrame(
        {
            "plate": plates,
            "home": np.sort(rng.choice(len(places), VEHICLES, p=home / home.sum())),
            "activity": rng.gamma(VEHICLE_SHAPE, 1 / VEHICLE_SHAPE, VEHICLES) + 1e-3,
        }
    )


def _violations(places, vehicles, rng):
    n = rng.poisson(VIOLATIONS)
    day_weight = WEEKDAY[DAYS.day_of_week] * MONTH[DAYS.month - 1] * rng.gamma(60, 1 / 60, len(DAYS))
    by_place = places["violations_per_day"].to_numpy()
    place = rng.choice(len(places), n, p=by_place / by_place.sum())
    # A vehicle is found by its activity, among those that live at the place or among all.
    reach = np.concatenate([[0.0], vehicles["activity"].cumsum()])
    first, after = (np.searchsorted(vehicles["home"], np.arange(len(places)), side) for side in ("left", "right"))
    local = (rng.random(n) < NEIGHBOURS_SHARE) & (first < after)[place]
    low = np.where(local, reach[first[place]], 0.0)
    high = np.where(local, reach[after[place]], reach[-1])
    vehicle = np.searchsorted(reach, rng.uniform(low, high), "right") - 1
    short = rng.random(n) < STAYS["short_share"]
    return pd.DataFrame(
        {
            "place": place,
            "area": places["area"].to_numpy()[place],
            "day": rng.choice(len(DAYS), n, p=day_weight / day_weight.sum()),
            "second": rng.choice(24, n, p=HOUR / HOUR.sum()) * 3600 + rng.integers(0, 3600, n),
            "vehicle": np.minimum(vehicle, len(vehicles) - 1),
            "stays_minutes": rng.exponential(np.where(short, STAYS["short_minutes"], STAYS["long_minutes"])),
        }
    )
