"""Lose the broker that forty machines are read from: one alert, and one return, and nothing of the machines.

    machines ─► Mosquitto ─► collector ─► alerts ─► web hook
                    └─ killed, its port refused, for longer than `lost_after`

`prompt`  the machines speak as soon as the broker is back
`tardy`   they come back later than the broker: each of them is silent while the link is up, which is an alert of its
          own, and comes of the loss
`hung`    the broker is not killed but stopped, its links stay open: only silence tells; then it goes on

What is true is told all the same: in each round one machine is over its limit since before the broker died, and is
told of once, not again when it is back; another one is when the broker is back, and is told of then.
"""

import asyncio
import os
import signal
import tempfile
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import orjson
import sqlalchemy as sa
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from analytics.alertlog import act, read_events, read_standings
from analytics.faults import links
from analytics.faults.limits import LIMITS
from analytics.lifecycle import Action, AlertEvent, EventKind
from collector.records import Records
from tests.prove.scene import tell
from tests.prove.told import Hook, Told, living, records_of, write
from tests.servers.mosquitto import Mosquitto

ROUNDS: Final = 6
"""How often the broker is lost, when nobody says otherwise; each kind as often as the others."""

KINDS: Final = ("prompt", "tardy", "hung")
"""How the broker is lost, in the order in which it is."""

MACHINES: Final = 40
"""Machines that are read from the one broker."""

LOST_AFTER: Final = 3.0
"""Seconds after which a lost source is an alert."""

KEEPALIVE: Final = 2.0
"""Seconds; of the link: a broker that says nothing is given up after one and a half of it."""

STALE_AFTER: Final = 1.5
"""Seconds without a value after which a signal is stale."""

BEAT: Final = 0.25
"""Seconds between two values of a signal."""

LONGER: Final = 3.0
"""Seconds that the broker stays dead after its alert: what else there is to tell is told then."""

SETTLED: Final = 2.0
"""Seconds in which nothing happens between two rounds: what is told then is too much."""

TARDY: Final = 9.0
"""Seconds at most that tardy machines leave the broker alone, once its link is up again."""

PATIENCE: Final = 60.0
"""Seconds in which anything that is waited for must be told."""

NAMED: Final = 5
"""Notices at most that are named where too many were told."""

NORMAL, OVER, LIMIT = 70.0, 90.0, 80.0

_SOURCE: Final = "broker"
_DEVICE: Final = f"{links.SLUG} {links.subject_of(_SOURCE)}"


def prove(rounds: int | None) -> dict[str, object]:
    """Give how often the broker was lost, and what was told of it and of the machines."""
    return asyncio.run(_proved(ROUNDS if rounds is None else rounds))


async def _proved(rounds: int) -> dict[str, object]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        root = Path(name)
        (root / "broker").mkdir()
        folder = root / "park"
        broker = Mosquitto(root / "broker", persistence=False, max_queued_messages=0)
        async with broker, Hook(root) as hook, Plant(broker.port) as plant:
            write(folder, _line(broker.port), hook)
            proof = Losses(folder, broker, plant, hook)
            async with living(folder):
                await asyncio.sleep(SETTLED)
                for number in range(rounds):
                    await proof.round(number)
                    tell(f"source lost and back {number + 1} of {rounds} times, {len(hook.told)} notices")
                await asyncio.sleep(SETTLED)
            return await proof.verdict(rounds)


def _line(port: int) -> Mapping[str, object]:
    common = {"source": _SOURCE, "time": "t"}
    stale = {"stale": {"after": f"{STALE_AFTER:g} s"}}
    states = {"RUN": "producing", "STOP": "unplanned_stop"}
    return {
        "sources": [
            {
                "name": _SOURCE,
                "kind": "mqtt",
                "host": "127.0.0.1",
                "port": port,
                "keepalive": f"{KEEPALIVE:g} s",
                "lost_after": f"{LOST_AFTER:g} s",
            }
        ],
        "equipment": [
            {
                "id": machine,
                "signals": [
                    {
                        **common,
                        "name": "force",
                        "topic": machine,
                        "value": "force",
                        "type": "float",
                        "limits": [{"high": LIMIT}],
                        "faults": stale,
                    },
                    {**common, "name": "state", "topic": machine, "value": "state", "type": "text", "role": "state"}
                    | {"states": states},
                ],
            }
            for machine in _machines()
        ],
    }


