"""Findings of the hot-spot case: each a sentence in both languages, built from its numbers."""

from dansok.cases.parking_hotspots.labels import NOTHING, WEEKDAYS
from dansok.cases.parking_hotspots.recorded import ENOUGH, TOP_CELLS, grace_ratios, within
from dansok.choices import span
from dansok.findings import Finding
from dansok.korea.particles import with_particle
from dansok.tables import CHANNELS
from dansok.words import Text

AFTER_GRACE_MINUTES = 20
ALMOST_SILENT = 0.3  # of the peak hour's share


def where_said(by_area):
    cameras = by_area[by_area.fixed_camera > 0]
    if len(cameras) < 2 or cameras.fixed_camera.sum() < ENOUGH:
        return []
    first, total = cameras.iloc[0], int(cameras.fixed_camera.sum())
    others = cameras.area_name.iloc[1:3].tolist()
    share = first.fixed_camera / total
    said = [
        Finding(
            "top_area_camera",
            Text(
                f"고정형 CCTV 기록은 {with_particle(first.area_name, '이/가')} {first.fixed_camera:,}건으로 가장 많다"
                f"(전체 {total:,}건의 {share:.1%})" + (f". 그다음은 {', '.join(others)} 순이다." if others else "."),
                f"{first.area_name} has the most fixed-camera records: {first.fixed_camera:,} of {total:,} ({share:.1%})"
                + (f", followed by {' and '.join(others)}." if others else "."),
            ),
            {"area": first.area_name, "records": int(first.fixed_camera), "of_records": total, "share": share},
        )
    ]
    rated = cameras[cameras.per_1000_hours.notna() & (cameras.fixed_camera >= ENOUGH)]
    if len(rated) > 1:
        best = rated.loc[rated.per_1000_hours.idxmax()]
        place = int(rated.per_1000_hours.rank(ascending=False)[first.name]) if first.name in rated.index else 0
        numbers = (
            f"{best.per_1000_hours:.1f}",
            f"{best.low:.1f}~{best.high:.1f}",
            f"{best.low:.1f} to {best.high:.1f}",
        )
        same = best.area_name == first.area_name
        said.append(
            Finding(
                "top_area_per_camera_hour",
                Text(
                    f"카메라 한 대가 1,000시간 지켜볼 때의 기록은 {with_particle(best.area_name, '이/가')} {numbers[0]}건"
                    f"(95% 구간 {numbers[1]})으로 가장 많다."
                    + (
                        ""
                        if same
                        else f" 건수 1위 {with_particle(first.area_name, '은/는')} 이 기준으로 {place}위이다."
                    ),
                    f"Per 1,000 hours of one camera watching, {best.area_name} records the most: {numbers[0]} "
                    f"(95% interval {numbers[2]})."
                    + ("" if same else f" {first.area_name}, first by count, comes {_ordinal(place)} by this measure."),
                ),
                {"area": best.area_name, "per_1000_hours": best.per_1000_hours, "rank_of_first_by_count": place},
            )
        )
    return said


def _ordinal(number):
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10 if number % 100 not in (11, 12, 13) else 0, "th")
    return f"{number}{ending}"


def places_said(places):
    if places.empty:
        return [Finding("places", NOTHING, {})]
    first = places.iloc[0]
    return [
        Finding(
            "places",
            Text(
                f"기록이 가장 많은 곳은 {with_particle(first.place_name, '이며/며')} {first.records:,}건이다(95% 구간 {first.low:,.0f}~{first.high:,.0f}).",
                f"The place with the most records is {first.place_name}: {first.records:,} "
                f"(95% interval {first.low:,.0f} to {first.high:,.0f}).",
            ),
            {"records": int(first.records), "low": float(first.low), "high": float(first.high)},
        )
    ]


