"""Posting: to the address that was judged, as the host that was asked for, and with little patience."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from api import posting
from api.posting import Poster, Said, is_own, look_up
from api.reachable import UnreachableError
from collector.settings import HookSettings
from tests.adapters.channels.receiver import HttpReceiver, Reply

HERE = HookSettings(allow=("127.0.0.1",), http=True)
"""This machine may be posted to, at one of its addresses."""

PUBLIC = "93.184.216.34"


class Names:
    """A name server that answers otherwise each time; the last answer holds for all that follow."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        del port
        self.asked.append(host)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture
async def receiver() -> AsyncIterator[HttpReceiver]:
    async with HttpReceiver() as running:
        yield running


async def post(poster: Poster, url: str) -> Said:
    async with poster.way(url) as way:
        return await way.post({"X-Test": "1"}, b"{}")


async def test_a_receiver_is_posted_to_by_its_name(receiver: HttpReceiver) -> None:
    said = await post(Poster(HERE, Names(["127.0.0.1"])), f"http://hooks.example:{receiver.port}/a/b?c=%20d")
    assert (said.status, said.good, said.answer) == (204, True, "")
    (request,) = receiver.requests
    assert (request.method, request.path, request.params) == ("POST", "/a/b", {"c": " d"})
    assert request.headers["host"] == f"hooks.example:{receiver.port}"
    assert request.headers["x-test"] == "1"


async def test_a_name_that_leads_elsewhere_later_is_not_followed(receiver: HttpReceiver) -> None:
    names = Names([PUBLIC], ["127.0.0.1"])
    poster = Poster(HookSettings(ports=(receiver.port,)), names)
    target = await poster.check(f"https://hooks.example:{receiver.port}/")
    assert target.host == "hooks.example"
    said = await post(poster, target.url)
    assert said.status is None
    assert "allow" in said.answer
    assert "127" not in said.answer
    assert len(names.asked) == 2
    assert receiver.links == 0


async def test_between_judging_and_connecting_nobody_is_asked_again(receiver: HttpReceiver) -> None:
    names = Names(["127.0.0.1"], ["127.0.0.2"])
    poster = Poster(HERE, names)
    async with poster.way(f"http://hooks.example:{receiver.port}/") as way:
        assert (await way.post({}, b"1")).good
        assert len(names.asked) == 1
        assert not (await way.post({}, b"2")).good  # now it leads elsewhere, kept connection or not
    assert [request.body for request in receiver.requests] == [b"1"]


@pytest.mark.parametrize(
    "addresses",
    [
        ["10.0.0.1"],
        [PUBLIC, "10.0.0.1"],
        ["127.0.0.2"],
        ["::1"],
        ["fe80::1%eth0"],
        ["::ffff:93.184.216.34"],
        [],
        ["nonsense"],
    ],
)
async def test_one_address_that_may_not_be_posted_to_is_one_too_many(addresses: list[str]) -> None:
    with pytest.raises(UnreachableError, match=r"hooks\.example is not known, or leads where"):
        await Poster(HERE, Names(addresses)).check("https://hooks.example/")


async def test_this_machine_is_not_posted_to_by_its_public_address() -> None:
    poster = Poster(HookSettings(), Names([PUBLIC]), own=lambda address: str(address) == PUBLIC)
    for url in ("https://hooks.example/", f"https://{PUBLIC}/"):
        with pytest.raises(UnreachableError):
            await poster.check(url)
    await Poster(HookSettings(allow=(PUBLIC,)), Names([PUBLIC]), own=lambda _: True).check("https://hooks.example/")
    assert is_own(ip_address("127.0.0.1"))
    assert not is_own(ip_address("192.0.2.1"))


async def test_the_next_address_is_tried_where_nobody_listens(receiver: HttpReceiver) -> None:
    settings = HookSettings(allow=("127.0.0.0/8",), http=True)
    said = await post(Poster(settings, Names(["127.0.0.9", "127.0.0.1"])), f"http://hooks.example:{receiver.port}/")
    assert said.good


