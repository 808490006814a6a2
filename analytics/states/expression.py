"""By conditions over several signals, in SQL as Polars reads it: the first that holds counts.

The conditions are looked at whenever a signal that they name changes, over what every one of them says then. A signal
without a value is NULL in them, and NULL spreads as SQL has it: `load > 5 OR door = 'OPEN'` holds for an open door
where nobody knows the load. A condition that is NULL may hold or not, so the state is unknown, unless one before it
holds. `door IS NULL` asks for it.
"""

from collections.abc import Sequence
from functools import reduce

import polars as pl

from adapters.sample import SAMPLES, VALUE_TYPES
from analytics.states.contract import STATES, UNKNOWN, Machine, Machines, Rule, nothing, ruled
from analytics.states.joined import joined
from analytics.states.reports import changes, has_value, types_of
from collector.staterules import ByExpression, When


def _watched(samples: pl.LazyFrame, lasting: pl.DataFrame, machines: Machines) -> pl.LazyFrame:
    """Watch the values as they are typed."""
    types = types_of(machines)
    good = has_value(types)
    typed = samples.select("signal", "time", *(pl.when(good).then(one).alias(one) for one in types))
    return changes(typed, lasting, types)


def _reports(watched: pl.DataFrame, _: pl.DataFrame, __: Machines) -> pl.DataFrame:
    missing = [pl.lit(None, SAMPLES[name]).alias(name) for name in VALUE_TYPES if name not in watched.columns]
    return watched.with_columns(missing).select("signal", "time", *VALUE_TYPES)


def _states(began: pl.DataFrame, machines: Machines) -> pl.DataFrame:
    alike: dict[tuple[object, ...], list[tuple[Machine, ByExpression]]] = {}
    for machine, rule in ruled(machines, ByExpression):
        named = tuple((signal.name, signal.type) for signal in sorted(machine.inputs, key=lambda one: one.name))
        alike.setdefault((rule, named), []).append((machine, rule))
    told = [_alike(began, [machine for machine, _ in some], some[0][1]) for some in alike.values()]
    return pl.concat(told) if told else pl.DataFrame(schema=STATES)


def _alike(began: pl.DataFrame, machines: Sequence[Machine], rule: ByExpression) -> pl.DataFrame:
    """Give the states of machines that have one rule over signals of the same names and types."""
    types = {signal.name: signal.type for signal in machines[0].inputs}
    parts = [(machine, signal.name, signal.path) for machine in machines for signal in machine.inputs]
    rows = joined(began, parts, list(types))
    values = pl.DataFrame([pl.Series(name, began[kind].gather(rows[name])) for name, kind in types.items()])
    numbers = list(enumerate(rule.rules, 1))
    last = (pl.lit(""), pl.lit(rule.otherwise.value))
    raw, state = reduce(_or_else, reversed(numbers), last)
    found = values.select(raw=raw, state=state)
    return rows.select("equipment", "start").hstack(found).select(STATES.names())


def _or_else(otherwise: tuple[pl.Expr, pl.Expr], numbered: tuple[int, When]) -> tuple[pl.Expr, pl.Expr]:
    """Put a condition before those after it: raw value and state."""
    number, rule = numbered
    condition = pl.sql_expr(rule.when)
    raw = pl.when(condition.is_null()).then(pl.lit(None, pl.String)).when(condition).then(pl.lit(str(number)))
    state = pl.when(condition.is_null()).then(pl.lit(UNKNOWN)).when(condition).then(pl.lit(rule.state.value))
    return raw.otherwise(otherwise[0]), state.otherwise(otherwise[1])


EXPRESSION = Rule("expression", VALUE_TYPES, _watched, _reports, _states, nothing)
