"""2_clean -> 3_linked: a place for each record, the exposure behind the counts, and visits.

python -m dansok.link FOLDER
"""

import hashlib
import os
import shutil
import time
from functools import reduce
from pathlib import Path

import ibis
import pandas as pd
from ibis import _

from dansok.city import open_city
from dansok.clean import read_table, scan
from dansok.clean.rows import ibis_type
from dansok.engine import connect
from dansok.korea import calendar
from dansok.link import arrears
from dansok.link import notes as said
from dansok.link.debtors import debtors_of, visits_of_debtors
from dansok.link.efforts import counted_minutes, placed_efforts, watched_areas, watched_cells
from dansok.link.exposure import TO_THE_MINUTE, cameras_watched, car_watched, unwatched_records
from dansok.link.places import ambiguous_keys, camera_spells, place
from dansok.link.sightings import gate_hours, place_sightings
from dansok.link.visits import group_visits, with_opens_stay
from dansok.space import read_areas
from dansok.tables import DEBTORS, EXPOSURE, PLACED_SIGHTINGS, PLACED_TICKETS, TABLES
from dansok.words import Refusal

NEEDED = ("tickets", "cameras", "addresses", "areas", "efforts", "sightings", "lots")
WRITTEN = (
    "placed_tickets", "exposure", "watched_cells", "placed_sightings", "visits", "debtors", "debtor_visits", "match_rates",
    "exposure_notes",
)  # fmt: skip
STAMP = "stamp.txt"
CODE = ("link", "space.py", "tables.py", "korea")


def main(arguments):
    if len(arguments) != 1:
        raise Refusal("사용법: python -m dansok.link 도시폴더", "Usage: python -m dansok.link FOLDER")
    started = time.monotonic()
    city = open_city(arguments[0])
    stamp = _stamp(city)
    if _up_to_date(city, stamp):
        print(f"{city.id} 3_linked: up to date")
        return
    counts = link(city, stamp)
    print(
        f"{city.id} 3_linked: {counts['rows']:,} rows, {counts['placed']:,} placed, {counts['exposure']:,} rows of exposure, "
        f"{counts['visits']:,} visits, {counts['debtors']:,} vehicles in arrears, {time.monotonic() - started:.1f} s"
    )


def link(city, stamp=None):
    """Link a city's clean tables and replace its 3_linked by the result.

    Parameters
    ----------
    city : City
    stamp : str, optional
        What the result is made from, kept beside it, if it was worked out already.

    Returns
    -------
    dict of str -> int
        `rows`, `placed`, `exposure` (rows), `visits`, `debtors` (vehicles ever in arrears).

    Raises
    ------
    Refusal
        If 2_clean is missing.
    """
    if not city.clean.is_dir():
        raise Refusal(
            f"{city.folder.name}/2_clean이 없습니다. 먼저 python -m dansok.clean을 실행하세요.",
            f"There is no {city.folder.name}/2_clean. Run python -m dansok.clean first.",
        )
    stamp = stamp or _stamp(city)
    part = city.folder / "3_linked.part"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    connection = connect()
    # What does not fit into memory is spilled beside the result, not into the folder of whoever called.
    spill = (part / "spill").as_posix().replace("'", "''")
    connection.raw_sql(f"SET temp_directory = '{spill}'")
    clean = {name: scan(city, name, connection) for name in NEEDED if name != "areas"}
    counts = link_tables(connection, **clean, areas=read_areas(read_table(city, "areas")), city=city, folder=part)
    counts |= link_tax_side(connection, {name: scan(city, name, connection) for name in arrears.SOURCES}, city, part)
    connection.disconnect()
    shutil.rmtree(part / "spill", ignore_errors=True)
    (part / STAMP).write_text(stamp, encoding="utf-8")
    _replace(city.linked, part)
    return counts


