"""The hot-spot case: each table and sentence on counts small enough to work out by hand."""

import dataclasses
from datetime import date
from types import SimpleNamespace

import ibis
import numpy as np
import pandas as pd
import pytest
from dansok.cases import parking_hotspots as case
from dansok.cases.parking_hotspots import (
    choices_made,
    corrected_sentences,
    estimates,
    ground,
    looking,
    outlook,
    reading,
    recorded,
    recorded_sentences,
    verdicts,
)
from dansok.choices import span
from dansok.city import Hours
from dansok.engine import connect
from scipy import sparse
from scipy.stats import nbinom, poisson

MONTHS = ["2025-01", "2025-02"]


def hours_of(channel, unit, area, hours, watched=1.0, months=MONTHS):
    return [(channel, unit, area, month, hour, watched * 30) for month in months for hour in hours]


@pytest.fixture
def inputs():
    """Two fixed cameras: A stops from 12 to 14 h, B goes on; one citizens' channel; one patrol car outside the period."""
    a_hours = [*range(7, 12), *range(14, 21)]
    records = [("A", hour, 60 if hour == 14 else 10) for hour in a_hours] + [("B", hour, 20) for hour in range(7, 21)]
    camera_records = pd.DataFrame(
        [(unit, month, hour, n) for month in MONTHS for unit, hour, n in records],
        columns=["unit", "month", "hour", "records"],
    )
    fixed = camera_records.groupby(["month", "hour"], as_index=False).records.sum().assign(channel="fixed_camera")
    citizen = pd.DataFrame([(m, h, 40 if h == 19 else 5) for m in MONTHS for h in range(24)], columns=fixed.columns[:3])
    patrol = pd.DataFrame([("2026-01", h, 10) for h in (9, 10, 14)], columns=fixed.columns[:3])
    by_hour = pd.concat([fixed, citizen.assign(channel="citizen_report"), patrol.assign(channel="mobile_camera")])
    camera_hours = pd.DataFrame(
        [
            *hours_of("fixed_camera", "A", "가동", a_hours),
            *hours_of("fixed_camera", "B", "나동", range(7, 21)),
            *hours_of("mobile_camera", "가동", "가동", [9, 10, 14], months=["2026-01"]),
        ],
        columns=["channel", "unit", "area_name", "month", "hour", "watched_hours"],
    ).assign(in_grace=lambda t: t.hour.isin([12, 13]))
    days = pd.date_range("2024-01-01", "2025-02-28")
    by_day = pd.DataFrame(
        [
            ("fixed_camera", area, day, n if day.year == 2025 else 2 * n)
            for day in days
            for area, n in (("가동", 20), ("나동", 10))
        ]
        + [("citizen_report", "다동", day, 9) for day in days if day.year == 2025]
        + [("citizen_report", "가동", day, 1) for day in days if day.year == 2025],
        columns=["channel", "area_name", "day", "records"],
    )
    return case.Inputs(
        by_day=by_day,
        by_hour=by_hour.assign(weekday=0),
        by_place=pd.DataFrame(
            [
                ("fixed_camera", "2025-01", "가동", "A", "A", 50.0, 50.0, 0, 0, 700),
                ("fixed_camera", "2025-02", "가동", "A", "A", 50.0, 50.0, 0, 0, 500),
                ("fixed_camera", "2024-02", "가동", "A", "A", 50.0, 50.0, 0, 0, 400),
                ("fixed_camera", "2025-01", "가동", "목록밖", "목록 밖", None, None, None, None, 800),
                ("citizen_report", "2025-01", "나동", "나동1", "나동 1", 5050.0, 50.0, 50, 0, 300),
            ],
            columns=["channel", "month", "area_name", "place", "place_name", "x", "y", "cell_x", "cell_y", "records"],
        ),
        camera_hours=camera_hours,
        weekdays_watched=camera_hours.assign(weekday=0).groupby(
            ["channel", "month", "weekday", "hour"], as_index=False
        ).watched_hours.sum(),
        camera_records=camera_records,
        after_grace=pd.DataFrame({"month": MONTHS, "minute": [14 * 60 + 5, 14 * 60 + 50], "records": [90, 10]}),
        unplaced=pd.DataFrame({"channel": ["citizen_report"], "month": ["2025-01"], "why_unplaced": ["address_unknown"], "records": [7]}),
        grace_hours=(12, 13),
        areas=pd.DataFrame({"area_name": ["가동", "나동", "다동"]}),
        arrivals=pd.DataFrame(),
        whole=None,
    )  # fmt: skip


