"""The audit: who asked for what, and what they were answered; rows that are added and never changed.

    row 1 ── hash 1 ──► row 2 ── hash 2 ──► … ──► row n ── hash n = the head's

A row's hash is the SHA-256 of the hash before it and of the row, so that a row which was changed, taken out or put in
shows (`api.auditcheck`). The head, one row in a table of its own, holds the number and the hash of the last row, so
that a tail which was cut off shows, and the same of the last row that was pruned, to which the first that is left is
chained. Who writes holds the head until its transaction ends: numbers are committed in their order, whichever process
writes. Who can write to the database can also make a whole chain anew; only a head that was noted elsewhere tells
that, so `parkline audit verify` prints it, and compares one that it is given.
"""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, TypeAlias

import orjson
import sqlalchemy as sa
import structlog
from sqlalchemy.dialects import postgresql, sqlite

from api.audittext import one_line, query_line
from collector.records import METADATA, NUMBER, Instant

Event: TypeAlias = Literal["answer", "begin", "end", "missing"]
"""What a row tells: `answer`: a request was answered; `begin` and `end`: an answer that lasts (a stream) began, and
ended; `missing`: so many rows are not kept, since the records were down too long, or since they were of requests that
were refused, too many of one sender."""

Known: TypeAlias = Literal["key", "oidc", "loopback", "unknown"]
"""How a caller was known."""

