"""Scores of forecasts by hand, by other roads, and by whether their intervals hold the truth."""

import numpy as np
import pandas as pd
import pytest
from dansok.models import backtest
from scipy import stats


@pytest.mark.parametrize(
    "scores, counts, capacity, expected",
    [
        ([4, 3, 2, 1], [10, 0, 6, 4], 1, 0.5),
        ([4, 3, 2, 1], [10, 0, 6, 4], 4, 1.0),
        ([1, 1, 1, 1], [10, 0, 6, 4], 1, 0.25),  # no score tells them apart: any of the four
        ([9, 1, 1, 1], [10, 0, 6, 4], 2, 0.5 + 0.5 / 3),
        ([9, 1, np.nan, 1], [10, 0, 6, 4], 3, 0.7),  # without a score: last
        ([np.nan] * 4, [10, 0, 6, 4], 2, 0.5),
        ([4, 3, 2, 1], [np.nan, 0, 6, 4], 2, 0.6),  # where nobody looked there is nothing to hit
        ([4, 3, 2, 1], [0, 0, 0, 0], 2, np.nan),
        ([-1, -2, -3, -4], [10, 0, 6, 4], 1.5, 0.5),
    ],
)
def test_hit_rate_by_hand(scores, counts, capacity, expected):
    assert backtest.hit_rate([scores], [counts], capacity)[0] == pytest.approx(expected, nan_ok=True)


def test_equal_scores_count_as_drawn_by_lot():
    random = np.random.default_rng(1)
    scores, counts = random.integers(0, 4, 40).astype(float), random.poisson(3, 40)
    by_lot = []
    for _draw in range(4000):
        order = np.lexsort([random.random(40), -scores])
        by_lot.append(counts[order[:15]].sum() / counts.sum())
    assert backtest.hit_rate([scores], [counts], 15)[0] == pytest.approx(np.mean(by_lot), abs=4 * np.std(by_lot) / 63)
    shuffled = random.permutation(40)
    assert backtest.hit_rate([scores[shuffled]], [counts[shuffled]], 15) == pytest.approx(
        backtest.hit_rate([scores], [counts], 15)
    )


def test_nothing_beats_the_best_possible():
    random = np.random.default_rng(2)
    counts = random.poisson(2, (20, 50))
    for capacity in (1, 7, 50):
        best = backtest.best_possible(counts, capacity)
        assert (backtest.hit_rate(random.random((20, 50)), counts, capacity) <= best).all()


def test_forecasters_see_only_what_was_before():
    counts = np.arange(24.0).reshape(12, 2)
    months = np.repeat([5, 6, 7, 8], 3)
    seen = []

    def forecast(counts, months):
        seen.append((counts.copy(), months.copy()))
        counts[:] = -1  # spoiling what it was given spoils nobody else's
        return counts[-1]

    scores, actual = backtest.roll({"spoiler": forecast, "last": lambda c, m: c[-1]}, counts, months, [6, 8])
    assert [rows[-1].tolist() for rows, _months in seen] == [[4, 5], [16, 17]]
    assert [known.max() for _rows, known in seen] == [5, 7]
    assert scores["last"].tolist() == [[4, 5], [16, 17]]
    assert actual.tolist() == [[6 + 8 + 10, 7 + 9 + 11], [18 + 20 + 22, 19 + 21 + 23]]


def test_table_of_rivals_and_the_choice_between_them():
    actual = [[10, 6, 2, 2], [1, 1, 9, 9]]
    scores = {"ours": [[4, 3, 2, 1], [1, 2, 3, 4]], "last": [[4, 1, 2, 3], [1, 2, 4, 3]], "first": [[1, 2, 3, 4]] * 2}
    table = backtest.hit_table(scores, actual, [1, 2])
    assert len(table) == 3 * 2 * 2
    row = table.set_index(["forecaster", "capacity", "origin"]).loc[("last", 2, 0)]
    assert row.tolist() == pytest.approx([0.6, 0.8, 0.75])
    chosen = backtest.choose(table, "ours")
    assert chosen.chosen.tolist() == ["last", "ours"], "no better than the rival: the rival"
    assert chosen.best_rival.tolist() == ["last", "last"]
    assert chosen.loc[2, ["ours", "rival"]].tolist() == pytest.approx([(0.8 + 0.9) / 2, (0.6 + 0.9) / 2])


# --- paired differences ---


def months_of_two_forecasts(random, months=8, places=400):
    """Hit rates at 20 places of last month's count and of decayed counts; rates drift, events come in bursts."""
    base, drift, counts = random.normal(0, 1.3, places), random.normal(0, 0.7, places), []
    for _month in range(12 + months):
        drift = 0.7 * drift + np.sqrt(1 - 0.7**2) * random.normal(0, 0.7, places)
        incidents = random.poisson(0.6 * np.exp(base + drift))
        counts.append(incidents + random.poisson(2, places) * (incidents > 0) * (random.random(places) < 0.3))
    counts = np.array(counts, float)
    weights = np.exp(-0.3 * np.arange(12))[::-1]
    origins = range(12, 12 + months)
    decayed = [weights @ counts[origin - 12 : origin] for origin in origins]
    return backtest.hit_rate(decayed, counts[12:], 20), backtest.hit_rate(counts[11:-1], counts[12:], 20)


