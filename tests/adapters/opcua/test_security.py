"""Certificates and users: what a guarded server takes, and what is said when it does not."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from adapters.sources.contract import Point, Source, SourceRefusedError
from adapters.sources.opcua import create
from adapters.sources.opcua.settings import OpcuaAddress, OpcuaSettings
from tests.adapters.opcua.identity import Identity, make_identity
from tests.servers.asyncua_server import AsyncuaServer
from tests.servers.node_opcua import NodeOpcua
from tests.servers.opcua_write import USERS, Write, node_id

pytestmark = pytest.mark.system

ENGINEER = {"user": "engineer", "password": USERS["engineer"]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("guarded")


@pytest.fixture(scope="module")
def trusted(folder: Path) -> Identity:
    return make_identity(folder, "trusted")


@pytest.fixture(scope="module")
def stranger(folder: Path) -> Identity:
    return make_identity(folder, "stranger")


@pytest.fixture(scope="module")
def guarded(folder: Path, trusted: Identity) -> Iterator[NodeOpcua]:
    """Give a server that takes secured links of `trusted` and named users only."""
    certificates = folder / "pki" / "trusted" / "certs"
    certificates.mkdir(parents=True)
    (certificates / "trusted.der").write_bytes(trusted.der.read_bytes())
    modes = ("sign", "sign_and_encrypt")
    with NodeOpcua(folder, security=modes, trusting=False, anonymous=False, users=USERS) as server:
        yield server


def source(endpoint: str, **keys: Any) -> Source:
    settings = OpcuaSettings.model_validate({"endpoint": endpoint, "publishing_interval": "50 ms", **keys})
    return create("press", settings, [Point("f/l/press/x", "float", OpcuaAddress(node=node_id("x")))])


def secured(identity: Identity, **keys: Any) -> dict[str, Any]:
    return {
        "security": "sign_and_encrypt",
        "certificate": identity.der,
        "private_key": identity.key,
        **ENGINEER,
        **keys,
    }


async def why_refused(of: Source) -> str:
    with pytest.raises(SourceRefusedError) as caught:
        async with of.connect():
            pass
    return caught.value.reason


async def first_value(of: Source) -> float:
    async with of.connect() as deliveries:
        return float((await anext(deliveries)).samples["float"][0])


@pytest.mark.parametrize("security", ["sign", "sign_and_encrypt"])
@pytest.mark.parametrize("pem", [False, True])
async def test_a_trusted_certificate_and_a_known_user_are_let_in(
    guarded: NodeOpcua, trusted: Identity, security: str, *, pem: bool
) -> None:
    await guarded.add({"x": ("Double", 1.5)})
    keys = secured(trusted, security=security)
    if pem:
        keys |= {"certificate": trusted.pem, "private_key": trusted.key}
    else:
        keys |= {"certificate": trusted.der, "private_key": trusted.key_der}
    assert await first_value(source(guarded.endpoint, **keys)) == 1.5


async def test_a_link_outlives_the_keys_of_its_channel(guarded: NodeOpcua, trusted: Identity) -> None:
    await guarded.add({"x": ("Double", 1.5)})
    async with source(guarded.endpoint, **secured(trusted)).connect() as deliveries:
        client = deliveries._client  # type: ignore[attr-defined]
        await anext(deliveries)
        await client.open_secure_channel(renew=True)
        client.uaclient.revolve_security_token()
        for value in (2.5, 3.5):
            await guarded.write(Write("x", value))
            assert (await anext(deliveries)).samples["float"].to_list() == [value]


async def test_a_stranger_is_told_to_have_the_certificate_trusted(guarded: NodeOpcua, stranger: Identity) -> None:
    reason = await why_refused(source(guarded.endpoint, **secured(stranger)))
    assert str(stranger.der) in reason
    assert "have the server trust it" in reason


async def test_a_wrong_password_is_told(guarded: NodeOpcua, trusted: Identity) -> None:
    reason = await why_refused(source(guarded.endpoint, **secured(trusted, password="wrong")))
    assert "does not let user 'engineer' in" in reason
    assert "wrong" not in reason


async def test_nobody_gets_in_without_a_name(guarded: NodeOpcua, trusted: Identity) -> None:
    keys = {key: value for key, value in secured(trusted).items() if key not in ENGINEER}
    assert "write `user` and `password`" in await why_refused(source(guarded.endpoint, **keys))


async def test_a_security_that_is_not_offered_is_answered_with_those_that_are(guarded: NodeOpcua) -> None:
    reason = await why_refused(source(guarded.endpoint))
    assert "does not offer `security: none`" in reason
    assert "it offers sign (Basic256Sha256), sign_and_encrypt (Basic256Sha256)" in reason


async def test_the_certificate_that_is_pinned_is_the_only_one_trusted(
    guarded: NodeOpcua, folder: Path, trusted: Identity, stranger: Identity
) -> None:
    await guarded.add({"x": ("Double", 1.5)})
    own = next((folder / "pki" / "own" / "certs").iterdir(), None) or next((folder / "pki").rglob("certificate*.pem"))
    assert await first_value(source(guarded.endpoint, **secured(trusted, server_certificate=own))) == 1.5
    reason = await why_refused(source(guarded.endpoint, **secured(trusted, server_certificate=stranger.der)))
    assert "shows another certificate (SHA-256 " in reason
    assert str(stranger.der) in reason


@pytest.mark.parametrize("key", ["certificate", "private_key", "server_certificate"])
async def test_a_file_that_is_missing_or_holds_something_else_is_named(
    guarded: NodeOpcua, trusted: Identity, tmp_path: Path, key: str
) -> None:
    file = tmp_path / "file.der"
    assert f"cannot read {file}" in await why_refused(source(guarded.endpoint, **secured(trusted, **{key: file})))
    file.write_bytes(b"no such thing")
    assert f"{file} holds no" in await why_refused(source(guarded.endpoint, **secured(trusted, **{key: file})))


async def test_a_password_that_goes_in_clear_is_warned_of(asyncua_server: AsyncuaServer) -> None:
    await asyncua_server.add({"x": ("Double", 1.5)})
    with capture_logs() as logs:
        assert await first_value(source(asyncua_server.endpoint, **ENGINEER)) == 1.5
    warned = [line for line in logs if line["event"] == "opcua password goes in clear"]
    assert USERS["engineer"] not in str(logs)
    assert len(warned) == 1
