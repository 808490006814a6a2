"""What a WeCom robot is sent: pure. Its messages are not signed; the key in the address is all."""

from datetime import datetime
from typing import Final

import orjson

from adapters.channels.contract import Notice
from adapters.channels.fitting import calls, message
from adapters.channels.wecom.settings import WeComSettings

ROOM: Final = 2048
"""Bytes in UTF-8 that a text may have, some 680 Chinese characters."""

_EVERYBODY: Final = "@all"


def encode(notice: Notice, settings: WeComSettings, now: datetime) -> tuple[str, bytes]:
    """Give address and body for a notice; when it is sent does not matter."""
    del now
    text: dict[str, object] = {"content": message(notice, settings, ROOM)}
    if calls(notice, settings):
        users = [*settings.mention_users, *([_EVERYBODY] if settings.mention_all else [])]
        text |= {"mentioned_list": users, "mentioned_mobile_list": list(settings.mention)}
    return settings.url.get_secret_value(), orjson.dumps({"msgtype": "text", "text": text})
