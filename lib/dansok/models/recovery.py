"""What seizing a plate is worth: the payment it adds, not the amount owed.

    uplift = amount * (chance of payment if seized - chance of payment anyway), both within a horizon

What it is: the difference between two groups of past vehicles with the same amount, age, number of debts and kind of
debt, one seized and one not (yet), by two hazards of payment.

What it is not: the effect of a seizure on any vehicle. Seized vehicles are no random sample: officers meet cars that
are driven, and choose among those they meet. Whatever drove their choice and also drives payment, beyond the four
features, is counted as uplift: if those who can be found are those who would have paid, it is too high. Only seizures
drawn at random tell; the random control slots of a stake-out plan are such draws.
"""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

FEATURES = ("amount_krw", "age_days", "count", "tax_share")
PUBLISHED_IF_SEIZED = (
    0.76  # share of seized vehicles that settle, as cities report it; within what time they do not say
)
EDGES = (0, 7, 30, 90, 180, 365)  # days at which the level of a hazard may change
EVENTS_PER_FEATURE = 10
SAME_DAY = 0.5  # days that pass until what happens on the day itself
PRIOR = 0.5  # events with which each coefficient is held to 0, on either side


@dataclass(frozen=True)
class Hazard:
    """Piecewise-constant hazard of an event; made by `fit_hazard`.

    `coefficients` and `covariance` are of the log hazard per day in the first interval, what later ones add, and each
    feature in standard deviations.
    """

    edges: np.ndarray
    features: tuple
    middle: pd.Series
    spread: pd.Series
    coefficients: np.ndarray
    covariance: np.ndarray
    spells: int
    events: int

    def probability(self, features):
        """Chance of the event until the last edge.

        Parameters
        ----------
        features : pd.DataFrame, one row a vehicle
            The columns that `fit_hazard` was given.

        Returns
        -------
        pd.DataFrame, same index
            `probability` and its standard error `error`, by the delta method: of the chance itself, not of what will
            happen.
        """
        scaled = _standardised(features, self.features, self.middle, self.spread)
        survived, gradient = np.zeros(len(scaled)), np.zeros((len(scaled), len(self.coefficients)))
        for interval, days in enumerate(np.diff(self.edges)):
            design = _design(np.full(len(scaled), interval), scaled, len(self.edges) - 1)
            hazard = np.exp(design @ self.coefficients) * days
            survived += hazard
            gradient += hazard[:, None] * design
        gradient *= np.exp(-survived)[:, None]
        error = np.sqrt(np.einsum("np,pq,nq->n", gradient, self.covariance, gradient))
        return pd.DataFrame({"probability": -np.expm1(-survived), "error": error}, features.index)


