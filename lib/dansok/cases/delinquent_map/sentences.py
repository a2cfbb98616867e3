"""What the tables show, each sentence in both languages from the numbers that it rests on."""

import numpy as np
from scipy import stats

from dansok.cases.delinquent_map.labels import BASES, FORECASTERS, NOTHING
from dansok.cases.delinquent_map.worth import HORIZON_DAYS
from dansok.findings import Finding
from dansok.korea.particles import with_particle
from dansok.words import Text

HUNDRED_MILLION = 100_000_000
CONFIDENCE = 0.05
LITTLE = 0.05  # of what the busiest readers find: a gain that makes no list worth its trouble


def won(krw):
    """A sum of won for a reader: 억 and 만 in Korean, millions in English.

    Examples
    --------
    >>> won(4_210_000_000).ko, won(4_210_000_000).en, won(73_400).ko, won(73_400).en
    ('42.1억 원', '₩4,210 million', '7만 원', '₩0.07 million')
    """
    ko = f"{krw / HUNDRED_MILLION:,.1f}억 원" if abs(krw) >= HUNDRED_MILLION else f"{krw / 10_000:,.0f}만 원"
    million = krw / 1_000_000
    return Text(ko, f"₩{million:,.0f} million" if abs(million) >= 10 else f"₩{million:,.2f} million")


def some(count, one, many):
    """A count with its noun in English: "1 vehicle", "2 vehicles"."""
    return f"{count:,} {one if count == 1 else many}"


def vehicles_told(count, whole):
    """A number of vehicles as a table shows it, with its share; words where the table leaves it out.

    Examples
    --------
    >>> vehicles_told(30.0, 120).en, vehicles_told(float("nan"), 120).en
    ('30 (25%)', 'some')
    """
    if np.isnan(count):
        return Text("일부", "some")
    share = f"{count / whole:.0%}" if whole else "–"
    return Text(f"{int(count):,}대({share})", f"{int(count):,} ({share})")


def who_said(held, law):
    """How many are in arrears with how much; `law` as `counts.law` gives."""
    total, owed = len(held.vehicles), int(held.vehicles["amount_krw"].sum())
    day, krw = f"{held.day:%Y-%m-%d}", won(owed)
    own, other = law.loc["all", ["own", "other"]].astype(float)
    numbers = {"vehicles": total, "owed_krw": owed}
    ko = en = ""
    if not np.isnan(own + other):
        ko, en = (
            f"(관내 {int(own):,}대, 관외 {int(other):,}대)",
            f" ({int(own):,} of this city)",
        )
        numbers["own"] = int(own)
    said = Text(
        f"{day} 현재 체납차량은 {total:,}대{ko}, 체납액은 {krw.ko}이다.",
        f"On {day}, {some(total, 'vehicle was', 'vehicles were')} in arrears{en}, owing {krw.en}.",
    )
    return Finding("arrears", said, numbers)


def register_said(held):
    """Of which day the register of debts is."""
    old, day = held.register_days, f"{held.snapshot_on:%Y-%m-%d}"
    said = Text(
        f"체납 자료는 {day} 기준({old}일 지남)이고 그 뒤의 납부를 뺐다.",
        f"The register of debts is dated {day} ({some(old, 'day', 'days')} old); payments since then are taken off.",
    )
    return Finding("register", said, {"register_days": old})


def concentration_said(share, top):
    said = Text(
        f"체납액이 많은 순으로 상위 10%({top:,}대)가 전체 체납액의 {share:.0%}를 차지한다.",
        f"The {top:,} vehicles that owe most (one in ten) owe {share:.0%} of all that is owed.",
    )
    return [Finding("concentration", said, {"share": share, "vehicles": top})]


