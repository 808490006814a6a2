"""The lake on a server that speaks S3: several writers, merging, tidying, and what is answered to mistakes."""

import asyncio
import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from urllib.parse import unquote

import httpx
import polars as pl
import pytest
from deltalake.exceptions import CommitFailedError

from adapters.stores.contract import Position, StoreError, StoreRefusedError, StoreUnavailableError
from adapters.stores.lake import create, log, table
from adapters.stores.lake.files import Folder
from adapters.stores.lake.layout import SAMPLE_ROWS
from adapters.stores.lake.settings import LakeSettings
from adapters.stores.lake.table import Table
from tests.adapters.lake.conftest import BUCKET
from tests.adapters.lake.tables import listed, merge, rows_of
from tests.conformance.store import at, batch, sample, stored
from tests.servers.object_storage import ObjectStorage

pytestmark = pytest.mark.system


@pytest.fixture
def place(in_bucket: LakeSettings) -> Folder:
    options = {name: secret.get_secret_value() for name, secret in in_bucket.options.items()}
    return Folder(in_bucket.folder, options).inside("samples")


def objects(place: Folder, storage: ObjectStorage) -> set[str]:
    """Give the names of the objects under a place."""
    prefix = place.uri.removeprefix(f"s3://{BUCKET}/") + "/"
    answer = httpx.get(f"{storage.url}/{BUCKET}", params={"list-type": "2", "prefix": prefix})
    return {unquote(key).removeprefix(prefix) for key in re.findall(r"<Key>(.*?)</Key>", answer.text)}


def opened(place: Folder) -> Table:
    opened = Table(place, SAMPLE_ROWS)
    opened.open()
    return opened


async def test_writers_that_begin_at_one_version_all_append(in_bucket: LakeSettings) -> None:
    async with create(in_bucket):
        pass

    async def write(spool: int) -> None:
        async with create(in_bucket) as lake:
            for number in range(3):
                row = sample(f"f/l/e/s{spool}", at(number), value=number)
                await lake.write(batch(row), Position(f"spool {spool}", number + 1))

    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        for spool in range(4):
            group.create_task(write(spool), name=f"writer {spool}")
    async with create(in_bucket) as lake:
        assert (await stored(lake, [f"f/l/e/s{n}" for n in range(4)])).height == 12
        assert [await lake.written(f"spool {n}") for n in range(4)] == [3] * 4


def test_two_writers_of_one_spool_append_once(place: Folder) -> None:
    one, other = opened(place), opened(place)
    row = sample("f/l/e/s", at(), value=1)

    def overtaken(written: int) -> pl.DataFrame:
        other.append(rows_of(row), Position("spool", 1))
        return rows_of(row)(written)

    with pytest.raises(CommitFailedError):
        one.append(overtaken, Position("spool", 1))
    assert [part.rows for part in listed(one)] == [1]


def test_files_are_merged_and_tidied(place: Folder, storage: ObjectStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    samples = opened(place)
    for n in range(4):
        samples.append(rows_of(*(sample(f"f/l/e/s{m}", at(n, ns=m), value=m) for m in range(50))))
    before = {part.path for part in listed(samples)}
    with monkeypatch.context() as patch:
        long_ago = int((datetime.now(UTC) - timedelta(hours=3)).timestamp() * 1000)
        patch.setattr(log, "_milliseconds", lambda: long_ago)
        merge(samples)
    (merged,) = listed(samples)
    assert merged.rows == 200
    assert before < objects(place, storage)
    monkeypatch.setattr(table, "CHECKPOINT_AFTER", 1)
    samples.tidy(keep=timedelta(hours=1))
    kept = objects(place, storage)
    assert not before & kept
    assert merged.path in kept
    assert opened(place).folder.scan([merged.path], SAMPLE_ROWS.columns).collect().height == 200


def test_a_merge_of_several_frames_is_one_object(place: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.stores.lake.merging.AT_ONCE", 60)
    samples = opened(place)
    for n in range(4):
        samples.append(rows_of(*(sample(f"f/l/e/s{m}", at(n, ns=m), value=m) for m in range(50))))
    merge(samples)
    (merged,) = listed(samples)
    content = samples.folder.scan([merged.path], SAMPLE_ROWS.columns).collect()
    assert content.rows() == content.sort("signal", "time_ns").rows()
    assert content.height == 200


class Forgetful:
    """A way to an object storage on which the condition of a put gets lost, as with storages that do not know it.

    A commit waits a moment for another one, so that both have looked for the newest version before either is there.
    """

    def __init__(self, to: int) -> None:
        self._to = to
        self._under_way: set[asyncio.Task[None]] = set()
        self.port = 0
        self.forgotten = 0
        self._waiting: asyncio.Event | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await asyncio.gather(*self._under_way)
        await self._server.wait_closed()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one request there and its answer back; the storage closes the connection behind it."""
        task = asyncio.current_task()
        assert task is not None
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        their_reader, their_writer = await asyncio.open_connection("127.0.0.1", self._to)
        there = asyncio.create_task(self._there(reader, their_writer))
        with suppress(ConnectionError):
            while data := await their_reader.read(2**16):
                writer.write(data)
                await writer.drain()
        there.cancel()
        for one in (writer, their_writer):
            one.close()

    async def _there(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(2**16):
                told, count = re.subn(rb"(?i)if-none-match", b"x-i-forgot-it", data)
                self.forgotten += count
                if count:
                    await self._both()
                writer.write(told)
                await writer.drain()

    async def _both(self) -> None:
        if self._waiting is not None:
            self._waiting.set()
            return
        self._waiting = asyncio.Event()
        with suppress(TimeoutError):
            async with asyncio.timeout(0.5):
                await self._waiting.wait()
        self._waiting = None


async def test_a_storage_that_lets_writers_overwrite_each_other_is_refused(
    in_bucket: LakeSettings, storage: ObjectStorage
) -> None:
    async with Forgetful(storage.port) as way:
        options = {name: secret.get_secret_value() for name, secret in in_bucket.options.items()}
        options["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{way.port}"
        forgetful = LakeSettings.model_validate({"folder": in_bucket.folder, "options": options})
        for _ in range(2):
            with pytest.raises(StoreRefusedError, match="overwrite each other"):
                async with create(forgetful):
                    pass
        assert way.forgotten


@pytest.mark.parametrize(
    ("change", "kind", "said"),
    [
        ({"folder": "s3://no-such-bucket/lake"}, StoreError, "s3://no-such-bucket/lake"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, StoreUnavailableError, "s3://park"),
    ],
)
async def test_a_mistake_is_told_and_no_secret(
    in_bucket: LakeSettings, change: dict[str, str], kind: type[StoreError], said: str
) -> None:
    written = {"folder": in_bucket.folder, "options": {k: v.get_secret_value() for k, v in in_bucket.options.items()}}
    options: Any = written["options"]
    options |= {"max_retries": "0", "retry_timeout": "1s"}
    for name, value in change.items():
        (written if name == "folder" else options)[name] = value
    with pytest.raises(kind) as caught:
        async with create(LakeSettings.model_validate(written)):
            pass
    assert said in str(caught.value)
    assert "secret-of-the-tests" not in str(caught.value)
