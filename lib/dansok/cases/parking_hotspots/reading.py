"""What the case reads of a city: counts of its records, and what was seen and who looked."""

from dataclasses import dataclass

import ibis
import numpy as np
import pandas as pd
from ibis import _

from dansok.cases.parking_hotspots.looking import CAMERAS, CITIZENS, Seen
from dansok.choices import arrivals_told
from dansok.clean import read_table, scan
from dansok.engine import connect
from dansok.korea import calendar
from dansok.link import scan_linked
from dansok.link.exposure import GRACE, TO_THE_MINUTE, camera_unit, timetable
from dansok.link.places import TRUSTED
from dansok.space import add_cells, to_5179

USED = (
    "tickets",
    "cameras",
    "addresses",
    "areas",
    "efforts",
    "streets",
    "lots",
    "lot_counts",
    "debts",
    "citizen_reports",
)
HOUR_KNOWN = ("second", "minute", "hour")
SEEN_OFTEN = 5  # stays in the period from which on a vehicle counts as one that comes again and again


@dataclass(frozen=True)
class Whole:
    """What rates, verdicts and forecasts need of the whole city, whichever 읍면동 is told of.

    Attributes
    ----------
    seen : looking.Seen
    streets : pd.DataFrame
        As `tables.STREETS` describes; empty where there are none.
    names : pd.DataFrame
        `cell_x`, `cell_y`, `place_name`, `records`: what records call the places in a cell.
    by_area_hour : pd.DataFrame
        `channel`, `area_name`, `day`, `hour`, `records` of known hour and 읍면동.
    by_cell_day : pd.DataFrame
        `channel`, `area_name`, `cell_x`, `cell_y`, `day`, `records`.
    lots : pd.DataFrame
        `lot_name`, `spaces`, `x`, `y`, and `free_0` … `free_23`: mean of free spaces by hour, missing where not counted.
    vehicles : pd.DataFrame
        `stays` in the period, `in_debt`, `vehicles`, `records`: vehicles whose plate is known. `in_debt` is missing
        without a register.
    parked : pd.DataFrame, one row a stay of the period whose vehicle is known
        `x`, `y`, `vehicle` (number), `often`: seen `SEEN_OFTEN` times or more.
    answers : pd.DataFrame
        `x`, `y`, `rejected` (bool) of citizens' reports of the period that were answered.
    register_day : str
        Day of the register of debts; empty without one.
    """

    seen: Seen
    streets: pd.DataFrame
    names: pd.DataFrame
    by_area_hour: pd.DataFrame
    by_cell_day: pd.DataFrame
    lots: pd.DataFrame
    vehicles: pd.DataFrame
    parked: pd.DataFrame
    answers: pd.DataFrame
    register_day: str


@dataclass(frozen=True)
class Inputs:
    """Counts of the linked records, over all months: of the 읍면동 chosen, or of the city; and the `whole` city beside them."""

    by_day: pd.DataFrame  # channel, area_name, day, records
    by_hour: pd.DataFrame  # channel, month, weekday, hour, records
    by_place: (
        pd.DataFrame
    )  # channel, month, area_name, place (name without blanks), place_name, x, y, cell_x, cell_y, records
    camera_hours: pd.DataFrame  # channel, unit, area_name, month, hour, in_grace, watched_hours
    weekdays_watched: pd.DataFrame  # channel, month, weekday, hour, watched_hours
    camera_records: pd.DataFrame  # unit, month, hour, records
    after_grace: pd.DataFrame  # month, minute (after midnight), records of fixed cameras
    unplaced: pd.DataFrame  # month, channel, why_unplaced, records
    grace_hours: tuple[int, ...]  # hours of the day that lie wholly within a grace of fixed cameras
    areas: pd.DataFrame
    arrivals: pd.DataFrame  # files that the case rests on
    whole: Whole


def load(choices):
    """Count the linked records of the city (and of one 읍면동, if chosen)."""
    city, connection = choices.opened, connect()
    tickets = add_cells(scan_linked(city, "placed_tickets", connection), choices.cell_metres)
    tickets = tickets.filter(~_.time_precision.isin(["year"])).mutate(
        month=_.issued_at.strftime("%Y-%m"),
        day=_.issued_at.date(),
        weekday=_.issued_at.day_of_week.index(),
        hour=_.issued_at.hour().cast("int64"),
        unit=camera_unit(),
        name=ibis.coalesce(_.place_name, _.place_as_sent),
    )
    exposure = _with_grace(scan_linked(city, "exposure", connection), _camera_hours(city), connection).mutate(
        month=_.day.strftime("%Y-%m"), weekday=_.day.day_of_week.index()
    )
    return _inputs(choices, tickets, exposure, _whole(choices, connection, tickets, exposure))


