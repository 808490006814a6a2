"""Notifications of one link to batches: samples, refusals, and the gaps that they tell of.

    notification.py   what a server published, taken apart
    changes.py        its data changes as columns, Good plain numbers fast
    values.py         any other value: what it is to parkline

This module puts the columns into frames and works out which intervals were missed. Pure: bytes and instants in, frames
out.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import polars as pl

from adapters.sample import INSTANT, PAYLOAD_KEPT, REFUSALS, SAMPLES, VALUE_TYPES
from adapters.sources.contract import GapKind, Missed, Point
from adapters.sources.opcua.binary import MalformedError
from adapters.sources.opcua.changes import ChangeReader, Columns, Overflow, Refused, TimeChoice, nanoseconds
from adapters.sources.opcua.notification import Notification
from adapters.sources.opcua.settings import OpcuaAddress

VANISHED: Final = {0x8033_0000: "BadNodeIdInvalid", 0x8034_0000: "BadNodeIdUnknown"}
"""StatusCodes of a node that was deleted."""

_ONE: Final = 1
_SHORTEST: Final = 5
"""Bytes of the shortest change: its handle, and the mask that says that nothing follows."""

_CODE: Final = 0xFFFF_0000
"""The bits of a StatusCode that tell what it is; the others tell more of the value."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_UNREADABLE: Final = "a notification of the server could not be read"
_OVERFLOWED: Final = (
    "the server's queue overflowed: values changed faster than they were fetched; raise `queue_margin` or shorten "
    "`publishing_interval`"
)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A notification that arrived."""

    notification: Notification
    """What the server published."""

    received: int
    """When, ns since 1970, UTC."""

    missing: int = 0
    """How many notifications between the one before it and this one never arrived."""


@dataclass(frozen=True, slots=True)
class Absent:
    """A point whose node the server does not serve."""

    point: Point[OpcuaAddress]
    """The point."""

    status: int
    """StatusCode of the server's answer."""

    reason: str
    """Why, and what to do."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """What some notifications say."""

    samples: pl.DataFrame
    """Columns of `adapters.sample.SAMPLES`, in order of arrival."""

    refusals: pl.DataFrame
    """Columns of `adapters.sample.REFUSALS`, in order of arrival."""

    gaps: tuple[Missed, ...]
    """What was missed, by start."""


class Decoder:
    """Decodes the notifications of one link, in order; it remembers what came before."""

    def __init__(self, source: str, points: Sequence[Point[OpcuaAddress]], time: TimeChoice, opened: int) -> None:
        """Decode for `source`; the n-th of `points` has client handle n, counted from 1.

        Args:
            source: its name.
            points: its points.
            time: which timestamp is a sample's time.
            opened: when the link was opened, ns since 1970, UTC.
        """
        self._source = source
        self._points = dict(enumerate(points, start=1))
        self._paths = pl.Series(["", *(point.signal for point in points)], dtype=pl.String)
        self._reader = ChangeReader(self._points, time)
        self._vanished: set[int] = set()
        self._opened = self._arrived = opened
        self._emptied: int | None = None

    def decode(self, arrivals: Iterable[Arrival]) -> Decoded:
        """Decode the next notifications."""
        reader = self._reader
        reader.columns, reader.refused, reader.overflows = Columns(), [], []
        lost: list[tuple[int, int, str, GapKind]] = []
        overflowed: list[tuple[int, int, str]] = []
        for arrival in arrivals:
            if arrival.missing:
                cause = f"{arrival.missing} notifications of the server never arrived"
                lost.append((self._arrived, arrival.received, cause, GapKind.SEQUENCE))
            for body in arrival.notification.changes:
                try:
                    reader.read(body, arrival.received)
                except MalformedError as error:
                    reason = f"the rest of this notification cannot be read ({error}): a fault of the server"
                    reader.refused.append(Refused(0, body, reason, arrival.received))
                    lost.append((self._arrived, arrival.received, _UNREADABLE, GapKind.DAMAGED))
            overflowed += [(*self._window(one), self._points[one.handle].signal) for one in reader.overflows]
            reader.overflows.clear()
            self._arrived = arrival.received
            if not arrival.notification.more:
                self._emptied = nanoseconds(arrival.notification.sent)
        self._tell_of_the_vanished()
        gaps = [Missed(_instant(start), _instant(end, up=True), cause, kind=kind) for start, end, cause, kind in lost]
        gaps += [
            Missed(_instant(start), _instant(end, up=True), _OVERFLOWED, signals, GapKind.OVERFLOW)
            for start, end, signals in merge(overflowed)
        ]
        refusals = refusals_of(self._source, [(self._points.get(one.handle), one) for one in reader.refused])
        gaps.sort(key=lambda gap: gap.start)
        return Decoded(samples_of(reader.columns, self._paths), refusals, tuple(gaps))

    def _window(self, overflow: Overflow) -> tuple[int, int]:
        """Tell between which instants, in the signal's own time, values were lost before a change.

        Lost was what came after the point's change before it, and after the last message that left the server's queues
        empty; the server tells the time of both that message and this change, so its clock need not agree with the
        machine's.
        """
        bounds = [] if overflow.previous is None else [overflow.previous]
        if self._emptied is not None and overflow.server is not None:
            bounds.append(self._emptied + overflow.time - overflow.server)
        return min(max(bounds, default=self._opened), overflow.time), overflow.time

    def _tell_of_the_vanished(self) -> None:
        """Refuse each point once whose node the server says it has no longer."""
        columns = self._reader.columns
        telling = {status: VANISHED.get(status & _CODE) for status in set(columns.statuses)}
        if not any(telling.values()):
            return
        for handle, status, received in zip(columns.handles, columns.statuses, columns.received, strict=True):
            if telling[status] and handle not in self._vanished:
                self._vanished.add(handle)
                node = self._points[handle].address.node
                reason = (
                    f"the server no longer has this node ({telling[status]}); put it back or take the signal out of "
                    f"the line file; it is looked for again whenever the link is opened"
                )
                self._reader.refused.append(Refused(handle, node.encode(), reason, received))


def absent(source: str, points: Sequence[Absent], received: int) -> Decoded:
    """Say of each absent point, once, that it is: a refusal, and a sample with the server's Bad status."""
    columns = Columns(
        handles=list(range(len(points))),
        times=[received] * len(points),
        statuses=[one.status for one in points],
        types=[None] * len(points),
        values=[None] * len(points),
        received=[received] * len(points),
    )
    refused = [(one.point, Refused(0, one.point.address.node.encode(), one.reason, received)) for one in points]
    paths = pl.Series([one.point.signal for one in points], dtype=pl.String)
    return Decoded(samples_of(columns, paths), refusals_of(source, refused), ())


