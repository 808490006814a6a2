"""Messages of edge nodes to columns, and the life cycle that they tell of: pure.

    message ─► topic ─► payload ─► number in order? ─► birth   table of metrics, values, gaps end
                                       │               data    values by name or alias
                                       │               death   BadNoCommunication for each signal, gaps begin
                                       └─ no, and it does not come: gaps begin, a rebirth is asked for

Data whose birth has not come is held, as long as `holding` allows, and decoded with it; what is held in
vain is refused. A value that does not fit is a refusal of its signal, and the other metrics of the message go on. No
input raises. Instants are nanoseconds since 1970, UTC; `clock` is seconds of a clock that is never set.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl
from google.protobuf.message import DecodeError

from adapters.sample import Status, no_refusals, no_samples
from adapters.sources.contract import Filled, GapKind, Missed, Points
from adapters.sources.mqtt.columns import Message, Refused, Row, batch
from adapters.sources.mqtt.unfit import printable
from adapters.sources.sparkplug import topics
from adapters.sources.sparkplug.holding import PATIENCE, Held, Holding
from adapters.sources.sparkplug.missing import AGAIN, Missing, known_again, remember
from adapters.sources.sparkplug.nodes import Device, EdgeNode, Lost, Table, Wanted, bd_seq
from adapters.sources.sparkplug.payload_pb2 import Metric, Payload
from adapters.sources.sparkplug.reading import note, read_metrics
from adapters.sources.sparkplug.sequence import Sequence as Numbers
from adapters.sources.sparkplug.settings import SparkplugAddress, SparkplugSettings
from adapters.sources.sparkplug.topics import Topic, Verb
from adapters.sources.sparkplug.values import BOOLEAN, nanoseconds

LONGEST_WAIT: Final = 600.0
"""Seconds after which an edge node is asked again at the latest, unless `rebirth` is longer."""

BORN_TOGETHER: Final = 5.0
"""Seconds within which the births of devices follow that of their edge node."""

REBIRTH: Final = "Node Control/Rebirth"
"""Name of the metric by which an edge node is asked for a rebirth."""

_NO_COMMUNICATION: Final = int(Status.BAD_NO_COMMUNICATION)
_NANOSECONDS: Final = 1_000_000_000
_MS: Final = 1_000_000
_SHOWN: Final = 8


@dataclass(frozen=True, slots=True)
class Decoded:
    """What became of some messages, or of the passing of time."""

    samples: pl.DataFrame
    """Columns of `SAMPLES`, in order of the messages."""

    refusals: pl.DataFrame
    """Columns of `REFUSALS`, in order of the messages."""

    gaps: tuple[Missed, ...]
    """What may be missing."""

    filled: tuple[Filled, ...]
    """What is not missing any more."""

    asked: tuple[str, ...]
    """Topics of the edge nodes that are now to be asked for a rebirth."""

    @property
    def empty(self) -> bool:
        """Whether there is nothing to deliver."""
        return not (self.samples.height or self.refusals.height or self.gaps or self.filled)


class _Run:
    """One run over some messages, in the making."""

    def __init__(self, source: str, clock: float) -> None:
        self.clock = clock
        self.rows: list[Row] = []
        self.refused = Refused(source)
        self.missing = Missing()


class Decoder:
    """Makes samples of messages, for the points of one source."""

    def __init__(self, source: str, points: Points[SparkplugAddress], settings: SparkplugSettings) -> None:
        """Prepare; `source` is its name, as it stands in refusals."""
        self._source = source
        self._max_payload = settings.max_payload
        self._reorder = settings.reorder.total_seconds()
        self._rebirth = settings.rebirth.total_seconds()
        self._keeps = int(settings.node_history.total_seconds() * _NANOSECONDS)
        self._nodes: dict[tuple[str, str], EdgeNode] = {}
        self._routes: dict[str, Topic] = {}
        self._reports: dict[str, tuple[int, Any]] = {}
        self._holding = Holding()
        self._no_samples, self._no_refusals = no_samples(), no_refusals()
        for point in points:
            address = point.address
            key = (address.group, address.node)
            node = self._nodes.get(key)
            if node is None:
                node = self._nodes[key] = EdgeNode(*key, Numbers(self._reorder), {"": Device("")})
            device = node.devices.setdefault(address.device, Device(address.device))
            wanted = device.wanted.get(address.metric, ())
            device.wanted[address.metric] = (*wanted, Wanted(point.signal, point.type))
        for group, name in self._nodes:
            for topic in self._of(group, name):
                self._routes[topics.written(topic)] = topic

    @property
    def topics(self) -> list[str]:
        """What to subscribe to."""
        return [one for group, node in self._nodes for one in topics.filters(group, node)]

    def opened(self, clock: float, now: int, alive: int | None) -> Decoded:
        """Begin a link: nothing is known of any edge node, and each is asked.

        Args:
            clock: seconds of a clock that is never set.
            now: the present.
            alive: when the link before was last known to work; None: there was none.
        """
        run = _Run(self._source, clock)
        waiting = self._holding.take(lambda _: True)
        self._give_up(run, waiting, "the link broke before the birth came that tells what it means")
        for node in self._nodes.values():
            opened = node.own(now)
            for device in node.devices.values():
                if device.lost is not None:
                    run.missing.doubt(device, node.latest or opened)
                    run.missing.confirm(device, opened, clock)
                elif alive is not None and device.wanted:
                    since, broke = node.latest or node.own(alive), node.own(alive)
                    lost = Lost(since, since, _UNPROVEN, GapKind.SEQUENCE, None, clock + AGAIN)
                    run.missing.lose(device, lost, broke)
                device.table = None
                if device.wanted:
                    device.lost = Lost(opened, opened, _UNBORN, GapKind.OUTAGE, None, clock + AGAIN)
            node.alive, node.history = None, None
            node.sequence.stop()
            node.wait, node.ask_at = self._rebirth, clock
            node.ask = True
        return self._done(run)

    def decode(self, messages: Sequence[Message], clock: float) -> Decoded:
        """Make samples, refusals and gaps of messages."""
        run = _Run(self._source, clock)
        for message in messages:
            self._take(run, message)
        return self._done(run)

    def tick(self, clock: float, now: int) -> Decoded:
        """Tell what the passing of time makes certain."""
        run = _Run(self._source, clock)
        self._give_up(run, self._holding.overdue(clock), _UNANSWERED)
        for node in self._nodes.values():
            if node.sequence.overdue(clock):
                node.sequence.give_up()
                self._confirm(run, node)
                node.ask = True
            for device in node.devices.values():
                lost = device.lost
                if lost is None:
                    continue
                if lost.until is not None and lost.until <= clock and lost.kind is not GapKind.SEQUENCE:
                    run.missing.confirm(device, node.own(now), clock)
                elif lost.until is None and lost.again <= clock:
                    lost.again = clock + AGAIN
                    run.missing.tell(device, node.own(now))
        return self._done(run)

    def again(self, message: Message, signal: str | None) -> Decoded:
        """Decode by itself a message that was refused; `signal` is whose values are wanted, None: all.

        What a birth says it says by itself; aliases in data are those of the births that this decoder has seen.
        """
        run = _Run(self._source, 0.0)
        topic = topics.read(message.topic)
        node = self._nodes.get((topic.group, topic.node)) if topic is not None else None
        device = node.devices.get(topic.device) if topic is not None and node is not None else None
        payload = self._payload(run, message)
        if device is None:
            run.refused.add(message, None, f"no signal of {self._source} is on the topic {message.topic!r}")
        elif payload is not None and topic is not None:
            birth = topic.verb in {Verb.NBIRTH, Verb.DBIRTH}
            table = Table(payload.metrics, device.wanted) if birth else device.table or Table((), device.wanted)
            sent = nanoseconds(payload.timestamp) or message.received
            live, late, strange = read_metrics(message, payload, table, sent, run.refused)
            run.rows += [row for row in (*live, *late) if signal in {None, row[0]}]
            if strange:
                run.refused.add(message, signal, _no_alias(message.topic, strange))
            for name in table.absent if birth else ():
                for wanted in device.wanted[name]:
                    if signal in {None, wanted.signal}:
                        run.refused.add(message, wanted.signal, _no_metric(message.topic, name, table))
        refusals = run.refused.frame()
        if signal is not None:
            refusals = refusals.filter(pl.col("signal").is_null() | (pl.col("signal") == signal))
        return Decoded(batch(run.rows), refusals, (), (), ())

    def _payload(self, run: _Run, message: Message) -> Payload | None:
        """Decode a payload; None where it is none, which is refused."""
        if message.size > self._max_payload:
            limit = f"more than `max_payload` ({self._max_payload:,}); raise it, or have less sent at once"
            run.refused.add(message, None, f"topic {message.topic!r}: the payload has {message.size:,} bytes, {limit}")
            return None
        try:
            return Payload.FromString(message.payload)
        except DecodeError:
            hint = "have the publisher send Sparkplug B (protobuf), or use a source of kind mqtt for JSON"
            run.refused.add(message, None, f"topic {message.topic!r}: the payload is no Sparkplug B; {hint}")
            return None

    def _of(self, group: str, name: str) -> Iterator[Topic]:
        for device in self._nodes[group, name].devices:
            verbs = (Verb.DBIRTH, Verb.DDATA, Verb.DDEATH) if device else (Verb.NBIRTH, Verb.NDATA, Verb.NDEATH)
            for verb in verbs:
                yield Topic(verb, group, name, device)

    def _done(self, run: _Run) -> Decoded:
        asked = []
        for node in self._nodes.values():
            run.missing.late(node, self._keeps)
            if node.ask and node.ask_at <= run.clock and self._rebirth:
                asked.append(topics.command(node.group, node.name))
                node.ask_at = run.clock + node.wait
                node.wait = min(2 * node.wait, max(LONGEST_WAIT, self._rebirth))
        missing = run.missing
        samples = batch(run.rows) if run.rows else self._no_samples
        refusals = run.refused.frame() if run.refused else self._no_refusals
        return Decoded(samples, refusals, tuple(missing.gaps), tuple(missing.filled), tuple(asked))

    def _take(self, run: _Run, message: Message) -> None:
        """Take one message."""
        topic = self._routes.get(message.topic) or topics.read(message.topic)
        node = self._nodes.get((topic.group, topic.node)) if topic is not None else None
        if topic is None or node is None:
            run.refused.add(message, None, f"no signal of {self._source} is on the topic {message.topic!r}")
            return
        payload = self._payload(run, message)
        if payload is None:
            return
        sent = nanoseconds(payload.timestamp) or message.received
        device = node.devices.get(topic.device)
        if topic.verb is Verb.NDEATH:
            self._node_dies(run, node, message, payload)
            return
        if topic.verb is Verb.NBIRTH:
            self._node_is_born(run, node, payload, sent)
        else:
            self._count(run, node, payload.seq, sent)
        node.heard(sent, message.received)
        if device is None or not device.wanted:
            return
        if topic.verb is Verb.DDEATH:
            cause = f"the edge node has lost the device {device.name!r} (DDEATH)"
            self._device_dies(
                run, device, sent, Lost(sent, sent, cause, GapKind.OUTAGE, None, run.clock + AGAIN), message
            )
        elif topic.verb in {Verb.NBIRTH, Verb.DBIRTH}:
            self._is_born(run, node, device, message, payload, sent)
        else:
            self._data(run, node, device, message, payload, sent)

    def _data(self, run: _Run, node: EdgeNode, device: Device, message: Message, payload: Payload, sent: int) -> None:
        """Read values, or hold them until the birth comes that tells what they are."""
        table = device.table
        if table is None:
            node.ask = True
            if not all(metric.name and metric.datatype for metric in payload.metrics):
                held = Held(node, device, message, run.clock + PATIENCE)
                self._give_up(run, self._holding.put(held), _TOO_MUCH)
                return
            table = Table((), device.wanted)  # they say all by themselves
        known_again(device, self._read(run, node, table, message, payload, sent))

    def _count(self, run: _Run, node: EdgeNode, number: int, sent: int) -> None:
        """See whether a message is the next one of its edge node."""
        if node.alive is not True:
            node.alive, node.ask = None, True
        if not node.sequence.running:
            node.sequence.begin(number)
        elif node.sequence.take(number, run.clock, newer=node.latest is not None and sent > node.latest):
            until, since = run.clock + self._reorder, node.latest or 0
            for device in node.devices.values():
                if device.wanted:
                    lost = Lost(since, since, _SKIPPED, GapKind.SEQUENCE, until, until + AGAIN)
                    run.missing.lose(device, lost, since)
        elif node.sequence.whole:
            for device in node.devices.values():
                suspected = device.lost
                if suspected is None or suspected.until is None or suspected.kind is not GapKind.SEQUENCE:
                    continue
                if device.table is None:  # its birth is still awaited
                    suspected.cause, suspected.kind = _NOT_REBORN, GapKind.OUTAGE
                else:
                    device.lost = None

    def _confirm(self, run: _Run, node: EdgeNode) -> None:
        """Tell of messages that have not come."""
        for device in node.devices.values():
            if device.lost is not None and device.lost.until is not None and device.lost.kind is GapKind.SEQUENCE:
                run.missing.confirm(device, node.latest or device.lost.since, run.clock)

    def _node_is_born(self, run: _Run, node: EdgeNode, payload: Payload, sent: int) -> None:
        """Begin to know an edge node; its devices are to be born anew."""
        self._confirm(run, node)  # what was sent before a birth does not come after it
        number = bd_seq(payload)
        unheard = node.alive is True and None not in {number, node.bd_seq} and number != node.bd_seq
        for device in node.devices.values():
            if node.latest is not None and device.lost is not None and device.lost.until is None:
                run.missing.tell(device, node.latest)
                run.missing.doubt(device, node.latest)  # what was sent last before a birth, no number shows
            if device.wanted and unheard:
                since = node.latest or sent
                lost = Lost(since, since, _NEW_SESSION, GapKind.OUTAGE, None, run.clock + AGAIN)
                run.missing.lose(device, lost, sent)
            elif device.wanted and device.name and device.lost is None and device.table is not None:
                until = run.clock + BORN_TOGETHER
                since = node.latest or sent
                device.lost = Lost(since, since, _NOT_REBORN, GapKind.OUTAGE, until, until + AGAIN)
            device.table = None
        node.before_birth = node.latest
        node.sequence.begin(payload.seq)
        node.alive, node.bd_seq, node.history = True, number, None
        node.ask, node.wait = False, self._rebirth

    def _is_born(
        self, run: _Run, node: EdgeNode, device: Device, message: Message, payload: Payload, sent: int
    ) -> None:
        """Begin to know the metrics of a device or edge node; decode what was held for that."""
        table = device.table = Table(payload.metrics, device.wanted)
        before = self._last(device)
        for held in self._holding.take(lambda held: held.device is device):
            late = Payload.FromString(held.message.payload)
            then = nanoseconds(late.timestamp) or held.message.received
            self._read(run, node, table, held.message, late, then)
        known = self._last(device)
        live = self._read(run, node, table, message, payload, sent)
        died, device.died = device.died, None
        if died is not None:
            # Else the last sample of a value that has not changed would for ever be the one that says that it is gone.
            again = max(sent, died + _MS)
            run.rows += [(signal, again, *rest) for signal, time, *rest in live if time <= died]
        run.missing.born(device, sent, live, before=before, known=known, clock=run.clock, since=node.before_birth)
        absent = frozenset(table.absent)
        for name in sorted(absent - device.unknown_told):
            for wanted in device.wanted[name]:
                run.refused.add(message, wanted.signal, _no_metric(message.topic, name, table))
        device.unknown_told = absent

    def _last(self, device: Device) -> dict[str, tuple[int, Any]]:
        """Give time and value of the last report of each signal of a device, where there was one."""
        return {signal: self._reports[signal] for signal in device.signals if signal in self._reports}

    def _node_dies(self, run: _Run, node: EdgeNode, message: Message, payload: Payload) -> None:
        """Note that an edge node is gone, unless it is one of an earlier life that is reported late."""
        number = bd_seq(payload)
        if node.alive is False or (node.alive and None not in {number, node.bd_seq} and number != node.bd_seq):
            return
        now = node.own(message.received)
        cause = f"the edge node {node.name!r} is gone (NDEATH)"
        waiting = self._holding.take(lambda held: held.node is node)
        self._give_up(run, waiting, "the edge node was gone before it had told what it means")
        for device in node.devices.values():
            if device.wanted:
                since = node.latest or now
                self._device_dies(
                    run, device, now, Lost(since, since, cause, GapKind.OUTAGE, None, run.clock + AGAIN), message
                )
        node.alive, node.ask = False, False
        node.sequence.stop()

    def _device_dies(self, run: _Run, device: Device, now: int, lost: Lost, message: Message) -> None:
        """Say of every signal of a device that it is not known any more."""
        device.table = None
        run.missing.lose(device, lost, now)
        if device.died is not None:
            return
        device.died = now
        for some in device.wanted.values():
            for signal, kind in some:
                last = self._reports.get(signal)
                time = now if last is None else max(now, last[0] + _MS)
                device.died = max(device.died, time)
                run.rows.append((signal, time, kind, None, _NO_COMMUNICATION, message.received))

    def _read(
        self, run: _Run, node: EdgeNode, table: Table, message: Message, payload: Payload, sent: int
    ) -> list[Row]:
        """Add the rows of a message; give those of the present."""
        live, late, strange = read_metrics(message, payload, table, sent, run.refused)
        run.rows += live
        run.rows += late
        for signal, time, *_ in late:
            remember(node, signal, time)
        note(self._reports, live)
        if strange:
            node.ask = True
            run.refused.add(message, None, _no_alias(message.topic, strange))
        return live

    def _give_up(self, run: _Run, held: Iterable[Held], reason: str) -> None:
        for one in held:
            run.refused.add(one.message, None, f"topic {one.message.topic!r}: {reason}")


def rebirth(now: int) -> bytes:
    """Give the payload of the command that asks an edge node for a rebirth."""
    ms = now // _MS
    asked = Metric(name=REBIRTH, timestamp=ms, datatype=BOOLEAN, boolean_value=True)
    return Payload(timestamp=ms, metrics=[asked]).SerializeToString()


_UNBORN: Final = "its edge node has not told how it stands since the link was opened; it is asked for a rebirth"
_UNPROVEN: Final = "the link broke before another message of the edge node could show by its number that none was lost"
_SKIPPED: Final = "messages of the edge node never arrived: their numbers (seq) skip"
_NEW_SESSION: Final = "the edge node began a new session; the end of the one before was never reported"
_NOT_REBORN: Final = "the edge node was born anew, and the device was not"
_TOO_MUCH: Final = "too much waits for births that do not come; have edge nodes answer the command Node Control/Rebirth"
_UNANSWERED: Final = (
    "its edge node has not told what it means: it does not answer the command Node Control/Rebirth; "
    "check that this user may publish on its NCMD topic, and that the edge node is there"
)


def _no_metric(topic: str, name: str, table: Table) -> str:
    shown = ", ".join(repr(printable(str(one))) for one in table.all[:_SHOWN])
    more = ", …" if len(table.all) > _SHOWN else ""
    return f"topic {topic!r}: the birth has no metric {printable(name)!r}; it has {shown}{more}"


def _no_alias(topic: str, strange: list[int]) -> str:
    shown = ", ".join(map(str, strange[:_SHOWN]))
    return f"topic {topic!r}: no birth says which metric has the alias {shown}; a rebirth is asked for"
