"""Next month's counts: by place, from its recent and its distant past; and by group, week and hour."""

import itertools

import numpy as np
import pandas as pd
from scipy import optimize, sparse, spatial, special, stats

from dansok.models.backtest import coverage, crps_of_negative_binomial, monthly, nbinom_parameters

# Months in which the past loses half its weight: bursts, seasons of a place, and what it is like in the long run.
HALF_LIVES = (1 / 3, 1.0, 3.0)
NEIGHBOURHOOD_HALF_LIFE = 1.0
FIRST_MONTHS = 3
FITTED_MONTHS = 12
WEIGHTS = ("weight_short", "weight_middle", "weight_long")
PLACE_PARAMETERS = (*WEIGHTS, "own", "neighbourhood", "size")
LEAST_MEAN = 1e-12  # which a count never comes from, but a logarithm can be taken of

SEASON_DAYS = 728
PRIOR_DEVIATION = 0.5
SMOOTHING_CONSTANTS = (0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75)
SHARE_HALF_LIVES = (14, 56)  # days
# The strongest first: it is what holds where nothing tells.
SHARE_STRENGTHS = (1e6, 224, 56, 14, 1)  # days of the long run
PROFILE_STRENGTHS = (1e6, 2500, 500, 100, 20)  # events


def last_month(counts, months):
    """Counts of the last month, the first rival of any forecast by place.

    Parameters
    ----------
    counts, months
        As for `backtest.roll`.

    Examples
    --------
    >>> last_month([[4, 1], [5, 2]], [0, 1]).tolist()
    [5, 2]
    """
    return monthly(counts, months)[-1]


def twelve_months(counts, months):
    """Counts of the last twelve months, or of as many as there are.

    Examples
    --------
    >>> twelve_months([[4, 1], [5, 2]], [0, 1]).tolist()
    [9, 3]
    """
    return np.nansum(monthly(counts, months)[-12:], axis=0)


def same_month_last_year(counts, months):
    """Counts of the month twelve months before the coming one; missing where there are none.

    Examples
    --------
    >>> same_month_last_year([[4, 1], [5, 2]], [0, 1]).tolist()
    [nan, nan]
    """
    by_month = monthly(counts, months)
    return by_month[-12] if len(by_month) >= 12 else np.full(by_month.shape[1], np.nan)


def kernel_map(counts, months, cell_x, cell_y, bandwidth=1.0):
    """The last twelve months' counts, smoothed by a Gaussian: what hot-spot maps usually show.

    Parameters
    ----------
    counts, months
        As for `backtest.roll`.
    cell_x, cell_y : array-like of int, shape (n_places,)
    bandwidth : float
        Standard deviation of the Gaussian, in cells; cut at four of them.

    Examples
    --------
    >>> kernel_map([[4, 0, 0]], [0], [0, 1, 9], [0, 0, 0]).round(2).tolist()
    [4.0, 2.43, 0.0]
    """
    tree = spatial.cKDTree(np.column_stack([cell_x, cell_y]))
    near = tree.sparse_distance_matrix(tree, 4 * bandwidth, output_type="coo_matrix").tocsr()
    near.data = np.exp(-((near.data / bandwidth) ** 2) / 2)
    return near @ twelve_months(counts, months)


