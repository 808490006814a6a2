"""What the keys of one signal mean together: which role takes which type, unit and map."""

from collections.abc import Callable
from math import isfinite
from typing import Final

from collector.config.faults import check_signal_faults
from collector.config.marks import Mapping, Sequence, text_of
from collector.config.problems import Report, one_of
from collector.config.units import check_unit, is_energy, is_power, is_time
from collector.park import SignalRole

_NUMBERS: Final = ("float", "int")
_EXACT: Final = ("text", "int", "bool")

_ONLY_NUMBERS: Final = ("scale", "offset", "low", "high", "limits", "faults", "unit")
"""Keys that mean nothing on `text` and `bool`."""

_NUMERIC_ROLES: Final = frozenset(
    {
        SignalRole.GOOD_COUNT,
        SignalRole.REJECT_COUNT,
        SignalRole.TOTAL_COUNT,
        SignalRole.REWORK_COUNT,
        SignalRole.CYCLE_TIME,
        SignalRole.ENERGY,
        SignalRole.POWER,
        SignalRole.METER,
        SignalRole.MEASUREMENT,
    }
)

_UNIT_OF: Final[dict[str, tuple[Callable[[str], bool], str]]] = {
    SignalRole.CYCLE_TIME: (is_time, "s"),
    SignalRole.METER: (is_time, "h"),
    SignalRole.ENERGY: (is_energy, "kW.h"),
    SignalRole.POWER: (is_power, "kW"),
}
"""By role: what its unit measures, and one to write."""


def check_signal(node: Mapping, report: Report) -> None:
    """Report keys of a signal that do not go together; each key alone is checked by the model."""
    role = text_of(node.get("role")) or SignalRole.OTHER
    kind = text_of(node.get("type"))
    if kind in {*_NUMBERS, *_EXACT}:
        _check_type(node, role, kind, report)
        _check_keys_of_type(node, kind, report)
    _check_maps(node, role, kind, report)
    _check_unit(node, role, kind, report)
    check_signal_faults(node, report)
    _check_numbers(node, kind, report)


def _check_type(node: Mapping, role: str, kind: str, report: Report) -> None:
    mark = node.entries["type"].node.mark
    if role in {SignalRole.STATE, SignalRole.CONDITION, SignalRole.REASON} and kind not in _EXACT:
        report.add(mark, f"`type`: a signal of role `{role}` has exact values; write {one_of(_EXACT)}")
    if role in _NUMERIC_ROLES and kind not in _NUMBERS:
        report.add(mark, f"`type`: a signal of role `{role}` is a number; write {one_of(_NUMBERS)}")


def _check_keys_of_type(node: Mapping, kind: str, report: Report) -> None:
    if kind in _NUMBERS:
        return
    for key in _ONLY_NUMBERS:
        if key in node.entries and not (key == "unit" and text_of(node.get(key)) == "1"):
            report.add(
                node.entries[key].mark,
                f"`{key}` is for numbers and this signal's type is `{kind}`; take it out, or write `type: float`",
            )


def _check_maps(node: Mapping, role: str, kind: str | None, report: Report) -> None:
    for key, owner in (("states", SignalRole.STATE), ("conditions", SignalRole.CONDITION)):
        entry = node.entries.get(key)
        if entry is not None and role != owner:
            if role in set(SignalRole):
                told = f"`{key}` is for signals of role `{owner}`; write `role: {owner}` or take it out"
                report.add(entry.mark, told)
        elif entry is not None and isinstance(entry.node, Mapping):
            check_raw(key, entry.node, kind, report)
    if role == SignalRole.STATE and not _filled(node, "states"):
        mark = node.entries["states"].mark if "states" in node.entries else node.mark
        report.add(mark, "`states` is missing; write what each raw value means, like `ACTIVE: producing`")
    if role == SignalRole.CONDITION and kind in {"int", "bool"} and not _filled(node, "conditions"):
        report.add(
            node.mark, "`conditions` is missing; write what each raw value means, like `1: warning` and `0: normal`"
        )


def _filled(node: Mapping, key: str) -> bool:
    found = node.get(key)
    return found is not None and not (isinstance(found, Mapping) and not found.entries)


def check_raw(key: str, pairs: Mapping, kind: str | None, report: Report) -> None:
    """Report raw values that a signal of a type cannot have."""
    for raw, entry in pairs.entries.items():
        if kind == "bool" and raw not in {"true", "false"}:
            report.add(entry.mark, f"`{key}`: `{raw}` is no value of a bool signal; write `true` or `false`")
        if kind == "int" and not _is_integer(raw):
            report.add(entry.mark, f"`{key}`: `{raw}` is no value of an int signal; write a whole number like `1`")


def _is_integer(text: str) -> bool:
    digits = text.removeprefix("-")
    return digits.isascii() and digits.isdigit() and (digits == "0" or not digits.startswith("0"))


def _check_unit(node: Mapping, role: str, kind: str | None, report: Report) -> None:
    unit_node = node.get("unit")
    unit = text_of(unit_node)
    measures = _UNIT_OF.get(role)
    if unit_node is not None and unit is not None:
        wrong = check_unit(unit)
        if wrong:
            report.add(unit_node.mark, f"`unit`: {wrong}")
            return
    if measures is not None and kind in _NUMBERS and not measures[0](unit or "1"):
        mark = node.mark if unit_node is None else unit_node.mark
        what = "`unit` is missing" if unit_node is None else f"`unit`: `{unit}` does not measure that"
        report.add(mark, f"{what}; a signal of role `{role}` needs one like `{measures[1]}`")


def _check_numbers(node: Mapping, kind: str | None, report: Report) -> None:
    scale, offset = _number(node, "scale"), _number(node, "offset")
    if scale == 0:
        report.add(node.entries["scale"].node.mark, "`scale`: 0 makes every value the same; write a factor like 0.1")
    for key, value in (("scale", scale), ("offset", offset)):
        if kind == "int" and value is not None and value % 1 != 0:
            report.add(
                node.entries[key].node.mark,
                f"`{key}`: {value:g} makes fractions of whole numbers; write `type: float` for this signal",
            )
    low, high = _number(node, "low"), _number(node, "high")
    if low is not None and high is not None and low >= high:
        report.add(node.entries["low"].node.mark, f"`low`: {low:g} must lie below `high` ({high:g})")
    limits = node.get("limits")
    for limit in limits.items if isinstance(limits, Sequence) else ():
        if isinstance(limit, Mapping):
            _check_limit(limit, report)


def _check_limit(limit: Mapping, report: Report) -> None:
    low, high, back = (_number(limit, key) for key in ("low", "high", "hysteresis"))
    if low is not None and high is not None and back is not None and low < high and back >= high - low:
        report.add(
            limit.entries["hysteresis"].node.mark,
            f"`hysteresis`: {back:g} is wider than the room between `low` and `high`, so the alert could never end; "
            f"write less than {high - low:g}",
        )


def _number(node: Mapping, key: str) -> float | None:
    """Give a number that can be compared; None where none is written, or what is not one."""
    try:
        number = float(text_of(node.get(key)) or "")
    except ValueError:
        return None
    return number if isfinite(number) else None
