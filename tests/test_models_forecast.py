"""Forecasts by hand, on cities in which the truth is planted, and on Namyangju's own reports.

Seeds 0-19 were used to choose what a model is made of; 100-139 judge it. Of Namyangju, 2024 was used, 2025 judges.
"""

from functools import partial

import numpy as np
import pandas as pd
import pytest
from dansok.korea import calendar as korean_calendar
from dansok.models import backtest, forecast, hotspots

JUDGING = range(100, 140)
DAYS = pd.DataFrame({"date": pd.date_range("2024-01-01", periods=800)})  # a Monday


# --- the next month's places: rivals ---


def test_rivals_of_months_that_are_given_by_halves():
    halves = np.arange(26.0)[:, None] * [1, 0]
    halves[25, 1], halves[4:6, 1] = np.nan, np.nan
    months = np.repeat(np.arange(13), 2)
    assert forecast.last_month(halves, months).tolist() == [24 + 25, 0]
    assert forecast.twelve_months(halves, months).tolist() == [sum(range(2, 26)), 0]
    assert forecast.same_month_last_year(halves, months).tolist() == [2 + 3, 0]
    assert np.isnan(forecast.same_month_last_year(halves[:20], months[:20])).all()
    assert np.isnan(forecast.last_month(np.full((2, 1), np.nan), [0, 0])).all()


def test_kernel_map_is_the_sum_over_all_places():
    random = np.random.default_rng(1)
    x, y = random.permutation(400)[:60] // 20, random.permutation(400)[:60] % 20
    cells = pd.DataFrame({"x": x, "y": y}).drop_duplicates()
    counts = random.poisson(3, (5, len(cells)))
    apart = np.hypot(*(np.subtract.outer(cells[axis].to_numpy(), cells[axis].to_numpy()) for axis in "xy"))
    direct = np.where(apart <= 6, np.exp(-(apart**2) / 2 / 1.5**2), 0) @ counts.sum(axis=0)
    assert np.allclose(forecast.kernel_map(counts, np.arange(5), cells.x, cells.y, 1.5), direct)


# --- the next month's places: ours ---


def drifting_city(seed, months=20, side=16):
    """Rates that differ between places, drift from month to month and come in bursts."""
    random = np.random.default_rng(seed)
    x, y = (axis.ravel() for axis in np.mgrid[:side, :side])
    base, drift, counts = random.normal(-0.5, 1.1, len(x)), np.zeros(len(x)), []
    for _month in range(months):
        drift = 0.8 * drift + random.normal(0, 0.6, len(x))
        counts.append(random.poisson(np.exp(base + drift) * random.gamma(2, 0.5, len(x))))
    return x, y, np.array(counts, float)


def test_ours_catches_more_than_every_simple_rival_in_planted_cities():
    parts = []
    for seed in JUDGING:
        x, y, counts = drifting_city(seed)
        near, months = hotspots.neighbours(x, y), np.arange(len(counts))
        forecasters = {
            "ours": partial(forecast.next_month, near=near),
            "last_month": forecast.last_month,
            "twelve_months": forecast.twelve_months,
            "kernel_map": partial(forecast.kernel_map, cell_x=x, cell_y=y),
            "same_month": forecast.same_month_last_year,
        }
        table = backtest.hit_table(*backtest.roll(forecasters, counts, months, [16, 19]), [20])
        parts.append(table.groupby("forecaster").hit_rate.mean())
    rates = pd.DataFrame(parts)
    print((100 * rates.mean()).round(1).to_dict())
    for rival in rates.columns.drop("ours"):
        _mean, low, _high = backtest.paired_difference(rates.ours, rates[rival])
        assert low > 0, rival


def test_what_is_learnt_follows_the_city():
    random = np.random.default_rng(2)
    place = np.arange(300)
    near = hotspots.neighbours(place, 0 * place)
    steady = random.poisson(random.gamma(1, 5, 300), (15, 300))
    learnt = forecast.fit_places(steady, np.arange(15), near)
    assert learnt.weight_long > 3 * (learnt.weight_short + learnt.weight_middle), "what never changes: the long run"
    # every month is a world of its own, but for the same month of the year before
    worlds = random.gamma(0.5, 10, (12, 300))
    yearly = random.poisson(np.vstack([worlds, worlds, worlds]))
    learnt = forecast.fit_places(yearly, np.arange(36), near)
    assert learnt.season > 0.8
    assert forecast.fit_places(yearly[:12], np.arange(12), near).season == 0, "no month had a year before it"
    expected = forecast.next_month(yearly, np.arange(36), near)
    assert np.corrcoef(expected, worlds[0])[0, 1] > 0.9


