"""Dead letters are kept with their reason, counted when they come again, and bounded."""

from datetime import timedelta

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from adapters.sample import no_refusals
from collector.deadletters import (
    Bounds,
    Choice,
    DeadLetter,
    DeadLetterTotal,
    count_dead_letters,
    read_dead_letters,
    same_letter,
    write_dead_letters,
)
from collector.records import Records
from tests.collector.fakes import NOON, refusals


async def write(records: Records, letters: pl.DataFrame, keep: int = 100, size: int = 2**20) -> None:
    await records.run(lambda connection: write_dead_letters(connection, letters, bounds=Bounds(keep, size)))


async def read(
    records: Records, limit: int = 100, before: int | None = None, source: str | None = None
) -> list[DeadLetter]:
    return await records.run(lambda c: read_dead_letters(c, Choice(source=source), limit=limit, before_id=before))


async def test_a_letter_is_kept_as_it_came(records: Records) -> None:
    await write(records, refusals(b"\xff{"))
    [letter] = await read(records)
    assert letter == DeadLetter(letter.id, "plc", "topic", None, b"\xff{", "is no JSON", NOON, NOON, 1)


async def test_the_newest_come_first_page_by_page(records: Records) -> None:
    await write(records, refusals(b"1", b"2", b"3"))
    first = await read(records, limit=2)
    second = await read(records, limit=2, before=first[-1].id)
    assert [letter.payload for letter in first + second] == [b"3", b"2", b"1"]


async def test_letters_of_one_source(records: Records) -> None:
    await write(records, pl.concat([refusals(b"1"), refusals(b"2", source="broker")]))
    assert [letter.payload for letter in await read(records, source="broker")] == [b"2"]


async def test_the_same_letter_is_counted_and_not_kept_twice(records: Records) -> None:
    later = NOON + timedelta(hours=1)
    await write(records, refusals(b"ERR", b"ERR"))
    await write(records, refusals(b"ERR", received=later))
    [letter] = await read(records)
    assert (letter.count, letter.first, letter.last) == (3, NOON, later)


async def test_the_oldest_go_first_and_stay_counted(records: Records) -> None:
    await write(records, refusals(b"0", b"0", b"1"), keep=3)
    await write(records, refusals(b"2", b"3"), keep=3)
    assert [letter.payload for letter in await read(records)] == [b"3", b"2", b"1"]
    assert await records.run(count_dead_letters) == [
        DeadLetterTotal("plc", refused=5, dropped=2, kept=3, bytes=3 * len("topicis no JSON0"))
    ]


async def test_a_flood_leaves_the_newest(records: Records) -> None:
    await write(records, refusals(*(b"%d" % n for n in range(1000))), keep=10)
    assert [letter.payload for letter in await read(records)] == [b"%d" % n for n in range(999, 989, -1)]


async def test_nothing_to_write_writes_nothing(records: Records) -> None:
    await write(records, no_refusals())
    assert await read(records) == []
    assert await records.run(count_dead_letters) == []


parts = st.tuples(
    st.text(max_size=3),
    st.text(max_size=3),
    st.none() | st.text(max_size=3),
    st.text(max_size=3),
    st.binary(max_size=3),
)


@given(parts, parts)
def test_letters_are_the_same_only_when_all_their_parts_are(one: tuple[object, ...], other: tuple[object, ...]) -> None:
    names = ("source", "address", "signal", "reason", "payload")
    same = same_letter(dict(zip(names, one, strict=True))) == same_letter(dict(zip(names, other, strict=True)))
    assert same == (one == other)
