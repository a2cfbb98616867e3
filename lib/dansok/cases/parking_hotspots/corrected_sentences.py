"""Findings of the corrected side and of next month: each a sentence in both languages, built from its numbers."""

from dansok.cases.parking_hotspots.corrected import SHARE_OF_CELLS
from dansok.cases.parking_hotspots.labels import (
    EFFORTS,
    FORECASTERS,
    KINDS,
    NOTHING,
    OVER_THE_PERIOD,
    SEASONS,
    VERDICTS,
    WEEKDAYS,
)
from dansok.cases.parking_hotspots.outlook import OUR_PLACES, OURS, SIZES
from dansok.cases.parking_hotspots.reading import SEEN_OFTEN
from dansok.cases.parking_hotspots.recorded_sentences import percent_change
from dansok.cases.parking_hotspots.verdicts import FEW_VEHICLES, LEAST_MONTHS, often_seen
from dansok.choices import span
from dansok.findings import Finding
from dansok.korea.particles import with_particle
from dansok.models import guard
from dansok.tables import CHANNELS
from dansok.words import Text

SAID = 3  # places named in a sentence
IN_BRIEF = 2  # ... of the first page, that names them on both sides
MORE, LESS = Text("늘어난 곳", "more"), Text("줄어든 곳", "less")
EFFORT_UNKNOWN = Text(
    "헤아린 단속 수단이 이 기간에 언제 어디를 보았는지 알려 주는 것(단속 시간표, 위치기록, 근무일지)이 없다. 그래서 바로잡은 지도는 낼 수 없고, "
    "아래는 **기록 건수의 순위이며 얼마나 보았는지는 모른다**.",
    "Nothing tells when and where the city's own channels that were to count looked in this period (no timetable, log of positions or log "
    "sheet). So "
    "there is no corrected map: what follows **ranks recorded tickets, effort unknown**.",
)


def effort_unknown():
    return Finding("effort_unknown", Text(EFFORT_UNKNOWN.ko.replace("**", ""), EFFORT_UNKNOWN.en.replace("**", "")), {})


def listed(names, language, most=SAID):
    """Names in a row, and how many more there are."""
    names = list(names)
    shown, more = names[:most], len(names) - most
    if language == "ko":
        return ", ".join(shown) + (f" 등 {len(names)}곳" if more > 0 else "")
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def said_of(corrected):
    """All findings of the corrected side, in reading order."""
    return [
        *_where(corrected),
        *_known(corrected),
        *_disagreement(corrected),
        *_hot_spots(corrected),
        *_kinds(corrected),
        *_hot_months(corrected),
        *_true_clock(corrected),
        *_place_clocks(corrected),
        *_seasons(corrected),
        *_diagnosis(corrected),
        *_quadrants(corrected),
        *_loop(corrected),
        _changed(corrected),
    ]


def _where(corrected):
    top, cells = corrected.top, corrected.cells
    if top.empty:
        return [Finding("where_true", NOTHING, {})]
    first = top.iloc[0]
    rated = cells["rate"].dropna().sort_values(ascending=False)
    count = max(1, int(SHARE_OF_CELLS * len(rated)))
    share = rated.head(count).sum() / rated.sum()
    only = first.effort == "citizens"
    ko = (
        f"누가 얼마나 보았는지를 바로잡으면 {with_particle(first['name'], '이/가')} 평균 칸의 {first.rate:.1f}배"
        f"(90% 구간 {first.low:.1f}~{first.high:.1f}{'; 시민신고로만 아는 곳' if only else ''})로 첫머리에 선다(1위일 확률 {first.p_first:.0%})"
        + f". 값이 가장 높은 {count:,}칸({len(rated):,}칸의 {SHARE_OF_CELLS:.0%})에서 전체의 {share:.0%}가 일어난다."
    )
    en = (
        f"Corrected for who looked, {first['name']} comes first: {first.rate:.1f} times the mean cell "
        f"(90% interval {first.low:.1f} to {first.high:.1f}{'; known from citizens only' if only else ''}; {first.p_first:.0%} likely the very first)"
        + f". The highest {count:,} of {len(rated):,} cells ({SHARE_OF_CELLS:.0%}) hold {share:.0%} of what happens."
    )
    numbers = {
        "place": first["name"], "times_the_mean": first.rate, "low": first.low, "high": first.high, "p_first": first.p_first,
        "cells": len(rated), "top_cells": count, "share_in_top_cells": share,
    }  # fmt: skip
    return [Finding("where_true", Text(ko, en), _plain(numbers))]


