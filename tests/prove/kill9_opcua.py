"""Kill the collector while a machine changes its values: what is missing lies in a gap that it tells of.

An OPC UA server does not keep for a client that is gone what changed meanwhile, so a killed collector may lose samples;
it must lose none of them silently, and double none.
"""

from typing import Final

from tests.prove.killing import outcome_under
from tests.prove.opcua_load import OpcuaLoad

ROUNDS: Final = 20
"""How often the collector is killed, when nobody says otherwise."""


def prove(rounds: int | None) -> dict[str, object]:
    """Give what was sent, what was found, and how much of the rest the collector told of."""
    return outcome_under(ROUNDS if rounds is None else rounds, OpcuaLoad())
