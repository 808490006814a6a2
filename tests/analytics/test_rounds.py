"""Rounds: when the next one begins, and what is done about one that fails or does not end."""

import asyncio
from datetime import datetime, timedelta

import pytest
from structlog.testing import capture_logs

from adapters.stores.contract import StoreUnavailableError
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


async def test_what_does_not_answer_is_told_once_and_asked_again() -> None:
    clock, stop = ManualClock(), asyncio.Event()
    answers = ["away", "away", "", "away", "gone"]

    async def once(_: datetime) -> bool:
        answer = answers.pop(0)
        if not answers:
            stop.set()
        if answer:
            error = StoreUnavailableError("lake", answer)
            raise error
        return True

    with capture_logs() as logs:
        going = asyncio.create_task(rounds("test", once, EVERY, stop, clock))
        while not going.done():
            await until(lambda: going.done() or bool(clock.waits()))
            clock.advance(EVERY)
        await going
    told = [(entry["event"], entry.get("reason")) for entry in logs]
    waits = ("role waits", "lake: away")
    assert told == [waits, ("role goes on", None), waits, ("role waits", "lake: gone")]


async def test_a_round_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    stop, begun = asyncio.Event(), asyncio.Event()

    async def once(_: datetime) -> bool:
        begun.set()
        await asyncio.Event().wait()
        return False

    monkeypatch.setattr("analytics.rounds.GRACE", 0.01)
    with capture_logs() as logs:
        going = asyncio.create_task(rounds("test", once, EVERY, stop, ManualClock()))
        await begun.wait()
        stop.set()
        async with asyncio.timeout(5):
            await going
    assert [entry["event"] for entry in logs] == ["round given up"]
