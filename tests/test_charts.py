"""Charts say what their table says, in both languages, and nothing is cut off or left to a missing glyph."""

import io
import math
import re

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from dansok import charts
from dansok.ledger import Ledger
from dansok.words import Text
from figures import flat, printed
from matplotlib.patches import Rectangle
from matplotlib.text import Text as Words

LONG = "다산신도시중앙로와도농로가만나는사거리에서북쪽으로이백미터떨어진어린이보호구역앞 공영주차장 입구 건너편"
FIXED, CAR, CITIZENS = "fixed_camera", "mobile_camera", "citizen_report"


def hours(channel, shares, states):
    """24 rows: shares and states by hour, zero and full where not given."""
    rows = [(channel, h, 1000 * shares.get(h, 0.0), shares.get(h, 0.0), states.get(h, "full")) for h in range(24)]
    return pd.DataFrame(rows, columns=["channel", "hour", "records", "share", "watched"])


NIGHT = dict.fromkeys([*range(7), 21, 22, 23], "none")
CLOCKS = pd.concat(
    [
        hours(FIXED, {8: 0.2, 11: 0.15, 14: 0.45, 19: 0.2}, {**NIGHT, 12: "partial", 13: "partial"}),
        hours(CITIZENS, {12: 0.25, 19: 0.75}, dict.fromkeys(range(24), "unknown")),
        hours(CAR, {10: 0.25, 15: math.nan, 16: 0.75}, {12: "none", **dict.fromkeys(range(9), "none")}),
    ]
)
RATES = pd.DataFrame(
    {
        "hour": range(24),
        "records": [0] * 7 + [100] * 14 + [0] * 3,
        "rate": [math.nan] * 7 + [0.1] * 5 + [0.8] + [0.1] * 8 + [math.nan] * 3,
        "low": [math.nan] * 7 + [0.05] * 14 + [math.nan] * 3,
        "high": [math.nan] * 7 + [0.2] * 5 + [1.1] + [0.2] * 8 + [math.nan] * 3,
        "watched": ["none"] * 7 + ["full"] * 14 + ["none"] * 3,
    }
)
STOPS, GOES = (
    Text("점심에 쉬는 카메라 2대", "2 cameras that stop"),
    Text("점심에도 단속하는 카메라", "cameras that go on"),
)
GROUPS = pd.DataFrame(
    [(STOPS, h, 0.3 if h == 14 else 0.1) for h in range(7, 21) if h not in (12, 13)]
    + [(GOES, h, 0.2) for h in range(7, 21)],
    columns=["group", "hour", "rate"],
)
EXPOSURE = pd.DataFrame(
    {
        "channel": [FIXED] * 24 + [CAR] * 3,
        "hour": [*range(24), 9, 10, 11],
        "hours": [0.0] * 7 + [120.5] * 17 + [3, 4, 5],
    }
)
COVERAGE = pd.DataFrame(
    [
        (Text("고정형 CCTV", "Fixed cameras"), "2023-12", 5231, "records"),
        (Text("고정형 CCTV", "Fixed cameras"), "2024-02", 12345, "partial"),
        (Text("시민신고", "Citizens' reports"), "2024-01", 20, "records"),
        (LONG, "2024-01", math.nan, "none"),
    ],
    columns=["row_label", "month", "records", "state"],
)
MONTHS = pd.DataFrame(
    [(FIXED, "2024-01", 5000), (FIXED, "2024-02", math.nan), (FIXED, "2024-04", 6000), (CITIZENS, "2024-03", 1234)],
    columns=["channel", "month", "records"],
)
EVENTS = pd.DataFrame(
    [("2024-02-13", Text("시스템 교체", "new system")), ("2030-01", "아직 오지 않은 일")], columns=["date", "label"]
)
PLACES = pd.DataFrame(
    [("별내동", 5935.0, 2), (LONG, 6783.0, -1), ("조안면", math.nan, 0), ("진건읍", 0.0, math.nan)],
    columns=["name", "value", "change"],
)
CHANGES = pd.DataFrame(
    [
        ("별내동", 2.0, 1.5, 2.6),
        (LONG, 0.9, 0.5, 1.4),
        ("조안면", math.nan, math.nan, math.nan),
        ("오남읍", 0.5, 0.01, 0.8),
    ],
    columns=["name", "ratio", "low", "high"],
)
RETURNS = pd.DataFrame({"x": [2.0, 4.0, 6.0], "gain": [90.0, 41.5, 7.0]})
RETURNS_WORDS = {
    "x_label": Text("조의 시간", "crew-hours"),
    "y_label": Text("한 시간이 더하는 금액", "what an hour adds"),
    "end_words": Text("마지막 블록", "last block"),
}
HEAT = pd.DataFrame(
    [(FIXED, day, hour, 4000 * (hour == 14)) for day in range(5) for hour in range(8, 20)]
    + [(CITIZENS, 6, 19, 12), (CITIZENS, 0, 0, math.nan)],
    columns=["channel", "weekday", "hour", "value"],
)
LINKED = [7 <= hour < 21 for hour in range(24)]
DAY = pd.DataFrame(
    {
        "hour": range(24),
        "raw_share": [0.08 if hour == 14 else 0.04 for hour in range(24)],
        "share": [0.1 if hour == 12 else 0.15 if hour == 23 else 0.035 for hour in range(24)],
        "low": [0.09 if hour == 12 else 0.03 if on else math.nan for hour, on in enumerate(LINKED)],
        "high": [0.11 if hour == 12 else 0.04 if on else math.nan for hour, on in enumerate(LINKED)],
        "linked": LINKED,
    }
)
OF_PLACES = pd.concat(
    DAY[["hour", "linked"]].assign(place=place, rate=[1.0 + (hour == peak) for hour in range(24)], low=0.8, high=2.4)
    for place, peak in (("1. 별내동 이래타워사거리", 12), ("2. 조안면", 19), ("3. 화도읍", 9), ("4. 수동면", 8))
)
CALLED = {
    "more": Text("순찰을 늘릴 곳", "patrol more"),
    "explain": Text("설명할 곳", "explain"),
    "less": Text("줄일 곳", "patrol less"),
    "leave": Text("그대로 둘 곳", "leave"),
}
LOOKED, COMPLAINTS = Text("본 정도", "how much was looked"), Text("민원", "complaints")
MEASURED = pd.DataFrame(
    [
        (0.5, 3.0, "more", "1"),
        (0.51, 3.0, "more", "2"),
        (0.0, 0.5, "leave", None),
        (2.0, 0.4, "less", "3"),
        (9.0, 40.0, "explain", "4"),
    ],
    columns=["x", "y", "quadrant", "label"],
)
PLACED = pd.DataFrame(
    [
        ("고정형 CCTV", "camera", 950, 0.95),
        ("고정형 CCTV", "camera_unknown", 50, 0.05),
        (LONG, "address", 60, 0.6),
        (LONG, "address_unknown", 29, 0.29),
        (LONG, "no_place", 1, 0.01),
    ],
    columns=["source", "state", "records", "share"],
)


