"""Where and when illegal parking happens, once who looked is taken out; what is recorded; and what comes next month.

In the order of work: `reading` reads a city. The corrected side: `ground` (streets and cells), `looking` (what was seen and who
looked), `estimates` (rates, hot spots, clocks), `verdicts` (what each place needs), put together in `corrected` and said in
`corrected_sentences`. Next month: `outlook`. The records as they are: `recorded` and `recorded_sentences`. `labels` names
columns and kinds in both languages, `choices_made` lists the choices, `shown` makes what charts and tables take.
"""

from dataclasses import dataclass, field

import geopandas as gpd
import pandas as pd
from ibis import _

from dansok import choices as chosen
from dansok.cases.parking_hotspots import choices_made, corrected_sentences, recorded, recorded_sentences, verdicts
from dansok.cases.parking_hotspots.corrected import Corrected, correct
from dansok.cases.parking_hotspots.corrected_sentences import EFFORT_UNKNOWN
from dansok.cases.parking_hotspots.labels import (
    AREA_COLUMNS,
    CHANGE_COLUMNS,
    CHANGE_INTERVAL,
    CHOICE_COLUMNS,
    CITY_ALL_THE_SAME,
    DIAGNOSIS_COLUMNS,
    DISAGREE_COLUMNS,
    HOUR_COLUMNS,
    INTERVAL,
    INTERVAL_90,
    KINDS,
    LEDGER_COLUMNS,
    NO_YEAR_BEFORE,
    NOTHING,
    OF_CELLS,
    PLACE_COLUMNS,
    QUADRANT_COLUMNS,
    QUADRANTS,
    REPEAT_COLUMNS,
    SEASONS,
    SOURCE,
    TOP_COLUMNS,
    VERDICTS,
)
from dansok.cases.parking_hotspots.outlook import Outlook, look_ahead
from dansok.cases.parking_hotspots.reading import Inputs, load
from dansok.choices import span
from dansok.clean import read_table
from dansok.engine import connect
from dansok.findings import Finding
from dansok.korea.rules import policy_events, read_rules
from dansok.link import scan_linked
from dansok.space import read_areas
from dansok.tables import CHANNELS
from dansok.words import Refusal, Text

__all__ = [
    "AREA_COLUMNS", "CHANGE_COLUMNS", "CHANGE_INTERVAL", "CHOICE_COLUMNS", "CITY_ALL_THE_SAME", "DIAGNOSIS_COLUMNS", "DISAGREE_COLUMNS",
    "EFFORT_UNKNOWN", "HOUR_COLUMNS", "INTERVAL", "INTERVAL_90", "KINDS", "LEDGER_COLUMNS", "NOTHING", "NO_YEAR_BEFORE",
    "OF_CELLS", "PLACE_COLUMNS", "QUADRANTS", "QUADRANT_COLUMNS", "REPEAT_COLUMNS", "SEASONS", "SOURCE", "TOP_COLUMNS", "VERDICTS", "Choices",
    "Inputs", "Result", "analyse", "load",
]  # fmt: skip

MOVES_COUNTS = ("citizen_report", "fine", "lunch_grace", "system")  # kinds of rules
KEY = ("effort_unknown", "where_true", "maps_disagree", "hot_spots", "true_clock", "diagnosis", "quadrants", "loop", "repeat",
       "next_places", "changed", "change")  # fmt: skip
NEWS = {
    "loop": ("runaway", "exploring_too_little"),
    "changed": ("cells_more", "cells_less"),
    "repeat": ("record_share_of_often_seen",),
    "change": ("beyond_chance",),
}  # key only if one of these is so
MOST_KEY = 9
WITHOUT_EFFORT = ("top_area_camera", "camera_clock", "citizen_clock", "what_the_peak_means", "seen_by_citizens")


