"""One drawn figure as SVG with real text and as PNG, refused if a reader could not read all of it."""

import base64
import io
import re
import warnings

from dansok.words import Refusal

# Wide enough for one screen of JupyterLab, light enough to keep in a notebook.
SCREEN_DPI = 110


def picture(draw, tables, language, options, *, name):
    """Call `draw` once and return its figure.

    Parameters
    ----------
    draw : callable
        `draw(*tables, language=..., **options)` returns a matplotlib Figure, which is closed here.
    name : str
        Name of the figure, for refusals.

    Returns
    -------
    svg : str
        The same bytes for the same input: no date, no random ids, text as text.
    png : str
        Base64.

    Raises
    ------
    Refusal
        If a glyph is missing, something is cut off at the edge, or nothing was drawn.
    """
    import matplotlib as mpl
    import matplotlib.pyplot as plt
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "dansok"}):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            figure = draw(*tables, language=language, **options)
            if not isinstance(figure, mpl.figure.Figure):
                raise ValueError(f"{name}: draw returned {type(figure).__name__}, not a matplotlib Figure")
            try:
                png = _bytes(figure, "png", {"Software": None}, dpi=SCREEN_DPI)
                _refuse_missing_glyph(caught, name, language)
                _refuse_empty(figure, name)
                _refuse_cut_off(figure, FigureCanvasAgg(figure).get_renderer(), name, language)
                svg = _bytes(figure, "svg", {"Date": None, "Creator": None}).decode()
            finally:
                plt.close(figure)
        for one in caught:
            warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)
    return svg, base64.b64encode(png).decode()


def _bytes(figure, form, metadata, **options):
    buffer = io.BytesIO()
    figure.savefig(buffer, format=form, metadata=metadata, **options)
    return buffer.getvalue()


def _refuse_missing_glyph(caught, name, language):
    for one in caught:
        found = re.match(r"Glyph (\d+)", str(one.message))
        if found:
            code = int(found.group(1))
            raise Refusal(
                ko=f"그림 {name}({language}): 글꼴에 없는 글자 {chr(code)!r}(U+{code:04X})가 있습니다. 다른 글자로 바꾸세요.",
                en=f"Figure {name} ({language}): the font has no character {chr(code)!r} (U+{code:04X}); use another one.",
            )


def _refuse_empty(figure, name):
    if not any(_has_marks(axes) for axes in figure.axes):
        raise Refusal(
            ko=f"그림 {name}: 그려진 자료가 없습니다. 자료가 없으면 그림 대신 page.note로 알리세요.",
            en=f"Figure {name}: nothing is drawn; where there is no data, say so with page.note instead.",
        )


def _has_marks(axes):
    import numpy as np

    def in_data(artist):
        return all(artist.get_transform().contains_branch_seperately(axes.transData))

    lines = [line for line in axes.lines if in_data(line)]  # a line across the axes (axhline) is no data
    if any(np.isfinite(np.asarray(line.get_xydata(), float)).all(axis=1).any() for line in lines):
        return True
    if axes.images or any(in_data(patch) and patch.get_path().vertices.size for patch in axes.patches):
        return True
    return any(_collection_has_marks(collection) for collection in axes.collections)


def _collection_has_marks(collection):
    import numpy as np

    if collection.get_offset_transform() is not None and collection.get_array() is not None:
        return bool(np.size(collection.get_array()))
    offsets = np.ma.filled(np.ma.asarray(collection.get_offsets(), dtype=float), np.nan)
    if offsets.size and not (offsets == 0).all():
        return bool(np.isfinite(offsets).any())
    return any(len(path.vertices) for path in collection.get_paths())


def _refuse_cut_off(figure, renderer, name, language):
    inside, whole = figure.get_tightbbox(renderer), figure.bbox_inches
    pixel = 1 / figure.dpi
    if (
        inside.x0 >= whole.x0 - pixel
        and inside.y0 >= whole.y0 - pixel
        and inside.x1 <= whole.x1 + pixel
        and inside.y1 <= whole.y1 + pixel
    ):
        return
    what = _cut_off_text(figure, renderer)
    raise Refusal(
        ko=f"그림 {name}({language}) 가장자리에서 잘립니다: {what or '일부'}. 여백을 늘리거나 글자를 줄이세요.",
        en=f"Figure {name} ({language}): {what or 'a part'} is cut off at the edge; widen the margin or shorten it.",
    )


def _cut_off_text(figure, renderer):
    from matplotlib.text import Text as Words

    unseen = _labels_out_of_view(figure)
    for words in figure.findobj(Words):
        if words in unseen or not (words.get_visible() and words.get_text().strip() and words.get_in_layout()):
            continue
        box = words.get_window_extent(renderer)
        if box.x0 < -1 or box.y0 < -1 or box.x1 > figure.bbox.x1 + 1 or box.y1 > figure.bbox.y1 + 1:
            return repr(words.get_text())
    return None


def _labels_out_of_view(figure):
    """Labels of ticks beyond the limits, which matplotlib keeps but does not draw."""
    unseen = set()
    for axis in (axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)):
        low, high = sorted(axis.get_view_interval())
        for tick in (*axis.majorTicks, *axis.minorTicks):
            if not low <= tick.get_loc() <= high:
                unseen |= {tick.label1, tick.label2}
    return unseen
