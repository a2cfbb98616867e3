"""Who records which of the violations, and when: fixed cameras, citizens, the patrol car, plate readers.

Each returns a frame with one row a record: `at` (timestamp), `place`, `area`, `vehicle`, and what only it knows.
"""

import numpy as np
import pandas as pd

from dansok.sample.world import AREA_NAMES, AREAS, DAYS

CAMERA_OPENS, CAMERA_CLOSES, CAMERA_GRACE = 7 * 3600, 20 * 3600 + 2400, (11 * 3600 + 3000, 14 * 3600)
CAMERA_CATCHES = 0.38  # of the violations that it is switched on for
CAMERA_ROUND_SECONDS = 360.0  # mean time until the camera has turned to the car
CAR_OPENS, CAR_CLOSES, CAR_GRACE = 9 * 3600, 20 * 3600, (41400, 48600)  # 09:00-20:00, silent 11:30-13:30
CAR_FIRST_DAY = pd.Timestamp("2025-07-01")
CAR_CATCHES = 0.45
REPORT_RATE = 0.0125  # mean over areas of the share of violations that citizens report
REPORT_SPREAD = 3.0  # the keenest area reports so many times as often as the least keen
REPORT_HOUR = np.array([0.5] * 7 + [1.0] * 11 + [1.6] * 4 + [0.7] * 2)  # people look and walk in the evening
REPORT_TWICE = 0.07
OUTAGE = (pd.Timestamp("2025-05-12"), pd.Timestamp("2025-05-25"), 0.02)  # the reporting app fails: share that goes on
READ_RATE = 0.08  # of the violations that happen while the arrears squads drive
READ_AGAIN = 0.05


def _records(rows, second, extra=()):
    at = DAYS.values[rows["day"]] + (second * 1e9).astype("int64").astype("timedelta64[ns]")
    frame = rows[["place", "area", "vehicle", *extra]].copy()
    frame.insert(0, "at", pd.Series(at, index=rows.index).dt.floor("s"))
    return frame


def fixed_cameras(world, rng):
    """Cars standing in view while the camera is on, among them those left standing since the lunch grace.

    A camera without exemption is off from 11:50 to 14:00. Whoever came in that time and still stands at 14:00 is
    recorded just after: the burst. A car that stands two hours more is recorded a second time.
    """
    rows = world.violations.merge(world.cameras.reset_index(names="camera"), on="place")
    day = DAYS[rows["day"]]
    working = (day >= rows["installed_on"]) & ~((day >= rows["down_from"]) & (day <= rows["down_to"]))
    rows = rows[working.to_numpy() & (rng.random(len(rows)) < CAMERA_CATCHES)]
    begun, leaves = rows["second"], rows["second"] + rows["stays_minutes"] * 60
    silent = ~rows["exempt"] & begun.between(*CAMERA_GRACE)
    first = begun.clip(lower=CAMERA_OPENS).mask(silent, CAMERA_GRACE[1])
    first += rng.exponential(CAMERA_ROUND_SECONDS, len(rows))
    found = [
        _records(rows[caught], at[caught], ["camera"])
        for at in (first, first + 7200)
        for caught in [(at < leaves) & (at < CAMERA_CLOSES) & (rows["exempt"] | ~at.between(*CAMERA_GRACE))]
    ]
    return pd.concat(found, ignore_index=True)


def reporting_rates(rng):
    """Share of violations that citizens report, by area: `REPORT_SPREAD` between the keenest and the least keen."""
    rates = np.exp(rng.permutation(np.linspace(0, np.log(REPORT_SPREAD), len(AREAS))))
    return rates / rates.mean() * REPORT_RATE


def citizens(world, rates, rng):
    """Round the clock, unevenly by area and hour, nearly nothing during the outage; some cars are reported twice."""
    rows = world.violations
    day = DAYS[rows["day"]]
    out = (day >= OUTAGE[0]) & (day <= OUTAGE[1])
    chance = rates[rows["area"]] * REPORT_HOUR[rows["second"] // 3600] * np.where(out, OUTAGE[2], 1.0)
    rows = rows[rng.random(len(rows)) < chance]
    reports = _records(rows, rows["second"] + rng.exponential(240, len(rows)))
    second = reports[rng.random(len(reports)) < REPORT_TWICE]
    second = second.assign(at=second["at"] + pd.to_timedelta(rng.integers(60, 900, len(second)), "s"))
    reports = pd.concat([reports, second], ignore_index=True)
    return reports[reports["at"] < DAYS[-1] + pd.Timedelta(days=1)]


def patrol_log(world, rng):
    """Where the patrol car was: one row a day and hour, Sundays off, busy areas more often."""
    days = [day for day in DAYS if day >= CAR_FIRST_DAY and day.day_of_week != 6]
    hours = [9, 10, 11, 13, 14, 15, 16, 17, 18, 19]
    pull = world.places.groupby("area")["violations_per_day"].sum().to_numpy() ** 0.7
    log = pd.DataFrame([(day, hour) for day in days for hour in hours], columns=["day", "hour"])
    log["area"] = rng.choice(len(AREAS), len(log), p=pull / pull.sum())
    log["area_name"] = AREA_NAMES[log["area"]]
    log["hours"] = np.where(log["hour"].isin([11, 13]), 0.5, 1.0)
    return log


def patrol_car(world, log, rng):
    """Violations in the area that the car is in at that hour, with its own GPS position."""
    rows = world.violations.assign(hour=world.violations["second"] // 3600)
    log = log.assign(day=DAYS.get_indexer(log["day"]))
    rows = rows.merge(log[["day", "hour", "area"]], on=["day", "hour", "area"])
    rows = rows[(rng.random(len(rows)) < CAR_CATCHES) & ~rows["second"].between(*CAR_GRACE)]
    return _records(rows, rows["second"])


def plate_readers(world, rng):
    """Reads by the arrears squads' cars, 09-12 and 13-18 h on weekdays, of whoever stands wrongly; some twice."""
    rows = world.violations
    hour = rows["second"] // 3600
    driving = hour.between(9, 17) & (hour != 12) & (DAYS.day_of_week[rows["day"]] < 5)
    rows = rows[driving & (DAYS[rows["day"]] >= CAR_FIRST_DAY) & (rng.random(len(rows)) < READ_RATE)]
    reads = _records(rows, rows["second"])
    reads["reader"] = np.where(reads["area"] % 2 == 0, "영치차량 1호", "영치차량 2호")
    again = reads[rng.random(len(reads)) < READ_AGAIN]
    again = again.assign(at=again["at"] + pd.to_timedelta(rng.integers(3, 30, len(again)), "s"))
    return pd.concat([reads, again], ignore_index=True)
