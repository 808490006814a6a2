"""Counters: what was counted between two readings of a cumulative counter.

A reading is a sample of a counter (`total_count`, `good_count`, `reject_count`, `rework_count`, `energy`) that has a
number. Bad samples are none, of several at one instant the last one counts, and below 0 nothing is counted either. A
step is a reading that differs from the one before it; it depends on these two readings and on nothing else, so the
steps of a year are those of its days.

    from a to b                                                      kind          counts
    no reading before                                                first         0
    b > a                                                            count         b - a
    b < a, `width` declared, and over the top it is less than
        half of it                                                   roll_over     width - a + b
    b < a by less than a tenth of a                                  correction    b - a, which is negative
    b < a by more: it began again at 0                               reset         b
    any of these, but nobody makes so many parts in that time        replaced      0

- `correction` is an old reading that came again (MQTT redelivers; a reading without a time of its own is then dated
  late), a counter that somebody set back by the parts he took out, or one preset after an exchange to what was noted.
  Whatever an old reading takes away, the next one gives back: over both, the counter is right. In a window that ends
  between the two the sum can be negative.
- `replaced` is another PLC or a counter set by hand: more parts than ten times what the machine's shortest ideal
  cycle allows since the reading before, or in an hour where that is nearer. The reading is a new base. Without an ideal
  cycle, and for energy, nothing is too much.
- `width` is in raw values: a counter of 65536 values whose `scale` is 2 rolls over at 131072. A signed counter
  (32767, -32768) is read modulo its width. `offset` is taken off before: a counter begins again at its `offset`.
- A machine's first signal of a role is its counter. Readings are f64: an integer beyond 2^53 loses its last digits.

    samples     columns of `adapters.sample.SAMPLES`, sorted by signal and time
    earlier     the last reading of each signal before those, in any order (other rows in it are passed over: where a
                signal's last sample is Bad, the last with a value is needed, or its base is lost)
    result      `STEPS`, by signal and time; the first row of a signal is its `earlier` reading, of kind `first`
"""

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import polars as pl

from adapters.sample import is_bad
from analytics.spans import MOMENT
from collector.park import Equipment, Signal, SignalRole

STEPS: Final = pl.Schema(
    {
        "equipment": pl.String(),
        "signal": pl.String(),
        "role": pl.String(),
        "time": MOMENT,
        "before": pl.Float64(),
        "value": pl.Float64(),
        "delta": pl.Float64(),
        "kind": pl.String(),
    }
)
"""Columns of steps: path of the machine, path and role of the signal, when (UTC), the reading before (null: none) and
the reading, as stored, what it counts (all three in the signal's unit), and the kind of step."""

COUNTERS: Final = (
    SignalRole.TOTAL_COUNT,
    SignalRole.GOOD_COUNT,
    SignalRole.REJECT_COUNT,
    SignalRole.REWORK_COUNT,
    SignalRole.ENERGY,
)
"""Roles of cumulative counters whose steps are told."""

_TOO_FAST: Final = 10
"""How many times faster than at the ideal cycle nobody makes parts."""

_AT_ONCE: Final = timedelta(hours=1)
"""Parts of so long may be counted at once: machines tell parts by the batch, and readings of a link that was down
come together."""

_SLIGHT: Final = 0.1
"""A jump back by less than this share is no reset."""

_KINDS: Final = ("first", "count", "roll_over", "correction", "reset", "replaced")
_FIRST, _COUNT, _ROLL_OVER, _CORRECTION, _RESET, _REPLACED = (pl.lit(number, pl.UInt8) for number in range(6))
"""Kinds of steps while they are worked out: numbers are compared and copied faster than names."""

_NUMBERS: Final = ("float", "int")

_JOULE: Final = 1 / 3_600_000
_ENERGY: Final = {"J": _JOULE, "cal": 4.184 * _JOULE, "eV": 1.602176634e-19 * _JOULE, "[Btu]": 1055.05585262 * _JOULE}
_WATT: Final = {"s": _JOULE, "min": 60 * _JOULE, "h": 0.001}
_PREFIX: Final = {"": 1.0, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}


def kilowatt_hours(unit: str) -> float | None:
    """Give how many kW.h one of a UCUM unit is; None for what is no active energy (`V.A.h`, `var.h`)."""
    found = re.fullmatch(r"([kMGTm]?)(?:(J|cal|eV|\[Btu\])|W\.(h|s|min))", unit)
    if found is None:
        return None
    prefix, whole, per = found.groups()
    return _PREFIX[prefix] * (_ENERGY[whole] if whole else _WATT[per])


def counter(machine: Equipment, role: SignalRole) -> Signal | None:
    """Give a machine's counter of a role; None where it has none that counts numbers (energy: active energy)."""
    signal = machine.of_role(role)
    if signal is None or signal.type not in _NUMBERS:
        return None
    return None if role is SignalRole.ENERGY and kilowatt_hours(signal.unit) is None else signal


def steps(samples: pl.LazyFrame, earlier: pl.DataFrame, machines: Sequence[Equipment]) -> pl.DataFrame:
    """Give the steps of the machines' counters, as the module tells."""
    about = _about(machines)
    signals = about["signal"].to_list()
    before = (
        _readings(earlier.lazy(), signals)
        .sort("signal", "time", maintain_order=True)
        .unique("signal", keep="last", maintain_order=True)
    )
    readings = pl.concat([before, _readings(samples, signals)])
    # They come sorted but for what is before, of which a sort that keeps order makes use.
    ordered = (
        readings.join(about.select("number", "signal"), on="signal", how="inner")
        .drop("signal")
        .sort("number", "time", maintain_order=True)
    )
    of_signal = about.drop("number").select(pl.all().gather(ordered["number"]))
    return _told(_paired(_counting(pl.concat([ordered, of_signal], how="horizontal")))).select(STEPS.names())