def test_areas_are_ranked_by_camera_records_with_their_rate(inputs):
    table = recorded.areas_ranked(inputs, MONTHS).set_index("area_name")
    assert table.index.tolist() == ["가동", "나동", "다동"]
    assert table.fixed_camera.tolist() == [20 * 59, 10 * 59, 0]
    assert table.citizen_report.tolist() == [59, 0, 9 * 59]
    assert table.camera_hours["가동"] == 2 * 30 * 12
    assert table.per_1000_hours["가동"] == pytest.approx(1000 * 20 * 59 / 720)
    assert table.low["가동"] < table.per_1000_hours["가동"] < table.high["가동"]
    assert pd.isna(table.per_1000_hours["다동"]), "no camera: nobody looked, so no rate, and never 0"


def test_each_clock_tells_who_watched(inputs):
    clocks = recorded.hour_clocks(inputs, MONTHS).set_index(["channel", "hour"])
    watched = clocks.watched["fixed_camera"]
    assert watched[3] == "none"
    assert watched[10] == "full"
    assert watched[12] == "full", "camera B goes on: half of the cameras is not less than half"
    assert clocks.share["citizen_report"].sum() == pytest.approx(1)
    assert set(clocks.watched["citizen_report"]) == {"unknown"}
    assert clocks.outside["mobile_camera"].all(), "the patrol car has no records in the period: its own month is shown"
    assert clocks.period["mobile_camera"].iloc[0].en == "2026-01"


def test_rates_divide_by_the_hours_watched_and_stay_missing_where_nobody_watched(inputs):
    hours = recorded.camera_rates(inputs, MONTHS).set_index("hour")
    assert hours.rate[10] == pytest.approx(2 * 30 / 120)
    assert hours.rate[12] == pytest.approx(2 * 20 / 60)
    assert pd.isna(hours.rate[3]) and hours.records[3] == 0


def test_cameras_that_go_on_are_told_from_those_that_stop(inputs):
    lunch = recorded.through_the_grace(inputs, MONTHS)
    assert lunch[lunch.hour == 12].exempt.tolist() == [True]
    assert lunch[lunch.hour == 10].cameras.tolist() == [1, 1]


# A grace from 12 to 14 h on working days, none on rest days: camera A stops for it, B goes on.
WORKING_DAYS_ONLY = (
    Hours("fixed_camera", "working days", date(2025, 1, 1), None, 420, 1200, (720, 840), "-", True),
    Hours("fixed_camera", "rest days", date(2025, 1, 1), None, 420, 1200, None, "-", True),
)
LUNCHES = pd.DataFrame(
    [("fixed_camera", unit, pd.Timestamp(2025, 1, day), hour, 1.0)
     for day in (3, 4)  # Friday, Saturday
     for unit in "AB"
     for hour in ((11, 12, 13, 14) if unit == "B" or day == 4 else (11, 14))],
    columns=["channel", "unit", "day", "hour", "watched_hours"],
)  # fmt: skip


def test_only_hours_of_days_with_a_grace_lie_in_it():
    exposure = ibis.memtable(LUNCHES.assign(day=LUNCHES.day.dt.date))
    found = reading._with_grace(exposure, WORKING_DAYS_ONLY, connect()).filter(ibis._.in_grace).to_pandas()
    assert sorted(zip(found.unit, found.day.astype(str), found.hour, strict=True)) == [
        ("B", "2025-01-03", 12),
        ("B", "2025-01-03", 13),
    ]
    assert not reading._with_grace(exposure, (), connect()).in_grace.any().execute()
    assert reading._with_grace(exposure, WORKING_DAYS_ONLY, connect()).count().execute() == len(LUNCHES)


