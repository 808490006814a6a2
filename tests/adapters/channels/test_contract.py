"""What a notice may be, and how it is written for programs."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from types import MappingProxyType
from typing import Any

import orjson
import pytest

from adapters.channels.envelope import envelope
from tests.conformance.channel import NOTICE


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("id", "", "visible ASCII"),
        ("id", "a b", "visible ASCII"),
        ("id", "编号", "visible ASCII"),
        ("id", "a\r\nb: c", "visible ASCII"),
        ("id", "x" * 201, "visible ASCII"),
        ("event", "alert raised", "visible ASCII"),
        ("at", datetime(2026, 3, 1), "not in UTC"),  # noqa: DTZ001 - that is what is refused
        ("at", datetime(2026, 3, 1, tzinfo=timezone(timedelta(hours=8))), "not in UTC"),
    ],
)
def test_what_no_channel_could_carry_is_no_notice(field: str, value: Any, said: str) -> None:
    changed: dict[str, Any] = {field: value}
    with pytest.raises(ValueError, match=said):
        replace(NOTICE, **changed)


def test_the_envelope_is_what_standard_webhooks_asks_for_and_the_text_for_people() -> None:
    assert orjson.loads(envelope(NOTICE)) == {
        "type": "alert.raised",
        "timestamp": "2026-03-01T01:41:00.250000Z",
        "data": dict(NOTICE.data),
        "id": NOTICE.id,
        "severity": "high",
        "language": "zh",
        "title": NOTICE.title,
        "text": NOTICE.text,
    }


def test_data_may_hold_any_mapping() -> None:
    data = MappingProxyType(
        {"parts": MappingProxyType({"a": (1, 2.5)}), "signals": frozenset({"b", "a"}), "none": None}
    )
    told = orjson.loads(envelope(replace(NOTICE, data=data)))["data"]
    assert told == {"parts": {"a": [1, 2.5]}, "signals": ["a", "b"], "none": None}


def test_what_json_cannot_hold_is_a_mistake() -> None:
    with pytest.raises(TypeError):
        envelope(replace(NOTICE, data={"what": object()}))
