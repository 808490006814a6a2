"""Gaps filled because a person says so: from recorded files, or from the source's history now.

A recorded file speaks for its own time and its own signals only. Of a gap it fills what lies between its first and its
last sample (of any signal of the source), and there the signals of which it has any sample at all: a file that never
speaks of a signal knows nothing of it. What is in the file beside the gaps is left alone.

Both work beside a running collector, and without one: samples go into the spool, and whoever drains it next stores
them and closes the gaps.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import polars as pl

from adapters.registry import source_kind
from adapters.sample import INSTANT, no_refusals
from adapters.sources.contract import Delivery, FilledBy, FiniteSource, HistorySource, Point
from collector.backfill import Backfill, Safety
from collector.clock import WallClock
from collector.filling import SLICE, fill_part
from collector.gaps import Gap
from collector.park import Park, Signal
from collector.resolution import Part, reopen

ROWS: Final = 100_000
"""Samples of a file that are looked at together."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(slots=True)
class Found:
    """What a file, or a history, had for gaps."""

    samples: Counter[int] = field(default_factory=Counter)
    """Samples in the spool, by the number of the gap."""

    parts: dict[int, Part] = field(default_factory=dict)
    """What of each gap they fill; gaps that are left out are not filled at all."""

    refused: int = 0
    """Samples within the gaps that became dead letters."""

    unread: int = 0
    """Rows of the file that could not be read."""

    reason: str = ""
    """Why the first of these could not."""

    first: datetime | None = None
    """Least time that the file has of the source's signals, UTC."""

    last: datetime | None = None
    """Greatest time that the file has of them, UTC."""

    signals: frozenset[str] = frozenset()
    """Paths of which the file has a sample."""


async def fill_from_files(
    safety: Safety,
    park: Park,
    gaps: Sequence[Gap],
    files: Sequence[Path],
    *,
    reading: dict[str, Any],
    whole: bool,
    tell: Callable[[float], None],
) -> Found:
    """Put what recorded files have for gaps into the spool, and note what it fills.

    Args:
        safety: where samples are made safe.
        park: whose signals.
        gaps: gaps of one source that are over.
        files: recorded files, in the order of their times; their values are as the source would say them.
        reading: settings of the replay source (`format`, `time_zone`, …).
        whole: whether the files speak for all of the gaps' time, whatever their first and last samples are.
        tell: is told how much has been read, 0 to 1.

    Raises:
        SourceError: a file cannot be read.
        SpoolError: the spool is full, or its disk refuses.
        RecordsError: the records do not answer.
    """
    name = gaps[0].source
    signals = [signal for signal in park.signals.values() if signal.source == name]
    every = [signal.path for signal in signals]
    backfill, found = Backfill(safety, name, FilledBy.RECORDING), Found()
    source = _files(name, signals, files, reading)
    async with source.connect() as deliveries:
        async for delivery in deliveries:
            _note(found, delivery)
            samples = delivery.samples
            masks = {gap.id: samples.select(_inside(gap)).to_series() for gap in gaps}
            for number, mask in masks.items():
                found.samples[number] += int(mask.sum())
            inside = samples.select(pl.any_horizontal(*masks.values())).to_series()
            await backfill.carry(Delivery(samples.filter(inside), no_refusals()))
            tell(source.progress.share)
    found.refused = backfill.refused
    found.parts = {gap.id: part for gap in gaps for part in _filled(gap, every, found, whole=whole)}
    parts = {part: found.samples[number] for number, part in found.parts.items()}
    await backfill.finish(parts, datetime.now(UTC), every)
    return found


async def fill_from_history(
    safety: Safety, source: HistorySource, every: Collection[str], gaps: Sequence[Gap], tell: Callable[[float], None]
) -> Found:
    """Ask a source for its history of gaps, put it into the spool, and note what it fills.

    Args:
        safety: where samples are made safe.
        source: the gaps' source.
        every: paths of all its signals.
        gaps: gaps that are over; those that were unfillable are opened again.
        tell: is told how much has been read, 0 to 1.

    Raises:
        SourceError: the source is not there, says no, or breaks off.
        SpoolError: the spool is full, or its disk refuses.
        RecordsError: the records do not answer.
    """
    found, clock = Found(), WallClock()

    async def room() -> None:
        """The spool says itself when it is full."""

    slices = [(gap, part) for gap in gaps for part in _slices(gap)]
    async with source.history() as history:
        for gap in gaps:
            await safety.records.run(lambda connection, number=gap.id: reopen(connection, number))  # type: ignore[misc]
        for number, (gap, part) in enumerate(slices, start=1):
            found.samples[gap.id] += await fill_part(safety, history, part, every, clock, room)
            found.parts[gap.id] = part
            tell(number / len(slices))
    return found


def _files(name: str, signals: Sequence[Signal], files: Sequence[Path], reading: dict[str, Any]) -> FiniteSource:
    """Make a source of files; each signal is found by its path, and by its item or name where that is no other's."""
    kind = source_kind("replay")
    names = Counter(signal.item or signal.name for signal in signals)
    points = [
        Point(signal.path, signal.type, kind.address.model_validate({"item": item}))
        for signal in signals
        for item in {signal.path, signal.item or signal.name}
        if item == signal.path or names[item] == 1
    ]
    settings = {"files": [file.absolute() for file in files], "rows": ROWS, **reading}
    source = kind.create(name, kind.settings.model_validate(settings), points)
    if not isinstance(source, FiniteSource):
        msg = "the replay source has no end"
        raise TypeError(msg)
    return source


def _note(found: Found, delivery: Delivery) -> None:
    """Note from when to when a file speaks, of what, and what of it cannot be read."""
    samples, refusals = delivery.samples, delivery.refusals
    if not samples.is_empty():
        first, last = samples.select(
            first=pl.col("time").dt.cast_time_unit("us").min(), last=pl.col("time").dt.cast_time_unit("us").max()
        ).row(0)
        found.first = first if found.first is None else min(found.first, first)
        found.last = last if found.last is None else max(found.last, last)
        found.signals |= frozenset(samples["signal"].unique())
    if not refusals.is_empty():
        found.reason = found.reason or str(refusals["reason"][0])
        found.unread += refusals.height


def _inside(gap: Gap) -> pl.Expr:
    """True for samples of a gap."""
    within = pl.col("time").is_between(_at(gap.start), _at(gap.end or gap.start), closed="left")
    return within & pl.col("signal").is_in(list(gap.signals)) if gap.signals else within


def _filled(gap: Gap, every: Sequence[str], found: Found, *, whole: bool) -> Iterator[Part]:
    """Give what of a gap a file fills, if anything."""
    signals = tuple(sorted(found.signals.intersection(gap.signals or every)))
    if gap.end is None or found.first is None or found.last is None or not signals:
        return
    start = gap.start if whole else max(gap.start, found.first)
    end = gap.end if whole else min(gap.end, found.last + _MICROSECOND)
    if start < end:
        yield Part(gap.source, signals, start, end)


def _slices(gap: Gap) -> Iterator[Part]:
    start, last = gap.start, gap.end or gap.start
    while start < last:
        end = min(start + SLICE, last)
        yield Part(gap.source, gap.signals, start, end)
        start = end


def _at(instant: datetime) -> pl.Expr:
    return pl.lit((instant - _EPOCH) // _MICROSECOND * 1000, dtype=pl.Int64).cast(INSTANT)
