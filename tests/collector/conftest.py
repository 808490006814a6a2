"""What most tests of the collector's core need beside records: a spool in a file of its own, and a clock to wind."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from collector.spool.sqlite import SqliteSpool
from tests.collector.fakes import ManualClock


@pytest.fixture
async def spool(tmp_path: Path) -> AsyncIterator[SqliteSpool]:
    """Give an open spool of 1 MiB that does not linger."""
    async with SqliteSpool(tmp_path / "spool.db", limit=2**20, linger=timedelta(0), keep=timedelta(0)) as opened:
        yield opened


@pytest.fixture
async def clock() -> ManualClock:
    """Give a clock at noon."""
    return ManualClock()


@pytest.fixture(autouse=True)
def light_ballast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare the disk: a spool that mends itself writes and syncs a ballast beside it."""
    monkeypatch.setattr("collector.spool.ballast.BALLAST", 4096)
