"""Kill the collector while a publisher sends with QoS 1: every sample is in the store, once."""

from typing import Final

from tests.prove.killing import outcome_under
from tests.prove.mqtt_load import MqttLoad

ROUNDS: Final = 20
"""How often the collector is killed, when nobody says otherwise."""


def prove(rounds: int | None) -> dict[str, object]:
    """Give what was sent, and what was found."""
    return outcome_under(ROUNDS if rounds is None else rounds, MqttLoad())
