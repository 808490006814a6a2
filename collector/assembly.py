"""Puts the collector together from a configuration: sources, spool, store, records.

    sources ─► intake, one each ─► spool ─► drain ─► store
                    └─ links, gaps, dead letters ─► records

It starts downstream first and stops upstream first, so that nothing arrives where nobody takes it.
"""

import asyncio
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import SystemRandom
from typing import Any, Final

import structlog

from adapters.registry import source_kind, store_kind
from adapters.sources.contract import Point, Source, SourceError
from adapters.stores.contract import Store
from collector.admit import rules_of
from collector.backfill import Safety
from collector.clock import WallClock
from collector.deadletters import bounds_of
from collector.drain import Drain
from collector.filling import GapFiller
from collector.intake import Intake
from collector.linkbook import LinkBook
from collector.load import Config
from collector.losses import LossCarrier
from collector.records import Records
from collector.settings import SpoolSettings
from collector.spool.contract import STORE, Spool
from collector.spool.sqlite import SqliteSpool

DRAINED: Final = 6.0
"""Seconds in which sources stop first, and then the store takes what it still does; the rest stays in the spool."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Totals:
    """What became of all that finite sources delivered; `sent` is `stored` + `refused`."""

    sent: int
    """Samples and refusals delivered."""

    stored: int
    """Samples that are in the store."""

    refused: int
    """Dead letters: refused by the source, by admission or by the store."""


def open_records(config: Config, *, in_turn: bool = False, each: timedelta | None = None) -> Records:
    """Make the records of an installation, opened by entering their block. `in_turn` and `each`: as for `Records`."""
    return Records(config.installation.records.url.get_secret_value(), in_turn=in_turn, each=each)


def open_store(config: Config) -> Store:
    """Make the store of an installation; it is opened by entering its block."""
    settings = config.installation.store
    return store_kind(settings.kind).create(settings.settings)


def open_spool(settings: SpoolSettings, *, mends: bool = False) -> Spool:
    """Make a spool; it is opened by entering its block. The one process that appends also `mends` what is damaged."""
    return SqliteSpool(
        settings.path,
        limit=settings.limit,
        linger=settings.linger,
        keep=settings.keep,
        age=settings.age,
        when_full=settings.when_full,
        mends=mends,
    )


def sources_of(config: Config) -> list[Source]:
    """Make the park's sources, each with the points of its signals."""
    points: dict[str, list[Point[Any]]] = {name: [] for name in config.park.sources}
    for signal in config.park.signals.values():
        points[signal.source].append(Point(signal.path, signal.type, signal.address))
    return [
        source_kind(source.kind).create(name, source.settings, points[name])
        for name, source in config.park.sources.items()
    ]


def safety_of(config: Config, records: Records, spool: Spool) -> Safety:
    """Tell where samples of an installation are made safe that no link brings."""
    rules = rules_of(config.park.signals.values(), config.installation.admit)
    return Safety(rules, spool, records, bounds_of(config.installation.records))


async def collect(config: Config, stop: asyncio.Event) -> None:
    """Carry samples from the park's sources to its store until `stop` is set, then stop in order within `DRAINED`.

    Raises:
        SpoolError: the spool cannot be opened.
        RecordsError: the records cannot be opened.
    """
    sources = sources_of(config)
    async with open_records(config) as records, open_spool(config.installation.spool, mends=True) as spool:
        parts = _Parts(config, records, spool)
        await parts.book.open(source.name for source in sources)
        drain = parts.drain(open_store(config))
        async with asyncio.TaskGroup() as downstream:
            draining = downstream.create_task(drain.run(), name="drain")
            beating = downstream.create_task(parts.book.run(), name="links")
            carrying = downstream.create_task(parts.losses.run(), name="losses")
            async with asyncio.TaskGroup() as upstream:
                intakes = [
                    upstream.create_task(parts.intake(source).follow(), name=f"intake {source.name}")
                    for source in sources
                ]
                filling = upstream.create_task(parts.filler(sources).run(), name="gaps")
                await stop.wait()
                until = asyncio.get_running_loop().time() + DRAINED
                _log.info("stopping", sources=len(intakes))
                filling.cancel()
                for intake in intakes:
                    intake.cancel()
            beating.cancel()
            drain.leave()
            await asyncio.wait({draining}, timeout=until - asyncio.get_running_loop().time())
            draining.cancel()
            if (upto := await spool.end()) > (stored := await spool.cursor(STORE)):
                _log.warning("samples left in the spool", upto=upto, stored=stored)
            carrying.cancel()
        await parts.losses.carry()
        await parts.book.flush()
    _log.info("stopped", stored=drain.stored, refused=drain.refused)


