"""State news: what there is to tell of a machine's states, when a part of its timeline was looked at again.

    remembered ─┐
    pieces ─────┴─► timeline as it is now ─► compared ─┬─ it goes on        each new state, the newest one open
                                                      └─ it is another     the newest state, and since when all is

`REMEMBERED` states that were told are kept per machine. What is older and was looked at again because its samples,
gaps or map changed is told as another without being compared. Pure: from states to what is said of them.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest
from typing import Final, NamedTuple, TypeAlias

from analytics.touched import Cause

REMEMBERED: Final = 200
"""States that are remembered of a machine."""

AT_MOST: Final = 100
"""States of one machine that are told one by one; where there are more, the newest, and since when to read."""


class Known(NamedTuple):
    """One state of a machine; it lasts until the next one."""

    start: datetime
    """When it began, UTC, as far as anybody looked."""

    state: str
    """An `EquipmentState`, or `unknown`."""

    raw: str | None
    """The raw value that it comes from; None where no value holds."""


Timeline: TypeAlias = tuple[Known, ...]
"""States that follow each other, by start; the last one lasts."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a machine's timeline that was looked at again."""

    since: datetime
    """From when on it may be another, UTC."""

    end: datetime | None
    """Until when it was looked at, UTC; None: as far as anything is known."""

    states: Timeline
    """What the machine did; the first one may have begun before `since`."""

    doubtful: bool
    """Whether something came to be known of states (rather than of counters or calendars)."""


@dataclass(frozen=True, slots=True)
class StateNews:
    """One state, to be told."""

    known: Known
    """What the machine does, or did."""

    until: datetime | None
    """When it ended, UTC; None: it lasts."""

    revised_from: datetime | None
    """From when on all that was told is another now, UTC; None: it goes on."""


def state_news(remembered: Timeline, pieces: Iterable[Piece]) -> tuple[Timeline, list[StateNews]]:
    """Give what to remember of a machine from now on, and what to tell of it.

    Args:
        remembered: what was told last, up to the newest state; empty: nothing ever was.
        pieces: what was looked at again.
    """
    ordered = sorted(pieces, key=lambda piece: piece.since)
    if not remembered and not any(piece.end is None and piece.states for piece in ordered):
        return remembered, []
    timeline = remembered
    for piece in ordered:
        timeline = _with(timeline, piece)
    told, revised = _compared(remembered, timeline)
    doubted = [piece.since for piece in ordered if piece.doubtful and remembered and piece.since < remembered[0].start]
    revised = min([*doubted, *([] if revised is None else [revised])], default=None)
    if revised is None and len(told) > AT_MOST:
        revised = told[0].start
    if revised is not None:
        return timeline[-REMEMBERED:], [StateNews(timeline[-1], None, revised)]
    ends = [one.start for one in told[1:]]
    return timeline[-REMEMBERED:], [StateNews(one, end, None) for one, end in zip_longest(told, ends)]


def is_doubtful(causes: Collection[str], signals: Collection[str], inputs: Collection[str]) -> bool:
    """Tell whether a range was touched by something that states are told from; `inputs` are the signals that tell."""
    return any(cause in _OF_STATES for cause in causes) or not set(inputs).isdisjoint(signals)


_OF_STATES: Final = frozenset({Cause.FILLED.value, Cause.GAP.value, Cause.MAP.value, Cause.ASKED.value})


def _with(timeline: Timeline, piece: Piece) -> Timeline:
    """Give a timeline with a piece in its place; what lies before all that is remembered is left out."""
    states = list(piece.states)
    if timeline:
        first = timeline[0].start
        if piece.end is not None and piece.end <= first:
            return timeline
        before = [one for one in states if one.start <= first]
        states = [*(one._replace(start=first) for one in before[-1:]), *states[len(before) :]]
    if not states:
        return timeline
    behind: list[Known] = []
    if piece.end is not None:
        lasting = [one for one in timeline if one.start <= piece.end]
        behind = [*(one._replace(start=piece.end) for one in lasting[-1:]), *timeline[len(lasting) :]]
    ahead = [one for one in timeline if one.start < states[0].start]
    return tuple(_joined([*ahead, *states, *behind]))


def _joined(states: Sequence[Known]) -> Iterable[Known]:
    """Give states of which no two that follow each other are the same."""
    for number, one in enumerate(states):
        if number == 0 or states[number - 1][1:] != one[1:]:
            yield one


def _compared(remembered: Timeline, timeline: Timeline) -> tuple[Timeline, datetime | None]:
    """Give the states that go on behind those remembered; and since when these are another, None where they are not."""
    same = 0
    while same < min(len(remembered), len(timeline)) and remembered[same] == timeline[same]:
        same += 1
    if same == len(remembered):
        return timeline[same:], None
    return (), min(one[same].start for one in (remembered, timeline) if same < len(one))
