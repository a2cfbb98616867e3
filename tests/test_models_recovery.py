"""Hazards against published numbers, uplift against planted truth, and what two real files can and cannot say."""

import math

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from dansok.models import recovery
from dansok.models.recovery import FEATURES
from scipy import stats
from scipy.special import expit, logit

HORIZON = 90
# Weeks of remission of 21 patients each (Freireich et al. 1963, Blood 21), as every survival textbook has them.
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
TREATED_RELAPSED = [6, 6, 6, 7, 10, 13, 16, 22, 23]
TREATED_CENSORED = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]

DEBT = {"amount_krw": 500_000.0, "age_days": 400.0, "count": 3, "tax_share": 0.5, "eligible": True, "livelihood": False}
OUTCOME = {name: DEBT[name] for name in FEATURES}


def people(random, n):
    """Debts, how old they are and how large (standard normal), and what no register knows: the will to pay."""
    old = random.normal(size=n)
    large = 0.5 * old + math.sqrt(0.75) * random.normal(size=n)
    debts = pd.DataFrame(
        {
            "amount_krw": np.exp(13 + 0.9 * large),
            "age_days": np.exp(6 + 0.7 * old),
            "count": 1 + random.poisson(np.exp(0.8 + 0.5 * large)),
            "tax_share": random.beta(1.2, 0.8, n),
        }
    )
    return debts, old, large, random.normal(size=n)


def true_chances(debts, old, large, will, hidden):
    """Not of the model's form: logistic, with a step and a product."""
    tax = debts["tax_share"] - 0.6
    anyway = expit(-1.2 - 0.3 * large - 0.8 * old + 0.4 * tax - 0.3 * (debts["count"] > 6) + hidden * will)
    seized = expit(1.2 - 0.2 * large - 1.1 * old + 0.5 * tax + 0.09 * old * large + hidden * will)
    return np.maximum(seized, anyway + 0.02 * (1 - anyway)), anyway


def planted_past(seed, n=4000, hidden=0.0):
    """Large and many debts are seized sooner, with `hidden` also the willing; follow-up of 30 to 240 days."""
    random = np.random.default_rng(seed)
    debts, old, large, will = people(random, n)
    if_seized, anyway = true_chances(debts, old, large, will, hidden)
    by_itself = random.exponential(1, n) / (-np.log(1 - anyway) / HORIZON)
    seizure = random.exponential(1, n) / (
        0.004 * np.exp(0.4 * large + 0.2 * (debts["count"] > 3) + 0.6 * hidden * will)
    )
    after = HORIZON * (random.exponential(1, n) / -np.log(1 - if_seized)) ** (1 / 0.6)  # most of it in the first days
    followed = random.uniform(30, 240, n)
    seized = np.floor(seizure.where((seizure < by_itself) & (seizure < followed)))
    paid = by_itself.where(seized.isna(), seized + after)
    return debts.assign(seized_day=seized, paid_day=paid.where(paid <= followed), followed_days=followed)


def judge(seed, hidden=0.0):
    outcomes = planted_past(seed, hidden=hidden)
    random = np.random.default_rng(10_000 + seed)
    debts, *unseen = people(random, 3000)
    if_seized, anyway = true_chances(debts, *unseen, hidden)
    uplift = debts["amount_krw"] * (if_seized - anyway)
    values = recovery.fit(outcomes).value(debts.assign(eligible=True, livelihood=False))

    def top_tenth(ranking):
        return uplift[ranking.sort_values(ascending=False).index[:300]].sum()

    ever = outcomes["seized_day"].notna()
    return {
        "bias of mean uplift": values["uplift_krw"].mean() / uplift.mean() - 1,
        "slope if seized": calibration_slope(values["pay_if_seized"], random.random(3000) < if_seized),
        "slope anyway": calibration_slope(values["pays_anyway"], random.random(3000) < anyway),
        "top tenth, of oracle": top_tenth(values["uplift_krw"]) / top_tenth(uplift),
        "by amount, of oracle": top_tenth(debts["amount_krw"]) / top_tenth(uplift),
        "interval holds": ((values["low"] <= uplift) & (uplift <= values["high"])).mean(),
        "naive difference": outcomes["paid_day"].notna()[ever].mean() - outcomes["paid_day"].notna()[~ever].mean(),
        "true difference": (if_seized - anyway).mean(),
    }


