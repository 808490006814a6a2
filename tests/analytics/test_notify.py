"""The shell of notifying: woken it routes and sends; what fails is tried again, and whoever comes next goes on."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from adapters.channels.contract import ChannelRefusedError, ChannelUnreachableError, Notice, Sent
from analytics import alertlog, channelhealth, notify, outbox
from analytics.alerts import Alert
from analytics.notification import Fate
from analytics.notify import Notifier
from collector.alerting import ChannelConfig
from collector.load import Config
from collector.records import Records, RecordsError
from collector.settings import Installation, StoreSettings
from tests.analytics.telling import FakeChannel, Nothing, alert, channel, park, rules, settings
from tests.collector.fakes import NOON, PATIENCE, ManualClock, lot

T = TypeVar("T")

DOWN = ChannelUnreachableError("a", "nobody listens")
BUSY = ChannelUnreachableError("a", "too many", retry_after=90.0)
NO = ChannelRefusedError("a", "no such token")


def config(*channels: ChannelConfig, routes: tuple[dict[str, Any], ...] = ()) -> Config:
    installation = Installation(store=StoreSettings(settings=Nothing()), alerts=settings(channels, *routes))
    return Config(Path("parkline.yaml"), Path(), installation, park())


class Ailing(Records):
    """Records that do not answer while they are ill."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self.ill = False
        self.unanswered = 0
        """How often they were asked in vain."""

    def fall_ill(self) -> None:
        """Answer no more."""
        self.ill = True

    async def run(self, work: Callable[[sa.Connection], T]) -> T:
        """Do something in them, unless they are ill."""
        if self.ill:
            self.unanswered += 1
            msg = "the records do not answer"
            raise RecordsError(msg)
        return await self._records.run(work)


class Slow(FakeChannel):
    """A channel that answers when it has waited for something."""

    def __init__(self, name: str, waited: Callable[[], Awaitable[Any]]) -> None:
        super().__init__(name)
        self._waited = waited

    async def send(self, notice: Notice) -> Sent:
        """Take a notice, and answer later."""
        sent = await super().send(notice)
        await self._waited()
        return sent


class Choosy(FakeChannel):
    """A channel that takes a notice for some only."""

    async def send(self, notice: Notice) -> Sent:
        """Take a notice for some."""
        await super().send(notice)
        return Sent("250 queued", left_out=("b@works.example (550 gone)", "c@works.example (550 moved)"))


class House:
    """Records, channels that a test rules, and the notifier between them."""

    def __init__(self, records: Records, *channels: ChannelConfig) -> None:
        self.records = records
        self.asked = Ailing(records)
        """What the notifier asks."""
        self.stop = asyncio.Event()
        """Set when all is to stop."""
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
        self.stop.clear()
        notifier = Notifier(self._config, self.asked, channels=dict(self.channels), clock=self.clock, lot=lot())
        task = asyncio.create_task(notifier.run(self._wake, self.stop))
        try:
            yield
            self.stop.set()
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

    async def in_vain(self, count: int) -> None:
        """Wait until the records were asked so often in vain, second by second."""
        async with asyncio.timeout(PATIENCE):
            while self.asked.unanswered < count:
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


async def test_what_was_delivered_is_noted_when_the_records_answer_again_and_sent_once(records: Records) -> None:
    house = House(records, channel("a"))
    house.channels["a"].lose = house.asked.fall_ill
    with capture_logs() as logs:
        async with house.notifying():
            await house.find(alert())
            await soon(house.channels["a"].has(1))
            await house.in_vain(6)
            house.asked.ill = False
            await house.until("a", Fate.SENT)
    (read,) = await records.run(lambda c: outbox.read_notifications(c, channel="a"))
    assert (read.answer, read.notification.attempts) == ("ok", 1)
    assert len(house.channels["a"].taken) == 1
    assert [(one["event"], one.get("reason")) for one in logs] == [
        ("notices wait", "the records do not answer"),
        ("notices go on", None),
    ]


async def test_that_a_removed_channel_fails_is_over_though_the_records_did_not_answer_at_first(house: House) -> None:
    before, now = rules([channel("gone"), channel("a")]), house.clock.now()
    await house.records.run(lambda c: channelhealth.doubt(c, before, "gone", "no such token", now))
    house.asked.fall_ill()
    async with house.notifying():
        await house.in_vain(6)
        house.asked.ill = False
        async with asyncio.timeout(PATIENCE):
            while "gone" in await house.records.run(channelhealth.read_health):
                await house.second()
        await house.until("a", Fate.SENT, Fate.SENT)
    assert [one.event for one in house.channels["a"].taken] == ["alert.raised", "alert.returned"]


async def test_who_never_answers_does_not_keep_it_from_stopping(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notify, "GRACE", 0.05)
    house.channels["a"] = Slow("a", asyncio.Event().wait)
    async with house.notifying():
        await house.find(alert())
        await soon(house.channels["a"].has(1))
        await house.until("b", Fate.SENT)
    assert await house.fates("a") == [Fate.WAITING]


async def test_who_answers_soon_after_all_is_to_stop_is_noted(house: House) -> None:
    async def waited() -> None:
        await house.stop.wait()
        for _ in range(10):
            await asyncio.sleep(0)

    house.channels["a"] = Slow("a", waited)
    async with house.notifying():
        await house.find(alert())
        await soon(house.channels["a"].has(1))
    assert await house.fates("a") == [Fate.SENT]


async def test_who_is_left_out_is_named_in_the_answer(house: House) -> None:
    house.channels["a"] = Choosy("a")
    with capture_logs() as logs:
        async with house.notifying():
            await house.find(alert())
            await house.until("a", Fate.SENT)
    (read,) = await house.records.run(lambda c: outbox.read_notifications(c, channel="a"))
    assert read.answer == "250 queued; b@works.example (550 gone); c@works.example (550 moved)"
    assert [one["left_out"] for one in logs if one["event"] == "notice not for all"] == [
        ["b@works.example (550 gone)", "c@works.example (550 moved)"]
    ]
