"""The promises of `adapters.sources.contract`, each as a test; every source passes the suite of its sort.

    SourceConformance
    ├─ FiniteSourceConformance            a recorded file: published first, then read to its end
    └─ LiveSourceConformance              a link to something that goes on: connected first, then published to
       └─ RedeliveringSourceConformance   a sender that repeats what was not settled (an MQTT broker)

A new source subclasses one of them in `tests/adapters/<name>/test_conformance.py` and gives the fixture `peer`:

    class TestMqtt(RedeliveringSourceConformance):
        @pytest.fixture
        async def peer(self, tmp_path: Path) -> AsyncIterator[LivePeer]:
            async with Mosquitto(tmp_path) as broker, MosquittoPeer(broker) as peer:
                yield peer

A peer is what stands at the other end, real wherever there is a real one: it publishes what it is told to, in the words
of its protocol. Sources may send more than was published (the value a node had already): no test minds.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Protocol

import polars as pl
import pytest

from adapters.sample import REFUSALS, SAMPLES, VALUE_TYPES, Status, ValueType, no_refusals, no_samples
from adapters.sources.contract import Delivery, Source, SourceLostError, SourceRefusedError, SourceUnreachableError

PATIENCE = 20.0
"""Seconds in which a peer's message must be here; only a broken source comes near them."""

CLOSING = 5.0
"""Seconds in which a link must be closed."""

NOON = datetime(2024, 5, 17, 12, 0, 0, 250_000, tzinfo=UTC)
"""When the reports of these tests begin."""

EXAMPLES: Mapping[ValueType, Sequence[Any]] = {
    "float": (21.5, -0.001, 1.5e300),
    "int": (7, 2**60 + 1, -(2**63)),
    "bool": (True, False, True),
    "text": ("ACTIVE", "冷却液 80 %, \"Öl\" = 'ok'", "ACTIVE"),
}
"""Values that each type must carry exactly."""


@dataclass(frozen=True, slots=True)
class Report:
    """One value that a peer publishes."""

    signal: str
    """Path of the signal; the peer knows its address."""

    time: datetime
    """When it happened, UTC: the source time to publish with it."""

    value: float | int | bool | str | None
    """What is published; None: that there is no value."""


class Peer(Protocol):
    """What stands at the other end of a source, and the source."""

    @property
    def source(self) -> Source:
        """The source under test, with a point for each of `signals`; always the same object."""

    @property
    def refused(self) -> Source:
        """Another source of its kind, whose connect the other end forbids (a wrong password; no such format)."""

    @property
    def signals(self) -> Mapping[ValueType, str]:
        """Path of one signal of each type, all of `source`."""

    async def publish(self, reports: Sequence[Report]) -> None:
        """Publish, in order. To a finite source's file before it is connected, to a live one after."""

    async def publish_malformed(self, signal: str) -> None:
        """Publish something at the signal's address that can never become a sample."""


class LivePeer(Peer, Protocol):
    """A peer whose link can break."""

    async def break_link(self) -> None:
        """Cut the open link as a network does, without a word of farewell; a new one is taken."""

    async def stop(self) -> None:
        """Be gone: nobody answers at the source's address any more."""

    async def start(self) -> None:
        """Be back after `stop`, at the same address."""


@dataclass(slots=True)
class Received:
    """What came of a link so far."""

    deliveries: list[Delivery] = field(default_factory=list)
    """All deliveries, in order of arrival."""

    keys: set[tuple[str, datetime]] = field(default_factory=set)
    """Signal and time of every sample, times to the microsecond."""

    def add(self, delivery: Delivery) -> None:
        """Note one more delivery."""
        self.deliveries.append(delivery)
        self.keys.update(delivery.samples.select("signal", pl.col("time").dt.cast_time_unit("us")).iter_rows())

    def has(self, reports: Sequence[Report]) -> bool:
        """Tell whether every report has become a sample, known by its signal and time."""
        return all((report.signal, report.time) in self.keys for report in reports)

    def of(self, report: Report) -> dict[str, Any]:
        """Give the first sample that came of a report."""
        its_own = (pl.col("signal") == report.signal) & (pl.col("time") == report.time)
        return self.samples.filter(its_own).row(0, named=True)

    @property
    def samples(self) -> pl.DataFrame:
        """All samples, in order of arrival."""
        return pl.concat([no_samples(), *(one.samples for one in self.deliveries)])

    @property
    def refusals(self) -> pl.DataFrame:
        """All refusals, in order of arrival."""
        return pl.concat([no_refusals(), *(one.refusals for one in self.deliveries)])

    @property
    def told_of_gaps(self) -> bool:
        """Whether the source said that it may have missed something."""
        return any(one.gaps for one in self.deliveries)


