"""The outbox: whatever is killed in between, every notice is sent, and one that is sent again has the same id."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar

import pytest
import sqlalchemy as sa

from analytics import alertlog, channelhealth, outbox
from analytics.alerts import Alert
from analytics.lifecycle import Action, EventKind
from analytics.notification import EXPIRED, FLOOD_OVER, SUMMARY, Fate, Notification, Told
from analytics.outbox import Record, Taken
from analytics.outboxtables import NOTIFICATIONS
from analytics.pacing import Pace
from analytics.routing import FLOOD, Rules
from collector.park import Severity
from collector.records import Records
from tests.analytics.telling import alert, at, channel, notices, rules

pytestmark = pytest.mark.every_database

T = TypeVar("T")


class Office:
    """The outbox of one installation, at a time that the test says."""

    def __init__(self, records: Records, made: Rules) -> None:
        self.records = records
        self.rules = made
        self.notices = notices(made)
        self.now = 0.0

    async def do(self, work: Callable[[sa.Connection], T]) -> T:
        return await self.records.run(work)

    async def find(self, *alerts: Alert) -> None:
        await self.do(lambda c: alertlog.fold(c, alerts, now=at(self.now), suppressed=lambda _: ""))

    async def act(self, kind: EventKind, identity: str) -> None:
        await self.do(lambda c: alertlog.act(c, Action(kind, "anna", alert=identity), now=at(self.now)))

    async def suppress(self, by: str) -> None:
        await self.do(lambda c: alertlog.sweep(c, now=at(self.now), suppressed=lambda _: by))

    async def route(self) -> int:
        def step(connection: sa.Connection) -> int:
            now = at(self.now)
            outbox.escalate(connection, self.rules, now)
            outbox.expire(connection, self.rules, self.notices, now)
            done = outbox.deliver(connection, self.rules, self.notices, now)
            outbox.settle_floods(connection, self.rules, self.notices, now)
            return done

        return await self.do(step)

    async def take(self, name: str = "a") -> Taken:
        config = self.rules.channels[name]
        pace = Pace(self.rules.zone(name), config.quiet, config.rate)
        return await self.do(lambda c: outbox.take(c, name, pace, self.notices, at(self.now)))

    async def taken(self, name: str = "a") -> Notification:
        one = (await self.take(name)).one
        assert one is not None
        return one

    async def delivered(self, one: Notification) -> None:
        await self.do(lambda c: outbox.delivered(c, self.rules, one, "ok", at(self.now)))

    async def refused(self, one: Notification) -> None:
        await self.do(lambda c: outbox.refused(c, self.rules, one, "no", at(self.now), self.notices))

    async def unreachable(self, one: Notification, minutes: float = 1) -> None:
        due = at(self.now + minutes)
        await self.do(lambda c: outbox.unreachable(c, self.rules, one, "nobody", due=due, now=at(self.now)))

    async def send_all(self, name: str = "a") -> list[tuple[Notification, Told]]:
        """Send what is due, and give it."""
        sent = []
        while (taken := await self.take(name)).one is not None:
            sent.append((taken.one, taken.told))
            await self.delivered(taken.one)
        return sent

    async def read(self, **asked: Any) -> Sequence[Record]:
        return await self.do(lambda c: outbox.read_notifications(c, **asked))


@pytest.fixture
def office(records: Records) -> Office:
    return Office(records, rules([channel("a"), channel("b")]))


async def test_an_event_becomes_one_notification_per_channel_once(office: Office) -> None:
    await office.find(alert())
    assert [await office.route(), await office.route()] == [1, 0]
    assert sorted(one.notification.channel for one in await office.read()) == ["a", "b"]


async def test_what_is_sent_and_answered_is_not_sent_again(office: Office) -> None:
    await office.find(alert())
    await office.route()
    (sent,) = await office.send_all()
    assert sent[0].kind == "raised"
    assert sent[1]["title"].startswith("[medium] Press 1: Force")
    assert (await office.take()).one is None
    (record,) = await office.read(channel="a")
    assert (record.notification.fate, record.answer, record.sent) == (Fate.SENT, "ok", at(0))


async def test_one_that_was_begun_is_sent_again_with_the_same_id(office: Office) -> None:
    await office.find(alert())
    await office.route()
    first = await office.taken()  # and then everything is killed, before or after the answer
    second = await office.taken()
    assert (second.id, second.attempts) == (first.id, 2)


async def test_routing_that_is_killed_is_done_again_with_the_same_ids(office: Office) -> None:
    def die(connection: sa.Connection) -> None:
        outbox.deliver(connection, office.rules, office.notices, at(0))
        ids.extend(one.notification.id for one in outbox.read_notifications(connection))
        raise MemoryError

    ids: list[str] = []
    await office.find(alert())
    with pytest.raises(MemoryError):
        await office.do(die)
    assert await office.read() == []
    await office.route()
    assert [one.notification.id for one in await office.read()] == ids


async def test_a_return_is_sent_after_its_alert(office: Office) -> None:
    await office.find(alert())
    await office.route()
    raised = await office.taken()
    await office.unreachable(raised, minutes=10)
    office.now = 1
    await office.find(replace(alert(), ended=at(1)))
    await office.route()
    assert (await office.take()).one is None
    office.now = 10
    assert [one.kind for one, _ in await office.send_all()] == ["raised", "returned"]


async def test_a_channel_that_cannot_be_reached_for_long_is_an_alert_on_the_others(office: Office) -> None:
    await office.find(alert())
    await office.route()
    one = await office.taken()
    await office.unreachable(one)
    assert [found.detector for found in await office.do(alertlog.read_alerts)] == ["limit"]
    office.now = 5
    await office.unreachable(await office.taken())
    office.now = 6
    await office.unreachable(await office.taken())
    await office.route()
    told = [one for one in await office.read() if one.notification.kind == "raised" and "Channel" in one.told["title"]]
    assert [(one.notification.channel, one.told["title"]) for one in told] == [
        ("b", "[high] Channel a cannot be reached, alerts wait: nobody")
    ]
    office.now = 8
    await office.send_all()
    await office.route()
    returned = [one for one in await office.read(channel="b") if one.notification.kind == "returned"]
    assert [one.told["title"] for one in returned] == [
        "Back to normal: [high] Channel a cannot be reached, alerts wait: nobody"
    ]


async def test_channels_that_all_refuse_make_no_circle(office: Office) -> None:
    await office.find(alert())
    for _ in range(10):
        await office.route()
        for name in ("a", "b"):
            while (one := (await office.take(name)).one) is not None:
                await office.refused(one)
    alerts = await office.do(alertlog.read_alerts)
    assert sorted(one.signal for one in alerts) == ["channel:a", "channel:b", "east/line-1/press-1/force"]
    assert len(await office.read()) == 4 + 3  # of the alert, and of either channel, that it was told nobody
    assert {one.notification.fate for one in await office.read()} == {Fate.REFUSED}


async def test_what_is_too_old_expires_and_the_others_say_so(office: Office) -> None:
    await office.find(alert())
    await office.route()
    await office.unreachable(await office.taken())
    office.now = 24 * 60
    await office.route()
    by_channel = {one.notification.channel: one for one in await office.read() if one.notification.kind == EXPIRED}
    assert sorted(by_channel) == ["a", "b"]  # neither was reached
    assert by_channel["b"].told["title"] == "Not delivered by channel a: 1 notice"
    office.now = 49 * 60
    await office.route()
    assert {one.notification.fate for one in await office.read()} == {Fate.EXPIRED}
    assert len(await office.read()) == 4


async def test_what_is_refused_and_told_nowhere_else_is_told_on_the_others(records: Records) -> None:
    office = Office(records, rules([channel("a"), channel("b")], {"channels": ["a"]}))
    await office.find(alert())
    await office.route()
    await office.refused(await office.taken("a"))
    (told,) = [one for one in await office.read(channel="b") if one.notification.kind == EXPIRED]
    assert told.told["title"] == "Not delivered by channel a: 1 notice"
    assert "Press 1: Force: 83.2 kN is above its limit" in told.told["text"]
    await office.refused(told.notification)
    assert len(await office.read()) == 2  # and that is the end of it


async def test_what_is_refused_and_told_elsewhere_is_not_told_again(office: Office) -> None:
    await office.find(alert())
    await office.route()
    await office.refused(await office.taken("a"))
    assert not [one for one in await office.read() if one.notification.kind == EXPIRED]
    await office.refused(await office.taken("b"))
    assert [one.notification.channel for one in await office.read() if one.notification.kind == EXPIRED] == ["a"]


async def test_what_was_refused_of_what_lasts_comes_again_once_the_channel_is_mended(office: Office) -> None:
    *alerts, new = (alert(f"{factory}/line-1/press-{n}") for factory in ("east", "west") for n in (1, 2))
    await office.find(*alerts)
    await office.route()
    refused = {}
    while (one := (await office.take()).one) is not None:
        refused[one.alert] = one.id
        office.now += 0.1  # no receiver answers at once
        await office.refused(one)
    lasts, over, seen = (next(one for one in alerts if one.id == identity) for identity in refused)
    office.now = 1
    await office.act(EventKind.ACKNOWLEDGED, seen.id)
    await office.find(replace(over, ended=at(1)), new)
    await office.route()
    sent = {one.alert: one.id for one, _ in await office.send_all() if one.kind == "raised"}
    assert sent.keys() == {lasts.id, new.id}
    assert sent[lasts.id] == refused[lasts.id]
    (record,) = await office.read(channel="a", alert=lasts.id)
    assert (record.notification.fate, record.notification.attempts, record.answer) == (Fate.SENT, 2, "ok")


async def test_what_was_refused_does_not_come_after_what_is_newer_of_its_alert(office: Office) -> None:
    lasts = alert()
    await office.find(lasts)
    await office.route()
    await office.refused(await office.taken())
    await office.find(replace(lasts, severity=Severity.HIGH))
    office.now = 1
    await office.route()
    assert [one.kind for one, _ in await office.send_all()] == ["worsened"]


async def test_a_summary_that_was_refused_comes_again_while_one_of_its_alerts_lasts(records: Records) -> None:
    office = Office(records, rules([channel("a", quiet=[{"start": "12:00", "end": "13:00"}])]))
    first, second = alert(), alert("west/line-1/press-1")
    await office.find(first, second)
    await office.route()
    assert (await office.take()).one is None
    office.now = 60
    summary = await office.taken()
    assert summary.kind == SUMMARY
    office.now = 60.1
    await office.refused(summary)
    await office.find(replace(first, ended=at(60)), alert("west/line-1/press-2"))
    await office.route()
    assert [one.id for one, _ in await office.send_all() if one.kind == SUMMARY] == [summary.id]


async def test_what_is_refused_again_for_what_it_says_does_not_come_for_ever(office: Office) -> None:
    bad = alert()
    await office.find(bad)
    for minute, machine in enumerate(("east/line-1/press-2", "west/line-1/press-1", "west/line-1/press-2")):
        office.now = minute
        await office.find(alert(machine))
        await office.route()
        while (one := (await office.take()).one) is not None:
            office.now += 0.1
            await (office.refused(one) if one.alert == bad.id else office.delivered(one))
    (record,) = await office.read(channel="a", alert=bad.id)
    assert (record.notification.fate, record.notification.attempts) == (Fate.REFUSED, 2)


async def test_what_is_refused_twice_is_told_on_the_others_once(records: Records) -> None:
    office = Office(records, rules([channel("a"), channel("b")], {"channels": ["a"]}))
    bad = alert()
    await office.find(bad)
    await office.route()
    office.now = 0.1
    await office.refused(await office.taken())
    office.now = 1
    await office.find(alert("east/line-1/press-2"))
    await office.route()
    while (one := (await office.take()).one) is not None:
        office.now += 0.1
        await (office.refused(one) if one.alert == bad.id else office.delivered(one))
    (record,) = await office.read(channel="a", alert=bad.id)
    assert (record.notification.fate, record.notification.attempts) == (Fate.REFUSED, 2)
    assert len([one for one in await office.read(channel="b") if one.notification.kind == EXPIRED]) == 1


async def test_what_expires_while_it_is_sent_and_is_refused_then_is_told_on_the_others_once(records: Records) -> None:
    office = Office(records, rules([channel("a"), channel("b")], {"channels": ["a"]}))
    await office.find(alert())
    await office.route()
    office.now = 24 * 60 - 0.01
    one = await office.taken()
    office.now = 24 * 60
    await office.route()
    await office.refused(one)
    assert [record.notification.fate for record in await office.read(channel="a")] == [Fate.EXPIRED]
    assert len(await office.read(channel="b")) == 1
    assert "channel" in [found.detector for found in await office.do(alertlog.read_alerts)]


async def test_what_expires_with_one_that_was_told_on_the_others_is_told_there(records: Records) -> None:
    office = Office(records, rules([channel("a"), channel("b")], {"channels": ["a"]}))
    first, second = alert(), alert("west/line-1/press-1")
    await office.find(first)
    await office.route()
    await office.refused(await office.taken())
    office.now = 1
    await office.find(alert("east/line-1/press-2"))
    await office.route()
    await office.delivered(await office.taken())  # what was refused comes again
    await office.find(second)
    await office.route()
    office.now = 25 * 60
    await office.route()
    told = [one.told for one in await office.read(channel="b") if one.notification.kind == EXPIRED]
    assert [[each["data"]["alert"] for each in one["data"]["notices"]] for one in told] == [[second.id], [first.id]]


async def test_what_is_sent_meanwhile_does_not_expire(office: Office) -> None:
    await office.find(alert())
    await office.route()
    office.now = 24 * 60
    sent = sa.update(NOTIFICATIONS).where(NOTIFICATIONS.c.channel == "a").values(fate=Fate.SENT.value)

    def expire(connection: sa.Connection) -> int:
        before_the_first_change(connection, sent)
        return outbox.expire(connection, office.rules, office.notices, at(office.now))

    assert await office.do(expire) == 1
    told = [one.told for one in await office.read() if one.notification.kind == EXPIRED]
    assert [one["data"]["channel"] for one in told] == ["b"]


@pytest.mark.parametrize("minutes", [0, 60])
async def test_what_is_given_up_meanwhile_is_not_sent(records: Records, minutes: float) -> None:
    office = Office(records, rules([channel("a", quiet=[{"start": "12:00", "end": "13:00"}] if minutes else [])]))
    await office.find(alert(), alert("west/line-1/press-1"))
    await office.route()
    if minutes:  # when it is over, one summary is to tell them
        await office.take()
    office.now = minutes
    gone = sa.update(NOTIFICATIONS).values(fate=Fate.EXPIRED.value)
    pace = Pace(office.rules.zone("a"), office.rules.channels["a"].quiet)

    def take(connection: sa.Connection) -> Taken:
        before_the_first_change(connection, gone)
        return outbox.take(connection, "a", pace, office.notices, at(office.now))

    assert (await office.do(take)).one is None
    assert {(one.notification.fate, one.notification.attempts) for one in await office.read()} == {(Fate.EXPIRED, 0)}


def before_the_first_change(connection: sa.Connection, change: sa.Update) -> None:
    """Let something else be changed after all was read and before anything is written, as by a commit of others."""
    pending = [change]

    def first(connection: sa.Connection, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("UPDATE") and pending:
            connection.execute(pending.pop())

    sa.event.listen(connection, "before_cursor_execute", first)


async def test_one_that_is_grouped_while_the_one_that_tells_it_ends_is_told(records: Records) -> None:
    office = Office(records, rules([channel("a")]))
    first, second = alert(), alert(key="low:1", began=0.01)
    await office.find(first)
    await office.find(second)
    await office.find(replace(first, ended=at(0.1)))
    await office.route()
    assert [(one.alert, one.kind) for one, _ in await office.send_all()] == [
        (first.id, "raised"),
        (second.id, "raised"),
        (first.id, "returned"),
    ]


async def test_what_is_for_a_channel_that_is_gone_is_told_on_the_others(records: Records) -> None:
    before = Office(records, rules([channel("a"), channel("b")]))
    await before.find(alert())
    await before.route()
    await before.refused(await before.taken("b"))
    after = Office(records, rules([channel("a")]))
    await after.do(lambda c: channelhealth.left_channels(c, after.rules, at(1)))
    assert [one.active for one in await after.do(alertlog.read_alerts) if one.detector == "channel"] == [False]


async def test_an_alert_that_nobody_acknowledges_is_escalated_once(records: Records) -> None:
    asked = {"name": "r", "channels": ["a"], "escalate": {"after": "15 min", "channels": ["b"]}}
    office = Office(records, rules([channel("a"), channel("b")], asked))
    await office.find(alert())
    for minute in (0, 14.9, 15, 16, 60):
        office.now = minute
        await office.route()
        assert len(await office.read(channel="b")) == (minute >= 15)
    (record,) = await office.read(channel="b")
    assert record.told["title"].startswith("Not acknowledged: [medium] Press 1")
    events = await office.do(lambda c: alertlog.read_events(c, kinds=[EventKind.ESCALATED]))
    assert [(event.person, event.comment) for event in events] == [(outbox.PROGRAM, "r")]


async def test_an_alert_that_is_acknowledged_is_not_escalated(records: Records) -> None:
    asked = {"channels": ["a"], "escalate": {"after": "15 min", "channels": ["b"], "repeat": "5 min"}}
    office = Office(records, rules([channel("a"), channel("b")], asked))
    await office.find(alert())
    for minute in (0, 15, 20):
        office.now = minute
        await office.route()
    await office.act(EventKind.ACKNOWLEDGED, alert().id)
    for minute in (21, 25, 60):
        office.now = minute
        await office.route()
    assert len(await office.read(channel="b")) == 2


async def test_an_alert_that_is_over_is_escalated_only_if_it_comes_again(records: Records) -> None:
    asked = {"channels": ["a"], "escalate": {"after": "15 min", "channels": ["b"]}}
    office = Office(records, rules([channel("a"), channel("b")], asked))
    await office.find(alert())
    await office.route()
    office.now = 16
    await office.find(replace(alert(), ended=at(16)))
    await office.route()
    assert await office.read(channel="b") == []
    office.now = 18
    await office.find(replace(alert(), began=at(18)))
    await office.route()
    office.now = 19
    await office.route()
    assert [one.notification.kind for one in await office.read(channel="b")] == ["escalated"]


@pytest.mark.parametrize(("shown", "due"), [(5.5, 15), (35, 35)])
async def test_an_alert_that_was_suppressed_is_escalated_when_it_is_due_and_seen(
    records: Records, shown: float, due: float
) -> None:
    asked = {"channels": ["a"], "escalate": {"after": "15 min", "channels": ["b"]}}
    office = Office(records, rules([channel("a"), channel("b")], asked))
    await office.find(alert())
    await office.route()
    for office.now in sorted({5, shown, 14.9, 15, 34.9, 35, 60}):
        if office.now in {5, shown}:
            await office.suppress("x" if office.now < shown else "")
        await office.route()
        assert len(await office.read(channel="b")) == (office.now >= max(due, shown))


async def test_while_its_alert_is_over_an_escalation_that_is_due_is_not_looked_at(
    records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {"channels": ["a"], "escalate": {"after": "15 min", "channels": ["b"]}}
    office = Office(records, rules([channel("a"), channel("b")], asked))
    await office.find(alert())
    await office.route()
    await office.find(replace(alert(), ended=at(1)))
    monkeypatch.setattr(alertlog, "read_standing", None)
    assert await office.do(lambda c: outbox.escalate(c, office.rules, at(60))) == 0


async def test_more_than_a_channel_carries_is_told_in_one_summary(records: Records) -> None:
    office = Office(records, rules([channel("a", rate={"count": 2, "per": "1 min"})]))
    await office.find(*(alert(f"east/line-1/mill-{number}") for number in range(8)))
    await office.route()
    told = {one.notification.alert for one in await office.read()}
    first = await office.send_all()
    assert len(first) == 1
    office.now = 1
    second = await office.send_all()
    assert [one.kind for one, _ in second] == [SUMMARY]
    listed = {each["data"]["alert"] for each in second[0][1]["data"]["notices"]}
    assert {first[0][0].alert} | listed == told
    assert {one.notification.fate for one in await office.read()} == {Fate.SENT, Fate.SUMMARISED}


async def test_a_flood_is_summarised_and_said_to_be_over(records: Records) -> None:
    office = Office(records, rules([channel("a")]))
    for number in range(FLOOD + 6):
        office.now = number * 0.1
        await office.find(alert(f"east/line-1/mill-{number}", began=number * 0.1))
        await office.route()
    before = await office.send_all()
    office.now = 11.01
    await office.route()
    summary = await office.send_all()
    office.now = 12
    await office.route()
    office.now = 12.1
    over = await office.send_all()
    kinds = [one.kind for one, _ in (*before, *summary, *over)]
    assert kinds.count("flood.began") == 1
    assert kinds[-2:] == [SUMMARY, FLOOD_OVER]
    assert await office.read(fates=[Fate.HELD, Fate.WAITING]) == []


async def test_how_channels_stand_is_read(office: Office) -> None:
    await office.find(alert())
    await office.route()
    await office.delivered(await office.taken("a"))
    await office.unreachable(await office.taken("b"))
    stands = await office.do(outbox.read_stands)
    assert (stands["a"].counts, stands["a"].health.worked) == ({"sent": 1}, at(0))
    assert (stands["b"].counts, stands["b"].health.how, stands["b"].oldest) == ({"waiting": 1}, "unreachable", at(0))


async def test_what_ended_long_ago_is_dropped(office: Office) -> None:
    await office.find(alert())
    await office.act(EventKind.ACKNOWLEDGED, alert().id)
    await office.find(replace(alert(), ended=at(0)))
    await office.route()
    await office.send_all("a")
    later = at(0) + outbox.KEPT + timedelta(days=1)
    await office.do(lambda c: outbox.forget(c, later))
    assert {one.notification.channel for one in await office.read()} == {"b"}


async def test_the_end_of_what_lasted_very_long_is_told(office: Office) -> None:
    await office.find(alert())
    await office.route()
    await office.send_all("a")
    office.now = 100 * 24 * 60
    await office.do(lambda c: outbox.forget(c, at(office.now)))
    await office.find(replace(alert(), ended=at(office.now)))
    await office.route()
    assert [one.notification.kind for one in await office.read(channel="a", alert=alert().id)] == ["returned", "raised"]
