"""Messages and receipts in bulk, beside paho's own decoder, and however the network cuts what it carries."""

import asyncio
from typing import Any, Literal, TypeAlias

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from paho.mqtt._packet import decode_publish
from paho.mqtt.enums import MQTTProtocolVersion
from paho.mqtt.exception import MalformedPacket

from adapters.sources.contract import SourceLostError
from adapters.sources.mqtt.link import LONG_PACKET, Link
from adapters.sources.mqtt.packets import Publish, length, pubacks, publishes
from adapters.sources.mqtt.settings import MqttSettings

Protocol: TypeAlias = Literal["5", "3.1.1"]

PINGRESP = b"\xd0\x00"
EXPIRY = b"\x02\x00\x00\x00\x3c"
"""The property Message Expiry Interval: 60 s."""


def number(value: int) -> bytes:
    """Write a variable byte integer."""
    written = bytearray()
    while True:
        value, rest = value >> 7, value & 0x7F
        written.append(rest | 0x80 if value else rest)
        if not value:
            return bytes(written)


def packet(publish: Publish, *, properties: bytes | None = b"", flags: int = 0) -> bytes:
    """Write a PUBLISH; `properties` None: as MQTT 3.1.1 does."""
    body = len(publish.topic).to_bytes(2, "big") + publish.topic
    if publish.identifier:
        body += publish.identifier.to_bytes(2, "big")
    if properties is not None:
        body += number(len(properties)) + properties
    body += publish.payload
    return bytes([0x30 | flags | (2 if publish.identifier else 0)]) + number(len(body)) + body


PROTOCOLS: st.SearchStrategy[Protocol] = st.sampled_from(["5", "3.1.1"])
PUBLISHES = st.builds(
    Publish,
    st.text(min_size=1, max_size=10).map(str.encode),
    st.binary(max_size=300),
    st.just(0) | st.integers(1, 65535),
)


@given(st.lists(PUBLISHES), PROTOCOLS, st.sampled_from([0, 1, 8, 9]))
@example([Publish(b"t", b"x" * size, 1) for size in (0, 120, 127, 128, 16_383, 16_384, 2_097_152)], "5", 0)
def test_what_is_written_is_read(sent: list[Publish], protocol: Protocol, flags: int) -> None:
    with_them = EXPIRY * 30 if protocol == "5" else None
    data = PINGRESP + b"".join(packet(one, properties=with_them, flags=flags) for one in sent)
    assert publishes(data, 2, len(sent) + 1, properties=protocol == "5") == (sent, len(data))


def test_no_more_is_read_than_is_asked_for() -> None:
    one = packet(Publish(b"t", b"1", 7))
    assert publishes(one * 3, 0, 2, properties=True) == ([Publish(b"t", b"1", 7)] * 2, 2 * len(one))


@pytest.mark.parametrize("next_one", [PINGRESP, b"\x34\x06\x00\x01t\x00\x07\x00", b"\x36\x06\x00\x01t\x00\x07\x00"])
def test_it_stops_at_what_is_none_of_its_own(next_one: bytes) -> None:
    one = packet(Publish(b"t", b"1", 7))
    assert publishes(one + next_one + one, 0, 9, properties=True) == ([Publish(b"t", b"1", 7)], len(one))


@given(st.lists(PUBLISHES, min_size=1), st.data())
def test_it_stops_at_what_is_not_complete(sent: list[Publish], data: st.DataObject) -> None:
    whole = b"".join(packet(one) for one in sent)
    cut = data.draw(st.integers(0, len(whole) - 1))
    found, stop = publishes(whole[:cut], 0, len(sent), properties=True)
    assert found == sent[: len(found)]
    assert stop == sum(len(packet(one)) for one in found)
    assert stop + len(packet(sent[len(found)])) > cut
    assert length(whole[:cut], stop) in {0, len(packet(sent[len(found)]))}


@given(st.binary(max_size=40).map(lambda rest: b"\x32" + number(len(rest)) + rest) | st.binary(max_size=40), PROTOCOLS)
def test_of_any_bytes_it_reads_what_paho_reads_or_leaves_them(data: bytes, protocol: Protocol) -> None:
    found, stop = publishes(data, 0, 1, properties=protocol == "5")
    if not found:
        assert stop == 0
        return
    version = MQTTProtocolVersion.MQTTv5 if protocol == "5" else MQTTProtocolVersion.MQTTv311
    header = next(at for at in range(1, 5) if data[at] < 0x80) + 1
    try:
        theirs = decode_publish(data[0], data[header:stop], version)
    except MalformedPacket:
        return  # it reads over what properties say, and paho does not
    assert found == [Publish(theirs.topic, bytes(theirs.payload), theirs.mid)]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\xd0\x00", 2),
        (b"\x30\x7f", 129),
        (b"\x30\x80\x01", 131),
        (b"\x30\xff\xff\xff\x7f", 268_435_460),
        (b"", 0),
        (b"\x30", 0),
        (b"\x30\x80", 0),
        (b"\x30\xff\xff\xff", 0),
        (b"\x30\xff\xff\xff\xff", 6),
    ],
)
def test_a_length_is_told_as_soon_as_it_can_be_seen(data: bytes, expected: int) -> None:
    assert length(data, 0) == expected


