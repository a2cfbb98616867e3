"""What was seen and who looked, place by place and hour by hour, made ready for the rates.

Both sides are treated alike: a minute, a day or a channel that is left out of the records is left out of the looking too.
"""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy import sparse

from dansok.cases.parking_hotspots.ground import Ground
from dansok.korea import calendar
from dansok.link.exposure import GRACE, OPEN, timetable
from dansok.models import rates

CITIZENS = "citizen_report"
CAMERAS = "fixed_camera"
HOURS = 24
REPORTER_METRES = 500  # side of a neighbourhood
REPORTER_PLACES = 3  # in a neighbourhood and period; a reporter of more counts there as one


@dataclass(frozen=True)
class Seen:
    """Tables behind the rates, over all months of the city.

    Attributes
    ----------
    records : pd.DataFrame, one row a record with a place and an hour
        `channel`, `camera` (fixed cameras), `x`, `y`, `at`, `exact` (to the minute), `reporter` (missing: not known),
        `records` (the row stands for so many), `opens_stay`.
    drives : pd.DataFrame, one row a place, month and hour of the day of a patrol car's log
        `x`, `y`, `month`, `hour`, `watched_hours`.
    area_hours : pd.DataFrame
        `channel`, `area_name`, `month`, `hour`, `watched_hours` of those whose looking is known by 읍면동 only.
    camera_hours : pd.DataFrame
        `unit`, `month`, `hour`, `in_grace` (on days on which the hour lies in a grace), `watched_hours` of fixed cameras.
    reports_by_day : pd.Series of int, indexed by day
        Citizens' reports, placed or not.
    hours : tuple of city.Hours
        Of fixed cameras.
    """

    records: pd.DataFrame
    drives: pd.DataFrame
    area_hours: pd.DataFrame
    camera_hours: pd.DataFrame
    reports_by_day: pd.Series
    hours: tuple


@dataclass(frozen=True)
class Evidence:
    """Counts and exposure on one ground, with what was left out of both.

    Attributes
    ----------
    ground : Ground
    months : list of str
        All months, in order.
    channels : tuple of str
        Those that the rates rest on; the first gives the unit.
    records : pd.DataFrame, one row a record with a place and an hour
        `channel`, `month` (number), `hour`, `point`, `unit`, `cell`, `records`, `counts`: it is an event, and not only a record.
    exposure : dict of channel -> np.ndarray, shape (months, units, hours)
        Hours of looking (passes, where cars drive through streets of unequal length); days for citizens.
    cells_of : dict of channel -> sparse array, shape (cells, units)
        Where in a place the channel looks.
    cameras : pd.DataFrame
        `point`, `unit`, `part`: where in its place each fixed camera stands, and its part of the place's camera-hours.
    first_minutes : int
        Left out after each silence of the cameras.
    outages : pd.DatetimeIndex
        Days on which citizens could not report.
    reports_repeated : int or None
        Reports of one reporter and place after the first, in the period; None where reporters are not known.
    by_area : frozenset of str
        Channels whose looking is known by 읍면동 only and spread evenly over its places.
    """

    ground: Ground
    months: list
    channels: tuple
    records: pd.DataFrame
    exposure: dict
    cells_of: dict
    cameras: pd.DataFrame
    first_minutes: int = 0
    outages: pd.DatetimeIndex = field(default_factory=lambda: pd.DatetimeIndex([]))
    reports_repeated: int | None = None
    by_area: frozenset = frozenset()

    def numbers(self, months):
        """Numbers of some months among all."""
        return np.array([self.months.index(month) for month in months if month in self.months], int)

    def counts(self, months):
        """Events, shape (units, hours, channels)."""
        found = np.zeros((len(self.ground.units), HOURS, len(self.channels)))
        own = self.events(months)
        order = pd.Index(self.channels).get_indexer(own["channel"])
        np.add.at(found, (own["unit"].to_numpy(), own["hour"].to_numpy(), order), own["records"].to_numpy())
        return found

    def events(self, months):
        """The rows of `records` that are events of the channels, in some months."""
        rows = self.records
        within = rows["counts"] & rows["month"].isin(self.numbers(months)) & rows["channel"].isin(self.channels)
        return rows[within]

    def looked(self, months):
        """Exposure, shape (units, hours, channels)."""
        numbers = self.numbers(months)
        return np.stack([self.exposure[channel][numbers].sum(axis=0) for channel in self.channels], axis=2).astype(
            float
        )


