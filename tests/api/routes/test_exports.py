"""Exports: whole files of what the lists give, made beside, for whoever asked and nobody else."""

import asyncio
import hashlib
import sqlite3
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any, cast

import httpx
import polars as pl
import pytest
import sqlalchemy as sa
from polars.testing import assert_frame_equal
from structlog.testing import capture_logs

from adapters.stores.contract import Store, StoreUnavailableError
from api import exporting, exportrows
from api.auth import KEYS, create_key, read_keys, revoke_key
from api.exportfiles import Bounds, Written, write
from api.exporting import Exporter
from api.exportlog import LASTS, TRIES, ExportState, begin_next, read_export
from api.parts import Parts
from api.roles import Role
from api.routes import exports
from collector.records import Records, RecordsError
from collector.settings import ApiSettings, ExportSettings
from tests.api.client import asking, items, problem, walk
from tests.api.plant import BEGIN, GRINDER, HOB, NOW, PRESS, Plant

URL = "/api/v1/exports"

WINDOW = {"start": "2026-11-23T00:00:00Z", "end": "2026-11-24T08:00:00Z"}

SAMPLES = {"what": "samples", "paths": [HOB], **WINDOW}


_OURS = KEYS.update().where(KEYS.c.name == "somebody")


class Clock:
    """The time, which stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def parts(plant: Plant, tmp_path: Path, clock: Clock) -> AsyncIterator[Parts]:
    """Give the plant's parts with a copy of its records, and an empty folder of exports."""
    settings = ApiSettings(exports=ExportSettings(folder=tmp_path / "exports", spare=0))
    with (
        closing(sqlite3.connect(plant.folder / "records.db")) as lived,
        closing(sqlite3.connect(tmp_path / "records.db")) as copy,
    ):
        lived.backup(copy)
    async with Records(f"sqlite:///{tmp_path}/records.db") as records, plant.parts() as parts:
        yield replace(parts, records=lambda: records, settings=settings, now=clock)


