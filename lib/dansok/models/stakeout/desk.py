"""Where a plan is made: every use of every kind of block, weighed by what it adds to those chosen."""

import itertools
import math

import numpy as np
import pandas as pd
from scipy import sparse

from dansok.models.stakeout.board import Board, Choice
from dansok.models.stakeout.roster import lawful_sites, share_met

PASSES = 20  # of the improvement, which stops by itself when one changes nothing
DRAWN_EVENLY = 0.2  # of the chances of the sites of random blocks; the rest is in proportion to what each would add
BETTER = 1.001  # times as much as before is what a block must add to be used otherwise


class Desk:
    """Where a plan is made: every use of every kind of block, and how likely each vehicle is missed so far.

    Blocks of one slot, hour and length are a window; all its blocks are worth the same at the same sites.
    """

    def __init__(self, roster, chances, seed):
        self.chances, self.limits = chances, roster.limits
        self.board = Board(roster, roster.limits)
        self.rng = np.random.default_rng(seed)
        kinds = pd.MultiIndex.from_frame(self.board.blocks[["slot", "start_hour", "hours"]])
        self.window_of_block, windows = pd.factorize(kinds)
        self.windows = list(windows)
        in_window = (np.flatnonzero(self.window_of_block == window) for window in range(len(windows)))
        self.blocks_in = [self.rng.permutation(blocks).tolist() for blocks in in_window]
        self.missed = np.ones(len(chances.vehicles))
        self._list_uses(roster)
        self._list_districts(roster)

    def _list_uses(self, roster):
        """Candidates: `sites`, `delta` and `window` of each, and the `span` and `stops` of each window."""
        self.sites, deltas, self.span, self.stops = [], [], [], []
        for slot, start_hour, hours in self.windows:
            worth = self.chances.worth(slot, self.chances.value)
            uses = _uses(roster, self.board.travel, start_hour, hours, worth)
            self.span.append(slice(len(self.sites), len(self.sites) + len(uses)))
            self.stops.append(_stops_array(uses, len(roster.places)))
            self.sites += [sites for sites, _delta in uses]
            deltas += [delta for _sites, delta in uses]
        self.delta, self.all_stops = np.array(deltas, float), sparse.vstack(self.stops, format="csr")
        self.window = np.repeat(np.arange(len(self.windows)), [span.stop - span.start for span in self.span])

    def _list_districts(self, roster):
        self.district, names = pd.factorize(roster.places["district"])
        self.districts = list(names)
        reach = _filled_rows(self.sites, self.district, len(names))
        self.reach, self.reached = reach, np.zeros(len(names), int)

    def bounds(self, windows):
        """Most that each candidate of these windows can add now (sum over its stops); -inf for all others."""
        bounds, weight, worth = np.full(len(self.sites), -np.inf), self.chances.value * self.missed, {}
        for window in windows:
            slot = self.windows[window][0]
            if slot not in worth:
                worth[slot] = self.chances.worth(slot, weight)
            bounds[self.span[window]] = self.stops[window] @ worth[slot]
        return bounds

    def best(self, bounds, block_for, floor=0.0):
        """The candidate that adds most and a block for it, by lazy evaluation; None if none adds more than `floor`.

        bounds : what each candidate can add at most; brought up to date in place where that is looked at
        block_for : function of a candidate; None if no block may be used for it
        """
        full = self.board.used >= self.limits.blocks_per_site
        bounds[self.all_stops @ full.astype(float) > 0] = -np.inf
        fresh, parked, found = set(), [], None
        while found is None and len(bounds):
            candidate = int(np.argmax(bounds))
            if not bounds[candidate] > floor:
                break
            block = block_for(candidate)
            if block is None:
                parked.append((candidate, bounds[candidate]))
                bounds[candidate] = -np.inf
            elif candidate in fresh:
                found = candidate, block
            else:
                bounds[candidate] = self._gain(self._met(candidate))
                fresh.add(candidate)
        for candidate, bound in parked:  # a block chosen in between can make it lawful again
            bounds[candidate] = bound
        return found

    def open_block(self, candidate):
        """A block of the candidate's window that may be used for it, or None."""
        sites, blocks = self.sites[candidate], self.blocks_in[self.window[candidate]]
        return next((block for block in blocks if self.board.may_take(block, sites)), None)

    def draw(self, number):
        """Wait in blocks drawn evenly, at sites drawn among the lawful ones with chances that are known and never 0."""
        for block in self.rng.permutation(len(self.board.blocks)).tolist():
            if len(self.board.chosen) == number:
                return
            span = self.span[self.window_of_block[block]]
            waits = [use for use in range(span.start, span.stop) if len(self.sites[use]) == 1]
            lawful = [use for use in waits if self.board.may_take(block, self.sites[use])]
            if lawful:
                slot = self.windows[self.window_of_block[block]][0]
                worth = self.chances.worth(slot, self.chances.value * self.missed)
                chance = drawing_chances(worth[[self.sites[use][0] for use in lawful]])
                drawn = self.rng.choice(len(lawful), p=chance)
                self._use(block, lawful[drawn], float(chance[drawn]))
        if len(self.board.chosen) < number:
            raise ValueError(f"only {len(self.board.chosen)} of {number} random blocks have a lawful site to wait at")

    def reach_districts(self, budget):
        """Use blocks for the districts that are below their minimum, best first."""
        while (lacking := self._lacking()).any():
            bounds = np.where(self.reach[:, lacking].any(axis=1), self.bounds(self._open_windows()), -np.inf)
            best = self.best(bounds, self.open_block, floor=-1.0) if len(self.board.chosen) < budget else None
            if best is None:
                names = [name for name, lacks in zip(self.districts, lacking, strict=True) if lacks]
                raise ValueError(f"{self.limits.district_minimum} blocks cannot be had in each of {names}")
            self._use(best[1], best[0])

    def fill(self, budget):
        """Use blocks until the budget is spent or nothing is gained any more."""
        bounds = self.bounds(self._open_windows())
        while len(self.board.chosen) < budget and (best := self.best(bounds, self.open_block)):
            candidate, block = best
            self._use(block, candidate)
            if self.window[candidate] not in self._open_windows():
                bounds[self.span[self.window[candidate]]] = -np.inf

    def improve(self):
        """Replace blocks that were not drawn, one at a time, while that adds anything."""
        for _ in range(PASSES):
            self.missed = np.ones(len(self.missed))
            for block, choice in self.board.chosen.items():  # afresh, so that no rounding adds up
                self.missed *= 1 - self._met_in(block, choice)
            planned = [block for block, choice in self.board.chosen.items() if math.isnan(choice.drawn_chance)]
            changed = [self._replace(block) for block in planned]
            if not any(changed):
                return

    def load(self, plan):
        """Put a plan on the board as it is."""
        numbers = pd.Series(range(len(self.board.blocks)), self.board.blocks.index)
        if not plan.index.isin(numbers.index).all() or not plan["places"].explode().isin(self.board.places).all():
            raise ValueError("the plan has blocks or places that are not of this roster")
        for row in plan.itertuples():
            self._put(numbers[row.Index], Choice(self.chances.codes(row.places), row.delta, row.turn))

    def _replace(self, block):
        """Use a block, or an open one in its stead, for what adds more; whether there was anything."""
        may_leave = self.board.may_leave(block)
        before = self._take_off(block)
        windows, block_for = self._windows_instead(block, may_leave)
        bounds = self.bounds(windows)
        bounds[~self.reach[:, self._lacking()].all(axis=1)] = -np.inf
        best = self.best(bounds, block_for, floor=self._gain(self._met_in(block, before)) * BETTER)
        if best is None:
            self._put(block, before)
            return False
        candidate, instead = best
        self._put(instead, Choice(self.sites[candidate], self.delta[candidate], before.turn))
        return True

    def _windows_instead(self, block, may_leave):
        if may_leave:
            return self._open_windows(), self.open_block
        return [self.window_of_block[block]], (
            lambda candidate: block if self.board.may_take(block, self.sites[candidate]) else None
        )

    def _open_windows(self):
        return [
            window
            for window, blocks in enumerate(self.blocks_in)
            if not all(block in self.board.chosen for block in blocks)
        ]

    def _lacking(self):
        return self.reached < self.limits.district_minimum

    def _use(self, block, candidate, drawn_chance=math.nan):
        choice = Choice(self.sites[candidate], self.delta[candidate], len(self.board.chosen), drawn_chance)
        self._put(block, choice)

    def _put(self, block, choice):
        self.board.put(block, choice)
        self.missed *= 1 - self._met_in(block, choice)
        self.reached += _filled_rows([choice.sites], self.district, len(self.districts))[0]

    def _take_off(self, block):
        choice = self.board.take_off(block)
        self.missed /= 1 - self._met_in(block, choice)
        self.reached -= _filled_rows([choice.sites], self.district, len(self.districts))[0]
        return choice

    def _met(self, candidate):
        slot = self.windows[self.window[candidate]][0]
        return self.chances.met(slot, self.sites[candidate], self.delta[candidate])

    def _met_in(self, block, choice):
        return self.chances.met(self.windows[self.window_of_block[block]][0], choice.sites, choice.delta)

    def _gain(self, met):
        return float((self.chances.value * self.missed) @ met)