def fit_places(counts, months, near, exposure=None):
    """Learn from earlier months how much the next one resembles the past of a place and of its neighbourhood.

    Parameters
    ----------
    counts : array-like of float, shape (n_rows, n_places)
    months : array-like of int, shape (n_rows,)
        As for `backtest.roll`. Rows shorter than a month (days) forecast a little better.
    near : scipy.sparse array, shape (n_places, n_places)
        As `hotspots.neighbours` gives.
    exposure : array-like of float, shape (n_rows, n_places), optional
        What the events could be seen in; by default each row's share of its month. Where it is 0 or missing, nobody
        looked.

    Returns
    -------
    pd.Series
        `weight_short`, `weight_middle`, `weight_long`: of the rates with the half-lives of HALF_LIVES. `season`: of the
        same month last year against the rest, 0 where no earlier month had one. `own`, `neighbourhood`: exposure that a
        neighbourhood's rate counts for in a place, and the city's in a neighbourhood, in months of a mean place.
        `size`: of the negative binomial.

    Raises
    ------
    ValueError
        With fewer than FIRST_MONTHS + 1 months.

    Notes
    -----
    Next month's count of place i is negative binomial with mean exposure × Σ_j w_j (C_ij + κ m_i) / (E_ij + κ): C and E
    are events and exposure that lose their weight with half-life j, m_i is the neighbourhood's rate, drawn to the
    city's in the same way. That is a linear credibility estimate (Bühlmann 1967, ASTIN Bulletin 4), or an
    autoregression of counts (Ferland, Latour and Oraichi 2006, Journal of Time Series Analysis 27). All weights are at
    least 0 and found together by the likelihood of the last FITTED_MONTHS months, each given what was known before it.
    """
    past = _Past(counts, months, near, exposure)
    if past.last - past.first < FIRST_MONTHS:
        raise ValueError(f"{past.last - past.first + 1} months are too few, at least {FIRST_MONTHS + 1} are needed")
    origins = range(max(past.first + FIRST_MONTHS, past.last - FITTED_MONTHS + 1), past.last + 1)
    known = [(past.before(origin), *past.month(origin)) for origin in origins]

    def loss(logs):
        values = np.exp(logs)
        parameters = dict(zip(PLACE_PARAMETERS, values, strict=True))
        size, total, slopes = parameters["size"], 0.0, np.zeros(len(values))
        for before, events, watch in known:
            slopes_of_rate = _slopes_of_rate(before, parameters)
            mean = watch * (values[: len(WEIGHTS)] @ slopes_of_rate[: len(WEIGHTS)])  # a rate is linear in its weights
            total += _losses(events, mean, size).sum()
            by_mean, by_size = _slopes_of_losses(events, mean, size)
            slopes += np.append(slopes_of_rate @ (by_mean * watch), by_size.sum())
        return total, slopes * values

    start = np.log([0.3, 0.4, 0.3, 0.1, 1.0, 1.0])
    # The loss is a sum of hundreds of thousands: of it, the usual 1e-9 would stop where a rate may still be 6% off.
    bounds, accurate = [(-9, 5)] * len(start), {"ftol": 1e-13, "maxfun": 50_000}
    fitted = optimize.minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options=accurate)
    parameters = pd.Series(np.exp(fitted.x), PLACE_PARAMETERS)

    def loss_with_season(share):
        with_season = parameters.to_dict() | {"season": share}
        return sum(
            _losses(events, watch * _rate(before, with_season), parameters["size"]).sum()
            for before, events, watch in known
            if before["season"] is not None
        )

    parameters["season"] = 0.0
    if known[-1][0]["season"] is not None:
        parameters["season"] = optimize.minimize_scalar(loss_with_season, bounds=(0, 1), method="bounded").x
    return parameters


def expected_by_place(counts, months, near, parameters, exposure=None):
    """Events expected in the month after the last row, per place and unit of exposure (by default one month).

    Parameters
    ----------
    counts, months, near, exposure
        As for `fit_places`.
    parameters : pd.Series
        As `fit_places` gives, from these months or earlier ones.

    Returns
    -------
    np.ndarray, shape (n_places,)
        Missing for a place at which nobody ever looked.
    """
    past = _Past(counts, months, near, exposure)
    expected = _rate(past.before(past.last + 1), parameters) / past.mean_exposure
    return np.where((past.exposure > 0).any(axis=0), expected, np.nan)


def next_month(counts, months, near, exposure=None):
    """`fit_places` and `expected_by_place` in one, as `backtest.roll` wants a forecaster.

    Examples
    --------
    >>> from dansok.models.hotspots import neighbours
    >>> random = np.random.default_rng(1)
    >>> counts = random.poisson([20.0, 5.0, 5.0, 0.5], size=(8, 4))
    >>> next_month(counts, np.arange(8), neighbours([0, 1, 2, 9], [0, 0, 0, 0])).argmax().item()
    0
    """
    return expected_by_place(counts, months, near, fit_places(counts, months, near, exposure), exposure)


