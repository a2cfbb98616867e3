"""Places as enforcement systems hold them."""

import json

import pandas as pd
import pytest
from dansok.korea.addresses import NOTES, area_name, clashing_keys, complete_bare, parse

LOTS = [
    # text, key, vague, notes
    ("금곡리 1127-84", "금곡리 1127-84", False, None),
    ("답내리1074-2", "답내리 1074-2", False, None),
    ("다산동6242", "다산동 6242", False, None),
    ("?다산동 4304", "다산동 4304", False, None),
    (" 금곡동  404 - 240 ", "금곡동 404-240", False, None),
    ("금곡동 404－２40", "금곡동 404-240", False, None),
    ("경기도 남양주시 와부읍 덕소리 474-1", "덕소리 474-1", False, None),
    ("남양주시다산동6242", "다산동 6242", False, None),
    ("와부읍덕소리474-1", "덕소리 474-1", False, None),
    ("천안시 백석동 1059번지", "백석동 1059", False, None),
    ("다산1동 6281", "다산동 6281", False, None),
    ("서울 성동구 성수동1가 12-3", "성수동1가 12-3", False, None),
    ("을지로3가 12-3", "을지로3가 12-3", False, None),
    ("종로구 구로동 31", "구로동 31", False, None),
    # mountain lots are other lots
    ("호평동 산 54-28", "호평동 산54-28", False, None),
    ("부평리산99-31", "부평리 산99-31", False, None),
    ("금곡리 산12-3", "금곡리 산12-3", False, None),
    # near the place
    ("별내동 1011-7 앞", "별내동 1011-7", True, "vague_word"),
    ("별내동 1011-7앞", "별내동 1011-7", True, "vague_word"),
    ("금곡리 12 일원", "금곡리 12", True, "vague_word"),
    ("금곡리 12번지 맞은편 인도", "금곡리 12", True, "vague_word"),
    ("금곡리 12-1(우체국 건너편)", "금곡리 12-1", True, "vague_word"),
    # two lots: the first
    ("다산동 6281 / 6280-1", "다산동 6281", True, "two_lots"),
    ("다산동 6281,6280-1", "다산동 6281", True, "two_lots"),
    ("다산동 6281~6283 주변", "다산동 6281", True, "vague_word two_lots"),
    ("다산동 6281 외 2필지", "다산동 6281", True, "two_lots"),
    ("답내리 1074-2답내리 1074-2", "답내리 1074-2", False, None),
    ("창현리 482-12ㅍ", "창현리 482-12", False, None),
    # in brackets
    ("우리마트(금곡리 12-3)", "금곡리 12-3", False, "in_brackets"),
]
ROADS = [
    ("진접읍 장현로 144-15", "장현로 144-15", False),
    ("진접읍장현로144-15", "장현로 144-15", False),
    ("다산동 다산중앙로123번길 22-80", "다산중앙로123번길 22-80", False),
    ("다산동 다산중앙로 123번길 22-80", "다산중앙로123번길 22-80", False),
    ("다산중앙로82번안길 166-46", "다산중앙로82번안길 166-46", False),
    ("해밀예당1로215번길 4", "해밀예당1로215번길 4", False),
    ("경춘로양골1길 11", "경춘로양골1길 11", False),
    ("청학로중앙길 21", "청학로중앙길 21", False),
    ("천안시 수신면 5산단4로 156-17", "5산단4로 156-17", False),
    ("경기도 남양주시 경춘로 1037 (금곡동, 시청)", "경춘로 1037", False),
    ("덕소로97번길 3 (덕소리 474-1)", "덕소로97번길 3", False),
    ("경춘로 1037 부근", "경춘로 1037", True),
]
BARE = [
    ("629", False, 629, None, False),
    ("1014-6", False, 1014, 6, False),
    ("산 54-29", True, 54, 29, False),
    ("산12", True, 12, None, False),
    ("629 앞", False, 629, None, True),
    ("6281 / 6280-1", False, 6281, None, True),
    ("1014-6번지", False, 1014, 6, False),
]
NAMES = [
    *(
        "별내동 마들프라자 주변",
        "(구)굴다리 주변",
        "다산1동",
        "장소",
        "별내동 3단지",
        "다산동 102동 1203호",
        "별빛마을3단지",
    ),
    *(
        "14:25:49",
        "묵현리082010",
        "다산동 6293-",
        "천안시 성정동 성정5길",
        "천안대로",
        "1127-84-2",
        "123456",
        "-",
        "2024-01-02",
    ),
    *("오남읍 807-1", "더샵퍼스트시티108동", "5호선 12번 출구", "12가 3456"),
]


