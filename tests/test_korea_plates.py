"""Plates of every generation, as clerks and cameras write them. All are made up."""

import unicodedata

import duckdb
import pandas as pd
import pytest
from dansok.korea.plates import FORMS, LOOK_ALIKES, PRIVATE, find_plates, look_alike, normalise, read_plates

READ = [
    # text as sent, normal form, generation, class, use
    ("123가4567", "123가4567", "2019", "passenger", "private"),
    ("123가 4567", "123가4567", "2019", "passenger", "private"),
    (" 699주-0001 ", "699주0001", "2019", "passenger", "private"),
    ("700나1234", "700나1234", "2019", "van", "private"),
    ("799나1234", "799나1234", "2019", "van", "private"),
    ("800다1234", "800다1234", "2019", "truck", "private"),
    ("979다1234", "979다1234", "2019", "truck", "private"),
    ("980라1234", "980라1234", "2019", "special", "private"),
    ("998머1234", "998머1234", "2019", "emergency", "private"),
    ("101하1234", "101하1234", "2019", "passenger", "rental"),
    ("165호9999", "165호9999", "2019", "passenger", "rental"),
    ("12가3456", "12가3456", "2004", "passenger", "private"),
    ("01거0001", "01거0001", "2004", "passenger", "private"),
    ("69조3456", "69조3456", "2004", "passenger", "private"),
    ("70나3456", "70나3456", "2004", "van", "private"),
    ("80더3456", "80더3456", "2004", "truck", "private"),
    ("97우3456", "97우3456", "2004", "truck", "private"),
    ("98무3456", "98무3456", "2004", "special", "private"),
    ("34허3456", "34허3456", "2004", "passenger", "rental"),
    ("１２가３４５６", "12가3456", "2004", "passenger", "private"),
    ("12.가.3456", "12가3456", "2004", "passenger", "private"),
    ("12가–3456", "12가3456", "2004", "passenger", "private"),
    ("'12가3456", "12가3456", "2004", "passenger", "private"),
    ("12\u00a0가\u200b3456\ufeff", "12가3456", "2004", "passenger", "private"),
    (unicodedata.normalize("NFD", "12거3456"), "12거3456", "2004", "passenger", "private"),
    ("서울12바3456", "서울12바3456", "business", "passenger", "commercial"),
    ("서울 12 바 3456", "서울12바3456", "business", "passenger", "commercial"),
    ("경기70아1234", "경기70아1234", "business", "van", "commercial"),
    ("경기 86 배 1234", "경기86배1234", "business", "truck", "delivery"),
    ("세종98자1234", "세종98자1234", "business", "special", "commercial"),
    ("서울52가1234", "서울52가1234", "1973_region", "passenger", "private"),
    ("경기7자1234", "경기7자1234", "1973_region", "unknown", "commercial"),
    ("강원 3 누 1234", "강원3누1234", "1973_region", "unknown", "private"),
    ("제주34허1234", "제주34허1234", "1973_region", "passenger", "rental"),
    ("외교123-456", "외교123456", "diplomatic", "diplomatic", "diplomatic"),
    ("준영 001-002", "준영001002", "diplomatic", "diplomatic", "diplomatic"),
    ("임시1234", "임시1234", "temporary", "unknown", "temporary"),
    ("임시 12-3456", "임시123456", "temporary", "unknown", "temporary"),
    ("경기 임시 1234", "경기임시1234", "temporary", "unknown", "temporary"),
    ("경기남양주가1234", "경기남양주가1234", "motorcycle", "motorcycle", "unknown"),
    ("경기 남양주 가 1234", "경기남양주가1234", "motorcycle", "motorcycle", "unknown"),
    ("서울강남차1234", "서울강남차1234", "motorcycle", "motorcycle", "unknown"),
    ("경기고양일산동바1234", "경기고양일산동바1234", "motorcycle", "motorcycle", "unknown"),
    ("경기가1234", "경기가1234", "motorcycle", "motorcycle", "unknown"),
    ("경기02가1234", "경기02가1234", "construction", "construction", "unknown"),
    ("012가4567", "012가4567", "construction", "construction", "unknown"),
]
NOT_READ = [
    # masked in any slot, with any sign
    *[(text, "masked") for text in ("12가34**", "경기7*자*6*3", "12가34○○", "1○○가3456", "12?3456", "12가34XX")],
    *[(text, "masked") for text in ("12가ㅇㅇ56", "12가34●●", "서울12바****", "*2가3456", "１２가３４＊＊")],
    # shapes that no plate has
    *[(text, "unreadable") for text in ("가3456", "12가345", "12가34567", "1234가5678", "7자1234", "00가1234")],
    *[(text, "unreadable") for text in ("000가1234", "12배가3456", "12챠3456", "12각3456", "12ㄱ3456", "12A3456")],
    *[(text, "unreadable") for text in ("I2가3456", "12가34O6", "미상", "번호판없음", "12가3456 외 1대", "?", "****")],
    # digits of other scripts
    ("٣٤가٣٤٥٦", "unreadable"),
    # a business vehicle without its region may be any of seventeen
    *[(text, "unreadable") for text in ("12바3456", "80배3456", "123사4567")],
    *[(text, "unreadable") for text in ("부천12바3456", "외교12345", "임시123", "1-2-3", "3456", "123456")],
    *[(text, "missing") for text in ("", "   ", "-", "- . -", "\u200b", None, float("nan"))],
]


