"""What is known of each edge node and of the devices behind it: pure.

    unknown ── birth ──► born ── death ──► dead ── birth ──► born
                          └─ numbers left out ─► lost, until the next birth

A birth names the metrics, their types and the numbers (aliases) that stand for them until the next one. All instants
are nanoseconds since 1970, UTC, in the edge node's own time as far as its messages tell it; `clock` is seconds of a
clock that is never set.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from adapters.sample import ValueType
from adapters.sources.contract import GapKind
from adapters.sources.sparkplug.payload_pb2 import Metric, Payload
from adapters.sources.sparkplug.sequence import Sequence

BD_SEQ = "bdSeq"
"""Name of the metric that ties a death to its birth."""


class Wanted(NamedTuple):
    """A signal that a metric carries."""

    signal: str
    """Its path."""

    type: ValueType
    """Its declared type."""


class Entry(NamedTuple):
    """A metric of a birth."""

    name: str
    """Its name."""

    datatype: int
    """Its data type; 0 where the birth does not tell."""

    wanted: tuple[Wanted, ...]
    """The signals that it carries; empty: none."""


class Table:
    """The metrics of one birth."""

    def __init__(self, metrics: Iterable[Metric], wanted: dict[str, tuple[Wanted, ...]]) -> None:
        self.names: dict[str, Entry] = {}
        """The wanted ones by name; those that the birth does not name are here without a type."""
        self.aliases: dict[int, Entry] = {}
        """All that have an alias, by alias."""
        self.absent: list[str] = []
        """Wanted metrics that the birth does not name."""
        self.all: list[str] = []
        """Names of all its metrics."""
        for metric in metrics:
            name = metric.name
            entry = Entry(name, metric.datatype, wanted.get(name, ()))
            self.all.append(name)
            if entry.wanted:
                self.names[name] = entry
            if metric.HasField("alias"):
                self.aliases[metric.alias] = entry
        for name, signals in wanted.items():
            if name not in self.names:
                self.absent.append(name)
                self.names[name] = Entry(name, 0, signals)


@dataclass(slots=True)
class Lost:
    """Why the present values of some signals are not known, and since when."""

    since: int
    """First instant that may be missing."""

    told: int
    """Up to where that has been told as a gap; `since`: not at all."""

    cause: str
    """What happened, in words for a person."""

    kind: GapKind
    """What happened, in one word."""

    until: float | None
    """By the clock, when a suspicion becomes a fact; None: it is one."""

    again: float
    """By the clock, when the gap is told again up to the present."""

    back: dict[str, int] = field(default_factory=dict)
    """Signals that have reported since, and the time of that."""

    done: set[str] = field(default_factory=set)
    """Those of `back` whose end of the gap has been told."""


@dataclass(slots=True)
class Device:
    """A device behind an edge node, or (with an empty name) the edge node itself, as the owner of metrics."""

    name: str
    """Device id."""

    wanted: dict[str, tuple[Wanted, ...]] = field(default_factory=dict)
    """The signals by name of their metric."""

    table: Table | None = None
    """Its metrics; None while it is not born."""

    lost: Lost | None = None
    """Why its present values are not known; None: they are."""

    floor: int | None = None
    """First instant that the last gap of it may miss; None: there was none, or it began before this process."""

    proven: int | None = None
    """Since when numbers in a row, or a birth, have shown that nothing was missing, up to `floor`; None: never."""

    died: int | None = None
    """The time of its death, as long as samples say so; None: it lives, or has never lived."""

    unknown_told: frozenset[str] = frozenset()
    """Wanted metrics that its last birth did not name, and that a refusal has told of."""

    @property
    def signals(self) -> tuple[str, ...]:
        """Paths of its signals."""
        return tuple(one.signal for some in self.wanted.values() for one in some)


@dataclass(slots=True)
class History:
    """Late values of an edge node, since its birth."""

    first: int
    """Time of the earliest."""

    last: int
    """Time of the latest."""

    signals: dict[str, None] = field(default_factory=dict)
    """Paths of the signals that had any, in order."""

    news: bool = True
    """Whether there are some that have not been told of."""


@dataclass(slots=True)
class EdgeNode:
    """One edge node."""

    group: str
    """Group id."""

    name: str
    """Edge node id."""

    sequence: Sequence
    """The numbers of its messages."""

    devices: dict[str, Device] = field(default_factory=dict)
    """Those that signals are on, by device id; the edge node itself is always there, as the device without a name."""

    alive: bool | None = None
    """Whether it is there; None: nobody knows."""

    bd_seq: int | None = None
    """Number of its birth, the same in its death; None: the birth had none, or there was none."""

    latest: int | None = None
    """Time stamp of its last message; None: there was none."""

    received: int = 0
    """When that arrived."""

    history: History | None = None
    """Its late values since its birth; None: there were none."""

    before_birth: int | None = None
    """Time stamp of the last message before its birth: up to there, numbers show a loss; None: there was none."""

    ask: bool = False
    """Whether a rebirth is wanted of it."""

    ask_at: float = 0.0
    """By the clock, when it may be asked (again)."""

    wait: float = 0.0
    """Seconds that it has to answer, from the next time that it is asked."""

    def own(self, instant: int) -> int:
        """Give what its clock says at `instant` of ours, as far as its messages tell; never before its last message."""
        return instant if self.latest is None else self.latest + max(instant - self.received, 0)

    def heard(self, time: int, received: int) -> None:
        """Note a message."""
        if self.latest is None or time >= self.latest:
            self.latest, self.received = time, received


def bd_seq(payload: Payload) -> int | None:
    """Give the number of a birth or death; None where it has none."""
    for metric in payload.metrics:
        if metric.name == BD_SEQ:
            return metric.long_value if metric.HasField("long_value") else metric.int_value
    return None