def ledger():
    steps = Ledger("tickets")
    steps.came("fixed_camera_exports", 137898)
    steps.add("fixed_camera_exports", "dropped", Text("완전히 같은 행", "exact duplicate"), 1342)
    steps.add("fixed_camera_exports", "mended", Text("초가 없는 시각", "times without seconds"), 70211)
    steps.came("citizen_report_exports", 37526)
    steps.add("citizen_report_exports", "dropped", Text(LONG, "a very long reason " * 8), 0)
    return steps.table()


DRAWN = {
    "coverage": (charts.coverage, (COVERAGE,), {}),
    "hour_clocks": (charts.hour_clocks, (CLOCKS,), {"periods": {FIXED: "2024-01~2025-08", CAR: LONG}}),
    "records_and_rate": (charts.records_and_rate, (RATES,), {"note": Text("2024년", "2024")}),
    "group_rates": (charts.group_rates, (GROUPS,), {}),
    "exposure_by_hour": (charts.exposure_by_hour, (EXPOSURE,), {"notes": {FIXED: Text(LONG, "long " * 40)}}),
    "heat": (charts.heat, (HEAT,), {}),
    "months": (charts.months, (MONTHS, EVENTS), {}),
    "ranking": (charts.ranking, (PLACES,), {"total": 12718, "highlight": ["별내동"]}),
    "change": (charts.change, (CHANGES,), {}),
    "returns": (charts.returns, (RETURNS,), RETURNS_WORDS),
    "ledger_flow": (charts.ledger_flow, (ledger(),), {}),
    "match_rates": (charts.match_rates, (PLACED,), {}),
    "two_clocks": (
        charts.two_clocks,
        (DAY,),
        {"titles": (Text("바로잡은 하루", "corrected"), Text("기록", "records"))},
    ),
    "clocks_of_places": (charts.clocks_of_places, (OF_PLACES,), {}),
    "quadrants": (charts.quadrants, (MEASURED,), {"words": CALLED, "x_label": LOOKED, "y_label": COMPLAINTS}),
}
EVERY = pytest.mark.parametrize("name", DRAWN)
BOTH = pytest.mark.parametrize("language", ["ko", "en"])


