"""An OPC UA server whose nodes change as fast as it can, once a line arrives on stdin.

Nodes `nsu=urn:bench;s=n0` and on, Double; every change of one node has a source time of its own.
"""

import asyncio
import sys
from datetime import UTC, datetime, timedelta

from asyncua import ua
from asyncua.server.server import Server


async def main(endpoint: str, nodes: int, changes: int) -> None:
    """Serve for ever."""
    server = Server()
    await server.init()
    server.set_endpoint(endpoint)
    server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    space = await server.register_namespace("urn:bench")
    machine = await server.nodes.objects.add_object(space, "Machine")
    start = datetime.now(UTC) - timedelta(hours=1)
    ids = [ua.NodeId.from_string(f"ns={space};s=n{number}") for number in range(nodes)]
    for node in ids:
        await machine.add_variable(node, str(node.Identifier), -1.0)
        await server.write_attribute_value(node, _value(-1.0, start))
    async with server:
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        for number in range(changes):
            instant = start + timedelta(milliseconds=1 + number // nodes)
            await server.write_attribute_value(ids[number % nodes], _value(number + 0.5, instant))
            if number % nodes == 0:
                await asyncio.sleep(0)
        await asyncio.Event().wait()


def _value(value: float, instant: datetime) -> ua.DataValue:
    return ua.DataValue(ua.Variant(value, ua.VariantType.Double), None, _time(instant), _time(instant))


def _time(instant: datetime) -> ua.DateTime:
    return ua.DateTime.fromtimestamp(instant.timestamp(), UTC)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
