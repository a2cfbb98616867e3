"""Plates read by fixed cameras, patrol cars, lots and arrears squads: wherever somebody reads, of whoever is there."""

import numpy as np
import pandas as pd

from dansok.sample import watching
from dansok.sample.vehicles import slot_of

READ_SHARE = 0.020  # of the vehicles about a street are read at one stop of a car or crew
CAMERA_SHARE = 0.004  # in one hour of a fixed camera
ENTRY_SHARE = 0.016  # drive into a lot in one hour
LOT_HOURS = range(6, 24)
SEEN_AGAIN = 0.05  # of the reads are read once more within seconds
MISREAD = 0.012  # of the reads come out as another plate
KINDS = ("fixed_camera", "patrol_car", "lot", "squad_car")


def reads(days, row, rests, watch, lots, finder, fleet, reading, rng):
    """Reads of some days.

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

    Returns
    -------
    pd.DataFrame, one row a read, in order of time
        `day`, `second`, `place`, `vehicle`, `kind` (row of `KINDS`), `unit` (camera, car, lot or crew), `shift` (of a crew).
    """
    found = [
        _at_stops(watch.rounds["car"], 1, reading * READ_SHARE, row, rests, finder, rng),
        _at_stops(watch.rounds["crew"], 3, reading * READ_SHARE, row, rests, finder, rng),
        _by_the_hour(_camera_hours(watch, row), 0, reading * CAMERA_SHARE, rests, finder, rng),
        _by_the_hour(_lot_hours(lots, row), 2, reading * ENTRY_SHARE, rests, finder, rng),
    ]
    table = pd.concat(found, ignore_index=True)
    again = table[(rng.random(len(table)) < SEEN_AGAIN) & (table["second"] < 86_000)]
    again = again.assign(second=again["second"] + rng.integers(2, 40, len(again)))
    table = pd.concat([table, again], ignore_index=True)
    table["vehicle"] = fleet.alive(table["vehicle"].to_numpy(), days.values[table["day"]])
    return table.sort_values(["day", "second", "kind", "unit", "vehicle"], kind="stable", ignore_index=True)


def _at_stops(rounds, kind, share, row, rests, finder, rng):
    stops = rounds[rounds["day"].isin(row)].reset_index(drop=True)
    table = _drawn(stops, share, rests, finder, rng)
    return table.assign(second=table["second"] + rng.integers(0, table["seconds"]), kind=kind)[
        ["day", "second", "place", "vehicle", "kind", "unit", "shift"]
    ]


def _by_the_hour(hours, kind, share, rests, finder, rng):
    table = _drawn(hours, share, rests, finder, rng)
    return table.assign(second=table["second"] + rng.integers(0, 3600, len(table)), kind=kind, shift=-1)[
        ["day", "second", "place", "vehicle", "kind", "unit", "shift"]
    ]


def _drawn(chances, share, rests, finder, rng):
    """Each chance (a stop, an hour of a camera) reads a share of the vehicles that are about."""
    slot = slot_of(chances["second"].to_numpy() // 3600, rests[chances["day"]])
    mean = np.empty(len(chances))
    for one in np.unique(slot):
        rows = slot == one
        mean[rows] = finder.present(one)[chances["place"].to_numpy()[rows]]
    times = np.repeat(np.arange(len(chances)), rng.poisson(share * mean))
    table = chances.iloc[times].reset_index(drop=True)
    return table.assign(vehicle=finder.draw(table["place"].to_numpy(), slot[times], rng))


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
