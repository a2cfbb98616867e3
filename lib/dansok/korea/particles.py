"""The particle that fits a word: 별내동은, 호평동이, 12건으로, 3.5%를."""

import re
import unicodedata

# After a final consonant, after a vowel.
PAIRS = (
    ("은", "는"),
    ("이", "가"),
    ("을", "를"),
    ("과", "와"),
    ("으로", "로"),
    ("으로는", "로는"),
    ("으로서", "로서"),
    ("으로써", "로써"),
    ("으로부터", "로부터"),
    ("이다", "다"),
    ("이며", "며"),
    ("이고", "고"),
    ("이나", "나"),
    ("이란", "란"),
    ("이라", "라"),
    ("이라는", "라는"),
    ("이었다", "였다"),
    ("이었으며", "였으며"),
)
_PAIR_OF = {frozenset(pair): pair for pair in PAIRS}

# How a word ends when it is read aloud. ㄹ stands apart because it takes 로, not 으로.
_VOWEL, _L, _OTHER = "vowel", "ㄹ", "other"

_DIGITS = dict(zip("0123456789", (_OTHER, _L, _VOWEL, _OTHER, _VOWEL, _VOWEL, _OTHER, _L, _L, _VOWEL), strict=True))

# Units are read as words: km is 킬로미터, ha is 헥타르, h is 시간.
_UNITS = {
    **dict.fromkeys(("%", "%p", "‰", "°", "℃", "km", "m", "cm", "mm", "m2", "km2", "km/h", "m/s"), _VOWEL),
    **dict.fromkeys(("ha", "l", "ml", "t", "s"), _VOWEL),
    **dict.fromkeys(("kg", "g", "h", "min", "kw"), _OTHER),
}
_UNIT = re.compile(r"(?<=[\d\s])(%p|[%‰°℃]|[a-z]+2?(?:/[a-z])?)$", re.IGNORECASE)

# Names of capital letters: L 엘, M 엠, N 엔, R 아르 or 알 (알 in speech). All others end in a vowel.
_CAPITALS = {"L": _L, "R": _L, "M": _OTHER, "N": _OTHER}

_NOT_READ = "\"'”’」』》〉>.,!?… \t\n"
_BRACKETED = re.compile(r"\s*(\([^()]*\)|\[[^\[\]]*\]|\{[^{}]*\})$")


def particle(word, pair):
    """Particle that fits a word, without the word.

    Parameters
    ----------
    word : str
        Any text that a sentence prints: a name, a number with or without commas, a number with its unit.
        Its last spoken sound decides. A closing bracket is looked through together with what it holds
        ("37건(12%)" is read "37건"), a closing quotation mark or full stop alone.
    pair : str
        Both forms with a slash, in either order: "은/는", "와/과", "으로/로", "이다/다" … (`PAIRS`).

    Returns
    -------
    str
        One of the two. Where the sound cannot be known (Chinese characters, an emoji), both in the
        printed manner: "은(는)", "(으)로".

    Raises
    ------
    ValueError
        If the pair is unknown.

    Examples
    --------
    >>> particle("덕소역", "으로/로"), particle("별내5로", "으로/로"), particle("마석1길", "으로/로")
    ('으로', '로', '로')
    """
    forms = _PAIR_OF.get(frozenset(pair.split("/")))
    if forms is None:
        raise ValueError(f"unknown pair of particles {pair!r}; known: {['/'.join(p) for p in PAIRS]}")
    closed, open_ = forms
    sound = _last_sound(word)
    if sound is None:
        return _both(closed, open_)
    if closed.startswith("으로"):
        return closed if sound == _OTHER else open_
    return open_ if sound == _VOWEL else closed


def with_particle(word, pair):
    """A word with the particle that fits it.

    Parameters
    ----------
    word, pair : str
        As in `particle`.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If the pair is unknown.

    Examples
    --------
    >>> with_particle("별내동", "은/는"), with_particle("14시", "이/가"), with_particle("1,003", "을/를")
    ('별내동은', '14시가', '1,003을')
    """
    return f"{word}{particle(word, pair)}"


def _both(closed, open_):
    if closed.endswith(open_):
        return f"({closed.removesuffix(open_)}){open_}"
    return f"{closed}({open_})"


def _last_sound(word):
    text = unicodedata.normalize("NFC", str(word)).rstrip(_NOT_READ)
    # What stands in brackets is not read aloud, unless nothing stands before it.
    while (shorter := _BRACKETED.sub("", text)) and shorter != text:
        text = shorter
    text = text.rstrip(_NOT_READ + ")]}")
    if not text:
        return None
    unit = _UNIT.search(unicodedata.normalize("NFKC", text))
    if unit and unit.group(1).lower() in _UNITS:
        return _UNITS[unit.group(1).lower()]
    last = text[-1]
    if "가" <= last <= "힣":
        return _final_consonant(last)
    last = unicodedata.normalize("NFKC", last)[-1]
    if last in _DIGITS:
        return _number_sound(text)
    if last in "%‰":
        return _VOWEL
    if last.isascii() and last.isalpha():
        return _latin_sound(text, last)
    return None


def _final_consonant(syllable):
    final = (ord(syllable) - ord("가")) % 28
    return {0: _VOWEL, 8: _L}.get(final, _OTHER)


def _number_sound(text):
    number = re.search(r"[\d,]*(?:\.\d+)?$", unicodedata.normalize("NFKC", text)).group()
    zeros = len(number.replace(",", "")) - len(number.replace(",", "").rstrip("0"))
    # 10^12 is 조, the only power of ten that ends in a vowel; 0 alone is 영.
    if "." not in number and 12 <= zeros < 16 and number.strip("0,"):
        return _VOWEL
    return _DIGITS[number[-1]]


def _latin_sound(text, last):
    if last.isupper():
        return _CAPITALS.get(last, _VOWEL)
    # A word in small letters is read as a word; only l, m, n (and ng) are sure to close it.
    return {"l": _L, "m": _OTHER, "n": _OTHER}.get(last, _OTHER if text.endswith("ng") else _VOWEL)
