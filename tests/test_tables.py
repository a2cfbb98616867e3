"""Each table is described once; data/README.md is that description, printed."""

from pathlib import Path

import pandas as pd
import pytest
from dansok import tables
from dansok.tables import AREAS, TABLES, Column, Table

PROJECT = Path(__file__).resolve().parents[1]


def test_the_data_dictionary_in_git_is_the_one_printed():
    assert (PROJECT / "data" / "README.md").read_text(encoding="utf-8") == tables.dictionary()


def test_every_column_has_a_known_type_and_every_key_a_column():
    for table in TABLES.values():
        assert {column.type for column in table.columns} <= set(tables.TYPES), table.name
        assert all(name in table for name in table.key), table.name
        names = [column.name for column in table.columns]
        assert len(set(names)) == len(names), table.name


def test_plates_are_never_stored():
    assert not [t.name for t in TABLES.values() for c in t.stored if c.type == "plate"]


AREA = {
    "area_code": ["31130110"],
    "area_name": ["와부읍"],
    "geometry": ["POLYGON EMPTY"],
    "source": ["boundaries"],
    "source_file": ["읍면동.geojson"],
    "source_row": [1],
}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda frame: frame.drop(columns="area_name"), "no column ['area_name']"),
        (lambda frame: pd.concat([frame, frame]), "1 rows repeat the key"),
        (lambda frame: frame.assign(area_name=None), "areas.area_name: 1 empty"),
    ],
)
def test_check_says_what_is_wrong(change, message):
    with pytest.raises(ValueError, match=message.replace("[", r"\[").replace("]", r"\]")):
        AREAS.check(change(pd.DataFrame(AREA)))


def test_check_refuses_undescribed_values_and_orders_columns():
    table = Table(
        "t", "2_clean", "a row", "표", ("a",),
        (Column("a", "integer", "Key.", "키"), Column("b", "category", "Kind.", "종류", values={"x": None})),
    )  # fmt: skip
    assert list(table.check(pd.DataFrame({"b": ["x"], "extra": [0], "a": [1]})).columns) == ["a", "b"]
    with pytest.raises(ValueError, match=r"t\.b: undescribed values \['y'\]"):
        table.check(pd.DataFrame({"a": [1], "b": ["y"]}))
