"""One mail handed over to a mail server, in a thread: smtplib, on a link that was opened before."""

import smtplib
import socket
import ssl
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from adapters.channels.mail.answers import good
from adapters.channels.mail.settings import MailSettings, bare

_CLOSING: Final = 421


@dataclass(frozen=True, slots=True)
class Handed:
    """What became of a mail."""

    reply: tuple[int, bytes]
    """The server's reply to the mail: 250, often with the number under which its log knows it. Where it is taken for
    nobody, the reply to the last recipient."""

    refused: dict[str, tuple[int, bytes]]
    """Recipients that it is not taken for, with the reply to each."""


def hand_over(
    link: socket.socket, settings: MailSettings, tls: ssl.SSLContext | None, mail: bytes, recipients: Sequence[str]
) -> Handed:
    """Hand a mail over for `recipients`; raises SMTPException or OSError when the server does not come so far."""
    if tls is not None and settings.security == "tls":
        link = tls.wrap_socket(link, server_hostname=settings.host)
    with link:
        server = _Session(link, settings)
        try:
            if tls is not None and settings.security == "starttls":
                server.starttls(context=tls)
            if settings.password is not None:
                server.login(settings.user, settings.password.get_secret_value())
            handed = _hand_over(server, bare(settings.sender), mail, recipients)
            with suppress(smtplib.SMTPException, OSError):
                server.quit()
            return handed
        finally:
            server.close()


def _hand_over(server: smtplib.SMTP, sender: str, mail: bytes, recipients: Sequence[str]) -> Handed:
    server.ehlo_or_helo_if_needed()
    code, said = server.mail(sender)
    if not good(code):
        raise smtplib.SMTPSenderRefused(code, said, sender)
    refused = {}
    for recipient in recipients:
        code, said = server.rcpt(bare(recipient))
        if code == _CLOSING:
            raise smtplib.SMTPResponseException(code, said)
        if not good(code):
            refused[recipient] = (code, said)
    if len(refused) == len(recipients):
        return Handed((code, said), refused)
    code, said = server.data(mail)
    if not good(code):
        raise smtplib.SMTPDataError(code, said)
    return Handed((code, said), refused)


class _Session(smtplib.SMTP):
    """smtplib's client, on a link that is open."""

    def __init__(self, link: socket.socket, settings: MailSettings) -> None:
        self._link = link
        name = socket.gethostname()
        super().__init__(
            settings.host,
            settings.tcp_port,
            local_hostname=name if name.isascii() and name else "localhost",
            timeout=settings.timeout.total_seconds(),
        )

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        """Give smtplib its socket; its own subclass for TLS comes in by this method, too."""
        del host, port, timeout
        return self._link