async def receive(
    deliveries: AsyncIterator[Delivery], reports: Sequence[Report] = (), *, refusals: int = 0, settle: bool = True
) -> Received:
    """Read until all `reports` and as many refusals are here; settle each delivery, in order, unless told not to."""
    received = Received()
    async with asyncio.timeout(PATIENCE):
        while not (received.has(reports) and received.refusals.height >= refusals):
            delivery = await anext(deliveries)
            received.add(delivery)
            if settle:
                await delivery.settle()
    return received


def reports_of(peer: Peer, *, start: datetime = NOON) -> list[Report]:
    """Give a few reports of every type, interleaved, a second apart."""
    rows = zip(*([(peer.signals[kind], value) for value in EXAMPLES[kind]] for kind in VALUE_TYPES), strict=True)
    values = [pair for row in rows for pair in row]
    return [Report(signal, start + timedelta(seconds=n), value) for n, (signal, value) in enumerate(values)]


class SourceConformance(ABC):
    """What holds for every source. Not to be subclassed by a source: one of its two sorts is."""

    flood: ClassVar[int] = 2000
    """How many reports are published while nobody reads."""

    @abstractmethod
    def link(
        self, peer: Peer, reports: Sequence[Report], *malformed: str
    ) -> AbstractAsyncContextManager[AsyncIterator[Delivery]]:
        """Open the link and have `reports` published, and amid them something malformed for each signal named so."""

    async def test_samples_have_the_columns_of_a_batch(self, peer: Peer) -> None:
        reports = reports_of(peer)
        async with self.link(peer, reports) as deliveries:
            received = await receive(deliveries, reports)
        assert received.deliveries
        for delivery in received.deliveries:
            assert delivery.samples.schema == SAMPLES
            assert list(delivery.samples.schema) == list(SAMPLES)
            assert delivery.refusals.schema == REFUSALS

    async def test_values_arrive_exactly_in_the_column_of_their_type(self, peer: Peer) -> None:
        reports = reports_of(peer)
        async with self.link(peer, reports) as deliveries:
            received = await receive(deliveries, reports)
        column = {path: kind for kind, path in peer.signals.items()}
        for report in reports:
            sample = received.of(report)
            expected = {kind: report.value if kind == column[report.signal] else None for kind in VALUE_TYPES}
            assert {kind: sample[kind] for kind in VALUE_TYPES} == expected
            assert sample["status"] == Status.GOOD

    async def test_samples_of_a_signal_keep_their_order(self, peer: Peer) -> None:
        reports = reports_of(peer)
        async with self.link(peer, reports) as deliveries:
            received = await receive(deliveries, reports)
        for path in peer.signals.values():
            published = [report.time for report in reports if report.signal == path]
            arrived = received.samples.filter(pl.col("signal") == path)["time"].to_list()
            assert [time for time in arrived if time in published] == published

    async def test_samples_say_when_they_were_received(self, peer: Peer) -> None:
        before = datetime.now(UTC)
        reports = reports_of(peer)
        async with self.link(peer, reports) as deliveries:
            received = await receive(deliveries, reports)
        arrivals = received.samples["received"]
        assert arrivals.null_count() == 0
        assert arrivals.is_between(before - timedelta(seconds=1), datetime.now(UTC) + timedelta(seconds=1)).all()

    async def test_a_source_invents_no_names(self, peer: Peer) -> None:
        reports = reports_of(peer)
        async with self.link(peer, reports) as deliveries:
            received = await receive(deliveries, reports)
        assert set(received.samples["signal"]) <= set(peer.signals.values())

    async def test_that_there_is_no_value_is_a_sample_with_a_bad_status(self, peer: Peer) -> None:
        reports = [Report(path, NOON, None) for path in peer.signals.values()]
        async with self.link(peer, reports) as deliveries:
            received = await receive(deliveries, reports)
        for report in reports:
            sample = received.of(report)
            assert sample["status"] >= Status.BAD
            assert all(sample[kind] is None for kind in VALUE_TYPES)

    async def test_bad_input_is_refused_and_its_neighbours_go_on(self, peer: Peer) -> None:
        reports = reports_of(peer)
        async with self.link(peer, reports, peer.signals["float"]) as deliveries:
            received = await receive(deliveries, reports, refusals=1)
        refusal = received.refusals.row(0, named=True)
        assert refusal["source"] == peer.source.name
        assert refusal["address"]
        assert refusal["signal"] in {None, peer.signals["float"]}
        assert refusal["payload"]
        assert refusal["reason"]
        assert refusal["received"] is not None

    async def test_a_closed_link_can_be_opened_again(self, peer: Peer) -> None:
        for hours in range(2):
            reports = reports_of(peer, start=NOON + timedelta(hours=hours))
            async with self.link(peer, reports) as deliveries:
                await receive(deliveries, reports)

    async def test_a_slow_reader_loses_nothing_without_being_told(self, peer: Peer) -> None:
        signal = peer.signals["int"]
        reports = [Report(signal, NOON + timedelta(milliseconds=n), n) for n in range(self.flood)]
        received, lost = Received(), False
        async with self.link(peer, reports) as deliveries, asyncio.timeout(PATIENCE):
            while not (received.has(reports) or received.told_of_gaps or lost):
                try:
                    received.add(await anext(deliveries))
                except SourceLostError:
                    lost = True
        assert received.has(reports) or received.told_of_gaps or lost

    async def test_a_refusal_to_connect_is_typed_and_names_the_source(self, peer: Peer) -> None:
        with pytest.raises(SourceRefusedError) as caught:
            async with asyncio.timeout(PATIENCE), peer.refused.connect():
                pass
        assert caught.value.source == peer.refused.name
        assert peer.refused.name in str(caught.value)

    async def test_leaving_the_block_closes_the_link_in_time(self, peer: Peer) -> None:
        reports = reports_of(peer)
        async with asyncio.timeout(None) as clock, self.link(peer, reports) as deliveries:
            await receive(deliveries, reports[:1])
            clock.reschedule(asyncio.get_running_loop().time() + CLOSING)

    async def test_a_cancelled_reader_closes_the_link_in_time(self, peer: Peer) -> None:
        reports = reports_of(peer)
        opened = asyncio.Event()

        async def read() -> None:
            async with self.link(peer, reports) as deliveries:
                await receive(deliveries, reports[:1])
                opened.set()
                async for _ in deliveries:
                    pass
                await asyncio.Event().wait()

        reader = asyncio.create_task(read())
        async with asyncio.timeout(PATIENCE):
            await opened.wait()
        reader.cancel()
        async with asyncio.timeout(CLOSING):
            with suppress(asyncio.CancelledError):
                await reader
        assert reader.cancelled()


