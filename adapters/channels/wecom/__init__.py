"""A robot in a WeCom (企业微信) group."""

from typing import Final

from adapters.channels.contract import Channel
from adapters.channels.wecom.settings import WeComSettings


def create(name: str, settings: WeComSettings) -> Channel:
    """Make the channel `name`; nothing is opened before its block is entered."""
    from adapters.channels.wecom.channel import WeComChannel

    return WeComChannel(name, settings)


KIND: Final = (WeComSettings, create)
"""What the registry asks for: settings of the channel, what makes it."""
