"""From the wire to InfluxDB, counted back: what the end-to-end benchmarks share.

Both sides of a comparison run alike: a process of its own reads the same traffic and writes to the same kind of
InfluxDB. A probe shows that it is up; then the traffic begins, and the clock runs until all of it is counted there.
Where whoever sends is the limit, the processor time per sample tells the sides apart.
"""

import asyncio
import socket
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from tests.servers.influxdb import InfluxServer

PARKLINE: Final = str(Path(sys.executable).with_name("parkline"))
"""The command under test, beside the Python that runs the benchmark."""

PATIENCE: Final = 90.0
"""Seconds in which all must be stored."""

DATABASE: Final = "bench"
"""The database both sides write to, each on an InfluxDB of its own."""

PARK: Final = """\
id: bench
calendars:
  always: {shifts: [{name: all, start: "00:00", end: "00:00"}]}
factories:
  - {id: works, time_zone: UTC, calendar: always}
"""

INSTALLATION: Final = """\
store:
  kind: influxdb
  url: %s
  bucket: %s
"""


def install(folder: Path, influx: InfluxServer, line: str) -> Path:
    """Write an installation that stores what the line file `line` reads; give its folder."""
    (folder / "lines").mkdir(parents=True)
    (folder / "park.yaml").write_text(PARK)
    (folder / "parkline.yaml").write_text(INSTALLATION % (influx.url, DATABASE))
    (folder / "lines" / "bench.yaml").write_text(line)
    return folder


async def count(influx: InfluxServer, measurement: str, field: str) -> int:
    """Give how many values are stored; 0 before the database is there."""
    try:
        statement = f'SELECT COUNT("{field}") FROM "{measurement}"'  # noqa: S608 - names of this benchmark's own
        rows = await influx.query(statement, DATABASE)
    except AssertionError:
        return 0
    return int(rows[0]["count"]) if rows else 0


async def until(influx: InfluxServer, measurement: str, field: str, wanted: int) -> float:
    """Wait until at least `wanted` values are stored; give the monotonic time.

    Raises:
        TimeoutError: they were not, in `PATIENCE`.
    """
    async with asyncio.timeout(PATIENCE):
        while await count(influx, measurement, field) < wanted:  # noqa: ASYNC110 - a server's count
            await asyncio.sleep(0.1)
        return time.monotonic()


async def said(log: Path, word: str) -> None:
    """Wait until a command has written `word` into its log.

    Raises:
        TimeoutError: it has not, in `PATIENCE`.
    """
    async with asyncio.timeout(PATIENCE):
        while word not in log.read_text():  # noqa: ASYNC110, ASYNC240 - another process writes it
            await asyncio.sleep(0.1)


@asynccontextmanager
async def running(command: Sequence[str], log: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a command beside the block, its output in `log`; end it with SIGTERM."""
    with log.open("wb") as out:
        process = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.PIPE, stdout=out, stderr=out)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


@dataclass(frozen=True, slots=True)
class Run:
    """How one side did."""

    samples: int
    """Samples that it carried."""

    seconds: float
    """From the first sent to the last counted, s."""

    processor: float
    """Processor time that its process used meanwhile, s."""

    @property
    def rate(self) -> float:
        """Samples per second."""
        return self.samples / self.seconds

    @property
    def cost(self) -> float:
        """Processor time per sample, µs."""
        return self.processor / self.samples * 1e6


def compared(ours: Run, plain: Run, against: str) -> dict[str, object]:
    """Give what a benchmark prints."""
    return {
        "value": round(ours.rate),
        "reference": round(plain.rate),
        "ratio": round(ours.rate / plain.rate, 2),
        "unit": "samples/s",
        "samples": ours.samples,
        "against": against,
        "processor_us": round(ours.cost, 1),
        "reference_processor_us": round(plain.cost, 1),
        "processor_ratio": round(plain.cost / ours.cost, 2),
    }


def processor_time(process: asyncio.subprocess.Process) -> float:
    """Give the processor time that a process has used, s."""
    times = psutil.Process(process.pid).cpu_times()
    return float(times.user + times.system)


def free_port() -> int:
    """Give a loopback port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
