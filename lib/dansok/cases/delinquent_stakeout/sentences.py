"""What the plan says, each sentence in both languages from the numbers that it rests on."""

import numpy as np

from dansok.cases.delinquent_map.labels import BASES
from dansok.cases.delinquent_map.sentences import some, won
from dansok.cases.delinquent_map.worth import HORIZON_DAYS
from dansok.cases.delinquent_stakeout.labels import PLANS
from dansok.cases.delinquent_stakeout.trials import OURS, PRACTICE, RIVALS
from dansok.findings import Finding
from dansok.korea.particles import with_particle
from dansok.words import Text

LEAK_FROM = 1.0  # gain over the best rival from which on a mistake is likelier than success


def plan_said(month, plan, told, eligible, choices):
    """How much work, whom it meets, what it brings; `told` as `stakeout.promise` gives."""
    hours, nights = plan["hours"].sum(), plan["date"].nunique()
    value, low, high = (won(told[name]) for name in ("value", "value_low", "value_high"))
    said = Text(
        f"{month} {nights}일 밤, {choices.teams}개 조, 블록 {len(plan):,}개(연 {hours:,.0f}시간)로 영치 대상 {eligible:,}대 가운데 {told['vehicles']:.0f}대"
        f"(90% 구간 {told['vehicles_low']:.0f}~{told['vehicles_high']:.0f})를 만날 것으로 본다. 모두 영치하면 {HORIZON_DAYS}일 안에 {value.ko}({low.ko}~{high.ko})이 "
        "더 걷힌다.",
        f"On {some(nights, 'night', 'nights')} of {month} {some(choices.teams, 'team', 'teams')} in {some(len(plan), 'block', 'blocks')} ({hours:,.0f} crew-hours) "
        f"should meet {told['vehicles']:.0f} (90% interval {told['vehicles_low']:.0f} to {told['vehicles_high']:.0f}) of {eligible:,} vehicles whose plate may "
        f"be taken. If all are taken, {value.en} ({low.en} to {high.en}) more is paid within {HORIZON_DAYS} days.",
    )
    numbers = {
        "blocks": len(plan), "crew_hours": float(hours), "eligible": eligible, "vehicles": float(told["vehicles"]),
        "value_krw": float(told["value"]), "low_krw": float(told["value_low"]), "high_krw": float(told["value_high"]),
    }  # fmt: skip
    return Finding("plan", said, numbers)


def worth_said(model, choices):
    """On what the value of a vehicle rests."""
    bases = BASES[model.basis_if_seized], BASES[model.basis_anyway]
    numbers = {"basis_if_seized": model.basis_if_seized, "basis_anyway": model.basis_anyway}
    if model.basis_anyway == "published_rate":
        said = Text(
            f"차량의 값은 영치로 더 걷히는 몫이다(영치하면: {bases[0].ko}). 그냥 두어도 낼 비율은 지난 결과가 모자라 {choices.pays_anyway:.0%}로 가정했다.",
            f"A vehicle is worth what seizure adds (if seized: {bases[0].en}). What is paid anyway is assumed to be {choices.pays_anyway:.0%}, for lack of "
            "outcomes.",
        )
        return Finding("worth", said, numbers | {"assumed": float(choices.pays_anyway)})
    said = Text(
        f"차량의 값은 체납액이 아니라 영치로 더 걷히는 몫이다(영치하면: {bases[0].ko}; 그냥 두면: {bases[1].ko}).",
        f"A vehicle is worth not what it owes but what seizure adds (if seized: {bases[0].en}; anyway: {bases[1].en}).",
    )
    return Finding("worth", said, numbers)


def trials_said(tried, shown):
    """Our plan beside the best of the three rivals, and beside what squads did; `shown` as `shown.trials` gives."""
    rates = shown.set_index("plan")["krw_per_hour"]
    if OURS not in rates or not rates.reindex(RIVALS).notna().any():
        said = Text(
            "빼 두고 시험할 달이 모자라 단순한 방법과 견주지 못했다.", "There is no month to hold back for a trial against simple methods."
        )  # fmt: skip
        return [Finding("trial", said, {})]
    months = tried.table["month"].nunique()
    best = rates.reindex(RIVALS).idxmax()
    answered = float(shown.set_index("plan")["answered"][OURS])
    found = [_beside(tried, "trial", best, rates, months, answered)]
    if PRACTICE in rates and rates[PRACTICE] > 0:
        found.append(_beside(tried, "practice", PRACTICE, rates, months, answered))
    return found


