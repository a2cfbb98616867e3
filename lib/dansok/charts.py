"""The house look, and one function a chart: tables in, a matplotlib Figure out.

Charts draw what a table says and compute nothing of their own: every share, rate and interval is a column. What is
missing is never drawn as zero; hours, months and cells without an answer are hatched, and the hatch is named in words.

Each function takes its table first and `language` ("ko" or "en") by name; words come as `Text` (or as plain str where
both editions say the same, as for names of places). Figures are 166 mm wide, the text width of a briefing, so that
8 pt is 8 pt. They are not known to pyplot: nothing needs closing, and no setting of matplotlib is left changed.
"""

import calendar
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

from dansok.tables import CHANNELS, HOW_PLACED, WHY_UNPLACED
from dansok.words import LANGUAGES, Text

FAMILY = "Pretendard"
FONTS = Path(__file__).parent / "briefing" / "fonts"

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
NOBODY_LOOKED = Text("단속 없음", "nobody looked")
PARTLY_WATCHED = Text("일부만 단속", "partly watched")
PARTLY_ARRIVED = Text("일부만 들어옴", "arrived in part")
UNKNOWN = Text("관측 여부 모름", "not known who looked")
RECORDS = Text("건수", "records")
IN_THOUSANDS = Text("칸의 수: 천 단위", "numbers in thousands")
TO = Text("~", " to ")
SCALES_DIFFER = Text("눈금이 서로 다름", "scales differ")
PER_CAMERA_HOUR = Text("카메라·시간당 건수", "per camera-hour")
AS_THEY_CAME = Text("기록된 건수 그대로", "Records as they came")
PER_WATCHED_HOUR = Text("단속한 시간으로 나눈 건수", "Records for each hour that was watched")
SINCE_BEFORE = Text("이전 기간 대비 변화", "change from the period before")
INTERVAL = Text("95% 구간", "95% interval")
N_RECORDS = Text("n = {n}건", "n = {n} records")
HOUR_AXIS = Text("시각(시), 14는 14:00~14:59", "hour of day (14 is 14:00 to 14:59)")
MONTH = Text("월", "month")
WEEKDAYS = (
    Text("월", "Mon"),
    Text("화", "Tue"),
    Text("수", "Wed"),
    Text("목", "Thu"),
    Text("금", "Fri"),
    Text("토", "Sat"),
    Text("일", "Sun"),
)
EXPOSURE_UNITS = {
    "fixed_camera": Text("카메라·시간", "camera-hours"),
    "mobile_camera": Text("차량·시간", "car-hours"),
    "officer": Text("인·시간", "officer-hours"),
    "citizen_report": Text("시간", "hours"),
}

# Hours by who watched: no band for "full"; the looks differ in print and to every eye, hatch against plain.
BANDS = {
    "none": {"facecolor": PALE, "edgecolor": HATCH, "hatch": "/////", "linewidth": 0},
    "partial": {"facecolor": "#e4e8ec", "edgecolor": "none", "linewidth": 0},
    "unknown": {"facecolor": "#ffffff", "edgecolor": "#c3cad2", "hatch": "....", "linewidth": 0},
    "missing": {"facecolor": "#ffffff", "edgecolor": HATCH, "hatch": "xxxx", "linewidth": 0},
}
BAND_WORDS = {"none": NOBODY_LOOKED, "partial": PARTLY_WATCHED, "unknown": UNKNOWN, "missing": NO_DATA}


# ---------------------------------------------------------------------------------------------- the house look


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
            return figure

    return within


def new_figure(height):
    """An empty figure as wide as a page's text and `height` inches high."""
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.05, h_pad=0.04, hspace=0.03, wspace=0.02)
    return figure


def say(words, language):
    """`words` in `language`: a Text, or a str that both editions share.

    Examples
    --------
    >>> say(Text("건수", "records"), "en"), say("별내동", "en")
    ('records', '별내동')
    """
    return words[language] if isinstance(words, Text) else str(words)


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


