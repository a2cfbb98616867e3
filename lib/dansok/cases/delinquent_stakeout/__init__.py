"""Which crew waits or roams where on which night of the next month, so that most is recovered.

`inputs` counts, `ground` says where crews can stand and how much was read there, `duty` when they work, `foresight` whom they would
meet, `trials` holds plans against months kept from them, `past` what earlier plans brought, `shown` makes tables, `sentences` says what
they show, `leave` writes the plan for those who come after.
"""

import math
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd

from dansok import choices as chosen
from dansok.cases.delinquent_map.labels import FAIRNESS
from dansok.cases.delinquent_stakeout import duty, foresight, leave, past, sentences, shown, trials
from dansok.cases.delinquent_stakeout.ground import ground_of
from dansok.cases.delinquent_stakeout.inputs import Inputs, load
from dansok.cases.delinquent_stakeout.labels import (
    CALENDAR_COLUMNS,
    EXPECTED,
    FAIRNESS_COLUMNS,
    FEW_MET,
    LEFT_OUT,
    MONTH_COLUMNS,
    NEXT_COLUMNS,
    PAST_COLUMNS,
    PLANS,
    READER_COLUMNS,
    SITE_VALUE,
    SOURCE,
    TRIAL_COLUMNS,
)
from dansok.cases.delinquent_stakeout.leave import save_plan
from dansok.findings import Finding
from dansok.link.registers import refuse_bad_registers
from dansok.models import stakeout
from dansok.words import Refusal, Text

__all__ = [
    "CALENDAR_COLUMNS", "EXPECTED", "FAIRNESS", "FAIRNESS_COLUMNS", "MONTH_COLUMNS", "NEXT_COLUMNS", "PAST_COLUMNS", "PLANS", "READER_COLUMNS",
    "SITE_VALUE", "SOURCE", "TRIAL_COLUMNS", "Choices", "Inputs", "Result", "analyse", "load", "save_plan",
]  # fmt: skip

FEWEST = 5  # vehicles in a published number, at least
TOP_SITES = 15
KEY = ("plan", "trial", "practice", "kept", "next_hour", "past", "register")  # the summary, in reading order
BOUNDS = {
    "register_days_at_most": (0, 366),
    "teams": (1, len(duty.TEAMS)),
    "nights": (1, 31),
    "shift_starts": (0, 23),
    "shift_hours": (1, 12),
    "blocks_per_night": (1, 6),
    "sites_per_block": (1, 5),
    "area_blocks": (0, 10),
    "random_share": (0, 0.5),
    "crew_kmh": (5, 60),
    "hours_to_meet": (0.25, 24),
    "pays_anyway": (0, 1),
    "cards": (0, 60),
    "smallest_count": (FEWEST, 100),
}


@dataclass(frozen=True)
class Choices(chosen.Choices):
    """What the office sets: see the notebook's parameters. `last_month`: its last day is the day of the question."""

    register_days_at_most: int
    teams: int
    nights: int
    shift_starts: int
    shift_hours: int
    blocks_per_night: int
    sites_per_block: int
    area_blocks: int
    random_share: float
    crew_kmh: float
    hours_to_meet: float
    pays_anyway: float
    cards: int
    smallest_count: int

    def __post_init__(self):
        super().__post_init__()
        self._within(BOUNDS)
        if self.shift_starts + self.shift_hours > 24:
            raise Refusal(
                f"shift_starts = {self.shift_starts}, shift_hours = {self.shift_hours}: 자정을 넘지 않게 적으세요.",
                f"shift_starts = {self.shift_starts}, shift_hours = {self.shift_hours}: a shift must end by midnight.",
            )
        if self.shift_hours / self.blocks_per_night <= 2 * stakeout.Limits().travel_hours:
            raise Refusal(
                f"shift_hours = {self.shift_hours}, blocks_per_night = {self.blocks_per_night}: 한 블록이 30분을 넘게 적으세요.",
                f"shift_hours = {self.shift_hours}, blocks_per_night = {self.blocks_per_night}: a block must be longer than 30 minutes.",
            )
        refuse_bad_registers(self.opened, self.as_of, self.register_days_at_most)

    @property
    def limits(self):
        """What binds the plan: no limit a site, for what one more visit adds falls by itself as each vehicle counts once."""
        return stakeout.Limits(
            mean_hours=self.hours_to_meet,
            blocks_per_shift=self.blocks_per_night,
            blocks_per_site=math.inf,
            district_minimum=self.area_blocks,
            random_share=self.random_share,
            roam_sites=self.sites_per_block,
        )

    def blocks_of(self, month):
        """The blocks that crews can work in a month, as `duty.blocks_of` gives."""
        return duty.blocks_of(
            month, self.teams, self.nights, self.shift_starts, self.shift_hours, self.blocks_per_night
        )


