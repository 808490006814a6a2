"""Dead letters once more: decoded as the configuration now says, and given the way of all samples.

    letter ─► its source decodes it again ─► admit ─► spool.append ─► settled: replayed
                                               └─ still none: it stays open

- A person has mended what refused it: the path or the type in the line file, the source's settings, a bound of
  admission. A refused sample (`collector.letter`) needs no source: it is admitted again.
- Samples carry the time that the input states. Where it states none, its arrival is its time; of a letter that came
  often, only the first and the last arrival are known, and so it gives two samples. How many arrivals lie between, of
  which no sample can be made, is told (`Told.between`). The same holds of a refused sample, whose own times are known
  for its first and its last arrival.
- A message of several signals may become samples for some and refusals for others: those are new letters.
- What has died between the spool and the records is replayed again: the same samples at the same times, which change
  nothing in the store.

It works beside a running collector, and without one: then the samples wait in the spool.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, Final, Literal, TypeAlias

import polars as pl
import sqlalchemy as sa

from adapters.registry import source_kind
from adapters.sample import SAMPLES, Status, no_samples
from adapters.sources.contract import Point, Redecodes, Source
from collector.admit import admit, rules_of
from collector.assembly import open_spool
from collector.deadletters import (
    Bounds,
    Choice,
    DeadLetter,
    bounds_of,
    read_dead_letters,
    settle_dead_letters,
    write_dead_letters,
)
from collector.letter import LETTERS, NoSampleError, inputs, read_sample
from collector.lettergaps import fill_rejected
from collector.load import Config
from collector.park import Park
from collector.records import Records
from collector.settings import AdmitSettings
from collector.spool.contract import Spool

AT_ONCE: Final = 200
"""Letters that are decoded, spooled and settled together."""

Fate: TypeAlias = Literal["replayed", "refused"]
"""What becomes of a letter: samples, or nothing yet."""


@dataclass(frozen=True, slots=True)
class Told:
    """What became of one letter, or would."""

    letter: DeadLetter
    """The letter, as it was before."""

    fate: Fate
    """`replayed`: it became samples; `refused`: it stays, for it is none even now."""

    samples: int
    """Samples that it became."""

    between: int
    """Arrivals between the first and the last, of which no sample can be made: nobody knows when they were."""

    detail: str
    """What a person should know: why it is still none, or what of it is not."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a letter is now."""

    samples: pl.DataFrame
    """Columns of `SAMPLES`."""

    refusals: pl.DataFrame
    """Columns of `LETTERS`: what of it is no sample."""

    between: int
    """As in `Told`."""

    @property
    def problems(self) -> str:
        """Why something of it is no sample; empty where all of it is."""
        return "; ".join(self.refusals["reason"].unique(maintain_order=True))


class Redecoder:
    """Decodes letters as one configuration says; opens nothing and asks nobody."""

    def __init__(self, park: Park, settings: AdmitSettings) -> None:
        """Decode for the signals of `park`; `settings` say what is admitted."""
        self._park = park
        self._rules = rules_of(park.signals.values(), settings)
        scaled = self._rules.table.with_columns(scale=pl.lit(1.0), offset=pl.lit(0.0))
        self._scaled = replace(self._rules, table=scaled)
        self._sources: dict[str, Source] = {}
        self._points: dict[str, list[Point[Any]]] = {}
        for signal in park.signals.values():
            self._points.setdefault(signal.source, []).append(Point(signal.path, signal.type, signal.address))

    @property
    def signals(self) -> Collection[str]:
        """Paths of the park's signals."""
        return self._park.signals.keys()

    def read_each(self, letters: Sequence[DeadLetter]) -> list[tuple[DeadLetter, Reading]]:
        """Tell of each letter what it is now."""
        return [(letter, self.read(letter)) for letter in letters]

    def read(self, letter: DeadLetter) -> Reading:
        """Tell what a letter is now."""
        if letter.cut:
            why = "its payload was too long to be kept whole, so it cannot be decoded again; drop it"
            return _nothing(letter, why)
        if letter.form != "input":
            return self._sample(letter)
        if letter.source not in self._park.sources:
            why = f"the park has no source {letter.source!r} that could decode it; play a recording again, or drop it"
            return _nothing(letter, why)
        if letter.signal is not None and letter.signal not in self._park.signals:
            why = f"the park has no signal {letter.signal} any more; write it in a line file again, or drop the letter"
            return _nothing(letter, why)
        source = self._source(letter.source)
        if not isinstance(source, Redecodes):
            kind = self._park.sources[letter.source].kind
            return _nothing(letter, f"sources of kind {kind} cannot decode again what they refused; drop it")
        first, last = (
            source.decode_again(letter.address, letter.signal, letter.payload, arrival)
            for arrival in (letter.first, letter.last)
        )
        own_times = first.samples["time"].equals(last.samples["time"])
        samples = pl.concat([first.samples, last.samples]).unique(["signal", "time"], keep="first", maintain_order=True)
        admitted = admit(letter.source, samples, self._rules)
        between = 0 if own_times else max(letter.count - 2, 0)
        refusals = pl.concat([inputs(first.refusals), admitted.refusals])
        return Reading(admitted.samples, refusals, 0 if admitted.samples.is_empty() else between)

    def _sample(self, letter: DeadLetter) -> Reading:
        """Read a letter that holds a sample."""
        try:
            values = read_sample(letter.payload)
        except NoSampleError as error:
            return _nothing(letter, f"{error}; drop it")
        first, last = letter.first_time or letter.first, letter.last_time or letter.last
        rows = [
            {"status": int(Status.GOOD), **values, "signal": letter.signal, "time": time, "received": arrival}
            for time, arrival in dict.fromkeys([(first, letter.first), (last, letter.last)])
        ]
        rows = rows[:1] if first == last else rows
        rules = self._scaled if letter.form == "admitted" else self._rules
        admitted = admit(letter.source, pl.DataFrame(rows, schema=SAMPLES), rules)
        between = 0 if first == last or admitted.samples.is_empty() else max(letter.count - 2, 0)
        return Reading(admitted.samples, admitted.refusals, between)

    def _source(self, name: str) -> Source:
        if name not in self._sources:
            source = self._park.sources[name]
            points = self._points.get(name, [])
            self._sources[name] = source_kind(source.kind).create(name, source.settings, points)
        return self._sources[name]


