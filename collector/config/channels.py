"""`alerts:` of parkline.yaml: its channels, each with the keys of its kind, and what its routes refer to and tell."""

from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING

from adapters.registry import CHANNELS, channel_kind
from collector.alerting import AlertSettings, ChannelConfig, ChannelHead, Route
from collector.config.build import Unread, build
from collector.config.marks import Mapping, Node, Sequence, text_of
from collector.config.problems import Report, did_you_mean
from collector.faultrules.rules import MachineFaults, SignalFaults
from collector.park import Park

if TYPE_CHECKING:
    from pydantic import BaseModel

CHANNEL_KEYS = frozenset(ChannelHead.model_fields)
"""Keys of a channel that are not its adapter's."""

DETECTORS = ("limit", "condition", "link", "detector", *SignalFaults.model_fields, *MachineFaults.model_fields)
"""What may have seen an alert, as routes name it; without what sees that a channel fails."""

_OF_CHANNELS = "channel"


def read_alerts(node: Node, report: Report) -> AlertSettings | None:
    """Make the settings of alerts; None when they are wrong, and then `report` says why."""
    channels: tuple[ChannelConfig, ...] = ()
    if isinstance(node, Mapping):
        channels = tuple(_channels(node, report))
        _check_names(node, [one.name for one in channels], report)
    made = build(AlertSettings, node, report, given={"channels": channels}, also=("channels",))
    if made is not None:
        _check_events(node, made.routes, report)
    return made


def check_routes(root: Node, park: Park, report: Report) -> None:
    """Report routes that name what the park does not have: paths, shifts, detectors.

    Args:
        root: parkline.yaml.
        park: the park with its lines.
        report: where mistakes go.
    """
    alerts = root.get("alerts") if isinstance(root, Mapping) else None
    factories = {factory.path for factory in park.factories}
    lines = {line.path for factory in park.factories for line in factory.lines}
    paths = [park.id, *factories, *lines, *park.equipment]
    shifts = {shift.name for calendar in park.calendars.values() for shift in calendar.shifts}
    for route in _mappings(alerts, "routes"):
        for node, name in _names(route, "under"):
            if name not in paths:
                hint = did_you_mean(name, paths) if len(paths) < _MANY else _near(name, paths)
                report.add(node.mark, f"`under`: there is no factory, line or machine `{name}`{hint}")
        for node, name in _names(route, "shifts"):
            if name not in shifts:
                report.add(node.mark, f"`shifts`: no calendar has a shift `{name}`{did_you_mean(name, sorted(shifts))}")
        for node, name in _names(route, "detectors"):
            if name == _OF_CHANNELS:
                told = "that a channel fails is told on its `fallback`, or on all others, by no route; take it out"
                report.add(node.mark, f"`detectors`: {told}")
            elif name not in DETECTORS:
                report.add(node.mark, f"`detectors`: there is no detector `{name}`{did_you_mean(name, DETECTORS)}")


_MANY = 12
"""Paths from which on a message does not list all of them."""


def _near(name: str, paths: Collection[str]) -> str:
    hint = did_you_mean(name, paths)
    return hint if "did you mean" in hint else "; write a path like factory/line/machine"


def _channels(alerts: Mapping, report: Report) -> Iterator[ChannelConfig]:
    node = alerts.get("channels")
    if node is not None and not isinstance(node, Sequence):
        report.add(node.mark, "`channels` is not a list; begin each channel with `- name:`")
        return
    names: set[str] = set()
    for item in node.items if node is not None else ():
        channel = _channel(item, report)
        name = text_of(item.get("name")) if isinstance(item, Mapping) else None
        if name is not None and name in names and isinstance(item, Mapping):
            mark = item.entries["name"].node.mark
            report.add(mark, f"`name`: there is a channel `{name}` above; give it another name")
        elif channel is not None:
            yield channel
        names |= {name} if name is not None else set()


def _channel(node: Node, report: Report) -> ChannelConfig | None:
    if not isinstance(node, Mapping):
        build(ChannelHead, node, report)
        return None
    head = build(ChannelHead, node.only(*CHANNEL_KEYS), report)
    kind_node = node.get("kind")
    kind = text_of(kind_node)
    settings: BaseModel | None = Unread()
    if kind in CHANNELS:
        own = node.without(*CHANNEL_KEYS)
        settings = build(channel_kind(kind).settings, own, report, beside=sorted(CHANNEL_KEYS))
    elif kind_node is not None and kind is not None:
        report.add(kind_node.mark, f"`kind`: there is no channel of kind `{kind}`{did_you_mean(kind, CHANNELS)}")
    if head is None or settings is None:
        return None
    return ChannelConfig.model_construct(**{key: getattr(head, key) for key in CHANNEL_KEYS}, settings=settings)


def _check_names(alerts: Mapping, read: Iterable[str], report: Report) -> None:
    """Report channels that are referred to and are not there."""
    written = [name for item in _mappings(alerts, "channels") if (name := text_of(item.get("name"))) is not None]
    known = list(dict.fromkeys([*written, *read]))
    for channel in _mappings(alerts, "channels"):
        node = channel.get("fallback")
        name = text_of(node)
        if node is not None and name is not None and name == text_of(channel.get("name")):
            report.add(node.mark, "`fallback`: a channel cannot tell that it fails; name another, or take it out")
        elif node is not None and name is not None:
            _check_known(node, "fallback", name, known, report)
    routes: set[str] = set()
    for route in _mappings(alerts, "routes"):
        node = route.get("name")
        name = text_of(node)
        if node is not None and name and name in routes:
            report.add(node.mark, f"`name`: there is a route `{name}` above; give it another name")
        routes |= {name} if name else set()
        escalate = route.get("escalate")
        for owner in (route, *([escalate] if isinstance(escalate, Mapping) else [])):
            for node, name in _names(owner, "channels"):
                _check_known(node, "channels", name, known, report)


def _check_events(alerts: Node, routes: Iterable[Route], report: Report) -> None:
    """Report routes that tell nothing: what becomes of an alert is told where it was told that it lasts."""
    routes = list(routes)
    raising = [route for route in routes if "raised" in route.events]
    escalating = [route.escalate for route in routes if route.escalate is not None] if raising else []
    know = {name for route in raising for name in route.channels}
    know |= {name for escalate in escalating for name in escalate.channels}
    for node, route in zip(_mappings(alerts, "routes"), routes, strict=True):
        escalates = route.escalate is not None and raising
        events = node.get("events")
        if events is not None and not escalates and not know & set(route.channels):
            told = "none of `channels` is told that an alert lasts, and so nothing else of it; add `raised`"
            report.add(events.mark, f"`events`: {told}")


def _check_known(node: Node, key: str, name: str, known: Collection[str], report: Report) -> None:
    if name not in known:
        hint = did_you_mean(name, known) or "; write one under `channels` of `alerts`"
        report.add(node.mark, f"`{key}`: there is no channel `{name}`{hint}")


def _mappings(node: Node | None, key: str) -> Iterator[Mapping]:
    """Give the mappings of a list that stands at `key`."""
    items = node.get(key) if isinstance(node, Mapping) else None
    yield from (item for item in (items.items if isinstance(items, Sequence) else ()) if isinstance(item, Mapping))


def _names(node: Mapping, key: str) -> Iterator[tuple[Node, str]]:
    """Give the texts of a list that stands at `key`, each with its node."""
    items = node.get(key)
    for item in items.items if isinstance(items, Sequence) else ():
        name = text_of(item)
        if name is not None:
            yield item, name