def count(table, *by):
    return table.group_by(*by).agg(records=_.records.sum()).order_by(*by).to_pandas()


def hours_watched(exposure, *by):
    # Threads add in any order: rounding keeps a second run to the same bytes.
    return exposure.group_by(*by).agg(watched_hours=_.watched_hours.sum().round(6)).order_by(*by).to_pandas()


def _inputs(choices, tickets, exposure, whole):
    city = choices.opened
    arrivals = arrivals_told(city)
    if choices.area:
        tickets = tickets.filter(_.area_name == choices.area)
        exposure = exposure.filter(_.area_name == choices.area)
    timed = tickets.filter(_.time_precision.isin(HOUR_KNOWN))
    cameras = timed.filter(_.channel == CAMERAS)
    place = ("area_name", "place", "x", "y", "cell_x", "cell_y")
    named = tickets.mutate(place=_.name.re_replace(r"\s+", ""))
    return Inputs(
        by_day=count(tickets, "channel", "area_name", "day"),
        by_hour=count(timed, "channel", "month", "weekday", "hour"),
        by_place=named.group_by("channel", "month", *place)
        .agg(records=_.records.sum(), place_name=_.name.min())
        .order_by("channel", "month", *place)
        .to_pandas(),
        camera_hours=hours_watched(exposure, "channel", "unit", "area_name", "month", "hour", "in_grace"),
        weekdays_watched=hours_watched(exposure, "channel", "month", "weekday", "hour"),
        camera_records=count(cameras, "unit", "month", "hour"),
        after_grace=count(cameras.mutate(minute=_.hour * 60 + _.issued_at.minute().cast("int64")), "month", "minute"),
        unplaced=count(tickets.filter(_.how_placed.isnull()), "channel", "month", "why_unplaced"),
        grace_hours=tuple(sorted({hour for entry in _camera_hours(city) for hour in entry.grace_hours})),
        areas=read_table(city, "areas"),
        arrivals=arrivals[arrivals.table.isin(USED)],
        whole=whole,
    )


def _camera_hours(city):
    return tuple(entry for entry in city.hours if entry.channel == CAMERAS)


def _with_grace(exposure, hours, connection):
    """The exposure, with `in_grace`: the hour lies wholly in a grace that fixed cameras have on that day."""
    cameras = exposure.filter(_.channel == CAMERAS)
    first, last = cameras.day.min().execute(), cameras.day.max().execute()
    if not hours or pd.isna(first):
        return exposure.mutate(in_grace=False)
    kind_of_day, states = timetable(hours, calendar.days(first, last))
    whole = (states == GRACE).reshape(len(states), 24, 60).all(axis=2)
    day, hour = np.nonzero(whole[kind_of_day])
    graces = pd.DataFrame({"channel": CAMERAS, "day": kind_of_day.index[day], "hour": hour, "in_grace": True})
    table = connection.create_table("hours_in_grace", graces, temp=True, overwrite=True).mutate(day=_.day.date())
    joined = exposure.left_join(table, ["channel", "day", "hour"])
    return joined.select(*exposure.columns, in_grace=ibis.coalesce(_.in_grace, False))


def _whole(choices, connection, tickets, exposure):
    city = choices.opened
    timed = tickets.filter(_.time_precision.isin(HOUR_KNOWN))
    placed = tickets.filter(_.how_placed.notnull())
    vehicles, parked, register_day = _vehicles(choices, connection, placed)
    return Whole(
        seen=_seen(city, connection, tickets, exposure),
        streets=read_table(city, "streets", ["street_id", "land_use", "geometry"]),
        names=placed.group_by("cell_x", "cell_y", "place_name")
        .agg(records=_.records.sum())
        .order_by("cell_x", "cell_y", "place_name")
        .to_pandas(),
        by_area_hour=count(timed.filter(_.area_name.notnull()), "channel", "area_name", "day", "hour"),
        by_cell_day=count(placed, "channel", "area_name", "cell_x", "cell_y", "day"),
        lots=_lots(city, connection),
        vehicles=vehicles,
        parked=parked,
        answers=_answers(choices, connection),
        register_day=register_day,
    )


