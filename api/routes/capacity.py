"""What the coming shifts have to spare, for work on contract: by machine and line, or by class of machines."""

import asyncio
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any, Final, Literal, TypeAlias

import polars as pl
from fastapi import APIRouter, Depends, Query, Response

from adapters.stores.contract import Store
from analytics.reports.capacity import CAPACITY, of_classes
from analytics.reports.reading import lines_and_machines, read_capacity
from analytics.reports.scope import Scope
from analytics.wording import Language, translated
from api.answers import GivenShape
from api.deprecation import replaced_by
from api.lookup import lines_of
from api.paging import Paging, behind, instant, microseconds, paging
from api.parts import GivenParts
from api.scopes import scopes_of
from api.views.capacity import CapacitiesView, CapacityView, SpareView
from api.views.shape import TOKEN, Instant, Paged, listed
from collector.park import Park

router = APIRouter(tags=["reports"])

_OfPath: TypeAlias = Annotated[
    str, Query(max_length=300, description="Park, factory, line or machine. Left out: all that the caller may see.")
]
_Days: TypeAlias = Annotated[int, Query(ge=1, le=92, description="Shifts that begin within so many days.")]
_Start: TypeAlias = Annotated[Instant | None, Query(description="From when on; left out: now.")]
_Lang: TypeAlias = Annotated[Language, Query(description="Language of `note`.")]

_PER_DAY: Final = 3
"""Shifts of a day that are reckoned with."""

_SHIFT: Final[dict[str, Any]] = {
    "name": "night",
    "start": "2026-11-24T14:00:00Z",
    "end": "2026-11-24T22:00:00Z",
    "planned_s": 27000.0,
    "maintenance_s": 0.0,
    "typical_busy_s": 16740.0,
    "typical_stops_s": 1350.0,
    "idle_s": 8910.0,
    "idle_safe_s": 7020.0,
    "based_on": 8,
    "coverage": 0.992,
    "note": "",
}
_MACHINE: Final = {"path": "gears/hobbing/hob-01", **_SHIFT}
_CAPACITY: Final = {
    "items": [{**_MACHINE, "equipment_class": "hobbing-machine", "machines": 1}],
    "next_page_token": TOKEN,
}
_IDLE_CAPACITY: Final = {"items": [_MACHINE], "next_page_token": TOKEN}


@router.get(
    "/capacity",
    summary="Read what the coming shifts have to spare",
    response_model=Paged[SpareView],
    responses=listed(_CAPACITY),
)
async def list_capacity(
    parts: GivenParts,
    shape: GivenShape,
    page: Annotated[Paging, Depends(paging(default=1000, most=10_000))],
    path: _OfPath = "",
    by: Annotated[
        Literal["machine", "class"],
        Query(
            description="`machine`: lines and their machines. `class`: sums over the machines of one "
            "`equipment_class`, whatever line or factory they stand in."
        ),
    ] = "machine",
    days: _Days = 7,
    start: _Start = None,
    lang: _Lang = "en",
) -> Response:
    """Give the idle capacity of coming shifts, for work on contract: lines before their machines, or classes, by start.

    Planned work without planned maintenance, and without what shifts of the same name on the same weekday were busy and
    stopped for in the 8 weeks before (median). `idle_safe_s` is what three of four of them had left. Of classes it is
    summed over the factories that the caller may see, of shifts that begin together and are called alike.
    """
    scopes = scopes_of(parts, [path] if path else None)
    after = page.after(int, str, int, str) if by == "class" else page.after(int, int, int, str)
    asked = _Asked(scopes, instant(after[0]) if after else start or parts.now(), days)
    classes = _classes(parts.park)
    async with parts.reading() as store:
        if by == "class":
            shown, token = await _by_class(store, asked, page, after, classes)
        else:
            shown, token = await _by_machine(store, asked, page, after)
            sizes = {line.path: sum(1 for one in line.equipment if one.state_inputs) for line in lines_of(parts.park)}
            shown = shown.with_columns(
                equipment_class=pl.col("path").replace_strict(classes, default=None, return_dtype=pl.String),
                machines=pl.col("path").replace_strict(sizes, default=1, return_dtype=pl.Int64),
            )
    return shape.page(SpareView, translated(shown, lang).select(list(SpareView.model_fields)), token)


