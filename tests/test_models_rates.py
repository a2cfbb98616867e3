"""Intervals and rates against published numbers, and against planted truth over many seeds."""

import math
import time
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from dansok.models import rates
from scipy import stats
from scipy.ndimage import gaussian_filter


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


# --- corrected rates -------------------------------------------------------------------------------------------------

JUDGING = range(100, 140)  # 0 to 19 served to try things out
SIDE, DAYS = 40, 360
CHANNELS = ("patrol", "camera", "citizen")
CATCHES = {"patrol": 0.5, "camera": 0.4}  # of the violations begun while it looks
REPORTED = 0.05  # of all violations, by citizens
DEMAND = np.array(
    [0.5, 0.35, 0.25, 0.2, 0.2, 0.3, 0.6, 1.0, 1.2, 1.3, 1.5, 1.9, 3.0, 2.9, 2.0, 1.75, 1.6, 1.6, 1.9, 2.25, 1.8, 1.4]
    + [1.0, 0.7]
)
BY_TYPE = DEMAND * np.repeat([[1.2, 0.8, 1.3], [1.0, 1.0, 1.0], [0.4, 1.5, 0.5]], [7, 11, 6], axis=1)
BY_TYPE *= 24 / BY_TYPE.sum(axis=1, keepdims=True)
PATROL_HOURS = np.array([0.0] * 6 + [0.2] * 3 + [1, 1, 1, 0.1, 0.3, 1, 1, 1, 0.35, 0.35, 1] + [0.2] * 4)
HABIT = np.repeat([0.5, 1.0, 1.6, 0.7], [7, 11, 4, 2])  # when people report
STANDING = 0.28  # cars that stand at any moment, per car that comes in an hour
LATE_MINUTES = 6  # mean time until a camera has found a car that stood there already


@dataclass(frozen=True)
class City:
    """Planted city of 1,600 cells of 100 m, and what its channels recorded and logged."""

    rate: np.ndarray  # violations begun by place and hour of a day
    counts: np.ndarray
    exposure: np.ndarray
    coordinates: np.ndarray
    place_types: np.ndarray
    areas: np.ndarray
    reporting: np.ndarray  # by area
    camera_minutes: np.ndarray  # records of cameras by place and minute of the day
    camera_watched: np.ndarray

    def corrected(self, **choices):
        known = {
            "coordinates": self.coordinates,
            "place_types": self.place_types,
            "areas": self.areas,
            "unknown_by_area": ["citizen"],
            "unknown_by_hour": ["citizen"],
        }
        return rates.corrected_rates(self.counts, self.exposure, CHANNELS, **known | choices)

    def settled(self, minutes):
        """The same city without the first minutes after each silence of its cameras."""
        left = rates.without_first_minutes(self.camera_watched, minutes)
        counts, exposure = self.counts.copy(), self.exposure.copy()
        counts[:, :, 1] = (self.camera_minutes * left).reshape(-1, 24, 60).sum(axis=2)
        watched, kept = (m.reshape(-1, 24, 60).sum(axis=2) for m in (self.camera_watched, left))
        exposure[:, :, 1] *= np.divide(kept, watched, out=np.zeros(kept.shape), where=watched > 0)
        return replace(self, counts=counts, exposure=exposure)


