"""Place texts of enforcement systems: lot numbers (지번), road addresses (도로명), bare numbers and names.

Nothing here looks anything up. It gives each text the one form (`lookup_key`) by which two tables of places can
be joined, and says where that form was uncertain.
"""

import pandas as pd

from dansok.korea.plates import PLATE_LIKE

NOTES = {
    "vague_word": "부근, 앞, 주변 …: the number is near the place, not the place",
    "two_lots": "more than one number: the first is taken",
    "in_brackets": "the address stood in brackets",
    "from_area": "number alone; legal area completed from the administrative area",
    "plate_like": "holds something like a licence plate: the text must not be shown",
    "no_place": "a number or a clock time that is no address",
}

_VAGUE = r"(?:일원|일대|앞|건너편|맞은편|부근|주변|옆|뒤|뒤편|입구|인근|근처|사이|진입로)"
_NUMBER = r"(?P<main>[1-9]\d{0,4})(?:-(?P<sub>[1-9]\d{0,3}))?(?![\d:-])"
_END = rf"(?=$|[\s,./·~(]|번지|{_VAGUE}|외|와|및|에서)"
# 성수동1가 and 을지로3가 are legal areas; 다산1동 is an administrative one, whose digit goes.
_LEGAL = r"(?P<legal>[가-힣]+\d{0,2}(?:동|리)|[가-힣]+[동로]\d가)"
_LOT = rf"(?:^|\s){_LEGAL}\s?(?P<mountain>산)?\s?{_NUMBER}{_END}"
_BARE = rf"^(?P<mountain>산)?\s?{_NUMBER}(?:번지)?\s?(?P<rest>{_VAGUE}?|(?:[,/~·및와]|외).*)$"
_ROAD = rf"(?:^|\s)(?P<road>\d{{0,2}}[가-힣][가-힣\d.]*?(?:로|길))\s?{_NUMBER}(?!가|번?길|번?[가-힣]길){_END}"
# A plate pasted behind a lot number, 1074-2123가4567, is no plate to a search in running text.
_GLUED_PLATE = r"\d{2,3}[가-힣]\s?\d{4}$"
_AGAIN = r"\s*(?:번지)?\s*(?:[,/~·]|및|와|외)\s*산?\s?\d"


def parse(texts):
    """Read place texts.

    Meant for the distinct texts of a table, not for all its rows.

    Parameters
    ----------
    texts : pd.Series of str
        Places as sent.

    Returns
    -------
    pd.DataFrame, same index
        `kind` : "lot" (지번), "road" (도로명), "bare_lot" (a number without its legal area) or "name" (all else). Missing where
        there is no text.
        `legal_area` : 법정동 or 리 of a lot, also of a road address that names it; digits of an administrative 동
        dropped. Missing otherwise.
        `mountain` : bool, 산 번지: "산 12" is another lot than "12".
        `main`, `sub` : Int64, lot or building number; `sub` missing where there is none.
        `road` : name of the road without spaces. Missing unless `kind` is "road".
        `lookup_key` : "금곡리 1127-84", "금곡리 산12-3", "장현로 144-15". Missing for "bare_lot" (see `complete_bare`) and "name".
        `vague` : bool, the text says near (부근, 앞 …), or gives two numbers.
        `notes` : keys of `NOTES` joined by a space. Missing if there are none.

    Notes
    -----
    A road's name is unique within a city, a lot's number within its legal area; so keys are good for one city.
    Not understood, so a "name": a number cut off after its hyphen ("6293-" is not lot 6293), an 읍 or 면
    with a number, blocks (22블록), kilometre posts, lots with a leading zero, a road without a number.

    Examples
    --------
    >>> parse(pd.Series(["답내리1074-2", "다산중앙로 123번길 22-80 앞", "629"]))[["kind", "lookup_key", "vague"]]
           kind        lookup_key  vague
    0       lot        답내리 1074-2  False
    1      road  다산중앙로123번길 22-80   True
    2  bare_lot               NaN  False
    """
    text = _tidy(texts)
    outside = text.str.replace(r"\([^()]*\)", " ", regex=True).str.replace(r"\s+", " ", regex=True).str.strip()
    found = _find(outside)
    inside = found["kind"].eq("name") & text.str.contains(r"\([^()]*\d[^()]*\)").eq(True)
    if inside.any():
        bracketed = text[inside].str.extract(r"\(([^()]*\d[^()]*)\)")[0].str.strip()
        again = _find(bracketed)
        better = again["kind"].isin(["lot", "road"])
        found.loc[better[better].index] = again[better]
        in_brackets = better.reindex(found.index, fill_value=False)
    else:
        in_brackets = pd.Series(False, index=found.index)
    vague_word = text.str.contains(rf"{_VAGUE}(?=$|[\s,()])").eq(True)
    name = found["kind"].eq("name")
    notes = {
        "vague_word": vague_word,
        "two_lots": found.pop("again"),
        "in_brackets": in_brackets,
        "plate_like": (text.str.contains(PLATE_LIKE) | (name & text.str.contains(_GLUED_PLATE))).eq(True),
        "no_place": name & text.str.fullmatch(r"[\d\s:.\-]+").eq(True),
    }
    found["vague"] = vague_word | notes["two_lots"]
    found["notes"] = _joined(notes, found.index)
    found["lookup_key"] = _key(found)
    found.index = texts.index
    return found[["kind", "legal_area", "mountain", "main", "sub", "road", "lookup_key", "vague", "notes"]]


