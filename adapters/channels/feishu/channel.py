"""A Feishu robot as a channel."""

from adapters.channels.feishu.answers import TONGUE
from adapters.channels.feishu.encode import encode
from adapters.channels.feishu.settings import FeishuSettings
from adapters.channels.robot import Robot


class FeishuChannel(Robot[FeishuSettings]):
    """Says each notice in one group."""

    def __init__(self, name: str, settings: FeishuSettings) -> None:
        super().__init__(name, settings, TONGUE, encode, settings.secret)
