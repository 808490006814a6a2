"""What was opened: the days that numbers are taken from, the cells that are told, and how far each view is.

A day is written once per source of numbers and never again; so is a cell. So a number that somebody read yesterday is
the same today, whatever became of its samples, of the configuration, or of the factory.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import astuple, dataclass
from datetime import date, datetime
from io import BytesIO
from typing import Any, Final

import polars as pl
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from analytics.disclosure.atoms import Floor
from analytics.disclosure.cells import Cell
from analytics.disclosure.periods import Span
from collector.records import METADATA, Instant

DAYS: Final = sa.Table(
    "open_days",
    METADATA,
    sa.Column("source", sa.String(16), primary_key=True),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("elements", sa.LargeBinary, nullable=False),
    sa.Column("written", Instant, nullable=False),
)
"""One row per source of numbers and local day: what each machine adds, as Parquet."""

CELLS: Final = sa.Table(
    "open_cells",
    METADATA,
    sa.Column("view", sa.String(64), primary_key=True),
    sa.Column("cut", sa.String(64), primary_key=True),
    sa.Column("first", sa.Date, primary_key=True),
    sa.Column("grouped", sa.String(200), primary_key=True),
    sa.Column("until", sa.Date, nullable=False),
    sa.Column("pool", sa.String(80), nullable=False),
    sa.Column("facets", sa.JSON, nullable=False),
    sa.Column("why", sa.JSON, nullable=False),
    sa.Column("floor", sa.JSON, nullable=False),
    sa.Column("factories", sa.BigInteger, nullable=False),
    sa.Column("machines", sa.BigInteger, nullable=False),
    sa.Column("sums", sa.JSON, nullable=False),
    sa.Column("shown", sa.Boolean, nullable=False),
    sa.Column("due", Instant, nullable=False),
    sa.Column("written", Instant, nullable=False),
    sa.Index("open_cells_by_pool", "pool", "first"),
)
"""One row per cell that was decided on, told or not; columns as in `disclosure.cells.Cell`, the pool that
it is held against differencing in, and when it was written."""

POOLS: Final = sa.Table(
    "open_pools",
    METADATA,
    sa.Column("pool", sa.String(80), primary_key=True),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("progress", sa.JSON, nullable=False),
)
"""One row per pool: how often it was written, so that of two who decide at once one begins again, and the first day
that each cut of each view has not told of."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a pool is."""

    number: int
    """How often it was written; 0: never."""

    until: Mapping[tuple[str, str], date]
    """The first day that is not told of, by view and cut."""


def read_progress(connection: sa.Connection, pool: str) -> Progress:
    """Give how far a pool is."""
    row = connection.execute(sa.select(POOLS).where(POOLS.c.pool == pool)).one_or_none()
    if row is None:
        return Progress(0, {})
    return Progress(row.number, {_named(key): date.fromisoformat(day) for key, day in row.progress.items()})


def write_progress(
    connection: sa.Connection, pool: str, before: Progress, until: Mapping[tuple[str, str], date]
) -> bool:
    """Write how far a pool is; False where somebody else wrote since it was read, and then nothing is written."""
    progress = {" ".join(key): day.isoformat() for key, day in until.items()}
    if before.number == 0:
        row = {"pool": pool, "number": 1, "progress": progress}
        made = _insert(connection, POOLS).values(row).on_conflict_do_nothing().returning(POOLS.c.number)
        return connection.execute(made).one_or_none() is not None  # PostgreSQL's driver counts no rows here
    changed = sa.update(POOLS).where(POOLS.c.pool == pool, POOLS.c.number == before.number)
    return bool(connection.execute(changed.values(number=before.number + 1, progress=progress)).rowcount == 1)


def read_days(connection: sa.Connection, source: str, days: Iterable[date]) -> dict[date, pl.DataFrame]:
    """Give what the machines add to these days, as far as they are written."""
    wanted = sorted(set(days))
    if not wanted:
        return {}
    within = DAYS.c.day.between(wanted[0], wanted[-1])
    rows = connection.execute(sa.select(DAYS.c.day, DAYS.c.elements).where(DAYS.c.source == source, within))
    known = set(wanted)
    return {day: pl.read_parquet(BytesIO(elements)) for day, elements in rows if day in known}


def read_written(connection: sa.Connection, source: str, days: Iterable[date]) -> set[date]:
    """Give which of these days are written."""
    wanted = set(days)
    if not wanted:
        return set()
    query = sa.select(DAYS.c.day).where(DAYS.c.source == source, DAYS.c.day.between(min(wanted), max(wanted)))
    return {day for (day,) in connection.execute(query) if day in wanted}


def write_days(connection: sa.Connection, source: str, days: Mapping[date, pl.DataFrame], now: datetime) -> None:
    """Write what machines add to days; days that are written stay as they are."""
    for day, elements in sorted(days.items()):
        file = BytesIO()
        elements.write_parquet(file)
        values = {"source": source, "day": day, "elements": file.getvalue(), "written": now}
        connection.execute(_insert(connection, DAYS).values(values).on_conflict_do_nothing())


