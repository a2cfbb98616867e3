"""Tables of the hot-spot case: counts of records by place and hour, and what was watched behind them."""

import numpy as np
import pandas as pd

from dansok.cases.parking_hotspots.labels import WHOLE_CITY
from dansok.choices import NOBODY, span
from dansok.models import rates
from dansok.periods import shift
from dansok.tables import CHANNELS
from dansok.words import Text

FEW = 0.5  # share of the busiest hour's watch below which an hour counts as partly watched
ENOUGH = 30  # records below which a ratio is not spoken of
HEADLINES = 4  # boxes in one row of the page
TOP_CELLS = 20


def within(table, months):
    return table[table.month.isin(months)]


def days_within(table, months):
    return table[pd.to_datetime(table.day).dt.strftime("%Y-%m").isin(months)]


def headlines(totals, hours, ledger):
    """Headline numbers: label, value, unit and a remark (Text or None)."""
    placed, watched = ledger.records.iloc[-1] / ledger.records.iloc[0], hours.watched_hours.sum()
    rows = [
        (
            CHANNELS[row.channel],
            f"{row.records:,}",
            Text("건", "records"),
            _months(row.months),
        )
        for row in totals.itertuples()
    ]
    if watched:
        words = Text("CCTV 단속 시간(추정)", "Camera-hours (estimate)")
        rows.append(
            (words, f"{watched:,.0f}", Text("시간", "hours"), Text("시간표와 기록에서", "from timetable and records"))
        )
    rows.append((Text("위치를 아는 기록", "Records with a known place"), f"{placed:.1%}", None, None))
    return rows[:HEADLINES]


def _months(count):
    return Text(f"{count}개월", "1 month" if count == 1 else f"{count} months")


def channel_totals(inputs, months):
    """Records a channel: `channel`, `records`, `months` with records."""
    days = days_within(inputs.by_day, months)
    month = pd.to_datetime(days.day).dt.strftime("%Y-%m")
    table = (
        days.groupby("channel")
        .agg(records=("records", "sum"))
        .join(month.groupby(days.channel).nunique().rename("months"))
    )
    return table.reindex([channel for channel in CHANNELS if channel in table.index]).reset_index()


def areas_ranked(inputs, months):
    """Records of each 읍면동 by channel, and what fixed cameras recorded per 1,000 camera-hours.

    Returns
    -------
    pd.DataFrame, one row a 읍면동 with any record, most fixed-camera records first
        `area_name`, a column of records a channel (0 where none), `records`, `share` of all records, `cameras`,
        `camera_hours`, `per_1000_hours`, `low`, `high` (95%, widened for over-dispersion; missing without cameras).
    """
    days = days_within(inputs.by_day, months)
    counts = days.pivot_table(index="area_name", columns="channel", values="records", aggfunc="sum", fill_value=0)
    counts = counts.reindex(columns=list(CHANNELS), fill_value=0)
    hours = within(inputs.camera_hours, months)
    hours = hours[hours.channel == "fixed_camera"].groupby("area_name")
    table = counts.assign(
        records=counts.sum(axis=1),
        share=counts.sum(axis=1) / counts.to_numpy().sum(),
        cameras=hours.unit.nunique(),
        camera_hours=hours.watched_hours.sum(),
    )
    per_hour = rates.rate_per_exposure(
        table.fixed_camera, table.camera_hours.fillna(0), dispersion=weekly_spread(inputs, months, "fixed_camera")
    )
    table[["per_1000_hours", "low", "high"]] = per_hour[["rate", "low", "high"]].to_numpy() * 1000
    return table.sort_values(["fixed_camera", "records"], ascending=False).reset_index()


def weekly_spread(inputs, months, channel):
    """How much more weekly counts of a channel vary than chance alone would let them, over its 읍면동."""
    days = days_within(inputs.by_day[inputs.by_day.channel == channel], months)
    week = pd.to_datetime(days.day).dt.to_period("W").astype(str)
    weekly = days.assign(week=week).pivot_table(
        index="area_name", columns="week", values="records", aggfunc="sum", fill_value=0
    )
    return rates.dispersion(weekly.iloc[:, 1:-1])  # the first and last week may be cut short


