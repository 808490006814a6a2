"""Why the other end was not reached: what passes by itself, and what a person must mend."""

import asyncio
import ssl
from typing import Any

import pytest

from adapters.channels.contract import ChannelRefusedError, ChannelUnreachableError
from adapters.channels.reach import unreached
from adapters.registry import channel_kind
from tests.adapters.channels.test_unsendable import KEYS
from tests.conformance.channel import failure


def of_openssl(reason: str) -> ssl.SSLError:
    """Give an error as OpenSSL's are told."""
    error = ssl.SSLError(1, f"[SSL: {reason}] {reason.lower()}")
    error.reason = reason
    return error


@pytest.mark.parametrize(
    "error",
    [
        ssl.SSLEOFError(8, "EOF occurred"),
        ssl.SSLZeroReturnError(6, "TLS closed"),
        of_openssl("UNEXPECTED_EOF_WHILE_READING"),
    ],
)
def test_a_peer_that_closes_in_the_midst_of_tls_may_be_restarting(error: ssl.SSLError) -> None:
    told = unreached("c", "host:443", error, "`url`")
    assert isinstance(told, ChannelUnreachableError)
    assert "closed the link in the midst of TLS" in told.reason
    assert "does that port speak TLS?" in told.reason


def test_a_peer_that_speaks_something_else_does_not_speak_tls() -> None:
    told = unreached("c", "host:443", of_openssl("WRONG_VERSION_NUMBER"), "`url`")
    assert isinstance(told, ChannelRefusedError)
    assert "(WRONG_VERSION_NUMBER)" in told.reason


@pytest.mark.parametrize(
    ("kind", "keys"), [("webhook", {}), ("mail", {"security": "tls"}), ("mqtt", {"host": "127.0.0.1", "tls": {}})]
)
async def test_a_balancer_without_a_server_behind_it_is_not_reached(kind: str, keys: dict[str, Any]) -> None:
    async def close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65536)
        writer.close()

    async with await asyncio.start_server(close, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        where = {"url": f"https://127.0.0.1:{port}/"} if kind == "webhook" else {"port": port}
        written = channel_kind(kind).settings.model_validate({**KEYS[kind], **keys, **where})
        error = await failure(channel_kind(kind).create("c", written))
    assert isinstance(error, ChannelUnreachableError)
