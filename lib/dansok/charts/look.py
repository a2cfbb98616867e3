"""The house look that all charts and maps share: face, colours, words, numbers, axes, titles, keys and holes."""

import functools
import math
from pathlib import Path

import matplotlib as mpl
import pandas as pd
from matplotlib import font_manager
from matplotlib.collections import PatchCollection
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from matplotlib.textpath import text_to_path

from dansok.tables import CHANNELS
from dansok.words import LANGUAGES, Text

FAMILY = "Pretendard"
FONTS = Path(__file__).parents[1] / "briefing" / "fonts"

WIDTH = 6.54  # inches: 166 mm, the text width of a page
SMALL = 7
TINY = 6.5

INK, SOFT, EDGE, GRID = "#1c2733", "#55616d", "#9aa5b1", "#e3e8ee"
NAVY, BLUE, LIGHT, ORANGE, PALE = "#14437a", "#2f80c3", "#8fb8de", "#c9730a", "#eceff2"
HATCH = "#a9b2bb"
CHANNEL_COLOURS = {
    "fixed_camera": NAVY,
    "mobile_camera": ORANGE,
    "officer": "#3b8f7d",
    "citizen_report": "#8a3b62",
}
SEQUENCE = LinearSegmentedColormap.from_list("dansok", ["#eaf2fa", "#b5d0e9", "#6aa5d6", "#2367a8", "#0b2e5c"])

NO_DATA = Text("자료 없음", "no data")
RECORDS = Text("건수", "records")
N_RECORDS, ONE_RECORD = Text("n = {n}건", "n = {n} records"), Text("n = 1건", "n = 1 record")
INTERVAL = Text("95% 구간", "95% interval")
SCALES_DIFFER = Text("눈금이 서로 다름", "scales differ")

# Hours by who watched: no band for "full"; the looks differ in print and to every eye, hatch against plain. Whatever
# is missing elsewhere (months, cells, places) looks like "none".
BANDS = {
    "none": {"facecolor": PALE, "edgecolor": HATCH, "hatch": "/////", "linewidth": 0},
    "partial": {"facecolor": "#e4e8ec", "edgecolor": "none", "linewidth": 0},
    "unknown": {"facecolor": "#ffffff", "edgecolor": "#c3cad2", "hatch": "....", "linewidth": 0},
    "missing": {"facecolor": "#ffffff", "edgecolor": HATCH, "hatch": "xxxx", "linewidth": 0},
}


@functools.cache
def register_fonts():
    """Let matplotlib find the four weights of the house face; returns the family name.

    Examples
    --------
    >>> register_fonts()
    'Pretendard'
    """
    known = {font.fname for font in font_manager.fontManager.ttflist}
    for path in sorted(FONTS.glob("*.otf")):
        if str(path) not in known:
            font_manager.fontManager.addfont(str(path))
    return FAMILY


def house_style():
    """Settings of matplotlib that make the house look, as a dict for `matplotlib.rc_context`."""
    return {
        "font.family": [register_fonts()],
        "font.size": 8,
        "text.color": INK,
        "text.parse_math": False,
        "axes.titlesize": 8.5,
        "axes.titleweight": "semibold",
        "axes.titlelocation": "left",
        "axes.titlepad": 5,
        "axes.labelsize": 7.5,
        "axes.labelcolor": SOFT,
        "axes.edgecolor": EDGE,
        "axes.linewidth": 0.6,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.unicode_minus": True,
        "axes.axisbelow": True,
        "axes.grid": False,
        "axes.facecolor": "white",
        "figure.facecolor": "white",
        "figure.dpi": 100,
        "savefig.facecolor": "white",
        "savefig.transparent": False,
        "savefig.bbox": None,
        "grid.color": GRID,
        "grid.linewidth": 0.6,
        "xtick.labelsize": 7.5,
        "ytick.labelsize": 7.5,
        "xtick.color": EDGE,
        "ytick.color": EDGE,
        "xtick.labelcolor": INK,
        "ytick.labelcolor": INK,
        "xtick.major.size": 2.5,
        "ytick.major.size": 0,
        "xtick.major.width": 0.6,
        "legend.frameon": False,
        "legend.fontsize": SMALL,
        "hatch.linewidth": 0.5,
        "svg.fonttype": "none",
        "svg.hashsalt": "dansok",
    }


