"""Telling: what a cycle of the engine says in the feed, of states and of windows that are over.

    pieces of timelines ─► against what was told last ─► states            with the engine's progress, or not at all
    untold windows ─► over for good, and stored ─► windows                 whenever the engine has computed

A window is told when it is over for good: what changes in it from then on is a restatement with a version of its own,
and is told at once. Each version is told once. Where less is known than was (a machine joined that is known less far),
windows that were told may run again; they are told once more when they are over.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

import polars as pl
import sqlalchemy as sa

from adapters.stores.contract import Store
from analytics.computing import Computed, Task
from analytics.kpis.catalogue import BY_SLUG
from analytics.machinestates import MachineNews
from analytics.notes import WITHDRAWN
from analytics.publishing import Publisher
from analytics.restatement import WINDOW
from analytics.settling import settled_until
from analytics.statenews import Known, Piece, Timeline, is_doubtful, state_news
from analytics.untold import Untold, WindowKey, forget, put_off, read_untold
from collector.feed import Entry, prune, tell, written
from collector.park import Park
from collector.records import Records

AT_ONCE: Final = 1000
"""Windows that one transaction tells at most."""

OFTEN: Final = timedelta(seconds=1)
"""How soon at the earliest a window that is not over is looked at again."""

SELDOM: Final = timedelta(minutes=10)
"""How soon at the latest."""

PRUNED_EVERY: Final = timedelta(minutes=10)
"""How often old rows of the feed are dropped."""

_SOONER: Final = 20

_FEW: Final = 20
"""Paths that the store is asked for by name."""

_MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(slots=True)
class Looked:
    """What one cycle has looked at of machines' timelines."""

    park: Park
    """Whose machines."""

    remembered: Mapping[str, Timeline]
    """What was told of them last, by path."""

    frontiers: Mapping[str, datetime]
    """Up to which instant it is known what each machine did, by path, UTC."""

    pieces: dict[str, list[Piece]] = field(default_factory=lambda: defaultdict(list))
    """What was looked at, by path."""

    def hear(self, task: Task, computed: Computed) -> None:
        """Take in what came of a task."""
        ends = dict(computed.states.group_by("equipment").agg(pl.col("end").max()).iter_rows())
        first = {path: self.remembered[path][0].start for path in ends if path in self.remembered}
        recent = _behind(computed.states, first)
        states: dict[str, list[Known]] = defaultdict(list)
        for path, start, state, raw in recent.select("equipment", "start", "state", "raw").iter_rows():
            states[path].append(Known(start, state, raw))
        for row in (
            task.ranges.group_by("equipment")
            .agg(pl.col("start").min(), pl.col("causes", "signals").explode(empty_as_null=False).unique())
            .iter_rows(named=True)
        ):
            path = row["equipment"]
            if path in ends:
                inputs = {signal.path for signal in self.park.equipment[path].state_inputs}
                end = None if ends[path] >= self.frontiers[path] else ends[path]
                doubtful = is_doubtful(row["causes"], row["signals"], inputs)
                self.pieces[path].append(Piece(row["start"], end, tuple(states[path]), doubtful))

    def news(self) -> list[MachineNews]:
        """Give what there is to tell."""
        return [
            MachineNews(path, *state_news(self.remembered.get(path, ()), pieces))
            for path, pieces in self.pieces.items()
        ]


def _behind(states: pl.DataFrame, first: Mapping[str, datetime]) -> pl.DataFrame:
    """Give the spans that end after an instant of each machine; of machines that have none, all."""
    if not first:
        return states
    least = pl.col("equipment").replace_strict(first, default=None, return_dtype=states.schema["end"])
    return states.filter((pl.col("end") > least).fill_null(value=True))


class Pruning:
    """Drops what the feed has told long ago, now and then."""

    def __init__(self, records: Records, keep: timedelta) -> None:
        """Prepare; `keep` is how long the feed keeps what it told."""
        self._records = records
        self._keep = keep
        self._due: datetime | None = None

    async def once(self, now: datetime) -> int:
        """Drop what is too old at `now`, UTC, if that was not done lately; give how many rows went.

        Raises:
            RecordsError: the records do not answer; it is done later.
        """
        if self._due is not None and now < self._due:
            return 0
        gone = 0
        while dropped := await self._records.run(partial(prune, before=now - self._keep, now=now)):
            gone += dropped
        self._due = now + PRUNED_EVERY
        return gone


