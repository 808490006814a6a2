"""Lapses: the gaps of the ledger as detectors see them, by signal, so that a step over one is no jump.

The ledger is about sources. A gap that is filled is none; but of samples that came before it was, and were looked at
then, it stays one.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

import polars as pl

from analytics.faults.contract import GAPS, nanoseconds
from collector.gaps import FILLED, Gap
from collector.park import Signal

LINGER: Final = nanoseconds(timedelta(minutes=10))
"""How long a gap is still told after samples behind it were looked at: detectors of several signals wait for all."""

MOST: Final = 10_000
"""Gaps that are remembered at most; the oldest go first."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class Lapses:
    """The gaps that may lie behind the newest samples of some signals."""

    def __init__(self, signals: Iterable[Signal]) -> None:
        """Begin without gaps."""
        self._sources = pl.DataFrame(
            [(signal.path, signal.source) for signal in signals],
            schema={"signal": pl.String, "source": pl.String},
            orient="row",
        )
        self._gaps: dict[int, Gap] = {}
        self._rows = pl.DataFrame(schema=GAPS)
        self._newest: dict[str, int] = {}
        self.change = 0
        """Number of the last change of the ledger that is known."""

    def take(self, news: Iterable[Gap]) -> None:
        """Take in gaps as they stand now."""
        some = list(news)
        for gap in some:
            self.change = max(self.change, gap.changed)
            self._gaps.pop(gap.id, None)
            if gap.state != FILLED:
                self._gaps[gap.id] = gap
        if some:
            while len(self._gaps) > MOST:
                del self._gaps[next(iter(self._gaps))]
            self._rows = self._by_signal(self._gaps.values())

    def behind(self, samples: pl.DataFrame, until: Iterable[str] = ()) -> pl.DataFrame:
        """Give what may lie behind the newest sample looked at; columns of `GAPS`.

        It is of the signals in `samples`, and of those in `until`, of which is known that nothing came: a signal that
        was silent over a gap was not silent for as long.
        """
        signals = pl.concat([samples.select("signal"), pl.DataFrame({"signal": list(until)}, {"signal": pl.String})])
        if self._rows.is_empty() or signals.is_empty():
            return self._rows.clear()
        rows = self._rows.join(signals.unique(), on="signal", how="semi", maintain_order="left")
        looked = pl.col("signal").replace_strict(self._newest, default=None, return_dtype=pl.Int64) - LINGER
        return rows.filter(pl.col("end").is_null() | looked.is_null() | (pl.col("end") > looked))

    def looked_at(self, samples: pl.DataFrame) -> None:
        """Note which samples were looked at."""
        if samples.is_empty():
            return
        newest: Mapping[str, int] = dict(
            samples.group_by("signal").agg(pl.col("time").max().dt.epoch("ns")).iter_rows()
        )
        self._newest |= {signal: max(ns, self._newest.get(signal, ns)) for signal, ns in newest.items()}

    def _by_signal(self, gaps: Iterable[Gap]) -> pl.DataFrame:
        whole: list[tuple[str, int, int | None]] = []
        some: list[tuple[str, int, int | None]] = []
        for gap in gaps:
            start, end = _ns(gap.start), None if gap.end is None else _ns(gap.end)
            if gap.signals:
                some += [(signal, start, end) for signal in gap.signals]
            else:
                whole.append((gap.source, start, end))
        of_sources = pl.DataFrame(whole, schema={"source": pl.String, "start": pl.Int64, "end": pl.Int64}, orient="row")
        every = self._sources.join(of_sources, on="source", how="inner").select(GAPS.names())
        named = pl.DataFrame(some, schema=GAPS, orient="row").join(self._sources, on="signal", how="semi")
        return pl.concat([every, named]).sort("signal", "start")


def _ns(instant: datetime) -> int:
    return (instant - _EPOCH) // _MICROSECOND * 1000
