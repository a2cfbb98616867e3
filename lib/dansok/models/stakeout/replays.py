"""What plans would have met in a month that was held back from them."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dansok.models.stakeout.encounters import Chances, places_of
from dansok.models.stakeout.promises import met_at_all
from dansok.models.stakeout.roster import has_columns

_TOLD = [
    "blocks", "crew_hours", "answered", "realised_value", "realised_vehicles", "promised_value", "promised_vehicles",
    "scale", "scale_error", "equal_hours", "equal_value",
]  # fmt: skip


def replay(plans, encounters, visits, looks, vehicles):
    """What plans would have met in a month that was held back from them.

    Parameters
    ----------
    plans : dict of str to pd.DataFrame
        As `make_plan` and the rivals give them, made without the month.
    encounters : Encounters
        Those that the promises are made with, likewise.
    visits : pd.DataFrame, one row a vehicle, slot and place
        `vehicle`, `slot`, `place`, `visits`: days on which it was seen there in the month.
    looks : pd.DataFrame, one row a slot and place
        `slot`, `place`, `looks`: effort behind the visits, as the sum over the days of the share met, such as
        `share_met(hours watched, mean_hours)`. No row, or 0: nobody looked.
    vehicles : as for `make_plan`

    Returns
    -------
    pd.DataFrame, one row a plan
        `blocks`, `crew_hours`, `answered` (share of the crew-hours that the month can answer), `realised_value`,
        `realised_vehicles`, `promised_value`, `promised_vehicles` (all four in the answered part), `scale` (realised
        over promised value: what the next promise is multiplied with), `scale_error` (standard error of its logarithm),
        `equal_hours` (the fewest answered crew-hours of any plan) and `equal_value` (realised in so many): what plans
        are compared by. Missing where nothing was answered; no scale where nothing was promised, and no error where
        nothing was realised.

    Raises
    ------
    ValueError
        If visits were recorded where nobody looked.

    Notes
    -----
    Effort is only re-ordered inside a place-slot: of L looks that were made there the plan makes a part f at random,
    and so meets a vehicle seen on n days with chance 1 - (1 - f)^n. A plan that asks for more looks than were made gets
    those that were made; the others, and those where nobody looked, are not answered, neither as 0 nor by a guess. The
    promise is held against the same part. Returns fall with every look, so plans that are answered in different parts
    are compared after thinning all evenly to the same hours. The error of the scale is that of a sum of values of
    vehicles that are met by chance (compound Poisson).

    Examples
    --------
    >>> from dansok.models.stakeout import Encounters
    >>> plan = pd.DataFrame({"team": 1, "date": pd.Timestamp("2024-05-02"), "start_hour": [18, 20], "hours": 2,
    ...                      "slot": "evening", "places": [("lot",), ("park",)], "delta": 0.8})
    >>> chances = pd.DataFrame({"vehicle": ["A"], "slot": "evening", "place": "lot", "probability": 0.5})
    >>> owed = pd.DataFrame({"value": [400_000], "eligible": True}, ["A"])
    >>> seen = pd.DataFrame({"vehicle": ["A"], "slot": "evening", "place": "lot", "visits": 2})
    >>> looks = pd.DataFrame({"slot": ["evening"], "place": "lot", "looks": 8})
    >>> told = replay({"plan": plan}, Encounters(chances), seen, looks, owed).loc["plan"]
    >>> told[["answered", "realised_value", "promised_value"]].astype(float).round(1).tolist()
    [0.5, 76000.0, 160000.0]
    """
    has_columns("visits", visits, ("vehicle", "slot", "place", "visits"))
    has_columns("looks", looks, ("slot", "place", "looks"))
    made = looks.set_index(["slot", "place"])["looks"]
    if not made.index.is_unique or not (made >= 0).all():
        raise ValueError("looks has a slot and place twice, or looks that are missing or below zero")
    behind = made.reindex(pd.MultiIndex.from_frame(visits[["slot", "place"]])).to_numpy()
    if not (behind[visits["visits"].to_numpy() > 0] > 0).all():
        raise ValueError(f"{(~(behind > 0)).sum()} rows of visits lie where nobody looked")
    chances = Chances(encounters, vehicles, places_of(plans.values(), encounters))
    eligible = visits[visits["vehicle"].isin(chances.vehicles) & (visits["visits"] > 0)]
    parts = {name: _AnsweredPart.of(plan, made) for name, plan in plans.items()}
    equal_hours = min((part.hours for part in parts.values() if part.hours > 0), default=math.nan)
    told = {name: _replayed(part, eligible, chances, equal_hours) for name, part in parts.items()}
    return pd.DataFrame.from_dict(told, orient="index").reindex(columns=_TOLD)


@dataclass(frozen=True)
class _AnsweredPart:
    """What a month can say about a plan."""

    plan: pd.DataFrame  # with `delta` one number a stop, cut to what can be answered
    hours: float  # crew-hours answered
    taken: pd.Series  # share of the looks made that the plan takes, by slot and place

    @classmethod
    def of(cls, plan, made):
        stops = plan.assign(hours=plan["hours"] / plan["places"].map(len)).explode("places")
        asked = stops.groupby(["slot", "places"], sort=False)["delta"].sum()
        made = made.reindex(asked.index).fillna(0.0)
        answered = (made / asked).clip(upper=1)
        hours = stops["hours"].to_numpy() * answered.reindex(stops.set_index(["slot", "places"]).index).to_numpy()
        rows = zip(plan["slot"], plan["places"], plan["delta"], strict=True)
        delta = [share * np.array([answered[slot, place] for place in places]) for slot, places, share in rows]
        taken = (asked / made.where(made > 0)).clip(upper=1).fillna(0.0)
        return cls(plan.assign(delta=pd.Series(delta, plan.index, dtype=object)), float(hours.sum()), taken)


def _replayed(part, visits, chances, equal_hours):
    """One row of `replay`."""
    crew_hours = float(part.plan["hours"].sum())
    told = {"blocks": len(part.plan), "crew_hours": crew_hours}
    if not part.hours > 0:
        return told | {"answered": 0.0 if crew_hours else math.nan}
    realised = _met_in_replay(part.taken, visits, chances)
    promised = met_at_all(part.plan, chances)
    value, promised_value = realised @ chances.value, promised @ chances.value
    return told | {
        "answered": part.hours / crew_hours,
        "realised_value": value,
        "realised_vehicles": realised.sum(),
        "promised_value": promised_value,
        "promised_vehicles": promised.sum(),
        "scale": value / promised_value if promised_value > 0 else math.nan,
        "scale_error": math.sqrt(((chances.value * realised) ** 2).sum()) / value if value > 0 else math.nan,
        "equal_hours": equal_hours,
        "equal_value": _met_in_replay(part.taken * equal_hours / part.hours, visits, chances) @ chances.value,
    }


def _met_in_replay(taken, visits, chances):
    """Chance of each vehicle to be met, if a plan takes these shares of the looks at place-slots."""
    share = taken.reindex(pd.MultiIndex.from_frame(visits[["slot", "place"]])).fillna(0.0).to_numpy()
    missed = np.ones(len(chances.vehicles))
    np.multiply.at(missed, chances.vehicles.get_indexer(visits["vehicle"]), (1 - share) ** visits["visits"].to_numpy())
    return 1 - missed