def law_said(held, law):
    """How many plates may be taken, who is spared, and whether any of it rests on a rule that nobody checked."""
    total = len(held.vehicles)
    eligible = float(law.loc["eligible", "vehicles"])
    spared = law["vehicles"].reindex([name for name in ("livelihood", "instalments") if name in law.index])
    unchecked = held.vehicles["eligible"] & ~held.vehicles["verified"].fillna(False).astype(bool)
    told = vehicles_told(eligible, total)
    ko = f"체납차량 {total:,}대 가운데 번호판을 영치할 수 있는 차량은 {told.ko}이다."
    en = f"Of {some(total, 'vehicle', 'vehicles')} in arrears, {told.en} may have the plate taken."
    if len(spared):
        told = vehicles_told(spared.sum(skipna=False), total)
        ko += f" 생계형이거나 분납을 이행 중인 {with_particle(told.ko, '은/는')} 영치하지 않는다."
        en += f" Livelihood cases and vehicles that keep an instalment plan are left alone: {told.en}."
    if unchecked.any():
        ko += " 영치 대상 가운데 일부는 출처를 확인하지 못한 규칙에 따른다."
        en += " Some of those eligible rest on a rule that is not verified."
    numbers = {"vehicles": total} | ({} if np.isnan(eligible) else {"eligible": int(eligible)})
    return [Finding("eligible", Text(ko, en), numbers)]


def not_told_said(held):
    """Marks that the export does not carry: who is spared is then not known."""
    names = {
        "livelihood": Text("생계형", "livelihood"),
        "instalments": Text("분납", "instalments"),
        "stopped": Text("운행정지", "driving bans"),
    }
    missing = [name for name in names if held.vehicles["not_in_export"].str.contains(name).any()]
    if not missing:
        return []
    ko, en = (", ".join(names[name][language] for name in missing) for language in ("ko", "en"))
    said = Text(
        f"체납 자료에 {ko} 표시가 없는 차량이 있다. 그런 차량은 표시가 있었다면 영치 대상이 아닐 수 있다.",
        f"For some vehicles the register has no mark of {en}: with it they might not be eligible.",
    )
    return [Finding("marks_not_in_export", said, {"marks": missing})]


def seen_said(table, months):
    """What share is ever seen; `table` as `counts.seen` gives."""
    total, never = float(table["vehicles"].iloc[-1]), float(table["vehicles"].iloc[0])
    seen, missed = vehicles_told(total - never, total), vehicles_told(never, total)
    total = int(total)
    ko = f"체납차량 {total:,}대 가운데 {seen.ko}가 {months}개월 안에 한 번이라도 포착되었다."
    en = f"Of {some(total, 'vehicle', 'vehicles')} in arrears, {seen.en} were seen at least once within {some(months, 'month', 'months')}."
    if never != 0:
        ko += f" 한 번도 포착되지 않은 {with_particle(missed.ko, '은/는')} 어디에 있는지 이 지도로 알 수 없다."
        en += f" Where the others are, {missed.en}, this map cannot tell."
    numbers = {"vehicles": total} | ({} if np.isnan(never) else {"never": int(never)})
    return [Finding("seen", Text(ko, en), numbers)]


def rate_said(whole, since=None):
    """The rate of the whole city: `counts.rate_table` with one row, or none where nothing was read.

    `since` (pd.Timestamp): day of the first register, if it is later than the period begins.
    """
    if whole.empty or not whole["looks"].sum():
        said = Text(
            "번호판 판독 자료가 없어 체납차량의 비율을 낼 수 없다. 단속 기록에 나타난 것만 헤아렸다.",
            "There are no plate reads, so no rate of vehicles in arrears: only what enforcement records show is counted.",
        )
        return [Finding("rate", said, {"looks": 0})]
    row = whole.iloc[0]
    looks = int(row.looks)
    if row.state == "few":
        said = Text(
            f"판독 방문 {looks:,}건 가운데 체납차량이 너무 적어 비율을 싣지 않는다.",
            f"Among {some(looks, 'visit', 'visits')} that were read too few vehicles were in arrears to tell a rate.",
        )
        return [Finding("rate", said, {"looks": looks})]
    begins = Text("", "")
    if since is not None:
        begins = Text(
            f"체납 자료가 처음 있는 {since:%Y-%m-%d}부터 ", f", from {since:%Y-%m-%d}, the day of the first register"
        )
    said = Text(
        f"판독한 차량 1,000대 가운데 체납차량은 {row.per_1000:.1f}대(95% 구간 {row.low:.1f}~{row.high:.1f})이다"
        f"({begins.ko}판독 방문 {looks:,}건 가운데 {int(row.sighted):,}건).",
        f"Of 1,000 vehicles read, {row.per_1000:.1f} are in arrears (95% interval {row.low:.1f} to {row.high:.1f}; "
        f"{int(row.sighted):,} of {some(looks, 'visit', 'visits')}{begins.en}).",
    )
    numbers = {"per_1000": float(row.per_1000), "low": float(row.low), "high": float(row.high)}
    return [Finding("rate", said, numbers | {"looks": looks, "sighted": int(row.sighted)})]