def months_said(totals):
    ko = ", ".join(f"{CHANNELS[row.channel].ko} {row.months}개월 {row.records:,}건" for row in totals.itertuples())
    en = ", ".join(
        f"{CHANNELS[row.channel].en} {row.records:,} in {row.months} month{'s' if row.months > 1 else ''}"
        for row in totals.itertuples()
    )
    numbers = {f"{row.channel}_records": int(row.records) for row in totals.itertuples()}
    return Finding("months", Text(f"기간 안의 기록: {ko}.", f"Records in the period: {en}."), numbers)


def _names(clocks):
    """Name of each channel; with its own months where it has no records in the period."""
    own = clocks.drop_duplicates("channel")
    return {
        row.channel: CHANNELS[row.channel]
        if not row.outside
        else Text(f"{CHANNELS[row.channel].ko}({row.period.ko})", f"{CHANNELS[row.channel].en} ({row.period.en})")
        for row in own.itertuples()
    }


def week_said(week, clocks):
    if week.empty:
        return Finding("week", NOTHING, {})
    names = _names(clocks)
    busiest = week.loc[week.groupby("channel", sort=False).value.idxmax()]
    ko = ", ".join(f"{names[row.channel].ko} {WEEKDAYS[row.weekday].ko} {row.hour}시대" for row in busiest.itertuples())
    en = ", ".join(
        f"{names[row.channel].en} {WEEKDAYS[row.weekday].en} {row.hour}-{row.hour + 1} h"
        for row in busiest.itertuples()
    )
    numbers = {f"{row.channel}_records": int(row.value) for row in busiest.itertuples()}
    return Finding("week", Text(f"기록이 가장 몰리는 때: {ko}.", f"When records pile up most: {en}."), numbers)


def when_said(clocks, hours, lunch, inputs, months):
    if clocks.empty:
        return [Finding("clock", NOTHING, {})]
    said = [_clock_said(clocks)]
    inside = clocks[~clocks.outside.astype(bool)]
    inside = inside[inside.groupby("channel").records.transform("sum") >= ENOUGH]
    camera = inside[inside.channel == "fixed_camera"].set_index("hour")
    citizen = inside[inside.channel == "citizen_report"].set_index("hour")
    if len(camera) and (camera.watched != "unknown").all():
        said.append(_camera_clock(camera))
    if len(citizen):
        said.append(_citizen_clock(citizen, camera))
    said += _grace_finding(camera, lunch, inputs, months) if len(camera) else []
    said += _patrol_clock(clocks[clocks.channel == "mobile_camera"])
    return said


def _clock_said(clocks):
    names = _names(clocks)
    peaks = clocks.loc[clocks.groupby("channel", sort=False).records.idxmax()]
    ko = ", ".join(f"{names[row.channel].ko} {row.hour}시대({row.share:.1%})" for row in peaks.itertuples())
    en = ", ".join(
        f"{names[row.channel].en} {row.hour}-{row.hour + 1} h ({row.share:.1%})" for row in peaks.itertuples()
    )
    numbers = {f"{row.channel}_peak_hour": int(row.hour) for row in peaks.itertuples()}
    return Finding("clock", Text(f"채널별 정점: {ko}.", f"Peak of each channel: {en}."), numbers)


def _patrol_clock(patrol):
    if patrol.empty:
        return []
    patrol = patrol.set_index("hour")
    peak, rest = int(patrol.records.idxmax()), [h for h in range(9, 18) if patrol.watched[h] == "none"]
    period = patrol.period.iloc[0]
    ko = f"주행형 단속차량({period.ko})의 기록은 {peak}시대에 가장 많다({patrol.share[peak]:.1%})."
    en = f"The patrol car ({period.en}) records most between {peak} and {peak + 1} h ({patrol.share[peak]:.1%})."
    if rest:
        ko += f" 9~18시 가운데 {len(rest)}시간은 기록이 거의 없다({', '.join(f'{h}시' for h in rest)})."
        en += f" In {len(rest)} of the hours from 9 to 18 it hardly records anything ({', '.join(f'{h} h' for h in rest)})."
    return [Finding("patrol_clock", Text(ko, en), {"peak_hour": peak, "hours_at_rest": len(rest)})]