def fit_hazard(days, happened, features, edges):
    """Hazard of an event over time, with censoring.

    Parameters
    ----------
    days : pd.Series of float, shape (n,)
        Time under observation, until the event or until nobody looked any more. What happens at once happens after half
        a day.
    happened : pd.Series of bool, same index
        The event ended it. Otherwise it is censored: what came later is unknown.
    features : pd.DataFrame, same index
        Numbers. No columns: one hazard for all.
    edges : sequence of float
        From 0 to the horizon; the hazard is constant between neighbours. Time beyond the horizon is not used.

    Returns
    -------
    Hazard

    Notes
    -----
    Piecewise exponential model as a Poisson regression of events on time at risk (Holford 1980, Biometrics 36; Laird
    and Olivier 1981, JASA 76). Every coefficient but the first is held towards 0 by pseudo-data, half an event in half
    a unit of time at +1 and at -1: a prior about normal with standard deviation 1, rate ratios between 1/7 and 7 a
    standard deviation of the feature (prior by data augmentation: Greenland 2007, Statistics in Medicine 26).

    Examples
    --------
    >>> days, paid = pd.Series([10.0, 20, 30, 30, 30, 30]), pd.Series([True, True, False, False, False, False])
    >>> hazard = fit_hazard(days, paid, pd.DataFrame(index=days.index), [0, 30])
    >>> hazard.probability(pd.DataFrame(index=["a vehicle"])).round(2).values.tolist()  # 1 - exp(-30 * 2 / 150)
    [[0.33, 0.19]]
    """
    edges = np.asarray(edges, float)
    if len(edges) < 2 or edges[0] != 0 or not (np.diff(edges) > 0).all():
        raise ValueError(f"edges must rise from 0, got {edges.tolist()}")
    if not (days.index.equals(happened.index) and days.index.equals(features.index)):
        raise ValueError("days, happened and features have different indexes")
    if not (days >= 0).all():
        raise ValueError(f"{(~(days >= 0)).sum()} times under observation are missing or below zero")
    days, happened = days.clip(lower=SAME_DAY).to_numpy(float), happened.to_numpy(bool)
    names = tuple(features.columns)
    middle, spread = features.mean(), features.std(ddof=0)
    spread = spread.where(spread > 0, 1.0)
    scaled = _standardised(features, names, middle, spread)
    spell, interval, at_risk, event = _split(days, happened, edges)
    design = _design(interval, scaled[spell], len(edges) - 1)
    held = np.repeat(np.eye(design.shape[1])[1:], 2, axis=0) * np.tile([1, -1], design.shape[1] - 1)[:, None]
    pseudo = np.full(len(held), PRIOR)
    model = sm.GLM(
        np.append(event, pseudo), np.vstack([design, held]), sm.families.Poisson(), exposure=np.append(at_risk, pseudo)
    )
    rate = max(event.sum(), PRIOR) / at_risk.sum()
    fitted = model.fit(start_params=np.append(math.log(rate), np.zeros(design.shape[1] - 1)))
    return Hazard(
        edges, names, middle, spread, fitted.params, fitted.cov_params(), spells=len(days), events=int(event.sum())
    )


def _split(days, happened, edges):
    """One row a spell and interval: number of each, days at risk, and whether the event fell into it."""
    at_risk = np.clip(days[:, None], edges[:-1], edges[1:]) - edges[:-1]
    event = happened[:, None] & (days[:, None] > edges[:-1]) & (days[:, None] <= edges[1:])
    spell, interval = np.nonzero(at_risk > 0)
    return spell, interval, at_risk[spell, interval], event[spell, interval].astype(float)


def _design(interval, scaled, n_intervals):
    later = interval[:, None] == np.arange(1, n_intervals)
    return np.column_stack([np.ones(len(interval)), later, scaled])


def _standardised(features, names, middle, spread):
    if tuple(features.columns) != names:
        raise ValueError(f"features must be {names}, got {tuple(features.columns)}")
    values = features.to_numpy(float)
    if not np.isfinite(values).all():
        raise ValueError(f"{(~np.isfinite(values)).sum()} values of the features {names} are missing")
    return (values - middle.to_numpy(float)) / spread.to_numpy(float)


