"""OPC UA to InfluxDB: parkline against the script a user would write (asyncua's callback, WriteApi, Point).

An OPC UA server in a process of its own waits until each has its subscription, then changes its nodes as fast as it
can.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

from tests.bench import e2e
from tests.servers.influxdb import InfluxServer

CHANGES: Final = 60_000
"""Samples, spread over the nodes."""

NODES: Final = 100
"""Nodes that change."""

SERVER: Final = str(Path(__file__).with_name("changing_nodes.py"))
PLAIN: Final = str(Path(__file__).with_name("plain_opcua.py"))

LINE: Final = """\
line: bench
factory: works
sources:
  - name: plc
    kind: opcua
    endpoint: %s
    publishing_interval: 100 ms
    sampling_interval: 0 ms
    queue_margin: 100
equipment:
  - id: machine
    signals:
%s
"""

SIGNAL: Final = '      - {name: n%d, source: plc, node: "nsu=urn:bench;s=n%d", type: float}'

Words: TypeAlias = tuple[str, str, list[str]]
"""Measurement and field that a side writes, and the command that runs it."""

Command: TypeAlias = Callable[[Path, str, InfluxServer], Words]


def measure() -> dict[str, object]:
    """Give samples/s of parkline, and of the plain script as reference."""
    ours = asyncio.run(_measured(_parkline))
    plain = asyncio.run(_measured(_plain))
    return e2e.compared(ours, plain, "asyncua callback + WriteApi + Point")


async def _measured(command: Command) -> e2e.Run:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "influx").mkdir()
        endpoint = f"opc.tcp://127.0.0.1:{e2e.free_port()}/bench"
        server_words = [sys.executable, SERVER, endpoint, str(NODES), str(CHANGES)]
        async with (
            InfluxServer(folder / "influx") as influx,
            e2e.running(server_words, folder / "server.log") as server,
        ):
            await e2e.said(folder / "server.log", "ready")
            await influx.query(f"CREATE DATABASE {e2e.DATABASE}")
            measurement, field, words = command(folder, endpoint, influx)
            async with e2e.running(words, folder / "log") as process:
                try:
                    await e2e.until(influx, measurement, field, NODES)
                    used, begun = e2e.processor_time(process), time.monotonic()
                    assert server.stdin is not None
                    server.stdin.write(b"go\n")
                    ended = await e2e.until(influx, measurement, field, NODES + CHANGES)
                except TimeoutError:
                    for log in ("server.log", "log"):
                        sys.stderr.write((folder / log).read_text())
                    raise
                return e2e.Run(CHANGES, ended - begun, e2e.processor_time(process) - used)


def _parkline(folder: Path, endpoint: str, influx: InfluxServer) -> Words:
    signals = "\n".join(SIGNAL % (n, n) for n in range(NODES))
    installation = e2e.install(folder / "park", influx, LINE % (endpoint, signals))
    return "sample", "float", [e2e.PARKLINE, "run", "--role", "collector", "-c", str(installation)]


def _plain(folder: Path, endpoint: str, influx: InfluxServer) -> Words:
    del folder
    return "machine", "value", [sys.executable, PLAIN, endpoint, str(NODES), influx.url, e2e.DATABASE]
