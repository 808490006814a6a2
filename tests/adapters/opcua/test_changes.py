"""Data changes become columns exactly, by the fast way and by the other alike."""

import math
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from asyncua import ua
from hypothesis import given
from hypothesis import strategies as st

from adapters.sample import Status, ValueType
from adapters.sources.opcua.binary import EPOCH, MalformedError
from adapters.sources.opcua.changes import ChangeReader, TimeChoice
from tests.adapters.opcua.encoded import (
    EXAMPLES,
    NOON,
    NUMBERS,
    OTHERS,
    TYPES,
    change,
    changes,
    nanoseconds,
    points,
)

RECEIVED = nanoseconds(NOON + timedelta(minutes=1))
SERVER = NOON + timedelta(seconds=3)

STATUSES = (
    st.none() | st.sampled_from([0, 0x4000_0000, 0x8000_0000, 0x0000_0480, 0x4090_0480]) | st.integers(0, 2**32 - 1)
)
TIMES = st.none() | st.datetimes(datetime(1600, 1, 1), datetime(2600, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - Hypothesis wants bounds without a zone
CHANGES = st.one_of(
    [
        st.builds(
            change,
            st.integers(0, 4),
            values,
            st.just(kind),
            status=STATUSES,
            source=TIMES,
            server=TIMES,
            picoseconds=st.none() | st.integers(0, 9999),
        )
        for kind, values in (NUMBERS | OTHERS).items()
    ]
)


def reader(*types: ValueType, time: TimeChoice = "source") -> ChangeReader:
    return ChangeReader(dict(enumerate(points(*types), start=1)), time)


def read(
    *items: ua.MonitoredItemNotification, declared: ValueType = "float", time: TimeChoice = "source"
) -> ChangeReader:
    one = reader(*[declared] * 4, time=time)
    one.read(changes(*items), RECEIVED)
    return one


@EXAMPLES
@given(kind=st.sampled_from(list(NUMBERS)), data=st.data())
def test_numbers_are_exact(kind: ua.VariantType, data: st.DataObject) -> None:
    value = data.draw(NUMBERS[kind])
    one = read(change(1, value, kind))
    if math.isfinite(value) and (kind != TYPES.UInt64 or value < 2**63):
        type_ = "bool" if kind == TYPES.Boolean else "float" if kind in {TYPES.Float, TYPES.Double} else "int"
        assert one.columns.values == [value]
        assert type(one.columns.values[0]) is type(value)
        assert one.columns.types == [type_]
        assert one.columns.handles == [1]
        assert one.columns.statuses == [0]
        assert one.columns.received == [RECEIVED]
        assert not one.refused
    else:
        assert not one.columns.handles
        assert one.refused[0].handle == 1


@EXAMPLES
@given(st.lists(CHANGES, max_size=8), st.sampled_from(["source", "server", "received"]))
def test_both_ways_agree(items: list[ua.MonitoredItemNotification], time: TimeChoice) -> None:
    body = changes(*items)
    fast, other = reader("float", "int", "text", time=time), reader("float", "int", "text", time=time)
    other._plain.clear()
    for one in (fast, other):
        one.read(body, RECEIVED)
    assert fast.columns == other.columns
    assert fast.refused == other.refused
    assert fast.overflows == other.overflows


@EXAMPLES
@given(st.lists(CHANGES, max_size=8))
def test_every_change_becomes_one_row_or_one_refusal(items: list[ua.MonitoredItemNotification]) -> None:
    one = reader("float", "int", "text")
    one.read(changes(*items), RECEIVED)
    columns = one.columns
    lengths = {
        len(column) for column in (columns.handles, columns.times, columns.statuses, columns.types, columns.values)
    }
    assert lengths == {len(columns.received)}
    assert len(columns.handles) + len(one.refused) == len(items)


@EXAMPLES
@given(st.lists(CHANGES, min_size=1, max_size=4), st.data())
def test_a_message_that_ends_early_is_malformed_and_keeps_what_it_had(
    items: list[ua.MonitoredItemNotification], data: st.DataObject
) -> None:
    body = changes(*items)
    whole, part = reader("float", "int", "text"), reader("float", "int", "text")
    whole.read(body, RECEIVED)
    with pytest.raises(MalformedError):
        part.read(body[: data.draw(st.integers(0, len(body) - 5))], RECEIVED)
    had = len(part.columns.handles)
    assert part.columns.values == whole.columns.values[:had]
    assert len(part.columns.received) == had


@EXAMPLES
@given(st.binary(max_size=100))
def test_any_bytes_are_read_or_malformed(body: bytes) -> None:
    one = reader("float", "int", "text")
    with suppress(MalformedError):
        one.read(body, RECEIVED)
    assert len(one.columns.received) == len(one.columns.handles)


@pytest.mark.parametrize(
    ("source", "server", "choice", "expected"),
    [
        (NOON, SERVER, "source", nanoseconds(NOON)),
        (NOON, SERVER, "server", nanoseconds(SERVER)),
        (NOON, SERVER, "received", RECEIVED),
        (None, SERVER, "source", nanoseconds(SERVER)),
        (None, None, "source", RECEIVED),
        (NOON, None, "server", RECEIVED),
    ],
)
@pytest.mark.parametrize("value", [1.5, None])
def test_the_chosen_time_counts_or_the_next_there_is(
    value: float | None, source: datetime | None, server: datetime | None, choice: TimeChoice, expected: int
) -> None:
    one = read(change(1, value, TYPES.Double, source=source, server=server), time=choice)
    assert one.columns.times == [expected]


def test_times_are_kept_to_the_nanosecond() -> None:
    body = bytearray(changes(change(1, 1.5, picoseconds=4299)))
    ticks = EPOCH + 17_000_000_000_000_000 + 7
    body[18:26] = ticks.to_bytes(8, "little")
    one = reader("float")
    one.read(bytes(body), RECEIVED)
    assert one.columns.times == [17_000_000_000_000_000 * 100 + 700 + 42]


@pytest.mark.parametrize("ticks", [2**63 - 1, EPOCH * 2])
def test_a_time_that_cannot_be_is_refused(ticks: int) -> None:
    body = bytearray(changes(change(1, 1.5), change(2, 2.5)))
    body[18:26] = ticks.to_bytes(8, "little")
    one = reader("float", "float")
    one.read(bytes(body), RECEIVED)
    assert one.columns.values == [2.5]
    assert "set the clock" in one.refused[0].reason


@pytest.mark.parametrize(
    ("value", "type_", "text"),
    [
        ("ACTIVE", TYPES.String, "ACTIVE"),
        ("", TYPES.String, ""),
        (None, TYPES.String, ""),
        ("冷却液 80 %", TYPES.String, "冷却液 80 %"),
        (UUID("09087e75-8e5e-499b-954f-f2a9603db28a"), TYPES.Guid, "09087e75-8e5e-499b-954f-f2a9603db28a"),
        (ua.LocalizedText("Spindel läuft", "de"), TYPES.LocalizedText, "Spindel läuft"),
        (ua.LocalizedText(None, "de"), TYPES.LocalizedText, ""),
        (ua.QualifiedName("Press", 2), TYPES.QualifiedName, "Press"),
        (NOON, TYPES.DateTime, "2024-05-17T12:00:00Z"),
        (NOON + timedelta(microseconds=250_100), TYPES.DateTime, "2024-05-17T12:00:00.2501Z"),
    ],
)
def test_texts_and_what_a_text_signal_takes_for_one(value: Any, type_: ua.VariantType, text: str) -> None:
    item = change(1, 0)
    item.Value.Value = ua.Variant(value, type_)
    one = read(item, declared="text")
    assert (one.columns.types, one.columns.values, one.refused) == (["text"], [text], [])


@pytest.mark.parametrize(
    ("variant", "reason"),
    [
        (ua.Variant(math.nan, TYPES.Double), "nan is no finite number"),
        (ua.Variant(-math.inf, TYPES.Float), "-inf is no finite number"),
        (ua.Variant(2**63, TYPES.UInt64), "9223372036854775808 is beyond 2^63 - 1"),
        (ua.Variant([1.0, 2.0], TYPES.Double), "an array of Double, 2 long"),
        (ua.Variant([], TYPES.String, is_array=True), "an array of String, 0 long"),
        (ua.Variant(ua.Range(1, 2), TYPES.ExtensionObject), "a structure"),
        (ua.Variant(b"\1\2", TYPES.ByteString), "a ByteString"),
        (ua.Variant(ua.NodeId(), TYPES.NodeId), "a NodeId"),
        (ua.Variant(NOON, TYPES.DateTime), "a DateTime, and the signal is declared float; declare it `type: text`"),
        (ua.Variant(ua.LocalizedText("x"), TYPES.LocalizedText), "declare it `type: text`"),
    ],
)
def test_what_cannot_be_stored_is_refused_with_a_reason_and_its_neighbours_go_on(
    variant: ua.Variant, reason: str
) -> None:
    wrong = change(1, 0)
    wrong.Value.Value = variant
    one = read(change(2, 1.5), wrong, change(3, 2.5))
    assert one.columns.values == [1.5, 2.5]
    (refused,) = one.refused
    assert reason in refused.reason
    assert refused.handle == 1
    assert refused.payload in changes(wrong)
    assert len(refused.payload) > 8


def test_a_text_that_is_no_utf_8_is_refused() -> None:
    body = changes(change(1, "abc", TYPES.String), change(2, 1.5)).replace(b"abc", b"\xff\xfe\xfd")
    one = reader("text", "float")
    one.read(body, RECEIVED)
    assert one.columns.values == [1.5]
    assert "no UTF-8" in one.refused[0].reason


@pytest.mark.parametrize("value", [None, 1.5, math.nan])
def test_beside_a_bad_status_there_is_no_value(value: float | None) -> None:
    one = read(change(1, value, TYPES.Double, status=0x8089_0000))
    assert (one.columns.statuses, one.columns.types, one.columns.values) == ([0x8089_0000], [None], [None])
    assert not one.refused


def test_null_beside_a_good_status_is_no_data() -> None:
    one = read(change(1, None), change(1, None, status=0x4000_0000))
    assert one.columns.statuses == [Status.BAD_NO_DATA] * 2
    assert one.columns.values == [None] * 2


@pytest.mark.parametrize("status", [0x4090_0000, 0x0000_0100])
def test_a_value_keeps_its_status(status: int) -> None:
    one = read(change(1, 1.5, status=status))
    assert (one.columns.statuses, one.columns.values) == ([status], [1.5])


@pytest.mark.parametrize(("value", "status"), [(1.5, 0x480), ("x", 0x480), (None, 0x8000_0480), (1.5, 0x4090_0780)])
def test_an_overflow_is_told_with_what_came_before(value: Any, status: int) -> None:
    second = NOON + timedelta(seconds=1)
    marked = change(1, value, status=status, source=second, server=SERVER)
    one = read(change(1, 1.5), change(2, 1.5), marked, declared="text")
    (overflow,) = one.overflows
    assert (overflow.handle, overflow.time, overflow.previous, overflow.server) == (
        1,
        nanoseconds(second),
        nanoseconds(NOON),
        nanoseconds(SERVER),
    )


@pytest.mark.parametrize("status", [0x0080, 0x0880, 0x0400])
def test_what_only_looks_like_an_overflow_is_none(status: int) -> None:
    assert not read(change(1, 1.5, status=status)).overflows


def test_a_handle_that_was_never_given_is_refused() -> None:
    one = read(change(17, 1.5), change(1, 2.5))
    assert one.columns.values == [2.5]
    assert "client handle 17" in one.refused[0].reason


def test_times_of_a_point_are_remembered_over_messages() -> None:
    one = read(change(1, 1.5))
    later = NOON + timedelta(hours=1)
    one.read(changes(change(1, 2.5, status=0x480, source=later)), RECEIVED)
    assert [overflow.previous for overflow in one.overflows] == [nanoseconds(NOON)]


def sequence_of(count: int) -> Sequence[ua.MonitoredItemNotification]:
    return [change(1 + n % 4, float(n)) for n in range(count)]


def test_the_order_of_arrival_is_kept() -> None:
    one = read(*sequence_of(100))
    assert one.columns.values == [float(n) for n in range(100)]
    assert one.columns.handles == [1 + n % 4 for n in range(100)]