@dataclass(frozen=True)
class Recovery:
    """Chances of payment with and without seizure; made by `fit`.

    `basis_if_seized` and `basis_anyway` say what each rests on: `city_model` (own outcomes, four features), `city_rate`
    (own outcomes, too few to tell vehicles apart), `published_rate` (given, not measured here), or `unknown`.
    """

    horizon_days: float
    if_seized: Hazard | None
    anyway: Hazard | None
    published_if_seized: float | None
    published_anyway: float | None
    seized_range: pd.DataFrame  # low and high of each feature among the seized

    @property
    def basis_if_seized(self):
        return _basis(self.if_seized, self.published_if_seized)

    @property
    def basis_anyway(self):
        return _basis(self.anyway, self.published_anyway)

    def value(self, debts, confidence=0.9):
        """What seizing each vehicle is worth, and why.

        Parameters
        ----------
        debts : pd.DataFrame, one row a vehicle
            `amount_krw` (above 0), `age_days` (of the oldest debt), `count` (of debts, at least 1), `tax_share` (of the
            amount, that is vehicle tax, 0-1), `eligible` (bool: the law allows seizure today), `livelihood` (bool: must
            not be seized).
        confidence : float

        Returns
        -------
        pd.DataFrame, same index
            `pay_if_seized`, `pays_anyway` (chances within the horizon), `uplift_krw`, `low`, `high`; `reason_1` to
            `reason_3` with `reason_1_krw` to `reason_3_krw`: the features that move the uplift most from what it were
            with the middle value of all vehicles valued, and by how much; `like_seized`: every feature lies within the
            range of those seized before (1st to 99th percentile), outside it the chance is extrapolated;
            `basis_if_seized`, `basis_anyway`. A vehicle that is not eligible, or a livelihood case, is not valued:
            everything but `pays_anyway` is missing.

        Notes
        -----
        The interval is of the expected uplift, from the errors of the two hazards; what one vehicle does is all or
        nothing. It leaves out who was chosen for seizure (see above) and that true chances are not exactly of this
        form, so that for single vehicles it holds the truth less often than it says. It is missing where a published
        rate is used, which has none.
        """
        debts = _checked(debts)
        for name in ("eligible", "livelihood"):
            if not pd.api.types.is_bool_dtype(debts[name]) or debts[name].isna().any():
                raise ValueError(f"{name} must be true or false for every vehicle: it is a legal question")
        valued = debts["eligible"] & ~debts["livelihood"]
        seized, anyway = self._chances(debts)
        amount = debts["amount_krw"]
        uplift = amount * (seized["probability"] - anyway["probability"])
        half = stats.norm.ppf((1 + confidence) / 2) * amount * np.hypot(seized["error"], anyway["error"])
        table = pd.DataFrame({"pay_if_seized": seized["probability"], "uplift_krw": uplift})
        table = table.assign(low=uplift - half, high=uplift + half)
        table = table.join(self._reasons(debts, uplift, valued)).assign(
            like_seized=pd.array(self._like_seized(debts), dtype="boolean"), basis_if_seized=self.basis_if_seized
        )
        table[~valued] = pd.NA
        table.insert(1, "pays_anyway", anyway["probability"])
        return table.assign(basis_anyway=self.basis_anyway)

    def _chances(self, debts):
        return tuple(
            _chance(hazard, published, debts)
            for hazard, published in (
                (self.if_seized, self.published_if_seized),
                (self.anyway, self.published_anyway),
            )
        )

    def _reasons(self, debts, uplift, valued):
        middle = debts.loc[valued if valued.any() else debts.index, list(FEATURES)].median()
        moved = np.zeros((len(debts), len(FEATURES)))
        for column, name in enumerate(FEATURES):
            as_middle = debts.assign(**{name: middle[name]})
            seized, anyway = self._chances(as_middle)
            moved[:, column] = uplift - as_middle["amount_krw"] * (seized["probability"] - anyway["probability"])
        moved = np.nan_to_num(moved)
        first = np.argsort(-np.abs(moved), axis=1, kind="stable")[:, :3]
        by = np.take_along_axis(moved, first, axis=1)
        reasons = pd.DataFrame(index=debts.index)
        for rank in range(3):
            none = np.abs(by[:, rank]) < 1  # won
            reasons[f"reason_{rank + 1}"] = pd.Series(np.array(FEATURES)[first[:, rank]], debts.index).mask(none)
            reasons[f"reason_{rank + 1}_krw"] = pd.Series(by[:, rank], debts.index).mask(none)
        return reasons

    def _like_seized(self, debts):
        inside = [debts[name].between(*self.seized_range.loc[name]) for name in FEATURES]
        return np.logical_and.reduce(inside)


