"""The servers that these tests share."""

from tests.servers.asyncua_server import asyncua_server
from tests.servers.node_opcua import node_opcua

__all__ = ["asyncua_server", "node_opcua"]
