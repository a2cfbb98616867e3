"""What the plan leaves for those who come after: the field list, and the plan of the month after. Tokens only, never a plate."""

import json
import os

import pandas as pd

from dansok.cases.delinquent_stakeout.past import BLOCK_COLUMNS

MEETING_COLUMNS = ("block", "vehicle", "plate_token", "chance", "expected_krw", "reliability", "seen_class")


def blocks_left(table, places):
    """The table `blocks`: one row a block, as `past.BLOCK_COLUMNS`.

    Parameters
    ----------
    table : pd.DataFrame
        As `shown.blocks` gives.
    places : pd.DataFrame
        As `Ground.places`; a block of several places lies at the first of them.
    """
    first = places.iloc[[numbers[0] for numbers in table["places"]]]
    starts = pd.to_datetime(table["date"]) + pd.to_timedelta(table["start_hour"], unit="h")
    frame = pd.DataFrame(
        {
            "block": table.index.astype("str"),
            "team": table["team"].astype("str").to_numpy(),
            "starts_at": starts.to_numpy(),
            "ends_at": (starts + pd.to_timedelta(table["hours"], unit="h")).to_numpy(),
            "how": table["how"].to_numpy(),
            "place_name": [text.ko for text in table["where"]],
            "area_name": first["area_name"].to_numpy(),
            "x": first["x"].to_numpy(),
            "y": first["y"].to_numpy(),
            "control": table["random"].to_numpy(bool),
            "control_chance": table["drawn_chance"].to_numpy(float),
            "expected_vehicles": table["vehicles"].to_numpy(),
            "expected_krw": table["value"].to_numpy(),
            "low_vehicles": table["vehicles_low"].to_numpy(),
            "high_vehicles": table["vehicles_high"].to_numpy(),
            "low_krw": table["value_low"].to_numpy(),
            "high_krw": table["value_high"].to_numpy(),
        }
    )
    return frame[list(BLOCK_COLUMNS)]


def meetings_left(met, held, scale):
    """The table `meetings`: one row a block and vehicle that may be met there, as `MEETING_COLUMNS`, scaled.

    `chance` is that of meeting it in this block, whatever came before; `expected_krw` is what the block adds, so that those of one
    vehicle never sum to more than its seizure adds.
    """
    token = held.vehicles["plate_token"].reindex(met["vehicle"]).to_numpy()
    frame = met.assign(plate_token=token, chance=(scale * met["met"]).clip(upper=1), expected_krw=scale * met["value"])
    return frame[list(MEETING_COLUMNS)]


def save_plan(folder, result):
    """Write `blocks.parquet`, `meetings.parquet` and `plan.json` beside the findings, the last when the others are whole.

    Parameters
    ----------
    folder : Path
        4_analysed/delinquent_stakeout/<run>.
    result : Result
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "plan.json").unlink(missing_ok=True)
    for name, table in (("blocks", result.blocks_left), ("meetings", result.meetings_left)):
        part = folder / f"{name}.parquet.part"
        table.to_parquet(part, index=False)
        os.replace(part, folder / f"{name}.parquet")
    told = {**result.told, "run": folder.name.removesuffix(".part")}  # a run is renamed when it is whole
    (folder / "plan.json").write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
