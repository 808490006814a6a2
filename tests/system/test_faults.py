"""The fault proofs of store, disk, network, clock and load, each with a few faults: nothing lost, nothing doubled.

`make prove` makes many more of them.
"""

import asyncio
from collections.abc import Mapping

import pytest

from tests.prove import clock_step, disk_full, net_cut, overload, store_errors, store_slow
from tests.servers import far_net, small_disk

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]


def test_a_store_that_fails_in_every_way() -> None:
    kinds = [kind for kind in store_errors.FAULTS if kind != "401"]  # a refusal is waited out for half a minute
    outcome = asyncio.run(store_errors.failed(len(kinds), kinds))
    all_stored(outcome)
    assert outcome["kinds"] == dict.fromkeys(kinds, 1)


def test_a_way_to_the_store_that_is_narrow() -> None:
    outcome = asyncio.run(store_slow.slowed(1, 12, "1 s"))
    all_stored(outcome)
    assert number(outcome, "stored_when_slow") > 0


@pytest.mark.skipif(bool(small_disk.missing()), reason=small_disk.missing())
def test_a_disk_that_is_full() -> None:
    outcome = asyncio.run(disk_full.filled_up(1, 1))
    all_stored(outcome)
    assert (outcome["faults"], outcome["held"]) == (2, 1)


@pytest.mark.skipif(bool(far_net.missing()), reason=far_net.missing())
def test_a_network_that_is_cut() -> None:
    outcome = asyncio.run(net_cut.cut_off(len(net_cut.KINDS)))
    held(outcome)
    assert outcome["kinds"] == dict.fromkeys(net_cut.KINDS, 1)
    assert number(outcome, "noticed_s") >= 1


@pytest.mark.skipif(clock_step.library() is None, reason="needs libfaketime: apt install faketime")
def test_a_clock_that_is_set() -> None:
    kinds = ("back", "ahead_down")
    outcome = asyncio.run(clock_step.stepped(kinds))
    held(outcome)
    assert outcome["kinds"] == dict.fromkeys(kinds, 1)


def test_more_load_than_the_store_takes() -> None:
    outcome = asyncio.run(overload.overloaded(1, 12, 5))
    all_stored(outcome)
    assert outcome["held"] == 1


def held(outcome: Mapping[str, object]) -> None:
    """See that nothing is lost, doubled or refused, that all is accounted for, and that nothing else failed."""
    assert (outcome["lost"], outcome["doubled"], outcome["dead_lettered"]) == (0, 0, 0), str(outcome)
    assert outcome.get("failed", []) == [], str(outcome)
    assert number(outcome, "stored") + number(outcome, "gap_covered") == outcome["sent"]
    assert number(outcome, "stored") > 1000


def all_stored(outcome: Mapping[str, object]) -> None:
    """See that besides nothing lies in a gap."""
    held(outcome)
    assert outcome["stored"] == outcome["sent"]


def number(outcome: Mapping[str, object], key: str) -> float:
    """Give a number of an outcome."""
    found = outcome[key]
    assert isinstance(found, int | float)
    return found
