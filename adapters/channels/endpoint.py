"""How a channel that posts to a web address is configured."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, Field, SecretStr

from adapters.channels.contract import Severity
from adapters.channels.fields import is_host
from adapters.settings import Duration, Settings

_SCHEMES: Final = frozenset({"http", "https"})


def _address(secret: SecretStr) -> SecretStr:
    """Take an http or https address; what is wrong is told without repeating it, because it holds a secret."""
    text = secret.get_secret_value()
    parts = _split(text)
    if parts is None:
        msg = "is no web address; write it whole, as it was given to you: https://host/path…"
    elif not text.isascii() or not text.isprintable() or " " in text:
        msg = "holds blanks or characters that an address has not; copy it again"
    elif "@" in parts.netloc:
        msg = "holds a user or a password before the host; write the address without them"
    elif parts.fragment:
        msg = "has a part behind `#`, which is never sent; write the address without it"
    else:
        return secret
    raise ValueError(msg)


def _proxy(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    parts = _split(text)
    if parts is None or parts.path.strip("/") or not text.isprintable():
        msg = "is no proxy; write it as http://host:port or http://user:password@host:port"
        raise ValueError(msg)
    return secret


def _split(text: str) -> SplitResult | None:
    """Take an http or https address apart; None where it is none, or where nobody could look its host up."""
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return None
    return parts if parts.scheme in _SCHEMES and parts.hostname and is_host(parts.hostname) else None


Address = Annotated[SecretStr, AfterValidator(_address)]
"""An http or https address that may hold a secret."""


class EndpointSettings(Settings):
    """A web address to post to."""

    url: Address
    """The whole address, as the receiver gave it to you. It holds a secret: write `${env:NAME}` or `${file:path}`."""

    timeout: Duration = Field(default=timedelta(seconds=10), ge=timedelta(milliseconds=100), le=timedelta(minutes=1))
    """How long the receiver may take to answer, from the first packet to the last; 100 ms to 1 min."""

    ca: Path | None = None
    """PEM file of the authority that signed the receiver's certificate; absent: those that this machine trusts."""

    proxy: Annotated[SecretStr, AfterValidator(_proxy)] | None = None
    """The web proxy that leads out of the plant's network, `http://host:port`; absent: none, whatever the environment
    says."""

    @property
    def where(self) -> str:
        """Scheme, host and port of `url`: what may be told of it."""
        parts = urlsplit(self.url.get_secret_value())
        host = parts.hostname or ""
        host = f"[{host}]" if ":" in host else host
        return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port else "")


class RobotSettings(EndpointSettings):
    """A robot in a group chat."""

    keyword: str = Field(default="", max_length=100)
    """The word that the robot's security settings ask for in every message (自定义关键词); a notice without it gets it
    in front. Empty: none is asked for."""

    mention_all: bool = False
    """True: everybody in the group is called (@所有人)."""

    mention_from: Severity = "low"
    """From which severity on people are called: `low` (always), `medium`, `high` or `critical`."""
