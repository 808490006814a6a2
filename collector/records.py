"""The records: the relational database of gaps, dead letters, links, alerts and keys.

SQLite by default, PostgreSQL when one machine is not enough; both through SQLAlchemy Core. The modules that own a
table declare it on `METADATA` and keep its queries beside it: `collector.links`, `collector.gaps`,
`collector.drains`, `collector.deadletters`, `analytics.alertlog`, `api.auth`. Roles in several processes share the
records; every change is one short transaction. Their layout changes by the steps of `collector.migrations`.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import make_url

from collector.migrations import NewerRecordsError, migrate

METADATA: Final = sa.MetaData()
"""The tables of the records."""

T = TypeVar("T")

_LOCK: Final = 0x70_6B_6C_6E
"""Number of the PostgreSQL lock under which tables are made, `pkln`."""

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


class Records:
    """One connection pool to the records.

    `async with Records(url) as records:` brings the tables to today's layout; `await records.run(work)` runs
    `work(connection)` in one transaction, in a thread.
    """

    def __init__(self, url: str) -> None:
        self._url = make_url(url)
        self._engine: sa.Engine | None = None

    @property
    def name(self) -> str:
        """The database, without its password."""
        return self._url.render_as_string(hide_password=True)

    async def __aenter__(self) -> Self:
        """Open the database and bring its tables to today's layout; raises RecordsError."""
        await asyncio.to_thread(self._open)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the pool."""
        del kind, error, trace
        if self._engine is not None:
            await asyncio.to_thread(self._engine.dispose)
            self._engine = None

    async def run(self, work: Callable[[sa.Connection], T]) -> T:
        """Run `work` in one transaction; raises RecordsError when the database does not answer."""
        return await asyncio.to_thread(self.run_now, work)

    def run_now(self, work: Callable[[sa.Connection], T]) -> T:
        """Do as `run`, in the calling thread."""
        if self._engine is None:
            msg = f"the records {self.name} are not open; enter their block first"
            raise RecordsError(msg)
        try:
            with self._engine.begin() as connection:
                return work(connection)
        except sa.exc.OperationalError as error:
            msg = f"the records {self.name} do not answer ({error.orig}); check the disk or the database server"
            raise RecordsError(msg) from error

    def _open(self) -> None:
        sqlite = self._url.get_backend_name() == "sqlite"
        try:
            if sqlite and self._url.database:
                Path(self._url.database).parent.mkdir(parents=True, exist_ok=True)
            self._engine = sa.create_engine(self._url, connect_args={"timeout": 15} if sqlite else {})
            if sqlite:
                sa.event.listen(self._engine, "connect", _durable)
            with self._engine.begin() as connection:
                # Roles start side by side: one lays the tables out, the others wait for it.
                connection.exec_driver_sql("BEGIN IMMEDIATE" if sqlite else f"SELECT pg_advisory_xact_lock({_LOCK})")
                migrate(connection)
        except NewerRecordsError as error:
            msg = f"the records {self.name} were made by a newer parkline ({error}); install that one again"
            raise RecordsError(msg) from error
        except (OSError, sa.exc.DBAPIError, sa.exc.ArgumentError) as error:
            reason = getattr(error, "orig", None) or error
            msg = f"cannot open the records {self.name} ({reason}); check `records: url:` in parkline.yaml"
            raise RecordsError(msg) from error


def _durable(connection: Any, record: object) -> None:
    """Let readers and one writer work side by side, and sync every commit."""
    del record
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