def one(text):
    return parse(pd.Series([text])).iloc[0]


@pytest.mark.parametrize(("text", "key", "vague", "notes"), LOTS)
def test_lot(text, key, vague, notes):
    row = one(text)
    assert (row.kind, row.lookup_key, row.vague) == ("lot", key, vague)
    assert row.notes == notes if notes else pd.isna(row.notes)
    assert row.legal_area == key.split()[0] and row.mountain == ("산" in key.split()[1])


@pytest.mark.parametrize(("text", "key", "vague"), ROADS)
def test_road(text, key, vague):
    row = one(text)
    assert (row.kind, row.lookup_key, row.vague) == ("road", key, vague)
    assert row.road == key.split()[0] and not row.mountain


@pytest.mark.parametrize(("text", "mountain", "main", "sub", "vague"), BARE)
def test_bare_lot(text, mountain, main, sub, vague):
    row = one(text)
    assert (row.kind, row.mountain, row.main, row.vague) == ("bare_lot", mountain, main, vague)
    assert pd.isna(row["sub"]) if sub is None else row["sub"] == sub
    assert pd.isna(row.lookup_key) and pd.isna(row.legal_area)


@pytest.mark.parametrize("text", NAMES)
def test_name_never_has_a_key(text):
    row = one(text)
    assert row.kind == "name"
    assert row[["legal_area", "main", "sub", "road", "lookup_key"]].isna().all()


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("12가 3456", "plate_like"),
        ("답내리 1074-2123가4567", "plate_like"),
        ("금곡리 12 34나5678", "plate_like"),
        ("14:25:49", "no_place"),
        ("마트 옆", "vague_word"),
    ],
)
def test_what_is_wrong_with_a_name_is_noted(text, note):
    assert one(text).notes == note and note in NOTES


@pytest.mark.parametrize("text", [None, "", "  ", float("nan"), "?"])
def test_no_text(text):
    row = one(text)
    assert row.drop(["mountain", "vague"]).isna().all() and not row.vague and not row.mountain


def test_parts():
    row = one("와부읍 덕소리 산 12-3 앞")
    assert (row.legal_area, row.mountain, row.main, row["sub"]) == ("덕소리", True, 12, 3)
    assert one("다산동 다산중앙로 105-14").legal_area == "다산동"


def test_index_and_columns():
    parsed = parse(pd.Series(["금곡리 1", "경춘로 2 (금곡동)", "우체국(금곡동 3)", None], index=[5, 5, 9, 1]))
    assert parsed.index.tolist() == [5, 5, 9, 1]
    assert parsed.lookup_key.tolist()[:3] == ["금곡리 1", "경춘로 2", "금곡동 3"]
    assert parse(pd.Series([], dtype="str")).columns.equals(parsed.columns)


@pytest.mark.parametrize(
    ("text", "area", "key"),
    [
        ("6281", "다산1동", "다산동 6281"),
        ("1014-6", "별내동", "별내동 1014-6"),
        ("산 54-29", "호평동-2", "호평동 산54-29"),
        ("629 앞", "경기도 남양주시 별내동", "별내동 629"),
        # several 리 share the numbers
        ("391", "화도읍", None),
        ("391", "별내면", None),
        ("391", "진접", None),
        ("391", "남양주시", None),
        ("391", None, None),
        # the city knows better
        ("12", "양정동", None),
        ("12", "퇴계원읍", "퇴계원리 12"),
        # nothing else is touched
        ("금곡리 12", "다산1동", "금곡리 12"),
        ("경춘로 12", "다산1동", "경춘로 12"),
        ("우체국", "다산1동", None),
    ],
)
def test_complete_bare(text, area, key):
    completed = complete_bare(
        parse(pd.Series([text])), pd.Series([area]), {"양정동": None, "퇴계원읍": "퇴계원리"}
    ).iloc[0]
    assert completed.lookup_key == key if key else pd.isna(completed.lookup_key)
    from_area = key is not None and text[0] not in "금경"
    assert ("from_area" in str(completed.notes)) == from_area


