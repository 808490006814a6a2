"""Accounts: where the time of every window went, and what was made in it."""

from itertools import pairwise
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from analytics.accounts import ACCOUNTS, BREAK, BY_REASON, accounts, by_reason, divided, stops_begun
from analytics.kpis.contract import (
    ACCOUNT,
    CALENDAR,
    COUNTS,
    IDEAL_TIMES,
    LOSS_TIMES,
    NULLABLE,
    OVERTIME,
    PLANNED,
    PRODUCTION_TIMES,
    STATE_TIMES,
    Loss,
    loss_time,
)
from analytics.losses import INTERVALS, REASONED, losses
from analytics.overlay import joined
from tests.analytics.plant import EXAMPLES, at, machine
from tests.analytics.shopfloor import (
    LATHE,
    PRESS,
    REASONS,
    Floor,
    floors,
    hours_and_day,
    parts,
    products,
    seconds,
    spans,
    stops,
    windows,
    work,
)
from tests.analytics.test_losses import computed

HOUR = 3600.0


def intervals(*rows: tuple[float, float, str] | tuple[float, float, str, str], equipment: str = PRESS) -> pl.DataFrame:
    """Give intervals: begin, end, loss (whose state is alike) and reason; `overtime` is production without work."""
    told = []
    for start, end, loss, *reason in rows:
        state = {"not_scheduled": "off", "micro_stop": "idle", "overtime": "producing"}.get(loss, loss)
        name = "not_scheduled" if loss == "overtime" else loss
        told.append((equipment, at(start), at(end), name, *(reason or [""]), state, ""))
    return pl.DataFrame(told, schema=INTERVALS, orient="row")


def account(did: pl.DataFrame, made: pl.DataFrame | None = None, **keys: Any) -> dict[str, Any]:
    """Give the account of the first hour."""
    wanted = windows(("hour", 0, HOUR))
    found = accounts(did, parts() if made is None else made, keys.get("products", products()), wanted)
    assert found.schema == ACCOUNTS
    return found.row(0, named=True)


def test_every_loss_has_its_seconds() -> None:
    edges = [0.0, 1.5, 600, 700, 900, 1000, 1100, 1200, 1300, HOUR]
    rows = [(begin, end, loss.value) for (begin, end), loss in zip(pairwise(edges), Loss, strict=True)]
    found = account(intervals(*rows))
    assert [found[loss_time(loss)] for loss in Loss] == [end - begin for begin, end in pairwise(edges)]
    assert (found[CALENDAR], found[PLANNED], found[OVERTIME]) == (HOUR, HOUR - 1.5, 0)
    assert found["judged_time"] == found["producing_time"]
    assert all(found[name] is None for name in NULLABLE)


def test_a_window_that_runs_ends_where_its_numbers_end() -> None:
    did = intervals((-HOUR, 1.5 * HOUR, "idle"))
    found = accounts(did, parts(), products(), hours_and_day())
    assert seconds(found, "period", CALENDAR) == [
        (0, 1.5 * HOUR, "day", 1.5 * HOUR),
        (0, HOUR, "hour", HOUR),
        (HOUR, 1.5 * HOUR, "hour", HOUR / 2),
    ]


def test_a_window_without_length_is_a_row_of_zeros() -> None:
    did = intervals((-10, 100, "producing"))
    found = accounts(did, parts({"time": 5, "total": 1.0}), products(), windows(("shift", 6, 6), ("shift", 0, 10)))
    empty, whole = found.sort("end", descending=False).sort("start", descending=True).rows(named=True)
    assert all(not empty[name] for name in ACCOUNT)
    assert (whole["producing_time"], whole["total_count"], empty["total_count"]) == (10, 1, 0)


def test_producing_outside_planned_time_is_overtime() -> None:
    found = account(intervals((0, 100, "overtime"), (100, HOUR, "not_scheduled")))
    assert (found[OVERTIME], found["not_scheduled_time"], found["producing_time"], found[PLANNED]) == (100, HOUR, 0, 0)


