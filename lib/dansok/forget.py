"""Delete what is older than the office may keep, for good, and show that it is gone: python -m dansok.forget CITY [YYYY-MM-DD].

Field lists whose day of destruction has come, and the vehicles of old plans, go whenever it is asked (`field_list.expiry`); rows of
before a day only if the day is told.

`clean` leaves out every personal row of before the day (`tables.Table.ages_by`), and so does `link` of what `clean` leaves; the day
is written to `forgotten.json` in the city folder, so that no later run brings them back from 1_raw. 1_raw itself is never
touched: which of its files still hold such rows is told, and the office deletes them.
"""

import json
import os
import shutil
import sys
from dataclasses import dataclass
from datetime import date, datetime

import pandas as pd
import pyarrow.parquet as pq
from ibis import _

from dansok.city import FORGOTTEN, open_city
from dansok.clean import clean_city, read_table
from dansok.clean.retention import personal
from dansok.engine import connect
from dansok.field_list import now_here
from dansok.field_list.expiry import MEETINGS, remove_expired
from dansok.field_list.plan import last_day
from dansok.link import link
from dansok.tables import TABLES
from dansok.words import Refusal, exit_on_refusal

OF_VEHICLES = ("vehicle", "plate_token")
REJECTED = ".rejected"


@dataclass(frozen=True)
class Forgotten:
    """What was deleted.

    Attributes
    ----------
    before : datetime.date
    tables : pd.DataFrame, one row a table with personal rows
        `stage`, `table`, `ko`; `before` and `after` (rows, read from the files before and afterwards; missing where there was no
        file); `oldest` (first day left of its personal rows; missing where there are none, or none is dated); `needed` (older rows
        that stay because debts that stay need them).
    raw : pd.DataFrame, one row a file of 1_raw that still holds older rows
        `file`, `rows`, `forgotten`.
    removed : list of str
        Files of 4_analysed that held rows of vehicles, below it.
    """

    before: date
    tables: pd.DataFrame
    raw: pd.DataFrame
    removed: list


def main(arguments):
    if len(arguments) not in (1, 2):
        raise Refusal(
            "사용법: make forget CITY=도시폴더 (어느 날보다 오래된 행도 지우려면 BEFORE=2024-01-01)",
            "Usage: make forget CITY=FOLDER (and BEFORE=2024-01-01, to delete rows of before a day too)",
        )
    city = open_city(arguments[0])
    before = read_day(arguments[1]) if len(arguments) == 2 else None
    expired = remove_expired(city, pd.Timestamp(date.today()), now_here())
    for name in (*expired.lists, *(f"{name}/{MEETINGS}" for name in expired.plans)):
        print(f"보존 기간이 지나 지움 / expired and deleted: {name}")
    if before:
        for line in told(forget(city, before)):
            print(line)
    elif not (expired.lists or expired.plans):
        print("보존 기간이 지난 명단과 계획 없음 / no list or plan whose time is over")


def read_day(text, today=None):
    """The day of a command line.

    Parameters
    ----------
    text : str
    today : datetime.date, optional

    Raises
    ------
    Refusal
        If it is no date as 2024-01-31, or lies ahead.
    """
    try:
        day = datetime.strptime(text.strip(), "%Y-%m-%d").date()
    except ValueError:
        raise Refusal(
            f"BEFORE={text}: 날짜가 아닙니다. BEFORE=2024-01-31처럼 적으세요.",
            f"BEFORE={text} is no date. Write it as BEFORE=2024-01-31.",
        ) from None
    if day > (today or date.today()):
        raise Refusal(
            f"BEFORE={day}: 아직 오지 않은 날입니다. 모두 지워지니 날짜를 확인하세요.",
            f"BEFORE={day} lies ahead, and everything would be deleted. Check the day.",
        )
    return day


def forget(city, before):
    """Delete all personal rows of before a day from what was made of a city's exports.

    Parameters
    ----------
    city : City
    before : datetime.date
        Rows of the day itself stay.

    Returns
    -------
    Forgotten

    Raises
    ------
    Refusal
        If the exports cannot be cleaned as they lie there; then nothing is changed.
    """
    rows_before = _rows(city)
    known = city.forgotten
    entry = {"before": str(before), "done_at": None, "deleted": {}}
    # Written first: a run that dies from here on is made good by the next `make`.
    _write(city, [*known, entry])
    try:
        clean_city(city)
    except Refusal:
        _write(city, known)
        raise
    link(city)
    removed = _forget_results(city)
    tables = _tables(city, rows_before)
    lost = {f"{row.stage}/{row.table}": int(row.before - row.after) for row in tables.itertuples() if row.before > 0}
    _write(city, [*known, entry | {"done_at": f"{datetime.now():%Y-%m-%d %H:%M}", "deleted": lost}])
    return Forgotten(city.forgotten_before, tables, _raw(city), removed)