def _beside(tried, name, other, rates, months, answered):
    gain = float(rates[OURS] / rates[other] - 1) if rates[other] > 0 else np.nan
    if np.isnan(gain):
        return Finding(name, Text("견줄 방법이 아무 차도 만나지 못했다.", "The other method met no vehicle."), {})
    error = np.hypot(tried.error_of(OURS), tried.error_of(other))
    low, high = (float((1 + gain) * np.exp(sign * 1.96 * error) - 1) for sign in (-1, 1))
    verdict = (
        Text("더 낫다", "better than")
        if low > 0
        else Text("더 못하다", "worse than")
        if high < 0
        else Text("다르다고 할 수 없다", "no different from")
    )
    ours, theirs = (won(1e4 * rates[one]) for one in (OURS, other))
    ko = (
        f"빼 둔 {months}개월에 되짚어 보면 한 조가 한 시간에 걷었을 금액은 이 계획 {ours.ko}, {PLANS[other].ko} {theirs.ko}이다: 차이 {_percent(gain)}(95% 구간 "
        f"{_percent(low)}~{_percent(high)}), {verdict.ko}."
    )
    en = (
        f"Replayed in {some(months, 'month', 'months')} held back, this plan would have brought {ours.en} per crew-hour, {PLANS[other].en} "
        f"{theirs.en}: {_percent(gain)} (95% interval {_percent(low)} to {_percent(high)}), {verdict.en} it."
    )
    if name == "trial":
        ko += f" 계획 시간의 {answered:.0%}만 그 달의 판독으로 답할 수 있다."
        en += f" The reads of those months answer for {answered:.0%} of the plan's hours."
    if gain > LEAK_FROM:
        ko += " 두 배가 넘는 차이는 잘못을 먼저 의심한다: 자료가 새지 않았는지 확인하기 전에는 쓰지 않는다."
        en += " More than twice as much is a sign of a mistake first: do not use it before that is ruled out."
    return Finding(name, Text(ko, en), {"gain": gain, "low": low, "high": high, "answered": answered})


def _percent(share):
    return f"{100 * share:+.0f}%".replace("-", "\N{MINUS SIGN}")


def kept_said(tried, scale, error):
    """Whether promises were kept in months held back, and by what the next one is multiplied."""
    own = tried.kept_by_month
    realised = float(own["realised_value"].sum())
    if not realised > 0:
        return [
            Finding("kept", Text("약속을 지켰는지 견줄 달이 없다.", "No month tells whether promises are kept."), {})
        ]
    ratio = float(own["promised"].sum() / realised)
    said = Text(
        f"앞선 달로 맞춘 약속은 다음 달에 만났을 것의 {ratio:.2f}배였다({len(own)}개월; 1이면 그대로 지킨 것). 다음 달 약속에는 {with_particle(f'{scale:.2f}', '을/를')} 곱했다"
        f"(표준오차 {error:.0%}).",
        f"Promises scaled by the months before were {ratio:.2f} times what the next month would have brought ({some(len(own), 'month', 'months')}; 1: kept). "
        f"The promise of next month is multiplied with {scale:.2f} (standard error {error:.0%}).",
    )
    return [Finding("kept", said, {"promised_over_realised": ratio, "scale": scale, "months": len(own)})]


def next_hour_said(curve, further):
    """What the last hour of the plan and one beyond it bring; tables as `shown.returns` and `shown.next_blocks` give."""
    if curve.empty:
        return []
    first, last = (won(1e4 * curve["gain"].iloc[at]) for at in (0, -1))
    ko = f"첫 블록은 한 시간에 {first.ko}, 마지막 블록은 {last.ko}을 더한다."
    en = f"The first block adds {first.en} an hour, the last {last.en}."
    numbers = {"first_krw": 1e4 * float(curve["gain"].iloc[0]), "last_krw": 1e4 * float(curve["gain"].iloc[-1])}
    if len(further):
        more = won(1e4 * further["per_hour"].max())
        ko += f" 조를 더 내면 한 시간에 {more.ko}이 더해진다. 그 시간의 인건비보다 많은지 견준다."
        en += f" A further crew would add {more.en} an hour: hold it against what that hour costs."
        numbers["further_krw"] = 1e4 * float(further["per_hour"].max())
    return [Finding("next_hour", Text(ko, en), numbers)]


def sites_said(table, area_count):
    """How the plan is spread: sites, areas, waiting and roaming, random slots."""
    places = {place for numbers in table["places"] for place in numbers}
    roam, drawn = int((table["how"] == "roam").sum()), int(table["random"].sum())
    said = Text(
        f"블록 {len(table):,}개가 {len(places):,}곳, 읍면동 {area_count}곳에 이른다. 대기 {len(table) - roam:,}개, 순회 {roam:,}개이고, {drawn:,}개는 제비로 뽑은 "
        "대조 블록이다.",
        f"{some(len(table), 'block reaches', 'blocks reach')} {some(len(places), 'place', 'places')} in {some(area_count, 'area', 'areas')}: "
        f"{len(table) - roam:,} wait, {roam:,} roam, and {drawn:,} are controls drawn by lot.",
    )
    return Finding("spread", said, {"places": len(places), "areas": area_count, "roam": roam, "random": drawn})


