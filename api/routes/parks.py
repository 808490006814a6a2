"""What there is above machines: the park, its factories and its lines, each as a list and by path."""

import asyncio
from collections.abc import Callable, Iterable
from functools import partial
from operator import attrgetter
from typing import Annotated, Any, Final, TypeAlias, TypeVar

from fastapi import APIRouter, Depends, Path, Query, Response

from api.answers import GivenShape, Shape
from api.lookup import factory_at, line_at, lines_of, park_at, titled, trees_asked, under
from api.paging import Paging, paging
from api.parts import GivenParts
from api.remembered import Basis, remembered
from api.views.parks import FactoryView, LineView, ParkView
from api.views.shape import TOKEN, Paged, View, documented, listed
from collector.park import Factory, Line, Park

router = APIRouter(tags=["assets"])

T = TypeVar("T")

_PARK: Final[dict[str, Any]] = {
    "path": "riverside",
    "id": "riverside",
    "title": {"zh": "河滨产业园", "en": "Riverside Park"},
    "factories": 12,
    "lines": 31,
    "equipment": 204,
    "signals": 4870,
}

_FACTORY: Final[dict[str, Any]] = {
    "path": "gears",
    "id": "gears",
    "title": {"zh": "齿轮厂", "en": "Gear Works"},
    "park": "riverside",
    "time_zone": "Asia/Shanghai",
    "calendar": "two-shifts",
    "lines": 3,
    "equipment": 21,
    "signals": 498,
}

_LINE: Final[dict[str, Any]] = {
    "path": "gears/hobbing",
    "id": "hobbing",
    "title": {"zh": "滚齿线", "en": "Hobbing"},
    "factory": "gears",
    "calendar": "two-shifts",
    "sources": ["hobbing-opcua"],
    "bottleneck": "gears/hobbing/hob-01",
    "equipment": 8,
    "signals": 212,
}

Pages: TypeAlias = Annotated[Paging, Depends(paging(default=1000, most=1000))]
"""The parameters that say which page of assets."""


@router.get(
    "/parks",
    summary="Read which parks there are",
    response_model=Paged[ParkView],
    responses=listed({"items": [_PARK], "next_page_token": TOKEN}),
    dependencies=[remembered(Basis.CONFIGURATION)],
)
async def list_parks(parts: GivenParts, shape: GivenShape, page: Pages) -> Response:
    """Give the park, which is one, and how many factories, lines, machines and signals the caller may see."""
    return shape.page(ParkView, *page.of([_park(parts.park)], attrgetter("path")))


@router.get("/parks/{id}", summary="Read one park", responses=documented(_PARK))
async def read_park(parts: GivenParts, name: Annotated[str, Path(alias="id", description="Its id.")]) -> ParkView:
    """Give the park, and how many factories, lines, machines and signals the caller may see."""
    return _park(park_at(parts.park, name))


@router.get(
    "/factories",
    summary="Read which factories there are",
    response_model=Paged[FactoryView],
    responses=listed({"items": [_FACTORY], "next_page_token": TOKEN}),
    dependencies=[remembered(Basis.CONFIGURATION)],
)
async def list_factories(
    parts: GivenParts,
    shape: GivenShape,
    page: Pages,
    path: Annotated[
        list[str] | None, Query(max_length=100, description="Paths of factories; may be repeated. Left out: all.")
    ] = None,
) -> Response:
    """Give the factories, by path."""
    asked = trees_asked(parts, path)
    found = (one for one in parts.park.factories if under(one.path, asked))
    return await assets_page(shape, page, FactoryView, found, partial(_factory, parts.park))


@router.get("/factories/{path}", summary="Read one factory", responses=documented(_FACTORY))
async def read_factory(
    parts: GivenParts, path: Annotated[str, Path(description="Path of the factory: its id.")]
) -> FactoryView:
    """Give one factory."""
    return _factory(parts.park, factory_at(parts.park, path))


@router.get(
    "/lines",
    summary="Read which lines there are",
    response_model=Paged[LineView],
    responses=listed({"items": [_LINE], "next_page_token": TOKEN}),
    dependencies=[remembered(Basis.CONFIGURATION)],
)
async def list_lines(
    parts: GivenParts,
    shape: GivenShape,
    page: Pages,
    path: Annotated[
        list[str] | None,
        Query(max_length=100, description="Paths of factories or lines; may be repeated. Left out: all lines."),
    ] = None,
) -> Response:
    """Give the lines at or below the paths, by path."""
    asked = trees_asked(parts, path)
    found = (line for line in lines_of(parts.park) if under(line.path, asked))
    return await assets_page(shape, page, LineView, found, partial(_line, parts.park))


@router.get("/lines/{path:path}", summary="Read one line", responses=documented(_LINE))
async def read_line(
    parts: GivenParts, path: Annotated[str, Path(description="Path of the line, `factory/line`.")]
) -> LineView:
    """Give one line."""
    return _line(parts.park, line_at(parts.park, path))


async def assets_page(
    shape: Shape, page: Paging, view: type[View], found: Iterable[T], shown: Callable[[T], View]
) -> Response:
    """Answer one page of assets by path; a great park has a hundred thousand signals, so beside the event loop."""

    def made() -> tuple[list[View], str | None]:
        some, token = page.of(found, attrgetter("path"))
        return [shown(one) for one in some], token

    return shape.page(view, *await asyncio.to_thread(made))


def _park(park: Park) -> ParkView:
    lines = list(lines_of(park))
    return ParkView(
        path=park.id,
        id=park.id,
        title=titled(park.title, park.id),
        factories=len(park.factories),
        lines=len(lines),
        **_below(lines),
    )


def _factory(park: Park, factory: Factory) -> FactoryView:
    return FactoryView(
        path=factory.path,
        id=factory.id,
        title=titled(factory.title, factory.id),
        park=park.id,
        time_zone=factory.time_zone,
        calendar=factory.calendar,
        lines=len(factory.lines),
        **_below(factory.lines),
    )


def _line(park: Park, line: Line) -> LineView:
    factory = park.factory_of(line.path)
    return LineView(
        path=line.path,
        id=line.id,
        title=titled(line.title, line.id),
        factory=factory.path,
        calendar=line.calendar or factory.calendar,
        sources=[source.name for source in line.sources],
        bottleneck=None if line.bottleneck is None else f"{line.path}/{line.bottleneck}",
        **_below([line]),
    )


def _below(lines: Iterable[Line]) -> dict[str, int]:
    """Count the machines of lines, and their signals."""
    machines = [machine for line in lines for machine in line.equipment]
    return {"equipment": len(machines), "signals": sum(len(machine.signals) for machine in machines)}
