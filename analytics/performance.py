"""Alarm performance after ISA-18.2-2016 (clause 16, table 7) and EEMUA 191: do alerts help people, or flood them?

    events ─► annunciations ─► per hour, per 10 min ─► averages, peaks, floods
                            ─► per alarm point ─► top ten, chattering, fleeting
           ─► lives ─► stale, priorities, shelved and suppressed

An annunciation is an event with which an alert asks people for something: it was raised, began again, grew worse, or
came out of a shelf, suppression or maintenance, and is unacknowledged. What is hidden, or gone, annunciates nothing.
Occurrences of a flapping alert that were not told (`analytics.lifecycle`) are none; they are counted beside.

Windows stand end to end from the start of the period; the last may be cut short. A flood begins in a window of
10 min with more than `FLOOD` annunciations and lasts until one with fewer than `FLOOD_OVER` (ISA-18.2, clause 16.5;
EEMUA 191 has the same two).

Targets are per operator, so rates are, too. Where only few alarm points annunciate, the ten most frequent ones are all
of them: their share says something from some fifty points on.
"""

# ruff: noqa: RUF001 - Chinese is written with its own punctuation

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final, Literal, TypeAlias

import polars as pl

from analytics.alarmstates import ASKING, AlarmState, AlertEvent, EventKind, Standing
from analytics.lifecycle import CHATTER, CHATTERING
from collector.park import Title

ISA: Final = "ISA-18.2-2016, table 7, as quoted in public repositories"
"""Source of most targets."""

EEMUA: Final = "ISA-18.2-2016, table 7; EEMUA 191, as quoted in public repositories"
"""Source of the targets that both have."""

IEC: Final = "IEC 62682:2014; dropped in ISA-18.2-2016"
"""Source of the targets per day."""

TEN_MINUTES: Final = timedelta(minutes=10)
"""The shorter window."""

HOUR: Final = timedelta(hours=1)
"""The longer window."""

DAY: Final = timedelta(days=1)
"""The window in which stale alerts are counted."""

FLOOD: Final = 10
"""More annunciations than these in 10 min begin a flood."""

FLOOD_OVER: Final = 5
"""Fewer annunciations than these in 10 min end it."""

FLEETING: Final = timedelta(minutes=1)
"""An occurrence that ends so soon, before anybody acknowledged it, is fleeting."""

STALE: Final = timedelta(hours=24)
"""An alert that lasts longer is stale."""

BASIS: Final = timedelta(days=30)
"""How long a period must be for its numbers to say much."""

TOP: Final = 10
"""Alarm points in the list of the most frequent ones."""

Verdict: TypeAlias = Literal["acceptable", "manageable", "over", ""]
"""How a number stands beside its targets: within the first, within the second, beyond both; empty: there is none."""

TITLES: Final[Mapping[str, Title]] = {
    "acceptable": Title(en="acceptable", zh="达标"),
    "manageable": Title(en="manageable", zh="可控"),
    "over": Title(en="missed", zh="未达标"),
    "": Title(en="", zh=""),
}
"""What verdicts are called."""


@dataclass(frozen=True, slots=True)
class Target:
    """A number, and what is published about it."""

    metric: str
    """Which number."""

    title: Title
    """What people call it."""

    unit: str = ""
    """`%` for shares, `1/h`, `1/10min`, `1/d`; empty for counts."""

    target: float | None = None
    """Up to here it is very likely acceptable; None: nothing is published."""

    limit: float | None = None
    """Up to here it is manageable at most; None: the target is all there is."""

    source: str = ""
    """Where it is published."""

    at_least: bool = False
    """Whether the number should reach the target, and not stay below it."""


