"""How far a source's values are known, and since when samples may be missing."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from collector.links import OVERTAKING, TRANSIT, Link, read_links, write_links
from collector.records import Records
from tests.collector.fakes import NOON

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)

UP = Link("plc", "up", NOON, NOON + 60 * SECOND, NOON + 50 * SECOND, NOON + 51 * SECOND, 10, 2, "")


@pytest.mark.parametrize(
    ("link", "horizon"),
    [
        (UP, NOON + 59 * SECOND),
        (replace(UP, state="down", since=NOON + 55 * SECOND, seen=NOON + HOUR), NOON + 54 * SECOND),
        (replace(UP, state="held", since=NOON + 55 * SECOND, seen=NOON + HOUR), NOON + 54 * SECOND),
        (replace(UP, state="down", since=NOON), NOON + 50 * SECOND),
        (replace(UP, state="ended"), NOON + 50 * SECOND),
        (replace(UP, last_time=NOON - HOUR), NOON - HOUR + 9 * SECOND),
        (replace(UP, last_time=None, last_received=None), None),
    ],
)
def test_the_horizon_moves_on_only_while_the_link_is_up(link: Link, horizon: datetime | None) -> None:
    assert link.horizon == horizon


def test_a_source_whose_clock_is_right_is_believed_to_the_second() -> None:
    assert UP.own_time(NOON) == NOON
    assert replace(UP, last_time=None, last_received=None).own_time(NOON) == NOON


def test_a_source_whose_clock_is_off_keeps_its_own_time() -> None:
    ahead = replace(UP, last_time=NOON + HOUR, last_received=NOON)
    assert ahead.own_time(NOON + SECOND) == NOON + HOUR + SECOND


def test_samples_are_missing_since_the_newest_that_came_or_what_it_overtook() -> None:
    assert UP.missing_since(NOON + 52 * SECOND) == NOON + 50 * SECOND - OVERTAKING
    slow = replace(UP, last_time=NOON + 40 * SECOND)
    assert slow.missing_since(NOON + 52 * SECOND) == NOON + 40 * SECOND - OVERTAKING


def test_of_a_silent_source_nothing_is_missing_but_what_was_on_its_way() -> None:
    silent = replace(UP, last_time=NOON - HOUR, last_received=NOON - HOUR)
    assert silent.missing_since(NOON) == NOON - TRANSIT
    assert replace(UP, last_time=None, last_received=None).missing_since(NOON) == NOON - TRANSIT


@pytest.mark.every_database
async def test_links_are_replaced_by_name(records: Records) -> None:
    broker, troubled = replace(UP, source="broker"), replace(UP, state="down", problem="nobody answers")
    await records.run(lambda connection: write_links(connection, [UP, broker]))
    await records.run(lambda connection: write_links(connection, [troubled]))
    assert await records.run(read_links) == {"plc": troubled, "broker": broker}
