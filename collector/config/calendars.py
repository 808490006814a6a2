"""Calendars that cannot be: shifts that overlap, breaks outside their shift, turns of no rotation, unknown holidays.

What is wrong within one value is told when the park is made; here is what no single shift or day shows.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import NamedTuple, TypeVar

from pydantic import BaseModel

from collector.config.build import build
from collector.config.marks import Mapping, Node, Scalar, Sequence, text_of
from collector.config.problems import Mark, Report, did_you_mean
from collector.publicholidays import countries, subdivisions
from collector.worktime import WEEKDAYS, Calendar, Holidays, Rotation, Shift, Special

M = TypeVar("M", bound=BaseModel)

_A_MONDAY = date(2001, 1, 1)
"""Two weeks from here stand for every week, two rotations for every rotation."""

_ONE_DAY = timedelta(days=1)


def check_calendars(node: Node | None, report: Report) -> None:
    """Report what is wrong with calendars, by name in `node`."""
    if not isinstance(node, Mapping):
        return
    for name, entry in node.entries.items():
        if isinstance(entry.node, Mapping):
            _Check(name, entry.node, report).run()


def check_maintenance(node: Node | None, report: Report) -> None:
    """Report maintenance of one list that has a name already."""
    names: set[str] = set()
    for item in _items(node):
        name = text_of(item.get("name")) if isinstance(item, Mapping) else None
        if isinstance(item, Mapping) and name is not None and name in names:
            report.add(_at(item, "name"), f"`name`: there is a maintenance `{name}` above; give it another name")
        names |= {name} if name is not None else set()


class _Run(NamedTuple):
    """One shift of one day, by the clock on the wall."""

    start: datetime
    end: datetime
    number: int
    shift: Shift
    day: date


class _Check:
    """The check of one calendar."""

    def __init__(self, name: str, node: Mapping, report: Report) -> None:
        self._name = name
        self._node = node
        self._report = report
        self._marks: dict[str, Mark] = {}
        self._known = _names(node.get("shifts"))

    def run(self) -> None:
        rotation = _quietly(Rotation, self._node.get("rotation"))
        shifts = tuple(self._shifts())
        self._check_turns(rotation)
        self._check_holidays(self._node.get("holidays"))
        check_maintenance(self._node.get("maintenance"), self._report)
        closed = {text_of(day) for day in _items(self._node.get("closed"))}
        opened = [(node, day) for node in _items(self._node.get("open")) if (day := _day(node)) is not None]
        for node, day in opened:
            if text_of(node) in closed:
                self._report.add(node.mark, f"`open`: {day} is closed as well; keep it in one of the two lists")
        special = [(node, self._special(node)) for node in _items(self._node.get("special"))]
        if not shifts:
            return
        pattern = Calendar(shifts=shifts, rotation=rotation)
        told = self._check_pattern(pattern)
        exceptional = Calendar(
            shifts=shifts,
            rotation=rotation,
            closed=tuple(day for node in _items(self._node.get("closed")) if (day := _day(node)) is not None),
            open=tuple(day for _, day in opened),
            special=tuple(one for _, one in special if one is not None),
        )
        for node, day in opened:
            if text_of(node) not in closed and exceptional.special_of(day) is None and not told:
                self._check_open(exceptional, day, node.mark)
        for node, one in special:
            if one is not None:
                self._check_special(exceptional, one, node, told)

    def _shifts(self) -> Iterator[Shift]:
        """Give the shifts that can be made, with what is wrong about them alone told."""
        for node in _items(self._node.get("shifts")):
            shift = _quietly(Shift, node)
            if shift is None or not isinstance(node, Mapping):
                continue
            if shift.name in self._marks:
                message = f"calendar `{self._name}` has a shift `{shift.name}` already; give it another name"
                self._report.add(_at(node, "name"), f"`name`: {message}")
                continue
            self._marks[shift.name] = _at(node, "start")
            _check_breaks(shift, node, self._report)
            yield shift

    def _check_turns(self, rotation: Rotation | None) -> None:
        written = "rotation" in self._node.entries
        for node in _items(self._node.get("shifts")):
            if not isinstance(node, Mapping):
                continue
            if "turns" in node.entries and not written:
                message = (
                    f"calendar `{self._name}` has no `rotation`; write `days`, or a rotation with `start` and `length`"
                )
                self._report.add(node.entries["turns"].mark, f"`turns`: {message}")
            if rotation is None:
                continue
            days = f"days of the rotation from 1 to {rotation.length}"
            if "days" in node.entries:
                message = f"weekdays mean nothing in a rotation; write `turns`, the {days}"
                self._report.add(node.entries["days"].mark, f"`days`: {message}")
            elif "turns" not in node.entries:
                message = f"`turns` is missing; write the {days} on which it begins, `[]` for special days only"
                self._report.add(node.mark, message)
            for turn in _items(node.get("turns")):
                number = turn.value if isinstance(turn, Scalar) else None
                if isinstance(number, int) and not 1 <= number <= rotation.length:
                    self._report.add(turn.mark, f"`turns`: {number} is none of the {days}")

    def _check_holidays(self, node: Node | None) -> None:
        holidays = _quietly(Holidays, node)
        if holidays is None or not isinstance(node, Mapping):
            return
        country, part = holidays.country, holidays.subdivision
        if country not in countries():
            message = f"`country`: no public holidays are known of `{country}`"
            hint = "write an ISO 3166-1 code such as `CN`, `US` or `DE`, or list the days under `closed`"
            self._report.add(_at(node, "country"), f"{message}; {hint}")
        elif part and part not in (known := subdivisions(country)):
            message = f"`subdivision`: `{country}` has no `{part}` with holidays of its own"
            hint = did_you_mean(part, known) or "; take `subdivision` out"
            self._report.add(_at(node, "subdivision"), f"{message}{hint}")

    def _special(self, node: Node) -> Special | None:
        if not isinstance(node, Mapping):
            return None
        named = set()
        for item in _items(node.get("shifts")):
            name = text_of(item)
            if name is not None and name not in self._known:
                hint = did_you_mean(name, self._known)
                self._report.add(item.mark, f"`shifts`: calendar `{self._name}` has no shift `{name}`{hint}")
            named.add(name)
        for item in _items(node.get("extra")):
            extra = _quietly(Shift, item)
            if extra is None or not isinstance(item, Mapping):
                continue
            if extra.name in named:
                message = f"`name`: this day has a shift `{extra.name}` already; give it another name"
                self._report.add(_at(item, "name"), message)
            named.add(extra.name)
            _check_breaks(extra, item, self._report)
        return _quietly(Special, node)

    def _check_pattern(self, pattern: Calendar) -> set[frozenset[str]]:
        """Report shifts that overlap week by week or turn by turn; give which were told."""
        turning = pattern.rotation
        if turning is not None:
            pattern = pattern.model_copy(update={"rotation": turning.model_copy(update={"start": _A_MONDAY})})
        length = len(WEEKDAYS) if turning is None else turning.length
        told: set[frozenset[str]] = set()
        for earlier, later in _overlaps(pattern, (_A_MONDAY + n * _ONE_DAY for n in range(2 * length))):
            pair = frozenset((earlier.shift.name, later.shift.name))
            if pair in told:
                continue
            told.add(pair)
            turn = (later.day - _A_MONDAY).days % length
            day = WEEKDAYS[turn] if turning is None else f"day {turn + 1} of the rotation"
            beyond = " of the next day" if earlier.end.date() > later.day else ""
            message = (
                f"shift `{later.shift.name}` begins at {later.shift.start:%H:%M} on {day}, "
                f"when shift `{earlier.shift.name}` lasts until {earlier.shift.end:%H:%M}{beyond}; "
                "let it begin then, or end that one before"
            )
            self._report.add(self._marks[later.shift.name], f"`start`: {message}")
        return told

    def _check_open(self, calendar: Calendar, day: date, mark: Mark) -> None:
        for earlier, later in _overlaps(calendar, _around(day, day)):
            if day in (earlier.day, later.day):
                self._report.add(
                    mark,
                    f"`open`: every shift begins on an open day, and on {day} `{earlier.shift.name}` and "
                    f"`{later.shift.name}` overlap; say under `special` which shifts begin on that day",
                )
                return

    def _check_special(self, calendar: Calendar, one: Special, node: Node, told: set[frozenset[str]]) -> None:
        for earlier, later in _overlaps(calendar, _around(one.day, one.until or one.day)):
            about = [run.day for run in (earlier, later) if calendar.special_of(run.day) is one]
            if about and frozenset((earlier.shift.name, later.shift.name)) not in told:
                self._report.add(
                    node.mark,
                    f"on {about[-1]} shift `{later.shift.name}` begins at {later.shift.start:%H:%M}, when shift "
                    f"`{earlier.shift.name}` of {earlier.day} lasts until {earlier.shift.end:%H:%M}; "
                    "let it begin then, or leave one of them out",
                )
                return


def _check_breaks(shift: Shift, node: Mapping, report: Report) -> None:
    start = datetime.combine(_A_MONDAY, shift.start)
    end = _end(start, shift)
    known: list[tuple[datetime, datetime]] = []
    for rest, one in zip(shift.breaks, _items(node.get("breaks")), strict=False):
        begins = datetime.combine(_A_MONDAY, rest.start)
        if begins < start:
            begins += _ONE_DAY
        ends = datetime.combine(begins.date(), rest.end)
        if ends <= begins:
            ends += _ONE_DAY
        if ends > end or ends - begins >= _ONE_DAY:
            report.add(
                one.mark,
                f"the break {rest.start:%H:%M} to {rest.end:%H:%M} lies outside shift `{shift.name}`; "
                f"put it between {shift.start:%H:%M} and {shift.end:%H:%M}",
            )
        elif any(begins < other_end and other < ends for other, other_end in known):
            report.add(one.mark, f"this break overlaps another of shift `{shift.name}`; make them one")
        known.append((begins, ends))


def _overlaps(calendar: Calendar, days: Iterable[date]) -> Iterator[tuple[_Run, _Run]]:
    """Give neighbours in time of which the first lasts beyond the start of the second."""
    runs = [
        _Run(start := datetime.combine(day, shift.start), _end(start, shift), number, shift, day)
        for day in days
        for number, shift in enumerate(calendar.shifts_on(day))
    ]
    longest = None
    for run in sorted(runs, key=lambda run: (run.start, run.number)):
        if longest is not None and run.start < longest.end:
            yield longest, run
        if longest is None or run.end > longest.end:
            longest = run


def _around(first: date, last: date) -> list[date]:
    """Give the days at the two ends of a stretch of alike days and the days beside it, as far as dates go."""
    near = (first - date.min).days, (date.max - last).days
    if min(near) < len(WEEKDAYS):
        return []
    inside = {first, min(first + _ONE_DAY, last), max(last - _ONE_DAY, first), last}
    return sorted({first - _ONE_DAY, *inside, last + _ONE_DAY})


def _end(start: datetime, shift: Shift) -> datetime:
    end = datetime.combine(start.date(), shift.end)
    return end if end > start else end + _ONE_DAY


def _quietly(model: type[M], node: Node | None) -> M | None:
    """Make a model where it can be made; what is wrong with it is told when the park is made."""
    return build(model, node, Report()) if node is not None else None


def _names(node: Node | None) -> tuple[str, ...]:
    names = (text_of(item.get("name")) for item in _items(node) if isinstance(item, Mapping))
    return tuple(name for name in names if name is not None)


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
