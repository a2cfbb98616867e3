"""Where and when illegal parking is recorded, and what each channel could see of it.

`counts` makes the tables, `sentences` says what they show, `labels` names their columns.
"""

from dataclasses import dataclass

import geopandas as gpd
import ibis
import pandas as pd
from ibis import _

from dansok import choices as chosen
from dansok.cases.parking_hotspots import counts, sentences
from dansok.cases.parking_hotspots.labels import (
    AREA_COLUMNS,
    CHANGE_COLUMNS,
    CHANGE_INTERVAL,
    HOUR_COLUMNS,
    INTERVAL,
    LEDGER_COLUMNS,
    NO_YEAR_BEFORE,
    NOTHING,
    PLACE_COLUMNS,
    SOURCE,
)
from dansok.choices import arrivals_told, span
from dansok.clean import read_table
from dansok.engine import connect
from dansok.findings import Finding
from dansok.korea.rules import policy_events, read_rules
from dansok.link import scan_linked
from dansok.link.exposure import camera_unit
from dansok.space import read_areas
from dansok.tables import CHANNELS
from dansok.words import Refusal, Text

__all__ = [
    "AREA_COLUMNS", "CHANGE_COLUMNS", "CHANGE_INTERVAL", "HOUR_COLUMNS", "INTERVAL", "LEDGER_COLUMNS", "NOTHING", "NO_YEAR_BEFORE",
    "PLACE_COLUMNS", "SOURCE", "Choices", "Inputs", "Result", "analyse", "load",
]  # fmt: skip

USED = ("tickets", "cameras", "addresses", "areas")
MOVES_COUNTS = ("citizen_report", "fine", "lunch_grace", "system")  # kinds of rules
HOUR_KNOWN = ("second", "minute", "hour")
UNDER_THE_CHART = (
    "places",
    "concentration",
    "months",
    "week",
    "clock",
    "patrol_clock",
)  # said beside their chart, not in the summary


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
        if self.area and not area_has_records(self.opened, self.area, self.months):
            raise Refusal(
                f"area = '{self.area}': {self.period.ko}에 이 읍면동의 기록이 없습니다. 기간이나 읍면동을 바꾸세요.",
                f"area = '{self.area}': there are no records of it in {self.period.en}. Change the period or the area.",
            )
        if not 1 <= self.top_places <= 50:
            raise Refusal(
                f"top_places = {self.top_places}: 1에서 50 사이로 적으세요.",
                f"top_places = {self.top_places}: write 1 to 50.",
            )


def area_has_records(city, area, months):
    """Whether any record of `area` lies in `months`."""
    tickets = scan_linked(city, "placed_tickets", connect())
    mine = tickets.filter((_.area_name == area) & _.issued_at.strftime("%Y-%m").isin(months))
    return bool(mine.count().execute())


@dataclass(frozen=True)
class Inputs:
    """Counts of the linked records, over all months; small tables whatever the size of the city."""

    by_day: pd.DataFrame  # channel, area_name, day, records
    by_hour: pd.DataFrame  # channel, month, weekday, hour, records
    by_place: (
        pd.DataFrame
    )  # channel, month, area_name, place (name without blanks), place_name, x, y, cell_x, cell_y, records
    camera_hours: pd.DataFrame  # channel, unit, area_name, month, hour, watched_hours
    camera_records: pd.DataFrame  # unit, month, hour, records
    after_grace: pd.DataFrame  # month, minute (after midnight), records of fixed cameras
    unplaced: pd.DataFrame  # month, channel, why_unplaced, records
    grace_hours: tuple[int, ...]  # hours of the day that lie wholly within a grace of fixed cameras
    areas: pd.DataFrame
    arrivals: pd.DataFrame  # files of the enforcement records, the cameras and the places


