"""What restatements replaced is kept, found again, and told page by page."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa
from polars.testing import assert_frame_equal

from adapters.stores.contract import RESULTS
from analytics.ledger import SUPERSEDED, count_superseded, position, read_following, read_superseded, write_superseded
from analytics.restatement import RESTATEMENTS, as_of
from analytics.restatement import SUPERSEDED as COLUMNS
from collector.records import Records
from tests.analytics.plant import BEGIN, at

pytestmark = pytest.mark.every_database

HOUR = timedelta(hours=1)
PRESS = "works/line/press"


def version(
    number: int = 1, path: str = PRESS, *, start: datetime = BEGIN, period: str = "hour", **others: Any
) -> dict[str, Any]:
    """Give one row of `SUPERSEDED`, about an hour; version n was computed n * 1000 s after its start."""
    row = {"path": path, "period": period, "name": "", "start": start, "end": start + HOUR, "version": number}
    told = {"computed": start + timedelta(seconds=number * 1000), "made_for": "gap" if number > 1 else ""}
    values = f'{{"utilisation":[0.{number},"odd"],"oee":[null,""]}}'
    return row | told | {"reason": "late samples", "coverage": 0.9, "values": values} | others


def table(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=COLUMNS)


async def write(records: Records, *rows: dict[str, Any], replaced: datetime) -> None:
    await records.run(lambda connection: write_superseded(connection, table(*rows), replaced))


async def read(records: Records, **asked: Any) -> pl.DataFrame:
    return await records.run(partial(read_superseded, **asked))


async def test_a_version_is_kept_as_it_was(records: Records) -> None:
    rows = [version(), version(path="works", period="shift", name="早班", coverage=None)]
    await write(records, *rows, replaced=at(9000))
    found = await read(records)
    assert found.schema == RESTATEMENTS
    assert found.to_dicts() == [{**row, "replaced": at(9000)} for row in reversed(rows)]


async def test_nothing_replaced_is_nothing_written(records: Records) -> None:
    await write(records, replaced=at(9000))
    assert_frame_equal(await read(records), RESTATEMENTS.to_frame())


async def test_a_version_written_again_is_kept_once(records: Records) -> None:
    await write(records, version(), version(path="works"), replaced=at(9000))
    await write(records, version(reason="gap"), replaced=at(9010))
    found = await read(records)
    assert found.select("path", "reason", "replaced").rows() == [
        (PRESS, "gap", at(9010)),
        ("works", "late samples", at(9000)),
    ]


async def test_only_what_was_asked_for_comes(records: Records) -> None:
    early, late = version(), version(start=BEGIN + HOUR)
    shift, line = version(period="shift"), version(path="works/line")
    await write(records, early, late, shift, line, replaced=at(9000))

    async def found(**asked: Any) -> list[tuple[Any, ...]]:
        return (await read(records, **asked)).select("path", "period", "start").rows()

    assert await found(start=BEGIN + HOUR) == [(PRESS, "hour", BEGIN + HOUR)]
    assert await found(end=BEGIN + HOUR, periods=["hour"]) == [("works/line", "hour", BEGIN), (PRESS, "hour", BEGIN)]
    assert await found(paths=["works/line", "works"]) == [("works/line", "hour", BEGIN)]
    assert await found(paths=[]) == []


async def test_only_what_counted_at_an_instant_comes(records: Records) -> None:
    await write(records, version(1), replaced=at(2000))
    await write(records, version(2), replaced=at(5000))
    for seconds, expected in ((999, []), (1000, [1]), (1999, [1]), (2000, [2]), (4999, [2]), (5000, [])):
        found = await read(records, known_at=at(seconds))
        assert found["version"].to_list() == expected


async def test_pages_lead_from_the_newest_to_the_oldest(records: Records) -> None:
    for n in range(3):
        rows = [
            version(n + 1, path, start=BEGIN + hour * HOUR, period=period)
            for path in (PRESS, "works")
            for period in ("day", "hour")
            for hour in range(2)
        ]
        await write(records, *rows, replaced=at(9000 + n // 2))
    whole = await read(records)
    pages, after = [], None
    while len(page := await read(records, after=after, limit=5)):
        pages.append(page)
        after = position(page.row(-1, named=True))
    assert_frame_equal(pl.concat(pages), whole)
    assert whole["replaced"].is_sorted(descending=True)
    assert whole.unique(["path", "period", "start", "version"]).height == 24


async def test_the_versions_after_these_are_found(records: Records) -> None:
    first = [version(1, start=BEGIN + n * HOUR) for n in range(700)]
    await write(records, *first, replaced=at(9000))
    second = [version(2, start=BEGIN + n * HOUR) for n in range(0, 700, 100)]
    await write(records, *second, replaced=at(9100))
    found = await records.run(lambda c: read_following(c, table(*first)))
    assert sorted(found["start"].to_list()) == [row["start"] for row in second]
    assert found["version"].unique().to_list() == [2]
    assert (await records.run(lambda c: read_following(c, found))).is_empty()


async def test_what_was_known_at_an_instant_is_told_from_the_ledger(records: Records) -> None:
    await write(records, version(1), replaced=at(2000))
    await write(records, version(2), replaced=at(5000))
    stored = pl.DataFrame(
        [
            (PRESS, "hour", "", BEGIN, BEGIN + HOUR, kpi, value, 1.0, at(5000), 3, "gap filled", "")
            for kpi, value in (("oee", 0.7), ("utilisation", 0.8))
        ],
        schema=RESULTS,
        orient="row",
    )

    async def known(seconds: int) -> list[tuple[Any, ...]]:
        history = await read(records, known_at=at(seconds))
        told = as_of(stored, history, at(seconds))
        return told.select("kpi", "value", "coverage", "computed", "version", "reason", "note").rows()

    assert await known(5000) == [
        ("oee", 0.7, 1.0, at(5000), 3, "gap filled", ""),
        ("utilisation", 0.8, 1.0, at(5000), 3, "gap filled", ""),
    ]
    assert await known(4999) == [
        ("oee", None, 0.9, at(2000), 2, "gap", ""),
        ("utilisation", 0.2, 0.9, at(2000), 2, "gap", "odd"),
    ]
    assert await known(1000) == [
        ("oee", None, 0.9, at(1000), 1, "", ""),
        ("utilisation", 0.1, 0.9, at(1000), 1, "", "odd"),
    ]
    assert await known(999) == []


async def test_questions_are_answered_by_an_index(records: Records) -> None:
    def plans(connection: sa.Connection) -> list[str]:
        found, sqlite = [], connection.dialect.name == "sqlite"
        if not sqlite:  # of an empty table it would read the whole
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        columns = SUPERSEDED.c
        for query in (
            sa.select(SUPERSEDED).where(columns.start >= BEGIN, columns.start < at(9000)),
            sa.select(SUPERSEDED).where(columns.path.in_([PRESS]), columns.period == "hour", columns.start >= BEGIN),
            sa.select(SUPERSEDED).order_by(columns.replaced.desc()).limit(9),
        ):
            text = query.compile(connection, compile_kwargs={"literal_binds": True})
            lines = connection.exec_driver_sql(f"EXPLAIN {'QUERY PLAN ' if sqlite else ''}{text}").all()
            found.append(" ".join(str(line[-1]) for line in lines).upper())
        return found

    assert all(
        "USING INDEX" in plan or ("INDEX SCAN" in plan and "SEQ SCAN" not in plan) for plan in await records.run(plans)
    )


async def test_what_was_replaced_lately_is_counted_by_path_and_period(records: Records) -> None:
    mine, like, below = "my_works", "myxworks", "my_works/line/press"
    await write(records, version(1, mine), version(2, mine), version(1, below), version(1, like), replaced=at(9 * 3600))
    await write(records, version(1, mine, period="day"), replaced=at(10 * 3600))
    await write(records, version(1, below, start=BEGIN + HOUR), replaced=at(8 * 3600))

    async def counted(**asked: Any) -> dict[tuple[str, str], int]:
        return await records.run(partial(count_superseded, since=at(9 * 3600), **asked))

    own = {(mine, "hour"): 2, (mine, "day"): 1, (below, "hour"): 1}
    assert await counted() == {**own, (like, "hour"): 1}
    assert await counted(trees=[mine]) == own
    assert await counted(trees=[]) == {}
