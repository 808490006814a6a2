"""Alarm performance: numbers counted by hand beside their targets."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from analytics import lifecycle
from analytics.alertlog import act, fold, read_events, read_standings, sweep
from analytics.alerts import Alert
from analytics.lifecycle import VISIBLE, Action, AlertEvent, EventKind, Hidden, Standing
from analytics.performance import TARGETS, Measure, Performance, performance
from collector.park import Severity
from tests.analytics.alarms import PRESS, START, after, nothing, occurrence

HOUR = 3600


def lived(alert: Alert, hidden: Hidden = VISIBLE) -> list[AlertEvent]:
    """Give the events of an alert that was found as it began, and again as it ended."""
    begun, events = lifecycle.raised(alert, now=alert.began, hidden=hidden, group=alert.id)
    return events + ended(begun, alert)


def ended(standing: Standing, alert: Alert) -> list[AlertEvent]:
    return lifecycle.retold(standing, alert, now=alert.ended or alert.began, hidden=standing.hidden)[1]


def measured(
    events: Sequence[AlertEvent],
    end: datetime,
    *,
    standings: Sequence[Standing] = (),
    start: datetime = START,
    operators: int = 1,
) -> dict[str, Measure]:
    told = performance(events, standings, start, end, operators=operators)
    return {one.target.metric: one for one in told.measures}


def values(events: Sequence[AlertEvent], end: datetime, **asked: int) -> dict[str, float | None]:
    return {metric: one.value for metric, one in measured(events, end, operators=asked.get("operators", 1)).items()}


def burst(start: float, count: int) -> list[AlertEvent]:
    """Give the events of so many alerts, one every ten seconds, each lasting ten minutes."""
    return [
        event
        for number in range(count)
        for event in lived(occurrence(start + 10 * number, start + 10 * number + 600, key=f"{start}-{number}"))
    ]


def test_nothing_is_told_of_nothing() -> None:
    told = performance([], [], START, after(HOUR))
    assert (told.annunciations, told.occurrences, told.top) == (0, 0, ())
    assert [one.target for one in told.measures] == list(TARGETS)
    by_metric = {one.target.metric: one.value for one in told.measures}
    assert by_metric["average_per_hour"] == by_metric["stale"] == by_metric["time_in_flood"] == 0
    assert by_metric["top_ten"] is by_metric["priority_low"] is None


def test_rates_and_peaks_are_per_operator() -> None:
    events = burst(0, 8) + burst(HOUR, 4)
    one = values(events, after(2 * HOUR))
    assert (one["average_per_hour"], one["average_per_10_minutes"], one["average_per_day"]) == (6, 1, 144)
    assert (one["peak_per_hour"], one["peak_per_10_minutes"]) == (8, 8)
    two = values(events, after(2 * HOUR), operators=2)
    assert (two["average_per_hour"], two["peak_per_hour"], two["peak_per_10_minutes"]) == (3, 4, 4)


def test_a_flood_begins_above_ten_and_ends_below_five() -> None:
    events = burst(0, 11) + burst(600, 5) + burst(1200, 4) + burst(1800, 10) + burst(3000, 11)
    told = values(events, after(HOUR))
    assert told["floods"] == 2
    assert told["periods_over_10"] == pytest.approx(100 * 2 / 6)
    assert told["time_in_flood"] == pytest.approx(100 * 3 / 6)
    assert values(events, after(HOUR), operators=2)["floods"] == 0


def test_what_lies_outside_the_period_is_left_out() -> None:
    events = burst(0, 3)
    assert values(events, after(20))["peak_per_hour"] == 2
    assert performance(events, [], after(10), after(30)).annunciations == 2


def test_hidden_alerts_annunciate_when_they_are_seen() -> None:
    begun, events = lifecycle.raised(occurrence(0), now=after(1), hidden=Hidden(suppressed_by="line_runs"), group="")
    assert performance(events, [], START, after(HOUR)).annunciations == 0
    seen, more = lifecycle.hid(begun, VISIBLE, now=after(60))
    assert performance(events + more, [], START, after(HOUR)).annunciations == 1
    known, _ = lifecycle.acted(seen, Action(EventKind.ACKNOWLEDGED, "li", seen.id), now=after(70))
    shelved, put = lifecycle.hid(known, Hidden(shelved_until=after(90)), now=after(80))
    _, back = lifecycle.hid(shelved, VISIBLE, now=after(90))
    told = performance([*events, *more, *put, *back], [], START, after(HOUR))
    assert told.annunciations == 1  # somebody knew of it all the time
    counted = {one.target.metric: one.value for one in told.measures}
    assert (counted["suppressed"], counted["shelved"], counted["out_of_service"]) == (1, 1, 0)


def test_what_is_gone_annunciates_nothing_as_its_shelf_ends() -> None:
    alert = occurrence(0, 60)
    begun, events = lifecycle.raised(alert, now=alert.began, hidden=VISIBLE, group=alert.id)
    gone, returned = lifecycle.retold(begun, alert, now=after(60), hidden=VISIBLE)
    hidden = Hidden(shelved_until=after(600))
    shelved, shelving = lifecycle.hid(gone, hidden, now=after(120), person="anna", comment="known")
    _, unshelving = lifecycle.hid(shelved, VISIBLE, now=after(600))
    told = performance([*events, *returned, *shelving, *unshelving], [], START, after(HOUR))
    assert told.annunciations == 1


def test_fleeting_is_what_ends_within_a_minute_before_anybody_came() -> None:
    quick, slow = occurrence(0, 59), occurrence(0, 60, key="slow")
    known = occurrence(0, 30, key="known")
    raised = lifecycle.raised(known, now=after(1), hidden=VISIBLE, group="")[1]
    standing, _ = lifecycle.raised(occurrence(0, key="known"), now=after(1), hidden=VISIBLE, group="")
    acknowledged, _ = lifecycle.acted(standing, Action(EventKind.ACKNOWLEDGED, "li", standing.id), now=after(5))
    assert values([*lived(quick), *lived(slow), *ended(acknowledged, known)], after(HOUR))["fleeting"] == 1
    assert values(raised, after(HOUR))["fleeting"] == 1


def test_chattering_and_top_ten_are_counted_per_point(ledger: sa.Connection) -> None:
    for number in range(100):
        find(ledger, occurrence(20 * number, 20 * number + 5), at=20 * number + 6)
    for number in range(12):
        find(ledger, occurrence(5000, 5200, key=f"{number}", severity=Severity.LOW), at=5200)
    told = performance(read_events(ledger), read_standings(ledger), START, after(2 * HOUR))
    counted = {one.target.metric: one.value for one in told.measures}
    assert (counted["chattering"], counted["fleeting"]) == (1, 1)
    first = told.top[0]
    assert (first.equipment, first.key, first.annunciations, first.occurrences) == (PRESS, "high:80", 8, 100)
    assert len(told.top) == 10
    assert (told.annunciations, told.occurrences) == (20, 112)
    assert counted["top_ten"] == pytest.approx(100 * (8 + 9) / 20)
    assert counted["priority_low"] == pytest.approx(100 * 12 / 20)
    assert counted["priority_medium"] == pytest.approx(100 * 8 / 20)
    assert counted["priority_high"] == 0


def test_occurrences_before_the_period_are_not_counted(ledger: sa.Connection) -> None:
    for number in range(50):
        find(ledger, occurrence(100 * number, 100 * number + 5), at=100 * number + 6)
    told = performance(read_events(ledger, start=after(1000)), [], after(1000), after(6000))
    assert [event.standing.count for event in read_events(ledger, start=after(1000))] == [20, 20, 50, 50]
    assert told.occurrences == 31  # of 40: what came between two events is known by the second of them


def test_stale_is_counted_on_the_worst_day(ledger: sa.Connection) -> None:
    day = 24 * HOUR
    find(ledger, occurrence(-day), occurrence(0, 2 * day + 1, key="a"), occurrence(0, day, key="b"), at=3 * day)
    find(ledger, occurrence(2.5 * day, key="c"), at=3 * day)
    standings = read_standings(ledger)
    assert measured([], after(4 * day), standings=standings)["stale"].value == 2
    assert measured([], after(day), standings=standings)["stale"].value == 1
    assert measured([], after(4 * day), standings=standings, start=after(3 * day))["stale"].value == 2
    tired = Action(EventKind.ACKNOWLEDGED, "li", occurrence(-day).id)
    act(ledger, tired, now=after(3 * day))
    assert sweep(ledger, now=after(3 * day), suppressed=nothing) == []
    assert measured([], after(4 * day), standings=read_standings(ledger))["stale"].value == 2


@pytest.mark.parametrize(
    ("metric", "value", "verdict"),
    [
        ("average_per_hour", 6.0, "acceptable"),
        ("average_per_hour", 12.0, "manageable"),
        ("average_per_hour", 12.1, "over"),
        ("peak_per_10_minutes", 11.0, "over"),
        ("top_ten", 3.0, "manageable"),
        ("chattering", 1.0, "over"),
        ("stale", 4.0, "acceptable"),
        ("stale", 5.0, "over"),
        ("priority_low", 81.0, "acceptable"),
        ("priority_low", 50.0, "over"),
        ("priority_high", 5.0, "acceptable"),
        ("peak_per_hour", 99.0, ""),
        ("top_ten", None, ""),
    ],
)
def test_numbers_are_judged_by_their_targets(metric: str, value: float | None, verdict: str) -> None:
    [target] = [one for one in TARGETS if one.metric == metric]
    assert Measure(target, value).verdict == verdict


def test_a_short_period_says_little() -> None:
    def of(days: int) -> Performance:
        return performance([], [], START, START + timedelta(days=days))

    assert of(29).short
    assert not of(30).short


def test_every_number_has_a_name_in_both_languages() -> None:
    assert all(one.title.zh and one.title.en for one in TARGETS)
    assert len({one.metric for one in TARGETS}) == len(TARGETS)


def find(ledger: sa.Connection, *alerts: Alert, at: float) -> None:
    fold(ledger, alerts, now=after(at), suppressed=nothing)