def test_a_camera_that_watches_at_lunch_on_rest_days_alone_stops_for_the_grace(inputs):
    hours = LUNCHES.assign(in_grace=LUNCHES.hour.isin([12, 13]) & (LUNCHES.day.dt.day == 3), month="2025-01")
    known = dataclasses.replace(inputs, camera_hours=hours)
    table = recorded._by_unit_and_hour(known, ["2025-01"])
    assert table.groupby("unit").exempt.first().to_dict() == {"A": False, "B": True}
    rows = [("A", f"2025-01-03 14:{minute:02}", 1 if minute > 9 else 6) for minute in range(60)]
    rows += [("A", f"2025-01-03 {hour}:{minute:02}", 1) for hour in (11, 15, 16) for minute in range(60)]
    records = pd.DataFrame(rows, columns=["camera", "at", "records"]).assign(
        channel="fixed_camera", month="2025-01", exact=True
    )
    records["at"] = pd.to_datetime(records["at"])
    settled, _hours, minutes = looking._settled(records, hours, WORKING_DAYS_ONLY, ["2025-01"])
    assert minutes == 10, "the burst after the grace is found, as A was silent in it"
    assert settled[~settled.settled]["at"].dt.strftime("%H:%M").tolist() == [f"14:{minute:02}" for minute in range(10)]


def test_the_peak_after_the_grace_is_explained(inputs):
    twice = {
        name: pd.concat([getattr(inputs, name), getattr(inputs, name).assign(unit=lambda t: t.unit + "2")])
        for name in ("camera_hours", "camera_records")
    }
    inputs = dataclasses.replace(inputs, **twice)
    clocks = recorded.hour_clocks(inputs, MONTHS)
    clocks.loc[(clocks.channel == "fixed_camera") & clocks.hour.isin([12, 13]), "watched"] = "partial"
    camera = clocks[clocks.channel == "fixed_camera"].set_index("hour")
    (finding,) = recorded_sentences._grace_finding(camera, recorded.through_the_grace(inputs, MONTHS), inputs, MONTHS)
    assert finding.numbers["share_in_first_minutes"] == pytest.approx(0.9)
    assert finding.numbers["lunch_to_daytime_where_cameras_go_on"] == pytest.approx(1.0)
    assert finding.numbers["peak_to_next_hours_where_cameras_stop"] == pytest.approx(6.0)
    assert finding.numbers["peak_to_next_hours_where_cameras_go_on"] == pytest.approx(1.0)
    assert finding.numbers["cameras_through_grace"] == 2
    assert "this peak shows only where cameras stop for lunch" in finding.text.en
    assert "낮과 다르다고 할 수 없다. 점심에 쉬는 자리의 점심은 알 수 없다" in finding.text.ko


def test_one_camera_a_group_is_too_few_for_a_word_about_lunch(inputs):
    assert recorded.grace_ratios(inputs, MONTHS, 14) == {}


def test_without_a_grace_there_are_no_two_groups(inputs):
    inputs = dataclasses.replace(inputs, grace_hours=())
    assert recorded.through_the_grace(inputs, MONTHS).empty
    assert (recorded.camera_rates(inputs, MONTHS).records > 0).sum() == 14


def test_change_compares_like_months_per_camera_hour_only_where_both_years_were_watched(inputs):
    change, before = recorded.change_by_area(inputs, MONTHS)
    assert before == ["2024-01", "2024-02"]
    row = change[(change.channel == "fixed_camera") & (change.area_name == "가동")].iloc[0]
    assert (row.now, row.before) == (20 * 59, 40 * 60)
    assert pd.isna(row.hours_now), "the year before has no known camera-hours: bare counts are compared"
    assert row.ratio == pytest.approx(20 * 59 / (40 * 60))
    assert pd.isna(row.low), "two months give no interval"
    assert (row.least, row.most) == (pytest.approx(0.5 * 28 / 29), pytest.approx(0.5))
    assert "citizen_report" not in set(change.channel), "citizens have no year before"


