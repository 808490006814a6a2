"""The sources and how their links stand."""

from collections import Counter
from dataclasses import asdict
from datetime import datetime
from typing import Final

from fastapi import APIRouter

from analytics.recording import source_of
from api.heartbeat import is_stale
from api.lookup import lines_of
from api.parts import GivenParts
from api.views.shape import Paged, documented
from api.views.sources import SourceView
from collector.conflictlog import read_doubles
from collector.conflicts import Doubles
from collector.links import Link, read_links

router = APIRouter(tags=["sources"])

_EXAMPLE: Final = {
    "items": [
        {
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
    ],
    "next_page_token": "WyI2ZWUyYjhhZWJjMjQiLDQyXQ",
}


@router.get("/sources", summary="Read how every source stands", responses=documented(_EXAMPLE))
async def list_sources(parts: GivenParts) -> Paged[SourceView]:
    """Give every configured source and the state of its link, in the order of the files; always one page.

    A line that a recorded file was played as has a further one, of kind `recording`.
    """
    park, now = parts.park, parts.now()
    links, doubles = await parts.records().run(lambda connection: (read_links(connection), read_doubles(connection)))
    signals = Counter(signal.source for signal in park.signals.values())
    items = [
        _source(
            source.name,
            source.kind,
            source.line,
            links.get(source.name),
            doubles.get(source.name, Doubles()),
            signals[source.name],
            now,
        )
        for source in park.sources.values()
    ]
    for line in lines_of(park):
        if (link := links.get(source_of(line))) is not None:
            count = sum(len(equipment.signals) for equipment in line.equipment)
            told = doubles.get(link.source, Doubles())
            items.append(_source(link.source, "recording", line.path, link, told, count, now))
    return Paged[SourceView](items=items, next_page_token=None)


def _source(
    name: str, kind: str, line: str, link: Link | None, doubles: Doubles, signals: int, now: datetime
) -> SourceView:
    return SourceView.model_validate(
        {
            "name": name,
            "kind": kind,
            "line": line,
            "signals": signals,
            "stale": link is not None and is_stale(link, now),
            "state": link.state if link else "unseen",
            "problem": link.problem if link else "",
            "since": link.since if link else None,
            "seen": link.seen if link else None,
            "last_time": link.last_time if link else None,
            "last_received": link.last_received if link else None,
            "horizon": link.horizon if link else None,
            "samples": link.samples if link else 0,
            "refusals": link.refusals if link else 0,
            "duplicates": doubles.duplicates,
            "conflicts": doubles.conflicts,
            "last_conflict": asdict(doubles.last) if doubles.last else None,
        }
    )
