"""Who reads what channels publish: a subscriber by paho, and a broker that says one thing to everybody."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.subscribeoptions import SubscribeOptions


class Subscriber:
    """Subscribes to a topic of the broker on loopback while the block lasts, and again whenever the broker is back."""

    def __init__(self, port: int, topic: str, *, user: str = "", password: str = "") -> None:
        self.messages: asyncio.Queue[MQTTMessage] = asyncio.Queue(1000)
        """What came, until somebody takes it out."""
        self._port = port
        self._topic = topic
        self._loop = asyncio.get_running_loop()
        self._ready = asyncio.Event()
        self._client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = self._subscribe
        self._client.on_subscribe = self._told(self._ready.set)
        self._client.on_disconnect = self._told(self._ready.clear)
        self._client.on_message = self._take
        if user:
            self._client.username_pw_set(user, password)

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self._client.connect, "127.0.0.1", self._port)
        self._client.loop_start()
        await self.ready()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.disconnect()
        await asyncio.to_thread(self._client.loop_stop)

    async def ready(self) -> None:
        """Wait until it is subscribed."""
        async with asyncio.timeout(10):
            await self._ready.wait()

    def _subscribe(self, client: Client, *_: Any) -> None:
        client.subscribe(self._topic, options=SubscribeOptions(qos=1))

    def _told(self, deed: Callable[[], None]) -> Callable[..., None]:
        def tell(*_: Any) -> None:
            self._loop.call_soon_threadsafe(deed)

        return tell

    def _take(self, client: Client, userdata: object, message: MQTTMessage) -> None:
        del client, userdata
        self._loop.call_soon_threadsafe(self.messages.put_nowait, message)


class Script:
    """A broker on loopback that answers each packet with the next of some bytes, and then hangs up."""

    def __init__(self, *answers: bytes) -> None:
        self._answers = answers
        self._server: asyncio.Server

    @property
    def port(self) -> int:
        """Its port on 127.0.0.1."""
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.CancelledError):
            for answer in self._answers:
                await reader.read(65536)
                writer.write(answer)
                await writer.drain()
        writer.close()
