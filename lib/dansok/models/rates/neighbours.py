"""Empirical Bayes: a place that was hardly looked at is taken to be like its neighbourhood."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse, stats
from scipy.spatial import KDTree
from scipy.special import gammaln

REACH = 2  # bandwidths, beyond which a place is no neighbour
LIKENESS = (1e-3, 1e3)  # bounds of k: with 1,000, places differ by 3%
ROUNDS = 30


@dataclass(frozen=True)
class Shrunk:
    """`rate`, `low`, `high` and `neighbourhood` of places, and the `bandwidth_m` and `likeness` (k) behind them."""

    rate: np.ndarray
    low: np.ndarray
    high: np.ndarray
    neighbourhood: np.ndarray
    bandwidth_m: float
    likeness: float


def kernels(coordinates, bandwidths_m):
    """Bandwidth -> weights of the other places (Gaussian, 0 for the place itself); None for the whole city."""
    found = {np.inf: None}
    if coordinates is None:
        return found
    pairs = KDTree(coordinates).query_pairs(REACH * max(bandwidths_m), output_type="ndarray")
    one, other = pairs.T
    metres = np.linalg.norm(coordinates[one] - coordinates[other], axis=1)
    for bandwidth in bandwidths_m:
        near = metres <= REACH * bandwidth
        weights = np.exp(-0.5 * (metres[near] / bandwidth) ** 2)
        half = sparse.csr_array((weights, (one[near], other[near])), shape=(len(coordinates), len(coordinates)))
        found[bandwidth] = half + half.T
    return found


def shrink(records, exposure, exposure_variance, kernels, tail):
    """Rates of places, each pulled towards its neighbourhood as far as its own records leave it open.

    Parameters
    ----------
    records, exposure, exposure_variance : np.ndarray, shape (places,)
        Exposure in one unit, 0 where nobody looked; its relative variance.
    kernels : dict
        As the function `kernels` gives.
    tail : float
        Probability beyond either limit of the intervals.

    Returns
    -------
    Shrunk
        Also for places never looked at, where `rate` is the neighbourhood's.
    """
    fits = {
        bandwidth: _neighbourhood(records, exposure, exposure_variance, kernel) for bandwidth, kernel in kernels.items()
    }
    bandwidth = max(fits, key=lambda candidate: fits[candidate][2])
    neighbourhood, likeness, _ = fits[bandwidth]
    total = exposure + likeness / neighbourhood
    rate = (records + likeness) / total
    variance = 1 / (records + likeness) + exposure_variance * (exposure / total) ** 2
    low, high = stats.gamma.ppf([[tail], [1 - tail]], 1 / variance, scale=rate * variance)
    return Shrunk(rate, low, high, neighbourhood, bandwidth, likeness)


def _neighbourhood(records, exposure, exposure_variance, kernel):
    """Mean of each place's neighbourhood without itself, k by moments, and the likelihood of the records."""
    looked, likeness = exposure > 0, 1.0
    mean = np.full(len(records), records.sum() / exposure.sum())
    for _ in range(ROUNDS):
        # Weights depend on what is expected of a place and never on what it recorded: they would bias the mean.
        weight = 1 / (1 + mean * exposure * (1 / likeness + exposure_variance))
        city = (weight @ records) / (weight @ exposure)
        mean = np.full(len(records), city)
        if kernel is not None:
            # One record's worth of the whole city, for places without neighbours.
            mean = (kernel @ (weight * records) + 1) / (kernel @ (weight * exposure) + 1 / city)
        expected = mean * exposure
        weight = looked / (1 + expected * (1 / likeness + exposure_variance)) ** 2
        excess = weight @ ((records - expected) ** 2 - expected - expected**2 * exposure_variance)
        before, difference = likeness, excess / (weight @ (expected**2 * (1 + exposure_variance)))
        likeness = float(np.clip(1 / max(difference, 1e-9), *LIKENESS))
        if abs(np.log(likeness / before)) < 1e-3:
            break
    shape, expected, seen = 1 / (1 / likeness + exposure_variance[looked]), expected[looked], records[looked]
    height = gammaln(seen + shape) - gammaln(shape) + shape * np.log(shape / (shape + expected))
    return mean, likeness, float((height + seen * np.log(expected / (shape + expected))).sum())
