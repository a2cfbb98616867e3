"""The table of choices that the case made by itself, and of those it was given."""

import pandas as pd

from dansok.cases.parking_hotspots import estimates, outlook, verdicts
from dansok.cases.parking_hotspots.corrected_sentences import channels_said
from dansok.cases.parking_hotspots.labels import FORECASTERS
from dansok.choices import span
from dansok.tables import CHANNELS
from dansok.words import Text


def choices_made(choices, corrected, ahead):
    """Every choice behind the figures.

    Returns
    -------
    pd.DataFrame
        `choice`, `value`, `why` (Text).
    """
    rows = [
        ("기간", "Period", choices.period, "매개변수 first_month, last_month", "parameters first_month, last_month"),
        ("칸의 크기", "Cell size", Text(f"{choices.cell_metres} m", f"{choices.cell_metres} m"), "매개변수 cell_metres; 0이면 city.toml의 값", "parameter cell_metres; 0 for that of city.toml"),
    ]  # fmt: skip
    rows += [] if corrected is None else _of_rates(choices, corrected)
    rows += [] if ahead is None else _of_outlook(ahead)
    return pd.DataFrame(
        [(Text(ko, en), value, Text(why_ko, why_en)) for ko, en, value, why_ko, why_en in rows],
        columns=["choice", "value", "why"],
    )


def _of_rates(choices, corrected):
    evidence, fitted = corrected.evidence, corrected.fitted
    ground, first = evidence.ground, CHANNELS[evidence.channels[0]]
    units = len(ground.units)
    place = (
        Text(f"도로 구간 {units:,}개, 칸에 더함", f"{units:,} street segments, added up by cell")
        if ground.by_street
        else Text(f"기록이나 카메라가 있는 칸 {units:,}개", f"{units:,} cells with a record or a camera")
    )
    spread = channels_said(sorted(evidence.by_area & set(evidence.channels)))
    near = (
        Text("시 전체", "the whole city")
        if fitted.bandwidth_m == float("inf")
        else Text(f"{fitted.bandwidth_m:.0f} m", f"{fitted.bandwidth_m:.0f} m")
    )
    linked = int(fitted.by_hour["linked"].sum())
    outages, again = _runs(evidence.outages), evidence.reports_repeated
    repeated = (
        Text("신고자를 알 수 없어 빼지 못함", "reporters are not known: none could be left out")
        if again is None
        else Text(f"{again:,}건 뺌", f"{again:,} left out")
    )
    rows = [
        ("헤아린 수단", "Channels", channels_said(evidence.channels), "매개변수 channels; 얼마나 보았는지 아는 것만", "parameter channels; those whose looking is known"),
        ("기준 수단", "Unit of the rates", first, "장소별로 아는 수단 가운데 가장 많은 곳을 본 것", "of those known place by place, the one that looks at most places"),
        ("수단의 무게", "Weights of channels", _weights(fitted), "본 만큼이 같을 때 적는 기록의 수, 기준 수단 = 1; 함께 본 곳과 시간에서 헤아림", "records for the same looking, unit = 1; from places and hours that both saw"),
        ("장소", "Places", place, "도로 구간 자료가 있고 매개변수 cell_metres가 0이면 도로, 아니면 칸", "streets where the city gives them and parameter cell_metres is 0, else cells"),
        ("한 건", "One event", Text("그 수단이 머문 차를 처음 적은 것", "a channel's first record of a stay"), "두 시간 안의 되풀이는 한 번의 위반", "records within two hours are one violation"),
        ("같은 신고자의 되풀이", "Repeated reports", repeated, "신고자와 장소마다 기간에 한 건", "one a reporter and place in the period"),
        ("카메라가 다시 켜진 뒤", "After a camera wakes", Text(f"첫 {evidence.first_minutes}분 뺌", f"first {evidence.first_minutes} minutes left out"), "쉬는 동안 서 있던 차가 몰려 적힘; 길이는 기록에서 찾음", "cars left standing are recorded at once; the length is found in the records"),
        ("신고가 끊긴 날", "Days citizens could not report", outages, "앞뒤 4주의 1/4에 못 미치고 우연으로 보기 어려운 날", "below a quarter of the weeks around, and no chance"),
        ("노출의 오차", "Error of the looking", Text(f"{choices.effort_error:.0%}", f"{choices.effort_error:.0%}"), "매개변수 effort_error; 구간을 넓힘", "parameter effort_error; widens the intervals"),
        ("이웃의 범위", "Neighbourhood", near, "빼놓은 장소를 가장 잘 맞히는 폭", "the width that predicts left-out places best"),
        ("이웃의 무게", "Weight of neighbours", Text(f"기록 {fitted.likeness:.1f}건만큼", f"as {fitted.likeness:.1f} records"), "장소들이 서로 다른 정도에서", "from how much places differ"),
        ("비교할 수 있는 시간", "Hours that can be compared", Text(f"24시간 가운데 {linked}시간", f"{linked} of 24"), "단속 수단이 본 시간", "hours in which the city's own channels looked"),
        ("다발지역", "Hot spots", Text(f"Getis-Ord Gi*, 둘레 3×3칸, 거짓 발견 {choices.false_share:.0%}", f"Getis-Ord Gi*, 3×3 cells, false discoveries {choices.false_share:.0%}"), f"뒤섞기 {estimates.PERMUTATIONS:,}번, 도로 길이당 값; 노출의 오차와 우연으로 그만큼 나올 확률도 작아야 함", f"{estimates.PERMUTATIONS:,} permutations, values per length of street; as many by errors of the looking and chance must be improbable too"),
        ("격자를 바꿔 봄", "Other grids", Text(f"{estimates.GRIDS}가지", f"{estimates.GRIDS}"), "옮기고 크기를 바꾼 격자", "shifted and resized"),
        ("주차장까지", "Reach of a lot", Text(f"{verdicts.WALK_METRES} m 직선, 빈 면 {verdicts.FREE_SPACES} 이상이면 여유", f"{verdicts.WALK_METRES} m as the crow flies; room from {verdicts.FREE_SPACES} free spaces on"), "진단의 규칙", "rule of the diagnosis"),
    ]  # fmt: skip
    if spread.ko:
        rows.insert(3, ("읍면동 안에 고르게 폄", "Spread evenly in each area", spread, "어느 장소였는지는 적혀 있지 않음", "the log does not say at which place"))  # fmt: skip
    return rows


