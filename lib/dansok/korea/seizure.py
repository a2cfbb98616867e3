"""Whether the law lets a plate be taken on a day, vehicle by vehicle, and by which dated rule of `rules.toml`.

What is decided here, beyond what the rules say, always in favour of the debtor:

- A debt counts from the day after it fell due, and only for the vehicle of the owner who owes it.
- Taxes owed to different municipalities are not added up. The count for vehicles of this city holds where both the
  vehicle is registered and the tax is owed here; elsewhere that for other cities' vehicles.
- Fines owed to another municipality do not count: no rule that we know lets this city take a plate for them.
- One debt that is a livelihood case, or under an instalment plan that is kept, spares the vehicle, a driving ban or not.
"""

import numpy as np
import pandas as pd

from dansok.korea.rules import in_force, read_rules

TREATED = {
    "driving_ban": "tow",
    "car_taxes": "plate",
    "fines": "plate",
    "livelihood": "welfare",
    "instalments": "instalment",
    "plate_held": "tow",
}  # all others: notice
SEIZABLE = ("driving_ban", "car_taxes", "fines")
COLUMNS = (
    "eligible", "reason", "treat_by", "rule_id", "source", "verified", "taxes", "fines_krw", "not_in_export",
)  # fmt: skip
FORMER, UNCLEAR, PRESENT = 0, 1, 2  # owner: of one vehicle's debts the latest counts
KNOWN = {"debt_kind": {"vehicle_tax", "fine"}, "owed_to": {"own", "other"}, "registered": {"own", "other"}}
FLAGS = ("livelihood", "instalments", "stopped")
NEEDED = (
    "vehicle", "registered", "debt_kind", "owed_to", "due_on", "amount_krw", "of_owner", "on_register", "plate_held", *FLAGS,
)  # fmt: skip


def seizable(debts, day, place, rules=None):
    """Vehicles whose plate may be taken on a day, and why, or why not.

    Parameters
    ----------
    debts : pd.DataFrame, one row an unpaid tax or fine
        `vehicle` (any label). Of the debt: `debt_kind` ("vehicle_tax", "fine"), `owed_to` ("own", "other"), `due_on`
        (date; missing: not known, a fine then does not count), `amount_krw` (what is still owed), `of_owner` (bool: owed
        by the vehicle's present owner; missing: not clear, which does not count either). Of debt or vehicle, where one row
        is enough: `instalments`, `livelihood`, `stopped` (bool; missing: not in the export). The same in all rows of a
        vehicle: `registered` ("own", "other"), `on_register` (bool: not taken off), `plate_held` (bool: at the office
        since an earlier seizure).
    day : datetime.date, pd.Timestamp or "YYYY-MM-DD"
    place : str
        Whose rules hold, as `City.rules_of`.
    rules : iterable of dansok.korea.rules.Rule, optional
        Those of `read_rules()` if left out.

    Returns
    -------
    pd.DataFrame, one row a vehicle, indexed by it
        `eligible` (bool); `reason` (code of `tables.SEIZURE_REASONS`); `treat_by` (code of `tables.TREAT_BY`); `rule_id`,
        `source`, `verified` of the rule that decides (missing where none is known); `taxes` (counted, of the creditor to
        whom most are owed), `fines_krw` (counted); `not_in_export`, the flags of which nothing is known (text, ", " between).

    Raises
    ------
    ValueError
        If a column is missing, a code is unknown, an amount is missing, or rows of a vehicle contradict each other.

    Examples
    --------
    >>> taxes = pd.DataFrame({"vehicle": ["A", "A", "B"], "registered": "own", "debt_kind": "vehicle_tax", "owed_to": "own",
    ...                       "due_on": pd.to_datetime(["2024-06-30", "2024-12-31", "2024-12-31"]), "amount_krw": 200_000,
    ...                       "of_owner": True, "on_register": True, "plate_held": False, "livelihood": False,
    ...                       "instalments": False, "stopped": False})
    >>> seizable(taxes, "2025-01-31", "남양주시")[["eligible", "reason", "treat_by", "rule_id"]].values.tolist()
    [[True, 'car_taxes', 'plate', 'seizure-tax-namyangju-own'], [False, 'too_few_taxes', 'notice', 'seizure-tax-namyangju-own']]
    """
    debts, day = _checked(debts), pd.Timestamp(day).normalize()
    rules = _Rules(read_rules() if rules is None else rules, day.date(), place)
    of_vehicle = debts.groupby("vehicle", sort=True)
    vehicles = of_vehicle[["on_register", "plate_held"]].first().join(of_vehicle[list(FLAGS)].max())
    vehicles["owner"] = of_vehicle["whose"].max()
    counted = debts[debts["whose"] == PRESENT]
    due = counted[~(counted["due_on"] >= day)]
    vehicles["due"] = vehicles.index.isin(due["vehicle"])
    vehicles = vehicles.join(_taxes(due, rules)).join(_fines(due, day, rules))
    vehicles["taxes"] = vehicles["taxes"].fillna(0).astype("int64")
    vehicles["fines_krw"] = vehicles["fines_krw"].fillna(0).astype("int64")
    decided = pd.DataFrame({"reason": None, "rule_id": None}, vehicles.index, dtype="str")
    for reason, holds, rule_id in _in_order(vehicles, rules):
        new = decided["reason"].isna() & holds
        decided.loc[new, "reason"] = reason
        decided.loc[new, "rule_id"] = rule_id[new] if isinstance(rule_id, pd.Series) else rule_id
    unknown = [np.where(vehicles[name].isna(), f"{name}, ", "") for name in FLAGS]
    return decided.assign(
        eligible=decided["reason"].isin(SEIZABLE),
        treat_by=decided["reason"].map(TREATED).fillna("notice"),
        source=decided["rule_id"].map({rule.id: rule.source for rule in rules.rules}),
        verified=decided["rule_id"].map({rule.id: rule.verified for rule in rules.rules}).astype("boolean"),
        taxes=vehicles["taxes"],
        fines_krw=vehicles["fines_krw"],
        not_in_export=pd.Series(unknown[0], vehicles.index, dtype="str").str.cat(unknown[1:]).str.removesuffix(", "),
    )[list(COLUMNS)]