TARGETS: Final = (
    Target("average_per_hour", Title(en="Alerts per hour, average", zh="每小时告警数（平均）"), "1/h", 6, 12, ISA),
    Target("peak_per_hour", Title(en="Alerts per hour, peak", zh="每小时告警数（峰值）"), "1/h"),
    Target(
        "average_per_10_minutes",
        Title(en="Alerts per 10 min, average", zh="每 10 分钟告警数（平均）"),
        "1/10min",
        1,
        2,
        EEMUA,
    ),
    Target(
        "peak_per_10_minutes",
        Title(en="Alerts per 10 min, peak", zh="每 10 分钟告警数（峰值）"),
        "1/10min",
        10,
        None,
        EEMUA,
    ),
    Target("average_per_day", Title(en="Alerts per day, average", zh="每日告警数（平均）"), "1/d", 144, 288, IEC),
    Target(
        "periods_over_10",
        Title(en="10-min periods with more than 10 alerts", zh="告警超过 10 条的 10 分钟时段占比"),
        "%",
        1,
        None,
        ISA,
    ),
    Target("time_in_flood", Title(en="Time in flood", zh="告警泛滥时间占比"), "%", 1, None, ISA),
    Target("floods", Title(en="Floods", zh="告警泛滥次数")),
    Target("top_ten", Title(en="Share of the ten most frequent", zh="前十位告警占比"), "%", 1, 5, ISA),
    Target("chattering", Title(en="Chattering points", zh="抖动告警点数"), "", 0, None, ISA),
    Target("fleeting", Title(en="Fleeting points", zh="瞬时告警点数"), "", 0, None, ISA),
    Target(
        "stale",
        Title(en="Stale (over 24 h), most on any day", zh="长期告警数（超 24 小时，单日最多）"),
        "",
        4,
        None,
        ISA,
    ),
    Target("priority_low", Title(en="Priority low", zh="低优先级占比"), "%", 80, None, ISA, at_least=True),
    Target("priority_medium", Title(en="Priority medium", zh="中优先级占比"), "%", 15, None, ISA),
    Target("priority_high", Title(en="Priority high or critical", zh="高及紧急优先级占比"), "%", 5, None, ISA),
    Target("shelved", Title(en="Alerts shelved", zh="搁置的告警数")),
    Target("suppressed", Title(en="Alerts suppressed by design", zh="按设计抑制的告警数")),
    Target("out_of_service", Title(en="Alerts out of service", zh="停用的告警数")),
)
"""Every number with its published targets."""

_EVENTS: Final = pl.Schema(
    {
        "at": pl.Datetime("us", "UTC"),
        "alert": pl.String(),
        "point": pl.String(),
        "equipment": pl.String(),
        "signal": pl.String(),
        "detector": pl.String(),
        "key": pl.String(),
        "code": pl.String(),
        "priority": pl.String(),
        "count": pl.Int64(),
        "number": pl.Int64(),
        "kind": pl.String(),
        "annunciates": pl.Boolean(),
        "chatters": pl.Boolean(),
        "fleeting": pl.Boolean(),
    }
)

_AT_ONCE: Final = 1000
"""Events that become rows of a frame at once."""

_ANNOUNCES: Final = frozenset(
    {
        EventKind.RAISED,
        EventKind.REPEATED,
        EventKind.WORSENED,
        EventKind.UNSHELVED,
        EventKind.UNSUPPRESSED,
        EventKind.IN_SERVICE,
    }
)
"""Events that may annunciate an alert."""

_ASKING: Final = ASKING - {AlarmState.RETURNED_UNACKNOWLEDGED}
"""States in which they do: what is gone already, and comes off a shelf, is no alarm again."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One number of a period, beside its targets."""

    target: Target
    """Which number, and what is published about it."""

    value: float | None
    """The number in the target's unit; None: nothing was annunciated that it could be a part of."""

    @property
    def verdict(self) -> Verdict:
        """How it stands beside its targets."""
        aim, most = self.target.target, self.target.limit
        if self.value is None or aim is None:
            return ""
        if self.target.at_least:
            return "acceptable" if self.value >= aim else "over"
        if self.value <= aim:
            return "acceptable"
        return "manageable" if most is not None and self.value <= most else "over"


@dataclass(frozen=True, slots=True)
class Frequent:
    """One of the most frequent alarm points."""

    equipment: str
    """Path of the machine."""

    signal: str
    """What it was seen on."""

    detector: str
    """What saw it."""

    key: str
    """Which of the signal's alerts."""

    code: str
    """What it said last."""

    annunciations: int
    """How often it annunciated."""

    occurrences: int
    """How often its cause began, as far as the events of the period tell."""

    share: float
    """Its part of all annunciations, %."""


