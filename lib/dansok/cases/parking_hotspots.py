"""Where and when illegal parking is recorded, and what each channel could see of it."""

from dataclasses import dataclass

import geopandas as gpd
import ibis
import pandas as pd
from ibis import _

from dansok import choices as chosen
from dansok.choices import arrivals_told, span
from dansok.clean import read_table
from dansok.engine import connect
from dansok.findings import Finding
from dansok.korea.particles import with_particle
from dansok.korea.rules import policy_events
from dansok.link import scan_linked
from dansok.models import rates
from dansok.periods import shift
from dansok.space import read_areas
from dansok.tables import CHANNELS
from dansok.words import Refusal, Text

USED = ("tickets", "cameras", "addresses", "areas")
HOUR_KNOWN = ("second", "minute", "hour")
NOBODY, FEW = 0.02, 0.5  # share of the busiest hour's watch below which an hour counts as unwatched, or partly watched
AFTER_GRACE_MINUTES = 20
TOP_CELLS = 20
ENOUGH = 30  # records below which a ratio is not spoken of
HEADLINES = 4  # boxes in one row of the page
WHOLE_CITY = Text("전체", "All")
UNDER_THE_CHART = (
    "places",
    "concentration",
    "months",
    "week",
    "clock",
    "patrol_clock",
)  # said beside their chart, not in the summary
WEEKDAYS = tuple(
    Text(ko, en)
    for ko, en in zip(
        "월화수목금토일", ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"), strict=True
    )
)
NOTHING = Text("해당하는 기록이 없다.", "There are no such records.")
SOURCE = Text("단속 시스템 내보내기, 워크북 계산", "exports of the enforcement system, own calculation")
INTERVAL = Text(
    "하한과 상한은 95% 구간(주별 오르내림으로 넓힘)", "low and high: 95% interval, widened for how much weeks differ"
)
NO_YEAR_BEFORE = Text(
    "1년 전 같은 달의 자료가 없어 견줄 수 없다.",
    "There are no records of the same months a year before to compare with.",
)

AREA_COLUMNS = {
    "area_name": Text("읍면동", "Area"),
    **CHANNELS,
    "records": Text("계", "All"),
    "cameras": Text("카메라(대)", "Cameras"),
    "camera_hours": Text("카메라 시간", "Camera-hours"),
    "per_1000_hours": Text("천 시간당", "Per 1,000 h"),
    "low": Text("하한", "Low"),
    "high": Text("상한", "High"),
}
PLACE_COLUMNS = {
    "rank": Text("순위", "Rank"),
    "place_name": Text("장소", "Place"),
    "area_name": Text("읍면동", "Area"),
    "records": Text("건수", "Records"),
    "low": Text("하한", "Low"),
    "high": Text("상한", "High"),
    "now": Text("비교 달, 이번", "Like months, now"),
    "before": Text("비교 달, 1년 전", "a year before"),
}
HOUR_COLUMNS = {
    "hour": Text("시", "Hour"),
    "records": Text("건수", "Records"),
    "watched_hours": Text("카메라 시간", "Camera-hours"),
    "rate": Text("시간당 기록", "Per camera-hour"),
    "low": Text("하한", "Low"),
    "high": Text("상한", "High"),
}
CHANGE_COLUMNS = {
    "channel": Text("구분", "Channel"),
    "name": Text("읍면동", "Area"),
    "now": Text("이번", "Now"),
    "before": Text("1년 전", "A year before"),
    "ratio": Text("비율", "Ratio"),
    "low": Text("하한", "Low"),
    "high": Text("상한", "High"),
}
LEDGER_COLUMNS = {"step": Text("단계", "Step"), "records": Text("건수", "Records")}


@dataclass(frozen=True)
class Choices(chosen.Choices):
    """`area`: one 읍면동 only, empty for the whole city. `top_places`: rows of the list of places."""

    area: str
    top_places: int

    def __post_init__(self):
        super().__post_init__()
        names = sorted(read_table(self.opened, "areas").area_name)
        if self.area and self.area not in names:
            raise Refusal(
                f"area = '{self.area}': {self.opened.name.ko}에 없는 읍면동입니다. 있는 이름: {', '.join(names)}.",
                f"area = '{self.area}' is no 읍면동 of {self.opened.name.en}. Names: {', '.join(names)}.",
            )
        if not 1 <= self.top_places <= 50:
            raise Refusal(
                f"top_places = {self.top_places}: 1에서 50 사이로 적으세요.",
                f"top_places = {self.top_places}: write 1 to 50.",
            )


