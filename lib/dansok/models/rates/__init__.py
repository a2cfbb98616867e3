"""Counts turned into rates.

`counts`: a rate per unit watched, and how two periods compare, with intervals. `corrected`: what happens at each place
and hour, when several channels looked there unevenly. `silence`: cars left standing while nobody looked, recorded
afterwards.
"""

from dansok.models.rates.corrected import CorrectedRates, corrected_rates
from dansok.models.rates.counts import count_interval, dispersion, rate_per_exposure, rate_ratio, ratio_over_periods
from dansok.models.rates.silence import bursts_after_silence, without_first_minutes

__all__ = [
    "CorrectedRates",
    "bursts_after_silence",
    "corrected_rates",
    "count_interval",
    "dispersion",
    "rate_per_exposure",
    "rate_ratio",
    "ratio_over_periods",
    "without_first_minutes",
]
