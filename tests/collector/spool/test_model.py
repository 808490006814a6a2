"""The SQLite spool against a list in memory, with crashes at any moment, full spools, old entries and damage.

The model holds every entry that was ever acknowledged, and what became of it: it is there, every reader that matters
has passed it, or it must stand in a loss. A crash is what a power cut leaves: the files as they are on disk while the
spool is open, with the beginning of a transaction that never ended at the end of the write-ahead log.
"""

import asyncio
import shutil
import sqlite3
import tempfile
from collections.abc import Coroutine
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from unittest import mock

import structlog
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from collector.spool.ages import SpoolClock
from collector.spool.contract import STORE, Loss, SpoolFullError, WhenFull
from collector.spool.sqlite import SqliteSpool
from tests.collector.fakes import NOON, numbers

T = TypeVar("T")

LIMIT = 30_000
"""Bytes: a dozen entries."""

CONSUMERS = (STORE, "faults", "northbound")

SOURCES = ("plc", "broker")

AGE = timedelta(hours=1)

MEMORY = Path("/dev/shm")  # noqa: S108 - a fresh folder is made in it
"""Where files need no disk, on Linux."""


class Entry:
    """One acknowledged entry, as the model knows it."""

    def __init__(self, values: list[float], source: str, since: datetime, appended: float) -> None:
        self.values = values
        self.source = source
        self.start = since
        self.end = since + timedelta(milliseconds=max(0, len(values) - 1))
        self.appended = appended


