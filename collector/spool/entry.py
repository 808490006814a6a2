"""One entry of a spool: a batch as bytes that describe themselves.

An Arrow IPC stream, compressed with zstd, in the layout that every Arrow library reads: 13 bytes a sample where many
travel together. Beside it stands its CRC-32, because a file system may return what was never written.
"""

import io
import zlib
from typing import Final

import polars as pl

from adapters.sample import SAMPLES

_LAYOUT: Final = pl.CompatLevel.oldest()


class DamagedError(Exception):
    """Bytes that are no entry; the text says in which way."""


def encode(samples: pl.DataFrame) -> bytes:
    """Give the bytes of a batch, columns of `adapters.sample.SAMPLES`."""
    body = io.BytesIO()
    samples.write_ipc_stream(body, compression="zstd", compat_level=_LAYOUT)
    return body.getvalue()


def checksum(body: bytes) -> int:
    """Give the CRC-32 of an entry's bytes."""
    return zlib.crc32(body)


def decode(body: bytes, expected: int) -> pl.DataFrame:
    """Give the batch that `body` holds; raises DamagedError where it is not what was written."""
    if checksum(body) != expected:
        msg = f"its checksum is {checksum(body):08x}, not {expected:08x}"
        raise DamagedError(msg)
    try:
        samples = pl.read_ipc_stream(io.BytesIO(body))
    except (pl.exceptions.PolarsError, OSError) as error:
        msg = f"it is no Arrow stream ({error})"
        raise DamagedError(msg) from error
    if samples.schema != SAMPLES:
        msg = f"its columns are {samples.schema}"
        raise DamagedError(msg)
    return samples
