"""The stake-out plan of the sample city and of hand-made logs: rules, what it leaves, what earlier plans brought, what is refused."""

import itertools
import json
import math
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from dansok.cases import delinquent_stakeout as case
from dansok.cases.delinquent_map.inputs import PLACE_CELLS
from dansok.cases.delinquent_stakeout import duty, foresight, past, shown, trials
from dansok.cases.delinquent_stakeout.ground import Ground, ground_of, squad_hours
from dansok.city import open_city
from dansok.korea import calendar
from dansok.link import read_linked
from dansok.link.registers import arrears_as_of
from dansok.models import stakeout
from dansok.tables import READERS
from dansok.words import Refusal

USUAL = {
    "save_as": "again", "language": "ko", "mark": "", "first_month": "12 months", "last_month": "latest", "register_days_at_most": 45,
    "teams": 2, "nights": 20, "shift_starts": 18, "shift_hours": 4, "blocks_per_night": 2, "sites_per_block": 3,
    "area_blocks": 1, "random_share": 0.1, "crew_kmh": 20.0, "hours_to_meet": 4.0, "pays_anyway": 0.1, "cards": 6, "smallest_count": 5,
}  # fmt: skip
PLANS = (
    {},
    {"teams": 4, "nights": 22, "shift_starts": 17, "shift_hours": 6, "blocks_per_night": 3},
    {"teams": 1, "nights": 9, "area_blocks": 0, "random_share": 0.3, "sites_per_block": 1},
    {"teams": 3, "shift_starts": 9, "shift_hours": 8, "blocks_per_night": 4, "area_blocks": 3, "crew_kmh": 12.0},
)


def choices_of(folder, **changed):
    return case.Choices(city=str(folder), **{**USUAL, **changed})


@pytest.fixture(scope="module")
def left(sample_city):
    return sample_city / "4_analysed" / "delinquent_stakeout" / "latest"


@pytest.fixture(scope="module")
def held(sample_city):
    told = json.loads((sample_city / "4_analysed/delinquent_stakeout/latest/plan.json").read_text(encoding="utf-8"))
    return arrears_as_of(open_city(sample_city), told["as_of"], 45)


@pytest.fixture(scope="module")
def inputs(sample_city):
    return case.load(choices_of(sample_city))


@pytest.fixture(scope="module", params=PLANS, ids=str)
def planned(request, sample_city, inputs):
    """A plan of the sample city under other choices: choices, roster, what is known, plan."""
    choices, ground = choices_of(sample_city, **request.param), ground_of(inputs)
    blocks = choices.blocks_of(foresight.next_month(choices))
    slots = sorted(blocks["slot"].unique())
    known = foresight.known_now(inputs, ground, choices, foresight.whereabouts.Settings(), slots)
    roster = ground.roster(blocks, choices.limits, choices.crew_kmh)
    return choices, ground, roster, known, stakeout.make_plan(roster, known.encounters, known.vehicles)


# --- rules ---


def test_no_rule_is_broken(planned):
    """Every rule checked block by block, without the model's help."""
    choices, ground, roster, _known, plan = planned
    places, travel = ground.places, roster.travel.to_numpy()
    starts = pd.to_datetime(plan["date"]) + pd.to_timedelta(plan["start_hour"], unit="h")
    ends = starts + pd.to_timedelta(plan["hours"], unit="h")
    assert plan["random"].sum() >= choices.random_share * len(roster.blocks) - 1e-9
    assert plan.groupby(["team", "date"]).size().max() <= choices.blocks_per_night
    assert plan["places"].map(len).max() <= choices.sites_per_block
    days = calendar.days(plan["date"].min(), plan["date"].max()).set_index("date")
    assert days["is_working_day"][plan["date"]].all() and plan["date"].nunique() <= choices.nights
    waits = plan[plan["how"] == "wait"]
    assert places["can_wait"].iloc[[numbers[0] for numbers in waits["places"]]].all()
    for area in places["area_name"].dropna().unique():
        reached = sum(any(places["area_name"].iloc[place] == area for place in numbers) for numbers in plan["places"])
        assert reached >= choices.area_blocks
    for _team, own in plan.assign(starts=starts, ends=ends).sort_values("starts").groupby("team"):
        for row, then in itertools.pairwise(own.itertuples()):
            assert row.ends <= then.starts
            assert row.date != then.date or not set(row.places) & set(then.places)
            between = (then.starts - row.ends) / pd.Timedelta(hours=1)
            assert travel[row.places[-1], then.places[0]] <= between + choices.limits.travel_hours + 1e-9
    for _at, together in plan.groupby(starts):
        sites = together["places"].explode()
        assert not sites.duplicated().any(), "two teams at one place"


