"""Tables of who is in arrears, what the law says, who is ever seen, and where and when: nothing of fewer than a few vehicles."""

import numpy as np
import pandas as pd

from dansok.cases.delinquent_map.inputs import MAP_CELLS, PLACE_CELLS
from dansok.cases.delinquent_map.labels import (
    ALL,
    DISTANCES,
    ELIGIBLE,
    GROUPINGS,
    NOT_ELIGIBLE,
    RECORDED,
    REGISTERED,
    REGISTERED_IN,
    SEEN_CLASSES,
)
from dansok.korea.rules import read_rules
from dansok.models import rates
from dansok.models.suppression import suppress
from dansok.tables import LOOKERS, READERS, SEIZURE_REASONS, TREAT_BY
from dansok.words import Text

DAYS_A_YEAR = 365.25
MILLION = 1_000_000
TOP_SHARE = 0.1


def classed(values, edges):
    """Lower edge of the class in which each value lies; edges rise."""
    edges = np.array(list(edges))
    return edges[np.searchsorted(edges, np.asarray(values), side="right") - 1]


def counted(group, groups, few):
    """Vehicles by group, with small counts and what would give them away left out.

    Parameters
    ----------
    group : array-like, one a vehicle
    groups : dict of code -> Text
        In the order of the table; codes without a vehicle stay.
    few : int

    Returns
    -------
    pd.DataFrame, one row a group and a last one for all
        `group` (Text), `vehicles` (missing where suppressed).
    """
    counts = pd.Series(group).value_counts().reindex(list(groups), fill_value=0)
    shown = suppress(counts, threshold=few).table.iloc[:, 0].to_numpy()
    return pd.DataFrame({"group": [*groups.values(), ALL], "vehicles": shown})


def chosen_among(vehicles, group, groups, few):
    """Vehicles by group whose plate may be taken, and others, so that one table holds all that is published of this grouping.

    Returns
    -------
    pd.DataFrame, one row a group and a last one for all, indexed by code (None for all)
        `chosen`, `others`, `vehicles`; missing where suppressed.
    """
    chosen = vehicles["eligible"].astype(bool).map({True: "chosen", False: "others"})
    counts = pd.crosstab(pd.Series(group, vehicles.index), chosen)
    counts = counts.reindex(index=list(groups), columns=["chosen", "others"], fill_value=0)
    table = suppress(counts.set_axis(map(str, range(len(counts)))), threshold=few, total="vehicles").table
    return table.set_axis([*groups, None])


def profile(held, law, few):
    """Who is in arrears: by place of registration, and by number, amount and age of the debts.

    Returns
    -------
    pd.DataFrame, one row a grouping and group
        `grouping` (Text), `group` (Text), `vehicles`, `million_krw`, `share` (of all that is owed).
    """
    vehicles = held.vehicles
    years = (held.day - vehicles["oldest_due_on"]).dt.days / DAYS_A_YEAR
    values = {"debts": vehicles["debts"], "amount": vehicles["amount_krw"], "age": years.fillna(0)}
    own = pd.DataFrame(
        {"group": [*REGISTERED.values(), ALL], "vehicles": law.loc["all", [*REGISTERED, "vehicles"]].to_numpy()}
    )
    parts = [_with_amounts(own, vehicles, vehicles["registered"], REGISTERED).assign(grouping=REGISTERED_IN)]
    for name, (grouping, groups) in GROUPINGS.items():
        group = classed(values[name], groups)
        table = counted(group, groups, few)
        if name == "amount":  # the table on fairness tells of the same groups
            table["vehicles"] = chosen_among(vehicles, group, groups, few)["vehicles"].to_numpy()
        parts.append(_with_amounts(table, vehicles, group, groups).assign(grouping=grouping))
    return pd.concat(parts, ignore_index=True)


def _with_amounts(table, vehicles, group, groups):
    """What each group owes, where its number of vehicles is told."""
    owed = vehicles["amount_krw"].groupby(group).sum().reindex(list(groups), fill_value=0)
    krw = pd.Series([*owed, owed.sum()], dtype=float).where(table["vehicles"].notna())
    return table.assign(million_krw=krw / MILLION, share=krw / max(owed.sum(), 1))


def concentration(vehicles):
    """Share of what is owed that the tenth of the vehicles with most debt owes, and how many they are."""
    owed = vehicles["amount_krw"].sort_values(ascending=False)
    top = max(1, round(TOP_SHARE * len(owed)))
    return float(owed.head(top).sum() / owed.sum()), top


