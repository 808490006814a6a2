"""A platform that reads, then listens, while each part of parkline dies in turn: in the end it knows all there is.

Samples come by a real Mosquitto, each with a time of its own, so that sixteen hours of a machine's life pass in a few
seconds. The collector, the analytics, the alerts and the API are killed (SIGKILL) meanwhile and started again. The
client keeps what it was told, by `Last-Event-ID` alone, and reads nothing again but what it is told to.
"""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Self

import httpx
import orjson
import pytest

from collector.feed import written
from tests.servers.mosquitto import Mosquitto, Publisher

pytestmark = pytest.mark.system

MACHINES: Final = ("press-1", "press-2")
STEP: Final = timedelta(minutes=12)
STEPS: Final = 80
"""Reports of each machine: 16 hours, which is less than after which what is over is history."""

SURELY: Final = timedelta(hours=2)
"""How long after its end a window is over for good at the latest."""

KILLED: Final = {15: "analytics", 25: "api", 38: "collector", 50: "alerts", 62: "api"}
"""Which role is killed after which report."""

PATIENCE: Final = 45.0
"""Seconds that anything awaited may take."""

EVENTS: Final = "/api/v1/events"

_STATES: Final = {"RUN": "producing", "WAIT": "idle", "STOP": "unplanned_stop"}


class Site:
    """An installation in a folder, and its roles in processes of their own."""

    def __init__(self, folder: Path, broker: int, port: int) -> None:
        self.folder = folder
        self.url = f"http://127.0.0.1:{port}"
        self._roles: dict[str, asyncio.subprocess.Process] = {}
        signals: list[dict[str, Any]] = [
            {"name": "state", "type": "text", "role": "state", "states": _STATES, "value": "state"},
            {"name": "heat", "type": "float", "value": "heat", "limits": [{"high": 80, "severity": "high"}]},
        ]
        common = {"source": "broker", "time": "t"}
        equipment = [
            {"id": name, "signals": [{**common, "topic": f"site/{name}/{one['name']}", **one} for one in signals]}
            for name in MACHINES
        ]
        source = {"name": "broker", "kind": "mqtt", "host": "127.0.0.1", "port": broker, "client_id": "site"}
        park = {
            "id": "park",
            "calendars": {"always": {"shifts": [{"name": "all", "start": "00:00", "end": "00:00"}]}},
            "factories": [{"id": "works", "time_zone": "UTC", "calendar": "always"}],
        }
        main = {
            "store": {"kind": "lake", "flush": "100 ms"},
            "analytics": {"every": "1 s"},
            "api": {"port": port, "open_page": True},
        }
        line = {"line": "line", "factory": "works", "sources": [source], "equipment": equipment}
        (folder / "lines").mkdir(parents=True)
        for name, content in (("parkline", main), ("park", park), ("lines/line", line)):
            (folder / f"{name}.yaml").write_bytes(orjson.dumps(content))  # JSON is YAML

    async def start(self, role: str) -> None:
        with (self.folder / f"{role}.log").open("ab") as log:
            self._roles[role] = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "collector", "run", "--role", role, "-c", str(self.folder)),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    async def kill(self, role: str) -> None:
        self._roles[role].kill()
        await self._roles[role].wait()

    @asynccontextmanager
    async def living(self) -> AsyncIterator[None]:
        for role in ("collector", "analytics", "alerts", "api"):
            await self.start(role)
        try:
            yield
        finally:
            for process in self._roles.values():
                if process.returncode is None:
                    process.terminate()
            await asyncio.gather(*(process.wait() for process in self._roles.values()))


