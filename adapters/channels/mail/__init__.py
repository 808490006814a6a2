"""Mail by SMTP: to several recipients, with STARTTLS, TLS or neither."""

from typing import Final

from adapters.channels.contract import Channel
from adapters.channels.mail.settings import MailSettings


def create(name: str, settings: MailSettings) -> Channel:
    """Make the channel `name`; nothing is opened before its block is entered."""
    from adapters.channels.mail.channel import MailChannel

    return MailChannel(name, settings)


KIND: Final = (MailSettings, create)
"""What the registry asks for: settings of the channel, what makes it."""
