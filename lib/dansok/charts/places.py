"""Places: how they rank, and how they changed since the period before."""

import math

import matplotlib as mpl
import pandas as pd

from dansok.charts.look import (
    BANDS,
    BLUE,
    GRID,
    INK,
    INTERVAL,
    NAVY,
    NO_DATA,
    ORANGE,
    RECORDS,
    SMALL,
    SOFT,
    TINY,
    drawn,
    joined,
    key,
    n_records,
    name_rows,
    needs,
    new_figure,
    no_data,
    number,
    say,
    text_width,
    top_of,
    value_axis,
    white_box,
)
from dansok.words import Text

TO = Text("~", " to ")
SINCE_BEFORE = Text("이전 기간 대비 변화", "change from the period before")
CHANGE_TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0, 100.0)


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
    names, pitch = name_rows(names)
    heading = {"loc": "left", "fontsize": SMALL, "weight": "regular", "color": SOFT}
    figure = new_figure(pitch * len(rows) + (0.75 if total is not None or "change" in rows else 0.52))
    axes = figure.add_subplot()
    marked = set(highlight)
    for y, row in enumerate(rows.itertuples()):
        korean = row.name.ko if isinstance(row.name, Text) else row.name
        _rank_row(axes, y, row, ORANGE if korean in marked else NAVY, intervals, language)
    top = top_of(rows["value"], rows["high"] if intervals else [])
    value_axis(axes, top, room=1.03, which="x", most=5)
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
        axes.set_title(n_records(number(total), language), **heading)
    return figure


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


def _with_interval(row, intervals, decimals, language):
    if pd.isna(row.value):
        return ""
    value = number(row.value, decimals)
    if not intervals or pd.isna(row.low) or pd.isna(row.high):
        return value
    return f"{value}  ({number(row.low, decimals)}{say(TO, language)}{number(row.high, decimals)})"


def _moved(change, language):
    if pd.isna(change):
        return say(Text("새로", "new"), language)
    if change == 0:
        return "–"
    return f"{'▲' if change > 0 else '▼'} {number(abs(change))}"


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
    names, pitch = name_rows([say(name, language) for name in rows["name"]])
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


def _as_change(ratio):
    return "0%" if ratio == 1 else f"{number(100 * (ratio - 1), signed=True)}%"


def _change_ticks(least, most):
    wide = math.log(most / least)
    chosen = [1.0]
    for tick in sorted(CHANGE_TICKS, key=lambda t: (t not in (0.5, 2.0), t not in (0.8, 1.25, 5.0, 0.2), t)):
        if least <= tick <= most and all(abs(math.log(tick / other)) / wide > 0.1 for other in chosen):
            chosen.append(tick)
    return sorted(chosen)


# --------------------------------------------------------------------------------------------------------- rows of both


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
        bbox=white_box(0.8),
        zorder=3,
    )


def _interval_words(interval, language):
    return say(Text("선: {what}", "line: {what}").format(what=interval), language)


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
