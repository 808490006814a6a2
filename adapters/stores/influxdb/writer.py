"""Rows to the server, as lines, in pieces side by side; bad lines are found by their numbers or by halving.

What a server says of lines is not believed but tried: the lines that it names as bad are sent again by themselves,
and the others again without them. So a row is refused only by an answer to lines that are all bad, and every other row
is in a piece that was stored whole, whatever the version stores of a piece with bad lines in it.

What of a batch is stored is not sent again when the batch is: through a slow link it gets in several goes.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import polars as pl

from adapters.stores.contract import StoreRefusedError
from adapters.stores.influxdb import encode
from adapters.stores.influxdb.abreast import abreast
from adapters.stores.influxdb.answers import Answer, Verdict
from adapters.stores.influxdb.server import InfluxServer

REQUESTS: Final = 4
"""Requests under way at once: one alone leaves the server idle while its answer travels."""

BLOCK: Final = 25_000
"""Samples that are made lines at a time, while those before are sent: as lines they take five times as much memory."""

DOUBTS: Final = 32
"""Lines refused in words not known, and none stored: then the complaint is about something else than lines."""


@dataclass(slots=True)
class _Outcome:
    """What became of one batch so far."""

    reasons: dict[int, str] = field(default_factory=dict)
    """Reason by row, of lines that the server will never take."""

    stored: bool = False
    """Whether the server took any line."""

    doubtful: int = 0
    """How many of `reasons` are in words that may be about something else."""

    numbers: bool = True
    """Whether the numbers of bad lines that the server gives have been right so far."""


@dataclass(frozen=True, slots=True)
class Task:
    """One batch on its way."""

    server: InfluxServer
    """Where to."""

    body: Callable[[pl.DataFrame], bytes]
    """Makes lines of some of its rows."""

    unit: encode.Unit
    """What the times of the lines count."""

    left: list[pl.DataFrame]
    """Rows that are not known to be stored: `row`, `room`, `end`, and what `body` needs."""

    raw: list[pl.DataFrame] = field(default_factory=list)
    """Rows that are not yet written as lines: those of `encode.storable`."""

    cutting: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held by who takes the next piece: one writes lines while the others send."""

    outcome: _Outcome = field(default_factory=_Outcome)
    """What became of the others."""


def task_of_samples(server: InfluxServer, rows: pl.DataFrame) -> Task:
    """Prepare to write rows of `encode.storable`."""
    unit: encode.Unit = "ns" if server.settings.precision == "ns" else encode.unit(rows["time"].to_physical())
    return Task(server, encode.sample_body, unit, [], list(rows.iter_slices(BLOCK))[::-1])


def task_of_lines(server: InfluxServer, rows: pl.DataFrame) -> Task:
    """Prepare to write rows of `encode.sized`."""
    return Task(server, encode.line_body, "ns", [] if rows.is_empty() else [rows])


async def write(task: Task) -> dict[int, str]:
    """Store durably what is left of a batch; give the rows of it that will never be stored, with the reason.

    Raises:
        StoreUnavailableError: write the same task again later.
        StoreRefusedError: a person must act first; make a new task then.
    """
    outcome, width = task.outcome, 1 if task.server.pace.slow else REQUESTS
    await abreast([partial(_work, task)] * width, width)
    if outcome.doubtful and not outcome.stored:
        raise _not_about_lines(task)
    return outcome.reasons


async def _work(task: Task) -> None:
    """Store piece after piece until none is left."""
    while True:
        async with task.cutting:
            if not task.left:
                await asyncio.to_thread(begin, task)
            if not task.left:
                return
            rows = task.left.pop()
            fit = encode.fitting(rows, task.server.pace.piece)
            if fit < rows.height:
                task.left.append(rows[fit:])
        try:
            await _store(task, rows[:fit])
        except BaseException:  # also where another piece failed and this one is given up
            task.left.append(rows[:fit])
            raise


def begin(task: Task) -> None:
    """Write the next lines of a task of which none are waiting to be sent; nothing where there are no more."""
    if task.raw:
        task.left.append(encode.in_unit(encode.sample_lines(task.raw[-1]), task.unit))
        task.raw.pop()


async def _store(task: Task, rows: pl.DataFrame) -> None:
    """Store rows; find those that the server does not take."""
    server, outcome = task.server, task.outcome
    answer = await server.write(await asyncio.to_thread(task.body, rows), task.unit)
    match answer.verdict:
        case Verdict.STORED:
            outcome.stored = True
        case Verdict.LATER:
            raise server.later(answer)
        case Verdict.FORBIDDEN:
            raise server.forbids(answer)
        case Verdict.BAD_LINES:
            named = answer.bad_lines(rows.height)
            if answer.dropped == rows.height or rows.height in {1, len(named)}:
                _refuse(task, rows, answer, named)
            elif named and outcome.numbers:
                await _store_apart(task, rows, list(named))
            else:
                await _store_halves(task, rows)
        case Verdict.TOO_LARGE if rows.height == 1:
            outcome.reasons[rows["row"].item()] = answer.reason
        case Verdict.TOO_LARGE:
            await _store_halves(task, rows)


async def _store_apart(task: Task, rows: pl.DataFrame, named: list[int]) -> None:
    """Store the rows that are named as bad, and the others, each by themselves."""
    suspects = rows[sorted(named)]
    await _store(task, suspects)
    if not task.outcome.reasons.keys() >= set(suspects["row"]):
        task.outcome.numbers = False
    await _store(task, rows.join(suspects, on="row", how="anti", maintain_order="left"))


async def _store_halves(task: Task, rows: pl.DataFrame) -> None:
    half = rows.height // 2
    await _store(task, rows[:half])
    await _store(task, rows[half:])


def _refuse(task: Task, rows: pl.DataFrame, answer: Answer, named: dict[int, str]) -> None:
    """Take it that no line of a piece will ever be stored."""
    outcome = task.outcome
    outcome.reasons |= {row: named.get(index, answer.reason) for index, row in enumerate(rows["row"])}
    if not answer.names_a_line_fault:
        outcome.doubtful += rows.height
        if outcome.doubtful >= DOUBTS and not outcome.stored:
            raise _not_about_lines(task)


def _not_about_lines(task: Task) -> StoreRefusedError:
    reason = next(iter(task.outcome.reasons.values()))
    return StoreRefusedError(task.server.name, f"takes no line at all ({reason}); check `url`, `org` and `bucket`")
