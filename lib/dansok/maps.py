"""Maps of a city in the house look: no tiles, no network, a scale bar and a north arrow on each.

Everything is drawn in EPSG:5179 (metres). Areas come as a GeoDataFrame with `area_name`; cells as the integers
`cell_x`, `cell_y` of `3_linked` (floor of metres by cell size). Names of places stay Korean in both editions.
"""

import math

import numpy as np
import pandas as pd
from matplotlib import patheffects
from matplotlib.collections import PatchCollection
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path
from shapely import MultiPolygon, Point, Polygon, box

from dansok import charts
from dansok.charts import (
    BANDS,
    EDGE,
    INK,
    NAVY,
    NO_DATA,
    ORANGE,
    RECORDS,
    SMALL,
    SOFT,
    WIDTH,
    drawn,
    joined,
    n_records,
    needs,
    number,
    say,
)
from dansok.words import Text

CRS = "EPSG:5179"
LAND = "#f6f7f8"
SLIVER = 75  # metres: gaps and overlaps up to twice this between neighbours are errors of drawing
RASTER_FROM = 5000  # more marks than this are drawn as pixels: an SVG of each would take megabytes
SMALLEST = 1.6  # points: a cell of 100 m in a city of 30 km is thinner than print

CELLS = Text("{cell} m 칸", "cells of {cell} m")
CELLS_LARGER = Text(
    "{cell} m 칸(시 전체 지도에서는 실제보다 크게)", "cells of {cell} m (larger than true on the map of the city)"
)
N_CELLS, ONE_CELL = Text("{n}칸", "{n} cells"), Text("1칸", "1 cell")
SEEN = Text("기록이 한 건이라도 있는 {cell} m 칸", "cell of {cell} m with at least one record")
SEEN_LARGER = Text(SEEN.ko + "(칸은 실제보다 크게 그림)", SEEN.en + " (drawn larger than it is)")
OF_AREA = Text("시 면적의 {share}", "{share} of the city's area")
KILOMETRES = Text("{n} km", "{n} km")
ENLARGED = Text("확대 {letter}", "Zoom {letter}")
NAMES_LEFT_OUT = Text("자리가 없어 생략한 이름: {names}", "names left out for lack of room: {names}")


def _areas(areas):
    missing = {"area_name", "geometry"} - set(areas.columns)
    if missing:
        raise ValueError(f"maps: the areas have no column {sorted(missing)}")
    if areas.crs is None:
        raise ValueError("maps: the areas do not say their coordinate system")
    return areas.to_crs(CRS).sort_values("area_name", kind="stable").reset_index(drop=True)


def _squares(cells, cell_metres):
    """South-west corners of the cells in metres, shape (n, 2)."""
    return cells[["cell_x", "cell_y"]].to_numpy(float) * cell_metres


def _bounds(areas, margin=0.03):
    west, south, east, north = areas.total_bounds
    room = margin * max(east - west, north - south)
    return west - room, south - room, east + room, north + room


def _rings(geometry):
    """The outline of a polygon or multipolygon as one path, holes included."""
    parts = getattr(geometry, "geoms", [geometry])
    rings = [ring for part in parts for ring in (part.exterior, *part.interiors)]
    codes = [[Path.MOVETO, *[Path.LINETO] * (len(r.coords) - 2), Path.CLOSEPOLY] for r in rings]
    return Path(np.concatenate([np.asarray(r.coords)[:, :2] for r in rings]), np.concatenate(codes))


def _city(areas):
    """Outline of all areas together, without the slivers that lie between outlines drawn apart."""
    joined_up = areas.geometry.buffer(SLIVER, join_style="mitre").union_all().buffer(-SLIVER, join_style="mitre")
    parts = getattr(joined_up, "geoms", [joined_up])
    return MultiPolygon([Polygon(part.exterior) for part in parts])


def _ground(axes, areas, bounds, *, line=0.6, hole=False):
    """Land, boundaries of the areas, and the city's outline; hatched where there is nothing to tell (`hole`)."""
    west, south, east, north = bounds
    tolerance = (east - west) / 2500  # below what print can show
    city = _rings(_city(areas).simplify(tolerance))
    land = BANDS["none"] if hole else {"facecolor": LAND, "edgecolor": "none"}
    axes.add_patch(PathPatch(city, zorder=0, **land))
    for shape in areas.geometry.simplify(tolerance):
        axes.add_patch(PathPatch(_rings(shape), facecolor="none", edgecolor="#b8c0c9", linewidth=line, zorder=3))
    axes.add_patch(PathPatch(city, facecolor="none", edgecolor=SOFT, linewidth=line + 0.4, zorder=3.1))
    axes.set(xlim=(west, east), ylim=(south, north), xticks=[], yticks=[], aspect="equal")
    axes.spines[:].set_visible(False)


def _framed(axes, colour, width):
    axes.spines[:].set_visible(True)
    axes.spines[:].set(edgecolor=colour, linewidth=width)


FURNITURE = (0.36, 0.17)  # part of a map's width and height that the scale bar and the north arrow take


def _emptiest_corner(axes, areas):
    """The corner of the map with the least land: (right, top) as 0 or 1; the lower right one where all are alike."""
    (west, east), (south, north) = axes.get_xlim(), axes.get_ylim()
    wide, high = FURNITURE[0] * (east - west), FURNITURE[1] * (north - south)
    land = areas.geometry.union_all()

    def covered(corner):
        x = east - wide if corner[0] else west
        y = north - high if corner[1] else south
        return round(land.intersection(box(x, y, x + wide, y + high)).area / (wide * high), 2)

    return min(((1, 0), (0, 0), (1, 1), (0, 1)), key=covered)


