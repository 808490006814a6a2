"""The promises of a source's own history, each as a test; every `HistorySource` passes them.

class TestHistory(HistorySourceConformance):
    @pytest.fixture
    async def peer(self, …) -> AsyncIterator[HistoryPeer]: …
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Protocol

import pytest

from adapters.sample import SAMPLES
from adapters.sources.contract import Delivery, HistorySource, Missed, SourceRefusedError, SourceUnreachableError
from tests.conformance.source import CLOSING, PATIENCE, LivePeer, Received, receive, reports_of


class HistoryPeer(LivePeer, Protocol):
    """What stands at the other end, and keeps what it is told to publish, whether anybody listens or not."""

    @property
    def begin(self) -> datetime:
        """First instant from which on its history is complete, UTC; later reports may have later times."""

    @property
    def forgetful(self) -> str:
        """Path of a signal of its source of which it keeps nothing."""


def history_of(peer: HistoryPeer) -> HistorySource:
    """Give the peer's source, which has a history."""
    source = peer.source
    assert isinstance(source, HistorySource)
    assert source.remembers
    return source


async def read(peer: HistoryPeer, signals: Sequence[str], start: datetime, end: datetime) -> Received:
    """Give all that the history has."""
    received = Received()
    async with asyncio.timeout(PATIENCE), history_of(peer).history() as history:
        async for delivery in history.read(signals, start, end):
            received.add(delivery)
    return received


def missed(received: Received) -> list[Missed]:
    """Give what the source said that it has no history of."""
    return [gap for delivery in received.deliveries for gap in delivery.gaps]


class HistorySourceConformance:
    """What holds for every source that has a history of its own."""

    async def test_what_was_published_without_a_link_is_there_exactly(self, peer: HistoryPeer) -> None:
        reports = reports_of(peer, start=peer.begin + timedelta(minutes=1))
        await peer.publish(reports)
        end = reports[-1].time + timedelta(minutes=1)
        received = await read(peer, sorted({one.signal for one in reports}), peer.begin, end)
        assert missed(received) == []
        assert received.samples.schema == SAMPLES
        assert received.samples.height == len(reports)
        for report in reports:
            kind = next(kind for kind, signal in peer.signals.items() if signal == report.signal)
            assert received.of(report)[kind] == report.value
        assert received.samples["received"].is_not_null().all()
        for _, one in received.samples.group_by("signal", maintain_order=True):
            assert one["time"].is_sorted()

    async def test_the_interval_has_its_start_and_not_its_end(self, peer: HistoryPeer) -> None:
        reports = reports_of(peer, start=peer.begin + timedelta(minutes=1))[:8]
        await peer.publish(reports)
        received = await read(peer, sorted({one.signal for one in reports}), reports[2].time, reports[5].time)
        assert received.keys == {(one.signal, one.time) for one in reports[2:5]}

    async def test_that_nothing_happened_is_no_gap(self, peer: HistoryPeer) -> None:
        signals = sorted(peer.signals.values())
        received = await read(peer, signals, peer.begin, peer.begin + timedelta(seconds=30))
        assert (missed(received), received.samples.height) == ([], 0)

    async def test_what_is_not_kept_is_told_and_holds_up_nobody(self, peer: HistoryPeer) -> None:
        reports = reports_of(peer, start=peer.begin + timedelta(minutes=1))[:1]
        await peer.publish(reports)
        start, end = peer.begin, reports[0].time + timedelta(minutes=1)
        received = await read(peer, [peer.forgetful, reports[0].signal], start, end)
        assert received.has(reports)
        assert {gap.signals for gap in missed(received)} == {(peer.forgetful,)}
        assert min(gap.start for gap in missed(received)) == start
        assert max(gap.end for gap in missed(received)) == end
        assert all(gap.cause for gap in missed(received))

    async def test_asking_disturbs_no_open_link(self, peer: HistoryPeer) -> None:
        early = reports_of(peer, start=peer.begin + timedelta(minutes=1))
        late = reports_of(peer, start=peer.begin + timedelta(minutes=5))
        async with peer.source.connect() as deliveries:
            await peer.publish(early)
            await receive(deliveries, early)
            received = await read(peer, sorted(peer.signals.values()), peer.begin, late[0].time)
            assert received.has(early)
            await peer.publish(late)
            assert not (await receive(deliveries, late)).told_of_gaps

    async def test_nobody_there_and_a_refusal_are_typed(self, peer: HistoryPeer) -> None:
        refused = peer.refused
        assert isinstance(refused, HistorySource)
        with pytest.raises(SourceRefusedError):
            async with refused.history():
                pass
        await peer.stop()
        with pytest.raises(SourceUnreachableError):
            async with history_of(peer).history():
                pass
        await peer.start()

    async def test_a_cancelled_reader_leaves_in_time(self, peer: HistoryPeer) -> None:
        reports = reports_of(peer, start=peer.begin + timedelta(minutes=1))
        await peer.publish(reports)
        opened = asyncio.Event()

        async def reading() -> list[Delivery]:
            async with history_of(peer).history() as history:
                opened.set()
                while True:
                    async for _ in history.read(sorted(peer.signals.values()), peer.begin, reports[-1].time):
                        pass

        reader = asyncio.create_task(reading())
        async with asyncio.timeout(PATIENCE):
            await opened.wait()
        reader.cancel()
        async with asyncio.timeout(CLOSING):
            with suppress(asyncio.CancelledError):
                await reader
        assert reader.cancelled()
