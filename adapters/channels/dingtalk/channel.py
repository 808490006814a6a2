"""A DingTalk robot as a channel."""

from adapters.channels.dingtalk.answers import TONGUE
from adapters.channels.dingtalk.encode import encode
from adapters.channels.dingtalk.settings import DingTalkSettings
from adapters.channels.robot import Robot


class DingTalkChannel(Robot[DingTalkSettings]):
    """Says each notice in one group."""

    def __init__(self, name: str, settings: DingTalkSettings) -> None:
        super().__init__(name, settings, TONGUE, encode, settings.secret)
