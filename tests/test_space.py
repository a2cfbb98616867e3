"""Coordinates, grid and areas against PROJ and against places whose position is known."""

import ibis
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from dansok import space
from dansok.engine import connect


@pytest.fixture(scope="module")
def connection():
    return connect()


def test_projection_agrees_with_proj_to_the_millimetre_over_korea(connection):
    chance = np.random.default_rng(1)
    positions = pd.DataFrame({"lon": chance.uniform(124, 132, 50_000), "lat": chance.uniform(33, 39, 50_000)})
    projected = space.to_5179(connection.create_table("korea", positions), "lon", "lat").to_pandas()
    to_metres = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:5179", always_xy=True).transform
    x, y = to_metres(projected.lon.to_numpy(), projected.lat.to_numpy())
    assert len(projected) == 50_000
    assert np.hypot(projected.x - x, projected.y - y).max() < 0.001
    assert list(projected.columns) == ["lon", "lat", "x", "y"]


def test_a_missing_coordinate_stays_missing(connection):
    positions = connection.create_table("gaps", pd.DataFrame({"longitude": [127.2, None], "latitude": [None, 37.6]}))
    assert space.to_5179(positions).to_pandas()[["x", "y"]].isna().all(axis=None)


def test_metres_to_degrees_and_out_of_reach():
    origin = pd.DataFrame({"x": [np.nan, 200_000, 9e12], "y": [600_000, 600_000, 9e12]}, index=[4, 5, 6])
    found = space.to_wgs84(origin, "EPSG:5186")
    assert found.loc[5].round(9).tolist() == [127.0, 38.0]
    assert found.loc[[4, 6]].isna().all(axis=None)


@pytest.mark.parametrize(
    "place, crs, expected",
    [
        ((127.21, 37.65), "EPSG:4326", "EPSG:4326"),
        ((127.21, 37.65), "EPSG:5179", "EPSG:5179"),
        ((126.5, 33.5), "EPSG:5179", "EPSG:5179"),
        ((129.1, 35.2), "EPSG:5179", "EPSG:5179"),
        # y = 561,000 would be 38.55 degrees by EPSG:5181: North Korea, except on the east coast
        ((127.21, 37.65), "EPSG:5186", "EPSG:5186"),
        ((126.5, 33.4), "EPSG:5181", "EPSG:5181 or EPSG:5174"),
        ((126.9, 35.15), "EPSG:5181", "EPSG:5181 or EPSG:5174 or EPSG:5186"),
        ((127.11, 36.81), "EPSG:5186", "EPSG:5181 or EPSG:5174 or EPSG:5186"),
        ((127.21, 37.65), "EPSG:5174", "EPSG:5181 or EPSG:5174 or EPSG:5186"),
    ],
)
def test_coordinate_system_by_range(place, crs, expected):
    x, y = pyproj.Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform(*place)
    spread = np.linspace(-0.01, 0.01, 20) * (1 if crs == "EPSG:4326" else 100_000)
    assert space.detect_crs(x + spread, y - spread) == expected


@pytest.mark.parametrize("crs, expected", [("EPSG:5186", "EPSG:5186"), ("EPSG:5181", "EPSG:5181 or EPSG:5174")])
def test_the_citys_middle_decides_between_systems_100_km_apart(crs, expected):
    x, y = pyproj.Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform(127.11, 36.81)
    assert space.detect_crs([x], [y], near=(127.1, 36.8)) == expected


@pytest.mark.parametrize(
    "x, y, expected",
    [
        ([37.6] * 19 + [0], [127.2] * 19 + [0], "EPSG:4326 swapped"),
        ([127.2] * 19 + [37.6], [37.6] * 19 + [127.2], "EPSG:4326"),  # one swapped pair among twenty
        ([127.2, 37.6], [37.6, 127.2], None),
        ([0.0, np.nan], [0.0, 37.6], None),
        ([], [], None),
        ([12.5], [41.9], None),
        ([5_000_000.0], [9_000_000.0], None),
    ],
)
def test_odd_numbers(x, y, expected):
    assert space.detect_crs(x, y) == expected


