"""What goes wrong between a source and its broker, in words for a person: pure.

The numbers are the reason codes of MQTT 5 (2.4); paho gives those of 3.1.1 as the same.
"""

import ssl
from collections.abc import Mapping
from socket import gaierror
from typing import Final

from adapters.sources.contract import SourceError, SourceRefusedError, SourceUnreachableError
from adapters.sources.mqtt.settings import TLS_PORT, MqttSettings

FAILURE: Final = 0x80
"""Reason codes from here on say no."""

_LATER: Final = frozenset({0x80, 0x83, 0x88, 0x89, 0x97, 0x9F})
"""Reasons not to connect that may pass: unspecified, implementation, unavailable, busy, quota, rate."""

_ADVICE: Final[Mapping[int, str]] = {
    0x84: "it does not speak MQTT {protocol}; write another `protocol`, 5 or 3.1.1",
    0x85: "it does not take the client_id {client_id!r}; write another `client_id`",
    0x86: "it does not know this `user` and `password`; check them",
    0x87: "it does not admit {user}; check `user` and `password`, or ask its administrator",
    0x8A: "it has banned this client; ask its administrator",
    0x9C: "it asks to use another server; write that one as `host`",
    0x9D: "it has moved; write its new address as `host`",
}
"""What to do about a CONNACK, by reason code."""

_LOST: Final[Mapping[int, str]] = {
    0x8B: "the broker shuts down",
    0x8D: "the broker heard nothing within `keepalive`; this machine or the network is too slow",
    0x8E: "another client connected to the broker with the client_id {client_id!r}; give each a `client_id` of its own",
    0x93: "the broker saw more messages under way than `receive_maximum`",
    0x98: "the broker's administrator closed the link",
}
"""What a DISCONNECT from the broker means, by reason code."""


def not_connected(source: str, settings: MqttSettings, client_id: str, code: int, reason: str) -> SourceError:
    """Give the error for a CONNACK with reason code `code`, which reads `reason`."""
    advice = _ADVICE.get(code, "see the broker's log").format(
        protocol=settings.protocol,
        client_id=client_id,
        user=f"the user {settings.user!r}" if settings.user else "a client without `user` and `password`",
    )
    kind = SourceUnreachableError if code in _LATER else SourceRefusedError
    return kind(source, f"the broker at {_where(settings)} refuses the link ({reason}): {advice}")


def not_subscribed(topic: str, reason: str) -> str:
    """Say that the broker refuses the subscription to `topic`."""
    return f"the broker refuses the topic {topic!r} ({reason}); ask its administrator for the right to read it"


def closed_by_broker(client_id: str, code: int, reason: str) -> str:
    """Say why the broker closed the link, from its DISCONNECT."""
    return _LOST.get(code, "the broker closed the link: {reason}").format(client_id=client_id, reason=reason)


def without_a_word(client_id: str, error: Exception | None) -> str:
    """Say that an open link ended and the broker gave no reason; `error` broke it, None if it closed in order.

    A broker that closes a link on which something of this client was still under way resets it, so a reset may have
    the same reason as an orderly close.
    """
    ended = "the broker closed the link without a word" if error is None else f"the link broke ({error})"
    if error is not None and not isinstance(error, ConnectionError):
        return ended
    return f"{ended}; if this repeats, look for another client with the client_id {client_id!r}"


def taken_over(client_id: str) -> str:
    """Say that another client with the same client id takes this one's links over, again and again."""
    return (
        f"another client uses the client_id {client_id!r}: the broker gives each link to it soon after it was opened; "
        "stop the other client, or give each a `client_id` of its own. What is not acknowledged stays in the session"
    )


def unanswered(source: str, settings: MqttSettings, *, connected: bool) -> SourceError:
    """Give the error for a peer that takes too long; `connected` if it has taken the connection."""
    seconds = f"{settings.timeout.total_seconds():g} s"
    if connected:
        reason = f"{_where(settings)} takes the connection and does not answer within {seconds}; "
        reason += f"check that it is an MQTT broker, and that it speaks MQTT {settings.protocol}"
    else:
        reason = f"{_where(settings)} does not answer within {seconds}; check `host` and `port`, and the firewall"
    return SourceUnreachableError(source, reason)


def hung_up(source: str, settings: MqttSettings, word: str, error: Exception | None) -> SourceError:
    """Give the error for a peer that takes the connection and then closes it.

    Args:
        source: name of the source.
        settings: its link.
        word: what the peer said, empty where it said nothing.
        error: what broke the connection, None where the peer closed it in order.
    """
    if isinstance(error, ssl.SSLError):
        return _no_tls(source, settings, error)
    closes = f"{_where(settings)} closes the link instead of accepting it"
    if word and error is None:
        return SourceUnreachableError(source, f"{closes}: {word}")
    what = f"check that a broker listens there, that it speaks MQTT {settings.protocol}, "
    if settings.tls is None:
        what += "and without `tls`"
    elif settings.tls.certificate is None:
        what += "and with TLS; if it asks for a certificate of this client, write `certificate` and `key`"
    else:
        what += "and with TLS, and that it knows the `certificate`"
    broke = f" ({error})" if error is not None else ""
    return SourceUnreachableError(source, f"{closes}{broke}; {what}")


def unopened(source: str, settings: MqttSettings, error: OSError) -> SourceError:
    """Give the error for a connection that did not come up: no such name, nobody there, no trust."""
    if isinstance(error, ssl.SSLError):
        return _no_tls(source, settings, error)
    if isinstance(error, gaierror):
        return SourceUnreachableError(source, f"the name {settings.host!r} is not known ({error}); check `host`")
    if isinstance(error, ConnectionRefusedError):
        what = "check `host` and `port`, and that the broker runs"
        return SourceUnreachableError(source, f"nobody listens at {_where(settings)}; {what}")
    if isinstance(error, ConnectionError):
        return hung_up(source, settings, "", error)
    what = "check `host`, `port` and the network"
    return SourceUnreachableError(source, f"{_where(settings)} cannot be reached ({error}); {what}")


def _no_tls(source: str, settings: MqttSettings, error: ssl.SSLError) -> SourceError:
    """Give the error for a peer that is there, and with whom no trusted TLS comes about."""
    where, finding = _where(settings), error.reason or str(error)
    if isinstance(error, ssl.SSLCertVerificationError):
        reason = _distrusted(settings, error.verify_message)
    elif "ALERT" in finding:
        what = "check `certificate` and `key` of `tls`: it asks for a certificate that it knows"
        reason = f"the broker at {where} breaks off TLS ({finding}); {what}"
    else:
        reason = f"no TLS with {where} ({finding}); check that `port` is the broker's TLS port (usually {TLS_PORT})"
    return SourceRefusedError(source, reason)


def _distrusted(settings: MqttSettings, finding: str) -> str:
    """Say why a broker's certificate is not believed, and what to do."""
    if "mismatch" in finding:
        what = "write as `host` a name that the certificate is made for"
    elif "expired" in finding or "not yet valid" in finding:
        what = "have it renewed, and check this machine's clock"
    else:
        what = "write the PEM file of the authority that signed it as `ca` of `tls`"
    return f"the certificate of the broker at {_where(settings)} is not trusted ({finding}); {what}"


def _where(settings: MqttSettings) -> str:
    return f"{settings.host}:{settings.tcp_port}"
