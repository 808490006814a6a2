"""How an MQTT source is configured, and where a signal is found on it."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import BeforeValidator, Field, SecretStr, WithJsonSchema, field_validator, model_validator

from adapters.settings import Duration, Settings, Size
from adapters.sources.mqtt import path

PLAIN_PORT: Final = 1883
"""The port that IANA gives to MQTT."""

TLS_PORT: Final = 8883
"""The port that IANA gives to MQTT over TLS."""

LONGEST_TOPIC: Final = 65535
"""Bytes that a topic may have in UTF-8 (MQTT 5.0, 1.5.4)."""


def _as_text(value: object) -> object:
    """Take the version 5 for "5": YAML reads `protocol: 5` as a number."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Protocol = Annotated[
    Literal["5", "3.1.1"], BeforeValidator(_as_text), WithJsonSchema({"enum": ["5", "3.1.1", 5], "default": "5"})
]
"""A version of MQTT, `5` or `3.1.1`."""


class TlsSettings(Settings):
    """Encryption of the link. `tls: {}` encrypts and trusts the certificate authorities of this machine."""

    ca: Path | None = None
    """PEM file of the authority that signed the broker's certificate; absent: those this machine trusts."""

    certificate: Path | None = None
    """PEM file of this client's own certificate, for brokers that ask for one; needs `key`."""

    key: Path | None = None
    """PEM file of the private key of `certificate`, without a passphrase."""

    insecure: bool = False
    """True: encrypt, but believe any broker. Only for a first try; anybody on the way can then read and forge."""

    @model_validator(mode="after")
    def _certificate_with_key(self) -> Self:
        if (self.certificate is None) != (self.key is None):
            msg = "`certificate` and `key` go together; write both or neither"
            raise ValueError(msg)
        return self


class BrokerSettings(Settings):
    """The link to one broker, whatever is published there."""

    host: str = Field(min_length=1, max_length=253)
    """Name or IP address of the broker, without a scheme and without a port."""

    port: int | None = Field(default=None, ge=1, le=65535)
    """TCP port, 1 to 65535; absent: 1883, with `tls` 8883."""

    protocol: Protocol = "5"
    """Version of MQTT: `5`, or `3.1.1` for brokers that speak no other."""

    client_id: str = Field(default="", max_length=128)
    """Name of the session that the broker keeps for this source, up to 128 characters; no other client of the
    broker may use it. Empty: `parkline-` and the source's name."""

    user: str = Field(default="", max_length=1024)
    """User name; empty: none is sent."""

    password: SecretStr | None = None
    """Password of `user`, written `${env:NAME}` or `${file:path}`."""

    keepalive: Duration = Field(default=timedelta(seconds=30), ge=timedelta(seconds=1), le=timedelta(hours=18))
    """How long the link may stay silent: it is probed twice in this time, and one that answers nothing for one and a
    half of it is given up. 1 s to 18 h; a broker may ask for another (MQTT 5)."""

    timeout: Duration = Field(default=timedelta(seconds=10), ge=timedelta(milliseconds=100), le=timedelta(minutes=1))
    """How long the broker may take to accept the link, and to accept the subscriptions; 100 ms to 1 min."""

    receive_maximum: int = Field(default=4000, ge=1, le=65535)
    """Messages of QoS 1 that may be under way unacknowledged, 1 to 65535. MQTT 5 only: in 3.1.1 the broker decides
    (Mosquitto: `max_inflight_messages`)."""

    linger: Duration = Field(default=timedelta(milliseconds=20), ge=timedelta(0), le=timedelta(seconds=1))
    """How long a message waits for others to be delivered together; 0 to 1 s."""

    batch: int = Field(default=4000, ge=1, le=100_000)
    """Messages delivered together at most, 1 to 100,000; as many again may wait before reading stops."""

    max_payload: Size = Field(default=2**20, ge=2**10, le=2**28)
    """Longest payload that is decoded, 1 KiB to 256 MiB; a longer one is a dead letter."""

    tls: TlsSettings | None = None
    """Encryption; absent: none."""

    @property
    def tcp_port(self) -> int:
        """The port to connect to."""
        return self.port or (PLAIN_PORT if self.tls is None else TLS_PORT)

    @field_validator("host")
    @classmethod
    def _bare_host(cls, host: str) -> str:
        if "/" in host or host.strip() != host:
            msg = f"{host!r} is no host name; write the name or address alone, like broker.local or 192.168.1.10"
            raise ValueError(msg)
        return host

    @model_validator(mode="after")
    def _password_of_a_user(self) -> Self:
        if self.password is not None and not self.user:
            msg = "a `password` needs its `user`"
            raise ValueError(msg)
        return self


