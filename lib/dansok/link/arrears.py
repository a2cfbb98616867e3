"""Who is in arrears on a day, as far as that day could know: the register of debts, less what was paid since, vehicle by vehicle.

Nothing that happened or arrived later is used: registers of later days, later payments, later changes of plates and owners. The
same question asked of a city whose later rows are gone has the same answer.
"""

from dataclasses import dataclass, field

import ibis
import pandas as pd
from ibis import _

from dansok.korea.seizure import FLAGS, seizable
from dansok.link.bearers import bearers_of, spells_of, with_vehicle

SOURCES = ("debts", "payments", "vehicles", "outcomes")
OF_A_DEBT = (
    "debt_id", "plate_token", "plate_class", "debt_kind", "owed_to", "due_on", "amount_krw", *FLAGS, "source_file", "source_row",
)  # fmt: skip


@dataclass(frozen=True)
class Arrears:
    """What is unpaid on a day.

    Attributes
    ----------
    day, snapshot_on : pd.Timestamp
        The day asked about, and the register that was the latest then.
    paid_until : pd.Timestamp or None
        Last day with a payment by then; None if there is none.
    debts : pd.DataFrame, one row an unpaid debt
        As listed, with `listed_krw`; `amount_krw` is what payments since leave of it. `vehicle` that owes it; `of_owner`: owed by its
        present owner (missing: not clear, see `owing_vehicle`).
    vehicles : pd.DataFrame, one row a vehicle, indexed by it
        `plate_token` and `home_area` of the day (missing where not in the vehicle register), `plate_class`, `registered` ("own",
        "other"), `on_register`, `plate_held`, `debts`, `amount_krw`, `present_krw` (of the present owner), `tax_krw`, `fine_krw`,
        `oldest_due_on`, and what `korea.seizure.seizable` says.
    ledger : dict of str -> int
        Rows of the register: `listed`, `plate_not_read`, `listed_twice`, `paid`, `nothing_owed`, `unpaid`.
    """

    day: pd.Timestamp
    snapshot_on: pd.Timestamp
    paid_until: pd.Timestamp | None
    debts: pd.DataFrame = field(repr=False)
    vehicles: pd.DataFrame = field(repr=False)
    ledger: dict

    @property
    def register_days(self):
        """Age of the register in days."""
        return (self.day - self.snapshot_on).days


def snapshots_of(debts):
    """Days of the registers, in order: list of pd.Timestamp."""
    days = debts.select("snapshot_on").distinct().order_by("snapshot_on").to_pandas()["snapshot_on"]
    return list(pd.to_datetime(days))


def arrears_on(connection, clean, day, place):
    """What is unpaid on a day.

    Parameters
    ----------
    connection : ibis backend
    clean : dict of str -> ibis.Table
        `SOURCES`, as `tables` describes them.
    day : datetime.date, pd.Timestamp or "YYYY-MM-DD"
        What happened on the day itself is known.
    place : str
        `City.rules_of`.

    Returns
    -------
    Arrears

    Raises
    ------
    ValueError
        If there is no register of that day or before.

    Notes
    -----
    Payments are taken off by number of the debt, also those of the register's own day (a debt still listed then was listed before
    it was paid); payments without a number, made after that day, off the oldest debts of the vehicle that bore the plate.
    """
    day = pd.Timestamp(day).normalize()
    known = _known(clean, day)
    snapshot = known["debts"].snapshot_on.max().execute()
    if pd.isna(snapshot):
        raise ValueError(f"there is no register of debts of {day:%Y-%m-%d} or before")
    snapshot = pd.Timestamp(snapshot)
    listed, ledger = _listed(known["debts"], snapshot.date())
    plates = pd.concat([listed["plate_token"], listed["first_plate"]]).unique()
    spells = _spells(connection, known["vehicles"], plates, day.date())
    bearers = connection.create_table("arrears_bearers", bearers_of(spells), temp=True, overwrite=True)
    spells = spells.to_pandas()
    spells = spells.assign(**{name: pd.to_datetime(spells[name]) for name in ("from_day", "ended_on")})
    debts = owing_vehicle(listed, spells, bearers)
    since = payments_by(known["payments"].filter(_.paid_on >= snapshot.date()), bearers)
    left = left_on(pd.DatetimeIndex([day]), debts, since_register(since, snapshot))
    debts = debts.assign(amount_krw=left[day])
    unpaid = debts["amount_krw"] > 0
    ledger |= {
        "nothing_owed": int((debts["listed_krw"] <= 0).sum()),
        "paid": int((~unpaid & (debts["listed_krw"] > 0)).sum()),
        "unpaid": int(unpaid.sum()),
    }
    debts = debts[unpaid].reset_index(drop=True)
    vehicles, debts = _vehicles(debts, spells, known, bearers, day, place)
    paid = known["payments"].paid_on.max().execute()
    return Arrears(day, snapshot, None if pd.isna(paid) else pd.Timestamp(paid), debts, vehicles, ledger)


