"""Who was in arrears from one register of debts to the next, and every visit of a vehicle that ever was: what notebooks ask for."""

import pandas as pd
from ibis import _

from dansok.link.arrears import arrears_on, left_on, payments_by, since_register, snapshots_of
from dansok.link.bearers import bearers_of, spells_of, with_vehicle
from dansok.tables import DEBTOR_VISITS, DEBTORS

EMPTY = {"string": "str", "category": "str", "integer": "int64", "boolean": "bool", "date": "datetime64[us]"}


def debtors_of(connection, clean, place):
    """Vehicles in arrears by each register.

    Parameters
    ----------
    connection : ibis backend
    clean : dict of str -> ibis.Table
        `arrears.SOURCES`, as `tables` describes them.
    place : str
        `City.rules_of`.

    Returns
    -------
    pd.DataFrame
        As `tables.DEBTORS` describes. Each register is read as its own day could, so that later ones change no earlier row but for
        `until_on`.
    """
    snapshots = snapshots_of(clean["debts"])
    paid = _paid(clean)
    parts = []
    for snapshot, following in zip(snapshots, [*snapshots, None][1:], strict=True):
        held = arrears_on(connection, clean, snapshot, place)
        until = _cleared(held, paid, following).fillna(pd.Timestamp(following))
        parts.append(held.vehicles.assign(snapshot_on=snapshot, until_on=until).reset_index())
    columns = [column.name for column in DEBTORS.stored]
    if not parts:
        return pd.DataFrame({column.name: pd.Series([], dtype=EMPTY[column.type]) for column in DEBTORS.stored})
    return pd.concat(parts, ignore_index=True)[columns].sort_values(list(DEBTORS.key), ignore_index=True)


def _paid(clean):
    """All payments; who bore a plate on the day of one is not changed by what the register of vehicles learns later."""
    bare = clean["payments"].filter(_.debt_id.isnull())
    return payments_by(clean["payments"], bearers_of(spells_of(clean["vehicles"].semi_join(bare, "plate_token"))))


def _cleared(held, paid, following):
    """Day on which each vehicle's present owner had paid all before the next register; missing where not."""
    since = since_register(paid, held.snapshot_on)
    since = since[since["paid_on"] < (following or pd.Timestamp.max)]
    days = pd.DatetimeIndex(sorted(since["paid_on"].unique()))
    of_owner = held.debts["of_owner"].eq(True).fillna(False).astype(bool)
    owes = (left_on(days, held.debts, since)[of_owner] > 0).groupby(held.debts["vehicle"]).any()
    cleared = pd.Series(pd.NaT, held.vehicles.index, dtype="datetime64[ns]")
    for day in reversed(days):
        cleared[owes.index[~owes[day]]] = day
    return cleared


def visits_of_debtors(connection, visits, vehicles, debtors):
    """Visits of the vehicles that ever stood in a register, each under the vehicle that bore the plate that day.

    Parameters
    ----------
    connection : ibis backend
    visits : ibis.Table
        As `tables.VISITS` describes.
    vehicles : ibis.Table
        As `tables.VEHICLES` describes.
    debtors : pd.DataFrame
        As `debtors_of` returns.

    Returns
    -------
    ibis.Table
        As `tables.DEBTOR_VISITS` describes.
    """
    ever = debtors[["vehicle", "plate_token"]].drop_duplicates().astype("str")
    ever = connection.create_table(
        "link_ever", ever, schema={"vehicle": "string", "plate_token": "string"}, temp=True, overwrite=True
    )
    spells = connection.create_table("link_spells", spells_of(vehicles), temp=True, overwrite=True)
    theirs = spells.semi_join(ever, "vehicle").select("plate_token").union(ever.select("plate_token")).distinct()
    bearers = bearers_of(spells.semi_join(theirs, "plate_token"))
    bearers = connection.create_table("link_bearers", bearers, temp=True, overwrite=True)
    known = visits.filter(_.plate_token.notnull()).semi_join(theirs, "plate_token")
    labelled = with_vehicle(known, "first_at", bearers).semi_join(ever, "vehicle")
    return labelled.select(*(column.name for column in DEBTOR_VISITS.stored)).order_by("visit_id")


def in_arrears(visits, debtors):
    """Visits of vehicles whose present owner was in arrears on the day of the visit, by the register in hand that day.

    Parameters
    ----------
    visits : ibis.Table
        As `tables.DEBTOR_VISITS` describes.
    debtors : ibis.Table
        As `tables.DEBTORS` describes.

    Returns
    -------
    ibis.Table
        Columns of `visits`, then those of `debtors` (but `vehicle`). Days before the first register have no visit here: nothing is
        known of them.
    """
    owing = debtors.filter(_.present_krw > 0).rename(debtor="vehicle", debtor_registered="registered")
    day = visits.first_at.date()
    now = [visits.vehicle == owing.debtor, day >= owing.snapshot_on, (day < owing.until_on) | owing.until_on.isnull()]
    found = visits.inner_join(owing, now)
    shown = {*visits.columns, "debtor"}
    return found.select(*visits.columns, *(name for name in owing.columns if name not in shown))
