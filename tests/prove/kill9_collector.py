"""Kill the collector again and again while a broker and a machine send to it.

What the broker holds is delivered again: nothing of it may be missing. What a machine changes while nobody listens may
be missing, in a gap that the collector tells of. Nothing may be there twice.
"""

from typing import Final

from tests.prove.killing import outcome_under
from tests.prove.mqtt_load import MqttLoad
from tests.prove.opcua_load import OpcuaLoad

ROUNDS: Final = 40
"""How often the collector is killed, when nobody says otherwise."""


def prove(rounds: int | None) -> dict[str, object]:
    """Give what was sent, what was found, and how much of the rest the collector told of."""
    return outcome_under(ROUNDS if rounds is None else rounds, MqttLoad(), OpcuaLoad())