def test_places_carry_their_count_a_year_before_for_like_months_only(inputs):
    places = recorded.top_places(inputs, MONTHS, 5).set_index("place_name")
    assert places.index.tolist() == ["A", "목록 밖", "나동 1"], "a camera that no list knows is a place all the same"
    assert places.records.tolist() == [1200, 800, 300]
    assert places["rank"].tolist() == [1, 2, 3]
    assert pd.isna(places.x["목록 밖"])
    assert (places.now["A"], places.before["A"]) == (500, 400)
    assert pd.isna(places.before["나동 1"])


def test_cells_hold_only_what_has_a_place(inputs):
    cells = recorded.cell_counts(inputs, MONTHS)
    assert cells[["cell_x", "cell_y", "records"]].to_numpy().tolist() == [[50, 0, 300], [0, 0, 1200]]


def test_areas_that_only_citizens_see_are_named(inputs):
    (finding,) = recorded_sentences.seen_by_citizens_only(recorded.areas_ranked(inputs, MONTHS))
    assert finding.numbers["areas"] == ["다동"]
    assert finding.numbers["share_of_reports"] == pytest.approx(0.9)


def test_windows_hold_the_densest_cells_and_lie_apart():
    cells = pd.DataFrame({"cell_x": [0, 1, 200], "cell_y": [0, 0, 200], "records": [5, 5, 3]})
    first, second = recorded.densest_windows(cells, 100)
    assert first[0] <= 50 <= first[2] and first[1] <= 50 <= first[3]
    assert second[0] <= 20050 <= second[2]
    assert recorded.densest_windows(cells.head(0), 100) == ()


@pytest.mark.parametrize(
    ("ratio", "low", "high", "ko", "en"),
    [
        (1.2, 1.1, 1.3, "폭보다 크게 늘었다", "more than its months vary"),
        (0.8, 0.7, 0.9, "폭보다 크게 줄었다", "less than its months vary"),
        (1.0, 0.9, 1.1, "추세라고 말할 수 없다", "no trend"),
        (1.2, float("nan"), float("nan"), "+20.0%이다. 달 하나하나는", "+20.0% against"),
    ],
)
def test_a_change_is_called_one_only_if_its_interval_leaves_out_no_change(ratio, low, high, ko, en):
    columns = ["channel", "area_name", "now", "before", "hours_now", "ratio", "low", "high", "least", "most"]
    row = ("citizen_report", None, 120, 100, float("nan"), ratio, low, high, 0.5, 2.0)
    (finding,) = recorded_sentences.change_said(pd.DataFrame([row], columns=columns), MONTHS)
    assert ko in finding.text.ko and en in finding.text.en
    assert "−50.0%에서 +100.0%까지" in finding.text.ko
    assert ("low" in finding.numbers) == (low == low)


@pytest.mark.parametrize(
    ("number", "said"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (22, "22nd")]
)
def test_ordinals(number, said):
    assert recorded_sentences._ordinal(number) == said


# --- what each place needs, and what follows ---

CLOCK = pd.DataFrame(
    {"cell": 0, "hour": range(24), "rate": [2.0 if h in (12, 13, 19) else 1.0 for h in range(24)], "linked": True}
)


def facts(**changes):
    return {"dismissed_share": np.nan, "lot_metres": 90.0, "free_spaces": 40.0} | changes


def stays(often, of):
    return pd.DataFrame({"often": [True] * often + [False] * (of - often), "vehicle": range(of)})


@pytest.mark.parametrize(
    ("kind", "known", "own", "verdict"),
    [
        ("diminishing", facts(), stays(90, 100), "leave"),
        ("persistent", facts(dismissed_share=0.3), stays(90, 100), "sign"),
        ("persistent", facts(), stays(10, 29), "unknown"),
        ("persistent", facts(), stays(60, 100), "enforce"),
        ("persistent", facts(), stays(42, 100), "sign"),
        ("persistent", facts(free_spaces=9.0), stays(10, 100), "space"),
        ("persistent", facts(lot_metres=np.nan, free_spaces=np.nan), stays(10, 100), "space"),
        ("persistent", facts(free_spaces=np.nan), stays(10, 100), "unknown"),
        (None, facts(), stays(10, 100), "sign"),
    ],
)
def test_each_place_gets_the_first_verdict_that_applies(kind, known, own, verdict):
    assert verdicts._verdict(kind, known, own, city_often=0.4, lots_listed=True) == verdict


