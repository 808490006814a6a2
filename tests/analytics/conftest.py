"""A spool on disk and a store in memory: what the shell of analytics meets, beside records."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from collector.spool.sqlite import SqliteSpool
from tests.analytics.plant import ResultStore


@pytest.fixture
async def spool(tmp_path: Path) -> AsyncIterator[SqliteSpool]:
    """Open spool, empty."""
    async with SqliteSpool(
        tmp_path / "spool.db", limit=2**26, linger=timedelta(0), keep=timedelta(minutes=10)
    ) as opened:
        yield opened


@pytest.fixture
def store() -> ResultStore:
    """Store in memory."""
    return ResultStore()
