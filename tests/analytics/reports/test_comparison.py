"""Two periods compared: what changed, and whether it is more than it varies anyway."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise
from math import sqrt
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.notes import Notes
from analytics.reports.comparison import COMPARISON, FEWEST, compared, compared_reasons
from analytics.reports.scope import Days
from analytics.reports.sums import REASONS, days, summed, with_kpis
from tests.analytics.plant import EXAMPLES
from tests.analytics.reports.told import HOUR, account, whole_day

PRESS = "works/line/press"
SPAN = Days(date(2020, 1, 1), date(2030, 1, 1))


LOST = -1.0
"""The share of a day of which nothing is known."""


def period(stops: Sequence[float | None], first: date = date(2026, 3, 2)) -> pl.DataFrame:
    """Give the days of a period: of ten planned hours this share was stopped; None: nothing was planned.

    `LOST`: nothing is known of them.
    """
    told = []
    for number, share in enumerate(stops):
        numbers = account(not_scheduled_time=24 * HOUR)
        if share == LOST:
            numbers = account(not_scheduled_time=14 * HOUR, unknown_time=10 * HOUR)
        elif share is not None:
            numbers = account(
                not_scheduled_time=14 * HOUR,
                unplanned_stop_time=10 * HOUR * share,
                producing_time=10 * HOUR * (1 - share),
            )
        told.append(whole_day(PRESS, first + timedelta(days=number), "UTC", numbers))
    return with_kpis(days(pl.concat(told), {PRESS: "UTC"}, SPAN), Notes())


def change(before: Sequence[float | None], after: Sequence[float | None], name: str) -> dict[str, Any]:
    one, other = period(before), period(after, date(2026, 5, 4))
    wholes = [with_kpis(summed(frame, "path"), Notes()).row(0, named=True) for frame in (one, other)]
    found = compared(one, other, (wholes[0], wholes[1]), ["utilisation"])
    assert found.schema == COMPARISON
    return found.filter(pl.col("name") == name).row(0, named=True)


STEADY = (0.2, 0.24, 0.18, 0.22, 0.2, 0.24, 0.18, 0.22)
"""Eight days that vary about 21 %."""


def test_a_lasting_change_exceeds_normal_variation() -> None:
    found = change(STEADY, [0.1] * 8, "unplanned_stop_time")
    assert found["verdict"] == "exceeds"
    assert found["before"] == pytest.approx(0.21)
    assert found["after"] == pytest.approx(0.1)
    assert found["change"] == pytest.approx(-0.11)
    assert (found["before_s"], found["after_s"]) == (pytest.approx(16.8 * HOUR), pytest.approx(8 * HOUR))
    assert (found["days_before"], found["days_after"], found["outside"]) == (8, 8, 0)
    assert change(STEADY, [0.1] * 8, "utilisation")["verdict"] == "exceeds"


def test_limits_are_those_of_the_chart_of_individual_values() -> None:
    found = change(STEADY, [0.2] * 4, "unplanned_stop_time")
    ranges = [abs(b - a) for a, b in pairwise(STEADY)]
    spread = 3 * sum(ranges) / len(ranges) / 1.128 * sqrt(1 / 8 + 1 / 4)
    assert found["lower"] == pytest.approx(0.21 - spread)
    assert found["upper"] == pytest.approx(0.21 + spread)
    assert found["verdict"] == "within"


def test_one_day_after_is_held_against_the_limits_of_a_day() -> None:
    assert change(STEADY, [0.3], "unplanned_stop_time")["verdict"] == "within"
    assert change(STEADY, [0.4], "unplanned_stop_time")["verdict"] == "exceeds"


def test_periods_of_unequal_length_compare() -> None:
    found = change([0.2] * 10, [0.2] * 3, "unplanned_stop_time")
    assert found["change"] == pytest.approx(0.0)
    assert found["verdict"] == "within"
    assert found["before_s"] > found["after_s"]


def test_too_few_days_say_nothing() -> None:
    found = change(STEADY[:7], [0.9] * 8, "unplanned_stop_time")
    assert (found["verdict"], found["lower"], found["outside"]) == ("too_few_days", None, None)
    assert found["change"] == pytest.approx(0.9 - sum(STEADY[:7]) / 7)
    assert change(STEADY, [None], "unplanned_stop_time")["verdict"] == "too_few_days"


def test_days_without_plan_are_passed_over() -> None:
    found = change([0.2, None, 0.2, None, *[0.2] * 6], [None, 0.2], "unplanned_stop_time")
    assert (found["days_before"], found["days_after"], found["verdict"]) == (8, 1, "within")


@pytest.mark.parametrize("name", ["unplanned_stop_time", "utilisation"])
def test_days_of_which_nothing_is_known_are_passed_over(name: str) -> None:
    found = change([0.2, LOST, 0.2, LOST, *[0.2] * 6], [LOST, 0.2], name)
    assert (found["days_before"], found["days_after"], found["verdict"]) == (8, 1, "within")
    assert (found["coverage_before"], found["coverage_after"]) == (0.8, 0.5)
    assert change([0.2] * 8, [LOST], name)["verdict"] == "too_few_days"


def test_what_is_not_known_is_known_of_every_day() -> None:
    found = change([0.2] * 8, [LOST], "unknown_time")
    assert (found["days_before"], found["days_after"], found["verdict"]) == (8, 1, "exceeds")
    assert (found["before"], found["after"]) == (0.0, 1.0)


def test_days_before_that_were_not_steady_are_told() -> None:
    found = change([*[0.2, 0.21] * 7, 0.9, *[0.2, 0.21] * 3], [0.2] * 8, "unplanned_stop_time")
    assert found["outside"] == 1


def test_a_limit_is_never_below_nothing() -> None:
    assert change([0.0, 0.1] * 5, [0.05] * 2, "unplanned_stop_time")["lower"] == 0.0


SHARES = st.integers(0, 100).map(lambda percent: percent / 100)


@EXAMPLES
@given(st.lists(SHARES, min_size=FEWEST, max_size=20), st.integers(1, 3))
def test_the_same_days_again_are_within(shares: list[float], times: int) -> None:
    assert change(shares, shares * times, "unplanned_stop_time")["verdict"] == "within"


def test_reasons_compare_by_their_share_of_planned_time() -> None:
    one, other = period([0.2] * 8), period([0.1] * 8, date(2026, 5, 4))

    def told(frame: pl.DataFrame, seconds: dict[str, float]) -> pl.DataFrame:
        rows = [
            (PRESS, day, "unplanned_stop", name, each, 1.0) for day in frame["day"] for name, each in seconds.items()
        ]
        return pl.DataFrame(rows, schema=REASONS, orient="row")

    first = told(one, {"tool": HOUR, "door": HOUR})
    second = told(other, {"tool": HOUR})
    found = compared_reasons((one, first), (other, second))
    assert found.schema == COMPARISON
    assert [(row["name"], row["verdict"]) for row in found.iter_rows(named=True)] == [
        ("unplanned_stop/door", "exceeds"),
        ("unplanned_stop/tool", "within"),
    ]
    door = found.row(0, named=True)
    assert (door["before"], door["after"], door["days_after"]) == (pytest.approx(0.1), 0.0, 8)
