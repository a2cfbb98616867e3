"""Findings of the hot-spot case: each a sentence in both languages, built from its numbers."""

from dansok.cases.parking_hotspots.counts import ENOUGH, TOP_CELLS, within
from dansok.cases.parking_hotspots.labels import NOTHING, WEEKDAYS
from dansok.choices import span
from dansok.findings import Finding
from dansok.korea.particles import with_particle
from dansok.tables import CHANNELS
from dansok.words import Text

AFTER_GRACE_MINUTES = 20
ALMOST_SILENT = 0.3  # of the peak hour's share


def where_said(by_area):
    cameras = by_area[by_area.fixed_camera > 0]
    if cameras.empty:
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
    said = [_clock_said(clocks)]
    camera = clocks[clocks.channel == "fixed_camera"].set_index("hour")
    citizen = clocks[clocks.channel == "citizen_report"].set_index("hour")
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
        ko += f" 9~18시 가운데 {len(rest)}시간은 거의 운행하지 않는다({', '.join(f'{h}시' for h in rest)})."
        en += f" In {len(rest)} of the hours from 9 to 18 it hardly drives ({', '.join(f'{h} h' for h in rest)})."
    return [Finding("patrol_clock", Text(ko, en), {"peak_hour": peak, "hours_at_rest": len(rest)})]


def _camera_clock(camera):
    peak = int(camera.records.idxmax())
    day = camera[camera.watched_hours > 0.5 * camera.watched_hours.max()]
    quiet = [h for h in range(day.index.min(), day.index.max()) if camera.watched[h] in ("none", "partial")]
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
            f"({in_quiet:.1%}). 그 시간에는 카메라의 {watch:.0%}만 단속하기 때문이다.",
            f"Fixed cameras record most between {peak} and {peak + 1} h ({at_peak:.1%} of the day) and {en} "
            f"from {quiet[0]} to {quiet[-1] + 1} h ({in_quiet:.1%}), because only {watch:.0%} of them enforce then.",
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
    first = minutes[minutes.minute % 60 < AFTER_GRACE_MINUTES].records.sum() / minutes.records.sum()
    even = AFTER_GRACE_MINUTES / 60
    said = Text(
        f"{peak}시 정점은 단속이 쉬는 시간 바로 뒤에 오며, 첫 {AFTER_GRACE_MINUTES}분에 그 시간 기록의 {first:.0%}가 "
        f"몰린다(고르면 {even:.0%}).",
        f"The {peak} h peak comes right after the hours in which enforcement rests; {first:.0%} of that hour's records fall "
        f"into its first {AFTER_GRACE_MINUTES} minutes ({even:.0%} if even).",
    )
    numbers = {"peak_hour": peak, "share_in_first_minutes": first, "first_minutes": AFTER_GRACE_MINUTES}
    more, their_numbers = _two_groups(peak, lunch, inputs.grace_hours)
    text = Text(said.ko + more.ko, said.en + more.en)
    return [Finding("what_the_peak_means", text, numbers | their_numbers)]


def _two_groups(peak, lunch, grace_hours):
    """Cameras that stop for the grace against cameras that go on: more of the sentence, and its numbers."""
    groups = {going: rows.set_index("hour") for going, rows in lunch.groupby("exempt")}
    if len(groups) < 2 or min(rows.records.sum() for rows in groups.values()) < ENOUGH:
        return Text("", ""), {}
    after = [peak + 1, peak + 2]
    daytime = [hour for hour in range(10, 18) if hour not in grace_hours]
    rates = [_rate(groups[False], after), _rate(groups[True], after), _rate(groups[True], daytime)]
    if not min(rates) > 0:
        return Text("", ""), {}
    stops, goes = _rate(groups[False], [peak]) / rates[0], _rate(groups[True], [peak]) / rates[1]
    in_grace, cameras = _rate(groups[True], grace_hours) / rates[2], int(groups[True].cameras.max())
    by_timetable, falls = stops > 1.15 and goes < 1 + (stops - 1) / 2, in_grace < 0.9
    span_of_grace = grace_hours[0], grace_hours[-1] + 1
    ko = (
        f" 점심에도 단속하는 카메라 {cameras}대에서는 {peak}시 기록이 그다음 두 시간의 {goes:.2f}배인데, 점심에 쉬는 카메라에서는 "
        f"{stops:.2f}배이다"
        + (f": {peak}시 정점은 거리가 아니라 시간표가 만든다." if by_timetable else ".")
        + f" 점심에도 단속하는 자리에서는 {span_of_grace[0]}~{span_of_grace[1]}시의 시간당 기록이 낮 다른 시간의 {in_grace:.0%}이다"
        + (": 점심에는 기록이 실제로 줄어든다." if falls else ": 점심에 기록이 적은 것은 보지 않아서이다.")
    )
    en = (
        f" The {cameras} cameras that go on through lunch record {goes:.2f} times as much at {peak} h as in the two hours "
        f"after, those that stop {stops:.2f} times"
        + (f": the {peak} h peak is made by the timetable, not by the street." if by_timetable else ".")
        + f" Where cameras go on, the hourly rate from {span_of_grace[0]} to {span_of_grace[1]} h is {in_grace:.0%} of the "
        + "other daytime hours"
        + (": records do fall at lunch." if falls else ": few records at lunch mean that nobody looked.")
    )
    numbers = {
        "peak_to_next_hours_where_cameras_stop": stops,
        "peak_to_next_hours_where_cameras_go_on": goes,
        "lunch_to_daytime_where_cameras_go_on": in_grace,
        "cameras_through_grace": cameras,
    }
    return Text(ko, en), numbers


def _rate(by_hour, hours):
    """Records per camera-hour over some hours of the day."""
    rows = by_hour[by_hour.index.isin(hours)]
    return float(rows.records.sum() / rows.watched_hours.sum()) if rows.watched_hours.sum() else float("nan")


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
        per_hour = row.basis == "per_camera_hour"
        verdict = (
            Text("우연으로 보기 어렵게 늘었다", "more than chance would do")
            if row.low > 1
            else Text("우연으로 보기 어렵게 줄었다", "less than chance would do")
            if row.high < 1
            else Text("우연한 오르내림과 구별되지 않는다", "cannot be told from chance")
        )
        ko = f"{name.ko}의 {'카메라 한 시간당 ' if per_hour else ''}기록은 1년 전 같은 달({span(before).ko})에 견주어 {_percent(row.ratio)}로"
        en = f"{name.en}{' per camera-hour' if per_hour else ''}: {_percent(row.ratio)} against the same months a year before"
        said.append(
            Finding(
                f"change_{channel}",
                Text(
                    f"{ko}(95% 구간 {_percent(row.low)}~{_percent(row.high)}), {verdict.ko}.",
                    f"{en} ({span(before).en}; 95% interval {_percent(row.low)} to {_percent(row.high)}), {verdict.en}.",
                ),
                {"ratio": row.ratio, "low": row.low, "high": row.high, "now": int(row.now), "before": int(row.before)},
            )
        )
    return said


def _percent(ratio):
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
                f"{', '.join(names)}에서는 시민신고의 {share.citizen_report:.1%}가 나오지만 고정형 CCTV 기록은 "
                f"{share.fixed_camera:.1%}뿐이다: 카메라 기록만 보면 놓치는 곳이다.",
                f"{', '.join(names)} send {share.citizen_report:.1%} of citizens' reports but only "
                f"{share.fixed_camera:.1%} of fixed-camera records: who looks at camera records alone misses them.",
            ),
            {"areas": names, "share_of_reports": share.citizen_report, "share_of_camera_records": share.fixed_camera},
        )
    ]
