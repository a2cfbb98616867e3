"""The data_quality case: coverage, silence, reach and sentences on counts small enough to work out by hand."""

from types import SimpleNamespace

import pandas as pd
import pytest
from dansok.cases import data_quality as case
from dansok.space import read_areas
from dansok.words import Text
from shapely.geometry import box

MONTHS = ["2025-01", "2025-02", "2025-03", "2025-04", "2025-05"]
TITLES = {"cams": Text("카메라 자료", "Camera files"), "app": Text("신고 자료", "Reports")}


def days(channel, source, first, last, records, leave_out=()):
    """A row a day, less the days of `leave_out`."""
    every = pd.date_range(first, last).difference(pd.DatetimeIndex(list(leave_out)))
    return pd.DataFrame({"channel": channel, "source": source, "day": every.date, "records": records})


@pytest.fixture
def by_day():
    """Cameras: 10 a day, in April one record a day, silent in May. Reports: 3 a day, two silences."""
    return pd.concat(
        [
            days("fixed_camera", "cams", "2025-01-01", "2025-03-31", 10, ["2025-02-01", "2025-02-02", "2025-02-28"]),
            days("fixed_camera", "cams", "2025-04-01", "2025-04-30", 1),
            days("citizen_report", "app", "2025-01-01", "2025-05-31", 3, pd.date_range("2025-05-12", "2025-05-18")),
        ],
        ignore_index=True,
    )


@pytest.fixture
def inputs(by_day):
    ledger = pd.DataFrame(
        [
            ("tickets", "cams", "came", "들어온 행", "came", 1000, 1000),
            ("tickets", "cams", "dropped", "시험 행", "test row", 3, 997),
            ("tickets", "cams", "mended", "축을 바꿈", "axes exchanged", 50, 997),
            ("tickets", "app", "came", "들어온 행", "came", 500, 500),
            ("tickets", "app", "dropped", "중복", "exact duplicate", 12, 488),
        ],
        columns=["table", "source", "what", "reason_ko", "reason_en", "rows", "left"],
    )
    watched = [("fixed_camera", hour, 100.0 if hour < 20 else 1.9) for hour in range(7, 21)]
    watched += [("mobile_camera", hour, 2.0) for hour in (9, 10, 14)]
    cells = [("fixed_camera", 0, 0, "가동", 5), ("fixed_camera", 0, 0, "나동", 2), ("fixed_camera", 1, 0, "가동", 1)]
    cells += [("citizen_report", x, 9, "나동", 1) for x in range(4)]
    told = ["table", "source", "kind", "rows", "ko", "en"]
    return case.Inputs(
        arrivals=pd.DataFrame({"table": ["tickets"] * 3, "file": ["a.xlsx", "b.zip/c.csv", "a.xlsx"]}),
        ledger=ledger,
        surprises=pd.DataFrame(
            [("tickets", "cams", "swapped_axes", 50, "바꾸었다.", "Exchanged."), ("", "", "unused_file", 0, "남았다.", "Left.")],
            columns=told,
        ),
        matches=matches(fixed_camera=(90, 10), citizen_report=(60, 40)),
        exposure_notes=pd.DataFrame(columns=told),
        by_day=by_day,
        exposure=pd.DataFrame(watched, columns=["channel", "hour", "watched_hours"]),
        cells=pd.DataFrame(cells, columns=["channel", "cell_x", "cell_y", "area_name", "records"]),
        areas=pd.DataFrame(
            {
                "area_name": ["가동", "나동", "다동"],
                "geometry": [box(*at).wkt for at in ((0, 0, 1000, 500), (0, 500, 1000, 1000), (1000, 0, 2000, 1000))],
            }
        ),
        cell_metres=100,
    )  # fmt: skip


@pytest.fixture
def result(inputs):
    choices = SimpleNamespace(months=MONTHS, period=Text("", ""), opened=SimpleNamespace(source_titles=TITLES))
    return case.analyse(inputs, choices)


def matches(**placed_and_lost):
    rows = [(channel, "camera", None, placed) for channel, (placed, _) in placed_and_lost.items()]
    rows += [(channel, None, "camera_unknown", lost) for channel, (_, lost) in placed_and_lost.items() if lost]
    return pd.DataFrame(rows, columns=["channel", "how_placed", "why_unplaced", "records"]).astype(
        {"how_placed": "str", "why_unplaced": "str"}
    )


def test_a_month_is_full_thin_or_empty(by_day):
    table = case.monthly_coverage(by_day, MONTHS).set_index(["channel", "month"])
    assert table.state["fixed_camera"].tolist() == ["records", "records", "records", "partial", "none"]
    assert table.records["fixed_camera"].tolist()[:4] == [310, 250, 310, 30] and pd.isna(table.records.iloc[4])
    assert table.days["fixed_camera"].tolist()[1] == 25
    assert set(table.state["citizen_report"]) == {"records"}, "24 of 31 days are no quarter of a month"
    assert "officer" not in table.index.get_level_values(0)


