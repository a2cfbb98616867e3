"""What arrived, what each source can see, and what was odd about it."""

from dataclasses import dataclass

import geopandas as gpd
import pandas as pd
from ibis import _

from dansok import choices as chosen
from dansok.choices import NOBODY, arrivals_told
from dansok.clean import read_table
from dansok.engine import connect
from dansok.findings import Finding
from dansok.korea.particles import with_particle
from dansok.link import read_exposure_notes, scan_linked
from dansok.space import read_areas
from dansok.tables import CHANNELS, TABLES
from dansok.words import Text

ARRIVAL_COLUMNS = {
    "source": Text("출처", "Source"),
    "file": Text("파일", "File"),
    "format": Text("형식", "Format"),
    "encoding": Text("문자", "Encoding"),
    "rows": Text("행", "Rows"),
    "first_day": Text("첫날", "First day"),
    "last_day": Text("끝날", "Last day"),
}
LEDGER_COLUMNS = {
    "source": Text("출처", "Source"),
    "step": Text("한 일", "What was done"),
    "reason": Text("이유", "Reason"),
    "rows": Text("행", "Rows"),
    "left": Text("남은 행", "Rows left"),
}
SILENT_COLUMNS = {
    "channel": Text("구분", "Channel"),
    "first_day": Text("첫날", "First day"),
    "last_day": Text("끝날", "Last day"),
    "days": Text("일수", "Days"),
}
REACH_COLUMNS = {
    "channel": Text("구분", "Channel"),
    "records": Text("건수", "Records"),
    "cells": Text("기록 있는 격자", "Cells with records"),
    "of_cells": Text("전체 격자", "All cells"),
    "share": Text("비율", "Share"),
    "areas": Text("기록 있는 읍면동", "Areas with records"),
    "of_areas": Text("전체 읍면동", "All areas"),
}
SURPRISE_COLUMNS = {
    "source": Text("출처", "Source"),
    "rows": Text("행", "Rows"),
    "text": Text("내용", "What was found"),
}
STEPS = {
    "came": Text("들어옴", "came"),
    "dropped": Text("뺌", "left out"),
    "mended": Text("고침", "mended"),
    "flagged": Text("표시", "flagged"),
}
UNDER_THE_CHART = (
    "longest_silence",
    "coverage",
    "exposure",
    "unwatched",
)  # said beside their chart, not in the summary
NOTHING = Text("해당하는 것이 없다.", "There is nothing of the kind.")
REGULAR_RESTS = 4  # single days without records from which on they are taken for days of rest
PARTIAL = 0.25  # share of a channel's median month below which a month counts as a hole


@dataclass(frozen=True)
class Choices(chosen.Choices):
    """Nothing beyond what all notebooks let an analyst choose."""


@dataclass(frozen=True)
class Inputs:
    arrivals: pd.DataFrame
    ledger: pd.DataFrame
    surprises: pd.DataFrame
    matches: pd.DataFrame
    exposure_notes: pd.DataFrame
    by_day: pd.DataFrame  # channel, source, day, records
    exposure: pd.DataFrame  # channel, month, hour, watched_hours
    cells: pd.DataFrame  # channel, cell_x, cell_y, area_name, records
    areas: pd.DataFrame
    cell_metres: int


@dataclass(frozen=True)
class Result:
    period: Text
    as_of: str
    arrivals: pd.DataFrame
    coverage: pd.DataFrame
    silent: pd.DataFrame
    ledger: pd.DataFrame
    matches: pd.DataFrame
    reach: pd.DataFrame
    cells: pd.DataFrame
    areas: gpd.GeoDataFrame
    exposure: pd.DataFrame
    surprises: pd.DataFrame
    exposure_notes: pd.DataFrame
    findings: dict[str, Finding]
    metrics: dict[str, float]

    @property
    def key_findings(self):
        """The findings of the summary box, in reading order."""
        return [finding for name, finding in self.findings.items() if name not in UNDER_THE_CHART]