def _known(corrected):
    """What the values of the cells rest on."""
    counts = corrected.cells["effort"].value_counts()
    known = [(effort, int(counts[effort])) for effort in EFFORTS if counts.get(effort, 0)]
    if len(known) < 2:
        return []
    ko = ", ".join(f"{EFFORTS[effort].ko} {n:,}칸" for effort, n in known)
    en = ", ".join(f"{EFFORTS[effort].en} {n:,}" for effort, n in known)
    return [
        Finding(
            "known_cells",
            Text(f"칸의 값이 무엇에 기대는가: {ko}.", f"What the values of the cells rest on: {en}."),
            {f"{effort}_cells": n for effort, n in known},
        )
    ]


def _disagreement(corrected):
    if not corrected.compared:
        return []
    names = {side: own["name"].tolist() for side, own in corrected.disagree.groupby("side")}
    missed, inflated = names.get("left", []), names.get("right", [])
    compared, both = corrected.compared, corrected.overlap
    own = corrected.disagree[corrected.disagree["side"] == "left"]
    unseen = int((own["effort"] == "citizens").sum())
    ko = f"기록이 가장 많은 {compared}칸과 바로잡은 상위 {compared}칸은 {both}칸만 겹친다" + (
        f". 건수로는 드러나지 않던 {compared - both}칸은 {', '.join(missed[:IN_BRIEF])} 등"
        + (
            f"(첫 {len(missed)}곳 {'모두' if unseen == len(missed) else f'가운데 {unseen}곳은'} 시민신고로만 알아 현장 확인이 먼저다)"
            if unseen
            else ""
        )
        + f"이고, 많이 보아서 많아 보인 곳은 {', '.join(inflated[:IN_BRIEF])} 등이다."
        if missed and inflated
        else "."
    )
    en = f"The {compared} cells with the most records and the {compared} highest corrected ones share {both}" + (
        f". Counts hide {compared - both} cells, first {', '.join(missed[:IN_BRIEF])}"
        + (
            f" ({unseen} of the first {len(missed)} known from citizens only: check on the spot first)"
            if unseen
            else ""
        )
        + f"; {', '.join(inflated[:IN_BRIEF])} and others look fuller than they are because they were watched more."
        if missed and inflated
        else "."
    )
    numbers = {"cells_compared": compared, "cells_in_both": both, "hidden": missed, "flattered": inflated,
               "hidden_known_from_citizens_only": unseen}  # fmt: skip
    return [Finding("maps_disagree", Text(ko, en), numbers)]


def _hot_spots(corrected):
    if corrected.hot is None:
        return [
            Finding(
                "hot_spots",
                Text("칸이 너무 적어 다발지역을 가릴 수 없다.", "There are too few cells to tell hot spots."),
                {},
            )
        ]
    period, cells = corrected.hot.period, corrected.cells
    tested, found, expected = int(period.tested), int(period.found), float(period.expected)
    here = int(cells["hot"].sum())
    kind = cells["kind"].where(cells["kind"].notna(), "period")
    within, besides = (_by_kind(kind[own]) for own in (cells["hot"], ~cells["hot"] & cells["kind"].notna()))
    ko = (
        f"이웃 칸과 함께 뚜렷이 높은 다발지역은 {tested:,}칸 가운데 {found:,}칸이다"
        + (f"(우연만으로는 {expected:.1f}칸)" if found else "")
        + (f". 그 가운데 {here:,}칸이 이 읍면동에 있다" if corrected.area else "")
        + (f": {', '.join(f'{words.ko} {n:,}칸' for words, n in within.values())}." if within else ".")
        + (
            f" 그 밖에 기간 전체로는 아니어도 달마다 보면 다발지역인 칸은 {', '.join(f'{words.ko} {n:,}칸' for words, n in besides.values())}이다."
            if besides
            else ""
        )
    )
    en = (
        f"{found:,} of {tested:,} cells are hot together with their neighbours"
        + (f" ({expected:.1f} by chance alone)" if found else "")
        + (f"; {here:,} of them lie in this area" if corrected.area else "")
        + (f": {', '.join(f'{n:,} {words.en}' for words, n in within.values())}." if within else ".")
        + (
            f" Besides, month by month but not over the period: {', '.join(f'{n:,} {words.en}' for words, n in besides.values())}."
            if besides
            else ""
        )
    )
    numbers = {"cells_tested": tested, "cells_found": found, "cells_by_chance": expected, "cells_here": here} | {
        f"{kind}_cells": within.get(kind, (None, 0))[1] + besides.get(kind, (None, 0))[1] for kind in within | besides
    }
    return [Finding("hot_spots", Text(ko, en), numbers)]


def _by_kind(kinds):
    """Kinds that are there -> their words and how many cells."""
    counts = kinds.value_counts()
    words = KINDS | {"period": OVER_THE_PERIOD}
    return {kind: (words[kind], int(counts[kind])) for kind in words if counts.get(kind, 0)}


