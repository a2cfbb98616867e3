"""What crews can work: their blocks, the sites, the ways between them, and what binds a plan."""

import math
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

ROUNDING = 1e-9  # hours by which times that touch may overlap


@dataclass(frozen=True)
class Limits:
    """What binds a plan, and how fast a crew meets what is there."""

    mean_hours: float = 1.0  # T: after this time at a site 63% of the vehicles that are there or come are met
    travel_hours: float = 0.25  # start of each block, kept free for getting there
    blocks_per_shift: int = 3  # of one team on one date
    blocks_per_site: int = 4  # in the whole plan; a roaming block counts at each of its sites
    same_site_in_a_row: bool = False  # whether a block may come back to a site of the block before in that shift
    district_minimum: int = 0  # blocks that reach each district, at least
    random_share: float = 0.1  # of blocks drawn at random, at least
    roam_sites: int = 3  # a roaming block has 2 to this many; below 2 there is no roaming
    roam_radius_hours: float = 0.1  # travel from the first site of a roaming block to any other, at most

    def __post_init__(self):
        for name, lowest in (
            ("mean_hours", 1e-9), ("travel_hours", 0), ("blocks_per_shift", 1), ("blocks_per_site", 1),
            ("district_minimum", 0), ("random_share", 0), ("roam_sites", 0), ("roam_radius_hours", 0),
        ):  # fmt: skip
            if not getattr(self, name) >= lowest:
                raise ValueError(f"{name} must be at least {lowest:g}, got {getattr(self, name)}")
        if self.random_share > 1:
            raise ValueError(f"random_share must be at most 1, got {self.random_share}")

    @property
    def unbound(self):
        """Only what no crew can escape; without the rules that an office sets itself: sites again, districts, random blocks."""
        return replace(self, blocks_per_site=math.inf, same_site_in_a_row=True, district_minimum=0, random_share=0)


@dataclass(frozen=True)
class Roster:
    """The blocks that crews can work, the sites they can work at, and what binds them.

    Attributes
    ----------
    blocks : pd.DataFrame, one row a block that a team can work, indexed by any label
        `team`, `date`, `start_hour` (24 and more: after the midnight that ends the date), `hours`, `slot` (as in
        `Encounters`). A team's blocks on one date are one shift and must not overlap.
    places : pd.DataFrame, one row a site, indexed by place
        `district` (missing: counts for no district), `can_wait` (bool; a site without is only roamed).
    travel : pd.DataFrame, shape (n_places, n_places), indexed both ways by place
        Hours from site to site, such as `travel_between` gives.
    lawful : pd.DataFrame of bool, shape (n_places, 24), indexed by place, optional
        Whether vehicles may be seized there in that hour of the clock (columns 0-23). Every hour, if not given.
    limits : Limits
    """

    blocks: pd.DataFrame = field(repr=False)
    places: pd.DataFrame = field(repr=False)
    travel: pd.DataFrame = field(repr=False)
    lawful: pd.DataFrame | None = field(default=None, repr=False)
    limits: Limits = Limits()

    def __post_init__(self):
        has_columns("blocks", self.blocks, ("team", "date", "start_hour", "hours", "slot"))
        has_columns("places", self.places, ("district", "can_wait"))
        if not self.blocks.index.is_unique or not self.places.index.is_unique:
            raise ValueError("labels of blocks and of places must be unique")
        if self.blocks[["team", "date", "start_hour", "hours", "slot"]].isna().any(axis=None):
            raise ValueError("blocks have missing values")
        if not (self.blocks["hours"] > self.limits.travel_hours).all():
            least, kept = self.blocks["hours"].min(), self.limits.travel_hours
            raise ValueError(f"a block of {least} hours leaves nothing beside the {kept} hours kept for travel")
        for name, labels in (("travel", self.travel.index), ("travel", self.travel.columns), *self._lawful_labels()):
            if not self.places.index.isin(labels).all():
                raise ValueError(f"{name} lacks places: {self.places.index.difference(labels).tolist()[:5]}")
        if self.places["can_wait"].isna().any():
            raise ValueError("can_wait is missing for some places")
        if not (self.travel.loc[self.places.index, self.places.index].to_numpy() >= 0).all():
            raise ValueError("travel hours are missing or below zero")
        in_order = self.blocks.assign(start=start_hours(self.blocks)).sort_values(["team", "start"])
        ends = (in_order["start"] + in_order["hours"]).groupby(in_order["team"]).shift()
        if (in_order["start"] < ends - ROUNDING).any():
            clash = in_order[in_order["start"] < ends - ROUNDING].iloc[0]
            raise ValueError(f"blocks of team {clash.team} overlap on {clash.date} at {clash.start_hour}")

    def _lawful_labels(self):
        if self.lawful is None:
            return []
        if sorted(self.lawful.columns) != list(range(24)):
            raise ValueError(f"lawful must have the columns 0-23, got {list(self.lawful.columns)}")
        return [("lawful", self.lawful.index)]


