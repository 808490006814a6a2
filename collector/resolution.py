"""What becomes of gaps: filled, by what and with how many samples, or unfillable, and why.

A filling is noted when its samples are in the spool, and fills gaps when the store has them: nobody takes a gap for
filled whose samples cannot be read yet.

    samples ─► spool.append ─► note_filling ─► the store passes the position ─► fill_stored ─► gap filled

What is filled may be a part of a gap, in time and in signals. Then the gap is cut, and keeps its number for what is
left of it; the parts name it, and those alike that touch become one again. So a gap that is filled slice by slice is
two rows in between, and one row of its old number at the end.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Any, Final

import sqlalchemy as sa

from adapters.sources.contract import FilledBy
from collector.gaps import FILLED, GAPS, OPEN, UNFILLABLE, Gap, gaps_in, insert_gap, next_change
from collector.records import METADATA, NUMBER, Instant

FILLINGS: Final = sa.Table(
    "gap_fillings",
    METADATA,
    sa.Column("id", NUMBER, primary_key=True, autoincrement=True),
    sa.Column("source", sa.String(64), nullable=False),
    sa.Column("signals", sa.JSON, nullable=False),
    sa.Column("start", Instant, nullable=False),
    sa.Column("end", Instant, nullable=False),
    sa.Column("filled_by", sa.String(16), nullable=False),
    sa.Column("samples", sa.BigInteger, nullable=False),
    sa.Column("log", sa.String(64), nullable=False),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("newest", sa.BigInteger, nullable=False),
)
"""One row per filling whose samples are not in the store yet: columns as in `Part` and `Filling`, and the newest gap
that it is about: what goes missing later, it does not fill."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the gaps of one source."""

    source: str
    """Name of the source."""

    signals: tuple[str, ...]
    """Paths; empty: every signal of the source."""

    start: datetime
    """First instant, UTC."""

    end: datetime
    """First instant after it, UTC."""


@dataclass(frozen=True, slots=True)
class Filling:
    """A part of gaps whose samples are in the spool."""

    part: Part
    """What they fill."""

    by: FilledBy
    """Where they came from."""

    samples: int
    """How many they are; 0: nothing had happened in the part."""

    log: str
    """Identity of the spool."""

    position: int
    """Position in the spool after the last of them."""


def note_filling(connection: sa.Connection, filling: Filling) -> None:
    """Note a filling until the store has its samples."""
    newest = connection.execute(sa.select(sa.func.max(GAPS.c.id))).scalar() or 0
    part = filling.part
    connection.execute(
        sa.insert(FILLINGS).values(
            source=part.source,
            signals=list(part.signals),
            start=part.start,
            end=part.end,
            filled_by=filling.by.value,
            samples=filling.samples,
            log=filling.log,
            position=filling.position,
            newest=newest,
        )
    )


def withdraw(connection: sa.Connection, source: str, signals: Collection[str], start: datetime, end: datetime) -> None:
    """Take back the fillings by dead letters within [start, end): the store has refused their samples once more."""
    query = sa.select(FILLINGS).where(FILLINGS.c.source == source, FILLINGS.c.filled_by == FilledBy.LETTERS.value)
    for row in connection.execute(query.where(FILLINGS.c.start < end, FILLINGS.c.end > start)).all():
        if not set(row.signals).isdisjoint(signals):
            connection.execute(sa.delete(FILLINGS).where(FILLINGS.c.id == row.id))


def read_fillings(connection: sa.Connection) -> list[Filling]:
    """Give the fillings whose samples are not in the store yet, in the order they were noted."""
    return [_filling(row) for row in connection.execute(sa.select(FILLINGS).order_by(FILLINGS.c.id))]