@dataclass(frozen=True)
class Inputs:
    """Counts of the linked records, over all months; small tables whatever the size of the city."""

    by_day: pd.DataFrame  # channel, area_name, day, records
    by_hour: pd.DataFrame  # channel, month, weekday, hour, records
    by_place: pd.DataFrame  # channel, month, area_name, place_name, unit, x, y, cell_x, cell_y, records
    camera_hours: pd.DataFrame  # channel, unit, area_name, month, hour, watched_hours
    camera_records: pd.DataFrame  # unit, month, hour, records
    after_grace: pd.DataFrame  # month, minute (after midnight), records of fixed cameras
    unplaced: pd.DataFrame  # month, channel, why_unplaced, records
    areas: pd.DataFrame
    arrivals: pd.DataFrame  # files of the enforcement records, the cameras and the places


@dataclass(frozen=True)
class Result:
    period: Text
    as_of: str
    before: Text | None
    headlines: list[tuple]
    totals: pd.DataFrame
    by_area: pd.DataFrame
    by_month: pd.DataFrame
    events: pd.DataFrame
    clocks: pd.DataFrame
    hours: pd.DataFrame
    lunch: pd.DataFrame
    week: pd.DataFrame
    cells: pd.DataFrame
    zoom: tuple[tuple[float, float, float, float], ...]
    areas: gpd.GeoDataFrame
    places: pd.DataFrame
    change: pd.DataFrame
    ledger: pd.DataFrame
    findings: dict[str, Finding]
    metrics: dict[str, float]

    @property
    def key_findings(self):
        """The findings of the summary box, in reading order."""
        return [finding for name, finding in self.findings.items() if name not in UNDER_THE_CHART]

    @property
    def area_columns(self):
        """Columns of `by_area` to show: only channels that have records."""
        return {c: text for c, text in AREA_COLUMNS.items() if c not in CHANNELS or self.by_area[c].sum()}

    @property
    def map_cells(self):
        """`value`: records a grid cell, all channels together."""
        return self.cells.groupby(["cell_x", "cell_y"]).records.sum().rename("value").reset_index()

    @property
    def clock_periods(self):
        """What each channel's clock covers."""
        return dict(zip(self.clocks.channel, self.clocks.period, strict=True))

    @property
    def changes(self):
        """The comparable 읍면동 a channel: channel -> rows of `change`."""
        return {channel: rows for channel, rows in self.comparable.groupby("channel", sort=False) if len(rows) > 1}

    @property
    def comparable(self):
        """The rows of `change` that have a ratio."""
        return self.change[self.change.ratio.notna()]

    @property
    def lunch_groups(self):
        """`lunch` for drawing: `group` (Text) with its number of cameras."""
        cameras = self.lunch.groupby("exempt").cameras.max()
        words = {
            going: Text(f"{ko} {cameras[going]}대", f"{cameras[going]} cameras that {en}")
            for going, ko, en in (
                (False, "점심에 쉬는 카메라", "stop for lunch"),
                (True, "점심에도 단속하는 카메라", "go on"),
            )
            if going in cameras
        }
        return self.lunch.assign(group=self.lunch.exempt.map(words))


def load(choices):
    """Count the linked records of the city (and of one 읍면동, if chosen)."""
    city, connection = choices.opened, connect()
    arrivals = arrivals_told(city)
    tickets = scan_linked(city, "placed_tickets", connection)
    exposure = scan_linked(city, "exposure", connection)
    tickets = tickets.filter(~_.time_precision.isin(["year"])).mutate(
        month=_.issued_at.strftime("%Y-%m"),
        day=_.issued_at.date(),
        weekday=_.issued_at.day_of_week.index(),
        hour=_.issued_at.hour().cast("int64"),
        unit=ibis.coalesce(_.camera_id, _.place_as_sent),
    )
    if choices.area:
        tickets = tickets.filter(_.area_name == choices.area)
        exposure = exposure.filter(_.area_name == choices.area)
    timed = tickets.filter(_.time_precision.isin(HOUR_KNOWN))
    cameras = timed.filter(_.channel == "fixed_camera")

    def count(table, *by):
        return table.group_by(*by).agg(records=_.records.sum()).order_by(*by).to_pandas()

    place = ("area_name", "place_name", "x", "y", "cell_x", "cell_y")
    return Inputs(
        by_day=count(tickets, "channel", "area_name", "day"),
        by_hour=count(timed, "channel", "month", "weekday", "hour"),
        by_place=count(tickets.filter(_.how_placed.notnull()), "channel", "month", *place),
        camera_hours=exposure.mutate(month=_.day.strftime("%Y-%m"))
        .group_by("channel", "unit", "area_name", "month", "hour")
        .agg(watched_hours=_.watched_hours.sum())
        .order_by("channel", "unit", "area_name", "month", "hour")
        .to_pandas(),
        camera_records=count(cameras, "unit", "month", "hour"),
        after_grace=count(cameras.mutate(minute=_.hour * 60 + _.issued_at.minute().cast("int64")), "month", "minute"),
        unplaced=count(tickets.filter(_.how_placed.isnull()), "channel", "month", "why_unplaced"),
        areas=read_table(city, "areas"),
        arrivals=arrivals[arrivals.table.isin(USED)],
    )


