"""The Sparkplug source keeps every promise of a live source, with MQTT 5 and 3.1.1, with QoS 0 and 1."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.adapters.sparkplug.peer import EdgePeer, edge_peer
from tests.conformance.source import LiveSourceConformance


@pytest.mark.system
class TestSparkplug(LiveSourceConformance):
    @pytest.fixture
    async def peer(self, tmp_path: Path) -> AsyncIterator[EdgePeer]:
        async with edge_peer(tmp_path) as peer:
            yield peer


@pytest.mark.system
class TestSparkplugOnMqtt311WithQos1(LiveSourceConformance):
    @pytest.fixture
    async def peer(self, tmp_path: Path) -> AsyncIterator[EdgePeer]:
        async with edge_peer(tmp_path, qos=1, protocol="3.1.1", broker={"max_inflight_messages": 5000}) as peer:
            yield peer
