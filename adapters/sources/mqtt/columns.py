"""From a message to the columns of a batch: what comes off the link, and the rows that are made of it. Pure."""

from typing import Any, NamedTuple, TypeAlias

import polars as pl

from adapters.sample import INSTANT, PAYLOAD_KEPT, REFUSALS, SAMPLES, VALUE_TYPES, ValueType, no_refusals, no_samples


class Message(NamedTuple):
    """One message as it came."""

    topic: str
    """Its topic."""

    payload: bytes
    """Its payload; of one that is too long, at least its first `PAYLOAD_KEPT` bytes."""

    size: int
    """Length of the whole payload, bytes."""

    received: int
    """When it arrived, nanoseconds since 1970, UTC."""


Row: TypeAlias = tuple[str, int, ValueType, Any, int, int]
"""A sample in the making: signal, time, type, value, status, received."""


def batch(rows: list[Row]) -> pl.DataFrame:
    """Turn rows into columns of `SAMPLES`."""
    if not rows:
        return no_samples()
    signal, time, kind, value, status, received = zip(*rows, strict=True)
    present = set(kind)
    columns = {
        "signal": pl.Series(signal, dtype=pl.String),
        "time": pl.Series(time, dtype=pl.Int64).cast(INSTANT),
        "status": pl.Series(status, dtype=pl.UInt32),
        "received": pl.Series(received, dtype=pl.Int64).cast(INSTANT),
    }
    for one in VALUE_TYPES:
        if one in present:
            own = value if len(present) == 1 else [v if k is one else None for k, v in zip(kind, value, strict=True)]
            columns[one] = pl.Series(own, dtype=SAMPLES[one])
        else:
            columns[one] = pl.repeat(None, len(rows), dtype=SAMPLES[one], eager=True)
    return pl.DataFrame({name: columns[name] for name in SAMPLES})


class Refused:
    """Refusals in the making."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._rows: list[tuple[str, str, str | None, bytes, str, int]] = []

    def add(self, message: Message, signal: str | None, reason: str) -> None:
        """Note one; `signal` None: the whole message, of whatever signals."""
        kept = message.payload[:PAYLOAD_KEPT]
        self._rows.append((self._source, message.topic, signal, kept, reason, message.received))

    def __bool__(self) -> bool:
        return bool(self._rows)

    def frame(self) -> pl.DataFrame:
        """Give them as columns of `REFUSALS`."""
        if not self._rows:
            return no_refusals()
        columns = dict(zip(REFUSALS, zip(*self._rows, strict=True), strict=True))
        received = pl.Series(columns.pop("received"), dtype=pl.Int64).cast(INSTANT)
        rest = {name: pl.Series(values, dtype=REFUSALS[name]) for name, values in columns.items()}
        return pl.DataFrame({**rest, "received": received})