def _known(clean, day):
    """The rows of the tables that the day could know."""
    last = day.date()
    return {
        "debts": clean["debts"].filter(_.snapshot_on <= last),
        "payments": clean["payments"].filter(_.paid_on <= last),
        "vehicles": clean["vehicles"],
        "outcomes": clean["outcomes"].filter(_.acted_at.date() <= last),
    }


def _listed(debts, snapshot):
    """Debts of a register, each with the day and the plate of the first register that lists it."""
    now = debts.filter(_.snapshot_on == snapshot)
    rows = now.count().execute()
    read = now.filter(_.plate_token.notnull())
    numbered = debts.filter(_.debt_id.notnull() & _.plate_token.notnull()).semi_join(read, "debt_id")
    first = numbered.group_by("debt_id").agg(
        first_on=_.snapshot_on.min(), first_plate=_.plate_token.argmin(_.snapshot_on)
    )
    listed = read.select(*OF_A_DEBT).left_join(first, "debt_id").select(*OF_A_DEBT, "first_on", "first_plate")
    frame = listed.order_by("source_file", "source_row").to_pandas()
    twice = frame["debt_id"].notna() & frame["debt_id"].duplicated()
    ledger = {"listed": int(rows), "plate_not_read": int(rows) - len(frame), "listed_twice": int(twice.sum())}
    frame = frame[~twice].reset_index(drop=True)
    days = {name: pd.to_datetime(frame[name]) for name in ("due_on", "first_on")}
    return frame.assign(
        due_on=days["due_on"],
        first_on=days["first_on"].fillna(pd.Timestamp(snapshot)),
        first_plate=frame["first_plate"].fillna(frame["plate_token"]),
        owed_to=frame["owed_to"].fillna("own"),
        listed_krw=frame["amount_krw"],
        snapshot_on=pd.Timestamp(snapshot),
    ), ledger


def _spells(connection, vehicles, plates, day):
    """Spells of these plates, and of every plate that a vehicle which bore one of them ever had."""
    asked = _texts("plate_token", plates)
    same = vehicles.filter(_.plate_token.notnull()).semi_join(asked, "plate_token")
    theirs = vehicles.semi_join(same.filter(_.vehicle_token.notnull()), "vehicle_token").select("plate_token")
    wanted = theirs.union(asked).distinct()
    rows = connection.create_table(
        "arrears_spells", vehicles.semi_join(wanted, "plate_token"), temp=True, overwrite=True
    )
    return spells_of(rows, day)


def _texts(name, values):
    return ibis.memtable(pd.DataFrame({name: pd.Series(list(values), dtype="str")}), schema={name: "string"})


def _asked(frame, plate, day, bearers):
    """Who bore `plate` on `day`, row by row: `vehicle`, `registered`; missing where the day is."""
    rows = pd.DataFrame({"row": range(len(frame)), "plate_token": frame[plate].to_numpy(), "on": frame[day].to_numpy()})
    rows = rows.dropna(subset=["on"])
    table = ibis.memtable(rows, schema={"row": "int64", "plate_token": "string", "on": "timestamp"})
    found = with_vehicle(table, "on", bearers).to_pandas().set_index("row")
    return found[["vehicle", "registered"]].reindex(range(len(frame)))


