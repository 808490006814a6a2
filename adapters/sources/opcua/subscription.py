"""Making the subscription: one for the link, and a monitored item for each point, in bounded requests."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import structlog
from asyncua import ua
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.status_codes import StatusCodes

from adapters.sources.contract import Points
from adapters.sources.opcua.decode import Absent
from adapters.sources.opcua.faults import absence
from adapters.sources.opcua.nodeid import parse
from adapters.sources.opcua.session import Session
from adapters.sources.opcua.settings import OpcuaAddress, OpcuaSettings

_PER_REQUEST: Final = 1000
"""Monitored items made by one request, unless the server allows fewer."""

_PER_MESSAGE: Final = 5000
"""Changes in one notification at most: reading them takes milliseconds, not tenths of a second."""

_FILTERS: Final = {
    "value": ua.ExtensionObject(),
    "timestamp": ua.DataChangeFilter(Trigger=ua.DataChangeTrigger.StatusValueTimestamp),
}
"""The filter for each trigger. For `value` there is none: servers do that by themselves, and some take no filter."""

_MILLISECOND: Final = timedelta(milliseconds=1)

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Terms:
    """A subscription as the server agreed to it."""

    id: int
    """Its number within the server."""

    publishing: timedelta
    """Its publishing interval."""

    heartbeat: timedelta
    """The longest time in which the server says nothing."""


async def subscribe(source: str, settings: OpcuaSettings, session: Session) -> Terms:
    """Make a subscription without items; raises what asyncua raises."""
    asked = settings.publishing_interval
    beats = max(settings.keepalive // 2 // asked, 1)
    parameters = ua.CreateSubscriptionParameters(
        RequestedPublishingInterval=asked / _MILLISECOND,
        RequestedMaxKeepAliveCount=beats,
        RequestedLifetimeCount=max(3 * beats, -(-settings.session_timeout // asked)),
        MaxNotificationsPerPublish=_PER_MESSAGE,
        PublishingEnabled=True,
    )
    given = await session.create_subscription(parameters, _unused)
    publishing = given.RevisedPublishingInterval * _MILLISECOND
    terms = Terms(given.SubscriptionId, publishing, publishing * given.RevisedMaxKeepAliveCount)
    if publishing > asked or 2 * terms.heartbeat > settings.keepalive:
        _log.warning(
            "opcua server publishes slower than asked",
            source=source,
            publishing_interval=str(publishing),
            heartbeat=str(terms.heartbeat),
        )
    return terms


async def monitor(
    source: str, settings: OpcuaSettings, session: Session, terms: Terms, points: Points[OpcuaAddress]
) -> list[Absent]:
    """Have the server monitor the points, the n-th with client handle n; give those that it does not serve.

    Raises what asyncua raises.
    """
    namespaces, most = await _read_limits(session)
    queue = settings.queue(max(terms.publishing, settings.publishing_interval))
    wanted: list[tuple[int, ua.NodeId]] = []
    absent: list[Absent] = []
    for handle, point in enumerate(points, start=1):
        node = resolve(point.address.node, namespaces)
        if node is None:
            absent.append(
                Absent(point, StatusCodes.BadNodeIdUnknown, unknown_namespace(point.address.node, namespaces))
            )
        else:
            wanted.append((handle, node))
    revised: list[ua.MonitoredItemCreateResult] = []
    for part in _parts(wanted, min(most, _PER_REQUEST)):
        request = ua.CreateMonitoredItemsParameters(
            SubscriptionId=terms.id,
            TimestampsToReturn=ua.TimestampsToReturn.Both,
            ItemsToCreate=[_item(handle, node, settings, queue) for handle, node in part],
        )
        results = await session.create_monitored_items(request)
        for (handle, _), result in zip(part, results, strict=True):
            if result.StatusCode.is_good():
                revised.append(result)
            else:
                point, code = points[handle - 1], result.StatusCode.value
                absent.append(Absent(point, code, absence(point.address.node, code)))
    _tell_of_revisions(source, settings, queue, revised)
    return absent


async def _read_limits(session: Session) -> tuple[list[str], int]:
    """Give the server's namespaces, and how many items it lets one request make."""
    nodes = [
        node_id(ObjectIds.Server_NamespaceArray, 0),
        node_id(ObjectIds.Server_ServerCapabilities_OperationLimits_MaxMonitoredItemsPerCall, 0),
    ]
    namespaces, most = [
        answer.Value.Value
        if answer.Value is not None and answer.StatusCode is not None and answer.StatusCode.is_good()
        else None
        for answer in await session.read_attributes(nodes, AttributeIds.Value)
    ]
    return list(namespaces or []), int(most or _PER_REQUEST)


def resolve(node: str, namespaces: Sequence[str]) -> ua.NodeId | None:
    """Give the node as the server numbers it today; None where it lacks the namespace."""
    name = parse(node)
    if isinstance(name.namespace, int):
        return node_id(name.identifier, name.namespace)
    if name.namespace not in namespaces:
        return None
    return node_id(name.identifier, namespaces.index(name.namespace))


def node_id(identifier: Any, namespace: int) -> ua.NodeId:
    """Give a node id as asyncua writes it."""
    return ua.NodeId(identifier, ua.Int16(namespace))


def unknown_namespace(node: str, namespaces: Sequence[str]) -> str:
    """Say that the server lacks the namespace of a node."""
    return (
        f"the server has no namespace {parse(node).namespace!r}, which node {node} is of; it has "
        f"{', '.join(repr(one) for one in namespaces) or 'none'}: write one of these after nsu="
    )


def _item(handle: int, node: ua.NodeId, settings: OpcuaSettings, queue: int) -> ua.MonitoredItemCreateRequest:
    return ua.MonitoredItemCreateRequest(
        ItemToMonitor=ua.ReadValueId(NodeId=node, AttributeId=AttributeIds.Value),
        MonitoringMode=ua.MonitoringMode.Reporting,
        RequestedParameters=ua.MonitoringParameters(
            ClientHandle=handle,
            SamplingInterval=settings.sampling_interval / _MILLISECOND,
            Filter=_FILTERS[settings.trigger],
            QueueSize=queue,
            DiscardOldest=True,
        ),
    )


def _parts(wanted: Sequence[tuple[int, ua.NodeId]], most: int) -> Iterator[Sequence[tuple[int, ua.NodeId]]]:
    for start in range(0, len(wanted), most):
        yield wanted[start : start + most]


def _tell_of_revisions(
    source: str, settings: OpcuaSettings, queue: int, items: Sequence[ua.MonitoredItemCreateResult]
) -> None:
    """Log what the server gives less of than asked: every such value is one that may be missed."""
    asked = settings.sampling_interval / _MILLISECOND
    slower = [one.RevisedSamplingInterval for one in items if one.RevisedSamplingInterval > asked]
    if slower:
        _log.warning(
            "opcua server samples slower than asked",
            source=source,
            nodes=len(slower),
            sampling_interval=str(settings.sampling_interval),
            slowest=str(max(slower) * _MILLISECOND),
        )
    shorter = [one.RevisedQueueSize for one in items if one.RevisedQueueSize < queue]
    if shorter:
        _log.warning(
            "opcua server queues fewer values than asked",
            source=source,
            nodes=len(shorter),
            queue=queue,
            shortest=min(shorter),
        )


def _unused(result: ua.PublishResult) -> None:
    """Stand in for asyncua's callback: the link reads what is published itself."""
