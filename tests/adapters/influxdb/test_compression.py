"""Compressing where the link is slow, and not where it is not."""

import gzip
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.stores.contract import Position
from adapters.stores.influxdb import create
from adapters.stores.influxdb.compression import CALM, EAGER, WORTH, Compression
from adapters.stores.influxdb.settings import InfluxSettings
from tests.adapters.influxdb.proxy import Proxy
from tests.conformance.store import assert_samples, at, batch, sample, stored
from tests.servers.influxdb import InfluxServer
from tests.servers.relay import Relay

SIZE = 10 * WORTH


def sent(compression: Compression, requests: int, seconds: Callable[[bool], float]) -> list[bool]:
    """Send requests, each of which takes so long; tell which were compressed."""
    chosen = []
    for _ in range(requests):
        chosen.append(compression.choose(SIZE))
        compression.learn(SIZE, seconds(chosen[-1]), compressed=chosen[-1])
    return chosen


def test_a_slow_link_is_found_out_soon() -> None:
    chosen = sent(Compression(), 500, lambda compressed: 0.05 + (0.2 if compressed else 1.0))
    assert chosen.index(True) <= EAGER
    assert chosen[EAGER:].count(False) <= 6
    assert chosen[EAGER:].count(False) > 0, "the link may have become fast"


def test_a_fast_link_is_left_alone() -> None:
    chosen = sent(Compression(), 2000, lambda compressed: 0.05 + (0.002 if compressed else 0.001))
    assert 2 <= chosen.count(True) <= 10


def test_a_link_may_become_slow_and_fast_again() -> None:
    compression = Compression()
    sent(compression, 50, lambda _: 0.1)
    chosen = sent(compression, CALM + 1, lambda compressed: 0.2 if compressed else 1.0)
    assert (chosen[0], chosen[-1]) == (False, True)
    chosen = sent(compression, 2 * CALM, lambda _: 0.1)
    assert (chosen[0], chosen[-1]) == (True, False)


def test_small_requests_tell_nothing() -> None:
    compression = Compression()
    for _ in range(100):
        assert not compression.choose(WORTH - 1)
        compression.learn(WORTH - 1, 10.0, compressed=False)
    assert not compression.on


def test_a_try_that_was_not_answered_is_made_again() -> None:
    compression = Compression()
    sent(compression, EAGER - 1, lambda _: 1.0)
    assert compression.choose(SIZE)
    assert not compression.choose(SIZE), "one try at a time"
    compression.forget()
    assert compression.choose(SIZE)
    compression.learn(SIZE, 0.1, compressed=True)
    assert compression.on


@given(st.lists(st.tuples(st.integers(0, 2 * SIZE), st.floats(0, 1e6), st.booleans())))
def test_any_course_of_things_leaves_a_choice(course: list[tuple[int, float, bool]]) -> None:
    compression = Compression()
    for size, seconds, answered in course:
        compressed = compression.choose(size)
        if answered:
            compression.learn(size, seconds, compressed=compressed)
        else:
            compression.forget()
    assert compression.on in {True, False}


@pytest.mark.system
@pytest.mark.parametrize(("asked", "compressed"), [("on", True), ("off", False), (True, True), (False, False)])
async def test_what_is_asked_for_is_done(
    proxy: Proxy,
    settings: InfluxSettings,
    asked: object,
    compressed: bool,  # noqa: FBT001 - a table
) -> None:
    asking = InfluxSettings(url=proxy.url, bucket=settings.bucket, gzip=asked)
    async with create(asking) as store:
        rows = [sample("f/l/e/s", at(n), value=n) for n in range(1000)]
        await store.write(batch(*rows), Position("spool", 1))
        assert_samples(await stored(store, ["f/l/e/s"]), *rows)
    body = proxy.writes[-2].body
    assert (proxy.writes[-2].headers.get("Content-Encoding") == "gzip") is compressed
    assert (gzip.decompress(body) if compressed else body).startswith(b"sample,equipment=e,")
    late = proxy.writes[-1].body
    assert (gzip.decompress(late) if compressed else late).startswith(b"sample_late,")


@pytest.mark.system
async def test_a_slow_link_is_compressed_for(influx: InfluxServer, settings: InfluxSettings) -> None:
    async with Proxy(influx.url) as proxy, Relay(int(proxy.url.rpartition(":")[2])) as link:
        link.narrow(2_000_000)
        slow = settings.model_copy(update={"url": f"http://127.0.0.1:{link.port}"})
        async with create(slow) as store:
            for number in range(EAGER + 4):
                rows = [sample("f/l/e/s", at(number, ns=n), value=n / 7) for n in range(600)]
                await store.write(batch(*rows), Position("spool", number))
    chosen = [request.headers.get("Content-Encoding") == "gzip" for request in proxy.writes]
    assert not chosen[0]
    assert chosen[-1]
    assert len(proxy.writes[-1].body) < len(proxy.writes[0].body) / 3
