"""A Sparkplug B edge node with its devices, on a real broker: what a gateway on a shop floor does, by paho in a thread.

    async with EdgeNode(broker.port, {"": {}, "press": {"Speed": Metric(10, 1.5, NOON)}}) as node:
        await node.report("press", Change("Speed", 2.5, NOON + second))

It is born when the block is entered, answers `Node Control/Rebirth`, numbers its messages, names metrics by alias after
the birth, and has a will; `die` cuts its link, so that the broker publishes that. Births report each metric's last
value with the time of that, as gateways do that report by exception.
"""

import asyncio
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from adapters.sources.sparkplug.payload_pb2 import Metric as Encoded
from adapters.sources.sparkplug.payload_pb2 import Payload, PropertySet, PropertyValue

PATIENCE = 10.0
"""Seconds in which the broker must take a message."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

INT64, DOUBLE, BOOLEAN, STRING = 4, 10, 11, 12


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric, and its last value."""

    datatype: int
    value: Any = None
    time: datetime = EPOCH + timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Change:
    """One value to report."""

    name: str
    value: Any
    time: datetime
    historical: bool = False
    quality: int | None = None


def ms(instant: datetime) -> int:
    """Give an instant in ms since 1970."""
    return (instant - EPOCH) // timedelta(milliseconds=1)


def encoded(datatype: int, value: Any, at: datetime, **others: Any) -> Encoded:
    """Encode one metric; the value None is null."""
    metric = Encoded(datatype=datatype, timestamp=ms(at), **others)
    if value is None:
        metric.is_null = True
    elif datatype == DOUBLE:
        metric.double_value = value
    elif datatype == BOOLEAN:
        metric.boolean_value = value
    elif datatype == STRING:
        metric.string_value = value
    else:
        metric.long_value = value % 2**64
    return metric