def no_data(language, *, height=1.1, words=NO_DATA):
    """A panel that says there is nothing to draw, hatched as every other hole is."""
    figure = new_figure(height)
    axes = figure.add_subplot()
    axes.set(xlim=(0, 1), ylim=(0, 1), xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    axes.add_patch(Rectangle((0, 0), 1, 1, **BANDS["none"]))
    axes.text(0.5, 0.5, say(words, language), ha="center", va="center", fontsize=9, weight="semibold", bbox=_plate())
    return figure


def _plate(pad=2.5):
    return {"facecolor": "white", "edgecolor": "none", "pad": pad}


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


def needs(table, name, *columns):
    missing = [column for column in columns if column not in table]
    if missing:
        raise ValueError(f"{name}: the table has no column {missing}")


def _in_order(values):
    return list(dict.fromkeys(values))


def channel_words(channel, language):
    """A channel's name: a code of `tables.CHANNELS`, a Text, or a str."""
    return say(CHANNELS.get(channel, channel) if isinstance(channel, str) else channel, language)


def channel_colour(channel):
    return CHANNEL_COLOURS.get(channel, NAVY) if isinstance(channel, str) else NAVY


def readable_on(colour):
    """Ink or white, whichever reads on `colour`."""
    red, green, blue = to_rgb(colour)
    return "white" if 0.299 * red + 0.587 * green + 0.114 * blue < 0.55 else INK


def percent(share, decimals=0):
    """A share (0-1) in percent.

    Examples
    --------
    >>> percent(0.1234, 1)
    '12.3%'
    """
    return f"{number(100 * share, decimals)}%"


def _percents(ticks):
    return [f"{label}%" for label in _plain([100 * tick for tick in ticks])]


def _plain(ticks):
    """Ticks of one axis, all with as many decimals as the finest needs."""
    decimals = next(d for d in range(7) if d == 6 or all(abs(tick - round(tick, d)) < 1e-9 for tick in ticks))
    return [number(tick, decimals) for tick in ticks]


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


def _value_axis(axes, top, *, room=1.0, most=4, form=_plain, which="y"):
    """Zero baseline, round ticks, and `room` above the highest mark."""
    ticks = [tick for tick in round_steps(top, most) if tick <= top * room] if top and top > 0 else [0]
    high = (top if top and top > 0 else 1) * room
    axes.set(**{f"{which}lim": (0, high), f"{which}ticks": ticks, f"{which}ticklabels": form(ticks)})
    axes.grid(axis=which)


def _top(*columns):
    values = pd.concat([pd.Series(column, dtype=float) for column in columns])
    return float(values.max()) if values.notna().any() else 0.0


# ------------------------------------------------------------------------------------------------ hours of a day


def _by_hour(rows, name):
    if rows["hour"].duplicated().any():
        raise ValueError(f"{name}: an hour appears twice")
    strange = sorted(set(rows["hour"]) - set(range(24)))
    if strange:
        raise ValueError(f"{name}: hours must be 0 to 23, found {strange}")
    return rows.set_index("hour").reindex(range(24))


def _watch(rows, value, name):
    """State of each of the 24 hours: "none", "partial", "full", "unknown", or "missing" where the value is."""
    states = rows["watched"].astype(object).where(rows["watched"].notna(), "unknown")
    strange = sorted(set(states) - {"full", "partial", "none", "unknown"})
    if strange:
        raise ValueError(f"{name}: watched must be full, partial, none or unknown, found {strange}")
    return states.where(rows[value].notna() | (states == "none"), "missing")


def _runs(states, wanted):
    """Stretches of consecutive hours in state `wanted`, as (first, past last)."""
    runs = []
    for hour in states.index[states == wanted]:
        if runs and runs[-1][1] == hour:
            runs[-1][1] = hour + 1
        else:
            runs.append([hour, hour + 1])
    return [tuple(run) for run in runs]


def _bands(axes, states, language, *, words=BAND_WORDS, height_points, hour_points=16.5, label=True):
    """Shade the hours that were not watched in full, and say why in the stretches that nobody watched."""
    kinds = [kind for kind in BANDS if (states == kind).any()]
    if (states == "unknown").all():
        kinds.remove("unknown")  # said in the panel's title: a band over everything would mark nothing
    for kind in kinds:
        for first, past in _runs(states, kind):
            axes.axvspan(first - 0.5, past - 0.5, zorder=0.5, **BANDS[kind])
            if label and kind in ("none", "missing"):
                _label_band(axes, first, past, say(words[kind], language), height_points, hour_points)
    return kinds


def _label_band(axes, first, past, words, height_points, hour_points):
    room = (past - first) * hour_points - 4
    flat = text_width(words, TINY) <= room
    if not flat and text_width(words, TINY) > height_points * 0.85:
        words = wrapped(words, height_points * 0.8, TINY)
    axes.text(
        (first + past) / 2 - 0.5,
        0.95 if flat else 0.5,
        words,
        transform=axes.get_xaxis_transform(),
        ha="center",
        va="top" if flat else "center",
        rotation=0 if flat else 90,
        fontsize=TINY,
        color=SOFT,
        bbox=_plate(0.8),
        zorder=4,
    )


def _hour_axis(axes, language, *, label=True):
    axes.set(xlim=(-0.6, 23.6), xticks=range(24))
    axes.set_xticklabels([str(hour) for hour in range(24)] if label else [])
    if label:
        axes.set_xlabel(say(HOUR_AXIS, language))
    else:
        axes.tick_params(axis="x", length=0)


def _peak(axes, values, states, words, *, hour=None, size=SMALL):
    """Say the highest hour beside its bar, on the side where no band is."""
    if hour is None:
        hour = int(values.astype(float).idxmax())
    closed = {h for h in range(24) if states[h] in ("none", "missing")}
    left = hour >= 21 or (bool(closed & {hour + 1, hour + 2}) and not closed & {hour - 1, hour - 2})
    axes.annotate(
        words,
        (hour + (0.45 if left else -0.45), values[hour]),
        xytext=(0, 2.5),
        textcoords="offset points",
        ha="right" if left else "left",
        va="bottom",
        fontsize=size,
        weight="semibold",
        zorder=5,
    )


def _band_key(figure, kinds, language, words=BAND_WORDS):
    key(figure, [(BANDS[kind], say(words[kind], language)) for kind in BANDS if kind in kinds])


def _stack(count, *, each, extra):
    figure = new_figure(extra + each * count)
    return figure, figure.subplots(count, 1, sharex=True, squeeze=False)[:, 0]


def _panel_title(axes, name, note):
    """Name in bold at the left, `note` in grey at the right; the note goes below where both do not fit."""
    room = WIDTH * 72 - 55
    if text_width(name, 8.5, "semibold") + text_width(note, SMALL) + 16 <= room:
        axes.set_title(name)
        axes.set_title(note, loc="right", fontsize=SMALL, weight="regular", color=SOFT)
    else:
        axes.set_title(f"{wrapped(name, room, 8.5, weight='semibold')}\n{wrapped(note, room, 8.5)}")


def _total(records):
    at_least = "≥ " if pd.Series(records).isna().any() else ""
    return at_least + number(pd.Series(records, dtype=float).sum())


def joined(*parts):
    return "  ·  ".join(part for part in parts if part)


PEAK = Text("{hour}시 {value}", "{hour}:00  {value}")
HIGHEST = Text("최대 {value}", "highest {value}")


def _peak_words(values, shown, language):
    """The hour of the highest value with the value, or the value alone where several hours share it."""
    template = PEAK if (values == values.max()).sum() == 1 else HIGHEST
    return say(template, language).format(hour=int(values.idxmax()), value=shown)


@drawn
def hour_clocks(table, *, language, periods=None, nobody_looked=NOBODY_LOOKED, shared_scale=False):
    """At what hour each channel records, with the hours marked in which nobody looked.

    Parameters
    ----------
    table : pd.DataFrame
        Rows are a channel and an hour: `channel` (code of CHANNELS, Text or str), `hour` (0-23), `records` (count),
        `share` (of the channel's records, 0-1), `watched` ("full", "partial", "none", "unknown"). A missing share in
        a watched hour is drawn as a hole, not as zero. Panels come in the order of the table.
    periods : dict of channel -> Text or str, optional
        What each channel's records cover ("2024-01~2025-08").
    nobody_looked : Text, optional
        Words on the hatched bands.
    shared_scale : bool, optional
        One scale for all panels; otherwise each its own, which the axis says.
    """
    needs(table, "hour_clocks", "channel", "hour", "records", "share", "watched")
    if table.empty:
        return no_data(language)
    channels = _in_order(table["channel"])
    figure, panels = _stack(len(channels), each=1.2, extra=0.62)
    top, seen, words = _top(table["share"]), [], {**BAND_WORDS, "none": nobody_looked}
    for axes, channel in zip(panels, channels, strict=True):
        rows = _by_hour(table[table["channel"] == channel], "hour_clocks")
        states = _watch(rows, "share", "hour_clocks")
        seen += _bands(axes, states, language, words=words, height_points=60)
        axes.bar(range(24), rows["share"].astype(float), width=0.8, color=channel_colour(channel), zorder=2)
        if _top(rows["share"]) > 0:
            share = rows["share"].astype(float)
            _peak(axes, share, states, _peak_words(share, percent(share.max(), 1), language))
        known = rows["records"][rows["watched"].notna()]
        note = joined(
            say(N_RECORDS, language).format(n=_total(known)),
            say((periods or {}).get(channel, ""), language),
            say(UNKNOWN, language) if (states == "unknown").all() else "",
        )
        _panel_title(axes, channel_words(channel, language), note)
        _value_axis(axes, top if shared_scale else _top(rows["share"]), room=1.28, most=3, form=_percents)
        _hour_axis(axes, language, label=axes is panels[-1])
    axis = Text("각 수단의 건수 중 비율", "share of each channel's records")
    scales = "" if shared_scale or len(channels) == 1 else f" ({say(SCALES_DIFFER, language)})"
    figure.supylabel(say(axis, language) + scales, fontsize=7.5, color=SOFT)
    _band_key(figure, seen, language, words)
    return figure


@drawn
def records_and_rate(
    table,
    *,
    language,
    channel="fixed_camera",
    rate_unit=PER_CAMERA_HOUR,
    interval=INTERVAL,
    records_title=AS_THEY_CAME,
    rate_title=PER_WATCHED_HOUR,
    note="",
):
    """The raw records of each hour above the records per hour watched, with the hours marked that nobody watched.

    Parameters
    ----------
    table : pd.DataFrame
        Rows are hours: `hour` (0-23), `records`, `rate` (records per hour watched), `low`, `high` (interval of the
        rate), `watched` as in `hour_clocks`. The rate is missing where nobody looked.
    channel : str, optional
        Gives the colour.
    rate_unit : Text, optional
        Unit of `rate`.
    interval : Text, optional
        What `low` and `high` are.
    records_title, rate_title : Text, optional
        Titles of the two panels.
    note : Text, optional
        Shown at the right of the first title (n, period).
    """
    needs(table, "records_and_rate", "hour", "records", "rate", "low", "high", "watched")
    if table.empty:
        return no_data(language)
    rows = _by_hour(table, "records_and_rate")
    figure, (above, below) = _stack(2, each=1.45, extra=0.55)
    colour, seen = channel_colour(channel), []

    states = _watch(rows, "records", "records_and_rate")
    seen += _bands(above, states, language, height_points=72)
    above.bar(range(24), rows["records"].astype(float), width=0.8, color=colour, zorder=2)
    _value_axis(above, _top(rows["records"]), room=1.22)
    _panel_title(
        above,
        say(records_title, language),
        joined(say(N_RECORDS, language).format(n=_total(table["records"])), say(note, language)),
    )
    above.set_ylabel(say(RECORDS, language))

    states = _watch(rows, "rate", "records_and_rate")
    seen += _bands(below, states, language, height_points=72)
    rate, low, high = (rows[name].astype(float) for name in ("rate", "low", "high"))
    below.vlines(range(24), low, high, color=colour, linewidth=3.2, alpha=0.3, zorder=2)
    below.plot(range(24), rate, color=colour, linewidth=1, zorder=3)  # breaks where the rate is missing
    below.plot(range(24), rate, "o", color=colour, markersize=3.6, zorder=4)
    _value_axis(below, _top(rate, high), room=1.22)
    _panel_title(
        below,
        say(rate_title, language),
        say(Text("옅은 띠: {what}", "pale bar: {what}").format(what=interval), language) if low.notna().any() else "",
    )
    below.set_ylabel(say(rate_unit, language))

    for axes, values, decimals in ((above, rows["records"], 0), (below, rate, 2)):
        if _top(values) > 0:
            values = values.astype(float)
            said, hour = _peak_words(values, number(values.max(), decimals), language), int(values.idxmax())
            at = values if axes is above else rate.where(high.isna(), high)
            _peak(axes, at, states, said, hour=hour)
    _hour_axis(above, language, label=False)
    _hour_axis(below, language)
    _band_key(figure, seen, language)
    return figure


@drawn
def group_rates(table, *, language, unit=PER_CAMERA_HOUR):
    """Records per hour watched by hour of day, one line a group; a line breaks where its group did not watch.

    Parameters
    ----------
    table : pd.DataFrame
        Rows are a group and an hour: `group` (Text or str, at most four), `hour` (0-23), `rate` (missing or left out =
        the group did not watch).
    unit : Text, optional
        Unit of `rate`.
    """
    needs(table, "group_rates", "group", "hour", "rate")
    if table.empty:
        return no_data(language)
    figure = new_figure(2.25)
    axes = figure.add_subplot()
    lines = table.pivot_table(
        index="hour", columns=table["group"].map(lambda g: say(g, language)), values="rate", dropna=False
    )
    lines = lines.reindex(range(24))[[say(group, language) for group in _in_order(table["group"])]]
    states = lines.isna().all(axis=1).map({True: "none", False: "full"})
    seen = _bands(axes, states, language, height_points=110)
    handles = []
    for (name, rate), colour, mark in zip(lines.items(), (NAVY, ORANGE, LIGHT, EDGE), "osD^", strict=False):
        (line,) = axes.plot(range(24), rate, color=colour, marker=mark, markersize=3.8, linewidth=1.2, zorder=3)
        handles.append((line, name))
    _value_axis(axes, _top(*(rate for _, rate in lines.items())), room=1.1)
    axes.set_ylabel(say(unit, language))
    _hour_axis(axes, language)
    key(figure, handles + [(BANDS[kind], say(BAND_WORDS[kind], language)) for kind in seen])
    return figure


@drawn
def exposure_by_hour(table, *, language, units=EXPOSURE_UNITS, notes=None):
    """How long each channel looked, by hour of the day.

    Parameters
    ----------
    table : pd.DataFrame
        Rows are a channel and an hour: `channel`, `hour` (0-23), `hours` (camera-hours or car-hours; 0 = nobody
        looked, missing = not known).
    units : dict of channel -> Text, optional
        Unit of each channel's `hours`; scales differ between panels.
    notes : dict of channel -> Text, optional
        What the hours rest on ("timetable", "inferred from the car's own records").
    """
    needs(table, "exposure_by_hour", "channel", "hour", "hours")
    if table.empty:
        return no_data(language)
    channels = _in_order(table["channel"])
    figure, panels = _stack(len(channels), each=1.05, extra=0.6)
    seen = []
    for axes, channel in zip(panels, channels, strict=True):
        rows = _by_hour(table[table["channel"] == channel], "exposure_by_hour")
        hours = rows["hours"].astype(float)
        states = pd.Series("full", index=hours.index).mask(hours == 0, "none").mask(hours.isna(), "missing")
        seen += _bands(axes, states, language, height_points=48)
        axes.bar(range(24), hours, width=0.8, color=channel_colour(channel), zorder=2)
        if _top(hours) > 0:
            said = _peak_words(hours, number(hours.max(), 0 if hours.max() >= 100 else 1), language)
            _peak(axes, hours, states, said)
        _value_axis(axes, _top(hours), room=1.3, most=3)
        axes.set_ylabel(say(units.get(channel, Text("시간", "hours")), language))
        _panel_title(axes, channel_words(channel, language), say((notes or {}).get(channel, ""), language))
        _hour_axis(axes, language, label=axes is panels[-1])
    figure.align_ylabels(panels)
    _band_key(figure, seen, language)
    return figure


@drawn
def heat(table, *, language, value_label=RECORDS, decimals=0, notes=None):
    """Weekday by hour, one panel a channel, darker for more; what is missing is hatched.

    Parameters
    ----------
    table : pd.DataFrame
        Rows are a channel, weekday and hour: `channel`, `weekday` (0 = Monday), `hour` (0-23), `value` (count or
        rate; missing = nobody looked or no data, drawn as a hole). Each panel has its own scale, printed beside it.
    value_label : Text, optional
        What `value` is, with its unit.
    decimals : int, optional
        Digits after the point. Values stand in the cells where they fit.
    """
    needs(table, "heat", "channel", "weekday", "hour", "value")
    if table.empty:
        return no_data(language)
    channels = _in_order(table["channel"])
    figure, panels = _stack(len(channels), each=1.38, extra=0.55)
    holes = False
    for axes, channel in zip(panels, channels, strict=True):
        rows = table[table["channel"] == channel].set_index(["weekday", "hour"])["value"].astype(float)
        if rows.index.duplicated().any():
            raise ValueError("heat: a weekday and hour appears twice in a channel")
        top, values = _top(rows), rows.to_dict()
        cells = {(hour, day): values.get((day, hour), math.nan) for day in range(7) for hour in range(24)}
        labels = {at: number(value, decimals) for at, value in cells.items()}
        thousands = decimals == 0 and max(text_width(label, 6) for label in labels.values()) > 15.5
        if thousands:
            labels = {at: _short(value, thousands) for at, value in cells.items() if not pd.isna(value)}
        fits = all(text_width(label, 6) <= 15.5 for label in labels.values())
        holes |= _tiles(axes, cells, top, labels if fits else {})
        axes.set(xlim=(-0.5, 23.5), ylim=(6.5, -0.5), yticks=range(7))
        axes.set_yticklabels([say(day, language) for day in WEEKDAYS])
        axes.set_xticks(range(24), [str(hour) for hour in range(24)] if axes is panels[-1] else [])
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        note = say(IN_THOUSANDS, language) if thousands and fits else ""
        _panel_title(
            axes, channel_words(channel, language), joined(say((notes or {}).get(channel, ""), language), note)
        )
        _scale(axes, top, decimals, say(value_label, language))
    panels[-1].set_xlabel(say(HOUR_AXIS, language))
    if holes:
        key(figure, [(BANDS["none"], f"{say(NOBODY_LOOKED, language)} / {say(NO_DATA, language)}")])
    return figure


def _tiles(axes, cells, top, labels, *, size=6, hole=""):
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


def _scale(axes, top, decimals, label):
    """A small upright scale of the tiles' colours at the right of a panel."""
    bar = axes.inset_axes([1.015, 0.06, 0.013, 0.88])
    steps = 24
    for step in range(steps):
        colour = SEQUENCE(math.sqrt((step + 0.5) / steps))
        bar.add_patch(Rectangle((0, step / steps), 1, 1.05 / steps, facecolor=colour, edgecolor="none"))
    bar.set(xlim=(0, 1), ylim=(0, 1.001), xticks=[], yticks=[0, 1], yticklabels=["0", number(top, decimals)])
    bar.yaxis.tick_right()
    bar.yaxis.set_label_position("right")
    bar.tick_params(labelsize=TINY, length=0, pad=2)
    bar.set_ylabel(label, fontsize=TINY, labelpad=2, rotation=90)
    bar.spines[:].set_visible(False)


# ------------------------------------------------------------------------------------------------------- months


def _month_range(months):
    return [str(month) for month in pd.period_range(min(months), max(months), freq="M")]


def _month_axis(axes, months, language, *, points, below=True):
    """Months along the x axis, and under them their years."""
    room = points / len(months)
    names = [calendar.month_abbr[int(month[5:])] if language == "en" else str(int(month[5:])) for month in months]
    if max(text_width(name, SMALL) for name in names) + 1.5 > room:
        names = [str(int(month[5:])) for month in months]
    every = next(step for step in (1, 3, 6, 12) if step == 12 or text_width("12", SMALL) + 1 <= room * step)
    names = [name if (int(month[5:]) - 1) % every == 0 else "" for name, month in zip(names, months, strict=True)]
    axes.set_xticks(range(len(months)), names, fontsize=SMALL)
    axes.tick_params(axis="x", length=0, pad=2)
    if not below:
        axes.tick_params(axis="x", top=True, labeltop=True, bottom=False, labelbottom=False)
    years = [month[:4] for month in months]
    for year in _in_order(years):
        first, last = years.index(year), len(years) - 1 - years[::-1].index(year)
        full = f"{year}년" if language == "ko" else year
        shown = full if text_width(full, SMALL, "semibold") <= (last - first + 1) * room + 6 else f"’{year[2:]}"
        axes.annotate(
            shown,
            ((first + last) / 2, 0 if below else 1),
            xycoords=axes.get_xaxis_transform(),
            xytext=(0, -13 if below else 13),
            textcoords="offset points",
            ha="center",
            va="top" if below else "bottom",
            fontsize=SMALL,
            weight="semibold",
        )
        if first and not below:
            axes.axvline(first - 0.5, color=INK, linewidth=0.8, zorder=3.5)
        elif first:
            axes.plot(
                [first - 0.5] * 2, [0, -0.3], transform=axes.get_xaxis_transform(), color=EDGE, lw=0.6, clip_on=False
            )


@drawn
def coverage(table, *, language, row_title=None):
    """Which source has records for which month; holes stand out.

    Parameters
    ----------
    table : pd.DataFrame
        Rows are a source and a month: `row_label` (Text or str), `month` ("2024-01"), `records` (count, missing where
        none arrived), `state` ("records", "partial", "none"). A source and month that is not in the table is a hole
        too. Counts of 1,000 or more are shown in thousands (`<0.1` under 50); the key says so.
    row_title : Text, optional
        Heading of the rows.
    """
    needs(table, "coverage", "row_label", "month", "records", "state")
    if table.empty:
        return no_data(language)
    strange = sorted(set(table["state"]) - {"records", "partial", "none"})
    if strange:
        raise ValueError(f"coverage: state must be records, partial or none, found {strange}")
    labels = _in_order(table["row_label"])
    months = _month_range(table["month"])
    named = [wrapped(say(label, language), 100, 7.5) for label in labels]
    lines = max(name.count("\n") + 1 for name in named)
    row = max(0.27, 0.13 * lines + 0.06)
    figure = new_figure(0.72 + row * len(labels))
    axes = figure.add_subplot()
    places = {(label, month): at for at, (label, month) in _tile_places(labels, months).items()}
    values = {places[label, month]: math.nan for label in labels for month in months}
    partial = []
    for entry in table.itertuples():
        at = places[entry.row_label, entry.month]
        values[at] = math.nan if entry.state == "none" else float(entry.records)
        if entry.state == "partial":
            partial.append(at)
    top = _top(list(values.values()))
    thousands = top >= 1000
    room = 345 / len(months)
    texts = {at: _short(value, thousands) for at, value in values.items() if not pd.isna(value)}
    size = next((s for s in (7, 6.5, 6) if all(text_width(t, s) <= room - 1 for t in texts.values())), 5.5)
    holes = _tiles(axes, values, top, texts, size=size, hole="×")
    for x, y in partial:
        axes.add_patch(
            Rectangle(
                (x - 0.44, y - 0.42), 0.88, 0.84, fill=False, edgecolor=ORANGE, linewidth=1.1, linestyle="--", zorder=4
            )
        )
    axes.set(xlim=(-0.5, len(months) - 0.5), ylim=(len(labels) - 0.5, -0.5))
    axes.set_yticks(range(len(labels)), named)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    _month_axis(axes, months, language, points=345, below=False)
    unit = (
        Text("칸의 수: 천 건", "numbers: thousands of records")
        if thousands
        else Text("칸의 수: 건", "numbers: records")
    )
    entries = [({"facecolor": SEQUENCE(0.45), "edgecolor": "none"}, say(unit, language))]
    if partial:
        dashed = {"facecolor": "none", "edgecolor": ORANGE, "linestyle": "--", "linewidth": 1.1}
        entries.append((dashed, say(PARTLY_ARRIVED, language)))
    if holes:
        entries.append((BANDS["none"], f"× {say(NO_DATA, language)}"))
    if row_title:
        axes.set_title(say(row_title, language), pad=28)
    key(figure, entries)
    return figure


def _tile_places(labels, months):
    return {(x, y): (label, month) for y, label in enumerate(labels) for x, month in enumerate(months)}


def _short(value, thousands):
    if not thousands:
        return number(value)
    if 0 < value < 50:
        return "<0.1"
    return number(value / 1000, 0 if value >= 9950 or value == 0 else 1)


@drawn
def months(table, events=None, *, language, shared_scale=True, unit=RECORDS):
    """Records by month, one panel a channel; months without data are hatched; events are thin upright lines.

    Parameters
    ----------
    table : pd.DataFrame
        Rows are a channel and a month: `channel`, `month` ("2024-01"), `records` (missing = no data). A month that is
        not in the table is drawn as no data.
    events : pd.DataFrame, optional
        `date` ("2024-02", "2024-02-15" or a date) and `label` (Text or str). Those outside the months are not drawn.
        Where the labels do not fit above the panels, lines are numbered and the key stands below.
    shared_scale : bool, optional
        One scale for all channels; otherwise each its own, which a grey note says.
    unit : Text, optional
        What is counted.
    """
    needs(table, "months", "channel", "month", "records")
    if table.empty:
        return no_data(language)
    channels, span = _in_order(table["channel"]), _month_range(table["month"])
    marks = _event_marks(events, span, language)
    tiers = _event_tiers(marks, len(span))
    numbered = bool(marks) and tiers is None
    legend_lines = _event_key(marks) if numbered else []
    head = (0.2 if numbered else 0.17 * (max(tiers) + 1)) if marks else 0.02
    foot = 0.16 * len(legend_lines) + 0.02
    each, missing = 1.1, False
    figure = new_figure(head + each * len(channels) + foot + 0.5)
    grid = figure.add_gridspec(len(channels) + 2, 1, height_ratios=[head, *[each] * len(channels), foot])
    panels = [figure.add_subplot(grid[row + 1]) for row in range(len(channels))]
    top = _top(table["records"])
    for axes, channel in zip(panels, channels, strict=True):
        rows = table[table["channel"] == channel]
        if rows["month"].duplicated().any():
            raise ValueError("months: a month appears twice in a channel")
        values = rows.set_index("month")["records"].astype(float).reindex(span)
        holes = pd.Series(values.isna().to_numpy(), index=range(len(span)))
        for first, past in _runs(holes, True):
            missing = True
            axes.axvspan(first - 0.5, past - 0.5, zorder=0.5, **BANDS["none"])
            if (past - first) * 400 / len(span) > text_width(say(NO_DATA, language), TINY) + 4:
                axes.text(
                    (first + past - 1) / 2,
                    0.5,
                    say(NO_DATA, language),
                    transform=axes.get_xaxis_transform(),
                    ha="center",
                    va="center",
                    fontsize=TINY,
                    color=SOFT,
                    bbox=_plate(0.8),
                )
        axes.bar(range(len(span)), values, width=0.78, color=channel_colour(channel), zorder=2)
        own = top if shared_scale else _top(values)
        _value_axis(axes, own, room=1.12, most=3)
        axes.set(xlim=(-0.6, len(span) - 0.4), xticks=[])
        axes.set_ylabel(say(unit, language))
        note = "" if shared_scale or axes is not panels[0] or len(channels) == 1 else say(SCALES_DIFFER, language)
        _panel_title(axes, channel_words(channel, language), note)
        for at, _, _ in marks:
            axes.axvline(at, color=INK, linewidth=0.7, linestyle=(0, (3, 2)), zorder=4)
    _month_axis(panels[-1], span, language, points=400)
    figure.align_ylabels(panels)
    if marks:
        _write_events(figure.add_subplot(grid[0], sharex=panels[0]), marks, tiers, span)
    if legend_lines:
        foot_axes = figure.add_subplot(grid[-1])
        foot_axes.set_axis_off()
        foot_axes.text(0, 1, "\n".join(legend_lines), va="top", ha="left", fontsize=SMALL, linespacing=1.35)
    if missing:
        key(figure, [(BANDS["none"], say(NO_DATA, language))])
    return figure


def _event_marks(events, span, language):
    """Events within the months: place along the axis, date as given, words."""
    marks = []
    if events is None:
        return marks
    needs(events, "months: events", "date", "label")
    for entry in sorted(events.itertuples(), key=lambda event: pd.Timestamp(str(event.date))):
        moment = pd.Timestamp(str(entry.date))
        month = f"{moment:%Y-%m}"
        if month not in span:
            continue
        at = span.index(month) - 0.5 + (moment.day - 1) / moment.days_in_month
        date = entry.date if isinstance(entry.date, str) else f"{moment:%Y-%m-%d}"
        marks.append((at, date, say(entry.label, language)))
    return marks


def _event_tiers(marks, count, most=3):
    """Line of text for each event so that none overlap, or None where `most` lines are not enough."""
    per_month, ends, tiers = 400 / count, [-math.inf] * most, []
    for at, date, words in marks:
        x, width = (at + 0.6) * per_month, text_width(f"{date} {words}", SMALL) + 8
        start = x - width if x + width > 400 else x
        tier = next((tier for tier in range(most) if ends[tier] <= start), None)
        if tier is None or start < 0:
            return None
        ends[tier] = max(start + width, x)
        tiers.append(tier)
    return tiers


def _event_key(marks):
    lines, line = [], ""
    for place, (_, date, words) in enumerate(marks):
        entry = wrapped(f"{place + 1})\u00a0{date}\u00a0{words}", WIDTH * 72 - 70, SMALL)
        tried = f"{line}    {entry}" if line else entry
        if line and text_width(tried, SMALL) > WIDTH * 72 - 70:
            lines.append(line)
            tried = entry
        line = tried
    return "\n".join([*lines, line]).split("\n")


def _write_events(axes, marks, tiers, span):
    axes.set_axis_off()
    levels = 1 if tiers is None else max(tiers) + 1
    axes.set_ylim(0, levels)
    last = -math.inf
    for place, (at, date, words) in enumerate(marks):
        if tiers is None:
            # Markers of neighbours that would touch step aside; the line stays in its place.
            shown = max(at, last + 14 * len(span) / 400)
            last = shown
            disc = {"boxstyle": "circle,pad=0.25", "facecolor": INK, "edgecolor": "none"}
            axes.text(shown, 0.5, f"{place + 1}", ha="center", va="center", fontsize=TINY, color="white", bbox=disc)
            continue
        level = levels - 1 - tiers[place]
        turned = (at + 0.6) * 400 / len(span) + text_width(f"{date} {words}", SMALL) + 8 > 400
        axes.plot([at, at], [0, level + 0.9], color=INK, linewidth=0.7, linestyle=(0, (3, 2)), clip_on=False)
        axes.annotate(
            f"{date} {words}",
            (at, level + 0.5),
            xytext=(-3 if turned else 3, 0),
            textcoords="offset points",
            ha="right" if turned else "left",
            va="center",
            fontsize=SMALL,
            bbox=_plate(0.5),
        )


# ------------------------------------------------------------------------------------------ places and how they rank


def _name_rows(names, *, points=120, size=7.5, pitch=0.205):
    """Names wrapped to their column, and the height of a row in inches."""
    written = [wrapped(name, points, size) for name in names]
    lines = max(name.count("\n") + 1 for name in written)
    return written, max(pitch, 0.135 * lines + 0.05)


@drawn
def ranking(
    table,
    *,
    language,
    value_label=RECORDS,
    decimals=0,
    total=None,
    highlight=(),
    interval=INTERVAL,
    order=True,
):
    """Places by value, the highest first: bars, or dots with their interval.

    Parameters
    ----------
    table : pd.DataFrame
        Rows are places: `name` (str or Text), `value` (missing = no data, listed last, without a rank); optional
        `low`, `high` (interval: dots instead of bars), `change` (places gained since the period before, negative =
        lost, missing = not ranked before).
    value_label : Text, optional
        What `value` is, with its unit.
    decimals : int, optional
        Digits of `value` after the point.
    total : int, optional
        Records that the table rests on, shown as n.
    highlight : collection of str, optional
        Names (Korean, for a Text) drawn in the accent colour.
    interval : Text, optional
        What `low` and `high` are.
    order : bool, optional
        False keeps the order of the table.
    """
    needs(table, "ranking", "name", "value")
    if table.empty:
        return no_data(language)
    rows = table.sort_values("value", ascending=False, kind="stable", na_position="last") if order else table
    rows = rows.reset_index(drop=True)
    intervals = {"low", "high"} <= set(rows) and bool(rows[["low", "high"]].notna().any(axis=None))
    ranks = [f"{place + 1}. " if order and not pd.isna(value) else "" for place, value in enumerate(rows["value"])]
    names = [rank + say(name, language) for rank, name in zip(ranks, rows["name"], strict=True)]
    names, pitch = _name_rows(names)
    heading = {"loc": "left", "fontsize": SMALL, "weight": "regular", "color": SOFT}
    figure = new_figure(pitch * len(rows) + (0.75 if total is not None or "change" in rows else 0.52))
    axes = figure.add_subplot()
    marked = set(highlight)
    for y, row in enumerate(rows.itertuples()):
        korean = row.name.ko if isinstance(row.name, Text) else row.name
        _rank_row(axes, y, row, ORANGE if korean in marked else NAVY, intervals, language)
    top = _top(rows["value"], rows["high"] if intervals else [])
    _value_axis(axes, top, room=1.03, which="x", most=5)
    axes.set(ylim=(len(rows) - 0.4, -0.6))
    axes.set_yticks(range(len(rows)), names)
    axes.spines["left"].set_visible(not intervals)
    axes.spines["bottom"].set_visible(False)
    axes.tick_params(axis="x", length=0)
    axes.set_xlabel(joined(say(value_label, language), _interval_words(interval, language) if intervals else ""))
    columns = [("", [_with_interval(row, intervals, decimals, language) for row in rows.itertuples()])]
    if "change" in rows:
        moved = [_moved(row.change, language) if not pd.isna(row.value) else "" for row in rows.itertuples()]
        columns.append((say(Text("순위 변동", "rank change"), language), moved))
    _columns(axes, columns)
    if total is not None:
        axes.set_title(say(N_RECORDS, language).format(n=number(total)), **heading)
    return figure


def _interval_words(interval, language):
    return say(Text("선: {what}", "line: {what}").format(what=interval), language)


def _with_interval(row, intervals, decimals, language):
    if pd.isna(row.value):
        return ""
    value = number(row.value, decimals)
    if not intervals or pd.isna(row.low) or pd.isna(row.high):
        return value
    return f"{value}  ({number(row.low, decimals)}{say(TO, language)}{number(row.high, decimals)})"


def _columns(axes, columns):
    """Columns of words at the right of the rows, each with its heading."""
    offset = 7
    for heading, words in columns:
        width = max([text_width(heading, SMALL), *(text_width(word, 7.5) for word in words)])
        here = {"xytext": (offset, 0), "textcoords": "offset points", "ha": "left"}
        figures = not any(word.strip("0123456789,.−–") for word in words)
        there = {**here, "xytext": (offset + width, 0), "ha": "right"} if figures else here
        for y, word in enumerate(words):
            if word:
                axes.annotate(word, (1, y), xycoords=axes.get_yaxis_transform(), va="center", fontsize=7.5, **there)
        if heading:
            here["xytext"] = (offset, 5)
            axes.annotate(heading, (1, 1), xycoords="axes fraction", va="bottom", fontsize=SMALL, color=SOFT, **here)
        offset += width + 12


def _rank_row(axes, y, row, colour, intervals, language):
    if pd.isna(row.value):
        _hole_row(axes, y, say(NO_DATA, language))
        return
    if not intervals:
        axes.barh(y, row.value, height=0.68, color=colour)
        return
    axes.axhline(y, color=GRID, linewidth=0.5, zorder=0.5)
    if not (pd.isna(row.low) or pd.isna(row.high)):
        axes.plot([row.low, row.high], [y, y], color=colour, linewidth=2.6, alpha=0.35, solid_capstyle="butt")
    axes.plot([row.value], [y], "o", color=colour, markersize=5, clip_on=False, zorder=3)


def _hole_row(axes, y, words):
    """A row without a value: hatched from end to end, with the reason on it."""
    axes.axhspan(y - 0.34, y + 0.34, zorder=1, **BANDS["none"])
    axes.annotate(
        words,
        (0.5, y),
        xycoords=axes.get_yaxis_transform(),
        ha="center",
        va="center",
        fontsize=TINY,
        color=SOFT,
        bbox=_plate(0.8),
        zorder=3,
    )


def _moved(change, language):
    if pd.isna(change):
        return say(Text("새로", "new"), language)
    if change == 0:
        return "–"
    return f"{'▲' if change > 0 else '▼'} {number(abs(change))}"


CHANGE_TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0, 100.0)


