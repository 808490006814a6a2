"""The revision of the results: it moves before and after every write, and a write that broke off is waited for."""

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from collector.records import Records
from collector.revision import OPEN, Revision, begin_revising, end_revising, read_revision, revising

pytestmark = pytest.mark.every_database

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def test_it_moves_at_both_ends_of_a_write(ledger: sa.Connection) -> None:
    assert read_revision(ledger, now=NOON) == Revision(0, writing=False)
    write = begin_revising(ledger, now=NOON)
    assert read_revision(ledger, now=NOON) == Revision(1, writing=True)
    end_revising(ledger, write)
    assert read_revision(ledger, now=NOON) == Revision(2, writing=False)


def test_of_two_who_write_each_ends_its_own(ledger: sa.Connection) -> None:
    first, second = (begin_revising(ledger, now=NOON) for _ in range(2))
    end_revising(ledger, first)
    assert read_revision(ledger, now=NOON) == Revision(3, writing=True)
    end_revising(ledger, second)
    assert read_revision(ledger, now=NOON) == Revision(4, writing=False)


def test_a_write_that_broke_off_counts_for_a_while_and_then_goes(ledger: sa.Connection) -> None:
    begin_revising(ledger, now=NOON)
    assert read_revision(ledger, now=NOON + OPEN) == Revision(1, writing=True)
    assert read_revision(ledger, now=NOON + OPEN * 1.01) == Revision(1, writing=False)
    end_revising(ledger, begin_revising(ledger, now=NOON + OPEN * 1.01))
    assert read_revision(ledger, now=NOON) == Revision(3, writing=False)


async def test_a_block_that_raises_leaves_its_write_open(records: Records) -> None:
    async with revising(records, NOON):
        pass
    assert await records.run(lambda connection: read_revision(connection, now=NOON)) == Revision(2, writing=False)
    with pytest.raises(ZeroDivisionError):
        async with revising(records, NOON):
            1 / 0  # noqa: B018 - it raises
    assert await records.run(lambda connection: read_revision(connection, now=NOON)) == Revision(3, writing=True)
