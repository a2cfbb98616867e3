"""The rows of one source: texts in, typed columns out, and for each row that cannot be used the reason."""

from dataclasses import dataclass, field
from functools import reduce
from operator import or_

import ibis
import pandas as pd
from ibis import _

from dansok.clean import positions
from dansok.clean.categories import read_category
from dansok.clean.moments import is_clock, is_midnight, read_moments
from dansok.clean.numbers import read_boolean, read_integer, read_number
from dansok.korea import addresses
from dansok.korea.particles import with_particle
from dansok.korea.plates import look_alike, read_plates
from dansok.privacy import look_alike_tokens, tokens
from dansok.sources import ROW_NOTES
from dansok.tables import UNWRITTEN
from dansok.words import Text

DUPLICATE = Text("모든 항목이 같은 중복 행", "exact duplicate")
KEY_TWICE = Text("같은 코드가 이미 있음", "code is there already")
READERS = {"integer": read_integer, "number": read_number, "longitude": read_number, "latitude": read_number,
           "boolean": read_boolean}  # fmt: skip
PLATES_AT_ONCE = 200_000
# Rows that only an identifier, a plate or the second tells apart: see `duplicates`.
IDENTIFIERS = ("ticket_id", "report_id")
OF_A_PLATE = ("plate_token", "plate_state", "look_alike_token", "plate_class", "plate_use")


@dataclass
class Reasons:
    """Why a row is left out; the first that holds is given, in this order, which is also the ledger's."""

    texts: list[Text] = field(default_factory=list)
    conditions: list = field(default_factory=list)

    def add(self, text, condition):
        self.texts.append(text)
        self.conditions.append(condition)

    def number(self):
        """Place of the first reason that holds, or missing."""
        cases = [(condition.fill_null(False), i) for i, condition in enumerate(self.conditions)]
        return ibis.cases(*cases) if cases else ibis.null("int64")


def early_reasons(source, texts):
    """Reasons that need no reading: what kind of row it is, and the rules of city.toml."""
    reasons = Reasons()
    for note, text in ROW_NOTES.items():
        reasons.add(text, texts.row_note == note)
    for rule in source.reject:
        held = texts[rule.column]
        hit = held.contains(rule.contains) if rule.equals is None else held == rule.equals.strip()
        reasons.add(rule.reason, hit)
    return reasons


def category_counts(source, table, texts, to_pandas):
    """Distinct texts of each category column in rows that are not left out anyway.

    Returns
    -------
    dict of str to pd.DataFrame
        Column name -> `text`, `file` (the first that holds it), `rows`.
    """
    used = texts.filter(early_reasons(source, texts).number().isnull())
    counts = {}
    for column in table.columns:
        if column.type == "category" and column.name in texts.columns:
            held = used.filter(used[column.name].notnull()).group_by(text=used[column.name])
            counts[column.name] = to_pandas(held.agg(file=_.source_file.min(), rows=_.count()).order_by("text"))
    return counts