def drawing_chances(worth):
    """Chance of each site to be drawn: a part evenly, the rest in proportion to what it would add.

    Notes
    -----
    Sampling with chances in proportion to size (Hansen and Hurwitz 1943, Annals of Mathematical Statistics 14), mixed with
    an even part, so that none is below a fifth of what an even draw would give (Hesterberg 1995, Technometrics 37).

    Examples
    --------
    >>> drawing_chances(np.array([0.0, 1.0, 3.0])).round(3).tolist()
    [0.067, 0.267, 0.667]
    """
    even = np.full(len(worth), 1 / len(worth))
    total = worth.sum()
    return DRAWN_EVENLY * even + (1 - DRAWN_EVENLY) * (worth / total if total > 0 else even)


def _uses(roster, travel, start_hour, hours, worth):
    """Sites to wait at and tours to roam in a block, with the share met at each stop: list of (sites, delta)."""
    limits, working = roster.limits, hours - roster.limits.travel_hours
    lawful = np.flatnonzero(lawful_sites(roster, start_hour, hours))
    can_wait = roster.places["can_wait"].to_numpy(bool)
    delta = float(share_met(working, limits.mean_hours))
    uses = [((site,), delta) for site in lawful.tolist() if can_wait[site]]
    tours = {}
    for site in lawful.tolist() if limits.roam_sites > 1 else ():
        near = lawful[(travel[site, lawful] <= limits.roam_radius_hours) & (lawful != site)]
        near = near[np.argsort(-worth[near], kind="stable")][: limits.roam_sites - 1].tolist()
        for size in range(1, len(near) + 1):
            tour, inside = _tour(site, near[:size], travel)
            if inside < working and inside < tours.get(frozenset(tour), (None, math.inf))[1]:
                tours[frozenset(tour)] = tour, inside
    uses += [
        (tour, float(share_met((working - inside) / len(tour), limits.mean_hours))) for tour, inside in tours.values()
    ]
    return uses


