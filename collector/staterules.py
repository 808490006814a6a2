"""How the state of a machine is told where no single signal says it.

A rule names signals of the same machine, by name. It is given as `state_from:` of the machine, in place of a signal of
role `state`; `kind` says which rule it is. `analytics.states` carries them out.
"""

import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from adapters.settings import Duration, Settings
from collector.equipmentstate import EquipmentState
from collector.fields import Name, Number


class ByThreshold(Settings):
    """By power, current or spindle load: above a threshold the machine produces."""

    kind: Literal["threshold"]
    """This rule."""

    signal: Name
    """The float or int signal that is watched."""

    on: Number
    """At or above this it is `above`, in the signal's unit."""

    off: Number | None = None
    """Below this it is `below` again, in the signal's unit; at most `on`. Between the two it stays as it was
    (hysteresis). None: `on`."""

    minimum: Duration = timedelta(0)
    """A state that lasts for less is not taken for one: it is part of the state before it."""

    above: EquipmentState = EquipmentState.PRODUCING
    """State at or above `on`."""

    below: EquipmentState = EquipmentState.IDLE
    """State below `off`."""

    def inputs(self, known: Iterable[str]) -> frozenset[str]:
        """Give the names of the signals that it needs, of those that are `known`."""
        del known
        return frozenset({self.signal})

    @model_validator(mode="after")
    def _hysteresis(self) -> Self:
        if self.off is not None and self.off > self.on:
            msg = f"`off` ({self.off:g}) must not be above `on` ({self.on:g})"
            raise ValueError(msg)
        return self


class ByCounter(Settings):
    """By a part counter: the machine produces while parts come within `within` ideal cycles of each other.

    Between two parts that lie further apart it stood still, until one ideal cycle before the later one.
    """

    kind: Literal["counter"]
    """This rule."""

    signal: Name
    """The counter: a signal of role `total_count` or `good_count`."""

    within: Number = Field(default=3.0, ge=1)
    """How many ideal cycles may pass between two parts, 1 or more. The machine needs an `ideal_cycle`."""

    stopped: EquipmentState = EquipmentState.IDLE
    """State while no parts come."""

    def inputs(self, known: Iterable[str]) -> frozenset[str]:
        """Give the names of the signals that it needs, of those that are `known`."""
        del known
        return frozenset({self.signal})


class ByPackML(Settings):
    """By PackML (ISA-TR88.00.02; OPC 30050): StateCurrent, and UnitModeCurrent where it is there."""

    kind: Literal["packml"]
    """This rule."""

    state: Name
    """The signal with StateCurrent: its number (int) or its name (text)."""

    mode: Name | None = None
    """The signal with UnitModeCurrent (1 Production, 2 Maintenance, 3 Manual); None: always Production."""

    states: dict[str, EquipmentState] = Field(default_factory=dict)
    """Names of states (`Suspended`) that mean something else here than what the rule has for them."""

    def inputs(self, known: Iterable[str]) -> frozenset[str]:
        """Give the names of the signals that it needs, of those that are `known`."""
        del known
        return frozenset(filter(None, (self.state, self.mode)))


class ByMachinery(Settings):
    """By OPC 40001-1 MachineryItemState and MachineryOperationMode (as OPC 40501-1 C.2.3 maps them to ISO 22400-2)."""

    kind: Literal["machinery"]
    """This rule."""

    item_state: Name
    """The signal with MachineryItemState: NotAvailable, OutOfService, NotExecuting, Executing, as text or number."""

    operation_mode: Name | None = None
    """The signal with MachineryOperationMode: None, Maintenance, Setup, Processing; None: always Processing."""

    def inputs(self, known: Iterable[str]) -> frozenset[str]:
        """Give the names of the signals that it needs, of those that are `known`."""
        del known
        return frozenset(filter(None, (self.item_state, self.operation_mode)))


class ByMTConnect(Settings):
    """By MTConnect execution, controller mode and availability."""

    kind: Literal["mtconnect"]
    """This rule."""

    execution: Name
    """The signal with Execution."""

    mode: Name | None = None
    """The signal with ControllerMode; MANUAL and MANUAL_DATA_INPUT make ACTIVE a setup. None: always AUTOMATIC."""

    availability: Name | None = None
    """The signal with Availability; UNAVAILABLE makes everything unknown. None: Bad status alone does."""

    states: dict[str, EquipmentState] = Field(default_factory=dict)
    """Execution values that mean something else here than what the rule has for them."""

    def inputs(self, known: Iterable[str]) -> frozenset[str]:
        """Give the names of the signals that it needs, of those that are `known`."""
        del known
        return frozenset(filter(None, (self.execution, self.mode, self.availability)))


class When(Settings):
    """One condition and the state it means."""

    when: str = Field(min_length=1)
    """A condition over signals of the machine by name, in SQL: `spindle_load > 5 AND door = 'CLOSED'`."""

    state: EquipmentState
    """What it means."""

    reason: str = ""
    """Why the machine stands, as a code of the park's `stop_reasons`; empty: the condition's number is shown."""


class ByExpression(Settings):
    """By conditions over several signals: the first that holds counts."""

    kind: Literal["expression"]
    """This rule."""

    rules: tuple[When, ...] = Field(min_length=1)
    """Conditions, in the order in which they are tried."""

    otherwise: EquipmentState = EquipmentState.UNKNOWN
    """State where none holds."""

    def inputs(self, known: Iterable[str]) -> frozenset[str]:
        """Give the names of the signals that its conditions name, of those that are `known`."""
        conditions = [rule.when for rule in self.rules]
        return frozenset(name for name in known if any(_names(name, condition) for condition in conditions))


def _names(name: str, condition: str) -> bool:
    """Tell whether a condition names a signal, bare or in double quotes."""
    return re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w.-])", condition) is not None


StateRule = Annotated[
    ByThreshold | ByCounter | ByPackML | ByMachinery | ByMTConnect | ByExpression, Field(discriminator="kind")
]
"""Any of the rules; `kind` says which."""
