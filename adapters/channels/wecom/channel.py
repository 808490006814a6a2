"""A WeCom robot as a channel."""

from adapters.channels.robot import Robot
from adapters.channels.wecom.answers import TONGUE
from adapters.channels.wecom.encode import encode
from adapters.channels.wecom.settings import WeComSettings


class WeComChannel(Robot[WeComSettings]):
    """Says each notice in one group."""

    def __init__(self, name: str, settings: WeComSettings) -> None:
        super().__init__(name, settings, TONGUE, encode)
