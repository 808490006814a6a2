"""Whether the audit is whole: every row hashed anew, from what was pruned to the head."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Any, Final

import sqlalchemy as sa

from api.auditlog import AUDIT, NOTHING, Head, Row, Wanted, hash_of, read_audit, read_head

AT_ONCE: Final = 5_000
"""Rows that are read in one transaction."""

TOLD: Final = 100
"""Faults that are told; what follows is counted."""

NOTHING_NOTED: Final[Mapping[int, str]] = MappingProxyType({})
"""No hashes."""

_EMPTY: Final = Head(0, NOTHING, 0, NOTHING)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check found."""

    head: Head
    """The head, as it was when the check ended."""

    checked: int
    """Rows that were hashed anew."""

    faults: tuple[str, ...]
    """What is not as it was written, `TOLD` at most; empty: the audit is whole."""

    found: int
    """How many faults there are."""


@dataclass(slots=True)
class _Walk:
    """How far a check has come."""

    known: Mapping[int, str]
    """Hashes that somebody noted, by number."""

    number: int = 0
    """The row before."""

    hash: str = NOTHING
    """Its hash."""

    checked: int = 0
    faults: list[str] = field(default_factory=list)

    def jump(self, head: Head) -> None:
        """Go on behind what is pruned."""
        self.number, self.hash = head.pruned, head.pruned_hash
        self._compare()

    def see(self, rows: list[Row]) -> None:
        """Hold rows against what stands before them."""
        for row in rows:
            if row.number > self.number + 1:
                self.faults.append(_missing(self.number + 1, row.number - 1))
            elif row.hash != hash_of(self.hash, row):
                text = "was changed or put in by hand, or the row before it was"
                self.faults.append(f"row {row.number} ({row.entry.at:%Y-%m-%dT%H:%M:%SZ}) {text}")
            self.number, self.hash = row.number, row.hash
            self.checked += 1
            self._compare()

    def _compare(self) -> None:
        if self.known.get(self.number, self.hash) != self.hash:
            self.faults.append(f"row {self.number} has another hash than was noted: the audit was made anew")


async def check_audit(
    run: Callable[[Callable[[sa.Connection], Any]], Awaitable[Any]], known: Mapping[int, str] = NOTHING_NOTED
) -> Verdict:
    """Check the whole audit, also while others write to it and prune it.

    Args:
        run: runs something in one transaction of the records; raises RecordsError.
        known: hashes that somebody noted elsewhere, by the number of their rows.
    """
    walk = _Walk(known)
    while True:
        piece: _Piece = await run(partial(_read, after=walk.number))
        if piece.after.pruned > walk.number:
            walk.jump(piece.after)
            continue
        walk.see(piece.rows)
        if len(piece.rows) < AT_ONCE:
            break
    walk.faults += _at_the_end(walk, piece)
    return Verdict(piece.before, walk.checked, tuple(walk.faults[:TOLD]), len(walk.faults))


@dataclass(frozen=True, slots=True)
class _Piece:
    """Some rows, and how the audit stood around them: statements of one transaction may see what came between them."""

    headless: bool
    before: Head
    rows: list[Row]
    highest: int
    after: Head


def _read(connection: sa.Connection, after: int) -> _Piece:
    head = read_head(connection)
    before = head or _EMPTY
    rows = read_audit(connection, Wanted(), limit=AT_ONCE, after=after, newest_first=False)
    if head is not None:
        rows = [row for row in rows if row.number <= head.last]
    highest = connection.execute(sa.select(sa.func.max(AUDIT.c.number))).scalar_one() or 0
    return _Piece(head is None, before, rows, highest, read_head(connection) or _EMPTY)


def _at_the_end(walk: _Walk, piece: _Piece) -> Iterator[str]:
    if piece.headless:
        if walk.checked:
            yield "the head is not there: whether rows were cut off at the end cannot be told"
        return
    head = piece.before
    if walk.number < head.last:
        yield _missing(walk.number + 1, head.last)
    elif walk.hash != head.hash:
        yield f"the head's hash is not that of row {head.last}: one of them was changed"
    if piece.highest > piece.after.last:
        yield _told("put in by hand", piece.after.last + 1, piece.highest)
    for number in sorted(walk.known):
        if number > head.last:
            yield f"row {number}, which was noted, is not there: the audit ends before it"


def _missing(first: int, last: int) -> str:
    return _told("not there", first, last)


def _told(what: str, first: int, last: int) -> str:
    return f"row {first} is {what}" if first == last else f"rows {first} to {last} are {what}"