class _Past:
    """Counts and exposure by row, and what they say before a given month."""

    def __init__(self, counts, months, near, exposure):
        counts, self.months = np.asarray(counts, float), np.asarray(months)
        if counts.ndim != 2 or self.months.shape != counts.shape[:1]:
            raise ValueError(f"counts have the shape {counts.shape}, months {self.months.shape}")
        if not len(counts) or not np.isin(np.diff(self.months), (0, 1)).all():
            raise ValueError("months must rise without a gap")
        self.first, self.last = int(self.months[0]), int(self.months[-1])
        rows = np.bincount(self.months - self.first)
        month = self.months - self.first
        part = 1 / rows[month]
        if exposure is None:
            exposure = np.broadcast_to(part[:, None], counts.shape)
        exposure = np.asarray(exposure, float)
        if exposure.shape != counts.shape or (exposure < 0).any() or (counts < 0).any():
            raise ValueError("counts and exposure must have one shape and not be below zero")
        watched = np.isfinite(counts) & (exposure > 0)
        self.counts, exposure = np.where(watched, counts, 0.0), np.where(watched, exposure, 0.0)
        if not watched.any():
            raise ValueError("nobody looked anywhere")
        # so that parameters are in months of a mean place, whatever the unit
        self.mean_exposure = exposure.sum() / (len(rows) * watched.any(axis=0).sum())
        self.exposure = exposure / self.mean_exposure
        self.ring = near - sparse.diags_array(near.diagonal())
        # months from the first to the middle of each row
        self.time = month + (np.arange(len(month)) - (np.cumsum(rows) - rows)[month] + 0.5) * part

    def month(self, month):
        rows = self.months == month
        return self.counts[rows].sum(axis=0), self.exposure[rows].sum(axis=0)

    def before(self, origin):
        """Events and exposure by half-life, around the place, in the city, and in the same month last year."""
        rows = self.months < origin
        age = origin - self.first - self.time[rows]
        weights = 0.5 ** (age / np.array([*HALF_LIVES, NEIGHBOURHOOD_HALF_LIFE])[:, None])
        events, watch = weights @ self.counts[rows], weights @ self.exposure[rows]
        return {
            "events": events[:-1],
            "watch": watch[:-1],
            "ring": (self.ring @ events[-1], self.ring @ watch[-1]),
            "city": events[-1].sum() / watch[-1].sum() if watch[-1].any() else 0.0,
            "season": self.month(origin - 12) if origin - 12 >= self.first else None,
        }


def _drawn(before, parameters):
    """The neighbourhood's rate drawn to the city's, and the place's by half-life drawn to that."""
    ring_events, ring_watch = before["ring"]
    wide, own = parameters["neighbourhood"], parameters["own"]
    around = (ring_events + wide * before["city"]) / (ring_watch + wide)
    return around, (before["events"] + own * around) / (before["watch"] + own)


def _rate(before, parameters):
    """Events expected per unit of exposure: shape (n_places,)."""
    around, parts = _drawn(before, parameters)
    rate = np.array([parameters[name] for name in WEIGHTS]) @ parts
    share = parameters.get("season", 0.0)
    if share and before["season"] is not None:
        events, watch = before["season"]
        rate = (1 - share) * rate + share * (events + parameters["own"] * around) / (watch + parameters["own"])
    return rate


def _slopes_of_rate(before, parameters):
    """Derivatives of `_rate` without a season by PLACE_PARAMETERS but the size: shape (5, n_places)."""
    around, parts = _drawn(before, parameters)
    weights = np.array([parameters[name] for name in WEIGHTS])
    lean = weights[:, None] / (before["watch"] + parameters["own"])
    by_around = (before["city"] - around) / (before["ring"][1] + parameters["neighbourhood"])
    return np.vstack([parts, (lean * (around - parts)).sum(axis=0), parameters["own"] * lean.sum(axis=0) * by_around])


def _losses(events, mean, size):
    """Negative log-likelihood of negative binomial counts, but for what depends on the counts alone."""
    mean = np.maximum(mean, LEAST_MEAN)
    fit = special.gammaln(events + size) - special.gammaln(size) + size * np.log(size) + events * np.log(mean)
    return (events + size) * np.log(mean + size) - fit


def _slopes_of_losses(events, mean, size):
    """Derivatives of `_losses` by the mean and by the size."""
    mean = np.maximum(mean, LEAST_MEAN)
    share = (events + size) / (mean + size)
    by_size = np.log((mean + size) / size) + share - 1 + special.digamma(size) - special.digamma(events + size)
    return share - events / mean, by_size


