"""A tree of plain data to PDF, by Typst with our fonts only, moving figures so that pages are full."""

import json
import math
import re
import shutil
import tempfile
from collections import Counter
from pathlib import Path

from dansok.briefing import fonts
from dansok.words import Refusal

TEMPLATE = Path(__file__).with_name("briefing.typ")
MAIN = '#import "briefing.typ": render\n#render(json("document.json"))\n'
SPOTS = "query(<spot>).map(s => (s.value.kind, s.value.id, s.location().page(), s.location().position().y.pt()))"
PAGE_TOP, PAGE_BOTTOM = 76.5, 841.89 - 68.03  # points from the top edge: margins of 27 and 24 mm
LARGEST_GAP = 128  # points of blank that a page may end with, less than a fifth of the text
SCALES = (0.95, 0.9, 0.86)  # of figures; type of 8 points is then 6.9
SMALL_SCALES = (0.82, 0.78)  # only where floating does not help
BREAKABLE_ROWS = 8
TAIL = 100  # points of a table that are worth a smaller figure, to have all of it on one page
ROWS_OF_TWO_PAGES = 30  # a table of so many rows at most stands on no more than two pages
# Typst keeps what it made for ten compilations, and the binding has no word for forgetting (messense/typst-py#104): seventy
# layouts of one briefing came to 6 GB. After so many blank pages each, the last two are kept: 0.9 GB, and hardly slower.
FORGETTING = 5


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
        faces = typst.Fonts(include_system_fonts=False, font_paths=[str(fonts.FOLDER)])

        def compiler(moves):
            inputs = {"moves": json.dumps(moves)}
            return typst.Compiler(str(folder / "main.typ"), root=str(folder), font_paths=faces, sys_inputs=inputs)

        (folder / "blank.typ").write_text("", "utf-8")
        blank = typst.Compiler(str(folder / "blank.typ"), root=str(folder), font_paths=faces)

        def lay_out(moves):
            layout = _Layout(json.loads(compiler(moves).eval(SPOTS)), moves, tree)
            for _ in range(FORGETTING):
                blank.compile(format="svg")
            return layout

        try:
            moves = _fill_pages(lay_out, tree)
            return compiler(moves).compile(format="pdf", pdf_standards=["ua-1"], timestamp=timestamp)
        except RuntimeError as error:  # typst.TypstError is one, and so is what eval raises
            raise _refusal(error, tree) from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _fill_pages(lay_out, tree):
    """What to do with figures and tables that leave a gap before them: name -> `top`, `breaks` or `scale`.

    Typst floats always or never (typst/typst#7256), so the pages are laid out, measured and laid out again, from the
    front to the back. Where a figure or table leaves a gap, its remedies are tried in order of preference, and the
    first is taken that fills the page. Where none does so without tearing a table, or failing that without a float
    that passes a heading, such a one is taken; where none fills the page, the one that leaves the least blank.
    """
    nodes = {node["id"]: node for node in tree["body"] if node["t"] in ("figure", "grid") and node["id"]}
    moves, tried = {}, set()
    layout = lay_out(moves)
    if tall := [name for name in nodes if nodes[name].get("whole") and layout.end[name][1] > PAGE_BOTTOM]:
        moves = {name: {"breaks": True} for name in tall}
        layout = lay_out(moves)
    while fault := next((one for one in layout.faults() if one not in tried), None):
        page, is_gap = fault[0], fault in layout.gaps()
        best, least = layout, (True, layout.room(page))
        for changes in _remedies(fault, layout, nodes):
            trial = lay_out(moves | {one: moves.get(one, {}) | change for one, change in changes.items()})
            left = [one for one in trial.faults() if one[0] <= page and one not in tried]
            if not trial.in_order() or any(one[0] < page for one in left):
                continue
            harm = 2 * bool(trial.late() - layout.late()) + bool(trial.torn() - layout.torn())
            unfilled = bool(left) or trial.room(page) > LARGEST_GAP
            cost = (unfilled, trial.room(page) if unfilled else harm)
            if cost < least and (cost == (False, 0) or is_gap and not (unfilled and harm)):
                best, least = trial, cost
            if cost == (False, 0):
                break
        tried.add(fault)
        layout, moves = best, best.moves
    return moves


def _remedies(fault, layout, nodes):
    """Changes for what does not fit on a page, the best first."""
    page, name = fault
    kind = nodes[name]["t"]
    figures = [one for one in nodes if nodes[one]["t"] == "figure" and (one == name or layout.start[one][0] == page)]

    def shrunk(scales):
        now = {one: layout.scale(one) for one in figures}
        for scale in scales:
            saved = sum(nodes[one]["height"] * max(0, now[one] - scale) for one in figures)
            if layout.room(page) + saved > layout.overhang(name):
                yield {one: {"scale": min(scale, now[one])} for one in figures}

    yield from shrunk(SCALES)
    if fault not in layout.gaps():
        return
    if kind == "grid" and len(nodes[name]["rows"]) >= BREAKABLE_ROWS:
        yield {name: {"breaks": True}}
    yield {name: {"top": True}}
    yield from shrunk(SMALL_SCALES)
    # With it a table of the section breaks, or the next of its kind floats, which would overtake it, or both; then
    # those that float together are shrunk together.
    tables = [one for one in layout.behind(name, "grid") if len(nodes[one]["rows"]) >= BREAKABLE_ROWS]
    waiting = [one for one in nodes if layout.floats(one) and layout.start[one][0] > page]
    for scale in (None, SCALES[-1], SMALL_SCALES[-1]) if kind == "figure" else (None,):
        for others in ([], layout.behind(name, kind)[:1]):
            for breaking in ([], tables[:1]):
                if not (scale or others or breaking):
                    continue
                group = [*(waiting if scale else []), name, *others]
                floats = {one: {"top": True} | ({"scale": scale} if scale else {}) for one in group}
                yield {one: {"breaks": True} for one in breaking} | floats


