"""Whose data it is: who publishes it, who answers questions about it, under which terms it may be used.

The catalogue of data (`/api/v1/catalogue`) tells it of each dataset: of those of a factory by the factory's `owner`, of
all others by the park's `catalogue`.
"""

import re
from typing import Annotated, Final

from pydantic import AfterValidator, WithJsonSchema

from adapters.settings import Settings
from collector.fields import Title

_PLAIN: Final = r"[^\s<>\"{}|\\^`]"
_MAIL: Final = re.compile(rf"(?:(?!@){_PLAIN})+@(?:(?!@){_PLAIN})+")
_WEB: Final = re.compile(rf"https?://{_PLAIN}+")
_SPDX: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]*", re.ASCII)
_THEME: Final = re.compile(r"[A-Z][A-Z_]{2,31}", re.ASCII)


def _contact(text: str) -> str:
    if text and not _MAIL.fullmatch(text) and not _WEB.fullmatch(text):
        msg = f"{text!r} is neither a mail address nor an address of the web; write data@example.com or https://…"
        raise ValueError(msg)
    return text


def _licence(text: str) -> str:
    if text and not _SPDX.fullmatch(text) and not _WEB.fullmatch(text):
        msg = f"{text!r} names no licence; write an address, https://…, or an SPDX name like CC-BY-4.0"
        raise ValueError(msg)
    return text


def _theme(text: str) -> str:
    if not _THEME.fullmatch(text) and not _WEB.fullmatch(text):
        msg = f"{text!r} is no theme; write a code of the EU's data themes, like TECH, or an address, https://…"
        raise ValueError(msg)
    return text


Contact = Annotated[
    str, AfterValidator(_contact), WithJsonSchema({"type": "string", "pattern": r"^$|^[^@\s]+@[^@\s]+$|^https?://\S+$"})
]
"""A mail address, or an address of the web; may be empty."""

Licence = Annotated[
    str,
    AfterValidator(_licence),
    WithJsonSchema({"type": "string", "pattern": r"^$|^[A-Za-z0-9][A-Za-z0-9.+-]*$|^https?://\S+$"}),
]
"""The address of terms of use, or the SPDX name of a licence; may be empty."""

Theme = Annotated[
    str,
    AfterValidator(_theme),
    WithJsonSchema({"type": "string", "pattern": r"^[A-Z][A-Z_]{2,31}$|^https?://\S+$"}),
]
"""What data is about: a code of the EU's vocabulary of data themes, or the address of a theme of another one."""


class Owner(Settings):
    """Whose data a factory's is."""

    title: Title = Title()
    """What people call the owner; empty: the factory's title."""

    contact: Contact = ""
    """Who answers questions about the data: a mail address, or an address of the web; empty: the park's contact."""


class CatalogueSettings(Settings):
    """What the catalogue of data says of all of it."""

    publisher: Title = Title()
    """Who publishes the catalogue; empty: the park's title."""

    contact: Contact = ""
    """Who answers questions about the data: a mail address, or an address of the web; empty: nobody is named."""

    licence: Licence = ""
    """Under which terms the data may be used: an address, or an SPDX name like `CC-BY-4.0`; empty: nothing is said."""

    themes: tuple[Theme, ...] = ("ECON", "TECH")
    """What the data is about: codes of the EU's vocabulary of data themes (economy and finance; science and
    technology), or addresses of themes of another one."""
