"""Spans: what a machine did, from the reports of its state signal.

A state holds until the next report. Where reports may be missing it is bridged, and where it cannot be bridged it
becomes `unknown`, never idle:

    report      A            B             bad                            C
    time   ─────┬────────────┬──────────────┬──────────────┬──────────────┬─────
    span        │A           │B             │B             │unknown       │C
                                            └── hold_for ──┘

- A report with Bad status (MTConnect UNAVAILABLE, JSON null) begins a gap that lasts until the next report with a
  value. A gap no longer than `hold_for` is bridged with the state before it. A longer one keeps that state for
  `hold_for` and is `unknown` from there to its end. Bad reports inside it change nothing.
- A gap of the ledger (the link was lost, samples may be missing) is treated alike: the state before it, or a report
  inside it, is held for `hold_for` at most while the gap lasts, then the state is `unknown` until the next
  report, also beyond the gap's end. One that leaves no such stretch is bridged to its end and beyond. Gaps that
  were filled are none; the caller leaves them out.
- `bridge: middle` takes the change of state across a bridged Bad gap to lie in the gap's middle, where `bridge:
  before` (the default) takes it to lie at its end. The middle errs half as much, and evens out; the end never
  revises what was already told while the gap lasted.
- Uncertain status counts as a value. A raw value that the signal does not map is `unknown`, and keeps its raw text.
- Before its first report a machine is `unknown`. Of several reports at one instant the last counts.

Spans of one machine do not overlap, follow each other without a hole and cover [start, min(end, until)). Two that
touch differ in state or raw value. What lies at or after `until` is not known yet, and has no span.

    samples     columns of `adapters.sample.SAMPLES`, sorted by signal and time, from `hold_for` before `start` to
                `hold_for` after `end`
    earlier     the last sample of each signal before those
    gaps        `GAPS`; `end` null while a gap lasts
    result      `SPANS`, by equipment and start
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import polars as pl

from adapters.sample import VALUE_TYPES, ValueType, is_bad
from collector.park import Bridge, EquipmentState

MOMENT: Final = pl.Datetime("us", "UTC")
"""The type of every instant of spans, windows and results: UTC, microseconds."""

SPANS: Final = pl.Schema(
    {
        "equipment": pl.String(),
        "start": MOMENT,
        "end": MOMENT,
        "state": pl.String(),
        "raw": pl.String(),
    }
)
"""Columns of spans: path of the machine, [start, end) in UTC, an `EquipmentState`, and the raw value it comes from,
as text (null where no value holds)."""

GAPS: Final = pl.Schema({"equipment": pl.String(), "start": MOMENT, "end": MOMENT})
"""Columns of the gaps that concern machines' state signals."""

UNKNOWN: Final = EquipmentState.UNKNOWN.value
"""The state of a machine that nobody knows anything about."""

_DAWN: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Before every report."""

_FOREVER: Final = datetime(2262, 1, 1, tzinfo=UTC)
"""Where a gap that lasts is taken to end: the end of time in nanoseconds."""


@dataclass(frozen=True, slots=True)
class Machine:
    """One machine as its state signal tells of it."""

    equipment: str
    """Path of the machine."""

    signal: str
    """Path of its state signal."""

    type: ValueType
    """Type of that signal's values."""

    states: Mapping[str, EquipmentState]
    """Raw value, as text, to state."""

    hold_for: timedelta
    """How long a gap is bridged; 0 or more."""

    bridge: Bridge
    """Where a change of state across a bridged gap is taken to lie."""

    until: datetime | None
    """Up to which instant it can be told what it did, UTC; None: nothing can be told."""


def spans(
    samples: pl.LazyFrame,
    earlier: pl.DataFrame,
    gaps: pl.DataFrame,
    machines: Sequence[Machine],
    start: datetime,
    end: datetime,
) -> pl.DataFrame:
    """Give what `machines` did within [start, end), as the module tells."""
    told = [machine for machine in machines if machine.until is not None and machine.until > start and end > start]
    about = _about(told)
    lasting = _merged(gaps).join(about.select("equipment", "signal", "hold_for"), on="equipment", how="inner")
    lasting = lasting.filter(pl.col("end") - pl.col("start") > pl.col("hold_for")).sort("equipment", "start")
    reports = pl.concat([_reports(earlier.lazy(), lasting, told), _reports(samples, lasting, told)])
    reports = reports.join(about, on="signal", how="inner").sort("equipment", "time", maintain_order=True)
    began = _held(_bridged(reports), lasting)
    return _cut(_mapped(began, told), about, start, end)


