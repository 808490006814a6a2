"""A collector that is killed at any moment loses nothing that its broker was told is safe."""

import pytest

from tests.prove import kill9_mqtt

pytestmark = pytest.mark.system

KILLS = 20


@pytest.mark.timeout(300)
def test_every_published_sample_is_stored_once_however_often_the_collector_is_killed() -> None:
    proved = kill9_mqtt.prove(KILLS)
    assert proved["rounds"] == KILLS
    assert proved["stored"] == proved["sent"]
    assert (proved["lost"], proved["doubled"]) == (0, 0)