def test_a_place_hardly_looked_at_is_like_its_neighbourhood_and_never_looked_at_is_missing():
    random = np.random.default_rng(3)
    x, y = (axis.ravel() for axis in np.mgrid[:20, :20])
    rate = np.where(x < 10, 8.0, 1.0)
    exposure = np.full((10, 400), 10.0)
    scarce, never = [45, 345], 200
    exposure[:, scarce], exposure[:, never] = 0.05, 0
    counts = random.poisson(rate * exposure).astype(float)
    counts[:, scarce] = 0
    near = hotspots.neighbours(x, y)
    rates = forecast.next_month(counts, np.arange(10), near, exposure)
    assert np.isnan(rates[never]) and np.isfinite(np.delete(rates, never)).all()
    assert rates[45] > 3 * rates[345]
    assert np.nanmean(rates[x < 10]) == pytest.approx(8, rel=0.1)
    by_minutes = forecast.next_month(counts, np.arange(10), near, exposure * 60)
    assert np.allclose(by_minutes * 60, rates, rtol=0.002, equal_nan=True)


def test_effort_does_not_make_a_rate():
    """Twice the effort, twice the counts, the same rate: the score follows the rate."""
    random = np.random.default_rng(4)
    exposure = np.broadcast_to(random.choice([1.0, 8.0], 400), (12, 400))
    rate = random.gamma(2, 2, 400)
    x, y = (axis.ravel() for axis in np.mgrid[:20, :20])
    counts = random.poisson(rate * exposure)
    rates = forecast.next_month(counts, np.arange(12), hotspots.neighbours(x, y), exposure)
    assert np.corrcoef(rates, rate)[0, 1] > 0.95
    assert abs(np.corrcoef(rates, exposure[0])[0, 1]) < 0.15


def test_parts_of_months_and_outages():
    x, y, counts = drifting_city(5)
    near = hotspots.neighbours(x, y)
    months = np.arange(20)
    halves, of_month = np.repeat(counts / 2, 2, axis=0), np.repeat(months, 2)
    assert (
        np.corrcoef(forecast.next_month(halves, of_month, near), forecast.next_month(counts, months, near))[0, 1] > 0.99
    )
    # a month without records is no month without events
    gap, zero = counts.copy(), counts.copy()
    gap[-1], zero[-1] = np.nan, 0
    assert forecast.next_month(gap, months, near).sum() > 1.2 * forecast.next_month(zero, months, near).sum()


# --- counts by group, week and hour: rivals ---


def test_means_of_weeks_keep_weekday_and_hour_and_leave_outages_out():
    counts = np.zeros((30, 2, 1))
    counts[:, 0, 0] = np.arange(30)
    counts[23:25] = np.nan
    means = forecast.mean_of_4_weeks(counts, DAYS, horizon=14)
    assert means.shape == (14, 2, 1)
    # day 30 follows days 2, 9, 16, 23 (an outage) by whole weeks; day 32 days 4, 11, 18, 25
    assert means[0, 0, 0] == pytest.approx((2 + 9 + 16) / 3)
    assert means[2, 0, 0] == means[9, 0, 0] == (4 + 11 + 18 + 25) / 4
    assert (means[:, 1] == 0).all()
    assert np.array_equal(forecast.mean_of_52_weeks(counts[:10], DAYS, 7)[:3, 0, 0], [3, 4, 5])
    assert np.isnan(forecast.mean_of_52_weeks(counts[:5], DAYS, 7)[:2]).all(), "no such weekday was seen"


def test_same_weeks_last_year():
    counts = np.arange(400.0)[:, None, None]
    year = forecast.same_weeks_last_year(counts, DAYS, 28)[:, 0, 0]
    assert year.tolist() == list(range(36, 64))
    assert np.isnan(forecast.same_weeks_last_year(counts[:350], DAYS, 28)[:14]).all()


# --- counts by group, week and hour: ours ---


CALENDAR = korean_calendar.days("2022-01-03", "2025-03-30").assign(
    regime=lambda days: (days.date >= "2024-05-01").astype(int)
)
FEAST = np.array([0.1, -0.2, -0.6, -1.0, -0.7, -0.2, 0.05])


