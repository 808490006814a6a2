"""An open link: it keeps asking, holds back when nobody reads, and says what it missed and why it broke."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import polars as pl
import pytest
from asyncua import ua
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.uaerrors import UaStatusCodeError

from adapters.sources.contract import SourceLostError
from adapters.sources.opcua import link as module
from adapters.sources.opcua.decode import Absent
from adapters.sources.opcua.link import REQUESTS, Link
from adapters.sources.opcua.settings import OpcuaSettings
from adapters.sources.opcua.subscription import Terms
from tests.adapters.opcua.encoded import change, points, response

SUBSCRIPTION = 7
LAST = 2**32 - 1
PATIENCE = 10.0


def fault(code: int) -> Exception:
    """Make the error that asyncua raises for a StatusCode."""
    try:
        ua.StatusCode(ua.UInt32(code)).check()
    except UaStatusCodeError as error:
        return error
    raise AssertionError(code)


class ScriptedSession:
    """A session whose server answers the oldest request with what the test says next."""

    def __init__(self) -> None:
        self.requests: list[asyncio.Future[bytes]] = []
        self.acknowledged: list[int] = []

    async def publish_raw(self, acknowledgements: list[ua.SubscriptionAcknowledgement]) -> bytes:
        """Take a PublishRequest; wait for its answer."""
        self.acknowledged += [one.SequenceNumber for one in acknowledgements]
        request: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.requests.append(request)
        return await request

    async def answer(self, what: bytes | Exception) -> None:
        """Answer the oldest request, and let the link do its work."""
        request = self.requests.pop(0)
        if isinstance(what, bytes):
            request.set_result(what)
        else:
            request.set_exception(what)
        await settled()

    async def say(self, sequence: int, *values: float, **parts: Any) -> None:
        """Answer with changes of the first point; without values the answer only shows that the server lives."""
        items = [change(1, value) for value in values]
        data = [ua.DataChangeNotification(MonitoredItems=items)] if items else []
        await self.answer(response(*data, sequence=sequence, **parts))


class QuietClient:
    """A client whose secure channel lasts long enough for any test."""

    secure_channel_timeout = 3_600_000


async def settled() -> None:
    """Let every task run until it waits."""
    for _ in range(5):
        await asyncio.sleep(0)


@asynccontextmanager
async def linked(session: ScriptedSession, *, heartbeat: float = 1.0, **keys: Any) -> AsyncIterator[Link]:
    settings = OpcuaSettings.model_validate({"endpoint": "opc.tcp://plc", **keys})
    terms = Terms(SUBSCRIPTION, timedelta(milliseconds=100), timedelta(seconds=heartbeat))
    link = Link("press", settings, cast("Any", QuietClient()), cast("Any", session), terms, points("float", "int"))
    await settled()
    try:
        yield link
    finally:
        async with asyncio.timeout(PATIENCE):
            await link.stop()


async def grow_old(link: Link) -> None:
    """Have the server's last word be a minute ago, and the link look at its clock."""
    link._quiet_since -= 60
    link._spawn(link._watch(), "watch again")
    await settled()


@pytest.fixture
def session() -> ScriptedSession:
    return ScriptedSession()


async def test_some_requests_are_always_under_way(session: ScriptedSession) -> None:
    async with linked(session):
        assert len(session.requests) == REQUESTS
        await session.say(1, 1.5)
        assert len(session.requests) == REQUESTS


async def test_what_came_is_acknowledged_with_the_next_request(session: ScriptedSession) -> None:
    async with linked(session):
        await session.say(1, 1.5)
        await session.say(2)
        await session.say(2, 2.5)
        assert session.acknowledged == [1, 2]


async def test_what_came_while_nobody_read_is_one_delivery(session: ScriptedSession) -> None:
    async with linked(session) as link:
        await session.say(1, 1.5, 2.5)
        await session.say(2, 3.5)
        delivery = await anext(link)
        assert delivery.samples["float"].to_list() == [1.5, 2.5, 3.5]
        assert delivery.gaps == ()


async def test_a_reader_waits_while_the_server_only_shows_that_it_lives(session: ScriptedSession) -> None:
    async with linked(session) as link:
        reader = asyncio.ensure_future(anext(link))
        await session.say(1)
        assert not reader.done()
        await session.say(1, 1.5)
        assert (await reader).samples.height == 1


async def test_a_cancelled_reader_takes_nothing_with_it(session: ScriptedSession) -> None:
    async with linked(session) as link:
        reader = asyncio.ensure_future(anext(link))
        await settled()
        reader.cancel()
        await session.say(1, 1.5)
        assert (await anext(link)).samples.height == 1


@pytest.mark.parametrize(
    ("numbers", "missing"),
    [
        ([1, 2, 3], []),
        ([1, 3], ["1 notifications"]),
        ([5, 6, 10], ["3 notifications"]),
        ([LAST - 1, LAST, 1, 2], []),
        ([LAST, 2], ["1 notifications"]),
        ([4, 5, 4, 6], []),
    ],
)
async def test_a_number_left_out_is_a_gap(session: ScriptedSession, numbers: list[int], missing: list[str]) -> None:
    async with linked(session) as link:
        for number in numbers:
            await session.say(number, float(number))
        delivery = await anext(link)
        assert delivery.samples.height == len(numbers)
        assert [" ".join(gap.cause.split()[:2]) for gap in delivery.gaps] == missing
        assert all(gap.start <= gap.end and gap.signals == () for gap in delivery.gaps)


