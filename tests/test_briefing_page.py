"""The display vocabulary: what each call leaves in the notebook, and what it refuses."""

import datetime
import json
import warnings

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from dansok.briefing import document, page
from dansok.briefing.cells import excel_format, show
from dansok.briefing.payload import MIME, plain
from dansok.charts import register_fonts
from dansok.findings import Finding
from dansok.words import Refusal, Text
from matplotlib.figure import Figure

CAPTION = Text("시각별 건수", "Records by hour")


@pytest.fixture
def shown(monkeypatch):
    """Every output that was displayed."""
    outputs = []
    monkeypatch.setattr(page, "display", lambda data, **options: outputs.append(data))
    monkeypatch.setattr(page.screen, "language", "ko")
    return outputs


def bars(values, *, language, title="", place=(0.15, 0.2, 0.8, 0.6), long_label=""):
    with mpl.rc_context({"font.family": register_fonts()}):
        figure = Figure(figsize=(6.54, 2))
        axes = figure.add_axes(place)
        axes.bar(range(len(values)), values)
        axes.set_title({"ko": "건수", "en": "records"}[language] + title)
        if long_label:
            figure.text(0.9, 0.5, long_label)
        return figure


@pytest.mark.parametrize(
    "value, form, text",
    [
        (1234567, None, "1,234,567"),
        (np.int64(-1234), None, "−1,234"),
        (2025, "{}", "2025"),
        (0.256, "{:.1%}", "25.6%"),
        (-0.0004, "{:.1%}", "0.0%"),
        (-0.06, "{:+.1f}", "−0.1"),
        (np.float64("nan"), "{:.1%}", "–"),
        (None, None, "–"),
        (pd.NaT, None, "–"),
        (pd.NA, "{:,}", "–"),
        ("5 미만", "{:,}", "5 미만"),
        (True, None, Text("예", "yes")),
        (Text("계", "Total"), None, Text("계", "Total")),
        (datetime.date(2025, 8, 3), None, Text("2025. 8. 3.", "2025-08-03")),
        (pd.Timestamp("2025-08-03 09:05"), None, Text("2025. 8. 3. 09:05", "2025-08-03 09:05")),
    ],
)
def test_cells_read_as_an_office_writes_them(value, form, text):
    assert show(value, form) == text


def test_an_infinite_cell_is_an_error():
    with pytest.raises(ValueError, match="infinite"):
        show(float("inf"))


@pytest.mark.parametrize(
    "form, value, excel",
    [
        ("{:.1%}", 0.2, "0.0%"),
        ("{:,.0f}", 1234.5, "#,##0"),
        ("{:+.2f}", -1.5, "+0.00;-0.00;0.00"),
        ("{}", 2025, "0"),
        (None, 3.14159, "#,##0.00"),
        (None, {"date": "2025-08-31"}, "yyyy-mm-dd"),
        ("{:>10}", 3, "General"),
    ],
)
def test_excel_gets_the_same_format(form, value, excel):
    assert excel_format(form, value) == excel


def test_plain_values_survive_json():
    values = [np.int64(3), np.float32(0.5), float("nan"), float("inf"), pd.NaT, datetime.date(2025, 1, 2), [1.0, None]]
    assert json.loads(json.dumps(plain(values), allow_nan=False)) == [
        3,
        0.5,
        None,
        None,
        None,
        {"date": "2025-01-02"},
        [1.0, None],
    ]


def test_table_keeps_only_what_it_shows(shown):
    frame = pd.DataFrame({"area": ["a", "b"], "n": [1200, np.nan], "plate_token": ["x", "y"]})
    page.table(
        frame,
        name="tbl-areas",
        caption=CAPTION,
        columns={"area": Text("동", "District"), "n": Text("건수", "Records")},
        labels={"area": {"a": Text("가동", "Ga-dong")}},
        total_row={"area": Text("계", "Total"), "n": 1200},
        shade=["n"],
    )
    payload = shown[0][MIME]
    assert "plate_token" not in json.dumps(payload)
    assert [[cell["ko"] for cell in row] for row in payload["rows"]] == [["가동", "1,200"], ["b", "–"], ["계", "1,200"]]
    assert payload["values"] == [
        [{"ko": "가동", "en": "Ga-dong"}, 1200],
        ["b", None],
        [{"ko": "계", "en": "Total"}, 1200],
    ]
    assert [column["align"] for column in payload["columns"]] == ["left", "right"]
    assert payload["number_formats"][0] == [None, "#,##0"]
    assert "1,200" in shown[0]["text/html"] and payload["has_total"]


