"""A setting that nobody saw through is the trouble of its channel: a typed no, without what may be a secret."""

from typing import Any

import pytest
from pydantic import SecretStr

from adapters.channels.contract import ChannelRefusedError
from adapters.registry import channel_kind
from tests.adapters.channels.mail.server import MailServer
from tests.adapters.channels.receiver import HttpReceiver
from tests.conformance.channel import failure

KEYS: dict[str, dict[str, Any]] = {
    "dingtalk": {"url": "https://hooks.example/in"},
    "mail": {"host": "127.0.0.1", "security": "none", "sender": "a@works.example", "to": ["b@works.example"]},
    "mqtt": {"host": "127.0.0.1"},
    "webhook": {"url": "http://127.0.0.1:1/in", "secrets": ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]},
}


async def refusal(kind: str, *, port: int | None = None, **keys: Any) -> str:
    """Give all that is told of a channel with settings that its model would not take."""
    written = channel_kind(kind).settings.model_validate(KEYS[kind] | ({} if port is None else {"port": port}))
    channel = channel_kind(kind).create("c", written.model_copy(update=keys))
    error: BaseException | None = await failure(channel)
    assert isinstance(error, ChannelRefusedError)
    told = ""
    while error is not None:
        told += f"{error}{error!r}{error.args}"
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return told


@pytest.mark.parametrize("token", ["Bearer 密钥s3cret", "Bearer s3\ncret", " s3cret", "s3cret\x00"])
async def test_a_header(token: str) -> None:
    async with HttpReceiver() as receiver:
        told = await refusal("webhook", url=SecretStr(receiver.url), authorization=SecretStr(token))
    assert "cannot be sent as it is written" in told
    assert "cret" not in told


@pytest.mark.parametrize("kind", ["dingtalk", "webhook"])
@pytest.mark.parametrize(
    "keys",
    [{"url": SecretStr("https://300.1.1.1/s3cret")}, {"proxy": SecretStr("http://me:s3cret@300.1.1.1:80")}],
)
async def test_an_address(kind: str, keys: dict[str, Any]) -> None:
    told = await refusal(kind, **keys)
    assert f"check {'`url`' if 'url' in keys else '`url` and `proxy`'}" in told
    assert "s3cret" not in told


@pytest.mark.parametrize("kind", ["mail", "mqtt"])
async def test_a_host(kind: str) -> None:
    assert "check `host`" in await refusal(kind, host="smtp..works.example")


async def test_credentials_of_a_mail_server() -> None:
    async with MailServer(users={"u": "p"}) as server:
        told = await refusal("mail", port=server.port, user="u", password=SecretStr("密码s3cret"))
    assert "`user` and `password`" in told
    assert "s3cret" not in told


async def test_a_file_for_tls() -> None:
    told = await refusal("mail", security="starttls", ca="a\0b.pem")
    assert "a file for TLS cannot be used" in told
