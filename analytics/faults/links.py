"""Links: a source that is not heard any more is the network's or the device's fault, and one alert says so.

    source:NAME     its link is down, refused or held, and has been for `lost_after`
    network:LINE    three sources of a line or more, and more than half, were lost within a minute; of the whole park
                    (`network:PARK`), where they are of several lines
    collector       it said nothing of any link for `SILENT` (key `silent`); or it can make nothing safe (key `held`)

The sources' own alerts last beside those of network and collector; `analytics.suppression` has these as their parents.
While the collector is silent nothing is known of its links: no source is taken for lost. When it is back after `AWAY`
or longer, each link has `lost_after` from then on; time in which nobody looked is no silence, unless whoever looks was
away, too. A source that has ended is not lost.

What is carried of a subject: `alerts`, by key, what lasts: began (ns since 1970), code, value, parameters. Of the
collector also `seen`, when it said something last, `looked`, when that was looked at, and `resumed`, since when it has
said so without a break.
"""

# ruff: noqa: RUF001 - Chinese is written with its own punctuation

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from analytics.alerts import Alert
from analytics.faults.contract import Carried, Detector, Found, LinkState, Seen, moment, nanoseconds
from collector.park import Line, Park, Severity, Title

SLUG: Final = "link"
"""Name of the detector."""

COLLECTOR: Final = "collector"
"""The subject that is the collector itself."""

LOST: Final = "lost"
"""Key of the alerts of sources and networks."""

SILENT_KEY: Final = "silent"
"""Key of the alert of a collector that says nothing."""

HELD_KEY: Final = "held"
"""Key of the alert of a collector that can make nothing safe."""

HELD_CODE: Final = "link.held"
"""What is said of a source whose samples cannot be made safe."""

SILENT: Final = nanoseconds(timedelta(seconds=30))
"""How old the collector's last word may be."""

AWAY: Final = nanoseconds(timedelta(seconds=10))
"""From here on the collector is taken for away: it says a word every second."""

TOGETHER: Final = nanoseconds(timedelta(minutes=1))
"""Sources lost within this time are lost together."""

SEVERAL: Final = 3
"""So many sources at least that are lost together are the network's fault."""

TEXTS: Final = {
    "link.lost": Title(
        en="Network or device link {source} lost since {since}, machines concerned {machines}: {problem}",
        zh="{source}：网络或设备连接自 {since} 起中断，涉及设备 {machines} 台：{problem}",
    ),
    "link.refused": Title(
        en="Device link {source} refused since {since}, machines concerned {machines}: {problem}",
        zh="{source}：设备连接自 {since} 起被拒绝，涉及设备 {machines} 台：{problem}",
    ),
    HELD_CODE: Title(
        en="Link {source} held since {since}, its samples cannot be made safe: {problem}",
        zh="{source}：自 {since} 起数据无法安全落盘，已暂停接收：{problem}",
    ),
    "link.network": Title(
        en="Network lost since {since}: {count} of {of} links of {name_en} are down: {sources}",
        zh="{name_zh}：网络自 {since} 起中断，{of} 个连接中有 {count} 个断开：{sources}",
    ),
    "link.collector_silent": Title(
        en="Collector silent since {since}: nothing is collected; see that it runs",
        zh="采集程序自 {since} 起无响应，数据采集已停止，请检查其运行状态",
    ),
    "link.collector_held": Title(
        en="Collector makes nothing safe since {since}, {count} of {of} links are held: {problem}",
        zh="采集程序自 {since} 起无法落盘，{of} 个连接中有 {count} 个暂停接收：{problem}",
    ),
}
"""What its alerts say."""

_CODES: Final = {"down": "link.lost", "refused": "link.refused", "held": HELD_CODE}
"""By state of a link, what is said of it."""

_AWAY: Final = frozenset({"down", "refused"})
"""States of a link in which its device is not reached."""

_HELD: Final = frozenset({"held"})
"""States of a link in which the collector takes nothing."""

_NAMED: Final = 5
"""How many sources a text names."""


@dataclass(frozen=True, slots=True)
class OneLink:
    """One source."""

    source: str
    """Its name."""

    line: str
    """Path of its line."""

    lost_after: int
    """How long it must be lost, ns."""

    machines: int
    """How many machines of its factory have signals of it; how many others do, is nothing for its readers."""

    zone: ZoneInfo
    """Time zone of its factory."""


@dataclass(frozen=True, slots=True)
class Several:
    """Several sources that can be lost together, or all that the collector speaks to."""

    path: str
    """Path of the line; id of the park."""

    title: Mapping[str, str]
    """What people call it, as parameters of texts."""

    links: tuple[OneLink, ...]
    """Its sources."""

    zone: ZoneInfo
    """Time zone of the factory; of the park's first."""

    lines: int = 1
    """Of how many lines the lost ones must be at least."""


def subject_of(source: str) -> str:
    """Give the subject that a source is."""
    return f"source:{source}"