def test_without_a_list_of_lots_nothing_is_said_of_space():
    known = facts(lot_metres=np.nan, free_spaces=np.nan)
    assert verdicts._verdict("persistent", known, stays(10, 100), 0.4, lots_listed=False) == "unknown"


def test_answers_are_those_to_reports_of_the_period(monkeypatch):
    days = ["2024-12-31", "2025-01-01", "2025-02-28", "2025-03-01"]
    reports = pd.DataFrame(
        {"reported_at": pd.to_datetime([*days, "2025-01-01"]), "outcome": ["rejected"] * 2 + ["accepted"] * 3}
    )
    reports = reports.assign(
        time_precision=["day"] * 4 + ["year"], position_state="as_sent", longitude=127.2, latitude=37.65
    )
    monkeypatch.setattr(reading, "scan", lambda city, name, connection: ibis.memtable(reports))
    answers = reading._answers(SimpleNamespace(opened=None, months=MONTHS), connect())
    assert answers.rejected.tolist() == [True, False]


def test_free_spaces_are_those_of_all_lots_within_reach_at_the_busy_hours():
    hours = {f"free_{hour}": [30.0, 5.0, 900.0] for hour in range(24)} | {"free_12": [2.0, 3.0, 900.0]}
    lots = pd.DataFrame({"lot_name": ["가", "나", "다"], "x": [100.0, 250.0, 400.0], "y": 0.0, **hours})
    place = pd.Series({"x": 0.0, "y": 0.0})
    found = verdicts._lots_about(place, lots, verdicts._busiest(CLOCK))
    assert found == {"lot_name": "가", "lot_metres": 100.0, "free_spaces": 5.0}
    far = verdicts._lots_about(pd.Series({"x": 5000.0, "y": 0.0}), lots, [12])
    assert far["lot_name"] is None and np.isnan(far["free_spaces"])


def test_busy_hours_are_only_those_that_somebody_of_the_city_saw():
    clock = CLOCK.assign(linked=[hour != 19 for hour in range(24)])
    assert verdicts._busiest(clock) == [0, 12, 13]


def test_quadrants_part_at_the_means_and_nobody_is_told_to_leave_a_busy_place():
    cells = pd.DataFrame({"name": list("가나다라마"), "rate": [0.5, 0.5, 3.0, 0.5, 0.5]})
    complaints, looked = np.array([9.0, 0, 0, 1, 0]), np.array([0.0, 8, 8, 0, 0])
    table = verdicts.quadrants(cells, complaints, looked)
    assert table.quadrant.tolist() == ["more", "less", "less", "leave"], "the fifth has neither and is left out"
    assert table.complaints.mean() == pytest.approx(1) and table.looking.mean() == pytest.approx(1)
    assert verdicts.most_telling(table).name.tolist() == ["가", "나"], "다 is watched, but much happens there"


def test_repeat_vehicles_show_no_count_that_could_point_to_a_debtor():
    vehicles = pd.DataFrame(
        [(1, True, 40, 40), (1, False, 900, 900), (3, True, 20, 60), (3, False, 100, 300), (6, True, 3, 18), (6, False, 50, 300),
         (20, True, 30, 600), (20, False, 10, 200)],
        columns=["stays", "in_debt", "vehicles", "records"],
    )  # fmt: skip
    table = verdicts.repeat_vehicles(vehicles).set_index("seen")
    assert table.vehicles.to_dict() == {"1": 940, "2-4": 120, "5-9": 53, "10+": 40}
    assert table.record_share.sum() == pytest.approx(1)
    assert pd.isna(table.in_debt["5-9"]), "three debtors are under five"
    assert table.in_debt.isna().sum() >= 2, "one gap alone could be filled by subtraction"
    records, share = verdicts.often_seen(vehicles)
    assert (records, share) == (pytest.approx(1118 / 2418), pytest.approx(93 / 1153))
    said = corrected_sentences.repeat_said(vehicles, table.reset_index(), "2025-06-30")
    assert "체납" not in said.text.ko, "a count that is left out of the table is not in the sentence either"
    unknown = verdicts.repeat_vehicles(vehicles.assign(in_debt=None))
    assert unknown.in_debt.isna().all() and unknown.vehicles.sum() == 1153
    assert verdicts.repeat_vehicles(vehicles.head(0)).empty


