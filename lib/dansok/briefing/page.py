"""The display vocabulary of notebooks: each call shows something here and in both editions of the briefing.

Every output has three faces: our payload (both languages, read by the exporter, the workbook and the gate),
`text/html` or `image/png` for JupyterLab, and `text/plain`. What a notebook shows by other means stays in
JupyterLab and is not printed.
"""

import datetime
import html
import re
from dataclasses import dataclass
from types import SimpleNamespace

from IPython.display import display

from dansok.briefing.cells import excel_format, show
from dansok.briefing.payload import MIME, both, plain, said
from dansok.briefing.picture import picture
from dansok.words import LANGUAGES, Refusal, Text

# What JupyterLab shows. A kernel runs one notebook, whose `start` sets this once; briefings hold both languages.
screen = SimpleNamespace(language="ko")

NONE = Text("해당 없음", "none")
WORDS = {
    "figure": Text("그림", "Figure"),
    "table": Text("표", "Table"),
    "summary": Text("핵심 요약", "Key findings"),
}
NOTES = {
    "note": Text("참고", "Note"),
    "warning": Text("주의", "Caution"),
    "tip": Text("제안", "Suggestion"),
}


@dataclass(frozen=True)
class Kpi:
    """One headline number: `value` is printed as it is; `change` against before, with its direction and whether it is welcome."""

    label: Text
    value: str | Text
    unit: Text | str | None = None
    change: Text | str | None = None
    direction: str | None = None
    tone: str | None = None

    def __post_init__(self):
        if self.direction not in ("up", "down", None) or self.tone not in ("good", "bad", None):
            raise ValueError(f"direction is up or down, tone is good or bad: {self.direction!r}, {self.tone!r}")


def start(language, *, title, subtitle, office, area, as_of, mark=None, document_number=None, keywords=()):
    """Say once, near the top, what the cover and the header say.

    Parameters
    ----------
    language : {"ko", "en"}
        What JupyterLab shows; the briefing comes in both.
    title, subtitle, office, area : Text
    as_of : str or date
        Day the data speak for, `2025-08-31`. Also the date of the PDF, which knows no other clock.
    mark : Text, optional
        Stamp of every page, such as 내부검토용.
    document_number : str, optional
    keywords : tuple of Text

    Raises
    ------
    Refusal
        If `language` or `as_of` cannot be read.
    """
    if language not in LANGUAGES:
        raise Refusal(
            ko=f"language는 ko나 en이어야 합니다: {language!r}", en=f"language must be ko or en, got {language!r}"
        )
    screen.language = language
    payload = {
        "kind": "start",
        "language": language,
        "title": both(title),
        "subtitle": both(subtitle),
        "office": both(office),
        "area": both(area),
        "as_of": _day(as_of),
        "mark": both(mark),
        "document_number": document_number,
        "keywords": [both(word) for word in keywords],
    }
    shown = f"<h2>{_html(payload['title'])}</h2><p>{_html(payload['subtitle'])} · {_html(payload['office'])}</p>"
    _display(payload, shown, payload["title"][language])


def kpi(items):
    """A row of headline numbers (list of Kpi)."""
    payload = {
        "kind": "kpi",
        "items": [
            {
                **{name: both(getattr(item, name)) for name in ("label", "value", "unit", "change")},
                "direction": item.direction,
                "tone": item.tone,
            }
            for item in items
        ],
    }
    cells = [
        f"<td><small>{_html(item['label'])}</small><br><b>{_html(item['value'])}</b> {_html(item['unit'])}</td>"
        for item in payload["items"]
    ]
    words = "  ".join(f"{_said(item['label'])} {_said(item['value'])}" for item in payload["items"])
    _display(payload, f"<table><tr>{''.join(cells)}</tr></table>", words)


def summary(findings):
    """The box of key findings, one bullet a Finding."""
    payload = {"kind": "summary", "findings": [_finding(one) for one in findings]}
    bullets = "".join(f"<li>{_html(one['text'])}</li>" for one in payload["findings"])
    title = html.escape(WORDS["summary"][screen.language])
    _display(payload, f"<b>{title}</b><ul>{bullets}</ul>", "\n".join(_said(f["text"]) for f in payload["findings"]))


def finding(finding):
    """One sentence under a chart or table; it stays with the figure it follows."""
    payload = {"kind": "finding", "finding": _finding(finding)}
    text = payload["finding"]["text"]
    _display(payload, f"<p><b>{_html(text)}</b></p>", _said(text))