def test_intervals_of_differences_hold_the_truth_with_eight_months():
    """400 cities of 8 origins; 95% intervals. Resampled months alone, without the widening, are too narrow."""
    truth = np.mean([np.subtract(*months_of_two_forecasts(np.random.default_rng(9000 + seed))) for seed in range(2000)])
    held, held_bare = [], []
    for seed in range(1000, 1400):
        random = np.random.default_rng(seed)
        ours, rival = months_of_two_forecasts(random)
        _mean, low, high = backtest.paired_difference(ours, rival, draws=999, seed=seed)
        held.append(low <= truth <= high)
        ends = np.quantile((ours - rival)[random.integers(8, size=(999, 8))].mean(axis=1), [0.025, 0.975])
        held_bare.append(ends[0] <= truth <= ends[1])
    print(f"true difference {truth:.4f}: held {np.mean(held):.3f}, bare percentiles {np.mean(held_bare):.3f}")
    assert 0.9 <= np.mean(held) <= 0.98
    assert np.mean(held_bare) < 0.9


@pytest.mark.parametrize(
    "ours, rival, expected",
    [
        ([0.5], [0.4], (0.1, np.nan, np.nan)),
        ([0.5, 0.6], [0.4, 0.4], (0.15, np.nan, np.nan)),
        ([np.nan], [0.4], (np.nan, np.nan, np.nan)),
        ([0.5, np.nan, 0.5, 0.5], [0.4, 0.1, 0.4, 0.4], (0.1, 0.1, 0.1)),
    ],
)
def test_differences_of_few_origins_have_no_interval(ours, rival, expected):
    assert backtest.paired_difference(ours, rival) == pytest.approx(expected, nan_ok=True)


# --- intervals and distributions ---


def test_coverage_counts_the_ends_and_leaves_out_what_is_missing():
    assert backtest.coverage([1, 1, np.nan, 1], [3, 3, 3, 3], [3, 1, 2, np.nan]) == 1
    assert np.isnan(backtest.coverage([1], [2], [np.nan]))


@pytest.mark.parametrize("mean, variance", [(10, 30), (0.3, 0.5), (200, 5000), (200, 201), (1, 50), (1500, 40_000)])
@pytest.mark.parametrize("times", [0, 0.7, 1, 2.5])
def test_crps_of_negative_binomial_is_the_sum_over_all_counts(mean, variance, times):
    actual = round(mean * times)
    counts = np.arange(20_000)
    below = stats.nbinom.cdf(counts, mean**2 / (variance - mean), mean / variance)
    direct = ((below - (counts >= actual)) ** 2).sum()
    assert backtest.crps_of_negative_binomial([mean], [variance], [actual])[0] == pytest.approx(direct, rel=1e-7)


def test_crps_of_poisson_missing_and_nothing():
    counts = np.arange(200)
    direct = ((stats.poisson.cdf(counts, 10) - (counts >= 14)) ** 2).sum()
    scores = backtest.crps_of_negative_binomial([10, 10, np.nan, 0], [10, 20, 20, 0], [14, np.nan, 3, 0])
    assert scores == pytest.approx([direct, np.nan, np.nan, 0], abs=1e-5, nan_ok=True)


@pytest.mark.parametrize(
    "call, says",
    [
        (lambda: backtest.roll({}, [[1], [2]], [0, 2], [2]), "gap"),
        (lambda: backtest.roll({}, [[1], [2]], [0, 1], [0]), r"\[0\]"),
        (lambda: backtest.roll({}, [[1], [2]], [0, 1], [7]), r"\[7\]"),
        (lambda: backtest.roll({}, [1, 2], [0, 1], [1]), "shape"),
        (lambda: backtest.hit_rate([[1, 2]], [[1, 2, 3]], 1), "shapes differ"),
        (lambda: backtest.hit_rate([[1, 2]], [[1, 2]], 3), "capacity"),
        (lambda: backtest.hit_rate([[1, 2]], [[1, 2]], 0), "capacity"),
        (lambda: backtest.paired_difference([1, 2], [1]), "shapes differ"),
        (lambda: backtest.paired_difference([1, 2], [1, 2], confidence=95), "95"),
        (lambda: backtest.crps_of_negative_binomial([10], [5], [3]), "variance"),
        (lambda: backtest.choose(pd.DataFrame({"capacity": [1], "forecaster": "a", "hit_rate": 0.5}), "b"), "'b'"),
    ],
)
def test_impossible_input_is_refused(call, says):
    with pytest.raises(ValueError, match=says):
        call()
