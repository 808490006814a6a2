"""Who the server is, how one logs in, and what is made that is missing.

Debian has InfluxDB 1.6 alone. What 2.x and 3.x do otherwise is answered by the proxy, as their references say; lines
and questions go on to the real server.
"""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from adapters.stores.contract import Position, StoreRefusedError, StoreUnavailableError
from adapters.stores.influxdb import create
from adapters.stores.influxdb.settings import InfluxSettings
from tests.adapters.influxdb.proxy import QUERY, WRITE, Proxy, Reply, Request, Rule
from tests.conformance.store import Place, StoreConformance, assert_samples, at, batch, sample, stored
from tests.servers.influxdb import InfluxServer

pytestmark = pytest.mark.system

ROW = sample("f/l/e/s", at(), value=1)
POSITION = Position("spool", 1)
NOT_FOUND = Reply(404, b"404 page not found\n", {"X-Influxdb-Version": ""})


async def works(settings: InfluxSettings) -> None:
    async with create(settings) as store:
        await store.check()
        assert (await store.write(batch(ROW), POSITION)).is_empty()
        assert_samples(await stored(store, ["f/l/e/s"]), ROW)


# Who it is.


@pytest.mark.parametrize("hidden", [(), ("/ping",), ("/health",), ("/ping", "/health")])
async def test_the_version_is_found_behind_a_proxy(
    proxy: Proxy, settings: InfluxSettings, hidden: tuple[str, ...]
) -> None:
    proxy.rule = lambda request: NOT_FOUND if request.path in hidden else None
    await works(settings.model_copy(update={"url": proxy.url}))


async def test_another_web_server_is_refused(proxy: Proxy) -> None:
    proxy.rule = lambda _: Reply(200, b"<html>It works!</html>", {"Content-Type": "text/html"})
    with pytest.raises(StoreRefusedError, match="does not say that it is an InfluxDB"):
        await works(InfluxSettings(url=proxy.url))


async def test_a_server_that_is_not_ready_is_waited_for(proxy: Proxy) -> None:
    proxy.rule = lambda _: Reply(503, b"starting", {"Retry-After": "2"})
    with pytest.raises(StoreUnavailableError, match="starting") as caught:
        await works(InfluxSettings(url=proxy.url))
    assert caught.value.retry_after == 2.0


async def test_a_path_in_the_address_is_kept(proxy: Proxy, settings: InfluxSettings) -> None:
    proxy.prefix = "/influx"
    await works(settings.model_copy(update={"url": f"{proxy.url}/influx/"}))


async def test_an_authority_that_cannot_be_read_is_named(settings: InfluxSettings, tmp_path: Path) -> None:
    with pytest.raises(StoreRefusedError, match=r"missing\.pem"):
        await works(settings.model_copy(update={"ca": tmp_path / "missing.pem"}))


# 1.x


async def test_a_missing_database_is_made(influx: InfluxServer, settings: InfluxSettings) -> None:
    await works(settings)
    assert {"name": settings.bucket} in await influx.query("SHOW DATABASES")


async def test_a_missing_database_is_asked_for(influx: InfluxServer, settings: InfluxSettings) -> None:
    reticent = settings.model_copy(update={"create": False})
    with pytest.raises(StoreRefusedError, match=f'CREATE DATABASE "{settings.bucket}"') as caught:
        await works(reticent)
    assert "influx -execute" in str(caught.value)
    assert {"name": settings.bucket} not in await influx.query("SHOW DATABASES")
    await influx.query(f'CREATE DATABASE "{settings.bucket}"')
    await works(reticent)


async def test_a_missing_retention_policy_is_made(influx: InfluxServer, settings: InfluxSettings) -> None:
    await works(settings)
    other = settings.model_copy(update={"bucket": f"{settings.bucket}/five years"})
    with pytest.raises(StoreRefusedError, match='CREATE RETENTION POLICY "five years"'):
        await works(other.model_copy(update={"create": False}))
    await works(other)
    policies = await influx.query(f'SHOW RETENTION POLICIES ON "{settings.bucket}"')
    assert [policy["name"] for policy in policies] == ["autogen", "five years"]
    shards = await influx.query("SHOW SHARDS")
    assert any((shard["database"], shard["retention_policy"]) == (settings.bucket, "five years") for shard in shards)