def mean_of_52_weeks(counts, calendar, horizon=28):
    """For each coming day and hour, the mean of the same weekday and hour in the last 52 weeks.

    Parameters
    ----------
    counts : array-like of float, shape (n_days, n_hours, n_groups)
        Events by day and hour (24, or 1 for whole days), from the first day of `calendar` on. Missing where nothing was
        recorded (an outage): left out, not taken for zero.
    calendar : pd.DataFrame, one row a day
        `date`, without a gap; at least `n_days + horizon` rows.
    horizon : int
        Days to forecast.

    Returns
    -------
    np.ndarray, shape (horizon, n_hours, n_groups)
        Missing where no such day was recorded.
    """
    return _same_weekday_mean(_checked(counts, calendar, horizon)[0], 52, horizon)


def mean_of_4_weeks(counts, calendar, horizon=28):
    """For each coming day and hour, the mean of the same weekday and hour in the last four weeks ("last month")."""
    return _same_weekday_mean(_checked(counts, calendar, horizon)[0], 4, horizon)


def same_weeks_last_year(counts, calendar, horizon=28):
    """For each coming day and hour, the count 364 days before; missing where there is none."""
    counts, _calendar = _checked(counts, calendar, horizon)
    past = np.arange(len(counts), len(counts) + horizon) - 364
    found = counts[np.clip(past, 0, len(counts) - 1)]
    return np.where(((past >= 0) & (past < len(counts)))[:, None, None], found, np.nan)


def expected_by_group(counts, calendar, horizon=28):
    """Events expected by day, hour and group: the level of all groups together, times each one's share.

    Parameters
    ----------
    counts : array-like of float, shape (n_days, n_hours, n_groups)
        As for `mean_of_52_weeks`; at least twelve weeks, and three times `horizon`.
    calendar : pd.DataFrame, one row a day, at least n_days + horizon of them
        `date`. Every column `days_from_…`: days from a movable feast, -3 … 3, else missing (as `korea.calendar.days`
        has). Optionally `is_holiday`, and `regime`: a number that changes on the day of a known step, such as a reform
        of reporting.
    horizon : int

    Returns
    -------
    np.ndarray, shape (horizon, n_hours, n_groups)

    Notes
    -----
    Expected count = level × season × feasts × step (all groups together) × share of the group × its profile over the
    week.

    - Season (two harmonics of the year, once there are SEASON_DAYS), weekday, each day of a feast and each step:
      Poisson regression of the daily sums, drawn to no effect (ridge) as strongly as PRIOR_DEVIATION of the log says
      and the dispersion of the counts allows; steps are not drawn. A step is thereby taken out before anything is
      smoothed.
    - Level: simple exponential smoothing (Brown 1959) of weekly sums over what the regression says, its constant by the
      error `horizon` days ahead.
    - Share: recent share, drawn to the share in the long run, and profile over the hours of the week, drawn to that of
      all groups: Dirichlet-multinomial estimates (empirical Bayes), their strength by the likelihood of the weeks that
      were next.
    """
    counts, calendar = _checked(counts, calendar, horizon)
    if len(counts) < max(84, 3 * horizon):
        raise ValueError(f"{len(counts)} days are too few, at least {max(84, 3 * horizon)} are needed")
    watched = np.isfinite(counts).all(axis=1)
    by_day = np.where(watched, counts.sum(axis=1), np.nan)
    if not watched.any(axis=0).all() or not np.nansum(by_day):
        raise ValueError("a group has no day that was recorded throughout, or there is no event at all")
    usual = np.nanmean(by_day, axis=0)
    seen = watched @ (usual / usual.sum())
    pooled = np.nansum(by_day, axis=1)
    effect, of_weekday = _calendar_effects(calendar, pooled, seen)
    weekday = calendar["date"].dt.day_of_week.to_numpy()
    level = _level(pooled, (effect * of_weekday[weekday])[: len(counts)] * seen, horizon)
    share = _shares(by_day, effect[: len(counts)], horizon)
    profile = _profiles(counts, weekday[: len(counts)], horizon)
    coming = slice(len(counts), len(counts) + horizon)
    daily = level * of_weekday.sum() * effect[coming]
    return daily[:, None, None] * share * profile[weekday[coming]]


GROUP_FORECASTERS = {
    "top_down": expected_by_group,
    "mean_of_52_weeks": mean_of_52_weeks,
    "mean_of_4_weeks": mean_of_4_weeks,
    "same_weeks_last_year": same_weeks_last_year,
}