def fit(outcomes, horizon_days=90, published_if_seized=PUBLISHED_IF_SEIZED, published_anyway=None):
    """Chances of payment with and without seizure, from what past vehicles did.

    Parameters
    ----------
    outcomes : pd.DataFrame, one row a vehicle followed from a day on
        `amount_krw`, `age_days`, `count`, `tax_share` as on that day; `seized_day`, `paid_day` (days after it; missing:
        not by then), `followed_days` (days until which payments are known). Paid means settled in full. Ineligible
        vehicles and livelihood cases are left out by whoever makes the table, since they are not what is asked about.
    horizon_days : float
        Within which a payment counts.
    published_if_seized, published_anyway : float or None
        Chances used where own outcomes are too few; None: the chance is then unknown, and so is the uplift.

    Returns
    -------
    Recovery

    Notes
    -----
    Two hazards. *Anyway*: from the first day until payment, censored when the vehicle is seized or followed no longer.
    *If seized*: from the seizure on. A vehicle seized late adds the days before to the first: comparing those
    ever seized with those never seized would hold it against seizure that its vehicles had to stay unpaid until then
    (immortal time; Suissa 2008, American Journal of Epidemiology 167). A seizure after payment is left out. The four
    features are used with 10 vehicles that paid and 10 that did not for each of them (Peduzzi et al. 1996, Journal of
    Clinical Epidemiology 49), one rate for all with 10 of either, the published rate with fewer.

    Examples
    --------
    >>> nobody = pd.DataFrame(columns=["seized_day", "paid_day", "followed_days", *FEATURES], dtype=float)
    >>> model = fit(nobody, published_anyway=0.2)
    >>> debt = {"amount_krw": [500_000, 500_000], "age_days": 400, "count": 3, "tax_share": 1.0, "eligible": True}
    >>> table = model.value(pd.DataFrame(debt).assign(livelihood=[False, True]))
    >>> table[["uplift_krw", "basis_if_seized"]].values.tolist()
    [[280000.0, 'published_rate'], [nan, nan]]
    """
    if not horizon_days > SAME_DAY:
        raise ValueError(f"horizon_days must be above {SAME_DAY}, got {horizon_days}")
    for name, rate in (("published_if_seized", published_if_seized), ("published_anyway", published_anyway)):
        if rate is not None and not 0 <= rate <= 1:
            raise ValueError(f"{name} must lie in [0, 1], got {rate}")
    outcomes = _checked(outcomes)
    followed, paid, seized = (outcomes[name] for name in ("followed_days", "paid_day", "seized_day"))
    for name, wrong in (
        ("followed_days", ~(followed > 0)),
        ("paid_day", (paid < 0) | (paid > followed)),
        ("seized_day", (seized < 0) | (seized > followed)),
    ):
        if wrong.any():
            raise ValueError(f"{name} is missing, below 0 or after followed_days in {wrong.sum()} rows")
    seized = seized.mask(paid < seized)
    edges = [edge for edge in EDGES if edge < horizon_days] + [horizon_days]
    until_seized = pd.concat([followed, paid, seized], axis=1).min(axis=1)
    anyway = _own_hazard(until_seized, paid.notna() & seized.isna(), outcomes, edges)
    after = outcomes[seized.notna()]
    until_paid = (paid.fillna(followed) - seized)[after.index]
    if_seized = _own_hazard(until_paid, after["paid_day"].notna(), after, edges)
    return Recovery(
        horizon_days,
        if_seized,
        anyway,
        published_if_seized,
        published_anyway,
        after[list(FEATURES)].quantile([0.01, 0.99]).T,
    )


def _own_hazard(days, happened, outcomes, edges):
    """With the features, without them, or none, by how many paid and how many did not within the horizon."""
    paid = int((happened & (days <= edges[-1])).sum())
    fewer = min(paid, len(days) - paid)
    if fewer < EVENTS_PER_FEATURE:
        return None
    features = _transformed(outcomes)
    if fewer < EVENTS_PER_FEATURE * len(FEATURES):
        features = features[[]]
    return fit_hazard(days, happened, features, edges)


