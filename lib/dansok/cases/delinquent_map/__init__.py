"""Where and at what hour vehicles in arrears turn up, and what of that picture is where readers read.

`inputs` counts, `counts` makes tables that hold nothing of fewer than a few vehicles, `presence` foresees, `worth` says what seizure
adds, `sentences` says what the tables show, `labels` names their columns.
"""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd

from dansok import choices as chosen
from dansok.cases.delinquent_map import counts, presence, sentences, worth
from dansok.cases.delinquent_map.inputs import MAP_CELLS, PLACE_CELLS, Inputs, load
from dansok.cases.delinquent_map.labels import (
    AREA_COLUMNS,
    ARREARS_SOURCE,
    BACKTEST_COLUMNS,
    CLASSES,
    FAIRNESS,
    FAIRNESS_COLUMNS,
    FEW,
    FORECASTERS,
    HIDDEN,
    HOME_COLUMNS,
    INTERVAL,
    LAW_COLUMNS,
    LAW_LABELS,
    LEDGER_COLUMNS,
    LOOKER_COLUMNS,
    NEAR_COLUMNS,
    NOTHING,
    PER_1000,
    PER_READ,
    PLACE_COLUMNS,
    PROFILE_COLUMNS,
    RAW_COUNTS,
    READS_SOURCE,
    RECORDED_COLUMNS,
    RELIABILITY_COLUMNS,
    RULE_COLUMNS,
    SEEN_COLUMNS,
    SIGHTED,
    UNKNOWN,
    WORTH_COLUMNS,
    stability_columns,
)
from dansok.findings import Finding
from dansok.link.registers import refuse_bad_registers
from dansok.models import recovery
from dansok.models.suppression import suppress
from dansok.space import read_areas
from dansok.words import Refusal, Text

__all__ = [
    "AREA_COLUMNS", "ARREARS_SOURCE", "BACKTEST_COLUMNS", "CLASSES", "FAIRNESS", "FAIRNESS_COLUMNS", "FORECASTERS", "HOME_COLUMNS",
    "INTERVAL", "LAW_COLUMNS", "LAW_LABELS", "LEDGER_COLUMNS", "LOOKER_COLUMNS", "NEAR_COLUMNS", "NOTHING", "PER_1000", "PER_READ",
    "PLACE_COLUMNS", "PROFILE_COLUMNS", "RAW_COUNTS", "READS_SOURCE", "RECORDED_COLUMNS", "RELIABILITY_COLUMNS", "RULE_COLUMNS",
    "SEEN_COLUMNS", "SIGHTED", "WORTH_COLUMNS", "Choices", "Inputs", "Result", "analyse", "load", "stability_columns",
]  # fmt: skip

FEWEST = 5  # vehicles in a published number, at least
KEY = ("arrears", "eligible", "seen", "rate", "clock", "back_test", "worth")  # the summary, in reading order


@dataclass(frozen=True)
class Choices(chosen.Choices):
    """`register_days_at_most`: age of the register of debts. `top_place_hours`: rows of the list. `smallest_count`: vehicles."""

    register_days_at_most: int
    top_place_hours: int
    smallest_count: int

    def __post_init__(self):
        super().__post_init__()
        self._within({"register_days_at_most": (0, 366), "top_place_hours": (1, 50), "smallest_count": (FEWEST, 100)})
        refuse_bad_registers(self.opened, self.as_of, self.register_days_at_most)


@dataclass(frozen=True)
class Result:
    period: Text
    as_of: str
    few: int
    headlines: list[tuple]
    profile: pd.DataFrame
    law: pd.DataFrame
    rules: pd.DataFrame
    seen: pd.DataFrame
    lookers: pd.DataFrame
    hours: pd.DataFrame
    by_area: pd.DataFrame
    area_hours: pd.DataFrame
    cells: pd.DataFrame
    areas: gpd.GeoDataFrame
    map_metres: int
    place_metres: int
    place_hours: pd.DataFrame
    home: pd.DataFrame
    repeat: pd.DataFrame
    stability: pd.DataFrame
    back_test: pd.DataFrame
    reliability: pd.DataFrame
    worth: pd.DataFrame
    fairness: pd.DataFrame
    near: pd.DataFrame
    ledger: pd.DataFrame
    findings: dict[str, Finding]
    metrics: dict[str, float]

    @property
    def key_findings(self):
        """The findings of the summary box."""
        return [self.findings[name] for name in KEY if name in self.findings]

    @property
    def hidden(self):
        """What a dash means in tables of counts."""
        return HIDDEN.format(few=self.few)

    @property
    def hidden_or_unknown(self):
        """What a dash means in the table of what seizure adds."""
        return Text(*(self.hidden[language] + UNKNOWN[language] for language in ("ko", "en")))

    @property
    def hidden_rates(self):
        """What a dash means in tables of rates."""
        return Text(*(f"{FEW.format(few=self.few)[language]}. {INTERVAL[language]}" for language in ("ko", "en")))


