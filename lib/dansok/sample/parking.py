"""True illegal parking: the rate of every place, hour and day, and the violations that happen. Nobody looks here."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from dansok.korea import calendar
from dansok.sample.ground import Ground, stream

# True course of a day by use of the street (rows of `ground.USES`): cars are left wrongly at lunch (12, 13 h) and in the
# evening (19 h), not at 14 h.
COURSE = np.array(
    [0.5, 0.35, 0.25, 0.2, 0.2, 0.3, 0.6, 1.0, 1.2, 1.3, 1.5, 2.0,
     3.0, 2.85, 2.1, 2.0, 1.5, 1.55, 1.95, 2.45, 1.9, 1.45, 1.05, 0.75]
)  # fmt: skip
PARTS = (range(0, 7), range(7, 18), range(18, 24))
BY_PART = np.array([[1.2, 0.85, 1.25], [0.9, 1.05, 1.0], [0.4, 1.4, 0.55], [1.0, 1.0, 1.0]])  # use x part of the day
WEEKDAY = np.array(  # use x weekday, Monday first
    [
        [0.96, 0.95, 0.97, 0.99, 1.04, 1.08, 1.01],
        [0.94, 0.94, 0.98, 1.02, 1.16, 1.16, 0.80],
        [1.10, 1.10, 1.12, 1.12, 1.14, 0.82, 0.60],
        [0.95, 0.93, 0.95, 0.97, 1.02, 1.13, 1.05],
    ]
)
MONTH = np.array([1.22, 0.93, 1.46, 0.98, 0.97, 0.96, 1.34, 0.93, 0.96, 0.97, 0.96, 0.92])  # March, July, January
FEAST = {-3: 1.06, -2: 1.14, -1: 0.86, 0: 0.55, 1: 0.62, 2: 0.78, 3: 0.94}  # days from Seollal and Chuseok
HOLIDAY = 0.88  # other public holidays
MARKET = 3.2  # on market days, 8-18 h, at the market
DAY_SHAPE = 150.0  # gamma shape of what all places share on a day: weather, events
STAYS = {"short_share": (0.78, 0.86, 0.74, 0.80), "short_minutes": 14.0, "long_minutes": 85.0}  # by use; exponentials


@dataclass(frozen=True)
class Rates:
    """The true rate of violations λ, in violations begun.

    `by_place`: a day, mean over all days before anything happens, shape (n_places,). `by_day`: factor of each day for
    each use, shape (n_uses, n_days). `market`: places with a market, and its days, shapes (n_places,), (2, n_days).
    `course`: share of each hour, shape (n_uses, 24). `effects`: what happenings do, see `happenings`.
    """

    ground: Ground
    days: pd.DatetimeIndex
    by_place: np.ndarray
    by_day: np.ndarray
    market_days: np.ndarray
    course: np.ndarray
    effects: tuple = ()

    def per_day(self, days):
        """Violations begun on given days (row numbers), all hours but the market's extra, shape (n_places, n_days)."""
        use = self.ground.places["use"].to_numpy()
        rate = self.by_place[:, None] * self.by_day[use][:, days]
        for effect in self.effects:
            rate = rate * effect.factor(days)
        return rate

    def per_hour(self, days):
        """Violations begun, shape (n_places, n_days, 24)."""
        use = self.ground.places["use"].to_numpy()
        rate = self.per_day(days)[:, :, None] * self.course[use][:, None, :]
        market = self.ground.places["market"].to_numpy()
        for digit, held in self.market_days.items():
            on = np.ix_(np.flatnonzero(market == digit), np.flatnonzero(held[days]), np.arange(8, 18))
            rate[on] *= MARKET
        return rate


def rates(seed, ground, days, per_day, effects=()):
    """λ of a seed: `per_day` violations on the mean day."""
    known = calendar.days(days[0], days[-1])
    feast = [known[f"days_from_{name}"].map(FEAST) for name in ("seollal", "chuseok")]
    near = feast[0].fillna(feast[1]).astype(float)
    holiday = np.where(near.notna(), near.fillna(1.0), np.where(known["is_holiday"], HOLIDAY, 1.0))
    shared = stream(seed, "days").gamma(DAY_SHAPE, 1 / DAY_SHAPE, len(days))
    by_day = WEEKDAY[:, days.day_of_week] * (MONTH[days.month - 1] * holiday * shared)
    course = np.empty((len(BY_PART), 24))
    for use, parts in enumerate(BY_PART):
        for part, factor in zip(PARTS, parts, strict=True):
            course[use, list(part)] = COURSE[list(part)] * factor
    course /= course.sum(axis=1, keepdims=True)
    weight = ground.places["weight"].to_numpy()
    market = {
        digit: np.isin(days.day % 5, [digit % 5]) for digit in sorted(set(ground.places["market"].unique()) - {-1})
    }
    mean = (by_day.mean(axis=1)[ground.places["use"]] * weight).sum()
    return Rates(ground, days, weight * per_day / mean, by_day, market, course, tuple(effects))


def violations(rates, days, rng):
    """Violations begun on given days (row numbers of `rates.days`).

    Returns
    -------
    pd.DataFrame, one row a violation
        `place`, `day` (row of `rates.days`), `second` of the day, `stays` (seconds), `along` (place on the street, -0.5 to
        0.5 of its length).
    """
    counts = rng.poisson(rates.per_hour(days))
    place, day, hour = np.nonzero(counts)
    times = counts[place, day, hour]
    place, day, hour = (np.repeat(values, times) for values in (place, day, hour))
    n = len(place)
    use = rates.ground.places["use"].to_numpy()[place]
    short = rng.random(n) < np.array(STAYS["short_share"])[use]
    minutes = rng.exponential(np.where(short, STAYS["short_minutes"], STAYS["long_minutes"]))
    return pd.DataFrame(
        {
            "place": place,
            "day": np.asarray(days)[day],
            "second": hour * 3600 + rng.integers(0, 3600, n),
            "stays": minutes * 60,
            "along": rng.uniform(-0.5, 0.5, n),
        }
    )
