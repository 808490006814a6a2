"""Answers are made once while what they are made of stays, and made anew when it has changed."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.routing import iter_route_contexts
from starlette.types import ASGIApp, Receive, Scope, Send

from api.app import create_app
from api.callers import Caller
from api.compression import Compression
from api.freshness import Freshness
from api.parts import Parts
from api.remembered import LONGEST_S, WITHIN_S, Basis, Remembering, basis_of, remembered, remembered_paths
from api.revisions import LOOKED_S
from api.roles import Scope as Allowed
from collector.records import Records, RecordsError
from collector.revision import begin_revising, end_revising
from collector.settings import ApiSettings
from tests.api.client import asking
from tests.api.plant import NOW, PARK, Plant

EVERYTHING = Caller("key:a", "a", frozenset({Allowed.READ}), None)
BODY = b'{"items": [' + b'{"utilisation": 0.713},' * 200 + b"{}]}"


@dataclass
class Scene:
    """A route whose answers are remembered, and what they depend on."""

    records: Records
    caller: Caller = EVERYTHING
    clock: float = 1000.0
    made: int = 0
    body: bytes = BODY
    down: bool = False
    broken: bool = False
    held: asyncio.Event | None = None
    seen: list[tuple[object, Any]] = field(default_factory=list)

    def client(self, **settings: Any) -> httpx.AsyncClient:
        """Give a client."""
        app = FastAPI()

        async def answer(request: Request) -> Response:
            self.made += 1
            if self.held is not None:
                await self.held.wait()
            if self.broken:
                raise ZeroDivisionError
            if request.url.query == "broken":
                raise HTTPException(503)
            request.state.rows = self.made
            headers = {"Cache-Control": "no-store"} if request.url.query == "private" else {}
            if "linked" in request.query_params:
                headers["Link"] = f'<{request.url}>; rel="next"'
            return Response(self.body, media_type="application/json", headers=headers)

        app.get("/api/v1/results", dependencies=[remembered(Basis.RESULTS)])(answer)
        app.get("/api/v1/park", dependencies=[remembered(Basis.CONFIGURATION)])(answer)
        app.get("/api/v1/alerts")(answer)
        parts = Parts(PARK, ApiSettings(**settings), self._records, self._records, lambda: NOW, self._records)  # type: ignore[arg-type]  # neither a store nor a replay is asked for
        app.add_middleware(Remembering, parts=parts, clock=lambda: self.clock)
        app.add_middleware(_Known, scene=self)
        app.add_middleware(Freshness)
        app.add_middleware(Compression)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://parkline.example")

    def _records(self) -> Records:
        if self.down:
            message = "the records are down"
            raise RecordsError(message)
        return self.records

    async def write(self) -> None:
        """Write results, as far as anybody is told."""
        await self.records.run(lambda connection: end_revising(connection, begin_revising(connection, now=NOW)))


class _Known:
    """Says who asks, and notes what the audit would."""

    def __init__(self, app: ASGIApp, scene: Scene) -> None:
        self._app = app
        self._scene = scene

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        scope.setdefault("state", {})["caller"] = self._scene.caller
        await self._app(scope, receive, send)
        self._scene.seen.append((scope.get("route"), scope["state"].get("rows")))


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    """Give a route, and records of its own."""
    async with Records(f"sqlite:///{tmp_path}/records.db") as records:
        yield Scene(records)


async def _turns() -> None:
    """Let whatever can go on go on, also in other threads."""
    for _ in range(20):
        await asyncio.sleep(0)
        await asyncio.to_thread(lambda: None)


async def _until_made(scene: Scene, count: int) -> None:
    async with asyncio.timeout(10):
        while scene.made < count:
            await _turns()
    assert scene.made == count


async def test_an_answer_is_made_again_when_results_were_written(scene: Scene) -> None:
    async with scene.client() as client:
        for _ in range(3):
            assert (await client.get("/api/v1/results")).content == BODY
            scene.clock += 2 * WITHIN_S
        assert scene.made == 1
        await scene.write()
        scene.body = b"{}"
        assert (await client.get("/api/v1/results")).content == b"{}"
        assert scene.made == 2


async def test_nobody_waits_for_what_was_good_a_moment_ago(scene: Scene) -> None:
    async with scene.client() as client:
        await client.get("/api/v1/results")
        await scene.write()
        scene.body = b"{}"
        scene.clock += 0.99 * LOOKED_S
        await client.get("/api/v1/results")
        assert scene.made == 1
        scene.clock += 0.02 * LOOKED_S
        scene.held = asyncio.Event()
        for made in (1, 2, 2):  # the first has the revision looked at, the second the answer made anew
            assert (await client.get("/api/v1/results")).content == BODY
            await _until_made(scene, made)
            await _turns()
        scene.held.set()
        await _turns()
        assert (await client.get("/api/v1/results")).content == b"{}"
        assert scene.made == 2


async def test_what_was_written_is_shown_within_the_time_that_is_promised(scene: Scene) -> None:
    async with scene.client() as client:
        await client.get("/api/v1/results")
        for _ in range(4):
            scene.clock += 1.01 * LOOKED_S
            await client.get("/api/v1/results")
            await _turns()
        assert scene.made == 1
        await scene.write()
        scene.held, scene.body = asyncio.Event(), b"{}"
        scene.clock += 0.99 * WITHIN_S
        assert (await client.get("/api/v1/results")).content == BODY
        scene.clock += 0.02 * WITHIN_S
        asked = asyncio.create_task(client.get("/api/v1/results"))
        await _until_made(scene, 2)
        assert not asked.done()
        scene.held.set()
        assert (await asked).content == b"{}"


async def test_what_cannot_be_made_anew_is_told_when_the_old_answer_is_too_old(scene: Scene) -> None:
    async with scene.client() as client:
        await client.get("/api/v1/results")
        await scene.write()
        scene.broken = True
        scene.clock += 1.01 * LOOKED_S
        while scene.made == 1:
            assert (await client.get("/api/v1/results")).status_code == 200
            await _turns()
        scene.clock += WITHIN_S
        assert (await client.get("/api/v1/results")).status_code == 500


async def test_what_is_made_while_results_are_written_is_kept_no_longer_than_a_look(scene: Scene) -> None:
    write = await scene.records.run(lambda connection: begin_revising(connection, now=NOW))
    async with scene.client() as client:
        for made in (1, 2):
            for _ in range(3):
                await client.get("/api/v1/results")
            assert scene.made == made
            scene.clock += 1.01 * WITHIN_S
        await scene.records.run(lambda connection: end_revising(connection, write))
        for _ in range(3):
            await client.get("/api/v1/results")
            scene.clock += 1.01 * WITHIN_S
        assert scene.made == 3


async def test_an_answer_of_results_has_an_end(scene: Scene) -> None:
    async with scene.client() as client:
        await client.get("/api/v1/results")
        scene.clock += 0.9 * LONGEST_S
        await client.get("/api/v1/results")
        assert scene.made == 1
        scene.clock += 0.2 * LONGEST_S
        await client.get("/api/v1/results")
        assert scene.made == 2


async def test_without_the_records_only_the_configuration_is_remembered(scene: Scene) -> None:
    async with scene.client() as client:
        await client.get("/api/v1/results")
        await client.get("/api/v1/park")
        scene.down = True
        for made in (3, 4):
            scene.clock += 1.01 * WITHIN_S
            for _ in range(2):
                assert (await client.get("/api/v1/results")).status_code == 200
                assert (await client.get("/api/v1/park")).status_code == 200
            assert scene.made == made


@pytest.mark.parametrize(
    "other",
    [
        replace(EVERYTHING, factories=frozenset({"gears"})),
        replace(EVERYTHING, factories=frozenset()),
        replace(EVERYTHING, scopes=frozenset({Allowed.READ, Allowed.EXPORT})),
        replace(EVERYTHING, views=frozenset({"city"})),
    ],
)
async def test_who_may_see_something_else_is_not_given_the_answer(scene: Scene, other: Caller) -> None:
    async with scene.client() as client:
        await client.get("/api/v1/results")
        scene.caller = other
        scene.body = b'"other"'
        assert (await client.get("/api/v1/results")).content == b'"other"'
        scene.caller = replace(EVERYTHING, id="key:b", name="b")
        assert (await client.get("/api/v1/results")).content == BODY
        assert scene.made == 2


@pytest.mark.parametrize(
    ("url", "accept"), [("/api/v1/results?limit=2", "*/*"), ("/api/v1/results", "text/csv"), ("/api/v1/park", "*/*")]
)
async def test_another_question_has_another_answer(scene: Scene, url: str, accept: str) -> None:
    async with scene.client() as client:
        await client.get("/api/v1/results")
        await client.get(url, headers={"Accept": accept})
        assert scene.made == 2


@pytest.mark.parametrize("url", ["/api/v1/alerts", "/api/v1/results?private", "/api/v1/results?broken"])
async def test_other_answers_are_made_each_time(scene: Scene, url: str) -> None:
    async with scene.client() as client:
        first, again = [await client.get(url) for _ in range(2)]
        assert (first.status_code, first.content) == (again.status_code, again.content)
        assert scene.made == 2


@pytest.mark.parametrize("encoding", ["identity", "gzip", "zstd", "br, *"])
async def test_it_is_sent_as_it_was_the_first_time(scene: Scene, encoding: str) -> None:
    async with scene.client() as client, scene.client(remember=0) as plain:
        asked = {"Accept-Encoding": encoding}
        first, again = [await client.get("/api/v1/results", headers=asked) for _ in range(2)]
        bare = await plain.get("/api/v1/results", headers=asked)
        assert scene.made == 2
        for answer in (first, again):
            assert answer.content == bare.content == BODY
            assert sorted(answer.headers.multi_items()) == sorted(bare.headers.multi_items())
        tagged = {**asked, "If-None-Match": bare.headers["etag"]}
        known, bare = (
            await client.get("/api/v1/results", headers=tagged),
            await plain.get("/api/v1/results", headers=tagged),
        )
        assert (known.status_code, known.content) == (304, b"")
        assert sorted(known.headers.multi_items()) == sorted(bare.headers.multi_items())


async def test_the_audit_sees_it_as_any_other(scene: Scene) -> None:
    async with scene.client() as client:
        for _ in range(2):
            await client.get("/api/v1/results")
    (first, rows), again = scene.seen
    assert basis_of(first) is Basis.RESULTS
    assert (first, rows) == again
    assert rows == 1


async def _at_once(client: httpx.AsyncClient, url: str, count: int, then: Callable[[], None]) -> list[int]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(client.get(url)) for _ in range(count)]
        await _turns()
        then()
    return [task.result().status_code for task in tasks]


async def test_who_asks_at_the_same_time_is_answered_by_one(scene: Scene) -> None:
    scene.held = asyncio.Event()
    async with scene.client() as client:
        assert await _at_once(client, "/api/v1/park", 5, scene.held.set) == [200] * 5
        assert scene.made == 1


async def test_who_waits_for_what_breaks_asks_for_itself(scene: Scene) -> None:
    scene.held = asyncio.Event()
    async with scene.client() as client:
        assert await _at_once(client, "/api/v1/park?broken", 3, scene.held.set) == [503] * 3
        assert scene.made == 3


async def test_nobody_waits_for_what_began_too_long_ago(scene: Scene) -> None:
    scene.held = asyncio.Event()
    async with scene.client() as client, asyncio.TaskGroup() as group:
        for _ in range(2):
            group.create_task(client.get("/api/v1/park"))
            await _turns()
            scene.clock += WITHIN_S
        assert scene.made == 2
        scene.held.set()


async def test_it_takes_no_more_room_than_there_is(scene: Scene) -> None:
    scene.body = b"x" * 10_000
    async with scene.client(remember="40 KiB") as client:
        for number in (1, 2, 3, 1, 4, 1, 2):
            await client.get(f"/api/v1/park?{number}")
        assert scene.made == 5  # the fourth put the second out, which was not asked for the longest
        scene.body = b"x" * 10_241
        for _ in range(2):
            await client.get("/api/v1/park?large")
        assert scene.made == 7


async def test_headers_take_room_as_bodies_do(scene: Scene) -> None:
    scene.body = b"{}"
    async with scene.client(remember="40 KiB") as client:
        for mark in "abab":
            await client.get("/api/v1/park", params={"linked": mark * 10_000})
    assert scene.made == 4


async def test_nothing_is_remembered_where_there_is_no_room(scene: Scene) -> None:
    async with scene.client(remember=0) as client:
        for _ in range(2):
            await client.get("/api/v1/park")
        assert scene.made == 2


MARKED = {
    "/api/v1/kpis/catalogue": Basis.CONFIGURATION,
    "/api/v1/parks": Basis.CONFIGURATION,
    "/api/v1/factories": Basis.CONFIGURATION,
    "/api/v1/lines": Basis.CONFIGURATION,
    "/api/v1/equipment": Basis.CONFIGURATION,
    "/api/v1/signals": Basis.CONFIGURATION,
    "/api/v1/kpis": Basis.RESULTS,
    "/api/v1/losses": Basis.RESULTS,
    "/api/v1/comparisons": Basis.RESULTS,
}
QUERIES = {
    "/api/v1/comparisons": "?before_start=2026-11-21T16:00:00Z&before_end=2026-11-22T16:00:00Z"
    "&start=2026-11-22T16:00:00Z&end=2026-11-23T16:00:00Z",
}


async def test_what_is_remembered_is_a_list_without_parameters_in_its_address(plant: Plant) -> None:
    async with plant.parts() as parts:
        app = create_app(parts)
        assert remembered_paths(app) == MARKED
        for route in iter_route_contexts(app.routes):
            if basis_of(route) is not None:
                assert route.path_format is not None
                assert "{" not in route.path_format
                assert route.methods == {"GET"}


async def test_what_is_remembered_depends_on_nothing_else(plant: Plant, tmp_path: Path) -> None:
    """Held against an API at another time, of empty records, and without a store where the configuration does."""

    def gone() -> Any:
        raise AssertionError

    async with plant.parts() as parts, Records(f"sqlite:///{tmp_path}/records.db") as others:
        settings = parts.settings.model_copy(update={"open_page": True})
        later = replace(parts, settings=settings, records=lambda: others, now=lambda: NOW + timedelta(hours=1))
        answers: dict[str, dict[str, bytes]] = {}
        for name, one in (("now", parts), ("later", later), ("bare", replace(later, store=gone))):
            async with asking(
                one, key=plant.key if one is parts else None, peer="127.0.0.1", host="localhost"
            ) as client:
                for path, basis in MARKED.items():
                    if name != "bare" or basis is Basis.CONFIGURATION:
                        answer = await client.get(path + QUERIES.get(path, ""))
                        assert answer.status_code == 200
                        answers.setdefault(path, {})[name] = answer.content
    assert [path for path, given in answers.items() if len(set(given.values())) > 1] == []
