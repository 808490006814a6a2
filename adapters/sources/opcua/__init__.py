"""OPC UA servers as sources. Importing this loads no protocol library; `create` does."""

from typing import Final

from adapters.sources.contract import Points, Source
from adapters.sources.opcua.settings import OpcuaAddress, OpcuaSettings


def create(name: str, settings: OpcuaSettings, points: Points[OpcuaAddress]) -> Source:
    """Make the source; nothing is opened before `connect`."""
    from adapters.sources.opcua.source import OpcuaSource

    return OpcuaSource(name, settings, points)


KIND: Final = (OpcuaSettings, OpcuaAddress, create)
"""What `adapters.registry` asks for."""
