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

_WHOLE: Final = pl.Schema(
    {
        "row": pl.Int64(),
        "source": pl.String(),
        "start": pl.Int64(),
        "end": pl.Int64(),
        "until": pl.Int64(),
        "past": pl.Int64(),
    }
)
"""Gaps of whole sources, by source and start: number of the row; the source; start and end as in `GAPS`; up to when
this gap or one before it lasts; number of the row after the source's last one."""

_LASTS: Final = 2**63 - 1
"""End of a gap that lasts, ns since 1970."""

_NEVER: Final = -(2**63)
"""When the newest sample of a signal was that nobody knows of, ns since 1970."""

_BEHIND: Final = pl.col("end").fill_null(_LASTS) > pl.col("looked")
"""Whether a gap may lie behind a signal of which was `looked` at samples up to then."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class Lapses:
    """The gaps that may lie behind the newest samples of some signals."""

    def __init__(self, signals: Iterable[Signal]) -> None:
        """Begin without gaps."""
        self._of: dict[str, list[str]] = {}
        for signal in signals:
            self._of.setdefault(signal.source, []).append(signal.path)
        self._sources = pl.DataFrame(
            [(path, source) for source, paths in self._of.items() for path in paths],
            schema={"signal": pl.String, "source": pl.String},
            orient="row",
        )
        self._gaps: dict[int, Gap] = {}
        self._whole = pl.DataFrame(schema=_WHOLE)
        self._some = pl.DataFrame(schema=GAPS)
        self._newest: dict[str, int] = {}
        self.change = 0
        """Number of the last change of the ledger that is known."""

    def __len__(self) -> int:
        """Tell how many gaps are remembered."""
        return len(self._gaps)

    def take(self, news: Iterable[Gap]) -> None:
        """Take in gaps as they stand now, and forget those that are behind no signal any more."""
        some = list(news)
        for gap in some:
            self.change = max(self.change, gap.changed)
            self._gaps.pop(gap.id, None)
            if gap.state != FILLED:
                self._gaps[gap.id] = gap
        if some:
            self._forget()
            self._arrange()

    def behind(self, samples: pl.DataFrame, until: Iterable[str] = ()) -> pl.DataFrame:
        """Give what may lie behind the newest sample looked at; columns of `GAPS`.

        It is of the signals in `samples`, and of those in `until`, of which is known that nothing came: a signal that
        was silent over a gap was not silent for as long.
        """
        signals = pl.concat([samples.select("signal"), pl.DataFrame({"signal": list(until)}, {"signal": pl.String})])
        if (self._whole.is_empty() and self._some.is_empty()) or signals.is_empty():
            return self._some.clear()
        looked = pl.col("signal").replace_strict(self._newest, default=None, return_dtype=pl.Int64) - LINGER
        asked = self._sources.join(signals.unique(), on="signal", how="semi").with_columns(
            looked=looked.fill_null(_NEVER)
        )
        whole = self._of_sources(asked)
        named = self._some.join(asked, on="signal", how="inner").filter(_BEHIND).select(GAPS.names())
        return whole if named.is_empty() else pl.concat([whole, named]).sort("signal", "start")

    def looked_at(self, samples: pl.DataFrame) -> None:
        """Note which samples were looked at."""
        if samples.is_empty():
            return
        newest: Mapping[str, int] = dict(
            samples.group_by("signal").agg(pl.col("time").max().dt.epoch("ns")).iter_rows()
        )
        self._newest |= {signal: max(ns, self._newest.get(signal, ns)) for signal, ns in newest.items()}

    def _of_sources(self, asked: pl.DataFrame) -> pl.DataFrame:
        """Give the gaps of whole sources behind signals, by signal and start: from the first that is behind each on."""
        first = (
            asked.sort("looked")
            .join_asof(
                self._whole.sort("until", maintain_order=True),
                left_on="looked",
                right_on="until",
                by="source",
                strategy="forward",
                allow_exact_matches=False,
                check_sortedness=False,
            )
            .filter(pl.col("row").is_not_null())
            .sort("signal")
        )
        rows = first.select("signal", "looked", row=pl.int_ranges("row", "past")).explode("row")
        found = rows.hstack(self._whole.select("start", "end")[rows["row"]])
        return found.filter(_BEHIND).select(GAPS.names())

    def _forget(self) -> None:
        """Forget the gaps that no signal can have behind it, and the oldest where there are more than `MOST`."""
        least = {source: self._least(paths) for source, paths in self._of.items()}
        for gap in list(self._gaps.values()):
            looked = self._least(gap.signals) if gap.signals else least.get(gap.source, _LASTS)
            if (_LASTS if gap.end is None else _ns(gap.end)) <= looked:
                del self._gaps[gap.id]
        while len(self._gaps) > MOST:
            del self._gaps[next(iter(self._gaps))]

    def _least(self, paths: Iterable[str]) -> int:
        """Give before when gaps are behind none of these signals."""
        return min((self._newest.get(path, _NEVER + LINGER) for path in paths), default=_LASTS) - LINGER

    def _arrange(self) -> None:
        whole: list[tuple[str, int, int | None]] = []
        some: list[tuple[str, int, int | None]] = []
        for gap in self._gaps.values():
            start, end = _ns(gap.start), None if gap.end is None else _ns(gap.end)
            if gap.signals:
                some += [(signal, start, end) for signal in gap.signals]
            else:
                whole.append((gap.source, start, end))
        self._whole = (
            pl.DataFrame(whole, schema={"source": pl.String, "start": pl.Int64, "end": pl.Int64}, orient="row")
            .sort("source", "start")
            .with_columns(
                row=pl.int_range(pl.len(), dtype=pl.Int64),
                until=pl.col("end").fill_null(_LASTS).cum_max().over("source"),
            )
            .with_columns(past=pl.col("row").max().over("source") + 1)
            .select(_WHOLE.names())
        )
        self._some = pl.DataFrame(some, schema=GAPS, orient="row").join(self._sources, on="signal", how="semi")


def _ns(instant: datetime) -> int:
    return (instant - _EPOCH) // _MICROSECOND * 1000