def calibration_slope(predicted, happened):
    """1: a chance means what it says; below 1: too extreme (Cox 1958, Biometrika 45)."""
    design = sm.add_constant(logit(predicted.to_numpy(float)))
    return sm.GLM(np.asarray(happened, float), design, sm.families.Binomial()).fit().params[1]


def test_hazard_reproduces_the_textbook_example(monkeypatch):
    # exponential model: 9 relapses in 359 weeks against 21 in 182; log rate ratio -1.527, standard error 0.398
    monkeypatch.setattr(recovery, "PRIOR", 1e-9)
    days = pd.Series(TREATED_RELAPSED + TREATED_CENSORED + PLACEBO, dtype=float)
    happened = pd.Series([True] * 9 + [False] * 12 + [True] * 21)
    treated = pd.DataFrame({"treated": [1.0] * 21 + [0.0] * 21})
    hazard = recovery.fit_hazard(days, happened, treated, [0, 40])
    assert hazard.coefficients[1] / hazard.spread.item() == pytest.approx(-1.527, abs=0.001)
    assert math.sqrt(hazard.covariance[1, 1]) / hazard.spread.item() == pytest.approx(0.398, abs=0.001)
    chance = hazard.probability(pd.DataFrame({"treated": [1.0, 0.0]}))["probability"]
    assert chance.tolist() == pytest.approx([1 - math.exp(-40 * 9 / 359), 1 - math.exp(-40 * 21 / 182)], rel=1e-4)


def test_hazard_by_intervals_counts_events_and_time_in_each(monkeypatch):
    monkeypatch.setattr(recovery, "PRIOR", 1e-9)
    days = pd.Series([3.0, 5, 20, 40, 50, 0])
    happened = pd.Series([True, False, True, True, False, True])  # one at once, one beyond the horizon
    hazard = recovery.fit_hazard(days, happened, pd.DataFrame(index=days.index), [0, 10, 30])
    # first interval: 2 events in 3 + 5 + 10 + 10 + 10 + 0.5 days; second: 1 event in 10 + 20 + 20
    expected = 1 - math.exp(-10 * 2 / 38.5 - 20 * 1 / 50)
    assert hazard.probability(pd.DataFrame(index=[0]))["probability"].item() == pytest.approx(expected, rel=1e-5)
    assert (hazard.spells, hazard.events) == (6, 3)


def test_a_feature_that_tells_all_apart_stays_finite():
    days, happened = pd.Series(np.full(40, 30.0)), pd.Series(np.arange(40) < 20)
    hazard = recovery.fit_hazard(
        days, happened, pd.DataFrame({"same": (np.arange(40) < 20) * 1.0, "flat": 1.0}), [0, 30]
    )
    chance = hazard.probability(pd.DataFrame({"same": [1.0, 0.0], "flat": 1.0}))
    assert chance["probability"].iloc[0] > 0.4 > 0.2 > chance["probability"].iloc[1] > 0
    assert chance["error"].between(0.001, 0.5).all()


def test_censoring_is_not_taken_for_refusal():
    """Half are followed for 20 days only; all pay at one rate, 60% within 90 days."""
    random = np.random.default_rng(2)
    pays = random.exponential(-HORIZON / math.log(0.4), 4000)
    followed = np.where(np.arange(4000) < 2000, 20.0, 90.0)
    outcomes = pd.DataFrame(OUTCOME, range(4000)).assign(
        seized_day=np.nan, paid_day=np.where(pays <= followed, pays, np.nan), followed_days=followed
    )
    model = recovery.fit(outcomes)
    chance = model.value(pd.DataFrame([DEBT]))["pays_anyway"].item()
    assert chance == pytest.approx(0.6, abs=0.03)
    assert outcomes["paid_day"].notna().mean() < 0.45, "what counting those who paid would say"


def test_time_before_a_seizure_counts_as_not_seized():
    """Seizure does nothing: who is seized had to stay unpaid until then, and whoever paid at once was never seized."""
    uplift, held, naive = [], 0, []
    for seed in range(100, 140):
        random = np.random.default_rng(seed)
        pays, seizure = random.exponential(100, 3000), random.exponential(60, 3000)
        seized = np.where((seizure < pays) & (seizure < 200), seizure, np.nan)
        outcomes = pd.DataFrame(OUTCOME, range(3000)).assign(
            seized_day=seized, paid_day=np.where(pays <= 200, pays, np.nan), followed_days=200.0
        )
        values = recovery.fit(outcomes).value(pd.DataFrame([DEBT])).iloc[0]
        uplift.append(values["uplift_krw"] / DEBT["amount_krw"])
        held += values["low"] < 0 < values["high"]
        paid = outcomes["paid_day"].notna().groupby(outcomes["seized_day"].notna()).mean()
        naive.append(paid[True] - paid[False])
    print(
        f"uplift {np.mean(uplift):.3f} of the amount, 0 held {held} of 40 times; naive difference {np.mean(naive):.3f}"
    )
    assert abs(np.mean(uplift)) < 0.01
    assert held >= 31, "below that, a 90% interval has a chance of under 1 in 100"
    assert np.mean(naive) < -0.1, "the naive comparison says that seizing keeps people from paying"


