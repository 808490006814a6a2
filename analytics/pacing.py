"""When a channel's notifications are sent: its hours of quiet, its bound, and what is told together. Pure.

    waiting ──► held     quiet hours (until they end), the bound is reached (until there is room), an earlier one of the
       ▲         │       same alert is held (until that is told): nothing overtakes
       └─────────┤       what is due alone is told by itself
                 └─► one summary for each reason

What is critical is held by the bound alone; one in five of what the bound allows is kept free for it. It is told at
once, and takes with it what is held of its alert. A notification that was begun to be sent may have arrived: it is sent
again by itself, as it was, until there is an answer.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from analytics.localtime import instant_of, local_instant
from analytics.notification import ORDER, Fate, Notification
from collector.alerting import Quiet, Rate
from collector.park import WEEKDAYS, Severity

QUIET: Final = "quiet"
"""Reason for which a notification is held: the channel's hours of quiet."""

RATE: Final = "rate"
"""Reason for which a notification is held: the channel has carried all that it may."""

RESERVED: Final = 5
"""One in so many of what a channel may carry is kept free for critical notices."""

_SOON: Final = timedelta(seconds=1)
_DAY: Final = timedelta(days=1)
_WEEK: Final = 8


@dataclass(frozen=True, slots=True)
class Pace:
    """How a channel may be told."""

    zone: ZoneInfo
    """The zone of its hours of quiet."""

    quiet: tuple[Quiet, ...] = ()
    """Its hours of quiet."""

    rate: Rate | None = None
    """Its bound; None: it has none."""


@dataclass(slots=True)
class Settled:
    """What changes before anything is sent."""

    changed: dict[str, Notification] = field(default_factory=dict)
    """Notifications with another fate, reason or due, by id."""

    absorbed: dict[str, str] = field(default_factory=dict)
    """Held ones that a graver one tells: their id to its id."""

    together: dict[str, list[Notification]] = field(default_factory=dict)
    """What one summary tells, by the reason for which it was held, in order."""


def quiet_until(quiet: Sequence[Quiet], zone: ZoneInfo, severity: Severity, at: datetime) -> datetime | None:
    """Give when the hours of quiet end that hold a notice at an instant, UTC; None: none does."""
    end = at
    for _ in range(_WEEK):  # hours that follow one another are one
        held = [
            until
            for one in quiet
            if ORDER.index(severity) < ORDER.index(one.passes) and (until := _until(one, zone, end)) is not None
        ]
        if not held:
            break
        end = max(held)
    return None if end == at else end


def _until(quiet: Quiet, zone: ZoneInfo, at: datetime) -> datetime | None:
    today = at.astimezone(zone).date()
    moment = instant_of(at)
    for day in (today - _DAY, today):
        if WEEKDAYS[day.weekday()] not in quiet.days:
            continue
        ends = day if quiet.end > quiet.start else day + _DAY
        end = local_instant(zone, ends, quiet.end)
        if local_instant(zone, day, quiet.start) <= moment < end:
            return at + timedelta(microseconds=end - moment)
    return None


def settle(pace: Pace, pending: Sequence[Notification], sent: Sequence[datetime], now: datetime) -> Settled:
    """Decide what is held, what is told together, and what by itself.

    Args:
        pace: how the channel may be told.
        pending: all that is waiting or held on it, by number.
        sent: when it was sent to lately, UTC: all of the last `rate.per`.
        now: the present, UTC.
    """
    return _Settling(pace, pending, sent, now).run()


def choose(pace: Pace, pending: Iterable[Notification], sent: Sequence[datetime], now: datetime) -> Notification | None:
    """Give what is to be sent now; None: nothing. The gravest comes first, but nothing overtakes within its alert."""
    free = _Free(pace.rate, sent, now)
    ready = [one for one in _firsts(pending) if one.fate is Fate.WAITING and one.due <= now and free.room(one)]
    return min(ready, key=lambda one: (not one.critical, one.due, one.number), default=None)


def wakes(pace: Pace, pending: Iterable[Notification], sent: Sequence[datetime], now: datetime) -> datetime | None:
    """Give when something of it may be sent next, UTC; None: nothing is."""
    free = _Free(pace.rate, sent, now)
    return min((max(one.due, free.when(one)) for one in _firsts(pending)), default=None)


def _firsts(pending: Iterable[Notification]) -> Iterable[Notification]:
    """Give what waits for nothing else of its alert."""
    first: dict[str, Notification] = {}
    for one in sorted(pending, key=lambda one: one.number):
        first.setdefault(one.alert or one.id, one)
    return first.values()


