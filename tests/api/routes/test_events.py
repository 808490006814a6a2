"""Events: a list for pollers, a stream for listeners, and nothing of what is not one's own in either."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
import sqlalchemy as sa

from analytics.alertlog import act, entry_of, fold
from analytics.lifecycle import Action, EventKind
from analytics.machinestates import body_of
from analytics.statenews import Known, StateNews
from api.app import create_app
from api.auth import create_key, revoke_key
from api.parts import Parts
from api.roles import Role
from api.routes import events
from api.seals import PLAIN, Seal
from api.views.events import EventView
from collector.feed import Entry, Told, Topic, prune, read_feed, tell
from collector.records import Records
from collector.settings import StreamSettings
from tests.api.client import asking, problem, walk, with_records
from tests.api.plant import GRINDER, HOB, NOW, PRESS, Plant, alerts
from tests.api.wired import served
from tests.collector.fakes import ManualClock

URL = "/api/v1/events"
STREAM = {"Accept": "text/event-stream"}


def state(path: str) -> tuple[Topic, Entry]:
    news = StateNews(Known(NOW, "idle", "READY"), None, None)
    return "states", Entry(path, body_of(news))


def window(path: str, *, version: int = 1) -> tuple[Topic, Entry]:
    body = {
        "period": "hour", "name": "", "start": "2026-11-24T06:00:00Z", "end": "2026-11-24T07:00:00Z",
        "version": version, "computed": "2026-11-24T08:10:00Z", "reason": "", "withdrawn": False, "coverage": 1.0,
        "values": {"utilisation": 0.5, "oee": None},
    }  # fmt: skip
    return "kpis", Entry(path, body)


async def write(records: Records, *told: tuple[Topic, Entry]) -> None:
    def tells(connection: sa.Connection) -> None:
        for topic, entry in told:
            tell(connection, topic, [entry], now=NOW)

    await records.run(tells)


@pytest.fixture
async def parts(plant: Plant, tmp_path: Path) -> AsyncIterator[Parts]:
    """Give the plant's parts on records of its own, which hold seven events."""
    async with plant.parts() as made, Records(f"sqlite:///{tmp_path}/records.db") as records:
        await write(
            records, state(HOB), window(HOB), state(PRESS), window("riverside"), window("gears"), state(GRINDER)
        )
        await records.run(
            lambda c: tell(c, "alerts", [_alert(HOB, "high")], now=NOW),
        )
        yield with_records(made, records)


def _alert(path: str, priority: str) -> Entry:
    body = {
        "event": "9c56cc51b374c3ba-1", "alert": "9c56cc51b374c3ba", "number": 1, "kind": "raised",
        "state": "unacknowledged", "severity": "low", "priority": priority, "equipment": path, "signal": f"{path}/door",
        "detector": "limit", "began": "2026-11-24T08:12:02Z", "active": True, "message": {"zh": "门", "en": "door"},
        "value": "1", "person": "", "comment": "", "at": "2026-11-24T08:12:05Z",
    }  # fmt: skip
    return Entry(path, body)


async def a_key(parts: Parts, *, factories: list[str] | None = None, days: int = 9) -> str:
    made = partial(
        create_key, name="platform", now=NOW, expires=NOW + timedelta(days=days), roles=[Role.PLATFORM],
        factories=factories,
    )  # fmt: skip
    _, text = await parts.records().run(made)
    return text


@asynccontextmanager
async def client(parts: Parts, **keys: Any) -> AsyncIterator[httpx.AsyncClient]:
    async with asking(parts, key=await a_key(parts, **keys)) as made:
        yield made


async def numbers(api: httpx.AsyncClient, seal: Seal = PLAIN, **asked: Any) -> list[int | None]:
    answer = await api.get(URL, params=asked)
    assert answer.status_code == 200, answer.text
    return [seal.read(row["id"]) for row in answer.json()["items"]]


async def sealed(parts: Parts) -> Seal:
    """Give how numbers are told to who sees a part of the park."""
    return await parts.sealing.seal(parts.records())


async def test_the_list_is_read_in_pages_from_any_number(parts: Parts) -> None:
    async with client(parts) as api:
        assert await numbers(api) == [1, 2, 3, 4, 5, 6, 7]
        assert await numbers(api, after=5) == [6, 7]
        assert await numbers(api, after=7) == []
        pages = await walk(api, URL, limit=3)
        assert [[int(row["id"]) for row in page] for page in pages] == [[1, 2, 3], [4, 5, 6], [7]]
        body = (await api.get(URL, params={"after": 6})).json()
        assert (body["last"], body["next_page_token"]) == ("7", None)
        EventView.model_validate(body["items"][0])
        assert body["items"][0]["data"]["message"] == {"zh": "门", "en": "door"}