def roll_groups(counts, calendar, origins, by, horizon=28, forecasters=GROUP_FORECASTERS):
    """What each forecaster would have said at each origin, summed by week or by hour of the week.

    Parameters
    ----------
    counts, calendar
        As for `expected_by_group`.
    origins : sequence of int
        Numbers of the first days to forecast; the last may be n_days, which nothing is known of yet.
    by : {"week", "hour_of_week"}
    horizon : int
        Days, a multiple of 7.
    forecasters : dict of str -> callable
        Each takes counts, calendar and horizon, as `expected_by_group` does.

    Returns
    -------
    pd.DataFrame, one row an origin, period and group
        `origin`; `period`: week after the origin, or hour of the week (0 Monday 0 h … 167; day of the week for daily
        counts); `group`; `actual`: missing where any part of it is, or lies beyond a step that comes after the origin,
        whose size nobody could have known; a column a forecaster with its mean.
    """
    if by not in ("week", "hour_of_week") or horizon % 7:
        raise ValueError(f"by must be 'week' or 'hour_of_week' and horizon a multiple of 7, got {by!r} and {horizon}")
    counts = np.asarray(counts, float)
    parts = []
    for origin in origins:
        if origin + horizon > len(counts) and origin != len(counts):
            raise ValueError(f"origin {origin}: {len(counts)} days leave no {horizon} days to compare with")
        weekday = calendar["date"].dt.day_of_week.to_numpy()[origin : origin + horizon]
        coming = np.full((horizon, *counts.shape[1:]), np.nan)
        coming[: len(counts) - origin] = counts[origin : origin + horizon]
        if "regime" in calendar:
            regime = calendar["regime"].to_numpy()
            coming[regime[origin : origin + horizon] != regime[origin - 1]] = np.nan
        means = {name: forecast(counts[:origin], calendar, horizon) for name, forecast in forecasters.items()}
        sums = {name: _summed(values, weekday, by) for name, values in ({"actual": coming} | means).items()}
        period, group = np.indices(sums["actual"].shape)
        columns = {"origin": origin, "period": period.ravel(), "group": group.ravel()}
        parts.append(pd.DataFrame(columns | {name: values.ravel() for name, values in sums.items()}))
    return pd.concat(parts, ignore_index=True)


def fit_variance(mean, actual, group):
    """How the variance of forecast errors grows with the mean in each group: slope × mean + curve × mean².

    Parameters
    ----------
    mean, actual : array-like of float, shape (n,)
        Earlier forecasts and what came; pairs with a missing one are left out.
    group : array-like, shape (n,)

    Returns
    -------
    pd.DataFrame, one row a group
        `slope`, at least 1, and `curve`, at least 0; 1 and 0 is Poisson. Groups without a known pair get what all have.

    Notes
    -----
    Negative binomial likelihood over all groups, then a factor a group for what exceeds Poisson: its posterior mean on
    the log scale, with a normal prior of standard deviation 1 about no difference. One group with bursts would else
    widen the intervals of all. The forecasts' own error is included, as they were made without what came.

    Examples
    --------
    >>> random = np.random.default_rng(3)
    >>> mean, group = random.uniform(5, 200, 4000), np.repeat(["calm", "bursts"], 2000)
    >>> shape = np.where(group == "calm", 50, 5)
    >>> fit_variance(mean, random.poisson(mean * random.gamma(shape, 1 / shape)), group)["curve"].round(2).to_dict()
    {'bursts': 0.18, 'calm': 0.02}
    """
    mean, actual = np.asarray(mean, float), np.asarray(actual, float)
    groups, group = np.unique(np.asarray(group), return_inverse=True)
    known = np.isfinite(mean) & np.isfinite(actual)
    mean, actual, group = np.maximum(mean[known], 1e-6), actual[known], group[known]
    if not known.any():
        return pd.DataFrame({"slope": 1.0, "curve": 0.0}, index=groups)

    def losses(extra):
        return _losses(actual, mean, mean / extra)

    def loss(logs):
        return losses(np.exp(logs[0]) + np.exp(logs[1]) * mean).mean()

    fitted = optimize.minimize(loss, np.log([0.5, 0.05]), method="L-BFGS-B", bounds=[(-9, 5), (-12, 3)])
    slope, curve = np.exp(fitted.x)
    logs = np.linspace(-4, 4, 33)
    of_group = [np.bincount(group, losses(np.exp(log) * (slope + curve * mean)), len(groups)) for log in logs]
    posterior = special.softmax(-np.array(of_group) - logs[:, None] ** 2 / 2, axis=0)
    factor = np.exp(logs @ posterior)
    return pd.DataFrame({"slope": 1 + slope * factor, "curve": curve * factor}, index=groups)


