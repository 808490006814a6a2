"""Cut the network between the collector and all that it talks to, in every way that a network has.

    network of its own: collector ══ cable ══ Mosquitto, relay ─► node-opcua, relay ─► InfluxDB

`silent`     nothing passes for a while, and nobody is told
`blink`      the same, but for less than a link's keep-alive: nobody may notice
`reset`      every connection is reset
`half_open`  the other end forgets every connection while nothing passes: whoever speaks then is told that nobody knows

What the broker holds comes again, so none of it may be missing. What machines changed meanwhile may be, in a gap. Each
link must notice silence within one and a half of its keep-alive.
"""

import asyncio
import socket
import time
from collections import Counter
from collections.abc import Callable
from typing import Final

from tests.prove.installation import Installation
from tests.prove.mqtt_load import MqttLoad
from tests.prove.opcua_load import OpcuaLoad
from tests.prove.scene import SETTLED, Scene, tell
from tests.servers.far_net import FarNet, missing
from tests.servers.mosquitto import Mosquitto
from tests.servers.relay import Relay

ROUNDS: Final = 12
"""How often the network is cut, when nobody says otherwise; each kind as often as the others."""

KINDS: Final = ("silent", "blink", "reset", "half_open")
"""The ways, in the order in which they come."""

KEEPALIVE: Final = 3.0
"""Seconds; of each link, and the longest that the store's answer is waited for."""

BLINK: Final = 0.4
"""Seconds that a blink lasts; what TCP repeats after it may take as long again."""

SLACK: Final = 4.0
"""Seconds more until it has told of it: a farewell that nobody hears takes 3, the machine has other things to do."""

PATIENCE: Final = 60.0
"""Seconds in which all links must have noticed a cut, and be up again after it."""


def prove(rounds: int | None) -> dict[str, object]:
    """Give what was sent and found, and after how many seconds the slowest link noticed that nothing passes."""
    if reason := missing():
        return {"sent": 0, "stored": 0, "lost": 0, "doubled": 0, "skipped": reason}
    return asyncio.run(cut_off(ROUNDS if rounds is None else rounds))


async def cut_off(rounds: int) -> dict[str, object]:
    """Cut so many times; `failed` where a link did not notice in time, or noticed a blink."""
    with FarNet() as net:
        port = _free_port(net.here)
        mqtt = MqttLoad(options={"listener": f"{port} {net.here}"})
        opcua = OpcuaLoad()
        async with (
            Scene(mqtt, opcua) as scene,
            Relay(scene.influx.front_port, net.here) as store,
            Relay(opcua.plc.port, net.here) as plc,
        ):
            mqtt.more |= {"host": net.here, "port": port, "keepalive": f"{KEEPALIVE:g} s", "timeout": "2 s"}
            opcua.more |= {"endpoint": f"opc.tcp://{net.here}:{plc.port}/park", "keepalive": f"{KEEPALIVE:g} s"}
            opcua.more |= {"request_timeout": "2 s"}
            url = f"http://{net.here}:{store.port}"
            installation = scene.install(store={"url": url, "timeout": "2 s"}, prefix=net.prefix)
            cuts = Cuts(net, installation, mqtt.broker)
            async with installation.living() as process:
                await installation.connected(process)
                scene.begin()
                await asyncio.sleep(SETTLED)
                for number in range(rounds):
                    await cuts.make(KINDS[number % len(KINDS)])
                    tell(f"network cut {number + 1} of {rounds} times")
                await scene.end()
                await scene.arrived()
            return await scene.outcome(
                faults=cuts.made.total(),
                kinds=dict(cuts.made),
                noticed_s=round(cuts.slowest, 1),
                dead_lettered=await installation.dead_letters(),
                failed=[*cuts.failed, *await installation.letters()],
            )


class Cuts:
    """The cuts of one network, and what the collector's links made of them."""

    def __init__(self, net: FarNet, installation: Installation, broker: Mosquitto) -> None:
        self._net = net
        self._installation = installation
        self._broker = broker
        self.made: Counter[str] = Counter()
        """How many cuts there were, by kind."""
        self.slowest = 0.0
        """Seconds that the slowest link took to notice silence."""
        self.failed: list[str] = []
        """What a link did that it must not."""

    async def make(self, kind: str) -> None:
        """Cut the network in one of `KINDS`; return when every link is up again and has been for a while."""
        downs, ups = self._downs, self._ups
        match kind:
            case "silent":
                await self._silent(downs)
            case "blink":
                self._net.cut()
                await asyncio.sleep(BLINK)
                self._net.mend()
            case "reset":
                self._net.reset()
            case "half_open":
                self._net.cut()
                self._net.forget()
                await self._broker.restart()
                self._net.mend()
        if kind != "blink":
            sources = self._installation.sources
            await self._until(lambda: self._downs >= downs + sources and self._ups >= ups + sources)
        await asyncio.sleep(SETTLED)
        if kind == "blink" and self._downs > downs:
            self.failed.append(f"a link was given up for {BLINK} s of silence, its keep-alive is {KEEPALIVE} s")
        self.made[kind] += 1

    async def _silent(self, downs: int) -> None:
        begun = time.monotonic()
        self._net.cut()
        await self._until(lambda: self._downs >= downs + self._installation.sources)
        took = time.monotonic() - begun
        self.slowest = max(self.slowest, took)
        if took > 1.5 * KEEPALIVE + SLACK:
            self.failed.append(f"a link noticed silence after {took:.1f} s, its keep-alive is {KEEPALIVE} s")
        self._net.mend()

    @property
    def _downs(self) -> int:
        return self._installation.log.count("source down")

    @property
    def _ups(self) -> int:
        return self._installation.log.count("source connected")

    async def _until(self, reached: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not reached():  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.05)


def _free_port(host: str) -> int:
    with socket.socket() as free:
        free.bind((host, 0))
        return int(free.getsockname()[1])
