"""Cleaning the sample city's files gives back what was planted in them, row by row; and no analysis reads what was planted."""

import ast
import json
from collections import Counter

import dansok
import nbformat
import numpy as np
import pandas as pd
import pytest
import shapely
from dansok.city import PROJECT, open_city
from dansok.clean import read_table
from dansok.privacy import key
from dansok.tables import TABLES

CITY = open_city(PROJECT / "data" / "sample")
SOURCES = {source.name: source for source in CITY.sources}
PLACE = ["source_file", "source_row"]
DEGREES = 2e-7  # the exports round to 1e-7, about 1 cm
METRES = 0.02
# What was planted -> the reason for which `clean` leaves such rows out; all but the tests stand between the rows.
NO_RECORDS = {
    "test_rows": "test row of the electronic notice",
    "total_rows": "total row",
    "subtotal_rows": "total row",
    "repeated_headers": "repeated header",
    "duplicates": "exact duplicate",
}
# Column and state of a row -> what the ledger says of it.
SAID = {
    ("plate_state", "masked"): ("flagged", "plate is masked"),
    ("plate_state", "unreadable"): ("flagged", "plate is unreadable"),
    ("position_state", "mended"): ("mended", "axes exchanged"),
    ("position_state", "outside"): ("flagged", "coordinates outside the region or zero"),
}


@pytest.fixture(scope="module")
def planted(sample_city):
    return json.loads((sample_city / "truth" / "planted.json").read_text(encoding="utf-8"))["sources"]


@pytest.fixture(scope="module")
def clean(sample_city):
    """Rows of a source in 2_clean."""
    tables = {}

    def of(source):
        name = SOURCES[source].table
        if name not in tables:
            tables[name] = read_table(open_city(sample_city), name)
        return tables[name][tables[name]["source"] == source]

    return of


@pytest.fixture(scope="module")
def rows(sample_city):
    """Truth of the rows of a source."""

    def of(source):
        folder = sample_city / "truth" / "rows"
        paths = sorted([*folder.glob(f"{source}.parquet"), *folder.glob(f"{source}_20[0-9][0-9]-[01][0-9]*.parquet")])
        return pd.concat(map(pd.read_parquet, paths), ignore_index=True)

    return of


every_source = pytest.mark.parametrize("source", SOURCES)


def test_every_source_has_its_truth(sample_city, planted):
    found = {path.stem.split("_20")[0] for path in (sample_city / "truth" / "rows").iterdir()}
    assert found == set(SOURCES) == set(planted)


@every_source
def test_every_planted_row_comes_back_where_it_stood(source, clean, rows, planted):
    known, found = rows(source), clean(source)
    fate = known.get("fate", pd.Series("kept", index=known.index))
    plantable = known[fate == "kept"]
    assert len(known) == planted[source]["rows"] > 0
    both = plantable.merge(found[PLACE], on=PLACE, validate="1:1")
    lost = len(plantable) - len(both)
    assert lost == 0, "at least 99.9% was asked for"
    assert len(found) == len(both), "nothing came that was not planted"


@every_source
def test_the_ledger_says_what_was_planted_and_nothing_else(source, sample_city, planted, rows):
    ledger = pd.read_parquet(sample_city / "2_clean" / f"{SOURCES[source].table}.ledger.parquet")
    ledger = ledger[ledger["source"] == source]
    told = {(row.what, row.reason_en): row.rows for row in ledger.itertuples()}
    counts = planted[source]
    between = sum(counts.get(name, 0) for name in ("total_rows", "subtotal_rows", "repeated_headers"))
    expected = Counter({("came", "came"): counts["rows"] + between})
    for name, reason in NO_RECORDS.items():
        expected["dropped", reason] += counts.get(name, 0)
    known = rows(source)
    known = known[known["fate"] == "kept"] if "fate" in known else known
    for (column, state), what in SAID.items():
        expected[what] += int((known[column] == state).sum()) if column in known else 0
    assert told == +expected
    left_out = pd.read_parquet(sample_city / "2_clean" / f"{SOURCES[source].table}.rejected.parquet")
    left_out = left_out.loc[left_out["source"] == source, "reason_en"].value_counts()
    assert left_out.to_dict() == {reason: n for (what, reason), n in told.items() if what == "dropped"}


