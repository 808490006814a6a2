"""The shell of the replay source: files in, deliveries out, at their pace.

Reading and decoding run in a thread, a stretch at a time. A file owes nobody a receipt: whoever connects again gets all
of it again, at the same times.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

import polars as pl
import structlog

from adapters.sample import INSTANT, no_refusals, no_samples
from adapters.sources.contract import (
    Delivery,
    Points,
    Progress,
    SourceLostError,
    SourceRefusedError,
    SourceUnreachableError,
)
from adapters.sources.replay.again import decode_again
from adapters.sources.replay.clock import Clock, RealClock
from adapters.sources.replay.decode import Decoded, decode, refuse, signals_of
from adapters.sources.replay.pace import Schedule
from adapters.sources.replay.recording import Recording
from adapters.sources.replay.reports import RecordingError
from adapters.sources.replay.settings import ReplayAddress, ReplaySettings

_log = structlog.get_logger(__name__)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_TOLD: Final = 20
"""Items at most that a log line names."""


@dataclass(frozen=True, slots=True)
class _Part:
    """What came of a stretch of a file."""

    decoded: Decoded
    """Its samples and refusals."""

    skipped: Mapping[str, int]
    """Its reports of items that have no signal, counted."""

    share: float
    """How much of all files is read after it, 0 to 1."""


class _Tally:
    """What came of all files: where a misspelt item is to be found."""

    def __init__(self) -> None:
        self._samples = 0
        self._refusals = 0
        self._skipped = Counter[str]()
        self._seen = set[str]()

    def add(self, part: _Part) -> None:
        self._samples += part.decoded.samples.height
        self._refusals += part.decoded.refusals.height
        self._skipped.update(part.skipped)
        self._seen.update(part.decoded.samples["signal"].unique(), part.decoded.refusals["signal"].drop_nulls())

    def tell(self, source: str, signals: pl.DataFrame) -> None:
        """Log it."""
        unseen = signals.filter(~pl.col("signal").is_in(list(self._seen)))["item"].unique(maintain_order=True)
        _log.info(
            "recording played",
            source=source,
            samples=self._samples,
            refusals=self._refusals,
            skipped=self._skipped.total(),
            skipped_items=dict(self._skipped.most_common(_TOLD)),
            unseen_items=unseen[:_TOLD].to_list(),
        )


class ReplaySource:
    """Recorded files as one finite source."""

    def __init__(
        self, name: str, settings: ReplaySettings, points: Points[ReplayAddress], *, clock: Clock | None = None
    ) -> None:
        self._name = name
        self._settings = settings
        self._signals = signals_of(points)
        self._wanted = frozenset(self._signals["item"])
        self._recordings = [Recording(path, settings) for path in settings.files]
        self._clock = clock or RealClock()
        self._begin = None if settings.begin is None else _nanoseconds(settings.begin - _EPOCH)
        self._shift = None if settings.shift == "now" else _nanoseconds(settings.shift)
        self._opened: float | None = None
        self._progress = Progress(0.0, 0)

    @property
    def name(self) -> str:
        """The name its line file gives it."""
        return self._name

    @property
    def resumes(self) -> bool:
        """True: a file misses nothing."""
        return True

    @property
    def progress(self) -> Progress:
        """How far it is since the last `connect`."""
        return self._progress

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[AsyncIterator[Delivery]]:
        """Look at every file, then yield the deliveries of one after the other.

        Raises:
            SourceUnreachableError: a file is not there, or its disk does not answer.
            SourceRefusedError: a file may not be read, or is not what its format says; from the iterator, too.
            SourceLostError: from the iterator, when a disk no longer answers.
        """
        await asyncio.to_thread(self._check)
        self._progress, self._opened = Progress(0.0, 0), None
        async with aclosing(self._deliveries()) as deliveries:
            yield deliveries

    def decode_again(self, address: str, signal: str | None, payload: bytes, received: datetime) -> Delivery:
        """Read a report as it stood in its file."""
        del address
        decoded = decode_again(payload, self._signals, self._settings, source=self._name, signal=signal)
        arrival = pl.lit(received).cast(INSTANT).alias("received")
        return Delivery(decoded.samples.with_columns(arrival), decoded.refusals.with_columns(arrival))

    def _check(self) -> None:
        for recording in self._recordings:
            try:
                recording.check()
            except FileNotFoundError as error:
                reason = f"{recording.path} is not there; put it there, or correct `files`"
                raise SourceUnreachableError(self._name, reason) from error
            except (PermissionError, IsADirectoryError) as error:
                reason = (
                    f"{recording.path} may not be read ({error.strerror}); give leave to read it, or correct `files`"
                )
                raise SourceRefusedError(self._name, reason) from error
            except OSError as error:
                reason = f"{recording.path} cannot be read ({error.strerror}); check its disk"
                raise SourceUnreachableError(self._name, reason) from error
            except RecordingError as error:
                raise SourceRefusedError(self._name, f"{recording.path}: {error}") from error

    async def _deliveries(self) -> AsyncGenerator[Delivery, None]:
        tally = _Tally()
        async with aclosing(_in_thread(self._parts())) as parts:
            async for part in parts:
                tally.add(part)
                left = part.share - self._progress.share
                each = left / max(1, part.decoded.samples.height + part.decoded.refusals.height)
                async with aclosing(self._played(part.decoded)) as deliveries:
                    async for delivery in deliveries:
                        rows = delivery.samples.height + delivery.refusals.height
                        self._progress = Progress(self._progress.share + rows * each, self._progress.rows + rows)
                        yield delivery
                self._progress = Progress(part.share, self._progress.rows)
        tally.tell(self._name, self._signals)

    def _parts(self) -> Generator[_Part, None, None]:
        """Read and decode the files; runs in a thread."""
        sizes = [self._size(recording) for recording in self._recordings]
        read = 0.0
        for recording, size in zip(self._recordings, sizes, strict=True):
            with self._errors(recording):
                for stretch in recording.read(self._wanted):
                    odd = refuse(stretch.oddities, source=self._name, file=recording.name)
                    decoded = decode(stretch.reports, self._signals, source=self._name, file=recording.name)
                    decoded = Decoded(decoded.samples, pl.concat([odd, decoded.refusals]))
                    yield _Part(decoded, stretch.skipped, (read + stretch.read * size) / max(1, sum(sizes)))
            read += size

    def _size(self, recording: Recording) -> int:
        with self._errors(recording):
            return recording.size

    @contextmanager
    def _errors(self, recording: Recording) -> Iterator[None]:
        """Tell what goes wrong while a file is read as what a source may raise."""
        try:
            yield
        except RecordingError as error:
            raise SourceRefusedError(self._name, f"{recording.path}: {error}") from error
        except OSError as error:
            reason = f"{recording.path} can no longer be read ({error.strerror}); check its disk"
            raise SourceLostError(self._name, reason) from error

    async def _played(self, decoded: Decoded) -> AsyncGenerator[Delivery, None]:
        """Give what was decoded when it is due; refusals go first."""
        refusals = decoded.refusals
        async with aclosing(self._due(decoded.samples)) as due:
            async for samples in due:
                yield self._delivery(samples, refusals)
                refusals = no_refusals()
        if not refusals.is_empty():
            yield self._delivery(no_samples(), refusals)

    async def _due(self, samples: pl.DataFrame) -> AsyncGenerator[pl.DataFrame, None]:
        """Give samples when they are due, no more than `rows` at once."""
        if samples.is_empty():
            return
        begin, opened = self._open(samples)
        pace, rows, sent = self._settings.pace, self._settings.rows, 0
        schedule = None if pace is None else Schedule(samples["time"], pace, begin=begin, opened=opened)
        while sent < samples.height:
            due = samples.height if schedule is None else schedule.reached(self._clock.elapsed())
            if schedule is not None and due <= sent:
                await self._clock.sleep(schedule.wait(sent, self._clock.elapsed()))
                continue
            upto = min(due, sent + rows)
            yield samples[sent:upto]
            sent = upto

    def _open(self, samples: pl.DataFrame) -> tuple[int, float]:
        """Fix, once, what the first samples decide; give the recorded time and the clock's reading of the beginning."""
        if self._begin is None:
            self._begin = int(samples["time"].to_physical()[0])
        if self._shift is None:
            self._shift = self._clock.now() - self._begin
        if self._opened is None:
            self._opened = self._clock.elapsed()
        return self._begin, self._opened

    def _delivery(self, samples: pl.DataFrame, refusals: pl.DataFrame) -> Delivery:
        received = pl.lit(self._clock.now()).cast(INSTANT).alias("received")
        time = pl.col("time") + pl.lit(self._shift or 0).cast(pl.Duration("ns"))
        return Delivery(samples.with_columns(time, received), refusals.with_columns(received))


async def _in_thread(parts: Generator[_Part, None, None]) -> AsyncGenerator[_Part, None]:
    """Give what a generator gives, each step of it in a thread.

    A step under way cannot be stopped: whoever leaves does not wait for it, and the generator is closed after it.
    """
    step: asyncio.Future[_Part | None] | None = None
    try:
        while True:
            step = asyncio.get_running_loop().run_in_executor(None, next, parts, None)
            part = await asyncio.shield(step)
            if part is None:
                return
            yield part
    finally:
        if step is None or step.done():
            parts.close()
        else:
            step.add_done_callback(lambda done: _close(done, parts))


def _close(step: "asyncio.Future[_Part | None]", parts: Generator[_Part, None, None]) -> None:
    """Close a generator after its last step, whose outcome nobody waits for."""
    step.exception()
    parts.close()


def _nanoseconds(span: timedelta | Literal["none"]) -> int:
    return 0 if span == "none" else span // timedelta(microseconds=1) * 1000
