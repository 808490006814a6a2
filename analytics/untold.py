"""The untold: windows that the feed has still to tell, because they run, or because they were just stored.

    results, compared with what is stored ─► noted, before the store takes them ─► over for good ─► told, and gone

A window is noted before its results are written and goes when it is told, in the transaction that tells it: a kill
between any two steps loses nothing, and of a version that was told nothing is left to be told again.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

import polars as pl
import sqlalchemy as sa

from analytics.restatement import WINDOW
from collector.records import METADATA, Instant

UNTOLD: Final = sa.Table(
    "windows_untold",
    METADATA,
    sa.Column("path", sa.String(200), primary_key=True),
    sa.Column("period", sa.String(16), primary_key=True),
    sa.Column("start", Instant, primary_key=True, autoincrement=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("end", Instant, nullable=False),
    sa.Column("look", Instant, nullable=False, index=True),
)
"""One row per window; columns as in `Untold`."""


class WindowKey(NamedTuple):
    """What tells a window apart."""

    path: str
    """Of the machine, line, factory or park."""

    period: str
    """`hour`, `shift` or `day`."""

    start: datetime
    """Its start, UTC."""


@dataclass(frozen=True, slots=True)
class Untold:
    """A window that is to be told."""

    key: WindowKey
    """Which."""

    version: int
    """The version that is about to be stored; it is told when the store has it, or a later one."""

    end: datetime
    """Its end, UTC, as far as it had come when it was looked at last."""

    look: datetime
    """When it is looked at next at the earliest, UTC."""


def news_of(written: pl.DataFrame, stored: pl.DataFrame) -> pl.DataFrame:
    """Give the windows among rows about to be written that say another thing than what is stored.

    Args:
        written: what `restatement.restated` has to be written: columns of `RESULTS`.
        stored: what it was compared with: columns of `RESULTS`.

    Returns:
        path, period, start, version, end. A window of which only notes are others, or that gets a KPI that it did not
        have, is none of them.
    """
    before = stored.group_by(WINDOW).agg(was=pl.col("version").min(), ended=pl.col("end").max())
    now = written.group_by(WINDOW, maintain_order=True).agg(pl.col("version").max(), pl.col("end").max())
    changed = (pl.col("version") > pl.col("was")) | (pl.col("end") > pl.col("ended"))
    return (
        now.join(before, on=WINDOW, how="left", maintain_order="left")
        .filter(changed.fill_null(value=True))
        .select(*WINDOW, "version", "end")
    )


def write_untold(connection: sa.Connection, windows: Sequence[Untold]) -> None:
    """Note windows, in place of what was noted of them."""
    if not windows:
        return
    same = (UNTOLD.c[name] == sa.bindparam(f"key_{name}") for name in WINDOW)
    connection.execute(sa.delete(UNTOLD).where(*same), [_keyed(one) for one in windows])
    connection.execute(
        sa.insert(UNTOLD),
        [{**one.key._asdict(), "version": one.version, "end": one.end, "look": one.look} for one in windows],
    )


def read_untold(connection: sa.Connection, *, now: datetime, limit: int, ended: datetime | None = None) -> list[Untold]:
    """Give the windows that are to be looked at.

    Args:
        connection: a transaction of the records.
        now: the present, UTC.
        limit: how many at most, those first that were to be looked at longest ago.
        ended: only those that had not come further than this instant, UTC, when they were looked at last; None: all.
    """
    query = sa.select(UNTOLD).where(UNTOLD.c.look <= now).order_by(UNTOLD.c.look, *(UNTOLD.c[name] for name in WINDOW))
    if ended is not None:
        query = query.where(UNTOLD.c.end <= ended)
    return [
        Untold(WindowKey(row.path, row.period, row.start), row.version, row.end, row.look)
        for row in connection.execute(query.limit(limit))
    ]


def put_off(connection: sa.Connection, windows: Sequence[Untold]) -> None:
    """Replace end and next look of windows; one whose next version was noted meanwhile is left as it is."""
    if windows:
        moved = sa.update(UNTOLD).where(*_noted()).values(end=sa.bindparam("to_end"), look=sa.bindparam("to_look"))
        connection.execute(
            moved,
            [{**_keyed(one), "key_version": one.version, "to_end": one.end, "to_look": one.look} for one in windows],
        )


def forget(connection: sa.Connection, windows: Collection[Untold]) -> None:
    """Take windows off that were told; one whose next version was noted meanwhile stays."""
    if windows:
        gone = [{**_keyed(one), "key_version": one.version} for one in windows]
        connection.execute(sa.delete(UNTOLD).where(*_noted()), gone)


def _noted() -> list[sa.ColumnElement[bool]]:
    return [UNTOLD.c[name] == sa.bindparam(f"key_{name}") for name in (*WINDOW, "version")]


def _keyed(one: Untold) -> dict[str, object]:
    return {f"key_{name}": value for name, value in one.key._asdict().items()}
