"""Which files a question needs, and which are merged."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.stores.lake import parts
from adapters.stores.lake.layout import RESULT_ROWS, SAMPLE_ROWS, day_of
from adapters.stores.lake.parts import QUIET, SEALED, Merge, Part

NOW = datetime(2024, 5, 17, 12, tzinfo=UTC)
TODAY = NOW.date()
YESTERDAY = TODAY - timedelta(days=1)
MIB = 2**20
FILES = pl.Schema(
    {
        "path": pl.String(),
        "day": pl.Date(),
        "level": pl.Int64(),
        "rows": pl.Int64(),
        "size": pl.Int64(),
        "added": pl.Datetime("ms", "UTC"),
    }
)


def part(
    name: str, day: date = TODAY, *, level: int = 0, rows: int = 1000, size: int = 1000, age: timedelta = QUIET * 2
) -> Part:
    return Part(f"day={day}/l{level}-{name}.parquet", day, level, rows, size, NOW - age)


def due(*files: Part, compact_after: int = 4) -> list[Merge]:
    rows = [tuple(getattr(file, name) for name in FILES.names()) for file in files]
    frame = pl.DataFrame(rows, schema=FILES, orient="row")
    return parts.due(frame, NOW, compact_after=compact_after, target=128 * MIB)


def names(merge: Merge) -> list[str]:
    return [part.path.rpartition("-")[2].removesuffix(".parquet") for part in merge.parts]


def test_few_small_files_of_today_are_left_alone() -> None:
    assert due(*(part(str(n)) for n in range(3))) == []


def test_many_small_files_of_today_become_one_of_the_next_level() -> None:
    (merge,) = due(*(part(str(n)) for n in range(4)), part("big", size=64 * MIB), part("other", level=1))
    assert names(merge) == ["0", "1", "2", "3"]
    assert merge.level == 1


def test_each_level_is_merged_by_itself() -> None:
    first, second = due(*(part(f"{level}{n}", level=level) for level in (0, 3) for n in range(4)))
    assert (first.level, second.level) == (1, 4)
    assert names(second) == ["30", "31", "32", "33"]


def test_levels_end_below_the_sealed_one() -> None:
    (merge,) = due(*(part(str(n), level=SEALED - 1) for n in range(4)))
    assert merge.level == SEALED - 1


def test_a_day_that_is_over_and_quiet_is_sealed_whole() -> None:
    files = [part("a", YESTERDAY), part("b", YESTERDAY, level=2), part("big", YESTERDAY, level=1, size=99 * MIB)]
    (merge,) = due(*files, part("today"))
    assert sorted(names(merge)) == ["a", "b", "big"]
    assert merge.level == SEALED


def test_a_day_that_something_was_just_added_to_is_not_sealed() -> None:
    fresh = part("fresh", YESTERDAY, age=QUIET / 2)
    assert due(part("a", YESTERDAY), fresh) == []
    (merge,) = due(*(part(str(n), YESTERDAY) for n in range(3)), fresh)
    assert merge.level == 1


def test_a_day_with_one_file_is_sorted_already() -> None:
    assert due(part("a", YESTERDAY)) == []
    assert due(part("a", YESTERDAY, level=SEALED)) == []


@pytest.mark.parametrize(("late", "sealed"), [(50, False), (200, True)])
def test_a_sealed_day_is_sealed_again_when_enough_came_late(late: int, *, sealed: bool) -> None:
    merges = due(part("run", YESTERDAY, level=SEALED), part("late", YESTERDAY, rows=late))
    assert [names(merge) for merge in merges] == ([["late", "run"]] if sealed else [])


def test_late_samples_of_a_sealed_day_are_merged_among_themselves() -> None:
    late = [part(str(n), YESTERDAY, rows=1) for n in range(4)]
    (merge,) = due(part("run", YESTERDAY, level=SEALED, rows=10_000), *late)
    assert names(merge) == ["0", "1", "2", "3"]
    assert merge.level == 1


def test_new_paths_say_day_and_level() -> None:
    one, other = (parts.new_path(date(2024, 5, 7), 3) for _ in range(2))
    assert one != other
    assert one.startswith("day=2024-05-07/l3-")
    actions = {
        "path": [one, "day=2024-05-07/part-0-of-another-program.parquet"],
        "partition.day": [date(2024, 5, 7)] * 2,
    }
    log = pl.DataFrame({**actions, "num_records": 5, "size_bytes": 9, "modification_time": 1_715_000_000_000})
    listed = parts.listed(log, RESULT_ROWS)
    assert listed["level"].to_list() == [3, 0]
    assert listed["day"].to_list() == [date(2024, 5, 7)] * 2


INSTANTS = st.integers(-(10**15), 10**15)
SIGNALS = st.text("ab", max_size=3)


@st.composite
def files(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a file by the rows that it holds."""
    day = draw(st.integers(-3, 3))
    instants = st.integers(day * 86_400 * 10**9, (day + 1) * 86_400 * 10**9 - 1)
    return {"day": day, "rows": draw(st.lists(st.tuples(SIGNALS, instants), min_size=1, max_size=4))}


@given(
    drawn=st.lists(files(), max_size=6),
    signals=st.sets(SIGNALS, max_size=4),
    start=INSTANTS,
    end=INSTANTS,
    ranges=st.booleans(),
)
def test_no_file_is_passed_over_that_holds_a_sample_asked_for(
    drawn: list[dict[str, Any]], signals: set[str], start: int, end: int, *, ranges: bool
) -> None:
    listed = pl.DataFrame(
        [
            {
                "path": str(number),
                "day": day_of(file["day"] * 86_400 * 10**9),
                "least_signal": min(file["rows"])[0] if ranges else None,
                "greatest_signal": max(file["rows"])[0] if ranges else None,
                "least_time_ns": min(time for _, time in file["rows"]) if ranges else None,
                "greatest_time_ns": max(time for _, time in file["rows"]) if ranges else None,
            }
            for number, file in enumerate(drawn)
        ],
        schema={
            "path": pl.String,
            "day": pl.Date,
            "least_signal": SAMPLE_ROWS.columns["signal"],
            "greatest_signal": SAMPLE_ROWS.columns["signal"],
            "least_time_ns": pl.Int64,
            "greatest_time_ns": pl.Int64,
        },
    )
    found = set(parts.holding(listed, signals, start, end)["path"])
    needed = {
        str(number)
        for number, file in enumerate(drawn)
        if any(signal in signals and start <= time < end for signal, time in file["rows"])
    }
    assert needed <= found
    assert not (found and not signals)


def test_files_that_cannot_hold_what_is_asked_for_are_passed_over() -> None:
    listed = pl.DataFrame(
        {
            "path": ["names", "times", "day", "both"],
            "day": [date(1970, 1, 1), date(1970, 1, 1), date(1970, 1, 2), date(1970, 1, 1)],
            "least_signal": ["f/x", "f/a", "f/a", "f/a"],
            "greatest_signal": ["f/z", "f/z", "f/z", "f/z"],
            "least_time_ns": [0, 50, 0, 0],
            "greatest_time_ns": [99, 99, 99, 99],
        }
    )
    assert parts.holding(listed, {"f/b", "f/c"}, 10, 50)["path"].to_list() == ["both"]