def law(vehicles, few):
    """What the law says of the vehicles in arrears, by reason and place of registration.

    Returns
    -------
    pd.DataFrame, one row a reason, then plates to be taken, plates not to be taken, and all
        `treat_by` (code or Text), `reason` (code, or an empty Text), `own`, `other`, `vehicles`; missing where suppressed. Indexed by reason,
        "eligible", "not_eligible", "all".
    """
    first = vehicles.drop_duplicates("reason").set_index("reason")[["treat_by", "eligible"]]
    order = [reason for reason in SEIZURE_REASONS if reason in first.index]
    order.sort(key=lambda one: (not first["eligible"][one], list(TREAT_BY).index(first["treat_by"][one])))
    counts = pd.crosstab(vehicles["reason"], vehicles["registered"])
    counts = counts.reindex(index=order, columns=["own", "other"], fill_value=0)
    units = first["eligible"][order].map({True: "eligible", False: "not_eligible"})
    table = suppress(counts, groups=units, threshold=few, total="vehicles").table.rename(index={"vehicles": "all"})
    for unit in ("eligible", "not_eligible"):
        if unit not in table.index:
            table.loc[unit] = 0
    table = table.reindex([*order, "eligible", "not_eligible", "all"])
    return table.assign(
        treat_by=[*first["treat_by"][order], ELIGIBLE, NOT_ELIGIBLE, ALL],
        reason=[*order, *[Text("", "")] * 3],
    )


def rules_used(vehicles):
    """Rules that decided, most vehicles first: `title`, `since`, `checked` (Text), `source`."""
    rules = {rule.id: rule for rule in read_rules()}
    rows = [
        {
            "title": rules[name].title,
            "since": _since(rules[name]),
            "checked": Text("출처에서 읽음", "read in the source")
            if rules[name].verified
            else Text("확인 필요", "to be checked"),
            "source": rules[name].source,
        }
        for name in vehicles["rule_id"].value_counts().index
    ]
    return pd.DataFrame(rows, columns=["title", "since", "checked", "source"])


def _since(rule):
    if rule.first_day is None:
        return Text("알 수 없음", "not known")
    shown = f"{rule.first_day:%Y-%m-%d}"
    return Text(shown, shown) if rule.from_exact else Text(f"{shown} 무렵", f"about {shown}")


def seen(held, own_visits, few):
    """How many of the vehicles were seen how often: `group`, `vehicles`, `share` of all."""
    times = own_visits["visits"].reindex(held.vehicles.index, fill_value=0)
    table = counted(classed(times, SEEN_CLASSES), SEEN_CLASSES, few)
    return table.assign(share=table["vehicles"] / len(held.vehicles))


# --- rates: sightings of vehicles in arrears among all that were read ---


def clustering(vehicles):
    """Variance of counts of visits over their mean, where visits come by vehicle: sum of squares over sum.

    Notes
    -----
    Design effect of counts of whole clusters (Kish 1965, Survey Sampling, ch. 5): one vehicle that is seen ten times is
    one vehicle.
    """
    times = pd.Series(vehicles).value_counts()
    return float((times**2).sum() / times.sum()) if len(times) else 1.0


def rate_table(delinquent, looks, by, few):
    """Vehicles in arrears per 1,000 vehicles read, with their interval.

    Parameters
    ----------
    delinquent : pd.DataFrame
        Visits of vehicles in arrears with a read: `vehicle` and the columns `by`.
    looks : pd.DataFrame
        All visits with a read: `looks` and the columns `by`; several rows of one group add up.
    by : list of str
    few : int
        A group with fewer vehicles in arrears, but not none, is left out.

    Returns
    -------
    pd.DataFrame, one row a group with a read
        `by`, `sighted`, `vehicles` (different ones), `looks`, `spread` (see `clustering`), `per_1000`, `low`, `high`, `state`: "shown",
        "few" (then all but `looks` are missing).
    """
    table = looks.groupby(by, as_index=False)["looks"].sum()
    own = delinquent.groupby(by)["vehicle"].agg(sighted="size", vehicles="nunique", spread=clustering).reset_index()
    own = own.astype({"spread": float})
    table = table.merge(own, on=by, how="left", validate="1:1").fillna({"sighted": 0, "vehicles": 0})
    table["spread"] = table["spread"].fillna(1.0).clip(lower=1.0)
    # Clusters of visits are the events: their number is the count over its spread.
    found = rates.rate_per_exposure(table["sighted"] / table["spread"], table["looks"] / 1000 / table["spread"])
    table = table.assign(per_1000=found["rate"], low=found["low"], high=found["high"], state="shown")
    return _hide(table, table["vehicles"].between(1, few - 1))


def _hide(table, hidden):
    told_of_vehicles = ["sighted", "vehicles", "spread", "per_1000", "low", "high"]
    table.loc[hidden, told_of_vehicles] = np.nan
    return table.assign(state=table["state"].mask(hidden, "few"))


