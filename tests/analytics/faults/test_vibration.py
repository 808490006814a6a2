"""Severity of vibration by zones: when an alert begins, worsens and ends."""

# ruff: noqa: RUF001 - Chinese is written with its own punctuation

import csv
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from adapters.sample import Status
from analytics.faults.vibration import BOUNDARIES, VIBRATION, zone
from analytics.sayings import message
from collector.faultrules.condition import Vibration
from collector.faultrules.rules import SignalFaults
from collector.park import Severity
from tests.analytics.faults.bearing import BEARING, PUMP, Looking, pump
from tests.analytics.plant import EXAMPLES, samples

TABLE = Path(__file__).parents[4] / "shared" / "data" / "limits" / "iso10816_zones.csv"

AT_ONCE = {"on_delay": timedelta(0), "off_delay": timedelta(0)}


def looking(**keys: Any) -> Looking:
    return Looking(VIBRATION, pump(SignalFaults(vibration=Vibration(**{"machine": "II", **keys}))))


def minutes(*values: tuple[float, float | None]) -> list[tuple[float, float | None]]:
    return [(minute * 60, value) for minute, value in values]


@pytest.mark.parametrize(
    ("velocity", "expected"), [(0.5, "A"), (1.12, "A"), (1.13, "B"), (2.8, "B"), (2.81, "C"), (7.1, "C"), (7.2, "D")]
)
def test_a_velocity_lies_in_one_of_four_zones(velocity: float, expected: str) -> None:
    assert zone(BOUNDARIES["II"], velocity) == expected


def test_the_boundaries_are_those_that_were_published() -> None:
    if not TABLE.exists():
        pytest.skip("the published boundaries are not here: ../shared/data/limits")
    rows = list(csv.DictReader(TABLE.read_text(encoding="utf-8").splitlines()))
    numbers = [tuple(float(row[f"{name}_max_mm_s"]) for name in "ABC") for row in rows]
    assert sorted(numbers) == sorted((one.a, one.b, one.c) for one in BOUNDARIES.values())
    unverified = sum("unverified" in row["confidence"] for row in rows)
    assert unverified == sum(not one.verified for one in BOUNDARIES.values())


def test_every_kind_of_machine_that_can_be_configured_has_boundaries() -> None:
    for kind in BOUNDARIES:
        Vibration(machine=kind)
    with pytest.raises(ValidationError):
        Vibration(machine="V")


def test_an_alert_lasts_as_long_as_the_velocity_is_in_zone_c() -> None:
    look = looking()
    look.at(minutes((0, 1.0), (10, 3.0), (15, 3.1), (20, 2.0), (30, 2.0)))
    assert look.told() == [(600, 1200, "medium", "vibration.c")]
    assert look.lasting == set()


def test_a_start_up_is_no_alert() -> None:
    look = looking()
    look.at(minutes((0, 0.0), (1, 9.0), (3, 5.0), (5, 1.2), (60, 1.2)))
    assert look.told() == []


def test_an_alert_that_comes_to_zone_d_becomes_graver_and_stays_so() -> None:
    look = looking()
    look.at(minutes((0, 1.0), (10, 3.0), (20, 8.0)))
    assert look.told() == [(600, None, "medium", "vibration.c")]
    look.at(minutes((25, 8.0)))
    assert look.told() == [(600, None, "high", "vibration.d")]
    look.at(minutes((30, 4.0), (60, 4.0)))
    assert look.told() == [(600, None, "high", "vibration.d")]
    look.at(minutes((70, 1.0), (75, 1.0)))
    assert look.told() == [(600, 4200, "high", "vibration.d")]


def test_a_critical_alert_stays_critical_in_zone_d() -> None:
    look = looking(severity=Severity.CRITICAL, **AT_ONCE)
    look.at([(0, 9.0)])
    assert look.told() == [(0, None, "critical", "vibration.d")]


def test_a_short_peak_in_zone_d_does_not_make_it_graver() -> None:
    look = looking()
    look.at(minutes((0, 3.0), (10, 9.0), (12, 3.0), (60, 3.0)))
    assert look.told() == [(0, None, "medium", "vibration.c")]


def test_a_value_that_is_hardly_below_a_boundary_keeps_the_zone() -> None:
    look = looking(**AT_ONCE)
    look.at([(0, 2.9), (10, 2.7), (20, 2.9), (30, 2.6)])
    assert look.told() == [(0, 30, "medium", "vibration.c")]