def test_receipts_are_written_one_after_another() -> None:
    assert pubacks([1, 65535, 256]) == b"\x40\x02\x00\x01" + b"\x40\x02\xff\xff" + b"\x40\x02\x01\x00"
    assert pubacks([]) == b""


class Pipe(asyncio.Transport):
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = bytearray()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return False

    def close(self) -> None:
        pass


def linked(**others: Any) -> tuple[Link, Pipe]:
    """Give a link that has sent its CONNECT into a pipe."""
    link, pipe = Link("broker", MqttSettings(**({"host": "broker"} | others)), "me"), Pipe()
    link._wire.connection_made(pipe)
    link._client.connect_async("broker")
    link._client.reconnect()
    return link, pipe


@given(st.lists(PUBLISHES | st.none()), st.lists(st.integers(1, 40)), PROTOCOLS)
@example([Publish(b"t", b"x" * LONG_PACKET * 2, 1), None, Publish(b"t", b"y", 2)], [1, 2, 3, LONG_PACKET, 1], "5")
@example([Publish(b"t", b"x" * LONG_PACKET * 2, 0), Publish(b"t", b"y" * LONG_PACKET * 2, 3)], [5], "3.1.1")
def test_messages_arrive_however_they_are_cut(
    sent: list[Publish | None],
    cuts: list[int],
    protocol: Protocol,
) -> None:
    async def carry() -> Link:
        link, _ = linked(protocol=protocol)
        empty = b"" if protocol == "5" else None
        rest = b"".join(PINGRESP if one is None else packet(one, properties=empty) for one in sent)
        for cut in cuts:
            piece, rest = rest[:cut], rest[cut:]
            if piece:
                link._wire.data_received(piece)
        if rest:
            link._wire.data_received(rest)
        return link

    link = asyncio.run(carry())
    messages = [one for one in sent if one is not None]
    assert not link._over
    assert not link._wire.unread
    assert [(one.topic.encode(), one.payload) for one in link._messages] == [(one[0], one[1]) for one in messages]
    assert link._owed == [one.identifier for one in messages if one.identifier]
    assert link.unkept == {one.topic.decode() for one in messages if not one.identifier}
    times = [one.received for one in link._messages]
    assert times == sorted(set(times))


PACKETS = st.builds(lambda kind, rest: bytes([kind]) + number(len(rest)) + rest, st.integers(0, 255), st.binary())


@given(st.lists(PACKETS | st.binary(), min_size=1).map(b"".join), st.lists(st.integers(1, 10)), PROTOCOLS)
def test_no_bytes_raise(data: bytes, cuts: list[int], protocol: Protocol) -> None:
    async def babble() -> None:
        link, _ = linked(protocol=protocol)
        rest = data
        for cut in [*cuts, len(data)]:
            piece, rest = rest[:cut], rest[cut:]
            if piece:
                link._wire.data_received(piece)

    asyncio.run(babble())


async def test_a_subscription_of_qos_2_that_is_none_of_ours_ends_its_handshake() -> None:
    link, pipe = linked()
    link._wire.data_received(b"\x34\x07\x00\x01t\x00\x07\x001" + b"\x62\x02\x00\x07")
    await asyncio.sleep(0)
    assert [(one.topic, one.payload) for one in link._messages] == [("t", b"1")]
    assert link._owed == []
    assert bytes(pipe.written).endswith(b"\x50\x02\x00\x07" + b"\x70\x02\x00\x07")


async def test_a_malformed_packet_ends_the_link() -> None:
    link, _ = linked()
    link._wire.data_received(packet(Publish(b"t", b"1", 1)) + b"\x32\x03\x00\x09t" + packet(Publish(b"t", b"2", 2)))
    assert [one.payload for one in link._messages] == [b"1"]
    assert "is no MQTT 5" in link._reason
    assert (await link.take()).owed == [1]
    with pytest.raises(SourceLostError, match="is no MQTT 5"):
        await link.take()
