"""An MQTT broker as a channel: a link for each notice, because one that idles for days is dead when it is needed."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from adapters.channels.contract import Notice, Sent
from adapters.channels.dial import converse
from adapters.channels.envelope import envelope
from adapters.channels.mqtt import answers
from adapters.channels.mqtt.encode import properties, topic
from adapters.channels.mqtt.session import publish
from adapters.channels.mqtt.settings import MqttSettings
from adapters.channels.reach import trusted, unanswered, unreached, unsendable


class MqttChannel:
    """Publishes each notice on a topic."""

    def __init__(self, name: str, settings: MqttSettings) -> None:
        self._name = name
        self._settings = settings

    @property
    def name(self) -> str:
        """The name its configuration gives it."""
        return self._name

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Let notices be sent while the block lasts."""
        yield

    async def send(self, notice: Notice) -> Sent:
        """Publish it, and wait for the broker's receipt."""
        settings, seconds = self._settings, self._settings.timeout.total_seconds()
        where, what = settings.where, "`host` and `port`"
        subject = topic(notice, settings)
        talk = partial(
            publish,
            settings=settings,
            tls=await self._trust(),
            topic=subject,
            payload=envelope(notice),
            marks=properties(notice),
        )
        try:
            receipt = await converse(settings.host, settings.tcp_port, seconds, talk)
        except TimeoutError as error:
            raise unanswered(self._name, where, seconds, what) from error
        except answers.ReasonError as error:
            raise answers.refusal(self._name, settings, error) from error
        except answers.BrokenError as error:
            raise answers.broken(self._name, settings, error) from error
        except OSError as error:
            raise unreached(self._name, where, error, what) from error
        except ValueError:  # it may hold the password
            raise unsendable(self._name, "`host`, `user` and `password`") from None
        return Sent(f"{subject}: {receipt}")

    async def _trust(self) -> ssl.SSLContext | None:
        tls = self._settings.tls
        if tls is None:
            return None
        return await asyncio.to_thread(trusted, self._name, tls.ca, tls.certificate, tls.key)
