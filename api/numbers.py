"""Numbers about windows, read page by page: what is stored of hours, shifts and days, and what weeks and months sum to.

Rows come in the order of the store (path, period, start), in slices (`api.slices`), until the page is full. A page may
end before it is full: after `READS` slices, where the store has hardly anything of what was asked for.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

import polars as pl

from adapters.stores.contract import RESULTS, Store
from analytics.kpis.utilisation import UTILISATION
from analytics.ledger import read_superseded
from analytics.reports.weeks import LONGEST, Longer, days_needed, weeks
from analytics.restatement import WINDOW, as_of
from api.paging import Paging, behind, instant, microseconds
from api.parts import Parts
from api.slices import EVERY, Pace, Slice, beginning, next_slice

READS: Final = 64
"""Slices that one answer is read in, at most."""

ORDER: Final = (pl.col("path"), pl.col("period"), pl.col("start").dt.timestamp("us"))
"""The order of windows."""

_DAY: Final = timedelta(days=1)
_MICROSECOND: Final = timedelta(microseconds=1)
_FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LOOKING_BACK: Final = (4 * _DAY, 40 * _DAY, 400 * _DAY)
"""How far back the newest day with data is looked for at first, then, and then; at last everywhere."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What numbers are asked for."""

    paths: Sequence[str]
    """Of what; none: nothing."""

    periods: Sequence[str]
    """Kinds of windows: some of hour, shift and day; or week or month alone."""

    start: datetime | None
    """Windows that begin at or after it, UTC; None, as `end` is then: of each path and period the newest window."""

    end: datetime | None
    """Windows that begin before it, UTC."""

    kpis: Collection[str] | None = None
    """Which numbers; None: all."""

    known_at: datetime | None = None
    """As they were known at this instant, UTC; None: as they are."""


@dataclass(frozen=True, slots=True)
class Page:
    """What a page is made of."""

    paging: Paging
    """What the request says of pages."""

    order: Sequence[pl.Expr]
    """The order of its rows: `ORDER`, and more that tells the rows of a window apart, by texts."""

    rows: Callable[[pl.DataFrame], pl.DataFrame]
    """Makes its rows of the stored ones of whole windows."""

    per_window: int
    """Stored rows of a window that are read for each row of it that is shown, about."""


