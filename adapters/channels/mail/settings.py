"""How mail is configured."""

from datetime import timedelta
from email.errors import MessageError
from email.headerregistry import Address
from email.utils import getaddresses, parseaddr
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from adapters.channels.fields import Ascii, AsciiSecret, Host
from adapters.settings import Duration, Settings

PORTS: Final = {"starttls": 587, "tls": 465, "none": 25}
"""The usual port for each way to encrypt."""


def bare(address: str) -> str:
    """Give the address alone of `Name <name@host>`."""
    return parseaddr(address)[1]


def _mailbox(text: str) -> str:
    spec = bare(text)
    try:
        single = len(getaddresses([text])) == 1 and text.isprintable()
        good = single and spec.isascii() and Address(addr_spec=spec).domain != ""
    except (ValueError, IndexError, MessageError):
        good = False
    if not good:
        msg = f"{text!r} is no mail address; write it as name@host, or as Name <name@host>"
        raise ValueError(msg)
    return text


def _as_text(value: object) -> object:
    """Take `security: none` as it is meant where YAML or a person writes no, off or nothing for it."""
    return "none" if value is False else value


Mailbox = Annotated[str, AfterValidator(_mailbox)]
"""`name@host` or `Name <name@host>`; the name may be Chinese, the address is ASCII."""


class MailSettings(Settings):
    """A mail server that takes mail from this machine, and who gets it."""

    host: Host
    """Name or IP address of the mail server, without a scheme and without a port."""

    port: int | None = Field(default=None, ge=1, le=65535)
    """TCP port, 1 to 65535; absent: 587 with STARTTLS, 465 with TLS, 25 with neither."""

    security: Annotated[Literal["starttls", "tls", "none"], BeforeValidator(_as_text)] = "starttls"
    """How the link is encrypted: `starttls` (begins in the clear, then encrypts, or is given up), `tls` (from the first
    byte) or `none` (not at all: the password, too, is read by anybody on the way)."""

    user: Ascii = Field(default="", max_length=320)
    """User name in printable ASCII; empty: no login."""

    password: AsciiSecret | None = None
    """Password of `user` in printable ASCII, or the authorisation code that QQ, 163 and others give for it (授权码),
    written `${env:NAME}` or `${file:path}`."""

    sender: Mailbox
    """Who it is from, such as `设备报警 <alerts@works.example>`; most servers let `user` write as itself only."""

    to: tuple[Mailbox, ...] = Field(min_length=1, max_length=100)
    """Who gets it: 1 to 100 addresses."""

    timeout: Duration = Field(default=timedelta(seconds=30), ge=timedelta(milliseconds=100), le=timedelta(minutes=5))
    """How long it may take to hand over one mail, from the first packet to the last; 100 ms to 5 min."""

    ca: Path | None = None
    """PEM file of the authority that signed the server's certificate; absent: those that this machine trusts."""

    @property
    def tcp_port(self) -> int:
        """The port to connect to."""
        return self.port or PORTS[self.security]

    @property
    def where(self) -> str:
        """Host and port."""
        return f"{self.host}:{self.tcp_port}"

    @model_validator(mode="after")
    def _login_is_whole(self) -> Self:
        if bool(self.user) != (self.password is not None):
            msg = "`user` and `password` belong together; write both or neither"
            raise ValueError(msg)
        return self
