"""A lake in a folder or on object storage, and its table of samples past any store."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio

from adapters.stores.contract import Store
from adapters.stores.lake import create
from adapters.stores.lake.settings import LakeSettings
from adapters.stores.lake.table import Table
from tests.adapters.lake.tables import sample_table
from tests.servers.object_storage import ObjectStorage

BUCKET = "park"


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


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def storage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ObjectStorage]:
    """One object storage for all tests of a session, with a bucket."""
    async with ObjectStorage(tmp_path_factory.mktemp("object-storage")) as storage:
        await storage.make_bucket(BUCKET)
        yield storage


@pytest.fixture
def in_bucket(storage: ObjectStorage) -> LakeSettings:
    """Settings of a lake on object storage that is not there yet."""
    return LakeSettings.model_validate(
        {"folder": f"s3://{BUCKET}/{uuid4().hex}", "options": storage.options, "compact_after": 2}
    )
