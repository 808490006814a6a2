"""What may be missing of each signal, and what is known after all: pure.

A metric is reported when it changes, so one message that is lost may have held a change of any signal of its edge node:
the gap begins with the last message before it. It ends for each signal with its next report, at the latest in the
rebirth. What a rebirth then says of signal by signal:

    metric in the birth              gap  [ last message ─────────────── birth )
    changed before the gap           nothing was missed       filled     the value holds since then, all the way
    changed at t within the gap      up to t some may be      open       [ last message, t )
                                     from t on it holds       filled     [ t, birth )
    stamped with the birth's time    nobody can say           open       the whole

It is the time stamp that says so, and it is believed unless it contradicts what had come: another value at or after it.
A value that was no good says nothing. Late values (`is_historical`) fill from the first to the last of them, for the
signals that had any: between two reports nothing has changed. Whether the edge node's store reached back to the
beginning it does not tell; `node_history` is where a person may.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from adapters.sample import Status
from adapters.sources.contract import Filled, FilledBy, GapKind, Missed
from adapters.sources.mqtt.columns import Row
from adapters.sources.sparkplug.nodes import Device, EdgeNode, History, Lost

AGAIN: Final = 60.0
"""Seconds after which a gap that lasts is told again, up to the present."""

SECOND: Final = 1_000_000_000
"""Nanoseconds in a second."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MARGIN: Final = 60 * SECOND
"""How far before a gap a change may lie and still be told by itself; all earlier ones are told as one."""

_LADDER: Final = tuple(minutes * 60 * SECOND for minutes in (43_200, 10_080, 1_440, 360, 60, 10, 1))
"""Where nobody knows when a gap began, changes are told rounded to these ages: 30, 7, 1 d, 6, 1 h, 10, 1 min."""


