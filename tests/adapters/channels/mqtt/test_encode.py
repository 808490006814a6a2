"""Topics: templates, what a topic cannot hold, and mistakes."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from adapters.channels.mqtt.encode import properties, topic
from adapters.channels.mqtt.settings import MqttSettings
from tests.conformance.channel import NOTICE


def settings(**written: Any) -> MqttSettings:
    return MqttSettings.model_validate({"host": "broker", **written})


@pytest.mark.parametrize(
    ("template", "made"),
    [
        ("alerts", "alerts"),
        ("parkline/alerts/{severity}", "parkline/alerts/high"),
        ("{language}/{event}/{id}", "zh/alert.raised/ntc_01JC9Z8E3V.raised:1"),
        ("andon/{equipment}/alert", "andon/works/line-1/press-01/alert"),
        ("andon/{value}", "andon/7.8"),
        ("andon/{说明}", "andon/超限"),
        ("andon/{line}/{signals}/{empty}", "andon/none/none/none"),
        ("a{{b}}", "a{b}"),
    ],
)
def test_a_template(template: str, made: str) -> None:
    notice = replace(NOTICE, data={**NOTICE.data, "empty": "", "severity": "the notice's own counts"})
    assert topic(notice, settings(topic=template)) == made


@given(value=st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_no_value_makes_a_topic_that_nobody_can_publish_on(value: str) -> None:
    made = topic(replace(NOTICE, data={"line": value}), settings(topic="a/{line}"))
    assert not set(made) & set("+#\x00")
    assert 0 < len(made.encode()) <= 65_535


def test_a_long_value_is_cut() -> None:
    made = topic(replace(NOTICE, data={"line": "线" * 40_000}), settings(topic="a/{line}"))
    assert 65_530 < len(made.encode()) <= 65_535


def test_user_properties_tell_the_id() -> None:
    assert dict(properties(NOTICE)) == {"id": NOTICE.id, "event": "alert.raised", "severity": "high"}


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"topic": ""}, "at least 1 character"),
        ({"topic": "a/#"}, "wildcard"),
        ({"topic": "a/+/b"}, "wildcard"),
        ({"topic": "$SYS/a"}, "the broker's own"),
        ({"topic": "a/{}"}, "a single name between braces"),
        ({"topic": "a/{severity"}, "a single name between braces"),
        ({"topic": "a/{severity!r}"}, "a single name between braces"),
        ({"topic": "a/{severity:>9}"}, "a single name between braces"),
        ({"topic": "a/{data.__class__}"}, "a single name between braces"),
        ({"host": "mqtt://broker"}, "pattern"),
        ({"password": "hidden"}, "needs its `user`"),
        ({"tls": {"certificate": "c.pem"}}, "go together"),
    ],
)
def test_a_mistake_is_answered_with_what_to_write(written: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        settings(**written)


def test_tls_has_a_port_of_its_own() -> None:
    assert settings().where == "broker:1883"
    assert settings(tls={}).where == "broker:8883"
    assert settings(tls={}, port=1234).where == "broker:1234"