async def tell_windows(
    publisher: Publisher,
    ready: Callable[[], Awaitable[Store]],
    computed: Mapping[str, datetime],
    now: datetime,
    *,
    shown: Callable[[], Awaitable[None]],
) -> bool:
    """Tell the windows that are over for good and stored; tell whether there may be more already.

    Args:
        publisher: stored them, and noted them as untold.
        ready: gives its store, open.
        computed: up to which instant each machine was computed, by path, UTC.
        now: the present, UTC.
        shown: waits until what is stored is shown to everybody who asks; awaited before anything is told.

    Raises:
        StoreError: the store does not answer or forbids; they are told later.
        RecordsError: the records do not answer; they are told later.
    """
    settled = settled_until(publisher.park, computed)
    newest = _newest(publisher.park, settled)
    untold = await publisher.records.run(partial(read_untold, now=now, limit=AT_ONCE, ended=newest))
    if not untold:
        return False
    over = [one for one in untold if _over(one, one.end, settled)]
    stored = await _stored(await ready(), over) if over else {}
    told: list[tuple[Untold, Entry]] = []
    later = [_later(one, one.end, settled, now, newest) for one in untold if not _over(one, one.end, settled)]
    for one in over:
        row = stored.get(one.key)
        if row is None or row["version"] < one.version or row["torn"]:
            later.append(Untold(one.key, one.version, one.end, now + SELDOM))  # its write is still to come
        elif _over(one, row["end"], settled):
            told.append((one, Entry(one.key.path, _body(row))))
        else:
            later.append(_later(one, row["end"], settled, now, newest))

    if told:
        await shown()

    def write(connection: sa.Connection) -> None:
        put_off(connection, later)
        forget(connection, [one for one, _ in told])
        tell(connection, "kpis", [entry for _, entry in told], now=now)

    await publisher.records.run(write)
    for one, _ in told:
        publisher.noted.pop(one.key, None)
    return len(untold) == AT_ONCE


def _over(one: Untold, end: datetime, settled: Mapping[str, datetime]) -> bool:
    until = settled.get(one.key.path)
    return until is None or end <= until


def _newest(park: Park, settled: Mapping[str, datetime]) -> datetime | None:
    """Give the instant beyond which no window is over; None where some are over whatever their end."""
    told = {path for path, machine in park.equipment.items() if machine.state_inputs}
    return max(settled.values()) if told and told <= settled.keys() else None


def _later(
    one: Untold, end: datetime, settled: Mapping[str, datetime], now: datetime, newest: datetime | None
) -> Untold:
    """Give a window that is not over with when it is looked at again: when others are known so far, or in a while.

    What is known may leap ahead of the clock; so that while is much less than what time alone would take.
    """
    if newest is not None and end > newest:
        return Untold(one.key, one.version, end, now)
    left = end - settled[one.key.path]
    return Untold(one.key, one.version, end, now + min(max(left / _SOONER, OFTEN), SELDOM))


async def _stored(store: Store, windows: Sequence[Untold]) -> dict[WindowKey, dict[str, Any]]:
    """Give what the store has of windows, as far as it has them."""
    together = defaultdict(list)
    for one in windows:
        together[one.key.period, one.key.start.date()].append(one.key)
    found: dict[WindowKey, dict[str, Any]] = {}
    for (period, _), keys in together.items():
        starts, paths = [key.start for key in keys], sorted({key.path for key in keys})
        results = await store.results(
            start=min(starts),
            end=max(starts) + _MICROSECOND,
            paths=paths if len(paths) <= _FEW else None,
            periods=[period],
        )
        wanted = pl.DataFrame(keys, schema={name: results.schema[name] for name in WINDOW}, orient="row")
        for row in _windows(results.join(wanted, on=WINDOW, how="semi")).iter_rows(named=True):
            found[WindowKey(*(row[name] for name in WINDOW))] = row
    return found


def _windows(results: pl.DataFrame) -> pl.DataFrame:
    """Give results of the catalogue, a row per window."""
    newest = pl.col("version") == pl.col("version").max()
    return (
        results.filter(pl.col("kpi").is_in(list(BY_SLUG)))
        .sort(*WINDOW, "kpi")
        .group_by(WINDOW, maintain_order=True)
        .agg(
            pl.col("name", "end").filter(newest).last(),
            pl.col("version", "computed").max(),
            pl.col("reason").filter(newest).first(),
            pl.col("coverage").filter(newest).drop_nulls().first(),
            pl.col("kpi"),
            pl.when(pl.col("value").is_finite()).then("value"),
            torn=pl.col("version").min() < pl.col("version").max(),
            withdrawn=(pl.col("note") == WITHDRAWN).any(),
        )
    )


def _body(row: Mapping[str, Any]) -> dict[str, Any]:
    """Give what the feed says of a window."""
    return {
        "period": row["period"],
        "name": row["name"],
        "start": written(row["start"]),
        "end": written(row["end"]),
        "version": row["version"],
        "computed": written(row["computed"]),
        "reason": row["reason"],
        "withdrawn": row["withdrawn"],
        "coverage": row["coverage"],
        "values": dict(zip(row["kpi"], row["value"], strict=True)),
    }