def test_engineering_is_a_part_of_planned_stops() -> None:
    did = intervals(
        (0, 100, "planned_stop", "engineering"), (100, 300, "planned_stop"), (300, 400, "idle", "engineering")
    )
    found = account(did)
    assert (found["engineering_time"], found["planned_stop_time"]) == (100, 300)


def test_only_production_that_can_be_judged_is_judged() -> None:
    did = intervals((0, 1000, "producing"), (1000, 1500, "idle"), (1500, HOUR, "producing"))
    found = account(did, products=products((500, False), (2000, True)))
    assert (found["judged_time"], found["producing_time"]) == (500 + HOUR - 2000, HOUR - 500)
    assert account(did, products=products(judged=False))["judged_time"] == 0
    assert account(did, products=products(equipment=LATHE))["judged_time"] == 0


def good(time: float, count: float = 1, *, cycle: float = 10, **more: float) -> dict[str, float]:
    """Give parts of which all are good."""
    return {
        "time": time,
        "total": count,
        "good": count,
        "ideal_time": count * cycle,
        "ideal_good_time": count * cycle,
    } | more


def test_parts_take_the_time_of_their_ideal_cycle() -> None:
    did = intervals((0, 1000, "producing"), (1000, HOUR, "idle"))
    made = parts(good(0, 0), good(300, 20), {"time": 600, "total": 10, "reject": 10, "ideal_time": 100}, good(1000, 60))
    found = account(did, made)
    assert [found[name] for name in (*COUNTS, *IDEAL_TIMES)] == [90, 80, 10, None, 900, 800]
    assert [found[name] for name in PRODUCTION_TIMES] == [100, 100, 800]
    assert (found["speed_excess_time"], found["energy"]) == (0, None)


def test_too_many_parts_are_an_excess_and_no_loss() -> None:
    did = intervals((0, 100, "producing"), (100, HOUR, "idle"))
    found = account(did, parts(good(50, 5, cycle=30), {"time": 60, "total": 2, "reject": 2, "ideal_time": 60.0}))
    assert [found[name] for name in PRODUCTION_TIMES] == [0, 60, 40]
    assert found["speed_excess_time"] == 110


def test_rejects_take_no_more_than_there_was() -> None:
    did = intervals((0, 100, "producing"), (100, HOUR, "idle"))
    found = account(did, parts({"time": 60, "total": 9, "reject": 9, "ideal_time": 900.0}))
    assert [found[name] for name in PRODUCTION_TIMES] == [0, 100, 0]


def test_a_counter_that_is_put_right_takes_back_and_no_time_is_below_zero() -> None:
    did = intervals((0, 100, "producing"), (100, HOUR, "idle"))
    found = account(did, parts(good(-5, 9), good(50, -2)))
    assert (found["total_count"], found["ideal_time"]) == (-2, -20)
    assert [found[name] for name in PRODUCTION_TIMES] == [100, 0, 0]


def test_a_reading_belongs_to_the_window_in_which_it_lies() -> None:
    did = intervals((-HOUR, 3 * HOUR, "producing"))
    made = parts(good(0), good(HOUR), good(HOUR, 0), good(2 * HOUR - 1e-6), good(3 * HOUR), good(4 * HOUR))
    found = accounts(did, made, products(), windows(*[("hour", n * HOUR, (n + 1) * HOUR) for n in range(3)]))
    assert found["total_count"].to_list() == [1, 2, 0]


def test_counts_begin_with_the_first_reading_whatever_is_computed_beside() -> None:
    did = intervals((-HOUR, 3 * HOUR, "producing"))
    made = parts(good(HOUR, 0), good(HOUR + 60), good(2 * HOUR + 60))
    three = windows(*[("hour", n * HOUR, (n + 1) * HOUR) for n in range(3)])
    found = accounts(did, made, products(), three)
    assert found["total_count"].to_list() == [None, 1, 1]
    assert accounts(did, parts(), products(), three.head(1)).equals(found.head(1))


