"""Who asked for what is noted, whatever they were answered, and never in the way of a read."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

import httpx
import pytest
import sqlalchemy as sa
from fastapi import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from api.auditcheck import check_audit
from api.auditing import Auditing, Journal
from api.auditlog import Entry, Wanted, read_audit
from api.callers import Caller
from api.errors import FORBIDDEN, ProblemError, answer
from api.refusals import EACH
from collector.records import Records, RecordsError
from tests.api.inmemory import InMemory

T = TypeVar("T")

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
LI = Caller("key:5f0c1b7e", "gear works", frozenset(), frozenset({"moulds", "gears"}))
ENTRY = Entry(NOON, "answer", "", "", "", "GET", "", "/api/", "", 200, None, None, 2, 5, 0, "1")


class Plug(InMemory):
    """Records in memory that can be unplugged."""

    def __init__(self, connection: sa.Connection) -> None:
        super().__init__(connection)
        self.down = False
        self.runs = 0
        self.meanwhile: Callable[[], object] = lambda: None

    def __call__(self) -> Any:
        return self

    async def run(self, work: Callable[[sa.Connection], T]) -> T:
        await asyncio.sleep(0)  # as a thread would
        if self.down:
            msg = "unplugged"
            raise RecordsError(msg)
        self.meanwhile()
        self.runs += 1
        return await super().run(work)

    def rows(self) -> list[Entry]:
        """Give the rows, the oldest first."""
        return [row.entry for row in read_audit(self.connection, Wanted(), limit=100_000, newest_first=False)]


@pytest.fixture
def plug(ledger: sa.Connection) -> Plug:
    return Plug(ledger)


@pytest.fixture
def journal(plug: Plug) -> Journal:
    return Journal(plug, lambda: NOON, keep=timedelta(days=400))


@asynccontextmanager
async def asking(app: ASGIApp, journal: Journal, caller: Caller | None = LI) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of `app` behind the audit, to which the gate has told who asks."""

    async def gate(scope: Scope, receive: Receive, send: Send) -> None:
        if caller is not None:
            Request(scope).state.caller = caller
        await app(scope, receive, send)

    transport = httpx.ASGITransport(Auditing(gate, journal), raise_app_exceptions=False, client=("10.20.3.40", 40000))
    async with httpx.AsyncClient(transport=transport, base_url="http://parkline.example") as client:
        yield client


def answering(status: int = 200, body: bytes = b"{}") -> ASGIApp:
    return Response(body, status, media_type="application/json")


async def test_a_read_is_noted_with_who_asked_and_what_they_were_answered(plug: Plug, journal: Journal) -> None:
    async with asking(answering(body=b'{"items": []}'), journal) as client:
        await client.get("/api/v1/kpis?path=gears&api_key=s3cret", headers={"X-Request-Id": "trace-1"})
    assert plug.rows() == []
    await journal.flush()
    [row] = plug.rows()
    assert row.duration_us is not None
    assert 0 <= row.duration_us < 60_000_000
    assert replace(row, duration_us=None) == Entry(
        at=NOON,
        event="answer",
        caller="key:5f0c1b7e",
        name="gear works",
        peer="10.20.3.40",
        method="GET",
        operation="",
        path="/api/v1/kpis",
        query="path=gears&api_key=***",
        status=200,
        factories=("gears", "moulds"),
        rows=None,
        bytes=13,
        duration_us=None,
        missing=0,
        request_id="trace-1",
    )


@pytest.mark.parametrize("status", [301, 401, 403, 404, 422, 429, 500, 503])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_whatever_was_answered_is_noted(plug: Plug, journal: Journal, status: int, method: str) -> None:
    async with asking(answering(status), journal, None) as client:
        await client.request(method, "/api/v1/anything")
    await journal.flush()
    [row] = plug.rows()
    assert (row.status, row.method, row.caller, row.factories) == (status, method, "", None)


async def test_what_holds_no_data_is_not_noted_but_has_an_id(plug: Plug, journal: Journal) -> None:
    async with asking(answering(), journal) as client:
        assert (await client.get("/healthz")).headers["x-request-id"]
    await journal.flush()
    assert plug.rows() == []


