"""What a person's command makes and changes; opening a store changes nothing that is there.

1.x is the real server. What 2.x and 3.x answer is as their references say: docs.influxdata.com/influxdb/v2/api
(buckets, dbrps), docs.influxdata.com/influxdb3/core/admin/databases, `influxdb3_server/src/system_tables/databases.rs`.
"""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from adapters.stores.contract import SetUp, StoreRefusedError, StoreUnavailableError
from adapters.stores.influxdb import create
from adapters.stores.influxdb.settings import InfluxSettings
from tests.adapters.influxdb.proxy import QUERY, WRITE, Proxy, Reply, Request
from tests.servers.influxdb import InfluxServer

pytestmark = pytest.mark.system

DONE = "a write would be taken, and questions are answered"


async def set_up(settings: InfluxSettings, **keys: Any) -> list[str]:
    """Set up; give what is told, without its last line."""
    store = create(InfluxSettings(**(settings.model_dump(exclude_unset=True) | keys)))
    assert isinstance(store, SetUp)
    *told, last = await store.set_up()
    assert last == DONE
    return told


async def policies(influx: InfluxServer, database: str) -> dict[str, tuple[str, str]]:
    """Give how long each retention policy keeps, and what a shard covers."""
    rows = await influx.query(f'SHOW RETENTION POLICIES ON "{database}"')
    return {row["name"]: (row["duration"], row["shardGroupDuration"]) for row in rows}


# 1.x


async def test_a_database_is_made_as_asked(influx: InfluxServer, settings: InfluxSettings) -> None:
    told = await set_up(settings, retention="30 d", shard="1 d")
    assert told == [f"database {settings.bucket!r}: made", "retention policy 'autogen': there, keeps 30 d"]
    assert await policies(influx, settings.bucket) == {"autogen": ("720h0m0s", "24h0m0s")}
    assert await set_up(settings, retention="30 d", shard="1 d") == [
        f"database {settings.bucket!r}: there",
        "retention policy 'autogen': there, keeps 30 d",
    ]


async def test_a_retention_policy_is_made_as_asked(influx: InfluxServer, settings: InfluxSettings) -> None:
    bucket = f"{settings.bucket}/five years"
    told = await set_up(settings, bucket=bucket, retention="1825 d")
    assert told[0] == f"database {settings.bucket!r}: made"
    assert (await policies(influx, settings.bucket))["five years"] == ("43800h0m0s", "168h0m0s")
    assert await set_up(settings, bucket=f"{settings.bucket}/a year", retention="365 d") == [
        f"database {settings.bucket!r}: there",
        "retention policy 'a year': made, keeps 365 d",
    ]


async def test_what_differs_is_changed_and_told(influx: InfluxServer, settings: InfluxSettings) -> None:
    await set_up(settings)
    assert await policies(influx, settings.bucket) == {"autogen": ("0s", "168h0m0s")}
    assert (await set_up(settings, retention="1 d"))[1:] == [
        "retention policy 'autogen': keeps 1 d, before for ever; what is older is dropped",
        "new shards cover 1 h, those before 7 d",
    ]
    assert await policies(influx, settings.bucket) == {"autogen": ("24h0m0s", "1h0m0s")}
    assert (await set_up(settings, retention="60 d"))[1:] == ["retention policy 'autogen': keeps 60 d, before 1 d"]
    assert (await set_up(settings, retention="forever", shard="2 d"))[1:] == [
        "retention policy 'autogen': keeps for ever, before 60 d",
        "new shards cover 2 d, those before 1 h",
    ]
    assert await policies(influx, settings.bucket) == {"autogen": ("0s", "48h0m0s")}
    assert (await set_up(settings))[1:] == ["retention policy 'autogen': there, keeps for ever"]


async def test_opening_changes_nothing_that_is_there(influx: InfluxServer, settings: InfluxSettings) -> None:
    await set_up(settings, retention="60 d")
    async with create(InfluxSettings(url=influx.url, bucket=settings.bucket, retention="1 d")) as store:
        await store.check()
    assert (await policies(influx, settings.bucket))["autogen"][0] == "1440h0m0s"


async def test_opening_makes_what_is_missing_as_asked(influx: InfluxServer, settings: InfluxSettings) -> None:
    async with create(InfluxSettings(url=influx.url, bucket=settings.bucket, retention="12 h")):
        assert await policies(influx, settings.bucket) == {"autogen": ("12h0m0s", "1h0m0s")}


