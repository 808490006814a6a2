"""A slow link gets small requests, a fast one large requests, and nothing that is stored is sent twice."""

import gzip
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.stores.contract import Position, StoreUnavailableError
from adapters.stores.influxdb import create
from adapters.stores.influxdb.pace import CALM, LEAST, Pace
from adapters.stores.influxdb.settings import InfluxSettings
from tests.adapters.influxdb.proxy import Proxy, Reply, Request
from tests.conformance.store import assert_samples, at, batch, sample, stored

MOST = 1_000_000


@given(rate=st.floats(10, 1e9), seconds=st.floats(0.1, 600))
def test_requests_settle_where_they_are_answered_in_time(rate: float, seconds: float) -> None:
    pace = Pace(MOST, seconds)
    answered = 0
    for _ in range(40):
        size = pace.piece
        if size / rate > seconds:
            pace.unanswered(size)
        else:
            pace.answered(size, size / rate)
            answered += 1
    if rate * seconds >= LEAST:
        assert answered > 20
    assert LEAST <= pace.piece <= MOST
    assert pace.slow == (pace.piece < MOST)


def test_a_small_request_tells_nothing_of_what_a_large_one_would_need() -> None:
    pace = Pace(MOST, 10)
    pace.unanswered(MOST)
    before = pace.piece
    pace.answered(before // 100, 0.01)
    assert pace.piece == before
    pace.answered(before, 0.01)
    assert pace.piece == 2 * before


def test_a_size_that_was_too_large_is_tried_again_after_a_while() -> None:
    pace = Pace(MOST, 10)
    pace.unanswered(MOST)
    sizes = []
    while pace.slow:
        sizes.append(pace.piece)
        pace.answered(pace.piece, 0.01)
    assert len(sizes) == CALM
    assert max(sizes) == MOST // 2


@pytest.mark.system
async def test_a_batch_gets_through_a_link_that_carries_little_in_several_goes(
    proxy: Proxy, settings: InfluxSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.stores.influxdb.writer.BLOCK", 7000)
    passed: list[Request] = []

    def rule(request: Request) -> Reply | None:
        if len(request.body) > 5000:
            return Reply(silent=True)
        if len(passed) == 10:  # once in the midst of it, too
            passed.append(request)
            return Reply(503)
        passed.append(request)
        return None

    rows = [sample("f/l/e/s", at(second), value=second / 7) for second in range(20_000)]
    samples = batch(*rows)
    # What is answered later than this was stored and is sent again: long enough for a busy machine.
    patient = timedelta(milliseconds=1500)
    async with create(settings.model_copy(update={"url": proxy.url, "timeout": patient})) as store:
        goes = 1
        proxy.rule = rule
        while True:
            try:
                assert (await store.write(samples, Position("spool", 1))).is_empty()
            except StoreUnavailableError:
                goes += 1
                continue
            break
        assert 3 <= goes <= 12
        proxy.rule = lambda _: None
        assert_samples(await stored(store, ["f/l/e/s"]), *rows)
    lines = [line for number, request in enumerate(passed) if number != 10 for line in _lines(request)]
    lines = [line for line in lines if line.startswith(b"sample,")]
    assert len(lines) == len(set(lines)) == len(rows)


@pytest.mark.system
async def test_of_one_key_in_several_blocks_of_a_batch_the_last_counts(
    settings: InfluxSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.stores.influxdb.writer.BLOCK", 3)
    rows = [sample("f/l/e/s", at(second % 4), value=float(second)) for second in range(10)]
    async with create(settings) as store:
        assert (await store.write(batch(*rows), Position("spool", 1))).is_empty()
        assert (await store.write(batch(), Position("spool", 2))).is_empty()
        assert_samples(await stored(store, ["f/l/e/s"]), rows[8], rows[9], rows[6], rows[7])


def _lines(request: Request) -> list[bytes]:
    packed = request.headers.get("Content-Encoding") == "gzip"
    body = gzip.decompress(request.body) if packed else request.body
    return body.splitlines()
