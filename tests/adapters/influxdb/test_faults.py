"""What goes wrong, in the words of the contract: later, forbidden, or bad lines; on the real server."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from polars.testing import assert_frame_equal

from adapters.stores.contract import Position, Store, StoreError, StoreRefusedError, StoreUnavailableError
from adapters.stores.influxdb import create, reader
from adapters.stores.influxdb.settings import InfluxSettings
from tests.adapters.influxdb.proxy import QUERY, WRITE, Proxy, Reply, Request, Rule
from tests.conformance.store import DAY, NOON, assert_samples, at, batch, result, sample, stored, table
from tests.servers.influxdb import InfluxServer

pytestmark = pytest.mark.system

ROWS = [sample("f/l/e/s", at(second), value=second) for second in range(100)]
POSITION = Position("spool", 1)


@pytest.fixture
async def store(proxy: Proxy, settings: InfluxSettings) -> AsyncIterator[Store]:
    """A store that is open, behind the proxy."""
    async with create(settings.model_copy(update={"url": proxy.url})) as store:
        yield store


def always(path: str, reply: Reply) -> Rule:
    return lambda request: reply if request.path == path else None


def poisoned(reply: Reply, word: bytes) -> Rule:
    """Refuse every piece that has the word in it."""
    return lambda request: reply if request.path == WRITE and word in request.body else None


@pytest.mark.parametrize(
    ("reply", "kind", "said"),
    [
        (Reply(401, b'{"code":"unauthorized","message":"unauthorized access"}'), StoreRefusedError, "check"),
        (Reply(403), StoreRefusedError, "rights"),
        (Reply(404, b'{"error":"database not found: \\"park\\""}'), StoreRefusedError, "CREATE DATABASE"),
        (Reply(404, b'{"message":"bucket not found"}'), StoreRefusedError, "CREATE DATABASE"),
        (Reply(405), StoreRefusedError, "url"),
        (Reply(200, b"<html>Please log in</html>"), StoreRefusedError, "url"),
        (Reply(301, headers={"Location": "https://influx.example.com"}), StoreRefusedError, "https://influx.example"),
        (Reply(400, b"<html>plain HTTP request to HTTPS port</html>"), StoreRefusedError, "url"),
        (Reply(400, b'{"error":"max-series-per-database limit exceeded: (5) dropped=1"}'), StoreRefusedError, "limits"),
        (Reply(500, b'{"error":"retention policy not found: x"}'), StoreRefusedError, "CREATE DATABASE"),
        (Reply(429, headers={"Retry-After": "7"}), StoreUnavailableError, "429"),
        (Reply(500, b'{"error":"timeout"}'), StoreUnavailableError, "timeout"),
        (Reply(502, b"<html>Bad Gateway</html>"), StoreUnavailableError, "502"),
        (Reply(503, b'{"message":"overloaded"}'), StoreUnavailableError, "overloaded"),
        (Reply(broken=True), StoreUnavailableError, "no answer"),
        (Reply(500, b"x" * 100, broken=True), StoreUnavailableError, "no answer"),
    ],
)
async def test_an_answer_to_a_write_says_what_to_do(
    proxy: Proxy, store: Store, reply: Reply, kind: type[StoreError], said: str
) -> None:
    proxy.rule = always(WRITE, reply)
    for attempt in (store.write(batch(*ROWS), POSITION), store.write_results(table(result())), store.check()):
        with pytest.raises(kind, match=said) as caught:
            await attempt
        assert caught.value.store == store.name
        if isinstance(caught.value, StoreUnavailableError):
            assert caught.value.retry_after == (7.0 if reply.status == 429 else None)
    proxy.rule = lambda _: None
    await store.check()
    assert (await store.write(batch(*ROWS), POSITION)).is_empty()
    assert_samples(await stored(store, ["f/l/e/s"]), *ROWS)


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(401, b'{"error":"authorization failed"}'), StoreRefusedError),
        (Reply(403), StoreRefusedError),
        (Reply(404, b'{"code":"not found","message":"no dbrp mapping found"}'), StoreRefusedError),
        (Reply(400, b'{"error":"error parsing query"}'), StoreRefusedError),
        (Reply(200, b'{"results":[{"error":"database not found: park"}]}'), StoreRefusedError),
        (Reply(200, b'{"results":[{"error":"max-select-point limit exceeded"}]}'), StoreRefusedError),
        (Reply(200, b'{"results":[{"error":"query killed"}]}'), StoreUnavailableError),
        (Reply(200, b"<html>Please log in</html>"), StoreUnavailableError),
        (Reply(429), StoreUnavailableError),
        (Reply(500), StoreUnavailableError),
        (Reply(503), StoreUnavailableError),
        (Reply(broken=True), StoreUnavailableError),
    ],
)
async def test_an_answer_to_a_question_says_what_to_do(
    proxy: Proxy, store: Store, reply: Reply, kind: type[StoreError]
) -> None:
    proxy.rule = always(QUERY, reply)
    with pytest.raises(kind):
        await stored(store, ["f/l/e/s"])
    with pytest.raises(kind):
        await store.last(["f/l/e/s"], NOON)
    with pytest.raises(kind):
        await store.results(start=NOON, end=NOON + DAY)


async def test_an_answer_that_does_not_come_is_waited_for_no_longer_than_was_said(
    proxy: Proxy, settings: InfluxSettings
) -> None:
    impatient = settings.model_copy(update={"url": proxy.url, "timeout": timedelta(seconds=2)})
    async with create(impatient) as store:
        proxy.rule = lambda request: Reply(silent=True) if request.path in {WRITE, QUERY} else None
        for attempt in (store.write(batch(*ROWS), POSITION), store.last(["f/l/e/s"], NOON)):
            with pytest.raises(StoreUnavailableError, match="no answer"):
                await attempt


@pytest.mark.parametrize(
    ("csv", "kind"),
    [
        (Reply(200, b""), StoreRefusedError),
        (Reply(200, b"error\ntimeout\n"), StoreUnavailableError),
        (Reply(200, b"name,tags,time\n"), StoreUnavailableError),
        (Reply(200, b"x" * 1000, broken=True), StoreUnavailableError),
    ],
)
async def test_an_answer_that_is_not_whole_is_no_answer(
    proxy: Proxy, store: Store, csv: Reply, kind: type[StoreError]
) -> None:
    await store.write(batch(*ROWS), POSITION)
    proxy.rule = lambda request: csv if request.headers.get("Accept") == "application/csv" else None
    with pytest.raises(kind):
        await stored(store, ["f/l/e/s"])


async def test_a_statement_that_failed_in_csv_tells_its_reason(proxy: Proxy, store: Store) -> None:
    await store.write(batch(*ROWS), POSITION)

    def fails(request: Request) -> Reply | None:
        statement = request.params.get("q", "")
        if request.path != QUERY or "count(" in statement:
            return None
        csv = request.headers["Accept"] == "application/csv"
        return Reply(200, b"" if csv else b'{"results":[{"error":"query-timeout limit exceeded"}]}')

    proxy.rule = fails
    with pytest.raises(StoreRefusedError, match="query-timeout"):
        await stored(store, ["f/l/e/s"])


async def test_rows_that_were_dropped_while_they_were_read_are_no_fault(proxy: Proxy, store: Store) -> None:
    await store.write(batch(*ROWS), POSITION)
    counted = 0

    def forgets(request: Request) -> Reply | None:
        nonlocal counted
        if "count(" not in request.params.get("q", ""):
            return None
        counted += 1
        row = [0, len(ROWS) + 50 if counted == 1 else len(ROWS)]
        series = [{"name": "sample", "columns": ["time", "rows"], "values": [row]}]
        return Reply(200, json.dumps({"results": [{"statement_id": 0, "series": series}]}).encode())

    proxy.rule = forgets
    assert_samples(await stored(store, ["f/l/e/s"]), *ROWS)


async def test_a_server_that_cuts_its_answers_is_found_out(tmp_path: Path) -> None:
    async with InfluxServer(tmp_path, max_rows=50) as influx, create(InfluxSettings(url=influx.url)) as store:
        await store.write(batch(*ROWS[:50]), POSITION)
        assert_samples(await stored(store, ["f/l/e/s"]), *ROWS[:50])
        await store.write(batch(*ROWS), POSITION)
        with pytest.raises(StoreRefusedError, match="max-row-limit"):
            await stored(store, ["f/l/e/s"])
        with pytest.raises(StoreRefusedError, match="max-row-limit"):
            await store.buckets("f/l/e/s", "float", NOON, NOON + DAY, DAY / 200)


async def test_nobody_there(unused_tcp_port: int) -> None:
    with pytest.raises(StoreUnavailableError, match="is it running"):
        async with create(InfluxSettings(url=f"http://127.0.0.1:{unused_tcp_port}")):
            pass


async def test_a_killed_server_keeps_what_it_took(tmp_path: Path) -> None:
    async with InfluxServer(tmp_path) as influx, create(InfluxSettings(url=influx.url)) as store:
        await store.write(batch(*ROWS), POSITION)
        await influx.kill()
        later = [sample("f/l/e/t", at(n), value=n) for n in range(3)]
        with pytest.raises(StoreUnavailableError):
            await store.write(batch(*later), POSITION)
        with pytest.raises(StoreUnavailableError):
            await store.check()
        await influx.start()
        await store.check()
        await store.write(batch(*later), POSITION)
        assert_samples(await stored(store, ["f/l/e/s", "f/l/e/t"]), *ROWS, *later)


# Bad lines.


async def test_lines_of_another_type_come_back_and_all_others_are_stored(
    influx: InfluxServer, settings: InfluxSettings, store: Store
) -> None:
    # Somebody has written a text into the field `float`; the whole shard keeps that type.
    await influx.write(settings.bucket, f'sample,signal=x float="text" {at()}')
    floats = [sample("f/l/e/float", at(n), value=n / 2) for n in range(20)]
    others = [sample("f/l/e/int", at(n), value=n) for n in range(30)]
    refused = await store.write(batch(*others[:5], *floats, *others[5:]), POSITION)
    assert refused["signal"].to_list() == ["f/l/e/float"] * 20
    assert refused["received"].to_list() == batch(*floats)["received"].to_list()
    assert all("field type conflict" in reason for reason in refused["reason"])
    assert b"float=9.5" in refused["payload"][-1]
    assert_samples(await stored(store, ["f/l/e/int", "f/l/e/float"]), *others)
    await influx.write(settings.bucket, f'kpi,path=x value="text" {at()}')
    with pytest.raises(StoreRefusedError, match="does not take"):
        await store.write_results(table(result(start=NOON)))


async def test_samples_older_than_the_retention_policy_come_back(
    influx: InfluxServer, settings: InfluxSettings, proxy: Proxy
) -> None:
    bucket = f"{settings.bucket}/a day"
    await influx.query(f'CREATE DATABASE "{settings.bucket}"')
    await influx.query(f'CREATE RETENTION POLICY "a day" ON "{settings.bucket}" DURATION 1d REPLICATION 1')
    async with create(InfluxSettings(url=proxy.url, bucket=bucket)) as store:
        many = [sample("f/l/e/s", at(n), value=n) for n in range(5000)]
        refused = await store.write(batch(*many), POSITION)
        assert refused.height == 5000
        assert "beyond retention policy" in refused["reason"][0]
        assert len(proxy.writes) == 1, "lines that were all dropped are not looked for one by one"
        assert (await stored(store, ["f/l/e/s"])).is_empty()


async def test_bad_lines_are_found_among_thousands(proxy: Proxy, store: Store) -> None:
    rows = [sample("f/l/e/s", at(n), value="poison" if n in {0, 777, 778, 1999} else "fine") for n in range(2000)]
    proxy.rule = poisoned(Reply(422, b'{"code":"invalid","message":"this store loathes that word"}'), b"poison")
    refused = await store.write(batch(*rows), POSITION)
    bad = [row for row in rows if row["text"] == "poison"]
    assert refused["received"].to_list() == batch(*bad)["received"].to_list()
    assert refused["reason"].unique().to_list() == ["HTTP 422: this store loathes that word"]
    assert_samples(await stored(store, ["f/l/e/s"]), *(row for row in rows if row["text"] == "fine"))
    assert len(proxy.writes) < 120


async def test_a_complaint_about_everything_is_not_about_lines(proxy: Proxy, store: Store) -> None:
    proxy.rule = always(WRITE, Reply(400, b'{"code":"invalid","message":"i do not like your precision"}'))
    rows = [sample("f/l/e/s", at(n), value=n) for n in range(2000)]
    with pytest.raises(StoreRefusedError, match=r"takes no line at all .*precision"):
        await store.write(batch(*rows), POSITION)
    assert len(proxy.writes) < 200
    with pytest.raises(StoreRefusedError, match="precision"):
        await store.write(batch(rows[0]), POSITION)


async def test_one_line_that_is_bad_for_sure_comes_back_alone(proxy: Proxy, store: Store) -> None:
    proxy.rule = always(WRITE, Reply(400, b'{"error":"unable to parse \'x\': invalid number"}'))
    assert (await store.write(batch(ROWS[0]), POSITION)).height == 1


async def test_batches_go_in_pieces_that_a_proxy_takes(tmp_path: Path) -> None:
    async with InfluxServer(tmp_path, body_limit="64k") as influx, Proxy(influx.url) as proxy:
        async with create(InfluxSettings(url=proxy.url)) as store:
            rows = [sample("f/l/e/s", at(n), value="x" * 400) for n in range(1000)]
            rows[500]["text"] = "y" * 70_000
            refused = await store.write(batch(*rows), POSITION)
            assert refused["reason"].to_list() == ["HTTP 413"]
            assert_samples(await stored(store, ["f/l/e/s"]), *rows[:500], *rows[501:])
        assert len(proxy.writes) > 8


async def test_pieces_have_no_more_than_a_million_bytes(proxy: Proxy, store: Store) -> None:
    rows = [sample("f/l/e/s", at(n), value=str(n) * 100) for n in range(8000)]
    await store.write(batch(*rows), POSITION)
    assert len(proxy.writes) > 2
    assert all(len(request.body) <= 1_000_000 for request in proxy.writes)
    assert_samples(await stored(store, ["f/l/e/s"], NOON, NOON + DAY), *rows)


async def test_a_failed_piece_stops_the_others(proxy: Proxy, store: Store) -> None:
    proxy.rule = always(WRITE, Reply(503))
    rows = [sample("f/l/e/s", at(n), value=str(n) * 100) for n in range(40_000)]
    with pytest.raises(StoreUnavailableError):
        await store.write(batch(*rows), POSITION)
    assert len(proxy.writes) <= 4


# Reading.


async def test_a_long_range_is_read_in_answers_of_bounded_size(
    proxy: Proxy, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "ROWS", 100)
    spread = [sample("f/l/e/s", at(n * 1000), value=n) for n in range(300)]
    dense = [sample("f/l/e/s", at(-DAY * 3000, ns=n), value=n) for n in range(500)]
    together = [sample(f"f/l/e/t{n:03}", at(), value=n) for n in range(250)]
    await store.write(batch(*dense, *spread, *together), POSITION)
    proxy.requests.clear()
    signals = ["f/l/e/s", *(row["signal"] for row in together)]
    found = await stored(store, signals, NOON - DAY * 10_000, NOON + DAY * 10_000)
    assert_frame_equal(found, batch(*dense, *spread, *together))
    asked = [request for request in proxy.requests if request.headers["Accept"] == "application/csv"]
    assert 10 <= len(asked) <= 40


async def test_a_read_that_is_cancelled_ends(proxy: Proxy, store: Store) -> None:
    asked = asyncio.Event()

    def never(request: Request) -> Reply | None:
        if request.path == QUERY:
            asked.set()
            return Reply(silent=True)
        return None

    proxy.rule = never
    reading = asyncio.create_task(stored(store, ["f/l/e/s"]))
    await asked.wait()
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading


async def test_no_secret_shows(influx: InfluxServer) -> None:
    secret = f"hidden-{uuid4().hex}"
    settings = InfluxSettings(url=influx.url, user="parkline", password=secret, bucket="park", create=False)
    store = create(settings)
    with pytest.raises(StoreError) as caught:
        await store.__aenter__()
    for shown in (store.name, str(caught.value), repr(settings), str(settings), repr(store)):
        assert secret not in shown
