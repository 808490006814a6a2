"""Kill the role `alerts` again and again while alerts are raised and end, and while their receiver fails, too.

Samples are put into the spool as a collector would; each machine goes over its limit once and comes back. The receiver
is a web hook after Standard Webhooks: it checks every signature, now and then answers 503, and now and then takes a
notice and breaks the link before it answers. Every alert must be notified, its return after it, and none twice with
another id.
"""

import asyncio
import base64
import hashlib
import hmac
import os
import random
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import orjson
import polars as pl

from adapters.sample import SAMPLES, Status
from analytics.alertlog import read_events, read_standings
from analytics.lifecycle import EventKind
from analytics.notification import OPEN
from analytics.outbox import read_notifications
from collector.records import Records
from collector.spool.sqlite import SqliteSpool
from tests.prove.scene import tell

ROUNDS: Final = 20
"""How often the role is killed, when nobody says otherwise."""

SEED: Final = 20240517
"""Decides when it dies, and when the receiver fails: a proof that failed must be repeatable."""

PER_ROUND: Final = 12
"""Machines that go over their limit in each of its lives."""

LONGEST_LIFE: Final = 2.5
"""Seconds at most that it lives once it has begun to look."""

PATIENCE: Final = 120.0
"""Seconds in which everything that was raised must be told in the end."""

SURELY: Final = 5
"""In so many rounds the receiver breaks links after it took a notice, and gets some again."""

LIMIT: Final = 80.0

_KEY: Final = hashlib.sha256(b"kill9-notify").digest()
_SECRET: Final = "PARKLINE_PROOF_SECRET"


def prove(rounds: int | None) -> dict[str, object]:
    """Give what was raised, what of it was notified, and how often the role was killed."""
    return asyncio.run(_proved(ROUNDS if rounds is None else rounds))


async def _proved(rounds: int) -> dict[str, object]:
    lot = random.Random(SEED)  # noqa: S311 - repeatable
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with Receiver(lot).listening() as receiver:
            machines = [f"m{number}" for number in range(rounds * PER_ROUND)]
            _write(folder, machines, receiver.port)
            async with _spool(folder) as spool:
                plant = Plant(spool, machines, lot)
                for number in range(rounds):
                    await _live_and_die(folder, plant, lot)
                    tell(f"role alerts killed {number + 1} of {rounds} times, {len(receiver.first)} notices")
                receiver.fails = False
                await _live_to_the_end(folder, plant)
            return await _verdict(folder, plant, receiver, rounds)


async def _live_and_die(folder: Path, plant: "Plant", lot: random.Random) -> None:
    """Let the role live while machines go over their limits and come back, and kill it."""
    async with _living(folder) as (process, log):
        await _begun(process, folder, log)
        until = asyncio.get_running_loop().time() + lot.uniform(0, LONGEST_LIFE)
        for _ in range(PER_ROUND):
            await plant.step()
            await asyncio.sleep(max(0.0, until - asyncio.get_running_loop().time()) / PER_ROUND)
        process.send_signal(signal.SIGKILL)


async def _live_to_the_end(folder: Path, plant: "Plant") -> None:
    """Let everything come back, and wait until everything is told."""
    await plant.end()
    async with _living(folder), asyncio.timeout(PATIENCE), Records(_records(folder)) as records:
        while True:
            standings, events, waiting = await records.run(
                lambda c: (
                    read_standings(c, active=True),
                    read_events(c, kinds=[EventKind.RETURNED]),
                    read_notifications(c, fates=list(OPEN)),
                )
            )
            if not standings and not waiting and len({event.alert for event in events}) >= len(plant.raised):
                return
            await asyncio.sleep(0.5)


