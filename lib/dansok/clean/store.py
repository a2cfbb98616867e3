"""The folder 2_clean: what lies there, how it is replaced, and how other rooms read it."""

import hashlib
import json
import os
import shutil
from dataclasses import asdict
from pathlib import Path

import ibis
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

import dansok
from dansok.clean.rows import ibis_type
from dansok.privacy import VARIABLE, key, key_ring
from dansok.sources import file_hashes
from dansok.tables import TABLES, UNWRITTEN
from dansok.words import Refusal

ROOMS_BELOW = ("words", "tables", "city", "engine", "ledger", "korea", "space", "privacy", "sources", "clean")
STAGING = ".staging-"
ARRIVALS = pa.schema(
    [
        *((name, pa.string()) for name in ("table", "source", "file", "format", "encoding")),
        *((name, pa.int64()) for name in ("header_row", "rows", "forgotten", "bytes")),
        *((name, pa.string()) for name in ("sha256", "unused_columns", "notes_ko", "notes_en")),
        ("first_at", pa.timestamp("us")),
        ("last_at", pa.timestamp("us")),
    ]
)
SURPRISES = pa.schema(
    [("table", pa.string()), ("source", pa.string()), ("kind", pa.string()), ("rows", pa.int64()), ("ko", pa.string()),
     ("en", pa.string())]
)  # fmt: skip


def scan(city, name, connection):
    """A clean table as an Ibis table, for work on many rows.

    Parameters
    ----------
    city : dansok.city.City
    name : str
        Table of the stage 2_clean.
    connection : ibis backend
        As `engine.connect` gives.

    Returns
    -------
    ibis.Table
        Columns as `tables.TABLES[name].stored`; no rows where city.toml has no source for the table.

    Raises
    ------
    Refusal
        If the table has a source but was not made yet.
    """
    path = city.clean / f"{_table(name).name}.parquet"
    if city.sources_of(name):
        _refuse_unmade(city, name, path)
        return connection.read_parquet(path)
    return empty_table(name)


def empty_table(name):
    """A clean table without rows, as an Ibis table."""
    schema = ibis.schema({column.name: ibis_type(column) for column in _table(name).stored})
    return ibis.memtable(schema.to_pyarrow().empty_table())


def read_table(city, name, columns=None):
    """A clean table as a frame, for tables of up to about a million rows.

    Parameters
    ----------
    city : dansok.city.City
    name : str
        Table of the stage 2_clean, or "arrivals" or "surprises".
    columns : list of str, optional
        All if not given.

    Returns
    -------
    pd.DataFrame
        Rows in the order of source_file, source_row; empty where city.toml has no source for the table.

    Raises
    ------
    Refusal
        If the table has a source but was not made yet.
    ValueError
        If the table has no such column.
    """
    if name in ("arrivals", "surprises"):
        path, names = city.clean / f"{name}.parquet", {"arrivals": ARRIVALS, "surprises": SURPRISES}[name].names
        _refuse_unmade(city, name, path)
    else:
        path, names = city.clean / f"{name}.parquet", [column.name for column in _table(name).stored]
    if strange := set(columns or ()) - set(names):
        raise ValueError(f"{name} has no column {sorted(strange)}")
    if name in TABLES and not city.sources_of(name):
        schema = ibis.schema({c.name: ibis_type(c) for c in TABLES[name].stored})
        return schema.to_pyarrow().empty_table().select(columns or names).to_pandas()
    _refuse_unmade(city, name, path)
    return pd.read_parquet(path, columns=columns)


def _table(name):
    if name not in TABLES or TABLES[name].stage != "2_clean":
        raise ValueError(f"there is no clean table {name!r}")
    return TABLES[name]


def _refuse_unmade(city, name, path):
    if not path.is_file():
        folder = city.folder.name
        raise Refusal(
            f"{folder}/2_clean/{path.name}이(가) 아직 없습니다. 먼저 'python -m dansok.clean'을 이 도시 폴더로 실행하세요.",
            f"There is no {folder}/2_clean/{path.name} yet. Run 'python -m dansok.clean' on this city folder first.",
        )


def stamp(city, table, others):
    """All that a table depends on: its raw files, its sources in city.toml, other tables, the key, the retention day and the code.

    Parameters
    ----------
    city : dansok.city.City
    table : dansok.tables.Table
    others : dict of str to dict
        Stamps of the tables that this one is cleaned with.

    Returns
    -------
    dict
        As it is kept in `<table>.stamp.json`; equal to the one kept if nothing changed.
    """
    sources = city.sources_of(table.name)
    needs_key = any(
        table[name].type in UNWRITTEN for source in sources for name in {*source.columns, *source.constants}
    )
    return {
        "files": {source.name: file_hashes(source, city.raw) for source in sources},
        "sources": _hash(json.dumps([asdict(source) for source in sources], ensure_ascii=False)),
        "city": _hash(json.dumps([city.name.ko, city.renamed_areas], ensure_ascii=False)),
        "with": others,
        "forgotten_before": str(city.forgotten_before) if table.ages_by else None,
        "key": key().mark if needs_key else None,
        "code": _code(),
    }


