"""Licence plates: their normal form, what their text says, and where one stands in running text.

A plate is personal data once it is joined to a register, so nothing here prints, logs or raises with one.
"""

import re
import unicodedata

import pandas as pd

REGIONS = (
    *("서울", "부산", "대구", "인천", "광주", "대전", "울산", "세종", "경기"),
    *("강원", "충북", "충남", "전북", "전남", "경북", "경남", "제주"),
)
PRIVATE = "가나다라마거너더러머버서어저고노도로모보소오조구누두루무부수우주"
COMMERCIAL = "바사아자"
DELIVERY = "배"
RENTAL = "하허호"
DIPLOMATIC = ("외교", "영사", "준외", "준영", "국기", "협정", "대표")

# Signs that readers take for each other, each group with the sign that stands for it. No published table of confusions
# was found (searched 2026-11): that Hangul is where readers err most says Kim and Kim (2021), Journal of KIIT 19(4),
# doi 10.14801/jkiit.2021.19.4.1; 배 read as 바: DoubangoTelecom/ultimateALPR-SDK, issue 301. The rest is judged by shape: one
# stroke of the vowel on the other side, one stroke of a digit more or less. A list too short hides near misses, one too
# long only lists more of them: nothing is joined by it.
LOOK_ALIKES = (
    *("가거", "나너", "다더", "라러", "마머", "바버배", "사서", "아어", "자저", "하허"),
    *("고구", "노누", "도두", "로루", "모무", "보부", "소수", "오우", "조주"),
    *("차처", "카커", "타터", "파퍼", "초추", "코쿠", "토투", "포푸"),
    *("17", "380", "56"),
)
_STANDS_FOR = str.maketrans({sign: group[0] for group in LOOK_ALIKES for sign in group[1:]})

_REGION = f"(?:{'|'.join(REGIONS)})"
_OWN = f"[{PRIVATE}{RENTAL}]"
_FOR_HIRE = f"[{COMMERCIAL}{DELIVERY}]"
_LETTER = f"[{PRIVATE}{COMMERCIAL}{DELIVERY}{RENTAL}]"
# Motorcycles and construction machines also use the rows ㅊ ㅋ ㅌ ㅍ ㅎ: no list could be read, so it is wide.
_WIDE = f"[{PRIVATE}{COMMERCIAL}{DELIVERY}{RENTAL}차카타파처커터퍼초코토포추쿠투푸후]"

# Generation -> form. The first that fits wins, so the narrower stand first.
FORMS = {
    "2019": rf"[1-9]\d\d{_OWN}\d{{4}}",
    "2004": rf"(?!00)\d\d{_OWN}\d{{4}}",
    "construction": rf"(?:(?!000)0\d\d|{_REGION}0[1-9]){_WIDE}\d{{4}}",
    "business": rf"{_REGION}(?!00)\d\d{_FOR_HIRE}\d{{4}}",
    "1973_region": rf"{_REGION}(?:[1-9]{_LETTER}|(?!00)\d\d{_OWN})\d{{4}}",
    "diplomatic": rf"(?:{'|'.join(DIPLOMATIC)})\d{{6}}",
    "temporary": rf"{_REGION}?임시\d{{4,7}}",
    "motorcycle": rf"{_REGION}[가-힣]{{0,5}}{_WIDE}\d{{4}}",
}


_MASKS = str.maketrans(dict.fromkeys("○〇◯●◎□■?xX#ㅇ\u110b", "*"))
_NOTHING = r"[\s\-‐‑‒–—―−.·ㆍ・‧∙'`\u119e\u200b-\u200d\u2060\ufeff]+"