def one(text):
    return read_plates(pd.Series([text], dtype="object")).iloc[0]


@pytest.mark.parametrize(("text", "plate", "generation", "kind", "use"), READ)
def test_read(text, plate, generation, kind, use):
    row = one(text)
    assert row.plate_state == "read"
    assert (row.plate, row.plate_generation, row.plate_class, row.plate_use) == (plate, generation, kind, use)


@pytest.mark.parametrize(("text", "state"), NOT_READ)
def test_not_read(text, state):
    row = one(text)
    assert row.plate_state == state
    assert row.drop("plate_state").isna().all()


def test_every_private_letter_is_read_and_no_other_syllable():
    syllables = [chr(code) for code in range(ord("가"), ord("힣") + 1)]
    read = read_plates(pd.Series([f"12{s}3456" for s in syllables], index=syllables))
    letters = set(read.index[read.plate_state == "read"])
    assert len(PRIVATE) == 32
    assert letters == set(PRIVATE) | set("하허호")


def test_every_generation_is_in_the_table():
    assert {row[2] for row in READ} == set(FORMS)


def test_index_and_repeated_texts_are_kept():
    plates = pd.Series(["12가3456", None, "12가34**"], index=[7, 7, 3], name="차량번호")
    read = read_plates(plates)
    assert read.index.tolist() == [7, 7, 3]
    assert read.plate_state.tolist() == ["read", "missing", "masked"]
    assert normalise(plates).name == "차량번호"


def test_no_rows():
    read = read_plates(pd.Series([], dtype="str"))
    assert read.shape == (0, 5)


def test_what_cannot_be_read_joins_nothing():
    sent = pd.Series(["12가34**", "12가34**", "미상", "미상", None, None, "12바3456", "12바3456", "12가3456"])
    rows = read_plates(sent).reset_index()
    joined = duckdb.from_df(rows).query("reads", "select a.index, b.index from reads a join reads b using (plate)")
    assert joined.fetchall() == [(8, 8)]
    assert not rows.plate[:8].eq(rows.plate[:8]).any()


@pytest.mark.parametrize(
    ("one_vehicle", "another"),
    [
        ("12가3456", "12거3456"),
        ("12나3456", "12너3456"),
        ("12가1456", "12가7456"),
        ("12가3456", "123가3456"),
        ("서울12바3456", "경기12바3456"),
        ("서울52가1234", "52가1234"),
        ("경기남양주가1234", "경기가1234"),
        ("12가0456", "12가O456"),
    ],
)
def test_look_alikes_stay_two_vehicles(one_vehicle, another):
    plates = read_plates(pd.Series([one_vehicle, another])).plate
    assert plates.nunique(dropna=False) == 2


@pytest.mark.parametrize(
    ("one_vehicle", "another", "alike"),
    [
        ("12가3456", "12거3456", True),
        ("12나1456", "12너7456", True),
        ("10가0000", "18가3330", True),
        ("12배3456", "12버3456", True),
        ("5고6565", "6구5656", True),
        ("경기남양주가1234", "경기남양주거7284", True),
        ("서울12바3456", "서울72사3456", False),
        ("서울12바3456", "경기12바3456", False),
        ("12가3456", "123가3456", False),
        ("12가3456", "12나3456", False),
        ("12가3456", "12고3456", False),
        ("12가3456", "12가2456", False),
        ("경기수원우1234", "경기수원오1234", True),
        ("경기소원우1234", "경기수원우1234", False),
        ("외교123456", "외교723465", True),
    ],
)
def test_look_alikes_share_a_form(one_vehicle, another, alike):
    forms = look_alike(pd.Series([one_vehicle, another], index=[5, 9], name="plate"))
    assert forms.index.tolist() == [5, 9] and forms.name == "plate"
    assert (forms[5] == forms[9]) == alike