def test_only_vehicles_that_may_lose_the_plate_are_planned_for_and_each_counts_once(planned, inputs):
    _choices, _ground, _roster, known, plan = planned
    vehicles = inputs.held.vehicles
    met = shown.meetings(plan, known, inputs)
    own = vehicles.loc[met["vehicle"].unique()]
    assert own["eligible"].all() and not own["livelihood"].eq(True).any() and not own["instalments"].eq(True).any()
    first = met.groupby("vehicle")["first"].sum()
    assert (first <= 1 + 1e-9).all()
    assert (met.groupby("vehicle")["value"].sum() <= known.vehicles["value"][first.index] + 1e-6).all()
    told = stakeout.promise(plan, known.encounters, known.vehicles)
    assert 0.5 * told["vehicles"] < met["first"].sum() <= told["vehicles"] + 1e-9, (
        "but for chances below one in ten thousand"
    )


def test_a_vehicle_is_worth_what_seizure_adds_and_no_more_than_it_owes(planned, inputs):
    known, vehicles = planned[3], inputs.held.vehicles
    assert (known.vehicles["value"] <= vehicles["present_krw"]).all()
    assert (known.vehicles.loc[~known.vehicles["eligible"], "value"] == 0).all()


# --- what is left for the field list ---


def test_the_plan_is_left_as_agreed(left, held):
    blocks, meetings = (pd.read_parquet(left / f"{name}.parquet") for name in ("blocks", "meetings"))
    told = json.loads((left / "plan.json").read_text(encoding="utf-8"))
    assert list(blocks) == [
        "block", "team", "starts_at", "ends_at", "how", "place_name", "area_name", "x", "y", "control", "control_chance",
        "expected_vehicles", "expected_krw", "low_vehicles", "high_vehicles", "low_krw", "high_krw",
    ]  # fmt: skip
    assert list(meetings) == ["block", "vehicle", "plate_token", "chance", "expected_krw", "reliability", "seen_class"]
    assert set(told) == {"city", "notebook", "run", "as_of", "snapshot_on", "first_day", "last_day", "key_mark"}
    assert told["run"] == "latest" and told["snapshot_on"] <= told["as_of"] < told["first_day"] <= told["last_day"]
    assert blocks["block"].is_unique and set(meetings["block"]) <= set(blocks["block"])
    assert blocks["block"].str.fullmatch(r"\d{4}-\d\d-\d\d [A-Z] \d").all()
    assert (blocks["starts_at"] < blocks["ends_at"]).all() and blocks["starts_at"].min() >= pd.Timestamp(
        told["first_day"]
    )
    assert set(blocks["how"]) <= {"wait", "roam"} and blocks["control"].dtype == bool and blocks["control"].any()
    assert blocks["control_chance"].gt(0).equals(blocks["control"]) and not blocks["control_chance"].gt(1).any()
    assert blocks[["x", "y"]].notna().all(axis=None) and blocks["place_name"].notna().all()
    assert (blocks["low_krw"] <= blocks["high_krw"]).all() and (blocks["low_vehicles"] <= blocks["high_vehicles"]).all()
    assert not meetings.duplicated(["block", "vehicle"]).any() and meetings["chance"].between(0, 1).all()
    assert set(meetings["reliability"]) <= {"0", "1-2", "3-9", "10+"}
    assert set(meetings["seen_class"]) <= {"week", "month", "quarter", "older", "never"}
    eligible = held.vehicles[held.vehicles["eligible"].astype(bool)]
    assert meetings["vehicle"].isin(eligible.index).all()
    assert (meetings["plate_token"] == eligible["plate_token"].reindex(meetings["vehicle"]).to_numpy()).all()


