"""How a web hook is configured."""

import binascii
from base64 import b64decode
from typing import Annotated, Final

from pydantic import AfterValidator, Field, SecretStr

from adapters.channels.endpoint import EndpointSettings
from adapters.channels.fields import HeaderSecret

PREFIX: Final = "whsec_"
"""What a signing secret begins with (Standard Webhooks)."""

_KEY: Final = range(24, 65)


def key_of(secret: SecretStr) -> bytes:
    """Give the key that a signing secret stands for; raises ValueError where it is none."""
    text = secret.get_secret_value()
    try:
        if not text.startswith(PREFIX):
            raise ValueError  # noqa: TRY301 - the message is the same for all that is wrong
        key = b64decode(text.removeprefix(PREFIX), validate=True)
        if len(key) not in _KEY:
            raise ValueError  # noqa: TRY301 - the same
    except (ValueError, binascii.Error):
        msg = "a signing secret is whsec_ and 24 to 64 random bytes in base64: echo whsec_$(openssl rand -base64 32)"
        raise ValueError(msg) from None
    return key


def _signing(secret: SecretStr) -> SecretStr:
    key_of(secret)
    return secret


class WebhookSettings(EndpointSettings):
    """A receiver of signed JSON."""

    secrets: tuple[Annotated[SecretStr, AfterValidator(_signing)], ...] = Field(min_length=1, max_length=8)
    """Signing secrets, `whsec_…`, each as `${env:NAME}` or `${file:path}`; 1 to 8. Each signs, so that a receiver that
    knows one of them is content: to change the secret, write the new one beside the old one for a while."""

    authorization: HeaderSecret | None = None
    """The header `Authorization` as the receiver wants it, in printable ASCII, such as `Bearer ${env:HOOK_TOKEN}`;
    absent: none is sent."""