def _tour(first, others, travel):
    """Sites in order, always the nearest next, and the hours between them."""
    tour, left, inside = [first], list(others), 0.0
    while left:
        nearest = min(left, key=lambda site: travel[tour[-1], site])
        inside += travel[tour[-1], nearest]
        tour.append(nearest)
        left.remove(nearest)
    return tuple(tour), inside


def _filled_rows(sites, district, n_districts):
    """Which districts each group of sites reaches: np.ndarray of bool, shape (n_groups, n_districts)."""
    reached = np.zeros((len(sites), n_districts), bool)
    group = np.repeat(np.arange(len(sites)), [len(group) for group in sites])
    code = district[np.fromiter(itertools.chain.from_iterable(sites), int)]
    reached[group[code >= 0], code[code >= 0]] = True
    return reached


def _stops_array(uses, n_places):
    """Share met at each place by each use: csr_array, shape (n_uses, n_places)."""
    group = np.repeat(np.arange(len(uses)), [len(sites) for sites, _delta in uses])
    site = np.fromiter(itertools.chain.from_iterable(sites for sites, _delta in uses), int)
    delta = np.repeat([delta for _sites, delta in uses], [len(sites) for sites, _delta in uses])
    return sparse.csr_array((delta, (group, site)), shape=(len(uses), n_places))
