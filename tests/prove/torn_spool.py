"""The spool's files are cut at every byte of their tail, as a power cut leaves them, and bits of them flip.

A spool is filled by its own API, with transactions that are in the file already and others that stand in the
write-ahead log only. Its files are copied while it is open: that is what a disk holds at this instant. Then

- the log is cut at every byte of its last pages. What had been synced up to there must be read back; the
  file beside it that remembers what was appended is there, or gone, or cut as well: it is not synced;
- bits flip at random places of file and log, one or three at a time. Every acknowledged sample must be read back, or
  stand in a loss that names its source and spans its time; nothing may come that was not sent, or come twice.

After each, the spool must take the next batch, at a position that was not given before.
"""

import asyncio
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import polars as pl
import structlog

from collector.spool.contract import STORE, Loss, SpoolDamagedError
from collector.spool.entry import DamagedError, Encoded, decode, encode
from collector.spool.file import Bounds, SpoolFile
from collector.spool.salvage import mended
from collector.spool.sqlite import AGE, SqliteSpool
from tests.collector.fakes import NOON, numbers

FLIPS: Final = 2000
"""Times that bits flip, when nobody says otherwise."""

ENTRIES: Final = 16
"""Batches in a spool."""

_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - a fresh folder is made in it


@dataclass(frozen=True)
class Sent:
    """One acknowledged batch."""

    position: int
    """Where it stands."""

    values: list[float]
    """Its samples."""

    source: str
    """Whose they are."""

    start: datetime
    """Time of the first."""

    synced: int
    """Bytes of the write-ahead log that were synced when it was acknowledged; 0: it is in the file."""

    @property
    def end(self) -> datetime:
        """Time of the last."""
        return self.start + timedelta(milliseconds=len(self.values) - 1)


def prove(rounds: int | None) -> dict[str, object]:
    """Give what was sent, what was read back, and what was told; `rounds` cuts and as many flips."""
    told = Counter[str]()
    lot = random.Random(7)  # noqa: S311 - the same each time
    before = structlog.get_config()["wrapper_class"]
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    try:
        _torn(rounds, lot, told)
    finally:
        structlog.configure(wrapper_class=before)
    keys = ("sent", "stored", "lost", "doubled", "gap_covered", "invented", "cuts", "flips", "salvaged")
    failed = [f"{told['invented']} samples came that nobody sent"] if told["invented"] else []
    return {**{key: told[key] for key in keys}, "failed": failed}