def test_outlines_are_moved_mended_and_counted():
    x, y = 219_000, 460_000
    square = f"(({x} {y}, {x + 100} {y}, {x + 100} {y + 100}, {x} {y + 100}, {x} {y}))"
    texts = pd.Series(
        [
            f"POLYGON {square}",
            f"POLYGON (({x} {y}, {x + 100} {y + 100}, {x + 100} {y}, {x} {y + 100}, {x} {y}))",
            f"GEOMETRYCOLLECTION (MULTIPOLYGON ({square}), POINT ({x} {y}))",
            f"POINT ({x} {y})",
            "POLYGON ((1 2",
            "POLYGON EMPTY",
            None,
            "POINT (9e12 9e12)",
        ],
        index=list("abcdefgh"),
    )
    assert space.wkt_states(texts).tolist() == [
        "valid", "mended", "part_kept", "valid", "unreadable", "unreadable", "missing", "valid",
    ]  # fmt: skip
    moved = space.reproject_wkt(texts, "EPSG:5181")
    assert moved[["e", "f", "g", "h"]].isna().all()
    outlines = shapely.from_wkt(moved[list("abcd")].to_numpy())
    assert shapely.is_valid(outlines).all()
    # 0.9996 on the meridian of 127.5, less close to it than the belt's 1.0
    assert shapely.area(outlines).round(0).tolist() == [9992, 4996, 9992, 0]
    assert outlines[2].geom_type in ("Polygon", "MultiPolygon")
    east, north = pyproj.Transformer.from_crs("EPSG:5181", "EPSG:5179", always_xy=True).transform(x, y)
    assert (outlines[3].x, outlines[3].y) == pytest.approx((east, north), abs=0.001)


def test_cells_meet_at_their_lower_left_edge(connection):
    places = connection.create_table("places", pd.DataFrame({"x": [99.999, 100.0, -0.5, None], "y": [0.0, 250, 1, 1]}))
    cells = space.add_cells(places, 100).order_by(ibis.asc("x", nulls_first=True)).to_pandas()
    assert cells.cell_x.tolist()[1:] == [-1, 0, 1] and np.isnan(cells.cell_x[0])
    assert cells.cell_y.tolist() == [0, 0, 0, 2]
    assert cells.dtypes["cell_y"] == "int64"


def test_position_in_areas():
    areas = space.read_areas(
        pd.DataFrame(
            {
                "area_name": ["호평동", "별내동"],
                "geometry": ["POLYGON ((0 0, 10 0, 10 10, 0 10, 0 0))", "POLYGON ((10 0, 20 0, 20 10, 10 10, 10 0))"],
            }
        )
    )
    x, y = [5, 15, 10, 25, np.nan, 5], [5, 5, 5, 5, 5, 5]  # the third stands on the border
    assert space.area_of(x, y, areas).tolist() == ["호평동", "별내동", "별내동", None, None, "호평동"]
    assert space.area_of([], [], areas).tolist() == []
    assert space.area_of(x, y, areas.iloc[:0]).tolist() == [None] * 6


@pytest.mark.real
def test_school_zones_lie_in_the_city_only_by_the_right_system(shared_data):
    import json

    path = next((shared_data / "namyangju").glob("*어린이보호구역*.txt"))
    items = json.loads(path.read_text(encoding="utf-8-sig"))["response"]["body"]["items"]["item"]
    texts = pd.Series([item["fturGeomVl"] for item in items])
    assert set(space.wkt_states(texts)) <= {"valid", "mended", "part_kept"}
    moved = shapely.from_wkt(space.reproject_wkt(texts, "EPSG:5181").to_numpy())
    centres = pd.DataFrame(shapely.get_coordinates(shapely.centroid(moved)), columns=["x", "y"])
    positions = space.to_wgs84(centres, "EPSG:5179")
    assert positions.longitude.between(127.05, 127.4).all() and positions.latitude.between(37.5, 37.85).all()
    raw = shapely.get_coordinates(shapely.from_wkt(texts.to_numpy()))
    assert space.detect_crs(raw[:, 0], raw[:, 1], near=(127.2, 37.65)) == "EPSG:5181 or EPSG:5174"