@pytest.mark.parametrize(
    "seized_who_paid, seized_who_did_not, basis",
    [
        (0, 0, "published_rate"),
        (60, 9, "published_rate"),
        (60, 10, "city_rate"),
        (60, 39, "city_rate"),
        (40, 40, "city_model"),
    ],
)
def test_few_outcomes_give_a_rate_and_too_few_the_published_one(seized_who_paid, seized_who_did_not, basis):
    n = seized_who_paid + seized_who_did_not
    rows = pd.DataFrame(OUTCOME, range(n)).assign(seized_day=1.0, paid_day=np.nan, followed_days=200.0)
    rows.loc[: seized_who_paid - 1, "paid_day"] = 1 + np.linspace(1, 60, seized_who_paid)
    model = recovery.fit(rows.astype(float), published_anyway=0.1)
    assert (model.basis_if_seized, model.basis_anyway) == (basis, "published_rate")
    chance = model.value(pd.DataFrame([DEBT]))["pay_if_seized"].item()
    if basis == "published_rate":
        assert chance == 0.76
    else:
        assert chance == pytest.approx(seized_who_paid / n, abs=0.08)


def test_an_unknown_chance_leaves_the_uplift_missing():
    model = recovery.fit(planted_past(0, n=30))
    assert model.basis_anyway == "unknown"
    values = model.value(pd.DataFrame([DEBT]))
    assert values[["pays_anyway", "uplift_krw", "low", "high", "reason_1"]].isna().all(axis=None)
    assert values["pay_if_seized"].item() == 0.76


@pytest.mark.parametrize("eligible, livelihood", [(False, False), (True, True), (False, True)])
def test_an_ineligible_or_livelihood_vehicle_is_never_valued(eligible, livelihood):
    debts = pd.DataFrame([DEBT, {**DEBT, "eligible": eligible, "livelihood": livelihood}], ["A", "B"])
    values = recovery.fit(planted_past(1)).value(debts)
    assert values.loc["A"].notna().sum() >= 6
    assert values.loc["B"].dropna().index.tolist() == ["pays_anyway", "basis_anyway"]


def test_reasons_are_what_moves_the_uplift_most():
    debts = pd.DataFrame(
        [DEBT] * 9 + [{**DEBT, "amount_krw": 5_000_000.0}, {**DEBT, "age_days": 4000.0}], list("abcdefghiLO")
    )
    values = recovery.fit(planted_past(1)).value(debts)
    assert values.loc["a", "reason_1"] is np.nan, "nothing about it is unlike the middle"
    assert values.loc["L", "reason_1"] == "amount_krw" and values.loc["L", "reason_1_krw"] > 1_000_000
    assert values.loc["O", "reason_1"] == "age_days" and values.loc["O", "reason_1_krw"] < 0
    assert values.loc["O", "uplift_krw"] == pytest.approx(
        values.loc["a", "uplift_krw"] + values.loc["O", "reason_1_krw"]
    )
    assert values["like_seized"].tolist() == [True] * 9 + [False, False]


def test_nobody_valued_and_nobody_at_all():
    model = recovery.fit(planted_past(1))
    assert model.value(pd.DataFrame([{**DEBT, "eligible": False}]))["uplift_krw"].isna().all()
    nobody = pd.DataFrame([DEBT]).head(0)
    assert len(model.value(nobody)) == 0


PAST = {**OUTCOME, "seized_day": 5.0, "paid_day": 9.0, "followed_days": 90.0}


