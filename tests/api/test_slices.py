"""Slices: whatever is asked for is read once, in its order, and no slice is larger than there is room for."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from api.slices import MOST, Pace, Slice, beginning, next_slice
from tests.analytics.plant import EXAMPLES

BEGIN = datetime(2026, 3, 2, tzinfo=UTC)
LASTS = {"hour": timedelta(hours=1), "day": timedelta(days=1)}

Window = tuple[str, str, datetime]


def windows(cut: Slice) -> list[Window]:
    """Give the windows of a slice in their order."""
    found = []
    for path in cut.paths:
        for period in cut.periods:
            first = -((BEGIN - cut.start) // LASTS[period])  # the first that begins in it
            start = BEGIN + first * LASTS[period]
            while start < cut.end:
                found.append((path, period, start))
                start += LASTS[period]
    return found


asked = st.builds(
    lambda paths, periods, before, hours: Slice(
        tuple(sorted(paths)),
        tuple(sorted(periods)),
        BEGIN + timedelta(minutes=before),
        BEGIN + timedelta(minutes=before, hours=hours),
    ),
    st.sets(st.sampled_from("abcdefg"), min_size=1),
    st.sets(st.sampled_from(["hour", "day"]), min_size=1),
    st.integers(0, 3000),
    st.integers(1, 80),
)


@EXAMPLES
@given(asked, st.floats(1, 300), st.data())
def test_every_window_is_read_once_and_in_order(asked: Slice, room: float, data: st.DataObject) -> None:
    whole = windows(asked)
    after = data.draw(st.sampled_from([None, *whole]))
    place, found = beginning(asked, after), []
    while place is not None:
        cut, place = next_slice(asked, place, room)
        assert cut.start < cut.end
        assert cut.windows() <= room + 1e-6
        found += windows(cut)
    rest = whole if after is None else whole[whole.index(after) :]
    assert found == rest


def test_a_place_that_is_none_any_more_is_the_next_one() -> None:
    asked = Slice(("b", "d"), ("day", "hour"), BEGIN, BEGIN + timedelta(days=3))
    for after, expected in (
        (("a", "hour", BEGIN), ("b", "day")),
        (("b", "hour", BEGIN + timedelta(days=9)), ("d", "day")),
        (("c", "day", BEGIN), ("d", "day")),
        (("d", "shift", BEGIN), None),
    ):
        place = beginning(asked, after)
        told = None if place is None else (asked.paths[place.path], asked.periods[place.period])
        assert told == expected


def test_where_there_is_less_than_was_reckoned_with_the_next_slice_is_larger() -> None:
    pace = Pace(wanted=1000, per_window=50)
    cut = Slice(("a",), ("hour",), BEGIN, BEGIN + timedelta(hours=20))
    assert pace.room(("hour",)) == 20
    pace.note(cut, 1000)
    assert pace.room(("hour",)) == 20
    pace.note(cut, 500)
    assert pace.room(("hour",)) == 40
    for _ in range(9):
        pace.note(cut, 0)
    assert pace.room(("hour",)) == MOST / 50
    assert pace.room(("week",)) == MOST / 50 / 7
    pace.note(cut, 1000)
    assert pace.room(("hour",)) == 20
