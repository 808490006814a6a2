"""The samples of a look as NumPy columns, by signal and time; made once for all detectors that ask.

Detectors that sum up whole series work on arrays: a look of two million samples is sorted in a tenth of a second, and
what is said of one signal is a slice.
"""

import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from adapters.sample import Status, is_bad

Ints: TypeAlias = NDArray[np.int64]
"""Whole numbers: instants and spans in ns, counts."""

Floats: TypeAlias = NDArray[np.float64]
"""Values."""

Flags: TypeAlias = NDArray[np.bool_]
"""Yes or no, by row."""

_SMALL: Final = 2**16
"""So many signals NumPy sorts by radix."""


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Usable numbers: neither Bad, nor outside the signal's valid range, nor without a value."""

    paths: Mapping[str, int]
    """Signals in the look, with their place in `bounds`; also those with nothing usable."""

    bounds: Ints
    """Rows of the signal at place `i` are `bounds[i]` to `bounds[i + 1]`."""

    ns: Ints
    """Instant of each row, ns since 1970; by signal and time, in order of arrival where times are equal."""

    value: Floats
    """Value of each row."""

    broken: Flags | None
    """Whether something that says nothing (a Bad sample) came between the row before and this one; None: nowhere."""

    tail: frozenset[str]
    """Signals of which something that says nothing came last."""


def columns(samples: pl.DataFrame) -> Columns:
    """Give the columns of `adapters.sample.SAMPLES`; asked again for the same frame, the same columns."""
    kept = _newest.get("columns")
    if kept is not None and kept[0]() is samples:
        return kept[1]
    made = _made(samples)
    _newest["columns"] = (weakref.ref(samples), made)
    return made


_newest: Final[dict[str, tuple[weakref.ref[pl.DataFrame], Columns]]] = {}


def _made(samples: pl.DataFrame) -> Columns:
    paths, code = _coded(samples["signal"])
    ns = samples["time"].dt.cast_time_unit("ns").to_physical().to_numpy()
    value = _numbers(samples)
    says = samples.select(
        ~is_bad(pl.col("status")) & (pl.col("status") != Status.UNCERTAIN_RANGE)
    ).to_series().to_numpy() & np.isfinite(value)
    order = _order(code, ns)
    if order is not None:
        code, ns, value, says = code[order], ns[order], value[order], says[order]
    broken, tail = None, frozenset[str]()
    if not says.all():
        broken, ends = _breaks(code, says)
        names = list(paths)
        tail = frozenset(names[place] for place in ends)
        code, ns, value = code[says], ns[says], value[says]
    bounds = np.searchsorted(code, np.arange(len(paths) + 1))
    return Columns(paths, bounds.astype(np.int64), ns, value, broken, tail)


def _coded(signal: pl.Series) -> tuple[dict[str, int], NDArray[np.unsignedinteger]]:
    """Give every signal a place, and the place of each row."""
    named = signal.cast(pl.Categorical(pl.Categories.random()))
    code = named.to_physical().to_numpy()
    distinct = named.unique()
    places = distinct.to_physical().to_numpy()
    seat = np.zeros(int(places.max(initial=0)) + 1, np.uint16 if len(distinct) < _SMALL else np.uint32)
    seat[places] = np.arange(len(distinct), dtype=np.uint32)
    return {path: place for place, path in enumerate(distinct.cast(pl.String))}, seat[code]


def _numbers(samples: pl.DataFrame) -> Floats:
    """Give the values as floats; NaN where there is none."""
    value = samples["float"]
    if samples["int"].null_count() < len(samples):
        value = samples.select(pl.coalesce("float", pl.col("int").cast(pl.Float64))).to_series()
    return value.fill_null(float("nan")).to_numpy() if value.null_count() else value.to_numpy()


def _order(code: NDArray[np.unsignedinteger], ns: Ints) -> Ints | None:
    """Give the order by signal and time; None where it is so already."""
    order = None
    if (code[1:] < code[:-1]).any():
        order = np.argsort(code, kind="stable")
        code, ns = code[order], ns[order]
    if ((ns[1:] < ns[:-1]) & (code[1:] == code[:-1])).any():
        again = np.lexsort((ns, code))
        return again if order is None else order[again]
    return order


def _breaks(code: NDArray[np.unsignedinteger], says: Flags) -> tuple[Flags, set[int]]:
    """Tell after which usable rows follows one that says nothing: by row before them, and the signals that end so."""
    silent = np.cumsum(~says)
    usable, owner = silent[says], code[says]
    firsts = np.searchsorted(code, owner)
    before = np.where(firsts > 0, silent[firsts - 1], 0)
    if len(usable):
        same = np.concatenate(([False], owner[1:] == owner[:-1]))
        before = np.where(same, np.concatenate(([0], usable[:-1])), before)
    last = np.concatenate((code[1:] != code[:-1], [True]))
    return usable > before, {int(place) for place in code[last & ~says]}
