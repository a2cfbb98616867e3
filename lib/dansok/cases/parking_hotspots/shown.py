"""The corrected side and next month as charts and tables take them."""

import numpy as np
import pandas as pd

from dansok.cases.parking_hotspots.labels import (
    ALONE,
    DIAGNOSIS_COLUMNS,
    EFFORTS,
    FORECASTERS,
    KINDS,
    OVER_THE_PERIOD,
    QUADRANTS,
    VERDICTS,
)
from dansok.cases.parking_hotspots.recorded import densest_windows
from dansok.words import Text

KIND_COLOURS = {
    "new": "#c0392b",
    "intensifying": "#c9730a",
    "persistent": "#14437a",
    "sporadic": "#6aa5d6",
    "diminishing": "#3b8f7d",
    "period": "#8a94a0",
}
HITS_SHOWN = ("ours", "last_month", "twelve_months", "same_month_last_year", "kernel_map")
FROM_THE_START = Text("자료 처음", "the start")


def blank(corrected):
    """What land without a coloured cell is."""
    if corrected.evidence.ground.by_street:
        return Text("색이 없는 땅: 도로가 없는 곳", "land without colour: no street")
    return Text(
        "옅은 회색 땅: 기록도 카메라도 없는 칸. 아무도 본 적이 없어 모르는 곳이며, 위반이 없다는 뜻이 아님",
        "pale grey land: cells without a record or a camera; nobody looked, so nothing is known (it does not mean no violations)",
    )


def pair_of_maps(corrected):
    """Cells for `maps.paired_cells`: the corrected rate beside the records, both over the mean cell's."""
    cells = corrected.cells
    left = cells["rate"].where(cells["effort"] != "never")
    return cells[["cell_x", "cell_y"]].assign(left=left, right=cells["raw"])


def zoom_of(corrected, cell_metres, side=2400):
    """The two square windows in which most happens, each about the middle of it."""
    cells = corrected.cells[["cell_x", "cell_y", "x", "y"]].assign(records=corrected.cells["rate"].fillna(0.0))
    windows = []
    for west, south, east, north in densest_windows(cells, cell_metres, side):
        inside = cells[cells["x"].between(west, east) & cells["y"].between(south, north)]
        x, y = (np.average(inside[axis], weights=inside["records"]) for axis in "xy")
        windows.append((x - side / 2, y - side / 2, x + side / 2, y + side / 2))
    return tuple(windows)


def marks_of(table, label):
    return table[["x", "y"]].assign(label=table[label].astype(str), side=table.get("side"))


def hot_cells(corrected):
    """Cells that are hot spots of the period or of months, for `maps.kinds_of_cells`."""
    cells = corrected.cells
    kind = cells["kind"].astype(object).mask(cells["hot"].astype(bool) & cells["kind"].isna(), "period")
    return cells[["cell_x", "cell_y"]].assign(kind=kind)[kind.notna()]


def kinds():
    return {kind: (words, KIND_COLOURS[kind]) for kind, words in (KINDS | {"period": OVER_THE_PERIOD}).items()}


def hot_by_month(corrected):
    """Cells found and expected by chance, a panel each, for `charts.months`."""
    table = corrected.hot.by_month
    found, chance = Text("다발지역인 칸", "Hot cells"), Text("우연만으로 나올 칸", "Cells by chance alone")
    parts = [
        table[["month"]].assign(channel=name, records=table[column])
        for name, column in ((found, "found"), (chance, "expected"))
    ]
    return pd.concat(parts, ignore_index=True)


def top_table(corrected):
    top, first = corrected.top, corrected.evidence.months[0]
    return top.assign(
        ranks=[_span(row.rank_low, row.rank_high) for row in top.itertuples()],
        kind=[KINDS.get(row.kind, OVER_THE_PERIOD if row.hot else ALONE) for row in top.itertuples()],
        since=[FROM_THE_START if since == first else since for since in top["since"].where(top["since"].notna(), None)],
        effort=top["effort"].map(EFFORTS),
    )


def _span(low, high):
    return Text(f"{low:.0f}~{high:.0f}", f"{low:.0f}–{high:.0f}")


def diagnosis_table(corrected):
    top = corrected.top
    hours = [", ".join(map(str, hours)) if len(hours) else None for hours in top["busy_hours"]]
    return top.assign(verdict=top["verdict"].map(VERDICTS), hours=hours)


def diagnosis_columns(corrected):
    """Without the facts that are known of no place."""
    table = diagnosis_table(corrected)
    return {name: text for name, text in DIAGNOSIS_COLUMNS.items() if len(table) == 0 or table[name].notna().any()}


