"""What is done to a spool's file, in one thread, by one connection: each method is one transaction.

`collector.spool.sqlite` tells the design, `collector.spool.tables` what stands in the file.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from collector.spool import rows
from collector.spool.ages import SpoolClock
from collector.spool.ballast import Ballast
from collector.spool.contract import STORE, Loss, SpoolError, SpoolFullError, WhenFull
from collector.spool.database import Database
from collector.spool.dropping import Room, trim
from collector.spool.entry import Encoded, checksum
from collector.spool.format import prepare
from collector.spool.tables import HEADER, Header, State, header_of
from collector.spool.witness import Witness

_BODY_CRC: Final = 7
"""Where that stands in a row of `HEADER`."""

NOTED: Final = 60_000_000
"""µs after which the spool's clock is written down when nothing else is."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much a spool may hold, and what happens then."""

    limit: int
    """Bytes of samples."""

    age: int
    """µs for which it keeps what the required consumers have not passed."""

    when_full: WhenFull
    """What an append does that has no room."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One entry read back."""

    position: int
    """Where it stands."""

    header: Header | None
    """What stands beside its body; None where that is not what was written."""

    body_crc: int
    """CRC-32 of its bytes when they were written, as the disk gave it: a header that is not whole may still hold it."""

    body: bytes
    """Its bytes, as the disk gave them."""


