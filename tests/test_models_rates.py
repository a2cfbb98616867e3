"""Intervals and rates against published numbers, and against planted truth over many seeds."""

import math

import numpy as np
import pandas as pd
import pytest
from dansok.models import rates


@pytest.mark.parametrize(
    "count, low, high",
    # exact 95% limits: Garwood (1936), as tabulated by Ulm (1990), American Journal of Epidemiology 131
    [(0, 0.0, 3.689), (1, 0.025, 5.572), (2, 0.242, 7.225), (5, 1.623, 11.668), (10, 4.795, 18.390), (20, 12.217, 30.888),
     (100, 81.364, 121.627)],
)  # fmt: skip
def test_exact_poisson_interval(count, low, high):
    interval = rates.count_interval([count]).iloc[0]
    assert (interval["count"], round(interval.low, 3), round(interval.high, 3)) == (count, low, high)


def test_interval_of_another_confidence_and_missing_counts():
    intervals = rates.count_interval(pd.Series([10, np.nan], index=["별내동", "호평동"]), confidence=0.90)
    assert intervals.loc["별내동"].round(3).tolist() == [10, 5.425, 16.962]
    assert intervals.loc["호평동"].isna().all()


def test_over_dispersion_widens_by_its_root():
    plain, wide = (rates.count_interval([4000], dispersion=spread).iloc[0] for spread in (1.0, 4.0))
    assert (wide.high - wide.low) / (plain.high - plain.low) == pytest.approx(2, rel=0.01)
    assert rates.count_interval([0], dispersion=4.0).high.item() == pytest.approx(4 * 3.6889, abs=0.001)


def test_never_looked_is_missing_and_looked_in_vain_is_zero():
    table = rates.rate_per_exposure(pd.Series([0, 0, 7, 6]), pd.Series([0.0, 10.0, np.nan, 2.0]))
    assert table.rate.isna().tolist() == [True, False, True, False]
    assert table.loc[[0, 2]].isna().all(axis=None)
    assert table.loc[1].round(4).tolist() == [0, 0, 0.3689]
    assert table.loc[3, "rate"] == 3


def test_ratio_with_its_interval():
    # Rothman, Greenland and Lash (2008), Modern Epidemiology, ch. 14: breast cancer after fluoroscopy, 41 cases in 28,010
    # person-years against 15 in 19,017; the log of the ratio 1.86 has the standard error 0.302
    ratio = rates.rate_ratio(41, 28_010, 15, 19_017)
    assert [round(value, 2) for value in ratio] == [1.86, 1.03, 3.35]


@pytest.mark.parametrize(
    "now, hours_now, before, hours_before", [(5, 0, 5, 1), (5, 1, 5, 0), (5, 1, 0, 1), (0, 1, 0, 1)]
)
def test_no_ratio_where_nobody_looked_or_nothing_was_before(now, hours_now, before, hours_before):
    assert all(math.isnan(value) for value in rates.rate_ratio(now, hours_now, before, hours_before))


def test_nothing_now_bounds_the_ratio_from_above():
    ratio, low, high = rates.rate_ratio(0, 2.0, 10, 1.0)
    assert (ratio, low) == (0, 0)
    # of n = 10 events none fell into the present: p <= 1 - 0.025**(1/10) = 0.3085, odds 0.4461, by half the hours
    assert high == pytest.approx(0.4461 / 2, abs=0.0001)
    assert rates.rate_ratio(0, 2.0, 10, 1.0, dispersion=3.0)[2] > high


def test_dispersion_ignores_a_trend_and_sees_spread():
    chance = np.random.default_rng(5)
    trend = np.linspace(20, 200, 400)
    assert rates.dispersion(pd.Series(chance.poisson(trend))) == pytest.approx(1.0, abs=0.15)
    assert rates.dispersion(pd.Series(_spread_out(chance, trend, 4.0))) == pytest.approx(4.0, rel=0.2)