@pytest.mark.parametrize("sent", ["", "with space", "line\tbreak", "x" * 65, "<script>", "ä", "a;b", "a,b"])
async def test_an_id_that_is_no_plain_token_is_made_anew(journal: Journal, sent: str) -> None:
    async with asking(answering(), journal) as client:
        headers = [(b"X-Request-Id", sent.encode())]
        ids = [(await client.get("/api/", headers=headers)).headers["x-request-id"] for _ in range(2)]
    assert sent not in ids
    assert len(set(ids)) == 2


@pytest.mark.parametrize("sent", ["7", "4bf92f35-77b3/4da6:a3ce_929d.0e0e+47=", "x" * 64])
async def test_an_id_that_is_a_plain_token_is_answered(journal: Journal, sent: str) -> None:
    async with asking(answering(), journal) as client:
        assert (await client.get("/api/", headers={"X-Request-Id": sent})).headers["x-request-id"] == sent


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_a_write_is_in_the_table_before_it_is_answered(plug: Plug, journal: Journal, method: str) -> None:
    async with asking(answering(201, b'{"id": 1}'), journal) as client:
        await client.get("/api/v1/before")
        assert (await client.request(method, "/api/v1/webhooks")).status_code == 201
        assert [(row.method, row.status, row.bytes) for row in plug.rows()] == [("GET", 201, 9), (method, 201, 9)]


async def test_writes_at_once_share_a_transaction_and_reads_wait_for_others(plug: Plug, journal: Journal) -> None:
    async with asking(answering(), journal) as client:
        await client.get("/api/")
        await journal.aclose()
        before = plug.runs
        await asyncio.gather(*(client.get("/api/") for _ in range(40)))
        assert plug.runs == before
        await asyncio.gather(*(client.post("/api/") for _ in range(10)))
        assert plug.runs - before <= 2
    assert len(plug.rows()) == 51