@drawn
def change(
    table,
    *,
    language,
    before=SINCE_BEFORE,
    interval=INTERVAL,
    order=True,
):
    """Ratio to the period before, by place, on a log axis: the same distance for twice as many and half as many.

    Parameters
    ----------
    table : pd.DataFrame
        Rows are places: `name` (str or Text), `ratio` (1 = no change; missing = cannot be compared), `low`, `high`
        (interval; missing = not known), all above 0. Dots are filled where the interval leaves out no change. An
        interval that runs off the axis ends in an arrow.
    before : Text, optional
        What is compared with what, for the axis.
    interval : Text, optional
        What `low` and `high` are.
    order : bool, optional
        False keeps the order of the table.
    """
    needs(table, "change", "name", "ratio", "low", "high")
    if table.empty:
        return no_data(language)
    for name in ("ratio", "low", "high"):
        if (table[name].astype(float) <= 0).any():
            raise ValueError(f"change: {name} must be above 0, found {table[name].min()}")
    rows = table.sort_values("ratio", ascending=False, kind="stable", na_position="last") if order else table
    names, pitch = _name_rows([say(name, language) for name in rows["name"]])
    figure = new_figure(pitch * len(rows) + 0.78)
    axes = figure.add_subplot()
    axes.set_xscale("log")
    # The dots decide the axis; one wild interval must not squeeze all others together.
    ratios = rows["ratio"].astype(float).dropna()
    inner = pd.concat([rows["low"].astype(float).dropna(), rows["high"].astype(float).dropna(), ratios])
    least = max(min([*inner, 0.9]), min([*ratios, 1.0]) / 2) * 0.95
    most = min(max([*inner, 1.1]), max([*ratios, 1.0]) * 2) * 1.05
    axes.axvline(1, color=INK, linewidth=0.9, zorder=1)
    for y, row in enumerate(rows.itertuples()):
        axes.axhline(y, color=GRID, linewidth=0.5, zorder=0.5)
        _change_row(axes, y, row, least, most, language)
    ticks = _change_ticks(least, most)
    axes.set(xlim=(least, most), ylim=(len(rows) - 0.4, -0.6))
    axes.set_xticks(ticks, [_as_change(tick) for tick in ticks])
    axes.set_xticks([], minor=True)
    axes.grid(axis="x")
    axes.set_yticks(range(len(rows)), names)
    _columns(axes, [("", [_change_words(row, language) for row in rows.itertuples()])])
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="x", length=0)
    log = say(Text("로그 눈금", "log scale"), language)
    axes.set_xlabel(joined(say(before, language), log, _interval_words(interval, language)))
    dot = {"linestyle": "none", "marker": "o", "markersize": 5}
    handles = [
        (mpl.lines.Line2D([], [], color=ORANGE, **dot), say(Text("늘어남", "more"), language)),
        (mpl.lines.Line2D([], [], color=BLUE, **dot), say(Text("줄어듦", "fewer"), language)),
        (
            mpl.lines.Line2D([], [], color=SOFT, markerfacecolor="white", **dot),
            say(Text("구간이 ‘변화 없음’을 포함", "interval includes no change"), language),
        ),
    ]
    key(figure, handles)
    return figure