@pytest.mark.parametrize("counts", [pd.Series([7]), pd.Series([0, 0, 0]), pd.Series([], dtype=float), pd.DataFrame()])
def test_dispersion_without_evidence_is_chance_alone(counts):
    assert rates.dispersion(counts) == 1.0


@pytest.mark.parametrize(
    "call",
    [
        lambda: rates.count_interval([-1]),
        lambda: rates.count_interval([1], confidence=95),
        lambda: rates.count_interval([1], dispersion=0.5),
        lambda: rates.rate_per_exposure(pd.Series([1]), pd.Series([-1.0])),
        lambda: rates.rate_per_exposure(pd.Series([1], index=["a"]), pd.Series([1.0], index=["b"])),
        lambda: rates.rate_ratio(-1, 1, 1, 1),
    ],
)
def test_impossible_input_is_refused(call):
    with pytest.raises(ValueError):
        call()


def _spread_out(chance, mean, spread):
    """Negative binomial counts with variance `spread` times the mean."""
    return chance.negative_binomial(mean / (spread - 1), 1 / spread)


def test_intervals_hold_the_truth_with_over_dispersed_counts():
    """40 cities of 16 districts over 52 weeks, variance three times the mean, an effect of -15% planted."""
    held_rate, held_ratio, bias, naive = [], [], [], []
    for seed in range(40):
        chance = np.random.default_rng(1000 + seed)
        weekly = chance.uniform(2, 40, 16)[:, None] * np.ones(52)
        before = pd.DataFrame(_spread_out(chance, weekly, 3.0))
        after = pd.DataFrame(_spread_out(chance, weekly * 0.85, 3.0))
        spread = rates.dispersion(before)
        table = rates.rate_per_exposure(before.sum(axis=1), pd.Series([52.0] * 16), dispersion=spread)
        held_rate.append(((table.low <= weekly[:, 0]) & (weekly[:, 0] <= table.high)).mean())
        for now, then in zip(after.sum(axis=1), before.sum(axis=1), strict=True):
            ratio, low, high = rates.rate_ratio(now, 52, then, 52, dispersion=spread)
            held_ratio.append(low <= 0.85 <= high)
            bias.append(ratio / 0.85 - 1)
            _, low, high = rates.rate_ratio(now, 52, then, 52)
            naive.append(low <= 0.85 <= high)
    print(f"held: rate {np.mean(held_rate):.3f}, ratio {np.mean(held_ratio):.3f}, without spread {np.mean(naive):.3f}")
    assert 0.93 <= np.mean(held_rate) <= 0.98
    assert 0.92 <= np.mean(held_ratio) <= 0.97
    assert abs(np.mean(bias)) < 0.015
    assert np.mean(naive) < 0.85


def test_a_ratio_over_months_holds_the_truth_when_months_have_their_own_ups_and_downs():
    """60 seeds, eight pairs of months that each vary by a quarter, true ratio 0.9: near 95% hold it."""
    held, blind = 0, 0
    for seed in range(60):
        random = np.random.default_rng(seed)
        before = random.poisson(5000 * random.lognormal(0, 0.25, 8))
        now = random.poisson(0.9 * 5000 * random.lognormal(0, 0.25, 8))
        pairs = [pd.DataFrame({"events": events, "exposure": 1.0}) for events in (now, before)]
        _ratio, low, high = rates.ratio_over_periods(*pairs)
        held += low <= 0.9 <= high
        _ratio, low, high = rates.rate_ratio(now.sum(), 1, before.sum(), 1)
        blind += low <= 0.9 <= high
    assert held >= 53
    assert blind <= 20, "an interval from the counts alone would miss it most of the time"


def test_a_ratio_over_months_has_no_interval_from_two_and_no_ratio_where_nobody_watched():
    two = pd.DataFrame({"events": [10, 20], "exposure": [1.0, 1.0]})
    ratio, low, high = rates.ratio_over_periods(two, two)
    assert ratio == 1 and np.isnan(low) and np.isnan(high)
    assert all(np.isnan(rates.ratio_over_periods(two, two.assign(exposure=0.0))))