def count_quantiles(mean, variance, levels):
    """Quantiles of negative binomial counts.

    Parameters
    ----------
    mean, variance : array-like of float, shape (n,)
        A missing mean gives missing quantiles.
    levels : sequence of float
        Between 0 and 1.

    Returns
    -------
    np.ndarray of float, shape (n, n_levels)
        Whole numbers.

    Examples
    --------
    >>> count_quantiles([10.0, 0.0], [30.0, 0.0], [0.05, 0.5, 0.95]).tolist()
    [[3.0, 9.0, 20.0], [0.0, 0.0, 0.0]]
    """
    mean, variance = np.maximum(np.asarray(mean, float), 1e-9), np.asarray(variance, float)
    size, success = nbinom_parameters(mean, variance)
    return stats.nbinom.ppf(np.asarray(levels), size[:, None], success[:, None])


def judge(rolled, first_judged, ours="top_down", confidence=0.9):
    """Score every forecaster, and choose at each origin the one that was best before it.

    Parameters
    ----------
    rolled : pd.DataFrame
        As `roll_groups` gives.
    first_judged : int
        Origins before it serve only to learn from; each later one is judged by what the earlier ones taught.
    ours : str
        Its forecaster that has to beat the others, the rivals.
    confidence : float
        Of the intervals.

    Returns
    -------
    scores : pd.DataFrame, one row a forecaster, and one for `chosen`
        `rmse`; `crps`; `coverage`; `skill`: 1 − CRPS over that of the best rival.
    forecasts : pd.DataFrame, one row an origin, period and group judged
        `origin`, `period`, `group`, `actual`, `chosen` (name), `mean`, `low`, `high` of the chosen forecaster.

    Notes
    -----
    Rows that some forecaster has no mean for, such as the first year for `same_weeks_last_year`, are left out for all.
    Rows without `actual` (the coming month) are forecast, and not scored. Ours is chosen where its CRPS over the origins
    judged before is below that of the best rival, else that rival: for the coming month by `scores` themselves, and for
    the first judged by the origins that serve to learn from. Variances come from `fit_variance` on earlier origins.
    """
    names = [name for name in rolled.columns if name not in ("origin", "period", "group", "actual")]
    if ours not in names or len(names) < 2:
        raise ValueError(f"ours must be one of several forecasters, got {ours!r} and {names}")
    rolled = rolled.dropna(subset=names).reset_index(drop=True)
    origins = np.sort(rolled["origin"].unique())
    judged = origins[origins >= first_judged]
    if not len(judged) or judged[0] == origins[0]:
        raise ValueError(f"no origin to judge, or none before it to learn from: {origins.tolist()}, {first_judged}")
    parts, judged_before = [], {name: [] for name in names}
    for origin in judged:
        earlier = rolled[(rolled["origin"] < origin) & rolled["actual"].notna()]
        now = rolled[rolled["origin"] == origin]
        variances = {name: fit_variance(earlier[name], earlier["actual"], earlier["group"]) for name in names}
        if not parts:
            past = {name: _scored(earlier, name, variances[name], confidence)["crps"].mean() for name in names}
        else:
            past = {name: np.nanmean(np.concatenate(crps)) for name, crps in judged_before.items()}
        present = {name: _scored(now, name, variances[name], confidence) for name in names}
        for name, part in present.items():
            judged_before[name].append(part["crps"])
        rival = min((name for name in names if name != ours), key=past.get)
        chosen = ours if past[ours] < past[rival] else rival
        parts += [part.assign(forecaster=name) for name, part in present.items()]
        parts.append(present[chosen].assign(forecaster="chosen", chosen=chosen))
    table = pd.concat(parts, ignore_index=True)
    scores = table.groupby("forecaster", sort=False).apply(_summary)
    scores["skill"] = 1 - scores["crps"] / scores.loc[[name for name in names if name != ours], "crps"].min()
    forecasts = table[table["forecaster"] == "chosen"].reset_index(drop=True)
    return scores, forecasts[["origin", "period", "group", "actual", "chosen", "mean", "low", "high"]]


