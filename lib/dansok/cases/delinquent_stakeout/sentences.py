"""What the plan says, each sentence in both languages from the numbers that it rests on."""

import numpy as np

from dansok.cases.delinquent_map.labels import BASES, NOTHING
from dansok.cases.delinquent_map.sentences import some, won
from dansok.cases.delinquent_map.worth import HORIZON_DAYS
from dansok.cases.delinquent_stakeout.labels import PLANS
from dansok.cases.delinquent_stakeout.trials import OURS, PRACTICE, RIVALS, UNBOUND
from dansok.findings import Finding
from dansok.korea.particles import with_particle
from dansok.words import Text

LEAK_FROM = 1.0  # gain over the best rival from which on a mistake is likelier than success


def plan_said(month, plan, told, eligible, choices):
    """How much work, whom it meets, what it brings; `told` as `stakeout.promise` gives."""
    hours, nights = plan["hours"].sum(), plan["date"].nunique()
    value, low, high = (won(told[name]) for name in ("value", "value_low", "value_high"))
    said = Text(
        f"{month}에 {choices.teams}개 조가 {nights}일 밤 동안 블록 {len(plan):,}개({hours:,.0f}조·시간)로 나가면 영치 대상 {eligible:,}대 가운데 {told['vehicles']:.0f}대"
        f"(90% 구간 {told['vehicles_low']:.0f}~{told['vehicles_high']:.0f})를 만날 것으로 본다. 만난 차를 모두 영치하면 {HORIZON_DAYS}일 안에 {value.ko}(90% 구간 "
        f"{low.ko}~{high.ko})이 더 걷힌다.",
        f"In {month}, {some(choices.teams, 'team', 'teams')} on {some(nights, 'night', 'nights')} ({some(len(plan), 'block', 'blocks')}, {hours:,.0f} crew-hours) "
        f"should meet {told['vehicles']:.0f} (90% interval {told['vehicles_low']:.0f} to {told['vehicles_high']:.0f}) of {eligible:,} vehicles whose plate may "
        f"be taken. If the plates of all that are met are taken, {value.en} (90% interval {low.en} to {high.en}) more is paid within {HORIZON_DAYS} days.",
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
            f"더 걷힐 금액은 영치했을 때와 그냥 두었을 때 완납하는 비율의 차이로 낸다. 비율의 근거: 영치하면 {bases[0].ko}. 그냥 두어도 내는 비율은 지난 결과가 "
            f"모자라 {choices.pays_anyway:.0%}로 가정했다.",
            f"What seizure adds is the share paid if seized ({bases[0].en}) less the share paid if nothing is done, which for want of outcomes is assumed to be "
            f"{choices.pays_anyway:.0%}.",
        )
        return Finding("worth", said, numbers | {"assumed": float(choices.pays_anyway)})
    said = Text(
        f"더 걷힐 금액은 영치했을 때와 그냥 두었을 때 완납하는 비율의 차이로 낸다. 비율의 근거: 영치하면 {bases[0].ko}, 그냥 두면 {bases[1].ko}.",
        f"What seizure adds is the share paid if seized less the share paid if nothing is done. If seized it is {bases[0].en}; if nothing is done, {bases[1].en}.",
    )
    return Finding("worth", said, numbers)


