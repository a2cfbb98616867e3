"""The rules of the land and of cities, as dated and sourced data (`rules.toml`).

To add a rule, add a `[[rule]]` to `rules.toml`; nothing else changes. All keys but the last four must be there:

- `id`: unique, never used again for another rule.
- `kind`: one of `KINDS`.
- `title`, `event`, `note`: `{ ko = "…", en = "…" }`.
- `place`: "전국" (all of Korea) or one place ("남양주시"). A place's own rule goes before that of the country.
- `values`: what the rule says; names carry their unit (`fine_krw`, `overdue_days_at_least`).
- `from`, `to`: first and last day in force. `from = "unknown"`: before our sources. `to = "open"`: in force as far
  as we know; `to = "unknown"`: may have ended. Unknown dates count as unbounded.
- `source`: who, when, address.
- `verified`: true only if value and date were read in that source.
- `applies_to` (may be left out): what the rule is about, `{ zone = "child", vehicle = "van" }`.
- `from_exact = false` (may be left out): the day of `from` is a guess within its month or year.
- `event` (may be left out): label of a line in time charts at `from`.
- `note` (may be left out).

When a rule changes, give the old entry its `to` and add a new one; never rewrite the old: earlier briefings rest on it.
"""

import datetime
import hashlib
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from dansok.words import Refusal, Text

KINDS = (
    "fine",
    "payment",
    "citizen_report",
    "lunch_grace",
    "seizure",
    "livelihood",
    "after_seizure",
    "field_list",
    "system",
    "plates",
    "siting",
)
NATIONWIDE = "전국"

_FILE = Path(__file__).with_name("rules.toml")
_REQUIRED = {"id", "kind", "title", "place", "values", "from", "to", "source", "verified"}
_OPTIONAL = {"applies_to", "from_exact", "event", "note"}
_WORDS = {"from": ("unknown",), "to": ("open", "unknown")}


@dataclass(frozen=True)
class Rule:
    """One rule, as one entry of `rules.toml` says it.

    `first_day`, `last_day` : datetime.date, or None where unbounded. `from_known`, `from_exact`, `end_known` say what stands
    behind: `end_known` is False where the rule may have ended without our knowing.
    """

    id: str
    kind: str
    title: Text
    place: str
    values: dict
    first_day: datetime.date | None
    last_day: datetime.date | None
    source: str
    verified: bool
    applies_to: dict = field(default_factory=dict)
    from_exact: bool = True
    end_known: bool = True
    event: Text | None = None
    note: Text | None = None

    @property
    def from_known(self):
        """Whether the first day was read or at least dated to a month or year."""
        return self.first_day is not None

    def covers(self, day):
        """Whether the rule was in force on a day (datetime.date)."""
        return (self.first_day is None or self.first_day <= day) and (self.last_day is None or day <= self.last_day)


def read_rules(path=None):
    """Read and check a file of rules.

    Parameters
    ----------
    path : pathlib.Path, optional
        The file that comes with Dansok if left out.

    Returns
    -------
    tuple of Rule
        In the order of the file.

    Raises
    ------
    Refusal
        If the file cannot be read, a key is missing or unknown, a date is wrong, a source is empty, an id is used twice, or two
        entries say different things of the same matter, place and day.

    Examples
    --------
    >>> len({rule.id for rule in read_rules()}) == len(read_rules())
    True
    """
    path = _FILE if path is None else path
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Refusal(
            ko=f"{path.name}: 규칙 파일을 읽을 수 없습니다({error}). UTF-8로 된 TOML인지 확인하십시오.",
            en=f"{path.name}: the rules cannot be read ({error}); check that it is TOML in UTF-8.",
        ) from error
    if set(entries) != {"rule"} or not isinstance(entries["rule"], list):
        raise _refusal(path, "", "[[rule]] 항목만 둘 수 있습니다", "only [[rule]] entries may stand in it")
    rules = tuple(_rule(path, number, entry) for number, entry in enumerate(entries["rule"], start=1))
    _check_together(path, rules)
    return rules