def gather(seen, ground, period, channels):
    """Counts and exposure from the tables of a city.

    Parameters
    ----------
    seen : Seen
    ground : Ground
    period : list of str
        Months to be told of.
    channels : collection of str
        Those that may count.

    Returns
    -------
    Evidence or None
        None where nothing tells how much any of the city's own channels looked: then no rate can be had.
    """
    records = seen.records.assign(month=seen.records["at"].dt.strftime("%Y-%m"))
    months = [str(month) for month in pd.period_range(min([*records["month"], period[0]]), period[-1], freq="M")]
    records = records[records["month"].isin(months)]
    records, camera_hours, first_minutes = _settled(records, seen.camera_hours, seen.hours, months)
    records = records.assign(point=ground.locate(records["x"], records["y"]))
    records = records[records["point"] >= 0]
    records = records.assign(
        unit=ground.point_unit[records["point"]],
        cell=ground.point_cell[records["point"]],
        month=records["month"].map(months.index).astype(int),
        hour=records["at"].dt.hour,
    )
    cameras = _cameras(camera_hours, records, ground, months)
    exposure, cells_of, by_area = _own_exposure(seen, cameras, ground, months)
    exposure = {channel: table for channel, table in exposure.items() if channel in channels and table.any()}
    within = slice(months.index(period[0]), None)
    measured = {c: int(e[within].any(axis=(0, 2)).sum()) for c, e in exposure.items()}
    if not any(measured.values()):
        return None
    # Even looking over a 읍면동 is a guess: those known place by place go first, and of them who looks at most places.
    first = sorted(exposure, key=lambda channel: (channel in by_area, -measured[channel], channel))
    days = _report_days(seen.reports_by_day, months)
    outages = days.index[rates.outage_days(days)] if len(days) else pd.DatetimeIndex([])
    if CITIZENS in channels and (records["channel"] == CITIZENS).any():
        first.append(CITIZENS)
        reported = days.index.difference(outages).strftime("%Y-%m").value_counts().reindex(months, fill_value=0)
        shape = (len(months), len(ground.units), HOURS)
        exposure[CITIZENS] = np.broadcast_to(reported.to_numpy(np.float32)[:, None, None], shape)
        cells_of[CITIZENS] = ground.share
    again = _reported_again(records, len(months) - 1, len(period))
    on_outage = (records["channel"] == CITIZENS) & records["at"].dt.normalize().isin(outages)
    counts = records["opens_stay"] & ~again & ~on_outage & records.pop("settled")
    told = records["month"] >= months.index(period[0])
    return Evidence(
        ground,
        months,
        tuple(first),
        records[["channel", "month", "hour", "point", "unit", "cell", "records"]].assign(counts=counts),
        exposure,
        cells_of,
        _camera_parts(cameras),
        first_minutes,
        outages,
        int(records.loc[again & told & records["opens_stay"], "records"].sum())
        if records["reporter"].notna().any()
        else None,
        frozenset(by_area),
    )