@pytest.mark.parametrize(("records", "state"), [(24, "partial"), (25, "records")])
def test_thin_means_under_a_quarter_of_the_median_month(records, state):
    months = pd.concat([days("officer", "o", f"{m}-01", f"{m}-01", 100) for m in MONTHS[:3]])
    last = days("officer", "o", "2025-04-01", "2025-04-01", records)
    table = case.monthly_coverage(pd.concat([months, last]), MONTHS[:4]).set_index("month")
    assert table.state["2025-04"] == state


def test_silent_spells_run_between_the_first_and_the_last_record_longest_first(by_day):
    spells = case.silent_spells(by_day)
    assert spells[["channel", "days"]].values.tolist() == [
        ["citizen_report", 7],
        ["fixed_camera", 2],
        ["fixed_camera", 1],
    ]
    assert spells.first_day.astype(str).tolist() == ["2025-05-12", "2025-02-01", "2025-02-28"]
    assert spells.last_day.astype(str).tolist() == ["2025-05-18", "2025-02-02", "2025-02-28"]


def test_sources_of_one_channel_are_silent_each_for_itself():
    two = pd.concat(
        [days("officer", "a", "2025-01-01", "2025-01-02", 1), days("officer", "b", "2025-03-01", "2025-03-02", 1)]
    )
    assert case.silent_spells(two).empty
    assert case._silence(case.silent_spells(two)) == []


def test_the_longest_silence_is_said_in_days(by_day):
    one = by_day[(by_day.channel == "fixed_camera") & (by_day.day >= pd.Timestamp("2025-02-03").date())]
    (finding,) = case._silence(case.silent_spells(one))
    assert finding.numbers == {"days": 1, "first_day": "2025-02-28", "last_day": "2025-02-28"}
    assert "1 day of fixed cameras" in finding.text.en and "고정형 CCTV의 1일" in finding.text.ko
    assert "7 days of citizens' reports" in case._silence(case.silent_spells(by_day))[0].text.en


def test_reach_counts_a_cell_once_and_divides_by_the_city(result):
    reach = result.reach.set_index("channel")
    assert reach.cells.to_dict() == {"fixed_camera": 2, "citizen_report": 4}, "one cell lies in two areas"
    assert set(reach.of_cells) == {200} and set(reach.of_areas) == {3}
    assert reach.share.to_dict() == {"fixed_camera": 0.01, "citizen_report": 0.02}
    assert reach.areas.to_dict() == {"fixed_camera": 2, "citizen_report": 1}
    assert reach.records.to_dict() == {"fixed_camera": 8, "citizen_report": 4}
    assert "fixed cameras 1.0% (2 of 3 areas)" in result.findings["reach"].text.en
    assert result.metrics["citizen_report_cells_share"] == 0.02


def test_cells_beyond_every_area_belong_to_none():
    cells = pd.DataFrame([("officer", 5, 5, None, 3)], columns=["channel", "cell_x", "cell_y", "area_name", "records"])
    city = read_areas(pd.DataFrame({"area_name": ["가동"], "geometry": [box(0, 0, 200, 100).wkt]}))
    reach = case.map_reach(cells, city, 100)
    assert (reach.cells[0], reach.areas[0], reach.of_cells[0]) == (1, 0, 2)


@pytest.mark.parametrize(
    ("states", "ko", "en", "number"),
    [
        ({"fixed_camera": []}, None, None, 0),
        (
            {"fixed_camera": [1]},
            "5개월 가운데 비거나 모자란 달: 고정형 CCTV 1개월(2025-02).",
            "Fixed cameras 1 (2025-02).",
            1,
        ),
        (
            {"fixed_camera": [0, 1, 4], "citizen_report": [3, 4]},
            "고정형 CCTV 3개월(2025-01~2025-02, 2025-05), 시민신고 2개월(2025-04~2025-05).",
            "Fixed cameras 3 (2025-01 to 2025-02, 2025-05), Citizens' reports 2 (2025-04 to 2025-05).",
            5,
        ),
    ],
)
def test_holes_are_told_as_runs_of_months(states, ko, en, number):
    coverage = pd.DataFrame(
        [
            (c, month, "none" if i in holes else "records")
            for c, holes in states.items()
            for i, month in enumerate(MONTHS)
        ],
        columns=["channel", "month", "state"],
    )
    said = case._holes(coverage)
    assert len(said) == bool(number)
    for finding in said:
        assert ko in finding.text.ko and en in finding.text.en
        assert finding.numbers == {"months": 5, "empty_or_thin_months": number}


def test_thin_months_count_as_holes_too(result):
    assert result.findings["holes"].numbers["empty_or_thin_months"] == 2
    assert "고정형 CCTV 2개월(2025-04~2025-05)" in result.findings["holes"].text.ko
    assert result.findings["coverage"].numbers == {"months": 5, "fixed_camera_months": 3, "citizen_report_months": 5}


@pytest.mark.parametrize(
    ("hours", "said"),
    [([], ""), ([3], "3~4"), ([0, 1, 2, 22, 23], "0~3, 22~24"), ([12, 13, 15], "12~14, 15~16"), (range(24), "0~24")],
)
def test_hours_are_told_as_spans(hours, said):
    assert case._hours(hours) == said


