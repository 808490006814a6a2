"""The MQTT source keeps every promise of a source, with MQTT 5 and with 3.1.1."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.adapters.mqtt.peer import MosquittoPeer, mosquitto_peer
from tests.conformance.source import RedeliveringSourceConformance


@pytest.mark.system
class TestMqtt5(RedeliveringSourceConformance):
    @pytest.fixture
    async def peer(self, tmp_path: Path) -> AsyncIterator[MosquittoPeer]:
        async with mosquitto_peer(tmp_path, protocol="5") as peer:
            yield peer


@pytest.mark.system
class TestMqtt311(RedeliveringSourceConformance):
    @pytest.fixture
    async def peer(self, tmp_path: Path) -> AsyncIterator[MosquittoPeer]:
        async with mosquitto_peer(tmp_path, protocol="3.1.1", max_inflight_messages=5000) as peer:
            yield peer