@dataclass(frozen=True)
class Result:
    area: str
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
        """The findings of the summary box, in reading order; what the charts say if there is nothing else."""
        key = [finding for name, finding in self.findings.items() if name not in UNDER_THE_CHART]
        return key or [self.findings["months"], self.findings["clock"]]

    @property
    def area_columns(self):
        """Columns of `by_area` to show: only channels that have records."""
        return {c: text for c, text in AREA_COLUMNS.items() if c not in CHANNELS or self.by_area[c].sum()}

    @property
    def title(self):
        """Title of the briefing, with the 읍면동 if it is about one only."""
        title = Text("불법 주정차 다발지역", "Where and when illegal parking is recorded")
        return Text(f"{title.ko}: {self.area}", f"{title.en}: {self.area}") if self.area else title

    @property
    def area_note(self):
        """What the table of 읍면동 leaves out, and what its interval is."""
        lost = int(self.totals.records.sum() - self.by_area.records.sum())
        left_out = Text(
            f"읍면동을 알 수 없는 기록 {lost:,}건은 표에 없다. ",
            f"{lost:,} records of an unknown area are not in the table; ",
        )
        return Text(left_out.ko + INTERVAL.ko, left_out.en + INTERVAL.en) if lost else INTERVAL

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
            going: Text(f"{ko} {cameras[going]}대", f"cameras that {en} ({cameras[going]})")
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
        unit=camera_unit(),
        name=ibis.coalesce(_.place_name, _.place_as_sent),
    )
    if choices.area:
        tickets = tickets.filter(_.area_name == choices.area)
        exposure = exposure.filter(_.area_name == choices.area)
    timed = tickets.filter(_.time_precision.isin(HOUR_KNOWN))
    cameras = timed.filter(_.channel == "fixed_camera")

    def count(table, *by):
        return table.group_by(*by).agg(records=_.records.sum()).order_by(*by).to_pandas()

    place = ("area_name", "place", "x", "y", "cell_x", "cell_y")
    named = tickets.mutate(place=_.name.re_replace(r"\s+", ""))
    return Inputs(
        by_day=count(tickets, "channel", "area_name", "day"),
        by_hour=count(timed, "channel", "month", "weekday", "hour"),
        by_place=named.group_by("channel", "month", *place)
        .agg(records=_.records.sum(), place_name=_.name.min())
        .order_by("channel", "month", *place)
        .to_pandas(),
        # Threads add in any order: rounding keeps a second run to the same bytes.
        camera_hours=exposure.mutate(month=_.day.strftime("%Y-%m"))
        .group_by("channel", "unit", "area_name", "month", "hour")
        .agg(watched_hours=_.watched_hours.sum().round(6))
        .order_by("channel", "unit", "area_name", "month", "hour")
        .to_pandas(),
        camera_records=count(cameras, "unit", "month", "hour"),
        after_grace=count(cameras.mutate(minute=_.hour * 60 + _.issued_at.minute().cast("int64")), "month", "minute"),
        unplaced=count(tickets.filter(_.how_placed.isnull()), "channel", "month", "why_unplaced"),
        grace_hours=tuple(
            sorted({hour for entry in city.hours if entry.channel == "fixed_camera" for hour in entry.grace_hours})
        ),
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
    totals = counts.channel_totals(inputs, months)
    by_area = counts.areas_ranked(inputs, months)
    clocks = counts.hour_clocks(inputs, months)
    hours = counts.camera_rates(inputs, months)
    lunch = counts.through_the_grace(inputs, months)
    week = counts.weekday_hours(inputs, months, clocks)
    cells = counts.cell_counts(inputs, months)
    places = counts.top_places(inputs, months, choices.top_places)
    change, before = counts.change_by_area(inputs, months)
    ledger = counts.ledger_of(inputs, months)
    findings = [
        *([] if choices.area else sentences.where_said(by_area)),
        *sentences.when_said(clocks, hours, lunch, inputs, months),
        *sentences.concentration_said(cells),
        *sentences.change_said(change, before),
        *([] if choices.area else sentences.seen_by_citizens_only(by_area)),
        *sentences.places_said(places),
        sentences.months_said(totals),
        sentences.week_said(week, clocks),
    ]
    findings = {finding.name: finding for finding in findings}
    days = counts.days_within(inputs.by_day, months).day
    return Result(
        area=choices.area,
        period=choices.period,
        as_of=str(days.max())[:10],
        before=span(before) if before else None,
        headlines=counts.headlines(totals, hours, ledger),
        totals=totals,
        by_area=by_area,
        by_month=counts.monthly(inputs, months),
        events=_events(months[0], str(days.max())[:10], choices.opened.rules_of),
        clocks=clocks,
        hours=hours,
        lunch=lunch,
        week=week,
        cells=cells,
        zoom=counts.densest_windows(cells, choices.opened.cell_metres),
        areas=read_areas(inputs.areas),
        places=places,
        change=change,
        ledger=ledger,
        findings=findings,
        metrics=_metrics(totals, by_area, clocks, cells, places),
    )


def _events(first_month, last_day, place):
    """Changes of rules and systems that move counts of parking records."""
    rules = [rule for rule in read_rules() if rule.kind in MOVES_COUNTS]
    return policy_events(f"{first_month}-01", last_day, place, rules)


def _metrics(totals, by_area, clocks, cells, places):
    metrics = {f"{row.channel}_records": int(row.records) for row in totals.itertuples()}
    for channel, clock in clocks.groupby("channel"):
        metrics[f"{channel}_peak_hour"] = int(clock.set_index("hour").records.idxmax())
    by_cell = cells.groupby(["cell_x", "cell_y"]).records.sum().sort_values(ascending=False)
    metrics["cells_with_records"] = len(by_cell)
    if len(by_cell):
        metrics["share_in_top_20_cells"] = float(by_cell.head(counts.TOP_CELLS).sum() / by_cell.sum())
    metrics["areas_with_records"] = len(by_area)
    metrics["places_listed"] = len(places)
    return metrics
