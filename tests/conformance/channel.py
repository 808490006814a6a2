"""The promises of `adapters.channels.contract`, each as a test; every channel passes them.

A new channel subclasses the suite in `tests/adapters/channels/<name>/test_conformance.py` and gives the fixture `far`:

    class TestWebhook(ChannelConformance):
        @pytest.fixture
        async def far(self) -> AsyncIterator[FarEnd]:
            async with HttpReceiver() as receiver, Silence() as silence:
                yield WebhookFarEnd(receiver, silence)

A far end is what stands at the other end, real wherever there is a real one, and some channels that lead to it.
"""

# ruff: noqa: RUF001 - Chinese is written with its own punctuation
import asyncio
import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import TracebackType
from typing import Protocol, Self

import pytest

from adapters.channels.contract import (
    Channel,
    ChannelError,
    ChannelRefusedError,
    ChannelUnreachableError,
    Language,
    Notice,
    Sent,
)

PATIENCE = 10.0
"""Seconds in which a notice must be here; only a broken channel comes near them."""

CLOSING = 5.0
"""Seconds in which a channel must be closed."""

AT_ONCE = 2.0
"""Seconds that count as at once on a machine that is busy."""

SHORT = "300 ms"
"""The timeout of a channel that leads to somebody who never answers."""

NOTICES: dict[Language, Notice] = {
    "zh": Notice(
        id="ntc_01JC9Z8E3V.raised:1",
        title="高 · 一号压机 主轴振动超限",
        text="冲压车间/一号线/press-01：主轴振动 7.8 mm/s，超过 7.1。\n自 09:41 起，“驱动端”占 62 %。\n\n请检查轴承🔧",
        language="zh",
        event="alert.raised",
        severity="high",
        at=datetime(2026, 3, 1, 1, 41, 0, 250_000, tzinfo=UTC),
        data={
            "alert": "a-17",
            "equipment": "works/line-1/press-01",
            "value": 7.8,
            "signals": ["vibration"],
            "说明": "超限",
        },
    ),
    "en": Notice(
        id="ntc_01JC9Z8E3V.cleared:2",
        title="Cleared: press 1, spindle vibration",
        text='works/line-1/press-01: spindle vibration is back at 4.2 mm/s.\n.\nIt was "high" for 12 min <&>.',
        language="en",
        event="alert.returned",
        severity="low",
        at=datetime(2026, 3, 1, 1, 53, tzinfo=UTC),
        data={"alert": "a-17", "equipment": "works/line-1/press-01", "value": 4.2, "until": None},
    ),
}
"""A notice in each language."""

NOTICE = NOTICES["zh"]


@dataclass(frozen=True, slots=True)
class Received:
    """A notice as the far end has it."""

    id: str | None
    """Its id; None where the protocol has no place for one."""

    text: str
    """All that a person reads of it."""


class FarEnd(Protocol):
    """What stands at the other end of a channel, and channels that lead to it."""

    @property
    def channel(self) -> Channel:
        """The channel under test; always the same object."""

    @property
    def refused(self) -> Channel:
        """Another one of its kind, whom the far end forbids to send."""

    @property
    def busy(self) -> Channel:
        """Another one, to whom it says later."""

    @property
    def silent(self) -> Channel:
        """Another one, to whom nobody answers: `silence` takes the link. Its timeout is `SHORT`, unless `patient`."""

    @property
    def patient(self) -> Channel:
        """As `silent`, with a timeout that no test waits for."""

    @property
    def silence(self) -> "Silence":
        """Where `silent` and `patient` lead to."""

    @property
    def hidden(self) -> Collection[str]:
        """Secrets of all of them: texts that must not be told."""

    async def received(self) -> Received:
        """Give the next notice that has come, and wait for it."""

    async def stop(self) -> None:
        """Be gone: nobody listens where `channel` leads to."""

    async def start(self) -> None:
        """Be back."""