def _furniture(axes, language, corner=(1, 0), *, north_arrow=True):
    """A bar of a round number of kilometres, about a quarter of the map, and the north arrow above its end."""
    (west, east), (south, north) = axes.get_xlim(), axes.get_ylim()
    wide, high = east - west, north - south
    length = max(step for step in (100, 200, 500, 1000, 2000, 5000, 10000, 20000) if step <= max(wide * 0.3, 100))
    start = east - wide * 0.03 - length if corner[0] else west + wide * 0.03
    base = north - high * (FURNITURE[1] - 0.02) if corner[1] else south + high * 0.03
    halo = [patheffects.withStroke(linewidth=2.5, foreground="white")]
    bar = {"color": INK, "linewidth": 2, "solid_capstyle": "butt", "path_effects": halo, "zorder": 8}
    axes.plot([start, start + length], [base, base], **bar)
    words = {"textcoords": "offset points", "ha": "center", "va": "bottom", "fontsize": SMALL, "zorder": 8}
    said = say(KILOMETRES, language).format(n=number(length / 1000, 0 if length >= 1000 else 1))
    axes.annotate(said, (start + length / 2, base), xytext=(0, 3), path_effects=halo, **words)
    if north_arrow:
        end = start + length if corner[0] else start
        inward = -5 if corner[0] else 5
        axes.annotate(
            "▲\nN", (end, base), xytext=(inward, 14), weight="semibold", linespacing=0.95, path_effects=halo, **words
        )


# ------------------------------------------------------------------------------------------------ names without clashes


def _settle(figure):
    """Lay out twice, as the shape of a map changes what its neighbours get: names are placed on maps as they stay."""
    figure.get_layout_engine().execute(figure)
    figure.draw_without_rendering()


class _Room:
    """What is taken on a map of a settled figure, in points: a name goes where nothing else is."""

    def __init__(self, axes):
        self.axes = axes
        self.scale = 72 / axes.figure.dpi
        self.taken = []
        self.frame = [edge * self.scale for edge in axes.get_window_extent().extents]

    def at(self, x, y):
        """Points on the page of metres on the map."""
        return self.axes.transData.transform(np.column_stack([x, y])).squeeze() * self.scale

    def back(self, spot):
        return self.axes.transData.inverted().transform(spot / self.scale)

    def box(self, centre, width, height):
        return (centre[0] - width / 2, centre[1] - height / 2, centre[0] + width / 2, centre[1] + height / 2)

    def free(self, box):
        inside = (
            box[0] >= self.frame[0] and box[1] >= self.frame[1] and box[2] <= self.frame[2] and box[3] <= self.frame[3]
        )
        return inside and not any(
            box[0] < other[2] and other[0] < box[2] and box[1] < other[3] and other[1] < box[3] for other in self.taken
        )

    def take(self, box):
        self.taken.append(box)


def _steps(reach):
    """Places to try around a point, nearest first, always in the same order."""
    yield 0.0, 0.0
    for distance in reach:
        for turn in range(12):
            yield distance * math.cos(turn * math.pi / 6), distance * math.sin(turn * math.pi / 6)


def _write_names(room, areas, *, cells=None, size=SMALL, reach=(5, 9, 13, 17, 22)):
    """Write the areas' names, the largest area first, off the cells and within the area where that can be.

    Returns the names for which there was no room.
    """
    left_out = []
    axes, order = room.axes, areas.assign(size=areas.geometry.area).sort_values(["size", "area_name"], ascending=False)
    west, east, south, north = *axes.get_xlim(), *axes.get_ylim()
    marks = np.empty((0, 2)) if cells is None or not len(cells) else room.at(*cells.T).reshape(-1, 2)
    for area in order.itertuples():
        seen = area.geometry.intersection(box(west, south, east, north))
        if seen.is_empty or seen.area < 0.04 * min(area.geometry.area, (east - west) * (north - south)):
            continue
        point = seen.representative_point()
        home = room.at(point.x, point.y)
        width, height = charts.text_width(area.area_name, size, "semibold") + 3, size * 1.25
        tries = []
        for place, step in enumerate(_steps(reach)):
            centre = home + np.array(step)
            frame = room.box(centre, width, height)
            if not room.free(frame):
                continue
            middle = Point(*room.back(centre))
            strays = not seen.contains(middle)
            if strays and areas.geometry.contains(middle).any():
                continue  # a name in the neighbour's land names the neighbour
            tries.append((strays, _covered(marks, frame), place, step, frame))
        if not tries:
            left_out.append(area.area_name)
            continue
        *_, step, frame = min(tries, key=lambda one: one[:3])
        room.take(frame)
        _halo_text(axes, point.x, point.y, area.area_name, size, step)
    return left_out


def _covered(marks, frame):
    """How many of `marks` (n, 2) lie under `frame`."""
    x, y = marks[:, 0], marks[:, 1]
    return int(((x > frame[0]) & (x < frame[2]) & (y > frame[1]) & (y < frame[3])).sum())


def _halo_text(axes, x, y, words, size, offset=(0, 0), colour=INK):
    axes.annotate(
        words,
        (x, y),
        xytext=offset,
        textcoords="offset points",
        ha="center",
        va="center",
        fontsize=size,
        weight="semibold",
        color=colour,
        path_effects=[patheffects.withStroke(linewidth=2.2, foreground="white", alpha=0.9)],
        zorder=7,
    )


