"""One open link to a broker: paho speaks MQTT on it, asyncio carries it, nothing of it runs in a thread.

Messages and their receipts, which are nearly all that a link carries, pass paho by in bulk (`packets`).

    open ──► messages are collected ──► take, take, … ──► acknowledge, acknowledge, …
               │ enough waits untaken                       a PUBACK leaves for each message of QoS 1, never by itself
               └──► reading stops, the broker holds back (MQTT 5: `receive_maximum` holds it back before that)

A link is used once. After it broke, `take` still gives what had come, then raises; acknowledging is then without
effect: the session's next link gets those messages again.
"""

import asyncio
import ssl
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from adapters.sample import PAYLOAD_KEPT
from adapters.sources.contract import SourceError, SourceLostError, SourceRefusedError
from adapters.sources.mqtt import answers, packets
from adapters.sources.mqtt.columns import Message
from adapters.sources.mqtt.memory import UPTIME, started
from adapters.sources.mqtt.settings import MqttSettings, TlsSettings
from adapters.sources.mqtt.wire import Wire

WAITING_BYTES: Final = 16 * 2**20
"""Payload bytes that may wait untaken before reading stops; one more message may come on top."""

TOPICS_AT_ONCE: Final = 8
"""Topics in one SUBSCRIBE packet; AWS IoT takes no more."""

LONG_PACKET: Final = 64 * 2**10
"""Bytes; a longer PUBLISH that has not come whole is left to paho, which puts pieces together as they come."""

ASKED: Final = 2.0
"""Seconds at most in which a broker that resumes a session says whether it tells since when it runs."""

TOLD: Final = 0.5
"""Seconds at most that it then takes to tell."""

STEPPED_BACK: Final = 1_000_000_000
"""Nanoseconds; if the machine's clock is further behind the last arrival than this, it was set back."""

_HANDED_OVER: Final = 2
"""The QoS of a subscription that is none of ours; paho has said PUBREC, so the broker holds the message no more."""

_UPTIME: Final = UPTIME.encode()
_TAKEN_OVER: Final = 0x8E
_PINGREQ: Final = b"\xc0\x00"
_DISCONNECT: Final = b"\xe0\x00"
_SHUTDOWN: Final = 2.0


class Taken(NamedTuple):
    """Messages that came together."""

    messages: list[Message]
    """In order of arrival."""

    owed: list[int]
    """Packet identifiers of those of QoS 1, to be acknowledged."""


class Notice(NamedTuple):
    """What the broker publishes for this client, and keeps for those who subscribe later (QoS 1, retained)."""

    topic: str
    """Its topic."""

    payload: bytes
    """Its payload."""


class _Client(Client):
    """paho's client, on a wire that asyncio has opened."""

    def __init__(self, wire: Wire, **options: Any) -> None:
        super().__init__(CallbackAPIVersion.VERSION2, manual_ack=True, reconnect_on_failure=False, **options)
        self._wire = wire

    def _create_socket(self) -> Wire:
        """Give paho its socket; its WebSocket transport comes in by this method, too."""
        return self._wire