def _hot_months(corrected):
    if corrected.hot is None:
        return []
    table = corrected.hot.by_month
    mean, chance, some = table["found"].mean(), table["expected"].mean(), int((table["found"] > 0).sum())
    all_ko, all_en = f"{len(table)}달 모두 다발지역이 있고", f"All {len(table)} months have hot spots"
    if some < len(table):
        all_ko, all_en = (
            f"{len(table)}달 가운데 {some}달에 다발지역이 있고",
            f"{some} of {len(table)} months have hot spots",
        )
    return [
        Finding(
            "hot_months",
            Text(
                f"{all_ko}, 한 달 평균 {mean:.0f}칸이다(우연만으로는 {chance:.1f}칸).",
                f"{all_en}, {mean:.0f} cells a month on average ({chance:.1f} by chance alone).",
            ),
            _plain(
                {"months": len(table), "months_with_hot_cells": some, "cells_a_month": mean, "cells_by_chance": chance}
            ),
        )
    ]


def _kinds(corrected):
    """The kinds that ask for something, with names and dates."""
    cells, start = corrected.cells, corrected.evidence.months[0]
    parts_ko, parts_en, numbers = [], [], {}
    for kind in ("new", "intensifying", "diminishing"):
        own = cells[cells["kind"] == kind].sort_values("rank")
        if own.empty:
            continue
        rows = list(zip(own["name"], own["since"], strict=True))
        dated = [f"{name}({f'자료 처음인 {start}' if since == start else since}부터)" for name, since in rows]
        dated_en = [f"{name} (since {'the data begin, ' * (since == start)}{since})" for name, since in rows]
        parts_ko.append(f"{KINDS[kind].ko}: {listed(dated, 'ko')}")
        parts_en.append(f"{KINDS[kind].en}: {listed(dated_en, 'en')}")
        numbers[f"{kind}_cells"] = len(own)
    if not parts_ko:
        return []
    ko, en = ". ".join(parts_ko) + ".", "; ".join(parts_en) + "."
    return [Finding("kinds", Text(ko, en[0].upper() + en[1:]), numbers)]


def _true_clock(corrected):
    clock = corrected.clock
    linked = clock[clock["linked"]]
    if linked.empty or not linked["share"].notna().any():
        return []
    peaks = sorted(linked.nlargest(3, "share")["hour"].astype(int))
    raw, first = int(clock["raw_share"].idxmax()), int(linked.set_index("hour")["share"].idxmax())
    said, of = linked.set_index("hour").loc[first], int(clock["recorded"].sum())
    ko = (
        f"바로잡은 하루는 {_hours(peaks, 'ko')}에 가장 높다(정점 {first}시대 {said.share:.1%}, 90% 구간 {said.low:.1%}~{said.high:.1%})."
        + f" 위치를 아는 기록 {of:,}건은 {raw}시대에 가장 많다({clock['raw_share'].max():.1%})."
    )
    en = (
        f"Corrected, the day is highest at {_hours(peaks, 'en')} (peak {first}-{first + 1} h, {said.share:.1%}, 90% interval "
        f"{said.low:.1%} to {said.high:.1%}); the {of:,} records with a place peak at {raw}-{raw + 1} h ({clock['raw_share'].max():.1%})."
    )
    dark = clock[~clock["linked"] & clock["share"].notna()]
    if len(dark):
        share = dark["share"].sum() / clock["share"].sum()
        ko += (
            f" 시민신고만 있는 {len(dark)}시간(하루의 약 {share:.0%})은 신고 습관이 앞뒤 시간과 같다는 가정으로만 안다."
        )
        en += (
            f" {len(dark)} hours that only citizens saw (about {share:.0%} of the day) are known only on the assumption that habits "
            "of reporting go on from the hours around them."
        )
    numbers = {"peak_hour": first, "peak_share": said.share, "low": said.low, "high": said.high, "raw_peak_hour": raw,
               "highest_hours": peaks, "hours_assumed": len(dark)}  # fmt: skip
    return [Finding("true_clock", Text(ko, en), _plain(numbers))]


def _hours(hours, language):
    """ "12~14시대, 19시대" of a sorted list of hours."""
    runs = []
    for hour in hours:
        if runs and hour == runs[-1][1] + 1:
            runs[-1][1] = hour
        else:
            runs.append([hour, hour])
    if language == "ko":
        return ", ".join(f"{a}시대" if a == b else f"{a}~{b}시대" for a, b in runs)
    return " and ".join(f"{a}-{b + 1} h" for a, b in runs)


def _place_clocks(corrected):
    clocks = corrected.clocks[corrected.clocks["linked"]]
    if clocks.empty:
        return []
    peaks = clocks.loc[clocks.groupby("cell", sort=False)["rate"].idxmax(), "hour"].astype(int)
    common, places = int(peaks.mode().iloc[0]), len(peaks)
    same = int((peaks == common).sum())
    others = sorted(set(peaks) - {common})
    return [
        Finding(
            "place_clocks",
            Text(
                f"{places}곳 가운데 {same}곳은 {common}시대가 정점이다"
                + (f". 나머지는 {', '.join(f'{hour}시대' for hour in others)}이다." if others else "."),
                f"{same} of {places} places peak at {common}-{common + 1} h"
                + (f"; the others at {', '.join(f'{hour}-{hour + 1} h' for hour in others)}." if others else "."),
            ),
            {"places": places, "peak_hour": common, "places_with_that_peak": same},
        )
    ]


