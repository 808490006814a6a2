"""The feed: numbers in the order of the commits, nothing missed behind a number, old rows that go and are told of."""

import asyncio
import threading
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise

import pytest
import sqlalchemy as sa

from collector.feed import FEED, Bounds, Entry, prune, read_bounds, read_feed, tell, written
from collector.records import Records

pytestmark = pytest.mark.every_database

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def entries(*names: str) -> list[Entry]:
    return [Entry("works/line/press", {"state": name, "zh": "压机"}) for name in names]


def names(connection: sa.Connection, after: int = 0) -> list[str]:
    return [told.body["state"] for told in read_feed(connection, after, limit=10_000)]


def test_what_is_told_is_numbered_and_read_in_order(ledger: sa.Connection) -> None:
    assert read_bounds(ledger) == Bounds(0, 0)
    tell(ledger, "states", [], now=NOON)
    tell(ledger, "states", entries("a", "b"), now=NOON)
    tell(ledger, "alerts", entries("c"), now=NOON + HOUR)
    assert read_bounds(ledger) == Bounds(0, 3)
    first, *_ = read_feed(ledger, 0, limit=1)
    assert (first.number, first.at, first.topic, first.path) == (1, NOON, "states", "works/line/press")
    assert first.body == {"state": "a", "zh": "压机"}
    assert names(ledger, 1) == ["b", "c"]
    assert [told.number for told in read_feed(ledger, 0, limit=10, topics=["alerts"])] == [3]
    assert read_feed(ledger, 0, limit=10, topics=[]) == []
    assert read_feed(ledger, 3, limit=10) == []


def test_what_is_old_goes_and_is_told_of(ledger: sa.Connection) -> None:
    for number in range(5):
        tell(ledger, "kpis", entries(str(number)), now=NOON + number * HOUR)
    assert prune(ledger, before=NOON) == 0
    assert prune(ledger, before=NOON + 3 * HOUR, limit=2) == 2
    assert read_bounds(ledger) == Bounds(2, 5)
    assert prune(ledger, before=NOON + 3 * HOUR) == 1
    assert names(ledger) == ["3", "4"]
    assert prune(ledger, before=NOON + 9 * HOUR) == 2
    assert read_bounds(ledger) == Bounds(5, 5)
    tell(ledger, "kpis", entries("5"), now=NOON + 9 * HOUR)
    assert [told.number for told in read_feed(ledger, 0, limit=9)] == [6]


def test_what_a_clock_told_that_was_wrong_takes_nothing_along_and_keeps_nothing(ledger: sa.Connection) -> None:
    for number, at in enumerate((NOON, NOON + HOUR, NOON - 9000 * HOUR, NOON + 9000 * HOUR, NOON + 2 * HOUR)):
        tell(ledger, "kpis", entries(str(number)), now=at)
    now = NOON + 3 * HOUR
    assert prune(ledger, before=NOON, now=now) == 0
    assert prune(ledger, before=NOON + HOUR, now=now) == 1
    assert prune(ledger, before=NOON + 2 * HOUR, now=now) == 3
    assert names(ledger) == ["4"]
    tell(ledger, "kpis", entries("5"), now=NOON + 9000 * HOUR)
    assert prune(ledger, before=NOON + 3 * HOUR, now=now) == 1
    assert names(ledger) == ["5"]


async def test_what_was_rolled_back_was_never_told(records: Records) -> None:
    def broken(connection: sa.Connection) -> None:
        tell(connection, "states", entries("never"), now=NOON)
        raise ValueError(connection.dialect.name)

    with pytest.raises(ValueError, match=r"sqlite|postgresql"):
        await records.run(broken)
    await records.run(partial(tell, topic="states", entries=entries("a"), now=NOON))
    assert await records.run(names) == ["a"]
    assert await records.run(read_bounds) == Bounds(0, 1)


async def test_no_reader_ever_sees_a_number_before_all_lower_ones(records_url: str) -> None:
    """Writers that commit as late as they like, and one who reads on from where it was."""
    writers, each = 6, 25
    async with Records(records_url) as records:
        jitter = threading.Event()

        def write(connection: sa.Connection, writer: int, number: int) -> None:
            tell(connection, "states", entries(f"{writer}-{number}", f"{writer}-{number}b"), now=NOON)
            jitter.wait((writer * 7 + number * 3) % 5 / 1000)  # others begin meanwhile
            connection.execute(sa.select(sa.func.count()).select_from(FEED)).scalar_one()

        async def writes(writer: int) -> None:
            for number in range(each):
                await records.run(partial(write, writer=writer, number=number))

        seen: list[int] = []
        done = asyncio.Event()

        async def reads() -> None:
            while True:
                last = done.is_set()
                found = await records.run(partial(read_feed, after=seen[-1] if seen else 0, limit=7))
                seen.extend(told.number for told in found)
                if last and not found:
                    return

        async with asyncio.TaskGroup() as group:
            group.create_task(reads())
            async with asyncio.TaskGroup() as writing:
                for writer in range(writers):
                    writing.create_task(writes(writer))
            done.set()
        assert seen == list(range(1, 2 * writers * each + 1))
        told = await records.run(partial(read_feed, after=0, limit=10_000))
        states = [one.body["state"] for one in told]
        assert [b for a, b in pairwise(states) if b == f"{a}b"] == [one for one in states if one.endswith("b")]
        for writer in range(writers):
            mine = [one for one in states if one.startswith(f"{writer}-") and not one.endswith("b")]
            assert mine == [f"{writer}-{number}" for number in range(each)]


def test_instants_are_written_in_utc() -> None:
    assert written(NOON.astimezone()) == "2026-11-24T12:00:00Z"
    assert written(NOON + timedelta(microseconds=1500)) == "2026-11-24T12:00:00.001500Z"
