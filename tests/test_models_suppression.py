"""What a reader can work out from published tables, by linear programming and by trying every table there could be."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from dansok.models.suppression import suppress
from scipy import optimize, sparse


def random_table(seed):
    """Up to 5 x 5 counts, many of them small or 0, and for every third table groups of rows."""
    chance = np.random.default_rng(seed)
    shape = chance.integers(1, 6, 2)
    level = chance.choice([0.7, 3.0, 10.0, 40.0])
    counts = chance.poisson(chance.gamma(0.7, level / 0.7, shape))
    index = [f"row{number}" for number in range(shape[0])]
    table = pd.DataFrame(counts, index, [f"column{number}" for number in range(shape[1])])
    groups = pd.Series(chance.choice(["A", "B"], shape[0]), index) if seed % 3 == 0 else None
    return table, groups


def parts_of(table, groups):
    """For each number of a published table in order: which of the counts inside it sums."""
    rows = [{name} for name in table.index]
    if groups is not None:
        rows += [set(groups.index[groups == unit]) for unit in groups.unique()]
    columns = [{name} for name in table.columns]
    rows, columns = rows + [set(table.index)], columns + ([set(table.columns)] if len(columns) > 1 else [])
    inside = list(product(table.index, table.columns))
    return np.array([[row in r and column in c for row, column in inside] for r, c in product(rows, columns)], float)


def limits(table, groups, mask):
    """Least and greatest value of each number left out, for a reader who knows that none of those is 0.

    The unknowns are the counts inside; every number of the table, published or not, is a sum of some of them. One
    linear program finds all limits at once: a copy of the unknowns for each.
    """
    parts, mask = parts_of(table, groups), mask.to_numpy().ravel()
    published = parts @ table.to_numpy().ravel()
    copies = 2 * mask.sum()
    objective = np.vstack([parts[mask], -parts[mask]])
    found = optimize.linprog(
        objective.ravel(),
        A_eq=sparse.kron(sparse.eye_array(copies), parts[~mask]),
        b_eq=np.tile(published[~mask], copies),
        A_ub=sparse.kron(sparse.eye_array(copies), -parts[mask]),
        b_ub=np.tile(-np.ones(mask.sum()), copies),
        bounds=(0, 10_000),
    )
    assert found.success, found.message
    values = (objective * found.x.reshape(copies, -1)).sum(axis=1)
    return values[: mask.sum()], -values[mask.sum() :]


def given_away(table, groups, mask, primary):
    """How many small numbers are held to less than small ones range over, and how many left out are known exactly.

    Small ones range from 1 to 4; a sum of several counts that are not 0 from as many, and to one more at least.
    """
    if not mask.to_numpy().any():
        return 0, 0
    low, high = limits(table, groups, mask)
    left_out = mask.to_numpy().ravel()
    small = primary.to_numpy().ravel()[left_out]
    least = (parts_of(table, groups) @ (table.to_numpy().ravel() > 0))[left_out]
    narrow = small & ((low > least + 1e-6) | (high < np.maximum(4, least + 1) - 1e-6))
    return narrow.sum(), (high - low < 1 - 1e-6).sum()


@pytest.mark.parametrize("first", range(0, 2000, 500))
def test_no_number_left_out_of_any_random_table_can_be_worked_out(first):
    left_out, small = 0, 0
    for seed in range(first, first + 500):
        table, groups = random_table(seed)
        found = suppress(table, groups=groups)
        assert given_away(table, groups, found.mask, found.primary) == (0, 0), (seed, table, found.table)
        left_out, small = left_out + found.mask.to_numpy().sum(), small + found.primary.to_numpy().sum()
    print(f"500 tables: {small} small numbers, {left_out} left out")
    assert small > 1000


def test_leaving_out_the_small_alone_gives_them_away():
    exposed = []
    for seed in range(100):
        table, groups = random_table(seed)
        primary = suppress(table, groups=groups).primary
        if primary.to_numpy().any():
            exposed.append(sum(given_away(table, groups, primary, primary)) > 0)
    assert np.mean(exposed) > 0.5


def test_every_number_from_one_to_four_is_possible_in_some_whole_table():
    """Two rows and two or three columns: all tables of whole numbers that agree with what is published."""
    tried = 0
    for seed in range(400):
        chance = np.random.default_rng(seed)
        table = pd.DataFrame(chance.choice([0, 1, 2, 3, 4, 5, 6, 7, 9], (2, chance.integers(2, 4))))
        found = suppress(table)
        inside = found.mask.to_numpy()[:2, :-1]
        if not 0 < inside.sum() <= 4:
            continue
        tried += 1
        values = np.array(list(product(range(1, 14), repeat=inside.sum())))
        whole = np.repeat(table.to_numpy()[None], len(values), axis=0)
        whole[:, inside] = values
        whole = np.concatenate([whole, whole.sum(axis=2, keepdims=True)], axis=2)
        whole = np.concatenate([whole, whole.sum(axis=1, keepdims=True)], axis=1)
        published = ~found.mask.to_numpy()
        agrees = (whole[:, published] == found.table.to_numpy()[published]).all(axis=1)
        small = found.primary.to_numpy()[:2, :-1][inside]
        for number, is_small in enumerate(small):
            possible = set(values[agrees, number])
            assert {1, 2, 3, 4} <= possible if is_small else len(possible) > 1, (table, found.table)
    print(f"{tried} tables")
    assert tried > 100


@pytest.mark.parametrize("seed", range(0, 60))
def test_what_is_published_is_true_and_nothing_small_is(seed):
    table, groups = random_table(seed)
    found = suppress(table, groups=groups)
    truth = (parts_of(table, groups) @ table.to_numpy().ravel()).reshape(found.table.shape)
    published = ~found.mask.to_numpy()
    assert (found.table.to_numpy()[published] == truth[published]).all()
    assert found.table.isna().to_numpy().tolist() == found.mask.to_numpy().tolist()
    assert not ((truth > 0) & (truth < 5) & published).any()
    assert (published | (truth > 0)).all(), "a zero stays"
    assert (found.primary.to_numpy() == ((truth > 0) & (truth < 5))).all()


@pytest.mark.parametrize(
    "counts, missing",
    [
        ([[10, 20], [30, 40]], []),  # nothing is small
        ([[0, 20], [30, 0]], []),  # nor are zeros
        ([[3, 20], [30, 40]], ["a x", "a y", "b x", "b y"]),  # one small number takes a rectangle
        ([[3, 9, 50], [8, 7, 50], [60, 60, 60]], ["a x", "a y", "b x", "b y"]),  # and takes the cheapest
        ([[3, 0], [0, 40]], ["a x", "a total", "total x", "total total"]),  # alone in row and column: their totals go
        ([[1, 1], [1, 0]], ["a x", "a y", "b x", "a total", "b total", "total x", "total y", "total total"]),
    ],
)
def test_which_numbers_are_left_out(counts, missing):
    size = len(counts)
    found = suppress(pd.DataFrame(counts, list("abc")[:size], list("xyz")[:size]))
    mask = found.mask.stack()
    assert {f"{row} {column}" for row, column in mask[mask].index} == set(missing)


def test_a_single_column_has_no_row_totals_and_needs_a_second_number():
    found = suppress(pd.Series([2, 30, 9], index=["가온동", "나래동", "다솜동"], name="records"), total="합계")
    assert found.table.index.tolist() == ["가온동", "나래동", "다솜동", "합계"]
    assert found.table["records"].isna().tolist() == [True, False, True, False]
    assert found.table.loc["합계", "records"] == 41


def test_subtotals_of_groups_give_nothing_away():
    counts = pd.Series([2, 30, 9, 8], index=["가온동", "나래동", "다솜동", "라온동"])
    groups = pd.Series(["동부", "서부", "동부", "서부"], index=counts.index)
    found = suppress(counts, groups=groups)
    assert found.table.index.tolist() == [*counts.index, "동부", "서부", "total"]
    assert found.mask[0].tolist() == [True, False, True, False, False, False, False]


def test_another_threshold():
    counts = pd.DataFrame({"x": [8, 50, 60], "y": [50, 70, 80]})
    assert not suppress(counts).mask.to_numpy().any()
    found = suppress(counts, threshold=10)
    assert found.primary.to_numpy().sum() == 1 and found.mask.to_numpy().sum() == 4


def test_a_city_by_the_hour_takes_seconds():
    chance = np.random.default_rng(0)
    counts = pd.DataFrame(chance.poisson(chance.gamma(0.7, 30, (16, 24))))
    found = suppress(counts)
    share = [values.to_numpy()[:-1, :-1].mean().round(3) for values in (found.primary, found.mask)]
    print(f"small {share[0]}, left out {share[1]}")
    assert share[1] < 2 * share[0]


@pytest.mark.parametrize(
    "call",
    [
        lambda: suppress(pd.DataFrame({"x": [1, np.nan]})),
        lambda: suppress(pd.DataFrame({"x": [1, -1]})),
        lambda: suppress(pd.DataFrame({"x": [1, 0.5]})),
        lambda: suppress(pd.DataFrame()),
        lambda: suppress(pd.DataFrame({"x": [1, 2]}), threshold=1),
        lambda: suppress(pd.DataFrame({"x": [1, 2]}, index=["a", "a"])),
        lambda: suppress(pd.DataFrame({"x": [1, 2]}, index=["a", "total"])),
        lambda: suppress(pd.DataFrame({"x": [1, 2]}, index=["a", "b"]), groups=pd.Series(["a", "c"], index=["a", "b"])),
        lambda: suppress(pd.DataFrame({"x": [1, 2]}, index=["a", "b"]), groups=pd.Series(["c"], index=["a"])),
        lambda: suppress(
            pd.DataFrame({"x": [1, 2]}, index=["a", "b"]), groups=pd.Series([None, "c"], index=["a", "b"])
        ),
    ],
)
def test_impossible_input_is_refused(call):
    with pytest.raises(ValueError):
        call()
