"""Reasons: why machines stood, as people, signals and alarms say it.

A stop is a whole stretch of the states idle, unplanned_stop, planned_stop and off, whatever raw values it has. Setup is
none: it is work, and its raw value says which. Production, setup and unknown time end a stop. The first of these that
says something about a stop counts:

    person    what people said about a part of it, or all; of two who said something the later counts, and an empty
              reason takes back what was said before
    signal    a signal of role `reason`: the last value that says something of those reported while the stop lasted,
              else the value that held when it began; for all of the stop
    alarm     a condition signal whose `reasons` lists the code: the first alarm that was active when the stop began,
              else the first raised within `ALARM_DELAY` after it, while it lasted; for all of the stop
    state     `reasons` of the state signal, by raw value, or `When.reason` of the rule that held; for the span

- A value of the reason signal that its `reasons` does not list is shown as it is, unless it is empty, 0 or false: these
  say that there is no reason. A value with Bad status says nothing, too. Of several reports at one instant the last
  counts.
- Alarm codes that are not listed are no reasons: what they warn of need not stop the machine. Conditions begin and end
  as `faults.conditions` tells: by native code, or by value where the signal declares `conditions`. What was active
  before the samples is known by the last report of each signal.
- A reason holds for all of its stop, so the spans and the samples given reach beyond what is asked for by `REACH` on
  both sides: that is how far a stop across the edge is followed.

    spans       `spans.SPANS`
    samples     `adapters.sample.SAMPLES`, sorted by signal and time, as far as the spans reach
    earlier     the last sample of each signal before those
    persons     `PERSONS`, in the order in which it was said
    result      `STOP_REASONS`, by equipment and start; stops of which nothing says why have no row
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import polars as pl

from adapters.sample import VALUE_TYPES, is_bad
from analytics.overlay import joined, overlay
from analytics.spans import MOMENT, as_text
from collector.park import ConditionLevel, Equipment, EquipmentState, Signal, SignalRole
from collector.staterules import ByExpression

PERSONS: Final = pl.Schema({"equipment": pl.String(), "start": MOMENT, "end": MOMENT, "reason": pl.String()})
"""Columns of what people said: [start, end) of a machine had this reason."""

STOP_REASONS: Final = pl.Schema(
    {"equipment": pl.String(), "start": MOMENT, "end": MOMENT, "reason": pl.String(), "by": pl.String()}
)
"""Columns of stop reasons: path of the machine, [start, end) in UTC, the reason (a code of the park's `stop_reasons`,
or a raw value), and what said it: `person`, `signal`, `alarm` or `state`."""

REACH: Final = timedelta(hours=8)
"""How far beyond what is asked for a stop is followed: about a shift."""

ALARM_DELAY: Final = timedelta(seconds=10)
"""How long after the beginning of a stop an alarm may be raised and still be its reason."""

STANDING: Final = tuple(
    state.value
    for state in (
        EquipmentState.IDLE,
        EquipmentState.UNPLANNED_STOP,
        EquipmentState.PLANNED_STOP,
        EquipmentState.OFF,
    )
)
"""The states that make a stop."""

_NOTHING: Final = ("", "0", "false")
"""Raw values of a reason signal that say there is no reason, where they are not mapped."""

_NORMAL: Final = ConditionLevel.NORMAL.value
_FIELDS: Final = 5
_FOREVER: Final = datetime(2262, 1, 1, tzinfo=UTC)
"""Where an alarm that lasts is taken to end."""


def stop_reasons(
    spans: pl.DataFrame,
    samples: pl.LazyFrame,
    earlier: pl.DataFrame,
    persons: pl.DataFrame,
    machines: Sequence[Equipment],
) -> pl.DataFrame:
    """Give why `machines` stood, as the module tells."""
    standing = _standing(spans)
    stops = standing.group_by("stop").agg(pl.col("equipment", "start").first(), pl.col("end").last())
    signals = [one for machine in machines if (one := machine.of_role(SignalRole.REASON)) is not None]
    conditions = [s for m in machines for s in m.signals if s.role is SignalRole.CONDITION and s.reasons]
    reports = _reports(samples, earlier, [*signals, *conditions])
    by_stop = stops.sort("start").pipe(_by_signal, reports, signals).pipe(_by_alarm, _alarms(reports, conditions))
    base = (
        standing.join(by_stop.select("stop", "signal", "alarm"), on="stop", how="left")
        .join(_state_reasons(machines), on=["equipment", "raw"], how="left")
        .select("equipment", "start", "end", "signal", "alarm", "by_state")
    )
    told = overlay(base, _said(persons))
    sources = {"person": pl.col("person"), "signal": pl.col("signal"), "alarm": pl.col("alarm")}
    sources["state"] = pl.col("by_state")
    by = pl.coalesce(pl.when(source.is_not_null()).then(pl.lit(name)) for name, source in sources.items())
    found = told.select("equipment", "start", "end", reason=pl.coalesce(sources.values()), by=by)
    return joined(found.filter(pl.col("reason").is_not_null()))


def _standing(spans: pl.DataFrame) -> pl.DataFrame:
    """Give the spans of stops, by equipment and start, with the number of their `stop`."""
    ordered = spans.filter((pl.col("start") < pl.col("end")) & pl.col("state").is_in(STANDING))
    fresh = pl.any_horizontal(
        pl.col("equipment").ne_missing(pl.col("equipment").shift()),
        pl.col("start").ne_missing(pl.col("end").shift()),
    )
    return ordered.sort("equipment", "start").with_columns(stop=fresh.cum_sum())


def _reports(samples: pl.LazyFrame, earlier: pl.DataFrame, signals: Sequence[Signal]) -> pl.DataFrame:
    """Give the changes of these signals, by signal and time.

    result   signal, equipment: str   time: datetime[us, UTC]   raw: str (null: Bad)
    """
    types = [kind for kind in VALUE_TYPES if any(signal.type == kind for signal in signals)] or ["text"]
    paths = sorted({signal.path for signal in signals})
    if not paths:  # spares a look through all samples
        samples = earlier.lazy()
    raw = pl.when(~is_bad(pl.col("status"))).then(as_text(tuple(types)))

    def read(frame: pl.LazyFrame) -> pl.DataFrame:
        about = frame.filter(pl.col("signal").is_in(paths)).select("signal", "time", *types, "status")
        return about.filter(_differs("signal", *types, "status")).select("signal", "time", raw=raw).collect()

    both = pl.concat([read(earlier.lazy()), read(samples)]).sort("signal", "time", maintain_order=True)
    return both.select(
        "signal",
        pl.col("signal").str.replace(r"/[^/]*$", "").alias("equipment"),
        pl.col("time").dt.cast_time_unit("us"),
        "raw",
    )


def _differs(*columns: str) -> pl.Expr:
    """Tell whether a row differs from the one before it."""
    return pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift()) for name in columns)


def _reasons(signals: Sequence[Signal]) -> pl.DataFrame:
    """What signals map raw values or codes to: columns `signal`, `raw`, `reason`, and `rank` in their order."""
    rows = [(signal.path, raw, reason) for signal in signals for raw, reason in signal.reasons.items()]
    schema = {"signal": pl.String, "raw": pl.String, "reason": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row").with_row_index("rank")


def _by_signal(stops: pl.DataFrame, reports: pl.DataFrame, signals: Sequence[Signal]) -> pl.DataFrame:
    """Add to each stop what its machine's reason signal says: column `signal`, null: nothing."""
    last = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift(-1)) for name in ("signal", "time"))
    shown = pl.when(~pl.col("raw").is_in(_NOTHING)).then("raw")
    values = (
        reports.filter(pl.col("signal").is_in([signal.path for signal in signals]))
        .filter(last)
        .join(_reasons(signals), on=["signal", "raw"], how="left")
        .select("equipment", "time", says=pl.coalesce("reason", shown))
        .sort("time")
    )
    held = stops.sort("start").join_asof(
        values.select("equipment", "time", held="says"),
        left_on="start",
        right_on="time",
        by="equipment",
        check_sortedness=False,
    )
    reported = held.sort("end").join_asof(
        values.filter(pl.col("says").is_not_null()).select("equipment", "says", at="time"),
        left_on="end",
        right_on="at",
        by="equipment",
        allow_exact_matches=False,
        coalesce=False,
        check_sortedness=False,
    )
    during = (pl.col("at") >= pl.col("start")).fill_null(value=False)
    return reported.select(stops.columns, signal=pl.when(during).then("says").otherwise("held"))


