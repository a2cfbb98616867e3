"""What each channel catches for a unit of its exposure, and the course of the day.

Poisson regression with an effect for each place. The places' own levels are conditioned out, so channels are compared
where both looked at one place, and hours where a channel looked at one place in both.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import linalg, sparse

FLAT = 1e-4  # precision of a term that the counts alone decide: a standard deviation of 100 on the log scale
START = 4.0  # precision of the other terms to begin with: a standard deviation of 0.5
PRECISIONS = (1e-2, 1e4)  # areas, hours and place types differ by factors between exp(10) and exp(0.01)
ROUNDS, STEPS = 20, 50
LEVERAGE, HEAVIEST = 0.1, 100  # of a place: below it, or after so many, what a place hides is not worth making up


@dataclass(frozen=True)
class Terms:
    """Columns of the regression, in blocks.

    An hour each; an hour of a place type each; a channel each but the first; and for channels whose exposure is known
    only up to a factor by area or by hour, an area or an hour each.
    """

    hours: int
    types: int
    areas: int
    channels: int
    by_area: tuple  # numbers of channels
    by_hour: tuple

    @cached_property
    def columns(self):
        """Block -> its columns."""
        sizes = {"hour": self.hours, "type": self.types * self.hours if self.types > 1 else 0}
        sizes["channel"] = self.channels - 1
        sizes |= {("area", channel): self.areas for channel in self.by_area}
        sizes |= {("by_hour", channel): self.hours for channel in self.by_hour}
        ends = np.cumsum(list(sizes.values()))
        return {block: np.arange(end - size, end) for (block, size), end in zip(sizes.items(), ends, strict=True)}

    @property
    def count(self):
        return sum(len(columns) for columns in self.columns.values())

    def design(self, place_type, area):
        """Array of 0 and 1, shape (hours, channels, columns), for a place of this type and area."""
        cells = np.zeros((self.hours, self.channels, self.count))
        hour, columns = np.arange(self.hours), self.columns
        cells[hour, :, columns["hour"]] = 1
        if self.types > 1:
            cells[hour, :, columns["type"].reshape(self.types, -1)[place_type]] = 1
        for channel in range(1, self.channels):
            cells[:, channel, columns["channel"][channel - 1]] = 1
        for channel in self.by_area:
            cells[:, channel, columns["area", channel][area]] = 1
        for channel in self.by_hour:
            cells[hour, channel, columns["by_hour", channel]] = 1
        return cells

    @cached_property
    def penalties(self):
        """Block -> matrix that holds its terms together: near 0, or an hour near its neighbours."""
        steps = np.eye(self.hours) - np.roll(np.eye(self.hours), 1, axis=1)
        holds = {"type": np.eye(len(self.columns["type"]))} if self.types > 1 else {}
        holds |= {("area", channel): np.eye(self.areas) for channel in self.by_area}
        return holds | {("by_hour", channel): steps.T @ steps for channel in self.by_hour}


@dataclass(frozen=True)
class Factors:
    """Estimates of the terms on the log scale, with their covariance."""

    terms: Terms
    log: np.ndarray  # (columns,)
    covariance: np.ndarray  # (columns, columns)

    def of(self, block):
        """Estimates of one block."""
        return self.log[self.terms.columns[block]]


def fit_factors(counts, exposure, place_types, areas, terms, error):
    """Maximum of the conditional likelihood, with what areas, hours and types share estimated along.

    Parameters
    ----------
    counts, exposure : np.ndarray of float, shape (places, hours, channels)
        No count where the exposure is 0, and at least one count.
    place_types, areas : np.ndarray of int, shape (places,)
        From 0.
    terms : Terms
    error : np.ndarray, shape (channels,)
        Relative standard error of a place's exposure.

    Returns
    -------
    Factors
        A term that no count speaks of is 0, or what its neighbours make it, with a variance that says so.

    Notes
    -----
    Poisson regression with fixed effects (Hausman, Hall and Griliches 1984, Econometrica 52): the same maximum as
    iterated proportional fitting. It is consistent as soon as the mean is right, however much counts spread and with
    errors in the logged effort of places, but the covariance must then be the sandwich one, clustered by place
    (Wooldridge 1999, Journal of Econometrics 90). How much areas, hours and types differ: MacKay (1992), Neural
    Computation 4.
    """
    groups = _groups(counts, exposure, place_types, areas, terms)
    at, precisions = np.zeros(terms.count), dict.fromkeys(terms.penalties, START)
    for _ in range(ROUNDS):
        prior = _prior(terms, precisions)
        at, information = _climb(groups, at, prior)
        covariance = linalg.inv(information + prior)
        updated = {block: _precision(terms, block, at, covariance, before) for block, before in precisions.items()}
        settled = all(abs(np.log(updated[block] / before)) < 0.02 for block, before in precisions.items())
        precisions = updated
        if settled:
            break
    leverages = [_leverage(*group, at, covariance) for group in groups]
    least = max(LEVERAGE, np.sort(np.concatenate(leverages))[-HEAVIEST:][0])
    spread = sum(
        _spread(*group, at, covariance, error, leverage >= least)
        for group, leverage in zip(groups, leverages, strict=True)
    )
    return Factors(terms, at, covariance @ (spread + prior) @ covariance)


def _leverage(counts, exposure, cells, at, covariance):
    """How much of the fit rests on each place: their sum is the number of terms that the counts decide."""
    fitted = _fitted(counts, exposure, cells, at)
    total = fitted.sum(axis=1)
    mean = (fitted @ cells) / total[:, None]
    by_cell = np.asarray((cells @ covariance * cells.toarray()).sum(axis=1))
    return fitted @ by_cell - total * (mean @ covariance * mean).sum(axis=1)


def _spread(counts, exposure, cells, at, covariance, error, heavy):
    """Covariance of the likelihood's slope over places: what their counts show, and what the fit has hidden of it.

    A place that weighs much pulls the fit to itself. What it hides so is made up from chance and the stated error of
    its exposure (after the bias-reduced sandwich of Bell and McCaffrey 2002, Survey Methodology 28).
    """
    fitted = _fitted(counts, exposure, cells, at)
    scores = (counts - fitted) @ cells
    spread = scores.T @ scores
    for weight in fitted[heavy]:
        mean = weight @ cells / weight.sum()
        information = (cells.T @ sparse.diags_array(weight) @ cells).toarray() - weight.sum() * np.outer(mean, mean)
        by_channel = [weight[c :: len(error)] @ cells[c :: len(error)] for c in range(len(error))]
        moved = [own - weight[c :: len(error)].sum() * mean for c, own in enumerate(by_channel)] * error[:, None]
        chance = information + moved.T @ moved
        shown = np.eye(len(at)) - information @ covariance
        spread += chance - shown @ chance @ shown.T
    return spread


def _groups(counts, exposure, place_types, areas, terms):
    """Counts, exposure and design of the places of one type and area, which have one design."""
    found, any_count = [], counts.any(axis=(1, 2))
    for place_type, area in np.unique(np.c_[place_types, areas][any_count], axis=0):
        rows = any_count & (place_types == place_type) & (areas == area)
        flat = [table[rows].reshape(rows.sum(), -1) for table in (counts, exposure)]
        found.append((*flat, sparse.csr_array(terms.design(place_type, area).reshape(-1, terms.count))))
    return found


def _fitted(counts, exposure, cells, at):
    expected = exposure * np.exp(cells @ at)
    return expected * (counts.sum(axis=1) / expected.sum(axis=1))[:, None]


def _prior(terms, precisions):
    prior = np.eye(terms.count) * FLAT
    for block, precision in precisions.items():
        prior[np.ix_(terms.columns[block], terms.columns[block])] += terms.penalties[block] * precision
    return prior


def _precision(terms, block, at, covariance, before):
    """How many terms of the block the counts decide, over how much they spread."""
    columns, penalty = terms.columns[block], terms.penalties[block]
    decided = np.linalg.matrix_rank(penalty) - before * np.trace(covariance[np.ix_(columns, columns)] @ penalty)
    spread = at[columns] @ penalty @ at[columns]
    return float(np.clip(max(decided, 0.0) / max(spread, 1e-12), *PRECISIONS))


def _climb(groups, at, prior):
    """Newton's method, halving steps that lead down."""
    height, every_cell = _height(groups, at, prior), sparse.vstack([cells for _, _, cells in groups], format="csr")
    for _ in range(STEPS):
        fitted = [_fitted(*group, at) for group in groups]
        missed = [(group[0] - expected).sum(axis=0) for group, expected in zip(groups, fitted, strict=True)]
        slope = np.concatenate(missed) @ every_cell - prior @ at
        by_cell = sparse.diags_array(np.concatenate([expected.sum(axis=0) for expected in fitted]))
        by_place = np.vstack(
            [_by_place(expected, cells) for expected, (_, _, cells) in zip(fitted, groups, strict=True)]
        )
        information = (every_cell.T @ by_cell @ every_cell).toarray() - by_place.T @ by_place
        step = linalg.solve(information + prior, slope, assume_a="pos")
        if slope @ step < 1e-6:
            break
        higher = _height(groups, at + step, prior)
        while higher < height and np.abs(step).max() > 1e-9:
            step = step / 2
            higher = _height(groups, at + step, prior)
        at, height = at + step, higher
    return at, information


def _by_place(fitted, cells):
    return (fitted @ cells) / np.sqrt(fitted.sum(axis=1))[:, None]


def _height(groups, at, prior):
    """Logarithm of the penalised conditional likelihood, up to a constant."""
    total = -at @ prior @ at / 2
    for counts, exposure, cells in groups:
        log_factor = cells @ at
        top = log_factor.max()
        expected = exposure @ np.exp(log_factor - top)
        if not expected.all():
            # A step so long that a place's exposure is lost beside that of other hours is no better, whatever follows.
            return -np.inf
        total += counts.sum(axis=0) @ log_factor - counts.sum(axis=1) @ (np.log(expected) + top)
    return total
