"""Chances of places against a dense second computation, planted vehicles, and real reads."""

import math
import time
import tracemalloc
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from dansok.models import whereabouts
from dansok.models.whereabouts import PARTS, Settings

SLOTS = 2 * PARTS
# Share of a day's part in which a car is at home, at work or at a shop.
AT_HOME = np.tile([3, 1.2, 0.5, 0.5, 0.6, 1.5, 3], 2)
AT_WORK = np.tile([0.1, 1, 3, 3, 2.5, 1, 0.2], 2) * np.repeat([0.8, 0.1], PARTS)
AT_SHOPS = np.tile([0.1, 0.3, 1, 1.5, 1.5, 2.5, 0.8], 2)
SHIFTS = np.array([0.1, 0.6, 1.2, 1.3, 1.2, 0.8, 0.1, 0.05, 0.3, 0.5, 0.5, 0.4, 0.3, 0.05])


class Town:
    """Cars with a home, a job and a few shops among 300 places, and readers who go where and when they are told."""

    def __init__(self, seed, n=1000, n_places=300, visits_each=6, effort_error=0.0):
        self.chance = chance = np.random.default_rng(seed)
        self.places = chance.uniform(0, 10_000, (n_places, 2))
        apart = np.hypot(*(self.places[:, None] - self.places).transpose(2, 0, 1)) / 1000
        size, kind = chance.gamma(0.8, 1, n_places), chance.choice(3, n_places, p=[0.5, 0.25, 0.25])
        home, work = (self._choose(np.where(kind == use, size, size * 0.05), n) for use in (0, 1))
        nearby = np.where(kind == 2, size, size * 0.1) * np.exp(-apart / 2.5)
        roaming = size * np.exp(-apart / 3)
        car = np.arange(n)
        there = np.zeros((n, SLOTS, n_places))
        there[car, :, home] += 0.9 * AT_HOME
        there[car, :, work] += AT_WORK
        for one in car:
            shops = self._choose(nearby[home[one]], chance.integers(2, 6))
            for shop, share in zip(shops, chance.dirichlet(np.full(len(shops), 0.7)), strict=True):
                there[one, :, shop] += 0.4 * len(shops) * share * AT_SHOPS
        there = 0.8 * _to_one(there) + 0.2 * _to_one(roaming)[home][:, None, :]
        looked = 1 - np.exp(-chance.gamma(0.5, 1, n_places) * SHIFTS[:, None] * (0.3 + 0.5 * kind))
        self.presence, self.active = there, chance.gamma(0.7, 1 / 0.7, n)
        expected = there * looked * self.active[:, None, None]
        scale = visits_each * n / expected.sum()
        self.effort, self.expected = looked * scale, expected * scale
        self.visits, self.later = self._visits(1.0), self._visits(1 / 3)
        self.logged = self.effort * chance.lognormal(0, effort_error, looked.shape)
        self.vehicles = car

    def _choose(self, weights, n):
        return self.chance.choice(len(weights), n, p=weights / weights.sum())

    def _visits(self, share):
        counts = self.chance.poisson(self.expected * share)
        where = np.repeat(np.argwhere(counts), counts[counts > 0], axis=0)
        visits = pd.DataFrame(where, columns=["vehicle", "slot", "place"])
        return visits.assign(day=self.chance.integers(0, 90, len(visits)))

    def model(self, effort):
        held_back = pd.Series(np.random.default_rng(0).random(len(self.visits)) < 0.25)
        settings = whereabouts.choose_settings(self.visits, effort, self.places, held_back)
        return whereabouts.fit(self.visits, effort, self.places, settings, self.vehicles)

    def presence_in_top(self, model, k=3):
        """Share of its time that each car truly spends in the k places named."""
        top = model.top(k)
        return self.presence[top["vehicle"], top["slot"], top["place"]].sum() / self.presence[:, :, 0].size


def _to_one(weights):
    return weights / weights.sum(axis=-1, keepdims=True)


def small_town(**changes):
    """9 vehicles, 40 places, one of them with no reader at any time and one seldom looked at."""
    chance = np.random.default_rng(7)
    places = chance.uniform(0, 2000, (40, 2))
    effort = chance.gamma(1, 1, (SLOTS, 40)) + 0.01
    effort[:, 39] = np.nan
    visits = pd.DataFrame(
        {
            "vehicle": chance.choice(list("ABCDEFGH"), 60),
            "slot": chance.integers(0, SLOTS, 60),
            "place": chance.integers(0, 39, 60),
            "day": chance.integers(0, 100, 60),
        }
    )
    chosen = {"visits": visits, "effort": effort, "places": places, "vehicles": list("ABCDEFGHZ")}
    settings = Settings(
        near_weight=0.7, shared_weight=1.5, shared_by_slot=0.5, effort_floor=0.2, half_life_days=50, discount=0.4
    )
    return {**chosen, "settings": settings, **changes}


