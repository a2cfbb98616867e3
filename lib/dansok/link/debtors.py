"""Who was in arrears from one register of debts to the next, and every visit of a vehicle that ever was: what notebooks ask for."""

import pandas as pd
from ibis import _

from dansok.link.arrears import arrears_on, snapshots_of
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
    paid = _paid(clean["payments"])
    parts = []
    for snapshot, following in zip(snapshots, [*snapshots, None][1:], strict=True):
        held = arrears_on(connection, clean, snapshot, place)
        until = _cleared(held, paid, following).fillna(pd.Timestamp(following))
        parts.append(held.vehicles.assign(snapshot_on=snapshot, until_on=until).reset_index())
    columns = [column.name for column in DEBTORS.stored]
    if not parts:
        return pd.DataFrame({column.name: pd.Series([], dtype=EMPTY[column.type]) for column in DEBTORS.stored})
    return pd.concat(parts, ignore_index=True)[columns].sort_values(list(DEBTORS.key), ignore_index=True)


def _paid(payments):
    frame = payments.select("paid_on", "debt_id", "amount_krw").filter(_.debt_id.notnull()).to_pandas()
    return frame.assign(paid_on=pd.to_datetime(frame["paid_on"])).sort_values("paid_on", kind="stable")


def _cleared(held, paid, following):
    """Day on which each vehicle's present owner had paid all before the next register; missing where not."""
    owed = held.debts[held.debts["of_owner"].eq(True).fillna(False)]
    after = paid[(paid["paid_on"] >= held.snapshot_on) & paid["debt_id"].isin(owed["debt_id"])]
    if following is not None:
        after = after[after["paid_on"] < following]
    so_far = after.groupby("debt_id")["amount_krw"].cumsum()
    whole = after["debt_id"].map(owed.dropna(subset=["debt_id"]).set_index("debt_id")["listed_krw"]).astype(float)
    done = after[so_far >= whole].drop_duplicates("debt_id").set_index("debt_id")["paid_on"]
    day = pd.Series(done.reindex(owed["debt_id"]).to_numpy("datetime64[ns]"), owed.index)
    last = day.groupby(owed["vehicle"]).max().where(day.notna().groupby(owed["vehicle"]).all())
    return last.reindex(held.vehicles.index)


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
