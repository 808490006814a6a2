"""Reports to samples: each value is read as the type that its point declares.

A recorded file knows text only, so the point's type decides:

    float   a decimal number, finite
    int     a whole number of 64 bits; `7.0` too, as spreadsheets write it
    bool    true, false, 1, 0, yes, no, on, off
    text    anything, as it stands

`UNAVAILABLE` (MTConnect) is no value, with status BadNoCommunication; nothing written is no value, with
BadNoData. Whatever else does not fit is a refusal that names file and line.
"""

from dataclasses import dataclass
from typing import Final

import polars as pl

from adapters.sample import INSTANT, PAYLOAD_KEPT, SAMPLES, VALUE_TYPES, Status, ValueType
from adapters.sources.contract import Points
from adapters.sources.replay.settings import ReplayAddress

_EXACT: Final = 2.0**53
"""Up to this, a float is the whole number it looks like."""

_TRUE: Final = ("true", "1", "1.0", "yes", "on")
_FALSE: Final = ("false", "0", "0.0", "no", "off")

_SHOWN: Final = 80
"""Characters of a value that a reason shows."""

_EXPECTED: Final[dict[ValueType, str]] = {
    "float": "no finite number; write it with a decimal point and without separators, like 1234.5",
    "int": "no whole number of 64 bits",
    "bool": "neither true nor false",
    "text": "no text",
}
"""What a refused value is not, by declared type."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """What became of some reports."""

    samples: pl.DataFrame
    """Columns of `SAMPLES`, in the order of the reports; `received` is null."""

    refusals: pl.DataFrame
    """Columns of `REFUSALS`; `received` is null."""


def signals_of(points: Points[ReplayAddress]) -> pl.DataFrame:
    """Give the points as columns `item`, `signal`, `type`. Several signals may come of one item."""
    rows = [(point.address.item, point.signal, point.type) for point in points]
    return pl.DataFrame(rows, schema={"item": pl.String, "signal": pl.String, "type": pl.String}, orient="row")


def decode(reports: pl.DataFrame, signals: pl.DataFrame, *, source: str, file: str) -> Decoded:
    """Read the values of reports.

    Args:
        reports: columns of `REPORTS`; what is reported of items that have no signal is left out.
        signals: as `signals_of` gives them.
        source: name of the source, for refusals.
        file: name of the file, for refusals.
    """
    value, declared = pl.col("value"), pl.col("type")
    trimmed = value.str.strip_chars()
    word = trimmed.str.to_lowercase()
    number = trimmed.cast(pl.Float64, strict=False)
    whole = pl.when(number.round() == number, number.abs() <= _EXACT).then(number).cast(pl.Int64, strict=False)
    read = {
        "float": pl.when(number.is_finite()).then(number),
        "int": pl.coalesce(trimmed.cast(pl.Int64, strict=False), whole),
        "bool": pl.when(word.is_in(_TRUE)).then(pl.lit(value=True)).when(word.is_in(_FALSE)).then(pl.lit(value=False)),
        "text": value,
    }
    lost = word.str.contains(r"^unavailable(\||$)").fill_null(value=False)
    empty = value.is_null() | ((declared != "text") & (trimmed == ""))
    status = pl.when(lost).then(Status.BAD_NO_COMMUNICATION).when(empty).then(Status.BAD_NO_DATA).otherwise(Status.GOOD)
    rows = (
        reports.join(signals, on="item", how="inner", maintain_order="left_right")
        .with_columns(status=status.cast(pl.UInt32), received=pl.lit(None, INSTANT))
        .with_columns(
            pl.when(declared == kind, pl.col("status") == Status.GOOD).then(read[kind]).alias(kind)
            for kind in VALUE_TYPES
        )
    )
    fits = (pl.col("status") != Status.GOOD) | pl.any_horizontal(pl.col(kind).is_not_null() for kind in VALUE_TYPES)
    wrong = rows.filter(~fits)
    expected = declared.replace_strict(_EXPECTED, return_dtype=pl.String)
    refusals = wrong.select(
        source=pl.lit(source),
        address="item",
        signal="signal",
        payload=_payload(_input()),
        reason=pl.concat_str(
            _place(file), pl.lit(": item "), "item", pl.lit(": '"), _shown(value), pl.lit("' is "), expected
        ),
        received="received",
    )
    return Decoded(rows.filter(fits).select(*SAMPLES), refusals)


def refuse(oddities: pl.DataFrame, *, source: str, file: str) -> pl.DataFrame:
    """Give what is no report as refusals, columns of `REFUSALS`; `received` is null.

    Args:
        oddities: columns of `ODDITIES`.
        source: name of the source.
        file: name of the file.
    """
    return oddities.select(
        source=pl.lit(source),
        address=_place(file),
        signal=pl.lit(None, pl.String),
        payload=_payload(pl.col("input")),
        reason=pl.concat_str(_place(file), pl.lit(": "), "reason"),
        received=pl.lit(None, INSTANT),
    )


def _input() -> pl.Expr:
    """A report as it stands in its file: the line, or, of a table, its cell with what the other columns say of it."""
    # A table's report shows its cell alone, which could not be decoded again.
    cell = pl.struct(pl.col("time").dt.to_string("iso:strict"), "item", "value").struct.json_encode()
    return pl.when(pl.col("input") == pl.col("value")).then(cell).otherwise(pl.col("input")).cast(pl.Binary)


def _place(file: str) -> pl.Expr:
    return pl.concat_str(pl.lit(f"{file}:"), pl.col("line"))


def _shown(value: pl.Expr) -> pl.Expr:
    """As much of a value as a reason shows."""
    return pl.when(value.str.len_chars() > _SHOWN).then(value.str.head(_SHOWN) + "…").otherwise(value)


def _payload(input_: pl.Expr) -> pl.Expr:
    return input_.bin.head(PAYLOAD_KEPT)
