"""When a channel is told: hours of quiet, its bound, and what is told together; nothing is lost, nothing overtakes."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.notification import ORDER, SUMMARY, Fate, Notification
from analytics.pacing import QUIET, RATE, Pace, after, choose, quiet_until, settle, wakes
from collector.alerting import Quiet, Rate
from collector.park import Severity
from tests.analytics.telling import BEGIN, at

SHANGHAI = ZoneInfo("Asia/Shanghai")
NIGHT = Quiet(start=time(22), end=time(6))


def one(
    number: int, alert: str = "", severity: Severity = Severity.MEDIUM, due: float = 0, **keys: Any
) -> Notification:
    values: dict[str, Any] = {"made": at(due), "due": at(due), "number": number, "alert": alert or f"alert-{number}"}
    return Notification(f"event-{number}", "a", "raised", severity, **{**values, **keys})


def local(hour: int, minute: int = 0, day: int = 2) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=SHANGHAI).astimezone(UTC)


@pytest.mark.parametrize(
    ("when", "until"),
    [
        (local(21, 59), None),
        (local(22), local(6, day=3)),
        (local(5, 59, day=3), local(6, day=3)),
        (local(6, day=3), None),
    ],
)
def test_quiet_hours_run_over_midnight(when: datetime, until: datetime | None) -> None:
    assert quiet_until((NIGHT,), SHANGHAI, Severity.HIGH, when) == until


def test_what_is_critical_passes_quiet_hours() -> None:
    assert quiet_until((NIGHT,), SHANGHAI, Severity.CRITICAL, local(23)) is None


def test_quiet_hours_that_follow_each_other_are_one() -> None:
    weekend = Quiet(start=time(6), end=time(22), days=("tue",))
    assert quiet_until((NIGHT, weekend), SHANGHAI, Severity.LOW, local(23)) == local(6, day=4)


def test_quiet_hours_begin_on_their_days_alone() -> None:
    monday = replace_days(NIGHT)
    assert quiet_until((monday,), SHANGHAI, Severity.LOW, local(5, day=3)) == local(6, day=3)
    assert quiet_until((monday,), SHANGHAI, Severity.LOW, local(23, day=3)) is None


def replace_days(quiet: Quiet) -> Quiet:
    return quiet.model_copy(update={"days": ("mon",)})


def test_what_comes_in_quiet_hours_is_told_together_when_they_end() -> None:
    pace = Pace(SHANGHAI, (NIGHT,))
    settled = settle(pace, [one(1), one(2)], (), local(23))
    held = list(settled.changed.values())
    assert [(each.fate, each.reason, each.due) for each in held] == [(Fate.HELD, QUIET, local(6, day=3))] * 2
    settled = settle(pace, held, (), local(6, day=3))
    assert [[each.number for each in many] for many in settled.together.values()] == [[1, 2]]


def test_what_is_held_alone_is_told_by_itself() -> None:
    pace = Pace(SHANGHAI, (NIGHT,))
    held = one(1, fate=Fate.HELD, reason=QUIET)
    settled = settle(pace, [held], (), at(0))
    assert [each.fate for each in settled.changed.values()] == [Fate.WAITING]
    assert not settled.together


def test_the_bound_keeps_a_place_for_what_is_critical() -> None:
    pace = Pace(SHANGHAI, rate=Rate(count=5, per=timedelta(minutes=1)))
    sent = [at(0)] * 4
    assert choose(pace, [one(1)], sent, at(0.5)) is None
    assert choose(pace, [one(1), one(2, severity=Severity.CRITICAL)], sent, at(0.5)) == one(
        2, severity=Severity.CRITICAL
    )


def test_what_the_bound_holds_is_told_together_when_there_is_room() -> None:
    pace = Pace(SHANGHAI, rate=Rate(count=1, per=timedelta(minutes=1)))
    settled = settle(pace, [one(1), one(2)], [at(0)], at(0.5))
    held = list(settled.changed.values())
    assert [(each.reason, each.due) for each in held] == [(RATE, at(1))] * 2
    assert list(settle(pace, held, [], at(1)).together) == [RATE]


def test_a_return_waits_for_what_is_held_of_its_alert() -> None:
    raised = one(1, "a", fate=Fate.HELD, reason=QUIET, due=60)
    settled = settle(Pace(SHANGHAI), [raised, one(2, "a")], (), at(1))
    assert [(each.number, each.fate, each.due) for each in settled.changed.values()] == [(2, Fate.HELD, at(60))]


def test_what_is_critical_takes_with_it_what_is_held_of_its_alert() -> None:
    raised = one(1, "a", fate=Fate.HELD, reason=QUIET, due=60)
    worse = one(2, "a", Severity.CRITICAL)
    settled = settle(Pace(SHANGHAI), [raised, worse], (), at(1))
    assert settled.absorbed == {raised.id: worse.id}


def test_what_was_begun_is_sent_again_by_itself() -> None:
    pace = Pace(SHANGHAI, rate=Rate(count=1, per=timedelta(minutes=1)))
    begun = one(1, attempts=1, tried=at(0))
    settled = settle(pace, [begun, one(2)], [at(0)], at(0.5))
    assert begun.id not in settled.changed
    assert choose(pace, after([begun, one(2)], settled), [], at(2)) == begun


def test_nothing_overtakes_within_its_alert() -> None:
    waits = one(1, "a", due=10)
    assert choose(Pace(SHANGHAI), [waits, one(2, "a"), one(3, "b")], (), at(1)) == one(3, "b")


def test_a_summary_takes_with_it_what_waits_before_it_of_the_same_alert() -> None:
    waits, held = one(1, "a", due=9), one(2, "a", fate=Fate.HELD, reason="flood:east")
    settled = settle(Pace(SHANGHAI), [waits, held], (), at(1))
    assert [[each.number for each in many] for many in settled.together.values()] == [[1, 2]]


def test_what_is_due_goes_by_itself_where_there_is_no_room_for_a_summary_that_takes_it() -> None:
    pace = Pace(SHANGHAI, rate=Rate(count=1, per=timedelta(minutes=1)))
    waits, held = one(1, "a"), one(2, "a", fate=Fate.HELD, reason="flood:east")
    left = after([waits, held], settle(pace, [waits, held], (), at(1)))
    assert choose(pace, left, (), at(1)) == waits
    assert [each.due for each in left] == [at(0), at(2)]


def test_what_is_held_waits_for_what_was_begun_of_the_same_alert() -> None:
    begun, held = one(1, "a", due=9, attempts=1, tried=at(0)), one(2, "a", fate=Fate.HELD, reason="flood:east")
    settled = settle(Pace(SHANGHAI), [begun, held], (), at(1))
    assert not settled.together
    assert settled.changed[held.id].fate is Fate.HELD


def test_it_wakes_when_the_next_is_due() -> None:
    assert wakes(Pace(SHANGHAI), [one(1, due=10), one(2, due=5)], (), at(1)) == at(5)
    assert wakes(Pace(SHANGHAI), [], (), at(1)) is None


def test_it_does_not_wake_for_what_waits_for_another_of_its_alert() -> None:
    waits = one(1, "a", due=10, attempts=3, tried=at(0))
    assert wakes(Pace(SHANGHAI), [waits, one(2, "a")], (), at(1)) == at(10)


class Channel:
    """A channel that is told by its pace, and what becomes of every notification."""

    def __init__(self, pace: Pace) -> None:
        self.pace = pace
        self.pending: list[Notification] = []
        self.sent: list[tuple[datetime, Notification]] = []
        self.told_by: dict[str, str] = {}
        self.number = 0

    def add(self, *new: Notification) -> None:
        for each in new:
            self.number += 1
            self.pending.append(replace(each, number=self.number))

    def step(self, now: datetime) -> bool:
        """Do as the outbox does; give whether something was sent."""
        sent = [when for when, _ in self.sent]
        settled = settle(self.pace, self.pending, sent, now)
        left = after(self.pending, settled)
        self.told_by |= settled.absorbed
        for reason, many in settled.together.items():
            gravest = max((each.severity for each in many), key=ORDER.index)
            self.number += 1
            summary = Notification(
                f"s{self.number}", "a", SUMMARY, gravest, now, now, reason=reason, number=self.number
            )
            self.told_by |= {each.id: summary.id for each in many}
            left.append(summary)
        chosen = choose(self.pace, left, sent, now)
        if chosen is None:
            next_look = wakes(self.pace, left, sent, now)
            assert next_look is None or next_look > now
        self.pending = [each for each in left if chosen is None or each.id != chosen.id]
        if chosen is not None:
            self.sent.append((now, chosen))
        return chosen is not None

    def run(self, events: Iterable[tuple[datetime, Notification]], until: datetime) -> None:
        now, coming = BEGIN, sorted(events, key=lambda each: each[0])
        while now < until:
            self.add(*(each for when, each in coming if when <= now))
            coming = [each for each in coming if each[0] > now]
            while self.step(now):
                pass
            due = [
                wakes(self.pace, self.pending, [when for when, _ in self.sent], now),
                coming[0][0] if coming else None,
            ]
            now = max(min((each for each in due if each is not None), default=until), now + timedelta(seconds=1))


@st.composite
def told(draw: st.DrawFn) -> Sequence[tuple[datetime, Notification]]:
    many = draw(st.integers(1, 40))
    moments = sorted(draw(st.lists(st.integers(0, 36 * 60), min_size=many, max_size=many)))
    return [(at(moment), _one_of_some(draw, number, moment)) for number, moment in enumerate(moments)]


def _one_of_some(draw: st.DrawFn, number: int, moment: int) -> Notification:
    """Give a notification as a router makes it: waiting, or held by a flood."""
    made = one(number, f"alert-{draw(st.integers(0, 8))}", draw(st.sampled_from(ORDER)), due=moment)
    if made.critical or draw(st.integers(0, 3)):
        return made
    return replace(made, fate=Fate.HELD, reason="flood:east", due=at(moment + 10))


PACES = st.builds(
    Pace,
    st.just(SHANGHAI),
    st.sampled_from([(), (NIGHT,), (NIGHT, Quiet(start=time(12), end=time(13), passes=Severity.HIGH))]),
    st.none()
    | st.builds(Rate, count=st.integers(1, 6), per=st.sampled_from([timedelta(minutes=1), timedelta(hours=1)])),
)


@given(PACES, told())
def test_everything_is_told_once_and_in_order_within_the_bound(
    pace: Pace, events: Sequence[tuple[datetime, Notification]]
) -> None:
    channel = Channel(pace)
    channel.run(events, at(10 * 24 * 60))
    assert not channel.pending
    by_itself = {each.id for _, each in channel.sent}
    assert len(by_itself) == len(channel.sent)
    whole = {each.id: when for when, each in channel.sent}

    def told_at(identity: str) -> datetime:
        return whole[identity] if identity in whole else told_at(channel.told_by[identity])

    last: dict[str, datetime] = {}
    for _, each in events:
        assert (each.id in by_itself) != (each.id in channel.told_by)
        when = told_at(each.id)
        assert when >= last.get(each.alert, when)
        last[each.alert] = when
    times = [when for when, _ in channel.sent]
    if pace.rate is not None:
        per, count = pace.rate.per, pace.rate.count
        assert all(b - a >= per for a, b in zip(times, times[count:], strict=False))
    for when, each in channel.sent:
        assert quiet_until(pace.quiet, pace.zone, each.severity, when) is None
