"""The field list: the vehicles of today's blocks of a stake-out plan by their plates, for the crew that goes out.

    make field-list CITY=data/<city> PLAN=<run>

Outside the notebooks, and the only step that turns tokens back into plates. Who may be named is asked anew on the day: `gates` lets
nothing through that is stale or asked for by nobody, `lines` says who stands on the list and what the law lets be done, `plates` reads
the raw registers, `workbook` lays out A4 pages, `sealed` puts them under a pass-phrase, `access_log` keeps who got them and why,
`returned` takes the crew's log sheet back into 1_raw, `expiry` destroys lists whose time is over.
"""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import pandas as pd

from dansok.clean import clean_city
from dansok.field_list import gates
from dansok.field_list.access_log import MADE, log_path, open_log, refuse_tampered
from dansok.field_list.expiry import file_name
from dansok.field_list.lines import lines_of
from dansok.field_list.plan import read_plan
from dansok.field_list.plates import open_tokens
from dansok.field_list.sealed import seal, write_together
from dansok.field_list.workbook import LIST, WATCH, list_workbook, watch_workbook
from dansok.korea.rules import in_force, read_rules
from dansok.link.registers import arrears_as_of
from dansok.privacy import key as office_key

MATTERS = ("secrecy", "personal_data", "register", "payments", "named", "kept")


@dataclass(frozen=True)
class Made:
    """What was written: the files, and counts alone."""

    files: tuple[Path, ...]
    lines: int
    vehicles: int
    struck: dict
    destroy_on: str
    log_number: int


def make_list(city, run, officer, purpose, pass_phrase, day, now):
    """Write the list of a day.

    Parameters
    ----------
    city : dansok.city.City
    run : str
        The plan.
    officer, purpose : str
        As `gates.asked_of_the_officer` returns.
    pass_phrase : str
        As `gates.pass_phrase` returns.
    day : pd.Timestamp
        As `gates.day_asked` returns.
    now : datetime.datetime
        With its time zone; for the access log.

    Returns
    -------
    Made

    Raises
    ------
    Refusal
        If anything that must hold does not: see `gates`, `link.registers` and `access_log`. Then there is no list and no line in the
        log; 2_clean may be newer than before.
    """
    rules, key = gates.Rules(day.date(), city.rules_of), office_key(make=False)
    lines, held = _let_through(city, run, day, rules, key)
    with open_log(city) as log:
        facts = {
            "office": city.office.ko,
            "plan": run,
            "officer": officer,
            "purpose": purpose,
            "made_at": f"{now:%Y-%m-%d %H:%M}",
            "destroy_on": f"{day + pd.Timedelta(days=rules.value('kept', 'list_days_at_most')):%Y-%m-%d}",
            "secrecy": rules.article(matter="secrecy").values["article"],
            "log_number": f"{log.number + 1}",
            "log_head": log.head,
        }
        plates = open_tokens(city, set(lines.table["plate_token"]), key)
        folder = city.field_lists / run
        files = {
            folder / file_name(title, day, log.number + 1, facts["destroy_on"]): seal(book, pass_phrase)
            for title, book in _plain(lines, plates, held, facts, rules)
        }
        del plates
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        said = {name: facts[name] for name in ("officer", "purpose", "plan", "destroy_on")}
        said |= {"city": city.id, "vehicles": lines.vehicles}
        said["files"] = {path.name: sha256(content).hexdigest() for path, content in files.items()}
        write_together(files, lambda: log.append(MADE, now, **said))
        return Made(tuple(files), len(lines.table), lines.vehicles, lines.struck, facts["destroy_on"], log.number)


def _let_through(city, run, day, rules, key):
    """The lines of the day, and the arrears behind them, if every gate is open."""
    plan = read_plan(city, run)
    gates.refuse_other_key(city, plan, key)
    gates.refuse_no_day(plan, day)
    refuse_tampered(log_path(), city)
    clean_city(city)
    held = arrears_as_of(city, day, rules.value("register", "register_days_at_most"))
    gates.refuse_stale(city, plan, held, rules)
    at_most = rules.value("named", "vehicles_per_block_at_most")
    return lines_of(plan, held, arrears_as_of(city, plan.as_of), at_most), held


def _plain(lines, plates, held, facts, rules):
    """Title and bytes of each workbook, the plain one: never to be written anywhere."""
    yield LIST, list_workbook(lines, plates, held, facts, grounds_of(lines, rules))
    watched = watch_workbook(lines, plates, held, facts)
    if watched is not None:
        yield WATCH, watched


def grounds_of(lines, rules):
    """The rules that a list rests on, one row each, as `workbook.list_workbook` wants them."""
    rows = [(None, rules.article(matter=matter)) for matter in MATTERS]
    by_id = {rule.id: rule for rule in read_rules()}
    for reason, of_reason in lines.table.groupby("reason", sort=True):
        rows.append((reason, rules.article(reason=reason)))
        rows += [(reason, by_id[name]) for name in sorted(of_reason["rule_id"].dropna().unique())]
    notice = [
        rule for rule in in_force(read_rules(), "seizure", rules.day, rules.place)
        if rule.applies_to == {"debt": "fine", "step": "notice"}
    ]  # fmt: skip
    rows += [("fines", rule) for rule in notice if (lines.table["reason"] == "fines").any()]
    table = pd.DataFrame(
        {
            "reason": [reason for reason, _rule in rows],
            "article": [rule.values.get("article", "") for _reason, rule in rows],
            "id": [rule.id for _reason, rule in rows],
            "title_ko": [rule.title.ko for _reason, rule in rows],
            "title_en": [rule.title.en for _reason, rule in rows],
            "in_force": [_in_force(rule) for _reason, rule in rows],
            "source": [rule.source for _reason, rule in rows],
            "verified": [rule.verified for _reason, rule in rows],
        }
    )
    table.attrs["notice_days"] = notice[0].values["notice_days_at_least"] if notice else None
    return table


def _in_force(rule):
    first, last = (f"{day:%Y-%m-%d}" if day else "" for day in (rule.first_day, rule.last_day))
    return f"{first}~{last}" if first or last else "-"


def now_here():
    """This moment with the machine's time zone."""
    return datetime.now().astimezone()
