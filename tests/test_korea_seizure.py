"""Whose plate may be taken: cases at the edges of the rules, and every planted debtor of a sample city counted by hand."""

import datetime

import numpy as np
import pandas as pd
import pytest
from dansok.korea.rules import read_rules
from dansok.korea.seizure import COLUMNS, seizable
from dansok.tables import SEIZURE_REASONS, TREAT_BY
from dansok.words import Text

DAY = pd.Timestamp("2025-06-30")
LONG_AGO = pd.Timestamp("2024-12-31")


def debt(kind="vehicle_tax", krw=200_000, due=LONG_AGO, **other):
    """A debt to this city of a vehicle registered here, of which nothing special is known."""
    plain = {
        "vehicle": "A",
        "registered": "own",
        "debt_kind": kind,
        "owed_to": "own",
        "due_on": due,
        "amount_krw": krw,
        "of_owner": True,
        "on_register": True,
        "plate_held": False,
        "livelihood": False,
        "instalments": False,
        "stopped": False,
    }
    return {**plain, **other}


def fine(krw, days=60, **other):
    return debt("fine", krw, DAY - pd.Timedelta(days=days), **other)


def decided(*debts, day=DAY, place="남양주시", rules=None):
    return seizable(pd.DataFrame(debts), day, place, rules).loc["A"]


ABROAD = {"registered": "other", "owed_to": "other"}
CASES = [
    # debts, day, eligible, reason, treat_by, rule
    ([debt()], DAY, False, "too_few_taxes", "notice", "seizure-tax-namyangju-own"),
    ([debt()] * 2, DAY, True, "car_taxes", "plate", "seizure-tax-namyangju-own"),
    ([debt(krw=10)] * 2, DAY, True, "car_taxes", "plate", "seizure-tax-namyangju-own"),
    ([debt(), debt(due=DAY)], DAY, False, "too_few_taxes", "notice", "seizure-tax-namyangju-own"),
    ([debt(), debt(due=DAY)], DAY + pd.Timedelta(days=1), True, "car_taxes", "plate", "seizure-tax-namyangju-own"),
    ([debt(due=DAY)], DAY, False, "not_due", "notice", None),
    ([debt(), debt(due=pd.NaT)], DAY, True, "car_taxes", "plate", "seizure-tax-namyangju-own"),
    # other cities' vehicles: four until 2025-11-30, three from the day after
    ([debt(**ABROAD)] * 2, "2025-12-01", False, "too_few_taxes", "notice", "seizure-tax-other-2025"),
    ([debt(**ABROAD)] * 3, "2025-11-30", False, "too_few_taxes", "notice", "seizure-tax-namyangju-other"),
    ([debt(**ABROAD)] * 3, "2025-12-01", True, "car_taxes", "plate", "seizure-tax-other-2025"),
    ([debt(**ABROAD)] * 4, "2025-11-30", True, "car_taxes", "plate", "seizure-tax-namyangju-other"),
    ([debt(**ABROAD)] * 4, "2025-12-01", True, "car_taxes", "plate", "seizure-tax-other-2025"),
    # a vehicle that lives elsewhere by now owes this city; one that lives here owes another
    ([debt(registered="other")] * 3, DAY, False, "too_few_taxes", "notice", "seizure-tax-namyangju-other"),
    ([debt(owed_to="other")] * 3, DAY, False, "too_few_taxes", "notice", "seizure-tax-namyangju-other"),
    ([debt(), debt(owed_to="other")], DAY, False, "too_few_taxes", "notice", "seizure-tax-namyangju-own"),
    ([debt()] * 2 + [debt(owed_to="other")] * 3, DAY, True, "car_taxes", "plate", "seizure-tax-namyangju-own"),
    # fines: 300,000 won, 60 days
    ([fine(299_990)], DAY, False, "fines_too_small", "notice", "seizure-fine-namyangju"),
    ([fine(300_000)], DAY, True, "fines", "plate", "seizure-fine-namyangju"),
    ([fine(300_000, 59)], DAY, False, "fines_too_recent", "notice", "seizure-fine-namyangju"),
    ([fine(300_000, 61)], DAY, True, "fines", "plate", "seizure-fine-namyangju"),
    ([fine(150_000), fine(150_000, 59)], DAY, False, "fines_too_recent", "notice", "seizure-fine-namyangju"),
    ([fine(150_000), fine(149_990)], DAY, False, "fines_too_small", "notice", "seizure-fine-namyangju"),
    ([fine(40_000)] * 8, DAY, True, "fines", "plate", "seizure-fine-namyangju"),
    ([fine(300_000, due_on=pd.NaT)], DAY, False, "fines_too_small", "notice", "seizure-fine-namyangju"),
    ([debt("fine", 300_000, pd.Timestamp("2011-07-06"))], DAY, False, "fines_too_small", "notice", "seizure-fine-namyangju"),
    ([debt("fine", 300_000, pd.Timestamp("2011-07-07"))], DAY, True, "fines", "plate", "seizure-fine-namyangju"),
    ([fine(400_000, registered="other")], DAY, True, "fines", "plate", "seizure-fine-namyangju"),
    ([fine(400_000, **ABROAD)], DAY, False, "fines_of_others", "notice", None),
    ([debt(), fine(299_990)], DAY, False, "too_few_taxes", "notice", "seizure-tax-namyangju-own"),
    ([debt(), fine(300_000)], DAY, True, "fines", "plate", "seizure-fine-namyangju"),
    # people and vehicles that are spared, or past saving
    ([debt(livelihood=True), debt()], DAY, False, "livelihood", "welfare", "seizure-livelihood"),
    ([debt(instalments=True), debt()], DAY, False, "instalments", "instalment", "seizure-instalments"),
    ([debt(livelihood=True, instalments=True)] * 2, DAY, False, "livelihood", "welfare", "seizure-livelihood"),
    ([debt(stopped=True)], DAY, True, "driving_ban", "tow", "unlawful-vehicle"),
    ([debt(stopped=True, livelihood=True)], DAY, False, "livelihood", "welfare", "seizure-livelihood"),
    ([debt(stopped=True, instalments=True)], DAY, False, "instalments", "instalment", "seizure-instalments"),
    ([debt(stopped=True)], "2016-02-11", False, "no_rule", "notice", None),
    ([debt(stopped=True, plate_held=True)] * 2, DAY, False, "plate_held", "tow", "seizure-then-tow"),
    ([debt(on_register=False)] * 5, DAY, False, "deregistered", "notice", "seizure-owner"),
    ([debt(of_owner=False)] * 3, DAY, False, "sold", "notice", "seizure-owner"),
    ([debt(of_owner=None)] * 3, DAY, False, "owner_unclear", "notice", "seizure-owner"),
    ([debt(of_owner=False), debt(of_owner=None)], DAY, False, "owner_unclear", "notice", "seizure-owner"),
    ([debt(of_owner=False)] * 3 + [debt()], DAY, False, "too_few_taxes", "notice", "seizure-tax-namyangju-own"),
    ([debt(of_owner=False)] + [debt()] * 2, DAY, True, "car_taxes", "plate", "seizure-tax-namyangju-own"),
    ([debt(livelihood=None, instalments=None, stopped=None)] * 2, DAY, True, "car_taxes", "plate", "seizure-tax-namyangju-own"),
]  # fmt: skip


