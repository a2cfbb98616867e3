"""The tax side: who owes, who pays when, and what the arrears squads do when they meet a vehicle that owes."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from dansok.sample import happenings
from dansok.sample.ground import stream

IN_ARREARS = 0.039  # of the registered vehicles at some time; some 3% at one time
CHRONIC_IN_ARREARS = 0.54  # of those that park wrongly again and again: some 44% of all that are recorded often
STRANGERS_IN_ARREARS = 0.008  # of other cities' vehicles that do not
FINES_OF_CHRONIC, FINES_OF_OTHERS = 4.0, 0.8  # mean number beside the taxes
TAX_KRW, FINE_KRW = 325_000, 40_000  # median half-yearly tax of a car in arrears, and the plain fine
TAX_SURCHARGE, FINE_SURCHARGE = (0.03, 0.0066), (0.03, 0.012)  # at once, and for each month up to 60
PAYS_ANYWAY_DAYS = (240.0, 700.0, 2600.0)  # mean wait until a debt is paid without any action: by kind of debtor
KIND_SHARES = (0.3, 0.4, 0.3)
PAYS_WHEN_SEIZED, SETTLES_DAYS = 0.76, 6.0  # share of seized vehicles that settle, and mean wait until they do
LIVELIHOOD, INSTALMENTS = 0.06, 0.09  # livelihood cases, and plans that are kept
GHOSTS = 0.012  # vehicles nobody answers for (대포차)
ACTS = 0.6  # share of the meetings upon which the squad acts
QUIET_DAYS = 30  # after a notice
COUNTED_OWN = 2  # unpaid taxes from which on a plate may be taken, of this city's vehicles
COUNTED_OTHERS = ((pd.Timestamp("2025-12-01"), 3), (pd.Timestamp("2013-07-01"), 4))  # of others, from which day on
FINES_FROM_KRW, FINES_FROM_DAYS = 300_000, 60


@dataclass(frozen=True)
class Arrears:
    """`debtors`: `vehicle`, `kind` (of payer, 0 soon to 2 hardly), `livelihood`, `instalments`, `ghost`. `debts`, one row a
    debt: `vehicle`, `kind` ("tax", "fine"), `due_on`, `principal_krw`, `paid_on` (missing if not by the last day), `own` (owed
    to this city). `actions`: `at`, `action`, `vehicle`, `place`, `crew`, `shift`, `paid_krw`. `blocks`, one row a shift of a
    crew: `crew`, `shift`, `day`, `second`, `hours`, `area`, `waits`, `read`, `found`, `seized`, `recovered_krw`.
    """

    debtors: pd.DataFrame
    debts: pd.DataFrame
    actions: pd.DataFrame
    blocks: pd.DataFrame

    def owed_on(self, day):
        """Debts unpaid on a day with what is owed, surcharges included: rows of `debts` with `amount_krw`."""
        held = self.debts[(self.debts["due_on"] <= day) & ~(self.debts["paid_on"] <= day)]
        return held.assign(amount_krw=amounts(held, day))


def amounts(debts, day):
    """What each debt has grown to on a day, or each on its own, in won, rounded down to ten.

    `debts` are rows of `Arrears.debts`, as a frame or as arrays by name.
    """
    days = np.asarray(day, "datetime64[D]") - np.asarray(debts["due_on"], "datetime64[D]")
    months = np.clip(np.floor(days.astype(int) / 30.4), 0, 60)
    at_once, monthly = (
        np.where(debts["kind"] == "tax", tax, fine) for tax, fine in zip(TAX_SURCHARGE, FINE_SURCHARGE, strict=True)
    )
    grown = np.asarray(debts["principal_krw"]) * (1 + (months > 0) * at_once + months * monthly)
    return (grown // 10 * 10).astype(int)


def arrears(options, fleet, days):
    """Debtors and debts of a seed, as they would be if nobody acted: `Arrears` without actions."""
    rng = stream(options.seed, "debts")
    cars = fleet.cars
    base = (IN_ARREARS - CHRONIC_IN_ARREARS * cars.loc[cars["registered"], "chronic"].mean()) / (
        1 - cars.loc[cars["registered"], "chronic"].mean()
    )
    chance = np.where(cars["chronic"], CHRONIC_IN_ARREARS, np.where(cars["registered"], base, STRANGERS_IN_ARREARS))
    vehicle = np.flatnonzero(rng.random(len(cars)) < chance)
    n = len(vehicle)
    debtors = pd.DataFrame(
        {
            "vehicle": vehicle,
            "kind": rng.choice(3, n, p=KIND_SHARES),
            "livelihood": rng.random(n) < LIVELIHOOD,
            "instalments": rng.random(n) < INSTALMENTS,
            "ghost": rng.random(n) < GHOSTS,
        }
    )
    fines = _fines(debtors, cars, days, rng)
    debts = pd.concat(
        [_taxes(debtors, ~debtors["vehicle"].isin(fines["vehicle"]), days, rng), fines], ignore_index=True
    )
    debts["own"] = cars["registered"].to_numpy()[debts["vehicle"]]
    who = debtors.set_index("vehicle").loc[debts["vehicle"]]
    wait = np.array(PAYS_ANYWAY_DAYS)[who["kind"]]
    waits = rng.exponential(np.where(who["ghost"], 1e6, wait)).clip(max=30_000)
    # Whoever owes on the first day has not paid until then.
    begins = debts["due_on"].clip(lower=options.size.first_read_day)
    debts["paid_on"] = begins + pd.to_timedelta(np.ceil(waits), "D")
    debts = debts[debts["due_on"] < fleet.scrapped_on(debts["vehicle"].to_numpy())]
    debts = debts.sort_values(["vehicle", "due_on", "kind"], kind="stable", ignore_index=True)
    return Arrears(debtors[debtors["vehicle"].isin(debts["vehicle"])], debts, pd.DataFrame(), pd.DataFrame())


def _taxes(debtors, no_fines, days, rng):
    """Car tax falls due on 30 June and 31 December; who does not pay once often does not pay again."""
    due = pd.DatetimeIndex(
        [
            pd.Timestamp(f"{year}-{day}")
            for year in range(days[0].year - 8, days[-1].year + 1)
            for day in ("06-30", "12-31")
        ]
    )
    due = due[due <= days[-1]]
    number = np.where(debtors["kind"] == 2, rng.geometric(0.2, len(debtors)), rng.geometric(0.42, len(debtors))) - 1
    number = np.clip(number, no_fines.to_numpy(), len(due))
    last = len(due) - np.minimum(rng.geometric(0.3, len(debtors)) - 1, len(due) - number.clip(min=1))
    rows = np.repeat(np.arange(len(debtors)), number)
    nth = np.arange(len(rows)) - np.repeat(np.cumsum(number) - number, number)
    level = rng.lognormal(np.log(TAX_KRW), 0.45, len(debtors))
    return pd.DataFrame(
        {
            "vehicle": debtors["vehicle"].to_numpy()[rows],
            "kind": "tax",
            "due_on": due[np.maximum(last[rows] - 1 - nth, 0)],
            "principal_krw": (level[rows] // 10 * 10).astype(int),
        }
    )


def _fines(debtors, cars, days, rng):
    mean = np.where(cars["chronic"].to_numpy()[debtors["vehicle"]], FINES_OF_CHRONIC, FINES_OF_OTHERS)
    number = rng.poisson(rng.gamma(1.5, mean / 1.5))
    rows = np.repeat(np.arange(len(debtors)), number)
    age = np.minimum(rng.exponential(620, len(rows)), 4200).astype(int)
    kind = rng.choice([1, 2, 3], len(rows), p=[0.86, 0.06, 0.08])
    return pd.DataFrame(
        {
            "vehicle": debtors["vehicle"].to_numpy()[rows],
            "kind": "fine",
            "due_on": days[-1] - pd.to_timedelta(age, "D"),
            "principal_krw": kind * FINE_KRW,
        }
    )


def eligible(unpaid, own, day):
    """Whether a plate may be taken for these unpaid debts on a day; that of a vehicle nobody answers for always may.

    `unpaid` are rows of `Arrears.debts`, as a frame or as arrays by name.
    """
    is_tax, day = np.asarray(unpaid["kind"] == "tax"), np.datetime64(day, "D")
    counted = COUNTED_OWN if own else next(count for since, count in COUNTED_OTHERS if day >= since)
    if is_tax.sum() >= counted:
        return True
    old_fines = ~is_tax & (np.asarray(unpaid["due_on"], "datetime64[D]") <= day - FINES_FROM_DAYS)
    return own and amounts(unpaid, day)[old_fines].sum() >= FINES_FROM_KRW


class Squads:
    """What the arrears squads do, month by month, in the order of what they read: take plates, give notice, and let people
    pay because of it. Of the reads only the meetings with debtors are kept, so that memory does not grow with them.

    Livelihood cases and kept instalment plans are only given notice. A seized vehicle that settles gets its plate back and
    all its debts are paid on that day; one that does not is not acted upon again.
    """

    def __init__(self, options, owed, fleet, days):
        self._owed, self._days, self._rng = owed, days, stream(options.seed, "actions")
        self._first = days.searchsorted(options.size.first_read_day)
        self._plan_from = stakeout_day(days) if options.happens("stakeout_plan") else None
        self._who = owed.debtors.set_index("vehicle").to_dict("index")
        self._registered = fleet.cars["registered"].to_numpy()
        # A few rows are asked for at each of thousands of meetings: plain arrays tell them a hundred times sooner.
        debts = owed.debts
        self._ends = np.searchsorted(debts["vehicle"].to_numpy(), np.arange(len(fleet.cars) + 1))
        self._debts = {name: debts[name].to_numpy() for name in ("kind", "principal_krw")}
        self._debts["due_on"] = debts["due_on"].to_numpy("datetime64[D]")
        self._paid_on = debts["paid_on"].to_numpy("datetime64[D]", copy=True)
        self._quiet, self._rows, self._blocks = {}, [], []

    def work(self, reads):
        """Walk through the reads of the next month, as `reads.reads` gives them."""
        reads = reads[reads["kind"] == 3]
        met = reads[reads["vehicle"].isin(self._who.keys())]
        luck = self._rng.random((2, len(met)))
        waits = np.ceil(self._rng.exponential(SETTLES_DAYS, len(met))).astype(int)
        found = {
            (read.shift, read.vehicle)
            for read, lucky, wait in zip(met.itertuples(), luck.T, waits, strict=True)
            if self._meet(read, lucky, int(wait))
        }
        counts = {"read": reads["shift"], "found": pd.Series([shift for shift, _ in found], dtype="int64")}
        self._blocks.append(pd.DataFrame({name: shift.value_counts() for name, shift in counts.items()}))

    def _meet(self, read, luck, wait):
        """One read of a debtor; whether it counts as found: it owes, and was not acted upon lately."""
        day = self._days[read.day]
        own_rows = slice(self._ends[read.vehicle], self._ends[read.vehicle + 1])
        on = day.to_datetime64()
        unpaid = self._ends[read.vehicle] + np.flatnonzero(
            (self._debts["due_on"][own_rows] < on) & (self._paid_on[own_rows] > on)
        )
        if not len(unpaid) or day < self._quiet.get(read.vehicle, day):
            return False
        planned = self._plan_from is not None and read.day >= self._plan_from
        if luck[0] > ACTS * (happenings.STAKEOUT_ACTS if planned else 1.0):
            return True
        at, person = day + pd.Timedelta(seconds=read.second), self._who[read.vehicle]
        debts = {name: values[unpaid] for name, values in self._debts.items()}
        lawful = person["ghost"] or eligible(debts, bool(self._registered[read.vehicle]), day)
        if not lawful or person["livelihood"] or person["instalments"]:
            self._act(at, "영치예고", read)
            self._quiet[read.vehicle] = day + pd.Timedelta(days=QUIET_DAYS)
            return True
        self._act(at, "영치", read)
        self._quiet[read.vehicle] = pd.Timestamp.max
        settled = day + pd.Timedelta(days=wait)
        if luck[1] < PAYS_WHEN_SEIZED and not person["ghost"] and settled <= self._days[-1]:
            self._paid_on[unpaid] = settled
            self._act(settled + pd.Timedelta(hours=10), "반환", read, int(amounts(debts, settled).sum()))
            self._quiet[read.vehicle] = settled + pd.Timedelta(days=1)
        return True

    def _act(self, at, action, read, paid_krw=np.nan):
        self._rows.append((at, action, read.vehicle, read.place, read.unit, read.shift, paid_krw))

    def done(self, rounds):
        """`Arrears` after the last month; `rounds` as in `watching.Watching`."""
        debts = self._owed.debts.copy()
        debts["paid_on"] = pd.Series(self._paid_on, index=debts.index).astype(debts["due_on"].dtype)
        actions = pd.DataFrame(
            self._rows, columns=["at", "action", "vehicle", "place", "crew", "shift", "paid_krw"]
        ).sort_values("at", kind="stable", ignore_index=True)
        return Arrears(self._owed.debtors, debts, actions, self._logged(rounds, actions))

    def _logged(self, rounds, actions):
        counts = pd.concat(self._blocks)
        blocks = (
            rounds[rounds["day"] >= self._first]
            .groupby("shift", as_index=False)
            .agg(
                crew=("unit", "first"),
                day=("day", "first"),
                second=("second", "min"),
                area=("area", "first"),
                seconds=("seconds", "sum"),
            )
        )
        blocks["hours"] = blocks.pop("seconds") / 3600
        blocks["waits"] = blocks["day"] >= self._plan_from if self._plan_from is not None else False
        seized = actions.loc[actions["action"] == "영치", "shift"].value_counts()
        recovered = actions.groupby("shift")["paid_krw"].sum()
        came = {"read": counts["read"], "found": counts["found"], "seized": seized, "recovered_krw": recovered}
        for name, values in came.items():
            blocks[name] = blocks["shift"].map(values).fillna(0).astype(int)
        return blocks


def stakeout_day(days):
    """Row of the first day of the stake-out plan: six months before the last day."""
    return int(days.searchsorted(days[-1] + pd.Timedelta(days=1) - pd.DateOffset(months=6)))