def analyse(inputs, choices):
    """Rank, map and time the records, say what each channel could see, and compare with a year before.

    Parameters
    ----------
    inputs : Inputs
        As `load` returns.
    choices : Choices

    Returns
    -------
    Result
        Tables for the notebook, findings by name, metrics with their unit in the name.
    """
    months = choices.months
    totals = _totals(inputs, months)
    by_area = areas_ranked(inputs, months)
    clocks = hour_clocks(inputs, months)
    hours = camera_rates(inputs, months)
    lunch = through_the_grace(inputs, months)
    week = _week(inputs, months, clocks)
    cells = _cells(inputs, months)
    places = top_places(inputs, months, choices.top_places)
    change, before = change_by_area(inputs, months)
    ledger = _ledger(inputs, months)
    findings = [
        *_where(by_area),
        *_when(clocks, hours, lunch, inputs, months),
        *_concentration(cells),
        *_changed(change, before),
        *_seen_by_citizens_only(by_area),
        *_places_said(places),
        _months_said(totals),
        _week_said(week),
    ]
    findings = {finding.name: finding for finding in findings}
    days = _days(inputs.by_day, months).day
    return Result(
        period=choices.period,
        as_of=str(days.max())[:10],
        before=span(before) if before else None,
        headlines=_headlines(totals, hours, ledger),
        totals=totals,
        by_area=by_area,
        by_month=_by_month(inputs, months),
        events=policy_events(f"{months[0]}-01", str(days.max())[:10], choices.opened.name.ko),
        clocks=clocks,
        hours=hours,
        lunch=lunch,
        week=week,
        cells=cells,
        zoom=densest_windows(cells, choices.opened.cell_metres),
        areas=read_areas(inputs.areas),
        places=places,
        change=change,
        ledger=ledger,
        findings=findings,
        metrics=_metrics(totals, by_area, clocks, cells, places),
    )


def _in(table, months):
    return table[table.month.isin(months)]


def _days(table, months):
    return table[pd.to_datetime(table.day).dt.strftime("%Y-%m").isin(months)]


def _headlines(totals, hours, ledger):
    """Headline numbers: label, value, unit and a remark (Text or None)."""
    placed, watched = ledger.records.iloc[-1] / ledger.records.iloc[0], hours.watched_hours.sum()
    rows = [
        (
            CHANNELS[row.channel],
            f"{row.records:,}",
            Text("건", "records"),
            Text(f"{row.months}개월", f"{row.months} months"),
        )
        for row in totals.itertuples()
    ]
    if watched:
        words = Text("CCTV가 지켜본 시간", "Watched by cameras")
        rows.append((words, f"{watched:,.0f}", Text("시간", "hours"), Text("카메라 시간 합", "camera-hours")))
    rows.append((Text("위치를 아는 기록", "Records with a known place"), f"{placed:.1%}", None, None))
    return rows[:HEADLINES]


def _totals(inputs, months):
    """Records a channel: `channel`, `records`, `months` with records."""
    days = _days(inputs.by_day, months)
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
    days = _days(inputs.by_day, months)
    counts = days.pivot_table(index="area_name", columns="channel", values="records", aggfunc="sum", fill_value=0)
    counts = counts.reindex(columns=list(CHANNELS), fill_value=0)
    hours = _in(inputs.camera_hours, months)
    hours = hours[hours.channel == "fixed_camera"].groupby("area_name")
    table = counts.assign(
        records=counts.sum(axis=1),
        share=counts.sum(axis=1) / counts.to_numpy().sum(),
        cameras=hours.unit.nunique(),
        camera_hours=hours.watched_hours.sum(),
    )
    per_hour = rates.rate_per_exposure(
        table.fixed_camera, table.camera_hours.fillna(0), dispersion=_spread(inputs, months, "fixed_camera")
    )
    table[["per_1000_hours", "low", "high"]] = per_hour[["rate", "low", "high"]].to_numpy() * 1000
    return table.sort_values(["fixed_camera", "records"], ascending=False).reset_index()


def _spread(inputs, months, channel):
    """How much more weekly counts of a channel vary than chance alone would let them, over its 읍면동."""
    days = _days(inputs.by_day[inputs.by_day.channel == channel], months)
    week = pd.to_datetime(days.day).dt.to_period("W").astype(str)
    weekly = days.assign(week=week).pivot_table(
        index="area_name", columns="week", values="records", aggfunc="sum", fill_value=0
    )
    return rates.dispersion(weekly.iloc[:, 1:-1])  # the first and last week may be cut short


