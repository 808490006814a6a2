"""The questions that the store asks, in InfluxQL as 1.8, 2.x and 3.x all understand it.

A condition on names is cut so that a statement fits in the URL of a request: proxies take 8 KiB, and InfluxDB 3 reads
the statement nowhere else. Instants are nanoseconds since 1970, as numbers.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Final, Literal, TypeAlias
from urllib.parse import quote

from adapters.sample import ValueType
from adapters.stores.influxdb.encode import KPI, SAMPLE
from adapters.stores.influxdb.tags import SIGNAL_TAGS, signal_tags, tag_value

LATE: Final = "sample_late"
"""Measurement of the hours that samples came for when they were over."""

EVERYTHING: Final = "true"
"""The condition that holds for every row."""

ROOM: Final = 4096
"""Bytes of a condition on names at most, as they stand in a URL."""

FIRST_INSTANT: Final = -(2**63) + 2
"""The earliest instant that InfluxDB stores."""

LAST_INSTANT: Final = 2**63 - 2
"""The latest instant that InfluxDB stores."""

Function: TypeAlias = Literal["min", "max", "mean", "last", "count"]
"""What is made of the values of one field."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SAMPLE_FIELDS: Final = ("float", "int", "bool", "text", "blank", "status", "received")
_RESULT_TAGS: Final = '"path", "period", "name" AS "shift", "kpi"'  # `name` is what CSV calls the measurement
_RESULT_FIELDS: Final = (
    '"value", "value_known", "coverage", "coverage_known", "end", "computed", "version", "reason", "note"'
)


def identifier(name: str) -> str:
    """Quote a name of a database, measurement, tag or field."""
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def literal(text: str) -> str:
    """Quote a text."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n") + "'"


def instant(time: datetime) -> int:
    """Give an instant as nanoseconds since 1970, no earlier and no later than InfluxDB stores."""
    nanoseconds = (time - _EPOCH) // timedelta(microseconds=1) * 1000
    return min(max(nanoseconds, FIRST_INSTANT), LAST_INSTANT + 1)


def of_signals(signals: Collection[str]) -> Iterator[str]:
    """Give conditions that together hold for the samples of `signals`; a path that no sample can have asks nothing."""
    tagged = sorted(tags for tags in map(signal_tags, set(signals)) if tags is not None)
    parts: list[str] = []
    for equipment, group in groupby(tagged, key=lambda tags: tags[:-1]):
        where = " AND ".join(_equal(tag, value) for tag, value in zip(SIGNAL_TAGS, equipment, strict=False))
        signals_of = [_equal(SIGNAL_TAGS[-1], tags[-1]) for tags in group]
        parts.extend(f"({where} AND ({' OR '.join(names)}))" for names in _fitting(signals_of, ROOM // 2))
    for fitting in _fitting(parts, ROOM):
        yield f"({' OR '.join(fitting)})"


def of_results(
    paths: Collection[str] | None, periods: Collection[str] | None, kpis: Collection[str] | None
) -> Iterator[str]:
    """Give conditions that together hold for the results of these paths, periods and KPIs; None: of all."""
    given = (("path", paths), ("period", periods), ("kpi", kpis))
    conditions = [EVERYTHING]
    for tag, names in given:
        if names is None:
            continue
        equal = [_equal(tag, tag_value(name)) for name in sorted(set(names))]
        alternatives = [f"({' OR '.join(fitting)})" for fitting in _fitting(equal, ROOM // len(given))]
        conditions = [
            alternative if condition == EVERYTHING else f"{condition} AND {alternative}"
            for condition in conditions
            for alternative in alternatives
        ]
    yield from conditions


def select_samples(where: str, start: int, end: int) -> str:
    """Ask for samples with start <= time < end, in no order that counts."""
    columns = ", ".join(identifier(name) for name in (*SIGNAL_TAGS, *_SAMPLE_FIELDS))
    return f"SELECT {columns} FROM {identifier(SAMPLE)} WHERE {_within(where, start, end)}"  # noqa: S608 - all is quoted


def select_values(kind: ValueType, where: str, start: int, end: int) -> str:
    """Ask for the values of one type and the statuses of samples with start <= time < end, in no order that counts."""
    columns = f"{identifier(kind)}, {identifier('status')}"
    return f"SELECT {columns} FROM {identifier(SAMPLE)} WHERE {_within(where, start, end)}"  # noqa: S608 - all is quoted


def select_late(factory: str, line: str, start: int, end: int) -> str:
    """Ask when samples of a line, given by its tags, came late for the hours with start <= last instant < end."""
    where = f"{_equal(SIGNAL_TAGS[0], factory)} AND {_equal(SIGNAL_TAGS[1], line)}"
    return f"SELECT {identifier('written')} FROM {identifier(LATE)} WHERE {_within(where, start, end)}"  # noqa: S608 - all is quoted


def select_last(where: str, start: int, end: int) -> str:
    """Ask for the last sample of each signal with start <= time < end, one series a signal.

    `LAST()` would take each field's own last value and so mix rows.
    """
    fields = ", ".join(map(identifier, _SAMPLE_FIELDS))
    tags = ", ".join(map(identifier, SIGNAL_TAGS))
    return (
        f"SELECT {fields} FROM {identifier(SAMPLE)} WHERE {_within(where, start, end)} "  # noqa: S608 - all is quoted
        f"GROUP BY {tags} ORDER BY time DESC LIMIT 1"
    )


def select_results(where: str, start: int, end: int) -> str:
    """Ask for results with start <= start of the window < end, in no order that counts."""
    columns = f"{_RESULT_TAGS}, {_RESULT_FIELDS}"
    return f"SELECT {columns} FROM {identifier(KPI)} WHERE {_within(where, start, end)}"  # noqa: S608 - all is quoted


def count(measurement: str, where: str, start: int, end: int, width: int | None = None) -> str:
    """Ask how many rows of `SAMPLE` or `KPI` lie in start <= time < end; every `width` nanoseconds, if given."""
    field = {SAMPLE: "status", KPI: "computed"}[measurement]
    asked = f'SELECT count({identifier(field)}) AS "rows" FROM {identifier(measurement)}'  # noqa: S608 - all is quoted
    windows = "" if width is None else f" GROUP BY time({width}ns) FILL(none)"
    return f"{asked} WHERE {_within(where, start, end)}{windows}"


def select_buckets(what: Iterable[str], where: str, start: int, end: int, width: int) -> str:
    """Ask for sums of samples, `what`, in each `width` nanoseconds from `start` on; also where there are none."""
    return (
        f"SELECT {', '.join(what)} FROM {identifier(SAMPLE)} WHERE {_within(where, start, end)} "  # noqa: S608 - all is quoted
        f"{_every(start, width)}"
    )


def select_means(field: str, where: str, start: int, end: int, width: int) -> str:
    """Ask for `mean` of an integer field as `select_buckets`, summed up as doubles.

    1.x sums integers up in 64 bits, which may overflow.
    """
    values = f'SELECT {identifier(field)} * 1.0 AS "double" FROM {identifier(SAMPLE)}'  # noqa: S608 - all is quoted
    within = _within(where, start, end)
    return (
        f'SELECT mean("double") AS "mean" FROM ({values} WHERE {within}) '  # noqa: S608 - all is quoted
        f"WHERE {_within(EVERYTHING, start, end)} {_every(start, width)}"
    )


def aggregate(function: Function, field: str, name: str) -> str:
    """Give a term of `select_buckets`: a function of a field, under a name."""
    return f"{function}({identifier(field)}) AS {identifier(name)}"


def condition(where: str, field: str, relation: Literal["<", ">="], value: int) -> str:
    """Add to a condition what must hold for an integer field."""
    return f"{where} AND {identifier(field)} {relation} {value}"


def on(where: str) -> str:
    """Add to a condition that a switch must be on."""
    return f'{where} AND "bool" = true'


def select_edge(function: Literal["first", "last"]) -> str:
    """Ask for the time of every signal's first or last sample, one series a signal; each sample has a status."""
    tags = ", ".join(map(identifier, SIGNAL_TAGS))
    return (
        f"SELECT {function}({identifier('status')}) FROM {identifier(SAMPLE)} "  # noqa: S608 - all is quoted
        f"WHERE {_within(EVERYTHING, FIRST_INSTANT, LAST_INSTANT + 1)} GROUP BY {tags}"
    )