# -------------------------------------------------------------------------------------------------------- cells by class


def class_edges(values, most=5):
    """Round lower edges of at most `most` classes, as fine as that allows.

    Examples
    --------
    >>> class_edges([1, 2, 3, 8, 17]), class_edges([1, 20, 75, 1400]), class_edges([0.3, 0.9])
    ([1, 2, 5, 10], [1, 5, 20, 100, 500], [0.2, 0.5])
    """
    low, top = float(min(value for value in values if value > 0)), float(max(values))
    for steps, again in (((1, 2, 5), 10), ((1, 5, 20), 100), ((1,), 10), ((1,), 100), ((1,), 1000)):
        rounds = [step * again**power for power in range(-4, 10) for step in steps]
        rounds = [round(edge) if edge >= 1 else round(edge, 8) for edge in rounds]
        first = max(edge for edge in rounds if edge <= low)
        edges = [edge for edge in rounds if first <= edge <= top]
        if len(edges) <= most:
            break
    return edges[:most]


def even_edges(values, most=5):
    """Round lower edges, evenly apart, of at most `most` classes over the middle nine tenths of the values; the first is 0.

    Examples
    --------
    >>> even_edges([9, 14, 17, 19, 21, 22, 24, 26, 31, 58]), even_edges([3.0, 3.0])
    ([0, 20, 40], [0, 3])
    """
    low, top = np.quantile(values, (0.05, 0.95))
    for step in (step * 10.0**power for power in range(-4, 10) for step in (1, 2, 5)):
        first, last = max(1, round(low / step)), round(top / step)
        if last - first < most - 1:
            edges = [round(step * n, 4) for n in range(first, last + 1)]
            return [0, *(int(edge) if edge == int(edge) else edge for edge in edges)]
    return [0]


def _class_words(edges, place, whole):
    low = edges[place]
    if low == 0 and len(edges) > 1:
        return f"<{_edge(edges[1])}"
    if place == len(edges) - 1:
        return f"≥ {_edge(low)}"
    high = edges[place + 1]
    if whole:
        return _edge(low) if high - 1 == low else f"{_edge(low)}–{_edge(high - 1)}"
    return f"{_edge(low)}–<{_edge(high)}"


def _cells(count, language):
    return say(ONE_CELL if count == 1 else N_CELLS, language).format(n=number(count))


def _edge(value):
    return number(value, next(d for d in range(5) if d == 4 or abs(value - round(value, d)) < 1e-9))


def _draw_cells(axes, corners, colours, cell_metres, *, true_size):
    """Squares at their true place: true in size on a zoom, at least `SMALLEST` points on the whole city.

    Returns whether they are larger than true.
    """
    raster = len(corners) > RASTER_FROM
    if true_size:
        patches = [Rectangle(corner, cell_metres, cell_metres) for corner in corners]
        axes.add_collection(
            PatchCollection(patches, facecolor=colours, edgecolor="white", linewidth=0.15, zorder=2, rasterized=raster)
        )
        return False
    points = axes.get_window_extent().width * 72 / axes.figure.dpi / (axes.get_xlim()[1] - axes.get_xlim()[0])
    side = max(SMALLEST, cell_metres * points)
    axes.scatter(
        corners[:, 0] + cell_metres / 2,
        corners[:, 1] + cell_metres / 2,
        s=side**2,
        c=colours,
        marker="s",
        linewidths=0,
        zorder=2,
        rasterized=raster,
    )
    return side > cell_metres * points


def _corner(room, corner):
    """The box that the scale bar and the north arrow take."""
    x0, y0, x1, y1 = room.frame
    wide, high = FURNITURE[0] * (x1 - x0), FURNITURE[1] * (y1 - y0)
    left, foot = (x1 - wide if corner[0] else x0), (y1 - high if corner[1] else y0)
    return (left, foot, left + wide, foot + high)


def _map_page(areas, zoom):
    """A figure with a map of the areas' shape and, beside it, up to two zooms."""
    west, south, east, north = _bounds(areas)
    shape = (north - south) / (east - west)
    wide = WIDTH * (0.6 if zoom else 0.78)
    height = min(max(wide * shape, 2.2), 6.2)
    figure = charts.new_figure(height + 0.62)
    if not zoom:
        return figure, figure.add_subplot(), []
    grid = figure.add_gridspec(len(zoom), 2, width_ratios=[0.6, 0.4])
    return figure, figure.add_subplot(grid[:, 0]), [figure.add_subplot(grid[i, 1]) for i in range(len(zoom))]


def _zoom(axes, areas, window, letter, corners, colours, cell_metres, language):
    west, south, east, north = window
    _ground(axes, areas, window, line=0.8)
    near = (
        (corners[:, 0] + cell_metres > west)
        & (corners[:, 0] < east)
        & (corners[:, 1] + cell_metres > south)
        & (corners[:, 1] < north)
    )
    _draw_cells(axes, corners[near], [c for c, n in zip(colours, near, strict=True) if n], cell_metres, true_size=True)
    _framed(axes, ORANGE, 1.1)
    axes.set_title(say(ENLARGED, language).format(letter=letter), fontsize=SMALL, color=ORANGE, pad=3)
    _furniture(axes, language, north_arrow=False)


