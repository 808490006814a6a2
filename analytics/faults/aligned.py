"""Aligned rows: the signals of one machine at the same instants.

    samples by signal ─► rows at whole multiples of a period: the newest value of each signal until then

- There is a row where anything came since the row before; an instant at which nothing came is none.
- A row is made when every signal has come as far: a later sample of it came, or `Seen.until` says that none will. One
  that is `PATIENCE` periods behind the others is not waited for.
- A value is held until the next. After a Bad sample, or one outside the signal's valid range, it is missing until the
  next good one; that one is fresh, as is one with a gap of the ledger before it.

What is carried of a machine:

    done     instant of the newest row, ns since 1970; null: none yet
    heads    by signal: the newest sample looked at, ns since 1970, and its value; null where it says nothing, or came
             too late after something that may be missing: what follows is fresh
    held     by signal, in the newest row: its value; null where it is missing
    waiting  samples that came after the newest row, by signal: instants of their rows, values, and whether fresh
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from adapters.sample import Status, is_bad
from analytics.faults.columns import Flags, Floats, Ints
from analytics.faults.contract import Carried, Seen

PATIENCE = 600
"""So many periods a signal may be behind the others."""


@dataclass(frozen=True, slots=True, eq=False)
class Aligned:
    """The rows of one machine in one look; n rows, m signals."""

    ns: Ints
    """Their instants, ns since 1970; n."""

    values: Floats
    """Of each signal; NaN where it is missing; n by m."""

    fresh: Flags
    """Whether something may be missing before a value; n by m."""

    carried: dict[str, Any]
    """What is to be carried on."""

    late: int
    """How many samples came too late."""

    complete: int
    """Up to which instant no further rows will be made."""

    def of(self, first: int, end: int) -> "Aligned":
        """Give some of the rows."""
        some = slice(first, end)
        return Aligned(self.ns[some], self.values[some], self.fresh[some], self.carried, 0, self.complete)


def samples_of(samples: pl.DataFrame, signals: Sequence[str]) -> dict[str, tuple[Ints, Floats]]:
    """Give instants (ns since 1970) and values of signals, by time; NaN where a sample says nothing."""
    useless = is_bad(pl.col("status")) | (pl.col("status") == Status.UNCERTAIN_RANGE)
    number = pl.coalesce("float", pl.col("int").cast(pl.Float64))
    rows = (
        samples.lazy()
        .filter(pl.col("signal").is_in(list(signals)))
        .select(
            pl.col("signal").cast(pl.String),
            ns=pl.col("time").dt.cast_time_unit("ns").dt.epoch("ns"),
            value=pl.when(~useless & number.is_finite()).then(number).fill_null(float("nan")),
        )
        .collect()
        .sort("signal", "ns", maintain_order=True)
    )
    return {
        str(path): (some["ns"].to_numpy(), some["value"].to_numpy())
        for (path,), some in rows.partition_by("signal", as_dict=True, maintain_order=True).items()
    }


def align(
    signals: Sequence[str],
    period: int,
    carried: Carried | None,
    came: Mapping[str, tuple[Ints, Floats]],
    seen: Seen,
    others: Sequence[str] = (),
) -> Aligned:
    """Give the rows that are complete now.

    Args:
        signals: paths of the m signals.
        period: ns.
        carried: of the machine; None at first.
        came: what came, by signal, as `samples_of` gives it.
        seen: the look; of it `until` and `gaps`.
        others: paths of signals that are waited for, too, without being in the rows.
    """
    before = carried or {"done": None, "heads": {}, "held": {}, "waiting": {}}
    gaps = _gaps(seen.gaps, signals)
    heads, waiting, reach, late = dict(before["heads"]), {}, [], 0
    for path in signals:
        some = _Waiting.of(before["waiting"].get(path))
        new, head, missed = _fresh(came.get(path), heads.get(path), gaps.get(path, ()), period)
        if new is not None and before["done"] is not None:
            past = int(np.searchsorted(new.at, before["done"], "right"))
            if past == len(new.at) and new.fresh.any() and head is not None:
                head[1] = None
            new = new.without(past)
            missed += past
        waiting[path] = some.with_more(new)
        late += missed
        if head is not None:
            heads[path] = head
        reach.append(max(seen.until.get(path, _NEVER), head[0] - 1 if head is not None else _NEVER))
    for path in others:
        instants = came.get(path)
        if instants is not None and len(instants[0]):
            heads[path] = [max(int(instants[0][-1]), heads.get(path, [_NEVER])[0]), None]
        reach.append(max(seen.until.get(path, _NEVER), heads.get(path, [_NEVER])[0] - 1))
    furthest = max((head[0] for head in heads.values()), default=_NEVER)
    complete = max(min(reach), furthest - PATIENCE * period)
    return _rows(signals, before, heads, waiting, complete, late)


_NEVER = -(2**62)


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    """Samples of one signal that are in no row yet."""

    at: Ints
    """The instants of their rows."""

    values: Floats
    fresh: Flags

    @classmethod
    def of(cls, kept: Sequence[Sequence[Any]] | None) -> "_Waiting":
        at, values, fresh = kept or ([], [], [])
        return cls(
            np.array(at, dtype=np.int64),
            np.array([np.nan if value is None else value for value in values], dtype=np.float64),
            np.array(fresh, dtype=np.bool_),
        )

    def with_more(self, more: "_Waiting | None") -> "_Waiting":
        """Add what came; of several for one row the newest counts, and whether any of them is fresh."""
        if more is None or not len(more.at):
            return self
        at = np.concatenate([self.at, more.at])
        starts = np.flatnonzero(np.append(True, at[1:] != at[:-1]))
        lasts = np.append(starts[1:], len(at)) - 1
        fresh = np.logical_or.reduceat(np.concatenate([self.fresh, more.fresh]), starts)
        return _Waiting(at[starts], np.concatenate([self.values, more.values])[lasts], fresh)

    def without(self, first: int) -> "_Waiting":
        """Leave out the first ones; where one of them was fresh, the next that says something is."""
        fresh = self.fresh[first:].copy()
        says = np.flatnonzero(np.isfinite(self.values[first:]))
        if self.fresh[:first].any() and len(says):
            fresh[says[0]] = True
        return _Waiting(self.at[first:], self.values[first:], fresh)

    def after(self, place: int) -> list[list[Any]]:
        values = [None if value != value else value for value in self.values[place:].tolist()]  # noqa: PLR0124 - NaN
        return [self.at[place:].tolist(), values, self.fresh[place:].tolist()]


def _gaps(gaps: pl.DataFrame, signals: Sequence[str]) -> dict[str, list[tuple[int, int | None]]]:
    found: dict[str, list[tuple[int, int | None]]] = {}
    if gaps.is_empty():
        return found
    for path, start, end in gaps.filter(pl.col("signal").is_in(list(signals))).iter_rows():
        found.setdefault(path, []).append((start, end))
    return found


def _fresh(
    came: tuple[Ints, Floats] | None,
    head: Sequence[Any] | None,
    gaps: Sequence[tuple[int, int | None]],
    period: int,
) -> tuple[_Waiting | None, list[Any] | None, int]:
    """Give what came and is not late, the newest of it, and how many came too late."""
    if came is None or not len(came[0]):
        return None, None if head is None else list(head), 0
    ns, values = came
    newest = _NEVER if head is None else int(head[0])
    first = int(np.searchsorted(ns, newest))
    ns, values = ns[first:], values[first:]
    if not len(ns):
        return None, None if head is None else list(head), first
    said = np.concatenate([[head is not None and head[1] is not None], np.isfinite(values)])
    times = np.concatenate([[newest], ns])
    fresh = ~said[:-1]
    for start, end in gaps:
        fresh |= (start < times[1:]) & ((end is None) | (times[:-1] < (end if end is not None else 0)))
    last = values[-1].item()
    more = _Waiting(-(-ns // period) * period, values, fresh & said[1:])
    return more, [int(ns[-1]), last if said[-1] else None], first


def _rows(
    signals: Sequence[str],
    before: Carried,
    heads: dict[str, Any],
    waiting: Mapping[str, _Waiting],
    complete: int,
    late: int,
) -> Aligned:
    done = before["done"]
    instants = np.unique(np.concatenate([one.at for one in waiting.values()]))
    ns = instants[instants <= complete]
    values = np.empty((len(ns), len(signals)))
    fresh = np.zeros(values.shape, dtype=np.bool_)
    held: dict[str, Any] = {}
    kept: dict[str, Any] = {}
    for column, path in enumerate(signals):
        one = waiting[path]
        end = int(np.searchsorted(one.at, complete, "right"))
        start = before["held"].get(path)
        values[:, column] = _held(one.at[:end], one.values[:end], np.nan if start is None else start, ns)
        anew = one.at[:end][one.fresh[:end]]
        fresh[np.searchsorted(ns, anew), column] = True
        if end:
            start = None if np.isnan(one.values[end - 1]) else one.values[end - 1].item()
        held[path] = start
        if end < len(one.at):
            kept[path] = one.after(end)
    fresh &= np.isfinite(values)
    newest = int(ns[-1]) if len(ns) else done
    return Aligned(ns, values, fresh, {"done": newest, "heads": heads, "held": held, "waiting": kept}, late, complete)


def _held(at: Ints, values: Floats, before: float, ns: Ints) -> NDArray[np.float64]:
    """Give at each of `ns` the newest value until then."""
    place = np.searchsorted(at, ns, "right")
    return np.concatenate([[before], values])[place]