async def _verdict(folder: Path, plant: "Plant", receiver: "Receiver", kills: int) -> dict[str, object]:
    async with Records(_records(folder)) as records:
        events = await records.run(read_events)
    raised: dict[str, set[str]] = {}
    for event in events:
        if event.kind is EventKind.RAISED:
            raised.setdefault(event.standing.alert.equipment, set()).add(event.alert)
    told = {kind: receiver.told(kind) for kind in ("alert.raised", "alert.returned")}
    unknown = [machine for machine in plant.raised if f"works/line/{machine}" not in raised]
    missing = [one for one, alerts in raised.items() if not all(_ids(told[kind], alerts) for kind in told)]
    twice = {one for one, alerts in raised.items() if len(alerts) > 1}
    doubled = twice | {one for one, alerts in raised.items() if any(len(_ids(told[kind], alerts)) > 1 for kind in told)}
    early = [alert for alerts in raised.values() for alert in alerts if receiver.overtook(alert)]
    failed = [f"{len(receiver.forged)} notices with a wrong signature"] if receiver.forged else []
    failed += [f"the return of {alert} came before it" for alert in early]
    if kills >= SURELY and not (receiver.again and receiver.broken):
        failed.append("the receiver never failed: nothing is shown")
    return {
        "sent": len(plant.raised),
        "stored": len(raised) - len(missing),
        "lost": len(unknown) + len(missing),
        "doubled": len(doubled),
        "gap_covered": 0,
        "failed": failed,
        "kills": kills,
        "notices": len(receiver.first),
        "received_again": receiver.again,
        "unanswered": receiver.broken,
    }


def _ids(told: dict[str, set[str]], alerts: set[str]) -> set[str]:
    """Give the ids of the notices of these alerts: each machine goes over its limit once, and is told once."""
    return {identity for alert in alerts for identity in told.get(alert, ())}


# ── what surrounds the role ──────────────────────────────────────────────────────────────────────────────────────────


class Plant:
    """Machines whose force is in order, over its limit, and in order again."""

    def __init__(self, spool: SqliteSpool, machines: list[str], lot: random.Random) -> None:
        self.raised: list[str] = []
        """Machines that went over their limit."""
        self._spool = spool
        self._left = list(reversed(machines))
        self._over: list[str] = []
        self._lot = lot
        self._time = datetime.now(UTC)

    async def step(self) -> None:
        """Let a machine go over its limit, and perhaps another come back."""
        machine = self._left.pop()
        self.raised.append(machine)
        self._over.append(machine)
        await self._say([(machine, LIMIT - 10), (machine, LIMIT + 10)])
        if len(self._over) > PER_ROUND or self._lot.random() < 0.5:
            await self._say([(self._over.pop(self._lot.randrange(len(self._over))), LIMIT - 10)])

    async def end(self) -> None:
        """Let all of them come back."""
        await self._say([(machine, LIMIT - 10) for machine in self._over])
        self._over = []

    async def _say(self, values: list[tuple[str, float]]) -> None:
        rows = []
        for machine, value in values:
            self._time = max(self._time + timedelta(milliseconds=1), datetime.now(UTC))
            rows.append((f"works/line/{machine}/force", self._time, value))
        await self._spool.append(_samples(rows), "plc")


def _samples(rows: list[tuple[str, datetime, float]]) -> pl.DataFrame:
    columns = dict.fromkeys(SAMPLES)
    said = [
        {**columns, "signal": signal, "time": time, "received": time, "status": Status.GOOD, "float": value}
        for signal, time, value in rows
    ]
    return pl.DataFrame(said, schema=SAMPLES)