def findings(found, *names):
    """The sentences of a case by name, in this order; one that the data did not give is left out.

    Parameters
    ----------
    found : dict of str -> Finding
    *names : str
    """
    for name in names:
        if name in found:
            finding(found[name])


def note(text, kind="note", title=None):
    """A framed remark of kind note, warning or tip; `text` may hold Markdown."""
    if kind not in NOTES:
        raise ValueError(f"kind of note is one of {tuple(NOTES)}, got {kind!r}")
    payload = {"kind": "note", "tone": kind, "title": both(title or NOTES[kind]), "text": both(text)}
    _display(payload, f"<p><b>{_html(payload['title'])}</b> {_html(payload['text'])}</p>", _said(payload["text"]))


def figure(draw, *tables, name, caption, says, source=None, note=None, width=100, **options):
    """Draw one figure in both languages.

    Parameters
    ----------
    draw : callable
        `draw(*tables, language="ko", **options)` returns a matplotlib Figure; called once a language. Figures
        are 6.54 inches wide for `width=100`, so that 8 point type is printed as 8 points.
    name : str
        `fig-...`; a link to it in prose, `[the figure](#fig-...)`, is printed as its number.
    caption : Text
        What is shown.
    says : Finding or Text
        What one sees in it: with the caption this is the alternative text for readers who cannot see the
        figure. It is not printed; `finding` prints it.
    source, note : Text, optional
    width : int
        Percent of the text width.

    Raises
    ------
    Refusal
        If the font lacks a character, something is cut off at the edge, nothing was drawn, or `says` is empty.
    """
    _refuse_bad_name(name, "fig-")
    words = both(getattr(says, "text", says))
    if words is None or not all(text.strip() for text in words.values()):
        raise Refusal(
            ko=f"그림 {name}: 그림을 못 보는 독자를 위한 설명(says)이 비어 있습니다.",
            en=f"Figure {name}: says is empty; readers who cannot see the figure need it.",
        )
    drawn = {language: picture(draw, tables, language, options, name=name) for language in LANGUAGES}
    caption = both(caption)
    payload = {
        "kind": "figure",
        "name": name,
        "caption": caption,
        "alt": {language: f"{caption[language]}. {words[language]}" for language in LANGUAGES},
        "source": both(source),
        "note": both(note),
        "width": width,
        "svg": {language: svg for language, (svg, _) in drawn.items()},
    }
    plain_text = f"[{WORDS['figure'][screen.language]} {name}] {_said(payload['alt'])}"
    png = drawn[screen.language][1]
    display(
        {MIME: payload, "image/png": png, "text/plain": plain_text},
        raw=True,
        metadata={"image/png": {"width": round(7.2 * width)}},
    )


def table(
    frame,
    *,
    name,
    caption,
    columns,
    formats=None,
    labels=None,
    unit=None,
    source=None,
    note=None,
    total_row=None,
    shade=(),
    sheet=None,
):
    """Show a table in both languages; the workbook gets the same numbers as numbers.

    Parameters
    ----------
    frame : pd.DataFrame, shape (n_rows, ...)
        Cells are plain values or Text; missing is shown as a dash. No rows: one row says so.
    name : str
        `tbl-...`, for links as to figures.
    caption : Text
    columns : dict of str -> Text
        Columns to show, in this order, with their labels; no others are kept anywhere.
    formats : dict of str -> str, optional
        As for `str.format`: `{"share": "{:.1%}"}`. Whole numbers have thousands separators without it
        (`"{}"` for years).
    labels : dict of str -> dict of code -> Text, optional
        What codes mean, a column.
    unit, source, note : Text, optional
    total_row : dict or callable, optional
        Column to value, or a function of the frame that returns it: a last row in bold. Left out of an
        empty table.
    shade : sequence of str
        Columns of numbers whose cells are the darker the larger.
    sheet : Text, optional
        Name of the workbook's sheet, where the caption is not short enough.

    Raises
    ------
    ValueError
        If a column is not in the frame, or a cell is infinite.
    """
    _refuse_bad_name(name, "tbl-")
    lacking = [column for column in (*columns, *shade) if column not in frame.columns]
    if lacking:
        raise ValueError(f"table {name}: no column {lacking} in {list(frame.columns)}")
    formats, labels = formats or {}, labels or {}
    rows = [dict(zip(columns, row, strict=True)) for row in frame[list(columns)].itertuples(index=False)]
    rows = [_labelled(row, labels) for row in rows]
    whole = {column for column in columns if column not in formats and _is_whole(row[column] for row in rows)}
    total = None
    if total_row is not None and rows:
        total = total_row(frame) if callable(total_row) else total_row
        total = _labelled({column: total.get(column, "") for column in columns}, labels)
    everything = [*rows, total] if total else rows

    def cells(row):
        return [both(show(_whole(row[c]) if c in whole else row[c], formats.get(c))) for c in columns]

    numeric = [c in formats or any(_is_number(row[c]) for row in everything) for c in columns]
    values = [[plain(_whole(row[c]) if c in whole else row[c]) for c in columns] for row in everything]
    payload = {
        "kind": "table",
        "name": name,
        "caption": both(caption),
        "columns": [
            {"key": str(column), "label": both(label), "align": "right" if is_numeric else "left"}
            for (column, label), is_numeric in zip(columns.items(), numeric, strict=True)
        ],
        "rows": [cells(row) for row in everything],
        "values": values,
        "number_formats": [
            [excel_format(formats.get(c), v) if _has_format(v) else None for c, v in zip(columns, row, strict=True)]
            for row in values
        ],
        "has_total": total is not None,
        "shade": {list(columns).index(column): _shares(row[column] for row in rows) for column in shade},
        "empty": both(NONE),
        "unit": both(unit),
        "source": both(source),
        "note": both(note),
        "sheet": both(sheet),
    }
    _display(payload, _table_html(payload), f"[{WORDS['table'][screen.language]} {name}] {_said(payload['caption'])}")


