"""What a broker's reason codes mean (MQTT 5.0, 2.4), for who connects and publishes: pure."""

from collections.abc import Mapping
from typing import Final

from adapters.channels.contract import ChannelError, ChannelRefusedError, ChannelUnreachableError
from adapters.channels.mqtt.settings import MqttSettings

LATER: Final = frozenset({0x80, 0x83, 0x88, 0x89, 0x8B, 0x97, 0x9F})
"""Reasons that may pass: unspecified, implementation, unavailable, busy, shutting down, quota, rate."""

_ADVICE: Final[Mapping[int, str]] = {
    0x84: "it does not speak MQTT 5; name a broker that does",
    0x85: "it does not take this `client_id`; write another one",
    0x86: "it does not know this `user` and `password`; check them",
    0x87: "ask its administrator for the right to connect, and to publish on `topic`",
    0x8A: "it has banned this client; ask its administrator",
    0x8E: "another client has the same `client_id`; give each its own, or leave it out",
    0x90: "it does not take this `topic`; write another one",
    0x95: "the notice is larger than it takes; raise its limit (message_size_limit)",
    0x9A: "it keeps no messages; write `retain: false`",
    0x9B: "it takes no messages of QoS 1; name another broker",
    0x9C: "it asks to use another server; write that one as `host`",
    0x9D: "it has moved; write its new address as `host`",
}
"""What to do about a reason code."""


class ReasonError(Exception):
    """The broker said no."""

    def __init__(self, code: int, reason: str, doing: str) -> None:
        super().__init__(f"{doing}: {reason}")
        self.code = code
        """Its reason code."""
        self.reason = reason
        """What that is called."""
        self.doing = doing
        """What it was asked for."""


class BrokenError(Exception):
    """The link was over before the broker had answered."""

    def __init__(self, *, admitted: bool) -> None:
        super().__init__("the link is over")
        self.admitted = admitted
        """Whether it had let this client in."""


def refusal(channel: str, settings: MqttSettings, error: ReasonError) -> ChannelError:
    """Give the error for a reason code."""
    told = f"the broker at {settings.where} refuses {error.doing} ({error.reason}); "
    if error.code in LATER:
        return ChannelUnreachableError(channel, f"{told}it is tried again")
    return ChannelRefusedError(channel, told + _ADVICE.get(error.code, "see the broker's log"))


def broken(channel: str, settings: MqttSettings, error: BrokenError) -> ChannelUnreachableError:
    """Give the error for a link that ended without a word."""
    where = settings.where
    if error.admitted:
        what = "see its log: the notice may be larger than it takes (message_size_limit)"
        return ChannelUnreachableError(channel, f"the broker at {where} closed the link without a receipt; {what}")
    what = "check that a broker for MQTT 5 listens there, " + ("without TLS" if settings.tls is None else "with TLS")
    return ChannelUnreachableError(channel, f"{where} closed the link without a word; {what}")