class Numbers:
    """Reads the numbers of one park for one request."""

    def __init__(self, store: Store, parts: Parts) -> None:
        self._store = store
        self._parts = parts

    async def page(self, asked: Asked, page: Page) -> tuple[pl.DataFrame, str | None]:
        """Give the rows of a page, and the token of the next one; raises StoreError, RecordsError."""
        limit = page.paging.limit
        after = page.paging.after(str, str, int, *[str] * (len(page.order) - len(ORDER)))
        found, last = page.rows(RESULTS.to_frame()), None
        async for rows, ended in self._slices(asked, after, limit * page.per_window):
            made = await asyncio.to_thread(page.rows, rows)
            if after is not None:
                made = made.filter(behind(page.order, after))
            found = pl.concat([found, made.sort(page.order)])
            last = ended
            if found.height > limit:
                break
        shown = found.head(limit)
        if found.height > shown.height:
            return shown, page.paging.token(shown.tail(1).select(page.order).row(0))
        if last is None:
            return shown, None
        return shown, page.paging.token((*last, *[""] * (len(page.order) - len(ORDER))))

    async def of(self, asked: Asked) -> pl.DataFrame:
        """Give all that is asked for within a window: columns of `RESULTS`, by path, period, start and KPI."""
        if asked.start is None or asked.end is None or not asked.paths:
            return RESULTS.to_frame()
        cut = Slice(tuple(asked.paths), tuple(asked.periods), asked.start, asked.end)
        return await self._read(cut, asked.kpis, asked.known_at)

    async def _slices(
        self, asked: Asked, after: tuple[Any, ...] | None, wanted: int
    ) -> AsyncIterator[tuple[pl.DataFrame, tuple[str, str, int] | None]]:
        """Give slice by slice, each with where it ends; None: it is the last one."""
        within = await self._within(asked)
        if within is None:
            return
        since = None if after is None else (after[0], after[1], instant(after[2]))
        if asked.start is None and since is not None:
            since = (since[0], "", within.start)
        place = beginning(within, since)
        pace = Pace(wanted, EVERY if asked.kpis is None else len(asked.kpis))
        for number in range(READS):
            if place is None:
                return
            if asked.start is None:  # one window of each path and period, however many there are
                many = max(int(pace.room(within.periods) / len(within.periods)), 1)
                cut = replace(within, paths=within.paths[place.path : place.path + many])
                place = beginning(within, (cut.paths[-1], "~", within.end))
                rows = await self._newest_of(cut, asked.kpis)
            else:
                cut, place = next_slice(within, place, pace.room(within.periods))
                rows = await self._read(cut, asked.kpis, asked.known_at)
                pace.note(cut, rows.height)
            broke_off = place is not None and number + 1 == READS
            yield rows, (cut.paths[-1], cut.periods[-1], microseconds(cut.end)) if broke_off else None

    async def _within(self, asked: Asked) -> Slice | None:
        """Give all that is asked for as one slice; None where there is nothing."""
        if not asked.paths:
            return None
        paths, periods = tuple(sorted(set(asked.paths))), tuple(sorted(asked.periods))
        if asked.start is not None and asked.end is not None:
            return Slice(paths, periods, asked.start, asked.end)
        day = await self._newest_day()
        if day is None:
            return None
        longer = _longer(periods)
        back = _DAY if longer is None else _DAY + 2 * LONGEST[longer]
        return Slice(paths, periods, max(day[0] - back, _FIRST), day[1] + _DAY)

    async def _read(self, cut: Slice, kpis: Collection[str] | None, known_at: datetime | None) -> pl.DataFrame:
        longer = _longer(cut.periods)
        if longer is None:
            return await self._stored(cut, kpis, known_at)
        paths, columns = days_needed(self._parts.park, cut.paths, kpis)
        span = Slice(tuple(paths), ("day",), cut.start, cut.end + LONGEST[longer])
        days = await self._stored(span, columns, known_at)
        found = await asyncio.to_thread(weeks, days, self._parts.park, longer)  # tenths of a second for a large park
        within = pl.col("start").is_between(cut.start, cut.end, closed="left") & pl.col("path").is_in(cut.paths)
        return found.filter(within if kpis is None else within & pl.col("kpi").is_in(list(kpis)))

    async def _stored(self, cut: Slice, kpis: Collection[str] | None, known_at: datetime | None) -> pl.DataFrame:
        """Give stored results as they are, or as they were known at an instant."""
        asked: dict[str, Any] = {"start": cut.start, "end": cut.end, "paths": cut.paths, "periods": cut.periods}
        found = await self._store.results(**asked, kpis=kpis)
        if known_at is None:
            return found
        before = await self._parts.records().run(partial(read_superseded, known_at=known_at, **asked))
        return as_of(found, before, known_at)

    async def _newest_of(self, cut: Slice, kpis: Collection[str] | None) -> pl.DataFrame:
        """Give of each path and period the newest window in which anything is known, or else the newest of all."""
        known = await self._read(cut, [UTILISATION.slug], None)
        newest = pl.col("start").filter(pl.col("coverage") > 0).max().fill_null(pl.col("start").max())
        windows = known.filter(pl.col("start") == newest.over("path", "period")).select(WINDOW)
        first, last = windows["start"].min(), windows["start"].max()
        if not isinstance(first, datetime) or not isinstance(last, datetime):
            return known
        found = await self._read(replace(cut, start=first, end=last + _MICROSECOND), kpis, None)
        return found.join(windows, on=WINDOW, how="semi")

    async def _newest_day(self) -> tuple[datetime, datetime] | None:
        """Give the newest day of the park's factories in which anything is known, or else the newest of all."""
        factories = [factory.path for factory in self._parts.park.factories]
        if not factories:
            return None
        until = self._parts.now() + 2 * _DAY
        days = RESULTS.to_frame()
        for start in (*(until - back for back in _LOOKING_BACK), _FIRST):
            days = await self._store.results(
                start=start, end=until, paths=factories, periods=["day"], kpis=[UTILISATION.slug]
            )
            known = days.filter(pl.col("coverage") > 0).sort("start").tail(1)
            if known.height:
                return known["start"].item(), known["end"].item()
        newest = days.sort("start").tail(1)
        return (newest["start"].item(), newest["end"].item()) if newest.height else None


def _longer(periods: Sequence[str]) -> Longer | None:
    """Give the period among these that is a sum of days, if it is one."""
    return next((longer for longer in LONGEST if longer in periods), None)
