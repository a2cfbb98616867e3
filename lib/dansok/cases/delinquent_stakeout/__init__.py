"""Which crew waits or roams where on which night of the next month, so that most is recovered."""

from dataclasses import dataclass

import pandas as pd

from dansok import choices as chosen
from dansok.cases.delinquent_stakeout import duty
from dansok.cases.delinquent_stakeout.inputs import Inputs, load
from dansok.link.registers import refuse_bad_registers
from dansok.models import stakeout
from dansok.words import Refusal

FEWEST = 5
@dataclass(frozen=True)
class Choices(chosen.Choices):
    register_days_at_most: int
    teams: int
    nights: int
    shift_starts: int
    shift_hours: int
    blocks_per_night: int
    sites_per_block: int
    visits_per_site: int
    area_blocks: int
    random_share: float
    crew_kmh: float
    hours_to_meet: float
    pays_anyway: float
    cards: int
    smallest_count: int

    @property
    def as_of(self):
        return pd.Period(self.last_month, "M").end_time.normalize()

    @property
    def limits(self):
        """What binds the plan."""
        return stakeout.Limits(
            mean_hours=self.hours_to_meet,
            blocks_per_shift=self.blocks_per_night,
            blocks_per_site=self.visits_per_site,
            district_minimum=self.area_blocks,
            random_share=self.random_share,
            roam_sites=self.sites_per_block,
        )

    def blocks_of(self, month):
        return duty.blocks_of(
            month, self.teams, self.nights, self.shift_starts, self.shift_hours, self.blocks_per_night
        )