def read_told(connection: sa.Connection, pool: str, first: date, until: date) -> list[Cell]:
    """Give the cells of a pool that touch [first, until) and are told, in part at least."""
    table = CELLS.c
    touching = sa.select(CELLS).where(table.pool == pool, table.first < until, table.until > first, table.shown)
    return [cell for row in connection.execute(touching) if (cell := _cell(row)).facets]


def read_groups(connection: sa.Connection, view: str, cut: str) -> set[str]:
    """Give the groups of a view's cut that were told of."""
    query = sa.select(CELLS.c.grouped).where(CELLS.c.view == view, CELLS.c.cut == cut, CELLS.c.shown).distinct()
    return {group for (group,) in connection.execute(query)}


def write_cells(connection: sa.Connection, pool: str, cells: Collection[Cell], now: datetime) -> None:
    """Write cells of a pool that were decided on."""
    rows = [
        {
            "view": cell.view,
            "cut": cell.cut,
            "first": cell.span.first,
            "grouped": cell.grouped,
            "until": cell.span.until,
            "pool": pool,
            "facets": list(cell.facets),
            "why": dict(cell.why),
            "floor": list(astuple(cell.floor)),
            "factories": cell.factories,
            "machines": cell.machines,
            "sums": dict(cell.sums),
            "shown": cell.shown,
            "due": cell.due,
            "written": now,
        }
        for cell in cells
    ]
    if rows:
        connection.execute(sa.insert(CELLS), rows)


def read_firsts(
    connection: sa.Connection,
    view: str,
    cut: str,
    first: date,
    until: date,
    limit: int,
    groups: Collection[str] | None = None,
) -> list[date]:
    """Give on which days in [first, until) periods of a view begin that have rows, in order, `limit` at most.

    `groups` are those that are asked about, as cells call them; None: all.
    """
    table = CELLS.c
    chosen = _chosen(view, cut, first, until, groups)
    query = sa.select(table.first).where(*chosen, table.shown).distinct().order_by(table.first).limit(limit)
    return [day for (day,) in connection.execute(query)]


def read_cells(
    connection: sa.Connection,
    view: str,
    cut: str,
    first: date,
    until: date,
    groups: Collection[str] | None = None,
    *,
    shown: bool = True,
) -> list[Cell]:
    """Give the cells of a view whose periods begin in [first, until), by first day and group.

    Args:
        connection: a transaction of the records.
        view: its name.
        cut: how it cuts.
        first: the first day.
        until: the first day after them.
        groups: those that are asked about, as cells call them; None: all.
        shown: only those that rows are shown of.
    """
    table = CELLS.c
    query = sa.select(CELLS).where(*_chosen(view, cut, first, until, groups))
    if shown:
        query = query.where(table.shown)
    return [_cell(row) for row in connection.execute(query.order_by(table.first, table.grouped))]


def _chosen(
    view: str, cut: str, first: date, until: date, groups: Collection[str] | None
) -> list[sa.ColumnElement[bool]]:
    table = CELLS.c
    chosen = [table.view == view, table.cut == cut, table.first >= first, table.first < until]
    return chosen if groups is None else [*chosen, table.grouped.in_(sorted(groups))]


def copy_opened(
    origin: sa.Connection, sources: Collection[str], pools: Collection[str]
) -> dict[sa.Table, list[dict[str, Any]]]:
    """Give all rows of pools and of the days of their sources, to be entered elsewhere by `enter_opened`."""
    mine = {POOLS: POOLS.c.pool.in_(pools), CELLS: CELLS.c.pool.in_(pools), DAYS: DAYS.c.source.in_(sources)}
    return {
        table: [dict(row) for row in origin.execute(sa.select(table).where(of)).mappings()]
        for table, of in mine.items()
    }


def enter_opened(target: sa.Connection, rows: Mapping[sa.Table, list[dict[str, Any]]]) -> None:
    """Enter the rows that `copy_opened` gave."""
    for table, some in rows.items():
        if some:
            target.execute(sa.insert(table), some)


def _insert(connection: sa.Connection, table: sa.Table) -> Any:
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


def _named(key: str) -> tuple[str, str]:
    """Read the name of a view and of its cut; neither has a space."""
    view, _, cut = key.partition(" ")
    return view, cut


def _cell(row: sa.Row[Any]) -> Cell:
    return Cell(
        view=row.view,
        cut=row.cut,
        span=Span(row.first, row.until),
        grouped=row.grouped,
        floor=Floor(*row.floor),
        facets=tuple(row.facets),
        why=row.why,
        factories=row.factories,
        machines=row.machines,
        sums=row.sums,
        shown=row.shown,
        due=row.due,
    )
