"""CSV and its kin: comma, tab, semicolon or bar, in any of the encodings that offices use."""

import csv
import io
import re
from itertools import chain

import duckdb

from dansok.sources.encodings import pieces
from dansok.sources.headers import HEAD_ROWS, find_heading
from dansok.sources.staging import Table
from dansok.words import Refusal

DELIMITERS = ",\t;|"
SPARE = 4
LONGEST_RECORD = 1 << 21
ABSENT = "\x01"
LONE_QUOTE = "\ufffd"


def delimited_table(path, encoding, wanted, file, scratch):
    """The table in a delimited text file.

    Rows are numbered by record, the titles above the header included: the line number too, unless a quoted cell
    above holds line breaks. Decoding goes piece by piece into `scratch` (as UTF-8, the size of the text) and from
    there through DuckDB, so memory does not grow with the file.

    A quote that is opened and never closed makes every reader swallow the rows after it. Such quotes, and quotes in
    the middle of a quoted cell, are replaced by U+FFFD, so that the row is noted as undecodable and no other is lost.

    Raises
    ------
    Refusal
        If a quoted cell is still open at the end of the file, or a record is longer than 2 MB.
    """
    top = next(pieces(path, encoding), "")
    candidates = [(delimiter, *_head(top, delimiter)) for delimiter in DELIMITERS]
    with_heading = [candidate for candidate in candidates if find_heading(candidate[1], wanted)]
    delimiter, head, last_lines = (with_heading or sorted(candidates, key=_widest, reverse=True))[0]
    width = max(map(len, head), default=1)

    def cells(connection, row):
        header_width = len(head[row - 1])
        columns = max(width, header_width) + SPARE
        utf8 = scratch / "table.csv"
        _write_utf8(utf8, pieces(path, encoding), last_lines[row - 1], delimiter, header_width, file)
        names = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(columns))
        return f"""SELECT row_number() OVER () + {row} AS source_row, * FROM read_csv('{str(utf8).replace("'", "''")}',
            auto_detect = false, header = false, delim = '{delimiter}', quote = '"', escape = '"', columns = {{{names}}},
            nullstr = '{ABSENT}', null_padding = true, strict_mode = false, parallel = false,
            max_line_size = {LONGEST_RECORD})"""

    return Table(None, head, width, cells, spare=SPARE)


def refuse_csv(error, file):
    """DuckDB's message shows the row it failed on: say the line only."""
    line = re.search(r"Line: (\d+)", str(error))
    ko, en = (f" {line[1]}행 부근", f", near record {line[1]} below the header") if line else ("", "")
    raise Refusal(
        f"{file}{ko}: 한 행이 2 MB보다 깁니다. 닫히지 않은 따옴표나 표가 아닌 내용이 있는지 확인하고 고치세요.",
        f"{file}{en}: a record is longer than 2 MB. Look for an unclosed quote or content that is no table.",
    ) from None


# The last: DuckDB cuts the record that it quotes in its message, and may cut a Korean letter in two.
CSV_ERRORS = (duckdb.InvalidInputException, duckdb.ConversionException, UnicodeDecodeError)


def _widest(candidate):
    return max(map(len, candidate[1]), default=0)


def _head(text, delimiter):
    """The top records, and for each the number of its last line."""
    reader = csv.reader(io.StringIO(text, newline="\n"), delimiter=delimiter)
    rows, last_lines = [], []
    try:
        for row in reader:
            rows.append(row)
            last_lines.append(reader.line_num)
            if len(rows) == HEAD_ROWS:
                break
    except csv.Error:
        pass
    return rows, last_lines


def _write_utf8(path, texts, skip_lines, delimiter, width, file):
    """The text after its first lines, with blank lines and broken quotes made safe for DuckDB's reader."""
    tidy = _Tidy(delimiter, width, skip_lines)
    with open(path, "w", encoding="utf-8", newline="") as out:
        for text in texts:
            while skip_lines and text:
                _, _, text = text.partition("\n")
                skip_lines -= 1
            if text:
                out.write(tidy(text))
        out.write(tidy.end())
    if tidy.opened:
        raise Refusal(
            f'{file} {tidy.opened}번째 줄: 열린 따옴표(")가 파일 끝까지 닫히지 않습니다. 그 줄의 따옴표를 고치세요.',
            f'{file} line {tidy.opened}: a quotation mark (") is opened and never closed. Correct that line.',
        )


class _Tidy:
    """Text of whole lines in, the same text out, except that

    - a blank line outside quotes becomes a row of empty cells (DuckDB would skip it and row numbers would slip),
    - a quote that cannot be one is replaced, see `delimited_table`.
    """

    def __init__(self, delimiter, width, lines_before):
        self.delimiter, self.fences = delimiter, max(width - 1, 1)
        d = re.escape(delimiter)
        self.opening_quote = re.compile(rf'(?:^|{d})\s*"')
        self.inner_quote = re.compile(rf'(?<=[^{d}"\s])" *[^{d}"\s]')
        self.opened, self.lines = 0, lines_before
        self.kept = None
        self.suspect = False

    def __call__(self, text):
        quoted = '"' in text or self.opened or self.kept is not None
        if not quoted and "\n\n" not in text and not text.startswith("\n"):
            self.lines += text.count("\n")
            return text
        if self.kept is not None:
            text = f"{self.kept}\n{text}"
        self.suspect = bool(self.inner_quote.search(text))
        lines = text.split("\n")
        ended = lines.pop() if text.endswith("\n") else None
        self.kept = lines.pop() if lines and ended is not None else None
        following = chain(lines[1:], [self.kept])
        return "".join(self._line(line, after) + "\n" for line, after in zip(lines, following, strict=False))

    def end(self):
        return self._line(self.kept, None) if self.kept is not None else ""

    def _line(self, line, after):
        self.lines += 1
        quotes = line.count('"')
        if self.opened:
            if quotes % 2:
                self.opened = 0
            return line
        if not line:
            return self.delimiter
        odd = quotes % 2
        if not (odd or self.suspect) or not self.opening_quote.search(line):
            return line
        if self.inner_quote.search(line):
            return line.replace('"', LONE_QUOTE)
        if odd:
            if self._is_whole(line, after):
                return line.replace('"', LONE_QUOTE)
            self.opened = self.lines
        return line

    def _is_whole(self, line, after):
        """Whether a line with a quote left open is a row of its own: it has all its cells, and so has the next."""
        return line.count(self.delimiter) >= self.fences and (
            after is None or (after.count(self.delimiter) >= self.fences and after.count('"') % 2 == 0)
        )
