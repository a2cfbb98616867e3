"""Rows of before the day that a city has forgotten: they are left out for good, unless the debts that stay need them."""

from functools import reduce
from operator import or_

import ibis
from ibis import _


def personal(rows, table):
    """Whether a row is about one vehicle or person (`tables.Table.told_by`): an Ibis expression."""
    return reduce(or_, [rows[name].notnull() for name in table.told_by])


def mark_old(rows, table, day, needed=None):
    """Say which rows are personal and older than a day.

    Parameters
    ----------
    rows : ibis.Table
        As `rows.typed` returns: columns of `table`, and `reason` (missing where the row is kept).
    table : dansok.tables.Table
        With `ages_by`.
    day : datetime.date
        Rows of the day itself are not old.
    needed : ibis.Table, optional
        `plate_token` of vehicles whose rows stay, however old.

    Returns
    -------
    ibis.Table
        `rows` with `old` (bool). Of a row that is rejected anyway and of which no day can be read nobody can say that it is young:
        it counts as old.
    """
    on = rows[table.ages_by].cast("date")
    rejected = rows.reason.notnull()
    old = personal(rows, table) & ((on < day).fill_null(False) | (rejected & on.isnull()))
    if needed is None:
        return rows.mutate(old=old)
    kept = needed.select(needed_plate=_.plate_token)
    rows = rows.mutate(old=old).left_join(kept, rows.plate_token == kept.needed_plate)
    return rows.mutate(old=_.old & (_.needed_plate.isnull() | _.reason.notnull())).drop("needed_plate")


def needed_plates(debts, vehicles):
    """Plates of a register of debts, and every plate that a vehicle which bore one of them ever bore.

    Whose a debt is, and whether a plate was taken already, is told by what happened long before: without it a plate could be taken
    for another's debts.

    Parameters
    ----------
    debts, vehicles : ibis.Table
        `plate_token`; `vehicles` also `vehicle_token`.

    Returns
    -------
    ibis.Table
        `plate_token`, each once.
    """
    listed = debts.filter(_.plate_token.notnull()).select("plate_token")
    known = vehicles.filter(_.plate_token.notnull() & _.vehicle_token.notnull()).select("plate_token", "vehicle_token")
    theirs = known.semi_join(known.semi_join(listed, "plate_token"), "vehicle_token").select("plate_token")
    return ibis.union(listed, theirs, distinct=True)