def test_a_change_is_called_one_only_beyond_the_errors_of_both_periods():
    now = pd.DataFrame(
        {"rate": [4.0, 1.0, 1.2, np.nan], "low": [3.8, 0.5, 1.0, np.nan], "high": [4.2, 2.0, 1.5, np.nan], "rank": 1}
    )
    before = now.assign(rate=[1.0, 1.0, 1.0, 1.0], low=[0.95, 0.5, 0.8, 0.5], high=[1.05, 2.0, 1.2, 2.0])
    table = estimates.changed(now, before, 0.05)
    assert table.changed.tolist() == [True, False, False], "without a rate now there is nothing to compare"
    assert table.ratio.tolist() == pytest.approx([4, 1, 1.2])
    assert (table.ratio_low < table.ratio).all() and (table.ratio < table.ratio_high).all()
    assert estimates.changed(now.head(0), before.head(0), 0.05).empty


def test_a_place_is_called_by_what_its_records_say_most_often_or_after_its_neighbour():
    cells = pd.DataFrame({"cell_x": [0, 1, 3, 30], "cell_y": 0, "area_name": ["가동", "가동", "나동", ""]})
    names = pd.DataFrame(
        [(0, 0, "시장 앞", 9), (0, 0, "가동 12", 3), (1, 0, "시장 앞", 2), (1, 0, "가동 15", 1)],
        columns=["cell_x", "cell_y", "place_name", "records"],
    )
    assert ground.cell_names(cells, names) == ["가동 시장 앞", "가동 15", "나동 가동 15 부근", None]


def test_a_month_more_or_less_is_no_trend():
    columns = ["channel", "area_name", "now", "before", "hours_now", "ratio", "low", "high"]
    row = ("citizen_report", None, 120, 100, float("nan"), 1.2, float("nan"), float("nan"))
    (said,) = corrected_sentences.change_together(pd.DataFrame([row], columns=columns), span(["2024-06"]))
    assert said.text.ko.endswith("+20.0%이다: 달이 적어 추세라고 말할 수 없다.")
    within = pd.DataFrame([(*row[:6], 0.9, 1.6)], columns=columns)
    (said,) = corrected_sentences.change_together(within, span(["2024-05", "2024-06"]))
    assert "폭 안에 있어" in said.text.ko and "no trend" in said.text.en
    beyond = pd.DataFrame([(*row[:6], 1.1, 1.4)], columns=columns)
    (said,) = corrected_sentences.change_together(beyond, span(["2024-05", "2024-06"]))
    assert "추세" not in said.text.ko


SCORES = pd.DataFrame(
    {"rmse": [1.0, 1.1, 2.0, 1.0], "crps": [0.9, 1.0, 2.0, 0.9], "coverage": 0.9},
    index=["top_down", "mean_of_52_weeks", "same_weeks_last_year", "chosen"],
)


def test_our_forecast_is_used_where_it_wins_and_the_sentence_says_so():
    said, numbers = corrected_sentences._against_rivals(SCORES, "top_down")
    assert said.ko == "우리 방법의 오차(CRPS)는 가장 나은 단순 방법(지난 52주 평균)보다 10.0% 작다: 우리 방법을 쓴다."
    assert numbers["crps_above_best_rival"] == pytest.approx(-0.1)
    worse = SCORES.assign(crps=[1.2, 1.0, 2.0, 1.0])
    said, numbers = corrected_sentences._against_rivals(worse, "mean_of_52_weeks")
    assert "20.0% 크다: 이기지 못해 단순한 방법(지난 52주 평균)을 쓴다" in said.ko
    assert "20.0% above" in said.en and "the mean of 52 weeks is used" in said.en


def test_days_in_a_row_are_one_stretch():
    days = pd.DatetimeIndex(["2024-02-18", "2024-11-09", "2024-11-10", "2024-11-11"])
    assert choices_made._runs(days).ko == "4일: 2024-02-18, 2024-11-09~11-11"
    assert choices_made._runs(days[:1]).en == "1 day: 2024-02-18"
    assert choices_made._runs(days[:0]).ko == "없음"


