"""Numbers of messages: none that is lost is forgotten, none that only came late is missed."""

from hypothesis import given
from hypothesis import strategies as st

from adapters.sources.sparkplug.sequence import NUMBERS, Sequence

PATIENCE = 2.0


def counted(*numbers: int) -> Sequence:
    """Give a sequence that began with the first of these and took the others at once."""
    sequence = Sequence(PATIENCE)
    sequence.begin(numbers[0])
    for number in numbers[1:]:
        sequence.take(number, 0.0)
    return sequence


def test_numbers_in_order_leave_nothing_out() -> None:
    sequence = counted(*(n % NUMBERS for n in range(3 * NUMBERS)))
    assert sequence.whole
    assert not sequence.overdue(1e9)


def test_a_number_left_out_is_missing_when_the_patience_is_over() -> None:
    sequence = counted(254, 255, 1)
    assert not sequence.whole
    assert not sequence.overdue(PATIENCE - 0.01)
    assert sequence.overdue(PATIENCE)


def test_taking_tells_when_numbers_are_left_out_and_not_when_they_come() -> None:
    sequence = counted(0)
    assert [sequence.take(number, 0.0) for number in (1, 4, 3, 5, 2, 6)] == [False, True, False, False, False, False]
    assert sequence.whole


def test_a_number_that_comes_again_is_taken_for_a_long_loss() -> None:
    sequence = counted(0, 1)
    assert sequence.take(1, 0.0)


def test_a_number_that_was_left_out_and_is_of_a_later_message_is_no_late_one() -> None:
    sequence = counted(0, 2)
    assert sequence.take(1, 0.0, newer=True)
    assert not sequence.whole


def test_after_a_long_loss_the_next_one_is_seen_as_well() -> None:
    sequence = counted(0, 1, 1)  # as after a birth that was lost
    assert sequence.take(3, 0.0)


def test_before_it_begins_and_after_it_stops_nothing_is_missing() -> None:
    sequence = Sequence(PATIENCE)
    assert not sequence.running
    assert not sequence.take(7, 0.0)
    sequence.begin(0)
    sequence.take(9, 0.0)
    sequence.stop()
    assert not sequence.running
    assert not sequence.take(20, 0.0)
    assert not sequence.overdue(1e9)


def test_a_birth_forgets_what_was_missing_before() -> None:
    sequence = counted(0, 5)
    sequence.begin(0)
    assert sequence.whole


@given(st.integers(1, 700), st.sets(st.integers(1, 700), min_size=1, max_size=40))
def test_whatever_is_lost_before_something_that_comes_is_missed(last: int, lost: set[int]) -> None:
    sequence = Sequence(PATIENCE)
    sequence.begin(0)
    for n in range(1, last + 1):
        if n not in lost:
            sequence.take(n % NUMBERS, n / 100)
    arrived = max((n for n in range(last + 1) if n not in lost), default=0)
    assert sequence.overdue(1e9) == any(n < arrived for n in lost)


@given(st.lists(st.integers(0, 30), min_size=1, max_size=600))
def test_what_only_came_in_another_order_is_not_missed(delays: list[int]) -> None:
    sequence = Sequence(PATIENCE)
    sequence.begin(0)
    order = sorted(range(len(delays)), key=lambda n: n + delays[n])
    for n in order:
        sequence.take((n + 1) % NUMBERS, 0.0)
    assert sequence.whole