@dataclass(frozen=True)
class Choices(chosen.Choices):
    """What this case lets an analyst choose.

    Attributes
    ----------
    area : str
        One 읍면동 only, empty for the whole city.
    top_places : int
        Rows of the lists of places.
    channels : str
        Channels that the rates rest on, by code with commas between, or "all".
    false_share : float
        Share of the hot spots that may be false.
    effort_error : float
        Relative error of how long each place was looked at.
    forecast_places : int
        Places to pick for next month.
    cell_metres : int
        Side of the cells that rates are estimated for. Given as 0, it is that of `city.toml`, and rates are estimated for streets
        where the city gives them, before they are added up by cell (`by_street`).
    """

    area: str
    top_places: int
    channels: str = "all"
    false_share: float = 0.05
    effort_error: float = 0.35
    forecast_places: int = 20
    cell_metres: int = 0
    by_street: bool = field(init=False)

    def __post_init__(self):
        super().__post_init__()
        self._set(by_street=not self.cell_metres, cell_metres=self.cell_metres or self.opened.cell_metres)
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
        self._within({"top_places": (1, 50), "forecast_places": (1, 200), "cell_metres": (20, 2000)})
        self._within(
            {"false_share": (0.001, 0.5), "effort_error": (0.0, 1.0)},
            kind=Text("의 수", "a number from "),
            hint=Text("(5%는 0.05)", " (0.05 for 5%)"),
        )
        strange = [code for code in self.counted if code not in CHANNELS]
        if strange or not self.counted:
            raise Refusal(
                f"channels = '{self.channels}': all이나, 쉼표로 나눈 수단 이름으로 적으세요: {', '.join(CHANNELS)}.",
                f"channels = '{self.channels}': write all, or names with commas between: {', '.join(CHANNELS)}.",
            )

    @property
    def counted(self):
        """Codes of the channels that the rates may rest on."""
        if self.channels.strip() == "all":
            return tuple(CHANNELS)
        return tuple(code.strip() for code in self.channels.split(",") if code.strip())


def area_has_records(city, area, months):
    """Whether any record of `area` lies in `months`."""
    tickets = scan_linked(city, "placed_tickets", connect())
    mine = tickets.filter((_.area_name == area) & _.issued_at.strftime("%Y-%m").isin(months))
    return bool(mine.count().execute())


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
    all_events: pd.DataFrame
    clocks: pd.DataFrame
    hours: pd.DataFrame
    lunch: pd.DataFrame
    week: pd.DataFrame
    areas: gpd.GeoDataFrame
    places: pd.DataFrame
    change: pd.DataFrame
    ledger: pd.DataFrame
    corrected: Corrected | None
    outlook: Outlook | None
    repeat: pd.DataFrame
    made: pd.DataFrame
    findings: dict[str, Finding]
    metrics: dict[str, float]

    @property
    def key_findings(self):
        """The findings of the summary box, in reading order; what the charts say if there is nothing else."""
        found = self.findings
        names = [name for name in (KEY if self.corrected is not None else (*KEY, *WITHOUT_EFFORT)) if name in found]
        for name, alarms in NEWS.items():
            if name in names and not any(found[name].numbers.get(alarm) for alarm in alarms):
                names.remove(name)
        for dispensable in ("change", "repeat"):
            if len(names) > MOST_KEY and dispensable in names:
                names.remove(dispensable)
        key = [found[name] for name in names]
        return key or [found["months"], found["clock"]]

    @property
    def area_columns(self):
        """Columns of `by_area` to show: only channels that have records."""
        return {c: text for c, text in AREA_COLUMNS.items() if c not in CHANNELS or self.by_area[c].sum()}

    @property
    def title(self):
        """Title of the briefing, with the 읍면동 if it is about one only."""
        title = Text("불법 주정차 다발지역", "Where and when illegal parking happens")
        return Text(f"{title.ko}: {self.area}", f"{title.en}: {self.area}") if self.area else title

    @property
    def subtitle(self):
        """What the title page says below the title."""
        if self.corrected is None:
            ko, en = "단속 기록으로 본 장소와 시간", "Enforcement records by place and hour"
        else:
            ko, en = "본 만큼으로 바로잡은 장소와 시간", "Places and hours corrected for who looked"
        return Text(f"{ko} · {self.period.ko}", f"{en}, {self.period.en}")

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
    def clock_periods(self):
        """What each channel's clock covers."""
        return dict(zip(self.clocks.channel, self.clocks.period, strict=True))

    @property
    def changes(self):
        """The comparable 읍면동 of channels in which some changed beyond its months: channel -> rows of `change`."""
        groups = self.comparable.groupby("channel", sort=False)
        return {channel: rows for channel, rows in groups if len(rows) > 1 and ((rows.low > 1) | (rows.high < 1)).any()}

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


