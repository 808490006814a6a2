"""A web hook after Standard Webhooks: signed JSON posted to an address of the receiver's."""

from typing import Final

from adapters.channels.contract import Channel
from adapters.channels.webhook.settings import WebhookSettings


def create(name: str, settings: WebhookSettings) -> Channel:
    """Make the channel `name`; nothing is opened before its block is entered."""
    from adapters.channels.webhook.channel import WebhookChannel

    return WebhookChannel(name, settings)


KIND: Final = (WebhookSettings, create)
"""What the registry asks for: settings of the channel, what makes it."""