def network_of(path: str) -> str:
    """Give the subject that the network of a line, or of the park, is."""
    return f"network:{path}"


def rules(park: Park) -> dict[str, OneLink | Several]:
    """Give every source, every line with as many as can be lost together, the park, and the collector."""
    machines: dict[str, set[str]] = {}
    for signal in park.signals.values():
        machines.setdefault(signal.source, set()).add(signal.equipment)
    found: dict[str, OneLink | Several] = {}
    every: list[OneLink] = []
    lines = 0
    for factory in park.factories:
        for line in factory.lines:
            links = [
                OneLink(
                    one.name,
                    line.path,
                    nanoseconds(one.lost_after),
                    sum(path.startswith(f"{factory.path}/") for path in machines.get(one.name, ())),
                    factory.zone,
                )
                for one in line.sources
            ]
            found |= {subject_of(one.source): one for one in links}
            if len(links) >= SEVERAL:
                found[network_of(line.path)] = Several(line.path, _named(line), tuple(links), factory.zone)
            every += links
            lines += bool(links)
    if every:
        title = {"name_en": park.title.en or park.id, "name_zh": park.title.zh or park.id}
        whole = Several(park.id, title, tuple(every), every[0].zone)
        found[COLLECTOR] = whole
        if lines > 1 and len(every) >= SEVERAL:
            found[network_of(park.id)] = replace(whole, lines=2)
    return found


def look(watched: Mapping[str, OneLink | Several], carried: Mapping[str, Carried], seen: Seen) -> Found:
    """Look at how sources stand, as `faults.contract` tells; samples say nothing of that."""
    links = {one.source: one for one in seen.links if subject_of(one.source) in watched}
    collector = watched.get(COLLECTOR)
    if not links or not isinstance(collector, Several):
        return Found()
    work = _Work(carried)
    heard = max(one.seen for one in links.values())
    resumed = _resumed(carried.get(COLLECTOR), heard, seen.begun)
    work.note({"seen": heard, "looked": seen.now, "resumed": resumed})
    silent = seen.now - heard > SILENT
    if silent:
        since = {"since": _since(heard, collector.zone)}
        work.begin(COLLECTOR, SILENT_KEY, collector.path, heard, "link.collector_silent", "", since)
    else:
        work.end(COLLECTOR, SILENT_KEY, collector.path, resumed)
        _see_links(watched, links, resumed, work)
    return Found(tuple(work.alerts.values()), work.carried)


def lasting(rule: OneLink | Several, carried: Carried) -> frozenset[str]:
    """Give the keys of the alerts that last."""
    del rule
    return frozenset(carried["alerts"])


def _resumed(kept: Carried | None, heard: int, begun: int) -> int:
    """Give since when the collector, heard now, has said so without a break; looks may lie far apart."""
    if kept is None:
        return heard
    looked = kept.get("looked", kept["seen"])
    was_there = looked >= begun and looked - kept["seen"] <= AWAY
    return int(kept["resumed"]) if was_there or heard - kept["seen"] <= AWAY else heard


def _named(line: Line) -> dict[str, str]:
    return {"name_en": line.title.en or line.id, "name_zh": line.title.zh or line.id}


def _since(ns: int, zone: ZoneInfo) -> str:
    return f"{moment(ns).astimezone(zone):%Y-%m-%d %H:%M:%S}"


def _see_links(
    watched: Mapping[str, OneLink | Several], links: Mapping[str, LinkState], resumed: int, work: "_Work"
) -> None:
    """Tell of the networks first, the park's before those of lines, then of the sources one by one."""
    several = [(subject, rule) for subject, rule in watched.items() if isinstance(rule, Several)]
    park_lost = False
    for subject, rule in sorted(several, key=lambda one: -one[1].lines):
        if subject == COLLECTOR:
            _see_several(subject, HELD_KEY, rule, _members(rule, links), resumed, work)
        elif rule.lines > 1 or not park_lost or work.lasts(subject, LOST):
            _see_several(subject, LOST, rule, _members(rule, links), resumed, work)
            park_lost |= rule.lines > 1 and work.lasts(subject, LOST)
    for source, link in links.items():
        one = watched[subject_of(source)]
        if isinstance(one, OneLink):
            _see_link(subject_of(source), one, link, resumed, work)


def _members(rule: Several, links: Mapping[str, LinkState]) -> list[tuple[OneLink, LinkState]]:
    """Give the links that count: one that has ended is not lost, and not there."""
    some = ((one, links.get(one.source)) for one in rule.links)
    return [(one, link) for one, link in some if link is not None and link.state != "ended"]


def _see_link(subject: str, rule: OneLink, link: LinkState, resumed: int, work: "_Work") -> None:
    code = _CODES.get(link.state)
    if code is None:
        work.end(subject, LOST, rule.line, link.since)
    elif _is_lost(rule, link, resumed) or work.lasts(subject, LOST):
        said = {
            "source": rule.source,
            "since": _since(link.since, rule.zone),
            "problem": link.problem,
            "machines": str(rule.machines),
        }
        work.begin(subject, LOST, rule.line, link.since, code, link.state, said)


