"""What travels through parkline: samples as columns, never one at a time.

A batch is one Polars frame with the columns of `SAMPLES`. Exactly one of the four value columns is set
in a row that has a value; none is set where the status says that there is no value (Bad). Several
columns instead of one of objects keep each value exact: an energy meter's 2^60 stays an integer.

    signal    str                  path, `factory/line/equipment/signal`
    time      datetime[ns, UTC]    source time: when the machine says it happened
    float     f64                  the value of a `float` signal, finite
    int       i64                  the value of an `int` signal
    bool      bool                 the value of a `bool` signal
    text      str                  the value of a `text` signal
    status    u32                  OPC UA StatusCode (OPC 10000-4, 7.39); 0 is Good
    received  datetime[ns, UTC]    when parkline had it in hand

What cannot become a sample is a row of `REFUSALS`: the input as it came, and why.
"""

from enum import IntEnum
from typing import Final, Literal, TypeAlias

import polars as pl

INSTANT: Final = pl.Datetime("ns", "UTC")
"""The type of every instant on the hot path: UTC, nanoseconds since 1970."""

ValueType: TypeAlias = Literal["float", "int", "bool", "text"]
"""How a signal's values are typed; each is also the name of its column in `SAMPLES`."""

VALUE_TYPES: Final[tuple[ValueType, ...]] = ("float", "int", "bool", "text")
"""The value columns of `SAMPLES`, in their order."""

SAMPLES: Final = pl.Schema(
    {
        "signal": pl.String(),
        "time": INSTANT,
        "float": pl.Float64(),
        "int": pl.Int64(),
        "bool": pl.Boolean(),
        "text": pl.String(),
        "status": pl.UInt32(),
        "received": INSTANT,
    }
)
"""The columns of a batch, in their order."""

REFUSALS: Final = pl.Schema(
    {
        "source": pl.String(),
        "address": pl.String(),
        "signal": pl.String(),
        "payload": pl.Binary(),
        "reason": pl.String(),
        "received": INSTANT,
    }
)
"""The columns of refused inputs: `address` is the topic, node or item as the source names it, `signal` is
null where none is known, `payload` is the input as it came, cut after `PAYLOAD_KEPT` bytes."""

PAYLOAD_KEPT: Final = 64 * 1024
"""How many bytes of a refused payload are kept."""


class Status(IntEnum):
    """The OPC UA status codes that parkline itself gives (OPC 10000-6, annex A.2)."""

    GOOD = 0x0000_0000
    """The value is as the machine measured it."""
    UNCERTAIN = 0x4000_0000
    """The value may be wrong; the source says no more."""
    UNCERTAIN_RANGE = 0x4094_0000
    """UncertainEngineeringUnitsExceeded: outside the signal's valid range."""
    BAD = 0x8000_0000
    """No usable value; the source says no more."""
    BAD_NO_COMMUNICATION = 0x8031_0000
    """BadNoCommunication: the source has lost its machine (MTConnect UNAVAILABLE)."""
    BAD_NO_DATA = 0x809B_0000
    """BadNoData: the source reports that there is no value (JSON null)."""


def is_good(status: pl.Expr) -> pl.Expr:
    """True where the two severity bits of a StatusCode say Good (OPC 10000-4, 7.39.1)."""
    return status < Status.UNCERTAIN


def is_bad(status: pl.Expr) -> pl.Expr:
    """True where the severity bits of a StatusCode say Bad."""
    return status >= Status.BAD


def no_samples() -> pl.DataFrame:
    """Give a batch without rows."""
    return pl.DataFrame(schema=SAMPLES)


def no_refusals() -> pl.DataFrame:
    """Give a frame of refusals without rows."""
    return pl.DataFrame(schema=REFUSALS)
