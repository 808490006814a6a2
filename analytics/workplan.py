"""Work plan: when the shifts of a calendar and windows of maintenance begin and end, as instants of UTC.

A shift lasts from its start to its end by the clock on the wall; so a night shift is an hour shorter or longer on the
two nights of a clock change, and one that lasts for the skipped hour alone has no length. Its pieces are the shift
without its breaks. Maintenance of every week begins by the clock on the wall, and lasts as long as it says.

Where several lie over each other time counts once, for the first listed. Instants are those of `analytics.localtime`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from heapq import heappop, heappush
from itertools import pairwise
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from analytics.localtime import DAY, MICROSECOND, instant_of, local_instant, midnight, since_midnight, steady
from collector.publicholidays import holidays_in
from collector.worktime import WEEKDAYS, Calendar, Maintenance, Shift

_ONE_DAY: Final = timedelta(days=1)

_REACH: Final = 3
"""Days that a shift and its breaks can touch, from the one on which it begins."""


class Stretch(NamedTuple):
    """[start, end) of something that has a name; of two that overlap the one of the lower rank counts."""

    start: int
    end: int
    rank: int
    name: str


class Run(NamedTuple):
    """One shift of one day."""

    start: int
    end: int
    rank: int
    """Place of the shift among those of its calendar."""
    name: str
    pieces: tuple[tuple[int, int], ...]
    """It without its breaks."""


_At = Callable[[int, time], int]
"""Gives the instant of a time of day, so many days after the one on which a shift begins."""


def runs(calendar: Calendar, zone: ZoneInfo, start: datetime, end: datetime) -> list[Run]:
    """Give the shifts that touch [start, end), whole, by start; those that begin together as they are listed."""
    first, last = instant_of(start), instant_of(end)
    ranks = {shift.name: rank for rank, shift in enumerate(calendar.shifts)}
    steadily: dict[int, Run] = {}
    found = []
    for day in _dates(zone, start, end):
        begun = calendar.shifts_on(day, holiday=_holiday(calendar, day) is not None)
        for place, shift in enumerate(begun):
            rank = ranks.get(shift.name, len(ranks) + place)
            if steady(zone, day, _REACH):
                if id(shift) not in steadily:
                    steadily[id(shift)] = _run(shift, rank, _on_the_wall)
                run = _moved(steadily[id(shift)], midnight(zone, day))
            else:
                run = _run(shift, rank, _clock(zone, day))
            if run.start < run.end and run.start < last and run.end > first:
                found.append(run)
    found.sort(key=lambda run: (run.start, run.rank))
    return found


def upkeep(maintenance: Iterable[Maintenance], zone: ZoneInfo, start: datetime, end: datetime) -> list[Stretch]:
    """Give the windows of maintenance that touch [start, end), whole."""
    first, last = instant_of(start), instant_of(end)
    return [
        Stretch(begins, ends, rank, one.name)
        for rank, one in enumerate(maintenance)
        for begins, ends in _occurrences(one, zone, start, end)
        if begins < ends and begins < last and ends > first
    ]


def day_notes(calendar: Calendar, days: Iterable[date], language: str) -> Iterator[tuple[date, str]]:
    """Give why the work of days is other than usual, where that is said."""
    for day in days:
        special = calendar.special_of(day)
        note = special.note if special is not None else ""
        if not note and (special is not None or day not in calendar.open):
            note = _holiday(calendar, day, language) or ""
        if note:
            yield day, note


def apart(stretches: Iterable[Stretch]) -> list[Stretch]:
    """Give stretches that do not overlap, by start, and cover the same time."""
    ordered = sorted(stretches)
    edges = sorted({edge for one in ordered for edge in (one.start, one.end)})
    lying: list[tuple[int, Stretch]] = []
    found: list[Stretch] = []
    following = 0
    for begins, ends in pairwise(edges):
        while following < len(ordered) and ordered[following].start <= begins:
            heappush(lying, (ordered[following].rank, ordered[following]))
            following += 1
        while lying and lying[0][1].end <= begins:
            heappop(lying)
        if not lying:
            continue
        top = lying[0][1]
        if found and found[-1].end == begins and found[-1].start >= top.start and found[-1][2:] == top[2:]:
            found[-1] = found[-1]._replace(end=ends)
        else:
            found.append(Stretch(begins, ends, top.rank, top.name))
    return found


def interrupted(work: Sequence[Stretch], stops: Sequence[Stretch]) -> Iterator[tuple[Stretch, bool]]:
    """Cut work by stops, both without overlaps and by start; tell of each piece whether it is a stop."""
    following = 0
    for piece in work:
        while following < len(stops) and stops[following].end <= piece.start:
            following += 1
        begins = piece.start
        for number in range(following, len(stops)):
            stop = stops[number]
            if stop.start >= piece.end:
                break
            if stop.start > begins:
                yield piece._replace(start=begins, end=stop.start), False
            yield stop._replace(start=max(begins, stop.start), end=min(piece.end, stop.end)), True
            begins = min(piece.end, stop.end)
        if begins < piece.end:
            yield piece._replace(start=begins), False


def _dates(zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[date]:
    """Give the dates on which a shift that touches [start, end) may begin."""
    day, last = start.astimezone(zone).date() - 2 * _ONE_DAY, end.astimezone(zone).date()
    while day <= last:
        yield day
        day += _ONE_DAY


def _holiday(calendar: Calendar, day: date, language: str = "") -> str | None:
    known = calendar.holidays
    if known is None:
        return None
    return holidays_in(day.year, known.country, known.subdivision, language).get(day)


def _run(shift: Shift, rank: int, at: _At) -> Run:
    crosses = shift.end <= shift.start
    start, end = at(0, shift.start), at(int(crosses), shift.end)
    pauses = []
    for pause in shift.breaks:
        days = int(crosses and pause.start < shift.start)
        pauses.append((at(days, pause.start), at(days + (pause.end <= pause.start), pause.end)))
    return Run(start, end, rank, shift.name, tuple(_without(start, end, sorted(pauses))))


def _without(start: int, end: int, pauses: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Give [start, end) without pauses, which are given by their start."""
    begins = start
    for stops, resumes in pauses:
        if resumes <= stops:  # a clock change left nothing of it
            continue
        if begins < stops < end:
            yield begins, stops
        begins = max(begins, resumes)
    if begins < end:
        yield begins, end


def _on_the_wall(days: int, at: time) -> int:
    """Give a time of day after midnight of the day on which a shift begins, where no clock is changed."""
    return days * DAY + since_midnight(at)


def _clock(zone: ZoneInfo, day: date) -> _At:
    return lambda days, at: local_instant(zone, day + days * _ONE_DAY, at)


def _moved(run: Run, by: int) -> Run:
    pieces = tuple((start + by, end + by) for start, end in run.pieces)
    return Run(run.start + by, run.end + by, run.rank, run.name, pieces)


def _occurrences(one: Maintenance, zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[tuple[int, int]]:
    if one.start is not None and one.end is not None:
        yield (
            local_instant(zone, one.start.date(), one.start.time()),
            local_instant(zone, one.end.date(), one.end.time()),
        )
    elif one.at is not None and one.lasts is not None:
        for day in _dates(zone, start - one.lasts, end):
            if WEEKDAYS[day.weekday()] in one.days:
                begins = local_instant(zone, day, one.at)
                yield begins, begins + one.lasts // MICROSECOND
