"""The lake keeps the promises of a store."""

from pathlib import Path

import pytest

from adapters.stores.lake import create
from adapters.stores.lake.settings import LakeSettings
from tests.conformance.store import Place, StoreConformance


class TestFolder(StoreConformance):
    """In a folder, merging early."""

    @pytest.fixture
    def place(self, tmp_path: Path) -> Place:
        settings = LakeSettings(folder=tmp_path / "lake", compact_after=2)
        return lambda: create(settings)


class TestAddress(StoreConformance):
    """An address: all goes through deltalake's and Polars' own storage, here that of `file://`."""

    @pytest.fixture
    def place(self, tmp_path: Path) -> Place:
        storage = (tmp_path / "lake").as_uri()
        settings = LakeSettings(compact_after=2).model_copy(update={"folder": storage})
        return lambda: create(settings)


@pytest.mark.system
class TestBucket(StoreConformance):
    """On a server that speaks S3."""

    @pytest.fixture
    def place(self, in_bucket: LakeSettings) -> Place:
        return lambda: create(in_bucket)
