"""A collector in a process of its own, killed again and again under load: what the proofs of kill -9 share.

    load ─► broker or server ─► collector, killed ─► InfluxDB ─► counted back ─► verdict

Loads, servers and kills are real. A load sends numbers, each once, from before the first kill until after the last.
"""

import asyncio
import random
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Protocol

from collector.gaps import Gap, read_gaps
from collector.records import Records
from tests.servers.influxdb import InfluxServer

DATABASE: Final = "proof"
"""The InfluxDB database that the collector writes to."""

PATIENCE: Final = 60.0
"""Seconds in which a collector must be up, and in which all must be stored in the end."""

LONGEST_LIFE: Final = 1.2
"""Seconds at most that a collector lives once it is connected."""

SETTLED: Final = 1.5
"""Seconds before the first kill and after the last in which nobody dies: what is sent then has no excuse."""

SEED: Final = 20240517
"""Decides when the collector dies."""

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

LINE: Final = """\
line: line
factory: works
sources:
%s
equipment:
%s
"""


class Load(Protocol):
    """What is sent, and what must have become of it. Its block runs the server that it is sent to."""

    @property
    def equipment(self) -> str:
        """Name of the one piece of equipment whose signals it sends: int signals all."""

    @property
    def source(self) -> str:
        """The source, as an item of a line file's `sources`, indented by two."""

    @property
    def signals(self) -> str:
        """The equipment, as an item of a line file's `equipment`, indented by two."""

    async def open(self, folder: Path, stack: AsyncExitStack) -> None:
        """Start the server, to be stopped with `stack`; `source` and `signals` are asked after this."""

    async def send(self, stop: asyncio.Event) -> None:
        """Send until told to stop; return when all that was sent counts as sent."""

    async def arrived(self, influx: InfluxServer) -> None:
        """Wait until what was sent last is stored, or nothing more comes."""

    def verdict(self, found: Sequence[int], gaps: Sequence[Gap]) -> dict[str, int]:
        """Judge the numbers found in the store, and the gaps of its source: at least sent, stored, lost, doubled."""


def killed_under(loads: Sequence[Load], rounds: int) -> dict[str, dict[str, float]]:
    """Kill the collector so many times under all these loads at once; give each load's verdict, by its equipment."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_killed_under(loads, rounds, Path(folder)))


async def _killed_under(loads: Sequence[Load], rounds: int, folder: Path) -> dict[str, dict[str, float]]:
    async with AsyncExitStack() as stack:
        for part in ("influx", *(load.equipment for load in loads)):
            (folder / part).mkdir()
        influx = await stack.enter_async_context(InfluxServer(folder / "influx"))
        await influx.query(f'CREATE DATABASE "{DATABASE}"')
        for load in loads:
            await load.open(folder / load.equipment, stack)
        victim = Victim(folder / "park", influx, loads)
        stop, begun = asyncio.Event(), time.monotonic()
        async with victim.living() as process:
            await victim.connected(process)
            sending = asyncio.gather(*(load.send(stop) for load in loads))
            await asyncio.sleep(SETTLED)
        await victim.live_and_die(rounds)
        async with victim.living() as process:
            await victim.connected(process)
            await asyncio.sleep(SETTLED)
            stop.set()
            await sending
            seconds = time.monotonic() - begun
            for load in loads:
                await load.arrived(influx)
        gaps = await victim.gaps()
        verdicts: dict[str, dict[str, float]] = {}
        for load in loads:
            rows = await influx.query(f'SELECT "int" FROM "sample" WHERE "equipment" = \'{load.equipment}\'', DATABASE)  # noqa: S608 - our own words
            verdict = load.verdict([int(row["int"]) for row in rows], gaps)
            verdicts[load.equipment] = {**verdict, "rounds": victim.kills, "seconds": round(seconds, 1)}
        return verdicts


async def until_stored(influx: InfluxServer, equipment: str, number: str, wanted: int) -> None:
    """Wait until a number of InfluxQL, such as `COUNT("int")`, is as great as wanted, or as long as it grows."""
    statement = f'SELECT {number} AS "number" FROM "sample" WHERE "equipment" = \'{equipment}\''  # noqa: S608 - our own words
    found = -1
    loop = asyncio.get_running_loop()
    until = loop.time() + PATIENCE
    while found < wanted and loop.time() < until:
        rows = await influx.query(statement, DATABASE)
        before, found = found, int(rows[0]["number"]) if rows else -1
        if found > before:
            until = loop.time() + PATIENCE / 2
        await asyncio.sleep(0.2)


class Victim:
    """An installation with one line, and the collector that is killed."""

    def __init__(self, folder: Path, influx: InfluxServer, loads: Sequence[Load]) -> None:
        """Write the installation."""
        self.kills = 0
        self._folder = folder
        self._sources = len(loads)
        self._lot = random.Random(SEED)  # noqa: S311 - a proof that failed must be repeatable
        (folder / "lines").mkdir(parents=True)
        (folder / "park.yaml").write_text(PARK)
        (folder / "parkline.yaml").write_text(INSTALLATION % (influx.url, DATABASE))
        line = LINE % ("\n".join(load.source for load in loads), "\n".join(load.signals for load in loads))
        (folder / "lines" / "line.yaml").write_text(line)

    async def live_and_die(self, rounds: int) -> None:
        """Start it and kill it at a random moment, so many times; every fourth dies before it is connected."""
        for number in range(rounds):
            async with self.living() as process:
                if number % 4 != 3:
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
                *(sys.executable, "-m", "collector", "run", "--role", "collector", "-c", str(self._folder)),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.terminate()
            async with asyncio.timeout(PATIENCE):
                await process.wait()

    async def connected(self, process: asyncio.subprocess.Process) -> None:
        """Wait until all its sources are connected."""
        async with asyncio.timeout(PATIENCE):
            while self._log.read_bytes()[self._begun :].count(b"source connected") < self._sources:
                assert process.returncode is None, f"the collector ended:\n{self._log.read_text()}"
                await asyncio.sleep(0.01)

    async def gaps(self) -> list[Gap]:
        """Give all gaps that it has told of, by start."""
        now, day = datetime.now(UTC), timedelta(days=1)
        async with Records(f"sqlite:///{self._folder}/data/records.db") as records:
            return await records.run(lambda connection: read_gaps(connection, start=now - day, end=now + day))

    @property
    def _log(self) -> Path:
        return self._folder / "collector.log"


def tell(words: str) -> None:
    """Say on stderr how the proof goes on."""
    print(words, file=sys.stderr, flush=True)
