"""What the case reads: counted in the engine until the tables are small, and the plans that were left before."""

from dataclasses import dataclass

import geopandas as gpd
import ibis
import pandas as pd
from ibis import _

from dansok.cases.delinquent_map.inputs import (
    PLACE_CELLS,
    between,
    kinds_of_days,
    parking_records,
    place_names,
    seizures_until,
    watched_places,
    with_time,
)
from dansok.cases.delinquent_stakeout import past
from dansok.choices import arrivals_told
from dansok.clean import read_table, scan
from dansok.clean.store import kept_stamp
from dansok.engine import connect
from dansok.link import scan_linked
from dansok.link.arrears import SOURCES, Arrears
from dansok.link.registers import arrears_as_of
from dansok.space import read_areas, to_5179
from dansok.tables import READERS
from dansok.words import Refusal

USED = (
    "debts", "payments", "vehicles", "outcomes", "sightings", "tickets", "cameras", "lots", "efforts", "crew_blocks", "areas", "streets",
)  # fmt: skip


@dataclass(frozen=True)
class Inputs:
    """Small tables, whatever the size of the city and however often each plate was read.

    Attributes
    ----------
    held : dansok.link.arrears.Arrears
        Who is in arrears on the day of the question.
    history : pd.DataFrame
        `tables.DEBTORS` until the day; `seizures`: `vehicle`, `acted_at`.
    looks : pd.DataFrame, one row a vehicle that ever stood in a register, place, day and hour
        `vehicle`, `place_x`, `place_y`, `on`, `month`, `hour`, `rest_day`: readers read it there, once or a hundred times.
    last_seen : pd.Series of timestamp, indexed by vehicle
        Latest visit until the day, whoever saw it.
    duty_hours : float
        Hours of the squads by their own log sheets; missing where there are none.
    watched : pd.DataFrame
        As `delinquent_map.inputs.Inputs.watched`.
    fixtures : pd.DataFrame, one row a public lot or camera with a position
        `kind` ("lot", "camera"), `name`, `x`, `y`.
    names : dict
        (place_x, place_y) -> the name that most records there give.
    streets : gpd.GeoDataFrame
        Lines to draw under the small maps; no rows where the city has none.
    log : pd.DataFrame
        `past.LOG_COLUMNS` of `tables.OUTCOMES` until the day.
    before : past.Before
        Blocks and meetings of the plans that ended by the day.
    """

    held: Arrears
    history: pd.DataFrame
    seizures: pd.DataFrame
    looks: pd.DataFrame
    last_seen: pd.Series
    duty_hours: float
    watched: pd.DataFrame
    fixtures: pd.DataFrame
    names: dict
    streets: gpd.GeoDataFrame
    log: pd.DataFrame
    before: past.Before
    areas: gpd.GeoDataFrame
    arrivals: pd.DataFrame
    cell_metres: int
    key_mark: str | None

    @property
    def place_metres(self):
        """Side of a place."""
        return PLACE_CELLS * self.cell_metres


def load(choices):
    """Count the linked tables of the city for the period, and ask who is in arrears on its last day."""
    city, connection, ends = choices.opened, connect(), choices.as_of
    held = arrears_as_of(city, ends)
    if held.vehicles["eligible"].sum() < choices.smallest_count:
        raise Refusal(
            f"{city.folder.name}: {ends:%Y-%m-%d} 현재 영치할 수 있는 차량이 {choices.smallest_count}대 미만이라 계획을 세우지 않습니다.",
            f"{city.folder.name}: on {ends:%Y-%m-%d} fewer than {choices.smallest_count} plates may be taken: no plan is made.",
        )
    linked = {
        name: scan_linked(city, name, connection)
        for name in ("debtors", "debtor_visits", "placed_tickets", "placed_sightings", "watched_cells")
    }
    clean = {name: scan(city, name, connection) for name in (*SOURCES, "crew_blocks", "cameras", "lots", "streets")}
    begins = pd.Timestamp(f"{choices.months[0]}-01")
    days = kinds_of_days(connection, begins, ends)
    place = {f"place_{axis}": (_[f"cell_{axis}"] // PLACE_CELLS) for axis in "xy"}
    visits = linked["debtor_visits"].filter(between(_.first_at, begins, ends))
    arrivals = arrivals_told(city)
    return Inputs(
        held=held,
        history=linked["debtors"].filter(_.snapshot_on <= ends.date()).order_by("snapshot_on", "vehicle").to_pandas(),
        seizures=seizures_until(connection, clean, ends),
        looks=looks_of(visits, days, place),
        last_seen=visits.group_by("vehicle").agg(at=_.first_at.max()).to_pandas().set_index("vehicle")["at"],
        duty_hours=_duty_hours(clean["crew_blocks"], begins, ends),
        watched=watched_places(linked, days, place, choices.months),
        fixtures=pd.concat([_fixtures(clean["lots"], "lot"), _fixtures(clean["cameras"], "camera")], ignore_index=True),
        names=place_names(parking_records(linked["placed_tickets"], place, begins, ends)),
        streets=read_areas(clean["streets"].select("geometry").filter(_.geometry.notnull()).to_pandas()),
        log=clean["outcomes"].filter(_.acted_at.date() <= ends.date()).select(*past.LOG_COLUMNS).to_pandas(),
        before=past.plans_until(city.analysed / "delinquent_stakeout", ends),
        areas=read_areas(read_table(city, "areas")),
        arrivals=arrivals[arrivals.table.isin(USED)],
        cell_metres=city.cell_metres,
        key_mark=(kept_stamp(city.clean, "debts") or {}).get("key"),
    )


def _duty_hours(crew_blocks, first, last):
    hours = crew_blocks.filter(between(_.started_at, first, last)).hours.sum().execute()
    return float("nan") if pd.isna(hours) or not hours else float(hours)


def looks_of(visits, days, place):
    read = visits.filter((_.reads > 0) & _.looker.isin(list(READERS)))
    by = ("vehicle", "place_x", "place_y", "on", "month", "hour", "rest_day")
    looks = with_time(read, days).mutate(**place).select(*by).distinct().order_by(*by).to_pandas()
    return looks.assign(on=pd.to_datetime(looks["on"]))


def _fixtures(table, kind):
    rows = to_5179(table).filter(_.x.notnull() & _.y.notnull())
    rows = rows.select(kind=ibis.literal(kind), name=_[f"{kind}_name"], x=_.x, y=_.y)
    return rows.order_by("name", "x", "y").to_pandas()
