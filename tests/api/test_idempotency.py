"""`Idempotency-Key`: a write that is sent again is answered again, and done once."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from fastapi import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from analytics.alertlog import fold
from api.app import create_app
from api.auth import create_key
from api.callers import Caller
from api.idempotency import LARGEST, Idempotency, key_of
from api.repeats import IDEMPOTENCY, KEPT, UNDER_WAY, WRITES, renew
from api.roles import Role
from api.roles import Scope as Allowed
from collector.records import Records, RecordsError
from tests.api.client import asking, problem, with_records
from tests.api.inmemory import InMemory
from tests.api.plant import NOW, Plant, alerts

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
LI = Caller("key:5f0c1b7e", "li", frozenset({Allowed.READ, Allowed.SUBSCRIBE}))
URL = "/api/v1/webhooks"


@dataclass
class Office:
    """Routes behind the middleware that count what they do, and a clock to wind."""

    records: Any
    now: datetime = NOON
    caller: Caller = LI
    done: int = 0
    down: bool = False
    answers: Callable[["Office", Request], Any] = lambda office, _: office.created()

    def created(self) -> Response:
        return JSONResponse({"number": self.done}, 201, {"Location": f"{URL}/{self.done}", "Deprecation": "@1"})

    def open_records(self) -> Any:
        if self.down:
            msg = "unplugged"
            raise RecordsError(msg)
        return self.records

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        await request.body()
        self.done += 1
        answered = self.answers(self, request)
        if asyncio.iscoroutine(answered):
            answered = await answered
        await answered(scope, receive, send)

    @asynccontextmanager
    async def client(self) -> AsyncIterator[httpx.AsyncClient]:
        parts: Any = SimpleNamespace(records=self.open_records, now=lambda: self.now)
        behind = Idempotency(self.app, parts)

        async def gate(scope: Scope, receive: Receive, send: Send) -> None:
            Request(scope).state.caller = self.caller
            await behind(scope, receive, send)

        transport = httpx.ASGITransport(gate, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://parkline.example") as client:
            yield client


@pytest.fixture
def office(ledger: sa.Connection) -> Office:
    return Office(InMemory(ledger))


@pytest.fixture
async def client(office: Office) -> AsyncIterator[httpx.AsyncClient]:
    async with office.client() as made:
        yield made


async def send(
    client: httpx.AsyncClient, key: str = "k1", *, method: str = "POST", url: str = URL, body: str = "{}"
) -> httpx.Response:
    return await client.request(method, url, content=body, headers={"Idempotency-Key": key})


async def kept(records: Any) -> list[Any]:
    return [*await records.run(lambda connection: list(connection.execute(sa.select(IDEMPOTENCY))))]


@pytest.mark.every_database
async def test_the_same_again_is_answered_the_same_and_done_once(client: httpx.AsyncClient, office: Office) -> None:
    first = await send(client)
    again = await send(client)
    assert office.done == 1
    assert (first.status_code, first.json(), "idempotency-replayed" in first.headers) == (201, {"number": 1}, False)
    assert again.headers["idempotency-replayed"] == "true"
    assert (again.status_code, again.content) == (first.status_code, first.content)
    for name in ("content-type", "content-length", "location", "deprecation"):
        assert again.headers[name] == first.headers[name]


@pytest.mark.every_database
async def test_of_two_at_once_one_is_done_and_the_other_may_ask_again(
    client: httpx.AsyncClient, office: Office
) -> None:
    begun, end = asyncio.Event(), asyncio.Event()

    async def slow(office: Office, request: Request) -> Response:
        del request
        begun.set()
        await end.wait()
        return office.created()

    office.answers = slow
    first = asyncio.create_task(send(client))
    await begun.wait()
    told = await send(client)
    problem(told, 409, "idempotency-conflict")
    assert int(told.headers["retry-after"]) > 0
    end.set()
    assert (await first).status_code == 201
    assert (await send(client)).headers["idempotency-replayed"] == "true"
    assert office.done == 1


@pytest.mark.every_database
async def test_of_many_in_the_same_instant_one_is_done(records: Records) -> None:
    office = Office(records)
    async with office.client() as client:
        statuses = [answer.status_code for answer in await asyncio.gather(*(send(client) for _ in range(8)))]
    assert office.done == 1
    assert set(statuses) <= {201, 409}
    assert 201 in statuses


@pytest.mark.parametrize(
    "other", [{"body": '{"a": 1}'}, {"method": "PUT"}, {"url": f"{URL}/7"}, {"url": f"{URL}?dry_run=true"}]
)
async def test_another_request_may_not_use_the_key(
    client: httpx.AsyncClient, office: Office, other: dict[str, str]
) -> None:
    await send(client)
    assert "'k1'" in problem(await send(client, **other), 422, "idempotency-mismatch")["detail"]
    assert office.done == 1
    assert (await send(client, "k2", **other)).status_code == 201


async def test_everybody_has_keys_of_their_own(client: httpx.AsyncClient, office: Office) -> None:
    await send(client)
    office.caller = replace(LI, id="oidc:li")
    assert (await send(client)).json() == {"number": 2}
    office.caller = replace(LI, id="key:5f0c1b7ek")
    assert (await send(client, "1")).json() == {"number": 3}


@pytest.mark.parametrize("less", [{"factories": frozenset({"gears"})}, {"scopes": frozenset({Allowed.READ})}])
async def test_who_may_see_less_by_now_is_not_told_what_they_saw(
    client: httpx.AsyncClient, office: Office, less: dict[str, Any]
) -> None:
    await send(client)
    office.caller = replace(LI, **less)
    problem(await send(client), 422, "idempotency-mismatch")


async def test_a_key_is_kept_for_a_day(client: httpx.AsyncClient, office: Office) -> None:
    await send(client)
    office.now += KEPT - timedelta(seconds=1)
    assert (await send(client)).json() == {"number": 1}
    office.now += timedelta(seconds=2)
    assert (await send(client, body="{ }")).json() == {"number": 2}
    office.now += 2 * KEPT
    await send(client, "k2")
    assert len(await kept(office.records)) == 1


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
async def test_what_may_be_tried_again_is_not_kept(client: httpx.AsyncClient, office: Office, status: int) -> None:
    office.answers = lambda *_: Response(b"", status)
    assert [(await send(client)).status_code for _ in range(2)] == [status, status]
    assert office.done == 2
    assert await kept(office.records) == []


@pytest.mark.parametrize("status", [200, 202, 204, 303, 400, 404, 409, 422])
async def test_what_is_settled_is_kept(client: httpx.AsyncClient, office: Office, status: int) -> None:
    office.answers = lambda *_: Response(b"" if status == 204 else b"told", status)
    first, again = await send(client), await send(client)
    assert (again.status_code, again.content, office.done) == (status, first.content, 1)
    assert ("content-length" in again.headers) == ("content-length" in first.headers)


async def test_a_failure_may_be_tried_again(client: httpx.AsyncClient, office: Office) -> None:
    def fail(office: Office, request: Request) -> Response:
        raise ZeroDivisionError(office.done, request)

    office.answers = fail
    assert (await send(client)).status_code == 500
    assert await kept(office.records) == []
    office.answers = lambda office, _: office.created()
    assert (await send(client)).status_code == 201


@pytest.mark.every_database
async def test_who_died_between_begin_and_end_is_taken_over_after_a_minute(
    client: httpx.AsyncClient, office: Office
) -> None:
    begun = asyncio.Event()

    async def die(office: Office, request: Request) -> Response:
        del office, request
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError

    office.answers = die
    dying = asyncio.create_task(send(client))
    await begun.wait()
    dying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await dying
    office.answers = lambda office, _: office.created()
    problem(await send(client), 409, "idempotency-conflict")
    office.now += UNDER_WAY - timedelta(seconds=1)
    problem(await send(client), 409, "idempotency-conflict")
    problem(await send(client, body="{ }"), 422, "idempotency-mismatch")
    office.now += timedelta(seconds=2)
    assert (await send(client)).json() == {"number": 2}
    assert (await send(client)).json() == {"number": 2}


async def test_who_was_taken_for_dead_leaves_no_trace(client: httpx.AsyncClient, office: Office) -> None:
    begun, end = asyncio.Event(), asyncio.Event()

    async def slow(office: Office, request: Request) -> Response:
        del request
        number = office.done
        if number == 1:
            begun.set()
            await end.wait()
        return JSONResponse({"number": number})

    office.answers = slow
    first = asyncio.create_task(send(client))
    await begun.wait()
    office.now += 2 * UNDER_WAY
    assert (await send(client)).json() == {"number": 2}
    end.set()
    assert (await first).json() == {"number": 1}
    assert (await send(client)).json() == {"number": 2}


async def test_a_long_request_says_that_it_is_under_way(
    client: httpx.AsyncClient, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.idempotency._RENEWED_S", 0.001)
    begun, end, said = asyncio.Event(), asyncio.Event(), asyncio.Event()

    def renewed(*given: Any, **named: Any) -> None:
        renew(*given, **named)
        if named["now"] == office.now:
            said.set()

    monkeypatch.setattr("api.idempotency.renew", renewed)

    async def slow(office: Office, request: Request) -> Response:
        del request
        begun.set()
        await end.wait()
        return office.created()

    office.answers = slow
    first = asyncio.create_task(send(client))
    await begun.wait()
    office.now += 5 * UNDER_WAY
    said.clear()
    async with asyncio.timeout(10):
        await said.wait()
    problem(await send(client), 409, "idempotency-conflict")
    end.set()
    assert (await first).status_code == 201
    assert office.done == 1


async def test_a_secret_is_told_once_and_not_kept(client: httpx.AsyncClient, office: Office) -> None:
    def create(office: Office, request: Request) -> Response:
        request.state.secret = True
        return JSONResponse({"number": office.done, "secret": "whsec_s3cret"}, 201)

    office.answers = create
    assert "s3cret" in (await send(client)).text
    told = await send(client)
    assert "201" in problem(told, 409, "idempotency-not-kept")["detail"]
    assert office.done == 1
    [row] = await kept(office.records)
    assert (row.status, row.body, row.headers) == (201, None, [])
    problem(await send(client, body="{ }"), 422, "idempotency-mismatch")


async def test_an_answer_too_large_to_keep_is_passed_on_and_not_done_again(
    client: httpx.AsyncClient, office: Office
) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(5):
            yield b"x" * (LARGEST // 2)

    office.answers = lambda *_: StreamingResponse(pieces(), media_type="text/plain")
    assert len((await send(client)).content) == 5 * (LARGEST // 2)
    problem(await send(client), 409, "idempotency-not-kept")
    office.answers = lambda *_: Response(b"x" * (LARGEST + 1))
    assert len((await send(client, "k2")).content) == LARGEST + 1
    problem(await send(client, "k2"), 409, "idempotency-not-kept")
    assert office.done == 2


async def test_an_answer_in_pieces_is_kept_whole(client: httpx.AsyncClient, office: Office) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"one "
        yield b"two"

    office.answers = lambda *_: StreamingResponse(pieces(), media_type="text/plain")
    assert [(await send(client)).text for _ in range(2)] == ["one two", "one two"]
    assert office.done == 1


async def test_neither_caller_nor_key_can_be_read_from_what_is_kept(client: httpx.AsyncClient, office: Office) -> None:
    await send(client, "order-4711")
    [row] = await kept(office.records)
    assert "4711" not in str(row)
    assert LI.id not in str(row)


@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
async def test_it_is_for_writes(client: httpx.AsyncClient, office: Office, method: str) -> None:
    for _ in range(2):
        await send(client, method=method)
    assert office.done == 2


async def test_without_a_key_everything_is_done(client: httpx.AsyncClient, office: Office) -> None:
    for _ in range(2):
        assert (await client.post(URL, content="{}")).status_code == 201
    assert office.done == 2
    assert await kept(office.records) == []


@pytest.mark.parametrize("written", ["", '""', " ", "x" * 256, "ä", "a\tb", "a\x7fb"])
async def test_a_key_that_is_none_is_refused(client: httpx.AsyncClient, office: Office, written: str) -> None:
    told = await client.post(URL, headers=[(b"Idempotency-Key", written.encode())])
    body = problem(told, 422, "invalid-parameter")
    assert body["errors"][0]["name"] == "Idempotency-Key"
    assert office.done == 0


async def test_two_keys_are_none(client: httpx.AsyncClient, office: Office) -> None:
    told = await client.post(URL, headers=[(b"Idempotency-Key", b"1"), (b"Idempotency-Key", b"2")])
    problem(told, 422, "invalid-parameter")
    assert office.done == 0


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ('"8e03978e-40d5-43e8-bc93-6894a57f9324"', "8e03978e-40d5-43e8-bc93-6894a57f9324"),
        ("8e03978e", "8e03978e"),
        (r'"a \"b\" \\c"', r'a "b" \c'),
        ('"', '"'),
        ("x" * 255, "x" * 255),
    ],
)
def test_a_key_is_read_in_quotes_or_bare(written: str, key: str) -> None:
    assert key_of([written.encode()]) == key


async def test_while_the_records_are_down_nothing_is_done(client: httpx.AsyncClient, office: Office) -> None:
    office.down = True
    problem(await send(client), 503, "records-unavailable")
    assert office.done == 0


async def test_an_answer_that_cannot_be_kept_is_given(client: httpx.AsyncClient, office: Office) -> None:
    def unplug(office: Office, request: Request) -> Response:
        del request
        office.down = True
        return office.created()

    office.answers = unplug
    assert (await send(client)).status_code == 201
    office.down = False
    problem(await send(client), 409, "idempotency-conflict")


async def test_a_comment_that_is_sent_twice_is_made_once(plant: Plant, records: Records) -> None:
    alert = next(one for one in alerts() if one.active)
    await records.run(lambda connection: fold(connection, [alert], now=NOW, suppressed=lambda _: ""))
    make = partial(create_key, name="li", now=NOW, expires=None, roles=[Role.ENGINEER])
    _, text = await records.run(make)
    url, comment = f"/api/v1/alerts/{alert.id}", {"comment": "coolant pump is being changed"}
    async with plant.parts() as parts, asking(with_records(parts, records), key=text) as client:
        headers = {"Idempotency-Key": "4711"}
        first, again = [await client.post(f"{url}/comments", json=comment, headers=headers) for _ in range(2)]
        assert (first.status_code, again.json()) == (200, first.json())
        assert again.headers["idempotency-replayed"] == "true"
        large = await client.post(f"{url}/comments", content=b" " * 2**21, headers=headers)
        problem(large, 413, "body-too-large")
        events = (await client.get(url)).json()["events"]
    assert [event["kind"] for event in events].count("commented") == 1


async def test_every_write_is_described_with_its_key(plant: Plant) -> None:
    async with plant.parts() as parts:
        paths = create_app(parts).openapi()["paths"]
    writes = {
        (path, method): operation
        for path, methods in paths.items()
        for method, operation in methods.items()
        if method.upper() in WRITES
    }
    assert len(writes) > 8
    for (path, method), operation in writes.items():
        given = [one for one in operation["parameters"] if one["name"] == "Idempotency-Key"]
        assert [(one["in"], one["required"]) for one in given] == [("header", False)], (path, method)
        assert {"409", "422"} <= operation["responses"].keys(), (path, method)
        good = next(answer for code, answer in operation["responses"].items() if code.startswith("2"))
        assert "Idempotency-Replayed" in good["headers"], (path, method)