class SpoolMachine(RuleBasedStateMachine):
    """Does to a spool what collectors do, and what befalls them."""

    def __init__(self) -> None:
        super().__init__()
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
        # Syncing proves nothing here: what a crash leaves is what the files hold.
        self.folder = Path(tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else None))
        self.runner = asyncio.Runner()
        self.entries: list[Entry] = []
        """Each acknowledged entry; its position is its index + 1."""
        self.gone: set[int] = set()
        """Positions that were still needed and are gone: each must be in a loss."""
        self.losses: dict[int, Loss] = {}
        """Every loss that was ever told."""
        self.forgotten = 0
        self.cursors: dict[str, int] = {}
        self.lives = 0
        self.values = 0.0
        self.hours = 0.0
        """Hours of the machine's monotonic clock."""
        self.when_full: WhenFull = "hold"
        self.clock = mock.patch("collector.spool.file.SpoolClock", self._hands)
        self.clock.start()

    def _hands(self, clock: int, wall: int) -> SpoolClock:
        # The wall clock stands: only what the monotonic clock says makes entries older, and a restart does not.
        return SpoolClock(clock, wall, now=lambda: 0, passed=lambda: int(self.hours * 3600 * 1e9))

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    @initialize(when_full=st.sampled_from(["hold", "drop_oldest"]))
    def begin(self, when_full: WhenFull) -> None:
        self.when_full = when_full
        self.open()

    def open(self) -> None:
        self.path = self.folder / str(self.lives) / "spool.db"
        self.spool = SqliteSpool(
            self.path, limit=LIMIT, linger=timedelta(0), keep=timedelta(days=1), age=AGE, when_full=self.when_full
        )
        self.do(self.spool.__aenter__())

    @rule(sizes=st.lists(st.integers(0, 200), min_size=1, max_size=5), source=st.sampled_from(SOURCES))
    def append_at_once(self, sizes: list[int], source: str) -> None:
        batches = []
        for size in sizes:
            batches.append([self.values + n for n in range(size)])
            self.values += size
        since = NOON + timedelta(minutes=len(self.entries))

        async def append() -> list[int | BaseException]:
            batch = [numbers(one, since=since) for one in batches]
            return await asyncio.gather(*(self.spool.append(one, source) for one in batch), return_exceptions=True)

        stored: dict[int, list[float]] = {}
        for one, position in zip(batches, self.do(append()), strict=True):
            if isinstance(position, int):
                if one:
                    assert position not in stored
                    stored[position] = one
            else:
                assert isinstance(position, SpoolFullError)
                assert self.when_full == "hold"
                full, old = "holds" in str(position), "has kept samples" in str(position)
                assert full or old
                assert not full or self.do(self.spool.size()) > LIMIT // 2
                assert not old or self.hours - self.oldest_needed() > 1
        expected = range(len(self.entries) + 1, len(self.entries) + len(stored) + 1)
        assert sorted(stored) == list(expected)
        self.entries += [Entry(stored[position], source, since, self.hours) for position in expected]

    def oldest_needed(self) -> float:
        """Give when the oldest entry was appended that the store does not have."""
        passed = self.cursors.get(STORE, 0)
        return next(one.appended for n, one in enumerate(self.entries, 1) if n > passed and n not in self.gone)

    @rule(hours=st.floats(0.1, 2))
    def time_passes(self, hours: float) -> None:
        self.hours += hours

    @rule(consumer=st.sampled_from(CONSUMERS), share=st.floats(0, 1))
    def commit(self, consumer: str, share: float) -> None:
        position = round(share * len(self.entries))
        self.do(self.spool.commit(consumer, position))
        self.cursors[consumer] = max(position, self.cursors.get(consumer, 0))

    @rule(share=st.floats(0, 1), rows=st.integers(1, 1000))
    def read(self, share: float, rows: int) -> None:
        after = round(share * len(self.entries))
        chunk = self.do(self.spool.read(after, rows))
        read = chunk.samples["float"].to_list()
        assert after <= chunk.upto <= len(self.entries)
        assert len(read) >= rows or chunk.upto == len(self.entries) or chunk.missed
        asked = self.entries[after : chunk.upto]
        whole = [one for one in asked if set(one.values) <= set(read)]
        # Entries are read whole, in order, and nothing else is.
        assert read == [value for one in whole for value in one.values]
        assert chunk.missed == (len(whole) < len(asked))
        passed = self.cursors.get(STORE, 0)
        for n, one in enumerate(asked, after + 1):
            if one not in whole and n > passed:
                self.gone.add(n)

    @rule(share=st.floats(0, 1), how=st.sampled_from(["body = zeroblob(length(body))", "source = 'nobody'", None]))
    def damage(self, share: float, how: str | None) -> None:
        """Let the disk return something else for an entry, or nothing."""
        self.do(self.spool.__aexit__(None, None, None))
        connection = sqlite3.connect(self.path)
        positions = [position for (position,) in connection.execute("SELECT position FROM entries ORDER BY position")]
        if positions:
            position = positions[round(share * (len(positions) - 1))]
            change = f"UPDATE entries SET {how}" if how else "DELETE FROM entries"  # noqa: S608 - of a test
            with connection:
                connection.execute(f"{change} WHERE position = ?", (position,))
        connection.close()
        self.open()

    @rule()
    def read_everything(self) -> None:
        self.read(0.0, 10**6)

    @rule(share=st.floats(0, 1))
    def forget(self, share: float) -> None:
        self.note()
        if self.losses:
            upto = round(share * max(self.losses))
            self.do(self.spool.forget(upto))
            self.forgotten = max(self.forgotten, upto)

    @rule()
    def close_and_open(self) -> None:
        self.do(self.spool.__aexit__(None, None, None))
        self.open()

    @rule(torn=st.binary(max_size=100))
    def crash(self, torn: bytes) -> None:
        self.lives += 1
        after = self.folder / str(self.lives)
        after.mkdir()
        for name in ("spool.db", "spool.db-wal", "spool.db.witness"):
            if self.path.with_name(name).exists():
                shutil.copy(self.path.with_name(name), after / name)
        with (after / "spool.db-wal").open("ab") as log:
            log.write(torn)
        self.do(self.spool.__aexit__(None, None, None))
        self.open()

    def note(self) -> None:
        """Take down the losses that the spool tells, each of them once."""
        for loss in self.do(self.spool.losses()):
            assert loss.id > self.forgotten
            assert self.losses.setdefault(loss.id, loss) == loss

    @precondition(lambda self: hasattr(self, "spool"))
    @invariant()
    def what_it_says_of_itself_is_so(self) -> None:
        assert self.do(self.spool.end()) == len(self.entries)
        for consumer in CONSUMERS:
            assert self.do(self.spool.cursor(consumer)) == self.cursors.get(consumer, 0)
        held = self.do(self.spool.size())
        assert 0 <= held <= LIMIT

    @precondition(lambda self: hasattr(self, "spool"))
    @invariant()
    def what_is_gone_is_told(self) -> None:
        self.note()
        for position in self.gone:
            entry = self.entries[position - 1]
            assert any(
                loss.source in {"", entry.source} and loss.start <= entry.start and entry.end <= loss.end
                for loss in self.losses.values()
            ), f"entry {position} is gone, and nobody told"

    def teardown(self) -> None:
        if hasattr(self, "spool"):
            self.do(self.spool.__aexit__(None, None, None))
        self.clock.stop()
        self.runner.close()
        shutil.rmtree(self.folder)


SpoolMachine.TestCase.settings = settings(max_examples=30, stateful_step_count=25, deadline=None)
TestSpool = SpoolMachine.TestCase