def _torn(rounds: int | None, lot: random.Random, told: Counter[str]) -> None:
    with tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as name:
        for size in (1, 40, 800):
            folder = Path(name) / f"spool-{size}"
            sent = asyncio.run(_fill(folder / "open", folder / "disk", size))
            for cut in _cuts(folder / "disk", sent, size, None if rounds is None else max(1, rounds // 3)):
                _cut(folder, sent, cut, lot, told)
            print(f"batches of {size}: cut {told['cuts']} times", file=sys.stderr)
            for _ in range((FLIPS if rounds is None else rounds) // 3 + 1):
                _flip(folder, sent, lot, told)
            print(f"batches of {size}: flipped {told['flips']} times", file=sys.stderr)


async def _fill(folder: Path, disk: Path, size: int) -> list[Sent]:
    """Fill a spool in `folder`; copy what a disk holds of it to `disk`; give what was acknowledged."""
    path = folder / "spool.db"
    sent: list[Sent] = []
    for logged in (False, True):
        spool = SqliteSpool(path, limit=2**30, linger=timedelta(0), keep=timedelta(days=1))
        async with spool:
            for n in range(ENTRIES):
                count = size * (1 + n % 3)
                first = float(sum([len(one.values) for one in sent]))
                values = [first + k for k in range(count)]
                start, source = NOON + timedelta(hours=len(sent)), f"source-{n % 3}"
                position = await spool.append(numbers(values, since=start), source)
                synced = path.with_name("spool.db-wal").stat().st_size if logged else 0
                sent.append(Sent(position, values, source, start, synced))
                if n == 1:
                    await spool.commit("faults", position)
            if logged:
                shutil.copytree(folder, disk, ignore=shutil.ignore_patterns("*-shm"))
    return sent


def _cuts(disk: Path, sent: Sequence[Sent], size: int, rounds: int | None) -> Iterator[int]:
    """Give where to cut the log: at every byte of the last pages of its last two transactions, or `rounds` of them."""
    end = (disk / "spool.db-wal").stat().st_size
    begin = sorted({one.synced for one in sent})[-3]
    # What a page holds makes no difference to SQLite: longer transactions are cut at every fifth byte.
    dense = max(begin, end - 20_000)
    places = [*range(begin, dense, 97), *range(dense, end + 1, 1 if size == 1 else 5)]
    yield from places if rounds is None else places[:: max(1, len(places) // rounds)]


def _cut(folder: Path, sent: Sequence[Sent], cut: int, lot: random.Random, told: Counter[str]) -> None:
    """Cut the log there, and judge what the spool makes of it."""
    path = _disk(folder)
    log, witness = path.with_name("spool.db-wal"), path.with_name("spool.db.witness")
    log.write_bytes(log.read_bytes()[:cut])
    safe = [one for one in sent if one.synced <= cut]
    left = lot.choice(["whole", "cut", "gone"])
    if left == "gone":
        witness.unlink()
    elif left == "cut":
        witness.write_bytes(witness.read_bytes()[: lot.randrange(100 * len(safe))])
    told["cuts"] += 1
    # Where the witness is whole, also what the disk had synced and lost is told.
    _judge(path, sent, sent if left == "whole" else safe, told)


def _flip(folder: Path, sent: Sequence[Sent], lot: random.Random, told: Counter[str]) -> None:
    """Flip bits, and judge what the spool makes of it."""
    path = _disk(folder)
    file = path.with_name(lot.choice(["spool.db", "spool.db-wal"]))
    data = bytearray(file.read_bytes())
    for _ in range(lot.choice([1, 1, 3])):
        data[lot.randrange(len(data))] ^= 1 << lot.randrange(8)
    file.write_bytes(data)
    told["flips"] += 1
    _judge(path, sent, sent, told)


def _disk(folder: Path) -> Path:
    """Give the files again as they were on the disk."""
    work = folder / "work"
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(folder / "disk", work)
    return work / "spool.db"


def _judge(path: Path, sent: Sequence[Sent], safe: Sequence[Sent], told: Counter[str]) -> None:
    """Open the spool, read it, and count what became of the batches that must be safe."""
    read, losses, position = _recovered(path)
    told["salvaged"] += any(path.parent.glob("*.damaged-*"))
    came = Counter(read)
    known = {value for one in sent for value in one.values}
    told["doubled"] += sum(count - 1 for count in came.values())
    told["invented"] += sum(value not in known for value in came)
    assert position > max((one.position for one in safe), default=0), f"position {position} was given before"
    for one in safe:
        told["sent"] += len(one.values)
        stored = sum(value in came for value in one.values)
        told["stored"] += stored
        covered = any(
            loss.source in {"", one.source} and loss.start <= one.start and one.end <= loss.end for loss in losses
        )
        told["gap_covered" if covered else "lost"] += len(one.values) - stored


def _recovered(path: Path) -> tuple[list[float], list[Loss], int]:
    """Give the samples that a spool gives after its start, the losses it tells, and where the next batch goes."""
    frames: list[pl.DataFrame] = []
    file = mended(path, (STORE,))
    try:
        try:
            frames = _all(file)
        except SpoolDamagedError as error:
            # As the spool does that mends itself.
            file.close()
            file = mended(path, (STORE,), error)
            frames = _all(file)
        [position] = file.append([_NEXT], Bounds(2**40, int(AGE.total_seconds() * 1e6), "hold"))
        assert isinstance(position, int)
        return [value for frame in frames for value in frame["float"].to_list()], file.losses(), position
    finally:
        file.close()


def _all(file: SpoolFile) -> list[pl.DataFrame]:
    frames, after = [], 0
    while True:
        entries, upto = file.read(after, 10**6)
        for entry in entries:
            try:
                frames.append(decode(entry.body, entry.body_crc))
            except DamagedError as error:
                file.set_aside(entry.position, str(error))
        if upto <= after:
            return frames
        after = upto


_NEXT: Final[Encoded] = encode(numbers([1e9]), "source-0")