def hatched_hours(axes):
    """Hours under a hatched band, by its hatch."""
    found = {}
    for patch in axes.patches:
        if isinstance(patch, Rectangle) and patch.get_hatch():
            first = round(patch.get_x() + 0.5)
            found.setdefault(patch.get_hatch(), set()).update(range(first, first + round(patch.get_width())))
    return found


def bars(axes):
    """Heights of the plain bars, by their middle."""
    return {
        round(p.get_x() + p.get_width() / 2): p.get_height()
        for container in axes.containers
        for p in container
        if not math.isnan(p.get_height())
    }


def panel(figure, title):
    return next(a for a in figure.axes if a.get_title(loc="left").startswith(title))


@BOTH
@EVERY
def test_every_chart_reads_in_both_languages(name, language):
    draw, tables, options = DRAWN[name]
    before = dict(mpl.rcParams)
    texts = printed(draw(*tables, language=language, **options))
    assert dict(mpl.rcParams) == before
    assert plt.get_fignums() == []
    korean = any("가" <= character <= "힣" for character in flat(texts).replace(LONG, ""))
    assert korean or language == "en"
    assert not [text for text in texts if re.match(r"-\d", text)]  # the minus is U+2212


@EVERY
def test_english_words_are_in_the_english_chart(name):
    expected = {
        "coverage": ["Fixed cameras", "numbers: thousands of records", "arrived in part", "× no data"],
        "hour_clocks": ["Fixed cameras", "nobody looked", "partly watched", "14:00  45.0%", "n = 1,000 records"],
        "records_and_rate": ["per camera-hour", "12:00  0.80", "95% interval", "n = 1,400 records"],
        "group_rates": ["2 cameras that stop", "cameras that go on", "per camera-hour", "nobody looked"],
        "exposure_by_hour": ["camera-hours", "car-hours", "highest 120", "11:00  5.0", "no data"],
        "heat": ["Mon", "Sun", "numbers in thousands", "4.0", "4,000", "hour of day"],
        "months": ["2024-02-13 new system", "Jan", "Apr", "no data", "6,000"],
        "returns": ["crew-hours", "what an hour adds", "last block 7.0"],
        "ranking": ["2. 별내동", "5,935", "6,783", "▲ 2", "▼ 1", "new", "no data", "n = 12,718 records"],
        "change": ["+100%  (+50 to +160)", "−10%  (−50 to +40)", "cannot be compared", "log scale"],
        "ledger_flow": ["137,898", "−1,342", "136,556", "left out: exact duplicate", "mended: times without seconds"],
        "match_rates": ["95%", "5.0%", "1.0%", "placed: camera's name", "n = 1,000 records", "no data"],
        "two_clocks": ["corrected", "records", "12:00  10.0%", "14:00  8.0%", "share of the day", "95% interval"],
        "clocks_of_places": ["1. 별내동 이래타워사거리", "4. 수동면", "95% interval", "hour of day"],
        "quadrants": [
            "patrol more (2)",
            "explain (1)",
            "patrol less (1)",
            "leave (1)",
            "at the edge: 0, or below 0.05",
        ],
    }[name]
    draw, tables, options = DRAWN[name]
    said = flat(printed(draw(*tables, language="en", **options)))
    assert [words for words in expected if words not in said] == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("coverage", ["고정형 CCTV", "칸의 수: 천 건", "2024년", "<0.1", "5.2", "12"]),
        ("hour_clocks", ["고정형 CCTV", "단속 없음", "14시 45.0%", "관측 여부 모름", "n = 1,000건"]),
        ("exposure_by_hour", ["카메라·시간", "차량·시간", "최대 120"]),
        ("heat", ["월", "일", "단속 없음 / 자료 없음"]),
        ("months", ["2024-02-13 시스템 교체", "자료 없음"]),
        ("change", ["+100%  (+50 ~ +160)", "비교할 수 없음", "로그 눈금"]),
        ("ledger_flow", ["들어온 행", "제외: 완전히 같은 행", "남은 행"]),
        ("match_rates", ["찾음: 카메라 이름", "못 찾음: 장소 없음"]),
    ],
)
def test_korean_words_are_in_the_korean_chart(name, expected):
    draw, tables, options = DRAWN[name]
    said = flat(printed(draw(*tables, language="ko", **options)))
    assert [words for words in expected if words not in said] == []