def count_series() -> str:
    """Ask how many series of samples there are."""
    return f"SHOW SERIES EXACT CARDINALITY FROM {identifier(SAMPLE)}"


def create_database(database: str) -> str:
    """Make a database (1.x)."""
    return f"CREATE DATABASE {identifier(database)}"


def show_policies(database: str) -> str:
    """Ask for the retention policies of a database (1.x)."""
    return f"SHOW RETENTION POLICIES ON {identifier(database)}"


def create_policy(database: str, policy: str, keep: timedelta | None, shard: timedelta | None) -> str:
    """Make a retention policy (1.x); None: it keeps for ever, and InfluxDB chooses its shards."""
    return f"CREATE RETENTION POLICY {_policy(database, policy)} {_keeping(keep)} REPLICATION 1{_sharded(shard)}"


def alter_policy(database: str, policy: str, keep: timedelta | None, shard: timedelta | None) -> str:
    """Change how long a retention policy keeps (1.x), and its shards where they are given."""
    return f"ALTER RETENTION POLICY {_policy(database, policy)} {_keeping(keep)}{_sharded(shard)}"


def _policy(database: str, policy: str) -> str:
    return f"{identifier(policy)} ON {identifier(database)}"


def _keeping(keep: timedelta | None) -> str:
    return f"DURATION {'INF' if keep is None else _seconds(keep)}"


def _sharded(shard: timedelta | None) -> str:
    return "" if shard is None else f" SHARD DURATION {_seconds(shard)}"


def _seconds(time: timedelta) -> str:
    return f"{round(time.total_seconds())}s"


def _every(start: int, width: int) -> str:
    return f"GROUP BY time({width}ns, {start % width}ns) FILL(null)"


def _within(where: str, start: int, end: int) -> str:
    time = f"time >= {start} AND time < {end}"
    return time if where == EVERYTHING else f"{where} AND {time}"


def _equal(tag: str, value: str) -> str:
    return f"{identifier(tag)} = {literal(value)}"


def _fitting(parts: Sequence[str], room: int) -> Iterator[list[str]]:
    """Cut conditions into groups that fit in `room` bytes of a URL; a longer one is a group of its own."""
    group: list[str] = []
    used = 0
    for part in parts:
        size = len(quote(part)) + len(quote(" OR "))
        if group and used + size > room:
            yield group
            group, used = [], 0
        group.append(part)
        used += size
    if group:
        yield group