def differ(table):
    """Chance that groups of one and the same rate would differ as much as these; missing with fewer than two groups.

    Notes
    -----
    Pearson's chi-square of sightings against looks, over the mean design effect of the groups, in which vehicles come again
    (Rao and Scott 1981, JASA 76, first-order correction).
    """
    shown = table[(table["state"] == "shown") & (table["looks"] > 0)]
    if len(shown) < 2 or not shown["sighted"].sum():
        return np.nan
    share = shown["sighted"].sum() / shown["looks"].sum()
    expected = shown["looks"] * share
    spread = (shown["spread"] * expected).sum() / expected.sum()
    statistic = ((shown["sighted"] - expected) ** 2 / (expected * (1 - share))).sum() / spread
    return float(stats.chi2.sf(statistic, len(shown) - 1))


def clock_said(hours, chance):
    """Peaks of counts and of rates by hour; `chance` as `differ` gives."""
    shown = hours[hours["rate"].notna()]
    if shown.empty or not shown["records"].sum():
        return [Finding("clock", NOTHING, {})]
    most, highest = shown.loc[shown["records"].idxmax()], shown.loc[shown["rate"].idxmax()]
    unread = int((hours["watched"] == "none").sum())
    hour = int(most.hour)
    peak = Text(
        f"{int(highest.hour)}시대 {highest.rate:.1f}대(95% 구간 {highest.low:.1f}~{highest.high:.1f})",
        f"{highest.rate:.1f} from {int(highest.hour)}:00 to {int(highest.hour)}:59 (95% interval {highest.low:.1f} to {highest.high:.1f})",
    )
    more = _whether_they_differ(chance, Text("시간대", "hours"), peak)
    ko = f"포착은 {hour}시대에 가장 많다({int(shown['records'].sum()):,}건 가운데 {int(most.records):,}건).{more.ko}"
    en = f"Most sightings fall between {hour}:00 and {hour}:59 ({int(most.records):,} of {int(shown['records'].sum()):,}).{more.en}"
    if unread:
        ko += f" {unread}개 시간대는 판독이 없다."
        en += f" In {some(unread, 'hour', 'hours')} no plate was read."
    numbers = {
        "most_hour": hour,
        "highest_hour": int(highest.hour),
        "highest": float(highest.rate),
        "unread_hours": unread,
    }
    return [Finding("clock", Text(ko, en), numbers | ({} if np.isnan(chance) else {"chance": chance}))]


def _whether_they_differ(chance, groups, highest):
    """The highest rate if rates differ by more than chance; else that they do not."""
    if np.isnan(chance):
        return Text("", "")
    if chance < CONFIDENCE:
        p = max(chance, 0.001)
        return Text(
            f" 판독한 1,000대당으로는 {highest.ko}로 가장 높고, {groups.ko}별 차이는 우연만으로 보기 어렵다(p = {p:.3f}).",
            f" Per 1,000 vehicles read the highest rate is {highest.en}; the {groups.en} differ by more than chance (p = {p:.3f}).",
        )
    return Text(
        f" 판독 1,000대당 비율은 {groups.ko}별로 뚜렷이 다르지 않다(p = {chance:.2f}): 주로 많이 판독해서 많이 포착되었다.",
        f" Per 1,000 read the {groups.en} do not clearly differ (p = {chance:.2f}): much is seen where much is read.",
    )


def areas_said(by_area, chance):
    """Peaks of counts and of rates by 읍면동; `chance` as `differ` gives."""
    shown = by_area[(by_area["state"] == "shown") & by_area["per_1000"].notna()]
    if shown.empty or not shown["sighted"].sum():
        return []
    most, highest = shown.loc[shown["sighted"].idxmax()], shown.loc[shown["per_1000"].idxmax()]
    peak = Text(
        f"{highest.area_name} {highest.per_1000:.1f}대(95% 구간 {highest.low:.1f}~{highest.high:.1f})",
        f"{highest.per_1000:.1f} in {highest.area_name} (95% interval {highest.low:.1f} to {highest.high:.1f})",
    )
    more = _whether_they_differ(chance, Text("읍면동", "areas"), peak)
    said = Text(
        f"포착 건수는 {with_particle(most.area_name, '이/가')} 가장 많다({int(most.sighted):,}건).{more.ko}",
        f"{most.area_name} has the most sightings ({int(most.sighted):,}).{more.en}",
    )
    numbers = {"most": most.area_name, "highest": highest.area_name, "per_1000": float(highest.per_1000)}
    return [Finding("areas", said, numbers | ({} if np.isnan(chance) else {"chance": chance}))]