def _in_order(vehicles, rules):
    """Reason, where it holds, and the rule behind it: the first that holds decides."""
    owner, ban = rules.id_of("seizure", matter="owner"), rules.id_of("after_seizure", act="unlawful_vehicle")
    held = rules.id_of("after_seizure", act="unpaid_after_seizure")
    yield "deregistered", ~vehicles["on_register"], owner
    yield "livelihood", vehicles["livelihood"].eq(True), rules.id_of("livelihood", person="livelihood")
    yield "instalments", vehicles["instalments"].eq(True), rules.id_of("livelihood", agreement="instalments")
    yield "plate_held", vehicles["plate_held"], held
    yield "driving_ban", vehicles["stopped"].eq(True) & (ban is not None), ban
    yield "owner_unclear", vehicles["owner"] == UNCLEAR, owner
    yield "sold", vehicles["owner"] == FORMER, owner
    yield "not_due", ~vehicles["due"], None
    yield "car_taxes", vehicles["taxes_enough"].eq(True), vehicles["tax_rule"]
    yield "fines", vehicles["fines_enough"].eq(True), vehicles["fine_rule"]
    yield "too_few_taxes", vehicles["tax_rule"].notna(), vehicles["tax_rule"]
    yield "fines_too_recent", vehicles["fines_would_do"].eq(True), vehicles["fine_rule"]
    yield "fines_too_small", vehicles["fine_rule"].notna(), vehicles["fine_rule"]
    yield "fines_of_others", vehicles["taxes"].eq(0) & vehicles["fine_rule"].isna() & rules.knows_fines, None
    yield "no_rule", True, None


class _Rules:
    """The rules of one day and place."""

    def __init__(self, rules, day, place):
        self.rules, self.day, self.place = tuple(rules), day, place
        self.of_fines = self._one("seizure", debt="fine")
        self.knows_fines = self.of_fines is not None

    def _one(self, kind, **applies_to):
        found = [rule for rule in in_force(self.rules, kind, self.day, self.place) if rule.applies_to == applies_to]
        return found[0] if found else None

    def id_of(self, kind, **applies_to):
        """Id of the rule of a matter, a place's own before that of the country; None if there is none."""
        found = self._one(kind, **applies_to)
        return found.id if found else None

    def of_taxes(self, registered):
        """Count for vehicles registered here or elsewhere: the place's own, for these or for all, before the country's."""
        matters = ({"debt": "car_tax", "registered": registered}, {"debt": "car_tax"})
        found = [r for r in in_force(self.rules, "seizure", self.day, self.place) if r.applies_to in matters]
        return min(
            found, key=lambda rule: (rule.place != self.place, "registered" not in rule.applies_to), default=None
        )


