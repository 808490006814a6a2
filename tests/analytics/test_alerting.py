"""The role alerts: it works until it is told to stop, whatever does not answer meanwhile."""

import asyncio
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from adapters.stores.contract import StoreUnavailableError
from analytics import alerting
from collector.load import load
from tests.analytics.installation import install
from tests.collector.fakes import until


async def test_it_works_until_it_is_told_to_stop(tmp_path: Path) -> None:
    install(tmp_path / "configs")
    stop = asyncio.Event()
    with capture_logs() as logs:
        serving = asyncio.create_task(alerting.serve(load(tmp_path / "configs"), stop))
        await until(lambda: any(entry["event"] == "alerts" for entry in logs))
        stop.set()
        async with asyncio.timeout(5):
            await serving


async def test_what_does_not_answer_is_told_once_and_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path / "configs")
    config = load(tmp_path / "configs")
    stop, looks, away = asyncio.Event(), 0, StoreUnavailableError("lake", "away")

    async def look(*_: object) -> None:
        nonlocal looks
        looks += 1
        if looks == 4:
            stop.set()
        raise away

    async def no_pause(*_: object) -> None:
        await asyncio.sleep(0)

    monkeypatch.setattr("analytics.watcher.Watcher.look", look)
    monkeypatch.setattr("analytics.rounds.sleep_unless", no_pause)
    with capture_logs() as logs:
        async with asyncio.timeout(5):
            await alerting.serve(config, stop)
    assert looks == 4
    assert [entry["reason"] for entry in logs if entry["event"] == "role waits"] == ["lake: away"]


async def test_a_look_that_takes_too_long_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path / "configs")
    stop, begun = asyncio.Event(), asyncio.Event()

    async def look(*_: object) -> None:
        begun.set()
        await asyncio.Event().wait()

    monkeypatch.setattr("analytics.watcher.Watcher.look", look)
    monkeypatch.setattr("analytics.rounds.GRACE", 0.01)
    serving = asyncio.create_task(alerting.serve(load(tmp_path / "configs"), stop))
    await begun.wait()
    stop.set()
    async with asyncio.timeout(5):
        await serving