def trials_said(tried, shown):
    """Our plan beside the best of the three rivals, and beside what squads did; `shown` as `shown.trials` gives."""
    rates = shown.set_index("plan")["krw_per_hour"]
    if OURS not in rates or not rates.reindex(RIVALS).notna().any():
        said = Text(
            "되짚어 시험할 달이 모자라 단순한 방법과 견주지 못했다.", "There is no month to hold back for a trial against simple methods."
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
        Text("더 낫다", "this way is better")
        if low > 0
        else Text("더 못하다", "this way is worse")
        if high < 0
        else Text("다르다고 할 수 없다", "no clear difference")
    )
    ours, theirs = (won(1e4 * rates[one]) for one in (OURS, other))
    ko = (
        f"지난 {months}개월에 되짚어 보면 한 조가 한 시간에 걷었을 금액은 이 계획의 방법 {ours.ko}, ‘{PLANS[other].ko}’ {theirs.ko}이다: {_percent(gain)}(95% 구간 "
        f"{_percent(low)}~{_percent(high)})로 {verdict.ko}."
    )
    en = (
        f"Replayed on the last {some(months, 'month', 'months')}, this way of planning would have brought {ours.en} per crew-hour and “{PLANS[other].en}” "
        f"{theirs.en}: {_percent(gain)} (95% interval {_percent(low)} to {_percent(high)}), {verdict.en}."
    )
    if name == "practice":
        ko = (
            f"같은 되짚기에서 {with_particle(PLANS[other].ko, '은/는')} 한 조가 한 시간에 {theirs.ko}이다. 이 계획의 방법은 그보다 {_percent(gain)}(95% 구간 {_percent(low)}~"
            f"{_percent(high)})로 {verdict.ko}."
        )
        en = f"In the same replay “{PLANS[other].en}” comes to {theirs.en}: {_percent(gain)} (95% interval {_percent(low)} to {_percent(high)}), {verdict.en}."
    numbers = {"gain": gain, "low": low, "high": high, "answered": answered}
    if name == "trial":
        unbound = float(rates[UNBOUND] / rates[other] - 1)
        numbers |= {"gain_unbound": unbound}
        ko += f" 스스로 둔 조건(무작위 대조, 읍면동마다 가기, 한 근무에 같은 곳에 이어 가지 않기)을 빼면 {_percent(unbound)}이다: 견준 방법에는 이 조건이 없다."
        en += f" Without the rules that only it keeps (controls, every area, no place twice running in a shift) it would be {_percent(unbound)}."
        ko += f" 계획한 시간의 {answered:.0%}만 그달의 판독으로 답할 수 있다."
        en += f" Reads of those months answer for only {answered:.0%} of the hours."
    if gain > LEAK_FROM:
        ko += " 두 배가 넘는 차이는 잘못을 먼저 의심한다: 자료가 새지 않았는지 확인하기 전에는 쓰지 않는다."
        en += " More than twice as much is a sign of a mistake first: do not use it before that is ruled out."
    return Finding(name, Text(ko, en), numbers)


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
    told = (
        Text("약속보다 덜 걷혔다", "less came in than promised")
        if round(ratio, 2) > 1
        else Text("약속한 만큼은 걷혔다", "no less than promised came in")
    )
    said = Text(
        f"지난 {len(own)}개월에 되짚어 보면 약속한 금액은 실제로 걷었을 금액의 {ratio:.2f}배였다({told.ko}). 다음 달 약속은 모형이 낸 금액에, 되짚은 모든 달로 맞춘 "
        f"배율 {with_particle(f'{scale:.2f}', '을/를')} 곱한 것이다(표준오차 {error:.0%}).",
        f"Replayed on {some(len(own), 'month', 'months')}, the sum promised was {ratio:.2f} times what would have come in ({told.en}). Next month's promise is "
        f"what the model gives times {scale:.2f}, a factor fitted to all months replayed (standard error {error:.0%}).",
    )
    return [Finding("kept", said, {"promised_over_realised": ratio, "scale": scale, "months": len(own)})]


def next_hour_said(curve, further, choices):
    """What the last hour of the plan and one beyond it bring; tables as `shown.returns` and `shown.next_blocks` give.

    The last block may bring less than a further one: it is there because every area is to be reached.
    """
    if curve.empty:
        return []
    first, last = (won(1e4 * curve["gain"].iloc[at]) for at in (0, -1))
    ko = f"가장 많이 걷히는 블록은 한 시간에 {first.ko}, 가장 적은 블록은 {last.ko}을 더한다."
    en = f"The best block adds {first.en} an hour, the least {last.en}."
    numbers = {"first_krw": 1e4 * float(curve["gain"].iloc[0]), "last_krw": 1e4 * float(curve["gain"].iloc[-1])}
    if len(further):
        more = won(1e4 * further["per_hour"].max())
        ko += f" 조를 하나 더 내면 처음에는 한 시간에 {more.ko}이 더 걷힌다. 한 시간의 인건비와 견주어 정한다."
        en += f" One more crew would at first add {more.en} an hour: compare that with what an hour costs."
        if choices.area_blocks and further["per_hour"].max() > curve["gain"].iloc[-1]:
            ko += f" 가장 적은 블록이 이보다 적은 것은 읍면동마다 적어도 {choices.area_blocks}블록은 가도록 정했기 때문이다."
            en += f" The least block adds less than that because each area is to get at least {some(choices.area_blocks, 'block', 'blocks')}."
        numbers["further_krw"] = 1e4 * float(further["per_hour"].max())
    return [Finding("next_hour", Text(ko, en), numbers)]


def sites_said(table, area_count):
    """How the plan is spread: sites, areas, waiting and roaming, random slots."""
    places = {place for numbers in table["places"] for place in numbers}
    roam, drawn = int((table["how"] == "roam").sum()), int(table["random"].sum())
    said = Text(
        f"블록 {len(table):,}개로 장소 {len(places):,}곳, 읍면동 {area_count}개에 간다. 한 곳에서 기다리는 대기가 {len(table) - roam:,}개, 몇 곳을 도는 순회가 "
        f"{roam:,}개이다. {len(table):,}개 가운데 {drawn:,}개는 무작위로 뽑은 대조 블록이다.",
        f"{some(len(table), 'block reaches', 'blocks reach')} {some(len(places), 'place', 'places')} in {some(area_count, 'area', 'areas')}: "
        f"{len(table) - roam:,} wait at one place and {roam:,} tour several. Of all {len(table):,}, {drawn:,} are controls drawn at random.",
    )
    return Finding("spread", said, {"places": len(places), "areas": area_count, "roam": roam, "random": drawn})


