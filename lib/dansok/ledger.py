"""A ledger of what each step did to the rows of a table, so that no row vanishes unseen."""

from dataclasses import dataclass, field

import pandas as pd

from dansok.words import Text

DROPPED, MENDED, FLAGGED = "dropped", "mended", "flagged"


@dataclass
class Ledger:
    """Rows that came, and rows that each step dropped, mended or flagged, by source.

    Examples
    --------
    >>> steps = Ledger("tickets")
    >>> steps.came("cameras", 10)
    >>> steps.add("cameras", "dropped", Text("중복", "exact duplicate"), 3)
    >>> steps.table()[["source", "what", "reason_en", "rows", "left"]]
        source     what        reason_en  rows  left
    0  cameras     came             came    10    10
    1  cameras  dropped  exact duplicate     3     7
    """

    name: str
    entries: list = field(default_factory=list)

    def came(self, source, rows):
        self.entries.append((source, "came", Text("들어온 행", "came"), rows))

    def add(self, source, what, reason, rows):
        """Note that `rows` rows were dropped, mended or flagged for `reason` (a Text)."""
        if what not in (DROPPED, MENDED, FLAGGED):
            raise ValueError(f"what must be dropped, mended or flagged, got {what!r}")
        self.entries.append((source, what, reason, int(rows)))

    def table(self):
        """One row a step: table, source, what, reason_ko, reason_en, rows, and rows of the source left after it."""
        left, rows = {}, []
        for source, what, reason, count in self.entries:
            change = {"came": count, DROPPED: -count}.get(what, 0)
            left[source] = left.get(source, 0) + change
            rows.append((self.name, source, what, reason.ko, reason.en, count, left[source]))
        columns = ["table", "source", "what", "reason_ko", "reason_en", "rows", "left"]
        return pd.DataFrame(rows, columns=columns)
