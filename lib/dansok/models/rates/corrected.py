"""What happens at each place and hour, corrected for who looked where, when, and how closely."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse, stats
from scipy.sparse.csgraph import connected_components

from dansok.models.rates.clocks import spread_of_hours
from dansok.models.rates.counts import tail_of
from dansok.models.rates.factors import Terms, fit_factors
from dansok.models.rates.neighbours import kernels, shrink

RATED = ("known", "assumed")
ESTIMATES = ["rate", "low", "high", "shape"]


@dataclass(frozen=True)
class CorrectedRates:
    """Estimates of `corrected_rates`, and the recorded numbers beside them.

    Attributes
    ----------
    by_place : pd.DataFrame, one row a place
        `rate`, `low`, `high`: events per unit of exposure of the first channel, mean over the hours that are linked.
        Missing where `effort` is neither "known" nor "assumed". `shape`: of the gamma distribution about the rate.
        `looked`: somebody is known to have, by the exposure or a record. `effort`, one of:
        "known";
        "assumed": seen only by channels that nothing compares with others in its area, taken for average areas there,
        and the interval allows for how much areas differ;
        "unlinked": seen only by channels that share no place with the first channel, neither directly nor through
        others;
        "unknown": whether and how much anybody looked is not known;
        "never": never looked, which is no rate of 0.
        `predicted`: mean of the neighbourhood without the place's own records, an expectation and no observation.
        `records` of all channels, also where the effort is unknown, and `raw_share` of all records.
    by_hour : pd.DataFrame, one row an hour
        `linked`: a channel looked whose exposure by hour is known. `share`: events in the hour over the events in all
        linked hours, at the places with a rate, with `low` and `high`. In an hour that is not linked, the share assumes
        that habits of reporting go on from the hours around it, and has no interval; where nobody looked it is missing.
        `records`, `raw_share` of all records.
    factors : pd.DataFrame, one row a channel, or an area or hour of a channel
        `channel`, `by` ("channel", "area" or "hour"), `level` (area or hour), `factor`, `low`, `high`, `linked`. A
        channel's factor is what it records for a unit of its exposure over what the first channel does for a unit of
        its own; areas and hours are relative to the geometric mean of the linked ones. An area that is not linked is
        taken for average, with an interval as wide as areas differ. Missing for an hour or channel that is not linked.
    profiles : np.ndarray, shape (place types, hours)
        Rate in an hour over the mean rate of the linked hours; missing where nobody looked.
    place_types : np.ndarray of int, shape (places,)
        Row of `profiles` of each place.
    catch : np.ndarray, shape (places, hours, channels)
        Events that a place of rate 1 gives in an hour for a unit of each channel's exposure there: turns exposure of any
        part of the time into one unit. Missing for a channel that is not linked.
    bandwidth_m : float
        Of the neighbourhoods that predict left-out places best; infinite: the whole city does.
    likeness : float
        k: a place's neighbourhood counts as so many records of its own.
    """

    by_place: pd.DataFrame
    by_hour: pd.DataFrame
    factors: pd.DataFrame
    profiles: np.ndarray
    place_types: np.ndarray
    catch: np.ndarray
    bandwidth_m: float
    likeness: float

    @property
    def effort_known(self):
        """Whether there is any rate. If not, `by_place.records` is a ranking of records with the effort unknown."""
        return bool(self.by_place["rate"].notna().any())

    def by_place_hour(self):
        """Rate of each place in each hour: its rate times the course of the day at places of its type.

        Returns
        -------
        np.ndarray, shape (places, hours)
            Missing at places without a rate, and in hours in which nobody looked.
        """
        return self.by_place["rate"].to_numpy()[:, None] * self.profiles[self.place_types]

    def draws(self, number, seed=0):
        """Rates that places may have, drawn from what is known of each: for sums, ranks and whatever else needs them together.

        Returns
        -------
        np.ndarray, shape (number, places)
            Missing at places without a rate. Places are drawn one by one: errors that they share are not.
        """
        rate, shape = self.by_place["rate"].to_numpy(), self.by_place["shape"].to_numpy()
        drawn = np.full((number, len(rate)), np.nan)
        rated = np.isfinite(rate)
        random = np.random.default_rng(seed)
        drawn[:, rated] = random.standard_gamma(shape[rated], (number, rated.sum())) * (rate / shape)[rated]
        return drawn


def corrected_rates(
    counts,
    exposure,
    channels,
    *,
    coordinates=None,
    place_types=None,
    areas=None,
    unknown_by_area=(),
    unknown_by_hour=(),
    exposure_error=0.25,
    bandwidths_m=(150.0, 300.0, 600.0),
    confidence=0.90,
):
    """Rates of places and hours from what several channels recorded, each with its own exposure.

    Parameters
    ----------
    counts : array-like, shape (places, hours, channels)
        Records, by place, hour of the day (or of the week) and channel.
    exposure : array-like, same shape
        How much each channel looked, in a unit of its own: camera-hours, passes, hours. 0: nobody looked; missing: not
        known. A record where nobody is said to have looked makes the exposure unknown there. For citizens, give the
        same number everywhere, or reporting rates (`reporting.reporting_rates`).
    channels : sequence of str
        Names. Rates are per unit of exposure of the first: best one that looks at many places.
    coordinates : array-like, shape (places, 2), optional
        Metres. Without them a place's neighbourhood is the whole city.
    place_types, areas : array-like, shape (places,), optional
        Places of a type share their course of the day; areas are where `unknown_by_area` may differ.
    unknown_by_area, unknown_by_hour : sequence of str
        Channels whose exposure is right only up to a factor for each area, or for each hour, that is to be estimated.
    exposure_error : float or sequence of float, shape (channels,)
        Relative standard error of the exposure of a place, independent from channel to channel. Taken as given: it
        widens the intervals.
    bandwidths_m : sequence of float
        Standard deviations of neighbourhoods to choose from.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    CorrectedRates
        All estimates are missing if there is no record with a known exposure.

    Raises
    ------
    ValueError
        For shapes that do not fit, counts that are missing or below 0, exposure below 0, unknown or repeated channels,
        or a first channel that is itself unknown by area or hour.

    Notes
    -----
    Counts of place s, hour h and channel c are negative binomial around rate(s) profile(type of s, h) factor(c)
    exposure. Factors and profiles: `factors.fit_factors`. Places: empirical Bayes, (records + k) / (exposure + k /
    neighbourhood), with the neighbourhood's mean by a Gaussian kernel that leaves out the place itself, and k by
    moments (Marshall 1991, Applied Statistics 40; Clayton and Kaldor 1987, Biometrics 43). Intervals are those of the
    gamma posterior, with the variance that errors of exposure, of factors, and hours of a place's own add.

    A car left standing through a silence is recorded after it: give counts and exposure `without_first_minutes`.

    Examples
    --------
    A camera saw the first place, a patrol the first two (by the camera's measure, 1 an hour at the second, pulled a
    little towards the first); the third was never looked at.

    >>> counts, exposure = np.zeros((3, 1, 2)), np.zeros((3, 1, 2))
    >>> counts[0, 0], exposure[0, 0] = (200, 40), (100, 10)
    >>> counts[1, 0], exposure[1, 0] = (0, 40), (0, 20)
    >>> found = corrected_rates(counts, exposure, ["camera", "patrol"], exposure_error=0)
    >>> found.factors[["channel", "factor"]].round(2).values.tolist()
    [['camera', 1.0], ['patrol', 2.0]]
    >>> found.by_place[["rate", "effort"]].round(1).values.tolist()
    [[2.0, 'known'], [1.1, 'known'], [nan, 'never']]
    """
    counts, exposure, error = _checked(counts, exposure, channels, exposure_error)
    tail = tail_of(confidence)
    _, types = _numbered(place_types, len(counts), "place_types")
    area_names, areas = _numbered(areas, len(counts), "areas")
    by_area = _unknown(unknown_by_area, channels, "unknown_by_area")
    by_hour = _unknown(unknown_by_hour, channels, "unknown_by_hour")
    near = kernels(_positions(coordinates, len(counts)), bandwidths_m)

    links = _links(exposure > 0, areas, by_area, by_hour)
    seen, used = np.where(links.usable, counts, 0.0), np.where(links.usable, exposure, 0.0)
    effort = _effort(counts, exposure, links, areas)
    if not seen[:, :, links.channels].any():
        return _no_estimates(counts, effort, links, types)
    terms = Terms(counts.shape[1], types.max() + 1, len(area_names), len(channels), by_area, by_hour)
    factors = fit_factors(seen, used, types, areas, terms, error)
    catch, variance = _catch(used, factors, types, areas, links)
    expected = used * catch
    variance += error**2 + _own_hours(seen, expected)
    shrunk = shrink(*_over_channels(seen, expected, variance, links.channels), near, tail)
    by_place = _place_table(counts, effort, shrunk)
    z = stats.norm.ppf(1 - tail)
    return CorrectedRates(
        by_place,
        _hour_table(counts, by_place["rate"], factors, types, links, z),
        _factor_table(factors, list(channels), area_names, links, z),
        np.array([_profile(factors, kind, links) for kind in range(terms.types)]),
        types,
        np.where(links.channels, catch, np.nan),
        shrunk.bandwidth_m,
        shrunk.likeness,
    )


@dataclass(frozen=True)
class _Links:
    """What can be compared with the first channel: where two looked at one place, directly or through others."""

    usable: np.ndarray  # (places, hours, channels): somebody looked, and it is known how much
    channels: np.ndarray  # (channels,)
    areas: np.ndarray  # (areas, channels)
    hours: np.ndarray  # (hours,): a channel looked whose exposure by hour is known
    looked_hours: np.ndarray  # (hours,): any channel did


def _links(usable, areas, by_area, by_hour):
    channels, area_count = usable.shape[2], areas.max() + 1
    # A channel is one node, or one in each area if its factor may differ from area to area.
    node = np.tile(np.arange(channels), (area_count, 1))
    for channel in by_area:
        node[:, channel] = node.max() + 1 + np.arange(area_count)
    place, channel = np.nonzero(usable.any(axis=1))
    looks = sparse.csr_array((np.ones(len(place)), (place, node[areas[place], channel])), (len(areas), node.max() + 1))
    _, component = connected_components(looks.T @ looks, directed=False)
    linked = component[node] == component[0]
    looked = usable.any(axis=0)
    known_hours = [channel for channel in range(channels) if channel not in by_hour]
    return _Links(usable, linked.any(axis=0), linked, looked[:, known_hours].any(axis=1), looked.any(axis=1))


def _effort(counts, exposure, links, areas):
    """What is known of the effort at each place, in the words of `CorrectedRates`, and whether anybody looked."""
    looks = links.usable.any(axis=1)
    unknown = np.isnan(exposure) | ((counts > 0) & ~links.usable)
    effort = np.full(len(counts), "never", dtype=object)
    effort[unknown.any(axis=(1, 2))] = "unknown"
    effort[looks.any(axis=1)] = "unlinked"
    effort[(looks & links.channels).any(axis=1)] = "assumed"
    effort[(looks & links.areas[areas]).any(axis=1)] = "known"
    return pd.DataFrame({"looked": looks.any(axis=1) | counts.any(axis=(1, 2)), "effort": effort})


def _profile(factors, place_type, links):
    """Rate in an hour over the mean rate of the linked hours; missing where nobody looked."""
    log = factors.of("hour")
    if factors.terms.types > 1:
        log = log + factors.of("type").reshape(factors.terms.types, -1)[place_type]
    profile = np.where(links.looked_hours, np.exp(log), np.nan)
    return profile / profile[links.hours].mean()


def _profile_slopes(factors, place_type, links):
    """Derivatives of the logarithm of `_profile` by the terms: shape (hours, columns)."""
    hour = np.arange(factors.terms.hours)
    slopes = np.zeros((len(hour), factors.terms.count))
    slopes[hour, factors.terms.columns["hour"]] = 1
    if factors.terms.types > 1:
        slopes[hour, factors.terms.columns["type"].reshape(factors.terms.types, -1)[place_type]] = 1
    weight = _profile(factors, place_type, links)[links.hours]
    return slopes - weight / weight.sum() @ slopes[links.hours]


def _catch(used, factors, types, areas, links):
    """Events of a place of rate 1 (the mean of its linked hours) for a unit of exposure.

    Returns
    -------
    catch : np.ndarray, shape (places, hours, channels)
    variance : np.ndarray, shape (places, channels)
        Relative variance that the factors bring to the sum over hours of catch times exposure.
    """
    catch, variance = np.zeros_like(used), np.zeros((len(used), used.shape[2]))
    for place_type, area in np.unique(np.c_[types, areas], axis=0):
        rows = (types == place_type) & (areas == area)
        cells = factors.terms.design(place_type, area)
        scale = np.log(np.exp(cells[:, 0] @ factors.log)[links.hours].mean())
        slopes = cells - cells[:, :1] + _profile_slopes(factors, place_type, links)[:, None]
        catch[rows] = np.exp(cells @ factors.log - scale)
        by_hour = (used[rows] * catch[rows]).sum(axis=0)
        share = by_hour / np.maximum(by_hour.sum(axis=0), 1e-300)
        slope = np.einsum("hc,hck->ck", share, slopes)
        variance[rows] = np.einsum("ck,kl,cl->c", slope, factors.covariance, slope)
    return catch, variance


def _own_hours(seen, expected):
    """Relative variance of a sum over hours, as each place has an hour pattern of its own: shape (places, channels).

    By moments, from how hours of one place and channel differ from the profile beyond what the multinomial lets them.
    """
    total, exposed = seen.sum(axis=1, keepdims=True), expected.sum(axis=1, keepdims=True)
    share = np.divide(expected, exposed, out=np.zeros_like(expected), where=exposed > 0)
    return max(0.0, spread_of_hours(seen, total, share)) * (share**2).sum(axis=1)


def _over_channels(seen, expected, variance, linked):
    """Records, exposure and its relative variance of each place, over the channels that are linked."""
    exposed = expected.sum(axis=1)[:, linked]
    total = exposed.sum(axis=1)
    share = np.divide(exposed, total[:, None], out=np.zeros_like(exposed), where=total[:, None] > 0)
    return seen[:, :, linked].sum(axis=(1, 2)), total, (share**2 * variance[:, linked]).sum(axis=1)


def _place_table(counts, effort, shrunk):
    estimates = pd.DataFrame({name: getattr(shrunk, name) for name in ESTIMATES})
    estimates[~effort["effort"].isin(RATED)] = np.nan
    table = pd.concat([estimates, effort], axis=1).assign(predicted=shrunk.neighbourhood)
    return _with_raw(table, counts.sum(axis=(1, 2)))


def _with_raw(table, records):
    return table.assign(records=records, raw_share=records / records.sum() if records.sum() else np.nan)


def _hour_table(counts, rates, factors, types, links, z):
    """Events of each hour over those of the linked hours, at the places with a rate."""
    totals = rates.fillna(0.0).groupby(types).sum()
    events, slopes = np.zeros(len(links.hours)), np.zeros((len(links.hours), factors.terms.count))
    for place_type, total in totals.items():
        profile = total * _profile(factors, place_type, links)
        events += profile
        slopes += profile[:, None] * _profile_slopes(factors, place_type, links)
    whole = events[links.hours].sum()
    share = events / whole
    slopes = (slopes - share[:, None] * slopes[links.hours].sum(axis=0)) / whole
    # Outside the linked hours nothing measures how far habits differ.
    variance = np.where(links.hours, np.einsum("hk,kl,hl->h", slopes, factors.covariance, slopes), np.nan)
    half = z * np.sqrt(variance) / share
    table = pd.DataFrame(
        {"share": share, "low": share * np.exp(-half), "high": share * np.exp(half), "linked": links.hours}
    )
    return _with_raw(table.rename_axis("hour"), counts.sum(axis=(0, 2)))


def _factor_table(factors, channels, area_names, links, z):
    terms, rows, contrasts = factors.terms, [], []
    unit = np.eye(terms.count)
    for number, channel in enumerate(channels):
        contrast = unit[terms.columns["channel"][number - 1]] if number else np.zeros(terms.count)
        for block, levels, linked in (
            (("area", number), area_names, links.areas[:, number]),
            (("by_hour", number), np.arange(terms.hours), links.hours & links.usable[:, :, number].any(axis=0)),
        ):
            if block in terms.columns and linked.any():
                own = unit[terms.columns[block]]
                middle = own[linked].mean(axis=0)
                contrast = contrast + middle
                kind = "area" if block[0] == "area" else "hour"
                rows += [(channel, kind, level, link) for level, link in zip(levels, linked, strict=True)]
                contrasts += list(own - middle)
        rows.append((channel, "channel", None, links.channels[number]))
        contrasts.append(contrast)
    contrasts = np.array(contrasts)
    half = z * np.sqrt(np.einsum("rk,kl,rl->r", contrasts, factors.covariance, contrasts))
    table = pd.DataFrame(rows, columns=["channel", "by", "level", "linked"])
    values = pd.DataFrame({"factor": 0.0, "low": -half, "high": half}).add(contrasts @ factors.log, axis=0).map(np.exp)
    told = table["channel"].map(dict(zip(channels, links.channels, strict=True)))
    table[["factor", "low", "high"]] = values.where(told & (table["linked"] | (table["by"] != "hour")))
    return table[["channel", "by", "level", "factor", "low", "high", "linked"]]


def _no_estimates(counts, effort, links, types):
    missing = pd.DataFrame(np.nan, effort.index, ESTIMATES)
    by_place = _with_raw(pd.concat([missing, effort], axis=1).assign(predicted=np.nan), counts.sum(axis=(1, 2)))
    missing = pd.DataFrame(np.nan, pd.RangeIndex(counts.shape[1], name="hour"), ["share", "low", "high"])
    by_hour = _with_raw(missing.assign(linked=links.hours), counts.sum(axis=(0, 2)))
    factors = pd.DataFrame(columns=["channel", "by", "level", "factor", "low", "high", "linked"])
    profiles = np.full((types.max() + 1, counts.shape[1]), np.nan)
    catch = np.full((len(counts), counts.shape[1], len(links.channels)), np.nan)
    return CorrectedRates(by_place, by_hour, factors, profiles, types, catch, np.nan, np.nan)


def _checked(counts, exposure, channels, exposure_error):
    counts, exposure = np.asarray(counts, float), np.asarray(exposure, float)
    if counts.ndim != 3 or counts.shape != exposure.shape or counts.shape[2] != len(channels) or not counts.size:
        raise ValueError(
            f"counts and exposure must have the shape (places, hours, channels) with {len(channels)} channels, "
            f"got {counts.shape} and {exposure.shape}"
        )
    if len(set(channels)) < len(channels):
        raise ValueError(f"channels are named twice: {list(channels)}")
    if not (counts >= 0).all() or np.isinf(counts).any():
        raise ValueError("counts must be numbers of 0 or more; a missing count is no count of 0")
    if (exposure < 0).any() or np.isinf(exposure).any():
        raise ValueError(f"exposure must be 0 or more and finite, got {exposure.min()} to {exposure.max()}")
    error = np.broadcast_to(np.asarray(exposure_error, float), (len(channels),))
    if not (error >= 0).all():
        raise ValueError(f"exposure_error must be 0 or more, got {exposure_error}")
    return counts, exposure, error


def _numbered(labels, places, name):
    """Distinct labels, and the number of each place's; one for all where none are given."""
    labels = np.zeros(places, int) if labels is None else np.asarray(labels)
    if labels.shape != (places,) or pd.isna(labels).any():
        raise ValueError(
            f"{name} must hold one label for each of the {places} places, got shape {labels.shape} or gaps"
        )
    return np.unique(labels, return_inverse=True)


def _unknown(names, channels, argument):
    channels = list(channels)
    for name in names:
        if name not in channels[1:]:
            raise ValueError(f"{argument} may name channels after the first, {channels[1:]}, got {name!r}")
    return tuple(sorted({channels.index(name) for name in names}))


def _positions(coordinates, places):
    if coordinates is None:
        return None
    coordinates = np.asarray(coordinates, float)
    if coordinates.shape != (places, 2) or not np.isfinite(coordinates).all():
        raise ValueError(f"coordinates must hold x and y of {places} places, got shape {coordinates.shape} or gaps")
    return coordinates