def readers_said(table, fixed_hour):
    """Where one more reader would see most; `fixed_hour`: what a fixed one reads in an hour, missing if none read anything."""
    if np.isnan(fixed_hour):
        said = Text(
            "고정 판독기가 읽은 것이 없어, 하나 더 달면 얼마나 볼지 낼 수 없다.",
            "No fixed reader read anything: what one more would see is not known.",
        )
        return Finding("readers", said, {"places": 0})
    if table.empty:
        said = Text("고정 판독기가 없는 곳이 없다.", "There is no place without a fixed reader.")
        return Finding("readers", said, {"places": 0})
    first = table.iloc[0]
    said = Text(
        f"판독기를 하나 더 단다면 {with_particle(first['where'].ko, '이/가')} 가장 낫다: 한 달에 영치 대상 {first.vehicles:.1f}대를 볼 것으로 보이고, 그중 {first.unseen:.1f}대는 석 달 동안 한 번도 "
        "포착되지 않은 차이다. 고정 판독기가 없던 곳이라 지나가며 읽은 것과 가까운 곳에서 짐작한 값이다.",
        f"One more reader would see most at {first['where'].en}: an expected {first.vehicles:.1f} eligible vehicles a month, {first.unseen:.1f} of which were not seen "
        "for three months. These places had no fixed reader: the numbers are inferred from passing cars and from near places.",
    )
    return Finding("readers", said, {"vehicles": float(first.vehicles), "unseen": float(first.unseen)})


def fairness_said(table):
    """Groups whose share of the plan is far from their share of the eligible, by an interval that leaves out 1."""
    known = table.dropna(subset=["ratio", "low", "high"])
    if known.empty:
        return Finding("fairness", NOTHING, {"groups": 0})
    apart = known[(known["low"] > 1) | (known["high"] < 1)].sort_values("ratio", ascending=False)
    if apart.empty:
        said = Text(
            "영치 대상 중 비중과 계획 중 비중이 뚜렷하게 다른 묶음은 없다.",
            "No group is in the plan clearly more or less often than its share of the eligible.",
        )
        return Finding("fairness", said, {"groups": 0})
    rows = [apart.iloc[0]] if len(apart) == 1 else [apart.iloc[0], apart.iloc[-1]]
    ko = ", ".join(f"{row.group.ko} {row.ratio:.1f}배" for row in rows)
    en = ", ".join(f"{row.group.en} {row.ratio:.1f}" for row in rows)
    said = Text(
        f"영치 대상 중 비중과 계획 중 비중이 뚜렷하게 다른 묶음은 {len(apart)}개이다(가장 큰 것과 작은 것: {ko}). 판독하는 곳에 다니는 차가 더 잘 보이기 때문인지 살핀다.",
        f"{some(len(apart), 'group has', 'groups have')} a share of the plan clearly off its share of the eligible (highest and lowest ratio: {en}). See whether it is "
        "only that they drive where plates are read.",
    )
    return Finding("fairness", said, {"groups": len(apart)})


def past_said(table, lowered):
    """What earlier plans promised and delivered; `lowered`: sites and slots that are held for less now."""
    if table.empty:
        said = Text(
            "아직 기간이 끝난 지난 계획이 없어 약속한 대수와 실제 만난 대수를 견줄 수 없다.",
            "No earlier plan has run its days yet: vehicles promised and met cannot be compared.",
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
        f"지난 계획의 블록 {blocks:,}개 가운데 기록이 있는 {worked:,}개에서 약속 {expected:.1f}대, 실제 {hits:,}대를 만났다."
        + (f" {lowered:,}곳·시간의 기대를 낮추었다." if lowered else ""),
        f"In {worked:,} of {blocks:,} blocks of earlier plans with a log entry {expected:.1f} vehicles were promised and {hits:,} met."
        + (f" What is expected was lowered at {some(lowered, 'site and time', 'sites and times')}." if lowered else ""),
    )
    return Finding(
        "past", said, {"plans": len(table), "worked": worked, "expected": expected, "hits": hits, "lowered": lowered}
    )


def register_said(held):
    day = f"{held.day:%Y-%m-%d}"
    said = Text(
        f"체납 자료는 {held.snapshot_on:%Y-%m-%d} 기준({held.register_days}일 지남)이고 {day}까지의 납부를 뺐다. 명단은 나가는 날에 다시 확인한다.",
        f"The register of debts is dated {held.snapshot_on:%Y-%m-%d} ({some(held.register_days, 'day', 'days')} old); payments until {day} are taken off. Lists "
        "are checked again on the day.",
    )
    return Finding("register", said, {"register_days": held.register_days})
