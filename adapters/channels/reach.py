"""Why the other end was not reached or could not be spoken to, and what to do; and whom TLS trusts."""

import ssl
from pathlib import Path
from socket import gaierror
from typing import Final

from adapters.channels.contract import ChannelError, ChannelRefusedError, ChannelUnreachableError


def trusted(channel: str, ca: Path | None, certificate: Path | None = None, key: Path | None = None) -> ssl.SSLContext:
    """Make what TLS needs. Raises ChannelRefusedError where a file cannot be used."""
    try:
        context = ssl.create_default_context(cafile=ca)
        if certificate is not None:
            context.load_cert_chain(certificate, key)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError; a name of a file may be none
        files = ", ".join(str(file) for file in (ca, certificate, key) if file is not None)
        reason = f"a file for TLS cannot be used ({error}); check that {files} can be read and is PEM"
        raise ChannelRefusedError(channel, reason) from error
    return context


def unanswered(channel: str, where: str, seconds: float, what: str) -> ChannelUnreachableError:
    """Give the error for a peer that takes too long; `what` are the settings to check."""
    return ChannelUnreachableError(channel, f"{where} does not answer within {seconds:g} s; check {what}, the firewall")


def unreached(channel: str, where: str, error: BaseException, what: str) -> ChannelError:
    """Give the error for a link that did not come up or broke; `what` are the settings to check."""
    cause = _cause(error)
    if isinstance(cause, ssl.SSLCertVerificationError):
        return ChannelRefusedError(channel, _distrusted(where, cause.verify_message))
    if isinstance(cause, ssl.SSLEOFError | ssl.SSLZeroReturnError) or _reason(cause) == _CLOSED:
        reason = (
            f"{where} closed the link in the midst of TLS; check {what}, and that it runs: does that port speak TLS?"
        )
        return ChannelUnreachableError(channel, reason)
    if isinstance(cause, ssl.SSLError):
        reason = f"no TLS with {where} ({_reason(cause) or cause}); check {what}: does that port speak TLS?"
        return ChannelRefusedError(channel, reason)
    if isinstance(cause, gaierror):
        return ChannelUnreachableError(channel, f"the name of {where} is not known ({cause.strerror}); check {what}")
    if isinstance(cause, ConnectionRefusedError):
        return ChannelUnreachableError(channel, f"nobody listens at {where}; check {what}, and that it runs")
    said = (cause.strerror if isinstance(cause, OSError) else str(cause)) or type(cause).__name__
    return ChannelUnreachableError(channel, f"the link to {where} broke ({said}); check {what}, the network")


def unsendable(channel: str, what: str) -> ChannelRefusedError:
    """Give the error for settings that no library takes; `what` are those to check. Their values may be secrets."""
    reason = f"a setting cannot be sent as it is written; check {what}: line ends and what is not ASCII do not pass"
    return ChannelRefusedError(channel, reason)


_CLOSED: Final = "UNEXPECTED_EOF_WHILE_READING"
"""What OpenSSL calls a link that the peer closed, where Python has no name for it."""


def _reason(error: BaseException) -> str:
    """Give OpenSSL's name for what is wrong; empty where it gave none."""
    return (getattr(error, "reason", None) or "") if isinstance(error, ssl.SSLError) else ""


def _cause(error: BaseException) -> BaseException:
    """Give the error of the system at the bottom of `error`; itself where there is none."""
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, ssl.SSLError | gaierror | ConnectionRefusedError):
            return found
        inner = found.exceptions[0] if isinstance(found, BaseExceptionGroup) else None
        found = inner or found.__cause__ or found.__context__
    return error


def _distrusted(where: str, finding: str) -> str:
    if "mismatch" in finding or "not valid for" in finding:
        what = "write the name that the certificate is made for"
    elif "expired" in finding or "not yet valid" in finding:
        what = "have it renewed, and check this machine's clock"
    else:
        what = "write the PEM file of the authority that signed it as `ca`"
    return f"the certificate of {where} is not trusted ({finding}); {what}"
