"""Spans: from reports of a state to what a machine did."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from time import perf_counter
from typing import Any, NamedTuple

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.sample import SAMPLES, Status, no_samples
from analytics.spans import GAPS, SPANS, Machine, as_text, spans
from collector.park import Bridge, EquipmentState
from tests.analytics.plant import BEGIN, EXAMPLES, at, machine, samples, state_signal

PRESS = "works/line/press"
SIGNAL = f"{PRESS}/state"


def press(*, hold: float = 10, bridge: Bridge = "before", until: float | None = 100, **keys: Any) -> Machine:
    configured = machine(PRESS, state=state_signal(PRESS, **keys), hold_for=timedelta(seconds=hold), bridge=bridge)
    return Machine(configured, None if until is None else at(until))


def gaps(*intervals: tuple[float, float | None], signal: str = SIGNAL) -> pl.DataFrame:
    rows = [(PRESS, signal, at(start), None if end is None else at(end)) for start, end in intervals]
    return pl.DataFrame(rows, schema=GAPS, orient="row")


def told(
    values: Sequence[tuple[float, Any]],
    told_of: Machine | None = None,
    *intervals: tuple[float, float | None],
    start: float = 0,
    end: float = 200,
    earlier: Sequence[tuple[float, Any]] = (),
) -> list[tuple[float, float, str, str | None]]:
    """Give spans as seconds, state and raw value."""
    found = spans(
        samples(SIGNAL, values).lazy(),
        samples(SIGNAL, earlier),
        gaps(*intervals),
        [told_of or press()],
        at(start),
        at(end),
    )
    assert found.schema == SPANS
    second = [((pl.col(edge) - BEGIN).dt.total_microseconds() / 1e6).alias(edge) for edge in ("start", "end")]
    return found.select(*second, "state", "raw").rows()


def test_a_state_holds_until_the_next_report() -> None:
    assert told([(5, "RUN"), (20, "RUN"), (30, "WAIT")]) == [
        (0, 5, "unknown", None),
        (5, 30, "producing", "RUN"),
        (30, 100, "idle", "WAIT"),
    ]


def test_raw_values_of_one_state_stay_apart() -> None:
    states = {"A": EquipmentState.IDLE, "B": EquipmentState.IDLE}
    assert told([(0, "A"), (40, "B")], press(states=states)) == [(0, 40, "idle", "A"), (40, 100, "idle", "B")]


def test_what_is_not_mapped_is_unknown_and_keeps_its_raw_value() -> None:
    assert told([(0, "ODD"), (40, "RUN")]) == [(0, 40, "unknown", "ODD"), (40, 100, "producing", "RUN")]


def test_a_short_gap_is_bridged() -> None:
    assert told([(0, "RUN"), (30, None), (40, "RUN")]) == [(0, 100, "producing", "RUN")]
    assert told([(0, "RUN"), (30, None), (40, "WAIT")]) == [(0, 40, "producing", "RUN"), (40, 100, "idle", "WAIT")]


def test_a_long_gap_is_held_and_then_unknown() -> None:
    assert told([(0, "RUN"), (30, None), (33, None), (41, "RUN")]) == [
        (0, 40, "producing", "RUN"),
        (40, 41, "unknown", None),
        (41, 100, "producing", "RUN"),
    ]


def test_a_gap_that_lasts_is_held_and_then_unknown() -> None:
    assert told([(0, "RUN"), (30, None)]) == [(0, 40, "producing", "RUN"), (40, 100, "unknown", None)]
    assert told([(0, "RUN"), (95, None)]) == [(0, 100, "producing", "RUN")]


def test_without_holding_a_gap_is_unknown_at_once() -> None:
    assert told([(0, "RUN"), (30, None), (40, "RUN")], press(hold=0)) == [
        (0, 30, "producing", "RUN"),
        (30, 40, "unknown", None),
        (40, 100, "producing", "RUN"),
    ]


def test_a_change_across_a_bridged_gap_may_lie_in_its_middle() -> None:
    middle = press(bridge="middle")
    assert told([(0, "RUN"), (30, None), (40, "WAIT")], middle) == [
        (0, 35, "producing", "RUN"),
        (35, 100, "idle", "WAIT"),
    ]
    assert told([(0, "RUN"), (30, None), (40, "RUN")], middle) == [(0, 100, "producing", "RUN")]
    assert told([(0, "RUN"), (30, None), (41, "WAIT")], middle) == [
        (0, 40, "producing", "RUN"),
        (40, 41, "unknown", None),
        (41, 100, "idle", "WAIT"),
    ]


def test_a_machine_that_only_ever_said_bad_is_unknown() -> None:
    assert told([(10, None), (20, None)]) == [(0, 100, "unknown", None)]


@pytest.mark.parametrize("status", [Status.UNCERTAIN, Status.UNCERTAIN_RANGE, Status.BAD])
def test_a_value_that_is_not_good_is_none(status: Status) -> None:
    doubtful = pl.when(pl.col("text") == "STOP").then(pl.lit(status.value, pl.UInt32)).otherwise("status")
    frame = samples(SIGNAL, [(0, "RUN"), (30, "STOP"), (35, "RUN"), (60, "STOP")]).with_columns(status=doubtful)
    found = spans(frame.lazy(), no_samples(), gaps(), [press()], at(0), at(100))
    assert found.select("start", "raw").rows() == [(at(0), "RUN"), (at(70), None)]


def test_a_short_gap_of_the_ledger_changes_nothing() -> None:
    assert told([(0, "RUN")], None, (30, 40)) == [(0, 100, "producing", "RUN")]


def test_after_a_long_gap_of_the_ledger_the_next_report_counts() -> None:
    assert told([(0, "RUN"), (20, "RUN"), (60, "RUN")], None, (30, 50)) == [
        (0, 40, "producing", "RUN"),
        (40, 60, "unknown", None),
        (60, 100, "producing", "RUN"),
    ]


def test_a_report_inside_a_gap_of_the_ledger_is_held_like_any_other() -> None:
    assert told([(0, "RUN"), (35, "RUN"), (60, "RUN"), (82, "RUN")], None, (30, 80)) == [
        (0, 45, "producing", "RUN"),
        (45, 60, "unknown", None),
        (60, 70, "producing", "RUN"),
        (70, 82, "unknown", None),
        (82, 100, "producing", "RUN"),
    ]


def test_gaps_of_the_ledger_that_touch_are_one() -> None:
    assert told([(0, "RUN")], None, (30, 37), (37, 44), (35, 36)) == [
        (0, 40, "producing", "RUN"),
        (40, 100, "unknown", None),
    ]


def test_a_gap_of_the_ledger_that_lasts() -> None:
    assert told([(0, "RUN")], None, (30, None)) == [(0, 40, "producing", "RUN"), (40, 100, "unknown", None)]


def test_a_gap_of_another_machine_is_none() -> None:
    other = gaps((30, None), signal="works/line/lathe/state")
    found = spans(samples(SIGNAL, [(0, "RUN")]).lazy(), no_samples(), other, [press()], at(0), at(100))
    assert found["state"].to_list() == ["producing"]


def test_the_interval_is_cut_out() -> None:
    reports = [(5, "RUN"), (30, "WAIT"), (60, "RUN")]
    assert told(reports, start=10, end=50) == [(10, 30, "producing", "RUN"), (30, 50, "idle", "WAIT")]
    assert told([(30, "WAIT")], earlier=[(-500, "RUN")], end=50) == [
        (0, 30, "producing", "RUN"),
        (30, 50, "idle", "WAIT"),
    ]


def test_a_gap_that_began_before_the_interval_reaches_into_it() -> None:
    assert told([(-4, None), (30, "WAIT")], earlier=[(-50, "RUN")], end=50) == [
        (0, 6, "producing", "RUN"),
        (6, 30, "unknown", None),
        (30, 50, "idle", "WAIT"),
    ]


def test_what_lies_beyond_the_frontier_is_not_told() -> None:
    assert told([(0, "RUN"), (40, "WAIT")], press(until=40)) == [(0, 40, "producing", "RUN")]
    assert told([(0, "RUN")], press(until=None)) == []
    assert told([(0, "RUN")], press(until=0)) == []


def test_of_reports_at_one_instant_the_last_counts() -> None:
    assert told([(0, "WAIT"), (0, "RUN"), (50, "RUN"), (50, None), (50, "WAIT")]) == [
        (0, 50, "producing", "RUN"),
        (50, 100, "idle", "WAIT"),
    ]


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [("int", 3, "3"), ("bool", True, "true"), ("float", 3.0, "3"), ("float", 2.5, "2.5"), ("text", "3", "3")],
)
def test_raw_values_are_mapped_as_text(kind: Any, value: Any, text: str) -> None:
    pressed = press(type=kind, states={text: EquipmentState.SETUP})
    assert told([(0, value)], pressed) == [(0, 100, "setup", text)]
    assert samples(SIGNAL, [(0, value)]).select(as_text())["float"].to_list() == [text]


def test_two_machines_do_not_mix() -> None:
    lathe = Machine(machine("works/line/lathe", hold_for=timedelta(0)), at(60))
    both = pl.concat([samples("works/line/lathe/state", [(0, "RUN"), (20, None)]), samples(SIGNAL, [(0, "WAIT")])])
    found = spans(both.lazy(), no_samples(), gaps(), [press(), lathe], at(0), at(100))
    assert found.select("equipment", "state").rows() == [
        ("works/line/lathe", "producing"),
        ("works/line/lathe", "unknown"),
        (PRESS, "idle"),
    ]


class Told(NamedTuple):
    """What the oracle remembers of the last value."""

    time: float
    raw: str


def oracle(reports: list[tuple[int, str | None]], lasting: list[tuple[int, int]], hold: int, second: int) -> str | None:
    """Give the raw value that holds in the second after `second`, step by step from what the module says."""
    value: Told | None = None
    bad: int | None = None
    for time, raw in reports:
        if time > second:
            break
        if raw is None:
            bad = time if bad is None else bad
        else:
            value, bad = Told(time, raw), None
    if value is None:
        return None
    following = next((t for t, raw in reports if t > second and raw is not None), None)
    if bad is not None and second >= bad + hold and (following is None or following - bad > hold):
        return None
    for start, end in lasting:
        began = max(start, value.time)
        if end - start > hold and end - began > hold and second >= began + hold:
            return None
    return value.raw


@EXAMPLES
@given(
    st.lists(st.tuples(st.integers(-30, 60), st.sampled_from(["RUN", "WAIT", "STOP", None])), max_size=25),
    st.lists(st.tuples(st.integers(-30, 60), st.integers(1, 30)), max_size=3),
    st.integers(0, 12),
    st.integers(1, 50),
)
def test_spans_are_whole_do_not_overlap_and_tell_what_the_rules_say(
    values: list[tuple[int, str | None]], intervals: list[tuple[int, int]], hold: int, until: int
) -> None:
    reports = sorted(dict(values).items())
    lasting = merged(sorted((start, start + length) for start, length in intervals))
    found = told(reports, press(hold=hold, until=until), *lasting, end=40)
    stop = min(until, 40)
    assert found[0][0] == 0
    assert found[-1][1] == stop
    assert all(one[1] == two[0] for one, two in pairwise(found))
    assert all(one[2:] != two[2:] for one, two in pairwise(found))
    by_second = [raw for start, end, _, raw in found for _ in range(int(start), int(end))]
    assert by_second == [oracle(reports, lasting, hold, second) for second in range(stop)]


@EXAMPLES
@given(
    st.lists(st.tuples(st.integers(0, 60), st.sampled_from(["RUN", "WAIT", None])), max_size=25),
    st.integers(0, 12),
    st.integers(1, 59),
    st.sampled_from(["before", "middle"]),
)
def test_an_interval_tells_the_same_as_its_parts(
    values: list[tuple[int, str | None]], hold: int, cut: int, bridge: Bridge
) -> None:
    reports = sorted(dict(values).items())
    pressed = press(hold=hold, bridge=bridge)
    whole = told(reports, pressed, end=60)
    first = told(reports, pressed, end=cut)
    back = [report for report in reports if report[0] >= cut - hold]
    last = [report for report in reports if report[0] < cut - hold][-1:]
    second = told(back, pressed, start=cut, end=60, earlier=last)
    if first[-1][2:] == second[0][2:]:
        joined = [*first[:-1], (first[-1][0], second[0][1], *second[0][2:]), *second[1:]]
    else:
        joined = [*first, *second]
    assert joined == whole


def merged(intervals: list[tuple[int, int]]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for start, end in intervals:
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def test_two_million_reports_pass_in_one_go() -> None:
    machines, each = 20, 100_000
    index = pl.int_range(machines * each, eager=True)
    frame = pl.select(
        signal=pl.format("works/line/m{}/state", (index // each).cast(pl.String).str.zfill(2)),
        time=pl.lit(BEGIN).cast(SAMPLES["time"]) + pl.duration(milliseconds=pl.lit((index % each) * 100)),
        float=pl.lit(None, pl.Float64),
        int=pl.lit(None, pl.Int64),
        bool=pl.lit(None, pl.Boolean),
        text=pl.when((index // 100) % 2 == 0).then(pl.lit("RUN")).otherwise(pl.lit("WAIT")),
        status=pl.lit(0, pl.UInt32),
        received=pl.lit(BEGIN).cast(SAMPLES["received"]),
    )
    plant = [Machine(machine(f"works/line/m{n:02}", hold_for=timedelta(0)), at(10_000)) for n in range(machines)]
    began = perf_counter()
    found = spans(frame.lazy(), no_samples(), gaps(), plant, at(0), at(10_000))
    took = perf_counter() - began
    assert len(found) == machines * each // 100
    assert took < 2  # about 0.07 s on two idle cores


def test_a_sample_within_a_microsecond_leaves_no_empty_span() -> None:
    frame = samples(SIGNAL, [(0, "RUN"), (10, "WAIT"), (10, "STOP")]).with_columns(
        time=pl.col("time") + pl.duration(nanoseconds=pl.lit(pl.Series([0, 100, 200])))
    )
    found = spans(frame.lazy(), no_samples(), gaps(), [press()], at(0), at(100))
    assert found["raw"].to_list() == ["RUN", "STOP"]
    assert found.filter(pl.col("start") >= pl.col("end")).is_empty()


def test_an_empty_interval_and_no_machines_give_no_spans() -> None:
    begin: datetime = at(10)
    assert spans(no_samples().lazy(), no_samples(), gaps(), [press()], begin, begin).is_empty()
    assert spans(no_samples().lazy(), no_samples(), gaps(), [], at(0), at(10)).is_empty()