@pytest.mark.parametrize(
    ("hours", "ko", "en"), [([12, 13, 19], "12~13시대, 19시대", "12-14 h and 19-20 h"), ([9], "9시대", "9-10 h")]
)
def test_hours_in_a_row_are_said_as_one(hours, ko, en):
    assert (corrected_sentences._hours(hours, "ko"), corrected_sentences._hours(hours, "en")) == (ko, en)


def test_one_reporter_counts_once_a_place_and_once_a_neighbourhood():
    rows = [
        (1, 0, 0, 10.0),
        (1, 0, 1, 10.0),
        (1, 1, 2, 20.0),
        (1, 2, 3, 30.0),
        (1, 3, 4, 40.0),
        (2, 0, 5, 10.0),
        (np.nan, 0, 6, 10.0),
    ]
    records = pd.DataFrame(
        [
            ("citizen_report", reporter, unit, 0, x, 0.0, True, pd.Timestamp("2025-01-01") + pd.Timedelta(days=day))
            for reporter, unit, day, x in rows
        ],
        columns=["channel", "reporter", "unit", "month", "x", "y", "opens_stay", "at"],
    )
    again = looking._reported_again(records, 0, 12)
    assert again.tolist() == [False, True, True, True, True, False, False], (
        "four places of one neighbourhood count as one"
    )
    three = looking._reported_again(records[records.unit < 3], 0, 12)
    assert three.tolist() == [False, True, False, False, False, False]


def test_the_first_report_of_the_period_counts_though_reports_end_before_it_does():
    """Period 2025 of 24 months; the last report is of September, so a year back from it would begin in 2024."""
    days = pd.to_datetime(["2024-11-05", "2025-03-05", "2025-09-05"])
    month = [10, 14, 20]
    records = pd.DataFrame(
        {"channel": "citizen_report", "reporter": 1.0, "unit": 0, "month": month, "x": 10.0, "y": 0.0, "at": days}
    )
    again = looking._reported_again(records.assign(opens_stay=True), 23, 12)
    assert again.tolist() == [False, False, True]
    nobody = records.assign(opens_stay=True, reporter=np.nan)
    assert not looking._reported_again(nobody, 23, 12).any()


def test_the_hours_of_a_camera_that_moved_stay_where_it_stood():
    """7 moves in May, in which most of its records are of the new place; 8 stays; 9 has no record with a place."""
    months = [f"2025-{month:02}" for month in range(1, 8)]
    rows = [("7", 1, 0, 9), ("7", 3, 0, 9), ("7", 4, 0, 2), ("7", 4, 1, 3), ("7", 6, 1, 1), ("8", 3, 2, 1)]
    records = pd.DataFrame(rows, columns=["camera", "month", "point", "records"]).assign(channel="fixed_camera")
    hours = [(unit, month, 9, 300.0) for unit in "789" for month in [*months, "2025-08"]]
    hours = pd.DataFrame(hours, columns=["unit", "month", "hour", "watched_hours"])
    where = SimpleNamespace(point_unit=np.array([10, 11, 12]))
    found = looking._cameras(hours, records, where, months).pivot(index="month", columns="unit", values="watched_hours")
    assert found[10].dropna().index.tolist() == months[:4] and found[11].dropna().index.tolist() == months[4:]
    assert found[12].tolist() == [300.0] * 7 and found.columns.tolist() == [10, 11, 12]
    nowhere = looking._cameras(hours, records.head(0), where, months)
    assert nowhere.empty and {"unit", "point", "watched_hours"} <= set(nowhere)


