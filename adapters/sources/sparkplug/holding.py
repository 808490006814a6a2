"""Data that waits for the birth that tells what it means: bounded in bytes and in time. Pure."""

from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

from adapters.sources.mqtt.columns import Message
from adapters.sources.sparkplug.nodes import Device, EdgeNode

PATIENCE: Final = 60.0
"""Seconds for which data waits."""

BYTES: Final = 8 * 2**20
"""Payload bytes that may wait, of all edge nodes together."""


class Held(NamedTuple):
    """One message that waits."""

    node: EdgeNode
    """Whose it is."""

    device: Device
    """Whose birth it waits for."""

    message: Message
    """As it came."""

    until: float
    """By the clock, when it is given up."""


class Holding:
    """All messages that wait, the oldest first."""

    def __init__(self) -> None:
        self._waiting: deque[Held] = deque()
        self._bytes = 0

    def put(self, held: Held) -> list[Held]:
        """Let a message wait; give those that there is no room for any more."""
        self._waiting.append(held)
        self._bytes += len(held.message.payload)
        given_up = []
        while self._bytes > BYTES:
            given_up.append(self._pop())
        return given_up

    def overdue(self, clock: float) -> list[Held]:
        """Take out what has waited for too long."""
        given_up = []
        while self._waiting and self._waiting[0].until <= clock:
            given_up.append(self._pop())
        return given_up

    def take(self, which: Callable[[Held], bool]) -> list[Held]:
        """Take out some, in order."""
        taken = [held for held in self._waiting if which(held)] if self._waiting else []
        if taken:
            self._waiting = deque(held for held in self._waiting if not which(held))
            self._bytes -= sum(len(held.message.payload) for held in taken)
        return taken

    def _pop(self) -> Held:
        held = self._waiting.popleft()
        self._bytes -= len(held.message.payload)
        return held