def without_remainders(table, few):
    """`rate_table`, of which the total is told elsewhere: where one group is left out, another one is too."""
    sighted = table["sighted"].fillna(few - 1).clip(lower=0).astype(int)
    if not len(table) or not table["sighted"].isna().any():
        return table
    mask = suppress(sighted.set_axis(map(str, range(len(table)))), threshold=few).mask.iloc[:-1, 0].to_numpy()
    return _hide(table, pd.Series(mask, table.index) | table["sighted"].isna())


def hours_of_day(delinquent, looks, few):
    """`rate_table` by hour, for `charts.records_and_rate`: all 24, `records`, `rate`, `watched` ("none" where nobody read)."""
    table = without_remainders(rate_table(delinquent, looks, ["hour"], few), few)
    table = table.set_index("hour").reindex(range(24))
    watched = table["looks"].map(lambda n: "none" if not n > 0 else "full")
    records = table["sighted"].mask(watched == "none", 0)
    return table.assign(records=records, rate=table["per_1000"], watched=watched).reset_index()


def areas(delinquent, looks, few):
    """`rate_table` by 읍면동, most read first."""
    table = rate_table(delinquent, looks.dropna(subset=["area_name"]), ["area_name"], few)
    return without_remainders(table.sort_values("looks", ascending=False, ignore_index=True), few)


def whole_city(delinquent, looks, few):
    """`rate_table` of all together: one row, or none where nothing was read."""
    return rate_table(delinquent.assign(city=0), looks.assign(city=0), ["city"], few)


def area_hours(delinquent, looks, areas, few):
    """Rates by 읍면동 and hour: `area_name`, `hour`, `value`, `state` ("shown", "few", "unread"), every pair."""
    table = rate_table(delinquent, looks.dropna(subset=["area_name"]), ["area_name", "hour"], few)
    grid = pd.MultiIndex.from_product([sorted(areas), range(24)], names=["area_name", "hour"])
    table = table.set_index(["area_name", "hour"]).reindex(grid)
    return table.assign(value=table["per_1000"], state=table["state"].fillna("unread")).reset_index()


