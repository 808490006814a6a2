"""Changes that were refused are decoded again as the line file now says."""

import pytest
from asyncua import ua

from adapters.sample import Status, ValueType
from adapters.sources.contract import Delivery, Point, Redecodes
from adapters.sources.opcua.changes import ChangeReader
from adapters.sources.opcua.settings import OpcuaAddress, OpcuaSettings
from adapters.sources.opcua.source import OpcuaSource
from tests.adapters.opcua.encoded import NOON, TYPES, change, changes, nanoseconds

FORCE = "works/line/press/force"


def point(kind: ValueType, node: str = "ns=2;s=Force") -> Point[OpcuaAddress]:
    return Point(FORCE, kind, OpcuaAddress(node=node))


def refused(item: ua.MonitoredItemNotification, kind: ValueType = "float") -> bytes:
    reader = ChangeReader({item.ClientHandle: point(kind)}, "source")
    reader.read(changes(item), nanoseconds(NOON))
    [one] = reader.refused
    return one.payload


def again(mended: Point[OpcuaAddress], payload: bytes, signal: str | None = FORCE) -> Delivery:
    source = OpcuaSource("press", OpcuaSettings(endpoint="opc.tcp://nowhere.invalid:4840"), [mended])
    assert isinstance(source, Redecodes)
    return source.decode_again("ns=2;s=Old", signal, payload, NOON)


def test_a_type_that_was_mended_takes_the_change_at_its_own_time() -> None:
    payload = refused(change(17, NOON, TYPES.DateTime), "float")
    found = again(point("text", node="ns=2;s=New"), payload)
    row = found.samples.row(0, named=True)
    assert (row["signal"], row["text"], row["status"]) == (FORCE, "2024-05-17T12:00:00Z", Status.GOOD)
    assert (row["time"], row["received"]) == (NOON, NOON)
    assert found.refusals.is_empty()


def test_what_is_none_even_now_says_why() -> None:
    found = again(point("float"), refused(change(17, [1.0, 2.0], TYPES.Double)))
    assert found.samples.is_empty()
    assert "an array of Double" in found.refusals["reason"][0]


@pytest.mark.parametrize(
    ("payload", "signal", "why"),
    [
        (b"ns=2;s=Old", FORCE, "did not serve the node"),
        (b"", FORCE, "did not serve the node"),
        (b"\x01\x00\x00\x00\x0d\x0b\x00", FORCE, "fault of the server"),
        (b"\x02\x00\x00\x00" * 9, None, "no change of a signal"),
    ],
)
def test_what_is_no_change_is_told(payload: bytes, signal: str | None, why: str) -> None:
    found = again(point("float"), payload, signal)
    assert found.samples.is_empty()
    assert why in found.refusals["reason"][0]
