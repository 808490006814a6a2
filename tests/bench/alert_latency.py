"""From a sample published at Mosquitto to the web hook: how long until a person's program knows of an alert.

    machines ─► Mosquitto (QoS 1) ─► collector ─► spool ─► alerts: look, route, send ─► web hook

All machines speak at once as they would: `RATE` samples/s, most of them uneventful. Now and then one goes over its
limit, and comes back. The clock runs from the instant at which that message is handed to the broker's socket until the
web hook has its notice. Collector, alerts and analytics run as `parkline run` keeps them, on the defaults of a new
installation: the local lake, SQLite. Returns are told, too, on the same channel.

    value        half of the alerts are told within so many seconds
    reference    the goal for that; `p99` has a goal of its own
    parts        medians of the way: until the look that found it began, until that was written and routed, until its
                 channel had it in hand, until the web hook had it
    slowest      the same of the alert that took longest
    timer_p99    how late a timer of the benchmark itself was at worst, but for one in a hundred: where that is long,
                 others use the processors, and p99 is theirs
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Final, Self

import orjson
import psutil

from adapters.sources.mqtt.settings import MqttSettings
from analytics.alertlog import read_events
from analytics.lifecycle import EventKind
from analytics.outbox import read_notifications
from collector.links import read_links
from collector.records import Records
from tests.prove.told import Hook, Told, living, records_of, write
from tests.servers.mosquitto import Mosquitto

RATE: Final = 5000
"""Samples published each second, one a message."""

MACHINES: Final = 200
"""Machines that publish."""

SIGNALS: Final = 5
"""Signals of each: its state, and numbers with a limit each."""

WARM: Final = 10.0
"""Seconds before the first alert."""

ALERTS: Final = 150
"""Alerts, each of a machine of its own."""

EVERY: Final = 0.3
"""Seconds between two alerts, on average."""

LASTS: Final = 2.0
"""Seconds that a machine stays over its limit."""

TICK: Final = 0.01
"""Seconds between two bursts of messages."""

PATIENCE: Final = 30.0
"""Seconds in which the last alert must be told."""

GOALS: Final = {"p50": 0.7, "p99": 1.5}
"""Seconds."""

LIMIT: Final = 80.0

_NAMES: Final = ("state", *(f"n{number}" for number in range(1, SIGNALS)))
_PARTS: Final = ("look", "written", "in_hand", "told")
_HELLO: Final = bytes.fromhex("100f00044d5154540402003c000370756c")


def measure() -> dict[str, object]:
    """Give how long alerts took, in seconds."""
    return asyncio.run(_measured())


async def _measured() -> dict[str, object]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        root = Path(name)
        (root / "broker").mkdir()
        folder = root / "park"
        inflight = MqttSettings(host="broker").receive_maximum
        broker = Mosquitto(root / "broker", persistence=False, max_inflight_messages=inflight, max_queued_messages=0)
        async with broker, Hook(root) as hook:
            write(folder, _line(broker.port), hook)
            async with living(folder) as process:
                run = Run(folder, hook, process.pid)
                async with Plant(broker.port) as plant:
                    await run.through(plant)
                return await run.outcome(plant)


def _line(port: int) -> Mapping[str, object]:
    common = {"source": "broker", "value": "v", "time": "t"}
    state = {"type": "text", "role": "state", "states": {"RUN": "producing", "STOP": "unplanned_stop"}}
    number = {"type": "float", "limits": [{"high": LIMIT}]}
    return {
        "sources": [{"name": "broker", "kind": "mqtt", "host": "127.0.0.1", "port": port}],
        "equipment": [
            {
                "id": machine,
                "signals": [
                    {**common, "name": name, "topic": f"{machine}/{name}", **(state if name == "state" else number)}
                    for name in _NAMES
                ],
            }
            for machine in _machines()
        ],
    }


def _machines() -> list[str]:
    return [f"m{number:03}" for number in range(MACHINES)]


class Plant:
    """The machines: their messages go to the broker at `RATE`, each signal in turn."""

    def __init__(self, port: int) -> None:
        self.sent = self.acknowledged = 0
        """Messages."""
        self.over: dict[str, float] = {}
        """Until when a signal is over its limit, by its topic, s of the monotonic clock."""
        self.late: list[float] = []
        """How late the timer between two bursts was, s."""
        self.published: dict[str, tuple[float, datetime]] = {}
        """When the first value beyond its limit was handed over, by topic: by the monotonic clock, and UTC."""
        self._port = port
        self._topics = [f"{machine}/{name}" for name in _NAMES for machine in _machines()]
        self._tasks: list[asyncio.Task[None]] = []
        self._writer: asyncio.StreamWriter | None = None

    async def __aenter__(self) -> Self:
        reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._writer.write(_HELLO)
        await reader.readexactly(4)
        self._tasks = [asyncio.create_task(self._speak(self._writer)), asyncio.create_task(self._hear(reader))]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._writer is not None
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)
        self._writer.close()
        with suppress(ConnectionError):
            await self._writer.wait_closed()

    async def _speak(self, writer: asyncio.StreamWriter) -> None:
        begun, due = time.monotonic(), 0
        while True:
            wanted = int((time.monotonic() - begun) * RATE)
            while due < wanted:
                writer.write(b"".join(self._message() for _ in range(min(wanted - due, 50))))
                due = min(due + 50, wanted)
            await writer.drain()
            slept = time.monotonic()
            await asyncio.sleep(TICK)
            self.late.append(time.monotonic() - slept - TICK)

    async def _hear(self, reader: asyncio.StreamReader) -> None:
        rest = 0
        while read := await reader.read(1 << 16):
            taken, rest = divmod(rest + len(read), 4)
            self.acknowledged += taken

    def _message(self) -> bytes:
        topic = self._topics[self.sent % len(self._topics)]
        self.sent += 1
        now = datetime.now(UTC)
        value: float | str = "RUN" if topic.endswith("state") else 50.0 + self.sent % 97 / 10
        if topic in self.over:
            value = LIMIT + 10.0
            self.published.setdefault(topic, (time.monotonic(), now))
            if time.monotonic() > self.over[topic]:
                del self.over[topic]
        name, payload = topic.encode(), orjson.dumps({"v": value, "t": now})
        body = len(name).to_bytes(2) + name + (self.sent % 65535 + 1).to_bytes(2) + payload
        return b"\x32" + bytes([len(body)]) + body


@dataclass
class Run:
    """One run, and what it took."""

    folder: Path
    hook: Hook
    supervisor: int
    """Process id of the roles' supervisor."""
    _lot: Random = field(default_factory=lambda: Random(20240517))  # noqa: S311 - the same alerts each time
    _rate: float = 0.0
    _used: dict[str, float] = field(default_factory=dict)
    _load: float = 0.0

    async def through(self, plant: Plant) -> None:
        """Let machines go over their limits, one after the other; return when all of it is told."""
        await asyncio.sleep(WARM)
        begun, samples, used = time.monotonic(), await self._safe(), self._processor_time()
        for machine in self._lot.sample(_machines(), ALERTS):
            await asyncio.sleep(self._lot.uniform(0, 2 * EVERY))
            plant.over[f"{machine}/{self._lot.choice(_NAMES[1:])}"] = time.monotonic() + LASTS
        seconds = time.monotonic() - begun
        self._rate = (await self._safe() - samples) / seconds
        self._used = {role: (then - used[role]) / seconds for role, then in self._processor_time().items()}
        self._load = psutil.getloadavg()[0]
        await self.hook.next(
            lambda _: sum(one.kind == "alert.returned" for one in self.hook.told) >= ALERTS, seconds=PATIENCE
        )

    async def outcome(self, plant: Plant) -> dict[str, object]:
        """Give what the benchmark prints."""
        told = {_topic(one): one for one in reversed(self.hook.told) if one.kind == "alert.raised"}
        took = sorted(told[topic].at - began for topic, (began, _) in plant.published.items() if topic in told)
        quantiles = statistics.quantiles(took, n=100)
        found = {"p50": quantiles[49], "p99": quantiles[98]}
        parts = await self._parts(plant, told)
        return {
            "value": round(found["p50"], 3),
            "reference": GOALS["p50"],
            "ratio": round(GOALS["p50"] / found["p50"], 2),
            "unit": "s",
            "against": "the goal",
            "p50": round(found["p50"], 3),
            "p99": round(found["p99"], 3),
            "goal": GOALS,
            "least": round(took[0], 3),
            "most": round(took[-1], 3),
            "alerts": len(took),
            "untold": len(plant.published) - len(took),
            "samples_per_s": round(self._rate),
            "parts": _named([statistics.median(column) for column in zip(*parts, strict=True)]),
            "slowest": _named(parts[-1]),
            "timer_p99": round(statistics.quantiles(plant.late, n=100)[98], 3),
            "processors": {role: round(used, 2) for role, used in self._used.items()},
            "load": round(self._load, 1),
        }

    async def _parts(self, plant: Plant, told: Mapping[str, Told]) -> list[Sequence[float]]:
        """Give the parts of each alert's way, s, in the order of `_PARTS`; the shortest way first."""
        async with Records(records_of(self.folder)) as records:
            events = await records.run(lambda connection: read_events(connection, kinds=[EventKind.RAISED]))
            notices = await records.run(read_notifications)
        looked = {one.alert: one.at for one in events}
        made = {
            one.notification.alert: (one.notification.made, one.notification.tried or one.notification.made)
            for one in notices
            if one.notification.kind == "raised"
        }
        rows: list[Sequence[float]] = []
        for topic, (monotonic, began) in plant.published.items():
            if topic in told:
                alert = told[topic].data["alert"]
                since = [(at - began).total_seconds() for at in (looked[alert], *made[alert])]
                rows.append([after - before for before, after in pairwise([0.0, *since, told[topic].at - monotonic])])
        return sorted(rows, key=sum)

    async def _safe(self) -> int:
        """Give how many samples are safe, as the collector wrote last."""
        async with Records(records_of(self.folder)) as records:
            return sum(link.samples for link in (await records.run(read_links)).values())

    def _processor_time(self) -> dict[str, float]:
        """Give the processor time of each role, s."""
        found = {}
        for process in psutil.Process(self.supervisor).children():
            command = process.cmdline()
            times = process.cpu_times()
            found[command[command.index("--role") + 1]] = times.user + times.system
        return found


def _named(parts: Sequence[float]) -> dict[str, float]:
    return {name: round(part, 3) for name, part in zip(_PARTS, parts, strict=True)}


def _topic(one: Told) -> str:
    """Give the topic that an alert's signal is published on."""
    return one.data["signal"].removeprefix("works/line/") if one.data.get("signal") else ""
