"""Plates read by fixed cameras, patrol cars, lots and arrears squads: wherever somebody reads, of whoever is there."""

import numpy as np
import pandas as pd

from dansok.sample import watching
from dansok.sample.vehicles import SLOTS, slot_of

READ_SHARE = 0.020  # of the vehicles about a street are read at one stop of a car or crew
CAMERA_SHARE = 0.004  # in one hour of a fixed camera
ENTRY_SHARE = 0.016  # drive into a lot in one hour
LOT_HOURS = range(6, 24)
SEEN_AGAIN = 0.05  # of the reads are read once more within seconds
MISREAD = 0.012  # of the reads come out as another plate
AT_ONCE = 200_000  # reads that are held in memory, about
KINDS = ("fixed_camera", "patrol_car", "lot", "squad_car")


def reads(days, row, rests, watch, lots, finder, fleet, reading, rng):
    """Reads of some days that follow one another.

    Parameters
    ----------
    days : pd.DatetimeIndex
        All days of the city.
    row : np.ndarray of int
        Rows of the days wanted.
    rests : np.ndarray of bool
        Whether each day is a rest day.
    watch : watching.Watching
    lots : pd.DataFrame
        `place` of each lot with a plate reader.
    finder : vehicles.Finder
        Vehicles by how much they are out.
    fleet : vehicles.Fleet
    reading : float
        Factor on what is read.
    rng : np.random.Generator

    Yields
    ------
    pd.DataFrame, one row a read, in order of time
        `day`, `second`, `place`, `vehicle`, `kind` (row of `KINDS`), `unit` (camera, car, lot or crew), `shift` (of a crew).
        Each frame holds whole days and about `AT_ONCE` reads, however many there are in all: memory stays what it is.
    """
    chances = _chances(row, watch, lots, reading)
    slot = slot_of(chances["second"].to_numpy() // 3600, rests[chances["day"]])
    present = np.stack([finder.present(one) for one in range(SLOTS)])
    times = rng.poisson(chances["share"] * present[slot, chances["place"]])
    by_day = np.bincount(chances["day"] - row[0], times, len(row))
    part = (np.cumsum(by_day) - by_day) // AT_ONCE
    for one in np.unique(part):
        rows = np.flatnonzero(part[chances["day"] - row[0]] == one)
        rows = np.repeat(rows, times[rows])
        table = chances.iloc[rows].reset_index(drop=True)
        table["vehicle"] = finder.draw(table["place"].to_numpy(), slot[rows], rng)
        table["second"] += rng.integers(0, table["seconds"])
        yield _in_order(table, days, fleet, rng)


def _chances(row, watch, lots, reading):
    """Stops of cars and crews, and hours of cameras and lots: each reads a share of the vehicles that are about then."""
    stops = {
        name: watch.rounds[name][watch.rounds[name]["day"].isin(row)].assign(kind=kind, share=READ_SHARE)
        for name, kind in (("car", 1), ("crew", 3))
    }
    hours = [
        _camera_hours(watch, row).assign(kind=0, share=CAMERA_SHARE),
        _lot_hours(lots, row).assign(kind=2, share=ENTRY_SHARE),
    ]
    hours = [table.assign(shift=-1, seconds=3600) for table in hours]
    together = pd.concat([stops["car"], stops["crew"], *hours], ignore_index=True)
    return together.drop(columns="area").assign(share=together["share"] * reading)


def _in_order(table, days, fleet, rng):
    """Some are read twice; no vehicle is read that is scrapped."""
    again = table[(rng.random(len(table)) < SEEN_AGAIN) & (table["second"] < 86_000)]
    again = again.assign(second=again["second"] + rng.integers(2, 40, len(again)))
    table = pd.concat([table, again], ignore_index=True)
    table["vehicle"] = fleet.alive(table["vehicle"].to_numpy(), days.values[table["day"]])
    table = table[["day", "second", "place", "vehicle", "kind", "unit", "shift"]]
    return table.sort_values(["day", "second", "kind", "unit", "vehicle"], kind="stable", ignore_index=True)


def _camera_hours(watch, row):
    """Hours in which each fixed camera works; the minutes of the grace are hours like others, but for those that rest."""
    first, last = watching.CAMERA_HOURS[0] // 3600, watching.CAMERA_HOURS[1] // 3600
    camera, day, hour = (
        part.ravel() for part in np.meshgrid(np.arange(len(watch.cameras)), row, np.arange(first, last), indexing="ij")
    )
    rest = ~watch.cameras["exempt"].to_numpy()[camera] & np.isin(hour, [12, 13])
    on = watch.working(camera, day) & ~rest
    camera, day, hour = camera[on], day[on], hour[on]
    place = watch.cameras["place"].to_numpy()[camera]
    return pd.DataFrame({"unit": camera, "day": day, "second": hour * 3600, "place": place})


def _lot_hours(lots, row):
    lot, day, hour = (
        part.ravel() for part in np.meshgrid(lots.index.to_numpy(), row, np.array(LOT_HOURS), indexing="ij")
    )
    return pd.DataFrame({"unit": lot, "day": day, "second": hour * 3600, "place": lots.loc[lot, "place"].to_numpy()})
