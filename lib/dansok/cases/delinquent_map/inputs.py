"""What the case reads: counted in the engine until the tables are small."""

from dataclasses import dataclass

import ibis
import pandas as pd
from ibis import _

from dansok.choices import arrivals_told
from dansok.clean import read_table, scan
from dansok.engine import connect
from dansok.korea import calendar
from dansok.link import scan_linked
from dansok.link.arrears import SOURCES, Arrears
from dansok.link.bearers import bearers_of, spells_of, with_vehicle
from dansok.link.debtors import in_arrears
from dansok.link.near import near_misses
from dansok.link.registers import arrears_as_of
from dansok.space import read_areas
from dansok.tables import READERS
from dansok.words import Refusal

USED = (
    "debts",
    "payments",
    "vehicles",
    "outcomes",
    "sightings",
    "tickets",
    "cameras",
    "lots",
    "efforts",
    "areas",
    "addresses",
)
PLACE_CELLS = 2  # sides of a place in grid cells: where a crew can wait, and no finer than fixes of cars tell
MAP_CELLS = 5  # sides of a cell of the map
NEAR_METRES, FAR_METRES = 2_000, 5_000
SAID_OFTEN = (1, 2, 5, 10)  # records from which on a vehicle is counted as recorded so often


@dataclass(frozen=True)
class Inputs:
    """Small tables, whatever the size of the city. A look is a visit with a plate read: whoever was there, in arrears or not.

    Attributes
    ----------
    held : dansok.link.arrears.Arrears
        Who is in arrears on the day of the question.
    first_day : pd.Timestamp
        First day of the period on which a register was in hand; missing if there is none.
    delinquent : pd.DataFrame, one row a visit of a vehicle in arrears on that day, by readers and in records
        `vehicle`, `first_at`, `looker`, `records`, `reads`, `cell_x`, `cell_y`, `area_name`, `eligible`, `month`, `hour`, `rest_day`.
    looks : dict of str -> pd.DataFrame
        Looks from `first_day` on, whosever: by `area_hour`, `map`, `looker`; and `place_hour` by month.
    all_visits : pd.DataFrame
        Visits of the period by `looker`, with and without reads: `visits`.
    own_visits : pd.DataFrame, indexed by vehicle
        Visits in the period of each vehicle that is in arrears on the day: `visits`, `looks`.
    history : pd.DataFrame
        `tables.DEBTORS` until the day; `seizures`: `vehicle`, `acted_at`.
    home : pd.DataFrame
        Looks by `debtor` (bool) and `far`: "same", "near", "mid", "far", by the distance from the middle of the home 읍면동.
    recorded : pd.DataFrame
        Vehicles by `records` in the period (lower end of the class) and `debtor`: `vehicles`.
    parking : pd.DataFrame
        Records of illegal parking by place: `place_x`, `place_y`, `records`.
    watched : pd.DataFrame
        Hours of readers by `looker`, place, `month` and slot-giving `rest_day`, `hour`; `read`: what they read there.
    """

    held: Arrears
    first_day: pd.Timestamp
    delinquent: pd.DataFrame
    looks: dict
    all_visits: pd.DataFrame
    own_visits: pd.DataFrame
    history: pd.DataFrame
    seizures: pd.DataFrame
    home: pd.DataFrame
    recorded: pd.DataFrame
    parking: pd.DataFrame
    watched: pd.DataFrame
    near: pd.DataFrame
    place_names: dict  # (place_x, place_y) -> the name that most records there give
    reads_ledger: dict
    areas: pd.DataFrame
    arrivals: pd.DataFrame
    cell_metres: int