def map_said(cells, whole):
    """How many cells have vehicles in arrears, and how many a rate off that of the city, where it is told; `whole` as `counts.whole_city` gives."""
    few, shown = int((cells["state"] == "few").sum()), cells[cells["state"] == "shown"]
    if cells.empty:
        return Finding("map", NOTHING, {})
    with_some, city = int((shown["sighted"] > 0).sum()), whole["per_1000"].iloc[0]
    above, below = int((shown["low"] > city).sum()), int((shown["high"] < city).sum())
    ko = f"판독이 있는 칸 {len(cells):,}개 가운데 체납차량이 나타난 칸은 {with_some + few:,}개이고, 그중 {few:,}개는 차량이 적어 값을 감추었다."
    en = (
        f"Of {some(len(cells), 'cell', 'cells')} with reads, {with_some + few:,} had vehicles in arrears; the values of {few:,} of them are left out for few "
        "vehicles."
    )
    numbers = {"cells": len(cells), "with_some": with_some + few, "left_out": few}
    if np.isnan(city):
        return Finding("map", Text(ko, en), numbers)
    more = Text(
        f" 값을 보인 {len(shown):,}개 가운데 도시 전체 비율보다 뚜렷이 높은 칸은 {above:,}개, 낮은 칸은 {below:,}개이다(95% 구간이 전체 비율을 벗어난 칸; 우연만으로도 "
        f"{len(shown) * CONFIDENCE:.0f}개쯤 나온다).",
        f" Of the {len(shown):,} that are shown, {some(above, 'lies', 'lie')} clearly above the rate of the whole city and {below:,} below it (by their 95% "
        f"intervals; chance alone would give about {len(shown) * CONFIDENCE:.0f}).",
    )
    return Finding("map", Text(ko + more.ko, en + more.en), numbers | {"above": above, "below": below})


def places_said(places, k):
    if places.empty:
        return [Finding("places", NOTHING, {})]
    first = places.iloc[0]
    where = Text(
        " ".join(part for part in (first.area_name, first.place_name) if isinstance(part, str)) or "이름 없는 곳",
        " ".join(part for part in (first.area_name, first.place_name) if isinstance(part, str))
        or "a place without a name",
    )
    said = Text(
        f"체납차량이 가장 많이 나타난 장소와 시간은 {where.ko}, {first.hours.ko}대이다({int(first.vehicles):,}대, {int(first.sighted):,}건).",
        f"Most vehicles in arrears were seen at {where.en} in the hour from {first.hours.en} ({int(first.vehicles):,} vehicles, "
        f"{int(first.sighted):,} sightings).",
    )
    return [Finding("places", said, {"vehicles": int(first.vehicles), "listed": len(places), "asked": k})]


def home_said(table):
    total = int(table["debtors"].sum())
    if not total:
        return [Finding("home", NOTHING, {})]
    same, others = table["debtor_share"].iloc[0], table["other_share"].iloc[0]
    far = table["debtor_share"].iloc[-1]
    ko = f"관내 체납차량이 판독된 방문 {total:,}건 가운데 등록된 읍면동 안은 {same:.0%}이고, {far:.0%}는 5 km 이상 떨어진 곳이다."
    en = f"Of {some(total, 'visit', 'visits')} at which vehicles of this city in arrears were read, {same:.0%} lie inside the 읍면동 of registration and {far:.0%} at least 5 km away."
    if not np.isnan(others):
        ko += f" 다른 관내 차량은 {others:.0%}가 등록된 읍면동 안이다."
        en += f" For the city's other vehicles it is {others:.0%} inside."
    numbers = {"same": float(same), "far": float(far), "visits": total} | (
        {} if np.isnan(others) else {"others_same": float(others)}
    )
    return [Finding("home", Text(ko, en), numbers)]


