"""The far end of a group's robot: a web server that checks what it is sent, and channels that lead to it."""

from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import orjson

from adapters.channels.contract import Channel
from adapters.registry import channel_kind
from tests.adapters.channels.receiver import HttpReceiver, Reply, Request
from tests.conformance.channel import SHORT, Received, Silence


@dataclass(frozen=True, slots=True)
class Robot:
    """One kind of robot, as its product runs it."""

    kind: str
    """Kind of the channel."""

    path: str
    """Path and query of its address, with its token."""

    hidden: Collection[str]
    """What must not be told."""

    settings: Mapping[str, Any]
    """Settings besides the address."""

    text: Callable[[Mapping[str, Any]], str]
    """Gives the text of a body."""

    verify: Callable[[Request], None]
    """Asserts that a request is addressed and signed as it must be."""

    good: bytes = b'{"errcode":0,"errmsg":"ok"}'
    """What it answers to what it says."""

    refused: bytes = b""
    """What it answers, with HTTP 200, to a stranger."""

    busy: bytes = b""
    """What it answers, with HTTP 200, to somebody in haste."""

    def channel(self, origin: str, **settings: Any) -> Channel:
        """Make a channel to it at `origin`."""
        kind = channel_kind(self.kind)
        return kind.create(
            "班组", kind.settings.model_validate({"url": origin + self.path, **self.settings, **settings})
        )


class RobotFarEnd:
    """What stands at the other end of a robot's channel."""

    def __init__(self, robot: Robot, receivers: Mapping[str, HttpReceiver], silence: Silence) -> None:
        self.silence = silence
        self.hidden = robot.hidden
        self.channel = robot.channel(receivers["good"].url)
        self.refused = robot.channel(receivers["refused"].url)
        self.busy = robot.channel(receivers["busy"].url)
        self.silent = robot.channel(f"http://127.0.0.1:{silence.port}", timeout=SHORT)
        self.patient = robot.channel(f"http://127.0.0.1:{silence.port}", timeout="1 min")
        self._robot = robot
        self._receiver = receivers["good"]

    async def received(self) -> Received:
        request = await self._receiver.taken.get()
        self._robot.verify(request)
        return Received(None, self._robot.text(orjson.loads(request.body)))

    async def stop(self) -> None:
        await self._receiver.stop()

    async def start(self) -> None:
        await self._receiver.start()


@asynccontextmanager
async def far_end(robot: Robot) -> AsyncIterator[RobotFarEnd]:
    """Run a robot that is good, one that refuses, one that is busy and one that is silent."""
    async with HttpReceiver() as good, HttpReceiver() as refused, HttpReceiver() as busy, Silence() as silence:
        json = {"Content-Type": "application/json"}
        good.rule = lambda _: Reply(200, robot.good, json)
        refused.rule = lambda _: Reply(200, robot.refused, json)
        busy.rule = lambda _: Reply(200, robot.busy, json)
        yield RobotFarEnd(robot, {"good": good, "refused": refused, "busy": busy}, silence)