def test_every_plate_that_can_be_read_has_a_look_alike_form_and_no_other():
    read = read_plates(pd.Series([row[0] for row in READ] + ["12가34**", "미상", None])).plate
    forms = look_alike(read)
    assert forms.notna().equals(read.notna())
    assert look_alike(forms.dropna()).equals(forms.dropna()), "a form is its own form"
    assert sorted("".join(LOOK_ALIKES)) == sorted(set("".join(LOOK_ALIKES))), "no sign is in two groups"


@pytest.mark.parametrize("row", READ, ids=lambda row: row[0])
def test_gate_finds_every_plate_that_can_be_read(row):
    for text in (row[1], row[0].strip(), f"어제 {row[1]} 차량이", f"|{row[1]}|", f"대상,{row[1]},1", f"({row[1]})"):
        if "'" in text or "\u200b" in text or any("０" <= sign <= "９" for sign in text):
            continue  # signs of exports, which no text of ours holds
        assert find_plates(text), row[2]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("12가 3456", "12가 3456"),
        ("12 가 3456", "12 가 3456"),
        ("12-가-3456", "12-가-3456"),
        ("12가\n3456", "12가\n3456"),
        ("서울 12 바 3456", "서울 12 바 3456"),
        ("차량번호123가4567번", "123가4567"),
        ("체납 차량(12가3456)은", "12가3456"),
        ("12가3456과 34나5678", "12가3456|34나5678"),
        ("1. 12가3456", "12가3456"),
        ("경기 남양주 가 1234", "경기 남양주 가 1234"),
        ("경기남양주시 가1234", "경기남양주시 가1234"),
        ("서울강남구1234", "서울강남구1234"),
        ("외교 123-456", "외교 123-456"),
        ("임시 12-3456", "임시 12-3456"),
        ("{'plate': '12가3456'}", "12가3456"),
        ("34로 1234", "34로 1234"),
        # accepted: the reader would have to know that these are no plates
        ("최근 12주 1234", "12주 1234"),
        ("8. 14 수 1200", "14 수 1200"),
        ("3.10배 1234", "10배 1234"),
    ],
)
def test_gate_finds(text, found):
    assert "|".join(text[start:end] for start, end in find_plates(text)) == found


@pytest.mark.parametrize(
    "text",
    [
        *("2024년", "제32조", "법 32조 1항", "법 제32조 제1항, 제33조, 제34조", "도로교통법 제160조 2024년 개정"),
        *(
            "다산동6242",
            "다산동 6281",
            "102동 1203호",
            "102동1203호 1234",
            "14시 03분",
            "14:03",
            "37.63도",
            "37.63도 1270",
        ),
        *("2025. 8. 31.", "2025-08-31", "11구 2024. 8. 31.", "25구 2024년", "서울 25구 2024년", "11구 2024-08-31"),
        *("100 m", "300m 2024", "031-590-2114", "010-1234-5678", "대표 031-590-2114", "대표전화 1588-1234"),
        *(
            "고시 제2025-121호 2025",
            "고시 제2023-954호",
            "제123호 4567",
            "12조 3456억 원",
            "최근 12주 1234건",
            "10배 1,234",
        ),
        *("경기도 남양주시 와부읍 덕소리 474-1", "다산중앙로123번길 22-80", "해밀예당1로215번길 4", "수레로 1138"),
        *(
            "별내12로 1234",
            "경기 남양주시 수레로 1138",
            "서울 종로 1234",
            "서울 강남구 1234",
            "경기도 1234",
            "경기도 12",
        ),
        *("서울보다 1234건", "서울에서 1234", "대구와 2024", "전북 전주 1234", "충북 청주 1234", "서울종로 1234"),
        *("₩40,000", "1,234,567", "1234가구", "12가지 1234", "202412가3456", "12가34567", "12가345", "12가34**"),
        *("임시공휴일 2024", "임시 1200면", "임시 2024년", "a1b2c3d4e5f60718", "EPSG:5179", "월 화 수 목 금 토 일"),
        *(
            "14시 1234",
            "30대 1500",
            "20건 2000",
            "40명 1234",
            "8. 14.(수) 1200",
            "제4회 1234",
            "12월 1234",
            "5부제 1234",
        ),
        "",
    ],
)
def test_gate_leaves_alone(text):
    assert find_plates(text) == []


def test_positions_count_in_the_composed_text():
    text = unicodedata.normalize("NFD", "별내동 12가3456")
    ((start, end),) = find_plates(text)
    assert unicodedata.normalize("NFC", text)[start:end] == "12가3456"