def test_no_plate_stands_in_what_is_left(left):
    plate = re.compile(r"\d{2,3}[가-힣]\s?\d{4}")
    for path in left.glob("*.parquet"):
        for column in pd.read_parquet(path).select_dtypes(["object", "string"]):
            assert not pd.read_parquet(path)[column].astype(str).str.contains(plate).any(), (path.name, column)
    assert not any(plate.search(path.read_text(encoding="utf-8")) for path in left.glob("*.json"))


def test_metrics_are_those_of_the_pages(left):
    metrics = json.loads((left / "metrics.json").read_text(encoding="utf-8"))
    said = json.loads((left / "findings.json").read_text(encoding="utf-8"))
    asked = {"expected_recovered_krw_per_crew_hour", "realised_recovered_krw_per_crew_hour", "gain_over_best_rival",
             "promised_over_realised", "random_slot_share"}  # fmt: skip
    rivals = {
        f"realised_recovered_krw_per_crew_hour_{name}" for name in (trials.UNBOUND, *trials.RIVALS, trials.PRACTICE)
    }
    assert set(metrics) == asked | rivals
    plan = said["plan"]["numbers"]
    assert metrics["expected_recovered_krw_per_crew_hour"] == pytest.approx(plan["value_krw"] / plan["crew_hours"])
    assert metrics["gain_over_best_rival"] == pytest.approx(said["trial"]["numbers"]["gain"])
    assert metrics["promised_over_realised"] == pytest.approx(said["kept"]["numbers"]["promised_over_realised"])
    blocks = pd.read_parquet(left / "blocks.parquet")
    assert metrics["random_slot_share"] == pytest.approx(blocks["control"].mean()) and blocks["control"].mean() >= 0.1
    assert blocks["expected_krw"].sum() == pytest.approx(plan["value_krw"])


def test_the_same_records_give_the_same_plan_and_it_is_written_whole(sample_city, inputs, left, tmp_path):
    choices = choices_of(sample_city)
    result = case.analyse(inputs, choices)
    pd.testing.assert_frame_equal(result.blocks_left, pd.read_parquet(left / "blocks.parquet"), check_dtype=False)
    for _time in range(2):
        case.save_plan(tmp_path / "once", result)
    assert sorted(path.name for path in (tmp_path / "once").iterdir()) == [
        "blocks.parquet",
        "meetings.parquet",
        "plan.json",
    ]
    assert sum(map(len, result.cards)) == 6 and set(result.calendar) == {"A", "B"}
    assert sum(map(len, result.calendar.values())) == len(result.blocks_left)
    fair = result.fairness
    assert len(fair) and (fair["chosen"] <= fair["debtors"]).all() and not fair["chosen"].between(1, 4).any()
    assert result.returns["gain"].is_monotonic_decreasing


# --- trials ---


def replayed(month, plan, **numbers):
    usual = {"crew_hours": 100.0, "answered": 0.5, "realised_vehicles": 3.0, "equal_hours": 50.0, "scale_error": 0.2}
    return {
        "month": month,
        "plan": plan,
        "promised_value": 100.0,
        "realised_value": 80.0,
        "equal_value": 80.0,
        **usual,
        **numbers,
    }


def test_promises_are_scaled_by_the_months_before_only():
    rows = [replayed("2025-01", "plan"), replayed("2025-02", "plan", realised_value=160.0, promised_value=100.0)]
    tried = trials.Trials(pd.DataFrame(rows))
    weight = trials.PRIOR_ERROR**2 / (trials.PRIOR_ERROR**2 + 0.2**2)
    assert tried.kept_by_month["promised"].tolist() == pytest.approx([100 * 0.8**weight])
    error = math.hypot(0.2 * 80, 0.2 * 160) / 240
    weight = trials.PRIOR_ERROR**2 / (trials.PRIOR_ERROR**2 + error**2)
    assert tried.scale == pytest.approx((1.2**weight, math.sqrt(weight) * error))


def test_a_scale_that_no_month_tells_is_one_and_unsure():
    assert trials.Trials(pd.DataFrame([replayed("2025-01", "plan", realised_value=0.0, scale_error=np.nan)])).scale == (
        1.0,
        trials.PRIOR_ERROR,
    )