class Link:
    """One link, from opening to its end."""

    def __init__(self, source: str, settings: MqttSettings, client_id: str, will: Notice | None = None) -> None:
        """Prepare; `source` is named in errors, `will` is published by the broker when the link breaks."""
        self._source = source
        self._settings = settings
        self._client_id = client_id
        self._will = will
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self._wire = Wire(self._feed, self._on_end)
        self._client = self._paho()
        self._answer: tuple[ReasonCode, bool] | None = None
        self._granted: dict[int, Sequence[ReasonCode]] = {}
        self._taking = False
        self._over = False
        self._reason = ""
        self._cause: Exception | None = None
        self._messages: list[Message] = []
        self._owed: list[int] = []
        self._bytes = 0
        self._since = 0.0
        self._unacknowledged = 0
        self._topics: dict[bytes, str] = {}
        self._sys = False
        self._rest = 0
        self._latest = 0
        self._probe: asyncio.TimerHandle | None = None
        self._window = settings.receive_maximum if settings.protocol == "5" else 0
        self.unkept: set[str] = set()
        """Topics whose messages came with QoS 0: no session keeps those while the source is away."""
        self.resumed = False
        """Whether the broker still had the session and keeps messages in it."""
        self.denied: dict[str, str] = {}
        """Topics that the broker refuses to subscribe, and why."""
        self.started: datetime | None = None
        """When the broker started, UTC, where it was asked and has told."""
        self.closed = False
        """Whether the broker closed the link, as it does when another client takes it over."""
        self._asked: int | None = None

    @property
    def alive(self) -> datetime:
        """When something last came from the broker, UTC."""
        return self._wire.heard

    @property
    def unanswered(self) -> bool:
        """Whether the broker was asked since when it runs, and has not even refused to tell."""
        return self._asked is not None and self._asked not in self._granted

    async def open(self, topics: Sequence[str], *, asking: bool = False) -> None:
        """Connect and subscribe; with `asking`, ask the broker since when it runs.

        Raises:
            SourceUnreachableError: nobody answers.
            SourceRefusedError: the broker refuses the link, or every topic; or its certificate is not trusted.
        """
        settings = self._settings
        try:
            async with asyncio.timeout(settings.timeout.total_seconds()):
                self._topics = {topic.encode(): topic for topic in topics}
                self._sys = any(topic.startswith("$SYS") for topic in topics)
                await self._connect()
                await self._subscribe(topics)
                if asking:
                    await self._ask()
        except TimeoutError as error:
            raise answers.unanswered(self._source, settings, connected=self._wire.connected) from error
        except OSError as error:
            raise answers.unopened(self._source, settings, error) from error
        self._taking = True
        self._feed()
        if not self._over:
            self._beat()

    async def take(self) -> Taken:
        """Wait for messages, then a little for more of them; give them all.

        Raises:
            SourceLostError: the link broke, and all that had come is taken.
        """
        if self._wire.unread and not self._messages:
            self._feed()
        await self._until(lambda: bool(self._messages))
        if not self._messages:
            reason = self._reason or answers.without_a_word(self._client_id, self._cause)
            raise SourceLostError(self._source, reason, alive=self.alive) from self._cause
        try:
            async with asyncio.timeout_at(self._since + self._settings.linger.total_seconds()):
                await self._until(self._ripe)
        except TimeoutError:
            pass
        taken = Taken(self._messages, self._owed)
        self._messages, self._owed, self._bytes = [], [], 0
        if self._wire.held:
            self._loop.call_soon(self._feed)
        return taken

    def acknowledge(self, owed: Sequence[int]) -> None:
        """Send the receipts of messages whose samples are safe."""
        self._unacknowledged -= len(owed)
        if owed and not self._over:
            self._wire.send(packets.pubacks(owed))

    def unsubscribe(self, topics: Sequence[str]) -> None:
        """Give up topics that the session still has from an earlier configuration."""
        if not self._over:
            self._client.unsubscribe([self._filter(topic) for topic in topics])

    def publish(self, topic: str, payload: bytes) -> None:
        """Send a message with QoS 0; without effect once the link is over."""
        if not self._over:
            self._client.publish(topic, payload)

    def announce(self, notice: Notice) -> None:
        """Send a message that the broker keeps; without effect once the link is over."""
        if not self._over:
            self._client.publish(notice.topic, notice.payload, qos=1, retain=True)

    async def close(self) -> None:
        """Say farewell, if there is a session to leave, and close, within 2 s; the broker keeps the session."""
        self._finish("the link is closed")
        await self._wire.end(_DISCONNECT if self._answer is not None else b"")

    def _paho(self) -> _Client:
        """Make paho's client, as the settings say."""
        settings = self._settings
        if settings.protocol == "5":
            client = _Client(self._wire, client_id=self._client_id, protocol=MQTTProtocolVersion.MQTTv5)
        else:
            client = _Client(
                self._wire,
                client_id=self._client_id,
                protocol=MQTTProtocolVersion.MQTTv311,
                clean_session=not settings.persistent,
            )
        if settings.user:
            password = settings.password.get_secret_value() if settings.password is not None else None
            client.username_pw_set(settings.user, password)
        if self._will is not None:
            client.will_set(self._will.topic, self._will.payload, qos=1, retain=True)
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.on_disconnect = self._on_disconnect
        return client

    async def _connect(self) -> None:
        """Open the wire and the session; raises OSError where the wire does not come up."""
        settings = self._settings
        tls = None if settings.tls is None else _context(self._source, settings.tls)
        await self._loop.create_connection(
            lambda: self._wire,
            settings.host,
            settings.tcp_port,
            ssl=tls,
            server_hostname=settings.host if tls else None,
            ssl_handshake_timeout=settings.timeout.total_seconds() if tls else None,
            ssl_shutdown_timeout=_SHUTDOWN if tls else None,
        )
        properties = None
        if settings.protocol == "5":
            properties = Properties(PacketTypes.CONNECT)
            properties.ReceiveMaximum = settings.receive_maximum
            if settings.persistent:
                properties.SessionExpiryInterval = int(settings.session_expiry.total_seconds())
        self._client.connect_async(
            settings.host,
            settings.tcp_port,
            keepalive=int(settings.keepalive.total_seconds()),
            clean_start=not settings.persistent,
            properties=properties,
        )
        self._client.reconnect()
        await self._until(lambda: self._answer is not None)
        if self._answer is None:
            raise self._hung_up()
        reason, present = self._answer
        if reason.is_failure:
            raise answers.not_connected(self._source, settings, self._client_id, reason.value, str(reason))
        self.resumed = present and settings.persistent

    async def _subscribe(self, topics: Sequence[str]) -> None:
        """Subscribe to all topics; those that are refused go to `denied`."""
        asked: dict[int, Sequence[str]] = {}
        for start in range(0, len(topics), TOPICS_AT_ONCE):
            some = topics[start : start + TOPICS_AT_ONCE]
            filters: list[tuple[str, int]] = [(self._filter(topic), self._settings.qos) for topic in some]
            _, identifier = self._client.subscribe(filters)
            if identifier is not None:
                asked[identifier] = some
        await self._until(lambda: self._granted.keys() >= asked.keys())
        if self._granted.keys() < asked.keys():
            raise self._hung_up()
        for identifier, some in asked.items():
            for topic, reason in zip(some, self._granted[identifier], strict=False):
                if reason.is_failure:
                    self.denied[topic] = answers.not_subscribed(topic, str(reason))
                elif reason.value < self._settings.qos:
                    self.unkept.add(topic)
        if len(self.denied) == len(topics):
            raise SourceRefusedError(self._source, self.denied[topics[0]])

    async def _ask(self) -> None:
        """Ask since when the broker runs, and wait for the answer where something depends on it."""
        _, self._asked = self._client.subscribe(UPTIME, 0)
        if not self.resumed:
            return
        try:
            async with asyncio.timeout(ASKED):
                await self._until(lambda: not self.unanswered)
            if any(reason.is_failure for reason in self._granted.get(self._asked or 0, ())):
                return
            async with asyncio.timeout(TOLD):
                await self._until(lambda: self.started is not None)
        except TimeoutError:
            return
        if self.started is None:
            raise self._hung_up()

    def _hung_up(self) -> SourceError:
        """Give the error for a link that was over before it was open."""
        return answers.hung_up(self._source, self._settings, self._reason, self._cause)

    async def _until(self, ready: Callable[[], bool]) -> None:
        """Wait until `ready`, or until the link is over."""
        while not self._over and not ready():
            self._news.clear()
            await self._news.wait()

    def _filter(self, topic: str) -> str:
        share = self._settings.share
        return f"$share/{share}/{topic}" if share else topic

    def _ripe(self) -> bool:
        """Tell whether waiting for more messages is useless: enough are here, or the broker may send no more."""
        return self._full() or 0 < self._window <= self._unacknowledged

    def _full(self) -> bool:
        return len(self._messages) >= self._settings.batch or self._bytes >= WAITING_BYTES

    def _feed(self) -> None:
        """Read what came, packet by packet, as long as there is room for the messages it holds."""
        first = not self._messages
        while self._wire.unread and not (self._taking and self._full()) and self._read():
            pass
        if self._client.want_write():
            self._client.loop_write()
        if first and self._messages:
            self._since = self._loop.time()
        if self._taking and self._full():
            self._wire.hold()
        else:
            self._wire.resume()
        self._news.set()

    def _read(self) -> bool:
        """Read messages in bulk, or have paho read one packet or a part of it; False when nothing more can be read."""
        if not self._rest:
            data, start = self._wire.look()
            room = self._settings.batch - len(self._messages) if self._taking else len(data)
            found, start = packets.publishes(data, start, room, properties=self._settings.protocol == "5")
            if found:
                self._wire.skip(start)
                self._collect(found)
                return True
            self._rest = packets.length(data, start)
            incomplete = self._rest > len(data) - start
            if not self._rest or (incomplete and self._rest <= LONG_PACKET):
                self._rest = 0
                return False
        unread = self._wire.unread
        if self._client.loop_read() is not MQTTErrorCode.MQTT_ERR_SUCCESS:
            self._wire.drop()  # where packets begin in what follows nobody knows
            return False
        self._rest -= unread - self._wire.unread
        return True

    def _collect(self, found: Sequence[packets.Publish]) -> None:
        """Let messages wait for `take`."""
        arrival = self._arrival(len(found))
        topics, longest = self._topics, self._settings.max_payload
        for topic, payload, identifier in found:
            if topic == _UPTIME and not self._sys:  # of a session that was asked before, it comes unasked, and at once
                self.started = started(payload, datetime.now(UTC)) or self.started
                continue
            name = topics.get(topic) or topic.decode(errors="replace")
            size = len(payload)
            kept = payload if size <= longest else payload[:PAYLOAD_KEPT]
            self._messages.append(Message(name, kept, size, arrival))
            self._bytes += len(kept)
            arrival += 1
            if identifier:
                self._owed.append(identifier)
                self._unacknowledged += 1
            else:
                self.unkept.add(name)

    def _arrival(self, messages: int) -> int:
        """Give the time of the first of some messages that came together; the others are 1 ns apart.

        No two messages may share an instant: of two samples of one signal with one time, the store keeps one.
        """
        now = time.time_ns()
        if now <= self._latest < now + STEPPED_BACK:
            now = self._latest + 1
        self._latest = now + messages - 1
        return now

    def _beat(self) -> None:
        """Probe the link, and give up one that has been silent for too long.

        paho's own keep-alive would give up a link that is merely held back, so it is not used.
        """
        keepalive = self._client.keepalive or self._settings.keepalive.total_seconds()
        silent = self._loop.time() - self._wire.silent_since
        rest = 1.5 * keepalive - silent
        if not self._wire.held and rest <= 0:
            self._finish(f"the broker has been silent for {silent:.0f} s")
            self._wire.close()
            return
        self._wire.send(_PINGREQ)
        self._probe = self._loop.call_later(min(keepalive / 2, rest) if rest > 0 else keepalive / 2, self._beat)

    def _finish(self, reason: str, cause: Exception | None = None) -> None:
        """Note the end of the link; the first reason counts."""
        if not self._over:
            self._over, self._reason, self._cause = True, reason, cause
        if self._probe is not None:
            self._probe.cancel()
        self._news.set()

    def _on_end(self, error: Exception | None) -> None:
        if not self._over:
            self.closed = error is None or isinstance(error, ConnectionError)
        self._finish("", error)

    def _on_connect(
        self, client: Client, userdata: object, flags: ConnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        del client, userdata, properties
        self._answer = (reason, flags.session_present)

    def _on_subscribe(
        self, client: Client, userdata: object, identifier: int, reasons: list[ReasonCode], properties: Properties
    ) -> None:
        del client, userdata, properties
        self._granted[identifier] = reasons

    def _on_message(self, client: Client, userdata: object, message: MQTTMessage) -> None:
        """Take a message that was left to paho."""
        del userdata
        try:
            topic = message.topic.encode()
        except UnicodeDecodeError as error:
            topic = error.object
        if message.qos == _HANDED_OVER:
            client.ack(message.mid, message.qos)
        identifier = message.mid if message.qos == 1 else 0
        self._collect([packets.Publish(topic, bytes(message.payload), identifier)])

    def _on_disconnect(
        self,
        client: Client,
        userdata: object,
        flags: DisconnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        del client, userdata, properties
        if flags.is_disconnect_packet_from_server:
            self.closed = reason.value == _TAKEN_OVER
            self._finish(answers.closed_by_broker(self._client_id, reason.value, str(reason)))
        else:
            version = self._settings.protocol
            self._finish(f"what came from the broker is no MQTT {version} ({reason}); check `port` and `protocol`")


def _context(source: str, tls: TlsSettings) -> ssl.SSLContext:
    """Make what TLS needs; raises SourceRefusedError where a file cannot be used."""
    try:
        context = ssl.create_default_context(cafile=tls.ca)
        if tls.certificate is not None:
            context.load_cert_chain(tls.certificate, tls.key)
    except OSError as error:
        files = ", ".join(str(file) for file in (tls.ca, tls.certificate, tls.key) if file is not None)
        reason = f"a file of `tls` cannot be used ({error}); check that {files} exist and are PEM"
        raise SourceRefusedError(source, reason) from error
    if tls.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
