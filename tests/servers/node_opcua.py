"""A real OPC UA server that is not of asyncua's family: node-opcua, on loopback, told what to do line by line.

    with NodeOpcua(folder) as server:
        await server.add({"speed": ("Double", 1.5)})
        await server.write(Write("speed", 2.5, time=datetime(2024, 5, 17, tzinfo=UTC)))

It samples no faster than every 50 ms, joins fast writes unless told not to, ignores client handle 0, marks queues that
overflowed, leaves publish times empty, and reports a deleted node as BadNodeIdInvalid: as many a server on a shop
floor, and unlike asyncua's own. It belongs to no event loop, so that the tests of a module can share one.
"""

import asyncio
import json
import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO

import pytest

from tests.servers.opcua_write import NAMESPACE, USERS, Write

PATIENCE = 30.0
"""Seconds in which the server must start, stop or answer."""

_HOME = Path(__file__).parent / "node"


class NodeOpcua:
    """One server; entering the block starts it, leaving the block stops it."""

    def __init__(
        self,
        folder: Path,
        *,
        security: Sequence[str] = ("none",),
        trusting: bool = True,
        anonymous: bool = True,
        users: Mapping[str, str] | None = None,
        coalescing: int = 0,
        items: int = 1000,
        historized: int = 1000,
    ) -> None:
        """Configure it.

        Args:
            folder: where it keeps its certificates and its log.
            security: which of `none`, `sign`, `sign_and_encrypt` it offers.
            trusting: whether it accepts every client certificate.
            anonymous: whether it takes clients without a name.
            users: name to password.
            coalescing: milliseconds within which it joins a node's changes into one; 0: every change counts.
            items: how many monitored items it lets one request make.
            historized: of how many nodes it lets one request read the history.
        """
        self.port = _free_port()
        self._log = folder / "server.log"
        self._options = {
            "port": self.port,
            "folder": str(folder),
            "security": list(security),
            "trusting": trusting,
            "anonymous": anonymous,
            "users": dict(users or {}),
            "coalescing": coalescing,
            "items": items,
            "historized": historized,
            "namespace": NAMESPACE,
        }
        self._process: subprocess.Popen[str] | None = None
        self._answers: TextIO | None = None

    @property
    def endpoint(self) -> str:
        """Its address."""
        return f"opc.tcp://127.0.0.1:{self.port}/park"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start it and wait until it listens."""
        node = shutil.which("node")
        assert node, "this test needs node: apt install nodejs npm"
        assert (_HOME / "node_modules" / "node-opcua").exists(), f"this test needs node-opcua: npm ci --prefix {_HOME}"
        assert self._process is None, "the server runs already"
        read, write = os.pipe()
        self._answers = os.fdopen(read, encoding="utf-8")
        command = (node, "--no-warnings", _HOME / "server.mjs", json.dumps({**self._options, "answers": write}))
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=log, stderr=log, text=True, cwd=_HOME, pass_fds=(write,)
            )
        os.close(write)
        self._answer()

    def stop(self) -> None:
        """Have it close its sessions and end; nothing where it does not run."""
        self._end(_close_stdin)

    def kill(self) -> None:
        """Kill it as a power cut would; nothing where it does not run."""
        self._end(subprocess.Popen.kill)

    async def add(self, nodes: Mapping[str, tuple[str, Any]], *, historize: bool = False) -> None:
        """Add variables: name to built-in type and first value; a variable of that name goes first.

        Of those to `historize`, the server keeps in memory what they say from then on, clients or not.
        """
        listed = [{"node": node, "type": kind, "value": _json(value)} for node, (kind, value) in nodes.items()]
        await self._ask({"do": "add", "nodes": listed, "historize": historize})

    async def write(self, *writes: Write) -> None:
        """Write values, all at once and in order."""
        await self._ask({"do": "write", "values": [_as_json(write) for write in writes]})

    async def delete(self, node: str) -> None:
        """Delete a node."""
        await self._ask({"do": "delete", "node": node})

    async def refuse(self, service: str, status: str | None) -> None:
        """Answer every request for `service` (such as Publish) with the StatusCode of that name; None: no longer."""
        await self._ask({"do": "refuse", "service": service, "status": status})

    async def sessions(self) -> int:
        """Count its sessions."""
        return int((await self._ask({"do": "counts"}))["sessions"])

    async def until_sessions(self, count: int) -> None:
        """Wait until it has that many sessions, or fewer."""
        async with asyncio.timeout(PATIENCE):
            while await self.sessions() > count:  # noqa: ASYNC110 - it tells when asked, and only then
                await asyncio.sleep(0.01)

    async def _ask(self, command: Mapping[str, Any]) -> Any:
        process = self._process
        assert process is not None, "the server does not run"
        assert process.stdin is not None
        process.stdin.write(json.dumps(command) + "\n")
        process.stdin.flush()
        async with asyncio.timeout(PATIENCE):
            return await asyncio.to_thread(self._answer)

    def _answer(self) -> Any:
        assert self._answers is not None
        line = self._answers.readline()
        if not line:
            pytest.fail(f"node-opcua ended; it says:\n{self._log.read_text()}")
        answer = json.loads(line)
        assert "error" not in answer, answer["error"]
        return answer["done"]

    def _end(self, how: Callable[[subprocess.Popen[str]], None]) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        how(process)
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for stream in (process.stdin, self._answers):
            assert stream is not None
            stream.close()


@pytest.fixture(scope="session")
def node_opcua(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeOpcua]:
    """Give a server that is shared by all tests; it knows the users `USERS`.

    It makes 20 monitored items and reads 3 histories a request.
    """
    with NodeOpcua(tmp_path_factory.mktemp("node-opcua"), users=USERS, items=20, historized=3) as server:
        yield server


def _close_stdin(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.close()


def _as_json(write: Write) -> dict[str, Any]:
    time = None if write.time is None else (write.time - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    return {
        "node": write.node,
        "value": _json(write.value),
        "status": write.status,
        "time": time,
        "ticks": write.ticks,
        "type": write.type,
    }


def _json(value: Any) -> Any:
    """Give a number that JSON or JavaScript would not keep as text: the server knows its type."""
    if isinstance(value, float) and value - value != 0:
        return str(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
