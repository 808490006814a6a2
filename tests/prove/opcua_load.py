"""A load of values that change in a real node-opcua, each change with a number of its own.

An OPC UA server does not keep for a client that is gone what changed meanwhile. A change counts as sent when node-opcua
has taken it.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from tests.servers.node_opcua import NodeOpcua
from tests.servers.opcua_write import Write, node_id

NODES: Final = 20
"""Nodes that change, each in every burst; a signal each."""

PAUSE: Final = 0.15
"""Seconds between two bursts. The server tells of every change: one that looks now and then would miss some when the
machine has other things to do."""


class OpcuaLoad:
    """Changes of the nodes of a real node-opcua."""

    def __init__(self, *, equipment: str = "by-opcua", source: Mapping[str, object] | None = None) -> None:
        """Configure it; `source` has other keys of the source, such as `endpoint`, and may be given later in `more`."""
        self.equipment = equipment
        self.link = "plc"
        self.kept = False
        self.more = dict(source or {})
        """Keys of the source besides its own, or instead of them."""
        self._sent: dict[int, datetime] = {}
        self._plc: NodeOpcua | None = None

    @property
    def plc(self) -> NodeOpcua:
        """The server, once the load is open."""
        assert self._plc is not None, "the load is not open"
        return self._plc

    @property
    def source(self) -> Mapping[str, object]:
        """The server."""
        periods = {"publishing_interval": "100ms", "sampling_interval": "0ms", "session_timeout": "10 s"}
        return {"name": self.link, "kind": "opcua", "endpoint": self.plc.endpoint, **periods} | self.more

    @property
    def signals(self) -> Sequence[Mapping[str, object]]:
        """A signal for each node."""
        return [{"name": f"o{n}", "source": self.link, "node": node_id(f"o{n}"), "type": "int"} for n in range(NODES)]

    @property
    def sent(self) -> Mapping[int, datetime]:
        """What the server has taken."""
        return self._sent

    async def open(self, folder: Path, stack: AsyncExitStack) -> None:
        """Start node-opcua; its first values are below 0."""
        self._plc = stack.enter_context(NodeOpcua(folder))
        await self._plc.add({f"o{n}": ("Int32", -1) for n in range(NODES)})

    async def send(self, stop: asyncio.Event) -> None:
        """Change every node again and again."""
        while not stop.is_set():
            now = datetime.now(UTC)
            now -= timedelta(microseconds=now.microsecond % 1000)
            first = len(self._sent)
            await self.plc.write(*(Write(f"o{n}", first + n, time=now) for n in range(NODES)))
            self._sent |= dict.fromkeys(range(first, first + NODES), now)
            await asyncio.sleep(PAUSE)
