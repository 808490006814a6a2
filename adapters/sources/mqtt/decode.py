"""Payloads to columns: pure, many messages in one pass.

    messages ──► by topic ──► JSON decoded once ──► a row per point of the topic ──► samples
                                                └── what does not fit ─────────────► refusals

One message may carry the values of many points, or of some of them: gateways that publish on change send what has
changed. A point whose path leads nowhere is then not in the message; where the message holds none of them, it is not
what the points expect, and refused for each. A point that is in none of many messages is told once, with one of them
(`silence`). A message that is no JSON, too long or of a topic that no point has is
one refusal; a value or time stamp that does not fit is a refusal of that point, and the message's other points go on.

A row's status is the one its payload states, else Good; null where it is not Bad becomes `BAD_NO_DATA`; a Bad status
leaves the value out, whatever stands there. No input raises.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import orjson
import polars as pl

from adapters.sample import Status, ValueType
from adapters.sources.contract import Points
from adapters.sources.mqtt import values
from adapters.sources.mqtt.columns import Message, Refused, Row, batch
from adapters.sources.mqtt.instants import nanoseconds
from adapters.sources.mqtt.path import MISSING, Path, deepest, find, parse, written
from adapters.sources.mqtt.settings import MqttAddress
from adapters.sources.mqtt.silence import Watch
from adapters.sources.mqtt.unfit import UnfitError, described

_BAD: Final = int(Status.BAD)
_NO_DATA: Final = int(Status.BAD_NO_DATA)
_ON_ARRIVAL: Final[Path] = ()
_LONGEST_INTEGER: Final = 400


@dataclass(frozen=True, slots=True)
class Decoded:
    """What became of some messages."""

    samples: pl.DataFrame
    """Columns of `SAMPLES`, in order of the messages, of one message in order of the points."""

    refusals: pl.DataFrame
    """Columns of `REFUSALS`, in order of the messages."""

    strangers: Collection[str]
    """Topics that came and that no point has."""


class _Wanted(NamedTuple):
    """A point, ready to be read: `value`, `time` and `status` are paths, empty as in its address."""

    signal: str
    type: ValueType
    value: Path
    time: Path
    status: Path


class Decoder:
    """Makes samples of messages, for the points of one source."""

    def __init__(self, source: str, points: Points[MqttAddress], max_payload: int) -> None:
        """Prepare.

        Args:
            source: name of the source, as it stands in refusals.
            points: what to look for; several may share a topic.
            max_payload: longest payload that is decoded, bytes.
        """
        self._source = source
        self._max_payload = max_payload
        self._plain: dict[str, list[_Wanted]] = {}
        self._inside: dict[str, list[_Wanted]] = {}
        for point in points:
            address = point.address
            wanted = _Wanted(point.signal, point.type, parse(address.value), parse(address.time), parse(address.status))
            ways = self._inside if wanted.value else self._plain
            ways.setdefault(address.topic, []).append(wanted)
        self._watches = {
            topic: Watch(one.signal for one in wanted) for topic, wanted in self._inside.items() if len(wanted) > 1
        }

    @property
    def topics(self) -> list[str]:
        """The topics of its points, each once, in the order of the points."""
        return list(dict.fromkeys([*self._plain, *self._inside]))

    def signals(self, topics: Collection[str]) -> tuple[str, ...]:
        """Give the signals that are found on `topics`."""
        ways = (self._plain, self._inside)
        return tuple(wanted.signal for way in ways for topic in topics for wanted in way.get(topic, ()))

    def decode(self, messages: Sequence[Message]) -> Decoded:
        """Make samples and refusals of messages."""
        rows: list[Row] = []
        refused = Refused(self._source)
        strangers = set()
        for message in messages:
            topic = message.topic
            inside, plain = self._inside.get(topic), self._plain.get(topic)
            if inside is None and plain is None:
                strangers.add(topic)
                refused.add(message, None, f"no signal of {self._source} has the topic {topic!r}")
            elif message.size > self._max_payload:
                only = _only(inside, plain)
                refused.add(message, only, _too_long(message, self._max_payload))
            else:
                if inside is not None:
                    there = _read_json(message, inside, rows, refused)
                    if there and topic in self._watches:
                        self._watch(message, there, refused)
                if plain is not None:
                    _read_plain(message, plain, rows, refused)
        return Decoded(batch(rows), refused.frame(), strangers)

    def _watch(self, message: Message, there: list[_Wanted], refused: Refused) -> None:
        """Note what of a topic was found; in the end refuse, once, what never was."""
        watch = self._watches[message.topic]
        silent = watch.hear((point.signal for point in there), message.received)
        if silent is None:
            return
        del self._watches[message.topic]
        for point in self._inside[message.topic]:
            if point.signal in silent:
                refused.add(message, point.signal, _silent(message, point, watch.messages))

    def again(self, message: Message, signal: str | None) -> Decoded:
        """Make samples and refusals of a message that was refused; of `signal` alone where it was refused for that."""
        decoded = self.decode([message])
        if signal is None:
            return decoded
        samples = decoded.samples.filter(pl.col("signal") == signal)
        refusals = decoded.refusals.filter(pl.col("signal").is_null() | (pl.col("signal") == signal))
        if samples.is_empty() and refusals.is_empty():
            refused = Refused(self._source)
            refused.add(message, signal, f"{signal} is not found on the topic {message.topic!r} any more")
            refusals = refused.frame()
        return Decoded(samples, refusals, decoded.strangers)


def _read_json(message: Message, points: list[_Wanted], rows: list[Row], refused: Refused) -> list[_Wanted]:
    """Add a row for every point whose value is found in a JSON payload; give these points."""
    topic, payload, _, received = message
    try:
        document = orjson.loads(payload)
    except orjson.JSONDecodeError:
        try:
            document = _exact(payload)
        except UnfitError as error:
            refused.add(message, _only(points, None), f"topic {topic!r}: {error}")
            return []
    time, time_from = received, _ON_ARRIVAL
    there = [point for point in points if find(document, point.value) is not MISSING] if len(points) > 1 else points
    for signal, kind, value_at, time_at, status_at in there or points:
        at = status_at
        try:
            status = values.status(_found(document, at)) if at else 0
            if time_at != time_from:
                at = time_at
                time, time_from = nanoseconds(_found(document, at)) if at else received, at
            value = None
            if status < _BAD:
                at = value_at
                value = _found(document, at)
                if values.is_huge(value):
                    value = find(_exact(payload), at)
                if value is None:
                    status = _NO_DATA
                else:
                    value = values.DECODED[kind](value)
        except UnfitError as error:
            refused.add(message, signal, f"topic {topic!r}, path {written(at)!r}: {error}")
            continue
        rows.append((signal, time, kind, value, status, received))
    return there


def _read_plain(message: Message, points: list[_Wanted], rows: list[Row], refused: Refused) -> None:
    """Add a row for every point whose value is the whole payload."""
    received = message.received
    for point in points:
        try:
            value = values.plain(point.type, message.payload)
        except UnfitError as error:
            refused.add(message, point.signal, f"topic {message.topic!r}: {error}")
            continue
        status = 0 if value is not None else _NO_DATA
        rows.append((point.signal, received, point.type, value, status, received))


def _found(document: Any, path: Path) -> Any:
    """Give the value at `path`; raises UnfitError where there is none."""
    value = find(document, path)
    if value is MISSING:
        there, node = deepest(document, path)
        where = f"{written(there)!r}" if there else "the payload"
        msg = f"nothing is there, {where} is {described(node)}"
        raise UnfitError(msg)
    return value


def _exact(payload: bytes) -> Any:
    """Decode JSON slowly: integers of any size, NaN and Infinity; so that one such value spoils no other.

    Raises:
        UnfitError: the payload is no JSON even so.
    """
    try:
        return json.loads(payload.decode(), parse_int=_integer)
    except UnicodeDecodeError as error:
        msg = f"the payload is no UTF-8 (byte {error.start}); publish JSON in UTF-8"
    except json.JSONDecodeError as error:
        msg = f"the payload is no JSON ({error}); for a plain value leave `value` out"
    except RecursionError:
        msg = "the payload is nested too deeply"
    raise UnfitError(msg)


def _integer(digits: str) -> int:
    """Read an integer of any length; one that is too long even to be read stays too long to be accepted."""
    return int(digits[:_LONGEST_INTEGER])


def _only(inside: list[_Wanted] | None, plain: list[_Wanted] | None) -> str | None:
    """Give the one signal of a topic, None where there are several."""
    points = [*(inside or ()), *(plain or ())]
    return points[0].signal if len(points) == 1 else None


def _silent(message: Message, point: _Wanted, messages: int) -> str:
    document = _exact(message.payload)
    there, node = deepest(document, point.value)
    where = f"{written(there)!r}" if there else "the payload"
    return (
        f"topic {message.topic!r}, path {written(point.value)!r}: nothing was there in any of {messages} messages that "
        f"hold other signals; in this one {where} is {described(node)}. Correct the path; where the machine sends it "
        f"seldom, drop this letter"
    )


def _too_long(message: Message, limit: int) -> str:
    return (
        f"topic {message.topic!r}: the payload has {message.size:,} bytes, "
        f"more than `max_payload` ({limit:,}); publish less at once, or raise it"
    )
