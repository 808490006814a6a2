"""What went wrong with a server, told so that a person knows what to do next."""

import asyncio
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from asyncua.ua.status_codes import StatusCodes, get_name_and_doc
from asyncua.ua.uaerrors import UaError, UaStatusCodeError

from adapters.sources.contract import SourceError, SourceRefusedError, SourceUnreachableError
from adapters.sources.opcua.settings import OpcuaSettings

TROUBLE: Final = (
    OSError,
    TimeoutError,
    UaError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    OverflowError,
    struct.error,
)
"""What asyncua raises: the first three by design, the others where an answer is not what it expects (an unknown
enumeration value, a missing part). All mean that this server cannot be talked to now."""

_WHO: Final = frozenset(
    {StatusCodes.BadUserAccessDenied, StatusCodes.BadIdentityTokenInvalid, StatusCodes.BadIdentityTokenRejected}
)
_UNTRUSTED: Final = frozenset({StatusCodes.BadCertificateUntrusted, StatusCodes.BadSecurityChecksFailed})
_CERTIFICATE: Final = frozenset(
    {
        StatusCodes.BadCertificateChainIncomplete,
        StatusCodes.BadCertificateInvalid,
        StatusCodes.BadCertificateIssuerRevoked,
        StatusCodes.BadCertificateIssuerTimeInvalid,
        StatusCodes.BadCertificatePolicyCheckFailed,
        StatusCodes.BadCertificateRevoked,
        StatusCodes.BadCertificateTimeInvalid,
        StatusCodes.BadCertificateUriInvalid,
        StatusCodes.BadCertificateUseNotAllowed,
    }
)
_LATER: Final = frozenset(
    {
        StatusCodes.BadCommunicationError,
        StatusCodes.BadContinuationPointInvalid,
        StatusCodes.BadOutOfMemory,
        StatusCodes.BadResourceUnavailable,
        StatusCodes.BadServerHalted,
        StatusCodes.BadShutdown,
        StatusCodes.BadTimeout,
        StatusCodes.BadTooManyOperations,
    }
)
_ADDRESS: Final = frozenset({StatusCodes.BadTcpEndpointUrlInvalid})
_SECURITY: Final = frozenset({StatusCodes.BadSecurityModeRejected, StatusCodes.BadSecurityPolicyRejected})


@contextmanager
def plain_cancellation() -> Iterator[None]:
    """Let a cancelled block raise CancelledError itself.

    Where an answer comes at the moment of the cancellation, asyncua's `wait_for2` raises a class of its own below it,
    and `asyncio.timeout` does not know that one as its doing.
    """
    try:
        yield
    except asyncio.CancelledError as error:
        if type(error) is asyncio.CancelledError:
            raise
        raise asyncio.CancelledError from error


def opening(source: str, settings: OpcuaSettings, error: Exception) -> SourceError:
    """Give the error of a link that could not be opened."""
    endpoint = settings.endpoint
    if isinstance(error, UaStatusCodeError):
        name, what = get_name_and_doc(error.code)
        refusal = _refusal(settings, error.code, name)
        if refusal:
            return SourceRefusedError(source, f"{endpoint} {refusal}")
        return SourceUnreachableError(source, f"{endpoint} answered {name}: {what}")
    if isinstance(error, TimeoutError):
        seconds = settings.request_timeout.total_seconds()
        return SourceUnreachableError(
            source,
            f"{endpoint} did not answer within {seconds:g} s; check that it is on and that no firewall is between",
        )
    if isinstance(error, OSError):
        return SourceUnreachableError(
            source, f"{endpoint} cannot be reached ({error}); check host, port, and that an OPC UA server listens there"
        )
    return SourceUnreachableError(source, f"{endpoint} broke off while the link was opened ({error})")


def breaking(error: Exception) -> str:
    """Say why an open link broke."""
    if isinstance(error, UaStatusCodeError):
        name, what = get_name_and_doc(error.code)
        return f"the server ended it with {name}: {what}"
    return f"the connection broke ({error})" if str(error) else "the connection broke"


def absence(node: str, code: int) -> str:
    """Say why a node cannot be subscribed to."""
    name, what = get_name_and_doc(code)
    match code:
        case StatusCodes.BadNodeIdUnknown | StatusCodes.BadNodeIdInvalid:
            return (
                f"the server has no node {node} ({name}); write the node id as the server's address space shows it; it "
                f"is looked for again whenever the link is opened"
            )
        case StatusCodes.BadUserAccessDenied | StatusCodes.BadNotReadable:
            return f"the server does not let this user read node {node} ({name}); have it allow that"
        case StatusCodes.BadAttributeIdInvalid:
            return f"node {node} has no value ({name}): it is no variable; write the node id of a variable below it"
        case StatusCodes.BadMonitoredItemFilterUnsupported | StatusCodes.BadFilterNotAllowed:
            return f"the server does not report new times of node {node} alone ({name}); write `trigger: value`"
        case StatusCodes.BadTooManyMonitoredItems:
            return f"the server monitors no more nodes, and node {node} is one too many ({name}); raise its limit"
    return f"the server does not monitor node {node} ({name}: {what})"


def unkept(node: str, code: int) -> str:
    """Say why a node's history cannot be read."""
    name, what = get_name_and_doc(code)
    match code:
        case StatusCodes.BadHistoryOperationUnsupported | StatusCodes.BadHistoryOperationInvalid:
            return f"the server keeps no history of node {node} ({name}); have it historize the node"
        case StatusCodes.BadNodeIdUnknown | StatusCodes.BadNodeIdInvalid:
            return f"the server has no node {node} ({name})"
        case StatusCodes.BadUserAccessDenied | StatusCodes.BadNotReadable:
            return f"the server does not let this user read the history of node {node} ({name}); have it allow that"
        case StatusCodes.BadNoDataAvailable | StatusCodes.BadDataLost | StatusCodes.BadDataUnavailable:
            return f"the server did not record node {node} then ({name}: {what})"
    return f"the server does not tell the history of node {node} ({name}: {what})"


def later(code: int) -> bool:
    """Tell whether a server that answers so for one node may answer better another time."""
    return code in _LATER


def _refusal(settings: OpcuaSettings, code: int, name: str) -> str:
    """Tell what a person has to do about an answer; empty where waiting may help."""
    user, certificate = settings.user, settings.certificate
    for codes, advice in (
        (
            _WHO,
            f"does not let user {user!r} in ({name}); check `user` and `password`"
            if user is not None
            else f"lets nobody in without a name ({name}); write `user` and `password`",
        ),
        (
            _UNTRUSTED,
            f"does not trust parkline's certificate {certificate} ({name}); have the server trust it"
            if certificate
            else f"asks for a trusted connection ({name}); write `security: sign_and_encrypt` and a certificate",
        ),
        (_CERTIFICATE, f"refuses parkline's certificate {certificate} ({name}); make a new one that it accepts"),
        (_SECURITY, f"refuses `security: {settings.security}` ({name}); write a security that it offers"),
        (_ADDRESS, f"has no endpoint of this address ({name}); write the path that the server names"),
    ):
        if code in codes:
            return advice
    return ""
