"""Delivery: everything, in order, to whoever may be told it, whatever receivers and processes do meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa

from api import delivering, hooklog, posting
from api.auth import KEYS, revoke_key, rotate_key
from api.hooklease import LASTS
from api.hooklog import DELIVERIES, DeliveryState
from api.hooks import CALLERS, HOOKS, change_hook, note_token, rotate_secret
from api.hookwork import AT_ONCE, FAILED, READ
from collector.feed import prune
from collector.records import Records
from collector.settings import HookSettings
from tests.adapters.channels.receiver import HttpReceiver, Reply, Request
from tests.adapters.channels.webhook.verifier import verify
from tests.api.hooked import SEAL, Scene, bodies, deliver, ids
from tests.api.plant import GRINDER, HOB, PARK, PRESS

DOWN = Reply(503, b"later")


@pytest.fixture
def scene(records: Records) -> Scene:
    return Scene(records)


@pytest.fixture
async def receiver() -> AsyncIterator[HttpReceiver]:
    async with HttpReceiver() as running:
        yield running


@pytest.mark.every_database
async def test_events_are_posted_in_order_and_signed(scene: Scene, receiver: HttpReceiver) -> None:
    await scene.tell(HOB)
    hook = await scene.subscribed(receiver)
    dispatcher = scene.dispatcher()
    await deliver(dispatcher)
    assert receiver.requests == []  # what was told before is not posted
    await scene.tell(HOB, GRINDER)
    await scene.tell(PRESS, topic="states")
    await scene.tell("gears", topic="kpis")
    await deliver(dispatcher)
    assert ids(receiver) == ["2", "3", "4", "5"]
    for request in receiver.requests:
        verify(request, hook.secret)
        assert request.headers["content-type"] == "application/json"
    first = bodies(receiver)[0]
    assert first.keys() == {"type", "timestamp", "data", "id", "topic", "path"}
    assert (first["type"], first["id"], first["topic"], first["path"]) == ("alert.raised", "2", "alerts", HOB)
    assert first["data"]["equipment"] == HOB
    assert first["timestamp"].endswith("Z")
    assert [body["type"] for body in bodies(receiver)] == [
        "alert.raised", "alert.raised", "state.changed", "kpi.computed",
    ]  # fmt: skip
    log = await scene.log(hook)
    assert [(row.message, row.state, row.attempts, row.status) for row in log] == [
        (str(number), "delivered", 1, 204) for number in (2, 3, 4, 5)
    ]
    assert all(row.duration_us for row in log)
    current = await scene.current(hook)
    assert (current.cursor, current.failing, current.due) == (5, None, None)
    assert current.delivered is not None
    await deliver(dispatcher, looks=2)
    assert len(receiver.requests) == 4


async def test_each_webhook_has_its_filter(scene: Scene, receiver: HttpReceiver) -> None:
    async with HttpReceiver() as alerts, HttpReceiver() as severe:
        await scene.subscribed(receiver, paths=["gears/hobbing", PRESS])
        await scene.subscribed(alerts, topics=["alerts"])
        await scene.subscribed(severe, severities=["critical"])
        await scene.tell(HOB, GRINDER, PRESS)
        await scene.tell(GRINDER, priority="critical")
        await scene.tell(HOB, PARK.id, topic="kpis")
        await deliver(scene.dispatcher())
        assert ids(receiver) == ["1", "3", "5"]
        assert ids(alerts) == ["1", "2", "3", "4"]
        assert ids(severe) == ["4", "5", "6"]


async def test_nobody_is_told_what_they_may_not_see(scene: Scene, receiver: HttpReceiver) -> None:
    async with HttpReceiver() as nobody:
        await scene.subscribed(receiver, "gears")
        await scene.subscribed(nobody, "elsewhere", paths=[HOB])
        await scene.tell(HOB, PRESS, PARK.id, "gearshift/line/one", "gears")
        await deliver(scene.dispatcher())
        assert ids(receiver) == ["1", "5"]
        told = [request.headers["webhook-id"] for request in receiver.requests]
        assert told == [body["id"] for body in bodies(receiver)] == [SEAL.event(1), SEAL.event(5)]  # not how many
        assert nobody.requests == []


async def test_grants_count_as_they_are_when_something_is_delivered(scene: Scene, receiver: HttpReceiver) -> None:
    receiver.rule = lambda _: DOWN
    hook = await scene.subscribed(receiver, "gears", "moulds")
    await scene.tell(PRESS, HOB)
    dispatcher = scene.dispatcher()
    await deliver(dispatcher)
    assert ids(receiver) == ["1"]
    await scene.records.run(lambda connection: connection.execute(sa.update(KEYS).values(factories=["gears"])))
    receiver.rule = lambda _: Reply(204)
    scene.offset += timedelta(minutes=1)
    await deliver(dispatcher, looks=2)
    assert ids(receiver) == ["1", "2"]
    assert [(row.message, row.state) for row in await scene.log(hook)] == [("1", "dead"), ("2", "delivered")]
    assert "grants" in (await scene.log(hook))[0].answer


async def test_with_the_last_key_a_webhook_pauses_and_with_a_new_one_it_goes_on(
    scene: Scene, receiver: HttpReceiver
) -> None:
    key, _ = await scene.key()
    hook = await scene.hook(f"key:{key.holder}", receiver.url)
    rotated = await scene.records.run(
        partial(rotate_key, key=key.id, now=scene.now(), grace=timedelta(hours=1), expires=None)
    )
    assert rotated is not None
    dispatcher = scene.dispatcher()
    await scene.records.run(partial(revoke_key, key=key.id, now=scene.now()))
    await scene.tell(HOB)
    await deliver(dispatcher)
    assert ids(receiver) == ["1"]  # the key that took its place is good
    await scene.records.run(partial(revoke_key, key=rotated[1].id, now=scene.now()))
    await scene.tell(HOB)
    await deliver(dispatcher, looks=2)
    assert ids(receiver) == ["1"]
    assert (await scene.current(hook)).cursor == 1
    again = sa.update(KEYS).where(KEYS.c.id == rotated[1].id).values(revoked=None)
    await scene.records.run(lambda connection: connection.execute(again))
    await deliver(dispatcher)
    assert ids(receiver) == ["1", "2"]


async def test_a_key_that_may_not_subscribe_opens_nothing(scene: Scene, receiver: HttpReceiver) -> None:
    await scene.subscribed(receiver)
    await scene.records.run(lambda connection: connection.execute(sa.update(KEYS).values(roles=["viewer"])))
    await scene.tell(HOB)
    await deliver(scene.dispatcher())
    assert receiver.requests == []


@pytest.mark.every_database
async def test_of_a_token_counts_what_it_last_allowed(scene: Scene, receiver: HttpReceiver) -> None:
    owner = "oidc:ann"
    await scene.hook(owner, receiver.url)
    dispatcher = scene.dispatcher()

    async def sent(factories: frozenset[str] | None, *, allowed: bool = True) -> None:
        await scene.records.run(
            partial(note_token, caller=owner, factories=factories, allowed=allowed, now=scene.now())
        )
        await scene.tell(HOB, PRESS)
        await deliver(dispatcher)

    await scene.tell(HOB)
    await deliver(dispatcher)
    assert receiver.requests == []  # no token was seen
    await sent(frozenset({"moulds"}))
    assert ids(receiver) == ["3"]
    await sent(frozenset({"gears"}), allowed=False)
    assert ids(receiver) == ["3"]
    await sent(None)
    assert ids(receiver) == ["3", "4", "5", "6", "7"]
    scene.offset += scene.parts.settings.webhooks.token_grants + timedelta(seconds=1)
    await scene.tell(HOB)
    await deliver(dispatcher)
    assert len(receiver.requests) == 5
    await scene.records.run(partial(note_token, caller="oidc:stranger", factories=None, allowed=True, now=scene.now()))
    rows = await scene.records.run(lambda connection: connection.execute(sa.select(CALLERS.c.caller)).scalars().all())
    assert rows == [owner]


@pytest.mark.every_database
async def test_what_is_not_taken_is_tried_again_and_holds_up_what_follows(scene: Scene, receiver: HttpReceiver) -> None:
    receiver.rule = lambda _: DOWN
    hook = await scene.subscribed(receiver)
    await scene.tell(HOB, GRINDER)
    dispatcher = scene.dispatcher()
    await deliver(dispatcher, looks=3)
    assert ids(receiver) == ["1"]
    (row,) = await scene.log(hook)
    assert (row.state, row.attempts, row.status, row.answer) == (DeliveryState.FAILED, 1, 503, "later")
    assert row.due is not None
    assert row.tried is not None
    assert 5 <= (row.due - row.tried).total_seconds() <= 6.01
    current = await scene.current(hook)
    assert (current.due, current.failing, current.cursor) == (row.due, row.tried, 0)
    scene.offset += timedelta(seconds=7)
    await deliver(dispatcher, looks=2)
    (row,) = await scene.log(hook)
    assert row.attempts == 2
    assert row.due is not None
    assert row.tried is not None
    assert 300 <= (row.due - row.tried).total_seconds() <= 361
    receiver.rule = lambda _: Reply(200)
    scene.offset += timedelta(seconds=361)
    await deliver(dispatcher)
    assert ids(receiver) == ["1", "1", "1", "2"]
    assert [(row.state, row.attempts) for row in await scene.log(hook)] == [("delivered", 3), ("delivered", 1)]
    assert (await scene.current(hook)).failing is None


async def test_a_receiver_that_asks_for_a_while_is_left_alone_for_it(scene: Scene, receiver: HttpReceiver) -> None:
    receiver.rule = lambda _: Reply(429, headers={"Retry-After": "1800"})
    hook = await scene.subscribed(receiver)
    await scene.tell(HOB)
    dispatcher = scene.dispatcher()
    await deliver(dispatcher)
    scene.offset += timedelta(seconds=1799)
    await deliver(dispatcher)
    assert len(receiver.requests) == 1
    assert (await scene.log(hook))[0].attempts == 1
    scene.offset += timedelta(seconds=362)
    await deliver(dispatcher)
    assert len(receiver.requests) == 2


async def test_a_message_is_given_up_after_three_days_and_the_webhook_after_five(
    scene: Scene, receiver: HttpReceiver
) -> None:
    receiver.rule = lambda _: DOWN
    hook = await scene.subscribed(receiver)
    await scene.tell(HOB, GRINDER, PRESS)
    dispatcher = scene.dispatcher()
    for _ in range(5 * 24 + 1):
        await deliver(dispatcher)
        scene.offset += timedelta(hours=1, minutes=13)  # as long as a wait can be
    log = await scene.log(hook)
    assert [(row.message, row.state) for row in log] == [("1", "dead"), ("2", "failed")]
    assert log[0].attempts > 50
    current = await scene.current(hook)
    assert not current.enabled
    assert current.reason == "the receiver has taken nothing for 5 days"
    assert current.cursor == 1
    made = len(receiver.requests)
    await deliver(dispatcher)
    assert len(receiver.requests) == made
    receiver.rule = lambda _: Reply(204)
    enabled = {"enabled": True, "reason": "", "failing": None}
    await scene.records.run(partial(change_hook, number=hook.id, values=enabled, now=scene.now()))
    await deliver(dispatcher)
    assert ids(receiver)[made:] == ["2", "3"]


async def test_a_receiver_that_is_gone_for_good_ends_it(scene: Scene, receiver: HttpReceiver) -> None:
    receiver.rule = lambda _: Reply(410)
    hook = await scene.subscribed(receiver)
    await scene.tell(HOB, GRINDER)
    dispatcher = scene.dispatcher()
    await deliver(dispatcher, looks=2)
    assert ids(receiver) == ["1"]
    current = await scene.current(hook)
    assert (current.enabled, current.reason) == (False, "the receiver answered 410 (gone)")
    assert [row.state for row in await scene.log(hook)] == ["dead"]


async def test_a_receiver_that_is_gone_or_silent_holds_nobody_else_up(
    scene: Scene, receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posting, "PATIENCE_S", 0.3)
    async with HttpReceiver() as gone:
        dead = [await scene.subscribed(gone) for _ in range(5)]
    held = asyncio.Event()
    begun = asyncio.Event()

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        begun.set()
        await held.wait()
        writer.close()

    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    key, _ = await scene.key()
    silent = await scene.hook(f"key:{key.holder}", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
    live = await scene.subscribed(receiver)
    await scene.tell(HOB, GRINDER)
    dispatcher = scene.dispatcher()
    assert await dispatcher.holds()
    await dispatcher.once()
    async with asyncio.timeout(5):
        await begun.wait()
        assert (await receiver.taken.get()).headers["webhook-id"] == "1"
        assert (await receiver.taken.get()).headers["webhook-id"] == "2"
    await dispatcher.settled()
    held.set()
    server.close()
    await server.wait_closed()
    assert (await scene.current(live)).cursor == 2
    for hook in (*dead, silent):
        current = await scene.current(hook)
        assert current.failing is not None
        (row,) = await scene.log(hook)
        assert (row.state, row.status) == ("failed", None)
        assert row.answer


async def test_one_owner_does_not_take_all_there_is(records: Records, receiver: HttpReceiver) -> None:
    scene = Scene(records, HookSettings(allow=("127.0.0.1",), http=True, at_once=8))
    key, _ = await scene.key()
    for _ in range(9):
        await scene.hook(f"key:{key.holder}", receiver.url)
    await scene.subscribed(receiver)
    await scene.tell(HOB)
    dispatcher = scene.dispatcher()
    assert await dispatcher.holds()
    await dispatcher.once()
    assert sorted(dispatcher._owners.values()) == [1, 2]
    await dispatcher.settled()
    assert len(receiver.requests) == 10


@pytest.mark.every_database
async def test_who_is_killed_in_the_midst_delivers_again_and_misses_nothing(
    scene: Scene, receiver: HttpReceiver
) -> None:
    hook = await scene.subscribed(receiver)
    await scene.tell(*[HOB] * 30)
    first = scene.dispatcher()
    reached = asyncio.Event()

    def rule(request: Request) -> Reply:
        if request.headers["webhook-id"] == "11":
            reached.set()
        return Reply(204)

    receiver.rule = rule
    assert await first.holds()
    await first.once()
    async with asyncio.timeout(5):
        await reached.wait()
    for task in list(first._turns.values()):
        task.cancel()
    await first.settled()
    await scene.tell(*[GRINDER] * 5)
    scene.offset += LASTS + timedelta(seconds=1)  # it did not give the lease back
    await deliver(scene.dispatcher())
    told = [int(number) for number in ids(receiver)]
    assert sorted(set(told)) == list(range(1, 36))
    assert len(told) <= 36  # but for the one that was under way
    assert told == sorted(told)
    assert (await scene.current(hook)).cursor == 35


async def test_while_nothing_can_be_noted_what_was_delivered_is_delivered_again(
    scene: Scene, receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    await scene.subscribed(receiver)
    await scene.tell(HOB)

    def broken(connection: sa.Connection, **given: Any) -> str:
        del connection, given
        statement = "UPDATE"
        raise sa.exc.OperationalError(statement, None, Exception("the disk is full"))

    first = scene.dispatcher()
    with monkeypatch.context() as patch:
        patch.setattr(delivering, "note", broken)
        await deliver(first, looks=3)
    assert ids(receiver) == ["1"]  # it rests, instead of posting the same again and again
    await first.end()
    await deliver(scene.dispatcher())
    assert ids(receiver) == ["1", "1"]


@pytest.mark.every_database
async def test_one_process_delivers_and_another_takes_over(scene: Scene, receiver: HttpReceiver) -> None:
    await scene.subscribed(receiver)
    one, other = scene.dispatcher(), scene.dispatcher()
    assert await one.holds()
    assert not await other.holds()
    assert await one.holds()
    await scene.tell(HOB)
    await deliver(one)
    await one.end()
    assert await other.holds()
    await scene.tell(HOB)
    await deliver(other)
    assert ids(receiver) == ["1", "2"]
    third = scene.dispatcher()
    scene.offset += LASTS + timedelta(seconds=1)
    assert await third.holds()
    other._renewed = 0.0
    assert not await other.holds()


async def test_it_runs_until_it_is_told_to_stop(scene: Scene, receiver: HttpReceiver) -> None:
    await scene.subscribed(receiver)
    stop = asyncio.Event()
    running = asyncio.create_task(scene.dispatcher().run(stop))
    await scene.tell(HOB)
    async with asyncio.timeout(10):
        await receiver.taken.get()
        stop.set()
        await running
    assert await scene.dispatcher().holds()  # the lease was given back


async def test_more_than_is_read_at_once_is_posted_too(scene: Scene, receiver: HttpReceiver) -> None:
    hook = await scene.subscribed(receiver, "moulds")
    await scene.tell(*[HOB] * (READ + 10), *[PRESS] * (AT_ONCE + 3))
    await deliver(scene.dispatcher())
    assert len(receiver.requests) == AT_ONCE + 3
    assert (await scene.current(hook)).cursor == READ + 10 + AT_ONCE + 3


async def test_both_secrets_sign_for_a_day(scene: Scene, receiver: HttpReceiver) -> None:
    hook = await scene.subscribed(receiver)
    rotated = await scene.records.run(partial(rotate_secret, number=hook.id, now=scene.now()))
    assert rotated is not None
    assert rotated.secret != hook.secret
    dispatcher = scene.dispatcher()
    await scene.tell(HOB)
    await deliver(dispatcher)
    verify(receiver.requests[0], hook.secret)
    verify(receiver.requests[0], rotated.secret)
    assert len(receiver.requests[0].headers["webhook-signature"].split(" ")) == 2
    values = {"old_until": scene.now()}
    await scene.records.run(
        lambda connection: connection.execute(sa.update(HOOKS).values(values).where(HOOKS.c.id == hook.id))
    )
    await scene.tell(HOB)
    await deliver(dispatcher)
    verify(receiver.requests[1], rotated.secret)
    with pytest.raises(AssertionError):
        verify(receiver.requests[1], hook.secret)


@pytest.mark.every_database
async def test_what_was_pruned_unread_is_told_as_a_gap(scene: Scene, receiver: HttpReceiver) -> None:
    receiver.rule = lambda _: DOWN
    hook = await scene.subscribed(receiver)
    await scene.tell(HOB, GRINDER)
    dispatcher = scene.dispatcher()
    await deliver(dispatcher)
    await scene.records.run(partial(prune, before=scene.now()))
    await scene.tell(PRESS)
    receiver.rule = lambda _: Reply(204)
    scene.offset += timedelta(minutes=1)
    await deliver(dispatcher)
    assert ids(receiver) == ["1", "gap-1", "3"]
    gap = bodies(receiver)[1]
    assert gap["type"] == "parkline.gap"
    assert "/api/v1/alerts" in gap["data"]["read"]
    assert gap.keys() == {"type", "timestamp", "data"}
    verify(receiver.requests[1], hook.secret)
    log = {row.message: (row.state, row.number) for row in await scene.log(hook)}
    assert log == {"1": ("dead", 1), "gap-1": ("delivered", 2), "3": ("delivered", 3)}


async def test_all_that_was_told_while_nobody_delivered_and_is_gone_is_a_gap(
    scene: Scene, receiver: HttpReceiver
) -> None:
    await scene.subscribed(receiver)
    await scene.tell(HOB, GRINDER)
    await scene.records.run(partial(prune, before=scene.now() + timedelta(seconds=1)))
    await deliver(scene.dispatcher(), looks=2)
    assert ids(receiver) == ["gap-1"]


@pytest.mark.every_database
async def test_cursors_move_over_what_nobody_wants(scene: Scene, receiver: HttpReceiver) -> None:
    hook = await scene.subscribed(receiver, "moulds")
    dispatcher = scene.dispatcher()
    await deliver(dispatcher)
    await scene.tell(HOB, GRINDER)
    await deliver(dispatcher)
    assert (await scene.current(hook)).cursor == 0
    scene.offset += delivering.MOVED
    await deliver(dispatcher)
    assert (await scene.current(hook)).cursor == 2
    await scene.records.run(partial(prune, before=scene.now()))
    await scene.tell(PRESS)
    await deliver(dispatcher)
    assert ids(receiver) == ["3"]  # and no gap


@pytest.mark.every_database
async def test_what_its_owner_changes_counts_for_what_follows(scene: Scene, receiver: HttpReceiver) -> None:
    receiver.rule = lambda _: DOWN
    hook = await scene.subscribed(receiver)
    await scene.tell(HOB, PRESS)
    dispatcher = scene.dispatcher()
    await deliver(dispatcher)
    async with HttpReceiver() as other:
        change = {"url": other.url, "paths": ["moulds"], "due": None}
        await scene.records.run(partial(change_hook, number=hook.id, values=change, now=scene.now()))
        await deliver(dispatcher)
        assert ids(other) == ["2"]
    assert {row.message: row.state for row in await scene.log(hook)} == {"1": "dead", "2": "delivered"}
    off = partial(change_hook, number=hook.id, values={"enabled": False}, now=scene.now())
    await scene.records.run(off)
    await scene.tell(PRESS)
    await deliver(dispatcher)
    assert (await scene.current(hook)).cursor == 2


async def test_a_webhook_deleted_while_it_is_delivered_to_leaves_no_log(scene: Scene, receiver: HttpReceiver) -> None:
    hook = await scene.subscribed(receiver)
    await scene.tell(HOB)
    gone = sa.delete(HOOKS).where(HOOKS.c.id == hook.id)

    def rule(request: Request) -> Reply:
        del request
        scene.records.run_now(lambda connection: connection.execute(gone))
        return Reply(204)

    receiver.rule = rule
    await deliver(scene.dispatcher())
    assert ids(receiver) == ["1"]
    assert await scene.log(hook) == []


async def test_old_rows_of_the_log_go_but_not_what_is_to_be_tried(scene: Scene, receiver: HttpReceiver) -> None:
    hook = await scene.subscribed(receiver)
    dispatcher = scene.dispatcher()
    await scene.tell(HOB)
    await deliver(dispatcher)
    receiver.rule = lambda _: DOWN
    await scene.tell(HOB)
    await deliver(dispatcher)
    scene.offset += scene.parts.settings.webhooks.keep + timedelta(hours=2)
    waits = sa.update(HOOKS).values(due=scene.now() + timedelta(minutes=30))
    await scene.records.run(lambda connection: connection.execute(waits))
    await deliver(dispatcher)
    assert [row.message for row in await scene.log(hook)] == ["2"]
    count = await scene.records.run(lambda connection: connection.execute(sa.select(DELIVERIES.c.id)).all())
    assert len(count) == 1


async def test_of_many_old_rows_some_go_at_every_look(
    scene: Scene, receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (delivering, hooklog):
        monkeypatch.setattr(module, "PRUNED_AT_ONCE", 2)
    hook = await scene.subscribed(receiver)
    dispatcher = scene.dispatcher()
    await scene.tell(*[HOB] * 5)
    await deliver(dispatcher)
    scene.offset += scene.parts.settings.webhooks.keep + timedelta(hours=2)
    left = []
    for _ in range(3):
        await deliver(dispatcher)
        left.append(len(await scene.log(hook)))
    assert left == [3, 1, 0]


async def test_what_fails_here_is_told_to_its_owner_and_tried_again(
    scene: Scene, receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise KeyError

    hook = await scene.subscribed(receiver)
    await scene.tell(HOB)
    dispatcher = scene.dispatcher()
    with monkeypatch.context() as patch:
        patch.setattr(delivering, "signed", broken)
        await deliver(dispatcher)
    (row,) = await scene.log(hook)
    assert (row.state, row.status, row.answer) == ("failed", None, FAILED)
    current = await scene.current(hook)
    assert (current.failing, current.due) == (row.tried, row.due)
    scene.offset += timedelta(minutes=1)
    await deliver(dispatcher)
    assert (await scene.log(hook))[0].state == "delivered"


@pytest.mark.parametrize("told", [0, 1])
async def test_an_error_in_the_way_of_a_webhook_is_told_to_its_owner_until_it_is_gone(
    scene: Scene, receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch, told: int
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise KeyError

    hook = await scene.subscribed(receiver, topics=["alerts"])
    await scene.tell(HOB)
    now = scene.now()
    monkeypatch.setattr(scene, "now", lambda: now + scene.offset)
    dispatcher = delivering.Dispatcher(replace(scene.parts, now=scene.now))
    with monkeypatch.context() as patch:
        patch.setattr(delivering, "look", broken)
        for wait in (10, 40):
            await deliver(dispatcher)
            dispatcher._resting.clear()
            current = await scene.current(hook)
            assert (current.enabled, current.reason) == (True, FAILED)
            assert (current.failing, current.due) == (now, scene.now() + timedelta(seconds=wait))
            scene.offset += timedelta(seconds=40)
    if not told:
        only = sa.update(HOOKS).values(topics=["kpis"])
        await scene.records.run(lambda connection: connection.execute(only))
    await deliver(dispatcher)
    assert len(receiver.requests) == told
    current = await scene.current(hook)
    assert (current.reason, current.failing, current.due) == ("", None, None)


async def test_a_clock_that_was_set_back_keeps_nobody_waiting(scene: Scene, receiver: HttpReceiver) -> None:
    receiver.rule = lambda _: DOWN
    await scene.subscribed(receiver)
    await scene.tell(HOB)
    ahead = timedelta(days=400)
    scene.offset += ahead
    await deliver(scene.dispatcher())  # who is killed then, and does not give the lease back
    scene.offset -= ahead
    receiver.rule = lambda _: Reply(204)
    await deliver(scene.dispatcher())
    assert ids(receiver) == ["1", "1"]