def _legend(figure, lines, entries):
    """The key below a map: lines of words, a line that is kept for names left out, then the marks.

    Names are placed on the map as it is beside its key, so the key is there first.
    """
    text = "\n".join([*(charts.wrapped(line, WIDTH * 72 - 20, SMALL) for line in lines), " "])
    legend = figure.legend(
        [handle for handle, _ in entries],
        [words for _, words in entries],
        loc="outside lower left",
        ncols=_columns(entries),
        title=text,
        alignment="left",
        title_fontsize=SMALL,
        handlelength=1,
        handletextpad=0.4,
        columnspacing=1.4,
        borderaxespad=0.2,
        labelcolor=INK,
    )
    legend.get_title().set_color(SOFT)
    return legend


def _columns(entries):
    """All marks in a row if there is room, else in two."""
    wide = sum(charts.text_width(words, SMALL) + 26 for _, words in entries)
    return len(entries) if wide < WIDTH * 72 else math.ceil(len(entries) / 2)


def _tell_left_out(legend, names, language):
    """Names for which there was no room, in the line that the key keeps for them."""
    if names:
        title = legend.get_title()
        said = say(NAMES_LEFT_OUT, language).format(names=", ".join(sorted(names)))
        title.set_text(title.get_text().rstrip() + "\n" + charts.wrapped(said, WIDTH * 72 - 20, SMALL))


# -------------------------------------------------------------------------------------- counts beside rates, cell by cell

FEW = Text("차량이 적어 감춤", "left out: few vehicles")
NO_READER = Text(
    "빈 곳: 판독 없음(체납차량이 없다는 뜻이 아님)", "blank: nobody read (which does not mean no such vehicles)"
)
FEW_COLOUR = "#d3d8de"
FEW_CLASSES = 4  # below which round edges that grow tell too little of a rate


@drawn
def counts_and_rates(cells, areas, *, language, count_title, rate_title, cell_metres):
    """How much was seen beside how much there is among what was looked at: two maps of the same cells, each with its own classes.

    Parameters
    ----------
    cells : pd.DataFrame
        Rows are cells at which somebody looked: `cell_x`, `cell_y` (int), `count`, `rate`, `state` ("shown"; "few": drawn grey,
        without a class). A shown 0 is an outlined empty square.
    areas : gpd.GeoDataFrame
        `area_name` and `geometry`, any coordinate system.
    count_title, rate_title : Text
        What the numbers are, with their unit.
    cell_metres : int
        Side of a cell.
    """
    needs(cells, "counts_and_rates", "cell_x", "cell_y", "count", "rate", "state")
    strange = sorted(set(cells["state"]) - {"shown", "few"})
    if strange:
        raise ValueError(f"counts_and_rates: state must be shown or few, found {strange}")
    if cells.empty or areas.empty:
        return charts.no_data(language, height=1.6)
    areas = _areas(areas)
    west, south, east, north = bounds = _bounds(areas)
    high = min(WIDTH / 2 * (north - south) / (east - west), 3.6)
    figure = charts.new_figure(high + 1.15)
    panels = figure.subplots(1, 2)
    shown = cells.sort_values(["cell_x", "cell_y"], kind="stable")
    corners = _squares(shown, cell_metres)
    for axes, name, title in zip(panels, ("count", "rate"), (count_title, rate_title), strict=True):
        _ground(axes, areas, bounds, line=0.4, hole=True)
        title = joined(say(title, language), say(CELLS, language).format(cell=cell_metres))
        words = charts.wrapped(title, WIDTH * 72 / 2 - 16, 8.5, weight="semibold")
        axes.set_title(words)
        _one_of_two(
            axes,
            corners,
            shown[name].astype(float).to_numpy(),
            (shown["state"] == "few").to_numpy(),
            cell_metres,
            language,
        )
    across, _up = _emptiest_corner(panels[0], areas)
    _furniture(panels[0], language, (across, 0))
    grey = Line2D([], [], linestyle="none", marker="s", markersize=6, color=FEW_COLOUR)
    entries = [(BANDS["none"], say(NO_READER, language))]
    if (shown["state"] == "few").any():
        entries.insert(0, (grey, say(FEW, language)))
    charts.key(figure, entries)
    return figure


def _one_of_two(axes, corners, values, few, cell_metres, language):
    """Cells of one of the twin maps, and the key to its classes below it."""
    known = values[~few & (values > 0)]
    edges = class_edges(known) if len(known) else []
    whole = bool(len(known) and np.all(known == np.round(known)))
    if len(edges) < FEW_CLASSES and not whole and len(known):
        edges = even_edges(known)
    shades = [charts.SEQUENCE(0.3 + 0.7 * i / max(len(edges) - 1, 1)) for i in range(len(edges))]
    none = ~few & ~(values > 0)
    for mask, look in (
        (few, {"facecolor": FEW_COLOUR, "edgecolor": "white"}),
        (none, {"facecolor": "white", "edgecolor": EDGE}),
    ):
        patches = [Rectangle(corner, cell_metres, cell_metres) for corner in corners[mask]]
        axes.add_collection(PatchCollection(patches, linewidth=0.25, zorder=2, **look))
    some = ~few & (values > 0)
    if some.any():
        colours = [shades[c] for c in np.searchsorted(edges, values[some], side="right") - 1]
        patches = [Rectangle(corner, cell_metres, cell_metres) for corner in corners[some]]
        axes.add_collection(PatchCollection(patches, facecolor=colours, edgecolor="white", linewidth=0.25, zorder=2.1))
    entries = [
        (Line2D([], [], linestyle="none", marker="s", markersize=6, color=shade), _class_words(edges, place, whole))
        for place, shade in enumerate(shades)
    ]
    if none.any():
        zero = Line2D(
            [], [], linestyle="none", marker="s", markersize=5.5, markerfacecolor="white", markeredgecolor=EDGE
        )
        entries.insert(0, (zero, "0"))
    if entries:
        axes.legend(
            [mark for mark, _ in entries], [words for _, words in entries], loc="upper center", bbox_to_anchor=(0.5, -0.005),
            ncols=min(len(entries), 6), handlelength=0.8, handletextpad=0.3, columnspacing=0.9, borderaxespad=0, labelcolor=INK,
        )  # fmt: skip


