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

PAST: Final = -(2**62)
"""An instant before everything, ns since 1970."""

_SMALL: Final = 2**16
"""So many signals NumPy sorts by radix."""

_LONGEST: Final = 2**16
"""So many signals that come in turn are noticed."""


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

    begins: list[int]
    """`bounds` as whole numbers of Python."""

    first: list[int]
    """Instant of the first row of the signal at each place; the most distant past where there is none."""

    last: list[int]
    """Instant of the last row of the signal at each place, or the same."""

    table: NDArray[np.float64] | None = None
    """The same values by step and signal, as they came, where all came in turn and each says something; others read it,
    too."""


def columns(samples: pl.DataFrame) -> Columns:
    """Give the columns of `adapters.sample.SAMPLES`; asked again for the same frame, the same columns."""
    kept = _newest.get("columns")
    if kept is not None and kept[0]() is samples:
        return kept[1]
    made = _made(samples)
    _newest["columns"] = (weakref.ref(samples, _forget), made)
    return made


_newest: Final[dict[str, tuple[weakref.ref[pl.DataFrame], Columns]]] = {}


def _forget(gone: weakref.ref[pl.DataFrame]) -> None:
    kept = _newest.get("columns")
    if kept is not None and kept[0] is gone:
        del _newest["columns"]


def _made(samples: pl.DataFrame) -> Columns:
    signal = samples["signal"]
    turn = _turn(signal)
    names, code = _coded(signal[:turn] if turn else signal)
    ns = samples["time"].dt.cast_time_unit("ns").to_physical().to_numpy()
    value = _numbers(samples)
    says = samples.select(
        ~is_bad(pl.col("status")) & (pl.col("status") != Status.UNCERTAIN_RANGE)
    ).to_series().to_numpy() & np.isfinite(value)
    if turn and says.all():
        told = _told_in_turn(names, code, ns, value)
        if told is not None:
            return told
    code = np.resize(code, len(signal)) if turn else code
    bounds = np.concatenate(([0], np.cumsum(np.bincount(code, minlength=len(names)))))
    order = _order(code, len(names))
    if order is not None:
        ns, value = ns[order], value[order]
    if not _in_time(ns, bounds):
        code = code if order is None else code[order]
        again = np.lexsort((ns, code))
        order = again if order is None else order[again]
        ns, value = ns[again], value[again]
    broken, tail = None, frozenset[str]()
    if not says.all():
        owner = np.repeat(np.arange(len(names)), np.diff(bounds))
        says = says if order is None else says[order]
        broken, ends = _breaks(owner, says)
        tail = frozenset(names[place] for place in ends)
        bounds = np.concatenate(([0], np.cumsum(says)))[bounds]
        ns, value = ns[says], value[says]
    first, last = _ends(ns, bounds)
    paths = {path: place for place, path in enumerate(names)}
    return Columns(paths, bounds, ns, value, broken, tail, bounds.tolist(), first, last)


def _told_in_turn(names: list[str], code: NDArray[np.unsignedinteger], ns: Ints, value: Floats) -> Columns | None:
    """Give the columns of signals of which each has told once in every turn; None where it is not so.

    Args:
        names: signals, in order of appearance.
        code: the place among them of each row of a turn.
        ns: instants, ns since 1970.
        value: values, each of which says something.
    """
    turn = len(code)
    turns = len(ns) // turn
    if turns * turn != len(ns) or not np.array_equal(code, np.arange(len(names))):
        return None
    steps, table = ns.reshape(turns, turn), value.reshape(turns, turn)
    if (steps[1:] < steps[:-1]).any():
        return None
    bounds = np.arange(turn + 1) * turns
    paths = {path: place for place, path in enumerate(names)}
    return Columns(
        paths=paths,
        bounds=bounds,
        ns=np.ascontiguousarray(steps.T).reshape(-1),
        value=np.ascontiguousarray(table.T).reshape(-1),
        broken=None,
        tail=frozenset(),
        begins=bounds.tolist(),
        first=steps[0].tolist(),
        last=steps[-1].tolist(),
        table=table,
    )


def _coded(signal: pl.Series) -> tuple[list[str], NDArray[np.unsignedinteger]]:
    """Give every signal, in order of appearance, and the place among them of each row."""
    known = pl.Categories.random()
    named = signal.cast(pl.Categorical(known))  # held until the names are read: categories go with their last column
    names, code = known.to_series().to_list(), named.to_physical().to_numpy()
    return names, code.astype(np.uint16) if len(names) < _SMALL else code


def _turn(signal: pl.Series) -> int:
    """Tell after how many rows signals come again in the same order, as those that are polled together do; 0: never."""
    rows = len(signal)
    again = (signal[1 : _LONGEST + 1] == signal[0]).arg_max() if rows > 1 else None
    turn = 0 if again is None else again + 1
    if not turn or 2 * turn > rows or signal[-1] != signal[(rows - 1) % turn]:
        return 0
    for some in (2 * turn, rows):
        if not (signal[turn:some] == signal[: some - turn]).all():
            return 0
    return turn


def _order(code: NDArray[np.unsignedinteger], names: int) -> Ints | None:
    """Give the order by signal, of rows of one signal as they came; None where it is so already."""
    if not (code[1:] < code[:-1]).any():
        return None
    turns = len(code) // names
    if turns * names == len(code) and (code.reshape(turns, names) == np.arange(names)).all():
        return np.arange(len(code)).reshape(turns, names).T.reshape(-1)
    return np.argsort(code, kind="stable")


def _numbers(samples: pl.DataFrame) -> Floats:
    """Give the values as floats; NaN where there is none."""
    value = samples["float"]
    if samples["int"].null_count() < len(samples):
        value = samples.select(pl.coalesce("float", pl.col("int").cast(pl.Float64))).to_series()
    return value.fill_null(float("nan")).to_numpy() if value.null_count() else value.to_numpy()


def _in_time(ns: Ints, bounds: Ints) -> bool:
    """Tell whether the rows of every signal are in order of time."""
    back = np.flatnonzero(ns[1:] < ns[:-1]) + 1
    return bool((bounds[np.searchsorted(bounds, back)] == back).all())


def _ends(ns: Ints, bounds: Ints) -> tuple[list[int], list[int]]:
    """Give the instants of the first and the last row of every signal."""
    first, last = np.full((2, len(bounds) - 1), PAST)
    some = bounds[1:] > bounds[:-1]
    first[some], last[some] = ns[bounds[:-1][some]], ns[bounds[1:][some] - 1]
    return first.tolist(), last.tolist()


def _breaks(code: Ints, says: Flags) -> tuple[Flags, set[int]]:
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