@pytest.mark.parametrize("name", ["coverage", "ranking", "change", "match_rates", "ledger_flow"])
def test_very_long_names_are_wrapped_and_whole(name):
    draw, tables, options = DRAWN[name]
    said = flat(printed(draw(*tables, language="ko", **options)))
    assert LONG.replace(" ", "") in said.replace(" ", "")


@BOTH
@EVERY
def test_no_rows_say_so(name, language):
    draw, tables, options = DRAWN[name]
    figure = draw(tables[0].iloc[:0], language=language, **options)
    assert printed(figure) == [charts.NO_DATA[language]]
    assert figure.axes[0].patches[0].get_hatch()


@EVERY
def test_one_row_is_enough(name):
    draw, tables, options = DRAWN[name]
    assert len(printed(draw(tables[0].iloc[:1], language="en", **options))) > 1


@EVERY
def test_all_values_missing(name):
    draw, tables, options = DRAWN[name]
    values = {
        "records",
        "share",
        "raw_share",
        "rate",
        "low",
        "high",
        "hours",
        "value",
        "ratio",
        "rows",
        "x",
        "y",
    } & set(tables[0])
    gone = tables[0].assign(**dict.fromkeys(values, math.nan))
    assert printed(draw(gone, language="ko", **options))


@pytest.mark.parametrize("name", ["hour_clocks", "months", "match_rates"])
def test_same_table_same_bytes(name):
    draw, tables, options = DRAWN[name]

    def svg():
        buffer = io.BytesIO()
        with mpl.rc_context({"svg.hashsalt": "dansok", "svg.fonttype": "none"}):
            draw(*tables, language="ko", **options).savefig(buffer, format="svg", metadata={"Date": None})
        return buffer.getvalue()

    first = svg()
    assert first == svg()
    assert b"<text" in first


def test_house_style_is_asked_for_by_name():
    with mpl.rc_context():
        charts.use_house_style()
        assert mpl.rcParams["font.family"] == ["Pretendard"]
        assert mpl.rcParams["figure.figsize"][0] == pytest.approx(6.54)
        assert mpl.rcParams["svg.fonttype"] == "none"


def test_an_unknown_language_is_refused():
    with pytest.raises(ValueError, match="language"):
        charts.ranking(PLACES, language="fr")


@EVERY
def test_a_missing_column_is_named(name):
    draw, tables, options = DRAWN[name]
    column = {"ranking": "value", "ledger_flow": "what", "quadrants": "quadrant"}.get(name, tables[0].columns[-1])
    with pytest.raises(ValueError, match=column):
        draw(tables[0].drop(columns=column), language="ko", **options)


# ------------------------------------------------------------------------------------------------ what is drawn


def test_hatched_exactly_where_nobody_looked():
    figure = charts.hour_clocks(CLOCKS, language="ko")
    none, missing = charts.BANDS["none"]["hatch"], charts.BANDS["missing"]["hatch"]
    assert hatched_hours(panel(figure, "고정형")) == {none: {*range(7), 21, 22, 23}}
    assert hatched_hours(panel(figure, "시민신고")) == {}
    assert hatched_hours(panel(figure, "주행형")) == {none: {*range(9), 12}, missing: {15}}


