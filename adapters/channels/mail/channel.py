"""A mail server as a channel: a link for each mail, because servers close those that idle.

When the server takes a mail for some recipients and says later of others, the notice is to be sent again: then it goes
to those others alone, as long as this channel remembers.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from smtplib import SMTPException
from typing import Final

from adapters.channels.contract import Notice, Sent
from adapters.channels.dial import converse
from adapters.channels.mail import answers
from adapters.channels.mail.encode import encode
from adapters.channels.mail.session import Handed, hand_over
from adapters.channels.mail.settings import MailSettings
from adapters.channels.reach import trusted, unanswered, unreached, unsendable

REMEMBERED: Final = 1000
"""Notices of which it is remembered who has them already."""


class MailChannel:
    """Mails each notice to some recipients."""

    def __init__(self, name: str, settings: MailSettings) -> None:
        self._name = name
        self._settings = settings
        self._replies: OrderedDict[str, dict[str, answers.Reply | None]] = OrderedDict()

    @property
    def name(self) -> str:
        """The name its configuration gives it."""
        return self._name

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Let notices be sent while the block lasts."""
        yield

    async def send(self, notice: Notice) -> Sent:
        """Hand it over to the mail server."""
        settings, earlier = self._settings, self._replies.get(notice.id, {})
        recipients = [recipient for recipient in settings.to if recipient not in earlier]
        handed = await self._hand_over(encode(notice, settings, datetime.now(UTC)), recipients)
        replies = earlier | {recipient: handed.refused.get(recipient) for recipient in recipients}
        refused = {recipient: reply for recipient, reply in replies.items() if reply is not None}
        waiting = {recipient: reply for recipient, reply in refused.items() if answers.later(reply[0])}
        if waiting:
            self._remember(notice.id, {who: reply for who, reply in replies.items() if who not in waiting})
            raise answers.not_yet(self._name, settings, waiting)
        self._replies.pop(notice.id, None)  # each has answered
        if len(refused) == len(replies):
            raise answers.nobody(self._name, settings, refused)
        return Sent(answers.line(settings, *handed.reply), answers.each(settings, refused))

    async def _hand_over(self, mail: bytes, recipients: list[str]) -> Handed:
        settings, seconds = self._settings, self._settings.timeout.total_seconds()
        tls = None if settings.security == "none" else await asyncio.to_thread(trusted, self._name, settings.ca)
        talk = partial(hand_over, settings=settings, tls=tls, mail=mail, recipients=recipients)
        try:
            return await converse(settings.host, settings.tcp_port, seconds, talk)
        except TimeoutError as error:
            what = "`host`, `port` and `security`"
            raise unanswered(self._name, settings.where, seconds, what) from error
        except SMTPException as error:
            raise answers.refusal(self._name, settings, error) from None  # it may hold the password
        except OSError as error:
            raise unreached(self._name, settings.where, error, "`host`, `port` and `security`") from error
        except ValueError:  # it may hold the password
            raise unsendable(self._name, "`host`, `user` and `password`") from None

    def _remember(self, identity: str, replies: dict[str, answers.Reply | None]) -> None:
        """Keep what need not be asked again; None: it was taken."""
        self._replies[identity] = replies
        self._replies.move_to_end(identity)
        while len(self._replies) > REMEMBERED:
            self._replies.popitem(last=False)