def planted_city(seed, error=0.25):
    chance = np.random.default_rng(seed)
    places = SIDE**2
    row, column = np.divmod(np.arange(places), SIDE)
    areas = row // 10 * 4 + column // 10

    def field(width):
        smooth = gaussian_filter(chance.normal(size=(SIDE, SIDE)), width)
        return (smooth / smooth.std()).ravel()

    wave = field(2)
    by_place = np.exp(-1 + 1.1 * wave + 0.7 * chance.normal(size=places)) * 8 * 12 / DAYS / 24
    place_types = chance.choice(3, places, p=[0.5, 0.3, 0.2])
    rate = by_place[:, None] * BY_TYPE[place_types]
    exposure = np.zeros((places, 24, 3))
    # Officers know where cars stand, but not very well; a twentieth of the places they never see.
    patrol = np.exp(0.9 * field(3) + 0.4 * wave + 0.3 * chance.normal(size=places)) * (chance.random(places) > 0.05)
    patrol = patrol[:, None] * PATROL_HOURS
    exposure[:, :, 0] = np.minimum(patrol * 0.3 / patrol.mean(), 1) * DAYS
    pull = by_place**0.8 * chance.gamma(3, 1, places)
    cameras = chance.choice(places, 60, replace=False, p=pull / pull.sum())
    watched = np.zeros((places, 24 * 60), bool)
    watched[cameras, 7 * 60 : 21 * 60] = True
    watched[cameras[15:], 11 * 60 + 30 : 14 * 60] = False  # 45 of them stop for lunch
    exposure[:, :, 1] = watched.reshape(places, 24, 60).mean(axis=2) * DAYS
    exposure[:, :, 2] = (chance.random(places) > 0.05)[:, None] * DAYS
    reporting = np.exp(chance.permutation(np.linspace(0, np.log(3), 16)))
    reporting *= REPORTED / reporting.mean()
    seen = rate[:, :, None] * exposure * [*CATCHES.values(), 1]
    seen[:, :, 2] *= reporting[areas][:, None] * HABIT
    counts = chance.poisson(seen * chance.gamma(8, 1 / 8, seen.shape))
    minutes = _camera_minutes(chance, counts[:, :, 1], watched, rate)
    counts[:, :, 1] = minutes.reshape(places, 24, 60).sum(axis=2)
    logged = exposure * np.exp(error * chance.normal(size=(places, 1, 3)))
    return City(rate, counts, logged, 100.0 * np.c_[column, row], place_types, areas, reporting, minutes, watched)


