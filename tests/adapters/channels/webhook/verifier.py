"""What a receiver of Standard Webhooks does before it believes: from the specification, with nothing of ours."""

import base64
import hashlib
import hmac
import time

from tests.adapters.channels.receiver import Request

TOLERANCE = 300
"""Seconds that the timestamp may be off."""


def verify(request: Request, secret: str) -> None:
    """Assert that a request was signed with `secret`, just now."""
    identity, timestamp = request.headers["webhook-id"], request.headers["webhook-timestamp"]
    assert abs(time.time() - int(timestamp)) < TOLERANCE
    key = base64.b64decode(secret.split("_", 1)[1])
    content = b".".join([identity.encode(), timestamp.encode(), request.body])
    expected = base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()
    versions = [signature.split(",", 1) for signature in request.headers["webhook-signature"].split(" ")]
    assert ["v1", expected] in versions
