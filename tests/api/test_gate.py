"""The gate: whom it lets through, what it tells the others, and what it costs."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, cast

import httpx
import pytest
import sqlalchemy as sa
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access import unauthorized
from api.auditing import Auditing, Journal
from api.auditlog import Wanted, read_audit
from api.auth import Key, create_key, read_keys, revoke_key, rotate_key
from api.callers import Caller
from api.gate import Gate
from api.parts import Parts
from api.roles import Role
from api.roles import Scope as Allowed
from collector.records import Records, RecordsError
from collector.settings import ApiSettings, RateSettings
from tests.api.client import problem
from tests.api.plant import NOW, PARK, UNLIMITED

if TYPE_CHECKING:
    from api.oidc import Tokens

T = TypeVar("T")

ADDRESS = "/api/v1/anything"
UNKNOWN = "parkline_00000000_" + "A" * 43


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Counted(Records):
    """Records that count how often they are asked."""

    looks = 0

    async def run_ahead(self, work: Callable[[sa.Connection], T]) -> T:
        self.looks += 1
        return await super().run_ahead(work)


@pytest.fixture
async def books(tmp_path: Path) -> AsyncIterator[Counted]:
    async with Counted(f"sqlite:///{tmp_path}/records.db") as records:
        yield records


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def make(records: Records, name: str = "platform", **given: Any) -> tuple[Key, str]:
    kept: dict[str, Any] = {"now": NOW, "expires": None, "roles": [Role.VIEWER], **given}
    made = await records.run(lambda connection: create_key(connection, name, **kept))
    if isinstance(records, Counted):
        records.looks = 0
    return made


def parts_of(records: Records, rate: RateSettings = UNLIMITED, **given: Any) -> Parts:
    def none(*_: Any) -> NoReturn:
        raise AssertionError

    settings = ApiSettings(rate=rate, **given)
    return Parts(PARK, settings, records=lambda: records, store=none, now=lambda: NOW, replay=none)


async def who_asks(scope: Scope, receive: Receive, send: Send) -> None:
    """Tell who was let through."""
    caller: Caller = scope["state"]["caller"]
    await PlainTextResponse(caller.id)(scope, receive, send)


@asynccontextmanager
async def asking(gate: ASGIApp, peer: str = "10.0.0.9", host: str = "parkline") -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(gate, client=(peer, 4000))
    async with httpx.AsyncClient(transport=transport, base_url=f"http://{host}") as client:
        yield client


async def statuses(client: httpx.AsyncClient, keys: Sequence[str]) -> list[int]:
    return [(await client.get(ADDRESS, headers={"X-API-Key": key})).status_code for key in keys]


async def test_slow_reads_keep_no_request_waiting_for_its_key_and_its_audit(books: Counted, clock: Clock) -> None:
    _, text = await make(books)
    journal = Journal(lambda: books, lambda: NOW, keep=timedelta(days=400))
    go_on = threading.Event()
    slow = [asyncio.create_task(books.run(lambda _: go_on.wait(30))) for _ in range(50)]
    await asyncio.sleep(0)
    async with asking(Auditing(Gate(who_asks, parts_of(books), clock), journal)) as client:
        for _ in range(2):  # old rows are looked for after the first
            assert (await client.post(ADDRESS, headers={"X-API-Key": text})).status_code == 200
        assert len(await books.run_ahead(partial(read_audit, wanted=Wanted(), limit=9))) == 2
        go_on.set()
        assert all(await asyncio.gather(*slow))
        async with asyncio.timeout(10):
            while (await books.run(read_keys))[0].used is None:  # it was not waited for
                pass
    await journal.aclose()


async def test_a_key_is_looked_up_once_a_second_however_often_it_is_sent(books: Counted, clock: Clock) -> None:
    key, text = await make(books)
    async with asking(Gate(who_asks, parts_of(books), clock)) as client:
        answers = await asyncio.gather(*(client.get(ADDRESS, headers={"X-API-Key": text}) for _ in range(40)))
        assert {answer.text for answer in answers} == {f"key:{key.id}"}
        clock.now += 0.99
        assert await statuses(client, [text] * 10) == [200] * 10
        assert books.looks == 1
        clock.now += 0.01
        assert await statuses(client, [text] * 10) == [200] * 10
        assert books.looks == 2


async def test_a_revoked_key_is_refused_within_a_second(books: Counted, clock: Clock) -> None:
    key, text = await make(books)
    async with asking(Gate(who_asks, parts_of(books), clock)) as client:
        assert await statuses(client, [text]) == [200]
        await books.run(lambda connection: revoke_key(connection, key.id, now=NOW))
        clock.now += 1
        assert await statuses(client, [text, text]) == [401, 401]
    gate = Gate(who_asks, parts_of(books), clock)
    async with asking(gate) as client:  # a process that has not seen it before
        assert await statuses(client, [text]) == [401]
    assert len(gate._keys) == 0


async def test_a_key_expires_on_the_dot_though_it_was_just_looked_up(books: Counted, clock: Clock) -> None:
    now = [NOW]
    _, text = await make(books, expires=NOW + timedelta(milliseconds=500))
    parts = replace(parts_of(books), now=lambda: now[0])
    async with asking(Gate(who_asks, parts, clock)) as client:
        assert await statuses(client, [text]) == [200]
        now[0] = NOW + timedelta(milliseconds=500)
        assert await statuses(client, [text]) == [401]


async def test_keys_of_one_holder_are_one_caller(books: Counted, clock: Clock) -> None:
    key, text = await make(books)
    rotated = await books.run(
        lambda connection: rotate_key(connection, key.id, now=NOW, grace=timedelta(days=7), expires=None)
    )
    assert rotated is not None
    async with asking(Gate(who_asks, parts_of(books, RateSettings(per_second=1, burst=2)), clock)) as client:
        answers = [await client.get(ADDRESS, headers={"X-API-Key": one}) for one in (text, rotated[2], text)]
    assert [answer.text for answer in answers[:2]] == [f"key:{key.id}"] * 2
    problem(answers[2], 429, "rate-limited")


async def test_whatever_is_wrong_with_a_key_the_answer_is_the_same(
    books: Counted, clock: Clock, tmp_path: Path
) -> None:
    key, text = await make(books)
    async with Records(f"sqlite:///{tmp_path}/elsewhere.db") as others:
        _, foreign = await make(others)
    wrong = [
        UNKNOWN,
        f"parkline_{key.id}_" + "A" * 43,
        text[:-1],
        text + "A",
        text.upper(),
        text.replace(key.id, "00000000"),
        foreign,
        "letmein",
        "' OR 1=1 --",
        "parkline_%_%",
        "x" * 8000,
        "a.b.c",
        key.id,
    ]
    async with asking(Gate(who_asks, parts_of(books), clock)) as client:
        answers = [await client.get(ADDRESS, headers={"Authorization": f"Bearer {one}"}) for one in wrong]
    assert {(answer.status_code, answer.content) for answer in answers} == {(401, answers[0].content)}
    assert {answer.headers["www-authenticate"] for answer in answers} == {
        'Bearer realm="parkline", error="invalid_token"'
    }
    problem(answers[0], 401, "unauthorized")


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ([("X-API-Key", "KEY"), ("Authorization", "Bearer KEY")], "carries 2 keys"),
        ([("X-API-Key", "KEY"), ("X-API-Key", "KEY")], "carries 2 keys"),
        ([("Authorization", "Bearer KEY"), ("Authorization", "Bearer other")], "carries 2 keys"),
        ([("Authorization", "Basic cGFyazpsaW5l")], "of another scheme than Bearer"),
        ([("Authorization", "KEY")], "of another scheme than Bearer"),
        ([("Authorization", "")], "of another scheme than Bearer"),
        ([("Authorization", "Bearer")], "holds none"),
        ([("Authorization", "Bearer  ")], "holds none"),
        ([("X-API-Key", "")], "holds none"),
        ([("X-API-Key", "x" * 100_000)], "longer than 8192 characters"),
        ([("Authorization", "Bearer " + "x" * 100_000)], "longer than 8192 characters"),
    ],
)
async def test_credentials_that_are_not_one_key_are_told(
    books: Counted, clock: Clock, headers: list[tuple[str, str]], told: str
) -> None:
    _, text = await make(books)
    sent = [(name, value.replace("KEY", text)) for name, value in headers]
    async with asking(Gate(who_asks, parts_of(books, open_page=True), clock), "127.0.0.1", "localhost") as client:
        answer = await client.get(ADDRESS, headers=sent)
    body = problem(answer, 401, "unauthorized")
    assert told in body["detail"]
    assert "`Authorization: Bearer KEY` or `X-API-Key: KEY`" in body["detail"]
    assert answer.headers["www-authenticate"] == 'Bearer realm="parkline", error="invalid_request"'
    assert books.looks == 0


async def test_a_proxys_own_credentials_do_not_hide_a_key(books: Counted, clock: Clock) -> None:
    key, text = await make(books)
    headers = {"Authorization": "Basic cGFyazpsaW5l", "X-API-Key": text}
    async with asking(Gate(who_asks, parts_of(books), clock)) as client:
        assert (await client.get(ADDRESS, headers=headers)).text == f"key:{key.id}"


async def test_without_a_key_the_challenge_names_no_error(books: Counted, clock: Clock) -> None:
    async with asking(Gate(who_asks, parts_of(books), clock)) as client:
        answer = await client.get(ADDRESS)
    problem(answer, 401, "unauthorized")
    assert answer.headers["www-authenticate"] == 'Bearer realm="parkline"'


async def test_an_address_that_sends_too_many_wrong_keys_is_held_up(books: Counted, clock: Clock) -> None:
    _, good = await make(books)
    _, other = await make(books, "another")
    gate = Gate(who_asks, parts_of(books, RateSettings(per_second=0)), clock)
    async with asking(gate) as client, asking(gate, "10.0.0.10") as elsewhere:
        assert await statuses(client, [good]) == [200]
        assert await statuses(client, [UNKNOWN] * 31) == [401] * 30 + [429]
        assert books.looks == 31
        refused = await client.get(ADDRESS, headers={"X-API-Key": UNKNOWN})
        assert "10.0.0.9" in problem(refused, 429, "rate-limited")["detail"]
        assert refused.headers["retry-after"] == "1"
        assert "www-authenticate" not in refused.headers
        assert books.looks == 31  # it is not even looked for
        clock.now += 0.5  # five more
        assert await statuses(elsewhere, [UNKNOWN]) == [401]
        assert await statuses(client, [UNKNOWN] * 6) == [401] * 5 + [429]
        clock.now += 60
        assert await statuses(client, [UNKNOWN] * 31) == [401] * 30 + [429]
        assert await statuses(client, [good]) == [200]  # it was good a minute ago: it is looked for
        assert await statuses(client, [other]) == [429]  # never seen before
        clock.now += 0.2
        assert await statuses(client, [other]) == [200]


async def test_addresses_of_one_ipv6_network_are_one(books: Counted, clock: Clock) -> None:
    gate = Gate(who_asks, parts_of(books, RateSettings(failures_burst=1)), clock)
    found = []
    for peer in (
        "2001:db8::1",
        "2001:db8::ffff",
        "2001:db8:0:1::1",
        "::ffff:10.0.0.9",
        "::ffff:10.0.0.8",
        "not an address",
    ):
        async with asking(gate, peer) as client:
            found += await statuses(client, [UNKNOWN])
    assert found == [401, 429, 401, 401, 401, 401]


async def test_ten_thousand_wrong_keys_leave_nothing_behind(books: Counted, clock: Clock) -> None:
    gate = Gate(who_asks, parts_of(books, RateSettings()), clock)
    found: dict[int, int] = {}

    async def send(message: Message) -> None:
        await asyncio.sleep(0)
        if message["type"] == "http.response.start":
            found[message["status"]] = found.get(message["status"], 0) + 1

    async def receive() -> NoReturn:
        raise AssertionError

    for number in range(10_000):
        scope = {
            "type": "http",
            "method": "GET",
            "path": ADDRESS,
            "query_string": b"",
            "headers": [(b"x-api-key", f"parkline_{number:08x}_{'A' * 43}".encode())],
            "client": ("10.0.0.9", 4000),
            "server": ("parkline", 80),
            "scheme": "http",
        }
        await gate(scope, receive, send)
    assert found == {401: 30, 429: 9970}
    assert books.looks == 30
    assert len(gate._keys) == 0
    assert gate._failures is not None
    assert len(gate._failures) == 1


async def test_only_so_many_keys_are_kept(books: Counted, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.recent.MOST", 3)
    keys = [(await make(books, f"number {number}"))[1] for number in range(5)]
    gate = Gate(who_asks, parts_of(books), clock)
    async with asking(gate) as client:
        assert await statuses(client, keys) == [200] * 5
        assert len(gate._keys) == 3
        assert await statuses(client, keys[2:]) == [200] * 3
        assert books.looks == 5
        assert await statuses(client, keys[:1]) == [200]
        assert books.looks == 6


async def test_records_that_are_down_are_nobodys_failure(books: Counted, clock: Clock) -> None:
    def down() -> NoReturn:
        msg = "the records postgresql://db/parkline do not answer"
        raise RecordsError(msg)

    parts = replace(parts_of(books, RateSettings(failures_burst=1)), records=down)
    async with asking(Gate(who_asks, parts, clock)) as client:
        for _ in range(3):
            answer = await client.get(ADDRESS, headers={"X-API-Key": UNKNOWN})
            assert "postgresql" not in problem(answer, 503, "records-unavailable")["detail"], "told to strangers"
            assert answer.headers["retry-after"] == "5"


async def test_every_answer_to_a_caller_says_what_it_may_still_ask(books: Counted, clock: Clock) -> None:
    _, text = await make(books)
    parts = parts_of(books, RateSettings(per_second=2, burst=4))

    async def failing(scope: Scope, receive: Receive, send: Send) -> None:
        status = 404 if scope["path"].endswith("nothing") else 200
        await PlainTextResponse("", status)(scope, receive, send)

    async with asking(Gate(failing, parts, clock)) as client:
        answers = [
            await client.get(f"/api/v1/{name}", headers={"X-API-Key": text})
            for name in ("some", "nothing", "some", "some", "some", "some")
        ]
        assert [answer.status_code for answer in answers] == [200, 404, 200, 200, 429, 429]
        assert {answer.headers["ratelimit-policy"] for answer in answers} == {'"default";q=4;w=2'}
        assert [answer.headers["ratelimit"] for answer in answers] == [
            f'"default";r={left};t=1' for left in (3, 2, 1, 0, 0, 0)
        ]
        assert "asks more than 2 times a second" in problem(answers[-1], 429, "rate-limited")["detail"]
        assert answers[-1].headers["retry-after"] == "1"
        clock.now += 1
        assert (await client.get(ADDRESS, headers={"X-API-Key": text})).headers["ratelimit"] == '"default";r=1;t=1'
        assert "ratelimit" not in (await client.get(ADDRESS)).headers  # nobody known
        assert "ratelimit" not in (await client.get("/healthz")).headers  # nothing guarded


async def test_an_open_page_is_limited_too(books: Counted, clock: Clock) -> None:
    parts = parts_of(books, RateSettings(per_second=1, burst=1), open_page=True)
    async with asking(Gate(who_asks, parts, clock), "127.0.0.1", "localhost") as client:
        assert (await client.get(ADDRESS)).text == "loopback"
        problem(await client.get(ADDRESS), 429, "rate-limited")


async def test_without_limits_none_are_told(books: Counted, clock: Clock) -> None:
    _, text = await make(books)
    async with asking(Gate(who_asks, parts_of(books), clock)) as client:
        assert await statuses(client, [text] * 300) == [200] * 300
        assert "ratelimit" not in (await client.get(ADDRESS, headers={"X-API-Key": text})).headers


class OneToken:
    """Takes one token alone."""

    async def caller(self, token: str) -> Caller:
        if token != "good.to.ken":
            raise unauthorized(detail="no token", error="invalid_token")
        return Caller("oidc:somebody", "somebody", frozenset({Allowed.READ}), frozenset())


async def test_a_good_token_is_never_held_up_by_bad_ones(books: Counted, clock: Clock) -> None:
    tokens = cast("Tokens", OneToken())
    parts = replace(parts_of(books, RateSettings(failures_burst=2)), tokens=tokens)

    async def status(token: str, header: str = "Authorization", scheme: str = "Bearer ") -> int:
        return (await client.get(ADDRESS, headers={header: scheme + token})).status_code

    async with asking(Gate(who_asks, parts, clock)) as client:
        assert [await status("b.a.d") for _ in range(4)] == [401, 401, 429, 429]
        assert await status("good.to.ken") == 200
        clock.now += 1
        assert await status("good.to.ken", "X-API-Key", "") == 401  # there a key is expected
    assert books.looks == 0