def _chance(hazard, published, debts):
    if hazard is not None:
        return hazard.probability(_transformed(debts)[list(hazard.features)])
    known = math.nan if published is None else published
    return pd.DataFrame({"probability": known, "error": math.nan}, debts.index)


def _basis(hazard, published):
    if hazard is not None:
        return "city_model" if hazard.features else "city_rate"
    return "unknown" if published is None else "published_rate"


def _transformed(debts):
    """Amount, age and number by their logarithms: a doubling means the same wherever it starts."""
    logs = {"amount_krw": np.log, "age_days": np.log1p, "count": np.log, "tax_share": np.asarray}
    return pd.DataFrame({name: log(debts[name].to_numpy(float)) for name, log in logs.items()}, debts.index)


def _checked(debts):
    if debts.index.has_duplicates:
        raise ValueError(f"{debts.index.duplicated().sum()} vehicles stand in the table twice")
    lowest = {"amount_krw": 0, "age_days": 0, "count": 1, "tax_share": 0}
    for name, low in lowest.items():
        wrong = ~(debts[name] >= low) | ((name == "amount_krw") & (debts[name] == 0))
        if name == "tax_share":
            wrong |= debts[name] > 1
        if wrong.any():
            raise ValueError(f"{name} is missing or impossible in {wrong.sum()} of {len(debts)} rows")
    return debts


def fairness(groups, chosen, confidence=0.95):
    """Who is chosen, beside who is in arrears.

    Parameters
    ----------
    groups : pd.DataFrame, one row a vehicle in arrears
        One column a way to group them: area of registration, class of vehicle, tier of the amount, livelihood. A
        missing value is a group of its own.
    chosen : pd.Series of bool, same index
        The vehicle is on the plan or list.

    Returns
    -------
    pd.DataFrame, one row a group
        `grouping`, `group`, `debtors`, `chosen` (vehicles), `share_of_debtors`, `share_of_chosen`, `ratio` of the two
        (1: chosen as often as anyone), `low`, `high`. Shares of the chosen, and the ratio, are missing if none is
        chosen.

    Notes
    -----
    Wilson interval (1927) of the share of the chosen, over the share of the debtors, which is counted in full. Small
    groups must be suppressed by whoever publishes the table.

    Examples
    --------
    >>> groups = pd.DataFrame({"class": ["car"] * 6 + ["van"] * 4})
    >>> table = fairness(groups, pd.Series([True, True] + [False] * 7 + [True]))
    >>> table[["group", "share_of_debtors", "share_of_chosen", "ratio"]].round(2).values.tolist()
    [['car', 0.6, 0.67, 1.11], ['van', 0.4, 0.33, 0.83]]
    """
    if not groups.index.equals(chosen.index):
        raise ValueError("groups and chosen have different indexes")
    if not pd.api.types.is_bool_dtype(chosen) or chosen.isna().any():
        raise ValueError("chosen must be true or false for every vehicle")
    tables = [_shares(groups[name], chosen, confidence) for name in groups]
    return pd.concat(tables, ignore_index=True)


def _shares(groups, chosen, confidence):
    table = chosen.groupby(groups, dropna=False).agg(debtors="size", chosen="sum").astype(int)
    table = table.rename_axis("group").reset_index()
    table.insert(0, "grouping", groups.name)
    table["share_of_debtors"] = table["debtors"] / len(groups)
    total = int(table["chosen"].sum())
    if total == 0:
        return table.assign(share_of_chosen=math.nan, ratio=math.nan, low=math.nan, high=math.nan)
    table["share_of_chosen"] = table["chosen"] / total
    table["ratio"] = table["share_of_chosen"] / table["share_of_debtors"]
    low, high = proportion_confint(table["chosen"], total, 1 - confidence, method="wilson")
    return table.assign(low=low / table["share_of_debtors"], high=high / table["share_of_debtors"])