@router.get(
    "/idle-capacity",
    summary="Read what the coming shifts have to spare",
    response_model=CapacitiesView,
    responses=listed(_IDLE_CAPACITY),
    deprecated=True,
    dependencies=[replaced_by("/api/v1/capacity")],
)
async def list_idle_capacity(
    parts: GivenParts,
    shape: GivenShape,
    page: Annotated[Paging, Depends(paging(default=1000, most=10_000))],
    path: _OfPath = "",
    days: _Days = 7,
    start: _Start = None,
    lang: _Lang = "en",
) -> Response:
    """Give what `/capacity` gives by machine, without classes."""
    scopes = scopes_of(parts, [path] if path else None)
    after = page.after(int, int, int, str)
    asked = _Asked(scopes, instant(after[0]) if after else start or parts.now(), days)
    async with parts.reading() as store:
        shown, token = await _by_machine(store, asked, page, after)
    return shape.page(CapacityView, translated(shown, lang).select(list(CapacityView.model_fields)), token)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is asked for."""

    scopes: Sequence[Scope]
    """Of what."""

    begins: datetime
    """From when on, UTC."""

    days: int
    """Shifts that begin within so many days."""

    def pieces(self, first: str | None, rows: int) -> Iterator[Scope]:
        """Give the scopes in pieces of whole lines, each of about so many rows; from the line of a path on."""
        begun = first is None
        for scope in self.scopes:
            piece: list[str] = []
            for line in dict.fromkeys(path.rpartition("/")[0] for path in scope.machines):
                begun = begun or first in {line, *(path for path in scope.machines if path.startswith(f"{line}/"))}
                piece += [path for path in scope.machines if begun and path.startswith(f"{line}/")]
                if piece and len(piece) * self.days * _PER_DAY >= rows:
                    yield replace(scope, machines=tuple(piece))
                    piece = []
            if piece:
                yield replace(scope, machines=tuple(piece))


async def _by_machine(
    store: Store, asked: _Asked, page: Paging, after: tuple[Any, ...] | None
) -> tuple[pl.DataFrame, str | None]:
    """Give a page of lines and machines; those before and after it are not read."""
    paths = [path for scope in asked.scopes for path in lines_and_machines(scope)]
    places = {path: place for place, path in enumerate(paths)}
    place = pl.col("path").replace_strict(places, return_dtype=pl.Int64)
    order = (place, pl.col("start").dt.timestamp("us"), pl.col("name"))
    first = None if after is None else paths[min(max(after[1], 0), len(paths) - 1)] if paths else None
    found = CAPACITY.to_frame()
    for scope in asked.pieces(first, page.limit):
        rows = await read_capacity(store, scope, asked.begins, asked.days)
        found = pl.concat([found, rows if after is None else rows.filter(behind(order, after[1:]))])
        if found.height > page.limit:
            break
    return _page(found, order, page, asked.begins)


async def _by_class(
    store: Store, asked: _Asked, page: Paging, after: tuple[Any, ...] | None, classes: Mapping[str, str]
) -> tuple[pl.DataFrame, str | None]:
    """Give a page of classes; machines of those before and after it are not read."""
    order = (pl.col("equipment_class"), pl.col("start").dt.timestamp("us"), pl.col("name"))
    left = sorted({classes[path] for scope in asked.scopes for path in scope.machines})
    if after is not None:
        left = left[bisect_left(left, after[1]) :]
    found = pl.DataFrame(schema={**CAPACITY, "machines": pl.Int64(), "equipment_class": pl.String()})
    while left and found.height <= page.limit:
        many = (page.limit - found.height) // (asked.days * _PER_DAY) + 1
        some, left = left[:many], left[many:]
        own = [tuple(path for path in scope.machines if classes[path] in some) for scope in asked.scopes]
        machines = [
            await read_capacity(store, replace(scope, machines=paths), asked.begins, asked.days)
            for scope, paths in zip(asked.scopes, own, strict=True)
            if paths
        ]
        each = pl.concat(machines).filter(pl.col("path").is_in(list(classes)))  # without their lines
        summed = await asyncio.to_thread(of_classes, each, classes)
        rows = summed.with_columns(path=pl.lit(None, pl.String), equipment_class="path")
        rows = rows.select(found.columns).sort(order)
        found = pl.concat([found, rows if after is None else rows.filter(behind(order, after[1:]))])
    return _page(found, order, page, asked.begins)


def _page(
    found: pl.DataFrame, order: Sequence[pl.Expr], page: Paging, begins: datetime
) -> tuple[pl.DataFrame, str | None]:
    shown = found.head(page.limit)
    if found.height == shown.height:
        return shown, None
    return shown, page.token((microseconds(begins), *shown.tail(1).select(*order).row(0)))


def _classes(park: Park) -> dict[str, str]:
    """Give the class of every machine by its path; empty where the configuration says nothing."""
    return {path: machine.equipment_class or "" for path, machine in park.equipment.items()}
