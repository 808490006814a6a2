"""By a part counter: when parts come soon enough after each other, and what a counter does besides."""

from datetime import timedelta
from typing import Any

import polars as pl
import pytest

from adapters.sample import no_samples
from analytics.spans import Machine, lookback, spans
from collector.park import Equipment, SignalRole
from tests.analytics.plant import at, samples
from tests.analytics.states.told import LATHE, History, gaps, lathe, told

HOUR = 3600


def counted(*, product: bool = False, **keys: Any) -> Equipment:
    """Give a machine of a 10 s cycle that produces while parts come within 30 s."""
    more: dict[str, Any] = {"product": "text"} if product else {}
    roles = {"parts": SignalRole.TOTAL_COUNT, "product": SignalRole.PRODUCT}
    own = {"ideal_cycle": timedelta(seconds=10), **keys}
    return lathe({"kind": "counter", "signal": "parts"}, {"parts": "int", **more}, roles=roles, **own)


def test_it_produces_while_parts_come() -> None:
    assert told(counted(), {"parts": [(0, 7), (10, 8), (20, 9), (50, 10)]}, until=60) == [
        (0, 60, "producing", "parts"),
    ]


def test_between_parts_far_apart_it_stood_still_until_a_cycle_before_the_later() -> None:
    assert told(counted(), {"parts": [(0, 7), (10, 8), (41, 9), (50, 10)]}, until=60) == [
        (0, 10, "producing", "parts"),
        (10, 31, "idle", "none"),
        (31, 60, "producing", "parts"),
    ]


def test_when_no_more_parts_came_it_stood_still_from_the_last_one_on() -> None:
    parts = {"parts": [(0, 7), (10, 8)]}
    assert told(counted(), parts, until=40) == [(0, 40, "producing", "parts")]
    assert told(counted(), parts, until=41) == [(0, 10, "producing", "parts"), (10, 41, "idle", "none")]


def test_a_report_of_many_parts_stands_for_many_cycles() -> None:
    slow = [(0, 0), (60, 6), (120, 12), (180, 13), (240, 19)]
    assert told(counted(), {"parts": slow}, until=300) == [
        (0, 120, "producing", "parts"),
        (120, 170, "idle", "none"),
        (170, 300, "producing", "parts"),
    ]


def test_a_report_of_many_parts_reaches_back_for_an_hour_at_most() -> None:
    assert told(counted(), {"parts": [(0, 0), (3 * HOUR, 5000)]}, end=3 * HOUR + 1) == [
        (0, 2 * HOUR, "idle", "none"),
        (2 * HOUR, 3 * HOUR + 1, "producing", "parts"),
    ]


def test_a_reset_is_no_part() -> None:
    parts = [(0, 7), (10, 8), (20, 0), (100, 1), (110, 2)]
    assert told(counted(), {"parts": parts}, until=110) == [
        (0, 10, "producing", "parts"),
        (10, 90, "idle", "none"),
        (90, 110, "producing", "parts"),
    ]


@pytest.mark.parametrize(("width", "produced"), [(None, False), (65536, True)])
def test_a_counter_of_a_width_rolls_over(width: int | None, *, produced: bool) -> None:
    machine = counted(width=width)
    found = told(machine, {"parts": [(0, 65534), (10, 65535), (20, 1), (70, 2)]}, until=70)
    assert [one[:3] for one in found if one[2] == "producing"] == [
        (0, 20 if produced else 10, "producing"),
        (60, 70, "producing"),
    ]


def test_a_counter_of_a_width_that_jumps_far_back_was_reset() -> None:
    found = told(counted(width=65536), {"parts": [(0, 30000), (100, 0)]}, until=200)
    assert found == [(0, 200, "idle", "none")]


def test_it_is_held_across_a_gap_and_unknown_after_that() -> None:
    parts = [(0, 7), (10, 8), (15, None), (100, 14), (110, 15)]
    assert told(counted(), {"parts": parts}, until=120) == [
        (0, 25, "producing", "parts"),
        (25, 100, "unknown", None),
        (100, 120, "producing", "parts"),
    ]
    assert told(counted(hold=100), {"parts": parts}, until=120) == [(0, 120, "producing", "parts")]


def test_after_a_gap_it_stands_still_until_parts_come() -> None:
    parts = [(0, 7), (10, 8), (15, None), (100, 8), (150, 9)]
    assert told(counted(), {"parts": parts}, until=150)[-2:] == [
        (100, 140, "idle", "none"),
        (140, 150, "producing", "parts"),
    ]


