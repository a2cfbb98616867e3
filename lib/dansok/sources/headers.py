"""Where the header row of a table is, and which column of it holds what a source maps."""

import re
import unicodedata
from dataclasses import dataclass

from dansok.words import Refusal

HEAD_ROWS = 30
SHOWN = 12
INVISIBLE = dict.fromkeys(map(ord, "\ufeff\u200b\u200c\u200d\u00ad"))
PERSONAL = re.compile(r"[가-힣]\s*\d{4}\b|\d{6}-?[\d*]{7}|\d{3,4}[-. ]\d{4}")


def plain(text):
    """A header as people read it: NFC, no invisible characters, white space and line breaks collapsed.

    Examples
    --------
    >>> plain("  단속\\n일시 ")
    '단속 일시'
    """
    return " ".join(unicodedata.normalize("NFC", text).translate(INVISIBLE).split())


def squeezed(text):
    """A header without any space, for exports that set them as they please.

    Examples
    --------
    >>> squeezed(" 단 속 건 수 ")
    '단속건수'
    """
    return plain(text).replace(" ", "")


def wanted_headers(source):
    """What a file of the source must have: staged name (the first spelling) -> every spelling, in order."""
    wanted = {}
    for parts in source.columns.values():
        for spellings in parts:
            known = wanted.setdefault(spellings[0], ())
            wanted[spellings[0]] = known + tuple(s for s in spellings if s not in known)
    return wanted


@dataclass(frozen=True)
class Heading:
    """A header row that holds everything wanted.

    `row` counts from 1, and is 0 where the names come with each record (JSON); `columns` gives staged name ->
    position; `cells` are the header cells as they stand, `labels` the same as plain text.
    """

    row: int
    columns: dict[str, int]
    cells: tuple[str, ...]

    @property
    def labels(self):
        return tuple(map(plain, self.cells))

    @property
    def used(self):
        return tuple(shown(self.labels[i]) for i in self.columns.values())

    @property
    def unused(self):
        taken = self.columns.values()
        return tuple(shown(label) for i, label in enumerate(self.labels) if label and i not in taken)

    @property
    def repeated(self):
        """Headers we read that stand more than once: only the first of them is read."""
        return tuple(label for label in self.used if sum(shown(other) == label for other in self.labels) > 1)


def find_heading(head, wanted, first_row=1):
    """The first of the given rows that has every wanted header, else None.

    Parameters
    ----------
    head : list of list of str
        The top rows of a table.
    wanted : dict of str to tuple of str
        See `wanted_headers`.
    first_row : int
        Number of the first row of `head`.

    Examples
    --------
    >>> find_heading([["2024년 단속현황", ""], ["연번", " 단속 건수"]], {"단속건수": ("단속건수", "건수")}).columns
    {'단속건수': 1}
    """
    for i, row in enumerate(head[:HEAD_ROWS]):
        found = _locate(row, wanted)
        if len(found) == len(wanted):
            return Heading(first_row + i, found, tuple(row))
    return None


def shown(label):
    """A header fit to be printed: one that looks like a plate or a number of a person is masked, since a
    file without a header row puts data where headers should be."""
    return "(…)" if PERSONAL.search(label) else label[:40]


def refuse_headers(file, source, heads, wanted):
    """Say which headers are missing, and what the most likely header row of the file has instead.

    `heads` are the top rows of every sheet that was looked into: name (or None) -> rows. A row without any
    wanted header is listed only if it is surely not data: no digit in it, digits below.
    """
    sheet, rows, best = max(
        ((name, rows, i) for name, rows in heads.items() for i in range(len(rows[:HEAD_ROWS]))),
        key=lambda candidate: len(_locate(candidate[1][candidate[2]], wanted)),
        default=(None, [], None),
    )
    located = _locate(rows[best], wanted) if rows else {}
    missing = ", ".join("|".join(spellings) for name, spellings in wanted.items() if name not in located)
    if rows and not located:
        best = next((i for i, row in enumerate(rows[:HEAD_ROWS]) if _is_heading(row, rows[i + 1 :])), None)
    labels = [shown(plain(cell)) for cell in rows[best] if plain(cell)] if best is not None and rows else []
    listed = ", ".join(labels[:SHOWN])
    more = len(labels) - SHOWN
    where = f"{file}#{sheet}" if sheet and located else file
    raise Refusal(
        f"{where}: 처음 {HEAD_ROWS}행에서 열 '{missing}'을(를) 찾지 못했습니다. "
        + (f"찾은 열: {listed}{f' 외 {more}개' if more > 0 else ''}. " if listed else "열 이름 행이 보이지 않습니다. ")
        + f"city.toml의 [[source]] '{source.name}' columns에 이 파일의 열 이름을 적거나, 파일을 다시 내려받으세요.",
        f"{where}: no column '{missing}' in the first {HEAD_ROWS} rows. "
        + (
            f"Columns found: {listed}{f' and {more} more' if more > 0 else ''}. "
            if listed
            else "No header row is seen. "
        )
        + f"Write this file's headers under columns of [[source]] '{source.name}' in city.toml, or export it again.",
    )


def _locate(row, wanted):
    exact, loose = {}, {}
    for i, cell in enumerate(row):
        exact.setdefault(plain(cell), i)
        loose.setdefault(squeezed(cell), i)
    found = {}
    for name, spellings in wanted.items():
        for spelling in spellings:
            place = exact.get(plain(spelling), loose.get(squeezed(spelling)))
            if place is not None:
                found[name] = place
                break
    return found


def _is_heading(row, below):
    cells = [plain(cell) for cell in row if plain(cell)]
    return (
        len(cells) > 1
        and len(set(cells)) == len(cells)
        and not any(character.isdigit() for cell in cells for character in cell)
        and any(character.isdigit() for other in below for cell in other for character in cell)
    )