async def test_credentials_that_do_not_suffice_are_told_with_those_that_do(tmp_path: Path) -> None:
    async with InfluxServer(tmp_path, admin=("admin", "secret")) as influx:
        await influx.query("CREATE USER reader WITH PASSWORD 'secret'")
        with pytest.raises(StoreRefusedError, match="ALL PRIVILEGES"):
            await set_up(InfluxSettings(url=influx.url, user="reader", password="secret"), retention="1 d")
        told = await set_up(InfluxSettings(url=influx.url, user="admin", password="secret"), retention="1 d")
        assert told[0] == "database 'parkline': made"


async def test_nobody_there(unused_tcp_port: int) -> None:
    with pytest.raises(StoreUnavailableError, match="is it running"):
        await set_up(InfluxSettings(url=f"http://127.0.0.1:{unused_tcp_port}"))


# 2.x


class Second:
    """Buckets and mappings of 2.x; questions and lines go to a database of 1.6."""

    def __init__(self) -> None:
        self.bucket: dict[str, Any] | None = None
        self.mappings: list[dict[str, Any]] = []
        self.asked: list[tuple[str, str, Any]] = []
        self.status = 200

    def __call__(self, request: Request) -> Reply | None:
        if request.path == WRITE:
            return self._write(request)
        if request.path == "/api/v2/orgs":
            return Reply(200, b'{"orgs":[{"id":"0a"}]}')
        if request.method == "GET" and request.path.startswith("/api/v2/"):
            mapped = request.path == "/api/v2/dbrps"
            listed = {"content": self.mappings} if mapped else {"buckets": [self.bucket] if self.bucket else []}
            return Reply(200, json.dumps(listed).encode())
        return self._change(request) if request.path.startswith("/api/v2/") else None

    def _write(self, request: Request) -> Reply | None:
        if self.bucket is None:
            return Reply(404, b'{"code":"not found","message":"bucket not found"}')
        return None if request.body else Reply(400, b'{"code":"invalid","message":"writing requires points"}')

    def _change(self, request: Request) -> Reply:
        body = json.loads(request.body)
        self.asked.append((request.method, request.path, body))
        if self.status != 200:
            return Reply(self.status, b'{"code":"forbidden","message":"insufficient permissions"}')
        match request.method, request.path:
            case "POST", "/api/v2/buckets":
                self.bucket = {"id": "0b", **body}
            case "PATCH", "/api/v2/buckets/0b":
                assert self.bucket is not None
                self.bucket |= body
            case "POST", "/api/v2/dbrps":
                self.mappings.append({"id": "0c", "virtual": False, **body})
            case "PATCH", path:
                next(one for one in self.mappings if path.endswith(one["id"]))["default"] = True
        return Reply(201 if request.method == "POST" else 200, b"{}")


@pytest.fixture
async def second(influx: InfluxServer, settings: InfluxSettings) -> AsyncIterator[tuple[Second, InfluxSettings]]:
    """What the proxy answers as 2.x, and settings for it."""
    await influx.query(f'CREATE DATABASE "{settings.bucket}"')
    stand = Second()
    async with Proxy(influx.url) as proxy:
        proxy.rule, proxy.version = stand, "v2.7.11"
        yield stand, InfluxSettings(url=proxy.url, token="the-token", org="works", bucket=settings.bucket)


def mapping(settings: InfluxSettings, **keys: Any) -> dict[str, Any]:
    """Give a mapping of the bucket."""
    named = {"database": settings.bucket, "retention_policy": "autogen", "default": True}
    return {"id": "0d", "orgID": "0a", "bucketID": "0b", "virtual": False, **named, **keys}


async def test_a_bucket_and_its_mapping_are_made(second: tuple[Second, InfluxSettings]) -> None:
    stand, settings = second
    told = await set_up(settings, retention="30 d", shard="1 d")
    assert told == [
        f"bucket {settings.bucket!r}: made, keeps 30 d",
        f"mapping of {settings.bucket!r}, 'autogen': made",
    ]
    rules = [{"type": "expire", "everySeconds": 2_592_000, "shardGroupDurationSeconds": 86_400}]
    named = {"database": settings.bucket, "retention_policy": "autogen", "default": True}
    assert stand.asked == [
        ("POST", "/api/v2/buckets", {"orgID": "0a", "name": settings.bucket, "retentionRules": rules}),
        ("POST", "/api/v2/dbrps", {"orgID": "0a", "bucketID": "0b", **named}),
    ]
    stand.asked.clear()
    assert await set_up(settings, retention="30 d", shard="1 d") == [
        f"bucket {settings.bucket!r}: there, keeps 30 d",
        f"mapping of {settings.bucket!r}, 'autogen': there",
    ]
    assert stand.asked == []


