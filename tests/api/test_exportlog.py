"""The log of exports: what is begun belongs to its maker, on every database."""

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
import sqlalchemy as sa

from api.exportlog import (
    LASTS,
    TRIES,
    ExportState,
    begin_next,
    count_exports,
    create_export,
    finish_export,
    note_progress,
    put_back,
    read_export,
    read_exports,
    wanted_files,
)
from collector.records import Records

pytestmark = pytest.mark.every_database

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)


async def test_what_is_begun_is_its_makers_until_it_is_not_heard_of(records: Records) -> None:
    def work(connection: sa.Connection) -> None:
        one = create_export(connection, "key:a", {"what": "samples"}, ["gears"], now=NOW)
        create_export(connection, "key:a", {"what": "samples"}, None, now=NOW + timedelta(seconds=1))
        first = begin_next(connection, now=NOW)
        assert first is not None
        assert (first.id, first.tries) == (one.id, 1)
        assert wanted_files(connection) == {first.stem}
        assert begin_next(connection, now=NOW + LASTS / 2) is None  # one of a caller at a time
        later = NOW + LASTS / 2
        assert note_progress(connection, first, progress=0.5, rows=7, size=70, now=later)
        assert begin_next(connection, now=NOW + LASTS) is None
        second = begin_next(connection, now=later + LASTS)
        assert second is not None
        assert (second.id, second.tries, second.rows) == (one.id, 2, 0)
        assert second.maker != first.maker
        assert not note_progress(connection, first, progress=0.6, rows=8, size=80, now=later + LASTS)
        finish = partial(finish_export, connection, rows=9, size=90, sha256="e" * 64, now=later, expires=later + LASTS)
        assert not finish(first)
        assert finish(second)
        assert wanted_files(connection) == {second.stem}
        assert count_exports(connection, "key:a") == (1, 2)
        assert count_exports(connection, "key:b") == (0, 0)
        assert [export.state for export in read_exports(connection, "key:a")] == ["queued", "done"]

    await records.run(work)


async def test_an_orderly_end_counts_for_nothing(records: Records) -> None:
    def work(connection: sa.Connection) -> None:
        number = create_export(connection, "key:a", {"what": "samples"}, None, now=NOW).id
        for _ in range(TRIES + 1):
            begun = begin_next(connection, now=NOW)
            assert begun is not None
            put_back(connection, begun)
        for turn in range(TRIES):
            assert begin_next(connection, now=NOW + turn * LASTS) is not None
        assert begin_next(connection, now=NOW + TRIES * LASTS) is None
        failed = read_export(connection, number)
        assert failed is not None
        assert (failed.state, failed.until) == (ExportState.FAILED, None)
        assert "broke off" in failed.problem

    await records.run(work)
