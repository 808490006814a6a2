"""The records on PostgreSQL, made to behave as they do on SQLite.

- One transaction writes at a time, in whichever process: a transaction takes a lock of the database before it first
  changes anything, and holds it to its end. So two that change the same rows in another order do not end in a
  deadlock, and of two that add the same row the later finds it. Those that read wait for nobody.
- Nobody waits for ever: not for that lock, not for a server that went without a word, and no transaction holds the
  lock whose process stands still.
- A link that broke while nobody used it is made anew before it is used; so roles outlive a server that starts again.
- NUL, which PostgreSQL has not in its texts, is kept as its picture, `␀`: a machine may say anything.
"""

from typing import Any, Final

import sqlalchemy as sa

LOCK: Final = 0x70_6B_6C_6E
"""Number of the lock under which records are changed, `pkln`."""

_LINK: Final[dict[str, str | int]] = {
    "application_name": "parkline",
    "client_encoding": "utf8",
    "connect_timeout": 10,  # s
    "keepalives_idle": 30,  # s
    "keepalives_interval": 10,  # s
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,  # ms
}
"""What libpq is told, where the URL does not say otherwise: it would wait for hours for a server that is gone."""

_SESSION: Final = (
    "SET lock_timeout = '15s'",  # as long as for SQLite
    "SET idle_in_transaction_session_timeout = '60s'",
)

_WRITES: Final = "parkline writes"
"""Key of a connection's notes: whether the transaction under way holds the lock."""


def engine_of(url: sa.URL, *, links: int = 5) -> sa.Engine:
    """Give an engine for these records; it connects when it is used.

    Args:
        url: of the database.
        links: how many it makes at most, and keeps; it makes no more than are used at a time.

    Raises:
        ImportError: the driver is not installed.
    """
    told = {name: value for name, value in _LINK.items() if name not in url.query}
    pool: dict[str, Any] = {"pool_size": links, "max_overflow": 0, "pool_use_lifo": True}
    engine = sa.create_engine(url, pool_pre_ping=True, connect_args=told, **pool)
    sa.event.listen(engine, "connect", _begin_session)
    sa.event.listen(engine, "begin", _begin_transaction)
    sa.event.listen(engine, "before_cursor_execute", _before_statement, retval=True)
    return engine


def take_lock(connection: sa.Connection) -> None:
    """Wait until no other transaction changes the records; none does until this one ends."""
    connection.info[_WRITES] = True
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")


def encoding(connection: sa.Connection) -> str:
    """Give the encoding of the database's texts, `UTF8` where it can keep all of them."""
    return str(connection.exec_driver_sql("SHOW server_encoding").scalar_one())


def _begin_session(connection: Any, record: object) -> None:
    del record
    with connection.cursor() as cursor:
        for setting in _SESSION:
            cursor.execute(setting)
    connection.commit()  # a setting goes with the transaction in which it was made


def _begin_transaction(connection: sa.Connection) -> None:
    connection.info[_WRITES] = False


def _before_statement(
    connection: sa.Connection, cursor: object, statement: str, parameters: Any, context: object, many: object
) -> tuple[str, Any]:
    del cursor, context, many
    reads = statement.startswith(("SELECT", "SHOW")) and "FOR UPDATE" not in statement
    if not reads and not connection.info.get(_WRITES):
        take_lock(connection)
    if isinstance(parameters, list):
        return statement, [_without_nul(one) for one in parameters]
    return statement, _without_nul(parameters)


def _without_nul(parameters: Any) -> Any:
    if not isinstance(parameters, dict):
        return parameters
    return {name: one.replace("\0", "␀") if isinstance(one, str) else one for name, one in parameters.items()}