def complete_bare(parsed, area, legal_by_area):
    """Give bare lot numbers the legal area that their administrative area implies.

    Parameters
    ----------
    parsed : pd.DataFrame
        From `parse`.
    area : pd.Series of str, same index
        Administrative area (읍면동) of each row, in any form that `area_name` understands.
    legal_by_area : dict of str -> str or None
        What the city knows better than the rule: the legal area of an administrative area, or None where it
        cannot be told.

    Returns
    -------
    pd.DataFrame, same index and columns
        `legal_area` and `lookup_key` filled for bare lots, with the note "from_area". Still missing where
        the area is missing, an 읍 or 면 (several 리 share its numbers), or None.

    Raises
    ------
    ValueError
        If the indexes differ.

    Notes
    -----
    The rule: an administrative 동 is named after a legal 동, with a digit where it was split (다산1동 and 다산2동 lie in 다산동). It can
    err where one administrative 동 holds several legal ones; then the number is usually not in the table of lots.

    Examples
    --------
    >>> parsed = parse(pd.Series(["6281", "산 5-1", "629"]))
    >>> complete_bare(parsed, pd.Series(["다산1동", "별내동", "진접읍"]), {}).lookup_key.tolist()
    ['다산동 6281', '별내동 산5-1', nan]
    """
    if not parsed.index.equals(area.index):
        raise ValueError("parsed and area must have the same index")
    name = area_name(area)
    by_rule = name.where(name.str.endswith("동").eq(True)).str.replace(r"제?\d+(?=동$)", "", regex=True)
    legal = by_rule.mask(name.isin(list(legal_by_area)), name.map(legal_by_area).astype("str"))
    bare = parsed["kind"].eq("bare_lot") & legal.notna()
    completed = parsed.copy()
    completed["legal_area"] = completed["legal_area"].mask(bare, legal)
    completed["lookup_key"] = completed["lookup_key"].mask(bare, _key(completed))
    notes = completed["notes"].str.cat(pd.Series("from_area", index=parsed.index), sep=" ").fillna("from_area")
    completed["notes"] = completed["notes"].mask(bare, notes)
    return completed


def area_name(texts):
    """Names of administrative areas (읍면동) in one form.

    Parameters
    ----------
    texts : pd.Series of str
        "호평동-2", " 다산 1동", "경기도 남양주시 와부읍 덕소리 474-1", "진접" …

    Returns
    -------
    pd.Series of str, same index and name
        The 읍면동 of the text ("호평동", "다산1동", "와부읍"); a single word that is none stays as it is ("진접"): what it
        means is for the city to say. Missing where the text is empty or names only a province, city, county or ward.

    Notes
    -----
    Renames (퇴계원면 to 퇴계원읍) are not followed: they belong in city.toml, with their date.

    Examples
    --------
    >>> area_name(pd.Series(["호평동-2", "다산 1동", "경기도 남양주시 와부읍 덕소리", "남양주시"])).tolist()
    ['호평동', '다산1동', '와부읍', nan]
    """
    text = texts.astype("str").str.normalize("NFKC").str.strip(" \t\r\n?\ufeff\u200b")
    text = text.str.replace(r"(?<=[가-힣])\s+(?=제?\d+동)", "", regex=True).str.replace(r"\s+", " ", regex=True)
    # 남양주시다산동, with no space
    text = text.str.replace(r"^([가-힣]+[도시])(?=[가-힣]{2,}\d?(?:읍|면|동)$)", r"\1 ", regex=True)
    named = text.str.extract(
        r"(?:^|\s)([가-힣]+[\d.,·]*(?:읍|면|동)|[가-힣]+[동로]?[\d.,·]+가(?:동)?)(?=$|[\s\-,(\d산])"
    )[0]
    single = text.where(text.str.fullmatch(r"[가-힣]{2,}\d?").eq(True))
    above = r"[가-힣]+(?:특별시|광역시|특별자치[시도]|도|시|군|구)"
    return named.fillna(single.mask(single.str.fullmatch(above).eq(True))).rename(texts.name)


