"""TLS on a real Mosquitto: who is trusted, and what is told when nobody can be."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import uvloop

from adapters.sources.contract import Point, SourceRefusedError, SourceUnreachableError
from adapters.sources.mqtt.settings import MqttAddress, MqttSettings, TlsSettings
from adapters.sources.mqtt.source import MqttSource
from tests.servers.certificates import Authority
from tests.servers.mosquitto import Mosquitto, Publisher

pytestmark = pytest.mark.system


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Mosquitto]:
    async with Mosquitto(tmp_path, tls=True) as broker:
        yield broker


def source_at(port: int, **tls: Any) -> MqttSource:
    """A source of one signal; without `tls` it does not encrypt."""
    settings = MqttSettings(host="localhost", port=port, tls=TlsSettings(**tls) if tls else None)
    return MqttSource("broker", settings, [Point("n", "int", MqttAddress(topic="n"))])


async def exchange(source: MqttSource, port: int) -> None:
    """Have a thousand messages go from the broker's plain port to the source."""
    numbers: list[int] = []
    async with asyncio.timeout(20), Publisher(port) as publisher, source.connect() as deliveries:
        await publisher.publish("n", *(b"%d" % n for n in range(1000)))
        while len(numbers) < 1000:
            delivery = await anext(deliveries)
            numbers += delivery.samples["int"].to_list()
            await delivery.settle()
    assert numbers == list(range(1000))


async def refusal(source: MqttSource) -> str:
    """Say why the source does not connect."""
    with pytest.raises(SourceRefusedError) as caught:
        async with source.connect():
            pass
    return str(caught.value)


async def test_a_broker_of_a_trusted_authority(broker: Mosquitto) -> None:
    await exchange(source_at(broker.tls_port, ca=broker.ca), broker.port)


def test_on_the_loop_that_production_runs_on(tmp_path: Path) -> None:
    async def both() -> None:
        async with Mosquitto(tmp_path, tls=True) as broker:
            await exchange(source_at(broker.tls_port, ca=broker.ca), broker.port)
            await exchange(source_at(broker.port), broker.port)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(both())


async def test_an_authority_that_nobody_knows(broker: Mosquitto, tmp_path: Path) -> None:
    reason = await refusal(source_at(broker.tls_port, ca=Authority(tmp_path, "stranger").ca))
    assert "not trusted" in reason
    assert "`ca` of `tls`" in reason


async def test_a_host_that_the_certificate_is_not_made_for(tmp_path: Path) -> None:
    async with Mosquitto(tmp_path, tls=True, tls_hosts=("broker.example",)) as broker:
        reason = await refusal(source_at(broker.tls_port, ca=broker.ca))
    assert "a name that the certificate is made for" in reason


async def test_an_unknown_authority_is_believed_where_that_is_asked_for(broker: Mosquitto) -> None:
    await exchange(source_at(broker.tls_port, insecure=True), broker.port)


async def test_a_file_that_is_not_there(broker: Mosquitto, tmp_path: Path) -> None:
    reason = await refusal(source_at(broker.tls_port, ca=tmp_path / "nowhere.pem"))
    assert "nowhere.pem" in reason


async def test_tls_to_a_port_without(broker: Mosquitto) -> None:
    with pytest.raises((SourceRefusedError, SourceUnreachableError), match="TLS") as caught:
        async with source_at(broker.port, ca=broker.ca).connect():
            pass
    assert caught.value.source == "broker"


async def test_a_tls_port_without_tls(broker: Mosquitto) -> None:
    with pytest.raises(SourceUnreachableError, match="without `tls`"):
        async with source_at(broker.tls_port).connect():
            pass


async def test_a_broker_that_asks_for_a_certificate(tmp_path: Path) -> None:
    async with Mosquitto(tmp_path, tls=True, client_certificates=True) as broker:
        with pytest.raises((SourceRefusedError, SourceUnreachableError), match="`certificate` and `key`"):
            async with source_at(broker.tls_port, ca=broker.ca).connect():
                pass
        own = broker.authority.sign("collector")
        source = source_at(broker.tls_port, ca=broker.ca, certificate=own.certificate, key=own.key)
        await exchange(source, broker.port)
