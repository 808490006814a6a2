"""One InfluxDB for all tests of this folder, and a database of its own for each."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from adapters.stores.influxdb.settings import InfluxSettings
from tests.adapters.influxdb.proxy import Proxy
from tests.servers.influxdb import InfluxServer, influx

__all__ = ["influx", "proxy", "settings"]


@pytest.fixture
def settings(influx: InfluxServer) -> InfluxSettings:
    """Settings of a database that is not there yet."""
    return InfluxSettings(url=influx.url, bucket=f"park-{uuid4().hex}")


@pytest.fixture
async def proxy(influx: InfluxServer) -> AsyncIterator[Proxy]:
    """A proxy before that InfluxDB."""
    async with Proxy(influx.url) as proxy:
        yield proxy
