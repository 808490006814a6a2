"""A month of a whole park, made up, in a lake: what the benchmarks of KPIs read.

Each machine of `kpi_park` has five signals:

    state        text   every 10 s, and at each change: RUN, WAIT, DOWN, SETUP, OFF
    total        int    parts, cumulative, every 15 s; begins at 0 again once a week
    reject       int    rejected parts, cumulative, with every fourth reading of `total`
    condition    text   every 5 min, and when a failure begins and ends
    product      text   every 15 min, and after each setup that changes it

1 % of the time a machine is lost, for half a minute to an hour: its reports are Bad. Some changes of state have two
reports within one microsecond, of which the last counts. The samples are drawn from the number of the machine and of
the day alone, so that the same size gives the same samples everywhere.

200 machines and 30 days (98 million samples) take 1 GB of disk, as much again while they are made, and some minutes.
They are made once and kept in a folder, which `PARKLINE_BENCH_DATA` names: `parkline-bench` among temporary files
unless it does. Data made with other parameters, or by another version of this module, are made again.
"""

import asyncio
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl
from deltalake import DeltaTable

from adapters.sample import INSTANT, SAMPLES, Status
from adapters.stores.contract import Position
from adapters.stores.lake import create, parts
from adapters.stores.lake.settings import LakeSettings
from tests.bench.kpi_park import BEGIN, IDEAL, STATES, Size, park

VERSION: Final = 1
"""Of this module's samples: data made by another one are made again."""

Instants = npt.NDArray[np.int64]
"""Nanoseconds since 1970, or numbers of parts."""

_SECOND: Final = 10**9
_DAY: Final = 24 * 3600 * _SECOND
_BEGIN: Final = int(BEGIN.timestamp()) * _SECOND
_WEEK: Final = 7 * _DAY
_SIGNALS: Final = ("condition", "product", "reject", "state", "total")
_TEXTS: Final = (*STATES, *IDEAL, "NORMAL", "FAULT")
_RUN, _WAIT, _DOWN, _SETUP, _OFF = range(5)
_PRODUCT: Final = len(STATES)
_NORMAL, _FAULT = len(_TEXTS) - 2, len(_TEXTS) - 1
_LEVEL_SEALED: Final = f"/l{parts.SEALED}-"


def wanted() -> Size:
    """Give the size that the benchmarks use: `PARKLINE_BENCH_MONTH`, as machines x days; 200x30 where it says none."""
    machines, _, days = os.environ.get("PARKLINE_BENCH_MONTH", "200x30").partition("x")
    return Size(int(machines), int(days))


def place() -> Path:
    """Give the folder in which data are kept."""
    return Path(os.environ.get("PARKLINE_BENCH_DATA") or Path(tempfile.gettempdir()) / "parkline-bench")


def lake(size: Size, folder: Path | None = None) -> Path:
    """Give the folder of the lake with the data in `folder` (`place()` where None); make it where it is not there.

    Raises:
        OSError: the disk has too little room.
    """
    base = place() if folder is None else folder
    made = base / f"kpi-{size.machines}x{size.days}"
    marker = {"version": VERSION, **asdict(size)}
    told = made / "made.json"
    if not told.is_file() or json.loads(told.read_text(encoding="utf-8")) != marker:
        base.mkdir(parents=True, exist_ok=True)
        _check_disk(base, size)
        with tempfile.TemporaryDirectory(prefix="making-", dir=base) as name:
            fresh = Path(name) / "data"
            asyncio.run(_make(fresh, size))
            (fresh / "made.json").write_text(json.dumps(marker), encoding="utf-8")
            shutil.rmtree(made, ignore_errors=True)
            fresh.rename(made)
    return made / "lake"


def files(lake_folder: Path) -> list[str]:
    """Give the Parquet files that hold the samples, by day and name; each sample is in one of them, once."""
    table = DeltaTable(lake_folder / "samples")
    return sorted(str(lake_folder / "samples" / path) for path in pl.DataFrame(table.get_add_actions())["path"])


def batches(size: Size) -> Iterator[pl.DataFrame]:
    """Give the samples, columns of `SAMPLES`, half a day of all machines at a time."""
    paths = list(park(size).equipment)
    names = pl.Series(f"{path}/{signal}" for path in paths for signal in _SIGNALS)
    machines = [_Machine(number, size.days) for number in range(size.machines)]
    for day in range(size.days):
        of_day = [machine.day(day) for machine in machines]
        for half in range(2):
            bounds = _BEGIN + day * _DAY + half * _DAY // 2, _BEGIN + day * _DAY + (half + 1) * _DAY // 2
            yield _frame([columns.between(*bounds) for columns in of_day], names)


