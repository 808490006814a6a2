"""Which addresses may be posted to for a caller, who must not reach through us what they cannot reach themselves: pure.

    a URL      is taken apart by one strict grammar and written anew, so that nobody further on reads it otherwise
    a host     of letters, digits and hyphens, or an address in its one usual spelling; octal, hexadecimal and shortened
               numbers are hosts nowhere
    an address is public: of IPv4 none of IANA's special-purpose registry; of IPv6 global unicast, and none that stands
               for another (mapped, 6to4, Teredo, NAT64)

What `api: webhooks: allow` names may be posted to in spite of that. A name is looked up when it is connected to, and
the connection goes to the very address that was found good (`api.posting`).
"""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final, TypeAlias

from collector.settings import HookSettings

LONGEST: Final = 2000
"""Characters of a URL."""

Address: TypeAlias = IPv4Address | IPv6Address

_URL: Final = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[^\]/?#@]*\]|[^\[\]:/?#@]*)(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>/[^?#]*)?(?P<query>\?[^#]*)?",
    re.IGNORECASE,
)
_SENT: Final = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*")
_LABEL: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
_LONGEST_HOST: Final = 253
_PORTS: Final = {"https": 443, "http": 80}

_NOT_PUBLIC_4: Final = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",  # this host, this network
            "10.0.0.0/8",  # private
            "100.64.0.0/10",  # shared by a carrier's customers; a cloud's metadata, too
            "127.0.0.0/8",  # loopback
            "168.63.129.16/32",  # a cloud's own services, at an address that looks public
            "169.254.0.0/16",  # link-local, and the metadata of clouds
            "172.16.0.0/12",  # private
            "192.0.0.0/24",  # of protocols
            "192.0.2.0/24",  # documentation
            "192.88.99.0/24",  # relays of 6to4
            "192.168.0.0/16",  # private
            "198.18.0.0/15",  # benchmarks
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, broadcast
        ),
    )
)

_UNICAST_6: Final = ip_network("2000::/3")
_NOT_PUBLIC_6: Final = tuple(
    map(
        ip_network,
        (
            "2001::/23",  # of protocols, Teredo among them
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4: an IPv4 address in other words
            "3fff::/20",  # documentation
        ),
    )
)


class UnreachableError(ValueError):
    """It may not be posted to; the text says why and what to write instead, and is fit for the caller."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where to post to."""

    scheme: str
    """`https` or `http`."""

    host: str
    """A name in small letters without a dot at its end, or an address."""

    port: int
    """The port."""

    path: str
    """Path and query, as they are sent."""

    @property
    def address(self) -> Address | None:
        """The address that the host is; None where it is a name."""
        return _address(self.host)

    @property
    def authority(self) -> str:
        """Host and port as the header `Host` has them: without the port that is usual."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """Scheme, host and port: what may be told of it, for the rest may hold a secret."""
        return f"{self.scheme}://{self.authority}"

    @property
    def url(self) -> str:
        """The whole of it."""
        return self.origin + self.path


def target_of(url: str, settings: HookSettings) -> Target:
    """Take a URL apart; raises UnreachableError where it is none that may be posted to, wherever its name leads."""
    match = _URL.fullmatch(url)
    if len(url) > LONGEST or match is None:
        msg = (
            f"write a whole address of at most {LONGEST} characters, like https://platform.example/hooks/parkline, "
            "without a user, a password and `#`"
        )
        raise UnreachableError(msg)
    scheme, host, path = match["scheme"].lower(), _host(match["host"]), (match["path"] or "/") + (match["query"] or "")
    if _SENT.fullmatch(path) is None:
        msg = "its path holds what must be written otherwise in an address, such as %20 for a blank"
        raise UnreachableError(msg)
    port = int(match["port"]) if match["port"] else _PORTS[scheme]
    if not 0 < port < 2**16:
        msg = f"there is no port {port}"
        raise UnreachableError(msg)
    target = Target(scheme, host, port, path)
    _check(target, settings)
    return target


def is_public(address: Address) -> bool:
    """Tell whether an address is one of the public internet, and of itself alone."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_4)
    return (
        address.scope_id is None and address in _UNICAST_6 and not any(address in network for network in _NOT_PUBLIC_6)
    )


def is_named(host: str, settings: HookSettings) -> bool:
    """Tell whether a host is allowed by its name, wherever that leads."""
    return _address(host) is None and host in settings.allow


def is_allowed(address: Address, settings: HookSettings) -> bool:
    """Tell whether an address is in a network that is allowed."""
    networks = [ip_network(one) for one in settings.allow if _is_network(one)]
    return any(address.version == network.version and address in network for network in networks)


def may_connect(target: Target, address: Address, settings: HookSettings) -> bool:
    """Tell whether an address that a target's host was found at may be connected to."""
    if is_named(target.host, settings) or is_allowed(address, settings):
        return True
    return target.scheme == "https" and target.port in settings.ports and is_public(address)


def _host(text: str) -> str:
    """Give a host in its one spelling; raises UnreachableError."""
    if text.startswith("["):
        address = _address(text[1:-1])
        if not isinstance(address, IPv6Address) or address.scope_id is not None:
            msg = "what stands between [ and ] is no IPv6 address"
            raise UnreachableError(msg)
        return str(address)
    if not text.isascii():
        msg = "write the host in ASCII, as its registry has it: xn--…"
        raise UnreachableError(msg)
    name = text.lower().removesuffix(".")
    labels = name.split(".")
    if len(name) > _LONGEST_HOST or not all(map(_LABEL.fullmatch, labels)):
        msg = f"{text[:100]!r} is no host; write its name alone, like platform.example"
        raise UnreachableError(msg)
    if _NUMBER.fullmatch(labels[-1]) and (text != name or _address(name) is None):
        msg = f"{text[:100]!r} is no address; write it as four numbers from 0 to 255, or write a name"
        raise UnreachableError(msg)
    return name


def _check(target: Target, settings: HookSettings) -> None:
    """Refuse what could not be connected to, wherever its name leads; raises UnreachableError."""
    address = target.address
    if address is not None and not may_connect(target, address, settings):
        raise UnreachableError(_advice(target, settings))
    if address is None and not is_named(target.host, settings):
        if "." not in target.host:
            msg = f"{target.host!r} is a name of the park's own network; {_ALLOW}"
            raise UnreachableError(msg)
        inside = any(map(_is_network, settings.allow))  # the name may lead there, where port and scheme are free
        if not inside and (target.scheme != "https" or target.port not in settings.ports):
            raise UnreachableError(_advice(target, settings))
    if target.scheme == "http" and not settings.http:
        msg = "write https://; an administrator can let receivers in `api: webhooks: allow` have `http: true`"
        raise UnreachableError(msg)


def _advice(target: Target, settings: HookSettings) -> str:
    if target.scheme != "https":
        return "write https://"
    if target.port not in settings.ports:
        return f"write one of the ports {', '.join(map(str, settings.ports))}"
    return f"{target.host} is no public address; {_ALLOW}"


_ALLOW: Final = "write one that is public, or have an administrator add it to `api: webhooks: allow`"


def _address(text: str) -> Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def _is_network(text: str) -> bool:
    return "/" in text