def _seasons(corrected):
    table = corrected.seasons.dropna(subset=["value"])
    if table.empty:
        return [Finding("seasons", NOTHING, {})]
    highest = table.loc[table["value"].idxmax()]
    by_season = table.groupby("season")["value"].mean()
    season, hour = SEASONS[int(highest.season)], int(highest.hour)
    most, least = int(by_season.idxmax()), int(by_season.idxmin())
    return [
        Finding(
            "seasons",
            Text(
                f"가장 높은 때는 {season.ko} {hour}시대(평균의 {highest.value:.1f}배)이다. 철로 보면 {with_particle(SEASONS[most].ko, '이/가')} "
                f"가장 높고 {with_particle(SEASONS[least].ko, '이/가')} 가장 낮다({by_season.max():.2f}배와 {by_season.min():.2f}배).",
                f"Highest is {season.en}, {hour}-{hour + 1} h ({highest.value:.1f} times the mean). By season, {SEASONS[most].en} is highest "
                f"and {SEASONS[least].en} lowest ({by_season.max():.2f} and {by_season.min():.2f} times).",
            ),
            _plain({"hour": hour, "times_the_mean": highest.value, "season_high": by_season.max(), "season_low": by_season.min()}),
        )
    ]  # fmt: skip


def _diagnosis(corrected):
    top = corrected.top
    if top.empty:
        return []
    counts = top["verdict"].value_counts()
    parts = [(kind, top[top["verdict"] == kind]["name"].tolist()) for kind in VERDICTS if counts.get(kind, 0)]
    unknown = top[top["verdict"] == "unknown"]
    no_plates = int(unknown["often_share"].isna().sum())
    if no_plates == len(top):
        text = Text(
            f"상위 {len(top)}곳 모두 번호판을 아는 기록이 {FEW_VEHICLES}건이 안 되어 진단을 보류한다.",
            f"At none of the {len(top)} top places do {FEW_VEHICLES} records have a plate, so none is diagnosed.",
        )
        return [Finding("diagnosis", text, {"places": len(top), "unknown_places": len(top)})]
    ko = (
        f"상위 {len(top)}곳의 진단: "
        + ", ".join(
            f"{VERDICTS[kind].ko} {len(names)}곳({listed(names, 'ko', 1) if len(names) == 1 else names[0] + ' 등'})"
            for kind, names in parts
        )
        + (
            f". 판단 보류 가운데 {no_plates}곳은 번호판을 아는 기록이 {FEW_VEHICLES}건이 안 되어서이다"
            if no_plates
            else ""
        )
        + "."
    )
    en = (
        f"Diagnosis of the {len(top)} top places: "
        + ", ".join(f"{VERDICTS[kind].en} {len(names)} ({names[0]}{'' if len(names) == 1 else ', …'})" for kind, names in parts)
        + (f"; at {no_plates} under {FEW_VEHICLES} records have a plate" if no_plates else "")
        + "."
    )  # fmt: skip
    return [Finding("diagnosis", Text(ko, en), {"places": len(top)} | {f"{kind}_places": len(n) for kind, n in parts})]


def _quadrants(corrected):
    table, named = corrected.quadrants, corrected.named
    if table.empty:
        return []
    counts = table["quadrant"].value_counts()
    more, less = (named[named["quadrant"] == kind]["name"].dropna().tolist() for kind in ("more", "less"))
    ko = f"민원은 평균보다 많은데 단속이 덜 보는 칸이 {counts.get('more', 0):,}칸이다" + (
        f"(순찰을 늘릴 곳: {', '.join(more[:IN_BRIEF])})." if more else "."
    )
    ko += f" 민원이 적은데 많이 보는 칸은 {counts.get('less', 0):,}칸이다" + (
        f"(줄일 곳: {', '.join(less[:IN_BRIEF])})." if less else "."
    )
    en = f"{counts.get('more', 0):,} cells draw more complaints than the mean but less looking" + (
        f" (patrol more: {', '.join(more[:IN_BRIEF])});" if more else ";"
    )
    en += f" {counts.get('less', 0):,} draw few complaints and much looking" + (
        f" (patrol less: {', '.join(less[:IN_BRIEF])})." if less else "."
    )
    if "mobile_camera" not in corrected.evidence.channels:
        ko += " 순찰차가 어디를 돌았는지 몰라 본 정도에는 넣지 못했으니, 순찰을 옮기기 전에 확인한다."
        en += " Where patrol cars went is not known and not counted as looking: check it before moving patrols."
    return [Finding("quadrants", Text(ko, en), {f"{kind}_cells": int(n) for kind, n in counts.items()})]