class EdgeNode:
    """One edge node; entering the block connects and bears it, leaving it says farewell."""

    def __init__(
        self,
        port: int,
        devices: Mapping[str, Mapping[str, Metric]],
        *,
        user: str = "",
        password: str = "",
        qos: int = 0,
        answers: bool = True,
    ) -> None:
        """Publish to the broker on loopback at `port`; `devices` by name, the nameless one is the edge node itself."""
        self.group, self.name = "works", "gateway"
        self.metrics = {device: dict(metrics) for device, metrics in devices.items()}
        self.births = 0
        """How many times it was born."""
        self.answers = answers
        """Whether it answers when it is asked for a rebirth."""
        self.asked = 0
        """How many times it was asked."""
        self._port = port
        self._credentials = (user, password)
        self._qos = qos
        self._seq = 0
        self._bd_seq = -1
        self._lock = threading.RLock()
        self._born = threading.Condition(self._lock)
        self._client = self._made()

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.disconnect()
        await asyncio.to_thread(self._client.loop_stop)

    async def connect(self) -> None:
        """Begin a session: will, subscription, births."""
        births = self.births
        self._bd_seq += 1
        self._client = self._made()
        will = Payload(timestamp=time.time_ns() // 10**6, metrics=[self._bd_seq_metric()])
        self._client.will_set(self._topic("NDEATH"), will.SerializeToString(), qos=1)
        await asyncio.to_thread(self._client.connect, "127.0.0.1", self._port)
        self._client.loop_start()
        await self.until_births(births + 1)
        await self.heard()

    async def die(self) -> None:
        """Be cut off, without a word of farewell."""
        client = self._client
        client.on_message = None
        sock = client.socket()
        assert sock is not None
        await asyncio.to_thread(client.loop_stop)
        sock.close()

    async def report(self, device: str, *changes: Change, skip: int = 0) -> None:
        """Report changes in one message; `skip` numbers before it, as if as many messages had been lost."""
        self._sent(device, changes, skip)
        await self.heard()

    async def report_each(self, device: str, *changes: Change) -> None:
        """Report each change in a message of its own."""
        for change in changes:
            self._sent(device, [change], 0)
        await self.heard()

    async def send(self, verb: str, device: str, payload: bytes) -> None:
        """Publish any payload under the next number."""
        with self._lock:
            self._next()
            self._client.publish(self._topic(verb, device), payload, qos=self._qos)
        await self.heard()

    async def heard(self) -> None:
        """Wait until the broker has taken all that was published: whoever subscribes later does not get it any more.

        It takes packets in their order, and acknowledges those of QoS 1.
        """
        last = self._client.publish(f"heard/{self.group}/{self.name}", b"", qos=1)
        await asyncio.to_thread(last.wait_for_publish, PATIENCE)
        assert last.is_published(), "the broker did not take what was published"

    async def lose(self, device: str) -> None:
        """Say that a device is gone."""
        await self.send("DDEATH", device, Payload(timestamp=time.time_ns() // 10**6, seq=self._seq).SerializeToString())

    async def until_births(self, births: int) -> None:
        """Wait until it has been born so many times."""

        def wait() -> None:
            with self._born:
                assert self._born.wait_for(lambda: self.births >= births, PATIENCE), "it was not born"

        await asyncio.to_thread(wait)

    def bear(self) -> None:
        """Publish the births of the edge node and of its devices."""
        with self._born:
            now = time.time_ns() // 10**6
            self._seq = 0
            for device in sorted(self.metrics):
                payload = Payload(timestamp=now, seq=self._next())
                if not device:
                    payload.metrics.append(self._bd_seq_metric())
                for name, metric in self.metrics[device].items():
                    payload.metrics.append(
                        encoded(metric.datatype, metric.value, metric.time, name=name, alias=self._alias(device, name))
                    )
                verb = "DBIRTH" if device else "NBIRTH"
                self._client.publish(self._topic(verb, device), payload.SerializeToString(), qos=self._qos)
            self.births += 1
            self._born.notify_all()

    def _sent(self, device: str, changes: Any, skip: int) -> Any:
        with self._lock:
            self._seq += skip
            payload = Payload(timestamp=time.time_ns() // 10**6, seq=self._next())
            for change in changes:
                metric = self.metrics[device][change.name]
                one = encoded(metric.datatype, change.value, change.time, alias=self._alias(device, change.name))
                if change.historical:
                    one.is_historical = True
                else:
                    self.metrics[device][change.name] = Metric(metric.datatype, change.value, change.time)
                if change.quality is not None:
                    told = PropertyValue(type=3, int_value=change.quality)
                    one.properties.CopyFrom(PropertySet(keys=["Quality"], values=[told]))
                payload.metrics.append(one)
            verb = "DDATA" if device else "NDATA"
            return self._client.publish(self._topic(verb, device), payload.SerializeToString(), qos=self._qos)

    def _made(self) -> Client:
        client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        user, password = self._credentials
        if user:
            client.username_pw_set(user, password)
        client.on_connect = self._on_connect
        client.on_message = self._on_message
        return client

    def _on_connect(self, client: Client, *_: Any) -> None:
        client.subscribe(self._topic("NCMD"), qos=0)
        self.bear()

    def _on_message(self, client: Client, userdata: object, message: MQTTMessage) -> None:
        del client, userdata
        for metric in Payload.FromString(bytes(message.payload)).metrics:
            if metric.name == "Node Control/Rebirth" and metric.boolean_value:
                self.asked += 1
                if self.answers:
                    self.bear()

    def _topic(self, verb: str, device: str = "") -> str:
        return f"spBv1.0/{self.group}/{verb}/{self.name}" + (f"/{device}" if device else "")

    def _next(self) -> int:
        number = self._seq % 256
        self._seq = (number + 1) % 256
        return number

    def _alias(self, device: str, name: str) -> int:
        every = [(one, metric) for one in sorted(self.metrics) for metric in self.metrics[one]]
        return every.index((device, name))

    def _bd_seq_metric(self) -> Encoded:
        return Encoded(name="bdSeq", datatype=8, long_value=self._bd_seq, timestamp=time.time_ns() // 10**6)
