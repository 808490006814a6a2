"""Settings and addresses: what is taken, and what is told when it is not."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from adapters.sources.mqtt import KIND
from adapters.sources.mqtt.settings import MqttAddress, MqttSettings, TlsSettings


def problem(model: type[MqttSettings | MqttAddress], **values: Any) -> str:
    """Say what is wrong with the only wrong value."""
    with pytest.raises(ValidationError) as caught:
        model(**values)
    (error,) = caught.value.errors()
    return error["msg"]


def test_a_host_is_enough() -> None:
    settings = MqttSettings(host="broker")
    assert settings.protocol == "5"
    assert settings.tcp_port == 1883
    assert settings.qos == 1
    assert settings.persistent


def test_tls_has_a_port_of_its_own() -> None:
    assert MqttSettings(host="broker", tls=TlsSettings()).tcp_port == 8883
    assert MqttSettings(host="broker", tls=TlsSettings(), port=1234).tcp_port == 1234


def test_yaml_may_write_the_version_as_a_number() -> None:
    assert MqttSettings.model_validate({"host": "broker", "protocol": 5}).protocol == "5"


@pytest.mark.parametrize("other", [{"qos": 0}, {"session_expiry": timedelta(0)}])
def test_no_session_is_kept_where_none_is_asked_for(other: dict[str, Any]) -> None:
    assert not MqttSettings(host="broker", **other).persistent


@pytest.mark.parametrize(
    ("values", "advice"),
    [
        ({"host": "mqtt://broker"}, "write the name or address alone"),
        ({"protocol": 4}, "'5' or '3.1.1'"),
        ({"port": 0}, "greater than or equal to 1"),
        ({"keepalive": "1 ms"}, "greater than or equal to 1 second"),
        ({"qos": 2}, "0 or 1"),
        ({"password": "x"}, "needs its `user`"),
        ({"share": "park"}, "a `client_id` of their own"),
        ({"share": "a/b", "client_id": "c"}, "pattern"),
        ({"tls": {"certificate": "c.pem"}}, "go together"),
        ({"max_payload": "1 B"}, "greater than or equal to 1024"),
    ],
)
def test_what_is_wrong_is_told_with_advice(values: dict[str, Any], advice: str) -> None:
    assert advice in problem(MqttSettings, **({"host": "broker"} | values))


@pytest.mark.parametrize(
    ("values", "advice"),
    [
        ({"topic": ""}, "write the topic"),
        ({"topic": "line/+/state"}, "wildcard"),
        ({"topic": "line/#"}, "wildcard"),
        ({"topic": "$share/g/line"}, "`share` of the source"),
        ({"topic": "line "}, "begins or ends with a blank"),
        ({"topic": "a\x00b"}, "no null character"),
        ({"topic": "a" * 65536}, "at most 65535 bytes"),
        ({"topic": "a", "value": "v..w"}, "a key is missing"),
        ({"topic": "a", "value": "v", "time": "[t]"}, "a quoted key"),
        ({"topic": "a", "time": "t"}, "write the path of the `value`"),
        ({"topic": "a", "status": "q"}, "write the path of the `value`"),
    ],
)
def test_what_is_wrong_with_an_address_is_told_with_advice(values: dict[str, Any], advice: str) -> None:
    assert advice in problem(MqttAddress, **values)


@pytest.mark.parametrize("model", [MqttSettings, MqttAddress, TlsSettings])
def test_every_field_is_documented(model: type[MqttSettings | MqttAddress | TlsSettings]) -> None:
    assert all(field.description for field in model.model_fields.values())
    model.model_json_schema()


def test_the_registry_is_given_these_models() -> None:
    assert KIND[:2] == (MqttSettings, MqttAddress)
