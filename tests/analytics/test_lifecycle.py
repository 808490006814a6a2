"""The life cycle: what becomes of one alert, by each thing that can happen to it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from analytics import lifecycle
from analytics.alerts import Alert
from analytics.lifecycle import (
    LEGAL,
    LONGEST_COMMENT,
    LONGEST_SHELF,
    REJOIN,
    SETTLED,
    UNSEEN,
    VISIBLE,
    Action,
    ActionError,
    AlarmState,
    EventKind,
    Hidden,
    NotNowError,
    Standing,
    told_by_count,
)
from collector.park import Severity
from tests.analytics.alarms import PRESS, after, kinds, occurrence

SHELF = Hidden(shelved_until=after(3600))


def begun(alert: Alert | None = None, hidden: Hidden = VISIBLE) -> Standing:
    alert = alert or occurrence(0)
    return lifecycle.raised(alert, now=after(1), hidden=hidden, group=alert.id)[0]


def told(standing: Standing, alert: Alert, seconds: float, hidden: Hidden = VISIBLE) -> tuple[Standing, list[str]]:
    after_it, events = lifecycle.retold(standing, alert, now=after(seconds), hidden=hidden)
    return after_it, kinds(events)


def again(standing: Standing, alert: Alert, seconds: float, hidden: Hidden = VISIBLE) -> tuple[Standing, list[str]]:
    after_it, events = lifecycle.repeated(standing, alert, now=after(seconds), hidden=hidden)
    return after_it, kinds(events)


def done(standing: Standing, kind: EventKind, seconds: float = 100, comment: str = "") -> tuple[Standing, list[str]]:
    action = Action(kind, "li", standing.id, comment=comment)
    after_it, events = lifecycle.acted(standing, action, now=after(seconds))
    return after_it, kinds(events)


def test_an_alert_lives_from_its_cause_to_its_acknowledgement() -> None:
    standing = begun()
    assert (standing.state, standing.told, standing.count) == (AlarmState.UNACKNOWLEDGED, after(1), 1)
    standing, happened = done(standing, EventKind.ACKNOWLEDGED, comment="on my way")
    assert (standing.state, standing.acknowledged, standing.person) == (AlarmState.ACKNOWLEDGED, after(100), "li")
    assert happened == ["acknowledged"]
    standing, happened = told(standing, occurrence(0, 150), 151)
    assert (standing.state, standing.closed, happened) == (AlarmState.NORMAL, after(151), ["returned", "closed"])


def test_what_returned_waits_for_its_acknowledgement() -> None:
    standing, happened = told(begun(), occurrence(0, 50), 51)
    assert (standing.state, happened) == (AlarmState.RETURNED_UNACKNOWLEDGED, ["returned"])
    standing, happened = done(standing, EventKind.ACKNOWLEDGED)
    assert (standing.state, happened) == (AlarmState.NORMAL, ["acknowledged", "closed"])


def test_what_nobody_acknowledges_closes_by_itself_in_the_end() -> None:
    standing, _ = told(begun(), occurrence(0, 50), 51)
    assert lifecycle.passed(standing, now=after(51) + UNSEEN - timedelta(seconds=1)) == (standing, [])
    closed, events = lifecycle.passed(standing, now=after(51) + UNSEEN)
    assert closed.state is AlarmState.NORMAL
    assert [(one.kind, one.person) for one in events] == [(EventKind.CLOSED, "")]
    lasting = begun()
    assert lifecycle.passed(lasting, now=after(1) + 10 * UNSEEN) == (lasting, [])


@pytest.mark.parametrize("acknowledged", [True, False])
def test_what_latches_stays_until_it_is_reset(*, acknowledged: bool) -> None:
    standing = begun(occurrence(0, latching=True))
    with pytest.raises(NotNowError, match="can be reset when that is gone"):
        done(standing, EventKind.RESET)
    standing, happened = told(standing, occurrence(0, 50, latching=True), 51)
    assert (standing.state, happened) == (AlarmState.LATCHED_UNACKNOWLEDGED, ["returned"])
    if acknowledged:
        standing, _ = done(standing, EventKind.ACKNOWLEDGED)
        assert standing.state is AlarmState.LATCHED_ACKNOWLEDGED
        standing, happened = done(standing, EventKind.RESET)
        assert (standing.state, happened) == (AlarmState.NORMAL, ["reset", "closed"])
    else:
        standing, happened = done(standing, EventKind.RESET)
        assert (standing.state, happened) == (AlarmState.RETURNED_UNACKNOWLEDGED, ["reset"])
    assert done(standing, EventKind.RESET) == (standing, [])
    assert done(standing, EventKind.RESET, comment="spindle changed")[1] == ["commented"]


def test_what_is_told_again_changes_nothing() -> None:
    standing = begun()
    assert told(standing, occurrence(0), 2) == (standing, [])
    ended, _ = told(standing, occurrence(0, 50), 51)
    assert told(ended, occurrence(0, 50), 60) == (ended, [])
    assert told(ended, occurrence(0), 60) == (ended, [])
    corrected, happened = told(ended, occurrence(0, 55), 60)
    assert (corrected.alert.ended, happened) == (after(55), [])


def test_new_words_make_no_event_and_a_higher_severity_asks_again() -> None:
    standing, _ = done(begun(), EventKind.ACKNOWLEDGED)
    standing, happened = told(standing, occurrence(0, value="99"), 110)
    assert (standing.alert.value, standing.state, happened) == ("99", AlarmState.ACKNOWLEDGED, [])
    standing, happened = told(standing, occurrence(0, severity=Severity.HIGH), 120)
    assert (standing.state, standing.priority, happened) == (AlarmState.UNACKNOWLEDGED, Severity.HIGH, ["worsened"])
    standing, happened = told(standing, occurrence(0, severity=Severity.LOW), 130)
    assert (standing.alert.severity, standing.priority, happened) == (Severity.LOW, Severity.HIGH, [])


def test_an_occurrence_soon_after_belongs_to_the_same_alert() -> None:
    closed, _ = done(told(begun(), occurrence(0, 50), 51)[0], EventKind.ACKNOWLEDGED)
    edge = 50 + REJOIN.total_seconds()
    assert lifecycle.rejoins(closed, occurrence(edge))
    assert not lifecycle.rejoins(closed, occurrence(edge + 1))
    waiting, _ = told(begun(), occurrence(0, 50), 51)
    assert lifecycle.rejoins(waiting, occurrence(edge * 100))
    standing, happened = again(closed, occurrence(edge), 2000)
    assert (standing.state, standing.count, standing.closed) == (AlarmState.UNACKNOWLEDGED, 2, None)
    assert (standing.began, standing.acknowledged, happened) == (after(0), None, ["repeated"])


def test_a_flapping_alert_counts_exactly_and_tells_seldom() -> None:
    standing, happened = begun(occurrence(0, 30)), []
    for number in range(1, 1000):
        standing, words = again(standing, occurrence(60 * number, 60 * number + 30), 60 * number + 31)
        happened += words
    assert (standing.count, standing.state) == (1000, AlarmState.RETURNED_UNACKNOWLEDGED)
    assert happened.count("repeated") == 10  # 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000
    assert happened.count("returned") == 10
    assert not standing.chattering


def test_the_counts_that_are_told() -> None:
    assert [count for count in range(1, 1001) if told_by_count(count)] == [1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000]


def test_an_occurrence_that_was_not_told_and_lasts_is_told() -> None:
    standing = begun(occurrence(0, 30))
    for number in range(1, 4):
        standing, happened = again(standing, occurrence(100 * number, 100 * number + 30 if number < 3 else None), 300)
    assert (standing.count, standing.state, happened) == (4, AlarmState.UNACKNOWLEDGED, [])
    assert lifecycle.passed(standing, now=after(300) + SETTLED - timedelta(seconds=1)) == (standing, [])
    standing, events = lifecycle.passed(standing, now=after(300) + SETTLED)
    assert kinds(events) == ["repeated"]
    assert lifecycle.passed(standing, now=after(300) + 2 * SETTLED) == (standing, [])
    assert told(standing, occurrence(300, 400), 401)[1] == ["returned"]


def test_three_begins_within_a_minute_are_chatter_and_are_told() -> None:
    standing = begun(occurrence(0, 30))
    for number in range(1, 6):
        standing, _ = again(standing, occurrence(100 * number, 100 * number + 1), 100 * number + 1)
    assert not standing.chattering
    standing, happened = again(standing, occurrence(520, 521), 521)
    assert (standing.count, happened) == (7, [])
    standing, happened = again(standing, occurrence(560, 561), 561)
    assert standing.chattering
    assert happened == ["repeated", "returned"]


def test_an_acknowledged_alert_that_recurs_asks_again() -> None:
    standing, _ = told(begun(occurrence(0, latching=True)), occurrence(0, 10, latching=True), 11)
    for number in range(1, 4):
        standing, _ = again(standing, occurrence(100 * number, 100 * number + 10, latching=True), 100 * number + 11)
    standing, _ = done(standing, EventKind.ACKNOWLEDGED, 400)
    assert standing.state is AlarmState.LATCHED_ACKNOWLEDGED
    standing, happened = again(standing, occurrence(500, latching=True), 501)
    assert (standing.state, standing.count, happened) == (AlarmState.UNACKNOWLEDGED, 5, ["repeated"])


def test_a_recurrence_that_is_worse_says_so_once() -> None:
    standing, _ = told(begun(), occurrence(0, 10), 11)
    standing, happened = again(standing, occurrence(100, 110, severity=Severity.CRITICAL), 111)
    assert (standing.priority, happened) == (Severity.CRITICAL, ["worsened", "returned"])
    standing, happened = again(standing, occurrence(200, 210), 211)
    assert (standing.priority, standing.alert.severity) == (Severity.CRITICAL, Severity.MEDIUM)
    assert happened == ["repeated", "returned"]
    standing, happened = again(standing, occurrence(300, 310, severity=Severity.CRITICAL), 311)
    assert happened == []


@pytest.mark.parametrize(
    ("hidden", "state", "kind"),
    [
        (SHELF, AlarmState.SHELVED, "shelved"),
        (Hidden(suppressed_by="line_runs"), AlarmState.SUPPRESSED, "suppressed"),
        (Hidden(out_of_service=True), AlarmState.OUT_OF_SERVICE, "out_of_service"),
        (replace(SHELF, out_of_service=True, suppressed_by="x"), AlarmState.OUT_OF_SERVICE, "out_of_service"),
    ],
)
def test_what_begins_hidden_tells_nobody_until_it_is_seen(hidden: Hidden, state: AlarmState, kind: str) -> None:
    standing, events = lifecycle.raised(occurrence(0), now=after(1), hidden=hidden, group="")
    assert (standing.state, standing.told, kinds(events)) == (state, None, [kind])
    gone, happened = told(standing, occurrence(0, 50), 51)
    assert (gone.state, happened) == (AlarmState.NORMAL, ["returned", "closed"])
    seen, events = lifecycle.hid(standing, VISIBLE, now=after(60))
    assert (seen.state, seen.told) == (AlarmState.UNACKNOWLEDGED, after(60))
    assert events[-1].standing.told == events[-1].at


def test_a_latch_that_nobody_saw_is_told_when_it_is_seen() -> None:
    standing = begun(occurrence(0, latching=True), SHELF)
    standing, _ = told(standing, occurrence(0, 50, latching=True), 51, SHELF)
    assert standing.state is AlarmState.SHELVED
    seen, _ = lifecycle.hid(standing, VISIBLE, now=after(3600))
    assert (seen.state, seen.told) == (AlarmState.LATCHED_UNACKNOWLEDGED, after(3600))


def test_below_a_shelf_life_goes_on() -> None:
    standing, events = lifecycle.hid(begun(), SHELF, now=after(10), person="li", comment="bearing")
    assert (standing.state, [(one.person, one.comment) for one in events]) == (AlarmState.SHELVED, [("li", "bearing")])
    returned, happened = told(standing, occurrence(0, 50), 51, SHELF)
    assert (returned.state, happened) == (AlarmState.SHELVED, ["returned"])
    assert lifecycle.hid(returned, VISIBLE, now=after(60))[0].state is AlarmState.RETURNED_UNACKNOWLEDGED
    known, _ = done(standing, EventKind.ACKNOWLEDGED)
    assert known.state is AlarmState.SHELVED
    assert lifecycle.hid(known, VISIBLE, now=after(60))[0].state is AlarmState.ACKNOWLEDGED


def test_reasons_to_hide_come_and_go_one_by_one() -> None:
    every = Hidden(out_of_service=True, shelved_until=after(3600), suppressed_by="f" * 16)
    standing, events = lifecycle.hid(begun(), every, now=after(10))
    assert kinds(events) == ["out_of_service", "shelved", "suppressed"]
    assert lifecycle.hid(standing, every, now=after(11)) == (standing, [])
    standing, events = lifecycle.hid(standing, replace(every, out_of_service=False), now=after(12))
    assert (standing.state, kinds(events)) == (AlarmState.SHELVED, ["in_service"])
    standing, events = lifecycle.hid(standing, Hidden(suppressed_by="f" * 16), now=after(13))
    assert (standing.state, kinds(events)) == (AlarmState.SUPPRESSED, ["unshelved"])
    longer = Hidden(shelved_until=after(60))
    assert kinds(lifecycle.hid(begun(hidden=longer), Hidden(shelved_until=after(90)), now=after(14))[1]) == ["shelved"]


def test_what_flaps_while_suppressed_makes_few_events() -> None:
    hidden, happened = Hidden(suppressed_by="line_runs"), []
    standing = begun(occurrence(0, 10), hidden)
    for number in range(1, 100):
        standing, words = again(standing, occurrence(60 * number, 60 * number + 10), 60 * number + 11, hidden)
        happened += words
    assert (standing.count, standing.state) == (100, AlarmState.NORMAL)
    assert happened.count("repeated") == 7
    standing, words = again(standing, occurrence(6100), 6101)
    assert (standing.told, words) == (after(6101), ["repeated"])


@pytest.mark.parametrize("hidden", [SHELF, Hidden(out_of_service=True), Hidden(suppressed_by="line_runs")])
def test_what_was_told_and_flaps_while_hidden_makes_few_events(hidden: Hidden) -> None:
    standing, happened = lifecycle.hid(begun(occurrence(0, 5)), hidden, now=after(6))[0], []
    for number in range(1, 100):
        standing, words = again(standing, occurrence(20 * number), 20 * number, hidden)
        standing, events = lifecycle.passed(standing, now=after(20 * number + 1))
        standing, more = told(standing, occurrence(20 * number, 20 * number + 5), 20 * number + 5, hidden)
        happened += [*words, *kinds(events), *more]
    assert (standing.count, happened.count("repeated"), happened.count("returned")) == (100, 7, 7)


def test_an_occurrence_that_lasted_while_hidden_is_told_when_it_is_seen() -> None:
    standing = lifecycle.hid(begun(occurrence(0, 5)), SHELF, now=after(6))[0]
    for number in range(1, 4):
        standing, _ = again(standing, occurrence(100 * number, 100 * number + 5), 100 * number + 5, SHELF)
    standing, _ = again(standing, occurrence(600), 601, SHELF)
    assert lifecycle.passed(standing, now=after(601) + 2 * SETTLED) == (standing, [])
    standing, events = lifecycle.hid(standing, VISIBLE, now=after(3600))
    assert (standing.state, standing.said, kinds(events)) == (AlarmState.UNACKNOWLEDGED, True, ["unshelved"])
    assert told(standing, occurrence(600, 3700), 3701)[1] == ["returned"]


def test_begins_before_a_clock_was_set_back_are_no_chatter() -> None:
    standing = begun(occurrence(7200, 7210))
    standing, _ = again(standing, occurrence(7300, 7310), 7311)
    standing, happened = again(standing, occurrence(600), 601)
    assert (standing.chattering, standing.recent, happened) == (False, (after(600),), ["repeated"])
    assert (standing.began, standing.count, standing.alert) == (after(600), 3, occurrence(600))


def test_an_abandoned_alert_lasts_again_when_it_is_found_again() -> None:
    standing, events = lifecycle.abandoned(begun(), now=after(60))
    assert (standing.state, standing.abandoned, kinds(events)) == (
        AlarmState.RETURNED_UNACKNOWLEDGED,
        True,
        ["returned"],
    )
    assert standing.alert.ended == after(60)
    assert lifecycle.abandoned(standing, now=after(61)) == (standing, [])
    back, happened = told(standing, occurrence(0), 70)
    assert (back.state, back.count, back.abandoned, happened) == (AlarmState.UNACKNOWLEDGED, 1, False, ["repeated"])
    really, happened = told(standing, occurrence(0, 30), 70)
    assert (really.alert.ended, really.abandoned, happened) == (after(30), False, [])


def test_comments_and_escalations_are_told() -> None:
    standing, happened = done(begun(), EventKind.COMMENTED, comment="noisy")
    assert (standing.state, happened) == (AlarmState.UNACKNOWLEDGED, ["commented"])
    assert done(standing, EventKind.ESCALATED)[1] == ["escalated"]
    known, _ = done(standing, EventKind.ACKNOWLEDGED)
    assert done(known, EventKind.ACKNOWLEDGED) == (known, [])
    assert done(known, EventKind.ACKNOWLEDGED, comment="me too")[1] == ["commented"]
    with pytest.raises(ValueError, match="no action on one alert"):
        done(standing, EventKind.SHELVED)


def test_events_are_numbered_and_hold_the_standing_after_them() -> None:
    standing, first = lifecycle.raised(occurrence(0, 5), now=after(6), hidden=VISIBLE, group="")
    _, second = lifecycle.acted(standing, Action(EventKind.ACKNOWLEDGED, "li", standing.id), now=after(7))
    events = first + second
    assert [event.id for event in events] == [f"{standing.id}-{number}" for number in range(1, 5)]
    assert [event.standing.state.value for event in events] == [
        "unacknowledged",
        "returned_unacknowledged",
        "normal",
        "normal",
    ]


@pytest.mark.parametrize(
    ("action", "said"),
    [
        ({}, "name one alert, or the path"),
        ({"alert": "a", "path": PRESS}, "name one alert, or the path"),
        ({"path": PRESS}, "a path can be shelved or unshelved"),
        ({"alert": "a", "person": " "}, "say who does it"),
        ({"alert": "a", "comment": "x" * (LONGEST_COMMENT + 1)}, "1001 characters; 1000 at most"),
        ({"alert": "a", "kind": EventKind.COMMENTED}, "write the comment"),
        ({"alert": "a", "kind": EventKind.OUT_OF_SERVICE}, "say why it is taken out of service"),
        ({"alert": "a", "kind": EventKind.SHELVED, "until": after(9)}, "say why it is shelved"),
        ({"alert": "a", "kind": EventKind.SHELVED, "comment": "x"}, "say until when"),
        ({"path": PRESS, "kind": EventKind.SHELVED, "comment": "x", "until": after(0)}, "ends in the future"),
        (
            {"path": PRESS, "kind": EventKind.SHELVED, "comment": "x", "until": after(1) + LONGEST_SHELF},
            "for longer than 7 days; take it out of service instead",
        ),
    ],
)
def test_an_action_that_is_not_whole_says_what_it_needs(action: dict[str, Any], said: str) -> None:
    asked = Action(**{"kind": EventKind.ACKNOWLEDGED, "person": "li", **action})
    with pytest.raises(ActionError, match=said):
        lifecycle.check(asked, now=after(0))


def test_every_state_can_be_left_and_come_to() -> None:
    assert set(LEGAL) == set(AlarmState)
    assert set().union(*LEGAL.values()) == set(AlarmState)
