"""One entry of a spool: a batch as bytes that describe themselves.

An Arrow IPC stream, compressed with zstd, in the layout that every Arrow library reads: 13 bytes a sample where many
travel together. Its schema stands in it, so that an entry is read back by what it is and not by what this version
writes. Beside it stands its CRC-32, because a disk may return what was never written.
"""

import io
import zlib
from dataclasses import dataclass
from typing import Final

import polars as pl

from adapters.sample import SAMPLES
from collector.spool.tables import Header

_LAYOUT: Final = pl.CompatLevel.oldest()


class DamagedError(Exception):
    """Bytes that are no entry; the text says in which way."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """A batch that is ready to be written."""

    source: str
    """Name of the source of its samples."""

    rows: int
    """How many samples it holds."""

    start: int
    """Least time of its samples, ns since 1970."""

    stop: int
    """Greatest time of its samples, ns since 1970."""

    body: bytes
    """Its bytes."""

    crc: int
    """CRC-32 of `body`."""

    def header(self, position: int, now: int) -> Header:
        """Give what stands beside the body of the entry at `position`, appended at `now`, µs of the spool's clock."""
        return Header(position, self.rows, len(self.body), self.source, self.start, self.stop, now, self.crc)


def encode(samples: pl.DataFrame, source: str) -> Encoded:
    """Give the bytes of a batch, columns of `adapters.sample.SAMPLES`, and what is told beside them."""
    body = io.BytesIO()
    samples.write_ipc_stream(body, compression="zstd", compat_level=_LAYOUT)
    written = body.getvalue()
    return Encoded(source, samples.height, *span(samples), written, checksum(written))


def span(samples: pl.DataFrame) -> tuple[int, int]:
    """Give the least and the greatest time of a batch, ns since 1970; zeros where no sample has one."""
    times = samples["time"].to_physical()
    least, most = times.min(), times.max()
    return (least if isinstance(least, int) else 0, most if isinstance(most, int) else 0)


def checksum(body: bytes) -> int:
    """Give the CRC-32 of an entry's bytes."""
    return zlib.crc32(body)


def decode(body: bytes, expected: int) -> pl.DataFrame:
    """Give the batch that `body` holds; raises DamagedError where it is not what was written."""
    if checksum(body) != expected:
        msg = "its bytes are not those that were written: the checksum differs"
        raise DamagedError(msg)
    try:
        samples = pl.read_ipc_stream(io.BytesIO(body))
    except (pl.exceptions.PolarsError, OSError) as error:
        msg = f"it is no Arrow stream ({error})"
        raise DamagedError(msg) from error
    return samples if samples.schema == SAMPLES else _as_samples(samples)


def _as_samples(samples: pl.DataFrame) -> pl.DataFrame:
    """Give a batch of another parkline the columns of this one: what it did not know has no value, and is Good."""
    strange = [name for name, dtype in samples.schema.items() if SAMPLES.get(name) != dtype]
    if strange or not {"signal", "time", "received"} <= samples.schema.keys():
        msg = f"its columns are {samples.schema}"
        raise DamagedError(msg)
    return samples.select(
        pl.col(name) if name in samples.columns else pl.lit(0 if name == "status" else None, dtype).alias(name)
        for name, dtype in SAMPLES.items()
    )