class SpoolFile:
    """One connection to one spool; used by one thread at a time."""

    def __init__(self, path: Path, *, required: Collection[str] = (STORE,)) -> None:
        """Open the file; make it where it is not there, and bring it to this format. Raises SpoolError."""
        self._required = tuple(required)
        self._witness = Witness(path)
        if not path.exists() and self._witness.known():
            msg = f"the spool {path} is not there, but has been; the collector makes a new one when it starts"
            raise SpoolError(msg)
        self._database = Database(path)
        try:
            if self._database.format == 0 and self._witness.known():
                self._database.give_up("its tables have vanished")
            prepare(self._database)
            state = self.state()
        except BaseException:
            self._database.close()
            raise
        self._clock = SpoolClock(state.clock, state.wall)
        self._ballast = Ballast(path)
        self._weighted = False

    @property
    def inode(self) -> int:
        """Number of the file that it has opened, whatever stands at its path since."""
        return self._database.inode

    def close(self) -> None:
        """Close the connection; the last one to close empties the write-ahead log into the file."""
        self._witness.close()
        self._database.close()

    def state(self) -> State:
        """Read what the spool says of itself."""
        with self._database.explaining():
            return rows.read_state(self._database)

    def cursors(self) -> dict[str, int]:
        """Read every consumer's position."""
        with self._database.explaining():
            return rows.read_cursors(self._database)

    def losses(self) -> list[Loss]:
        """Read the losses that are not forgotten."""
        with self._database.explaining():
            return rows.read_losses(self._database)

    def headers(self, after: int) -> Iterator[tuple[int, Header | None]]:
        """Give what tells of the entries after `after`, in order; None where it is not what was written."""
        with self._database.explaining():
            yield from rows.headers(self._database, after)

    def damaged(self) -> Iterator[tuple[int, str, bytes]]:
        """Give what was set aside: position, why, and the bytes as they were found."""
        with self._database.explaining():
            yield from self._database.execute("SELECT position, reason, body FROM damaged ORDER BY position")

    def check(self) -> None:
        """Look whether the pages of the file fit together; raises SpoolDamagedError."""
        with self._database.explaining():
            (told,) = self._database.execute("PRAGMA quick_check(1)").fetchone()
        if told != "ok":
            self._database.give_up(str(told))

    def forget(self, upto: int) -> None:
        """Forget the losses up to that number."""
        with self._database.transaction():
            self._database.execute("DELETE FROM losses WHERE id <= ?", (upto,))

    def read(self, after: int, samples: int) -> tuple[list[Stored], int]:
        """Read the entries after `after` until they hold so many samples or none are left; give the position reached.

        Entries that are gone without having been told are told now.
        """
        entries: list[Stored] = []
        with self._database.transaction("DEFERRED"):
            state = rows.read_state(self._database)
            query = f"SELECT {HEADER}, body FROM entries WHERE position > ? ORDER BY position"  # noqa: S608 - a constant
            last = after
            for row in self._database.execute(query, (after,)):
                header = rows.in_order(self._database, last, row[:-1])
                last = row[0]
                entries.append(Stored(last, header, row[_BODY_CRC], row[-1] if isinstance(row[-1], bytes) else b""))
                samples -= 0 if header is None else header.rows
                if samples <= 0:
                    break
            upto = entries[-1].position if samples <= 0 else max(after, state.end)
            if last > state.end:
                self._database.give_up(f"entry {last} stands after the last one, {state.end}")
            gone = self._gone(max(after, state.dropped), upto, {entry.position for entry in entries})
        if gone:
            self._tell_gone(gone)
        return entries, upto

    def advance(self, cursors: Mapping[str, int], *, keep: int) -> bool:
        """Move `cursors` on and drop some of what nobody needs; tell whether there is more to drop.

        An entry is dropped when the required consumers have passed it, and all others have or it is older than `keep`,
        in µs. A cursor beyond the newest entry takes the positions before it out of use.
        """
        try:
            return self._advance(cursors, keep)
        except SpoolFullError:
            if not self._ballast.release():
                raise
            return self._advance(cursors, keep)

    def append(self, entries: Sequence[Encoded], bounds: Bounds) -> list[int | SpoolFullError]:
        """Append in one transaction, on disk when this returns.

        Gives each entry's position, or why it has no room: that one, and all after it, so that order is kept. An empty
        spool takes an entry of any size.
        """
        results: list[int | SpoolFullError] = []
        added: list[Header] = []
        with self._database.transaction():
            now = self._now(state := rows.read_state(self._database))
            cursors = rows.read_cursors(self._database)
            needed = rows.passed(cursors, self._required)
            room = Room(self._database, state, needed, now, bounds.limit, bounds.age, self._witness)
            if bounds.when_full == "drop_oldest":
                room.drops_oldest()
            for entry in entries:
                if (full := room.make(len(entry.body))) is not None:
                    results += [full] * (len(entries) - len(results))
                    break
                header = entry.header(room.state.end + 1, now)
                rows.insert_entry(self._database, header, entry.body)
                room.took(header)
                added.append(header)
                results.append(header.position)
            rows.write_state(self._database, replace(room.state, clock=now, wall=self._clock.wall()))
        self._witness.add(room.state.log, added)
        return results

    def set_aside(self, position: int, reason: str) -> None:
        """Move an entry that cannot be read to the damaged ones, and note the loss where it was still needed."""
        with self._database.transaction():
            if rows.holes(self._database, position - 1, position):
                return
            state = rows.read_state(self._database)
            row = self._database.execute(
                f"SELECT {HEADER}, body FROM entries WHERE position = ?",  # noqa: S608 - a constant
                (position,),
            ).fetchone()
            header = None if row is None else header_of(row[:-1])
            if header is not None and isinstance(row[-1], bytes) and checksum(row[-1]) == header.body_crc:
                return  # it was another row that gave this position
            if row is not None:
                values = tuple(("" if n == 3 else 0) if value is None else value for n, value in enumerate(row[:-1]))  # noqa: PLR2004 - the source
                self._database.execute(
                    "INSERT OR IGNORE INTO damaged VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (*values, reason, row[-1] or b""),
                )
                self._database.execute("DELETE FROM entries WHERE position = ?", (position,))
            rows.add_hole(self._database, position, position, reason)
            state = replace(state, bytes=rows.held(self._database))
            if position > rows.passed(rows.read_cursors(self._database), self._required):
                known = self._witness.headers(state.log) | ({} if header is None else {position: header})
                lost = rows.lost_at(self._database, [position], known)
                state = rows.note(self._database, state, lost, "damaged", f"entry {position} of the spool: {reason}")
            rows.write_state(self._database, state)

    def tend(self) -> None:
        """Do what is due when nothing else is: write the clock down, take the ballast again that was released."""
        if self._weighted:
            self._ballast.take()
        state = self.state()
        if self._clock.now() - state.clock > NOTED:
            with self._database.transaction():
                now = self._now(state := rows.read_state(self._database))
                rows.write_state(self._database, replace(state, clock=now, wall=self._clock.wall()))

    def take_ballast(self) -> None:
        """Keep room on the disk for the day when it is full."""
        self._weighted = True
        self._ballast.take()

    def now(self) -> int:
        """Give the spool's clock, µs."""
        return self._clock.now()

    def _now(self, state: State) -> int:
        self._clock.not_before(state.clock)
        return self._clock.now()

    def _advance(self, cursors: Mapping[str, int], keep: int) -> bool:
        with self._database.transaction():
            state = rows.read_state(self._database)
            known = rows.read_cursors(self._database)
            for consumer, position in cursors.items():
                if position > known.get(consumer, -1):
                    rows.write_cursor(self._database, consumer, position)
                    known[consumer] = position
            furthest = max(cursors.values(), default=0)
            if furthest > state.end:
                rows.add_hole(
                    self._database, state.end + 1, furthest, "a consumer had them before the spool forgot them"
                )
                state = replace(state, end=furthest)
                rows.write_state(self._database, state)
            return trim(
                self._database,
                state,
                needed=rows.passed(known, self._required),
                wanted=min(known.values(), default=0),
                before=self._now(state) - keep,
            )

    def _gone(self, after: int, upto: int, there: set[int]) -> set[int]:
        """Give the positions in (after, upto] that are neither there nor known to be gone."""
        if upto <= after or len(there) >= upto - after:
            return set()
        return set(range(after + 1, upto + 1)) - there - rows.holes(self._database, after, upto)

    def _tell_gone(self, positions: set[int]) -> None:
        """Tell entries that vanished from their table without a trace."""
        with self._database.transaction():
            state = rows.read_state(self._database)
            needed = rows.passed(rows.read_cursors(self._database), self._required)
            first, last = min(positions), max(positions)
            there = {position for position, _ in rows.headers(self._database, first - 1, last)}
            gone = sorted(positions - there - rows.holes(self._database, first - 1, last))
            gone = [position for position in gone if position > state.dropped]
            reason = "entries of the spool vanished"
            for first, last in rows.runs(gone):
                rows.add_hole(self._database, first, last, reason)
            known = self._witness.headers(state.log)
            lost = rows.lost_at(self._database, [position for position in gone if position > needed], known)
            state = rows.note(self._database, state, lost, "damaged", reason)
            rows.write_state(self._database, replace(state, bytes=rows.held(self._database)))