def use_house_style():
    """Change matplotlib's own settings to the house look: for an analyst who draws something else in a notebook."""
    mpl.rcParams.update({**house_style(), "figure.figsize": (WIDTH, 2.6), "figure.constrained_layout.use": True})


def drawn(draw):
    """Draw within the house look, leave matplotlib's settings as they were, and freeze the layout.

    The layout is worked out once here, so that a figure looks the same wherever it is saved.
    """

    @functools.wraps(draw)
    def within(*tables, language, **options):
        if language not in LANGUAGES:
            raise ValueError(f"language must be one of {LANGUAGES}, got {language!r}")
        with mpl.rc_context(house_style()):
            figure = draw(*tables, language=language, **options)
            figure.get_layout_engine().execute(figure)
            figure.set_layout_engine("none")
            _settle(figure)
            return figure

    return within


def _settle(figure):
    """Take the layout solver's noise in the last bit off the panels: the same table gives the same bytes of SVG."""
    for axes in figure.axes:
        if axes.get_axes_locator() is None:
            axes.set_position([round(part, 12) for part in axes.get_position(original=True).bounds])
            axes.set_in_layout(True)  # which set_position takes away


def new_figure(height):
    """An empty figure as wide as a page's text and `height` inches high."""
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.05, h_pad=0.04, hspace=0.03, wspace=0.02)
    return figure


