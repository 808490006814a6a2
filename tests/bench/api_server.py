"""A line of machines whose signals come once a second, in a store, and the role `api` in front of it."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import httpx
import polars as pl
from deltalake import DeltaTable

from adapters.sample import INSTANT, SAMPLES
from adapters.stores.contract import Store
from adapters.stores.lake import parts
from api.auth import create_key
from api.roles import Role
from collector.assembly import open_records
from collector.load import load

BEGIN: Final = datetime(2024, 11, 1, tzinfo=UTC)
"""When the samples begin."""

DAY_S: Final = 86_400
"""Seconds, and samples of one signal, of a day."""

SIGNALS_OF: Final = 10
"""Signals of one machine."""

_BEGIN_NS: Final = int(BEGIN.timestamp()) * 10**9

_PARKLINE: Final = """\
store: {store}
records: {{ url: "sqlite:///data/records.db" }}
api: {{ port: {port}, open_page: true, exports: {{ spare: 0 B }}, rate: {{ per_second: 0 }} }}
"""

_PARK: Final = """\
id: park
calendars: { always: { shifts: [ { name: all, start: "00:00", end: "00:00" } ] } }
factories: [ { id: works, time_zone: UTC, calendar: always } ]
"""

_LINE: Final = """\
line: line-1
factory: works
sources: [ {{ name: plc, kind: replay, files: [ recording.csv ] }} ]
equipment:
{equipment}
"""


def signal(number: int) -> str:
    """Give the path of a signal."""
    return f"works/line-1/machine-{number // SIGNALS_OF:02}/signal-{number % SIGNALS_OF}"


def samples(signals: int, first: int, seconds: int) -> pl.DataFrame:
    """Give what all signals report in some seconds after `BEGIN`, in order of arrival."""
    number = pl.int_range(seconds * signals, eager=True)
    one = number % signals
    at = _BEGIN_NS + (first + number // signals) * 10**9 + one * 1_000
    given = pl.DataFrame({"number": number}).select(
        pl.format(
            "works/line-1/machine-{}/signal-{}", (one // SIGNALS_OF).cast(pl.String).str.zfill(2), one % SIGNALS_OF
        ).alias("signal"),
        at.cast(INSTANT).alias("time"),
        ((number * 7919 + first * 31) % 100_003 / 64).alias("float"),
        *(pl.lit(None, SAMPLES[kind]).alias(kind) for kind in ("int", "bool", "text")),
        pl.lit(0, pl.UInt32).alias("status"),
        (at + 5_000_000).cast(INSTANT).alias("received"),
    )
    return given.select(SAMPLES.names())


def pieces(signals: int, seconds: int, rows: int) -> Iterator[pl.DataFrame]:
    """Give batches of about so many rows, as a drain writes them."""
    step = max(rows // signals, 1)
    for first in range(0, seconds, step):
        yield samples(signals, first, min(step, seconds - first))


async def sealed(lake: Store, folder: Path) -> None:
    """Have every day of a lake made one sorted run."""
    before, parts.QUIET = parts.QUIET, timedelta(0)  # type: ignore[misc]  # so that it need not be left alone first
    while not all("/l9-" in file for file in DeltaTable(folder / "samples").file_uris()):
        await lake.maintain()
    parts.QUIET = before  # type: ignore[misc]  # as it was


@asynccontextmanager
async def serving(folder: Path, store: str, signals: int) -> AsyncIterator[httpx.AsyncClient]:
    """Run the role in a process of its own; give a client of it, with a key that may export.

    Args:
        folder: of the installation, which is made.
        store: what stands under `store:`, as YAML.
        signals: how many signals the line has.
    """
    (folder / "lines").mkdir(parents=True)
    port = _free_port()
    equipment = "\n".join(
        _machine(number, min(SIGNALS_OF, signals - number)) for number in range(0, signals, SIGNALS_OF)
    )
    files = {
        "parkline.yaml": _PARKLINE.format(store=store, port=port),
        "park.yaml": _PARK,
        "lines/line-1.yaml": _LINE.format(equipment=equipment),
        "lines/recording.csv": "time,item,value\n",
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    async with open_records(load(folder)) as records:
        _, key = await records.run(
            lambda connection: create_key(
                connection, "bench", now=datetime.now(UTC), expires=None, roles=[Role.PLATFORM]
            )
        )
    command = [sys.executable, "-m", "collector", "run", "-c", str(folder), "--role", "api"]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.DEVNULL)
    try:
        headers = {"X-API-Key": key, "Accept-Encoding": "identity"}
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60) as client:
            await _up(client)
            yield client
    finally:
        process.terminate()
        await process.wait()


async def _up(client: httpx.AsyncClient) -> None:
    async with asyncio.timeout(60):
        while True:
            try:
                if (await client.get("/healthz")).is_success:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.1)


def _machine(first: int, count: int) -> str:
    names = (
        f"{{ name: signal-{number}, source: plc, type: float, item: I{first + number} }}" for number in range(count)
    )
    return f"  - {{ id: machine-{first // SIGNALS_OF:02}, signals: [ {', '.join(names)} ] }}"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
