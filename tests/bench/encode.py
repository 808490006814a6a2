"""A batch as line protocol: the store's encoder, against influxdb-client's `Point`.

Both give the bytes of requests for the same samples, in one process and turn by turn; the best of each counts. `Point`
gets its names and values ready made, one point a sample, with the same tags and fields.
"""

import time
from collections.abc import Callable
from typing import Final

import polars as pl

from adapters.stores.influxdb import encode
from tests.bench.points import point, prepared, samples

SAMPLES: Final = 100_000
"""Samples of a batch: what a drain writes at once."""

POINTS: Final = 20_000
"""Of how many of them points are made."""

ROUNDS: Final = 5
"""Turns of each side."""


def measure() -> dict[str, object]:
    """Give samples/s of the encoder, and of `Point` as reference."""
    batch = samples(SAMPLES)
    rows = prepared(batch[:POINTS])
    ours, points = 0.0, 0.0
    for _ in range(ROUNDS):
        ours = max(ours, SAMPLES / _timed(lambda: lines(batch)))
        points = max(
            points, POINTS / _timed(lambda: b"\n".join(point(row).to_line_protocol().encode() for row in rows))
        )
    return {
        "value": round(ours),
        "reference": round(points),
        "ratio": round(ours / points, 1),
        "unit": "samples/s",
        "against": "influxdb-client's Point.to_line_protocol",
    }


def lines(batch: pl.DataFrame) -> list[bytes]:
    """Give the bodies of the requests that store a batch."""
    rows, _ = encode.storable(batch)
    parts = encode.in_unit(encode.sample_lines(rows), encode.unit(rows["time"].to_physical()))
    return [encode.sample_body(piece) for piece in encode.pieces(parts)]


def _timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun
