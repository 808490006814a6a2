"""Messages of an edge node, made by hand: the other end of the pure parts."""

from datetime import datetime
from typing import Any

from adapters.sources.contract import Point
from adapters.sources.mqtt.columns import Message
from adapters.sources.sparkplug.decode import Decoded, Decoder
from adapters.sources.sparkplug.payload_pb2 import Metric, Payload
from adapters.sources.sparkplug.settings import SparkplugAddress, SparkplugSettings

NOON = 1_715_947_200_000
"""Ms since 1970."""

SECOND = 1_000
"""Ms."""

DOUBLE = 10


def ns(ms: int) -> int:
    """Give ms in nanoseconds."""
    return ms * 1_000_000


def address(metric: str, device: str = "press", node: str = "gw") -> SparkplugAddress:
    return SparkplugAddress(metric=metric, group="works", node=node, device=device)


def decoder(*points: Point[SparkplugAddress], **settings: Any) -> Decoder:
    """Give a decoder of these points, by default of the metrics `a` and `b` of the device `press`."""
    wanted = points or tuple(Point(name, "float", address(name)) for name in ("a", "b"))
    return Decoder("edge", wanted, SparkplugSettings(**({"host": "h"} | settings)))


def metric(name: str | int, value: Any, at: int, datatype: int = DOUBLE, **others: Any) -> Metric:
    """Encode a metric by its name or, if `name` is a number, its alias; the value None is null."""
    made = Metric(datatype=datatype, timestamp=at, **others)
    if isinstance(name, str):
        made.name = name
    else:
        made.alias = name
    if value is None:
        made.is_null = True
    elif datatype == DOUBLE:
        made.double_value = value
    elif isinstance(value, str):
        made.string_value = value
    elif isinstance(value, bool):
        made.boolean_value = value
    else:
        made.long_value = value
    return made


def message(
    verb: str, device: str, seq: int, at: int, *metrics: Metric, node: str = "gw", received: int | None = None
) -> Message:
    """Make a message that was sent, and by default came, at `at`."""
    payload = Payload(timestamp=at, seq=seq, metrics=metrics)
    if verb == "NDEATH":
        payload.ClearField("seq")
    body = payload.SerializeToString()
    topic = f"spBv1.0/works/{verb}/{node}" + (f"/{device}" if device else "")
    return Message(topic, body, len(body), ns(at if received is None else received))


def bd_seq(number: int, at: int) -> Metric:
    return Metric(name="bdSeq", datatype=8, long_value=number, timestamp=at)


def births(at: int, *metrics: Metric, number: int = 0) -> list[Message]:
    """Give the births of the edge node and of `press`, with these metrics; `a` and `b` have the aliases 1 and 2."""
    for one in metrics:
        one.alias = {"a": 1, "b": 2}.get(one.name, 3)
    return [message("NBIRTH", "", 0, at, bd_seq(number, at)), message("DBIRTH", "press", 1, at, *metrics)]


def samples(decoded: Decoded) -> list[tuple[str, int, Any, int]]:
    """Give samples as (signal, ms, value, status)."""
    rows = decoded.samples.iter_rows(named=True)
    return [
        (
            row["signal"],
            round(row["time"].timestamp() * 1000),
            next((row[kind] for kind in ("float", "int", "bool", "text") if row[kind] is not None), None),
            row["status"],
        )
        for row in rows
    ]


def gaps(decoded: Decoded) -> list[tuple[int, int, tuple[str, ...], str]]:
    """Give gaps as (start ms, end ms, signals, kind)."""
    return [(_ms(gap.start), _ms(gap.end), gap.signals, gap.kind) for gap in decoded.gaps]


def filled(decoded: Decoded) -> list[tuple[int, int, tuple[str, ...], str]]:
    """Give what is filled as (start ms, end ms, signals, by)."""
    return [(_ms(one.start), _ms(one.end), one.signals, one.by) for one in decoded.filled]


def _ms(instant: datetime) -> int:
    return round(instant.timestamp() * 1000)
