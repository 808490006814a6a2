"""Rounds: when the next one begins."""

import asyncio
from datetime import datetime, timedelta

from analytics.rounds import rounds
from tests.collector.fakes import NOON, ManualClock, until

EVERY = 10.0


async def test_a_round_begins_every_so_often_and_at_once_where_there_is_more_to_do() -> None:
    clock, stop = ManualClock(), asyncio.Event()
    began: list[datetime] = []
    more = [True, False, False]

    async def once(now: datetime) -> bool:
        began.append(now)
        await clock.sleep(4.0)
        return more.pop(0)

    going = asyncio.create_task(rounds("test", once, EVERY, stop, clock))
    for waits in (4.0, 4.0, 6.0, 4.0):
        await until(lambda left=waits: clock.waits() == [left])  # type: ignore[misc]
        clock.advance(waits)
        if len(began) == 3:
            stop.set()
    await going
    assert began == [NOON, NOON + timedelta(seconds=4), NOON + timedelta(seconds=14)]
