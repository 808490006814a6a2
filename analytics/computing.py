"""Computing: from the samples of some machines to the accounts of their windows. One task is one call, on any machine.

    store ─► samples ─► spans ─► losses ─► accounts, seconds by reason
                   └──► counter steps ─► parts ─┘

A task carries everything that is not in the store: which machines and windows, their planned work, the gaps of the
ledger and what people said of stops. So it can travel to a worker, which reads the store itself; the same task gives
the same accounts wherever it is carried out. What is pure is done in a thread, so that the loop goes on.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import polars as pl

from adapters.sample import is_bad
from adapters.stores.contract import Store, TellsChanges
from analytics.accounts import accounts, by_reason
from analytics.counters import COUNTERS, counter, steps
from analytics.frontier import machine
from analytics.losses import losses
from analytics.parts import judgeable, parts, products
from analytics.reasons import REACH, stop_reasons
from analytics.spans import lookback, spans
from analytics.touched import whole
from collector.park import Equipment, Signal, SignalRole, StopReason

BACK: Final = timedelta(days=31)
"""How far back the last reading of a counter is looked for that has had no value since."""


EDGE: Final = timedelta(hours=1)
"""How far beyond its windows a task looks at least: a failure that goes on behind a break began before it."""


@dataclass(frozen=True, slots=True)
class Task:
    """One block of work."""

    equipment: tuple[Equipment, ...]
    """The machines."""

    until: Mapping[str, datetime]
    """Up to which instant it can be told what each machine did, by path, UTC."""

    ranges: pl.DataFrame
    """The touched ranges that it computes: columns of `touched.TOUCHED`."""

    windows: pl.DataFrame
    """The windows to compute: `equipment` and columns of `calendar.WINDOWS`."""

    work: pl.DataFrame
    """The planned work of the machines: `equipment` and columns of `calendar.WORK`, from `margin` before the first
    window to `margin` after the last."""

    gaps: pl.DataFrame
    """The ledger's gaps that concern their states: columns of `spans.GAPS`."""

    persons: pl.DataFrame
    """What people said of stops: columns of `reasons.PERSONS`, later rows win."""

    reasons: Mapping[str, StopReason]
    """The park's reasons for stops, by code."""


@dataclass(frozen=True, slots=True)
class Computed:
    """What came of a task."""

    accounts: pl.DataFrame
    """Columns of `accounts.ACCOUNTS`."""

    by_reason: pl.DataFrame
    """Columns of `accounts.BY_REASON`."""

    products: pl.DataFrame
    """Products made whose ideal cycle is not known: path, period, start, product."""

    unmapped: pl.DataFrame
    """Raw values of states that mean nothing: equipment, raw, spans (how many)."""

    states: pl.DataFrame
    """What the machines did from where their touched ranges begin: columns of `spans.SPANS`."""


@dataclass(frozen=True, slots=True)
class Told:
    """Everything that is known of some machines within an interval: what numbers come from, and what explains them."""

    spans: pl.DataFrame
    """Columns of `spans.SPANS`, from `margin` before the interval to `margin` after it."""

    intervals: pl.DataFrame
    """Columns of `losses.INTERVALS`, from `margin` before the interval to `margin` after it."""

    steps: pl.DataFrame
    """Columns of `counters.STEPS`."""

    parts: pl.DataFrame
    """Columns of `parts.PARTS`."""

    products: pl.DataFrame
    """Columns of `parts.PRODUCTS`, as `parts.judgeable` gives them."""

    stops: pl.DataFrame
    """Columns of `reasons.STOP_REASONS`."""

    def within(self, start: datetime, end: datetime) -> pl.DataFrame:
        """Give the intervals within [start, end), UTC, cut at its edges."""
        edges = (pl.col("start").clip(lower_bound=start), pl.col("end").clip(upper_bound=end))
        return self.intervals.with_columns(edges).filter(pl.col("start") < pl.col("end"))


def margin(equipment: Equipment) -> timedelta:
    """Give how far beyond a window it must be known what a machine did for the window to be right, on both sides."""
    follows = REACH if any(_tells_reasons(signal) for signal in equipment.signals) else timedelta(0)
    return max(equipment.micro_stop, follows, EDGE)


async def compute(store: Store, task: Task) -> Computed:
    """Carry a task out; raises StoreError."""
    start, end = whole(task.windows)
    samples = await _read(store, task, start, end)

    def account() -> Computed:
        told = _told(task, samples)
        return Computed(
            accounts=accounts(told.intervals, told.parts, told.products, task.windows),
            by_reason=by_reason(told.intervals, task.windows),
            products=_unknown_products(told.products, task.windows),
            unmapped=_unmapped(told.spans),
            states=_touched(told.spans, task.ranges),
        )

    return await asyncio.to_thread(account)


async def tell(store: Store, task: Task, start: datetime, end: datetime) -> Told:
    """Give what is known of a task's machines within [start, end), UTC; raises StoreError."""
    samples = await _read(store, task, start, end)
    return await asyncio.to_thread(_told, task, samples)


