"""What happens in the sample city, and what it does to the true rate: each planted effect with its size, places and days."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

CAMERA_NEAR, CAMERA_RING = (100.0, 0.50), (250.0, 1.15)  # metres, factor on λ
PATROL_FACTOR, HALVES_EVERY_DAYS = 0.85, 182
MOVES_SHARE, MOVES_METRES = 0.30, 250.0
LOT_FACTOR, LOT_METRES = 0.70, 200.0
STAKEOUT_FACTOR, STAKEOUT_ACTS = 1.084, 1.12  # recovered per crew-hour, which takes acting so much more often
APP_FACTOR = 1.6
OUTAGE_DAYS, OUTAGE_FACTOR = 14, 0.02
CAMPAIGN_FACTOR = 2.0


@dataclass(frozen=True)
class Effect:
    """A factor on λ at some places from one day on.

    `first`: row of its first day. `places`: factor of each place, shape (n_places,). `halves_every`: days after which
    half of it is gone, None for never.
    """

    name: str
    first: int
    places: np.ndarray
    halves_every: int | None = None

    def factor(self, days):
        """Shape (n_places, n_days)."""
        since = np.asarray(days) - self.first
        strength = (since >= 0) * (1.0 if self.halves_every is None else 0.5 ** (since / self.halves_every))
        return 1 + (self.places[:, None] - 1) * strength


def new_cameras(ground, cameras, days):
    """Effects of the cameras that are installed after the first day."""
    points = ground.places[["x", "y"]].to_numpy()
    effects = []
    for camera in cameras[cameras["installed_on"] > days[0]].itertuples():
        away = np.hypot(*(points - points[camera.place]).T)
        factor = np.where(away <= CAMERA_NEAR[0], CAMERA_NEAR[1], np.where(away <= CAMERA_RING[0], CAMERA_RING[1], 1.0))
        effects.append(Effect(f"new_camera {camera.camera_id}", days.get_loc(camera.installed_on), factor))
    return effects


def retargeted_patrol(ground, weights, treated, first, displaced, fades, works):
    """Effect of patrols that move to hot places of the treated 읍면동 (rows of `AREAS`)."""
    factor = np.ones(len(ground.places))
    inside = ground.places["area"].isin(treated).to_numpy()
    if works:
        factor[inside] = PATROL_FACTOR
    if works and displaced:
        factor += _moved(ground, weights, inside) / weights
    return Effect("retargeted_patrol", first, factor, HALVES_EVERY_DAYS if fades else None)


def _moved(ground, weights, inside):
    """What goes to untreated places near by, in the unit of `weights`; a treated place without one near moves nothing."""
    points = ground.places[["x", "y"]].to_numpy()
    outside = np.flatnonzero(~inside)
    near = cKDTree(points[outside]).query_ball_point(points, MOVES_METRES)
    moved = np.zeros(len(points))
    for place in np.flatnonzero(inside):
        if len(near[place]):
            to = outside[near[place]]
            moved[to] += MOVES_SHARE * (1 - PATROL_FACTOR) * weights[place] * weights[to] / weights[to].sum()
    return moved


def new_lot(ground, place, first):
    """Effect of a lot that opens at a place."""
    points = ground.places[["x", "y"]].to_numpy()
    near = np.hypot(*(points - points[place]).T) <= LOT_METRES
    return Effect("new_lot", first, np.where(near, LOT_FACTOR, 1.0))
