"""Fault detectors: limits and conditions, in whatever portions the samples come."""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.sample import Status, no_samples
from analytics.alerts import Alert
from analytics.faults.catalogue import DETECTORS
from analytics.faults.conditions import CONDITIONS, read
from analytics.faults.contract import Carried, Detector, Seen
from analytics.faults.limits import LIMITS
from analytics.sayings import message
from collector.park import ConditionLevel, Limit, Park, Severity, Signal, SignalRole, Title
from tests.analytics.plant import BEGIN, EXAMPLES, Address, at, line, machine, park, samples

PRESS = "works/line/press"
TEMPERATURE = f"{PRESS}/temperature"
TROUBLE = f"{PRESS}/trouble"


def plant(*limits: Limit, conditions: Mapping[str, ConditionLevel] | None = None, kind: Any = "float") -> Park:
    temperature = Signal(
        path=TEMPERATURE,
        name="temperature",
        source="plc",
        address=Address(),
        type=kind,
        unit="Cel",
        limits=limits,
        title=Title(zh="温度", en="Oil temperature"),
    )
    trouble = Signal(
        path=TROUBLE,
        name="trouble",
        source="plc",
        address=Address(),
        type="text",
        role=SignalRole.CONDITION,
        conditions=dict(conditions or {}),
    )
    return park(line("works/line", machine(PRESS, temperature, trouble)))


def ns(second: float) -> int:
    return (at(second) - at(0)) // timedelta(microseconds=1) * 1000 + int(BEGIN.timestamp()) * 10**9


class Looked:
    """A detector that is looked with, portion by portion, its state passed through JSON as it is in the records."""

    def __init__(self, detector: Detector[Any], where: Park) -> None:
        self._detector = detector
        self._rules = detector.rules(where)
        self.carried: dict[str, Carried] = {}
        self.alerts: dict[str, Alert] = {}
        self.late = self.unread = 0

    def look(self, frame: pl.DataFrame, until: float | None = None) -> list[Alert]:
        carried = json.loads(json.dumps(self.carried))
        known = {} if until is None else dict.fromkeys(self._rules, ns(until))
        found = self._detector.look(self._rules, carried, Seen(frame, known))
        self.carried |= found.carried
        self.alerts |= {alert.id: alert for alert in found.alerts}
        self.late += found.late
        self.unread += found.unread
        return list(found.alerts)

    @property
    def lasting(self) -> set[str]:
        return {key for path, state in self.carried.items() for key in self._detector.keys(self._rules[path], state)}

    def told(self) -> list[tuple[str, float, float | None]]:
        """Give key, begin and end of every alert, in seconds."""
        return sorted(
            (
                (
                    one.key,
                    (one.began - BEGIN).total_seconds(),
                    None if one.ended is None else (one.ended - BEGIN).total_seconds(),
                )
                for one in self.alerts.values()
            ),
            key=lambda row: row[:2],
        )


def limited(values: Sequence[tuple[float, Any]], *limits: Limit, until: float | None = None) -> Looked:
    looked = Looked(LIMITS, plant(*limits))
    looked.look(samples(TEMPERATURE, values), until)
    return looked


def reported(*values: tuple[float, Any], conditions: Mapping[str, ConditionLevel] | None = None) -> Looked:
    looked = Looked(CONDITIONS, plant(conditions=conditions))
    looked.look(samples(TROUBLE, values))
    return looked


def seconds(value: float) -> timedelta:
    return timedelta(seconds=value)


def test_an_alert_lasts_as_long_as_the_limit_is_exceeded() -> None:
    looked = limited([(0, 70.0), (10, 81.0), (20, 90.0), (30, 80.0), (40, 79.0)], Limit(high=80))
    assert looked.told() == [("high:80", 10, 30)]


def test_low_limits_mirror_high_ones() -> None:
    looked = limited([(0, 70.0), (10, 4.0), (20, 6.0), (30, 7.0)], Limit(low=5, hysteresis=2))
    assert looked.told() == [("low:5", 10, 30)]


