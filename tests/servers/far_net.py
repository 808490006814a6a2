"""A network of its own, joined to this machine's by one cable: what runs in it sees servers here as on another machine.

    with FarNet() as net:
        … start a server that listens on net.here …
        … start a client with the words net.prefix before its command …
        net.cut()           nothing passes any more, and nobody is told
        net.reset()         every connection over the cable is reset, both ends are told
        net.forget()        this end forgets every connection; the other is told, unless the cable is cut
        net.mend()

It is a network namespace and a pair of virtual interfaces, so it needs Linux and root: `missing` says what a test that
wants one lacks. A cut sends frames to an address that nobody has: a cable that is pulled out in a switch far away.
"""

import os
import shutil
import subprocess
import sys
from contextlib import ExitStack
from types import TracebackType
from typing import Final, Self

NOBODY: Final = "02:00:00:00:00:01"
"""An Ethernet address that no interface has."""


class FarNet:
    """A network; entering the block makes it, leaving the block takes it away."""

    def __init__(self) -> None:
        """Choose names and addresses that are free: those of RFC 2544, which no real network has."""
        number = os.getpid() % 2**14
        self._name = f"parkline-{number}"
        self._cable = f"pl{number}"
        first = f"198.{18 + number // 2**13}.{number // 2**6 % 2**7}.{number % 2**6 * 4}".rsplit(".", 1)
        self.here = f"{first[0]}.{int(first[1]) + 1}"
        """Address of this machine on the cable."""
        self.there = f"{first[0]}.{int(first[1]) + 2}"
        """Address of the far end."""
        self._stack = ExitStack()

    @property
    def prefix(self) -> tuple[str, ...]:
        """Words that run a command over there."""
        return (_found("ip"), "netns", "exec", self._name)

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            _ip("netns", "add", self._name)
            stack.callback(_ip, "netns", "del", self._name)
            _ip("link", "add", f"{self._cable}h", "type", "veth", "peer", f"{self._cable}t", "netns", self._name)
            stack.callback(_ip, "link", "del", f"{self._cable}h")  # both ends, at once: the namespace takes its time
            _ip("address", "add", f"{self.here}/30", "dev", f"{self._cable}h")
            _ip("link", "set", f"{self._cable}h", "up")
            _ip("-n", self._name, "address", "add", f"{self.there}/30", "dev", f"{self._cable}t")
            _ip("-n", self._name, "link", "set", f"{self._cable}t", "up")
            _ip("-n", self._name, "link", "set", "lo", "up")
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def cut(self) -> None:
        """Let nothing pass, in neither direction."""
        _ip("neighbour", "replace", self.there, "lladdr", NOBODY, "dev", f"{self._cable}h", "nud", "permanent")
        far = ("-n", self._name, "neighbour", "replace", self.here, "lladdr", NOBODY)
        _ip(*far, "dev", f"{self._cable}t", "nud", "permanent")

    def mend(self) -> None:
        """Let everything pass again."""
        _ip("neighbour", "del", self.there, "dev", f"{self._cable}h")
        _ip("-n", self._name, "neighbour", "del", self.here, "dev", f"{self._cable}t")

    def reset(self) -> None:
        """Reset every connection that the far end has."""
        subprocess.run((*self.prefix, *_kill(self.here)), check=True, capture_output=True)

    def forget(self) -> None:
        """Reset every connection that this end has; while the cable is cut, the far end does not learn of it."""
        subprocess.run(_kill(self.there), check=True, capture_output=True)


def missing() -> str:
    """Tell why there can be no such network here; empty where it can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "needs Linux and root: it makes a network namespace"
    if not (_found("ip") and _found("ss")):
        return "needs ip and ss: apt install iproute2"
    try:
        with FarNet() as net:
            net.reset()
    except subprocess.CalledProcessError as error:
        return f"cannot make a network namespace here: {error}"
    return ""


def _kill(address: str) -> tuple[str, ...]:
    return (_found("ss"), "--kill", "--tcp", "dst", address)


def _ip(*words: str) -> None:
    subprocess.run((_found("ip"), *words), check=True, capture_output=True)


def _found(tool: str) -> str:
    """Find a tool; Debian keeps these where a user's PATH may not reach."""
    return shutil.which(tool) or shutil.which(tool, path="/usr/sbin:/sbin") or ""
