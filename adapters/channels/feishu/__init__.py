"""A robot in a Feishu (飞书) group."""

from typing import Final

from adapters.channels.contract import Channel
from adapters.channels.feishu.settings import FeishuSettings


def create(name: str, settings: FeishuSettings) -> Channel:
    """Make the channel `name`; nothing is opened before its block is entered."""
    from adapters.channels.feishu.channel import FeishuChannel

    return FeishuChannel(name, settings)


KIND: Final = (FeishuSettings, create)
"""What the registry asks for: settings of the channel, what makes it."""
