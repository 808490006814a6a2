"""The fault proofs, each with a few faults: they find nothing lost and nothing doubled, and the faults did happen.

`make prove` makes many more of them, and those that take minutes.
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from adapters.sources.contract import GapKind
from collector.gaps import Gap
from tests.prove import broker_restart, kill9_broker, kill9_notify, kill9_store, sigterm, store_down
from tests.prove.killing import killed_under
from tests.prove.load import judge
from tests.prove.mqtt_load import MqttLoad
from tests.prove.opcua_load import OpcuaLoad

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

NOON = datetime(2024, 5, 17, 12, tzinfo=UTC)


def test_a_collector_that_is_killed() -> None:
    verdicts = killed_under(4, MqttLoad(), OpcuaLoad())
    for verdict in verdicts.values():
        assert (verdict.lost, verdict.doubled) == (0, 0)
    mqtt, opcua = verdicts["by-mqtt"], verdicts["by-opcua"]
    assert mqtt.stored == mqtt.sent > 1000
    assert mqtt.gaps_filled > 0
    assert opcua.stored + opcua.gap_covered == opcua.sent > 100
    assert opcua.gaps > 0
    assert opcua.stored > 0


def test_a_store_that_is_killed() -> None:
    outcome = kill9_store.prove(2)
    held(outcome)
    assert number(outcome, "noticed") > 0


def test_a_broker_that_is_killed() -> None:
    covered: list[float] = []
    while len(covered) < 3 and not any(covered):  # what is lost hangs on the instant of the kill
        outcome = kill9_broker.prove(2)
        held(outcome)
        assert outcome["kills"] == 3
        covered.append(number(outcome, "gap_covered"))
    assert any(covered)


def test_the_alerts_of_a_role_that_is_killed() -> None:
    outcome = kill9_notify.prove(2)
    assert (outcome["lost"], outcome["doubled"], outcome["failed"]) == (0, 0, [])
    assert outcome["stored"] == outcome["sent"] == 24


def test_a_broker_that_is_restarted() -> None:
    with_persistence = asyncio.run(broker_restart.restarted(1, persistence=True))
    assert (with_persistence.stored, with_persistence.doubled) == (with_persistence.sent, 0)
    assert with_persistence.gaps > 0
    without = asyncio.run(broker_restart.restarted(1, persistence=False))
    assert (without.lost, without.doubled) == (0, 0)
    assert without.stored + without.gap_covered == without.sent
    assert without.gaps > without.gaps_filled


def test_a_collector_that_is_told_to_stop() -> None:
    outcome = sigterm.prove(3)
    held(outcome)
    assert outcome["stops"] == 3


def test_a_store_that_is_away_for_longer_than_the_spool_holds() -> None:
    outcome = store_down.shown(age=2, away=6)
    held(outcome)
    assert number(outcome, "held_s") > 1


class TestJudge:
    """The judge of all proofs can find what they look for."""

    @pytest.fixture
    def load(self) -> MqttLoad:
        """Give a load of which the broker has acknowledged 0, 1 and 2, a second apart."""
        load = MqttLoad(kept=False)
        load._taken.update({n: NOON + timedelta(seconds=n) for n in range(3)})
        return load

    def test_what_is_there_once_is_stored(self, load: MqttLoad) -> None:
        verdict = judge(load, [0, 1, 2], [])
        assert (verdict.sent, verdict.stored, verdict.lost, verdict.doubled) == (3, 3, 0, 0)

    def test_what_is_missing_is_lost(self, load: MqttLoad) -> None:
        assert judge(load, [0, 2], []).lost == 1

    def test_what_is_there_twice_is_doubled(self, load: MqttLoad) -> None:
        assert judge(load, [0, 1, 1, 2, 2], []).doubled == 2

    def test_what_was_never_acknowledged_is_no_matter(self, load: MqttLoad) -> None:
        verdict = judge(load, [-1, 0, 1, 2, 3], [])
        assert (verdict.sent, verdict.stored, verdict.lost, verdict.doubled) == (3, 3, 0, 0)

    @pytest.mark.parametrize(("state", "lost"), [("open", 0), ("unfillable", 0), ("filled", 1)])
    def test_a_gap_excuses_unless_it_says_that_it_was_filled(self, load: MqttLoad, state: str, lost: int) -> None:
        verdict = judge(load, [0, 2], [gap(1, 2, state=state)])
        assert (verdict.lost, verdict.gap_covered) == (lost, 1 - lost)

    def test_a_gap_excuses_what_is_in_it_alone(self, load: MqttLoad) -> None:
        assert judge(load, [1], [gap(0, 2)]).lost == 1

    def test_a_gap_of_another_source_excuses_nothing(self, load: MqttLoad) -> None:
        assert judge(load, [0, 2], [gap(0, 3, source="plc")]).lost == 1

    def test_nothing_excuses_what_a_broker_keeps(self, load: MqttLoad) -> None:
        load.kept = True
        assert judge(load, [0, 2], [gap(0, 3)]).lost == 1


def gap(start: int, end: int, *, source: str = "broker", state: str = "open") -> Gap:
    """Give a gap that lasts from one second after noon to another."""
    first, last = NOON + timedelta(seconds=start), NOON + timedelta(seconds=end)
    return Gap(1, source, (), first, last, "cable pulled", state, kind=GapKind.OUTAGE.value)


def held(outcome: Mapping[str, object]) -> None:
    """See that nothing is lost or doubled, that all is accounted for, and that nothing failed."""
    assert (outcome["lost"], outcome["doubled"], outcome.get("failed", [])) == (0, 0, []), outcome
    assert number(outcome, "stored") + number(outcome, "gap_covered") == outcome["sent"]
    assert number(outcome, "stored") > 100


def number(outcome: Mapping[str, object], key: str) -> float:
    """Give a number of an outcome."""
    found = outcome[key]
    assert isinstance(found, int | float)
    return found
