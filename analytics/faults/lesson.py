"""Lessons: from which numbers something is learned, one by one, and when that is enough.

The time between two numbers counts where nothing is missing between them, and the caller says that it was usable. A
lesson is over with the number at which the usable time is as long as asked for, and the numbers are enough. From a
declared healthy time every number within it is learned, and the lesson is over with the first one after it; where
these are too few, as when it lies in the past, what comes is learned from instead.

    used    usable time so far, ns          rows     numbers so far
    first   of the first number, ns         newest   of the newest, ns
    anew    whether the healthy time was passed over
"""

from dataclasses import dataclass
from typing import Any, Final, Self

from analytics.faults.contract import nanoseconds
from collector.faultrules.detection import Learned

LEAST: Final = 30
"""From so many numbers something can be learned."""


@dataclass(frozen=True, slots=True)
class Terms:
    """From what something learns."""

    span: int
    """How much usable time, ns."""

    start: int | None = None
    """Begin of the declared healthy time, ns since 1970; None: none is declared."""

    end: int | None = None
    """Its end."""

    @classmethod
    def of(cls, learned: Learned) -> Self:
        """Give the terms of a configured detector."""
        if learned.healthy is None:
            return cls(nanoseconds(learned.learn))
        start, end = (round(one.timestamp() * 1e6) * 1000 for one in (learned.healthy.start, learned.healthy.end))
        return cls(nanoseconds(learned.learn), start, end)


def begun() -> dict[str, Any]:
    """Give a lesson that nothing was learned in yet."""
    return {"used": 0, "rows": 0, "first": None, "newest": None, "anew": False}


def part(terms: Terms, lesson: dict[str, Any], ns: int) -> bool:
    """Tell whether a number at `ns` is one to learn from; the lesson may begin anew with it."""
    if terms.start is None or terms.end is None or lesson["anew"]:
        return True
    if ns >= terms.end and lesson["rows"] < LEAST:
        lesson |= {**begun(), "anew": True}
        return True
    return terms.start <= ns < terms.end


def learned(lesson: dict[str, Any], ns: int, *, joined: bool) -> None:
    """Count a number that was learned from; `joined`: the time since the one before is usable."""
    if joined and lesson["newest"] is not None:
        lesson["used"] += ns - lesson["newest"]
    lesson["rows"] += 1
    lesson["first"] = ns if lesson["first"] is None else lesson["first"]
    lesson["newest"] = ns


def over(terms: Terms, lesson: dict[str, Any], ns: int) -> bool:
    """Tell whether enough was learned, at `ns`."""
    if terms.end is not None and not lesson["anew"]:
        return ns >= terms.end and int(lesson["rows"]) >= LEAST
    return int(lesson["used"]) >= terms.span and int(lesson["rows"]) >= LEAST