def test_both_sides_of_a_limit_are_alerts_of_their_own() -> None:
    looked = limited([(0, 1.0), (10, 50.0), (20, 99.0)], Limit(high=80, low=5))
    assert looked.told() == [("high:80", 20, None), ("low:5", 0, 10)]


def test_hysteresis_keeps_an_alert_until_the_value_is_well_back() -> None:
    looked = limited([(0, 81.0), (10, 79.0), (20, 81.0), (30, 75.0), (40, 79.0)], Limit(high=80, hysteresis=5))
    assert looked.told() == [("high:80", 0, 30)]


def test_an_on_delay_passes_over_short_peaks() -> None:
    values = [(0, 81.0), (5, 70.0), (10, 81.0), (20, 70.0)]
    assert limited(values, Limit(high=80, on_delay=seconds(10))).told() == [("high:80", 10, 20)]


def test_an_off_delay_joins_peaks() -> None:
    values = [(0, 81.0), (5, 70.0), (10, 81.0), (20, 70.0), (40, 70.0)]
    assert limited(values, Limit(high=80, off_delay=seconds(10)), until=60).told() == [("high:80", 0, 20)]


def test_delays_run_out_without_samples() -> None:
    looked = limited([(0, 81.0)], Limit(high=80, on_delay=seconds(30), off_delay=seconds(30)), until=29)
    assert looked.told() == []
    looked.look(no_samples(), 30)
    assert looked.told() == [("high:80", 0, None)]
    looked.look(samples(TEMPERATURE, [(50, 70.0)]), 79)
    assert looked.told() == [("high:80", 0, None)]
    looked.look(no_samples(), 80)
    assert looked.told() == [("high:80", 0, 50)]


def test_bad_samples_neither_begin_nor_end_an_alert() -> None:
    bad = samples(TEMPERATURE, [(20, 1.0), (25, 99.0)]).with_columns(status=pl.lit(Status.BAD.value, pl.UInt32))
    looked = limited([(0, 81.0)], Limit(high=80))
    looked.look(pl.concat([bad, samples(TEMPERATURE, [(30, None)])]))
    assert looked.told() == [("high:80", 0, None)]


def test_values_outside_their_valid_range_neither_begin_nor_end_an_alert() -> None:
    looked = limited([(0, 90.0)], Limit(high=80))
    astray = samples(TEMPERATURE, [(5, 0.0), (6, 999.0)])
    looked.look(astray.with_columns(status=pl.lit(Status.UNCERTAIN_RANGE.value, pl.UInt32)))
    looked.look(samples(TEMPERATURE, [(9, 70.0)]))
    assert looked.told() == [("high:80", 0, 9)]


def test_late_samples_are_counted_and_change_nothing() -> None:
    looked = limited([(0, 70.0), (50, 70.0)], Limit(high=80))
    looked.look(samples(TEMPERATURE, [(20, 99.0), (49, 99.0), (60, 70.0)]))
    assert looked.told() == []
    assert looked.late == 2


def test_integers_have_limits_too() -> None:
    looked = Looked(LIMITS, plant(Limit(high=80), kind="int"))
    looked.look(samples(TEMPERATURE, [(0, 81)]))
    assert looked.told() == [("high:80", 0, None)]


def test_a_limit_that_was_taken_away_is_forgotten() -> None:
    looked = limited([(0, 99.0)], Limit(high=80))
    assert looked.lasting == {"high:80"}
    other = Looked(LIMITS, plant(Limit(high=90)))
    other.carried = dict(looked.carried)
    assert other.lasting == set()
    other.look(samples(TEMPERATURE, [(10, 91.0)]))
    assert other.lasting == {"high:90"}