def planted_city(seed, hours=1, groups=16, days=1092):
    """Overdispersed counts: season, weekdays, feasts, a step of +60%, drifting level and shares, bursts, an outage."""
    random = np.random.default_rng(seed)
    calendar = CALENDAR[:days]
    turn = 2 * np.pi * calendar.date.dt.day_of_year.to_numpy() / 365.25
    log = 0.2 * np.cos(turn - 1.7) + 0.08 * np.sin(2 * turn) + np.log(1.6) * calendar.regime.to_numpy()
    for feast in ("days_from_seollal", "days_from_chuseok"):
        log += calendar[feast].map(dict(zip(range(-3, 4), FEAST, strict=True))).fillna(0.0).to_numpy(float)
    log += np.log([1, 1.05, 1.1, 1, 1.1, 0.8, 0.6])[calendar.date.dt.day_of_week]
    weeks = days // 7 + 1
    log += np.cumsum(random.normal(0, 0.03, weeks)).repeat(7)[:days]
    share = random.dirichlet(np.full(groups, 2.0)) * np.exp(np.cumsum(random.normal(0, 0.02, (weeks, groups)), axis=0))
    bursts = random.gamma(20 / np.linspace(0.5, 2, groups), np.linspace(0.5, 2, groups) / 20, (weeks, groups))
    mean = (120 * np.exp(log))[:, None] * (share * bursts).repeat(7, axis=0)[:days]
    profile = np.exp(-(((np.arange(hours) - hours / 2) / 5) ** 2))[:, None] * random.uniform(0.5, 1.5, (hours, groups))
    mean = mean[:, None, :] * profile / profile.sum(axis=0)
    counts = random.poisson(mean * random.gamma(4, 1 / 4, mean.shape)).astype(float)
    counts[500:520] = np.nan
    return counts


def test_intervals_hold_what_comes_and_ours_beats_the_rivals():
    """40 cities, 16 groups, four weeks ahead at 5 origins; 90% intervals."""
    parts = []
    for seed in JUDGING:
        rolled = forecast.roll_groups(planted_city(seed), CALENDAR, range(1092 - 28 * 11, 1092 - 27, 28), "week")
        scores, forecasts = forecast.judge(rolled, first_judged=1092 - 28 * 5)
        parts.append(scores.assign(ours=(forecasts.chosen == "top_down").mean()))
    table = pd.concat(parts)
    means = table.groupby(level=0).mean()
    ours = table.loc["top_down"]
    print(means.round(3).to_string())
    print(
        f"coverage over cities: {ours.coverage.min():.3f} to {ours.coverage.max():.3f}; "
        f"better in {(ours.skill > 0).mean():.2f}"
    )
    assert 0.87 <= means.coverage["top_down"] <= 0.93
    assert 0.87 <= means.coverage["chosen"] <= 0.93
    assert means.skill["top_down"] > 0.05
    assert (ours.skill > 0).mean() > 0.9
    assert means.crps["chosen"] <= means.crps.drop(["top_down", "chosen"]).min()


def test_forecast_is_near_what_is_possible():
    """Root mean square error against that of somebody who knows every parameter but the bursts: not much above."""
    ours, last = [], []
    for seed in list(JUDGING)[:10]:
        counts = planted_city(seed)
        for origin in (900, 1064):
            weeks = [values.reshape(4, 7, 16).sum(axis=1) for values in (
                counts[origin : origin + 28], forecast.expected_by_group(counts[:origin], CALENDAR),
                forecast.mean_of_4_weeks(counts[:origin], CALENDAR),
            )]  # fmt: skip
            ours.append(((weeks[1] - weeks[0]) ** 2).mean())
            last.append(((weeks[2] - weeks[0]) ** 2).mean())
    ratio = np.sqrt(np.mean(ours) / np.mean(last))
    print(f"root mean square error over that of the last four weeks: {ratio:.3f}")
    assert ratio < 0.95


def test_hours_of_the_week():
    """Counts by hour are small; an interval of whole numbers then holds more than it says, and never less."""
    parts = []
    for seed in list(JUDGING)[:4]:
        counts = planted_city(seed, hours=24, groups=6, days=700)
        rolled = forecast.roll_groups(counts, CALENDAR, range(700 - 28 * 6, 700 - 27, 28), "hour_of_week")
        assert len(rolled) == 6 * 168 * 6
        parts.append(forecast.judge(rolled, first_judged=700 - 28 * 3)[0])
    means = pd.concat(parts).groupby(level=0).mean()
    print(means.round(3).to_string())
    assert means.skill["top_down"] > 0.02
    assert 0.88 <= means.coverage["top_down"] <= 0.98