def _as_change(ratio):
    return "0%" if ratio == 1 else f"{number(100 * (ratio - 1), signed=True)}%"


def _change_ticks(least, most):
    wide = math.log(most / least)
    chosen = [1.0]
    for tick in sorted(CHANGE_TICKS, key=lambda t: (t not in (0.5, 2.0), t not in (0.8, 1.25, 5.0, 0.2), t)):
        if least <= tick <= most and all(abs(math.log(tick / other)) / wide > 0.1 for other in chosen):
            chosen.append(tick)
    return sorted(chosen)


def _change_row(axes, y, row, least, most, language):
    if pd.isna(row.ratio):
        _hole_row(axes, y, say(Text("비교할 수 없음", "cannot be compared"), language))
        return
    known = not (pd.isna(row.low) or pd.isna(row.high))
    sure = known and (row.low > 1 or row.high < 1)
    colour = (ORANGE if row.ratio > 1 else BLUE) if sure else SOFT
    if known:
        axes.plot([max(row.low, least), min(row.high, most)], [y, y], color=colour, linewidth=1.6, alpha=0.6, zorder=2)
        inset = (most / least) ** 0.008
        if row.high > most:
            axes.plot([most / inset], [y], ">", color=colour, markersize=4)
        if row.low < least:
            axes.plot([least * inset], [y], "<", color=colour, markersize=4)
    axes.plot([row.ratio], [y], "o", color=colour, markerfacecolor=colour if sure else "white", markersize=5, zorder=3)


