"""Maps of a made-up city of three areas: what is where, named without clashes, missing apart from zero."""

import math
import re

import geopandas as gpd
import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from dansok import charts, maps
from dansok.words import Text
from figures import flat, printed
from matplotlib.patches import Rectangle
from shapely import LineString, MultiPolygon, box

LONG = "다산신도시중앙로와도농로가만나는사거리에서북쪽으로이백미터떨어진어린이보호구역앞 공영주차장 입구 건너편"
X, Y = 960000, 1950000

# A wide one, a tall one of two parts, and one so small that its name has no room inside.
AREAS = gpd.GeoDataFrame(
    {"area_name": ["와부읍", "수동면", "금곡동"]},
    geometry=[
        box(X, Y, X + 12000, Y + 8000),
        MultiPolygon([box(X + 12000, Y, X + 18000, Y + 14000), box(X + 2000, Y + 9000, X + 3000, Y + 10000)]),
        box(X + 5000, Y + 8000, X + 6000, Y + 8600),
    ],
    crs="EPSG:5179",
)
REACH = pd.DataFrame(
    [("fixed_camera", 0.0051, 137893), ("citizen_report", 0.013, 37526), ("officer", math.nan, 0)],
    columns=["channel", "share", "records"],
)
SEEN = pd.DataFrame(
    [("fixed_camera", 9605, 19510), ("fixed_camera", 9700, 19550), ("citizen_report", 9606, 19510)],
    columns=["channel", "cell_x", "cell_y"],
)
PLACES = pd.DataFrame(
    [
        (2, "별내동 이래타워사거리", X + 4050, Y + 4050, 4163.0),
        (1, LONG, X + 4000, Y + 4000, 7181.0),
        (3, "좌표 없는 곳", math.nan, math.nan, 12.0),
        (4, "멀리 떨어진 곳", X + 15000, Y + 12000, math.nan),
    ],
    columns=["rank", "name", "x", "y", "value"],
)
ZOOM = ((X + 3000, Y + 3000, X + 5000, Y + 5000),)
PAIRS = pd.DataFrame(
    [(9640, 19540, 12.0, 0.3), (9641, 19540, 0.4, 6.0), (9700, 19550, math.nan, 0.0), (9701, 19550, 1.5, 1.5)],
    columns=["cell_x", "cell_y", "left", "right"],
)
TITLES = Text("바로잡은 값", "corrected"), Text("기록 그대로", "records as they are")
MARKS = pd.DataFrame(
    [(X + 4050, Y + 4050, "1", "left"), (X + 4150, Y + 4050, "A", "right")], columns=["x", "y", "label", "side"]
)
MARKED = Text("번호: 드러나지 않던 곳", "numbers: hidden by counts")
HOT = pd.DataFrame([(9640, 19540, "new"), (9700, 19550, "persistent")], columns=["cell_x", "cell_y", "kind"])
KINDS = {
    "new": (Text("새로 생김", "new"), "#c0392b"),
    "persistent": (Text("지속", "persistent"), "#14437a"),
    "sporadic": (Text("이따금", "sporadic"), "#6aa5d6"),
}
DRAWN = {
    "source_reach": (maps.source_reach, (SEEN, REACH, AREAS), {}),
    "ranked_places": (maps.ranked_places, (PLACES, AREAS), {}),
    "paired_cells": (
        maps.paired_cells,
        (PAIRS, AREAS),
        {"titles": TITLES, "marks": MARKS, "mark_words": MARKED, "zoom": ZOOM[0]},
    ),
    "kinds_of_cells": (maps.kinds_of_cells, (HOT, AREAS), {"kinds": KINDS, "zoom": ZOOM}),
}
EVERY = pytest.mark.parametrize("name", DRAWN)
BOTH = pytest.mark.parametrize("language", ["ko", "en"])


def marks(axes):
    """Middles of the cells drawn as marks, with their colour."""
    return {
        tuple(offset): mpl.colors.to_hex(colour)
        for collection in axes.collections
        for offset, colour in zip(np.asarray(collection.get_offsets()), collection.get_facecolors(), strict=False)
    }


