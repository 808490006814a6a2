"""Lines to the server, in pieces side by side; bad lines are found by halving."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import polars as pl

from adapters.stores.contract import StoreRefusedError
from adapters.stores.influxdb import encode
from adapters.stores.influxdb.abreast import abreast
from adapters.stores.influxdb.answers import Verdict
from adapters.stores.influxdb.server import InfluxServer

REQUESTS: Final = 4
"""Requests under way at once: one alone leaves the server idle while its answer travels."""

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


async def write(server: InfluxServer, lines: pl.Series) -> dict[int, str]:
    """Store lines durably; give the lines that will never be stored, as the server's reason by row.

    Raises:
        StoreUnavailableError: write all of them again later.
        StoreRefusedError: a person must act first.
    """
    outcome = _Outcome()
    await abreast(_work(server, lines, outcome), REQUESTS)
    if outcome.doubtful and not outcome.stored:
        raise _not_about_lines(server, outcome)
    return outcome.reasons


def _work(server: InfluxServer, lines: pl.Series, outcome: _Outcome) -> Iterator[Callable[[], Awaitable[None]]]:
    first = 0
    for piece in encode.pieces(lines):
        yield partial(_store, server, first, piece, outcome)
        first += piece.len()


async def _store(server: InfluxServer, first: int, lines: pl.Series, outcome: _Outcome) -> None:
    """Store the lines that begin at row `first`; halve them where the server does not take them together."""
    answer = await server.write(encode.body(lines))
    match answer.verdict:
        case Verdict.STORED:
            outcome.stored = True
        case Verdict.LATER:
            raise server.later(answer)
        case Verdict.FORBIDDEN:
            raise server.forbids(answer)
        case Verdict.BAD_LINES if answer.dropped == lines.len() or lines.len() == 1:
            outcome.reasons |= dict.fromkeys(range(first, first + lines.len()), answer.reason)
            if not answer.names_a_line_fault:
                outcome.doubtful += lines.len()
                if outcome.doubtful >= DOUBTS and not outcome.stored:
                    raise _not_about_lines(server, outcome)
        case Verdict.TOO_LARGE if lines.len() == 1:
            outcome.reasons[first] = answer.reason
        case Verdict.BAD_LINES | Verdict.TOO_LARGE:
            half = lines.len() // 2
            await _store(server, first, lines[:half], outcome)
            await _store(server, first + half, lines[half:], outcome)


def _not_about_lines(server: InfluxServer, outcome: _Outcome) -> StoreRefusedError:
    reason = next(iter(outcome.reasons.values()))
    return StoreRefusedError(server.name, f"takes no line at all ({reason}); check `url`, `org` and `bucket`")
