"""How the state of a machine is told where no single signal says it.

A rule names signals of the same machine, by name. It is given as `state_from:` of the machine, in place of a signal of
role `state`; `kind` says which rule it is. `analytics.states` carries them out.
"""

import re
from collections.abc import Iterable
from datetime import timedelta
from functools import cache
from typing import Annotated, Final, Literal, Self

import polars as pl
from pydantic import Field, field_validator, model_validator

from adapters.settings import Duration, Settings
from collector.equipmentstate import EquipmentState
from collector.fields import Name, Number

PACKML_STATES: Final = {
    1: "Clearing",
    2: "Stopped",
    3: "Starting",
    4: "Idle",
    5: "Suspended",
    6: "Execute",
    7: "Stopping",
    8: "Aborting",
    9: "Aborted",
    10: "Holding",
    11: "Held",
    12: "Unholding",
    13: "Suspending",
    14: "Unsuspending",
    15: "Resetting",
    16: "Completing",
    17: "Complete",
}
"""The states of PackML by the number that StateCurrent has (ISA-TR88.00.02)."""


class ByThreshold(Settings):
    """By power, current or spindle load: above a threshold the machine produces."""

    kind: Literal["threshold"]
    """This rule."""

    signal: Name
    """The float or int signal that is watched: power, current, spindle load."""

    on: Number
    """At or above this it is `above`, in the signal's unit."""

    off: Number | None = None
    """Below this it is `below` again, in the signal's unit; at most `on`. Between the two it stays as it was
    (hysteresis), for an hour at most; then it is `below`. None: `on`."""

    minimum: Duration = Field(default=timedelta(0), le=timedelta(hours=1))
    """A state that lasts for less is not taken for one: it is part of the state before it, unless it flickers for an
    hour; 1 h at most."""

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

    Between two parts that lie further apart it stood still, until one ideal cycle before the later one. Where one
    report counts several parts, that many cycles are meant, and an hour at most.
    """

    kind: Literal["counter"]
    """This rule."""

    signal: Name
    """The counter: a signal of role `total_count` or `good_count`."""

    within: Number = Field(default=3.0, ge=1, le=1000)
    """How many ideal cycles may pass between two parts, 1 to 1000. The machine needs an `ideal_cycle` or `products`."""

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
    """The signal with UnitModeCurrent (1 Production, 2 Maintenance, 3 Manual; others count as Production), as number or
    name; None: always Production."""

    states: dict[str, EquipmentState] = Field(default_factory=dict)
    """Names of states (`Suspended`) that mean something else here, in Production, than what the rule has for them."""

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
    """The signal with MachineryOperationMode: None, Maintenance, Setup, Processing, as text or number; None: always
    Processing."""

    def inputs(self, known: Iterable[str]) -> frozenset[str]:
        """Give the names of the signals that it needs, of those that are `known`."""
        del known
        return frozenset(filter(None, (self.item_state, self.operation_mode)))


class ByMTConnect(Settings):
    """By MTConnect execution, controller mode and availability."""

    kind: Literal["mtconnect"]
    """This rule."""

    execution: Name
    """The text signal with Execution."""

    mode: Name | None = None
    """The text signal with ControllerMode; MANUAL and MANUAL_DATA_INPUT make ACTIVE a setup. None: always AUTOMATIC."""

    availability: Name | None = None
    """The text signal with Availability; what is not AVAILABLE makes everything unknown after `hold_for`, as Bad status
    does. None: Bad status alone does."""

    states: dict[str, EquipmentState] = Field(default_factory=dict)
    """Execution values that mean something else here than what the rule has for them."""

    def inputs(self, known: Iterable[str]) -> frozenset[str]:
        """Give the names of the signals that it needs, of those that are `known`."""
        del known
        return frozenset(filter(None, (self.execution, self.mode, self.availability)))


class When(Settings):
    """One condition and the state it means."""

    when: str = Field(min_length=1)
    """A condition over signals of the machine by name, in SQL: `spindle_load > 5 AND door = 'CLOSED'`. A name with
    other characters than letters, digits and `_`, and one that is a word of SQL, stands in double quotes:
    `"oil-temp" > 60`. A signal without a value is NULL."""

    state: EquipmentState
    """What it means."""

    reason: str = ""
    """Why the machine stands, as a code of the park's `stop_reasons`; empty: the condition's number is shown."""

    @field_validator("when")
    @classmethod
    def _readable(cls, when: str) -> str:
        outside = _QUOTED.sub(" ", when)
        for name in _CALLED.findall(outside):
            if name.upper() not in {*_FUNCTIONS, *_WORDS}:
                msg = f"`{name}(…)` is not known in a condition; of functions it may use {', '.join(_FUNCTIONS)}"
                raise ValueError(msg)
        for word in _FORBIDDEN.findall(outside):
            msg = f"`{word}` has no place in a condition, which looks at the values of one instant"
            raise ValueError(msg)
        try:
            named = signals_in(when)
        except pl.exceptions.PolarsError as error:
            told = str(error).splitlines()[0][:120]
            msg = f"this is no condition in SQL ({told}); write one like spindle_load > 5 AND door = 'CLOSED'"
            raise ValueError(msg) from error
        if not named:
            msg = "this condition names no signal; write one like spindle_load > 5 AND door = 'CLOSED'"
            raise ValueError(msg)
        return when


class ByExpression(Settings):
    """By conditions over several signals: the first that holds counts."""

    kind: Literal["expression"]
    """This rule."""

    rules: tuple[When, ...]
    """Conditions, one or more, in the order in which they are tried."""

    otherwise: EquipmentState = EquipmentState.UNKNOWN
    """State where none holds."""

    @field_validator("rules")
    @classmethod
    def _some_rule(cls, rules: tuple[When, ...]) -> tuple[When, ...]:
        if not rules:
            msg = "an expression needs one condition or more; write `- when: …` and the `state` that it means"
            raise ValueError(msg)
        return rules

    def inputs(self, known: Iterable[str]) -> frozenset[str]:
        """Give the names of the signals that its conditions name, of those that are `known`."""
        named = frozenset[str]().union(*(signals_in(rule.when) for rule in self.rules))
        return named.intersection(known)


@cache
def signals_in(condition: str) -> frozenset[str]:
    """Give the names that stand in a condition where signals do.

    Raises:
        polars.exceptions.PolarsError: it is no condition in SQL.
    """
    return frozenset(pl.sql_expr(condition).meta.root_names())


_FUNCTIONS: Final = (
    *("ABS", "CEIL", "COALESCE", "FLOOR", "GREATEST", "LEAST", "LOWER", "MOD", "NULLIF", "POWER", "ROUND", "SIGN"),
    *("SQRT", "UPPER", "LENGTH", "LEFT", "RIGHT", "STARTS_WITH", "ENDS_WITH", "CAST", "TRY_CAST"),
)
"""What a condition may call: functions of the values of one instant."""

_WORDS: Final = ("AND", "OR", "NOT", "IN", "LIKE", "ILIKE", "BETWEEN", "IS", "CASE", "WHEN", "THEN", "ELSE")
"""Words that a bracket may follow."""

_QUOTED: Final = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"")
_CALLED: Final = re.compile(r"\b([A-Za-z_]\w*)\s*\(")
_FORBIDDEN: Final = re.compile(r"\b(?:SELECT|OVER)\b", re.IGNORECASE)


StateRule = Annotated[
    ByThreshold | ByCounter | ByPackML | ByMachinery | ByMTConnect | ByExpression, Field(discriminator="kind")
]
"""Any of the rules; `kind` says which."""