def _by_alarm(stops: pl.DataFrame, alarms: pl.DataFrame) -> pl.DataFrame:
    """Add to each stop the reason of its first alarm: column `alarm`, null: none."""
    began = alarms.sort("begin")
    reach = pl.col("until").cum_max().shift().over("equipment")
    first = (
        began.with_columns(since=pl.max_horizontal("begin", reach))
        .filter(pl.col("until") > pl.col("since"))
        .select("equipment", "since", "until", active="reason")
        .sort("since")
    )
    found = stops.sort("start").join_asof(
        first, left_on="start", right_on="since", by="equipment", check_sortedness=False
    )
    raised = found.join_asof(
        began.select("equipment", "begin", raised="reason"),
        left_on="start",
        right_on="begin",
        by="equipment",
        strategy="forward",
        tolerance=ALARM_DELAY,
        coalesce=False,
        check_sortedness=False,
    )
    active = pl.when(pl.col("until") > pl.col("start")).then("active")
    soon = pl.when(pl.col("begin") < pl.col("end")).then("raised")
    return raised.select(stops.columns, alarm=pl.coalesce(active, soon))


def _alarms(reports: pl.DataFrame, conditions: Sequence[Signal]) -> pl.DataFrame:
    """Give when the alarms were active whose codes say why machines stand.

    result   equipment, reason: str   begin, until: datetime[us, UTC]   in the order in which they are configured
    """
    codes = _reasons(conditions)
    declared = [signal for signal in conditions if signal.conditions]
    plain = [signal.path for signal in conditions if not signal.conditions]
    good = reports.filter(pl.col("raw").is_not_null())
    by_value = _by_value(good, declared).join(codes, on=["signal", "raw"], how="inner")
    by_code = _by_code(good.filter(pl.col("signal").is_in(plain)), codes)
    columns = ["rank", "equipment", "reason", "begin", "until"]
    alarms = pl.concat([by_value.select(columns), by_code.select(columns)])
    return alarms.filter(pl.col("begin") < pl.col("until")).sort("rank", "begin").drop("rank")


