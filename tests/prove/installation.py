"""An installation in a folder of its own, and its collector in a process of its own.

    installation = Installation(folder, loads, store={...}, spool={...})
    async with installation.living() as process:
        await installation.connected(process)
        process.send_signal(signal.SIGKILL)
    gaps = await installation.gaps()

Everything that the collector keeps is in the folder, so its next life takes up where the last one ended.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, TypeVar

import orjson
import sqlalchemy as sa

from collector.deadletters import count_dead_letters, read_dead_letters
from collector.drains import DrainState, read_drains
from collector.gaps import Gap, read_gaps
from collector.links import Link, read_links
from collector.records import Records
from collector.spool.contract import STORE
from tests.prove.load import Load

T = TypeVar("T")

PATIENCE: Final = 120.0
"""Seconds in which a collector must be up, and in which it must end."""

SAID: Final = 4000
"""Characters of the collector's log that are shown when something is wrong."""


class Installation:
    """One park with one line, whose equipment is that of the loads."""

    def __init__(
        self,
        folder: Path,
        loads: Sequence[Load],
        *,
        store: Mapping[str, object],
        prefix: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        **sections: Mapping[str, object],
    ) -> None:
        """Write its files.

        Args:
            folder: is made.
            loads: open loads.
            store: section `store` of parkline.yaml.
            prefix: words before the collector's command, such as those of `ip netns exec`.
            environment: the collector's environment; None for that of this process.
            sections: other sections of parkline.yaml, such as `spool`.
        """
        self.folder = folder
        self.sources = len(loads)
        """How many sources it has."""
        self._prefix = tuple(prefix)
        self._environment = environment
        self._begun = 0
        park: dict[str, object] = {
            "id": "proof",
            "calendars": {"always": {"shifts": [{"name": "all", "start": "00:00", "end": "00:00"}]}},
            "factories": [{"id": "works", "time_zone": "UTC", "calendar": "always"}],
        }
        line: dict[str, object] = {
            "line": "line",
            "factory": "works",
            "sources": [load.source for load in loads],
            "equipment": [{"id": load.equipment, "signals": load.signals} for load in loads],
        }
        records = {"url": "sqlite:///data/records.db"}
        (folder / "lines").mkdir(parents=True)
        (folder / "park.yaml").write_bytes(orjson.dumps(park))  # JSON is YAML
        (folder / "parkline.yaml").write_bytes(orjson.dumps({"records": records, **sections, "store": store}))
        (folder / "lines" / "line.yaml").write_bytes(orjson.dumps(line))

    @property
    def spool(self) -> Path:
        """The file of its spool, unless a section says otherwise."""
        return self.folder / "data" / "spool.db"

    @property
    def log(self) -> str:
        """What the collector has logged in all its lives."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    @asynccontextmanager
    async def living(self) -> AsyncIterator[asyncio.subprocess.Process]:
        """Run the collector beside the block; end it in order, if it still lives."""
        with self._log.open("ab") as log:
            self._begun = log.tell()
            process = await asyncio.create_subprocess_exec(
                *self._prefix,
                *(sys.executable, "-m", "collector", "run", "--role", "collector", "-c", str(self.folder)),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=None if self._environment is None else dict(self._environment),
            )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.terminate()
            async with asyncio.timeout(PATIENCE):
                await process.wait()

    @property
    def connections(self) -> int:
        """How often a source was connected, in all lives of the collector."""
        return self._log.read_bytes().count(b"source connected")

    async def reconnected(self, before: int) -> None:
        """Wait until sources were connected more often than `before` times."""
        async with asyncio.timeout(PATIENCE):
            while self.connections <= before:  # noqa: ASYNC110 - another process tells, by its log
                await asyncio.sleep(0.02)

    async def connected(self, process: asyncio.subprocess.Process) -> None:
        """Wait until all sources have been connected in this life of the collector."""
        until = asyncio.get_running_loop().time() + PATIENCE
        while self._log.read_bytes()[self._begun :].count(b"source connected") < self.sources:
            assert process.returncode is None, f"the collector ended:\n{self.log[-SAID:]}"
            assert asyncio.get_running_loop().time() < until, f"a source is not connected:\n{self.log[-SAID:]}"
            await asyncio.sleep(0.01)

    async def gaps(self) -> list[Gap]:
        """Give all gaps of yesterday, today and tomorrow, by start."""
        now, days = datetime.now(UTC), timedelta(days=2)
        return await self._recorded(lambda connection: read_gaps(connection, start=now - days, end=now + days))

    async def links(self) -> Mapping[str, Link]:
        """Give how the links stand, by source, as the collector wrote last."""
        return await self._recorded(read_links)

    async def dead_letters(self) -> int:
        """Count the inputs that were refused, those of all sources."""
        return sum(total.refused for total in await self._recorded(count_dead_letters))

    async def letters(self) -> list[str]:
        """Give the newest dead letters in words: source, address and reason."""
        letters = await self._recorded(lambda connection: read_dead_letters(connection, limit=5))
        return [f"{letter.source} {letter.address} refused: {letter.reason}" for letter in letters]

    async def drain(self) -> DrainState | None:
        """Give how the drain stands, as the collector wrote last; None before it wrote anything."""
        return (await self._recorded(read_drains)).get(STORE)

    async def _recorded(self, read: Callable[[sa.Connection], T]) -> T:
        async with Records(f"sqlite:///{self.folder}/data/records.db") as records:
            return await records.run(read)

    @property
    def _log(self) -> Path:
        return self.folder / "collector.log"