@pytest.mark.parametrize(
    "named, call",
    [
        ("eligible", lambda model: model.value(pd.DataFrame([{**DEBT, "eligible": None}]))),
        ("livelihood", lambda model: model.value(pd.DataFrame([{**DEBT, "livelihood": np.nan}]))),
        ("amount_krw", lambda model: model.value(pd.DataFrame([{**DEBT, "amount_krw": 0}]))),
        ("amount_krw", lambda model: model.value(pd.DataFrame([{**DEBT, "amount_krw": np.nan}]))),
        ("count", lambda model: model.value(pd.DataFrame([{**DEBT, "count": 0}]))),
        ("tax_share", lambda model: model.value(pd.DataFrame([{**DEBT, "tax_share": 1.1}]))),
        ("age_days", lambda model: model.value(pd.DataFrame([{**DEBT, "age_days": -1}]))),
        ("twice", lambda model: model.value(pd.DataFrame([DEBT, DEBT], ["A", "A"]))),
        ("paid_day", lambda model: recovery.fit(pd.DataFrame([{**PAST, "paid_day": 91.0}]))),
        ("seized_day", lambda model: recovery.fit(pd.DataFrame([{**PAST, "seized_day": -1.0}]))),
        ("followed_days", lambda model: recovery.fit(pd.DataFrame([{**PAST, "followed_days": np.nan}]))),
        ("horizon_days", lambda model: recovery.fit(pd.DataFrame([PAST]), horizon_days=0)),
        ("published_anyway", lambda model: recovery.fit(pd.DataFrame([PAST]), published_anyway=76)),
        ("edges", lambda model: recovery.fit_hazard(pd.Series([1.0]), pd.Series([True]), pd.DataFrame([0]), [0, 0])),
        ("missing", lambda _: recovery.fit_hazard(pd.Series([np.nan]), pd.Series([True]), pd.DataFrame([0]), [0, 1])),
        ("chosen", lambda model: recovery.fairness(pd.DataFrame({"a": [1]}), pd.Series([None]))),
        ("indexes", lambda model: recovery.fairness(pd.DataFrame({"a": [1]}), pd.Series([True], [7]))),
    ],
)  # fmt: skip
def test_impossible_input_is_refused(named, call):
    with pytest.raises(ValueError, match=named):
        call(recovery.fit(planted_past(1, n=400), published_anyway=0.2))


def test_fairness_by_hand():
    groups = pd.DataFrame({"area": ["별내동"] * 50 + ["호평동"] * 40 + [None] * 10, "livelihood": np.arange(100) < 20})
    chosen = pd.Series(np.arange(100) % 5 == 4) & ~groups["livelihood"]
    table = recovery.fairness(groups, chosen).set_index(["grouping", "group"])
    assert table.loc[("area", "별내동"), ["debtors", "chosen"]].tolist() == [50, 6]
    assert table.loc[("area", "별내동"), "ratio"] == pytest.approx((6 / 16) / (50 / 100))
    # Wilson interval of 6 of 16: 0.185 to 0.614
    assert table.loc[("area", "별내동"), ["low", "high"]].tolist() == pytest.approx(
        [0.185 / 0.5, 0.614 / 0.5], abs=0.002
    )
    unknown = table.loc["area"].loc[lambda rows: rows.index.isna()]
    assert unknown[["debtors", "chosen"]].values.tolist() == [[10, 2]]
    assert table.loc[("livelihood", True), ["chosen", "ratio", "low"]].tolist() == [0, 0, 0]
    assert table.groupby("grouping")[["share_of_debtors", "share_of_chosen"]].sum().eq(1).all(axis=None)
    nobody = recovery.fairness(groups, chosen & False)
    assert nobody["chosen"].eq(0).all() and nobody[["share_of_chosen", "ratio", "low", "high"]].isna().all(axis=None)


def test_planted_uplift_is_found_and_ranks_better_than_the_amount():
    table = pd.DataFrame([judge(seed) for seed in range(100, 140)])
    print("\n", table.describe().loc[["mean", "std", "min", "max"]].T.round(3).to_string())
    assert abs(table["bias of mean uplift"].mean()) < 0.03
    for slope in ("slope if seized", "slope anyway"):
        assert 0.8 <= table[slope].mean() <= 1.25
        assert table[slope].between(0.8, 1.25).mean() >= 0.9
    assert table["top tenth, of oracle"].mean() >= 0.95
    assert (table["top tenth, of oracle"] > table["by amount, of oracle"]).all()
    assert (table["naive difference"] < 0.7 * table["true difference"]).all(), "counting who paid is far off"


def test_what_officers_know_and_the_register_does_not_passes_for_uplift():
    """Honest failure: vehicles of those who would pay anyway are met and seized more often."""
    table = pd.DataFrame([judge(seed, hidden=0.8) for seed in range(100, 120)])
    print("\n", table.describe().loc[["mean", "min", "max"]].T.round(3).to_string())
    assert table["bias of mean uplift"].mean() > 0.05
    assert (table["top tenth, of oracle"] > table["by amount, of oracle"]).mean() >= 0.9, "the order suffers less"