def test_a_trial_does_not_know_what_readers_did_from_its_month_on(inputs):
    month = sorted(inputs.watched["month"].unique())[-2]
    later = inputs.watched["month"] >= month
    other = replace(inputs, watched=inputs.watched.assign(read=inputs.watched["read"].where(~later, 7)))
    known, changed = (ground_of(one, before=month) for one in (inputs, other))
    assert known.places.equals(changed.places) and known.fixed_hour == changed.fixed_hour
    assert all((known.effort[name] == changed.effort[name]).all() for name in known.effort)
    assert (
        not ground_of(inputs).places.equals(ground_of(other).places) or ground_of(other).fixed_hour != known.fixed_hour
    )


def test_practice_is_spread_over_the_hours_of_the_plan():
    done = pd.DataFrame({"slot": [1, 2], "place": [7, 8], "hours": [2.4, 0.8]}, index=[9, 4])
    plan = trials.practice(done, 4.0, mean_hours=4.0, block_hours=2.0)
    assert plan["hours"].tolist() == pytest.approx([1.5, 1.5, 1]) and plan["places"].tolist() == [(7,), (7,), (8,)]
    assert plan["slot"].tolist() == [1, 1, 2]
    assert plan["delta"].tolist() == pytest.approx([1 - math.exp(-hours / 4) for hours in (1.5, 1.5, 1)])


def test_practice_recovers_what_blocks_of_the_same_hours_there_would():
    """Twenty hours at a place in a month are ten evenings there, not one stay of twenty hours."""
    known = stakeout.Encounters(pd.DataFrame({"vehicle": ["A"], "slot": 5, "place": 0, "probability": 0.5}))
    owed = pd.DataFrame({"value": [1e6], "eligible": True}, ["A"])
    seen = pd.DataFrame({"vehicle": ["A"], "slot": 5, "place": 0, "visits": 10})
    looks = pd.DataFrame({"slot": [5], "place": 0, "looks": 20.0})
    squads = trials.practice(pd.DataFrame({"slot": [5], "place": 0, "hours": 60.0}), 20.0, 4.0, 2.0)
    blocks = squads.iloc[:1].loc[[0] * 10].assign(hours=2.0, delta=stakeout.share_met(2.0, 4.0))
    told = stakeout.replay({"squads": squads, "blocks": blocks}, known, seen, looks, owed)["realised_value"]
    assert told["squads"] == pytest.approx(told["blocks"])


@pytest.mark.parametrize("an_evening", [0.05, 4.0, 20.0])
def test_what_a_gate_saw_every_evening_says_what_a_crew_would_meet_in_one(an_evening):
    """However much stronger than a crew its reader is: it sees a vehicle once an evening, no more."""
    month, mean_hours, chance = "2025-01", 4.0, np.random.default_rng(0)
    effort = np.zeros((14, 1))
    days = calendar.days("2025-01-01", "2025-01-31")["is_working_day"].sum()
    effort[5] = days * an_evening
    ground = Ground(pd.DataFrame(index=[0]), {month: effort}, {}, 1.0, 200, 1.0)
    looks = ground.looks_of([month], mean_hours)[5, 0]
    there = chance.random((4000, days)) < 0.4
    visits = (there & (chance.random(there.shape) < stakeout.share_met(an_evening, mean_hours))).sum(axis=1)
    names = [f"v{number}" for number in range(4000)]
    seen = pd.DataFrame({"vehicle": names, "slot": 5, "place": 0, "visits": visits}).query("visits > 0")
    plan = trials.practice(pd.DataFrame({"slot": [5], "place": 0, "hours": 0.15}), 0.15, mean_hours, 2.0)
    known = stakeout.Encounters(pd.DataFrame({"vehicle": names, "slot": 5, "place": 0, "probability": 0.4}))
    owed = pd.DataFrame({"value": 1.0, "eligible": True}, names)
    told = stakeout.replay({"plan": plan}, known, seen, pd.DataFrame({"slot": [5], "place": 0, "looks": looks}), owed)
    assert told["realised_vehicles"].item() == pytest.approx(4000 * 0.4 * plan["delta"].item(), rel=0.08)


def test_settings_are_chosen_by_who_was_in_a_register_by_then(inputs, sample_city, monkeypatch):
    choices, ground = choices_of(sample_city), ground_of(inputs)
    month = choices.months[-1]
    monkeypatch.setattr(foresight.whereabouts, "choose_settings", lambda seen, *others: seen)
    used = foresight.settings_before(month, inputs, ground, choices)
    known = inputs.history.loc[inputs.history["snapshot_on"].astype(str) < f"{month}-01", "vehicle"]
    assert len(used) and used["vehicle"].isin(known).all()
    assert not inputs.looks["vehicle"].isin(known).all(), "others entered a register later"


