"""What people said of stops: the later counts, what is taken back does not, and nothing is forgotten."""

from datetime import timedelta
from functools import partial

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from analytics.reasons import PERSONS
from analytics.stopreasons import (
    AT_ONCE,
    Said,
    add_reason,
    list_reasons,
    read_reason_news,
    read_reasons,
    revoke_reason,
)
from collector.records import Records
from tests.analytics.plant import BEGIN, at

pytestmark = pytest.mark.every_database

PRESS, SAW = "works/line/press", "works/line/saw"
DAY = timedelta(days=1)


async def say(records: Records, reason: str, equipment: str = PRESS, first: int = 0, last: int = 60) -> Said:
    add = partial(add_reason, equipment=equipment, start=at(first), end=at(last), reason=reason)
    return await records.run(lambda connection: add(connection, note="", by="anna", now=at(100)))


async def revoke(records: Records, number: int, equipment: str = PRESS, seconds: int = 200) -> Said | None:
    return await records.run(lambda connection: revoke_reason(connection, equipment, number, now=at(seconds)))


async def read(records: Records, *equipment: str, first: int = 0, last: int = 3600) -> pl.DataFrame:
    return await records.run(lambda connection: read_reasons(connection, equipment, at(first), at(last)))


async def news(records: Records, after: int) -> list[Said]:
    return await records.run(lambda connection: read_reason_news(connection, after=after))


async def test_what_was_said_is_kept_as_it_was_said(records: Records) -> None:
    said = await records.run(
        lambda c: add_reason(c, PRESS, at(0), at(60), "tool-change", note="刀具崩刃", by="anna", now=at(100))
    )
    expected = Said(said.id, PRESS, at(0), at(60), "tool-change", "刀具崩刃", "anna", at(100), None, said.changed)
    assert said == expected
    listed = await records.run(lambda c: list_reasons(c, PRESS, start=BEGIN, end=BEGIN + DAY))
    assert listed == [said]


async def test_reasons_come_in_the_order_in_which_they_were_said(records: Records) -> None:
    await say(records, "late", first=1800, last=1900)
    await say(records, "saw", SAW)
    await say(records, "early")
    found = await read(records, PRESS, SAW)
    assert found.schema == PERSONS
    assert found.rows() == [
        (PRESS, at(1800), at(1900), "late"),
        (SAW, at(0), at(60), "saw"),
        (PRESS, at(0), at(60), "early"),
    ]
    assert (await read(records, PRESS))["reason"].to_list() == ["late", "early"]
    assert_frame_equal(await read(records), PERSONS.to_frame())


async def test_reasons_that_touch_the_interval_come(records: Records) -> None:
    await say(records, "one", first=100, last=200)
    for first, last, expected in ((0, 100, 0), (0, 101, 1), (199, 300, 1), (200, 300, 0), (120, 130, 1)):
        assert len(await read(records, PRESS, first=first, last=last)) == expected


async def test_more_machines_than_a_statement_takes(records: Records) -> None:
    await say(records, "one", SAW)
    await say(records, "two")
    others = [f"works/line/m{n}" for n in range(2 * AT_ONCE)]
    assert (await read(records, PRESS, *others, SAW))["reason"].to_list() == ["one", "two"]


async def test_what_is_taken_back_does_not_count_and_stays(records: Records) -> None:
    one, other = await say(records, "one"), await say(records, "other")
    taken = await revoke(records, other.id)
    assert taken is not None
    assert (taken.id, taken.reason, taken.revoked) == (other.id, "other", at(200))
    assert (await read(records, PRESS))["reason"].to_list() == ["one"]
    listed = await records.run(lambda c: list_reasons(c, PRESS, start=BEGIN, end=BEGIN + DAY))
    assert [(said.id, said.revoked) for said in listed] == [(one.id, None), (other.id, at(200))]
    again = await revoke(records, other.id, seconds=300)
    assert again == taken
    assert await revoke(records, 4711) is None
    assert await revoke(records, one.id, SAW) is None
    assert (await read(records, PRESS))["reason"].to_list() == ["one"]


async def test_every_change_is_news_once(records: Records) -> None:
    assert await news(records, 0) == []
    one, other = await say(records, "one"), await say(records, "other", SAW)
    assert await news(records, 0) == [one, other]
    assert await news(records, one.changed) == [other]
    taken = await revoke(records, one.id)
    assert await news(records, other.changed) == [taken]
    assert taken is not None
    await revoke(records, one.id)
    assert await news(records, taken.changed) == []


async def test_pages_of_what_was_said(records: Records) -> None:
    said = [await say(records, f"r{n}") for n in range(5)]
    first = await records.run(lambda c: list_reasons(c, PRESS, start=BEGIN, end=BEGIN + DAY, limit=2))
    rest = await records.run(lambda c: list_reasons(c, PRESS, start=BEGIN, end=BEGIN + DAY, after=first[-1].id))
    assert first + rest == said
