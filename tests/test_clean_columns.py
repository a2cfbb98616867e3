"""Numbers, yes and no, categories, coordinates, equal rows: one awkward table each."""

import unicodedata

import ibis
import pandas as pd
import pytest
from dansok.clean.categories import codes_of, plain
from dansok.clean.duplicates import find_duplicates
from dansok.clean.numbers import read_boolean, read_integer, read_number
from dansok.clean.positions import Region, contradiction, judge, pile_ups, read_outlines
from dansok.space import reproject_wkt
from dansok.tables import TABLES

CONNECTION = ibis.duckdb.connect()
CITY = "POLYGON ((127.1 37.5, 127.4 37.5, 127.4 37.8, 127.1 37.8, 127.1 37.5))"
REGION = Region.around(reproject_wkt(pd.Series([CITY]), "EPSG:4326"))


def read(reader, texts):
    rows = ibis.memtable({"row": list(range(len(texts))), "sent": texts})
    found = CONNECTION.to_pyarrow(rows.mutate(read=reader(rows.sent)).order_by("row"))
    return found["read"].to_pylist()


@pytest.mark.parametrize(
    ("reader", "table"),
    [
        (
            read_integer,
            {
                **{
                    "1,234원": 1234,
                    "３면": 3,
                    "₩ 32,000": 32000,
                    "１２３": 123,
                    "12 건": 12,
                    "1.0": 1,
                    "+3": 3,
                    " 7대": 7,
                },
                **{"△32,000": -32000, "-5": -5, "3개소": 3, "999999999999999999": 999999999999999999, "\\1000": 1000},
                **dict.fromkeys(("12.5", "1,2", "12,34", "삼만원", "", "-", "1e3", "1 2", "9" * 19, "원"), None),
            },
        ),
        (
            read_number,
            {
                **{"37.7212623": 37.7212623, "127.1E0": 127.1, ".5": 0.5, "5.": 5.0, "12,345.6": 12345.6, "-0.5": -0.5},
                **dict.fromkeys(("37.7.2", "N/A", "", ".", "37,7", "e5", "미상"), None),
            },
        ),
        (
            read_boolean,
            {
                **dict.fromkeys(("Y", "y", "예", "O", "○", "1", "TRUE", "유", " Ｙ "), True),
                **dict.fromkeys(("N", "아니오", "아니요", "X", "×", "0", "무"), False),
                **dict.fromkeys(("", "?", "2", "모름"), None),
            },
        ),
    ],
)
def test_texts_are_read_or_left_missing(reader, table):
    assert dict(zip(table, read(reader, list(table)), strict=True)) == table


def test_categories_are_compared_composed_and_without_extra_blanks():
    codes = codes_of(TABLES["tickets"]["channel"], {"고정식  CCTV": "fixed_camera", "주행형 단속차량": "officer"})
    decomposed = unicodedata.normalize("NFD", "고정식 CCTV")
    assert codes[plain(decomposed)] == codes[plain(" 고정식\tCCTV ")] == "fixed_camera"
    assert codes[plain("시민신고")] == codes["citizen_report"] == "citizen_report"
    # city.toml has the last word over our own label.
    assert codes[plain("주행형 단속차량")] == "officer"
    assert plain("고정식CCTV") not in codes


def places(rows, crs, region=REGION, mend=False):
    pairs = pd.DataFrame(rows, columns=["x", "y"], dtype=float)
    return pairs, judge(pairs, crs, region, mend)


@pytest.mark.parametrize(
    ("pair", "crs", "mend", "state"),
    [
        ((127.2, 37.6), "EPSG:4326", False, "as_sent"),
        ((37.6, 127.2), "EPSG:4326", False, "swapped"),
        ((37.6, 127.2), "EPSG:4326", True, "mended"),
        ((35.1, 129.0), "EPSG:4326", True, "outside"),
        ((0, 0), "EPSG:4326", True, "outside"),
        ((127.2, 0), "EPSG:4326", True, "outside"),
        ((129.0, 35.1), "EPSG:4326", False, "outside"),
        # 4 and 6 km east of the city's box
        ((127.4 + 0.045, 37.6), "EPSG:4326", False, "as_sent"),
        ((127.4 + 0.08, 37.6), "EPSG:4326", False, "outside"),
        ((218723.5, 459361.8), "EPSG:5181", False, "as_sent"),
        ((459361.8, 218723.5), "EPSG:5181", False, "swapped"),
        ((459361.8, 218723.5), "EPSG:5181", True, "mended"),
        ((218723.5, 459361.8), "EPSG:5186", False, "outside"),
        # Degrees under a system of metres lie near Jeju by the formula, and nowhere in truth.
        ((127.2, 37.6), "EPSG:5181", False, "outside"),
    ],
)
def test_state_of_a_pair(pair, crs, mend, state):
    _pairs, found = places([pair], crs, mend=mend)
    assert found.position_state.tolist() == [state]
    trusted = state in ("as_sent", "mended")
    assert found.longitude.notna().tolist() == found.latitude.notna().tolist() == [trusted]
    if trusted:
        assert 127 < found.longitude[0] < 127.5 and 37.5 < found.latitude[0] < 37.8


