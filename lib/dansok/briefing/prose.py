"""Markdown of prose cells as a tree of plain data; no Typst source is ever built from what people write."""

import re
from functools import cache

from dansok.words import Refusal

ATTRIBUTES = re.compile(r"\s*\{((?:[#.][\w-]+\s*)+)\}\s*$")
REFERENCE = re.compile(r"@((?:fig|tbl|sec|eq)-[A-Za-z0-9_-]*[A-Za-z0-9])")
HANGUL = "[\uac00-\ud7a3]"
WORD_JOINER = "\u2060"
WITH_CHILDREN = {
    "strong": "strong",
    "emphasis": "emphasis",
    "strikethrough": "strike",
    "superscript": "super",
    "subscript": "sub",
    "mark": "mark",
}


def read(source, cell):
    """Nodes of one Markdown cell.

    Parameters
    ----------
    source : str
    cell : int
        Number of the cell, for refusals and footnotes.

    Returns
    -------
    list of dict
        Each has `t` (its type); what else it has is read by briefing.typ.

    Raises
    ------
    Refusal
        If the text holds HTML, an image or a formula that cannot be printed.
    """
    return _Reader(cell).read(source)


def inline(text, cell=0):
    """Nodes of a plain sentence: cross-references work, nothing else is markup.

    Examples
    --------
    >>> inline("* see @fig-clock.")
    [{'t': 'text', 's': '* see '}, {'t': 'ref', 'id': 'fig-clock'}, {'t': 'text', 's': '.'}]
    """
    return _joined(_references(text))


def formula(tex):
    """Typst math for LaTeX math.

    tylax drops `\\middle`, does not escape inside `\\text{}` and turns an unknown macro into letters, so these are
    rewritten or refused before its result may reach Typst's `eval`.

    Raises
    ------
    ValueError
        If the formula could become code.
    """
    import tylax

    tex = re.sub(r"\\middle\s*\\?([|.])", r"\\mid ", tex.strip())
    # tylax sets the columns of cases without a space between them
    tex = re.sub(r"\\begin\{cases\}.*?\\end\{cases\}", lambda m: m.group().replace("&", r"& \quad "), tex, flags=re.S)
    for words in re.findall(r"\\(?:text|textrm|textbf|mathrm)\{([^{}]*)\}", tex):
        if re.search(r"[#\[\]$@\"\\]", words):
            raise ValueError(f"character not allowed in \\text{{{words}}}")
    typst = re.sub(r"#text\[([^\[\]#\\$]*)\]", r'"\1"', tylax.latex_to_typst(tex))
    if "#" in re.sub(r"#(text|link|h|v)\b", "", typst.replace(r"\#", "")):
        raise ValueError("the formula holds code")
    return typst


@cache
def _markdown():
    import mistune

    plugins = ["table", "footnotes", "strikethrough", "math", "task_lists"]
    return mistune.create_markdown(renderer=None, plugins=[*plugins, "superscript", "subscript", "mark", "url"])


def _attributes(text):
    found = ATTRIBUTES.search(text)
    if not found:
        return text, None, []
    parts = found.group(1).split()
    ids = [part[1:] for part in parts if part[0] == "#"]
    return text[: found.start()], ids[0] if ids else None, [part[1:] for part in parts if part[0] == "."]


def _references(text):
    text = re.sub(f"([」』》〉】])(?={HANGUL})", rf"\1{WORD_JOINER}", text)
    text = re.sub(r"(?<=\d)([-~])(?=\d)", rf"\1{WORD_JOINER}", text)  # dates and spans stay on one line
    nodes, place = [], 0
    for found in REFERENCE.finditer(text):
        nodes += [{"t": "text", "s": text[place : found.start()]}, {"t": "ref", "id": found.group(1)}]
        place = found.end()
    nodes.append({"t": "text", "s": text[place:]})
    return [node for node in nodes if node["t"] != "text" or node["s"]]


def _joined(nodes):
    """Keep a styled run and its particle on one line: `**11곳**이`."""
    for one, following in zip(nodes, nodes[1:], strict=False):
        if one["t"] not in ("text", "break", "footnote") and re.match(HANGUL, following.get("s", "")):
            if following["t"] == "text":
                following["s"] = WORD_JOINER + following["s"]
    return nodes