class Platform:
    """The client: it reads once, and then listens."""

    def __init__(self, url: str) -> None:
        self._api = httpx.AsyncClient(base_url=url, timeout=httpx.Timeout(5, read=20))
        self.last = 0
        self.numbers: list[int] = []
        self.breaks = 0
        self.windows: dict[tuple[str, str, str], dict[str, Any]] = {}
        self.told: list[tuple[str, str, str, int]] = []
        self.alerts: dict[str, list[dict[str, Any]]] = {}
        self.states: dict[str, list[tuple[str, str]]] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._api.aclose()

    async def get(self, path: str, **asked: Any) -> Any:
        """Ask until there is an answer, whoever is away."""
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    answer = await self._api.get(path, params=asked)
                    if answer.is_success:
                        return answer.json()
                    assert answer.status_code in {429, 503}, answer.text
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.1)

    async def items(self, path: str, **asked: Any) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        token: str | None = ""
        while token is not None:
            page = await self.get(path, page_token=token, **asked)
            rows += page["items"]
            token = page["next_page_token"]
        return rows

    async def begin(self) -> None:
        """Read where the events are, then what there is."""
        self.last = int((await self.get(EVENTS, limit=1))["last"])
        assert await self.items("/api/v1/kpis") == []
        assert await self.items("/api/v1/alerts") == []

    async def listen(self) -> None:
        """Listen until cancelled; come back after every break."""
        while not self._api.is_closed:
            try:
                headers = {"Accept": "text/event-stream", "Last-Event-ID": str(self.last)}
                async with self._api.stream("GET", EVENTS, headers=headers) as answer:
                    if answer.is_success:
                        await self._hear(answer)
            except httpx.TransportError:
                pass
            self.breaks += 1
            await asyncio.sleep(0.1)

    async def _hear(self, answer: httpx.Response) -> None:
        event: dict[str, str] = {}
        async for line in answer.aiter_lines():
            if not line and "id" in event:
                if "data" in event:
                    assert event["event"] != "reset"
                    await self._take(orjson.loads(event["data"]))
                    self.numbers.append(int(event["id"]))
                self.last = int(event["id"])  # without an event: up to where all was told
                event = {}
            name, _, value = line.partition(": ")
            event[name] = value

    async def _take(self, told: dict[str, Any]) -> None:
        path, data = told["path"], told["data"]
        if told["topic"] == "kpis":
            key = (path, data["period"], data["start"])
            self.windows[key] = data
            self.told.append((*key, data["version"]))
        elif told["topic"] == "alerts":
            self.alerts.setdefault(data["alert"], []).append(data)
        else:
            await self._take_state(path, data)

    async def _take_state(self, path: str, data: dict[str, Any]) -> None:
        known = self.states.setdefault(path, [])
        if (since := data["revised_from"]) is None:
            if not known or data["start"] > known[-1][0]:  # it may have been read already, with what was revised
                known.append((data["start"], data["state"]))
            return
        begin = datetime.fromisoformat(since)
        spans = await self.spans(path, begin, datetime.now(UTC))
        self.states[path] = [one for one in known if one[0] < since] + [one for one in spans if one[0] >= since]

    async def spans(self, path: str, start: datetime, end: datetime) -> list[tuple[str, str]]:
        rows = await self.items(f"/api/v1/equipment/{path}/states", start=written(start), end=written(end))
        return [(_alike(row["start"]), row["state"]) for row in rows]


def _alike(instant: str) -> str:
    return written(datetime.fromisoformat(instant))


