"""Whatever a version stores of a piece with bad lines, and whatever it tells of them: exactly the bad lines come back.

The stand-ins answer as the versions are documented to, and as their sources say:

    1.x              docs.influxdata.com/influxdb/v1/troubleshooting/errors; `models/points.go`, `tsdb/shard.go`
    2.x              docs.influxdata.com/influxdb/v2/write-data/troubleshoot
    3 Core           docs.influxdata.com/influxdb3/core/write-data/http-api/v3-write-lp; `influxdb3_server/src/http.rs`
    3 Clustered      docs.influxdata.com/influxdb3/clustered/write-data/troubleshoot
"""

import json
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import polars as pl
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from adapters.stores.contract import Position, StoreRefusedError, StoreUnavailableError
from adapters.stores.influxdb import create, encode, writer
from adapters.stores.influxdb.answers import Answer
from adapters.stores.influxdb.pace import Pace
from adapters.stores.influxdb.settings import InfluxSettings
from tests.adapters.influxdb.proxy import WRITE, Proxy, Reply, Request
from tests.conformance.store import assert_samples, at, batch, sample, stored
from tests.servers.influxdb import InfluxServer

WRITE_3 = "/api/v3/write_lp"
CONFLICT = (
    'field type conflict: input field "text" on measurement "sample" is type string, already exists as type float'
)

Says: TypeAlias = Callable[[Sequence[bytes], Sequence[int]], tuple[int, dict[str, Any], bool]]
"""What a version says of lines of which some (by index) are bad: status, body, and whether it stored the others."""


def first(lines: Sequence[bytes], bad: Sequence[int]) -> tuple[int, dict[str, Any], bool]:
    """1.x, lines of another type."""
    del lines
    return 400, {"error": f"partial write: {CONFLICT} dropped={len(bad)}"}, True


def first_unreadable(lines: Sequence[bytes], bad: Sequence[int]) -> tuple[int, dict[str, Any], bool]:
    """1.x, lines that it cannot read: they are not counted."""
    said = "\n".join(f"unable to parse '{lines[index].decode()}': invalid number" for index in bad)
    some = len(bad) < len(lines)
    return 400, {"error": f"partial write: {said} dropped=0" if some else said}, True


def second(lines: Sequence[bytes], bad: Sequence[int]) -> tuple[int, dict[str, Any], bool]:
    """2.x, lines of another type."""
    del lines
    said = f"failure writing points to database: partial write: {CONFLICT} dropped={len(bad)}"
    return 422, {"code": "unprocessable entity", "message": said}, True


def second_unreadable(lines: Sequence[bytes], bad: Sequence[int]) -> tuple[int, dict[str, Any], bool]:
    """2.x, lines that it cannot read: it stores none."""
    return 400, {"code": "invalid", "message": f"unable to parse '{lines[bad[0]].decode()}': missing fields"}, False


def third(lines: Sequence[bytes], bad: Sequence[int]) -> tuple[int, dict[str, Any], bool]:
    """3 Core and Enterprise."""
    said = "invalid column type for column 'text', expected iox::column_type::field::float, got …::string"
    data = [
        {"original_line": lines[index].decode()[:20], "line_number": index + 1, "error_message": said} for index in bad
    ]
    return 400, {"error": "partial write of line protocol occurred", "data": data}, True


def third_without_lines(lines: Sequence[bytes], bad: Sequence[int]) -> tuple[int, dict[str, Any], bool]:
    """3 Core at the endpoint of 2.x, in some of its versions."""
    del lines, bad
    return 500, {"code": "internal error", "message": "partial write of line protocol occurred"}, True


def third_clustered(lines: Sequence[bytes], bad: Sequence[int]) -> tuple[int, dict[str, Any], bool]:
    """3 Clustered where partial writes are off: at most 100 lines are named, and none is stored."""
    del lines
    named = "\n".join(f"error parsing line {index + 1} (1-based): No fields were provided" for index in bad[:100])
    said = f"failed to parse line protocol: errors encountered on line(s):\n{named}"
    return 400, {"code": "invalid", "line": bad[0] + 1, "message": said}, False


def third_miscounting(lines: Sequence[bytes], bad: Sequence[int]) -> tuple[int, dict[str, Any], bool]:
    """One that numbers lines from 0, as early 3 Core did with some errors."""
    status, body, stores = third(lines, bad)
    for line in body["data"]:
        line["line_number"] -= 1
    return status, body, stores


def third_shifted(lines: Sequence[bytes], bad: Sequence[int]) -> tuple[int, dict[str, Any], bool]:
    """One that names another line that is there, as it would if it counted line ends in texts."""
    status, body, stores = third(lines, bad)
    for line in body["data"]:
        line["line_number"] = line["line_number"] % len(lines) + 1
    return status, body, stores


VERSIONS = [
    first,
    first_unreadable,
    second,
    second_unreadable,
    third,
    third_without_lines,
    third_clustered,
    third_miscounting,
    third_shifted,
]


class Standing:
    """A server that takes lines as a version does; those with the word `bad` are bad."""

    name = "influxdb"
    settings = InfluxSettings()
    later, forbids = staticmethod(StoreUnavailableError), staticmethod(StoreRefusedError)

    def __init__(self, says: Says) -> None:
        self.pace = Pace(encode.PIECE, 10)
        self.stored: set[bytes] = set()
        self.requests = 0
        self._says = says

    async def write(self, body: bytes, unit: str) -> Answer:
        del unit
        self.requests += 1
        lines = body.splitlines()
        bad = [index for index, line in enumerate(lines) if b"bad" in line]
        if not bad:
            self.stored.update(lines)
            return Answer(204, {}, b"")
        status, told, others = self._says(lines, bad)
        if others:
            self.stored.update(line for index, line in enumerate(lines) if index not in bad)
        return Answer(status, {}, json.dumps(told).encode())


