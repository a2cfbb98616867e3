"""The rules file: dated, sourced, free of contradiction."""

import datetime
import re

import pytest
from dansok.korea.rules import KINDS, NATIONWIDE, in_force, policy_events, read_rules, rule_for, rules_version
from dansok.words import Refusal, Text

RULES = read_rules()
HANGUL = re.compile("[가-힣]")

ENTRY = {
    "id": '"a"',
    "kind": '"fine"',
    "title": '{ ko = "과태료", en = "Fine" }',
    "place": '"전국"',
    "applies_to": '{ zone = "general" }',
    "values": "{ fine_krw = 40000 }",
    "from": "2020-01-01",
    "to": '"open"',
    "source": '"춘천시, 2024-01-01"',
    "verified": "true",
}


def write(tmp_path, *entries):
    text = "\n".join("[[rule]]\n" + "\n".join(f"{key} = {value}" for key, value in e.items() if value) for e in entries)
    path = tmp_path / "rules.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_entry(rule):
    assert rule.kind in KINDS
    # A source that was read has an address; what is common knowledge says so and is not verified.
    assert ("https://" in rule.source or "http://" in rule.source) or "출처 미확인" in rule.source
    assert not (rule.verified and "미확인" in rule.source)
    for text in filter(None, (rule.title, rule.event, rule.note)):
        assert HANGUL.search(text.ko) and not HANGUL.search(text.en)
    for name in rule.values:
        assert name == name.lower() and " " not in name


def test_every_kind_has_an_entry():
    assert {rule.kind for rule in RULES} == set(KINDS)


@pytest.mark.parametrize(
    ("day", "zone", "vehicle", "fine_krw", "verified"),
    [
        ("2024-05-01", "general", "passenger", 40_000, True),
        ("2024-05-01", "general", "van", 50_000, True),
        ("2021-05-10", "child", "passenger", 80_000, False),
        ("2021-05-11", "child", "passenger", 120_000, True),
        ("2021-05-10", "child", "van", 90_000, False),
        ("2021-05-11", "child", "van", 130_000, True),
        ("2024-05-01", "senior", "passenger", 80_000, True),
        ("2024-05-01", "disabled", "van", 90_000, True),
        ("2024-05-01", "fire", "passenger", 80_000, True),
        ("2024-05-01", "fire_unsigned", "passenger", 40_000, True),
    ],
)
def test_fines(day, zone, vehicle, fine_krw, verified):
    rule = rule_for(RULES, "fine", day, "남양주시", zone=zone, vehicle=vehicle)
    assert (rule.values["fine_krw"], rule.verified) == (fine_krw, verified)
    assert rule.values["same_place_over_2_hours_extra_krw"] == 10_000


def test_surcharge_adds_up_to_its_ceiling():
    values = rule_for(RULES, "payment", "2024-05-01", NATIONWIDE, debt="fine").values
    most = (
        values["first_surcharge_fraction"] + values["monthly_surcharge_fraction"] * values["surcharge_months_at_most"]
    )
    assert most == pytest.approx(values["surcharge_fraction_at_most"])


@pytest.mark.parametrize(
    ("day", "place", "applies_to", "expected"),
    [
        ("2019-06-01", "남양주시", {"debt": "car_tax", "registered": "own"}, 2),
        ("2019-06-01", "남양주시", {"debt": "car_tax", "registered": "other"}, 4),
        ("2026-01-15", "남양주시", {"debt": "car_tax", "registered": "other"}, 3),
        ("2020-01-01", "충북 단양군", {"debt": "car_tax", "registered": "own"}, 3),
        ("2020-01-01", "제주특별자치도", {"debt": "car_tax", "registered": "other"}, 4),
    ],
)
def test_counts_for_seizure(day, place, applies_to, expected):
    assert rule_for(RULES, "seizure", day, place, **applies_to).values["unpaid_at_least"] == expected


def test_a_place_goes_before_the_country():
    own = rule_for(RULES, "seizure", "2020-01-01", "남양주시", debt="fine")
    country = rule_for(RULES, "seizure", "2020-01-01", "수원시", debt="fine")
    assert own.values["fines_after"] == datetime.date(2011, 7, 6) and "fines_after" not in country.values
    assert own.values["total_krw_at_least"] == country.values["total_krw_at_least"] == 300_000
    assert {rule.id for rule in in_force(RULES, "seizure", "2020-01-01", "남양주시")} & {
        "seizure-fine",
        "seizure-tax-yongin",
    } == set()