def _by_value(reports: pl.DataFrame, declared: Sequence[Signal]) -> pl.DataFrame:
    """Give when values that mean warning or fault held, of signals that declare `conditions`."""
    rows = [(signal.path, raw, level.value) for signal in declared for raw, level in signal.conditions.items()]
    levels = pl.DataFrame(rows, schema={"signal": pl.String, "raw": pl.String, "level": pl.String}, orient="row")
    known = reports.join(levels, on=["signal", "raw"], how="inner", maintain_order="left")
    changes = known.filter(_differs("signal", "raw"))
    until = pl.col("time").shift(-1).over("signal").fill_null(_FOREVER)
    return changes.with_columns(begin="time", until=until).filter(pl.col("level") != _NORMAL)


def _by_code(reports: pl.DataFrame, codes: pl.DataFrame) -> pl.DataFrame:
    """Give when native codes were active, of signals with MTConnect reports."""
    field = pl.col("raw").str.splitn("|", _FIELDS)
    names = [f"field_{number}" for number in range(_FIELDS)]
    fields = reports.with_row_index("row").with_columns(field.struct.rename_fields(names).alias("fields"))
    said = fields.unnest("fields").select(
        "row",
        "signal",
        "equipment",
        "time",
        level=pl.col("field_0").str.strip_chars().str.to_lowercase(),
        code=pl.col("field_1").fill_null("").str.strip_chars(),
        text=pl.col("field_4").fill_null("").str.strip_chars(),
    )
    normal = pl.col("level") == _NORMAL
    known = said.filter(pl.col("level").is_in([level.value for level in ConditionLevel])).with_columns(
        raw=pl.when(normal | (pl.col("code") != "")).then("code").otherwise("text")
    )
    every = normal & (pl.col("code") == "")
    one = known.filter(~every).join(codes, on=["signal", "raw"], how="inner")
    raised = one.filter(~normal).select("signal", "raw", "rank", "reason").unique()
    all_ = known.filter(every).drop("raw").join(raised, on="signal", how="inner")
    events = pl.concat([one, all_.select(one.columns)]).sort("rank", "row").with_columns(on=~normal)
    changes = events.filter(_differs("rank", "on"))
    until = pl.col("time").shift(-1).over("rank").fill_null(_FOREVER)
    return changes.with_columns(begin="time", until=until).filter("on")


def _state_reasons(machines: Sequence[Equipment]) -> pl.DataFrame:
    """What the raw values of states are mapped to: columns `equipment`, `raw`, `by_state`."""
    rows: list[tuple[str, str, str]] = []
    for machine in machines:
        if isinstance(machine.state_from, ByExpression):
            told = enumerate(machine.state_from.rules, start=1)
            rows += [(machine.path, str(number), rule.reason) for number, rule in told if rule.reason]
        elif machine.state_from is None and machine.state is not None:
            rows += [(machine.path, raw, reason) for raw, reason in machine.state.reasons.items()]
    schema = {"equipment": pl.String, "raw": pl.String, "by_state": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _said(persons: pl.DataFrame) -> pl.DataFrame:
    """Give what people said so that nothing overlaps: of two who said something of one time, the later counts."""
    rows = persons.with_row_index("order").filter(pl.col("start") < pl.col("end"))
    instants = pl.concat([rows.select("equipment", at=edge) for edge in ("start", "end")]).unique()
    pieces = instants.sort("equipment", "at").with_columns(next=pl.col("at").shift(-1).over("equipment"))
    return (
        pieces.join(rows, on="equipment", how="inner")
        .filter((pl.col("start") <= pl.col("at")) & (pl.col("at") < pl.col("end")))
        .group_by("equipment", "at", "next")
        .agg(pl.col("reason").sort_by("order").last())
        .filter(pl.col("reason") != "")
        .select("equipment", start="at", end="next", person="reason")
    )
