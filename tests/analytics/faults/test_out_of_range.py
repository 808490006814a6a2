"""Values that cannot be."""

from datetime import timedelta
from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from adapters.sample import Status
from analytics.faults.out_of_range import OUT_OF_RANGE
from analytics.sayings import message
from collector.faultrules.rules import SignalFaults
from collector.faultrules.values import OutOfRange
from tests.analytics.faults.looking import PRESS, Looked, astray, plant, rising, same, seconds, signal
from tests.analytics.plant import EXAMPLES, samples

FORCE = f"{PRESS}/force"


def watched(**keys: Any) -> Looked:
    faults = SignalFaults(out_of_range=OutOfRange(**keys))
    return Looked(OUT_OF_RANGE, plant(signal(low=0, high=100, faults=faults)))


def mixed(values: list[tuple[float, Any]]) -> pl.DataFrame:
    """Give samples as admission would: beyond 0 to 100 the status says so."""
    frame = samples(FORCE, values)
    beyond = (pl.col("float") > 100) | (pl.col("float") < 0)
    status = pl.when(beyond.fill_null(value=False)).then(Status.UNCERTAIN_RANGE.value).otherwise("status")
    return frame.with_columns(status=status.cast(pl.UInt32))


def test_an_alert_lasts_until_a_value_that_can_be() -> None:
    looked = watched()
    looked.look(mixed([(0, 50.0), (1, 120.0), (2, 130.0), (3, 60.0), (4, -1.0)]))
    assert looked.told() == [("range", 1, 3), ("range", 4, None)]
    assert looked.codes() == ["out_of_range.high", "out_of_range.low"]
    assert looked.lasting == {"range"}


def test_bad_samples_neither_begin_nor_end_it() -> None:
    looked = watched()
    looked.look(mixed([(0, None), (1, 120.0), (2, None)]))
    assert looked.told() == [("range", 1, None)]


def test_it_says_what_to_check() -> None:
    looked = watched()
    looked.look(mixed([(1, -4.5)]))
    (alert,) = looked.alerts.values()
    told = "Press force: -4.5 kN cannot be, its least valid value is 0 kN; check sensor and wiring"
    assert message(alert, "en") == told
    assert "有效下限 0 kN" in message(alert, "zh")


def test_a_server_that_says_so_itself_is_believed() -> None:
    looked = watched()
    looked.look(astray(FORCE, [(0, 50.0)]))
    assert looked.codes() == ["out_of_range.source"]


STEPS = st.lists(st.tuples(st.integers(0, 4), st.sampled_from([50.0, 101.0, -1.0, None])), min_size=1)
DELAYS = st.integers(0, 8).map(seconds)


@EXAMPLES
@given(STEPS, st.integers(1, 3), DELAYS, DELAYS, st.lists(st.integers(0, 60), max_size=6))
def test_any_portions_find_the_same(
    steps: list[tuple[int, Any]], count: int, on: timedelta, off: timedelta, cuts: list[int]
) -> None:
    frame = mixed(rising(steps))
    end = rising(steps)[-1][0] + 20
    once = watched(count=count, on_delay=on, off_delay=off)
    once.look(frame, end)
    same(once, watched(count=count, on_delay=on, off_delay=off).portions(frame, cuts, end))


def test_a_later_sample_says_that_the_delay_is_over() -> None:
    looked = watched(on_delay=seconds(2))
    looked.look(mixed([(0, 120.0), (1, 120.0)]))
    assert looked.told() == []
    looked.look(mixed([(2, 121.0)]))
    assert looked.told() == [("range", 0, None)]
