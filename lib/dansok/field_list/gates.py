"""What must hold before a plate is read: who asks and why, the day, the key, the plan, the register and the payments."""

import getpass
import os
import sys
from dataclasses import dataclass
from datetime import date, datetime

import pandas as pd

from dansok.clean.store import kept_stamp
from dansok.korea import calendar
from dansok.korea.plates import find_plates
from dansok.korea.rules import read_rules, rule_for
from dansok.words import Refusal

KIND = "field_list"
PASS_PHRASE = "DANSOK_PASS_PHRASE"
LONGEST = 80
LOOK_BACK_DAYS = 30  # longer than any run of rest days


@dataclass(frozen=True)
class Rules:
    """The rules of the field list that hold in a city on a day; `article` gives the Rule behind a reason or matter."""

    day: date
    place: str

    def value(self, matter, name):
        return self.article(matter=matter).values[name]

    def article(self, **applies_to):
        return rule_for(read_rules(), KIND, self.day, self.place, **applies_to)


def day_asked(city, today):
    """The day of the list: the machine's, or for an invented city any that is asked for.

    Parameters
    ----------
    city : dansok.city.City
    today : str or None
        "YYYY-MM-DD".
    """
    if not today:
        return pd.Timestamp(date.today())
    if not city.invented:
        raise Refusal(
            f"TODAY는 지어낸 표본 도시에서만 쓸 수 있습니다. {city.folder.name}의 명단은 오늘 날짜로만 만듭니다. TODAY를 빼고 다시 실행하세요.",
            f"TODAY is for invented cities alone; a list of {city.folder.name} is made as of this very day. Run again without TODAY.",
        )
    try:
        return pd.Timestamp(datetime.strptime(today, "%Y-%m-%d"))
    except ValueError:
        raise Refusal(
            f"TODAY={today[:20]}: 날짜를 2026-01-05처럼 적으세요.",
            f"TODAY={today[:20]}: write a day such as 2026-01-05.",
        ) from None


def asked_of_the_officer(given, what, ko, en):
    """The officer's name or purpose, as given or typed in.

    Raises
    ------
    Refusal
        If it is empty, longer than a line, or holds a plate: it goes into the access log.
    """
    if given is None and sys.stdin is not None and sys.stdin.isatty():
        given = input(f"{ko} ({en}): ")
    text = " ".join((given or "").split())
    if not text:
        raise Refusal(
            f"{ko}이(가) 없습니다. 명단은 누가 왜 만드는지 적어야 만들 수 있습니다. {what}=…로 적으세요.",
            f"The {en} is missing. A list is made only for somebody and for a purpose: write {what}=….",
        )
    if len(text) > LONGEST or not text.isprintable() or find_plates(text):
        raise Refusal(
            f"{ko}은(는) 차량번호 없이 {LONGEST}자까지 적을 수 있습니다.",
            f"The {en} may have {LONGEST} characters and no plate.",
        )
    return text


def pass_phrase(rules):
    """The pass-phrase of the list, from the environment or typed in twice; never shown.

    Raises
    ------
    Refusal
        If there is none, it is too short, or the two differ.
    """
    least = rules.value("pass_phrase", "characters_at_least")
    phrase = os.environ.get(PASS_PHRASE)
    if phrase is None and sys.stdin is not None and sys.stdin.isatty():
        phrase = getpass.getpass(f"명단 암호, {least}자 이상 (pass-phrase): ")
        if phrase != getpass.getpass("한 번 더 (once more): "):
            raise Refusal("두 번 적은 암호가 다릅니다. 다시 실행하세요.", "The two pass-phrases differ. Run again.")
    if not phrase:
        raise Refusal(
            f"명단 암호가 없습니다. 묻는 대로 적거나 환경변수 {PASS_PHRASE}에 두세요. 암호 없는 명단은 만들지 않습니다.",
            f"There is no pass-phrase. Type it when asked, or set it in {PASS_PHRASE}; no list is made without one.",
        )
    if len(phrase) < least:
        raise Refusal(
            f"명단 암호가 짧습니다. {least}자 이상으로 정하세요.",
            f"The pass-phrase is too short: at least {least} characters.",
        )
    return phrase


