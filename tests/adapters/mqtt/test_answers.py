"""What goes wrong with a broker, in words for a person."""

import socket

import pytest

from adapters.sources.contract import SourceError, SourceRefusedError, SourceUnreachableError
from adapters.sources.mqtt import answers
from adapters.sources.mqtt.settings import MqttSettings, TlsSettings

SETTINGS = MqttSettings(host="broker.local", user="anna")


@pytest.mark.parametrize(
    ("code", "kind", "advice"),
    [
        (0x80, SourceUnreachableError, "see the broker's log"),
        (0x84, SourceRefusedError, "does not speak MQTT 5; write another `protocol`"),
        (0x85, SourceRefusedError, "does not take the client_id 'me'"),
        (0x86, SourceRefusedError, "check them"),
        (0x87, SourceRefusedError, "does not admit the user 'anna'"),
        (0x88, SourceUnreachableError, "see the broker's log"),
        (0x89, SourceUnreachableError, "see the broker's log"),
        (0x8A, SourceRefusedError, "ask its administrator"),
        (0x97, SourceUnreachableError, "see the broker's log"),
        (0x9D, SourceRefusedError, "write its new address as `host`"),
        (0x9F, SourceUnreachableError, "see the broker's log"),
    ],
)
def test_a_refused_link(code: int, kind: type[SourceError], advice: str) -> None:
    error = answers.not_connected("line-1", SETTINGS, "me", code, "as the broker puts it")
    assert type(error) is kind
    assert error.source == "line-1"
    assert "broker.local:1883" in error.reason
    assert "as the broker puts it" in error.reason
    assert advice in error.reason


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0x8B, "shuts down"),
        (0x8D, "`keepalive`"),
        (0x8E, "another client connected to the broker with the client_id 'me'"),
        (0x93, "`receive_maximum`"),
        (0x98, "administrator"),
        (0x82, "as the broker puts it"),
    ],
)
def test_a_link_that_the_broker_closes(code: int, words: str) -> None:
    assert words in answers.closed_by_broker("me", code, "as the broker puts it")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (socket.gaierror(-2, "Name or service not known"), "the name 'broker.local' is not known"),
        (ConnectionRefusedError(), "nobody listens at broker.local:1883"),
        (ConnectionResetError(104, "reset"), "closes the link instead of accepting it ([Errno 104] reset)"),
        (OSError(113, "No route to host"), "cannot be reached ([Errno 113] No route to host)"),
    ],
)
def test_a_connection_that_does_not_come_up(error: OSError, words: str) -> None:
    told = answers.unopened("line-1", SETTINGS, error)
    assert type(told) is SourceUnreachableError
    assert words in told.reason
    assert "check" in told.reason


@pytest.mark.parametrize(
    ("tls", "words"),
    [
        (None, "and without `tls`"),
        (TlsSettings(), "write `certificate` and `key`"),
        (TlsSettings.model_validate({"certificate": "c.pem", "key": "k.pem"}), "that it knows the `certificate`"),
    ],
)
def test_a_peer_that_closes_the_link_without_a_word(tls: TlsSettings | None, words: str) -> None:
    told = answers.hung_up("line-1", MqttSettings(host="broker.local", tls=tls), "", None)
    assert type(told) is SourceUnreachableError
    assert words in told.reason


@pytest.mark.parametrize(("connected", "words"), [(True, "that it speaks MQTT 5"), (False, "the firewall")])
def test_a_peer_that_does_not_answer(*, connected: bool, words: str) -> None:
    told = answers.unanswered("line-1", SETTINGS, connected=connected)
    assert type(told) is SourceUnreachableError
    assert "within 10 s" in told.reason
    assert words in told.reason


def test_a_peer_that_says_why_is_quoted() -> None:
    told = answers.hung_up("line-1", SETTINGS, "the broker shuts down", None)
    assert told.reason == "broker.local:1883 closes the link instead of accepting it: the broker shuts down"
