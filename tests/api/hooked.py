"""Webhooks of a made-up park: somebody who subscribes, a feed, and a dispatcher whose time the test turns."""

import itertools
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from typing import Any, Final

import orjson
import sqlalchemy as sa

from adapters.stores.contract import Store
from api.auth import Key, create_key
from api.delivering import Dispatcher
from api.hooklog import Delivery, read_deliveries
from api.hooks import Hook, create_hook, meant_id, read_hook
from api.parts import Parts
from api.roles import Role
from api.seals import KEY_BYTES, Seal, Sealing
from collector.deadletters import Choice
from collector.feed import Entry, Topic, read_bounds, tell
from collector.records import Records
from collector.redecoding import Told
from collector.settings import ApiSettings, HookSettings
from tests.adapters.channels.receiver import HttpReceiver
from tests.api.plant import HOB, PARK, UNLIMITED

SETTINGS: Final = HookSettings(allow=("127.0.0.1",), http=True)
"""This machine may be posted to."""


SEAL: Final = Seal(bytes(KEY_BYTES))
"""How ids are told to who sees a part of the park."""


def alert(number: int, *, priority: str = "high", path: str = HOB) -> dict[str, Any]:
    """Give the body of an event of an alert."""
    return {"alert": "9c56cc51b374c3ba", "number": number, "kind": "raised", "priority": priority, "equipment": path}


class Scene:
    """What a test needs."""

    def __init__(self, records: Records, settings: HookSettings = SETTINGS) -> None:
        self.records = records
        self.offset = timedelta()
        """By how much the test's time is ahead."""
        self.parts = Parts(
            park=PARK,
            settings=ApiSettings(rate=UNLIMITED, webhooks=settings),
            records=lambda: records,
            store=_no_store,
            now=self.now,
            replay=_no_replay,
            sealing=Sealing(SEAL),
        )
        self._numbers = itertools.count(1)

    def now(self) -> datetime:
        """Give the test's time: signatures are judged by that of receivers, so it begins as theirs."""
        return datetime.now(UTC) + self.offset

    async def key(self, factories: Collection[str] | None = None, *, role: Role = Role.PLATFORM) -> tuple[Key, str]:
        """Make a key."""
        made = partial(create_key, name="k", now=self.now(), expires=None, roles=[role], factories=factories)
        return await self.records.run(made)

    async def hook(self, owner: str, url: str, **values: Any) -> Hook:
        """Make a webhook that is told what happens from now on."""
        asked = {"url": url, "title": "", "topics": None, "paths": None, "severities": None, **values}

        def make(connection: sa.Connection) -> Hook | None:
            last = read_bounds(connection).last
            return create_hook(connection, owner, asked, cursor=last, most=100, now=self.now())

        made = await self.records.run(make)
        assert made is not None
        return made

    async def subscribed(self, receiver: HttpReceiver, *factories: str, **values: Any) -> Hook:
        """Make a webhook of somebody new, who is granted these factories, or the whole park."""
        key, _ = await self.key(factories or None)
        return await self.hook(f"key:{key.holder}", receiver.url, **values)

    async def tell(self, *paths: str, topic: Topic = "alerts", priority: str = "high") -> None:
        """Tell an event of each of these paths."""
        bodies = [{**alert(next(self._numbers), priority=priority, path=path), "version": 1} for path in paths]
        entries = [Entry(path, body) for path, body in zip(paths, bodies, strict=True)]
        await self.records.run(lambda connection: tell(connection, topic, entries, now=self.now()))

    def dispatcher(self, **given: Any) -> Dispatcher:
        """Make another process that delivers."""
        return Dispatcher(self.parts, random=Random(1), **given)  # noqa: S311 - it keeps no secret

    async def current(self, hook: Hook) -> Hook:
        """Give a webhook as it is now."""
        found = await self.records.run(partial(read_hook, number=hook.id))
        assert found is not None
        return found

    async def log(self, hook: Hook) -> Sequence[Delivery]:
        """Give the log of a webhook, the oldest message first."""
        return (await self.records.run(partial(read_deliveries, hook=hook.id, limit=1000)))[::-1]


async def deliver(dispatcher: Dispatcher, *, looks: int = 1) -> None:
    """Let a dispatcher look so many times, and wait for what it began."""
    assert await dispatcher.holds()
    for _ in range(looks):
        await dispatcher.once()
        await dispatcher.settled()


def ids(receiver: HttpReceiver) -> list[str]:
    """Give the ids of the messages that were posted, in order, as the feed numbers them."""
    return [meant_id(request.headers["webhook-id"], SEAL) for request in receiver.requests]


def bodies(receiver: HttpReceiver) -> list[dict[str, Any]]:
    """Give the messages that were posted, in order."""
    return [orjson.loads(request.body) for request in receiver.requests]


def _no_store() -> Store:
    raise NotImplementedError


async def _no_replay(choice: Choice, dry_run: bool, asked_by: str) -> list[Told]:  # noqa: FBT001 - as `api.parts.Replay` has it
    del choice, dry_run, asked_by
    return []
