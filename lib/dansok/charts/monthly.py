"""The months: which source has records for which of them, and how many, with the events that explain a step."""

import calendar
import math

import pandas as pd
from matplotlib.patches import Rectangle

from dansok.charts.look import (
    BANDS,
    EDGE,
    INK,
    NO_DATA,
    ORANGE,
    RECORDS,
    SCALES_DIFFER,
    SEQUENCE,
    SMALL,
    SOFT,
    TINY,
    WIDTH,
    channel_colour,
    channel_words,
    drawn,
    in_order,
    key,
    needs,
    new_figure,
    no_data,
    panel_title,
    say,
    short_number,
    stretches,
    text_width,
    tiles,
    top_of,
    value_axis,
    white_box,
    wrapped,
)
from dansok.words import Text

PARTLY_ARRIVED = Text("일부만 들어옴", "arrived in part")


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
    labels = in_order(table["row_label"])
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
    top = top_of(list(values.values()))
    thousands = top >= 1000
    room = 345 / len(months)
    texts = {at: short_number(value, thousands) for at, value in values.items() if not pd.isna(value)}
    size = next((s for s in (7, 6.5, 6) if all(text_width(t, s) <= room - 1 for t in texts.values())), 5.5)
    holes = tiles(axes, values, top, texts, size=size, hole="×")
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
    channels, span = in_order(table["channel"]), _month_range(table["month"])
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
    top = top_of(table["records"])
    for axes, channel in zip(panels, channels, strict=True):
        rows = table[table["channel"] == channel]
        if rows["month"].duplicated().any():
            raise ValueError("months: a month appears twice in a channel")
        values = rows.set_index("month")["records"].astype(float).reindex(span)
        holes = pd.Series(values.isna().to_numpy(), index=range(len(span)))
        for first, past in stretches(holes, True):
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
                    bbox=white_box(0.8),
                )
        axes.bar(range(len(span)), values, width=0.78, color=channel_colour(channel), zorder=2)
        own = top if shared_scale else top_of(values)
        value_axis(axes, own, room=1.12, most=3)
        axes.set(xlim=(-0.6, len(span) - 0.4), xticks=[])
        axes.set_ylabel(say(unit, language))
        note = "" if shared_scale or axes is not panels[0] or len(channels) == 1 else say(SCALES_DIFFER, language)
        panel_title(axes, channel_words(channel, language), note)
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
    for year in in_order(years):
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


# --------------------------------------------------------------------------------------------------------------- events


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
            bbox=white_box(0.5),
        )
