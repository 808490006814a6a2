"""Pseudonyms: the same every day, others for each group and key."""

import re

from analytics.disclosure.pseudonyms import LENGTH, pseudonym

KEY = b"a key of thirty-two bytes at least"


def test_a_pseudonym_is_the_same_on_every_machine_and_day() -> None:
    assert pseudonym(KEY, "bank", "equipment", "gears/hobbing/hob-01") == "wavzvfmg2kd7avw7"


def test_it_tells_nothing_and_differs_by_key_group_and_kind() -> None:
    told = {
        pseudonym(key, group, kind, path)
        for key in (KEY, KEY[::-1])
        for group in ("bank", "city")
        for kind in ("equipment", "line")
        for path in ("gears", "gears/hobbing", "gears/hobbing/hob-01")
    }
    assert len(told) == 24
    assert all(re.fullmatch(f"[a-z2-7]{{{LENGTH}}}", one) for one in told)


def test_parts_cannot_be_moved_from_one_to_the_next() -> None:
    assert pseudonym(KEY, "a", "bc", "d") != pseudonym(KEY, "ab", "c", "d")
