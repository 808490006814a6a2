"""The script a user would write: paho's callback, influxdb-client's batching WriteApi, a Point a message."""

import json
import sys

from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write.point import Point
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion


def main(port: int, url: str, bucket: str) -> None:
    """Read the session `bench` and write every message as a point, for ever."""
    with InfluxDBClient(url, token="", org="-") as influx, influx.write_api() as write_api:

        def on_message(_: Client, __: object, message: MQTTMessage) -> None:
            payload = json.loads(message.payload)
            point = Point("machine").tag("signal", message.topic).field("value", payload["value"]).time(payload["time"])
            write_api.write(bucket, record=point)

        client = Client(CallbackAPIVersion.VERSION2, client_id="bench", protocol=MQTTProtocolVersion.MQTTv5)
        client.on_message = on_message
        client.connect("127.0.0.1", port, clean_start=False)
        client.loop_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3])