class _Reader:
    def __init__(self, cell):
        self.cell, self.notes, self.used = cell, {}, set()

    def refuse(self, ko, en):
        raise Refusal(ko=f"{self.cell}번째 셀: {ko}", en=f"Cell {self.cell}: {en}")

    def read(self, source):
        tokens, _ = _markdown().parse(source)
        for token in tokens:
            if token["type"] == "footnotes":
                for note in token["children"]:
                    paragraphs = [self.inline(child.get("children")) for child in note["children"]]
                    self.notes[note["attrs"]["key"]] = [node for nodes in paragraphs for node in nodes]
        return self.blocks(tokens)

    def inline(self, tokens):
        nodes = []
        for token in tokens or []:
            kind = token["type"]
            if kind == "text":
                nodes += _references(token["raw"])
            elif kind == "softbreak":
                nodes.append({"t": "text", "s": " "})
            elif kind == "linebreak" or kind == "inline_html" and re.fullmatch(r"<br\s*/?>", token["raw"]):
                nodes.append({"t": "break"})
            elif kind in WITH_CHILDREN:
                nodes.append({"t": WITH_CHILDREN[kind], "c": self.inline(token["children"])})
            elif kind == "codespan":
                nodes.append({"t": "code", "s": token["raw"]})
            elif kind == "link":
                nodes.append({"t": "link", "url": token["attrs"]["url"], "c": self.inline(token["children"])})
            elif kind == "inline_math":
                nodes.append({"t": "math", **self.math(token["raw"])})
            elif kind == "footnote_ref":
                nodes.append(self.footnote(token["raw"]))
            elif kind == "image":
                self.refuse(
                    "본문에 그림을 넣을 수 없습니다. page.figure를 쓰세요.", "no images in prose; use page.figure."
                )
            elif kind == "inline_html":
                if not token["raw"].startswith("<!--"):
                    raw = token["raw"][:40]
                    self.refuse(f"HTML을 쓸 수 없습니다: {raw}", f"no HTML in prose: {raw}")
            else:
                self.refuse(f"쓸 수 없는 표기: {kind}", f"markup that cannot be printed: {kind}")
        return _joined(nodes)

    def footnote(self, key):
        if key not in self.notes:
            self.refuse(f"각주 {key}의 내용이 이 셀에 없습니다.", f"footnote {key} has no text in this cell.")
        first = key not in self.used
        self.used.add(key)
        return {"t": "footnote", "id": f"fn-{self.cell}-{key.lower()}", "first": first, "c": self.notes[key]}

    def math(self, raw):
        tex, name, _ = _attributes(raw.strip())
        try:
            return {"typst": formula(tex), "tex": tex.strip(), "id": name}
        except (ValueError, RuntimeError) as error:
            self.refuse(f"수식을 인쇄할 수 없습니다: {tex} ({error})", f"a formula cannot be printed: {tex} ({error})")

    def blocks(self, tokens):
        nodes = []
        for token in tokens or []:
            kind = token["type"]
            if kind in ("blank_line", "footnotes"):
                continue
            elif kind == "heading":
                nodes.append(self.heading(token))
            elif kind == "paragraph" and nodes and nodes[-1]["t"] == "grid" and self.is_caption(token):
                self.caption(token, nodes[-1])
            elif kind in ("paragraph", "block_text"):
                nodes.append(
                    {"t": "paragraph" if kind == "paragraph" else "plain", "c": self.inline(token["children"])}
                )
            elif kind == "list":
                nodes.append(self.list(token))
            elif kind == "block_quote":
                nodes.append({"t": "quote", "c": self.blocks(token["children"])})
            elif kind == "block_code":
                nodes.append({"t": "listing", "s": token["raw"].rstrip("\n")})
            elif kind == "block_math":
                nodes.append({"t": "equation", **self.math(token["raw"])})
            elif kind == "thematic_break":
                nodes.append({"t": "rule"})
            elif kind == "table":
                nodes.append(self.table(token))
            elif kind == "block_html":
                if not token["raw"].strip().startswith("<!--"):
                    raw = token["raw"].strip()[:40]
                    self.refuse(f"HTML을 쓸 수 없습니다: {raw}", f"no HTML in prose: {raw}")
            else:
                self.refuse(f"쓸 수 없는 표기: {kind}", f"markup that cannot be printed: {kind}")
        return nodes

    def heading(self, token):
        children = token["children"]
        name, classes = None, []
        if children and children[-1]["type"] == "text":
            children[-1]["raw"], name, classes = _attributes(children[-1]["raw"])
        level = token["attrs"]["level"]
        return {"t": "heading", "level": level, "id": name, "classes": classes, "c": self.inline(children)}

    def list(self, token):
        items = []
        for item in token["children"]:
            nodes = self.blocks(item["children"])
            if item["type"] == "task_list_item" and nodes and "c" in nodes[0]:
                nodes[0]["c"].insert(0, {"t": "text", "s": "[x] " if item["attrs"]["checked"] else "[ ] "})
            items.append(nodes)
        kind = "numbers" if token["attrs"]["ordered"] else "bullets"
        return {"t": kind, "start": token["attrs"].get("start", 1), "items": items}

    @staticmethod
    def is_caption(token):
        first = token["children"][0]
        return first["type"] == "text" and first["raw"].startswith(": ")

    def caption(self, token, table):
        children = token["children"]
        children[0]["raw"] = children[0]["raw"][2:]
        if children[-1]["type"] == "text":
            children[-1]["raw"], table["id"], _ = _attributes(children[-1]["raw"])
        table["caption"] = self.inline(children)

    def table(self, token):
        head, body = token["children"][0], token["children"][1:]
        return {
            "t": "grid",
            "id": None,
            "caption": None,
            "align": [cell["attrs"]["align"] or "left" for cell in head["children"]],
            "head": [self.inline(cell["children"]) for cell in head["children"]],
            "rows": [[self.inline(cell["children"]) for cell in row["children"]] for row in body[0]["children"]]
            if body
            else [],
        }
