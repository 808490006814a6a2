"""Notifications become batches, refusals and the intervals that were missed."""

from datetime import datetime, timedelta
from itertools import pairwise

import polars as pl
import pytest
from asyncua import ua
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from adapters.sample import PAYLOAD_KEPT, REFUSALS, SAMPLES
from adapters.sources.contract import GapKind, Missed
from adapters.sources.opcua.changes import TimeChoice
from adapters.sources.opcua.decode import Absent, Arrival, Decoded, Decoder, absent, merge
from adapters.sources.opcua.notification import read_notification
from tests.adapters.opcua.encoded import (
    EXAMPLES,
    NOON,
    TYPES,
    change,
    changes,
    nanoseconds,
    points,
    response,
)

SECOND = timedelta(seconds=1)
OPENED = NOON - SECOND
OVERFLOW = 0x480


def arrival(
    *items: ua.MonitoredItemNotification,
    received: datetime = NOON,
    sent: datetime | None = None,
    more: bool = False,
    missing: int = 0,
) -> Arrival:
    """Let a notification of these changes arrive; without changes it only shows that the server lives."""
    data = [ua.DataChangeNotification(MonitoredItems=list(items))] if items else []
    notification = read_notification(response(*data, more=more, sent=sent or received))
    return Arrival(notification, nanoseconds(received), missing)


def decoder(time: TimeChoice = "source") -> Decoder:
    return Decoder("press", points("float", "int", "bool", "text"), time, nanoseconds(OPENED))


def decode(*arrivals: Arrival) -> Decoded:
    return decoder().decode(arrivals)


def test_a_batch_has_the_columns_and_the_order_of_arrival() -> None:
    found = decode(
        arrival(change(1, 1.5), change(4, "RUN"), change(2, 2**60 + 1, TYPES.Int64)),
        arrival(change(3, value=True), change(1, 2.5, source=NOON + SECOND), received=NOON + SECOND),
    )
    expected = pl.DataFrame(
        {
            "signal": [f"f/l/press/s{handle}" for handle in (1, 4, 2, 3, 1)],
            "time": [*[NOON] * 4, NOON + SECOND],
            "float": [1.5, None, None, None, 2.5],
            "int": [None, None, 2**60 + 1, None, None],
            "bool": [None, None, None, True, None],
            "text": [None, "RUN", None, None, None],
            "status": [0] * 5,
            "received": [*[NOON] * 3, *[NOON + SECOND] * 2],
        },
        schema=SAMPLES,
    )
    assert_frame_equal(found.samples, expected)
    assert found.refusals.is_empty()
    assert found.gaps == ()


def test_nothing_is_nothing_with_columns() -> None:
    found = decode(arrival())
    assert found.samples.schema == SAMPLES
    assert found.refusals.schema == REFUSALS
    assert (found.samples.height, found.refusals.height, found.gaps) == (0, 0, ())


def test_a_refusal_names_node_and_signal_and_holds_the_input() -> None:
    wrong = change(2, b"\0" * 2 * PAYLOAD_KEPT, TYPES.ByteString)
    found = decode(arrival(change(1, 1.5), wrong))
    assert found.samples.height == 1
    (refusal,) = found.refusals.iter_rows(named=True)
    assert (refusal["source"], refusal["signal"]) == ("press", "f/l/press/s2")
    assert refusal["address"] == "nsu=urn:press;s=s2"
    assert len(refusal["payload"]) == PAYLOAD_KEPT
    assert refusal["payload"] in changes(wrong)
    assert refusal["received"] == NOON


def test_a_change_of_nobody_is_refused_without_a_signal() -> None:
    (refusal,) = decode(arrival(change(9, 1.5))).refusals.iter_rows(named=True)
    assert (refusal["address"], refusal["signal"]) == ("client handle 9", None)


def test_missing_notifications_are_a_gap_of_all_signals_since_the_last_that_arrived() -> None:
    found = decode(
        arrival(change(1, 1.5)),
        arrival(change(1, 2.5), received=NOON + 2 * SECOND, missing=3),
    )
    cause = "3 notifications of the server never arrived"
    assert found.gaps == (Missed(NOON, NOON + 2 * SECOND, cause, kind=GapKind.SEQUENCE),)


def test_a_notification_that_cannot_be_read_is_a_refusal_and_a_gap_and_keeps_what_it_had() -> None:
    whole = arrival(change(1, 1.5), change(1, 2.5))
    body = whole.notification.changes[0]
    broken = read_notification(response(ua.DataChangeNotification()))
    object.__setattr__(broken, "changes", (body[:-10],))
    one = decoder()
    one.decode([arrival()])
    found = one.decode([Arrival(broken, nanoseconds(NOON + SECOND)), arrival(change(2, 7), received=NOON + 2 * SECOND)])
    assert found.samples["float"].to_list() == [1.5, None]
    (refusal,) = found.refusals.iter_rows(named=True)
    assert (refusal["address"], refusal["payload"]) == ("subscription", body[:-10])
    assert [(gap.start, gap.end, gap.signals) for gap in found.gaps] == [(NOON, NOON + SECOND, ())]


