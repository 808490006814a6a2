"""Steps from one layout of the records to the next, taken by whoever opens the database first.

A step is a file `versions/NNNN_<what>.py` whose revision is its number; the steps stand in one row. A step names its
tables and columns itself and imports none of the modules that own them: these know today's layout only.
`tests/collector/test_migrations.py` holds that all steps together give what the modules declare.
"""

from pathlib import Path
from typing import Final

import sqlalchemy as sa

_FOLDER: Final = Path(__file__).parent

NEWEST: Final = max(file.name[:4] for file in (_FOLDER / "versions").glob("[0-9][0-9][0-9][0-9]_*.py"))
"""Revision of today's layout."""

_REVISIONS: Final = sa.Table("alembic_version", sa.MetaData(), sa.Column("version_num", sa.String(32)))


class NewerRecordsError(Exception):
    """The database was laid out by a newer parkline."""


def migrate(connection: sa.Connection) -> None:
    """Bring the records to today's layout, inside the transaction that is under way; does nothing where they have it.

    Raises:
        NewerRecordsError: their layout is newer than `NEWEST`.
    """
    found = _revision(connection)
    if found == NEWEST:
        return
    if found is not None and found > NEWEST:
        msg = f"layout {found}; this one knows {NEWEST}"
        raise NewerRecordsError(msg)
    # Loaded only where there is something to do: each role opens the records at every start.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _revision(connection: sa.Connection) -> str | None:
    """Give the layout's revision; None where there is none yet."""
    if not sa.inspect(connection).has_table(_REVISIONS.name):
        return None
    revision: str | None = connection.execute(sa.select(_REVISIONS.c.version_num)).scalar()
    return revision
