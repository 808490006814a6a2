"""What is said twice is told apart: the same again, and something else."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.sample import SAMPLES, Status
from collector.conflictlog import add_doubles, read_doubles
from collector.conflicts import Conflict, Doubles, Recent
from collector.linkbook import LinkBook
from collector.records import Records, RecordsError
from tests.collector.fakes import NOON, ManualClock, batch, row

pytestmark = pytest.mark.every_database

FORCE = "works/line/press/force"
STATE = "works/line/press/state"


def look(*batches: list[dict[str, Any]]) -> Doubles:
    recent = Recent()
    return sum((recent.look(batch(*rows)) for rows in batches), Doubles())


def test_what_is_new_is_no_double() -> None:
    later = NOON + timedelta(microseconds=1)
    assert not look([row(FORCE, float=1.0), row(FORCE, float=1.0, time=later)], [row(STATE, text="on")], [])


@pytest.mark.parametrize(
    "value", [{"float": 1.5}, {"int": 0}, {"bool": False}, {"text": ""}, {"status": Status.BAD_NO_DATA}]
)
def test_the_same_again_is_a_duplicate(value: dict[str, Any]) -> None:
    one = [row(FORCE, **value)]
    assert look(one, one, one) == Doubles(duplicates=2)
    assert look(one * 3) == Doubles(duplicates=2)


@pytest.mark.parametrize(
    ("first", "then", "told"),
    [
        ({"float": 1.5}, {"float": 2.5}, ("1.5", "2.5")),
        ({"int": -7}, {"int": 2**60 + 1}, ("-7", "1152921504606846977")),
        ({"bool": False}, {"bool": True}, ("false", "true")),
        ({"float": 1.5}, {"float": 1.5, "status": Status.UNCERTAIN}, ("1.5", "1.5 (status 0x40000000)")),
        ({"status": Status.BAD}, {"float": 1.5}, ("no value (status 0x80000000)", "1.5")),
        ({"text": "on"}, {"text": "off"}, (None, "off")),
        ({"float": 1.5}, {"status": Status.BAD}, (None, "no value (status 0x80000000)")),
    ],
)
def test_another_value_or_status_is_a_conflict(
    first: dict[str, Any], then: dict[str, Any], told: tuple[str | None, str]
) -> None:
    assert look([row(FORCE, **first)], [row(FORCE, **then)]) == Doubles(0, 1, Conflict(FORCE, NOON, *told))


def test_within_one_batch_both_values_are_told_whatever_their_type() -> None:
    found = look([row(STATE, text="on"), row(STATE, text="off")])
    assert found == Doubles(0, 1, Conflict(STATE, NOON, "on", "off"))


def test_the_last_conflict_is_told() -> None:
    found = look([row(FORCE, float=1.0), row(STATE, text="on")], [row(STATE, text="off"), row(FORCE, float=2.0)])
    assert (found.conflicts, found.last) == (2, Conflict(FORCE, NOON, "1.0", "2.0"))


def test_zero_is_zero_whatever_its_sign() -> None:
    assert look([row(FORCE, float=0.0)], [row(FORCE, float=-0.0)]) == Doubles(duplicates=1)


def test_a_full_memory_forgets_and_invents_nothing() -> None:
    recent = Recent(slots=16)
    times = pl.datetime_range(NOON, NOON + timedelta(seconds=999), "1s", time_unit="ns", eager=True)
    samples = pl.DataFrame({"signal": FORCE, "time": times, "float": 1.0, "status": 0, "received": times}).select(
        (pl.col(name) if name in {"signal", "time", "float", "status", "received"} else pl.lit(None))
        .cast(kind)
        .alias(name)
        for name, kind in SAMPLES.items()
    )
    assert not recent.look(samples)
    again = recent.look(samples.tail(16))
    assert 1 <= again.duplicates <= 16
    assert again.conflicts == 0


moments = st.integers(0, 3).map(lambda n: NOON + timedelta(seconds=n))
samples = st.builds(
    lambda signal, time, value: row(signal, time=time, float=value),
    st.sampled_from([FORCE, "works/line/press/speed"]),
    moments,
    st.sampled_from([1.0, 2.0]),
)


@given(st.lists(st.lists(samples, max_size=8), max_size=6))
def test_each_is_compared_with_the_one_before_it(batches: list[list[dict[str, Any]]]) -> None:
    known: dict[tuple[str, Any], float] = {}
    duplicates = conflicts = 0
    for one in (one for some in batches for one in some):
        key = (one["signal"], one["time"])
        if key in known:
            duplicates += known[key] == one["float"]
            conflicts += known[key] != one["float"]
        known[key] = one["float"]
    found = look(*batches)
    assert (found.duplicates, found.conflicts) == (duplicates, conflicts)


async def test_the_counts_grow_in_the_records_and_the_last_conflict_stays(records: Records) -> None:
    conflict = Conflict(FORCE, NOON, None, "2.5")
    await records.run(lambda connection: add_doubles(connection, {"plc": Doubles(1, 1, conflict)}))
    await records.run(lambda connection: add_doubles(connection, {"plc": Doubles(5), "broker": Doubles(2)}))
    assert await records.run(read_doubles) == {"plc": Doubles(6, 1, conflict), "broker": Doubles(2)}


class Silent:
    """Records that do not answer, or are slow, when the test says so."""

    def __init__(self, records: Records) -> None:
        self.records = records
        self.silent = False
        self.begun, self.goes_on = asyncio.Event(), asyncio.Event()
        self.goes_on.set()

    async def run(self, work: Callable[[Any], Any]) -> Any:
        if self.silent:
            msg = "silent"
            raise RecordsError(msg)
        self.begun.set()
        await self.goes_on.wait()
        return await self.records.run(work)


@pytest.fixture
async def silent(records: Records) -> Silent:
    return Silent(records)


@pytest.fixture
async def book(silent: Silent, clock: ManualClock) -> LinkBook:
    records: Any = silent
    book = LinkBook(records, clock)
    await book.open(["plc"])
    return book


async def test_what_cannot_be_counted_in_the_records_now_is_counted_later(book: LinkBook, silent: Silent) -> None:
    silent.silent = True
    book.doubled("plc", Doubles(1))
    await book.flush()
    book.doubled("plc", Doubles(2))
    await book.flush()
    silent.silent = False
    await book.flush()
    await book.flush()
    assert await silent.records.run(read_doubles) == {"plc": Doubles(3)}


async def test_what_is_being_counted_when_the_collector_stops_is_counted_once(book: LinkBook, silent: Silent) -> None:
    book.doubled("plc", Doubles(1))
    silent.begun.clear()
    silent.goes_on.clear()
    flushing = asyncio.create_task(book.flush())
    await silent.begun.wait()
    flushing.cancel()
    await asyncio.sleep(0)
    assert not flushing.done()
    silent.goes_on.set()
    with pytest.raises(asyncio.CancelledError):
        await flushing
    await book.flush()
    assert await silent.records.run(read_doubles) == {"plc": Doubles(1)}