def _settled(records, camera_hours, hours, months):
    """Records with `settled` (False in the first minutes of a camera after a silence, and out of its hours), hours of
    cameras without those minutes, and how many minutes they are."""
    fixed = records["channel"] == CAMERAS
    if not hours or camera_hours.empty or not fixed.any():
        return records.assign(settled=True), camera_hours, 0
    days = calendar.days(f"{months[0]}-01", pd.Period(months[-1], "M").end_time)
    kind_of_day, states = timetable(hours, days)
    goes_on = _through_the_grace(camera_hours)
    cameras = records[fixed].assign(kind=kind_of_day.reindex(records.loc[fixed, "at"].dt.normalize()).to_numpy())
    keys = pd.MultiIndex.from_frame(cameras[["camera", "month"]])
    cameras["on"] = goes_on.reindex(keys).fillna(False).astype(bool).to_numpy()
    cameras["minute"] = cameras["at"].dt.hour * 60 + cameras["at"].dt.minute
    watched = {on: states >= (GRACE if on else OPEN) for on in (False, True)}
    minutes = _burst_minutes(cameras[cameras["exact"].astype(bool)], watched)
    left = {on: rates.without_first_minutes(table, minutes) for on, table in watched.items()}
    settled = pd.Series(True, records.index)
    for on, table in left.items():
        own = cameras[cameras["on"] == on]
        settled[own.index] = table[own["kind"], own["minute"]]
    month_of_day = kind_of_day.index.strftime("%Y-%m")
    days_of_kind = pd.crosstab(month_of_day, kind_of_day.to_numpy()).reindex(columns=range(len(states)), fill_value=0)
    kept = {on: _kept_share(days_of_kind, watched[on], left[on]) for on in (False, True)}
    part = pd.concat(kept, names=["on", "month", "hour"])
    on = goes_on.reindex(pd.MultiIndex.from_frame(camera_hours[["unit", "month"]])).to_numpy()
    wanted = pd.MultiIndex.from_arrays([on, camera_hours["month"], camera_hours["hour"]])
    factor = part.reindex(wanted).fillna(0.0).to_numpy()
    return (
        records.assign(settled=settled),
        camera_hours.assign(watched_hours=camera_hours["watched_hours"] * factor),
        minutes,
    )


def _through_the_grace(camera_hours):
    """Whether a camera went on through the grace, by camera and month."""
    watched = camera_hours["watched_hours"].where(camera_hours["in_grace"], 0.0)
    return (watched.groupby([camera_hours["unit"], camera_hours["month"]]).sum() > 0).rename("on")


def _burst_minutes(cameras, watched):
    """The longest burst after a silence, over the kinds of days, and cameras that go on through the grace or not."""
    longest = [0]
    for (kind, on), own in cameras.groupby(["kind", "on"]):
        by_minute = np.bincount(own["minute"], own["records"], minlength=HOURS * 60)
        longest.append(rates.bursts_after_silence(by_minute, watched[on][int(kind)])["burst_minutes"].max())
    return int(np.nanmax(longest))


def _kept_share(days_of_kind, watched, left):
    """Part of each clock hour's watch that is left, by month: indexed by (month, hour)."""
    sums = [days_of_kind.to_numpy() @ table.reshape(-1, HOURS, 60).sum(axis=2) for table in (left, watched)]
    part = np.divide(sums[0], sums[1], out=np.zeros(sums[0].shape), where=sums[1] > 0)
    return pd.DataFrame(part, days_of_kind.index).stack()


def _cameras(camera_hours, records, ground, months):
    """Hours of the cameras that have a place: `unit` (of the ground), `point`, `month`, `hour`, `watched_hours`.

    A camera may move: it stands where most of its records of the month are, without any where it stood before, or else after.
    """
    own = records[records["channel"] == CAMERAS]
    sums = own.groupby(["camera", "month", "point"])["records"].sum().sort_values(kind="stable").reset_index()
    most = sums.drop_duplicates(["camera", "month"], keep="last").pivot(index="camera", columns="month", values="point")
    at = most.reindex(columns=range(len(months))).ffill(axis=1).bfill(axis=1).set_axis(months, axis=1)
    point = at.stack().astype(int).rename("point")
    placed = camera_hours.join(point, on=["unit", "month"], how="inner")
    return placed.assign(unit=ground.point_unit[placed["point"]])


def _camera_parts(cameras):
    """Part of the camera-hours of each place that each of its points has."""
    hours = cameras.groupby(["point", "unit"])["watched_hours"].sum().reset_index()
    whole = hours.groupby("unit")["watched_hours"].transform("sum")
    return hours.assign(part=(hours["watched_hours"] / whole).fillna(0.0))


