"""`state_from` of a machine: the rule itself, and whether its signals are there and of a type that it can work on."""

from collections.abc import Collection, Iterator
from typing import Final, get_args

import polars as pl
from pydantic import ValidationError

from adapters.sample import SAMPLES, ValueType
from collector.config.build import build
from collector.config.marks import Mapping, Node, Sequence, text_of
from collector.config.problems import Report, did_you_mean, one_of
from collector.equipmentstate import EquipmentState
from collector.park import Signal, SignalRole
from collector.staterules import (
    PACKML_STATES,
    ByCounter,
    ByExpression,
    ByMachinery,
    ByMTConnect,
    ByPackML,
    ByThreshold,
    StateRule,
    When,
    signals_in,
)

_MODELS: Final[dict[str, type[StateRule]]] = {
    get_args(model.model_fields["kind"].annotation)[0]: model
    for model in (ByThreshold, ByCounter, ByPackML, ByMachinery, ByMTConnect, ByExpression)
}
"""The rules by kind."""

_NUMBERS: Final[tuple[ValueType, ...]] = ("float", "int")
_NAMES: Final[tuple[ValueType, ...]] = ("text", "int")

_TAKES: Final[dict[str, dict[str, tuple[ValueType, ...]]]] = {
    "threshold": {"signal": _NUMBERS},
    "counter": {"signal": _NUMBERS},
    "packml": {"state": _NAMES, "mode": _NAMES},
    "machinery": {"item_state": _NAMES, "operation_mode": _NAMES},
    "mtconnect": {"execution": ("text",), "mode": ("text",), "availability": ("text",)},
}
"""By kind and key: what types the signal may have that the key names."""

_COUNTERS: Final = (SignalRole.TOTAL_COUNT, SignalRole.GOOD_COUNT)


def read_state_rule(node: Node, report: Report) -> StateRule | None:
    """Make the rule of a machine; None when it is wrong, and then `report` says why."""
    if not isinstance(node, Mapping):
        report.add(node.mark, f"`state_from`: write a rule here, with `kind: …` ({one_of(_MODELS)}) and its keys")
        return None
    kind_node = node.get("kind")
    kind = text_of(kind_node)
    if kind_node is None or kind is None:
        report.add(node.mark, f"`kind` is missing; write which rule tells the state: {one_of(_MODELS)}")
        return None
    model = _MODELS.get(kind)
    if model is None:
        report.add(kind_node.mark, f"`kind`: there is no rule `{kind}`{did_you_mean(kind, _MODELS)}")
        return None
    return build(model, node, report)


class RuleCheck:
    """Checks the rule of one machine against the machine's signals."""

    def __init__(self, node: Mapping, names: Collection[str], signals: Collection[Signal], report: Report) -> None:
        """Take the rule's node, the names of all signals as written, and those signals that could be read."""
        self._node = node
        self._names = names
        self._signals = {signal.name: signal for signal in signals}
        self._report = report

    def check(self) -> None:
        """Report signals that are not there or that the rule cannot work on, whatever else is wrong in the rule."""
        kind = text_of(self._node.get("kind"))
        model = _MODELS.get(kind or "")
        for key, types in _TAKES.get(kind or "", {}).items():
            self._check_signal(key, types)
        if model is ByCounter:
            self._check_counter()
        if model is ByPackML:
            self._check_packml()
        if model is ByExpression:
            for condition in self._conditions():
                self._check_condition(condition)

    def _check_signal(self, key: str, types: tuple[ValueType, ...]) -> None:
        node = self._node.get(key)
        name = text_of(node)
        if node is None or name is None:
            return
        if name not in self._names:
            hint = did_you_mean(name, self._names) or "; write it under `signals`"
            self._report.add(node.mark, f"`{key}`: this machine has no signal `{name}`{hint}")
        elif name in self._signals and self._signals[name].type not in types:
            told = (
                f"`{key}`: signal `{name}` is of type `{self._signals[name].type}` and the rule needs {one_of(types)}"
            )
            self._report.add(node.mark, f"{told}; name another signal, or give that one another type")

    def _check_counter(self) -> None:
        node = self._node.get("signal")
        signal = self._signals.get(text_of(node) or "")
        if node is not None and signal is not None and signal.role not in _COUNTERS:
            told = f"`signal`: signal `{signal.name}` is of role `{signal.role}` and counts no parts"
            self._report.add(node.mark, f"{told}; give it the role {one_of(_COUNTERS)}, or name one that has it")

    def _check_packml(self) -> None:
        states = self._node.get("states")
        known = {name.lower() for name in PACKML_STATES.values()}
        for name, entry in states.entries.items() if isinstance(states, Mapping) else ():
            if name.strip().lower() not in known:
                hint = did_you_mean(name, PACKML_STATES.values())
                self._report.add(entry.mark, f"`states`: PackML has no state `{name}`{hint}")

    def _conditions(self) -> Iterator[Node]:
        rules = self._node.get("rules")
        for rule in rules.items if isinstance(rules, Sequence) else ():
            condition = rule.get("when") if isinstance(rule, Mapping) else None
            if condition is not None:
                yield condition

    def _check_condition(self, node: Node) -> None:
        condition = text_of(node) or ""
        try:
            When(when=condition, state=EquipmentState.IDLE)
        except ValidationError:
            return  # told when the rule is made
        named = signals_in(condition)
        strange = sorted(named - set(self._names))
        if strange:
            self._report.add(
                node.mark, f"`when`: this machine has no signal `{strange[0]}`{self._meant(strange[0], condition)}"
            )
        elif named <= self._signals.keys():
            wrong = self._evaluated(condition, named)
            if wrong:
                self._report.add(node.mark, f"`when`: {wrong}")

    def _meant(self, name: str, condition: str) -> str:
        """Say what a name may stand for: a part of one that needs quotes, one that looks like it, or a text."""
        for known in self._names:
            if name in known and known in condition:
                return f'; names with other characters than letters, digits and `_` stand in double quotes: "{known}"'
        hint = did_you_mean(name, self._names) or "; write it under `signals`"
        return f"{hint}; text stands in single quotes: '{name}'"

    def _evaluated(self, condition: str, named: Collection[str]) -> str:
        """Try a condition on signals without values; give what is wrong, empty where nothing is."""
        schema = {name: SAMPLES[self._signals[name].type] for name in named}
        frame = pl.DataFrame({name: [None, None] for name in schema}, schema=schema)
        try:
            tried = frame.select(pl.sql_expr(condition).alias("holds"))["holds"]
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
            told = str(error).splitlines()[0][:120]
            return f"{told}; compare numbers with numbers, and text with text in single quotes"
        if tried.dtype != pl.Boolean:
            return "this is a value and no condition; compare it with something, like load > 5"
        return ""