async def test_a_database_that_was_dropped_is_made_again_when_asked(
    influx: InfluxServer, settings: InfluxSettings
) -> None:
    async with create(settings) as store:
        await influx.query(f'DROP DATABASE "{settings.bucket}"')
        with pytest.raises(StoreRefusedError, match="CREATE DATABASE"):
            await store.write(batch(ROW), POSITION)
        await store.check()
        assert (await store.write(batch(ROW), POSITION)).is_empty()


@pytest.mark.parametrize("name", ['a"b', "a'b", "压机", "a b; DROP"])
async def test_a_database_may_have_any_name(influx: InfluxServer, name: str) -> None:
    bucket = f"{name} {uuid4().hex}"
    await works(InfluxSettings(url=influx.url, bucket=bucket))
    assert {"name": bucket} in await influx.query("SHOW DATABASES")


async def test_one_logs_in_with_user_and_password(tmp_path: Path) -> None:
    async with InfluxServer(tmp_path, admin=("parkline", "it's a secret")) as influx:
        right = {"user": "parkline", "password": "it's a secret"}
        await works(InfluxSettings(url=influx.url, **right))
        for wrong in ({}, right | {"password": "guessed"}, right | {"user": "nobody"}):
            with pytest.raises(StoreRefusedError, match="`user` and `password`"):
                await works(InfluxSettings(url=influx.url, **wrong))


async def test_batches_may_be_sent_compressed(proxy: Proxy, settings: InfluxSettings) -> None:
    await works(settings.model_copy(update={"url": proxy.url, "gzip": "on"}))
    write = proxy.writes[-1]
    assert write.headers["Content-Encoding"] == "gzip"
    assert write.body.startswith(b"\x1f\x8b")


# 2.x


UNAUTHORIZED = Reply(401, b'{"code":"unauthorized","message":"unauthorized access"}')
FORBIDDEN = Reply(403, b'{"code":"forbidden","message":"insufficient permissions"}')
UNKNOWN = Reply(404, b'{"code":"not found","message":"not found"}')
NO_DATABASE = Reply(200, b'{"results":[{"statement_id":0,"error":"database not found: park"}]}')


class Second:
    """What 2.x has beside lines and questions: organisations, buckets, mappings; each bucket is a database of 1.6."""

    def __init__(self, bucket: str) -> None:
        self.may_create = True
        self.mapped = True
        self.buckets: list[str] = []
        self.mappings: list[dict[str, object]] = []
        self._bucket = bucket
        self._routes: dict[tuple[str, str], Rule] = {
            ("POST", WRITE): self._write,
            ("GET", QUERY): lambda _: None if self.mapped else NO_DATABASE,
            ("GET", "/api/v2/orgs"): self._orgs,
            ("GET", "/api/v2/buckets"): self._found,
            ("POST", "/api/v2/buckets"): self._make_bucket,
            ("POST", "/api/v2/dbrps"): self._map,
        }

    def __call__(self, request: Request) -> Reply | None:
        if request.headers.get("Authorization") != "Token the-token":
            return UNAUTHORIZED
        route = self._routes.get((request.method, request.path))
        return route(request) if route else None

    def _write(self, request: Request) -> Reply | None:
        if request.params["org"] != "works" or request.params["bucket"] not in self.buckets:
            return UNKNOWN
        return None if request.body else Reply(400, b'{"code":"invalid","message":"writing requires points"}')

    def _orgs(self, request: Request) -> Reply:
        return Reply(200, b'{"orgs":[{"id":"0a"}]}') if request.params.get("org") == "works" else UNKNOWN

    def _found(self, request: Request) -> Reply:
        found = [{"id": "0b"} for name in self.buckets if name == request.params["name"]]
        return Reply(200, json.dumps({"buckets": found}).encode())

    def _make_bucket(self, request: Request) -> Reply:
        assert json.loads(request.body) == {"orgID": "0a", "name": self._bucket, "retentionRules": []}
        if self.may_create:
            self.buckets.append(self._bucket)
        return Reply(201, b"{}") if self.may_create else FORBIDDEN

    def _map(self, request: Request) -> Reply:
        self.mappings.append(json.loads(request.body))
        self.mapped = True
        return Reply(201, b"{}")


