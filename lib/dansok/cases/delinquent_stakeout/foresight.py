"""Whom crews would meet where, and what that is worth: as known on a day."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from dansok.cases.delinquent_map import presence, worth
from dansok.cases.delinquent_stakeout.ground import seen_at
from dansok.models import recovery, stakeout, whereabouts
from dansok.periods import shift

LATE_SHARE = 0.25  # of the looks, the last ones, are held back to choose the settings of the model of whereabouts


@dataclass(frozen=True)
class Known:
    """What one day could know.

    Attributes
    ----------
    vehicles : pd.DataFrame, indexed by vehicle
        Every vehicle in arrears: `eligible`, `value` (won that its seizure adds within `worth.HORIZON_DAYS`; 0 where not eligible).
    encounters : stakeout.Encounters
        Chances in a look: what a crew meets in `hours_to_meet` at a place, were none of it met yet.
    model : whereabouts.Whereabouts
    active : pd.Series, indexed by vehicle
        Share of its time that a vehicle is where a look would meet it.
    seen : pd.DataFrame
        As `ground.seen_at` gives, of the months before.
    recovery : recovery.Recovery
    """

    vehicles: pd.DataFrame
    encounters: stakeout.Encounters
    model: whereabouts.Whereabouts
    active: pd.Series
    seen: pd.DataFrame
    recovery: recovery.Recovery

    @property
    def sightings(self):
        """`vehicle`, `slot`, `place`, `visits`, as rivals want them."""
        return self.seen.groupby(["vehicle", "slot", "place"]).size().rename("visits").reset_index()


@dataclass(frozen=True)
class _Held:
    day: pd.Timestamp
    vehicles: pd.DataFrame


def known_before(month, inputs, ground, choices, settings, slots):
    """What was known when a month of the period began; None where no register or too little looking lies before."""
    day = pd.Timestamp(f"{month}-01") - pd.Timedelta(days=1)
    days = pd.to_datetime(inputs.history["snapshot_on"])
    before = [one for one in choices.months if one < month]
    if not (days <= day).any():
        return None
    register = inputs.history[days == days[days <= day].max()].set_index("vehicle")
    unpaid = ~(pd.to_datetime(register["until_on"]) <= day)
    vehicles = register[unpaid].assign(oldest_due_on=lambda table: pd.to_datetime(table["oldest_due_on"]))
    return _known(_Held(day, vehicles), before, inputs, ground, choices, settings, slots)


def known_now(inputs, ground, choices, settings, slots):
    """What is known on the day of the question."""
    held = inputs.held
    return _known(_Held(held.day, held.vehicles), choices.months, inputs, ground, choices, settings, slots)


def _known(held, months, inputs, ground, choices, settings, slots):
    seen = _seen_of_debtors(inputs, ground, months, held.day)
    if seen.empty or not held.vehicles["eligible"].any():
        return None
    everyone = held.vehicles.index.union(seen["vehicle"].unique())
    looks, middles = ground.looks_of(months, choices.hours_to_meet), ground.places[["x", "y"]].to_numpy(float)
    homes = _homes(inputs, held.day, ground)
    model = whereabouts.fit(seen, looks, middles, settings, everyone, ground.read_of(months), homes)
    active = whereabouts.activity(model, looks)["activity"]
    vehicles, paid = _worth(held, inputs, choices)
    wanted = vehicles.index[vehicles["eligible"]]
    tables = model.table(vehicles=wanted, slots=slots)
    background = np.nan_to_num(model.background())
    encounters = stakeout.encounters_of(*tables, background, active.reindex(wanted))
    return Known(vehicles, encounters, model, active, seen, paid)


def _seen_of_debtors(inputs, ground, months, day):
    """Looks at the vehicles that stood in a register by a day, as `ground.seen_at` gives."""
    seen = seen_at(inputs.looks, ground, months)
    return seen[seen["vehicle"].isin(inputs.history.loc[_until(inputs, day), "vehicle"])].reset_index(drop=True)


def _until(inputs, day):
    return pd.to_datetime(inputs.history["snapshot_on"]) <= day


def _worth(held, inputs, choices):
    """Won that seizure adds, of each vehicle; what would be paid anyway is assumed where outcomes are too few."""
    history = inputs.history[_until(inputs, held.day)]
    seizures = inputs.seizures[inputs.seizures["acted_at"] < held.day + pd.Timedelta(days=1)]
    followed = worth.followed(history, seizures, held.day)
    model = recovery.fit(followed, worth.HORIZON_DAYS, published_anyway=choices.pays_anyway)
    debts = worth.debts_of(held)
    adds = model.value(debts)["uplift_krw"].astype(float).clip(lower=0) if len(debts) else pd.Series(dtype=float)
    eligible = held.vehicles["eligible"].astype(bool)
    return pd.DataFrame({"eligible": eligible, "value": adds.reindex(eligible.index).fillna(0.0)}), model


def with_outcomes(known, factors):
    """`Known`, with what crews found at sites; `factors` as `past.factors` gives."""
    return replace(known, encounters=stakeout.apply_factors(known.encounters, factors))


def settings_before(month, inputs, ground, choices):
    """Settings of the model of whereabouts, chosen on what was known when a month began; the model's own where that is little."""
    months, day = [one for one in choices.months if one < month], pd.Timestamp(f"{month}-01") - pd.Timedelta(days=1)
    seen = _seen_of_debtors(inputs, ground, months, day)
    late = seen["day"] > seen["day"].quantile(1 - LATE_SHARE)
    if len(seen) < presence.LEAST_VISITS or late.all() or not late.any():
        return whereabouts.Settings()
    middles = ground.places[["x", "y"]].to_numpy(float)
    homes = _homes(inputs, day, ground)
    looks = ground.looks_of(months, choices.hours_to_meet)
    return whereabouts.choose_settings(seen, looks, middles, late, ground.read_of(months), homes)


def _homes(inputs, day, ground):
    """Area of each place, and the one in which each vehicle was last registered; None where no register names the city's areas."""
    areas = ground.places["area_name"].astype(object)
    homes = (
        inputs.history[_until(inputs, day)]
        .drop_duplicates("vehicle", keep="last")
        .set_index("vehicle")["home_area"]
        .astype(object)
    )
    return (areas.to_numpy(), homes) if areas.isin(homes.dropna().unique()).any() else None


def next_month(choices):
    """The month that is planned."""
    return shift(choices.last_month, 1)