async def replay_letters(
    config: Config,
    records: Records,
    choice: Choice,
    *,
    dry_run: bool,
    now: Callable[[], datetime],
    asked_by: str = "",
) -> AsyncIterator[Told]:
    """Replay the open letters of a choice, the newest first; tell what became of each once that is safe.

    Args:
        config: the installation as it is configured now.
        records: open.
        choice: which letters; those that are settled are passed over.
        dry_run: only tell what would become of them.
        now: the clock, UTC.
        asked_by: who asks, as the letters' notes are to name it; empty: nobody is named.

    Raises:
        SpoolError: the spool cannot be opened, or has no room; what was told before is done, the rest is as it was.
        RecordsError: the records do not answer.
    """
    decoder = await asyncio.to_thread(Redecoder, config.park, config.installation.admit)
    bounds = bounds_of(config.installation.records)
    async with AsyncExitStack() as stack:
        spool = None if dry_run else await stack.enter_async_context(open_spool(config.installation.spool))
        async for told in carry(decoder, records, spool, choice, bounds=bounds, now=now, asked_by=asked_by):
            yield told


async def carry(
    decoder: Redecoder,
    records: Records,
    spool: Spool | None,
    choice: Choice,
    *,
    bounds: Bounds,
    now: Callable[[], datetime],
    asked_by: str = "",
) -> AsyncIterator[Told]:
    """Do as `replay_letters`, with parts that are open; without a spool only tell what would become of them."""
    of, before = replace(choice, state="open"), None
    # Letters that come meanwhile have greater numbers, and are left for the next time.
    while letters := await records.run(partial(read_dead_letters, choice=of, limit=AT_ONCE, before_id=before)):
        readings = await asyncio.to_thread(decoder.read_each, letters)  # some milliseconds a letter
        told = [_told(letter, reading) for letter, reading in readings]
        if spool is not None:
            position = await _spool(spool, readings)
            new = pl.concat([_none(), *(one.refusals for _, one in readings if not one.samples.is_empty())])
            notes = {one.letter.id: _note(one, asked_by) for one in told if one.fate == "replayed"}
            done = [one.letter for one in told if one.fate == "replayed"]
            fill = partial(fill_rejected, letters=done, log=spool.log, position=position, every=decoder.signals)
            await records.run(partial(_settle, new, notes, bounds, now(), fill))
        for one in told:
            yield one
        before = letters[-1].id


async def _spool(spool: Spool, readings: list[tuple[DeadLetter, Reading]]) -> int:
    """Make the samples durable, in the order in which the letters came; give the position after them."""
    by_source: dict[str, list[pl.DataFrame]] = {}
    for letter, reading in reversed(readings):
        if not reading.samples.is_empty():
            by_source.setdefault(letter.source, []).append(reading.samples)
    for source, samples in by_source.items():
        await spool.append(pl.concat(samples, rechunk=True), source)
    return await spool.end()


def _settle(
    new: pl.DataFrame,
    notes: dict[int, str],
    bounds: Bounds,
    now: datetime,
    fill: Callable[..., None],
    connection: sa.Connection,
) -> None:
    settle_dead_letters(connection, notes, state="replayed", now=now)
    write_dead_letters(connection, new, bounds=bounds)
    fill(connection)


def _told(letter: DeadLetter, reading: Reading) -> Told:
    count = reading.samples.height
    return Told(letter, "replayed" if count else "refused", count, reading.between, reading.problems)


def _note(told: Told, asked_by: str) -> str:
    """Say what became of a letter, for whoever looks at it later."""
    text = f"became {told.samples} sample{'s' if told.samples != 1 else ''}"
    if told.between:
        text += f"; {told.between} arrivals between the first and the last are not among them"
    if told.detail:
        text += f"; beside them: {told.detail}"
    return f"{text} (asked by {asked_by})" if asked_by else text


def _nothing(letter: DeadLetter, reason: str) -> Reading:
    """Say that a letter cannot be read, and why."""
    row = {
        "source": letter.source,
        "address": letter.address,
        "signal": letter.signal,
        "payload": letter.payload,
        "reason": reason,
        "received": letter.last,
        "form": letter.form,
        "time": None,
    }
    return Reading(no_samples(), pl.DataFrame([row], schema=LETTERS), 0)


def _none() -> pl.DataFrame:
    return pl.DataFrame(schema=LETTERS)
