"""What a machine did, and when."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

import polars as pl
from fastapi import APIRouter, Depends, Path, Query, Response

from analytics.frontier import frontier, frontiers
from analytics.machinestates import read_newest
from analytics.progress import read_computed
from analytics.recording import source_of
from analytics.reports.scope import Scope
from analytics.settling import REFRESH
from analytics.spans import SPANS
from analytics.timeline import Reader
from api.answers import GivenShape
from api.errors import wrong
from api.lookup import equipment_at, known_assets, lines_of
from api.paging import Paging, instant, paging
from api.parts import GivenParts, Parts
from api.views.shape import TOKEN, Paged, listed
from api.views.states import CurrentStateView, MachineSpanView, SpanView, TimelineView
from api.window import End, Start, check_window
from collector.links import read_links
from collector.park import EquipmentState

router = APIRouter(tags=["states"])

WINDOW_AT_MOST: Final = timedelta(days=31)
"""The longest window of one request."""

MACHINES_AT_MOST: Final = 50
"""Machines in one request for what they did."""

_AT_FIRST: Final = 4
"""Machines that are read together before it is known how many spans they have."""

_LOOKING_BACK: Final = (timedelta(hours=1), timedelta(days=1), timedelta(days=7))
"""How far back the beginning of what a machine does now is looked for at first, then, and at last."""

_MICROSECOND: Final = timedelta(microseconds=1)

_EXAMPLE: Final[dict[str, Any]] = {
    "items": [
        {
            "start": "2026-11-24T00:00:00Z",
            "end": "2026-11-24T08:12:04.9Z",
            "state": "producing",
            "raw": "ACTIVE",
        }
    ],
    "next_page_token": TOKEN,
    "path": "gears/hobbing/hob-01",
    "start": "2026-11-24T00:00:00Z",
    "end": "2026-11-25T00:00:00Z",
    "known_until": "2026-11-24T08:12:04.9Z",
}

_SPANS: Final = {
    "items": [{"path": "gears/hobbing/hob-01", **_EXAMPLE["items"][0]}],
    "next_page_token": TOKEN,
}
_CURRENT: Final = {
    "items": [
        {
            "path": "gears/hobbing/hob-01",
            "state": "producing",
            "raw": "ACTIVE",
            "since": "2026-11-24T07:51:40.120Z",
            "known_until": "2026-11-24T08:14:58Z",
        }
    ],
    "next_page_token": TOKEN,
}


@router.get(
    "/states",
    summary="Read the states of several machines",
    response_model=Paged[MachineSpanView],
    responses=listed(_SPANS),
)
async def list_states(
    parts: GivenParts,
    shape: GivenShape,
    page: Annotated[Paging, Depends(paging(default=1000, most=10_000))],
    path: Annotated[
        list[str],
        Query(
            min_length=1,
            max_length=MACHINES_AT_MOST,
            description="Machine, or a line or factory: all machines in it; may be repeated. 50 machines at most.",
        ),
    ],
    start: Start,
    end: End,
) -> Response:
    """Give what machines did within [start, end) as spans, by path and start; 31 days and 50 machines at most.

    The spans of a machine follow each other without a hole, as under `/equipment/{path}/states`, up to where its source
    has spoken. A machine of which nothing is known has none.
    """
    check_window(start, end, most=WINDOW_AT_MOST)
    machines = sorted(_machines(parts, path))
    if len(machines) > MACHINES_AT_MOST:
        told = f"they have {len(machines)} machines; ask for {MACHINES_AT_MOST} at most at once"
        raise wrong(parameter="path", detail=told)
    after = page.after(str, int)
    known = await known_until(parts, machines)
    found = SPANS.to_frame()
    async with parts.reading() as store:
        reader = Reader(parts.park, store, parts.records())

        async def read(paths: Sequence[str], begin: datetime) -> pl.DataFrame:
            return await reader.timeline(paths, begin, end, now=parts.now(), frontiers=known)

        left = machines
        if after is not None:
            left = [one for one in machines if one > after[0]]
            if after[0] in machines:
                found = await read([after[0]], max(start, instant(after[1])))
        together = _AT_FIRST
        while left and found.height <= page.limit:
            rows = await read(left[:together], start)
            found = pl.concat([found, rows])
            each = max(rows.height / len(left[:together]), 1.0)
            left = left[together:]
            together = max(int((page.limit + 1 - found.height) / each), 1)
    shown = found.head(page.limit)
    token = None
    if found.height > shown.height:
        token = page.token(shown.tail(1).select("equipment", pl.col("end").dt.timestamp("us")).row(0))
    items = shown.select("start", "end", "state", "raw", path="equipment")
    return shape.page(MachineSpanView, items.select(list(MachineSpanView.model_fields)), token)


@router.get(
    "/states/current",
    summary="Read what machines do now",
    response_model=Paged[CurrentStateView],
    responses=listed(_CURRENT),
)
async def list_current_states(
    parts: GivenParts,
    shape: GivenShape,
    page: Annotated[Paging, Depends(paging(default=200, most=1000))],
    path: Annotated[
        list[str] | None,
        Query(max_length=100, description="Machine, line or factory; may be repeated. Left out: all that you may see."),
    ] = None,
) -> Response:
    """Give what each machine does now, and since when, by path; equipment whose state nothing tells is not among them.

    What is told is as old as `known_until` says: a machine whose link is down is `unknown` once its `hold_for_s` is
    over, one that was only recorded did this when the recording ended.
    """
    after = page.after(str)
    machines = sorted(one for one in _machines(parts, path) if parts.park.equipment[one].state_inputs)
    left = [one for one in machines if after is None or one > after[0]]
    shown = left[: page.limit]
    known = await known_until(parts, shown)
    newest, computed = await parts.records().run(
        lambda connection: (read_newest(connection, shown), read_computed(connection, shown))
    )
    fresh = [
        path  # else whoever tells states is away, or behind
        for path in newest.keys() & computed.keys() & known.keys()
        if known[path] - computed[path] <= REFRESH
    ]
    rows = {
        path: CurrentStateView(
            path=path,
            state=newest[path].state,
            raw=newest[path].raw,
            since=newest[path].start,
            known_until=computed[path],
        )
        for path in fresh
    }
    others = {path: until for path, until in known.items() if path not in rows}
    if others:
        async with parts.reading() as store:
            now = await _current(Reader(parts.park, store, parts.records()), others, parts.now())
        rows |= {path: CurrentStateView(path=path, known_until=known[path], **told) for path, told in now.items()}
    unknown = {"state": EquipmentState.UNKNOWN, "raw": None, "since": None}
    items = [rows.get(one) or CurrentStateView(path=one, known_until=known.get(one), **unknown) for one in shown]
    return shape.page(CurrentStateView, items, page.token((shown[-1],)) if len(left) > len(shown) else None)


@router.get(
    "/equipment/{path:path}/states",
    summary="Read the states of a machine",
    response_model=TimelineView,
    responses=listed(_EXAMPLE),
)
async def list_equipment_states(
    parts: GivenParts,
    shape: GivenShape,
    page: Annotated[Paging, Depends(paging(default=1000, most=10_000))],
    path: Annotated[str, Path(description="Path of the machine, `factory/line/equipment`.")],
    start: Start,
    end: End,
) -> Response:
    """Give what a machine did within [start, end) as spans, in order and without a hole; 31 days at most.

    A state holds until the next report. Where reports are missing for longer than the machine's `hold_for_s` it is
    `unknown`, never idle. What lies beyond `known_until` is not known yet and has no span.
    """
    check_window(start, end, most=WINDOW_AT_MOST)
    equipment = equipment_at(parts.park, path)
    after = page.after(int)
    begin = start if after is None else max(start, instant(after[0]))
    known = await known_until(parts, [equipment.path])
    until = known.get(equipment.path)
    async with parts.reading() as store:
        reader = Reader(parts.park, store, parts.records())
        spans = await reader.timeline([equipment.path], begin, end, now=parts.now(), frontiers=known)
    shown = spans.head(page.limit)
    token = None
    if spans.height > shown.height:
        token = page.token(shown.tail(1).select(pl.col("end").dt.timestamp("us")).row(0))
    items = shown.select("start", "end", "state", "raw")
    return shape.page(SpanView, items, token, path=equipment.path, start=start, end=end, known_until=until)


def _machines(parts: Parts, paths: Sequence[str] | None) -> set[str]:
    """Give the machines that these paths name or hold, or all that the caller may see; answers 404."""
    if not paths:
        return set(parts.park.equipment)
    return {machine for path in known_assets(parts, paths) for machine in Scope.of(parts.park, path).machines} | (
        parts.park.equipment.keys() & set(paths)
    )


async def _current(reader: Reader, known: Mapping[str, datetime], now: datetime) -> dict[str, dict[str, Any]]:
    """Give what machines do at their frontier: state, raw and since, by path; since is None where it is long ago."""
    told: dict[str, dict[str, Any]] = {}
    for back in _LOOKING_BACK:
        groups: dict[datetime, list[str]] = {}
        for path, until in known.items():
            if path not in told or told[path]["since"] is None:
                groups.setdefault(now if now - until < _LOOKING_BACK[0] else until, []).append(path)
        for until, paths in groups.items():
            spans = await reader.timeline(paths, until - back, until, now=now, frontiers=known)
            for path, start, state, raw in (
                spans.group_by("equipment", maintain_order=True).last().select("equipment", "start", "state", "raw")
            ).iter_rows():
                told[path] = {"state": state, "raw": raw, "since": start if start > until - back else None}
    return told


async def known_until(parts: Parts, machines: Iterable[str]) -> dict[str, datetime]:
    """Tell up to when it is known what machines did: by their links, or by what was played as their lines."""
    links = await parts.records().run(read_links)
    now = parts.now()
    live = frontiers(parts.park, links, now)
    recordings = {line.path: source_of(line) for line in lines_of(parts.park)}
    found: dict[str, datetime] = {}
    for path in machines:
        if parts.park.equipment[path].state_inputs:
            recorded = frontier(links.get(recordings[path.rpartition("/")[0]]), now)
            known = [live.get(path), None if recorded is None else recorded + _MICROSECOND]
            until = max((one for one in known if one is not None), default=None)
            if until is not None:
                found[path] = until
    return found