def _camera_minutes(chance, by_hour, watched, rate):
    """Records by minute: those of the hour anywhere in its minutes watched, and bursts where a silence ends."""
    minutes = np.zeros(watched.shape, int)
    for place, hour in np.argwhere(by_hour):
        own = 60 * hour + np.flatnonzero(watched[place, 60 * hour : 60 * hour + 60])
        np.add.at(minutes[place], chance.choice(own, by_hour[place, hour]), 1)
    for place, minute in np.argwhere(watched & ~np.roll(watched, 1, axis=1)):
        standing = chance.poisson(rate[place, minute // 60 - 1] * STANDING * DAYS * CATCHES["camera"])
        late = chance.exponential(LATE_MINUTES, standing).astype(int)
        np.add.at(minutes[place], minute + late[late < 60], 1)
    return minutes


@pytest.fixture(scope="module")
def judged():
    """What corrected rates, raw tickets and the truth say of each judging city."""
    rows = []
    for seed in JUDGING:
        city = planted_city(seed).settled(20)
        found = city.corrected()
        place, hour = found.by_place, found.by_hour
        linked, rated = hour.linked.to_numpy(), place.rate.notna()
        truth = CATCHES["patrol"] * city.rate[:, linked].mean(axis=1)
        tickets = city.counts[:, :, :2].sum(axis=2)
        day = city.rate.sum(axis=0)
        by_area = found.factors[found.factors["by"] == "area"]
        report = np.log(city.reporting) - np.log(city.reporting).mean()
        factor = found.factors[found.factors["by"] == "channel"].set_index("channel").loc["camera"]
        rows.append(
            {
                "hit": _hit(place.rate.fillna(0), truth),
                "hit_raw_tickets": _hit(tickets.sum(axis=1), truth),
                "hit_all_records": _hit(place.records, truth),
                "profile_error": _variation(hour.share, day),
                "profile_error_linked": _variation(hour.share[linked], day[linked]),
                "profile_error_raw": _variation(tickets.sum(axis=0), day),
                "rate_bias": place.rate.sum() / truth[rated].sum() - 1,
                "rate_held": _held(place[rated], truth[rated]),
                "rate_too_high": (place.low > truth)[rated].mean(),
                "hour_held": _held(hour[linked], day[linked] / day[linked].sum()),
                "area_held": _held(by_area, np.exp(report)),
                "area_error": (np.log(by_area.factor) - report).std(),
                "camera_held": factor.low <= CATCHES["camera"] / CATCHES["patrol"] <= factor.high,
                "camera_bias": factor.factor / (CATCHES["camera"] / CATCHES["patrol"]) - 1,
            }
        )
    table = pd.DataFrame(rows).astype(float)
    print(f"\n{table.agg(['mean', 'std', 'min', 'max']).T.round(3).to_string()}")
    return table


def _hit(score, truth):
    """Share that the best 5% of places by `score` hold of what the truly best 5% hold."""
    best = len(truth) // 20
    return truth[np.argsort(-np.asarray(score))[:best]].sum() / np.sort(truth)[-best:].sum()


def _variation(share, truth):
    """Total variation distance, each side over its own sum."""
    return np.abs(share / share.sum() - truth / truth.sum()).sum() / 2


def _held(table, truth):
    return ((table.low <= truth) & (truth <= table.high)).mean()


def test_corrected_map_is_nearly_as_good_as_the_truth(judged):
    mean = judged.mean()
    assert mean.hit >= 0.97
    assert mean.hit_raw_tickets < 0.92 and mean.hit_all_records < 0.94, "the city is too easy to show anything"


def test_corrected_clock_shows_when_cars_stand_not_when_officers_come(judged):
    mean = judged.mean()
    assert mean.profile_error <= 0.05 and mean.profile_error_linked <= 0.05
    assert mean.profile_error_raw > 0.2


def test_intervals_of_places_hours_and_factors_hold_the_truth(judged):
    mean = judged.mean()
    assert 0.87 <= mean.rate_held <= 0.93
    assert 0.87 <= mean.hour_held <= 0.93
    assert abs(mean.rate_bias) < 0.03
    # 40 cities give the share of a single number in them to 0.05.
    assert 0.85 <= mean.area_held <= 0.95
    assert mean.camera_held >= 0.80
    assert abs(mean.camera_bias) < 0.03


def test_an_exposure_error_that_is_not_stated_is_missing_from_the_intervals():
    held = {}
    for stated in (0.0, 0.25):
        held[stated] = []
        for seed in JUDGING[:5]:
            city = planted_city(seed)
            found = city.corrected(exposure_error=stated)
            rated = found.by_place.rate.notna()
            truth = CATCHES["patrol"] * city.rate[:, found.by_hour.linked.to_numpy()].mean(axis=1)
            held[stated].append(_held(found.by_place[rated], truth[rated]))
    print({stated: np.mean(shares).round(3) for stated, shares in held.items()})
    assert np.mean(held[0.0]) < np.mean(held[0.25]) - 0.03


def test_cars_left_standing_over_lunch_do_not_count_for_the_hour_after():
    """Cameras alone, of 40 cities: the hour after lunch runs high with their first minutes, not without."""
    high = {0: [], 20: []}
    for seed in JUDGING:
        city = planted_city(seed)
        for minutes, found in high.items():
            settled = city.settled(minutes)
            alone = rates.corrected_rates(
                settled.counts[:, :, 1:2], settled.exposure[:, :, 1:2], ["camera"], place_types=city.place_types
            )
            share, day = alone.by_hour.share, city.rate[alone.by_place.rate.notna()].sum(axis=0)
            found.append(share[14] / share[15] / (day[14] / day[15]))
    print({minutes: np.round([np.mean(found), np.std(found) / 40**0.5], 3) for minutes, found in high.items()})
    assert np.mean(high[0]) > 1.15
    assert abs(np.mean(high[20]) - 1) < 0.04


def _table(*places):
    """Counts and exposure of places with one hour: pairs (count, exposure) of each channel."""
    return np.moveaxis(np.array(places, float)[:, None], -1, 0)


def test_never_looked_unknown_and_unlinked_are_three_answers_and_none_of_them_is_zero():
    counts, exposure = _table(
        [(30, 10), (60, 10), (0, 0)],  # two channels looked
        [(10, 10), (0, 0), (0, 0)],  # looked
        [(0, 10), (0, 0), (0, 0)],  # looked in vain
        [(0, 0), (0, 0), (0, 0)],  # never looked
        [(7, np.nan), (0, 0), (0, 0)],  # looked, nobody knows how much
        [(7, 0), (0, 0), (0, 0)],  # a record where nobody is said to have looked
        [(0, np.nan), (0, 0), (0, 0)],  # not even that
        [(0, 0), (0, 0), (9, 3)],  # a channel that meets no other
    )
    found = rates.corrected_rates(counts, exposure, ["car", "camera", "citizen"])
    place = found.by_place
    assert place.effort.tolist() == ["known"] * 3 + ["never"] + ["unknown"] * 3 + ["unlinked"]
    assert place.looked.tolist() == [True, True, True, False, True, True, False, True]
    assert place.rate.notna().tolist() == [True] * 3 + [False] * 5
    assert place[["low", "high"]].notna().all(axis=1).tolist() == place.rate.notna().tolist()
    assert 0 < place.rate[2] < place.rate[1], "looked in vain is a low rate, but no rate of 0"
    assert (place.predicted > 0).all()
    assert place.records.tolist() == [90, 10, 0, 0, 7, 7, 0, 9]
    factor = found.factors.set_index("channel")
    assert factor.linked.tolist() == [True, True, False]
    assert factor.factor["camera"] == pytest.approx(2, rel=1e-3)
    assert factor.loc["citizen", ["factor", "low", "high"]].isna().all()
    assert found.effort_known


@pytest.mark.parametrize("exposure", [np.nan, 0.0])
def test_without_any_known_effort_there_is_a_ranking_of_records_and_no_rate(exposure):
    counts = np.array([[[3]], [[12]], [[0]]])
    found = rates.corrected_rates(counts, np.full(counts.shape, exposure), ["car"])
    assert not found.effort_known
    assert found.by_place[["rate", "low", "high", "predicted"]].isna().all(axis=None)
    assert found.by_hour["share"].isna().all() and np.isnan(found.by_place_hour()).all()
    assert found.by_place.records.tolist() == [3, 12, 0]
    assert found.by_place.raw_share.tolist() == [0.2, 0.8, 0]
    assert found.by_place.effort.tolist() == ["unknown", "unknown", "never" if exposure == 0 else "unknown"]


def test_an_area_that_nothing_compares_is_taken_for_average_and_says_so():
    """Citizens of two areas report 2 and 8 where a car finds 10; in the third nobody else looked."""
    chance = np.random.default_rng(3)
    areas = np.repeat(["north", "south", "west"], 200)
    level = chance.lognormal(0, 0.5, 600)
    exposure = np.ones((600, 1, 2)) * [100.0, 100.0]
    exposure[areas == "west", :, 0] = 0
    reporting = pd.Series(areas).map({"north": 0.2, "south": 0.8, "west": 0.4}).to_numpy()
    counts = chance.poisson(level[:, None, None] * exposure * np.stack([np.ones(600), reporting], axis=1)[:, None])
    found = rates.corrected_rates(counts, exposure, ["car", "citizen"], areas=areas, unknown_by_area=["citizen"])
    assert found.by_place.groupby(areas).effort.unique().map(list).tolist() == [["known"], ["known"], ["assumed"]]
    area = found.factors[found.factors["by"] == "area"].set_index("level")
    assert area.linked.tolist() == [True, True, False]
    assert area.factor.round(1).tolist() == [0.5, 2.0, 1.0]
    assert area.low["west"] < 0.5 and area.high["west"] > 2
    width = (np.log(found.by_place.high) - np.log(found.by_place.low)).groupby(areas).median()
    assert width["west"] > 2 * width["north"]


def test_an_hour_seen_only_by_citizens_has_no_interval_and_a_rate_does_not_rest_on_it():
    chance = np.random.default_rng(8)
    exposure = np.full((50, 4, 2), 100.0)
    exposure[:, 2, 0] = 0
    exposure[:, 3] = 0
    counts = chance.poisson(exposure * [1.0, 0.2])
    counts[:, 2, 1] *= 5  # citizens report as never before: nobody can tell habit from truth
    found = rates.corrected_rates(counts, exposure, ["car", "citizen"], unknown_by_hour=["citizen"])
    hour = found.by_hour
    assert hour.linked.tolist() == [True, True, False, False]
    assert hour.share[:2].sum() == pytest.approx(1)
    assert hour[["low", "high"]].notna().all(axis=1).tolist() == [True, True, False, False]
    assert hour.share.notna().tolist() == [True, True, True, False]
    assert found.by_place.rate.mean() == pytest.approx(1, abs=0.05)
    by_hour = found.by_place_hour()
    assert np.isnan(by_hour[:, 3]).all()
    assert by_hour[:, :2].mean(axis=1) == pytest.approx(found.by_place.rate)


def test_factors_are_those_of_a_poisson_regression_with_an_effect_for_each_place():
    chance = np.random.default_rng(1)
    exposure = chance.lognormal(2, 0.5, (30, 5, 3)) * (chance.random((30, 5, 3)) < 0.8)
    counts = chance.poisson(exposure * chance.lognormal(0, 1, (30, 1, 1)) * [1.0, 0.5, 3.0])
    found = rates.corrected_rates(counts, exposure, ["a", "b", "c"])
    place, hour, channel = (index.ravel() for index in np.indices(counts.shape))
    used = exposure.ravel() > 0
    terms = [np.eye(30)[place], np.eye(5)[hour][:, 1:], np.eye(3)[channel][:, 1:]]
    regression = sm.GLM(
        counts.ravel()[used],
        np.hstack(terms)[used],
        family=sm.families.Poisson(),
        offset=np.log(exposure.ravel()[used]),
    ).fit()
    profile = np.exp(np.r_[0, regression.params[30:34]])
    assert found.factors.factor.to_numpy() == pytest.approx(np.exp(np.r_[0, regression.params[34:]]), rel=1e-5)
    assert found.profiles[0] == pytest.approx(profile / profile.mean(), rel=1e-5)


def test_a_rate_is_that_of_empirical_bayes_with_the_neighbourhood_as_prior():
    chance = np.random.default_rng(2)
    exposure = chance.gamma(1, 20, (400, 1, 1))
    counts = chance.poisson(exposure * chance.gamma(4, 0.5, (400, 1, 1)))
    found = rates.corrected_rates(counts, exposure, ["car"], exposure_error=0)
    k, place = found.likeness, found.by_place
    assert k == pytest.approx(4, rel=0.25)
    assert place.predicted.mean() == pytest.approx(2, rel=0.1)
    expected = (counts.ravel() + k) / (exposure.ravel() + k / place.predicted)
    assert place.rate.to_numpy() == pytest.approx(expected.to_numpy(), rel=1e-9)
    low = stats.gamma.ppf(0.05, counts.ravel() + k) / (exposure.ravel() + k / place.predicted)
    assert place.low.to_numpy() == pytest.approx(low.to_numpy(), rel=1e-9)


def test_places_are_pulled_to_their_neighbours_where_neighbours_are_alike():
    chance = np.random.default_rng(4)
    row, column = np.divmod(np.arange(400), 20)
    smooth = np.exp(2 * np.sin(row / 4))
    counts = chance.poisson(smooth)[:, None, None]
    exposure = np.ones(counts.shape)
    near = rates.corrected_rates(counts, exposure, ["car"], coordinates=100.0 * np.c_[column, row])
    far = rates.corrected_rates(counts, exposure, ["car"])
    assert near.bandwidth_m == 150 and np.isinf(far.bandwidth_m)
    errors = [np.square(np.log(found.by_place.rate / smooth)).mean() for found in (near, far)]
    assert errors[0] < errors[1] / 2


def test_ten_thousand_places_by_the_hour_and_four_channels_take_seconds():
    chance = np.random.default_rng(5)
    exposure = chance.lognormal(3, 0.5, (10_000, 1, 4)) * (chance.random((10_000, 24, 4)) < 0.7)
    counts = chance.poisson(exposure * chance.lognormal(0, 1, (10_000, 1, 1)) * [0.02, 0.02, 0.002, 0.004])
    coordinates = chance.uniform(0, 10_000, (10_000, 2))
    start = time.perf_counter()
    rates.corrected_rates(
        counts,
        exposure,
        ["car", "camera", "officer", "citizen"],
        coordinates=coordinates,
        place_types=chance.integers(0, 4, 10_000),
        areas=(coordinates // 2500) @ [4, 1],
        unknown_by_area=["citizen"],
        unknown_by_hour=["citizen"],
    )
    seconds = time.perf_counter() - start
    print(f"{seconds:.1f} s")
    assert seconds < 20


@pytest.mark.parametrize(
    "changed, message",
    [
        ({"counts": np.ones((2, 1, 1))}, "shape"),
        ({"counts": np.full((2, 1, 2), -1)}, "counts"),
        ({"counts": np.full((2, 1, 2), np.nan)}, "missing count"),
        ({"exposure": np.full((2, 1, 2), -1.0)}, "exposure"),
        ({"exposure": np.full((2, 1, 2), np.inf)}, "exposure"),
        ({"channels": ["car"]}, "channels"),
        ({"channels": ["car", "car"]}, "twice"),
        ({"unknown_by_area": ["car"]}, "unknown_by_area"),
        ({"unknown_by_hour": ["bicycle"]}, "bicycle"),
        ({"areas": ["north"]}, "areas"),
        ({"place_types": ["street", None]}, "place_types"),
        ({"coordinates": [[0, 0], [0, np.nan]]}, "coordinates"),
        ({"exposure_error": -0.1}, "exposure_error"),
        ({"confidence": 90}, "confidence"),
    ],
)
def test_corrected_rates_refuse_impossible_input(changed, message):
    given = {"counts": np.ones((2, 1, 2)), "exposure": np.ones((2, 1, 2)), "channels": ["car", "citizen"]} | changed
    with pytest.raises(ValueError, match=message):
        rates.corrected_rates(given.pop("counts"), given.pop("exposure"), given.pop("channels"), **given)


# --- silence ---------------------------------------------------------------------------------------------------------


def _watch(*spells):
    watched = np.zeros(1440, bool)
    for start, end in spells:
        watched[start:end] = True
    return watched


LUNCH = _watch((420, 690), (840, 1260))  # 07:00-11:30 and 14:00-21:00


def test_a_burst_is_as_long_and_as_high_as_what_was_planted():
    records = np.where(LUNCH, 10, 0)
    records[840:865] += 20
    found = rates.bursts_after_silence(records, LUNCH)
    assert found.minute.tolist() == [420, 840]
    assert found.burst_minutes.tolist() == [0, 25]
    assert found.excess.tolist() == [0, 500]


@pytest.mark.parametrize(
    "watched, minutes",
    [
        (LUNCH, [420, 840]),
        (_watch((0, 1440)), []),
        (_watch(), []),
        (_watch((0, 700), (720, 1440)), []),  # a break of 20 minutes is no silence
        (_watch((0, 300), (1200, 1440)), [1200]),  # a watch through midnight returns in the evening only
        (_watch((0, 600)), [0]),
    ],
)
def test_returns_from_silence(watched, minutes):
    assert rates.bursts_after_silence(np.zeros(1440), watched).minute.tolist() == minutes
    left = rates.without_first_minutes(watched, 30)
    gone = np.flatnonzero(watched & ~left)
    assert gone.tolist() == [minute + after for minute in minutes for after in range(30)]


def test_no_ordinary_level_no_burst():
    short = _watch((600, 700))
    found = rates.bursts_after_silence(np.where(short, 5, 0), short)
    assert found[["burst_minutes", "excess"]].isna().all(axis=None)


def test_first_minutes_of_many_cameras_at_once():
    watched = np.stack([LUNCH, _watch((420, 1260))])
    left = rates.without_first_minutes(watched, 20)
    assert (watched & ~left).sum(axis=1).tolist() == [40, 20]
    assert (rates.without_first_minutes(watched, 0) == watched).all()


@pytest.mark.parametrize(
    "call",
    [
        lambda: rates.without_first_minutes(LUNCH, -1),
        lambda: rates.without_first_minutes(LUNCH[:100], 5),
        lambda: rates.without_first_minutes(LUNCH, 5, silence_minutes=0),
        lambda: rates.bursts_after_silence(np.ones(24), LUNCH),
        lambda: rates.bursts_after_silence(np.ones(1440), np.ones(24)),
    ],
)
def test_days_that_are_none_are_refused(call):
    with pytest.raises(ValueError):
        call()


@pytest.mark.real
def test_cameras_of_namyangju_find_the_cars_of_the_lunch_break_within_half_an_hour(shared_data):
    """Records of 2025 by minute: silent from about noon to 14:00, then more than twice the usual for some minutes."""
    table = pd.read_excel(shared_data / "namyangju" / "고정형 단속자료 25.01.01~08.31.xlsx", engine="openpyxl")
    times = pd.to_datetime(table["단속일시"], format="mixed")
    records = np.bincount(times.dt.hour * 60 + times.dt.minute, minlength=1440)
    by_five = records.reshape(-1, 5).sum(axis=1)
    watched = np.repeat(by_five > 0.4 * np.median(by_five[by_five > 0]), 5)
    found = rates.bursts_after_silence(records, watched).set_index("minute")
    print(found.to_string())
    lunch = found[(found.index > 12 * 60) & (found.index <= 15 * 60)].iloc[0]
    assert 5 <= lunch.burst_minutes <= 30
    assert lunch.excess > 500