def analyse(inputs, choices):
    """Say who is in arrears, who of them is seen where and when, what foretells next month, and what seizure adds.

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
    few, held, months = choices.smallest_count, inputs.held, choices.months
    if 0 < len(held.vehicles) < few:
        raise Refusal(
            f"{held.day:%Y-%m-%d} 현재 체납차량이 {few}대보다 적어, 누구인지 드러나지 않게 말할 수 있는 것이 없습니다. 다른 달을 고르세요.",
            f"On {held.day:%Y-%m-%d} fewer than {few} vehicles are in arrears: nothing can be told without telling who. Choose another month.",
        )
    read, looks = inputs.delinquent[inputs.delinquent["reads"] > 0], inputs.looks
    law, seen = counts.law(held.vehicles, few), counts.seen(held, inputs.own_visits, few)
    hours, by_area = counts.hours_of_day(read, looks["area_hour"], few), counts.areas(read, looks["area_hour"], few)
    cells, whole = counts.map_cells(read, looks["map"], few), counts.whole_city(read, looks["area_hour"], few)
    begins = pd.Timestamp(f"{months[0]}-01")
    monthly = presence.place_hour_counts(inputs.delinquent, looks["place_hour"], inputs.first_day)
    test, stable = presence.back_test(monthly), presence.stability(monthly, choices.top_place_hours)
    found = _foresight(inputs, months)
    model = recovery.fit(worth.followed(inputs.history, inputs.seizures, held.day), worth.HORIZON_DAYS)
    value, fair = worth.portfolios(held, model, few), worth.fairness(held.vehicles, law, few)
    top = choices.top_place_hours
    places = counts.place_hours(read, looks["place_hour"], inputs.place_names, top, inputs.cell_metres, few)
    home, repeat = counts.from_home(inputs.home), counts.repeat_offenders(inputs.recorded, few)
    findings = [
        sentences.who_said(held, law),
        sentences.register_said(held),
        *_concentration(held.vehicles, few),
        *sentences.law_said(held, law),
        *sentences.not_told_said(held),
        *sentences.seen_said(seen, len(months)),
        *sentences.rate_said(whole, inputs.first_day if inputs.first_day > begins else None),
        *sentences.clock_said(hours, sentences.differ(hours)),
        *sentences.areas_said(by_area, sentences.differ(by_area)),
        sentences.map_said(cells, whole),
        *sentences.places_said(places, top),
        *sentences.home_said(home),
        *sentences.overlap_said(counts.overlap(read, inputs.parking, looks["place_hour"], top)),
        *sentences.repeat_said(repeat),
        *sentences.stability_said(stable, top),
        *sentences.back_test_said(test),
        *sentences.foresight_said(found),
        *sentences.worth_said(value, model),
        *sentences.fairness_said(fair),
        *sentences.near_said(inputs.near, len(read)),
    ]
    findings = {finding.name: finding for finding in findings}
    return Result(
        period=choices.period,
        as_of=f"{held.day:%Y-%m-%d}",
        few=few,
        headlines=_headlines(held, law, seen),
        profile=counts.profile(held, law, few),
        law=law,
        rules=counts.rules_used(held.vehicles),
        seen=seen,
        lookers=counts.lookers(inputs.delinquent, looks["looker"], inputs.all_visits, few),
        hours=hours,
        by_area=by_area,
        area_hours=counts.area_hours(read, looks["area_hour"], inputs.areas["area_name"], few),
        cells=cells,
        areas=read_areas(inputs.areas),
        map_metres=MAP_CELLS * inputs.cell_metres,
        place_metres=PLACE_CELLS * inputs.cell_metres,
        place_hours=places,
        home=home,
        repeat=repeat,
        stability=stable.assign(sighted=stable["sighted"].mask(stable["sighted"].between(1, few - 1))),
        back_test=_back_test_table(test),
        reliability=_reliability_table(found, few),
        worth=value,
        fairness=fair,
        near=_near_table(inputs.near, few),
        ledger=counts.ledger(held, inputs.reads_ledger),
        findings=findings,
        metrics=_metrics(inputs, law, seen, test, found),
    )


def _foresight(inputs, months):
    """As `presence.foresight`, of the vehicles that the last register before each month shows to owe, by readers as known before
    the first month held back."""
    owing = inputs.history[inputs.history["present_krw"] > 0]
    days, in_arrears = pd.to_datetime(owing["snapshot_on"]), {}
    read = inputs.watched.loc[inputs.watched["read"] > 0, "month"]
    for month in months[1:]:
        earlier = days[days < pd.Timestamp(f"{month}-01")]
        if len(earlier) and (read < month).any():
            in_arrears[month] = pd.Index(owing.loc[earlier.index[earlier == earlier.max()], "vehicle"])
    if not in_arrears:
        return None
    readers = presence.readers_before(inputs.watched, in_arrears)
    if not readers.effort:
        return None
    visits = presence.visits_at(inputs.delinquent, readers.places)
    return presence.foresight(visits, in_arrears, readers, months, inputs.own_visits["looks"], inputs.cell_metres)


def _headlines(held, law, seen):
    """Headline numbers: label, value, unit and a remark (Text or None)."""
    vehicles, whole = Text("대", "vehicles"), seen["vehicles"].iloc[-1]
    eligible, never = float(law.loc["eligible", "vehicles"]), float(seen["vehicles"].iloc[0])
    rows = [
        (Text("체납차량", "In arrears"), f"{len(held.vehicles):,}", vehicles, None),
        (Text("체납액", "Owed"), sentences.won(held.vehicles["amount_krw"].sum()), None, None),
    ]
    if not np.isnan(eligible):
        share = eligible / len(held.vehicles)
        of_all = Text(f"체납차량의 {share:.0%}", f"{share:.0%} of those in arrears")
        rows.append((Text("영치 대상", "Plates to be taken"), f"{int(eligible):,}", vehicles, of_all))
    if not np.isnan(never):
        of_all = Text(f"{int(whole):,}대 가운데 {int(whole - never):,}대", f"{int(whole - never):,} of {int(whole):,}")
        rows.append((Text("한 번이라도 포착", "Seen at least once"), f"{1 - never / whole:.0%}", None, of_all))
    return rows


def _back_test_table(test):
    columns = list(BACKTEST_COLUMNS)
    return pd.DataFrame(columns=columns) if test is None else test.table[columns]


def _reliability_table(found, few):
    """Without classes of few vehicles, now or among those foreseen."""
    columns = list(RELIABILITY_COLUMNS)
    if found is None:
        return pd.DataFrame(columns=columns)
    table = found.table.astype(float)
    small = table["vehicles"].between(1, few - 1).iloc[:-1]
    visits = table["visits"].iloc[:-1].mask(small, few - 1).astype(int)
    hidden = suppress(visits, threshold=few).mask.iloc[:, 0].to_numpy() | [*small, False]
    table.loc[hidden, [name for name in table if name != "now"]] = np.nan
    now = table["now"].iloc[:-1].astype(int)
    table["now"] = suppress(now, threshold=few).table.iloc[:, 0].to_numpy()
    return table.rename_axis("class").reset_index()[columns]


def _concentration(vehicles, few):
    """Nothing where the tenth that owes most is of few vehicles: what they owe would be told of them alone."""
    share, top = counts.concentration(vehicles)
    return sentences.concentration_said(share, top) if top >= few else []


def _near_table(near, few):
    """Without numbers of few reads or plates."""
    kinds = {True: Text("등록원부에 있는 다른 번호", "another plate of the vehicle register"),
             False: Text("등록원부에 없는 번호", "in no vehicle register")}  # fmt: skip
    numbers = near[["reads", "plates", "debtors"]].astype(float)
    shown = numbers.mask(numbers.ge(1) & numbers.lt(few))
    return near.assign(kind=[kinds[bool(known)] for known in near["known"]], **shown)


def _metrics(inputs, law, seen, test, found):
    """Numbers of vehicles as the tables show them: left out where these leave them out."""
    total, debts = len(inputs.held.vehicles), inputs.held.debts
    metrics = {
        "linked_share": debts["of_owner"].notna().sum() / (len(debts) + inputs.held.ledger["plate_not_read"]),
        "vehicles_in_arrears": total,
        "eligible_vehicles": float(law.loc["eligible", "vehicles"]),
        "seen_share": float(1 - seen["vehicles"].iloc[0] / total) if total else 0.0,
    }
    if test is not None:
        hits = test.table.set_index("forecaster")["hit_20"]
        names = {"ours": "hit_rate_20_place_hours"} | {
            name: f"hit_rate_20_place_hours_{name}" for name in hits.index if name != "ours"
        }
        metrics |= {names[name]: float(value) for name, value in hits.items() if np.isfinite(value)}
    if found is not None:
        whole = found.table.loc["all"]
        metrics |= {name: float(whole[name]) for name in ("recall_at_3", "log_loss", "calibration_error")}
        metrics["recall_at_3_own_frequency"] = float(found.rivals.loc["own_frequency", "recall_at_3"])
        metrics["log_loss_own_frequency"] = float(found.rivals.loc["own_frequency", "log_loss"])
    return {name: value for name, value in metrics.items() if np.isfinite(value)}
