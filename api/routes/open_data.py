"""Open data: the views that a caller is granted, and nothing else.

A view tells of the whole park, whatever factories its caller may see otherwise; so these routes stand on the whole park
and are kept to the grants of views. What is due is told before it is read (`analytics.opening`); where the store does
not answer, what was told before is read all the same.
"""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import date, timedelta
from functools import partial
from typing import Annotated, Any, Final

import polars as pl
from fastapi import APIRouter, Depends, Path, Query, Response

from adapters.stores.contract import StoreError
from analytics.disclosure.cells import Cell, cut_of, pool_of
from analytics.disclosure.sources import Figure, figures
from analytics.opening import Ground, is_behind, open_pool, told_until
from analytics.openrows import ORDER, ROWS, readable, rows, shown_as
from analytics.opentables import read_cells, read_firsts, read_groups, read_progress
from api.access import GivenCaller
from api.answers import GivenShape
from api.errors import UNKNOWN_VIEW, ProblemError, wrong
from api.lookup import titled
from api.paging import Paging, behind, paging
from api.parts import Parts, WholeParts
from api.views.open_data import OpenDataView, OpenNumberView, OpenPage, OpenRowView
from api.views.shape import TOKEN, Paged, listed
from collector.config.problems import did_you_mean
from collector.fields import Day
from collector.opendata import OpenView

router = APIRouter(tags=["open-data"])

TELLING_S: Final = 10.0
"""Seconds that a request spends on telling what is due, about; the rest is told with the next ones."""

_PERIODS: Final = 64
"""Periods whose cells are read at once, at most."""

_CELLS: Final = 5000
"""Cells that are read at once, about, where periods have fewer."""

_DAY: Final = timedelta(days=1)

_ROW: Final[dict[str, Any]] = {
    "group": "turning-centre",
    "period": "week",
    "name": "2026-W47",
    "start": "2026-11-16",
    "end": "2026-11-23",
    "kpi": "utilisation",
    "value": 0.71,
    "unit": "1",
    "coverage": 0.99,
    "suppressed": False,
}
_ROWS: Final = {"items": [_ROW], "next_page_token": TOKEN, "told_until": "2026-11-23"}
_VIEWS: Final = {
    "items": [
        {
            "view": "city-utilisation",
            "title": {"zh": "城市设备利用率", "en": "Utilisation for the city"},
            "about": {"zh": "各类设备的利用率", "en": "How busy each class of machines is"},
            "dataset": "kpis",
            "by": "class",
            "period": "week",
            "numbers": [
                {
                    "slug": "utilisation",
                    "title": {"zh": "利用率", "en": "Utilisation"},
                    "unit": "1",
                    "rounded_to": 0.01,
                }
            ],
            "fields": list(_ROW),
            "factories": 3,
            "machines": 5,
            "delay_s": 604800.0,
            "first": "2026-01-01",
            "told_until": "2026-11-23",
            "licence": "CC-BY-4.0",
            "contact": "data@park.example",
        }
    ],
    "next_page_token": TOKEN,
}


@router.get(
    "/open-data", summary="Read which views there are", response_model=Paged[OpenDataView], responses=listed(_VIEWS)
)
async def list_open_data(
    parts: WholeParts,
    caller: GivenCaller,
    shape: GivenShape,
    page: Annotated[Paging, Depends(paging(default=100, most=1000))],
) -> Response:
    """Give the views that the caller may read, by name: what they tell, of how many, how late, and on what terms.

    A caller that reads views agreed on by contract reads no others about the same numbers. Needs a key with the scope
    `open`, which keys have that are made for views.
    """
    granted = readable(parts.open_data, caller.views)
    await _tell(parts, [parts.open_data.views[name] for name in granted])
    found = [_view(parts, name, await _told_until(parts, name)) for name in granted]
    shown, token = page.of(found, lambda view: view.view)
    return shape.page(OpenDataView, shown, token)


@router.get("/open-data/{view}", summary="Read a view", response_model=OpenPage, responses=listed(_ROWS))
async def list_open_data_rows(
    parts: WholeParts,
    caller: GivenCaller,
    shape: GivenShape,
    page: Annotated[Paging, Depends(paging(default=1000, most=10_000))],
    name: Annotated[str, Path(alias="view", max_length=64, description="Name of the view.")],
    start: Annotated[Day | None, Query(description="Periods that begin on this local day or later.")] = None,
    end: Annotated[Day | None, Query(description="Periods that begin before this local day.")] = None,
    kpi: Annotated[
        list[str] | None, Query(max_length=100, description="Numbers of the view; may be repeated. Left out: all.")
    ] = None,
    group: Annotated[
        list[str] | None,
        Query(max_length=100, description="Groups, as rows call them; may be repeated. Left out: all."),
    ] = None,
) -> Response:
    """Give the rows of a view by first day, group and number; filters choose among them and add nothing up.

    What was told never changes, however late samples come. A row is `suppressed` where it would tell of too few, alone
    or together with others, or where there is nothing to tell; groups that were never told of have no rows. Needs a
    key with the scope `open`, which keys have that are made for views.
    """
    if name not in readable(parts.open_data, caller.views):
        raise ProblemError(UNKNOWN_VIEW, f"there is no view {name!r} that the caller may read")
    view = parts.open_data.views[name]
    if start is not None and end is not None and start >= end:
        raise wrong(parameter="end", detail=f"it must lie after `start` ({start})")
    for one in kpi or ():
        if one not in view.numbers:
            detail = f"the view {name!r} has no number {one!r}{did_you_mean(one, view.numbers)}"
            raise wrong(parameter="kpi", detail=detail)
    await _tell(parts, [view])
    asked = _Asked(parts, name, page, kpi, group)
    shown, token = await asked.page(max(start or view.since, view.since), end or date.max)
    return shape.page(OpenRowView, shown.drop(view.drop), token, told_until=await _told_until(parts, name))