class _Layout:
    """Where things stand after `moves`: by name the page and the points from its top at which each starts and ends."""

    def __init__(self, spots, moves, tree):
        self.moves = moves
        self.start = {name: (page, y) for kind, name, page, y in spots if kind == "start"}
        self.end = {name: (page, y) for kind, name, page, y in spots if kind == "end"}
        self.flow = [spot for spot in spots if spot[0] != "heading" and not self.floats(spot[1])]
        headings = [page for kind, _, page, _ in spots if kind == "heading"]
        self.section, self.heading, self.next_section = {}, {}, {}
        levels = [node["level"] for node in tree["body"] if node["t"] == "heading"]
        before = 0
        for node in tree["body"]:
            before += node["t"] == "heading"
            if node.get("id") in self.start:
                behind = [page for page, level in zip(headings[before:], levels[before:], strict=True) if level == 1]
                self.section[node["id"]] = levels[:before].count(1)
                self.heading[node["id"]] = headings[before - 1] if before else 0
                self.next_section[node["id"]] = behind[0] if behind else math.inf
        self.rows = {node["id"]: len(node["rows"]) for node in tree["body"] if node["t"] == "grid" and node["id"]}
        self.kinds = {node["id"]: node["t"] for node in tree["body"] if node.get("id") in self.start}
        self.parts = Counter(name for name, _ in {(name, page) for kind, name, page, _ in spots if kind == "row"})
        self.ends = {}
        for _, _, page, y in spots:
            self.ends[page] = max(y, self.ends.get(page, PAGE_TOP))

    def floats(self, name):
        return self.moves.get(name, {}).get("top", False)

    def scale(self, name):
        return self.moves.get(name, {}).get("scale", 1)

    def room(self, page):
        return PAGE_BOTTOM - self.ends.get(page, PAGE_BOTTOM)

    def faults(self):
        """Pages with a gap or a tail, in order, with the figure or table that does not fit there."""
        return sorted({*self.gaps(), *self.tails()})

    def gaps(self):
        """Pages that end with too much blank, and what was moved to the next."""
        return [
            (page, name)
            for (_, _, page_before, _), (kind, name, start, _) in zip(self.flow, self.flow[1:], strict=False)
            if kind == "start"
            for page in range(page_before, start)
            if self.room(page) > LARGEST_GAP
        ]

    def tails(self):
        """Pages on which a table starts of which only a little is on the next."""
        starts = [(self.start[one][0], one) for one in self.section if self.kinds[one] == "grid"]
        return [(page, one) for page, one in starts if self.end[one][0] == page + 1 and self.overhang(one) < TAIL]

    def overhang(self, name):
        """Height on the page where this ends, with a heading that clings to it."""
        page, y = self.end[name]
        floats = [end[1] for one, end in self.end.items() if end[0] == page and self.floats(one)]
        return y - max(floats, default=PAGE_TOP)

    def behind(self, name, kind):
        """Figures or tables between this and the next section."""
        names = list(self.section)
        behind = names[names.index(name) + 1 :]
        return [one for one in behind if self.kinds[one] == kind and self.section[one] == self.section[name]]

    def in_order(self):
        """Whether figures follow each other as they are numbered, tables too, and no float stands before its heading."""
        after_heading = all(self.start[one][0] > self.heading[one] for one in self.section if self.floats(one))
        in_turn = all(
            places == sorted(places)
            for kind in ("figure", "grid")
            for places in [[self.start[one] for one in self.section if self.kinds[one] == kind]]
        )
        return after_heading and in_turn

    def torn(self):
        """Tables that come in three parts although two would hold them."""
        return {name for name, rows in self.rows.items() if rows <= ROWS_OF_TWO_PAGES and self.parts[name] > 2}

    def late(self):
        """Floats that stand on a page after the one on which the next section begins."""
        return {one for one in self.section if self.floats(one) and self.start[one][0] > self.next_section[one]}


def _refusal(error, tree):
    message = " ".join([getattr(error, "message", str(error)), *getattr(error, "hints", [])])
    found = re.search(r"the text [\"“]?(.+?)[\"”]? (?:could not be displayed|is not)", message)
    text = json.dumps(tree, ensure_ascii=False)
    lacking = [c for c in dict.fromkeys(text) if ord(c) > 0x2FF and fonts.width(c, 1) == 1]
    what = found.group(1) if found else "".join(lacking)[:5]
    if found or "glyph" in message or "could not be displayed" in message:
        return Refusal(
            ko=f"글꼴에 없는 글자가 있습니다: {what!r}. 다른 글자로 바꾸세요.",
            en=f"The font has no glyph for {what!r}; use another character.",
        )
    return Refusal(ko=f"조판에 실패했습니다: {message}", en=f"Typesetting failed: {message}")