def fill_stored(
    connection: sa.Connection, log: str, stored: int, now: datetime, every: Mapping[str, Collection[str]]
) -> list[Filling]:
    """Fill gaps by the fillings whose samples the store has by now; give these.

    A filling that another spool held is forgotten: that spool is gone, and nobody knows what of it was stored.

    Args:
        connection: a transaction of the records.
        log: identity of the spool.
        stored: position in it up to which the store has everything.
        now: the present, UTC.
        every: the signals of each source.
    """
    done = []
    for row in connection.execute(sa.select(FILLINGS).order_by(FILLINGS.c.id)).all():
        filling = _filling(row)
        if filling.log == log and filling.position > stored:
            continue
        if filling.log == log:
            fill(connection, filling, now, every.get(filling.part.source, ()), newest=row.newest)
            done.append(filling)
        connection.execute(sa.delete(FILLINGS).where(FILLINGS.c.id == row.id))
    return done


def fill(
    connection: sa.Connection, filling: Filling, now: datetime, every: Collection[str], *, newest: int | None = None
) -> list[int]:
    """Mark as filled what of gaps a filling fills; give the ids of the gaps that it touched.

    Args:
        connection: a transaction of the records.
        filling: what fills them; its samples are in the store.
        now: the present, UTC.
        every: all signals of the source.
        newest: the newest gap that it is about; None: whatever there is.
    """

    def filled(gap: Gap) -> Gap:
        return replace(gap, state=FILLED, filled_by=filling.by.value, resolved=now, samples=filling.samples, reason="")

    # What a source's history does not have it cannot fill either; whoever gives samples for it can.
    states = (OPEN,) if filling.by is FilledBy.HISTORY else (OPEN, UNFILLABLE)
    return _resolve(connection, filling.part, every, states, filled, newest=newest)


def give_up(connection: sa.Connection, part: Part, reason: str, now: datetime, every: Collection[str]) -> list[int]:
    """Mark as unfillable what of open gaps lies in `part`, and why; give the ids of the gaps that it touched."""

    def unfillable(gap: Gap) -> Gap:
        return replace(gap, state=UNFILLABLE, resolved=now, reason=reason)

    return _resolve(connection, part, every, (OPEN,), unfillable)


def close_gap(connection: sa.Connection, number: int, reason: str, now: datetime) -> None:
    """Mark a gap as unfillable: a person says so, and why. One that lasts, or is not open, stays as it is."""
    connection.execute(
        sa.update(GAPS)
        .where(GAPS.c.id == number, GAPS.c.state == OPEN, GAPS.c.end.is_not(None))
        .values(state=UNFILLABLE, resolved=now, reason=reason, changed=next_change(connection))
    )


def reopen(connection: sa.Connection, number: int) -> None:
    """Open a gap that was unfillable: its source is to be asked once more."""
    connection.execute(
        sa.update(GAPS)
        .where(GAPS.c.id == number, GAPS.c.state == UNFILLABLE)
        .values(state=OPEN, resolved=None, reason="", changed=next_change(connection))
    )


def _resolve(
    connection: sa.Connection,
    part: Part,
    every: Collection[str],
    states: Sequence[str],
    resolve: Callable[[Gap], Gap],
    *,
    newest: int | None = None,
) -> list[int]:
    change = next_change(connection)
    touching = (GAPS.c.source == part.source, GAPS.c.state.in_(states), GAPS.c.start <= part.end)
    query = sa.select(GAPS).where(*touching, GAPS.c.end >= part.start).order_by(GAPS.c.start, GAPS.c.id)
    touched = []
    for gap in gaps_in(connection.execute(query)):
        pieces = cut(gap, part, every) if newest is None or gap.whole <= newest else None
        if pieces is None:
            continue
        inside, rest = resolve(pieces[0]), pieces[1]
        for number, piece in enumerate([*rest, inside]):
            values = {**_values(piece), "changed": change}
            if number == 0:
                connection.execute(sa.update(GAPS).where(GAPS.c.id == gap.id).values(values))
            else:
                insert_gap(connection, {**values, "part_of": gap.whole})
        touched.append(gap.id)
        _join(connection, gap.whole, change)
    return touched


