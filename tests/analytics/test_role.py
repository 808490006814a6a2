"""The roles of analytics: they work until they are told to stop."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from adapters.stores.contract import StoreUnavailableError
from analytics import alerting, role, rounds
from collector.load import Config, load
from tests.analytics.installation import install
from tests.collector.fakes import until

ROLES = {
    "analytics": (role.serve, "analytics.engine.Engine.cycle"),
    "alerts": (alerting.serve, "analytics.watcher.Watcher.look"),
}


@pytest.mark.parametrize("name", ROLES)
class TestEvery:
    async def test_it_works_until_it_is_told_to_stop(self, name: str, tmp_path: Path) -> None:
        serve, _ = ROLES[name]
        with capture_logs() as logs:
            await _served(serve, tmp_path, lambda: any(entry["event"] == name for entry in logs))

    async def test_it_goes_on_while_the_store_does_not_answer(
        self, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        serve, once = ROLES[name]
        asked = 0

        async def away(*_: object) -> None:
            nonlocal asked
            asked += 1
            error = StoreUnavailableError("lake", "away")
            raise error

        async def no_pause(*_: object) -> None:
            await asyncio.sleep(0)

        monkeypatch.setattr(once, away)
        monkeypatch.setattr(rounds, "sleep_unless", no_pause)
        await _served(serve, tmp_path, lambda: asked >= 4)


async def _served(
    serve: Callable[[Config, asyncio.Event], Awaitable[None]], folder: Path, done: Callable[[], bool]
) -> None:
    """Let a role work until something is done, and end it."""
    install(folder / "configs")
    stop = asyncio.Event()
    serving = asyncio.ensure_future(serve(load(folder / "configs"), stop))
    await until(lambda: serving.done() or done())
    stop.set()
    async with asyncio.timeout(5):
        await serving
