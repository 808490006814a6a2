"""What a server has kept itself: HistoryRead against node-opcua."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from adapters.sample import ValueType
from adapters.sources.contract import Delivery, HistorySource, Missed, Point, SourceLostError, SourceUnreachableError
from adapters.sources.opcua import create, history
from adapters.sources.opcua.settings import OpcuaAddress, OpcuaSettings
from tests.servers.node_opcua import NodeOpcua
from tests.servers.opcua_write import Write, node_id
from tests.servers.relay import Relay

pytestmark = pytest.mark.system

SECOND = timedelta(seconds=1)
PATIENCE = 20.0


def point(name: str, type_: ValueType = "float", *, node: str = "") -> Point[OpcuaAddress]:
    return Point(f"f/l/press/{name}", type_, OpcuaAddress(node=node or node_id(name)))


def source(endpoint: str, points: Sequence[Point[OpcuaAddress]], **keys: Any) -> HistorySource:
    made = create("press", OpcuaSettings.model_validate({"endpoint": endpoint, **keys}), points)
    assert isinstance(made, HistorySource)
    return made


async def told(of: HistorySource, start: datetime, end: datetime, *names: str) -> list[Delivery]:
    async with asyncio.timeout(PATIENCE), of.history() as kept:
        return [one async for one in kept.read([f"f/l/press/{name}" for name in names], start, end)]


def samples(deliveries: Sequence[Delivery]) -> pl.DataFrame:
    return pl.concat([one.samples for one in deliveries]).sort("signal", "time")


def gaps(deliveries: Sequence[Delivery]) -> list[Missed]:
    return [gap for one in deliveries for gap in one.gaps]


async def begin(server: NodeOpcua, *names: str) -> datetime:
    """Have the server historize nodes, and give an instant after their first values."""
    await server.add(dict.fromkeys(names, ("Double", 0.5)), historize=True)
    await asyncio.sleep(0.002)  # the server's clock: a first value that is older than what is asked for
    return datetime.now(UTC)


async def test_what_was_kept_has_values_times_and_status_within_the_bounds(node_opcua: NodeOpcua) -> None:
    now = (await begin(node_opcua, "kept")).replace(microsecond=0) + 10 * SECOND
    writes = [Write("kept", float(number), time=now + number * SECOND, ticks=1234) for number in range(4)]
    bad = Write("kept", 9.0, status="BadSensorFailure", time=now + 4 * SECOND)
    await node_opcua.write(*writes, bad, Write("kept", 5.0, time=now + 5 * SECOND))
    found = await told(source(node_opcua.endpoint, [point("kept")]), now + SECOND, now + 5 * SECOND, "kept")
    assert gaps(found) == []
    kept = samples(found)
    assert kept["float"].to_list() == [1.0, 2.0, 3.0, None]
    assert kept["status"].to_list() == [0, 0, 0, 0x808C_0000]
    assert kept["time"].dt.nanosecond().to_list() == [123_400, 123_400, 123_400, 0]
    assert (kept["received"] > kept["time"]).all() is False  # the times above lie ahead
    assert kept["received"].is_not_null().all()


async def test_nothing_that_happened_is_no_gap(node_opcua: NodeOpcua) -> None:
    now = await begin(node_opcua, "still")
    found = await told(source(node_opcua.endpoint, [point("still")]), now, now + 60 * SECOND, "still")
    assert (gaps(found), sum(one.samples.height for one in found)) == ([], 0)


async def test_history_that_begins_later_leaves_what_was_before_unknown(node_opcua: NodeOpcua) -> None:
    now = await begin(node_opcua, "young")
    await node_opcua.write(Write("young", 7.0, time=now + 10 * SECOND))
    found = await told(source(node_opcua.endpoint, [point("young")]), now - 3600 * SECOND, now + 60 * SECOND, "young")
    assert samples(found)["float"].to_list() == [0.5, 7.0]
    [gap] = gaps(found)
    assert gap.signals == ("f/l/press/young",)
    assert gap.start == now - 3600 * SECOND
    assert now - SECOND < gap.end <= now
    assert "does not reach back" in gap.cause


async def test_history_older_than_all_of_it_is_unknown(node_opcua: NodeOpcua) -> None:
    now = await begin(node_opcua, "young")
    start, end = now - 3600 * SECOND, now - 1800 * SECOND
    found = await told(source(node_opcua.endpoint, [point("young")]), start, end, "young")
    assert [(gap.start, gap.end) for gap in gaps(found)] == [(start, end)]


async def test_nodes_without_history_are_told_and_hold_up_nobody(node_opcua: NodeOpcua) -> None:
    now = await begin(node_opcua, "kept")
    await node_opcua.add({"plain": ("Double", 1.0)})
    await node_opcua.write(Write("kept", 1.0, time=now + SECOND))
    points = [
        point("plain"),
        point("kept"),
        point("gone", node=node_id("no such node")),
        point("foreign", node="nsu=urn:nowhere;s=x"),
    ]
    names = ["plain", "kept", "gone", "foreign", "unheard"]
    found = await told(source(node_opcua.endpoint, points), now, now + 60 * SECOND, *names)
    assert samples(found)["signal"].to_list() == ["f/l/press/kept"]
    causes = {signal.rpartition("/")[2]: gap.cause for gap in gaps(found) for signal in gap.signals}
    assert causes.keys() == {"plain", "gone", "foreign", "unheard"}
    assert "keeps no history of node" in causes["plain"]
    assert "has no node" in causes["gone"]
    assert "has no namespace 'urn:nowhere'" in causes["foreign"]
    assert {(gap.start, gap.end) for gap in gaps(found)} == {(now, now + 60 * SECOND)}


async def test_many_values_of_many_nodes_come_page_by_page(
    node_opcua: NodeOpcua, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "VALUES", 100)
    monkeypatch.setattr(history, "LEAST", 30)
    names = [f"busy{number}" for number in range(7)]  # the server lets 3 be read at once
    now = await begin(node_opcua, *names)
    step = timedelta(milliseconds=1)
    await node_opcua.write(
        *(Write(name, float(number), time=now + (number + 1) * step) for name in names for number in range(200))
    )
    found = await told(source(node_opcua.endpoint, [point(name) for name in names]), now, now + 60 * SECOND, *names)
    assert gaps(found) == []
    assert max(one.samples.height for one in found) <= 100
    for _, one in samples(found).group_by("signal"):
        assert one["float"].to_list() == [float(number) for number in range(200)]


async def test_whoever_stops_reading_leaves_nothing_open(
    node_opcua: NodeOpcua, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "LEAST", 1)
    monkeypatch.setattr(history, "VALUES", 1)
    now = await begin(node_opcua, "busy")
    await node_opcua.write(*(Write("busy", float(number), time=now + number * SECOND) for number in range(1, 5)))
    of = source(node_opcua.endpoint, [point("busy")])
    before = await node_opcua.sessions()
    async with of.history() as kept:
        pages = kept.read(["f/l/press/busy"], now, now + 60 * SECOND)
        assert (await anext(pages)).samples.height == 1
        await pages.aclose()
        assert await node_opcua.sessions() == before + 1
        again = [one async for one in kept.read(["f/l/press/busy"], now, now + 60 * SECOND)]
        assert samples(again)["float"].to_list() == [1.0, 2.0, 3.0, 4.0]
    await node_opcua.until_sessions(before)


async def test_a_server_that_is_away_or_breaks_off_says_so(node_opcua: NodeOpcua) -> None:
    now = await begin(node_opcua, "kept")
    async with Relay(node_opcua.port) as relay:
        of = source(f"opc.tcp://127.0.0.1:{relay.port}/park", [point("kept")], request_timeout="2 s")
        async with of.history() as kept:
            relay.cut()
            with pytest.raises(SourceLostError):
                [one async for one in kept.read(["f/l/press/kept"], now, now + SECOND)]
        await relay.stop()
        with pytest.raises(SourceUnreachableError):
            async with of.history():
                pass


async def test_a_server_with_too_much_to_do_is_asked_again_later(node_opcua: NodeOpcua) -> None:
    now = await begin(node_opcua, "kept")
    await node_opcua.refuse("HistoryRead", "BadTooManyOperations")
    try:
        with pytest.raises(SourceLostError, match="BadTooManyOperations"):
            await told(source(node_opcua.endpoint, [point("kept")]), now, now + SECOND, "kept")
    finally:
        await node_opcua.refuse("HistoryRead", None)


@pytest.mark.parametrize("keys", [{"history": False}, {"time": "received"}])
def test_history_that_is_not_to_be_read(keys: dict[str, Any]) -> None:
    of = source("opc.tcp://127.0.0.1:4840", [point("kept")], **keys)
    assert not of.remembers
