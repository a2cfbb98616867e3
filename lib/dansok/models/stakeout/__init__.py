"""Which crew waits or roams where and when, so that the vehicles it meets are worth most, each counted once.

A block is a team on duty from an hour on, at one site (waiting) or at a few near ones in turn (roaming). A crew that
spends t hours at a site meets a share `delta = 1 - exp(-t / mean_hours)` of the vehicles that stand there or come. A
plan is worth

    sum over v of value_v (1 - product over its blocks of (1 - delta * chance that v is there))

so that a vehicle promised once is not promised again. The sum is submodular: greedy choice with lazy evaluation (Minoux
1978, Optimization Techniques, LNCIS 7) reaches at least 1 - 1/e of the best plan under a budget alone (Nemhauser,
Wolsey and Fisher 1978, Mathematical Programming 14), and replacing one block at a time takes it further.

Where: `roster` and `encounters` say what is given, `planning` makes the plan (on a `board`, at a `desk`), `rivals` what it is held
against, `promises` what it should yield, `replays` what it would have met, `outcomes` what crews found.
"""

from dansok.models.stakeout.encounters import Encounters, encounters_of
from dansok.models.stakeout.outcomes import apply_factors, outcome_factors
from dansok.models.stakeout.planning import make_plan, next_block
from dansok.models.stakeout.promises import expected_by_block, first_meetings, gain_curve, promise
from dansok.models.stakeout.replays import replay
from dansok.models.stakeout.rivals import rival_plans
from dansok.models.stakeout.roster import Limits, Roster, share_met, travel_between

__all__ = [
    "Encounters",
    "Limits",
    "Roster",
    "apply_factors",
    "encounters_of",
    "expected_by_block",
    "first_meetings",
    "gain_curve",
    "make_plan",
    "next_block",
    "outcome_factors",
    "promise",
    "replay",
    "rival_plans",
    "share_met",
    "travel_between",
]