def typed(table, source, texts, counts, vehicles, secrets, outlines):
    """Read every column.

    Parameters
    ----------
    table, source, texts
        As `texts.as_texts` gives them.
    counts : dict
        As `category_counts` gives.
    vehicles : ibis.Table or None
        `plate_text`, `plate_token` and the rest of `OF_A_PLATE`, one row a distinct plate text.
    secrets : dict of str to ibis.Table
        Secret column -> `secret_text`, `<column>_token`, one row a distinct text.
    outlines : ibis.Table or None
        `outline_text`, `geometry`, `outline_state`, one row a distinct outline.

    Returns
    -------
    ibis.Table
        Typed columns under their names (coordinates as sent, `x` and `y`); `<time>__precision`, `<time>__layout`,
        `<time>__sent`; `<column>__unread` and `<date>__rough` flags; `reason` (place in the list of reasons, missing
        where the row is kept), source_file, source_row.
    list of Text
        The reasons.
    """
    rows = texts
    reasons = early_reasons(source, texts)
    read, flags = {}, {}
    if vehicles is not None:
        rows = rows.left_join(vehicles, rows.plate == vehicles.plate_text)
    for name, table_of in secrets.items():
        rows = rows.left_join(table_of, rows[name] == table_of.secret_text).drop("secret_text")
    if outlines is not None:
        rows = rows.left_join(outlines, rows.geometry == outlines.outline_text, rname="moved_{name}")
    for column in table.columns:
        if column.type in ("timestamp", "date") and column.name in texts.columns:
            rows = read_moments(rows, column.name, source.date_order)
    for column in table.columns:
        name = column.name
        if column.made or column.type == "plate":
            continue
        if column.type == "secret":
            read[f"{name}_token"] = rows[f"{name}_token"] if name in secrets else ibis.null("string")
            continue
        if name not in texts.columns:
            read[name] = ibis.null(ibis_type(column))
            continue
        text = rows[name]
        value = _value(column, rows, counts)
        read[name] = value
        if column.type in ("timestamp", "date"):
            read |= {f"{name}__{part}": rows[f"{name}__{part}"] for part in ("precision", "layout")}
            read[f"{name}__sent"] = text
        if name == "records":
            reasons.add(Text("건수를 읽을 수 없음", "records cannot be read"), text.notnull() & value.isnull())
            reasons.add(Text("건수가 0 이하", "records is zero or less"), value <= 0)
        elif column.type == "geometry":
            _outline_reasons(reasons, rows)
        elif column.required:
            reasons.add(_empty(column), text.isnull())
            reasons.add(_unreadable(column), text.notnull() & value.isnull())
        elif column.type not in ("string", "category"):
            flags[f"{name}__unread"] = text.notnull() & value.isnull()
        if column.type == "date":
            flags[f"{name}__rough"] = rows[f"{name}__precision"].isin(["month", "year"])
    read["records"] = read["records"].fill_null(1) if "records" in read else ibis.literal(1, "int64")
    if vehicles is not None:
        read |= {name: rows[name] for name in OF_A_PLATE}
        read["plate_state"] = read["plate_state"].fill_null("missing")
        read["plate_key"] = rows.plate_token.fill_null(rows.plate)
    elif "plate" in table:
        empty = dict.fromkeys((*OF_A_PLATE, "plate_key"), ibis.null("string"))
        read |= empty | {"plate_state": ibis.literal("missing")}
    if outlines is not None:
        flags["geometry__mended"] = rows.outline_state.isin(["mended", "part_kept"])
    if {"longitude", "latitude"} <= read.keys():
        read["x"], read["y"] = read.pop("longitude"), read.pop("latitude")
    return (
        rows.select(**read, **flags, reason=reasons.number(), source_file="source_file", source_row="source_row"),
        reasons.texts,
    )


def ibis_type(column):
    """Ibis type in which a column is stored."""
    kinds = {"timestamp": "timestamp", "date": "date", "integer": "int64", "boolean": "boolean"}
    floats = dict.fromkeys(("number", "longitude", "latitude"), "float64")
    return (kinds | floats).get(column.type, "string")


def _value(column, rows, counts):
    text = rows[column.name]
    if column.type in READERS:
        return READERS[column.type](text)
    if column.type == "timestamp":
        return rows[f"{column.name}__at"]
    if column.type == "date":
        return rows[f"{column.name}__at"].cast("date")
    if column.type == "category":
        codes, seen = counts[column.name]
        return read_category(text, codes, seen)
    if column.type == "geometry":
        return rows.moved_geometry
    if column.type == "string":
        return text
    raise ValueError(f"{column.name}: no reader for the type {column.type!r}")


def _outline_reasons(reasons, rows):
    reasons.add(Text("경계가 비어 있음", "outline is empty"), rows.geometry.isnull())
    outside = rows.outline_state == "outside"
    reasons.add(Text("경계를 읽을 수 없음", "outline cannot be read"), rows.moved_geometry.isnull() & ~outside)
    reasons.add(Text("경계가 우리나라 밖에 있음", "outline lies outside Korea"), outside)


def _empty(column):
    if column.type == "timestamp":
        return Text("시각이 비어 있음", "time is empty")
    return Text(f"{with_particle(column.ko, '이/가')} 비어 있음", f"{column.name} is empty")


def _unreadable(column):
    if column.type == "timestamp":
        return Text("시각을 읽을 수 없음", "time cannot be read")
    return Text(f"{with_particle(column.ko, '을/를')} 읽을 수 없음", f"{column.name} cannot be read")


