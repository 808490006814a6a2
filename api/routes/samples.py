"""Samples of one signal, in pages: raw, or summed up in buckets; and the newest one of many signals.

A page of raw samples reads the store in slices of growing width until it is full, so that its cost follows its rows and
not the window asked for: a year of a quiet signal and an hour of a fast one are both a few short reads. A page of
buckets has the store sum up the part of the window that its buckets cover.
"""

import asyncio
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from operator import attrgetter
from typing import Annotated, Any, Final

import polars as pl
from fastapi import APIRouter, Depends, Query, Response

from adapters.sample import SAMPLES, VALUE_TYPES, ValueType, is_bad, is_good
from adapters.stores import buckets as bucketing
from adapters.stores.contract import Store
from api.answers import GivenShape, Shape
from api.errors import wrong
from api.lookup import signal_at, trees_asked, under
from api.paging import Paging, instant, paging
from api.parts import GivenParts, Parts
from api.views.samples import BucketsView, BucketView, LatestView, SampleView
from api.views.shape import TOKEN, Paged, listed
from api.window import End, Start, check_window
from collector.park import Equipment, Signal

router = APIRouter(tags=["samples"])

WINDOW_AT_MOST: Final = timedelta(days=31)
"""The longest window of raw samples."""

SUMMED_AT_MOST: Final = timedelta(days=366)
"""The longest window of buckets."""

BUCKETS_AT_MOST: Final = 10_000
"""The most buckets of a window."""

_AHEAD: Final = timedelta(hours=1)
"""How far ahead of this machine's clock the newest samples may be."""

_FIRST_SLICE: Final = timedelta(minutes=10)
_WIDEST_SLICE: Final = timedelta(days=1)

_MICROSECOND: Final = timedelta(microseconds=1)

_WIDTH: Final = "^[1-9][0-9]{0,8}(ms|s|m|h|d)$"
_BACK: Final = "^([1-9][0-9]{0,2}m|[1-9][0-9]?h|([1-9]|[12][0-9]|3[01])d)$"
_UNITS: Final = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}

_HELD: Final[Mapping[ValueType, Sequence[ValueType]]] = {"float": ("int",), "text": ("int", "float", "bool")}
"""Types whose values a type holds as they are, by that type."""

_EXAMPLE: Final[dict[str, Any]] = {
    "items": [
        {
            "time": "2026-11-24T08:12:04.900Z",
            "value": 3150.5,
            "quality": "good",
            "status": 0,
            "received": "2026-11-24T08:12:04.950123Z",
        }
    ],
    "next_page_token": TOKEN,
}

_NEWEST: Final[dict[str, Any]] = {
    "items": [{"signal": "gears/hobbing/hob-01/spindle_speed", **_EXAMPLE["items"][0]}],
    "next_page_token": TOKEN,
}


@router.get(
    "/samples",
    summary="Read samples, raw or summed up in buckets",
    response_model=Paged[SampleView] | BucketsView,
    responses=listed(_EXAMPLE),
)
async def list_samples(
    parts: GivenParts,
    shape: GivenShape,
    page: Annotated[Paging, Depends(paging(default=1000, most=10_000))],
    signal: Annotated[str, Query(description="Path of the signal, `factory/line/equipment/signal`.")],
    start: Start,
    end: End,
    points: Annotated[
        int | None,
        Query(ge=10, le=BUCKETS_AT_MOST, description="Sum the window up in so many buckets of one width, at most."),
    ] = None,
    every: Annotated[
        str | None,
        Query(pattern=_WIDTH, description="Sum the window up in buckets of this width from `start` on: `60s`, `15m`."),
    ] = None,
) -> Response:
    """Give the samples of one signal with start <= time < end, by time; 31 days at most in one request.

    Values are in the signal's unit, which the asset tree tells.

    With `points` or `every` the window is summed up in buckets, 366 days and 10,000 buckets at most: the least, the
    greatest, the mean and the newest value of each, so that peaks survive. Samples that are good or uncertain count;
    bad ones are counted apart.
    """
    if points is not None and every is not None:
        raise wrong(parameter="every", detail="give `points` or `every`, not both")
    summed = points is not None or every is not None
    check_window(start, end, most=SUMMED_AT_MOST if summed else WINDOW_AT_MOST)
    wanted = signal_at(parts.park, signal)
    if summed:
        return await _summed(parts, shape, page, wanted, start, end, _width(start, end, points, every))
    after = page.after(int)
    async with parts.reading() as store:
        found = await _first(store, wanted.path, start, end, after[0] if after else None, page.limit + 1)
    shown = found.head(page.limit)
    token = (
        page.token(shown.tail(1).select(pl.col("time").dt.timestamp("ns")).row(0))
        if found.height > page.limit
        else None
    )
    return shape.page(SampleView, _shown(shown, wanted.type), token)


