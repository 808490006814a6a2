"""The hub: each listener is told all that it may know, once and in order, and none can hold up the others."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final, Self

import pytest

from api import stream
from api.access import unauthorized
from api.callers import Caller
from api.errors import RATE_LIMITED, ProblemError
from api.eventlines import Filter
from api.roles import Scope
from api.stream import BEAT_S, CHECKED_S, KEPT, POLLED_S, QUEUED, Hub, Listener, Recheck
from collector.feed import Entry, Topic, prune, tell
from collector.records import Records, RecordsError
from collector.settings import StreamSettings
from tests.collector.fakes import NOON, ManualClock

ALL: Final = Filter(None, None, "", None)
ANA: Final = Caller("key:ana", "ana", frozenset({Scope.READ}))
BEN: Final = Caller("key:ben", "ben", frozenset({Scope.READ}), frozenset({"gears"}))


async def still(caller: Caller) -> Caller:
    return caller


class Client:
    """What listens: it takes what is sent, or does not."""

    def __init__(self, scene: "Scene", caller: Caller = ANA, wanted: Filter = ALL, after: int | None = None) -> None:
        self.hub = scene.hub
        self.clock = scene.clock
        self.recheck: Recheck = partial(still, caller)
        self.listener = Listener(caller, caller.id, self._again, wanted, after)
        self.text = b""
        self.ended = asyncio.Event()
        self.takes = asyncio.Event()
        self.takes.set()
        self._came = asyncio.Event()
        self._left = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def _again(self) -> Caller:
        return await self.recheck()

    async def _send(self, message: Any) -> None:
        await self.takes.wait()
        assert not self.ended.is_set(), "nothing is sent behind the end"
        self.text += message["body"]
        self._came.set()
        if not message["more_body"]:
            self.ended.set()
            self._left.set()

    async def _receive(self) -> Any:
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def __aenter__(self) -> Self:
        self.hub.enter(self.listener)
        self._task = asyncio.create_task(self.hub.serve(self.listener, self._receive, self._send))
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        self._left.set()
        self.takes.set()
        async with asyncio.timeout(10):
            while not self._task.done():
                self.clock.advance(POLLED_S)
                await asyncio.wait({self._task}, timeout=0.001)
        await self._task

    @property
    def ids(self) -> list[int]:
        """The numbers of the events that it was told; an id alone says where it began and is none."""
        blocks = (block.split(b"\n") for block in self.text.split(b"\n\n"))
        return [int(lines[0][4:]) for lines in blocks if lines[0].startswith(b"id: ") and len(lines) > 1]

    async def until(self, last: int) -> list[int]:
        """Give the ids told, when the last of them is this one."""
        async with asyncio.timeout(10):
            while not self.ids or self.ids[-1] < last:
                self._came.clear()
                await self._came.wait()
        return self.ids


class Scene:
    """A hub on records, and a clock that goes when the test says so."""

    def __init__(self, records: Records, clock: ManualClock, settings: StreamSettings) -> None:
        self.records = records
        self.clock = clock
        self.down = False
        self.reads = 0
        self.hub = Hub(self._opened, settings, clock)

    def _opened(self) -> Records:
        self.reads += 1
        if self.down:
            msg = "away"
            raise RecordsError(msg)
        return self.records

    async def tell(self, count: int, topic: Topic = "states", path: str = "gears/hobbing/hob-01", **body: Any) -> None:
        entries = [Entry(path, {"state": "idle", **body}) for _ in range(count)]
        await self.records.run(partial(tell, topic=topic, entries=entries, now=NOON))

    async def polled(self) -> None:
        """Let the hub look into the feed once more."""
        await self.clock.pass_over(POLLED_S, POLLED_S)

    async def until(self, client: Client, last: int) -> list[int]:
        """Let time pass until a client was told this; give all ids that it was told."""
        await self.passes_until(lambda: bool(client.ids) and client.ids[-1] >= last)
        return client.ids

    async def passes_until(self, done: Callable[[], bool]) -> None:
        """Let time pass until something is so."""
        async with asyncio.timeout(10):
            while not done():
                self.clock.advance(POLLED_S)
                await asyncio.sleep(0.001)  # threads read the feed

    async def joined(self, *clients: Client) -> None:
        """Wait until clients have been told what they missed, and are told what follows."""
        async with asyncio.timeout(10):
            while not all(client.listener in self.hub._slots[client.listener.slot] for client in clients):  # noqa: ASYNC110 - nothing else tells it
                await asyncio.sleep(0)


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with Records(f"sqlite:///{tmp_path}/records.db") as records:
        yield Scene(records, ManualClock(), StreamSettings(per_caller=3, total=5))


async def test_who_listens_is_told_what_follows(scene: Scene) -> None:
    await scene.tell(3)
    async with Client(scene) as client:
        await scene.joined(client)
        await scene.tell(2)
        await scene.polled()
        assert await client.until(5) == [4, 5]
    event = client.text.partition(b"id: 4\n")[2].partition(b"\n\n")[0]
    assert (
        event.startswith(b'event: states\ndata: {"id":"4","at":"2024-05-17T12:00:00Z","topic":"states",')
        or b"Z" in event
    )
    assert client.text.startswith(b"retry: 2000\n\nid: 3\n\n")  # who loses it at once goes on after 3


async def test_nobody_reads_while_nobody_listens(scene: Scene) -> None:
    async with Client(scene) as client:
        await scene.joined(client)
    reads = scene.reads
    scene.clock.advance(60)
    await asyncio.sleep(0)
    assert scene.reads == reads
    assert scene.clock.waits() == []


@pytest.mark.parametrize("missed", [0, 1, KEPT - 1, KEPT, KEPT + 1, 3 * KEPT + 7])
async def test_who_comes_back_is_told_what_they_missed(scene: Scene, missed: int) -> None:
    await scene.tell(5)
    await scene.tell(missed)
    async with Client(scene, after=5) as client:
        await scene.joined(client)
        await scene.tell(2)
        await scene.polled()
        assert await client.until(7 + missed) == list(range(6, 8 + missed))


async def test_who_joins_while_others_are_told_misses_nothing(scene: Scene) -> None:
    async with Client(scene) as first:
        await scene.joined(first)
        await scene.tell(4)
        async with Client(scene, BEN, after=2) as second:
            assert await scene.until(second, 4) == [3, 4]
            assert await first.until(4) == [1, 2, 3, 4]
        async with Client(scene, after=4) as third:
            await scene.joined(third)
            await scene.tell(1)
            await scene.polled()
            assert await third.until(5) == [5]


def test_a_filter_takes_what_it_says() -> None:
    below = Filter(frozenset({"alerts", "kpis"}), ("gears/hobbing",), "riverside", frozenset({"high"}))
    assert below.takes("alerts", "gears/hobbing/hob-01", "high")
    assert below.takes("kpis", "gears/hobbing", "")
    assert not below.takes("alerts", "gears/hobbing/hob-01", "low")
    assert not below.takes("states", "gears/hobbing/hob-01", "")
    assert not below.takes("kpis", "gears/hobbing-2/hob-01", "")
    assert not replace(below, trees=None).takes("kpis", "riverside", "")
    assert ALL.takes("kpis", "riverside", "")
    assert not replace(ALL, trees=()).takes("kpis", "riverside", "")


async def test_each_is_told_what_they_listen_to(scene: Scene) -> None:
    gears = Filter(None, ("gears",), "park", None)
    alerts = Filter(frozenset({"alerts"}), None, "", frozenset({"critical"}))
    async with Client(scene, BEN, gears) as ben, Client(scene, ANA, alerts) as ana:
        await scene.joined(ben, ana)
        await scene.tell(1)
        await scene.tell(1, path="moulds/injection/im-01")
        await scene.tell(1, path="park")
        await scene.tell(1, "alerts", "moulds/injection/im-01", priority="low")
        await scene.tell(1, "alerts", "moulds/injection/im-01", priority="critical")
        await scene.tell(1, "alerts", priority="critical")
        await scene.polled()
        assert await ben.until(6) == [1, 6]
        assert await ana.until(6) == [5, 6]


async def test_what_is_no_longer_kept_is_said_first(scene: Scene) -> None:
    await scene.tell(KEPT + 20)
    await scene.records.run(partial(prune, before=NOON.replace(year=2100), limit=10))
    async with Client(scene, after=4) as client:
        await scene.joined(client)
        assert await client.until(KEPT + 20) == list(range(10, KEPT + 21))
    reset = client.text.partition(b"id: 10\n")[2].partition(b"\n\n")[0]
    assert reset.startswith(b'event: reset\ndata: {"from":"10","read":["/api/v1/alerts",')


async def test_who_takes_nothing_is_closed_and_holds_nobody_up(scene: Scene) -> None:
    async with Client(scene) as slow, Client(scene, BEN) as quick:
        await scene.joined(slow, quick)
        await scene.tell(1)
        assert await scene.until(slow, 1) == [1]
        slow.takes.clear()
        for number in range(1, QUEUED // 100 + 4):
            await scene.tell(100)
            assert await scene.until(quick, 1 + number * 100)
        assert slow.listener.closing
        assert not slow.listener.queue
        slow.takes.set()
        async with asyncio.timeout(5):
            await slow.ended.wait()
        assert slow.ids == list(range(1, slow.ids[-1] + 1))
    async with Client(scene, after=slow.ids[-1]) as back:
        await scene.joined(back)
        assert await back.until(quick.ids[-1]) == list(range(slow.ids[-1] + 1, quick.ids[-1] + 1))


async def test_who_comes_back_may_have_missed_more_than_may_wait(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "QUEUED_BYTES", 1000)
    async with Client(scene) as other:
        await scene.joined(other)
        await scene.tell(30)
        await scene.until(other, 30)
        async with Client(scene, BEN, after=1) as client:
            assert await client.until(30) == list(range(2, 31))
            assert not client.listener.closing


async def test_an_event_is_looked_at_for_those_alone_whom_it_may_concern(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = 0
    takes = Filter.takes

    def counting(self: Filter, topic: Topic, path: str, priority: str) -> bool:
        nonlocal looks
        looks += 1
        return takes(self, topic, path, priority)

    twice = Filter(None, ("gears/hobbing", "gears", "gears/hobbing/hob-01"), "", None)
    async with Client(scene, BEN, twice) as client, Client(scene) as whole:
        other = Listener(ANA, "ana", partial(still, ANA), Filter(None, ("moulds",), "", None), None)
        await scene.joined(client, whole)
        scene.hub._rooms[other.wanted] = {other}
        monkeypatch.setattr(Filter, "takes", counting)
        await scene.tell(1)
        await scene.tell(1, path="gears")
        await scene.tell(1, path="gearshift/line/one")
        await scene.polled()
        assert await whole.until(3) == [1, 2, 3]
        assert await client.until(2) == [1, 2]
        assert looks == 5
        del scene.hub._rooms[other.wanted]


async def test_streams_that_nobody_reads_for_any_more_end_and_begin_anew(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(told: Any) -> Any:
        raise ValueError(told)

    async with Client(scene) as client, Client(scene, BEN) as other:
        await scene.joined(client, other)
        with monkeypatch.context() as patch:
            patch.setattr(stream, "Line", broken)
            await scene.tell(1)
            await scene.polled()
            async with asyncio.timeout(5):
                await client.ended.wait()
                await other.ended.wait()
    async with Client(scene, after=0) as back:
        await scene.joined(back)
        assert await back.until(1) == [1]


async def test_bytes_that_wait_are_bounded_too(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "QUEUED_BYTES", 1000)
    async with Client(scene) as slow:
        await scene.joined(slow)
        slow.takes.clear()
        for _ in range(3):
            await scene.tell(4)
            await scene.polled()
        await scene.clock.pass_over(POLLED_S, POLLED_S)
        assert slow.listener.closing


async def test_signs_of_life_come_to_each_once_in_their_time(scene: Scene) -> None:
    async with Client(scene) as one, Client(scene) as two:
        await scene.joined(one, two)
        for _ in range(int(2 * BEAT_S / POLLED_S)):
            await scene.polled()
        await scene.clock.pass_over(POLLED_S, POLLED_S)
        for client in (one, two):
            assert 3 <= client.text.count(b"id: 0\n\n") <= 4  # the first says where it begins


async def test_signs_of_life_say_up_to_where_all_was_told(scene: Scene) -> None:
    async with Client(scene, BEN, Filter(None, ("moulds",), "park", None)) as client:
        await scene.joined(client)
        await scene.tell(3)
        await scene.passes_until(lambda: b"id: 3\n\n" in client.text)
        assert client.ids == []


async def test_records_that_are_down_are_said_and_nothing_is_missed(scene: Scene) -> None:
    async with Client(scene) as client:
        await scene.joined(client)
        scene.down = True
        for _ in range(3):
            await scene.polled()
        await scene.tell(3)
        scene.down = False
        await scene.polled()
        assert await client.until(3) == [1, 2, 3]
        assert client.text.count(b": the records do not answer") == 1


async def test_who_comes_while_the_records_are_down_is_told_later(scene: Scene) -> None:
    await scene.tell(3)
    scene.down = True
    async with Client(scene, after=1) as client:
        await scene.clock.pass_over(1, 1)
        scene.down = False
        assert await scene.until(client, 3) == [2, 3]


async def test_a_feed_that_was_pruned_unread_says_so(scene: Scene) -> None:
    async with Client(scene) as client:
        await scene.joined(client)
        scene.down = True
        await scene.polled()
        await scene.tell(6)
        await scene.records.run(partial(prune, before=NOON.replace(year=2100), limit=4))
        scene.down = False
        await scene.polled()
        assert await client.until(6) == [4, 5, 6]
        assert b"id: 4\nevent: reset\n" in client.text


async def _refused() -> Caller:
    raise unauthorized(detail="the key is revoked")


async def _held_up() -> Caller:
    raise ProblemError(RATE_LIMITED, "too many")


async def _away() -> Caller:
    msg = "away"
    raise RecordsError(msg)


@pytest.mark.parametrize(
    ("again", "ends"),
    [
        (_refused, True),
        (partial(still, replace(ANA, factories=frozenset({"gears"}))), True),
        (partial(still, replace(ANA, scopes=frozenset())), True),
        (partial(still, replace(ANA)), False),
        (_away, False),
        (_held_up, False),
    ],
)
async def test_who_may_not_listen_any_more_is_closed_within_seconds(scene: Scene, again: Recheck, ends: bool) -> None:  # noqa: FBT001 - a table
    async with Client(scene) as client, Client(scene, BEN) as other:
        await scene.joined(client, other)
        client.recheck = again
        await scene.clock.pass_over(CHECKED_S - 1, CHECKED_S)
        await scene.tell(1)
        await scene.polled()
        assert await other.until(1) == [1]
        if ends:
            async with asyncio.timeout(5):
                await client.ended.wait()
        else:
            assert await client.until(1) == [1]
        assert client.ended.is_set() is ends


async def test_one_look_serves_all_streams_of_a_key(scene: Scene) -> None:
    looks = 0

    async def look() -> Caller:
        nonlocal looks
        looks += 1
        return ANA

    async with Client(scene) as one, Client(scene) as two:
        await scene.joined(one, two)
        one.recheck = two.recheck = look
        await scene.clock.pass_over(CHECKED_S - 1, CHECKED_S)
        await scene.clock.pass_over(CHECKED_S - 1, CHECKED_S)
        assert looks in {1, 2}


async def test_streams_are_bounded_per_caller_and_in_all(scene: Scene) -> None:
    async with Client(scene), Client(scene), Client(scene):
        with pytest.raises(ProblemError, match="as many streams open as one caller may: 3"):
            scene.hub.enter(Client(scene).listener)
        async with Client(scene, BEN), Client(scene, BEN):
            with pytest.raises(ProblemError, match="as are allowed: 5"):
                scene.hub.enter(Client(scene, BEN).listener)
    assert scene.hub.count == 0
    async with Client(scene) as again:
        await scene.joined(again)


async def test_all_streams_end_when_the_api_stops(scene: Scene) -> None:
    async with Client(scene) as client, Client(scene, BEN) as other:
        await scene.joined(client, other)
        await scene.hub.aclose()
        assert client.ended.is_set()
        assert other.ended.is_set()
    late = Client(scene)
    async with late:
        async with asyncio.timeout(5):
            await late.ended.wait()


async def test_an_id_of_the_future_waits_a_moment_and_then_starts_anew(scene: Scene) -> None:
    await scene.tell(2)
    async with Client(scene, after=4) as client:
        await scene.polled()
        await scene.tell(3)
        assert await scene.until(client, 5) == [5]
    async with Client(scene, after=99) as lost:
        assert await scene.until(lost, 5) == [5]
        assert b"event: reset" in lost.text


@asynccontextmanager
async def every(clients: Iterable[Client]) -> AsyncIterator[None]:
    entered = [await client.__aenter__() for client in clients]
    try:
        yield
    finally:
        for client in entered:
            await client.__aexit__()


async def test_clients_that_lose_their_stream_at_any_moment_know_all_in_the_end(scene: Scene) -> None:
    """Each comes back with its last id, at other moments than the others, while events are told."""
    known: dict[int, list[int]] = {0: [], 1: [], 2: []}
    told = 0
    for turn in range(40):
        clients = {n: Client(scene, after=known[n][-1] if known[n] else 0) for n in known if (turn + n) % (n + 2)}
        async with every(clients.values()):
            await scene.tell(turn % 4)
            told += turn % 4
            for _ in range(turn % 3):
                scene.clock.advance(POLLED_S)
                await asyncio.sleep(0.002)
        for n, client in clients.items():
            known[n] += client.ids
    for ids in known.values():
        async with Client(scene, after=ids[-1] if ids else 0) as client:
            if not ids or ids[-1] < told:
                ids.extend(await scene.until(client, told))
        assert ids == list(range(1, told + 1))
