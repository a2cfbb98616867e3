"""1_raw -> 2_clean: typed tables, with an account of every row, and no plate left.

python -m dansok.clean data/namyangju
"""

import tempfile
import time
import unicodedata
from pathlib import Path

import pandas as pd

from dansok.city import open_city
from dansok.clean.store import STAGING, files_of, kept_stamp, publish, read_table, remove_leftovers, scan, stamp
from dansok.clean.surprises import Surprise, unused_file
from dansok.clean.table import TableCleaner
from dansok.engine import connect
from dansok.tables import TABLES

__all__ = ["clean_city", "main", "read_table", "scan"]

MEMORY = "1536MiB"
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
    city.clean.mkdir(parents=True, exist_ok=True)
    remove_leftovers(city.clean)
    wanted = [table for table in TABLES.values() if table.stage == "2_clean" and city.sources_of(table.name)]
    # Areas first: they tell where a city's coordinates may lie.
    wanted.sort(key=lambda table: table.name != "areas")
    done, used = {}, set()
    with tempfile.TemporaryDirectory(dir=city.clean, prefix=STAGING) as folder:
        staging = Path(folder)
        areas_stamp = None
        for table in wanted:
            started = time.perf_counter()
            new = stamp(city, table, areas_stamp)
            if table.name == "areas":
                areas_stamp = new
            used.update(name for files in new["files"].values() for name in files)
            if kept_stamp(city.clean, table.name) == new:
                tell(f"{table.name}: 바뀐 것 없음, up to date")
                continue
            cleaned = _clean_table(city, table, staging, _areas(city, staging))
            done[table.name] = cleaned, new
            seconds = time.perf_counter() - started
            tell(
                f"{table.name} {table.ko}: {cleaned.rows_in:,} in, {cleaned.kept:,} kept, {cleaned.rejected:,} rejected "
                f"({seconds:.1f} s)"
            )
        names = {table.name for table in wanted}
        others = [table.name for table in TABLES.values() if table.stage == "2_clean" and table.name not in names]
        gone = [name for name in others if any((city.clean / file).exists() for file in files_of(name))]
        publish(city.clean, staging, done, gone, _unused_files(city, used))


def _clean_table(city, table, staging, areas):
    connection = connect()
    # What does not fit into memory is spilled into the staging folder, which goes with all that it holds.
    spill = (staging / "spill").as_posix().replace("'", "''")
    connection.raw_sql(f"SET temp_directory = '{spill}'")
    connection.raw_sql(f"SET memory_limit = '{MEMORY}'")
    try:
        return TableCleaner(connection, city, table, staging, areas).clean()
    finally:
        connection.disconnect()


def _areas(city, staging):
    """The city's areas: those of this run, else those that lie there."""
    for folder in (staging, city.clean):
        path = folder / "areas.parquet"
        if city.sources_of("areas") and path.is_file():
            return pd.read_parquet(path)
    return pd.DataFrame({"area_name": [], "geometry": []}, dtype="str")


def _unused_files(city, used):
    found = []
    for path in sorted(city.raw.rglob("*")):
        name = unicodedata.normalize("NFC", path.relative_to(city.raw).as_posix())
        litter = any(part.startswith(LITTER) for part in name.split("/"))
        if path.is_file() and not litter and name not in used:
            found.append(Surprise("", "", "unused_file", 0, unused_file(name)))
    return found
