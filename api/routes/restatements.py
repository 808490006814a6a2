"""What was told before: every version of a window that was replaced, and which numbers changed."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Any, Final

import polars as pl
from fastapi import APIRouter, Depends, Query, Response

from adapters.stores.contract import RESULTS, Store
from analytics.ledger import After, position, read_following, read_superseded
from analytics.restatement import SUPERSEDED, WINDOW, changes
from analytics.wording import Language, translated
from api.answers import GivenShape
from api.lookup import assets_asked
from api.paging import Paging, instant, microseconds, paging
from api.parts import GivenParts
from api.routes.kpis import unit_of
from api.views.kpis import StoredPeriod
from api.views.restatements import RestatementView
from api.views.shape import TOKEN, Paged, listed
from api.window import MaybeEnd, MaybeStart, check_window

router = APIRouter(tags=["kpis"])

_NEAR: Final = timedelta(days=1)
"""Windows that begin within this time are read together."""

_MICROSECOND: Final = timedelta(microseconds=1)
_SHOWN: Final = ("path", "period", "name", "start", "end", "version", "computed", "replaced", "reason", "coverage")

_EXAMPLE: Final = {
    "items": [
        {
            "path": "gears/hobbing/hob-01",
            "period": "hour",
            "name": "",
            "start": "2026-11-24T07:00:00Z",
            "end": "2026-11-24T08:00:00Z",
            "version": 1,
            "computed": "2026-11-24T08:00:07.201Z",
            "replaced": "2026-11-24T08:15:31.950Z",
            "reason": "gap filled",
            "coverage": 0.948,
            "changes": [
                {
                    "kpi": "utilisation",
                    "unit": "1",
                    "before": 0.713,
                    "after": 0.761,
                    "note_before": "",
                    "note_after": "",
                }
            ],
        }
    ],
    "next_page_token": TOKEN,
}


@router.get(
    "/kpis/restatements",
    summary="Read which KPIs were told otherwise before",
    response_model=Paged[RestatementView],
    responses=listed(_EXAMPLE),
)
async def list_restatements(
    parts: GivenParts,
    shape: GivenShape,
    page: Annotated[Paging, Depends(paging(default=100, most=500))],
    path: Annotated[
        list[str] | None,
        Query(max_length=100, description="Park, factory, line or equipment; may be repeated. Left out: all of them."),
    ] = None,
    period: Annotated[StoredPeriod | None, Query(description="Kind of window. Left out: all of them.")] = None,
    start: MaybeStart = None,
    end: MaybeEnd = None,
    lang: Annotated[Language, Query(description="Language of reasons and notes.")] = "en",
) -> Response:
    """Give the replaced versions of windows that begin in [start, end), those replaced last first.

    Each tells the numbers that the next version has otherwise. A window that only grew while it ran is not among them.
    Weeks and months are restated when one of their days is: ask for `period=day`.
    """
    check_window(start, end)
    asked = partial(
        read_superseded,
        start=start,
        end=end,
        paths=assets_asked(parts, path),
        periods=[period] if period else None,
        after=_after(page),
        limit=page.limit + 1,
    )
    found = await parts.records().run(asked)
    shown = found.head(page.limit)
    following = await parts.records().run(lambda connection: read_following(connection, shown))
    async with parts.reading() as store:
        stored = await _stored(store, shown)
    versions = pl.concat([shown, following]).unique([*WINDOW, "version"])
    told = changes(versions.select(SUPERSEDED.names()), stored)
    beside = pl.Series("changes", list(_changes(shown, translated(told, lang))), dtype=pl.Object)
    items = translated(shown, lang).select(*_SHOWN, beside)
    token = _token(page, shown.row(-1, named=True)) if found.height > shown.height else None
    return shape.page(RestatementView, items, token)


def _after(page: Paging) -> After | None:
    given = page.after(int, str, str, int, int)
    if given is None:
        return None
    replaced, path, period, start, version = given
    return After(instant(replaced), path, period, instant(start), version)


def _token(page: Paging, row: dict[str, Any]) -> str:
    last = position(row)
    return page.token((microseconds(last.replaced), last.path, last.period, microseconds(last.start), last.version))


async def _stored(store: Store, windows: pl.DataFrame) -> pl.DataFrame:
    """Give the stored results of these windows, and of some beside them."""
    starts = sorted(windows["start"].unique())
    found = [RESULTS.to_frame()]
    for first, last in _runs(starts):
        some = windows.filter(pl.col("start").is_between(first, last))
        paths, periods = some["path"].unique().to_list(), some["period"].unique().to_list()
        found.append(await store.results(start=first, end=last + _MICROSECOND, paths=paths, periods=periods))
    return pl.concat(found).join(windows.select(WINDOW).unique(), on=WINDOW, how="semi")


def _runs(starts: list[datetime]) -> Iterator[tuple[datetime, datetime]]:
    """Give the first and the last of ordered instants that lie within `_NEAR`."""
    first: datetime | None = None
    for number, start in enumerate(starts):
        first = first or start
        if number + 1 == len(starts) or starts[number + 1] - first > _NEAR:
            yield first, start
            first = None


def _changes(windows: pl.DataFrame, told: pl.DataFrame) -> Iterator[list[dict[str, Any]]]:
    """Give the changed numbers of each window's version."""
    version = (*WINDOW, "version")
    by_version: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    shown = told.with_columns(unit=unit_of(pl.col("kpi")))
    columns = ("kpi", "unit", "before", "after", "note_before", "note_after")
    keys, items = shown.select(version).rows(), shown.select(columns).to_dicts()
    for key, item in zip(keys, items, strict=True):
        by_version.setdefault(key, []).append(item)
    for key in windows.select(version).iter_rows():
        yield by_version.get(key, [])