def map_cells(delinquent, looks, few):
    """Rates by cell of the map: `cell_x`, `cell_y` (of MAP_CELLS grid cells a side), `sighted`, `per_1000`, `state`."""
    coarse = delinquent.assign(**{f"cell_{axis}": delinquent[f"cell_{axis}"] // MAP_CELLS for axis in "xy"})
    return rate_table(coarse, looks, ["cell_x", "cell_y"], few)


def lookers(delinquent, looks, all_visits, few):
    """Who saw vehicles in arrears: visits, of them in arrears, and the rate among those that readers read (`sighted` of `looks`)."""
    counts = all_visits.set_index("looker")["visits"]
    own = delinquent.groupby("looker")["vehicle"].agg(delinquent="size", vehicles="nunique")
    names = [name for name in LOOKERS if name in counts.index]
    table = own.reindex(names, fill_value=0).assign(visits=counts.reindex(names))
    read = rate_table(delinquent[delinquent["reads"] > 0], looks, ["looker"], few).set_index("looker")
    read = read[read.index.isin(list(READERS))][["looks", "sighted", "per_1000", "low", "high"]].reindex(names)
    hidden = table["vehicles"].between(1, few - 1)
    table = table.astype(float).mask(hidden, np.nan).assign(visits=counts.reindex(names))
    return table.join(read).rename_axis("looker").reset_index().assign(looker=[LOOKERS[name] for name in names])


def place_hours(delinquent, looks, names, top, cell_metres, few):
    """Place-hours with the most vehicles in arrears, each of at least a few different ones.

    Returns
    -------
    pd.DataFrame, one row a place and hour
        `rank`, `area_name`, `place_name`, `hours`, `vehicles`, `sighted`, `looks`, `per_1000`, `x`, `y`.
    """
    own = delinquent.assign(**{f"place_{axis}": delinquent[f"cell_{axis}"] // PLACE_CELLS for axis in "xy"})
    by = ["place_x", "place_y", "hour"]
    table = rate_table(own, looks, by, few)
    table = table[(table["state"] == "shown") & (table["vehicles"] >= few)]
    table = table.sort_values(["vehicles", "sighted", *by], ascending=[False, False, True, True, True]).head(top)
    side = PLACE_CELLS * cell_metres
    table = table.assign(x=(table["place_x"] + 0.5) * side, y=(table["place_y"] + 0.5) * side).reset_index(drop=True)
    inside = own.groupby(by[:2])["area_name"].agg(lambda name: name.mode().iloc[0] if name.notna().any() else None)
    table["area_name"] = [inside.get((row.place_x, row.place_y)) for row in table.itertuples()]
    named = [names.get((row.place_x, row.place_y)) for row in table.itertuples()]
    table["place_name"] = [
        name.removeprefix(f"{area} ") if name and area else name
        for name, area in zip(named, table["area_name"], strict=True)
    ]
    hours = [Text(f"{hour}시", f"{hour}:00") for hour in table["hour"]]
    return table.assign(rank=range(1, len(table) + 1), hours=hours)


# --- where they are registered, how often they are recorded, where others park wrongly ---


def from_home(home):
    """Looks by distance from the registered 읍면동: `far` (Text), `debtors`, `debtor_share`, `others`, `other_share`."""
    counts = home.pivot_table(index="far", columns="debtor", values="looks", aggfunc="sum", fill_value=0)
    counts = counts.reindex(index=list(DISTANCES), columns=[True, False], fill_value=0)
    shares = counts / counts.sum().replace(0, np.nan)
    return pd.DataFrame(
        {
            "far": list(DISTANCES.values()),
            "debtors": counts[True].to_numpy(),
            "debtor_share": shares[True].to_numpy(),
            "others": counts[False].to_numpy(),
            "other_share": shares[False].to_numpy(),
        }
    )


def repeat_offenders(recorded, few):
    """Share in arrears of vehicles recorded so often: `records` (Text), `debtors`, `vehicles`, `share`, `low`, `high`."""
    from statsmodels.stats.proportion import proportion_confint

    counts = recorded.pivot_table(index="records", columns="debtor", values="vehicles", aggfunc="sum", fill_value=0)
    counts = counts.reindex(index=list(RECORDED), columns=[True, False], fill_value=0)
    shown = suppress(counts.set_axis(["debtors", "others"], axis=1), threshold=few, total="vehicles").table.iloc[:-1]
    low, high = proportion_confint(
        shown["debtors"].fillna(0), shown["vehicles"].fillna(1).clip(lower=1), method="wilson"
    )
    known = shown["debtors"].notna() & (shown["vehicles"] > 0)
    return shown.assign(
        records=list(RECORDED.values()),
        share=(shown["debtors"] / shown["vehicles"]).where(known),
        low=pd.Series(low, shown.index).where(known),
        high=pd.Series(high, shown.index).where(known),
    ).reset_index(drop=True)


def overlap(delinquent, parking, looks, top):
    """How far the places where vehicles in arrears turn up are those of illegal parking.

    Returns
    -------
    dict
        `places`, `parked` (of either list), `same`, `share` (of sightings that lie in the parking list), `of_looks` (of all reads that do),
        `of_places` (of all places).
    """
    own = delinquent.groupby([delinquent[f"cell_{axis}"] // PLACE_CELLS for axis in "xy"]).size()
    parked = parking.set_index(["place_x", "place_y"])["records"]
    if own.empty or parked.empty:
        return {}
    own.index = own.index.set_names(["place_x", "place_y"])
    first, lots = own.nlargest(top), parked.nlargest(top)
    places, read = len(own.index.union(parked.index)), looks.groupby(["place_x", "place_y"])["looks"].sum()
    return {
        "places": len(first),
        "parked": len(lots),
        "same": len(first.index.intersection(lots.index)),
        "share": float(own.reindex(lots.index).fillna(0).sum() / own.sum()),
        "of_looks": float(read.reindex(lots.index).fillna(0).sum() / read.sum()),
        "of_places": len(lots) / places,
    }


def ledger(held, reads):
    """What became of the rows: `what` (Text), `step` (Text), `rows`."""
    debts, reads_of = Text("체납", "debts"), Text("판독", "reads")
    lost = reads["came"] - reads["plate_not_read"] - reads["placed"]
    rows = [
        (debts, Text(f"{held.snapshot_on:%Y-%m-%d} 기준 체납 자료", f"in the register of {held.snapshot_on:%Y-%m-%d}"), held.ledger["listed"]),
        (debts, Text("뺌: 번호판을 읽을 수 없음", "left out: plate cannot be read"), held.ledger["plate_not_read"]),
        (debts, Text("뺌: 같은 과세번호가 두 번", "left out: number listed twice"), held.ledger["listed_twice"]),
        (debts, Text("뺌: 체납액이 0 이하", "left out: nothing owed"), held.ledger["nothing_owed"]),
        (debts, Text("뺌: 그 뒤 납부", "left out: paid since"), held.ledger["paid"]),
        (debts, Text("남은 체납", "unpaid"), held.ledger["unpaid"]),
        (debts, Text("체납차량", "vehicles in arrears"), len(held.vehicles)),
        (reads_of, Text("기간 안의 판독", "in the period"), reads["came"]),
        (reads_of, Text("뺌: 번호판을 읽지 못함", "left out: plate not read"), reads["plate_not_read"]),
        (reads_of, Text("뺌: 위치·시각을 모름, 1분 안의 되풀이", "left out: no place or hour, or again within a minute"), lost),
        (reads_of, Text("체납 자료가 있는 날의 방문으로 묶음", "grouped into visits on days with a register"), reads["looks"]),
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["what", "step", "rows"])