def test_what_the_rules_of_the_plan_cost_is_told_beside_its_gain():
    values = {"plan": 110.0, "unbound": 130.0, "ten_busiest": 100.0, "busiest_once": 90.0}
    rows = [replayed("2025-01", name, equal_value=value) for name, value in values.items()]
    tried = trials.Trials(pd.DataFrame(rows))
    found = case.sentences.trials_said(tried, shown.trials(tried))[0]
    assert found.numbers["gain"] == pytest.approx(0.1) and found.numbers["gain_unbound"] == pytest.approx(0.3)
    assert all("+10%" in said and "+30%" in said for said in (found.text.ko, found.text.en))


def test_a_gain_above_twice_is_called_a_likely_mistake():
    values = {"plan": 500.0, "unbound": 500.0, "ten_busiest": 100.0}
    rows = [replayed("2025-01", name, equal_value=value) for name, value in values.items()]
    tried = trials.Trials(pd.DataFrame(rows))
    found = case.sentences.trials_said(tried, shown.trials(tried))[0]
    assert (
        found.numbers["gain"] == pytest.approx(4)
        and "잘못을 먼저 의심" in found.text.ko
        and "sign of a mistake" in found.text.en
    )


def test_a_city_without_an_earlier_register_has_no_trial(sample_city, inputs):
    late = replace(inputs, history=inputs.history[inputs.history["snapshot_on"] == inputs.history["snapshot_on"].max()])
    choices = choices_of(sample_city)
    tried = trials.try_months(late, choices, choices.months[-2:])
    assert tried.table.empty and tried.scale == (1.0, trials.PRIOR_ERROR)
    assert "시험할 달이 모자라" in case.sentences.trials_said(tried, shown.trials(tried))[0].text.ko


def test_why_the_least_block_brings_less_than_a_further_one_is_said(sample_city):
    choices = choices_of(sample_city)
    curve, further = pd.DataFrame({"x": [2, 4], "gain": [80.0, 8.0]}), pd.DataFrame({"per_hour": [42.0, 10.0]})
    said = case.sentences.next_hour_said(curve, further, choices)[0].text
    assert "80만 원" in said.ko and "42만 원" in said.ko and "읍면동마다" in said.ko
    assert "읍면동마다" not in case.sentences.next_hour_said(curve, further.assign(per_hour=5.0), choices)[0].text.ko


def test_promises_are_told_as_kept_or_not():
    for realised, told in ((80.0, "덜 걷혔다"), (160.0, "약속한 만큼은 걷혔다")):
        rows = [replayed("2025-01", "plan", realised_value=100.0), replayed("2025-02", "plan", realised_value=realised)]
        assert told in case.sentences.kept_said(trials.Trials(pd.DataFrame(rows)), 0.9, 0.15)[0].text.ko


# --- what earlier plans brought ---


def earlier(folder, run="2025-05", last="2025-05-30", blocks=4):
    """A plan left before: one place night after night."""
    (folder / run).mkdir(parents=True)
    starts = pd.date_range("2025-05-07 20:00", periods=blocks, freq="D")
    frame = pd.DataFrame({"block": [f"{day:%Y-%m-%d} A 1" for day in starts], "team": "A", "starts_at": starts})
    frame = frame.assign(
        ends_at=starts + pd.Timedelta(hours=2),
        how="wait",
        place_name="곳",
        area_name="동",
        x=100.0,
        y=100.0,
        control=False,
    )
    numbers = ("expected_vehicles", "expected_krw", "low_vehicles", "high_vehicles", "low_krw", "high_krw")
    frame.assign(**dict.fromkeys(numbers, 0.5)).to_parquet(folder / run / "blocks.parquet")
    told = {"run": run, "first_day": "2025-05-01", "last_day": last}
    (folder / run / "plan.json").write_text(json.dumps(told), encoding="utf-8")
    return starts


def log_of(*rows):
    log = pd.DataFrame(rows, columns=["acted_at", "action", "crew"]).reindex(columns=past.LOG_COLUMNS)
    return log.assign(acted_at=pd.to_datetime(log["acted_at"]))