def test_partly_watched_hours_are_shaded_without_hatch():
    axes = panel(charts.hour_clocks(CLOCKS, language="ko"), "고정형")
    plain = [p for p in axes.patches if not p.get_hatch() and p.get_facecolor() == mpl.colors.to_rgba("#e4e8ec")]
    assert [(p.get_x(), p.get_width()) for p in plain] == [(11.5, 2)]


def test_bars_are_as_high_as_the_table_and_start_at_zero():
    figure = charts.hour_clocks(CLOCKS, language="en")
    for title, channel in (("Fixed", FIXED), ("Citizens", CITIZENS), ("Patrol", CAR)):
        axes, rows = panel(figure, title), CLOCKS[CLOCKS["channel"] == channel].dropna(subset="share")
        assert bars(axes) == dict(zip(rows["hour"], rows["share"], strict=True))
        assert axes.get_ylim()[0] == 0


def test_a_missing_hour_is_no_bar_and_no_zero():
    figure = charts.hour_clocks(CLOCKS, language="en")
    assert 15 not in bars(panel(figure, "Patrol"))
    assert "nobody looked" in [t.get_text() for t in panel(figure, "Patrol").texts]
    assert "no data" in flat([t.get_text() for t in panel(figure, "Patrol").texts])


def test_n_of_a_channel_with_missing_counts_is_a_lower_bound():
    rows = hours(FIXED, {14: 1.0}, {})
    rows.loc[3, "records"] = math.nan
    assert "n = ≥ 1,000 records" in flat(printed(charts.hour_clocks(rows, language="en")))


@pytest.mark.parametrize(("language", "said"), [("ko", "n = 1건"), ("en", "n = 1 record")])
def test_one_record_is_not_a_plural(language, said):
    one = {
        "hour_clocks": charts.hour_clocks(hours(FIXED, {14: 0.001}, {}), language=language),
        "ranking": charts.ranking(PLACES, total=1, language=language),
        "match_rates": charts.match_rates(PLACED.iloc[4:], language=language),
    }
    assert [name for name, figure in one.items() if not re.search(rf"{said}(?!\w)", flat(printed(figure)))] == []


def test_scales_are_shared_only_when_asked():
    tops = [a.get_ylim()[1] for a in charts.hour_clocks(CLOCKS, language="ko", shared_scale=True).axes]
    assert len(set(tops)) == 1
    own = charts.hour_clocks(CLOCKS, language="ko")
    assert len({a.get_ylim()[1] for a in own.axes}) > 1
    assert "눈금이 서로 다름" in flat(printed(own))


def test_an_hour_twice_or_off_the_clock_is_refused():
    with pytest.raises(ValueError, match="twice"):
        charts.hour_clocks(pd.concat([CLOCKS, CLOCKS]), language="ko")
    with pytest.raises(ValueError, match="24"):
        charts.hour_clocks(CLOCKS.assign(hour=CLOCKS["hour"] + 1), language="ko")
    with pytest.raises(ValueError, match="sometimes"):
        charts.hour_clocks(CLOCKS.assign(watched="sometimes"), language="ko")


def test_the_rate_breaks_where_nobody_looked():
    above, below = charts.records_and_rate(RATES, language="ko").axes
    line = next(line for line in below.lines if len(line.get_xdata()) == 24)
    assert np.isnan(line.get_ydata()[[0, 6, 21, 23]]).all()
    assert line.get_ydata()[12] == 0.8
    assert hatched_hours(above) == hatched_hours(below) == {charts.BANDS["none"]["hatch"]: {*range(7), 21, 22, 23}}
    assert below.get_ylim()[0] == 0
    assert below.get_ylim()[1] > 1.1  # the interval is whole


def test_a_line_breaks_where_its_group_did_not_watch():
    (axes,) = charts.group_rates(GROUPS, language="ko").axes
    stops, goes = (line.get_ydata() for line in axes.lines[:2])
    assert math.isnan(stops[12]) and stops[14] == 0.3
    assert goes[12] == 0.2
    assert hatched_hours(axes) == {"/////": {*range(7), 21, 22, 23}}


