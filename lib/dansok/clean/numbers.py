"""Counts, amounts and yes-or-no as clerks write them, read by Ibis expressions."""

import ibis

WIDE, NARROW = "０１２３４５６７８９，．－＋△▲−　", "0123456789,.-+--- "
UNITS = r"^[₩￦\\] *| *([원면건대개]|개소)$"
WHOLE = r"^[+-]?([0-9]{1,3}(,[0-9]{3}){1,5}|[0-9]{1,18})(\.0*)?$"
DECIMAL = r"^[+-]?([0-9]{1,3}(,[0-9]{3}){1,5}|[0-9]{1,18})?(\.[0-9]*)?([eE][+-]?[0-9]{1,2})?$"
YES = ("Y", "YES", "TRUE", "T", "1", "O", "○", "예", "네", "유", "있음", "여", "해당")
NO = ("N", "NO", "FALSE", "F", "0", "X", "×", "아니오", "아니요", "무", "없음", "부", "비해당", "미해당")


def read_integer(text):
    """Whole numbers, with thousands commas, ₩ before or 원, 면, 건, 대, 개 after; △ is minus. Missing if none.

    Examples
    --------
    >>> rows = ibis.memtable({"sent": ["1,234원", "３면", "12.5", "1,2"]})
    >>> rows.mutate(read=read_integer(rows.sent)).to_pandas().read.tolist()
    [1234.0, 3.0, nan, nan]
    """
    bare = _bare(text)
    digits = bare.replace(",", "").re_replace(r"\.0*$", "").replace("+", "")
    return ibis.cases((bare.re_search(WHOLE), digits.cast("int64")))


def read_number(text):
    """Numbers with or without decimals; otherwise as `read_integer`."""
    bare = _bare(text)
    fits = bare.re_search(DECIMAL) & bare.re_search(r"^[+-]?\.?[0-9]")
    return ibis.cases((fits, bare.replace(",", "").replace("+", "").cast("float64")))


def read_boolean(text):
    """Yes (Y, 예, O, 1 …) and no (N, 아니오, X, 0 …); missing if neither."""
    plain = text.strip().upper().translate("ＹＮＯＸ０１◯〇", "YNOX01○○")
    return ibis.cases((plain.isin(YES), True), (plain.isin(NO), False))


def _bare(text):
    return text.translate(WIDE, NARROW).strip().re_replace(UNITS, "")
