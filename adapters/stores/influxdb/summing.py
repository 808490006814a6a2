"""Samples of one signal, summed up by the server.

One question is enough where every status is Good, which the greatest status of each bucket tells. Between the first and
the last bucket of others it is asked again, of what is not Bad, of what is Good, and of what is Bad: a condition on the
status takes the server half as long again.

InfluxDB 1.x and 2.x go through the samples once per function and sum integers up in 64 bits; where that may have
overflowed, means are asked for once more, of doubles.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

import polars as pl

from adapters.sample import Status, ValueType
from adapters.stores import buckets as bucketing
from adapters.stores.contract import StoreRefusedError
from adapters.stores.influxdb import decode, influxql
from adapters.stores.influxdb.abreast import abreast
from adapters.stores.influxdb.server import InfluxServer

ANSWERS: Final = 2
"""Answers under way at once: a server works on each with one processor."""

AT_ONCE: Final = 2_000
"""Buckets in one answer at most."""

_GREATEST: Final = 2**63 - 1
"""The greatest integer of 64 bits."""

_ASKED: Final = pl.Schema({"time": pl.Int64(), "count": pl.Int64(), "worst": pl.Int64()})
"""What is asked of values of every type: `worst` is the greatest status."""


async def buckets(server: InfluxServer, signal: str, kind: ValueType, edges: tuple[int, int, int]) -> pl.DataFrame:
    """Give the buckets of one signal, columns of `adapters.stores.buckets.columns`.

    Args:
        server: where its samples are.
        signal: its path.
        kind: which values.
        edges: start, end and width, nanoseconds since 1970.

    Raises:
        StoreUnavailableError: it does not answer, or cannot now.
        StoreRefusedError: it forbids, or cuts its answers.
    """
    start, end, width = edges
    every = bucketing.joined([], kind, start, end, width)
    for where in influxql.of_signals([signal]):
        asking = _Asking(server, kind, where, width)
        work = [partial(asking.piece, *piece) for piece in _cut(start, end, width)]
        there = pl.concat([every.clear(), *await abreast(work, ANSWERS)])
        every = pl.concat([there, every.join(there, on="start", how="anti")]).sort("start")
    return every


@dataclass(frozen=True, slots=True)
class _Asking:
    """What is asked of one signal."""

    server: InfluxServer
    kind: ValueType
    where: str
    """Condition for the signal."""
    width: int
    """Nanoseconds of a bucket."""

    async def piece(self, start: int, end: int) -> pl.DataFrame:
        """Give some of the buckets; none where the signal has no samples."""
        rows = (await self._sums(self.where, start, end)).with_columns(good=pl.col("count"), bad=pl.lit(0, pl.Int64))
        times = rows.filter(pl.col("worst") >= Status.UNCERTAIN)["time"]
        first, last = times.min(), times.max()
        if isinstance(first, int) and isinstance(last, int):
            odd = pl.col("time").is_between(first, last)
            told = await self._told_apart(rows.filter(odd).select("time"), first, min(last + self.width, end))
            rows = pl.concat([rows.filter(odd.not_()), told.select(rows.columns)])
        columns = bucketing.columns(self.kind)
        return rows.select(pl.col("time").cast(columns["start"]).alias("start"), *columns.names()[1:])

    async def _told_apart(self, times: pl.DataFrame, start: int, end: int) -> pl.DataFrame:
        """Give the buckets of these times, whose samples are not all Good."""
        usable = await self._sums(influxql.condition(self.where, "status", "<", Status.BAD), start, end)
        good = await self._count(influxql.condition(self.where, "status", "<", Status.UNCERTAIN), self.kind, start, end)
        bad = await self._count(influxql.condition(self.where, "status", ">=", Status.BAD), "status", start, end)
        rows = times.join(usable, on="time", how="left")
        for name, counted in (("good", good), ("bad", bad)):
            rows = rows.join(counted.rename({"count": name}), on="time", how="left")
        return rows.with_columns(pl.col("count", "good", "bad", *self._trues).fill_null(0))

    @property
    def _trues(self) -> tuple[str, ...]:
        return ("trues",) if self.kind == "bool" else ()

    async def _sums(self, where: str, start: int, end: int) -> pl.DataFrame:
        """Give `_ASKED` and what is told of values of this type, a row per bucket, or none where there are no samples.

        Every bucket is there, or the server cuts its answers.
        """
        functions: tuple[influxql.Function, ...] = (
            ("min", "max", "mean", "last") if self.kind in bucketing.NUMBERS else ("last",)
        )
        terms = [influxql.aggregate(function, self.kind, function) for function in functions]
        terms += [influxql.aggregate("count", self.kind, "count"), influxql.aggregate("max", "status", "worst")]
        columns = bucketing.columns(self.kind)
        asked = {**_ASKED, **{str(function): columns[function] for function in functions}}
        rows = await self._ask(influxql.select_buckets(terms, where, start, end, self.width), asked)
        if rows.height not in {0, -((start - end) // self.width)}:
            raise StoreRefusedError(
                self.server.name,
                f"gave {rows.height} of {-((start - end) // self.width)} buckets; set `max-row-limit = 0` in [http] of "
                "influxdb.conf, see its log",
            )
        rows = rows.with_columns(pl.col("count").fill_null(0))
        if self.kind == "bool":
            trues = await self._count(influxql.on(where), "bool", start, end)
            rows = rows.join(trues.rename({"count": "trues"}), on="time", how="left")
            return rows.with_columns(pl.col("trues").fill_null(0))
        if self.kind == "int" and _may_overflow(rows):
            means = influxql.select_means("int", where, start, end, self.width)
            exact = await self._ask(means, {"time": pl.Int64(), "mean": pl.Float64()})
            rows = rows.drop("mean").join(exact, on="time", how="left")
        return rows

    async def _count(self, where: str, field: str, start: int, end: int) -> pl.DataFrame:
        """Count rows that have a field: `time` and `count`."""
        term = influxql.aggregate("count", field, "count")
        asked = influxql.select_buckets([term], where, start, end, self.width)
        return await self._ask(asked, {"time": pl.Int64(), "count": pl.Int64()})

    async def _ask(self, statement: str, columns: Mapping[str, pl.DataType]) -> pl.DataFrame:
        return decode.table(await self.server.ask(statement), pl.Schema(columns))


def _cut(start: int, end: int, width: int) -> Iterator[tuple[int, int]]:
    """Cut a range into `ANSWERS` pieces or more of whole buckets."""
    count = max(-((start - end) // width), 0)
    most = min(AT_ONCE, max(-(-count // ANSWERS), 1))
    for number in range(0, count, most):
        yield start + number * width, min(start + (number + most) * width, end)


def _may_overflow(rows: pl.DataFrame) -> bool:
    """Tell whether the values of a bucket may have a sum beyond 64 bits."""
    largest = pl.max_horizontal(pl.col("min", "max").cast(pl.Float64).abs())
    return bool(rows.select((largest * pl.col("count") >= _GREATEST).any()).item())