def _taxes(due, rules):
    """Of vehicles with car taxes: `taxes`, `taxes_enough`, `tax_rule`; of the creditor whose count is met, else the one owed most."""
    by = due[due["debt_kind"] == "vehicle_tax"].groupby(["vehicle", "owed_to"], as_index=False).agg(
        taxes=("amount_krw", "size"), krw=("amount_krw", "sum"), registered=("registered", "first")
    )  # fmt: skip
    here = (by["registered"] == "own") & (by["owed_to"] == "own")
    by["taxes_enough"], by["tax_rule"] = False, pd.Series(None, by.index, dtype="str")
    for registered, rows in (("own", here), ("other", ~here)):
        rule = rules.of_taxes(registered)
        if rule is not None:
            by.loc[rows, "tax_rule"] = rule.id
            by.loc[rows, "taxes_enough"] = _enough(rule.values, by["taxes"], by["krw"])[rows]
    by = by.sort_values(["taxes_enough", "taxes", "owed_to"], ascending=[False, False, False])
    return by.drop_duplicates("vehicle").set_index("vehicle")[["taxes", "taxes_enough", "tax_rule"]]


def _enough(values, taxes, krw):
    fewer_but_large = False
    if "or_unpaid_at_least" in values:
        fewer_but_large = (taxes >= values["or_unpaid_at_least"]) & (krw >= values["with_total_krw_at_least"])
    return (taxes >= values["unpaid_at_least"]) | fewer_but_large


def _fines(due, day, rules):
    """Of vehicles with fines of this city: `fines_krw` (old enough), `fines_enough`, `fines_would_do` if all were, `fine_rule`."""
    fines = due[(due["debt_kind"] == "fine") & (due["owed_to"] == "own")]
    found = pd.DataFrame(index=pd.Index(fines["vehicle"].unique(), name="vehicle"))
    if not rules.knows_fines:
        return found.assign(fines_krw=0, fines_enough=False, fines_would_do=False, fine_rule=None).head(0)
    says = rules.of_fines.values
    since = pd.Timestamp(says["fines_after"]) if "fines_after" in says else pd.Timestamp.min
    last = day - pd.Timedelta(days=says["overdue_days_at_least"])
    dated = fines[fines["due_on"] > since]
    of_any_age, old = (
        part.groupby("vehicle")["amount_krw"].sum().reindex(found.index, fill_value=0)
        for part in (dated, dated[dated["due_on"] <= last])
    )
    least = says["total_krw_at_least"]
    return found.assign(
        fines_krw=old, fines_enough=old >= least, fines_would_do=of_any_age >= least, fine_rule=rules.of_fines.id
    )


def _checked(debts):
    lacking = [name for name in NEEDED if name not in debts]
    if lacking:
        raise ValueError(f"debts have no column {lacking}")
    for name, known in KNOWN.items():
        strange = set(debts[name].dropna()) - known
        if strange or debts[name].isna().any():
            raise ValueError(f"{name} must be one of {sorted(known)}, found {sorted(strange) or 'missing values'}")
    if debts["amount_krw"].isna().any():
        raise ValueError(f"amount_krw is missing in {debts['amount_krw'].isna().sum()} rows")
    for name in ("registered", "on_register", "plate_held"):
        if debts[name].isna().any() or (debts.groupby("vehicle")[name].nunique() > 1).any():
            raise ValueError(f"{name} is missing, or differs between rows of one vehicle")
    of_owner = debts["of_owner"].astype("boolean")
    whose = np.select([of_owner.eq(True).fillna(False), of_owner.eq(False).fillna(False)], [PRESENT, FORMER], UNCLEAR)
    return debts.assign(
        **{name: debts[name].astype("boolean") for name in FLAGS},
        **{name: debts[name].astype(bool) for name in ("on_register", "plate_held")},
        whose=whose,
        due_on=pd.to_datetime(debts["due_on"]),
    )
