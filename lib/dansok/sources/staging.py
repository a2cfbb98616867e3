"""One table of a file, as text cells, into Parquet: the same notes on rows for every kind of file."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

import pyarrow as pa

from dansok.words import Text

BATCH_ROWS = 10_000
ROW_NOTES = {
    "blank row": Text("빈 행", "blank row"),
    "repeated header": Text("되풀이된 열 이름 행", "repeated header"),
    "total row": Text("합계 행", "total row"),
    "undecodable text": Text("깨진 글자가 있는 행", "undecodable text"),
    "short row": Text("칸이 모자라는 행", "short row"),
    "long row": Text("칸이 남는 행", "long row"),
}
BLANK = "[ \t\n\r\v\f\x1a\u00a0\u3000\ufeff\u200b]"
WRITTEN = BLANK.replace("[", "[^")
TOTAL = rf"^{BLANK}*[\[(<]?{BLANK}*([합총소누]{BLANK}*)?계{BLANK}*[\])>]?{BLANK}*:?{BLANK}*$"


@dataclass(frozen=True)
class Table:
    """A table inside a file: a sheet, a delimited text, a list of records.

    `head` holds its top rows as text, the first of them numbered `first_row`; `cells` writes the rows after a
    given row as an SQL relation with `source_row` and the text columns c0, c1 …: '' where a cell is empty, NULL
    where the row ended before it. `spare` columns beyond the header exist only to notice rows that are too long.
    """

    name: str | None
    head: list[list[str]]
    width: int
    cells: Callable
    first_row: int = 1
    spare: int = 0


def arrow_cells(rows_after, width):
    """`Table.cells` for rows that come out of Python, handed to DuckDB a batch at a time.

    `rows_after(row)` yields (row number, texts) for the rows after `row`.
    """
    names = [f"c{i}" for i in range(width)]
    schema = pa.schema([("source_row", pa.int64()), *((name, pa.string()) for name in names)])

    def batches(rows):
        while batch := list(islice(rows, BATCH_ROWS)):
            numbers, texts = zip(*batch, strict=True)
            columns = zip(*texts, strict=True)
            yield pa.record_batch([pa.array(numbers, pa.int64()), *(pa.array(c, pa.string()) for c in columns)], schema)

    def cells(connection, row):
        connection.con.register(
            "cells_from_python", pa.RecordBatchReader.from_batches(schema, batches(iter(rows_after(row))))
        )
        return "SELECT * FROM cells_from_python"

    return cells


def write_table(connection, table, heading, file, path):
    """Write the rows below the heading to a Parquet file; unmapped columns are read for the notes only.

    Returns
    -------
    dict of str or None to int
        Rows by note; None are the data rows.
    """
    mapped = [f"c{i}" for i in heading.columns.values()]
    spare = [f"c{len(heading.labels) + i}" for i in range(table.spare)]
    every = [f"c{i}" for i in range(max(table.width, len(heading.labels)))]
    first = " ".join(f"WHEN {_written(c)} THEN {c}" for c in every)
    repeated = " AND ".join(
        f"c{i} IN ({_text(heading.cells[i])}, {_text(heading.labels[i])})" for i in heading.columns.values()
    )
    note = f"""CASE
        WHEN first_text IS NULL THEN 'blank row'
        WHEN {repeated or "false"} THEN 'repeated header'
        WHEN regexp_matches(first_text, {_text(TOTAL)}) THEN 'total row'
        WHEN {_any(f"contains({c}, {_text(chr(0xFFFD))})" for c in mapped)} THEN 'undecodable text'
        WHEN {_any(f"{c} IS NULL" for c in mapped)} THEN 'short row'
        WHEN {_any(_written(c) for c in spare)} THEN 'long row' END"""
    staged = ", ".join(f"CASE WHEN {_written(f'c{i}')} THEN c{i} END AS {_name(n)}" for n, i in heading.columns.items())
    connection.raw_sql(
        f"""COPY (
            SELECT {staged + "," if staged else ""} {_text(file)} AS source_file, source_row, {note} AS row_note
            FROM (SELECT *, CASE {first} END AS first_text FROM ({table.cells(connection, heading.row)}))
        ) TO {_text(str(path))} (FORMAT parquet, COMPRESSION zstd)"""
    )
    counts = connection.raw_sql(f"SELECT row_note, count(*) FROM read_parquet({_text(str(path))}) GROUP BY 1")
    return dict(counts.fetchall())


def _any(conditions):
    return " OR ".join(conditions) or "false"


def _written(column):
    """Whether a cell holds more than white space: found at its first letter, where trimming copies every cell."""
    return f"regexp_matches({column}, {_text(WRITTEN)})"


def _text(value):
    return "'" + value.replace("'", "''") + "'"


def _name(value):
    return '"' + value.replace('"', '""') + '"'