async def written(server: Standing, bad: set[int], count: int) -> set[int]:
    """Write `count` samples, some of them bad; give the bad ones that come back, all others being stored."""
    rows, _ = encode.storable(batch(*(sample("f/l/e/s", n, value="bad" if n in bad else "good") for n in range(count))))
    reasons = await writer.write(writer.task_of_samples(server, rows))  # type: ignore[arg-type] # what it uses is there
    good = {line for line in encode.sample_body(encode.sample_lines(rows)).splitlines() if b"bad" not in line}
    assert server.stored == good
    assert all(reason.startswith("HTTP ") for reason in reasons.values())
    return set(rows.filter(pl.col("row").is_in(list(reasons)))["time"].to_physical())


@pytest.mark.parametrize("says", VERSIONS)
@given(lines=st.lists(st.booleans(), min_size=1, max_size=60))
@hypothesis_settings(max_examples=30)
async def test_exactly_the_bad_lines_come_back(says: Says, lines: list[bool]) -> None:
    bad = {n for n, is_bad in enumerate(lines) if is_bad}
    assert await written(Standing(says), bad, len(lines)) == bad


@pytest.mark.parametrize(("says", "requests"), [(third, 3), (third_clustered, 3), (first, 60), (third_shifted, 60)])
async def test_a_few_bad_lines_cost_a_few_requests(says: Says, requests: int) -> None:
    server = Standing(says)
    bad = {0, 777, 778, 1999}
    assert await written(server, bad, 2000) == bad
    assert server.requests <= requests


async def test_more_bad_lines_than_are_named_come_back_too() -> None:
    server = Standing(third_clustered)
    bad = set(range(0, 1000, 4))
    assert await written(server, bad, 1000) == bad
    assert server.requests <= 10


@pytest.mark.parametrize("says", VERSIONS)
async def test_lines_that_are_all_bad_all_come_back(says: Says) -> None:
    bad = set(range(300))
    assert await written(Standing(says), bad, 300) == bad


# Over HTTP, the good lines in a real InfluxDB.


@pytest.mark.system
@pytest.mark.parametrize(
    ("version", "path", "says"),
    [
        ("v2.7.11", WRITE, second),
        ("v2.7.11", WRITE, second_unreadable),
        ("3.4.0", WRITE_3, third),
        ("3.0.0", WRITE, third_clustered),
    ],
)
async def test_a_version_over_http(influx: InfluxServer, version: str, path: str, says: Says) -> None:
    bucket = f"bad_lines_{path.count('/')}_{says.__name__}"
    await influx.query(f"CREATE DATABASE {bucket}")
    taken: list[bytes] = []

    def rule(request: Request) -> Reply | None:
        if request.path not in {WRITE, WRITE_3}:
            return None
        if request.path != path:
            return Reply(404, b"not found")
        if not request.body:
            return Reply(400, b"incoming write was empty" if version.startswith("3") else b'{"message":"no points"}')
        if request.body.startswith(b"sample_late,"):
            return Reply(204)
        lines = request.body.splitlines()
        bad = [index for index, line in enumerate(lines) if b"bad" in line]
        status, told, others = says(lines, bad) if bad else (204, {}, True)
        if others:
            taken.extend(line for index, line in enumerate(lines) if index not in bad)
        return Reply(status, json.dumps(told).encode() if bad else b"")

    rows = [sample("f/l/e/s", at(n), value="bad" if n % 17 == 3 else "good") for n in range(400)]
    good, bad = ([row for row in rows if row["text"] == word] for word in ("good", "bad"))
    async with Proxy(influx.url) as proxy:
        proxy.rule, proxy.version = rule, version
        settings = InfluxSettings(url=proxy.url, bucket=bucket, gzip="off", token="the-token", org="works")
        async with create(settings) as store:
            refused = await store.write(batch(*rows), Position("spool", 1))
            await influx.write(bucket, "\n".join(line.decode() + "000000" for line in taken))
            assert refused["received"].to_list() == batch(*bad)["received"].to_list()
            assert_samples(await stored(store, ["f/l/e/s"]), *good)
        asked = [request.params for request in proxy.requests if request.path == path and request.body]
        asked = asked[:-1]  # the last one notes the hour that came late, in nanoseconds
    if path == WRITE:
        assert all(params == {"org": "works", "bucket": bucket, "precision": "ms"} for params in asked)
    else:
        assert all(params == {"db": bucket, "precision": "millisecond", "accept_partial": "true"} for params in asked)


@pytest.mark.system
@pytest.mark.parametrize("bad", [{0}, {399}, {7, 8, 200}, set(range(0, 400, 3)), set(range(400))])
async def test_on_a_real_server(influx: InfluxServer, settings: InfluxSettings, bad: set[int]) -> None:
    async with create(settings) as store:
        await influx.write(settings.bucket, f'sample,signal=x float="text" {at()}')
        rows = [sample("f/l/e/s", at(n), value=n / 2 if n in bad else n) for n in range(400)]
        refused = await store.write(batch(*rows), Position("spool", 1))
        assert refused["received"].to_list() == batch(*(rows[n] for n in sorted(bad)))["received"].to_list()
        assert_samples(await stored(store, ["f/l/e/s"]), *(row for n, row in enumerate(rows) if n not in bad))
