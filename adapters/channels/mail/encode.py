"""A notice as a mail (RFC 5322): pure.

`Message-ID` is made from the notice's id, so that a mail that comes twice is known as one. `Auto-Submitted` keeps
answering machines from answering.
"""

import re
from datetime import datetime
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from typing import Final

from adapters.channels.contract import Notice
from adapters.channels.fitting import fitted
from adapters.channels.mail.settings import MailSettings, bare

SUBJECT: Final = 200
"""Characters of a subject."""

_LANGUAGES: Final = {"zh": "zh-CN", "en": "en"}
_URGENT: Final = frozenset({"high", "critical"})
_ODD: Final = re.compile(r"[^A-Za-z0-9_.-]|^\.|\.$|\.(?=\.)")


def encode(notice: Notice, settings: MailSettings, now: datetime) -> bytes:
    """Write a notice that is sent at `now`, UTC, as a mail of 7-bit lines."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = _address(settings.sender)
    mail["To"] = [_address(recipient) for recipient in settings.to]
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = message_id(notice.id, settings.sender)
    mail["Auto-Submitted"] = "auto-generated"
    if notice.severity in _URGENT:
        mail["Importance"] = "high"
        mail["X-Priority"] = "1"
    mail["X-Parkline-Id"] = notice.id
    mail["X-Parkline-Event"] = notice.event
    mail.set_content(notice.text or notice.title, charset="utf-8", cte="base64")
    mail["Content-Language"] = _LANGUAGES[notice.language]
    subject = fitted(_line(notice.title), SUBJECT, len, notice.language)
    return _subject(subject) + mail.as_bytes()


def _subject(text: str) -> bytes:
    """Write the header of a subject. `EmailMessage` doubles blanks where it folds before what is not ASCII."""
    header = Header(text, "us-ascii" if text.isascii() else "utf-8", header_name="Subject")
    return b"Subject: " + header.encode(linesep="\r\n").encode("ascii") + b"\r\n"


def message_id(identity: str, sender: str) -> str:
    """Give the Message-ID for a notice: what such an id cannot hold is written `=` and its code in hexadecimal."""
    local = _ODD.sub(lambda odd: f"={ord(odd[0]):02X}", identity)
    return f"<{local}@{Address(addr_spec=bare(sender)).domain}>"


def _line(text: str) -> str:
    """Write a text on one line: a header holds no line ends and no control characters."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def _address(text: str) -> Address:
    name, spec = parseaddr(text)
    return Address(display_name=name, addr_spec=spec)