def _scored(rows, name, variances, confidence):
    """The rows with mean, interval and scores of one forecaster."""
    mean, actual = rows[name].to_numpy(), rows["actual"].to_numpy()
    slope, curve = variances.reindex(rows["group"]).to_numpy().T
    variance = slope * mean + curve * mean**2
    tail = (1 - confidence) / 2
    low, high = count_quantiles(mean, variance, [tail, 1 - tail]).T
    return rows[["origin", "period", "group", "actual"]].assign(
        mean=mean,
        low=low,
        high=high,
        crps=crps_of_negative_binomial(mean, variance, actual),
    )


def _summary(part):
    return pd.Series(
        {
            "rmse": np.sqrt(((part["mean"] - part["actual"]) ** 2).mean()),
            "crps": part["crps"].mean(),
            "coverage": coverage(part["low"], part["high"], part["actual"]),
        }
    )


def _checked(counts, calendar, horizon):
    counts = np.asarray(counts, float)
    if counts.ndim != 3 or not len(counts):
        raise ValueError(f"counts must have the axes day, hour and group, got the shape {counts.shape}")
    if (counts < 0).any():
        raise ValueError("counts below zero")
    if horizon < 1 or len(calendar) < len(counts) + horizon:
        raise ValueError(f"the calendar has {len(calendar)} days, {len(counts)} + {horizon} are needed")
    calendar = calendar.iloc[: len(counts) + horizon].reset_index(drop=True)
    if (calendar["date"].diff().dropna() != pd.Timedelta(days=1)).any():
        raise ValueError("the days of the calendar must follow one another")
    return counts, calendar


def _same_weekday_mean(counts, weeks, horizon):
    past = counts[-7 * weeks :]
    found = np.full((7, *counts.shape[1:]), np.nan)
    for day in range(7):
        same = past[(len(past) + day) % 7 :: 7]
        known = np.isfinite(same).sum(axis=0)
        found[day] = np.divide(np.nansum(same, axis=0), known, out=np.full(known.shape, np.nan), where=known > 0)
    return found[np.arange(horizon) % 7]