def test_with_a_count_so_many_samples_in_a_row_must_say_so() -> None:
    look = looking(count=3, **AT_ONCE)
    look.at([(0, 3.0), (10, 3.0)])
    look.at([(20, 1.0), (30, 3.0), (40, 3.0)])
    assert look.told() == []
    look.at([(50, 9.0)])
    assert look.told() == [(30, None, "medium", "vibration.c")]
    look.at([(60, 9.0), (70, 9.0)])
    assert look.told() == [(30, None, "high", "vibration.d")]


def test_delays_run_out_without_samples() -> None:
    look = looking()
    look.at([(0, 3.0)], until=299)
    assert look.told() == []
    look.look(until=300)
    assert look.told() == [(0, None, "medium", "vibration.c")]
    assert look.lasting == {"zone"}


def test_bad_samples_and_late_ones_say_nothing() -> None:
    look = looking(**AT_ONCE)
    look.at([(0, 1.0), (10, None), (20, 1.0)])
    bad = samples(BEARING, [(30, 9.0)])
    look.look(bad.with_columns(status=bad["status"] * 0 + Status.UNCERTAIN_RANGE))
    look.at([(15, 9.0)])
    assert look.told() == []
    assert look.late == 1


def test_the_newest_velocity_is_an_indicator() -> None:
    look = looking()
    look.at([(0, 1.0), (10, 1.4)])
    (found,) = look.indicators.values()
    assert (found.equipment, found.subject, found.value, found.limit) == (PUMP, BEARING, 1.4, 2.8)


def test_an_alert_says_the_zone_and_what_it_means() -> None:
    look = looking(**AT_ONCE)
    look.at([(0, 3.25)])
    (alert,) = look.alerts.values()
    assert message(alert, "en") == (
        "Drive end bearing: 3.25 mm/s RMS is zone C of ISO 10816-1 (class II): not fit for continuous long-term "
        "operation; plan a repair"
    )
    assert message(alert, "zh") == (
        "驱动端轴承：振动速度有效值 3.25 mm/s，属 ISO 10816-1（II 类）C 区，不宜长期连续运行，请安排检修"
    )
    look.at([(10, 8.0)])
    (alert,) = look.alerts.values()
    assert message(alert, "en").endswith("severe enough to damage the machine")
    assert alert.value == "8"


STEPS = st.lists(
    st.tuples(st.integers(0, 4), st.sampled_from([1.0, 2.7, 2.8, 3.0, 6.9, 7.1, 9.0, None])), min_size=1, max_size=25
)
DELAY = st.integers(0, 6).map(lambda second: timedelta(seconds=second))


def rising(steps: list[tuple[int, Any]]) -> list[tuple[float, Any]]:
    second, rows = 0.0, []
    for step, value in steps:
        second += step
        rows.append((second, value))
    return rows


@EXAMPLES
@given(STEPS, DELAY, DELAY, st.integers(1, 3), st.lists(st.integers(0, 30), max_size=5))
def test_the_same_is_found_in_any_portions(
    steps: list[tuple[int, Any]], on: timedelta, off: timedelta, count: int, cuts: list[int]
) -> None:
    values = rising(steps)
    end = values[-1][0] + 20
    once, portions = (looking(on_delay=on, off_delay=off, count=count) for _ in range(2))
    once.at(values, end)
    portions.portions(values, cuts, end)
    assert portions.alerts == once.alerts
    assert portions.carried == once.carried
    assert portions.indicators == once.indicators
    assert bool(once.lasting) == any(alert.active for alert in once.alerts.values())


@EXAMPLES
@given(STEPS, DELAY, DELAY)
def test_it_finds_what_a_second_by_second_look_finds(
    steps: list[tuple[int, Any]], on: timedelta, off: timedelta
) -> None:
    values = {second: value for second, value in rising(steps) if value is not None}
    end = int(rising(steps)[-1][0]) + 20
    look = looking(on_delay=on, off_delay=off, hysteresis=0)
    look.at(list(values.items()), end)
    found: list[list[Any]] = []
    up: int | None = None
    down: int | None = None
    worse: int | None = None
    lasting = False

    def told(second: int) -> bool:
        if not lasting and up is not None and second - up >= on.total_seconds():
            found.append([up, None, "medium", "vibration.c"])
        begun = lasting or (up is not None and second - up >= on.total_seconds())
        if begun and worse is not None and second - worse >= on.total_seconds():
            found[-1][2:] = ["high", "vibration.d"]
        if begun and down is not None and second - down >= off.total_seconds():
            found[-1][1], begun = down, False
        return begun

    for second in range(end + 1):
        lasting = told(second)
        if second in values:
            above = values[second] > 2.8
            down = None if above else second if up is not None else down
            up = None if not above else second if up is None else up
            worse = None if values[second] <= 7.1 else second if worse is None else worse
        lasting = told(second)
    assert look.told() == [tuple(row) for row in found]