@dataclass(frozen=True, slots=True)
class _Samples:
    """What was read for a task."""

    inside: pl.LazyFrame
    """Samples that tell something, by signal and time."""

    earlier: pl.DataFrame
    """The last sample of each signal before those."""

    first: datetime
    """From when on it is told what the machines did, UTC."""

    last: datetime
    """Until when, UTC."""


async def _read(store: Store, task: Task, start: datetime, end: datetime) -> _Samples:
    wide = max(margin(one) for one in task.equipment)
    reach = max(lookback(one) for one in task.equipment)
    first, last = start - wide, end + wide
    signals = [signal.path for one in task.equipment for signal in one.inputs]
    earlier = await _readable(store, task.equipment, await store.last(signals, first - reach), first - reach)
    inside = await _telling(store, signals, first - reach, last + reach, task.gaps)
    return _Samples(inside, earlier, first, last)


def _told(task: Task, samples: _Samples) -> Told:
    inside, earlier, first, last = samples.inside, samples.earlier, samples.first, samples.last
    machines = [one for path in task.equipment if (one := machine(path, task.until.get(path.path))) is not None]
    did = spans(inside, earlier, task.gaps, machines, first, last)
    made = products(inside, earlier, task.equipment)
    counted = steps(inside, earlier, task.equipment)
    sums = parts(counted, made, task.equipment)
    stops = stop_reasons(did, inside, earlier, task.persons, task.equipment)
    return Told(
        spans=did,
        intervals=losses(did, task.work, stops, task.equipment, task.reasons, first, last),
        steps=counted,
        parts=sums,
        products=judgeable(made, sums),
        stops=stops,
    )


async def _telling(
    store: Store, signals: Sequence[str], start: datetime, end: datetime, gaps: pl.DataFrame
) -> pl.LazyFrame:
    """Give the samples that tell something; in gaps of the ledger, where a report that repeats counts, all of them."""
    if not isinstance(store, TellsChanges):
        return (await store.samples(signals, start, end)).collect(engine="streaming").lazy()
    lasting = gaps.select(pl.col("start").clip(lower_bound=start), pl.col("end").fill_null(end).clip(upper_bound=end))
    within = lasting.filter(pl.col("start") < pl.col("end")).unique().sort("start")
    return await store.changes(signals, start, end, list(within.iter_rows()))


async def _readable(
    store: Store, equipment: Sequence[Equipment], earlier: pl.DataFrame, before: datetime
) -> pl.DataFrame:
    """Put the last reading with a value in place of a counter's Bad one: what was counted since then is counted.

    It is looked for as far back as `BACK`.
    """
    counters = {one.path for machine in equipment for role in COUNTERS if (one := counter(machine, role)) is not None}
    lost = earlier.filter(is_bad(pl.col("status")) & pl.col("signal").is_in(sorted(counters)))["signal"].to_list()
    until, step = before, timedelta(days=1)
    found = [earlier.filter(~pl.col("signal").is_in(lost))]
    while lost and before - until < BACK:
        readings = (await store.samples(lost, until - step, until)).filter(~is_bad(pl.col("status"))).collect()
        last = readings.sort("signal", "time").unique("signal", keep="last", maintain_order=True)
        found.append(last.select(earlier.columns))
        lost = sorted(set(lost) - set(last["signal"]))
        until, step = until - step, step * 2
    return pl.concat(found)


def _tells_reasons(signal: Signal) -> bool:
    return signal.role is SignalRole.REASON or (signal.role is SignalRole.CONDITION and bool(signal.reasons))


def _unknown_products(products: pl.DataFrame, windows: pl.DataFrame) -> pl.DataFrame:
    """Give the products without an ideal cycle that were made in each window."""
    held = products.sort("equipment", "time").with_columns(until=pl.col("time").shift(-1).over("equipment"))
    unknown = held.filter(pl.col("product").is_not_null() & pl.col("ideal").is_null())
    return (
        windows.select("equipment", "period", "start", "end")
        .join(unknown.select("equipment", "time", "until", "product"), on="equipment", how="inner")
        .filter((pl.col("time") < pl.col("end")) & (pl.col("until") > pl.col("start")).fill_null(value=True))
        .select("period", "start", "product", path="equipment")
        .unique(maintain_order=True)
    )


def _touched(spans: pl.DataFrame, ranges: pl.DataFrame) -> pl.DataFrame:
    """Give the spans that ranges may have changed, and all behind them."""
    since = ranges.group_by("equipment").agg(since=pl.col("start").min())
    later = spans.join(since, on="equipment", how="inner").filter(pl.col("end") > pl.col("since"))
    return later.select(spans.columns).sort("equipment", "start")


def _unmapped(spans: pl.DataFrame) -> pl.DataFrame:
    """Give the raw values that mean no state."""
    odd = spans.filter((pl.col("state") == "unknown") & pl.col("raw").is_not_null())
    return odd.group_by("equipment", "raw").agg(spans=pl.len()).sort("equipment", "raw")