def overlap_said(found):
    if not found:
        return [Finding("overlap", NOTHING, {})]
    said = Text(
        f"체납차량이 가장 많이 포착된 {found['places']}곳 가운데 {found['same']}곳은 불법 주정차 기록이 가장 많은 {found['parked']}곳에도 든다. 그 주정차 "
        f"다발지(전체 장소의 {found['of_places']:.1%})에서 체납차량 포착의 {found['share']:.0%}가 나왔지만, 모든 판독의 {found['of_looks']:.0%}도 그곳에서 이루어졌다.",
        f"Of the {found['places']} places with most sightings of vehicles in arrears, {found['same']} are also among the {found['parked']} with most records of "
        f"illegal parking. These ({found['of_places']:.1%} of all places) hold {found['share']:.0%} of the sightings, but also {found['of_looks']:.0%} of all reads.",
    )
    return [Finding("overlap", said, found)]


def repeat_said(table):
    known = table[table["share"].notna() & (table["vehicles"] > 0)]
    if len(known) < 2:
        return [Finding("repeat", NOTHING, {})]
    first, last = known.iloc[0], known.iloc[-1]
    said = Text(
        f"기간 안에 {last.records.ko} 단속된 차량은 {last.share:.0%}(95% 구간 {last.low:.0%}~{last.high:.0%}, {int(last.vehicles):,}대 가운데 "
        f"{int(last.debtors):,}대)가 체납차량이다. {first.records.ko} 단속된 차량은 {first.share:.1%}이다. 단속되면 과태료가 붙으므로, 내지 않은 과태료만으로도 이런 "
        "차이가 난다.",
        f"Of vehicles recorded {last.records.en} times in the period, {last.share:.0%} are in arrears (95% interval {last.low:.0%} to {last.high:.0%}; "
        f"{int(last.debtors):,} of {int(last.vehicles):,}); of those recorded {first.records.en} {'time' if first.records.en == '1' else 'times'}, {first.share:.1%}. Each record brings a fine: unpaid fines "
        "alone would make such a difference.",
    )
    return [Finding("repeat", said, {"often": float(last.share), "seldom": float(first.share)})]


def stability_said(table, k):
    known = table.dropna(subset=["same_places"])
    if known.empty:
        return [Finding("stability", NOTHING, {})]
    mean = float(known["same_places"].mean())
    said = Text(
        f"체납차량이 많이 포착된 상위 {k}곳 가운데 평균 {mean:.0%}가 다음 달에도 상위 {k}곳에 든다({len(known)}개월 평균).",
        f"Of the {k} places with most sightings in a month, {mean:.0%} are among the first {k} of the next month as well (mean of "
        f"{some(len(known), 'month', 'months')}).",
    )
    return [Finding("stability", said, {"share": mean, "months": len(known)})]


def back_test_said(test):
    if test is None:
        said = Text(
            "체납 자료가 있는 달이 모자라 다음 달을 얼마나 맞히는지 시험하지 못했다.",
            "There are too few months with a register to try how well the next one is foreseen.",
        )
        return [Finding("back_test", said, {})]
    hits = test.table.set_index("forecaster")["hit_20"]
    difference, low, high = test.difference
    rival = FORECASTERS[test.best_rival]
    ko = (
        f"워크북이 고른 20곳·시간에서 다음 달 체납차량 포착의 {hits['ours']:.1%}가 나왔다({len(test.origins)}번 시험의 평균; 지난달 명단 "
        f"{hits['last_month']:.1%}, 판독이 가장 많은 곳 {hits['busiest_readers']:.1%}, 미리 알고 골랐다면 {hits['best_possible']:.1%})."
    )
    en = (
        f"The 20 place-hours chosen here held {hits['ours']:.1%} of the next month's sightings (mean of {some(len(test.origins), 'trial', 'trials')}; last "
        f"month's list {hits['last_month']:.1%}, busiest readers {hits['busiest_readers']:.1%}, with hindsight {hits['best_possible']:.1%})."
    )
    if not np.isnan(low):
        verdict = (
            Text("더 낫다", "better than")
            if low > 0
            else Text("더 못하다", "worse than")
            if high < 0
            else Text("다르다고 할 수 없다", "not clearly different from")
        )
        ko += f" 가장 나은 비교 방법({rival.ko})보다 {_points(difference).ko}(95% 구간 {_points(low).ko}~{_points(high).ko})로 {verdict.ko}."
        en += f" That is {verdict.en} {rival.en}, the best other: {_points(difference).en} (95% interval {_points(low).en} to {_points(high).en})."
    numbers = {f"hit_{name}": float(value) for name, value in hits.items()} | {"difference": float(difference)}
    said = [Finding("back_test", Text(ko, en), numbers)]
    # Where the list is hardly better than standing where most plates are read, it says little of the street.
    gained = hits["ours"] - hits["busiest_readers"]
    if gained < LITTLE * hits["busiest_readers"]:
        words = Text(
            f"판독이 가장 많은 곳만 고른 것과 {_points(gained).ko} 차이일 뿐이다: 포착 건수의 지도는 판독한 곳의 지도에 가깝다.",
            f"It differs by only {_points(gained).en} from choosing where most plates are read: a map of sightings is close to a map of where "
            "plates are read.",
        )
        said.append(Finding("follows_readers", words, {"gained": float(gained)}))
    return said


