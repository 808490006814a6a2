"""Numbers under other names: no order, no count, and back again."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.seals import KEY_BYTES, PLAIN, Kind, Seal, read_seal
from collector.records import Records

KINDS: tuple[Kind, ...] = ("audit", "delivery", "gap", "letter", "said")

numbers = st.integers(0, 2**52 - 1)
seals = st.binary(min_size=KEY_BYTES, max_size=KEY_BYTES).map(Seal)


@given(seals, numbers, st.sampled_from(KINDS))
def test_a_row_is_found_by_what_it_is_called(seal: Seal, number: int, kind: Kind) -> None:
    shown = seal.number(kind, number)
    assert 0 <= shown < 2**52
    assert seal.meant(kind, shown) == number


@given(seals, numbers)
def test_a_name_that_was_made_up_is_some_number_of_the_same_range(seal: Seal, shown: int) -> None:
    assert seal.number("gap", seal.meant("gap", shown)) == shown


@given(seals, st.integers(0, 2**63 - 1))
def test_events_and_places_are_read_back(seal: Seal, number: int) -> None:
    assert seal.read(seal.event(number)) == seal.read(seal.place(number)) == number


@given(seals, st.text(max_size=50))
def test_other_texts_are_no_events(seal: Seal, text: str) -> None:
    assert seal.read(text) is None


def test_names_say_nothing_of_order_or_count() -> None:
    seal = Seal(bytes(KEY_BYTES))
    names = [seal.number("gap", number) for number in range(1, 1001)]
    rising = sum(first < second for first, second in pairwise(names))
    assert len(set(names)) == 1000
    assert 450 < rising < 550
    assert min(abs(first - second) for first, second in pairwise(names)) > 2**20


def test_kinds_and_keys_have_names_of_their_own() -> None:
    one, other = Seal(bytes(KEY_BYTES)), Seal(b"\1" * KEY_BYTES)
    assert len({seal.number(kind, 1) for seal in (one, other) for kind in KINDS}) == 2 * len(KINDS)
    assert other.read(one.event(1)) is None
    assert other.read(one.place(1)) is None


def test_an_event_has_one_name_and_a_place_a_new_one_every_time() -> None:
    seal = Seal(bytes(KEY_BYTES))
    assert seal.event(7) == seal.event(7)
    assert len({seal.place(7) for _ in range(100)} | {seal.event(7)}) == 101


@pytest.mark.parametrize("length", range(1, 44))
def test_a_name_cut_short_is_none(length: int) -> None:
    seal = Seal(bytes(KEY_BYTES))
    cut = seal.place(7)[:length]
    assert len(cut) == 43 or seal.read(cut) is None


def test_who_sees_everything_is_told_numbers_as_they_are() -> None:
    assert PLAIN.number("gap", 17) == PLAIN.meant("gap", 17) == 17
    assert PLAIN.event(17) == PLAIN.place(17) == "17"
    assert PLAIN.read("17") == 17
    assert [PLAIN.read(text) for text in ("", "-1", "1.0", "\uff11", "9" * 19, "x")] == [None] * 6


@pytest.mark.every_database
async def test_every_process_has_the_same_key(records: Records) -> None:
    key = await records.run(read_seal)
    assert len(key) == KEY_BYTES
    assert await records.run(read_seal) == key