@asynccontextmanager
async def holding(parts: Parts, *factories: str | None, role: Role = Role.PLATFORM) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client with a new key for these factories; None: the whole park."""
    granted = None if None in factories else [factory for factory in factories if factory is not None]
    make = partial(create_key, name="somebody", now=NOW, expires=None, roles=[role], factories=granted)
    _, text = await parts.records().run(make)
    async with asking(parts, key=text) as client:
        yield client


async def made(parts: Parts, client: httpx.AsyncClient, **asked: Any) -> dict[str, Any]:
    """Have an export made; give how it stands then."""
    answer = await client.post(URL, json={**SAMPLES, **asked})
    assert answer.status_code == 202, answer.text
    await Exporter(parts).work()
    export: dict[str, Any] = (await client.get(answer.headers["location"])).json()
    return export


async def downloaded(client: httpx.AsyncClient, export: dict[str, Any]) -> bytes:
    """Give its file, and hold it against what is told of it."""
    assert (export["state"], export["progress"], export["problem"]) == ("done", 1.0, "")
    answer = await client.get(export["file"])
    assert answer.status_code == 200, answer.text
    assert len(answer.content) == export["bytes"]
    assert hashlib.sha256(answer.content).hexdigest() == export["sha256"]
    return answer.content


async def table(parts: Parts, client: httpx.AsyncClient, **asked: Any) -> pl.DataFrame:
    export = await made(parts, client, **asked)
    rows = pl.read_parquet(BytesIO(await downloaded(client, export)))
    assert rows.height == export["rows"]
    return rows


# What is in them.


async def test_samples_are_those_of_the_store(parts: Parts) -> None:
    async with holding(parts, None) as client:
        found = await table(parts, client)
    signals = [path for path in parts.park.signals if path.startswith(f"{HOB}/")]
    start, end = (datetime.fromisoformat(WINDOW[edge]) for edge in ("start", "end"))
    expected = (await parts.store().samples(signals, start, end)).collect()
    assert expected.height > 700
    assert_frame_equal(found.sort("signal", "time"), expected, check_exact=True)


async def test_pieces_of_any_size_give_the_same(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    async with holding(parts, None) as client:
        whole = await table(parts, client, paths=[])
        monkeypatch.setattr(exportrows, "AT_ONCE", 200_000)  # a signal's day is cut before anything is known of it
        in_pieces = await table(parts, client, paths=[])
    assert_frame_equal(in_pieces.sort("signal", "time"), whole.sort("signal", "time"), check_exact=True)


@pytest.mark.parametrize("form", ["parquet", "csv", "arrow"])
async def test_every_format_has_the_same_rows(parts: Parts, form: str) -> None:
    async with holding(parts, None) as client:
        expected = await table(parts, client)
        export = await made(parts, client, format=form)
        content = await downloaded(client, export)
        head = await client.head(export["file"])
    if form == "csv":
        found = pl.read_csv(BytesIO(content), schema_overrides={"status": pl.UInt32, "bool": pl.Boolean})
        assert found["time"][0].endswith("Z")
        assert content.count(b"\r\n") == expected.height + 1
        found = found.select(pl.col("signal"), pl.col("time").str.to_datetime(time_unit="ns", time_zone="UTC"), "text")
        assert_frame_equal(found, expected.select("signal", "time", "text"))
    else:
        reader: Callable[..., pl.DataFrame] = pl.read_ipc if form == "arrow" else pl.read_parquet
        assert_frame_equal(reader(BytesIO(content)), expected, check_exact=True)
    assert head.headers["content-disposition"] == f'attachment; filename="parkline-samples-20261123-20261124.{form}"'
    assert int(head.headers["content-length"]) == len(content)


@pytest.mark.parametrize("period", ["hour", "day", "week", None])
async def test_kpis_are_those_of_the_list(parts: Parts, period: str | None) -> None:
    asked = {"period": period} if period else {}
    window = {"start": "2026-11-16T00:00:00Z", "end": "2026-11-25T00:00:00Z"}
    async with holding(parts, None) as client:
        found = await table(parts, client, what="kpis", paths=["riverside", HOB, GRINDER], **asked, **window)
        pages = await walk(client, "/api/v1/kpis", path=["riverside", HOB, GRINDER], limit=10_000, **asked, **window)
    rows = [row for page in pages for row in page]
    key = ["path", "period", "start", "kpi"]
    assert found.height == len(rows) > 0
    assert found.sort(key)["value"].to_list() == [row["value"] for row in rows]
    assert found.sort(key)["unit"].to_list() == [row["unit"] for row in rows]


async def test_losses_are_those_of_the_list(parts: Parts) -> None:
    window = {"start": "2026-11-16T00:00:00Z", "end": "2026-11-25T00:00:00Z"}
    async with holding(parts, None) as client:
        found = await table(parts, client, what="losses", paths=[HOB], **window)
        rows = await items(client, "/api/v1/losses", path=HOB, limit=1000, **window)
    assert found.height == len(rows) > 0
    assert sorted(found["seconds"].to_list()) == sorted(row["seconds"] for row in rows)


async def test_states_are_whole_though_midnight_cuts_them(parts: Parts) -> None:
    window = {"start": "2026-11-21T15:00:00Z", "end": "2026-11-24T09:00:00Z"}
    async with holding(parts, None) as client:
        found = await table(parts, client, what="states", paths=["gears"], **window)
        for path in ("gears/hobbing/hob-01", "gears/hobbing/hob-02", GRINDER):
            rows = await items(client, f"/api/v1/equipment/{path}/states", limit=10_000, **window)
            own = found.filter(pl.col("path") == path).sort("start")
            told = own.select(pl.col("start", "end").dt.to_string("%Y-%m-%dT%H:%M:%S%.6fZ"), "state", "raw").to_dicts()
            starts = pl.Series([row["start"] for row in rows]).str.to_datetime(time_zone="UTC", time_unit="us")
            assert own["start"].to_list() == starts.to_list()
            assert [one["state"] for one in told] == [row["state"] for row in rows]
            assert [one["raw"] for one in told] == [row["raw"] for row in rows]
    assert not found["path"].is_in(["gears/hobbing/washer"]).any()


async def test_alerts_are_those_of_the_list(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exportrows, "ALERTS_AT_ONCE", 7)
    window = {"start": BEGIN.isoformat(), "end": NOW.isoformat()}
    async with holding(parts, None) as client:
        found = await table(parts, client, what="alerts", paths=[], **window)
        rows = await items(client, "/api/v1/alerts", limit=1000, **window)
    assert found["id"].to_list() == [row["id"] for row in rows]
    assert found["message.zh"].to_list() == [row["message"]["zh"] for row in rows]


# Whose they are.


@pytest.mark.parametrize("what", ["samples", "kpis", "losses", "states", "alerts"])
async def test_a_factory_is_given_its_own_rows_and_no_others(parts: Parts, what: str) -> None:
    window = {"start": "2026-11-22T00:00:00Z", "end": NOW.isoformat()}
    async with holding(parts, "moulds") as own, holding(parts) as nothing:
        found = await table(parts, own, what=what, paths=[], **window)
        none = await table(parts, nothing, what=what, paths=[], **window)
        answers = [
            await own.post(URL, json={"what": what, "paths": [path], **window})
            for path in (HOB, "gears/hobbing/hob-99", "riverside")
        ]
    of = found["equipment" if what == "alerts" else found.columns[0]]
    assert found.height > 0
    assert of.str.starts_with("moulds").all()
    assert none.height == 0
    assert none.schema == found.schema
    for answer in answers:
        body = problem(answer, 404, "unknown-asset")
        assert "gears" not in body["detail"].split(";")[-1] or body["detail"].count(";") == 0


async def test_an_export_is_its_callers_own(parts: Parts) -> None:
    async with holding(parts, None) as owner, holding(parts, None, role=Role.ADMIN) as other:
        export = await made(parts, owner)
        where = f"{URL}/{export['id']}"
        for answer in (await other.get(where), await other.get(f"{where}/file"), await other.delete(where)):
            problem(answer, 404, "unknown-export")
        assert await items(other, URL) == []
        unknown = problem(await other.get(f"{URL}/{'0' * 32}"), 404, "unknown-export")
        hidden = problem(await other.get(where), 404, "unknown-export")
        assert unknown["detail"].replace("0" * 32, "ID") == hidden["detail"].replace(export["id"], "ID")
        assert [one["id"] for one in await items(owner, URL)] == [export["id"]]
        await downloaded(owner, export)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.MAINTENANCE])
async def test_exports_need_their_scope(parts: Parts, role: Role) -> None:
    async with holding(parts, None, role=role) as client:
        for answer in (
            await client.post(URL, json=SAMPLES),
            await client.get(URL),
            await client.get(f"{URL}/{'0' * 32}"),
        ):
            problem(answer, 403, "forbidden")


async def test_grants_that_shrink_close_what_is_made(parts: Parts) -> None:
    async with holding(parts, "gears", "moulds") as client:
        own = await made(parts, client, paths=[PRESS])
        all_of_it = await made(parts, client, paths=[])
        await parts.records().run(lambda connection: connection.execute(_OURS.values(factories=["moulds"])))
        async with asking(parts, key=client.headers["x-api-key"]) as later:
            problem(await later.get(f"{URL}/{all_of_it['id']}"), 404, "unknown-export")
            problem(await later.get(all_of_it["file"]), 404, "unknown-export")
            assert [one["id"] for one in await items(later, URL)] == [own["id"]]
            await downloaded(later, own)


@pytest.mark.parametrize("how", ["revoked", "narrowed", "lowered"])
async def test_nothing_is_made_for_who_may_see_it_no_more(parts: Parts, how: str) -> None:
    async with holding(parts, None) as client:
        answer = await client.post(URL, json=SAMPLES)

    def change(connection: Any) -> None:
        key = next(key.id for key in read_keys(connection) if key.name == "somebody")
        if how == "revoked":
            revoke_key(connection, key, now=NOW)
        else:
            values = {"factories": ["moulds"]} if how == "narrowed" else {"roles": [Role.VIEWER]}
            connection.execute(_OURS.values(values))

    await parts.records().run(change)
    await Exporter(parts).work()
    export = await parts.records().run(lambda connection: read_export(connection, answer.json()["id"]))
    assert export is not None
    assert export.state is ExportState.FAILED
    assert "no valid key" in export.problem
    assert list(parts.settings.exports.folder.glob("*")) == []


# How they are downloaded.


async def test_a_download_is_resumed(parts: Parts) -> None:
    async with holding(parts, None) as client:
        export = await made(parts, client)
        content = await downloaded(client, export)
        whole = await client.get(export["file"])
        tag = whole.headers["etag"]
        assert tag == f'"{export["sha256"]}"'
        first = await client.get(export["file"], headers={"Range": "bytes=0-99"})
        rest = await client.get(export["file"], headers={"Range": "bytes=100-", "If-Range": tag})
        last = await client.get(export["file"], headers={"Range": "bytes=-10"})
        changed = await client.get(export["file"], headers={"Range": "bytes=100-", "If-Range": '"other"'})
        known = await client.get(export["file"], headers={"If-None-Match": tag})
    assert [answer.status_code for answer in (first, rest, last, changed, known)] == [206, 206, 206, 200, 304]
    assert first.content + rest.content == changed.content == content
    assert last.content == content[-10:]
    assert first.headers["content-range"] == f"bytes 0-99/{len(content)}"
    assert first.headers["etag"] == tag
    assert "content-encoding" not in first.headers


async def test_what_is_no_range_is_passed_over(parts: Parts) -> None:
    async with holding(parts, None) as client:
        export = await made(parts, client)
        for asked in ("bytes=5-2", "bytes=a-b", "bytes=0-1,5-6", "items=0-5", "bytes=-", "bytes", "bytes=--1"):
            answer = await client.get(export["file"], headers={"Range": asked})
            assert (answer.status_code, len(answer.content)) == (200, export["bytes"]), asked


async def test_bytes_beyond_the_file_are_a_problem(parts: Parts) -> None:
    async with holding(parts, None) as client:
        export = await made(parts, client)
        for asked in (f"bytes={export['bytes']}-", "bytes=999999999999999999-", "bytes=-0"):
            answer = await client.get(export["file"], headers={"Range": asked})
            problem(answer, 416, "range-not-satisfiable")
            assert answer.headers["content-range"] == f"bytes */{export['bytes']}"
        stale = {"Range": f"bytes={export['bytes']}-", "If-Range": '"other"'}
        assert (await client.get(export["file"], headers=stale)).status_code == 200


# What becomes of them.


async def test_until_it_is_done_there_is_no_file(parts: Parts) -> None:
    async with holding(parts, None) as client:
        waiting = (await client.post(URL, json=SAMPLES)).json()
        assert (waiting["state"], waiting["progress"], waiting["file"]) == ("queued", 0.0, None)
        body = problem(await client.get(f"{URL}/{waiting['id']}/file"), 409, "export-not-done")
        assert "queued" in body["detail"]
        await parts.records().run(lambda connection: begin_next(connection, now=NOW))
        assert (await client.get(f"{URL}/{waiting['id']}")).json()["state"] == "running"


async def test_what_a_crash_left_is_begun_once_more(parts: Parts, clock: Clock) -> None:
    async with holding(parts, None) as client:
        number = (await client.post(URL, json=SAMPLES)).json()["id"]
        left = await parts.records().run(lambda connection: begin_next(connection, now=NOW))
        assert left is not None
        folder = parts.settings.exports.folder
        folder.mkdir()
        torn, strange = folder / f"{left.stem}.parquet.part", folder / "notes.txt"
        for path in (torn, strange):
            path.write_text("x")
        await Exporter(parts).work()
        await Exporter(parts).tidy()
        assert (await client.get(f"{URL}/{number}")).json()["state"] == "running"
        assert torn.exists()  # whoever makes it may be another process
        clock.now += LASTS
        stop = asyncio.Event()
        async with asyncio.timeout(30), asyncio.TaskGroup() as group:
            group.create_task(Exporter(parts).run(stop))
            while (await client.get(f"{URL}/{number}")).json()["state"] != "done":  # noqa: ASYNC110 - as a client does
                await asyncio.sleep(0)
            stop.set()
        await Exporter(parts).tidy()
        await downloaded(client, (await client.get(f"{URL}/{number}")).json())
    assert not torn.exists()
    assert strange.exists()


async def test_what_ends_the_process_each_time_fails(parts: Parts, clock: Clock) -> None:
    async with holding(parts, None) as client:
        number = (await client.post(URL, json=SAMPLES)).json()["id"]
        for _ in range(TRIES):
            left = await parts.records().run(lambda connection: begin_next(connection, now=clock()))
            assert left is not None
            clock.now += LASTS
        await Exporter(parts).work()
        export = (await client.get(f"{URL}/{number}")).json()
    assert (export["state"], export["file"]) == ("failed", None)
    assert "ask for less" in export["problem"]


class Halting:
    """A store that waits before it gives samples, from the second time on."""

    name = "halting"

    def __init__(self, store: Store) -> None:
        self._store = store
        self._asked = 0
        self.waits = asyncio.Event()
        self.go_on = asyncio.Event()

    async def samples(self, signals: Collection[str], start: datetime, end: datetime) -> pl.LazyFrame:
        self._asked += 1
        if self._asked > 1:
            self.waits.set()
            await self.go_on.wait()
        return await self._store.samples(signals, start, end)


@asynccontextmanager
async def half_made(parts: Parts) -> AsyncIterator[Halting]:
    """Have an export half made; the block ends when its maker has ended."""
    store = Halting(parts.store())
    maker = Exporter(replace(parts, store=lambda: cast("Store", store)))
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        group.create_task(maker.work())
        await store.waits.wait()
        yield store
        store.go_on.set()


async def test_two_makers_of_one_export_do_not_meet(parts: Parts, clock: Clock) -> None:
    async with holding(parts, None) as client:
        number = (await client.post(URL, json={**SAMPLES, "format": "csv"})).json()["id"]
        async with half_made(parts):
            clock.now += LASTS  # as if nobody had heard of the first for so long
            await Exporter(parts).work()
            await Exporter(parts).tidy()
            done = (await client.get(f"{URL}/{number}")).json()
            content = await downloaded(client, done)
        assert (await client.get(f"{URL}/{number}")).json() == done
        assert await downloaded(client, done) == content
        await Exporter(parts).tidy()
    assert [path.suffix for path in parts.settings.exports.folder.iterdir()] == [".csv"]


@pytest.mark.parametrize("how", ["deleted", "revoked"])
async def test_what_is_wanted_no_more_is_not_made_to_its_end(
    parts: Parts, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr(exporting, "LOOKING_S", 0.0)
    async with holding(parts, None) as client:
        number = (await client.post(URL, json=SAMPLES)).json()["id"]
        store = Halting(parts.store())
        async with asyncio.timeout(30), asyncio.TaskGroup() as group:
            group.create_task(Exporter(replace(parts, store=lambda: cast("Store", store))).work())
            await store.waits.wait()
            if how == "deleted":
                assert (await client.delete(f"{URL}/{number}")).status_code == 204
            else:
                await parts.records().run(lambda connection: connection.execute(_OURS.values(revoked=NOW)))
    assert not store.go_on.is_set()
    assert list(parts.settings.exports.folder.glob("*")) == []


async def test_that_exports_wait_is_told_once(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    stop, looks = asyncio.Event(), [0]

    def down() -> Records:
        looks[0] += 1
        if looks[0] == 20:
            stop.set()
        msg = "no answer"
        raise RecordsError(msg)

    monkeypatch.setattr(exporting, "LOOKING_S", 0.0)
    with capture_logs() as told:
        await Exporter(replace(parts, records=down)).run(stop)
    assert [one["event"] for one in told].count("exports wait") == 1


async def test_records_that_are_away_for_a_while_do_not_strand_an_export(parts: Parts, clock: Clock) -> None:
    records = parts.records()
    away = [False]

    class Leaving:
        """Records that are away now and then."""

        async def run(self, work: Callable[[sa.Connection], Any]) -> Any:
            if away[0]:
                msg = "no answer"
                raise RecordsError(msg)
            return await records.run(work)

    def store() -> Store:
        away[0] = True
        return parts.store()

    async with holding(parts, None) as client:
        number = (await client.post(URL, json=SAMPLES)).json()["id"]
        leaving = replace(parts, store=store, records=lambda: cast("Records", Leaving()))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(exportrows, "AGAIN", (0.0,))
            with pytest.raises(RecordsError):
                await Exporter(leaving).work()
        clock.now += LASTS
        await Exporter(parts).work()
        await Exporter(parts).tidy()
        await downloaded(client, (await client.get(f"{URL}/{number}")).json())
    assert len(list(parts.settings.exports.folder.iterdir())) == 1


async def test_a_stop_leaves_it_to_the_next_start(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exportrows, "AT_ONCE", 1)
    exporter = Exporter(parts)
    stop, seen = asyncio.Event(), asyncio.Event()

    def store() -> Store:
        seen.set()
        return parts.store()

    async with holding(parts, None) as client:
        number = (await client.post(URL, json={**SAMPLES, "paths": []})).json()["id"]
        exporter = Exporter(replace(parts, store=store))
        async with asyncio.timeout(30), asyncio.TaskGroup() as group:
            group.create_task(exporter.run(stop))
            await seen.wait()
            stop.set()
        assert (await client.get(f"{URL}/{number}")).json()["state"] == "queued"
    assert list(parts.settings.exports.folder.glob("*")) == []


async def test_a_file_goes_when_its_time_is_over(parts: Parts, clock: Clock) -> None:
    async with holding(parts, None) as client:
        export = await made(parts, client)
        [path] = parts.settings.exports.folder.iterdir()
        assert export["expires"] == "2026-11-25T08:15:00Z"
        clock.now = NOW + timedelta(hours=23)
        await Exporter(parts).tidy()
        assert path.exists()
        clock.now = NOW + timedelta(hours=24)
        await Exporter(parts).tidy()
        assert not path.exists()
        assert (await client.get(f"{URL}/{export['id']}")).json()["state"] == "expired"
        body = problem(await client.get(f"{URL}/{export['id']}/file"), 409, "export-not-done")
        assert "expired" in body["detail"]
        clock.now = NOW + timedelta(days=9)
        await Exporter(parts).tidy()
        problem(await client.get(f"{URL}/{export['id']}"), 404, "unknown-export")


async def test_a_file_that_is_not_whole_is_not_served(parts: Parts) -> None:
    async with holding(parts, None) as client:
        export = await made(parts, client)
        [path] = parts.settings.exports.folder.iterdir()
        path.write_bytes(path.read_bytes()[:-1])
        assert "damaged" in problem(await client.get(export["file"]), 409, "export-not-done")["detail"]
        path.unlink()
        assert "folder" in problem(await client.get(export["file"]), 409, "export-not-done")["detail"]


async def test_what_is_deleted_is_made_no_more(parts: Parts) -> None:
    async with holding(parts, None) as client:
        waiting = (await client.post(URL, json=SAMPLES)).json()
        assert (await client.delete(f"{URL}/{waiting['id']}")).status_code == 204
        await Exporter(parts).work()
        problem(await client.delete(f"{URL}/{waiting['id']}"), 404, "unknown-export")
        done = await made(parts, client)
        assert (await client.delete(f"{URL}/{done['id']}")).status_code == 204
    assert list(parts.settings.exports.folder.glob("*")) == []


@pytest.mark.parametrize(
    ("bounds", "told"),
    [
        ({"rows": 100}, "api: exports: rows"),
        ({"spare": 2**62}, "disk"),
    ],
)
async def test_bounds_are_told(parts: Parts, bounds: dict[str, int], told: str) -> None:
    exports = parts.settings.exports.model_copy(update=bounds)
    parts = replace(parts, settings=parts.settings.model_copy(update={"exports": exports}))
    async with holding(parts, None) as client:
        export = await made(parts, client)
    assert export["state"] == "failed"
    assert told in export["problem"]
    assert list(exports.folder.glob("*")) == []


async def test_the_bytes_of_one_caller_are_bounded(parts: Parts) -> None:
    async with holding(parts, None) as client, holding(parts, None) as other:
        first = await made(parts, client)
        exports = parts.settings.exports.model_copy(update={"bytes": first["bytes"] + 10})
        narrow = replace(parts, settings=parts.settings.model_copy(update={"exports": exports}))
        second = await made(narrow, client)
        assert second["state"] == "failed"
        assert "delete exports" in second["problem"]
        assert (await made(narrow, other))["state"] == "done"
        await client.delete(f"{URL}/{first['id']}")
        assert (await made(narrow, client))["state"] == "done"


async def test_a_store_that_is_away_for_long_fails_the_export(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exportrows, "AGAIN", (0.0, 0.0))
    tries: list[int] = []
    gone = StoreUnavailableError("lake", "no answer")

    def away() -> Store:
        tries.append(1)
        if len(tries) in {1, 2}:
            raise gone
        return parts.store()

    async with holding(parts, None) as client:
        short = await made(replace(parts, store=away), client)
        assert short["state"] == "done"
        monkeypatch.setattr(exportrows, "AGAIN", ())
        tries.clear()
        long = await made(replace(parts, store=away), client)
    assert (long["state"], long["problem"]) == ("failed", "lake: no answer")


async def test_those_that_wait_are_bounded_and_made_in_turn(parts: Parts, clock: Clock) -> None:
    exports = parts.settings.exports.model_copy(update={"waiting": 2})
    parts = replace(parts, settings=parts.settings.model_copy(update={"exports": exports}))
    async with holding(parts, None) as client, holding(parts, None) as other:
        first = (await client.post(URL, json=SAMPLES)).json()["id"]
        clock.now += timedelta(seconds=1)
        second = (await client.post(URL, json=SAMPLES)).json()["id"]
        refused = await client.post(URL, json=SAMPLES)
        problem(refused, 429, "too-many-exports")
        assert int(refused.headers["retry-after"]) > 0
        others = (await other.post(URL, json=SAMPLES)).json()["id"]
        records = parts.records()
        begun = [await records.run(lambda connection: begin_next(connection, now=NOW)) for _ in range(3)]
        assert [one and one.id for one in begun] == [first, others, None]
        pages = await walk(client, URL, limit=1)
    assert {one["id"] for page in pages for one in page} == {first, second}
    assert [len(page) for page in pages] == [1, 1]


async def test_of_many_who_ask_at_once_no_more_wait_than_may(parts: Parts) -> None:
    exports = parts.settings.exports.model_copy(update={"waiting": 2})
    parts = replace(parts, settings=parts.settings.model_copy(update={"exports": exports}))
    async with holding(parts, None) as client:
        answers = await asyncio.gather(*(client.post(URL, json=SAMPLES) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [202] * 2 + [429] * 6


async def test_those_that_are_remembered_are_bounded(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "KEPT", 1)
    async with holding(parts, None) as client:
        first = await made(parts, client, what="alerts", paths=[])
        told = problem(await client.post(URL, json=SAMPLES), 429, "too-many-exports")
        assert "remembered" in told["detail"]
        await client.delete(f"{URL}/{first['id']}")
        assert (await client.post(URL, json=SAMPLES)).status_code == 202


def test_formulas_are_none_in_csv(tmp_path: Path) -> None:
    frame = pl.DataFrame({"signal": ["=cmd()", "plain"], "text": ["@SUM(A1)", "-1.5"]})
    path = tmp_path / f"{'b' * 32}.csv"
    write(path, iter([frame]), frame.schema, "csv", Bounds(10, 2**20, 0), Written())
    assert path.read_bytes() == b"signal,text\r\n'=cmd(),'@SUM(A1)\r\nplain,-1.5\r\n"


async def test_what_cannot_be_made_is_a_problem(parts: Parts) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"what": "secrets"}, "what"),
        ({"format": "exe"}, "format"),
        ({"end": "2026-11-22T00:00:00Z"}, "end"),
        ({"end": "2028-11-22T00:00:00Z"}, "end"),
        ({"period": "day"}, "period"),
        ({"paths": ["x" * 301]}, "paths.0"),
        ({"paths": [HOB] * 1001}, "paths"),
        ({"strange": 1}, "strange"),
        ({"start": "yesterday"}, "start"),
    ]
    async with holding(parts, None) as client:
        for body, named in wrong:
            told = problem(await client.post(URL, json={**SAMPLES, **body}), 422, "invalid-parameter")
            assert {fault["name"] for fault in told["errors"]} == {named}
        assert await items(client, URL) == []


async def test_ids_are_ids(parts: Parts) -> None:
    async with holding(parts, None) as client:
        for number in ("..%2F..%2Frecords.db", "x", "A" * 32, "0" * 31, "%2e%2e"):
            for answer in (await client.get(f"{URL}/{number}"), await client.get(f"{URL}/{number}/file")):
                assert answer.status_code in {404, 405, 422}, answer.text