@pytest.mark.parametrize(
    ("rows", "crs", "seen"),
    [
        ([(127.2, 37.6)] * 9 + [(0, 0)] * 5, "EPSG:4326", None),
        ([(37.6, 127.2)] * 9, "EPSG:4326", None),
        ([(127.2, 37.6)] * 9, "EPSG:5181", "EPSG:4326"),
        ([(37.6, 127.2)] * 9, "EPSG:5181", "EPSG:4326 swapped"),
        ([(218723.5, 459361.8)] * 9, "EPSG:4326", "EPSG:5181 or EPSG:5174"),
        ([(218723.5, 459361.8)] * 9, "EPSG:5186", "EPSG:5181 or EPSG:5174"),
        ([(218723.5, 459361.8)] * 9, "EPSG:2097", None),
        ([(971000.0, 1955000.0)] * 9, "EPSG:5181", "EPSG:5179"),
        ([(1.0, 2.0)] * 9, "EPSG:5181", None),
        ([(0.0, 0.0)] * 9, "EPSG:4326", None),
    ],
)
def test_a_system_is_contradicted_only_by_numbers_that_speak_for_another(rows, crs, seen):
    pairs, found = places(rows, crs)
    assert contradiction(pairs, crs, REGION, found.position_state) == seen


def test_without_areas_all_of_korea_is_the_region():
    region = Region.around([])
    _pairs, found = places([(129.0, 35.1), (139.7, 35.7)], "EPSG:4326", region)
    assert found.position_state.tolist() == ["as_sent", "outside"] and region.middle is None


@pytest.mark.parametrize(
    ("points", "total", "piled"),
    [
        # five times the next
        ([(500, 1, "가", False), (100, 1, "나", False)], 5000, [True, False]),
        ([(499, 1, "가", False), (100, 1, "나", False)], 5000, [False, False]),
        # twenty names, though the next is as heavy; two fallback points
        ([(500, 20, "가", False), (480, 25, "나", False)], 5000, [True, True]),
        ([(500, 19, "가", False), (480, 3, "나", False)], 5000, [False, False]),
        # under two in a hundred, or a handful
        ([(99, 40, "가", False), (5, 1, "나", False)], 5000, [False, False]),
        ([(19, 1, "가", False), (1, 1, "나", False)], 30, [False, False]),
        # a camera with its own name; with two; named as the city is; not a camera
        ([(900, 1, "가동 1번", True), (100, 1, "나", True)], 5000, [False, False]),
        ([(900, 2, "가동 1번", True), (100, 1, "나", True)], 5000, [True, False]),
        ([(900, 1, "천안시", True), (100, 1, "나", True)], 5000, [True, False]),
        ([(900, 0, None, True), (100, 1, "나", True)], 5000, [True, False]),
        ([(900, 1, "가동 1번", False), (100, 1, "나", True)], 5000, [True, False]),
        ([(40, 1, "가", False)], 40, [True]),
    ],
)
def test_points_that_stand_for_an_unknown_place(points, total, piled):
    frame = pd.DataFrame(points, columns=["records", "names", "name", "cameras_only"])
    assert pile_ups(frame, total, {"천안시"}).tolist() == piled


def test_outlines_are_moved_checked_and_never_guessed():
    square = "POLYGON ((218700 459300, 218800 459300, 218800 459400, 218700 459400, 218700 459300))"
    mixed = f"GEOMETRYCOLLECTION ({square}, POINT (218750 459350))"
    texts = pd.Series([square, mixed, "경계", "POLYGON ((1 1, 2 1, 2 2, 1 1))"])
    found, seen = read_outlines(texts, "EPSG:5181", (127.2, 37.65))
    assert found.state.tolist() == ["valid", "part_kept", "unreadable", "outside"]
    assert found.geometry.notna().tolist() == [True, True, False, False]
    assert found.geometry[0] == found.geometry[1]
    assert seen is None
    _found, seen = read_outlines(texts[:1], "EPSG:5186", (127.2, 37.65))
    assert seen == "EPSG:5181 or EPSG:5174"
    assert read_outlines(texts[:1], "EPSG:5181", (127.2, 37.65))[1] is None
    found, seen = read_outlines(texts[:1], "EPSG:4326", None)
    assert found.state.tolist() == ["outside"] and "EPSG:5181" in seen


def verdicts(rows, by_file=False):
    frame = pd.DataFrame(rows, columns=["key", "told_apart", "source_order", "source_file", "source_row"])
    found = CONNECTION.to_pandas(find_duplicates(ibis.memtable(frame), by_file))
    return {(r.source_file, r.source_row): (r.verdict, bool(r.other_file)) for r in found.itertuples()}


def test_equal_rows_are_repeated_where_events_can_be_told_apart():
    rows = [
        ("a", True, 0, "b.csv", 2),
        ("a", True, 0, "b.csv", 9),
        ("a", True, 1, "a.csv", 2),
        ("b", False, 0, "b.csv", 3),
        ("b", False, 0, "b.csv", 4),
        ("c", True, 0, "b.csv", 5),
    ]
    # The first source of city.toml keeps its row, whatever its file is called.
    assert verdicts(rows) == {
        ("b.csv", 9): ("repeated", False),
        ("a.csv", 2): ("repeated", True),
        ("b.csv", 4): ("looks_alike", False),
    }


def test_equal_debts_are_counted_file_by_file():
    rows = [("a", True, 0, file, row) for file, row in (("1", 2), ("1", 3), ("2", 2), ("2", 3), ("2", 4))]
    assert verdicts(rows, by_file=True) == {
        ("1", 3): ("looks_alike", False),
        ("2", 2): ("repeated", True),
        ("2", 3): ("repeated", True),
        ("2", 4): ("looks_alike", False),
    }
