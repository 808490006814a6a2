"""How many series a bucket may hold: samples of new signals beyond it never reach the server."""

from uuid import uuid4

import polars as pl
import pytest

from adapters.stores.contract import Position, Prepares
from adapters.stores.influxdb import create, encode
from adapters.stores.influxdb.settings import InfluxSettings
from tests.adapters.influxdb.proxy import QUERY, Proxy, Reply
from tests.conformance.store import NOON, assert_samples, at, batch, sample, stored
from tests.servers.influxdb import InfluxServer

pytestmark = pytest.mark.system

POSITION = Position("spool", 1)


def rows(*names: str, second: int = 0) -> list[dict[str, object]]:
    return [sample(f"f/l/e/{name}", at(second), value=1) for name in names]


def limited(settings: InfluxSettings, limit: int, **keys: str) -> InfluxSettings:
    return settings.model_copy(update={"max_series": limit, **keys})


async def test_new_signals_beyond_the_limit_are_refused(influx: InfluxServer, settings: InfluxSettings) -> None:
    async with create(limited(settings, 3)) as store:
        assert (await store.write(batch(*rows("a", "b")), POSITION)).is_empty()
        refused = await store.write(batch(*rows("b", "c", "d", "e", second=1)), POSITION)
        assert sorted(refused["signal"]) == ["f/l/e/d", "f/l/e/e"]
        assert "holds 3 already, of `max_series: 3`; raise it" in refused["reason"][0]
        assert b"sample,equipment=e,factory=f,line=l,signal=d int=1i" in min(refused["payload"])
        assert (await store.write(batch(*rows("a", "b", "c", second=2)), POSITION)).is_empty()
        assert (await store.write(batch(*rows("d", second=3)), POSITION)).height == 1
    held = await influx.query('SHOW SERIES FROM "sample"', settings.bucket)
    assert sorted(row["key"].rpartition("=")[2] for row in held) == ["a", "b", "c"]


async def test_what_was_worked_on_ahead_counts_no_less_and_is_not_done_again(
    influx: InfluxServer, settings: InfluxSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples = batch(*rows("a", "b", "c", "d", "e"))
    storable, done = encode.storable, []

    def counted(batch: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        done.append(batch)
        return storable(batch)

    monkeypatch.setattr(encode, "storable", counted)
    async with create(limited(settings, 3)) as store:
        assert isinstance(store, Prepares)
        await store.prepare(samples)
        assert (await store.write(samples, POSITION)).height == 2
    assert len(done) == 1
    assert len(await influx.query('SHOW SERIES FROM "sample"', settings.bucket)) == 3


async def test_signals_that_the_bucket_has_are_stored_whatever_the_limit(settings: InfluxSettings) -> None:
    async with create(settings) as store:
        await store.write(batch(*rows("a", "b", "c", "ü, =")), POSITION)
    async with create(limited(settings, 5)) as store:
        refused = await store.write(batch(*rows("c", "x", "y", "ü, =", second=1)), POSITION)
        assert refused["signal"].to_list() == ["f/l/e/y"]
        known = ["f/l/e/c", "f/l/e/x", "f/l/e/ü, ="]
        assert_samples(await stored(store, known, NOON.replace(second=1)), *rows("c", "x", "ü, =", second=1))


async def test_another_programs_series_in_the_bucket_count_too(influx: InfluxServer, settings: InfluxSettings) -> None:
    async with create(limited(settings, 2)) as store:
        await influx.write(settings.bucket, f"sample,factory=f,line=l,equipment=e,signal=other status=0i {at()}")
        assert (await store.write(batch(*rows("a", "b", second=1)), POSITION))["signal"].to_list() == ["f/l/e/b"]


async def test_the_server_is_asked_once(proxy: Proxy, settings: InfluxSettings) -> None:
    async with create(limited(settings, 100, url=proxy.url)) as store:
        for second in range(5):
            await store.write(batch(*rows("a", "b", f"s{second}", second=second)), POSITION)
    asked = [request.params["q"] for request in proxy.requests if "SERIES" in request.params.get("q", "")]
    assert asked == ['SHOW SERIES EXACT CARDINALITY FROM "sample"']


@pytest.mark.parametrize("version", ["v2.0.4", "3.4.0"])
async def test_a_server_that_does_not_count(influx: InfluxServer, version: str) -> None:
    bucket = f"park_{uuid4().hex}"
    await influx.query(f"CREATE DATABASE {bucket}")
    unknown = Reply(200, b'{"results":[{"statement_id":0,"error":"statement not supported: SHOW SERIES CARDINALITY"}]}')
    async with Proxy(influx.url) as proxy:
        proxy.version = version
        proxy.rule = lambda asked: unknown if asked.path == QUERY and "CARDINALITY" in asked.params["q"] else None
        async with create(InfluxSettings(url=proxy.url, bucket=bucket, max_series=2)) as store:
            assert (await store.write(batch(*rows("a")), POSITION)).is_empty()
            assert (await store.write(batch(*rows("b", "c", second=1)), POSITION))["signal"].to_list() == ["f/l/e/c"]
        async with create(InfluxSettings(url=proxy.url, bucket=bucket, max_series=2)) as store:
            refused = await store.write(batch(*rows("x", second=2)), POSITION)
            assert refused.height == (0 if version.startswith("3") else 1), "3.x counts what this store has written"