# ------------------------------------------------------------------------------------------------ two maps side by side

TIMES_THE_MEAN = (0, 0.5, 1, 2, 5, 10)
MEAN_IS_ONE = Text("평균 칸 = 1", "the mean cell = 1")
NEVER = Text("아무도 본 적 없거나 얼마나 보았는지 모름", "never looked at, or not known how much")
ZOOM_SHAPE = 0.72  # height of a zoom over its width


@drawn
def paired_cells(
    cells,
    areas,
    *,
    language,
    titles,
    marks=None,
    mark_words=None,
    blank="",
    cell_metres=100,
    zoom=None,
):
    """One measure beside another on the same map and in the same classes, with places marked on both.

    Parameters
    ----------
    cells : pd.DataFrame
        Rows are cells: `cell_x`, `cell_y` (int), `left`, `right`, over the mean cell's (missing: drawn grey; right of 0: not drawn).
    areas : gpd.GeoDataFrame
        `area_name` and `geometry`, any coordinate system.
    titles : pair of Text
        Of the left and of the right map.
    marks : pd.DataFrame, optional
        Places to mark on both: `x`, `y` (metres, EPSG:5179), `label` (a letter or number), `side` ("left", "right"): filled
        on the map on which it is high.
    mark_words : Text, optional
        What the marks are, for the key.
    blank : Text, optional
        What land without a cell is.
    cell_metres : int, optional
    zoom : (west, south, east, north), optional
        A window in metres that is enlarged below both maps.
    """
    needs(cells, "paired_cells", "cell_x", "cell_y", "left", "right")
    if cells.empty or areas.empty:
        return charts.no_data(language, height=1.6)
    areas = _areas(areas)
    west, south, east, north = bounds = _bounds(areas)
    wide = WIDTH / 2
    high = min(wide * (north - south) / (east - west), 3.3)
    below = wide * ZOOM_SHAPE if zoom else 0
    figure = charts.new_figure(high + below + 1.0)
    ratios = [high, below] if zoom else [high]
    panels = figure.subplots(len(ratios), 2, squeeze=False, gridspec_kw={"height_ratios": ratios})
    edges = TIMES_THE_MEAN
    shades = [charts.SEQUENCE(0.12 + 0.88 * i / (len(edges) - 1)) for i in range(len(edges))]
    window = _shaped(zoom, ZOOM_SHAPE) if zoom else None
    for axes, title in zip(panels[0], titles, strict=True):
        _ground(axes, areas, bounds, line=0.4)
        axes.set_title(charts.wrapped(say(title, language), wide * 72 - 12, 8.5, weight="semibold"))
    figure.draw_without_rendering()
    for column, name in enumerate(("left", "right")):
        shown = cells[cells[name].isna() | (cells[name] > 0)].sort_values(name, kind="stable", na_position="first")
        values = shown[name].astype(float).to_numpy()
        classes = np.where(np.isnan(values), -1, np.searchsorted(edges, values, side="right") - 1)
        colours = [shades[c] if c >= 0 else charts.HATCH for c in classes]
        corners = _squares(shown, cell_metres)
        larger = _draw_cells(panels[0, column], corners, colours, cell_metres, true_size=False)
        if window:
            panels[0, column].add_patch(_frame(window))
            _zoom(panels[1, column], areas, window, "A", corners, colours, cell_metres, language)
    across_corner, _up = _emptiest_corner(panels[0, 0], areas)
    _furniture(panels[0, 0], language, (across_corner, 0))
    grey = cells[["left", "right"]].isna().any(axis=1).any()
    words = [say(words, language) for words in (blank, mark_words) if words]
    legend = _class_key(figure, shades, edges, grey, larger, cell_metres, words, language)
    _settle(figure)
    left_out, drawn_on = set(), cells[cells[["left", "right"]].max(axis=1) > 0]
    middles = _squares(drawn_on, cell_metres) + cell_metres / 2
    for column, name in enumerate(("left", "right")):
        for axes in panels[:, column]:
            room = _Room(axes)
            room.take(_corner(room, (across_corner, 0) if axes is panels[0, 0] else (1, 0)))
            if marks is not None:
                inside = marks["x"].between(*axes.get_xlim()) & marks["y"].between(*axes.get_ylim())
                for mark in marks[inside].itertuples():
                    _number_place(room, mark, words=mark.label, filled=mark.side == name)
            if axes is panels[0, column]:
                left_out |= set(_write_names(room, areas, cells=middles, size=charts.TINY))
            else:
                _write_names(room, areas, cells=middles)
    _tell_left_out(legend, left_out, language)
    return figure


def _shaped(window, shape):
    """The window cut to the shape (height over width) of its panel, about its middle."""
    west, south, east, north = window
    middle, half = (south + north) / 2, (east - west) * shape / 2
    return west, middle - half, east, middle + half


def _frame(window):
    west, south, east, north = window
    return Rectangle((west, south), east - west, north - south, fill=False, edgecolor=ORANGE, linewidth=1.1, zorder=6)