class Silence:
    """A server on loopback that takes links and never says a word."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        """Set when somebody has come."""
        self.left = asyncio.Event()
        """Set when somebody has gone."""
        self._server: asyncio.Server
        self._links: set[asyncio.StreamWriter] = set()

    @property
    def port(self) -> int:
        """Its port on 127.0.0.1."""
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._take, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for writer in self._links:
            writer.close()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._links.add(writer)
        self.reached.set()
        with suppress(ConnectionError, asyncio.CancelledError):
            while await reader.read(65536):
                pass
        self.left.set()
        self._links.discard(writer)
        writer.close()


class ChannelConformance(ABC):
    """What holds for every channel."""

    @pytest.fixture
    @abstractmethod
    def far(self) -> FarEnd | AsyncIterator[FarEnd]:
        """Give a far end that listens; nothing has been sent to it."""

    @pytest.mark.parametrize("language", ["zh", "en"])
    async def test_a_notice_arrives_whole(self, far: FarEnd, language: Language) -> None:
        notice = NOTICES[language]
        sent = await send(far.channel, notice)
        received = await of(far)
        assert sent.answer
        assert "\n" not in sent.answer
        assert sent.left_out == ()
        assert notice.title in received.text
        assert notice.text in received.text
        assert received.id in {notice.id, None}

    async def test_one_that_is_sent_again_is_known_as_the_same(self, far: FarEnd) -> None:
        async with far.channel.open():
            for _ in "12":
                await far.channel.send(NOTICE)
        first, second = await of(far), await of(far)
        assert first == second

    async def test_another_one_is_known_as_another(self, far: FarEnd) -> None:
        async with far.channel.open():
            await far.channel.send(NOTICE)
            await far.channel.send(NOTICES["en"])
        first, second = await of(far), await of(far)
        assert first != second
        assert (first.id is None and second.id is None) or (first.id, second.id) == (NOTICE.id, NOTICES["en"].id)

    async def test_several_at_once_all_arrive(self, far: FarEnd) -> None:
        notices = [replace(NOTICE, id=f"ntc-{number}", title=f"第 {number} 条") for number in range(5)]
        async with far.channel.open():
            await asyncio.gather(*map(far.channel.send, notices))
        titles = [(await of(far)).text.splitlines()[0] for _ in notices]
        assert sorted(titles) == [notice.title for notice in notices]

    async def test_a_text_that_is_too_long_arrives_as_far_as_it_fits(self, far: FarEnd) -> None:
        await send(far.channel, replace(NOTICE, text="主轴振动超限，“请”检查。\n" * 10_000))
        received = await of(far)
        assert NOTICE.title in received.text
        assert "主轴振动超限，“请”检查。\n主轴振动超限" in received.text
        assert received.text.endswith("已截断）") or received.text.count("检查") == 10_000

    async def test_a_title_alone_arrives(self, far: FarEnd) -> None:
        await send(far.channel, replace(NOTICE, text="", data={}))
        assert NOTICE.title in (await of(far)).text

    async def test_opening_asks_nobody_and_may_be_done_again(self, far: FarEnd) -> None:
        await far.stop()
        async with far.channel.open():
            pass
        await far.start()
        await send(far.channel, NOTICE)
        await send(far.channel, NOTICE)

    async def test_nobody_there_is_typed_and_the_next_try_succeeds(self, far: FarEnd) -> None:
        async with far.channel.open():
            await far.channel.send(NOTICE)
            await of(far)
            await far.stop()
            with pytest.raises(ChannelUnreachableError):
                await far.channel.send(NOTICE)
            await far.start()
            await far.channel.send(NOTICE)
        await of(far)

    async def test_nobody_answering_is_typed_within_the_timeout(self, far: FarEnd) -> None:
        async with asyncio.timeout(AT_ONCE):
            error = await failure(far.silent)
        assert isinstance(error, ChannelUnreachableError)
        assert "does not answer within 0.3 s" in error.reason

    async def test_later_is_typed(self, far: FarEnd) -> None:
        assert isinstance(await failure(far.busy), ChannelUnreachableError)

    async def test_no_is_typed_and_says_what_to_do(self, far: FarEnd) -> None:
        error = await failure(far.refused)
        assert isinstance(error, ChannelRefusedError)
        assert "; " in error.reason

    @pytest.mark.parametrize("which", ["channel", "refused", "busy", "silent"])
    async def test_an_error_names_the_channel_and_nothing_tells_a_secret(
        self, far: FarEnd, which: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        channel: Channel = getattr(far, which)
        with caplog.at_level(logging.DEBUG):
            if which == "channel":
                await send(channel, NOTICE)
                await far.stop()
            error = await failure(channel)
        assert error.channel == channel.name
        assert str(error).startswith(f"{channel.name}: ")
        told = caplog.text + repr(channel)
        cause: BaseException | None = error
        while cause is not None:
            told += f"{cause}{cause!r}{cause.args}"
            cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
        assert far.hidden
        assert [secret for secret in far.hidden if secret in told] == []

    async def test_it_goes_on_after_a_no(self, far: FarEnd) -> None:
        async with far.refused.open(), far.channel.open():
            for _ in "12":
                with pytest.raises(ChannelRefusedError):
                    await far.refused.send(NOTICE)
            await far.channel.send(NOTICE)
        await of(far)

    async def test_cancelled_it_stops_at_once_and_leaves_nothing(self, far: FarEnd) -> None:
        async with far.patient.open():
            sending = asyncio.create_task(far.patient.send(NOTICE), name="sending")
            async with asyncio.timeout(PATIENCE):
                await far.silence.reached.wait()
            sending.cancel()
            async with asyncio.timeout(AT_ONCE):
                with pytest.raises(asyncio.CancelledError):
                    await sending
                await far.silence.left.wait()
        for thread in threading.enumerate():
            if thread.name.startswith("channel"):
                await asyncio.to_thread(thread.join, AT_ONCE)
        assert not [thread for thread in threading.enumerate() if thread.name.startswith("channel")]

    async def test_leaving_closes_in_time_also_when_cancelled(self, far: FarEnd) -> None:
        async def send_in_a_block() -> None:
            async with far.patient.open():
                await far.patient.send(NOTICE)

        sending = asyncio.create_task(send_in_a_block(), name="sending")
        async with asyncio.timeout(PATIENCE):
            await far.silence.reached.wait()
        sending.cancel()
        async with asyncio.timeout(CLOSING):
            await asyncio.wait([sending])
            await far.silence.left.wait()
        assert sending.cancelled()


async def send(channel: Channel, notice: Notice) -> Sent:
    """Open the channel for one notice."""
    async with asyncio.timeout(PATIENCE), channel.open():
        return await channel.send(notice)


async def failure(channel: Channel) -> ChannelError:
    """Send a notice that is not taken; give the error."""
    with pytest.raises(ChannelError) as caught:
        await send(channel, NOTICE)
    return caught.value


async def of(far: FarEnd) -> Received:
    """Give the next notice that came."""
    async with asyncio.timeout(PATIENCE):
        return await far.received()
