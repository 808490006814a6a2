"""A web hook keeps every promise of a channel."""

from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from adapters.channels.contract import Channel
from adapters.channels.webhook import create
from adapters.channels.webhook.settings import WebhookSettings
from tests.adapters.channels.receiver import HttpReceiver, Reply
from tests.adapters.channels.webhook.verifier import verify
from tests.conformance.channel import SHORT, ChannelConformance, FarEnd, Received, Silence

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


def channel(origin: str, **settings: Any) -> Channel:
    written = {"url": f"{origin}/hooks/d41d8cd98f00?token=s3cr3t-t0ken", "secrets": [SECRET, OTHER], **settings}
    return create("platform", WebhookSettings.model_validate(written))


class WebhookFarEnd:
    hidden = (SECRET, OTHER, "d41d8cd98f00", "s3cr3t-t0ken", "b3ar3r")

    def __init__(self, good: HttpReceiver, refusing: HttpReceiver, busy: HttpReceiver, silence: Silence) -> None:
        self.silence = silence
        self.channel = channel(good.url, authorization="Bearer b3ar3r")
        self.refused = channel(refusing.url)
        self.busy = channel(busy.url)
        self.silent = channel(f"http://127.0.0.1:{silence.port}", timeout=SHORT)
        self.patient = channel(f"http://127.0.0.1:{silence.port}", timeout="1 min")
        self._receiver = good

    async def received(self) -> Received:
        request = await self._receiver.taken.get()
        for secret in (SECRET, OTHER):
            verify(request, secret)
        assert request.headers["Authorization"] == "Bearer b3ar3r"
        body = orjson.loads(request.body)
        assert body["id"] == request.headers["webhook-id"]
        return Received(body["id"], f"{body['title']}\n{body['text']}")

    async def stop(self) -> None:
        await self._receiver.stop()

    async def start(self) -> None:
        await self._receiver.start()


class TestWebhook(ChannelConformance):
    @pytest.fixture
    async def far(self) -> AsyncIterator[FarEnd]:
        async with HttpReceiver() as good, HttpReceiver() as refusing, HttpReceiver() as busy, Silence() as silence:
            refusing.rule = lambda request: Reply(
                401, b"no: " + request.headers["webhook-signature"].encode() + b" " + SECRET.encode()
            )
            busy.rule = lambda _: Reply(503, b"later, s3cr3t-t0ken", {"Retry-After": "7"})
            yield WebhookFarEnd(good, refusing, busy, silence)