def clashing_keys(addresses, latitude, longitude, *, metres=50):
    """Different addresses of a table of places that share a key but lie apart.

    Parameters
    ----------
    addresses : pd.Series of str
        Addresses as the table has them, one a row.
    latitude, longitude : pd.Series of float, same index
        Degrees, WGS 84.
    metres : float
        Rows nearer to each other are taken for one place.

    Returns
    -------
    pd.DataFrame, one row a key, sorted by `apart_metres` downwards
        `lookup_key`, `addresses` (int, rows that share it), `apart_metres` (diagonal of the box around them). Empty if all is well.

    Examples
    --------
    >>> clashing_keys(pd.Series(["금곡동 12", "금곡동12"]), pd.Series([37.6, 37.7]), pd.Series([127.2, 127.2])).lookup_key.tolist()
    ['금곡동 12']
    """
    rows = pd.DataFrame({"lookup_key": parse(addresses).lookup_key, "y": latitude, "x": longitude}).dropna()
    by_key = rows.groupby("lookup_key")
    span = by_key[["y", "x"]].max() - by_key[["y", "x"]].min()
    # A degree is 111.32 km north, and at Korea's latitudes about 0.8 of that east.
    apart = ((span["y"] * 111_320) ** 2 + (span["x"] * 88_500) ** 2) ** 0.5
    clashes = pd.DataFrame({"addresses": by_key.size(), "apart_metres": apart})
    clashes = clashes[clashes.apart_metres > metres].sort_values("apart_metres", ascending=False)
    return clashes.reset_index()


def _tidy(texts):
    text = texts.astype("str").reset_index(drop=True).str.normalize("NFKC")
    # Single jamo are slips of the keyboard; "?" stands where a character could not be encoded.
    text = text.str.replace(r"[\ufeff\u200b-\u200d\u1100-\u11ff]", "", regex=True)
    text = text.str.replace(r"[‐‑‒–—−]", "-", regex=True).str.replace(r"\s*-+\s*(?=\d)", "-", regex=True)
    text = text.str.replace(r"\s+", " ", regex=True).str.strip(" ?'\".,")
    # Typed twice: 답내리 1074-2답내리 1074-2
    text = text.str.replace(r"^([가-힣].+?)\s?\1$", r"\1", regex=True)
    # 다산중앙로 123번길 is one road; 남양주시다산동, 와부읍덕소리 and 진접읍장현로 are two words.
    text = text.str.replace(r"(?<=[로길]) (?=\d+번?[가-힣]?길)", "", regex=True)
    text = text.str.replace(r"^([가-힣]{1,4}시)(?=[가-힣]{2,}\d?(?:읍|면|동|리))", r"\1 ", regex=True)
    text = text.str.replace(r"([가-힣]{2,}[읍면])(?=[가-힣]+리\s?산?\s?\d)", r"\1 ", regex=True)
    text = text.str.replace(r"([가-힣]{2,}(?:읍|면|동))(?=[가-힣]{2,}(?:로|길)\s?\d)", r"\1 ", regex=True)
    return text.where(text.ne("") & texts.reset_index(drop=True).notna())


def _find(text):
    """kind, parts, and whether a second number follows; brackets already gone."""
    lot, bare, road = (text.str.extract(form) for form in (_LOT, _BARE, _ROAD))
    is_road = road["main"].notna()
    is_lot = lot["main"].notna() & ~is_road
    is_bare = bare["main"].notna() & ~is_road & ~is_lot
    kind = pd.Series("name", index=text.index, dtype="str").mask(text.isna())
    kind = kind.mask(is_road, "road").mask(is_lot, "lot").mask(is_bare, "bare_lot")
    part = {
        name: road[name].where(is_road, lot[name].where(is_lot, bare[name].where(is_bare))) for name in ("main", "sub")
    }
    beside_road = text.where(is_road).str.extract(r"(?:^|\s)([가-힣]+\d{0,2}(?:동|리))\s")[0]
    legal = lot["legal"].where(is_lot, beside_road).str.replace(r"제?\d+(?=동$)", "", regex=True)
    return pd.DataFrame(
        {
            "kind": kind,
            "legal_area": legal,
            "mountain": (lot["mountain"].notna() & is_lot) | (bare["mountain"].notna() & is_bare),
            "main": pd.to_numeric(part["main"]).astype("Int64"),
            "sub": pd.to_numeric(part["sub"]).astype("Int64"),
            "road": road["road"].where(is_road),
            "again": _again(text) & (is_road | is_lot | is_bare),
        },
        index=text.index,
    )


def _again(text):
    return text.str.contains(rf"\d{_AGAIN}|\d\s*외\s*\d*\s*필지").eq(True)


def _key(found):
    number = found["main"].astype("str").where(found["main"].notna())
    number = number.str.cat(("-" + found["sub"].astype("str")).where(found["sub"].notna(), ""))
    place = found["road"].where(
        found["kind"].eq("road"), found["legal_area"].where(found["kind"].isin(["lot", "bare_lot"]))
    )
    return place + " " + found["mountain"].map({True: "산", False: ""}) + number


def _joined(notes, index):
    said = pd.Series("", index=index, dtype="str")
    for name, applies in notes.items():
        said = said.mask(applies, said + " " + name)
    said = said.str.strip()
    return said.where(said.ne(""))