def _change_words(row, language):
    if pd.isna(row.ratio):
        return ""
    if pd.isna(row.low) or pd.isna(row.high):
        return _as_change(row.ratio)
    low, high = (number(100 * (bound - 1), signed=True) for bound in (row.low, row.high))
    return f"{_as_change(row.ratio)}  ({low} {say(TO, language).strip()} {high})"


# ---------------------------------------------------------------------------------------- rows kept, dropped, placed

STEP_COLOURS = {"came": NAVY, "dropped": ORANGE, "kept": NAVY, "placed": BLUE, "mended": LIGHT, "flagged": LIGHT}
STEP_WORDS = {
    "came": Text("들어온 행", "rows that came"),
    "dropped": Text("제외", "left out"),
    "kept": Text("남은 행", "rows kept"),
    "placed": Text("위치를 찾은 행", "rows placed"),
    "mended": Text("고침", "mended"),
    "flagged": Text("표시만 함", "flagged"),
}


@drawn
def ledger_flow(table, *, language):
    """What became of the rows that came: left out and why, mended, kept, placed; exact numbers.

    Parameters
    ----------
    table : pd.DataFrame
        As `Ledger.table()` gives it: `what` ("came", "dropped", "mended", "flagged"; also "kept", "placed"), `rows`,
        and `reason_ko`, `reason_en` (or `label`: Text); `source` (str or Text, optional: a panel each) and `left`
        (optional: rows left after the step; the last one is drawn as the rows kept, unless "kept" is given).
    """
    needs(table, "ledger_flow", "what", "rows")
    if table.empty:
        return no_data(language)
    strange = sorted(set(table["what"]) - set(STEP_COLOURS))
    if strange:
        raise ValueError(f"ledger_flow: what must be one of {list(STEP_COLOURS)}, found {strange}")
    sources = _in_order(table["source"]) if "source" in table else [None]
    steps = [_ledger_steps(table if s is None else table[table["source"] == s], language) for s in sources]
    written = [_name_rows([label for _, label, _ in rows], points=170) for rows in steps]
    pitch = max(height for _, height in written)
    titled = 0.26 if len(sources) > 1 else 0.02
    figure = new_figure(0.5 + sum(pitch * len(rows) + titled for rows in steps))
    panels = figure.subplots(
        len(sources), 1, squeeze=False, sharex=True, gridspec_kw={"height_ratios": [len(rows) + 0.4 for rows in steps]}
    )[:, 0]
    top = _top([rows for source in steps for _, _, rows in source])
    room = 1 + (text_width(number(top), 7.5) + 24) / 290
    for axes, source, rows, (names, _) in zip(panels, sources, steps, written, strict=True):
        left = next((count for what, _, count in rows if what == "came"), 0)
        for y, (what, _, count) in enumerate(rows):
            start = 0
            if what == "dropped" and not pd.isna(count):
                left -= count
                start = max(left, 0)
            _ledger_bar(axes, y, what, start, count, top)
        axes.set(ylim=(len(rows) - 0.45, -0.55))
        axes.set_yticks(range(len(rows)), names)
        for label, (what, _, _) in zip(axes.get_yticklabels(), rows, strict=True):
            label.set_fontweight("semibold" if what in ("came", "kept", "placed") else "regular")
        _value_axis(axes, top, room=room, which="x", most=5)
        axes.tick_params(axis="x", length=0, labelbottom=axes is panels[-1])
        axes.spines["bottom"].set_visible(False)
        if len(sources) > 1:
            axes.set_title(say(source, language))
    panels[-1].set_xlabel(say(Text("행 수", "rows"), language))
    return figure


