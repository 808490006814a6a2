"""The shell of notifying: woken it routes and sends; what fails is tried again, and whoever comes next goes on."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest

from adapters.channels.contract import ChannelRefusedError, ChannelUnreachableError
from analytics import alertlog, outbox
from analytics.alerts import Alert
from analytics.notification import Fate
from analytics.notify import Notifier
from collector.alerting import ChannelConfig
from collector.load import Config
from collector.records import Records
from collector.settings import Installation, StoreSettings
from tests.analytics.telling import FakeChannel, Nothing, alert, channel, park, settings
from tests.collector.fakes import NOON, PATIENCE, ManualClock, lot

T = TypeVar("T")

DOWN = ChannelUnreachableError("a", "nobody listens")
BUSY = ChannelUnreachableError("a", "too many", retry_after=90.0)
NO = ChannelRefusedError("a", "no such token")


def config(*channels: ChannelConfig, routes: tuple[dict[str, Any], ...] = ()) -> Config:
    installation = Installation(store=StoreSettings(settings=Nothing()), alerts=settings(channels, *routes))
    return Config(Path("parkline.yaml"), Path(), installation, park())


class House:
    """Records, channels that a test rules, and the notifier between them."""

    def __init__(self, records: Records, *channels: ChannelConfig) -> None:
        self.records = records
        self.clock = ManualClock()
        self.channels = {one.name: FakeChannel(one.name) for one in channels}
        self._config = config(*channels)
        self._wake = asyncio.Event()

    async def find(self, *alerts: Alert) -> None:
        """Let alerts begin or end."""
        now = self.clock.now()
        await self.records.run(lambda c: alertlog.fold(c, alerts, now=now, suppressed=lambda _: ""))
        self._wake.set()

    @asynccontextmanager
    async def notifying(self) -> AsyncIterator[None]:
        """Let it run while the block lasts, and stop as it should."""
        stop = asyncio.Event()
        notifier = Notifier(self._config, self.records, channels=dict(self.channels), clock=self.clock, lot=lot())
        task = asyncio.create_task(notifier.run(self._wake, stop))
        try:
            yield
            stop.set()
            await soon(task)
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def fates(self, name: str) -> list[Fate]:
        """Give what became of a channel's notifications, in their order."""
        read = await self.records.run(lambda c: outbox.read_notifications(c, channel=name))
        return [one.notification.fate for one in reversed(read)]

    async def until(self, name: str, *fates: Fate) -> None:
        """Wait until a channel's notifications have come to this, second by second."""
        async with asyncio.timeout(PATIENCE):
            while tuple(await self.fates(name)) != fates:
                await self.second()

    async def second(self) -> None:
        """Let a second pass."""
        await asyncio.sleep(0)
        self.clock.advance(1)
        await asyncio.sleep(0)


async def soon(what: Awaitable[T]) -> T:
    return await asyncio.wait_for(what, PATIENCE)


@pytest.fixture
def house(records: Records) -> House:
    return House(records, channel("a"), channel("b", language="zh"))


async def test_an_alert_is_sent_on_every_channel_in_its_language(house: House) -> None:
    async with house.notifying():
        await house.find(alert())
        ours, theirs = await soon(house.channels["a"].has(1)), await soon(house.channels["b"].has(1))
    assert [(one.event, one.language, one.severity) for one in (*ours, *theirs)] == [
        ("alert.raised", "en", "medium"),
        ("alert.raised", "zh", "medium"),
    ]
    assert theirs[0].title.startswith("【中】1号压机")
    assert ours[0].data["equipment"] == "east/line-1/press-1"
    assert ours[0].at == NOON


async def test_without_being_woken_it_looks_by_itself(house: House) -> None:
    async with house.notifying():
        await house.clock.pass_over(0.5, 1.0)
        now = house.clock.now()
        await house.records.run(lambda c: alertlog.fold(c, [alert()], now=now, suppressed=lambda _: ""))
        await house.until("a", Fate.SENT)


async def test_what_nobody_answers_is_sent_again_with_the_same_id(house: House) -> None:
    house.channels["a"].errors = [DOWN, DOWN]
    async with house.notifying():
        await house.find(alert())
        await house.until("a", Fate.SENT)
    (read,) = await house.records.run(lambda c: outbox.read_notifications(c, channel="a"))
    assert read.notification.attempts == 3
    assert [one.id for one in house.channels["a"].taken] == [read.notification.id]


async def test_who_asks_to_wait_is_left_alone_for_so_long(house: House) -> None:
    house.channels["a"].errors = [BUSY]
    began = house.clock.now()
    async with house.notifying():
        await house.find(alert())
        await house.until("a", Fate.SENT)
    assert house.clock.now() - began >= timedelta(seconds=90)


async def test_a_refusal_is_told_on_the_other_channel_and_the_next_notice_still_goes(house: House) -> None:
    house.channels["a"].errors = [NO]
    async with house.notifying():
        await house.find(alert())
        told = await soon(house.channels["b"].has(2))
        assert {one.data["detector"] for one in told} == {"limit", "channel"}
        await house.find(alert("west/line-1/press-1"))
        await house.until("a", Fate.SENT, Fate.SENT)  # what lasts is sent again, as the channel works
        await house.until("b", Fate.SENT, Fate.SENT, Fate.SENT, Fate.SENT)  # that it works, too


async def test_what_arrived_and_was_not_noted_is_sent_again_with_the_same_id(house: House) -> None:
    """The receiver has it, and everything is killed before that is written."""
    killed = asyncio.Event()
    house.channels["a"].lose = killed.set
    stop = asyncio.Event()
    notifier = Notifier(config(channel("a")), house.records, channels={"a": house.channels["a"]}, clock=house.clock)
    notifier._noted = _never  # type: ignore[method-assign]
    dying = asyncio.create_task(notifier.run(house._wake, stop))
    await house.find(alert())
    await soon(killed.wait())
    dying.cancel()
    await asyncio.wait([dying])
    assert await house.fates("a") == [Fate.WAITING]
    async with house.notifying():
        await soon(house.channels["a"].has(2))
        await house.until("a", Fate.SENT)
    assert len({one.id for one in house.channels["a"].taken}) == 1


async def _never(*_: Any, **__: Any) -> None:
    await asyncio.Event().wait()


async def test_a_return_is_sent_after_its_alert_though_that_had_to_wait(house: House) -> None:
    house.channels["a"].errors = [DOWN, DOWN, DOWN]
    async with house.notifying():
        await house.find(alert())
        await house.until("b", Fate.SENT)
        now = house.clock.now()
        await house.find(replace(alert(), ended=now))
        await house.until("a", Fate.SENT, Fate.SENT)
    assert [one.event for one in house.channels["a"].taken] == ["alert.raised", "alert.returned"]
