"""The script a user would write: asyncua's callback, influxdb-client's batching WriteApi, a Point a change."""

import asyncio
import sys
from typing import Any

from asyncua.client.client import Client
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write.point import Point


async def main(endpoint: str, nodes: int, url: str, bucket: str) -> None:
    """Subscribe to the nodes of the bench server and write every change as a point, for ever."""
    with InfluxDBClient(url, token="", org="-") as influx, influx.write_api() as write_api:

        class Handler:
            def datachange_notification(self, node: Any, value: Any, data: Any) -> None:
                time = data.monitored_item.Value.SourceTimestamp
                point = Point("machine").tag("signal", node.nodeid.Identifier).field("value", value).time(time)
                write_api.write(bucket, record=point)

        async with Client(endpoint) as client:
            space = await client.get_namespace_index("urn:bench")
            subscription = await client.create_subscription(100, Handler())
            wanted = [client.get_node(f"ns={space};s=n{number}") for number in range(nodes)]
            await subscription.subscribe_data_change(wanted, queuesize=10_000, sampling_interval=0.0)  # type: ignore[call-overload]
            await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]))
