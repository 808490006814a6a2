"""OPC UA messages for tests, encoded by asyncua: not by the code under test."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from asyncua import ua
from asyncua.ua.ua_binary import struct_to_binary, variant_to_binary
from hypothesis import settings
from hypothesis import strategies as st

from adapters.sample import ValueType
from adapters.sources.contract import Point
from adapters.sources.opcua.settings import OpcuaAddress

TYPES: Final = ua.VariantType

EXAMPLES: Final = settings(max_examples=60, deadline=None)
"""How many examples a property is tried on; without a deadline, since the machine may be busy with others."""

NOON: Final = datetime(2024, 5, 17, 12, tzinfo=UTC)
"""When the changes of these tests begin."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def change(
    handle: int,
    value: Any,
    type_: ua.VariantType | None = None,
    *,
    status: int | None = None,
    source: datetime | None = NOON,
    server: datetime | None = None,
    picoseconds: int | None = None,
) -> ua.MonitoredItemNotification:
    """Make one change; parts that are None are left out of the encoding."""
    kind: Any = type_
    variant = ua.Variant() if value is None else ua.Variant(value, kind)
    times: dict[str, Any] = {"SourceTimestamp": source, "ServerTimestamp": server, "SourcePicoseconds": picoseconds}
    code = None if status is None else ua.StatusCode(ua.UInt32(status))
    return ua.MonitoredItemNotification(ClientHandle=handle, Value=ua.DataValue(variant, code, **times))


def changes(*items: ua.MonitoredItemNotification) -> bytes:
    """Encode a DataChangeNotification."""
    return bytes(struct_to_binary(ua.DataChangeNotification(MonitoredItems=list(items))))


def response(
    *notifications: Any,
    sequence: int = 1,
    more: bool = False,
    subscription: int = 7,
    sent: datetime = NOON,
    available: Sequence[int] = (),
    result: int = 0,
    texts: Sequence[str] = (),
) -> bytes:
    """Encode a PublishResponse after its type; without notifications it only shows that the server lives."""
    header = ua.ResponseHeader(
        Timestamp=sent,
        RequestHandle=3,
        ServiceResult=ua.StatusCode(ua.UInt32(result)),
        StringTable=list(texts),
    )
    message = ua.NotificationMessage(SequenceNumber=sequence, PublishTime=sent, NotificationData=list(notifications))
    parameters = ua.PublishResult(
        SubscriptionId=subscription,
        AvailableSequenceNumbers=list(available),
        MoreNotifications=more,
        NotificationMessage=message,
    )
    whole = bytes(struct_to_binary(ua.PublishResponse(ResponseHeader=header, Parameters=parameters)))
    return whole[4:]  # the type is a NodeId of four bytes


def encoded_variant(value: ua.Variant) -> bytes:
    """Encode a Variant."""
    return bytes(variant_to_binary(value))


def points(*types: ValueType) -> list[Point[OpcuaAddress]]:
    """Give points with client handles 1, 2, … of these types; signal and node are called after the handle."""
    return [
        Point(f"f/l/press/s{handle}", type_, OpcuaAddress(node=f"nsu=urn:press;s=s{handle}"))
        for handle, type_ in enumerate(types, start=1)
    ]


def nanoseconds(instant: datetime) -> int:
    """Give an instant in ns since 1970."""
    return (instant - _EPOCH) // timedelta(microseconds=1) * 1000


NUMBERS: Final = {
    TYPES.Boolean: st.booleans(),
    TYPES.SByte: st.integers(-(2**7), 2**7 - 1),
    TYPES.Byte: st.integers(0, 2**8 - 1),
    TYPES.Int16: st.integers(-(2**15), 2**15 - 1),
    TYPES.UInt16: st.integers(0, 2**16 - 1),
    TYPES.Int32: st.integers(-(2**31), 2**31 - 1),
    TYPES.UInt32: st.integers(0, 2**32 - 1),
    TYPES.Int64: st.integers(-(2**63), 2**63 - 1),
    TYPES.UInt64: st.integers(0, 2**64 - 1),
    TYPES.Float: st.floats(width=32),
    TYPES.Double: st.floats(),
}
"""Every value of each type that is a plain number."""

_TEXTS: Final = st.text(st.characters(codec="utf-8"), max_size=20)
_NODE_IDS: Final = st.one_of(
    st.builds(ua.NodeId, st.integers(0, 2**32 - 1), st.integers(0, 2**16 - 1)),
    st.builds(ua.NodeId, _TEXTS, st.integers(0, 9)),
    st.builds(ua.NodeId, st.uuids(), st.integers(0, 9)),
    st.builds(ua.NodeId, st.binary(max_size=9), st.integers(0, 9)),
)

OTHERS: Final = {
    TYPES.String: st.none() | _TEXTS,
    TYPES.DateTime: st.datetimes(datetime(1700, 1, 1), datetime(9000, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - Hypothesis wants bounds without a zone
    TYPES.Guid: st.uuids(),
    TYPES.ByteString: st.none() | st.binary(max_size=20),
    TYPES.NodeId: _NODE_IDS,
    TYPES.StatusCode: st.builds(lambda code: ua.StatusCode(ua.UInt32(code)), st.integers(0, 2**32 - 1)),
    TYPES.QualifiedName: st.builds(ua.QualifiedName, _TEXTS, st.integers(0, 9)),
    TYPES.LocalizedText: st.builds(ua.LocalizedText, st.none() | _TEXTS, st.none() | _TEXTS),
    TYPES.ExtensionObject: st.builds(ua.Range, st.floats(allow_nan=False), st.floats(allow_nan=False)),
    TYPES.DataValue: st.builds(lambda number: ua.DataValue(ua.Variant(number, TYPES.Double)), st.floats()),
}
"""Values of the types that are more than a plain number."""


def _of(kind: ua.VariantType, values: st.SearchStrategy[Any]) -> st.SearchStrategy[ua.Variant]:
    return st.one_of(
        st.builds(ua.Variant, values, st.just(kind)),
        st.builds(ua.Variant, st.lists(values, max_size=5), st.just(kind), is_array=st.just(value=True)),
    )


VARIANTS: Final = st.one_of(
    [st.just(ua.Variant()), *(_of(kind, values) for kind, values in (NUMBERS | OTHERS).items())]
)
"""Variants of nearly every kind, single and arrays."""