async def test_who_polls_by_last_misses_nothing_that_is_told_meanwhile(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    def overtaken(connection: sa.Connection, after: int, **asked: Any) -> list[Told]:
        rows = read_feed(connection, after, **asked)
        if after == 0:
            parts.records().run_now(partial(tell, topic="states", entries=[state(HOB)[1]], now=NOW))
        return rows

    monkeypatch.setattr(events, "read_feed", overtaken)
    async with client(parts) as api:
        page = (await api.get(URL, params={"after": 0, "topic": "states"})).json()
        assert [int(row["id"]) for row in page["items"]] == [1, 3, 6]
        assert (page["last"], page["next_page_token"]) == ("7", None)
        page = (await api.get(URL, params={"after": page["last"], "topic": "states"})).json()
        assert ([int(row["id"]) for row in page["items"]], page["last"]) == ([8], "8")


async def test_the_list_is_filtered(parts: Parts) -> None:
    async with client(parts) as api:
        assert await numbers(api, topic="states") == [1, 3, 6]
        assert await numbers(api, topic=["states", "alerts"], path="gears/hobbing") == [1, 7]
        assert await numbers(api, path=[HOB, PRESS]) == [1, 2, 3, 7]
        assert await numbers(api, path="riverside") == [1, 2, 3, 4, 5, 6, 7]
        assert await numbers(api, severity="low") == [1, 2, 3, 4, 5, 6]
        assert await numbers(api, severity="high", topic="alerts") == [7]
        problem(await api.get(URL, params={"path": "gears/nothing"}), 404, "unknown-asset")
        problem(await api.get(URL, params={"topic": "rumours"}), 422, "invalid-parameter")


async def test_who_sees_some_factories_reads_of_those_alone(parts: Parts) -> None:
    async with client(parts, factories=["gears"]) as api:
        seal = await sealed(parts)
        assert await numbers(api, seal) == await numbers(api, seal, after=seal.place(0)) == [1, 2, 5, 6, 7]
        assert await numbers(api, seal, after=seal.event(5)) == [6, 7]
        for after in ("0", "5", seal.event(8), seal.place(6)[:-1], seal.place(6) + "A"):
            problem(await api.get(URL, params={"after": after}), 422, "invalid-parameter")
        pages = [(await api.get(URL, params={"limit": 2})).json() for _ in range(2)]
        assert pages[0]["items"] == pages[1]["items"]
        assert pages[0]["last"] != pages[1]["last"]  # a place looks new, whether something happened or not
        assert seal.read(pages[0]["last"]) == seal.read(pages[1]["last"]) == 7
        rows = await walk(api, URL, limit=2)
        assert [[seal.read(row["id"]) for row in page] for page in rows] == [[1, 2], [5, 6], [7]]
        for path in ("riverside", PRESS, "moulds"):
            problem(await api.get(URL, params={"path": path}), 404, "unknown-asset")
    async with client(parts, factories=["closed"]) as api:
        assert await numbers(api) == []


async def test_the_list_has_every_form(parts: Parts) -> None:
    async with client(parts) as api:
        table = (await api.get(URL, headers={"Accept": "text/csv"})).text.splitlines()
        assert table[0] == "id,at,topic,path,data"
        assert len(table) == 8
        few = (await api.get(URL, params={"fields": "id,topic", "limit": 1})).json()["items"]
        assert few == [{"id": "1", "topic": "states"}]


async def test_what_is_no_longer_kept_is_said(parts: Parts) -> None:
    await parts.records().run(partial(prune, before=NOW + timedelta(days=1), limit=3))
    async with client(parts) as api:
        told = problem(await api.get(URL, params={"after": 1}), 410, "events-gone")
        assert told["detail"].endswith("then after=3")
        assert await numbers(api) == await numbers(api, after=3) == [4, 5, 6, 7]


@pytest.mark.parametrize("made_up", ["8", "-1", "9" * 20])
async def test_a_number_that_is_none_is_refused(parts: Parts, made_up: str) -> None:
    async with client(parts) as api:
        for headers in ({}, STREAM):
            told = problem(await api.get(URL, params={"after": made_up}, headers=headers), 422, "invalid-parameter")
            assert told["errors"][0]["name"] == "after"


@pytest.mark.parametrize("made_up", ["8", "x", "-1", "1; DROP TABLE feed", "٣", "9" * 40])
async def test_an_id_that_is_none_is_refused(parts: Parts, made_up: str) -> None:
    async with client(parts) as api:
        headers = [(b"accept", b"text/event-stream"), (b"last-event-id", made_up.encode())]
        told = problem(await api.get(URL, headers=headers), 422, "invalid-parameter")
        assert (told["errors"][0]["in"], told["errors"][0]["name"]) == ("header", "Last-Event-ID")


async def test_a_stream_takes_no_parameters_of_lists(parts: Parts) -> None:
    async with client(parts) as api:
        token = (await api.get(URL, params={"limit": 1})).json()["next_page_token"]
        problem(await api.get(URL, params={"limit": 1, "page_token": token}, headers=STREAM), 422, "invalid-parameter")
        problem(await api.get(URL, params={"fields": "id"}, headers=STREAM), 422, "invalid-parameter")


class Stream:
    """What a client hears on one connection."""

    def __init__(self, answer: httpx.Response, seal: Seal = PLAIN) -> None:
        self.answer = answer
        self.seal = seal
        self.text = ""
        self._parts = answer.aiter_text()

    @property
    def ids(self) -> list[int]:
        return [self.seal.read(block[0][4:]) or 0 for block in self._blocks()]

    @property
    def events(self) -> list[tuple[str, Any]]:
        return [(name[7:], orjson.loads(data[6:])) for _, name, data in self._blocks()]

    def _blocks(self) -> list[list[str]]:
        """Give the lines of each event; an id alone says where the stream began and is none."""
        blocks = [block.split("\n") for block in self.text.split("\n\n") if block.startswith("id: ")]
        return [block for block in blocks if len(block) >= 3]

    async def until(self, last: int) -> list[int]:
        async with asyncio.timeout(10):
            while not self.ids or self.ids[-1] < last:
                self.text += await anext(self._parts)
        return self.ids

    async def end(self) -> None:
        async with asyncio.timeout(10):
            async for part in self._parts:
                self.text += part


@asynccontextmanager
async def listening(api: httpx.AsyncClient, last: str = "", seal: Seal = PLAIN, **asked: Any) -> AsyncIterator[Stream]:
    headers = STREAM | ({"Last-Event-ID": last} if last else {})
    async with api.stream("GET", URL, params=asked, headers=headers) as answer:
        assert answer.status_code == 200, await answer.aread()
        yield Stream(answer, seal)


@asynccontextmanager
async def running(parts: Parts, clock: ManualClock | None = None) -> AsyncIterator[httpx.AsyncClient]:
    """Serve the parts on a real server; give a client with the key of the whole park."""
    app = create_app(parts, clock)
    headers = {"X-API-Key": await a_key(parts)}
    async with served(app, parts.settings) as port:
        address = f"http://127.0.0.1:{port}"
        async with httpx.AsyncClient(base_url=address, headers=headers) as api:
            yield api
            await app.state.hub.aclose()
    await app.state.journal.aclose()


async def test_a_stream_tells_what_the_list_tells(parts: Parts) -> None:
    async with running(parts) as api, listening(api, after=0) as stream:
        assert await stream.until(7) == [1, 2, 3, 4, 5, 6, 7]
        rows = (await api.get(URL)).json()["items"]
        assert [data for _, data in stream.events] == rows
        assert [name for name, _ in stream.events] == [row["topic"] for row in rows]
        headers = stream.answer.headers
        assert headers["content-type"].startswith("text/event-stream")
        assert headers["cache-control"] == "no-store"
        assert headers["x-accel-buffering"] == "no"
        assert "content-encoding" not in headers
        assert stream.text.startswith("retry: 2000\n\n")
        await write(parts.records(), state(HOB))
        assert (await stream.until(8))[-1] == 8


async def test_a_stream_begins_now_or_after_the_last_id(parts: Parts) -> None:
    async with running(parts) as api:
        async with listening(api, last="5", after=1) as stream:
            assert await stream.until(7) == [6, 7]
        async with listening(api) as stream, listening(api, after=7) as other:
            await other.answer.aclose()
            await asyncio.sleep(0)
            await write(parts.records(), state(PRESS))
            assert await stream.until(8) == [8]


async def test_a_stream_tells_what_its_caller_may_see(parts: Parts) -> None:
    key = await a_key(parts, factories=["gears"])
    async with running(parts) as api:
        api.headers["X-API-Key"] = key
        seal = await sealed(parts)
        begin = partial(listening, api, seal=seal, after=seal.place(0))
        async with begin() as stream, begin(topic="alerts", path=HOB) as few:
            assert await stream.until(7) == [1, 2, 5, 6, 7]
            assert await few.until(7) == [7]
            assert "moulds" not in stream.text
            assert "riverside" not in stream.text


async def test_a_stream_of_a_revoked_key_ends_soon(parts: Parts) -> None:
    key = await a_key(parts)
    clock = ManualClock()
    async with running(parts, clock) as api:
        async with listening(api, after=0) as kept:
            api.headers["X-API-Key"] = key
            async with listening(api, after=0) as stream:
                assert await stream.until(7)
                await parts.records().run(partial(revoke_key, key=key.split("_")[1], now=NOW))
                ending = asyncio.create_task(stream.end())
                for _ in range(30):
                    clock.advance(1)
                    await asyncio.wait({ending}, timeout=0.1)
                    if ending.done():
                        break
                await ending
            assert await kept.until(7)
        problem(await api.get(URL, headers=STREAM), 401, "unauthorized")


async def test_streams_are_bounded_and_say_so(parts: Parts) -> None:
    bounded = replace(parts, settings=parts.settings.model_copy(update={"streams": StreamSettings(per_caller=1)}))
    async with running(bounded) as api:
        async with listening(api, after=0) as stream:
            assert await stream.until(7)
            told = problem(await api.get(URL, headers=STREAM), 429, "too-many-streams")
            assert told["detail"].endswith("has as many streams open as one caller may: 1")
        async with asyncio.timeout(5):
            while await refused(api):
                continue


async def refused(api: httpx.AsyncClient) -> bool:
    async with api.stream("GET", URL, headers=STREAM) as answer:
        return answer.status_code == 429


async def test_a_head_is_answered_and_holds_nothing(parts: Parts) -> None:
    async with running(parts) as api:
        answer = await api.head(URL, headers=STREAM)
        assert (answer.status_code, answer.content) == (200, b"")
        async with listening(api, after=6) as stream:
            assert await stream.until(7) == [7]


async def test_a_client_misses_nothing_whatever_breaks(parts: Parts) -> None:
    """Its connection breaks at any byte, and the API is restarted, while events are told."""
    told, known, breaks = 7, list[int](), 0
    for life in range(3):
        async with running(parts) as api:
            for turn in range(6):
                taken = 40 + 97 * ((life * 6 + turn) % 7)
                last = str(known[-1]) if known else "0"
                async with listening(api, last) as stream:
                    for _ in range(turn % 3):
                        await write(parts.records(), state(HOB), window(PRESS))
                        told += 2
                    async with asyncio.timeout(10):
                        while len(stream.text) < taken and (not known or known[-1] + len(stream.ids) < told):
                            stream.text += await anext(stream._parts)
                whole = stream.text[:taken].rpartition("\n\n")[0] + "\n\n"
                known += [int(line[4:]) for line in whole.split("\n") if line.startswith("id: ")]
                breaks += 1
    async with running(parts) as api:
        if known[-1] < told:
            async with listening(api, last=str(known[-1])) as stream:
                known += await stream.until(told)
    assert known == list(range(1, told + 1))
    assert breaks == 18


async def test_what_is_done_to_an_alert_is_told_with_it(tmp_path: Path) -> None:
    async with Records(f"sqlite:///{tmp_path}/records.db") as records:
        one = next(alert for alert in alerts() if alert.active)
        raised = await records.run(partial(fold, found=[one], now=NOW, suppressed=lambda _: ""))
        action = Action(EventKind.ACKNOWLEDGED, "ana", alert=one.id, comment="seen")
        done = await records.run(partial(act, action=action, now=NOW))
        rows = await records.run(partial(read_feed, after=0, limit=10))
        assert [row.body for row in rows] == [entry_of(event).body for event in [*raised, *done]]
        assert [row.body["kind"] for row in rows] == ["raised", "acknowledged"]
        assert (rows[1].body["person"], rows[1].body["comment"]) == ("ana", "seen")
        assert rows[0].body["message"]["zh"]
        for row in rows:
            EventView.model_validate(
                {"id": str(row.number), "at": row.at, "topic": row.topic, "path": row.path, "data": row.body}
            )
        assert {row.path for row in rows} == {one.equipment}