def test_exposure_of_zero_and_of_nobody_knows_differ():
    fixed, car = charts.exposure_by_hour(EXPOSURE, language="ko").axes
    assert hatched_hours(fixed) == {charts.BANDS["none"]["hatch"]: set(range(7))}
    assert hatched_hours(car) == {charts.BANDS["missing"]["hatch"]: set(range(24)) - {9, 10, 11}}


def tiles(axes):
    """Squares that are hatched, as (x, y)."""
    return {
        tuple(np.round(path.vertices[:4].mean(axis=0)).astype(int))
        for collection in axes.collections
        if collection.get_hatch()
        for path in collection.get_paths()
    }


def test_holes_of_coverage_are_hatched_and_crossed():
    figure = charts.coverage(COVERAGE, language="ko")
    axes = figure.axes[0]
    # months 2023-12 to 2024-02 across; cameras, reports and the long name down
    assert tiles(axes) == {(1, 0), (0, 1), (2, 1), (0, 2), (1, 2), (2, 2)}
    assert [t.get_text() for t in axes.texts].count("×") == 6
    dashed = [p for p in axes.patches if p.get_linestyle() == "--"]
    assert [(round(p.get_x() + 0.44), round(p.get_y() + 0.42)) for p in dashed] == [(2, 0)]


def test_coverage_of_a_small_city_counts_whole_records():
    few = COVERAGE.assign(records=[7, 0, 20, math.nan])
    texts = printed(charts.coverage(few, language="en"))
    assert {"7", "0", "20"} <= set(texts)
    assert "numbers: records" in texts


def test_forty_months_and_ten_rows_still_fit():
    months = [str(month) for month in pd.period_range("2022-09", periods=40, freq="M")]
    rows = [(f"출처 {r}", m, 123 * r * i, "records") for r in range(10) for i, m in enumerate(months)]
    figure = charts.coverage(pd.DataFrame(rows, columns=COVERAGE.columns), language="ko")
    texts = printed(figure)
    assert {"2022년", "2025년", "43"} <= set(texts)
    renderer = figure.canvas.get_renderer()
    boxes = [t.get_window_extent(renderer) for t in figure.axes[0].texts if not t.get_text().endswith("년")]
    row = sorted((b for b in boxes if abs(b.y0 - boxes[-1].y0) < 2), key=lambda b: b.x0)
    assert len(row) == 40
    assert all(left.x1 < right.x0 + 0.5 for left, right in zip(row, row[1:], strict=False))


def test_heat_hatches_what_is_missing_and_keeps_zero():
    fixed, citizens = (a for a in charts.heat(HEAT, language="ko").axes if len(a.get_yticks()) == 7)
    assert (8, 0) not in tiles(fixed) and (7, 0) in tiles(fixed) and (12, 6) in tiles(fixed)
    assert len(tiles(fixed)) == 7 * 24 - 5 * 12
    assert len(tiles(citizens)) == 7 * 24 - 1
    assert [t.get_text() for t in fixed.texts].count("0") == 5 * 11


def test_months_that_did_not_arrive_are_holes():
    figure = charts.months(MONTHS, EVENTS, language="ko")
    fixed, citizens = panel(figure, "고정형"), panel(figure, "시민신고")
    assert bars(fixed) == {0: 5000, 3: 6000}
    assert bars(citizens) == {2: 1234}
    assert hatched_hours(fixed) == {charts.BANDS["none"]["hatch"]: {1, 2}}
    assert hatched_hours(citizens) == {charts.BANDS["none"]["hatch"]: {0, 1, 3}}


def test_an_event_stands_on_its_day_and_later_ones_stay_away():
    figure = charts.months(MONTHS, EVENTS, language="ko")
    lines = [line.get_xdata()[0] for line in panel(figure, "고정형").lines if line.get_linestyle() == "--"]
    assert lines == [pytest.approx(1 - 0.5 + 12 / 29)]
    assert "아직 오지 않은 일" not in flat(printed(figure))