def in_force(rules, kind, day, place):
    """Rules of a kind that were in force somewhere on a day.

    Parameters
    ----------
    rules : iterable of Rule
    kind : str
        One of `KINDS`.
    day : datetime.date, pd.Timestamp or "YYYY-MM-DD"
    place : str
        As in the file, "남양주시"; "전국" for the rules of the country alone.

    Returns
    -------
    tuple of Rule
        The place's own rules, then those of the country that speak of other matters. Empty if none is known.

    Raises
    ------
    ValueError
        If the kind is unknown.

    Examples
    --------
    >>> [rule.values["unpaid_at_least"] for rule in in_force(read_rules(), "seizure", "2020-01-01", "남양주시")
    ...  if rule.applies_to.get("registered") == "other"]
    [4]
    """
    if kind not in KINDS:
        raise ValueError(f"unknown kind of rule {kind!r}; known: {KINDS}")
    day = _day(day)
    now = [rule for rule in rules if rule.kind == kind and rule.covers(day)]
    own = [rule for rule in now if rule.place == place and place != NATIONWIDE]
    settled = [rule.applies_to for rule in own]
    return (*own, *(rule for rule in now if rule.place == NATIONWIDE and rule.applies_to not in settled))


def rule_for(rules, kind, day, place, **applies_to):
    """The one rule about a matter.

    Parameters
    ----------
    rules, kind, day, place
        As in `in_force`.
    **applies_to
        All of what the entry's `applies_to` says: `zone="child", vehicle="van"`.

    Returns
    -------
    Rule

    Raises
    ------
    Refusal
        If no rule of that day is known.

    Examples
    --------
    >>> rule_for(read_rules(), "fine", "2024-05-01", "남양주시", zone="child", vehicle="passenger").values["fine_krw"]
    120000
    """
    for rule in in_force(rules, kind, day, place):
        if rule.applies_to == applies_to:
            return rule
    raise Refusal(
        ko=f"rules.toml: {place}의 {_day(day)} 당시 {kind} 규칙({applies_to})이 없습니다. 출처와 함께 항목을 더하십시오.",
        en=f"rules.toml: no {kind} rule ({applies_to}) is known for {place} on {_day(day)}; add one with its source.",
    )


def policy_events(first, last, place, rules=None):
    """Changes of rules and systems that a time chart must show.

    Parameters
    ----------
    first, last : datetime.date, pd.Timestamp or "YYYY-MM-DD"
        Both belong to the period.
    place : str
        Events of the country and of this place.
    rules : iterable of Rule, optional
        Those of `read_rules()` if left out.

    Returns
    -------
    pd.DataFrame, one row an event, by date
        `date` (datetime64), `label` (Text), `exact` (bool: False where the day is a guess within its month or year),
        `source` (str), `verified` (bool), `rule_id` (str). Empty if nothing changed.

    Examples
    --------
    >>> events = policy_events("2023-01-01", "2024-12-31", "남양주시")
    >>> [str(day.date()) for day in events.date], events.label[1]["ko"]
    (['2023-07-01', '2024-02-13'], '세외수입 시스템 전환(2024. 6.까지 누락·지연 주의)')
    """
    first, last = _day(first), _day(last)
    shown = [
        rule
        for rule in (read_rules() if rules is None else rules)
        if rule.event is not None and rule.place in (NATIONWIDE, place) and first <= rule.first_day <= last
    ]
    shown.sort(key=lambda rule: (rule.first_day, rule.id))
    return pd.DataFrame(
        {
            "date": pd.Series([pd.Timestamp(rule.first_day) for rule in shown], dtype="datetime64[s]"),
            "label": pd.Series([rule.event for rule in shown], dtype="object"),
            "exact": pd.Series([rule.from_exact for rule in shown], dtype="bool"),
            "source": pd.Series([rule.source for rule in shown], dtype="str"),
            "verified": pd.Series([rule.verified for rule in shown], dtype="bool"),
            "rule_id": pd.Series([rule.id for rule in shown], dtype="str"),
        }
    )


def rules_version(path=None):
    """Short name of the state of a rules file, printed in every briefing.

    Parameters
    ----------
    path : pathlib.Path, optional
        The file that comes with Dansok if left out.

    Returns
    -------
    str
        Ten hexadecimal digits of the SHA-256 of its text; the same under Windows line endings.

    Examples
    --------
    >>> len(rules_version())
    10
    """
    text = (_FILE if path is None else path).read_bytes().replace(b"\r\n", b"\n")
    return hashlib.sha256(text).hexdigest()[:10]