async def test_nobody_is_followed_elsewhere(receiver: HttpReceiver) -> None:
    async with HttpReceiver() as elsewhere:
        receiver.rule = lambda _: Reply(307, headers={"Location": elsewhere.url})
        said = await post(Poster(HERE), receiver.url)
        assert (said.status, said.good) == (307, False)
        assert "we follow nobody" in said.answer
        assert elsewhere.links == 0


async def test_an_answer_is_kept_short_and_without_signs_that_fool_a_log(receiver: HttpReceiver) -> None:
    receiver.rule = lambda _: Reply(500, "no\r\n2026-11-24 forged \x1b[31m\u202eline\0 ".encode() + b"x" * 100_000)
    said = await post(Poster(HERE), receiver.url)
    assert said.status == 500
    assert said.answer.startswith("no 2026-11-24 forged [31m line x")
    assert said.answer.isprintable()
    assert len(said.answer) == 200


async def test_who_asks_for_a_while_is_heard(receiver: HttpReceiver) -> None:
    receiver.rule = lambda _: Reply(429, headers={"Retry-After": "17"})
    assert (await post(Poster(HERE), receiver.url)).wait == 17


async def test_a_receiver_that_is_gone_or_says_nothing_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    async with HttpReceiver() as receiver:
        address = receiver.url
    said = await post(Poster(HERE), address)
    assert said.status is None
    assert said.answer.startswith(f"nobody listens at {address}")
    monkeypatch.setattr(posting, "PATIENCE_S", 0.1)
    silent = asyncio.Event()

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        await silent.wait()
        writer.close()

    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    said = await post(Poster(HERE), f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
    assert "does not answer within 0.1 s" in said.answer
    silent.set()
    server.close()
    await server.wait_closed()


async def test_a_connection_that_the_receiver_closed_behind_its_answer_costs_no_attempt() -> None:
    closed: asyncio.Queue[None] = asyncio.Queue()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"{}")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await reader.read(1)  # it closes when the next request comes
        writer.close()
        closed.put_nowait(None)

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    async with Poster(HERE).way(url) as way:
        assert [(await way.post({}, b"{}")).status for _ in range(3)] == [200, 200, 200]
    for _ in range(3):
        await closed.get()
    server.close()
    await server.wait_closed()


async def test_where_nobody_can_be_trusted_nothing_is_posted(tmp_path: Path) -> None:
    async with HttpReceiver() as receiver:
        settings = HookSettings(allow=("127.0.0.1",), ca=tmp_path / "none.pem")
        said = await post(Poster(settings), f"https://127.0.0.1:{receiver.port}/")
        assert said.status is None
        assert "`api: webhooks: ca`" in said.answer
        assert receiver.links == 0


async def test_an_answer_that_does_not_end_was_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "PATIENCE_S", 0.1)
    silent = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"{}")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome")
        await silent.wait()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    said = await post(Poster(HERE), f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
    assert (said.status, said.good, said.answer) == (200, True, "some")
    silent.set()
    server.close()
    await server.wait_closed()


def certified(folder: Path, name: str) -> ssl.SSLContext:
    """Make a certificate of a name, signed by itself; give what a server needs of it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "tls.crt").write_bytes(certificate.public_bytes(Encoding.PEM))
    (folder / "tls.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "tls.crt", folder / "tls.key")
    return context


async def test_tls_holds_the_name_though_an_address_is_connected_to(tmp_path: Path) -> None:
    async with HttpReceiver(certified(tmp_path, "hooks.example")) as receiver:
        settings = HookSettings(allow=("127.0.0.1",), ca=tmp_path / "tls.crt")
        good = Poster(settings, Names(["127.0.0.1"]))
        assert (await post(good, f"https://hooks.example:{receiver.port}/")).good
        said = await post(good, f"https://other.example:{receiver.port}/")
        assert said.status is None
        assert "certificate" in said.answer
        said = await post(good, f"https://127.0.0.1:{receiver.port}/")
        assert "certificate" in said.answer
        stranger = Poster(HookSettings(allow=("127.0.0.1",)), Names(["127.0.0.1"]))
        assert "certificate" in (await post(stranger, f"https://hooks.example:{receiver.port}/")).answer
    assert len(receiver.requests) == 1


async def test_names_are_looked_up_by_this_machine() -> None:
    assert "127.0.0.1" in await look_up("localhost", 443)