def _class_key(figure, shades, edges, grey, larger, cell_metres, words, language):
    squares = [
        (Line2D([], [], linestyle="none", marker="s", markersize=6.5, color=shade), _class_words(edges, place, False))
        for place, shade in enumerate(shades)
    ]
    if grey:
        squares.append(
            (Line2D([], [], linestyle="none", marker="s", markersize=6.5, color=charts.HATCH), say(NEVER, language))
        )
    heading = joined(
        say(MEAN_IS_ONE, language), say(CELLS_LARGER if larger else CELLS, language).format(cell=cell_metres)
    )
    return _legend(figure, [heading, *words], squares)


# --------------------------------------------------------------------------------------------------------- kinds of cells


@drawn
def kinds_of_cells(cells, areas, *, language, kinds, marks=None, mark_words=None, cell_metres=100, zoom=()):
    """Cells of several kinds in colours of their own, with numbered places, and up to two districts enlarged.

    Parameters
    ----------
    cells : pd.DataFrame
        Rows are cells: `cell_x`, `cell_y` (int), `kind` (a key of `kinds`).
    areas : gpd.GeoDataFrame
        `area_name` and `geometry`, any coordinate system.
    kinds : dict of str -> (Text, colour)
        In the order of the key.
    marks : pd.DataFrame, optional
        Places to number: `x`, `y` (metres, EPSG:5179), `label`.
    mark_words : Text, optional
        What the numbers are.
    cell_metres : int, optional
    zoom : sequence of (west, south, east, north), optional
    """
    needs(cells, "kinds_of_cells", "cell_x", "cell_y", "kind")
    if len(zoom) > 2:
        raise ValueError(f"kinds_of_cells: at most two zooms fit the page, got {len(zoom)}")
    strange = sorted(set(cells["kind"]) - set(kinds))
    if strange:
        raise ValueError(f"kinds_of_cells: kind must be one of {list(kinds)}, found {strange}")
    if areas.empty or (cells.empty and (marks is None or marks.empty)):
        return charts.no_data(language, height=1.6)
    areas = _areas(areas)
    colours = [kinds[kind][1] for kind in cells["kind"]]
    corners = _squares(cells, cell_metres)
    figure, main, insets = _map_page(areas, zoom)
    _ground(main, areas, _bounds(areas))
    figure.draw_without_rendering()
    larger = _draw_cells(main, corners, colours, cell_metres, true_size=False)
    frames = list(zip("AB", zoom, insets, strict=False))
    for letter, window, axes in frames:
        _zoom(axes, areas, window, letter, corners, colours, cell_metres, language)
        main.add_patch(_frame(window))
    corner = _emptiest_corner(main, areas)
    _furniture(main, language, corner)
    entries = [
        (
            Line2D([], [], linestyle="none", marker="s", markersize=6.5, color=colour),
            f"{say(words, language)} ({_cells((cells['kind'] == kind).sum(), language)})",
        )
        for kind, (words, colour) in kinds.items()
        if (cells["kind"] == kind).any()
    ]
    lines = [say(CELLS_LARGER if larger else CELLS, language).format(cell=cell_metres)]
    lines += [say(mark_words, language)] if mark_words else []
    legend = _legend(figure, lines, entries)
    _settle(figure)
    for axes in (main, *insets):
        room = _Room(axes)
        room.take(_corner(room, corner if axes is main else (1, 0)))
        if marks is not None:
            inside = marks["x"].between(*axes.get_xlim()) & marks["y"].between(*axes.get_ylim())
            zoomed = [marks["x"].between(w, e) & marks["y"].between(s, n) for _, (w, s, e, n), _ in frames]
            if axes is main and zoomed:
                inside &= ~np.any(zoomed, axis=0)  # told in the zoom
            for mark in marks[inside].itertuples():
                _number_place(room, mark, words=mark.label)
        names = _write_names(room, areas, cells=corners + cell_metres / 2, size=charts.TINY if axes is main else SMALL)
        if axes is main:
            left_out = names
    _tell_left_out(legend, left_out, language)
    return figure


# ----------------------------------------------------------------------------------------------- what each source can see