@dataclass(frozen=True)
class Result:
    period: Text
    as_of: str
    month: str
    few: int
    headlines: list[tuple]
    calendar: dict[str, pd.DataFrame]
    cards: list[pd.DataFrame]
    sites: pd.DataFrame
    trials: pd.DataFrame
    months: pd.DataFrame
    returns: pd.DataFrame
    next_blocks: pd.DataFrame
    readers: pd.DataFrame
    fairness: pd.DataFrame
    past: pd.DataFrame
    areas: gpd.GeoDataFrame
    streets: gpd.GeoDataFrame
    place_metres: int
    blocks_left: pd.DataFrame
    meetings_left: pd.DataFrame
    told: dict
    findings: dict[str, Finding]
    metrics: dict[str, float]

    @property
    def key_findings(self):
        """The findings of the summary box."""
        return [self.findings[name] for name in KEY if name in self.findings]

    @property
    def hidden(self):
        """Which groups are not listed."""
        return LEFT_OUT.format(few=self.few)

    @property
    def few_met(self):
        """What a dash means in the table of months replayed."""
        return FEW_MET.format(few=self.few)

    @property
    def ranking(self):
        """`trials` as `charts.ranking` wants them."""
        return self.trials.assign(name=self.trials["plan"].map(PLANS), value=self.trials["krw_per_hour"])


def analyse(inputs, choices):
    """Plan the next month, try the way of planning on months held back, and say what a further hour or reader would add.

    Parameters
    ----------
    inputs : Inputs
        As `load` returns.
    choices : Choices

    Returns
    -------
    Result
    """
    ground, held = ground_of(inputs), inputs.held
    held_back = choices.months[-trials.MOST_TRIALS :]
    tried = trials.try_months(inputs, choices, held_back)
    month = foresight.next_month(choices)
    blocks = choices.blocks_of(month)
    settings = foresight.settings_before(month, inputs, ground, choices)
    known = foresight.known_now(inputs, ground, choices, settings, sorted(blocks["slot"].unique()))
    if known is None:
        raise Refusal(
            f"{choices.opened.folder.name}: 기간 안에 체납차량의 판독이 없어 계획을 세울 수 없습니다. 판독 기록을 1_raw에 넣으세요.",
            f"{choices.opened.folder.name}: no vehicle in arrears was read in the period, so nothing can be planned. Put reads into 1_raw.",
        )
    done = past.delivered(inputs.before, inputs.log)
    factors = past.factors(done, ground.number_of, duty.rest_days)
    known = foresight.with_outcomes(known, factors)
    roster = ground.roster(blocks, choices.limits, choices.crew_kmh)
    plan = trials.plan_of(roster, known)
    scale, error = tried.scale
    scaled = {"scale": scale, "scale_error": error}
    told = stakeout.promise(plan, known.encounters, known.vehicles, **scaled)
    expected = stakeout.expected_by_block(plan, known.encounters, known.vehicles, **scaled)
    met = shown.meetings(plan, known, inputs)
    table = shown.blocks(plan, expected, met, ground.places)
    compared, curve = shown.trials(tried), shown.returns(plan, known, scale)
    further = shown.next_blocks(plan, roster, known, scale, ground.places)
    readers = shown.readers(known, ground, inputs, choices)
    eligible = held.vehicles[held.vehicles["eligible"].astype(bool)]
    in_plan = 1 - (1 - met.set_index("vehicle")["met"]).groupby(level=0).prod()
    chosen_ones = in_plan.reindex(eligible.index).fillna(0) >= shown.IN_PLAN
    fair = shown.fairness(eligible, chosen_ones, choices.smallest_count)
    earlier = past.promised_and_delivered(done)
    area_count = int(ground.places["area_name"].iloc[[p for numbers in plan["places"] for p in numbers]].nunique())
    findings = [
        sentences.plan_said(month, plan, told, len(eligible), choices),
        sentences.worth_said(known.recovery, choices),
        sentences.sites_said(table, area_count),
        *sentences.trials_said(tried, compared),
        *sentences.kept_said(tried, scale, error),
        *sentences.next_hour_said(curve, further, choices),
        sentences.readers_said(readers, ground.fixed_hour),
        sentences.fairness_said(fair),
        sentences.past_said(earlier, int((factors["factor"] < 1).sum())),
        sentences.register_said(held),
    ]
    findings = {finding.name: finding for finding in findings}
    return Result(
        period=choices.period,
        as_of=f"{held.day:%Y-%m-%d}",
        month=month,
        few=choices.smallest_count,
        headlines=_headlines(plan, told, len(eligible), len(held.vehicles)),
        calendar=shown.calendar(table),
        cards=shown.cards(table, shown.seen_here(known), ground.places, choices.cards, choices.smallest_count),
        sites=shown.sites(table, ground.places, TOP_SITES),
        trials=compared,
        months=shown.months(tried, choices.smallest_count),
        returns=curve,
        next_blocks=further,
        readers=readers,
        fairness=fair,
        past=earlier,
        areas=inputs.areas,
        streets=inputs.streets,
        place_metres=inputs.place_metres,
        blocks_left=leave.blocks_left(table, ground.places),
        meetings_left=leave.meetings_left(met, held, scale),
        told=_told(choices, inputs, blocks),
        findings=findings,
        metrics=_metrics(plan, told, tried),
    )


