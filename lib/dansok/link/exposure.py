"""When each camera was watching, and where the patrol car was: the chances behind the counts.

A fixed camera is taken to watch in the hours of city.toml, on days on which it was up, less the grace unless its own
records go on through it. Whatever is inferred rests on one rule: what would happen less than once in a thousand times,
if records came at the camera's own rate, is taken not to be chance. Waiting times between records that come at a steady
rate are exponential: a silence of `t` days has probability exp(-rate t), below 0.001 from t = ln(1000) / rate = 6.9 / rate
on; likewise no record where 6.9 or more are expected (Poisson).
"""

import math
from dataclasses import dataclass

import ibis
import numpy as np
import pandas as pd
from ibis import _

from dansok.korea import calendar

IMPROBABLE = math.log(1000)  # expected records, of which none has probability 0.001
THROUGH_THE_GRACE = 0.25  # of the camera's own rate; cameras show some 0-5% or 50-150% of it
OUTSIDE_ITS_HOURS = 0.05  # of its own rate, at the ends of the day
STRETCH_MINUTES = 30
TO_THE_MINUTE = ("second", "minute")
TO_THE_DAY = (*TO_THE_MINUTE, "hour", "day")
CLOSED, GRACE, OPEN = 0, 1, 2
DAY = pd.Timedelta(days=1)


@dataclass(frozen=True)
class Watch:
    """What is known of the fixed cameras: the hours they watched, and how that was found."""

    hours: ibis.Table | None  # unit, area_name, day, hour, watched_hours
    cameras: pd.DataFrame  # unit, listed, window_days, up_days, exempt, opens, closes
    silent_days: list  # days without a record of any camera


def cameras_watched(connection, placed, spells, hours):
    """Hours in which fixed cameras watched.

    Parameters
    ----------
    connection : ibis backend
    placed : ibis.Table
        As `tables.PLACED_TICKETS` describes.
    spells : pd.DataFrame
        As `places.camera_spells` returns.
    hours : tuple of city.Hours
        Of the channel fixed_camera.

    Returns
    -------
    Watch or None
        None where no fixed camera has a record, or city.toml gives no hours for them.
    """
    records = _records_of_units(placed)
    by_day = records.group_by("unit", "day").agg(records=_.records.sum()).order_by("unit", "day").to_pandas()
    if by_day.empty or not hours:
        return None
    by_day["day"] = pd.to_datetime(by_day["day"])
    days = calendar.days(by_day["day"].min(), by_day["day"].max())
    silent_days = system_silence(by_day, days["date"])
    units = _units(records, spells)
    windows = _windows(units, by_day, days["date"])
    up = up_spells(by_day, windows)
    kind_of_day, states = timetable(hours, days)
    up_table = connection.create_table("link_up", up, temp=True, overwrite=True)
    frame = connection.create_table("link_frame", _by_hour(kind_of_day, states, silent_days), temp=True, overwrite=True)
    chances = up_table.inner_join(frame, [frame.day >= up_table.first_day, frame.day <= up_table.last_day]).select(
        "unit", "day", "hour", "open_hours", "grace_hours", quarter=_quarter(_.day)
    )
    chances = connection.create_table("link_chances", chances, temp=True, overwrite=True)
    by_quarter = chances.group_by("unit", "quarter", "hour").agg(
        open_hours=_.open_hours.sum(), grace_hours=_.grace_hours.sum()
    )
    seen = _records_by_state(connection, records, kind_of_day, states)
    habits = _habits(by_quarter.to_pandas(), seen)
    habits_table = connection.create_table("link_habits", habits, temp=True, overwrite=True)
    area = connection.create_table("link_units", units[["unit", "area_name"]], temp=True, overwrite=True)
    watched = chances.inner_join(habits_table, ["unit", "quarter"]).filter(_.hour.between(_.opens, _.closes))
    watched = watched.mutate(watched_hours=_.open_hours + ibis.ifelse(_.exempt, _.grace_hours, 0.0))
    watched = watched.filter(_.watched_hours > 0).left_join(area, "unit")
    whole = habits.groupby("unit").agg(exempt=("exempt", "max"), opens=("opens", "first"), closes=("closes", "first"))
    window_days = ((windows["last_day"] - windows["first_day"]) / DAY + 1).rename("window_days")
    cameras = units.set_index("unit").join([window_days, _up_days(up, silent_days), whole])
    return Watch(
        watched.select("unit", "area_name", "day", "hour", watched_hours=_.watched_hours.round(6)),
        cameras.reset_index(),
        silent_days,
    )