class FiniteSourceConformance(SourceConformance):
    """What holds for a source that ends: a recorded file."""

    @asynccontextmanager
    async def link(
        self, peer: Peer, reports: Sequence[Report], *malformed: str
    ) -> AsyncIterator[AsyncIterator[Delivery]]:
        """Have it all published, then open the link."""
        half = len(reports) // 2
        await peer.publish(reports[:half])
        for signal in malformed:
            await peer.publish_malformed(signal)
        await peer.publish(reports[half:])
        async with peer.source.connect() as deliveries:
            yield deliveries

    async def test_it_ends_when_all_was_delivered(self, peer: Peer) -> None:
        reports = reports_of(peer)
        received = Received()
        async with self.link(peer, reports) as deliveries, asyncio.timeout(PATIENCE):
            async for delivery in deliveries:
                received.add(delivery)
                await delivery.settle()
        assert received.has(reports)
        assert received.samples.height == len(reports)

    async def test_what_was_not_settled_is_owed_again(self, peer: Peer) -> None:
        reports = reports_of(peer)
        async with self.link(peer, reports) as deliveries:
            await receive(deliveries, reports, settle=False)
        async with peer.source.connect() as deliveries:
            await receive(deliveries, reports)


class LiveSourceConformance(SourceConformance):
    """What holds for a source whose other end goes on, and may go away."""

    @asynccontextmanager
    async def link(
        self, peer: Peer, reports: Sequence[Report], *malformed: str
    ) -> AsyncIterator[AsyncIterator[Delivery]]:
        """Open the link, then have it all published."""
        async with peer.source.connect() as deliveries:
            half = len(reports) // 2
            await peer.publish(reports[:half])
            for signal in malformed:
                await peer.publish_malformed(signal)
            await peer.publish(reports[half:])
            yield deliveries

    async def test_nobody_there_is_typed_and_names_the_source(self, peer: LivePeer) -> None:
        await peer.stop()
        with pytest.raises(SourceUnreachableError) as caught:
            async with asyncio.timeout(PATIENCE), peer.source.connect():
                pass
        assert caught.value.source == peer.source.name
        assert peer.source.name in str(caught.value)

    async def test_a_broken_link_is_typed_and_names_the_source(self, peer: LivePeer) -> None:
        with pytest.raises(SourceLostError) as caught:
            await self.read_until_lost(peer)
        assert caught.value.source == peer.source.name
        assert peer.source.name in str(caught.value)

    async def test_after_a_broken_link_it_connects_again(self, peer: LivePeer) -> None:
        with pytest.raises(SourceLostError):
            await self.read_until_lost(peer)
        reports = reports_of(peer, start=NOON + timedelta(hours=1))
        async with self.link(peer, reports) as deliveries:
            await receive(deliveries, reports)

    async def test_a_peer_that_went_away_is_a_lost_link_and_may_come_back(self, peer: LivePeer) -> None:
        async with peer.source.connect() as deliveries:
            await peer.stop()
            with pytest.raises(SourceLostError):
                await self.read_on(deliveries)
        await peer.start()
        reports = reports_of(peer)
        async with self.link(peer, reports) as deliveries:
            await receive(deliveries, reports)

    async def test_a_link_to_a_peer_that_is_gone_closes_in_time(self, peer: LivePeer) -> None:
        async with asyncio.timeout(None) as clock, peer.source.connect():
            await peer.stop()
            clock.reschedule(asyncio.get_running_loop().time() + CLOSING)

    async def test_a_receipt_for_a_broken_link_harms_nobody(self, peer: LivePeer) -> None:
        reports = reports_of(peer)
        async with self.link(peer, reports) as deliveries:
            received = await receive(deliveries, reports, settle=False)
            await peer.break_link()
            for delivery in received.deliveries:
                with suppress(SourceLostError):
                    await delivery.settle()

    async def test_it_never_ends_by_itself(self, peer: LivePeer) -> None:
        reports = reports_of(peer)
        async with self.link(peer, reports) as deliveries:
            await receive(deliveries, reports)
            more = asyncio.ensure_future(anext(deliveries))
            await peer.publish(reports_of(peer, start=NOON + timedelta(hours=1)))
            async with asyncio.timeout(PATIENCE):
                await more

    async def read_until_lost(self, peer: LivePeer) -> None:
        """Open the link, break it and read until the source says so."""
        async with peer.source.connect() as deliveries:
            await peer.break_link()
            await self.read_on(deliveries)

    async def read_on(self, deliveries: AsyncIterator[Delivery]) -> None:
        """Read and settle whatever comes."""
        async with asyncio.timeout(PATIENCE):
            async for delivery in deliveries:
                await delivery.settle()


class RedeliveringSourceConformance(LiveSourceConformance):
    """What holds where the sender repeats what it has no receipt for."""

    async def test_what_was_not_settled_is_owed_again(self, peer: Peer) -> None:
        reports = reports_of(peer)
        async with self.link(peer, reports) as deliveries:
            await receive(deliveries, reports, settle=False)
        async with peer.source.connect() as deliveries:
            assert peer.source.resumes
            await receive(deliveries, reports)

    async def test_what_was_settled_is_not_sent_again(self, peer: Peer) -> None:
        old = reports_of(peer)
        new = reports_of(peer, start=NOON + timedelta(hours=1))
        async with self.link(peer, old) as deliveries:
            await receive(deliveries, old)
        async with self.link(peer, new) as deliveries:
            received = await receive(deliveries, new)
        assert not any(received.has([report]) for report in old)

    async def test_what_was_published_meanwhile_is_delivered(self, peer: Peer) -> None:
        async with peer.source.connect():
            pass
        reports = reports_of(peer)
        await peer.publish(reports)
        async with peer.source.connect() as deliveries:
            assert peer.source.resumes
            await receive(deliveries, reports)