def _by_month(inputs, months):
    days = inputs.by_day.assign(month=pd.to_datetime(inputs.by_day.day).dt.strftime("%Y-%m"))
    counts = _in(days, months).groupby(["channel", "month"], as_index=False).records.sum()
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
        counts = _in(inputs.by_hour[inputs.by_hour.channel == channel], own)
        effort = _in(inputs.camera_hours[inputs.camera_hours.channel == channel], own)
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
    return pd.concat(clocks, ignore_index=True)


def _by_unit_and_hour(inputs, months):
    """Fixed cameras: records and watched hours by camera, month and hour of day, and whether it went on through the
    grace in that month."""
    by = ["unit", "month", "hour"]
    effort = _in(inputs.camera_hours[inputs.camera_hours.channel == "fixed_camera"], months)
    watched = effort.groupby(by).watched_hours.sum()
    records = _in(inputs.camera_records, months).groupby(by).records.sum()
    table = pd.concat([watched, records], axis=1).fillna({"records": 0})
    table = table[table.watched_hours > 0].reset_index()
    at_noon = table.watched_hours.where(table.hour.isin([12, 13]), 0).groupby([table.unit, table.month])
    return table.assign(exempt=at_noon.transform("sum") > 0)


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
    recorded = _in(inputs.camera_records, months).groupby("hour").records.sum()
    per_hour = rates.rate_per_exposure(
        by_hour.records, by_hour.watched_hours, dispersion=_spread(inputs, months, "fixed_camera")
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
        `exempt`, `hour`, `cameras`, `records`, `watched_hours`, `rate`.
    """
    table = _by_unit_and_hour(inputs, months)
    grouped = table.groupby(["exempt", "hour"], as_index=False).agg(
        cameras=("unit", "nunique"), records=("records", "sum"), watched_hours=("watched_hours", "sum")
    )
    return grouped.assign(rate=grouped.records / grouped.watched_hours)


def _week(inputs, months, clocks):
    """Records by channel, weekday (0 is Monday) and hour: `value`; missing in hours that nobody of the channel watched."""
    parts, unwatched = [], clocks[clocks.watched == "none"].groupby("channel").hour.agg(set)
    for channel in CHANNELS:
        own, _outside = _own_months(inputs.by_hour, channel, months)
        counts = _in(inputs.by_hour[inputs.by_hour.channel == channel], own)
        if len(counts):
            grid = pd.MultiIndex.from_product([range(7), range(24)], names=["weekday", "hour"])
            table = counts.groupby(["weekday", "hour"]).records.sum().reindex(grid).rename("value").reset_index()
            table["value"] = table.value.fillna(0).mask(
                table.value.isna() & table.hour.isin(unwatched.get(channel, set()))
            )
            parts.append(table.assign(channel=channel))
    return pd.concat(parts, ignore_index=True)


def _cells(inputs, months):
    """Records a grid cell and channel, placed ones only."""
    placed = _in(inputs.by_place, months)
    return placed.groupby(["channel", "cell_x", "cell_y"], as_index=False).records.sum()


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
    """The places with the most records, by name.

    Returns
    -------
    pd.DataFrame, at most `how_many` rows
        `rank`, `place_name`, `area_name`, `records` with `low`, `high` (95%, widened for over-dispersion),
        records a channel, `now` and `before`: those of the months that can be compared with a year
        before, and of the same months then (missing where there was none), `x`, `y` (EPSG:5179).
    """
    placed = _in(inputs.by_place, months)
    by = ["area_name", "place_name"]
    counts = placed.pivot_table(index=by, columns="channel", values="records", aggfunc="sum", fill_value=0)
    counts = counts.reindex(columns=list(CHANNELS), fill_value=0)
    table = counts.assign(records=counts.sum(axis=1)).nlargest(how_many, "records", keep="first")
    by_month = placed.pivot_table(index=by, columns="month", values="records", aggfunc="sum", fill_value=0)
    spread = rates.dispersion(by_month.loc[table.index])
    interval = rates.count_interval(table.records, dispersion=spread)
    at = placed.groupby(by)[["x", "y"]].first()
    comparable = [month for month in months if shift(month, -12) in set(inputs.by_place.month)]
    earlier = _in(inputs.by_place, [shift(month, -12) for month in comparable]).groupby(by).records.sum()
    now = _in(placed, comparable).groupby(by).records.sum()
    table = table.join(interval[["low", "high"]]).join(at).join(now.rename("now")).join(earlier.rename("before"))
    table = table.reset_index().sort_values(["records", "place_name"], ascending=[False, True])
    return table.assign(rank=range(1, len(table) + 1))


def change_by_area(inputs, months):
    """Records against the same months a year before, for the months that have both.

    Returns
    -------
    table : pd.DataFrame, one row a channel and 읍면동, and one a channel for all (`area_name` missing)
        `channel`, `area_name`, `name` (for a reader), `now`, `before`, `ratio`, `low`, `high` (95%, widened for
        over-dispersion; all three missing under 30 records in either), `basis`: "per_camera_hour" for fixed cameras,
        else "records".
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
        spread = _spread(inputs, now_months + then_months, channel)
        effort = inputs.camera_hours[inputs.camera_hours.channel == channel]
        for area in [None, *sorted(counts.area_name.dropna().unique())]:
            mine, its_effort = (t if area is None else t[t.area_name == area] for t in (counts, effort))
            now, then = (_in(mine, which).records.sum() for which in (now_months, then_months))
            watched = [_in(its_effort, which).watched_hours.sum() for which in (now_months, then_months)]
            known = channel == "fixed_camera" and min(watched) > 0
            hours_now, hours_then = watched if known else (1.0, 1.0)
            ratio = rates.rate_ratio(now, hours_now, then, hours_then, dispersion=spread)
            ratio = ratio if min(now, then) >= ENOUGH else (float("nan"),) * 3
            name = area or WHOLE_CITY
            rows.append((channel, area, name, now, then, *ratio, "per_camera_hour" if known else "records"))
    columns = ["channel", "area_name", "name", "now", "before", "ratio", "low", "high", "basis"]
    return pd.DataFrame(rows, columns=columns), sorted(compared)


def _ledger(inputs, months):
    """Records of the period and where they got lost: `step` (Text), `records`."""
    days = _days(inputs.by_day, months).records.sum()
    timed = _in(inputs.by_hour, months).records.sum()
    unplaced = _in(inputs.unplaced, months).records.sum()
    steps = [
        (Text("기간 안의 기록", "records in the period"), days),
        (Text("시각을 알 수 있는 기록", "with a known hour"), timed),
        (Text("위치를 알 수 있는 기록", "with a known place"), days - unplaced),
    ]
    return pd.DataFrame(steps, columns=["step", "records"])


# --- findings: a sentence and its numbers ---


def _where(by_area):
    cameras = by_area[by_area.fixed_camera > 0]
    if cameras.empty:
        return []
    first, total = cameras.iloc[0], int(cameras.fixed_camera.sum())
    others = cameras.area_name.iloc[1:3].tolist()
    share = first.fixed_camera / total
    said = [
        Finding(
            "top_area_camera",
            Text(
                f"고정형 CCTV 기록은 {with_particle(first.area_name, '이/가')} {first.fixed_camera:,}건으로 가장 많다"
                f"(전체 {total:,}건의 {share:.1%})" + (f". 그다음은 {', '.join(others)} 순이다." if others else "."),
                f"{first.area_name} has the most fixed-camera records: {first.fixed_camera:,} of {total:,} ({share:.1%})"
                + (f", followed by {' and '.join(others)}." if others else "."),
            ),
            {"area": first.area_name, "records": int(first.fixed_camera), "of_records": total, "share": share},
        )
    ]
    rated = cameras[cameras.per_1000_hours.notna() & (cameras.fixed_camera >= ENOUGH)]
    if len(rated) > 1:
        best = rated.loc[rated.per_1000_hours.idxmax()]
        place = int(rated.per_1000_hours.rank(ascending=False)[first.name]) if first.name in rated.index else 0
        numbers = (
            f"{best.per_1000_hours:.1f}",
            f"{best.low:.1f}~{best.high:.1f}",
            f"{best.low:.1f} to {best.high:.1f}",
        )
        same = best.area_name == first.area_name
        said.append(
            Finding(
                "top_area_per_camera_hour",
                Text(
                    f"카메라 한 대가 1,000시간 지켜볼 때의 기록은 {with_particle(best.area_name, '이/가')} {numbers[0]}건"
                    f"(95% 구간 {numbers[1]})으로 가장 많다."
                    + (
                        ""
                        if same
                        else f" 건수 1위 {with_particle(first.area_name, '은/는')} 이 기준으로 {place}위이다."
                    ),
                    f"Per 1,000 hours of one camera watching, {best.area_name} records the most: {numbers[0]} "
                    f"(95% interval {numbers[2]})."
                    + ("" if same else f" {first.area_name}, first by count, comes {_ordinal(place)} by this measure."),
                ),
                {"area": best.area_name, "per_1000_hours": best.per_1000_hours, "rank_of_first_by_count": place},
            )
        )
    return said


def _ordinal(number):
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10 if number % 100 not in (11, 12, 13) else 0, "th")
    return f"{number}{ending}"