def test_table_without_rows_says_so(shown):
    page.table(
        pd.DataFrame({"n": []}),
        name="tbl-none",
        caption=CAPTION,
        columns={"n": Text("건수", "Records")},
        total_row=lambda frame: {"n": frame.n.sum()},
        shade=["n"],
    )
    assert shown[0][MIME]["rows"] == [] and not shown[0][MIME]["has_total"]
    assert "해당 없음" in shown[0]["text/html"]


@pytest.mark.parametrize("name", ["areas", "tbl-", "tbl-Areas", "tbl-a b", "fig-a"])
def test_table_names_are_references(shown, name):
    with pytest.raises(ValueError, match="tbl-"):
        page.table(pd.DataFrame({"n": [1]}), name=name, caption=CAPTION, columns={"n": CAPTION})


def test_table_refuses_a_column_that_is_not_there(shown):
    with pytest.raises(ValueError, match="nn"):
        page.table(pd.DataFrame({"n": [1]}), name="tbl-a", caption=CAPTION, columns={"nn": CAPTION})


def test_table_html_is_escaped(shown):
    page.table(pd.DataFrame({"n": ["<script>"]}), name="tbl-a", caption=CAPTION, columns={"n": CAPTION})
    assert "<script>" not in shown[0]["text/html"]


def test_figure_holds_both_languages_and_the_same_numbers_twice(shown):
    says = Finding("peak", Text("12시에 가장 많다.", "It peaks at 12."), {"hour": 12})
    for _ in range(2):
        page.figure(bars, [1, 2, 3], name="fig-clock", caption=CAPTION, says=says)
    first, second = (output[MIME] for output in shown)
    assert first == second
    assert "건수</text>" in first["svg"]["ko"] and "records</text>" in first["svg"]["en"]
    assert first["alt"] == {"ko": "시각별 건수. 12시에 가장 많다.", "en": "Records by hour. It peaks at 12."}
    assert shown[0]["image/png"] == shown[1]["image/png"]


@pytest.mark.parametrize(
    "options, said",
    [
        ({"title": " 漢"}, "U+6F22"),
        ({"place": (0.0, 0.2, 0.8, 0.7)}, "cut off"),
        ({"long_label": "아주 긴 이름이 붙은 사거리"}, "아주 긴 이름이 붙은 사거리"),
    ],
)
@pytest.mark.filterwarnings("ignore:Glyph")
def test_figure_refuses_what_a_reader_could_not_read(shown, options, said):
    with pytest.raises(Refusal, match="fig-clock") as refusal:
        page.figure(bars, [1, 2], name="fig-clock", caption=CAPTION, says=CAPTION, **options)
    assert said in str(refusal.value) and not shown


def only_a_threshold(*, language):
    figure = Figure()
    figure.add_axes((0.2, 0.2, 0.7, 0.7)).axhline(3)
    return figure


def line_of_nothing(*, language):
    figure = Figure()
    figure.add_axes((0.2, 0.2, 0.7, 0.7)).plot([1, 2], [np.nan, np.nan])
    return figure


def dots(*, language):
    figure = Figure()
    figure.add_axes((0.2, 0.2, 0.7, 0.7)).scatter([1, 2], [3, 4])
    return figure


@pytest.mark.parametrize("draw", [only_a_threshold, line_of_nothing])
def test_figure_without_data_is_refused(shown, draw):
    with pytest.raises(Refusal, match="nothing is drawn"):
        page.figure(draw, name="fig-none", caption=CAPTION, says=CAPTION)


def test_figure_of_dots_is_data(shown):
    page.figure(dots, name="fig-dots", caption=CAPTION, says=CAPTION)
    assert shown[0][MIME]["kind"] == "figure"