def _loop(corrected):
    loop = corrected.loop
    if loop is None:
        return [
            Finding(
                "loop",
                Text(
                    f"순찰이 어디를 지났는지 장소별로 아는 달이 이 기간에 {LEAST_MONTHS}달이 안 되어, 순찰이 제 기록을 좇는지 알 수 없다.",
                    f"Where patrols went is known place by place in under {LEAST_MONTHS} months of this period, so whether they run after "
                    "their own records is not known.",
                ),
                {},
            )
        ]
    found, exploring = loop.concentration, loop.exploration
    gap, low, high, margin = (100 * value for value in (found.gap, found.low, found.high, guard.MARGIN))
    ko = f"순찰차 시간의 {found.effort_share:.1%}가 가장 많이 도는 10% 장소에 쓰이고, 그곳에서 전체의 {found.rate_share:.1%}가 일어난다"
    ko += f"(차이 {gap:.1f}%포인트, 90% 구간 {low:.1f}~{high:.1f}). "
    en = f"{found.effort_share:.1%} of the patrol cars' time goes to the tenth of places with most of it, where {found.rate_share:.1%} of it happens"
    en += f" (a gap of {gap:.1f} points, 90% interval {low:.1f} to {high:.1f}). "
    if found.runaway:
        ko += f"{margin:.0f}%포인트 넘게 더 쏠려 있어, 기록이 기록을 부르고 있을 수 있다."
        en += f"Patrols are drawn together over {margin:.0f} points more than what happens: records may be breeding records."
    elif found.low > 0:
        ko += f"일어나는 일보다 조금 더 쏠려 있으나, 기록이 기록을 부른다고 볼 만큼(구간이 모두 {margin:.0f}%포인트를 넘음)은 아니다."
        en += f"That is somewhat more than what happens there, but the interval does not lie above the {margin:.0f} points of an alarm."
    else:
        ko += "일어나는 일보다 더 쏠려 있다고 할 수 없다."
        en += "That is not beyond what happens there."
    numbers = {"effort_share": found.effort_share, "rate_share": found.rate_share, "gap": found.gap, "low": found.low,
               "high": found.high, "runaway": found.runaway}  # fmt: skip
    if exploring is not None:
        numbers |= {"exploring_share": exploring.share, "exploring_too_little": exploring.too_little}
        ko += f" 지난 기간에 기록이 없던 곳에 쓴 시간은 {exploring.share:.0%}이다" + (
            ": 10%가 안 되어 지도를 바로잡기 어렵다." if exploring.too_little else "."
        )
        en += f" {exploring.share:.0%} went to places without a record in the period before" + (
            ": under 10%, too little to keep the map honest." if exploring.too_little else "."
        )
    return [Finding("loop", Text(ko, en), _plain(numbers))]


def _changed(corrected):
    """Where clearly more or less happens than in the period before."""
    if not corrected.before:
        return Finding(
            "changed",
            Text(
                "지난 기간의 자료가 모자라 바로잡은 값을 견줄 수 없다.",
                "There are too few months before the period to compare corrected values with.",
            ),
            {},
        )
    table, months = corrected.changed, span(corrected.before)
    found = table[table["changed"]]
    more, less = found[found["ratio"] > 1], found[found["ratio"] < 1]
    ko = f"지난 기간({months.ko})에 견주어 평균 칸에 대한 값이 뚜렷이 달라진 칸은 {len(table):,}칸 가운데 {len(found):,}칸이다"
    en = f"Against the period before ({months.en}), {len(found):,} of {len(table):,} cells have clearly changed against the mean cell"
    if len(found):
        parts = [
            (words, rows.sort_values("ratio", ascending=words is LESS))
            for words, rows in ((MORE, more), (LESS, less))
            if len(rows)
        ]
        ko += ": " + ", ".join(f"{words.ko} {len(rows)}칸({listed(rows['name'], 'ko')})" for words, rows in parts)
        en += ": " + "; ".join(f"{words.en} {len(rows)} ({listed(rows['name'], 'en')})" for words, rows in parts)
    numbers = {"cells_compared": len(table), "cells_more": len(more), "cells_less": len(less)}
    ours = table[table.index.isin(corrected.top["cell"])]
    if len(ours):
        times = float((ours["ratio_high"] / ours["ratio"]).median())
        ko += f". 상위 장소는 값이 {times:.1f}배(가운데 값) 넘게 달라져야 오차(90% 구간)와 가릴 수 있고, 그보다 작은 변화는 이 자료로 알 수 없다"
        en += f". A top place must change more than {times:.1f}-fold (median) to stand out from its error (90% interval); less cannot be told"
        numbers["times_told_at_first_places"] = times
    return Finding("changed", Text(ko + ".", en + "."), numbers)


