"""The shell of a group chat's robot: what DingTalk, WeCom and Feishu have in common."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Final, Generic, TypeVar

from pydantic import SecretStr

from adapters.channels.codes import Tongue
from adapters.channels.contract import ChannelRefusedError, ChannelUnreachableError, Notice, Sent
from adapters.channels.endpoint import RobotSettings
from adapters.channels.post import LONGEST_WAIT, Answer, Post

S = TypeVar("S", bound=RobotSettings)
"""The settings of one kind of robot."""

HEADERS: Final = {"Content-Type": "application/json; charset=utf-8"}
"""What a robot is sent."""

_WAITS: Final = ("x-ogw-ratelimit-reset", "Retry-After")


class Robot(Generic[S]):
    """A robot in a group chat, as a channel."""

    def __init__(
        self,
        name: str,
        settings: S,
        tongue: Tongue,
        encode: Callable[[Notice, S, datetime], tuple[str, bytes]],
        secret: SecretStr | None = None,
    ) -> None:
        """Make the channel `name`.

        Args:
            name: of the channel.
            settings: of the robot.
            tongue: how it answers.
            encode: gives address and body for a notice that is sent at a time in UTC.
            secret: what it is signed with, never to be told.
        """
        self._name = name
        self._settings = settings
        self._tongue = tongue
        self._encode = encode
        self._post = Post(name, settings, [secret.get_secret_value()] if secret is not None else [])

    @property
    def name(self) -> str:
        """The name its configuration gives it."""
        return self._name

    def open(self) -> AbstractAsyncContextManager[None]:
        """Let notices be sent while the block lasts."""
        return self._post.open()

    async def send(self, notice: Notice) -> Sent:
        """Have the robot say it."""
        url, body = self._encode(notice, self._settings, datetime.now(UTC))
        return self._judged(await self._post.send(url, HEADERS, body))

    def _judged(self, answer: Answer) -> Sent:
        """Give what was sent, if the code in the body says so too; raises what it says otherwise."""
        tongue, where = self._tongue, self._settings.where
        told = answer.json() or {}
        code, said = tongue.code(told), tongue.words(told)
        if code == 0 and answer.good:
            return Sent(self._post.told(f"{tongue.product}: {said or 'ok'}"))
        if code in {None, 0}:
            if not answer.good:
                raise self._post.failure(answer, "`url`")
            reason = f"{where} does not answer as {tongue.product} does ({self._post.said(answer)}); check `url`"
            raise ChannelRefusedError(self._name, reason)
        meaning = tongue.meaning(code or 0, said)
        reason = f"{tongue.product} says {code}: {self._post.told(said) or 'nothing more'}; {meaning.told(said)}"
        if meaning.later or answer.status >= 500:  # noqa: PLR2004 - 5xx: the server's own fault
            raise ChannelUnreachableError(self._name, reason, retry_after=_wait(answer, meaning.wait))
        raise ChannelRefusedError(self._name, reason)


def _wait(answer: Answer, known: float | None) -> float | None:
    """Give the seconds to wait: as the answer says, else as the rules are known."""
    asked = (answer.headers.get(header, "") for header in _WAITS)
    return next((min(float(value), LONGEST_WAIT) for value in asked if value.isdecimal()), known)
