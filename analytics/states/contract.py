"""What every rule promises that tells the state of machines.

A rule is carried out for many machines at once, in three steps, of which the second is the same for all:

    samples ─► watched ─► reports ─► held ─► began ─► states
               └──── the rule ────┘  `holding`        └ the rule

1. `watched` is its one pass over all samples: it drops what changes nothing, neither sorts nor makes text of what it
   drops. `reports` then says what each report of an input means: its value, or that there is none (Bad).
2. `holding` bridges short gaps and ends each value at the end of what it may be held for.
3. `states` says what the values of all inputs mean together. An input without a value makes the state `unknown`, unless
   the rule does not need it then.

What a rule remembers is bounded: `memory` says how long before and after an instant its inputs matter. So the states
of an interval do not depend on how much more was read than that, and are the same whether an interval is told at once
or in parts.

    watched     signal: str   time: datetime[us, UTC]   inside: bool (in a lasting gap)   and columns of the rule
    reports     signal: str   time: datetime[us, UTC]   and the rule's `values` (all null: Bad)
    began       equipment, signal: str   start: datetime[us, UTC]   and the rule's `values` (all null: nobody knows)
    lasting     `LASTING`: gaps of the ledger that are not bridged, by signal and start, those of one signal apart
    states      `STATES`, in any order; of two rows of a machine at one instant the later counts
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVar

import polars as pl

from collector.park import Equipment, EquipmentState, Signal
from collector.staterules import StateRule

MOMENT: Final = pl.Datetime("us", "UTC")
"""The type of every instant of spans, windows and results: UTC, microseconds."""

STATES: Final = pl.Schema({"equipment": pl.String(), "start": MOMENT, "raw": pl.String(), "state": pl.String()})
"""When a state begins: path of the machine, UTC, what it comes from as text (null where no value holds), and an
`EquipmentState`."""

LASTING: Final = pl.Schema({"signal": pl.String(), "start": MOMENT, "end": MOMENT, "hold_for": pl.Duration("us")})
"""Gaps longer than `hold_for`, as they concern inputs: [start, end) in UTC."""

UNKNOWN: Final = EquipmentState.UNKNOWN.value
"""The state of a machine that nobody knows anything about."""

RAW: Final = ("raw",)
"""The value column of rules that work on text."""

R = TypeVar("R", bound=StateRule)


@dataclass(frozen=True, slots=True)
class Machine:
    """One machine whose states are told."""

    configured: Equipment
    """What is configured of it: its inputs, its rule, `hold_for` and `bridge`."""

    until: datetime | None
    """Up to which instant it can be told what it did, UTC; None: nothing can be told."""

    @property
    def equipment(self) -> str:
        """Path of the machine."""
        return self.configured.path

    @property
    def inputs(self) -> tuple[Signal, ...]:
        """The signals that its state is told by, in the order of the file."""
        return self.configured.state_inputs

    def input(self, name: str) -> Signal:
        """Give the signal of a name.

        Raises:
            KeyError: it has none; `parkline check` refuses such a machine.
        """
        for signal in self.configured.signals:
            if signal.name == name:
                return signal
        msg = f"{self.equipment} has no signal {name!r}"
        raise KeyError(msg)


Machines = Sequence[Machine]


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One kind of rule."""

    kind: str
    """The `kind` of its configuration; `signal`: a state signal."""

    values: tuple[str, ...]
    """The columns that hold a value of an input, of `began`."""

    watched: Callable[[pl.LazyFrame, pl.DataFrame, Machines], pl.LazyFrame]
    """From samples (columns of `adapters.sample.SAMPLES`, by signal and time), `lasting` and the machines."""

    reports: Callable[[pl.DataFrame, pl.DataFrame, Machines], pl.DataFrame]
    """From what was watched (by signal and time, one row per instant), `lasting` and the machines."""

    states: Callable[[pl.DataFrame, Machines], pl.DataFrame]
    """From `began` and the machines."""

    memory: Callable[[Equipment], timedelta]
    """How long before and after an instant its inputs matter, beside `hold_for`."""

    beside: Callable[[Equipment], tuple[Signal, ...]] = lambda _: ()
    """Signals that it reads beside the machine's `state_inputs`, and that no state depends on alone."""


def ruled(machines: Machines, kind: type[R]) -> Iterator[tuple[Machine, R]]:
    """Give the machines with a rule of a kind, and their rules."""
    return (
        (machine, machine.configured.state_from)
        for machine in machines
        if isinstance(machine.configured.state_from, kind)
    )


def nothing(_: Equipment) -> timedelta:
    """Say that a rule remembers nothing: the values of an instant alone say its state."""
    return timedelta(0)
