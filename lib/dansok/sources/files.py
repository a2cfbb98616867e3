"""Every file of a source, its tables found and their rows written as text to Parquet."""

import codecs
import fnmatch
import re
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from dansok import engine
from dansok.sources.delimited import CSV_ERRORS, delimited_table, refuse_csv
from dansok.sources.documents import document_table
from dansok.sources.encodings import find_encoding, has_second_mark, pieces
from dansok.sources.folders import LISTED, folded, matching_files, refuse_plate, sha256, source_files
from dansok.sources.headers import find_heading, refuse_headers, wanted_headers
from dansok.sources.kinds import file_kind, refuse_empty
from dansok.sources.sheets import html_tables, workbook_tables
from dansok.sources.staging import ROW_NOTES, Table, write_table
from dansok.words import Refusal, Text

WIDER_ENCODINGS = {"utf-8": "utf-8-sig", "euc_kr": "cp949"}  # each reads all of the other, and more
JSON_START = re.compile(r"\s*(\{|\[\s*[\[{\]])")
NO_LETTER = re.compile("[\ufffd\x00-\x08\x0b\r\x0e-\x19\x1b-\x1f]")
HTML_START = re.compile(r"\s*<(!doctype html|html|head|meta|table|body|style|!--|\?xml)", re.IGNORECASE)


@dataclass(frozen=True)
class Arrival:
    """What came in with one file.

    `file` is its name below 1_raw ("x.zip/y.csv" for a member); `sha256` and `bytes` are of its own content;
    `header_row` is None for JSON; `columns` are the headers that were read and `unused_columns` those that were not;
    `rows` counts the data rows, which carry no note.
    """

    source: str
    file: str
    sha256: str
    bytes: int
    format: str
    encoding: str | None
    header_row: int | None
    columns: tuple[str, ...]
    unused_columns: tuple[str, ...]
    rows: int
    notes: tuple[Text, ...]


@dataclass(frozen=True)
class Staged:
    """The rows of a source as text (`parquet`, one file a sheet, in reading order) and what arrived."""

    parquet: tuple[Path, ...]
    arrivals: list[Arrival]


@dataclass(frozen=True)
class _Content:
    format: str
    encoding: str | None
    tables: list[Table]
    notes: list[Text]


def file_hashes(source, raw):
    """What the source's files hold now: name below `raw` -> SHA-256, to see whether anything changed.

    Raises
    ------
    Refusal
        If a pattern of the source matches no file.
    """
    return {name: sha256(path) for name, path in matching_files(source, Path(raw)).items()}


def read_source(source, raw, staging):
    """Stage every file of a source as text.

    Parameters
    ----------
    source : dansok.city.Source
    raw : Path
        The city's 1_raw, which is only read.
    staging : Path
        Folder for the Parquet files; made if missing. While it runs it also holds unpacked archives and one text
        file as UTF-8.

    Returns
    -------
    Staged
        Its Parquet files have one VARCHAR column for each header that the source maps, under the first spelling, with
        NULL for an empty cell; `source_file` ("x.zip/y.csv" for a member, "x.xlsx#Sheet2" in a workbook with several
        sheets); `source_row` (BIGINT: the row as Excel numbers it; of a CSV the record, titles and header included; of
        JSON the record from 1); `row_note` (one of `ROW_NOTES`, NULL for a data row). No row is dropped. Columns that
        the source does not map are never staged.

    Raises
    ------
    Refusal
        If a pattern matches no file, a file cannot be read, or a header that the source maps is in none of its sheets.

    Notes
    -----
    A file is read once, also when two patterns match it or when it lies there twice under two names.
    """
    staging = Path(staging)
    staging.mkdir(parents=True, exist_ok=True)
    wanted = wanted_headers(source)
    connection = engine.connect()
    connection.raw_sql("SET threads = 1")  # a file is read in its order: more threads take memory, not time
    parquet, arrivals, seen = [], [], {}
    try:
        with tempfile.TemporaryDirectory(dir=staging) as scratch:
            for file in source_files(source, Path(raw), Path(scratch)):
                if file.sha256 in seen:
                    first = arrivals[seen[file.sha256]]
                    arrivals[seen[file.sha256]] = replace(first, notes=(*first.notes, _same_content(file.name)))
                    continue
                seen[file.sha256] = len(arrivals)
                content = _open(file, source, wanted, Path(scratch))
                paths, arrival = _stage(connection, file, content, source, wanted, staging, len(parquet))
                parquet += paths
                arrivals.append(arrival)
    finally:
        connection.disconnect()
    return Staged(tuple(parquet), arrivals)


