"""A collector that is killed at any moment loses nothing that a broker keeps for it, and nothing without telling."""

import pytest

from tests.prove.killing import killed_under
from tests.prove.mqtt_load import MqttLoad
from tests.prove.opcua_load import OpcuaLoad

pytestmark = pytest.mark.system

KILLS = 10


@pytest.mark.timeout(600)
def test_a_collector_killed_ten_times_loses_and_doubles_nothing() -> None:
    verdicts = killed_under(KILLS, MqttLoad(), OpcuaLoad())
    for verdict in verdicts.values():
        assert (verdict.lost, verdict.doubled) == (0, 0)
    mqtt, opcua = verdicts["by-mqtt"], verdicts["by-opcua"]
    assert mqtt.stored == mqtt.sent > 1000
    assert mqtt.gaps_filled == mqtt.gaps > 0
    assert opcua.stored + opcua.gap_covered == opcua.sent > 1000
    assert opcua.stored > 0
