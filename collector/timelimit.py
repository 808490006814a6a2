"""How long one statement of the records may take, where somebody waits for it: none goes on for ever.

PostgreSQL ends it by itself. SQLite knows no such bound, and asks every `_STEPS` of its steps whether it may go on.
Either says so by an error that `was_ended` knows.
"""

import sqlite3
import time
from datetime import timedelta
from typing import Any, Final

import sqlalchemy as sa

_STEPS: Final = 100_000
"""Steps of SQLite's machine between two questions: a few milliseconds, so that asking costs nothing."""

_UNTIL: Final = "parkline until"
"""Key of a connection's notes: when the statement under way is ended, by the monotonic clock."""

_CANCELLED: Final = "57014"
"""SQLSTATE of a statement that PostgreSQL ended, `query_canceled`."""


def limit(engine: sa.Engine, each: timedelta) -> None:
    """Let every statement of connections that `engine` makes from now on take so long at most."""
    sqlite = engine.dialect.name == "sqlite"

    def connected(connection: Any, record: Any) -> None:
        if sqlite:
            notes = record.info
            connection.set_progress_handler(lambda: time.monotonic() >= notes.get(_UNTIL, float("inf")), _STEPS)
            return
        with connection.cursor() as cursor:
            cursor.execute(f"SET statement_timeout = {each // timedelta(milliseconds=1)}")
        connection.commit()  # a setting goes with the transaction in which it was made

    def begins(connection: sa.Connection, *_: object) -> None:
        connection.info[_UNTIL] = time.monotonic() + each.total_seconds()

    sa.event.listen(engine, "connect", connected)
    if sqlite:
        sa.event.listen(engine, "before_cursor_execute", begins)


def was_ended(error: sa.exc.SQLAlchemyError) -> bool:
    """Tell whether an error says that a statement took too long."""
    told = getattr(error, "orig", None)
    if isinstance(told, sqlite3.Error):
        return told.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT
    return getattr(told, "sqlstate", None) == _CANCELLED