async def test_when_nobody_reads_no_more_is_asked_for(
    session: ScriptedSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BACKLOG", 1000)
    async with linked(session) as link:
        number = 0
        while session.requests:
            number += 1
            await session.say(number, *map(float, range(20)))
        assert number < 3 + REQUESTS
        received: list[float] = []
        while len(received) < 20 * number:
            received += (await anext(link)).samples["float"].to_list()
        await settled()
        assert received == [float(n) for n in range(20)] * number
        assert len(session.requests) == REQUESTS


async def test_held_back_silence_does_not_break_the_link(
    session: ScriptedSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BACKLOG", 100)
    async with linked(session) as link:
        for number in range(1, REQUESTS + 1):
            await session.say(number, 1.5)
        assert not session.requests
        await grow_old(link)
        assert (await anext(link)).samples.height == REQUESTS
        await settled()
        assert len(session.requests) == REQUESTS
        await session.say(REQUESTS + 1, 2.5)
        assert (await anext(link)).samples.height == 1


async def test_a_large_backlog_is_several_deliveries(session: ScriptedSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PER_DELIVERY", 1000)
    async with linked(session) as link:
        for number in range(1, 11):
            await session.say(number, *map(float, range(20)))
        deliveries = [await anext(link) for _ in range(5)]
        assert pl.concat([one.samples for one in deliveries])["float"].to_list() == [float(n) for n in range(20)] * 10


async def test_silence_breaks_the_link_and_tells_when_it_last_worked(session: ScriptedSession) -> None:
    before = datetime.now(UTC)
    async with linked(session) as link:
        await session.say(1, 1.5)
        await grow_old(link)
        assert (await anext(link)).samples.height == 1
        with pytest.raises(SourceLostError, match="said nothing for 60") as caught:
            await anext(link)
        assert caught.value.source == "press"
        assert caught.value.alive is not None
        assert before - timedelta(milliseconds=1) <= caught.value.alive <= datetime.now(UTC)


async def test_patience_is_never_shorter_than_the_servers_own_silence(session: ScriptedSession) -> None:
    async with linked(session, heartbeat=30.0, keepalive="2 s") as link:
        assert link._patience == 60.0
    async with linked(session, heartbeat=0.5, keepalive="2 s") as link:
        assert link._patience == 2.0


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (fault(StatusCodes.BadSessionClosed), "the server ended it with BadSessionClosed"),
        (ConnectionError("connection lost"), "the connection broke (connection lost)"),
        (response(result=0x8026_0000), "the server ended it with BadSessionClosed"),
        (response(ua.StatusChangeNotification(Status=ua.StatusCode(ua.UInt32(0x800A_0000)))), "BadTimeout"),
        (b"\1\2\3", "cannot be read"),
    ],
)
async def test_a_broken_link_delivers_first_and_then_says_why(
    session: ScriptedSession, answer: bytes | Exception, reason: str
) -> None:
    async with linked(session) as link:
        await session.say(1, 1.5)
        await session.answer(answer)
        assert (await anext(link)).samples.height == 1
        for _ in range(2):
            with pytest.raises(SourceLostError) as caught:
                await anext(link)
            assert reason in str(caught.value)


async def test_a_server_that_takes_fewer_requests_gets_fewer(session: ScriptedSession) -> None:
    async with linked(session) as link:
        for left in range(REQUESTS - 1, 0, -1):
            await session.answer(fault(StatusCodes.BadTooManyPublishRequests))
            assert len(session.requests) == left
        await session.say(1, 1.5)
        assert (await anext(link)).samples.height == 1
        await session.answer(fault(StatusCodes.BadTooManyPublishRequests))
        with pytest.raises(SourceLostError, match="BadTooManyPublishRequests"):
            await anext(link)


async def test_a_request_that_timed_out_is_sent_again(session: ScriptedSession) -> None:
    async with linked(session) as link:
        await session.answer(fault(StatusCodes.BadTimeout))
        assert len(session.requests) == REQUESTS
        await session.say(1, 1.5)
        assert (await anext(link)).samples.height == 1


async def test_a_notification_of_another_subscription_is_not_taken(session: ScriptedSession) -> None:
    async with linked(session) as link:
        await session.say(1, 1.5, subscription=SUBSCRIPTION + 1)
        await session.say(1, 2.5)
        assert (await anext(link)).samples["float"].to_list() == [2.5]


async def test_absent_points_come_first(session: ScriptedSession) -> None:
    async with linked(session) as link:
        await session.say(1, 1.5)
        link.tell([Absent(points("float")[0], 0x8034_0000, "no such node")])
        assert (await anext(link)).refusals["reason"].to_list() == ["no such node"]
        assert (await anext(link)).samples["float"].to_list() == [1.5]


async def test_a_fault_of_ones_own_reaches_the_reader(session: ScriptedSession) -> None:
    async with linked(session) as link:
        await session.answer(ZeroDivisionError())
        with pytest.raises(ZeroDivisionError):
            await anext(link)


async def test_stopping_ends_every_task(session: ScriptedSession) -> None:
    async with linked(session) as link:
        tasks = list(link._tasks)
        assert all(task.get_name().startswith("opcua press ") for task in tasks)
    assert all(task.done() for task in tasks)