def test_a_step_is_taken_out_and_never_learnt():
    """Reports double by a reform: weeks after it are forecast at the new level, weeks across it not judged."""
    random = np.random.default_rng(6)
    calendar = DAYS.assign(regime=(DAYS.index >= 400).astype(int))
    counts = random.poisson(np.where(np.arange(420) >= 400, 80, 40)[:, None, None] * np.ones((1, 1, 2))).astype(float)
    known, unknown = (forecast.expected_by_group(counts, days).mean() for days in (calendar, DAYS))
    assert known == pytest.approx(80, rel=0.05)
    assert unknown < 76
    rolled = forecast.roll_groups(counts, calendar, [380, 392], "week")
    missing = rolled.assign(missing=rolled.actual.isna()).groupby(["origin", "period"]).missing.all()
    assert missing.tolist() == [False, False, True, True] + [False, True, True, True]


def test_a_feast_moves_with_its_date_and_an_outage_is_no_zero():
    random = np.random.default_rng(7)
    calendar = CALENDAR.drop(columns="regime")
    effect = calendar.days_from_seollal.map(dict(zip(range(-3, 4), FEAST, strict=True))).fillna(0.0).to_numpy(float)
    counts = random.poisson(200 * np.exp(effect)[:, None, None] * np.ones((1, 1, 2))).astype(float)
    origin = int((calendar.date == "2025-01-20").to_numpy().argmax())  # Seollal 2025: 29 January
    counts[origin - 100 : origin - 80] = np.nan
    expected = forecast.expected_by_group(counts[:origin], calendar)[:, 0, 0]
    day = calendar.days_from_seollal[origin : origin + 28].to_numpy()
    assert calendar.date[origin + int((day == 0).argmax())] == pd.Timestamp("2025-01-29")
    for offset, log in zip(range(-3, 4), FEAST, strict=True):
        assert expected[day == offset][0] == pytest.approx(200 * np.exp(log), rel=0.1)
    assert expected[pd.isna(day)].mean() == pytest.approx(200, rel=0.03)


def test_the_rival_is_used_where_ours_is_no_better():
    rolled = forecast.roll_groups(planted_city(3, days=700), CALENDAR, range(700 - 28 * 8, 701, 28), "week")
    spoilt = rolled.assign(top_down=rolled.top_down * np.random.default_rng(1).lognormal(0, 1, len(rolled)))
    scores, forecasts = forecast.judge(spoilt, first_judged=700 - 28 * 4)
    assert "top_down" not in set(forecasts.chosen)
    assert scores.skill["top_down"] < 0
    assert scores.skill["chosen"] > scores.skill["top_down"]
    coming = forecasts[forecasts.origin == 700]
    assert len(coming) == 4 * 16 and coming.actual.isna().all()
    assert (coming["low"] <= coming["mean"]).all() and (coming["mean"] <= coming["high"]).all()


def test_variance_of_groups_without_pairs_and_without_anything():
    table = forecast.fit_variance([10, 10, np.nan], [12, 30, 5], ["a", "a", "b"])
    assert table.index.tolist() == ["a", "b"] and (table.slope >= 1).all() and (table.curve >= 0).all()
    assert forecast.fit_variance([np.nan], [3], ["a"]).loc["a"].tolist() == [1, 0]


FEW = np.ones((90, 1, 2))


@pytest.mark.parametrize(
    "call, says",
    [
        (lambda: forecast.fit_places([[1.0]] * 3, [0, 1, 2], np.eye(1)), "3 months"),
        (lambda: forecast.fit_places([[1.0]] * 5, [0, 1, 3, 4, 5], np.eye(1)), "gap"),
        (lambda: forecast.fit_places([[-1.0]] * 5, range(5), np.eye(1)), "below zero"),
        (lambda: forecast.fit_places([[np.nan]] * 5, range(5), np.eye(1)), "nobody looked"),
        (lambda: forecast.fit_places([1.0] * 5, range(5), np.eye(1)), "shape"),
        (lambda: forecast.expected_by_group(FEW[:60], DAYS), "60 days"),
        (lambda: forecast.expected_by_group(FEW[:, 0], DAYS), "axes"),
        (lambda: forecast.expected_by_group(-FEW, DAYS), "below zero"),
        (lambda: forecast.expected_by_group(FEW, DAYS[:100]), "100 days"),
        (lambda: forecast.expected_by_group(FEW, DAYS.drop(index=5)), "follow"),
        (lambda: forecast.expected_by_group(FEW * [1, np.nan], DAYS), "no day"),
        (lambda: forecast.roll_groups(FEW, DAYS, [85], "week"), "origin 85"),
        (lambda: forecast.roll_groups(FEW, DAYS, [85], "month"), "'month'"),
        (
            lambda: forecast.judge(pd.DataFrame({"origin": [1], "period": 0, "group": 0, "actual": 1, "a": 1.0}), 1),
            "top_down",
        ),
    ],
)
def test_impossible_input_is_refused(call, says):
    with pytest.raises(ValueError, match=says):
        call()


