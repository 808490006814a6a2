"""The loss tree and the Pareto of stops."""

from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.kpis.contract import LOSS_TIMES, STATE_TIMES
from analytics.reports.sums import REASONS, STANDING
from analytics.reports.tree import PARETO, TREE, pareto, tree
from tests.analytics.plant import EXAMPLES
from tests.analytics.reports.told import HOUR, account, judged


def reasons(*rows: tuple[str, str, float] | tuple[str, str, float, float | None]) -> pl.DataFrame:
    """Give what was told of one day: loss, reason, seconds, and stops (1 where nothing is said)."""
    rows = tuple(row if len(row) > 3 else (*row, 1.0) for row in rows)
    return pl.DataFrame([("works/line/press", date(2026, 3, 2), *row) for row in rows], schema=REASONS, orient="row")


def test_parts_add_up_to_what_they_are_a_part_of() -> None:
    made = judged(10 * HOUR, 9 * HOUR, 8 * HOUR, setup_time=2 * HOUR, not_scheduled_time=12 * HOUR, failure_count=3.0)
    found = tree(made)
    assert found.schema == TREE
    seconds = dict(found.select("loss", "seconds").iter_rows())
    assert sum(seconds[name] for name in LOSS_TIMES) == seconds["calendar_time"] == 24 * HOUR
    assert sum(seconds[name] for name in STATE_TIMES) == seconds["planned_time"]
    below = found.filter(pl.col("depth") == 3)["seconds"].sum()
    assert below == seconds["producing_time"]
    row = found.filter(pl.col("loss") == "setup_time").row(0, named=True)
    assert (row["of_calendar"], row["of_planned"], row["count"]) == (2 / 24, 2 / 12, None)
    assert found.filter(pl.col("loss") == "unplanned_stop_time")["count"].item() == 3.0


def test_production_that_nobody_can_judge_has_its_line() -> None:
    found = tree(account(producing_time=5 * HOUR))
    assert found.filter(pl.col("loss") == "unjudged_time")["seconds"].item() == 5 * HOUR


def test_a_day_without_plan_has_no_share_of_it() -> None:
    found = tree(account(not_scheduled_time=24 * HOUR))
    assert found["of_planned"].is_null().all()
    assert found["of_calendar"].to_list()[:2] == [1.0, 1.0]


def test_stops_are_told_the_longest_first() -> None:
    found = pareto(
        reasons(
            ("idle", "", 100.0),
            ("unplanned_stop", "tool", 200.0),
            ("unplanned_stop", "tool", 300.0),
            ("planned_stop", "maintenance", 9000.0),
            ("setup", "changeover", 400.0),
            ("off", "", 0.0),
        )
    )
    assert found.schema == PARETO
    assert found.select("loss", "reason", "seconds").rows() == [
        ("unplanned_stop", "tool", 500.0),
        ("setup", "changeover", 400.0),
        ("idle", "", 100.0),
    ]
    assert found["share"].to_list() == pytest.approx([0.5, 0.4, 0.1])
    assert found["cumulative"].to_list() == pytest.approx([0.5, 0.9, 1.0])


def test_stops_are_counted_and_their_mean_is_that_of_all_seconds() -> None:
    """A stop that began the day before has seconds and no count; nor has what an older parkline told."""
    found = pareto(
        reasons(
            ("unplanned_stop", "tool", 200.0, 2.0),
            ("unplanned_stop", "tool", 700.0, 1.0),
            ("idle", "", 100.0, 0.0),
            ("off", "", 50.0, None),
            ("off", "", 10.0, 3.0),
        )
    )
    assert found.select("loss", "times", "seconds", "mean_seconds").rows() == [
        ("unplanned_stop", 3, 900.0, 300.0),
        ("idle", 0, 100.0, None),
        ("off", None, 60.0, None),
    ]


ROWS = st.tuples(st.sampled_from(STANDING), st.sampled_from(["", "tool", "door"]), st.integers(0, 10**6).map(float))


@EXAMPLES
@given(st.lists(ROWS))
def test_a_pareto_holds_every_stop_once(rows: list[tuple[str, str, float]]) -> None:
    found = pareto(reasons(*rows))
    assert found["seconds"].sum() == sum(seconds for loss, _, seconds in rows if loss != "planned_stop")
    assert found["seconds"].is_sorted(descending=True)
    assert found.select("loss", "reason").is_unique().all()
    if found.height:
        assert found["share"].sum() == pytest.approx(1.0)
        assert found["cumulative"].is_sorted()
        assert found["cumulative"][-1] == pytest.approx(1.0)
