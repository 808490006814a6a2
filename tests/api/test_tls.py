"""TLS as configured: its certificate is checked before anything listens, and renewed without a restart."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import httpx
import pytest
import structlog
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID
from starlette.types import Receive, Scope, Send
from typer.testing import CliRunner

from api import tls as tls_module
from api.role import serve
from api.tls import SOON, Tls, watch
from collector.commands.check import app as check
from collector.load import load
from collector.settings import ApiSettings, TlsSettings
from collector.tlsfiles import TlsError
from tests.api.installation import install
from tests.api.wired import PATIENCE_S, line, served

NOW = datetime.now(UTC)
"""The clock of TLS libraries cannot be turned, so certificates are made around the time of the test."""

CONFIGURED = TlsSettings.model_validate({"certificate": "tls.crt", "key": "tls.key"})

HELD = ApiSettings.model_validate({"header_time": "2s"})


class Issuer:
    """Somebody who issues certificates."""

    def __init__(self, name: str) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.certificate = self._signed(self._name, self._key, NOW + timedelta(days=900), authority=True)

    def issue(
        self,
        folder: Path,
        name: str = "tls",
        *,
        serial: int = 1,
        begins: datetime = NOW - timedelta(days=1),
        ends: datetime = NOW + timedelta(days=90),
        password: str = "",
    ) -> None:
        """Write `name.crt` and `name.key` for 127.0.0.1."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{name} {serial}")])
        certificate = self._signed(subject, key, ends, begins=begins)
        lock = BestAvailableEncryption(password.encode()) if password else NoEncryption()
        (folder / f"{name}.crt").write_bytes(certificate.public_bytes(Encoding.PEM))
        (folder / f"{name}.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock))

    def pem(self) -> str:
        """Give the issuer's own certificate."""
        return self.certificate.public_bytes(Encoding.PEM).decode()

    def _signed(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        ends: datetime,
        *,
        begins: datetime = NOW - timedelta(days=1),
        authority: bool = False,
    ) -> x509.Certificate:
        here = x509.IPAddress(ip_address("127.0.0.1"))
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begins)
            .not_valid_after(ends)
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .add_extension(x509.SubjectAlternativeName([here]), critical=False)
        )
        return builder.sign(self._key, hashes.SHA256())


