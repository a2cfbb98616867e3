"""The guard against loops that are planted, and against healthy ones."""

import numpy as np
import pandas as pd
import pytest
from dansok.models import guard, rates
from scipy.ndimage import gaussian_filter

SIDE, MONTHS = 40, 24
PLACES = SIDE**2
CARS = 0.35 * PLACES  # patrol visits a month
JUDGING = range(100, 140)  # 0 to 19 served to try things out


def by_tickets(tickets, looked):
    """Patrols go where tickets came from: the runaway loop."""
    return tickets + 0.1


def by_tickets_of_last_month(tickets, looked):
    return by_tickets(np.diff(tickets, axis=1, prepend=0)[:, -1:], looked)


def by_rate(tickets, looked):
    """In proportion to tickets per look, pulled to the mean."""
    total, seen = tickets[:, -1:], looked[:, -1:]
    return (total + 2) / (seen + 2 * seen.sum() / total.sum())


def best_use(tickets, looked):
    """As many tickets as the cars can get, for falling returns of a second look; a tenth everywhere alike."""
    rate = by_rate(tickets, looked)
    low, high = 1e-9, rate.max()
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if np.log(rate / middle).clip(0).sum() > CARS else (low, middle)
    visits = np.log(rate / high).clip(0)
    return 0.9 * visits / visits.sum() + 0.1 / PLACES


