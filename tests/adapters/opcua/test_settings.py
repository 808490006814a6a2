"""Settings take what people write, and say what to write instead of what they cannot take."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from adapters.registry import source_kind
from adapters.sources.opcua.settings import OpcuaAddress, OpcuaSettings

HERE = "opc.tcp://plc:4840"


def test_an_endpoint_is_all_that_is_needed() -> None:
    settings = OpcuaSettings(endpoint=HERE)
    assert settings.security == "none"
    assert settings.time == "source"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("opc.tcp://plc", "opc.tcp://plc:4840"),
        ("opc.tcp://plc:", "opc.tcp://plc:4840"),
        ("opc.tcp://plc/park", "opc.tcp://plc:4840/park"),
        ("opc.tcp://192.168.0.10:62541/park/a", "opc.tcp://192.168.0.10:62541/park/a"),
        ("opc.tcp://[fd00::1]", "opc.tcp://[fd00::1]:4840"),
    ],
)
def test_an_endpoint_without_a_port_has_the_usual_one(written: str, meant: str) -> None:
    assert OpcuaSettings(endpoint=written).endpoint == meant


@pytest.mark.parametrize(
    ("keys", "instead"),
    [
        ({"endpoint": "plc:4840"}, "write opc.tcp://HOST:PORT"),
        ({"endpoint": "https://plc:4840"}, "write opc.tcp://HOST:PORT"),
        ({"endpoint": "opc.tcp://plc:484000"}, "write opc.tcp://HOST:PORT"),
        ({"endpoint": "opc.tcp://:4840"}, "write opc.tcp://HOST:PORT"),
        ({"endpoint": "opc.tcp://me:secret@plc"}, "write `user:` and `password: ${env:NAME}`"),
        ({"user": "me"}, "`user` and `password` go together"),
        ({"password": "secret"}, "`user` and `password` go together"),
        ({"security": "sign"}, "needs `certificate: FILE` and `private_key: FILE`"),
        ({"certificate": "me.der"}, "of no use with `security: none`"),
        ({"security": "basic"}, "'none', 'sign' or 'sign_and_encrypt'"),
        ({"publishing_interval": "5 ms"}, "write 10 ms to 1 min"),
        ({"publishing_interval": "2 min"}, "write 10 ms to 1 min"),
        ({"sampling_interval": "2 h"}, "write 0 ms to 1 h"),
        ({"session_timeout": "1 s"}, "write 10 s to 1 h"),
        ({"keepalive": "10 min"}, "write 1 s to 5 min"),
        ({"request_timeout": "500 ms"}, "write 1 s to 2 min"),
        ({"keepalive": "1 s", "publishing_interval": "600 ms"}, "at least twice `publishing_interval`"),
        ({"queue_margin": 0}, "greater than or equal to 1"),
        ({"endpont": HERE}, "Extra inputs are not permitted"),
    ],
)
def test_a_wrong_value_is_answered_with_what_to_write(keys: dict[str, Any], instead: str) -> None:
    with pytest.raises(ValidationError) as caught:
        OpcuaSettings.model_validate({"endpoint": HERE} | keys)
    assert instead in str(caught.value)


def test_a_password_is_never_shown() -> None:
    settings = OpcuaSettings.model_validate({"endpoint": HERE, "user": "me", "password": "s3cret"})
    assert "s3cret" not in repr(settings)
    assert "s3cret" not in settings.model_dump_json()


@pytest.mark.parametrize(
    ("sampling", "margin", "publishing", "queue"),
    [("100 ms", 4, 500, 20), ("100 ms", 1, 550, 6), ("1 s", 3, 500, 3), ("1 s", 1, 500, 2), ("0 ms", 2, 500, 1000)],
)
def test_a_queue_holds_the_changes_of_its_margin(sampling: str, margin: int, publishing: int, queue: int) -> None:
    keys = {"endpoint": HERE, "sampling_interval": sampling, "queue_margin": margin}
    settings = OpcuaSettings.model_validate(keys)
    assert settings.queue(timedelta(milliseconds=publishing)) == queue


def test_an_address_is_a_node_id() -> None:
    assert OpcuaAddress(node=" nsu=urn:press;s=State ").node == "nsu=urn:press;s=State"
    with pytest.raises(ValidationError, match="write nsu=URI;s=NAME"):
        OpcuaAddress(node="State")


def test_the_registry_knows_it_without_loading_a_protocol() -> None:
    kind = source_kind("opcua")
    assert kind.settings is OpcuaSettings
    assert kind.address is OpcuaAddress
