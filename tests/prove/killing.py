"""A collector in a process of its own, killed again and again: what the proofs of kill -9 share."""

import asyncio
import random
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from tests.servers.influxdb import InfluxServer

DATABASE: Final = "proof"
"""The InfluxDB database that the collector writes to."""

PATIENCE: Final = 60.0
"""Seconds in which a collector must be up, and in which all must be stored in the end."""

LONGEST_LIFE: Final = 1.2
"""Seconds at most that a collector lives once it is connected."""

PARK: Final = """\
id: proof
calendars:
  always: {shifts: [{name: all, start: "00:00", end: "00:00"}]}
factories:
  - {id: works, time_zone: UTC, calendar: always}
"""

INSTALLATION: Final = """\
store: {kind: influxdb, url: "%s", bucket: %s, flush: 200ms}
records: {url: "sqlite:///data/records.db"}
"""


class Victim:
    """An installation with one line, and the collector that is killed."""

    def __init__(self, folder: Path, influx: InfluxServer, line: str, *, seed: int) -> None:
        """Write the installation; `line` is its line file, `seed` decides when the collector dies."""
        self.folder = folder
        self.kills = 0
        self._lot = random.Random(seed)  # noqa: S311 - a proof that failed must be repeatable
        (folder / "lines").mkdir(parents=True)
        (folder / "park.yaml").write_text(PARK)
        (folder / "parkline.yaml").write_text(INSTALLATION % (influx.url, DATABASE))
        (folder / "lines" / "line.yaml").write_text(line)

    async def live_and_die(self, rounds: int) -> None:
        """Start it and kill it at a random moment, so many times; every fourth dies before it is connected."""
        for number in range(rounds):
            async with self.living() as process:
                if number % 4 == 3:
                    await asyncio.sleep(self._lot.uniform(0, LONGEST_LIFE))
                else:
                    await self.connected(process)
                    await asyncio.sleep(self._lot.uniform(0, LONGEST_LIFE))
                process.send_signal(signal.SIGKILL)
                self.kills += 1
            tell(f"killed {self.kills} of {rounds} times")

    @asynccontextmanager
    async def living(self) -> AsyncIterator[asyncio.subprocess.Process]:
        """Run it beside the block; end it in order, if it still lives."""
        with self._log.open("ab") as log:
            self._begun = log.tell()
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "collector", "run", "--role", "collector", "-c", str(self.folder)),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            yield process
        finally:
            if process.returncode is None:
                try:
                    process.terminate()
                except ProcessLookupError:
                    tell("it died by itself")
            async with asyncio.timeout(PATIENCE):
                await process.wait()

    async def connected(self, process: asyncio.subprocess.Process) -> None:
        """Wait until its source is connected."""
        async with asyncio.timeout(PATIENCE):
            while b"source connected" not in self._log.read_bytes()[self._begun :]:
                assert process.returncode is None, f"the collector ended:\n{self._log.read_text()}"
                await asyncio.sleep(0.01)

    @property
    def _log(self) -> Path:
        return self.folder / "collector.log"


async def stored(influx: InfluxServer, field: str) -> dict[str, list[tuple[int, int]]]:
    """Give the time (ns since 1970) and value of every row in the store, by signal."""
    rows = await influx.query(f'SELECT "{field}" FROM "sample" GROUP BY "signal"', DATABASE)  # noqa: S608 - our own name
    found: dict[str, list[tuple[int, int]]] = {}
    for row in rows:
        found.setdefault(row["signal"], []).append((row["time"], int(row[field])))
    return found


async def until_stored(influx: InfluxServer, number: str, wanted: int) -> None:
    """Wait until a number of InfluxQL, such as `COUNT("int")`, is as great as wanted, or as long as it grows."""
    found = -1
    loop = asyncio.get_running_loop()
    until = loop.time() + PATIENCE
    while found < wanted and loop.time() < until:
        rows = await influx.query(f'SELECT {number} AS "number" FROM "sample"', DATABASE)  # noqa: S608 - our own words
        before, found = found, rows[0]["number"] if rows else -1
        if found > before:
            until = loop.time() + PATIENCE / 4
        await asyncio.sleep(0.2)


def tell(words: str) -> None:
    """Say on stderr how the proof goes on."""
    print(words, file=sys.stderr, flush=True)
