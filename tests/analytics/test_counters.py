"""Counters: what is counted between two readings, whatever happened to the counter."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.sample import SAMPLES, Status, no_samples
from analytics.counters import STEPS, counter, kilowatt_hours, steps
from collector.park import SignalRole
from tests.analytics.counted import PRESS, kinds, press, signal, stepped
from tests.analytics.plant import EXAMPLES, at, samples

HOUR = 3600
TEN_SECONDS = timedelta(seconds=10)


def test_the_first_reading_ever_counts_nothing() -> None:
    assert stepped([(0, 4711)]).rows() == [
        (PRESS, f"{PRESS}/count", "total_count", at(0), None, 4711.0, 0.0, "first"),
    ]


def test_what_repeats_is_no_step() -> None:
    found = stepped([(0, 5), (1, 5), (2, 7), (3, 7), (4, 8)])
    assert found.select("time", "before", "value", "delta", "kind").rows()[1:] == [
        (at(2), 5.0, 7.0, 2.0, "count"),
        (at(4), 7.0, 8.0, 1.0, "count"),
    ]
    assert found.schema == STEPS


def test_after_a_reset_the_new_value_counts_from_0() -> None:
    assert kinds(stepped([(0, 100), (1, 0), (2, 3)])) == [("first", 0), ("reset", 0), ("count", 3)]
    assert kinds(stepped([(0, 100), (1, 40)])) == [("first", 0), ("reset", 40)]


def test_an_old_reading_that_comes_again_is_made_good_by_the_next() -> None:
    found = kinds(stepped([(0, 100), (1, 98), (2, 99), (3, 101)]))
    assert found == [("first", 0), ("correction", -2), ("count", 1), ("count", 2)]
    assert sum(delta for _, delta in found) == 1


def test_over_the_top_of_a_declared_width() -> None:
    assert kinds(stepped([(0, 65_530), (1, 4)], width=65_536)) == [("first", 0), ("roll_over", 10)]
    assert kinds(stepped([(0, 250), (1, 0)], width=256)) == [("first", 0), ("roll_over", 6)]


def test_half_a_width_back_is_a_reset() -> None:
    assert kinds(stepped([(0, 30_000), (1, 12)], width=65_536)) == [("first", 0), ("reset", 12)]
    assert kinds(stepped([(0, 200), (1, 72)], width=256))[1] == ("reset", 72)
    assert kinds(stepped([(0, 200), (1, 71)], width=256))[1] == ("roll_over", 127)
    assert kinds(stepped([(0, 60_000), (1, 59_999)], width=65_536))[1] == ("correction", -1)


def test_a_width_is_in_raw_values() -> None:
    found = stepped([(0, 131_070), (1, 4)], width=65_536, scale=2)
    assert kinds(found) == [("first", 0), ("roll_over", 6)]
    assert found["before"].to_list() == [None, 131_070]


def test_a_signed_counter_is_read_modulo_its_width() -> None:
    assert kinds(stepped([(0, 32_767), (1, -32_768), (2, -1), (3, 2)], width=65_536)) == [
        ("first", 0),
        ("count", 1),
        ("count", 32_767),
        ("roll_over", 3),
    ]


def test_below_0_nothing_is_counted() -> None:
    assert kinds(stepped([(0, 10), (1, -1), (2, 10), (3, 12)])) == [("first", 0), ("count", 2)]


def test_a_counter_with_an_offset_begins_again_at_it() -> None:
    assert kinds(stepped([(0, 1500), (1, 1003)], offset=1000)) == [("first", 0), ("reset", 3)]


def test_a_counter_of_what_is_left() -> None:
    left = [(0, 100), (1, 97), (2, 0), (3, 100), (4, 98)]
    made = [(second, 100 - value) for second, value in left]
    assert kinds(stepped(made, scale=-1, offset=100)) == [
        ("first", 0),
        ("count", 3),
        ("count", 97),
        ("reset", 0),
        ("count", 2),
    ]


def test_another_plc_is_a_new_base_where_nobody_makes_so_many_parts() -> None:
    assert kinds(stepped([(0, 10), (60, 90_000), (70, 90_001)], cycle=TEN_SECONDS)) == [
        ("first", 0),
        ("replaced", 0),
        ("count", 1),
    ]
    assert kinds(stepped([(0, 900_000), (60, 40_000)], cycle=TEN_SECONDS))[1] == ("replaced", 0)
    assert kinds(stepped([(0, 60_000), (60, 20_000)], width=65_536, cycle=TEN_SECONDS))[1] == ("replaced", 0)


def test_ten_times_as_fast_as_ideal_is_the_most() -> None:
    assert kinds(stepped([(0, 0), (10 * HOUR, 36_000)], cycle=TEN_SECONDS))[1] == ("count", 36_000)
    assert kinds(stepped([(0, 0), (10 * HOUR, 36_001)], cycle=TEN_SECONDS))[1] == ("replaced", 0)


def test_parts_of_an_hour_may_come_at_once() -> None:
    assert kinds(stepped([(0, 0), (1, 3_600)], cycle=TEN_SECONDS))[1] == ("count", 3_600)
    assert kinds(stepped([(0, 0), (1, 3_601)], cycle=TEN_SECONDS))[1] == ("replaced", 0)


def test_how_long_it_took_is_told_from_the_reading_before_and_not_from_the_last_change() -> None:
    standing = [(hour * HOUR, 0) for hour in range(10)]
    assert kinds(stepped([*standing, (10 * HOUR, 3_601)], cycle=TEN_SECONDS))[1] == ("replaced", 0)


def test_without_an_ideal_cycle_nothing_is_too_much() -> None:
    assert kinds(stepped([(0, 10), (60, 90_000)]))[1] == ("count", 89_990)
    assert kinds(stepped([(0, 10), (60, 90_000)], role=SignalRole.ENERGY, unit="kW.h", cycle=TEN_SECONDS))[1] == (
        "count",
        89_990,
    )


def test_the_shortest_ideal_cycle_of_its_products_counts() -> None:
    given_samples = samples(f"{PRESS}/count", [(0, 0), (1, 30_000)])
    counting = press(
        signal("count", SignalRole.GOOD_COUNT), ideal_cycle=TEN_SECONDS, products={"nut": timedelta(seconds=1)}
    )
    assert kinds(steps(given_samples.lazy(), no_samples(), [counting]))[1] == ("count", 30_000)


def test_bad_samples_are_no_readings() -> None:
    assert kinds(stepped([(0, 5), (1, None), (2, 5), (3, None), (4, 8)])) == [("first", 0), ("count", 3)]


def test_uncertain_ones_are() -> None:
    read = samples(f"{PRESS}/count", [(0, 5), (1, 8)]).with_columns(status=pl.lit(Status.UNCERTAIN, pl.UInt32))
    assert kinds(steps(read.lazy(), no_samples(), [press(signal("count", SignalRole.TOTAL_COUNT))]))[1] == ("count", 3)


def test_of_several_readings_at_one_instant_the_last_counts() -> None:
    assert kinds(stepped([(0, 5), (1, 9), (1, 6), (1, 7), (2, 8)])) == [("first", 0), ("count", 2), ("count", 1)]
    assert kinds(stepped([(0, 5), (1, 9), (1, 5), (2, 6)])) == [("first", 0), ("count", 1)]
    assert kinds(stepped([(0, 5), (1, 7), (1, None)])) == [("first", 0), ("count", 2)]


def test_floats_count_and_what_is_not_finite_does_not() -> None:
    found = stepped([(0, 0.5), (1, float("nan")), (2, 2.0)], type="float")
    assert kinds(found) == [("first", 0), ("count", 1.5)]


def test_text_counts_nothing() -> None:
    assert stepped([(0, "5"), (1, "6")], type="text", role=SignalRole.REWORK_COUNT).is_empty()


def test_other_signals_have_no_steps() -> None:
    assert stepped([(0, 5), (1, 6)], role=SignalRole.METER).is_empty()


def test_a_reading_from_before_is_the_base() -> None:
    counting = [press(signal("count", SignalRole.TOTAL_COUNT))]
    before = samples(f"{PRESS}/count", [(0, 5)])
    assert kinds(steps(samples(f"{PRESS}/count", [(9, 7)]).lazy(), before, counting)) == [("first", 0), ("count", 2)]
    assert kinds(steps(samples(f"{PRESS}/count", [(9, 5)]).lazy(), before, counting)) == [("first", 0)]
    assert kinds(steps(no_samples().lazy(), before, counting)) == [("first", 0)]
    assert steps(no_samples().lazy(), no_samples(), []).schema == STEPS


def test_counters_of_several_machines_do_not_mix() -> None:
    other = "works/line/lathe"
    both = [
        press(signal("count", SignalRole.TOTAL_COUNT)),
        press(signal("count", SignalRole.TOTAL_COUNT, other)).model_copy(update={"path": other}),
    ]
    read = pl.concat([samples(f"{path}/count", rows) for path, rows in ((other, [(0, 1), (2, 3)]), (PRESS, [(1, 7)]))])
    found = steps(read.lazy(), no_samples(), both)
    assert found.select("equipment", "delta").rows() == [(other, 0), (other, 2), (PRESS, 0)]


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("kW.h", 1),
        ("W.h", 0.001),
        ("MW.h", 1000),
        ("J", 1 / 3.6e6),
        ("kJ", 1 / 3600),
        ("MJ", 1 / 3.6),
        ("GJ", 1000 / 3.6),
        ("kW.min", 1 / 60),
        ("W.s", 1 / 3.6e6),
        ("kcal", 4184 / 3.6e6),
    ],
)
def test_energy_in_kilowatt_hours(unit: str, expected: float) -> None:
    assert kilowatt_hours(unit) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("unit", ["kV.A.h", "kvar.h", "kW", "1", "kW.h/d"])
def test_what_is_no_active_energy(unit: str) -> None:
    assert kilowatt_hours(unit) is None
    assert counter(press(signal("e", SignalRole.ENERGY, unit=unit)), SignalRole.ENERGY) is None


VALUES = st.one_of(st.none(), st.integers(-3, 70), st.integers(0, 65_535), st.sampled_from([0, 32_767, 65_535]))
READINGS = st.lists(st.tuples(st.integers(0, 5_000), VALUES), max_size=30)
KEYS = st.sampled_from([{}, {"width": 65_536}, {"width": 32_768, "scale": 2}, {"offset": 10}])
CYCLES = st.sampled_from([None, timedelta(seconds=1), timedelta(minutes=10)])


@EXAMPLES
@given(READINGS, st.lists(st.integers(0, 150_000), max_size=3), KEYS, CYCLES)
def test_chunks_add_up(readings: list[tuple[int, Any]], cuts: list[int], keys: dict[str, Any], cycle: Any) -> None:
    """The steps of a whole are those of its parts, wherever it is cut; `earlier` is the last reading before."""
    rows = sorted(((30 * second, value) for second, value in readings), key=lambda row: row[0])
    read = samples(f"{PRESS}/count", rows)
    counting = [press(signal("count", SignalRole.TOTAL_COUNT, **keys), ideal_cycle=cycle)]
    whole = steps(read.lazy(), no_samples(), counting)
    edges = [at(-1), *map(at, sorted(cuts)), at(200_000)]
    chunks = []
    for start, end in pairwise(edges):
        inside = read.filter((pl.col("time") >= start) & (pl.col("time") < end))
        usable = (pl.col("time") < start) & pl.col("int").is_not_null()
        if "width" not in keys:
            usable &= pl.col("int") >= keys.get("offset", 0)
        chunk = steps(inside.lazy(), read.filter(usable).tail(1), counting)
        chunks.append(chunk.filter((pl.col("time") >= start) & (pl.col("time") < end)))
    told = pl.concat(chunks)
    assert told.rows() == whole.rows()


@EXAMPLES
@given(READINGS, KEYS, CYCLES)
def test_only_corrections_take_away_and_no_more_than_a_tenth(
    readings: list[tuple[int, Any]], keys: dict[str, Any], cycle: Any
) -> None:
    found = stepped(sorted(readings, key=lambda row: row[0]), cycle=cycle, **keys)
    negative = found.filter(pl.col("delta") < 0)
    assert (negative["kind"] == "correction").all()
    assert (-negative["delta"] < 0.1 * negative["before"]).all()


@EXAMPLES
@given(
    st.lists(st.tuples(st.integers(0, 40), st.booleans()), min_size=1, max_size=40),
    st.integers(0, 60_000),
    st.sampled_from([None, 65_536]),
)
def test_what_was_made_is_counted_over_resets_and_roll_over(
    made: list[tuple[int, bool]], start: int, width: int | None
) -> None:
    """A counter that is read after every batch, and that rolls over or is reset, tells what was made."""
    stands, readings = start, [(0, start)]
    expected = 0
    for second, (parts, again) in enumerate(made, 1):
        if width is not None:
            stands = (stands + parts) % width
            expected += parts
        elif again and stands > 100:
            stands = parts
            expected += parts
        else:
            stands += parts
            expected += parts
        readings.append((second, stands))
    found = stepped(readings, width=width)
    assert found["delta"].sum() == expected


@EXAMPLES
@given(st.lists(st.integers(1, 9), min_size=1, max_size=20), st.data())
def test_readings_that_come_again_change_no_sum(batches: list[int], data: st.DataObject) -> None:
    values = [1000]
    for batch in batches:
        values.append(values[-1] + batch)
    noisy: list[int] = []
    for value in values:
        noisy += [value, *data.draw(st.lists(st.sampled_from([v for v in values if v <= value]), max_size=3))]
    found = stepped(list(enumerate([*noisy, values[-1]])))
    assert found["delta"].sum() == values[-1] - values[0]


def test_samples_of_the_schema_are_taken() -> None:
    assert steps(pl.LazyFrame(schema=SAMPLES), pl.DataFrame(schema=SAMPLES), [press()]).is_empty()
