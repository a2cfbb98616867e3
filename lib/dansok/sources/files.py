"""The files of a source: which they are, what kind each is, and their rows as text in Parquet."""

import codecs
import fnmatch
import hashlib
import re
import shutil
import tempfile
import unicodedata
import zipfile
import zlib
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from pathlib import Path

from dansok import engine
from dansok.sources.delimited import CSV_ERRORS, delimited_table, refuse_csv
from dansok.sources.documents import document_table
from dansok.sources.encodings import find_encoding, has_second_mark, pieces
from dansok.sources.headers import find_heading, refuse_headers, wanted_headers
from dansok.sources.sheets import html_tables, workbook_tables
from dansok.sources.staging import ROW_NOTES, Table, write_table
from dansok.words import Refusal, Text

LISTED = 5
WIDER_ENCODINGS = {"utf-8": "utf-8-sig", "euc_kr": "cp949"}  # each reads all of the other, and more
OLE2 = bytes.fromhex("d0cf11e0a1b11ae1")
IMAGE, PDF, HWP = (
    Text("그림 파일", "an image"),
    Text("PDF 파일", "a PDF"),
    Text("한글(HWP) 문서", "a Hangul (HWP) document"),
)
DATABASE = Text("데이터베이스 파일", "a database file")
NO_TABLE = (
    (b"\x89PNG", IMAGE), (b"\xff\xd8\xff", IMAGE), (b"GIF8", IMAGE), (b"II*\0", IMAGE), (b"MM\0*", IMAGE),
    (b"%PDF", PDF), (b"HWP Document File", HWP),
    (b"\x1f\x8b", Text("gzip 압축 파일", "a gzip archive")), (b"7z\xbc\xaf", Text("7z 압축 파일", "a 7z archive")),
    (b"Rar!", Text("RAR 압축 파일", "a RAR archive")), (b"ALZ\1", Text("ALZ 압축 파일", "an ALZ archive")),
    (b"EGGA", Text("EGG 압축 파일", "an EGG archive")), (b"SQLite format 3", DATABASE), (b"\0\1\0\0Standard", DATABASE),
)  # fmt: skip
LOCKED = re.compile(rb".{0,2}DRMONE|SCDSA00|<DOCUMENT SAFER", re.IGNORECASE)
JSON_START = re.compile(r"\s*(\{|\[\s*[\[{\]])")
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
class _File:
    """A file, or a member of an archive that was unpacked to `path`."""

    name: str
    path: Path
    sha256: str
    notes: tuple[Text, ...] = ()


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
    return {name: _sha256(path) for name, path in _matching(source, Path(raw)).items()}


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
            for file in _files(source, Path(raw), Path(scratch)):
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
    pattern = _folded(source.sheet)
    tables = [table for table in content.tables if fnmatch.fnmatchcase(_folded(table.name), pattern)]
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
    kind = _kind(file)
    if isinstance(kind, Text):
        _refuse_no_table(file.name, kind)
    if kind != "text":
        tables, notes = workbook_tables(file.path, file.name)
        return _Content(kind, None, tables, notes)
    encoding = _encoding(file, source)
    start = next(pieces(file.path, encoding), "")[:100_000]
    if not start.strip("\ufeff \t\n\x00\x1a"):
        _refuse_empty(file.name)
    if sum(c == "\ufffd" or (c < " " and c not in "\t\n\f\x1a") for c in start) > len(start) // 10:
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


def _kind(file):
    """A workbook's format, "zip" or "text"; a Text says what it is if it can hold no table."""
    with open(file.path, "rb") as opened:
        start = opened.read(512)
    if not start:
        _refuse_empty(file.name)
    if LOCKED.match(start):
        raise Refusal(
            f"{file.name}: 문서보안(DRM)이 걸린 파일입니다. 보안을 해제하여 다시 저장하세요.",
            f"{file.name} is locked by document security (DRM). Save it again with the lock taken off.",
        )
    for magic, what in NO_TABLE:
        if start.startswith(magic):
            return what
    if start.startswith(OLE2):
        names = file.path.read_bytes()
        if "EncryptedPackage".encode("utf-16-le") in names:
            raise Refusal(
                f"{file.name}: 암호가 걸린 파일입니다. 암호를 풀어 다시 저장하세요.",
                f"{file.name} is protected by a password. Save it again without one.",
            )
        is_workbook = any(name.encode("utf-16-le") in names for name in ("Workbook", "Book"))
        return (
            "xls"
            if is_workbook
            else HWP
            if "HwpSummary".encode("utf-16-le") in names
            else Text(
                "통합 문서가 들어 있지 않거나 잘린 오피스 문서",
                "an Office document without a workbook in it, or cut short",
            )
        )
    if start.startswith(b"PK"):
        return _zip_kind(file)
    return "text"


def _zip_kind(file):
    try:
        with zipfile.ZipFile(file.path) as archive:
            names = set(archive.namelist())
    except zipfile.BadZipFile as error:
        raise Refusal(
            f"{file.name}: 파일이 손상되었거나 끝이 잘렸습니다. 다시 내려받거나 복사하세요.",
            f"{file.name} is damaged or cut short. Export or copy it again.",
        ) from error
    if "xl/workbook.xml" in names:
        return "xlsx"
    if "xl/workbook.bin" in names:
        return "xlsb"
    if {"mimetype", "content.xml"} <= names:
        return "ods"
    if "word/document.xml" in names or "ppt/presentation.xml" in names:
        return Text("워드나 파워포인트 문서", "a Word or PowerPoint document")
    if "Contents/content.hpf" in names:
        return HWP
    return "zip"


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