def plates_of(texts, to_pandas):
    """The distinct texts of `plate` as `read_plates` reads them, with `plate_text`, in frames as `vehicles_of` yields."""
    held = texts.filter(texts.plate.notnull()).group_by(plate_text=texts.plate).agg(n=_.count())
    every = to_pandas(held.select("plate_text").order_by("plate_text")).plate_text
    for start in range(0, max(len(every), 1), PLATES_AT_ONCE):
        distinct = every.iloc[start : start + PLATES_AT_ONCE]
        yield read_plates(distinct).assign(plate_text=distinct)


def vehicles_of(texts, key, to_pandas):
    """What the distinct texts of `plate` say, with their tokens instead of the plates' normal form.

    Yields
    ------
    pd.DataFrame
        Up to `PLATES_AT_ONCE` plates, to keep memory small; at least one frame, which may be empty.
    """
    for read in plates_of(texts, to_pandas):
        yield pd.DataFrame(
            {
                "plate_text": read.plate_text,
                "plate_token": tokens(read.plate, key),
                "plate_state": read.plate_state,
                "look_alike_token": look_alike_tokens(look_alike(read.plate), key),
                "plate_class": read.plate_class,
                "plate_use": read.plate_use,
            }
        )


def tokens_of(texts, name, key, to_pandas):
    """The distinct texts of a secret column with their tokens, in frames as `vehicles_of` yields them."""
    held = texts.filter(texts[name].notnull()).select(secret_text=texts[name]).distinct().order_by("secret_text")
    every = to_pandas(held).secret_text
    for start in range(0, max(len(every), 1), PLATES_AT_ONCE):
        distinct = every.iloc[start : start + PLATES_AT_ONCE]
        yield pd.DataFrame({"secret_text": distinct, f"{name}_token": tokens(distinct, key)})


def outlines_of(texts, crs, near, to_pandas):
    """Distinct outlines of a source, moved to EPSG:5179; and the system they contradict, see `read_outlines`."""
    held = texts.filter(texts.geometry.notnull()).group_by(text=texts.geometry).agg(n=_.count())
    distinct = to_pandas(held.select("text").order_by("text")).text
    read, seen = positions.read_outlines(distinct, crs, near)
    return read.rename(columns={"text": "outline_text", "state": "outline_state"}), seen


def address_keys_of(rows, to_pandas):
    """Distinct addresses with the key by which places are looked up."""
    distinct = to_pandas(rows.filter(rows.address.notnull()).select("address").distinct().order_by("address")).address
    return pd.DataFrame({"address_text": distinct, "address_key": addresses.parse(distinct).lookup_key})


def comparison_key(table, rows):
    """One text that is the same for two rows exactly if every mapped column is."""
    names = [c.name for c in table.columns if not c.made and c.type not in (*UNWRITTEN, "longitude", "latitude")]
    names += [f"{c.name}_token" for c in table.columns if c.type == "secret"]
    names += [name for name in ("x", "y", "plate_key") if name in rows.columns]
    names += [name for name in rows.columns if name.endswith("__precision")]
    parts = [rows[name].cast("string").fill_null("\x1e") for name in dict.fromkeys(names)]
    return reduce(lambda left, right: left + "\x1f" + right, parts).hexdigest("md5")


def told_apart(table, source, rows):
    """Whether two rows that are equal must be the same event; see `duplicates`."""
    if not any(column.type == "timestamp" for column in table.columns):
        return ibis.literal(True)
    known = [rows[name].notnull() for name in (*IDENTIFIERS, "plate_token") if name in rows.columns]
    if "records" not in {*source.columns, *source.constants}:
        known += [rows[name] == "second" for name in rows.columns if name.endswith("__precision")]
    return reduce(or_, known, ibis.literal(False)).fill_null(False)


def midnight_rows(rows, name):
    """Rows whose clock says exactly midnight, and rows with a clock."""
    clock = is_clock(rows[f"{name}__precision"]).fill_null(False)
    return rows.agg(midnight=(clock & is_midnight(rows[name])).sum().fill_null(0), clock=clock.sum().fill_null(0))


def without_midnights(rows, name):
    """Take 00:00:00 for a date alone; meant for sources in which `mostly_midnight` holds: dates, not moments."""
    precision = rows[f"{name}__precision"]
    told = ibis.ifelse(is_midnight(rows[name]) & is_clock(precision), "day", precision)
    return rows.mutate(**{f"{name}__precision": told})