def test_intervals_hold_the_truth_where_the_form_is_right():
    """Hazards that are linear in the features: 90% intervals hold the true uplift of 85-95% of vehicles."""
    held = []
    for seed in range(100, 140):
        random = np.random.default_rng(seed)
        debts, *_unseen = people(random, 2000)
        age, size = (stats.zscore(np.log(debts[name])) for name in ("age_days", "amount_krw"))
        anyway, after = 0.003 * np.exp(-0.4 * age - 0.2 * size), 0.015 * np.exp(-0.5 * age + 0.1 * size)
        by_itself, seizure, settled = (random.exponential(1, 2000) / rate for rate in (anyway, 0.006, after))
        seized = np.where(seizure < by_itself, seizure, np.nan)
        paid = np.where(np.isnan(seized), by_itself, seized + settled)
        seized = np.where(seized <= 180, seized, np.nan)
        outcomes = debts.assign(seized_day=seized, paid_day=np.where(paid <= 180, paid, np.nan), followed_days=180.0)
        values = recovery.fit(outcomes).value(debts.assign(eligible=True, livelihood=False))
        truth = debts["amount_krw"] * (np.exp(-HORIZON * anyway) - np.exp(-HORIZON * after))
        held.append(((values["low"] <= truth) & (truth <= values["high"])).mean())
    print(f"held {np.mean(held):.3f} ({min(held):.2f} to {max(held):.2f})")
    assert 0.85 <= np.mean(held) <= 0.95


@pytest.fixture(scope="module")
def new_york(shared_data):
    """Vehicles that became eligible for boot or tow in 2024, and what was known of them in September 2025."""
    dates = ["tow_eligible_date", "first_action_date", "last_action_date"]
    return pd.read_csv(shared_data / "newyork-indebted-vehicles" / "vehicles.csv", parse_dates=dates)


@pytest.mark.real
def test_new_york_cannot_say_what_a_boot_brings_in(new_york):
    """Who paid is not in the file: every vehicle still owed more than the limit of 350 dollars when it was written."""
    assert (new_york["amount_due"] > 350).all() and (new_york["fines_in_judgement"] > 350).all()
    acted = new_york["first_action_date"].notna()
    before = new_york["first_action_date"] < new_york["tow_eligible_date"]
    print(
        f"\n{len(new_york):,} vehicles, {acted.mean():.1%} with a boot or tow, the first of them in "
        f"{before[acted].mean():.1%} before the vehicle became eligible"
    )
    assert before[acted].mean() > 0.7, "the first action mostly belongs to older debt"
    assert not {"payment_date", "paid_date"} & set(new_york.columns)


@pytest.mark.real
def test_new_york_ranking_against_boot_tow_and_payment(new_york):
    """Ranking by expected recovery on one half, judged on the other by later boots and tows, and later payments.

    Paid: anything on tickets written after the vehicle became eligible. The day is not in the file: taken to be the
    middle of the time left, so that only the order of vehicles can be judged, and not what the boot itself did.
    """
    start, last = new_york["tow_eligible_date"], new_york["last_action_date"]
    followed = (last.max() - start).dt.days.astype(float)
    acted = (new_york["first_action_date"].where(lambda day: day >= start).fillna(last) - start).dt.days
    acted = acted.where(acted >= 0).astype(float)
    paid = new_york["amount_paid_post_tow_eligible"]
    rows = pd.DataFrame(
        {
            "amount_krw": (new_york["total_fines"] - new_york["total_fines_post_tow_eligible"]).clip(
                lower=1
            ),  # dollars
            "age_days": 0.0,  # not in the file
            "count": (new_york["violations"] - new_york["violations_post_tow_eligible"]).clip(lower=1),
            "tax_share": 0.0,
            "seized_day": acted,
            "paid_day": (acted.fillna(0) + (followed - acted.fillna(0)) / 2).where(paid > 0),
            "followed_days": followed,
        }
    )
    learn = np.random.default_rng(4).random(len(rows)) < 0.5
    model = recovery.fit(rows[learn], horizon_days=365)
    judged, paid, acted = rows[~learn], paid[~learn], acted[~learn]
    values = model.value(judged.assign(eligible=True, livelihood=False))
    rankings = {
        "expected recovery": judged["amount_krw"] * values["pay_if_seized"],
        "uplift": values["uplift_krw"],
        "amount": judged["amount_krw"],
        "number of tickets": judged["count"],
    }
    seized = acted.notna()
    outcomes = {
        "boots and tows after eligibility": (seized.astype(float), judged.index),
        "payments, all": (paid, judged.index),
        "payments, booted or towed": (paid, judged.index[seized]),
    }
    print(f"\n{model.basis_if_seized}, {model.if_seized.spells:,} seized of {learn.sum():,}; share in the first tenth:")
    for outcome, (worth, among) in outcomes.items():
        for name, ranking in rankings.items():
            share, low, high = _share_in_first_tenth(ranking[among], worth[among])
            print(f"{outcome:34s}{name:20s}{share:.3f} ({low:.3f}-{high:.3f})")
            assert 0 <= low <= share <= high <= 1
    for outcome in ("boots and tows after eligibility", "payments, all"):
        share, low, _high = _share_in_first_tenth(rankings["expected recovery"], outcomes[outcome][0])
        assert low > 0.1, "better than drawing vehicles at random"