def _places_said(places):
    if places.empty:
        return [Finding("places", NOTHING, {})]
    first = places.iloc[0]
    return [
        Finding(
            "places",
            Text(
                f"기록이 가장 많은 곳은 {with_particle(first.place_name, '이며/며')} {first.records:,}건이다(95% 구간 {first.low:,.0f}~{first.high:,.0f}).",
                f"The place with the most records is {first.place_name}: {first.records:,} "
                f"(95% interval {first.low:,.0f} to {first.high:,.0f}).",
            ),
            {"records": int(first.records), "low": float(first.low), "high": float(first.high)},
        )
    ]


def _months_said(totals):
    ko = ", ".join(f"{CHANNELS[row.channel].ko} {row.months}개월 {row.records:,}건" for row in totals.itertuples())
    en = ", ".join(f"{CHANNELS[row.channel].en} {row.records:,} in {row.months} months" for row in totals.itertuples())
    numbers = {f"{row.channel}_records": int(row.records) for row in totals.itertuples()}
    return Finding("months", Text(f"기간 안의 기록: {ko}.", f"Records in the period: {en}."), numbers)


def _week_said(week):
    busiest = week.loc[week.groupby("channel", sort=False).value.idxmax()]
    ko = ", ".join(
        f"{CHANNELS[row.channel].ko} {WEEKDAYS[row.weekday].ko} {row.hour}시대" for row in busiest.itertuples()
    )
    en = ", ".join(
        f"{CHANNELS[row.channel].en} {WEEKDAYS[row.weekday].en} {row.hour}-{row.hour + 1} h"
        for row in busiest.itertuples()
    )
    numbers = {f"{row.channel}_records": int(row.value) for row in busiest.itertuples()}
    return Finding("week", Text(f"기록이 가장 몰리는 때: {ko}.", f"When records pile up most: {en}."), numbers)


