"""200 machines, 24 hours of utilisation each, as JSON: the role `api` against ready-made bytes, and beside a collector.

Requests per second: wrk asks the API and a FastAPI application whose one route returns the very same bytes, in turn;
both are uvicorn with uvloop and httptools in a process of their own, with the same settings. Medians of `ROUNDS`. Once
for those who take plain JSON, and once as zstd, which both send compressed before.

Latency: an open loop (`tests.bench.open_loop`) asks both in turn, `PER_SECOND` times a second, while Mosquitto brings
5,000 samples/s to a collector of the same installation, which writes them into the same lake, and results of the
running hour are written every `EVERY_S` s, as the role `analytics` does; each time the answer is made anew. All of it,
and what asks, is on this machine.
"""

import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import httpx
import polars as pl
import uvicorn
import uvloop
from fastapi import FastAPI, Response

from adapters.stores.contract import RESULTS, Store
from adapters.stores.lake import create as lake_of
from adapters.stores.lake.settings import LakeSettings
from analytics.kpis.catalogue import KPIS
from collector.assembly import open_records
from collector.links import read_links
from collector.load import load
from collector.records import Records
from collector.revision import revising
from tests.bench.api_server import BEGIN, SIGNALS_OF, serving
from tests.bench.e2e import free_port
from tests.bench.open_loop import Answered, ask_steadily
from tests.bench.steady_mqtt import BURST_S
from tests.servers.mosquitto import Mosquitto

MACHINES: Final = 200
"""Machines."""

HOURS: Final = 24
"""Hours of each."""

ROUNDS: Final = 5
"""Times that each side is asked by wrk."""

ROUND_S: Final = 4
"""Seconds of one of them."""

CONNECTIONS: Final = 16
"""Connections of wrk."""

PER_SECOND: Final = 100
"""Requests per second of the open loop."""

TURNS: Final = 4
"""Times that either side is asked in an open loop."""

TURN_S: Final = 10
"""Seconds of one of them: as long as results stay."""

SAMPLES: Final = 5000
"""Samples per second that the collector is sent."""

TOPICS: Final = 50
"""Signals that they are of."""

EVERY_S: Final = 10.0
"""Seconds between two writes of results."""

_LINE: Final = """\
line: line-2
factory: works
sources: [ {{ name: broker, kind: mqtt, host: 127.0.0.1, port: {port}, client_id: bench }} ]
equipment:
  - id: meter
    signals:
{signals}
"""
_SIGNAL: Final = "      - {{ name: s{0}, source: broker, topic: bench/s{0}, value: value, time: time, type: float }}"
_HOUR: Final = timedelta(hours=1)


def measure() -> dict[str, object]:
    """Give req/s of the API, with those of the ready-made answer as reference; and latencies beside a collector."""
    with (
        tempfile.TemporaryDirectory(dir=Path.cwd()) as name,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop,
    ):
        return loop.run(_measured(Path(name)))


async def _measured(folder: Path) -> dict[str, object]:
    async with (
        lake_of(LakeSettings(folder=folder / "data" / "lake")) as lake,
        serving(folder, "{ kind: lake, folder: data/lake }", MACHINES * SIGNALS_OF) as client,
        open_records(load(folder)) as records,
    ):
        for hour in range(HOURS):
            async with revising(records, datetime.now(UTC)):
                await lake.write_results(_results(hour))
        await lake.maintain()
        window = {"start": BEGIN.isoformat(), "end": (BEGIN + HOURS * _HOUR).isoformat()}
        asked = httpx.Request(
            "GET",
            client.base_url.join("/api/v1/kpis"),
            params={"period": "hour", "kpi": "utilisation", "limit": 5000, **window},
        )
        plain, packed = [await _side(client, folder, str(asked.url), form) for form in ("identity", "zstd")]
        latency = await _beside_a_collector(folder, client, asked, lake, records)
    return {
        **plain,
        "unit": "req/s",
        "against": "FastAPI, the same bytes ready-made",
        **_named("zstd", packed),
        **latency,
    }