def _stage(connection, file, content, source, wanted, staging, first_number):
    """Write the tables of one file; returns their Parquet paths and the arrival."""
    tables, headings, notes = _headed(file, content, source, wanted)
    several = len(content.tables) > 1
    paths, counts = [], dict.fromkeys((None, *ROW_NOTES), 0)
    for table, heading in zip(tables, headings, strict=True):
        path = staging / f"{source.name}.{first_number + len(paths):05d}.parquet"
        name = f"{file.name}#{table.name}" if several else file.name
        try:
            rows = write_table(connection, table, heading, name, path)
        except CSV_ERRORS as error:
            refuse_csv(error, file.name)
        paths.append(path)
        counts.update({note: counts[note] + n for note, n in rows.items()})
    first = headings[0]
    repeated = sorted({label for heading in headings for label in heading.repeated})
    notes += [
        Text(
            f"열 '{label}'이(가) 여러 개여서 첫째만 읽었습니다.",
            f"'{label}' heads several columns: only the first was read.",
        )
        for label in repeated
    ]
    notes += [
        Text(f"{ROW_NOTES[note].ko} {n:,}개", f"{ROW_NOTES[note].en}: {n:,}")
        for note, n in counts.items()
        if note and n
    ]
    return paths, Arrival(
        source=source.name,
        file=file.name,
        sha256=file.sha256,
        bytes=file.path.stat().st_size,
        format=content.format,
        encoding=content.encoding,
        header_row=first.row or None,
        columns=first.used,
        unused_columns=first.unused,
        rows=counts[None],
        notes=(*file.notes, *content.notes, *notes),
    )


def _headed(file, content, source, wanted):
    """The tables to read and the heading of each: later sheets without a header may continue the one before."""
    for table in content.tables:
        refuse_plate(f"{file.name}#{table.name}" if table.name else file.name)
    tables = _sheets_wanted(file, content, source)
    if content.format in ("json", "geojson") and not any(table.head for table in tables):
        empty = Table(None, [], len(wanted), lambda *_: _no_rows(len(wanted)), first_row=0)
        heading = find_heading([list(wanted)], wanted, first_row=0)
        return [empty], [heading], [Text("레코드가 없습니다.", "It holds no records.")]
    if not any(table.head for table in tables):
        raise Refusal(
            f"{file.name}: 내용이 비어 있습니다. 다시 내려받으세요.",
            f"{file.name} holds no rows. Export it again.",
        )
    found = [find_heading(table.head, wanted, table.first_row) for table in tables]
    if not any(found):
        refuse_headers(file.name, source, {table.name: table.head for table in tables}, wanted)
    kept, headings, notes, last = [], [], [], None
    for table, heading in zip(tables, found, strict=True):
        if heading is None and last is not None and _may_continue(table, last[0]):
            heading = replace(last[1], row=0)
            notes.append(
                Text(
                    f"시트 '{table.name}'에 열 이름이 없어 앞 시트에 이어지는 것으로 읽었습니다.",
                    f"The sheet '{table.name}' has no header and was read as a continuation of the sheet before.",
                )
            )
        elif heading is not None:
            last = (table, heading)
        elif table.head:
            notes.append(
                Text(
                    f"시트 '{table.name}'에 필요한 열이 없어 읽지 않았습니다.",
                    f"The sheet '{table.name}' lacks the columns and was not read.",
                )
            )
        else:
            notes.append(Text(f"시트 '{table.name}'은(는) 비어 있습니다.", f"The sheet '{table.name}' is empty."))
        if heading is not None:
            kept.append(table)
            headings.append(heading)
    return kept, headings, notes