def monthly(inputs, months):
    days = inputs.by_day.assign(month=pd.to_datetime(inputs.by_day.day).dt.strftime("%Y-%m"))
    counts = within(days, months).groupby(["channel", "month"], as_index=False).records.sum()
    grid = pd.MultiIndex.from_product([counts.channel.unique(), months], names=["channel", "month"])
    return counts.set_index(["channel", "month"]).reindex(grid).reset_index()


def _own_months(table, channel, months):
    """The months of the period in which the channel has records; else its own latest ones, and whether they lie outside."""
    seen = sorted(table[table.channel == channel].month.unique())
    inside = [month for month in months if month in seen]
    return (inside, False) if inside else (seen[-len(months) :], True)


def hour_clocks(inputs, months):
    """Records by hour of day and channel, with who was watching.

    Returns
    -------
    pd.DataFrame, one row a channel and hour, 24 hours a channel
        `channel`, `hour`, `records`, `share` of the channel, `watched_hours` (missing where the channel's effort is
        unknown), `watched`: "none", "partial", "full" or "unknown", `period` (Text), `outside`: the channel has no
        records in the period and its own latest months are shown.
    """
    clocks = []
    for channel in CHANNELS:
        own, outside = _own_months(inputs.by_hour, channel, months)
        if not own:
            continue
        counts = within(inputs.by_hour[inputs.by_hour.channel == channel], own)
        effort = within(inputs.camera_hours[inputs.camera_hours.channel == channel], own)
        clock = pd.DataFrame({"channel": channel, "hour": range(24)})
        clock["records"] = counts.groupby("hour").records.sum().reindex(range(24), fill_value=0).to_numpy()
        clock["share"] = clock.records / clock.records.sum()
        if effort.empty:
            clock["watched_hours"], clock["watched"] = float("nan"), "unknown"
        else:
            watched = effort.groupby("hour").watched_hours.sum().reindex(range(24), fill_value=0)
            clock["watched_hours"] = watched.to_numpy()
            clock["watched"] = _watched(clock.watched_hours)
        clock["period"], clock["outside"] = span(own), outside
        clocks.append(clock)
    columns = ["channel", "hour", "records", "share", "watched_hours", "watched", "period", "outside"]
    return pd.concat(clocks, ignore_index=True) if clocks else pd.DataFrame(columns=columns)


def _by_unit_and_hour(inputs, months):
    """Fixed cameras: records and watched hours by camera, month and hour of day, and whether it goes on through the
    grace: in most of its months."""
    by = ["unit", "month", "hour"]
    effort = within(inputs.camera_hours[inputs.camera_hours.channel == "fixed_camera"], months)
    # On days without a grace every camera watches at that hour: only hours in a grace tell who goes on through it.
    in_grace = effort.watched_hours.where(effort.in_grace, 0).groupby([effort.unit, effort.month]).sum()
    goes_on = (in_grace > 0).groupby("unit").mean() > 0.5
    watched = effort.groupby(by).watched_hours.sum()
    records = within(inputs.camera_records, months).groupby(by).records.sum()
    table = pd.concat([watched, records], axis=1).fillna({"records": 0})
    table = table[table.watched_hours > 0].reset_index()
    return table.assign(exempt=table.unit.map(goes_on))


def camera_rates(inputs, months):
    """Fixed cameras by hour of day: raw records beside records per camera-hour.

    Returns
    -------
    pd.DataFrame, shape (24, 6)
        `hour`, `records`, `watched_hours`, `watched` as in `hour_clocks`, `rate` per camera-hour with `low`, `high`;
        missing where no camera watched.
    """
    table = _by_unit_and_hour(inputs, months)
    by_hour = table.groupby("hour")[["records", "watched_hours"]].sum().reindex(range(24), fill_value=0)
    recorded = within(inputs.camera_records, months).groupby("hour").records.sum()
    per_hour = rates.rate_per_exposure(
        by_hour.records, by_hour.watched_hours, dispersion=weekly_spread(inputs, months, "fixed_camera")
    )
    by_hour["records"] = recorded.reindex(range(24), fill_value=0)
    by_hour["watched"] = _watched(by_hour.watched_hours)
    return by_hour.join(per_hour).reset_index()