def drive(plan, seed, *, visits_drawn=False):
    """Two years of patrols that are planned month by month.

    Returns
    -------
    truth : np.ndarray, shape (places,)
    effort : np.ndarray, shape (places, 12)
        As logged in the second year, with errors of a quarter.
    place_rates : pd.DataFrame
    """
    chance = np.random.default_rng(seed)
    wave = gaussian_filter(chance.normal(size=(SIDE, SIDE)), 2).ravel()
    truth = 8 * np.exp(-1 + 1.1 * wave / wave.std() + 0.7 * chance.normal(size=PLACES))
    effort = np.exp(0.8 * chance.normal(size=PLACES))
    tickets, looked, logged = np.zeros((PLACES, 1)), np.zeros((PLACES, 1)), []
    for _ in range(MONTHS):
        effort = effort.ravel() * CARS / effort.sum()
        visits = chance.poisson(effort) if visits_drawn else effort
        seen = 1 - np.exp(-visits)
        tickets = np.c_[tickets, tickets[:, -1] + chance.poisson(truth * seen)]
        looked = np.c_[looked, looked[:, -1] + seen]
        logged.append(visits * np.exp(0.25 * chance.normal(size=PLACES)))
        effort = plan(tickets if plan is by_tickets_of_last_month else tickets[:, -1:], looked)
    row, column = np.divmod(np.arange(PLACES), SIDE)
    known = looked[:, -1] * np.exp(0.1 * chance.normal(size=PLACES))
    found = rates.corrected_rates(
        tickets[:, -1][:, None, None],
        known[:, None, None],
        ["car"],
        coordinates=100.0 * np.c_[column, row],
        exposure_error=0.1,
    )
    return truth, np.array(logged[MONTHS // 2 :]).T, found.by_place


def judge(plan, seeds=JUDGING, **choices):
    found = []
    for seed in seeds:
        truth, effort, place_rates = drive(plan, seed, **choices)
        reading = guard.effort_concentration(effort, place_rates)
        top = np.argsort(-effort[:, ::2].sum(axis=1))[: reading.places]
        found.append(
            (reading.effort_share, reading.rate_share, truth[top].sum() / truth.sum(), reading.gap, reading.low)
        )
        found[-1] += (reading.runaway,)
    table = pd.DataFrame(found, columns=["effort", "rate", "truth", "gap", "low", "runaway"]).astype(float)
    print(f"\n{plan.__name__} {choices}\n{table.agg(['mean', 'min', 'max']).round(3).to_string()}")
    return table


@pytest.mark.parametrize("plan", [by_tickets, by_tickets_of_last_month])
def test_fires_where_patrols_run_after_their_own_tickets(plan):
    table = judge(plan)
    assert table.effort.mean() > 0.8 and table.truth.mean() < 0.55, "no runaway loop was planted"
    assert table.runaway.all()
    assert abs(table.rate.mean() - table.truth.mean()) < 0.05


@pytest.mark.parametrize(
    "plan, choices", [(best_use, {}), (by_rate, {}), (by_rate, {"visits_drawn": True})], ids=["best", "rate", "drawn"]
)
def test_stays_quiet_where_patrols_go_by_corrected_rates(plan, choices):
    table = judge(plan, **choices)
    assert not table.runaway.any()
    assert abs(table.rate.mean() - table.truth.mean()) < 0.05


def _place_rates(rate, error=0.1):
    rate = pd.Series(np.asarray(rate, float))
    return pd.DataFrame({"rate": rate, "low": rate * (1 - error), "high": rate * (1 + error)})


def test_visits_that_fall_somewhere_by_chance_are_no_concentration():
    """Every place alike and some 0.2 visits a month: the tenth with most of them had twice its share, by luck alone."""
    luck, gaps, fired = [], [], 0
    for seed in JUDGING:
        effort = np.random.default_rng(seed).poisson(0.2, (PLACES, 12))
        reading = guard.effort_concentration(effort, _place_rates(np.ones(PLACES)))
        luck.append(np.sort(effort.sum(axis=1))[-PLACES // 10 :].sum() / effort.sum())
        gaps.append(reading.gap)
        fired += reading.runaway
    print(
        f"share by luck {np.mean(luck):.3f}, gap found {np.mean(gaps):.3f} ({np.min(gaps):.3f} to {np.max(gaps):.3f})"
    )
    assert np.mean(luck) > 0.2
    assert abs(np.mean(gaps)) < 0.01
    assert fired == 0


def test_rates_that_are_hardly_known_do_not_let_it_fire():
    effort = np.outer([30] + [1] * 9, np.ones(6))
    rate = [10] + [1] * 9
    assert guard.effort_concentration(effort, _place_rates(rate, 0.05)).runaway
    vague = guard.effort_concentration(effort, _place_rates(rate, 3.0))
    assert vague.gap > 0.05 and not vague.runaway


def test_a_share_that_jumps_from_month_to_month_does_not_let_it_fire():
    steady, wild = (np.outer([4] + [1] * 9, np.ones(8)) for _ in range(2))
    wild[0, 1::2] = [0, 16, 0, 0]
    readings = [guard.effort_concentration(effort, _place_rates([2] + [1] * 9, 0.01)) for effort in (steady, wild)]
    assert readings[0].effort_share == pytest.approx(readings[1].effort_share, abs=0.01)
    assert [reading.runaway for reading in readings] == [True, False]


def test_places_without_a_rate_and_months_without_patrols_are_left_out():
    effort = np.outer([50, 30] + [1] * 10, [1.0, 1, 1, 1, 1, 0])
    place_rates = _place_rates([np.nan, 20] + [1] * 10)
    reading = guard.effort_concentration(effort, place_rates)
    assert reading.places == 1
    assert reading.effort_share == pytest.approx(30 / 40)
    assert reading.rate_share == pytest.approx(20 / 30)


@pytest.mark.parametrize(
    "effort, exploring, share, too_little",
    [
        ([9, 1], [False, True], 0.1, False),
        ([91, 9], [False, True], 0.09, True),
        ([1, 1], [False, False], 0.0, True),
        ([[1, 2], [3, 4]], [[True, False], [False, True]], 0.5, False),
        ([0, 0], [True, False], np.nan, True),
    ],
)
def test_exploration(effort, exploring, share, too_little):
    found = guard.exploration_share(effort, exploring)
    assert found.share == pytest.approx(share, nan_ok=True)
    assert found.too_little is too_little


TEN = _place_rates(np.ones(10))


@pytest.mark.parametrize(
    "call",
    [
        lambda: guard.effort_concentration(np.ones((9, 4)), TEN),
        lambda: guard.effort_concentration(np.ones((10, 3)), TEN),
        lambda: guard.effort_concentration(np.ones(10), TEN),
        lambda: guard.effort_concentration(np.full((10, 4), -1.0), TEN),
        lambda: guard.effort_concentration(np.full((10, 4), np.nan), TEN),
        lambda: guard.effort_concentration(np.zeros((10, 4)), TEN),
        lambda: guard.effort_concentration(np.ones((10, 4)), TEN, confidence=90),
        lambda: guard.effort_concentration(np.ones((9, 4)), TEN[:9]),
        lambda: guard.exploration_share([1, 2], [True]),
        lambda: guard.exploration_share([-1], [True]),
    ],
)
def test_impossible_input_is_refused(call):
    with pytest.raises(ValueError):
        call()