def _points(share):
    """A difference of shares: Text."""
    number = f"{100 * share:+.1f}".replace("-", "\N{MINUS SIGN}")
    return Text(f"{number}%p", f"{number} points")


def foresight_said(found):
    if found is None:
        said = Text(
            "차량별로 어디에 나타날지 예측하기에는 판독이 모자란다.",
            "There are too few reads to foresee where a vehicle will be.",
        )
        return [Finding("foresight", said, {})]
    whole, own = found.table.loc["all"], found.rivals.loc["own_frequency"]
    most = found.table.loc["10+"]
    first, last = found.months[0], found.months[-1]
    span = Text(first, first) if first == last else Text(f"{first}~{last}", f"{first} to {last}")
    ko = (
        f"{span.ko}의 체납차량 방문 {int(whole.visits):,}건 가운데 {whole.recall_at_3:.0%}(95% 구간 {whole.low:.0%}~{whole.high:.0%})가 미리 꼽은 세 곳 "
        f"가운데 하나였다(그동안 자주 간 세 곳만 꼽아도 {own.recall_at_3:.0%})."
    )
    en = (
        f"Of {some(int(whole.visits), 'visit', 'visits')} of vehicles in arrears in {span.en}, {whole.recall_at_3:.0%} (95% interval {whole.low:.0%} to "
        f"{whole.high:.0%}) were at one of three places named beforehand ({own.recall_at_3:.0%} for the three it had visited most)."
    )
    if most.visits:
        ko += f" 그때까지 10번 이상 판독된 차량은 {most.recall_at_3:.0%}이다."
        en += f" For vehicles read 10 times or more before, it is {most.recall_at_3:.0%}."
    numbers = {
        "recall_at_3": float(whole.recall_at_3),
        "recall_at_3_own_frequency": float(own.recall_at_3),
        "log_loss": float(whole.log_loss),
        "log_loss_own_frequency": float(own.log_loss),
        "calibration_error": float(whole.calibration_error),
        "visits": int(whole.visits),
    }
    return [Finding("foresight", Text(ko, en), {name: value for name, value in numbers.items() if np.isfinite(value)})]


