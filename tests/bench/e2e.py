"""From the wire to InfluxDB, counted back: what the end-to-end benchmarks share.

Both sides of a comparison run alike: a process of its own reads the same prepared traffic and writes to the same kind
of InfluxDB, and the clock runs from the first rows that can be counted there to the last.
"""

import asyncio
import socket
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from tests.servers.influxdb import InfluxServer

PARKLINE: Final = str(Path(sys.executable).with_name("parkline"))
"""The command under test, beside the Python that runs the benchmark."""

PATIENCE: Final = 180.0
"""Seconds in which all must be stored."""

DATABASE: Final = "bench"
"""The database both sides write to, each on an InfluxDB of its own."""

PARK: Final = """\
park: bench
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


async def until(influx: InfluxServer, measurement: str, field: str, wanted: int) -> tuple[int, float]:
    """Wait until at least `wanted` values are stored; give how many there are, and the monotonic time.

    Raises:
        TimeoutError: they were not, in `PATIENCE`.
    """
    async with asyncio.timeout(PATIENCE):
        while (there := await count(influx, measurement, field)) < wanted:  # noqa: ASYNC110 - a server's count
            await asyncio.sleep(0.1)
        return there, time.monotonic()


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


def free_port() -> int:
    """Give a loopback port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
