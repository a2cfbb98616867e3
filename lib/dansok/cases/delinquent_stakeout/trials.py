"""Plans held against months that were kept from them: our plan, its rivals, and what crews did.

Rivals are held to what no crew can escape: blocks, travel, sites at which one cannot wait. Rules that the office sets itself (blocks
drawn at random, areas reached, no site again in one shift) bind our plan alone and are its cost; how much they cost is
told by the same plan without them.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from dansok.cases.delinquent_stakeout import duty, foresight
from dansok.cases.delinquent_stakeout.ground import ground_of, seen_at, squad_hours
from dansok.models import stakeout
from dansok.words import Refusal

MOST_TRIALS = 6  # months held back, the last ones
PRIOR_ERROR = 0.2  # of the logarithm of realised over promised, before any month tells
OURS, UNBOUND, PRACTICE = "plan", "unbound", "practice"
RIVALS = ("ten_busiest", "busiest_once", "most_debt_once")


@dataclass(frozen=True)
class Trials:
    """`table`, one row a month held back and plan: `month`, `plan`, and the columns of `stakeout.replay`."""

    table: pd.DataFrame

    @property
    def scale(self):
        """As `scale_of`, of all months."""
        return scale_of(self.table[self.table["plan"] == OURS])

    @property
    def per_crew_hour(self):
        """Won that each plan would have recovered in a crew-hour, at equal hours: pd.Series by plan."""
        known = self.table.dropna(subset=["equal_value"])
        sums = known.groupby("plan", sort=False)[["equal_value", "equal_hours"]].sum()
        return sums["equal_value"] / sums["equal_hours"]

    @property
    def kept_by_month(self):
        """Months with one before: rows of our plan with `promised` in won, scaled by what the months before realised."""
        own = self.table[(self.table["plan"] == OURS) & self.table["promised_value"].gt(0)].sort_values("month")
        own = own.reset_index(drop=True)
        scales = [scale_of(own.iloc[:nth])[0] for nth in range(len(own))]
        return own.assign(promised=own["promised_value"] * scales).iloc[1:].reset_index(drop=True)

    def error_of(self, plan):
        """Standard error of the logarithm of what a plan would have recovered at equal hours: fewer hours, fewer vehicles."""
        own = self.table[(self.table["plan"] == plan) & self.table["realised_value"].gt(0)]
        realised = own["realised_value"].sum()
        if not realised > 0 or not own["equal_value"].sum() > 0:
            return np.nan
        error = np.sqrt(((own["scale_error"] * own["realised_value"]) ** 2).sum()) / realised
        return float(error * np.sqrt(realised / own["equal_value"].sum()))


def scale_of(own):
    """What to multiply a promise with, and the standard error of its logarithm, from replays of our plan (rows).

    Notes
    -----
    Realised over promised value of all months together, held towards 1 by as much as it is uncertain: the logarithm is normal with
    mean 0 and standard deviation `PRIOR_ERROR` before any month tells, and its mean after them is used. A few vehicles more or
    less in a month would move it to and fro otherwise.
    """
    own = own[own["promised_value"].gt(0) & own["realised_value"].notna()]
    realised, promised = own["realised_value"].sum(), own["promised_value"].sum()
    if not realised > 0:
        return 1.0, PRIOR_ERROR
    error = np.sqrt(((own["scale_error"] * own["realised_value"]).fillna(0) ** 2).sum()) / realised
    weight = PRIOR_ERROR**2 / (PRIOR_ERROR**2 + error**2)
    return float((realised / promised) ** weight), float(np.sqrt(weight) * error)


def try_months(inputs, choices, months):
    """Replay plans in months of the period, each made from what was known when it began.

    Parameters
    ----------
    inputs, choices : as the case has them
    months : list of str
        Settings of the model of whereabouts are chosen before the first.

    Returns
    -------
    Trials
    """
    rows, settings = [], None
    for month in months:
        blocks, ground = choices.blocks_of(month), ground_of(inputs, before=month)
        settings = settings or foresight.settings_before(month, inputs, ground, choices)
        known = foresight.known_before(month, inputs, ground, choices, settings, sorted(blocks["slot"].unique()))
        if known is None:
            continue
        roster = ground.roster(blocks, choices.limits, choices.crew_kmh)
        plans = plans_of(roster, known, inputs, ground, [one for one in choices.months if one < month])
        looks = ground.looks_of([month], choices.hours_to_meet)
        slot, place = np.nonzero(looks)
        looks = pd.DataFrame({"slot": slot, "place": place, "looks": looks[slot, place]})
        seen = seen_at(inputs.looks, ground, [month]).groupby(["vehicle", "slot", "place"]).size()
        told = stakeout.replay(plans, known.encounters, seen.rename("visits").reset_index(), looks, known.vehicles)
        rows.append(told.rename_axis("plan").reset_index().assign(month=month))
    columns = ["month", "plan"]
    table = pd.concat(rows, ignore_index=True) if rows else pd.DataFrame(columns=[*columns, *_TOLD], dtype=float)
    return Trials(table[[*columns, *(name for name in table if name not in columns)]])


_TOLD = ("answered", "realised_value", "promised_value", "scale_error", "equal_value", "equal_hours")


def plan_of(roster, known):
    """`stakeout.make_plan`, or a refusal where its rules cannot be met together."""
    try:
        return stakeout.make_plan(roster, known.encounters, known.vehicles)
    except ValueError as error:
        month = f"{roster.blocks['date'].min():%Y-%m}"
        raise Refusal(
            f"{month}: 정한 조건을 모두 지키는 계획이 없습니다({error}). area_blocks를 줄이거나 teams, nights를 늘리세요.",
            f"{month}: no plan keeps all that is set ({error}). Lower area_blocks, or raise teams or nights.",
        ) from error


def plans_of(roster, known, inputs, ground, before):
    """Our plan, the same without its own rules, rivals in as many blocks, and what squads did in the months `before` in as many hours."""
    ours, freed = plan_of(roster, known), replace(roster, limits=roster.limits.unbound)
    unbound = stakeout.make_plan(freed, known.encounters, known.vehicles, n_blocks=len(ours))
    rivals = stakeout.rival_plans(roster, known.sightings, known.vehicles, n_blocks=len(ours))
    plans = {OURS: ours, UNBOUND: unbound} | rivals
    done = squad_hours(inputs.watched, ground, before)
    if len(done) and len(ours):
        plans[PRACTICE] = practice(done, ours["hours"].sum(), roster.limits.mean_hours, ours["hours"].mean())
    return plans


def practice(done, crew_hours, mean_hours, block_hours):
    """Where and when squads were, as a plan of so many crew-hours; no time is taken off for the way between places.

    Parameters
    ----------
    done : pd.DataFrame
        `slot`, `place`, `hours`: of months together.
    block_hours : float
        No stay is longer: the hours of a place are many stays on many days, of which each meets anew.
    """
    hours = (done["hours"] * crew_hours / done["hours"].sum()).to_numpy()
    stays = np.ceil(hours / block_hours).astype(int)
    row = np.repeat(np.arange(len(done)), stays)
    hours = (hours / stays)[row]
    return pd.DataFrame(
        {
            "team": "", "date": duty.NO_DAY, "start_hour": 0.0, "slot": done["slot"].to_numpy()[row], "hours": hours,
            "places": [(place,) for place in done["place"].to_numpy()[row]], "delta": stakeout.share_met(hours, mean_hours),
        }
    )  # fmt: skip
