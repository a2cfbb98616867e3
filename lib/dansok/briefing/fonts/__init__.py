"""Pretendard 1.3.9 (OFL-1.1, see OFL.txt): the only face of charts and briefings.

Committed, because a closed network has no font to download and a page must not depend on the machine.
"""

from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent


def width(text, size, weight="Regular"):
    """Width of one line of `text` in points, without kerning and with tabular digits.

    A character that the face lacks counts as one em.

    Examples
    --------
    >>> width("가", 10) > width("i", 10)
    True
    """
    advances, em = _advances(weight)
    return sum(advances.get(ord(character), em) for character in text) * size / em


@cache
def _advances(weight):
    from fontTools.ttLib import TTFont

    with TTFont(FOLDER / f"Pretendard-{weight}.otf", lazy=True) as font:
        metrics = font["hmtx"].metrics
        advances = {code: metrics[name][0] for code, name in font.getBestCmap().items()}
        widest = max(advances[ord(digit)] for digit in "0123456789")
        advances.update({ord(digit): widest for digit in "0123456789"})
        return advances, font["head"].unitsPerEm