@dataclass(frozen=True, slots=True)
class _Columns:
    """Samples of one machine: numbers of their signals and texts; -1 where there is none."""

    signal: Instants
    at: Instants
    number: Instants
    text: Instants
    bad: npt.NDArray[np.bool_]

    def between(self, start: int, end: int) -> "_Columns":
        kept = (self.at >= start) & (self.at < end)
        return _Columns(self.signal[kept], self.at[kept], self.number[kept], self.text[kept], self.bad[kept])


class _Machine:
    """What one machine did in all the time: segments of one state and product each, and when it was lost."""

    def __init__(self, number: int, days: int) -> None:
        self._number = number
        self._random = random = np.random.default_rng((VERSION, number))
        self._end = days * _DAY
        many = 150 * days + 50
        stop = random.choice([_WAIT, _DOWN, _WAIT, _DOWN, _SETUP, _OFF], size=many, p=[0.35, 0.2, 0.2, 0.1, 0.12, 0.03])
        short = random.random(many) < 0.5
        longest = np.array([40 * 60, 40 * 60, 90 * 60, 45 * 60, 5 * 3600])[stop]
        lasts = np.where(short & (stop <= _DOWN), random.uniform(4, 140, many), random.uniform(150, longest))
        lasts = np.where(stop == _SETUP, random.uniform(600, 2700, many), lasts)
        produced = 30 + random.exponential(18 * 60, many)
        after = np.where(random.random(many) < 0.2, random.uniform(5, 600, many), 0)
        state = np.stack([np.full(many, _RUN), stop, np.where(stop == _WAIT, _DOWN, _WAIT)], axis=1).ravel()
        length = (np.stack([produced, lasts, after], axis=1).ravel() * 1000).astype(np.int64) * (_SECOND // 1000)
        state, length = state[length > 0], length[length > 0]
        begin = np.cumsum(length) - length
        inside = begin < self._end
        self._state, self._begin, self._length = state[inside], begin[inside], length[inside]
        setups = np.cumsum(self._state == _SETUP)
        before = setups - (self._state == _SETUP)  # a setup is still of the product before it
        self._product = random.integers(0, len(IDEAL), setups[-1] + 1)[before]
        self._count()
        self._lose(days)

    def _count(self) -> None:
        """Say how many parts there were at the beginning of each segment."""
        ideal = np.array([cycle.total_seconds() for cycle in IDEAL.values()])[self._product]
        speed = self._random.uniform(0.98, 1.3, self._begin.size)
        self._cycle = (ideal * speed * 1000).astype(np.int64) * (_SECOND // 1000)
        made = np.where(self._state == _RUN, self._length // self._cycle, 0)
        self._parts = np.cumsum(made) - made
        self._rejects = int(self._random.integers(5, 40))
        first = int(self._random.integers(0, _WEEK // _SECOND)) * _SECOND
        self._resets = np.array([-1, *range(first, self._end, _WEEK)], dtype=np.int64)

    def _lose(self, days: int) -> None:
        """Say when it was lost: about two short stretches a day, and one long one every few days."""
        count = 2 * days
        long = self._random.random(count) < 0.12
        lasts = np.where(long, self._random.uniform(600, 3600, count), self._random.uniform(30, 420, count))
        begin = np.sort(self._random.integers(60 * _SECOND, self._end, count))
        self._lost, self._found = begin, np.maximum.accumulate(begin + (lasts * _SECOND).astype(np.int64))

    def day(self, day: int) -> _Columns:
        """Give the samples of a day."""
        random = np.random.default_rng((VERSION, self._number, day))
        start, end = day * _DAY, (day + 1) * _DAY
        today = slice(*np.searchsorted(self._begin, [start, end]))
        changes = self._begin[today]
        changed = self._state[today]
        flips = random.random(changes.size) < 0.02

        def polls(every: int) -> Instants:
            grid = np.arange(start, end, every * _SECOND, dtype=np.int64)
            return grid + random.integers(0, every * _SECOND // 5, grid.size)

        at = polls(10)
        state = _series(
            (at, self._state[self._segment(at)]),
            (changes[flips] + 100, random.integers(0, len(STATES), int(flips.sum()))),
            (changes + 500, changed),
        )
        read = polls(15)
        now = self._count_at(read)
        ends = changes + self._length[today]
        down = changed == _DOWN
        seldom = polls(300)
        condition = _series(
            (seldom, np.where(self._state[self._segment(seldom)] == _DOWN, _FAULT, _NORMAL)),
            (changes[down] + 500, np.full(int(down.sum()), _FAULT)),
            (ends[down & (ends < end)] + 500, np.full(int((down & (ends < end)).sum()), _NORMAL)),
        )
        set_up = changes[np.flatnonzero(changed != _SETUP)]
        before = self._product[np.maximum(self._segment(set_up) - 1, 0)]
        fresh = set_up[before != self._product[self._segment(set_up)]]
        quarter = np.concatenate([np.zeros(int(day == 0), np.int64), polls(900)])
        product = _series(
            (quarter, _PRODUCT + self._product[self._segment(quarter)]),
            (fresh + 500, _PRODUCT + self._product[self._segment(fresh)]),
        )
        return self._columns(condition, product, (read[::4], now[::4] * self._rejects // 1000), state, (read, now))

    def _columns(self, *series: tuple[Instants, Instants]) -> _Columns:
        """Put the series of its signals, in the order of `_SIGNALS`, into columns."""
        sizes = [at.size for at, _ in series]
        which = np.repeat(np.arange(len(series)), sizes)
        at = np.concatenate([at for at, _ in series])
        value = np.concatenate([value for _, value in series])
        counter = np.isin(which, [_SIGNALS.index("reject"), _SIGNALS.index("total")])
        stretch = np.searchsorted(self._lost, at, "right") - 1
        bad = (stretch >= 0) & (at < self._found[stretch]) & (which != _SIGNALS.index("product"))
        return _Columns(
            signal=self._number * len(_SIGNALS) + which,
            at=_BEGIN + at,
            number=np.where(counter & ~bad, value, -1),
            text=np.where(~counter & ~bad, value, -1),
            bad=bad,
        )

    def _segment(self, at: Instants) -> Instants:
        """Give the segment that each instant lies in."""
        return np.searchsorted(self._begin, at, "right") - 1

    def _made(self, at: Instants) -> Instants:
        """Give how many parts were made before each instant."""
        segment = self._segment(np.maximum(at, 0))
        running = (at - self._begin[segment]) // self._cycle[segment]
        return self._parts[segment] + np.where(self._state[segment] == _RUN, np.maximum(running, 0), 0)

    def _count_at(self, at: Instants) -> Instants:
        """Give what the counter shows: parts since it was reset."""
        reset = self._resets[np.searchsorted(self._resets, at, "right") - 1]
        return self._made(at) - self._made(reset)


def _series(*pieces: tuple[Instants, Instants]) -> tuple[Instants, Instants]:
    """Join instants and their values, in the order of time; of two at one instant the first stays."""
    at = np.concatenate([at for at, _ in pieces])
    value = np.concatenate([value for _, value in pieces])
    at, order = np.unique(at, return_index=True)
    return at, value[order]


def _frame(columns: list[_Columns], names: pl.Series) -> pl.DataFrame:
    """Put the samples of all machines into one frame."""

    def joined(name: str) -> pl.Series:
        return pl.Series(np.concatenate([getattr(one, name) for one in columns]))

    def known(numbers: pl.Series) -> pl.Series:
        return numbers.set(numbers < 0, None)

    texts = pl.Series(_TEXTS)
    at = joined("at")
    return pl.DataFrame(
        {
            "signal": names.gather(joined("signal")),
            "time": at.cast(INSTANT),
            "float": pl.Series([None], dtype=pl.Float64).new_from_index(0, at.len()),
            "int": known(joined("number")),
            "bool": pl.Series([None], dtype=pl.Boolean).new_from_index(0, at.len()),
            "text": texts.gather(known(joined("text"))),
            "status": joined("bad").cast(pl.UInt32) * Status.BAD_NO_COMMUNICATION,
            "received": (at + 5_000_000).cast(INSTANT),
        },
        schema=SAMPLES,
    )


async def _make(folder: Path, size: Size) -> None:
    """Write all samples into a lake, and have it sealed."""
    begun = time.perf_counter()
    quiet, parts.QUIET = parts.QUIET, timedelta(0)  # type: ignore[misc]  # so that days need not be left alone first
    try:
        async with create(LakeSettings(folder=folder / "lake")) as store:
            for number, rows in enumerate(batches(size)):
                await store.write(rows, Position("bench", number + 1))
                if number % 10 == 1:
                    _say(f"{number // 2 + 1} of {size.days} days, {time.perf_counter() - begun:.0f} s")
            while not all(_LEVEL_SEALED in file for file in files(folder / "lake")):
                await store.maintain()
    finally:
        parts.QUIET = quiet  # type: ignore[misc]
    _say(f"made and sealed in {time.perf_counter() - begun:.0f} s")


def _check_disk(folder: Path, size: Size) -> None:
    needed, free = size.samples * 30, shutil.disk_usage(folder).free
    if free < needed:
        msg = f"{folder} needs {needed / 2**30:.1f} GiB of free disk for the samples, and has {free / 2**30:.1f}"
        raise OSError(msg)


def _say(text: str) -> None:
    print(f"kpi data: {text}", file=sys.stderr, flush=True)
