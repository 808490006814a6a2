"""Two values at one instant: what a source says twice of one signal. Pure.

A sample is keyed by (signal, time). A second one with the same key is

    a duplicate     it says the same: a redelivery, a message marked DUP, a backfill that overlaps. It changes nothing.
    a conflict      it says something else: another value, or another status. The store keeps the one written later; the
                    earlier one is gone. A machine whose time stamps are coarser than its values makes them.

Both are counted, and of conflicts the last is told: how often it happens and on which signal is what a person needs
to mend it (finer time stamps, or another signal for the second value).

`Recent` remembers the last instants of one source in `SLOTS` places of 24 bytes each. A place is chosen by the hash of
the key, and a newer sample whose hash falls on it takes it: so the memory is bounded, what came last is likely to be
there, and what is older than `SLOTS` samples is likely not. It begins empty with each start of the collector. So the
counts are a lower bound: enough to see that something is wrong.

Looking costs some 50 ns per sample of a large batch; of one of some thousand, a fifth of what admitting it costs.
"""

import struct
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final

import polars as pl

from adapters.sample import VALUE_TYPES, ValueType

SLOTS: Final = 2**16
"""Places in the memory of one source: 1.5 MiB; a power of two."""

_NOTHING: Final = 2**63 + 1
"""Stands for no value."""

_BITS: Final = {
    "float": (pl.col("float") + 0.0).reinterpret(dtype=pl.UInt64),  # so that -0.0 is 0.0
    "int": pl.col("int").reinterpret(dtype=pl.UInt64),
    "bool": pl.col("bool").cast(pl.UInt64),
    "text": pl.col("text").hash(),
}
"""A value in 64 bits: itself, or of a text its hash."""

_KEYED: Final = (
    pl.col("status"),
    (pl.col("signal").hash() ^ pl.col("time").to_physical().hash()).alias("key"),
    pl.int_range(pl.len(), dtype=pl.UInt32).alias("row"),
)
"""A sample's status, its key in 64 bits, whose low bits choose its place, and its row."""

_GOOD: Final = 0


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two things that a source said of one signal at one instant."""

    signal: str
    """Path of the signal."""

    time: datetime
    """The instant, UTC, cut to the microsecond."""

    earlier: str | None
    """What it said first: the value as text, and the status where it is not Good; None where that is known no more."""

    later: str
    """What it said then, and the store keeps."""


@dataclass(frozen=True, slots=True)
class Doubles:
    """What was said twice."""

    duplicates: int = 0
    """Samples that said again what was known."""

    conflicts: int = 0
    """Samples that said something else than what was known."""

    last: Conflict | None = None
    """The last of the conflicts."""

    def __bool__(self) -> bool:
        """Tell whether there is anything."""
        return bool(self.duplicates or self.conflicts)

    def __add__(self, other: "Doubles") -> "Doubles":
        """Give both together; `other` came later."""
        return Doubles(self.duplicates + other.duplicates, self.conflicts + other.conflicts, other.last or self.last)


class Recent:
    """What one source said last."""

    def __init__(self, slots: int = SLOTS) -> None:
        """Remember nothing yet; `slots` is a power of two."""
        self._mask = slots - 1
        self._keys = pl.zeros(slots, dtype=pl.UInt64, eager=True)
        self._values = pl.zeros(slots, dtype=pl.UInt64, eager=True)
        self._statuses = pl.zeros(slots, dtype=pl.UInt32, eager=True)
        self._rows = pl.zeros(slots, dtype=pl.UInt32, eager=True)

    def look(self, samples: pl.DataFrame) -> Doubles:
        """Tell what these admitted samples (columns of `SAMPLES`) say again, and remember them."""
        if samples.is_empty():
            return Doubles()
        told = samples.select(*_KEYED, *_bits(_kinds(samples)))
        key, row = told["key"], told["row"]
        place = (key & self._mask).cast(pl.UInt32)
        met = self._keys[place] == key
        before = None
        if met.any():
            before = pl.DataFrame({"bits met": self._values[place], "status met": self._statuses[place]})
        self._keys.scatter(place, key)
        self._values.scatter(place, told["bits"])
        self._statuses.scatter(place, told["status"])
        self._rows.scatter(place, row)
        # Of rows with one key the last is in its place, and the others find it there.
        twice = bool(((self._rows[place] != row) & (self._keys[place] == key)).any())
        if before is None:
            if not twice:
                return Doubles()
            before = pl.DataFrame({"bits met": self._values[place], "status met": self._statuses[place]})
        return _told_twice(samples, told.with_columns(before, met=met), twice=twice)


def _kinds(samples: pl.DataFrame) -> tuple[ValueType, ...]:
    return tuple(kind for kind in VALUE_TYPES if samples[kind].null_count() < samples.height)


# Making an expression costs as much as running it over a thousand rows: each is made once.
@cache
def _bits(kinds: tuple[ValueType, ...]) -> list[pl.Expr]:
    return [pl.coalesce(*(_BITS[kind] for kind in kinds), pl.lit(_NOTHING, dtype=pl.UInt64)).alias("bits")]


def _told_twice(samples: pl.DataFrame, told: pl.DataFrame, *, twice: bool) -> Doubles:
    """Compare each sample with the one before it of its key, in the batch or in the memory."""
    known, bits, status = pl.col("met"), pl.col("bits met"), pl.col("status met")
    if twice:
        told = told.filter(known | pl.col("key").is_duplicated())
        told = told.with_columns(pl.col("row", "bits", "status").shift(1).over("key").name.suffix(" before"))
        known = known | pl.col("row before").is_not_null()
        within = pl.col("row before").is_not_null()
        bits = pl.when(within).then("bits before").otherwise(bits)
        status = pl.when(within).then("status before").otherwise(status)
    again = told.filter(known)
    others = again.filter((pl.col("bits") != bits) | (pl.col("status") != status))
    last = None if others.is_empty() else _conflict(samples, others.row(-1, named=True))
    return Doubles(again.height - others.height, others.height, last)


def _conflict(samples: pl.DataFrame, row: dict[str, Any]) -> Conflict:
    later = samples.row(row["row"], named=True)
    if row.get("row before") is not None:
        earlier: str | None = _text(samples.row(row["row before"], named=True))
    else:
        kind = next((kind for kind in VALUE_TYPES if later[kind] is not None), None)
        earlier = _remembered(row["bits met"], row["status met"], kind)
    time = samples["time"].dt.cast_time_unit("us")[row["row"]]
    return Conflict(later["signal"], time, earlier, _text(later))


def _text(sample: dict[str, Any]) -> str:
    value = next((sample[kind] for kind in VALUE_TYPES if sample[kind] is not None), None)
    return _said(value, sample["status"])


def _remembered(bits: int, status: int, kind: ValueType | None) -> str | None:
    """Write a value that is remembered by its bits, of a signal whose values are of type `kind`."""
    if bits == _NOTHING:
        return _said(None, status)
    packed = struct.pack("<Q", bits)
    match kind:
        case "float":
            return _said(struct.unpack("<d", packed)[0], status)
        case "int":
            return _said(struct.unpack("<q", packed)[0], status)
        case "bool":
            return _said(bool(bits), status)
        case _:  # a text is remembered by its hash, and a sample without a value does not tell the type
            return None


def _said(value: object, status: int) -> str:
    text = "no value" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return text if status == _GOOD else f"{text} (status 0x{status:08X})"
