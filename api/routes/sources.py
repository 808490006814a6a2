"""The sources and how their links stand."""

from collections import Counter
from dataclasses import asdict, dataclass
from datetime import datetime
from operator import attrgetter
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Response

from analytics.recording import source_of
from api.answers import GivenShape
from api.heartbeat import is_stale
from api.lookup import known_source, lines_of, source_seen
from api.paging import Paging, paging
from api.parts import GivenParts, Parts
from api.views.shape import TOKEN, Paged, documented, listed
from api.views.sources import SourceView
from collector.conflictlog import read_doubles
from collector.conflicts import Doubles
from collector.links import Link, read_links
from collector.sight import Sight

router = APIRouter(tags=["sources"])

_SOURCE: Final[dict[str, Any]] = {
    "name": "hobbing-opcua",
    "kind": "opcua",
    "line": "gears/hobbing",
    "state": "down",
    "stale": False,
    "problem": "hobbing-opcua: no answer at opc.tcp://plc-7:4840; check the cable and that the server runs",
    "since": "2026-11-24T08:12:05.101Z",
    "seen": "2026-11-24T08:15:00.004Z",
    "last_time": "2026-11-24T08:12:04.9Z",
    "last_received": "2026-11-24T08:12:04.95Z",
    "horizon": "2026-11-24T08:12:05.051Z",
    "samples": 1843220,
    "refusals": 3,
    "duplicates": 151,
    "conflicts": 1,
    "last_conflict": {
        "signal": "gears/hobbing/hob-01/spindle_speed",
        "time": "2026-11-24T08:12:04Z",
        "earlier": "3150.5",
        "later": "3148.0",
    },
    "signals": 212,
}


@dataclass(frozen=True, slots=True)
class _Stand:
    """A source as configured, or the recording of a line."""

    name: str
    kind: str
    line: str
    signals: int


@router.get(
    "/sources",
    summary="Read how every source stands",
    response_model=Paged[SourceView],
    responses=listed({"items": [_SOURCE], "next_page_token": TOKEN}),
)
async def list_sources(
    parts: GivenParts, shape: GivenShape, page: Annotated[Paging, Depends(paging(default=1000, most=1000))]
) -> Response:
    """Give every configured source and the state of its link, by line and name.

    A line that a recorded file was played as has a further one, of kind `recording`.
    """
    return shape.page(SourceView, *page.of(await _sources(parts), attrgetter("line"), attrgetter("name")))


@router.get("/sources/{name}", summary="Read how one source stands", responses=documented(_SOURCE))
async def read_source(
    parts: GivenParts, name: Annotated[str, Path(description="Its name, or that of a recording.")]
) -> SourceView:
    """Give one source, or one recording that was played, and the state of its link."""
    sources = {source.name: source for source in await _sources(parts)}
    return sources[known_source(name, sources)]


async def _sources(parts: Parts) -> list[SourceView]:
    """Give every source that the caller may see, in the order of the files, and the recordings that were played."""
    links, doubles = await parts.records().run(lambda connection: (read_links(connection), read_doubles(connection)))
    park = parts.park
    signals = Counter(signal.source for signal in park.signals.values())
    stand = [_Stand(source.name, source.kind, source.line, signals[source.name]) for source in park.sources.values()]
    for line in lines_of(park):
        if (name := source_of(line)) in links:
            count = sum(len(equipment.signals) for equipment in line.equipment)
            stand.append(_Stand(name, "recording", line.path, count))
    now = parts.now()
    return [
        _source(one, links.get(one.name), doubles.get(one.name, Doubles()), parts.sight, now)
        for one in stand
        if source_seen(parts, one.name)
    ]


def _source(stand: _Stand, link: Link | None, doubles: Doubles, sight: Sight | None, now: datetime) -> SourceView:
    shared = sight is not None and stand.name in sight.shared
    last = doubles.last
    return SourceView.model_validate(
        {
            "name": stand.name,
            "kind": stand.kind,
            "line": stand.line,
            "signals": stand.signals,
            "stale": link is not None and is_stale(link, now),
            "state": link.state if link else "unseen",
            "problem": link.problem if link else "",
            "since": link.since if link else None,
            "seen": link.seen if link else None,
            "last_time": link.last_time if link else None,
            "last_received": link.last_received if link else None,
            "horizon": link.horizon if link else None,
            "samples": None if shared else link.samples if link else 0,
            "refusals": None if shared else link.refusals if link else 0,
            "duplicates": None if shared else doubles.duplicates,
            "conflicts": None if shared else doubles.conflicts,
            "last_conflict": asdict(last) if last and (sight is None or sight.sees(last.signal)) else None,
        }
    )