def place_clocks(corrected, most):
    """Clocks of the first places, titled by number and name."""
    top = corrected.top.head(most)
    titles = {row.cell: f"{row.order}. {row.name_}" for row in top.rename(columns={"name": "name_"}).itertuples()}
    clocks = corrected.clocks[corrected.clocks["cell"].isin(list(titles))]
    return clocks.assign(place=clocks["cell"].map(titles))


def season_rows(corrected):
    """For `charts.heat`, seasons for rows."""
    table = corrected.seasons.rename(columns={"season": "weekday"})
    return table.assign(channel=Text("단속 수단이 본 것", "What the city's own channels saw"))


def quadrant_points(corrected):
    table = corrected.quadrants
    label = corrected.named["label"].reindex(table.index)
    return table.assign(
        x=table["looking"], y=table["complaints"], label=label.astype(object).where(label.notna(), None)
    )


def quadrant_table(corrected):
    return corrected.named.assign(quadrant=corrected.named["quadrant"].map(QUADRANTS))


def changed_table(corrected, most=15):
    """The cells called changed, clearest first."""
    found = corrected.changed[corrected.changed["changed"]]
    sure = np.abs(np.log(found["ratio"])) / np.log(found["ratio_high"] / found["ratio_low"])
    return found.loc[sure.sort_values(ascending=False, kind="stable").index].head(most)


def week_table(outlook):
    """Means and 90% intervals of the four weeks, a row a 읍면동, and the sum of the means."""
    wide = outlook.by_week.pivot(index="area_name", columns="week", values=["mean", "low", "high"])
    table = pd.DataFrame({"area_name": wide.index})
    for week in range(1, 5):
        mean, low, high = (wide[name, week].to_numpy() for name in ("mean", "low", "high"))
        table[f"week_{week}"] = mean
        table[f"range_{week}"] = [_span(a, b) for a, b in zip(low, high, strict=True)]
    table["total"] = wide["mean"].sum(axis=1).to_numpy()
    return table.sort_values("total", ascending=False, ignore_index=True)


def week_columns():
    weeks = {
        f"{name}_{n}": Text(f"{n}주{ko}", f"Week {n}{en}")
        for n in range(1, 5)
        for name, ko, en in (("week", "", ""), ("range", " 90%", ", 90%"))
    }
    return {"area_name": Text("읍면동", "Area"), **weeks, "total": Text("4주 합", "Four weeks")}


def week_hours(outlook):
    return outlook.by_hour.assign(channel=Text("다음 4주에 올 건수", "Records to come in four weeks"))


def score_table(outlook):
    """Scores of the forecasts by week and by hour of the week, a row a forecaster, ours first; and their columns."""
    parts = {"week": outlook.scores, "hour": outlook.hour_scores}
    names = list(dict.fromkeys(name for scores in parts.values() if scores is not None for name in scores.index))
    table = pd.DataFrame({"forecaster": [FORECASTERS.get(name, CHOSEN) for name in names]})
    for part, scores in parts.items():
        for score in ("rmse", "crps", "coverage"):
            table[f"{part}_{score}"] = scores[score].reindex(names).to_numpy() if scores is not None else np.nan
    return table


def hit_table(outlook):
    """Mean hit rates, and what they are of the best possible, by number of places: a row a forecaster, the best possible last;
    and their columns."""
    hits = outlook.hits
    sizes = sorted(hits["places"].unique())
    wide, of_best = (
        hits.pivot(index="forecaster", columns="places", values=name).reindex(list(HITS_SHOWN))
        for name in ("hit_rate", "pei")
    )
    best = hits.groupby("places")["best_possible"].first()
    table = pd.DataFrame({"forecaster": [FORECASTERS[name] for name in [*HITS_SHOWN, "best"]]})
    for size in sizes:
        table[f"places_{size}"] = [*wide[size], best[size]]
        table[f"of_best_{size}"] = [*of_best[size], 1.0]
    columns = {f"places_{size}": Text(f"{size}곳", f"{size} places") for size in sizes}
    columns |= {f"of_best_{size}": Text(f"{size}곳(최선 대비)", f"{size} (of best)") for size in sizes}
    return table, {"forecaster": Text("방법", "Method"), **columns}


def difference_table(outlook):
    """Ours against the best rival at each number of places, in points, and which is used."""
    table = outlook.differences
    points = {name: 100 * table[name] for name in ("difference", "low", "high")}
    return table.assign(rival=table["rival"].map(FORECASTERS), chosen=table["chosen"].map(FORECASTERS), **points)


