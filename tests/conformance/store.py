"""The promises of `adapters.stores.contract`, each as a test; every store passes them.

A new store subclasses the suite in `tests/adapters/<name>/test_conformance.py` and gives the fixture `place`:

    class TestLake(StoreConformance):
        @pytest.fixture
        def place(self, tmp_path: Path) -> Place:
            settings = LakeSettings(folder=tmp_path)
            return lambda: create(settings)

A place is empty when a test begins. Each call gives another store of that place, not yet open, as other processes have.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from adapters.sample import INSTANT, SAMPLES, VALUE_TYPES, Status, ValueType, no_samples
from adapters.stores import buckets as bucketing
from adapters.stores.contract import EXTENT, REFUSED, RESULTS, Position, Prepares, Store, StoreRefusedError

Place: TypeAlias = Callable[[], Store]
"""Gives a store of one place, not yet open."""

NOON = datetime(2024, 5, 17, 12, 0, 0, 250_000, tzinfo=UTC)
"""When most samples of these tests happened."""

ELEVEN = datetime(2024, 5, 17, 11, tzinfo=UTC)
"""When the hour of most results begins."""

DAY = timedelta(days=1)

MICRO = timedelta(microseconds=1)

CLOSING = 5.0
"""Seconds in which a store must be closed."""

FLOATS = (0.0, 0.1, 1 / 3, -273.15, 1e16, 1.5e-7, -1e-7, 1e100, 1.7976931348623157e308, 5e-324, 123456789.125)
"""Floats that must come back as the same floats."""

INTS = (0, -1, 2**53 + 1, 2**60 + 1, -(2**63), 2**63 - 1)
"""Integers that must come back exactly."""

TEXTS = (
    "",
    " ",
    "ACTIVE",
    "Normal||||",
    "Warning|345|||ERROR(DOOR OPEN)",
    "冷却液 80 %, 门开着 🚪",
    "Öl = 'leer', \"Filter\" voll",
    "C:\\temp\\",
    "\\",
    "\\\\",
    '\\"',
    '"',
    '""',
    "'",
    "a,b=c d",
    "first\nsecond",
    "first\r\nsecond\r",
    "\n",
    "\ttab",
    "null",
    "NaN",
    "true",
    "1i",
    "# no comment",
    "%2C",
    "x" * 40_000,
)
"""Texts that must come back exactly."""

NAMES = (
    "press-01",
    "press 01",
    " press",
    "press,01",
    "press=01",
    "'press'",
    '"press"',
    "press\\",
    "press\\,01",
    "press\\\\01",
    "press\n01",
    "压机",
    "Öl-Presse",
    "100 %",
    "%0A",
    "' OR 'a' = 'a",
    "'; DROP DATABASE park; --",
    "time",
)
"""Names of equipment that must be told apart; most are forbidden in a park file."""


def at(after: timedelta | int = 0, *, ns: int = 0) -> int:
    """Give an instant, nanoseconds since 1970: `after` (or so many seconds after) noon, and `ns` more."""
    delta = after if isinstance(after, timedelta) else timedelta(seconds=after)
    since = NOON + delta - datetime(1970, 1, 1, tzinfo=UTC)
    return since // timedelta(microseconds=1) * 1000 + ns


def sample(signal: str, time: int, value: Any = None, status: int = Status.GOOD, received: int = 0) -> dict[str, Any]:
    """Give one row of `SAMPLES`; the value goes into the column of its type."""
    kinds = {float: "float", int: "int", bool: "bool", str: "text"}
    row: dict[str, Any] = dict.fromkeys(SAMPLES.names())
    row |= {"signal": signal, "time": time, "status": status, "received": received or time + 1_234_567}
    if value is not None:
        row[kinds[type(value)]] = value
    return row


def batch(*rows: dict[str, Any]) -> pl.DataFrame:
    """Give rows as a batch, columns of `SAMPLES`."""
    return pl.DataFrame(list(rows), schema={**SAMPLES, "time": pl.Int64, "received": pl.Int64}).cast(
        {"time": INSTANT, "received": INSTANT}
    )


def result(
    path: str = "plant/line-1/press-01",
    start: datetime = ELEVEN,
    *,
    kpi: str = "utilisation",
    value: float | None = 0.5,
    coverage: float | None = 1.0,
    period: str = "hour",
    name: str = "",
    computed: datetime = NOON,
    version: int = 1,
    reason: str = "",
    note: str = "",
) -> dict[str, Any]:
    """Give one row of `RESULTS`, about the hour from `start`."""
    end = start + timedelta(hours=1)
    row = (path, period, name, start, end, kpi, value, coverage, computed, version, reason, note)
    return dict(zip(RESULTS.names(), row, strict=True))


def table(*rows: dict[str, Any]) -> pl.DataFrame:
    """Give rows as results, columns of `RESULTS`."""
    return pl.DataFrame(list(rows), schema=RESULTS)


async def stored(
    store: Store, signals: Iterable[str], start: datetime = NOON - DAY, end: datetime = NOON + DAY
) -> pl.DataFrame:
    """Read samples, as a frame."""
    return (await store.samples(list(signals), start, end)).collect()


def buckets(kind: ValueType, width: int, *rows: tuple[Any, ...], begin: int = 0) -> pl.DataFrame:
    """Give buckets of `width` seconds from `begin` seconds after noon on; each of what follows its start."""
    columns = bucketing.columns(kind)
    starts = [at(begin + width * number) for number in range(len(rows))]
    told = [(start, *row) for start, row in zip(starts, rows, strict=True)]
    return pl.DataFrame(told, schema={**columns, "start": pl.Int64}, orient="row").cast(columns)


def assert_samples(found: pl.DataFrame, *rows: dict[str, Any]) -> None:
    """See that exactly these samples came, in this order."""
    assert_frame_equal(found, batch(*rows), check_exact=True)


class StoreConformance(ABC):
    """What every store promises."""

    @pytest.fixture
    @abstractmethod
    def place(self) -> Place:
        """An empty place to store in."""

    @pytest.fixture
    async def store(self, place: Place) -> AsyncIterator[Store]:
        """A store of that place, open."""
        async with place() as store:
            yield store

    # What there is.

    async def test_the_extent_of_nothing_is_empty(self, store: Store) -> None:
        assert_frame_equal(await store.extent(), EXTENT.to_frame())

    async def test_the_extent_tells_of_each_signal_from_when_to_when(self, store: Store) -> None:
        rows = [
            sample("f/l/e/once", at(3, ns=7), value=1),
            sample("f/l/e/bad", at(-DAY), status=Status.BAD_NO_DATA),
            sample("f/l/e/bad", at(DAY, ns=1), status=Status.BAD_NO_DATA),
            *(sample("f/l/e/ long,=", at(DAY * days, ns=days), value=str(days)) for days in (-3000, -1, 0, 2, 900)),
            *(sample("f/l/e/Öl", at(second), value=second / 2) for second in range(50)),
        ]
        await store.write(batch(*rows[::2]), Position("spool", 1))
        await store.write(batch(*rows[1::2]), Position("spool", 2))
        await store.write(batch(*rows[-9:]), Position("another", 1))
        expected = pl.DataFrame(
            [
                ("f/l/e/ long,=", at(DAY * -3000, ns=-3000), at(DAY * 900, ns=900)),
                ("f/l/e/bad", at(-DAY), at(DAY, ns=1)),
                ("f/l/e/once", at(3, ns=7), at(3, ns=7)),
                ("f/l/e/Öl", at(0), at(49)),
            ],
            schema={"signal": pl.String, "first": pl.Int64, "last": pl.Int64},
            orient="row",
        ).cast(EXTENT)
        assert_frame_equal(await store.extent(), expected)
        await store.maintain()
        assert_frame_equal(await store.extent(), expected)

    # What is written is read.

    async def test_samples_are_counted(self, store: Store) -> None:
        assert await store.count(NOON, NOON + DAY) == 0
        rows = [sample(f"f/l/e/s{n % 3}", at(n), value=n) for n in range(9)]
        await store.write(batch(*rows), Position("spool", 1))
        await store.write(batch(*rows[:3]), Position("spool", 2))
        assert 9 <= await store.count(NOON, NOON + timedelta(seconds=9)) <= 12
        assert await store.count(NOON + timedelta(seconds=3), NOON + timedelta(seconds=5)) == 2

    async def test_every_type_comes_back_as_it_was(self, store: Store) -> None:
        rows = [
            sample("plant/line-1/press-01/door", at(ns=1), value=True),
            sample("plant/line-1/press-01/parts", at(ns=2), value=7),
            sample("plant/line-1/press-01/state", at(ns=3), value="ACTIVE"),
            sample("plant/line-1/press-01/temperature", at(ns=4), value=21.5),
        ]
        refused = await store.write(batch(*rows), Position("spool", 1))
        assert_frame_equal(refused, pl.DataFrame(schema=REFUSED))
        found = await stored(store, [row["signal"] for row in rows])
        assert found.schema == SAMPLES
        assert_samples(found, *rows)

    async def test_nanoseconds_are_kept(self, store: Store) -> None:
        rows = [sample("f/l/e/s", at(ns=ns), value=ns, received=at(1, ns=999 - ns)) for ns in (0, 1, 2, 499, 999)]
        await store.write(batch(*rows), Position("spool", 1))
        assert_samples(await stored(store, ["f/l/e/s"]), *rows)

    @pytest.mark.parametrize("values", [FLOATS, INTS, (True, False), TEXTS], ids=VALUE_TYPES)
    async def test_every_value_comes_back_exactly(self, store: Store, values: Sequence[Any]) -> None:
        rows = [sample("f/l/e/s", at(second), value=value) for second, value in enumerate(values)]
        await store.write(batch(*rows), Position("spool", 1))
        assert_samples(await stored(store, ["f/l/e/s"]), *rows)

    async def test_every_name_is_told_apart(self, store: Store) -> None:
        rows = [
            sample(f"plant/line-1/{name}/{signal}", at(number), value=name)
            for number, name in enumerate(NAMES)
            for signal in ("state", name.removesuffix("\\"))
        ]
        assert (await store.write(batch(*rows), Position("spool", 1))).is_empty()
        expected = sorted(rows, key=lambda row: row["signal"])
        assert_samples(await stored(store, [row["signal"] for row in rows]), *expected)
        for row in rows:
            assert_samples(await stored(store, [row["signal"]]), row)
            assert_samples(await store.last([row["signal"]], NOON + DAY), row)

    async def test_a_bad_sample_has_no_value(self, store: Store) -> None:
        rows = [
            sample("f/l/e/s", at(1), status=Status.BAD_NO_COMMUNICATION),
            sample("f/l/e/s", at(2), value=2.5, status=Status.UNCERTAIN_RANGE),
            sample("f/l/e/s", at(3), status=0xFFFF_FFFF),
        ]
        with_values = [row | {"float": 9.9} for row in rows if row["status"] >= Status.BAD]
        await store.write(batch(*with_values, rows[1]), Position("spool", 1))
        assert_samples(await stored(store, ["f/l/e/s"]), *rows)

    async def test_an_uncertain_sample_may_have_no_value(self, store: Store) -> None:
        row = sample("f/l/e/s", at(1), status=Status.UNCERTAIN)
        await store.write(batch(row), Position("spool", 1))
        assert_samples(await stored(store, ["f/l/e/s"]), row)

    async def test_times_of_centuries_are_kept(self, store: Store) -> None:
        times = [datetime(year, 2, 28, 23, 59, 59, 999_999, tzinfo=UTC) for year in (1970, 1999, 2024, 2150, 2261)]
        rows = [sample("f/l/e/s", at(time - NOON, ns=999), value=time.year) for time in times]
        await store.write(batch(*rows), Position("spool", 1))
        first, after = datetime(1677, 10, 1, tzinfo=UTC), datetime(2300, 1, 1, tzinfo=UTC)
        assert_samples(await stored(store, ["f/l/e/s"], first, after), *rows)
        assert_samples(await store.last(["f/l/e/s"], after), rows[-1])

    async def test_a_large_batch_is_stored_whole(self, store: Store) -> None:
        rows = 100_000
        number = pl.int_range(rows, eager=True)
        every_type = pl.DataFrame({"number": number}).select(
            pl.format("plant/line-{}/machine-{}/signal-{}", number % 2, number % 10, number % 20).alias("signal"),
            (at() + number * 1_000_003).cast(INSTANT).alias("time"),
            pl.when(number % 4 == 0).then(number * 0.1).alias("float"),
            pl.when(number % 4 == 1).then(number * 2**40).alias("int"),
            pl.when(number % 4 == 2).then(number % 3 == 0).alias("bool"),
            pl.when(number % 4 == 3).then(pl.format('state "{}"', number % 7)).alias("text"),
            pl.lit(0, pl.UInt32).alias("status"),
            (at(1) + number).cast(INSTANT).alias("received"),
        )
        assert (await store.write(every_type, Position("spool", 1))).is_empty()
        found = await stored(store, every_type["signal"].unique())
        assert_frame_equal(found, every_type.sort("signal", "time"), check_exact=True)

    async def test_a_thousand_signals_are_read_at_once(self, store: Store) -> None:
        rows = [sample(f"f/l/machine-{n // 10:03}/signal-{n % 10}", at(n), value=n) for n in range(1000)]
        await store.write(batch(*rows), Position("spool", 1))
        signals = [row["signal"] for row in rows]
        assert_samples(await stored(store, signals), *rows)
        assert_samples(await store.last(signals, NOON + DAY), *rows)

    async def test_what_is_stored_outlives_the_store(self, place: Place) -> None:
        row = sample("f/l/e/s", at(), value="ACTIVE")
        async with place() as store:
            await store.write(batch(row), Position("spool", 1))
            await store.write_results(table(result()))
        async with place() as store:
            assert_samples(await stored(store, ["f/l/e/s"]), row)
            assert_frame_equal(await store.results(start=NOON - DAY, end=NOON + DAY), table(result()))

    async def test_a_store_can_be_opened_again(self, place: Place) -> None:
        store = place()
        rows = [sample("f/l/e/s", at(n), value=n) for n in range(3)]
        for n, row in enumerate(rows):
            async with store:
                await store.write(batch(row), Position("spool", n + 1))
        async with store:
            assert_samples(await stored(store, ["f/l/e/s"]), *rows)

    async def test_a_store_that_is_not_open_says_so(self, place: Place) -> None:
        store = place()
        async with store:
            pass
        for attempt in (
            store.check(),
            store.write(batch(sample("f/l/e/s", at(), value=1)), Position("spool", 1)),
            store.last(["f/l/e/s"], NOON),
            store.results(start=NOON, end=NOON),
        ):
            with pytest.raises(StoreRefusedError, match="not open"):
                await attempt

    async def test_other_columns_are_no_batch(self, store: Store) -> None:
        row = batch(sample("f/l/e/s", at(), value=1))
        with pytest.raises(pl.exceptions.SchemaError):
            await store.write(row.cast({"time": pl.Datetime("us", "UTC")}), Position("spool", 1))
        assert (await stored(store, ["f/l/e/s"])).is_empty()

    # Nothing twice.

    async def test_the_same_batch_twice_is_stored_once(self, store: Store) -> None:
        rows = [sample("f/l/e/s", at(second), value=second) for second in range(10)]
        for _ in range(2):
            assert (await store.write(batch(*rows), Position("spool", 10))).is_empty()
        assert_samples(await stored(store, ["f/l/e/s"]), *rows)

    async def test_the_same_samples_in_another_batch_are_stored_once(self, store: Store) -> None:
        rows = [sample("f/l/e/s", at(second), value=second) for second in range(10)]
        await store.write(batch(*rows[:6]), Position("spool", 6))
        await store.write(batch(*rows[3:]), Position("another spool", 7))
        assert_samples(await stored(store, ["f/l/e/s"]), *rows)
        assert_samples(await store.last(["f/l/e/s"], NOON + DAY), rows[-1])

    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ({"float": 1.5}, {"float": -2.5}),
            ({"int": 1}, {"int": 2}),
            ({"bool": True}, {"bool": False}),
            ({"text": "ACTIVE"}, {"text": ""}),
            ({"text": ""}, {"text": "ACTIVE"}),
            ({"float": 1.5}, {"status": Status.BAD}),
            ({"status": Status.BAD}, {"text": ""}),
            ({"float": 1.5}, {"float": 1.5, "status": Status.UNCERTAIN}),
        ],
    )
    async def test_of_two_samples_with_one_key_the_later_write_counts(
        self, store: Store, before: dict[str, Any], after: dict[str, Any]
    ) -> None:
        first = sample("f/l/e/s", at(), received=at(20)) | before
        second = sample("f/l/e/s", at(), received=at(10)) | after
        await store.write(batch(first), Position("spool", 1))
        await store.write(batch(second), Position("spool", 2))
        assert_samples(await stored(store, ["f/l/e/s"]), second)
        assert_samples(await store.last(["f/l/e/s"], NOON + DAY), second)

    async def test_within_a_batch_the_later_row_counts(self, store: Store) -> None:
        rows = [sample("f/l/e/s", at(n % 10), value=n, received=at(100 - n)) for n in range(1000)]
        await store.write(batch(*rows), Position("spool", 1))
        assert_samples(await stored(store, ["f/l/e/s"]), *rows[-10:])

    async def test_what_was_worked_on_ahead_is_stored_when_it_is_written_and_not_before(self, store: Store) -> None:
        first, second, third = (batch(*(sample("f/l/e/s", at(n), value=n + k) for n in range(5))) for k in range(3))
        for announced in (second, first):
            if isinstance(store, Prepares):
                await store.prepare(announced)
        assert (await stored(store, ["f/l/e/s"])).is_empty()
        await store.write(first, Position("spool", 1))
        if isinstance(store, Prepares):
            await store.prepare(third)
        await store.write(second, Position("spool", 2))
        assert (await stored(store, ["f/l/e/s"]))["int"].to_list() == second["int"].to_list()
        await store.write(third, Position("spool", 3))
        assert (await stored(store, ["f/l/e/s"]))["int"].to_list() == third["int"].to_list()

    async def test_written_tells_how_far_it_came_or_that_it_does_not_count(self, place: Place) -> None:
        async with place() as store:
            assert await store.written("spool") is None
            await store.write(batch(sample("f/l/e/s", at(1), value=1)), Position("spool", 5))
            await store.write(batch(sample("f/l/e/s", at(2), value=2)), Position("spool", 9))
            await store.write(batch(sample("f/l/e/s", at(3), value=3)), Position("another", 2))
        async with place() as store:
            assert await store.written("spool") in {None, 9}
            assert await store.written("another") in {None, 2}
            assert await store.written("a third") is None

    # What readers get.

    async def test_rows_come_by_signal_and_time(self, store: Store) -> None:
        rows = [sample(f"f/l/e/s{n % 3}", at(n * 7 % 20), value=n) for n in range(20)]
        for n, row in enumerate(rows):
            await store.write(batch(row), Position("spool", n + 1))
        expected = sorted(rows, key=lambda row: (row["signal"], row["time"]))
        assert_samples(await stored(store, ["f/l/e/s2", "f/l/e/s0", "f/l/e/s1"]), *expected)

    async def test_a_range_holds_its_start_and_not_its_end(self, store: Store) -> None:
        rows = [sample("f/l/e/s", at(second, ns=ns), value=ns) for second in (0, 10) for ns in (-1, 0, 1)]
        await store.write(batch(*rows), Position("spool", 1))
        end = NOON + timedelta(seconds=10)
        assert_samples(await stored(store, ["f/l/e/s"], NOON, end), *rows[1:4])
        assert (await stored(store, ["f/l/e/s"], NOON, NOON)).is_empty()
        assert (await stored(store, ["f/l/e/s"], end, NOON)).is_empty()

    async def test_only_what_was_asked_for_comes(self, store: Store) -> None:
        rows = [sample(f"f/l/{name}", at(), value=1) for name in ("a/s", "a/s1", "a/S", "b/s", "aa/s")]
        await store.write(batch(*rows), Position("spool", 1))
        assert_samples(await stored(store, ["f/l/a/s", "f/l/never/heard", "no path"]), rows[0])
        nothing = await stored(store, [])
        assert_frame_equal(nothing, no_samples())
        assert_frame_equal(await store.last([], NOON + DAY), no_samples())
        assert_frame_equal(await store.last(["no path"], NOON + DAY), no_samples())

    async def test_the_last_sample_is_one_row_as_it_was(self, store: Store) -> None:
        rows = [
            sample("f/l/e/bad", at(1), value=1.5),
            sample("f/l/e/bad", at(2), status=Status.BAD_NO_DATA),
            sample("f/l/e/state", at(1), value="READY"),
            sample("f/l/e/state", at(2), value="ACTIVE"),
            sample("f/l/e/state", at(3), value="STOPPED"),
        ]
        await store.write(batch(*rows), Position("spool", 1))
        signals = ["f/l/e/state", "f/l/e/bad", "f/l/e/none"]
        assert_samples(await store.last(signals, NOON + timedelta(seconds=10)), rows[1], rows[4])
        assert_samples(await store.last(signals, NOON + timedelta(seconds=3)), rows[1], rows[3])
        assert_samples(await store.last(signals, NOON + timedelta(seconds=2)), rows[0], rows[2])
        assert (await store.last(signals, NOON + timedelta(seconds=1))).is_empty()

    async def test_the_last_sample_may_be_looked_for_within_a_window(self, store: Store) -> None:
        rows = [sample("f/l/e/old", at(-2 * DAY), value=1), sample("f/l/e/s", at(1), value=2)]
        rows += [sample("f/l/e/s", at(5), value=3), sample("f/l/e/first", at(0), value=4)]
        await store.write(batch(*rows), Position("spool", 1))
        signals = ["f/l/e/first", "f/l/e/old", "f/l/e/s", "f/l/e/never"]
        assert_samples(await store.last(signals, NOON + timedelta(seconds=5), since=NOON), rows[3], rows[1])
        assert_samples(await store.last(signals, NOON + DAY, since=NOON - 2 * DAY), rows[3], rows[0], rows[2])
        assert (await store.last(signals, NOON, since=NOON)).is_empty()

    async def test_the_last_sample_may_be_long_ago(self, store: Store) -> None:
        ago = (timedelta(minutes=1), DAY, DAY * 29, DAY * 31, DAY * 400, DAY * 5000)
        rows = [sample(f"f/l/e/s{n}", at(-back), value=n) for n, back in enumerate(ago)]
        late = [sample(row["signal"], at(DAY), value=-1) for row in rows]
        await store.write(batch(*late, *rows), Position("spool", 1))
        assert_samples(await store.last([row["signal"] for row in rows], NOON), *rows)

    async def test_nothing_stored_is_no_error(self, store: Store) -> None:
        assert_frame_equal(await stored(store, ["f/l/e/s"]), no_samples())
        assert_frame_equal(await store.last(["f/l/e/s"], NOON), no_samples())
        assert_frame_equal(await store.results(start=NOON - DAY, end=NOON), pl.DataFrame(schema=RESULTS))

    async def test_empty_batches_are_taken(self, store: Store) -> None:
        refused = await store.write(no_samples(), Position("spool", 1))
        assert_frame_equal(refused, pl.DataFrame(schema=REFUSED))
        await store.write_results(pl.DataFrame(schema=RESULTS))

    async def test_readers_elsewhere_see_what_was_written(self, place: Place) -> None:
        async with place() as writer, place() as reader:
            seen = 0
            for n in range(1, 6):
                row = sample("f/l/e/s", at(n), value=n)
                await writer.write(batch(row), Position("spool", n))
                found = await stored(reader, ["f/l/e/s"])
                assert found.height == n > seen
                assert_samples(await reader.last(["f/l/e/s"], NOON + DAY), row)
                seen = found.height

    async def test_reading_beside_writing_gives_nothing_twice_and_never_less(self, place: Place) -> None:
        batches = [
            batch(*(sample(f"f/l/e/s{n % 5}", at(number, ns=n), value=n) for n in range(500))) for number in range(12)
        ]
        done = asyncio.Event()

        async def write() -> None:
            async with place() as writer:
                for number, rows in enumerate(batches):
                    await writer.write(rows, Position("spool", number + 1))
            done.set()

        async with place() as reader, asyncio.TaskGroup() as group:
            group.create_task(write(), name="writer")
            before = 0
            while not done.is_set():
                found = await stored(reader, [f"f/l/e/s{n}" for n in range(5)])
                assert not found.select("signal", "time").is_duplicated().any()
                assert found.height >= before
                before = found.height
        async with place() as reader:
            found = await stored(reader, [f"f/l/e/s{n}" for n in range(5)])
            assert_frame_equal(found, pl.concat(batches).sort("signal", "time"), check_exact=True)

    # Buckets.

    @staticmethod
    async def summed(
        store: Store, kind: ValueType, width: float, begin: float = 0, end: float = 40, signal: str = "f/l/e/s"
    ) -> pl.DataFrame:
        """Sum a signal up, in buckets of `width` seconds from `begin` to `end` seconds after noon."""
        start, until, each = (timedelta(seconds=seconds) for seconds in (begin, end, width))
        return await store.buckets(signal, kind, NOON + start, NOON + until, each)

    async def test_samples_are_summed_up_by_bucket(self, store: Store) -> None:
        values = (1.5, 3.0, -2.0, 7.25)
        rows = [
            sample("f/l/e/s", at(second), value=value) for second, value in zip((0, 9, 10, 31), values, strict=True)
        ]
        await store.write(batch(*rows, sample("f/l/e/other", at(1), value=99.0)), Position("spool", 1))
        expected = buckets(
            "float",
            10,
            (2, 2, 0, 1.5, 3.0, 2.25, 3.0),
            (1, 1, 0, -2.0, -2.0, -2.0, -2.0),
            (0, 0, 0, None, None, None, None),
            (1, 1, 0, 7.25, 7.25, 7.25, 7.25),
        )
        assert_frame_equal(await self.summed(store, "float", 10), expected)
        await store.maintain()
        assert_frame_equal(await self.summed(store, "float", 10), expected)

    async def test_a_bucket_has_its_start_and_not_its_end(self, store: Store) -> None:
        instants = [at(5), at(10, ns=-1), at(10), at(10, ns=1), at(15, ns=-1), at(15), at(16), at(17, ns=-1), at(17)]
        rows = [sample("f/l/e/s", time, value=number) for number, time in enumerate(instants)]
        await store.write(batch(*rows), Position("spool", 1))
        found = await self.summed(store, "int", 5, 5, 17)
        expected = [(2, 2, 0, 0, 1, 0.5, 1), (3, 3, 0, 2, 4, 3.0, 4), (3, 3, 0, 5, 7, 6.0, 7)]
        assert_frame_equal(found, buckets("int", 5, *expected, begin=5))

    async def test_buckets_may_have_any_width(self, store: Store) -> None:
        rows = [sample("f/l/e/s", at(n), value=n) for n in range(100)]
        await store.write(batch(*rows), Position("spool", 1))
        for width in (0.000001 * 999_983, 7 / 3, 33.0, 1_000_000.0):
            found = await self.summed(store, "int", width, 0, 100)
            each = timedelta(seconds=width)
            assert found.height == -(-timedelta(seconds=100) // each)
            assert found["count"].sum() == 100
            assert found["start"].to_physical().diff().drop_nulls().unique().to_list() in ([], [each // MICRO * 1000])
            assert found["start"].to_physical().first() == at()
            assert (found["min"].min(), found["max"].max(), found["last"].drop_nulls().last()) == (0, 99, 99)

    async def test_statuses_decide_what_counts(self, store: Store) -> None:
        rows = [
            sample("f/l/e/s", at(0), value=1.0),
            sample("f/l/e/s", at(1), value=50.0, status=Status.UNCERTAIN_RANGE),
            sample("f/l/e/s", at(2), status=Status.BAD),
            sample("f/l/e/s", at(3), status=Status.UNCERTAIN),
            sample("f/l/e/s", at(10), status=Status.BAD_NO_COMMUNICATION),
            sample("f/l/e/s", at(20), value=2.0),
            sample("f/l/e/s", at(30), value=3.0, status=Status.UNCERTAIN),
            sample("f/l/e/s", at(31), status=0xFFFF_FFFF),
        ]
        await store.write(batch(*rows), Position("spool", 1))
        expected = buckets(
            "float",
            10,
            (2, 1, 1, 1.0, 50.0, 25.5, 50.0),
            (0, 0, 1, None, None, None, None),
            (1, 1, 0, 2.0, 2.0, 2.0, 2.0),
            (1, 0, 1, 3.0, 3.0, 3.0, 3.0),
            (0, 0, 0, None, None, None, None),
        )
        assert_frame_equal(await self.summed(store, "float", 10, 0, 50), expected)

    async def test_of_what_came_twice_the_later_counts(self, store: Store) -> None:
        first = [sample("f/l/e/s", at(second), value=value) for second, value in ((0, 100.0), (1, 5.0), (10, 8.0))]
        later = [sample("f/l/e/s", at(0), value=1.0), sample("f/l/e/s", at(10), status=Status.BAD)]
        await store.write(batch(*first), Position("spool", 1))
        await store.write(batch(*later), Position("spool", 2))
        await store.write(batch(*first[1:2]), Position("another", 1))
        expected = buckets("float", 10, (2, 2, 0, 1.0, 5.0, 3.0, 5.0), (0, 0, 1, None, None, None, None))
        assert_frame_equal(await self.summed(store, "float", 10, 0, 20), expected)

    async def test_integers_are_summed_up_exactly(self, store: Store) -> None:
        large = (2**53 + 1, 2**60 + 1, 2**62 + 1, 2**62 + 3, 2**63 - 1, -(2**63))
        rows = [sample("f/l/e/s", at(second), value=value) for second, value in enumerate(large)]
        await store.write(batch(*rows), Position("spool", 1))
        found = await self.summed(store, "int", 3, 0, 6)
        assert found.select("count", "min", "max", "last").rows() == [
            (3, 2**53 + 1, 2**62 + 1, 2**62 + 1),
            (3, -(2**63), 2**63 - 1, -(2**63)),
        ]
        assert found["mean"].to_list() == pytest.approx([sum(large[:3]) / 3, sum(large[3:]) / 3])

    async def test_switches_and_texts_are_summed_up(self, store: Store) -> None:
        switches = [sample("f/l/e/s", at(n), value=n in {1, 2, 12}) for n in (0, 1, 2, 3, 12)]
        switches += [sample("f/l/e/s", at(4), value=True, status=Status.UNCERTAIN)]
        texts = [sample("f/l/e/t", at(n), value=value) for n, value in ((0, "ACTIVE"), (1, ""), (10, 'a,"b"\n冷'))]
        await store.write(batch(*switches, *texts), Position("spool", 1))
        expected = buckets("bool", 10, (5, 4, 0, 3, True), (1, 1, 0, 1, True), (0, 0, 0, 0, None))
        assert_frame_equal(await self.summed(store, "bool", 10, 0, 30), expected)
        told = buckets("text", 10, (2, 2, 0, ""), (1, 1, 0, 'a,"b"\n冷'), (0, 0, 0, None))
        assert_frame_equal(await self.summed(store, "text", 10, 0, 30, "f/l/e/t"), told)

    async def test_values_of_another_type_do_not_count(self, store: Store) -> None:
        rows = [sample("f/l/e/s", at(0), value=1.5), sample("f/l/e/s", at(1), value=7)]
        await store.write(batch(*rows), Position("spool", 1))
        assert_frame_equal(await self.summed(store, "int", 10, 0, 10), buckets("int", 10, (1, 1, 0, 7, 7, 7.0, 7)))
        nothing = buckets("text", 10, (0, 0, 0, None))
        assert_frame_equal(await self.summed(store, "text", 10, 0, 10), nothing)

    @pytest.mark.parametrize("kind", VALUE_TYPES)
    async def test_buckets_of_what_is_not_there_are_empty(self, store: Store, kind: ValueType) -> None:
        for signal in ("f/l/e/s", "no path", "' OR 'a' = 'a"):
            found = await self.summed(store, kind, 10, 0, 20, signal)
            assert found.schema == bucketing.columns(kind)
            assert found.select("count", "good", "bad").rows() == [(0, 0, 0)] * 2
            assert found["last"].null_count() == 2
        assert (await self.summed(store, kind, 10, 20, 20)).height == 0

    async def test_many_days_are_summed_up(self, store: Store) -> None:
        """Whatever of them is merged."""
        days = range(-3, 4)
        rows = [
            sample("f/l/e/s", at(DAY * day + timedelta(hours=hour)), value=day) for day in days for hour in range(24)
        ]
        await store.write(batch(*rows), Position("spool", 1))
        await store.maintain()
        await store.write(batch(sample("f/l/e/s", at(-DAY), value=1000)), Position("spool", 2))
        found = await store.buckets("f/l/e/s", "int", NOON - 3 * DAY, NOON + 4 * DAY, timedelta(days=3.5))
        assert found.select("count", "min", "max", "last").rows() == [(84, -3, 1000, 0), (84, 0, 3, 3)]

    async def test_what_is_asked_for_again_is_as_new(self, place: Place) -> None:
        """Whatever a store remembers, and whoever writes."""
        rows = [sample("f/l/e/s", at(60 * minute), value=float(minute)) for minute in range(90)]
        async with place() as reader, place() as writer:
            await writer.write(batch(*rows), Position("spool", 1))
            for number, second in enumerate((0, 1, 3600, 5400)):
                for _ in range(3):
                    before = await self.summed(reader, "float", 3600, 0, 7200)
                await writer.write(
                    batch(sample("f/l/e/s", at(second), value=1e6 + number)), Position("spool", number + 2)
                )
                after = await self.summed(reader, "float", 3600, 0, 7200)
                assert after["max"].max() == 1e6 + number
                assert after["count"].sum() == before["count"].sum() + (second % 60 > 0 or second == 5400)

    # Results.

    async def test_results_come_back_as_they_were(self, store: Store) -> None:
        rows = [
            result("park", value=0.0, coverage=0.0, kpi="availability"),
            result("park", value=1 / 3, coverage=1e-9),
            result("plant", period="day", start=datetime(2024, 5, 16, 16, tzinfo=UTC), value=-1e16),
            result(
                "plant/line 1/压机,=\\", period="shift", name="early shift", computed=NOON + timedelta(microseconds=1)
            ),
        ]
        await store.write_results(table(*reversed(rows)))
        found = await store.results(start=NOON - DAY, end=NOON + DAY)
        assert found.schema == RESULTS
        assert_frame_equal(found, table(*rows), check_exact=True)

    async def test_a_number_may_be_undefined(self, store: Store) -> None:
        rows = [result("a", value=None), result("b", coverage=None), result("c", value=None, coverage=None)]
        await store.write_results(table(*rows))
        assert_frame_equal(await store.results(start=NOON - DAY, end=NOON), table(*rows))

    async def test_what_is_said_of_a_number_comes_back_exactly(self, store: Store) -> None:
        starts = [ELEVEN - timedelta(minutes=n) for n in range(len(TEXTS))]
        rows = [
            result(start=start, value=None, version=2**40 + n, reason=text, note=TEXTS[-1 - n])
            for n, (start, text) in enumerate(zip(starts, TEXTS, strict=True))
        ]
        await store.write_results(table(*rows))
        found = await store.results(start=NOON - DAY, end=NOON)
        assert_frame_equal(found, table(*reversed(rows)), check_exact=True)

    async def test_what_was_said_of_a_number_does_not_outlive_it(self, store: Store) -> None:
        first = result(value=None, version=3, reason="late samples", note="no ideal cycle")
        again = result(version=1, computed=NOON + timedelta(seconds=1))
        await store.write_results(table(first))
        await store.write_results(table(again))
        assert_frame_equal(await store.results(start=NOON - DAY, end=NOON), table(again), check_exact=True)

    @pytest.mark.parametrize("value", [0.25, None])
    @pytest.mark.parametrize("coverage", [0.75, None])
    @pytest.mark.parametrize("name", ["", "late"])
    async def test_the_result_computed_last_counts(
        self, store: Store, value: float | None, coverage: float | None, name: str
    ) -> None:
        later = result(value=value, coverage=coverage, name=name, computed=NOON + timedelta(seconds=1))
        await store.write_results(table(result(), result("another")))
        await store.write_results(table(later))
        await store.write_results(table(later))
        expected = table(result("another"), later)
        assert_frame_equal(await store.results(start=NOON - DAY, end=NOON), expected, check_exact=True)

    async def test_of_results_only_what_was_asked_for_comes(self, store: Store) -> None:
        hours = [NOON.replace(hour=hour, minute=0, second=0, microsecond=0) for hour in (9, 10, 11)]
        rows = [
            result(path, start, kpi=kpi, period=period)
            for path in ("park", "plant", "plant/line-1")
            for period in ("day", "hour")
            for start in hours
            for kpi in ("availability", "utilisation")
        ]
        everything = table(*rows)
        await store.write_results(everything)

        async def found(**asked: Any) -> pl.DataFrame:
            return await store.results(**({"start": hours[0], "end": NOON} | asked))

        assert_frame_equal(await found(), everything)
        within = everything.filter(pl.col("start") == hours[1])
        assert_frame_equal(await found(start=hours[1], end=hours[2]), within)
        some = pl.col("path").is_in(["park", "plant"]) & (pl.col("period") == "hour") & (pl.col("kpi") == "utilisation")
        asked = await found(paths=["plant", "park"], periods=["hour"], kpis={"utilisation", "unheard of"})
        assert_frame_equal(asked, everything.filter(some))
        nowhere: list[dict[str, Any]] = [{"paths": []}, {"periods": []}, {"kpis": []}, {"paths": ["' OR 'a' = 'a"]}]
        for nothing in nowhere:
            assert_frame_equal(await found(**nothing), everything.clear())

    # Being a good neighbour.

    async def test_housekeeping_changes_no_answer(self, place: Place) -> None:
        signals = [f"f/l/e/s{n}" for n in range(3)]
        async with place() as store, place() as reader:
            for number in range(6):
                rows = [sample(signals[n % 3], at(number * DAY // 4, ns=n), value=n) for n in range(90)]
                await store.write(batch(*rows), Position("spool", number + 1))
                await store.write_results(table(result(value=number / 10, computed=NOON + number * DAY)))
            asked_before = await reader.samples(signals, NOON - DAY, NOON + 9 * DAY)
            expected = await stored(store, signals, NOON - DAY, NOON + 9 * DAY)
            last = await store.last(signals, NOON + 9 * DAY)
            results = await store.results(start=NOON - DAY, end=NOON)
            await asyncio.gather(store.maintain(), store.maintain())
            await store.maintain()
            for one in (store, reader):
                assert_frame_equal(await stored(one, signals, NOON - DAY, NOON + 9 * DAY), expected)
                assert_frame_equal(await one.last(signals, NOON + 9 * DAY), last)
                assert_frame_equal(await one.results(start=NOON - DAY, end=NOON), results)
            assert_frame_equal(asked_before.collect(), expected)
            assert await store.written("spool") in {None, 6}

    async def test_it_can_be_asked_whether_it_would_take_a_write(self, store: Store) -> None:
        await store.check()
        assert_frame_equal(await stored(store, ["f/l/e/s"]), no_samples())

    async def test_it_is_closed_in_time(self, place: Place) -> None:
        async with place() as store:
            await store.write(batch(sample("f/l/e/s", at(), value=1)), Position("spool", 1))
            async with asyncio.timeout(CLOSING):
                await store.__aexit__(None, None, None)

    async def test_it_has_a_name(self, store: Store) -> None:
        assert store.name
        assert "\n" not in store.name
