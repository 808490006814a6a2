"""The promise, attacked: a change that never arrived lies in a gap that is told, and that nothing fills wrongly.

An edge node with one device changes its values, sends them, loses messages, is asked and born again, dies, and is cut
off from the collector; it stamps births with the time of the last change. Whatever happens, every change that was not
delivered is in what is left of the gaps once the edge node has been born again.

One loss nobody can see, since a birth begins to count anew: all births of a rebirth, and as many messages before it
as make the next number the one that is due. So no step loses them all.
"""

from dataclasses import dataclass

from hypothesis import example, given, settings
from hypothesis import strategies as st

from adapters.sources.contract import Point
from adapters.sources.sparkplug.decode import Decoded
from adapters.sources.sparkplug.payload_pb2 import Metric
from tests.adapters.sparkplug.messages import NOON, address, bd_seq, decoder, filled, gaps, message, metric, ns, samples

SIGNALS = ("a", "b", "c")


class World:
    """An edge node, the source that listens to it, and the ledger."""

    def __init__(self) -> None:
        self.now = NOON
        self.decoder = decoder(*(Point(name, "float", address(name)) for name in SIGNALS), reorder="2 s")
        self.values: dict[str, tuple[float, int]] = dict.fromkeys(SIGNALS, (0.0, NOON - 10_000))
        self.changes: set[tuple[str, int]] = set()
        self.delivered: set[tuple[str, int]] = set()
        self.missing: dict[str, list[tuple[int, int]]] = {signal: [] for signal in SIGNALS}
        self.seq = 0
        self.session = 0
        self.alive = True
        self.cut: int | None = None
        self.see(self.decoder.opened(self.clock, ns(self.now), None))
        self.rebirth()

    @property
    def clock(self) -> float:
        return (self.now - NOON) / 1000

    def see(self, decoded: Decoded) -> None:
        """Enter what the source tells into the ledger, in order."""
        self.delivered |= {(signal, at) for signal, at, *_ in samples(decoded)}
        for start, end, signals, _ in gaps(decoded):
            for signal in signals:
                self.missing[signal].append((start, end))
        for start, end, signals, _ in filled(decoded):
            for signal in signals:
                cut = [((s, min(e, start)), (max(s, end), e)) for s, e in self.missing[signal]]
                self.missing[signal] = [part for two in cut for part in two if part[0] < part[1]]

    def wait(self, ms: int) -> None:
        """Let time pass."""
        self.now += ms
        if self.cut is None:
            self.see(self.decoder.tick(self.clock, ns(self.now)))

    def send(self, verb: str, *metrics: Metric, lost: bool = False) -> None:
        """Send a message of the edge node or its device."""
        one = message(verb, "press" if verb[0] == "D" else "", self.seq, self.now, *metrics)
        self.seq = (self.seq + 1) % 256
        if self.cut is None and not lost:
            self.see(self.decoder.decode([one], self.clock))

    def change(self, names: frozenset[str], *, lost: bool) -> None:
        """Change values, to ones that they have had before, too; the edge node reports it if it is there."""
        self.wait(7)
        at = self.now - 2
        for name in names:
            self.values[name] = (1.0 - self.values[name][0], at)
            self.changes.add((name, at))
        if self.alive:
            self.send("DDATA", *(metric(SIGNALS.index(n), *self.values[n]) for n in sorted(names)), lost=lost)

    def rebirth(self, *, lost: tuple[str, ...] = ()) -> None:
        """Be born again."""
        if self.alive:
            self.wait(3)
            self.seq = 0
            self.send("NBIRTH", bd_seq(self.session, self.now), lost="NBIRTH" in lost)
            reports = [metric(name, *self.values[name], alias=n) for n, name in enumerate(SIGNALS)]
            self.send("DBIRTH", *reports, lost="DBIRTH" in lost)

    def die(self, *, lost: bool) -> None:
        """Be gone, with or without the broker's word of it."""
        if self.alive:
            self.wait(5)
            self.alive = False
            if self.cut is None and not lost:
                death = message("NDEATH", "", 0, self.now, bd_seq(self.session, self.now))
                self.see(self.decoder.decode([death], self.clock))

    def come_back(self) -> None:
        """Begin a new session."""
        if not self.alive:
            self.alive = True
            self.session += 1
            self.rebirth()

    def lose_the_link(self) -> None:
        """Be cut off from the collector."""
        if self.cut is None:
            self.cut = self.now

    def link_again(self) -> None:
        """Be linked again; the collector itself notes that the link was down, from a second earlier on."""
        if self.cut is not None:
            broke, self.cut = self.cut, None
            self.now += 2
            for signal in SIGNALS:
                self.missing[signal].append((broke - 1_000, self.now))
            self.see(self.decoder.opened(self.clock, ns(self.now), ns(broke)))

    def settle(self) -> None:
        """Have all said that there is to say."""
        self.link_again()
        self.come_back()
        self.rebirth()
        self.wait(10_000)


@dataclass(frozen=True)
class Step:
    """Something that happens: a method of the world, and what it is given."""

    name: str
    given: tuple[tuple[str, object], ...]

    def take(self, world: World) -> None:
        getattr(world, self.name)(**dict(self.given))


def step(name: str, **given: object) -> Step:
    return Step(name, tuple(given.items()))


CHANGE = [
    step("change", names=frozenset(names), lost=lost)
    for names in (("a",), ("b",), ("a", "b"), ("a", "b", "c"))
    for lost in (False, True)
]
REST = [
    *(step("wait", ms=ms) for ms in (1, 1_500, 2_500, 70_000)),
    *(step("rebirth", lost=lost) for lost in ((), ("NBIRTH",), ("DBIRTH",))),
    *(step("die", lost=lost) for lost in (False, True)),
    *(step(name) for name in ("come_back", "lose_the_link", "link_again")),
]
STEPS = st.lists(st.sampled_from(CHANGE) | st.sampled_from(REST), max_size=25)


@settings(max_examples=100, deadline=None)
@given(STEPS)
@example([CHANGE[1], step("rebirth")])
@example([CHANGE[1], CHANGE[1], step("rebirth")])
def test_every_change_arrived_or_lies_in_a_gap_that_is_open(steps: list[Step]) -> None:
    world = World()
    for one in steps:
        one.take(world)
    world.settle()
    unaccounted = {
        (signal, at - NOON)
        for signal, at in world.changes - world.delivered
        if not any(start <= at < end for start, end in world.missing[signal])
    }
    assert not unaccounted, steps


@settings(max_examples=50, deadline=None)
@given(STEPS)
def test_where_nothing_changed_nothing_stays_open(steps: list[Step]) -> None:
    quiet = [one for one in steps if one not in CHANGE]
    world = World()
    for one in quiet:
        one.take(world)
    world.settle()
    assert world.missing == {signal: [] for signal in SIGNALS}
