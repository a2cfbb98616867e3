"""Group records into stays: one parked vehicle is many records."""

import ibis
from ibis import _

GAP_SECONDS = 2 * 3600
MOVE_METRES = 150
TO_THE_HOUR = ("second", "minute", "hour")


def group_visits(placed):
    """Stays of vehicles at places.

    Parameters
    ----------
    placed : ibis.Table
        As `tables.PLACED_TICKETS` describes; rows without a place are left out.

    Returns
    -------
    ibis.Table
        As `tables.VISITS` describes, in order of `visit_id`.

    Notes
    -----
    A vehicle's record opens a new stay if it is its first, comes more than 2 hours after the one before, or lies more than
    150 m away from it. A record without a plate token, or whose hour is not known, is a stay of its own: missing plates
    are never one vehicle.
    """
    known = placed.filter(_.how_placed.notnull())
    joins = known.plate_token.notnull() & known.time_precision.isin(TO_THE_HOUR)
    row = known.source_file + "#" + known.source_row.cast(str)
    known = known.mutate(vehicle=ibis.ifelse(joins, "v" + _.plate_token, "r" + row))
    trace = ibis.window(group_by="vehicle", order_by=["issued_at", "source_file", "source_row"])
    steps = known.mutate(
        gap=_.issued_at.epoch_seconds() - _.issued_at.lag().over(trace).epoch_seconds(),
        east=_.x - _.x.lag().over(trace),
        north=_.y - _.y.lag().over(trace),
    )
    opens = (
        steps.gap.isnull()
        | (steps.gap > GAP_SECONDS)
        | (steps.east * steps.east + steps.north * steps.north > MOVE_METRES**2)
    )
    numbered = steps.mutate(opens=opens.cast("int64")).mutate(
        stay=_.opens.sum().over(
            ibis.cumulative_window(group_by="vehicle", order_by=["issued_at", "source_file", "source_row"])
        )
    )
    first = ibis.window(group_by=["vehicle", "stay"], order_by=["issued_at", "source_file", "source_row"])
    all_of_it = ibis.window(group_by=["vehicle", "stay"])
    visits = numbered.mutate(
        place_in_stay=ibis.row_number().over(first),
        first_at=_.issued_at.min().over(all_of_it),
        last_at=_.issued_at.max().over(all_of_it),
        records=_.records.sum().over(all_of_it),
    ).filter(_.place_in_stay == 0)
    in_order = ibis.window(order_by=["first_at", "source_file", "source_row"])
    visits = visits.mutate(visit_id=ibis.row_number().over(in_order).cast("int64") + 1)
    return visits.select("visit_id", "plate_token", "channel", "first_at", "last_at", "records", "x", "y").order_by(
        "visit_id"
    )