def share_met(hours, mean_hours):
    """Share of the vehicles that stand at a site, or come, that are met in a time there: 1 - exp(-hours / mean_hours).

    Examples
    --------
    >>> share_met(np.array([0, 1, 2]), 1.0).round(3).tolist()
    [0.0, 0.632, 0.865]
    """
    if not np.all(np.asarray(hours) >= 0):
        raise ValueError(f"hours are missing or below zero: {hours}")
    return -np.expm1(-np.asarray(hours, float) / mean_hours)


def travel_between(places, kmh, detour=1.4):
    """Hours from site to site in a straight line, times a detour.

    Parameters
    ----------
    places : pd.DataFrame, indexed by place
        `x`, `y` in metres.
    kmh : float
    detour : float
        Way by road over way in a straight line: 1.4 over the United States (Boscoe, Henry and Zdeb 2012, Professional
        Geographer 64).

    Returns
    -------
    pd.DataFrame, shape (n_places, n_places)

    Examples
    --------
    >>> places = pd.DataFrame({"x": [0, 3000], "y": [0, 4000]}, ["A", "B"])
    >>> float(travel_between(places, kmh=28).loc["A", "B"])
    0.25
    """
    if not kmh > 0 or not detour >= 1:
        raise ValueError(f"kmh must be above 0 and detour at least 1, got {kmh} and {detour}")
    x, y = places["x"].to_numpy(float), places["y"].to_numpy(float)
    metres = np.hypot(x[:, None] - x, y[:, None] - y)
    return pd.DataFrame(metres * detour / 1000 / kmh, places.index, places.index)


def lawful_sites(roster, start_hour, hours):
    """Whether every hour of the clock that a block touches is lawful at each site."""
    if roster.lawful is None:
        return np.ones(len(roster.places), bool)
    clock = sorted({hour % 24 for hour in range(math.floor(start_hour), math.ceil(start_hour + hours))})
    return roster.lawful.loc[roster.places.index, clock].to_numpy(bool).all(axis=1)


def budget_of(roster, n_blocks):
    """Number of blocks to work: as asked, or all that shifts have room for."""
    in_shift = roster.blocks.groupby(["team", "date"]).size()
    most = int(in_shift.clip(upper=roster.limits.blocks_per_shift).sum())
    if n_blocks is None:
        return most
    if not 0 <= n_blocks <= most:
        raise ValueError(
            f"n_blocks must lie between 0 and the {most} blocks that the shifts have room for, got {n_blocks}"
        )
    return n_blocks


def start_hours(blocks):
    """Hours since a fixed day at which blocks begin."""
    return (pd.to_datetime(blocks["date"]) - pd.Timestamp(0)) / pd.Timedelta(hours=1) + blocks["start_hour"]


def travel_array(roster):
    return roster.travel.loc[roster.places.index, roster.places.index].to_numpy(float)


def has_columns(name, table, columns):
    lacks = [column for column in columns if column not in table.columns]
    if lacks:
        raise ValueError(f"{name} lacks the columns {lacks}")
