"""What a store refused, as gaps."""

from datetime import datetime, timedelta

import polars as pl
import pytest
import sqlalchemy as sa

from adapters.sample import INSTANT
from collector.gaps import read_gaps
from collector.rejections import APART, CAUSE, NEAR, add_rejections
from tests.collector.fakes import NOON

SECOND = timedelta(seconds=1)
MICROSECOND = timedelta(microseconds=1)

pytestmark = pytest.mark.every_database


def refuse(ledger: sa.Connection, *rows: tuple[str, str, datetime | None]) -> None:
    schema = pl.Schema({"source": pl.String(), "signal": pl.String(), "time": INSTANT})
    add_rejections(ledger, pl.DataFrame(rows, schema=schema, orient="row"))


def told(ledger: sa.Connection) -> list[tuple[str, tuple[str, ...], datetime, datetime | None]]:
    gaps = read_gaps(ledger, start=NOON - 99 * NEAR, end=NOON + 99 * NEAR)
    assert {(gap.kind, gap.state, gap.cause) for gap in gaps} <= {("rejected", "open", CAUSE)}
    return [(gap.source, gap.signals, gap.start, gap.end) for gap in gaps]


def test_each_signal_has_a_gap_from_its_first_to_its_last_refusal(ledger: sa.Connection) -> None:
    refuse(ledger, ("plc", "a", NOON), ("plc", "b", NOON + SECOND), ("plc", "a", NOON + 2 * SECOND), ("saw", "c", NOON))
    assert told(ledger) == [
        ("plc", ("a",), NOON, NOON + 2 * SECOND + MICROSECOND),
        ("saw", ("c",), NOON, NOON + MICROSECOND),
        ("plc", ("b",), NOON + SECOND, NOON + SECOND + MICROSECOND),
    ]


def test_refusals_that_go_on_are_one_gap(ledger: sa.Connection) -> None:
    for number in range(5):
        refuse(ledger, ("plc", "a", NOON + number * NEAR))
    refuse(ledger, ("plc", "a", NOON + 9 * NEAR))
    assert [(start, end) for *_, start, end in told(ledger)] == [
        (NOON, NOON + 4 * NEAR + MICROSECOND),
        (NOON + 9 * NEAR, NOON + 9 * NEAR + MICROSECOND),
    ]


def test_what_is_of_no_source_or_no_time_has_none(ledger: sa.Connection) -> None:
    refuse(ledger, ("", "strange", NOON), ("plc", "a", None))
    assert told(ledger) == []


def test_a_store_that_refuses_everything_makes_few_gaps(ledger: sa.Connection) -> None:
    refuse(ledger, *(("plc", f"s{number:04}", NOON + number * SECOND) for number in range(APART + 1)))
    [(_, signals, start, end)] = told(ledger)
    assert (len(signals), start, end) == (APART + 1, NOON, NOON + APART * SECOND + MICROSECOND)
