"""A web hook as a channel."""

from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime

from adapters.channels.contract import Notice, Sent
from adapters.channels.post import Post
from adapters.channels.webhook.encode import encode
from adapters.channels.webhook.settings import WebhookSettings


class WebhookChannel:
    """Posts each notice to one address."""

    def __init__(self, name: str, settings: WebhookSettings) -> None:
        self._name = name
        self._settings = settings
        hidden = [secret.get_secret_value() for secret in settings.secrets]
        if settings.authorization is not None:
            given = settings.authorization.get_secret_value()
            hidden += [given, given.rpartition(" ")[2]]
        self._post = Post(name, settings, hidden)

    @property
    def name(self) -> str:
        """The name its configuration gives it."""
        return self._name

    def open(self) -> AbstractAsyncContextManager[None]:
        """Let notices be sent while the block lasts."""
        return self._post.open()

    async def send(self, notice: Notice) -> Sent:
        """Post it; 2xx says that it was taken."""
        headers, body = encode(notice, self._settings, datetime.now(UTC))
        answer = await self._post.send(self._settings.url.get_secret_value(), headers, body)
        if not answer.good:
            raise self._post.failure(answer, "`secrets` and `authorization`")
        return Sent(self._post.said(answer))