def test_nothing_known_is_empty_or_refused():
    assert in_force(RULES, "lunch_grace", "2024-05-01", "남양주시") == in_force(
        RULES, "lunch_grace", "2024-05-01", NATIONWIDE
    )
    with pytest.raises(Refusal, match="no lunch_grace rule"):
        rule_for(RULES, "lunch_grace", "2024-05-01", "남양주시", zone="general")
    with pytest.raises(ValueError, match="unknown kind"):
        in_force(RULES, "fines", "2024-05-01", NATIONWIDE)


def test_events_in_a_window():
    events = policy_events("2019-04-17", "2024-02-13", "남양주시")
    assert events.date.dt.strftime("%Y-%m-%d").tolist() == [
        "2019-04-17",
        "2019-09-01",
        "2020-06-29",
        "2021-05-11",
        "2023-07-01",
        "2024-02-13",
    ]
    assert events.label[0] == Text("주민신고제 시작(4대 구역)", "Citizens' reports begin (four zones)")
    assert events.verified.tolist() == [True, True, False, True, True, True]
    assert events.exact.tolist() == [True, False, False, True, True, True]


def test_events_of_another_place_stay_out():
    assert policy_events("2026-01-01", "2026-12-31", "남양주시").empty
    assert policy_events("2026-01-01", "2026-12-31", "인천 부평구").date.dt.strftime("%Y-%m-%d").tolist() == [
        "2026-02-01"
    ]
    assert (
        policy_events("2022-01-01", "2022-12-31", "남양주시").columns.tolist()
        == policy_events("2023-01-01", "2023-12-31", "남양주시").columns.tolist()
    )


def test_a_good_entry_is_read(tmp_path):
    (rule,) = read_rules(write(tmp_path, ENTRY))
    assert rule.title == Text("과태료", "Fine") and rule.first_day == datetime.date(2020, 1, 1)
    assert rule.last_day is None and rule.end_known and rule.from_known and rule.from_exact
    assert rule.covers(datetime.date(2020, 1, 1)) and not rule.covers(datetime.date(2019, 12, 31))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"source": None}, "source"),
        ({"source": '" "'}, "source"),
        ({"verified": None}, "verified"),
        ({"verified": '"yes"'}, "verified"),
        ({"to": None}, "'to'"),
        ({"from": '"open"'}, "from is 'open'"),
        ({"to": '"2024-01-01"'}, "to is '2024-01-01'"),
        ({"to": "2019-12-31"}, "from 2020-01-01 is after to 2019-12-31"),
        ({"from": "2020-01-01T00:00:00"}, "from is"),
        ({"titel": '"x"'}, "unknown key"),
        ({"kind": '"fines"'}, "unknown kind 'fines'"),
        ({"title": '{ ko = "과태료" }'}, "title needs ko and en"),
        ({"values": "{}"}, "values is empty"),
        ({"values": "3"}, "values cannot be 3"),
        ({"event": '{ ko = "가", en = "a" }', "from": '"unknown"'}, "an event needs"),
    ],
)
def test_a_bad_entry_is_refused(tmp_path, change, message):
    with pytest.raises(Refusal, match=message) as refused:
        read_rules(write(tmp_path, ENTRY | change))
    assert "rules.toml, a" in refused.value.text.en and "rules.toml, a" in refused.value.text.ko


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        ({}, "used twice"),
        ({"id": '"b"'}, "overlaps a"),
        ({"id": '"b"', "values": "{ fine_krw = 50000 }"}, "overlaps a"),
        ({"id": '"b"', "from": '"unknown"', "to": "2020-01-01"}, "overlaps a"),
        ({"id": '"b"', "from": '"unknown"', "to": "2019-12-31"}, None),
        ({"id": '"b"', "place": '"남양주시"'}, None),
        ({"id": '"b"', "applies_to": '{ zone = "child" }'}, None),
        ({"id": '"b"', "kind": '"payment"'}, None),
    ],
)
def test_contradiction_is_refused(tmp_path, change, refused):
    path = write(tmp_path, ENTRY, ENTRY | change)
    if refused:
        with pytest.raises(Refusal, match=refused):
            read_rules(path)
    else:
        assert len(read_rules(path)) == 2


@pytest.mark.parametrize("content", [b"[[rule]\n", b"\xff\xfe", b"x = 1\n", b""])
def test_a_broken_file_is_refused(tmp_path, content):
    path = tmp_path / "rules.toml"
    path.write_bytes(content)
    with pytest.raises(Refusal, match="rules.toml"):
        read_rules(path)
    with pytest.raises(Refusal, match="none.toml"):
        read_rules(tmp_path / "none.toml")


def test_version_follows_the_text_not_the_line_endings(tmp_path):
    path = write(tmp_path, ENTRY)
    version = rules_version(path)
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert rules_version(path) == version
    path.write_bytes(path.read_bytes().replace(b"40000", b"40001"))
    assert rules_version(path) != version
    assert len(version) == 10