def test_an_overflow_is_a_gap_of_its_signal_since_the_value_before() -> None:
    marked = change(1, 2.5, status=OVERFLOW, source=NOON + SECOND)
    found = decode(arrival(change(1, 1.5), change(2, 1), marked))
    (gap,) = found.gaps
    assert (gap.start, gap.end, gap.signals) == (NOON, NOON + SECOND, ("f/l/press/s1",))
    assert "raise `queue_margin`" in gap.cause
    assert found.samples.height == 3


def test_an_overflow_after_a_long_silence_begins_when_the_queues_were_last_empty() -> None:
    """Told in the machine's clock, which here is a day behind the server's."""
    day, hour = timedelta(days=1), timedelta(hours=1)
    marked = change(1, 2.5, status=OVERFLOW, source=NOON + hour - day, server=NOON + hour)
    found = decode(
        arrival(change(1, 1.5, source=NOON - day, server=NOON)),
        arrival(sent=NOON + hour - SECOND),
        arrival(marked, received=NOON + hour),
    )
    assert [(gap.start, gap.end) for gap in found.gaps] == [(NOON + hour - SECOND - day, NOON + hour - day)]


def test_a_message_that_did_not_hold_all_left_no_empty_queue() -> None:
    marked = change(1, 2.5, status=OVERFLOW, source=NOON + 3 * SECOND, server=NOON + 3 * SECOND)
    found = decode(
        arrival(change(1, 1.5, server=NOON), sent=NOON + 2 * SECOND, more=True),
        arrival(marked, received=NOON + 4 * SECOND),
    )
    assert [(gap.start, gap.end) for gap in found.gaps] == [(NOON, NOON + 3 * SECOND)]


def test_an_overflow_before_anything_else_begins_with_the_link() -> None:
    found = decode(arrival(change(1, 2.5, status=OVERFLOW)))
    assert [(gap.start, gap.end) for gap in found.gaps] == [(OPENED, NOON)]


def test_a_server_that_tells_impossible_times_still_gets_its_gap() -> None:
    far = datetime(2500, 1, 1, tzinfo=NOON.tzinfo)
    found = decode(arrival(sent=far), arrival(change(1, 2.5, status=OVERFLOW, server=far)))
    assert [(gap.start, gap.end) for gap in found.gaps] == [(OPENED, NOON)]


def test_overflows_at_the_same_time_are_one_gap() -> None:
    later = NOON + SECOND
    marked = [change(handle, 5.0, status=OVERFLOW, source=later) for handle in (1, 2)]
    found = decode(arrival(change(1, 1.5), change(2, 1.5, source=NOON + SECOND / 2), *marked))
    assert [(gap.start, gap.end, gap.signals) for gap in found.gaps] == [
        (NOON, later, ("f/l/press/s1", "f/l/press/s2"))
    ]


@pytest.mark.parametrize("status", [0x8033_0000, 0x8034_0000, 0x8034_0480])
def test_a_vanished_node_is_a_bad_sample_and_one_refusal(status: int) -> None:
    one = decoder()
    gone = change(1, None, status=status)
    first, again = one.decode([arrival(change(2, 1), gone)]), one.decode([arrival(gone)])
    assert first.samples["status"].to_list() == [0, status]
    (refusal,) = first.refusals.iter_rows(named=True)
    assert (refusal["address"], refusal["signal"]) == ("nsu=urn:press;s=s1", "f/l/press/s1")
    assert "no longer has this node" in refusal["reason"]
    assert again.refusals.is_empty()


def test_absent_points_are_told_as_refusal_and_bad_sample() -> None:
    one, other = points("float", "text")
    found = absent("press", [Absent(other, 0x8034_0000, "no such node")], nanoseconds(NOON))
    (sample,) = found.samples.iter_rows(named=True)
    assert (sample["signal"], sample["status"], sample["text"]) == (other.signal, 0x8034_0000, None)
    (refusal,) = found.refusals.iter_rows(named=True)
    assert (refusal["address"], refusal["signal"], refusal["reason"]) == (
        other.address.node,
        other.signal,
        "no such node",
    )
    assert refusal["payload"]
    assert one.signal not in found.samples["signal"]


WINDOWS = st.lists(
    st.tuples(st.integers(0, 50), st.integers(0, 20), st.sampled_from("abc")).map(lambda w: (w[0], w[0] + w[1], w[2])),
    max_size=12,
)


@EXAMPLES
@given(WINDOWS)
def test_merged_windows_do_not_touch_and_cover_each_window_with_its_signal(windows: list[tuple[int, int, str]]) -> None:
    merged = merge(windows)
    for (_, end, _), (start, _, _) in pairwise(merged):
        assert end < start
    for start, end, signal in windows:
        (cover,) = [one for one in merged if one[0] <= start and end <= one[1]]
        assert cover[2].count(signal) == 1
    assert sum(end - start for start, end, _ in merged) <= sum(end - start for start, end, _ in windows)