def test_an_alert_says_what_happened_in_both_languages() -> None:
    looked = limited([(0, 87.25)], Limit(high=80, severity=Severity.CRITICAL))
    (alert,) = looked.alerts.values()
    assert message(alert, "en") == "Oil temperature: 87.25 °C is above its limit of 80 °C"
    assert message(alert, "zh") == "温度：87.25 °C，高于上限 80 °C"  # noqa: RUF001 - Chinese punctuation
    assert (alert.equipment, alert.signal, alert.value, alert.severity) == (
        PRESS,
        TEMPERATURE,
        "87.25",
        Severity.CRITICAL,
    )
    assert alert.active


def test_a_condition_lasts_from_its_report_to_normal() -> None:
    looked = reported((0, "Normal||||"), (10, "Fault|345|||DOOR OPEN"), (30, "Normal||||"))
    assert looked.told() == [("345", 10, 30)]
    (alert,) = looked.alerts.values()
    assert alert.severity is Severity.HIGH
    assert message(alert, "en") == "trouble: fault 345 DOOR OPEN"


def test_what_is_only_true_or_false_is_a_fault_and_no_code() -> None:
    levels = {"true": ConditionLevel.FAULT, "false": ConditionLevel.NORMAL}
    signal = Signal(
        path=TROUBLE,
        name="trouble",
        source="plc",
        address=Address(),
        type="bool",
        role=SignalRole.CONDITION,
        conditions=levels,
    )
    looked = Looked(CONDITIONS, park(line("works/line", machine(PRESS, signal))))
    looked.look(samples(TROUBLE, [(0, False), (10, True)]))
    (alert,) = looked.alerts.values()
    assert message(alert, "en") == "trouble: fault"
    assert message(alert, "zh") == "trouble：故障"  # noqa: RUF001 - Chinese punctuation


def test_each_native_code_is_an_alert_of_its_own() -> None:
    looked = reported(
        (0, "Warning|1|||A"), (10, "Fault|2|||B"), (20, "Normal|1|||"), (30, "Warning|3|||C"), (40, "Normal||||")
    )
    assert looked.told() == [("1", 0, 20), ("2", 10, 40), ("3", 30, 40)]


def test_a_warning_that_becomes_a_fault_stays_one_alert() -> None:
    looked = reported((0, "Warning|1|||A"), (10, "Fault|1|||A"), (20, "Warning|1|||A"))
    (alert,) = looked.alerts.values()
    assert (alert.severity, alert.code, looked.told()) == (Severity.HIGH, "condition.fault", [("1", 0, None)])


def test_unavailable_neither_begins_nor_ends_a_condition() -> None:
    looked = reported((0, "Fault|1|||A"), (10, None))
    assert looked.told() == [("1", 0, None)]


def test_a_condition_without_a_code_is_known_by_its_message() -> None:
    assert reported((0, "Warning||||LOW OIL"), (10, "Normal||||")).told() == [("LOW OIL", 0, 10)]


def test_a_message_may_hold_bars() -> None:
    assert read(Looked(CONDITIONS, plant())._rules[TROUBLE], "Fault|7|1|LOW|a|b") == (ConditionLevel.FAULT, "7", "a|b")


def test_plain_values_are_mapped() -> None:
    levels = {"OK": ConditionLevel.NORMAL, "E1": ConditionLevel.FAULT, "W1": ConditionLevel.WARNING}
    looked = reported((0, "OK"), (10, "W1"), (20, "E1"), (30, "E1"), (40, "OK"), (50, "E1"), conditions=levels)
    assert looked.told() == [("E1", 20, 40), ("E1", 50, None), ("W1", 10, 20)]


def test_reports_without_meaning_are_counted() -> None:
    looked = reported((0, "Fault|1|||A"), (10, "gibberish"))
    assert (looked.unread, looked.told()) == (1, [("1", 0, None)])
    looked = reported((0, "E9"), conditions={"OK": ConditionLevel.NORMAL})
    assert (looked.unread, looked.told()) == (1, [])


VALUES = st.lists(
    st.tuples(st.integers(0, 5), st.sampled_from([60.0, 76.0, 79.0, 80.0, 81.0, 95.0, None])), min_size=1, max_size=30
)
DELAY = st.integers(0, 8).map(seconds)