@drawn
def source_reach(cells, reach, areas, *, language, cell_metres=100):
    """Where each channel has records at all: one small map a channel, with the share of the city that it sees.

    Parameters
    ----------
    cells : pd.DataFrame
        Rows are a channel and a cell with at least one record: `channel` (code of CHANNELS, Text or str), `cell_x`,
        `cell_y` (int).
    reach : pd.DataFrame
        Rows are channels, in the order of the maps: `channel`, `share` (of the city's area, 0-1; missing = not
        known), `records`. A channel without cells gets an empty map that says so.
    areas : gpd.GeoDataFrame
        `area_name` and `geometry`, any coordinate system.
    cell_metres : int, optional
        Side of a cell.
    """
    needs(cells, "source_reach", "channel", "cell_x", "cell_y")
    needs(reach, "source_reach: reach", "channel", "share", "records")
    if reach.empty or areas.empty:
        return charts.no_data(language, height=1.6)
    areas = _areas(areas)
    west, south, east, north = bounds = _bounds(areas)
    across = 2 if len(reach) == 4 else min(len(reach), 3)
    down = math.ceil(len(reach) / across)
    high = min(WIDTH / across * (north - south) / (east - west), 2.7)
    figure = charts.new_figure((high + 0.44) * down + 0.26)
    panels = figure.subplots(down, across, squeeze=False).ravel()
    for axes in panels[len(reach) :]:
        axes.set_axis_off()
    for axes, entry in zip(panels, reach.itertuples(), strict=False):
        hole = not (cells["channel"] == entry.channel).any()
        _ground(axes, areas, bounds, line=0.35, hole=hole)
        room = WIDTH * 72 / across - 12
        share = "" if pd.isna(entry.share) else say(OF_AREA, language).format(share=charts.percent(entry.share, 1))
        n = n_records(number(entry.records), language)
        name = charts.wrapped(charts.channel_words(entry.channel, language), room, 8.5, weight="semibold")
        axes.set_title(name, pad=13 if room > 60 else 20)
        axes.annotate(
            joined(share or say(NO_DATA, language), n),
            (0, 1),
            xycoords="axes fraction",
            xytext=(0, 3),
            textcoords="offset points",
            fontsize=SMALL,
            color=SOFT,
        )
    larger = False
    figure.draw_without_rendering()
    for axes, entry in zip(panels, reach.itertuples(), strict=False):
        seen = cells[cells["channel"] == entry.channel].sort_values(["cell_x", "cell_y"], kind="stable")
        if seen.empty:
            _halo_text(axes, (west + east) / 2, (south + north) / 2, say(NO_DATA, language), 9, colour=SOFT)
        else:
            colours = [charts.channel_colour(entry.channel)] * len(seen)
            larger |= _draw_cells(axes, _squares(seen, cell_metres), colours, cell_metres, true_size=False)
    across_corner, _up = _emptiest_corner(panels[0], areas)
    _furniture(panels[0], language, (across_corner, 0))  # at the top it would meet the panel's title
    mark = Line2D([], [], linestyle="none", marker="s", markersize=4, color=SOFT)
    said = SEEN_LARGER if larger else SEEN
    charts.key(figure, [(mark, say(said, language).format(cell=cell_metres))])
    return figure


# ----------------------------------------------------------------------------------------------------------- ranked places


@drawn
def ranked_places(places, areas, *, language, value_label=RECORDS, decimals=0, zoom=None):
    """The first places of a ranking as numbered marks on the map, and their names beside it.

    Parameters
    ----------
    places : pd.DataFrame
        Rows are places: `rank` (1, 2, …), `name` (str or Text), `x`, `y` (metres, EPSG:5179; missing = cannot be
        drawn, which the list says), optional `value`.
    areas : gpd.GeoDataFrame
        `area_name` and `geometry`, any coordinate system.
    value_label : Text, optional
        What `value` is, with its unit: the heading of the list.
    decimals : int, optional
        Digits of `value` after the point.
    zoom : (west, south, east, north), optional
        Draw only this window; places outside stay in the list, which says so.
    """
    needs(places, "ranked_places", "rank", "name", "x", "y")
    if places.empty or areas.empty:
        return charts.no_data(language, height=1.6)
    if places["rank"].duplicated().any():
        raise ValueError("ranked_places: a rank appears twice")
    areas = _areas(areas)
    bounds = zoom or _bounds(areas)
    rows = places.sort_values("rank", kind="stable").reset_index(drop=True)
    west, south, east, north = bounds
    wide = WIDTH * 0.58
    inside = rows["x"].between(west, east) & rows["y"].between(south, north)
    names = [_listed_name(row, here, language) for row, here in zip(rows.itertuples(), inside, strict=True)]
    lines = sum(name.count("\n") + 1 for name in names)
    height = max(min(wide * (north - south) / (east - west), 5.5), 0.14 * lines + 0.045 * len(rows) + 0.4, 2)
    figure = charts.new_figure(height)
    grid = figure.add_gridspec(1, 2, width_ratios=[0.6, 0.4])
    axes, listed = figure.add_subplot(grid[0]), figure.add_subplot(grid[1])
    _ground(axes, areas, bounds)
    corner = _emptiest_corner(axes, areas)
    _furniture(axes, language, corner)
    if zoom:
        _framed(axes, EDGE, 0.6)
    _list_places(listed, rows, names, value_label, decimals, language, height)
    _settle(figure)
    room = _Room(axes)
    room.take(_corner(room, corner))
    for place in rows[inside].itertuples():
        _number_place(room, place)
    left_out = _write_names(room, areas, size=charts.TINY)
    if left_out:
        said = say(NAMES_LEFT_OUT, language).format(names=", ".join(sorted(left_out)))
        axes.set_xlabel(charts.wrapped(said, 250, charts.TINY), fontsize=charts.TINY)
    return figure


def _number_place(room, place, words=None, *, filled=True):
    """A numbered disc at its place, or beside it with a line where other discs are; `words` instead of its rank."""
    home, size = room.at(place.x, place.y), 12.5
    shift = next(
        (
            step
            for step in _steps((9, 13, 17, 21, 26, 32, 38))
            if room.free(room.box(home + np.array(step), size, size))
        ),
        (0.0, 0.0),
    )
    room.take(room.box(home + np.array(shift), size, size))
    if any(shift):
        room.axes.plot([place.x], [place.y], "o", color=INK, markersize=2, zorder=5)
        line = {"arrowstyle": "-", "color": INK, "linewidth": 0.6, "shrinkA": 0, "shrinkB": 0}
        room.axes.annotate("", (place.x, place.y), xytext=shift, textcoords="offset points", arrowprops=line, zorder=4)
    room.axes.annotate(
        number(place.rank) if words is None else str(words),
        (place.x, place.y),
        xytext=shift,
        textcoords="offset points",
        ha="center",
        va="center",
        fontsize=charts.TINY,
        weight="bold",
        color="white" if filled else NAVY,
        bbox={
            "boxstyle": "circle,pad=0.2",
            "facecolor": NAVY if filled else "white",
            "edgecolor": "white" if filled else NAVY,
            "linewidth": 0.6,
        },
        zorder=6.5,
    )