def normalise(plates):
    """Plates in the one form that may be compared: no spaces, hyphens or dots, half-width, composed.

    Letters and digits are never changed into others: 가 and 거, 1 and 7 stay different vehicles.

    Parameters
    ----------
    plates : pd.Series of str
        Plates as sent, one a row.

    Returns
    -------
    pd.Series of str, same index and name
        Signs that hide a character (○ X ? #) all become "*". Missing where nothing is left.

    Examples
    --------
    >>> normalise(pd.Series(["12가 3456", "서울 12-바.3456", "１２가３４５６", "12가34○○", " - "])).tolist()
    ['12가3456', '서울12바3456', '12가3456', '12가34**', nan]
    """
    text = plates.astype("str")
    text = text.str.replace(_NOTHING, "", regex=True).str.normalize("NFKC")
    # Again: NFKC turns some full-width signs into the very ones that are dropped.
    text = text.str.replace(_NOTHING, "", regex=True).str.translate(_MASKS)
    return text.where(text.ne("") & text.notna())


def read_plates(plates):
    """What each plate's text says: whether it can be read, and kind and use of the vehicle.

    Meant for the distinct plate texts of a table, not for all its rows.

    Parameters
    ----------
    plates : pd.Series of str
        Plates as sent.

    Returns
    -------
    pd.DataFrame, same index
        `plate` : the normal form; missing unless `plate_state` is "read", so that a vehicle which
        cannot be told from others never joins. A pandas merge matches missing with missing: drop these rows first.
        `plate_state` : "read", "masked" (a character hidden), "unreadable" (fits no form) or "missing".
        `plate_generation` : a key of `FORMS`; missing unless read.
        `plate_class` : "passenger", "van", "truck", "special", "emergency", "motorcycle", "construction",
        "diplomatic"; "unknown" where the plate does not say; missing unless read.
        `plate_use` : "private", "commercial", "delivery", "rental", "diplomatic", "temporary"; "unknown" where the
        plate does not say; missing unless read.

    Notes
    -----
    Number ranges and letters: 자동차 등록번호판 등의 기준에 관한 고시 (제2025-121호), read second-hand. Not
    verified: the forms of motorcycles, construction machines, temporary and diplomatic plates; that a region with
    01-09 is a construction machine. One-digit plates (before 1996) do not tell their class here. Accepted limits:

    - A business plate without its region ("12바3456") is unreadable: seventeen vehicles may bear it.
    - A temporary plate is used by one vehicle after another; read, but no proof of a vehicle.
    - A number is issued again after deregistration: a join needs the dates of the register as well.

    Examples
    --------
    >>> read_plates(pd.Series(["123가 4567", "서울 33 바 1234", "12가34**"]))[["plate_state", "plate_use"]]
      plate_state   plate_use
    0        read     private
    1        read  commercial
    2      masked         NaN
    """
    text = normalise(plates)
    # What a plate says does not hang on its last four digits: each beginning, of which there are few, is looked at once.
    beginning, texts = pd.factorize(text.str.replace("[0-9]{4}$", "0000", regex=True), use_na_sentinel=False)
    read = _told_by(pd.Series(texts, dtype="str")).take(beginning).set_axis(text.index)
    return read.assign(plate=text.where(read["plate_generation"].notna()))[["plate", *read.columns]]


def _told_by(text):
    """The columns of `read_plates` but the plate, for texts in normal form."""
    generation = pd.Series(pd.NA, index=text.index, dtype="str")
    for name, form in FORMS.items():
        generation = generation.mask(generation.isna() & text.str.fullmatch(form, flags=re.ASCII).eq(True), name)
    read = generation.notna()
    masked = text.str.fullmatch(r"(?=[^*]*\*)[0-9가-힣*]{5,14}").eq(True) & text.str.contains(r"[^*]").eq(True)
    state = pd.Series("unreadable", index=text.index, dtype="str")
    state = state.mask(masked, "masked").mask(read, "read").mask(text.isna(), "missing")
    return pd.DataFrame(
        {
            "plate_state": state,
            "plate_generation": generation,
            "plate_class": _class(text, generation).where(read),
            "plate_use": _use(text, generation).where(read),
        }
    )


