"""Which refused requests have rows of their own."""

from dataclasses import replace

from api.refusals import EACH, STRANGERS, Refusals
from tests.api.test_auditlog import ENTRY

STRANGER = replace(ENTRY, caller="", name="", status=401)


def taken(refusals: Refusals, peers: list[str], now: float = 0.0) -> int:
    return sum(refusals.takes(replace(STRANGER, peer=peer), now) for peer in peers)


def test_an_address_has_so_many_rows_and_then_one_now_and_then() -> None:
    refusals = Refusals()
    assert taken(refusals, ["10.0.0.1"] * 500) == EACH.burst
    assert taken(refusals, ["10.0.0.2"]) == 1
    assert taken(refusals, ["10.0.0.1"] * 500, now=60.0) == 6


def test_the_addresses_of_one_host_are_one() -> None:
    assert taken(Refusals(), [f"2001:db8::{host:x}" for host in range(500)]) == EACH.burst


def test_many_addresses_have_no_more_than_all_strangers_may() -> None:
    refusals = Refusals()
    assert taken(refusals, [f"10.0.{one}.{other}" for one in range(10) for other in range(200)]) == STRANGERS.burst
    assert all(refusals.takes(replace(ENTRY, status=429), 0.0) for _ in range(EACH.burst))  # who is known waits not
    assert not refusals.takes(replace(ENTRY, status=429), 0.0)
