"""Opening and closing a session with a server: secure channel, credentials, and errors that say what to do.

asyncua's `Client` brings the steps; its own reconnecting, its probes and its publish loop stay off. A link breaks once,
and the collector opens the next one.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import structlog
from asyncua import ua
from asyncua.client.client import Client
from asyncua.client.ua_session import UaSession
from asyncua.crypto import uacrypto
from asyncua.crypto.security_policies import SecurityPolicyBasic256Sha256, SecurityPolicyNone
from asyncua.ua.ua_binary import nodeid_from_binary
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
    load_pem_private_key,
)

from adapters.sources.contract import SourceRefusedError
from adapters.sources.opcua.faults import TROUBLE, opening, plain_cancellation
from adapters.sources.opcua.settings import OpcuaSettings

APPLICATION_URI: Final = "urn:parkline"
"""What parkline calls itself where it has no certificate; otherwise the certificate's URI."""

_MODES: Final = {
    "none": ua.MessageSecurityMode.None_,
    "sign": ua.MessageSecurityMode.Sign,
    "sign_and_encrypt": ua.MessageSecurityMode.SignAndEncrypt,
}
_WORDS: Final = {mode: word for word, mode in _MODES.items()}
_POLICIES: Final = {
    "none": SecurityPolicyNone.URI,
    "sign": SecurityPolicyBasic256Sha256.URI,
    "sign_and_encrypt": SecurityPolicyBasic256Sha256.URI,
}
_ANSWER: Final = 1.0
"""Seconds that the answer of a server is waited for though nobody wants the session any more."""

_CLOSING: Final = 3.0
"""Seconds that a server has to answer a farewell."""

_log = structlog.get_logger()


class Session(UaSession):
    """asyncua's session, whose publishing the link does itself."""

    def ensure_publish_loop(self) -> None:
        """Leave publishing to the link: asyncua's loop drops what it cannot parse, and has one request under way."""

    async def publish_raw(self, acknowledgements: list[ua.SubscriptionAcknowledgement]) -> bytes:
        """Send a PublishRequest; give the response after its type, whenever it comes.

        Raises:
            UaError: the server answers with an error, or not in OPC UA.
            OSError: the connection broke.
        """
        request = ua.PublishRequest()
        request.Parameters.SubscriptionAcknowledgements = acknowledgements
        response = await self._send_request(request, timeout=0)
        nodeid_from_binary(response)
        return bytes(response)

    async def read_history_raw(self, parameters: ua.HistoryReadParameters) -> bytes:
        """Send a HistoryReadRequest; give the response after its type.

        Raises:
            UaError: the server answers not in OPC UA.
            OSError: the connection broke.
        """
        response = await self._send_request(ua.HistoryReadRequest(Parameters=parameters))
        nodeid_from_binary(response)
        return bytes(response)


async def open_session(source: str, settings: OpcuaSettings) -> tuple[Client, Session]:
    """Connect and log in.

    Raises:
        SourceUnreachableError: no answer, or one that means later.
        SourceRefusedError: an answer that forbids it.
    """
    client = Client(settings.endpoint, timeout=settings.request_timeout.total_seconds())
    client.name = client.description = "parkline"
    client.application_uri = APPLICATION_URI
    client.session_timeout = int(settings.session_timeout.total_seconds() * 1000)
    session = Session(client.uaclient)
    client.uaclient.session = session
    try:
        with plain_cancellation():
            await _log_in(source, settings, client)
    except TROUBLE as error:
        await close_session(source, client)
        raise opening(source, settings, error) from error
    except BaseException:
        await close_session(source, client)
        raise
    return client, session


async def close_session(source: str, client: Client) -> None:
    """Say farewell and close the connection, within 5 s, whatever state it is in."""
    protocol = client.uaclient.protocol
    if protocol is None or protocol.is_closed:
        return
    try:
        async with asyncio.timeout(_CLOSING):
            with plain_cancellation():
                await client.close_session()
                await client.close_secure_channel()
    except TROUBLE as error:
        _log.debug("opcua farewell unheard", source=source, error=str(error))
        if protocol.transport is not None:
            protocol.transport.abort()
    finally:
        client.disconnect_socket()


async def _log_in(source: str, settings: OpcuaSettings, client: Client) -> None:
    endpoint = _chosen(source, settings, await client.connect_and_get_server_endpoints())
    await _protect(source, settings, client, endpoint)
    await client.connect_socket()
    await client.send_hello()
    await _open_channel(source, settings, client)
    await _create_session(client)
    password = settings.password.get_secret_value() if settings.password else None
    await client.activate_session(settings.user, password)


async def _create_session(client: Client) -> None:
    """Create the session; one that is cancelled meanwhile waits a moment for the answer, to be able to close it."""
    creating = asyncio.create_task(client.create_session(), name="create session")
    try:
        await asyncio.shield(creating)
    except asyncio.CancelledError:
        await asyncio.wait({creating}, timeout=_ANSWER)
        if creating.done() and not creating.cancelled():
            creating.exception()  # whatever it was, nobody waits for it any more
        creating.cancel()
        raise


