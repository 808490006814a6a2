"""What sources said twice, counted per source since the records were made; `collector.conflicts` says what it means."""

from collections.abc import Mapping
from typing import Final

import sqlalchemy as sa

from collector.conflicts import Conflict, Doubles
from collector.records import METADATA, Instant

CONFLICTS: Final = sa.Table(
    "conflicts",
    METADATA,
    sa.Column("source", sa.String(64), primary_key=True),
    sa.Column("conflicts", sa.BigInteger, nullable=False),
    sa.Column("duplicates", sa.BigInteger, nullable=False),
    sa.Column("signal", sa.Text),
    sa.Column("time", Instant),
    sa.Column("earlier", sa.Text),
    sa.Column("later", sa.Text),
)
"""One row per source that ever said anything twice: the counts as in `Doubles`, and the last conflict as in
`Conflict`; its columns are null where there was none."""


def add_doubles(connection: sa.Connection, doubles: Mapping[str, Doubles]) -> None:
    """Add what was found since the last time, by source."""
    for source, found in doubles.items():
        values = {
            "conflicts": CONFLICTS.c.conflicts + found.conflicts,
            "duplicates": CONFLICTS.c.duplicates + found.duplicates,
            **_columns(found.last),
        }
        done = connection.execute(sa.update(CONFLICTS).where(CONFLICTS.c.source == source).values(values))
        if done.rowcount == 0:
            counts = {"conflicts": found.conflicts, "duplicates": found.duplicates}
            connection.execute(sa.insert(CONFLICTS).values(source=source, **counts, **_columns(found.last)))


def read_doubles(connection: sa.Connection) -> dict[str, Doubles]:
    """Give what was said twice, by source; a source that never did is not there."""
    return {
        row["source"]: Doubles(
            row["duplicates"],
            row["conflicts"],
            None if row["signal"] is None else Conflict(row["signal"], row["time"], row["earlier"], row["later"]),
        )
        for row in connection.execute(sa.select(CONFLICTS)).mappings()
    }


def _columns(last: Conflict | None) -> dict[str, object]:
    if last is None:
        return {}
    return {"signal": last.signal, "time": last.time, "earlier": last.earlier, "later": last.later}