@pytest.mark.parametrize("source", [name for name, source in SOURCES.items() if source.table == "tickets"])
def test_copies_are_dropped_and_the_first_of_each_pair_stays(source, sample_city, rows):
    known = rows(source)
    left_out = pd.read_parquet(sample_city / "2_clean" / f"{SOURCES[source].table}.rejected.parquet")
    for fate, reason in (("copy", "exact duplicate"), ("test row", "test row of the electronic notice")):
        these = left_out[(left_out["source"] == source) & (left_out["reason_en"] == reason)]
        planted = known.loc[known["fate"] == fate, PLACE]
        assert set(map(tuple, these[PLACE].to_numpy())) == set(map(tuple, planted.to_numpy())), fate


@every_source
def test_no_value_is_wrong(source, clean, rows):
    known, found = rows(source), clean(source)
    both = known.merge(found, on=PLACE, suffixes=("_planted", ""), validate="1:1")
    table, compared = TABLES[SOURCES[source].table], set()
    for column in table.columns:
        for name, wrong in _wrong(column, both, known).items():
            assert not wrong.any(), f"{name}: {both.loc[wrong, PLACE].head(3).to_dict('records')}"
            compared.add(name)
    mapped = {*SOURCES[source].columns, *SOURCES[source].constants}
    tokens = {f"{name}_token" if table[name].type in ("plate", "secret") else name for name in mapped}
    assert tokens <= compared, "every column that city.toml maps was compared"
    if any(table[name].type == "timestamp" for name in mapped):
        assert "time_precision" in compared


def _wrong(column, both, known):
    """Name of each column that can be compared -> whether each row is wrong."""
    name, kind = column.name, column.type
    if name not in known or name in ("source", *PLACE):
        return {}
    meant = both[f"{name}_planted" if f"{name}_planted" in both else name]
    if kind in ("plate", "secret"):
        office = key()
        tokens = {text: office.token(text) for text in meant.dropna().unique()}
        return {f"{name}_token": _differ(meant.map(tokens), both[f"{name}_token"])}
    found = both[name]
    if kind in ("longitude", "latitude"):
        return {name: ~np.isclose(found, meant, rtol=0, atol=DEGREES, equal_nan=True)}
    if kind in ("timestamp", "date"):
        return {name: _differ(pd.to_datetime(meant), pd.to_datetime(found))}
    if kind in ("number", "integer", "boolean"):
        return {name: ~np.isclose(found.astype(float), meant.astype(float), rtol=0, atol=1e-9, equal_nan=True)}
    if kind == "geometry":
        apart = shapely.hausdorff_distance(shapely.from_wkt(found), shapely.from_wkt(meant))
        return {name: apart > METRES}
    return {name: _differ(meant, found)}


def _differ(meant, found):
    return (meant.isna() != found.isna()) | (meant.notna() & (meant != found))


# --- no analysis reads the truth (tests/test_briefed_city.py: without it every stage comes out the same) ---


def _code_of_the_workbook():
    """Every module outside of the sample and every code cell: where it stands, and its text."""
    package = PROJECT / "lib" / "dansok"
    for path in sorted(package.rglob("*.py")):
        if "sample" not in path.relative_to(package).parts:
            yield path.relative_to(PROJECT).as_posix(), path.read_text(encoding="utf-8")
    for path in sorted((PROJECT / "notebooks").glob("*.ipynb")):
        cells = nbformat.read(path, as_version=4).cells
        yield path.name, "\n".join(cell.source for cell in cells if cell.cell_type == "code")


def _told_apart_from_prose(tree):
    """Strings of a module that are no docstrings."""
    prose = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node, clean=False)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node.value


def test_no_module_and_no_notebook_names_the_truth_or_imports_the_sample():
    names = dict(_code_of_the_workbook())
    assert len(names) > 60 and "lib/dansok/clean/table.py" in names and "parking_hotspots.ipynb" in names
    for name, text in names.items():
        tree = ast.parse(text)
        # The data dictionary tells readers what lies there; it is printed and opens nothing.
        told = [] if name == "lib/dansok/tables.py" else list(_told_apart_from_prose(tree))
        # A city asks, once, whether the folder is there at all.
        assert [one for one in told if "truth" in one] == ["truth"] * (name == "lib/dansok/city.py"), name
        imported = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        imported |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        assert not [one for one in imported if one.startswith("dansok.sample")], name
        from_root = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module == "dansok"]
        assert not [alias for node in from_root for alias in node.names if alias.name == "sample"], name
    assert "sample" in dansok.LAYERS
