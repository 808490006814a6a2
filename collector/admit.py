"""What is accepted as a sample. Pure: no clock, no file, no log.

`admit` takes a batch as a source gave it and tells every row's fate: it becomes a sample, or a refusal that says
why and what to do. No row is in both, none in neither, and both keep the order of the batch.

A row is refused, by the first of these that holds, when

1. its signal is none of the park's;
2. it has no time of its own, or none of arrival;
3. its time lies before the first plausible year, or further ahead of its arrival than a clock may be wrong;
4. more than one of its value columns is set;
5. its value does not fit the declared type: `float` takes floats and whole numbers; `int` takes whole numbers, also
   from a float column, within 64 bits; `bool` takes booleans and the whole numbers 0 and 1; `text` takes text;
6. its value is not finite, or is not after scaling;
7. it is an `int` that scale and offset make fractional, or bigger than a float can count exactly (2^53).

An admitted row has its value in the one column of its declared type, `raw * scale + offset`. An `int` whose scale is 1
and whose offset is 0 is passed on as it is, all 64 bits of it. Good values outside [low, high] become
UNCERTAIN_RANGE and are kept. A row whose status is Bad has no value, whatever came with it (OPC 10000-4, 7.39.1: it is
not usable), so a bad row is never refused for its value; a row that is not Bad and has no value becomes BAD_NO_DATA.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import IntEnum, auto
from functools import cache
from typing import Final

import polars as pl

from adapters.sample import INSTANT, SAMPLES, VALUE_TYPES, Status, is_bad, is_good
from collector.letter import LETTERS, written
from collector.park import Signal
from collector.settings import AdmitSettings

_TABLE: Final = pl.Schema(
    {
        "signal": pl.String(),
        "type": pl.Enum(VALUE_TYPES),
        "scale": pl.Float64(),
        "offset": pl.Float64(),
        "low": pl.Float64(),
        "high": pl.Float64(),
        "address": pl.String(),
    }
)

_INT64_END: Final = 2.0**63
"""The least float above every 64-bit integer."""

_EXACT: Final = 2.0**53
"""Up to here every whole number is a float of its own."""

_WHOLE: Final = 1e-9
"""How far from a whole number a scaled integer may lie, relative to its size: 70 * 0.1 is 7.000000000000001."""

_MINUTE: Final = timedelta(minutes=1)
"""What is allowed for a clock that is behind is rounded up to this, so that there are few different rules."""

_AS_IT_CAME: Final = frozenset({"signal", "time", "received"})
"""Columns of a sample that admission leaves alone."""

_AS_WRITTEN: Final = pl.QueryOptFlags.none()
"""The optimiser would cost more than it saves on a batch."""


class _Fate(IntEnum):
    """Why a row is refused; the order is the order in which it is asked."""

    STRANGER = auto()
    NO_TIME = auto()
    NO_ARRIVAL = auto()
    TOO_OLD = auto()
    TOO_FAR_AHEAD = auto()
    TWO_VALUES = auto()
    TYPE = auto()
    NOT_FINITE = auto()
    NOT_WHOLE = auto()
    TOO_BIG = auto()


@dataclass(frozen=True, slots=True)
class Rules:
    """What the park's signals may deliver."""

    table: pl.DataFrame
    """One row per signal: path, type, scale, offset, valid range, and its address as a dead letter shows it."""

    ahead: timedelta
    """How far a sample's time may lie after its arrival."""

    oldest: datetime
    """First plausible source time, UTC."""

    def allowing(self, more: timedelta) -> "Rules":
        """Give the rules for a collector whose own clock may make good samples seem to be ahead by so much."""
        return self if not more else replace(self, ahead=self.ahead + timedelta(minutes=-(-more // _MINUTE)))


@dataclass(frozen=True, slots=True)
class Admitted:
    """A batch, told apart."""

    samples: pl.DataFrame
    """Columns of `adapters.sample.SAMPLES`, in the order they came."""

    refusals: pl.DataFrame
    """Columns of `collector.letter.LETTERS`, in the order they came; each holds the sample as it was decoded."""


def rules_of(signals: Iterable[Signal], settings: AdmitSettings) -> Rules:
    """Make the rules that hold for `signals`."""
    rows = [(s.path, s.type, s.scale, s.offset, s.low, s.high, _address(s)) for s in signals]
    table = pl.DataFrame(rows, schema=_TABLE, orient="row")
    return Rules(table, settings.ahead, datetime(settings.oldest, 1, 1, tzinfo=UTC))


def admit(source: str, samples: pl.DataFrame, rules: Rules) -> Admitted:
    """Tell apart what `source` delivered: columns of `adapters.sample.SAMPLES`, in any state."""
    judged = (
        samples.lazy()
        .join(rules.table.lazy(), on="signal", how="left", maintain_order="left")
        .with_columns(bad=is_bad(pl.col("status")).fill_null(value=False), whole=_whole())
        .with_columns(number=_number())
        .with_columns(_fate(rules.ahead, rules.oldest).alias("fate"), *_sample())
        .collect(engine="in-memory", optimizations=_AS_WRITTEN)
    )
    refused = judged["fate"].is_not_null()
    if not refused.any():
        return Admitted(_kept(judged), pl.DataFrame(schema=LETTERS))
    wrong = judged.filter(refused)
    letters = wrong.with_columns(written(wrong)).select(_refusal(source, rules.ahead, rules.oldest))
    return Admitted(_kept(judged.filter(~refused)), letters)


def _kept(judged: pl.DataFrame) -> pl.DataFrame:
    return pl.DataFrame([judged[name if name in _AS_IT_CAME else f"kept {name}"].alias(name) for name in SAMPLES])


def _address(signal: Signal) -> str:
    """Give the topic, node or item: the first key of every address model."""
    return str(next(iter(signal.address.model_dump().values()), ""))


def _whole() -> pl.Expr:
    """The value as a 64-bit integer, exactly; null where it is none."""
    real = pl.col("float")
    fits = real.is_finite() & (real.floor() == real) & (real >= -_INT64_END) & (real < _INT64_END)
    return pl.coalesce("int", pl.when(fits).then(real).cast(pl.Int64))


def _number() -> pl.Expr:
    """The value as a float, scaled; null where it is no number."""
    return pl.coalesce("float", pl.col("int").cast(pl.Float64)) * pl.col("scale") + pl.col("offset")


def _scaled() -> pl.Expr:
    return (pl.col("scale") != 1.0) | (pl.col("offset") != 0.0)


# Making an expression costs as much as running it over a thousand rows: each is made once.
@cache
def _fate(ahead: timedelta, oldest: datetime) -> pl.Expr:
    declared, number, whole = pl.col("type"), pl.col("number"), pl.col("whole")
    has = {value_type: pl.col(value_type).is_not_null() for value_type in VALUE_TYPES}
    fits = {
        "float": has["float"] | has["int"],
        "int": whole.is_not_null(),
        "bool": has["bool"] | whole.is_in([0, 1]).fill_null(value=False),
        "text": has["text"],
    }
    # Not finite is told before the type: "inf is no whole number" would send people to the wrong key.
    numeric = declared.is_in(["float", "int"])
    infinite = numeric & (~pl.col("float").is_finite() | ~number.is_finite()).fill_null(value=False)
    scaled_int = (declared == "int") & _scaled()
    because = (
        (declared.is_null(), _Fate.STRANGER),
        (pl.col("time").is_null(), _Fate.NO_TIME),
        (pl.col("received").is_null(), _Fate.NO_ARRIVAL),
        (pl.col("time") < pl.lit(oldest, dtype=INSTANT), _Fate.TOO_OLD),
        (pl.col("time") > pl.col("received") + ahead, _Fate.TOO_FAR_AHEAD),
        (pl.col("bad"), None),
        (pl.sum_horizontal(has.values()) > 1, _Fate.TWO_VALUES),
        (~pl.any_horizontal(has.values()), None),
        (infinite, _Fate.NOT_FINITE),
        *((~fit & (declared == value_type), _Fate.TYPE) for value_type, fit in fits.items()),
        (scaled_int & ((number - number.round()).abs() > _WHOLE * number.abs().clip(1.0)), _Fate.NOT_WHOLE),
        (scaled_int & (number.abs() > _EXACT), _Fate.TOO_BIG),
    )
    fate: pl.Expr = pl.lit(None, dtype=pl.UInt8)
    for holds, why in reversed(because):
        fate = pl.when(holds).then(pl.lit(None if why is None else int(why), dtype=pl.UInt8)).otherwise(fate)
    return fate


@cache
def _sample() -> list[pl.Expr]:
    """The columns of a sample that judging may change, each named `kept` and its name."""
    declared, number, status = pl.col("type"), pl.col("number"), pl.col("status").fill_null(int(Status.GOOD))
    valued = pl.any_horizontal(pl.col(value_type).is_not_null() for value_type in VALUE_TYPES) & ~pl.col("bad")
    whole = pl.when(_scaled()).then(number.round()).cast(pl.Int64, strict=False)
    outside = ((number < pl.col("low")) | (number > pl.col("high"))).fill_null(value=False)
    values = {
        "float": number,
        "int": pl.when(_scaled()).then(whole).otherwise(pl.col("whole")),
        "bool": pl.coalesce("bool", pl.col("whole") == 1),
        "text": pl.col("text"),
    }
    return [
        *(pl.when(valued & (declared == name)).then(value).alias(f"kept {name}") for name, value in values.items()),
        pl.when(~valued & ~is_bad(status))
        .then(pl.lit(int(Status.BAD_NO_DATA), dtype=pl.UInt32))
        .when(valued & outside & is_good(status) & declared.is_in(["float", "int"]))
        .then(pl.lit(int(Status.UNCERTAIN_RANGE), dtype=pl.UInt32))
        .otherwise(status)
        .alias("kept status"),
    ]


@cache
def _refusal(source: str, ahead: timedelta, oldest: datetime) -> list[pl.Expr]:
    came = pl.coalesce(
        *(pl.when(pl.col(name).is_not_null()).then(pl.lit(name)) for name in VALUE_TYPES), pl.lit("nothing")
    )
    minutes = f"{ahead.total_seconds() / 60:g} min"
    texts = {
        _Fate.STRANGER: pl.format(
            "the park has no signal {}; add it to the line file, or take it out of the source",
            pl.col("signal").fill_null("without a path"),
        ),
        _Fate.NO_TIME: pl.lit("has no time; let the source take the time of arrival"),
        _Fate.NO_ARRIVAL: pl.lit("has no time of arrival; this is a defect of the source's adapter"),
        _Fate.TOO_OLD: pl.format(
            "its time {} is not plausible: set the machine's clock, or lower `admit: oldest:` in parkline.yaml",
            pl.col("time").dt.to_string("iso:strict"),
        ),
        _Fate.TOO_FAR_AHEAD: pl.format(
            "its time {} lies more than " + minutes + " after its arrival {}: set the machine's clock, or raise"
            " `admit: ahead:` in parkline.yaml",
            pl.col("time").dt.to_string("iso:strict"),
            pl.col("received").dt.to_string("iso:strict"),
        ),
        _Fate.TWO_VALUES: pl.lit("has more than one value; this is a defect of the source's adapter"),
        _Fate.TYPE: pl.format(
            "declared `type: {}`, but {} came; if the machine is right, change `type` in the line file",
            pl.col("type").cast(pl.String),
            came,
        ),
        _Fate.NOT_FINITE: pl.lit("is not a finite number; mend the machine's program, or its scale in the line file"),
        _Fate.NOT_WHOLE: pl.lit(
            "declared `type: int`, but scale and offset make it no whole number; declare `type: float` in the line file"
        ),
        _Fate.TOO_BIG: pl.lit(
            "declared `type: int`, but scaled it is beyond 2^53 and would not be exact; leave out scale and offset, or"
            " declare `type: float`"
        ),
    }
    reason: pl.Expr = pl.lit("")
    for why, text in texts.items():
        reason = pl.when(pl.col("fate") == int(why)).then(text).otherwise(reason)
    return [
        pl.lit(source).alias("source"),
        pl.col("address").fill_null(""),
        pl.col("signal"),
        pl.col("payload"),
        reason.alias("reason"),
        pl.coalesce("received", "time", pl.lit(oldest, dtype=INSTANT)).alias("received"),
        pl.lit("sample").alias("form"),
        pl.col("time"),
    ]
