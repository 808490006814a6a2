"""The stage: the machine's servers and parkline's roles, up together, and what can be seen of them.

The roles are the product's own processes, started by its own supervisor; the stage only looks at the records, the
spool's cursors and the store, as any of them would.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

import polars as pl

from adapters.sample import no_samples
from adapters.stores.contract import Store
from analytics import engine, watcher
from api.demo.machine import Machine, Played
from collector.assembly import open_records, open_spool, open_store
from collector.links import Link, read_links
from collector.load import Config
from collector.log import LogFormat, LogLevel
from collector.run import Supervisor, roles
from collector.spool.contract import STORE, Spool

if TYPE_CHECKING:
    from collector.records import Records

PATIENCE: Final = 30.0
"""Seconds without any progress after which the demo gives up."""

GLANCE: Final = 0.1
"""Seconds between two looks at the records."""


class StageError(Exception):
    """The demo cannot go on; the text says why, and which log tells more."""


@dataclass(slots=True)
class Tally:
    """What the machine has offered so far."""

    parts: list[pl.DataFrame] = field(default_factory=list)
    """Its samples, in order."""

    counts: Counter[str] = field(default_factory=Counter)
    """Samples by source."""

    fraction: float = 0.0
    """How much of the recording is played, 0 to 1."""

    def add(self, played: Played) -> None:
        """Count what was offered."""
        self.parts.append(played.sent)
        self.counts.update(played.counts)
        self.fraction = played.fraction

    @property
    def sent(self) -> pl.DataFrame:
        """All samples offered, columns of `SAMPLES`."""
        return pl.concat([no_samples(), *self.parts])


class Stage:
    """A machine and an installation that reads it, running."""

    def __init__(self, config: Config, machine: Machine, log: Path) -> None:
        """Take what to run; `log` is the file that the roles write their logs to."""
        self.config = config
        self.log = log
        self._machine = machine
        self.records: Records = open_records(config)
        self.store: Store = open_store(config)
        self._spool: Spool = open_spool(config.installation.spool)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Self]:
        """Start the roles and the machine's servers; stop them with the block.

        Raises:
            StageError: the servers cannot listen.
        """
        async with AsyncExitStack() as stack:
            log = stack.enter_context(self.log.open("wb"))
            supervisor = Supervisor(
                roles(), self.config.folder, log_format=LogFormat.CONSOLE, log_level=LogLevel.INFO, log=log
            )
            # The roles load while the machine's servers start. They are stopped last, which harms nobody: what a demo
            # has not played is not missed.
            await stack.enter_async_context(supervisor)
            try:
                await stack.enter_async_context(self._machine.serve())
            except OSError as error:  # such as a port that was free a moment ago
                msg = f"the demo's machine cannot listen: {error.strerror or error}; start the demo again"
                raise StageError(msg) from error
            await stack.enter_async_context(self.records)
            yield self

    async def links(self) -> dict[str, Link]:
        """Give how each source of the machine stands."""
        links = await self.records.run(read_links)
        return {name: links[name] for name in self._machine.sources if name in links}

    async def linked(self) -> None:
        """Wait until the collector is connected to every server of the machine.

        Raises:
            StageError: it was not, in time.
        """

        async def all_up() -> bool:
            links = await self.links()
            return len(links) == len(self._machine.sources) and all(link.state == "up" for link in links.values())

        await self._wait(all_up, "the collector did not connect to the demo's machine")

    async def play(self, *, held: bool) -> AsyncIterator[Tally]:
        """Play the recording; give the tally after each stretch.

        Args:
            held: whether the machine waits for the collector. A server that is played faster than a machine can move
                must be: its queues would overflow.

        Raises:
            StageError: the collector takes nothing any more.
        """
        tally = Tally()
        base = {name: link.samples + link.refusals for name, link in (await self.links()).items()}
        async for played in self._machine.play():
            tally.add(played)
            yield tally
            if held:
                await self._wait(
                    partial(self._within, self._machine.ahead, tally, base), "the collector takes no more samples"
                )
        await self._wait(partial(self._within, lambda _: 0, tally, base), "not all samples reached the collector")

    async def stored(self, tally: Tally) -> int:
        """Give how many of the samples offered are in the store, by signal and time; wait as long as it grows."""
        sent = tally.sent.select("signal", "time").unique()
        loop = asyncio.get_running_loop()
        async with self.store as store:
            there, moved = 0, loop.time()
            while there < sent.height and loop.time() - moved < PATIENCE:
                found = await _found(store, sent)
                if found > there:
                    there, moved = found, loop.time()
                await asyncio.sleep(GLANCE)
            return there

    async def _within(self, ahead: Callable[[str], int], tally: Tally, base: dict[str, int]) -> bool:
        links = await self.links()
        return all(
            count - (link.samples + link.refusals - base[name]) <= ahead(name)
            for name, count in tally.counts.items()
            if (link := links.get(name)) is not None
        )

    async def settled(self) -> None:
        """Wait until the store, the alerts and the analytics have all that the collector has.

        Raises:
            StageError: they do not come on.
        """
        async with self._spool as spool:
            end = await spool.end()
            await self._wait(partial(_reached, spool, STORE, end), "the store takes no more samples")
            await self._wait(partial(_reached, spool, watcher.CONSUMER, end), "the alerts do not come to an end")
            await self._wait(partial(_reached, spool, engine.CONSUMER, end), "analytics does not come to an end")

    async def _wait(self, reached: Callable[[], Awaitable[bool]], problem: str) -> None:
        """Look until it is reached; give up when nothing in the records has moved for `PATIENCE`."""
        loop = asyncio.get_running_loop()
        moved, last = loop.time(), None
        while not await reached():
            now = {name: link.samples for name, link in (await self.links()).items()}
            if now != last:
                moved, last = loop.time(), now
            if loop.time() - moved > PATIENCE:
                msg = f"{problem} within {PATIENCE:.0f} s; the roles say in {self.log}:\n{_tail(self.log)}"
                raise StageError(msg)
            await asyncio.sleep(GLANCE)


async def _reached(spool: Spool, consumer: str, end: int) -> bool:
    return await spool.cursor(consumer) >= end


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-15:])


async def _found(store: Store, sent: pl.DataFrame) -> int:
    first, last = (sent.select(pl.col("time").dt.cast_time_unit("us")).to_series().sort()[index] for index in (0, -1))
    frame = await store.samples(sent["signal"].unique().to_list(), first, last + timedelta(microseconds=1))
    there = await asyncio.to_thread(frame.select("signal", "time").collect)
    return sent.join(there, on=["signal", "time"], how="semi").height
