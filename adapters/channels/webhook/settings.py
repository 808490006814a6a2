"""How a web hook is configured."""

from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from adapters.channels.endpoint import EndpointSettings
from adapters.channels.fields import HeaderSecret
from adapters.channels.signing import key_of


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