def _about(machines: Sequence[Equipment]) -> pl.DataFrame:
    """What is configured, one row per counter, numbered in order of path.

    `width` and `base` are in the signal's unit, `cycle` is in seconds. Sorting by number is faster than by path.
    """
    rows = []
    for machine in machines:
        cycles = [cycle for cycle in (machine.ideal_cycle, *machine.products.values()) if cycle]
        shortest = min(cycles).total_seconds() if cycles else None
        for role in COUNTERS:
            signal = counter(machine, role)
            if signal is None:
                continue
            width = None if signal.width is None else signal.width * abs(signal.scale)
            base = signal.offset if signal.scale > 0 else 0.0  # one that counts down towards its offset begins at 0
            cycle = None if role is SignalRole.ENERGY else shortest
            rows.append((signal.path, machine.path, role.value, base, width, cycle))
    names = dict.fromkeys(("signal", "equipment", "role"), pl.String)
    numbers = dict.fromkeys(("base", "width", "cycle"), pl.Float64)
    return pl.DataFrame(sorted(rows), schema={**names, **numbers}, orient="row").with_row_index("number")


def _readings(samples: pl.LazyFrame, signals: Sequence[str]) -> pl.DataFrame:
    """Give the readings that differ from the one before, and the first of each signal.

    This is the one pass over all samples; it does not sort.

        result   signal: str   time: datetime[us, UTC]   value: f64
                 since: time of the reading before, null for the first
    """
    known = pl.Series(signals, dtype=pl.String)
    wanted = pl.col("signal").is_in(known.implode()) & ~is_bad(pl.col("status"))
    value = pl.coalesce("float", pl.col("int").cast(pl.Float64))
    last_at_instant = pl.any_horizontal(pl.col(name) != pl.col(name).shift(-1) for name in ("of", "time"))
    follows = pl.col("of") == pl.col("of").shift()
    return (
        samples.filter(wanted)
        # numbers are compared in a fraction of the time that texts take
        .select("signal", pl.col("time").dt.cast_time_unit("us"), value=value, of=pl.col("signal").hash())
        .filter(pl.col("value").is_finite().fill_null(value=False))
        .filter(last_at_instant.fill_null(value=True))
        .with_columns(since=pl.when(follows).then(pl.col("time").shift()))
        .filter(pl.col("since").is_null() | (pl.col("value") != pl.col("value").shift()))
        .drop("of")
        .collect()
    )


def _counting(readings: pl.DataFrame) -> pl.DataFrame:
    """Add `count`: how far each counter stands from where it begins; rows below that are none."""
    count = pl.col("value") - pl.col("base")
    wrapped = pl.when(pl.col("width").is_not_null()).then(count % pl.col("width")).otherwise(count)
    none = pl.col("count") < 0
    return (
        readings.with_columns(count=wrapped)
        .with_columns(since=pl.when(~none.shift().over("number").fill_null(value=False)).then("since"))
        .filter(~none)
    )


def _paired(readings: pl.DataFrame) -> pl.DataFrame:
    """Add to each reading the one before it, and how long it took; drop what repeats."""
    earlier = readings.with_columns(
        pl.coalesce("since", pl.col("time").shift().over("number")),
        before=pl.col("value").shift().over("number"),
        stood=pl.col("count").shift().over("number"),
    )
    return earlier.filter(pl.col("count").ne_missing(pl.col("stood")))


def _told(pairs: pl.DataFrame) -> pl.DataFrame:
    """Add what each pair of readings counts, and as which kind of step."""
    stood, stands, width = pl.col("stood"), pl.col("count"), pl.col("width")
    elapsed = pl.max_horizontal(pl.col("time") - pl.col("since"), pl.lit(_AT_ONCE)).dt.total_microseconds() / 1e6
    most = _TOO_FAST * elapsed / pl.col("cycle")
    on, over, back = stands - stood, width - stood + stands, stood - stands

    def can_be(parts: pl.Expr) -> pl.Expr:
        return (parts <= most).fill_null(value=True)

    forward = on > 0
    kind = (
        pl.when(stood.is_null())
        .then(_FIRST)
        .when(forward)
        .then(pl.when(can_be(on)).then(_COUNT).otherwise(_REPLACED))
        .when((over < width / 2).fill_null(value=False) & can_be(over))
        .then(_ROLL_OVER)
        .when((back < stood * _SLIGHT) & can_be(back))
        .then(_CORRECTION)
        .when(can_be(stands))
        .then(_RESET)
        .otherwise(_REPLACED)
    )
    counted = ((_COUNT, on), (_ROLL_OVER, over), (_CORRECTION, on), (_RESET, stands))
    deltas = (pl.when(pl.col("kind") == number).then(value) for number, value in counted)
    return (
        pairs.with_columns(kind=kind)
        .with_columns(delta=pl.coalesce(*deltas, 0.0))
        .with_columns(pl.lit(pl.Series(_KINDS)).gather("kind").alias("kind"))
    )