@dataclass(frozen=True, slots=True)
class Performance:
    """Alarm performance of a period."""

    start: datetime
    """First instant, UTC."""

    end: datetime
    """First instant no longer part of it, UTC."""

    operators: int
    """How many people take alerts; rates are per person."""

    annunciations: int
    """How often alerts asked people for something."""

    occurrences: int
    """How often causes began, as far as the events of the period tell."""

    measures: tuple[Measure, ...]
    """Every number, in the order of `TARGETS`."""

    top: tuple[Frequent, ...]
    """The most frequent alarm points, `TOP` at most."""

    @property
    def short(self) -> bool:
        """Whether the period is too short for its numbers to say much."""
        return self.end - self.start < BASIS


def performance(
    events: Iterable[AlertEvent],
    standings: Iterable[Standing],
    start: datetime,
    end: datetime,
    *,
    operators: int = 1,
) -> Performance:
    """Give the alarm performance of [start, end).

    Args:
        events: events, taken in one after the other; those outside the period are left out.
        standings: alerts that lasted within the period, as they stand: they tell what is stale without any event.
        start: first instant, UTC.
        end: first instant no longer part of it, UTC; after `start`.
        operators: how many people take alerts; 1 or more.
    """
    lives: dict[tuple[str, datetime], datetime | None] = {}

    def inside() -> Iterator[tuple[Any, ...]]:
        for event in events:
            if start <= event.at < end:
                lives[event.alert, event.standing.alert.began] = event.standing.alert.ended
                yield _row(event, start)

    told = _table(inside())
    lives |= {(one.id, one.alert.began): one.alert.ended for one in standings}
    annunciated = told.filter("annunciates")
    top = _top(told, annunciated)
    values = (
        _rates(annunciated, start, end, operators)
        | _shares(annunciated, top)
        | _counts(told)
        | {"stale": float(_stale(lives, start, end))}
    )
    return Performance(
        start=start,
        end=end,
        operators=operators,
        annunciations=len(annunciated),
        occurrences=int(_occurrences(told)["occurrences"].sum()),
        measures=tuple(Measure(target, values[target.metric]) for target in TARGETS),
        top=top,
    )


def _table(rows: Iterable[tuple[Any, ...]]) -> pl.DataFrame:
    """Give rows as a frame, some at a time: while Polars takes rows in, no other thread of the process goes on."""
    left, frames = iter(rows), [_EVENTS.to_frame()]
    while some := list(islice(left, _AT_ONCE)):
        frames.append(pl.DataFrame(some, schema=_EVENTS, orient="row"))
    return pl.concat(frames)


def _row(event: AlertEvent, start: datetime) -> tuple[Any, ...]:
    standing, alert = event.standing, event.standing.alert
    recent = standing.recent
    lasted = None if alert.ended is None else alert.ended - alert.began
    return (
        event.at,
        event.alert,
        alert.point,
        alert.equipment,
        alert.signal,
        alert.detector,
        alert.key,
        alert.code,
        standing.priority.value,
        standing.count,
        event.number,
        event.kind.value,
        event.kind in _ANNOUNCES and standing.state in _ASKING,
        len(recent) == CHATTER and recent[-1] - recent[0] <= CHATTERING and recent[-1] >= start,
        event.kind is EventKind.RETURNED
        and standing.state is AlarmState.RETURNED_UNACKNOWLEDGED
        and lasted is not None
        and lasted < FLEETING,
    )


def _rates(annunciated: pl.DataFrame, start: datetime, end: datetime, operators: int) -> dict[str, float]:
    """Give averages, peaks and floods per operator."""
    share = len(annunciated) / operators / ((end - start) / HOUR)
    tens = _windows(annunciated, start, end, TEN_MINUTES).with_columns(n=pl.col("n") / operators)
    hours = _windows(annunciated, start, end, HOUR)
    flood = pl.when(pl.col("n") > FLOOD).then(1).when(pl.col("n") < FLOOD_OVER).then(0)
    floods = tens.select(flood=flood.forward_fill().fill_null(0))["flood"]
    return {
        "average_per_hour": share,
        "average_per_10_minutes": share / (HOUR / TEN_MINUTES),
        "average_per_day": share * (DAY / HOUR),
        "peak_per_hour": _most(hours["n"]) / operators,
        "peak_per_10_minutes": _most(tens["n"]),
        "periods_over_10": 100 * int((tens["n"] > FLOOD).sum()) / len(tens),
        "time_in_flood": 100 * int(floods.sum()) / len(tens),
        "floods": float((floods.diff().fill_null(floods.first()) > 0).sum()),
    }