def test_only_plans_whose_days_are_over_are_read(tmp_path):
    earlier(tmp_path)
    assert past.plans_until(tmp_path, pd.Timestamp("2025-05-29")).blocks.empty
    assert len(past.plans_until(tmp_path, pd.Timestamp("2025-05-31")).blocks) == 4
    earlier(tmp_path, "2025-05b")
    assert past.plans_until(tmp_path, pd.Timestamp("2025-05-31")).runs["run"].nunique() == 1, (
        "two for one month: the later one"
    )


def test_a_block_without_an_entry_is_not_known_to_have_been_worked(tmp_path):
    starts = earlier(tmp_path)
    at = starts + pd.Timedelta(minutes=30)
    log = log_of(
        (at[0], "seized", "A"), (at[0], "returned", "A"), (at[1], "seized", "B"), (at[2], "miss", "A"), (at[3] + pd.Timedelta(hours=3), "seized", "A")
    )  # fmt: skip
    done = past.delivered(past.plans_until(tmp_path, pd.Timestamp("2025-06-30")), log)
    assert done["entries"].tolist() == [1, 0, 1, 0] and done["hits"].tolist() == [1, 0, 0, 0]
    told = past.promised_and_delivered(done).iloc[0]
    assert (told["blocks"], told["worked"], told["hits"], told["in_vain"]) == (4, 2, 1, 1)
    assert told["expected"] == pytest.approx(1.0), "of the blocks worked alone"


def test_a_log_sheet_names_its_block_and_counts_a_vehicle_once(tmp_path):
    starts = earlier(tmp_path)
    late = starts + pd.Timedelta(days=40)
    log = log_of(
        *[(at, action, "A") for at, action in zip(late, ("not_there", "seized", "paid_on_spot", "met"), strict=True)]
    )
    log = log.assign(
        block=[f"{starts[0]:%Y-%m-%d} A 1", *[f"{starts[1]:%Y-%m-%d} A 1"] * 3], plate_token=[None, "p", "p", "q"]
    )
    export = log_of((starts[1] + pd.Timedelta(minutes=5), "seized", "A")).assign(plate_token="p")
    done = past.delivered(past.plans_until(tmp_path, pd.Timestamp("2025-06-30")), pd.concat([log, export]))
    assert done["entries"].tolist() == [1, 4, 0, 0] and done["hits"].tolist() == [0, 2, 0, 0]


def test_a_vehicle_met_in_two_blocks_is_one_that_was_promised_once(tmp_path):
    starts = earlier(tmp_path)
    log = log_of(*[(at + pd.Timedelta(minutes=5), "met", "A") for at in starts]).assign(
        plate_token=["p", "p", "q", None]
    )
    done = past.delivered(past.plans_until(tmp_path, pd.Timestamp("2025-06-30")), log)
    assert done["hits"].tolist() == [1, 0, 1, 1] and not done["in_vain"].any()
    assert past.promised_and_delivered(done)[["hits", "in_vain"]].values.tolist() == [[3, 0]]


def test_an_entry_on_the_stroke_counts_in_one_block(tmp_path):
    earlier(tmp_path)
    before = past.plans_until(tmp_path, pd.Timestamp("2025-06-30"))
    ends = pd.to_datetime(before.blocks["ends_at"])
    before.blocks["team"] = "A"
    before.blocks.loc[1, "starts_at"] = ends[0]
    log = log_of((ends[0], "seized", "A"), (ends[3], "seized", "A"))
    assert past.delivered(before, log)["hits"].tolist() == [0, 1, 0, 1]


def test_three_visits_in_vain_lower_a_site_by_half(tmp_path):
    starts = earlier(tmp_path)
    log = log_of(*[(at + pd.Timedelta(minutes=5), "miss", "A") for at in starts[:3]])
    done = past.delivered(past.plans_until(tmp_path, pd.Timestamp("2025-06-30")), log)
    factors = past.factors(done, lambda x, y: np.zeros(len(x), int), duty.rest_days)
    assert factors["slot"].tolist() == [6] and factors["factor"].tolist() == pytest.approx([0.5])
    nowhere = past.factors(done, lambda x, y: np.full(len(x), -1), duty.rest_days)
    assert nowhere.empty