def decode_again(
    source: str,
    points: Sequence[Point[OpcuaAddress]],
    time: TimeChoice,
    change: Refused,
    signal: str | None,
    *,
    node: str,
) -> Decoded:
    """Decode a change that was refused.

    Args:
        source: name of the source.
        points: its points as they are now.
        time: which timestamp is a sample's time.
        change: what was refused; its handle and its reason do not matter.
        signal: path of its signal; None where it was of none.
        node: the node that its signal had then.
    """
    point = next((one for one in points if one.signal == signal), None)
    reader = ChangeReader({} if point is None else {1: point}, time)
    reason = ""
    if point is None:
        reason = "what the server sent was no change of a signal of this source; it cannot be told what it meant"
    elif len(change.payload) < _SHORTEST or change.payload == node.encode():
        reason = "it tells that the server did not serve the node, and holds no value; drop it once the node is served"
    else:
        body = _ONE.to_bytes(4, "little") + _ONE.to_bytes(4, "little") + change.payload[4:]
        try:
            reader.read(body, change.received)
        except MalformedError as error:
            reason = f"it cannot be read ({error}): a fault of the server"
    if reason:
        reader.refused.append(Refused(0, change.payload, reason, change.received))
    paths = pl.Series(["", "" if point is None else point.signal], dtype=pl.String)
    refused = [(point, one) for one in reader.refused]
    return Decoded(samples_of(reader.columns, paths), refusals_of(source, refused), ())


def samples_of(columns: Columns, paths: pl.Series) -> pl.DataFrame:
    """Put changes into a batch; `paths` holds the signal of each handle."""
    kinds = set(columns.types)
    series: dict[str, Any] = {
        "signal": paths.gather(columns.handles),
        "time": pl.Series(columns.times, dtype=pl.Int64).cast(INSTANT),
    }
    for kind in VALUE_TYPES:
        if kind not in kinds:
            values: list[Any] = [None] * len(columns.values)
        elif len(kinds) == 1:
            values = columns.values
        else:
            values = [
                value if type_ == kind else None for type_, value in zip(columns.types, columns.values, strict=True)
            ]
        series[kind] = pl.Series(values, dtype=SAMPLES[kind])
    series["status"] = pl.Series(columns.statuses, dtype=SAMPLES["status"])
    series["received"] = pl.Series(columns.received, dtype=pl.Int64).cast(INSTANT)
    return pl.DataFrame(series, schema=SAMPLES)


def refusals_of(source: str, refused: Sequence[tuple[Point[OpcuaAddress] | None, Refused]]) -> pl.DataFrame:
    """Put refusals into their columns, each with the point it is of, if any."""
    return pl.DataFrame(
        {
            "source": [source] * len(refused),
            "address": [point.address.node if point else _unknown(one.handle) for point, one in refused],
            "signal": [point.signal if point else None for point, _ in refused],
            "payload": [one.payload[:PAYLOAD_KEPT] for _, one in refused],
            "reason": [one.reason for _, one in refused],
            "received": pl.Series([one.received for _, one in refused], dtype=pl.Int64).cast(INSTANT),
        },
        schema=REFUSALS,
    )


def merge(windows: Iterable[tuple[int, int, str]]) -> list[tuple[int, int, tuple[str, ...]]]:
    """Join windows (start, end, signal) that touch; each result names its signals, in order and once."""
    joined: list[tuple[int, int, dict[str, None]]] = []
    for start, end, signal in sorted(windows):
        if joined and start <= joined[-1][1]:
            first, last, signals = joined[-1]
            joined[-1] = first, max(last, end), signals | {signal: None}
        else:
            joined.append((start, end, {signal: None}))
    return [(start, end, tuple(signals)) for start, end, signals in joined]


def _unknown(handle: int) -> str:
    return f"client handle {handle}" if handle else "subscription"


def _instant(nanoseconds: int, *, up: bool = False) -> datetime:
    """Give the instant, rounded down to a microsecond, or up."""
    microseconds, rest = divmod(nanoseconds, 1000)
    return _EPOCH + timedelta(microseconds=microseconds + (up and rest > 0))
