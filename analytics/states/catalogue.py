"""Every rule, by its kind."""

from typing import Final

from analytics.states.contract import Rule
from analytics.states.counter import COUNTER
from analytics.states.expression import EXPRESSION
from analytics.states.machinery import MACHINERY
from analytics.states.mtconnect import MTCONNECT
from analytics.states.packml import PACKML
from analytics.states.signal import SIGNAL
from analytics.states.threshold import THRESHOLD
from collector.park import Equipment, Signal

CATALOGUE: Final[tuple[Rule, ...]] = (SIGNAL, THRESHOLD, COUNTER, PACKML, MACHINERY, MTCONNECT, EXPRESSION)
"""The rules; a new one is a module and a line here."""

RULES: Final = {rule.kind: rule for rule in CATALOGUE}
"""The rules by kind."""


def rule_of(equipment: Equipment) -> Rule:
    """Give the rule that tells a machine's state: its own, or that of its state signal."""
    return RULES["signal" if equipment.state_from is None else equipment.state_from.kind]


def read_for(equipment: Equipment) -> tuple[Signal, ...]:
    """Give the signals that a machine's states are told from: its state inputs, and what the rule reads beside them."""
    inputs = equipment.state_inputs
    return (*inputs, *(one for one in rule_of(equipment).beside(equipment) if one not in inputs)) if inputs else ()
