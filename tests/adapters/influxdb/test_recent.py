"""Signals that are asked for again: from memory as far as it holds, and never older than the store."""

from collections.abc import AsyncIterator
from datetime import timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from adapters.sample import Status
from adapters.stores.buckets import edges
from adapters.stores.contract import Position, Store
from adapters.stores.influxdb import create, late, recent, summing
from adapters.stores.influxdb.late import HOUR, SETTLED
from adapters.stores.influxdb.recent import Recent
from adapters.stores.influxdb.server import InfluxServer, connect
from adapters.stores.influxdb.settings import InfluxSettings
from tests.adapters.influxdb.proxy import QUERY, Proxy, Reply
from tests.conformance.store import NOON, at, batch, sample
from tests.servers.influxdb import InfluxServer as Influx

pytestmark = pytest.mark.system

SIGNAL = "f/l/e/s"
WIDTH = timedelta(minutes=7)
EDGES = edges(NOON - timedelta(hours=3), NOON + timedelta(hours=2), WIDTH)
POSITION = Position("spool", 1)
ROWS = [sample(SIGNAL, at(60 * minute), value=float(minute)) for minute in range(-180, 120)]


class Times:
    """Clocks that a test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.now = at(timedelta(days=1))

    def clock(self) -> float:
        return self.seconds


@pytest.fixture
def times() -> Times:
    return Times()


@pytest.fixture
def kept(times: Times) -> Recent:
    return Recent(clock=times.clock, now=lambda: times.now)


@pytest.fixture
async def store(settings: InfluxSettings) -> AsyncIterator[Store]:
    async with create(settings) as store:
        yield store


@pytest.fixture
async def server(store: Store, settings: InfluxSettings, proxy: Proxy) -> AsyncIterator[InfluxServer]:
    await store.write(batch(*ROWS), POSITION)
    async with connect(settings.model_copy(update={"url": proxy.url})) as server:
        yield server


async def look(
    kept: Recent, server: InfluxServer, proxy: Proxy, edges: tuple[int, int, int] = EDGES
) -> tuple[pl.DataFrame, list[str]]:
    """Ask, see that it is what the server sums up, and give it with the questions that it took."""
    proxy.requests.clear()
    found = await kept.buckets(server, SIGNAL, "float", edges)
    asked = [request.params["q"] for request in proxy.requests if request.path == QUERY]
    assert_frame_equal(found, await summing.buckets(server, SIGNAL, "float", edges))
    return found, asked


def is_late(statement: str) -> bool:
    return "sample_late" in statement


async def test_what_is_asked_for_again_is_read_once(kept: Recent, server: InfluxServer, proxy: Proxy) -> None:
    _, first = await look(kept, server, proxy)
    assert all("max(" in statement for statement in first)
    _, second = await look(kept, server, proxy)
    assert sum(statement.startswith('SELECT "float"') for statement in second) == 1
    start, end, width = EDGES
    for window in (EDGES, (start + 17 * 10**9, end, width // 60), (start - 10**8, end - HOUR, width + 1000)):
        _, again = await look(kept, server, proxy, window)
        assert [is_late(statement) for statement in again] == [True]


async def test_what_comes_late_is_seen_at_once(
    kept: Recent, server: InfluxServer, proxy: Proxy, store: Store, settings: InfluxSettings
) -> None:
    for _ in range(2):
        before, _ = await look(kept, server, proxy)
    news = [
        sample(SIGNAL, at(1), value=9e9),  # a peak
        sample(SIGNAL, at(-60 * 180), value=-4.0),  # instead of another
        sample(SIGNAL, at(60), status=Status.BAD),
        sample(SIGNAL, at(120), value=7.0, status=Status.UNCERTAIN),
    ]
    for number, row in enumerate(news):
        async with create(settings) as other:
            await (store if number % 2 else other).write(batch(row), Position("spool", number + 2))
        after, asked = await look(kept, server, proxy)
        assert not after.equals(before)
        assert sum(statement.startswith('SELECT "float"') for statement in asked) == 1
        before = after


async def test_a_server_may_know_no_measurement_that_nobody_wrote(
    kept: Recent, server: InfluxServer, proxy: Proxy
) -> None:
    unknown = Reply(200, b'{"results":[{"error":"table \'public.iox.sample_late\' not found"}]}')
    proxy.rule = lambda request: unknown if is_late(request.params.get("q", "")) else None
    for _ in range(3):
        _, asked = await look(kept, server, proxy)
    assert [is_late(statement) for statement in asked] == [True]


async def test_the_running_hour_is_read_each_time(
    kept: Recent, server: InfluxServer, proxy: Proxy, store: Store, times: Times
) -> None:
    times.now = at(timedelta(hours=1))
    for _ in range(2):
        await look(kept, server, proxy)
    await store.write(batch(sample(SIGNAL, at(60 * 119 + 1), value=77.0)), Position("spool", 2))
    found, asked = await look(kept, server, proxy)
    assert found["last"].drop_nulls().last() == 77.0
    assert sum(statement.startswith('SELECT "float"') for statement in asked) == 1
    assert f"time >= {(times.now - SETTLED) // HOUR * HOUR}" in asked[-1]


async def test_what_others_change_is_seen_after_a_while(
    kept: Recent, server: InfluxServer, proxy: Proxy, influx: Influx, settings: InfluxSettings, times: Times
) -> None:
    for _ in range(2):
        before, _ = await look(kept, server, proxy)
    await influx.write(settings.bucket, f"sample,equipment=e,factory=f,line=l,signal=s float=5.0,status=0i {at(5)}")
    times.seconds = recent.KEPT_S - 1
    assert_frame_equal(await kept.buckets(server, SIGNAL, "float", EDGES), before)
    times.seconds = recent.KEPT_S + 1
    after, _ = await look(kept, server, proxy)
    assert after["count"].sum() == before["count"].sum() + 1


async def test_samples_in_time_are_not_noted(server: InfluxServer, proxy: Proxy) -> None:
    hours = batch(*(sample(SIGNAL, at(60 * minute), value=1.0) for minute in range(120)))
    for minutes, noted in ((59, 0), (61, 0), (63, 1), (121, 1), (123, 2)):
        proxy.requests.clear()
        await late.note(server, hours, at(60 * minutes))
        assert sum(request.body.count(b"sample_late") for request in proxy.writes) == noted


async def test_no_more_is_kept_than_there_is_room_for(server: InfluxServer, proxy: Proxy, times: Times) -> None:
    kept = Recent(room=0, clock=times.clock, now=lambda: times.now)
    for _ in range(3):
        _, asked = await look(kept, server, proxy)
    assert sum(statement.startswith('SELECT "float"') for statement in asked) == 1


async def test_what_would_be_too_much_to_read_is_summed_up(
    kept: Recent, server: InfluxServer, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recent, "ROWS", 100)
    for _ in range(3):
        _, asked = await look(kept, server, proxy)
        assert all("max(" in statement for statement in asked)
