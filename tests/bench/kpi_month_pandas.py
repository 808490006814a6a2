"""The KPIs of a month in pandas, from the lake's Parquet files: a reference of `kpi_month`.

It goes the same way as the SQL of `kpi_month_duckdb`: what differs from the sample before, states and steps of
counters, cells of time in which nothing changes, and sums over them. A line of machines is computed at a time, so that
its samples fit in memory; there is no loop over samples, machines or windows.

pandas does not read Parquet by itself. The files are read by Polars, which gives it numbers for signals and texts, and
only the rows of the line: that is faster than pandas with another reader.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import polars as pl

from collector.park import EquipmentState
from tests.bench.kpi_park import BEGIN, HOLD_FOR, IDEAL, MICRO_STOP, STATES, Size
from tests.bench.kpi_tables import COLUMNS, MICROSECOND, micro

_STATES: Final = (*(state.value for state in EquipmentState), "micro_stop")
"""States, and what short stops are called, by their numbers."""

_UNKNOWN: Final = _STATES.index("unknown")
_PRODUCING: Final = _STATES.index("producing")
_MICRO: Final = _STATES.index("micro_stop")
_SHORT: Final = (_STATES.index("idle"), _STATES.index("unplanned_stop"))
_STOPPED: Final = _STATES.index("planned_stop")
_NOT_SCHEDULED: Final = len(_STATES)
_TEXTS: Final = pl.Enum([*STATES, *IDEAL])
_MEANING: Final = np.array([_STATES.index(state.value) for state in STATES.values()])
_IDEAL: Final = np.array([cycle.total_seconds() for cycle in IDEAL.values()])
_HOLD_FOR: Final = HOLD_FOR // MICROSECOND
_MICRO_STOP: Final = MICRO_STOP // MICROSECOND
_LINE: Final = pl.col("equipment").str.replace("/[^/]*$", "")
_BAD: Final = -1


@dataclass(frozen=True, slots=True)
class _Given:
    """The tables of `kpi_tables`, of some machines."""

    signals: pd.DataFrame
    windows: pd.DataFrame
    work: pd.DataFrame
    begin: int
    end: int


def compute(files: list[str], tables: Path, size: Size, result: Path, *, share: float = 1.0) -> None:
    """Compute from `files` of samples, sorted by day, and `tables` (`kpi_tables`); write the file `result`.

    `share` is the share of machines that are computed: those of so many of the lines.
    """
    given = {name: pl.read_parquet(tables / f"{name}.parquet") for name in ("machines", "signals", "windows", "work")}
    machines = given["machines"]
    lines = [line for _, line in machines.group_by(_LINE, maintain_order=True)]
    results = []
    for line in lines[: max(1, round(len(lines) * share))]:
        of_line = {name: table.join(line.select("machine"), on="machine", how="semi") for name, table in given.items()}
        windows, work = (
            pd.DataFrame({name: column.to_numpy() for name, column in of_line[table].to_dict().items()})
            for table in ("windows", "work")
        )
        signals = pd.DataFrame({name: column.to_list() for name, column in of_line["signals"].to_dict().items()})
        told = _Given(signals, windows, work, micro(BEGIN), micro(size.end))
        results.append(_computed(_changes(files, told), told))
    whole = pd.concat(results)
    columns = {name: whole[name].to_numpy() for name in ("machine", "period", "start", *COLUMNS)}
    frame = pl.DataFrame(columns).with_columns(pl.col(COLUMNS).fill_nan(None))
    frame.join(machines, on="machine").select("equipment", "period", "start", *COLUMNS).write_parquet(result)


def _changes(files: list[str], given: _Given) -> pd.DataFrame:
    """Read what differs from the sample before: signal, machine, role, t, value; by signal and time.

    A value is a count, the number of a text, or -1 where it is Bad.
    """
    signals = given.signals.sort_values("signal", ignore_index=True)
    names = signals["signal"].tolist()
    rows = (
        pl.scan_parquet(files)
        .filter(pl.col("signal").is_between(pl.lit(names[0]), pl.lit(names[-1])) & pl.col("signal").is_in(names))
        .select(
            pl.col("signal").cast(pl.Enum(names)).to_physical(),
            "time_ns",
            pl.coalesce(pl.col("text").cast(_TEXTS).to_physical().cast(pl.Int64), "int", pl.lit(_BAD)).alias("value"),
            bad=pl.col("status") >= 2**30,
        )
        .collect()
    )
    samples = pd.DataFrame({name: column.to_numpy() for name, column in rows.to_dict().items()})
    del rows
    states = (signals["role"] == "state").to_numpy()
    samples = samples[~samples["bad"] | states[samples["signal"]]]
    samples = samples.sort_values(["signal", "time_ns"])
    fresh = samples["signal"] != samples["signal"].shift()
    changes = samples[fresh | (samples["value"] != samples["value"].shift())]
    return changes.assign(
        machine=signals["machine"].to_numpy()[changes["signal"]],
        role=signals["role"].to_numpy()[changes["signal"]],
        t=changes["time_ns"] // 1000,
    )


def _last_of_instant(changes: pd.DataFrame) -> pd.DataFrame:
    return changes[(changes["t"] != changes["t"].shift(-1)) | (changes["machine"] != changes["machine"].shift(-1))]


def _states(changes: pd.DataFrame, given: _Given) -> pd.DataFrame:
    """Give from when on each machine was in which state: machine, t, state."""
    last = _last_of_instant(changes[changes["role"] == "state"])
    last = last[(last["machine"] != last["machine"].shift()) | (last["value"] != last["value"].shift())]
    of_machine = last.groupby("machine")
    following, back = of_machine["t"].shift(-1), of_machine["t"].shift(-2)
    gap = (last["value"] != _BAD) & (of_machine["value"].shift(-1) == _BAD) & ~(back - following <= _HOLD_FOR)
    held = last[last["value"] != _BAD]
    lost = (following + _HOLD_FOR)[gap].astype("int64")
    lost = lost[lost < given.end]
    machines = given.signals["machine"].unique()
    points = pd.concat(
        [
            pd.DataFrame({"machine": machines, "t": given.begin - 1, "state": _UNKNOWN}),
            pd.DataFrame({"machine": held["machine"], "t": held["t"], "state": _MEANING[held["value"]]}),
            pd.DataFrame({"machine": last.loc[lost.index, "machine"], "t": lost, "state": _UNKNOWN}),
        ]
    ).sort_values(["machine", "t"], ignore_index=True)
    until = points.groupby("machine")["t"].shift(-1).fillna(given.end)
    short = points["state"].isin(_SHORT)
    run = ((short != short.shift()) | (points["machine"] != points["machine"].shift())).cumsum()
    lasted = until.groupby(run).transform("max") - points["t"].groupby(run).transform("min")
    return points.assign(state=points["state"].mask(short & (lasted < _MICRO_STOP), _MICRO))


def _cells(changes: pd.DataFrame, states: pd.DataFrame, given: _Given) -> pd.DataFrame:
    """Cut time wherever something changes: machine, t, lasted (µs), state, kind, ideal; by machine and t."""
    made = _last_of_instant(changes[changes["role"] == "product"])
    ideal = _IDEAL[made["value"] - len(STATES)]
    windows, work = given.windows, given.work
    points = pd.concat(
        [
            states,
            work[["machine", "kind"]].assign(t=work["start"]),
            work[["machine"]].assign(t=work["until"], kind=0),
            windows[["machine"]].assign(t=windows["start"]),
            windows[["machine"]].assign(t=windows["until"]),
            # the part that is counted with a new product is still one of the old
            pd.DataFrame({"machine": made["machine"], "t": made["t"] + 1, "ideal": ideal}),
        ]
    )
    cells = points.groupby(["machine", "t"], as_index=False).max()
    cells[["state", "kind", "ideal"]] = cells.groupby("machine")[["state", "kind", "ideal"]].ffill()
    until = cells.groupby("machine")["t"].shift(-1).fillna(given.end).astype("int64")
    return cells.assign(lasted=until - cells["t"], kind=cells["kind"].fillna(0))


def _parts(changes: pd.DataFrame, cells: pd.DataFrame) -> pd.DataFrame:
    """Give the parts that were counted in each cell, in the order of `cells`: total, reject."""
    counters = changes[changes["role"].isin(("total", "reject"))]
    before = counters.groupby("signal")["value"].shift()
    made = (counters["value"] - before).where(counters["value"] >= before, counters["value"]).where(before.notna(), 0)
    steps = counters[["machine", "t", "role"]].assign(made=made).sort_values("t")
    numbered = cells[["machine", "t"]].assign(cell=np.arange(len(cells))).sort_values("t")
    placed = pd.merge_asof(steps, numbered, on="t", by="machine")
    counted = placed.pivot_table(index="cell", columns="role", values="made", aggfunc="sum")
    return counted.reindex(index=range(len(cells)), columns=["total", "reject"]).fillna(0)


def _computed(changes: pd.DataFrame, given: _Given) -> pd.DataFrame:
    """Give the windows of some machines: machine, period, start and `COLUMNS`."""
    cells = _cells(changes, _states(changes, given), given)
    parts = _parts(changes, cells)
    kind, state = cells["kind"], cells["state"]
    loss = state.mask(kind == 2, _STOPPED).mask(kind == 0, _NOT_SCHEDULED)
    names = (*_STATES, "not_scheduled")
    lasted = {f"{name}_time": cells["lasted"].where(loss == number, 0) for number, name in enumerate(names)}
    lasted["overtime"] = cells["lasted"].where((kind == 0) & (state == _PRODUCING), 0)
    lasted["busy"] = cells["lasted"].where((kind == 1) & (loss != _STOPPED), 0)
    counts = (kind == 1) | ((kind == 2) & (state != _PRODUCING))
    ideal = cells["ideal"].where(counts, 0).fillna(0)
    cells = cells[["machine", "t"]].assign(
        **lasted,
        total_count=parts["total"],
        reject_count=parts["reject"],
        ideal_time=parts["total"] * ideal,
        ideal_good_time=(parts["total"] - parts["reject"]) * ideal,
    )
    ordered = cells.sort_values("t")
    windows = given.windows.assign(window=np.arange(len(given.windows))).sort_values("start")
    sums = []
    for period in ("hour", "shift"):
        of_period = windows.loc[windows["period"] == period, ["machine", "start", "until", "window"]]
        placed = pd.merge_asof(ordered, of_period, left_on="t", right_on="start", by="machine")
        inside = placed[placed["t"] < placed["until"]].drop(columns=["machine", "t", "start", "until"])
        sums.append(inside.groupby("window").sum())
    spent = pd.concat(sums)
    spent[list(lasted)] /= 1e6
    return _ratios(windows.join(spent, on="window"))


def _ratios(spent: pd.DataFrame) -> pd.DataFrame:
    """Add what follows from the sums of each window."""
    busy, producing, total = spent["busy"], spent["producing_time"], spent["total_count"]
    good = total - spent["reject_count"]
    speed = (producing - spent["ideal_time"]).clip(lower=0).clip(upper=producing)
    rejected = (spent["ideal_time"] - spent["ideal_good_time"]).clip(lower=0)
    quality = rejected.clip(upper=producing - speed)
    availability = (producing / busy).where(busy > 0)
    oee = availability * spent["ideal_good_time"] / producing
    return spent.assign(
        good_count=good,
        speed_loss_time=speed,
        quality_loss_time=quality,
        productive_time=producing - speed - quality,
        availability=availability,
        effectiveness=(spent["ideal_time"] / producing).where(producing > 0),
        quality_ratio=(good / total).where(total > 0),
        oee=oee.mask((busy > 0) & (producing == 0), 0.0),
    )