@router.get(
    "/samples/latest",
    summary="Read the newest sample of every signal",
    response_model=Paged[LatestView],
    responses=listed(_NEWEST),
)
async def list_latest_samples(
    parts: GivenParts,
    shape: GivenShape,
    page: Annotated[Paging, Depends(paging(default=1000, most=1000))],
    path: Annotated[
        list[str] | None,
        Query(max_length=100, description="Park, factory, line or equipment, each with all below it; may be repeated."),
    ] = None,
    within: Annotated[
        str, Query(pattern=_BACK, description="How long ago they may be: `10m`, `1d`; 999m, 99h or 31d at most.")
    ] = "1d",
) -> Response:
    """Give the newest sample of each signal that has one within so long before now, by equipment and name.

    Many signals are told only when they change, and not even within a day: a wide window finds those, and takes longer.
    Samples that machines have dated up to an hour ahead count. A page has so many signals looked at: it may have fewer
    rows than `limit`, and still a token.
    """
    machines = sorted(_machines(parts, trees_asked(parts, path)), key=attrgetter("path"))
    signals = list(islice(_following(machines, page.after(str, str)), page.limit + 1))
    shown, now = signals[: page.limit], parts.now()
    async with parts.reading() as store:
        found = await store.last([one.path for one in shown], now + _AHEAD, since=now - _span(within))
    token = page.token(shown[-1].path.rsplit("/", 1)) if len(signals) > len(shown) else None
    return shape.page(LatestView, await asyncio.to_thread(_newest, found, shown), token)


def _machines(parts: Parts, trees: Collection[str] | None) -> Iterator[Equipment]:
    """Give the equipment of these factories, lines and machines."""
    asked = None if trees is None else frozenset(trees)
    return (one for one in parts.park.equipment.values() if under(one.path, asked))


def _following(machines: Iterable[Equipment], after: tuple[str, str] | None) -> Iterator[Signal]:
    """Give the signals that follow a path and a name."""
    for machine in machines:
        if after is None or machine.path >= after[0]:
            for signal in sorted(machine.signals, key=attrgetter("name")):
                if after is None or (machine.path, signal.name) > after:
                    yield signal


def _newest(found: pl.DataFrame, signals: Sequence[Signal]) -> pl.DataFrame:
    """Give the fields of `LatestView`, in the order of the signals; values of all types side by side."""
    types = {one.path: one.type for one in signals}
    values: dict[str, Any] = {}
    shown = []
    for kind in VALUE_TYPES:
        of_type = found.filter(pl.col("signal").is_in([path for path, declared in types.items() if declared == kind]))
        one = _shown(of_type, kind)
        values |= zip(of_type["signal"], one["value"], strict=True)
        shown.append(one.drop("value").insert_column(0, of_type["signal"]))
    order = pl.DataFrame({"signal": [path for path in types if path in values]}, schema={"signal": pl.String})
    rows = order.join(pl.concat(shown), on="signal", how="left", maintain_order="left")
    return rows.insert_column(2, pl.Series("value", [values[path] for path in order["signal"]], dtype=pl.Object))


