"""Which vehicle bore a plate on a day, by the vehicle register: a number that is issued again is another vehicle, a vehicle that
changes its plate the same one."""

import ibis
from ibis import _

ENDS = ("scrapped", "plate_changed")  # a vehicle that is sold, or moves away, keeps its plate
LONG_AGO, FAR_AHEAD = ibis.date(1900, 1, 1), ibis.date(2200, 1, 1)


def spells_of(vehicles, day=None):
    """Spells in which a vehicle bears a plate, as far as they were known on a day.

    Parameters
    ----------
    vehicles : ibis.Table
        As `tables.VEHICLES` describes. Spells that several exports list are one.
    day : datetime.date, optional
        What began later is left out, what ended later had not ended. All, if not given.

    Returns
    -------
    ibis.Table, one row a plate and the first day of a spell
        `plate_token`, `vehicle` (its chassis token; where there is none, plate and first day), `from_day`, `to_day` (first day
        on which another may bear the plate), `ended_on` and `ended_by` as the register has them, `began_by`, `home_area`, `here`
        (bool: registered in this city), `nth` (0 for the first spell of the plate).

    Notes
    -----
    A plate stays with its vehicle until the register ends the spell by scrapping or by a change of the plate; after any other end
    (a sale, a move to another city) it stays until the plate's next spell.
    """
    rows = vehicles.filter(_.plate_token.notnull())
    if day is not None:
        rows = rows.filter(_.valid_from <= day)
        known = rows.valid_to.notnull() & (rows.valid_to <= day)
        rows = rows.mutate(
            valid_to=ibis.ifelse(known, _.valid_to, ibis.null("date")),
            ended_by=ibis.ifelse(known, _.ended_by, ibis.null(str)),
        )
    vehicle = ibis.coalesce(_.vehicle_token, _.plate_token + "/" + _.valid_from.cast(str))
    spells = rows.group_by("plate_token", vehicle=vehicle, from_day=_.valid_from).agg(
        ended_on=_.valid_to.max(), ended_by=_.ended_by.max(), began_by=_.began_by.max(),
        home_area=_.home_area.max(), here=(_.registered_in.fill_null("own") == "own").any(),
    )  # fmt: skip
    of_plate = ibis.window(group_by="plate_token", order_by=["from_day", "vehicle"])
    spells = spells.mutate(
        nth=ibis.row_number().over(of_plate).cast("int64"), following=_.from_day.lead().over(of_plate)
    )
    until = ibis.ifelse(_.ended_by.isin(ENDS), _.ended_on, ibis.null("date"))
    return spells.mutate(
        to_day=ibis.least(ibis.coalesce(until, FAR_AHEAD), ibis.coalesce(_.following, FAR_AHEAD))
    ).drop("following")


def bearers_of(spells):
    """Every moment of each plate of the register, and who bears it then.

    Parameters
    ----------
    spells : ibis.Table
        As `spells_of` returns.

    Returns
    -------
    ibis.Table
        `plate_token`, `from_day`, `to_day` (not included), `vehicle`, `registered` (bool: False between and beside the spells,
        where whoever bears the plate is in no register: its own label, another in every gap).
    """
    own = spells.select("plate_token", "from_day", "to_day", "vehicle", registered=ibis.literal(True))
    of_plate = ibis.window(group_by="plate_token", order_by="nth")
    after = spells.mutate(following=ibis.coalesce(_.from_day.lead().over(of_plate), FAR_AHEAD)).select(
        "plate_token", from_day=_.to_day, to_day=_.following, vehicle=unregistered(_.plate_token, _.nth + 1),
        registered=ibis.literal(False),
    )  # fmt: skip
    before = spells.filter(_.nth == 0).select(
        "plate_token", from_day=LONG_AGO, to_day=_.from_day, vehicle=unregistered(_.plate_token, 0),
        registered=ibis.literal(False),
    )  # fmt: skip
    return own.union(after.filter(_.from_day < _.to_day)).union(before)


def unregistered(plate_token, nth=0):
    """Label of whoever bears a plate after so many spells of the register."""
    return plate_token + "." + (ibis.literal(nth) if isinstance(nth, int) else nth).cast(str)


def with_vehicle(rows, at, bearers):
    """`rows` with the vehicle that bore their plate at a moment.

    Parameters
    ----------
    rows : ibis.Table
        `plate_token`, never missing.
    at : str
        Its column with the moment (timestamp or date).
    bearers : ibis.Table
        As `bearers_of` returns.

    Returns
    -------
    ibis.Table
        The same rows with `vehicle` and `registered`. A plate that is not in the register is a vehicle of its own.
    """
    day = rows[at].cast("date")
    named = bearers.rename(bearer_plate="plate_token", bears_from="from_day", bears_to="to_day")
    same_plate = rows.plate_token == named.bearer_plate
    found = rows.left_join(named, [same_plate, day >= named.bears_from, day < named.bears_to])
    return found.mutate(
        vehicle=ibis.coalesce(found.vehicle, unregistered(found.plate_token)),
        registered=found.registered.fill_null(False),
    ).drop("bearer_plate", "bears_from", "bears_to")
