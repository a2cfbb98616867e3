"""Which sites each block holds, and what may still be put where."""

import math
from bisect import bisect_left, insort
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dansok.models.stakeout.roster import ROUNDING, start_hours, travel_array

_PLAN = ["team", "date", "start_hour", "hours", "slot", "how", "places", "delta", "random", "drawn_chance", "turn"]


@dataclass(frozen=True)
class Choice:
    """What a block is used for."""

    sites: tuple  # place numbers, in order of the tour
    delta: float
    turn: int
    drawn_chance: float = math.nan  # of the site of a random block, among the lawful ones


class Board:
    """Which sites each block holds, and what may still be put where. Blocks are numbered by team, then time."""

    def __init__(self, roster, limits):
        self.limits = limits
        self.blocks = roster.blocks.assign(start=start_hours(roster.blocks)).sort_values(["team", "start"])
        self.places, self.travel = roster.places.index, travel_array(roster)
        self.start = self.blocks["start"].to_numpy(float)
        self.end = self.start + self.blocks["hours"].to_numpy(float)
        hours = self.end - self.start
        self.idle = self.start - (np.cumsum(hours) - hours)  # grows by the time between a team's blocks
        self.team = pd.factorize(self.blocks["team"])[0]
        self.shift = self.blocks.groupby(["team", "date"], sort=False).ngroup().to_numpy()
        self.meanwhile = self._meanwhile()
        self.chosen = {}
        self.used = np.zeros(len(self.places), int)
        self.in_shift = np.zeros(len(self.blocks), int)
        self.worked = [[] for _ in range(self.team.max(initial=-1) + 1)]  # of each team, in order of time

    def _meanwhile(self):
        """For each block, the blocks of other teams at the same time."""
        in_time = np.argsort(self.start, kind="stable")
        found = [[] for _ in in_time]
        for position, block in enumerate(in_time):
            for other in in_time[position + 1 :]:
                if self.start[other] >= self.end[block] - ROUNDING:
                    break
                found[block].append(other)
                found[other].append(block)
        return found

    def may_take(self, block, sites):
        """Whether an open block may be used for these sites, beside what is chosen."""
        if block in self.chosen or self.in_shift[self.shift[block]] >= self.limits.blocks_per_shift:
            return False
        if any(self.used[site] >= self.limits.blocks_per_site for site in sites):
            return False
        for other in self.meanwhile[block]:
            if other in self.chosen and not set(sites).isdisjoint(self.chosen[other].sites):
                return False
        before, after = self._beside(block)
        return (before is None or self._follows(before, self.chosen[before].sites, block, sites)) and (
            after is None or self._follows(block, sites, after, self.chosen[after].sites)
        )

    def may_leave(self, block):
        """Whether what is chosen stays lawful without this block."""
        before, after = self._beside(block)
        if before is None or after is None:
            return True
        return self._follows(before, self.chosen[before].sites, after, self.chosen[after].sites)

    def _beside(self, block):
        """The blocks that the team works before and after."""
        worked = self.worked[self.team[block]]
        at = bisect_left(worked, block)
        after = at + (at < len(worked) and worked[at] == block)
        return worked[at - 1] if at else None, worked[after] if after < len(worked) else None

    def _follows(self, first, sites, then, next_sites):
        same_shift = self.shift[first] == self.shift[then]
        if same_shift and not self.limits.same_site_in_a_row and not set(sites).isdisjoint(next_sites):
            return False
        hours = self.travel[sites[-1], next_sites[0]]
        return hours <= self.idle[then] - self.idle[first] + (then - first) * self.limits.travel_hours + ROUNDING

    def put(self, block, choice):
        self.chosen[block] = choice
        self.used[list(choice.sites)] += 1
        self.in_shift[self.shift[block]] += 1
        insort(self.worked[self.team[block]], block)

    def take_off(self, block):
        choice = self.chosen.pop(block)
        self.used[list(choice.sites)] -= 1
        self.in_shift[self.shift[block]] -= 1
        self.worked[self.team[block]].remove(block)
        return choice

    def table(self):
        """The plan, as `make_plan` describes it."""
        rows = self.blocks.iloc[list(self.chosen)]
        choices = list(self.chosen.values())
        return plan_table(
            rows.assign(
                places=[tuple(self.places[list(choice.sites)]) for choice in choices],
                delta=[choice.delta for choice in choices],
                random=[not math.isnan(choice.drawn_chance) for choice in choices],
                drawn_chance=[choice.drawn_chance for choice in choices],
                turn=[choice.turn for choice in choices],
            )
        )


def plan_table(rows):
    how = [how_of(places) for places in rows["places"]]
    return in_time(rows.assign(how=how))[_PLAN]


def in_time(plan):
    return plan.assign(start=start_hours(plan)).sort_values(["start", "team"], kind="stable")


def how_of(places):
    return "wait" if len(places) == 1 else "roam"