def readers_said(table):
    if table.empty:
        said = Text("고정 판독기가 없는 곳이 없다.", "There is no place without a fixed reader.")
        return Finding("readers", said, {"places": 0})
    first = table.iloc[0]
    said = Text(
        f"다음에 판독기를 단다면 {with_particle(first['where'].ko, '이/가')} 가장 낫다: 한 달에 영치 대상 {first.vehicles:.1f}대를 볼 것이고, 그중 {first.unseen:.1f}대는 석 달 동안 한 번도 "
        "보지 못한 차이다.",
        f"The next reader would pay most at {first['where'].en}: it would see {first.vehicles:.1f} eligible vehicles a month, {first.unseen:.1f} of which nobody saw "
        "for three months.",
    )
    return Finding("readers", said, {"vehicles": float(first.vehicles), "unseen": float(first.unseen)})


def fairness_said(table):
    """Groups whose share of the plan is far from their share of the eligible, by an interval that leaves out 1."""
    known = table.dropna(subset=["ratio", "low", "high"])
    apart = known[(known["low"] > 1) | (known["high"] < 1)].sort_values("ratio", ascending=False)
    if apart.empty:
        said = Text(
            "어느 묶음도 영치 대상 비중보다 뚜렷하게 자주, 또는 드물게 계획에 들지 않는다.",
            "No group is in the plan clearly more or less often than its share of the eligible.",
        )
        return Finding("fairness", said, {"groups": 0})
    rows = [apart.iloc[0]] if len(apart) == 1 else [apart.iloc[0], apart.iloc[-1]]
    ko = ", ".join(f"{row.group.ko} {row.ratio:.1f}배" for row in rows)
    en = ", ".join(f"{row.group.en} {row.ratio:.1f} times" for row in rows)
    said = Text(
        f"영치 대상 비중과 계획 비중이 뚜렷하게 다른 묶음은 {len(apart)}개이다({ko}). 판독하는 곳에 다니는 차가 더 잘 보이기 때문인지 살핀다.",
        f"{some(len(apart), 'group is', 'groups are')} in the plan clearly more or less often than among the eligible ({en}). See whether it is only "
        "that they drive where plates are read.",
    )
    return Finding("fairness", said, {"groups": len(apart)})


def past_said(table, lowered):
    """What earlier plans promised and delivered; `lowered`: sites and slots that are held for less now."""
    if table.empty:
        said = Text(
            "이 도시에는 기간이 끝난 지난 계획이 없다. 현장 결과가 들어오면 다음 달부터 약속과 견준다.",
            "No earlier plan of this city has run its days. Once the log comes back, promises are held against it here.",
        )
        return Finding("past", said, {"plans": 0})
    worked, blocks = int(table["worked"].sum()), int(table["blocks"].sum())
    if not worked:
        said = Text(
            f"지난 계획의 블록 {blocks:,}개에 맞는 현장 기록이 없다. 결과를 적어 1_raw에 넣어야 약속과 견줄 수 있다.",
            f"No log entry belongs to any of the {blocks:,} blocks of earlier plans. Put the log into 1_raw to hold promises against it.",
        )
        return Finding("past", said, {"plans": len(table), "worked": 0})
    hits, expected = int(table["hits"].sum()), float(table["expected"].sum())
    said = Text(
        f"지난 계획의 블록 {blocks:,}개 가운데 기록이 있는 {worked:,}개에서 약속 {expected:.1f}대, 실제 {hits:,}대를 만났다. 세 번 헛걸음한 곳을 포함해 {lowered:,}곳·"
        "시간의 기대를 낮추었다.",
        f"In {worked:,} of {blocks:,} blocks of earlier plans with a log entry {expected:.1f} vehicles were promised and {hits:,} met. What is expected was "
        f"lowered at {some(lowered, 'site and time', 'sites and times')}, those visited three times in vain among them.",
    )
    return Finding(
        "past", said, {"plans": len(table), "worked": worked, "expected": expected, "hits": hits, "lowered": lowered}
    )


def register_said(held):
    day = f"{held.day:%Y-%m-%d}"
    said = Text(
        f"체납 자료는 {held.snapshot_on:%Y-%m-%d} 기준({held.register_days}일 지남)이고 {day}까지의 납부를 뺐다. 명단은 나가는 날에 다시 확인한다.",
        f"The register is of {held.snapshot_on:%Y-%m-%d} ({some(held.register_days, 'day', 'days')} old), less what was paid until {day}. Lists are checked again "
        "on the day.",
    )
    return Finding("register", said, {"register_days": held.register_days})
