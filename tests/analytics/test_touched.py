"""What new samples touch, and when it is due."""

from datetime import timedelta

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from analytics.pending import Key, Touch, due, merged, ranges, remaining, touches
from analytics.touched import BLOCK, TOUCHED, blocks, by_day, joined, touched
from tests.analytics.plant import EXAMPLES, at, samples

DAY = 86_400
PRESS, LATHE = "works/line/press", "works/line/lathe"


def frame(*rows: tuple[str, float, float]) -> pl.DataFrame:
    filled: list[tuple[object, ...]] = [(path, at(start), at(end), [], []) for path, start, end in rows]
    return pl.DataFrame(filled, schema=TOUCHED, orient="row")


def test_state_samples_touch_their_days() -> None:
    batch = pl.concat(
        [
            samples("works/line/press/state", [(DAY + 5, "RUN"), (10, "RUN"), (30, None), (DAY + 1, "WAIT")]),
            samples("works/line/press/force", [(3 * DAY, 1.0)]),
        ]
    )
    found = touched(batch, {"works/line/press/state": PRESS})
    assert found.rows() == [
        (PRESS, at(10), at(30) + timedelta(microseconds=1), [f"{PRESS}/state"], ["late samples"]),
        (PRESS, at(DAY + 1), at(DAY + 5) + timedelta(microseconds=1), [f"{PRESS}/state"], ["late samples"]),
    ]
    assert found.schema == TOUCHED


def test_ranges_are_joined_within_a_distance() -> None:
    rows = frame((PRESS, 20, 30), (PRESS, 0, 10), (PRESS, 41, 50), (LATHE, 10, 20))
    assert joined(rows, timedelta(seconds=10)).rows() == frame((LATHE, 10, 20), (PRESS, 0, 30), (PRESS, 41, 50)).rows()


def test_a_range_within_another_is_swallowed() -> None:
    assert (
        joined(frame((PRESS, 0, 100), (PRESS, 10, 20), (PRESS, 50, 60)), timedelta(0)).rows()
        == frame((PRESS, 0, 100)).rows()
    )


@EXAMPLES
@given(
    st.lists(
        st.tuples(st.sampled_from([PRESS, LATHE, "a/b/c"]), st.integers(-500, 900), st.integers(1, 400)),
        min_size=1,
        max_size=12,
    )
)
def test_blocks_hold_every_range_once_and_are_bounded(rows: list[tuple[str, int, int]]) -> None:
    hours = joined(
        frame(*((path, start * 3600, (start + length) * 3600) for path, start, length in rows)), timedelta(0)
    )
    found = list(blocks(hours))
    assert joined(pl.concat(found), timedelta(0)).rows() == hours.rows()
    for block in found:
        assert len(by_day(block)) <= BLOCK
        first, last = block["start"].dt.date().min(), block["end"].dt.date().max()
        assert last - first <= timedelta(days=BLOCK)  # type: ignore[operator]
    assert [block["start"].min() for block in found] == sorted(block["start"].min() for block in found)  # type: ignore[type-var]


def test_a_day_of_many_machines_is_split() -> None:
    rows = frame(*((f"works/line/m{n:03}", 0.0, 10.0) for n in range(BLOCK + 1)))
    assert sorted(len(block) for block in blocks(rows)) == [1, BLOCK]


def held(*new: tuple[float, float, int], pending: dict[Key, Touch] | None = None) -> dict[Key, Touch]:
    before = dict(pending or {})
    for start, end, position in new:
        before |= merged(before, touches(frame((PRESS, start, end)), position))
    return before


def test_a_range_is_due_when_the_store_has_its_first_samples() -> None:
    pending = held((0, 10, 5), (20, 30, 7))
    assert due(pending.values(), 4) == []
    (touch,) = due(pending.values(), 5)
    assert (touch.start, touch.end) == (at(0), at(30))


def test_a_range_stays_until_the_store_has_its_last_samples() -> None:
    pending = held((0, 10, 5), (20, 30, 7))
    left = remaining(due(pending.values(), 6), 6)
    assert [touch.first for touch in left.values() if touch is not None] == [7]
    assert list(remaining(due(pending.values(), 7), 7).values()) == [None]


def test_a_machine_that_never_falls_silent_is_computed_all_the_same() -> None:
    pending: dict[Key, Touch] = {}
    computed = 0
    for position in range(1, 20):
        pending = held((position, position + 1, position), pending=pending)
        stored = position - 3  # the drain is three entries behind for ever
        dues = due(pending.values(), stored)
        computed += len(dues)
        pending |= {key: touch for key, touch in remaining(dues, stored).items() if touch is not None}
    assert computed >= 4


def test_late_data_does_not_drag_the_days_between_along() -> None:
    pending = held((-900 * DAY, -900 * DAY + 5, 3), (0, 10, 3))
    assert ranges(due(pending.values(), 3)).rows() == frame((PRESS, -900 * DAY, -900 * DAY + 5), (PRESS, 0, 10)).rows()