def link_tables(connection, tickets, cameras, addresses, efforts, sightings, lots, areas, city, folder):
    """Write the linked tables of given clean ones into `folder`.

    Parameters
    ----------
    connection : ibis backend
    tickets, cameras, addresses, efforts, sightings, lots : ibis.Table
        As `tables` describes, of this connection.
    areas : geopandas.GeoDataFrame
    city : City
    folder : Path
        Must be there.

    Returns
    -------
    dict of str -> int
        `rows`, `placed`, `exposure`, `visits`.
    """
    spells = camera_spells(cameras)
    placed = with_opens_stay(place(connection, tickets, cameras, addresses, areas, city))
    order = [column.name for column in PLACED_TICKETS.stored]
    placed.select(*order).order_by(PLACED_TICKETS.key).to_parquet(folder / "placed_tickets.parquet", compression="zstd")
    placed = connection.read_parquet(folder / "placed_tickets.parquet")

    rates = match_rates(placed)
    came, went = int(tickets.count().execute()), int(rates["rows"].sum())
    if came != went:
        raise ValueError(f"{came} rows came, {went} were placed or not")
    rates.to_parquet(folder / "match_rates.parquet", index=False)

    seen = place_sightings(connection, sightings, spells, lots, areas, city)
    seen.order_by(PLACED_SIGHTINGS.key).to_parquet(folder / "placed_sightings.parquet", compression="zstd")
    seen = connection.read_parquet(folder / "placed_sightings.parquet")

    hours = tuple(entry for entry in city.hours if entry.channel == "fixed_camera")
    watch = cameras_watched(connection, placed, spells, hours)
    looked = placed_efforts(connection, efforts, areas, city)
    looked = connection.create_table("link_looked", looked, temp=True, overwrite=True)
    exposure = _exposure(watch, looked, placed)
    exposure.order_by(EXPOSURE.key).to_parquet(folder / "exposure.parquet", compression="zstd")
    exposure = connection.read_parquet(folder / "exposure.parquet")
    cells = watched_cells(
        connection, looked, watch and watch.hours, _camera_cells(spells, city.cell_metres), gate_hours(connection, seen),
        _rest_days(placed, looked, seen),
    )  # fmt: skip
    cells.to_parquet(folder / "watched_cells.parquet", compression="zstd")
    visits = group_visits(placed, seen, city.cell_metres)
    visits.to_parquet(folder / "visits.parquet", compression="zstd")

    told = _notes(placed, exposure, looked, addresses, spells, watch, city)
    told.to_parquet(folder / "exposure_notes.parquet", index=False)
    return {
        "rows": came,
        "placed": int(rates.loc[rates["how_placed"].notna(), "rows"].sum()),
        "exposure": int(exposure.count().execute()),
        "visits": int(connection.read_parquet(folder / "visits.parquet").count().execute()),
    }


def link_tax_side(connection, clean, city, folder):
    """Write the linked tables of the tax side into a folder that holds the visits.

    Parameters
    ----------
    connection : ibis backend
    clean : dict of str -> ibis.Table
        `arrears.SOURCES`, of this connection; without rows where a city has none.
    city : City
    folder : Path

    Returns
    -------
    dict of str -> int
        `debtors`: vehicles that ever stood in a register.
    """
    debtors = debtors_of(connection, clean, city.rules_of)
    as_stored = {column.name: ibis_type(column) for column in DEBTORS.stored}
    ibis.memtable(debtors).cast(as_stored).to_parquet(folder / "debtors.parquet", compression="zstd")
    visits = connection.read_parquet(folder / "visits.parquet")
    theirs = visits_of_debtors(connection, visits, clean["vehicles"], debtors)
    theirs.to_parquet(folder / "debtor_visits.parquet", compression="zstd")
    return {"debtors": debtors["vehicle"].nunique()}


def match_rates(placed):
    """How the rows of each source got their place, or why they got none.

    Returns
    -------
    pd.DataFrame, one row a source, channel and way
        `source`, `channel`, `how_placed` or `why_unplaced` (the other is missing), `rows`, `records`.
    """
    by = ("source", "channel", "how_placed", "why_unplaced")
    return placed.group_by(*by).agg(rows=_.count(), records=_.records.sum()).order_by(*by).to_pandas()


def _exposure(watch, looked, placed):
    """Cameras by timetable and records, cars and officers by their logs; a car without a log by its own records."""
    order = [column.name for column in EXPOSURE.stored]
    logged = watched_areas(looked)
    parts = [logged.select(*order)]
    if not looked.filter(_.looker == "patrol_car").count().execute():
        trace = car_watched(placed).mutate(channel=ibis.literal("mobile_camera"), basis=ibis.literal("own_trace"))
        parts.append(trace.select(*order))
    if watch is not None:
        cameras = watch.hours.mutate(channel=ibis.literal("fixed_camera"), basis=ibis.literal("hours"))
        parts.append(cameras.select(*order))
    return reduce(lambda a, b: a.union(b), parts)


