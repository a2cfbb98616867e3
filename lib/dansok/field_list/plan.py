"""The stake-out plan as its notebook leaves it in 4_analysed: blocks, the vehicles expected in each, and what it was made from."""

import json
import re
from dataclasses import dataclass, field

import pandas as pd

from dansok.words import Refusal

NOTEBOOK = "delinquent_stakeout"
RUN_NAME = re.compile(r"[\w-]+")
BLOCKS = ("block", "team", "starts_at", "ends_at", "how", "place_name", "area_name", "x", "y")
MEETINGS = ("block", "vehicle", "chance", "expected_krw", "reliability", "seen_class")
DAYS = ("as_of", "snapshot_on", "first_day", "last_day")


@dataclass(frozen=True)
class Plan:
    """`blocks`, one row a block; `meetings`, one row a block and vehicle, with `plate_token`; the days are pd.Timestamp."""

    run: str
    as_of: pd.Timestamp
    snapshot_on: pd.Timestamp
    first_day: pd.Timestamp
    last_day: pd.Timestamp
    key_mark: str | None
    blocks: pd.DataFrame = field(repr=False)
    meetings: pd.DataFrame = field(repr=False)


def last_day(folder):
    """Last day of the plan whose tables lie in a folder (pd.Timestamp); long ago where its own word is missing."""
    path = folder / "plan.json"
    said = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return pd.Timestamp(said.get("last_day", "1900-01-01"))


def read_plan(city, run):
    """The plan of a run.

    Parameters
    ----------
    city : dansok.city.City
    run : str
        Name of the run, as in `notebooks/runs/delinquent_stakeout/`.

    Raises
    ------
    Refusal
        If there is none, it cannot be read, or it was made for another city.
    """
    folder = city.analysed / NOTEBOOK / run
    if not RUN_NAME.fullmatch(run) or not (folder / "plan.json").is_file():
        there = ", ".join(sorted(path.parent.name for path in (city.analysed / NOTEBOOK).glob("*/plan.json"))) or "-"
        raise Refusal(
            f"{city.folder.name}: 단속 계획 '{run}'이(가) 없습니다(있는 계획: {there}). 먼저 체납차량 단속 계획 노트북을 돌리세요.",
            f"{city.folder.name} has no stake-out plan '{run}' (plans there: {there}). Run the notebook {NOTEBOOK} first.",
        )
    try:
        facts = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
        blocks, meetings = (pd.read_parquet(folder / f"{name}.parquet") for name in ("blocks", "meetings"))
        days = {name: pd.Timestamp(facts[name]) for name in DAYS}
        blocks[list(BLOCKS)], meetings[list(MEETINGS)]
    except (OSError, ValueError, KeyError) as error:
        raise Refusal(
            f"단속 계획 '{run}'이(가) 손상되었거나 차량 토큰의 보존 기간이 지나 지워졌습니다({type(error).__name__}). 노트북을 다시 돌리세요.",
            f"The plan '{run}' is damaged, or its vehicles were deleted when their time was over ({type(error).__name__}). "
            "Run the notebook again.",
        ) from None
    if facts.get("city") != city.folder.name:
        raise Refusal(
            f"단속 계획 '{run}'은(는) 다른 도시('{facts.get('city')}')의 것입니다. {city.folder.name}의 자료로 계획을 다시 만드세요.",
            f"The plan '{run}' was made for another city ('{facts.get('city')}'). Make it again from the data of {city.folder.name}.",
        )
    return Plan(run, key_mark=facts.get("key_mark"), blocks=blocks, meetings=meetings, **days)
