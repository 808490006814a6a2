"""The records: the relational database of gaps, dead letters, links, alerts and keys.

SQLite by default, PostgreSQL (`collector.postgresql`) when one machine is not enough; both through SQLAlchemy Core. The
modules that own a table declare it on `METADATA` and keep its queries beside it: `collector.links`, `collector.gaps`,
`collector.drains`, `collector.deadletters`, `analytics.alertlog`, `api.auth` and others. Roles in several processes
share the records; every change is one short transaction, and one is made at a time. Their layout changes by the steps
of `collector.migrations`.
"""

import asyncio
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, nullcontext
from contextvars import copy_context
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import make_url

from collector import postgresql, timelimit
from collector.migrations import NewerRecordsError, migrate

METADATA: Final = sa.MetaData()
"""The tables of the records."""

NUMBER: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""Type of rows' numbers, 64 bits: on PostgreSQL an input that is counted again takes one, too. SQLite numbers rows of
type INTEGER only, and those have 64 bits."""

CLOSING: Final = 5.0
"""Seconds that transactions under way have to end when the records are closed."""

PATIENCE: Final = 15.0
"""Seconds to wait for others who write to a SQLite database."""

BETWEEN_TRIES: Final = 0.05
"""Seconds until a SQLite database is asked again to write ahead."""

AT_ONCE: Final = 8
"""Transactions of one process that are under way at a time; others wait for their turn."""

AHEAD: Final = 3
"""Transactions beside these of what everything else waits for."""

T = TypeVar("T")

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class RecordsError(Exception):
    """The records do not answer; the text says which database and what to do. Trying again may help."""


class Instant(sa.TypeDecorator[datetime]):
    """A UTC instant, kept as microseconds since 1970 so that every database orders and compares it alike."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> int | None:
        """Give microseconds since 1970; raises ValueError for a time without a zone."""
        del dialect
        if value is None:
            return None
        if value.tzinfo is None:
            msg = f"{value!r} has no time zone; records keep UTC instants only"
            raise ValueError(msg)
        delta = value - _EPOCH
        return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> datetime | None:
        """Give the instant, in UTC."""
        del dialect
        if value is None:
            return None
        return _EPOCH + timedelta(microseconds=value)


def lies_under(column: sa.ColumnElement[Any], path: str) -> sa.ColumnElement[bool]:
    """Tell whether a column of paths holds `path`, or that of anything below it.

    Letter by letter: SQLite's LIKE takes upper and lower case for one, and `Works` is not `works`.
    """
    return sa.or_(column == path, sa.func.substr(column, 1, len(path) + 1) == path + "/")


def hold(connection: sa.Connection) -> None:
    """Let nobody else change the records until this transaction ends: what it reads from now on stays as it is.

    It has written nothing yet.
    """
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        postgresql.take_lock(connection)


