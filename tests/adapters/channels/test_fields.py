"""What settings of channels take: hosts that can be looked up, and credentials that can travel."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from adapters.channels.fields import Host
from adapters.registry import channel_kind

KEYS: dict[str, dict[str, Any]] = {
    "mail": {"host": "mail.works.example", "sender": "a@works.example", "to": ["b@works.example"]},
    "mqtt": {"host": "broker.works.example"},
    "webhook": {"url": "https://hooks.example/in", "secrets": ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]},
}


def taken(kind: str, **keys: Any) -> None:
    channel_kind(kind).settings.model_validate({**KEYS[kind], **keys})


@pytest.mark.parametrize(
    "host",
    ["smtp.works.example", "smtp.works.example.", "a_b", "邮件.example", "192.168.1.10", "fd00::1", "fe80::1%eth0"],
)
def test_a_host_is_a_name_or_an_address(host: str) -> None:
    assert TypeAdapter(Host).validate_python(host) == host


@pytest.mark.parametrize("kind", ["mail", "mqtt"])
@pytest.mark.parametrize(
    "host", ["smtp..works.example", ".works", f"{'a' * 64}.example", "300.1.1.1", "fd00::g", "a\0b"]
)
def test_a_host_that_nobody_could_look_up_is_told(kind: str, host: str) -> None:
    with pytest.raises(ValidationError, match="is no host; write its name or its IP address alone") as caught:
        taken(kind, host=host)
    assert [error["loc"] for error in caught.value.errors()] == [("host",)]


@pytest.mark.parametrize(
    ("kind", "key", "beside"),
    [("mail", "password", {"user": "u"}), ("mail", "user", {"password": "p"}), ("webhook", "authorization", {})],
)
def test_credentials_are_printable_ascii(kind: str, key: str, beside: dict[str, str]) -> None:
    taken(kind, **{key: "Bearer p4ss word~"}, **beside)
    for wrong in ("密码12s3cret", "s3cret\n", "s3\ncret", "s3cret\x7f"):
        with pytest.raises(ValidationError, match="printable ASCII") as caught:
            taken(kind, **{key: wrong}, **beside)
        assert [error["loc"] for error in caught.value.errors()] == [(key,)]
        assert "cret" not in str(caught.value)


@pytest.mark.parametrize("given", [" Bearer s3cret", "Bearer s3cret ", ""])
def test_a_header_begins_and_ends_with_what_is_seen(given: str) -> None:
    with pytest.raises(ValidationError, match="printable ASCII"):
        taken("webhook", authorization=given)


def test_a_broker_takes_credentials_in_any_script() -> None:
    taken("mqtt", user="操作员", password="密码12")