def _camera_cells(spells, cell_metres):
    """Grid cell of each listed camera in each of its spells: `unit`, `from_day`, `to_day` (not included), `cell_x`, `cell_y`."""
    known = spells.dropna(subset=["camera_x", "camera_y"])
    cells = {f"cell_{axis}": (known[f"camera_{axis}"] // cell_metres).astype("int64") for axis in "xy"}
    return known[["from_day", "to_day"]].assign(unit=known["camera_id"], **cells)


def _rest_days(*tables):
    """`day`, `rest_day` over all days on which anything was seen, and the one after: a shift may end past midnight."""
    moments = [table[name] for table, name in zip(tables, ("issued_at", "logged_at", "seen_at"), strict=True)]
    ends = [(at.min().execute(), at.max().execute()) for at in moments]
    known = [day for pair in ends for day in pair if not pd.isna(day)]
    if not known:
        return pd.DataFrame({"day": pd.to_datetime(["2000-01-01"]).date, "rest_day": True})
    days = calendar.days(min(known), max(known) + pd.Timedelta(days=1))
    return pd.DataFrame({"day": days["date"].dt.date, "rest_day": ~days["is_working_day"]})


def _notes(placed, exposure, looked, addresses, spells, watch, city):
    channels = (
        placed.group_by("channel", "source").agg(records=_.records.sum()).order_by("channel", "source").to_pandas()
    )
    notes = said.Notes(channels.groupby("channel")["source"].agg(", ".join).to_dict())
    records = channels.groupby("channel")["records"].sum().to_dict()
    logs = looked.mutate(counted=counted_minutes()).group_by("looker")
    logs = logs.agg(minutes=_.counted.sum(), longer=(_.minutes > _.counted).sum()).to_pandas().set_index("looker")
    said.of_effort(notes, records, city.hours, logs["minutes"], logs["longer"].sum())
    if watch is not None:
        cameras = placed.filter((_.channel == "fixed_camera") & _.camera_id.isnull() & _.place_as_sent.notnull())
        said.of_cameras(notes, watch, spells, int(cameras.records.sum().fill_null(0).execute()))
    inexact = placed.filter(~_.time_precision.isin(TO_THE_MINUTE) & _.channel.isin(["fixed_camera", "mobile_camera"]))
    of_channel = inexact.group_by("channel").agg(records=_.records.sum()).order_by("channel").to_pandas()
    said.of_records(notes, unwatched_records(placed, exposure), of_channel)
    notes.add("placed_tickets", "", "ambiguous_addresses", ambiguous_keys(addresses))
    unplaced = placed.filter(_.how_placed.isnull()).group_by("channel").agg(records=_.records.sum()).order_by("channel")
    said.of_visits(notes, unplaced.to_pandas())
    return notes.frame()


def read_linked(city, name, columns=None):
    """A table of 3_linked.

    Parameters
    ----------
    city : City
    name : str
        A table of the stage 3_linked.
    columns : list of str, optional
        Only these.

    Returns
    -------
    pd.DataFrame

    Raises
    ------
    Refusal
        If the city was not linked yet.
    """
    table = scan_linked(city, name, connect())
    return (table.select(*columns) if columns else table).to_pandas()


def scan_linked(city, name, connection):
    """A table of 3_linked as an Ibis table of `connection`, nothing read yet; see `read_linked`."""
    if name not in TABLES or TABLES[name].stage != "3_linked":
        raise ValueError(f"3_linked has no table {name!r}")
    return connection.read_parquet(_written(city, name))


def read_match_rates(city):
    """As `match_rates` returns, of a linked city."""
    return _read_small(city, "match_rates")


def read_exposure_notes(city):
    """What the exposure rests on and leaves open.

    Returns
    -------
    pd.DataFrame, one row a note
        `table`, `channel`, `source` (names of the channel's sources), `kind`, `rows`, and the sentence, `ko` and `en`.
    """
    return _read_small(city, "exposure_notes")


def _read_small(city, name):
    return connect().read_parquet(_written(city, name)).to_pandas()


def _written(city, name):
    path = city.linked / f"{name}.parquet"
    if not path.is_file():
        raise Refusal(
            f"{city.folder.name}/3_linked/{path.name} 파일이 없습니다. python -m dansok.link를 실행하세요.",
            f"There is no {city.folder.name}/3_linked/{path.name}. Run python -m dansok.link.",
        )
    return path


def _stamp(city):
    """Hash of everything the result is made from: the clean tables, city.toml and the code."""
    package = Path(__file__).resolve().parents[1]
    files = [city.folder / "city.toml", *(city.clean / f"{name}.parquet" for name in (*NEEDED, *arrears.SOURCES))]
    for name in CODE:
        path = package / name
        files += sorted(one for one in path.rglob("*") if one.suffix in (".py", ".toml")) if path.is_dir() else [path]
    whole = hashlib.sha256()
    for path in files:
        if path.is_file():
            with path.open("rb") as file:
                whole.update(f"{path.name} {hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return whole.hexdigest()


def _up_to_date(city, stamp):
    written = all((city.linked / f"{name}.parquet").is_file() for name in WRITTEN)
    path = city.linked / STAMP
    return written and path.is_file() and path.read_text(encoding="utf-8") == stamp


def _replace(folder, part):
    old = folder.with_name(f"{folder.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        os.replace(folder, old)
    os.replace(part, folder)
    shutil.rmtree(old, ignore_errors=True)
