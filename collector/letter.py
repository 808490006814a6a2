"""What a dead letter holds: an input as its source took it, or a sample. Pure.

    letters   the columns of `adapters.sample.REFUSALS`, and
              form   str                  `input`: the payload is the input as it came, for its source to decode again
                                          `sample`: the payload is a sample as it was decoded, as below
                                          `admitted`: it is one as it was admitted, scaled, which a store refused
              time   datetime[ns, UTC]    the sample's own time; null in an input, whose payload has it or has none

A sample is written as JSON: its value under the name of the type that it came with, and its status.

    {"float":21.5,"status":0}   {"text":"ERR","status":0}   {"float":"NaN","status":0}   {"status":2147483648}

Its times are no part of it, so that the same value refused again makes the same letter.
"""

from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias

import orjson
import polars as pl

from adapters.sample import INSTANT, PAYLOAD_KEPT, REFUSALS, SAMPLES, VALUE_TYPES

Form: TypeAlias = Literal["input", "sample", "admitted"]
"""What the payload of a letter is."""

LETTERS: Final = pl.Schema({**REFUSALS, "form": pl.String(), "time": INSTANT})
"""The columns of letters, in their order."""

_NAMES: Final = {"NaN", "inf", "-inf"}
"""How floats are written that JSON has no number for."""


class NoSampleError(ValueError):
    """A payload is no sample as this module writes it; the text says why."""


def inputs(refusals: pl.DataFrame) -> pl.DataFrame:
    """Give what a source refused (columns of `REFUSALS`) as letters."""
    return refusals.with_columns(form=pl.lit("input"), time=pl.lit(None, INSTANT))


def written(rows: pl.DataFrame) -> pl.Series:
    """Write decoded samples as payloads.

    Args:
        rows: the value columns of `SAMPLES`, and `status`, which may be null; none, one or more values in a row.
    """
    payloads = [
        orjson.dumps({name: _plain(value) for name, value in row.items() if value is not None})[:PAYLOAD_KEPT]
        for row in rows.select(*VALUE_TYPES, "status").iter_rows(named=True)
    ]
    return pl.Series("payload", payloads, dtype=pl.Binary)


def refused_samples(refused: pl.DataFrame, samples: pl.DataFrame) -> pl.DataFrame:
    """Give what a store refused as letters.

    Args:
        refused: columns of `adapters.stores.contract.REFUSED`.
        samples: the batch that it was given, columns of `SAMPLES`.

    Returns:
        Letters that hold the samples; where none has the signal and the time, the store's own payload, as an input.
    """
    last = samples.unique(["signal", "time"], keep="last").select("signal", "time", *VALUE_TYPES, "status")
    found = refused.join(last, on=["signal", "time"], how="left", maintain_order="left")
    known = found["status"].is_not_null()
    return found.with_columns(
        written(found).zip_with(known, found["payload"]),
        form=pl.when(known).then(pl.lit("admitted")).otherwise(pl.lit("input")),
    ).select(*LETTERS)


def read_sample(payload: bytes) -> dict[str, Any]:
    """Read a sample that `written` wrote: its values by type, and its status.

    Raises:
        NoSampleError: it is none; it was cut, or another program wrote it.
    """
    try:
        found = orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        msg = "its payload is no sample; it was cut, or another program wrote it"
        raise NoSampleError(msg) from error
    if not isinstance(found, Mapping) or not found.keys() <= {*VALUE_TYPES, "status"}:
        msg = f"its payload is no sample; one has the keys {', '.join(VALUE_TYPES)} or status"
        raise NoSampleError(msg)
    values = dict(found)
    if isinstance(values.get("float"), str) and values["float"] in _NAMES:
        values["float"] = float(values["float"])
    try:
        pl.DataFrame([values], schema={name: SAMPLES[name] for name in (*VALUE_TYPES, "status")})
    except (TypeError, OverflowError, pl.exceptions.PolarsError) as error:
        msg = f"its payload is no sample ({error})"
        raise NoSampleError(msg) from error
    return values


def _plain(value: Any) -> Any:
    """Give a value as JSON can hold it: a float that is no finite number by its name."""
    if isinstance(value, float) and not -float("inf") < value < float("inf"):
        return "NaN" if value != value else str(value)  # noqa: PLR0124 - NaN is unlike itself
    return value