def _camera_clock(camera):
    peak = int(camera.records.idxmax())
    day = camera[camera.watched_hours > 0.5 * camera.watched_hours.max()]
    quiet = _longest_run(
        [h for h in range(day.index.min(), day.index.max()) if camera.watched[h] in ("none", "partial")]
    )
    at_peak = camera.share[peak]
    if not quiet:
        return Finding(
            "camera_clock",
            Text(
                f"고정형 CCTV 기록은 {peak}시대에 가장 많다(하루의 {at_peak:.1%}).",
                f"Fixed cameras record most between {peak} and {peak + 1} h ({at_peak:.1%} of the day).",
            ),
            {"peak_hour": peak, "peak_share": at_peak},
        )
    in_quiet = camera.share[quiet].sum()
    watch = camera.watched_hours[quiet].mean() / camera.watched_hours.max()
    silent = camera.share[quiet].mean() < ALMOST_SILENT * at_peak
    ko, en = ("거의 없다", "are almost silent") if silent else ("적다", "record little")
    return Finding(
        "camera_clock",
        Text(
            f"고정형 CCTV 기록은 {peak}시대에 가장 많고(하루의 {at_peak:.1%}), {quiet[0]}~{quiet[-1] + 1}시에는 {ko}"
            f"({in_quiet:.1%}). 그 시간의 카메라 단속 시간(추정)은 다른 때의 {watch:.0%}이다.",
            f"Fixed cameras record most between {peak} and {peak + 1} h ({at_peak:.1%} of the day) and {en} "
            f"from {quiet[0]} to {quiet[-1] + 1} h ({in_quiet:.1%}), when camera-hours (estimated) are {watch:.0%} of those of other hours.",
        ),
        {
            "peak_hour": peak,
            "peak_share": at_peak,
            "quiet_from_hour": quiet[0],
            "quiet_to_hour": quiet[-1] + 1,
            "quiet_share": in_quiet,
            "quiet_watch_share": watch,
        },
    )


def _longest_run(hours):
    """The longest run of consecutive hours."""
    runs = []
    for hour in hours:
        if runs and hour == runs[-1][-1] + 1:
            runs[-1].append(hour)
        else:
            runs.append([hour])
    return max(runs, key=len, default=[])


def _citizen_clock(citizen, camera):
    peak, share = int(citizen.records.idxmax()), citizen.share.max()
    numbers = {"peak_hour": peak, "peak_share": share}
    ko = f"시민신고는 {peak}시대에 가장 많다(하루의 {share:.1%})."
    en = f"Citizens report most between {peak} and {peak + 1} h ({share:.1%} of the day)."
    if len(camera) and (camera.watched != "unknown").all():
        unwatched = citizen.share[camera.watched == "none"].sum()
        numbers["share_while_no_camera_watches"] = unwatched
        ko += f" 시민신고의 {unwatched:.1%}는 카메라가 단속하지 않는 시간에 들어온다."
        en += f" {unwatched:.1%} of their reports come in hours when no camera enforces."
    return Finding("citizen_clock", Text(ko, en), numbers)


