"""Places by hour: a grid of rates that tells apart what nobody saw and what must not be told."""

import math

from matplotlib.collections import PatchCollection
from matplotlib.patches import Rectangle

from dansok.charts.hours import HOUR_AXIS, scale
from dansok.charts.look import (
    BANDS,
    drawn,
    in_order,
    key,
    name_rows,
    needs,
    new_figure,
    no_data,
    number,
    say,
    text_width,
    tiles,
    top_of,
)
from dansok.words import Text

NOBODY_READ = Text("판독 없음", "nobody read")
FEW = Text("차량이 적어 감춤", "left out: few vehicles")
STATES = ("shown", "few", "unread")


@drawn
def place_hours(table, *, language, value_label, decimals=0):
    """Rates by place and hour, darker for more; hatched where nobody read, dotted where too few vehicles stand behind it.

    Parameters
    ----------
    table : pd.DataFrame
        Rows are a place and an hour: `area_name` (str or Text), `hour` (0-23), `value`, `state` ("shown", "few", "unread"). Rows
        come in the order of the table; a pair that is not in it counts as unread.
    value_label : Text
        What `value` is, with its unit.
    decimals : int, optional
        Digits after the point. Values stand in the cells where all fit.
    """
    needs(table, "place_hours", "area_name", "hour", "value", "state")
    strange = sorted(set(table["state"]) - set(STATES))
    if strange:
        raise ValueError(f"place_hours: state must be one of {list(STATES)}, found {strange}")
    if table.empty or not (table["state"] != "unread").any():
        return no_data(language, words=NOBODY_READ)
    places = in_order(table["area_name"])
    rows = table.set_index(["area_name", "hour"])
    if rows.index.duplicated().any():
        raise ValueError("place_hours: a place and hour appears twice")
    cells, few = {}, []
    for y, place in enumerate(places):
        for hour in range(24):
            state, value = (
                rows.loc[(place, hour), ["state", "value"]] if (place, hour) in rows.index else ("unread", math.nan)
            )
            if state == "few":
                few.append((hour, y))
            else:
                cells[hour, y] = float(value) if state == "shown" else math.nan
    names, pitch = name_rows([say(place, language) for place in places], points=80, pitch=0.2)
    figure = new_figure(pitch * len(places) + 0.75)
    axes = figure.add_subplot()
    top = top_of(list(cells.values()))
    labels = {at: number(value, decimals) for at, value in cells.items() if not math.isnan(value)}
    fits = all(text_width(label, 6) <= 14 for label in labels.values())
    unread = tiles(axes, cells, top, labels if fits else {})
    if few:
        squares = [Rectangle((x - 0.5, y - 0.5), 1, 1) for x, y in few]
        axes.add_collection(PatchCollection(squares, zorder=2, **{**BANDS["unknown"], "linewidth": 0}))
    axes.set(xlim=(-0.5, 23.5), ylim=(len(places) - 0.5, -0.5), xticks=range(24))
    axes.set_yticks(range(len(places)), names)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_xlabel(say(HOUR_AXIS, language))
    scale(axes, top, decimals, say(value_label, language))
    entries = [(BANDS["none"], say(NOBODY_READ, language))] if unread else []
    entries += [(BANDS["unknown"], say(FEW, language))] if few else []
    key(figure, entries)
    return figure
