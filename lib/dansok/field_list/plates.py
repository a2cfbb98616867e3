"""Tokens back into plates: the raw registers are read again, as `clean` reads them, and their plates matched by token."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from dansok.clean.rows import plates_of
from dansok.clean.store import STAGING
from dansok.clean.texts import as_texts
from dansok.engine import connect
from dansok.privacy import tokens
from dansok.sources import read_source
from dansok.tables import TABLES
from dansok.words import Refusal

REGISTERS = ("debts", "vehicles")  # where a debtor's plate of today stands


@dataclass(frozen=True)
class Opened:
    """Plates by token. It shows itself nowhere: an error that prints its variables prints no plate."""

    plates: dict

    def __repr__(self):
        return f"Opened({len(self.plates)} plates)"

    def of(self, plate_tokens):
        """Plates of a series of tokens, none of which may be unknown."""
        return plate_tokens.map(self.plates)


def open_tokens(city, wanted, key):
    """Plates in normal form of tokens.

    Parameters
    ----------
    city : dansok.city.City
    wanted : set of str
        Tokens.
    key : dansok.privacy.Key
        With which they were made.

    Returns
    -------
    Opened
        All that were wanted.

    Raises
    ------
    Refusal
        If a token is that of no plate in the raw registers.

    Notes
    -----
    Rows are staged where `clean` stages them, and gone when this returns; what a killed run leaves, the next run of `clean` removes.
    """
    found = {}
    for name in REGISTERS:
        for source in city.sources_of(name):
            if wanted - set(found) and "plate" in source.columns:
                found |= _plates_in(city, TABLES[name], source, wanted, key)
    lacking = len(wanted - set(found))
    if lacking:
        raise Refusal(
            f"{city.folder.name}: 명단에 오를 차량 {lacking}대의 번호가 1_raw의 체납 자료와 자동차 등록원부에 없습니다. 원자료가 바뀌었으면 계획을 "
            "다시 만드세요.",
            f"{city.folder.name}: the plates of {lacking} vehicles of the list are in no register in 1_raw. If the raw files changed, "
            "make the plan again.",
        )
    return Opened(found)


def _plates_in(city, table, source, wanted, key):
    connection = connect()
    found = {}
    try:
        with tempfile.TemporaryDirectory(dir=city.clean, prefix=STAGING) as folder:
            staged = read_source(source, city.raw, Path(folder))
            raw = connection.read_parquet([str(path) for path in staged.parquet], union_by_name=True)
            for read in plates_of(as_texts(table, source, raw), connection.to_pandas):
                plates = pd.Series(read["plate"].dropna().unique(), dtype="str")
                token = tokens(plates, key)
                here = token.isin(wanted)
                found |= dict(zip(token[here], plates[here], strict=True))
    finally:
        connection.disconnect()
    return found
