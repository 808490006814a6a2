"""Copies what one store holds into another: samples, then results.

    count ─► halve until a window fits ─► read ─► leave out what the other has ─► write ─► note how far

Windows go forward in time and are of about `ROWS` samples, so memory is bounded however much there is. How far it came
is noted in the records after each window; the same copy begun again goes on from there. What the other store has
already stays as it is: it may be newer. A window that was written and not noted is read again, and found there.

Samples that arrive meanwhile are the drain's: it feeds the other store once that is the installation's. So switch
first, then copy.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final
from uuid import uuid4

import polars as pl
import sqlalchemy as sa

from adapters.stores.contract import REFUSED, Position, Store
from collector.deadletters import Bounds, write_dead_letters
from collector.letter import LETTERS, refused_samples
from collector.records import METADATA, Instant, Records
from collector.revision import revising
from collector.windows import windows

ROWS: Final = 500_000
"""Samples that are read at once, about: some 100 MB with what is left out beside them."""

RESULTS_AT_ONCE: Final = timedelta(days=14)
"""How much of the results is copied at once."""

FIRST_RESULT: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""Results are looked for from here on where no start is asked for; they may be kept longer than their samples."""

COPIES: Final = sa.Table(
    "store_copies",
    METADATA,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("origin", sa.Text, nullable=False),
    sa.Column("target", sa.Text, nullable=False),
    sa.Column("start", Instant, nullable=False),
    sa.Column("end", Instant, nullable=False),
    sa.Column("through", Instant, nullable=False),
    sa.Column("windows", sa.BigInteger, nullable=False),
    sa.Column("samples", sa.BigInteger, nullable=False),
    sa.Column("present", sa.BigInteger, nullable=False),
    sa.Column("refused", sa.BigInteger, nullable=False),
    sa.Column("results", sa.BigInteger, nullable=False),
    sa.Column("began", Instant, nullable=False),
    sa.Column("done", Instant),
)
"""One row per copy; columns as in `Copy`."""


@dataclass(frozen=True, slots=True)
class Copy:
    """One copy, and how far it is."""

    id: str
    """Made when it was begun."""

    origin: str
    """Name of the store that is read."""

    target: str
    """Name of the store that is written."""

    start: datetime
    """First instant to copy, UTC."""

    end: datetime
    """First instant not to copy, UTC."""

    through: datetime
    """Samples before this are copied, UTC."""

    windows: int
    """Windows written."""

    samples: int
    """Samples written."""

    present: int
    """Samples that the target had already."""

    refused: int
    """Samples that the target will never take: dead letters."""

    results: int
    """Results written."""

    began: datetime
    """When it was begun, UTC."""

    done: datetime | None
    """When all was copied, UTC; None before."""

    @property
    def share(self) -> float:
        """The part of its time that is copied, 0 to 1."""
        whole = self.end - self.start
        return (self.through - self.start) / whole if whole else 1.0


@dataclass(frozen=True, slots=True)
class Stretch:
    """What is to be copied: all that lies in [start, end)."""

    start: datetime | None
    """First instant, UTC; None: the first sample of the origin."""

    end: datetime | None
    """First instant not to copy, UTC; None: after the last sample of the origin, as of now."""