def camera_unit():
    """The unit of exposure that a fixed-camera record belongs to, as an expression on `placed_tickets`.

    The camera's number; for a camera that is in no list its name without blanks, however the blanks were written.
    """
    return ibis.coalesce(_.camera_id, _.place_as_sent.re_replace(r"\s+", ""))


def _records_of_units(placed):
    cameras = placed.filter((_.channel == "fixed_camera") & _.time_precision.isin(TO_THE_DAY))
    cameras = cameras.mutate(unit=camera_unit()).filter(_.unit.notnull())
    return cameras.mutate(
        day=_.issued_at.date(),
        minute=(_.issued_at.hour() * 60 + _.issued_at.minute()).cast("int64"),
        exact=_.time_precision.isin(TO_THE_MINUTE),
    )


def _units(records, spells):
    """One row a camera with records: is it listed, from when to when, and the 읍면동 in which most of its records lie."""
    areas = records.group_by("unit", "area_name", listed=_.camera_id.notnull()).agg(n=_.records.sum()).to_pandas()
    areas = areas.sort_values(["unit", "n", "area_name"], ascending=[True, False, True])
    units = areas.drop_duplicates("unit").drop(columns="n")
    meant = spells[spells["from_day"] < spells["to_day"]]  # in order of the days: a camera that moved has several
    first, last = (meant.drop_duplicates("camera_id", keep=keep).set_index("camera_id") for keep in ("first", "last"))
    known = first[["installed_on"]].join(last["removed_on"])
    return units.join(known, on="unit").reset_index(drop=True)


def _windows(units, by_day, dates):
    """First and last day on which each camera can have been up."""
    first_record = by_day.groupby("unit")["day"].min().reindex(units["unit"]).to_numpy()
    last_record = by_day.groupby("unit")["day"].max().reindex(units["unit"]).to_numpy()
    # An installation day after the first record is wrong; a camera in no list is known only by its records.
    first = units["installed_on"].fillna(pd.Series(first_record, units.index)).clip(lower=dates.min())
    last = units["removed_on"].fillna(dates.max()).clip(upper=dates.max())
    return pd.DataFrame(
        {"first_day": np.minimum(first, first_record), "last_day": np.maximum(last, last_record)}
    ).set_index(pd.Index(units["unit"]))


def system_silence(by_day, dates):
    """Days without any record of any camera, where so many are expected that chance is no explanation.

    Parameters
    ----------
    by_day : pd.DataFrame
        `unit`, `day`, `records`; days with records only.
    dates : pd.Series of datetime64

    Returns
    -------
    list of pd.Timestamp
    """
    silent = sorted(set(dates) - set(by_day["day"]))
    return silent if by_day["records"].sum() / by_day["day"].nunique() > IMPROBABLE else []