class Records:
    """One connection pool to the records.

    `async with Records(url) as records:` brings the tables to today's layout; `await records.run(work)` runs
    `work(connection)` in one transaction, in a thread. The threads are its own: neither do slow readers of a store keep
    it waiting, nor slow transactions those of `run_ahead`.
    """

    def __init__(self, url: str, *, in_turn: bool = False, each: timedelta | None = None) -> None:
        """Prepare.

        Args:
            url: SQLAlchemy URL.
            each: how long one statement may take, but for those that bring the tables to today's layout, and how long a
                transaction waits for its turn; None: as long as it takes.
            in_turn: whether what `run` is given is done one by one, in order, where the database is SQLite: its writers
                wait for each other by looking again every 100 ms, and a process that writes from several tasks would
                keep itself waiting.
        """
        self._url = make_url(url)
        self._each = each
        queues = in_turn and self._url.get_backend_name() == "sqlite"
        self._turn: AbstractAsyncContextManager[None] = asyncio.Lock() if queues else nullcontext()
        self._engine: sa.Engine | None = None
        self._under_way: set[asyncio.Task[Any]] = set()
        self._threads: ThreadPoolExecutor | None = None
        self._ahead: ThreadPoolExecutor | None = None

    @property
    def name(self) -> str:
        """The database, without its password."""
        return self._url.render_as_string(hide_password=True)

    async def __aenter__(self) -> Self:
        """Open the database and bring its tables to today's layout; raises RecordsError."""
        await asyncio.to_thread(self._open)
        self._threads = ThreadPoolExecutor(AT_ONCE, "records")
        self._ahead = ThreadPoolExecutor(AHEAD, "records ahead")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the pool, when what is under way is done, or `CLOSING` later."""
        del kind, error, trace
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=CLOSING)
        engine, self._engine = self._engine, None
        for threads in (self._threads, self._ahead):
            if threads is not None:
                threads.shutdown(wait=False)
        self._threads = self._ahead = None
        if engine is not None:
            await asyncio.to_thread(engine.dispose)

    async def run(self, work: Callable[[sa.Connection], T]) -> T:
        """Run `work` in one transaction; raises RecordsError when the database does not answer.

        A transaction goes on to its end when whoever waits for it is cancelled.
        """
        return await self._begun(work, self._threads)

    async def run_ahead(self, work: Callable[[sa.Connection], T]) -> T:
        """Do as `run`, and wait for none of its transactions: for what takes milliseconds, and everybody waits for."""
        return await self._begun(work, self._ahead)

    async def _begun(self, work: Callable[[sa.Connection], T], threads: ThreadPoolExecutor | None) -> T:
        if threads is None:
            return self.run_now(work)  # which says that they are not open
        running = asyncio.create_task(self._run(work, threads), name="records")
        self._under_way.add(running)
        running.add_done_callback(self._done)
        return await asyncio.shield(running)

    async def _run(self, work: Callable[[sa.Connection], T], threads: ThreadPoolExecutor) -> T:
        async with self._turn:
            turn = threads.submit(copy_context().run, self.run_now, work)
            running = asyncio.wrap_future(turn)
            if self._each is not None:
                await asyncio.wait({running}, timeout=self._each.total_seconds())
                if turn.cancel():  # it has not begun
                    msg = (
                        f"the records {self.name} had no turn for a transaction within {self._each.total_seconds():g} "
                        "s, since others take long; ask for less at a time"
                    )
                    raise RecordsError(msg)
            return await running

    def _done(self, running: asyncio.Task[Any]) -> None:
        self._under_way.discard(running)
        if not running.cancelled():
            running.exception()  # whoever waited may be gone

    def run_now(self, work: Callable[[sa.Connection], T]) -> T:
        """Do as `run`, in the calling thread."""
        if self._engine is None:
            msg = f"the records {self.name} are not open; enter their block first"
            raise RecordsError(msg)
        try:
            with self._engine.begin() as connection:
                return work(connection)
        except _SILENT as error:
            if self._each is not None and timelimit.was_ended(error):
                bound = f"{self._each.total_seconds():g} s"
                msg = f"the records {self.name} were at it for {bound}, as long as they may; ask for less"
                raise RecordsError(msg) from error
            msg = f"the records {self.name} do not answer ({_reason(error)}); check the disk or the database server"
            raise RecordsError(msg) from error

    def _open(self) -> None:
        try:
            engine = self._made()
            try:
                with engine.begin() as connection:
                    self._lock(connection)
                    migrate(connection)
                if self._each is not None:
                    timelimit.limit(engine, self._each)
                    engine.dispose()  # the connection that laid them out has no limit
            except BaseException:
                engine.dispose()  # whoever tries again makes another
                raise
            self._engine = engine
        except NewerRecordsError as error:
            msg = f"the records {self.name} were made by a newer parkline ({error}); install that one again"
            raise RecordsError(msg) from error
        except ImportError as error:
            msg = f"the records {self.name} need a driver ({error}): pip install 'parkline[postgres]'"
            raise RecordsError(msg) from error
        except sa.exc.ProgrammingError as error:
            msg = (
                f"cannot open the records {self.name} ({_reason(error)}); let the database belong to the user of "
                "`records: url:`: ALTER DATABASE … OWNER TO …"
            )
            raise RecordsError(msg) from error
        except (OSError, sa.exc.DBAPIError, sa.exc.ArgumentError) as error:
            msg = f"cannot open the records {self.name} ({_reason(error)}); check `records: url:` in parkline.yaml"
            raise RecordsError(msg) from error

    def _made(self) -> sa.Engine:
        """Give the engine for the URL; raises RecordsError for another database, ImportError without a driver."""
        kind = self._url.get_backend_name()
        if kind == "postgresql":
            return postgresql.engine_of(self._url, links=AT_ONCE + AHEAD)
        if kind != "sqlite":
            msg = f"the records cannot be kept in {self.name}; write `records: url:` as sqlite:///… or postgresql://…"
            raise RecordsError(msg)
        if self._url.database:
            Path(self._url.database).parent.mkdir(parents=True, exist_ok=True)
        engine = sa.create_engine(self._url, connect_args={"timeout": PATIENCE})
        sa.event.listen(engine, "connect", _durable)
        return engine

    def _lock(self, connection: sa.Connection) -> None:
        """Have the roles that start side by side wait while one lays the tables out."""
        hold(connection)
        if connection.dialect.name == "postgresql" and (encoding := postgresql.encoding(connection)) != "UTF8":
            msg = (
                f"the records {self.name} keep texts as {encoding}, which cannot hold them all; make another database: "
                "CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0"
            )
            raise RecordsError(msg)


_SILENT: Final = (
    sa.exc.OperationalError,
    sa.exc.InterfaceError,
    sa.exc.InternalError,  # a transaction that stood still too long, a server that only reads now
    sa.exc.TimeoutError,
)
"""What it is called when a database does not do its part."""


def _reason(error: Exception) -> str:
    """Give what a database says, in one line."""
    return " ".join(str(getattr(error, "orig", None) or error).split())


def _durable(connection: Any, record: object) -> None:
    """Let readers and one writer work side by side, and sync every commit."""
    del record
    write_ahead(connection)
    for pragma in ("synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def write_ahead(connection: Any) -> None:
    """Have a SQLite database write ahead; raises sqlite3.OperationalError when others keep it busy for `PATIENCE`.

    Who turns a new file to it while another does the same is refused at once: SQLite does not let two wait for each
    other's lock, whatever the time-out is. So whoever is refused tries again, and finds it done.
    """
    until = time.monotonic() + PATIENCE
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(BETWEEN_TRIES)
        else:
            return
