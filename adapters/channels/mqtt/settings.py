"""How publishing to an MQTT broker is configured."""

from datetime import timedelta
from pathlib import Path
from string import Formatter
from typing import Final, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from adapters.channels.fields import Host
from adapters.settings import Duration, Settings

PLAIN_PORT: Final = 1883
"""The port that IANA gives to MQTT."""

TLS_PORT: Final = 8883
"""The port that IANA gives to MQTT over TLS."""


class TlsSettings(Settings):
    """Encryption of the link. `tls: {}` encrypts and trusts the certificate authorities of this machine."""

    ca: Path | None = None
    """PEM file of the authority that signed the broker's certificate; absent: those this machine trusts."""

    certificate: Path | None = None
    """PEM file of this client's own certificate, for brokers that ask for one; needs `key`."""

    key: Path | None = None
    """PEM file of the private key of `certificate`, without a passphrase."""

    @model_validator(mode="after")
    def _certificate_with_key(self) -> Self:
        if (self.certificate is None) != (self.key is None):
            msg = "`certificate` and `key` go together; write both or neither"
            raise ValueError(msg)
        return self


class MqttSettings(Settings):
    """A broker that speaks MQTT 5, and the topic that notices are published on."""

    host: Host
    """Name or IP address of the broker, without a scheme and without a port."""

    port: int | None = Field(default=None, ge=1, le=65535)
    """TCP port, 1 to 65535; absent: 1883, with `tls` 8883."""

    topic: str = Field(default="parkline/alerts/{severity}", min_length=1, max_length=1024)
    """Where a notice is published. `{event}`, `{severity}`, `{language}` and `{id}` stand for those of the notice, any
    other name for that of the alert's data, such as `{equipment}`; `none` stands where it has none."""

    retain: bool = False
    """True: the broker keeps the last notice of each topic, and gives it to whoever subscribes later."""

    client_id: str = Field(default="", max_length=128)
    """Name of this client, up to 128 characters, for brokers that admit by it; no other client may use it. Empty: the
    broker gives one."""

    user: str = Field(default="", max_length=1024)
    """User name; empty: none is sent."""

    password: SecretStr | None = None
    """Password of `user`, written `${env:NAME}` or `${file:path}`."""

    timeout: Duration = Field(default=timedelta(seconds=10), ge=timedelta(milliseconds=100), le=timedelta(minutes=1))
    """How long it may take to connect, to publish and to get the receipt; 100 ms to 1 min."""

    tls: TlsSettings | None = None
    """Encryption; absent: none."""

    @property
    def tcp_port(self) -> int:
        """The port to connect to."""
        return self.port or (PLAIN_PORT if self.tls is None else TLS_PORT)

    @property
    def where(self) -> str:
        """Host and port."""
        return f"{self.host}:{self.tcp_port}"

    @field_validator("topic")
    @classmethod
    def _topic_to_publish_on(cls, topic: str) -> str:
        try:
            parts = list(Formatter().parse(topic))
        except ValueError:
            parts = [("", "", "", None)]
        fields = [(field, form, conversion) for _, field, form, conversion in parts if field is not None]
        if any(not field.isidentifier() or form or conversion for field, form, conversion in fields):
            msg = "write what changes as {severity}, {event} or {equipment}, a single name between braces"
        elif any(sign in topic for sign in "+#\x00"):
            msg = f"{topic!r} holds a wildcard, + or #, which nobody can publish on"
        elif topic.startswith("$"):
            msg = f"{topic!r} begins with $, which is the broker's own"
        else:
            return topic
        raise ValueError(msg)

    @model_validator(mode="after")
    def _password_of_a_user(self) -> Self:
        if self.password is not None and not self.user:
            msg = "a `password` needs its `user`"
            raise ValueError(msg)
        return self
