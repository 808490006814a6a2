"""What machines make and why they stand, where several keys say it together: cycles, products, reasons, counters."""

from collections.abc import Collection
from typing import Final

from pydantic import TypeAdapter, ValidationError

from adapters.settings import Duration
from collector.config.faults import CUMULATIVE
from collector.config.marks import Mapping, Node, Scalar, Sequence, text_of
from collector.config.problems import Report, did_you_mean, one_of
from collector.config.rules import check_raw
from collector.park import SignalRole

_DURATION: Final = TypeAdapter[object](Duration)

_REASONED: Final = (SignalRole.REASON, SignalRole.STATE, SignalRole.CONDITION)
"""Roles of signals that give reasons for stops."""


def check_production(machine: Mapping, roles: Collection[str], report: Report) -> None:
    """Report ideal cycles that are none, products without a signal that says which runs, and counters without a cycle.

    Args:
        machine: the machine's keys.
        roles: roles of its signals, as written.
        report: where mistakes go.
    """
    cycle = machine.get("ideal_cycle")
    products = machine.get("products")
    if cycle is not None:
        _check_cycle("ideal_cycle", cycle, report)
    if isinstance(products, Mapping):
        for name, entry in products.entries.items():
            _check_cycle(f"products: {name}", entry.node, report)
        if products.entries and SignalRole.PRODUCT not in roles:
            told = "`products`: no signal says which product runs; give the signal that does `role: product`"
            report.add(machine.entries["products"].mark, told)
    rule = machine.get("state_from")
    if isinstance(rule, Mapping) and text_of(rule.get("kind")) == "counter":
        known = isinstance(products, Mapping) and bool(products.entries)
        if cycle is None and not known:
            told = "`state_from`: by a counter needs the time per part; write `ideal_cycle: 12 s`, or `products`"
            report.add(machine.entries["state_from"].mark, f"{told}, on the machine")


def _check_cycle(key: str, node: Node, report: Report) -> None:
    text = text_of(node)
    try:
        nothing = text is not None and not _DURATION.validate_python(text)
    except ValidationError:
        return  # told when the machine is made
    if nothing:
        report.add(node.mark, f"`{key}`: a part takes longer than 0; write the ideal time for one, like 12 s")


def check_counting(signal: Mapping, reasons: Collection[str] | None, report: Report) -> None:
    """Report a `width` of what does not count on, and `reasons` that have no place or are not there.

    Args:
        signal: the signal's keys.
        reasons: codes of the park's stop reasons; None where they could not be read.
        report: where mistakes go.
    """
    role = text_of(signal.get("role")) or SignalRole.OTHER
    if role not in set(SignalRole):
        return
    if "width" in signal.entries and role not in CUMULATIVE:
        told = f"`width` is for what counts on; write {one_of(CUMULATIVE)} as `role`, or take it out"
        report.add(signal.entries["width"].mark, told)
    node = signal.get("reasons")
    if node is not None and role not in _REASONED:
        told = f"`reasons` is for signals of role {one_of(_REASONED)}; write one of them or take it out"
        report.add(signal.entries["reasons"].mark, told)
    elif isinstance(node, Mapping):
        _check_reasons(signal, node, role, report)
        for entry in node.entries.values():
            check_reason("reasons", entry.node, reasons, report)


def _check_reasons(signal: Mapping, reasons: Mapping, role: str, report: Report) -> None:
    """Report raw values that the signal does not have; a condition's are native codes, which may be anything."""
    if role == SignalRole.CONDITION:
        return
    check_raw("reasons", reasons, text_of(signal.get("type")), report)
    states = signal.get("states")
    if role == SignalRole.STATE and isinstance(states, Mapping):
        for raw, entry in reasons.entries.items():
            if raw not in states.entries:
                hint = did_you_mean(raw, states.entries)
                report.add(entry.mark, f"`reasons`: `{raw}` is not in `states`, which says what it means{hint}")


def check_reason(key: str, node: Node, reasons: Collection[str] | None, report: Report) -> None:
    """Report a stop reason that the park does not have."""
    code = text_of(node)
    if reasons is not None and code and code not in reasons:
        hint = did_you_mean(code, reasons) or f"; write `{code}` under `stop_reasons` in the park's file"
        report.add(node.mark, f"`{key}`: the park has no stop reason `{code}`{hint}")


def check_rule_reasons(rule: Node | None, reasons: Collection[str] | None, report: Report) -> None:
    """Report reasons of a rule's conditions that the park does not have."""
    rules = rule.get("rules") if isinstance(rule, Mapping) else None
    for one in rules.items if isinstance(rules, Sequence) else ():
        node = one.get("reason") if isinstance(one, Mapping) else None
        if node is not None:
            check_reason("reason", node, reasons, report)


def check_bottleneck(line: Mapping, machines: Collection[str], report: Report) -> None:
    """Report a bottleneck that is no machine of its line."""
    node = line.get("bottleneck")
    if isinstance(node, Scalar) and (name := text_of(node)) is not None and name not in machines:
        hint = did_you_mean(name, machines) or "; write it under `equipment`"
        report.add(node.mark, f"`bottleneck`: this line has no machine `{name}`{hint}")
