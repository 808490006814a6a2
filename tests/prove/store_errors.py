"""Have the store fail in every way that InfluxDB and what stands before it know: nothing is missing or doubled.

    collector ─► proxy ─► InfluxDB
                  └─ instead of passing a write on, or after it: one of `FAULTS`

Good lines are called unparseable too: whoever believed that would have dead letters, and there must be none.
"""

import asyncio
import gzip
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Final

import orjson

from tests.adapters.influxdb.proxy import WRITE, Proxy, Reply, Request
from tests.prove.killing import SEED
from tests.prove.mqtt_load import MqttLoad
from tests.prove.scene import SETTLED, Scene, tell

ROUNDS: Final = 24
"""How many faults there are, when nobody says otherwise."""

PASSED: Final = 12
"""Writes at most that InfluxDB answers between two faults; none at least. A batch that has waited is several writes."""

TIMEOUT: Final = "2 s"
"""How long the collector waits for an answer."""

PATIENCE: Final = 120.0
"""Seconds in which the next fault must have found its write."""


def _saying(status: int, words: str, headers: Mapping[str, str] | None = None) -> Reply:
    return Reply(status, orjson.dumps({"error": words}), headers or {})


FAULTS: Final[Mapping[str, Reply]] = {
    "400": _saying(400, "unable to parse 'sample,equipment=by-mqtt': missing fields"),
    "401": _saying(401, "authorization failed"),
    "429": _saying(429, "too many requests", {"Retry-After": "1"}),
    "500": _saying(500, "engine: error writing WAL entry: disk quota exceeded"),
    "503": Reply(503, b"<html><body>Service Unavailable</body></html>", {"Content-Type": "text/html"}),
    "silent": Reply(silent=True),
    "silent_though_stored": Reply(silent=True, stored=True),
    "reset": Reply(broken=True),
    "reset_though_stored": Reply(broken=True, stored=True),
    "truncated": Reply(500, b'{"error": "timeout"}', broken=True),
    "truncated_though_stored": Reply(200, b'{"results": []}', broken=True, stored=True),
    "500_though_stored": Reply(500, b'{"error": "timeout"}', stored=True),
}
"""What the collector gets instead of InfluxDB's answer to a write."""


def prove(rounds: int | None) -> dict[str, object]:
    """Give what was sent, what was found, and how often the store failed in which way."""
    return asyncio.run(failed(ROUNDS if rounds is None else rounds, tuple(FAULTS)))


async def failed(rounds: int, kinds: Sequence[str]) -> dict[str, object]:
    """Have so many writes fail, in these of the ways of `FAULTS`."""
    async with Scene(MqttLoad()) as scene, Proxy(scene.influx.url) as proxy:
        installation = scene.install(store={"url": proxy.url, "timeout": TIMEOUT})
        async with installation.living() as process:
            await installation.connected(process)
            scene.begin()
            await asyncio.sleep(SETTLED)
            faults = Faults(rounds, kinds)
            proxy.rule = faults.answer
            while faults.left:
                async with asyncio.timeout(PATIENCE):
                    await faults.next()
                tell(f"store failed {rounds - faults.left} of {rounds} times")
            await scene.end()
            await scene.arrived()
        return await scene.outcome(
            faults=faults.made.total(), kinds=dict(faults.made), dead_lettered=await installation.dead_letters()
        )


class Faults:
    """So many faults, each kind as often as the others, in an order that a seed decides; good answers between them."""

    def __init__(self, rounds: int, kinds: Sequence[str]) -> None:
        lot = random.Random(SEED)  # noqa: S311 - a proof that failed must be repeatable
        decks = (lot.sample(kinds, len(kinds)) for _ in range(-(-rounds // len(kinds))))
        self._coming = list(chain.from_iterable(decks))[:rounds]
        self._lot = lot
        self._passing = 0
        self._news = asyncio.Event()
        self.made: Counter[str] = Counter()
        """How often the store failed, by kind."""

    @property
    def left(self) -> int:
        """How many are still to come."""
        return len(self._coming)

    async def next(self) -> None:
        """Wait until one more was made."""
        self._news.clear()
        await self._news.wait()

    def answer(self, request: Request) -> Reply | None:
        """Give the proxy's rule: None lets InfluxDB answer."""
        if request.path != WRITE or not request.body or not self._coming:
            return None
        if self._passing:
            self._passing -= 1
            return None
        kind = self._coming[-1]
        if kind == "400" and b"\n" not in _lines(request):
            return None  # a line that stands alone and is refused is a bad line: nobody could tell
        self._coming.pop()
        self.made[kind] += 1
        self._passing = self._lot.randint(0, PASSED)
        self._news.set()
        return FAULTS[kind]


def _lines(request: Request) -> bytes:
    return gzip.decompress(request.body) if "Content-Encoding" in request.headers else request.body
