"""Machines with a rule, and what they are told to have done: no more is read than the rule needs."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any

import polars as pl

from adapters.sample import ValueType, no_samples
from analytics.spans import GAPS, SPANS, Machine, lookback, spans
from collector.park import Equipment, Signal, SignalRole
from tests.analytics.plant import BEGIN, Address, at, samples

LATHE = "works/line/lathe"

History = Mapping[str, Sequence[tuple[float, Any]]]
"""By name of a signal: seconds after `BEGIN` and value, by time; None is a report with Bad status."""

Span = tuple[float, float, str, str | None]
"""Seconds after `BEGIN`, state and raw value."""


def lathe(
    rule: Mapping[str, Any],
    types: Mapping[str, ValueType],
    path: str = LATHE,
    *,
    hold: float = 10,
    roles: Mapping[str, SignalRole] | None = None,
    **keys: Any,
) -> Equipment:
    """Give a machine with signals of these types and a rule, as a line file has it."""
    signals = tuple(
        Signal(
            path=f"{path}/{name}",
            name=name,
            source="plc",
            address=Address(),
            type=kind,
            role=(roles or {}).get(name, SignalRole.OTHER),
            **({"width": keys["width"]} if name == "parts" and "width" in keys else {}),
        )
        for name, kind in types.items()
    )
    own = {key: value for key, value in keys.items() if key != "width"}
    return Equipment.model_validate(
        {
            "path": path,
            "id": "lathe",
            "state_from": rule,
            "signals": signals,
            "hold_for": timedelta(seconds=hold),
            **own,
        }
    )


def frames(machine: Equipment, history: History, start: float, end: float) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Give the samples that are read for [start, end), and the last of each signal before those."""
    reach = lookback(machine)
    every = [samples(f"{machine.path}/{name}", values) for name, values in sorted(history.items())]
    frame = pl.concat([no_samples(), *every])
    first, last = at(start) - reach, at(end) + reach
    earlier = frame.filter(pl.col("time") < first).group_by("signal", maintain_order=True).last()
    inside = frame.filter((pl.col("time") >= first) & (pl.col("time") < last))
    return inside, earlier.select(frame.columns)


def gaps(machine: Equipment, *intervals: tuple[float, float | None], name: str | None = None) -> pl.DataFrame:
    """Give gaps of one input, or of all."""
    rows = [
        (machine.path, signal.path, at(start), None if end is None else at(end))
        for start, end in intervals
        for signal in machine.state_inputs
        if name is None or signal.name == name
    ]
    return pl.DataFrame(rows, schema=GAPS, orient="row")


def told(
    machine: Equipment,
    history: History,
    lost: pl.DataFrame | None = None,
    *,
    start: float = 0,
    end: float = 1000,
    until: float | None = None,
) -> list[Span]:
    """Give the spans of a machine."""
    inside, earlier = frames(machine, history, start, end)
    known = Machine(machine, at(end if until is None else until))
    found = spans(inside.lazy(), earlier, gaps(machine) if lost is None else lost, [known], at(start), at(end))
    assert found.schema == SPANS
    second = [((pl.col(edge) - BEGIN).dt.total_microseconds() / 1e6).alias(edge) for edge in ("start", "end")]
    return found.select(*second, "state", "raw").rows()


def whole(found: Sequence[Span], start: float, end: float) -> bool:
    """Tell whether spans tile [start, end), and neighbours differ."""
    edges = [(one[1], two[0]) for one, two in pairwise(found)]
    return (
        (found[0][0], found[-1][1]) == (start, end)
        and all(one == two for one, two in edges)
        and all(one[0] < one[1] for one in found)
        and all(one[2:] != two[2:] for one, two in pairwise(found))
    )


def put_together(first: Sequence[Span], second: Sequence[Span]) -> list[Span]:
    """Give the spans of two intervals that touch as those of one."""
    if first and second and first[-1][2:] == second[0][2:]:
        seam = (first[-1][0], second[0][1], *second[0][2:])
        return [*first[:-1], seam, *second[1:]]
    return [*first, *second]