def repeat_said(vehicles, table, register_day):
    if table.empty:
        return Finding(
            "repeat",
            Text(
                "번호판이 내보내기에 없어 되풀이되는 차량을 알 수 없다.",
                "The exports hold no plates, so vehicles that come again are not known.",
            ),
            {},
        )
    records, share = often_seen(vehicles)
    of_records, of_vehicles = (int(table[name].sum()) for name in ("records", "vehicles"))
    ko = f"번호판을 아는 기록 {of_records:,}건의 {records:.0%}가 {SEEN_OFTEN}번 이상 걸린 차량(차량 {of_vehicles:,}대의 {share:.1%})에서 나온다."
    en = f"{records:.0%} of the {of_records:,} records whose plate is known come from vehicles seen {SEEN_OFTEN} times or more ({share:.1%} of {of_vehicles:,})."
    numbers = {"record_share_of_often_seen": records, "vehicle_share_of_often_seen": share}
    often = table[table["seen"].isin(["5-9", "10+"])]
    if register_day and often["vehicles"].any() and often["in_debt"].notna().all():
        owing, of = int(often["in_debt"].sum()), int(often["vehicles"].sum())
        ko += f" 그 {of:,}대 가운데 {owing:,}대({owing / of:.0%})가 체납 자료({register_day})에 있다."
        en += f" Of these {of:,} vehicles {owing:,} ({owing / of:.0%}) are in the register of debts ({register_day})."
        numbers |= {"often_seen_vehicles": of, "often_seen_in_debt": owing}
    return Finding("repeat", Text(ko, en), numbers)


def outlook_said(outlook):
    """What comes, how far to believe it, and where it will be."""
    if outlook is None:
        said = Text("다음 달을 내다볼 만큼 기록이 없다.", "There are too few records to look ahead.")
        return [Finding("next_weeks", said, {}), Finding("next_places", said, {})]
    return [*_week_said(outlook), *_hour_said(outlook), *_hits_said(outlook)]


def _week_said(outlook):
    name = CHANNELS[outlook.channel]
    if outlook.by_week is None:
        return [
            Finding(
                "next_weeks",
                Text(
                    "지난 자료가 짧아(주 단위 예측을 맞춰 볼 수 없음) 다음 달 건수를 내지 않는다.",
                    "The past is too short to test a forecast by week, so none is given.",
                ),
                {},
            )
        ]
    total, held = outlook.by_week["mean"].sum(), outlook.scores["coverage"]["chosen"]
    against, numbers = _against_rivals(outlook.scores, outlook.chosen)
    ko = (
        f"다음 4주({outlook.first_day:%Y-%m-%d}~{outlook.last_day:%m-%d}) {with_particle(name.ko, '은/는')} 약 {total:,.0f}건으로 본다. "
        f"지난 달들에 맞춰 보면 읍면동별 주 예측의 90% 구간이 실제의 {held:.0%}를 담았다. {against.ko}"
    )
    en = (
        f"{name.en} in the next four weeks ({outlook.first_day:%Y-%m-%d} to {outlook.last_day:%m-%d}): about {total:,.0f}. Tried on past "
        f"months, the 90% intervals by area and week held {held:.0%} of what came. {against.en}"
    )
    return [Finding("next_weeks", Text(ko, en), _plain({"records": total, "coverage": held} | numbers))]


def _against_rivals(scores, chosen):
    """How our method did against the best simple one in the months judged, and which is used."""
    best = scores["crps"].drop([OURS, "chosen"]).idxmin()
    more = scores["crps"][OURS] / scores["crps"][best] - 1
    ko = f"우리 방법의 오차(CRPS)는 가장 나은 단순 방법({FORECASTERS[best].ko})보다 {abs(more):.1%} {'크다' if more > 0 else '작다'}"
    en = f"The error (CRPS) of our method is {abs(more):.1%} {'above' if more > 0 else 'below'} that of the best simple rival ({FORECASTERS[best].en})"
    if chosen == OURS:
        ko, en = f"{ko}: 우리 방법을 쓴다.", f"{en}: our method is used."
    else:
        ko += f": 이기지 못해 단순한 방법({FORECASTERS[chosen].ko})을 쓴다."
        en += f": the simple one wins and {FORECASTERS[chosen].en} is used."
    return Text(ko, en), {"crps_above_best_rival": more, "forecaster": chosen, "best_rival": best}