def _listed_name(row, here, language):
    name = charts.wrapped(say(row.name, language), 122, SMALL)
    if here:
        return name
    why = Text("위치 없음", "no place") if pd.isna(row.x) or pd.isna(row.y) else Text("지도 밖", "off the map")
    return f"{name}\n({say(why, language)})"


def _list_places(axes, rows, names, value_label, decimals, language, height):
    axes.set(xlim=(0, 1), ylim=(height * 72, 0))
    axes.set_axis_off()
    y = 9
    if "value" in rows:
        axes.text(1, y, say(value_label, language), ha="right", va="center", fontsize=SMALL, color=SOFT)
        axes.plot([0, 1], [y + 8, y + 8], color=EDGE, linewidth=0.6)
        y += 15
    lines = sum(name.count("\n") + 1 for name in names)
    gap = min(6.0, (height * 72 - y - 8 - 9.3 * lines) / len(names))
    for row, name in zip(rows.itertuples(), names, strict=True):
        count = name.count("\n") + 1
        middle = y + (9.3 * count + gap) / 2
        axes.text(0.07, middle, number(row.rank), ha="right", va="center", fontsize=SMALL, weight="bold", color=NAVY)
        axes.text(0.11, middle, name, ha="left", va="center", fontsize=SMALL)
        if "value" in rows:
            axes.text(1, middle, number(row.value, decimals), ha="right", va="center", fontsize=SMALL)
        y += 9.3 * count + gap


# ------------------------------------------------------------------------------------------------------------------- cards

CARD_HEIGHT, CARDS_ACROSS, CARD_POINTS = 1.72, 2, 7.5
CARD_METRES = 420  # from the middle of a card's map to its edge, at least


@drawn
def block_cards(cards, areas, streets, *, language, place_metres):
    """Small maps of where crews go, each with what is to be known beside it.

    Parameters
    ----------
    cards : pd.DataFrame, one row a block
        `sites` (tuple of (x, y): middles of its places in the order of the tour, metres, EPSG:5179), `title` (Text, in bold), `lines`
        (list of Text).
    areas : gpd.GeoDataFrame
        `area_name`, `geometry`.
    streets : gpd.GeoDataFrame
        Lines to draw beneath; may have no rows.
    place_metres : float
        Side of a place.
    """
    needs(cards, "block_cards", "sites", "title", "lines")
    if cards.empty:
        return charts.no_data(language)
    areas = _areas(areas)
    rows = math.ceil(len(cards) / CARDS_ACROSS)
    figure = charts.new_figure(CARD_HEIGHT * rows)
    grid = figure.add_gridspec(rows, 2 * CARDS_ACROSS, width_ratios=[0.43, 0.57] * CARDS_ACROSS)
    for number_, card in enumerate(cards.itertuples()):
        row, column = divmod(number_, CARDS_ACROSS)
        _card_map(figure.add_subplot(grid[row, 2 * column]), card, areas, streets, place_metres)
        _card_words(figure.add_subplot(grid[row, 2 * column + 1]), card, language)
    return figure


def _card_map(axes, card, areas, streets, place_metres):
    spots = np.array(card.sites)
    middle = (spots.min(axis=0) + spots.max(axis=0)) / 2
    reach = max(CARD_METRES, np.ptp(spots, axis=0).max() / 2 + place_metres)
    window = (*(middle - reach), *(middle + reach))
    for shape in areas.geometry[areas.intersects(box(*window))].intersection(box(*window)):
        axes.add_patch(PathPatch(_rings(shape), facecolor=LAND, edgecolor="#b8c0c9", linewidth=0.5, zorder=0))
    axes.set(xlim=window[::2], ylim=window[1::2], xticks=[], yticks=[], aspect="equal")
    for line in streets.geometry.cx[window[0] : window[2], window[1] : window[3]].intersection(box(*window)):
        for part in getattr(line, "geoms", [line]):
            if part.geom_type == "LineString" and not part.is_empty:
                axes.plot(*part.xy, color="#aab3bc", linewidth=0.8, zorder=1)
    for order, (x, y) in enumerate(spots, start=1):
        corner = (x - place_metres / 2, y - place_metres / 2)
        axes.add_patch(
            Rectangle(corner, place_metres, place_metres, facecolor=ORANGE, alpha=0.35, edgecolor=ORANGE, zorder=2)
        )
        if len(spots) > 1:
            _halo_text(axes, x, y, str(order), SMALL)
    _framed(axes, EDGE, 0.6)
    bar = {"color": INK, "linewidth": 1.6, "solid_capstyle": "butt", "zorder": 8}
    left, low = window[0] + reach * 0.08, window[1] + reach * 0.1
    axes.plot([left, left + 200], [low, low], **bar)
    _halo_text(axes, left + 100, low, "200 m", charts.TINY, (0, 5))


def _card_words(axes, card, language):
    axes.set(xlim=(0, 1), ylim=(0, 1))
    axes.set_axis_off()
    room, top = WIDTH * 72 / CARDS_ACROSS * 0.52, 0.99
    for number_, line in enumerate([card.title, *card.lines]):
        size, weight = (8, "semibold") if number_ == 0 else (CARD_POINTS, "regular")
        words = charts.wrapped(say(line, language), room, size, weight=weight)
        axes.text(0, top, words, ha="left", va="top", fontsize=size, weight=weight, color=INK, linespacing=1.2)
        top -= ((words.count("\n") + 1) * size * 1.32 + 2) / (CARD_HEIGHT * 68)
