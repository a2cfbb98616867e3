"""Rows that came twice, and rows that only look as if they had."""

import ibis
from ibis import _

REPEATED, LOOKS_ALIKE = "repeated", "looks_alike"


def find_duplicates(rows, by_file):
    """Which rows equal an earlier row in every mapped column.

    Where an identifier, a plate or a moment to the second tells events apart, an equal row is the same event, sent or
    entered twice. Where nothing does (a day, an hour, a count), two equal rows may be two events: they are named,
    not removed. Debts and payments stand between (`by_file`): a register lists each debt once, so that equal rows of
    one file may be two fines of one day, but equal rows of two files are one debt, exported twice.

    Parameters
    ----------
    rows : ibis.Table
        `key` (same text: equal rows), `told_apart` (bool), `source_order` (place of the source in city.toml),
        `source_file`, `source_row`.
    by_file : bool
        Whether equal rows of one file are kept, and compared with those of other files one by one.

    Returns
    -------
    ibis.Table
        `source_order`, `source_file`, `source_row`, `verdict` ("repeated": leave out; "looks_alike": keep and tell), `other_file`
        (whether the first of the equal rows stands in another file). Only rows that are not the first of theirs.
    """
    several = rows.group_by("key").agg(_n=_.count()).filter(_._n > 1)
    rows = rows.semi_join(several, "key")
    order = ["source_order", "source_file", "source_row"]
    if by_file:
        within = ibis.window(group_by=["key", "source_file"], order_by="source_row")
        rows = rows.mutate(nth=ibis.row_number().over(within))
        across = ibis.window(group_by=["key", "nth"], order_by=order)
        rows = rows.mutate(rank=ibis.row_number().over(across), first_file=_.source_file.first().over(across))
        verdict = ibis.cases((_.rank > 0, REPEATED), (_.nth > 0, LOOKS_ALIKE))
    else:
        across = ibis.window(group_by="key", order_by=order)
        rows = rows.mutate(rank=ibis.row_number().over(across), first_file=_.source_file.first().over(across))
        verdict = ibis.cases((_.rank == 0, ibis.null("string")), (_.told_apart, REPEATED), else_=LOOKS_ALIKE)
    found = rows.mutate(verdict=verdict).filter(_.verdict.notnull())
    return found.select(*order, "verdict", other_file=_.first_file != _.source_file)