@pytest.mark.parametrize(("debts", "day", "eligible", "reason", "treat_by", "rule"), CASES)
def test_cases_at_the_edges(debts, day, eligible, reason, treat_by, rule):
    if isinstance(day, str) and day < "2025-01-01":
        debts = [{**one, "due_on": pd.Timestamp("2014-12-31")} for one in debts]
    found = decided(*debts, day=day)
    assert (found.eligible, found.reason, found.treat_by) == (eligible, reason, treat_by)
    assert found.rule_id == rule or (rule is None and pd.isna(found.rule_id))


def test_every_reason_and_treatment_is_reached_and_described():
    assert {case[3] for case in CASES} == set(SEIZURE_REASONS)
    assert {case[4] for case in CASES} == set(TREAT_BY)


def test_the_deciding_rule_is_cited_and_an_unverified_one_says_so():
    own, other = decided(debt(), debt()), decided(*[debt(**ABROAD)] * 4)
    assert own.verified and "ajunews.com" in own.source
    assert not other.verified, "that the count of four still held in 2025 is inferred"
    assert pd.isna(decided(debt(due=DAY)).verified)


def test_what_the_export_does_not_tell_is_named():
    assert decided(debt(livelihood=None, stopped=None)).not_in_export == "livelihood, stopped"
    assert decided(debt(livelihood=None), debt(livelihood=False)).not_in_export == "", "one row is enough"


def test_a_place_without_rules_of_its_own_has_those_of_the_country():
    assert decided(fine(300_000), place="가온시").rule_id == "seizure-fine"
    old = debt("fine", 300_000, pd.Timestamp("2011-07-06"))
    assert decided(old, place="가온시").eligible, "the country's rule, as it was read, has no first day for fines"
    assert decided(*[debt()] * 9, place="가온시").reason == "no_rule"
    assert decided(*[debt(**ABROAD)] * 3, place="가온시", day="2025-12-01").rule_id == "seizure-tax-other-2025"