def _hour_said(outlook):
    if outlook.by_hour is None:
        said = Text("요일과 시간의 예측도 내지 않는다.", "Nor is there a forecast by weekday and hour.")
        return [Finding("next_hours", said, {})]
    busiest = outlook.by_hour.loc[outlook.by_hour["value"].idxmax()]
    day, hour, expected = WEEKDAYS[int(busiest.weekday)], int(busiest.hour), busiest.value
    against, numbers = _against_rivals(outlook.hour_scores, outlook.hour_chosen)
    ko = f"다음 4주에 가장 몰릴 때는 {day.ko}요일 {hour}시대(4주 동안 {expected:.1f}건)이다. {against.ko}"
    en = f"Most will come on {day.en}, {hour}-{hour + 1} h ({expected:.1f} records in four weeks). {against.en}"
    numbers |= {"weekday": int(busiest.weekday), "hour": hour, "records": expected}
    return [Finding("next_hours", Text(ko, en), _plain(numbers))]


def _hits_said(outlook):
    places = outlook.places
    if outlook.hits.empty:
        return [
            Finding(
                "next_places",
                Text(
                    f"달이 모자라 맞춰 볼 수 없으므로, 지난달 건수로 {len(places)}곳을 고른다.",
                    f"There are too few months to test a forecast; {len(places)} places are picked by last month's count.",
                ),
                {"places": len(places)},
            )
        ]
    chosen = places["forecaster"].iloc[0]
    size = min(outlook.differences["places"], key=lambda n: abs(n - len(places)))
    hits = outlook.hits[outlook.hits["places"] == size].set_index("forecaster")
    row = outlook.differences.set_index("places").loc[size]
    ko = (
        f"다음 달 {size}곳을 미리 고르면 {CHANNELS[outlook.channel].ko}의 {hits.hit_rate[chosen]:.1%}를 잡는다(지난 {len(outlook.hit_months)}달 "
        f"평균, 미리 알았을 때의 최선은 {hits.best_possible[chosen]:.1%}). "
    )
    en = (
        f"{size} places picked beforehand catch {hits.hit_rate[chosen]:.1%} of {CHANNELS[outlook.channel].en.lower()} (mean of the last "
        f"{len(outlook.hit_months)} months; the best possible is {hits.best_possible[chosen]:.1%}). "
    )
    gap, low, high = (f"{100 * x:+.1f}".replace("-", "\N{MINUS SIGN}") for x in (row.difference, row.low, row.high))
    if chosen == OUR_PLACES:
        sure, same = row.low > 0, round(100 * row.difference, 1) == 0
        ko += (
            f"가장 나은 단순 방법({FORECASTERS[row.rival].ko}, {hits.hit_rate[row.rival]:.1%})과의 차이는 {gap}%포인트(95% 구간 {low}~{high})로, "
            + ("우연을 넘어 낫다." if sure else "사실상 같다." if same else "평균은 낫지만 우연과 가릴 수 없다.")
        )
        en += (
            f"That is {gap} points (95% interval {low} to {high}) against the best simple rival ({FORECASTERS[row.rival].en}, "
            f"{hits.hit_rate[row.rival]:.1%}): "
            + (
                "better, beyond chance."
                if sure
                else "practically the same."
                if same
                else "better on average, but chance would explain it."
            )
        )
    else:
        ko += (
            f"우리 방법({hits.hit_rate[OUR_PLACES]:.1%}, 차이 {gap}%포인트, 95% 구간 {low}~{high})이 이기지 못해 "
            f"단순한 방법({FORECASTERS[chosen].ko})을 쓴다."
        )
        en += (
            f"Our method ({hits.hit_rate[OUR_PLACES]:.1%}, {gap} points, 95% interval {low} to {high}) does not beat the simple one, so "
            f"{FORECASTERS[chosen].en} is used."
        )
    numbers = {"places": size, "hit_rate": hits.hit_rate[chosen], "best_possible": hits.best_possible[chosen],
               "forecaster": chosen, "months": len(outlook.hit_months), "difference": row.difference, "low": row.low,
               "high": row.high}  # fmt: skip
    return [Finding("next_places", Text(ko, en), _plain(numbers))]


def hit_metrics(outlook):
    """Hit rates of the back-tests, and the scores of the forecast by week, under the names that others read."""
    if outlook is None:
        return {}
    found = {}
    hits = outlook.hits.set_index(["places", "forecaster"]) if len(outlook.hits) else outlook.hits
    for size in SIZES:
        if len(hits) and (size, OUR_PLACES) in hits.index:
            found[f"hit_rate_{size}_cells"] = hits.hit_rate[size, OUR_PLACES]
            found[f"best_possible_{size}_cells"] = hits.best_possible[size, OUR_PLACES]
            found[f"pei_{size}"] = hits.pei[size, OUR_PLACES]
            for rival in ("last_month", "twelve_months", "same_month_last_year", "kernel_map"):
                name = {"twelve_months": "12_months"}.get(rival, rival)
                found[f"hit_rate_{size}_cells_{name}"] = hits.hit_rate[size, rival]
    if outlook.scores is not None:
        rivals = outlook.scores["rmse"].drop([OURS, "chosen"])
        found["forecast_rmse_ratio_best_rival"] = outlook.scores["rmse"][OURS] / rivals.min()
        found["coverage_90"] = outlook.scores["coverage"]["chosen"]
    return {name: float(value) for name, value in found.items() if value == value}