@BOTH
def test_many_events_are_numbered_with_a_key(language):
    events = pd.DataFrame(
        [(f"2024-0{m}-0{d}", f"{LONG} {m}-{d}") for m in (1, 2, 3) for d in (1, 9)], columns=["date", "label"]
    )
    figure = charts.months(MONTHS, events, language=language)
    texts = printed(figure)
    assert {"1", "2", "3", "4", "5", "6"} <= set(texts)
    assert "6) 2024-03-09" in flat(texts)
    marks = sorted(
        (t.get_window_extent() for t in figure.findobj(Words) if t.get_text() in set("123456") and t.get_bbox_patch()),
        key=lambda box: box.x0,
    )
    assert len(marks) == 6
    assert all(left.x1 < right.x0 for left, right in zip(marks, marks[1:], strict=False))


def test_labels_of_events_do_not_overlap():
    events = pd.DataFrame(
        [("2024-01-10", "제도 변경 하나"), ("2024-02-01", "제도 변경 둘"), ("2024-04-25", "마지막 제도 변경")],
        columns=["date", "label"],
    )
    figure = charts.months(MONTHS, events, language="ko")
    boxes = [t.get_window_extent() for t in figure.findobj(Words) if "제도 변경" in t.get_text()]
    assert len(boxes) == 3
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[i + 1 :])


def test_ranking_sorts_and_ranks_only_what_has_a_value():
    axes = charts.ranking(PLACES, language="ko", highlight=["별내동"]).axes[0]
    names = [t.get_text().replace("\n", "") for t in axes.get_yticklabels()]
    assert [name[:3] for name in names] == ["1. ", "2. ", "3. ", "조안면"]
    assert names[2] == "3. 진건읍"  # a zero is a value
    assert [b.get_width() for c in axes.containers for b in c] == [6783, 5935, 0]
    assert axes.get_xlim()[0] == 0
    colours = [mpl.colors.to_hex(b.get_facecolor()) for c in axes.containers for b in c]
    assert colours == [charts.NAVY, charts.ORANGE, charts.NAVY]


def test_ranking_with_intervals_draws_dots_and_says_the_interval():
    rows = PLACES.assign(low=[5000.0, math.nan, math.nan, 0.0], high=[7000.0, math.nan, math.nan, 3.0])
    figure = charts.ranking(rows, language="en")
    said = flat(printed(figure))
    assert "5,935  (5,000 to 7,000)" in said
    assert "line: 95% interval" in said
    assert not figure.axes[0].containers
    lines = [tuple(line.get_xdata()) for line in figure.axes[0].lines if line.get_alpha() == 0.35]
    assert sorted(lines) == [(0.0, 3.0), (5000.0, 7000.0)]


def test_change_fills_only_what_leaves_out_no_change():
    figure = charts.change(CHANGES, language="ko")
    axes = figure.axes[0]
    dots = {float(line.get_xdata()[0]): line.get_markerfacecolor() for line in axes.lines if line.get_marker() == "o"}
    assert dots == {2.0: charts.ORANGE, 0.9: "white", 0.5: charts.BLUE}
    assert axes.get_xscale() == "log"
    ticks = [t.get_text() for t in axes.get_xticklabels()]
    assert {"0%", "−50%", "+100%"} <= set(ticks)
    # an interval down to 0.01 would squeeze the rest: it ends in an arrow
    assert axes.get_xlim()[0] > 0.2
    assert [line.get_marker() for line in axes.lines].count("<") == 1


def test_change_refuses_a_ratio_of_zero():
    with pytest.raises(ValueError, match="above 0"):
        charts.change(CHANGES.assign(low=0.0), language="ko")


def test_ledger_bars_hold_the_exact_rows():
    first, second = charts.ledger_flow(ledger(), language="en").axes
    assert [round(b.get_width()) for c in first.containers for b in c] == [137898, 1342, 70211, 136556]
    dropped = first.containers[1][0]
    assert dropped.get_x() == 136556
    assert second.containers[0][0].get_width() == 37526
    assert first.get_xlim() == second.get_xlim()
    assert "0" in [t.get_text() for t in second.texts]


