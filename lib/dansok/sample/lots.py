"""Public lots with how full they are by the hour, and parcels on which a lot could be built, one of which is the best."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import dijkstra

from dansok.sample.ground import stream

REACH_METRES, DECAY_METRES = 300.0, 150.0  # people walk so far from a lot, and with such a decay
HALF_EMPTY = 0.3  # of the lots stand half empty at their fullest hour, full streets or not
READERS = 0.5  # of the lots have a plate reader at the gate
BEST_BY = 1.25  # the best parcel serves so much more than the next
# How full a lot is by hour, by the use of its street: homes at night, shops at noon and in the evening, work by day.
FULL = np.array(
    [
        [0.88] * 6 + [0.84, 0.7, 0.55, 0.48, 0.45, 0.45, 0.46, 0.46, 0.46, 0.47, 0.5, 0.56, 0.66, 0.76, 0.82, 0.86, 0.88, 0.88],
        [0.12] * 6 + [0.14, 0.2, 0.35, 0.5, 0.66, 0.82, 0.95, 0.94, 0.85, 0.78, 0.74, 0.76, 0.86, 0.93, 0.84, 0.62, 0.38, 0.2],
        [0.08] * 6 + [0.16, 0.4, 0.72, 0.88, 0.92, 0.9, 0.84, 0.88, 0.93, 0.92, 0.86, 0.72, 0.45, 0.28, 0.18, 0.12, 0.1, 0.08],
        [0.1] * 24,
    ]
)  # fmt: skip
SURVEY_DAYS = 28
KINDS = ("노외", "노상", "부설")
OWNERS = ("공유지", "국유지", "사유지")
LAND = ("나대지", "잡종지", "주차장용지", "학교용지", "대지")


@dataclass(frozen=True)
class Lots:
    """`lots`: `place`, `spaces`, `kind`, `reader`, `fullest` (share at its fullest hour). `occupied`: cars in each lot, shape
    (n_lots, 2 day types, 24). `parcels`: `place`, `x`, `y`, `area_m2`, `spaces`, `owner`, `land`, `krw_per_m2`, `road_metres`,
    `slope_percent`, `served` (violations a day within reach that no lot serves), `best`.
    """

    lots: pd.DataFrame
    occupied: np.ndarray
    parcels: pd.DataFrame


def build(seed, rates, number, parcels):
    """Lots and parcels of a seed."""
    places = rates.ground.places
    lots = _lots(places, rates.by_place, number, stream(seed, "lots"))
    rng = stream(seed, "occupancy")
    use = places["use"].to_numpy()[lots["place"]]
    profile = FULL[use] / FULL[use].max(axis=1, keepdims=True)
    weekend = profile * np.array([1.05, 1.08, 0.45, 1.0])[use][:, None]
    share = np.stack([profile, weekend], axis=1) * lots["fullest"].to_numpy()[:, None, None]
    share = np.clip(share * rng.normal(1, 0.03, share.shape), 0, 1)
    return Lots(
        lots, share * lots["spaces"].to_numpy()[:, None, None], _parcels(rates, lots, parcels, stream(seed, "parcels"))
    )


def _lots(places, rate, number, rng):
    pull = np.array([0.5, 2.0, 0.8, 0.05])[places["use"]] * rate**0.4
    at = rng.choice(len(places), number, replace=False, p=pull / pull.sum())
    half_empty = rng.random(number) < HALF_EMPTY
    fullest = np.where(half_empty, rng.uniform(0.35, 0.55, number), rng.uniform(0.85, 1.0, number))
    return pd.DataFrame(
        {
            "place": at,
            "spaces": np.round(rng.lognormal(3.9, 0.6, number)).clip(12, 320).astype(int),
            "kind": rng.choice(np.array(KINDS, object), number, p=[0.62, 0.3, 0.08]),
            "reader": rng.random(number) < READERS,
            "fullest": fullest.round(3),
        }
    )


def walk(ground, places, limit):
    """Walking distance from some places to all, along the streets, middle to middle; inf beyond `limit` metres."""
    street = ground.places
    half = street["length_metres"].to_numpy() / 2
    n, ends = len(ground.nodes), (street["node_from"].to_numpy(), street["node_to"].to_numpy())
    graph = coo_matrix((2 * half, ends), shape=(n, n)).tocsr()
    away = np.minimum(*(dijkstra(graph, directed=False, indices=end[places], limit=limit) for end in ends))
    best = half[places][:, None] + np.minimum(*(away[:, end] for end in ends)) + half[None, :]
    best[np.arange(len(places)), places] = 0
    return np.where(best <= limit, best, np.inf)


def _parcels(rates, lots, number, rng):
    """Parcels beside streets; the best stands where most violations lie out of reach of every lot, others farther off."""
    ground, rate = rates.ground, rates.by_place
    places = ground.places
    reached = np.isfinite(walk(ground, lots["place"].to_numpy(), REACH_METRES)).any(axis=0)
    unserved = np.where(reached, 0.0, rate)
    built = np.flatnonzero(places["use"] < 3)
    served = np.exp(-walk(ground, built, REACH_METRES) / DECAY_METRES) @ unserved
    best = int(built[served.argmax()])
    others = built[served * BEST_BY <= served.max()]
    chosen = np.append(rng.choice(others, number - 1, replace=len(others) < number - 1), best)
    order = rng.permutation(number)
    chosen = chosen[order]
    area = np.round(rng.lognormal(6.7, 0.5, number)).clip(250, 6000)
    area[chosen == best] = 1600
    aside = rng.uniform(-40, 40, (2, number))
    owner = rng.choice(np.array(OWNERS, object), number, p=[0.3, 0.15, 0.55])
    owner[chosen == best] = OWNERS[0]
    return pd.DataFrame(
        {
            "place": chosen,
            "x": (places["x"].to_numpy()[chosen] + aside[0]).round(1),
            "y": (places["y"].to_numpy()[chosen] + aside[1]).round(1),
            "area_m2": area,
            "spaces": (area / 28).astype(int),
            "owner": owner,
            "land": rng.choice(np.array(LAND, object), number),
            "krw_per_m2": (rng.lognormal(13.6, 0.5, number) // 1000 * 1000).astype(int),
            "road_metres": rng.choice([3.0, 4.0, 6.0, 8.0, 12.0], number, p=[0.1, 0.2, 0.35, 0.25, 0.1]),
            "slope_percent": np.round(rng.gamma(1.5, 2.5, number), 1),
            "served": served[np.searchsorted(built, chosen)].round(4),
            "best": chosen == best,
        }
    )
