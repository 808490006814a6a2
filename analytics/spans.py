"""Spans: what a machine did, from the reports of its state signal, or of the signals that its rule tells it by.

A reported value holds until the next report. Where reports may be missing it is bridged, and where it cannot be bridged
the state becomes `unknown`, never idle:

    report      A            B             bad                            C
    time   ─────┬────────────┬──────────────┬──────────────┬──────────────┬─────
    span        │A           │B             │B             │unknown       │C
                                            └── hold_for ──┘

- A report whose status is not Good begins a gap that lasts until the next report with a value: Bad (MTConnect
  UNAVAILABLE, JSON null), and Uncertain, which a source gives to what may be wrong and parkline to what lies outside
  `low` and `high`. A gap no longer than `hold_for` is bridged with the value before it. A longer one keeps that value
  for `hold_for` and has none from there to its end. Such reports inside it change nothing.
- A gap of the ledger (the link was lost, samples may be missing) is treated alike: the value before it, or a report
  inside it, is held for `hold_for` at most while the gap lasts, then there is none until the next report, also beyond
  the gap's end. One that leaves no such stretch is bridged to its end and beyond. Gaps that were filled are none; the
  caller leaves them out.
- `bridge: middle` takes the change of value across a bridged gap of status to lie in the gap's middle, where `bridge:
  before` (the default) takes it to lie at its end. The middle errs half as much, and evens out; the end never
  revises what was already told while the gap lasted.
- A raw value that is not mapped is `unknown`, and keeps its raw text.
- Before its first report a machine is `unknown`. Of several reports of a signal at one instant the last counts.

Where a rule (`state_from`) looks at several signals, each is bridged by itself, with the gaps of its own source, and
what one says is never held by reports of another. `analytics.states` tells what each rule makes of them.

Spans of one machine do not overlap, follow each other without a hole and cover [start, min(end, until)). Two that
touch differ in state or raw value. What lies at or after `until` is not known yet, and has no span.

    samples     columns of `adapters.sample.SAMPLES`, by signal and time, of every signal in `signals_of`, from
                `lookback` before `start` to `lookback` after `end`; other signals may be among them
    earlier     the last sample of each of these signals before those
    gaps        `GAPS`; `end` null while a gap lasts
    result      `SPANS`, by equipment and start
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import polars as pl

from analytics.states import holding
from analytics.states.catalogue import read_for, rule_of
from analytics.states.contract import MOMENT, STATES, UNKNOWN, Machine, Rule
from analytics.states.reports import as_text
from collector.park import Equipment, Signal

__all__ = ["GAPS", "MOMENT", "SPANS", "UNKNOWN", "Machine", "as_text", "lookback", "signals_of", "spans"]

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
as text (null where no value holds): the state signal's value, or what the rule says of it."""

GAPS: Final = pl.Schema({"equipment": pl.String(), "signal": pl.String(), "start": MOMENT, "end": MOMENT})
"""Columns of the gaps that concern machines' state inputs: machine, input, [start, end) in UTC."""

_DAWN: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Before every report."""


def signals_of(equipment: Equipment) -> tuple[Signal, ...]:
    """Give the signals that must be read for the states of a machine; none where nothing tells its state."""
    return read_for(equipment)


def lookback(equipment: Equipment) -> timedelta:
    """Give how far before and after an interval samples must be read for the states within it to be right."""
    return equipment.hold_for + rule_of(equipment).memory(equipment)


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
    by_rule: dict[Rule, list[Machine]] = {}
    for machine in told:
        by_rule.setdefault(rule_of(machine.configured), []).append(machine)
    states = [
        _states(rule, samples if len(by_rule) == 1 else _only(samples, some), _only(earlier.lazy(), some), gaps, some)
        for rule, some in by_rule.items()
    ]
    return _cut(pl.concat([pl.DataFrame(schema=STATES), *states]), told, start, end)


def _only(samples: pl.LazyFrame, machines: Sequence[Machine]) -> pl.LazyFrame:
    """Give the samples that these machines' states are told from."""
    signals = [signal.path for machine in machines for signal in signals_of(machine.configured)]
    return samples.filter(pl.col("signal").is_in(pl.Series(signals, dtype=pl.String).implode()))


def _states(
    rule: Rule, samples: pl.LazyFrame, earlier: pl.LazyFrame, gaps: pl.DataFrame, machines: Sequence[Machine]
) -> pl.DataFrame:
    """Give when states of machines of one rule begin; columns of `STATES`."""
    about = holding.inputs(machines)
    lasting = holding.lasting(gaps, about)
    watched = pl.concat([rule.watched(some, lasting, machines).collect() for some in (earlier, samples)])
    reports = rule.reports(holding.last_of_instant(watched), lasting, machines)
    return rule.states(holding.began(reports, lasting, about, rule.values), machines)


def _cut(changes: pl.DataFrame, machines: Sequence[Machine], start: datetime, end: datetime) -> pl.DataFrame:
    """Give the spans between the changes, within [start, end) and before each machine's `until`."""
    about = pl.DataFrame(
        [(machine.equipment, machine.until) for machine in machines],
        schema={"equipment": pl.String, "until": MOMENT},
        orient="row",
    )
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