def up_spells(by_day, windows):
    """Spells of days on which each camera was up.

    Parameters
    ----------
    by_day : pd.DataFrame
        `unit`, `day` (datetime64), `records`; days with records only.
    windows : pd.DataFrame, indexed by unit
        `first_day`, `last_day`: when the camera can have been up; every record lies within.

    Returns
    -------
    pd.DataFrame, one row a spell
        `unit`, `first_day`, `last_day`, both up.

    Notes
    -----
    A run of silent days, also one at either end of the window, is down-time if it is longer than ln(1000) / rate, with the
    rate over the days not yet known to be down; repeated until nothing changes. The rule sees no silence shorter than
    that: a camera with few records counts as up. Where records come in bursts, it takes some lulls for down-time.

    Examples
    --------
    >>> seen = pd.DataFrame({"unit": "A", "day": pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-31"]), "records": 9})
    >>> window = pd.DataFrame({"first_day": seen.day.min(), "last_day": seen.day.max()}, index=["A"])
    >>> up_spells(seen, window).astype(str).values.tolist()
    [['A', '2024-01-01', '2024-01-02'], ['A', '2024-01-31', '2024-01-31']]
    """
    spells = []
    for unit, own in by_day.groupby("unit", sort=True):
        days = np.unique(own["day"].to_numpy())
        window = windows.loc[unit]
        before = np.append(window.first_day.to_datetime64() - DAY.to_timedelta64(), days)
        after = np.append(days, window.last_day.to_datetime64() + DAY.to_timedelta64())
        silent = (after - before) / DAY.to_timedelta64() - 1
        down = _improbable(silent, own["records"].sum(), silent.sum() + len(days))
        starts, ends = before + DAY.to_timedelta64(), after - DAY.to_timedelta64()
        first = np.append(starts[0] if not down[0] else days[0], after[1:-1][down[1:-1]])
        last = np.append(before[1:-1][down[1:-1]], ends[-1] if not down[-1] else days[-1])
        spells.append(pd.DataFrame({"unit": unit, "first_day": first, "last_day": last}))
    return pd.concat(spells, ignore_index=True)


def _improbable(silent, records, up_days):
    down = np.zeros(len(silent), bool)
    while True:
        longer = silent * records > IMPROBABLE * (up_days - silent[down].sum())
        if (longer == down).all():
            return down
        down |= longer


def timetable(hours, days):
    """For each day the minutes in which a channel is closed, in the grace, or open.

    Parameters
    ----------
    hours : tuple of city.Hours
        Of one channel. Where several hold on one day, a minute is open if any of them opens it.
    days : pd.DataFrame
        As `korea.calendar.days` returns.

    Returns
    -------
    kind_of_day : pd.Series of int, indexed by date
        Row of `states` that holds on the day.
    states : np.ndarray of int, shape (n_kinds, 1440)
        0 closed, 1 grace, 2 open, by minute after midnight.
    """
    holds = np.column_stack(
        [
            (days["date"] >= pd.Timestamp(entry.first_day))
            & (days["date"] <= pd.Timestamp(entry.last_day or days["date"].max()))
            & _on(entry.days, days["is_working_day"])
            for entry in hours
        ]
    )
    kinds, kind_of_day = np.unique(holds, axis=0, return_inverse=True)
    states = np.zeros((len(kinds), 24 * 60), int)
    for kind, entries in enumerate(kinds):
        for entry in np.array(hours, dtype=object)[entries]:
            minutes = np.zeros(24 * 60, int)
            minutes[entry.opens : entry.closes] = OPEN
            if entry.grace:
                grace = minutes[slice(*entry.grace)]
                grace[grace == OPEN] = GRACE
            states[kind] = np.maximum(states[kind], minutes)
    return pd.Series(kind_of_day.ravel(), index=pd.Index(days["date"], name="day")), states


def _on(which, working):
    return {"every day": True, "working days": working, "rest days": ~working}[which]


def _by_hour(kind_of_day, states, silent_days):
    """Open and grace hours of each hour of each day on which the cameras were not all silent."""
    by_hour = states.reshape(len(states), 24, 60)
    watched = kind_of_day.drop(silent_days)
    table = pd.DataFrame({"day": np.repeat(watched.index.to_numpy(), 24), "hour": np.tile(np.arange(24), len(watched))})
    for name, state in (("open_hours", OPEN), ("grace_hours", GRACE)):
        table[name] = ((by_hour == state).sum(axis=2) / 60)[watched.to_numpy()].ravel()
    table = table[(table["open_hours"] > 0) | (table["grace_hours"] > 0)]
    return table.assign(day=table["day"].dt.date)