def test_a_site_in_vain_is_held_for_less_next_month(sample_city, inputs):
    choices, ground = choices_of(sample_city), ground_of(inputs)
    known = foresight.known_now(inputs, ground, choices, foresight.whereabouts.Settings(), [5, 6])
    place = int(known.encounters.own["place"].iloc[0])
    slot = int(known.encounters.own["slot"].iloc[0])
    after = foresight.with_outcomes(known, pd.DataFrame({"place": [place], "slot": [slot], "factor": [0.5]}))
    before = known.encounters.own.query("place == @place and slot == @slot")["probability"]
    assert after.encounters.own.loc[before.index, "probability"].tolist() == pytest.approx((before / 2).tolist())


# --- inputs ---


def test_reads_are_counted_in_the_engine(inputs):
    """However often a plate was read, a vehicle is there once an hour and place; nothing else of the reads is held."""
    assert not inputs.looks.duplicated().any()
    hours = inputs.looks.groupby("vehicle").size().max()
    assert hours <= inputs.looks["on"].nunique() * 24
    assert (
        len(inputs.watched) < 500_000
        and not inputs.watched.duplicated(["looker", "place_x", "place_y", "month", "rest_day", "hour"]).any()
    )


def test_a_crews_hour_is_one_on_duty(inputs):
    ground = ground_of(inputs)
    logged = inputs.watched.loc[inputs.watched["looker"] == "squad_car", "hours"].sum()
    assert ground.logged == pytest.approx(logged / inputs.duty_hours) and 0.6 < ground.logged < 1
    squads = squad_hours(inputs.watched, ground, sorted(inputs.watched["month"].unique()))
    assert squads["hours"].sum() == pytest.approx(inputs.duty_hours, rel=0.02)


@pytest.mark.parametrize(
    "changed, said",
    [
        ({"teams": 0}, "teams = 0"),
        ({"random_share": 0.6}, "random_share"),
        ({"shift_starts": 22}, "자정"),
        ({"blocks_per_night": 6, "shift_hours": 2}, "30분"),
        ({"hours_to_meet": 0}, "hours_to_meet"),
        ({"smallest_count": 4}, "smallest_count"),
        ({"register_days_at_most": 400}, "register_days_at_most"),
    ],
)
def test_impossible_choices_are_refused_in_a_sentence(sample_city, changed, said):
    with pytest.raises(Refusal, match=said):
        choices_of(sample_city, **changed)


def test_more_areas_than_blocks_are_refused(sample_city, inputs):
    with pytest.raises(Refusal, match="cannot be had in each"):
        case.analyse(inputs, choices_of(sample_city, area_blocks=3, teams=1))


def test_nights_are_spread_over_the_working_days_of_the_month():
    table = duty.blocks_of("2025-05", teams=2, nights=4, starts=20, hours=3, blocks=2)
    days = table["date"].drop_duplicates()
    assert len(table) == 4 * 2 * 2 and days.is_monotonic_increasing and (days.iloc[-1] - days.iloc[0]).days > 20
    assert calendar.days("2025-05-01", "2025-05-31").set_index("date")["is_working_day"][days].all()
    assert table["slot"].eq(6).all() and table["hours"].eq(1.5).all()
    every = duty.blocks_of("2025-05", teams=1, nights=31, starts=20, hours=3, blocks=1)
    assert len(every) == calendar.days("2025-05-01", "2025-05-31")["is_working_day"].sum()


# --- what a month that is held back may know ---


def until(inputs, month):
    """Inputs without anything of a month or later."""
    day = pd.Timestamp(f"{month}-01")
    return replace(
        inputs,
        looks=inputs.looks[inputs.looks["on"] < day],
        history=inputs.history[pd.to_datetime(inputs.history["snapshot_on"]) < day],
        seizures=inputs.seizures[inputs.seizures["acted_at"] < day],
    )


def test_a_month_held_back_is_planned_with_what_was_known_before_it(inputs, sample_city):
    choices = choices_of(sample_city)
    month = choices.months[-2]
    found = [
        foresight.known_before(
            month, one, ground_of(one, before=month), choices, foresight.whereabouts.Settings(), [5, 6]
        )
        for one in (inputs, until(inputs, month))
    ]
    pd.testing.assert_frame_equal(*(known.vehicles for known in found))
    pd.testing.assert_frame_equal(*(known.sightings for known in found))
    pd.testing.assert_series_equal(*(known.active for known in found))
    own = [known.encounters.own for known in found]
    assert len(own[0]) and own[0]["probability"].sum() == pytest.approx(own[1]["probability"].sum())
    assert (found[0].seen["day"] < f"{month}-01").all()


