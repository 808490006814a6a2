"""Mail keeps every promise of a channel: in the clear without a login, and with STARTTLS and TLS and one."""

import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from adapters.channels.contract import Channel
from adapters.channels.mail import create
from adapters.channels.mail.settings import MailSettings
from tests.adapters.channels.mail.server import MailServer
from tests.adapters.channels.mail.test_encode import body_of
from tests.conformance.channel import SHORT, ChannelConformance, FarEnd, Received, Silence
from tests.servers.certificates import Authority

SENDER = "设备报警 <alerts@works.example>"
TO = ("Zhang Wei <zhang.wei@works.example>", "night.shift@works.example")
PASSWORD = "geheim-4711"


def server_tls(authority: Authority) -> ssl.SSLContext:
    own = authority.sign("mail")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(own.certificate, own.key)
    return context


class MailFarEnd:
    hidden = (PASSWORD, "AGFsZXJ0cwBnZWhlaW0tNDcxMQ==", "wrong-pass", "AGFsZXJ0cwB3cm9uZy1wYXNz")

    def __init__(self, good: MailServer, busy: MailServer, silence: Silence, make: Callable[..., Channel]) -> None:
        self.silence = silence
        self.channel = make(good.port)
        self.refused = make(good.port, **self._wrong(good))
        self.busy = make(busy.port)
        self.silent = make(silence.port, timeout=SHORT)
        self.patient = make(silence.port, timeout="1 min")
        self._server = good

    async def received(self) -> Received:
        mail = await self._server.mails.get()
        message = mail.message
        assert mail.sender == "alerts@works.example"
        assert mail.recipients == ["zhang.wei@works.example", "night.shift@works.example"]
        assert str(message["From"]) == SENDER
        identity = str(message["X-Parkline-Id"])
        assert str(message["Message-ID"]) == f"<{identity.replace(':', '=3A')}@works.example>"
        return Received(identity, f"{message['Subject']}\n{body_of(message)}")

    async def stop(self) -> None:
        await self._server.stop()

    async def start(self) -> None:
        await self._server.start()

    def _wrong(self, server: MailServer) -> dict[str, Any]:
        if server.users:
            return {"user": "alerts", "password": "wrong-pass"}
        server.replies["MAIL FROM:<other@"] = "553 5.7.1 not your address"
        return {"sender": "other@works.example"}


class MailConformance(ChannelConformance):
    security: str

    @pytest.fixture
    async def far(self, tmp_path: Path) -> AsyncIterator[FarEnd]:
        authority = Authority(tmp_path)
        encrypted = self.security != "none"

        def server() -> MailServer:
            return MailServer(
                users={"alerts": PASSWORD} if encrypted else None,
                tls=server_tls(authority) if encrypted else None,
                implicit=self.security == "tls",
            )

        def make(port: int, **settings: Any) -> Channel:
            written = {"host": "127.0.0.1", "port": port, "security": self.security, "sender": SENDER, "to": TO}
            if encrypted:
                written |= {"user": "alerts", "password": PASSWORD, "ca": authority.ca}
            return create("班长", MailSettings.model_validate({**written, **settings}))

        async with AsyncExitStack() as stack:
            good = await stack.enter_async_context(server())
            busy = await stack.enter_async_context(server())
            silence = await stack.enter_async_context(Silence())
            busy.replies["MAIL"] = "451 4.3.0 later"
            yield MailFarEnd(good, busy, silence, make)


class TestInTheClear(MailConformance):
    security = "none"


class TestStartTls(MailConformance):
    security = "starttls"


class TestTls(MailConformance):
    security = "tls"