def worth_said(table, model):
    """What seizing all plates that may be taken would add; `table` as `worth.portfolios` gives."""
    if table.empty:
        return [Finding("worth", Text("영치할 수 있는 차량이 없다.", "No plate may be taken."), {"vehicles": 0})]
    whole = table.iloc[-1]
    if np.isnan(whole.vehicles):
        said = Text(
            "영치할 수 있는 차량이 적어 값을 싣지 않는다.", "Too few plates may be taken to tell what they are worth."
        )
        return [Finding("worth", said, {})]
    bases = BASES[model.basis_if_seized], BASES[model.basis_anyway]
    if np.isnan(whole.uplift):
        said = Text(
            "영치하지 않아도 스스로 낼 비율을 알기에는 지난 결과가 모자라, 영치로 더 걷힐 금액을 내지 않는다.",
            "Too few outcomes tell what is paid without seizure: what seizure adds is not told.",
        )
        return [Finding("worth", said, {"vehicles": int(whole.vehicles)})]
    worth, owed = won(1e6 * whole.uplift), won(1e6 * whole.million_krw)
    between, among = "", ""
    if not np.isnan(whole.low):
        low, high = won(1e6 * whole.low), won(1e6 * whole.high)
        between, among = f"(90% 구간 {low.ko}~{high.ko})", f" ({low.en} to {high.en}, 90% interval)"
    said = Text(
        f"영치 대상 {int(whole.vehicles):,}대를 모두 찾아 영치할 수 있다면 체납액 {owed.ko} 가운데 {worth.ko}{between}이 {HORIZON_DAYS}일 안에 더 걷힌다(영치하면 "
        f"{whole.pay_if_seized:.0%}, 그냥 두면 {whole.pays_anyway:.0%}). 실제로는 모두 찾지 못한다.",
        f"If all {int(whole.vehicles):,} eligible vehicles were found and seized, {worth.en}{among} of {owed.en} more would be paid within "
        f"{HORIZON_DAYS} days ({whole.pay_if_seized:.0%} against {whole.pays_anyway:.0%}).",
    )
    numbers = {
        "vehicles": int(whole.vehicles),
        "uplift_krw": 1e6 * float(whole.uplift),
        "owed_krw": 1e6 * float(whole.million_krw),
    }
    basis = Text(
        f"완납 비율의 근거: 영치하면 {bases[0].ko}, 그냥 두면 {bases[1].ko}. 과거에 영치된 차는 무작위로 뽑힌 것이 아니므로 실제로는 이보다 적게 걷힐 수 있다.",
        f"Shares paid rest, if seized, on {bases[0].en}; if nothing is done, on {bases[1].en}. Vehicles seized in the past were not drawn at random: less than "
        "this may come in.",
    )
    numbers_of = {"if_seized": model.basis_if_seized, "anyway": model.basis_anyway}
    return [Finding("worth", said, numbers), Finding("worth_basis", basis, numbers_of)]


def fairness_said(table):
    """Whoever is chosen far more or less often than their share, by an interval that leaves out 1."""
    known = table.dropna(subset=["ratio", "low", "high"])
    apart = known[(known["low"] > 1) | (known["high"] < 1)]
    if known.empty:
        return [Finding("fairness", NOTHING, {})]
    if apart.empty:
        said = Text(
            "체납차량 중 비중과 영치 대상 중 비중이 뚜렷하게 다른 묶음은 없다.",
            "No group is eligible clearly more or less often than its share of those in arrears.",
        )
        return [Finding("fairness", said, {"groups": 0})]
    apart = apart.sort_values("ratio", ascending=False)
    rows = [apart.iloc[0]] if len(apart) == 1 else [apart.iloc[0], apart.iloc[-1]]
    ko = ", ".join(f"{row.group.ko} {row.ratio:.2f}배" for row in rows)
    en = ", ".join(f"{row.group.en} {row.ratio:.2f}" for row in rows)
    said = Text(
        f"체납차량 중 비중과 영치 대상 중 비중이 뚜렷하게 다른 묶음은 {len(apart)}개이다(가장 큰 것과 작은 것: {ko}). 법의 기준(횟수, 금액, 소유)에서 오는 "
        "차이인지 살펴야 한다.",
        f"{some(len(apart), 'group has', 'groups have')} a share of the eligible clearly off its share of those in arrears (highest and lowest ratio: {en}). See "
        "whether that follows from the law's own limits of number, sum and ownership.",
    )
    return [
        Finding(
            "fairness",
            said,
            {"groups": len(apart), "highest": float(apart.iloc[0].ratio), "lowest": float(apart.iloc[-1].ratio)},
        )
    ]


def near_said(near, sighted):
    reads = int(near["reads"].sum())
    unknown = int(near.loc[~near["known"].astype(bool), "reads"].sum())
    if not reads:
        said = Text("체납차량 번호와 닮은 판독은 없다.", "No read resembles the plate of a vehicle in arrears.")
        return [Finding("near_misses", said, {"reads": 0})]
    said = Text(
        f"체납차량 번호와 한두 글자가 닮은 판독이 {reads:,}건 있다(같은 번호로 이은 방문 {sighted:,}건). 그 가운데 {unknown:,}건은 등록원부에 없는 번호라 잘못 "
        "읽은 것일 수 있다. 닮은 번호는 어느 것도 잇지 않았다.",
        f"{some(reads, 'read differs', 'reads differ')} from the plate of a vehicle in arrears by a character or two ({some(sighted, 'visit was', 'visits were')} joined "
        f"by exactly the same plate). {unknown:,} of them are of plates that no vehicle register holds, and may be misread. No such read is joined.",
    )
    return [Finding("near_misses", said, {"reads": reads, "of_unknown_plates": unknown})]