async def copy(
    origin: Store,
    target: Store,
    stretch: Stretch,
    records: Records,
    *,
    now: Callable[[], datetime],
    sources: Mapping[str, str],
    bounds: Bounds,
    tell: Callable[[Copy], object],
) -> Copy:
    """Copy, or go on with the unfinished copy of the same stores and stretch; give what became of it.

    Args:
        origin: open; only read.
        target: open; may be the store that a running collector feeds.
        stretch: what to copy.
        records: open; hold how far it came, and the dead letters.
        now: the clock, UTC.
        sources: signal path to its source's name, for dead letters.
        bounds: of the dead letters that are kept.
        tell: called after each window.

    Raises:
        StoreError: one of the stores does not do its part; begun again, the copy goes on.
        RecordsError: the records do not answer.
    """
    extent, began = await origin.extent(), now()
    state = await records.run(lambda connection: _begun(connection, origin.name, target.name, stretch, extent, began))
    signals = extent["signal"].to_list()
    # What a window has written is found in the target, so its positions need to mean something in this run only.
    log = f"copy-{uuid4().hex}"
    async for start, end in windows(origin, state.through, state.end, ROWS):
        samples = (await origin.samples(signals, start, end)).collect()
        wanted = await _missing(target, samples, start, end)
        refused = pl.DataFrame(schema=REFUSED)
        if wanted.height:
            refused = await target.write(wanted, Position(log, state.windows + 1))
        state = replace(
            state,
            through=end,
            windows=state.windows + 1,
            samples=state.samples + wanted.height - refused.height,
            present=state.present + samples.height - wanted.height,
            refused=state.refused + refused.height,
        )
        source = pl.col("signal").replace_strict(sources, default="", return_dtype=pl.String)
        letters = refused_samples(refused, wanted).with_columns(source.alias("source"))
        await records.run(partial(_note, state, letters, bounds))
        tell(state)
    state = replace(
        state, through=state.end, results=await _copy_results(origin, target, stretch, state.end, records, now)
    )
    state = replace(state, done=now())
    await records.run(partial(_note, state, pl.DataFrame(schema=LETTERS), bounds))
    await target.maintain()
    tell(state)
    return state


async def _missing(target: Store, samples: pl.DataFrame, start: datetime, end: datetime) -> pl.DataFrame:
    """Give those of `samples` that the target has no sample of, by signal and time."""
    present = await target.samples(samples["signal"].unique().to_list(), start, end)
    return samples.join(present.select("signal", "time").collect(), on=["signal", "time"], how="anti")


async def _copy_results(
    origin: Store, target: Store, stretch: Stretch, end: datetime, records: Records, now: Callable[[], datetime]
) -> int:
    """Copy the results of windows that begin in the stretch, and are not older than those of the target; count them."""
    copied = 0
    key = ["path", "period", "name", "start", "kpi"]
    begin = stretch.start or FIRST_RESULT
    while begin < end:
        until = min(begin + RESULTS_AT_ONCE, end)
        results = await origin.results(start=begin, end=until)
        if results.height:
            present = (await target.results(start=begin, end=until)).select(*key, there="computed")
            newer = results.join(present, on=key, how="left", nulls_equal=True).filter(
                pl.col("there").is_null() | (pl.col("there") < pl.col("computed"))
            )
            if newer.height:
                async with revising(records, now()):
                    await target.write_results(newer.select(results.columns))
            copied += newer.height
        begin = until
    return copied


def _begun(
    connection: sa.Connection, origin: str, target: str, stretch: Stretch, extent: pl.DataFrame, now: datetime
) -> Copy:
    """Give the unfinished copy of these stores and this stretch; begin one where there is none."""
    first, last = extent.select(
        pl.col("first").min().dt.cast_time_unit("us"), pl.col("last").max().dt.cast_time_unit("us")
    ).row(0)
    start = stretch.start or first or now
    end = stretch.end or (now if last is None else last + timedelta(microseconds=1))
    unfinished = sa.select(COPIES).where(
        COPIES.c.origin == origin, COPIES.c.target == target, COPIES.c.done.is_(None), COPIES.c.start == start
    )
    if stretch.end is not None:
        unfinished = unfinished.where(COPIES.c.end == end)
    row = connection.execute(unfinished.order_by(COPIES.c.began.desc())).mappings().first()
    if row is not None:
        return Copy(**row)
    state = Copy(uuid4().hex, origin, target, start, max(start, end), start, 0, 0, 0, 0, 0, now, None)
    connection.execute(sa.insert(COPIES).values(asdict(state)))
    return state


def _note(state: Copy, refused: pl.DataFrame, bounds: Bounds, connection: sa.Connection) -> None:
    write_dead_letters(connection, refused, bounds=bounds)
    connection.execute(sa.update(COPIES).where(COPIES.c.id == state.id).values(asdict(state)))
