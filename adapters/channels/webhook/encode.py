"""What is posted to a web hook, after Standard Webhooks 1.0: pure.

webhook-id          the notice's id, the same when it is sent again
webhook-timestamp   seconds since 1970, when it is sent
webhook-signature   v1,BASE64 v1,BASE64 …   one for each secret: HMAC-SHA256 of `id.timestamp.body`
"""

from datetime import datetime

from adapters.channels.contract import Notice
from adapters.channels.envelope import envelope
from adapters.channels.signing import key_of, signatures
from adapters.channels.webhook.settings import WebhookSettings


def encode(notice: Notice, settings: WebhookSettings, now: datetime) -> tuple[dict[str, str], bytes]:
    """Give headers and body for a notice that is sent at `now`, UTC."""
    body, timestamp = envelope(notice), int(now.timestamp())
    headers = {
        "Content-Type": "application/json",
        "webhook-id": notice.id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signatures(notice.id, timestamp, body, map(key_of, settings.secrets)),
    }
    if settings.authorization is not None:
        headers["Authorization"] = settings.authorization.get_secret_value()
    return headers, body