def test_ledger_takes_steps_with_their_own_labels():
    steps = pd.DataFrame(
        [
            ("came", Text("-", "-"), 10),
            ("dropped", Text("시험 행", "test row"), 3),
            ("placed", Text("위치 있음", "has a place"), 5),
        ],
        columns=["what", "label", "rows"],
    )
    texts = printed(charts.ledger_flow(steps, language="ko"))
    assert {"들어온 행", "제외: 시험 행", "위치 있음", "−3"} <= set(texts)


def test_match_rates_stack_to_their_shares_and_hatch_the_rest():
    axes = charts.match_rates(PLACED, language="ko").axes[0]
    bars_drawn = [(round(b.get_x(), 6), round(b.get_width(), 6)) for c in axes.containers for b in c]
    assert bars_drawn == [(0, 0.95), (0.95, 0.05), (0, 0.6), (0.6, 0.29), (0.89, 0.01)]
    open_part = [p for p in axes.patches if p.get_hatch()]
    assert [round(p.get_width(), 6) for p in open_part] == [0.1]
    with pytest.raises(ValueError, match="guessed"):
        charts.match_rates(PLACED.assign(state="guessed"), language="ko")


@pytest.mark.parametrize(
    ("top", "most", "ticks"),
    [
        (0, 4, [0.0, 1.0]),
        (math.nan, 4, [0.0, 1.0]),
        (4, 4, [0, 1, 2, 3, 4]),
        (0.061, 3, [0, 0.05, 0.1]),
        (1e6, 2, [0, 5e5, 1e6]),
    ],
)
def test_round_steps(top, most, ticks):
    assert charts.round_steps(top, most) == pytest.approx(ticks)


def test_wrapping_keeps_every_character_and_the_width():
    lines = charts.wrapped(LONG, 60, 8).split("\n")
    assert "".join(lines).replace(" ", "") == LONG.replace(" ", "")
    assert max(charts.text_width(line, 8) for line in lines) <= 60


# --- corrected days and places ---


def test_only_hours_that_were_looked_at_have_intervals_and_a_peak():
    figure = charts.two_clocks(DAY, language="ko", titles=(Text("바로잡은 하루", ""), Text("기록", "")))
    above, below = figure.axes[:2]
    assert hatched_hours(above) and set().union(*hatched_hours(above).values()) == {*range(7), 21, 22, 23}
    assert not hatched_hours(below)
    said = flat(printed(figure))
    assert "12시 10.0%" in said and "23시" not in said, "an assumed hour, however high, is no peak"
    assert bars(below)[14] == pytest.approx(0.08)


def test_places_share_one_scale_and_the_mean_is_drawn():
    figure = charts.clocks_of_places(OF_PLACES, language="en")
    drawn_on = [axes for axes in figure.axes if axes.get_title(loc="left")]
    assert [axes.get_title(loc="left") for axes in drawn_on] == list(OF_PLACES["place"].unique())
    assert len({axes.get_ylim() for axes in drawn_on}) == 1
    assert [int(np.argmax(axes.lines[-1].get_ydata())) for axes in drawn_on] == [12, 19, 9, 8]


def test_quadrants_number_what_is_named_and_put_nothing_at_the_edge():
    figure = charts.quadrants(MEASURED, language="ko", words=CALLED, x_label=LOOKED, y_label=COMPLAINTS)
    said = flat(printed(figure))
    assert "순찰을 늘릴 곳 (2)" in said and "가장자리: 0이거나 0.05 미만" in said
    axes = figure.axes[0]
    numbers = [t for t in axes.texts if t.get_text() in set("1234")]
    assert sorted(t.get_text() for t in numbers) == list("1234")
    frames = [t.get_window_extent() for t in numbers]
    assert not any(a.overlaps(b) for i, a in enumerate(frames) for b in frames[i + 1 :])
    points = np.concatenate([np.asarray(c.get_offsets()) for c in axes.collections])
    assert points.min() >= 0.05 and [0.05, 0.5] in points.tolist()
    without = charts.quadrants(
        MEASURED.drop(columns="label"), language="ko", words=CALLED, x_label=LOOKED, y_label=COMPLAINTS
    )
    assert not [t for t in without.axes[0].texts if t.get_text() in set("1234")]