def dense(model, town):
    """The formula of `fit`, written out for every vehicle, slot and place."""
    effort, visits, settings = np.nan_to_num(town["effort"]), town["visits"], town["settings"]
    n = np.zeros((len(town["vehicles"]), SLOTS, effort.shape[1]))
    for row in visits.itertuples():
        age = visits["day"].max() - row.day
        times = ((visits["vehicle"] == row.vehicle) & (visits["place"] == row.place)).sum()
        counts = 0.5 ** (age / settings.half_life_days) * (1 - settings.discount / times)
        n[town["vehicles"].index(row.vehicle), row.slot, row.place] += counts
    near = np.zeros((effort.shape[1], effort.shape[1]))
    for place, at in enumerate(town["places"]):
        apart = np.hypot(*(town["places"] - at).T)
        nearest = np.argsort(apart)[: whereabouts.NEIGHBOURS]
        near[place, nearest] = np.exp(-apart[nearest] / settings.reach_metres)
    weight = np.zeros(effort.shape)
    for slot in range(SLOTS):
        like = model.likeness[slot]
        weight[slot] = 1 / (like @ effort / like.sum() + settings.effort_floor * effort[effort > 0].mean())
    weight /= np.mean([weight[row.slot, row.place] for row in visits.itertuples()])
    found = np.zeros(n.shape)
    for vehicle in range(len(n)):
        for slot in range(SLOTS):
            own = (model.likeness[slot] @ n[vehicle]) * weight[slot]
            around = own / own.sum() @ _to_one(near) if own.sum() > 0 else np.zeros(len(own))
            found[vehicle, slot] = own + settings.near_weight * around + settings.shared_weight * model.shared[slot]
    return _to_one(found)


