"""The exports that callers have asked for, and how far each has come.

    queued ──► running ──► done ──► expired, and after `REMEMBERED` no more
       ▲          │  └───► failed ─────────────────────────┘
       └──────────┘ its maker has ended, or was not heard of for `LASTS`

A caller's exports are made one after the other, in the order in which they were asked for. Several processes may make
exports: what one begins is its own until `LASTS` after it was heard of last. Each attempt has a name of its own
(`maker`), and a file of its own: whoever was given up and comes back finds that nobody wants what it makes.
"""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa

from collector.records import METADATA, Instant

EXPORTS: Final = sa.Table(
    "exports",
    METADATA,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("owner", sa.String(300), nullable=False, index=True),
    sa.Column("asked", sa.JSON, nullable=False),
    sa.Column("reach", sa.JSON(none_as_null=True)),
    sa.Column("created", Instant, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("progress", sa.Float, nullable=False),
    sa.Column("rows", sa.BigInteger, nullable=False),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("problem", sa.Text, nullable=False),
    sa.Column("begun", Instant),
    sa.Column("ended", Instant),
    sa.Column("expires", Instant),
    sa.Column("maker", sa.String(16), nullable=False, server_default=""),
    sa.Column("until", Instant),
    sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
)
"""One row per export; columns as in `Export`."""

LASTS: Final = timedelta(seconds=30)
"""How long an export is its maker's without a word of it."""

TRIES: Final = 3
"""How often an export is begun: one that ends the process each time would end it for ever."""

REMEMBERED: Final = timedelta(days=7)
"""How long it is told of an export that its file is there no more, or that it failed."""


class ExportState(StrEnum):
    """How an export stands."""

    QUEUED = "queued"
    """It waits for its turn."""

    RUNNING = "running"
    """It is being made."""

    DONE = "done"
    """Its file can be downloaded."""

    FAILED = "failed"
    """It could not be made; `problem` says why."""

    EXPIRED = "expired"
    """Its file was deleted, since its time was over."""


_OPEN: Final = (ExportState.QUEUED, ExportState.RUNNING)


@dataclass(frozen=True, slots=True)
class Export:
    """One export."""

    id: str
    """32 random hexadecimal digits."""

    owner: str
    """Who asked for it: `api.callers.Caller.id`."""

    asked: dict[str, Any]
    """What for, as JSON."""

    reach: frozenset[str] | None
    """Ids of the factories that its rows are of; None: of the whole park, and the park's own."""

    created: datetime
    """When it was asked for, UTC."""

    state: ExportState
    """How it stands."""

    progress: float
    """How much of it is made, 0 to 1."""

    rows: int
    """Rows that are made."""

    bytes: int
    """Bytes of its file, as far as it is written."""

    sha256: str
    """Of its file, in hexadecimal; empty until it is done."""

    problem: str
    """Why it failed, and what to do; empty where it did not."""

    begun: datetime | None
    """When it was begun last, UTC; None: it was not."""

    ended: datetime | None
    """When it was done or had failed, UTC; None: it has not come so far."""

    expires: datetime | None
    """When its file is deleted, UTC; None: it has none."""

    maker: str
    """Names the attempt to make it: 16 random hexadecimal digits; empty where it waits, and of files of old."""

    until: datetime | None
    """Until when it is its maker's, UTC; None: nobody makes it."""

    tries: int
    """How often it was begun and not ended by its maker."""

    @property
    def stem(self) -> str:
        """The name of its file, without what tells the format."""
        return self.id + self.maker

    def open_to(self, factories: frozenset[str] | None) -> bool:
        """Tell whether somebody who may see these factories (None: the whole park) may see all of its rows."""
        return factories is None or (self.reach is not None and self.reach <= factories)


def create_export(
    connection: sa.Connection, owner: str, asked: dict[str, Any], reach: Collection[str] | None, *, now: datetime
) -> Export:
    """Note that an export was asked for; give it, queued."""
    number = secrets.token_hex(16)
    connection.execute(
        sa.insert(EXPORTS).values(
            id=number,
            owner=owner,
            asked=asked,
            reach=None if reach is None else sorted(reach),
            created=now,
            state=ExportState.QUEUED,
            progress=0.0,
            rows=0,
            bytes=0,
            sha256="",
            problem="",
        )
    )
    found = read_export(connection, number)
    assert found is not None  # noqa: S101 - it was just written
    return found


def read_export(connection: sa.Connection, number: str) -> Export | None:
    """Give the export with this id; None where there is none."""
    row = connection.execute(sa.select(EXPORTS).where(EXPORTS.c.id == number)).one_or_none()
    return None if row is None else _export(row)


def read_exports(
    connection: sa.Connection, owner: str, *, after: tuple[datetime, str] | None = None, limit: int | None = None
) -> list[Export]:
    """Give a caller's exports, the newest first, after one of them (`created`, id), `limit` at most."""
    query = sa.select(EXPORTS).where(EXPORTS.c.owner == owner).order_by(EXPORTS.c.created.desc(), EXPORTS.c.id.desc())
    if after is not None:
        query = query.where(sa.tuple_(EXPORTS.c.created, EXPORTS.c.id) < sa.tuple_(*_bound(after)))
    return [_export(row) for row in connection.execute(query.limit(limit))]


def count_exports(connection: sa.Connection, owner: str) -> tuple[int, int]:
    """Give how many of a caller's exports wait or are being made, and how many there are in all."""
    waiting = sa.func.count().filter(EXPORTS.c.state.in_(_OPEN))
    query = sa.select(waiting, sa.func.count()).where(EXPORTS.c.owner == owner)
    some, every = connection.execute(query).one()
    return int(some), int(every)


def kept_bytes(connection: sa.Connection, owner: str) -> int:
    """Give how many bytes a caller's finished files have."""
    query = sa.select(sa.func.coalesce(sa.func.sum(EXPORTS.c.bytes), 0))
    return int(
        connection.execute(query.where(EXPORTS.c.owner == owner, EXPORTS.c.state == ExportState.DONE)).scalar_one()
    )


def begin_next(connection: sa.Connection, *, now: datetime) -> Export | None:
    """Begin the export that was asked for first, of callers of whom none is being made; None where none waits."""
    _give_up(connection, now)
    busy = sa.select(EXPORTS.c.owner).where(EXPORTS.c.state == ExportState.RUNNING)
    query = sa.select(EXPORTS.c.id).where(EXPORTS.c.state == ExportState.QUEUED, EXPORTS.c.owner.not_in(busy))
    number = connection.execute(query.order_by(EXPORTS.c.created, EXPORTS.c.id).limit(1)).scalar_one_or_none()
    if number is None:
        return None
    values = {
        "state": ExportState.RUNNING,
        "begun": now,
        "maker": secrets.token_hex(8),
        "until": now + LASTS,
        "tries": EXPORTS.c.tries + 1,
    }
    waiting = sa.and_(EXPORTS.c.id == number, EXPORTS.c.state == ExportState.QUEUED)
    if connection.execute(sa.update(EXPORTS).where(waiting).values(values)).rowcount == 0:
        return None  # another process was faster
    return read_export(connection, number)


def _give_up(connection: sa.Connection, now: datetime) -> None:
    """Have begun once more what nobody was heard of who makes it; let it fail where that was so every time."""
    gone = sa.and_(EXPORTS.c.state == ExportState.RUNNING, EXPORTS.c.until <= sa.bindparam("now", now, Instant))
    for number, tries in connection.execute(sa.select(EXPORTS.c.id, EXPORTS.c.tries).where(gone)).all():
        found = sa.and_(gone, EXPORTS.c.id == number)
        if tries < TRIES:
            connection.execute(sa.update(EXPORTS).where(found).values(_ANEW))
            continue
        problem = (
            f"{tries} times its making broke off, since the API ended or its records did not answer; ask for less, or "
            "in parts, and have an administrator look at the log and the memory of the API"
        )
        values = {"state": ExportState.FAILED, "problem": problem, "ended": now, "bytes": 0, "until": None}
        connection.execute(sa.update(EXPORTS).where(found).values(values))


_ANEW: Final = {
    "state": ExportState.QUEUED,
    "progress": 0.0,
    "rows": 0,
    "bytes": 0,
    "maker": "",
    "until": None,
}


def put_back(connection: sa.Connection, export: Export) -> None:
    """Have an export begun once more: the process that makes it ends, as it should."""
    _of_maker(connection, export, {**_ANEW, "tries": EXPORTS.c.tries - 1})


def note_progress(
    connection: sa.Connection, export: Export, *, progress: float, rows: int, size: int, now: datetime
) -> bool:
    """Note how far an export has come, and that it is being made; tell whether it is still wanted of its maker."""
    values = {"progress": progress, "rows": rows, "bytes": size, "until": now + LASTS}
    return _of_maker(connection, export, values)


def finish_export(
    connection: sa.Connection, export: Export, *, rows: int, size: int, sha256: str, now: datetime, expires: datetime
) -> bool:
    """Note that an export is done; tell whether it was still wanted of its maker."""
    values = {"state": ExportState.DONE, "progress": 1.0, "rows": rows, "bytes": size, "sha256": sha256}
    return _of_maker(connection, export, values | {"ended": now, "expires": expires, "until": None})


def fail_export(connection: sa.Connection, export: Export, problem: str, *, now: datetime) -> None:
    """Note that an export could not be made, and why."""
    values = {"state": ExportState.FAILED, "problem": problem, "ended": now, "bytes": 0, "until": None}
    _of_maker(connection, export, values)


def expire_exports(connection: sa.Connection, *, now: datetime) -> None:
    """Let go the files whose time is over, and forget what nobody need be told any more."""
    over = sa.and_(EXPORTS.c.state == ExportState.DONE, EXPORTS.c.expires <= now)
    connection.execute(sa.update(EXPORTS).where(over).values(state=ExportState.EXPIRED))
    old = sa.func.coalesce(EXPORTS.c.expires, EXPORTS.c.ended) <= sa.bindparam("before", now - REMEMBERED, Instant)
    told = EXPORTS.c.state.in_((ExportState.EXPIRED, ExportState.FAILED))
    connection.execute(sa.delete(EXPORTS).where(told, old))


def delete_export(connection: sa.Connection, number: str) -> None:
    """Forget an export, however it stands; whoever makes it finds out by `note_progress`."""
    connection.execute(sa.delete(EXPORTS).where(EXPORTS.c.id == number))


def wanted_files(connection: sa.Connection) -> set[str]:
    """Give the names (`Export.stem`) of files that are there, or are being written."""
    query = sa.select(EXPORTS.c.id + EXPORTS.c.maker)
    return set(connection.execute(query.where(EXPORTS.c.state.in_((ExportState.DONE, ExportState.RUNNING)))).scalars())


def _of_maker(connection: sa.Connection, export: Export, values: dict[str, Any]) -> bool:
    """Change an export where it is still its maker's; tell whether it is."""
    own = sa.and_(EXPORTS.c.id == export.id, EXPORTS.c.state == ExportState.RUNNING, EXPORTS.c.maker == export.maker)
    return connection.execute(sa.update(EXPORTS).where(own).values(values)).rowcount > 0


def _bound(after: tuple[datetime, str]) -> tuple[sa.BindParameter[Any], sa.BindParameter[Any]]:
    created, number = after
    return sa.bindparam("created_before", created, Instant), sa.bindparam("id_before", number, sa.String)


def _export(row: sa.Row[tuple[Any, ...]]) -> Export:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
    reach = values.pop("reach")
    state = ExportState(values.pop("state"))
    return Export(**values, state=state, reach=None if reach is None else frozenset(reach))
