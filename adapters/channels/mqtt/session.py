"""One notice published, in a thread: paho, on a link that was opened before."""

import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from adapters.channels.mqtt.answers import BrokenError, ReasonError
from adapters.channels.mqtt.encode import CONTENT_TYPE
from adapters.channels.mqtt.settings import MqttSettings

_KEEPALIVE: Final = 60
_TURN: Final = 1.0
"""Seconds that paho waits for packets at a time."""


def publish(
    link: socket.socket,
    settings: MqttSettings,
    tls: ssl.SSLContext | None,
    topic: str,
    payload: bytes,
    marks: list[tuple[str, str]],
) -> str:
    """Publish with QoS 1 and wait for the receipt; give what it says.

    Raises:
        ReasonError: the broker said no.
        BrokenError: the link was over before it said anything.
        OSError: TLS did not come about, or the link broke.
    """
    if tls is not None:
        link = tls.wrap_socket(link, server_hostname=settings.host)
    with link:
        client = _Publisher(link, settings)
        client.begin()
        told = client.put(topic, payload, marks)
        with suppress(OSError):
            client.disconnect()
        return told


class _Publisher(Client):
    """paho's client, on a link that is open."""

    def __init__(self, link: socket.socket, settings: MqttSettings) -> None:
        super().__init__(
            CallbackAPIVersion.VERSION2,
            client_id=settings.client_id,
            protocol=MQTTProtocolVersion.MQTTv5,
            reconnect_on_failure=False,
        )
        self._link = link
        self._settings = settings
        self._admitted: ReasonCode | None = None
        self._receipt: ReasonCode | None = None
        self._ended: ReasonCode | None = None
        self.on_connect = self._take_connack
        self.on_publish = self._take_receipt
        self.on_disconnect = self._take_end
        if settings.user:
            password = settings.password.get_secret_value() if settings.password is not None else None
            self.username_pw_set(settings.user, password)

    def begin(self) -> None:
        """Open the session."""
        self.connect(self._settings.host, self._settings.tcp_port, _KEEPALIVE, clean_start=True)
        admitted = self._answer("the link", lambda: self._admitted)
        if admitted.is_failure:
            raise _refused(admitted, "the link")

    def put(self, topic: str, payload: bytes, marks: list[tuple[str, str]]) -> str:
        """Publish and wait for the receipt; give what it says."""
        properties = Properties(PacketTypes.PUBLISH)
        properties.PayloadFormatIndicator = 1
        properties.ContentType = CONTENT_TYPE
        properties.UserProperty = marks
        self.publish(topic, payload, qos=1, retain=self._settings.retain, properties=properties)
        receipt = self._answer("the notice", lambda: self._receipt)
        if receipt.is_failure:
            raise _refused(receipt, f"the topic {topic!r}")
        return str(receipt)

    def _answer(self, doing: str, given: Callable[[], ReasonCode | None]) -> ReasonCode:
        """Read and write until there is an answer."""
        while (answer := given()) is None:
            going_on = self.loop(_TURN) is MQTTErrorCode.MQTT_ERR_SUCCESS
            if self._ended is not None:
                raise _refused(self._ended, doing)
            if not going_on and given() is None:
                raise BrokenError(admitted=self._admitted is not None)
        return answer

    def _create_socket(self) -> socket.socket:
        """Give paho its socket; its WebSocket transport comes in by this method, too."""
        return self._link

    def _take_connack(
        self, client: Client, userdata: Any, flags: ConnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        del client, userdata, flags, properties
        self._admitted = reason

    def _take_receipt(
        self, client: Client, userdata: Any, identifier: int, reason: ReasonCode, properties: Properties
    ) -> None:
        del client, userdata, identifier, properties
        self._receipt = reason

    def _take_end(
        self, client: Client, userdata: Any, flags: DisconnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        del client, userdata, properties
        if flags.is_disconnect_packet_from_server:
            self._ended = reason


def _refused(reason: ReasonCode, doing: str) -> ReasonError:
    return ReasonError(reason.value, str(reason), doing)