def test_parts_of_unplanned_time_and_of_maintenance_are_counted_and_not_set_against_planned_time() -> None:
    did = losses(
        spans((-10, 1000, "producing"), (1000, 1010, "idle"), (1010, HOUR, "producing")),
        work((0, 500), (500, 600, "trial"), (700, 2000)),
        stops(),
        [machine(PRESS)],
        REASONS,
        at(0),
        at(HOUR),
    )
    made = parts(good(100), good(500), good(599), good(600), good(699), good(700), good(1005), good(2000, energy=3.5))
    found = account(did, made)
    assert (found["total_count"], found["good_count"], found["energy"]) == (8, 8, 3.5)
    assert (found["ideal_time"], found["ideal_good_time"]) == (30, 30)


def failures(*rows: tuple[float, float, str]) -> list[float]:
    """Give the failures of the two hours after the intervals began."""
    wanted = windows(("hour", 0, HOUR), ("hour", HOUR, 2 * HOUR), ("day", 0, 2 * HOUR))
    found: list[float] = accounts(intervals(*rows), parts(), products(), wanted)["failure_count"].to_list()
    return found


def test_a_failure_is_counted_where_it_begins() -> None:
    rows = [(-9.0, 0.0, "idle"), (0.0, 9.0, "unplanned_stop"), (9.0, HOUR - 5, "producing")]
    rows += [(HOUR - 5, HOUR + 5, "unplanned_stop"), (HOUR + 5, 2 * HOUR, "producing")]
    assert failures(*rows) == [2, 2, 0]


def test_a_failure_that_began_unseen_or_outside_planned_time_is_not_counted() -> None:
    assert failures((0, 9, "unplanned_stop"), (9, 2 * HOUR, "idle")) == [0, 0, 0]
    did = spans((0, 100, "producing"), (100, 300, "unplanned_stop"), (300, 400, "idle"), (400, HOUR, "unplanned_stop"))
    for end, expected in ((99.0, 2), (150.0, 1)):
        plan = work((0, 50), (end, HOUR))
        found = losses(did, plan, stops(), [machine(PRESS)], REASONS, at(0), at(HOUR))
        assert account(found)["failure_count"] == expected


@pytest.mark.parametrize("plan", [work((0, 150), (200, HOUR)), work((0, 150), (150, 200, "oil"), (200, HOUR))])
@pytest.mark.parametrize("state", ["unplanned_stop", "idle", "off"])
def test_a_failure_across_a_break_or_maintenance_is_one(plan: pl.DataFrame, state: str) -> None:
    did = spans((0, 100, "producing"), (100, 300, state), (300, HOUR, "producing"))
    found = losses(did, plan, stops((100, 300, "jam")), [machine(PRESS)], REASONS, at(0), at(HOUR))
    assert account(found)["failure_count"] == 1


def test_a_failure_of_two_reasons_is_one_and_micro_stops_are_none() -> None:
    assert failures((-1, 0, "idle"), (0, 5, "unplanned_stop"), (5, 9, "micro_stop"), (9, 2 * HOUR, "idle"))[0] == 1
    did = pl.concat([intervals((-1, 0, "idle"), (0, 5, "unplanned_stop", "a"), (5, 9, "unplanned_stop", "b"))])
    assert account(did)["failure_count"] == 1


def test_seconds_by_reason() -> None:
    did = intervals(
        (-5, 10, "idle", "no-order"),
        (10, 20, "unplanned_stop", "jam"),
        (20, 30, "producing"),
        (30, 45, "unplanned_stop", "jam"),
        (45, 50, "unplanned_stop"),
        (50, 60, "not_scheduled"),
    )
    found = by_reason(did, windows(("hour", 0, 35), ("hour", 35, HOUR), ("shift", 60, 70)))
    assert found.schema == BY_REASON
    assert found.drop("path", "period").with_columns(pl.col("start").dt.second()).rows() == [
        (0, "idle", "no-order", 10, 0),
        (0, "unplanned_stop", "jam", 15, 2),
        (35, "unplanned_stop", "", 5, 1),
        (35, "unplanned_stop", "jam", 10, 0),
    ]


