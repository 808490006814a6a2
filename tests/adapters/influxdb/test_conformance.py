"""InfluxDB keeps the promises of a store; on the real server."""

import pytest

from adapters.stores.influxdb import create
from adapters.stores.influxdb.settings import InfluxSettings
from tests.conformance.store import Place, StoreConformance


@pytest.mark.system
class TestInfluxDatabase(StoreConformance):
    """A database and its default retention policy."""

    @pytest.fixture
    def place(self, settings: InfluxSettings) -> Place:
        return lambda: create(settings)