async def _side(client: httpx.AsyncClient, folder: Path, url: str, form: str) -> dict[str, object]:
    """Have wrk ask the API and the ready-made answer in turn."""
    headers = {**client.headers, "Accept-Encoding": form}
    async with client.stream("GET", url, headers=headers) as answer:
        body = b"".join([chunk async for chunk in answer.aiter_raw()])
    answer.raise_for_status()
    assert answer.headers.get("content-encoding", "identity") == form
    path = folder / f"ready.{form}"
    path.write_bytes(body)
    api: list[float] = []
    ready: list[float] = []
    async with _ready_made(path, form) as other:
        sides = [(url, api), (other, ready)]
        for number in range(-1, ROUNDS):
            for address, rates in sides[:: 1 if number % 2 else -1]:
                rate = await asyncio.to_thread(_wrk, address, headers, ROUND_S if number >= 0 else 1)
                if number >= 0:
                    rates.append(rate)
    found = {"value": round(statistics.median(api)), "reference": round(statistics.median(ready))}
    ratio = round(statistics.median(api) / statistics.median(ready), 2)
    _say(f"{form}, {len(body)} bytes: API {found['value']} req/s, ready-made {found['reference']} req/s")
    return {**found, "ratio": ratio, "bytes": len(body)}


def _wrk(url: str, headers: dict[str, str], seconds: int) -> float:
    """Give requests per second that were answered with 200."""
    named = [f"{name}: {headers[name]}" for name in headers if name.lower() in {"x-api-key", "accept-encoding"}]
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", *(part for one in named for part in ("-H", one)), url]
    told = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout
    assert "Non-2xx" not in told, told
    return float(told.partition("Requests/sec:")[2].split()[0])


async def _beside_a_collector(
    folder: Path, client: httpx.AsyncClient, asked: httpx.Request, lake: Store, records: Records
) -> dict[str, object]:
    """Ask in an open loop while a collector collects and results are written; give latencies in ms."""
    async with _collecting(folder, records) as taken, asyncio.TaskGroup() as group:
        publishing = group.create_task(_publish(lake, records))
        begun, before = time.monotonic(), await taken()
        api: list[Answered] = []
        ready: list[Answered] = []
        async with _ready_made(folder / "ready.identity", "identity") as other:
            sides = [(_head(asked.url, client), asked.url, api), (_head(httpx.URL(other)), httpx.URL(other), ready)]
            for number in range(TURNS):
                for head, url, turns in sides[:: 1 if number % 2 else -1]:
                    assert url.port is not None
                    turns.append(await ask_steadily("127.0.0.1", url.port, head, per_second=PER_SECOND, seconds=TURN_S))
        rate = (await taken() - before) / (time.monotonic() - begun)
        publishing.cancel()
    told = {**_latency(api), **_named("ready", _latency(ready))}
    _say(f"beside a collector of {rate:.0f} samples/s: {told}")
    return {**told, "requests_per_s": PER_SECOND, "samples_per_s": round(rate)}


def _head(url: httpx.URL, client: httpx.AsyncClient | None = None) -> bytes:
    names = () if client is None else ("x-api-key", "accept-encoding")
    headers = "".join(f"{name}: {client.headers[name]}\r\n" for name in names if client is not None)
    return f"GET {url.raw_path.decode()} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}\r\n".encode()


def _latency(turns: Sequence[Answered]) -> dict[str, object]:
    """Give latencies of all turns in ms, and the 99th percentile of each turn: others may be at work on the machine."""
    seconds = [one for turn in turns for one in turn.seconds]
    return {
        "p50_ms": _part(seconds, 50),
        "p99_ms": _part(seconds, 99),
        "max_ms": _part(seconds, 100),
        "p99_of_turns_ms": [_part(turn.seconds, 99) for turn in turns],
        "sent_late_p99_ms": _part([one for turn in turns for one in turn.late], 99),
        "bad": sum(turn.bad for turn in turns),
    }


