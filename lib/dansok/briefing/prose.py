"""Markdown of prose cells as a tree of plain data; no Typst source is ever built from what people write."""

import re
from functools import cache

from dansok.words import Refusal

HANGUL = "[\uac00-\ud7a3]"
WORD_JOINER = "\u2060"
NO_BREAK_SPACE = "\u00a0"
LONGEST_WHOLE_TABLE = 14  # rows; longer tables flow, with their header on each page
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


def inline(text):
    """Nodes of a plain sentence, in which nothing is markup.

    Examples
    --------
    >>> inline("* see [this](#fig-clock).")
    [{'t': 'text', 's': '* see [this](#fig-clock).'}]
    """
    text = re.sub(f"([」』》〉】])(?={HANGUL})", rf"\1{WORD_JOINER}", text)
    # Dates and spans stay on one line.
    text = re.sub(r"(?<=\d)([-~])(?=\d)", rf"\1{WORD_JOINER}", text)
    text = re.sub(r"(?<=\d\.) (?=\d)", NO_BREAK_SPACE, text)
    return [{"t": "text", "s": text}] if text else []


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
                nodes += inline(token["raw"])
            elif kind == "softbreak":
                nodes.append({"t": "text", "s": " "})
            elif kind == "linebreak" or kind == "inline_html" and re.fullmatch(r"<br\s*/?>", token["raw"]):
                nodes.append({"t": "break"})
            elif kind in WITH_CHILDREN:
                nodes.append({"t": WITH_CHILDREN[kind], "c": self.inline(token["children"])})
            elif kind == "codespan":
                nodes.append({"t": "code", "s": token["raw"]})
            elif kind == "link":
                nodes.append(self.link(token))
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

    def link(self, token):
        """A link to `#fig-clock` is printed as that figure's number, in place of the link's words."""
        url = token["attrs"]["url"]
        if url.startswith("#"):
            return {"t": "ref", "id": url[1:]}
        return {"t": "link", "url": url, "c": self.inline(token["children"])}

    def footnote(self, key):
        if key not in self.notes:
            self.refuse(f"각주 {key}의 내용이 이 셀에 없습니다.", f"footnote {key} has no text in this cell.")
        first = key not in self.used
        self.used.add(key)
        return {"t": "footnote", "id": f"fn-{self.cell}-{key.lower()}", "first": first, "c": self.notes[key]}

    def math(self, raw):
        tex = raw.strip()
        try:
            return {"typst": formula(tex), "tex": tex}
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
        level, content = token["attrs"]["level"], self.inline(token["children"])
        return {"t": "heading", "level": level, "numbered": True, "c": content}

    def list(self, token):
        items = []
        for item in token["children"]:
            nodes = self.blocks(item["children"])
            if item["type"] == "task_list_item" and nodes and "c" in nodes[0]:
                nodes[0]["c"].insert(0, {"t": "text", "s": "[x] " if item["attrs"]["checked"] else "[ ] "})
            items.append(nodes)
        kind = "numbers" if token["attrs"]["ordered"] else "bullets"
        return {"t": kind, "start": token["attrs"].get("start", 1), "items": items}

    def table(self, token):
        head, body = token["children"][0], token["children"][1:]
        lines = body[0]["children"] if body else []
        return {
            "t": "grid",
            "id": None,
            "caption": None,
            "align": [cell["attrs"]["align"] or "left" for cell in head["children"]],
            "head": [self.inline(cell["children"]) for cell in head["children"]],
            "rows": [[self.inline(cell["children"]) for cell in line["children"]] for line in lines],
            "whole": len(lines) <= LONGEST_WHOLE_TABLE,
        }
