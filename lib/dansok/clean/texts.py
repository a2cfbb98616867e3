"""The text columns of a source under our names; plates that stand where they do not belong are taken out."""

import unicodedata

import ibis
import pandas as pd

from dansok.korea.plates import COMMERCIAL, DELIVERY, DIPLOMATIC, PRIVATE, RENTAL, find_plates

BLANKS = "[\\s\u00a0\u3000\u200b\ufeff\x1a]+"
PLATE_MARK = "[차량번호]"
UNFIT = "(…)"
# Letters with which moments and numbers are written; any other belongs to something else.
WORDS = "(?i)오전|오후|요일|개소|[년월일시분초원건면대개월화수목금토]|am|pm|[tz]"
# Any text that could hold a plate or a syllable in pieces (files from a Mac); Python looks at the distinct ones.
_LETTERS = f"{PRIVATE}{COMMERCIAL}{DELIVERY}{RENTAL}차카타파처커터퍼초코토포추쿠투푸후"
SUSPECT = f"[{_LETTERS}][^0-9가-힣]{{0,4}}[0-9０-９]{{4}}|{'|'.join(DIPLOMATIC)}|임시|[\u1100-\u11ff]"


def as_texts(table, source, rows):
    """Our columns of a source as text: parts joined with a space, constants filled in, empty as missing.

    Parameters
    ----------
    table : dansok.tables.Table
    source : dansok.city.Source
    rows : ibis.Table
        As `sources.read_source` stages them.

    Returns
    -------
    ibis.Table
        Mapped columns in the order of the table, then source_file, source_row, row_note.
    """
    found = {}
    for column in table.columns:
        if column.name in source.columns:
            found[column.name] = _joined([rows[part[0]] for part in source.columns[column.name]], column)
        elif column.name in source.constants:
            found[column.name] = ibis.literal(str(source.constants[column.name]))
    return rows.select(**found, source_file="source_file", source_row="source_row", row_note="row_note")


def _joined(parts, column):
    if len(parts) == 1:
        text = parts[0]
    else:
        text = parts[0].fill_null("")
        for part in parts[1:]:
            text = text + " " + part.fill_null("")
    if column.type == "string":
        text = text.re_replace(BLANKS, " ")
    return text.strip().nullif("")


def without_plates(rows, columns, to_pandas):
    """Replace plates inside texts by a mark, and compose syllables that came in pieces.

    Parameters
    ----------
    rows : ibis.Table
    columns : list of str
        Text columns, none of which is meant to hold plates.
    to_pandas : callable
        Runs an expression.

    Returns
    -------
    ibis.Table
    dict of str to int
        Rows in which a plate stood, by column.
    """
    counts = {}
    for name in columns:
        suspects = rows.filter(rows[name].re_search(SUSPECT)).group_by(text=rows[name]).agg(n=ibis._.count())
        found = to_pandas(suspects.order_by("text"))
        composed = found.text.map(lambda text: unicodedata.normalize("NFC", text))
        safe = composed.map(_masked)
        held = int(found.n[safe != composed].sum())
        if held:
            counts[name] = held
        changed = pd.DataFrame({"_found": found.text, "_safe": safe})[safe != found.text]
        if len(changed):
            replaced = ibis.memtable(changed)
            joined = rows.left_join(replaced, rows[name] == replaced._found)
            rows = joined.mutate(**{name: joined._safe.fill_null(joined[name])}).select(*rows.columns)
    return rows, counts


def _masked(text):
    for start, end in reversed(find_plates(text)):
        text = text[:start] + PLATE_MARK + text[end:]
    return text