def load(choices):
    """Count the linked tables of the city for the period, and ask who is in arrears on its last day."""
    city, connection = choices.opened, connect()
    areas = read_table(city, "areas")
    held = arrears_as_of(city, choices.as_of)
    if len(held.vehicles) < choices.smallest_count:
        raise Refusal(
            f"{city.folder.name}: {choices.as_of:%Y-%m-%d} 현재 체납차량이 {choices.smallest_count}대 미만이라 통계를 낼 수 없습니다.",
            f"{city.folder.name}: on {choices.as_of:%Y-%m-%d} fewer than {choices.smallest_count} vehicles are in arrears: no statistics.",
        )
    linked = {
        name: scan_linked(city, name, connection)
        for name in ("visits", "debtors", "debtor_visits", "placed_tickets", "placed_sightings", "watched_cells")
    }
    clean = {name: scan(city, name, connection) for name in (*SOURCES, "sightings")}
    begins, ends = pd.Timestamp(f"{choices.months[0]}-01"), choices.as_of
    first = linked["debtors"].snapshot_on.min().execute()
    first_day = max(begins, pd.Timestamp(first))
    days = kinds_of_days(connection, begins, ends)
    known = linked["visits"].filter(_.plate_token.notnull() & between(_.first_at, first_day, ends))
    looks = with_time(known.filter(_.reads > 0), days)
    theirs = linked["debtor_visits"].filter(between(_.first_at, first_day, ends))
    delinquent = with_time(in_arrears(theirs, linked["debtors"]), days)
    place = {f"place_{axis}": (_[f"cell_{axis}"] // PLACE_CELLS) for axis in "xy"}
    tile = {f"cell_{axis}": (_[f"cell_{axis}"] // MAP_CELLS) for axis in "xy"}
    visits = linked["debtor_visits"].filter(between(_.first_at, begins, ends))
    arrivals, parking = arrivals_told(city), parking_records(linked["placed_tickets"], place, begins, ends)
    by_looker = _counted(looks, "looks", "looker")
    return Inputs(
        held=held,
        first_day=first_day,
        delinquent=delinquent.select(
            "visit_id", "vehicle", "first_at", "looker", "records", "reads", "cell_x", "cell_y", "area_name", "eligible", "month",
            "hour", "rest_day",
        ).order_by("visit_id").to_pandas(),
        looks={
            "area_hour": _counted(looks, "looks", "area_name", "hour"),
            "map": _counted(looks.mutate(**tile), "looks", "cell_x", "cell_y"),
            "looker": by_looker,
            "place_hour": _counted(looks.mutate(**place), "looks", "place_x", "place_y", "hour", "month"),
        },
        all_visits=_counted(known, "visits", "looker"),
        own_visits=_own_visits(visits, held),
        history=linked["debtors"].filter(_.snapshot_on <= ends.date()).order_by("snapshot_on", "vehicle").to_pandas(),
        seizures=seizures_until(connection, clean, ends),
        home=_home(connection, looks, clean["vehicles"], held, read_areas(areas)),
        recorded=_recorded(connection, linked["placed_tickets"], held, begins, ends),
        parking=parking.groupby(["place_x", "place_y"], as_index=False)["records"].sum(),
        place_names=place_names(parking),
        watched=watched_places(linked, days, place, choices.months),
        near=near_misses(clean["debts"], clean["sightings"], clean["vehicles"], begins.date(), ends.date()),
        reads_ledger=_reads_ledger(clean["sightings"], linked["placed_sightings"], by_looker, begins, ends),
        areas=areas,
        arrivals=arrivals[arrivals.table.isin(USED)],
        cell_metres=city.cell_metres,
    )  # fmt: skip


def between(moment, first, last):
    """From the start of one day to the end of another."""
    return (moment >= first) & (moment < last + pd.Timedelta(days=1))


def kinds_of_days(connection, first, last):
    """Days of a period as a table of the engine: `on`, `rest_day`."""
    days = calendar.days(first, last)
    frame = pd.DataFrame({"on": days["date"].dt.date, "rest_day": ~days["is_working_day"]})
    return connection.create_table(
        "map_days", frame, schema={"on": "date", "rest_day": "boolean"}, temp=True, overwrite=True
    )


def with_time(visits, days):
    """Visits with `on`, `month`, `hour` of their first moment, and `rest_day` of the day."""
    dated = visits.mutate(
        on=_.first_at.date(), month=_.first_at.strftime("%Y-%m"), hour=_.first_at.hour().cast("int64")
    )
    return dated.inner_join(days, "on")


def _counted(table, name, *by):
    return table.group_by(*by).agg(**{name: _.count()}).order_by(*by).to_pandas()


def _texts(connection, name, **columns):
    frame = pd.DataFrame({key: pd.Series(list(values), dtype="str") for key, values in columns.items()})
    return connection.create_table(name, frame, schema=dict.fromkeys(columns, "string"), temp=True, overwrite=True)


def _own_visits(visits, held):
    counted = visits.group_by("vehicle").agg(visits=_.count(), looks=(_.reads > 0).sum()).to_pandas()
    own = counted.set_index("vehicle").reindex(held.vehicles.index, fill_value=0)
    return own.astype("int64")


def seizures_until(connection, clean, last):
    """Plates taken until a day: `vehicle`, `acted_at`."""
    acts = clean["outcomes"].filter(
        (_.action == "seized") & _.plate_token.notnull() & (_.acted_at.date() <= last.date())
    )
    bearers = bearers_of(spells_of(clean["vehicles"].semi_join(acts, "plate_token"), last.date()))
    done = with_vehicle(acts.select("plate_token", "acted_at"), "acted_at", bearers)
    return done.select("vehicle", "acted_at").order_by("acted_at", "vehicle").to_pandas()


def _home(connection, looks, vehicles, held, areas):
    """Looks at registered vehicles by how far from the middle of their 읍면동."""
    middles = areas.geometry.representative_point()
    spots = pd.DataFrame({"home_area": areas["area_name"].astype("str"), "home_x": middles.x, "home_y": middles.y})
    types = {"home_area": "string", "home_x": "float64", "home_y": "float64"}
    spots = connection.create_table("map_spots", spots, schema=types, temp=True, overwrite=True)
    # A spell without a home still ends the one before it.
    spells = spells_of(vehicles).filter(_.home_area.notnull())
    at_home = spells.select(
        home_plate=_.plate_token, since=_.from_day, until=_.to_day, of="vehicle", home_area="home_area"
    )
    day = looks.first_at.date()
    found = looks.inner_join(
        at_home, [looks.plate_token == at_home.home_plate, day >= at_home.since, day < at_home.until]
    ).inner_join(spots, "home_area")
    east, north = _.x - _.home_x, _.y - _.home_y
    debtors = _texts(connection, "map_debtors", owing=held.vehicles.index)
    found = found.mutate(away=east * east + north * north).left_join(debtors, found.of == debtors.owing)
    far = ibis.cases(
        (_.area_name == _.home_area, "same"),
        (_.away < NEAR_METRES**2, "near"),
        (_.away < FAR_METRES**2, "mid"),
        else_="far",
    )
    return _counted(found.mutate(far=far, debtor=_.owing.notnull()), "looks", "debtor", "far")


def _recorded(connection, tickets, held, first, last):
    own = tickets.filter(_.plate_token.notnull() & between(_.issued_at, first, last)).group_by("plate_token")
    counted = own.agg(n=_.records.sum())
    plates = _texts(connection, "map_plates", owing=held.vehicles["plate_token"].dropna().unique())
    counted = counted.left_join(plates, counted.plate_token == plates.owing)
    often = ibis.cases(*((_.n >= least, least) for least in reversed(SAID_OFTEN)))
    classed = counted.filter(_.n > 0).mutate(records=often, debtor=_.owing.notnull())
    return _counted(classed, "vehicles", "records", "debtor")


def parking_records(tickets, place, first, last):
    """Records of illegal parking by place and its name: `place_x`, `place_y`, `place_name`, `records`."""
    placed = tickets.filter(_.cell_x.notnull() & between(_.issued_at, first, last)).mutate(**place)
    by = ("place_x", "place_y", "place_name")
    return placed.group_by(*by).agg(records=_.records.sum()).order_by(*by).to_pandas()


def place_names(parking):
    """(place_x, place_y) -> the name that most records there give."""
    named = parking.dropna(subset=["place_name"]).sort_values(["records", "place_name"], ascending=[False, True])
    first = named.drop_duplicates(["place_x", "place_y"])
    return {(row.place_x, row.place_y): row.place_name for row in first.itertuples()}


def watched_places(linked, days, place, months):
    """Hours of the readers by place, and how many plates each read there."""
    by = ("looker", "place_x", "place_y", "month", "rest_day", "hour")
    hours = linked["watched_cells"].filter(_.looker.isin(list(READERS)) & _.month.isin(months)).mutate(**place)
    hours = hours.group_by(*by).agg(hours=_.watched_hours.sum().round(6), read=ibis.literal(0, "int64"))
    reads = linked["placed_sightings"].filter(_.reader_kind.isin(list(READERS)))
    reads = with_time(reads.mutate(first_at=_.seen_at, looker=_.reader_kind), days).mutate(**place)
    reads = reads.group_by(*by).agg(hours=ibis.literal(0.0), read=_.count())
    both = hours.select(*by, "hours", "read").union(reads.select(*by, "hours", "read"))
    return both.group_by(*by).agg(hours=_.hours.sum(), read=_.read.sum()).order_by(*by).to_pandas()


def _reads_ledger(sightings, placed, looks_by_looker, first, last):
    own = sightings.filter(between(_.seen_at, first, last))
    return {
        "came": int(own.count().execute()),
        "plate_not_read": int(own.filter(_.plate_token.isnull()).count().execute()),
        "placed": int(placed.filter(between(_.seen_at, first, last)).count().execute()),
        "looks": int(looks_by_looker["looks"].sum()),
    }
