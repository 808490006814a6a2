"""Buckets of requests: what they grant, what they tell, and that they do not grow without end."""

from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.rates import Buckets, Policy

POLICY = Policy(per_second=50, burst=200)

rates = st.floats(min_value=0.01, max_value=10_000)
bursts = st.integers(min_value=1, max_value=1000)
starts = st.floats(min_value=0, max_value=10_000_000)


def test_the_policy_is_told_as_the_draft_writes_it() -> None:
    assert POLICY.header == '"default";q=200;w=4'
    assert Policy(per_second=0.5, burst=1).header == '"default";q=1;w=2'


def test_a_burst_is_granted_and_no_more() -> None:
    buckets = Buckets(POLICY)
    standings = [buckets.take("key:a", 10.0) for _ in range(201)]
    assert [standing.granted for standing in standings] == [True] * 200 + [False]
    assert standings[0].header == '"default";r=199;t=1'
    assert standings[-1].header == '"default";r=0;t=1'


def test_one_caller_does_not_use_up_what_another_may_ask() -> None:
    buckets = Buckets(Policy(per_second=1, burst=1))
    assert buckets.take("key:a", 0).granted
    assert not buckets.take("key:a", 0).granted
    assert buckets.take("key:b", 0).granted


def test_a_look_takes_nothing() -> None:
    buckets = Buckets(Policy(per_second=1, burst=1))
    assert buckets.look("peer", 0).granted
    assert buckets.look("peer", 0).granted
    assert len(buckets) == 0
    buckets.take("peer", 0)
    assert not buckets.look("peer", 0.5).granted
    assert buckets.look("peer", 1).granted


def test_a_clock_that_stands_or_goes_back_gives_nothing_away() -> None:
    buckets = Buckets(Policy(per_second=1, burst=1))
    assert buckets.take("key:a", 100).granted
    assert not buckets.take("key:a", 50).granted
    assert not buckets.take("key:a", 100).granted


@given(rates, bursts, starts)
def test_who_waits_as_long_as_it_was_told_is_granted(per_second: float, burst: int, start: float) -> None:
    buckets = Buckets(Policy(per_second, burst))
    standing = next(taken for _ in range(burst + 1000) if not (taken := buckets.take("key:a", start)).granted)
    assert standing.left == 0
    assert max(1, ceil(1 / per_second - 0.01)) <= standing.wait <= max(1, ceil(1 / per_second))
    assert buckets.take("key:a", start + standing.wait).granted


@given(rates, bursts, st.lists(st.floats(min_value=0, max_value=2), max_size=60))
def test_nobody_gets_more_than_the_burst_and_what_has_come_since(
    per_second: float, burst: int, pauses: list[float]
) -> None:
    buckets, now, granted = Buckets(Policy(per_second, burst)), 0.0, 0
    for pause in pauses:
        now += pause
        standing = buckets.take("key:a", now)
        granted += standing.granted
        assert 0 <= standing.left <= burst
        assert granted <= burst + per_second * now + 0.01


@pytest.mark.parametrize("most", [1, 100])
def test_only_so_many_are_kept_and_those_who_asked_last(most: int) -> None:
    buckets = Buckets(Policy(per_second=1, burst=1), most)
    for number in range(1000):
        buckets.take(f"peer-{number}", 0)
        assert len(buckets) <= most
    assert not buckets.take("peer-999", 0).granted
