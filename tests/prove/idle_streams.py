"""Ten thousand clients listen to events and hear nothing for a while; the API holds them in little memory.

A real API role is run in a process of its own, another process opens `CLIENTS` streams on loopback and leaves them idle
past a sign of life; then what happens in a factory is told, and every client is told of it. Measured is the whole
process of the API, with all that it loads.
"""

import asyncio
import os
import re
import resource
import socket
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import orjson

from api.auth import create_key
from api.roles import Role
from collector.feed import Entry, tell
from collector.records import Records

CLIENTS: Final = 10_000
"""Streams that are opened."""

MOST_MB: Final = 500
"""Resident memory that the API may have, MB."""

IDLE_S: Final = 18.0
"""Seconds that clients are left idle: longer than from one sign of life to the next."""

TOLD: Final = 20
"""Events that each client is told."""

PATIENCE_S: Final = 120.0
"""Seconds that each part of the proof may take."""

_PARK: Final = {
    "id": "proof",
    "calendars": {"always": {"shifts": [{"name": "all", "start": "00:00", "end": "00:00"}]}},
    "factories": [{"id": "works", "time_zone": "UTC", "calendar": "always"}],
}
_LINE: Final = {
    "line": "line",
    "factory": "works",
    "sources": [{"name": "plc", "kind": "replay", "files": ["recording.csv"]}],
    "equipment": [{"id": "press", "signals": [{"name": "force", "source": "plc", "type": "float", "item": "FORCE"}]}],
}
_STATE: Final = {"state": "idle", "raw": "READY", "start": "2026-11-24T08:12:08Z", "until": None, "revised_from": None}


def prove(rounds: int | None = None) -> dict[str, object]:
    """Prove with `CLIENTS`; `rounds` is how many clients there are instead."""
    clients = rounds or CLIENTS
    with TemporaryDirectory(prefix="parkline-") as name:
        held = asyncio.run(hold(Path(name), clients))
    lost = clients * TOLD - held.delivered
    failed = [] if held.rss_mb <= MOST_MB else [f"the API has {held.rss_mb:.0f} MB, more than {MOST_MB}"]
    return {
        "sent": clients * TOLD,
        "stored": held.delivered,
        "lost": lost,
        "doubled": held.doubled,
        "gap_covered": 0,
        "clients": clients,
        "rss_mb": round(held.rss_mb, 1),
        "empty_mb": round(held.empty_mb, 1),
        "kb_per_client": round((held.rss_mb - held.empty_mb) * 1024 / clients, 1),
        "delivered": held.delivered,
        "slowest_s": round(held.took_s, 2),
        "failed": failed,
    }


@dataclass(slots=True)
class Held:
    """What was seen."""

    empty_mb: float = 0.0
    """Resident memory of the API before any client came, and after it had answered one request."""

    rss_mb: float = 0.0
    """The most that it had while they were there."""

    delivered: int = 0
    """Events that clients were told, over all."""

    doubled: int = 0
    """Events that a client was told again."""

    took_s: float = 0.0
    """Seconds from telling the last event to its last delivery."""

    beats: list[int] = field(default_factory=list)
    """Signs of life that each client had; the first says where it begins."""


async def hold(folder: Path, clients: int, idle_s: float = IDLE_S) -> Held:
    """Run an API in `folder`, and let clients listen to it, `idle_s` seconds of it idly."""
    room = _make_room(clients)
    port, key = await _install(folder, clients)
    held = Held()
    with (folder / "api.log").open("ab") as log:
        api = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "collector", "run", "--role", "api", "-c", str(folder)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        async with asyncio.timeout(PATIENCE_S):
            await _answers(port, key)
        held.empty_mb = _rss_mb(api.pid)
        await _listen(folder, port, key, clients, api.pid, held, idle_s)
    finally:
        api.terminate()
        await api.wait()
        _take_room(room)
    return held


