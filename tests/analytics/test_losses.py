"""Losses: which loss every instant of calendar time belongs to."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.kpis.contract import Loss
from analytics.losses import INTERVALS, losses
from analytics.overlay import joined
from tests.analytics.plant import EXAMPLES, at, machine
from tests.analytics.shopfloor import LATHE, PRESS, REASONS, Floor, floors, seconds, spans, stops, work


def told(
    did: pl.DataFrame,
    plan: pl.DataFrame | None = None,
    why: pl.DataFrame | None = None,
    *,
    micro_stop: float = 0,
    start: float = 0,
    end: float = 1e6,
) -> list[tuple[Any, ...]]:
    """Give intervals of the press: begin, end, loss, reason."""
    press = machine(PRESS, micro_stop=timedelta(seconds=micro_stop))
    planned = work((0, 1e6)) if plan is None else plan
    found = losses(did, planned, stops() if why is None else why, [press], REASONS, at(start), at(end))
    assert found.schema == INTERVALS
    return seconds(found, "loss", "reason")


@pytest.mark.parametrize("state", ["planned_stop", "unplanned_stop", "idle", "off", "setup"])
def test_a_stop_without_a_reason_shows_its_raw_value(state: str) -> None:
    assert told(spans((0, 10, state, "FEED_HOLD"))) == [(0, 10, state, "FEED_HOLD")]
    assert told(spans((0, 10, state))) == [(0, 10, state, "")]


@pytest.mark.parametrize("state", ["producing", "unknown"])
def test_what_is_no_stop_has_no_reason(state: str) -> None:
    assert told(spans((0, 10, state, "ACTIVE")), why=stops((0, 10, "cleaning", "person"))) == [(0, 10, state, "")]


def test_time_without_work_is_not_scheduled_and_keeps_its_state() -> None:
    did = spans((0, 20, "producing", "RUN"), (20, 30, "idle", "WAIT"))
    found = losses(did, work((10, 25)), stops((0, 30, "jam")), [machine(PRESS)], REASONS, at(0), at(30))
    assert seconds(found, "loss", "reason", "state", "raw") == [
        (0, 10, "not_scheduled", "", "producing", "RUN"),
        (10, 20, "producing", "", "producing", "RUN"),
        (20, 25, "unplanned_stop", "jam", "idle", "WAIT"),
        (25, 30, "not_scheduled", "", "idle", "WAIT"),
    ]


@pytest.mark.parametrize("state", ["producing", "unknown", "unplanned_stop", "planned_stop"])
def test_maintenance_is_a_planned_stop_whatever_the_machine_does(state: str) -> None:
    plan = work((0, 10), (10, 20, "oil"), (20, 30))
    found = losses(spans((0, 30, state)), plan, stops((0, 30, "jam")), [machine(PRESS)], REASONS, at(10), at(20))
    assert seconds(found, "loss", "reason", "state") == [(10, 20, "planned_stop", "oil", state)]


@pytest.mark.parametrize(
    ("reason", "loss"),
    [
        ("jam", "unplanned_stop"),
        ("changeover", "setup"),
        ("no-order", "idle"),
        ("cleaning", "planned_stop"),
        ("unheard-of", None),
    ],
)
@pytest.mark.parametrize("state", ["idle", "unplanned_stop", "off"])
def test_a_reason_says_which_loss_a_stop_is(state: str, reason: str, loss: str | None) -> None:
    assert told(spans((0, 10, state, "X")), why=stops((0, 4, reason))) == [
        (0, 4, loss or state, reason),
        (4, 10, state, "X"),
    ]


def test_of_planned_stops_only_people_know_better() -> None:
    did = spans((0, 10, "planned_stop", "M0"))
    assert told(did, why=stops((0, 10, "jam", "signal"))) == [(0, 10, "planned_stop", "jam")]
    assert told(did, why=stops((0, 10, "jam", "person"))) == [(0, 10, "unplanned_stop", "jam")]


def test_setup_stays_setup() -> None:
    assert told(spans((0, 10, "setup")), why=stops((0, 10, "jam", "person"))) == [(0, 10, "setup", "jam")]


def test_a_short_stretch_of_stops_and_waits_is_a_micro_stop() -> None:
    did = spans((0, 10, "producing"), (10, 14, "idle", "W"), (14, 19, "unplanned_stop", "S"), (19, 30, "producing"))
    assert told(did, micro_stop=9) == [
        (0, 10, "producing", ""),
        (10, 14, "idle", "W"),
        (14, 19, "unplanned_stop", "S"),
        (19, 30, "producing", ""),
    ]
    assert told(did, micro_stop=9.1) == [
        (0, 10, "producing", ""),
        (10, 14, "micro_stop", "W"),
        (14, 19, "micro_stop", "S"),
        (19, 30, "producing", ""),
    ]


@pytest.mark.parametrize("state", ["off", "planned_stop", "setup", "unknown"])
def test_other_states_are_no_micro_stops_and_end_one(state: str) -> None:
    did = spans((0, 4, "idle"), (4, 8, state), (8, 20, "idle"))
    assert [row[2] for row in told(did, micro_stop=5)] == ["micro_stop", state, "idle"]


@pytest.mark.parametrize(
    ("reason", "loss"),
    [
        ("jam", "micro_stop"),
        ("no-order", "micro_stop"),
        ("changeover", "setup"),
        ("cleaning", "planned_stop"),
    ],
)
def test_a_micro_stop_stays_one_unless_it_was_setup_or_planned(reason: str, loss: str) -> None:
    assert told(spans((0, 4, "idle")), why=stops((0, 4, reason)), micro_stop=5) == [(0, 4, loss, reason)]


def test_the_calendar_makes_no_micro_stop_of_a_long_stop() -> None:
    did = spans((0, 50, "producing"), (50, 150, "idle"), (150, 200, "producing"))
    assert told(did, work((0, 55), (145, 200)), micro_stop=60) == [
        (0, 50, "producing", ""),
        (50, 55, "idle", ""),
        (55, 145, "not_scheduled", ""),
        (145, 150, "idle", ""),
        (150, 200, "producing", ""),
    ]


def test_an_interval_cut_out_of_a_stop_is_no_micro_stop() -> None:
    did = spans((-50, 8, "idle"), (8, 100, "producing"), (100, 103, "idle"), (103, 170, "producing"))
    assert told(did, micro_stop=20, start=0, end=101) == [
        (0, 8, "idle", ""),
        (8, 100, "producing", ""),
        (100, 101, "micro_stop", ""),
    ]


def test_a_stop_that_crosses_a_shifts_end_or_midnight_is_in_both() -> None:
    day = 24 * 3600
    did = spans((day - 100, day + 100, "unplanned_stop", "E1"))
    shifts = pl.concat([work((day - 900, day - 50)), work((day - 50, day + 900))])
    first = told(did, shifts, stops((day - 100, day + 100, "jam")), end=day)
    second = told(did, shifts, stops((day - 100, day + 100, "jam")), start=day)
    assert first == [(day - 100, day, "unplanned_stop", "jam")]
    assert second == [(day, day + 100, "unplanned_stop", "jam")]


def test_what_begins_and_ends_at_one_instant_leaves_no_hole() -> None:
    did = spans((0, 10, "producing"), (10, 10, "off"), (10, 20, "idle"))
    plan = work((0, 10), (10, 10), (10, 15, "oil"), (15, 15, "none"), (15, 20))
    why = stops((10, 15, "jam"), (15, 15, "cleaning"), (15, 20, "no-order"))
    assert told(did, plan, why) == [
        (0, 10, "producing", ""),
        (10, 15, "planned_stop", "oil"),
        (15, 20, "idle", "no-order"),
    ]


def test_a_machine_that_is_not_told_of_and_nothing_at_all() -> None:
    did = spans((0, 10, "idle"), equipment=LATHE)
    found = losses(did, work((0, 10), equipment=LATHE), stops(), [], {}, at(0), at(10))
    assert seconds(found, "loss") == [(0, 10, "idle")]
    assert told(spans()) == []
    assert told(spans((0, 10, "idle")), start=20) == []


def computed(floor: Floor, start: float = 0, end: float | None = None) -> pl.DataFrame:
    """Give the intervals of a drawn shop floor."""
    press = machine(PRESS, micro_stop=timedelta(seconds=floor.micro_stop))
    until = at(floor.length if end is None else end)
    return losses(floor.spans, floor.work, floor.stops, [press], REASONS, at(start), until)


def oracle(floor: Floor, second: int) -> str:
    """Give the loss of the second that begins at `second`, step by step from what the module says."""
    rows = [row for row in seconds(floor.spans, "state") if row[0] < row[1]]
    index = next(number for number, row in enumerate(rows) if row[0] <= second < row[1])
    state = str(rows[index][2])
    plan = next((kind for a, b, kind in seconds(floor.work, "kind") if a <= second < b), None)
    why, by = next(
        ((why, by) for a, b, why, by in seconds(floor.stops, "reason", "by") if a <= second < b),
        (None, None),
    )
    if plan is None:
        return "not_scheduled"
    if plan == "maintenance":
        return "planned_stop"
    short = {"idle", "unplanned_stop"}
    begin = end = index
    while begin > 0 and rows[begin - 1][2] in short:
        begin -= 1
    while end + 1 < len(rows) and rows[end + 1][2] in short:
        end += 1
    lasts: float = rows[end][1] - rows[begin][0]
    micro = state in short and lasts < floor.micro_stop
    reason = REASONS.get(str(why))
    if (
        reason is not None
        and (state in short | {"off"} or (state == "planned_stop" and by == "person"))
        and not (micro and reason.loss in short)
    ):
        return reason.loss
    return "micro_stop" if micro else state


@settings(EXAMPLES, max_examples=100)
@given(floors(), st.data())
def test_intervals_tile_calendar_time_and_say_what_the_rules_say(floor: Floor, data: st.DataObject) -> None:
    found = computed(floor)
    if not floor.length:
        assert found.is_empty()
        return
    rows = seconds(found, "loss", "reason", "state", "raw")
    assert (rows[0][0], rows[-1][1]) == (0, floor.length)
    assert all(one[1] == two[0] for one, two in pairwise(rows))
    assert all(one[2:] != two[2:] for one, two in pairwise(rows))
    lasted = found.select((pl.col("end") - pl.col("start")).dt.total_microseconds().sum()).item()
    assert lasted == floor.length * 1_000_000
    assert set(found["loss"]) <= {loss.value for loss in Loss}
    assert found.filter(
        pl.col("loss").is_in(["producing", "unknown", "not_scheduled"]) & (pl.col("reason") != "")
    ).is_empty()
    second = data.draw(st.integers(0, floor.length - 1))
    here = next(row for row in rows if row[0] <= second < row[1])
    assert here[2] == oracle(floor, second)


@EXAMPLES
@given(floors(), st.integers(0, 99), st.floats(0, 1))
def test_neither_the_order_of_rows_nor_a_cut_changes_anything(floor: Floor, seed: int, share: float) -> None:
    whole = computed(floor)
    spans_, work_, stops_ = (one.sample(fraction=1, shuffle=True, seed=seed) for one in floor[:3])
    assert computed(floor._replace(spans=spans_, work=work_, stops=stops_)).equals(whole)
    cut = share * floor.length
    parts = pl.concat([computed(floor, end=cut), computed(floor, start=cut)])
    assert joined(parts).equals(whole)
