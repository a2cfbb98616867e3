"""How large the sample city is, and what happens in it."""

from dataclasses import dataclass, field

import pandas as pd

from dansok.words import Refusal


@dataclass(frozen=True)
class Size:
    """How much of a city is written; the city itself is of one kind in all sizes."""

    name: str
    first_day: pd.Timestamp
    last_day: pd.Timestamp
    segments: int  # street segments, the places of the city
    vehicles: int  # registered in the city
    violations_per_day: float
    cameras: int  # fixed cameras by the last day
    cars: int  # patrol cars with a camera
    teams: int  # of officers on foot
    crews: int  # arrears squads with a plate reader
    lots: int
    parcels: int
    first_read_day: pd.Timestamp  # plate reads are kept from this day on
    reading: float  # share of the plates about that are read, against that of a city

    @property
    def days(self):
        return pd.date_range(self.first_day, self.last_day)

    @property
    def months(self):
        """First day of each month."""
        return pd.date_range(self.first_day, self.last_day, freq="MS")


SIZES = {
    size.name: size
    for size in (
        Size("small", pd.Timestamp("2023-07-01"), pd.Timestamp("2025-06-30"), 1_200, 45_000, 1_500.0,
             60, 2, 2, 1, 24, 300, pd.Timestamp("2024-07-01"), 0.4),
        Size("city", pd.Timestamp("2023-01-01"), pd.Timestamp("2025-12-31"), 3_000, 200_000, 6_000.0,
             90, 3, 2, 2, 60, 500, pd.Timestamp("2025-01-01"), 1.0),
        Size("province", pd.Timestamp("2023-01-01"), pd.Timestamp("2025-12-31"), 4_900, 1_000_000, 9_000.0,
             260, 8, 4, 8, 160, 800, pd.Timestamp("2023-01-01"), 1.0),
    )
}  # fmt: skip

# What may happen, each with its planted size. λ is the true rate of violations.
HAPPENINGS = {
    "new_cameras": "cameras installed after the first day: λ -50% within 100 m, +15% from 100 to 250 m, from that day on",
    "app_outage": "the reporting app fails for two weeks: 2% of reports go on; λ as ever",
    "retargeted_patrol": "patrols move to hot places of half of the 읍면동: λ there -15%",
    "displacement": "with retargeted_patrol: 30% of what goes moves to untreated places within 250 m, if there are any",
    "fade_out": "with retargeted_patrol: the effect halves every six months",
    "no_effect": "with retargeted_patrol: patrols move, λ stays",
    "stakeout_plan": "arrears squads wait by plan instead of roaming: 8.4% more recovered per crew-hour",
    "new_lot": "a public lot opens near the fullest street without one: λ -30% within 200 m",
    "app_launch": "a new reporting app: reports 1.6 times as many from one day on; λ as ever",
    "boundary_change": "from one day on records name the 읍면동 of after 2017-12-18; λ as ever",
    "campaign_month": "patrol cars and officers are out twice as long in one month; λ as ever",
    "boundaries_2018": "the 읍면동 are those of after 2017-12-18 from the first day on",
}
USUAL = frozenset({"new_cameras", "app_outage"})
NEEDS_PATROL = ("displacement", "fade_out", "no_effect")
CONTRADICTORY = (("boundary_change", "boundaries_2018"), ("no_effect", "displacement"), ("no_effect", "fade_out"))


@dataclass(frozen=True)
class Options:
    """What to write: a seed, a size, and what happens (names of `HAPPENINGS`)."""

    seed: int
    size: Size = field(default=SIZES["city"])
    happenings: frozenset = USUAL

    def __post_init__(self):
        for name in sorted(self.happenings):
            if name not in HAPPENINGS:
                raise Refusal(
                    f"'{name}': 모르는 사건입니다. 쓸 수 있는 이름: {', '.join(HAPPENINGS)}.",
                    f"'{name}' is no happening. Names: {', '.join(HAPPENINGS)}.",
                )
        for name in NEEDS_PATROL:
            if name in self.happenings and "retargeted_patrol" not in self.happenings:
                raise Refusal(
                    f"'{name}'에는 'retargeted_patrol'도 필요합니다. 함께 적으세요.",
                    f"'{name}' needs 'retargeted_patrol' too. Name both.",
                )
        for one, other in CONTRADICTORY:
            if {one, other} <= self.happenings:
                raise Refusal(
                    f"'{one}', '{other}': 함께 쓸 수 없습니다. 하나만 남기세요.",
                    f"'{one}' and '{other}' exclude each other. Keep one.",
                )

    def happens(self, name):
        return name in self.happenings
