r"""What a DingTalk robot is sent: pure.

Signed (加签), the address gets `timestamp`, milliseconds since 1970, and `sign`, the base64 of HMAC-SHA256 with the
secret as key over `timestamp\nsecret`. DingTalk refuses a timestamp that is more than an hour off.
"""

import hashlib
import hmac
from base64 import b64encode
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

import orjson

from adapters.channels.contract import Notice
from adapters.channels.dingtalk.settings import DingTalkSettings
from adapters.channels.fitting import calls, in_json, message

ROOM: Final = 19_000
"""Bytes of JSON for title and text; DingTalk takes 20,000 for a message."""


def encode(notice: Notice, settings: DingTalkSettings, now: datetime) -> tuple[str, bytes]:
    """Give address and body for a notice that is sent at `now`, UTC."""
    called = settings.mention if calls(notice, settings) else ()
    everybody = settings.mention_all and calls(notice, settings)
    names = "".join(f" @{mobile}" for mobile in called)
    content = message(notice, settings, ROOM - in_json(names), in_json)
    body = {
        "msgtype": "text",
        "text": {"content": content + (f"\n{names.strip()}" if names else "")},
        "at": {"atMobiles": list(called), "isAtAll": everybody},
    }
    return signed(settings, int(now.timestamp() * 1000)), orjson.dumps(body)


def signed(settings: DingTalkSettings, timestamp: int) -> str:
    """Give the robot's address, signed if it has a secret; `timestamp` in milliseconds since 1970."""
    url = settings.url.get_secret_value()
    if settings.secret is None:
        return url
    secret = settings.secret.get_secret_value()
    sign = hmac.new(secret.encode(), f"{timestamp}\n{secret}".encode(), hashlib.sha256).digest()
    query = urlencode({"timestamp": timestamp, "sign": b64encode(sign).decode()})
    return f"{url}{'&' if '?' in url else '?'}{query}"