def as_text(values: Sequence[ValueType] = VALUE_TYPES) -> pl.Expr:
    """Give a sample's value as text, as `Signal.states` writes it: `3`, `3.5`, `true`; null where it has none."""
    float_ = pl.col("float")
    whole = (float_ == float_.round()) & (float_.abs() < 2.0**53)
    texts = {
        "text": pl.col("text"),
        "int": pl.col("int").cast(pl.String),
        "bool": pl.col("bool").cast(pl.String),
        "float": pl.when(whole)
        .then(float_.cast(pl.Int64, strict=False).cast(pl.String))
        .otherwise(float_.cast(pl.String)),
    }
    return pl.coalesce(texts[value] for value in values)


def _about(machines: Sequence[Machine]) -> pl.DataFrame:
    """What is configured, one row per machine."""
    return pl.DataFrame(
        [(m.equipment, m.signal, m.hold_for, m.bridge == "middle", m.until) for m in machines],
        schema={
            "equipment": pl.String,
            "signal": pl.String,
            "hold_for": pl.Duration("us"),
            "middle": pl.Boolean,
            "until": MOMENT,
        },
        orient="row",
    )


def _merged(gaps: pl.DataFrame) -> pl.DataFrame:
    """Join gaps of one machine that overlap or touch."""
    ordered = gaps.with_columns(pl.col("end").fill_null(_FOREVER)).sort("equipment", "start")
    reach = pl.col("end").cum_max().shift().over("equipment")
    return (
        ordered.with_columns(run=(pl.col("start") > reach).fill_null(value=True).cum_sum())
        .group_by("equipment", "run", maintain_order=True)
        .agg(pl.col("start").first(), pl.col("end").max())
        .drop("run")
    )


def _reports(samples: pl.LazyFrame, lasting: pl.DataFrame, machines: Sequence[Machine]) -> pl.DataFrame:
    """Give the reports that matter: changes of value, and every report inside a lasting gap or first after it.

    This is the one pass over all samples; it neither sorts nor makes text of what it drops.

        result   signal: str   time: datetime[us, UTC]   raw: str (null: Bad)
    """
    types = [kind for kind in VALUE_TYPES if any(machine.type == kind for machine in machines)] or ["text"]
    bad = is_bad(pl.col("status")) | pl.all_horizontal(pl.col(*types).is_null())
    frame = samples.select("signal", "time", *types, "status").with_columns(bad=bad)
    changed = ["signal", "bad", *types]
    always = pl.lit(value=False)
    if not lasting.is_empty():
        marks = lasting.lazy().select(
            "signal",
            time=pl.col("start").dt.cast_time_unit("ns"),
            gap=pl.int_range(pl.len()),
            gap_end=pl.col("end").dt.cast_time_unit("ns"),
        )
        frame = frame.join_asof(marks, on="time", by="signal", check_sortedness=False).with_columns(
            inside=(pl.col("time") < pl.col("gap_end")).fill_null(value=False)
        )
        changed += ["gap", "inside"]
        always = pl.col("inside")
    differs = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift()) for name in changed)
    return (
        frame.filter(differs | always)
        .select(
            "signal", pl.col("time").dt.cast_time_unit("us"), raw=pl.when(~pl.col("bad")).then(as_text(tuple(types)))
        )
        .collect()
    )