def instant(nanoseconds: int) -> datetime:
    """Give an instant as a datetime, UTC, to the microsecond."""
    return _EPOCH + timedelta(microseconds=nanoseconds // 1000)


_UNREPORTED: Final = "the birth shows a change that no message had reported: messages before it never arrived"


class Missing:
    """What a run over some messages finds missing, and filled."""

    def __init__(self) -> None:
        self.gaps: list[Missed] = []
        """Intervals that may miss something."""
        self.filled: list[Filled] = []
        """Intervals that miss nothing any more."""

    def lose(self, device: Device, lost: Lost, upto: int) -> None:
        """Note that the values of a device are not known any more; a fact is told up to `upto`, a suspicion is not."""
        before = device.lost
        self.doubt(device, lost.since)
        if before is not None:
            if before.until is None:
                return
            lost.since = lost.told = min(lost.since, before.since)
        device.lost = lost
        if lost.until is None:
            device.floor = lost.since
            self.tell(device, upto)

    def confirm(self, device: Device, upto: int, clock: float) -> None:
        """Tell of a gap up to `upto`; a suspicion is then a fact."""
        lost = device.lost
        if lost is not None and lost.until is not None:
            device.floor = lost.since
            lost.until, lost.again = None, clock + AGAIN
        self.tell(device, upto)

    def doubt(self, device: Device, since: int) -> None:
        """Count what has reported since the gap began as not known any more, from `since` on: it may have changed."""
        lost = device.lost
        if lost is None:
            return
        again = tuple(signal for signal in device.signals if signal in lost.done)
        if again and since < lost.told:
            self.gaps.append(Missed(instant(since), instant(lost.told), lost.cause, again, lost.kind))
        lost.back.clear()
        lost.done.clear()

    def tell(self, device: Device, upto: int) -> None:
        """Tell how far the gap of a device has come; the device is known again where all its signals have reported."""
        lost = device.lost
        if lost is None:
            return
        ends: dict[int, list[str]] = {}
        for signal in device.signals:
            if signal in lost.done:
                continue
            back = lost.back.get(signal)
            end = upto if back is None else min(back, upto)
            if back is not None:
                lost.done.add(signal)
            if end > lost.told:
                ends.setdefault(end, []).append(signal)
        start = instant(lost.told)
        for end, signals in ends.items():
            self.gaps.append(Missed(start, instant(end), lost.cause, tuple(signals), lost.kind))
        lost.told = max(lost.told, upto)
        if len(lost.done) == len(device.signals):
            device.lost, device.proven = None, lost.told

    def born(
        self,
        device: Device,
        at: int,
        reports: Sequence[Row],
        *,
        before: Mapping[str, tuple[int, Any]],
        known: Mapping[str, tuple[int, Any]],
        since: int | None,
        clock: float,
    ) -> None:
        """End the gap of a device with its birth.

        Args:
            device: which.
            at: time of the birth.
            reports: what it says of the signals.
            before: the last report of each signal that came in its turn.
            known: the same, with those that had waited for the birth.
            since: time of the edge node's last message before its birth; None: there was none.
            clock: seconds of a clock that is never set.
        """
        lost = device.lost
        if lost is None or (lost.until is not None and lost.kind is not GapKind.SEQUENCE):
            device.lost = None  # only its birth was awaited
            doubted = since if lost is None else lost.since
            if doubted is not None and self._unreported(doubted, at, reports, before):
                device.proven = at
            return
        known_again(device, reports)
        self.confirm(device, at, clock)
        device.lost = None
        starts: dict[int, list[str]] = {}
        for signal, time, _, value, status, _ in reports:
            last = known.get(signal)
            contradicted = last is not None and last[0] >= time and last[1] != value
            if status < Status.BAD and time < at and not contradicted:
                starts.setdefault(_told_start(time, device, at), []).append(signal)
        device.proven = at
        for start, signals in sorted(starts.items()):
            self.filled.append(Filled(instant(start), instant(at), tuple(signals), FilledBy.REBIRTH))

    def _unreported(self, since: int, at: int, reports: Iterable[Row], before: Mapping[str, tuple[int, Any]]) -> bool:
        """Tell what a birth shows to have changed unreported, if anything: messages just before a birth skip no number.

        A value that is the same and stamped with the birth's time is no sign of it.
        """
        ends: dict[int, list[str]] = {}
        for signal, time, _, value, _, _ in reports:
            last = before.get(signal)
            if last is not None and time > max(since, last[0]) and (time < at or value != last[1]):
                ends.setdefault(min(time, at), []).append(signal)
        for end, signals in sorted(ends.items()):
            self.gaps.append(Missed(instant(since), instant(end), _UNREPORTED, tuple(signals), GapKind.SEQUENCE))
        return bool(ends)

    def late(self, node: EdgeNode, keeps: int) -> None:
        """Tell what late values fill; `keeps` is how long the edge node's store reaches, nanoseconds, 0: not known."""
        history = node.history
        if history is None or not history.news:
            return
        history.news = False
        starts: dict[int, list[str]] = {}
        devices = {signal: device for device in node.devices.values() for signal in device.signals}
        for signal in history.signals:
            floor = devices[signal].floor
            start = history.first
            if floor is not None and 0 <= history.last - floor <= keeps:
                start = min(start, _told_start(floor, devices[signal], history.last))
            starts.setdefault(start, []).append(signal)
        for start, signals in sorted(starts.items()):
            if start < history.last:
                filled = Filled(instant(start), instant(history.last), tuple(signals), FilledBy.REDELIVERY)
                self.filled.append(filled)


def known_again(device: Device, reports: Iterable[Row]) -> None:
    """End the gap of a device for the signals that have reported since it began."""
    lost = device.lost
    if lost is not None:
        for signal, time, *_ in reports:
            if time > lost.since:
                lost.back.setdefault(signal, time)


def remember(node: EdgeNode, signal: str, time: int) -> None:
    """Note a late value."""
    history = node.history
    if history is None:
        history = node.history = History(time, time)
    history.first = min(history.first, time)
    history.last = max(history.last, time)
    history.signals[signal] = None
    history.news = True


def _told_start(changed: int, device: Device, at: int) -> int:
    """Give from when on a signal is told to be known that changed at `changed`, or later.

    What lies before the gap of its device is known as far as that is proven; a gap that the collector has noted by
    itself may begin a little earlier. Signals that are known for long are told together: the ledger looks at what lies
    in a gap alone.
    """
    floor, proven = device.floor, device.proven
    if floor is None:
        age = at - changed
        return next((at - step for step in _LADDER if step <= age), changed)
    if proven is not None and proven <= changed <= floor:
        changed = proven
    return max(changed, floor - _MARGIN)
