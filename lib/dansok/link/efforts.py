"""Where and how long somebody looked, by the logs of those who did: satellite fixes, log sheets, gates of lots.

Two tables come of it: `exposure` knows a 읍면동 and an hour of a day, `watched_cells` a grid cell and an hour of the week of a month.
"""

import ibis
import pandas as pd
from ibis import _

from dansok.link.exposure import TO_THE_MINUTE
from dansok.link.places import canonical_area, own_positions
from dansok.space import add_cells, area_of

CHANNEL_OF = {"patrol_car": "mobile_camera", "officer": "officer"}  # arrears squads write no tickets
LONGEST_SHIFT_HOURS = 16


def placed_efforts(connection, efforts, areas, city):
    """The logged pieces of looking, with their place.

    Parameters
    ----------
    connection : ibis backend
    efforts : ibis.Table
        As `tables.EFFORTS` describes.
    areas : geopandas.GeoDataFrame
    city : City

    Returns
    -------
    ibis.Table
        `looker`, `unit`, `logged_at`, `minutes`, `x`, `y`, `cell_x`, `cell_y` (missing for shifts), `area_name` (missing where
        neither the fix nor the log sheet tells it).
    """
    exact = efforts.filter(_.time_precision.isin(TO_THE_MINUTE) & (_.minutes > 0))
    points = own_positions(exact, 1)
    known = points.select("x", "y").drop_null().distinct().order_by("x", "y").to_pandas()
    inside = known.assign(inside=pd.Series(area_of(known["x"], known["y"], areas), dtype="str"))
    inside = connection.create_table("link_fixes_inside", inside, temp=True, overwrite=True)
    sent = points.select("area_as_sent").drop_null().distinct().order_by("area_as_sent").to_pandas()
    named = canonical_area(sent["area_as_sent"], city.renamed_areas)
    sent = sent.assign(named=named.where(named.isin(set(areas["area_name"]))).astype("str")).astype("str")
    sent = connection.create_table("link_efforts_areas", sent, temp=True, overwrite=True)
    placed = points.left_join(inside, ["x", "y"]).left_join(sent, "area_as_sent")
    placed = add_cells(placed.mutate(area_name=ibis.coalesce(_.inside, _.named)), city.cell_metres)
    return placed.select("looker", "unit", "logged_at", "minutes", "x", "y", "cell_x", "cell_y", "area_name")


def watched_areas(placed):
    """Hours that patrol cars and officers spent in each 읍면동, by hour of each day: rows of `tables.EXPOSURE`.

    A piece of looking that runs on into later hours counts for each with its own minutes, the first `LONGEST_SHIFT_HOURS` of it; two
    cars in one hour add up.
    """
    own = placed.filter(_.looker.isin(list(CHANNEL_OF)) & _.area_name.notnull())
    by_hour = _by_hour(own).group_by("looker", "area_name", "day", "hour").agg(minutes=_.minutes.sum())
    return by_hour.select(
        channel=_.looker.cases(*CHANNEL_OF.items()),
        unit=_.area_name,
        area_name=_.area_name,
        day=_.day,
        hour=_.hour,
        watched_hours=(_.minutes / 60).round(6),
        basis=_.looker.cases(("patrol_car", "satellite_log"), ("officer", "log_sheet")),
    )


def watched_cells(connection, placed, cameras, camera_cells, gates, rests):
    """Hours of looking in each grid cell, by month, day of the week and hour: rows of `tables.WATCHED_CELLS`.

    Parameters
    ----------
    connection : ibis backend
    placed : ibis.Table
        As `placed_efforts` returns.
    cameras : ibis.Table or None
        Hours watched by fixed cameras: `unit`, `day`, `hour`, `watched_hours`.
    camera_cells : pd.DataFrame
        `unit`, `from_day`, `to_day` (not included), `cell_x`, `cell_y`: hours count where the camera stood that day, as reads do.
    gates : ibis.Table
        `cell_x`, `cell_y`, `day`, `hour`, `watched_hours` of the gates of lots.
    rests : pd.DataFrame
        `day`, `rest_day` (bool).
    """
    fixes = _by_hour(placed.filter(_.cell_x.notnull())).mutate(watched_hours=_.minutes / 60)
    parts = [fixes.select("looker", "cell_x", "cell_y", "day", "hour", "watched_hours")]
    if cameras is not None:
        at = connection.create_table("link_camera_cells", camera_cells, temp=True, overwrite=True)
        there = [cameras.unit == at.unit, cameras.day >= at.from_day, cameras.day < at.to_day]
        hours = cameras.inner_join(at, there).mutate(looker=ibis.literal("fixed_camera"))
        parts.append(hours.select("looker", "cell_x", "cell_y", "day", "hour", "watched_hours"))
    parts.append(gates.mutate(looker=ibis.literal("lot")).select(*parts[0].columns))
    together = parts[0]
    for part in parts[1:]:
        together = together.union(part)
    days = connection.create_table("link_rest_days", rests, temp=True, overwrite=True)
    together = together.inner_join(days, "day").mutate(month=_.day.strftime("%Y-%m"))
    by = ("looker", "cell_x", "cell_y", "month", "rest_day", "hour")
    return together.group_by(*by).agg(watched_hours=_.watched_hours.sum().round(6)).order_by(*by)


def counted_minutes():
    """Minutes that count of a logged piece, as an expression on what `placed_efforts` returns."""
    return _.minutes.clip(upper=LONGEST_SHIFT_HOURS * 60)


def _by_hour(placed):
    """One row a piece of looking and clock hour that it touches, also past midnight, with its minutes in that hour.

    Of a longer piece the first `LONGEST_SHIFT_HOURS` count, which touch one clock hour more unless they begin with one.
    """
    begins = (_.logged_at.minute() + _.logged_at.second() / 60).cast("float64")
    pieces = placed.mutate(clock=_.logged_at.truncate("h"), begins=begins, minutes=counted_minutes())
    pieces = pieces.mutate(hours=((_.begins + _.minutes) / 60).ceil().cast("int64"))
    hours = ibis.memtable(pd.DataFrame({"later": range(LONGEST_SHIFT_HOURS + 1)}))
    within = pieces.inner_join(hours, pieces.hours > hours.later)
    minutes = ibis.least(_.begins + _.minutes, (_.later + 1) * 60) - ibis.greatest(_.begins, _.later * 60)
    spread = within.mutate(clock=_.clock + _.later.as_interval("h"), minutes=minutes).filter(_.minutes > 0)
    dated = spread.mutate(day=_.clock.date(), hour=_.clock.hour().cast("int64"))
    return dated.drop("clock", "begins", "hours", "later")
