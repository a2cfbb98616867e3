"""Two measures of the same places against each other, each over its mean: four quadrants."""

import math

import numpy as np
from matplotlib.lines import Line2D

from dansok.charts.look import (
    EDGE,
    INK,
    NAVY,
    ORANGE,
    SMALL,
    SOFT,
    TINY,
    drawn,
    key,
    needs,
    new_figure,
    no_data,
    number,
    say,
    text_width,
    white_box,
    wrapped,
)
from dansok.words import Text

CORNERS = {"more": (0, 1), "explain": (1, 1), "leave": (0, 0), "less": (1, 0)}
COLOURS = {"more": ORANGE, "explain": NAVY, "leave": EDGE, "less": "#3b8f7d"}
LEAST = 0.05  # of the mean, below which a value is drawn at the edge
TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)
AT_THE_EDGE = Text("가장자리: 0이거나 {least} 미만", "at the edge: 0, or below {least}")


@drawn
def quadrants(table, *, language, words, x_label, y_label):
    """Places by two measures on log axes, coloured by quadrant; those with a label are numbered.

    Parameters
    ----------
    table : pd.DataFrame
        Rows are places: `x`, `y` (1 is the mean), `quadrant` (a key of `words`), optional `label` (missing: not numbered).
    words : dict of str -> Text
        What each quadrant says: "more" (little x, much y), "explain" (much of both), "less" (much x, little y), "leave".
    x_label, y_label : Text
    """
    needs(table, "quadrants", "x", "y", "quadrant")
    if table.empty:
        return no_data(language)
    figure = new_figure(3.5)
    axes = figure.add_subplot()
    x, y = (table[name].astype(float).clip(lower=LEAST).to_numpy() for name in ("x", "y"))
    edge = (table["x"] < LEAST) | (table["y"] < LEAST)
    for kind in ("leave", "less", "explain", "more"):
        own = (table["quadrant"] == kind).to_numpy()
        axes.scatter(
            x[own], y[own], s=9, color=COLOURS[kind], alpha=0.55, linewidths=0, zorder=2, rasterized=own.sum() > 3000
        )
    axes.set(xscale="log", yscale="log")
    high = [max(2.0, values.max() * 1.6) for values in (x, y)]
    axes.set(xlim=(LEAST * 0.8, high[0]), ylim=(LEAST * 0.5, high[1] * 2))  # room for words above and below
    for axis, top in (("x", high[0]), ("y", high[1])):
        ticks = [tick for tick in TICKS if tick < top]
        getattr(axes, f"set_{axis}ticks")(ticks, [number(tick, 1 if tick < 1 else 0) for tick in ticks])
        getattr(axes, f"set_{axis}ticks")([], minor=True)
    axes.axvline(1, color=INK, linewidth=0.7, zorder=1)
    axes.axhline(1, color=INK, linewidth=0.7, zorder=1)
    _corner_words(axes, table, words, language)
    _labels(axes, table, x, y)
    axes.set_xlabel(say(x_label, language))
    axes.set_ylabel(say(y_label, language))
    if edge.any():
        said = say(AT_THE_EDGE, language).format(least=number(LEAST, 2))
        key(figure, [(Line2D([], [], linestyle="none", marker="o", markersize=4, color=SOFT), said)])
    return figure


def _corner_words(axes, table, words, language):
    counts = table["quadrant"].value_counts()
    for kind, (right, top) in CORNERS.items():
        said = f"{say(words[kind], language)} ({number(counts.get(kind, 0))})"
        axes.annotate(
            wrapped(said, 150, SMALL, weight="semibold"),
            (right, top),
            xycoords="axes fraction",
            xytext=(-4 if right else 4, -4 if top else 4),
            textcoords="offset points",
            ha="right" if right else "left",
            va="top" if top else "bottom",
            fontsize=SMALL,
            weight="semibold",
            color=COLOURS[kind] if kind != "leave" else SOFT,
            bbox=white_box(1),
            zorder=5,
        )


def _labels(axes, table, x, y):
    """Numbers beside their marks, where one would lie on another farther off with a line."""
    if "label" not in table:
        return
    rows = np.flatnonzero(table["label"].map(lambda label: isinstance(label, str)))
    axes.scatter(x[rows], y[rows], s=16, facecolor="none", edgecolor=INK, linewidth=0.8, zorder=5.5)
    axes.figure.draw_without_rendering()
    scale = 72 / axes.figure.dpi
    homes = axes.transData.transform(np.column_stack([x[rows], y[rows]])) * scale
    taken = list(homes)
    for row, home in zip(rows, homes, strict=True):
        label = table["label"].iloc[row]
        wide = text_width(label, TINY, "bold") + 3
        for distance in (7, 12, 17, 23, 30):
            turns = [(distance * math.cos(turn), distance * math.sin(turn)) for turn in np.arange(8) * math.pi / 4]
            free = [
                step
                for step in turns
                if all(abs(home[0] + step[0] - a) > wide or abs(home[1] + step[1] - b) > 8 for a, b in taken)
            ]
            if free:
                break
        step = (free or turns)[0]
        taken.append((home[0] + step[0], home[1] + step[1]))
        axes.annotate(
            label, (x[row], y[row]), xytext=step, textcoords="offset points", ha="center", va="center", fontsize=TINY, weight="bold", zorder=6,
            arrowprops={"arrowstyle": "-", "color": SOFT, "linewidth": 0.4, "shrinkA": 0, "shrinkB": 0} if distance > 7 else None,
        )  # fmt: skip
