"""Alerts: what a detector says about one machine, from when until when.

    begins ──► active (`ended` is None) ──► ends

An alert is told apart by (detector, signal, key, began), and its id is made from these: the same samples give the
same alerts, however often and in whatever portions they are looked at. It begins when its cause began, not when it
was noticed: a limit's delay, a slow link or a restart does not move `began`. While it lasts, its severity may rise
(a warning that became a fault) but it stays one alert.

What it says is a code and parameters; `analytics.sayings` renders them in the reader's language.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Literal, TypeAlias

from collector.park import Severity

Language: TypeAlias = Literal["zh", "en"]
"""The languages that alerts speak."""

When: TypeAlias = Literal["always", "machine_runs", "line_runs"]
"""When an alert is told; otherwise it is suppressed by design."""


@dataclass(frozen=True, slots=True)
class Contribution:
    """How much one signal has to do with an alert of several."""

    signal: str
    """Path of the signal."""

    share: float
    """Its part of what was found, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert, as far as its life has come."""

    equipment: str
    """Path of the machine it is about; of the line, where it is about a link."""

    signal: str
    """What it was seen on: path of the signal; of the machine, where several signals or its states tell it together;
    `source:NAME` for a link."""

    detector: str
    """What saw it: slug of a detector of the catalogue, such as `limit` or `condition`."""

    key: str
    """Which of these alerts it is: the limit (`high:80`), the condition's native code (`345`), or the detector's own
    word."""

    severity: Severity
    """Priority: how soon somebody must act."""

    code: str
    """What it says: a key of the detector's texts."""

    value: str
    """The value that began it, as text; for a condition the report as it came."""

    began: datetime
    """When its cause began, UTC, in the source's own time."""

    ended: datetime | None = None
    """When its cause was gone, UTC; None while it lasts."""

    parameters: Mapping[str, str] = field(default_factory=dict)
    """What stands in the braces of the text."""

    contributions: tuple[Contribution, ...] = ()
    """Which signals tell it together, those that tell most first; none where one signal alone does."""

    latching: bool = False
    """Whether it stays active after its cause is gone, until somebody resets it."""

    when: When = "always"
    """When it is told; otherwise it is suppressed by design."""

    @property
    def id(self) -> str:
        """Sixteen hexadecimal digits made from what tells it apart."""
        return alert_id(self.detector, self.signal, self.key, self.began)

    @property
    def point(self) -> str:
        """The id of its alarm point: sixteen hexadecimal digits made from detector, signal and key."""
        return point_id(self.detector, self.signal, self.key)

    @property
    def active(self) -> bool:
        """Whether it lasts."""
        return self.ended is None


def alert_id(detector: str, signal: str, key: str, began: datetime) -> str:
    """Give the id of the alert that is told apart by these four."""
    return blake2b(f"{detector}\0{signal}\0{key}\0{began.isoformat()}".encode(), digest_size=8).hexdigest()


def point_id(detector: str, signal: str, key: str) -> str:
    """Give the id of the alarm point that is told apart by these three."""
    return blake2b(f"{detector}\0{signal}\0{key}".encode(), digest_size=8).hexdigest()
