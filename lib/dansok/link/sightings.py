"""Give each plate read a place: its own coordinates, else its reader's; and the gates of lots as readers that never sleep."""

import ibis
import pandas as pd
from ibis import _

from dansok.link.places import TRUSTED, name_key, own_positions
from dansok.link.visits import TO_THE_HOUR
from dansok.space import add_cells, area_of, to_5179
from dansok.tables import PLACED_SIGHTINGS

SAME_READ_SECONDS = 60


def place_sightings(connection, sightings, spells, lots, areas, city):
    """Place every read of a plate that could be read.

    Parameters
    ----------
    connection : ibis backend
    sightings, lots : ibis.Table
        As `tables.SIGHTINGS` and `tables.LOTS` describe.
    spells : pd.DataFrame
        As `places.camera_spells` returns: fixed cameras are found by name, at the place they had on the day.
    areas : geopandas.GeoDataFrame
    city : City

    Returns
    -------
    ibis.Table
        As `tables.PLACED_SIGHTINGS` describes.

    Notes
    -----
    Reads of one plate by one reader less than a minute apart are a chain, of which one read counts in each minute that has
    begun since its first: a read again within a minute is the same, but a car that is read for hours stays in sight.
    """
    known = sightings.filter(_.plate_token.notnull() & _.time_precision.isin(TO_THE_HOUR))
    known = own_positions(known, 1)
    readers = _readers(connection, known)
    known = known.left_join(readers, "reader")
    cameras = connection.create_table("link_reader_cameras", spells, temp=True, overwrite=True)
    fixed = known.mutate(camera=ibis.ifelse(_.reader_kind == "fixed_camera", _.reader_key, ibis.null(str)))
    fixed = fixed.left_join(
        cameras,
        [fixed.camera == cameras.camera_key, fixed.seen_at >= cameras.from_day, fixed.seen_at < cameras.to_day],
    )
    gates = _gates(lots)
    placed = fixed.left_join(gates, fixed.reader == gates.lot_id)
    placed = placed.mutate(
        x=ibis.coalesce(_.x, _.camera_x, ibis.ifelse(_.reader_kind == "lot", _.lot_x, ibis.null(float))),
        y=ibis.coalesce(_.y, _.camera_y, ibis.ifelse(_.reader_kind == "lot", _.lot_y, ibis.null(float))),
    )
    placed = add_cells(placed.filter(_.x.notnull() & _.y.notnull()), city.cell_metres)
    placed = _without_repeats(placed)
    cells = placed.select("cell_x", "cell_y").distinct().order_by("cell_x", "cell_y").to_pandas()
    side = city.cell_metres
    middle = area_of((cells["cell_x"] + 0.5) * side, (cells["cell_y"] + 0.5) * side, areas)
    inside = connection.create_table(
        "link_cells_inside", cells.assign(area_name=pd.Series(middle, dtype="str")), temp=True, overwrite=True
    )
    return placed.left_join(inside, ["cell_x", "cell_y"]).select(*(column.name for column in PLACED_SIGHTINGS.stored))


def _without_repeats(reads):
    """One read of each started minute of a chain."""
    own = {
        "group_by": ["reader_kind", "reader", "plate_token"],
        "order_by": ["seen_at", "source_file", "source_row"],
    }
    timed = reads.mutate(second=_.seen_at.epoch_seconds())
    timed = timed.mutate(before=_.second.lag().over(ibis.window(**own)))
    timed = timed.mutate(begins=_.before.isnull() | (_.second - _.before >= SAME_READ_SECONDS))
    # Seconds only grow, so that the latest beginning so far is that of the chain.
    chain = ibis.ifelse(timed.begins, timed.second, ibis.null("int64"))
    timed = timed.mutate(since=chain.max().over(ibis.cumulative_window(**own)))
    minute, minute_before = ((at - _.since) // SAME_READ_SECONDS for at in (_.second, _.before))
    return timed.filter(_.begins | (minute > minute_before))


def _readers(connection, sightings):
    """Names of readers in the form in which the list of cameras is searched; some hundreds, however many the reads."""
    names = sightings.select("reader").drop_null().distinct().order_by("reader").to_pandas()
    names = names.assign(reader_key=name_key(names["reader"])).astype("str")
    return connection.create_table("link_readers", names, temp=True, overwrite=True)


def _gates(lots):
    trusted = to_5179(lots.filter(_.position_state.isin(TRUSTED)))
    return trusted.select("lot_id", lot_x=_.x.round(1), lot_y=_.y.round(1)).distinct(on="lot_id")


def gate_hours(connection, placed):
    """Hours in which the gates of lots read: every hour from the first to the last day with a read, in its cell.

    Returns
    -------
    ibis.Table
        `cell_x`, `cell_y`, `day`, `hour`, `watched_hours` (1 for each gate).
    """
    own = placed.filter(_.reader_kind == "lot")
    spans = own.group_by("reader", "cell_x", "cell_y").agg(first=_.seen_at.date().min(), last=_.seen_at.date().max())
    rows = [
        pd.DataFrame({"cell_x": span.cell_x, "cell_y": span.cell_y, "day": pd.date_range(span.first, span.last)})
        for span in spans.order_by("reader").to_pandas().itertuples()
    ]
    days = (
        pd.concat(rows)
        if rows
        else pd.DataFrame({"cell_x": [0], "cell_y": [0], "day": pd.to_datetime(["2000-01-01"])})[:0]
    )
    hours = days.merge(pd.DataFrame({"hour": range(24), "watched_hours": 1.0}), how="cross")
    hours = hours.assign(day=hours["day"].dt.date if len(hours) else hours["day"])
    table = connection.create_table(
        "link_gates", hours, temp=True, overwrite=True,
        schema=ibis.schema({"cell_x": "int64", "cell_y": "int64", "day": "date", "hour": "int64", "watched_hours": "float64"}),
    )  # fmt: skip
    return table