def test_complete_bare_keeps_other_notes_and_checks_the_index():
    parsed = parse(pd.Series(["629 앞"]))
    assert complete_bare(parsed, pd.Series(["별내동"]), {}).notes.tolist() == ["vague_word from_area"]
    with pytest.raises(ValueError, match="index"):
        complete_bare(parsed, pd.Series(["별내동"], index=[1]), {})


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("별내동", "별내동"),
        (" 별내동 ", "별내동"),
        ("호평동-2", "호평동"),
        ("다산 1동", "다산1동"),
        ("다산1동", "다산1동"),
        ("진접", "진접"),
        ("지금", "지금"),
        ("경기도 남양주시 와부읍 덕소리 474-1", "와부읍"),
        ("남양주시 다산2동", "다산2동"),
        ("남양주시다산동", "다산동"),
        ("다산동6242", "다산동"),
        ("별내동 마들프라자 102동", "별내동"),
        ("퇴계원면", "퇴계원면"),
        ("나주시 다시면", "다시면"),
        ("종로1.2.3.4가동", "종로1.2.3.4가동"),
        ("남양주시", None),
        ("경기도 남양주시", None),
        ("서울특별시", None),
        ("-", None),
        ("", None),
        (None, None),
    ],
)
def test_area_name(text, name):
    got = area_name(pd.Series([text], name="단속동"))
    assert got.name == "단속동"
    assert got.iloc[0] == name if name else pd.isna(got.iloc[0])


def test_clashing_keys_only_where_they_lie_apart():
    table = pd.Series(["금곡동 12", "금곡동12", "별내동 3", "별내동 3번지", "금곡동 산 12", "우체국"])
    clashes = clashing_keys(
        table,
        pd.Series([37.6, 37.601, 37.5, 37.5001, 37.9, 37.0]),
        pd.Series([127.2, 127.2, 127.1, 127.1, 127.2, 127.0]),
    )
    assert clashes.lookup_key.tolist() == ["금곡동 12"]
    assert clashes.addresses.tolist() == [2]
    assert clashes.apart_metres[0] == pytest.approx(111.3, abs=0.1)


@pytest.mark.real
def test_namyangju_citizens_reports_are_found(shared_data):
    folder = shared_data / "namyangju"
    table = json.loads((folder / "지번주소_좌표.json").read_text(encoding="utf-8"))
    sheets = [
        sheet
        for path in sorted(folder.glob("시민신고*.xlsx"))
        for sheet in pd.read_excel(path, dtype=str, engine="calamine", sheet_name=None).values()
    ]
    reports = pd.concat(sheets, ignore_index=True)
    known = set(parse(pd.Series(list(table))).lookup_key.dropna())
    distinct = reports[["단속장소", "단속동"]].value_counts().reset_index()
    parsed = parse(distinct["단속장소"])
    completed = complete_bare(parsed, distinct["단속동"], {})

    def rate(found):
        return distinct["count"][found].sum() / distinct["count"].sum()

    assert rate(distinct["단속장소"].isin(list(table))) == pytest.approx(0.607, abs=0.0005)
    assert rate(parsed.lookup_key.isin(known)) >= 0.627
    assert rate(completed.lookup_key.isin(known)) >= 0.650
    # Where a report names its legal area, the rule for bare numbers gives the same one in 99.6 of 100.
    dong = parsed.kind.eq("lot") & distinct["단속동"].str.endswith("동")
    by_rule = complete_bare(parsed.assign(kind="bare_lot"), distinct["단속동"], {}).legal_area
    agree = distinct["count"][dong & by_rule.eq(parsed.legal_area)].sum() / distinct["count"][dong].sum()
    assert agree >= 0.995


@pytest.mark.real
def test_namyangju_table_of_lots_has_no_clash(shared_data):
    table = json.loads((shared_data / "namyangju" / "지번주소_좌표.json").read_text(encoding="utf-8"))
    addresses = pd.Series(list(table))
    where = pd.DataFrame(table.values())
    assert clashing_keys(addresses, where["lat"], where["lon"]).empty
    # One entry is a clock time; all others are lots, each with its own key.
    parsed = parse(addresses)
    assert parsed.notes.dropna().tolist() == ["no_place"]
    assert parsed.lookup_key.nunique() == len(addresses) - 1


@pytest.mark.real
def test_namyangju_patrol_car_places_are_all_addresses(shared_data):
    (path,) = (shared_data / "namyangju").glob("주행형*.xlsx")
    places = pd.Series(pd.read_excel(path, dtype=str, engine="calamine")["단속장소"].unique())
    parsed = parse(places)
    assert parsed.kind.isin(["road", "lot"]).all()
    assert parsed.lookup_key.isna().sum() == 0
