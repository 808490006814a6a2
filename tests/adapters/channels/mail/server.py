"""A mail server on loopback that keeps what it takes, and replies as a test wants it to (RFC 5321).

async with MailServer(users={"alerts": "geheim"}) as server:
    server.replies["RCPT TO:<gone@works.example>"] = "550 5.1.1 no such user"
    …
    mail = await server.mails.get()
"""

import asyncio
import base64
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from types import TracebackType
from typing import Self


@dataclass(slots=True)
class Mail:
    """One mail that was taken."""

    sender: str
    """Of the envelope."""

    recipients: list[str]
    """Of the envelope."""

    user: str
    """Who was logged in; empty: nobody."""

    encrypted: bool
    """Whether the link was."""

    raw: bytes = b""
    """The mail as it came, without the dots that SMTP puts before dots."""

    @property
    def message(self) -> EmailMessage:
        """The mail, read."""
        read = BytesParser(policy=default).parsebytes(self.raw)
        assert isinstance(read, EmailMessage)
        assert read.defects == []
        return read


@dataclass(slots=True)
class _Link:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    encrypted: bool
    user: str = ""
    mail: Mail | None = None
    commands: list[str] = field(default_factory=list)

    async def line(self) -> str:
        return (await self.reader.readuntil(b"\n")).decode().rstrip("\r\n")

    async def say(self, *lines: str) -> None:
        self.writer.write("".join(f"{line}\r\n" for line in lines).encode())
        await self.writer.drain()


class MailServer:
    """Entering the block starts it on a free port, leaving it stops it."""

    def __init__(
        self,
        *,
        users: Mapping[str, str] | None = None,
        tls: ssl.SSLContext | None = None,
        implicit: bool = False,
    ) -> None:
        """Configure it.

        Args:
            users: name to password; without, anybody may send.
            tls: what it encrypts with; without, it does not.
            implicit: whether it encrypts from the first byte instead of offering STARTTLS.
        """
        self.mails: asyncio.Queue[Mail] = asyncio.Queue(1000)
        """What it took, until somebody takes it out."""
        self.replies: dict[str, str] = {}
        """Beginnings of command lines, or `greeting`, or `.` for the end of a mail, with what is replied instead."""
        self.commands: list[str] = []
        """All command lines that it got."""
        self.port = 0
        self.users = users or {}
        self._tls = tls
        self._implicit = implicit
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen; on the same port as before."""
        tls = self._tls if self._implicit else None
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Be gone; nothing where it does not listen."""
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with suppress(ConnectionError, ssl.SSLError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await self._talk(_Link(reader, writer, encrypted=self._implicit))
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _talk(self, link: _Link) -> None:
        greeting = self.replies.get("greeting", "220 mail.works.example ESMTP")
        await link.say(greeting)
        while greeting.startswith("220"):
            line = await link.line()
            self.commands.append(line)
            begins = line.upper().startswith
            instead = next((reply for start, reply in self.replies.items() if begins(start.upper())), None)
            if instead is not None:
                await link.say(instead)
                if instead.startswith("421"):
                    return
            elif not await self._obey(link, line):
                return

    async def _obey(self, link: _Link, line: str) -> bool:
        verb = line.split(" ", maxsplit=1)[0].upper()
        if verb == "QUIT":
            await link.say("221 bye")
            return False
        match verb:
            case "EHLO":
                await link.say(*self._features(link))
            case "STARTTLS":
                await link.say("220 go on")
                assert self._tls is not None
                await link.writer.start_tls(self._tls)
                link.encrypted = True
            case "AUTH":
                await self._log_in(link, line)
            case "MAIL" if self.users and not link.user:
                await link.say("530 5.7.0 log in first")
            case "MAIL":
                link.mail = Mail(_address(line), [], link.user, link.encrypted)
                await link.say("250 ok")
            case "RCPT":
                assert link.mail is not None
                link.mail.recipients.append(_address(line))
                await link.say("250 ok")
            case "DATA":
                await self._take(link)
            case _:
                await link.say("250 ok")
        return True

    def _features(self, link: _Link) -> list[str]:
        features = ["mail.works.example", "8BITMIME"]
        if self._tls is not None and not link.encrypted:
            features.append("STARTTLS")
        elif self.users:
            features.append("AUTH PLAIN")
        return [f"250-{feature}" for feature in features[:-1]] + [f"250 {features[-1]}"]

    async def _log_in(self, link: _Link, line: str) -> None:
        words = line.split(" ")
        assert words[1] == "PLAIN"
        _, user, password = base64.b64decode(words[2]).decode().split("\0")
        if self.users.get(user) == password:
            link.user = user
            await link.say("235 2.7.0 welcome")
        else:
            await link.say(f"535 5.7.8 no such user and password: {words[2]}")

    async def _take(self, link: _Link) -> None:
        assert link.mail is not None
        await link.say("354 go on")
        lines = []
        while (line := await link.reader.readuntil(b"\n")) != b".\r\n":
            assert line.endswith(b"\r\n")
            assert len(line) <= 1000
            assert line.isascii()
            lines.append(line.removeprefix(b"."))
        link.mail.raw = b"".join(lines)
        reply = self.replies.get(".")
        if reply is None:
            self.mails.put_nowait(link.mail)
        await link.say(reply or "250 2.0.0 queued as 4XyZ")


def _address(line: str) -> str:
    return line[line.index("<") + 1 : line.index(">")]
