"""Reaching: how far a sample's influence reaches, so that every window which it may have changed is computed.

A sample counts until the next one of its signal. So a touched range reaches on to the next sample of each signal that
touched it, or to the machine's frontier where there is none. Where what comes later can change what lies before (a
bridged gap whose middle counts, a stop that turns out to be no micro-stop, a rule that looks ahead) it reaches back and
on by as much as that can be.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import polars as pl

from adapters.sample import is_bad
from adapters.stores.contract import Store
from analytics.spans import MOMENT, lookback
from analytics.touched import TOUCHED, joined
from collector.park import Equipment, Park, SignalRole

_DAY: Final = timedelta(days=1)

_COUNTED: Final = frozenset(
    {
        SignalRole.GOOD_COUNT,
        SignalRole.REJECT_COUNT,
        SignalRole.TOTAL_COUNT,
        SignalRole.REWORK_COUNT,
        SignalRole.ENERGY,
    }
)
"""Roles of signals that change nothing after their last sample."""


async def reaching_on(
    store: Store, park: Park, ranges: pl.DataFrame, frontiers: Mapping[str, datetime]
) -> pl.DataFrame:
    """Let touched ranges reach as far as what touched them; never beyond the frontier.

    A range that no sample touched (a gap, another calendar) is about all signals that tell the machine's state.

    Args:
        store: where the samples rest.
        park: what the signals mean.
        ranges: columns of `TOUCHED`; of machines that have a frontier.
        frontiers: by equipment, UTC.

    Returns:
        Columns of `TOUCHED`.

    Raises:
        StoreError: the store does not answer or forbids.
    """
    rows = list(ranges.iter_rows(named=True))
    signals = {signal for row in rows for signal in _signals(park, row)}
    last = await store.last(signals, max(frontiers.values()) + _DAY)
    newest = dict(last.select("signal", pl.col("time").dt.cast_time_unit("us")).iter_rows())
    reaching = []
    for row in rows:
        machine = park.equipment[row["equipment"]]
        frontier = frontiers[machine.path]
        later, silent = [], []
        for path in _signals(park, row):
            known = newest.get(path)
            if known is not None and known >= row["end"]:
                later.append(path)
            elif park.signals[path].role not in _COUNTED:
                silent.append(path)
        end = frontier if silent else row["end"]
        if later and end < frontier:
            end = max(end, await _next_reports(store, later, row["end"], frontier))
        back, on = _influence(machine)
        row["start"], row["end"] = row["start"] - back, min(frontier, end + on)
        reaching.append(row)
    found = pl.DataFrame(reaching, schema=TOUCHED, orient="row").filter(pl.col("start") < pl.col("end"))
    return joined(found, timedelta(0))


def _signals(park: Park, row: Mapping[str, object]) -> Sequence[str]:
    """Give the signals of which a range has new samples; those of the machine's state where none is named."""
    named = [path for path in _strings(row["signals"]) if path in park.signals]
    return named or [signal.path for signal in park.equipment[str(row["equipment"])].state_inputs]


def _strings(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else []


def _influence(machine: Equipment) -> tuple[timedelta, timedelta]:
    """Give how far beyond its own time a sample of a machine can change what it did: before, and after."""
    wide = max(machine.micro_stop, lookback(machine) if machine.state_from is not None else timedelta(0))
    return max(wide, machine.hold_for if machine.bridge == "middle" else timedelta(0)), wide


async def _next_reports(store: Store, signals: Collection[str], after: datetime, before: datetime) -> datetime:
    """Give the instant at which each of `signals` has reported again in [after, before); `before` where one has not."""
    missing, latest = set(signals), after
    step = _DAY
    while missing and after < before:
        upto = min(after + step, before)
        found = await store.samples(sorted(missing), after, upto)
        first = (
            found.filter(~is_bad(pl.col("status")))
            .group_by("signal")
            .agg(pl.col("time").min().dt.cast_time_unit("us").cast(MOMENT))
            .collect()
        )
        missing -= set(first["signal"])
        latest = max([latest, *first["time"].to_list()])
        after, step = upto, step * 2
    return before if missing else latest