def test_what_was_counted_while_nothing_was_heard_says_nothing_of_when() -> None:
    assert told(counted(), {"parts": [(0, 0), (10, None), (100, 30)]}, until=200)[-1] == (100, 200, "idle", "none")


def test_a_gap_of_the_ledger_is_one_too_and_reports_inside_it_are_held() -> None:
    machine = counted()
    parts = [(0, 7), (10, 8), (100, 9), (105, 9), (140, 10)]
    assert told(machine, {"parts": parts}, gaps(machine, (12, 130)), until=150) == [
        (0, 22, "producing", "parts"),
        (22, 100, "unknown", None),
        (100, 115, "idle", "none"),
        (115, 130, "unknown", None),
        (130, 150, "producing", "parts"),
    ]


PRODUCTS = {"bolt": timedelta(seconds=10), "shaft": timedelta(seconds=100)}


def test_the_ideal_cycle_is_that_of_the_product_that_runs() -> None:
    machine = counted(product=True, products=PRODUCTS, ideal_cycle=None)
    history: History = {
        "parts": [(0, 0), (10, 1), (20, 2), (320, 3), (600, 4)],
        "product": [(0, "bolt"), (20, "shaft"), (590, "bolt")],
    }
    assert told(machine, history, until=600) == [
        (0, 320, "producing", "parts"),
        (320, 590, "idle", "none"),
        (590, 600, "producing", "parts"),
    ]


def test_the_last_part_of_a_product_is_told_together_with_the_next_product() -> None:
    machine = counted(product=True, products=PRODUCTS, ideal_cycle=None)
    history: History = {
        "parts": [(0, 0), (100, 1), (200, 2), (300, 3), (310, 4), (320, 5)],
        "product": [(0, "shaft"), (300, "bolt")],
    }
    assert told(machine, history, until=350) == [(0, 350, "producing", "parts")]
    assert told(machine, history, until=351)[-1] == (320, 351, "idle", "none")


def test_a_product_that_is_told_together_with_the_first_reading_runs_from_there_on() -> None:
    machine = counted(product=True, products=PRODUCTS, ideal_cycle=None)
    history: History = {"parts": [(0, 7)], "product": [(0, "bolt")]}
    assert told(machine, history, until=600) == [(0, 600, "idle", "none")]


def test_a_product_without_an_ideal_cycle_leaves_the_state_unknown() -> None:
    machine = counted(product=True, products=PRODUCTS, ideal_cycle=None)
    history: History = {
        "parts": [(0, 0), (10, 1), (20, 2), (30, 3)],
        "product": [(0, "bolt"), (15, "nut")],
    }
    assert told(machine, history, until=40) == [(0, 10, "producing", "parts"), (10, 40, "unknown", "no ideal cycle")]
    usual = counted(product=True, products=PRODUCTS)
    assert told(usual, history, until=40) == [(0, 40, "producing", "parts")]


def test_the_product_that_ran_before_is_read_too() -> None:
    machine = counted(product=True, products=PRODUCTS, ideal_cycle=None)
    assert lookback(machine) == timedelta(hours=1, seconds=10)
    history: History = {
        "parts": [(-9000, 0), (10, 1), (250, 2)],
        "product": [(-9000, "shaft")],
    }
    assert told(machine, history, start=20, end=100) == [(20, 100, "producing", "parts")]


def test_counters_of_many_machines_do_not_mix() -> None:
    machines = [counted(product=True, products=PRODUCTS, path=f"{LATHE}{n}") for n in range(3)]
    parts = [
        pl.concat(
            [
                samples(f"{LATHE}{n}/parts", [(t, t // 10) for t in range(0, 100 + n * 100, 10)]),
                samples(f"{LATHE}{n}/product", [(0, ("bolt", "shaft", "nut")[n])]),
            ]
        )
        for n in range(3)
    ]
    known = [Machine(one, at(1000)) for one in machines]
    found = spans(pl.concat(parts).lazy(), no_samples(), gaps(machines[0]), known, at(0), at(1000))
    stopped = found.filter(pl.col("state") == "idle")
    assert stopped["start"].to_list() == [at(90), at(190), at(290)]


def test_a_reading_that_repeats_behind_a_gap_says_that_nothing_was_made_until_then() -> None:
    machine = counted(hold=0)
    history: History = {"parts": [(0, 7), (600, 7)]}
    assert told(machine, history, gaps(machine, (0, 60)), end=1000) == [
        (0, 600, "unknown", None),
        (600, 1000, "idle", "none"),
    ]