def _width(start: datetime, end: datetime, points: int | None, every: str | None) -> timedelta:
    """Give the width of a bucket; answers 422 where there would be too many."""
    if points is not None:
        return max(-((start - end) // points), _MICROSECOND)  # rounded up, so that there are no more
    width = _span(every or "")
    if (end - start) / width > BUCKETS_AT_MOST:
        least = (end - start).total_seconds() / BUCKETS_AT_MOST
        detail = f"the window would have more than {BUCKETS_AT_MOST:,} buckets; write {least:.3f} s or more"
        raise wrong(parameter="every", detail=detail)
    return width


def _span(text: str) -> timedelta:
    """Read a span that the pattern of its parameter has let through."""
    number, unit = re.findall(r"\d+|[a-z]+", text)
    return int(number) * _UNITS[unit]


async def _summed(
    parts: Parts, shape: Shape, page: Paging, signal: Signal, start: datetime, end: datetime, width: timedelta
) -> Response:
    """Answer a page of buckets; its token holds the number of the last one."""
    after = page.after(int)
    first = 0 if after is None else after[0] + 1
    count = -((start - end) // width)
    if not 0 <= first <= count:
        raise wrong(parameter="page_token", detail="it is none of this window; send the one of the page before")
    until = min(first + page.limit, count)
    async with parts.reading() as store:
        found = await store.buckets(
            signal.path, signal.type, start + first * width, min(start + until * width, end), width
        )
    token = page.token([until - 1]) if until < count else None
    return shape.page(BucketView, _told(found, signal.type), token, width_s=width.total_seconds())


def _told(found: pl.DataFrame, declared: ValueType) -> pl.DataFrame:
    """Give the fields of `BucketView`."""
    extremes = declared in bucketing.NUMBERS
    value = found.schema["last"] if extremes else pl.Float64()
    all_of_them = pl.col("count") + pl.col("bad")
    return found.select(
        "start",
        "count",
        "bad",
        good_share=pl.when(all_of_them > 0).then(pl.col("good") / all_of_them),
        **{name: pl.col(name) if extremes else pl.lit(None, value) for name in ("min", "max")},
        mean=pl.col("mean") if extremes else pl.lit(None, value),
        last="last",
        true_share=pl.when(pl.col("count") > 0).then(pl.col("trues") / pl.col("count"))
        if declared == "bool"
        else pl.lit(None, pl.Float64),
    )


async def _first(
    store: Store, signal: str, start: datetime, end: datetime, after: int | None, count: int
) -> pl.DataFrame:
    """Give the first `count` samples of the window that follow `after` (ns since 1970), or as many as there are."""
    begin = start
    if after is not None:
        begin = max(start, instant(after // 1000))
    width = _FIRST_SLICE
    found: list[pl.DataFrame] = []
    missing = count
    while begin < end and missing > 0:
        until = min(end, begin + width)
        samples = (await store.samples([signal], begin, until)).sort("time")
        if after is not None:
            samples = samples.filter(pl.col("time").dt.timestamp("ns") > after)
        part = await asyncio.to_thread(samples.head(missing).collect)
        found.append(part)
        missing -= part.height
        begin, width = until, min(2 * width, _WIDEST_SLICE)
    return pl.concat(found) if found else pl.DataFrame()


def _shown(samples: pl.DataFrame, declared: ValueType) -> pl.DataFrame:
    """Give the fields of `SampleView`.

    A value stands in the column of its type. That is the declared one, but for what was stored before the declaration
    was changed: it is told where the type of today holds it as it is.
    """
    held = _HELD.get(declared, ())
    status = pl.col("status")
    quality = pl.when(is_good(status)).then(pl.lit("good")).when(is_bad(status)).then(pl.lit("bad"))
    return samples.select(
        "time",
        pl.coalesce(declared, *(pl.col(kind).cast(SAMPLES[declared]) for kind in held)).alias("value"),
        quality.otherwise(pl.lit("uncertain")).alias("quality"),
        pl.col("status"),
        "received",
    )
