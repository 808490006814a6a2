"""The metrics of one message as rows: the hot path of this adapter. Pure.

A metric is found by its name, or by the alias that its birth gave it; those that no signal wants cost a look-up.
"""

from collections.abc import MutableMapping
from typing import Any, Final, NamedTuple

from adapters.sample import Status
from adapters.sources.mqtt.columns import Message, Refused, Row
from adapters.sources.mqtt.unfit import UnfitError, printable
from adapters.sources.sparkplug.nodes import Table
from adapters.sources.sparkplug.payload_pb2 import Metric, Payload
from adapters.sources.sparkplug.values import nanoseconds, read_value, status_of

_BAD: Final = int(Status.BAD)
_NO_DATA: Final = int(Status.BAD_NO_DATA)


class Reading(NamedTuple):
    """What one message says."""

    live: list[Row]
    """Rows of the present."""

    late: list[Row]
    """Rows of the past (`is_historical`)."""

    strange: list[int]
    """Aliases that its birth did not give."""


def read_metrics(message: Message, payload: Payload, table: Table, sent: int, refused: Refused) -> Reading:
    """Read the wanted metrics of a message that was sent at `sent`, nanoseconds since 1970."""
    names, aliases, received = table.names, table.aliases, message.received
    live: list[Row] = []
    late: list[Row] = []
    strange: list[int] = []
    for metric in payload.metrics:
        name = metric.name
        entry = names.get(name) if name else aliases.get(metric.alias)
        if entry is None:
            if not name:
                strange.append(metric.alias)
            continue
        rows = late if metric.is_historical else live
        for signal, declared in entry.wanted:
            try:
                time = _time(metric, sent)
                kind, value = read_value(metric, metric.datatype or entry.datatype, declared)
            except UnfitError as error:
                refused.add(message, signal, f"topic {message.topic!r}, metric {printable(entry.name)!r}: {error}")
                continue
            status = status_of(metric.properties) if metric.HasField("properties") else 0
            if status >= _BAD:
                value = None
            elif value is None:
                status = _NO_DATA
            rows.append((signal, time, kind, value, status, received))
    return Reading(live, late, strange)


def note(reports: MutableMapping[str, tuple[int, Any]], rows: list[Row]) -> None:
    """Keep the time and value of the latest report of each signal."""
    for signal, time, _, value, _, _ in rows:
        last = reports.get(signal)
        if last is None or time >= last[0]:
            reports[signal] = (time, value)


def _time(metric: Metric, sent: int) -> int:
    """Give the time of a metric; raises UnfitError where it has none that can be."""
    ms = metric.timestamp
    if ms:
        time = nanoseconds(ms)
        if time is None:
            msg = f"its time stamp {ms} lies after the year 2262; have the edge node send ms since 1970"
            raise UnfitError(msg)
        return time
    if metric.is_historical:
        msg = "it is a value of the past without a time stamp; have the edge node send one"
        raise UnfitError(msg)
    return sent