def _summed(values, weekday, by):
    days, hours, groups = values.shape
    if by == "week":
        return values.reshape(days // 7, 7 * hours, groups).sum(axis=1)
    return (
        values[np.argsort(weekday, kind="stable")].reshape(7, days // 7, hours, groups).sum(axis=1).reshape(-1, groups)
    )


def _calendar_effects(calendar, pooled, seen):
    """Effect of every day of the calendar on the pooled counts, but for its weekday; and that of the seven weekdays."""
    date, known = calendar["date"], len(pooled)
    weekday = np.eye(7)[date.dt.day_of_week]
    columns, deviations = [np.ones((len(date), 1)), weekday], [1e3, *[1.0] * 7]
    if known >= SEASON_DAYS:
        turn = 2 * np.pi * date.dt.day_of_year.to_numpy()[:, None] / 365.25 * np.array([1, 2])
        columns += [np.cos(turn), np.sin(turn)]
        deviations += [PRIOR_DEVIATION] * 4
    for feast in calendar.columns[calendar.columns.str.startswith("days_from_")]:
        offset = calendar[feast].astype(float).to_numpy()
        columns.append(offset[:, None] == np.arange(-3, 4))
        deviations += [PRIOR_DEVIATION] * 7
    if "is_holiday" in calendar:
        columns.append(calendar["is_holiday"].to_numpy(float)[:, None])
        deviations.append(PRIOR_DEVIATION)
    if "regime" in calendar:
        regimes = calendar["regime"].to_numpy()
        columns.append(regimes[:, None] == np.unique(regimes)[1:])
        deviations += [1e3] * columns[-1].shape[1]
    design = np.hstack(columns).astype(float)
    effects = _ridge_poisson(design[:known], pooled, seen, np.array(deviations))
    of_weekday = slice(1, 8)
    rest = effects.copy()
    rest[of_weekday] = 0.0
    return np.exp(design @ rest), np.exp(effects[of_weekday])


def _ridge_poisson(design, counts, exposure, deviations):
    """Log-linear effects, each drawn to 0 as a normal prior with the given standard deviation does."""
    used = exposure > 0
    design, counts, offset = design[used], counts[used], np.log(exposure[used])
    effects = np.zeros(design.shape[1])
    effects[0] = np.log(counts.sum() / exposure.sum())
    dispersion = 1.0
    for _step in range(30):
        mean = np.exp(design @ effects + offset)
        penalty = dispersion / deviations**2
        change = np.linalg.solve(
            (design * mean[:, None]).T @ design + np.diag(penalty), design.T @ (counts - mean) - penalty * effects
        )
        effects = effects + change
        dispersion = max(1.0, ((counts - mean) ** 2 / mean).mean())
        if np.abs(change).max() < 1e-8:
            break
    return effects


def _level(pooled, expected, horizon):
    """Level of the coming days over what the calendar says, by exponential smoothing of weeks."""
    weeks = len(pooled) // 7
    counted, expected = (part[-7 * weeks :].reshape(weeks, 7).sum(axis=1) for part in (pooled, expected))
    ratio = np.divide(counted, expected, out=np.full(weeks, np.nan), where=expected > 0)
    ahead = max(1, horizon // 7)
    following = pd.Series(ratio)[::-1].rolling(ahead, min_periods=1).mean()[::-1].shift(-1).to_numpy()
    levels, errors = [], []
    for constant in SMOOTHING_CONSTANTS:
        smooth = np.empty(weeks)
        current = np.nanmean(ratio[:4])
        for week, value in enumerate(ratio):
            current += constant * (value - current) if np.isfinite(value) else 0.0
            smooth[week] = current
        levels.append(current)
        errors.append(np.nansum((smooth - following)[4 : weeks - ahead] ** 2))
    return levels[int(np.argmin(errors))]


def _shares(by_day, effect, horizon):
    """Share of each group: recent rate, drawn to that in the long run as strongly as foretold best."""

    effect = effect / effect.mean()

    def share(until, half_life, strength):
        watch = np.isfinite(by_day[:until]) * effect[:until, None]
        events = np.nan_to_num(by_day[:until])
        weight = 0.5 ** ((until - np.arange(until)) / half_life)
        in_the_long_run = (events.sum(axis=0) + 0.5) / (watch.sum(axis=0) + 1)
        rate = (weight @ events + strength * in_the_long_run) / (weight @ watch + strength)
        return rate / rate.sum()

    def loss(choice):
        total = 0.0
        for until in _earlier_ends(len(by_day), horizon):
            coming = np.nan_to_num(by_day[until : until + horizon]).sum(axis=0)
            total -= coming @ np.log(share(until, *choice))
        return total

    return share(len(by_day), *min(itertools.product(SHARE_HALF_LIVES, SHARE_STRENGTHS), key=loss))


def _profiles(counts, weekday, horizon):
    """Share of each hour of the week in a group's events, drawn to that of all groups; (7, n_hours, n_groups)."""

    def profile(until, strength):
        since = max(0, until - 364)
        past, slot = counts[since:until], np.eye(7)[weekday[since:until]].T
        events = np.tensordot(slot, np.nan_to_num(past), axes=1)
        watched = np.tensordot(slot, np.isfinite(past).astype(float), axes=1)
        pooled = (events.sum(axis=2) + 0.5) / (watched.sum(axis=2) + 1)
        pooled = (pooled / pooled.sum())[:, :, None]
        often = watched / np.maximum(watched.mean(axis=(0, 1)), 1e-9)
        rate = (events + strength * pooled) / (events.sum(axis=(0, 1)) * often + strength)
        return rate / rate.sum(axis=(0, 1))

    def loss(strength):
        total = 0.0
        for until in _earlier_ends(len(counts), horizon):
            coming = counts[until : until + horizon]
            days = np.eye(7)[weekday[until : until + horizon]].T
            total -= (np.tensordot(days, np.nan_to_num(coming), axes=1) * np.log(profile(until, strength))).sum()
        return total

    return profile(len(counts), min(PROFILE_STRENGTHS, key=loss))


def _earlier_ends(days, horizon):
    """Up to twelve ends of a shorter past, at least eight weeks long, each with a whole horizon to come."""
    return range(days - horizon, max(55, days - 13 * horizon), -horizon)