def test_figure_needs_words_for_those_who_cannot_see_it(shown):
    with pytest.raises(Refusal, match="says is empty"):
        page.figure(dots, name="fig-dots", caption=CAPTION, says=Text("점", " "))


def test_other_warnings_of_a_drawing_still_come_through(shown):
    def warning(*, language):
        warnings.warn("overlap", UserWarning, stacklevel=1)
        return dots(language=language)

    with pytest.warns(UserWarning, match="overlap"):
        page.figure(warning, name="fig-dots", caption=CAPTION, says=CAPTION)


@pytest.mark.parametrize("language, as_of", [("kr", "2025-08-31"), ("ko", "2025.08.31"), ("en", "31 August")])
def test_start_refuses_what_it_cannot_read(shown, language, as_of):
    with pytest.raises(Refusal):
        page.start(language, title=CAPTION, subtitle=CAPTION, office=CAPTION, area=CAPTION, as_of=as_of)


def test_start_sets_what_jupyterlab_shows(shown):
    page.start("en", title=CAPTION, subtitle=CAPTION, office=CAPTION, area=CAPTION, as_of=datetime.date(2025, 8, 31))
    page.summary([Finding("a", Text("가", "It rose."), {"n": 1})])
    assert "Records by hour" in shown[0]["text/html"] and "It rose." in shown[1]["text/html"]
    assert shown[0][MIME]["as_of"] == "2025-08-31"
    assert shown[1][MIME]["findings"][0] == {"name": "a", "text": {"ko": "가", "en": "It rose."}, "numbers": {"n": 1}}


def test_kpi_takes_only_known_directions():
    with pytest.raises(ValueError):
        page.Kpi(CAPTION, "3", direction="sideways")


def test_findings_follow_the_names_and_leave_out_what_the_data_did_not_give(shown):
    found = {name: Finding(name, Text(name, name), {"n": 1}) for name in ("a", "b")}
    page.findings(found, "b", "not_this_month", "a")
    assert [output[MIME]["finding"]["name"] for output in shown] == ["b", "a"]


def test_a_column_of_numbers_stays_one_when_all_are_missing(shown):
    table = pd.DataFrame({"name": ["가"], "worth": [np.nan]})
    columns = {"name": Text("이름", "Name"), "worth": Text("값", "Worth")}
    page.table(table, name="tbl-worth", caption=CAPTION, columns=columns, formats={"worth": "{:,.0f}"})
    assert [column["align"] for column in shown[0][MIME]["columns"]] == ["left", "right"]


def _laid_out(head, rows):
    """Widths of the columns, size of the type, and lines of each row."""
    cells = [[[{"s": text}] for text in row] for row in [head, *rows]]
    widths, size = document._widths(cells[0], cells[1:])
    assert sum(widths) == pytest.approx(document.TEXT_WIDTH)
    lines = [
        max(document._lines(document._part_widths(text, size), w, size) for text, w in zip(row, widths, strict=True))
        for row in rows
    ]
    return widths, size, lines


def test_a_long_address_breaks_and_leaves_room_for_the_words_beside_it():
    rule = "남양주시 과태료 체납 영치, 2011-07-06 뒤 과태료만"
    address = "https://m.wowtv.co.kr/NewsCenter/AMP/Read?articleId=AKR20180402152300060" * 3
    _, size, lines = _laid_out(["규칙", "출처"], [[rule, address]])
    assert size == document.TABLE_SIZES[0], "no smaller type for the sake of an address"
    assert lines == [3], "as few as the address takes with the rule in two lines beside it"


def test_columns_are_as_wide_as_saves_most_lines():
    short = ["주행형 단속차량 판독", "주행형판독_2025-01.csv", "2025. 10. 31. 그 뒤로 날마다", "52,054"]
    long = ["도로 구간", "고정형 단속자료 (다시 받은 것) 23.01.01~06.30.xlsx 그리고 둘째 쪽", "2025. 1. 1.", "3,001"]
    _, _, lines = _laid_out(["출처", "파일", "날", "행"], [short] * 30 + [long])
    assert lines == [1] * 30 + [2], "one long name does not break thirty others"