def _merged(states: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [one for number, one in enumerate(states) if not number or states[number - 1][1] != one[1]]


async def _report(publisher: Publisher, step: int, at: datetime) -> None:
    for number, name in enumerate(MACHINES):
        state = ("RUN", "RUN", "WAIT", "RUN", "STOP")[(step + number) % 5]
        heat = 90.0 if (step + 3 * number) % 12 == 0 else 40.0 + step % 7
        for signal, value in (("state", state), ("heat", heat)):
            payload = orjson.dumps({"t": written(at + timedelta(seconds=number)), signal: value})
            await publisher.publish(f"site/{name}/{signal}", payload)


async def _connected(platform: Platform) -> bool:
    return any(row["state"] == "up" for row in await platform.items("/api/v1/sources"))


async def _differences(platform: Platform, begin: datetime, late: datetime) -> list[str]:
    """Give in what the client differs from what the resources show."""
    found = [*await _of_windows(platform, begin, late), *await _of_alerts(platform)]
    for name in MACHINES:
        path, since = f"works/line/{name}", written(begin + STEP)
        shown = [one for one in _merged(await platform.spans(path, begin, datetime.now(UTC))) if one[0] >= since]
        known = [one for one in _merged(platform.states.get(path, [])) if one[0] >= since]
        if known != shown:
            found.append(f"states of {path}: {sorted(set(known) ^ set(shown))[:5]}")
    return found


async def _of_windows(platform: Platform, begin: datetime, late: datetime) -> list[str]:
    start, end = written(begin - timedelta(days=2)), written(datetime.now(UTC))
    rows = await platform.items("/api/v1/kpis", start=start, end=end, limit=10_000, kpi="utilisation")
    stored = {(row["path"], row["period"], _alike(row["start"])): row for row in rows}
    known = min([await _known_until(platform, f"works/line/{name}") for name in MACHINES])
    over = {key for key, row in stored.items() if datetime.fromisoformat(row["end"]) <= known - SURELY}
    found = [f"window {key} was not told" for key in over - platform.windows.keys()]
    found += [f"window {key} is not there" for key in platform.windows.keys() - stored.keys()]
    for key, told in platform.windows.items():
        row = stored.get(key)
        if row and (told["version"], told["values"]["utilisation"]) != (row["version"], row["value"]):
            found.append(f"window {key}: told {told['version']}, stored {row['version']}")
    if not any(row["version"] > 1 for (_, period, _), row in stored.items() if period == "hour"):
        found.append(f"what came late, of {late}, is not in the numbers")
    return found


async def _known_until(platform: Platform, path: str) -> datetime:
    now = datetime.now(UTC)
    asked = {"start": written(now - timedelta(days=1)), "end": written(now), "limit": 1}
    page = await platform.get(f"/api/v1/equipment/{path}/states", **asked)
    return datetime.fromisoformat(page["known_until"])


async def _of_alerts(platform: Platform) -> list[str]:
    shown = {row["id"]: row["state"] for row in await platform.items("/api/v1/alerts")}
    told = {alert: events[-1]["state"] for alert, events in platform.alerts.items()}
    found = [] if told == shown else [f"alerts: {sorted(set(told.items()) ^ set(shown.items()))[:5]}"]
    for alert, events in platform.alerts.items():
        if [event["number"] for event in events] != list(range(1, len(events) + 1)):
            found.append(f"alert {alert}: {[event['event'] for event in events]}")
    return found


async def test_a_platform_that_listens_through_kills_knows_all_there_is(tmp_path: Path) -> None:
    begin = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - STEPS * STEP
    late = begin + 5 * STEP + timedelta(minutes=3)  # it ran then
    async with AsyncExitStack() as stack:
        broker = await stack.enter_async_context(Mosquitto(tmp_path, max_queued_messages=0))
        site = Site(tmp_path / "site", broker.port, _free_port())
        await stack.enter_async_context(site.living())
        platform = await stack.enter_async_context(Platform(site.url))
        await platform.begin()
        listening = asyncio.create_task(platform.listen())
        publisher = await stack.enter_async_context(Publisher(broker.port))
        async with asyncio.timeout(PATIENCE):
            while not await _connected(platform):  # noqa: ASYNC110 - another process connects
                await asyncio.sleep(0.1)
        for step in range(STEPS + 1):
            await _report(publisher, step, begin + step * STEP)
            if step in KILLED:
                await site.kill(KILLED[step])
                await site.start(KILLED[step])
            await asyncio.sleep(0.1)
        await publisher.publish("site/press-1/state", orjson.dumps({"t": written(late), "state": "STOP"}))
        differs = ["everything"]
        until = asyncio.get_running_loop().time() + PATIENCE
        while differs and asyncio.get_running_loop().time() < until:
            await asyncio.sleep(0.5)
            differs = await _differences(platform, begin, late)
        listening.cancel()
        await asyncio.wait({listening})
    assert not differs, "\n".join(differs)
    assert platform.numbers == list(range(1, platform.last + 1))
    assert len(platform.told) == len(set(platform.told)), "each version of a window is told once"
    assert len(platform.alerts) >= len(MACHINES)
    assert len([key for key in platform.windows if key[1] == "hour"]) > len(MACHINES) * 12
    assert platform.breaks >= sum(role == "api" for role in KILLED.values())


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
