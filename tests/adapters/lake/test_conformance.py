"""The lake keeps the promises of a store."""

from pathlib import Path

import pytest

from adapters.stores.lake import create
from adapters.stores.lake.settings import LakeSettings
from tests.conformance.store import Place, StoreConformance


class TestLake(StoreConformance):
    """A lake in a folder, that merges early."""

    @pytest.fixture
    def place(self, tmp_path: Path) -> Place:
        settings = LakeSettings(folder=tmp_path / "lake", compact_after=2)
        return lambda: create(settings)
