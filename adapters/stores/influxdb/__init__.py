"""InfluxDB 1.8 and later, 2.x and 3.x, as a store."""

from adapters.stores.contract import Store
from adapters.stores.influxdb.settings import InfluxSettings


def create(settings: InfluxSettings) -> Store:
    """Make the store; nothing is opened before its block is entered."""
    from adapters.stores.influxdb.store import InfluxStore

    return InfluxStore(settings)


KIND = (InfluxSettings, create)
"""What the registry asks for."""
