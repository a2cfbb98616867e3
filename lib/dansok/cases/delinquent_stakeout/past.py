"""Plans left before, what crews logged of them, and how far that moves the next one."""

import json
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dansok.cases.delinquent_map.presence import slot_of
from dansok.models import stakeout

LOG_COLUMNS = ("acted_at", "action", "crew", "block", "plate_token")
HITS = ("seized", "notice", "towed", "paid_on_spot", "settled", "met")
NO_ACT = "returned"  # of a plate, at the office
BLOCK_COLUMNS = (
    "block", "team", "starts_at", "ends_at", "how", "place_name", "area_name", "x", "y", "control", "control_chance",
    "expected_vehicles", "expected_krw", "low_vehicles", "high_vehicles", "low_krw", "high_krw",
)  # fmt: skip


@dataclass(frozen=True)
class Before:
    """`blocks` of earlier plans, with `run`; `runs`, one row a plan: `run`, `first_day`, `last_day`."""

    blocks: pd.DataFrame
    runs: pd.DataFrame


def plans_until(folder, day):
    """The plans in `folder` that ended by a day; of those for the same days the one made last.

    Parameters
    ----------
    folder : Path
        4_analysed/delinquent_stakeout.
    day : pd.Timestamp

    Returns
    -------
    Before
    """
    found = []
    for path in sorted(folder.glob("*/plan.json")):
        told = json.loads(path.read_text(encoding="utf-8"))
        blocks = path.parent / "blocks.parquet"
        if path.parent.suffix == ".part":  # a run that is not whole
            continue
        if pd.Timestamp(told["last_day"]) <= day and blocks.is_file():
            found.append((told["first_day"], told["last_day"], path.stat().st_mtime, told["run"], blocks))
    latest = {one[:2]: one for one in sorted(found)}
    runs = pd.DataFrame([(run, first, last) for first, last, _at, run, _path in latest.values()])
    runs = runs.set_axis(["run", "first_day", "last_day"], axis=1) if len(runs) else pd.DataFrame(columns=["run"])
    parts = [pd.read_parquet(path).assign(run=run) for *_days, run, path in latest.values()]
    blocks = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=[*BLOCK_COLUMNS, "run"])
    return Before(blocks, runs)


def delivered(before, log):
    """What crews logged in the blocks of earlier plans.

    Parameters
    ----------
    before : Before
    log : pd.DataFrame
        `LOG_COLUMNS` of whatever was logged; a return of a plate is no part of a block, and an entry that
        is no hit is a vehicle, or a whole block, looked for in vain.

    Returns
    -------
    pd.DataFrame, rows as `before.blocks`
        With `entries` (rows that name the block as the log sheets of field lists do, or name none and are of its team within its
        hours), `hits` (vehicles, each once a plan as in its promise: in the block that met it first) and `in_vain` (entries, and
        no vehicle met). A block without an entry is not known to have been worked.
    """
    acts = log[log["action"] != NO_ACT]
    found, met_by_run = {}, {}
    for block in before.blocks.sort_values("starts_at", kind="stable").itertuples():
        following = before.blocks.loc[before.blocks["team"] == block.team, "starts_at"]
        at_the_next = acts["acted_at"].eq(block.ends_at) & acts["acted_at"].isin(following)
        in_time = acts["acted_at"].between(block.starts_at, block.ends_at) & ~at_the_next & (acts["crew"] == block.team)
        own = acts[(acts["block"] == block.block) | (acts["block"].isna() & in_time)]
        met = own.loc[own["action"].isin(HITS), "plate_token"]
        # A seizure may stand in the office's own export and in the crew's log sheet.
        before_it = met_by_run.setdefault(block.run, set())
        new = set(met.dropna()) - before_it
        before_it |= new
        found[block.Index] = (len(own), len(new) + int(met.isna().sum()), len(own) > 0 and met.empty)
    told = pd.DataFrame.from_dict(found, orient="index", columns=["entries", "hits", "in_vain"])
    return before.blocks.join(told.astype({"entries": int, "hits": int, "in_vain": bool}))


def factors(done, place_of, rest_days):
    """How far the blocks that were worked raise or lower their sites: as `stakeout.outcome_factors` gives.

    Parameters
    ----------
    done : pd.DataFrame
        As `delivered` gives.
    place_of : callable
        Numbers of the places at `x`, `y` (arrays); -1 where there is none now.
    rest_days : callable
        Whether each day (Series of timestamp) is a rest day.
    """
    worked = done[done["entries"] > 0]
    slots = slot_of(pd.DataFrame({"hour": _middle(worked).dt.hour, "rest_day": rest_days(worked["starts_at"])}))
    rows = worked.assign(place=place_of(worked["x"], worked["y"]), slot=slots, misses=worked["in_vain"])
    by_site = rows[rows["place"] >= 0].groupby(["place", "slot"], as_index=False)
    table = by_site.agg(
        visits=("hits", "size"), hits=("hits", "sum"), misses=("misses", "sum"), expected=("expected_vehicles", "sum")
    )
    return stakeout.outcome_factors(table)


def _middle(blocks):
    starts = pd.to_datetime(blocks["starts_at"])
    return starts + (pd.to_datetime(blocks["ends_at"]) - starts) / 2


def promised_and_delivered(done):
    """By plan: `run`, `blocks`, `worked`, `expected`, `low`, `high` (vehicles in the blocks worked), `hits`, `in_vain` (blocks)."""
    worked = done.assign(worked=done["entries"] > 0)
    for name in ("expected_vehicles", "low_vehicles", "high_vehicles"):
        worked[name] = worked[name].where(worked["worked"], 0.0)
    table = worked.groupby("run", as_index=False).agg(
        blocks=("block", "size"), worked=("worked", "sum"), expected=("expected_vehicles", "sum"), hits=("hits", "sum"),
        in_vain=("in_vain", "sum"),
    )  # fmt: skip
    # Of a sum of many small chances: Poisson, as wide as its mean.
    spread = 1.645 * np.sqrt(table["expected"].astype(float))
    return table.assign(low=(table["expected"] - spread).clip(lower=0), high=table["expected"] + spread)