def _watched(hours):
    """ "full", "partial" or "none" for each hour of the day, by its watch against that of the busiest hour."""
    part = hours / hours.max()
    return pd.Series("full", hours.index).mask(part < FEW, "partial").mask(~(part >= NOBODY), "none")


def through_the_grace(inputs, months):
    """Records per camera-hour by hour of day: cameras that stop for the lunch grace, and cameras that go on.

    Returns
    -------
    pd.DataFrame, one row a group and hour watched
        `exempt`, `hour`, `cameras`, `records`, `watched_hours`, `rate`. No rows where the city has no grace.
    """
    if not inputs.grace_hours:
        months = []
    table = _by_unit_and_hour(inputs, months)
    # The few months in which a camera that mostly stops went on are no picture of the group at lunch.
    table = table[table.exempt.astype(bool) | ~table.hour.isin(inputs.grace_hours)]
    grouped = table.groupby(["exempt", "hour"], as_index=False).agg(
        cameras=("unit", "nunique"), records=("records", "sum"), watched_hours=("watched_hours", "sum")
    )
    return grouped.assign(rate=grouped.records / grouped.watched_hours)


def grace_ratios(inputs, months, peak, draws=500):
    """Fixed cameras: how the hour after the grace, and the grace itself, compare with other hours of the same cameras.

    Parameters
    ----------
    inputs : Inputs
    months : list of str
    peak : int
        Hour of the day after the grace.
    draws : int
        Bootstrap draws of whole cameras.

    Returns
    -------
    dict of str -> (ratio, low, high)
        `stop` and `go_on`: the peak hour against the two hours after it, for cameras that stop for the grace and those
        that go on; `grace`: the grace against 10 to 18 h without it, for those that go on. 95% percentile interval over
        cameras (Efron and Tibshirani 1993); empty if either group has too few records.
    """
    table = _by_unit_and_hour(inputs, months if inputs.grace_hours else [])
    groups = {going: rows for going, rows in table.groupby("exempt")}
    if len(groups) < 2 or min(rows.records.sum() for rows in groups.values()) < ENOUGH:
        return {}
    daytime = [hour for hour in range(10, 18) if hour not in inputs.grace_hours]
    wanted = {
        "stop": (groups[False], [peak], [peak + 1, peak + 2]),
        "go_on": (groups[True], [peak], [peak + 1, peak + 2]),
        "grace": (groups[True], inputs.grace_hours, daytime),
    }
    found = {name: _camera_ratio(rows, of, against, draws) for name, (rows, of, against) in wanted.items()}
    return found if all(np.isfinite(value).all() for value in found.values()) else {}


def _camera_ratio(rows, of, against, draws):
    sums = [
        rows[rows.hour.isin(hours)]
        .groupby("unit")[["records", "watched_hours"]]
        .sum()
        .reindex(rows.unit.unique(), fill_value=0)
        for hours in (of, against)
    ]
    a, b = (part.to_numpy(float) for part in sums)

    def ratio(pick):
        (events_a, hours_a), (events_b, hours_b) = a[pick].sum(axis=0), b[pick].sum(axis=0)
        return (events_a / hours_a) / (events_b / hours_b) if hours_a and hours_b and events_b else np.nan

    random = np.random.default_rng(0)
    drawn = [ratio(random.integers(0, len(a), len(a))) for _draw in range(draws)]
    return (ratio(np.arange(len(a))), *np.nanpercentile(drawn, [2.5, 97.5])) if len(a) > 1 else (np.nan,) * 3