def _headlines(plan, told, eligible, in_arrears):
    """Headline numbers: label, value, unit and a remark (Text or None)."""
    vehicles, hours = Text("대", "vehicles"), plan["hours"].sum()
    value, low, high = (sentences.won(told[name]) for name in ("value", "value_low", "value_high"))
    of_all = Text(f"체납차량 {in_arrears:,}대 가운데", f"of {in_arrears:,} in arrears")
    between = Text(*(f"90%: {told['vehicles_low']:.0f}{to}{told['vehicles_high']:.0f}" for to in ("~", " to ")))
    of_hours = Text(f"{hours:,.0f}조·시간", f"over {hours:,.0f} crew-hours")
    each = sentences.won(told["value"] / hours) if hours else Text("–", "–")
    return [
        (Text("영치 대상", "Eligible"), f"{eligible:,}", vehicles, of_all),
        (Text("만날 차량", "Expected to be met"), f"{told['vehicles']:.0f}", vehicles, between),
        (
            Text("더 걷힐 금액", "Expected to be paid"),
            value,
            None,
            Text(f"90%: {low.ko}~{high.ko}", f"90%: {low.en} to {high.en}"),
        ),
        (Text("한 조, 한 시간에", "Per crew-hour"), each, None, of_hours),
    ]


def _told(choices, inputs, blocks):
    """What `plan.json` says besides the run."""
    days = pd.to_datetime(blocks["date"])
    return {
        "city": choices.opened.folder.name,
        "notebook": "delinquent_stakeout",
        "as_of": f"{inputs.held.day:%Y-%m-%d}",
        "snapshot_on": f"{inputs.held.snapshot_on:%Y-%m-%d}",
        "first_day": f"{days.min():%Y-%m-%d}",
        "last_day": f"{days.max():%Y-%m-%d}",
        "key_mark": inputs.key_mark,
    }


def _metrics(plan, told, tried):
    hours, rates, kept = plan["hours"].sum(), tried.per_crew_hour, tried.kept_by_month
    metrics = {
        "expected_recovered_krw_per_crew_hour": told["value"] / hours if hours else np.nan,
        "random_slot_share": plan["random"].mean(),
    }
    names = {"plan": "realised_recovered_krw_per_crew_hour"}
    metrics |= {names.get(name, f"realised_recovered_krw_per_crew_hour_{name}"): value for name, value in rates.items()}
    best = rates.reindex(trials.RIVALS).max()
    if best > 0 and trials.OURS in rates:
        metrics["gain_over_best_rival"] = rates[trials.OURS] / best - 1
    if kept["realised_value"].sum() > 0:
        metrics["promised_over_realised"] = kept["promised"].sum() / kept["realised_value"].sum()
    return {name: float(value) for name, value in metrics.items() if np.isfinite(value)}
