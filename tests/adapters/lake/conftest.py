"""A lake in a folder, and its table of samples past any store."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.stores.contract import Store
from adapters.stores.lake import create
from adapters.stores.lake.settings import LakeSettings
from adapters.stores.lake.table import Table
from tests.adapters.lake.tables import sample_table


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the lake is."""
    return tmp_path / "lake"


@pytest.fixture
async def lake(folder: Path) -> AsyncIterator[Store]:
    """A lake, open, that merges four small files."""
    async with create(LakeSettings(folder=folder, compact_after=4)) as lake:
        yield lake


@pytest.fixture
def samples(folder: Path) -> Table:
    """The table of samples, open, past any store."""
    return sample_table(folder)