def refuse_other_key(city, plan, key):
    """Refuse a key other than the one with which the plan's tokens, or the clean tables, were made."""
    kept = kept_stamp(city.clean, "debts") or {}
    for mark, ko, en in (
        (plan.key_mark, f"단속 계획 '{plan.run}'", f"the plan '{plan.run}'"),
        (kept.get("key"), f"{city.folder.name}/2_clean", f"{city.folder.name}/2_clean"),
    ):
        if mark is not None and mark != key.mark:
            raise Refusal(
                f"지금의 차량번호 키는 {ko}의 토큰을 만든 키가 아닙니다. 그때의 키를 되돌려 놓거나, 계획을 지금 키로 다시 만드세요.",
                f"This is not the key with which the tokens of {en} were made. Put that key back, or make the plan again with this one.",
            )


def refuse_no_day(plan, day):
    """Refuse a day on which the plan has no block."""
    days = plan.blocks["starts_at"].dt.normalize()
    if (days == day).any():
        return
    later = days[days > day]
    following = f"{later.min():%Y-%m-%d}" if len(later) else "-"
    raise Refusal(
        f"단속 계획 '{plan.run}'({plan.first_day:%Y-%m-%d}~{plan.last_day:%Y-%m-%d})에는 {day:%Y-%m-%d}의 근무가 없습니다(다음 근무 "
        f"{following}). 명단은 근무하는 날에 만드세요.",
        f"The plan '{plan.run}' ({plan.first_day:%Y-%m-%d} to {plan.last_day:%Y-%m-%d}) has no block on {day:%Y-%m-%d} (the next: "
        f"{following}). A list is made on the day of the work.",
    )


def refuse_stale(city, plan, held, rules):
    """Refuse a plan of a later register than today's, and arrears that lack the latest payments.

    A newer register than the plan's is what the list wants: it decides who may lose the plate, the plan only where to wait.
    """
    if held.snapshot_on < plan.snapshot_on:
        raise Refusal(
            f"단속 계획 '{plan.run}'은(는) {plan.snapshot_on:%Y-%m-%d} 체납 자료로 만들었으나 지금 자료는 {held.snapshot_on:%Y-%m-%d} 기준입니다. "
            "계획을 만든 자료나 그 뒤의 자료를 1_raw에 넣으세요.",
            f"The plan '{plan.run}' rests on the register of {plan.snapshot_on:%Y-%m-%d}, but today's is of {held.snapshot_on:%Y-%m-%d}. "
            "Put that register or a later one into 1_raw.",
        )
    if not city.sources_of("payments"):
        raise Refusal(
            f'{city.folder.name}: 납부 내역이 없습니다. city.toml에 table = "payments"인 [[source]]를 추가하고 오늘 내보낸 파일을 1_raw에 넣으세요.',
            f'{city.folder.name} has no payments. Add a [[source]] with table = "payments" to city.toml and put today\'s file into 1_raw.',
        )
    needed = last_working_day_before(held.day, rules.value("payments", "working_days_at_most"))
    if held.paid_until is None or held.paid_until < needed:
        last = f"{held.paid_until:%Y-%m-%d}" if held.paid_until is not None else "-"
        raise Refusal(
            f"{city.folder.name}: 납부 내역이 {last}까지만 있습니다. 이미 낸 차량을 영치하지 않도록 {needed:%Y-%m-%d} 이후 납부가 든 오늘 자 납부 "
            "내역을 1_raw에 넣으세요.",
            f"{city.folder.name}: the payments end on {last}. Put today's export, with payments of {needed:%Y-%m-%d} or later, into "
            "1_raw, lest a plate be taken from somebody who has paid.",
        )


def last_working_day_before(day, working_days):
    """The working day so many working days before a day.

    Examples
    --------
    >>> str(last_working_day_before(pd.Timestamp("2026-01-05"), 1).date())
    '2026-01-02'
    """
    before = calendar.days(day - pd.Timedelta(days=LOOK_BACK_DAYS), day - pd.Timedelta(days=1))
    return before.loc[before["is_working_day"], "date"].iloc[-working_days]
