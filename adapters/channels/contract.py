"""What every channel promises.

A channel takes one notice to the people, or to the program, at its other end. Which notices go where, in what language,
how often and after which failure again is not its business: a channel that waits or retries by itself is a bug.

    open() ──► send(notice) ──► Sent, send(notice) ──► Sent, …  ──► the block ends, what is open closes
                   ├─ ChannelUnreachableError     waiting helps: the same notice again, after `retry_after`
                   └─ ChannelRefusedError         waiting cannot help: a person must act; the text says how

- Opening asks nobody: it neither fails nor waits. Whatever goes wrong is told by `send`.
- `send` returns when the other end has taken the notice: by the body of an answer, where that counts (a robot says
  HTTP 200 and means no), by the receipt of a broker, by a mail server's reply to the whole mail. A notice whose `send`
  raised may have arrived all the same (the answer was lost on its way); sent again, it has the same id.
- The notice arrives whole, with its id wherever the protocol has a place for one. Where the other end limits its
  length, it is cut at the end, and says so.
- `send` gives up after the `timeout` of the settings. Cancelled, it stops at once and leaves no thread and no link.
  It may be called while another call is under way.
- Leaving the block closes what is open within 5 s, also when cancelled; a channel may be opened again.
- No error, log or repr holds a secret. Addresses of web hooks carry one: scheme and host alone are told of them.

`tests/conformance/channel.py` holds each promise as a test.
"""

import re
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, Protocol, TypeAlias

Severity: TypeAlias = Literal["low", "medium", "high", "critical"]
"""How bad it is."""

Language: TypeAlias = Literal["zh", "en"]
"""Language of what people read."""

SEVERITIES: Final[tuple[Severity, ...]] = ("low", "medium", "high", "critical")
"""From the least to the worst."""

_ID: Final = re.compile(r"[!-~]{1,200}")
_EVENT: Final = re.compile(r"[!-~]{1,200}")


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to tell: rendered for people, and as data for programs."""

    id: str
    """Says which notice it is: 1 to 200 visible ASCII characters. One that is sent again has the same id, so that a
    receiver can tell it from another one."""

    title: str
    """What happened, in one line; where a protocol takes no more than that, line ends in it become blanks."""

    text: str
    """The whole of it: plain lines, no markup."""

    language: Language
    """Language of `title` and `text`."""

    event: str
    """What kind of notice it is, such as `alert.raised`: 1 to 200 visible ASCII characters."""

    severity: Severity
    """How bad it is."""

    at: datetime
    """When it happened, UTC."""

    data: Mapping[str, Any]
    """The alert for programs: what JSON can hold."""

    def __post_init__(self) -> None:
        """Refuse what no channel could carry; raises ValueError."""
        if _ID.fullmatch(self.id) is None or _EVENT.fullmatch(self.event) is None:
            msg = f"the id and the event of a notice are 1 to 200 visible ASCII characters: {self.id!r}, {self.event!r}"
            raise ValueError(msg)
        if self.at.utcoffset() != timedelta(0):
            msg = f"the time of the notice {self.id} is not in UTC: {self.at}"
            raise ValueError(msg)

    @property
    def stamp(self) -> str:
        """When it happened, in RFC 3339 with `Z`."""
        return self.at.astimezone(UTC).isoformat().replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class Sent:
    """The other end has taken a notice."""

    answer: str
    """What it said, on one short line, for a person who looks for the notice there; never a secret."""

    left_out: tuple[str, ...] = ()
    """Recipients that it will not take it for, while it took it for others, each with the reason: a person must act."""


class ChannelError(Exception):
    """A notice was not taken; `channel` names where, the text says what to do."""

    def __init__(self, channel: str, reason: str) -> None:
        super().__init__(f"{channel}: {reason}")
        self.channel = channel
        self.reason = reason


class ChannelUnreachableError(ChannelError):
    """No answer, or an answer that means later. Sending the same notice again may help."""

    def __init__(self, channel: str, reason: str, *, retry_after: float | None = None) -> None:
        super().__init__(channel, reason)
        self.retry_after = retry_after
        """Seconds to wait, as the other end asked or as its rules are known; None where nobody knows."""


class ChannelRefusedError(ChannelError):
    """The other end said no: signature, token, recipient. Waiting cannot help; a person must act."""


class Channel(Protocol):
    """One configured way to one receiver, or to one group of people."""

    @property
    def name(self) -> str:
        """The name its configuration gives it, used in logs and errors."""

    def open(self) -> AbstractAsyncContextManager[None]:
        """Let notices be sent while the block lasts."""

    async def send(self, notice: Notice) -> Sent:
        """Have the other end take a notice.

        Raises:
            ChannelUnreachableError: send the same notice again, after `retry_after`.
            ChannelRefusedError: a person must act first.
        """
