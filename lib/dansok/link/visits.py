"""Group records and reads into stays: one parked vehicle is many of them."""

import ibis
from ibis import _

from dansok.space import add_cells
from dansok.tables import VISITS

GAP_SECONDS = 2 * 3600
MOVE_METRES = 150
TO_THE_HOUR = ("second", "minute", "hour")
LOOKER_OF = {
    "fixed_camera": "fixed_camera",
    "mobile_camera": "patrol_car",
    "officer": "officer",
    "citizen_report": "citizen_report",
}


def with_opens_stay(placed):
    """`placed` with `opens_stay`: whether a record is its channel's first of a stay.

    Two records of one channel belong to one stay as records and reads of a visit do (see `group_visits`): a car that stands for
    hours is recorded again and again, and is one violation all the same.
    """
    joins = _.plate_token.notnull() & _.how_placed.notnull() & _.time_precision.isin(TO_THE_HOUR)
    row = _.source_file + "#" + _.source_row.cast(str)
    own = placed.mutate(vehicle=ibis.ifelse(joins, _.channel + "v" + _.plate_token, "r" + row))
    trace = ibis.window(group_by="vehicle", order_by=["issued_at", "source_file", "source_row"])
    return own.mutate(opens_stay=_opens(own, own.issued_at, trace)).drop("vehicle")


def _opens(rows, at, trace):
    """Whether a row begins a stay: the first of its vehicle, or too long after or too far from the one before."""
    gap = at.epoch_seconds() - at.lag().over(trace).epoch_seconds()
    east, north = rows.x - rows.x.lag().over(trace), rows.y - rows.y.lag().over(trace)
    return gap.isnull() | (gap > GAP_SECONDS) | (east * east + north * north > MOVE_METRES**2).fill_null(False)


def group_visits(placed, sightings, cell_metres):
    """Stays of vehicles at places.

    Parameters
    ----------
    placed : ibis.Table
        As `tables.PLACED_TICKETS` describes; rows without a place are left out.
    sightings : ibis.Table
        As `tables.PLACED_SIGHTINGS` describes.
    cell_metres : int

    Returns
    -------
    ibis.Table
        As `tables.VISITS` describes, in order of `visit_id`.

    Notes
    -----
    A vehicle's record or read opens a new stay if it is its first, comes more than 2 hours after the one before, or lies more
    than 150 m away from it. A record without a plate token, or whose hour is not known, is a stay of its own: missing plates
    are never one vehicle.
    """
    row = _.source_file + "#" + _.source_row.cast(str)
    known = placed.filter(_.how_placed.notnull()).mutate(
        joins=_.plate_token.notnull() & _.time_precision.isin(TO_THE_HOUR),
        at=_.issued_at,
        looker=_.channel.cases(*LOOKER_OF.items()),
        reads=ibis.literal(0, "int64"),
    )
    read = sightings.mutate(
        joins=ibis.literal(True),
        at=_.seen_at,
        looker=_.reader_kind,
        records=ibis.literal(0, "int64"),
        reads=ibis.literal(1, "int64"),
    )
    columns = (
        "plate_token",
        "joins",
        "at",
        "looker",
        "records",
        "reads",
        "x",
        "y",
        "area_name",
        "source_file",
        "source_row",
    )
    seen = known.select(*columns).union(read.select(*columns))
    seen = seen.mutate(vehicle=ibis.ifelse(_.joins, "v" + _.plate_token, "r" + row))
    order = ["at", "source_file", "source_row"]
    trace = ibis.window(group_by="vehicle", order_by=order)
    numbered = seen.mutate(opens=_opens(seen, seen["at"], trace).cast("int64")).mutate(
        stay=_.opens.sum().over(ibis.cumulative_window(group_by="vehicle", order_by=order))
    )
    first = ibis.window(group_by=["vehicle", "stay"], order_by=order)
    all_of_it = ibis.window(group_by=["vehicle", "stay"])
    visits = numbered.mutate(
        place_in_stay=ibis.row_number().over(first),
        first_at=_["at"].min().over(all_of_it),
        last_at=_["at"].max().over(all_of_it),
        records=_.records.sum().over(all_of_it).cast("int64"),
        reads=_.reads.sum().over(all_of_it).cast("int64"),
    ).filter(_.place_in_stay == 0)
    in_order = ibis.window(order_by=["first_at", "source_file", "source_row"])
    visits = add_cells(visits.mutate(visit_id=ibis.row_number().over(in_order).cast("int64") + 1), cell_metres)
    return visits.select(*(column.name for column in VISITS.stored)).order_by("visit_id")
