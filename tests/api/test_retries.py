"""When it is tried again."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from api.retries import GIVEN_UP, next_try

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def waits(asked: float | None = None, lot: float = 0.0) -> list[float]:
    """Give the waits between the attempts of a message that is never taken, in seconds."""
    found: list[float] = []
    now = NOON
    for attempt in range(1, 10_000):
        due = next_try(attempt, begun=NOON, now=now, asked=asked, lot=lot)
        if due is None:
            return found
        found.append((due - now).total_seconds())
        now = due
    raise AssertionError


def test_waits_grow_to_an_hour_and_end_after_three_days() -> None:
    found = waits()
    assert found[:6] == [5, 300, 1800, 3600, 3600, 3600]
    assert set(found[3:]) == {3600}
    assert timedelta(seconds=sum(found)) - GIVEN_UP < timedelta(hours=1)


@given(st.floats(0, 1), st.none() | st.floats(0, 3600))
def test_no_wait_is_shorter_than_was_planned_or_asked_for_and_none_a_fifth_longer(
    lot: float, asked: float | None
) -> None:
    due = next_try(2, begun=NOON, now=NOON, asked=asked, lot=lot)
    assert due is not None
    wanted = 300 if asked is None else max(asked, 1)
    assert wanted - 1e-5 <= (due - NOON).total_seconds() <= 1.2 * wanted + 1e-5
