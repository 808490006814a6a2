"""The backlog hands over everything at once, and holds its sender back when it is full."""

import asyncio

from adapters.sources.contract import Delivery
from collector.backlog import Backlog
from tests.collector.fakes import numbers

ONE = Delivery(numbers(range(10)))


async def test_the_taker_gets_all_there_is_in_order() -> None:
    backlog = Backlog()
    deliveries = [Delivery(numbers([n])) for n in range(3)]
    for delivery in deliveries:
        await backlog.put(delivery)
    assert await backlog.take() == deliveries


async def test_the_taker_waits_for_the_first() -> None:
    backlog = Backlog()
    taking = asyncio.create_task(backlog.take())
    await asyncio.sleep(0)
    assert not taking.done()
    await backlog.put(ONE)
    assert await taking == [ONE]


async def test_a_full_backlog_holds_its_sender_back_until_it_is_taken() -> None:
    backlog = Backlog(room=1)
    await backlog.put(ONE)
    putting = asyncio.create_task(backlog.put(ONE))
    await asyncio.sleep(0)
    assert not putting.done()
    assert await backlog.take() == [ONE]
    await putting
    assert await backlog.take() == [ONE]


async def test_a_closed_backlog_gives_what_it_has_and_then_nothing() -> None:
    backlog = Backlog()
    await backlog.put(ONE)
    backlog.close()
    assert await backlog.take() == [ONE]
    assert await backlog.take() == []


async def test_closing_wakes_the_taker() -> None:
    backlog = Backlog()
    taking = asyncio.create_task(backlog.take())
    await asyncio.sleep(0)
    backlog.close()
    assert await taking == []