class _Asked:
    """Reads the rows of one request."""

    def __init__(
        self, parts: Parts, name: str, page: Paging, kpis: Sequence[str] | None, groups: Sequence[str] | None
    ) -> None:
        self._parts = parts
        self._name = name
        self._cut = cut_of(parts.open_data.views[name], name, 0).name
        self._page = page
        self._kpis = kpis
        self._groups = frozenset(groups or ())

    async def page(self, start: date, end: date) -> tuple[pl.DataFrame, str | None]:
        """Give a page of the rows of periods that begin in [start, end), and the token of the next one."""
        after = self._page.after(str, str, str)
        first = start if after is None else max(start, _day(after[0]))
        groups = await self._grouped()
        found = ROWS.to_frame()
        at_once = 1
        while first < end and found.height <= self._page.limit:
            firsts = await self._run(read_firsts, first=first, until=end, groups=groups, limit=at_once)
            if not firsts:
                break
            until = firsts[-1] + _DAY
            cells = await self._run(read_cells, first=firsts[0], until=until, groups=groups)
            made = await asyncio.to_thread(self._rows, cells)
            found = pl.concat([found, made if after is None else made.filter(behind(ORDER, after))])
            room = _CELLS * len(firsts) // len(cells)
            first, at_once = until, max(1, min(2 * at_once, _PERIODS, room))
        shown = found.head(self._page.limit)
        more = found.height > shown.height
        return shown, self._page.token(shown.tail(1).select(ORDER).row(0)) if more else None

    async def _grouped(self) -> list[str] | None:
        """Give the groups that are asked about, as cells call them; None: all."""
        if not self._groups:
            return None
        known = await self._run(read_groups)

        def chosen() -> list[str]:
            return [one for one in known if shown_as(self._parts.open_data, self._name, one) in self._groups]

        return await asyncio.to_thread(chosen)

    async def _run(self, read: Any, **asked: Any) -> Any:
        return await self._parts.records().run(partial(read, view=self._name, cut=self._cut, **asked))

    def _rows(self, cells: Sequence[Cell]) -> pl.DataFrame:
        made = rows(self._parts.open_data, self._name, cells)
        return made.filter(pl.col("kpi").is_in(list(self._kpis))) if self._kpis else made


async def _tell(parts: Parts, views: Iterable[OpenView]) -> None:
    """Tell what is due of the pools of some views, as far as there is time and a store."""
    records = parts.records()
    ground = Ground(parts.park, parts.open_data, parts.store, records, records, parts.now)
    pools = dict.fromkeys(pool_of(view) for view in views)
    late = [pool for pool in pools if await is_behind(ground, pool)]
    if not late:
        return
    clock = asyncio.get_running_loop().time
    until = clock() + TELLING_S
    # `told_until` says how far it came; who waits for another that tells does not wait for longer
    with suppress(StoreError, TimeoutError):
        async with asyncio.timeout_at(until):
            await parts.opening.acquire()
        try:
            async with parts.reading():
                for pool in late:
                    await open_pool(ground, pool, enough=lambda: clock() > until)
        finally:
            parts.opening.release()


async def _told_until(parts: Parts, name: str) -> date | None:
    pool = pool_of(parts.open_data.views[name])
    progress = await parts.records().run(partial(read_progress, pool=pool))
    return told_until(parts.open_data, name, progress.until)


def _day(written: str) -> date:
    try:
        return date.fromisoformat(written)
    except ValueError as error:
        raise wrong(parameter="page_token", detail="this is no token of this API; begin without one") from error


def _view(parts: Parts, name: str, until: date | None) -> OpenDataView:
    view: OpenView = parts.open_data.views[name]
    told = figures(view.dataset, view.numbers, machine=view.by == "equipment")
    return OpenDataView(
        view=name,
        title=titled(view.title, name),
        about=titled(view.about, ""),
        dataset=view.dataset,
        by=view.by,
        period=view.period,
        numbers=[_number(one, view) for one in told],
        fields=[column for column in ROWS if column not in view.drop],
        factories=view.at_least.factories,
        machines=view.at_least.machines,
        delay_s=None if view.dataset == "capacity" else view.delay.total_seconds(),
        first=view.since,
        told_until=until,
        licence=view.licence,
        contact=view.contact,
    )


def _number(figure: Figure, view: OpenView) -> OpenNumberView:
    return OpenNumberView(
        slug=figure.slug,
        title=titled(figure.title, figure.slug),
        unit=figure.unit,
        rounded_to=view.round.get(figure.slug),
    )