class _Free:
    """What the bound still allows."""

    def __init__(self, rate: Rate | None, sent: Sequence[datetime], now: datetime) -> None:
        self._rate = rate
        self._now = now
        self._sent = sorted(one for one in sent if rate is not None and now - one < rate.per)
        self._taken = 0

    def _allowed(self, one: Notification) -> int:
        """Give how many notices may be sent within its time."""
        if self._rate is None:
            return 0
        count = self._rate.count
        return count if one.critical or count == 1 else count - max(1, count // RESERVED)

    def room(self, one: Notification) -> bool:
        """Tell whether one more may be sent now."""
        return self._rate is None or len(self._sent) + self._taken < self._allowed(one)

    def take(self) -> None:
        """Count one that will be sent."""
        self._taken += 1

    def when(self, one: Notification) -> datetime:
        """Give when there is room, UTC, if nothing else is sent until then."""
        if self._rate is None or self.room(one):
            return self._now
        over = len(self._sent) + self._taken - self._allowed(one)
        place = min(over, len(self._sent) - 1)
        return self._sent[place] + self._rate.per if self._sent else self._now + self._rate.per


class _Settling:
    """One look at what a channel has."""

    def __init__(self, pace: Pace, pending: Sequence[Notification], sent: Sequence[datetime], now: datetime) -> None:
        self._pace = pace
        self._now = now
        self._pending = sorted(pending, key=lambda one: one.number)
        self._free = _Free(pace.rate, sent, now)
        self._settled = Settled()

    def run(self) -> Settled:
        """Decide."""
        held: dict[str, list[Notification]] = defaultdict(list)
        waiting = []
        for one in self._pending:
            if one.fate is Fate.HELD:
                held[one.alert or one.id].append(one)
            elif one.attempts:
                self._begun(one)
            elif held.get(one.alert or one.id):
                self._behind(one, held[one.alert or one.id])
            else:
                waiting.append(one)
        for one in sorted(waiting, key=lambda one: (not one.critical, one.number)):
            self._fresh(one)
        self._together([one for many in held.values() for one in many])
        return self._settled

    def _begun(self, one: Notification) -> None:
        """Have one that was begun to be sent wait for the end of quiet hours as it is."""
        until = self._quiet(one)
        if until is not None and one.due <= self._now:
            self._put(one, due=until)
        elif one.due <= self._now:
            self._free.take()

    def _behind(self, one: Notification, held: list[Notification]) -> None:
        """Have one not overtake what is held of its alert; a critical one takes that with it."""
        if one.critical and self._free.room(one):
            self._free.take()
            for other in held:
                self._settled.absorbed[other.id] = one.id
            held.clear()
        else:
            held.append(self._put(one, fate=Fate.HELD, reason=held[0].reason, due=held[0].due))

    def _fresh(self, one: Notification) -> None:
        """Have one that was never tried wait, or hold it."""
        until = self._quiet(one)
        if until is not None:
            self._put(one, fate=Fate.HELD, reason=QUIET, due=until)
        elif one.due <= self._now:
            if self._free.room(one):
                self._free.take()
            else:
                self._put(one, fate=Fate.HELD, reason=RATE, due=self._free.when(one))

    def _together(self, held: list[Notification]) -> None:
        """Tell what is due: alone by itself, several of one reason in one summary."""
        for reason, ready in self._due(held):
            due = self._in_order(ready)
            if not due:
                continue
            gravest = max(due, key=lambda one: ORDER.index(one.severity))
            until = self._quiet(gravest)
            if until is not None or not self._free.room(gravest):
                wait = until or self._free.when(gravest)
                for one in ready:
                    self._put(one, due=wait)
                continue
            self._free.take()
            if len(due) == 1:
                self._put(due[0], fate=Fate.WAITING, reason="", due=self._now)
            else:
                self._settled.together[reason] = due

    def _due(self, held: Iterable[Notification]) -> Iterator[tuple[str, list[Notification]]]:
        """Give what is held for one reason, where the first of it is due."""
        by_reason: dict[str, list[Notification]] = defaultdict(list)
        for one in sorted(held, key=lambda one: one.number):
            by_reason[one.reason].append(one)
        for reason, many in by_reason.items():
            if any(one.due <= self._now for one in many):
                yield reason, many

    def _in_order(self, due: list[Notification]) -> list[Notification]:
        """Take in what waits before it of the same alerts, so that nothing overtakes; what was begun is waited for."""
        last = {one.alert: one.number for one in due if one.alert}
        gone = {*self._settled.absorbed, *(one.id for many in self._settled.together.values() for one in many)}
        before = [
            self._settled.changed.get(one.id, one)
            for one in self._pending
            if one.number < last.get(one.alert, 0) and one.id not in gone
        ]
        begun = {one.alert for one in before if one.attempts}
        for one in due:
            if one.alert in begun:
                self._put(one, due=self._now + _SOON)
        whole = {one.id: one for one in (*before, *due) if one.alert not in begun}
        return sorted(whole.values(), key=lambda one: one.number)

    def _quiet(self, one: Notification) -> datetime | None:
        return quiet_until(self._pace.quiet, self._pace.zone, one.severity, self._now)

    def _put(self, one: Notification, **changes: object) -> Notification:
        changed = replace(one, **changes)  # type: ignore[arg-type]  # by name
        if changed != one:
            self._settled.changed[one.id] = changed
        return changed


def after(pending: Sequence[Notification], settled: Settled) -> list[Notification]:
    """Give what is pending once it is settled, without what is absorbed or told together."""
    gone = {*settled.absorbed, *(one.id for many in settled.together.values() for one in many)}
    changed: Mapping[str, Notification] = settled.changed
    return [changed.get(one.id, one) for one in pending if one.id not in gone]