@BOTH
@EVERY
def test_every_map_reads_in_both_languages(name, language):
    draw, tables, options = DRAWN[name]
    before = dict(mpl.rcParams)
    said = flat(printed(draw(*tables, language=language, **options)))
    assert dict(mpl.rcParams) == before
    assert re.search(r"\b5 km|\b2 km", said)
    assert "N" in said


@BOTH
@EVERY
def test_no_rows_say_so(name, language):
    draw, tables, options = DRAWN[name]
    empty = [t.iloc[:0] if t is not AREAS else t for t in tables]
    assert printed(draw(*empty, language=language, **options)) == [charts.NO_DATA[language]]


@EVERY
def test_one_row_is_enough(name):
    draw, tables, options = DRAWN[name]
    one = [t.iloc[:1] if t is not AREAS else t for t in tables]
    assert len(printed(draw(*one, language="en", **options))) > 3


@EVERY
def test_a_missing_column_is_named(name):
    draw, tables, options = DRAWN[name]
    with pytest.raises(ValueError, match="cell_x|x'"):
        draw(tables[0].drop(columns="cell_x" if "cell_x" in tables[0] else "x"), *tables[1:], language="ko", **options)


def test_areas_must_say_their_coordinate_system():
    with pytest.raises(ValueError, match="coordinate system"):
        maps.ranked_places(PLACES, AREAS.set_crs(None, allow_override=True), language="ko")
    with pytest.raises(ValueError, match="area_name"):
        maps.ranked_places(PLACES, AREAS.rename(columns={"area_name": "name"}), language="ko")


def test_areas_in_degrees_land_in_the_same_place():
    metres = maps.ranked_places(PLACES, AREAS, language="ko").axes[0]
    degrees = maps.ranked_places(PLACES, AREAS.to_crs("EPSG:4326"), language="ko").axes[0]
    assert degrees.get_xlim() == pytest.approx(metres.get_xlim(), abs=30)


def test_one_record_and_one_cell_are_no_plural():
    reach = flat(printed(maps.source_reach(SEEN, REACH.assign(records=1), AREAS, language="en")))
    cells = flat(printed(maps.kinds_of_cells(HOT, AREAS, language="en", kinds=KINDS)))
    assert re.search(r"n = 1 record\b", reach) and "new (1 cell)" in cells


def test_cells_are_never_thinner_than_print_and_the_key_says_so():
    figure = maps.kinds_of_cells(HOT, AREAS, language="en", kinds=KINDS, cell_metres=20)
    sizes = [size for c in figure.axes[0].collections for size in c.get_sizes()]
    assert sizes == pytest.approx([maps.SMALLEST**2] * len(sizes))
    assert "larger than true" in flat(printed(figure))
    few = HOT.assign(cell_x=960 + HOT.index, cell_y=1951)
    wide = maps.kinds_of_cells(few, AREAS, language="en", kinds=KINDS, cell_metres=1000)
    assert "larger than true" not in flat(printed(wide))


def test_a_zoom_shows_its_cells_in_true_size():
    near = pd.DataFrame([(9640, 19540, "new"), (9641, 19540, "new"), (9700, 19550, "new")], columns=HOT.columns)
    figure = maps.kinds_of_cells(near, AREAS, language="ko", kinds=KINDS, zoom=ZOOM)
    main, zoomed = figure.axes
    corners = [path.vertices[:4] for c in zoomed.collections for path in c.get_paths()]
    assert {tuple(c.min(axis=0)) for c in corners} == {(964000, 1954000), (964100, 1954000)}
    assert all(np.ptp(c, axis=0).tolist() == [100, 100] for c in corners)
    frame = next(p for p in main.patches if p.get_edgecolor() == mpl.colors.to_rgba(charts.ORANGE))
    assert (frame.get_x(), frame.get_width()) == (X + 3000, 2000)
    assert "확대 A" in printed(figure)
    with pytest.raises(ValueError, match="two zooms"):
        maps.kinds_of_cells(near, AREAS, language="ko", kinds=KINDS, zoom=ZOOM * 3)


