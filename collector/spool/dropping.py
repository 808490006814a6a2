"""What is dropped from a spool: behind its readers, to make room, and by age.

Behind the slowest reader entries are dropped as it goes on, a few at a time. What the required consumers have passed,
and a slower one has not, stays until it is old or its room is needed. What they have not passed is dropped only where a
person chose `drop_oldest`, a hundredth of the limit at once, so that a spool that runs over for days notes few losses
and not one per append.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from collector.spool import rows
from collector.spool.contract import SpoolFullError
from collector.spool.database import Database
from collector.spool.tables import Header, State
from collector.spool.witness import Witness

STEP_ENTRIES: Final = 256
"""Entries at most that one step of trimming drops: it must not hold up an append."""

STEP_BYTES: Final = 8 * 2**20
"""Bytes at which a step of trimming ends."""

BITE: Final = 100
"""Which part of the limit is dropped at once at least, where the oldest are dropped."""


def trim(database: Database, state: State, *, needed: int, wanted: int, before: int) -> bool:
    """Drop a step of what nobody needs; tell whether there is more.

    Args:
        database: in a transaction.
        state: as it stands there.
        needed: position that all required consumers have passed.
        wanted: position that all consumers have passed.
        before: µs of the spool's clock; what was appended earlier does not wait for slower consumers.
    """
    upto = freed = count = 0
    for position, header in rows.headers(database, 0, min(needed, state.end)):
        if position > wanted and header is not None and header.appended >= before:
            break
        upto, count = position, count + 1
        freed += 0 if header is None else header.bytes
        # Not behind one whose position nothing confirms but the next.
        if header is not None and (count >= STEP_ENTRIES or freed >= STEP_BYTES):
            break
    if upto:
        drop(database, state, upto, freed)
    return count >= STEP_ENTRIES or freed >= STEP_BYTES


def drop(database: Database, state: State, upto: int, freed: int) -> State:
    """Drop the entries up to `upto`, of `freed` bytes; give the state, which is written."""
    database.execute("DELETE FROM entries WHERE position <= ?", (upto,))
    database.execute("DELETE FROM holes WHERE last <= ?", (upto,))
    held = max(0, state.bytes - freed)
    if upto >= state.end:
        held = 0
    state = replace(state, bytes=held, dropped=max(state.dropped, upto))
    rows.write_state(database, state)
    return state


class Room:
    """Room for what is appended in one transaction."""

    def __init__(
        self, database: Database, state: State, needed: int, now: int, limit: int, age: int, witness: Witness
    ) -> None:
        """Begin.

        Args:
            database: in a transaction.
            state: as it stands there.
            needed: position that all required consumers have passed.
            now: µs of the spool's clock.
            limit: bytes that the spool may hold.
            age: µs for which it keeps what is not passed.
            witness: who remembers what a damaged entry held.
        """
        self.state = state
        self._database = database
        self._needed = needed
        self._now = now
        self._limit = limit
        self._age = age
        self._witness = witness
        self._drops = False
        self._space = database.space()

    def drops_oldest(self) -> None:
        """Drop the oldest entries rather than refuse new ones."""
        self._drops = True

    def make(self, size: int) -> SpoolFullError | None:
        """Make room for `size` bytes; give the reason where there is none."""
        if (old := self._too_old()) is not None:
            if not self._drops:
                return old
            self._drop_undrained(0, "they were older than `spool: age:`", before=self._now - self._age)
        if self.state.bytes and self.state.bytes + size > self._limit:
            self._drop_drained(self.state.bytes + size - self._limit)
            wanted = self.state.bytes + size - self._limit
            if self.state.bytes and wanted > 0:
                if not self._drops:
                    return self._full()
                bite = max(wanted, min(self._limit // BITE, self.state.bytes))
                self._drop_undrained(bite, "the spool was full (`spool: limit:`)")
        if size > self._space:
            self._drop_drained(size - self._space)
            if size > self._space and self._drops and self.state.bytes:
                self._drop_undrained(size - self._space, "the disk was full")
            if size > self._space:
                return self._database.disk_full()
        return None

    def took(self, entry: Header) -> None:
        """Count an entry that was written."""
        self.state = replace(self.state, end=entry.position, bytes=self.state.bytes + entry.bytes)
        self._space -= entry.bytes

    def _too_old(self) -> SpoolFullError | None:
        if self.state.end <= self._needed:
            return None
        for _, header in rows.headers(self._database, max(self._needed, self.state.dropped), self.state.end):
            if header is not None:
                if header.appended < self._now - self._age:
                    return self._aged(self._now - header.appended)
                break
        return None

    def _drop_drained(self, wanted: int) -> None:
        """Drop what the required consumers have passed, oldest first, until `wanted` bytes are free."""
        self._drop(wanted, self._needed)

    def _drop_undrained(self, wanted: int, why: str, *, before: int | None = None) -> None:
        """Drop what nobody has read, oldest first, and note it as lost."""
        dropped = self._drop(wanted, rows.LAST, before)
        lost = rows.lost_of(entry for entry in dropped if entry.position > self._needed)
        if lost:
            self.state = rows.note(
                self._database, self.state, lost, "dropped", f"{why}; `spool: when_full:` is drop_oldest"
            )
            rows.write_state(self._database, self.state)

    def _drop(self, wanted: int, upto: int, before: int | None = None) -> list[Header]:
        """Drop the oldest entries up to `upto`: until `wanted` bytes are free, or those appended before `before`."""
        dropped: list[Header] = []
        last = freed = 0
        for position, header in rows.headers(self._database, 0, min(upto, self.state.end)):
            if (freed >= wanted) if before is None else (header is not None and header.appended >= before):
                break
            last = position
            dropped.append(self._unknown(position) if header is None else header)
            freed += dropped[-1].bytes
        if dropped:
            self.state = drop(self._database, self.state, last, freed)
            self._space += freed
        return dropped

    def _unknown(self, position: int) -> Header:
        """Give what an entry may have held that is damaged itself."""
        remembered = self._witness.headers(self.state.log).get(position)
        if remembered is not None:
            return remembered
        span = rows.neighbours(self._database, position)
        return Header(position, 0, 0, span.source, span.start, span.stop, 0, 0)

    def _full(self) -> SpoolFullError:
        return SpoolFullError(
            f"the spool {self._database.path} holds {self.state.bytes:,} of {self._limit:,} bytes: see why the store"
            " does not take them, or raise `spool: limit:` in parkline.yaml"
        )

    def _aged(self, age: int) -> SpoolFullError:
        return SpoolFullError(
            f"the spool {self._database.path} has kept samples for the store for {timedelta(seconds=age // 10**6)},"
            f" longer than {timedelta(seconds=self._age / 1e6)}: see why the store does not take them, or raise"
            " `spool: age:` in parkline.yaml"
        )
