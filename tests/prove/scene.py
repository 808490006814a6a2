"""What all proofs share: loads on real servers, a collector in a process of its own, InfluxDB, and the counting back.

    async with Scene(MqttLoad(), OpcuaLoad()) as scene:      servers run, nothing is sent
        installation = scene.install()
        async with installation.living() as process:
            await installation.connected(process)
            scene.begin()                                    the loads send
            …                                                faults, also over several lives of the collector
            await scene.end()                                all that was sent counts as sent
            await scene.arrived()                            the store has it, or nothing more comes
        return await scene.outcome(faults=7)                 one JSON line of the table

    load ─► broker or server ─► collector ─► InfluxDB ─► counted back ─► verdict

Numbers are sent each once. Whoever lets the collector live when the loads begin and end, and lets both be for `SETTLED`
seconds, leaves nothing an excuse.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict
from functools import reduce
from operator import add
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tests.prove.installation import Installation
from tests.prove.load import Load, Verdict, judge
from tests.servers.influxdb import InfluxServer

DATABASE: Final = "proof"
"""The InfluxDB database that the collector writes to."""

SETTLED: Final = 1.5
"""Seconds before the first fault and after the last in which nothing happens: what is sent then has no excuse."""

QUIET: Final = 30.0
"""Seconds without anything new in the store, after which nothing more is expected."""

TOLD: Final = 4.0
"""The same, where all that is missing lies in gaps."""


class Scene:
    """Servers and a folder, for as long as the block is open."""

    def __init__(self, *loads: Load) -> None:
        """Prepare; the loads are not open yet."""
        self.loads = loads
        self._stack = AsyncExitStack()
        self._stop = asyncio.Event()
        self._sending: asyncio.Future[list[None]] | None = None
        self._begun = self._seconds = 0.0
        self._folder: Path | None = None
        self._influx: InfluxServer | None = None
        self._installation: Installation | None = None

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as opening:
            self._folder = Path(opening.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
            for part in ("influx", *(load.equipment for load in self.loads)):
                (self._folder / part).mkdir()
            self._influx = await opening.enter_async_context(InfluxServer(self._folder / "influx"))
            await self._influx.query(f'CREATE DATABASE "{DATABASE}"')
            for load in self.loads:
                await load.open(self._folder / load.equipment, opening)
            self._stack = opening.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._sending is not None and not self._sending.done():
            self._sending.cancel()
            await asyncio.wait({self._sending})
        await self._stack.__aexit__(kind, error, trace)

    @property
    def folder(self) -> Path:
        """A folder that is gone after the block."""
        assert self._folder is not None, "the scene is not open"
        return self._folder

    @property
    def influx(self) -> InfluxServer:
        """The store's server; its `url` can be hidden behind a proxy: `install(store={"url": …})`."""
        assert self._influx is not None, "the scene is not open"
        return self._influx

    @property
    def installation(self) -> Installation:
        """What `install` made last."""
        assert self._installation is not None, "nothing is installed"
        return self._installation

    def install(
        self,
        *,
        folder: str = "park",
        store: Mapping[str, object] | None = None,
        prefix: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        **sections: Mapping[str, object],
    ) -> Installation:
        """Write an installation that collects the loads; the last one is judged.

        Args:
            folder: name of its folder.
            store: keys of the section `store` besides InfluxDB's, or instead of them.
            prefix: words before the collector's command.
            environment: the collector's environment; None for that of this process.
            sections: other sections of parkline.yaml, such as `spool={"age": "5 s"}`.
        """
        own = {"kind": "influxdb", "url": self.influx.url, "bucket": DATABASE, "flush": "200ms"}
        self._installation = Installation(
            self.folder / folder,
            self.loads,
            store=own | dict(store or {}),
            prefix=prefix,
            environment=environment,
            **sections,
        )
        return self._installation

    def begin(self) -> None:
        """Have the loads send."""
        self._begun = time.monotonic()
        self._sending = asyncio.gather(*(load.send(self._stop) for load in self.loads))

    async def end(self) -> None:
        """Have the loads stop; return when all that they sent counts as sent."""
        assert self._sending is not None, "nothing was begun"
        self._stop.set()
        await self._sending
        self._seconds = time.monotonic() - self._begun

    async def arrived(self) -> None:
        """Wait until the store has all that was sent, or nothing new comes any more."""
        wanted = {load.equipment: len(load.sent) for load in self.loads}
        found: dict[str, int] = {}
        loop = asyncio.get_running_loop()
        news = loop.time()
        while any(found.get(equipment, 0) < number for equipment, number in wanted.items()):
            await asyncio.sleep(0.2)
            before, found = found, await self.stored()
            if found != before:
                news = loop.time()
            quiet = loop.time() - news
            if quiet > QUIET or (quiet > TOLD and not any(v.lost for v in (await self.verdicts()).values())):
                break

    async def stored(self) -> dict[str, int]:
        """Count the numbers from 0 up in the store, by equipment; what is there twice counts twice."""
        counts = 'SELECT COUNT("int") AS "number" FROM "sample" WHERE "int" >= 0 GROUP BY "equipment"'
        return {row["equipment"]: int(row["number"]) for row in await self.influx.query(counts, DATABASE)}

    async def verdicts(self) -> dict[str, Verdict]:
        """Judge each load by what is in the store and in the gap ledger now, by its equipment."""
        gaps = await self.installation.gaps()
        verdicts = {}
        for load in self.loads:
            rows = await self.influx.query(
                f'SELECT "int" FROM "sample" WHERE "equipment" = \'{load.equipment}\'',  # noqa: S608 - our own words
                DATABASE,
            )
            verdicts[load.equipment] = judge(load, [int(row["int"]) for row in rows], gaps)
        return verdicts

    async def outcome(self, **more: object) -> dict[str, object]:
        """Give the line of the table: the loads judged together, `more`, and for how many seconds they sent."""
        verdict = reduce(add, (await self.verdicts()).values())
        return {**asdict(verdict), **more, "seconds": round(self._seconds, 1)}


def tell(words: str) -> None:
    """Say on stderr how the proof goes on."""
    print(words, file=sys.stderr, flush=True)