def _code():
    package = Path(dansok.__file__).parent
    files = sorted(path for path in package.rglob("*.py") if _room(path.relative_to(package)) in ROOMS_BELOW)
    return _hash(*(text for path in files for text in (path.relative_to(package).as_posix(), path.read_bytes())))


def _room(path):
    return path.parts[0].removesuffix(".py")


def _hash(*parts):
    found = hashlib.sha256()
    for part in parts:
        found.update(part if isinstance(part, bytes) else part.encode())
        found.update(b"\0")
    return found.hexdigest()


def kept_stamp(folder, name):
    """The stamp that lies beside a table, or None if the table is not whole."""
    path = folder / f"{name}.stamp.json"
    if not all((folder / file).is_file() for file in (*files_of(name), path.name)):
        return None
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return None


def refuse_lost_key(city):
    """Refuse to make a new key where the tokens that lie there were made with one that is gone.

    A new key gives every vehicle another token: right if the key is truly lost, but more often its file is only elsewhere.
    """
    stamps = [kept_stamp(city.clean, table.name) for table in TABLES.values() if table.stage == "2_clean"]
    if key_ring().exists() or not any(one and one.get("key") for one in stamps):
        return
    folder = city.folder.name
    raise Refusal(
        f"{folder}/2_clean의 차량 토큰을 만든 키 파일 {key_ring()}이(가) 없습니다. 보관해 둔 키를 되돌려 놓거나 환경변수 {VARIABLE}에 그 위치를 적으세요. "
        "키를 잃어버렸으면 'make clean'으로 이 도시의 결과를 지우고 다시 실행하세요(토큰이 모두 새로 만들어집니다).",
        f"The key file {key_ring()} is gone with which the tokens in {folder}/2_clean were made. Put the kept copy back, or name its place in "
        f"{VARIABLE}. If the key is lost, delete this city's results with 'make clean' and run again (all tokens will then be new).",
    )


def files_of(name):
    return tuple(f"{name}{suffix}.parquet" for suffix in ("", ".rejected", ".ledger"))


def remove_leftovers(folder):
    """Staging folders of a run that was killed: they may hold plates."""
    for path in folder.glob(f"{STAGING}*"):
        shutil.rmtree(path)


def publish(folder, staging, done, gone, surprises):
    """Put the new tables in the place of the old ones.

    Parameters
    ----------
    folder, staging : Path
        2_clean, and the folder within it that holds the new files.
    done : dict of str to (Cleaned, dict)
        Table -> what was cleaned, and its stamp.
    gone : list of str
        Tables without a source: their files are removed.
    surprises : list of Surprise
        Those that belong to no table.
    """
    replaced = {*done, *gone}
    arrivals = [row for cleaned, _stamp in done.values() for row in cleaned.arrivals]
    told = [
        _said(one) for one in (*surprises, *(one for cleaned, _stamp in done.values() for one in cleaned.surprises))
    ]
    _merge(folder, staging, "arrivals", ARRIVALS, arrivals, replaced, ["table", "source", "file"])
    _merge(folder, staging, "surprises", SURPRISES, told, {"", *replaced}, ["table", "source", "kind", "rows", "ko"])
    # Without its stamp a table counts as unfinished: a run that dies from here on is made good by the next.
    for name in replaced:
        (folder / f"{name}.stamp.json").unlink(missing_ok=True)
    for name in gone:
        for file in files_of(name):
            (folder / file).unlink(missing_ok=True)
    for name in done:
        for file in files_of(name):
            os.replace(staging / file, folder / file)
    for file in ("arrivals.parquet", "surprises.parquet"):
        os.replace(staging / file, folder / file)
    for name, (_cleaned, new) in done.items():
        (staging / "stamp").write_text(json.dumps(new, ensure_ascii=False, indent=1), encoding="utf-8")
        os.replace(staging / "stamp", folder / f"{name}.stamp.json")


def _said(one):
    return {
        "table": one.table,
        "source": one.source,
        "kind": one.kind,
        "rows": one.rows,
        "ko": one.text.ko,
        "en": one.text.en,
    }


def _merge(folder, staging, name, schema, new, replaced, order):
    """The rows of the tables that stay, with the new rows of the others."""
    old = folder / f"{name}.parquet"
    rows = pq.read_table(old).to_pylist() if old.is_file() else []
    rows = [row for row in rows if row["table"] not in replaced] + new
    rows.sort(key=lambda row: [row[column] for column in order])
    rows = [{key: None if pd.isna(value) else value for key, value in row.items()} for row in rows]
    pq.write_table(pa.Table.from_pylist(rows, schema), staging / f"{name}.parquet", compression="zstd")