def load(choices):
    """Read the ledgers of the stages and count the linked records by day, hour and cell."""
    city, connection = choices.opened, connect()
    tickets = scan_linked(city, "placed_tickets", connection).mutate(
        month=_.issued_at.strftime("%Y-%m"), day=_.issued_at.date()
    )
    tickets = tickets.filter(_.month.isin(choices.months))
    exposure = scan_linked(city, "exposure", connection).mutate(month=_.day.strftime("%Y-%m"))
    exposure = exposure.filter(_.month.isin(choices.months))
    cell = ("channel", "cell_x", "cell_y", "area_name")
    return Inputs(
        arrivals=arrivals_told(city),
        ledger=pd.read_parquet(city.clean / "tickets.ledger.parquet"),
        surprises=read_table(city, "surprises"),
        matches=tickets.group_by("channel", "how_placed", "why_unplaced")
        .agg(records=_.records.sum())
        .order_by("channel", "how_placed", "why_unplaced")
        .to_pandas(),
        exposure_notes=read_exposure_notes(city),
        by_day=tickets.group_by("channel", "source", "day")
        .agg(records=_.records.sum())
        .order_by("channel", "source", "day")
        .to_pandas(),
        exposure=exposure.group_by("channel", "hour")
        .agg(watched_hours=_.watched_hours.sum().round(6), units=_.unit.nunique())
        .order_by("channel", "hour")
        .to_pandas(),
        cells=tickets.filter(_.cell_x.notnull())
        .group_by(*cell)
        .agg(records=_.records.sum())
        .order_by(*cell)
        .to_pandas(),
        areas=read_table(city, "areas"),
        cell_metres=city.cell_metres,
    )


def analyse(inputs, choices):
    """Say what came, what was left out, what matched, who could see what, and what was odd.

    Parameters
    ----------
    inputs : Inputs
        As `load` returns.
    choices : Choices

    Returns
    -------
    Result
        Tables for the notebook, findings by name, metrics with their unit in the name.
    """
    coverage = monthly_coverage(inputs.by_day, choices.months)
    silent = silent_spells(inputs.by_day)
    areas = read_areas(inputs.areas)
    reach = map_reach(inputs.cells, areas, inputs.cell_metres)
    exposure = _exposure(inputs.exposure)
    titles = choices.opened.source_titles
    surprises, exposure_notes = (_told(table, titles) for table in (inputs.surprises, inputs.exposure_notes))
    findings = [
        _arrived(inputs),
        *_left_out(inputs.ledger),
        *_holes(coverage),
        *_silence(silent),
        *_placed(inputs.matches),
        *_seen(reach),
        *_unwatched(exposure),
        _odd(surprises),
        _coverage_said(coverage),
        _exposure_said(exposure),
    ]
    return Result(
        period=choices.period,
        as_of=str(inputs.by_day.day.max())[:10],
        arrivals=inputs.arrivals,
        coverage=coverage,
        silent=silent,
        ledger=_ledger(inputs.ledger, titles),
        matches=_matches(inputs.matches),
        reach=reach,
        cells=inputs.cells,
        areas=areas,
        exposure=exposure,
        surprises=surprises,
        exposure_notes=exposure_notes,
        findings={finding.name: finding for finding in findings},
        metrics=_metrics(inputs, reach),
    )


def monthly_coverage(by_day, months):
    """Records by channel and month, and whether a month is a hole.

    Returns
    -------
    pd.DataFrame, one row a channel and month
        `channel`, `row_label`, `month`, `records` (missing where none), `days` with a record, `state`: "records", "partial" (under
        a quarter of the channel's median month) or "none".
    """
    month = pd.to_datetime(by_day.day).dt.strftime("%Y-%m")
    counted = (
        by_day.assign(month=month)
        .groupby(["channel", "month"])
        .agg(records=("records", "sum"), days=("day", "nunique"))
    )
    channels = [channel for channel in CHANNELS if channel in set(by_day.channel)]
    grid = pd.MultiIndex.from_product([channels, months], names=["channel", "month"])
    table = counted.reindex(grid).reset_index()
    median = table.groupby("channel").records.transform("median")
    table["state"] = "records"
    table.loc[table.records < PARTIAL * median, "state"] = "partial"
    table.loc[table.records.isna(), "state"] = "none"
    return table.assign(row_label=table.channel.map(CHANNELS))