@pytest.fixture
async def second(influx: InfluxServer, settings: InfluxSettings) -> AsyncIterator[tuple[Second, InfluxSettings]]:
    """What the proxy answers as 2.x, and settings for it."""
    await influx.query(f'CREATE DATABASE "{settings.bucket}"')
    stand = Second(settings.bucket)
    async with Proxy(influx.url) as proxy:
        proxy.rule = stand
        proxy.version = "v2.7.11"
        yield stand, InfluxSettings(url=proxy.url, token="the-token", org="works", bucket=settings.bucket)


async def test_a_missing_bucket_is_made(second: tuple[Second, InfluxSettings]) -> None:
    stand, settings = second
    await works(settings)
    assert stand.buckets == [settings.bucket]
    await works(settings)
    assert stand.buckets == [settings.bucket]
    assert stand.mappings == []


async def test_a_missing_bucket_is_asked_for(second: tuple[Second, InfluxSettings]) -> None:
    stand, settings = second
    asked = f"influx bucket create --name '{settings.bucket}' --org 'works'"
    with pytest.raises(StoreRefusedError, match=asked):
        await works(settings.model_copy(update={"create": False}))
    stand.may_create = False
    with pytest.raises(StoreRefusedError, match=asked) as caught:
        await works(settings)
    assert "insufficient permissions" in str(caught.value)
    assert "the-token" not in str(caught.value)


async def test_a_missing_mapping_is_made(second: tuple[Second, InfluxSettings]) -> None:
    stand, settings = second
    stand.mapped = False
    await works(settings)
    assert stand.mappings == [
        {
            "orgID": "0a",
            "bucketID": "0b",
            "database": settings.bucket,
            "retention_policy": "autogen",
            "default": True,
        }
    ]


async def test_an_organisation_that_is_left_out_is_asked_for(second: tuple[Second, InfluxSettings]) -> None:
    _, settings = second
    with pytest.raises(StoreRefusedError, match=r"2\.x needs `org`"):
        await works(settings.model_copy(update={"org": ""}))


async def test_an_unknown_organisation_is_named(second: tuple[Second, InfluxSettings]) -> None:
    _, settings = second
    with pytest.raises(StoreRefusedError, match=r"'elsewhere'.*check `org`"):
        await works(settings.model_copy(update={"org": "elsewhere"}))


async def test_a_wrong_token_is_refused(second: tuple[Second, InfluxSettings]) -> None:
    _, settings = second
    with pytest.raises(StoreRefusedError, match="check `token`"):
        await works(InfluxSettings(url=settings.url, token="guessed", org="works", bucket=settings.bucket))


# 3.x


class TestAnswersInJson(StoreConformance):
    """As of 3.x, all answers are asked for in JSON."""

    @pytest.fixture
    async def place(self, influx: InfluxServer, settings: InfluxSettings) -> AsyncIterator[Place]:
        await influx.query(f'CREATE DATABASE "{settings.bucket}"')
        async with Proxy(influx.url) as proxy:
            proxy.version = "3.4.0"
            yield lambda: create(settings.model_copy(update={"url": proxy.url, "token": None}))
            formats = {r.headers["Accept"] for r in proxy.requests if r.params.get("q", "").startswith("SELECT")}
            assert formats <= {"application/json"}


async def test_a_missing_database_is_made_before_it_is_asked(
    influx: InfluxServer, proxy: Proxy, settings: InfluxSettings
) -> None:
    made: list[object] = []

    def third(request: Request) -> Reply | None:
        if request.path == "/api/v3/configure/database":
            made.append(json.loads(request.body))
            return Reply(200)
        if request.path == WRITE and not request.body:
            return Reply(400, b'{"error":"nothing to write"}')
        if request.path == QUERY and not made:
            return Reply(200, b'{"results":[{"statement_id":0,"error":"database not found: park"}]}')
        return None

    await influx.query(f'CREATE DATABASE "{settings.bucket}"')
    proxy.rule, proxy.version = third, "3.4.0"
    await works(settings.model_copy(update={"url": proxy.url}))
    assert made == [{"db": settings.bucket}]
