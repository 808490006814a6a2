"""Who may be posted to: the public internet, in plain spelling, and what is allowed by name."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from api.reachable import UnreachableError, is_public, may_connect, target_of
from collector.settings import HookSettings

CLOSED = HookSettings()
"""As nobody has configured anything."""

INSIDE = HookSettings(allow=("10.20.0.0/16", "hooks.park.example"), http=True)
"""A park that lets a network of its own be posted to, and a host."""

ATTACKS = (
    "https://localhost/",
    "https://localhost./",
    "https://LOCALHOST/",
    "https://intranet/",
    "https://127.0.0.1/",
    "https://127.0.0.1./",
    "https://127.1/",
    "https://127.0.1/",
    "https://0/",
    "https://0.0.0.0/",
    "https://2130706433/",
    "https://017700000001/",
    "https://0x7f000001/",
    "https://0x7f.0.0.1/",
    "https://0X7F.1/",
    "https://0177.0.0.1/",
    "https://127.0.0.0x1/",
    "https://127.0.0.1.0x/",
    "https://10.0.0.1/",
    "https://172.16.0.1/",
    "https://192.168.1.1/",
    "https://100.64.0.1/",
    "https://100.100.100.200/",
    "https://168.63.129.16/",
    "https://169.254.169.254/latest/meta-data/",
    "https://192.0.0.192/",
    "https://198.18.0.1/",
    "https://224.0.0.1/",
    "https://240.0.0.1/",
    "https://255.255.255.255/",
    "https://[::]/",
    "https://[::1]/",
    "https://[0:0:0:0:0:0:0:1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[::ffff:8.8.8.8]/",
    "https://[::127.0.0.1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[64:ff9b:1::7f00:1]/",
    "https://[2002:7f00:1::]/",
    "https://[2001:0:7f00:1::]/",
    "https://[fd00:ec2::254]/",
    "https://[fc00::1]/",
    "https://[fe80::1]/",
    "https://[fe80::1%25eth0]/",
    "https://[fec0::1]/",
    "https://[ff02::1]/",
    "https://[2001:db8::1]/",
    "https://[::1",
    "https://::1/",
    "http://platform.example/",
    "ftp://platform.example/",
    "gopher://platform.example/",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "//platform.example/",
    "https:platform.example/",
    "https:/platform.example/",
    "https://",
    "https:///hook",
    "",
    "platform.example",
    "https://user@platform.example/",
    "https://user:secret@platform.example/",
    "https://platform.example@127.0.0.1/",
    "https://platform.example\\@127.0.0.1/",
    "https://platform.example\\.evil.example/",
    "https://127.0.0.1\\@platform.example/",
    "https://platform.example#@127.0.0.1/",
    "https://platform.example/#fragment",
    "https://platform.example/a b",
    "https://platform.example/\r\nHost: evil.example",
    "https://platform.example\r\n.evil.example/",
    "https://platform.example\n",
    " https://platform.example/",
    "https://platform.example/\t",
    "https://platform.example/\0",
    "https://platform.example/%0",
    "https://platform.example/ü",
    "https://ⓛocalhost/",
    "https://①②⑦.⓪.⓪.①/",
    "https://127。0。0。1/",
    "https://plätform.example/",
    "https://platform%2eexample/",
    "https://platform..example/",
    "https://-platform.example/",
    "https://platform_example.example/",
    "https://" + "a." * 130 + "example/",
    "https://platform.example:22/",
    "https://platform.example:0/",
    "https://platform.example:65536/",
    "https://platform.example:-443/",
    "https://platform.example:44 3/",
    "https://platform.example:٤٤٣/",
    "https://platform.example/" + "a" * 2000,
)


@pytest.mark.parametrize("url", ATTACKS)
def test_what_might_lead_elsewhere_is_refused(url: str) -> None:
    with pytest.raises(UnreachableError):
        target_of(url, CLOSED)


@pytest.mark.parametrize(
    ("url", "written"),
    [
        ("https://platform.example", "https://platform.example/"),
        ("HTTPS://Platform.Example./Hooks?to=A%20b", "https://platform.example/Hooks?to=A%20b"),
        ("https://platform.example:443/x", "https://platform.example/x"),
        ("https://platform.example:8443/x", "https://platform.example:8443/x"),
        ("https://platform.example?x=1", "https://platform.example/?x=1"),
        ("https://xn--pltform-5wa.example/", "https://xn--pltform-5wa.example/"),
        ("https://8.8.8.8/", "https://8.8.8.8/"),
        ("https://[2606:4700:0::1111]/", "https://[2606:4700::1111]/"),
    ],
)
def test_what_is_public_is_written_in_one_way(url: str, written: str) -> None:
    assert target_of(url, CLOSED).url == written
    assert target_of(written, CLOSED).url == written


def test_what_is_allowed_may_be_anywhere() -> None:
    assert target_of("http://10.20.3.7:8080/x", INSIDE).url == "http://10.20.3.7:8080/x"
    assert target_of("http://hooks.park.example:9000/", INSIDE).port == 9000
    for url in ("http://10.21.0.1/", "https://127.0.0.1/", "https://[::ffff:10.20.3.7]/", "http://8.8.8.8/"):
        with pytest.raises(UnreachableError):
            target_of(url, INSIDE)
    with pytest.raises(UnreachableError, match="https://"):
        target_of("http://10.20.3.7/", HookSettings(allow=("10.20.0.0/16",)))


def test_a_name_is_judged_by_where_it_leads() -> None:
    public, private, own = ip_address("93.184.216.34"), ip_address("10.21.0.1"), ip_address("10.20.3.7")
    name = target_of("https://platform.example/", INSIDE)
    assert may_connect(name, public, INSIDE)
    assert may_connect(name, own, INSIDE)
    assert not may_connect(name, private, INSIDE)
    assert may_connect(target_of("https://hooks.park.example/", INSIDE), private, INSIDE)
    plain = target_of("http://platform.example:8080/", INSIDE)
    assert may_connect(plain, own, INSIDE)
    assert not may_connect(plain, public, INSIDE)


@given(st.ip_addresses(v=4))
def test_of_ipv4_nothing_is_public_that_the_registry_keeps(address: IPv4Address) -> None:
    if is_public(address):
        assert address.is_global
        assert not address.is_multicast


@given(st.ip_addresses(v=6))
def test_of_ipv6_nothing_is_public_that_the_registry_keeps_or_that_stands_for_another(address: IPv6Address) -> None:
    if is_public(address):
        assert address.is_global
        assert (address.ipv4_mapped, address.sixtofour, address.teredo) == (None, None, None)


@pytest.mark.parametrize(
    "wrong", ["10.20.0.1/16", "300.1.1.1", "Hooks.example", "hooks.example:443", "https://x", "*", ""]
)
def test_what_is_allowed_is_written_plainly(wrong: str) -> None:
    with pytest.raises(ValidationError):
        HookSettings(allow=(wrong,))
