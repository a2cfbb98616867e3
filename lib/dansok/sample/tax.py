"""The planted tax side: who owes, who is seen, whose plate is taken, and who pays because of it."""

import numpy as np
import pandas as pd

from dansok.sample.channels import CAR_FIRST_DAY
from dansok.sample.world import DAYS

DEBTORS = 360  # 3% of the vehicles, the more active the likelier
PAYS_ANYWAY_DAYS = 900.0  # mean wait until a debt is paid without any action
PAYS_WHEN_SEIZED = 0.76  # share of seized vehicles that settle
SETTLES_DAYS = 6.0  # mean wait until they do
ACTS = 0.5  # share of the sightings of a debtor upon which the squad acts
SNAPSHOTS = pd.date_range(CAR_FIRST_DAY, DAYS[-1], freq="ME")
DUE = pd.to_datetime([f"{year}-{day}" for year in range(2021, 2026) for day in ("06-30", "12-31")])


def debts(world, rng):
    """One row a debt: `vehicle`, `kind`, `due_on`, `amount_krw`, `instalments`, `livelihood`, `paid_on`."""
    chance = world.vehicles["activity"] / world.vehicles["activity"].sum()
    debtors = rng.choice(len(world.vehicles), DEBTORS, replace=False, p=chance)
    rows = []
    for vehicle in debtors:
        livelihood, instalments = rng.random(2) < (0.06, 0.09)
        taxes = rng.choice(DUE, min(rng.geometric(0.6) - 1, 5), replace=False)
        fines = pd.Timestamp("2019-01-01") + pd.to_timedelta(rng.integers(0, 2550, rng.geometric(0.7)), "D")
        for kind, due, low, high in [
            *(("자동차세", day, 6000, 42000) for day in sorted(taxes)),
            *(("과태료", day, 3200, 14500) for day in sorted(fines)),
        ]:
            rows.append((vehicle, kind, pd.Timestamp(due), rng.integers(low, high) * 10, instalments, livelihood))
    columns = ["vehicle", "kind", "due_on", "amount_krw", "instalments", "livelihood"]
    owed = pd.DataFrame(rows, columns=columns)
    waits = pd.to_timedelta(rng.exponential(PAYS_ANYWAY_DAYS, len(owed)), "D").floor("D")
    owed["paid_on"] = owed["due_on"].clip(lower=CAR_FIRST_DAY) + waits
    return owed


def actions(owed, reads, rng):
    """Walk through the sightings of debtors in time order: take the plate of whoever owes twice or more, warn others.

    Livelihood cases and kept instalment plans are only warned. A seized vehicle that settles gets its plate back,
    and its debts get that day as `paid_on` (in `owed`, in place); one that does not is not seen again.

    Returns
    -------
    pd.DataFrame
        One row an action: `at`, `action`, `vehicle`, `place`, `paid_krw` (missing but for returned plates).
    """
    rows, quiet_until = [], {}
    for read in reads[reads["vehicle"].isin(owed["vehicle"])].sort_values("at").itertuples():
        unpaid = owed[(owed["vehicle"] == read.vehicle) & (owed["due_on"] < read.at) & (owed["paid_on"] > read.at)]
        if unpaid.empty or read.at < quiet_until.get(read.vehicle, read.at) or rng.random() > ACTS:
            continue
        if len(unpaid) < 2 or unpaid[["instalments", "livelihood"]].to_numpy().any():
            rows.append((read.at, "영치예고", read.vehicle, read.place, np.nan))
            quiet_until[read.vehicle] = read.at + pd.Timedelta(days=30)
            continue
        rows.append((read.at, "영치", read.vehicle, read.place, np.nan))
        quiet_until[read.vehicle] = pd.Timestamp.max
        settled = (read.at + pd.Timedelta(days=rng.exponential(SETTLES_DAYS))).ceil("D") + pd.Timedelta(hours=10)
        if rng.random() < PAYS_WHEN_SEIZED and settled < DAYS[-1]:
            owed.loc[unpaid.index, "paid_on"] = settled.normalize()
            rows.append((settled, "반환", read.vehicle, read.place, unpaid["amount_krw"].sum()))
            quiet_until[read.vehicle] = settled
    done = pd.DataFrame(rows, columns=["at", "action", "vehicle", "place", "paid_krw"])
    return done.sort_values("at", kind="stable", ignore_index=True)
