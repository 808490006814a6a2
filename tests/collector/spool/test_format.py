"""A spool of format 1, which an older parkline wrote, drains under this one."""

import io
import sqlite3
import zlib
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from structlog.testing import capture_logs

from collector.spool.contract import STORE
from collector.spool.file import SpoolFile
from collector.spool.sqlite import SqliteSpool
from collector.spool.tables import APPLICATION
from tests.collector.fakes import NOON, numbers
from tests.conformance.spool import ROOMY, values

TABLES = """
    CREATE TABLE state (
        one INTEGER PRIMARY KEY CHECK (one = 1), log TEXT NOT NULL, bytes INTEGER NOT NULL, end INTEGER NOT NULL,
        dropped INTEGER NOT NULL
    );
    CREATE TABLE entries (
        position INTEGER PRIMARY KEY, rows INTEGER NOT NULL, bytes INTEGER NOT NULL, appended INTEGER NOT NULL,
        checksum INTEGER NOT NULL, body BLOB NOT NULL
    );
    CREATE TABLE cursors (consumer TEXT PRIMARY KEY, position INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE damaged (
        position INTEGER PRIMARY KEY, rows INTEGER NOT NULL, bytes INTEGER NOT NULL, appended INTEGER NOT NULL,
        checksum INTEGER NOT NULL, body BLOB NOT NULL, reason TEXT NOT NULL
    );
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give a spool of format 1: entries 3 to 6, of which the store has the first; 5 is damaged."""
    path = tmp_path / "spool.db"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA page_size = 8192")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.executescript(TABLES)
    held = 0
    for position in range(3, 7):
        body = io.BytesIO()
        samples = numbers([position, position + 0.5], since=NOON + timedelta(hours=position))
        samples.write_ipc_stream(body, compression="zstd", compat_level=pl.CompatLevel.oldest())
        written = body.getvalue()
        held += len(written)
        crc = zlib.crc32(written) + (position == 5)
        row = (position, 2, len(written), 1_700_000_000_000_000, crc, written)
        connection.execute("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?)", row)
    connection.execute("INSERT INTO state VALUES (1, 'f00d', ?, 6, 2)", (held,))
    connection.execute("INSERT INTO cursors VALUES ('store', 3)")
    connection.execute(f"PRAGMA application_id = {APPLICATION}")
    connection.execute("PRAGMA user_version = 1")
    connection.commit()
    connection.close()
    return path


async def test_it_drains_under_this_format(path: Path) -> None:
    with capture_logs():
        async with SqliteSpool(path, **ROOMY, mends=True) as spool:
            assert spool.log == "f00d"
            assert await spool.cursor(STORE) == 3
            chunk = await spool.read(3, 100)
            assert values(chunk.samples) == [4, 4.5, 6, 6.5]
            assert (chunk.upto, chunk.missed) == (6, True)
            [loss] = await spool.losses()
            # It did not say whose it was; it lay between its neighbours.
            assert loss.source == ""
            assert loss.start <= NOON + timedelta(hours=5) <= loss.end
            assert await spool.append(numbers([7]), "plc") == 7
            await spool.commit(STORE, 7)
    file = SpoolFile(path)
    assert file.state().end == 7
    assert [header for _, header in file.headers(0)] == []
    file.close()


def test_a_process_that_died_while_it_moved_entries_leaves_the_rest_to_the_next(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = 0

    def die(*_: object) -> tuple[int, int]:
        nonlocal moved
        moved += 1
        if moved == 3:
            raise KeyboardInterrupt
        return 0, 0

    monkeypatch.setattr("collector.spool.format.STEP", 1)
    monkeypatch.setattr("collector.spool.format.span", die)
    with capture_logs(), pytest.raises(KeyboardInterrupt):
        SpoolFile(path)
    monkeypatch.undo()
    with capture_logs():
        file = SpoolFile(path)
    entries, upto = file.read(3, 100)
    assert ([entry.position for entry in entries], upto) == ([4, 6], 6)
    file.close()