def analyse(inputs, choices):
    """Correct for who looked, find hot spots and say what to do; rank, map and time the records; look ahead.

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
    totals = recorded.channel_totals(inputs, months)
    by_area = recorded.areas_ranked(inputs, months)
    clocks = recorded.hour_clocks(inputs, months)
    hours = recorded.camera_rates(inputs, months)
    lunch = recorded.through_the_grace(inputs, months)
    week = recorded.weekday_hours(inputs, months, clocks)
    cells = recorded.cell_counts(inputs, months)
    places = recorded.top_places(inputs, months, choices.top_places)
    change, before = recorded.change_by_area(inputs, months)
    ledger = recorded.ledger_of(inputs, months)
    areas, whole = read_areas(inputs.areas), inputs.whole
    corrected = correct(whole, areas, choices)
    outlook = look_ahead(
        *_of_area(whole, choices), choices.last_month, choices.forecast_places, choices.opened.rules_of
    )
    if outlook is not None:
        outlook = outlook.with_names(whole.names, areas, choices.cell_metres)
    repeat = verdicts.repeat_vehicles(whole.vehicles)
    said = corrected_sentences
    findings = [
        *([said.effort_unknown()] if corrected is None else said.said_of(corrected)),
        said.repeat_said(whole.vehicles, repeat, whole.register_day),
        *said.outlook_said(outlook),
        *([] if choices.area else recorded_sentences.where_said(by_area)),
        *recorded_sentences.when_said(clocks, hours, lunch, inputs, months),
        *recorded_sentences.concentration_said(cells),
        *recorded_sentences.change_said(change, before),
        *said.change_together(change, span(before) if before else None),
        *([] if choices.area else recorded_sentences.seen_by_citizens_only(by_area)),
        *recorded_sentences.places_said(places),
        recorded_sentences.months_said(totals),
        recorded_sentences.week_said(week, clocks),
    ]
    findings = {finding.name: finding for finding in findings}
    days = recorded.days_within(inputs.by_day, months).day
    return Result(
        area=choices.area,
        period=choices.period,
        as_of=str(days.max())[:10],
        before=span(before) if before else None,
        headlines=corrected_sentences.headlines(corrected, outlook) or recorded.headlines(totals, hours, ledger),
        totals=totals,
        by_area=by_area,
        by_month=recorded.monthly(inputs, months),
        events=_events(months[0], str(days.max())[:10], choices.opened.rules_of),
        all_events=_events(choices.months_seen.month.min(), str(days.max())[:10], choices.opened.rules_of),
        clocks=clocks,
        hours=hours,
        lunch=lunch,
        week=week,
        areas=areas,
        places=places,
        change=change,
        ledger=ledger,
        corrected=corrected,
        outlook=outlook,
        repeat=repeat,
        made=choices_made.choices_made(choices, corrected, outlook),
        findings=findings,
        metrics=_metrics(totals, by_area, clocks, cells, places)
        | corrected_sentences.corrected_metrics(corrected)
        | corrected_sentences.hit_metrics(outlook),
    )


def _of_area(whole, choices):
    """Records by 읍면동 and hour and by cell and day, of the one 읍면동 if one is chosen."""
    if not choices.area:
        return whole.by_area_hour, whole.by_cell_day
    return tuple(table[table.area_name == choices.area] for table in (whole.by_area_hour, whole.by_cell_day))


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
        metrics["share_in_top_20_cells"] = float(by_cell.head(recorded.TOP_CELLS).sum() / by_cell.sum())
    metrics["areas_with_records"] = len(by_area)
    metrics["places_listed"] = len(places)
    return metrics
