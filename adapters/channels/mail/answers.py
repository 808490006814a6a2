"""What a mail server's replies mean (RFC 5321): 4xx later, 5xx no. Pure."""

from base64 import b64encode
from collections.abc import Mapping
from smtplib import (
    SMTPAuthenticationError,
    SMTPException,
    SMTPNotSupportedError,
    SMTPResponseException,
    SMTPSenderRefused,
    SMTPServerDisconnected,
)
from typing import Final, TypeAlias

from adapters.channels.contract import ChannelError, ChannelRefusedError, ChannelUnreachableError
from adapters.channels.mail.settings import MailSettings

Reply: TypeAlias = tuple[int, bytes]
"""A reply's code and its text."""

SAID: Final = 200
"""Characters of a reply that are passed on."""

_OK: Final = range(200, 300)
_LATER: Final = range(400, 500)
_TOO_LARGE: Final = 552


def line(settings: MailSettings, code: int, said: bytes | str) -> str:
    """Give a reply as one short line, without the password, should the server repeat it."""
    text = said.decode(errors="replace") if isinstance(said, bytes) else said
    for secret in _secrets(settings):
        text = text.replace(secret, "***")
    text = " ".join(text.split())
    return f"{code} {text[:SAID]}".rstrip()


def good(code: int) -> bool:
    """Tell whether a reply means yes."""
    return code in _OK


def later(code: int) -> bool:
    """Tell whether a reply means later."""
    return code in _LATER


def refusal(channel: str, settings: MailSettings, error: SMTPException) -> ChannelError:
    """Give the error for what the server said, or did not say."""
    where = settings.where
    match error:
        case SMTPServerDisconnected():
            reason = f"the mail server at {where} closed the link ({error}); check `port` and `security`"
            return ChannelUnreachableError(channel, reason)
        case SMTPResponseException():
            reason = f"the mail server at {where} says {line(settings, error.smtp_code, error.smtp_error)}; "
            if later(error.smtp_code):
                return ChannelUnreachableError(channel, f"{reason}it is tried again")
            return ChannelRefusedError(channel, reason + _advice(error))
        case SMTPNotSupportedError() if "STARTTLS" in str(error):
            reason = (
                f"the mail server at {where} offers no STARTTLS; write `security: tls` with its port (usually 465), "
            )
            return ChannelRefusedError(channel, f"{reason}or `none` in a network that you trust")
        case _:
            reason = f"the mail server at {where} offers no login that is known here ({error}); "
            return ChannelRefusedError(channel, f"{reason}leave `user` and `password` out, or write another `port`")


def nobody(channel: str, settings: MailSettings, refused: Mapping[str, Reply]) -> ChannelRefusedError:
    """Give the error for a mail that is taken for nobody; `refused` are all recipients with the reply to each."""
    told = ", ".join(each(settings, refused))
    reason = f"the mail server at {settings.where} does not take it for {told}; "
    return ChannelRefusedError(channel, f"{reason}check `to`, and whether the server relays for this machine")


def not_yet(channel: str, settings: MailSettings, waiting: Mapping[str, Reply]) -> ChannelUnreachableError:
    """Give the error for a mail that some recipients, `waiting`, may get later; the others are settled."""
    told = ", ".join(each(settings, waiting))
    reason = f"the mail server at {settings.where} does not take it yet for {told}; it is tried again for them"
    return ChannelUnreachableError(channel, reason)


def each(settings: MailSettings, refused: Mapping[str, Reply]) -> tuple[str, ...]:
    """Name recipients, each with the reply."""
    return tuple(f"{recipient} ({line(settings, code, said)})" for recipient, (code, said) in refused.items())


def _secrets(settings: MailSettings) -> tuple[str, ...]:
    """Give the password, as it is and as it travels."""
    if settings.password is None:
        return ()
    password = settings.password.get_secret_value()
    forms = (f"\0{settings.user}\0{password}", password)
    return (*(b64encode(form.encode()).decode() for form in forms), password)


def _advice(error: SMTPResponseException) -> str:
    if isinstance(error, SMTPAuthenticationError):
        return "check `user` and `password`; QQ, 163 and others want their authorisation code (授权码) as password"
    if isinstance(error, SMTPSenderRefused):
        return "check `sender`: many servers want it to be the address of `user`"
    if error.smtp_code == _TOO_LARGE:
        return "the mailbox is full, or the mail too large for it"
    return "ask who runs it; its log says more"