# --- Namyangju's own records ---


@pytest.fixture(scope="module")
def placed(namyangju):
    """Records of 2024-01 to 2025-08 with a place or an area."""
    table = pd.read_parquet(namyangju / "3_linked" / "placed_tickets.parquet")
    return table[table.issued_at < "2025-09-01"]


def counts_by_day(records, key, hours=1):
    """Counts by day, hour and value of `key`, and the values."""
    first = pd.Timestamp("2024-01-01")
    numbers, values = pd.factorize(key, sort=True)
    counts = np.zeros((609, hours, len(values)))
    hour = records.issued_at.dt.hour.to_numpy() if hours == 24 else 0
    np.add.at(counts, ((records.issued_at.dt.normalize() - first).dt.days.to_numpy(), hour, numbers), 1)
    return counts, values


@pytest.mark.real
def test_next_months_places_in_namyangju(placed):
    """Citizens' reports, 100 m cells, origins 2025-01 to 2025-08."""
    reports = placed[(placed.channel == "citizen_report") & placed.cell_x.notna()]
    cells = list(zip(reports.cell_x.astype(int), reports.cell_y.astype(int), strict=True))
    counts, cells = counts_by_day(reports, pd.Series(cells, dtype=object))
    x, y = np.array(cells.tolist()).T
    date = pd.date_range("2024-01-01", periods=609)
    months = (12 * (date.year - 2024) + date.month - 1).to_numpy()
    rivals = {
        "last_month": forecast.last_month,
        "twelve_months": forecast.twelve_months,
        "same_month_last_year": forecast.same_month_last_year,
        "kernel_map": partial(forecast.kernel_map, cell_x=x, cell_y=y),
        "kernel_map_narrow": partial(forecast.kernel_map, cell_x=x, cell_y=y, bandwidth=0.5),
    }
    ours = {"ours": partial(forecast.next_month, near=hotspots.neighbours(x, y))}
    table = backtest.hit_table(*backtest.roll(ours | rivals, counts[:, 0], months, range(12, 20)), [20, 50, 100])
    means = table.pivot_table(index="forecaster", columns="capacity", values=["hit_rate", "pei"])
    print((100 * means).round(1).to_string())
    print(f"best possible: {(100 * table.groupby('capacity').best_possible.mean()).round(1).to_dict()}")
    hits = table.pivot(index=["capacity", "origin"], columns="forecaster", values="hit_rate")
    lows, highs = {}, {}
    for capacity in (20, 50, 100):
        best = means["hit_rate"][capacity].drop("ours").idxmax()
        difference = backtest.paired_difference(hits.loc[capacity, "ours"], hits.loc[capacity, best])
        print(f"{capacity} cells: ours - {best}: {100 * np.array(difference)}")
        _mean, lows[capacity], highs[capacity] = difference
    # At 50 and 100 cells ours is ahead, at 100 beyond chance. At 20 cells it cannot be told from last month's count,
    # and its mean is 0.3 points below.
    assert (means["hit_rate"].loc["ours", [50, 100]] >= means["hit_rate"].drop("ours")[[50, 100]].max()).all()
    assert lows[100] > 0
    assert highs[20] > 0
    assert (means["hit_rate"].loc["ours"] > means["hit_rate"].loc[["twelve_months", "kernel_map"]]).all(axis=None)


@pytest.mark.real
@pytest.mark.parametrize("channel", ["citizen_report", "fixed_camera"])
@pytest.mark.parametrize("by, hours", [("week", 1), ("hour_of_week", 24)])
def test_next_months_counts_by_area_in_namyangju(placed, channel, by, hours):
    """Eight origins of four weeks up to 2025-08, the last five judged."""
    records = placed[(placed.channel == channel) & placed.area_name.notna()]
    counts, _areas = counts_by_day(records, records.area_name, hours)
    calendar = korean_calendar.days("2024-01-01", "2025-09-30")
    origins = range(609 - 28 * 8, 609 - 27, 28)
    rolled = forecast.roll_groups(counts, calendar, origins, by)
    scores, forecasts = forecast.judge(rolled, first_judged=origins[3])
    often = forecasts[forecasts["mean"] >= 1]
    held = backtest.coverage(often["low"], often["high"], often["actual"])
    print(f"{channel} by {by}\n{scores.round(3).to_string()}\ncoverage where at least 1 is expected: {held:.3f}")
    assert scores.skill["top_down"] > 0
    assert scores.rmse["top_down"] == scores.rmse.min()
    # Whole numbers and quiet areas make intervals hold more than the 90% they say (93-96%); they must not hold less.
    assert held >= 0.87