def _when(clocks, hours, lunch, inputs, months):
    said = [_clock_said(clocks)]
    camera = clocks[clocks.channel == "fixed_camera"].set_index("hour")
    citizen = clocks[clocks.channel == "citizen_report"].set_index("hour")
    if len(camera) and (camera.watched != "unknown").all():
        said.append(_camera_clock(camera))
    if len(citizen):
        said.append(_citizen_clock(citizen, camera))
    said += _grace_finding(camera, lunch, inputs, months) if len(camera) else []
    said += _patrol_clock(clocks[clocks.channel == "mobile_camera"])
    return said


def _clock_said(clocks):
    peaks = clocks.loc[clocks.groupby("channel", sort=False).records.idxmax()]
    ko = ", ".join(f"{CHANNELS[row.channel].ko} {row.hour}시대({row.share:.1%})" for row in peaks.itertuples())
    en = ", ".join(
        f"{CHANNELS[row.channel].en} {row.hour}-{row.hour + 1} h ({row.share:.1%})" for row in peaks.itertuples()
    )
    numbers = {f"{row.channel}_peak_hour": int(row.hour) for row in peaks.itertuples()}
    return Finding("clock", Text(f"채널별 정점: {ko}.", f"Peak of each channel: {en}."), numbers)


def _patrol_clock(patrol):
    if patrol.empty:
        return []
    patrol = patrol.set_index("hour")
    peak, rest = int(patrol.records.idxmax()), [h for h in range(9, 18) if patrol.watched[h] in ("none", "partial")]
    period = patrol.period.iloc[0]
    ko = f"주행형 단속차량({period.ko})의 기록은 {peak}시대에 가장 많다({patrol.share[peak]:.1%})."
    en = f"The patrol car ({period.en}) records most between {peak} and {peak + 1} h ({patrol.share[peak]:.1%})."
    if rest:
        ko += f" 9~18시 가운데 {len(rest)}시간은 거의 운행하지 않는다({', '.join(f'{h}시' for h in rest)})."
        en += f" In {len(rest)} of the hours from 9 to 18 it hardly drives ({', '.join(f'{h} h' for h in rest)})."
    return [Finding("patrol_clock", Text(ko, en), {"peak_hour": peak, "hours_at_rest": len(rest)})]


def _camera_clock(camera):
    peak = int(camera.records.idxmax())
    day = camera[camera.watched_hours > 0.5 * camera.watched_hours.max()]
    quiet = [h for h in range(day.index.min(), day.index.max()) if camera.watched[h] in ("none", "partial")]
    at_peak = camera.share[peak]
    if not quiet:
        return Finding(
            "camera_clock",
            Text(
                f"고정형 CCTV 기록은 {peak}시대에 가장 많다(하루의 {at_peak:.1%}).",
                f"Fixed cameras record most between {peak} and {peak + 1} h ({at_peak:.1%} of the day).",
            ),
            {"peak_hour": peak, "peak_share": at_peak},
        )
    in_quiet = camera.share[quiet].sum()
    watch = camera.watched_hours[quiet].mean() / camera.watched_hours.max()
    return Finding(
        "camera_clock",
        Text(
            f"고정형 CCTV 기록은 {peak}시대에 가장 많고(하루의 {at_peak:.1%}), {quiet[0]}~{quiet[-1] + 1}시에는 거의 없다"
            f"({in_quiet:.1%}). 그 시간에는 카메라의 {watch:.0%}만 단속하기 때문이다.",
            f"Fixed cameras record most between {peak} and {peak + 1} h ({at_peak:.1%} of the day) and are almost silent "
            f"from {quiet[0]} to {quiet[-1] + 1} h ({in_quiet:.1%}), because only {watch:.0%} of them enforce then.",
        ),
        {
            "peak_hour": peak,
            "peak_share": at_peak,
            "quiet_from_hour": quiet[0],
            "quiet_to_hour": quiet[-1] + 1,
            "quiet_share": in_quiet,
            "quiet_watch_share": watch,
        },
    )