def next_places(outlook):
    """The cells picked for next month, for `maps.ranked_places`."""
    return outlook.places.assign(value=outlook.places["last_month"])


CHOSEN = Text("그때그때 고른 것", "chosen month by month")
SCORE_COLUMNS = {
    "forecaster": Text("방법", "Method"),
    "week_rmse": Text("주: RMSE", "Week: RMSE"),
    "week_crps": Text("주: CRPS", "Week: CRPS"),
    "week_coverage": Text("주: 90% 구간이 담은 비율", "Week: held by 90%"),
    "hour_rmse": Text("시간: RMSE", "Hour: RMSE"),
    "hour_crps": Text("시간: CRPS", "Hour: CRPS"),
    "hour_coverage": Text("시간: 90% 구간이 담은 비율", "Hour: held by 90%"),
}
SCORES = Text(
    "RMSE와 CRPS는 작을수록 낫다. CRPS는 예측한 폭까지 함께 재는 오차. 달마다 그 전 자료만으로 예측해 맞춰 본 것",
    "RMSE and CRPS: less is better; CRPS also measures the width of the forecast. Each month was forecast from the data before it",
)
CHANGED_COLUMNS = {
    "name": Text("장소", "Place"),
    "rate_before": Text("지난 기간", "Period before"),
    "rate": Text("이번", "Now"),
    "ratio": Text("몇 배", "Ratio"),
    "ratio_low": Text("하한", "Low"),
    "ratio_high": Text("상한", "High"),
    "rank_before": Text("지난 순위", "Rank before"),
    "rank": Text("이번 순위", "Rank now"),
}
CHANGED = Text(
    "값은 그 기간 평균 칸의 배수, 구간은 90%. 달라졌다고 볼 칸을 뚜렷한 차례로",
    "values: times the mean cell of the period; 90% intervals; cells called changed, clearest first",
)
DIFFERENCE_COLUMNS = {
    "places": Text("장소 수", "Places"),
    "rival": Text("가장 나은 단순 방법", "Best simple rival"),
    "difference": Text("우리 방법과의 차이(%p)", "Ours less the rival (points)"),
    "low": Text("하한", "Low"),
    "high": Text("상한", "High"),
    "chosen": Text("쓰는 방법", "Used"),
}

MAP_TITLES = (Text("바로잡은 값", "Corrected"), Text("기록 그대로(모든 수단)", "Records as they are (all channels)"))
MARKS = Text(
    "번호: 건수로는 드러나지 않던 곳, 글자: 많이 보아서 많아 보인 곳(진한 표시가 높은 쪽)",
    "numbers: hidden by counts; letters: look fuller for being watched (filled on the map on which they are high)",
)
NUMBERS = Text("번호: 상위 장소의 순번(표)", "numbers: the top places, as in the table")
TIES = Text(
    "본 시간: 장소별로 아는 단속 수단의 시간(카메라와 순찰차). 시민은 어디나 같은 날수만큼 본 것으로 놓고 신고율을 바로잡음",
    "hours looked: of the city's own channels known place by place (cameras and patrol cars); citizens look everywhere alike, and their "
    "readiness to report is corrected for",
)
CLOCK_TITLES = (
    Text("바로잡은 하루", "The corrected day"),
    Text("위치를 아는 기록 그대로(모든 수단)", "Records with a place as they are (all channels)"),
)
MEAN_IS_ONE = Text("평균 = 1", "mean = 1")
LOOKED = Text("단속 수단이 본 정도(평균 칸 = 1, 로그 눈금)", "how much the city looked (mean cell = 1, log scale)")
COMPLAINTS = Text("시민신고(평균 칸 = 1, 로그 눈금)", "citizens' reports (mean cell = 1, log scale)")
LAST_MONTH = Text("지난달(건)", "last month, records")
REASONS = Text(
    "되풀이 차량: 머문 차 가운데 5번 이상 걸린 차량의 비율, 차량/머묾: 머문 횟수에 대한 차량 수(100%이면 모두 다른 차), 빈 면: 300 m 안 "
    "주차장의 빈 면을 더해 바쁜 시간 가운데 가장 적은 것, 줄표(–): 모름",
    "often seen: share of stays by vehicles seen 5 times or more; vehicles a stay: 100% if no vehicle came twice; free spaces: in lots within 300 m at the "
    "busy hours, the least of them; a dash: not known",
)
BOOTSTRAP = Text(
    "하한과 상한: 달을 짝지어 다시 뽑은 95% 구간. 0을 넘지 못하면 우연과 가릴 수 없다",
    "low and high: 95% interval of a paired bootstrap over months; where it includes 0, chance explains it",
)
