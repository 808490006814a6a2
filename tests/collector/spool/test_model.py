"""The SQLite spool against a list in memory, with crashes at any moment.

The model holds every entry that was ever acknowledged. A crash is what a power cut leaves: the files as they are on
disk while the spool is open, with the beginning of a transaction that never ended at the end of the write-ahead log.
"""

import asyncio
import shutil
import tempfile
from collections.abc import Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from collector.spool.contract import STORE, SpoolFullError
from collector.spool.sqlite import SqliteSpool
from tests.collector.fakes import numbers

T = TypeVar("T")

LIMIT = 30_000
"""Bytes: a dozen entries."""

CONSUMERS = (STORE, "faults", "northbound")


class SpoolMachine(RuleBasedStateMachine):
    """Does to a spool what collectors do, and what befalls them."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.runner = asyncio.Runner()
        self.entries: list[list[float]] = []
        """Values of each acknowledged entry; its position is its index + 1."""
        self.cursors: dict[str, int] = {}
        self.lives = 0
        self.values = 0.0

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    @initialize()
    def open(self) -> None:
        self.path = self.folder / str(self.lives) / "spool.db"
        self.spool = SqliteSpool(self.path, limit=LIMIT, linger=timedelta(0), keep=timedelta(days=1))
        self.do(self.spool.__aenter__())

    @rule(sizes=st.lists(st.integers(0, 200), min_size=1, max_size=5))
    def append_at_once(self, sizes: list[int]) -> None:
        batches = []
        for size in sizes:
            batches.append([self.values + n for n in range(size)])
            self.values += size

        async def append() -> list[int | BaseException]:
            return await asyncio.gather(
                *(self.spool.append(numbers(one), "plc") for one in batches), return_exceptions=True
            )

        stored: dict[int, list[float]] = {}
        for one, position in zip(batches, self.do(append()), strict=True):
            if isinstance(position, int):
                if one:
                    assert position not in stored
                    stored[position] = one
            else:
                assert isinstance(position, SpoolFullError)
                assert self.do(self.spool.size()) > LIMIT // 2
        expected = range(len(self.entries) + 1, len(self.entries) + len(stored) + 1)
        assert sorted(stored) == list(expected)
        self.entries += [stored[position] for position in expected]

    @rule(consumer=st.sampled_from(CONSUMERS), share=st.floats(0, 1))
    def commit(self, consumer: str, share: float) -> None:
        position = round(share * len(self.entries))
        self.do(self.spool.commit(consumer, position))
        self.cursors[consumer] = max(position, self.cursors.get(consumer, 0))

    @rule(share=st.floats(0, 1), rows=st.integers(1, 1000))
    def read(self, share: float, rows: int) -> None:
        after = round(share * len(self.entries))
        chunk = self.do(self.spool.read(after, rows))
        expected: list[float] = []
        upto = max(after, self.needed)
        for entry in self.entries[upto:]:
            if len(expected) >= rows:
                break
            expected += entry
            upto += 1
        read = chunk.samples["float"].to_list()
        if after >= self.needed:
            assert (read, chunk.upto, chunk.missed) == (expected, upto, False)
        else:
            # What every consumer has passed may be gone; what is left is a run of whole entries.
            left = [value for entry in self.entries[after : chunk.upto] for value in entry]
            assert read == left[len(left) - len(read) :]
            assert chunk.missed == (len(read) < len(left))

    @rule()
    def close_and_open(self) -> None:
        self.do(self.spool.__aexit__(None, None, None))
        self.open()

    @rule(torn=st.binary(max_size=100))
    def crash(self, torn: bytes) -> None:
        self.lives += 1
        after = self.folder / str(self.lives)
        after.mkdir()
        for file in ("spool.db", "spool.db-wal"):
            shutil.copy(self.path.with_name(file), after / file)
        with (after / "spool.db-wal").open("ab") as log:
            log.write(torn)
        self.do(self.spool.__aexit__(None, None, None))
        self.open()

    @precondition(lambda self: hasattr(self, "spool"))
    @invariant()
    def what_it_says_of_itself_is_so(self) -> None:
        assert self.do(self.spool.end()) == len(self.entries)
        for consumer in CONSUMERS:
            assert self.do(self.spool.cursor(consumer)) == self.cursors.get(consumer, 0)
        held = self.do(self.spool.size())
        assert held <= LIMIT or sum(bool(entry) for entry in self.entries[self.needed :]) <= 1
        assert (held > 0) or self.needed == len(self.entries)

    @property
    def needed(self) -> int:
        """Position up to which no consumer needs an entry."""
        return min(self.cursors.values()) if STORE in self.cursors else 0

    def teardown(self) -> None:
        if hasattr(self, "spool"):
            self.do(self.spool.__aexit__(None, None, None))
        self.runner.close()
        shutil.rmtree(self.folder)


SpoolMachine.TestCase.settings = settings(max_examples=30, stateful_step_count=25, deadline=None)
TestSpool = SpoolMachine.TestCase