def _bridged(reports: pl.DataFrame) -> pl.DataFrame:
    """Turn reports into states that begin and are held, as far as Bad status goes.

    result   … `reports` with a value, and   start: when it begins   held: until when it may be held (null: no bound)
                                             next: when the next value begins (null: none)
    """
    last_at_instant = pl.struct("equipment", "time") != pl.struct("equipment", "time").shift(-1)
    good = pl.col("raw").is_not_null()
    ordered = reports.filter(last_at_instant.fill_null(value=True)).filter(
        good | good.shift().over("equipment").fill_null(value=True)
    )
    lost = pl.when(~good.shift(-1).over("equipment")).then(pl.col("time").shift(-1).over("equipment"))
    values = ordered.with_columns(lost=lost).filter(good)
    back = pl.col("time").shift(-1).over("equipment")
    bridges = pl.col("lost").is_not_null() & ((back - pl.col("lost")) <= pl.col("hold_for")).fill_null(value=False)
    moved = bridges & pl.col("middle") & (pl.col("raw") != pl.col("raw").shift(-1).over("equipment"))
    turn = pl.when(moved).then(pl.col("lost") + (back - pl.col("lost")) / 2)
    return (
        values.with_columns(
            turn=turn.shift().over("equipment"), held=pl.when(~bridges).then(pl.col("lost") + pl.col("hold_for"))
        )
        .with_columns(start=pl.coalesce("turn", "time"))
        .with_columns(next=pl.col("start").shift(-1).over("equipment"))
    )


def _held(values: pl.DataFrame, lasting: pl.DataFrame) -> pl.DataFrame:
    """Bound what lasting gaps of the ledger bound, and give the instants at which the raw value changes.

    result   equipment: str   start: datetime[us, UTC]   raw: str (null: nobody knows)
    """
    ends = pl.col("held")
    if not lasting.is_empty():
        gaps = lasting.select("equipment", gap="start", gap_end="end")
        later = lasting.select("equipment", after="start")
        values = values.join_asof(
            gaps, left_on="time", right_on="gap", by="equipment", check_sortedness=False
        ).join_asof(
            later,
            left_on="time",
            right_on="after",
            by="equipment",
            strategy="forward",
            allow_exact_matches=False,
            check_sortedness=False,
        )
        inside = pl.col("gap_end") - pl.col("time") > pl.col("hold_for")
        ends = pl.min_horizontal(
            "held",
            pl.when(inside).then(pl.col("time") + pl.col("hold_for")).otherwise(pl.col("after") + pl.col("hold_for")),
        )
    lost = values.with_columns(end=ends).filter(
        pl.col("end").is_not_null() & (pl.col("end") < pl.col("next")).fill_null(value=True)
    )
    return pl.concat(
        [
            values.select("equipment", "start", "raw"),
            lost.select("equipment", start="end", raw=pl.lit(None, pl.String)),
        ]
    )


def _mapped(changes: pl.DataFrame, machines: Sequence[Machine]) -> pl.DataFrame:
    """Add the state that each raw value means."""
    states = pl.DataFrame(
        [(m.equipment, raw, state.value) for m in machines for raw, state in m.states.items()],
        schema={"equipment": pl.String, "raw": pl.String, "state": pl.String},
        orient="row",
    )
    return changes.join(states, on=["equipment", "raw"], how="left").with_columns(pl.col("state").fill_null(UNKNOWN))


def _cut(changes: pl.DataFrame, about: pl.DataFrame, start: datetime, end: datetime) -> pl.DataFrame:
    """Give the spans between the changes, within [start, end) and before each machine's `until`."""
    unseen = about.select("equipment", start=pl.lit(_DAWN, MOMENT), raw=pl.lit(None, pl.String), state=pl.lit(UNKNOWN))
    stops = about.select("equipment", stop=pl.min_horizontal("until", pl.lit(end, MOMENT)))
    ordered = (
        pl.concat([unseen, changes.select(unseen.columns)])
        .join(stops, on="equipment", how="inner")
        .filter(pl.col("start") < pl.col("stop"))
        .sort("equipment", "start", maintain_order=True)
        .with_columns(pl.col("start").clip(lower_bound=pl.lit(start, MOMENT)))
    )
    following = pl.col("start").shift(-1).over("equipment")
    kept = ordered.filter((following != pl.col("start")).fill_null(value=True))
    fresh = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift()) for name in ("equipment", "state", "raw"))
    return (
        kept.filter(fresh)
        .with_columns(end=pl.coalesce(pl.col("start").shift(-1).over("equipment"), "stop"))
        .select(SPANS.names())
    )
