"""What a mail server may say, and who has the mail then."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import uvloop

from adapters.channels.contract import Channel, ChannelRefusedError, ChannelUnreachableError
from adapters.channels.mail import create
from adapters.channels.mail.settings import MailSettings
from tests.adapters.channels.mail.server import MailServer
from tests.adapters.channels.mail.test_conformance import server_tls
from tests.adapters.channels.mail.test_encode import body_of
from tests.conformance.channel import NOTICE, failure, send
from tests.servers.certificates import Authority

FULL = "452 4.2.2 mailbox full"
GONE = "550 5.1.1 no such user"


@pytest.fixture
async def server() -> AsyncIterator[MailServer]:
    async with MailServer() as server:
        yield server


def foremen(server: MailServer, **settings: Any) -> Channel:
    written = {"host": "127.0.0.1", "port": server.port, "security": "none", "sender": "alerts@works.example"}
    to = ["a@works.example", "b@works.example", "c@works.example"]
    return create("foremen", MailSettings.model_validate({**written, "to": to, **settings}))


async def taken_for(server: MailServer) -> list[str]:
    """Give the recipients of the next mail."""
    async with asyncio.timeout(5):
        return [address.partition("@")[0] for address in (await server.mails.get()).recipients]


async def test_the_number_in_the_servers_log_is_kept(server: MailServer) -> None:
    assert (await send(foremen(server), NOTICE)).answer == "250 2.0.0 queued as 4XyZ"


async def test_who_is_left_out_is_told_and_the_others_have_it(server: MailServer) -> None:
    server.replies["RCPT TO:<b@"] = GONE
    sent = await send(foremen(server), NOTICE)
    assert sent.left_out == ("b@works.example (550 5.1.1 no such user)",)
    assert await taken_for(server) == ["a", "c"]


async def test_who_is_to_get_it_later_gets_it_alone(server: MailServer) -> None:
    server.replies |= {"RCPT TO:<a@": GONE, "RCPT TO:<b@": FULL}
    channel = foremen(server)
    error = await failure(channel)
    assert isinstance(error, ChannelUnreachableError)
    assert "b@works.example (452 4.2.2 mailbox full)" in error.reason
    assert await taken_for(server) == ["c"]
    assert isinstance(await failure(channel), ChannelUnreachableError)
    assert server.mails.empty()
    del server.replies["RCPT TO:<b@"]
    sent = await send(channel, NOTICE)
    assert sent.left_out == ("a@works.example (550 5.1.1 no such user)",)
    assert await taken_for(server) == ["b"]


@pytest.mark.parametrize(
    ("command", "reply"), [("MAIL", "451 try later"), ("MAIL", "550 not you"), ("greeting", "421 full")]
)
async def test_who_has_it_is_remembered_over_a_try_that_fails_for_all(
    server: MailServer, command: str, reply: str
) -> None:
    server.replies["RCPT TO:<b@"] = FULL
    channel = foremen(server)
    await failure(channel)
    assert await taken_for(server) == ["a", "c"]
    server.replies[command] = reply
    await failure(channel)
    server.replies.clear()
    await send(channel, NOTICE)
    assert await taken_for(server) == ["b"]


async def test_another_notice_goes_to_all_meanwhile(server: MailServer) -> None:
    server.replies["RCPT TO:<b@"] = FULL
    channel = foremen(server)
    await failure(channel)
    assert await taken_for(server) == ["a", "c"]
    del server.replies["RCPT TO:<b@"]
    await send(channel, replace(NOTICE, id="another"))
    assert await taken_for(server) == ["a", "b", "c"]


async def test_one_who_is_left_out_in_the_end_does_not_undo_the_others(server: MailServer) -> None:
    server.replies["RCPT TO:<b@"] = FULL
    channel = foremen(server)
    await failure(channel)
    server.replies["RCPT TO:<b@"] = GONE
    sent = await send(channel, NOTICE)
    assert sent.left_out == ("b@works.example (550 5.1.1 no such user)",)


async def test_sent_again_after_it_was_taken_it_goes_to_all_again(server: MailServer) -> None:
    channel = foremen(server)
    for _ in "12":
        await send(channel, NOTICE)
        assert await taken_for(server) == ["a", "b", "c"]


@pytest.mark.parametrize("reply", [GONE, "553 relaying denied"])
async def test_nobody_gets_it(server: MailServer, reply: str) -> None:
    server.replies["RCPT"] = reply
    error = await failure(foremen(server))
    assert isinstance(error, ChannelRefusedError)
    assert "check `to`" in error.reason
    assert error.reason.count(reply[4:]) == 3


@pytest.mark.parametrize(
    ("command", "reply", "said"),
    [
        ("greeting", "421 too many links", "421 too many links"),
        ("EHLO", "421 shutting down", "closed the link"),
        ("MAIL", "451 try later", "451 try later"),
        ("RCPT", "421 too much", "421 too much"),
        ("RCPT", "450 greylisted", "450 greylisted"),
        ("DATA", "451 no space", "451 no space"),
    ],
)
async def test_later(server: MailServer, command: str, reply: str, said: str) -> None:
    server.replies[command] = reply
    error = await failure(foremen(server))
    assert isinstance(error, ChannelUnreachableError)
    assert said in error.reason


@pytest.mark.parametrize(
    ("command", "reply", "advice"),
    [
        ("greeting", "554 no service for you", "ask who runs it"),
        ("MAIL", "553 not your address", "check `sender`"),
        ("DATA", "554 looks like spam", "ask who runs it"),
        ("DATA", "552 too large", "the mailbox is full, or the mail too large"),
    ],
)
async def test_no(server: MailServer, command: str, reply: str, advice: str) -> None:
    server.replies[command] = reply
    error = await failure(foremen(server))
    assert isinstance(error, ChannelRefusedError)
    assert reply in error.reason
    assert advice in error.reason


async def test_the_reply_to_the_whole_mail_counts(server: MailServer) -> None:
    server.replies["."] = "250 ok"
    assert (await send(foremen(server), NOTICE)).answer == "250 ok"
    server.replies["."] = "554 5.7.1 no thanks"
    assert isinstance(await failure(foremen(server)), ChannelRefusedError)
    server.replies["."] = "451 4.7.1 in a while"
    assert isinstance(await failure(foremen(server)), ChannelUnreachableError)


async def test_a_server_that_offers_no_starttls_gets_neither_password_nor_mail(server: MailServer) -> None:
    error = await failure(foremen(server, security="starttls", user="u", password="geheim"))
    assert isinstance(error, ChannelRefusedError)
    assert "offers no STARTTLS; write `security: tls`" in error.reason
    assert not [command for command in server.commands if command.startswith(("AUTH", "mail"))]


async def test_a_server_that_offers_no_login(server: MailServer) -> None:
    error = await failure(foremen(server, user="u", password="geheim"))
    assert isinstance(error, ChannelRefusedError)
    assert "leave `user` and `password` out" in error.reason


@pytest.mark.parametrize("implicit", [False, True])
async def test_an_authority_that_nobody_knows(tmp_path: Path, *, implicit: bool) -> None:
    authority = Authority(tmp_path)
    security = "tls" if implicit else "starttls"
    async with MailServer(users={"u": "p"}, tls=server_tls(authority), implicit=implicit) as server:
        error = await failure(foremen(server, security=security, user="u", password="p"))
        assert isinstance(error, ChannelRefusedError)
        assert "is not trusted" in error.reason
        assert not [command for command in server.commands if command.startswith("AUTH")]
        await send(foremen(server, security=security, user="u", password="p", ca=authority.ca), NOTICE)
        mail = await server.mails.get()
    assert (mail.user, mail.encrypted) == ("u", True)


async def test_tls_to_a_port_without(server: MailServer) -> None:
    error = await failure(foremen(server, security="tls"))
    assert isinstance(error, ChannelRefusedError)
    assert "does that port speak TLS?" in error.reason


async def test_what_smtp_treats_in_its_own_way_arrives(server: MailServer) -> None:
    text = ".\n..\nFrom me\n" + "x" * 5000
    await send(foremen(server), replace(NOTICE, text=text))
    assert body_of((await server.mails.get()).message) == text


def test_on_the_loop_that_production_runs_on() -> None:
    async def both() -> None:
        async with MailServer() as server:
            await send(foremen(server), NOTICE)
            assert await taken_for(server) == ["a", "b", "c"]

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(both())
