"""Changes: of what is stored, the samples that tell something; from sorted runs, loose files, and both."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.sample import SAMPLES, VALUE_TYPES
from adapters.stores.contract import CHANGES, Position, TellsChanges
from adapters.stores.lake import create, parts
from adapters.stores.lake.settings import LakeSettings
from adapters.stores.lake.store import LakeStore
from tests.adapters.lake.tables import listed, merge, sample_table

DAY = datetime(2026, 3, 2, tzinfo=UTC)
SIGNALS = ("works/line/a/count", "works/line/a/state", "works/line/b/state", "works/line/c/load")

rows = st.lists(
    st.tuples(
        st.sampled_from(SIGNALS), st.integers(0, 3 * 24 * 60), st.integers(0, 2), st.sampled_from([0, 0, 0, 2**31])
    ),
    min_size=1,
    max_size=60,
)
"""Signal, minute, value and status."""


def frame(told: list[tuple[str, int, int, int]]) -> pl.DataFrame:
    """Give samples: counts are integers, states texts, loads floats."""
    samples = []
    for signal, minute, value, status in told:
        row = dict.fromkeys(SAMPLES.names()) | {"signal": signal, "status": status}
        row["time"] = row["received"] = DAY + timedelta(minutes=minute)
        kind = {"count": "int", "state": "text", "load": "float"}[signal.rpartition("/")[2]]
        row[kind] = {"int": value, "text": "AB"[value % 2], "float": value / 2}[kind]
        samples.append(row)
    return pl.DataFrame(samples, schema=SAMPLES)


def telling(samples: pl.DataFrame, whole: list[tuple[datetime, datetime]]) -> pl.DataFrame:
    """Give the samples that must be there, found one signal at a time."""
    values = ("status", *VALUE_TYPES)
    found_ = []
    for of_signal in samples.partition_by("signal", maintain_order=True):
        differs = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift()) for name in values)
        time = pl.col("time").dt.cast_time_unit("us")
        inside, behind = pl.lit(value=False), pl.lit(value=False)
        for begin, end in whole:
            inside |= time.is_between(begin, end, closed="left")
            behind |= pl.int_range(pl.len()) == (time >= end).arg_max()  # whether or not one came within
        ends = (pl.int_range(pl.len()) == 0) | (pl.int_range(pl.len()) == pl.len() - 1)
        found_.append(of_signal.filter(differs | differs.shift(-1, fill_value=False) | inside | behind | ends))
    return pl.concat(found_).select(CHANGES.names())


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    told=rows,
    late=rows,
    sealed=st.booleans(),
    gap=st.tuples(st.integers(0, 3000), st.integers(1, 900)),
    wanted=st.lists(st.sampled_from(SIGNALS), min_size=1, unique=True),
)
async def test_whatever_tells_something_is_there(
    tmp_path_factory: pytest.TempPathFactory,
    *,
    told: list[tuple[str, int, int, int]],
    late: list[tuple[str, int, int, int]],
    sealed: bool,
    gap: tuple[int, int],
    wanted: list[str],
) -> None:
    folder = tmp_path_factory.mktemp("lake")
    start, end = DAY + timedelta(hours=5), DAY + timedelta(hours=61)
    whole = [(DAY + timedelta(minutes=gap[0]), DAY + timedelta(minutes=sum(gap)))]
    async with create(LakeSettings(folder=folder)) as store:
        assert isinstance(store, TellsChanges)
        await store.write(frame(told), Position("log", 1))
        if sealed:
            _seal(folder)
        await store.write(frame(late), Position("log", 2))
        every = (await store.samples(wanted, start, end)).collect()
        found = (await store.changes(wanted, start, end, whole)).collect()
    assert found.schema == CHANGES
    assert found.equals(found.sort("signal", "time"))
    must = telling(every, whole) if every.height else every.select(CHANGES.names())
    assert must.join(found, on=["signal", "time"], how="anti").is_empty()
    assert found.join(every.select(CHANGES.names()), on=CHANGES.names(), how="anti", nulls_equal=True).is_empty()


def _seal(folder: Path) -> None:
    """Make one sorted run of every day."""
    samples = sample_table(folder)
    for day in {part.day for part in listed(samples)}:
        merge(samples, *(part for part in listed(samples) if part.day == day), level=parts.SEALED)


async def test_what_repeats_is_left_out(tmp_path: Path) -> None:
    async with LakeStore(LakeSettings(folder=tmp_path)) as store:
        await store.write(frame([(SIGNALS[1], minute, minute // 500, 0) for minute in range(1000)]), Position("log", 1))
        _seal(tmp_path)
        found = (await store.changes([SIGNALS[1]], DAY, DAY + timedelta(days=3))).collect()
    assert [minute.minute + 60 * minute.hour for minute in found["time"]] == [0, 499, 500, 999]


async def test_the_first_sample_behind_a_gap_is_there_though_nothing_came_in_it(tmp_path: Path) -> None:
    gap = (DAY + timedelta(minutes=100), DAY + timedelta(minutes=200))
    minutes = (0, 50, 90, 250, 300, 400)
    async with LakeStore(LakeSettings(folder=tmp_path)) as store:
        await store.write(frame([(SIGNALS[1], minute, 0, 0) for minute in minutes]), Position("log", 1))
        _seal(tmp_path)
        found = (await store.changes([SIGNALS[1]], DAY, DAY + timedelta(days=1), [gap])).collect()
    assert DAY + timedelta(minutes=250) in found["time"].to_list()


async def test_nothing_is_asked_for(tmp_path: Path) -> None:
    async with LakeStore(LakeSettings(folder=tmp_path)) as store:
        assert (await store.changes([], DAY, DAY + timedelta(days=1))).collect().is_empty()
        assert (await store.changes([SIGNALS[0]], DAY, DAY)).collect().is_empty()
