"""The rows of a spool's file, read and written in a transaction that the caller holds.

What is not whole by its own checksum is raised as SpoolDamagedError where the whole spool hangs on it (state, cursors),
and given as None where it concerns one entry.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from collector.spool.contract import Loss, LossKind
from collector.spool.database import Database
from collector.spool.tables import (
    HEADER,
    LOSS,
    STATE,
    Header,
    State,
    cursor_of,
    header_of,
    instant,
    loss_of,
    loss_row,
    row_of,
    seal,
    state_of,
)

LAST: Final = 2**63 - 1
"""Greatest position there can be."""

_SELECT: Final = f"SELECT {HEADER} FROM entries"  # noqa: S608 - a constant


def read_state(database: Database) -> State:
    """Read what the spool says of itself; raises SpoolDamagedError."""
    state = state_of(database.execute(f"SELECT {STATE} FROM state").fetchone())  # noqa: S608 - a constant
    if state is None:
        database.give_up("what it says of itself is not what was written")
    return state


def write_state(database: Database, state: State) -> None:
    """Write it."""
    database.execute("INSERT OR REPLACE INTO state VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?)", row_of(state))


def read_cursors(database: Database) -> dict[str, int]:
    """Read every consumer's position; raises SpoolDamagedError."""
    rows = database.execute("SELECT consumer, position, crc FROM cursors")
    return {consumer: cursor_of(consumer, position, crc) for consumer, position, crc in rows}


def write_cursor(database: Database, consumer: str, position: int) -> None:
    """Write a consumer's position."""
    crc = seal("cursor", consumer, position)
    database.execute("INSERT OR REPLACE INTO cursors VALUES (?, ?, ?)", (consumer, position, crc))


def passed(cursors: dict[str, int], required: Collection[str]) -> int:
    """Give the position that all required consumers have passed."""
    return min((cursors.get(consumer, 0) for consumer in required), default=0)


def insert_entry(database: Database, header: Header, body: bytes) -> None:
    """Write an entry."""
    database.execute("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (*row_of(header), body))


def headers(database: Database, after: int, upto: int = LAST) -> Iterator[tuple[int, Header | None]]:
    """Give what tells of the entries in (after, upto]: position, and None where it is not whole.

    Raises SpoolDamagedError where they are not in order.
    """
    last = after
    for row in database.execute(f"{_SELECT} WHERE position > ? AND position <= ? ORDER BY position", (after, upto)):
        header = in_order(database, last, row)
        last = row[0]
        yield last, header


def in_order(database: Database, last: int, row: tuple[Any, ...]) -> Header | None:
    """Give what tells of an entry, which is to stand after entry `last`; None where it is not whole.

    Raises SpoolDamagedError where it does not stand there: then a page gives positions that are not its own.
    """
    if row[0] <= last:
        database.give_up(f"entry {row[0]} stands after entry {last}")
    return header_of(row)


def held(database: Database) -> int:
    """Add up the bytes of all entries."""
    return int(database.execute("SELECT coalesce(sum(bytes), 0) FROM entries").fetchone()[0])


def read_losses(database: Database) -> list[Loss]:
    """Read the losses; raises SpoolDamagedError."""
    losses = [loss_of(row) for row in database.execute(f"SELECT {LOSS} FROM losses ORDER BY id")]  # noqa: S608 - a constant
    if None in losses:
        database.give_up("a loss it notes is not what was written")
    return [loss for loss in losses if loss is not None]


def insert_losses(database: Database, losses: Iterable[Loss]) -> None:
    """Write losses."""
    database.connection.executemany("INSERT INTO losses VALUES (?, ?, ?, ?, ?, ?, ?, ?)", map(loss_row, losses))


@dataclass(frozen=True, slots=True)
class Lost:
    """What one source has lost at once."""

    source: str
    """Its name; empty: any."""

    start: int
    """Least time, ns since 1970."""

    stop: int
    """Greatest time, ns since 1970."""

    samples: int
    """How many; 0: nobody knows."""


def lost_of(entries: Iterable[Header]) -> list[Lost]:
    """Give what each source loses with these entries."""
    found: dict[str, Lost] = {}
    for entry in entries:
        known = found.get(entry.source, Lost(entry.source, entry.start, entry.stop, 0))
        found[entry.source] = Lost(
            entry.source,
            min(known.start, entry.start),
            max(known.stop, entry.stop),
            known.samples + entry.rows,
        )
    return list(found.values())


def note(database: Database, state: State, lost: Sequence[Lost], kind: LossKind, reason: str) -> State:
    """Note losses under new numbers; give the state to write."""
    numbered = [
        # Losses are told in µs: down to the one before the first sample, up to the one after the last.
        Loss(
            state.lost + n,
            one.source,
            instant(one.start // 1000),
            instant(-(-one.stop // 1000)),
            one.samples,
            kind,
            reason,
        )
        for n, one in enumerate(lost, 1)
    ]
    insert_losses(database, numbered)
    return replace(state, lost=state.lost + len(numbered))


def neighbours(database: Database, position: int) -> Lost:
    """Give what may be missing where an entry cannot tell: what the ones before and after it span, of any source."""
    near = []
    for order in ("< ? ORDER BY position DESC", "> ? ORDER BY position"):
        for row in database.execute(f"{_SELECT} WHERE position {order} LIMIT 8", (position,)):
            if header := header_of(row):
                near.append(header)
                break
    if not near:
        wall = read_state(database).wall * 1000
        return Lost("", wall, wall, 0)
    return Lost("", min(one.start for one in near), max(one.stop for one in near), 0)


def lost_at(database: Database, positions: Sequence[int], known: Mapping[int, Header]) -> list[Lost]:
    """Give what is lost with the entries at `positions`, in ascending order.

    It is what is `known` of each, and for runs of which nothing is, what the entries around them span.
    """
    told = lost_of(known[position] for position in positions if position in known)
    for first, last in runs(position for position in positions if position not in known):
        around = neighbours(database, first), neighbours(database, last)
        told.append(Lost("", min(one.start for one in around), max(one.stop for one in around), 0))
    return told


def add_hole(database: Database, first: int, last: int, reason: str) -> None:
    """Remember that the entries from `first` to `last` are gone, and told."""
    database.execute("INSERT OR REPLACE INTO holes VALUES (?, ?, ?)", (first, last, reason))


def holes(database: Database, after: int, upto: int) -> set[int]:
    """Give the positions in (after, upto] that are known to be gone."""
    found: set[int] = set()
    query = "SELECT first, last FROM holes WHERE last > ? AND first <= ? AND typeof(last) = 'integer'"
    for first, last in database.execute(query, (after, upto)):
        found.update(range(max(first, after + 1), min(last, upto) + 1))
    return found


def runs(positions: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Give runs of positions that follow each other, as first and last."""
    first = last = None
    for position in positions:
        if last is not None and position == last + 1:
            last = position
            continue
        if first is not None and last is not None:
            yield first, last
        first = last = position
    if first is not None and last is not None:
        yield first, last
