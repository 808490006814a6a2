"""Time stamps in payloads."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.sources.mqtt.instants import nanoseconds
from adapters.sources.mqtt.unfit import UnfitError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = 1_000_000_000
MOMENT = 1_772_352_000 * SECOND
"""2026-03-01T08:00:00Z."""


@pytest.mark.parametrize(
    ("stamp", "since"),
    [
        ("2026-03-01T08:00:00Z", MOMENT),
        ("2026-03-01T16:00:00+08:00", MOMENT),
        ("2026-03-01 08:00:00.25+00:00", MOMENT + SECOND // 4),
        ("2026-03-01T08:00:00.123456Z", MOMENT + 123_456_000),
        ("2026-03-01T08:00:00.1234567Z", MOMENT + 123_456_700),
        ("2026-03-01T08:00:00.123456789Z", MOMENT + 123_456_789),
        ("2026-03-01T16:00:00.123456789+08:00", MOMENT + 123_456_789),
        ("1969-12-31T23:59:59Z", -SECOND),
        (1_772_352_000, MOMENT),
        (1_772_352_000.123456, MOMENT + 123_456_000),
        (1_772_352_000_123, MOMENT + 123_000_000),
        (1_772_352_000_123.5, MOMENT + 123_500_000),
        (1_772_352_000_123_456, MOMENT + 123_456_000),
        (1_772_352_000_123_456_789, MOMENT + 123_456_789),
        (0, 0),
        (-1, -SECOND),
    ],
)
def test_a_time_stamp_is_read_exactly(stamp: object, since: int) -> None:
    assert nanoseconds(stamp) == since


@pytest.mark.parametrize(
    ("stamp", "advice"),
    [
        ("2026-03-01T08:00:00", "does not say its time zone"),
        ("2026-03-01", "does not say its time zone"),
        ("yesterday", "publish RFC 3339"),
        ("", "publish RFC 3339"),
        ("0001-01-01T00:00:00Z", "outside the years"),
        ("9999-12-31T23:59:59Z", "outside the years"),
        (99_999_999_999, "outside the years"),
        (1e19, "too large even for nanoseconds"),
        (2**63, "too large even for nanoseconds"),
        (float("nan"), "too large even for nanoseconds"),
        (True, "found the boolean true"),
        (None, "found null"),
        ({"s": 1}, "found an object"),
        ([], "found an array"),
    ],
)
def test_what_is_no_time_stamp_is_refused_with_advice(stamp: object, advice: str) -> None:
    with pytest.raises(UnfitError) as caught:
        nanoseconds(stamp)
    assert advice in str(caught.value)


LAST_EXACT = 2**32 * 1_000_000 - 1
"""Microseconds since 1970, in the year 2106: the last that a number of seconds with a fraction can hold exactly."""


def at(micros: int, minutes: int) -> datetime:
    """Give the instant so many microseconds after 1970, told in a zone so many minutes east."""
    return (EPOCH + timedelta(microseconds=micros)).astimezone(timezone(timedelta(minutes=minutes)))


@given(st.builds(at, st.integers(631_152_000_000_000, LAST_EXACT), st.integers(-840, 840)))
def test_every_moment_comes_back_in_each_way_of_writing_it(moment: datetime) -> None:
    since = (moment - EPOCH) // timedelta(microseconds=1) * 1000
    assert nanoseconds(moment.isoformat()) == since
    assert nanoseconds(since) == since
    assert nanoseconds(since // 1000) == since
    assert nanoseconds(since / SECOND) == since
    assert nanoseconds(since // 1_000_000) == since // 1_000_000 * 1_000_000
    assert nanoseconds(since // SECOND) == since // SECOND * SECOND


JSON: st.SearchStrategy[Any] = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers())
)


@given(JSON)
def test_anything_else_is_an_instant_of_64_bits_or_unfit(stamp: Any) -> None:
    try:
        instant = nanoseconds(stamp)
    except UnfitError as error:
        str(error).encode()
    else:
        assert -(2**63) <= instant < 2**63