def told(result):
    """What was deleted, in lines for the one who asked."""
    yield f"{result.before} 이전의 차량별 행을 지우고 다시 읽어 확인했습니다. / Rows of vehicles of before {result.before} are deleted; read again:"
    for row in result.tables.itertuples():
        oldest = "-" if pd.isna(row.oldest) else f"{row.oldest:%Y-%m-%d}"
        before, after = ("-" if pd.isna(n) else f"{int(n):,}" for n in (row.before, row.after))
        needed = f", 체납 때문에 남김 kept for debts: {row.needed:,}" if row.needed else ""
        yield f"  {row.stage}/{row.table} {row.ko}: {before} -> {after}, 가장 이른 날 oldest: {oldest}{needed}"
    for name in result.removed:
        yield f"  4_analysed/{name}: 지움 deleted"
    if len(result.raw):
        yield (
            "1_raw는 손대지 않았습니다. 아래 파일에 더 오래된 행이 남아 있으니 지우거나 그날 이후만 다시 내려받으세요. / 1_raw is untouched. These "
            "files still hold older rows: delete them, or export them again from that day on:"
        )
    for row in result.raw.itertuples():
        yield f"  1_raw/{row.file}: {row.forgotten:,} / {row.rows:,}"


def _write(city, entries):
    path = city.folder / FORGOTTEN
    if not entries:
        path.unlink(missing_ok=True)
        return
    part = path.with_name(f"{FORGOTTEN}.part")
    part.write_text(json.dumps(entries, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    os.replace(part, path)


def _personal():
    """Tables with rows about vehicles or persons."""
    return [table for table in TABLES.values() if table.ages_by]


def _path(city, table, kind=""):
    return city.folder / table.stage / f"{table.name}{kind}.parquet"


def _rows(city):
    """Rows of every file that may hold personal ones: (table, kind) -> int."""
    files = {(table.name, kind): _path(city, table, kind) for table in _personal() for kind in ("", REJECTED)}
    return {name: pq.read_metadata(path).num_rows for name, path in files.items() if path.is_file()}


def _tables(city, rows_before):
    """As `Forgotten.tables`, from the files as they lie there now.

    Raises
    ------
    AssertionError
        If an older row is left that nothing needs.
    """
    rows_after, found = _rows(city), []
    for table in _personal():
        for kind in ("", REJECTED):
            name = (table.name, kind)
            if name not in rows_before and name not in rows_after:
                continue
            oldest, older = (pd.NaT, 0) if kind or name not in rows_after else _oldest(city, table)
            if older and not table.needed_for:
                raise AssertionError(f"{table.name}: {older} rows of before {city.forgotten_before} are left")
            found.append((table.stage, table.name + kind, table.ko + (" (제외된 행)" if kind else ""),
                          rows_before.get(name), rows_after.get(name), oldest, older))  # fmt: skip
    columns = ["stage", "table", "ko", "before", "after", "oldest", "needed"]
    frame = pd.DataFrame(found, columns=columns)
    return frame.astype({"before": float, "after": float, "oldest": "datetime64[us]", "needed": "int64"})


def _oldest(city, table):
    """First day left of a table's personal rows, and how many are of before the retention day."""
    connection = connect()
    rows = connection.read_parquet(_path(city, table))
    about = rows.filter(personal(rows, table)).mutate(on=rows[table.ages_by].cast("date"))
    counted = about.agg(first=_.on.min(), older=(_.on < city.forgotten_before).sum().fill_null(0)).to_pandas()
    connection.disconnect()
    return pd.Timestamp(counted["first"][0]), int(counted["older"][0])


def _raw(city):
    """Files of 1_raw that still hold older rows, and how many of their rows those are."""
    arrivals = read_table(city, "arrivals", ["file", "rows", "forgotten"])
    by_file = arrivals.groupby("file", as_index=False)[["rows", "forgotten"]].sum()
    return by_file[by_file["forgotten"] > 0].reset_index(drop=True)


def _forget_results(city):
    """Remove what notebooks left of single vehicles, of before the day; runs that failed or died go whatever their day.

    Returns
    -------
    list of str
        Names below 4_analysed.
    """
    gone = [*city.analysed.glob("*/*.failed.ipynb"), *city.analysed.glob("*/*.part")]
    for path in city.analysed.glob("*/*/*.parquet"):
        if {*OF_VEHICLES} & {*pq.read_schema(path).names} and last_day(path.parent).date() < city.forgotten_before:
            gone.append(path)
    for path in gone:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return sorted(path.relative_to(city.analysed).as_posix() for path in gone)


if __name__ == "__main__":
    exit_on_refusal(main, sys.argv[1:])
