"""A server's own history: HistoryRead of raw values, page by page, in a session of its own.

    for some nodes at once:  HistoryRead ─► values ─► those with more: HistoryRead by continuation point ─► …

What a server has no history of is told in `gaps`. That a node did not change and that nobody recorded it look alike: no
value. So a node is first asked for its last value before the interval. Where there is one, its history reaches back
far enough; where there is none, the history begins with its first value, and what lies before that is not known.
A server that cannot read backwards is believed.

Values have the times of the historian, and the chosen time of the source (`time:`) is read from them. Requests are
bounded in nodes, by the server's own limit as well, and in values.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Final

import polars as pl
from asyncua import ua
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.uaerrors import BadTooManyOperations

from adapters.sample import INSTANT, Status, no_samples
from adapters.sources.contract import Delivery, Missed, Points, SourceLostError
from adapters.sources.opcua.archive import Kept, as_changes, read_answer
from adapters.sources.opcua.binary import MalformedError
from adapters.sources.opcua.changes import ChangeReader
from adapters.sources.opcua.decode import refusals_of, samples_of
from adapters.sources.opcua.faults import TROUBLE, breaking, later, plain_cancellation, unkept
from adapters.sources.opcua.session import Session
from adapters.sources.opcua.settings import OpcuaAddress, OpcuaSettings
from adapters.sources.opcua.subscription import node_id, resolve, unknown_namespace

NODES: Final = 100
"""Nodes in one request, unless the server allows fewer."""

VALUES: Final = 20_000
"""Values in one answer, of all its nodes together, about."""

LEAST: Final = 100
"""Values of one node in one answer, even of many nodes."""

_RELEASING: Final = 1.0
"""Seconds that a server has to answer that it forgets continuation points."""

_BEGINNING: Final = ua.get_win_epoch()
"""A time that is not given: DateTime.MinValue."""

_EMPTY: Final = frozenset({StatusCodes.BadNoData, StatusCodes.BadBoundNotFound})
"""Bad in name alone: there is nothing in the interval."""

_SECOND: Final = timedelta(seconds=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class OpcuaHistory:
    """The history of one server, open."""

    def __init__(self, source: str, settings: OpcuaSettings, session: Session, points: Points[OpcuaAddress]) -> None:
        """Read the history of `points` over an open session of its own."""
        self._source = source
        self._settings = settings
        self._session = session
        self._points = dict(enumerate(points, start=1))
        self._handles = {point.signal: handle for handle, point in self._points.items()}
        self._paths = pl.Series(["", *(point.signal for point in points)], dtype=pl.String)
        self._namespaces: list[str] | None = None
        self._most = NODES
        self._reaches: set[int] = set()

    async def read(self, signals: Sequence[str], start: datetime, end: datetime) -> AsyncGenerator[Delivery, None]:
        """Give what the server has of `signals` within [start, end), as the contract tells."""
        try:
            with plain_cancellation():
                nodes, lost = await self._nodes(signals, start, end)
                if lost:
                    yield _telling(lost)
                handles = list(nodes)
                while handles:
                    some, handles = handles[: self._most], handles[self._most :]
                    try:
                        async for delivery in self._read(nodes, some, start, end):
                            yield delivery
                    except BadTooManyOperations:
                        if self._most == 1:
                            raise
                        self._most = max(self._most // 2, 1)
                        handles = some + handles
        except (*TROUBLE, MalformedError) as error:
            raise SourceLostError(self._source, f"its history: {breaking(error)}") from error

    async def _nodes(
        self, signals: Sequence[str], start: datetime, end: datetime
    ) -> tuple[dict[int, ua.NodeId], list[Missed]]:
        """Find the nodes of signals, by handle; tell of those whose namespace the server lacks."""
        if self._namespaces is None:
            self._namespaces, self._most = await _limits(self._session)
        nodes, lost = {}, []
        for signal in signals:
            handle = self._handles.get(signal)
            if handle is None:
                lost.append(Missed(start, end, "the source no longer has this signal", (signal,)))
                continue
            written = self._points[handle].address.node
            node = resolve(written, self._namespaces)
            if node is None:
                lost.append(Missed(start, end, unknown_namespace(written, self._namespaces), (signal,)))
            else:
                nodes[handle] = node
        return nodes, lost

    async def _read(
        self, nodes: dict[int, ua.NodeId], handles: Sequence[int], start: datetime, end: datetime
    ) -> AsyncGenerator[Delivery, None]:
        """Give what the server has of some nodes."""
        begun = dict.fromkeys(await self._unreached(nodes, handles, start), end)
        details = _details(start, end, values=max(VALUES // len(handles), LEAST))
        asked: dict[int, bytes | None] = dict.fromkeys(handles)
        refused: list[Missed] = []
        alone: list[int] = []
        try:
            while asked:
                answers = await self._ask(details, [(nodes[handle], more) for handle, more in asked.items()])
                kept = dict(zip(asked, answers, strict=True))
                asked = {handle: one.more for handle, one in kept.items() if one.more}
                if len(handles) > 1:
                    alone += [
                        handle for handle, one in kept.items() if one.status == StatusCodes.BadNoContinuationPoints
                    ]
                bad = {
                    handle: one.status for handle, one in kept.items() if handle not in alone and _is_bad(one.status)
                }
                refused += [self._refusal(handle, status, start, end) for handle, status in bad.items()]
                page = self._decoded(kept, start, end)
                for handle in begun.keys() & kept.keys():
                    begun[handle] = min(begun[handle], _earliest(page.samples, self._points[handle].signal) or end)
                if page.samples.height or page.refusals.height:
                    yield page
        finally:
            await self._release(details, [(nodes[handle], more) for handle, more in asked.items() if more])
        told = {signal for one in refused for signal in one.signals}
        told |= {self._points[handle].signal for handle in alone}
        unknown = {handle: first for handle, first in begun.items() if self._points[handle].signal not in told}
        if gaps := [*refused, *self._before(unknown, start)]:
            yield _telling(gaps)
        for handle in alone:
            async for delivery in self._read(nodes, [handle], start, end):
                yield delivery

    async def _unreached(self, nodes: dict[int, ua.NodeId], handles: Sequence[int], start: datetime) -> set[int]:
        """Give those nodes whose history does not reach back to `start`, as far as the server tells."""
        unsure = [handle for handle in handles if handle not in self._reaches]
        if not unsure:
            return set()
        answers = await self._ask(_details(None, start, values=1), [(nodes[handle], None) for handle in unsure])
        more = [(nodes[handle], one.more) for handle, one in zip(unsure, answers, strict=True) if one.more]
        await self._release(_details(None, start, values=1), more)
        without = set()
        for handle, one in zip(unsure, answers, strict=True):
            changes, count = as_changes(handle, one.values)
            reader = ChangeReader(self._points, self._settings.time)
            reader.read(changes, time.time_ns())
            nothing = count == 0 or all(status == StatusCodes.BadBoundNotFound for status in reader.columns.statuses)
            if nothing and not _is_bad(one.status):
                without.add(handle)
            else:
                self._reaches.add(handle)
        return without

    def _decoded(self, kept: dict[int, Kept], start: datetime, end: datetime) -> Delivery:
        """Decode one answer, and leave out what lies outside the interval: servers include its end."""
        received = time.time_ns()
        reader = ChangeReader(self._points, self._settings.time)
        for handle, one in kept.items():
            reader.read(as_changes(handle, one.values)[0], received)
        samples = samples_of(reader.columns, self._paths)
        refusals = refusals_of(self._source, [(self._points.get(one.handle), one) for one in reader.refused])
        inside = pl.col("time").is_between(_at(start), _at(end), closed="left")
        return Delivery(samples.filter(inside, pl.col("status") != StatusCodes.BadBoundNotFound), refusals)

    def _refusal(self, handle: int, status: int, start: datetime, end: datetime) -> Missed:
        """Say of one node that its history cannot be read; raises SourceLostError where it may be later."""
        point = self._points[handle]
        reason = unkept(point.address.node, status)
        if later(status) or status == StatusCodes.BadNoContinuationPoints:
            raise SourceLostError(self._source, f"its history: {reason}")
        return Missed(start, end, reason, (point.signal,))

    def _before(self, begun: dict[int, datetime], start: datetime) -> Iterator[Missed]:
        """Tell what lies before the histories of nodes, together for those that began in the same second."""
        starts: dict[datetime, list[int]] = {}
        for handle, first in begun.items():
            if first > start:
                whole = first.replace(microsecond=0)
                starts.setdefault(whole if whole == first else whole + _SECOND, []).append(handle)
        for handles in starts.values():
            first = max(begun[handle] for handle in handles)
            reason = "the server's history does not reach back so far; no value of it is older than this gap"
            yield Missed(start, first, reason, tuple(self._points[handle].signal for handle in handles))

    async def _ask(
        self, details: ua.ReadRawModifiedDetails, nodes: Sequence[tuple[ua.NodeId, bytes | None]]
    ) -> list[Kept]:
        """Ask once; give one answer per node; raises what asyncua raises."""
        body = await self._session.read_history_raw(_parameters(details, nodes, release=False))
        result, answers = read_answer(body)
        ua.StatusCode(ua.UInt32(result)).check()
        if len(answers) != len(nodes):
            msg = f"it answers for {len(answers)} nodes where {len(nodes)} were asked for"
            raise MalformedError(msg)
        return answers

    async def _release(
        self, details: ua.ReadRawModifiedDetails, nodes: Sequence[tuple[ua.NodeId, bytes | None]]
    ) -> None:
        """Have the server forget continuation points, if any; it forgets them by itself when the session ends."""
        if not nodes:
            return
        with suppress(*TROUBLE, MalformedError):
            async with asyncio.timeout(_RELEASING):
                with plain_cancellation():
                    await self._session.read_history_raw(_parameters(details, nodes, release=True))


async def _limits(session: Session) -> tuple[list[str], int]:
    """Give the server's namespaces, and how many nodes one request may hold."""
    limit = ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerHistoryReadData
    nodes = [node_id(ObjectIds.Server_NamespaceArray, 0), node_id(limit, 0)]
    namespaces, most = [
        answer.Value.Value
        if answer.Value is not None and answer.StatusCode is not None and answer.StatusCode.is_good()
        else None
        for answer in await session.read_attributes(nodes, AttributeIds.Value)
    ]
    return list(namespaces or []), min(int(most or NODES), NODES)


