"""What seizing plates would add, by portfolio, and who is chosen beside who is in arrears."""

import numpy as np
import pandas as pd

from dansok.cases.delinquent_map.counts import MILLION, chosen_among, classed
from dansok.cases.delinquent_map.labels import ALL, GROUPINGS, PLATE_CLASSES, REGISTERED
from dansok.models import recovery
from dansok.words import Text

HORIZON_DAYS = 90
NOWHERE = "-"  # 읍면동 of a vehicle that is not registered here
VALUED = ["pay_if_seized", "pays_anyway", "uplift_krw", "low", "high"]
PORTFOLIO = [
    "group", "vehicles", "million_krw", "pay_if_seized", "pays_anyway", "uplift", "low", "high", "per_vehicle",
]  # fmt: skip


def followed(history, seizures, last_day):
    """Vehicles from the first register by which their plate could be taken: what became of them.

    Parameters
    ----------
    history : pd.DataFrame
        As `tables.DEBTORS`, of registers until the day.
    seizures : pd.DataFrame
        `vehicle`, `acted_at`.
    last_day : pd.Timestamp
        Until which payments are known.

    Returns
    -------
    pd.DataFrame, indexed by vehicle
        As `recovery.fit` wants it. Paid: the vehicle is in arrears no longer, on the day of the payment or of the first register
        without it.
    """
    days = {name: pd.to_datetime(history[name]) for name in ("snapshot_on", "until_on", "oldest_due_on")}
    history = history.assign(**days)
    owing = history[history["present_krw"] > 0]
    first = owing[owing["eligible"]].drop_duplicates("vehicle").set_index("vehicle")
    since = first["snapshot_on"]
    later = owing[owing["snapshot_on"] >= owing["vehicle"].map(since)]
    registers = np.sort(history["snapshot_on"].unique())
    following = pd.Series([*registers[1:], np.datetime64("NaT")], registers)
    # In arrears without a gap from the first register on: the first row that is followed by none ends it.
    again = later.groupby("vehicle")["snapshot_on"].shift(-1) == later["snapshot_on"].map(following)
    ends = later[~again | (later["until_on"] < later["snapshot_on"].map(following))].drop_duplicates("vehicle")
    ends = ends.set_index("vehicle")
    paid_on = ends["until_on"].where(ends["until_on"] <= last_day)
    taken = seizures.assign(since=seizures["vehicle"].map(since)).dropna(subset=["since"])
    taken = taken[taken["acted_at"] >= taken["since"]].drop_duplicates("vehicle").set_index("vehicle")["acted_at"]
    table = pd.DataFrame(
        {
            "amount_krw": first["present_krw"],
            "age_days": (since - first["oldest_due_on"]).dt.days.clip(lower=0).fillna(0),
            "count": first["debts"],
            "tax_share": (first["tax_krw"] / first["amount_krw"]).clip(0, 1),
            "seized_day": (taken.dt.normalize() - since).dt.days.reindex(first.index),
            "paid_day": (paid_on - since).dt.days.reindex(first.index),
            "followed_days": (last_day - since).dt.days,
        }
    )
    return table[table["followed_days"] > 0]


def debts_of(held):
    """Vehicles whose plate may be taken as `recovery.Recovery.value` wants them: what their present owner owes for certain."""
    vehicles = held.vehicles[held.vehicles["eligible"].astype(bool) & (held.vehicles["present_krw"] > 0)]
    return pd.DataFrame(
        {
            "amount_krw": vehicles["present_krw"],
            "age_days": (held.day - vehicles["oldest_due_on"]).dt.days.clip(lower=0).fillna(0),
            "count": vehicles["debts"],
            "tax_share": (vehicles["tax_krw"] / vehicles["amount_krw"]).clip(0, 1),
            "eligible": True,
            "livelihood": False,
        }
    )


