"""Dead letters are kept with their reason, counted when they come again, and bounded."""

from datetime import datetime, timedelta
from functools import partial
from typing import ClassVar, Literal

import polars as pl
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from adapters.sample import no_refusals
from collector.deadletters import (
    DEAD_LETTERS,
    TOTALS,
    Bounds,
    Choice,
    DeadLetter,
    DeadLetterTotal,
    count_dead_letters,
    read_dead_letters,
    same_letter,
    settle_dead_letters,
    share,
    write_dead_letters,
)
from collector.letter import LETTERS
from collector.records import Records
from collector.sight import Sight
from tests.collector.fakes import NOON, refusals
from tests.databases import SQLITE

pytestmark = pytest.mark.every_database


async def write(records: Records, letters: pl.DataFrame, keep: int = 100, size: int = 2**20) -> None:
    await records.run(lambda connection: write_dead_letters(connection, letters, bounds=Bounds(keep, size)))


def sample_letters(*times: datetime) -> pl.DataFrame:
    """Give the same refused sample at these times, each a second after the one before it."""
    rows = [
        ("plc", "FORCE", "works/line/press/force", b"{}", "declared float", NOON + timedelta(seconds=n), "sample", time)
        for n, time in enumerate(times)
    ]
    later = pl.lit(0 if times[0] == NOON else 3600).cast(pl.Duration("ms")) * 1000
    return pl.DataFrame(rows, schema=LETTERS, orient="row").with_columns(pl.col("received") + later)


async def read(
    records: Records, limit: int = 100, before: int | None = None, source: str | None = None
) -> list[DeadLetter]:
    return await records.run(
        lambda c: read_dead_letters(c, Choice(source=source, state=None), limit=limit, before_id=before)
    )


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


async def test_a_noisy_source_pushes_out_its_own_letters_and_none_of_a_quiet_one(records: Records) -> None:
    await write(records, refusals(b"a", b"b", source="quiet"), keep=10)
    await write(records, refusals(*(b"%d" % n for n in range(500)), source="noisy"), keep=10)
    await write(records, refusals(*(b"%d" % n for n in range(500, 600)), source="noisy"), keep=10)
    assert [letter.payload for letter in await read(records, source="quiet")] == [b"b", b"a"]
    assert [letter.payload for letter in await read(records, source="noisy")] == [
        b"%d" % n for n in range(599, 591, -1)
    ]
    assert [(one.source, one.kept, one.dropped) for one in await records.run(count_dead_letters)] == [
        ("noisy", 8, 592),
        ("quiet", 2, 0),
    ]


async def test_bytes_are_bounded_too(records: Records) -> None:
    await write(records, refusals(b"small", source="quiet"), size=10_000)
    await write(records, refusals(*(b"%04d" % n * 250 for n in range(100)), source="noisy"), size=10_000)
    totals = {one.source: one for one in await records.run(count_dead_letters)}
    assert sum(one.bytes for one in totals.values()) <= 10_000
    assert totals["noisy"].bytes > 8_000
    assert totals["quiet"].kept == 1
    newest = await read(records, source="noisy")
    assert [letter.payload[:4] for letter in newest] == [b"%04d" % n for n in range(99, 99 - len(newest), -1)]


async def test_settled_letters_go_before_open_ones(records: Records) -> None:
    await write(records, refusals(b"0", b"1", b"2"), keep=3)
    _, middle, _ = await read(records)
    await records.run(lambda c: settle_dead_letters(c, {middle.id: "no use"}, state="dropped", now=NOON))
    await write(records, refusals(b"3"), keep=3)
    assert [letter.payload for letter in await read(records)] == [b"3", b"2", b"0"]
    [total] = await records.run(count_dead_letters)
    assert (total.dropped, total.discarded) == (0, 1)