@pytest.fixture(scope="module")
def issuer() -> Issuer:
    return Issuer("park CA")


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer everything."""
    del receive
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": scope["scheme"].encode()})


def trusting(issuer: Issuer, *, client: Path | None = None) -> ssl.SSLContext:
    """Make what a client trusts, and the certificate that it has."""
    context = ssl.create_default_context(cadata=issuer.pem())
    if client is not None:
        context.load_cert_chain(client.with_suffix(".crt"), client.with_suffix(".key"))
    return context


async def ask(port: int, context: ssl.SSLContext) -> str:
    async with httpx.AsyncClient(verify=context) as client:
        return (await client.get(f"https://127.0.0.1:{port}/")).text


async def name_of(port: int, context: ssl.SSLContext) -> str:
    """Give the name in the certificate that a new connection is shown."""
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    try:
        shown = writer.get_extra_info("peercert")
        return str(dict(pair for parts in shown["subject"] for pair in parts)["commonName"])
    finally:
        writer.transport.abort()


async def test_it_answers_by_tls(tmp_path: Path, issuer: Issuer) -> None:
    issuer.issue(tmp_path)
    async with served(app, HELD, Tls(CONFIGURED, tmp_path, now=NOW)) as port:
        assert await ask(port, trusting(issuer)) == "https"


async def test_a_key_may_be_encrypted(tmp_path: Path, issuer: Issuer) -> None:
    issuer.issue(tmp_path, password="open sesame")
    settings = TlsSettings.model_validate({**CONFIGURED.model_dump(), "key_password": "open sesame"})
    async with served(app, HELD, Tls(settings, tmp_path, now=NOW)) as port:
        assert await ask(port, trusting(issuer)) == "https"


async def test_old_versions_are_refused(tmp_path: Path, issuer: Issuer) -> None:
    issuer.issue(tmp_path)
    tls = Tls(CONFIGURED, tmp_path, now=NOW)
    assert tls.context.minimum_version is ssl.TLSVersion.TLSv1_2
    old = trusting(issuer)
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLS"):
        old.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="TLS"):
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    async with served(app, HELD, tls) as port:
        with pytest.raises(httpx.TransportError):
            await ask(port, old)
        assert await ask(port, trusting(issuer)) == "https"


async def test_plain_http_is_turned_away_and_hinders_nobody(tmp_path: Path, issuer: Issuer) -> None:
    issuer.issue(tmp_path)
    async with served(app, HELD, Tls(CONFIGURED, tmp_path, now=NOW)) as port:
        async with httpx.AsyncClient() as client:
            with pytest.raises(httpx.TransportError):
                await client.get(f"http://127.0.0.1:{port}/")
        assert await ask(port, trusting(issuer)) == "https"


async def test_a_handshake_that_never_comes_is_not_waited_for(tmp_path: Path, issuer: Issuer) -> None:
    issuer.issue(tmp_path)
    quick = ApiSettings.model_validate({"header_time": "200ms"})
    async with served(app, quick, Tls(CONFIGURED, tmp_path, now=NOW)) as port, line(port) as mute:
        assert await mute.rest() == b""
        assert await ask(port, trusting(issuer)) == "https"


async def test_with_a_client_ca_only_its_clients_are_let_in(tmp_path: Path, issuer: Issuer) -> None:
    clients, strangers = Issuer("platform CA"), Issuer("another CA")
    issuer.issue(tmp_path)
    (tmp_path / "clients.pem").write_text(clients.pem(), encoding="utf-8")
    clients.issue(tmp_path, "platform")
    strangers.issue(tmp_path, "stranger")
    settings = TlsSettings.model_validate({**CONFIGURED.model_dump(), "client_ca": "clients.pem"})
    async with served(app, HELD, Tls(settings, tmp_path, now=NOW)) as port:
        assert await ask(port, trusting(issuer, client=tmp_path / "platform")) == "https"
        for refused in (None, tmp_path / "stranger"):
            with pytest.raises(httpx.TransportError):
                await ask(port, trusting(issuer, client=refused))


async def test_a_renewed_certificate_is_shown_to_who_connects_next(tmp_path: Path, issuer: Issuer) -> None:
    issuer.issue(tmp_path, serial=1)
    tls = Tls(CONFIGURED, tmp_path, now=NOW)
    async with served(app, HELD, tls) as port:
        assert await name_of(port, trusting(issuer)) == "tls 1"
        assert tls.refresh(NOW) is False
        issuer.issue(tmp_path, serial=2, ends=NOW + timedelta(days=200))
        assert tls.refresh(NOW) is True
        assert await name_of(port, trusting(issuer)) == "tls 2"
        assert tls.until > NOW + timedelta(days=199)


async def test_a_renewal_that_went_wrong_leaves_the_old_certificate(tmp_path: Path, issuer: Issuer) -> None:
    issuer.issue(tmp_path, serial=1)
    tls = Tls(CONFIGURED, tmp_path, now=NOW)
    async with served(app, HELD, tls) as port:
        issuer.issue(tmp_path, serial=2)
        (tmp_path / "tls.key").write_text("half a fi", encoding="utf-8")
        with pytest.raises(TlsError, match=r"tls\.key: this is not a private key in PEM"):
            tls.refresh(NOW)
        assert await name_of(port, trusting(issuer)) == "tls 1"
        (tmp_path / "tls.crt").unlink()
        with pytest.raises(TlsError, match=r"tls\.crt: there is no such file"):
            tls.refresh(NOW)
        assert await name_of(port, trusting(issuer)) == "tls 1"
        issuer.issue(tmp_path, serial=3)
        assert tls.refresh(NOW)
        assert await name_of(port, trusting(issuer)) == "tls 3"


async def test_the_files_are_looked_at_while_it_runs(
    tmp_path: Path, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls_module, "EVERY", timedelta(milliseconds=5))
    issuer.issue(tmp_path, ends=NOW + SOON / 2)
    tls = Tls(CONFIGURED, tmp_path, now=NOW)
    with structlog.testing.capture_logs() as logs:
        async with asyncio.timeout(PATIENCE_S):
            watching = asyncio.create_task(watch(tls, lambda: NOW))
            async for _ in turns():
                if logs:
                    break
            assert "the certificate ends on" in logs[0]["problem"]
            issuer.issue(tmp_path)
            async for _ in turns():
                if logs[-1]["log_level"] == "info":
                    break
            (tmp_path / "tls.key").write_text("", encoding="utf-8")
            async for _ in turns():
                if logs[-1]["log_level"] == "error" and "tls.key" in logs[-1]["problem"]:
                    break
        watching.cancel()
    assert sum("ends on" in one.get("problem", "") for one in logs) == 1


async def turns() -> AsyncIterator[None]:
    """Give the loop to others, again and again."""
    while True:
        await asyncio.sleep(0.002)
        yield


def refused(folder: Path, **keys: str) -> str:
    """Give how TLS as configured is refused."""
    settings = TlsSettings.model_validate({**CONFIGURED.model_dump(exclude_none=True), **keys})
    with pytest.raises(TlsError) as told:
        Tls(settings, folder, now=NOW)
    return str(told.value)


def test_what_cannot_work_is_told_with_the_file_and_what_to_do(tmp_path: Path, issuer: Issuer) -> None:
    issuer.issue(tmp_path)
    issuer.issue(tmp_path, "other")
    issuer.issue(tmp_path, "locked", password="open sesame")
    issuer.issue(tmp_path, "over", begins=NOW - timedelta(days=9), ends=NOW - timedelta(days=2))
    issuer.issue(tmp_path, "early", begins=NOW + timedelta(days=2))
    (tmp_path / "folder").mkdir()
    (tmp_path / "text").write_text("no certificate", encoding="utf-8")
    at = f"{tmp_path}/"
    missing = "there is no such file; write another"
    assert refused(tmp_path, certificate="no.crt") == f"{at}no.crt: {missing} `certificate` under `api: tls:`"
    assert refused(tmp_path, key="no.key") == f"{at}no.key: {missing} `key` under `api: tls:`"
    assert refused(tmp_path, client_ca="no.pem") == f"{at}no.pem: {missing} `client_ca` under `api: tls:`"
    assert refused(tmp_path, certificate="folder").startswith(f"{at}folder: cannot be read (Is a directory)")
    assert "text: this holds no certificate in PEM" in refused(tmp_path, certificate="text")
    assert "text: this holds no certificate in PEM" in refused(tmp_path, client_ca="text")
    assert "text: this is not a private key in PEM" in refused(tmp_path, key="text")
    assert f"other.key: this is not the key of {at}tls.crt" in refused(tmp_path, key="other.key")
    locked = {"certificate": "locked.crt", "key": "locked.key"}
    assert "locked.key: the key is encrypted; write its password" in refused(tmp_path, **locked)
    assert "PEM with this `key_password`" in refused(tmp_path, **locked, key_password="wrong")
    assert "tls.key: the key is not encrypted; leave out `key_password`" in refused(tmp_path, key_password="any")
    over = refused(tmp_path, certificate="over.crt", key="over.key")
    assert over == f"{at}over.crt: the certificate of `api: tls:` ended on {NOW - timedelta(days=2):%Y-%m-%d}; renew it"
    assert "early.crt: the certificate of `api: tls:` is not valid before" in refused(
        tmp_path, certificate="early.crt", key="early.key"
    )


def test_a_certificate_of_an_unknown_kind_is_told_as_well(tmp_path: Path, issuer: Issuer) -> None:
    issuer.issue(tmp_path)
    known = x509.load_pem_x509_certificate((tmp_path / "tls.crt").read_bytes())
    p256 = bytes.fromhex("06082a8648ce3d030107")
    strange = x509.load_der_x509_certificate(known.public_bytes(Encoding.DER).replace(p256, p256[:-1] + b"\x09"))
    (tmp_path / "tls.crt").write_bytes(strange.public_bytes(Encoding.PEM))
    assert "tls.crt: the certificate of `api: tls:` is of a kind that is not known here" in refused(tmp_path)


def test_check_looks_at_the_files(tmp_path: Path, issuer: Issuer) -> None:
    install(tmp_path)
    main = tmp_path / "parkline.yaml"
    text = main.read_text(encoding="utf-8")
    main.write_text(text.replace("open_page: true", "tls: { certificate: tls.crt, key: tls.key }"), encoding="utf-8")
    told = CliRunner().invoke(check, [str(tmp_path)])
    assert told.exit_code == 2
    assert f"{tmp_path}/tls.crt:1:1: there is no such file; write another `certificate`" in told.stderr
    issuer.issue(tmp_path)
    issuer.issue(tmp_path, "other")
    assert CliRunner().invoke(check, [str(tmp_path)]).exit_code == 0
    (tmp_path / "other.key").replace(tmp_path / "tls.key")
    told = CliRunner().invoke(check, [str(tmp_path), "--output", "json"])
    assert told.exit_code == 2
    assert "this is not the key of" in json.loads(told.stdout)[0]["message"]


async def test_the_role_listens_by_tls_or_says_why_not(tmp_path: Path, issuer: Issuer) -> None:
    port = install(tmp_path)
    main = tmp_path / "parkline.yaml"
    text = main.read_text(encoding="utf-8")
    main.write_text(text.replace("open_page: true", "tls: { certificate: tls.crt, key: tls.key }"), encoding="utf-8")
    with pytest.raises(TlsError, match=r"tls\.crt: there is no such file"):
        await serve(load(tmp_path), asyncio.Event())
    issuer.issue(tmp_path)
    stop = asyncio.Event()
    role = asyncio.create_task(serve(load(tmp_path), stop))
    async with asyncio.timeout(PATIENCE_S), httpx.AsyncClient(verify=trusting(issuer)) as client:
        async for _ in turns():
            try:
                answer = await client.get(f"https://127.0.0.1:{port}/healthz")
            except httpx.ConnectError:
                continue
            break
        assert answer.status_code == 200
        assert answer.headers["strict-transport-security"]
        stop.set()
        await role