def _weights(fitted):
    """What each channel records for the same looking, against the first."""
    table = fitted.factors[fitted.factors["by"] == "channel"].dropna(subset=["factor"])
    words = [(CHANNELS[row.channel], f"{row.factor:.3g}") for row in table.itertuples()]
    return Text(", ".join(f"{name.ko} {n}" for name, n in words), ", ".join(f"{name.en} {n}" for name, n in words))


def _runs(days):
    """Days, those in a row as one stretch."""
    if days.empty:
        return Text("없음", "none")
    days = days.to_series()
    stretches = [own.index for _, own in days.groupby((days.diff() != pd.Timedelta(days=1)).cumsum())]
    ko, en = (
        ", ".join(f"{own[0]:%Y-%m-%d}" + (f"{to}{own[-1]:%m-%d}" if len(own) > 1 else "") for own in stretches)
        for to in ("~", " to ")
    )
    return Text(f"{len(days)}일: {ko}", f"{len(days)} day{'s' * (len(days) > 1)}: {en}")


def _of_outlook(ahead):
    steps = [f"{step.date:%Y-%m-%d}" for step in ahead.steps.itertuples()]
    rows = [
        ("예측한 수단", "Channel forecast", CHANNELS[ahead.channel], "시민신고(순찰을 따라 움직이지 않음)가 일곱 달 넘게 있으면 그것", "citizens' reports, which do not follow patrols, if there are seven months of them"),
        ("계단으로 뺀 변화", "Steps taken out", Text(", ".join(steps) or "없음", ", ".join(steps) or "none"), "신고 제도와 시스템의 변화(규칙 자료)", "reforms and changes of system (file of rules)"),
    ]  # fmt: skip
    if ahead.by_week is not None:
        rows.append(("주 예측", "Forecast by week", FORECASTERS[ahead.chosen], "앞선 달들에서 점수가 가장 나은 것", "best score in the months before"))  # fmt: skip
    if ahead.hit_months:
        months = span(ahead.hit_months)
        rows.append(("장소 예측을 맞춰 본 달", "Months of the back-test by place", months, f"최근 {outlook.ORIGINS}달까지, 달마다 그 전 자료만으로", f"up to {outlook.ORIGINS} months, each from the data before it"))  # fmt: skip
    return rows