def _citizen_clock(citizen, camera):
    peak, share = int(citizen.records.idxmax()), citizen.share.max()
    numbers = {"peak_hour": peak, "peak_share": share}
    ko = f"시민신고는 {peak}시대에 가장 많다(하루의 {share:.1%})."
    en = f"Citizens report most between {peak} and {peak + 1} h ({share:.1%} of the day)."
    if len(camera) and (camera.watched != "unknown").all():
        unwatched = citizen.share[camera.watched == "none"].sum()
        numbers["share_while_no_camera_watches"] = unwatched
        ko += f" 시민신고의 {unwatched:.1%}는 카메라가 단속하지 않는 시간에 들어온다."
        en += f" {unwatched:.1%} of their reports come in hours when no camera enforces."
    return Finding("citizen_clock", Text(ko, en), numbers)


def _grace_finding(camera, lunch, inputs, months):
    """What the peak after the grace is made of, told by cameras that go on and by the minutes after it."""
    peak = int(camera.records.idxmax())
    if peak == 0 or camera.watched.get(peak - 1) not in ("none", "partial"):
        return []
    minutes = _in(inputs.after_grace, months)
    minutes = minutes[minutes.minute // 60 == peak]
    first, even = (
        minutes[minutes.minute % 60 < AFTER_GRACE_MINUTES].records.sum() / minutes.records.sum(),
        AFTER_GRACE_MINUTES / 60,
    )
    numbers = {"peak_hour": peak, "share_in_first_minutes": first, "first_minutes": AFTER_GRACE_MINUTES}
    ko = f"{peak}시 정점은 단속이 쉬는 시간 바로 뒤에 오며, 첫 {AFTER_GRACE_MINUTES}분에 그 시간 기록의 {first:.0%}가 몰린다(고르면 {even:.0%})."
    en = (
        f"The {peak} h peak comes right after the hours in which enforcement rests; {first:.0%} of that hour's records fall "
        f"into its first {AFTER_GRACE_MINUTES} minutes ({even:.0%} if even)."
    )
    groups = {going: rows.set_index("hour") for going, rows in lunch.groupby("exempt")}
    if len(groups) == 2 and min(rows.records.sum() for rows in groups.values()) >= ENOUGH:
        stops, goes = (
            _rate(groups[going], [peak]) / _rate(groups[going], [peak + 1, peak + 2]) for going in (False, True)
        )
        at_noon = _rate(groups[True], [12, 13]) / _rate(groups[True], [10, 11, 14, 15, 16, 17])
        cameras = int(groups[True].cameras.max())
        numbers |= {
            "peak_to_next_hours_where_cameras_stop": stops,
            "peak_to_next_hours_where_cameras_go_on": goes,
            "lunch_to_daytime_where_cameras_go_on": at_noon,
            "cameras_through_grace": cameras,
        }
        made, falls = stops > 1.15 and goes < 1 + (stops - 1) / 2, at_noon < 0.9
        ko += (
            f" 점심에도 단속하는 카메라 {cameras}대에서는 {peak}시 기록이 그다음 두 시간의 {goes:.2f}배인데, 점심에 쉬는 카메라에서는 "
            f"{stops:.2f}배이다"
            + (f": {peak}시 정점은 거리가 아니라 시간표가 만든다." if made else ".")
            + f" 점심에도 단속하는 자리에서는 12~14시의 시간당 기록이 낮 다른 시간의 {at_noon:.0%}이다"
            + (": 점심에는 불법 주정차가 줄어든다." if falls else ": 점심에 기록이 적은 것은 보지 않아서이다.")
        )
        en += (
            f" The {cameras} cameras that go on through lunch record {goes:.2f} times as much at {peak} h as in the two hours after, "
            f"those that stop {stops:.2f} times"
            + (f": the {peak} h peak is made by the timetable, not by the street." if made else ".")
            + f" Where cameras go on, the hourly rate from 12 to 14 h is {at_noon:.0%} of the other daytime hours"
            + (": illegal parking falls at lunch." if falls else ": few records at lunch mean that nobody looked.")
        )
    return [Finding("what_the_peak_means", Text(ko, en), numbers)]


def _rate(by_hour, hours):
    """Records per camera-hour over some hours of the day."""
    rows = by_hour[by_hour.index.isin(hours)]
    return float(rows.records.sum() / rows.watched_hours.sum()) if rows.watched_hours.sum() else float("nan")


def _concentration(cells):
    total = cells.groupby(["cell_x", "cell_y"]).records.sum().sort_values(ascending=False)
    if total.empty:
        return []
    top = total.head(TOP_CELLS)
    share = top.sum() / total.sum()
    return [
        Finding(
            "concentration",
            Text(
                f"위치를 아는 기록 {total.sum():,}건의 {share:.1%}가 기록이 있는 격자 {len(total):,}개 가운데 "
                f"{len(top)}개에서 나온다.",
                f"{share:.1%} of the {total.sum():,} records with a known place come from {len(top)} of the "
                f"{len(total):,} grid cells that have any.",
            ),
            {"share": share, "cells": len(top), "of_cells": len(total), "records": int(total.sum())},
        )
    ]


def _changed(change, before):
    said = []
    for channel in CHANNELS:
        row = change[(change.channel == channel) & change.area_name.isna() & change.ratio.notna()]
        if row.empty:
            continue
        row, name = row.iloc[0], CHANNELS[channel]
        per_hour = row.basis == "per_camera_hour"
        verdict = (
            Text("우연으로 보기 어렵게 늘었다", "more than chance would do")
            if row.low > 1
            else Text("우연으로 보기 어렵게 줄었다", "less than chance would do")
            if row.high < 1
            else Text("우연한 오르내림과 구별되지 않는다", "cannot be told from chance")
        )
        ko = f"{name.ko}의 {'카메라 한 시간당 ' if per_hour else ''}기록은 1년 전 같은 달({span(before).ko})에 견주어 {_percent(row.ratio)}로"
        en = f"{name.en}{' per camera-hour' if per_hour else ''}: {_percent(row.ratio)} against the same months a year before"
        said.append(
            Finding(
                f"change_{channel}",
                Text(
                    f"{ko}(95% 구간 {_percent(row.low)}~{_percent(row.high)}), {verdict.ko}.",
                    f"{en} ({span(before).en}; 95% interval {_percent(row.low)} to {_percent(row.high)}), {verdict.en}.",
                ),
                {"ratio": row.ratio, "low": row.low, "high": row.high, "now": int(row.now), "before": int(row.before)},
            )
        )
    return said


def _percent(ratio):
    return f"{100 * (ratio - 1):+.1f}%".replace("-", "\N{MINUS SIGN}")


def _seen_by_citizens_only(by_area):
    """읍면동 whose share of citizens' reports is far above their share of fixed-camera records."""
    total = by_area[["fixed_camera", "citizen_report"]].sum()
    if (total < ENOUGH).any():
        return []
    shares = by_area.set_index("area_name")[["fixed_camera", "citizen_report"]] / total
    above = shares[(shares.citizen_report >= 2 * shares.fixed_camera) & (shares.citizen_report >= 0.02)]
    above = above.sort_values("citizen_report", ascending=False).head(4)
    if above.empty:
        return []
    names, share = above.index.tolist(), above.sum()
    return [
        Finding(
            "seen_by_citizens",
            Text(
                f"{', '.join(names)}에서는 시민신고의 {share.citizen_report:.1%}가 나오지만 고정형 CCTV 기록은 "
                f"{share.fixed_camera:.1%}뿐이다: 카메라 기록만 보면 놓치는 곳이다.",
                f"{', '.join(names)} send {share.citizen_report:.1%} of citizens' reports but only "
                f"{share.fixed_camera:.1%} of fixed-camera records: who looks at camera records alone misses them.",
            ),
            {"areas": names, "share_of_reports": share.citizen_report, "share_of_camera_records": share.fixed_camera},
        )
    ]


def _metrics(totals, by_area, clocks, cells, places):
    metrics = {f"{row.channel}_records": int(row.records) for row in totals.itertuples()}
    for channel, clock in clocks.groupby("channel"):
        metrics[f"{channel}_peak_hour"] = int(clock.set_index("hour").records.idxmax())
    by_cell = cells.groupby(["cell_x", "cell_y"]).records.sum().sort_values(ascending=False)
    metrics["cells_with_records"] = len(by_cell)
    if len(by_cell):
        metrics["share_in_top_20_cells"] = float(by_cell.head(TOP_CELLS).sum() / by_cell.sum())
    metrics["areas_with_records"] = len(by_area)
    metrics["places_listed"] = len(places)
    return metrics