def test_the_next_month_is_forecast_from_reports_if_there_are_enough_months_of_them():
    days = pd.date_range("2025-01-01", "2025-08-31")

    def table(first, channel):
        own = days[days >= first]
        return pd.DataFrame({"channel": channel, "area_name": "가동", "day": own, "hour": 9, "records": 3})

    cells = pd.DataFrame({"channel": ["citizen_report", "fixed_camera"], "records": [500, 500]})
    both = pd.concat([table("2025-01-01", "fixed_camera"), table("2025-02-01", "citizen_report")])
    assert outlook._channel(cells, both, "2025-08")[0] == "citizen_report"
    late = pd.concat([table("2025-01-01", "fixed_camera"), table("2025-04-01", "citizen_report")])
    channel, months = outlook._channel(cells, late, "2025-08")
    assert (channel, months[0], len(months)) == ("fixed_camera", "2025-01", 8)
    assert outlook._channel(cells, both, "2026-02") == (None, []), "nobody reported in the last month"


def test_next_month_is_foreseen_with_the_rules_that_hold_here(monkeypatch, inputs):
    def ask(*given):
        raise LookupError(given[-1])

    for name, stub in {"read_areas": len, "correct": lambda *given: None, "look_ahead": ask}.items():
        monkeypatch.setattr(case, name, stub)
    city = SimpleNamespace(rules_of="인천 부평구", name=SimpleNamespace(ko="부평구"))
    choices = SimpleNamespace(
        months=MONTHS, last_month=MONTHS[-1], area="", top_places=5, forecast_places=5, opened=city
    )
    whole = SimpleNamespace(by_area_hour=None, by_cell_day=None)
    with pytest.raises(LookupError, match="인천 부평구"):
        case.analyse(dataclasses.replace(inputs, whole=whole), choices)


def test_events_around_one_street_alone_are_less_surprising_than_around_many():
    counts, exposure = np.array([[30.0, 10, 10, 10]]), np.ones((1, 4))
    alone = sparse.eye_array(4, format="csr")
    by_units = [(alone, exposure)]
    by_chance = estimates._by_errors_and_chance(counts, exposure, by_units, alone, 0.0)
    assert by_chance[0, 0] == pytest.approx(poisson.sf(29, 15), rel=1e-4) and by_chance[0, 1] > 0.5
    with_errors = estimates._by_errors_and_chance(counts, exposure, by_units, alone, 0.35)
    assert with_errors[0, 0] == pytest.approx(nbinom.sf(29, 1 / 0.35**2, 1 / (1 + 15 * 0.35**2)))
    streets = sparse.csr_array(
        np.repeat(np.eye(4), 4, axis=1) / 4
    )  # four streets in each cell, each with its own error
    four = estimates._by_errors_and_chance(counts, exposure, [(streets, np.ones((1, 16)))], alone, 0.35)
    assert by_chance[0, 0] < four[0, 0] < with_errors[0, 0]


@pytest.mark.parametrize(
    ("difference", "low", "high", "chosen", "ko", "en"),
    [
        (0.026, 0.007, 0.047, "ours", "+2.6%포인트(95% 구간 +0.7~+4.7)로, 우연을 넘어 낫다.", "better, beyond chance."),
        (
            0.001,
            -0.003,
            0.003,
            "ours",
            "평균은 낫지만 우연과 가릴 수 없다.",
            "better on average, but chance would explain it.",
        ),
        (
            -0.003,
            -0.028,
            0.023,
            "last_month",
            "이기지 못해 단순한 방법(지난달 건수)을 쓴다.",
            "so last month's count is used.",
        ),
    ],
)
def test_the_places_to_pick_come_with_the_difference_and_its_interval(difference, low, high, chosen, ko, en):
    hits = pd.DataFrame(
        {
            "forecaster": ["ours", "last_month"],
            "places": 20,
            "hit_rate": [0.4 + difference, 0.4],
            "best_possible": 0.5,
            "pei": 0.8,
        }
    )
    row = {"places": 20, "rival": "last_month", "chosen": chosen, "difference": difference, "low": low, "high": high}
    ahead = SimpleNamespace(
        places=pd.DataFrame({"forecaster": [chosen] * 20}), hits=hits, differences=pd.DataFrame([row]), channel="citizen_report",
        hit_months=["2025-01"] * 8,
    )  # fmt: skip
    (said,) = corrected_sentences._hits_said(ahead)
    assert said.text.ko.endswith(ko) and said.text.en.endswith(en)
    assert "미리 알았을 때의 최선은 50.0%" in said.text.ko and said.numbers["forecaster"] == chosen
