"""Calendars that cannot be: shifts that overlap, breaks outside their shift, days both open and closed."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from collector.config.build import build
from collector.config.marks import Mapping, Node, Scalar, Sequence, text_of
from collector.config.problems import Mark, Report
from collector.park import WEEKDAYS, Shift

_A_MONDAY = date(2001, 1, 1)
"""Two weeks from here stand for every week."""


def check_calendars(node: Node | None, report: Report) -> None:
    """Report what no single shift or day shows; what is wrong within one is told when the park is made."""
    if not isinstance(node, Mapping):
        return
    for name, entry in node.entries.items():
        if isinstance(entry.node, Mapping):
            _check(name, entry.node, report)


def _check(name: str, calendar: Mapping, report: Report) -> None:
    shifts: dict[str, tuple[Shift, Mark]] = {}
    for node in _items(calendar.get("shifts")):
        shift = build(Shift, node, Report())
        if shift is None or not isinstance(node, Mapping):
            continue
        if shift.name in shifts:
            report.add(
                _at(node, "name"), f"`name`: calendar `{name}` has a shift `{shift.name}` already; give it another name"
            )
            continue
        shifts[shift.name] = (shift, _at(node, "start"))
        _check_breaks(shift, node, report)
    told = _check_weeks([shift for shift, _ in shifts.values()], shifts, report)
    closed = {text_of(day) for day in _items(calendar.get("closed"))}
    open_days = [(day, _day(day)) for day in _items(calendar.get("open"))]
    for node, day in open_days:
        if day is None:
            continue
        if text_of(node) in closed:
            report.add(node.mark, f"`open`: {day} is closed as well; keep it in one of the two lists")
        elif not told:
            _check_open(day, [shift for shift, _ in shifts.values()], node.mark, report)


def _check_breaks(shift: Shift, node: Mapping, report: Report) -> None:
    start = datetime.combine(_A_MONDAY, shift.start)
    end = _end(start, shift)
    known: list[tuple[datetime, datetime]] = []
    for rest, one in zip(shift.breaks, _items(node.get("breaks")), strict=False):
        begins = datetime.combine(_A_MONDAY, rest.start)
        if begins < start:
            begins += timedelta(days=1)
        ends = datetime.combine(begins.date(), rest.end)
        if ends <= begins:
            ends += timedelta(days=1)
        if ends > end or ends - begins >= timedelta(days=1):
            report.add(
                one.mark,
                f"the break {rest.start:%H:%M} to {rest.end:%H:%M} lies outside shift `{shift.name}`; "
                f"put it between {shift.start:%H:%M} and {shift.end:%H:%M}",
            )
        elif any(begins < other_end and other < ends for other, other_end in known):
            report.add(one.mark, f"this break overlaps another of shift `{shift.name}`; make them one")
        known.append((begins, ends))


def _check_weeks(shifts: list[Shift], marks: dict[str, tuple[Shift, Mark]], report: Report) -> bool:
    told: set[frozenset[str]] = set()
    days = [_A_MONDAY + timedelta(days=n) for n in range(2 * len(WEEKDAYS))]
    for earlier, later, start in _overlaps(shifts, days, frozenset()):
        pair = frozenset((earlier.name, later.name))
        if pair in told:
            continue
        told.add(pair)
        if len(pair) == 1:
            message = f"shift `{later.name}` runs into itself on the next day; let it end by {later.start:%H:%M}"
        else:
            message = (
                f"shift `{later.name}` begins at {later.start:%H:%M} on {WEEKDAYS[start.weekday()]}, when shift "
                f"`{earlier.name}` lasts until {earlier.end:%H:%M}; let it begin then, or end that one before"
            )
        report.add(marks[later.name][1], f"`start`: {message}")
    return bool(told)


def _check_open(day: date, shifts: list[Shift], mark: Mark, report: Report) -> None:
    days = [day + timedelta(days=n) for n in (-1, 0, 1)]
    for earlier, later, _ in _overlaps(shifts, days, frozenset((day,))):
        report.add(
            mark,
            f"`open`: every shift begins on an open day, and on {day} `{earlier.name}` and `{later.name}` overlap; "
            "give that day a calendar whose shifts fit",
        )
        return


def _overlaps(
    shifts: list[Shift], days: list[date], open_days: frozenset[date]
) -> Iterator[tuple[Shift, Shift, datetime]]:
    """Give neighbours in time of which the first lasts beyond the start of the second."""
    runs = [
        (start := datetime.combine(day, shift.start), _end(start, shift), number, shift)
        for day in days
        for number, shift in enumerate(shifts)
        if day in open_days or WEEKDAYS[day.weekday()] in shift.days
    ]
    longest = None
    for run in sorted(runs, key=lambda run: (run[0], run[2])):
        if longest is not None and run[0] < longest[1]:
            yield longest[3], run[3], run[0]
        if longest is None or run[1] > longest[1]:
            longest = run


def _end(start: datetime, shift: Shift) -> datetime:
    end = datetime.combine(start.date(), shift.end)
    return end if end > start else end + timedelta(days=1)


def _day(node: Node) -> date | None:
    try:
        return date.fromisoformat(text_of(node) or "")
    except ValueError:
        return None


def _items(node: Node | None) -> tuple[Node, ...]:
    return node.items if isinstance(node, Sequence) else ()


def _at(node: Mapping, key: str) -> Mark:
    entry = node.get(key)
    return entry.mark if isinstance(entry, Scalar) else node.mark
