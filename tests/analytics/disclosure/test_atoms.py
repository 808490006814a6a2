"""Atoms: nothing that is told isolates too few, and what could be told is."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.disclosure.atoms import Atoms, Elements, Floor, Why, shortfall
from tests.analytics.disclosure.leaks import leak

NONE = Floor(1, 1, 0.0)


def elements(factories: list[int], weights: list[float] | None = None) -> Elements:
    """Give one element per machine, of these factories."""
    size = np.array([1.0] * len(factories) if weights is None else weights)
    return Elements(np.arange(len(factories)), np.array(factories), size)


def cell(*numbers: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(numbers, np.int64)


def test_a_cell_of_few_is_not_told() -> None:
    atoms = Atoms(elements([1, 1, 2, 2, 3]))
    assert atoms.tell(cell(), NONE) is Why.NONE
    assert atoms.tell(cell(0, 1, 2), Floor(3, 1, 0)) is Why.FEW
    assert atoms.tell(cell(0, 2, 4), Floor(3, 4, 0)) is Why.FEW
    assert atoms.tell(cell(0, 1, 2, 4), Floor(3, 4, 0)) is None


def test_a_difference_of_few_is_not_told() -> None:
    atoms = Atoms(elements([1, 2, 3, 4, 5, 6, 7]))
    assert atoms.tell(cell(0, 1, 2, 3, 4, 5, 6), Floor(3, 3, 0)) is None
    assert atoms.tell(cell(0, 1, 2, 3, 4), Floor(3, 3, 0)) is Why.APART  # two would be left
    assert atoms.tell(cell(0, 1, 2, 3), Floor(3, 3, 0)) is None
    assert atoms.tell(cell(2, 3, 4, 5), Floor(3, 3, 0)) is Why.APART


def test_three_cells_that_are_each_far_from_the_others_may_tell_one() -> None:
    # no cell is in another, and no two differ by few: 2 a = (a + b) + (a + c) - (b + c)
    atoms = Atoms(elements([1, 2, 3, 4, 5, 6]))
    a, b, c = (0, 1), (2, 3), (4, 5)
    assert atoms.tell(cell(*a, *b), Floor(3, 3, 0)) is None
    assert atoms.tell(cell(*a, *c), Floor(3, 3, 0)) is Why.APART


def test_the_largest_does_not_stand_out() -> None:
    floor = Floor(3, 3, 0.2)
    assert shortfall(elements([1, 2, 3], [100.0, 99.0, 1.0]), cell(0, 1, 2), floor) is Why.LARGE
    assert shortfall(elements([1, 2, 3], [100.0, 99.0, 20.0]), cell(0, 1, 2), floor) is None
    assert shortfall(elements([1, 2, 3, 4], [100.0, 1.0, 10.0, 10.0]), cell(0, 1, 2, 3), floor) is Why.LARGE
    assert shortfall(elements([1, 1, 1], [100.0, 1.0, 1.0]), cell(0, 1, 2), Floor(1, 3, 0.2)) is None


def test_an_atom_has_what_each_of_its_cells_asks_for() -> None:
    atoms = Atoms(elements([1, 2, 3, 4, 5, 6, 7, 8]))
    assert atoms.tell(cell(*range(8)), Floor(5, 5, 0)) is None
    assert atoms.tell(cell(0, 1, 2, 3), Floor(3, 3, 0)) is Why.APART  # of the first, four would be left


def test_cells_that_were_told_count_whatever_they_tell_apart() -> None:
    atoms = Atoms(elements([1, 2, 3, 4, 5]))
    atoms.told(cell(0), NONE)
    assert atoms.tell(cell(0, 1, 2, 3), Floor(3, 3, 0)) is Why.APART
    assert atoms.tell(cell(1, 2, 3, 4), Floor(3, 3, 0)) is None
    assert sorted(sorted(atom.tolist()) for atom in atoms.all()) == [[0], [1, 2, 3, 4]]


@st.composite
def grids(draw: st.DrawFn) -> tuple[list[int], list[float], list[list[int]], Floor]:
    machines = draw(st.lists(st.integers(0, 4), min_size=3, max_size=9))
    days = draw(st.integers(1, 2))
    count = len(machines) * days
    weights = draw(st.lists(st.floats(0.1, 10), min_size=count, max_size=count))
    members = st.lists(st.integers(0, count - 1), unique=True, min_size=count // 2, max_size=count)
    cells = draw(st.lists(members, min_size=1, max_size=7))
    floor = Floor(draw(st.integers(1, 3)), draw(st.integers(1, 4)), draw(st.sampled_from([0.0, 0.2])))
    return machines, weights, cells, floor


@given(grids())
@settings(max_examples=150, deadline=None)
def test_no_combination_of_told_sums_is_of_too_few(
    grid: tuple[list[int], list[float], list[list[int]], Floor],
) -> None:
    machines, weights, cells, floor = grid
    count = len(weights)
    machine = np.arange(count) % len(machines)
    all_of = Elements(machine, np.array(machines)[machine], np.array(weights))
    atoms = Atoms(all_of)
    refused = [some for some in cells if atoms.tell(np.array(some, np.int64), floor) is not None]
    rows = [[float(place in some) for place in range(count)] for some in cells if some not in refused]
    assert leak(rows, [f"m{one}" for one in machine.tolist()], floor.machines) is None
    assert leak(rows, [f"f{one}" for one in all_of.factory.tolist()], floor.factories) is None
    for atom in atoms.all():
        assert shortfall(all_of, atom, floor) is None
    for row in rows:  # the rule of the largest holds for every cell, for it holds for the atoms that it is made of
        assert shortfall(all_of, np.flatnonzero(row), floor) is None
    for some in refused:  # there is none that could be told after all
        assert atoms.tell(np.array(some, np.int64), floor) is not None
