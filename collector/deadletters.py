"""Dead letters: inputs that could not become samples, each kept as it came, with its reason.

    open ──► replayed     its cause was mended, and it became samples
       └───► dropped      a person says that nothing is to become of it, and why
       ◄──── either       the same letter came again

A letter that comes again, the same to the byte, is counted and not kept twice: a sensor that says `ERR` once a second
fills one row. A letter that is settled keeps its row without its payload, so that one sees what became of it.

Letters are bounded by number and by bytes. Where they are too many, the oldest of the sources that hold most go first,
until those hold no more than their even share: so a broken sensor that floods its source pushes out letters of its own
source, and none of a source that holds less. Of one source settled letters go before open ones. How many inputs were
refused, and how many went, stays counted per source.
"""

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

import polars as pl
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from adapters.sample import PAYLOAD_KEPT
from collector.letter import Form, inputs
from collector.records import METADATA, NUMBER, Instant, lies_under
from collector.settings import RecordsSettings
from collector.sight import Sight

State: TypeAlias = Literal["open", "replayed", "dropped"]
"""How a letter stands."""

DEAD_LETTERS: Final = sa.Table(
    "dead_letters",
    METADATA,
    sa.Column("id", NUMBER, primary_key=True, autoincrement=True),
    sa.Column("digest", sa.LargeBinary, nullable=False, unique=True),
    sa.Column("source", sa.String(64), nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("signal", sa.Text),
    sa.Column("payload", sa.LargeBinary, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("first", Instant, nullable=False),
    sa.Column("last", Instant, nullable=False),
    sa.Column("count", sa.BigInteger, nullable=False),
    sa.Column("form", sa.String(16), nullable=False, server_default="input"),
    sa.Column("first_time", Instant),
    sa.Column("last_time", Instant),
    sa.Column("bytes", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("state", sa.String(16), nullable=False, server_default="open"),
    sa.Column("settled", Instant),
    sa.Column("note", sa.Text, nullable=False, server_default=""),
    sa.Index("ix_dead_letters_oldest", "source", "state", "id"),
    sqlite_autoincrement=True,
)
"""One row per letter; columns as in `DeadLetter`, a digest of all that makes two letters the same, and the bytes that
it counts for."""

TOTALS: Final = sa.Table(
    "dead_letter_totals",
    METADATA,
    sa.Column("source", sa.String(64), primary_key=True),
    sa.Column("refused", sa.BigInteger, nullable=False),
    sa.Column("dropped", sa.BigInteger, nullable=False),
    sa.Column("replayed", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("discarded", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("kept", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("bytes", sa.BigInteger, nullable=False, server_default="0"),
)
"""One row per source that ever had one; columns as in `DeadLetterTotal`."""

_SAME: Final = ("source", "address", "signal", "reason", "payload")
"""Two letters alike in these are one letter."""

_TEXTS: Final = ("address", "signal", "reason", "payload")
"""What of a letter counts by its bytes."""

_AT_ONCE: Final = 500
"""Rows that are named in one query: SQLite takes no more than some thousand parameters."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many letters are kept, of all sources together."""

    letters: int
    """At most so many, 1 or more."""

    bytes: int
    """Bytes of their payloads, addresses, paths and reasons at most."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An input that could not become a sample."""

    id: int
    """Number in the records; later letters have greater ones."""

    source: str
    """Name of the source it came from."""

    address: str
    """Topic, node or item, as the source names it; empty where none is known."""

    signal: str | None
    """Path of the signal it was meant for; None where none is known."""

    payload: bytes
    """The input as it came, or the sample (`form` tells which); empty once it is settled."""

    reason: str
    """Why it is no sample, and what to do."""

    first: datetime
    """When it came first, UTC."""

    last: datetime
    """When it came last, UTC."""

    count: int
    """How often it came."""

    form: Form = "input"
    """What the payload is: see `collector.letter`."""

    first_time: datetime | None = None
    """Of a sample: its own time when it came first, UTC; None where it has none."""

    last_time: datetime | None = None
    """Of a sample: its own time when it came last, UTC; None where it has none."""

    state: State = "open"
    """`open`; `replayed`: it became samples; `dropped`: a person dropped it."""

    settled: datetime | None = None
    """When it was replayed or dropped, UTC; None while it is open."""

    note: str = ""
    """What became of it, or why it was dropped; empty while it is open."""

    @property
    def cut(self) -> bool:
        """Whether the payload was too long to be kept whole; it cannot be decoded again."""
        return len(self.payload) >= PAYLOAD_KEPT


@dataclass(frozen=True, slots=True)
class DeadLetterTotal:
    """How many inputs of one source could not become samples, since the records were made."""

    source: str
    """Its name."""

    refused: int
    """Refused inputs, repeated ones counted each time."""

    dropped: int
    """Of these, how many are no longer kept, because newer letters took their place."""

    replayed: int = 0
    """Of these, how many were in letters that were replayed."""

    discarded: int = 0
    """Of these, how many were in letters that a person dropped."""

    kept: int = 0
    """Letters that are kept, also settled ones."""

    bytes: int = 0
    """Bytes that these count for."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Which letters are meant; what is None or empty does not narrow."""

    ids: tuple[int, ...] | None = None
    """Their numbers."""

    source: str | None = None
    """Name of one source."""

    signal: str | None = None
    """Path of one signal, or of an asset: then of every signal below it."""

    reason: str = ""
    """What the reason holds, in any case of letters."""

    state: State | None = "open"
    """How they stand; None: any."""

    sight: Sight | None = None
    """What may be seen: no letter of another factory's source or signal, and of a source that carries signals of other
    factories no input as it came, which may hold values of those; None: everything."""


def bounds_of(settings: RecordsSettings) -> Bounds:
    """Give the bounds that an installation has chosen."""
    return Bounds(settings.dead_letters, settings.dead_letter_bytes)


def write_dead_letters(connection: sa.Connection, refusals: pl.DataFrame, *, bounds: Bounds) -> None:
    """Keep `refusals` (columns of `REFUSALS`, as sources give them, or of `LETTERS`), and no more than `bounds`."""
    if refusals.is_empty():
        return
    given = refusals if "form" in refusals.columns else inputs(refusals)
    letters = [_row(letter) for letter in _folded(given).iter_rows(named=True)]
    # First of all: what is counted below must not be changed by another process meanwhile, and this locks it.
    _count(connection, {source: {"refused": n} for source, n in given.group_by("source").len().iter_rows()})
    known = _known(connection, [letter["digest"] for letter in letters])
    connection.execute(_upsert(connection), letters)
    grown: dict[str, dict[str, int]] = {}
    for letter in letters:
        one = grown.setdefault(letter["source"], {"kept": 0, "bytes": 0})
        before = known.get(letter["digest"])
        one["kept"] += before is None
        one["bytes"] += letter["bytes"] - (before or 0)
    _count(connection, grown)
    _trim(connection, bounds)


def read_dead_letters(
    connection: sa.Connection, choice: Choice = Choice(), *, limit: int, before_id: int | None = None
) -> list[DeadLetter]:
    """Give at most `limit` letters of those chosen, the newest first: those with an id below `before_id`."""
    query = _chosen(sa.select(*_TOLD), choice)
    if before_id is not None:
        query = query.where(DEAD_LETTERS.c.id < before_id)
    return [
        DeadLetter(**row)
        for row in connection.execute(query.order_by(DEAD_LETTERS.c.id.desc()).limit(limit)).mappings()
    ]


def settle_dead_letters(
    connection: sa.Connection, notes: Mapping[int, str], *, state: Literal["replayed", "dropped"], now: datetime
) -> list[int]:
    """Settle the open ones of these letters; give their ids.

    Args:
        connection: to the records.
        notes: what became of each letter, or why it is dropped, by its id.
        state: how it stands from now on.
        now: when, UTC.
    """
    counted = "replayed" if state == "replayed" else "discarded"
    settled: list[int] = []
    changed: dict[str, dict[str, int]] = {}
    for some in _in_parts(list(notes)):
        of = sa.select(DEAD_LETTERS).where(DEAD_LETTERS.c.id.in_(some), DEAD_LETTERS.c.state == "open")
        for row in connection.execute(of.with_for_update()).mappings():
            left = row["bytes"] - len(row["payload"])
            done = connection.execute(
                sa.update(DEAD_LETTERS)
                .where(DEAD_LETTERS.c.id == row["id"], DEAD_LETTERS.c.state == "open")
                .values(state=state, settled=now, note=notes[row["id"]], payload=b"", bytes=left)
            )
            if done.rowcount:
                settled.append(row["id"])
                one = changed.setdefault(row["source"], {counted: 0, "bytes": 0})
                one[counted] += row["count"]
                one["bytes"] -= len(row["payload"])
    _count(connection, changed)
    return settled


def count_dead_letters(connection: sa.Connection) -> list[DeadLetterTotal]:
    """Give the totals of every source that ever had a letter, by name."""
    rows = connection.execute(sa.select(TOTALS).order_by(TOTALS.c.source))
    return [DeadLetterTotal(**row) for row in rows.mappings()]


def readable(payload: bytes, most: int | None = None) -> tuple[str, Literal["utf-8", "base64"]]:
    """Give a payload, or its first `most` bytes, as text, or in base64 where it is no text; and which of the two."""
    beginning = payload if most is None else payload[:most]
    try:
        return beginning.decode(), "utf-8"
    except UnicodeDecodeError as error:
        if len(payload) > len(beginning) and error.reason == "unexpected end of data":  # cut within a character
            return beginning[: error.start].decode(), "utf-8"
    return base64.b64encode(beginning).decode(), "base64"


def same_letter(letter: Mapping[str, Any]) -> bytes:
    """Give 16 bytes that are the same for two letters alike in all of `_SAME`, and for no others."""
    digest = hashlib.blake2b(digest_size=16)
    for name in _SAME:
        part = letter[name]
        data = _data(part)
        digest.update(b"%d:" % (-1 if part is None else len(data)))
        digest.update(data)
    return digest.digest()


def share(held: Iterable[int], room: int) -> int | None:
    """Give how much each may hold so that all together hold at most `room`; None where they do.

    Who holds less than an even share leaves the rest to the others: the share is the greatest that fits.
    """
    left, amounts = room, sorted(held)
    for n, amount in enumerate(amounts):
        even = left // (len(amounts) - n)
        if amount > even:
            return even
        left -= amount
    return None


_TOLD: Final = tuple(column for column in DEAD_LETTERS.c if column.name not in {"digest", "bytes"})


def _folded(letters: pl.DataFrame) -> pl.DataFrame:
    """Fold the same letters: one row for each, in order of first arrival in the frame."""
    came = pl.col("received")
    return (
        letters.with_columns(pl.col("received", "time").dt.cast_time_unit("us"), pl.col("payload").fill_null(b""))
        .group_by(_SAME, maintain_order=True)
        .agg(
            pl.col("form").first(),
            first=came.min(),
            last=came.max(),
            first_time=pl.col("time").get(came.arg_min()),
            last_time=pl.col("time").reverse().get(came.reverse().arg_max()),
            count=pl.len(),
        )
    )


def _row(letter: dict[str, Any]) -> dict[str, Any]:
    return {**letter, "digest": same_letter(letter), "bytes": sum(len(_data(letter[name])) for name in _TEXTS)}


def _data(part: str | bytes | None) -> bytes:
    return b"" if part is None else part if isinstance(part, bytes) else part.encode()


def _known(connection: sa.Connection, digests: Sequence[bytes]) -> dict[bytes, int]:
    """Give the bytes that those of these letters count for which are kept, by digest."""
    held: dict[bytes, int] = {}
    for some in _in_parts(digests):
        rows = connection.execute(
            sa.select(DEAD_LETTERS.c.digest, DEAD_LETTERS.c.bytes).where(DEAD_LETTERS.c.digest.in_(some))
        )
        held |= {bytes(digest): size for digest, size in rows}
    return held


def _upsert(connection: sa.Connection) -> Any:
    """Add a letter; to the same one that is open add its count; one that is settled begins anew."""
    held, insert = DEAD_LETTERS.c, _insert(connection, DEAD_LETTERS)
    came, is_open = insert.excluded, held.state == "open"
    later = came["last"] > held.last
    return insert.on_conflict_do_update(
        index_elements=["digest"],
        set_={
            "count": sa.case((is_open, held["count"] + came["count"]), else_=came["count"]),
            "first": sa.case((is_open, held.first), else_=came["first"]),
            "first_time": sa.case((is_open, held.first_time), else_=came["first_time"]),
            "last": sa.case((is_open & ~later, held.last), else_=came["last"]),
            "last_time": sa.case((is_open & ~later, held.last_time), else_=came["last_time"]),
            "payload": came["payload"],
            "bytes": came["bytes"],
            "form": came["form"],
            "state": "open",
            "settled": None,
            "note": "",
        },
    )


def _chosen(query: Any, choice: Choice) -> Any:
    held = DEAD_LETTERS.c
    if choice.ids is not None:
        query = query.where(held.id.in_(choice.ids))
    if choice.source is not None:
        query = query.where(held.source == choice.source)
    if choice.signal is not None:
        query = query.where(lies_under(held.signal, choice.signal))
    if choice.reason:
        query = query.where(held.reason.icontains(choice.reason, autoescape=True))
    if choice.state is not None:
        query = query.where(held.state == choice.state)
    if choice.sight is not None:
        query = query.where(_seen(choice.sight))
    return query


def _seen(sight: Sight) -> sa.ColumnElement[bool]:
    """True for letters that may be seen, as `Choice.sight` says."""
    held = DEAD_LETTERS.c
    own = sa.or_(held.signal.is_(None), *(lies_under(held.signal, factory) for factory in sorted(sight.factories)))
    whole = sa.or_(held.source.not_in(sorted(sight.shared)), held.form != "input")
    return sa.and_(held.source.in_(sorted(sight.sources)), own, whole)


def _count(connection: sa.Connection, changes: Mapping[str, Mapping[str, int]]) -> None:
    """Add to columns of the totals, per source."""
    names = [column.name for column in TOTALS.c if column.name != "source"]
    insert = _insert(connection, TOTALS)
    more = insert.on_conflict_do_update(
        index_elements=["source"], set_={name: TOTALS.c[name] + insert.excluded[name] for name in names}
    )
    rows = [{"source": source, **dict.fromkeys(names, 0), **change} for source, change in sorted(changes.items())]
    if rows:
        connection.execute(more, rows)


def _trim(connection: sa.Connection, bounds: Bounds) -> None:
    """Drop letters of the sources that hold most where there are too many, and count what they stood for."""
    held = connection.execute(sa.select(TOTALS.c.source, TOTALS.c.kept, TOTALS.c.bytes).where(TOTALS.c.kept > 0)).all()
    letters = share((row.kept for row in held), bounds.letters)
    size = share((row.bytes for row in held), bounds.bytes)
    for source, kept, taken in held:
        surplus = 0 if letters is None else max(kept - letters, 0)
        heavy = 0 if size is None else max(taken - size, 0)
        if surplus or heavy:
            _drop_oldest(connection, source, surplus, heavy)


def _drop_oldest(connection: sa.Connection, source: str, letters: int, size: int) -> None:
    """Drop the oldest letters of a source, settled ones first: so many, and until so many bytes are free."""
    dropped = gone = freed = 0
    for state in ("dropped", "replayed", "open"):
        of = (DEAD_LETTERS.c.source == source) & (DEAD_LETTERS.c.state == state)
        last = None
        for row in _oldest(connection, of):
            if gone >= letters and freed >= size:
                break
            last, gone, freed = row.id, gone + 1, freed + row.bytes
            dropped += row.stood_for if state == "open" else 0
        if last is not None:
            connection.execute(sa.delete(DEAD_LETTERS).where(of, DEAD_LETTERS.c.id <= last))
    _count(connection, {source: {"dropped": dropped, "kept": -gone, "bytes": -freed}})


def _oldest(connection: sa.Connection, of: sa.ColumnElement[bool]) -> Iterator[Any]:
    """Give the letters that `of` holds of, the oldest first, a few at a time."""
    after = -1
    columns = sa.select(DEAD_LETTERS.c.id, DEAD_LETTERS.c.bytes, DEAD_LETTERS.c["count"].label("stood_for"))
    while rows := connection.execute(
        columns.where(of, DEAD_LETTERS.c.id > after).order_by(DEAD_LETTERS.c.id).limit(_AT_ONCE)
    ).all():
        yield from rows
        after = rows[-1].id


def _in_parts(given: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (given[start : start + _AT_ONCE] for start in range(0, len(given), _AT_ONCE))


def _insert(connection: sa.Connection, table: sa.Table) -> Any:
    """Give an INSERT that can say ON CONFLICT: SQLite and PostgreSQL know it in the same words."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)
