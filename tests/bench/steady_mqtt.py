"""Publishes to a broker at a steady rate, QoS 1, until it is ended: `steady_mqtt PORT TOPICS PER_SECOND`.

It is a process of its own and makes packets by hand: what it costs is little beside what it measures.
"""

import socket
import sys
import time
from datetime import UTC, datetime
from typing import Final

import orjson

BURST_S: Final = 0.05
"""Seconds between two bursts."""


def main(port: int, topics: int, per_second: int) -> None:
    """Publish `{"value": …, "time": …}` to `bench/s0` and so on."""
    name = b"steady"
    body = bytes.fromhex("00044d5154540402003c") + len(name).to_bytes(2) + name
    with socket.create_connection(("127.0.0.1", port)) as wire:
        wire.sendall(b"\x10" + bytes([len(body)]) + body)
        wire.recv(4)
        number, due = 0, time.monotonic()
        while True:
            packets = bytearray()
            for _ in range(int(per_second * BURST_S)):
                packets += _publish(number, topics)
                number += 1
            wire.sendall(packets)
            wire.settimeout(0)
            try:
                while wire.recv(1 << 16):
                    pass
            except BlockingIOError:
                pass
            wire.settimeout(None)
            due += BURST_S
            time.sleep(max(due - time.monotonic(), 0))


def _publish(number: int, topics: int) -> bytes:
    topic = f"bench/s{number % topics}".encode()
    payload = orjson.dumps({"value": number % 1000 + 0.5, "time": datetime.now(UTC)})
    body = len(topic).to_bytes(2) + topic + (number % 65535 + 1).to_bytes(2) + payload
    assert len(body) < 128, "its length takes one byte"
    return b"\x32" + bytes([len(body)]) + body


if __name__ == "__main__":
    main(*(int(given) for given in sys.argv[1:]))