def _own_exposure(seen, cameras, ground, months):
    """Exposure of the city's own channels, where in a place they look, and which are known by 읍면동 only."""
    exposure, cells_of, by_area = {}, {}, set()
    if len(cameras):
        parts = _camera_parts(cameras)
        at = (ground.point_cell[parts["point"]], parts["unit"].to_numpy(int))
        exposure[CAMERAS] = _spread(cameras, ground, months)
        cells_of[CAMERAS] = sparse.csr_array((parts["part"], at), shape=ground.share.shape)
    if len(seen.drives):
        point = ground.locate(seen.drives["x"], seen.drives["y"])
        drives = seen.drives.assign(unit=ground.point_unit[point])[point >= 0]
        passes = ground.units["passes"].to_numpy(np.float32)[None, :, None]
        exposure["mobile_camera"] = _spread(drives, ground, months) * passes
        cells_of["mobile_camera"] = ground.share
    for channel, own in seen.area_hours.groupby("channel"):
        if channel not in exposure:
            exposure[channel], cells_of[channel] = _evenly(own, ground, months), ground.share
            by_area.add(channel)
    return exposure, cells_of, by_area


def _spread(table, ground, months):
    """Hours as an array, from a table with `unit` (row), `month` and `hour`."""
    found = np.zeros((len(months), len(ground.units), HOURS), np.float32)
    month = pd.Index(months).get_indexer(table["month"])
    known = month >= 0
    at = (month[known], table["unit"].to_numpy(int)[known], table["hour"].to_numpy(int)[known])
    np.add.at(found, at, table["watched_hours"].to_numpy(np.float32)[known])
    return found


def _evenly(table, ground, months):
    """Hours in a 읍면동 spread evenly over its streets by their length, or over its cells: the same for each place."""
    found = np.zeros((len(months), len(ground.units), HOURS), np.float32)
    length = (1 / ground.units["passes"]).groupby(ground.units["area_name"]).transform("sum")
    sums = table.groupby(["area_name", "month", "hour"])["watched_hours"].sum()
    for area, own in sums.groupby("area_name"):
        units = np.flatnonzero(ground.units["area_name"] == area)
        own = own.droplevel(0).unstack(fill_value=0.0).reindex(index=months, columns=range(HOURS), fill_value=0.0)
        found[:, units] = (own.to_numpy()[:, None, :] / length.to_numpy()[units][None, :, None]).astype(np.float32)
    return found


def _report_days(by_day, months):
    """Citizens' reports of every day, 0 where there is none, of the months in which there are reports at all."""
    by_day = by_day[pd.DatetimeIndex(by_day.index).strftime("%Y-%m").isin(months)]
    if by_day.empty:
        return by_day
    every = pd.date_range(by_day.index.min().replace(day=1), by_day.index.max() + pd.offsets.MonthEnd(0))
    filled = by_day.reindex(every, fill_value=0)
    return filled[every.strftime("%Y-%m").isin(set(by_day.index.strftime("%Y-%m")))]


def _reported_again(records, last, length):
    """Reports of a reporter at a place after the first, in each stretch of months as long as the period (which ends with the
    month `last`); and all but the first in a neighbourhood where one reporter reports from place to place.

    A few report all that happens about them: counted place by place, they alone would make hot spots.
    """
    known = (records["channel"] == CITIZENS) & records["reporter"].notna() & records["opens_stay"]
    own = records.loc[known, ["reporter", "unit", "month", "x", "y"]].iloc[
        np.argsort(records.loc[known, "at"], kind="stable")
    ]
    own["stretch"] = (last - own["month"]) // length
    own[["x", "y"]] = own[["x", "y"]] // REPORTER_METRES
    at_place = own.duplicated(["reporter", "unit", "stretch"])
    block = ["reporter", "x", "y", "stretch"]
    places = (~at_place).groupby([own[name] for name in block]).transform("sum")
    again = at_place | ((places > REPORTER_PLACES) & own.duplicated(block))
    return again.reindex(records.index, fill_value=False)
