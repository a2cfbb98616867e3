"""Next month: records by 읍면동 and week, by hour of the week, and by place, each judged on the months before it is shown."""

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd

from dansok.cases.parking_hotspots.ground import cell_names
from dansok.cases.parking_hotspots.looking import CITIZENS
from dansok.korea import calendar
from dansok.korea.rules import policy_events, read_rules
from dansok.models import backtest, forecast, hotspots, rates
from dansok.space import area_of
from dansok.tables import CHANNELS

HORIZON_DAYS = 28
ORIGINS = 8  # months, or four weeks, of the past that are forecast as if they were to come
LEARNT_FROM = 3  # of them teach how wide intervals must be before the first is judged
FEWEST_DAYS = 84 + HORIZON_DAYS * (LEARNT_FROM + 1)
A_YEAR = 364
FEWEST_RECORDS = 30  # of a channel, below which nothing is forecast
FEWEST_MONTHS = 7  # of records, before the next one is forecast by place
SIZES = (20, 50, 100)
CONFIDENCE = 0.90
STEPS = {CITIZENS: ("citizen_report", "system")}  # kinds of rules that move a channel's counts
STEPS_OF_OTHERS = ("lunch_grace", "system")
OURS, OUR_PLACES = "top_down", "ours"


@dataclass(frozen=True)
class Outlook:
    """What is forecast, of one channel.

    Attributes
    ----------
    channel : str
    first_day, last_day : pd.Timestamp
        The four weeks forecast by week.
    by_week : pd.DataFrame or None
        `area_name`, `week` (1 …), `mean`, `low`, `high`; None where the past is too short to judge a forecast.
    by_hour : pd.DataFrame or None
        `weekday`, `hour`, `value`: expected in the four weeks together.
    scores : pd.DataFrame or None
        Of the forecasts by week, one row a forecaster and one for `chosen`: `rmse`, `crps`, `coverage`, `skill`.
    hour_scores : pd.DataFrame or None
    chosen, hour_chosen : str
        Forecaster that is shown.
    hits : pd.DataFrame
        `forecaster`, `places`, `hit_rate`, `pei` (means over the months), `best_possible`; empty where the past is short.
    differences : pd.DataFrame
        `places`, `rival`, `chosen`, `difference` of ours and the best rival, `low`, `high` (95%).
    places : pd.DataFrame
        `cell_x`, `cell_y`, `rank`, `last_month`, `forecaster` of the places for next month; with names, see `with_names`.
    hit_months : list of str
        Months that were forecast to measure the hits.
    outages : pd.DatetimeIndex
    steps : pd.DataFrame
        As `policy_events` returns: known steps within the past that was learnt from.
    """

    channel: str
    first_day: pd.Timestamp
    last_day: pd.Timestamp
    by_week: pd.DataFrame | None
    by_hour: pd.DataFrame | None
    scores: pd.DataFrame | None
    hour_scores: pd.DataFrame | None
    chosen: str
    hour_chosen: str
    hits: pd.DataFrame
    differences: pd.DataFrame
    places: pd.DataFrame
    hit_months: list
    outages: pd.DatetimeIndex
    steps: pd.DataFrame

    def with_names(self, names, areas, cell_metres):
        """The same, with `name`, `x`, `y` (middle of the cell) of the places."""
        x, y = ((self.places[f"cell_{axis}"] + 0.5) * cell_metres for axis in "xy")
        found = pd.Series(area_of(x, y, areas), dtype=object).fillna("")
        called = cell_names(self.places.assign(area_name=found.to_numpy()), names)
        return replace(self, places=self.places.assign(name=called, x=x, y=y))


