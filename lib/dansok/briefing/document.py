"""One edition of an executed notebook as a tree of plain data, ready for briefing.typ."""

import datetime
import re

import numpy as np

from dansok.briefing import fonts, prose
from dansok.briefing.payload import MIME, payloads, said
from dansok.words import Refusal

TEXT_WIDTH = 470.5  # points: A4 less two margins of 22 mm
TALLEST = 590.0  # points: a picture with its caption, source and sentence fits on one page
TABLE_SIZES = (8.6, 8.0, 7.4, 6.8)
CELL_PADDING = 5.0
LONG_RUN = 25  # letters of a run that stays whole
HALF_A_HEADER = 0.62  # lines are never quite equal
WIDTH_STEP = 1.0  # points by which a column is widened
KPI_SIZES = (21, 18, 15, 12)
KPI_A_ROW = 4


def document(notebook, language):
    """The edition of one language.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        Executed; holds one `page.start`.
    language : {"ko", "en"}

    Returns
    -------
    tree : dict
        `meta` (what cover and header say) and `body` (list of nodes).
    files : dict of str -> bytes
        The pictures that the tree names.

    Raises
    ------
    Refusal
        If `page.start` is missing, prose cannot be printed, a cross-reference leads nowhere, two figures or tables
        share a name, or heading levels are skipped. Names the cell.
    """
    start = _start(notebook)
    nodes, files = [], {}
    for number, cell in enumerate(notebook.cells, 1):
        for node in _cell(cell, number, language, files):
            node["cell"] = number
            _append(nodes, node)
    _refuse_nested_headings(nodes)
    _level_headings(nodes)
    _refuse_broken_names(nodes)
    return {"meta": _meta(start, language), "body": nodes}, files


def _start(notebook):
    found = payloads(notebook, "start")
    if len(found) != 1:
        raise Refusal(
            ko=f"page.start가 {len(found)}번 있습니다. 노트북 앞쪽에서 한 번만 부르세요.",
            en=f"page.start was called {len(found)} times; call it once near the top of the notebook.",
        )
    return found[0][1]


def _meta(start, language):
    day = datetime.date.fromisoformat(start["as_of"])
    as_of = f"{day.year}. {day.month}. {day.day}." if language == "ko" else f"{day.day} {day:%B %Y}"
    texts = {name: said(start[name], language) for name in ("title", "subtitle", "office", "area", "mark")}
    keywords = [word[language] for word in start["keywords"]]
    number = start["document_number"]
    return {**texts, "language": language, "as_of": as_of, "document_number": number, "keywords": keywords}


def _cell(cell, number, language, files):
    tags = cell.metadata.get("tags", [])
    if cell.cell_type == "markdown":
        other = "en" if language == "ko" else "ko"
        # papermill explains a failed run in Markdown of its own
        if other in tags or "papermill-error-cell-tag" in tags:
            return []
        return prose.read(cell.source, number)
    if cell.cell_type == "code":
        shown = [output.data[MIME] for output in cell.outputs if MIME in output.get("data", {})]
        return [_node(payload, language, number, files) for payload in shown if payload["kind"] != "start"]
    return []


def _append(nodes, node):
    """Keep the sentence of a figure with the figure, wherever that is moved to."""
    if node["t"] == "finding" and nodes and nodes[-1]["t"] in ("figure", "grid"):
        nodes[-1]["findings"].append(node["c"])
    else:
        nodes.append(node)


def _node(payload, language, number, files):
    makers = {"kpi": _kpi, "summary": _summary, "finding": _finding, "note": _note, "figure": _figure, "table": _table}
    return makers[payload["kind"]](payload, language, number, files)


