"""How much one caller may ask: a bucket of requests for each, which fills by the second.

    RateLimit-Policy: "default";q=200;w=4     at most 200 at once; an empty bucket is full again after 4 s
    RateLimit: "default";r=199;t=1            199 are left; the next one comes within 1 s

Times are seconds of a clock that never goes back. Headers as draft-ietf-httpapi-ratelimit-headers-11 has them: Lists of
Strings with parameters (RFC 9651), whole seconds, rounded up.
"""

from collections import OrderedDict
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from math import ceil, floor
from typing import Final

MOST: Final = 10_000
"""Buckets that are kept."""

_SLACK: Final = 1e-3
"""Part of a request by which a bucket may fall short: who waits as long as it was told is not refused for a rounding of
the clock. It is owed to the bucket, so that nobody gets more in the long run."""


def network_of(peer: str) -> str:
    """Give whose bucket an address shares: its own, of IPv6 that of the /64 in which one host may take any it likes."""
    try:
        address = ip_address(peer)
    except ValueError:
        return peer
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return str(IPv6Address(int(address) >> 64 << 64)) + "/64"
    return peer


@dataclass(frozen=True, slots=True)
class Policy:
    """How much one may ask."""

    per_second: float
    """Requests by which a bucket fills in a second; 0: there is no limit."""

    burst: int
    """Requests that a bucket holds."""

    @property
    def header(self) -> str:
        """The value of `RateLimit-Policy`; for limits only."""
        return f'"default";q={self.burst};w={ceil(self.burst / self.per_second)}'


@dataclass(frozen=True, slots=True)
class Bucket:
    """One caller's bucket, as it stood when it was last looked at."""

    level: float
    """Requests that were in it, from `-_SLACK` to the policy's burst."""

    at: float
    """When, in seconds."""

    def filled(self, policy: Policy, now: float) -> "Bucket":
        """Give it as it stands now."""
        gained = max(0.0, now - self.at) * policy.per_second
        return Bucket(min(float(policy.burst), self.level + gained), max(now, self.at))


@dataclass(frozen=True, slots=True)
class Standing:
    """How a caller stands after it asked."""

    granted: bool
    """Whether it may have what it asked for."""

    left: int
    """Requests that it may ask at once."""

    wait: int
    """Seconds until there is one more, rounded up; 1 or more."""

    @property
    def header(self) -> str:
        """The value of `RateLimit`."""
        return f'"default";r={self.left};t={self.wait}'


class Buckets:
    """The buckets of those who asked last, `most` of them: who is forgotten begins with a full one."""

    def __init__(self, policy: Policy, most: int = MOST) -> None:
        self.policy: Final = policy
        self._most = most
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def look(self, who: str, now: float) -> Standing:
        """Tell how somebody stands, without taking anything; `granted` where there is a request left."""
        return self._standing(self._bucket(who, now))

    def take(self, who: str, now: float) -> Standing:
        """Take a request from somebody's bucket, if there is one."""
        bucket = self._bucket(who, now)
        granted = bucket.level >= 1 - _SLACK
        if granted:
            bucket = Bucket(bucket.level - 1, bucket.at)
        self._buckets[who] = bucket
        self._buckets.move_to_end(who)
        while len(self._buckets) > self._most:
            self._buckets.popitem(last=False)
        return self._standing(bucket, granted=granted)

    def _bucket(self, who: str, now: float) -> Bucket:
        bucket = self._buckets.get(who)
        return Bucket(self.policy.burst, now) if bucket is None else bucket.filled(self.policy, now)

    def _standing(self, bucket: Bucket, *, granted: bool | None = None) -> Standing:
        left = floor(bucket.level + _SLACK)
        wait = max(1, ceil((left + 1 - bucket.level) / self.policy.per_second))
        return Standing(left >= 1 if granted is None else granted, left, wait)