def silent_spells(by_day):
    """Runs of days without any record between a source's first and last day.

    Returns
    -------
    pd.DataFrame, one row a source and run of days
        Single days are left out for a source that has at least four of them: it rests regularly. `channel`, `source`, `first_day`, `last_day`, `days`; longest first.
    """
    spells = []
    for (channel, source), own in by_day.groupby(["channel", "source"]):
        days = pd.to_datetime(own.day.drop_duplicates().sort_values())
        gap = days.diff().dt.days
        if (gap == 2).sum() >= REGULAR_RESTS:
            gap = gap.where(gap != 2)
        for last, length in gap[gap > 1].items():
            end = days[last] - pd.Timedelta(days=1)
            spells.append((channel, source, end - pd.Timedelta(days=int(length) - 2), end, int(length) - 1))
    table = pd.DataFrame(spells, columns=["channel", "source", "first_day", "last_day", "days"])
    return table.sort_values(["days", "source", "first_day"], ascending=[False, True, True], ignore_index=True)


def map_reach(cells, areas, cell_metres):
    """How much of the map each channel has any record in.

    Returns
    -------
    pd.DataFrame, one row a channel
        `channel`, `cells` with a record, `of_cells` in the city (its area over the cell's), `share`, `areas` with a
        record, `of_areas`.
    """
    of_cells = int(round(areas.area.sum() / cell_metres**2))
    table = cells.groupby("channel").agg(
        cells=("cell_x", "size"), areas=("area_name", "nunique"), records=("records", "sum")
    )
    distinct = cells.drop_duplicates(["channel", "cell_x", "cell_y"]).groupby("channel").size()
    table["cells"] = distinct
    table = table.reindex([channel for channel in CHANNELS if channel in table.index]).reset_index()
    return table.assign(
        of_cells=of_cells, share=table.cells / of_cells if of_cells else float("nan"), of_areas=len(areas)
    )


def _exposure(exposure):
    """Hours watched by channel and hour of day, all 24 hours of each channel that has any."""
    channels = [channel for channel in CHANNELS if channel in set(exposure.channel)]
    grid = pd.MultiIndex.from_product([channels, range(24)], names=["channel", "hour"])
    hours = exposure.set_index(["channel", "hour"]).watched_hours.rename("hours")
    return hours.reindex(grid, fill_value=0).reset_index()


def _ledger(ledger, titles):
    """The ledger of the enforcement records with its words as Text."""
    reasons = [Text(ko, en) for ko, en in zip(ledger.reason_ko, ledger.reason_en, strict=True)]
    return ledger.assign(source=ledger.source.map(titles), step=ledger.what.map(STEPS), reason=reasons)


def _matches(matches):
    """How records were placed, or why not, by channel: `source` (Text), `state`, `records`, `share` of the channel."""
    state = matches.how_placed.fillna(matches.why_unplaced)
    table = matches.assign(state=state).groupby(["channel", "state"], as_index=False).records.sum()
    table["share"] = table.records / table.groupby("channel").records.transform("sum")
    order = {channel: place for place, channel in enumerate(CHANNELS)}
    table = table.sort_values(["channel", "state"], key=lambda c: c.map(order) if c.name == "channel" else c)
    return table.assign(source=table.channel.map(CHANNELS))


def _told(told, titles):
    """Sentences about the data: `source` (Text, missing where none), `rows` (missing where 0), `kind`, `text` (Text)."""
    texts = [Text(ko, en) for ko, en in zip(told.ko, told.en, strict=True)]
    return told.assign(source=told.source.map(titles), rows=told.rows.mask(told.rows == 0), text=texts)


# --- findings: a sentence and its numbers ---


def _arrived(inputs):
    files, rows = inputs.arrivals.file.nunique(), int(inputs.ledger[inputs.ledger.what == "came"].rows.sum())
    first, last = str(inputs.by_day.day.min())[:10], str(inputs.by_day.day.max())[:10]
    return Finding(
        "arrived",
        Text(
            f"지금까지 파일 {files}개에 단속 기록 {rows:,}행이 들어왔다. 여기서 살핀 기록은 {first}부터 {last}까지이다.",
            f"{files} files with {rows:,} enforcement rows have arrived so far. The records looked at here run from {first} "
            f"to {last}.",
        ),
        {"files": files, "ticket_rows": rows, "first_day": first, "last_day": last},
    )


