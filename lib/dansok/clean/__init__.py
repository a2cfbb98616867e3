"""1_raw -> 2_clean: typed tables, with an account of every row, and no plate left.

python -m dansok.clean data/namyangju
"""

import os
import tempfile
import time
import unicodedata
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from dansok.city import open_city
from dansok.clean.pool import two_processes
from dansok.clean.store import (
    STAGING,
    empty_table,
    files_of,
    kept_stamp,
    publish,
    read_table,
    refuse_lost_key,
    remove_leftovers,
    scan,
    stamp,
)
from dansok.clean.surprises import Surprise, unused_file
from dansok.clean.table import TableCleaner
from dansok.engine import connect
from dansok.sources import matching_files
from dansok.tables import TABLES

__all__ = ["clean_city", "main", "read_table", "scan"]

MEMORY_MIB = 1536
# Raw files of so many bytes are cleaned two tables at a time: with less, two processes take longer to start than they save; with more,
# one table may need all the memory.
WORTH_TWO = (20_000_000, 1_000_000_000)
FIRST = ("areas", "debts", "vehicles")
LITTER = ("~$", ".", "__MACOSX", "Thumbs.db")


def main(arguments):
    """Clean the city folder that is named, a line a table."""
    if len(arguments) != 1:
        raise SystemExit("usage: python -m dansok.clean CITY_FOLDER")
    clean_city(open_city(arguments[0]), tell=print)


def clean_city(city, tell=lambda line: None):
    """Make 2_clean from 1_raw, as far as anything changed.

    Every table is written under other names first; if one cannot be made, none is replaced.

    Parameters
    ----------
    city : dansok.city.City
    tell : callable
        Takes a line a table, such as "tickets: 5 in, 4 kept, 1 rejected (0.1 s)".

    Raises
    ------
    Refusal
        If a file cannot be read, a category holds a value that city.toml does not map, or the key cannot be used.
    """
    refuse_lost_key(city)
    city.clean.mkdir(parents=True, exist_ok=True)
    remove_leftovers(city.clean)
    wanted = [table for table in TABLES.values() if table.stage == "2_clean" and city.sources_of(table.name)]
    # Areas first: they tell where a city's coordinates may lie.
    # Then what tells of which vehicles old rows stay.
    wanted.sort(key=lambda table: FIRST.index(table.name) if table.name in FIRST else len(FIRST))
    done, used, stamps = {}, set(), {}
    for table in wanted:
        new = stamp(city, table, {name: stamps.get(name) for name in _cleaned_before(city, table)})
        stamps[table.name] = new
        used.update(name for files in new["files"].values() for name in files)
    changed = [table for table in wanted if kept_stamp(city.clean, table.name) != stamps[table.name]]
    with tempfile.TemporaryDirectory(dir=city.clean, prefix=STAGING) as folder:
        staging = Path(folder)
        with _cleaning(city, changed, staging) as result_of:
            for table in wanted:
                if table not in changed:
                    tell(f"{table.name}: 바뀐 것 없음, up to date")
                    continue
                cleaned, seconds = result_of(table)
                done[table.name] = cleaned, stamps[table.name]
                tell(
                    f"{table.name} {table.ko}: {cleaned.rows_in:,} in, {cleaned.kept:,} kept, {cleaned.rejected:,} rejected"
                    f"{f', {cleaned.forgotten:,} forgotten' if cleaned.forgotten else ''} ({seconds:.1f} s)"
                )
        names = {table.name for table in wanted}
        others = [table.name for table in TABLES.values() if table.stage == "2_clean" and table.name not in names]
        gone = [name for name in others if any((city.clean / file).exists() for file in files_of(name))]
        publish(city.clean, staging, done, gone, _unused_files(city, used))


def _cleaned_before(city, table):
    """Names of the tables that this one is cleaned with."""
    names = FIRST[: FIRST.index(table.name)] if table.name in FIRST else FIRST
    return [name for name in names if name == "areas" or (city.forgotten_before and table.needed_for)]


@contextmanager
def _cleaning(city, tables, staging):
    """A function that gives what was cleaned of a table, and the seconds it took.

    Where it pays, two processes clean the tables, those with the largest files first; else each is cleaned here when it is asked for.
    """
    needed = {name for table in tables for name in _cleaned_before(city, table)}
    firsts = [table for table in tables if table.name in needed]
    raw_bytes = {table.name: _raw_bytes(city, table) for table in tables if table not in firsts}
    least, most = WORTH_TWO
    if len(raw_bytes) < 2 or not least <= sum(raw_bytes.values()) <= most:
        yield lambda table: _clean_table(city, table.name, staging)
        return
    done = {table.name: _clean_table(city, table.name, staging) for table in firsts}
    with two_processes() as pool:
        largest_first = sorted(raw_bytes, key=raw_bytes.get, reverse=True)
        going = {name: pool.submit(_clean_table, city, name, staging, at_once=2) for name in largest_first}
        yield lambda table: done.get(table.name) or going[table.name].result()


def _raw_bytes(city, table):
    files = (matching_files(source, city.raw) for source in city.sources_of(table.name))
    return sum(path.stat().st_size for of_source in files for path in of_source.values())


def _clean_table(city, name, staging, at_once=1):
    """What was cleaned, and the seconds it took, where so many tables share the memory and the cores."""
    started = time.perf_counter()
    table, connection = TABLES[name], connect()
    # What does not fit into memory is spilled into the staging folder, which goes with all that it holds.
    spill = (staging / f"{name}.spill").as_posix().replace("'", "''")
    connection.raw_sql(f"SET temp_directory = '{spill}'")
    connection.raw_sql(f"SET memory_limit = '{MEMORY_MIB // at_once}MiB'")
    if at_once > 1:
        connection.raw_sql(f"SET threads = {max((os.cpu_count() or 1) // at_once, 1)}")
    try:
        names = [name for name in _cleaned_before(city, table) if name != "areas"]
        cleaned = {name: _cleaned(city, staging, name, connection) for name in names}
        made = TableCleaner(connection, city, table, staging, _areas(city, staging), cleaned).clean()
    finally:
        connection.disconnect()
    return made, time.perf_counter() - started


def _path(city, staging, name):
    """Where a table that was cleaned before lies: that of this run, else the one of before; None if there is none (yet)."""
    paths = [folder / f"{name}.parquet" for folder in (staging, city.clean)]
    return next((path for path in paths if city.sources_of(name) and path.is_file()), None)


def _areas(city, staging):
    path = _path(city, staging, "areas")
    return pd.read_parquet(path) if path else pd.DataFrame({"area_name": [], "geometry": []}, dtype="str")


def _cleaned(city, staging, name, connection):
    path = _path(city, staging, name)
    return connection.read_parquet(path) if path else empty_table(name)


def _unused_files(city, used):
    found = []
    for path in sorted(city.raw.rglob("*")):
        name = unicodedata.normalize("NFC", path.relative_to(city.raw).as_posix())
        litter = any(part.startswith(LITTER) for part in name.split("/"))
        if path.is_file() and not litter and name not in used:
            found.append(Surprise("", "", "unused_file", 0, unused_file(name)))
    return found
