"""Calendars: when work is planned, and where hours, shifts and days begin, in a factory's own time zone.

Everything outside is UTC and half-open, [start, end). `analytics.localtime` tells how a local time becomes an instant,
and where hours and days begin, `analytics.workplan` when shifts and maintenance do.

What work there is on a day is said by the weekday or the turn of the rotation, by public holidays, `closed`, `open` and
`special`; the last of these that says something counts. It is about shifts that begin on that day: the night shift
before a holiday is worked to its end.

    work       start, end: datetime[us, UTC]   kind: str (planned, maintenance)   name: str (of the shift, maintenance)
               by start, without overlaps; time that has no row is not scheduled: no shift, or a break
    windows    period: str (hour, shift, day)   name: str (of the shift, else empty)   start, end: datetime[us, UTC]

Planned work is that of every shift: where shifts overlap (variants of a weekday and a weekend on a day that was opened)
time counts once, under the name of the first listed. Maintenance counts within planned work only. A shift's own window
lasts from its start to its end, and what is planned in it counts whichever shift it is of.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Final, Literal
from zoneinfo import ZoneInfo

import polars as pl

from analytics.localtime import days, hours, instant_of
from analytics.spans import MOMENT
from analytics.workplan import Stretch, apart, day_notes, interrupted, runs, upkeep
from collector.worktime import Calendar, Maintenance

WORK: Final = pl.Schema({"start": MOMENT, "end": MOMENT, "kind": pl.String(), "name": pl.String()})
"""Columns of work, by start; without overlaps."""

WINDOWS: Final = pl.Schema({"period": pl.String(), "name": pl.String(), "start": MOMENT, "end": MOMENT})
"""Columns of windows."""

PERIODS: Final = ("hour", "shift", "day")
"""What windows are called by, from the shortest."""

_DAY: Final = timedelta(days=1)
_LANGUAGES: Final = {"en": "en_US", "zh": "zh_CN"}


def work(
    calendar: Calendar, maintenance: Sequence[Maintenance], zone: ZoneInfo, start: datetime, end: datetime
) -> pl.DataFrame:
    """Give what is planned within [start, end), cut to it: columns of `WORK`.

    `maintenance` is what a machine has besides its calendar's; where both are, time counts for the calendar's.
    """
    begins, ends = instant_of(start), instant_of(end)
    shifts = apart(
        Stretch(*piece, run.rank, run.name) for run in runs(calendar, zone, start, end) for piece in run.pieces
    )
    stops = apart(upkeep((*calendar.maintenance, *maintenance), zone, start, end))
    pieces = [one for one in interrupted(shifts, stops) if one[0].start < ends and one[0].end > begins]
    return _frame(
        WORK,
        [max(piece.start, begins) for piece, _ in pieces],
        [min(piece.end, ends) for piece, _ in pieces],
        ["maintenance" if stop else "planned" for _, stop in pieces],
        [piece.name for piece, _ in pieces],
    )


def notes(
    calendar: Calendar, zone: ZoneInfo, start: datetime, end: datetime, *, language: Literal["en", "zh"] = "en"
) -> dict[date, str]:
    """Give why the work of local days that touch [start, end) is other than usual, where that is said.

    It is the note of a special day, else the name of a public holiday that is not `open`; holidays that are not named
    in `language` are in English or in the country's own.
    """
    last = (end - timedelta(microseconds=1)).astimezone(zone).date()
    day = start.astimezone(zone).date()
    return dict(day_notes(calendar, (day + n * _DAY for n in range((last - day).days + 1)), _LANGUAGES[language]))


def windows_of(calendar: Calendar, zone: ZoneInfo, start: datetime, end: datetime) -> pl.DataFrame:
    """Give the hours, shifts and days that touch [start, end), whole: columns of `WINDOWS`, one per period and start.

    Of shifts that begin together the first listed is shown; a shift of no length (in an hour that a clock change skips)
    is none.
    """
    shifts = runs(calendar, zone, start, end)
    firsts = [run for number, run in enumerate(shifts) if not number or shifts[number - 1].start != run.start]
    return pl.concat(
        [
            _between("hour", hours(zone, start, end)),
            _between("day", days(zone, start, end)),
            _frame(
                WINDOWS,
                ["shift"] * len(firsts),
                [run.name for run in firsts],
                [run.start for run in firsts],
                [run.end for run in firsts],
            ),
        ]
    )


def _between(period: str, edges: list[int]) -> pl.DataFrame:
    """Give the windows between edges that follow each other."""
    pairs = list(pairwise(edges))
    return _frame(
        WINDOWS,
        [period] * len(pairs),
        [""] * len(pairs),
        [begins for begins, _ in pairs],
        [ends for _, ends in pairs],
    )


def _frame(schema: pl.Schema, *columns: Iterable[str | int]) -> pl.DataFrame:
    """Give a frame of columns; instants are numbers, as `analytics.localtime` has them."""
    numbers = {name: pl.Int64() if kind == MOMENT else kind for name, kind in schema.items()}
    return pl.DataFrame(dict(zip(schema, columns, strict=True)), schema=numbers).cast(schema)
