"""What is recorded of the violations that happen: by fixed cameras, patrol cars, officers and citizens.

Each takes the violations of some days and returns one row a record: `day`, `second`, `violation` (row), and what only it
knows.
"""

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from dansok.sample import watching

CAMERA_CATCHES = 0.45  # of the violations that it is switched on for
CAMERA_ROUND_SECONDS = 300.0  # mean time until the camera has turned to the car
SECOND_AFTER = 7200  # a car that stands two hours more is recorded again
SHOOTS_TWICE = 300  # seconds between the two photographs of a patrol car
CAR_CATCHES, TEAM_CATCHES = 0.75, 0.85
MEAN_STAY = 1750.0  # seconds, for which `Watching.reported` holds


def fixed_cameras(violations, watch, rng):
    """Cars standing in view while the camera is on, among them those left standing since the lunch grace.

    A camera without exemption is off in the grace. Whoever came in that time and still stands when it wakes is recorded
    just after: the burst.
    """
    camera_of = np.full(violations["place"].max() + 1, -1) if len(violations) else np.empty(0, int)
    known = watch.cameras["place"].to_numpy()
    camera_of[known[known < len(camera_of)]] = np.flatnonzero(known < len(camera_of))
    camera = camera_of[violations["place"]]
    rows = np.flatnonzero((camera >= 0) & (rng.random(len(violations)) < CAMERA_CATCHES))
    rows = rows[watch.working(camera[rows], violations["day"].to_numpy()[rows])]
    camera, begun = camera[rows], violations["second"].to_numpy()[rows]
    leaves = begun + violations["stays"].to_numpy()[rows]
    exempt = watch.cameras["exempt"].to_numpy()[camera]
    grace, hours = watching.CAMERA_GRACE, watching.CAMERA_HOURS
    first = np.where(~exempt & (begun >= grace[0]) & (begun < grace[1]), grace[1], np.maximum(begun, hours[0]))
    first = first + rng.exponential(CAMERA_ROUND_SECONDS, len(rows))
    found = []
    for at in (first, first + SECOND_AFTER):
        seen = (at < leaves) & (at < hours[1]) & (exempt | ~((at >= grace[0]) & (at < grace[1])))
        found.append(
            pd.DataFrame(
                {
                    "day": violations["day"].to_numpy()[rows[seen]],
                    "second": at[seen].astype(int),
                    "violation": rows[seen],
                    "camera": camera[seen],
                }
            )
        )
    return pd.concat(found, ignore_index=True)


def on_rounds(violations, rounds, catches, rng):
    """Cars that stand when a patrol car or a team comes by, and five minutes later; each is caught once a shift."""
    key = violations["place"].to_numpy() * 10_000 + violations["day"].to_numpy()
    order = np.argsort(key, kind="stable")
    stops = rounds["place"].to_numpy() * 10_000 + rounds["day"].to_numpy()
    low, high = (np.searchsorted(key[order], stops, side) for side in ("left", "right"))
    stop = np.repeat(np.arange(len(rounds)), high - low)
    row = order[np.arange(len(stop)) - np.repeat(np.cumsum(high - low) - (high - low), high - low) + low[stop]]
    at = rounds["second"].to_numpy()[stop] + SHOOTS_TWICE
    begun = violations["second"].to_numpy()[row]
    stands = (begun + SHOOTS_TWICE <= at) & (at < begun + violations["stays"].to_numpy()[row])
    caught = np.flatnonzero(stands & (rng.random(len(stop)) < catches))
    found = pd.DataFrame(
        {
            "day": violations["day"].to_numpy()[row[caught]],
            "second": at[caught] + rng.integers(0, 60, len(caught)),
            "violation": row[caught],
            "unit": rounds["unit"].to_numpy()[stop[caught]],
            "shift": rounds["shift"].to_numpy()[stop[caught]],
        }
    )
    return found.drop_duplicates(["violation", "shift"], ignore_index=True).drop(columns="shift")


def citizens(violations, places, watch, rng):
    """Reports by people who pass, more often where and when people look, and by the few who report all that is near them.

    How many reports a violation draws grows with how long it stands and with how much it annoys; several of one violation
    are the duplicates by which the readiness to report can be told. `reporter`: a number of its own each.
    """
    area = places["area"].to_numpy()[violations["place"]]
    hour = violations["second"].to_numpy() // 3600
    stays, day = violations["stays"].to_numpy(), violations["day"].to_numpy()
    annoys = rng.exponential(1.0, len(violations))
    mean = watch.reported[area] * watching.REPORT_HOUR[hour] * watch.reports_by_day[day] * annoys * stays / MEAN_STAY
    several = rng.poisson(mean)
    rows = np.repeat(np.arange(len(violations)), several)
    weight = 1 / np.arange(1, watching.ORDINARY_REPORTERS + 1) ** 0.7
    reporter = rng.choice(len(weight), len(rows), p=weight / weight.sum()) + watching.SERIAL_REPORTERS
    serial, who = _near_serial(violations, places, watch, hour, rng)
    rows, reporter = np.concatenate([rows, serial]), np.concatenate([reporter, who])
    second = violations["second"].to_numpy()[rows] + 60 + rng.random(len(rows)) * np.maximum(stays[rows] - 60, 0)
    late = second >= 86400
    found = pd.DataFrame(
        {
            "day": day[rows] + late,
            "second": np.where(late, second - 86400, second).astype(int),
            "violation": rows,
            "reporter": reporter,
        }
    )
    return found[found["day"] <= day.max()].reset_index(drop=True) if len(found) else found


def _near_serial(violations, places, watch, hour, rng):
    points = places[["x", "y"]].to_numpy()
    near = cKDTree(points).query_ball_point(points[watch.serial], watching.SERIAL_METRES)
    rows, who = [], []
    evening = (hour >= 17) & (hour < 21) & (watch.reports_by_day[violations["day"]] > 0.5)
    for number, own in enumerate(near):
        these = np.flatnonzero(np.isin(violations["place"], own) & evening)
        these = these[rng.random(len(these)) < watching.SERIAL_SHARE]
        rows.append(these)
        who.append(np.full(len(these), number))
    return np.concatenate(rows), np.concatenate(who)