def begun(found: pl.DataFrame) -> list[tuple[float, str, str]]:
    """Give when stops began, in seconds, and which."""
    return [((time - at(0)).total_seconds(), loss, reason) for _, loss, reason, time in stops_begun(found).rows()]


def test_a_stop_is_one_whatever_its_states_and_another_when_its_reason_is() -> None:
    did = pl.concat(
        [
            intervals((-5, 0, "producing"), (0, 5, "unplanned_stop", "jam")),
            intervals((5, 9, "unplanned_stop", "jam")).with_columns(state=pl.lit("idle"), raw=pl.lit("FEED_HOLD")),
            intervals(
                (9, 20, "unplanned_stop", "tool"), (20, 30, "unplanned_stop", "jam"), (40, 50, "unplanned_stop", "jam")
            ),
        ]
    )
    stop = "unplanned_stop"
    assert begun(did) == [(0, stop, "jam"), (9, stop, "tool"), (20, stop, "jam"), (40, stop, "jam")]


@pytest.mark.parametrize(
    ("rest", "length", "stands", "times"),
    [
        ("not_scheduled", 600, "idle", 1),
        ("not_scheduled", HOUR, "idle", 2),
        ("not_scheduled", 600, "producing", 2),
        ("planned_stop", 600, "unplanned_stop", 1),
        ("planned_stop", 600, "setup", 2),
    ],
)
def test_a_stop_goes_on_behind_a_break_in_which_it_stood(rest: str, length: float, stands: str, times: int) -> None:
    did = pl.concat(
        [
            intervals((-5, 0, "producing"), (0, 100, "unplanned_stop", "jam")),
            intervals((100, 100 + length, rest, "oil")).with_columns(state=pl.lit(stands)),
            intervals((100 + length, 200 + length, "unplanned_stop", "jam")),
        ]
    )
    assert len([one for one in begun(did) if one[1] == "unplanned_stop"]) == times
    assert [one for one in begun(did) if one[1] == "planned_stop"] == [(100, rest, "oil")] * (rest == "planned_stop")


@EXAMPLES
@given(floors(), st.integers(1, 3))
def test_stops_are_counted_once_however_time_is_cut(floor: Floor, since: int) -> None:
    """Hours and their day count the same, and so does a task that looks back no further than a break."""
    did, _ = whole(floor)
    wanted = hours_and_day()
    told, begins = by_reason(did, wanted), stops_begun(did)
    for period in ("hour", "day"):
        counted = told.filter(period=period).group_by("loss", "reason").agg(pl.col("stops").sum())
        expected = begins.group_by("loss", "reason").agg(stops=pl.len().cast(pl.Float64))
        assert_frame_equal(counted.filter(pl.col("stops") > 0), expected, check_row_order=False)
    first = at(since * HOUR)
    later = did.with_columns(pl.col("start").clip(lower_bound=first - BREAK)).filter(pl.col("start") < pl.col("end"))
    rest = wanted.filter((pl.col("period") == "hour") & (pl.col("start") >= first))
    assert by_reason(later, rest).equals(by_reason(did, rest))


def test_a_stop_that_crosses_midnight_is_in_both_days() -> None:
    day = 24 * HOUR
    did = intervals(
        (0, day - 60, "producing"), (day - 60, day + 30, "unplanned_stop", "jam"), (day + 30, 2 * day, "idle")
    )
    wanted = windows(("day", 0, day), ("day", day, 2 * day))
    found = accounts(did, parts(), products(), wanted)
    assert found["unplanned_stop_time"].to_list() == [60, 30]
    assert found["failure_count"].to_list() == [1, 0]
    jams = by_reason(did, wanted).filter(loss="unplanned_stop")
    assert jams["seconds"].to_list() == [60, 30]
    assert jams["stops"].to_list() == [1, 0]


def test_nothing_gives_nothing() -> None:
    none = intervals()
    assert accounts(none, parts(), products(), windows()).schema == ACCOUNTS
    assert accounts(none, parts(), products(), hours_and_day()).is_empty()
    assert by_reason(none, hours_and_day()).schema == BY_REASON
    assert divided(none, products(), accounts(none, parts(), products(), windows())).is_empty()


