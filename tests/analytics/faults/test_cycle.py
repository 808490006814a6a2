"""Cycles that become longer, or are missing."""

import random
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.faults.cycle import CYCLE, PRODUCTS, seconds_in
from analytics.sayings import message
from collector.faultrules.production import Cycle
from collector.faultrules.rules import SignalFaults
from collector.park import SignalRole, Title
from tests.analytics.faults.looking import (
    PRESS,
    RUN,
    STAND,
    UNKNOWN,
    Looked,
    counted,
    gaps,
    plant,
    rising,
    same,
    seconds,
    signal,
    stateless,
    states,
)
from tests.analytics.plant import EXAMPLES, samples

PARTS = f"{PRESS}/parts"
PRODUCT = f"{PRESS}/product"
LEARN = timedelta(seconds=300)


def watched(*, stated: bool = True, width: int | None = None, **keys: Any) -> Looked:
    faults = SignalFaults(cycle=Cycle(**{"learn": LEARN, "cycles": 5, **keys}))
    product = signal("product", type="text", unit="1", role=SignalRole.PRODUCT)
    given = (counted(faults=faults, width=width), product)
    return Looked(CYCLE, plant(*given) if stated else stateless(*given))


def parts(cycles: Iterable[float], start: float = 0, first: int = 0, each: int = 1) -> list[tuple[float, Any]]:
    """Give a counter that counts a part, or so many, after each cycle."""
    rows: list[tuple[float, Any]] = [(start, first)]
    for cycle in cycles:
        rows.append((rows[-1][0] + cycle, rows[-1][1] + each))
    return rows


def test_cycles_that_become_longer_are_an_alert() -> None:
    looked = watched()
    looked.look(samples(PARTS, parts([10] * 40 + [11.5] * 10)), told=states((0, RUN)))
    assert looked.told() == []
    looked.look(samples(PARTS, parts([13] * 5 + [10] * 5, 515, 50)))
    assert looked.told() == [("drift", 515 + 3 * 13, 515 + 5 * 13 + 3 * 10)]
    (baseline,) = looked.baselines
    assert baseline.model == {"usual": 10.0, "deviation": 0.0, "most": 10.0}


def test_several_parts_at_a_step_are_as_many_cycles() -> None:
    looked = watched()
    looked.look(samples(PARTS, parts([40] * 40, each=4)), told=states((0, RUN)))
    assert looked.baselines[0].model["usual"] == 10.0


def test_cycles_that_vary_by_themselves_are_no_fault() -> None:
    varying = [8, 8, 8, 14, 14, 14, 14, 8, 8, 8] * 10
    looked = watched()
    looked.look(samples(PARTS, parts(varying)), told=states((0, RUN)))
    assert looked.told() == []
    looked = watched(learn=seconds(30))  # thirty cycles are the least all the same
    looked.look(samples(PARTS, parts([10] * 30 + [13] * 10)), told=states((0, RUN)))
    assert [key for key, _, _ in looked.told()] == ["drift"]


def test_cycles_that_vary_for_a_week_are_no_fault() -> None:
    chance = random.Random(1)  # noqa: S311 - not for secrets
    varying = [chance.lognormvariate(3, 0.3) for _ in range(20_000)]
    looked = watched(learn=seconds(3600), cycles=20)
    looked.look(samples(PARTS, parts(varying)), told=states((0, RUN)))
    assert looked.told() == []
    looked.look(samples(PARTS, parts([34] * 20, sum(varying) + 34, 20_001)))
    assert [key for key, _, _ in looked.told()] == ["drift"]


def test_a_missing_part_is_an_alert_by_time_alone_while_the_machine_produces() -> None:
    looked = watched()
    looked.look(samples(PARTS, parts([10] * 40)), told=states((0, RUN)), until=450)
    assert looked.told() == []
    looked.look(until=451)
    assert looked.told() == [("missing", 400, None)]
    looked.look(samples(PARTS, [(500, 41)]))
    assert looked.told() == [("missing", 400, 500)]


def test_nothing_is_missing_while_the_machine_stands() -> None:
    looked = watched()
    looked.look(samples(PARTS, parts([10] * 40)), told=states((0, RUN), (430, STAND)), until=2000)
    looked.look(told=states((2000, RUN)), until=2050)
    assert looked.told() == []
    looked.look(until=2051)
    assert looked.told() == [("missing", 2000, None)]
    looked.look(told=states((2060, UNKNOWN)))
    assert looked.told() == [("missing", 2000, 2060)]


def test_nothing_is_missing_where_nobody_tells_the_state_or_the_source_is_down() -> None:
    looked = watched(stated=False)
    looked.look(samples(PARTS, parts([10] * 40)), until=9000)
    assert (looked.told(), len(looked.baselines)) == ([], 1)
    looked = watched()
    looked.look(samples(PARTS, parts([10] * 40)), told=states((0, RUN)), until=410)
    looked.look(samples(PARTS, [(900, 80)]), missed=gaps(PARTS, (410, 890)), until=901)
    assert looked.told() == []


def test_a_stop_or_a_gap_is_no_long_cycle() -> None:
    looked = watched(drift=0.05)
    stops = states((0, RUN), *((n * 100 + 5, STAND) for n in range(7)), *((n * 100 + 55, RUN) for n in range(7)))
    rows = [(n * 100 + second, n * 5 + k) for n in range(7) for k, second in enumerate((0, 60, 70, 80, 90))]
    looked.look(samples(PARTS, rows), told=stops, missed=gaps(PARTS, (72, 73)))
    assert looked.baselines == []
    looked.look(samples(PARTS, parts([10] * 10, 700, 35)))
    (baseline,) = looked.baselines
    assert baseline.model == {"usual": 10.0, "deviation": 0.0, "most": 10.0}


