"""What one more of something adds, along a line that falls."""

from dansok.charts.look import (
    EDGE,
    NAVY,
    ORANGE,
    SMALL,
    SOFT,
    drawn,
    needs,
    new_figure,
    no_data,
    number,
    say,
    top_of,
    value_axis,
)


@drawn
def returns(table, *, language, x_label, y_label, end_words, decimals=1):
    """What each further unit adds, the best first, and the last in words.

    Parameters
    ----------
    table : pd.DataFrame
        Rows are steps in order: `x` (so far), `gain` (of the unit that ends there).
    x_label, y_label : Text
    end_words : Text
        What the last value is.
    decimals : int, optional
        Digits of `gain` after the point.
    """
    needs(table, "returns", "x", "gain")
    if table.empty:
        return no_data(language)
    figure = new_figure(2.3)
    axes = figure.add_subplot()
    axes.fill_between(table["x"], table["gain"], step="pre", color=EDGE, alpha=0.5, linewidth=0)
    axes.step(table["x"], table["gain"], where="pre", color=NAVY, linewidth=1.4)
    last = table.iloc[-1]
    axes.plot([last["x"]], [last["gain"]], "o", color=ORANGE, markersize=5, zorder=4)
    said = f"{say(end_words, language)} {number(last['gain'], decimals)}"
    axes.text(
        0.99,
        0.95,
        said,
        transform=axes.transAxes,
        ha="right",
        va="top",
        fontsize=SMALL,
        weight="semibold",
        color=ORANGE,
    )
    value_axis(axes, top_of(table["gain"]), room=1.08)
    value_axis(axes, table["x"].max(), room=1.02, most=8, which="x")
    axes.set_xlabel(say(x_label, language))
    axes.set_title(say(y_label, language), loc="left", fontsize=SMALL, weight="regular", color=SOFT)
    return figure
