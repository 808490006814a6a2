"""Which channels an alert is told on: every one that is raised is told, or said why not."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.lifecycle import HIDDEN, AlertEvent, EventKind, Hidden, Standing
from analytics.notification import FLOOD_BEGAN, FLOOD_OVER, TOLD, Fate, Notification
from analytics.routing import FLOOD, GROUPED, NO_ROUTE, NOT_ASKED, Board, Routed, Rules, calm, route
from analytics.trouble import trouble
from collector.park import Severity
from tests.analytics.telling import Life, alert, at, channel, rules, settings

BEGINNING = {EventKind.RAISED, EventKind.REPEATED, EventKind.WORSENED}
ONE, TWO = "east/line-1/press-1", "east/line-1/press-2"


class Desk:
    """Routes events as they come, and keeps what was told."""

    def __init__(self, made: Rules) -> None:
        self.rules = made
        self.board = Board()
        self.all: dict[str, Notification] = {}
        self.lives: dict[str, Life] = {}

    def live(self, *lives: Life) -> None:
        self.lives |= {life.id: life for life in lives}

    def route(self, events: Iterable[AlertEvent], now: float) -> Routed:
        standings = {life.id: life.standing for life in self.lives.values()}
        return self.take(list(events), standings, now)

    def take(self, events: Sequence[AlertEvent], standings: Mapping[str, Standing], now: float) -> Routed:
        """Route as the outbox does: with a board that is filled anew, of these alerts and their groups alone."""
        board = Board(floods=self.board.floods, flooded=self.board.flooded)
        groups = {event.standing.group for event in events} | {event.alert for event in events}
        for one in self.all.values():
            if one.group in groups or one.alert in groups:
                board.add(one)
        board.standings = {alert: standings[alert] for alert in board.concerned(events) if alert in standings}
        self.board = board
        return self.keep(route(self.rules, board, events, at(now)))

    def keep(self, routed: Routed) -> Routed:
        for one in (*routed.notifications, *routed.promoted):
            assert one in routed.promoted or one.id not in self.all
            self.all[one.id] = one
        return routed


def said(routed: Routed) -> list[tuple[str, str, Fate, str]]:
    return [(one.channel, one.kind, one.fate, one.reason) for one in (*routed.notifications, *routed.promoted)]


def test_without_routes_every_channel_is_told_of_every_alert() -> None:
    desk, life = Desk(rules([channel("a"), channel("b")])), Life(alert())
    assert said(desk.route(life.events, 0)) == [("a", "raised", Fate.WAITING, ""), ("b", "raised", Fate.WAITING, "")]


def test_a_channel_of_several_routes_is_told_once() -> None:
    desk = Desk(rules([channel("a")], {"channels": ["a"]}, {"channels": ["a"], "severities": ["medium"]}))
    assert len(desk.route(Life(alert()).events, 0).notifications) == 1


@pytest.mark.parametrize(
    "asked",
    [
        {"under": ["west"]},
        {"under": ["east/line-1/press-2"]},
        {"severities": ["high", "critical"]},
        {"detectors": ["multivariate"]},
        {"shifts": ["night"]},
    ],
)
def test_an_alert_that_fits_no_route_says_so(asked: dict[str, Any]) -> None:
    desk = Desk(rules([channel("a")], {"channels": ["a"], **asked}))
    assert said(desk.route(Life(alert()).events, 0)) == [("", "raised", Fate.UNTOLD, NO_ROUTE)]


@pytest.mark.parametrize(
    "asked",
    [{"under": ["east"]}, {"under": ["east/line-1"]}, {"detectors": ["limit"]}, {"shifts": ["day"]}, {"under": [ONE]}],
)
def test_an_alert_goes_by_the_route_that_fits(asked: dict[str, Any]) -> None:
    desk = Desk(rules([channel("a")], {"channels": ["a"], **asked}))
    assert [one.channel for one in desk.route(Life(alert()).events, 0).notifications] == ["a"]


@pytest.mark.parametrize(
    ("asked", "fits"),
    [
        ({"under": ["west"]}, True),
        ({"under": [ONE]}, True),
        ({"shifts": ["day"]}, True),
        ({"shifts": ["night"]}, False),
    ],
)
def test_an_alert_of_the_park_itself_is_below_every_path_and_in_every_shift_that_is_on(
    asked: dict[str, Any], *, fits: bool
) -> None:
    desk = Desk(rules([channel("a")], {"channels": ["a"], **asked}))
    silent = Life(alert("park", signal="collector", detector="link", key="silent"))
    assert [one.channel for one in desk.route(silent.events, 0).notifications] == (["a"] if fits else [""])
    ends = said(desk.route(silent.end(5), 5))
    assert ends == ([("a", "returned", Fate.WAITING, "")] if fits else [])


def test_a_shift_is_on_in_the_park_when_it_is_on_anywhere() -> None:
    made = rules([channel("a")])
    east, west = made.park.factories
    away = west.model_copy(update={"time_zone": "America/Chicago"})
    made = Rules(settings([channel("a")]), made.park.model_copy(update={"factories": (east, away)}))
    assert made.shifts_on("park", at(0)) == {"day", "night"}
    assert made.shifts_on("west/line-1/press-1", at(0)) == made.shifts_on("west", at(0)) == {"night"}
    assert made.shifts_on("gone", at(0)) == set()


def test_who_was_told_by_day_is_told_of_the_return_at_night() -> None:
    desk, life = Desk(rules([channel("a")], {"channels": ["a"], "shifts": ["day"]})), Life(alert())
    desk.route(life.events, 0)
    assert said(desk.route(life.end(10 * 60), 10 * 60)) == [("a", "returned", Fate.WAITING, "")]


def test_the_return_of_what_was_not_told_is_not_told() -> None:
    desk, life = Desk(rules([channel("a")], {"channels": ["a"], "severities": ["critical"]})), Life(alert())
    desk.route(life.events, 0)
    assert said(desk.route(life.end(5), 5)) == []


def test_acknowledgements_are_told_where_a_route_asks() -> None:
    life = Life(alert())
    asks = {"channels": ["a"], "events": ["raised", "acknowledged"]}
    desk = Desk(rules([channel("a"), channel("b")], asks, {"channels": ["b"]}))
    desk.route(life.events, 0)
    assert said(desk.route(life.act(EventKind.ACKNOWLEDGED, 1), 1)) == [("a", "acknowledged", Fate.WAITING, "")]


def test_alerts_of_one_group_are_told_once_and_a_graver_one_again() -> None:
    desk = Desk(rules([channel("a")]))
    first = Life(alert())
    second = Life(alert(key="low:1"), now=1, group=first.id)
    graver = Life(alert(TWO, severity=Severity.HIGH), now=2, group=first.id)
    desk.live(first, second, graver)
    told = [said(desk.route(life.events, number))[0] for number, life in enumerate((first, second, graver))]
    assert [(fate, reason) for _, _, fate, reason in told] == [
        (Fate.WAITING, ""),
        (Fate.UNTOLD, GROUPED),
        (Fate.WAITING, ""),
    ]


def test_one_of_a_group_that_lasts_is_told_when_the_one_that_told_it_is_over() -> None:
    desk, first = Desk(rules([channel("a")])), Life(alert())
    second = Life(alert(key="low:1"), now=1, group=first.id)
    third = Life(alert(key="low:2"), now=1, group=first.id)
    desk.live(first, second, third)
    desk.route([*first.events, *second.events, *third.events], 1)
    routed = desk.route(first.end(5), 5)
    assert [(one.alert, one.kind) for one in routed.notifications] == [(first.id, "returned")]
    told = {one.alert: one for one in routed.promoted}
    leader = max(second.id, third.id)
    assert {key: one.fate for key, one in told.items()} == {
        one: Fate.WAITING if one == leader else Fate.UNTOLD for one in (second.id, third.id)
    }
    follower = min(second.id, third.id)
    assert told[follower].into == leader


def grouped() -> tuple[Life, Life]:
    """Give two alerts of one group."""
    first = Life(alert())
    return first, Life(alert(key="low:1"), now=1, group=first.id)


def test_one_of_a_group_that_comes_with_the_end_of_the_one_that_told_it_is_told() -> None:
    desk, (first, second) = Desk(rules([channel("a")])), grouped()
    desk.live(first, second)
    routed = desk.route([*first.events, *second.events, *first.end(2)], 2)
    assert [(one.alert, one.fate) for one in routed.promoted] == [(second.id, Fate.WAITING)]


def test_where_returns_are_not_asked_for_one_that_is_over_tells_its_group_no_more() -> None:
    desk, (first, second) = Desk(rules([channel("a")], {"channels": ["a"], "events": ["raised"]})), grouped()
    desk.route(first.events, 0)
    assert said(desk.route(first.end(0.5), 0.5)) == [("a", "returned", Fate.UNTOLD, NOT_ASKED)]
    assert said(desk.route(first.act(EventKind.ACKNOWLEDGED, 0.6), 0.6)) == []
    assert said(desk.route(second.events, 1)) == [("a", "raised", Fate.WAITING, "")]


@pytest.mark.parametrize("hidden", [Hidden(shelved_until=at(480)), Hidden(out_of_service=True)])
def test_one_that_ended_while_it_was_hidden_tells_its_group_no_more(hidden: Hidden) -> None:
    desk, (first, second) = Desk(rules([channel("a")])), grouped()
    desk.live(first, second)
    desk.route([*first.events, *first.hide(0.2, hidden), *first.end(0.5)], 0.5)
    assert said(desk.route(second.events, 1)) == [("a", "raised", Fate.WAITING, "")]
    assert said(desk.route(first.hide(2, Hidden()), 2)) == [("a", "returned", Fate.WAITING, "")]


def test_one_whose_notice_never_arrived_lets_its_group_be_told_when_it_is_over() -> None:
    desk, (first, second) = Desk(rules([channel("a")])), grouped()
    desk.live(first, second)
    desk.route([*first.events, *second.events], 1)
    raised = next(one for one in desk.all.values() if one.alert == first.id)
    desk.all[raised.id] = replace(raised, fate=Fate.REFUSED)
    routed = desk.route(first.end(5), 5)
    assert routed.notifications == []
    assert [(one.alert, one.fate) for one in routed.promoted] == [(second.id, Fate.WAITING)]


def test_what_is_shelved_is_told_when_that_ends_and_it_lasts() -> None:
    desk = Desk(rules([channel("a")]))
    life = Life(alert(), hidden=Hidden(shelved_until=at(30)))
    assert said(desk.route(life.events, 0)) == [("a", "shelved", Fate.UNTOLD, "shelved")]
    assert said(desk.route(life.hide(30, Hidden()), 30)) == [("a", "raised", Fate.WAITING, "")]


def test_what_was_told_and_lasts_when_its_shelf_ends_is_told_again_and_waited_for() -> None:
    desk = Desk(rules([channel("a"), channel("b")], ESCALATED))
    life = Life(alert())
    desk.route(life.events, 0)
    desk.route(life.hide(1, Hidden(shelved_until=at(30))), 1)
    routed = desk.route(life.hide(30, Hidden()), 30)
    assert said(routed) == [("a", "raised", Fate.WAITING, "")]
    assert [(one.alert, one.due) for one in routed.armed] == [(life.id, at(45))]


def test_of_what_is_over_nobody_is_told_that_it_is_shelved() -> None:
    route = {"channels": ["a"], "events": ["raised", "returned", "shelved", "unshelved"]}
    desk, life = Desk(rules([channel("a")], route)), Life(alert())
    desk.route([*life.events, *life.end(1)], 1)
    assert said(desk.route(life.hide(2, Hidden(shelved_until=at(30))), 2)) == []
    assert said(desk.route(life.hide(30, Hidden()), 30)) == []


def test_what_was_told_is_not_told_again_when_its_suppression_ends() -> None:
    desk, life = Desk(rules([channel("a")])), Life(alert())
    desk.route(life.events, 0)
    desk.route(life.hide(1, Hidden(suppressed_by="x")), 1)
    assert said(desk.route(life.hide(2, Hidden()), 2)) == []


def test_what_was_told_and_ends_while_it_is_shelved_is_told_when_that_ends() -> None:
    desk, life = Desk(rules([channel("a")])), Life(alert())
    desk.route(life.events, 0)
    desk.route(life.hide(1, Hidden(shelved_until=at(30))), 1)
    assert said(desk.route(life.end(5), 5)) == [("a", "returned", Fate.UNTOLD, "shelved")]
    assert said(desk.route(life.hide(30, Hidden()), 30)) == [("a", "returned", Fate.WAITING, "")]


def test_what_another_alert_suppresses_is_untold_and_names_it() -> None:
    desk, parent = Desk(rules([channel("a")])), Life(alert(TWO))
    life = Life(alert(), hidden=Hidden(suppressed_by=parent.id))
    routed = desk.route(life.events, 0)
    assert [(one.fate, one.reason, one.into) for one in routed.notifications] == [
        (Fate.UNTOLD, "suppressed", parent.id)
    ]


def test_a_channel_that_fails_is_told_on_the_others_and_its_fallback() -> None:
    broken = Life(trouble("park", "a", "refused", "no", since=at(0)))
    assert [
        one.channel
        for one in Desk(rules([channel("a"), channel("b"), channel("c")])).route(broken.events, 0).notifications
    ] == ["b", "c"]
    made = rules([channel("a", fallback="c"), channel("b"), channel("c")], {"channels": ["b"]})
    assert [one.channel for one in Desk(made).route(broken.events, 0).notifications] == ["c"]


def test_channels_that_fail_are_told_one_by_one() -> None:
    desk = Desk(rules([channel("a"), channel("b"), channel("c")]))
    first = Life(trouble("park", "a", "refused", "no", since=at(0)))
    second = Life(trouble("park", "b", "refused", "no", since=at(1)), now=1, group=first.id)
    desk.live(first, second)
    desk.route(first.events, 0)
    assert ("c", "raised", Fate.WAITING, "") in said(desk.route(second.events, 1))


def test_a_flood_is_told_once_and_then_only_what_is_critical() -> None:
    desk = Desk(rules([channel("a"), channel("b", floods="pass")]))
    lives = [Life(alert(key=f"k{number}", began=number / 10), now=number / 10) for number in range(FLOOD + 2)]
    grave = Life(alert(key="grave", severity=Severity.CRITICAL), now=2)
    told = [said(desk.route(life.events, number / 10)) for number, life in enumerate(lives)]
    assert told[FLOOD - 1] == [("a", "raised", Fate.WAITING, ""), ("b", "raised", Fate.WAITING, "")]
    assert told[FLOOD] == [
        ("a", FLOOD_BEGAN, Fate.WAITING, "east"),
        ("a", "raised", Fate.HELD, "flood:east"),
        ("b", "raised", Fate.WAITING, ""),
    ]
    assert told[FLOOD + 1][0] == ("a", "raised", Fate.HELD, "flood:east")
    assert said(desk.route(grave.events, 2))[0] == ("a", "raised", Fate.WAITING, "")
    held = [one for one in desk.all.values() if one.fate is Fate.HELD]
    assert {one.due for one in held} == {at(FLOOD / 10 + 10)}


def test_a_lost_link_is_told_in_a_flood_which_may_come_of_it() -> None:
    desk = Desk(rules([channel("a")]))
    for number in range(FLOOD + 1):
        desk.route(Life(alert(f"east/line-1/press-{number}")).events, 0)
    lost = Life(alert(signal="source:plc", detector="link", key="lost", severity=Severity.HIGH))
    assert said(desk.route(lost.events, 1)) == [("a", "raised", Fate.WAITING, "")]


def test_alerts_that_are_grouped_make_no_flood() -> None:
    desk, first = Desk(rules([channel("a")])), Life(alert())
    many = [Life(alert(key=f"k{number}"), group=first.id) for number in range(2 * FLOOD)]
    desk.route([*first.events, *(life.events[0] for life in many)], 0)
    assert {one.reason for one in desk.all.values()} == {"", GROUPED}
    assert desk.board.floods["east"].began is None


def test_one_of_a_group_that_is_told_in_a_flood_is_held_as_any_other() -> None:
    desk, (first, second) = Desk(rules([channel("a")])), grouped()
    desk.live(first, second)
    desk.route([*first.events, *second.events], 1)
    desk.route([Life(alert(f"east/line-1/mill-{number}")).events[0] for number in range(FLOOD)], 1)
    routed = desk.route(first.end(2), 2)
    assert [(one.fate, one.reason) for one in routed.promoted] == [(Fate.HELD, "flood:east")]


def test_a_flood_is_over_when_few_alerts_come() -> None:
    desk = Desk(rules([channel("a")]))
    desk.route([Life(alert(key=f"k{number}"), now=0).events[0] for number in range(FLOOD + 1)], 0)
    assert calm(desk.rules, desk.board, at(10)).notifications == []
    over = calm(desk.rules, desk.board, at(10.1))
    assert [(one.channel, one.kind) for one in over.notifications] == [("a", FLOOD_OVER)]
    assert over.floods["east"].began is None


def test_a_flood_in_one_factory_holds_nothing_in_another() -> None:
    desk = Desk(rules([channel("a")]))
    desk.route([Life(alert(key=f"k{number}"), now=0).events[0] for number in range(FLOOD + 1)], 0)
    assert said(desk.route(Life(alert("west/line-1/press-1")).events, 0)) == [("a", "raised", Fate.WAITING, "")]


ESCALATED = {"name": "night", "channels": ["a"], "escalate": {"after": "15 min", "channels": ["b"]}}


def test_an_escalation_is_waited_for_from_the_notice_on() -> None:
    desk, life = Desk(rules([channel("a"), channel("b")], ESCALATED)), Life(alert())
    routed = desk.route(life.events, 0)
    assert [(one.alert, one.route, one.due) for one in routed.armed] == [(life.id, "night", at(15))]
    assert desk.route(life.act(EventKind.ACKNOWLEDGED, 5), 5).disarmed == {life.id}


def test_an_escalation_waits_for_the_end_of_quiet_hours() -> None:
    quiet = [{"start": "11:00", "end": "13:00"}]
    desk, life = Desk(rules([channel("a", quiet=quiet), channel("b")], ESCALATED)), Life(alert())
    assert [one.due for one in desk.route(life.events, 0).armed] == [at(60 + 15)]


def test_a_suppression_does_not_end_the_wait_for_an_acknowledgement() -> None:
    desk, life = Desk(rules([channel("a"), channel("b")], ESCALATED)), Life(alert())
    desk.route(life.events, 0)
    assert desk.route(life.hide(5, Hidden(suppressed_by="x")), 5).disarmed == set()


def test_the_end_of_a_suppression_begins_no_new_wait() -> None:
    desk, life = Desk(rules([channel("a"), channel("b")], ESCALATED)), Life(alert())
    desk.route([*life.events, *life.hide(5, Hidden(suppressed_by="x"))], 5)
    assert desk.route(life.hide(6, Hidden()), 6).armed == []


@pytest.mark.parametrize("acknowledged", [False, True])
def test_what_is_no_longer_shelved_is_waited_for_though_it_is_suppressed(*, acknowledged: bool) -> None:
    desk, life = Desk(rules([channel("a"), channel("b")], ESCALATED)), Life(alert())
    desk.route(life.events, 0)
    assert desk.route(life.hide(1, Hidden(shelved_until=at(30))), 1).disarmed == {life.id}
    desk.route(life.hide(2, Hidden(shelved_until=at(30), suppressed_by="x")), 2)
    if acknowledged:
        desk.route(life.act(EventKind.ACKNOWLEDGED, 3), 3)
    routed = desk.route(life.hide(30, Hidden(suppressed_by="x")), 30)
    assert said(routed) == []
    assert [(one.alert, one.due) for one in routed.armed] == ([] if acknowledged else [(life.id, at(45))])


def test_who_was_told_by_escalation_is_told_of_the_return() -> None:
    desk, life = Desk(rules([channel("a"), channel("b")], ESCALATED)), Life(alert())
    desk.route(life.events, 0)
    assert said(desk.route(life.act(EventKind.ESCALATED, 15, "night"), 15)) == [("b", "escalated", Fate.WAITING, "")]
    assert [one[:2] for one in said(desk.route(life.end(20), 20))] == [("a", "returned"), ("b", "returned")]


@st.composite
def lives(draw: st.DrawFn) -> Sequence[tuple[float, AlertEvent]]:
    """Give events of some alerts, in the order in which they happen."""
    happened: list[tuple[float, AlertEvent]] = []
    leader = ""
    for number in range(draw(st.integers(1, 14))):
        began = draw(st.integers(0, 30))
        machine = draw(st.sampled_from([ONE, TWO, "west/line-1/press-1"]))
        severity = draw(st.sampled_from(list(Severity)))
        hidden = draw(st.sampled_from([Hidden(), Hidden(), Hidden(suppressed_by="x"), Hidden(shelved_until=at(99))]))
        group = leader if leader and draw(st.booleans()) else ""
        life = Life(alert(machine, f"k{number}", began, severity=severity), now=began, hidden=hidden, group=group)
        leader = leader or life.id
        now = began
        for _ in range(draw(st.integers(0, 5))):
            now += draw(st.integers(0, 9))
            match draw(st.sampled_from(["end", "again", "worse", "ack", "hide", "show"])):
                case "end" if life.standing.alert.active:
                    life.end(now)
                case "again" if not life.standing.alert.active:
                    life.again(now)
                case "worse" if not life.standing.alert.active:
                    life.again(now, severity=Severity.CRITICAL)
                case "ack":
                    life.act(EventKind.ACKNOWLEDGED, now)
                case "hide":
                    life.hide(now, Hidden(shelved_until=at(99)))
                case "show":
                    life.hide(now, Hidden())
                case _:
                    pass
        happened += [((event.at - at(0)) / timedelta(minutes=1), event) for event in life.events]
    return sorted(happened, key=lambda one: (one[0], one[1].alert, one[1].number))


SETTINGS = st.sampled_from(
    [
        rules([channel("a"), channel("b", floods="pass")]),
        rules([channel("a"), channel("b")], {"channels": ["a"], "under": ["east"]}, ESCALATED),
        rules([channel("a"), channel("b")], {"channels": ["b"], "severities": ["high", "critical"]}),
    ]
)


@given(SETTINGS, lives(), st.integers(1, 5))
def test_every_alert_that_is_raised_is_told_or_said_why_not(
    made: Rules, events: Sequence[tuple[float, AlertEvent]], together: int
) -> None:
    desk = Desk(made)
    standings: dict[str, Standing] = {}
    for start in range(0, len(events), together):
        some = events[start : start + together]
        standings |= {event.alert: event.standing for _, event in some}
        desk.take([event for _, event in some], standings, some[-1][0])
    notified: dict[str, list[Notification]] = {}
    for one in desk.all.values():
        notified.setdefault(one.event, []).append(one)
    for _, event in events:
        mine = notified.get(event.id, [])
        if (
            event.kind in {EventKind.RAISED, EventKind.REPEATED, EventKind.WORSENED}
            and event.standing.state not in HIDDEN
        ):
            assert mine
            assert all(one.fate in TOLD or one.reason for one in mine)
        if event.kind is EventKind.RAISED and not made.routes:
            assert {one.channel for one in mine} == set(made.channels)
    for one in desk.all.values():
        if one.reason == GROUPED:  # what tells it is told, and at least as grave
            tells = [each for each in desk.all.values() if each.alert == one.into and each.channel == one.channel]
            assert any(each.fate in TOLD for each in tells)


@given(SETTINGS, lives())
def test_how_events_are_portioned_does_not_matter(made: Rules, events: Sequence[tuple[float, AlertEvent]]) -> None:
    once, bit_by_bit = Desk(made), Desk(made)
    now = events[-1][0]
    last = {event.alert: event.standing for _, event in events}
    once.take([event for _, event in events], last, now)
    for _, event in events:
        bit_by_bit.take([event], last, now)
    assert {key: replace(one, number=0) for key, one in once.all.items()} == bit_by_bit.all