async def _listen(folder: Path, port: int, key: str, clients: int, api: int, held: Held, idle_s: float) -> None:
    streams = _Streams(clients)
    loop = asyncio.get_running_loop()
    headers = {
        "Host": "127.0.0.1",
        "Accept": "text/event-stream",
        "Accept-Encoding": "gzip, deflate, br, zstd",
        "User-Agent": "parkline-proof/1",
        "X-API-Key": key,
    }
    head = "GET /api/v1/events HTTP/1.1\r\n" + "".join(f"{one}: {text}\r\n" for one, text in headers.items()) + "\r\n"
    for first in range(0, clients, 100):
        some = range(first, min(first + 100, clients))
        await asyncio.gather(*(loop.create_connection(lambda: _Client(streams, head), "127.0.0.1", port) for _ in some))
    async with asyncio.timeout(PATIENCE_S):
        await streams.all_began.wait()
    for _ in range(round(idle_s)):
        await asyncio.sleep(1)
        held.rss_mb = max(held.rss_mb, _rss_mb(api))
    async with Records(f"sqlite:///{folder}/data/records.db") as records:
        for _ in range(TOLD):
            entry = Entry("works/line/press", _STATE)
            await records.run(partial(tell, topic="states", entries=[entry], now=datetime.now(UTC)))
            await asyncio.sleep(0.1)
        told = time.monotonic()
    try:
        async with asyncio.timeout(PATIENCE_S):
            await streams.all_told.wait()
    except TimeoutError:
        pass
    held.took_s = time.monotonic() - told
    held.rss_mb = max(held.rss_mb, _rss_mb(api))
    held.delivered = sum(len(one.ids) for one in streams.clients)
    held.doubled = sum(one.doubled for one in streams.clients)
    held.beats = [one.beats for one in streams.clients]
    for one in streams.clients:
        one.leave()


class _Streams:
    """All clients."""

    def __init__(self, expected: int) -> None:
        self.expected = expected
        self.clients: list[_Client] = []
        self.began = 0
        self.told = 0
        self.all_began = asyncio.Event()
        self.all_told = asyncio.Event()


class _Client(asyncio.Protocol):
    """One client that reads what comes."""

    __slots__ = ("_began", "_head", "_rest", "_streams", "_transport", "beats", "doubled", "ids")

    def __init__(self, streams: _Streams, head: str) -> None:
        self._streams = streams
        self._head = head
        self._rest = b""
        self._began = False
        self._transport: asyncio.Transport | None = None
        self.ids: set[int] = set()
        self.beats = 0
        self.doubled = 0
        streams.clients.append(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._head.encode())

    def data_received(self, data: bytes) -> None:
        whole, _, self._rest = (self._rest + data).rpartition(b"\n\n")
        if not self._began and b"retry:" in whole:
            self._began = True
            self._streams.began += 1
            if self._streams.began == self._streams.expected:
                self._streams.all_began.set()
        self.beats += len(_BEAT.findall(whole))
        for found in _ID.findall(whole):
            number = int(found)
            self.doubled += number in self.ids
            self.ids.add(number)
            if len(self.ids) == TOLD:
                self._streams.told += 1
                if self._streams.told == self._streams.expected:
                    self._streams.all_told.set()

    def leave(self) -> None:
        if self._transport is not None:
            self._transport.abort()


_BEAT: Final = re.compile(rb"^id: \d+(?=\n\n|\Z)", re.MULTILINE)
_ID: Final = re.compile(rb"^id: (\d+)\r?\n(?=event:)", re.MULTILINE)


async def _install(folder: Path, clients: int) -> tuple[int, str]:
    """Write an installation and make a key; give the port of its API, and the key."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    main = {
        "store": {"kind": "lake"},
        "records": {"url": "sqlite:///data/records.db"},
        "api": {"port": port, "streams": {"per_caller": clients}, "rate": {"per_second": 0}},
    }
    (folder / "lines").mkdir(parents=True)
    (folder / "parkline.yaml").write_bytes(orjson.dumps(main))  # JSON is YAML
    (folder / "park.yaml").write_bytes(orjson.dumps(_PARK))
    (folder / "lines" / "line.yaml").write_bytes(orjson.dumps(_LINE))
    (folder / "lines" / "recording.csv").write_text("time,item,value\n", encoding="utf-8")
    now = datetime.now(UTC)
    async with Records(f"sqlite:///{folder}/data/records.db") as records:
        _, key = await records.run(
            lambda c: create_key(c, "platform", now=now, expires=now + timedelta(days=1), roles=[Role.PLATFORM])
        )
    return port, key


async def _answers(port: int, key: str) -> None:
    """Wait until the API answers, and have it load what an answer needs."""
    while True:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.1)
            continue
        writer.write(f"GET /api/v1/kpis HTTP/1.1\r\nHost: x\r\nX-API-Key: {key}\r\nConnection: close\r\n\r\n".encode())
        answered = await reader.read()
        writer.close()
        if b" 200 " in answered.partition(b"\r\n")[0]:
            return
        await asyncio.sleep(0.1)


def _rss_mb(process: int) -> float:
    pages = int(Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 10**6


def _make_room(clients: int) -> tuple[int, int]:
    """Let this process open as many files as it has clients; give what it was allowed before."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = clients + 200
    if before[0] != resource.RLIM_INFINITY and before[0] < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, before[1]))
    return before


def _take_room(before: tuple[int, int]) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, before)
