"""Parts: total, good and rejected parts, products and their ideal cycles, energy."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from adapters.sample import no_samples
from analytics.counters import steps
from analytics.parts import DAWN, PARTS, PRODUCTS, SUMS, counts_parts, counts_quality, judgeable, parts, products
from collector.park import Equipment, Signal, SignalRole
from tests.analytics.counted import PRESS, press, signal
from tests.analytics.plant import EXAMPLES, at, samples

TOTAL = signal("total", SignalRole.TOTAL_COUNT)
GOOD = signal("good", SignalRole.GOOD_COUNT)
REJECT = signal("reject", SignalRole.REJECT_COUNT)
REWORK = signal("rework", SignalRole.REWORK_COUNT)
PRODUCT = signal("product", SignalRole.PRODUCT, type="text")
CYCLE = timedelta(seconds=10)


def read(**readings: Sequence[tuple[float, Any]]) -> pl.DataFrame:
    """Give samples of signals by name."""
    return pl.concat([no_samples(), *(samples(f"{PRESS}/{name}", rows) for name, rows in readings.items())])


def made(machine: Equipment, samples: pl.DataFrame, earlier: pl.DataFrame | None = None) -> pl.DataFrame:
    """Give the parts of one machine."""
    before = no_samples() if earlier is None else earlier
    counted = steps(samples.lazy(), before, [machine])
    return parts(counted, products(samples.lazy(), before, [machine]), [machine])


def last(machine: Equipment, samples: pl.DataFrame) -> dict[str, Any]:
    """Give the sums at the end."""
    return made(machine, samples).row(-1, named=True)


def counts(row: dict[str, Any]) -> tuple[Any, ...]:
    return row["total"], row["good"], row["reject"]


def test_from_any_two_the_third() -> None:
    total, good, reject = [(0, 0), (1, 10)], [(0, 0), (1, 7)], [(0, 0), (1, 3)]
    assert counts(last(press(TOTAL, GOOD), read(total=total, good=good))) == (10, 7, 3)
    assert counts(last(press(TOTAL, REJECT), read(total=total, reject=reject))) == (10, 7, 3)
    assert counts(last(press(GOOD, REJECT), read(good=good, reject=reject))) == (10, 7, 3)


def test_all_three_are_taken_as_they_are() -> None:
    readings = {"total": [(0, 0), (1, 10)], "good": [(0, 0), (1, 6)], "reject": [(0, 0), (1, 3)]}
    assert counts(last(press(TOTAL, GOOD, REJECT), read(**readings))) == (10, 6, 3)


def test_of_one_alone() -> None:
    assert counts(last(press(TOTAL), read(total=[(0, 0), (1, 10)]))) == (10, 10, None)
    assert counts(last(press(GOOD), read(good=[(0, 0), (1, 10)]))) == (10, 10, None)
    assert counts(last(press(REJECT), read(reject=[(0, 0), (1, 10)]))) == (None, None, 10)


def test_what_is_counted() -> None:
    machines: list[tuple[tuple[Signal, ...], tuple[bool, bool]]] = [
        ((TOTAL,), (True, False)),
        ((GOOD,), (True, False)),
        ((REJECT,), (False, False)),
        ((TOTAL, GOOD), (True, True)),
        ((GOOD, REJECT), (True, True)),
        ((), (False, False)),
    ]
    for signals, expected in machines:
        assert (counts_parts(press(*signals)), counts_quality(press(*signals))) == expected


def test_a_counter_that_was_never_read_is_not_known() -> None:
    row = last(press(TOTAL, REJECT, REWORK, ideal_cycle=CYCLE), read(reject=[(0, 0), (1, 3)]))
    assert counts(row) == (None, None, 3)
    assert row["rework"] is None
    assert row["ideal_time"] == row["ideal_good_time"] == 0


def test_sums_begin_at_the_first_reading() -> None:
    found = made(press(TOTAL, ideal_cycle=CYCLE), read(total=[(5, 100), (6, 101), (8, 103)]))
    assert found.select("time", "total", "ideal_time").rows() == [(at(5), 0, 0), (at(6), 1, 10), (at(8), 3, 30)]
    assert found.schema == PARTS


def judged(machine: Equipment, samples: pl.DataFrame) -> list[tuple[Any, ...]]:
    """Give from when on which product of a machine can be judged."""
    held = products(samples.lazy(), no_samples(), [machine])
    known = judgeable(held, made(machine, samples))
    assert known.schema == PRODUCTS
    return known.select("time", "product", "judged").rows()


def test_nothing_is_judged_before_the_counters_were_read() -> None:
    press_ = press(TOTAL, REJECT, PRODUCT, ideal_cycle=CYCLE)
    product, total = [(2, "a"), (9, "b")], [(1, 0), (4, 3)]
    assert judged(press_, read(product=product, total=total)) == [
        (DAWN, None, False),
        (at(2), "a", False),
        (at(9), "b", False),
    ]
    assert judged(press_, read(product=product, total=total, reject=[(5, 0)])) == [
        (DAWN, None, False),
        (at(2), "a", False),
        (at(5), "a", True),
        (at(9), "b", True),
    ]
    assert judged(press_, read(product=product, total=total, reject=[(9, 0)]))[-2:] == [
        (at(2), "a", False),
        (at(9), "b", True),
    ]
    assert judged(press_, read(total=[(1, 0)], reject=[(1, 0)])) == [(DAWN, None, False), (at(1), None, True)]
    assert judged(press_, no_samples()) == [(DAWN, None, False)]


def test_energy_in_kilowatt_hours_whatever_its_unit() -> None:
    readings = read(energy=[(0, 0.0), (1, 7.2)])
    for unit, expected in (("kW.h", 7.2), ("MJ", 2.0), ("W.h", 0.0072)):
        meter = signal("energy", SignalRole.ENERGY, type="float", unit=unit)
        assert abs(last(press(meter), readings)["energy"] - expected) < 1e-12
    assert made(press(signal("energy", SignalRole.ENERGY, type="float", unit="kV.A.h")), readings).is_empty()


def test_a_machine_without_product_signal_makes_one_thing() -> None:
    found = products(no_samples().lazy(), no_samples(), [press(TOTAL, ideal_cycle=CYCLE), press()])
    assert found.schema == PRODUCTS
    assert found.rows()[0] == (PRESS, DAWN, None, 10.0, True)
    assert products(no_samples().lazy(), no_samples(), [press(ideal_cycle=CYCLE)]).rows() == [
        (PRESS, DAWN, None, 10.0, False)
    ]
    assert products(no_samples().lazy(), no_samples(), [press(TOTAL)]).rows() == [(PRESS, DAWN, None, None, False)]


def test_products_have_ideal_cycles_of_their_own() -> None:
    machine = press(TOTAL, PRODUCT, products={"nut": timedelta(seconds=2)}, ideal_cycle=CYCLE)
    found = products(read(product=[(5, "nut"), (6, "nut"), (7, None), (8, "bolt")]).lazy(), no_samples(), [machine])
    assert found.drop("equipment").rows() == [
        (DAWN, None, 10.0, True),
        (at(5), "nut", 2.0, True),
        (at(8), "bolt", 10.0, True),
    ]


def test_an_unknown_product_is_not_judged() -> None:
    machine = press(TOTAL, PRODUCT, products={"nut": timedelta(seconds=2)})
    found = products(read(product=[(5, "bolt"), (9, "nut")]).lazy(), no_samples(), [machine])
    assert found.drop("equipment").rows() == [
        (DAWN, None, None, False),
        (at(5), "bolt", None, False),
        (at(9), "nut", 2.0, True),
    ]


def test_a_product_by_number() -> None:
    machine = press(TOTAL, signal("product", SignalRole.PRODUCT), products={"7": timedelta(seconds=2)})
    found = products(read(product=[(5, 7)]).lazy(), no_samples(), [machine])
    assert found.row(-1) == (PRESS, at(5), "7", 2.0, True)


def test_of_several_products_at_one_instant_the_last_counts() -> None:
    machine = press(TOTAL, PRODUCT, products={"nut": timedelta(seconds=2)})
    found = products(read(product=[(4, "a"), (5, "nut"), (5, "a"), (6, "b")]).lazy(), no_samples(), [machine])
    assert found["product"].to_list() == [None, "a", "b"]


def test_a_part_is_of_the_product_before_its_instant() -> None:
    machine = press(TOTAL, REJECT, PRODUCT, products={"nut": timedelta(seconds=2), "bolt": timedelta(seconds=5)})
    readings = read(
        total=[(1, 0), (5, 1), (6, 3), (9, 4)],
        reject=[(1, 0), (6, 1)],
        product=[(0, "nut"), (5, "bolt"), (8, "washer")],
    )
    found = made(machine, readings).select("time", "total", "good", "ideal_time", "ideal_good_time")
    assert found.rows() == [
        (at(1), 0, 0, 0, 0),
        (at(5), 1, 1, 2, 2),
        (at(6), 3, 2, 12, 7),
        (at(9), 4, 3, 12, 7),  # nobody knows the ideal cycle of a washer
    ]


def test_the_product_from_before_holds() -> None:
    machine = press(TOTAL, PRODUCT, products={"nut": timedelta(seconds=2)})
    earlier = read(total=[(-9, 5)], product=[(-99, "nut")])
    found = made(machine, read(total=[(3, 8)]), earlier)
    assert found.select("time", "total", "ideal_time").rows() == [(at(-9), 0, 0), (at(3), 3, 6)]


VALUES = {"total": st.integers(0, 60), "reject": st.integers(0, 60), "product": st.sampled_from(["nut", "bolt", "x"])}
ROWS = {name: st.lists(st.tuples(st.integers(0, 40), values), max_size=12) for name, values in VALUES.items()}


@EXAMPLES
@given(st.fixed_dictionaries(ROWS), st.lists(st.integers(0, 45), max_size=2))
def test_chunks_add_up(rows: dict[str, list[tuple[int, Any]]], cuts: list[int]) -> None:
    machine = press(TOTAL, REJECT, PRODUCT, products={"nut": timedelta(seconds=2), "bolt": timedelta(seconds=5)})
    ordered = {name: sorted(values, key=lambda row: row[0]) for name, values in rows.items()}
    readings = read(**ordered)
    edges = [at(-1), *map(at, sorted(cuts)), at(100)]
    summed = dict.fromkeys(SUMS, 0.0)
    for start, end in pairwise(edges):
        inside = readings.filter((pl.col("time") >= start) & (pl.col("time") < end))
        earlier = readings.filter(pl.col("time") < start).group_by("signal", maintain_order=True).last()
        found = made(machine, inside, earlier.select(readings.columns))
        for name in SUMS:
            summed[name] += 0.0 if found.is_empty() else found[name][-1] or 0.0
    whole = made(machine, readings)
    assert summed == {name: 0.0 if whole.is_empty() else whole[name][-1] or 0.0 for name in SUMS}
