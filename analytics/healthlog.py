"""The health log: how well each machine is now and was hour by hour, and every baseline that was ever learned.

    watcher, in the transaction of what it found ──► Keeper ─┬─► baselines       append-only, numbered per detector,
                                                             │                   subject and mode
                                                             ├─► health          newest score with its parts
                                                             ├─► health_hours    lowest and newest score of each hour
                                                             └─► alert log       scores that fall below their limit

Whatever is kept is in the records: a watcher that is killed goes on from there. The book of a keeper stays in memory,
and each time it is written it is numbered; where the records hold another number, as after a transaction that failed,
the book is read again.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from analytics import alertlog, health
from analytics.alertlog import Suppressed
from analytics.alerts import Alert
from analytics.faults.contract import Baseline, Indicator
from analytics.health import KEY, SLUG, HealthBook, Heard, Part, Score
from analytics.lifecycle import AlarmState, AlertEvent, Standing
from collector.park import Park, Severity
from collector.records import METADATA, Instant, lies_under

HEALTH: Final = sa.Table(
    "health",
    METADATA,
    sa.Column("equipment", sa.String(200), primary_key=True),
    sa.Column("score", sa.Float),
    sa.Column("at", Instant, nullable=False),
    sa.Column("parts", sa.JSON, nullable=False),
    sa.Column("carried", sa.JSON, nullable=False),
)
"""The newest score of each machine, null where nothing is known of it, and what its book carries."""

HOURS: Final = sa.Table(
    "health_hours",
    METADATA,
    sa.Column("equipment", sa.String(200), primary_key=True),
    sa.Column("hour", Instant, primary_key=True, autoincrement=False),
    sa.Column("lowest", sa.Float, nullable=False),
    sa.Column("newest", sa.Float, nullable=False),
    sa.Column("parts", sa.JSON, nullable=False),
    sa.Index("health_hours_by_hour", "hour"),
)
"""Scores by hour (its begin, UTC); `parts` are those of the lowest. Hours in which nobody looked have no row."""

BASELINES: Final = sa.Table(
    "baselines",
    METADATA,
    sa.Column("detector", sa.String(32), primary_key=True),
    sa.Column("subject", sa.String(265), primary_key=True),
    sa.Column("mode", sa.String(64), primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("learned", Instant, nullable=False),
    sa.Column("start", sa.BigInteger, nullable=False),
    sa.Column("end", sa.BigInteger, nullable=False),
    sa.Column("rows", sa.BigInteger, nullable=False),
    sa.Column("model", sa.JSON, nullable=False),
    sa.Index("baselines_by_subject", "subject"),
)
"""Every baseline; columns as in `Baseline`, never changed."""

KEPT: Final = timedelta(days=800)
"""How long scores by hour are kept."""

_BOOK: Final = "book"
_MODE: Final = 64
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Learned:
    """A baseline as it is logged."""

    detector: str
    """Slug of the detector that learned it."""

    version: int
    """1 for the first of its detector, subject and mode, then 2, 3, …"""

    learned: datetime
    """When it was learned, UTC."""

    baseline: Baseline
    """What was learned."""


@dataclass(frozen=True, slots=True)
class Hour:
    """How well a machine was in one hour."""

    equipment: str
    """Path of the machine."""

    hour: datetime
    """Begin of the hour, UTC."""

    lowest: float
    """The lowest score, 0 to 100."""

    newest: float
    """The last score."""

    parts: tuple[Part, ...]
    """What the lowest was made of."""


class HealthKeeper:
    """Keeps baselines and health of a park: `keep(connection, baselines, indicators, now, suppressed)`."""

    def __init__(self, park: Park) -> None:
        """Keep those of a park."""
        self._park = park
        self._book = HealthBook(park)
        self._known: frozenset[str] = frozenset()
        self._number: Mapping[str, Any] | None = None

    def __call__(
        self,
        connection: sa.Connection,
        baselines: Sequence[tuple[str, Baseline]],
        indicators: Sequence[tuple[str, Indicator]],
        now: datetime,
        suppressed: Suppressed,
    ) -> list[AlertEvent]:
        """Log what was learned and measured; give what happened to alerts of scores.

        Args:
            connection: a transaction of the records.
            baselines: what was learned, each with its detector.
            indicators: numbers that changed, each with the detector that tells it.
            now: the present, UTC.
            suppressed: tells what suppresses an alert by design.
        """
        for detector in dict.fromkeys(slug for slug, _ in baselines):
            write_baselines(connection, detector, [one for slug, one in baselines if slug == detector], now)
        return self.write(connection, indicators, now, suppressed)[1]

    def write(
        self,
        connection: sa.Connection,
        indicators: Sequence[tuple[str, Indicator]],
        now: datetime,
        suppressed: Suppressed,
    ) -> tuple[list[Score], list[AlertEvent]]:
        """Take in numbers that changed and the alerts that last, and log scores.

        Scores that fall below their limit, or are back, go to the alert log.

        Returns:
            The scores that changed; what happened to alerts.
        """
        number = self._open(connection)
        self._number = None  # until all is written
        book = self._book
        standings = alertlog.read_standings(connection, active=True)
        hidden = (AlarmState.SUPPRESSED, AlarmState.OUT_OF_SERVICE)
        lasting = [one.alert for one in standings if one.state not in hidden]
        changed = book.update(indicators, lasting, (now - _EPOCH) // timedelta(microseconds=1) * 1000)
        touched = book.touched & book.scores.keys()
        for path in sorted(touched):
            _write(connection, book.scores[path], book.carried_of(path), now, known=path in self._known)
        self._known |= touched
        _write_hours(connection, [one for one in book.scores.values() if one.score is not None], now)
        fallen = [*book.alerts, *_abandoned(standings, book, now)]
        events = alertlog.fold(connection, fallen, now=now, suppressed=suppressed)
        if touched:
            number = {"number": number["number"] + 1, "at": now.isoformat()}
            alertlog.write_detectors(connection, SLUG, {_BOOK: number})
        self._number = number
        return changed, events

    def _open(self, connection: sa.Connection) -> Mapping[str, Any]:
        """Read the book, where it is not what the records hold; give its number."""
        number: Mapping[str, Any] = alertlog.read_detectors(connection, SLUG).get(_BOOK, {"number": 0, "at": ""})
        if number == self._number:
            return number
        rows = {
            row.equipment: row.carried for row in connection.execute(sa.select(HEALTH.c.equipment, HEALTH.c.carried))
        }
        gone = [path for path in rows if path not in self._park.equipment]
        if gone:
            connection.execute(sa.delete(HEALTH).where(HEALTH.c.equipment.in_(gone)))
        self._book, self._known = HealthBook(self._park, rows), frozenset(rows).difference(gone)
        return number


def write_baselines(connection: sa.Connection, detector: str, baselines: Iterable[Baseline], now: datetime) -> None:
    """Log what a detector learned; what is the newest of its subject and mode already is not logged again."""
    for one in baselines:
        mode = one.mode[:_MODE]
        mine = sa.and_(BASELINES.c.detector == detector, BASELINES.c.subject == one.subject, BASELINES.c.mode == mode)
        newest = connection.execute(
            sa.select(BASELINES).where(mine).order_by(BASELINES.c.version.desc()).limit(1)
        ).one_or_none()
        if newest is not None and _is_same(newest, one):
            continue
        connection.execute(
            sa.insert(BASELINES).values(
                detector=detector,
                subject=one.subject,
                mode=mode,
                version=1 if newest is None else newest.version + 1,
                learned=now,
                start=one.start,
                end=one.end,
                rows=one.rows,
                model=dict(one.model),
            )
        )


def _is_same(row: sa.Row[Any], one: Baseline) -> bool:
    """Tell whether a baseline is the one of this row: learned from the same, and with the same result."""
    return (row.start, row.end, row.rows) == (one.start, one.end, one.rows) and _text(row.model) == _text(one.model)


def _text(model: Mapping[str, Any]) -> str:
    return json.dumps(dict(model), sort_keys=True)


def read_baselines(
    connection: sa.Connection, subject: str | None = None, detector: str | None = None, *, newest: bool = False
) -> list[Learned]:
    """Give baselines by subject, detector and mode, the newest of each first.

    Args:
        connection: a transaction of the records.
        subject: only those of this signal or machine, by path.
        detector: only those of this detector.
        newest: only the newest of each.
    """
    columns = BASELINES.c
    query = sa.select(BASELINES).order_by(columns.subject, columns.detector, columns.mode, columns.version.desc())
    if subject is not None:
        query = query.where(columns.subject == subject)
    if detector is not None:
        query = query.where(columns.detector == detector)
    found = [
        Learned(
            row.detector,
            row.version,
            row.learned,
            Baseline(row.subject, row.mode, row.start, row.end, row.rows, row.model),
        )
        for row in connection.execute(query)
    ]
    if not newest:
        return found
    first = {(one.detector, one.baseline.subject, one.baseline.mode): one for one in reversed(found)}
    return list(reversed(first.values()))


def write_health(
    connection: sa.Connection,
    park: Park,
    indicators: Sequence[tuple[str, Indicator]],
    now: datetime,
    suppressed: Suppressed = lambda _: "",
) -> list[Score]:
    """Log scores as a keeper does that has just begun; give those that changed."""
    return HealthKeeper(park).write(connection, indicators, now, suppressed)[0]


def read_health(connection: sa.Connection, under: Collection[str] | None = None) -> list[Score]:
    """Give the newest score of each machine, by path.

    Args:
        connection: a transaction of the records.
        under: only machines at or below these paths.
    """
    columns = HEALTH.c
    query = sa.select(columns.equipment, columns.score, columns.at, columns.parts).order_by(columns.equipment)
    if under is not None:
        query = query.where(_under(HEALTH.c.equipment, under))
    return [
        Score(row.equipment, row.score, (row.at - _EPOCH) // timedelta(microseconds=1) * 1000, _parts(row.parts))
        for row in connection.execute(query)
    ]


def read_watched(connection: sa.Connection, under: Collection[str] | None = None) -> list[str]:
    """Give the machines of which anything was ever told, by path; with `under`, those at or below these paths."""
    query = sa.select(HEALTH.c.equipment)
    if under is not None:
        query = query.where(_under(HEALTH.c.equipment, under))
    return sorted(connection.execute(query).scalars())  # a database may have an order of its own


def read_indicators(connection: sa.Connection, equipment: Collection[str], *, now: datetime) -> dict[str, list[Heard]]:
    """Give, by machine, the newest of its numbers by detector, subject and name; none that nobody tells any more.

    Args:
        connection: a transaction of the records.
        equipment: paths of machines, a few hundred at most.
        now: the present, UTC; what was not heard of for `health.STALE` is left out.
    """
    ns = (now - _EPOCH) // timedelta(microseconds=1) * 1000
    query = sa.select(HEALTH.c.equipment, HEALTH.c.carried).where(HEALTH.c.equipment.in_(list(equipment)))
    found = {}
    for row in connection.execute(query):
        every = sorted(health.heard(row.carried), key=lambda one: one.key)
        found[row.equipment] = [one for one in every if ns - one.heard <= health.STALE]
    return found


def read_hours(
    connection: sa.Connection,
    *,
    start: datetime,
    end: datetime,
    under: Collection[str] | None = None,
    after: tuple[str, datetime] | None = None,
    limit: int | None = None,
) -> list[Hour]:
    """Give scores by hour, by machine and hour.

    Args:
        connection: a transaction of the records.
        start: only hours that begin at or after this instant, UTC.
        end: only hours that begin before this instant, UTC.
        under: only machines at or below these paths.
        after: only those behind this machine and hour, in the order of the database.
        limit: how many at most; all when None.
    """
    query = sa.select(HOURS).where(HOURS.c.hour >= start, HOURS.c.hour < end).limit(limit)
    if after is not None:
        same = sa.and_(HOURS.c.equipment == after[0], HOURS.c.hour > after[1])
        query = query.where(sa.or_(HOURS.c.equipment > after[0], same))
    if under is not None:
        query = query.where(_under(HOURS.c.equipment, under))
    found = connection.execute(query.order_by(HOURS.c.equipment, HOURS.c.hour))
    return [Hour(row.equipment, row.hour, row.lowest, row.newest, _parts(row.parts)) for row in found]


def _write(connection: sa.Connection, one: Score, carried: Mapping[str, Any], now: datetime, *, known: bool) -> None:
    values = {
        "score": one.score,
        "at": now,
        "parts": [_as_json(part) for part in one.parts],
        "carried": dict(carried),
    }
    if known:
        connection.execute(sa.update(HEALTH).where(HEALTH.c.equipment == one.equipment).values(values))
    else:
        connection.execute(sa.insert(HEALTH).values(equipment=one.equipment, **values))


def _write_hours(connection: sa.Connection, found: Iterable[Score], now: datetime) -> None:
    """Log the scores of this hour; with the first of an hour, forget those that are too old."""
    hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    mine = sa.select(HOURS.c.equipment, HOURS.c.lowest, HOURS.c.newest).where(HOURS.c.hour == hour)
    before = {row.equipment: row for row in connection.execute(mine)}
    if not before:
        connection.execute(sa.delete(HOURS).where(HOURS.c.hour < hour - KEPT))
    for one in found:
        row, newest = before.get(one.equipment), one.score
        if row is not None and newest == row.newest:
            continue
        parts = [_as_json(part) for part in one.parts]
        if row is None:
            values = {"lowest": newest, "newest": newest, "parts": parts}
            connection.execute(sa.insert(HOURS).values(equipment=one.equipment, hour=hour, **values))
        elif newest is not None:
            values = {"newest": newest, **({"lowest": newest, "parts": parts} if newest < row.lowest else {})}
            of_it = sa.and_(HOURS.c.equipment == one.equipment, HOURS.c.hour == hour)
            connection.execute(sa.update(HOURS).where(of_it).values(values))


def _abandoned(standings: Iterable[Standing], book: HealthBook, now: datetime) -> list[Alert]:
    """Give, ended, the alerts of scores that nobody watches any more; of others the book tells how they stand."""
    told = {alert.point for alert in book.alerts}
    return [
        replace(one.alert, ended=max(now, one.alert.began))
        for one in standings
        if one.alert.detector == SLUG
        and one.alert.key == KEY
        and one.alert.equipment not in book.lasting
        and one.alert.point not in told
    ]


def _under(column: sa.ColumnElement[str], paths: Collection[str]) -> sa.ColumnElement[bool]:
    return sa.or_(sa.false(), *(lies_under(column, path) for path in paths))


def _as_json(part: Part) -> dict[str, Any]:
    return {
        "detector": part.detector,
        "subject": part.subject,
        "name": part.name,
        "kind": part.kind,
        "lost": part.lost,
        "ratio": part.ratio,
        "severity": None if part.severity is None else part.severity.value,
    }


def _parts(kept: Iterable[Mapping[str, Any]]) -> tuple[Part, ...]:
    return tuple(
        Part(**{**one, "severity": None if one["severity"] is None else Severity(one["severity"])}) for one in kept
    )
