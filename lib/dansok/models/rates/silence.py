"""Cars left standing while a channel was silent, and recorded in a burst when it looks again.

The first minutes after a silence hold what began during it, so they tell nothing of the rate then. They are best left
out on both sides: their records of the counts, and their minutes of the exposure.
"""

import numpy as np
import pandas as pd

DAY_MINUTES = 24 * 60
STEP = 5  # minutes, over which records are looked at together
LATEST_START = 30  # minutes after the return within which a burst begins
CALM = slice(60, 120)  # minutes after the return that show the ordinary level
ABOVE = 1.25  # of the ordinary level: the course of the day alone moves less within an hour or two
DEVIATIONS = 3


def bursts_after_silence(records, watched, *, silence_minutes=30):
    """How long, and by how much, records run high when a channel looks again after a silence.

    Parameters
    ----------
    records : array-like of int, shape (1440,)
        Records of a channel by minute of the day, all days together.
    watched : array-like of bool, shape (1440,)
        Whether it looked in that minute.
    silence_minutes : int
        A shorter break is no silence.

    Returns
    -------
    pd.DataFrame, one row a return from silence, in order
        `minute` of the day of the return; `burst_minutes` until records are back at their ordinary level, a multiple of
        5 (0: no burst); `excess`: records in them above that level. Both are missing where the channel falls silent
        again within two hours: there is no ordinary level to compare with.

    Notes
    -----
    The ordinary level is that of the second hour after the return. The burst ends with the first five minutes after its
    peak that are not above it by both a quarter and three standard deviations of a Poisson count.

    Examples
    --------
    >>> watched = np.zeros(1440, bool)
    >>> watched[14 * 60 : 20 * 60] = True
    >>> records = np.where(watched, 10, 0)
    >>> records[14 * 60 : 14 * 60 + 15] = 40
    >>> bursts_after_silence(records, watched).values.tolist()
    [[840.0, 15.0, 450.0]]
    """
    records, watched = np.asarray(records, float), np.asarray(watched, bool)
    for name, values in (("records", records), ("watched", watched)):
        if values.shape != (DAY_MINUTES,):
            raise ValueError(f"{name} must hold the {DAY_MINUTES} minutes of a day, got shape {values.shape}")
    starts = np.flatnonzero(_returns(watched, silence_minutes))
    rows = [(start, *_burst(records, watched, start)) for start in starts]
    return pd.DataFrame(rows, columns=["minute", "burst_minutes", "excess"])


def without_first_minutes(watched, minutes, *, silence_minutes=30):
    """The minutes watched, less the first ones after each silence.

    Use what is left for both sides of a rate: count only the records of these minutes, and only these minutes as
    exposure.

    Parameters
    ----------
    watched : array-like of bool, shape (..., 1440)
        Whether a channel looked, by minute of the day; one row a timetable, camera or day. Midnight ends no watch: the
        day is taken to follow another like it.
    minutes : int
        How many to leave out, `burst_minutes` of `bursts_after_silence` or more; 0 or more.
    silence_minutes : int
        A shorter break is no silence.

    Returns
    -------
    np.ndarray of bool, same shape

    Examples
    --------
    >>> watched = np.zeros(1440, bool)
    >>> watched[7 * 60 : 12 * 60] = watched[14 * 60 : 20 * 60] = True
    >>> settled = without_first_minutes(watched, 20)
    >>> settled.reshape(24, 60).sum(axis=1)[[7, 8, 14, 15]].tolist()
    [40, 60, 40, 60]
    """
    if minutes < 0:
        raise ValueError(f"minutes must not be below 0, got {minutes}")
    watched = np.asarray(watched, bool)
    if watched.shape[-1:] != (DAY_MINUTES,):
        raise ValueError(f"watched must end with the {DAY_MINUTES} minutes of a day, got shape {watched.shape}")
    returns = _returns(watched, silence_minutes)
    first = [np.roll(returns, after, axis=-1) for after in range(minutes)]
    return watched & ~np.any(first, axis=0) if minutes else watched.copy()


def _returns(watched, silence_minutes):
    """Where a minute watched follows `silence_minutes` or more that were not; midnight is no border."""
    if silence_minutes < 1:
        raise ValueError(f"silence_minutes must be at least 1, got {silence_minutes}")
    before = [np.roll(watched, back, axis=-1) for back in range(1, silence_minutes + 1)]
    return watched & ~np.any(before, axis=0)


def _burst(records, watched, start):
    at = (start + np.arange(CALM.stop)) % DAY_MINUTES
    if not watched[at].all():
        return np.nan, np.nan
    level = records[at][CALM].mean() * STEP
    steps = records[at][: CALM.start].reshape(-1, STEP).sum(axis=1)
    high = steps > max(ABOVE * level, level + DEVIATIONS * np.sqrt(level))
    peak = steps[: LATEST_START // STEP].argmax()
    if not high[peak]:
        return 0, 0.0
    calm = np.flatnonzero(~high[peak:])
    end = peak + calm[0] if len(calm) else len(steps)
    return int(end * STEP), float(steps[:end].sum() - end * level)