def no_data(language, *, height=1.1, words=NO_DATA):
    """A panel that says there is nothing to draw, hatched as every other hole is."""
    figure = new_figure(height)
    axes = figure.add_subplot()
    axes.set(xlim=(0, 1), ylim=(0, 1), xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    axes.add_patch(Rectangle((0, 0), 1, 1, **BANDS["none"]))
    axes.text(0.5, 0.5, say(words, language), ha="center", va="center", fontsize=9, weight="semibold", bbox=white_box())
    return figure


# ---------------------------------------------------------------------------------------------------- words and numbers


def say(words, language):
    """`words` in `language`: a Text, or a str that both editions share.

    Examples
    --------
    >>> say(Text("건수", "records"), "en"), say("별내동", "en")
    ('records', '별내동')
    """
    return words[language] if isinstance(words, Text) else str(words)


def joined(*parts):
    """Those of `parts` that are not empty, in one line with dots between."""
    return "  ·  ".join(part for part in parts if part)


def channel_words(channel, language):
    """A channel's name: a code of `tables.CHANNELS`, a Text, or a str."""
    return say(CHANNELS.get(channel, channel) if isinstance(channel, str) else channel, language)


def channel_colour(channel):
    """The colour of a channel, the same in every chart."""
    return CHANNEL_COLOURS.get(channel, NAVY) if isinstance(channel, str) else NAVY


def number(value, decimals=0, *, signed=False):
    """A number as a reader sees it: thousands separators, a true minus, a dash for what is missing.

    Examples
    --------
    >>> number(-1234.5), number(0.256, 2), number(float("nan")), number(3, signed=True), number(-0.01, 1)
    ('−1,234', '0.26', '–', '+3', '0.0')
    """
    if pd.isna(value):
        return "–"
    text = f"{value:+,.{decimals}f}" if signed else f"{value:,.{decimals}f}"
    if not any(digit in "123456789" for digit in text):
        text = text.lstrip("+-")
    return text.replace("-", "\N{MINUS SIGN}")


def percent(share, decimals=0):
    """A share (0-1) in percent.

    Examples
    --------
    >>> percent(0.1234, 1)
    '12.3%'
    """
    return f"{number(100 * share, decimals)}%"


def short_number(value, thousands):
    """A count for a small tile: in thousands where its chart counts so, with `<0.1` for what would round to zero."""
    if not thousands:
        return number(value)
    if 0 < value < 50:
        return "<0.1"
    return number(value / 1000, 0 if value >= 9950 or value == 0 else 1)


def total_of(records):
    """Sum of `records` as a reader sees it; a lower bound where one of them is missing."""
    at_least = "≥ " if pd.Series(records).isna().any() else ""
    return at_least + number(pd.Series(records, dtype=float).sum())


def n_records(count, language):
    """How many records a chart rests on; `count` as `number` or `total_of` writes it.

    Examples
    --------
    >>> n_records(number(12718), "en"), n_records(number(1), "en")
    ('n = 12,718 records', 'n = 1 record')
    """
    return say(ONE_RECORD if count == "1" else N_RECORDS, language).format(n=count)


def text_width(text, size, weight="regular"):
    """Width of the widest line of `text` in points."""
    return max((_line_width(line, size, weight) for line in text.split("\n")), default=0.0)


@functools.lru_cache(maxsize=4096)
def _line_width(line, size, weight):
    face = font_manager.FontProperties(family=register_fonts(), size=size, weight=weight)
    return text_to_path.get_text_width_height_descent(line, face, False)[0] if line else 0.0


def wrapped(text, points, size, *, weight="regular"):
    """`text` in lines of at most `points`, broken at spaces, within a word only where one word is too long.

    Examples
    --------
    >>> wrapped("다산1동 행정복지센터 앞", 60, 8)
    '다산1동\\n행정복지센터 앞'
    >>> wrapped("별내동", 100, 8)
    '별내동'
    """
    lines, line = [], ""
    for word in str(text).split():
        tried = f"{line} {word}" if line else word
        if _line_width(tried, size, weight) <= points:
            line = tried
            continue
        if _line_width(word, size, weight) <= points:
            lines.append(line)
            line = word
            continue
        line = f"{line} " if line else ""
        for character in word:
            if line and _line_width(line + character, size, weight) > points:
                lines.append(line)
                line = ""
            line += character
    return "\n".join([*lines, line])


def name_rows(names, *, points=120, size=7.5, pitch=0.205):
    """Names wrapped to their column, and the height of a row in inches."""
    written = [wrapped(name, points, size) for name in names]
    lines = max(name.count("\n") + 1 for name in written)
    return written, max(pitch, 0.135 * lines + 0.05)


# --------------------------------------------------------------------------------------------------------------- tables


def needs(table, name, *columns):
    """Refuse a `table` for the chart `name` that lacks one of `columns`."""
    missing = [column for column in columns if column not in table]
    if missing:
        raise ValueError(f"{name}: the table has no column {missing}")


def in_order(values):
    """Distinct values in the order in which they first come."""
    return list(dict.fromkeys(values))


def top_of(*columns):
    """Highest value of all columns, 0 where every one is missing."""
    values = pd.concat([pd.Series(column, dtype=float) for column in columns])
    return float(values.max()) if values.notna().any() else 0.0


def stretches(states, wanted):
    """Stretches of consecutive hours or months in state `wanted`, as (first, past last)."""
    runs = []
    for place in states.index[states == wanted]:
        if runs and runs[-1][1] == place:
            runs[-1][1] = place + 1
        else:
            runs.append([place, place + 1])
    return [tuple(run) for run in runs]


# ------------------------------------------------------------------------------------------------ axes, titles and keys


def round_steps(top, most=5):
    """Round numbers from 0 past `top`, in steps of 1, 2 or 5 times a power of ten, at most `most` steps.

    Examples
    --------
    >>> round_steps(0.23), round_steps(870, 4)
    ([0.0, 0.05, 0.1, 0.15, 0.2, 0.25], [0.0, 500.0, 1000.0])
    """
    if not top or pd.isna(top) or top <= 0:
        return [0.0, 1.0]
    power = 10.0 ** math.floor(math.log10(top / most))
    step = next(m * power for m in (1, 2, 5, 10) if m * power * most >= top * (1 - 1e-9))
    digits = max(0, 2 - math.floor(math.log10(step)))
    return [round(i * step, digits) for i in range(math.ceil(round(top / step, 9)) + 1)]


def plain_ticks(ticks):
    """Ticks of one axis, all with as many decimals as the finest needs."""
    decimals = next(d for d in range(7) if d == 6 or all(abs(tick - round(tick, d)) < 1e-9 for tick in ticks))
    return [number(tick, decimals) for tick in ticks]


def percent_ticks(ticks):
    """Ticks of an axis of shares (0-1), in percent."""
    return [f"{label}%" for label in plain_ticks([100 * tick for tick in ticks])]


def value_axis(axes, top, *, room=1.0, most=4, form=plain_ticks, which="y"):
    """Zero baseline, round ticks, and `room` above the highest mark."""
    ticks = [tick for tick in round_steps(top, most) if tick <= top * room] if top and top > 0 else [0]
    high = (top if top and top > 0 else 1) * room
    axes.set(**{f"{which}lim": (0, high), f"{which}ticks": ticks, f"{which}ticklabels": form(ticks)})
    axes.grid(axis=which)


def panel_title(axes, name, note):
    """Name in bold at the left, `note` in grey at the right; the note goes below where both do not fit."""
    room = WIDTH * 72 - 55
    if text_width(name, 8.5, "semibold") + text_width(note, SMALL) + 16 <= room:
        axes.set_title(name)
        axes.set_title(note, loc="right", fontsize=SMALL, weight="regular", color=SOFT)
    else:
        axes.set_title(f"{wrapped(name, room, 8.5, weight='semibold')}\n{wrapped(note, room, 8.5)}")


def key(figure, *groups):
    """Keys under a figure, in as many columns as fit the page; each group of keys begins a new line.

    Parameters
    ----------
    groups : list of (artist or dict of Patch options, str)
    """
    groups = [group for group in groups if group]
    if not groups:
        return
    entries = [
        (one if hasattr(one, "get_visible") else Patch(**one), words) for group in groups for one, words in group
    ]
    widest = max(text_width(words, SMALL) for _, words in entries) + 30
    columns = min(max(len(group) for group in groups), max(1, int(WIDTH * 72 * 0.97 // widest)))
    blank, lines, taken = (Patch(facecolor="none", edgecolor="none"), ""), [], 0
    for group in groups:
        row = entries[taken : taken + len(group)]
        taken += len(group)
        lines += [(row[i : i + columns] + [blank] * columns)[:columns] for i in range(0, len(row), columns)]
    by_column = [line[column] for column in range(columns) for line in lines]  # matplotlib fills column by column
    figure.legend(
        [handle for handle, _ in by_column],
        [words for _, words in by_column],
        loc="outside lower left",
        ncols=columns,
        handlelength=1.6,
        handleheight=0.9,
        columnspacing=1.6,
        borderaxespad=0.2,
        labelcolor=SOFT,
    )


def white_box(pad=2.5):
    """Box behind words that stand on a hatch."""
    return {"facecolor": "white", "edgecolor": "none", "pad": pad}


def tiles(axes, cells, top, labels, *, size=6, hole=""):
    """Fill the unit squares at `cells` (x, y) -> value; hatch those that are missing. True if there were any."""
    shades, colours, holes = [], [], []
    for (x, y), value in cells.items():
        tile = Rectangle((x - 0.5, y - 0.5), 1, 1)
        if pd.isna(value):
            holes.append(tile)
            _tile_words(axes, x, y, hole, size + 1.5, INK)
            continue
        colour = SEQUENCE(math.sqrt(value / top) if top > 0 and value > 0 else 0.0)
        shades.append(tile)
        colours.append(colour)
        _tile_words(axes, x, y, labels.get((x, y), ""), size, readable_on(colour))
    if holes:
        axes.add_collection(PatchCollection(holes, zorder=1, **BANDS["none"]))
        axes.add_collection(PatchCollection(holes, zorder=1.5, facecolor="none", edgecolor="white", linewidth=0.5))
    if shades:
        axes.add_collection(PatchCollection(shades, facecolor=colours, edgecolor="white", linewidth=0.5, zorder=2))
    return bool(holes)


def _tile_words(axes, x, y, words, size, colour):
    if words:
        text = axes.text(x, y, words, ha="center", va="center_baseline", fontsize=size, color=colour, zorder=3)
        text.set_in_layout(False)  # inside its tile: hundreds of them would only slow the layout down


def readable_on(colour):
    """Ink or white, whichever reads on `colour`."""
    red, green, blue = to_rgb(colour)
    return "white" if 0.299 * red + 0.587 * green + 0.114 * blue < 0.55 else INK
