"""Which fault detectors fit which signal or machine: what they look at must be there, and be what they can judge."""

from collections.abc import Iterable
from typing import Final

from collector.config.marks import Entry, Mapping, Node, Scalar, Sequence, text_of
from collector.config.problems import Report, did_you_mean, one_of
from collector.park import SignalRole

CUMULATIVE: Final = (
    SignalRole.GOOD_COUNT,
    SignalRole.REJECT_COUNT,
    SignalRole.TOTAL_COUNT,
    SignalRole.REWORK_COUNT,
    SignalRole.ENERGY,
    SignalRole.METER,
)
"""Roles of signals that count on."""

_CYCLES: Final = (SignalRole.TOTAL_COUNT, SignalRole.GOOD_COUNT, SignalRole.CYCLE_TIME)
_OF_VALUES: Final = ("ewma", "cusum", "robust_z", "seasonal", "change_point")
_NUMBERS: Final = ("float", "int")
_VELOCITY: Final = "mm/s"
_TOGETHER: Final = (SignalRole.MEASUREMENT, SignalRole.POWER, SignalRole.CYCLE_TIME)
"""Roles of the signals that `multivariate` takes where it names none."""

_LEAST: Final = 2


def check_signal_faults(signal: Mapping, report: Report) -> None:
    """Report detectors that cannot judge a signal of its role and unit.

    Args:
        signal: the signal's keys.
        report: where mistakes go.
    """
    faults = signal.get("faults")
    role = text_of(signal.get("role")) or SignalRole.OTHER
    if not isinstance(faults, Mapping) or role not in set(SignalRole) or text_of(signal.get("type")) not in _NUMBERS:
        return
    entries = faults.entries
    _check_written(faults, report)
    if "counter" in entries and role not in CUMULATIVE:
        _tell(entries["counter"], f"`counter` is for what counts on; write {one_of(CUMULATIVE)} as `role`", report)
    if "cycle" in entries and role not in _CYCLES:
        _tell(entries["cycle"], f"`cycle` is for parts and their cycles; write {one_of(_CYCLES)} as `role`", report)
    if "vibration" in entries and text_of(signal.get("unit")) != _VELOCITY:
        told = f"`vibration` rates RMS velocity in {_VELOCITY}; write `unit: {_VELOCITY}` and `scale`"
        _tell(entries["vibration"], told, report)
    if "out_of_range" in entries and signal.get("low") is None and signal.get("high") is None:
        told = "`out_of_range` needs to know what can be; write `low` or `high` of the sensor on this signal"
        _tell(entries["out_of_range"], told, report)
    if role in CUMULATIVE:
        _check_counting(entries, role, report)


def _check_written(faults: Mapping, report: Report) -> None:
    """Report detectors with nothing behind their name: that reads as if they were on, and they are not."""
    for key, entry in faults.entries.items():
        if isinstance(entry.node, Scalar) and entry.node.value is None:
            _tell(entry, f"`{key}` alone switches nothing on; write `{key}: {{}}`", report)


def _check_counting(entries: dict[str, Entry], role: str, report: Report) -> None:
    """Report detectors that look for a level where a counter has none."""
    for key in _OF_VALUES:
        if key in entries:
            told = (
                f"`{key}` is for values that have a level and role `{role}` only counts on; write `rate` or `counter`"
            )
            _tell(entries[key], told, report)
    rate = entries.get("rate")
    if rate is not None and isinstance(rate.node, Mapping) and "fall" in rate.node.entries:
        told = f"`fall`: role `{role}` only counts on; write `counter: {{}}` to hear when it jumps back"
        _tell(rate.node.entries["fall"], told, report)


def check_machine_faults(machine: Mapping, signals: Iterable[Node], report: Report) -> None:
    """Report detectors of a machine whose signals or state are not there.

    Args:
        machine: the machine's keys.
        signals: its signals, as written.
        report: where mistakes go.
    """
    faults = machine.get("faults")
    if not isinstance(faults, Mapping):
        return
    _check_written(faults, report)
    known = {name: one for one in signals if isinstance(one, Mapping) and (name := text_of(one.get("name")))}
    roles = {text_of(one.get("role")) for one in known.values()}
    if "states" in faults.entries and SignalRole.STATE not in roles and machine.get("state_from") is None:
        told = "`states`: nothing tells the state of this machine; give a signal `role: state`, or write `state_from`"
        _tell(faults.entries["states"], told, report)
    if "multivariate" in faults.entries:
        _check_together(faults.entries["multivariate"], known, report)


def _check_together(entry: Entry, known: dict[str, Mapping], report: Report) -> None:
    """Report signals that cannot be looked at together: not there, no numbers, or fewer than two."""
    named = entry.node.get("signals") if isinstance(entry.node, Mapping) else None
    if isinstance(named, Sequence) and named.items:
        _check_named(entry, named, known, report)
        return
    fitting = [
        name
        for name, one in known.items()
        if text_of(one.get("role")) in _TOGETHER and text_of(one.get("type")) in _NUMBERS
    ]
    if len(fitting) < _LEAST:
        told = f"`multivariate` looks at two signals or more of role {one_of(_TOGETHER)}, and this machine has "
        told += f"{len(fitting) or 'none'}; give signals such a role, or name them: `signals: [a, b]`"
        _tell(entry, told, report)


def _check_named(entry: Entry, named: Sequence, known: dict[str, Mapping], report: Report) -> None:
    seen: set[str] = set()
    for item in named.items:
        name = text_of(item)
        if name is None:
            continue  # told when the machine is made
        if name not in known:
            hint = did_you_mean(name, known) or "; write it under `signals` of the machine"
            report.add(item.mark, f"`signals`: this machine has no signal `{name}`{hint}")
        elif text_of(known[name].get("type")) not in _NUMBERS:
            kind = text_of(known[name].get("type"))
            told = f"`signals`: signal `{name}` is of type `{kind}` and only numbers move together; name another one"
            report.add(item.mark, told)
        elif name in seen:
            report.add(item.mark, f"`signals`: `{name}` is named twice; take one out")
        seen.add(name)
    if len(named.items) < _LEAST:
        mark = entry.node.entries["signals"].mark if isinstance(entry.node, Mapping) else entry.mark
        report.add(mark, "`signals`: one signal cannot move together with others; name two or more")


def _tell(entry: Entry, what: str, report: Report) -> None:
    report.add(entry.mark, f"{what}, or take it out")