async def test_a_settled_letter_says_what_became_of_it_and_settles_once(records: Records) -> None:
    await write(records, refusals(b"ERR", b"ERR"))
    [letter] = await read(records)
    later = NOON + timedelta(hours=1)
    settle = partial(settle_dead_letters, notes={letter.id: "became 2 samples", 4711: ""}, state="replayed", now=later)
    assert await records.run(settle) == [letter.id]
    assert await records.run(settle) == []
    [settled] = await read(records)
    assert (settled.state, settled.settled, settled.note) == ("replayed", later, "became 2 samples")
    assert settled.payload == b""
    [total] = await records.run(count_dead_letters)
    assert (total.replayed, total.kept, total.bytes) == (2, 1, len("topicis no JSON"))


async def test_a_settled_letter_that_comes_again_begins_anew(records: Records) -> None:
    await write(records, refusals(b"ERR", b"ERR"))
    [letter] = await read(records)
    await records.run(lambda c: settle_dead_letters(c, {letter.id: "mended"}, state="replayed", now=NOON))
    later = NOON + timedelta(hours=1)
    await write(records, refusals(b"ERR", received=later))
    [again] = await read(records)
    assert again == DeadLetter(letter.id, "plc", "topic", None, b"ERR", "is no JSON", later, later, 1)
    [total] = await records.run(count_dead_letters)
    assert (total.refused, total.kept, total.bytes) == (3, 1, len("topicis no JSONERR"))


async def test_a_refused_sample_keeps_its_own_times_of_first_and_last(records: Records) -> None:
    await write(records, sample_letters(NOON, NOON - timedelta(days=1), NOON - timedelta(days=2)))
    await write(records, sample_letters(NOON - timedelta(days=3)))
    [letter] = await read(records)
    assert (letter.count, letter.form) == (4, "sample")
    assert (letter.first_time, letter.last_time) == (NOON, NOON - timedelta(days=3))


@pytest.mark.parametrize(
    ("choice", "payloads"),
    [
        (Choice(), [b"3", b"2"]),
        (Choice(state=None), [b"3", b"2", b"1"]),
        (Choice(state="dropped"), [b"1"]),
        (Choice(signal="works/line"), [b"2"]),
        (Choice(signal="works/line/press/force"), [b"2"]),
        (Choice(signal="works/line/press/forc"), []),
        (Choice(reason="NO js"), [b"3", b"2"]),
        (Choice(reason="%"), []),
        (Choice(ids=(2,)), [b"2"]),
        (Choice(ids=()), []),
    ],
)
async def test_letters_are_chosen(records: Records, choice: Choice, payloads: list[bytes]) -> None:
    await write(records, refusals(b"1"))
    await write(records, refusals(b"2").with_columns(signal=pl.lit("works/line/press/force")))
    await write(records, refusals(b"3"))
    await records.run(lambda c: settle_dead_letters(c, {1: "no use"}, state="dropped", now=NOON))
    found = await records.run(lambda c: read_dead_letters(c, choice, limit=10))
    kept = {1: b"1"}
    assert [kept.get(letter.id, letter.payload) for letter in found] == payloads


@given(st.lists(st.integers(0, 100), max_size=8), st.integers(0, 300))
def test_shares_are_even_and_fill_the_room(held: list[int], room: int) -> None:
    each = share(held, room)
    if each is None:
        assert sum(held) <= room
        return
    kept = [min(one, each) for one in held]
    assert sum(held) > room
    assert sum(kept) <= room
    assert sum(min(one, each + 1) for one in held) > room
    assert all(one == mine for one, mine in zip(held, kept, strict=True) if one <= each)


