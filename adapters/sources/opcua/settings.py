"""How a link to an OPC UA server is configured, and how its nodes are addressed."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, field_validator, model_validator

from adapters.settings import Duration, Settings
from adapters.sources.opcua.nodeid import parse

_PORT: Final = 4840
"""The port registered for OPC UA."""

_PER_CHANGE: Final = timedelta(milliseconds=1)
"""How often a value is taken to change where the server reports every change (`sampling_interval: 0 ms`)."""


def _within(least: timedelta, most: timedelta, words: str) -> AfterValidator:
    def check(value: timedelta) -> timedelta:
        if not least <= value <= most:
            msg = f"write {words}"
            raise ValueError(msg)
        return value

    return AfterValidator(check)


_Publishing = Annotated[Duration, _within(timedelta(milliseconds=10), timedelta(minutes=1), "10 ms to 1 min")]
_Sampling = Annotated[Duration, _within(timedelta(0), timedelta(hours=1), "0 ms to 1 h")]
_Session = Annotated[Duration, _within(timedelta(seconds=10), timedelta(hours=1), "10 s to 1 h")]
_Keepalive = Annotated[Duration, _within(timedelta(seconds=1), timedelta(minutes=5), "1 s to 5 min")]
_Request = Annotated[Duration, _within(timedelta(seconds=1), timedelta(minutes=2), "1 s to 2 min")]


class OpcuaSettings(Settings):
    """One OPC UA server."""

    endpoint: str
    """Its address, `opc.tcp://HOST:PORT/PATH`; without a port 4840 is meant."""

    security: Literal["none", "sign", "sign_and_encrypt"] = "none"
    """How messages are protected: not at all, signed, or signed and encrypted (policy Basic256Sha256)."""

    certificate: Path | None = None
    """File of parkline's own application certificate, DER or PEM; for `sign` and `sign_and_encrypt`. The server must
    trust it, and the URI in its subjectAltName is the application URI that parkline gives."""

    private_key: Path | None = None
    """File of that certificate's private key, PEM or DER, without a passphrase; readable by parkline alone."""

    server_certificate: Path | None = None
    """File of the one server certificate that is trusted, DER or PEM; none: whichever the server presents."""

    user: str | None = None
    """User name; none: anonymous."""

    password: SecretStr | None = None
    """That user's password; write `${env:NAME}` or `${file:path}`."""

    publishing_interval: _Publishing = timedelta(milliseconds=500)
    """How often the server sends what changed; 10 ms to 1 min. A sample is at most this late."""

    sampling_interval: _Sampling = timedelta(milliseconds=100)
    """How often the server looks at each node; 0 ms to 1 h. 0 ms asks for every change, where the server can."""

    queue_margin: int = Field(default=4, ge=1, le=1000)
    """How many times the changes of one publishing interval the server queues for each node, so that a late
    publish loses none; 1 to 1000."""

    trigger: Literal["value", "timestamp"] = "value"
    """What the server reports as a change: a new value or status, or a new source time as well. `timestamp` tells two
    equal values in a row apart (two cycles of 31.4 s), and floods where a server dates every look at a node anew."""

    session_timeout: _Session = timedelta(minutes=1)
    """How long the server keeps session and subscription of a parkline that went silent; 10 s to 1 h."""

    keepalive: _Keepalive = timedelta(seconds=10)
    """Silence after which the link counts as lost; 1 s to 5 min. The server speaks at least twice as often."""

    history: bool = True
    """Whether the server is asked for its history (HistoryRead) of what was missed, in a session of its own; `false`
    for one that has no session to spare. With `time: received` it is not asked."""

    request_timeout: _Request = timedelta(seconds=10)
    """How long an answer to one request is awaited, opening the connection included; 1 s to 2 min."""

    time: Literal["source", "server", "received"] = "source"
    """Which timestamp is a sample's time: the machine's, the server's, or the arrival (for machines without a usable
    clock). Where a value lacks the chosen one, the next of these three counts."""

    @field_validator("endpoint")
    @classmethod
    def _address_of_a_server(cls, endpoint: str) -> str:
        try:
            url = urlsplit(endpoint.strip())
            host, port = url.hostname, url.port
        except ValueError:
            host, port = None, None
        if not host or url.scheme != "opc.tcp":
            msg = f"{endpoint!r} is no OPC UA endpoint; write opc.tcp://HOST:PORT, as in opc.tcp://192.168.0.10:4840"
            raise ValueError(msg)
        if "@" in url.netloc:
            msg = "an endpoint holds no credentials; write `user:` and `password: ${env:NAME}` as keys of their own"
            raise ValueError(msg)
        return endpoint.strip() if port else url._replace(netloc=f"{url.netloc.rstrip(':')}:{_PORT}").geturl()

    @model_validator(mode="after")
    def _credentials_complete(self) -> Self:
        if (self.user is None) != (self.password is None):
            msg = "`user` and `password` go together; write both, or none to connect anonymously"
            raise ValueError(msg)
        if self.security == "none" and (self.certificate or self.private_key or self.server_certificate):
            msg = "certificates are of no use with `security: none`; write `security: sign_and_encrypt` or remove them"
            raise ValueError(msg)
        if self.security != "none" and not (self.certificate and self.private_key):
            msg = f"`security: {self.security}` needs `certificate: FILE` and `private_key: FILE`"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _keepalive_after_publishing(self) -> Self:
        if self.keepalive < 2 * self.publishing_interval:
            msg = "`keepalive` must be at least twice `publishing_interval`: the server speaks once in each of those"
            raise ValueError(msg)
        return self

    def queue(self, publishing: timedelta) -> int:
        """Tell how many values of each node the server must queue, if it publishes every `publishing`.

        Two at least: a queue of one overflows without a mark (OPC 10000-4, 5.13.1.5).
        """
        return max(-(-publishing // (self.sampling_interval or _PER_CHANGE)) * self.queue_margin, 2)


class OpcuaAddress(Settings):
    """Where an OPC UA server holds one signal."""

    node: str
    """Its node id: `nsu=URI;s=NAME`, `nsu=URI;i=NUMBER` or `ns=0;i=NUMBER`."""

    @field_validator("node")
    @classmethod
    def _node_id(cls, node: str) -> str:
        parse(node)
        return node.strip()