def _kpi(payload, language, number, files):
    items = [
        {name: said(item[name], language) for name in ("label", "value", "unit", "change")}
        | {"direction": item["direction"], "tone": item["tone"]}
        for item in payload["items"]
    ]
    columns = max(1, -(-len(items) // -(-len(items) // KPI_A_ROW))) if items else 1
    room = (TEXT_WIDTH - 8 * (columns - 1)) / columns - 22
    size = next((s for s in KPI_SIZES if all(_kpi_width(item, s) <= room for item in items)), KPI_SIZES[-1])
    return {"t": "kpi", "items": items, "columns": columns, "size": size}


def _kpi_width(item, size):
    return fonts.width(item["value"], size, "Bold") + 3 + fonts.width(item["unit"] or "", 9, "Medium")


def _summary(payload, language, number, files):
    return {"t": "summary", "items": [prose.inline(one["text"][language]) for one in payload["findings"]]}


def _finding(payload, language, number, files):
    return {"t": "finding", "c": prose.inline(payload["finding"]["text"][language])}


def _note(payload, language, number, files):
    content = prose.read(payload["text"][language], number)
    return {"t": "note", "tone": payload["tone"], "title": said(payload["title"], language), "c": content}


def _below(payload, language):
    """Source and note under a figure or table."""
    texts = {name: said(payload[name], language) for name in ("source", "note")}
    return {name: text and prose.inline(text) for name, text in texts.items()}


def _figure(payload, language, number, files):
    source = f"{payload['name']}.svg"
    svg = payload["svg"][language]
    files[source] = svg.encode()
    width, height = (float(part) for part in re.search(r'width="([\d.]+)pt" height="([\d.]+)pt"', svg).groups())
    percent = min(payload["width"], 100 * TALLEST / TEXT_WIDTH * width / height)
    return {
        "t": "figure",
        "id": payload["name"],
        "caption": prose.inline(payload["caption"][language]),
        "alt": payload["alt"][language],
        "file": source,
        "width": percent,
        "height": height / width * TEXT_WIDTH * percent / 100,
        "findings": [],
        **_below(payload, language),
    }


def _table(payload, language, number, files):
    head = [prose.inline(column["label"][language]) for column in payload["columns"]]
    rows = [[prose.inline(cell[language]) for cell in row] for row in payload["rows"]]
    widths, size = _widths(head, rows)
    return {
        "t": "grid",
        "id": payload["name"],
        "caption": prose.inline(payload["caption"][language]),
        "align": [column["align"] for column in payload["columns"]],
        "head": head,
        "rows": rows,
        "whole": len(rows) <= prose.LONGEST_WHOLE_TABLE,
        "has_total": payload["has_total"],
        "shade": payload["shade"],
        "empty": said(payload["empty"], language),
        "unit": said(payload["unit"], language),
        "widths": widths,
        "size": size,
        "findings": [],
        **_below(payload, language),
    }


def _widths(head, rows):
    """Column widths in points, and the largest type at which no word must break."""
    columns = [[_string(cell) for cell in column] for column in zip(head, *rows, strict=True)]
    for size in TABLE_SIZES:
        least = [_widest([part for text in column for part in _unbroken(text)], size) for column in columns]
        if sum(least) <= TEXT_WIDTH:
            break
    else:
        return _filling(least), size
    on_one_line = [_widest(column, size) for column in columns]
    if sum(on_one_line) <= TEXT_WIDTH:
        return _filling(on_one_line), size
    return _filling(_with_fewest_lines(columns, least, size)), size


def _unbroken(text):
    """Words, and of a long run of Latin letters or digits, which may break anywhere (briefing.typ), parts."""
    for word in text.split(" "):
        yield from re.findall(rf".{{1,{LONG_RUN}}}", word) if re.fullmatch(r"[!-~]+", word) else [word]


def _with_fewest_lines(columns, least, size):
    """Least widths, and what is spare given step by step to the column in which each point saves most lines below the headers.

    What is left then makes room for headers in two lines, and last for the column that breaks most.
    """
    steps = int((TEXT_WIDTH - sum(least)) / WIDTH_STEP)
    wider = [low + WIDTH_STEP * np.arange(steps + 1) for low in least]
    parts = [[_part_widths(text, size) for text in body] for _label, *body in columns]
    lines = np.array(
        [[[_lines(text, w, size) for text in body] for w in ws] for body, ws in zip(parts, wider, strict=True)]
    )
    each, given = np.arange(len(columns)), np.zeros(len(columns), int)
    while steps:
        now = lines[each, given]
        saved = np.zeros((len(columns), steps))
        for i in each:
            wide = np.repeat(now[None], steps, axis=0)
            wide[:, i] = lines[i, given[i] + 1 : given[i] + 1 + steps]
            saved[i] = (_height(now) - _height(wide)) / np.arange(1, steps + 1)
        i, more = np.unravel_index(saved.argmax(), saved.shape)
        if saved[i, more] <= 0:
            break
        given[i] += more + 1
        steps -= more + 1
    widths = np.array([ws[taken] for ws, taken in zip(wider, given, strict=True)])
    lacking = np.array([HALF_A_HEADER * _widest(column[:1], size) for column in columns]) - widths
    for i in np.argsort(lacking):
        widths[i] += np.clip(lacking[i], 0, max(TEXT_WIDTH - widths.sum(), 0))
    broken = (lines[each, given] > 1).sum(axis=1)
    if broken.any():
        widths[broken.argmax()] += TEXT_WIDTH - widths.sum()
    return widths.tolist()


def _height(lines):
    """Lines of the rows together; where two columns break, what one of them saves counts too, if little."""
    return (lines.max(axis=-2) + lines.mean(axis=-2) / 10).sum(axis=-1)


def _part_widths(text, size):
    return [fonts.width(part, size, "SemiBold") for part in _unbroken(text)]


def _lines(parts, width, size):
    """Lines that a text, given by the widths of its parts that do not break, takes in a column of this width."""
    room, blank, lines, used = width - 2 * CELL_PADDING, fonts.width(" ", size, "SemiBold"), 1, 0.0
    for part in parts:
        if used and used + part > room:
            lines, used = lines + 1, 0.0
        used += part + blank
    return lines


def _filling(widths):
    return [width * TEXT_WIDTH / sum(widths) for width in widths]


def _widest(texts, size):
    # Headers are semibold: a little wider than Regular.
    return max((fonts.width(text, size, "SemiBold") for text in texts), default=0) + 2 * CELL_PADDING + 1


def _string(cell):
    return "".join(node["s"] for node in cell).replace(prose.WORD_JOINER, "")


def _level_headings(nodes):
    """A single H1 before H2s is the notebook's question, not a section: it stays at level 1, without a number.

    Sections are then the H2s, counted from Ⅰ.
    """
    headings = [node for node in nodes if node["t"] == "heading"]
    levels = [node["level"] for node in headings]
    if levels[:1] == [1] and levels.count(1) == 1 and 2 in levels:
        headings[0]["numbered"] = False
        for node in headings[1:]:
            node["level"] -= 1
    elif levels and levels[0] == min(levels):
        for node in headings:
            node["level"] -= levels[0] - 1
    before = 0
    for node in headings:
        if node["level"] > before + 1 or node["level"] < 1:
            raise Refusal(
                ko=f"{node['cell']}번째 셀: 제목 수준을 건너뛰었습니다. #의 수를 하나씩 늘리세요.",
                en=f"Cell {node['cell']}: a heading level is skipped; add one # at a time.",
            )
        before = node["level"]


def _refuse_broken_names(nodes):
    places = {}
    for node in nodes:
        name = node.get("id")
        if name in places:
            raise Refusal(
                ko=f"{places[name]}번째와 {node['cell']}번째 셀이 같은 이름을 씁니다: {name}. 하나를 바꾸세요.",
                en=f"Cells {places[name]} and {node['cell']} both use the name {name}; change one.",
            )
        if name:
            places[name] = node["cell"]
    for node in nodes:
        for name in [ref["id"] for ref in _inside(node, "ref")]:
            if name not in places:
                raise Refusal(
                    ko=f"{node['cell']}번째 셀: 링크 #{name}에 해당하는 그림이나 표가 없습니다.",
                    en=f"Cell {node['cell']}: the link #{name} leads to no figure or table.",
                )


def _refuse_nested_headings(nodes):
    for node in nodes:
        if node["t"] != "heading" and _inside(node, "heading"):
            raise Refusal(
                ko=f"{node['cell']}번째 셀: 목록·인용·상자 안에 제목을 둘 수 없습니다. 제목을 밖으로 빼세요.",
                en=f"Cell {node['cell']}: no heading in a list, quotation or box; move it out.",
            )


def _inside(part, kind):
    """Every node of a kind, however deep."""
    if isinstance(part, dict):
        own = [part] if part.get("t") == kind else []
        return own + [node for value in part.values() for node in _inside(value, kind)]
    if isinstance(part, list):
        return [node for value in part for node in _inside(value, kind)]
    return []