def _seen(city, connection, tickets, exposure):
    placed = tickets.filter(_.how_placed.notnull() & _.time_precision.isin(HOUR_KNOWN))
    records = placed.order_by("source_file", "source_row").select(
        "channel",
        camera=ibis.ifelse(_.channel == CAMERAS, _.unit, ibis.null(str)),
        x=_.x,
        y=_.y,
        at=_.issued_at,
        exact=_.time_precision.isin(TO_THE_MINUTE),
        reporter=_.reporter_token,
        records=_.records,
        opens_stay=_.opens_stay,
    )
    records = records.to_pandas()
    number = pd.Series(pd.factorize(records["reporter"])[0], records.index)
    reports = count(tickets.filter(_.channel == CITIZENS), "day")
    by_area = exposure.filter((_.channel == "officer") | (_.basis == "own_trace"))
    return Seen(
        records=records.assign(reporter=number.where(number >= 0)),
        drives=_drives(city, connection),
        area_hours=hours_watched(by_area, "channel", "area_name", "month", "hour"),
        camera_hours=hours_watched(exposure.filter(_.channel == CAMERAS), "unit", "month", "hour", "in_grace"),
        reports_by_day=reports.assign(day=pd.to_datetime(reports["day"])).set_index("day")["records"],
        hours=_camera_hours(city),
    )


def _drives(city, connection):
    log = scan(city, "efforts", connection)
    log = log.filter(
        (_.looker == "patrol_car")
        & _.time_precision.isin(TO_THE_MINUTE)
        & (_.minutes > 0)
        & _.position_state.isin(TRUSTED)
    )
    fixes = to_5179(log).order_by("source_file", "source_row")
    return fixes.select(
        x=_.x.round(1),
        y=_.y.round(1),
        month=_.logged_at.strftime("%Y-%m"),
        hour=_.logged_at.hour().cast("int64"),
        watched_hours=_.minutes / 60,
    ).to_pandas()


def _lots(city, connection):
    lots = to_5179(scan(city, "lots", connection).filter(_.position_state.isin(TRUSTED) & _.spaces.notnull()))
    lots = lots.distinct(on="lot_id").order_by("lot_id").select("lot_id", "lot_name", "spaces", "x", "y").to_pandas()
    counted = scan(city, "lot_counts", connection).filter(_.time_precision.isin(HOUR_KNOWN))
    by_hour = counted.group_by("lot_id", hour=_.counted_at.hour().cast("int64")).agg(cars=_.cars.mean()).to_pandas()
    cars = by_hour.pivot(index="lot_id", columns="hour", values="cars").reindex(lots["lot_id"], columns=range(24))
    free = (lots.set_index("lot_id")["spaces"].astype(float).to_numpy()[:, None] - cars).clip(lower=0).round(6)
    return lots.drop(columns="lot_id").join(free.add_prefix("free_").reset_index(drop=True))


def _vehicles(choices, connection, placed):
    """Vehicles by how often they were seen in the period, their stays, and the day of the register of debts."""
    city, months = choices.opened, choices.months
    visits = scan_linked(city, "visits", connection)
    mine = visits.filter(_.plate_token.notnull() & (_.records > 0) & _.first_at.strftime("%Y-%m").isin(months))
    by_vehicle = mine.group_by("plate_token").agg(stays=_.count(), records=_.records.sum())
    debts, register_day = scan(city, "debts", connection), ""
    last_day = pd.Period(months[-1], "M").end_time.date()
    known = debts.filter(_.plate_token.notnull() & (_.snapshot_on <= last_day)).snapshot_on.max().execute()
    owes = ibis.null(bool)
    if not pd.isna(known):
        register_day = f"{known:%Y-%m-%d}"
        owing = debts.filter((_.snapshot_on == known) & _.plate_token.notnull()).select(debtor=_.plate_token).distinct()
        by_vehicle = by_vehicle.left_join(owing, by_vehicle.plate_token == owing.debtor)
        owes = _.debtor.notnull()
    table = by_vehicle.mutate(in_debt=owes).group_by("stays", "in_debt")
    table = table.agg(vehicles=_.count(), records=_.records.sum()).order_by("stays", "in_debt").to_pandas()
    often = by_vehicle.select("plate_token", often=_.stays >= SEEN_OFTEN, vehicle=_.plate_token.hash())
    stays = placed.filter(_.plate_token.notnull() & _.opens_stay & _.month.isin(months)).inner_join(
        often, "plate_token"
    )
    stays = stays.order_by("source_file", "source_row").select("x", "y", "vehicle", "often").to_pandas()
    return table, stays.assign(vehicle=pd.factorize(stays["vehicle"])[0]), register_day


def _answers(choices, connection):
    answered = scan(choices.opened, "citizen_reports", connection).filter(
        _.outcome.isin(["accepted", "partly", "rejected"])
        & _.position_state.isin(TRUSTED)
        & ~_.time_precision.isin(["year"])
        & _.reported_at.strftime("%Y-%m").isin(choices.months)
    )
    return to_5179(answered).select("x", "y", rejected=_.outcome == "rejected").to_pandas()