@pytest.mark.parametrize("question", ["be", "be seen"])
def test_sparse_answers_equal_the_formula_written_out(question, monkeypatch):
    monkeypatch.setattr(whereabouts, "ROWS_AT_ONCE", 50)
    town = small_town()
    model = whereabouts.fit(**town)
    expected = dense(model, town)
    if question == "be seen":
        model = model.seen_by(town["effort"])
        expected = _to_one(expected * np.nan_to_num(town["effort"]))
        assert (expected[:, :, 39] == 0).all()
    vehicle, slot, place = (axis.ravel() for axis in np.indices(expected.shape))
    found = model.probability(np.array(town["vehicles"])[vehicle], slot, place)
    np.testing.assert_allclose(found["probability"], expected.ravel(), atol=1e-12)
    np.testing.assert_allclose(found["first"], np.repeat(expected.max(axis=2).ravel(), 40))
    higher = (expected[..., None, :] > expected[..., None] + 1e-12).sum(axis=-1)
    np.testing.assert_array_equal(found["rank"], higher.ravel())
    top = model.top(4)
    np.testing.assert_allclose(top["probability"], -np.sort(-expected, axis=2)[:, :, :4].ravel())
    assert (top["rank"] == np.tile([1, 2, 3, 4], len(top) // 4)).all()
    np.testing.assert_allclose(model.probability(top["vehicle"], top["slot"], top["place"])["rank"], top["rank"] - 1)


@pytest.mark.parametrize("minimum", [0, 0.02])
def test_the_sparse_table_says_what_it_leaves_out(minimum):
    town = small_town()
    model = whereabouts.fit(**town)
    own, rest = model.table(minimum)
    np.testing.assert_allclose(own["probability"].sum() + rest[["background", "left_out"]].sum().sum(), 9 * SLOTS)
    assert (rest["left_out"].max() > 0.01) == (minimum > 0)
    assert rest.loc[rest["vehicle"] == "Z", "background"].eq(1).all(), "a vehicle never seen has the shared map alone"
    whole = np.einsum("vs,sp->vsp", rest["background"].to_numpy().reshape(9, SLOTS), model.background())
    code = pd.Index(town["vehicles"]).get_indexer(own["vehicle"])
    np.add.at(whole, (code, own["slot"], own["place"]), own["probability"])
    short = dense(model, town) - whole
    assert short.min() > -1e-12
    np.testing.assert_allclose(short.sum(axis=2).ravel(), rest["left_out"], atol=1e-12)


def test_only_the_pairs_asked_for_are_answered():
    model = whereabouts.fit(**small_town())
    everything = model.top(2)
    asked = model.top(2, ["C", "A"], [13])
    assert asked["vehicle"].tolist() == ["C", "C", "A", "A"] and set(asked["slot"]) == {13}
    same = everything.merge(asked, on=["vehicle", "slot", "rank", "place"])
    np.testing.assert_allclose(same["probability_x"], same["probability_y"])
    assert len(same) == 4
    assert len(model.top(2, [])) == len(model.probability([], np.array([], int), np.array([], int))) == 0


def test_where_nobody_reads_is_unknown_and_looked_at_in_vain_is_rare():
    places = [[0, 0], [100, 0], [200, 0], [300, 0]]
    effort = np.ones((PARTS, 4))
    effort[:, 2], effort[:, 3] = np.nan, 50.0
    visits = pd.DataFrame({"vehicle": range(40), "slot": np.arange(40) % PARTS, "place": np.arange(40) % 2, "day": 1})
    share = whereabouts.fit(visits, effort, places, Settings()).background()[0]
    assert share[3] < 0.2 * share[0], "50 times the effort and no visit"
    assert 2 * share[3] < share[2] < share[0], "no reader: between its neighbours, not nothing"


def test_one_visit_where_few_look_outweighs_one_where_many_do():
    visits = pd.DataFrame({"vehicle": "A", "slot": 3, "place": [0, 1], "day": 1})
    effort = np.ones((SLOTS, 2))
    effort[:, 1] = 10
    model = whereabouts.fit(visits, effort, [[0, 0], [5000, 0]], Settings())
    be = model.top(2, ["A"], [3])
    seen = model.seen_by(effort).top(2, ["A"], [3])
    assert be["place"].tolist() == [0, 1] and seen["place"].tolist() == [1, 0]


def test_in_a_slot_without_readers_nothing_will_be_seen():
    town = small_town()
    effort = np.nan_to_num(town["effort"])
    effort[5] = 0
    seen = whereabouts.fit(**town).seen_by(effort)
    found = seen.probability(["A", "A"], [4, 5], [0, 0])
    assert found["probability"].isna().tolist() == [False, True]
    own, rest = seen.table(0, ["A"])
    assert rest["background"].isna().tolist() == [slot == 5 for slot in range(SLOTS)] and 5 not in set(own["slot"])
    assert np.isnan(seen.background()[5]).all() and seen.top(1, ["A"], [5])["probability"].isna().all()


def test_an_old_visit_counts_less():
    visits = pd.DataFrame(
        {"vehicle": "A", "slot": 3, "place": [0, 1], "day": pd.to_datetime(["2024-01-01", "2024-06-01"])}
    )
    places, effort = [[0, 0], [5000, 0]], np.ones((SLOTS, 2))
    ever, lately = (whereabouts.fit(visits, effort, places, Settings(half_life_days=age)) for age in (math.inf, 30))
    chances = [model.probability(["A", "A"], [3, 3], [0, 1])["probability"].tolist() for model in (ever, lately)]
    assert chances[0][0] == pytest.approx(chances[0][1]) and chances[1][1] > 2 * chances[1][0]


def test_a_place_seen_once_is_discounted_more_than_one_seen_again_and_again():
    visits = pd.DataFrame({"vehicle": "A", "slot": [3, 3, 2, 4, 5], "place": [0, 1, 1, 1, 1], "day": 1})
    places, effort = [[0, 0], [5000, 0], [9000, 0]], np.ones((SLOTS, 3))
    plain, less = (
        whereabouts.fit(visits, effort, places, Settings(discount=share)).probability(["A"] * 3, [3] * 3, [0, 1, 2])[
            "probability"
        ]
        for share in (0, 0.75)
    )
    assert less[0] < 0.6 * plain[0] and less[1] > plain[1] and less[2] > plain[2]


@pytest.mark.parametrize(
    "moment, rest_day, slot",
    [("00:00", False, 0), ("05:59:59", False, 0), ("06:00", False, 1), ("13:59", True, 10), ("14:00", True, 11),
     ("19:59", False, 5), ("20:00", True, 13), ("23:59:59", False, 6)],
)  # fmt: skip
def test_slot_of_a_moment(moment, rest_day, slot):
    assert whereabouts.slot_of(pd.Series([pd.Timestamp(f"2024-05-02 {moment}")]), pd.Series([rest_day])).item() == slot


def test_calibration_error_of_a_known_case():
    # 100 at 0.75 of which 60 happen, 300 at 0.05 of which 15 happen: (100 * 0.15 + 300 * 0) / 400
    happened = np.r_[np.arange(100) < 60, np.arange(300) < 15]
    assert whereabouts.calibration_error(np.repeat([0.75, 0.05], [100, 300]), happened) == pytest.approx(0.0375)
    assert math.isnan(whereabouts.calibration_error([], []))
    assert whereabouts.calibration_error([1.0, 0.0], [True, False]) == 0


def test_a_class_without_visits_is_missing_not_zero():
    town = small_town()
    model = whereabouts.fit(**town)
    table = whereabouts.reliability(
        whereabouts.foreseen(model, town["visits"][lambda visits: visits["vehicle"] == "A"])
    )
    assert table["visits"].sum() == 2 * table.loc["all", "visits"]
    assert table.loc["0", ["recall_at_3", "low", "log_loss", "calibration_error"]].isna().all()


VISIT = {"vehicle": ["A", "B"], "slot": [0, 1], "place": [0, 1], "day": [1, 2]}


@pytest.mark.parametrize(
    "named, changes",
    [
        ("places", {"visits": pd.DataFrame({**VISIT, "place": [0, 40]})}),
        ("slots", {"visits": pd.DataFrame({**VISIT, "slot": [0, -1]})}),
        ("slots", {"visits": pd.DataFrame({**VISIT, "slot": [0.0, np.nan]})}),
        ("nobody reads", {"visits": pd.DataFrame({**VISIT, "place": [0, 39]})}),
        ("not listed", {"visits": pd.DataFrame({**VISIT, "vehicle": ["A", "Y"]})}),
        ("not listed", {"visits": pd.DataFrame({**VISIT, "vehicle": ["A", None]})}),
        ("no day", {"visits": pd.DataFrame({**VISIT, "day": [1, np.nan]})}),
        ("no visit", {"visits": pd.DataFrame(VISIT).head(0)}),
        ("listed twice", {"vehicles": ["A", "A", "B"]}),
        ("below zero", {"effort": np.full((SLOTS, 40), -1.0)}),
        ("effort", {"effort": np.ones((SLOTS, 39))}),
        ("multiple of 7", {"effort": np.ones((15, 40))}),
        ("places must", {"places": np.full((40, 2), np.nan)}),
        ("reads of everyone", {"everyone": np.ones((SLOTS, 39))}),
        ("reads of everyone", {"everyone": np.zeros((SLOTS, 40))}),
        ("areas", {"homes": (["north"] * 39, pd.Series(dtype=object))}),
    ],
)
def test_impossible_input_is_refused(named, changes):
    with pytest.raises(ValueError, match=named):
        whereabouts.fit(**small_town(**changes))


@pytest.mark.parametrize("name, value", [("shared_weight", 0), ("near_weight", -1), ("other_day", 1.5), ("discount", 1.5),
                                         ("effort_floor", 0), ("half_life_days", math.nan)])  # fmt: skip
def test_impossible_settings_are_refused(name, value):
    with pytest.raises(ValueError, match=name):
        replace(Settings(), **{name: value})


def test_impossible_questions_are_refused():
    town = small_town()
    model = whereabouts.fit(**town)
    for ask in (
        lambda: model.probability(["Y"], [0], [0]),
        lambda: model.probability(["A"], [14], [0]),
        lambda: model.top(0),
        lambda: model.top(41),
        lambda: model.table(1),
        lambda: model.seen_by(np.ones((PARTS, 40))),
        lambda: whereabouts.choose_settings(
            town["visits"], town["effort"], town["places"], pd.Series(True, town["visits"].index)
        ),
        lambda: whereabouts.choose_settings(town["visits"], town["effort"], town["places"], pd.Series([True])),
    ):
        with pytest.raises(ValueError):
            ask()


def test_a_vehicle_seen_among_shops_by_day_is_not_awaited_there_at_night():
    shops, flats, night = 0, 1, 6
    effort, everyone = np.ones((SLOTS, 2)), np.full((SLOTS, 2), 500.0)
    everyone[:, shops] = np.where(np.isin(np.arange(SLOTS) % PARTS, [0, night]), 20, 900)
    visits = pd.DataFrame({"vehicle": ["A", "B"], "slot": 3, "place": [shops, flats], "day": 1})
    town = (visits, effort, [[0, 0], [5000, 0]], Settings(slot_reach=math.inf, near_weight=0.0, shared_weight=0.5))
    blind, told = whereabouts.fit(*town), whereabouts.fit(*town, everyone=everyone)
    at_shops = [model.probability(["A", "A"], [3, night], [shops, shops])["probability"] for model in (blind, told)]
    assert at_shops[0][1] > 0.6, "without the others the night is as the day"
    assert at_shops[1][0] > 0.6 and at_shops[1][1] < 0.3
    assert told.probability(["B"], [night], [flats])["probability"][0] > 0.9


class Homely:
    """Vehicles that are in the 읍면동 of their register by a known share of the time, and anywhere in the rest."""

    def __init__(self, seed, n=800):
        chance = np.random.default_rng(seed)
        self.areas, self.places = np.repeat(list("NESW"), 10), chance.uniform(0, 4000, (40, 2))
        self.share = np.where(np.isin(np.arange(SLOTS) % PARTS, [0, 6]), 0.8, 0.2)
        self.effort = chance.gamma(1, 1, (SLOTS, 40)) + 0.05
        home = chance.choice(list("NESW"), n)
        inside = (home[:, None] == self.areas) / 10
        there = self.share[:, None] * inside[:, None] + (1 - self.share[:, None]) / 40
        count = chance.poisson(there * self.effort / self.effort.mean() * 6 / SLOTS)
        where = np.repeat(np.argwhere(count), count[count > 0], axis=0)
        self.visits = pd.DataFrame(where, columns=["vehicle", "slot", "place"]).assign(day=1)
        self.vehicles = np.arange(n + 2)  # the last two are never seen, and the very last is registered nowhere
        self.home = pd.Series([*home, "N", None], self.vehicles, dtype=object)
        self.model = whereabouts.fit(
            self.visits, self.effort, self.places, Settings(slot_reach=math.inf), self.vehicles,
            everyone=100 * self.effort, homes=(self.areas, self.home),
        )  # fmt: skip


def test_the_share_of_time_at_home_is_found_by_slot():
    found = np.mean([Homely(seed).model.homes.share for seed in range(5)], axis=0)
    np.testing.assert_allclose(found, Homely(0).share, atol=0.08)


def test_who_was_never_seen_is_awaited_in_the_area_of_its_register():
    town = Homely(0)
    seldom, stranger = town.vehicles[-2:]
    night, place = np.full(40, 6), np.arange(40)
    own = town.model.probability(np.full(40, seldom), night, place)["probability"].to_numpy()
    assert own[town.areas == "N"].sum() == pytest.approx(0.8 + 0.2 / 4, abs=0.1)
    other = town.model.probability(np.full(40, stranger), night, place)["probability"].to_numpy()
    np.testing.assert_allclose(other, town.model.background()[6])


def test_who_is_registered_nowhere_is_where_it_would_be_without_homes():
    town = Homely(2)
    nowhere = pd.Series(None, town.vehicles, dtype=object)
    asked = town.visits[["vehicle", "slot"]].drop_duplicates().head(300)
    at = np.repeat(asked.to_numpy(), 40, axis=0).T
    told = [
        whereabouts.fit(
            town.visits, town.effort, town.places, Settings(), town.vehicles, 100 * town.effort, homes
        ).probability(*at, np.tile(np.arange(40), len(asked)))["probability"]
        for homes in ((town.areas, nowhere), None)
    ]
    np.testing.assert_allclose(*told)


def test_with_homes_the_sparse_table_still_sums_to_one_and_equals_single_answers():
    town = Homely(1)
    some = town.vehicles[-20:]
    own, rest = town.model.table(0, some, [3, 6])
    whole = np.einsum("vs,sp->vsp", rest["background"].to_numpy().reshape(20, 2), town.model.background()[[3, 6]])
    at = own["vehicle"].to_numpy() - some[0], own["slot"].to_numpy() // 6, own["place"].to_numpy()
    np.add.at(whole, at, own["probability"])
    np.testing.assert_allclose(whole.sum(axis=2), 1)
    vehicle, slot, place = (axis.ravel() for axis in np.indices(whole.shape))
    told = town.model.probability(some[vehicle], np.array([3, 6])[slot], place)["probability"]
    np.testing.assert_allclose(told, whole.ravel(), atol=1e-12)


def reads_of(vehicle, reader, times, x, y):
    at = pd.to_datetime(times)
    return pd.DataFrame({"vehicle": vehicle, "reader": reader, "at": at, "x": x, "y": y})


def test_signs_and_station_cars_are_found_and_residents_are_not():
    hours = pd.date_range("2024-05-01 00:10", periods=72, freq="h")
    random = np.random.default_rng(3)
    traffic = [reads_of(f"t{n}", "r1", hours, 20.0, 20.0) for n in range(1)]
    table = pd.concat(
        [
            *traffic,  # one car that never leaves the reader's post
            reads_of("resident", "r1", hours[(hours.hour < 8) | (hours.hour > 19)], 40.0, 40.0),
            reads_of("sign", np.resize(["r1", "r2", "r3", "r4", "r5"], 72), hours, random.uniform(0, 9000, 72), 0.0),
            reads_of("misread", ["r1", "r2"], ["2024-05-01 09:00:00", "2024-05-01 09:00:30"], [0.0, 9000.0], 0.0),
            reads_of(
                "both",
                ["r1", "r2"] * 2,
                pd.date_range("2024-05-01 09:00", periods=4, freq="min"),
                [0, 9e3, 0, 9e3],
                0.0,
            ),
            reads_of("bad fix", ["r1"] * 3, pd.date_range("2024-05-01 09:00", periods=3, freq="s"), [0, 190, 0], 0.0),
            reads_of("driver", ["r1", "r2"], ["2024-05-01 09:00", "2024-05-01 09:10"], [0.0, 15_000.0], 0.0),
            reads_of("no place", ["r1", "r2", "r3"], ["2024-05-01 09:00"] * 3, np.nan, np.nan),
        ],
        ignore_index=True,
    )
    found = whereabouts.implausible_vehicles(table)
    assert found["reason"].to_dict() == {
        "t0": "always_at_one_point",
        "sign": "every_reader_round_the_clock",
        "both": "two_places_at_once",
    }
    assert found.loc["t0", ["passes", "share_of_passes"]].tolist() == [72, 1]
    assert found.loc["both", "leaps"] == 3
    with pytest.raises(ValueError, match="without vehicle"):
        whereabouts.implausible_vehicles(table.assign(vehicle=None))


def test_a_city_of_6000_vehicles_14_slots_and_3000_places_stays_small():
    """Written out the chances would take 2 GB."""
    chance = np.random.default_rng(0)
    n, n_places, n_visits = 6000, 3000, 60_000
    haunts = chance.choice(n_places, (n, 5), p=_to_one(chance.gamma(0.5, 1, n_places)))
    vehicle = chance.integers(0, n, n_visits)
    place = np.where(
        chance.random(n_visits) < 0.8, haunts[vehicle, chance.integers(0, 5, n_visits)], vehicle % n_places
    )
    slot, day = chance.integers(0, SLOTS, n_visits), chance.integers(0, 300, n_visits)
    visits = pd.DataFrame({"vehicle": vehicle, "slot": slot, "place": place, "day": day})
    places, effort = chance.uniform(0, 20_000, (n_places, 2)), chance.gamma(1, 1, (SLOTS, n_places)) + 0.01
    tracemalloc.start()
    start = time.process_time()
    model = whereabouts.fit(visits, effort, places, Settings(), np.arange(n))
    top, (own, rest) = model.top(3), model.table()
    seconds, peak = time.process_time() - start, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    print(f"{seconds:.1f} s of processor, {peak / 1e6:.0f} MB at most; {len(own):,} own chances")
    assert len(top) == n * SLOTS * 3 and len(rest) == n * SLOTS
    assert rest["left_out"].mean() < 0.1
    assert peak < 1e9
    assert seconds < 60


def test_hours_of_unlike_readers_become_one_effort():
    """40 planted worlds: cameras look long and see little, cars are quick; they share some places only."""
    found = []
    for seed in range(100, 140):
        chance = np.random.default_rng(seed)
        true = {"camera": 1.0, "car": 150.0, "lot": 4.0, "idle": 0.0}
        there = chance.gamma(0.7, 3.0, (200, SLOTS))
        rows = []
        for reader, share, scale in (
            ("camera", 0.15, 40.0),
            ("car", 0.8, 0.3),
            ("lot", 0.05, 60.0),
            ("idle", 0.1, 5.0),
        ):
            looked = np.argwhere(chance.random(there.shape) < share)
            hours = chance.gamma(2.0, scale / 2, len(looked)) + 1e-3
            mean = 0.02 * true[reader] * hours * there[tuple(looked.T)]
            rows.append(pd.DataFrame({"reader": reader, "place": looked[:, 0], "slot": looked[:, 1],
                                      "reads": chance.poisson(mean), "hours": hours}))  # fmt: skip
        weights = whereabouts.reader_weights(pd.concat(rows, ignore_index=True))
        found.append(weights / weights["camera"])
    table = pd.DataFrame(found)
    error = np.log(table[["car", "lot"]] / [150.0, 4.0])
    print(f"log error of the weights: mean {error.mean().round(3).to_dict()}, spread {error.std().round(3).to_dict()}")
    assert (table["idle"] == 0).all()
    assert (error.mean().abs() < 0.03).all() and (error.abs() < 0.3).all(axis=None)


def test_readers_that_never_meet_keep_their_own_rate():
    looks = pd.DataFrame({"reader": ["a", "b"], "place": [1, 2], "slot": 0, "reads": [10, 30], "hours": [10.0, 10.0]})
    assert whereabouts.reader_weights(looks).to_dict() == {"a": 1.0, "b": 3.0}
    with pytest.raises(ValueError, match="hours must be above 0"):
        whereabouts.reader_weights(looks.assign(hours=0.0))


@pytest.fixture(scope="module")
def judged():
    """40 towns: what the model, without and with correction, and the simple answers say of later visits."""
    rows, first, hit = [], [], []
    for seed in range(100, 140):
        town = Town(seed)
        corrected, plain = town.model(town.logged), town.model(np.ones_like(town.logged))
        own = whereabouts.rivals(town.visits, SLOTS, town.places, town.vehicles)["own_frequency"]
        seen = corrected.seen_by(town.logged)
        found = seen.probability(town.later["vehicle"], town.later["slot"], town.later["place"])
        first.append(found["first"])
        hit.append(found["rank"] < 1)
        truth = _to_one(town.presence * town.effort)[town.later["vehicle"], town.later["slot"]]
        there = truth[np.arange(len(truth)), town.later["place"]]
        activity = whereabouts.activity(corrected, town.logged)
        rows.append(
            {
                **{f"model {key}": value for key, value in _scores(seen, town).items()},
                **{f"own {key}": value for key, value in _scores(own, town).items()},
                "oracle recall_at_3": ((truth > there[:, None]).sum(axis=1) < 3).mean(),
                "oracle log_loss": -np.log(there).mean(),
                "chance calibration_error": whereabouts.calibration_error(
                    found["first"], np.random.default_rng(seed).random(len(found)) < found["first"]
                ),
                "presence corrected": town.presence_in_top(corrected),
                "presence plain": town.presence_in_top(plain),
                "presence own": town.presence_in_top(own),
                "presence oracle": np.sort(town.presence, axis=2)[:, :, -3:].sum(axis=2).mean(),
                "activity order": activity["activity"].corr(pd.Series(town.active), "spearman"),
                "visits order": activity["visits"].corr(pd.Series(town.active), "spearman"),
                "activity level": activity["activity"].mean() / town.active.mean(),
            }
        )
    table = pd.DataFrame(rows)
    print("\n", table.mean().round(4).to_string())
    return table, whereabouts.calibration_error(np.concatenate(first), np.concatenate(hit))


def _scores(model, town):
    return whereabouts.reliability(whereabouts.foreseen(model, town.later)).loc[
        "all", ["recall_at_3", "log_loss", "calibration_error"]
    ]


def test_planted_visits_are_foreseen_as_well_as_by_the_own_frequencies_and_far_less_surprising(judged):
    table, calibration = judged
    mean = table.mean()
    print(f"calibration error of all towns together {calibration:.4f}")
    assert mean["model recall_at_3"] >= mean["own recall_at_3"] - 0.005
    assert mean["model log_loss"] <= 2.7
    assert mean["own log_loss"] > 5
    assert mean["oracle log_loss"] < mean["model log_loss"]
    assert calibration <= 0.03
    assert mean["model calibration_error"] < mean["own calibration_error"] / 2


def test_correction_for_effort_finds_where_vehicles_are(judged):
    table, _calibration = judged
    gain = table["presence corrected"] - table["presence plain"]
    print(f"gain of presence in the first three places {gain.mean():.4f}, at least {gain.min():.4f}")
    assert (gain > 0).mean() >= 0.95
    assert (table["presence corrected"] > table["presence own"]).all()


def test_activity_orders_vehicles_better_than_their_visits(judged):
    table, _calibration = judged
    assert (table["activity order"] > table["visits order"]).mean() >= 0.9
    assert 0.6 < table["activity level"].mean() < 1.05


def test_an_effort_log_a_quarter_wrong_costs_little():
    """The gain in presence and the log-loss hold; recall of sightings suffers, and is printed, not promised."""
    rows = []
    for seed in range(100, 110):
        town = Town(seed, effort_error=0.25)
        model, plain = town.model(town.logged), town.model(np.ones_like(town.logged))
        own = whereabouts.rivals(town.visits, SLOTS, town.places, town.vehicles)["own_frequency"]
        own_recall = _scores(own, town)["recall_at_3"]
        gain = town.presence_in_top(model) - town.presence_in_top(plain)
        scores = _scores(model.seen_by(town.logged), town)
        rows.append({**scores, "own recall_at_3": own_recall, "presence gained": gain})
    mean = pd.DataFrame(rows).mean()
    print("\n", mean.round(4).to_string())
    assert mean["presence gained"] > 0
    assert mean["log_loss"] <= 2.7


def test_classes_with_more_visits_are_more_reliable():
    town = Town(100, n=2000)
    table = whereabouts.reliability(whereabouts.foreseen(town.model(town.logged).seen_by(town.logged), town.later))
    print("\n", table.round(3).to_string())
    assert table.loc[["0", "1-2", "10+"], "recall_at_3"].is_monotonic_increasing
    assert table.loc["0", "recall_at_3"] < 0.35 < table.loc["10+", "recall_at_3"]
    assert (table["low"] <= table["recall_at_3"]).all() and (table["recall_at_3"] <= table["high"]).all()


def test_without_habits_the_model_falls_back_on_the_map_of_all():
    town = Town(100)
    town.visits["vehicle"] = np.random.default_rng(1).permutation(town.visits["vehicle"])
    model = town.model(np.ones_like(town.logged))
    share = model.table()[1]["background"].mean()
    rivals = whereabouts.rivals(town.visits, SLOTS, town.places, town.vehicles)
    losses = {name: _scores(rival, town)["log_loss"] for name, rival in rivals.items()}
    print(f"background {share:.3f}; log-loss {_scores(model, town)['log_loss']:.3f}, rivals {losses}")
    assert share > 0.9
    assert _scores(model, town)["log_loss"] <= min(losses.values()) + 0.02


@pytest.fixture(scope="module")
def seattle(shared_data):
    """Five days of reads: all with a place, and the tokens set aside."""
    names = {"device": "reader", "plate_hash": "vehicle", "lon": "lon", "lat": "lat", "dt": "at"}
    reads = pd.read_csv(shared_data / "seattle-plate-reads" / "reads.csv.gz", sep="|", usecols=list(names))
    reads = reads.rename(columns=names)
    reads["at"] = pd.to_datetime(reads["at"], format="%m/%d/%Y - %H:%M:%S")
    # Metres on the sphere about the middle of the city: within 0.1% over its 25 km.
    reads["x"] = (reads["lon"] + 122.33) * 111_320 * math.cos(math.radians(47.62))
    reads["y"] = (reads["lat"] - 47.62) * 111_320
    aside = whereabouts.implausible_vehicles(reads)
    placed = reads[~reads["vehicle"].isin(aside.index)].dropna(subset=["x"])
    print(
        f"\n{len(reads):,} reads, {reads['x'].isna().mean():.0%} without place; set aside {len(aside)} tokens with "
        f"{reads['vehicle'].isin(aside.index).sum():,} reads: {aside['reason'].value_counts().to_dict()}"
    )
    return reads, aside, placed


@pytest.mark.real
def test_real_signs_are_set_aside(seattle):
    reads, aside, _placed = seattle
    often = reads["vehicle"].value_counts()
    assert often.index[:20].isin(aside.index).all(), "the tokens read most often are no vehicles"
    assert len(aside) < 0.005 * len(often)


@pytest.mark.real
def test_real_tokens_do_not_say_where_a_vehicle_comes_back(seattle):
    """The release pairs tokens with reads at random: no method can be judged by it on where *one* vehicle is.

    Of a car one expects to be read again within the minute, and to be parked in the same street on another day.
    """
    _reads, _aside, placed = seattle

    def again(reads):
        reads = reads.sort_values(["vehicle", "at"], kind="stable")
        trace = reads.groupby("vehicle")
        seconds = trace["at"].diff() / pd.Timedelta(seconds=1)
        metres = np.hypot(trace["x"].diff(), trace["y"].diff())
        return int((seconds < 60).sum()), int(((seconds > 43_200) & (metres < 150)).sum())

    as_released = again(placed)
    random = np.random.default_rng(0)
    shuffled = np.array([again(placed.assign(vehicle=random.permutation(placed["vehicle"]))) for _ in range(40)])
    low, high = shuffled.min(axis=0), shuffled.max(axis=0)
    print(f"within a minute, another day within 150 m: {as_released}; tokens shuffled: {low} to {high}")
    assert (as_released <= high).all()


@pytest.mark.real
def test_real_reads_of_the_fifth_day(seattle):
    """Debtors are simulated: every second token, drawn at random. Trained on days 1-4."""
    _reads, _aside, placed = seattle
    debtors = pd.Index(placed["vehicle"].unique()).sort_values()
    debtors = debtors[np.random.default_rng(5).random(len(debtors)) < 0.5]
    cell = 200
    codes, cells = pd.factorize(pd.MultiIndex.from_frame((placed[["x", "y"]] // cell).astype(int)))
    places = np.array(list(cells)) * cell + cell / 2
    reads = placed.assign(place=codes, day=placed["at"].dt.day)
    reads["slot"] = whereabouts.slot_of(reads["at"], reads["at"].dt.day_of_week >= 5)

    def effort_of(days):
        """Periods of 5 minutes in which a reader read anything there."""
        some = reads[reads["day"].isin(days)].assign(period=reads["at"].dt.floor("5min"))
        some = some[["slot", "place", "reader", "period"]].drop_duplicates()
        effort = np.zeros((SLOTS, len(places)))
        np.add.at(effort, (some["slot"], some["place"]), 1)
        return effort

    visits = _visits_of(reads[reads["vehicle"].isin(debtors)])[["vehicle", "slot", "place", "day"]]
    known, fifth = visits[visits["day"] < 5], visits[visits["day"] == 5]
    settings = whereabouts.choose_settings(known, effort_of([1, 2, 3, 4]), places, known["day"] == 4)
    model = whereabouts.fit(known, effort_of([1, 2, 3, 4]), places, settings, debtors)
    blind_effort = np.ones((SLOTS, len(places)))
    blind_settings = whereabouts.choose_settings(known, blind_effort, places, known["day"] == 4)
    rivals = whereabouts.rivals(known, SLOTS, places, debtors)
    on_the_fifth = effort_of([5])
    answers = {
        "model": whereabouts.fit(known, blind_effort, places, blind_settings, debtors),
        "model, told where the readers go": model.seen_by(on_the_fifth),
        **rivals,
        "all_vehicles, told where the readers go": rivals["all_vehicles"].seen_by(on_the_fifth),
    }
    tables = {name: whereabouts.reliability(whereabouts.foreseen(answer, fifth)) for name, answer in answers.items()}
    scores = pd.DataFrame({name: table.loc["all"] for name, table in tables.items()}).T
    seen = fifth["vehicle"].isin(known["vehicle"]).sum()
    print(
        f"\n{len(debtors):,} simulated debtors, {len(places):,} places, {len(known):,} visits; "
        f"on day 5 {len(fifth):,}, {seen:,} of vehicles seen before; {settings}"
    )
    print(scores.drop(columns=["vehicles"]).astype(float).round(3).to_string())
    print(tables["own_frequency"][["visits", "recall_at_1", "recall_at_3", "log_loss"]].round(3).to_string())
    best = scores.loc[list(rivals)]
    assert model.table()[1]["background"].min() > 0.99, "held-back visits tell the model that habits say nothing here"
    assert scores.loc["model", "recall_at_3"] >= best["recall_at_3"].max() - 1e-9
    assert scores.loc["model", "log_loss"] < best["log_loss"].min()
    told = scores.loc["model, told where the readers go"]
    assert scores.loc["model", "calibration_error"] < scores.loc["own_frequency", "calibration_error"]
    assert told["recall_at_3"] > best["recall_at_3"].max()
    assert told["log_loss"] < scores.loc["all_vehicles, told where the readers go", "log_loss"]


def _visits_of(reads):
    """First read of each stay: over 2 hours after the one before, or over 150 m from it."""
    reads = reads.sort_values(["vehicle", "at"], kind="stable")
    trace = reads.groupby("vehicle")
    moved = np.hypot(trace["x"].diff(), trace["y"].diff()) > 150
    return reads[~reads["vehicle"].duplicated() | moved | (trace["at"].diff() > pd.Timedelta(hours=2))]
