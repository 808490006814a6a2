"""Losses of the spool become gaps, each once, whatever dies on the way."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from adapters.sources.contract import GapKind
from collector.gaps import Gap, read_gaps
from collector.losses import LossCarrier
from collector.records import Records, RecordsError
from collector.spool.contract import Loss, SpoolError
from tests.collector.fakes import NOON, ManualClock

pytestmark = pytest.mark.every_database

LONG = (datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))


class Losing:
    """A spool that has lost samples; it fails when the test says so."""

    log = "abc"

    def __init__(self, *losses: Loss) -> None:
        self.held = list(losses)
        self.troubles: list[Exception] = []

    async def losses(self) -> list[Loss]:
        return list(self.held)

    async def forget(self, upto: int) -> None:
        if self.troubles:
            raise self.troubles.pop()
        self.held = [loss for loss in self.held if loss.id > upto]


def loss(number: int, source: str = "plc", samples: int = 1234) -> Loss:
    at = NOON + timedelta(hours=number)
    return Loss(number, source, at, at + timedelta(minutes=5), samples, "dropped", "the spool was full")


async def gaps(records: Records) -> list[Gap]:
    return await records.run(lambda c: read_gaps(c, start=LONG[0], end=LONG[1]))


@pytest.fixture
def carrier(records: Records, clock: ManualClock) -> Callable[[Losing], LossCarrier]:
    return lambda spool: LossCarrier(spool, records, ("plc", "broker"), clock)  # type: ignore[arg-type]


async def test_a_loss_becomes_a_gap_and_is_forgotten(
    carrier: Callable[[Losing], LossCarrier], records: Records
) -> None:
    spool = Losing(loss(1), loss(2, "broker"))
    with capture_logs() as logs:
        await carrier(spool).carry()
    assert [one["event"] for one in logs] == ["samples lost"] * 2
    assert spool.held == []
    first, second = await gaps(records)
    assert (first.source, second.source) == ("plc", "broker")
    assert (first.kind, first.state) == (GapKind.DROPPED, "open")
    # The last sample is in it: a gap ends before its end.
    assert (first.start, first.end) == (loss(1).start, loss(1).end + timedelta(microseconds=1))
    assert "1,234 samples" in first.cause
    assert "the spool was full" in first.cause


async def test_a_loss_of_an_unknown_source_concerns_every_source(
    carrier: Callable[[Losing], LossCarrier], records: Records
) -> None:
    with capture_logs():
        await carrier(Losing(loss(1, "", 0))).carry()
    assert {gap.source for gap in await gaps(records)} == {"plc", "broker"}
    assert "an unknown number of samples" in (await gaps(records))[0].cause


async def test_a_carrier_that_dies_before_it_forgets_tells_nothing_twice(
    carrier: Callable[[Losing], LossCarrier], records: Records
) -> None:
    spool = Losing(loss(1))
    spool.troubles.append(SpoolError("the disk is away"))
    with capture_logs() as logs:
        await carrier(spool).carry()
        assert logs[-1]["event"] == "losses not carried"
        await carrier(spool).carry()
    assert spool.held == []
    assert len(await gaps(records)) == 1


async def test_records_that_do_not_answer_leave_it_for_the_next_time(
    clock: ManualClock, monkeypatch: pytest.MonkeyPatch, records: Records
) -> None:
    spool = Losing(loss(1))

    async def away(_: object) -> None:
        msg = "nobody answers"
        raise RecordsError(msg)

    with capture_logs():
        monkeypatch.setattr(records, "run", away)
        carrier = LossCarrier(spool, records, ("plc",), clock)  # type: ignore[arg-type]
        await carrier.carry()
        assert spool.held
        monkeypatch.undo()
        await carrier.carry()
    assert not spool.held