def _ledger_steps(rows, language):
    steps = []
    for row in rows.itertuples():
        label = row.label if hasattr(row, "label") else Text(row.reason_ko, row.reason_en)
        words = say(label, language)
        if row.what == "came":
            words = say(STEP_WORDS["came"], language)
        elif row.what in ("dropped", "mended", "flagged"):
            words = f"{say(STEP_WORDS[row.what], language)}: {words}"
        steps.append((row.what, words, row.rows))
    if "left" in rows and "kept" not in set(rows["what"]):
        steps.append(("kept", say(STEP_WORDS["kept"], language), rows["left"].iloc[-1]))
    return steps


def _ledger_bar(axes, y, what, start, count, top):
    if pd.isna(count):
        axes.annotate("–", (0, y), xytext=(4, 0), textcoords="offset points", va="center", fontsize=7.5)
        return
    # A step of few rows among many keeps a hairline: it happened, even where a true bar is thinner than ink.
    seen = max(count, top * 0.0015) if count else 0
    axes.barh(y, seen, left=start, height=0.66, color=STEP_COLOURS[what])
    signed = "\N{MINUS SIGN}" if what == "dropped" and count else ""
    axes.annotate(
        f"{signed}{number(count)}",
        (start + seen, y),
        xytext=(4, 0),
        textcoords="offset points",
        va="center",
        fontsize=7.5,
        weight="semibold",
    )