async def test_the_rules_of_a_bucket_are_changed(second: tuple[Second, InfluxSettings]) -> None:
    stand, settings = second
    stand.mappings = [mapping(settings, virtual=True)]
    stand.bucket = {"id": "0b", "retentionRules": []}
    assert (await set_up(settings, retention="2 d"))[0].endswith("keeps 2 d, before for ever; what is older is dropped")
    assert (await set_up(settings, retention="forever"))[0].endswith("keeps for ever, before 2 d")
    assert (await set_up(settings))[0].endswith("there, keeps for ever")
    assert [body for _, _, body in stand.asked] == [
        {"retentionRules": [{"type": "expire", "everySeconds": 172_800}]},
        {"retentionRules": []},
    ]


async def test_a_mapping_that_is_not_the_default_becomes_it(second: tuple[Second, InfluxSettings]) -> None:
    stand, settings = second
    stand.bucket = {"id": "0b", "retentionRules": []}
    stand.mappings = [mapping(settings, default=False)]
    assert (await set_up(settings))[1].endswith("the default now")
    assert stand.asked == [("PATCH", "/api/v2/dbrps/0d", {"default": True})]


async def test_a_mapping_to_another_bucket_is_left_alone(second: tuple[Second, InfluxSettings]) -> None:
    stand, settings = second
    stand.bucket = {"id": "0b", "retentionRules": []}
    stand.mappings = [mapping(settings, bucketID="0f")]
    with pytest.raises(StoreRefusedError, match="influx v1 dbrp delete --id 0d"):
        await set_up(settings)
    assert stand.asked == []


async def test_a_token_that_does_not_suffice(second: tuple[Second, InfluxSettings]) -> None:
    stand, settings = second
    stand.bucket, stand.status = {"id": "0b", "retentionRules": []}, 403
    with pytest.raises(StoreRefusedError, match="all-access `token`"):
        await set_up(settings, retention="2 d")


# 3.x


@pytest.fixture
async def third(influx: InfluxServer, settings: InfluxSettings) -> AsyncIterator[tuple[dict[str, Any], InfluxSettings]]:
    """Databases of 3.x with their retention period in nanoseconds, and settings for it."""
    await influx.query(f'CREATE DATABASE "{settings.bucket}"')
    kept: dict[str, Any] = {"other": None}

    def rule(request: Request) -> Reply | None:
        if request.path == "/api/v3/query_sql":
            assert request.params["db"] == "_internal"
            rows = [{"database_name": name, "retention_period_ns": period} for name, period in kept.items()]
            return Reply(200, json.dumps(rows).encode())
        if request.path == "/api/v3/configure/database":
            body = json.loads(request.body)
            period = body.get("retention_period")
            kept[body["db"]] = None if period is None else int(period.removesuffix("s")) * 10**9
            return Reply(200)
        if request.path == "/api/v3/write_lp" and not request.body:
            return Reply(400, b"incoming write was empty")
        if request.path == QUERY and settings.bucket not in kept:
            return Reply(200, b'{"results":[{"statement_id":0,"error":"database not found: park"}]}')
        return None

    async with Proxy(influx.url) as proxy:
        proxy.rule, proxy.version = rule, "3.4.0"
        yield kept, InfluxSettings(url=proxy.url, token="the-token", bucket=settings.bucket)


async def test_a_database_of_3_is_made(third: tuple[dict[str, Any], InfluxSettings]) -> None:
    kept, settings = third
    assert await set_up(settings, retention="30 d") == [f"database {settings.bucket!r}: made, keeps 30 d"]
    assert kept[settings.bucket] == 30 * 86_400 * 10**9
    assert await set_up(settings, retention="30 d") == [f"database {settings.bucket!r}: there, keeps 30 d"]
    assert await set_up(settings) == [f"database {settings.bucket!r}: there, keeps 30 d"]


async def test_opening_a_store_makes_the_database_of_3_as_asked(third: tuple[dict[str, Any], InfluxSettings]) -> None:
    kept, settings = third
    async with create(InfluxSettings(**(settings.model_dump(exclude_unset=True) | {"retention": "2 d"}))):
        assert kept[settings.bucket] == 2 * 86_400 * 10**9


async def test_a_retention_period_of_3_is_not_changed(third: tuple[dict[str, Any], InfluxSettings]) -> None:
    kept, settings = third
    kept[settings.bucket] = None
    with pytest.raises(
        StoreRefusedError, match=r"keeps for ever, not 30 d; .*--retention-period 2592000s.*Core cannot"
    ):
        await set_up(settings, retention="30 d")
