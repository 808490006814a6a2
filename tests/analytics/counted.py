"""Signals that count, and what counters make of their readings."""

from collections.abc import Iterable
from typing import Any

import polars as pl

from adapters.sample import no_samples
from analytics.counters import steps
from collector.park import Equipment, Signal, SignalRole
from tests.analytics.plant import Address, machine, samples

PRESS = "works/line/press"
"""Path of the machine that counts."""


def signal(name: str, role: SignalRole, equipment: str = PRESS, **keys: Any) -> Signal:
    """Give an int signal of a role."""
    given: dict[str, Any] = {"type": "int", "source": "plc", "address": Address(), **keys}
    return Signal(path=f"{equipment}/{name}", name=name, role=role, **given)


def press(*signals: Signal, **keys: Any) -> Equipment:
    """Give the machine at `PRESS` with a state signal and these."""
    return machine(PRESS, *signals, **keys)


def stepped(
    readings: Iterable[tuple[float, Any]], *, role: SignalRole = SignalRole.TOTAL_COUNT, cycle: Any = None, **keys: Any
) -> pl.DataFrame:
    """Give the steps of one counter, from seconds after `BEGIN` and value; None is a report with Bad status."""
    given = samples(f"{PRESS}/count", readings)
    return steps(given.lazy(), no_samples(), [press(signal("count", role, **keys), ideal_cycle=cycle)])


def kinds(steps: pl.DataFrame) -> list[tuple[str, float]]:
    """Give kind and delta of every step."""
    return [(kind, delta) for kind, delta in steps.select("kind", "delta").iter_rows()]