def change_together(change, before_span):
    """One sentence for all channels against the year before."""
    whole = change[change["area_name"].isna() & change["ratio"].notna()]
    if whole.empty:
        return []
    parts_ko, parts_en, numbers, sure = [], [], {}, False
    for row in whole.itertuples():
        known = row.low == row.low
        sure |= bool(known and (row.low > 1 or row.high < 1))
        parts_ko.append(
            f"{CHANNELS[row.channel].ko} {percent_change(row.ratio)}"
            + (f"(95% 구간 {percent_change(row.low)}~{percent_change(row.high)})" if known else "")
        )
        parts_en.append(
            f"{CHANNELS[row.channel].en} {percent_change(row.ratio)}"
            + (f" (95% interval {percent_change(row.low)} to {percent_change(row.high)})" if known else "")
        )
        numbers[f"{row.channel}_ratio"] = float(row.ratio)
    ko = f"1년 전 같은 달({before_span.ko})에 견주면 {', '.join(parts_ko)}이다"
    en = f"Against the same months a year before ({before_span.en}): {', '.join(parts_en)}"
    if whole["low"].isna().all():
        ko, en = ko + ": 달이 적어 추세라고 말할 수 없다.", en + "; too few months to call it a trend."
    else:
        ko += "." if sure else ": 모두 달마다 오르내린 폭 안에 있어 추세라고 말할 수 없다."
        en += "." if sure else "; all of it within how much months vary, so no trend."
    return [Finding("change", Text(ko, en), numbers | {"beyond_chance": sure})]


def _plain(numbers):
    return {name: value.item() if hasattr(value, "item") else value for name, value in numbers.items()}


def channels_said(channels):
    """Names of channels in both languages, joined."""
    return Text(", ".join(CHANNELS[c].ko for c in channels), ", ".join(CHANNELS[c].en for c in channels))


def headlines(corrected, outlook):
    """Headline numbers, as `page.Kpi` takes them; none where nothing could be corrected."""
    if corrected is None:
        return []
    rows, clock = [], corrected.clock[corrected.clock["linked"]]
    if corrected.hot is not None:
        found, expected = int(corrected.cells["hot"].sum()), corrected.hot.period.expected
        rows.append(
            (
                Text("다발지역", "Hot spots"), f"{found:,}", Text("칸", "cells"),
                None if corrected.area else Text(f"우연이라면 {expected:.1f}칸", f"{expected:.1f} by chance"),
            )
        )  # fmt: skip
    if clock["share"].notna().any():
        first, raw = int(clock.set_index("hour")["share"].idxmax()), int(corrected.clock["raw_share"].idxmax())
        rows.append(
            (
                Text("바로잡은 정점", "Corrected peak"), Text(f"{first}", f"{first}–{first + 1}"), Text("시대", "h"),
                Text(f"기록의 정점 {raw}시대", f"records peak {raw}–{raw + 1} h"),
            )
        )  # fmt: skip
    rows.append(
        (
            Text("두 지도에 함께 든 상위 칸", "Top cells on both maps"), f"{corrected.overlap}/{corrected.compared}", None,
            Text("건수로도, 바로잡아도", "by counts and corrected"),
        )
    )  # fmt: skip
    if outlook is not None and len(outlook.hits):
        size = min(outlook.differences["places"], key=lambda n: abs(n - len(outlook.places)))
        hits = outlook.hits[
            (outlook.hits["places"] == size) & (outlook.hits["forecaster"] == outlook.places["forecaster"].iloc[0])
        ].iloc[0]
        rows.append(
            (
                Text(f"다음 달 {size}곳 적중률", f"Hit rate, {size} places"), f"{hits.hit_rate:.1%}", None,
                Text(f"최선은 {hits.best_possible:.1%}", f"best possible {hits.best_possible:.1%}"),
            )
        )  # fmt: skip
    return rows


def corrected_metrics(corrected):
    if corrected is None:
        return {}
    found = {
        "cells_rated": int(corrected.cells["rate"].notna().sum()),
        "cells_in_both_maps": corrected.overlap,
        "camera_minutes_left_out": corrected.evidence.first_minutes,
        "report_outage_days": len(corrected.evidence.outages),
    }
    if corrected.hot is not None:
        found |= {
            "hot_cells": int(corrected.hot.period.found),
            "hot_cells_by_chance": float(corrected.hot.period.expected),
        }
    clock = corrected.clock[corrected.clock["linked"]]
    if clock["share"].notna().any():
        found["corrected_peak_hour"] = int(clock.set_index("hour")["share"].idxmax())
    return found