def _share_in_first_tenth(ranking, worth, draws=500):
    """Share of the worth in the first tenth of the ranking, with a 90% bootstrap interval over vehicles."""
    order = worth.to_numpy()[np.argsort(-ranking.to_numpy(float), kind="stable")]
    first = np.arange(len(order)) < len(order) / 10
    random = np.random.default_rng(0)
    shares = []
    for _ in range(draws):
        weight = random.poisson(1, len(order))
        shares.append((order * weight)[first].sum() / (order * weight).sum())
    return order[first].sum() / order.sum(), *np.quantile(shares, [0.05, 0.95])


@pytest.fixture(scope="module")
def philadelphia(shared_data):
    tickets = pd.read_csv(shared_data / "philadelphia-unpaid-tickets" / "tickets.csv.gz")
    return tickets.assign(day=pd.to_datetime(tickets[["year", "month", "day"]]))


def _debts_on(tickets, day):
    """Debts of each car on a day, and days until its next ticket, within the file."""
    before, after = tickets[tickets["day"] < day], tickets[tickets["day"] >= day]
    debts = before.groupby("car_id").agg(
        amount=("amount", "sum"), first=("day", "min"), last=("day", "max"), tickets=("amount", "size")
    )
    since = {name: np.log1p((day - debts[name]).dt.days) for name in ("first", "last")}
    features = pd.DataFrame({**since, "tickets": np.log(debts["tickets"]), "amount": np.log(debts["amount"])})
    return debts["amount"], features, (after.groupby("car_id")["day"].min() - day).dt.days.reindex(debts.index)


@pytest.mark.real
def test_philadelphia_debts_of_cars_that_are_still_about(philadelphia):
    """Unpaid tickets only: neither payment nor boot can be judged, but whether a car was ticketed again can.

    A debt is worth waiting for only where the car still comes. Cars that paid everything are not in the file, nor are
    paid tickets: chances are of cars that never paid.
    """
    year = 365.0
    _amount, features, again = _debts_on(philadelphia, pd.Timestamp("2016-01-01"))
    hazard = recovery.fit_hazard(
        again.fillna(2 * year).clip(upper=2 * year), again < 2 * year, features, [0, 90, 180, year]
    )
    amount, features, again = _debts_on(philadelphia, pd.Timestamp("2018-01-01"))
    seen = again < year
    chance = hazard.probability(features)["probability"]
    slope = calibration_slope(chance.clip(1e-6, 1 - 1e-6), seen)
    old = amount[features["last"] > math.log1p(5 * year)].sum() / amount.sum()
    print(
        f"\n{len(amount):,} cars on 2018-01-01; {old:.1%} of what is owed lies with cars last ticketed over 5 years "
        f"before; {seen.mean():.2%} ticketed again within a year, {chance.mean():.2%} foreseen, slope {slope:.2f}"
    )
    owed_and_seen = amount.where(seen, 0)
    shares = {}
    for name, ranking in {"amount x chance": amount * chance, "chance": chance, "amount": amount}.items():
        shares[name] = _share_in_first_tenth(ranking, owed_and_seen)
        print(
            "share of debts of cars seen again, first tenth by {:16s}{:.3f} ({:.3f}-{:.3f})".format(name, *shares[name])
        )
    assert old > 0.5, "the uncollectable tail"
    assert shares["amount x chance"][1] > shares["amount"][2]
    assert slope > 0.5
