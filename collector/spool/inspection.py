"""What a person asks a spool's file: what stands in it, whether it is whole, and its samples as a file of their own."""

import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import polars as pl

from collector.spool.contract import STORE, Loss, SpoolDamagedError, SpoolError
from collector.spool.entry import DamagedError, decode
from collector.spool.file import SpoolFile
from collector.spool.salvage import mended
from collector.spool.tables import Header, instant

PIECE: Final = 500_000
"""Samples that are read at once."""

SINKS: Final[Mapping[str, Callable[[pl.LazyFrame, Path], object]]] = {
    ".parquet": lambda frame, path: frame.sink_parquet(path),
    ".csv": lambda frame, path: frame.sink_csv(path),
    ".arrow": lambda frame, path: frame.sink_ipc(path),
}
"""What writes an export, by the end of its name."""


@dataclass(frozen=True, slots=True)
class Reader:
    """How far one consumer has come."""

    consumer: str
    """Its name."""

    position: int
    """Up to which entry it has everything."""

    entries: int
    """Entries it has still to read."""

    samples: int
    """Samples in them."""


@dataclass(frozen=True, slots=True)
class Report:
    """What stands in a spool."""

    log: str
    """Its identity."""

    entries: int
    """Entries it holds."""

    samples: int
    """Samples in them."""

    bytes: int
    """Their bytes."""

    end: int
    """Position of the newest entry ever appended."""

    dropped: int
    """Position up to which entries are dropped."""

    oldest: timedelta | None
    """How long its oldest entry has been there; None when it is empty."""

    undrained: timedelta | None
    """How long the oldest entry has been there that the store does not have; None where it has all."""

    readers: list[Reader]
    """Its consumers, by name."""

    losses: list[Loss]
    """Losses that the gap ledger has not got yet."""

    damaged: int
    """Damaged entries that are kept for a person to look at."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One entry, for a list."""

    position: int
    """Where it stands."""

    source: str
    """Name of the source of its samples."""

    samples: int
    """How many it holds."""

    bytes: int
    """Size of its body."""

    age: timedelta
    """How long it has been there."""

    start: datetime
    """Least time of its samples, UTC."""

    end: datetime
    """Greatest time of its samples, UTC."""


@dataclass(frozen=True, slots=True)
class Repaired:
    """What a repair found and did."""

    entries: int
    """Entries that are whole."""

    damaged: int
    """Entries that were set aside: their bytes are not what was written."""

    salvaged: bool
    """Whether the file itself was damaged, so that a new one took its place."""

    losses: int
    """Losses that the next start of the collector tells the gap ledger."""


def opened(path: Path) -> SpoolFile:
    """Open a spool that is there; raises SpoolError."""
    if not path.exists():
        msg = f"there is no spool {path}: no collector has run with this configuration yet"
        raise SpoolError(msg)
    return SpoolFile(path)


def report(file: SpoolFile) -> Report:
    """Tell what stands in it; raises SpoolError."""
    now, state, cursors = file.now(), file.state(), file.cursors()
    entries = [header for _, header in file.headers(0) if header is not None]
    store = cursors.get(STORE, 0)
    readers = []
    for consumer, position in sorted(cursors.items()):
        behind = [entry.rows for entry in entries if entry.position > position]
        readers.append(Reader(consumer, position, len(behind), sum(behind)))
    return Report(
        log=state.log,
        entries=len(entries),
        samples=sum(entry.rows for entry in entries),
        bytes=sum(entry.bytes for entry in entries),
        end=state.end,
        dropped=state.dropped,
        oldest=next((_age(now, entry) for entry in entries), None),
        undrained=next((_age(now, entry) for entry in entries if entry.position > store), None),
        readers=readers,
        losses=file.losses(),
        damaged=sum(1 for _ in file.damaged()),
    )


def listed(file: SpoolFile, after: int, most: int) -> list[Listed]:
    """List the entries after a position, `most` at most; raises SpoolError."""
    found: list[Listed] = []
    for _, header in file.headers(after):
        if len(found) == most:
            break
        if header is not None:
            span = instant(header.start // 1000), instant(header.stop // 1000)
            age = _age(file.now(), header)
            found.append(Listed(header.position, header.source, header.rows, header.bytes, age, *span))
    return found


def repair(path: Path, required: Collection[str] = (STORE,)) -> Repaired:
    """Read every entry, set aside what is damaged, and save what can be read where the file itself is.

    Nobody else may append meanwhile: the caller holds `collector.alone`.

    Raises:
        SpoolError: there is no spool, or nothing of one can be found in it.
        OSError: the disk has no room for what is saved.
    """
    inode = path.stat().st_ino
    file = mended(path, required)
    try:
        try:
            file.check()
            found = _verify(file)
        except SpoolDamagedError as error:
            file.close()
            file = mended(path, required, error)
            found = _verify(file)
        return Repaired(*found, salvaged=path.stat().st_ino != inode, losses=len(file.losses()))
    finally:
        file.close()


def export(file: SpoolFile, target: Path, after: int, upto: int) -> int:
    """Write the samples of the entries in (after, upto] to a Parquet, CSV or Arrow file; give how many.

    Their source stands in a column of its own. What cannot be read is left out.

    Raises:
        SpoolError: the spool cannot be read.
        OSError: the file cannot be written.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    count = 0
    try:
        for number, frame in enumerate(_pieces(file, after, upto)):
            count += frame.height
            frame.write_ipc(folder / f"{number:08}.arrow")
        if count:
            # From pieces on disk, so that a spool of any size needs the memory of one of them.
            SINKS[target.suffix](pl.scan_ipc(folder / "*.arrow"), target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return count


def export_damaged(file: SpoolFile, folder: Path) -> list[Path]:
    """Write the bytes of each damaged entry to a file of its own, as they were found; give the files.

    Raises:
        SpoolError: the spool cannot be read.
        OSError: the folder cannot be written.
    """
    written: list[Path] = []
    for position, reason, body in file.damaged():
        folder.mkdir(parents=True, exist_ok=True)
        written.append(folder / f"{position}.bin")
        written[-1].write_bytes(body)
        written[-1].with_suffix(".txt").write_text(f"{reason}\n")
    return written


def _pieces(file: SpoolFile, after: int, upto: int) -> Iterator[pl.DataFrame]:
    """Give the samples of entries, piece by piece, with the column `source`."""
    while after < upto:
        entries, reached = file.read(after, PIECE)
        frames = []
        for entry in entries:
            if entry.position > upto:
                continue
            try:
                samples = decode(entry.body, entry.body_crc)
            except DamagedError:
                continue
            source = "" if entry.header is None else entry.header.source
            frames.append(samples.with_columns(source=pl.lit(source)))
        if frames:
            yield pl.concat(frames)
        if reached <= after:
            break
        after = reached


def _verify(file: SpoolFile) -> tuple[int, int]:
    """Read every entry and set aside what is not what was written; give how many are whole, and how many are not."""
    whole = damaged = after = 0
    while True:
        entries, reached = file.read(after, PIECE)
        for entry in entries:
            try:
                decode(entry.body, entry.body_crc)
            except DamagedError as error:
                file.set_aside(entry.position, str(error))
                damaged += 1
            else:
                whole += 1
        if reached <= after:
            return whole, damaged
        after = reached


def _age(now: int, entry: Header) -> timedelta:
    return timedelta(microseconds=max(0, now - entry.appended))