def _left_out(ledger):
    own = ledger[ledger.table == "tickets"]
    came = int(own[own.what == "came"].rows.sum())
    dropped = own[own.what == "dropped"]
    lost = int(dropped.rows.sum())
    if not came:
        return []
    if not lost:
        text = Text(f"단속 기록 {came:,}행을 모두 썼다.", f"All {came:,} enforcement rows were used.")
        return [Finding("left_out", text, {"came": came, "dropped": 0})]
    by_reason = dropped.groupby(["reason_ko", "reason_en"]).rows.sum().sort_values(ascending=False)
    (ko, en), most = by_reason.index[0], int(by_reason.iloc[0])
    return [
        Finding(
            "left_out",
            Text(
                f"단속 기록 {came:,}행 가운데 {lost:,}행({lost / came:.2%})을 뺐다. 가장 많은 이유는 '{ko}' {most:,}행이다.",
                f"{lost:,} of {came:,} enforcement rows ({lost / came:.2%}) were left out, most of them as '{en}' "
                f"({most:,}).",
            ),
            {"came": came, "dropped": lost, "share": lost / came, "largest_reason_rows": most},
        )
    ]


def _holes(coverage):
    holes = {
        CHANNELS[channel]: own[own.state != "records"].month.tolist()
        for channel, own in coverage.groupby("channel", sort=False)
    }
    holes = {name: months for name, months in holes.items() if months}
    if not holes:
        return []
    ko = ", ".join(f"{name.ko} {len(months)}개월({_runs(months)})" for name, months in holes.items())
    en = ", ".join(f"{name.en} {len(months)} ({_runs(months).replace('~', ' to ')})" for name, months in holes.items())
    count = coverage.month.nunique()
    return [
        Finding(
            "holes",
            Text(
                f"{count}개월 가운데 비거나 모자란 달: {ko}. 기록이 없는 달은 '위반이 없는 달'이 아니다.",
                f"Of {count} months these are empty or thin: {en}. A month without records is not one without violations.",
            ),
            {"months": count, "empty_or_thin_months": sum(len(months) for months in holes.values())},
        )
    ]


def _runs(months):
    """ "2025-09~2026-01, 2026-03" for a list of months."""
    periods = [pd.Period(month, "M") for month in months]
    runs = []
    for period in periods:
        if runs and period == runs[-1][1] + 1:
            runs[-1][1] = period
        else:
            runs.append([period, period])
    return ", ".join(str(a) if a == b else f"{a}~{b}" for a, b in runs)


def _silence(silent):
    if silent.empty:
        return []
    longest = silent.iloc[0]
    name = CHANNELS[longest.channel]
    first, last = (str(day.date()) for day in (longest.first_day, longest.last_day))
    return [
        Finding(
            "longest_silence",
            Text(
                f"가장 긴 침묵은 {name.ko}의 {longest.days}일이다({first} ~ {last}).",
                f"The longest silence is {longest.days} {'day' if longest.days == 1 else 'days'} of {name.en.lower()} "
                f"({first} to {last}).",
            ),
            {"days": int(longest.days), "first_day": first, "last_day": last},
        )
    ]


def _placed(matches):
    total = int(matches.records.sum())
    if not total:
        return []
    placed = int(matches[matches.how_placed.notna()].records.sum())
    by_channel = matches.assign(placed=matches.records.where(matches.how_placed.notna(), 0)).groupby("channel")
    share = (by_channel.placed.sum() / by_channel.records.sum()).reindex(list(CHANNELS)).dropna()
    worst = share.idxmin()
    ko = f"기록 {total:,}건 가운데 {placed:,}건({placed / total:.1%})의 위치를 찾았다."
    en = f"{placed:,} of {total:,} records ({placed / total:.1%}) could be placed on the map."
    if len(share) > 1:
        ko += f" {with_particle(CHANNELS[worst].ko, '은/는')} {share[worst]:.1%}로 가장 낮다."
        en += f" The lowest share is that of {CHANNELS[worst].en.lower()}: {share[worst]:.1%}."
    numbers = {f"share_{channel}": float(value) for channel, value in share.items()}
    return [Finding("placed", Text(ko, en), {"records": total, "placed": placed, "share": placed / total, **numbers})]


