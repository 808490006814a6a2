"""Steps from one layout of the records to the next, taken by whoever opens the database first.

A step is a file `versions/NNNN_<what>.py` whose revision is its number; the steps stand in one row. A step names its
tables and columns itself and imports none of the modules that own them: these know today's layout only.
`tests/collector/test_migrations.py` holds that all steps together give what the modules declare.
"""

import logging
from functools import cache
from pathlib import Path
from typing import Final

import sqlalchemy as sa

_FOLDER: Final = Path(__file__).parent
_REVISIONS: Final = sa.Table("alembic_version", sa.MetaData(), sa.Column("version_num", sa.String(32)))


class NewerRecordsError(Exception):
    """The database was laid out by a newer parkline."""


@cache
def newest() -> str:
    """Give the revision of today's layout."""
    return max(step.name[:4] for step in (_FOLDER / "versions").glob("[0-9][0-9][0-9][0-9]_*.py"))


def migrate(connection: sa.Connection) -> None:
    """Bring the records to today's layout, inside the transaction that is under way; does nothing where they have it.

    Raises:
        NewerRecordsError: their layout is newer than `newest`.
    """
    found = _revision(connection)
    if found == newest():
        return
    if found is not None and found > newest():
        msg = f"layout {found}; this one knows {newest()}"
        raise NewerRecordsError(msg)
    # Loaded only where there is something to do: each role opens the records at every start.
    from alembic.migration import MigrationContext
    from alembic.operations import Operations
    from alembic.script import ScriptDirectory

    logging.getLogger("alembic").setLevel(logging.WARNING)  # what it tells is about itself
    steps = ScriptDirectory(str(_FOLDER))
    context = MigrationContext.configure(connection)
    with Operations.context(context):
        for step in reversed(list(steps.iterate_revisions("head", found or "base"))):
            step.module.upgrade()
            context.stamp(steps, step.revision)


def _revision(connection: sa.Connection) -> str | None:
    """Give the layout's revision; None where there is none yet."""
    if not sa.inspect(connection).has_table(_REVISIONS.name):
        return None
    revision: str | None = connection.execute(sa.select(_REVISIONS.c.version_num)).scalar()
    return revision
