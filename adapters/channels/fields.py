"""Field types of channels' settings: hosts that can be looked up, credentials that can travel."""

import re
from ipaddress import ip_address
from typing import Annotated, Final

from pydantic import AfterValidator, Field, SecretStr

_NUMBERS: Final = re.compile(r"[0-9]+(\.[0-9]+){3}")
_PRINTABLE: Final = re.compile(r"[ -~]*")


def is_host(text: str) -> bool:
    """Tell whether a text is an IP address, or a name that can be looked up."""
    try:
        if ":" in text or _NUMBERS.fullmatch(text):
            ip_address(text)
        text.encode("idna")
    except ValueError:  # UnicodeError is one
        return False
    return text.isprintable() and " " not in text


def _host(text: str) -> str:
    if not is_host(text):
        msg = f"{text!r} is no host; write its name or its IP address alone, like server.works.example or 192.168.1.10"
        raise ValueError(msg)
    return text


def _printable(text: str) -> str:
    """Take printable ASCII; what is wrong is told without repeating it, because it may be a secret."""
    if _PRINTABLE.fullmatch(text) is None:
        msg = "holds what is no printable ASCII, such as a line end or a full-width sign; copy it again"
        raise ValueError(msg)
    return text


def _printable_secret(secret: SecretStr) -> SecretStr:
    _printable(secret.get_secret_value())
    return secret


def _header(secret: SecretStr) -> SecretStr:
    text = _printable(secret.get_secret_value())
    if not text or text != text.strip():
        msg = "is empty or has a blank at an end; write printable ASCII without"
        raise ValueError(msg)
    return secret


Host = Annotated[str, Field(min_length=1, max_length=253, pattern=r"^[^\s/@]+$"), AfterValidator(_host)]
"""Name or IP address of a machine."""

Ascii = Annotated[str, AfterValidator(_printable)]
"""A text in printable ASCII."""

AsciiSecret = Annotated[SecretStr, AfterValidator(_printable_secret)]
"""A secret in printable ASCII."""

HeaderSecret = Annotated[SecretStr, AfterValidator(_header)]
"""A secret that is the value of an HTTP header: printable ASCII, without blanks at its ends."""