def _part(seconds: Sequence[float], percent: int) -> float:
    """Give a percentile, as milliseconds."""
    ordered = sorted(seconds)
    return round(1000 * ordered[min(len(ordered) * percent // 100, len(ordered) - 1)], 1)


async def _publish(lake: Store, records: Records) -> None:
    """Write results now and then, as the role `analytics` does."""
    number = 0
    while True:
        await asyncio.sleep(EVERY_S / 2 if not number else EVERY_S)
        number += 1
        async with revising(records, datetime.now(UTC)):
            await lake.write_results(_results(HOURS - 1, number))


@asynccontextmanager
async def _collecting(folder: Path, records: Records) -> AsyncIterator[Callable[[], "asyncio.Future[int]"]]:
    """Run a collector that is sent `SAMPLES` a second; give how to tell how many it has taken."""
    (folder / "broker").mkdir()
    limits = {"max_inflight_messages": 1000, "max_queued_messages": 0}
    async with Mosquitto(folder / "broker", persistence=False, options=limits) as broker:
        signals = "\n".join(_SIGNAL.format(number) for number in range(TOPICS))
        (folder / "lines" / "line-2.yaml").write_text(_LINE.format(port=broker.port, signals=signals), encoding="utf-8")

        async def taken() -> int:
            link = (await records.run(read_links)).get("broker")
            return 0 if link is None else link.samples

        collector = [sys.executable, "-m", "collector", "run", "-c", str(folder), "--role", "collector"]
        publisher = [sys.executable, "-m", "tests.bench.steady_mqtt", str(broker.port), str(TOPICS), str(SAMPLES)]
        async with _running(collector), _running(publisher):
            async with asyncio.timeout(60):
                while await taken() < SAMPLES:  # noqa: ASYNC110 - another process counts them
                    await asyncio.sleep(BURST_S)
            yield lambda: asyncio.ensure_future(taken())


@asynccontextmanager
async def _ready_made(path: Path, form: str) -> AsyncIterator[str]:
    """Run the other side; give its address."""
    port = free_port()
    async with _running([sys.executable, "-m", "tests.bench.api_kpis", str(path), form, str(port)]):
        async with asyncio.timeout(30), httpx.AsyncClient() as client:
            while True:
                with suppress(httpx.TransportError):
                    await client.get(f"http://127.0.0.1:{port}/ready")
                    break
                await asyncio.sleep(0.1)
        yield f"http://127.0.0.1:{port}/ready"


@asynccontextmanager
async def _running(command: Sequence[str]) -> AsyncIterator[None]:
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        await process.wait()


def _results(hour: int, version: int = 1) -> pl.DataFrame:
    """Give one hour of every machine, all numbers of the catalogue."""
    start = BEGIN + hour * _HOUR
    machines = pl.DataFrame({"number": range(MACHINES)})
    return (
        machines.join(pl.DataFrame({"kpi": [kpi.slug for kpi in KPIS]}), how="cross")
        .select(
            pl.format("works/line-1/machine-{}", pl.col("number").cast(pl.String).str.zfill(2)).alias("path"),
            pl.lit("hour").alias("period"),
            pl.lit("").alias("name"),
            pl.lit(start).alias("start"),
            pl.lit(start + _HOUR).alias("end"),
            "kpi",
            ((pl.col("number") * 7919 + hour * 104_729 + version) % 1009 / 1013).alias("value"),
            (1 - (pl.col("number") * 31 + hour) % 17 / 1000).alias("coverage"),
            pl.lit(start + _HOUR + timedelta(seconds=10, microseconds=201_000 + version)).alias("computed"),
            pl.lit(version, pl.Int64).alias("version"),
            pl.lit("" if version == 1 else "late samples").alias("reason"),
            pl.lit("").alias("note"),
        )
        .cast({"start": RESULTS["start"], "end": RESULTS["end"], "computed": RESULTS["computed"]})
        .select(RESULTS.names())
    )


def _named(name: str, told: dict[str, object]) -> dict[str, object]:
    return {f"{name}_{key}": value for key, value in told.items()}


def _serve_ready(path: str, form: str, port: str) -> None:
    """Answer with the bytes of a file, until this process is ended."""
    body = Path(path).read_bytes()
    headers = {} if form == "identity" else {"Content-Encoding": form}
    app = FastAPI()

    @app.get("/ready")
    async def ready() -> Response:
        return Response(body, media_type="application/json", headers=headers)

    uvicorn.run(
        app,
        port=int(port),
        http="httptools",
        loop="uvloop",
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
    )


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    _serve_ready(*sys.argv[1:])