def look_alike(plates):
    """The form that a plate shares with those it could be misread for; never a plate, and never to be joined by.

    Parameters
    ----------
    plates : pd.Series of str
        Normal forms, as `read_plates` gives. Only digits and the letter before the last four are exchanged, never the
        name of a region or town.

    Returns
    -------
    pd.Series of str, same index and name
        Missing where the plate is.

    Examples
    --------
    >>> look_alike(pd.Series(["12가3456", "72거8456", "서울12바3456", None])).tolist()
    ['12가3455', '12가3455', '서울12바3455', nan]
    """
    parts = plates.astype("str").str.extract(r"^(\D*?)(\d*[가-힣]\d{4}|\d+)$")
    return (parts[0] + parts[1].str.translate(_STANDS_FOR)).rename(plates.name)


_BY_TWO_DIGITS = {"passenger": (1, 69), "van": (70, 79), "truck": (80, 97), "special": (98, 99)}
_BY_THREE_DIGITS = {
    "passenger": (100, 699),
    "van": (700, 799),
    "truck": (800, 979),
    "special": (980, 997),
    "emergency": (998, 999),
}


def _class(text, generation):
    digits = text.str.extract(r"([0-9]{1,3})[가-힣][0-9]{4}$")[0]
    number = pd.to_numeric(digits)
    told = pd.Series("unknown", index=text.index, dtype="str")
    for length, ranges in ((2, _BY_TWO_DIGITS), (3, _BY_THREE_DIGITS)):
        for name, (low, high) in ranges.items():
            told = told.mask(digits.str.len().eq(length) & number.between(low, high), name)
    for name in ("motorcycle", "construction", "diplomatic"):
        told = told.mask(generation == name, name)
    return told


def _use(text, generation):
    letter = text.str.extract(r"([가-힣])\d{4}$")[0]
    told = pd.Series("unknown", index=text.index, dtype="str")
    for name, letters in (
        ("private", PRIVATE),
        ("commercial", COMMERCIAL),
        ("delivery", DELIVERY),
        ("rental", RENTAL),
    ):
        told = told.mask(letter.isin(list(letters)), name)
    told = told.mask(generation.isin(["motorcycle", "construction"]), "unknown")
    for name in ("diplomatic", "temporary"):
        told = told.mask(generation == name, name)
    return told


# Cities, counties and districts as they stand on motorcycle plates, old names included. Running text
# needs the list: without it "서울보다 1234" is a motorcycle.
_TOWNS = """
강남 강동 강북 강서 관악 광진 구로 금천 노원 도봉 동대문 동작 마포 서대문 서초 성동 성북 송파 양천 영등포
용산 은평 종로 중랑 금정 기장 동래 부산진 북 사상 사하 서 동 남 중 수영 연제 영도 해운대 달서 달성 수성
군위 계양 남동 미추홀 부평 연수 강화 옹진 광산 대덕 유성 울주 가평 고양 과천 광명 광주 구리 군포 김포
남양주 동두천 부천 성남 수원 시흥 안산 안성 안양 양주 양평 여주 연천 오산 용인 의왕 의정부 이천 파주 평택
포천 하남 화성 강릉 고성 동해 삼척 속초 양구 양양 영월 원주 인제 정선 철원 춘천 태백 평창 홍천 화천 횡성
괴산 단양 보은 영동 옥천 음성 제천 증평 진천 청원 청주 충주 계룡 공주 금산 논산 당진 보령 부여 서산 서천
아산 연기 예산 천안 청양 태안 홍성 고창 군산 김제 남원 무주 부안 순창 완주 익산 임실 장수 전주 정읍 진안
강진 고흥 곡성 광양 구례 나주 담양 목포 무안 보성 순천 신안 여수 영광 영암 완도 장성 장흥 진도 함평 해남
화순 경산 경주 고령 구미 김천 문경 봉화 상주 성주 안동 영덕 영양 영주 영천 예천 울릉 울진 의성 청도 청송
칠곡 포항 거제 거창 김해 남해 마산 밀양 사천 산청 양산 의령 진주 진해 창녕 창원 통영 하동 함안 함양 합천
서귀포 북제주 남제주
""".split()
_WARDS = "덕양|일산동?|일산서|수정|중원|분당|권선|장안|팔달|영통|상록|단원|만안|동안|처인|기흥|수지|소사|오정|원미"
_TOWN = rf"(?:{'|'.join(sorted(_TOWNS, key=len, reverse=True))})(?:{_WARDS})?[시군구]?"

