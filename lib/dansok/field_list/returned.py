"""A crew's log sheet on its way back: the rows that were filled in, out of the list under its pass-phrase, into 1_raw.

The rest of the list stays out. In 1_raw the rows are one more export, for a [[source]] of table `outcomes` in city.toml; `clean` turns their
plates into tokens, and the plan of a later month asks what came of each block (`cases.delinquent_stakeout.past`).
"""

import csv
import io
import unicodedata

from python_calamine import CalamineError, CalamineWorkbook

from dansok.field_list.sealed import unseal, write_together
from dansok.field_list.workbook import LIST, LOG, LOG_COLUMNS, RESULT
from dansok.sources.sheets import cell_text
from dansok.tables import TABLES
from dansok.words import Refusal

HEADERS = [label for label, _width in LOG_COLUMNS]
STEM = "단속결과"


def take_back(city, path, pass_phrase):
    """Write the filled-in rows of a log sheet into 1_raw.

    Parameters
    ----------
    city : dansok.city.City
    path : Path
        The list as the crew filled it in, with its pass-phrase or without.
    pass_phrase : str

    Returns
    -------
    Path, int
        The CSV file in 1_raw, and its rows. The same list taken back again replaces it.

    Raises
    ------
    Refusal
        If the file cannot be opened, holds no log sheet, nothing is filled in, or a result is none of those to choose from.
    """
    rows = _filled(path, pass_phrase)
    blocks = sorted({row[HEADERS.index("구간")] for row in rows})
    # The list's own number keeps sheets of one day apart.
    number = unicodedata.normalize("NFC", path.stem).removeprefix(f"{LIST}_").partition("_파기_")[0]
    target = city.raw / f"{STEM}_{number}.csv"
    _refuse_words(path, rows)
    if "" in blocks:
        raise Refusal(
            f"{path.name}의 '{LOG}': 구간이 빈 줄에 결과가 있습니다. 구간 열을 지우지 말고 다시 적으세요.",
            f"{path.name}, '{LOG}': a row with a result has no block. Fill in the column 구간 again.",
        )
    text = io.StringIO()
    csv.writer(text).writerows([HEADERS, *rows])
    write_together({target: text.getvalue().encode("utf-8-sig")}, between=lambda: None)
    return target, len(rows)


def _filled(path, pass_phrase):
    if not path.is_file():
        raise Refusal(
            f"돌려받은 명단 파일 '{path}'이(가) 없습니다. FILE=에 그 위치를 적으세요.",
            f"There is no list '{path}' that came back. Write its place after FILE=.",
        )
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(unseal(path, pass_phrase)))
        cells = book.get_sheet_by_name(LOG).to_python()
        head = next(place for place, row in enumerate(cells) if [cell_text(cell) for cell in row] == HEADERS)
    except (CalamineError, StopIteration):
        raise Refusal(
            f"{path.name}에 '{LOG}' 시트가 없거나 열 이름이 바뀌었습니다. 명단 파일에 바로 적어 돌려받으세요.",
            f"{path.name} has no sheet '{LOG}', or its header was changed. The list itself is to be filled in.",
        ) from None
    rows = [[cell_text(cell).strip() for cell in row] for row in cells[head + 1 :]]
    filled = [row for row in rows if row[HEADERS.index(RESULT)]]
    if not filled:
        raise Refusal(
            f"{path.name}의 '{LOG}' 시트에 결과를 적은 줄이 없습니다. 1_raw에 아무것도 넣지 않았습니다.",
            f"No row of the sheet '{LOG}' in {path.name} has a result; nothing was put into 1_raw.",
        )
    return filled


def _refuse_words(path, rows):
    words = [text.ko for text in TABLES["outcomes"]["action"].values.values()]
    strange = sum(row[HEADERS.index(RESULT)] not in words for row in rows)
    if strange:
        raise Refusal(
            f"{path.name}의 '{LOG}': 결과 {strange}줄이 고를 수 있는 말이 아닙니다({', '.join(words)}).",
            f"{path.name}, '{LOG}': {strange} results are none of the words to choose from ({', '.join(words)}).",
        )