def portfolios(held, model, few):
    """What seizing the plates of each portfolio would add within the horizon.

    Returns
    -------
    pd.DataFrame, one row a size of debt, then all
        `group` (Text), `vehicles`, `million_krw`, `pay_if_seized`, `pays_anyway` (weighted with what is owed), `uplift`, `low`, `high`
        (million won), `per_vehicle` (won). Bounds of the parts added up: their errors are those of one model and go together. A
        vehicle of which the present owner owes nothing for certain adds nothing.
    """
    groups = GROUPINGS["amount"][1]
    size = pd.Series(classed(held.vehicles["amount_krw"], groups), held.vehicles.index)
    shown = chosen_among(held.vehicles, size, groups, few)["chosen"]
    debts = debts_of(held)
    if not held.vehicles["eligible"].any():
        return pd.DataFrame(columns=PORTFOLIO)
    value = model.value(debts) if len(debts) else pd.DataFrame(columns=VALUED)
    size = size[debts.index]
    parts = [*(size == code for code in groups), pd.Series(True, debts.index)]
    rows = [
        _portfolio(words, count, debts[part], value[part])
        for words, count, part in zip([*groups.values(), ALL], shown, parts, strict=True)
    ]
    return pd.DataFrame(rows, columns=PORTFOLIO)


def _portfolio(group, count, debts, value):
    if np.isnan(count) or not len(debts):
        return {"group": group, "vehicles": count}
    owed = debts["amount_krw"].astype(float)
    value = value[VALUED].astype(float)
    whole = {name: value[name].sum(min_count=len(value)) / MILLION for name in ("uplift_krw", "low", "high")}
    paid = {
        name: (value[name] * owed).sum(min_count=len(value)) / owed.sum() for name in ("pay_if_seized", "pays_anyway")
    }
    return {
        "group": group,
        "vehicles": count,
        "million_krw": owed.sum() / MILLION,
        **paid,
        "uplift": whole["uplift_krw"],
        "low": whole["low"],
        "high": whole["high"],
        "per_vehicle": whole["uplift_krw"] * MILLION / count,
    }


def fairness(vehicles, law, few):
    """`compared` of the eligible; groups of few vehicles left out.

    Parameters
    ----------
    vehicles : pd.DataFrame
        As `Arrears.vehicles`.
    law : pd.DataFrame
        As `counts.law` gives, of the same vehicles: what it leaves out is left out here.
    few : int

    Returns
    -------
    pd.DataFrame
        `grouping` as code, `group` (Text), and the columns of `recovery.fairness`; a group that is left out has only the first two.
    """
    table = compared(vehicles, vehicles["eligible"].astype(bool), few)
    own = table["grouping"] == "registered"
    table.loc[own, "told"] = law.loc[["eligible", "all"], table["group"][own]].notna().all().to_numpy()
    numbers = table.columns.drop(["grouping", "group", "told"])
    table = table.astype(dict.fromkeys(numbers, float))
    table.loc[~table["told"], numbers] = np.nan
    return in_words(table)


def compared(vehicles, chosen, few):
    """`recovery.fairness` of the chosen, by registration, kind, amount and 읍면동.

    Parameters
    ----------
    vehicles : pd.DataFrame
        As `Arrears.vehicles`.
    chosen : pd.Series of bool, same index
    few : int

    Returns
    -------
    pd.DataFrame
        The columns of `recovery.fairness`, and `told`: not of few vehicles, nor would it give such a number away.
    """
    area = vehicles["home_area"].astype("object")
    groups = pd.DataFrame(
        {
            "registered": vehicles["registered"],
            "plate_class": vehicles["plate_class"].fillna("unknown"),
            "amount": classed(vehicles["amount_krw"], GROUPINGS["amount"][1]),
            "home_area": area.where(area.notna(), NOWHERE),
        }
    )
    table = recovery.fairness(groups, chosen).assign(told=False)
    marked = vehicles.assign(eligible=chosen)
    for name, own in table.groupby("grouping"):
        counts = chosen_among(marked, groups[name], dict.fromkeys(own["group"]), few)
        table.loc[own.index, "told"] = counts.loc[own["group"]].notna().all(axis=1).to_numpy()
    return table


def in_words(table):
    """Rows of `compared` as they are printed: `group` as Text, without `told`."""
    words = [group_told(*pair) for pair in zip(table["grouping"], table["group"], strict=True)]
    return table.assign(group=words).drop(columns="told")


def group_told(grouping, group):
    if group == NOWHERE:
        return Text("관내 등록 아님", "not registered here")
    words = {"registered": REGISTERED, "plate_class": PLATE_CLASSES, "amount": GROUPINGS["amount"][1]}.get(grouping, {})
    return words.get(group, Text(str(group), str(group)))
