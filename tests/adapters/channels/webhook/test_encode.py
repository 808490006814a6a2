"""Signatures after Standard Webhooks: the published example, several secrets, and what is no secret."""

from base64 import b64decode, b64encode
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from adapters.channels.signing import key_of, signatures
from adapters.channels.webhook.encode import encode
from adapters.channels.webhook.settings import WebhookSettings
from tests.adapters.channels.receiver import Request
from tests.adapters.channels.webhook.verifier import verify
from tests.conformance.channel import NOTICE

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_the_published_example() -> None:
    """The one that the reference libraries of Standard Webhooks are tested with."""
    key = key_of(SecretStr(SECRET))
    signed = signatures("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}', [key])
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(keys=st.lists(st.binary(min_size=24, max_size=64), min_size=1, max_size=8))
def test_whoever_knows_one_of_the_secrets_can_verify(keys: list[bytes]) -> None:
    secrets = [f"whsec_{b64encode(key).decode()}" for key in keys]
    settings = WebhookSettings.model_validate({"url": "https://h/", "secrets": secrets})
    headers, body = encode(NOTICE, settings, datetime.now(UTC))
    for secret in secrets:
        verify(Request("POST", "/", {}, httpx.Headers(headers), body), secret)


def test_sent_again_it_is_signed_anew_with_the_same_id() -> None:
    settings = WebhookSettings.model_validate({"url": "https://h/", "secrets": [SECRET]})
    first, body = encode(NOTICE, settings, datetime(2026, 3, 1, 1, 41, 0, tzinfo=UTC))
    second, again = encode(NOTICE, settings, datetime(2026, 3, 1, 1, 42, 0, 999_999, tzinfo=UTC))
    assert first["webhook-id"] == second["webhook-id"] == NOTICE.id
    assert (first["webhook-timestamp"], second["webhook-timestamp"]) == ("1772329260", "1772329320")
    assert first["webhook-signature"] != second["webhook-signature"]
    assert body == again


@pytest.mark.parametrize(
    "secrets",
    [
        [],
        ["hunter2"],
        ["whsec_"],
        ["whsec_not base64"],
        [f"whsec_{b64encode(bytes(23)).decode()}"],
        [f"whsec_{b64encode(bytes(65)).decode()}"],
        [b64encode(bytes(32)).decode()],
        [SECRET] * 9,
    ],
)
def test_what_is_no_secret_is_told_without_it(secrets: list[Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        WebhookSettings.model_validate({"url": "https://h/", "secrets": secrets})
    assert not [secret for secret in secrets if len(secret) > 6 and secret in str(caught.value)]


def test_a_key_is_what_the_base64_stands_for() -> None:
    assert key_of(SecretStr(SECRET)) == b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
