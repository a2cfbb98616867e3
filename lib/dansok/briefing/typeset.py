"""A tree of plain data to PDF, by Typst with our fonts only, moving figures so that pages are full."""

import json
import re
import shutil
import tempfile
from pathlib import Path

from dansok.briefing import fonts
from dansok.words import Refusal

TEMPLATE = Path(__file__).with_name("briefing.typ")
MAIN = '#import "briefing.typ": render\n#render(json("document.json"))\n'
PAGE_BOTTOM = 841.89 - 68.03  # points from the top edge: A4 less the bottom margin of 24 mm
LARGEST_GAP = 130  # points of blank that a page may end with, less than a fifth of the text
SMALLEST_SCALE = 0.86  # type of 8 points is then 6.9
BREAKABLE_ROWS = 8
CAPTION = 38  # points above and below a picture that shrinking does not touch


def typeset(tree, files, timestamp):
    """Print a tree.

    Parameters
    ----------
    tree, files
        As `document.document` returns them.
    timestamp : int
        Seconds since 1970 that the PDF states as its date.

    Returns
    -------
    bytes
        A4, PDF/UA-1; the same for the same input.

    Raises
    ------
    Refusal
        If a character has no glyph, or Typst refuses the tree for another reason.
    """
    import typst

    folder = Path(tempfile.mkdtemp(prefix="briefing-"))
    try:
        for name, content in files.items():
            (folder / name).write_bytes(content)
        (folder / "document.json").write_text(json.dumps(tree, ensure_ascii=False, sort_keys=True), "utf-8")
        (folder / "main.typ").write_text(MAIN, "utf-8")
        shutil.copy(TEMPLATE, folder / "briefing.typ")
        compiler = typst.Compiler(
            str(folder / "main.typ"), root=str(folder), font_paths=[str(fonts.FOLDER)], ignore_system_fonts=True
        )
        try:
            moves = _fill_pages(compiler, tree)
            inputs = {"moves": json.dumps(moves)}
            return compiler.compile(format="pdf", sys_inputs=inputs, pdf_standards=["ua-1"], timestamp=timestamp)
        except typst.TypstError as error:
            raise _refusal(error, tree) from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _fill_pages(compiler, tree):
    """What to do with figures and tables that leave a gap before them, by name.

    A figure is shrunk a little, or floats to the top of the next page so that the text behind it fills this one; a
    table of some length breaks, a short one floats. Typst floats always or never (typst/typst#7256), so the pages are
    laid out, measured and laid out again, from the front to the back: a later decision changes no earlier page.
    """
    nodes = {node["id"]: node for node in tree["body"] if node["t"] in ("figure", "grid") and node["id"]}
    moves = {}
    while gap := _first_gap(_spots(compiler, moves), moves):
        name, room, height = gap
        moves[name] = _move(nodes[name], room, height, moves)
    return moves


def _move(node, room, height, moves):
    if node["t"] == "grid":
        return "break" if len(node["rows"]) >= BREAKABLE_ROWS else "top"
    scale = 1 - (height + CAPTION - room) / node["height"]
    return round(scale, 3) if SMALLEST_SCALE <= scale < 1 and node["id"] not in moves else "top"


def _spots(compiler, moves):
    """Where text ends and figures start and end: (name or None, is an end, page, points from the top)."""
    expression = (
        "query(<spot>).map(s => (s.value.id, s.value.end, s.location().page(), s.location().position().y.pt()))"
    )
    compiler.compile(format="svg", sys_inputs={"moves": json.dumps(moves)})
    return json.loads(compiler.eval(expression))


def _first_gap(spots, moves):
    """First figure or table that starts a page although the page before has room: its name, the room, its height."""
    ends = {}
    for _, _, page, y in spots:
        ends[page] = max(y, ends.get(page, 0))
    flow = [spot for spot in spots if moves.get(spot[0]) != "top"]
    for (_, _, page_before, _), (name, is_end, page, y) in zip(flow, flow[1:], strict=False):
        if name is None or is_end or moves.get(name) == "break" or page_before == page or page - 1 not in ends:
            continue
        room = PAGE_BOTTOM - ends[page - 1]
        end = next(spot for spot in spots if spot[0] == name and spot[1])
        if room > LARGEST_GAP and end[2] == page:
            return name, room, end[3] - y
    return None


def _refusal(error, tree):
    found = re.search(r"the text [\"“]?(.+?)[\"”]? (?:could not be displayed|is not)", error.message)
    text = json.dumps(tree, ensure_ascii=False)
    lacking = [c for c in dict.fromkeys(text) if ord(c) > 0x2FF and not fonts.width(c, 1) != 1]
    what = found.group(1) if found else "".join(lacking)[:5]
    if "glyph" in error.message or "could not be displayed" in error.message or found:
        return Refusal(
            ko=f"글꼴에 없는 글자가 있습니다: {what!r}. 다른 글자로 바꾸세요.",
            en=f"The font has no glyph for {what!r}; use another character.",
        )
    return Refusal(
        ko=f"조판에 실패했습니다: {error.message}", en=f"Typesetting failed: {error.message} {' '.join(error.hints)}"
    )
