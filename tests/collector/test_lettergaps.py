"""What a store refused is a gap until its letters were replayed, and stored."""

from datetime import datetime, timedelta

import polars as pl
import pytest
import sqlalchemy as sa

from collector.deadletters import Choice, DeadLetter, read_dead_letters, settle_dead_letters, write_dead_letters
from collector.gaps import read_gaps
from collector.letter import LETTERS
from collector.lettergaps import fill_rejected, withdraw_refused
from collector.rejections import add_rejections
from collector.resolution import fill_stored, read_fillings
from tests.collector.fakes import FEW, NOON

FORCE, SPEED = "works/line/press/force", "works/line/press/speed"
SECOND = timedelta(seconds=1)
EVERY = {"plc": (FORCE, SPEED)}

pytestmark = pytest.mark.every_database


def letters(*times: datetime, signal: str = FORCE, value: str = "{}") -> pl.DataFrame:
    """Give what a store refused of a signal at these times, each with a reason of its own."""
    rows = [("plc", "", signal, value.encode(), f"no {n}", NOON, "admitted", time) for n, time in enumerate(times)]
    return pl.DataFrame(rows, schema=LETTERS, orient="row")


def refuse(ledger: sa.Connection, refused: pl.DataFrame) -> None:
    """Do as the drain does."""
    write_dead_letters(ledger, refused, bounds=FEW)
    add_rejections(ledger, refused)
    withdraw_refused(ledger, refused)


def replay(ledger: sa.Connection, *ids: int) -> None:
    """Do as replaying does, into position 7 of the spool."""
    chosen: list[DeadLetter] = read_dead_letters(ledger, Choice(ids=ids), limit=100)
    settle_dead_letters(ledger, dict.fromkeys(ids, "became 1 sample"), state="replayed", now=NOON)
    fill_rejected(ledger, chosen, "log", 7, EVERY["plc"])


def states(ledger: sa.Connection, stored: int = 7) -> list[tuple[tuple[str, ...], str]]:
    """Let the store come to a position, and tell how the gaps stand."""
    fill_stored(ledger, "log", stored, NOON, EVERY)
    far = timedelta(days=1)
    return sorted((gap.signals, gap.state) for gap in read_gaps(ledger, start=NOON - far, end=NOON + far))


def test_a_gap_is_filled_once_all_of_its_letters_are_stored(ledger: sa.Connection) -> None:
    refuse(ledger, letters(NOON, NOON + SECOND, NOON + 2 * SECOND))
    replay(ledger, 1, 3)
    assert states(ledger) == [((FORCE,), "open")]
    replay(ledger, 2)
    assert states(ledger, stored=6) == [((FORCE,), "open")]
    assert states(ledger) == [((FORCE,), "filled")]


def test_letters_of_another_signal_or_time_do_not_count(ledger: sa.Connection) -> None:
    refuse(ledger, letters(NOON))
    refuse(ledger, letters(NOON, signal=SPEED))
    refuse(ledger, letters(NOON + timedelta(hours=1), value="{...}"))
    replay(ledger, 1)
    assert states(ledger) == [((FORCE,), "filled"), ((FORCE,), "open"), ((SPEED,), "open")]


def test_what_was_dropped_stays_missing(ledger: sa.Connection) -> None:
    refuse(ledger, letters(NOON, NOON + SECOND))
    settle_dead_letters(ledger, {1: "no use"}, state="dropped", now=NOON)
    replay(ledger, 2)
    assert states(ledger) == [((FORCE,), "open")]


def test_arrivals_that_nobody_knows_stay_missing(ledger: sa.Connection) -> None:
    for n in range(3):
        refuse(ledger, letters(NOON + n * SECOND))
    replay(ledger, 1)
    assert states(ledger) == [((FORCE,), "open")]


def test_what_the_store_refuses_again_is_not_filled(ledger: sa.Connection) -> None:
    refuse(ledger, letters(NOON))
    replay(ledger, 1)
    refuse(ledger, letters(NOON))
    assert read_fillings(ledger) == []
    assert states(ledger) == [((FORCE,), "open")]


def test_what_went_because_there_were_too_many_stays_missing(ledger: sa.Connection) -> None:
    refuse(ledger, letters(NOON, NOON + SECOND))
    write_dead_letters(ledger, letters(*(NOON + n * SECOND for n in range(100)), signal=SPEED), bounds=FEW)
    left = read_dead_letters(ledger, Choice(signal=FORCE), limit=10)
    replay(ledger, *(letter.id for letter in left))
    assert states(ledger) == [((FORCE,), "open")]
