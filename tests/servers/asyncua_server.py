"""asyncua's own OPC UA server, on loopback, in a thread and an event loop of its own.

    with AsyncuaServer() as server:
        await server.add({"speed": ("Double", 1.5)})
        await server.write(Write("speed", 2.5, time=datetime(2024, 5, 17, tzinfo=UTC)))

It reports every write, drops the oldest when a queue is full without marking that, and ends a subscription whose node
is deleted. It belongs to no event loop of a test, so that the tests of a module can share one.
"""

import asyncio
from collections.abc import Coroutine, Iterator, Mapping
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from threading import Thread
from types import TracebackType
from typing import Any, Self, TypeVar

import pytest
from asyncua import ua
from asyncua.common.node import Node  # noqa: TC002 - asyncua's types stay together
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.server.server import Server
from asyncua.server.user_managers import UserManager
from asyncua.ua.status_codes import StatusCodes

from tests.servers.opcua_write import NAMESPACE, USERS, Write

PATIENCE = 30.0
"""Seconds in which the server must start, stop or do what it is told."""

T = TypeVar("T")


class AsyncuaServer(UserManager):
    """One server; entering the block starts it, leaving the block stops it."""

    def __init__(self, users: Mapping[str, str] | None = None) -> None:
        """Configure it; with `users` (name to password) nobody else with a name may log in."""
        self.port = 0
        self._users = users or {}
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="asyncua server", daemon=True)
        self._server = Server(user_manager=self)
        self._nodes: dict[str, tuple[Node, ua.VariantType]] = {}

    def __enter__(self) -> Self:
        self._thread.start()
        self._run(self._start()).result(PATIENCE)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._run(self._stop()).result(PATIENCE)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()

    @property
    def endpoint(self) -> str:
        """Its address."""
        return f"opc.tcp://127.0.0.1:{self.port}/park"

    def get_user(
        self, iserver: Any, username: str | None = None, password: str | None = None, certificate: Any = None
    ) -> User | None:
        """Let anonymous clients in, and users with the right password."""
        del iserver, certificate
        known = username is None or self._users.get(username) == password
        return User(role=UserRole.User, name=username) if known else None

    async def add(self, nodes: Mapping[str, tuple[str, Any]]) -> None:
        """Add variables: name to built-in type and first value; one that is there gets that value."""
        await asyncio.wrap_future(self._run(self._add(nodes)))

    async def write(self, *writes: Write) -> None:
        """Write values, all at once and in order."""
        await asyncio.wrap_future(self._run(self._write(writes)))

    def _run(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    async def _start(self) -> None:
        await self._server.init()
        self._server.set_endpoint("opc.tcp://127.0.0.1:0/park")
        self._server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
        self._space = await self._server.register_namespace(NAMESPACE)
        await self._server.start()
        assert self._server.bserver is not None
        self.port = self._server.bserver.port

    async def _stop(self) -> None:
        await self._server.stop()
        left = asyncio.all_tasks() - {asyncio.current_task()}  # of sessions whose clients went without a farewell
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _add(self, nodes: Mapping[str, tuple[str, Any]]) -> None:
        for name, (kind, value) in nodes.items():
            type_ = ua.VariantType[kind]
            if name in self._nodes:
                await self._nodes[name][0].write_value(value, type_)
                continue
            node = await self._server.nodes.objects.add_variable(
                ua.NodeId(ua.String(name), ua.Int16(self._space)), f"{self._space}:{name}", value, type_
            )
            self._nodes[name] = node, type_

    async def _write(self, writes: tuple[Write, ...]) -> None:
        for write in writes:
            node, type_ = self._nodes[write.node]
            variant = ua.Variant() if write.value is None else ua.Variant(write.value, type_)
            happened: Any = (write.time or datetime.now(UTC)) + timedelta(microseconds=write.ticks // 10)
            now: Any = datetime.now(UTC)
            status = ua.StatusCode(getattr(StatusCodes, write.status))
            value = ua.DataValue(variant, status, SourceTimestamp=happened, ServerTimestamp=now)
            await self._server.write_attribute_value(node.nodeid, value)


@pytest.fixture(scope="session")
def asyncua_server() -> Iterator[AsyncuaServer]:
    """Give a server that is shared by all tests, and that knows the users `USERS`."""
    with AsyncuaServer(USERS) as server:
        yield server
