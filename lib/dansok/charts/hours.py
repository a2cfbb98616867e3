"""The hours of a day: records, rates and how long each channel looked, with the hours marked in which nobody did."""

import math

import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from dansok.charts.look import (
    BANDS,
    EDGE,
    INTERVAL,
    LIGHT,
    NAVY,
    NO_DATA,
    ORANGE,
    RECORDS,
    SCALES_DIFFER,
    SEQUENCE,
    SMALL,
    SOFT,
    TINY,
    channel_colour,
    channel_words,
    drawn,
    in_order,
    joined,
    key,
    n_records,
    needs,
    new_figure,
    no_data,
    number,
    panel_title,
    percent,
    percent_ticks,
    say,
    short_number,
    stretches,
    text_width,
    tiles,
    top_of,
    total_of,
    value_axis,
    white_box,
    wrapped,
)
from dansok.words import Text

NOBODY_LOOKED = Text("단속 없음", "nobody looked")
PARTLY_WATCHED = Text("일부만 단속", "partly watched")
UNKNOWN = Text("관측 여부 모름", "not known who looked")
PER_CAMERA_HOUR = Text("카메라·시간당 건수", "per camera-hour")
AS_THEY_CAME = Text("기록된 건수 그대로", "Records as they came")
PER_WATCHED_HOUR = Text("단속한 시간으로 나눈 건수", "Records for each hour that was watched")
IN_THOUSANDS = Text("칸의 수: 천 단위", "numbers in thousands")
PEAK = Text("{hour}시 {value}", "{hour}:00  {value}")
HIGHEST = Text("최대 {value}", "highest {value}")
HOUR_AXIS = Text("시각(시), 14는 14:00~14:59", "hour of day (14 is 14:00 to 14:59)")
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
ASSUMED = Text("시민신고로만 앎(가정)", "known from citizens only (assumed)")
PLACES_ACROSS = 3
MEAN_HOUR = Text("1 = 그곳의 평균 시간", "1 = the mean hour of the place")
BAND_WORDS = {"none": NOBODY_LOOKED, "partial": PARTLY_WATCHED, "unknown": UNKNOWN, "missing": NO_DATA}


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
    channels = in_order(table["channel"])
    figure, panels = _stack(len(channels), each=1.2, extra=0.62)
    top, seen, words = top_of(table["share"]), [], {**BAND_WORDS, "none": nobody_looked}
    for axes, channel in zip(panels, channels, strict=True):
        rows = _by_hour(table[table["channel"] == channel], "hour_clocks")
        states = _watch(rows, "share", "hour_clocks")
        seen += _bands(axes, states, language, words=words, height_points=60)
        axes.bar(range(24), rows["share"].astype(float), width=0.8, color=channel_colour(channel), zorder=2)
        if top_of(rows["share"]) > 0:
            share = rows["share"].astype(float)
            _peak(axes, share, states, _peak_words(share, percent(share.max(), 1), language))
        known = rows["records"][rows["watched"].notna()]
        note = joined(
            n_records(total_of(known), language),
            say((periods or {}).get(channel, ""), language),
            say(UNKNOWN, language) if (states == "unknown").all() else "",
        )
        panel_title(axes, channel_words(channel, language), note)
        value_axis(axes, top if shared_scale else top_of(rows["share"]), room=1.28, most=3, form=percent_ticks)
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
    nobody_looked=NOBODY_LOOKED,
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
    nobody_looked : Text, optional
        Words on the hatched bands.
    """
    needs(table, "records_and_rate", "hour", "records", "rate", "low", "high", "watched")
    if table.empty:
        return no_data(language)
    rows = _by_hour(table, "records_and_rate")
    figure, (above, below) = _stack(2, each=1.45, extra=0.55)
    colour, seen = channel_colour(channel), []

    words = {**BAND_WORDS, "none": nobody_looked}
    states = _watch(rows, "records", "records_and_rate")
    seen += _bands(above, states, language, words=words, height_points=72)
    above.bar(range(24), rows["records"].astype(float), width=0.8, color=colour, zorder=2)
    value_axis(above, top_of(rows["records"]), room=1.22)
    panel_title(
        above,
        say(records_title, language),
        joined(n_records(total_of(table["records"]), language), say(note, language)),
    )
    above.set_ylabel(say(RECORDS, language))

    states = _watch(rows, "rate", "records_and_rate")
    seen += _bands(below, states, language, words=words, height_points=72)
    rate, low, high = (rows[name].astype(float) for name in ("rate", "low", "high"))
    below.vlines(range(24), low, high, color=colour, linewidth=3.2, alpha=0.3, zorder=2)
    below.plot(range(24), rate, color=colour, linewidth=1, zorder=3)  # breaks where the rate is missing
    below.plot(range(24), rate, "o", color=colour, markersize=3.6, zorder=4)
    value_axis(below, top_of(rate, high), room=1.22)
    panel_title(
        below,
        say(rate_title, language),
        say(Text("옅은 띠: {what}", "pale bar: {what}").format(what=interval), language) if low.notna().any() else "",
    )
    below.set_ylabel(say(rate_unit, language))

    for axes, values, decimals in ((above, rows["records"], 0), (below, rate, 2)):
        if top_of(values) > 0:
            values = values.astype(float)
            said, hour = _peak_words(values, number(values.max(), decimals), language), int(values.idxmax())
            at = values if axes is above else rate.where(high.isna(), high)
            _peak(axes, at, states, said, hour=hour)
    _hour_axis(above, language, label=False)
    _hour_axis(below, language)
    _band_key(figure, seen, language, words)
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
    lines = lines.reindex(range(24))[[say(group, language) for group in in_order(table["group"])]]
    states = lines.isna().all(axis=1).map({True: "none", False: "full"})
    seen = _bands(axes, states, language, height_points=110)
    handles = []
    for (name, rate), colour, mark in zip(lines.items(), (NAVY, ORANGE, LIGHT, EDGE), "osD^", strict=False):
        (line,) = axes.plot(range(24), rate, color=colour, marker=mark, markersize=3.8, linewidth=1.2, zorder=3)
        handles.append((line, name))
    value_axis(axes, top_of(*(rate for _, rate in lines.items())), room=1.1)
    axes.set_ylabel(say(unit, language))
    _hour_axis(axes, language)
    key(figure, handles + [(BANDS[kind], say(BAND_WORDS[kind], language)) for kind in seen])
    return figure


@drawn
def two_clocks(table, *, language, titles, interval=INTERVAL):
    """The course of the day as it is estimated, above the raw records of each hour; hours that rest on an assumption are hatched.

    Parameters
    ----------
    table : pd.DataFrame
        Rows are hours: `hour` (0-23), `share` (of the events of all hours, 0-1; missing: nobody looked), `low`, `high`,
        `linked` (False: the share rests on an assumption), `raw_share` (of all records).
    titles : pair of Text
        Of the estimate and of the raw records.
    interval : Text, optional
        What `low` and `high` are.
    """
    needs(table, "two_clocks", "hour", "share", "low", "high", "linked", "raw_share")
    if table.empty:
        return no_data(language)
    rows = _by_hour(table, "two_clocks")
    figure, panels = _stack(2, each=1.4, extra=0.6)
    linked = rows["linked"].fillna(False).astype(bool)
    states = pd.Series("full", rows.index).mask(~linked, "none")
    words = {**BAND_WORDS, "none": ASSUMED}
    share, raw, low, high = (rows[name].astype(float) for name in ("share", "raw_share", "low", "high"))
    above, below = panels
    seen = _bands(above, states, language, words=words, height_points=70, label=False)
    above.vlines(range(24), low, high, color=ORANGE, linewidth=3.2, alpha=0.35, zorder=2)
    above.plot(range(24), share, color=ORANGE, linewidth=1, zorder=3)
    above.plot(range(24), share.where(linked), "o", color=ORANGE, markersize=3.6, zorder=4)
    above.plot(range(24), share.where(~linked), "o", color=ORANGE, markerfacecolor="white", markersize=3.6, zorder=4)
    below.bar(range(24), raw, width=0.8, color=NAVY, zorder=2)
    top = top_of(share, raw, high)
    for axes, values, title, note in (
        (above, share.where(linked), titles[0], Text("옅은 띠: {what}", "pale bar: {what}").format(what=interval)),
        (below, raw, titles[1], Text("", "")),
    ):
        value_axis(axes, top, room=1.25, most=3, form=percent_ticks)
        panel_title(axes, say(title, language), say(note, language))
        if top_of(values) > 0:
            hour = int(values.idxmax())
            at = high.where(high.notna(), share) if axes is above else raw
            _peak(axes, at, states, _peak_words(values, percent(values.max(), 1), language), hour=hour)
    _hour_axis(above, language, label=False)
    _hour_axis(below, language)
    figure.supylabel(say(Text("하루 중 비율", "share of the day"), language), fontsize=7.5, color=SOFT)
    _band_key(figure, seen, language, words)
    return figure


@drawn
def clocks_of_places(table, *, language, interval=INTERVAL):
    """The course of the day at each of several places, in small panels of one scale.

    Parameters
    ----------
    table : pd.DataFrame
        Rows are a place and an hour: `place` (str or Text, the title of its panel), `hour` (0-23), `rate` with `low`, `high`
        (missing: nobody looked), `linked` (False: the rate rests on an assumption).
    interval : Text, optional
        What `low` and `high` are.
    """
    needs(table, "clocks_of_places", "place", "hour", "rate", "low", "high", "linked")
    if table.empty:
        return no_data(language)
    places = in_order(table["place"])
    down = math.ceil(len(places) / PLACES_ACROSS)
    figure = new_figure(0.55 + 1.02 * down)
    panels = figure.subplots(down, PLACES_ACROSS, squeeze=False, sharex=True, sharey=True).ravel()
    for axes in panels[len(places) :]:
        axes.set_axis_off()
    top, seen = top_of(table["rate"], table["high"].where(table["linked"])), []
    for axes, place in zip(panels, places, strict=False):
        rows = _by_hour(table[table["place"] == place], "clocks_of_places")
        states = pd.Series("full", rows.index).mask(~rows["linked"].fillna(False).astype(bool), "none")
        seen += _bands(axes, states, language, height_points=40, label=False)
        rate, low, high = (rows[name].astype(float) for name in ("rate", "low", "high"))
        axes.axhline(1, color=EDGE, linewidth=0.6, zorder=1)
        axes.vlines(range(24), low, high, color=ORANGE, linewidth=2.2, alpha=0.35, zorder=2)
        axes.plot(range(24), rate, color=ORANGE, linewidth=1.1, zorder=3)
        value_axis(axes, top, room=1.05, most=3)
        axes.set(xlim=(-0.6, 23.6), xticks=range(0, 24, 6))
        name = wrapped(say(place, language), 6.54 * 72 / PLACES_ACROSS - 34, 7, weight="semibold").split("\n")
        axes.set_title(name[0] if len(name) == 1 else f"{name[0]}…", fontsize=7)
    for axes in panels[max(0, len(places) - PLACES_ACROSS) : len(places)]:
        axes.tick_params(labelbottom=True)
    panels[min(len(places) - 1, PLACES_ACROSS * (down - 1) + PLACES_ACROSS // 2)].set_xlabel(say(HOUR_AXIS, language))
    words = {**BAND_WORDS, "none": ASSUMED}
    bars = ({"facecolor": ORANGE, "alpha": 0.35}, say(interval, language))
    line = (Line2D([], [], color=EDGE, linewidth=0.8), say(MEAN_HOUR, language))
    key(figure, [bars, line, *((BANDS[kind], say(words[kind], language)) for kind in BANDS if kind in seen)])
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
    channels = in_order(table["channel"])
    figure, panels = _stack(len(channels), each=1.05, extra=0.6)
    seen = []
    for axes, channel in zip(panels, channels, strict=True):
        rows = _by_hour(table[table["channel"] == channel], "exposure_by_hour")
        hours = rows["hours"].astype(float)
        states = pd.Series("full", index=hours.index).mask(hours == 0, "none").mask(hours.isna(), "missing")
        seen += _bands(axes, states, language, height_points=48)
        axes.bar(range(24), hours, width=0.8, color=channel_colour(channel), zorder=2)
        if top_of(hours) > 0:
            said = _peak_words(hours, number(hours.max(), 0 if hours.max() >= 100 else 1), language)
            _peak(axes, hours, states, said)
        value_axis(axes, top_of(hours), room=1.3, most=3)
        axes.set_ylabel(say(units.get(channel, Text("시간", "hours")), language))
        panel_title(axes, channel_words(channel, language), say((notes or {}).get(channel, ""), language))
        _hour_axis(axes, language, label=axes is panels[-1])
    figure.align_ylabels(panels)
    _band_key(figure, seen, language)
    return figure


@drawn
def heat(table, *, language, value_label=RECORDS, decimals=0, notes=None, row_names=WEEKDAYS):
    """Weekday (or another row) by hour, one panel a channel, darker for more; what is missing is hatched.

    Parameters
    ----------
    table : pd.DataFrame
        Rows are a channel, weekday and hour: `channel`, `weekday` (0 = Monday), `hour` (0-23), `value` (count or
        rate; missing = nobody looked or no data, drawn as a hole). Each panel has its own scale, printed beside it.
    value_label : Text, optional
        What `value` is, with its unit.
    decimals : int, optional
        Digits after the point. Values stand in the cells where they fit.
    row_names : sequence of Text, optional
        What the numbers of `weekday` stand for.
    """
    needs(table, "heat", "channel", "weekday", "hour", "value")
    if table.empty:
        return no_data(language)
    channels = in_order(table["channel"])
    figure, panels = _stack(len(channels), each=0.33 + 0.15 * len(row_names), extra=0.55)
    holes = False
    for axes, channel in zip(panels, channels, strict=True):
        rows = table[table["channel"] == channel].set_index(["weekday", "hour"])["value"].astype(float)
        if rows.index.duplicated().any():
            raise ValueError("heat: a weekday and hour appears twice in a channel")
        top, values = top_of(rows), rows.to_dict()
        cells = {(hour, day): values.get((day, hour), math.nan) for day in range(len(row_names)) for hour in range(24)}
        labels = {at: number(value, decimals) for at, value in cells.items()}
        thousands = decimals == 0 and max(text_width(label, 6) for label in labels.values()) > 15.5
        if thousands:
            labels = {at: short_number(value, thousands) for at, value in cells.items() if not pd.isna(value)}
        fits = all(text_width(label, 6) <= 15.5 for label in labels.values())
        holes |= tiles(axes, cells, top, labels if fits else {})
        axes.set(xlim=(-0.5, 23.5), ylim=(len(row_names) - 0.5, -0.5), yticks=range(len(row_names)))
        axes.set_yticklabels([say(name, language) for name in row_names])
        axes.set_xticks(range(24), [str(hour) for hour in range(24)] if axes is panels[-1] else [])
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        note = say(IN_THOUSANDS, language) if thousands and fits else ""
        panel_title(axes, channel_words(channel, language), joined(say((notes or {}).get(channel, ""), language), note))
        scale(axes, top, decimals, say(value_label, language))
    panels[-1].set_xlabel(say(HOUR_AXIS, language))
    if holes:
        key(figure, [(BANDS["none"], f"{say(NOBODY_LOOKED, language)} / {say(NO_DATA, language)}")])
    return figure


def scale(axes, top, decimals, label):
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


# ---------------------------------------------------------------------------------------------- the clock and its bands


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


def _stack(count, *, each, extra):
    figure = new_figure(extra + each * count)
    return figure, figure.subplots(count, 1, sharex=True, squeeze=False)[:, 0]


def _hour_axis(axes, language, *, label=True):
    axes.set(xlim=(-0.6, 23.6), xticks=range(24))
    axes.set_xticklabels([str(hour) for hour in range(24)] if label else [])
    if label:
        axes.set_xlabel(say(HOUR_AXIS, language))
    else:
        axes.tick_params(axis="x", length=0)


def _bands(axes, states, language, *, words=BAND_WORDS, height_points, hour_points=16.5, label=True):
    """Shade the hours that were not watched in full, and say why in the stretches that nobody watched."""
    kinds = [kind for kind in BANDS if (states == kind).any()]
    if (states == "unknown").all():
        kinds.remove("unknown")  # said in the panel's title: a band over everything would mark nothing
    for kind in kinds:
        for first, past in stretches(states, kind):
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
        bbox=white_box(0.8),
        zorder=4,
    )


def _band_key(figure, kinds, language, words=BAND_WORDS):
    key(figure, [(BANDS[kind], say(words[kind], language)) for kind in BANDS if kind in kinds])


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


def _peak_words(values, shown, language):
    """The hour of the highest value with the value, or the value alone where several hours share it."""
    template = PEAK if (values == values.max()).sum() == 1 else HIGHEST
    return say(template, language).format(hour=int(values.idxmax()), value=shown)
