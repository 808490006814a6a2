"""Every answer of a server is told with what to do about it, as an error that says whether waiting helps."""

import asyncio
from pathlib import Path

import pytest
from asyncua import ua
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.uaerrors import UaError, UaStatusCodeError

from adapters.sources.contract import SourceError, SourceRefusedError, SourceUnreachableError
from adapters.sources.opcua.faults import absence, breaking, opening, plain_cancellation
from adapters.sources.opcua.settings import OpcuaSettings

PLAIN = OpcuaSettings(endpoint="opc.tcp://plc")
NAMED = OpcuaSettings.model_validate({"endpoint": "opc.tcp://plc", "user": "me", "password": "s3cret"})
SECURED = OpcuaSettings(
    endpoint="opc.tcp://plc", security="sign", certificate=Path("me.der"), private_key=Path("me.pem")
)


def fault(code: int) -> UaStatusCodeError:
    """Give what asyncua raises for a StatusCode."""
    with pytest.raises(UaStatusCodeError) as caught:
        ua.StatusCode(ua.UInt32(code)).check()
    return caught.value


@pytest.mark.parametrize(
    ("settings", "code", "advice"),
    [
        (PLAIN, StatusCodes.BadIdentityTokenRejected, "write `user` and `password`"),
        (NAMED, StatusCodes.BadUserAccessDenied, "does not let user 'me' in"),
        (SECURED, StatusCodes.BadSecurityChecksFailed, "does not trust parkline's certificate me.der"),
        (PLAIN, StatusCodes.BadSecurityChecksFailed, "write `security: sign_and_encrypt` and a certificate"),
        (SECURED, StatusCodes.BadCertificateTimeInvalid, "make a new one"),
        (SECURED, StatusCodes.BadSecurityPolicyRejected, "refuses `security: sign`"),
        (PLAIN, StatusCodes.BadTcpEndpointUrlInvalid, "write the path that the server names"),
    ],
)
def test_what_a_person_must_mend_is_refused(settings: OpcuaSettings, code: int, advice: str) -> None:
    error = opening("press", settings, fault(code))
    assert isinstance(error, SourceRefusedError)
    assert advice in error.reason
    assert "opc.tcp://plc:4840" in error.reason
    assert "s3cret" not in str(error)


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        (fault(StatusCodes.BadTooManySessions), "answered BadTooManySessions"),
        (fault(StatusCodes.BadServerHalted), "answered BadServerHalted"),
        (fault(0x80FF_0000), "answered Bad"),
        (TimeoutError(), "did not answer within 10 s"),
        (ConnectionRefusedError(111, "Connection refused"), "check host, port"),
        (UaError("Server certificate mismatch"), "Server certificate mismatch"),
        (ValueError("9 is not a valid MessageSecurityMode"), "broke off while the link was opened"),
    ],
)
def test_where_waiting_may_help_it_is_unreachable(cause: Exception, words: str) -> None:
    error: SourceError = opening("press", PLAIN, cause)
    assert isinstance(error, SourceUnreachableError)
    assert words in error.reason
    assert str(error).startswith("press: ")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (StatusCodes.BadNodeIdUnknown, "has no node ns=2;s=x (BadNodeIdUnknown)"),
        (StatusCodes.BadNotReadable, "does not let this user read node ns=2;s=x"),
        (StatusCodes.BadAttributeIdInvalid, "it is no variable"),
        (StatusCodes.BadFilterNotAllowed, "write `trigger: value`"),
        (StatusCodes.BadTooManyMonitoredItems, "raise its limit"),
        (StatusCodes.BadOutOfService, "does not monitor node ns=2;s=x (BadOutOfService: "),
    ],
)
def test_a_node_that_is_not_served_is_told_with_what_to_do(code: int, words: str) -> None:
    assert words in absence("ns=2;s=x", code)


def test_a_link_that_breaks_says_why() -> None:
    assert breaking(fault(StatusCodes.BadSessionClosed)).startswith("the server ended it with BadSessionClosed: ")
    assert breaking(ConnectionError("connection lost")) == "the connection broke (connection lost)"
    assert breaking(ConnectionError()) == "the connection broke"


class OtherCancelledError(asyncio.CancelledError):
    """A cancellation of a library's own class."""


async def test_a_cancellation_of_any_class_is_known_by_a_timeout() -> None:
    async def cancelled_by_a_library() -> None:
        with plain_cancellation():
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                raise OtherCancelledError from None

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await cancelled_by_a_library()