PLACED_COLOURS = dict(zip(HOW_PLACED, (NAVY, BLUE, "#a9cbe8"), strict=True))
UNPLACED_COLOURS = dict(zip(WHY_UNPLACED, ("#c9730a", "#e6a95a", "#f3d7ad", "#8b8f95", "#c6cbd1"), strict=True))


@drawn
def match_rates(table, *, language):
    """How the records of each source were given a place, and why the rest were not, as parts of 100%.

    Parameters
    ----------
    table : pd.DataFrame
        Rows are a source and a way: `source` (str or Text), `state` (code of HOW_PLACED or WHY_UNPLACED), `records`
        (count), `share` (of the source's records, 0-1). What the shares leave open up to 1 is hatched.
    """
    needs(table, "match_rates", "source", "state", "records", "share")
    if table.empty:
        return no_data(language)
    words, colours = HOW_PLACED | WHY_UNPLACED, PLACED_COLOURS | UNPLACED_COLOURS
    strange = sorted(set(table["state"]) - set(words))
    if strange:
        raise ValueError(f"match_rates: state must be one of {list(words)}, found {strange}")
    sources = _in_order(table["source"])
    names, pitch = _name_rows([say(source, language) for source in sources], pitch=0.4)
    figure = new_figure(pitch * len(sources) + 1.0)
    axes = figure.add_subplot()
    gaps = False
    for y, source in enumerate(sources):
        rows = table[table["source"] == source].set_index("state")
        if rows.index.duplicated().any():
            raise ValueError(f"match_rates: a state appears twice for {source}")
        start, written = 0.0, 0.0
        for state in words:
            share = float(rows["share"].get(state, math.nan))
            if pd.isna(share) or share == 0:
                continue
            axes.barh(y, share, left=start, height=0.58, color=colours[state], edgecolor="white", linewidth=0.6)
            said = percent(share, 1 if share < 0.0995 else 0)
            width = (text_width(said, TINY) + 3) / 310
            if share > width:
                axes.text(
                    start + share / 2,
                    y,
                    said,
                    ha="center",
                    va="center_baseline",
                    fontsize=TINY,
                    color=readable_on(colours[state]),
                )
            else:  # too narrow for its number, which goes above, clear of its neighbour's
                at = min(max(start + share / 2, written + width / 2), 1 - width / 2)
                written = at + width / 2
                axes.text(at, y - 0.31, said, ha="center", va="bottom", fontsize=TINY, color=SOFT)
            start += share
        if start < 0.9995:
            gaps = True
            axes.add_patch(Rectangle((start, y - 0.29), 1 - start, 0.58, **BANDS["none"]))
        axes.annotate(
            say(N_RECORDS, language).format(n=_total(rows["records"])),
            (1, y),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            fontsize=SMALL,
            color=SOFT,
        )
    axes.set(xlim=(0, 1), ylim=(len(sources) - 0.5, -0.6))
    ticks = [0, 0.25, 0.5, 0.75, 1]
    axes.set_xticks(ticks, _percents(ticks))
    axes.set_yticks(range(len(sources)), names)
    axes.tick_params(axis="x", length=0)
    axes.spines[:].set_visible(False)
    axes.set_xlabel(say(Text("출처별 기록 중 비율", "share of each source's records"), language))
    present = set(table.loc[table["share"] > 0, "state"])
    placed, unplaced = say(Text("찾음", "placed"), language), say(Text("못 찾음", "not placed"), language)
    found = [({"facecolor": colours[s]}, f"{placed}: {say(words[s], language)}") for s in HOW_PLACED if s in present]
    lost = [({"facecolor": colours[s]}, f"{unplaced}: {say(words[s], language)}") for s in WHY_UNPLACED if s in present]
    if gaps:
        lost.append((BANDS["none"], say(NO_DATA, language)))
    key(figure, found, lost)
    return figure