def _seen(reach):
    reach = reach.dropna(subset=["share"])  # without boundaries the size of the city is not known
    if reach.empty:
        return []
    parts = [(CHANNELS[row.channel], row.share, row.areas, row.of_areas) for row in reach.itertuples()]
    ko = ", ".join(f"{name.ko} {share:.1%}({areas}/{of} 읍면동)" for name, share, areas, of in parts)
    en = ", ".join(f"{name.en.lower()} {share:.1%} ({areas} of {of} areas)" for name, share, areas, of in parts)
    numbers = {f"share_{row.channel}": float(row.share) for row in reach.itertuples()}
    return [
        Finding(
            "reach",
            Text(
                f"기록이 한 번이라도 있는 격자는 시 면적의 {ko}이다. 나머지는 보지 않았거나, 보았으나 기록이 없는 곳이다.",
                f"Of the city's grid cells, these shares hold any record: {en}. The rest was not looked at, or "
                "looked at without a record.",
            ),
            numbers,
        )
    ]


def _unwatched(exposure):
    parts, numbers = [], {}
    for channel, own in exposure.groupby("channel", sort=False):
        watched = own.set_index("hour").hours
        none = [hour for hour in range(24) if watched[hour] < NOBODY * watched.max()]
        if none and watched.max():
            parts.append((CHANNELS[channel], _hours(none)))
            numbers[f"{channel}_hours_unwatched"] = len(none)
    if not parts:
        return []
    ko = ", ".join(f"{name.ko} {spans}시" for name, spans in parts)
    en = ", ".join(f"{name.en} {spans.replace('~', ' to ')} h" for name, spans in parts)
    return [
        Finding(
            "unwatched",
            Text(f"거의 아무도 보지 않는 시간: {ko}.", f"Hours that hardly anybody watches: {en}."),
            numbers,
        )
    ]


def _hours(hours):
    """ "0~7, 21~24" for a list of hours: from the start of the first to the end of the last."""
    runs = []
    for hour in hours:
        if runs and hour == runs[-1][1]:
            runs[-1][1] = hour + 1
        else:
            runs.append([hour, hour + 1])
    return ", ".join(f"{a}~{b}" for a, b in runs)


def _odd(surprises):
    if surprises.empty:
        return Finding("surprises", Text("이상한 점은 없다.", "Nothing odd was found."), {"oddities": 0})
    return Finding(
        "surprises",
        Text(
            f"이상한 점 {len(surprises)}가지를 찾아 무엇을 했는지와 함께 적었다.",
            f"{len(surprises)} oddities were found and are listed with what was done.",
        ),
        {"oddities": len(surprises)},
    )


def _coverage_said(coverage):
    full = coverage[coverage.state == "records"].groupby("channel", sort=False).size()
    months = coverage.month.nunique()
    ko = ", ".join(f"{CHANNELS[channel].ko} {n}개월" for channel, n in full.items())
    en = ", ".join(f"{CHANNELS[channel].en} {n}" for channel, n in full.items())
    numbers = {f"{channel}_months": int(n) for channel, n in full.items()}
    return Finding(
        "coverage",
        Text(f"{months}개월 가운데 온전히 들어온 달: {ko}.", f"Full months of {months}: {en}."),
        {"months": months, **numbers},
    )


def _exposure_said(exposure):
    hours = exposure.groupby("channel", sort=False).hours.sum()
    ko = ", ".join(f"{CHANNELS[channel].ko} {h:,.0f}시간" for channel, h in hours.items())
    en = ", ".join(f"{CHANNELS[channel].en} {h:,.0f} hours" for channel, h in hours.items())
    numbers = {f"{channel}_hours": float(h) for channel, h in hours.items()}
    if hours.empty:
        return Finding("exposure", Text("지켜본 시간을 알 수 없다.", "The time watched is not known."), {})
    return Finding("exposure", Text(f"지켜본 시간: {ko}.", f"Time watched: {en}."), numbers)


def _metrics(inputs, reach):
    tickets = inputs.ledger[inputs.ledger.table == "tickets"]
    placed = inputs.matches[inputs.matches.how_placed.notna()].records.sum()
    metrics = {
        "files": int(inputs.arrivals.file.nunique()),
        "ticket_rows_arrived": int(tickets[tickets.what == "came"].rows.sum()),
        "ticket_rows_dropped": int(tickets[tickets.what == "dropped"].rows.sum()),
        "placed_share": float(placed / inputs.matches.records.sum()) if inputs.matches.records.sum() else 0.0,
        "oddities": len(inputs.surprises),
        "tables_filled": int(inputs.arrivals.table.nunique()),
        "tables_known": sum(table.stage == "2_clean" for table in TABLES.values()),
    }
    return metrics | {
        f"{row.channel}_cells_share": float(row.share) for row in reach.dropna(subset=["share"]).itertuples()
    }