def _quarter(day):
    return (day.year() * 4 + day.quarter()).cast("int64")


def _records_by_state(connection, records, kind_of_day, states):
    """Records to the minute, by camera, quarter, hour and state of the timetable."""
    kinds, minutes = np.indices(states.shape)
    table = pd.DataFrame({"kind": kinds.ravel(), "minute": minutes.ravel(), "state": states.ravel()})
    at = connection.create_table("link_minutes", table, temp=True, overwrite=True)
    of_day = kind_of_day.rename("kind").reset_index().assign(day=lambda frame: frame["day"].dt.date)
    on = connection.create_table("link_days", of_day, temp=True, overwrite=True)
    exact = records.filter(_.exact).inner_join(on, "day").inner_join(at, ["kind", "minute"])
    by_state = exact.group_by("unit", "state", hour=(_.minute // 60).cast("int64"), quarter=_quarter(_.day))
    return by_state.agg(records=_.records.sum()).to_pandas()


def _habits(chances, seen):
    """When each camera watches within the timetable: one row a camera and quarter, by its own records.

    Parameters
    ----------
    chances : pd.DataFrame
        `unit`, `quarter`, `hour`, `open_hours`, `grace_hours` on days up.
    seen : pd.DataFrame
        `unit`, `quarter`, `hour`, `state`, `records`.

    Returns
    -------
    pd.DataFrame
        `unit`, `quarter`, `opens`, `closes` (first and last clock hour), `exempt` (goes on through the grace).
    """
    key = ["unit", "quarter", "hour"]
    by_state = seen.pivot_table(index=key, columns="state", values="records", aggfunc="sum", fill_value=0)
    table = chances.set_index(key).join(by_state.reindex(columns=[GRACE, OPEN], fill_value=0)).fillna(0).reset_index()
    table = table.rename(columns={GRACE: "in_grace", OPEN: "in_hours"})
    own = own_hours(table.groupby(["unit", "hour"], as_index=False)[["open_hours", "in_hours"]].sum())
    table = table.join(own, on="unit")
    table = table[table["hour"].between(table["opens"], table["closes"])]
    counts = ["open_hours", "grace_hours", "in_hours", "in_grace"]
    exempt_always = goes_on_through_grace(table.groupby("unit")[counts].sum())
    by_quarter = table.groupby(["unit", "quarter"])[counts].sum()
    exempt = goes_on_through_grace(by_quarter)
    always = exempt_always.reindex(by_quarter.index, level="unit").fillna(False)
    habits = pd.DataFrame({"exempt": exempt.where(exempt.notna(), always).astype(bool)}).reset_index()
    return habits.join(own, on="unit")


def own_hours(table):
    """First and last clock hour in which each camera watches.

    Parameters
    ----------
    table : pd.DataFrame, one row a camera and hour of the timetable
        `unit`, `hour`, `open_hours`, `in_hours` (records in them).

    Returns
    -------
    pd.DataFrame, indexed by unit
        `opens`, `closes`: all hours between belong to the camera.

    Notes
    -----
    An hour at either end of the timetable is not the camera's if it records at less than 5% of its own rate there and at
    least 6.9 records are expected. Where fewer are expected and there is none, it does as most cameras do that tell.
    """
    table = table[table["open_hours"] > 0].reset_index(drop=True)
    totals = table.groupby("unit")[["in_hours", "open_hours"]].transform("sum")
    table["expected"] = totals["in_hours"] / totals["open_hours"] * table["open_hours"]
    tells = table["expected"] >= IMPROBABLE
    on = table["in_hours"] >= OUTSIDE_ITS_HOURS * table["expected"]
    most = on[tells].groupby(table["hour"]).mean().ge(0.5).reindex(range(24), fill_value=True)
    on = on.where(tells, (table["in_hours"] > 0) | table["hour"].map(most))
    ends = table[on].groupby("unit")["hour"].agg(opens="min", closes="max")
    return ends.reindex(table["unit"].unique()).fillna({"opens": 0, "closes": 23}).astype(int)


def goes_on_through_grace(table):
    """Whether a camera records on through the grace.

    Parameters
    ----------
    table : pd.DataFrame
        `open_hours`, `grace_hours` watched or left out; `in_hours`, `in_grace` records.

    Returns
    -------
    pd.Series of bool or None, same index
        True if it records at 25% or more of its own rate outside the grace; None if fewer than 6.9 records are expected
        in the grace.
    """
    rate = table["in_hours"] / table["open_hours"].where(table["open_hours"] > 0)
    expected = rate * table["grace_hours"]
    goes_on = table["in_grace"] >= THROUGH_THE_GRACE * expected
    return goes_on.astype(object).where(expected >= IMPROBABLE, None)


def _up_days(up, silent_days):
    length = (up["last_day"] - up["first_day"]) / DAY + 1
    starts, ends = up["first_day"].to_numpy(), up["last_day"].to_numpy()
    for day in silent_days:
        length -= (starts <= day.to_datetime64()) & (day.to_datetime64() <= ends)
    return length.groupby(up["unit"]).sum().rename("up_days").to_frame()


def car_watched(placed):
    """Where and when the patrol car was, by its own records.

    Parameters
    ----------
    placed : ibis.Table
        As `tables.PLACED_TICKETS` describes.

    Returns
    -------
    ibis.Table
        `unit`, `area_name` (both the 읍면동), `day`, `hour`, `watched_hours`.

    Notes
    -----
    Two records of one day less than 30 minutes apart bound a stretch that was driven; it counts for the 읍면동 of the first.
    Without the car's number several cars are one trace.
    """
    exact = placed.filter((_.channel == "mobile_camera") & _.time_precision.isin(TO_THE_MINUTE))
    in_order = ibis.window(group_by="day", order_by=["issued_at", "source_file", "source_row"])
    trace = exact.mutate(day=_.issued_at.date()).mutate(following=_.issued_at.lead().over(in_order))
    seconds = (_.following.epoch_seconds() - _.issued_at.epoch_seconds()).cast("int64")
    stretches = trace.mutate(seconds=seconds).filter(
        _.area_name.notnull() & (_.seconds > 0) & (_.seconds < STRETCH_MINUTES * 60)
    )
    stretches = stretches.mutate(
        hour=_.issued_at.hour().cast("int64"),
        left=3600 - (_.issued_at.minute() * 60 + _.issued_at.second()).cast("int64"),
    )
    this_hour = stretches.select("area_name", "day", "hour", seconds=ibis.least(_.seconds, _.left))
    next_hour = stretches.filter(_.seconds > _.left).select(
        "area_name", "day", hour=_.hour + 1, seconds=_.seconds - _.left
    )
    driven = this_hour.union(next_hour).group_by("area_name", "day", "hour").agg(seconds=_.seconds.sum())
    return driven.select(
        unit="area_name", area_name="area_name", day="day", hour="hour", watched_hours=(_.seconds / 3600).round(6)
    )


def unwatched_records(placed, exposure):
    """Records to the minute of an hour in which, by `exposure`, nobody watched.

    Returns
    -------
    pd.DataFrame
        `channel`, `hour`, `records`; channels with exposure only.
    """
    exact = placed.filter(_.time_precision.isin(TO_THE_MINUTE)).mutate(
        unit=ibis.ifelse(_.channel == "fixed_camera", camera_unit(), _.area_name),
        day=_.issued_at.date(),
        hour=_.issued_at.hour().cast("int64"),
    )
    exact = exact.semi_join(exposure.select("channel").distinct(), "channel")
    missed = exact.anti_join(exposure, ["channel", "unit", "day", "hour"])
    return missed.group_by("channel", "hour").agg(records=_.records.sum()).order_by("channel", "hour").to_pandas()