AUDIT: Final = sa.Table(
    "audit",
    METADATA,
    sa.Column("number", NUMBER, primary_key=True, autoincrement=False),
    sa.Column("at", Instant, nullable=False, index=True),
    sa.Column("event", sa.String(16), nullable=False),
    sa.Column("caller", sa.String(300), nullable=False, index=True),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("peer", sa.String(64), nullable=False),
    sa.Column("method", sa.String(32), nullable=False),
    sa.Column("operation", sa.String(100), nullable=False),
    sa.Column("path", sa.String(1000), nullable=False),
    sa.Column("query", sa.String(1000), nullable=False),
    sa.Column("status", sa.Integer),
    sa.Column("factories", sa.JSON(none_as_null=True)),
    sa.Column("rows", sa.BigInteger),
    sa.Column("bytes", sa.BigInteger),
    sa.Column("duration_us", sa.BigInteger),
    sa.Column("missing", sa.BigInteger, nullable=False),
    sa.Column("request_id", sa.String(64), nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
)
"""One row per answer; columns as in `Entry` and `Row`."""

AUDIT_HEAD: Final = sa.Table(
    "audit_head",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("last", sa.BigInteger, nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
    sa.Column("pruned", sa.BigInteger, nullable=False),
    sa.Column("pruned_hash", sa.String(64), nullable=False),
)
"""One row, made with the tables; columns as in `Head`."""

NOTHING: Final = "0" * 64
"""The hash that the first row of all is chained to."""

PRUNED_AT_ONCE: Final = 10_000
"""Rows that go in one transaction: others wait for it."""

_KNOWN: Final[dict[str, Known]] = {"key": "key", "oidc": "oidc", "loopback": "loopback"}
"""By what their ids begin with."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Entry:
    """What happened, as it was seen; texts of callers are made safe when it is written."""

    at: datetime
    """When it was answered, began or ended, UTC."""

    event: Event
    """What the row tells."""

    caller: str
    """Id of who asked, as `api.callers.Caller.id`; empty: nobody known."""

    name: str
    """Their name; empty: nobody known."""

    peer: str
    """The address that the request came from: a proxy's, where there is one."""

    method: str
    """HTTP method."""

    operation: str
    """Operation id of the route; empty where none was reached."""

    path: str
    """Path of the address, decoded."""

    query: str
    """Query of the address as it was sent, without secrets; empty: none."""

    status: int | None
    """HTTP status; 499: who asked went away before the answer began. For `missing` 429 where the rows were of refused
    requests, else None."""

    factories: tuple[str, ...] | None
    """Ids of the factories that the caller was granted, in order; None: the whole park, or nobody known."""

    rows: int | None
    """Rows of a list that were answered; None: it was none."""

    bytes: int | None
    """Bytes of the body that were answered, before compression; None: not known yet."""

    duration_us: int | None
    """From the request to `at`, in microseconds."""

    missing: int
    """How many rows are missing, for `missing`; 0 otherwise."""

    request_id: str
    """As answered in `X-Request-Id`."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the audit."""

    number: int
    """Its place, from 1."""

    entry: Entry
    """What happened, with texts as they are kept."""

    kind: Known
    """How the caller was known: `key`, `oidc`, `loopback`, or `unknown`."""

    hash: str
    """SHA-256 of the hash before it and of the row, in hex."""


@dataclass(frozen=True, slots=True)
class Head:
    """What the audit holds: rows of numbers in (pruned, last]."""

    last: int
    """Number of the last row; 0: there was none."""

    hash: str
    """Its hash."""

    pruned: int
    """Number of the last row that was pruned; 0: none was."""

    pruned_hash: str
    """Its hash."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows are asked for; every field narrows."""

    caller: str | None = None
    """Id of who asked."""

    methods: Collection[str] | None = None
    """HTTP methods."""

    classes: Collection[int] | None = None
    """First digits of the status."""

    start: datetime | None = None
    """Rows of this instant and later, UTC."""

    end: datetime | None = None
    """Rows before this instant, UTC."""

    prefix: str | None = None
    """What the path begins with."""

    grants: Collection[str] | None = None
    """Only rows of callers who were granted some of these factories and no others; None: of everybody."""


def write_audit(connection: sa.Connection, entries: Sequence[Entry]) -> None:
    """Add rows, in their order, in the transaction of `connection`."""
    if not entries:
        return
    first, before = _head_to_write(connection, len(entries))
    rows = []
    for number, entry in enumerate(entries, first):
        row = _kept(number, entry)
        before = row["hash"] = chained(before, row)
        rows.append(row)
    connection.execute(sa.insert(AUDIT), rows)
    last = first + len(entries) - 1
    connection.execute(sa.update(AUDIT_HEAD).where(AUDIT_HEAD.c.id == 1).values(last=last, hash=before))


def _head_to_write(connection: sa.Connection, count: int) -> tuple[int, str]:
    """Take the head; give the number of the next row, and the hash to chain it to."""
    held = (
        sa.update(AUDIT_HEAD)
        .where(AUDIT_HEAD.c.id == 1)
        .values(last=AUDIT_HEAD.c.last + count)
        .returning(AUDIT_HEAD.c.last, AUDIT_HEAD.c.hash)
    )
    head = connection.execute(held).one_or_none()
    highest = connection.execute(sa.select(AUDIT.c.number, AUDIT.c.hash).order_by(AUDIT.c.number.desc()).limit(1))
    there = highest.one_or_none()
    if head is None:
        last, before = (0, NOTHING) if there is None else (there.number + 1, there.hash)
        if there is not None:  # the number that is left out shows it to whoever checks
            _log.error("the audit has lost its head; a number is left out behind its last row", number=last)
        dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
        made = dialect.insert(AUDIT_HEAD).values(id=1, last=0, hash=before, pruned=0, pruned_hash=NOTHING)
        connection.execute(made.on_conflict_do_nothing())
    else:
        last, before = head.last - count, head.hash
    # A row that somebody put in by hand stays, for the check to find; it must not keep others out.
    return (last if there is None else max(last, there.number)) + 1, before


def _kept(number: int, entry: Entry) -> dict[str, Any]:
    """Give what is kept of an entry, but for its hash; in the order in which it is hashed."""
    return {
        "number": number,
        "at": entry.at,
        "event": entry.event,
        "caller": one_line(entry.caller, 300),
        "name": one_line(entry.name, 200),
        "kind": _kind(entry.caller),
        "peer": one_line(entry.peer, 64),
        "method": one_line(entry.method, 32),
        "operation": one_line(entry.operation, 100),
        "path": one_line(entry.path, 1000),
        "query": query_line(entry.query, 1000),
        "status": entry.status,
        "factories": None if entry.factories is None else [one_line(factory, 200) for factory in entry.factories],
        "rows": entry.rows,
        "bytes": entry.bytes,
        "duration_us": entry.duration_us,
        "missing": entry.missing,
        "request_id": one_line(entry.request_id, 64),
    }


def _kind(caller: str) -> Known:
    return _KNOWN.get(caller.partition(":")[0], "unknown")


def chained(before: str, row: dict[str, Any]) -> str:
    """Give the hash of a row: SHA-256 of the hash before it and the row's cells as a JSON array, in hex.

    Args:
        before: hash of the row before, in hex.
        row: cells in the order of the table; `at` in microseconds since 1970 or as an instant.
    """
    cells = [(value - _EPOCH) // _MICROSECOND if isinstance(value, datetime) else value for value in row.values()]
    return hashlib.sha256(before.encode() + orjson.dumps(cells)).hexdigest()


def hash_of(before: str, row: Row) -> str:
    """Give the hash that a row must have after this one."""
    entry = {field.name: getattr(row.entry, field.name) for field in fields(Entry)}
    cells = {"number": row.number, **entry, "kind": row.kind}
    cells["factories"] = None if row.entry.factories is None else list(row.entry.factories)
    return chained(before, {column.name: cells[column.name] for column in AUDIT.columns if column.name != "hash"})


def read_audit(
    connection: sa.Connection, wanted: Wanted, *, limit: int, after: int | None = None, newest_first: bool = True
) -> list[Row]:
    """Give rows by number, `limit` at most, those that follow number `after` in this order."""
    order = AUDIT.c.number.desc() if newest_first else AUDIT.c.number
    asked = sa.select(AUDIT).where(*_conditions(wanted, connection.dialect.name)).order_by(order).limit(limit)
    if after is not None:
        asked = asked.where(AUDIT.c.number < after if newest_first else AUDIT.c.number > after)
    return [_row(row) for row in connection.execute(asked)]


def _conditions(wanted: Wanted, dialect: str) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = []
    if wanted.caller is not None:
        conditions.append(AUDIT.c.caller == one_line(wanted.caller, 300))
    if wanted.methods is not None:
        conditions.append(AUDIT.c.method.in_(wanted.methods))
    if wanted.classes is not None:
        within = (AUDIT.c.status.between(100 * digit, 100 * digit + 99) for digit in wanted.classes)
        conditions.append(sa.or_(sa.false(), *within))
    if wanted.start is not None:
        conditions.append(AUDIT.c.at >= wanted.start)
    if wanted.end is not None:
        conditions.append(AUDIT.c.at < wanted.end)
    if wanted.prefix is not None:
        prefix = one_line(wanted.prefix, 1000)
        conditions.append(sa.func.substr(AUDIT.c.path, 1, len(prefix)) == prefix)
    if wanted.grants is not None:
        conditions.append(_granted_within(wanted.grants, dialect))
    return conditions


def _granted_within(grants: Collection[str], dialect: str) -> sa.ColumnElement[bool]:
    """Hold for rows of callers who were granted some of these factories, and no others."""
    each = sa.func.json_each if dialect == "sqlite" else sa.func.json_array_elements_text
    factory = each(AUDIT.c.factories).table_valued("value")
    other = sa.select(sa.literal(1)).select_from(factory).where(factory.c.value.not_in(sorted(grants)))
    return sa.and_(sa.func.json_array_length(AUDIT.c.factories) > 0, ~other.exists())


def _row(row: Any) -> Row:
    factories = None if row.factories is None else tuple(row.factories)
    cells = {field.name: getattr(row, field.name) for field in fields(Entry)}
    return Row(row.number, Entry(**(cells | {"factories": factories})), row.kind, row.hash)


def read_head(connection: sa.Connection) -> Head | None:
    """Give the head; None: somebody took it away."""
    head = connection.execute(sa.select(AUDIT_HEAD).where(AUDIT_HEAD.c.id == 1)).one_or_none()
    return None if head is None else Head(head.last, head.hash, head.pruned, head.pruned_hash)


def prune_audit(connection: sa.Connection, *, before: datetime) -> int:
    """Drop rows from the first on that are older than an instant, UTC, `PRUNED_AT_ONCE` at most; give how many went.

    The head keeps the number and the hash of the last of them, so that what is left can still be checked.
    """
    connection.execute(sa.update(AUDIT_HEAD).where(AUDIT_HEAD.c.id == 1).values(last=AUDIT_HEAD.c.last))  # hold it
    first = sa.select(AUDIT.c.number, AUDIT.c.at).order_by(AUDIT.c.number).limit(1)
    row = connection.execute(first).one_or_none()
    if row is None or row.at >= before:
        return 0
    some = AUDIT.c.number < row.number + PRUNED_AT_ONCE
    younger = connection.execute(sa.select(sa.func.min(AUDIT.c.number)).where(some, AUDIT.c.at >= before)).scalar_one()
    upto = AUDIT.c.number < (row.number + PRUNED_AT_ONCE if younger is None else younger)
    last = connection.execute(
        sa.select(AUDIT.c.number, AUDIT.c.hash).where(upto).order_by(AUDIT.c.number.desc()).limit(1)
    ).one()
    pruned = sa.update(AUDIT_HEAD).where(AUDIT_HEAD.c.id == 1).values(pruned=last.number, pruned_hash=last.hash)
    connection.execute(pruned)
    return connection.execute(sa.delete(AUDIT).where(AUDIT.c.number <= last.number)).rowcount
