"""What a source remembers of its broker: whether it was started again, and whether another client takes links over."""

from datetime import UTC, datetime, timedelta

import pytest

from adapters.sources.mqtt.memory import SOON, SUSPICIOUS, Memory, started

NOON = datetime(2024, 5, 17, 12, tzinfo=UTC)
LONG_AGO = NOON - timedelta(days=30)


def life(
    memory: Memory, at: datetime, seconds: float, *, broker: datetime | None = LONG_AGO, closed: bool = True
) -> bool:
    """Open a link at an instant and break it so many seconds later; tell whether another client takes links over."""
    memory.opened(at, broker)
    return memory.broke(at + timedelta(seconds=seconds), broker, closed=closed, unanswered=False)


class TestStarted:
    def test_mosquitto_says_it_in_seconds(self) -> None:
        assert started(b"61 seconds", NOON) == NOON - timedelta(seconds=61)
        assert started(b"0 seconds", NOON) == NOON

    @pytest.mark.parametrize("payload", [b"", b"soon", b"-3 seconds", b"1e3", b"9" * 11, b"\xff"])
    def test_other_words_say_nothing(self, payload: bytes) -> None:
        assert started(payload, NOON) is None


class TestTakenOver:
    def test_links_closed_soon_again_and_again_are_taken_over(self) -> None:
        memory = Memory()
        told = [life(memory, NOON + timedelta(seconds=2 * n), 1) for n in range(SUSPICIOUS + 1)]
        assert told == [False] * (SUSPICIOUS - 1) + [True, True]

    def test_a_link_that_lived_for_long_ends_the_suspicion(self) -> None:
        memory = Memory()
        for n in range(SUSPICIOUS - 1):
            life(memory, NOON + timedelta(seconds=2 * n), 1)
        assert not life(memory, NOON + timedelta(minutes=1), SOON.total_seconds())
        assert not life(memory, NOON + timedelta(minutes=2), 1)

    def test_a_network_that_breaks_is_no_client(self) -> None:
        memory = Memory()
        assert not any(life(memory, NOON + timedelta(seconds=2 * n), 1, closed=False) for n in range(9))

    def test_a_broker_that_ends_again_and_again_is_no_client(self) -> None:
        memory = Memory()
        starts = [NOON + timedelta(seconds=2 * n) for n in range(9)]
        assert not any(life(memory, start, 1, broker=start) for start in starts)

    def test_a_broker_that_was_away_is_no_client(self) -> None:
        memory = Memory()
        for n in range(9):
            assert not life(memory, NOON + timedelta(seconds=2 * n), 1, broker=None)
            memory.failed(unanswered=False)


class TestAsking:
    def test_a_broker_that_closes_each_link_when_asked_is_left_alone(self) -> None:
        memory = Memory()
        asks = [memory.asks]
        for _ in range(SUSPICIOUS):
            memory.opened(NOON, None)
            assert not memory.broke(NOON, None, closed=True, unanswered=True)
            asks.append(memory.asks)
        assert asks == [True] * SUSPICIOUS + [False]

    def test_a_broker_that_closes_each_link_before_it_is_open_is_left_alone(self) -> None:
        memory = Memory()
        for _ in range(SUSPICIOUS):
            assert memory.asks
            memory.failed(unanswered=True)
        assert not memory.asks

    def test_a_broker_that_ends_when_asked_now_and_then_is_asked_again(self) -> None:
        memory = Memory()
        for _ in range(SUSPICIOUS):
            for unanswered in (True, False):
                memory.opened(NOON, None)
                memory.broke(NOON + SOON, None, closed=True, unanswered=unanswered)
        assert memory.asks

    def test_a_broker_that_does_not_answer_before_the_network_breaks_is_asked_again(self) -> None:
        memory = Memory()
        memory.opened(NOON, None)
        memory.broke(NOON, None, closed=False, unanswered=True)
        assert memory.asks
