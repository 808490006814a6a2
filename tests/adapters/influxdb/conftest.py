"""One InfluxDB for all tests of this folder, and a database of its own for each."""

from uuid import uuid4

import pytest

from adapters.stores.influxdb import InfluxSettings
from tests.servers.influxdb import InfluxServer, influx

__all__ = ["influx", "settings"]


@pytest.fixture
def settings(influx: InfluxServer) -> InfluxSettings:
    """Settings of a database that is not there yet."""
    return InfluxSettings(url=influx.url, bucket=f"park-{uuid4().hex}")