@dataclass
class Receiver:
    """A web hook that checks what it takes, and fails now and then."""

    lot: random.Random
    fails: bool = True
    """Whether it still fails."""
    port: int = 0
    first: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Bodies by id, as they came first, in order."""
    forged: list[str] = field(default_factory=list)
    """Ids whose signature was wrong."""
    again: int = 0
    """Notices that came more than once."""
    broken: int = 0
    """Links broken after a notice was taken."""

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["Receiver"]:
        """Listen on a free port of this machine."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        async with server:
            yield self

    def told(self, kind: str) -> dict[str, set[str]]:
        """Give the ids of the notices of one kind, by alert."""
        found: dict[str, set[str]] = {}
        for identity, body in self.first.items():
            if body["type"] == kind:
                found.setdefault(body["data"]["alert"], set()).add(identity)
        return found

    def overtook(self, alert: str) -> bool:
        """Tell whether an alert's return came before it."""
        kinds = [body["type"] for body in self.first.values() if body["data"].get("alert") == alert]
        return "alert.returned" in kinds and "alert.raised" not in kinds[: kinds.index("alert.returned")]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._answered(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the role was killed
        finally:
            writer.close()

    async def _answered(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Take one request; give whether the link goes on."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {key.lower(): value for line in head[1:] if line for key, _, value in [line.partition(": ")]}
        body = await reader.readexactly(int(headers["content-length"]))
        falls = self.lot.random() if self.fails else 1.0
        if falls < 0.1:
            writer.write(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
            return True
        self._take(headers, body)
        if falls < 0.2:
            self.broken += 1
            return False
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await writer.drain()
        return True

    def _take(self, headers: dict[str, str], body: bytes) -> None:
        identity = headers["webhook-id"]
        signed = f"{identity}.{headers['webhook-timestamp']}.".encode() + body
        made = "v1," + base64.b64encode(hmac.new(_KEY, signed, hashlib.sha256).digest()).decode()
        if made not in headers["webhook-signature"].split():
            self.forged.append(identity)
        self.again += identity in self.first
        self.first.setdefault(identity, orjson.loads(body))


def _write(folder: Path, machines: list[str], port: int) -> None:
    """Write the installation."""
    shifts = [{"name": "all", "start": "00:00", "end": "00:00"}]
    park = {
        "id": "proof",
        "calendars": {"always": {"shifts": shifts}},
        "factories": [{"id": "works", "time_zone": "UTC", "calendar": "always"}],
    }
    force = {"name": "force", "source": "plc", "type": "float", "limits": [{"high": LIMIT}]}
    line = {
        "line": "line",
        "factory": "works",
        "sources": [{"name": "plc", "kind": "mqtt", "host": "127.0.0.1"}],
        "equipment": [{"id": one, "signals": [{**force, "topic": f"{one}/force"}]} for one in machines],
    }
    hook = {
        "name": "hook",
        "kind": "webhook",
        "url": f"http://127.0.0.1:{port}/alerts",
        "secrets": [f"${{env:{_SECRET}}}"],
        "floods": "pass",
        "timeout": "2 s",
    }
    main = {"records": {"url": "sqlite:///data/records.db"}, "alerts": {"channels": [hook]}}
    (folder / "lines").mkdir(parents=True)
    (folder / "data").mkdir()
    (folder / "park.yaml").write_bytes(orjson.dumps(park))  # JSON is YAML
    (folder / "parkline.yaml").write_bytes(orjson.dumps(main))
    (folder / "lines" / "line.yaml").write_bytes(orjson.dumps(line))


def _spool(folder: Path) -> SqliteSpool:
    file = folder / "data" / "spool.db"
    return SqliteSpool(file, limit=2**30, linger=timedelta(0), keep=timedelta(minutes=10), mends=True)


def _records(folder: Path) -> str:
    return f"sqlite:///{folder}/data/records.db"


@asynccontextmanager
async def _living(folder: Path) -> AsyncIterator[tuple[asyncio.subprocess.Process, int]]:
    """Run the role beside the block; end it in order, if it still lives. Gives where its part of the log begins."""
    file = folder / "alerts.log"
    with file.open("ab") as log:
        begun = log.tell()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "collector", "run", "--role", "alerts", "-c", str(folder)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, _SECRET: "whsec_" + base64.b64encode(_KEY).decode()},
        )
    try:
        yield process, begun
    finally:
        if process.returncode is None:
            process.terminate()
        async with asyncio.timeout(PATIENCE):
            await process.wait()


async def _begun(process: asyncio.subprocess.Process, folder: Path, begun: int) -> None:
    """Wait until the role looks."""
    file = folder / "alerts.log"
    async with asyncio.timeout(PATIENCE):
        while b"look_s" not in file.read_bytes()[begun:]:
            assert process.returncode is None, f"the role ended:\n{file.read_text(errors='replace')[-4000:]}"
            await asyncio.sleep(0.02)