def weekday_hours(inputs, months, clocks):
    """Records by channel, weekday (0 is Monday) and hour: `value`; missing where nobody of the channel watched."""
    parts, unwatched = [], clocks[clocks.watched == "none"].groupby("channel").hour.agg(set)
    watch = inputs.weekdays_watched
    for channel in CHANNELS:
        own, _outside = _own_months(inputs.by_hour, channel, months)
        counts = within(inputs.by_hour[inputs.by_hour.channel == channel], own)
        if len(counts):
            grid = pd.MultiIndex.from_product([range(7), range(24)], names=["weekday", "hour"])
            table = counts.groupby(["weekday", "hour"]).records.sum().reindex(grid).rename("value").reset_index()
            dark = table.hour.isin(unwatched.get(channel, set()))
            hours = within(watch[watch.channel == channel], own).groupby(["weekday", "hour"]).watched_hours.sum()
            if len(hours):
                dark |= (hours.reindex(grid, fill_value=0) == 0).to_numpy()
            table["value"] = table.value.fillna(0).mask(table.value.isna() & dark)
            parts.append(table.assign(channel=channel))
    columns = ["channel", "weekday", "hour", "value"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def cell_counts(inputs, months):
    """Records a grid cell and channel, those with a known place only."""
    placed = within(inputs.by_place, months).dropna(subset=["cell_x", "cell_y"])
    cells = placed.groupby(["channel", "cell_x", "cell_y"], as_index=False).records.sum()
    return cells.astype({"cell_x": int, "cell_y": int})


def densest_windows(cells, cell_metres, side=3000, how_many=2):
    """The square windows with the most records, apart from each other, for enlarging on a map.

    Parameters
    ----------
    cells : pd.DataFrame
        `cell_x`, `cell_y`, `records`.
    cell_metres, side : int
        Side of a cell and of a window, metres.

    Returns
    -------
    tuple of (west, south, east, north)
        Metres, EPSG:5179; fewer than `how_many` if there are no further records.
    """
    left, windows, half = cells.groupby(["cell_x", "cell_y"]).records.sum().reset_index(), [], side / 2
    left = left.assign(x=(left.cell_x + 0.5) * cell_metres, y=(left.cell_y + 0.5) * cell_metres)
    while len(left) and len(windows) < how_many:
        step = side / 3
        block = pd.DataFrame({"x": left.x // step, "y": left.y // step, "records": left.records})
        sums = block.groupby(["x", "y"]).records.sum()
        around = sums * 0
        for east in (-1, 0, 1):
            for north in (-1, 0, 1):
                moved = sums.copy()
                moved.index = pd.MultiIndex.from_tuples([(x + east, y + north) for x, y in sums.index])
                around = around.add(moved.reindex(around.index, fill_value=0))
        x, y = ((place + 0.5) * step for place in around.idxmax())
        windows.append((x - half, y - half, x + half, y + half))
        left = left[((left.x - x).abs() > side) | ((left.y - y).abs() > side)]
    return tuple(windows)


def top_places(inputs, months, how_many):
    """The places with the most records, by name, whether or not they could be put on the map.

    Returns
    -------
    pd.DataFrame, at most `how_many` rows
        `rank`, `place_name`, `area_name`, `records` with `low`, `high` (95%, widened for over-dispersion of the months),
        records a channel, `now` and `before`: those of the channel's months that can be compared with a year before,
        and of the same months then (missing where there was none), `x`, `y` (EPSG:5179; missing where the place is a
        camera or address that no list knows).
    """
    by, places = ["area_name", "place"], inputs.by_place.dropna(subset=["place"]).fillna({"area_name": ""})
    named = within(places, months)
    counts = named.groupby([*by, "channel"]).records.sum().unstack("channel", fill_value=0)
    counts = counts.reindex(columns=list(CHANNELS), fill_value=0)
    table = counts.assign(records=counts.sum(axis=1)).nlargest(how_many, "records", keep="first")
    by_month = named.groupby([*by, "month"]).records.sum().unstack("month", fill_value=0).reindex(table.index)
    interval = rates.count_interval(table.records, dispersion=rates.dispersion(by_month))
    now, before = _like_months(places, months)
    now, before = (part.groupby(by).records.sum().rename(name) for part, name in ((now, "now"), (before, "before")))
    said = named.groupby(by)[["place_name", "x", "y"]].first()
    table = table.join(interval[["low", "high"]]).join(said).join(now).join(before)
    table = table.reset_index().sort_values(["records", "place"], ascending=[False, True])
    return table.assign(rank=range(1, len(table) + 1), area_name=table.area_name.mask(table.area_name == ""))


def _like_months(table, months):
    """The rows of the period whose channel has records in the same month a year before too, and the rows of then."""
    seen = table[["channel", "month"]].drop_duplicates()
    now = seen[seen.month.isin(months)]
    then = now.assign(month=now.month.map(lambda month: shift(month, -12))).merge(seen)
    now = then.assign(month=then.month.map(lambda month: shift(month, 12)))
    return table.merge(now), table.merge(then)


def change_by_area(inputs, months):
    """Records against the same months a year before, for the months that have both.

    Returns
    -------
    table : pd.DataFrame, one row a channel and 읍면동, and one a channel for all (`area_name` missing)
        `channel`, `area_name`, `name` (for a reader), `now`, `before`, `hours_now`, `hours_before` (camera-hours, missing
        where not known), `ratio` per camera-hour where they are known, else of the records (missing under 30 records in
        either year), `low`, `high` (95%, from how much the months differ; missing with fewer than three), `least`,
        `most`: the ratios of single months.
    before : list of str
        The months compared with; empty if no month has one.
    """
    day_months = inputs.by_day.assign(month=pd.to_datetime(inputs.by_day.day).dt.strftime("%Y-%m"))
    rows, compared = [], set()
    for channel in CHANNELS:
        counts = day_months[day_months.channel == channel]
        seen = set(counts.month)
        now_months = [month for month in months if month in seen and shift(month, -12) in seen]
        if not now_months:
            continue
        then_months = [shift(month, -12) for month in now_months]
        compared.update(then_months)
        effort = inputs.camera_hours[inputs.camera_hours.channel == channel]
        for area in [None, *sorted(counts.area_name.dropna().unique())]:
            mine, its_effort = (t if area is None else t[t.area_name == area] for t in (counts, effort))
            rows.append((channel, area, area or WHOLE_CITY, *_against_a_year_before(mine, its_effort, now_months)))
    columns = ["channel", "area_name", "name", "now", "before", "hours_now", "hours_before", "ratio", "low", "high"]
    return pd.DataFrame(rows, columns=[*columns, "least", "most"]), sorted(compared)


def _against_a_year_before(counts, effort, now_months):
    """Counts, camera-hours, ratio with its interval, and the least and most ratio of a single month."""
    events, watched = counts.groupby("month").records.sum(), effort.groupby("month").watched_hours.sum()
    then_months = [shift(month, -12) for month in now_months]
    now, then = (
        pd.DataFrame({"events": events.reindex(which, fill_value=0), "exposure": watched.reindex(which, fill_value=0)})
        for which in (now_months, then_months)
    )
    known = counts.channel.eq("fixed_camera").all() and now.exposure.sum() > 0 and then.exposure.sum() > 0
    hours = (now.exposure.sum(), then.exposure.sum()) if known else (float("nan"),) * 2
    if not known:
        now["exposure"] = then["exposure"] = 1.0
    sums = int(now.events.sum()), int(then.events.sum())
    if min(sums) < ENOUGH:
        return *sums, *hours, *(float("nan"),) * 5
    known = (now.events > 0).to_numpy() & (then.events > 0).to_numpy()
    single = [(part.events / part.exposure).to_numpy()[known] for part in (now, then)]
    single = single[0] / single[1]
    return *sums, *hours, *rates.ratio_over_periods(now, then), single.min(), single.max()


def ledger_of(inputs, months):
    """Records of the period and where they got lost: `step` (Text), `records`."""
    days = days_within(inputs.by_day, months).records.sum()
    timed = within(inputs.by_hour, months).records.sum()
    unplaced = within(inputs.unplaced, months).records.sum()
    steps = [
        (Text("기간 안의 기록", "records in the period"), days),
        (Text("시각을 알 수 있는 기록", "with a known hour"), timed),
        (Text("위치를 알 수 있는 기록", "with a known place"), days - unplaced),
    ]
    return pd.DataFrame(steps, columns=["step", "records"])