def test_production_is_divided_in_the_windows_proportion() -> None:
    did = intervals((-5, 0, "idle"), (0, 600, "producing"), (600, 700, "idle"), (700, 1000, "producing"))
    made = parts(good(0, 0), good(500, 60), {"time": 900, "total": 12, "reject": 12, "ideal_time": 120})
    found = accounts(did, made, products((850, False)), windows(("shift", 0, 1000)))
    assert found.select("judged_time", *PRODUCTION_TIMES).row(0) == (750, 30, 120, 600)
    assert seconds(divided(did, products((850, False)), found), "loss") == [
        (0, 480, "productive"),
        (480, 576, "quality_loss"),
        (576, 600, "speed_loss"),
        (600, 700, "idle"),
        (700, 820, "productive"),
        (820, 844, "quality_loss"),
        (844, 850, "speed_loss"),
        (850, 1000, "producing"),
    ]


def whole(floor: Floor) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Give the intervals of a drawn shop floor, and the accounts of its hours, its day and two shifts that overlap."""
    hours = max(1, -(-floor.length // 3600))
    middle = floor.length / 2
    shifts = windows(("shift", 0, middle + 1), ("shift", middle, floor.length + 9), ("shift", 7, 7))
    did = computed(floor)
    return did, accounts(did, floor.parts, floor.products, pl.concat([hours_and_day(hours), shifts]))


def micro(frame: pl.DataFrame, *columns: str) -> list[int]:
    """Give the sums of columns of seconds, in microseconds."""
    return [round(value * 1e6) for value in frame.select(pl.col(columns).sum()).row(0)]


@settings(EXAMPLES, max_examples=100)
@given(floors())
def test_accounts_obey_the_tree_and_hours_add_up_to_their_day(floor: Floor) -> None:
    _, found = whole(floor)
    for row in found.rows(named=True):
        exact = {name: round(row[name] * 1e6) for name in ACCOUNT if row[name] is not None}
        lasted = round((row["end"] - row["start"]).total_seconds() * 1e6)
        assert exact[CALENDAR] == lasted == sum(exact[name] for name in LOSS_TIMES)
        assert exact[PLANNED] == sum(exact[name] for name in STATE_TIMES)
        assert exact["judged_time"] == sum(exact[name] for name in PRODUCTION_TIMES)
        assert 0 <= exact["judged_time"] <= exact["producing_time"]
        assert 0 <= exact[OVERTIME] <= exact["not_scheduled_time"]
        assert 0 <= exact["engineering_time"] <= exact["planned_stop_time"]
        assert all(exact[name] >= 0 for name in exact)
        assert exact["speed_loss_time"] * exact["speed_excess_time"] == 0
        assert exact["speed_loss_time"] - exact["speed_excess_time"] == exact["judged_time"] - exact["ideal_time"]
        assert exact["ideal_good_time"] <= exact["ideal_time"]
        assert row["end"] <= at(floor.length)
        if row["total_count"] is not None:
            assert row["total_count"] == row["good_count"] + row["reject_count"]
    additive = (*LOSS_TIMES, CALENDAR, PLANNED, OVERTIME, "judged_time", "engineering_time")
    hours, day = (found.filter(period=period) for period in ("hour", "day"))
    assert micro(hours, *additive) == micro(day, *additive)
    others = (*COUNTS, "failure_count", *IDEAL_TIMES)
    assert hours.select(pl.col(others).sum()).row(0) == pytest.approx(day.select(pl.col(others).sum()).row(0))


@EXAMPLES
@given(floors())
def test_counts_are_those_of_the_readings_that_lie_within(floor: Floor) -> None:
    did, found = whole(floor)
    readings = floor.parts.with_columns(
        pl.exclude("equipment", "time").diff().fill_null(pl.exclude("equipment", "time"))
    )
    loss_at = [(a, b, loss, state) for a, b, loss, state in seconds(did, "loss", "state")]
    for row in found.rows(named=True):
        within = readings.filter((pl.col("time") >= row["start"]) & (pl.col("time") < row["end"]))
        known = readings.filter(pl.col("time") < row["end"]).height > 0
        assert row["total_count"] == (within["total"].sum() if known else None)
        ideal = 0.0
        for time, value in within.select("time", "ideal_time").iter_rows():
            second = (time - at(0)).total_seconds()
            loss, state = next((loss, state) for a, b, loss, state in loss_at if a <= second < b)
            if loss != "not_scheduled" and (loss, state) != ("planned_stop", "producing"):
                ideal += value
        assert row["ideal_time"] == pytest.approx(ideal, abs=1e-5)


@EXAMPLES
@given(floors())
def test_reasons_of_a_loss_add_up_to_the_loss(floor: Floor) -> None:
    did, found = whole(floor)
    wanted = found.select("period", "name", "start", "end", equipment="path")
    told = by_reason(did, wanted)
    sums = {
        (period, start, end, loss): round(value * 1e6)
        for period, start, end, loss, value in told.join(found, on=["period", "start"])
        .group_by("period", "start", "end", "loss")
        .agg(pl.col("seconds").sum())
        .iter_rows()
        if (period, start) != ("shift", at(7))
    }
    for row in found.filter(pl.col("start") != at(7)).rows(named=True):
        for loss in REASONED:
            expected = round(row[loss_time(loss)] * 1e6)
            assert sums.get((row["period"], row["start"], row["end"], loss.value), 0) == expected


@settings(EXAMPLES, max_examples=100)
@given(floors())
def test_divided_intervals_tile_the_window_and_add_up_to_its_account(floor: Floor) -> None:
    did, found = whole(floor)
    lasting = found.filter(pl.col("start") < pl.col("end"))
    for period in ("day", "hour", "shift"):
        for window in lasting.filter(period=period).tail(1).iter_slices(1):
            row = window.row(0, named=True)
            cut = divided(did, floor.products, window)
            rows = seconds(cut, "loss")
            assert cut["start"][0] == row["start"]
            assert cut["end"][-1] == row["end"]
            assert all(one[1] == two[0] for one, two in pairwise(rows))
            lasted = (pl.col("end") - pl.col("start")).dt.total_microseconds().sum()
            sums = dict(cut.group_by("loss").agg(lasted).iter_rows())
            expected = {loss.value: round(row[loss_time(loss)] * 1e6) for loss in Loss}
            expected |= {name.removesuffix("_time"): round(row[name] * 1e6) for name in PRODUCTION_TIMES}
            expected["producing"] -= round(row["judged_time"] * 1e6)
            assert sums == {loss: length for loss, length in expected.items() if length}
            parts_of = {name.removesuffix("_time"): "producing" for name in PRODUCTION_TIMES}
            merged = cut.with_columns(pl.col("loss").replace(parts_of))
            inside = did.filter((pl.col("end") > row["start"]) & (pl.col("start") < row["end"])).with_columns(
                pl.col("start").clip(lower_bound=row["start"]), pl.col("end").clip(upper_bound=row["end"])
            )
            assert joined(merged).equals(joined(inside))


@EXAMPLES
@given(floors(), floors(LATHE), st.integers(0, 99))
def test_neither_the_order_of_rows_nor_another_machine_changes_anything(one: Floor, two: Floor, seed: int) -> None:
    def mixed(*frames: pl.DataFrame) -> pl.DataFrame:
        return pl.concat(frames).sample(fraction=1, shuffle=True, seed=seed)

    did, alone = whole(one)
    lathe = losses(two.spans, two.work, two.stops, [], REASONS, at(0), at(two.length))
    wanted = alone.select("period", "name", "start", "end", equipment="path").select(
        "equipment", "period", "name", "start", "end"
    )
    both = accounts(
        mixed(did, lathe),
        mixed(one.parts, two.parts),
        mixed(one.products, two.products),
        mixed(wanted, hours_and_day(5, LATHE)),
    )
    assert both.filter(path=PRESS).sort("period", "start", "end").equals(alone.sort("period", "start", "end"))
    assert by_reason(mixed(did, lathe), mixed(wanted)).equals(by_reason(did, wanted))
