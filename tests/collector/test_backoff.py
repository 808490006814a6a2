"""Waits grow, stay within bounds, and begin again."""

from hypothesis import given
from hypothesis import strategies as st

from collector.backoff import Backoff
from tests.collector.fakes import lot


@given(st.integers(), st.integers(1, 40))
def test_each_wait_is_drawn_from_the_upper_half_of_a_doubling_ceiling(seed: int, count: int) -> None:
    backoff = Backoff(0.5, 30.0, lot(seed))
    for n in range(count):
        ceiling = min(0.5 * 2**n, 30.0)
        assert ceiling / 2 <= backoff.next() <= ceiling


def test_after_a_success_it_begins_again() -> None:
    backoff = Backoff(0.5, 30.0, lot(7))
    for _ in range(5):
        backoff.next()
    backoff.reset()
    assert backoff.next() <= 0.5


def test_two_never_wait_in_step() -> None:
    one, other = Backoff(1, 30, lot(1)), Backoff(1, 30, lot(2))
    assert [one.next() for _ in range(5)] != [other.next() for _ in range(5)]
