"""Raw texts of category columns -> our codes, by the value maps of city.toml."""

import unicodedata
from collections import Counter
from dataclasses import dataclass

import ibis
import pandas as pd

from dansok.korea.plates import find_plates, read_plates
from dansok.words import Refusal

MOST_CATEGORIES = 40  # different unmapped values from which on a column is taken for something else, such as names
LISTED = 30


@dataclass(frozen=True)
class Unmapped:
    """A raw text of a source's column that no value map knows."""

    source: str
    column: str
    text: str
    file: str
    rows: int


def codes_of(column, mapped):
    """Every text that stands for a code: the codes, their Korean labels, and the value map of city.toml.

    Look texts up in `plain` form: composition, surrounding and repeated white space do not matter.

    Examples
    --------
    >>> from dansok.tables import TABLES
    >>> codes = codes_of(TABLES["tickets"]["channel"], {"고정식 CCTV": "fixed_camera"})
    >>> codes[plain(" 고정식  CCTV ")], codes[plain("시민신고")]
    ('fixed_camera', 'citizen_report')
    """
    labels = {plain(label.ko): code for code, label in column.values.items()}
    return labels | {code: code for code in column.values} | {plain(raw): code for raw, code in mapped.items()}


def plain(text):
    return " ".join(unicodedata.normalize("NFC", text).split())


def read_category(text, codes, seen):
    """Codes for a text column, given the distinct texts that it holds (`seen`)."""
    branches = [(text == raw, codes[plain(raw)]) for raw in seen if plain(raw) in codes]
    return ibis.cases(*branches) if branches else ibis.null("string")


def unmapped(source, column, codes, counts):
    """Which of the texts in `counts` (DataFrame: text, file, rows) no map knows."""
    return [
        Unmapped(source.name, column.name, plain(row.text), row.file, int(row.rows))
        for row in counts.itertuples()
        if plain(row.text) not in codes
    ]


def refuse_unmapped(table, found):
    """Say every value that no map knows, how often and where, and what to write into city.toml."""
    rows = Counter()
    files = {}
    for one in sorted(found, key=lambda one: (one.source, one.column, one.file)):
        key = (one.source, one.column, one.text)
        rows[key] += one.rows
        files.setdefault(key, one.file)
    ordered = sorted(rows, key=lambda key: (key[0], key[1], -rows[key], key[2]))
    told_ko, told_en, lines = [], [], []
    for source, column in sorted({key[:2] for key in ordered}):
        these = [key for key in ordered if key[:2] == (source, column)]
        more = len(these) - LISTED
        parts = [(_safe(key[2]), rows[key], files[key]) for key in these[:LISTED]]
        label = table[column].ko
        told_ko.append(
            f"[[source]] '{source}'의 '{column}'({label}): "
            + ", ".join(f"'{text}' {n:,}건({file})" for text, n, file in parts)
            + (f" 외 {more:,}가지" if more > 0 else "")
        )
        told_en.append(
            f"[[source]] '{source}', '{column}': "
            + ", ".join(f"'{text}' {n:,} rows ({file})" for text, n, file in parts)
            + (f" and {more:,} more" if more > 0 else "")
        )
        lines += [f"[source.values.{column}]  # {source}", *(f'{_quoted(text)} = ""' for text, _, _ in parts)]
        lines.append("# " + ", ".join(f"{code}({text.ko})" for code, text in table[column].values.items()))
    _refuse_what_is_no_category(table, ordered)
    pasted = "\n".join(lines)
    raise Refusal(
        f"{table.ko}({table.name}): 뜻을 모르는 값이 있어 아무것도 쓰지 않았습니다. {'; '.join(told_ko)}. "
        f"city.toml의 해당 [[source]] 아래에 다음 줄을 넣고(같은 [source.values…]가 이미 있으면 그 아래에 이어서) 빈 따옴표 안에 "
        f"알맞은 값을 적으세요.\n{pasted}",
        f"{table.name}: values that no map knows, so nothing was written. {'; '.join(told_en)}. "
        f"Put these lines under that [[source]] in city.toml (below the same [source.values…] if it is there already), with the "
        f"right code between the empty quotes.\n{pasted}",
    )


def _refuse_what_is_no_category(table, keys):
    """A column with a great many values is no category but perhaps one of names: its values are not printed."""
    for (source, column), distinct in Counter(key[:2] for key in keys).items():
        if distinct > MOST_CATEGORIES:
            raise Refusal(
                f"[[source]] '{source}'의 '{column}'({table[column].ko})에 서로 다른 값이 {distinct:,}가지 있습니다. 구분 열이 아닌 듯하니 "
                f"city.toml의 columns에서 '{column}'에 적은 열 이름을 확인하세요.",
                f"[[source]] '{source}', '{column}' holds {distinct:,} different values, which is no category. Check which header "
                f"stands for '{column}' under columns in city.toml.",
            )


def _safe(text):
    """A value fit to be printed: a wrongly mapped column may hold plates."""
    is_plate = read_plates(pd.Series([text])).plate_state.isin(["read", "masked"]).iloc[0]
    return "(차량번호)" if is_plate or find_plates(text) else text[:60]


def _quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
