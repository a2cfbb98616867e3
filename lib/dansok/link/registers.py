"""Registers of debts that no list and no map may rest on: each is refused in one sentence."""

import pandas as pd
from ibis import _

from dansok.clean import read_table, scan
from dansok.engine import connect
from dansok.link.arrears import SOURCES, arrears_on, snapshots_of
from dansok.words import Refusal

AHEAD_DAYS = 31  # a register may be that much younger than the last record of anything else
STRANGE_SHARE = 0.05  # of the plates of a register that must be known here in some way
FEW_PLATES = 30  # below which no share is judged


def arrears_as_of(city, day, register_days_at_most=None):
    """Who is in arrears on a day, as far as that day could know.

    Parameters
    ----------
    city : City
        Cleaned.
    day : datetime.date, pd.Timestamp or "YYYY-MM-DD"
    register_days_at_most : int, optional
        How old the register may be on that day. Left out: `refuse_bad_registers` has seen the registers already.

    Returns
    -------
    dansok.link.arrears.Arrears

    Raises
    ------
    Refusal
        As `refuse_bad_registers`.
    """
    if register_days_at_most is not None:
        refuse_bad_registers(city, day, register_days_at_most)
    connection = connect()
    clean = {name: scan(city, name, connection) for name in SOURCES}
    return arrears_on(connection, clean, day, city.rules_of)


def refuse_bad_registers(city, day, register_days_at_most):
    """Refuse a question about arrears that the city's registers cannot answer.

    Parameters
    ----------
    city, day, register_days_at_most : as for `arrears_as_of`

    Raises
    ------
    Refusal
        If the city has no source of debts; a register is dated long after everything else that arrived; there is none of the day or
        before, or none young enough; the payments are empty; or next to none of the register's plates is known in the vehicle
        register, or, where there is none, was ever seen.
    """
    day, name = pd.Timestamp(day).normalize(), city.folder.name
    if not city.sources_of("debts"):
        raise Refusal(
            f'{name}: 체납 자료가 없습니다. city.toml에 table = "debts"인 [[source]]를 추가하고 파일을 1_raw에 넣으세요.',
            f'{name} has no register of debts. Add a [[source]] with table = "debts" to city.toml and put the file into 1_raw.',
        )
    connection = connect()
    debts, payments = (scan(city, table, connection) for table in ("debts", "payments"))
    snapshots = snapshots_of(debts)
    _refuse_future(name, debts, snapshots, _last_day(city, payments))
    known = [one for one in snapshots if one <= day]
    if not known:
        first = f"{snapshots[0]:%Y-%m-%d}" if snapshots else "-"
        raise Refusal(
            f"{name}: {day:%Y-%m-%d} 이전의 체납 자료가 없습니다(가장 이른 기준일 {first}). 그날의 체납 자료를 1_raw에 넣으세요.",
            f"{name} has no register of debts of {day:%Y-%m-%d} or before (the first is of {first}). Put that of the day into 1_raw.",
        )
    age = (day - known[-1]).days
    if age > register_days_at_most:
        raise Refusal(
            f"{name}: {day:%Y-%m-%d} 현재 가장 새로운 체납 자료가 {known[-1]:%Y-%m-%d} 기준으로 {age}일 지났습니다(허용 "
            f"{register_days_at_most}일). 새 체납 자료를 1_raw에 넣으세요.",
            f"{name}: on {day:%Y-%m-%d} the newest register of debts is of {known[-1]:%Y-%m-%d}, {age} days old (allowed: "
            f"{register_days_at_most}). Put a newer one into 1_raw.",
        )
    if city.sources_of("payments") and not payments.count().execute():
        raise Refusal(
            f"{name}: 납부 내역 파일에 행이 없습니다. 이미 낸 사람이 체납으로 남으니 납부 내역을 다시 내보내 1_raw에 넣으세요.",
            f"{name}: the payments hold no row. Whoever has paid would still stand as a debtor: export them again into 1_raw.",
        )
    _refuse_strange(city, connection, debts.filter(_.snapshot_on == known[-1].date()))


def _last_day(city, payments):
    """Last day of anything that arrived but the registers themselves; None if nothing else did."""
    arrivals = read_table(city, "arrivals")
    last = [arrivals.loc[arrivals["table"] != "debts", "last_at"].max(), payments.paid_on.max().execute()]
    last = [pd.Timestamp(one) for one in last if not pd.isna(one)]
    return max(last).normalize() if last else None


def _refuse_future(name, debts, snapshots, last_day):
    if not snapshots or last_day is None or (snapshots[-1] - last_day).days <= AHEAD_DAYS:
        return
    file = debts.filter(_.snapshot_on == snapshots[-1].date()).source_file.min().execute()
    raise Refusal(
        f"{name}: 체납 자료 '{file}'의 기준일 {snapshots[-1]:%Y-%m-%d}이 다른 자료의 마지막 날({last_day:%Y-%m-%d})보다 {AHEAD_DAYS}일 넘게 "
        "뒤입니다. 기준일이 잘못되었는지, 다른 내보내기가 빠졌는지 확인하세요.",
        f"{name}: '{file}' is a register of {snapshots[-1]:%Y-%m-%d}, more than {AHEAD_DAYS} days after the last day of all else "
        f"({last_day:%Y-%m-%d}). Check its date, or add the exports that are missing.",
    )


def _refuse_strange(city, connection, register):
    plates = register.filter(_.plate_token.notnull()).select("plate_token").distinct()
    count = plates.count().execute()
    if city.sources_of("vehicles"):
        known = scan(city, "vehicles", connection)
        where = "자동차 등록원부", "the vehicle register"
    else:
        known = scan(city, "tickets", connection).select("plate_token").union(
            scan(city, "sightings", connection).select("plate_token")
        )  # fmt: skip
        where = "단속 기록과 판독 기록", "any record or read"
    known = known.filter(_.plate_token.notnull())
    share = plates.semi_join(known, "plate_token").count().execute() / max(count, 1)
    if count < FEW_PLATES or not known.count().execute() or share >= STRANGE_SHARE:
        return
    file = register.source_file.min().execute()
    raise Refusal(
        f"{city.folder.name}: 체납 자료 '{file}'의 차량 {count:,}대 가운데 {share:.1%}만 {where[0]}에 있습니다. 다른 시의 체납 자료가 아닌지 "
        "확인하세요.",
        f"{city.folder.name}: of the {count:,} vehicles in the register of debts '{file}' only {share:.1%} are in {where[1]}. "
        "Check whether it is another city's.",
    )
