"""MQTT 5 and 3.1.1: subscribes to topics, acknowledges a message when its samples are safe on disk."""

from typing import Final

from adapters.sources.contract import Points, Source
from adapters.sources.mqtt.settings import MqttAddress, MqttSettings


def create(name: str, settings: MqttSettings, points: Points[MqttAddress]) -> Source:
    """Make the source `name`; nothing is opened before `connect`."""
    from adapters.sources.mqtt.source import MqttSource

    return MqttSource(name, settings, points)


KIND: Final = (MqttSettings, MqttAddress, create)
"""What the registry asks for: settings of the link, address of a point, what makes the source."""