def test_many_cells_become_pixels():
    many = pd.DataFrame([(9600 + i % 100, 19500 + i // 100, "new") for i in range(5001)], columns=HOT.columns)
    drawn_on = maps.kinds_of_cells(many, AREAS, language="ko", kinds=KINDS).axes[0].collections
    assert [c.get_rasterized() for c in drawn_on] == [True]
    few = maps.kinds_of_cells(many.head(5000), AREAS, language="ko", kinds=KINDS).axes[0].collections
    assert [c.get_rasterized() for c in few] == [False]


@pytest.mark.parametrize(
    ("values", "edges"),
    [
        ([3], [2]),
        ([1, 2], [1, 2]),
        ([1, 17], [1, 2, 5, 10]),
        ([1, 1400], [1, 5, 20, 100, 500]),
        ([1, 90000], [1, 10, 100, 1000, 10000]),
        ([0.03, 0.4], [0.02, 0.05, 0.1, 0.2]),
        ([5, 1e9], [1, 100, 10**4, 10**6, 10**8]),
    ],
)
def test_class_edges_are_round_and_hold_the_least(values, edges):
    assert maps.class_edges(values) == edges


@pytest.mark.parametrize(
    ("values", "edges"),
    [
        ([3.0, 3.0], [0, 3]),
        ([0.3, 0.9], [0, 0.4, 0.6, 0.8]),
        ([14, 15, 16, 19, 20, 22, 24, 26, 29, 30], [0, 15, 20, 25, 30]),
    ],
)
def test_classes_of_rates_that_lie_close_are_even_and_round(values, edges):
    assert maps.even_edges(values) == edges


def named(figure, axes=0):
    """Boxes of the areas' names on a map."""
    names = set(AREAS["area_name"])
    return {t.get_text(): t.get_window_extent() for t in figure.axes[axes].texts if t.get_text() in names}


def test_names_do_not_overlap_and_small_areas_are_named_beside_or_said_to_be_left_out():
    figure = maps.ranked_places(PLACES.tail(1), AREAS, language="ko")
    said = flat(printed(figure))
    boxes = named(figure)
    assert {"와부읍", "수동면"} <= set(boxes)
    assert ("금곡동" in boxes) != ("생략한 이름: 금곡동" in said)
    frames = list(boxes.values())
    assert not any(a.overlaps(b) for i, a in enumerate(frames) for b in frames[i + 1 :])


def test_a_name_never_stands_in_a_neighbour():
    crowded = AREAS.copy()
    crowded.geometry = [
        box(X, Y, X + 12000, Y + 8000),
        box(X + 12000, Y, X + 18000, Y + 14000),
        box(X + 11900, Y + 3000, X + 12100, Y + 3200),
    ]
    figure = maps.ranked_places(PLACES.tail(1), crowded, language="en")
    said = flat(printed(figure))
    boxes = named(figure)
    if "금곡동" in boxes:
        middle = (
            figure.axes[0]
            .transData.inverted()
            .transform([(boxes["금곡동"].x0 + boxes["금곡동"].x1) / 2, (boxes["금곡동"].y0 + boxes["금곡동"].y1) / 2])
        )
        assert abs(middle[0] - (X + 12000)) < 150 and abs(middle[1] - (Y + 3100)) < 150
    else:
        assert "names left out for lack of room: 금곡동" in said


def test_slivers_between_neighbours_leave_no_line_within_the_city():
    apart = AREAS.copy()
    apart.geometry = [
        box(X, Y, X + 5990, Y + 9000),
        box(X + 6010, Y, X + 12000, Y + 9000),
        box(X, Y + 9000, X + 12000, Y + 12000),
    ]
    outline = maps._city(apart)
    assert len(outline.geoms) == 1
    assert outline.area == pytest.approx(12000 * 12000, rel=0.001)


def test_reach_shows_each_channel_apart_and_an_unseen_city_as_a_hole():
    figure = maps.source_reach(SEEN, REACH, AREAS, language="ko")
    fixed, citizens, officers = figure.axes[:3]
    assert set(marks(fixed)) == {(960550, 1951050), (970050, 1955050)}
    assert set(marks(citizens)) == {(960650, 1951050)}
    assert marks(officers) == {}
    assert [any(p.get_hatch() for p in a.patches) for a in (fixed, citizens, officers)] == [False, False, True]
    said = flat(printed(figure))
    assert "시 면적의 0.5%" in said and "시 면적의 1.3%" in said and "n = 137,893건" in said and "자료 없음" in said


def test_ranked_places_are_listed_in_order_and_marked_apart():
    figure = maps.ranked_places(PLACES, AREAS, language="ko")
    said = flat(printed(figure)).replace(" ", "")
    assert LONG.replace(" ", "") in said
    assert "좌표없는곳(위치없음)" in said and "7,181" in said
    axes, listed = figure.axes
    discs = {t.get_text(): t.get_window_extent() for t in axes.texts if t.get_bbox_patch()}
    assert set(discs) == {"1", "2", "4"}
    assert not discs["1"].overlaps(discs["2"])  # 70 m apart: less than the width of a disc
    order = [t.get_text() for t in listed.texts if t.get_text() in set("1234")]
    assert order == ["1", "2", "3", "4"]
    assert "–" in [t.get_text() for t in listed.texts]  # a missing value is a dash


def test_ranked_places_off_the_window_say_so():
    figure = maps.ranked_places(PLACES, AREAS, language="en", zoom=ZOOM[0])
    said = flat(printed(figure))
    assert "멀리 떨어진 곳 (off the map)" in said and "좌표 없는 곳 (no place)" in said
    assert {t.get_text() for t in figure.axes[0].texts if t.get_bbox_patch()} == {"1", "2"}


def test_a_rank_twice_is_refused():
    with pytest.raises(ValueError, match="rank"):
        maps.ranked_places(pd.concat([PLACES, PLACES]), AREAS, language="ko")


def test_twenty_long_names_fit_the_list():
    many = pd.DataFrame(
        [(i, Text(LONG, LONG), X + 500 * i, Y + 300 * i, 1000.0 - i) for i in range(1, 21)], columns=PLACES.columns
    )
    figure = maps.ranked_places(many, AREAS, language="en", value_label=Text("건수", "records per camera-hour"))
    assert flat(printed(figure)).replace(" ", "").count(LONG.replace(" ", "")) == 20
    frames = [t.get_window_extent() for t in figure.axes[1].texts if t.get_text().startswith("다산")]
    assert len(frames) == 20
    assert not any(a.overlaps(b) for a, b in zip(frames, frames[1:], strict=False))


@pytest.mark.real
def test_the_real_city_is_named_in_full(shared_data):
    areas = gpd.read_file(shared_data / "namyangju" / "읍면동.geojson").rename(columns={"ADM_NM": "area_name"})
    cells = pd.DataFrame([(9700, 19600, "new"), (9780, 19530, "new")], columns=HOT.columns)
    figure = maps.kinds_of_cells(cells, areas, language="en", kinds=KINDS)
    printed(figure)
    boxes = [t.get_window_extent() for t in figure.axes[0].texts if t.get_text() in set(areas["area_name"])]
    assert len(boxes) == len(areas) == 16
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[i + 1 :])
    assert len(maps._city(areas.to_crs("EPSG:5179")).geoms) == 1


STREETS = gpd.GeoDataFrame(geometry=[LineString([(X, Y + 4000), (X + 9000, Y + 4000)])], crs="EPSG:5179")
CARDS = pd.DataFrame(
    {
        "sites": [((X + 4050, Y + 4050),), ((X + 4050, Y + 4050), (X + 4900, Y + 4200))],
        "title": [Text("1월 5일(월) 18:00~20:00 · A조", "Mon 5 Jan, 18:00~20:00, team A")] * 2,
        "lines": [
            [Text(LONG, "a place with a long name " * 3), Text("기대 0.7대(0~2)", "Expected 0.7 vehicles (0 to 2)")]
        ]
        * 2,
    }
)


@BOTH
def test_cards_show_their_places_and_words(language):
    figure = maps.block_cards(CARDS, AREAS, STREETS, language=language, place_metres=200)
    said = flat(printed(figure))
    assert CARDS["title"][0][language] in said and CARDS["lines"][0][1][language] in said
    assert said.count("200 m") == 2 and re.search(r"\b1\b.*\b2\b", said), "the stops of a tour are numbered"
    squares = [len([patch for patch in axes.patches if isinstance(patch, Rectangle)]) for axes in figure.axes]
    assert sorted(squares) == [0, 0, 1, 2]


def test_cards_without_streets_or_rows_are_drawn_or_say_so():
    assert len(printed(maps.block_cards(CARDS, AREAS, STREETS.iloc[:0], language="en", place_metres=200))) > 3
    assert printed(maps.block_cards(CARDS.iloc[:0], AREAS, STREETS, language="en", place_metres=200)) == [
        charts.NO_DATA["en"]
    ]


# --- two maps side by side, and kinds of cells ---


def test_both_maps_are_in_the_same_classes_and_never_looked_is_grey_not_zero():
    figure = maps.paired_cells(PAIRS, AREAS, language="ko", titles=TITLES)
    left, right = figure.axes[:2]
    assert (left.get_title(loc="left"), right.get_title(loc="left")) == ("바로잡은 값", "기록 그대로")
    ours, theirs = marks(left), marks(right)
    assert ours[970050, 1955050] == charts.HATCH, "never looked at"
    assert (970050, 1955050) not in theirs, "no record is not drawn"
    assert ours[970150, 1955050] == theirs[970150, 1955050], "one value, one colour"
    assert ours[964050, 1954050] != theirs[964050, 1954050]
    said = flat(printed(figure))
    assert "아무도 본 적 없거나" in said and "≥ 10" in said and "100 m 칸" in said


def test_marks_are_filled_on_the_map_on_which_they_are_high():
    figure = maps.paired_cells(PAIRS, AREAS, language="en", titles=TITLES, marks=MARKS, mark_words=MARKED, zoom=ZOOM[0])
    printed(figure)
    navy = mpl.colors.to_rgba(charts.NAVY)
    for axes, filled in zip(figure.axes, "1A1A", strict=False):
        discs = {t.get_text(): t for t in axes.texts if t.get_bbox_patch()}
        assert {"1", "A"} <= set(discs)
        assert [name for name, disc in discs.items() if disc.get_bbox_patch().get_facecolor() == navy] == [filled]
        frames = [discs[name].get_window_extent() for name in ("1", "A")] + list(named_on(axes).values())
        assert not any(a.overlaps(b) for i, a in enumerate(frames) for b in frames[i + 1 :])


def named_on(axes):
    names = set(AREAS["area_name"])
    return {t.get_text(): t.get_window_extent() for t in axes.texts if t.get_text() in names}


def test_kinds_have_their_colours_and_only_those_there_are_in_the_key():
    figure = maps.kinds_of_cells(HOT, AREAS, language="ko", kinds=KINDS, marks=MARKS, zoom=ZOOM)
    assert marks(figure.axes[0]) == {(964050, 1954050): "#c0392b", (970050, 1955050): "#14437a"}
    said = flat(printed(figure))
    assert "새로 생김 (1칸)" in said and "지속 (1칸)" in said and "이따금" not in said
    main, zoomed = figure.axes
    assert not {"1", "A"} & {t.get_text() for t in main.texts if t.get_bbox_patch()}, "told in the zoom"
    assert {"1", "A"} <= {t.get_text() for t in zoomed.texts if t.get_bbox_patch()}
    with pytest.raises(ValueError, match="odd"):
        maps.kinds_of_cells(HOT.assign(kind="odd"), AREAS, language="ko", kinds=KINDS)
    only_marks = maps.kinds_of_cells(HOT.head(0), AREAS, language="ko", kinds=KINDS, marks=MARKS)
    assert "와부읍" in flat(printed(only_marks))
