"""A robot in a DingTalk (钉钉) group."""

from typing import Final

from adapters.channels.contract import Channel
from adapters.channels.dingtalk.settings import DingTalkSettings


def create(name: str, settings: DingTalkSettings) -> Channel:
    """Make the channel `name`; nothing is opened before its block is entered."""
    from adapters.channels.dingtalk.channel import DingTalkChannel

    return DingTalkChannel(name, settings)


KIND: Final = (DingTalkSettings, create)
"""What the registry asks for: settings of the channel, what makes it."""
