"""A path that never leads anywhere is told, once, and nothing else is."""

from collections.abc import Sequence

import orjson
import pytest

from adapters.sources.contract import Point
from adapters.sources.mqtt.columns import Message
from adapters.sources.mqtt.decode import Decoder
from adapters.sources.mqtt.settings import MqttAddress
from adapters.sources.mqtt.silence import MESSAGES, PATIENCE

FORCE, SPEED = "works/line/press/force", "works/line/press/speed"
NOW = 1_772_352_000_000_000_000


def decoder(**paths: str) -> Decoder:
    points = [
        Point(f"works/line/press/{name}", "float", MqttAddress(topic="press", value=path))
        for name, path in paths.items()
    ]
    return Decoder("broker", points, 2**20)


def hear(deaf: Decoder, payloads: Sequence[object], *, over: int = PATIENCE) -> list[tuple[str, str]]:
    """Let these messages arrive, evenly over some nanoseconds; give what is refused: signal and reason."""
    step = over // max(len(payloads) - 1, 1) + 1
    messages = [Message("press", orjson.dumps(one), 1, NOW + n * step) for n, one in enumerate(payloads)]
    refusals = deaf.decode(messages).refusals
    return list(refusals.select("signal", "reason").iter_rows())


def test_a_misspelt_path_is_told_once_with_a_message_to_look_at() -> None:
    deaf = decoder(force="force", speed="axis.sped")
    messages = [{"force": 1, "axis": {"speed": 7}}] * MESSAGES
    [(signal, reason)] = hear(deaf, messages)
    assert signal == SPEED
    assert f"'axis.sped': nothing was there in any of {MESSAGES} messages" in reason
    assert "'axis' is an object with the keys speed" in reason
    assert hear(deaf, messages) == []


def test_it_can_be_replayed_once_the_path_is_mended() -> None:
    [refusal] = (
        decoder(force="force", speed="sped")
        .decode(
            [Message("press", b'{"force": 1, "speed": 7}', 24, NOW + n * (PATIENCE // 99 + 1)) for n in range(MESSAGES)]
        )
        .refusals.iter_rows(named=True)
    )
    message = Message("press", refusal["payload"], len(refusal["payload"]), NOW)
    again = decoder(force="force", speed="speed").again(message, SPEED)
    assert again.samples.select("signal", "float").rows() == [(SPEED, 7.0)]


@pytest.mark.parametrize(
    ("payloads", "over"),
    [
        ([{"force": 1}] * (MESSAGES - 1), PATIENCE),
        ([{"force": 1}] * MESSAGES, PATIENCE // 2),
        ([{"force": 1}] * (MESSAGES - 1) + [{"speed": 2}] + [{"force": 1}] * MESSAGES, PATIENCE),
        ([{"force": 1, "speed": None}] * MESSAGES, PATIENCE),
    ],
    ids=["too few messages", "too soon", "found in the end", "no value, but found"],
)
def test_what_may_still_come_or_did_is_not_told(payloads: list[object], over: int) -> None:
    assert hear(decoder(force="force", speed="speed"), payloads, over=over) == []


def test_a_topic_of_one_signal_needs_no_watch() -> None:
    told = hear(decoder(speed="sped"), [{"speed": 1}] * MESSAGES)
    assert len(told) == MESSAGES
    assert not any("in any of" in reason for _, reason in told)


def test_messages_that_hold_none_of_the_signals_are_refused_for_each_as_before() -> None:
    told = hear(decoder(force="force", speed="speed"), [{"other": 1}] * MESSAGES)
    assert len(told) == 2 * MESSAGES
    assert not any("in any of" in reason for _, reason in told)
