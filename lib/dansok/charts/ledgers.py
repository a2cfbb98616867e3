"""What became of the rows that came: kept, left out, mended, and given a place or not."""

import math

import pandas as pd
from matplotlib.patches import Rectangle

from dansok.charts.look import (
    BANDS,
    BLUE,
    LIGHT,
    NAVY,
    NO_DATA,
    ORANGE,
    SMALL,
    SOFT,
    TINY,
    drawn,
    in_order,
    key,
    n_records,
    name_rows,
    needs,
    new_figure,
    no_data,
    number,
    percent,
    percent_ticks,
    readable_on,
    say,
    text_width,
    top_of,
    total_of,
    value_axis,
)
from dansok.tables import HOW_PLACED, WHY_UNPLACED
from dansok.words import Text

STEP_COLOURS = {"came": NAVY, "dropped": ORANGE, "kept": NAVY, "placed": BLUE, "mended": LIGHT, "flagged": LIGHT}
STEP_WORDS = {
    "came": Text("들어온 행", "rows that came"),
    "dropped": Text("제외", "left out"),
    "kept": Text("남은 행", "rows kept"),
    "placed": Text("위치를 찾은 행", "rows placed"),
    "mended": Text("고침", "mended"),
    "flagged": Text("표시만 함", "flagged"),
}
PLACED_COLOURS = dict(zip(HOW_PLACED, (NAVY, BLUE, "#a9cbe8"), strict=True))
UNPLACED_COLOURS = dict(zip(WHY_UNPLACED, ("#c9730a", "#e6a95a", "#f3d7ad", "#8b8f95", "#c6cbd1"), strict=True))


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
    sources = in_order(table["source"]) if "source" in table else [None]
    steps = [_ledger_steps(table if s is None else table[table["source"] == s], language) for s in sources]
    written = [name_rows([label for _, label, _ in rows], points=170) for rows in steps]
    pitch = max(height for _, height in written)
    titled = 0.26 if len(sources) > 1 else 0.02
    figure = new_figure(0.5 + sum(pitch * len(rows) + titled for rows in steps))
    panels = figure.subplots(
        len(sources), 1, squeeze=False, sharex=True, gridspec_kw={"height_ratios": [len(rows) + 0.4 for rows in steps]}
    )[:, 0]
    top = top_of([rows for source in steps for _, _, rows in source])
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
        value_axis(axes, top, room=room, which="x", most=5)
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
    sources = in_order(table["source"])
    names, pitch = name_rows([say(source, language) for source in sources], pitch=0.4)
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
                if at - width / 2 >= written:  # of several slivers at the end only the first has room
                    axes.text(at, y - 0.31, said, ha="center", va="bottom", fontsize=TINY, color=SOFT)
                    written = at + width / 2
            start += share
        if start < 0.9995:
            gaps = True
            axes.add_patch(Rectangle((start, y - 0.29), 1 - start, 0.58, **BANDS["none"]))
        axes.annotate(
            n_records(total_of(rows["records"]), language),
            (1, y),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            fontsize=SMALL,
            color=SOFT,
        )
    axes.set(xlim=(0, 1), ylim=(len(sources) - 0.5, -0.6))
    ticks = [0, 0.25, 0.5, 0.75, 1]
    axes.set_xticks(ticks, percent_ticks(ticks))
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
