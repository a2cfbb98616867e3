"""Particles after every kind of word that a briefing prints."""

import pytest
from dansok.korea.particles import PAIRS, particle, with_particle


@pytest.mark.parametrize(
    ("word", "pair", "expected"),
    [
        # Hangul
        ("별내동", "은/는", "별내동은"),
        ("다산", "은/는", "다산은"),
        ("버스", "은/는", "버스는"),
        ("호평동", "이/가", "호평동이"),
        ("주차", "이/가", "주차가"),
        ("체납액", "을/를", "체납액을"),
        ("단속", "와/과", "단속과"),
        ("영치", "과/와", "영치와"),
        # 으로/로: ㄹ goes with the vowels
        ("덕소역", "으로/로", "덕소역으로"),
        ("서울", "으로/로", "서울로"),
        ("서울", "은/는", "서울은"),
        ("도로", "로/으로", "도로로"),
        ("7월", "으로부터/로부터", "7월로부터"),
        ("담당자", "으로서/로서", "담당자로서"),
        ("수단", "으로써/로써", "수단으로써"),
        # copula
        ("별내동", "이다/다", "별내동이다"),
        ("14시", "이다/다", "14시다"),
        ("3건", "이며/며", "3건이며"),
        ("2배", "이었다/였다", "2배였다"),
        # digits as they are read: 영 일 이 삼 사 오 육 칠 팔 구
        *[(d, "은/는", d + p) for d, p in zip("0123456789", "은은는은는는은은은는", strict=True)],
        *[
            (d, "으로/로", d + p)
            for d, p in zip(
                "0123456789", ["으로", "로", "로", "으로", "로", "로", "으로", "로", "로", "로"], strict=True
            )
        ],
        ("10", "이/가", "10이"),
        ("1,000", "으로/로", "1,000으로"),
        ("40000", "을/를", "40000을"),
        ("100000000", "을/를", "100000000을"),  # 억
        ("1,000,000,000,000", "을/를", "1,000,000,000,000를"),  # 조
        ("37.2", "이/가", "37.2가"),
        ("0.10", "이/가", "0.10이"),
        ("-3", "으로/로", "-3으로"),
        # units
        ("12건", "이/가", "12건이"),
        ("8.4%", "이/가", "8.4%가"),
        ("8.4 %", "으로/로", "8.4 %로"),
        ("3%p", "을/를", "3%p를"),
        ("1.2km", "을/를", "1.2km를"),
        ("100 m", "이/가", "100 m가"),
        ("300㎡", "은/는", "300㎡는"),
        ("5kg", "은/는", "5kg은"),
        ("2대", "은/는", "2대는"),
        ("21일", "으로/로", "21일로"),
        ("30분", "으로/로", "30분으로"),
        ("4,000원", "으로/로", "4,000원으로"),
        # Latin letters
        ("CCTV", "을/를", "CCTV를"),
        ("URL", "으로/로", "URL로"),
        ("URL", "이/가", "URL이"),
        ("ATM", "으로/로", "ATM으로"),
        ("Excel", "으로/로", "Excel로"),
        ("Spain", "은/는", "Spain은"),
        ("camera", "은/는", "camera는"),
        # brackets and quotation marks
        ("별내동(남양주시)", "은/는", "별내동(남양주시)은"),
        ("37건(12.3%)", "이/가", "37건(12.3%)이"),
        ("2회(1,000원)", "으로/로", "2회(1,000원)로"),
        ("“마석우리”", "을/를", "“마석우리”를"),
        ("‘금곡동’", "과/와", "‘금곡동’과"),
        ("「도로교통법」", "은/는", "「도로교통법」은"),
        ("(가칭)", "은/는", "(가칭)은"),
        ("별내동.", "이/가", "별내동.이"),
        # decomposed text, as macOS writes file names
        ("\u1103\u1169\u11bc", "은/는", "\u1103\u1169\u11bc은"),
        # no way to know: both, as forms print it
        ("車", "은/는", "車은(는)"),
        ("★", "으로/로", "★(으)로"),
        ("", "이다/다", "(이)다"),
    ],
)
def test_particle(word, pair, expected):
    assert with_particle(word, pair) == expected


def test_order_of_the_pair_does_not_matter():
    for closed, open_ in PAIRS:
        assert particle("동", f"{closed}/{open_}") == particle("동", f"{open_}/{closed}") == closed


@pytest.mark.parametrize("pair", ["은/가", "은", "", "wa/gwa"])
def test_unknown_pair_is_a_programming_error(pair):
    with pytest.raises(ValueError, match="unknown pair"):
        with_particle("별내동", pair)