def _rule(path, number, entry):
    name = entry.get("id") if isinstance(entry.get("id"), str) and entry.get("id") else f"{number}"
    missing, unknown = _REQUIRED - set(entry), set(entry) - _REQUIRED - _OPTIONAL
    if missing:
        raise _refusal(path, name, f"{sorted(missing)} 항목이 빠졌습니다", f"{sorted(missing)} is missing")
    if unknown:
        raise _refusal(path, name, f"모르는 항목 {sorted(unknown)}", f"unknown key {sorted(unknown)}")
    for key, kind in (
        *((key, str) for key in ("id", "kind", "place", "source")),
        *((key, dict) for key in ("values", "applies_to") if key in entry),
        *((key, bool) for key in ("verified", "from_exact") if key in entry),
    ):
        if not isinstance(entry[key], kind) or (kind is str and not entry[key].strip()):
            raise _refusal(
                path, name, f"{key} 값 {entry[key]!r}을(를) 쓸 수 없습니다", f"{key} cannot be {entry[key]!r}"
            )
    if entry["kind"] not in KINDS:
        raise _refusal(path, name, f"모르는 kind {entry['kind']!r}", f"unknown kind {entry['kind']!r}")
    if not entry["values"]:
        raise _refusal(path, name, "values가 비었습니다", "values is empty")
    first, last = _bound(path, name, entry, "from"), _bound(path, name, entry, "to")
    if first and last and first > last:
        raise _refusal(path, name, f"from {first}이 to {last}보다 늦습니다", f"from {first} is after to {last}")
    event = _text(path, name, entry, "event")
    if event and first is None:
        raise _refusal(path, name, "event에는 from 날짜가 있어야 합니다", "an event needs the date of from")
    return Rule(
        id=entry["id"],
        kind=entry["kind"],
        title=_text(path, name, entry, "title"),
        place=entry["place"],
        values=entry["values"],
        first_day=first,
        last_day=last,
        source=entry["source"],
        verified=entry["verified"],
        applies_to=entry.get("applies_to", {}),
        from_exact=entry.get("from_exact", True) and first is not None,
        end_known=entry["to"] != "unknown",
        event=event,
        note=_text(path, name, entry, "note"),
    )


def _bound(path, name, entry, key):
    value = entry[key]
    if isinstance(value, str) and value in _WORDS[key]:
        return None
    if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        return value
    words = " | ".join(_WORDS[key])
    raise _refusal(
        path,
        name,
        f"{key} 값 {value!r}: 날짜(2024-02-13)나 {words}만 쓸 수 있습니다",
        f"{key} is {value!r}; write a date (2024-02-13) or {words}",
    )


def _text(path, name, entry, key):
    if key not in entry:
        return None
    value = entry[key]
    if (
        not isinstance(value, dict)
        or set(value) != {"ko", "en"}
        or not all(isinstance(v, str) and v for v in value.values())
    ):
        raise _refusal(path, name, f"{key}에는 ko와 en이 있어야 합니다", f"{key} needs ko and en")
    return Text(value["ko"], value["en"])


def _check_together(path, rules):
    seen = {}
    for rule in rules:
        if rule.id in seen:
            raise _refusal(path, rule.id, "id가 두 번 나옵니다", "the id is used twice")
        seen[rule.id] = rule
    by_matter = {}
    for rule in rules:
        matter = (rule.kind, rule.place, tuple(sorted((key, str(value)) for key, value in rule.applies_to.items())))
        for other in by_matter.setdefault(matter, []):
            if _overlap(rule, other):
                raise _refusal(
                    path,
                    rule.id,
                    f"{other.id} 항목과 같은 날에 겹칩니다. 앞 항목의 to를 적으십시오",
                    f"overlaps {other.id} on the same matter; give the earlier one its to",
                )
        by_matter[matter].append(rule)


def _overlap(one, other):
    first = max(one.first_day or datetime.date.min, other.first_day or datetime.date.min)
    last = min(one.last_day or datetime.date.max, other.last_day or datetime.date.max)
    return first <= last


def _refusal(path, name, ko, en):
    where = f"{path.name}, {name}" if name else path.name
    return Refusal(ko=f"{where}: {ko}.", en=f"{where}: {en}.")


def _day(day):
    return pd.Timestamp(day).date()