async def _open_channel(source: str, settings: OpcuaSettings, client: Client) -> None:
    try:
        await client.open_secure_channel()
    except ConnectionError as error:
        if settings.certificate is None:
            raise
        reason = (
            f"{settings.endpoint} broke off when it was shown parkline's certificate {settings.certificate}: it seems "
            f"not to trust it; have the server trust it"
        )
        raise SourceRefusedError(source, reason) from error


def _chosen(source: str, settings: OpcuaSettings, offered: Sequence[ua.EndpointDescription]) -> ua.EndpointDescription:
    """Choose the endpoint that the settings ask for, among those the server offers."""
    mode, policy = _MODES[settings.security], _POLICIES[settings.security]
    fitting = [one for one in offered if one.SecurityMode == mode and one.SecurityPolicyUri == policy]
    if not fitting:
        words = sorted({f"{_WORDS.get(one.SecurityMode, one.SecurityMode)} ({_short(one)})" for one in offered})
        reason = (
            f"{settings.endpoint} does not offer `security: {settings.security}` ({policy.rpartition('#')[2]}); "
            f"it offers {', '.join(words) or 'nothing'}"
        )
        raise SourceRefusedError(source, reason)
    tokens = {token.TokenType for one in fitting for token in one.UserIdentityTokens}
    if settings.user is None and ua.UserTokenType.Anonymous not in tokens:
        reason = f"{settings.endpoint} lets nobody in without a name; write `user` and `password`"
        raise SourceRefusedError(source, reason)
    if settings.user is not None and ua.UserTokenType.UserName not in tokens:
        reason = f"{settings.endpoint} takes no user names; remove `user` and `password`"
        raise SourceRefusedError(source, reason)
    return fitting[0]


async def _protect(source: str, settings: OpcuaSettings, client: Client, endpoint: ua.EndpointDescription) -> None:
    """Give the client what the settings say of certificates."""
    if settings.certificate is None or settings.private_key is None:
        if settings.user is not None and _in_clear(endpoint):
            _log.warning("opcua password goes in clear", source=source, advice="write security: sign_and_encrypt")
        return
    own = await asyncio.to_thread(_read_certificate, source, settings.certificate)
    client.application_uri = _application_uri(own) or APPLICATION_URI
    theirs: x509.Certificate | None = uacrypto.x509_from_der(endpoint.ServerCertificate)  # type: ignore[no-untyped-call]
    if theirs is None:
        raise SourceRefusedError(source, f"{settings.endpoint} shows no certificate; give the server one")
    if settings.server_certificate is not None:
        pinned = await asyncio.to_thread(_read_certificate, source, settings.server_certificate)
        if pinned != theirs:
            reason = (
                f"{settings.endpoint} shows another certificate (SHA-256 {theirs.fingerprint(SHA256()).hex()}) than "
                f"{settings.server_certificate}; if the server was given a new one, put it into that file"
            )
            raise SourceRefusedError(source, reason)
    await client.set_security(
        SecurityPolicyBasic256Sha256,
        uacrypto.CertProperties(own.public_bytes(Encoding.DER), "der"),
        uacrypto.CertProperties(await asyncio.to_thread(_read_key, source, settings.private_key), "der"),
        server_certificate=uacrypto.CertProperties(theirs.public_bytes(Encoding.DER), "der"),
        mode=_MODES[settings.security],
    )


def _in_clear(endpoint: ua.EndpointDescription) -> bool:
    tokens = [one for one in endpoint.UserIdentityTokens if one.TokenType == ua.UserTokenType.UserName]
    return all(not one.SecurityPolicyUri or one.SecurityPolicyUri == SecurityPolicyNone.URI for one in tokens)


def _application_uri(certificate: x509.Certificate) -> str | None:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return None
    return next(iter(names.get_values_for_type(x509.UniformResourceIdentifier)), None)


def _read_certificate(source: str, path: Path) -> x509.Certificate:
    content = _read(source, path)
    try:
        return x509.load_pem_x509_certificate(content) if _is_pem(content) else x509.load_der_x509_certificate(content)
    except ValueError as error:
        raise SourceRefusedError(source, f"{path} holds no certificate in PEM or DER ({error})") from error


def _read_key(source: str, path: Path) -> bytes:
    """Give the private key in DER."""
    content = _read(source, path)
    try:
        key = load_pem_private_key(content, None) if _is_pem(content) else load_der_private_key(content, None)
    except (ValueError, TypeError) as error:
        reason = f"{path} holds no private key in PEM or DER without a passphrase ({error})"
        raise SourceRefusedError(source, reason) from error
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def _read(source: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SourceRefusedError(source, f"cannot read {path} ({error.strerror}); check its name and rights") from error


def _is_pem(content: bytes) -> bool:
    return content.lstrip().startswith(b"-----BEGIN")


def _short(endpoint: ua.EndpointDescription) -> str:
    return str(endpoint.SecurityPolicyUri).rpartition("#")[2]