def owing_vehicle(listed, spells, bearers):
    """The vehicle that owes each debt, and whether its present owner does.

    Parameters
    ----------
    listed : pd.DataFrame, one row a debt
        `plate_token`, `snapshot_on`: plate and day under which it is listed; `first_plate`, `first_on`: those of the first register
        that lists it; `due_on`, `owed_to`.
    spells : pd.DataFrame
        As `bearers.spells_of` returns.
    bearers : ibis.Table
        As `bearers.bearers_of` returns.

    Returns
    -------
    pd.DataFrame
        `listed` with `vehicle`, `first_vehicle` (its label when the debt was first listed) and `of_owner` (bool; missing: not clear).

    Notes
    -----
    A register names the plate that the vehicle bears on the register's day, so that the vehicle is the one that bore the plate
    when the debt was first listed, whatever became of the plate later. Four cases need the day on which the debt fell due:

    - Before the bearer bore the plate, another vehicle of the register did, or did even later: not clear whose debt it is.
    - Before the bearer bore the plate, nobody in the register did: the bearer's (it bore another plate then, or the register does
      not reach back so far); but if it is registered here and owed elsewhere, not clear (another city's vehicle may have borne it).
    - Nobody in the register bears the plate, and the debt is older: that of the vehicle which bore the plate then, or first bore it
      after, under the same condition. It is no longer registered.
    - Before the last sale of the vehicle: the debt of a former owner, for which the vehicle no longer answers.

    Of vehicles that are in no register the plate is all there is: the one under which the debt is listed now. A number that is
    issued again is then taken for the same vehicle, so that the register ought to hold the debtors of other cities too.
    """
    bearer, then = _asked(listed, "first_plate", "first_on", bearers), _asked(listed, "first_plate", "due_on", bearers)
    now = _asked(listed, "plate_token", "snapshot_on", bearers)
    since = spells.groupby(["plate_token", "vehicle"])["from_day"].min()
    began = _looked_up(since, pd.MultiIndex.from_arrays([listed["first_plate"], bearer["vehicle"]]))
    earliest = spells[spells["nth"] == 0].set_index("plate_token")
    first = _looked_up(earliest["vehicle"], listed["first_plate"])
    before_all = listed["due_on"] < _looked_up(earliest["from_day"], listed["first_plate"])
    here = set(spells.loc[spells["here"], "vehicle"])
    registered, owed_here = bearer["registered"].eq(True), listed["owed_to"] == "own"
    before = registered & (listed["due_on"] < began)
    another = then["vehicle"].where(then["registered"].eq(True)).fillna(first.where(before_all))
    another = another.where(another != bearer["vehicle"])
    unclear = before & (another.notna() | (~owed_here & bearer["vehicle"].isin(here)))
    gone = ~registered & another.notna() & (owed_here | ~another.isin(here))
    follows = ~registered & ~gone & now["registered"].eq(False)
    vehicle = bearer["vehicle"].where(~gone, another).where(~follows, now["vehicle"])
    sold = _looked_up(spells[spells["began_by"] == "sold"].groupby("vehicle")["from_day"].max(), vehicle)
    of_owner = pd.array(~(listed["due_on"] < sold), dtype="boolean")
    of_owner[(unclear | (sold.notna() & listed["due_on"].isna())).to_numpy(bool)] = pd.NA
    return listed.assign(vehicle=vehicle.to_numpy(), first_vehicle=bearer["vehicle"].to_numpy(), of_owner=of_owner)


def _looked_up(values, keys):
    """Values by their keys, missing where there is none; `Series.map` fails on dates if there are none at all."""
    return pd.Series(values.reindex(keys).to_numpy(), range(len(keys)))


def payments_by(payments, bearers):
    """Payments with what they are taken off.

    Parameters
    ----------
    payments : ibis.Table
        As `tables.PAYMENTS` describes.
    bearers : ibis.Table
        As `bearers.bearers_of` returns.

    Returns
    -------
    pd.DataFrame, one row a payment that tells the debt or the plate
        `paid_on`, `debt_id`, `amount_krw`, and `vehicle`: of payments without a number, who bore the plate that day.
    """
    numbered = payments.filter(_.debt_id.notnull()).mutate(vehicle=ibis.null(str))
    bare = with_vehicle(payments.filter(_.debt_id.isnull() & _.plate_token.notnull()), "paid_on", bearers)
    columns = ("paid_on", "debt_id", "vehicle", "amount_krw")
    paid = numbered.select(*columns).union(bare.select(*columns)).to_pandas()
    return paid.assign(paid_on=pd.to_datetime(paid["paid_on"]))


def since_register(paid, snapshot):
    """Payments that a register cannot know: with a number also those of its own day, without one only later ones."""
    return paid[(paid["paid_on"] > snapshot) | ((paid["paid_on"] == snapshot) & paid["debt_id"].notna())]


