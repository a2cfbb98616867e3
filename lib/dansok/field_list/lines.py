"""Who stands on the list: the plan's vehicles of the day, asked anew what they owe and what the law lets be done."""

from dataclasses import dataclass, field

import pandas as pd

from dansok.korea.seizure import SEIZABLE, TREATED
from dansok.words import Refusal, Text

# Reasons for which a vehicle may be named to a crew. Debts of a former owner, or of whom is not clear, are not the business of
# whoever drives the vehicle now (secrecy of taxation); a plate that lies at the office cannot be met.
NAMED = (*SEIZABLE, "livelihood", "instalments", "too_few_taxes", "fines_too_small", "fines_too_recent")
TAKING = ("plate", "tow")
FIRST = ("tow", "plate", "notice", "instalment", "welfare")
PAID, OTHERWISE, UNLIKELY = "paid", "otherwise", "unlikely"
STRUCK = {
    PAID: Text("납부", "paid"),
    OTHERWISE: Text("명단 제외(소유자 변경·말소·영치 중 등)", "no longer named"),
    UNLIKELY: Text("나타날 가능성이 낮음", "too unlikely to turn up"),
}


@dataclass(frozen=True)
class Lines:
    """What the list says, before any plate is known.

    Attributes
    ----------
    table : pd.DataFrame, one row a block and vehicle
        Of the block: `block`, `team`, `starts_at`, `ends_at`, `how`, `place_name`, `area_name`, `x`, `y`. Of the vehicle: `vehicle`,
        `plate_token`, `treat_by`, `reason`, `rule_id`, `debts` and `amount_krw` (what its present owner owes), `taxes`, `fines_krw`,
        `not_in_export`, `seen_class`, `reliability`. By team and time, then what weighs most.
    blocks : pd.DataFrame, one row a block of the day
        Also those of which no vehicle is left.
    struck : dict of str -> int
        Vehicles of the day's blocks that are not named in any, by `STRUCK`.
    """

    table: pd.DataFrame = field(repr=False)
    blocks: pd.DataFrame = field(repr=False)
    struck: dict

    @property
    def vehicles(self):
        return self.table["vehicle"].nunique()


def lines_of(plan, held, held_then, at_most):
    """The lines of a day: of each block the vehicles that are likeliest to turn up, since nobody may be named without need.

    Parameters
    ----------
    plan : dansok.field_list.plan.Plan
    held : dansok.link.arrears.Arrears
        Of the day of the list.
    held_then : dansok.link.arrears.Arrears
        Of the plan's day, from the same files: who was in arrears then and is not now has paid.
    at_most : int
        Vehicles of a block.

    Returns
    -------
    Lines

    Raises
    ------
    Refusal
        If no vehicle is left.
    """
    blocks = plan.blocks[plan.blocks["starts_at"].dt.normalize() == held.day]
    blocks = blocks.sort_values(["team", "starts_at", "block"], kind="stable", ignore_index=True)
    meetings = plan.meetings[plan.meetings["block"].isin(blocks["block"])]
    expected = pd.Index(meetings["vehicle"].unique())
    now = named(held)
    gone = expected.difference(now.index)
    paid = gone.difference(held.vehicles.index).intersection(held_then.vehicles.index)
    struck = {PAID: len(paid), OTHERWISE: len(gone) - len(paid)}
    table = (
        meetings.drop(columns=["plate_token"], errors="ignore")
        .merge(blocks, on="block", validate="many_to_one", suffixes=("", "_of_block"))
        .merge(now, left_on="vehicle", right_index=True, validate="many_to_one")
    )
    if table.empty:
        raise Refusal(
            f"{held.day:%Y-%m-%d}의 명단에 오를 차량이 없습니다(그 사이 납부 {struck[PAID]}대, 그 밖의 제외 {struck[OTHERWISE]}대).",
            f"No vehicle is left for the list of {held.day:%Y-%m-%d} (paid since: {struck[PAID]}, otherwise struck: {struck[OTHERWISE]}).",
        )
    likeliest = table.sort_values(["chance", "vehicle"], ascending=[False, True]).groupby("block").head(at_most)
    struck[UNLIKELY] = table["vehicle"].nunique() - likeliest["vehicle"].nunique()
    table = likeliest
    order = table["treat_by"].map({treat: place for place, treat in enumerate(FIRST)})
    table = table.assign(order=order).sort_values(
        ["team", "starts_at", "block", "order", "expected_krw", "vehicle"], ascending=[True] * 4 + [False, True]
    )
    table = table.drop(columns="order").reset_index(drop=True)
    refuse_unlawful(table, held)
    return Lines(table, blocks, struck)


def named(held):
    """Vehicles that may be named on a day, indexed by vehicle, with what their present owner owes."""
    vehicles = held.vehicles[held.vehicles["reason"].isin(NAMED)]
    own = held.debts[held.debts["of_owner"].eq(True).fillna(False)].groupby("vehicle")["amount_krw"]
    owed = pd.DataFrame({"debts": own.size(), "amount_krw": own.sum()}).reindex(vehicles.index, fill_value=0)
    kept = ["plate_token", "treat_by", "reason", "rule_id", "eligible", "taxes", "fines_krw", "not_in_export"]
    # A mark on a former owner's debt does not make the present one a debtor; a driving ban lies on the vehicle itself.
    table = vehicles[kept].join(owed)
    return table[(table["amount_krw"] > 0) | (table["reason"] == "driving_ban")]


def refuse_unlawful(table, held):
    """Stop if a line says to take what the law of the day does not let be taken: the last look before plates are read.

    Raises
    ------
    AssertionError
        Without naming a vehicle.
    """
    today = held.vehicles.reindex(table["vehicle"])
    takes = table["treat_by"].isin(TAKING).to_numpy()
    spared = (today["livelihood"].eq(True) | today["instalments"].eq(True)).to_numpy()
    allowed = today["eligible"].eq(True).to_numpy()
    wrong = int((takes & (spared | ~allowed)).sum())
    wrong += int((table["treat_by"] != table["reason"].map(TREATED).fillna("notice")).sum())
    wrong += int((~table["reason"].isin(NAMED)).sum()) + int(table["plate_token"].isna().sum())
    if wrong:
        raise AssertionError(f"{wrong} lines of the list say what the law of {held.day:%Y-%m-%d} does not let be done")