def _machines() -> list[str]:
    return [f"m{number:02}" for number in range(MACHINES)]


class Plant:
    """The machines: each says its force and state every `BEAT`, while they speak and the broker is there."""

    def __init__(self, port: int) -> None:
        self.speaks = True
        """Whether they speak."""
        self.over: set[str] = set()
        """Machines whose force is over its limit."""
        self._port = port
        self._client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        self._client.reconnect_delay_set(0.1, 0.1)  # type: ignore[arg-type]  # a float does
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self._client.connect, "127.0.0.1", self._port)
        self._client.loop_start()
        self._task = asyncio.create_task(self._speak(), name="plant")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.wait({self._task})
        self._client.disconnect()
        await asyncio.to_thread(self._client.loop_stop)

    async def _speak(self) -> None:
        while True:
            if self.speaks and self._client.is_connected():
                for machine in _machines():
                    force = OVER if machine in self.over else NORMAL
                    body = orjson.dumps({"t": datetime.now(UTC), "force": force, "state": "RUN"})
                    self._client.publish(machine, body, qos=1)
            await asyncio.sleep(BEAT)


class Losses:
    """The rounds, and what must be told of them."""

    def __init__(self, folder: Path, broker: Mosquitto, plant: Plant, hook: Hook) -> None:
        self._folder = folder
        self._broker = broker
        self._plant = plant
        self._hook = hook
        self._true: list[str] = []
        self._failed: list[str] = []
        self._kinds: Counter[str] = Counter()
        self._slowest = 0.0

    async def round(self, number: int) -> None:
        """Lose the broker once; return when it is back, and all that is to be told of it is told."""
        kind = KINDS[number % len(KINDS)]
        before, later = (f"m{(2 * number + one) % MACHINES:02}" for one in range(2))
        begun = len(self._hook.told)
        self._true += [before, later]
        self._plant.over.add(before)
        await self._told(f"{before} is over its limit", begun, _of(before), begins=True)
        await self._lose(kind)
        died = asyncio.get_running_loop().time()
        lost = await self._told("the source is lost", begun, _DEVICE, begins=True)
        self._slowest = max(self._slowest, lost.at - died) if lost is not None else self._slowest
        await asyncio.sleep(LONGER)
        self._plant.speaks = kind != "tardy"
        self._plant.over.add(later)
        await self._bring_back(kind)
        back = await self._told("the source is back", begun, _DEVICE, begins=False)
        if kind == "tardy":
            await self._silent(begun)
            self._plant.speaks = True
        over = await self._told(f"{later} is over its limit", begun, _of(later), begins=True)
        if back is not None and over is not None and over.at < back.at:
            self._failed.append(f"{later} was told of before its source was back")
        self._plant.over.clear()
        for machine in (before, later):
            await self._told(f"{machine} is in order", begun, _of(machine), begins=False)
        await self._acknowledge()
        self._kinds[kind] += 1
        await asyncio.sleep(SETTLED)

    async def _lose(self, kind: str) -> None:
        if kind == "hung":
            os.kill(self._broker.pid, signal.SIGSTOP)
        else:
            await self._broker.kill()

    async def _bring_back(self, kind: str) -> None:
        if kind == "hung":
            os.kill(self._broker.pid, signal.SIGCONT)
        else:
            await self._broker.start()

    async def _told(self, words: str, after: int, subject: str, *, begins: bool) -> Told | None:
        """Wait until something is told since a round began; say where it is not."""
        found = await self._hook.next(
            lambda one: _subject(one) == subject and one.begins is begins, after=after, seconds=PATIENCE
        )
        if found is None:
            self._failed.append(f"not told: {words}")
        return found

    async def _silent(self, begun: int) -> None:
        """Wait until the silence of every machine is an alert that nobody is told of, or as long as may be."""
        async with Records(records_of(self._folder)) as records:
            until = asyncio.get_running_loop().time() + TARDY
            while asyncio.get_running_loop().time() < until and not any(
                one.data.get("detector") == "stale" for one in self._hook.told[begun:]
            ):
                standing = await records.run(lambda connection: read_standings(connection, active=True))
                if sum(one.alert.detector == "stale" for one in standing) >= MACHINES:
                    return
                await asyncio.sleep(0.1)
        self._failed.append("the machines' silence was no alert while its source settled")

    async def _acknowledge(self) -> None:
        """Have a person acknowledge everything, so that the next loss is an alert of its own."""

        def write(connection: sa.Connection) -> None:
            for one in read_standings(connection):
                if one.acknowledged is None and one.closed is None:
                    act(connection, Action(EventKind.ACKNOWLEDGED, "proof", alert=one.id), now=datetime.now(UTC))

        async with Records(records_of(self._folder)) as records:
            await records.run(write)

    async def verdict(self, rounds: int) -> dict[str, object]:
        """Judge what was told, and what stands in the records."""
        told = self._hook.told
        true = Counter({_of(machine): self._true.count(machine) for machine in self._true})
        wanted: Counter[tuple[str, bool]] = Counter()
        for subject, times in [*true.items(), (_DEVICE, rounds)]:
            wanted[subject, True] = wanted[subject, False] = times
        found = Counter((_subject(one), one.begins) for one in told)
        strange = sum((found - wanted).values())
        missing = sum((wanted - found).values())
        false = [one for one in told if _subject(one) not in {_DEVICE, *true}]
        too_many = [f"{subject} {'raised' if begins else 'returned'}" for subject, begins in found - wanted]
        async with Records(records_of(self._folder)) as records:
            events = await records.run(read_events)
        failed = [*self._failed, *(f"a signature was wrong: {one}" for one in self._hook.forged[:1])]
        failed += [f"told too often: {one}" for one in too_many[:NAMED]]
        suppressed, by_source = _suppressed(events)
        return {
            "sent": wanted.total(),
            "stored": wanted.total() - missing,
            "lost": missing,
            "doubled": strange - len(false),
            "gap_covered": 0,
            "rounds": rounds,
            "kinds": dict(self._kinds),
            "machines": MACHINES,
            "raised": found[_DEVICE, True],
            "returned": found[_DEVICE, False],
            "told_of_machines": len(false),
            "suppressed": suppressed,
            "of_it_by_the_source": by_source,
            "true_faults": true.total(),
            "true_faults_told": sum(min(found[subject, True], times) for subject, times in true.items()),
            "raised_after_s": round(self._slowest, 1),
            "received_again": self._hook.again,
            "failed": failed,
        }


def _of(machine: str) -> str:
    """Give detector and signal of a machine's limit."""
    return f"{LIMITS.slug} works/line/{machine}/force"


def _subject(one: Told) -> str:
    """Give detector and signal of what is told."""
    return f"{one.data.get('detector')} {one.data.get('signal')}"


def _suppressed(events: list[AlertEvent]) -> tuple[int, int]:
    """Count how often alerts of machines were suppressed, and how often a source's alert did that."""
    parents = {one.alert for one in events if one.standing.alert.detector == links.SLUG}
    by = [
        one.standing.suppressed_by
        for one in events
        if one.kind is EventKind.SUPPRESSED and one.standing.alert.detector != links.SLUG
    ]
    return len(by), sum(parent in parents for parent in by)