def test_a_counter_that_begins_again_counts_only_where_it_rolled_over() -> None:
    rows = [(n * 10, n % 20) for n in range(60)]
    looked = watched(width=20)
    looked.look(samples(PARTS, rows), told=states((0, RUN)))
    assert looked.baselines[0].rows == 30
    assert looked.baselines[0].end - looked.baselines[0].start == 290 * 10**9
    looked = watched()
    looked.look(samples(PARTS, rows), told=states((0, RUN)))
    assert looked.baselines[0].end - looked.baselines[0].start == 300 * 10**9


def test_each_product_has_its_own_cycle() -> None:
    looked = watched()
    made = samples(PRODUCT, [(0, "A"), (400, "B"), (1200, "A")])
    first = parts([10] * 40)
    second = parts([20] * 40, 400, 40)
    third = parts([10] * 10 + [13] * 5, 1200, 80)
    looked.look(pl.concat([made, samples(PARTS, [*first, *second[1:], *third[1:]])]), told=states((0, RUN)))
    assert [(one.mode, one.model["usual"]) for one in looked.baselines] == [("A", 10.0), ("B", 20.0)]
    (alert,) = looked.alerts.values()
    assert alert.key == "drift"
    assert message(alert, "en") == "Parts: a cycle takes 13 s, 30 % longer than the usual 10 s (A)"
    assert message(alert, "zh") == "产量：节拍 13 秒，比平时的 10 秒长 30% (A)"  # noqa: RUF001 - Chinese


@pytest.mark.parametrize("told_at", [560, 530])
def test_an_alert_of_a_product_ends_with_it(told_at: int) -> None:
    looked = watched()
    slow = parts([10] * 40 + [13] * 12)
    looked.look(pl.concat([samples(PRODUCT, [(0, "A")]), samples(PARTS, slow)]), told=states((0, RUN)))
    assert [(key, end) for key, _, end in looked.told()] == [("drift", None)]
    looked.look(samples(PRODUCT, [(told_at, "B")]))
    assert [(key, end) for key, _, end in looked.told()] == [("drift", max(told_at, slow[-1][0]))]
    assert looked.lasting == set()


def test_of_many_products_the_last_are_known() -> None:
    looked = watched(learn=seconds(1))
    orders = PRODUCTS + 3
    made = samples(PRODUCT, [(n * 310, f"order {n}") for n in range(orders)])
    looked.look(pl.concat([made, samples(PARTS, parts([10] * 31 * orders))]), told=states((0, RUN)))
    models = looked.carried[PARTS]["models"]
    assert len(models) == PRODUCTS
    assert "order 0" not in models


def test_a_signal_may_say_its_cycles_itself() -> None:
    faults = SignalFaults(cycle=Cycle(learn=LEARN, cycles=5))
    takt = signal("takt", unit="ms", role=SignalRole.CYCLE_TIME, faults=faults, title=Title(en="Takt"))
    looked = Looked(CYCLE, plant(takt))
    values = [(n * 10, 9000.0) for n in range(40)] + [(400 + n * 12, 11_000.0) for n in range(5)]
    looked.look(samples(f"{PRESS}/takt", values), told=states((0, RUN)), until=470)
    assert looked.baselines[0].model["usual"] == 9.0
    assert [key for key, _, _ in looked.told()] == ["drift"]
    looked.look(until=500)
    assert [key for key, _, _ in looked.told()] == ["drift", "missing"]
    (indicator,) = looked.indicators.values()
    assert indicator.value == 11.0
    assert indicator.limit == pytest.approx(10.8)


@pytest.mark.parametrize(("unit", "in_seconds"), [("s", 1), ("ms", 0.001), ("min", 60), ("h", 3600)])
def test_units_of_time(unit: str, in_seconds: float) -> None:
    assert seconds_in(unit) == in_seconds


STEPS = st.lists(
    st.tuples(st.sampled_from([1, 2, 3, 30]), st.sampled_from([1, 1, 1, 0, 2, -50, None])), min_size=5, max_size=60
)
CHANGES = st.lists(st.tuples(st.integers(0, 300), st.sampled_from([RUN, RUN, STAND, UNKNOWN])), max_size=3)


@EXAMPLES
@given(
    STEPS,
    CHANGES,
    st.lists(st.tuples(st.integers(0, 300), st.sampled_from("AB")), max_size=3),
    st.lists(st.tuples(st.integers(0, 300), st.one_of(st.none(), st.integers(1, 20))), max_size=2),
    st.lists(st.integers(0, 400), max_size=6),
)
def test_any_portions_find_the_same(
    steps: list[tuple[int, Any]],
    changes: list[tuple[int, Any]],
    made: list[tuple[int, str]],
    missing: list[tuple[int, int | None]],
    cuts: list[int],
) -> None:
    count, values = 60, []
    for second, more in rising([*((1, 1) for _ in range(40)), *steps]):
        count = max(0, count + (more or 0))
        values.append((second, None if more is None else count))
    products = samples(PRODUCT, sorted(made, key=lambda row: row[0]))
    frame = pl.concat([samples(PARTS, values), products])
    end = max(values[-1][0], 300) + 50
    told = states((0, RUN), *sorted(changes, key=lambda change: change[0]))
    missed = gaps(PARTS, *((start, None if length is None else start + length) for start, length in missing))
    keys: dict[str, Any] = {"learn": seconds(20), "on_delay": seconds(2), "off_delay": seconds(3), "count": 2}
    once = watched(**keys)
    once.look(frame, end, told=told, missed=missed)
    same(once, watched(**keys).portions(frame, cuts, end, told=told, missed=missed))
