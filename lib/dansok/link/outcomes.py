"""What came of the blocks of a plan, by the log sheets that crews brought back: hits, and visits in vain, which are no less of an answer."""

import pandas as pd
from ibis import _

MET = ("seized", "notice", "towed", "paid_on_spot", "settled", "met")
COUNTED = {"seized": ("seized",), "paid_on_spot": ("paid_on_spot",), "settled": ("settled",)}


def worked_blocks(outcomes, until=None):
    """The blocks that crews worked, and what they met.

    Parameters
    ----------
    outcomes : ibis.Table
        As `tables.OUTCOMES` describes. Rows without a block belong to no plan and are left out.
    until : datetime.date, optional
        Last day that may be known.

    Returns
    -------
    pd.DataFrame, one row a block, in order of `block`
        `block`, `worked_on` (datetime64, day), `hits` (vehicles met; rows whose plate could not be read count one each), `in_vain` (bool:
        nobody was met), `seized`, `paid_on_spot`, `settled` (vehicles), `paid_krw`. A block of which no row has a result is not here:
        nobody was there, or nobody said so.

    Notes
    -----
    A sheet that was taken back twice under two names counts once: vehicles are counted by plate within a block.
    """
    rows = outcomes.filter(_.block.notnull())
    if until is not None:
        rows = rows.filter(_.acted_at.date() <= until)
    rows = rows.select(
        "block", "acted_at", "action", "plate_token", "paid_krw", "source_file", "source_row"
    ).to_pandas()
    rows = rows.sort_values(["block", "acted_at", "source_file", "source_row"], kind="stable")
    unread = "?" + rows["source_file"].astype("str") + rows["source_row"].astype("str")
    rows = rows.assign(vehicle=rows["plate_token"].fillna(unread))
    met = rows[rows["action"].isin(MET)].drop_duplicates(["block", "vehicle", "action"])
    of_block = rows.groupby("block", sort=True)
    table = pd.DataFrame({"worked_on": of_block["acted_at"].min().dt.normalize()})
    table["hits"] = met.groupby("block")["vehicle"].nunique().reindex(table.index, fill_value=0)
    table["in_vain"] = table["hits"] == 0
    for name, actions in COUNTED.items():
        done = met[met["action"].isin(actions)].groupby("block")["vehicle"].nunique()
        table[name] = done.reindex(table.index, fill_value=0)
    table["paid_krw"] = met.groupby("block")["paid_krw"].sum().reindex(table.index, fill_value=0).astype("int64")
    return table.reset_index()


def site_log(worked, blocks):
    """What crews found at each site and slot, as `models.stakeout.outcome_factors` wants it.

    Parameters
    ----------
    worked : pd.DataFrame
        As `worked_blocks` returns.
    blocks : pd.DataFrame, one row a planned block
        `block`, `place` and `slot` (labels of the model that is to learn), `expected_vehicles`.

    Returns
    -------
    pd.DataFrame, one row a site and slot of `blocks`
        `place`, `slot`, `visits` (blocks worked), `hits` (vehicles), `misses` (visits in vain), `expected` (vehicles promised for the
        visits that took place). Zero visits where no planned block was worked.

    Raises
    ------
    ValueError
        If a block is planned twice.

    Examples
    --------
    >>> planned = pd.DataFrame({"block": ["1", "2", "3"], "place": "lot", "slot": "night", "expected_vehicles": 0.5})
    >>> worked = pd.DataFrame({"block": ["1", "2"], "hits": [0, 2], "in_vain": [True, False]})
    >>> site_log(worked, planned).values.tolist()
    [['lot', 'night', 2, 2, 1, 1.0]]
    """
    planned = blocks[["block", "place", "slot", "expected_vehicles"]]
    found = planned.merge(worked[["block", "hits", "in_vain"]], on="block", how="left", validate="one_to_one")
    found["visits"] = found["hits"].notna()
    found["misses"] = found["in_vain"].eq(True)
    found["expected"] = found["expected_vehicles"].where(found["visits"], 0.0)
    summed = found.groupby(["place", "slot"], sort=True, as_index=False)[["visits", "hits", "misses", "expected"]].sum()
    return summed.astype({"visits": "int64", "hits": "int64", "misses": "int64", "expected": "float64"})