def _windows(annunciated: pl.DataFrame, start: datetime, end: datetime, length: timedelta) -> pl.DataFrame:
    """Give how much was annunciated in each window, `n`, those without any included."""
    every = pl.DataFrame({"window": range(-((start - end) // length))}, schema={"window": pl.Int64})
    window = (pl.col("at") - start).dt.total_microseconds() // (length // timedelta(microseconds=1))
    counted = annunciated.group_by(window=window).len(name="n")
    return every.join(counted, on="window", how="left").sort("window").select(pl.col("n").fill_null(0).cast(pl.Int64))


def _most(numbers: pl.Series) -> float:
    return float(numbers.cast(pl.Float64).max() or 0)  # type: ignore[arg-type]  # a float


def _shares(annunciated: pl.DataFrame, top: Sequence[Frequent]) -> dict[str, float | None]:
    """Give the parts of all annunciations, %."""
    every = len(annunciated)
    if not every:
        return dict.fromkeys(("priority_low", "priority_medium", "priority_high", "top_ten"))
    of = dict(annunciated.group_by("priority").len().iter_rows())
    low, medium = of.get("low", 0), of.get("medium", 0)
    return {
        "priority_low": 100 * low / every,
        "priority_medium": 100 * medium / every,
        "priority_high": 100 * (every - low - medium) / every,
        "top_ten": 100 * sum(one.annunciations for one in top) / every,
    }


def _counts(told: pl.DataFrame) -> dict[str, float]:
    """Give how many alarm points chatter or are fleeting, and how many alerts were hidden."""
    hidden = {
        kind.value: float(told.filter(pl.col("kind") == kind.value)["alert"].n_unique())
        for kind in (EventKind.SHELVED, EventKind.SUPPRESSED, EventKind.OUT_OF_SERVICE)
    }
    return {
        "chattering": float(told.filter("chatters")["point"].n_unique()),
        "fleeting": float(told.filter("fleeting")["point"].n_unique()),
        **hidden,
    }


def _occurrences(told: pl.DataFrame) -> pl.DataFrame:
    """Give how often the cause of each point began: the counts of its alerts, less what came before the period."""
    begins = (pl.col("number") == 1) | (pl.col("kind") == EventKind.REPEATED.value)
    first = pl.col("count").first() - begins.first().cast(pl.Int64)
    alerts = told.group_by("point", "alert", maintain_order=True).agg(occurrences=pl.col("count").last() - first)
    return alerts.group_by("point").agg(pl.col("occurrences").sum())


def _top(told: pl.DataFrame, annunciated: pl.DataFrame) -> tuple[Frequent, ...]:
    """Give the most frequent alarm points."""
    names = ("equipment", "signal", "detector", "key", "code")
    points = (
        annunciated.group_by("point", maintain_order=True)
        .agg(*(pl.col(name).last() for name in names), annunciations=pl.len())
        .join(_occurrences(told), on="point", how="left")
        .sort("annunciations", "point", descending=[True, False])
        .head(TOP)
    )
    every = len(annunciated)
    return tuple(
        Frequent(
            **{name: row[name] for name in (*names, "annunciations", "occurrences")},
            share=100 * row["annunciations"] / every,
        )
        for row in points.iter_rows(named=True)
    )


def _stale(lives: Mapping[tuple[str, datetime], datetime | None], start: datetime, end: datetime) -> int:
    """Give how many alerts were stale on the day on which most were.

    Args:
        lives: when each occurrence ended (None: it lasts), by alert and begin.
        start: first instant of the period.
        end: first instant after it.
    """
    stale = [
        (began + STALE, ended or end)
        for (_, began), ended in sorted(lives.items())
        if (ended or end) - began > STALE and began + STALE < end and (ended or end) > start
    ]
    days = -((start - end) // DAY)
    of_days = [
        sum(since < start + (day + 1) * DAY and until > start + day * DAY for since, until in stale)
        for day in range(days)
    ]
    return max(of_days, default=0)