def _may_continue(table, before):
    """As wide as the sheet before it, and starting with data: a header of its own would hardly have a digit."""
    return bool(table.head) and table.width == before.width and any(c.isdigit() for c in "".join(table.head[0]))


def _sheets_wanted(file, content, source):
    if source.sheet is None or all(table.name is None for table in content.tables):
        return content.tables
    pattern = folded(source.sheet)
    tables = [table for table in content.tables if fnmatch.fnmatchcase(folded(table.name), pattern)]
    if not tables:
        names = ", ".join(table.name for table in content.tables[:LISTED])
        raise Refusal(
            f"{file.name}: '{source.sheet}'에 맞는 시트가 없습니다(있는 시트: {names}). "
            f"city.toml의 [[source]] '{source.name}' sheet를 고치세요.",
            f"{file.name}: no sheet matches '{source.sheet}' (sheets there: {names}). "
            f"Correct sheet of [[source]] '{source.name}' in city.toml.",
        )
    return tables


def _no_rows(width):
    columns = ", ".join(f"''::VARCHAR AS c{i}" for i in range(width))
    return f"SELECT 0::BIGINT AS source_row, {columns} WHERE false"


def _open(file, source, wanted, scratch):
    """Find out what a file is and open the tables in it."""
    kind = file_kind(file.path, file.name)
    if isinstance(kind, Text):
        _refuse_no_table(file.name, kind)
    if kind != "text":
        tables, notes = workbook_tables(file.path, file.name)
        return _Content(kind, None, tables, notes)
    encoding = _encoding(file, source)
    start = next(pieces(file.path, encoding), "")[:100_000]
    if not start.strip("\ufeff \t\n\x00\x1a"):
        refuse_empty(file.name)
    if len(NO_LETTER.findall(start)) > len(start) // 10:
        _refuse_no_table(file.name, Text("알 수 없는 이진 파일", "a binary file of an unknown kind"))
    notes = []
    if has_second_mark(file.path, encoding):
        notes.append(Text("파일 앞의 BOM이 두 개입니다.", "The file starts with two byte order marks."))
    if JSON_START.match(start):
        table, geographic = document_table(file.path, encoding, source, file.name)
        return _Content("geojson" if geographic else "json", encoding, [table], notes)
    if HTML_START.match(start):
        if "urn:schemas-microsoft-com:office:spreadsheet" in start:
            _refuse_no_table(file.name, Text("엑셀 2003 XML", "an Excel 2003 XML file"))
        return _Content("html", encoding, html_tables(file.path, encoding), notes)
    return _Content("csv", encoding, [delimited_table(file.path, encoding, wanted, file.name, scratch)], notes)


def _encoding(file, source):
    if source.encoding is None:
        return find_encoding(file.path)
    try:
        name = codecs.lookup(source.encoding).name
        return WIDER_ENCODINGS.get(name, name)
    except LookupError:
        raise Refusal(
            f"{file.name}: 인코딩 '{source.encoding}'을(를) 모릅니다. city.toml의 [[source]] '{source.name}' encoding을 "
            "cp949, utf-8, utf-16 중 하나로 적거나 지우세요.",
            f"{file.name}: encoding '{source.encoding}' is unknown. Write cp949, utf-8 or utf-16 under encoding of "
            f"[[source]] '{source.name}' in city.toml, or remove it.",
        ) from None


def _same_content(name):
    return Text(
        f"{name}은(는) 내용이 똑같아 다시 읽지 않았습니다.",
        f"{name} has the same content and was not read again.",
    )


def _refuse_no_table(name, what):
    raise Refusal(
        f"{name}: 표가 아니라 {what.ko}입니다. 엑셀이나 CSV로 다시 내려받으세요.",
        f"{name} is {what.en}, not a table. Export it as Excel or CSV.",
    )