def _is_lost(rule: OneLink, link: LinkState, resumed: int) -> bool:
    """Tell whether a link that is not open has been so for long enough, as far as the collector has looked."""
    return link.seen - max(link.since, resumed) >= rule.lost_after


def _see_several(
    subject: str,
    key: str,
    rule: Several,
    members: Sequence[tuple[OneLink, LinkState]],
    resumed: int,
    work: "_Work",
) -> None:
    states = _AWAY if key == LOST else _HELD
    gone = [(one, link) for one, link in members if link.state in states]
    if 2 * len(gone) <= len(members):
        back = max((link.since for _, link in members if link.state not in states), default=resumed)
        work.end(subject, key, rule.path, back)
        return
    together = _together(gone)
    if work.lasts(subject, key) or not _is_common(rule, together, len(members), resumed):
        return
    first = together[0][1]
    names = [one.source for one, _ in together]
    said = {
        **rule.title,
        "since": _since(first.since, rule.zone),
        "count": str(len(together)),
        "of": str(len(members)),
        "sources": ", ".join(names[:_NAMED]) + (", …" if len(names) > _NAMED else ""),
        "problem": first.problem,
    }
    code = "link.network" if key == LOST else "link.collector_held"
    work.begin(subject, key, rule.path, first.since, code, str(len(together)), said)


def _is_common(rule: Several, together: Sequence[tuple[OneLink, LinkState]], members: int, resumed: int) -> bool:
    """Tell whether links that were lost together have one cause, and have been lost for long enough."""
    return (
        len(together) >= SEVERAL
        and 2 * len(together) > members
        and len({one.line for one, _ in together}) >= rule.lines
        and any(_is_lost(one, link, resumed) for one, link in together)
    )


def _together(gone: Sequence[tuple[OneLink, LinkState]]) -> list[tuple[OneLink, LinkState]]:
    """Give the most links that were lost within `TOGETHER`, in the order in which they were."""
    ordered = sorted(gone, key=lambda one: one[1].since)
    best: list[tuple[OneLink, LinkState]] = []
    start = 0
    for end, (_, link) in enumerate(ordered):
        while link.since - ordered[start][1].since > TOGETHER:
            start += 1
        if end + 1 - start > len(best):
            best = ordered[start : end + 1]
    return best


class _Work:
    """One look: what begins and ends."""

    def __init__(self, carried: Mapping[str, Carried]) -> None:
        self._before = carried
        self.carried: dict[str, dict[str, Any]] = {}
        self.alerts: dict[str, Alert] = {}

    def note(self, heard: Mapping[str, int]) -> None:
        """Note when the collector was heard."""
        self._kept(COLLECTOR).update(heard)

    def lasts(self, subject: str, key: str) -> bool:
        """Tell whether an alert lasts."""
        now = self.carried.get(subject, self._before.get(subject))
        return now is not None and key in now["alerts"]

    def begin(
        self, subject: str, key: str, path: str, since: int, code: str, value: str, parameters: Mapping[str, str]
    ) -> None:
        """Begin an alert; one that lasts says something else, where it has another cause now."""
        if self.lasts(subject, key):
            before = self._kept(subject)["alerts"][key]
            if before["code"] == code:
                return
            since = before["began"]
        state = {"began": since, "code": code, "value": value, "parameters": dict(parameters)}
        self._kept(subject)["alerts"][key] = state
        self._tell(subject, key, path, state, None)

    def end(self, subject: str, key: str, path: str, ns: int) -> None:
        """End an alert, if it lasts."""
        if self.lasts(subject, key):
            state = self._kept(subject)["alerts"].pop(key)
            self._tell(subject, key, path, state, max(ns, state["began"]))

    def _kept(self, subject: str) -> dict[str, Any]:
        if subject not in self.carried:
            before = self._before.get(subject, {"alerts": {}})
            self.carried[subject] = {**before, "alerts": dict(before["alerts"])}
        return self.carried[subject]

    def _tell(self, subject: str, key: str, path: str, state: Mapping[str, Any], ended: int | None) -> None:
        alert = Alert(
            equipment=path,
            signal=subject,
            detector=SLUG,
            key=key,
            severity=Severity.HIGH,
            code=state["code"],
            value=state["value"],
            began=moment(state["began"]),
            ended=None if ended is None else moment(ended),
            parameters=state["parameters"],
        )
        self.alerts[alert.id] = alert


LINKS: Final[Detector[Any]] = Detector(
    slug=SLUG,
    source="ISA-18.2, alarm rationalisation: one alarm for one cause; the collector's heartbeat and links",
    title=Title(en="Link lost", zh="连接中断"),
    texts=TEXTS,
    rules=rules,
    look=look,
    keys=lasting,
    signals=lambda _, __: (),
)
"""See the module."""