# Between the parts of a plate: spaces, one line break or a hyphen or dot, at most three signs.
_GAP = r"[ \t\r\n\u00a0\u2009\u3000\-‐‑–.·]{0,3}"
_WIDE_GAP = _GAP.replace("{0,3}", "{1,3}")
_DATE = r"(?![ ]?년)(?!\.[ ]?\d{1,2}\.)(?!-\d{1,2}-\d)"
# A plate is never counted: after a gap, four digits with one of these are a number.
_COUNTED = r"(?![ ]?(?:년|억|만|건|원|명|면|곳|회|개|대\b|점|위|㎡|%|[~∼]))"
_SERIAL = rf"(?:\d{{4}}(?!\d){_DATE}|{_WIDE_GAP}\d{{4}}(?!\d){_DATE}{_COUNTED})"
# Numbers with a letter that say something else: 제123호, 제2025-121호, 37.63도, 별내12로 1234.
_NO_NUMBER = (
    r"(?!(?<=제)\d{2,3}[조호])(?!(?<=\d-)\d{2,3}호)(?!(?<=\d\.)\d{2,3}[도고])(?!(?<=[가-힣])\d{2,3}[로호][ \t])"
)

PLATE_LIKE = re.compile(
    rf"(?<!\d)(?:"
    rf"{_REGION}{_GAP}\d{{1,2}}{_GAP}{_LETTER}{_SERIAL}"
    rf"|{_NO_NUMBER}\d{{2,3}}{_GAP}{_LETTER}{_SERIAL}"
    rf"|(?:{'|'.join(DIPLOMATIC)}){_GAP}\d{{3}}{_GAP}\d{{3}}(?![-\d])"
    rf"|임시{_GAP}(?:\d{{2,3}}{_GAP})?\d{{4}}(?!\d){_DATE}{_COUNTED}"
    # A town's 구, 시 or a 로 may be the end of an address: then the letter must stand apart, or hold the digits.
    rf"|{_REGION}{_GAP}{_TOWN}(?:{_WIDE_GAP}{_WIDE}{_SERIAL}|(?![구로]){_WIDE}{_SERIAL}|[구로]\d{{4}}(?!\d){_DATE})"
    rf"|{_REGION}(?:{_WIDE_GAP}{_WIDE}{_SERIAL}|(?!도){_WIDE}\d{{4}}(?!\d){_DATE})"
    rf")"
)
"""What a publishing gate looks for anywhere in running text: see `find_plates`."""


def find_plates(text):
    """Places in a running text where something like a plate stands.

    For a gate before publishing (text of a PDF, cells, notebooks): it would rather stop a harmless text than let a
    plate through. It gives positions only, so that no message repeats the plate.

    Parameters
    ----------
    text : str
        Any text. Positions count in its composed form (`unicodedata.normalize("NFC", text)`), which is the
        text itself unless it was written on macOS.

    Returns
    -------
    list of (int, int)
        Start and end of each, in order. Empty if there is none.

    Notes
    -----
    Found as well, and accepted: numbers of three digits or less with a plate letter, followed by four bare
    digits: "12주 1234", "10배 1234", "102호 1234", a day with a weekday and four digits ("14 수 1200"). Write such
    numbers with a thousands comma, as briefings do ("1,234"), or with their unit: years, dates and counted
    numbers ("2024년", "2025. 8. 31.", "1234건") are left alone.

    Not found: masked plates; plates with other signs between their characters ("1 2 가 3 4 5 6"); plates
    that run on from other digits ("2024123412가3456"); a motorcycle of a town that is not in the list.

    Examples
    --------
    >>> find_plates("차량 12가 3456, 다산동6242, 2024년")
    [(3, 11)]
    """
    return [match.span() for match in PLATE_LIKE.finditer(unicodedata.normalize("NFC", text))]
