"""Posting: what each HTTP status means, connections, TLS and proxies; with a web hook as the channel."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapters.channels.contract import Channel, ChannelError, ChannelRefusedError, ChannelUnreachableError
from adapters.channels.webhook import create
from adapters.channels.webhook.settings import WebhookSettings
from tests.adapters.channels.receiver import HttpReceiver, Reply
from tests.conformance.channel import NOTICE, failure, send
from tests.servers.certificates import Authority

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def hook(url: str, **settings: Any) -> Channel:
    return create("platform", WebhookSettings.model_validate({"url": url, "secrets": [SECRET], **settings}))


@pytest.fixture
async def receiver() -> AsyncIterator[HttpReceiver]:
    async with HttpReceiver() as receiver:
        yield receiver


@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_success(receiver: HttpReceiver, status: int) -> None:
    receiver.rule = lambda _: Reply(status)
    assert (await send(hook(receiver.url), NOTICE)).answer == f"HTTP {status}"


async def test_what_the_receiver_says_is_kept_on_one_short_line(receiver: HttpReceiver) -> None:
    receiver.rule = lambda _: Reply(200, b'{"ticket":\n  4711}' + b" " * 300 + b"x" * 300)
    answer = (await send(hook(receiver.url), NOTICE)).answer
    assert answer.startswith('HTTP 200: {"ticket": 4711} xxx')
    assert len(answer) < 220


async def test_a_page_for_people_is_not_told(receiver: HttpReceiver) -> None:
    receiver.rule = lambda _: Reply(200, b"<!doctype html><title>Welcome</title>")
    assert (await send(hook(receiver.url), NOTICE)).answer == "HTTP 200"


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
async def test_later(receiver: HttpReceiver, status: int) -> None:
    receiver.rule = lambda _: Reply(status)
    error = await failure(hook(receiver.url))
    assert isinstance(error, ChannelUnreachableError)
    assert f"HTTP {status}" in error.reason
    assert error.retry_after is None


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (400, "ask who runs it"),
        (401, "check `secrets` and `authorization`"),
        (403, "check `secrets` and `authorization`"),
        (404, "check `url`"),
        (405, "check `url`"),
        (407, "check user and password of `proxy`"),
        (410, "it wants no more notices"),
        (413, "ask who runs it"),
        (422, "ask who runs it"),
    ],
)
async def test_no(receiver: HttpReceiver, status: int, advice: str) -> None:
    receiver.rule = lambda _: Reply(status)
    error = await failure(hook(receiver.url))
    assert isinstance(error, ChannelRefusedError)
    assert f"(HTTP {status}); {advice}" in error.reason


async def test_it_is_not_sent_on_to_elsewhere(receiver: HttpReceiver) -> None:
    receiver.rule = lambda _: Reply(308, headers={"Location": "https://me:pw@new.example/hooks/t0ken"})
    error = await failure(hook(receiver.url))
    assert isinstance(error, ChannelRefusedError)
    assert "sends us on to https://new.example; write the new address as `url`" in error.reason
    assert len(receiver.requests) == 1


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        ("7", (7, 7)),
        ("0", (0, 0)),
        ("99999", (3600, 3600)),
        ("Thu, 01 Jan 2099 00:00:00 GMT", (3600, 3600)),
        ("Sat, 01 Jan 2000 00:00:00 GMT", (0, 0)),
    ],
)
async def test_the_wait_that_is_asked_for_is_told(
    receiver: HttpReceiver, asked: str, seconds: tuple[float, float]
) -> None:
    receiver.rule = lambda _: Reply(429, headers={"Retry-After": asked})
    error = await failure(hook(receiver.url))
    assert isinstance(error, ChannelUnreachableError)
    assert error.retry_after is not None
    assert seconds[0] <= error.retry_after <= seconds[1]


@pytest.mark.parametrize("asked", ["soon", "-1", "Mon, 1 Jan"])
async def test_a_wait_that_nobody_understands_is_none(receiver: HttpReceiver, asked: str) -> None:
    receiver.rule = lambda _: Reply(503, headers={"Retry-After": asked})
    error = await failure(hook(receiver.url))
    assert isinstance(error, ChannelUnreachableError)
    assert error.retry_after is None


async def test_a_connection_serves_several_notices_and_one_that_broke_is_made_again(receiver: HttpReceiver) -> None:
    channel = hook(receiver.url)
    async with channel.open():
        await channel.send(NOTICE)
        await channel.send(NOTICE)
        assert receiver.links == 1
        receiver.rule = lambda _: Reply(broken=True)
        with pytest.raises(ChannelUnreachableError):
            await channel.send(NOTICE)
        receiver.rule = lambda _: Reply(204)
        await channel.send(NOTICE)
    assert receiver.links == 2


async def test_an_endless_answer_is_not_read_to_its_end(receiver: HttpReceiver) -> None:
    receiver.rule = lambda _: Reply(200, b"y" * 50_000_000)
    async with asyncio.timeout(5):
        assert len((await send(hook(receiver.url), NOTICE)).answer) < 220


async def test_a_channel_that_is_not_open_sends_nothing(receiver: HttpReceiver) -> None:
    with pytest.raises(RuntimeError, match="is not open"):
        await hook(receiver.url).send(NOTICE)
    assert receiver.requests == []


async def test_a_name_that_is_not_known() -> None:
    error = await failure(hook("http://hooks.invalid/s3cr3t-t0ken"))
    assert isinstance(error, ChannelUnreachableError)
    assert "http://hooks.invalid" in error.reason
    assert "s3cr3t" not in error.reason


def encrypted(authority: Authority, *hosts: str) -> ssl.SSLContext:
    own = authority.sign("receiver", hosts=hosts)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(own.certificate, own.key)
    return context


async def test_tls_with_an_authority_of_the_plant(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    async with HttpReceiver(encrypted(authority, "127.0.0.1")) as receiver:
        await send(hook(receiver.url, ca=authority.ca), NOTICE)
        stranger = await failure(hook(receiver.url))
        plain = await failure(hook(receiver.url.replace("https:", "http:")))
    assert isinstance(stranger, ChannelRefusedError)
    assert "is not trusted" in stranger.reason
    assert "as `ca`" in stranger.reason
    assert isinstance(plain, ChannelUnreachableError)


async def test_a_certificate_for_another_name(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    async with HttpReceiver(encrypted(authority, "hooks.example")) as receiver:
        error = await failure(hook(receiver.url, ca=authority.ca))
    assert isinstance(error, ChannelRefusedError)
    assert "the name that the certificate is made for" in error.reason


async def test_tls_to_a_port_without() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        error = await failure(hook(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"))
    assert isinstance(error, ChannelRefusedError)
    assert "does that port speak TLS?" in error.reason


async def test_an_authority_that_is_no_file(tmp_path: Path) -> None:
    error = await failure(hook("https://127.0.0.1:1/", ca=tmp_path / "nowhere.pem"))
    assert isinstance(error, ChannelRefusedError)
    assert "nowhere.pem" in error.reason


async def test_it_goes_through_the_proxy_that_is_named_and_through_no_other(
    receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    await send(hook(receiver.url), NOTICE)
    await send(hook("http://hooks.invalid/in", proxy=f"{receiver.url.replace('://', '://me:pw@')}"), NOTICE)
    assert receiver.requests[1].headers["Host"] == "hooks.invalid"
    assert receiver.requests[1].headers["Proxy-Authorization"] == "Basic bWU6cHc="


async def test_a_proxy_that_forbids_it(receiver: HttpReceiver) -> None:
    receiver.rule = lambda _: Reply(407, b"who are you, pr0xy-pw?")
    proxy = receiver.url.replace("://", "://me:pr0xy-pw@")
    error = await failure(hook("https://hooks.invalid/in", proxy=proxy))
    assert isinstance(error, ChannelRefusedError)
    assert "check `proxy`" in error.reason
    assert "pr0xy-pw" not in error.reason


@pytest.mark.parametrize(
    ("status", "sort"),
    [
        (403, ChannelRefusedError),
        (408, ChannelUnreachableError),
        (429, ChannelUnreachableError),
        (502, ChannelUnreachableError),
        (503, ChannelUnreachableError),
    ],
)
async def test_what_a_proxy_answers(receiver: HttpReceiver, status: int, sort: type[ChannelError]) -> None:
    receiver.rule = lambda _: Reply(status)
    error = await failure(hook("https://hooks.invalid/in", proxy=receiver.url))
    assert type(error) is sort
    assert f"({status} " in error.reason


async def test_notices_that_differ_by_id_alone_are_posted_each(receiver: HttpReceiver) -> None:
    channel = hook(receiver.url)
    async with channel.open():
        for number in range(20):
            await channel.send(replace(NOTICE, id=f"n{number}"))
    assert [request.headers["webhook-id"] for request in receiver.requests] == [f"n{number}" for number in range(20)]