def _details(start: datetime | None, end: datetime, *, values: int) -> ua.ReadRawModifiedDetails:
    """Ask for raw values of an interval; without a start, for the last ones up to its end."""
    return ua.ReadRawModifiedDetails(
        IsReadModified=False,
        StartTime=_BEGINNING if start is None else start,
        EndTime=end,
        NumValuesPerNode=ua.UInt32(values),
        ReturnBounds=False,
    )


def _parameters(
    details: ua.ReadRawModifiedDetails, nodes: Sequence[tuple[ua.NodeId, bytes | None]], *, release: bool
) -> ua.HistoryReadParameters:
    return ua.HistoryReadParameters(
        HistoryReadDetails=details,
        TimestampsToReturn=ua.TimestampsToReturn.Both,
        ReleaseContinuationPoints=release,
        NodesToRead=[ua.HistoryReadValueId(NodeId=node, ContinuationPoint=more) for node, more in nodes],
    )


def _is_bad(status: int) -> bool:
    return status >= Status.BAD and status not in _EMPTY


def _earliest(samples: pl.DataFrame, signal: str) -> datetime | None:
    """Give the least time of a signal's samples, rounded down to a microsecond; None where there are none."""
    least = samples.filter(pl.col("signal") == signal)["time"].dt.cast_time_unit("us").min()
    return least if isinstance(least, datetime) else None


def _at(instant: datetime) -> pl.Expr:
    """Give an instant to the nanosecond."""
    return pl.lit((instant - _EPOCH) // timedelta(microseconds=1) * 1000, dtype=pl.Int64).cast(INSTANT)


def _telling(gaps: Sequence[Missed]) -> Delivery:
    """Say what there is no history of, together where the reason is the same."""
    alike: dict[tuple[datetime, datetime, str], list[str]] = {}
    for gap in gaps:
        alike.setdefault((gap.start, gap.end, gap.cause), []).extend(gap.signals)
    return Delivery(
        no_samples(), gaps=tuple(Missed(*about, signals=tuple(signals)) for about, signals in alike.items())
    )