async def ingest(config: Config, sources: Sequence[Source], store: Store | None = None) -> Totals:
    """Carry all of finite `sources` to the store; return when it is there.

    They pass a spool of their own, beside the installation's, which is gone afterwards. Links, gaps and dead letters
    are entered in the installation's records, under the sources' names.

    Args:
        config: the installation; its park has the signals that the sources deliver.
        sources: recorded files; each ends by itself.
        store: an open store; None for the installation's, opened for as long as it takes.

    Raises:
        SourceError: a source could not be read to its end; what it had delivered is stored.
        StoreError: the installation's store cannot be opened.
        SpoolError: the spool cannot be made.
        RecordsError: the records cannot be opened.
    """
    async with AsyncExitStack() as stack:
        if store is None:
            store = await stack.enter_async_context(open_store(config))
        records = await stack.enter_async_context(open_records(config))
        folder = config.installation.spool.path.parent
        folder.mkdir(parents=True, exist_ok=True)
        passing = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ingest-", dir=folder)))
        settings = config.installation.spool.model_copy(
            update={"path": passing / "spool.db", "keep": timedelta(0), "linger": timedelta(0), "when_full": "hold"}
        )
        spool = await stack.enter_async_context(open_spool(settings))
        parts = _Parts(config, records, spool)
        await parts.book.open(source.name for source in sources)
        drain, intakes = parts.drain(store, noted=False), [parts.intake(source) for source in sources]
        failures: list[SourceError] = []
        async with asyncio.TaskGroup() as downstream:
            downstream.create_task(drain.pump(), name="drain")
            beating = downstream.create_task(parts.book.run(), name="links")
            async with asyncio.TaskGroup() as upstream:
                for intake in intakes:
                    upstream.create_task(_to_the_end(intake, failures), name=f"intake {intake.name}")
            beating.cancel()
            drain.finish()
        await parts.losses.carry()
        await parts.book.flush()
        if failures:
            raise failures[0]
        await store.maintain()
    refused = sum(intake.refused for intake in intakes) + drain.refused
    return Totals(sum(intake.sent for intake in intakes), drain.stored, refused)


async def _to_the_end(intake: Intake, failures: list[SourceError]) -> None:
    try:
        await intake.once()
    except SourceError as error:
        failures.append(error)


class _Parts:
    """What the parts of one collector share."""

    def __init__(self, config: Config, records: Records, spool: Spool) -> None:
        self.book = LinkBook(records, _CLOCK)
        self.losses = LossCarrier(spool, records, tuple(config.park.sources), _CLOCK)
        self._config = config
        self._records = records
        self._spool = spool
        self._rules = rules_of(config.park.signals.values(), config.installation.admit)
        self._keep = bounds_of(config.installation.records)

    def intake(self, source: Source) -> Intake:
        return Intake(
            source,
            rules=self._rules,
            spool=self._spool,
            records=self._records,
            book=self.book,
            dead_letters=self._keep,
            clock=_CLOCK,
            random=_RANDOM,
        )

    def filler(self, sources: Sequence[Source]) -> GapFiller:
        signals: dict[str, list[str]] = {source.name: [] for source in sources}
        for signal in self._config.park.signals.values():
            signals[signal.source].append(signal.path)
        return GapFiller(
            sources,
            signals=signals,
            safety=safety_of(self._config, self._records, self._spool),
            limit=self._config.installation.spool.limit,
            book=self.book,
            clock=_CLOCK,
            random=_RANDOM,
        )

    def drain(self, store: Store, *, noted: bool = True) -> Drain:
        return Drain(
            self._spool,
            store,
            self._records,
            settings=self._config.installation.store,
            sources={signal.path: signal.source for signal in self._config.park.signals.values()},
            dead_letters=self._keep,
            clock=_CLOCK,
            random=_RANDOM,
            noted=noted,
        )


_CLOCK: Final = WallClock()
_RANDOM: Final = SystemRandom()