def _files(source, raw, scratch):
    for name, path in _matching(source, raw).items():
        file = _File(name, path, _sha256(path))
        if path.stat().st_size and _kind(file) == "zip":
            yield from _members(file, scratch)
        else:
            yield file


def _members(archive, scratch):
    """Unpack an archive a member at a time; members that can hold no table are noted on the first that is read."""
    notes, read = list(archive.notes), 0
    try:
        with zipfile.ZipFile(archive.path) as opened:
            for info in opened.infolist():
                name = f"{archive.name}/{_member_name(info)}"
                if info.is_dir() or _is_litter(name):
                    continue
                if info.flag_bits & 1:
                    raise Refusal(
                        f"{name}: 암호가 걸린 압축 파일입니다. 압축을 풀어 1_raw에 넣으세요.",
                        f"{name} is in an archive with a password. Unpack it into 1_raw.",
                    )
                with (
                    tempfile.NamedTemporaryFile(dir=scratch, delete=False) as unpacked,
                    opened.open(info) as content,
                ):
                    shutil.copyfileobj(content, unpacked, 1 << 20)
                path = Path(unpacked.name)
                file = _File(name, path, _sha256(path), tuple(notes))
                kind = _kind(file)
                if isinstance(kind, Text):
                    notes.append(
                        Text(
                            f"{name}은(는) {kind.ko}이라 읽지 않았습니다.",
                            f"{name} is {kind.en} and was not read.",
                        )
                    )
                elif kind == "zip":
                    yield from _members(file, scratch)
                    read, notes = read + 1, []
                else:
                    yield file
                    read, notes = read + 1, []
                path.unlink()
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError) as error:
        raise Refusal(
            f"{archive.name}: 압축 파일이 손상되었거나 지원하지 않는 방식입니다. 압축을 풀어 1_raw에 넣으세요.",
            f"{archive.name} is damaged or compressed in an unsupported way. Unpack it into 1_raw.",
        ) from error
    if not read:
        raise Refusal(
            f"{archive.name}: 압축 파일 안에 읽을 수 있는 표가 없습니다. 다시 내려받으세요.",
            f"{archive.name} holds no file with a table. Export it again.",
        )


def _member_name(info):
    """Names not marked as UTF-8 are in the code page of the PC that packed them, which zipfile takes for CP437."""
    name = info.filename
    if not info.flag_bits & 0x800:
        packed = name.encode("cp437", "replace")
        for encoding in ("utf-8", "cp949"):
            try:
                name = packed.decode(encoding)
                break
            except UnicodeDecodeError:
                continue
    return unicodedata.normalize("NFC", name)


def _matching(source, raw):
    """Name below `raw` -> path of every file that a pattern of the source matches, in the order of the patterns.

    Patterns match without regard to case (.CSV) and to how Hangul is composed (files from a Mac); "**" stands for any
    folders.
    """
    there = {}
    for path in sorted(raw.rglob("*")):
        name = unicodedata.normalize("NFC", path.relative_to(raw).as_posix())
        if path.is_file() and not _is_litter(name):
            there[name] = path
    matched = {}
    for pattern in source.files:
        wanted = _folded(pattern)
        names = [n for n in there if _folded(n) == wanted or _fits(_folded(n).split("/"), wanted.split("/"))]
        if not names:
            _refuse_pattern(pattern, source, raw, there)
        matched.update({name: there[name] for name in names})
    return matched


def _fits(parts, patterns):
    if not patterns:
        return not parts
    if patterns[0] == "**":
        return any(_fits(parts[i:], patterns[1:]) for i in range(len(parts) + 1))
    return bool(parts) and fnmatch.fnmatchcase(parts[0], patterns[0]) and _fits(parts[1:], patterns[1:])


def _folded(name):
    return unicodedata.normalize("NFC", name).casefold()


def _is_litter(name):
    """Lock files of Excel and hidden files of macOS and Windows."""
    return any(part.startswith(("~$", ".", "__MACOSX")) or part == "Thumbs.db" for part in name.split("/"))


def _sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _same_content(name):
    return Text(
        f"{name}은(는) 내용이 똑같아 다시 읽지 않았습니다.",
        f"{name} has the same content and was not read again.",
    )


def _refuse_pattern(pattern, source, raw, there):
    place = f"{raw.parent.name}/{raw.name}"
    nearest = sorted(there, key=lambda name: -SequenceMatcher(None, pattern, name).ratio())[:LISTED]
    more = len(there) - len(nearest)
    listed = ", ".join(sorted(nearest))
    raise Refusal(
        f"{place}에 '{pattern}'에 맞는 파일이 없습니다"
        + (f"(있는 파일: {listed}{f' 외 {more}개' if more else ''}). " if there else "(폴더가 비어 있습니다). ")
        + f"파일을 넣거나 city.toml의 [[source]] '{source.name}' files를 고치세요.",
        f"No file in {place} matches '{pattern}'"
        + (f" (files there: {listed}{f' and {more} more' if more else ''}). " if there else " (the folder is empty). ")
        + f"Put the file there, or correct files of [[source]] '{source.name}' in city.toml.",
    )


def _refuse_empty(name):
    raise Refusal(f"{name}: 빈 파일입니다. 다시 내려받으세요.", f"{name} is empty. Export it again.")


def _refuse_no_table(name, what):
    raise Refusal(
        f"{name}: 표가 아니라 {what.ko}입니다. 엑셀이나 CSV로 다시 내려받으세요.",
        f"{name} is {what.en}, not a table. Export it as Excel or CSV.",
    )
