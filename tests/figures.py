"""What a drawn figure says, for tests of charts and of maps."""

import warnings

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text as Words


def printed(figure):
    """Texts of a figure, once it is known that all of them can be read."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        FigureCanvasAgg(figure).draw()
    renderer = figure.canvas.get_renderer()
    inside, whole = figure.get_tightbbox(renderer), figure.bbox_inches
    assert inside.x0 >= -0.01 and inside.y0 >= -0.01, inside
    assert inside.x1 <= whole.x1 + 0.01 and inside.y1 <= whole.y1 + 0.01, (inside, whole)
    assert figure.get_figwidth() == pytest.approx(6.54)
    shown = [words for words in figure.findobj(Words) if words.get_visible() and words.get_text().strip()]
    for words in shown:
        box = words.get_window_extent(renderer)
        assert box.x0 > -1 and box.x1 < figure.bbox.x1 + 1 and box.y0 > -1 and box.y1 < figure.bbox.y1 + 1, words
    return [words.get_text() for words in shown]


def flat(texts):
    """All words of a figure as one, without the line breaks that wrapping put in."""
    return " ".join(texts).replace("\n", " ")