class MqttSettings(BrokerSettings):
    """The link to one MQTT broker."""

    session_expiry: Duration = Field(default=timedelta(days=7), ge=timedelta(0), le=timedelta(days=3650))
    """How long the broker keeps messages for this source while it is away; 0 (keep none) to 3650 d. In MQTT 3.1.1 the
    broker decides, and 0 alone means something: keep none."""

    qos: Literal[0, 1] = 1
    """Quality of service asked for. 1: the broker repeats a message until it is safe on disk here. 0: it sends once,
    and what is under way when the link breaks is lost."""

    share: str = Field(default="", max_length=128, pattern=r"^[^/+#\x00]*$")
    """Group in which several collectors share one load (`$share/GROUP/…`), without `/`, `+`, `#`; each of them needs
    a `client_id` of its own. Empty: not shared."""

    @property
    def persistent(self) -> bool:
        """Whether the broker is asked to keep messages while this source is away."""
        return self.qos > 0 and self.session_expiry > timedelta(0)

    @model_validator(mode="after")
    def _share_by_name(self) -> Self:
        if self.share and not self.client_id:
            msg = "collectors that `share` a load each need a `client_id` of their own; write one here"
            raise ValueError(msg)
        return self


class MqttAddress(Settings):
    """Where one signal is found: a topic, and paths into the JSON payloads of it.

    A path is written `temperature`, `axes[2].load` or `data["spindle.speed"].v`.
    """

    topic: str
    """The topic, exactly as it is published, without the wildcards `+` and `#`. Signals may share a topic."""

    value: str = ""
    """Path of the value. Empty: the whole payload is one plain value, such as `12.5`, `true` or `RUNNING`."""

    time: str = ""
    """Path of the time stamp: RFC 3339 with `Z` or an offset, or seconds, milliseconds, microseconds or nanoseconds
    since 1970. Empty: the time of arrival."""

    status: str = ""
    """Path of the quality: an OPC UA StatusCode, true or false, or `good`, `uncertain` or `bad`. Empty: always Good."""

    @field_validator("topic")
    @classmethod
    def _plain_topic(cls, topic: str) -> str:
        if not topic:
            msg = "write the topic that the value is published on"
        elif "+" in topic or "#" in topic:
            msg = f"{topic!r} holds a wildcard, + or #; a signal is one value of one topic, write that topic in full"
        elif topic.startswith("$share/"):
            msg = f"{topic!r} names a shared subscription; write the group as `share` of the source"
        elif topic.strip() != topic:
            msg = f"{topic!r} begins or ends with a blank; write it without"
        elif "\x00" in topic or len(topic.encode(errors="surrogatepass")) > LONGEST_TOPIC:
            msg = f"a topic has at most {LONGEST_TOPIC} bytes and no null character"
        else:
            return topic
        raise ValueError(msg)

    @field_validator("value", "time", "status")
    @classmethod
    def _path_into_payload(cls, text: str) -> str:
        path.parse(text)
        return text

    @model_validator(mode="after")
    def _paths_agree(self) -> Self:
        if not self.value and (self.time or self.status):
            msg = "`time` and `status` are paths into a JSON payload; write the path of the `value` in it as well"
            raise ValueError(msg)
        return self
