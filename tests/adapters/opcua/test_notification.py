"""A PublishResponse is taken apart whatever stands around its changes."""

from datetime import timedelta

import pytest
from asyncua import ua
from hypothesis import given
from hypothesis import strategies as st

from adapters.sources.opcua.binary import EPOCH, MalformedError
from adapters.sources.opcua.notification import read_notification
from tests.adapters.opcua.encoded import EXAMPLES, NOON, change, changes, nanoseconds, response

SOME = ua.DataChangeNotification(MonitoredItems=[change(1, 2.5), change(2, value=True)])


def test_a_notification_has_its_number_its_time_and_its_changes() -> None:
    sent = NOON + timedelta(seconds=1)
    found = read_notification(response(SOME, SOME, sequence=41, more=True, subscription=9, sent=sent))
    assert (found.subscription, found.sequence, found.more, found.content, found.result) == (9, 41, True, True, 0)
    assert (found.sent - EPOCH) * 100 == nanoseconds(sent)
    assert found.changes == (changes(change(1, 2.5), change(2, value=True)),) * 2
    assert found.ended is None


@EXAMPLES
@given(
    available=st.lists(st.integers(1, 2**32 - 1), max_size=5),
    texts=st.lists(st.text(st.characters(codec="utf-8")), max_size=3),
)
def test_what_stands_before_it_does_not_matter(available: list[int], texts: list[str]) -> None:
    found = read_notification(response(SOME, available=available, texts=texts))
    assert found.sequence == 1
    assert len(found.changes) == 1


def test_a_notification_without_content_only_shows_that_the_server_lives() -> None:
    found = read_notification(response(sequence=12))
    assert (found.content, found.sequence, found.changes) == (False, 12, ())


def test_the_end_of_a_subscription_is_told() -> None:
    code = ua.StatusCode(ua.UInt32(0x800A_0000))
    assert read_notification(response(ua.StatusChangeNotification(Status=code))).ended == 0x800A_0000


def test_notifications_of_other_sorts_are_stepped_over() -> None:
    found = read_notification(response(ua.EventNotificationList(), SOME))
    assert len(found.changes) == 1


def test_a_bad_result_is_told() -> None:
    assert read_notification(response(result=0x8025_0000)).result == 0x8025_0000


def test_one_that_ends_early_is_malformed() -> None:
    body = response(SOME)
    data = changes(change(1, 2.5), change(2, value=True))
    needed = body.index(data) + len(data)
    for end in range(needed):
        with pytest.raises(MalformedError):
            read_notification(body[:end])


def test_one_that_ends_within_the_type_of_its_data_is_malformed() -> None:
    body = response(SOME)
    start = body.index(b"\x01\x00\x2b\x03")  # i=811, in four bytes
    with pytest.raises(MalformedError):
        read_notification(body[:start] + b"\x00\x05")


@EXAMPLES
@given(st.binary(max_size=200))
def test_any_bytes_are_a_notification_or_malformed(body: bytes) -> None:
    try:
        read_notification(body)
    except MalformedError:
        return