def left_on(days, debts, paid):
    """What payments leave of each debt on each of some days.

    Parameters
    ----------
    days : pd.DatetimeIndex, in order
    debts : pd.DataFrame
        `debt_id`, `vehicle`, `due_on`, `listed_krw`.
    paid : pd.DataFrame
        Payments since the register, as `payments_by` returns.

    Returns
    -------
    pd.DataFrame of int, shape (n_debts, n_days), index of `debts`
        Won. Not above 0: nothing is left.

    Notes
    -----
    Of the payments by a day, those with a number are taken off their debts first, the others off the oldest debts of the vehicle
    that are left then.

    Examples
    --------
    >>> debts = pd.DataFrame({"debt_id": ["1", "2"], "vehicle": "V", "due_on": [2023, 2022], "listed_krw": 50})
    >>> days = pd.to_datetime(["2024-07-01", "2024-07-04"])
    >>> paid = pd.DataFrame({"paid_on": days, "debt_id": ["1", None], "vehicle": [None, "V"], "amount_krw": [20, 60]})
    >>> left_on(days, debts, paid).values.tolist()
    [[30, 20], [50, 0]]
    """
    oldest_first = debts.sort_values(["vehicle", "due_on"], kind="stable")
    from_day = pd.Series(days.searchsorted(paid["paid_on"]), paid.index)

    def paid_so_far(of):
        sums = paid["amount_krw"].groupby([paid[of], from_day]).sum().unstack(fill_value=0)
        sums = sums.reindex(index=oldest_first[of], columns=range(len(days)), fill_value=0)
        return sums.cumsum(axis=1).set_axis(oldest_first.index)

    left = -paid_so_far("debt_id").sub(oldest_first["listed_krw"], axis=0)
    owed = left.clip(lower=0)
    before = owed.groupby(oldest_first["vehicle"]).cumsum() - owed
    taken = (paid_so_far("vehicle") - before).clip(lower=0).clip(upper=owed)
    return (left - taken).reindex(debts.index).set_axis(days, axis=1)


def _vehicles(debts, spells, known, bearers, day, place):
    """The vehicles that owe, what the law says of each, and the debts with what is the same for all of a vehicle."""
    there_is_a_register = len(spells) > 0 or bool(known["vehicles"].count().execute())
    owes = debts.groupby("vehicle", sort=True)
    listed = owes[["plate_token", "plate_class"]].last()
    vehicles = _of_register(spells, listed.index, day)
    vehicles["plate_token"] = vehicles["plate_token"].fillna(listed["plate_token"])
    here = vehicles.pop("registered") if there_is_a_register else owes["owed_to"].agg(lambda to: (to == "own").any())
    vehicles["registered"] = here.map({True: "own", False: "other"})
    vehicles["plate_class"] = listed["plate_class"]
    held = _held(known["outcomes"], bearers)
    vehicles["plate_held"] = (
        (debts["vehicle"].isin(held) | debts["first_vehicle"].isin(held)).groupby(debts["vehicle"]).any()
    )
    same = ["registered", "on_register", "plate_held"]
    debts = debts.join(vehicles[same], on="vehicle")
    of_kind = debts.pivot_table(index="vehicle", columns="debt_kind", values="amount_krw", aggfunc="sum", fill_value=0)
    sums = pd.DataFrame(
        {
            "debts": owes.size(),
            "amount_krw": owes["amount_krw"].sum(),
            "present_krw": debts["amount_krw"].where(debts["of_owner"].eq(True), 0).groupby(debts["vehicle"]).sum(),
            "tax_krw": of_kind.get("vehicle_tax", 0),
            "fine_krw": of_kind.get("fine", 0),
            "oldest_due_on": owes["due_on"].min(),
            **{name: owes[name].max() for name in FLAGS},
        }
    )
    return vehicles.join(sums).join(seizable(debts, day, place)), debts


def _of_register(spells, vehicles, day):
    """Of each vehicle: `plate_token` and `home_area` of its last spell, `registered` (here, and the spell holds), `on_register`."""
    own = spells[spells["vehicle"].isin(vehicles)].sort_values(["vehicle", "from_day"], kind="stable")
    last = own.drop_duplicates("vehicle", keep="last").set_index("vehicle")
    table = last[["plate_token", "home_area"]].reindex(vehicles)
    table["registered"] = (last["here"] & last["ended_on"].isna()).reindex(vehicles, fill_value=False)
    table["on_register"] = ~last["ended_by"].eq("scrapped").reindex(vehicles, fill_value=False)
    return table


def _held(outcomes, bearers):
    """Vehicles whose plate was taken, and not given back."""
    acts = outcomes.filter(_.plate_token.notnull() & _.action.isin(["seized", "returned", "towed"]))
    acts = acts.select("plate_token", "acted_at", "action", "source_file", "source_row")
    done = with_vehicle(acts, "acted_at", bearers).to_pandas()
    done = done.sort_values(["acted_at", "source_file", "source_row"]).drop_duplicates("vehicle", keep="last")
    return set(done.loc[done["action"] != "returned", "vehicle"])
