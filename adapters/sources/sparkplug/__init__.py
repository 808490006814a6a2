"""Sparkplug B 3.0 on MQTT: metrics of edge nodes and devices, their life cycle, and what of it never arrived."""

from typing import Final

from adapters.sources.contract import Points, Source
from adapters.sources.sparkplug.settings import SparkplugAddress, SparkplugSettings


def create(name: str, settings: SparkplugSettings, points: Points[SparkplugAddress]) -> Source:
    """Make the source `name`; nothing is opened before `connect`."""
    from adapters.sources.sparkplug.source import SparkplugSource

    return SparkplugSource(name, settings, points)


KIND: Final = (SparkplugSettings, SparkplugAddress, create)
"""What the registry asks for: settings of the link, address of a point, what makes the source."""