def cut(gap: Gap, part: Part, every: Collection[str]) -> tuple[Gap, list[Gap]] | None:
    """Cut a gap that is over; give what of it lies in `part`, and what is left; None where it does not reach into it.

    What is left is up to three gaps: after the part, before it, and beside it (its other signals).

    Args:
        gap: the gap.
        part: the part, of the same source.
        every: all signals of the source; a gap of every signal that the part has not all of stays whole without them.
    """
    if gap.end is None:
        return None
    start, end = max(gap.start, part.start), min(gap.end, part.end)
    if start > end or (start == end and gap.start != gap.end):
        return None
    own = set(gap.signals) or set(every)
    inside = own & set(part.signals) if part.signals else own
    if part.signals and not inside:
        return None
    beside = own - inside
    signals = tuple(sorted(inside)) if beside else gap.signals
    rest = [
        *([replace(gap, start=end)] if end < gap.end else []),
        *([replace(gap, end=start)] if gap.start < start else []),
        *([replace(gap, signals=tuple(sorted(beside)), start=start, end=end)] if beside else []),
    ]
    return replace(gap, signals=signals, start=start, end=end), rest


def unfilled(gaps: Sequence[Gap], fillings: Sequence[Filling], every: Collection[str]) -> list[Gap]:
    """Give what is left of gaps, all of one source, beside fillings that wait for the store; by start."""
    left = list(gaps)
    for filling in fillings:
        pieces = [(gap, cut(gap, filling.part, every)) for gap in left]
        left = [one for gap, parts in pieces for one in ([gap] if parts is None else parts[1])]
    return sorted(left, key=lambda gap: (gap.start, gap.id))


def _join(connection: sa.Connection, whole: int, change: int) -> None:
    """Make one of parts of a gap that touch and are alike."""
    query = sa.select(GAPS).where(sa.or_(GAPS.c.id == whole, GAPS.c.part_of == whole))
    parts = sorted(gaps_in(connection.execute(query)), key=lambda gap: (_alike(gap), gap.start))
    for _, alike in groupby(parts, key=_alike):
        runs: list[list[Gap]] = []
        for gap in alike:
            if runs and runs[-1][-1].end == gap.start:
                runs[-1].append(gap)
            else:
                runs.append([gap])
        for run in runs:
            if len(run) > 1:
                _make_one(connection, run, change)


def _make_one(connection: sa.Connection, run: Sequence[Gap], change: int) -> None:
    kept = min(run, key=lambda gap: (gap.part_of is not None, gap.id))
    counts = [gap.samples for gap in run if gap.samples is not None]
    told = [gap.resolved for gap in run if gap.resolved is not None]
    joined = {
        "start": run[0].start,
        "end": run[-1].end,
        "samples": sum(counts) if counts else None,
        "resolved": max(told, default=None),
        "changed": change,
    }
    connection.execute(sa.delete(GAPS).where(GAPS.c.id.in_([gap.id for gap in run if gap.id != kept.id])))
    connection.execute(sa.update(GAPS).where(GAPS.c.id == kept.id).values(joined))


def _alike(gap: Gap) -> tuple[Any, ...]:
    return tuple(sorted(gap.signals)), gap.state, gap.filled_by or "", gap.reason


def _values(gap: Gap) -> dict[str, Any]:
    return {
        "source": gap.source,
        "signals": list(gap.signals),
        "start": gap.start,
        "end": gap.end,
        "cause": gap.cause,
        "state": gap.state,
        "kind": gap.kind,
        "filled_by": gap.filled_by,
        "resolved": gap.resolved,
        "samples": gap.samples,
        "reason": gap.reason,
    }


def _filling(row: sa.Row[Any]) -> Filling:
    part = Part(row.source, tuple(row.signals), row.start, row.end)
    return Filling(part, FilledBy(row.filled_by), row.samples, row.log, row.position)
