"""MQTT 5: each notice is published to a broker, with its receipt."""

from typing import Final

from adapters.channels.contract import Channel
from adapters.channels.mqtt.settings import MqttSettings


def create(name: str, settings: MqttSettings) -> Channel:
    """Make the channel `name`; nothing is opened before its block is entered."""
    from adapters.channels.mqtt.channel import MqttChannel

    return MqttChannel(name, settings)


KIND: Final = (MqttSettings, create)
"""What the registry asks for: settings of the channel, what makes it."""