def test_who_has_paid_before_a_month_is_not_planned_for_in_it(inputs, sample_city):
    choices, settings = choices_of(sample_city), foresight.whereabouts.Settings()
    month = choices.months[-2]
    days = pd.to_datetime(inputs.history["snapshot_on"])
    last = days == days[days < f"{month}-01"].max()
    paid = inputs.history.loc[last, "vehicle"].iloc[::7]
    until = inputs.history["until_on"].where(~(last & inputs.history["vehicle"].isin(paid)), days)
    changed = replace(inputs, history=inputs.history.assign(until_on=until))
    known, left = (
        foresight.known_before(month, one, ground_of(one, before=month), choices, settings, [5, 6]).vehicles.index
        for one in (inputs, changed)
    )
    assert set(known) - set(left) == set(paid)


def test_trials_choose_their_settings_before_the_first_month(inputs, sample_city, monkeypatch):
    choices, asked = choices_of(sample_city), []
    monkeypatch.setattr(
        foresight, "settings_before", lambda month, *others: asked.append(month) or foresight.whereabouts.Settings()
    )
    trials.try_months(inputs, choices, choices.months[-2:])
    assert asked == choices.months[-2:-1]


def test_homes_are_those_of_registers_until_the_day(inputs):
    ground = ground_of(inputs)
    moved = inputs.history.sort_values("snapshot_on").drop_duplicates("vehicle")
    other = next(name for name in ground.places["area_name"].dropna().unique())
    later = pd.to_datetime(inputs.history["snapshot_on"]) > pd.Timestamp(moved["snapshot_on"].iloc[0])
    changed = replace(inputs, history=inputs.history.assign(home_area=inputs.history["home_area"].where(~later, other)))
    day = pd.Timestamp(moved["snapshot_on"].iloc[0])
    homes = [foresight._homes(one, day, ground)[1] for one in (inputs, changed)]
    pd.testing.assert_series_equal(*homes)


def test_looks_are_what_readers_saw_of_debtors(inputs, sample_city):
    """Counted again from the visits: what officers and citizens recorded is no look of a reader."""
    choices = choices_of(sample_city)
    begins, ends = pd.Timestamp(f"{choices.months[0]}-01"), pd.Timestamp(inputs.held.day) + pd.Timedelta(days=1)
    visits = read_linked(open_city(sample_city), "debtor_visits")
    visits = visits[(visits["first_at"] >= begins) & (visits["first_at"] < ends)]
    read = visits[(visits["reads"] > 0) & visits["looker"].isin(list(READERS))]
    assert 0 < len(read) < len(visits)
    at = read[["cell_x", "cell_y"]] // PLACE_CELLS
    looks = at.assign(vehicle=read["vehicle"], on=read["first_at"].dt.normalize(), hour=read["first_at"].dt.hour)
    assert len(inputs.looks) == len(looks.drop_duplicates())
    last = visits.groupby("vehicle")["first_at"].max()
    assert (inputs.last_seen.reindex(last.index) == last).all() and len(inputs.last_seen) == len(last)


def test_crews_wait_where_a_car_was_or_a_lot_is_and_nowhere_beyond_the_city(inputs):
    ground = ground_of(inputs)
    watched = inputs.watched[inputs.watched["looker"].isin(["squad_car", "patrol_car"])]
    never = watched.groupby(["place_x", "place_y"])["hours"].sum().loc[lambda hours: hours <= 0].index
    places = pd.MultiIndex.from_frame(ground.places[["place_x", "place_y"]])
    barred = places.isin(never) & ~ground.places["lot"].to_numpy(bool)
    assert barred.any() and not ground.places.loc[barred, "can_wait"].any()
    beyond = ground.places["area_name"].where(ground.places.index > 2)  # three of them
    roster = replace(ground, places=ground.places.assign(area_name=beyond)).roster(
        duty.blocks_of("2025-08", 1, 2, 18, 4, 2), stakeout.Limits(), 20.0
    )
    assert len(roster.places) == beyond.notna().sum() and not roster.places.index.isin([0, 1, 2]).any()
