r"""What a Feishu robot is sent: pure.

Signed (签名校验), the body gets `timestamp`, seconds since 1970, and `sign`, the base64 of HMAC-SHA256 over nothing
with `timestamp\nsecret` as key. Feishu refuses a timestamp that is more than an hour off.
"""

import hashlib
import hmac
from base64 import b64encode
from datetime import datetime
from typing import Any, Final

import orjson

from adapters.channels.contract import Notice
from adapters.channels.feishu.settings import FeishuSettings
from adapters.channels.fitting import calls, in_json, message

ROOM: Final = 19_000
"""Bytes of JSON for title, text and those who are called; Feishu takes 20 KB for the whole body."""

_CALL: Final = "<at "


def encode(notice: Notice, settings: FeishuSettings, now: datetime) -> tuple[str, bytes]:
    """Give address and body for a notice that is sent at `now`, UTC."""
    names = _names(notice, settings)
    content = message(notice, settings, ROOM - in_json(names), _room_taken)
    body: dict[str, Any] = {"msg_type": "text", "content": {"text": _harmless(content) + names}}
    if settings.secret is not None:
        timestamp = int(now.timestamp())
        body |= {"timestamp": str(timestamp), "sign": sign(settings.secret.get_secret_value(), timestamp)}
    return settings.url.get_secret_value(), orjson.dumps(body)


def sign(secret: str, timestamp: int) -> str:
    """Sign a message that is sent at `timestamp`, seconds since 1970."""
    made = hmac.new(f"{timestamp}\n{secret}".encode(), b"", hashlib.sha256).digest()
    return b64encode(made).decode()


def _names(notice: Notice, settings: FeishuSettings) -> str:
    """Write who is called, on a line of its own."""
    if not calls(notice, settings):
        return ""
    everybody = "所有人" if notice.language == "zh" else "everybody"
    names = [f'<at user_id="{member}"></at>' for member in settings.mention]
    names += [f'<at user_id="all">{everybody}</at>'] if settings.mention_all else []
    return "\n" + " ".join(names) if names else ""


def _harmless(text: str) -> str:
    """Let a text that looks like a call be none."""
    return text.replace(_CALL, "< at ")


def _room_taken(text: str) -> int:
    return in_json(_harmless(text))