async def test_reads_are_written_soon_though_nobody_asks_for_it(
    plug: Plug, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.auditing.BATCH_S", 0.01)
    async with asking(answering(), journal) as client:
        await client.get("/api/")
    assert journal._task is not None
    await asyncio.wait_for(journal._task, 5)
    assert len(plug.rows()) == 1


async def test_strangers_cost_no_transaction_each(plug: Plug, journal: Journal) -> None:
    async with asking(answering(401), journal, None) as client:
        for _ in range(20):
            await client.post("/api/v1/webhooks")
    assert plug.runs == 0
    await journal.flush()
    assert len(plug.rows()) == 20


async def test_a_flood_of_refused_requests_is_counted_and_fills_no_disk(
    plug: Plug, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.auditing.COUNTED_S", 0.0)
    async with asking(answering(413), journal, None) as client:
        for _ in range(EACH.burst + 3):
            await client.post("/api/v1/webhooks")
        assert plug.runs == 0
        await asyncio.sleep(0)
        await client.get("/api/v1/more")
        await journal.aclose()
    rows = plug.rows()
    counted = [(row.missing, row.status, row.caller) for row in rows if row.event == "missing"]
    assert sum(row.event == "answer" for row in rows) == EACH.burst
    assert sum(missing for missing, *_ in counted) == 4
    assert {(status, caller) for _, status, caller in counted} == {(429, "")}
    assert (await check_audit(plug.run)).faults == ()


async def test_who_asks_too_much_has_rows_of_what_it_is_answered_otherwise(plug: Plug, journal: Journal) -> None:
    statuses = iter([429] * 150 + [200])

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await answering(next(statuses))(scope, receive, send)

    async with asking(app, journal) as client:
        for _ in range(151):
            await client.get("/api/v1/kpis")
        await journal.aclose()
    rows = plug.rows()
    assert [row.status for row in rows if row.event == "answer"] == [429] * EACH.burst + [200]
    assert [row.missing for row in rows if row.event == "missing"] == [50]


async def test_what_was_refused_is_counted_though_there_is_no_room_for_its_row(plug: Plug) -> None:
    journal = Journal(plug, lambda: NOON, keep=timedelta(days=400), room=EACH.burst)
    plug.down = True
    async with asking(answering(401), journal, None) as client:
        for _ in range(EACH.burst + 7):
            await client.get("/api/")
    journal._tell_refused()
    plug.down = False
    await journal.aclose()
    assert [row.missing for row in plug.rows() if row.event == "missing"] == [7]


async def test_a_failure_is_answered_as_a_problem_with_an_id_and_noted(plug: Plug, journal: Journal) -> None:
    async def failing(scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive, send
        msg = "secret of the house"
        raise ZeroDivisionError(msg)

    async with asking(failing, journal) as client:
        for method in ("GET", "POST"):
            told = await client.request(method, "/api/v1/kpis", headers={"X-Request-Id": "trace-1"})
            assert (told.status_code, told.headers["x-request-id"]) == (500, "trace-1")
            assert told.json()["type"] == "/problems/internal-error"
            assert "secret" not in told.text
    await journal.flush()
    assert [(row.method, row.status) for row in plug.rows()] == [("GET", 500), ("POST", 500)]


async def test_who_goes_away_before_the_answer_is_noted(plug: Plug, journal: Journal) -> None:
    begun = asyncio.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive, send
        begun.set()
        await asyncio.Event().wait()

    async with asking(slow, journal) as client:
        request = asyncio.create_task(client.post("/api/v1/webhooks"))
        await begun.wait()
        request.cancel()
        with pytest.raises(asyncio.CancelledError):
            await request
    await journal.flush()
    assert [(row.status, row.bytes) for row in plug.rows()] == [(499, 0)]


async def test_a_stream_is_noted_when_it_begins_and_when_it_ends(plug: Plug, journal: Journal) -> None:
    begun, end = asyncio.Event(), asyncio.Event()

    async def events() -> AsyncIterator[bytes]:
        yield b"data: 1\n\n"
        begun.set()
        await end.wait()
        yield b"data: 2\n\n"

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await StreamingResponse(events(), media_type="text/event-stream")(scope, receive, send)

    async with asking(app, journal) as client:
        request = asyncio.create_task(client.get("/api/v1/events"))
        await begun.wait()
        await journal.flush()
        assert [(row.event, row.status, row.bytes) for row in plug.rows()] == [("begin", 200, None)]
        end.set()
        await request
    await journal.flush()
    first, last = plug.rows()
    assert (last.event, last.status, last.bytes) == ("end", 200, 18)
    assert last.request_id == first.request_id


async def test_reads_are_answered_while_the_records_are_down_and_noted_later(plug: Plug, journal: Journal) -> None:
    plug.down = True
    async with asking(answering(), journal) as client:
        for number in range(3):
            assert (await client.get(f"/api/{number}")).status_code == 200
        await journal.flush()
        assert plug.rows() == []
        plug.down = False
        await journal.flush()
    assert [row.path for row in plug.rows()] == ["/api/0", "/api/1", "/api/2"]


async def test_a_write_that_cannot_be_noted_is_not_told_as_done(plug: Plug, journal: Journal) -> None:
    plug.down = True
    async with asking(answering(201, b'{"secret": "s3cret"}'), journal) as client:
        told = await client.post("/api/v1/webhooks")
    assert (told.status_code, told.json()["type"]) == (503, "/problems/records-unavailable")
    assert "done and answered with 201" in told.json()["detail"]
    assert "retry-after" in told.headers
    assert "s3cret" not in told.text
    plug.down = False
    await journal.flush()
    assert [(row.method, row.status) for row in plug.rows()] == [("POST", 201), ("POST", 503)]


async def test_a_write_that_was_refused_is_told_so_though_it_cannot_be_noted(plug: Plug, journal: Journal) -> None:
    plug.down = True
    refused = ProblemError(FORBIDDEN, "no")

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await answer(Request(scope), refused)(scope, receive, send)

    async with asking(app, journal) as client:
        assert (await client.delete("/api/v1/webhooks/1")).status_code == 403
    plug.down = False
    await journal.flush()
    assert [(row.method, row.status) for row in plug.rows()] == [("DELETE", 403)]


async def test_what_there_was_no_room_for_is_counted_in_a_row_of_its_own(plug: Plug) -> None:
    now = [NOON]
    journal = Journal(plug, lambda: now[0], keep=timedelta(days=400), room=5)
    plug.down = True
    async with asking(answering(), journal) as client:
        for number in range(12):
            assert (await client.get(f"/api/{number}")).status_code == 200
        now[0] += timedelta(minutes=3)
        assert (await client.post("/api/write")).status_code == 503
        plug.down = False
        await journal.flush()
        await client.get("/api/after")
        await journal.flush()
    *first, lost, after = plug.rows()
    assert [row.path for row in first] == [f"/api/{number}" for number in range(5)]
    assert (lost.event, lost.missing, lost.status, lost.duration_us) == ("missing", 9, None, 180_000_000)
    assert (after.path, after.event) == ("/api/after", "answer")


async def test_what_is_lost_while_rows_are_written_is_counted_too(plug: Plug) -> None:
    journal = Journal(plug, lambda: NOON, keep=timedelta(days=400), room=2)
    for _ in range(3):
        journal.note(ENTRY)

    plug.meanwhile = lambda: plug.runs or journal.note(ENTRY)  # for which there is no room yet
    await journal.aclose()
    rows = plug.rows()
    assert sum(row.missing for row in rows) + sum(row.event == "answer" for row in rows) == 4


async def test_closing_writes_what_waits_and_waits_for_requests_under_way(plug: Plug, journal: Journal) -> None:
    begun, end = asyncio.Event(), asyncio.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        begun.set()
        await end.wait()
        await answering()(scope, receive, send)

    async with asking(slow, journal) as client:
        request = asyncio.create_task(client.get("/api/slow"))
        await begun.wait()
        closing = asyncio.create_task(journal.aclose())
        await asyncio.sleep(0)
        assert not closing.done()
        end.set()
        await closing
        await request
    assert [row.path for row in plug.rows()] == ["/api/slow"]
    assert journal._task is None


async def test_closing_ends_though_the_records_are_down(plug: Plug, journal: Journal, capsys: Any) -> None:
    plug.down = True
    journal.note(ENTRY)
    await asyncio.wait_for(journal.aclose(), 5)
    assert journal._task is None
    assert "rows of the audit are lost" in capsys.readouterr().out


async def test_old_rows_go_hourly(plug: Plug) -> None:
    now = [NOON]
    journal = Journal(plug, lambda: now[0], keep=timedelta(hours=2))

    async def ask(at: datetime) -> list[datetime]:
        now[0] = at
        journal.note(replace(ENTRY, at=at))
        await journal.aclose()
        return [row.at for row in plug.rows()]

    hour = timedelta(hours=1)
    assert await ask(NOON) == [NOON]
    assert await ask(NOON + 2 * hour) == [NOON, NOON + 2 * hour]
    assert await ask(NOON + 2.5 * hour) == [NOON, NOON + 2 * hour, NOON + 2.5 * hour]
    assert await ask(NOON + 3 * hour) == [NOON + 2 * hour, NOON + 2.5 * hour, NOON + 3 * hour]
    assert (await check_audit(plug.run)).faults == ()


async def test_a_defect_of_ours_keeps_nobody_waiting_and_loses_no_row(plug: Plug, journal: Journal) -> None:
    def defect() -> None:
        statement = "INSERT INTO audit"
        raise sa.exc.IntegrityError(statement, {}, Exception("twice"))

    plug.meanwhile = defect
    async with asking(answering(201), journal) as client:
        assert (await client.post("/api/v1/webhooks")).status_code == 503
    plug.meanwhile = lambda: None
    await journal.flush()
    assert [row.status for row in plug.rows()] == [201, 503]


async def test_what_is_noted_while_it_writes_is_written_too(plug: Plug, journal: Journal) -> None:
    plug.meanwhile = lambda: plug.runs < 3 and journal.note(ENTRY)
    journal.note(ENTRY)
    await journal.aclose()
    assert len(plug.rows()) == 4


@pytest.mark.every_database
async def test_rows_of_many_requests_are_one_whole_chain(records: Records) -> None:
    journal = Journal(lambda: records, lambda: NOON, keep=timedelta(days=400))
    async with asking(answering(), journal) as client:
        asked: list[Any] = [client.get("/api/%0a%1b[2J%e2%80%a8?q=%0a"), client.post("/api/x"), client.get("/api/李")]
        await asyncio.gather(*asked)
        await journal.aclose()
    rows = await records.run(partial(read_audit, wanted=Wanted(), limit=10))
    assert {row.entry.path for row in rows} == {r"/api/\n\x1b[2J\u2028", "/api/x", "/api/李"}
    assert (await check_audit(records.run)).faults == ()