def test_a_count_with_a_sum_beside_it():
    """Yongin: three, or two with 300,000 won; it does not tell its own vehicles from others."""
    for krw, number, eligible in ((149_990, 2, False), (150_000, 2, True), (10, 3, True), (10**6, 1, False)):
        for where in ({}, ABROAD):
            found = decided(*[debt(krw=krw, **where)] * number, place="용인시")
            assert (found.eligible, found.rule_id) == (eligible, "seizure-tax-yongin"), (krw, number, where)


def test_vehicles_keep_apart_and_no_debt_is_no_vehicle():
    table = seizable(pd.DataFrame([debt(vehicle="B"), debt(vehicle="A"), debt(vehicle="B")]), DAY, "남양주시")
    assert table.eligible.to_dict() == {"A": False, "B": True} and list(table) == list(COLUMNS)
    assert table.taxes.tolist() == [1, 2] and table.fines_krw.tolist() == [0, 0]
    assert seizable(pd.DataFrame([debt()]).head(0), DAY, "남양주시").empty


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ([debt(amount_krw=None)], "amount_krw is missing"),
        ([debt(debt_kind="tax")], "debt_kind must be one of"),
        ([debt(owed_to=None)], "owed_to must be one of"),
        ([debt(), debt(registered="other")], "registered is missing, or differs"),
        ([debt(), debt(on_register=False)], "on_register is missing, or differs"),
        ([{key: value for key, value in debt().items() if key != "stopped"}], "no column"),
    ],
)
def test_impossible_tables_are_refused(wrong, says):
    with pytest.raises(ValueError, match=says):
        decided(*wrong)


def test_rules_given_take_the_place_of_the_file():
    rules = [rule for rule in read_rules() if rule.kind != "seizure"]
    assert decided(debt(), debt(), rules=rules).reason == "no_rule"
    assert decided(debt(stopped=True), day=datetime.date(2020, 1, 1), rules=rules).reason != "no_rule"
    assert isinstance(SEIZURE_REASONS["no_rule"], Text)


# --- every planted debtor of a sample city ---


@pytest.fixture(scope="module")
def planted():
    """Debts and debtors of a sample city that nobody acts upon."""
    from dansok.sample import SIZES, Options, build_world, tax

    world = build_world(Options(7, SIZES["small"]))
    return world, tax.arrears(world.options, world.fleet, world.days)


def by_hand(world, owed, day):
    """Vehicle -> may its plate be taken: counted debt by debt, with the constants of the sample."""
    from dansok.sample import tax

    debts = owed.debts[(owed.debts["due_on"] <= day) & ~(owed.debts["paid_on"] <= day)]
    amounts = dict(zip(debts.index, tax.amounts(debts, day), strict=True))
    who = owed.debtors.set_index("vehicle")
    found = {}
    for vehicle, own_debts in debts.groupby("vehicle"):
        person, here = who.loc[vehicle], world.fleet.cars["registered"].iloc[vehicle]
        taxes = int(((own_debts["kind"] == "tax") & (own_debts["due_on"] < day)).sum())
        old = [
            amounts[i] for i, one in own_debts.iterrows() if one["kind"] == "fine" and (day - one["due_on"]).days >= 60
        ]
        needed = 2 if here else (3 if day >= pd.Timestamp("2025-12-01") else 4)
        lawful = taxes >= needed or (here and sum(old) >= 300_000) or person["ghost"]
        found[vehicle] = bool(lawful and not person["livelihood"] and not person["instalments"])
    return found


@pytest.mark.parametrize("day", ["2024-09-30", "2025-01-31", "2025-06-30"])
def test_every_planted_debtor_is_decided_as_by_hand(planted, day):
    from dansok.sample import tax

    world, owed = planted
    day = pd.Timestamp(day)
    held = owed.owed_on(day)
    who = owed.debtors.set_index("vehicle").loc[held["vehicle"]]
    here = np.where(world.fleet.cars["registered"].to_numpy()[held["vehicle"]], "own", "other")
    debts = pd.DataFrame(
        {
            "vehicle": held["vehicle"].to_numpy(),
            "registered": here,
            "debt_kind": held["kind"].map({"tax": "vehicle_tax", "fine": "fine"}).to_numpy(),
            "owed_to": np.where(held["own"], "own", "other"),
            "due_on": held["due_on"].to_numpy(),
            "amount_krw": tax.amounts(held, day),
            "of_owner": True,
            "on_register": True,
            "plate_held": False,
            "livelihood": who["livelihood"].to_numpy(),
            "instalments": who["instalments"].to_numpy(),
            "stopped": who["ghost"].to_numpy(),
        }
    )
    found = seizable(debts, day, "남양주시")["eligible"]
    expected = pd.Series(by_hand(world, owed, day)).reindex(found.index, fill_value=False)
    print(f"{day:%Y-%m-%d}: {len(found):,} debtors, {int(found.sum()):,} eligible")
    assert found.sum() > 100 and (found == expected).all()