class Counting(RuleBasedStateMachine):
    """What is refused is kept, dropped, replayed or discarded, whatever happens; and no bound is broken."""

    engine: ClassVar[sa.Engine]

    def __init__(self) -> None:
        super().__init__()
        with self.engine.begin() as connection:
            for table in (DEAD_LETTERS, TOTALS):
                connection.execute(sa.delete(table))
        self.refused = 0

    @rule(source=st.sampled_from(["plc", "broker"]), payloads=st.lists(st.binary(max_size=2), max_size=5))
    def refuse(self, source: str, payloads: list[bytes]) -> None:
        self.refused += len(payloads)
        with self.engine.begin() as connection:
            write_dead_letters(connection, refusals(*payloads, source=source), bounds=Bounds(6, 100))

    @rule(places=st.sets(st.integers(0, 7), max_size=4), state=st.sampled_from(["replayed", "dropped"]))
    def settle(self, places: set[int], state: Literal["replayed", "dropped"]) -> None:
        with self.engine.begin() as connection:
            kept = [letter.id for letter in read_dead_letters(connection, Choice(state=None), limit=100)]
            ids = [kept[place] if place < len(kept) else 10**12 + place for place in places]
            settle_dead_letters(connection, dict.fromkeys(ids, "note"), state=state, now=NOON)

    @invariant()
    def nothing_goes_uncounted(self) -> None:
        with self.engine.begin() as connection:
            totals = count_dead_letters(connection)
            open_ = read_dead_letters(connection, limit=100)
            kept, size = connection.execute(sa.select(sa.func.count(), sa.func.sum(DEAD_LETTERS.c.bytes))).one()
        settled = sum(one.dropped + one.replayed + one.discarded for one in totals)
        assert sum(one.refused for one in totals) == self.refused == settled + sum(letter.count for letter in open_)
        assert (sum(one.kept for one in totals), sum(one.bytes for one in totals)) == (kept, size or 0)
        assert kept <= 6
        assert (size or 0) <= 100


def test_nothing_goes_uncounted(database: str, engine: sa.Engine) -> None:
    class Here(Counting):
        pass

    Here.engine = engine
    examples = 25 if database == SQLITE else 8  # each takes much longer
    run_state_machine_as_test(Here, settings=settings(max_examples=examples, stateful_step_count=20, deadline=None))


@pytest.mark.parametrize(
    ("sight", "seen"),
    [
        (Sight(frozenset({"works"}), frozenset({"plc", "broker"}), frozenset({"broker"})), {"a", "b", "f"}),
        (Sight(frozenset({"works"}), frozenset({"plc"}), frozenset()), {"a", "b"}),
        (Sight(frozenset({"other"}), frozenset({"plc", "broker"}), frozenset()), {"a", "d", "e", "g"}),
        (Sight(frozenset({"works"}), frozenset(), frozenset()), set()),
        (Sight(frozenset(), frozenset(), frozenset()), set()),
    ],
)
async def test_letters_of_others_are_not_there(records: Records, sight: Sight, seen: set[str]) -> None:
    own, upper, foreign = "works/line/press/force", "WORKS/line/press/force", "other/works/press/force"
    rows = [
        ("plc", None, "a", "input"),
        ("plc", own, "b", "input"),
        ("plc", upper, "c", "sample"),
        ("plc", foreign, "d", "sample"),
        ("broker", None, "e", "input"),
        ("broker", own, "f", "sample"),
        ("broker", foreign, "g", "admitted"),
    ]
    letters = [(source, "t", signal, text.encode(), "no", NOON, form, None) for source, signal, text, form in rows]
    await write(records, pl.DataFrame(letters, schema=LETTERS, orient="row"))
    for choice in (Choice(sight=sight), Choice(ids=tuple(range(1, 99)), state=None, sight=sight)):
        found = await records.run(partial(read_dead_letters, choice=choice, limit=100))
        assert {letter.payload.decode() for letter in found} == seen


async def test_a_signal_is_chosen_letter_by_letter(records: Records) -> None:
    await write(records, sample_letters(NOON))
    for signal, count in (("works/line", 1), ("WORKS/line", 0), ("works/lin_", 0), ("works/line/press/force", 1)):
        found = await records.run(partial(read_dead_letters, choice=Choice(signal=signal), limit=9))
        assert len(found) == count, signal