def test_hours_hardly_watched_are_told_by_channel(result):
    said = result.findings["unwatched"]
    assert said.numbers == {"fixed_camera_hours_unwatched": 11, "mobile_camera_hours_unwatched": 21}
    assert "고정형 CCTV 0~7, 20~24시" in said.text.ko, "1.9 of 100 hours is under 2%"
    assert "Patrol car 0 to 9, 11 to 14, 15 to 24 h" in said.text.en
    assert "citizen_report" not in set(result.exposure.channel), "how much citizens watch is unknown, not zero"


def test_no_exposure_at_all_is_said_and_counts_nothing():
    none = case._exposure(pd.DataFrame({"channel": [], "hour": [], "watched_hours": []}))
    assert none.empty and case._unwatched(none) == []
    assert case._exposure_said(none).numbers == {} and "알 수 없다" in case._exposure_said(none).text.ko


def test_hours_watched_are_added_up(result):
    assert result.findings["exposure"].numbers == {"fixed_camera_hours": 1301.9, "mobile_camera_hours": 6.0}
    assert "1,302 hours" in result.findings["exposure"].text.en
    assert len(result.exposure) == 48, "every hour of both channels, also those with none"


@pytest.mark.parametrize(
    ("dropped", "ko", "en", "numbers"),
    [
        ([], "1,000행을 모두 썼다", "All 1,000 enforcement rows", {"came": 1000, "dropped": 0}),
        (
            [("시험 행", "test row", 1)],
            "1행(0.10%)을 뺐다. 가장 많은 이유는 '시험 행' 1행이다",
            "1 of 1,000 enforcement rows (0.10%)",
            {"came": 1000, "dropped": 1, "share": 0.001, "largest_reason_rows": 1},
        ),
        (
            [("시험 행", "test row", 5), ("중복", "exact duplicate", 4), ("중복", "exact duplicate", 3)],
            "12행(1.20%)을 뺐다. 가장 많은 이유는 '중복' 7행이다",
            "most of them as 'exact duplicate' (7)",
            {"came": 1000, "dropped": 12, "share": 0.012, "largest_reason_rows": 7},
        ),
    ],
)
def test_rows_left_out_are_told_with_the_commonest_reason(dropped, ko, en, numbers):
    rows = [("tickets", "came", "들어온 행", "came", 1000), ("lots", "dropped", "다른 표", "other table", 99)]
    rows += [("tickets", "dropped", *reason) for reason in dropped]
    ledger = pd.DataFrame(rows, columns=["table", "what", "reason_ko", "reason_en", "rows"])
    (finding,) = case._left_out(ledger)
    assert ko in finding.text.ko and en in finding.text.en and finding.numbers == numbers


def test_without_rows_nothing_is_said_of_those_left_out():
    assert case._left_out(pd.DataFrame(columns=["table", "what", "reason_ko", "reason_en", "rows"])) == []


def test_one_channel_has_no_worst():
    (finding,) = case._placed(matches(fixed_camera=(90, 10)))
    assert finding.numbers == {"records": 100, "placed": 90, "share": 0.9, "share_fixed_camera": 0.9}
    assert "lowest" not in finding.text.en and "가장 낮다" not in finding.text.ko


def test_the_worst_of_several_channels_is_named():
    (finding,) = case._placed(matches(fixed_camera=(90, 10), citizen_report=(60, 40), mobile_camera=(7, 0)))
    assert (finding.numbers["placed"], finding.numbers["records"]) == (157, 207)
    assert "시민신고는 60.0%로 가장 낮다" in finding.text.ko
    assert "157 of 207 records (75.8%)" in finding.text.en and "citizens' reports: 60.0%" in finding.text.en
    assert case._placed(matches()) == []


def test_arrivals_count_files_once_and_rows_of_all_sources(result):
    said = result.findings["arrived"].numbers
    assert said == {"files": 2, "ticket_rows": 1500, "first_day": "2025-01-01", "last_day": "2025-05-31"}
    assert result.metrics["ticket_rows_dropped"] == 15 and result.metrics["placed_share"] == 0.75


def test_the_ledger_and_the_oddities_carry_words_for_readers(result):
    assert [step.ko for step in result.ledger.step] == ["들어옴", "뺌", "고침", "들어옴", "뺌"]
    assert result.ledger.source.iloc[3].en == "Reports"
    assert result.findings["surprises"].numbers == {"oddities": 2}
    assert result.surprises.rows.isna().tolist() == [False, True] and pd.isna(result.surprises.source.iloc[1])


def test_matches_are_shares_of_their_channel(result):
    table = result.matches.set_index(["channel", "state"])
    assert table.share["citizen_report"].to_dict() == {"camera": 0.6, "camera_unknown": 0.4}
    assert table.index.get_level_values(0).unique().tolist() == ["fixed_camera", "citizen_report"]


def test_key_findings_leave_out_what_is_said_under_a_chart(result):
    names = [finding.name for finding in result.key_findings]
    assert names == ["arrived", "left_out", "holes", "placed", "reach", "surprises"]
