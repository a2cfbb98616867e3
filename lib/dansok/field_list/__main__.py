"""Commands of `dansok.field_list`: make, check-log, take-back."""

import argparse
import signal
import sys
from pathlib import Path

import pandas as pd

from dansok.city import open_city
from dansok.field_list import gates, make_list, now_here
from dansok.field_list.access_log import faults, log_path, read_lines, unlogged
from dansok.field_list.lines import STRUCK
from dansok.field_list.returned import take_back
from dansok.words import exit_on_refusal


def main(arguments):
    parser = argparse.ArgumentParser(prog="python -m dansok.field_list")
    commands = parser.add_subparsers(required=True)
    make = commands.add_parser("make")
    make.add_argument("city")
    make.add_argument("plan")
    make.add_argument("--officer")
    make.add_argument("--purpose")
    make.add_argument("--today")
    make.set_defaults(run=_make)
    check = commands.add_parser("check-log")
    check.add_argument("cities", nargs="*")
    check.set_defaults(run=_check_log)
    back = commands.add_parser("take-back")
    back.add_argument("city")
    back.add_argument("file", type=Path)
    back.set_defaults(run=_take_back)
    given = parser.parse_args(arguments)
    given.run(given)


def _make(given):
    city = open_city(given.city)
    day = gates.day_asked(city, given.today)
    officer = gates.asked_of_the_officer(given.officer, "OFFICER", "받는 사람의 이름", "officer's name")
    purpose = gates.asked_of_the_officer(given.purpose, "PURPOSE", "목적", "purpose")
    phrase = gates.pass_phrase(gates.Rules(day.date(), city.rules_of))
    made = make_list(city, given.plan, officer, purpose, phrase, day, now_here())
    struck = ", ".join(f"{STRUCK[name].ko} {STRUCK[name].en}: {number:,}" for name, number in made.struck.items())
    print(f"{day:%Y-%m-%d}: 차량 vehicles {made.vehicles:,}, 줄 lines {made.lines:,}; {struck}")
    print(f"접속기록 line {made.log_number} of {log_path()}; 파기일 to be destroyed on {made.destroy_on}")
    for path in made.files:
        print(path)


def _check_log(given):
    """Tell every fault of the log, and lists that it does not know; exit with 1 if there is any."""
    path = log_path()
    found = faults(path)
    for fault in found:
        print(f"{path}:{fault.line}: {fault.text.ko} / {fault.text.en}")
    lines = read_lines(path) if not found else []
    strange = [name for folder in given.cities if not found for name in unlogged(open_city(folder), lines)]
    for name in strange:
        print(
            f"{name}: 이 내용으로는 접속기록에 없음(엑셀에서 열어 저장했을 수 있음) / not in the log as it is (perhaps saved again in Excel)"
        )
    if found or strange:
        raise SystemExit(1)
    head = lines[-1]["hash"] if lines else "-"
    print(f"{path}: {len(lines):,}줄 lines, 이상 없음 no fault; 마지막 해시 last hash {head}")


def _take_back(given):
    city = open_city(given.city)
    phrase = gates.pass_phrase(gates.Rules(pd.Timestamp.today().date(), city.rules_of))
    target, rows = take_back(city, given.file, phrase)
    print(f"{target}: {rows:,}줄 rows")


if __name__ == "__main__":
    # An interrupted run removes its staging folder too.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    exit_on_refusal(main, sys.argv[1:])
