"""Who looks where and when: fixed cameras with their down-times, patrol cars and arrears squads on their rounds, officers on
foot, citizens who report. Looking is uneven on purpose; `records` says what is seen.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from dansok.korea import calendar
from dansok.sample import happenings
from dansok.sample.ground import AREA_NAMES, AREAS, stream

CAMERA_HOURS, CAMERA_GRACE = (7 * 3600, 20 * 3600 + 2400), (11 * 3600 + 1800, 14 * 3600)
# Fixed cameras and rounds of the patrol by 읍면동: not where most happens, but where the city looks.
CAMERA_SHARE = {"별내동": 0.25, "호평동": 0.195, "진접읍": 0.125, "화도읍": 0.07, "와부읍": 0.06, "평내동": 0.065,
                "도농동": 0.065, "오남읍": 0.045, "퇴계원읍": 0.035, "금곡동": 0.03, "지금동": 0.03, "진건읍": 0.02}  # fmt: skip
ROUND_SHARE = {"별내동": 0.22, "호평동": 0.20, "진접읍": 0.11, "화도읍": 0.08, "와부읍": 0.07, "평내동": 0.06, "도농동": 0.05,
               "오남읍": 0.05, "퇴계원읍": 0.04, "금곡동": 0.04, "지금동": 0.03, "진건읍": 0.02}  # fmt: skip
SELDOM = 0.005  # of the rounds go to each 읍면동 that has no share of its own
EXEMPT_SHARE = 0.18  # cameras that go on through the grace
UNLISTED = 3  # cameras missing from the list
NEW_CAMERAS = 0.22  # of the cameras came after the first day
DOWN_PER_YEAR, DOWN_DAYS = 0.8, 13.0
CAMERA_PULL = 0.75  # cities place cameras well, not perfectly: pull of a place's true rate
WATCHED = 0.13  # of all violations happen before a camera
# Shifts: first and last second of each, which days, and what they are called.
CAR_SHIFTS = ((9 * 3600, 11 * 3600 + 1800), (13 * 3600 + 1800, 16 * 3600 + 1800), (18 * 3600 + 1800, 21 * 3600))
TEAM_SHIFTS = ((9 * 3600, 12 * 3600), (13 * 3600 + 1800, 17 * 3600))
CREW_SHIFTS = ((9 * 3600, 12 * 3600), (13 * 3600, 18 * 3600), (20 * 3600, 23 * 3600))
EVENING_SHARE = 0.6  # of the days on which a car also drives in the evening
NIGHTS = (1, 3)  # weekdays of the night rounds of the arrears squads
CAR_SECONDS, TEAM_SECONDS, CREW_SECONDS = 100, 240, 150  # at each street
STREET_PULL = 0.5  # pull of a place's true rate on the rounds: habit and knowledge
STREET_HABIT = 0.5  # sigma of what the rounds prefer for no reason
LOG_ERROR = 0.15  # sigma of the error of the effort log: by street for the satellite fixes, by shift for the officers
FIX_KEPT = 0.80  # mean share of the fixes that the log holds
REPORTED = 0.0125  # mean over areas of the reports a violation of mean length draws
REPORT_SPREAD = 3.0  # the keenest area reports so many times as often as the least keen
REPORT_HOUR = np.array([0.45] * 7 + [1.0] * 11 + [1.45] * 4 + [0.7] * 2)  # people look and walk in the evening
SERIAL_REPORTERS, SERIAL_METRES, SERIAL_SHARE = 12, 250.0, 0.06  # of what happens near them between 17 and 21 h
ORDINARY_REPORTERS = 4_000


@dataclass(frozen=True)
class Watching:
    """All who look.

    `cameras`: `place`, `camera_id`, `exempt`, `in_list`, `installed_on`. `down`: `camera`, `first_day`, `last_day` (rows of
    days). `rounds`: kind ("car", "team", "crew") -> frame of `unit`, `shift`, `day`, `second`, `place`, `seconds`: one row a
    street on a round. `reported`: mean reports a violation of mean length draws, by area. `serial`: place of each serial
    reporter. `reports_by_day`: factor of each day.
    """

    cameras: pd.DataFrame
    down: pd.DataFrame
    rounds: dict
    reported: np.ndarray
    serial: np.ndarray
    reports_by_day: np.ndarray

    def working(self, camera, day):
        """Whether each camera (row) stands and works on each day (row); arrays of the same length."""
        works = day >= self.cameras["first"].to_numpy()[camera]
        for spell in self.down.itertuples():
            works &= ~((camera == spell.camera) & (day >= spell.first_day) & (day <= spell.last_day))
        return works


def cameras(seed, rates, number, days):
    """Fixed cameras: `place`, `camera_id`, `exempt`, `in_list`, `installed_on`, `first` (row of its first day)."""
    rng, places = stream(seed, "cameras"), rates.ground.places
    counts = _apportion(number, CAMERA_SHARE)
    at = []
    for area, count in counts.items():
        own = np.flatnonzero(places["area"].to_numpy() == area)
        wanted = CAMERA_SHARE[AREA_NAMES[area]] * WATCHED * rates.by_place.sum()
        drawn = _spread(own, rates.by_place[own] ** CAMERA_PULL, min(count, len(own)), rng)
        at += list(_adjusted(drawn, np.setdiff1d(own, drawn), rates.by_place, wanted))
    table = pd.DataFrame({"place": at, "camera_id": 90001 + rng.permutation(len(at))})
    table["exempt"], new = _every(EXEMPT_SHARE, len(at), rng), _every(NEW_CAMERAS, len(at), rng)
    table["in_list"] = ~np.isin(np.arange(len(at)), rng.choice(np.flatnonzero(~new), UNLISTED, replace=False))
    before = days[0] - pd.to_timedelta(rng.integers(60, 2200, len(at)), "D")
    after = days[rng.integers(len(days) // 10, 8 * len(days) // 10, len(at))]
    table["installed_on"] = np.where(new, after, before)
    table = table.sort_values("camera_id", ignore_index=True)
    table["first"] = np.maximum((table["installed_on"] - days[0]).dt.days, 0)
    return table


def _spread(places, pull, count, rng):
    """Systematic sample of places in proportion to their pull (Madow 1949): any sample has places of every rank."""
    order = np.argsort(pull * rng.gamma(30, 1, len(pull)))
    reach = np.cumsum(np.minimum(pull[order] / pull.sum() * count, 1))
    marks = rng.random() + np.arange(count) * reach[-1] / count
    return places[order[np.unique(np.searchsorted(reach, np.minimum(marks, reach[-1])))]]


def _adjusted(chosen, others, rate, wanted):
    """One camera after the other is moved, while that brings what they watch together nearer to `wanted`."""
    for _ in range(len(chosen)):
        miss = rate[chosen].sum() - wanted
        after = np.abs(miss - rate[chosen][:, None] + rate[others])
        out, into = np.unravel_index(after.argmin(), after.shape)
        if after[out, into] >= abs(miss):
            break
        chosen[out], others[into] = others[into], chosen[out]
    return chosen


def _every(share, number, rng):
    """A share of the cameras, spread evenly over the 읍면동 in whose order they stand."""
    return np.diff(np.floor(np.arange(number + 1) * share + rng.random())) > 0


def _apportion(number, shares):
    """Whole numbers by area (row of AREAS) in proportion to the shares, largest remainders first."""
    exact = {int(np.flatnonzero(AREA_NAMES == name)[0]): number * share for name, share in shares.items()}
    counts = {area: int(value) for area, value in exact.items()}
    left = number - sum(counts.values())
    for area in sorted(exact, key=lambda one: counts[one] - exact[one])[:left]:
        counts[area] += 1
    return counts


def watching(options, rates, table, days, hot=None):
    """Everyone who looks, given the fixed cameras and λ.

    Parameters
    ----------
    options : Options
    rates : parking.Rates
    table : pd.DataFrame
        As `cameras` returns.
    days : pd.DatetimeIndex
    hot : (list of int, int), optional
        Areas in which patrols move to hot places, and the row of the day from which on.
    """
    size, seed = options.size, options.seed
    rests = ~calendar.days(days[0], days[-1])["is_working_day"].to_numpy()
    often = np.ones(len(days))
    if options.happens("campaign_month"):
        often[campaign(days)] = happenings.CAMPAIGN_FACTOR
    rounds = {
        "car": _rounds(seed, "car", size.cars, CAR_SHIFTS, CAR_SECONDS, rates, days, rests, often, hot),
        "team": _rounds(seed, "team", size.teams, TEAM_SHIFTS, TEAM_SECONDS, rates, days, rests, often, hot),
        "crew": _rounds(
            seed, "crew", size.crews, CREW_SHIFTS, CREW_SECONDS, rates, days, rests, np.ones(len(days)), None
        ),
    }
    rng = stream(seed, "reporters")
    keen = np.exp(rng.permutation(np.linspace(0, np.log(REPORT_SPREAD), len(AREAS))))
    serial = rng.choice(np.flatnonzero(rates.ground.places["use"] <= 1), SERIAL_REPORTERS, replace=False)
    by_day = np.ones(len(days))
    if options.happens("app_outage"):
        by_day[outage(days)] = happenings.OUTAGE_FACTOR
    if options.happens("app_launch"):
        by_day[app_launch(days) :] *= happenings.APP_FACTOR
    return Watching(table, _down(seed, table, days), rounds, keen / keen.mean() * REPORTED, serial, by_day)


def campaign(days):
    """Rows of the days of the campaign month: the last September of the period, or its middle month."""
    months = pd.PeriodIndex(days, freq="M")
    found = [month for month in months.unique() if month.month == 9]
    return np.flatnonzero(months == (found[-1] if found else months[len(months) // 2]))


def outage(days):
    """Rows of the days of the outage of the reporting app."""
    start = (2 * len(days)) // 3 + 10
    return np.arange(start, min(start + happenings.OUTAGE_DAYS, len(days)))


def app_launch(days):
    """Row of the day on which the new reporting app comes."""
    return (3 * len(days)) // 5


def _down(seed, table, days):
    rng = stream(seed, "down")
    counts = rng.poisson(DOWN_PER_YEAR * len(days) / 365, len(table))
    camera = np.repeat(np.arange(len(table)), counts)
    first = rng.integers(5, len(days) - 20, len(camera))
    last = first + 6 + rng.exponential(DOWN_DAYS - 6, len(camera)).astype(int)
    spells = pd.DataFrame({"camera": camera, "first_day": first, "last_day": np.minimum(last, len(days) - 8)})
    return spells[spells["first_day"] > table["first"].to_numpy()[camera] + 10].reset_index(drop=True)


def _rounds(seed, kind, units, shifts, seconds, rates, days, rests, often, hot):
    """Streets on the rounds of patrol cars, teams or crews: each shift is spent in one 읍면동."""
    rng = stream(seed, f"{kind} rounds")
    shift = _shifts(kind, units, shifts, days, rests, often, rng)
    share = np.array([ROUND_SHARE.get(name, SELDOM) for name in AREA_NAMES])
    if kind == "crew":
        share = np.bincount(rates.ground.places["area"], rates.ground.places["people"], len(AREAS)) ** 0.8
    shift["area"] = rng.choice(len(AREAS), len(shift), p=share / share.sum())
    habit = np.exp(rng.normal(0, STREET_HABIT, len(rates.by_place)))
    pull = {False: rates.by_place**STREET_PULL * habit}
    if hot:
        pull[True] = rates.by_place * habit**0.3
    stops = ((shift["until"] - shift["since"]) // seconds).to_numpy()
    rows = np.repeat(np.arange(len(shift)), stops)
    nth = np.arange(len(rows)) - np.repeat(np.cumsum(stops) - stops, stops)
    area, day = shift["area"].to_numpy()[rows], shift["day"].to_numpy()[rows]
    moved = np.isin(area, hot[0]) & (day >= hot[1]) if hot else np.zeros(len(rows), bool)
    place = np.empty(len(rows), np.int64)
    for wise, weight in pull.items():
        for one in range(len(AREAS)):
            these = np.flatnonzero((area == one) & (moved == wise))
            own = np.flatnonzero(rates.ground.places["area"].to_numpy() == one)
            place[these] = rng.choice(own, len(these), p=weight[own] / weight[own].sum())
    return pd.DataFrame(
        {
            "unit": shift["unit"].to_numpy()[rows],
            "shift": rows,
            "day": day,
            "second": shift["since"].to_numpy()[rows] + nth * seconds,
            "place": place,
            "area": area,
            "seconds": seconds,
        }
    )


def _shifts(kind, units, shifts, days, rests, often, rng):
    """One row a shift of a unit: `unit`, `day`, `since`, `until`."""
    rows = []
    weekday = days.day_of_week.to_numpy()
    for unit in range(units):
        for number, (since, until) in enumerate(shifts):
            out = weekday != 6 if kind == "car" else ~rests
            if number == 2:
                out = out & ((rng.random(len(days)) < EVENING_SHARE) if kind == "car" else np.isin(weekday, NIGHTS))
            on = np.flatnonzero(out)
            rows.append(pd.DataFrame({"unit": unit, "day": on, "since": since, "until": until}))
            extra = on[rng.random(len(on)) < often[on] - 1]
            rows.append(pd.DataFrame({"unit": unit, "day": extra, "since": since, "until": until}))
    return pd.concat(rows, ignore_index=True).sort_values(["day", "since", "unit"], ignore_index=True)


def fixes(seed, rounds, places):
    """What the satellite log holds of the rounds of cars or crews: most of it, less in some streets than in others."""
    rng = stream(seed, "satellite")
    kept = np.clip(FIX_KEPT * np.exp(rng.normal(-(LOG_ERROR**2) / 2, LOG_ERROR, places)), 0.2, 1.0)
    return rounds[rng.random(len(rounds)) < kept[rounds["place"]]].reset_index(drop=True)


def shift_log(seed, rounds):
    """What officers write down: hours of each shift, off by a fifth or a quarter; one row a shift."""
    rng = stream(seed, "log sheets")
    log = rounds.groupby("shift", as_index=False).agg(
        unit=("unit", "first"),
        day=("day", "first"),
        second=("second", "min"),
        area=("area", "first"),
        seconds=("seconds", "sum"),
    )
    error = np.exp(rng.normal(-(LOG_ERROR**2) / 2, LOG_ERROR, len(log)))
    return log.assign(hours=(log["seconds"] * error / 3600).round(1).clip(lower=0.5))
