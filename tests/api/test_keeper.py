"""What the API keeps open, and what it says while it cannot."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from api import keeper
from api.keeper import Keeper


class DownError(Exception):
    """It cannot be opened now."""


class Door:
    """Can be opened when it is unlocked; counts."""

    def __init__(self, *, locked: bool) -> None:
        self.locked = locked
        self.tried = 0
        self.opened = 0
        self.closed = 0
        self.changed = asyncio.Event()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[str]:
        self.tried += 1
        if self.locked:
            msg = f"locked, try {self.tried}"
            raise DownError(msg)
        self.opened += 1
        self.changed.set()
        task = asyncio.current_task()
        try:
            yield "room"
        finally:
            assert asyncio.current_task() is task
            self.closed += 1


async def test_what_opens_is_given_and_closed_by_the_task_that_opened_it() -> None:
    door = Door(locked=False)
    kept = Keeper("door", door.open, (DownError,))
    async with kept.kept():
        assert kept() == "room"
        assert (door.opened, door.closed) == (1, 0)
    assert (door.opened, door.closed) == (1, 1)
    with pytest.raises(RuntimeError, match="is closed"):
        kept()


async def test_what_does_not_open_gives_the_reason_and_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "_PATIENCE_S", (0.001,))
    door = Door(locked=True)
    kept = Keeper("door", door.open, (DownError,))
    async with kept.kept():
        with pytest.raises(DownError, match="locked"):
            kept()
        door.locked = False
        async with asyncio.timeout(5):
            await door.changed.wait()
        await asyncio.sleep(0)
        assert kept() == "room"
        assert door.tried >= 2


async def test_leaving_does_not_wait_for_the_next_try() -> None:
    door = Door(locked=True)
    kept = Keeper("door", door.open, (DownError,))
    async with asyncio.timeout(0.4):
        async with kept.kept():
            pass
    assert door.tried == 1


async def test_an_error_that_was_not_foreseen_is_not_hidden() -> None:
    @asynccontextmanager
    async def broken() -> AsyncIterator[str]:
        yield str(1 / 0)

    kept = Keeper("door", broken, (DownError,))
    with pytest.raises(ExceptionGroup) as caught:
        async with kept.kept():
            pass
    assert caught.group_contains(ZeroDivisionError)


async def test_it_is_of_no_use_outside_its_block() -> None:
    kept = Keeper("door", Door(locked=False).open, (DownError,))
    with pytest.raises(RuntimeError, match="outside"):
        kept()