def look_ahead(by_area_hour, by_cell_day, last_month, how_many, place):
    """Forecasts of the channel that tells most of next month.

    Parameters
    ----------
    by_area_hour, by_cell_day : pd.DataFrame
        As `reading.Whole` describes.
    last_month : str
        The last one known; the forecast begins the day after.
    how_many : int
        Places to name.
    place : str
        Whose rules hold, as `City.rules_of`, for the steps in them.

    Returns
    -------
    Outlook or None
        None where no channel has records up to the last month.
    """
    channel, months = _channel(by_cell_day, by_area_hour, last_month)
    if channel is None:
        return None
    first, last = pd.Timestamp(f"{months[0]}-01"), pd.Period(months[-1], "M").end_time.normalize()
    days = pd.date_range(first, last)
    kinds = STEPS.get(channel, STEPS_OF_OTHERS)
    steps = policy_events(first, last, place, [rule for rule in read_rules() if rule.kind in kinds])
    ahead = calendar.days(first, last + pd.Timedelta(days=HORIZON_DAYS))
    regime = np.searchsorted(
        steps["date"].to_numpy().astype("datetime64[s]"), ahead["date"].to_numpy("datetime64[s]"), side="right"
    )
    ahead = ahead.assign(regime=regime)
    own = by_area_hour[by_area_hour["channel"] == channel]
    counts, areas = _by_day(own, days)
    outages = days[rates.outage_days(counts.sum(axis=(1, 2)))]
    counts[days.isin(outages)] = np.nan
    week, scores, chosen = _groups(counts.sum(axis=1, keepdims=True), ahead, "week")
    hour, hour_scores, hour_chosen = _groups(counts.sum(axis=2, keepdims=True), ahead, "hour_of_week")
    if week is not None:
        week = week.assign(area_name=areas[week["group"]], week=week["period"] + 1)
    if hour is not None:
        hour = hour.assign(weekday=hour["period"] // 24, hour=hour["period"] % 24, value=hour["mean"])
    cells = by_cell_day[by_cell_day["channel"] == channel]
    return Outlook(
        channel, last + pd.Timedelta(days=1), last + pd.Timedelta(days=HORIZON_DAYS), week, hour, scores, hour_scores,
        chosen, hour_chosen, *_places(cells, days, outages, how_many), outages, steps,
    )  # fmt: skip


def _channel(by_cell_day, by_area_hour, last_month):
    """Citizens' reports if they cover enough months: they do not go where we go; else the channel with most months."""
    found = {}
    for channel in CHANNELS:
        days = by_area_hour.loc[by_area_hour["channel"] == channel, "day"]
        seen = set(pd.to_datetime(days).dt.strftime("%Y-%m"))
        months, month = [], pd.Period(last_month, "M")
        while str(month) in seen:
            months.insert(0, str(month))
            month -= 1
        placed = by_cell_day.loc[by_cell_day["channel"] == channel, "records"].sum()
        if months and placed >= FEWEST_RECORDS:
            found[channel] = months
    if not found:
        return None, []
    if len(found.get(CITIZENS, [])) >= FEWEST_MONTHS:
        return CITIZENS, found[CITIZENS]
    longest = max(found, key=lambda channel: len(found[channel]))
    return longest, found[longest]


def _by_day(table, days):
    """Counts, shape (days, 24, groups), and the names of the groups."""
    group, areas = pd.factorize(table["area_name"], sort=True)
    day = days.get_indexer(pd.to_datetime(table["day"]))
    counts = np.zeros((len(days), 24, len(areas)))
    known = day >= 0
    np.add.at(
        counts, (day[known], table["hour"].to_numpy(int)[known], group[known]), table["records"].to_numpy()[known]
    )
    some = counts.any(axis=(0, 1))
    return counts[:, :, some], np.asarray(areas, object)[some]


def _groups(counts, ahead, by):
    """The forecast of the coming four weeks, the scores behind it, and the name of the forecaster."""
    if len(counts) < FEWEST_DAYS:
        return None, None, ""
    forecasters = dict(forecast.GROUP_FORECASTERS)
    earliest = max(84, len(counts) - HORIZON_DAYS * ORIGINS)
    if earliest < A_YEAR:
        del forecasters["same_weeks_last_year"]
    origins = list(range(len(counts), earliest - 1, -HORIZON_DAYS))[::-1]
    rolled = forecast.roll_groups(counts, ahead, origins, by, HORIZON_DAYS, forecasters)
    coming = rolled.loc[rolled["origin"] == len(counts), list(forecasters)].isna().any()
    rolled = rolled.drop(columns=coming.index[coming])  # an outage a year ago leaves nothing to repeat
    scores, forecasts = forecast.judge(rolled, origins[LEARNT_FROM], OURS, CONFIDENCE)
    coming = forecasts[forecasts["origin"] == len(counts)]
    return coming.drop(columns=["origin", "actual"]).reset_index(drop=True), scores, coming["chosen"].iloc[0]


def _places(table, days, outages, how_many):
    """Hit rates, differences, the places for next month, and the months that were forecast."""
    hits, differences = pd.DataFrame(), pd.DataFrame()
    cells, cell = np.unique(table[["cell_x", "cell_y"]].to_numpy(), axis=0, return_inverse=True)
    counts = np.zeros((len(days), len(cells)))
    day = days.get_indexer(pd.to_datetime(table["day"]))
    np.add.at(counts, (day[day >= 0], cell.ravel()[day >= 0]), table["records"].to_numpy()[day >= 0])
    seen = counts.any(axis=0)
    cells, counts = cells[seen], counts[:, seen]
    counts[days.isin(outages)] = np.nan
    month = (12 * (days.year - days.year[0]) + days.month - days.month[0]).to_numpy()
    last_month = np.nansum(counts[month == month[-1]], axis=0)
    chosen, scores, named = "last_month", last_month, []
    if month[-1] + 1 >= FEWEST_MONTHS:
        origins = list(range(max(FEWEST_MONTHS - 2, month[-1] + 1 - ORIGINS), month[-1] + 1))
        forecasters = _place_forecasters(cells)
        rolled, actual = backtest.roll(forecasters, counts, month, origins)
        sizes = sorted({how_many, *SIZES} & set(range(1, len(cells) + 1))) or [len(cells)]
        table = backtest.hit_table(rolled, actual, sizes)
        choice = backtest.choose(table, OUR_PLACES)
        hits = table.groupby(["forecaster", "capacity"], as_index=False)[["hit_rate", "pei", "best_possible"]].mean()
        hits = hits.rename(columns={"capacity": "places"})
        differences = pd.DataFrame([_difference(table, row) for row in choice.reset_index().itertuples()])
        chosen = choice["chosen"].loc[min(sizes, key=lambda size: abs(size - how_many))]
        scores = forecasters[chosen](counts, month)
        named = [str(pd.Period(days[0], "M") + int(origin)) for origin in origins]
    top = np.argsort(-np.nan_to_num(scores, nan=-1.0), kind="stable")[:how_many]
    places = pd.DataFrame({"cell_x": cells[top, 0], "cell_y": cells[top, 1], "rank": range(1, len(top) + 1)})
    places = places.assign(last_month=last_month[top].astype(int), forecaster=chosen)
    return hits, differences, places, named


def _place_forecasters(cells):
    near = hotspots.neighbours(cells[:, 0], cells[:, 1])
    return {
        OUR_PLACES: partial(forecast.next_month, near=near),
        "last_month": forecast.last_month,
        "twelve_months": forecast.twelve_months,
        "same_month_last_year": forecast.same_month_last_year,
        "kernel_map": partial(forecast.kernel_map, cell_x=cells[:, 0], cell_y=cells[:, 1]),
    }


def _difference(table, choice):
    """Ours against the best rival at one number of places, month by month."""
    own = table[table["capacity"] == choice.capacity].pivot(index="origin", columns="forecaster", values="hit_rate")
    difference, low, high = backtest.paired_difference(own[OUR_PLACES], own[choice.best_rival])
    return {"places": choice.capacity, "rival": choice.best_rival, "chosen": choice.chosen, "difference": difference,
            "low": low, "high": high}  # fmt: skip