def _grace_finding(camera, lunch, inputs, months):
    """What the peak after the grace is made of, told by the minutes after it and by cameras that go on through it."""
    peak = int(camera.records.idxmax())
    if peak == 0 or camera.watched.get(peak - 1) not in ("none", "partial"):
        return []
    minutes = within(inputs.after_grace, months)
    minutes = minutes[minutes.minute // 60 == peak]
    if not minutes.records.sum():
        return []
    first = minutes[minutes.minute % 60 < AFTER_GRACE_MINUTES].records.sum() / minutes.records.sum()
    even = AFTER_GRACE_MINUTES / 60
    said = Text(
        f"{peak}시 정점은 단속이 쉬는 시간 바로 뒤에 오며, 첫 {AFTER_GRACE_MINUTES}분에 그 시간 기록의 {first:.0%}가 "
        f"몰린다(고르면 {even:.0%}).",
        f"The {peak} h peak comes right after the hours in which enforcement rests; {first:.0%} of that hour's records fall "
        f"into its first {AFTER_GRACE_MINUTES} minutes ({even:.0%} if even).",
    )
    numbers = {"peak_hour": peak, "share_in_first_minutes": first, "first_minutes": AFTER_GRACE_MINUTES}
    more, their_numbers = _two_groups(inputs, lunch, grace_ratios(inputs, months, peak))
    text = Text(said.ko + more.ko, said.en + more.en)
    return [Finding("what_the_peak_means", text, numbers | their_numbers)]


def _two_groups(inputs, lunch, ratios):
    """Cameras that stop for the grace against cameras that go on: more of the sentence, and its numbers."""
    if not ratios:
        return Text("", ""), {}
    (stops, stops_low, _), (goes, goes_low, goes_high), (grace, low, high) = (
        ratios[name] for name in ("stop", "go_on", "grace")
    )
    cameras, hours = int(lunch[lunch.exempt].cameras.max()), (inputs.grace_hours[0], inputs.grace_hours[-1] + 1)
    only_where_they_stop = stops_low > 1 and goes_low <= 1 <= goes_high
    verdict = (
        Text("낮보다 적다", "is below that of the day")
        if high < 1
        else Text("낮보다 많다", "is above that of the day")
        if low > 1
        else Text("낮과 다르다고 할 수 없다", "cannot be told from that of the day")
    )
    ko = (
        f" 정점 시간의 기록은 점심에 쉬는 카메라에서 그다음 두 시간의 {stops:.2f}배, 점심에도 기록하는 카메라 {cameras}대에서 {goes:.2f}배"
        f"(95% 구간 {goes_low:.2f}~{goes_high:.2f})이다"
        + (": 이 정점은 점심에 쉬는 카메라에서만 나타난다." if only_where_they_stop else ".")
        + f" 점심에도 기록하는 자리의 {hours[0]}~{hours[1]}시 시간당 기록은 낮 다른 시간의 {grace:.0%}(95% 구간 {low:.0%}~{high:.0%})로 "
        f"{verdict.ko}. 점심에 쉬는 자리의 점심은 알 수 없다."
    )
    en = (
        f" Against the two hours after it, cameras that stop for lunch record {stops:.2f} times as much in that hour, the "
        f"{cameras} that record through lunch {goes:.2f} times (95% interval {goes_low:.2f} to {goes_high:.2f})"
        + (": this peak shows only where cameras stop for lunch." if only_where_they_stop else ".")
        + f" Where they record through lunch, the hourly rate from {hours[0]} to {hours[1]} h is {grace:.0%} of the other "
        f"daytime hours (95% interval {low:.0%} to {high:.0%}) and {verdict.en}. What happens at lunch elsewhere is not known."
    )
    numbers = {
        "peak_to_next_hours_where_cameras_stop": stops,
        "peak_to_next_hours_where_cameras_go_on": goes,
        "lunch_to_daytime_where_cameras_go_on": grace,
        "lunch_to_daytime_low": low,
        "lunch_to_daytime_high": high,
        "cameras_through_grace": cameras,
    }
    return Text(ko, en), {name: float(value) for name, value in numbers.items()}


def concentration_said(cells):
    total = cells.groupby(["cell_x", "cell_y"]).records.sum().sort_values(ascending=False)
    if total.empty:
        return []
    top = total.head(TOP_CELLS)
    share = top.sum() / total.sum()
    return [
        Finding(
            "concentration",
            Text(
                f"위치를 아는 기록 {total.sum():,}건의 {share:.1%}가 기록이 있는 격자 {len(total):,}개 가운데 "
                f"{len(top)}개에서 나온다.",
                f"{share:.1%} of the {total.sum():,} records with a known place come from {len(top)} of the "
                f"{len(total):,} grid cells that have any.",
            ),
            {"share": share, "cells": len(top), "of_cells": len(total), "records": int(total.sum())},
        )
    ]


def change_said(change, before):
    said = []
    for channel in CHANNELS:
        row = change[(change.channel == channel) & change.area_name.isna() & change.ratio.notna()]
        if row.empty:
            continue
        row, name = row.iloc[0], CHANNELS[channel]
        per_hour = row.hours_now > 0
        months = (
            Text("", "")
            if not row.low > 0
            else Text("달마다 오르내린 폭보다 크게 늘었다. ", "more than its months vary. ")
            if row.low > 1
            else Text("달마다 오르내린 폭보다 크게 줄었다. ", "less than its months vary. ")
            if row.high < 1
            else Text(
                "달마다 오르내린 폭 안에 있어 추세라고 말할 수 없다. ",
                "which is within how much its months vary: no trend. ",
            )
        )
        ko = f"{name.ko}의 {'카메라 한 시간당 ' if per_hour else ''}기록은 1년 전 같은 달({span(before).ko})에 견주어 {percent_change(row.ratio)}"
        en = f"{name.en}{' per camera-hour' if per_hour else ''}: {percent_change(row.ratio)} against the same months a year before"
        interval = row.low > 0
        said.append(
            Finding(
                f"change_{channel}",
                Text(
                    ko
                    + (
                        f"(95% 구간 {percent_change(row.low)}~{percent_change(row.high)})이다. "
                        if interval
                        else "이다. "
                    )
                    + months.ko
                    + f"달 하나하나는 {percent_change(row.least)}에서 {percent_change(row.most)}까지이다.",
                    en
                    + f" ({span(before).en}"
                    + (
                        f"; 95% interval {percent_change(row.low)} to {percent_change(row.high)}), {months.en}"
                        if interval
                        else "). "
                    )
                    + f"Single months range from {percent_change(row.least)} to {percent_change(row.most)}.",
                ),
                {
                    "ratio": row.ratio,
                    "least": row.least,
                    "most": row.most,
                    "now": int(row.now),
                    "before": int(row.before),
                }
                | ({"low": row.low, "high": row.high} if interval else {}),
            )
        )
    return said


def percent_change(ratio):
    """A ratio as a change in percent, with its sign."""
    return f"{100 * (ratio - 1):+.1f}%".replace("-", "\N{MINUS SIGN}")


def seen_by_citizens_only(by_area):
    """읍면동 whose share of citizens' reports is far above their share of fixed-camera records."""
    total = by_area[["fixed_camera", "citizen_report"]].sum()
    if (total < ENOUGH).any():
        return []
    shares = by_area.set_index("area_name")[["fixed_camera", "citizen_report"]] / total
    above = shares[(shares.citizen_report >= 2 * shares.fixed_camera) & (shares.citizen_report >= 0.02)]
    above = above.sort_values("citizen_report", ascending=False).head(4)
    if above.empty:
        return []
    names, share = above.index.tolist(), above.sum()
    return [
        Finding(
            "seen_by_citizens",
            Text(
                f"{', '.join(names)}에서 시민신고의 {share.citizen_report:.1%}가 나오고 고정형 CCTV 기록은 "
                f"{share.fixed_camera:.1%}이다: 신고 비중이 카메라 기록 비중의 두 배가 넘는다.",
                f"{', '.join(names)} send {share.citizen_report:.1%} of citizens' reports and "
                f"{share.fixed_camera:.1%} of fixed-camera records: their share of reports is more than twice that of camera records.",
            ),
            {"areas": names, "share_of_reports": share.citizen_report, "share_of_camera_records": share.fixed_camera},
        )
    ]