def _display(payload, shown, words):
    display({MIME: payload, "text/html": shown, "text/plain": words}, raw=True)


def _said(text):
    return said(text, screen.language) or ""


def _html(text):
    return html.escape(_said(text))


def _finding(finding):
    numbers = {name: plain(value) for name, value in finding.numbers.items()}
    return {"name": finding.name, "text": both(finding.text), "numbers": numbers}


def _day(as_of):
    try:
        return datetime.date.fromisoformat(str(as_of)[:10]).isoformat()
    except ValueError:
        raise Refusal(
            ko=f"as_of를 날짜로 읽을 수 없습니다: {as_of!r}. 2025-08-31처럼 쓰세요.",
            en=f"as_of is not a date: {as_of!r}; write it as 2025-08-31.",
        ) from None


def _refuse_bad_name(name, prefix):
    if not re.fullmatch(prefix + "[a-z0-9]+(-[a-z0-9]+)*", name):
        raise ValueError(f"name must be {prefix}... in small letters, digits and hyphens, got {name!r}")


def _labelled(row, labels):
    return {column: labels.get(column, {}).get(_key(value), value) for column, value in row.items()}


def _key(value):
    return value if isinstance(value, (str, int, float, bool)) else None


def _is_number(value):
    return not isinstance(plain(value), (bool, str, dict, type(None)))


def _is_whole(values):
    """Whether a column with gaps holds counts: pandas keeps those as floats."""
    known = [plain(value) for value in values if plain(value) is not None]
    return bool(known) and all(isinstance(v, (int, float)) and not isinstance(v, bool) and v == int(v) for v in known)


def _whole(value):
    return int(value) if _is_number(value) else value


def _has_format(value):
    return (
        isinstance(value, (int, float))
        and not isinstance(value, bool)
        or (isinstance(value, dict) and ("date" in value or "moment" in value))
    )


def _shares(values):
    """Each value's place between the smallest and the largest, 0-1; missing stays None."""
    known = [plain(value) if _is_number(value) else None for value in values]
    numbers = [value for value in known if value is not None]
    low, span = (min(numbers), max(numbers) - min(numbers)) if numbers else (0, 0)
    return [None if value is None or not span else round((value - low) / span, 3) for value in known]


def _table_html(payload):
    head = "".join(f"<th>{_html(column['label'])}</th>" for column in payload["columns"])
    body = "".join("<tr>" + "".join(f"<td>{_html(cell)}</td>" for cell in row) + "</tr>" for row in payload["rows"])
    if not payload["rows"]:
        body = f'<tr><td colspan="{len(payload["columns"])}">{_html(payload["empty"])}</td></tr>'
    return f"<table><caption>{_html(payload['caption'])}</caption><thead><tr>{head}</tr></thead>{body}</table>"
