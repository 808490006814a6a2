"""Alerts through their lives in the log, on either database: what is found, what time does, what people do."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from analytics import alertlog
from analytics.alertlog import (
    REMEMBERED,
    UnknownAlertError,
    abandon,
    act,
    fold,
    read_events,
    read_points,
    read_standing,
    read_standings,
    routed,
    sweep,
    unrouted,
)
from analytics.alerts import Alert, Contribution
from analytics.alerttables import OCCURRENCES
from analytics.lifecycle import (
    GROUPED,
    LONG_OVER,
    UNSEEN,
    VISIBLE,
    Action,
    ActionError,
    AlarmState,
    AlertEvent,
    EventKind,
    NotNowError,
    Standing,
)
from collector.park import Severity
from collector.records import Records
from tests.analytics.alarms import PRESS, after, kinds, nothing, occurrence

pytestmark = pytest.mark.every_database

OTHER = "works/line/press-2"


class Log:
    """The log in one transaction, and short ways to use it."""

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection

    def find(self, *alerts: Alert, at: float, suppressed: Callable[[Alert], str] = nothing) -> list[AlertEvent]:
        return fold(self.connection, alerts, now=after(at), suppressed=suppressed)

    def sweep(self, at: float | datetime, suppressed: Callable[[Alert], str] = nothing) -> list[str]:
        now = at if isinstance(at, datetime) else after(at)
        return kinds(sweep(self.connection, now=now, suppressed=suppressed))

    def act(self, kind: EventKind, alert: str = "", *, at: float = 60, **fields: Any) -> list[str]:
        return kinds(act(self.connection, Action(kind, "li", alert, **fields), now=after(at)))

    def __getitem__(self, alert: str) -> Standing:
        standing = read_standing(self.connection, alert)
        assert standing is not None
        return standing

    @property
    def standings(self) -> list[Standing]:
        return read_standings(self.connection)


@pytest.fixture
def log(ledger: sa.Connection) -> Log:
    return Log(ledger)


def test_what_is_found_is_kept_whole(log: Log) -> None:
    found = occurrence(
        0, latching=True, when="line_runs", contributions=(Contribution("a", 0.75), Contribution("b", 0.25))
    )
    [event] = log.find(found, at=1)
    standing = log[found.id]
    assert standing == event.standing
    assert (standing.alert, standing.state, standing.group) == (found, AlarmState.UNACKNOWLEDGED, found.id)
    assert read_events(log.connection) == [event]


def test_the_same_again_changes_nothing(log: Log) -> None:
    log.find(occurrence(0), at=1)
    before = log.standings
    assert log.find(occurrence(0), at=2) == []
    assert log.find(at=2) == []
    assert log.standings == before


def test_samples_that_are_looked_at_again_double_nothing(log: Log) -> None:
    every = [occurrence(60 * number, 60 * number + 30) for number in range(4)]
    for one in every:
        log.find(replace(one, ended=None), at=(one.began - after(0)).total_seconds() + 1)
        log.find(one, at=(one.began - after(0)).total_seconds() + 31)
    before = log.standings
    assert [one.count for one in before] == [4]
    for one in every:
        assert log.find(replace(one, ended=None), at=500) == []
        assert log.find(one, at=500) == []
    assert log.standings == before


def test_an_older_occurrence_is_counted_without_a_word(log: Log) -> None:
    log.find(occurrence(100, 110), at=111)
    log.find(occurrence(300), at=301)
    assert log.find(occurrence(200, 210), at=302) == []
    assert log.find(occurrence(200, 210), at=303) == []
    [standing] = log.standings
    assert (standing.count, standing.alert) == (3, occurrence(300))


def test_an_occurrence_older_than_its_points_alert_is_history(log: Log) -> None:
    log.find(occurrence(5000), at=5001)
    assert log.find(occurrence(0, 10), occurrence(100), at=5002) == []
    assert log.find(occurrence(0, 10), at=5003) == []
    newest, lasting, oldest = log.standings
    assert (newest.state, newest.count) == (AlarmState.UNACKNOWLEDGED, 1)
    assert [lasting.state, oldest.state] == [AlarmState.NORMAL] * 2
    assert lasting.alert.ended == after(5000)


def test_what_lasts_is_told_though_the_clock_was_set_back(log: Log) -> None:
    ahead, again = occurrence(7200, 7260), occurrence(600)
    log.find(ahead, at=7261)
    assert kinds(log.find(again, at=620)) == ["repeated"]
    assert log.find(again, at=621) == []
    [standing] = log.standings
    assert (standing.id, standing.state, standing.count) == (ahead.id, AlarmState.UNACKNOWLEDGED, 2)
    assert (standing.alert, standing.began) == (again, again.began)
    assert kinds(log.find(occurrence(600, 660), at=661)) == ["returned"]
    assert log.find(ahead, occurrence(600, 660), at=662) == []
    assert kinds(log.find(occurrence(900), at=901)) == ["repeated"]
    assert not log[ahead.id].chattering


def test_what_lasts_is_raised_anew_where_the_alert_of_the_clock_ahead_is_closed(log: Log) -> None:
    ahead, again = occurrence(7200, 7260), occurrence(600)
    log.find(ahead, at=7261)
    log.act(EventKind.ACKNOWLEDGED, ahead.id, at=7262)
    before = log[ahead.id]
    assert kinds(log.find(again, at=620)) == ["raised"]
    assert read_standings(log.connection, active=True) == [log[again.id]]
    assert kinds(log.find(occurrence(600, 660), at=661)) == ["returned"]
    assert kinds(log.find(occurrence(900), at=901)) == ["repeated"]
    assert (log[again.id].count, log[ahead.id]) == (2, before)
    log.find(occurrence(900, 950), at=951)
    log.act(EventKind.ACKNOWLEDGED, again.id, at=952)
    assert kinds(log.find(occurrence(1000), at=1001)) == ["raised"]
    assert kinds(log.find(occurrence(1000, 1050), at=1051)) == ["returned"]


def test_an_alert_that_is_over_is_followed_by_another(log: Log) -> None:
    first = occurrence(0, 10)
    log.find(first, at=11)
    log.act(EventKind.ACKNOWLEDGED, first.id)
    assert kinds(log.find(occurrence(10_000), at=10_001)) == ["raised"]
    assert [one.count for one in log.standings] == [1, 1]


def test_alerts_of_one_machine_and_time_are_a_group(log: Log) -> None:
    first = occurrence(0)
    log.find(first, occurrence(1, key="low:1"), occurrence(2, equipment=OTHER), at=3)
    log.find(occurrence(4, key="rate"), at=GROUPED.total_seconds())
    log.find(occurrence(5, key="late"), at=GROUPED.total_seconds() + 4)
    groups = {one.alert.key if one.alert.equipment == PRESS else OTHER: one.group for one in log.standings}
    other = occurrence(2, equipment=OTHER).id
    assert groups["high:80"] == groups["low:1"] == groups["rate"] == first.id
    assert groups[OTHER] == other
    late = occurrence(5, key="late")
    assert groups["late"] == late.id  # its like was raised a moment before, the first of them not
    log.find(occurrence(6, key="later"), at=GROUPED.total_seconds() + 5)
    assert log[occurrence(6, key="later").id].group == late.id


def test_alerts_that_follow_each_other_are_no_group_for_ever(log: Log) -> None:
    keys, step = [f"k{number}" for number in range(6)], 0.9 * GROUPED.total_seconds()
    for number, key in enumerate(keys):
        log.find(occurrence(number * step, key=key), at=number * step)
    first = [log[occurrence(number * step, key=key).id] for number, key in enumerate(keys)]
    assert [one.group for one in first] == [first[number - number % 2].id for number in range(6)]


def test_alerts_with_other_causes_are_groups_of_their_own(log: Log) -> None:
    heat, sound = occurrence(0), occurrence(1, signal=f"{PRESS}/sound", key="zone")
    shares = (Contribution(heat.signal, 0.7), Contribution(sound.signal, 0.1))
    together = occurrence(2, signal=PRESS, key="together", contributions=shares)
    log.find(heat, sound, together, at=3)
    assert log[sound.id].group == sound.id
    assert log[together.id].group == heat.id


def test_what_was_over_for_long_when_it_was_found_is_history(log: Log) -> None:
    old, late = occurrence(0, 10), occurrence(20, 30)
    assert log.find(old, at=10 + LONG_OVER.total_seconds() + 1) == []
    assert kinds(log.find(late, at=30 + LONG_OVER.total_seconds())) == ["raised", "returned"]
    assert (log[old.id].state, log[old.id].told) == (AlarmState.NORMAL, None)


def test_what_is_over_is_not_suppressed_anew(log: Log) -> None:
    one = occurrence(0, ended=2)
    log.find(one, at=3)
    assert log.sweep(4, lambda _: "a" * 16) == []
    assert log[one.id].state is AlarmState.RETURNED_UNACKNOWLEDGED


def test_what_is_suppressed_heads_no_group(log: Log) -> None:
    log.find(occurrence(0), at=1, suppressed=lambda _: "line_runs")
    second = occurrence(1, key="low:1")
    log.find(second, at=2)
    assert log[second.id].group == second.id


def test_a_shelf_is_the_points_and_ends(log: Log) -> None:
    first = occurrence(0, 10)
    log.find(first, at=11)
    log.act(EventKind.ACKNOWLEDGED, first.id)
    shelf: dict[str, Any] = {"until": after(40_000), "comment": "bearing"}
    assert log.act(EventKind.SHELVED, first.id, **shelf) == ["shelved"]
    assert log[first.id].state is AlarmState.NORMAL
    later = occurrence(20_000)
    assert kinds(log.find(later, at=20_001)) == ["shelved"]
    assert kinds(log.find(occurrence(20_000, key="low:1"), at=20_001)) == ["raised"]
    assert (log[later.id].state, log[later.id].shelved_until) == (AlarmState.SHELVED, after(40_000))
    [point] = read_points(log.connection)
    assert (point.key, point.person, point.reason) == ("high:80", "li", "bearing")
    assert log.sweep(39_999) == []
    assert log.sweep(40_000) == ["unshelved", "unshelved"]
    assert (log[later.id].state, log[later.id].told) == (AlarmState.UNACKNOWLEDGED, after(40_000))
    assert log[first.id].shelved_until is None
    assert read_points(log.connection) == []
    assert log.sweep(40_001) == []


def test_a_shelf_that_ended_unnoticed_hides_nothing(log: Log) -> None:
    first = occurrence(0)
    log.find(first, at=1)
    log.act(EventKind.SHELVED, first.id, until=after(100), comment="x")
    assert kinds(log.find(occurrence(200), at=201)) == ["repeated"]
    assert log[first.id].state is AlarmState.UNACKNOWLEDGED


def test_a_shelf_is_taken_back(log: Log) -> None:
    one = occurrence(0)
    log.find(one, at=1)
    assert log.act(EventKind.UNSHELVED, one.id) == []
    log.act(EventKind.SHELVED, one.id, until=after(1000), comment="x")
    assert log.act(EventKind.SHELVED, one.id, until=after(2000), comment="longer") == ["shelved"]
    assert log.act(EventKind.UNSHELVED, one.id) == ["unshelved"]
    assert (log[one.id].state, read_points(log.connection)) == (AlarmState.UNACKNOWLEDGED, [])


def test_a_whole_line_is_shelved(log: Log) -> None:
    here, there = occurrence(0), occurrence(0, equipment="works/line-2/press")
    log.find(here, there, at=1)
    shelf: dict[str, Any] = {"path": "works/line", "until": after(1000), "comment": "overhaul"}
    assert log.act(EventKind.SHELVED, **shelf) == ["shelved"]
    assert (log[here.id].state, log[there.id].state) == (AlarmState.SHELVED, AlarmState.UNACKNOWLEDGED)
    assert kinds(log.find(occurrence(70, equipment=OTHER), at=71)) == ["shelved"]
    with pytest.raises(NotNowError, match="unshelve --path works/line"):
        log.act(EventKind.UNSHELVED, here.id)
    assert log.act(EventKind.UNSHELVED, path="works/line") == ["unshelved", "unshelved"]
    with pytest.raises(ActionError, match="works/line is not shelved"):
        log.act(EventKind.UNSHELVED, path="works/line")


def test_a_point_is_out_of_service_until_it_is_put_back(log: Log) -> None:
    one = occurrence(0)
    log.find(one, at=1)
    assert log.act(EventKind.OUT_OF_SERVICE, one.id, comment="sensor broken") == ["out_of_service"]
    log.act(EventKind.SHELVED, one.id, until=after(1000), comment="x")
    assert log.sweep(after(0) + timedelta(days=300)) == ["unshelved"]
    assert log[one.id].state is AlarmState.OUT_OF_SERVICE
    assert [point.reason for point in read_points(log.connection)] == ["x"]
    assert log.act(EventKind.IN_SERVICE, one.id) == ["in_service"]
    assert log.act(EventKind.IN_SERVICE, one.id) == []
    assert read_points(log.connection) == []


def test_what_comes_and_goes_out_of_service_keeps_no_mark_of_it(log: Log) -> None:
    first = occurrence(0, 3)
    log.find(first, at=4)
    log.act(EventKind.OUT_OF_SERVICE, first.id, at=5, comment="sensor broken")
    log.act(EventKind.ACKNOWLEDGED, first.id, at=6)
    for number in range(1, 6):
        found = occurrence(3600 * number, 3600 * number + 60)
        assert kinds(log.find(found, at=3600 * number + 61)) == ["out_of_service", "returned", "closed"]
    assert [(one.state, one.hidden) for one in log.standings] == [(AlarmState.NORMAL, VISIBLE)] * 6
    lasting = occurrence(40_000)
    log.find(lasting, at=40_001)
    assert log[lasting.id].state is AlarmState.OUT_OF_SERVICE
    assert log.act(EventKind.IN_SERVICE, lasting.id, at=40_002) == ["in_service"]
    assert log[lasting.id].state is AlarmState.UNACKNOWLEDGED


def test_who_puts_a_point_back_is_told_though_its_alert_is_closed(log: Log) -> None:
    one = occurrence(0)
    log.find(one, at=1)
    log.act(EventKind.OUT_OF_SERVICE, one.id, comment="sensor broken")
    log.act(EventKind.SHELVED, one.id, until=after(1000), comment="x")
    log.find(occurrence(0, 70), at=71)
    log.act(EventKind.ACKNOWLEDGED, one.id, at=72)
    assert (log[one.id].state, log[one.id].hidden) == (AlarmState.NORMAL, VISIBLE)
    assert log.act(EventKind.UNSHELVED, one.id, at=73) == ["unshelved"]
    assert log.act(EventKind.IN_SERVICE, one.id, at=74) == ["in_service"]
    assert log.act(EventKind.IN_SERVICE, one.id, at=75) == []
    assert (log[one.id].hidden, read_points(log.connection)) == (VISIBLE, [])


def test_suppression_comes_and_goes(log: Log) -> None:
    one = occurrence(0)
    log.find(one, at=1)
    assert log.sweep(2, lambda _: "a" * 16) == ["suppressed"]
    assert (log[one.id].state, log[one.id].suppressed_by) == (AlarmState.SUPPRESSED, "a" * 16)
    assert log.sweep(3, lambda _: "a" * 16) == []
    assert log.act(EventKind.COMMENTED, one.id, comment="x") == ["commented"]
    assert log[one.id].state is AlarmState.SUPPRESSED
    assert log.sweep(4) == ["unsuppressed"]
    assert log[one.id].told == after(1)


def test_time_closes_what_nobody_acknowledged(log: Log) -> None:
    log.find(occurrence(0, 10), at=11)
    assert log.sweep(after(11) + UNSEEN - timedelta(seconds=1)) == []
    assert log.sweep(after(11) + UNSEEN) == ["closed"]


def test_occurrences_are_forgotten_in_the_end(log: Log) -> None:
    log.find(occurrence(0, 10), occurrence(100), at=111)
    held = sa.select(sa.func.count()).select_from(OCCURRENCES)
    assert log.connection.execute(held).scalar_one() == 1
    log.sweep(after(100) + REMEMBERED + timedelta(seconds=1))
    assert log.connection.execute(held).scalar_one() == 0
    assert log.find(occurrence(100), at=112) == []


def test_what_nobody_carries_is_ended(log: Log) -> None:
    kept, gone = occurrence(0), occurrence(0, equipment=OTHER)
    log.find(kept, gone, at=1)
    carried = [("limit", kept.signal, kept.key)]
    assert kinds(abandon(log.connection, carried, now=after(60))) == ["returned"]
    assert abandon(log.connection, carried, now=after(61)) == []
    assert (log[kept.id].active, log[gone.id].active, log[gone.id].alert.ended) == (True, False, after(60))
    assert kinds(log.find(gone, at=62)) == ["repeated"]
    assert (log[gone.id].active, log[gone.id].count) == (True, 1)


async def test_what_a_person_does_while_it_is_abandoned_is_kept(
    records: Records, records_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, hold = occurrence(0), alertlog._hold
    await records.run(lambda c: fold(c, [one], now=after(1), suppressed=nothing))
    known = Action(EventKind.ACKNOWLEDGED, "li", one.id)

    def late(connection: sa.Connection) -> None:
        monkeypatch.setattr(alertlog, "_hold", hold)
        beside.run_now(lambda c: act(c, known, now=after(2)))
        hold(connection)

    async with Records(records_url) as beside:
        monkeypatch.setattr(alertlog, "_hold", late)
        events = await records.run(lambda c: abandon(c, [], now=after(3)))
    assert [(event.number, event.kind.value) for event in events] == [(3, "returned"), (4, "closed")]
    assert events[-1].standing.person == "li"


def test_events_are_routed_once(log: Log) -> None:
    events = log.find(*(occurrence(number, key=f"{number}") for number in range(1200)), at=2000)
    assert unrouted(log.connection, 5) == events[:5]
    routed(log.connection, [event.id for event in events[:1100]])
    routed(log.connection, [event.id for event in events[:2]])
    assert unrouted(log.connection, 1000) == events[1100:]
    assert read_events(log.connection, limit=3) == events[:3]


def test_events_are_chosen(log: Log) -> None:
    log.find(occurrence(0), occurrence(1, equipment=OTHER), at=1)
    log.find(occurrence(0, 10), at=11)
    chosen = {
        "alert": [one.number for one in read_events(log.connection, alert=occurrence(0).id)],
        "under": [one.number for one in read_events(log.connection, under=[OTHER])],
        "kinds": [one.alert for one in read_events(log.connection, kinds=[EventKind.RETURNED])],
        "start": [one.number for one in read_events(log.connection, start=after(2))],
        "end": [one.number for one in read_events(log.connection, end=after(2))],
    }
    assert chosen == {"alert": [1, 2], "under": [1], "kinds": [occurrence(0).id], "start": [2], "end": [1, 1]}


def test_standings_are_chosen_by_priority_and_state(log: Log) -> None:
    high = occurrence(1, equipment=OTHER, severity=Severity.HIGH)
    log.find(occurrence(0, 10), high, at=11)
    by_state = read_standings(log.connection, states=[AlarmState.RETURNED_UNACKNOWLEDGED])
    assert [one.id for one in by_state] == [occurrence(0).id]
    assert [one.id for one in read_standings(log.connection, severities=[Severity.HIGH])] == [high.id]


def test_an_action_on_no_alert_says_where_they_are(log: Log) -> None:
    with pytest.raises(UnknownAlertError, match="parkline alert list"):
        log.act(EventKind.ACKNOWLEDGED, "0" * 16)