def in_portions(looked: Looked, frame: pl.DataFrame, cuts: list[int], end: float) -> Looked:
    times = (frame["time"] - BEGIN).dt.total_seconds().to_list()
    edges = sorted({0, len(frame), *(cut % (len(frame) + 1) for cut in cuts)})
    for start, stop in pairwise(edges):
        looked.look(frame[start:stop])
        looked.look(no_samples(), times[stop] if stop < len(frame) else times[-1])
    looked.look(no_samples(), end)
    return looked


def rising(steps: list[tuple[int, Any]]) -> list[tuple[float, Any]]:
    second, rows = 0.0, []
    for step, value in steps:
        second += step
        rows.append((second, value))
    return rows


@EXAMPLES
@given(VALUES, st.integers(0, 10), DELAY, DELAY, st.lists(st.integers(0, 40), max_size=6))
def test_limits_find_the_same_in_any_portions(
    steps: list[tuple[int, Any]], hysteresis: int, on: timedelta, off: timedelta, cuts: list[int]
) -> None:
    limits = (Limit(high=80, low=70, hysteresis=hysteresis, on_delay=on, off_delay=off), Limit(high=90))
    frame = samples(TEMPERATURE, rising(steps))
    end = rising(steps)[-1][0] + 20
    once = Looked(LIMITS, plant(*limits))
    once.look(frame, end)
    portions = in_portions(Looked(LIMITS, plant(*limits)), frame, cuts, end)
    assert portions.alerts == once.alerts
    assert portions.carried == once.carried
    assert once.lasting == {alert.key for alert in once.alerts.values() if alert.active}


@EXAMPLES
@given(VALUES, st.integers(0, 10), DELAY, DELAY)
def test_limits_find_what_a_second_by_second_look_finds(
    steps: list[tuple[int, Any]], hysteresis: int, on: timedelta, off: timedelta
) -> None:
    values = dict(rising(steps))
    end = int(max(values)) + 20
    looked = limited(
        sorted(values.items()), Limit(high=80, hysteresis=hysteresis, on_delay=on, off_delay=off), until=end
    )
    comparator, turned, began, found = False, 0, None, []
    for second in range(end + 1):
        value = values.get(second)
        if value is not None and (value > 80) != comparator and (value > 80 or value <= 80 - hysteresis):
            if began is None and comparator and second - turned >= on.total_seconds():
                began = turned
            if began is not None and not comparator and second - turned >= off.total_seconds():
                found.append(("high:80", began, turned))
                began = None
            comparator, turned = value > 80, second
        if comparator and began is None and second - turned >= on.total_seconds():
            began = turned
        if not comparator and began is not None and second - turned >= off.total_seconds():
            found.append(("high:80", began, turned))
            began = None
    lasting = [] if began is None else [("high:80", began, None)]
    assert looked.told() == [*found, *lasting]


REPORTS = st.sampled_from(
    ["Normal||||", "Normal|1|||", "Warning|1|||A", "Fault|1|||A", "Fault|2|||B", "Warning||||C", "odd", None]
)


@EXAMPLES
@given(
    st.lists(st.tuples(st.integers(0, 3), REPORTS), min_size=1, max_size=30), st.lists(st.integers(0, 40), max_size=6)
)
def test_conditions_find_the_same_in_any_portions(steps: list[tuple[int, Any]], cuts: list[int]) -> None:
    frame = samples(TROUBLE, rising(steps))
    once = Looked(CONDITIONS, plant())
    once.look(frame)
    portions = in_portions(Looked(CONDITIONS, plant()), frame, cuts, 1000)
    assert portions.alerts == once.alerts
    assert portions.carried == once.carried
    assert once.lasting == {alert.key for alert in once.alerts.values() if alert.active}


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda one: one.slug)
def test_every_detector_says_where_it_comes_from(detector: Detector[Any]) -> None:
    assert detector.source
    assert detector.title.zh
    assert detector.title.en
