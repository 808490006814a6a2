"""Messages that were refused are decoded again as the line file now says."""

from datetime import UTC, datetime

from adapters.sample import ValueType
from adapters.sources.contract import Delivery, Point, Redecodes
from adapters.sources.mqtt.settings import MqttAddress, MqttSettings
from adapters.sources.mqtt.source import MqttSource

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
FORCE = "works/line/press/force"
SPEED = "works/line/press/speed"


def source(*points: tuple[str, ValueType, str]) -> MqttSource:
    made = [Point(signal, kind, MqttAddress(topic="press", value=value)) for signal, kind, value in points]
    return MqttSource("broker", MqttSettings(host="nowhere.invalid"), made)


def again(mended: MqttSource, signal: str | None, payload: bytes, topic: str = "press") -> Delivery:
    assert isinstance(mended, Redecodes)
    return mended.decode_again(topic, signal, payload, NOON)


def test_a_path_that_was_mended_finds_its_value() -> None:
    found = again(source((FORCE, "float", "force.n")), FORCE, b'{"force": {"n": 7.5}}')
    assert found.samples.select("signal", "float", "time", "received").row(0) == (FORCE, 7.5, NOON, NOON)
    assert found.refusals.is_empty()


def test_what_was_refused_for_one_signal_gives_that_signal_alone() -> None:
    mended = source((FORCE, "float", "f"), (SPEED, "float", "s"))
    assert again(mended, FORCE, b'{"f": 1, "s": 2}').samples["signal"].to_list() == [FORCE]
    assert again(mended, None, b'{"f": 1, "s": 2}').samples["signal"].to_list() == [FORCE, SPEED]


def test_what_is_none_even_now_says_why() -> None:
    found = again(source((FORCE, "int", "f")), FORCE, b'{"f": "ERR"}')
    assert found.samples.is_empty()
    assert "'ERR'" in found.refusals["reason"][0]


def test_a_signal_that_went_to_another_topic_is_told() -> None:
    found = again(source((SPEED, "float", "s")), FORCE, b'{"s": 2}')
    assert found.samples.is_empty()
    assert found.refusals["reason"].to_list() == [f"{FORCE} is not found on the topic 'press' any more"]
