"""The spool's clock: what the wall clock does makes nothing older while a process lives."""

import pytest

from collector.spool.ages import SpoolClock

S = 10**9
"""A second in ns."""


class Hands:
    """Both clocks of a machine, to be set by hand; ns."""

    def __init__(self) -> None:
        self.wall = 1_700_000_000 * S
        self.machine = 5 * S

    def clock(self, clock: int = 0, wall: int | None = None) -> SpoolClock:
        """Begin a life of the spool."""
        wall = self.wall // 1000 if wall is None else wall
        return SpoolClock(clock, wall, now=lambda: self.wall, passed=lambda: self.machine)


def test_it_goes_on_as_time_passes() -> None:
    hands = Hands()
    clock = hands.clock(100)
    assert clock.now() == 100
    hands.machine += S
    hands.wall += S
    assert clock.now() == 100 + 10**6


@pytest.mark.parametrize("step", [3600 * S, -3600 * S])
def test_a_step_of_the_wall_clock_makes_nothing_older_or_younger(step: int) -> None:
    hands = Hands()
    clock = hands.clock()
    hands.wall += step
    assert clock.now() == 0
    hands.machine += S
    assert clock.now() == 10**6


def test_between_two_lives_it_goes_on_by_the_wall_clock() -> None:
    hands = Hands()
    first = hands.clock()
    hands.machine += S
    now, wall = first.now(), first.wall()
    hands.machine = 0  # the machine was started anew
    hands.wall += 60 * S
    assert hands.clock(now, wall).now() == 61 * 10**6


def test_a_wall_clock_that_went_back_between_two_lives_makes_nothing_younger() -> None:
    hands = Hands()
    first = hands.clock()
    hands.machine += S
    now, wall = first.now(), first.wall()
    hands.wall -= 3600 * S
    assert hands.clock(now, wall).now() == 10**6


def test_it_does_not_go_behind_what_another_process_wrote() -> None:
    clock = Hands().clock(5)
    clock.not_before(1000)
    assert clock.now() == 1000
    clock.not_before(10)
    assert clock.now() == 1000
