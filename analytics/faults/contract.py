"""What every fault detector promises.

    rules(park) ─► look(rules, carried, seen) ─► Found: alerts, indicators, baselines, and what is to be carried on

- A detector watches subjects: signals, machines or sources, each by its path (a source as `source:NAME`). It is a pure
  function from what was seen, and from what it carried so far, to alerts. What it carries of a subject is a value that
  JSON can hold; its caller keeps it, and gives it back with what is seen next.
- In whatever portions the samples come, each signal's in order, the alerts are the same. A detector that looks at
  several signals together waits until each has come as far (`Seen.until`, or a later sample).
- Time goes on without samples, too: a state that a delay waits for is reached when `until` says that nothing has come.
- Samples older than those already looked at are late: they are counted and change nothing. What they would have
  changed has been told.
- A sample with Bad status says nothing: it neither begins an alert nor ends one. To detectors of values, one outside
  the signal's valid range says nothing either. A step over a gap, or over a Bad sample, is no jump.
- Of an alert that began, lasts or ended differently in this look, `Found.alerts` has the newest version, once.
- A detector that learns tells each baseline it has learned, once, in `Found.baselines`, and carries it. When it is
  to learn again, `forget` says what stays of what it carries: what it knows of the machine, as its state, which is not
  told again.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Generic, NamedTuple, TypeAlias, TypeVar

import polars as pl
from pydantic import BaseModel

from adapters.sample import no_samples
from analytics.alerts import Alert, Contribution
from collector.park import Park, Signal, Title

R = TypeVar("R")
"""The rules of one kind of detector."""

Carried: TypeAlias = Mapping[str, Any]
"""What a detector carries of one subject; JSON can hold it."""

STATES: Final = pl.Schema({"equipment": pl.String(), "ns": pl.Int64(), "state": pl.String()})
"""When machines began to be in a state: path, ns since 1970, and an `EquipmentState`."""

GAPS: Final = pl.Schema({"signal": pl.String(), "start": pl.Int64(), "end": pl.Int64()})
"""Gaps of the ledger as they concern signals: path, [start, end) in ns since 1970 of the source's time; end null: it
lasts."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class LinkState:
    """How a source stands."""

    source: str
    """Its name."""

    state: str
    """`up`, `held`, `down`, `refused` or `ended`, as `collector.links` tells them."""

    since: int
    """Since when, ns since 1970."""

    problem: str
    """Why it is not up; empty when it is."""

    seen: int
    """When the collector last said so, ns since 1970."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look looks at."""

    samples: pl.DataFrame = field(default_factory=no_samples)
    """Columns of `adapters.sample.SAMPLES`, each signal's in order of arrival."""

    until: Mapping[str, int] = field(default_factory=dict)
    """By signal, up to which instant of its source's time (ns since 1970) there are no further samples."""

    states: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=STATES))
    """Columns of `STATES`, by machine and time: every change of state once, as soon as it is known for sure."""

    gaps: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=GAPS))
    """Columns of `GAPS`: all that may lie behind the newest sample looked at, of the signals in `samples` and in
    `until`."""

    links: tuple[LinkState, ...] = ()
    """How sources stand now; none in a replay."""

    now: int = 0
    """The present, ns since 1970; in a replay, the end of what was read."""

    begun: int = 0
    """Since when whoever looks has run without a break, ns since 1970."""


class Indicator(NamedTuple):
    """A number that says something of health, as it stands now; a look makes thousands."""

    equipment: str
    """Path of the machine."""

    subject: str
    """What it was computed of: path of a signal, or of the machine."""

    name: str
    """Which number: the detector's word, such as `ewma` or `t2`."""

    at: int
    """Of which instant it is, ns since 1970."""

    value: float
    """The number, in standard deviations or in the unit that the detector names."""

    limit: float
    """From where on it is an alert; more than 0. `value / limit` says how near that is."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a detector has learned to be normal of one subject."""

    subject: str
    """Path of the signal or machine."""

    mode: str
    """The operating mode it is for; empty where there are none."""

    start: int
    """First instant it was learned from, ns since 1970."""

    end: int
    """Last instant it was learned from, ns since 1970."""

    rows: int
    """How many values, or rows of values, it was learned from; 1 or more."""

    model: Mapping[str, Any]
    """What was learned; JSON can hold it."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a look found."""

    alerts: tuple[Alert, ...] = ()
    """Alerts as they stand now, by instant of change."""

    carried: Mapping[str, Carried] = field(default_factory=dict)
    """By subject, what is to be carried on; subjects that are not named carry what they did."""

    late: int = 0
    """Samples that came too late to be looked at."""

    unread: int = 0
    """Reports that the detector has no meaning for."""

    indicators: tuple[Indicator, ...] = ()
    """The newest of every number that changed, once each."""

    baselines: tuple[Baseline, ...] = ()
    """What was learned in this look."""


@dataclass(frozen=True, slots=True, eq=False)
class Detector(Generic[R]):
    """One kind of fault detector, as the catalogue tells it."""

    slug: str
    """Its name in alerts and in the API."""

    source: str
    """The clause or paper that defines it."""

    title: Title
    """What people call it."""

    texts: Mapping[str, Title]
    """What its alerts say, by code; parameters stand in braces, `unit` with the blank before it."""

    rules: Callable[[Park], Mapping[str, R]]
    """Gives what a park asks it to watch, by subject."""

    look: Callable[[Mapping[str, R], Mapping[str, Carried], Seen], Found]
    """`look(rules, carried, seen)`, as the module tells."""

    keys: Callable[[R, Carried], frozenset[str]]
    """`keys(rule, carried)`: which alerts of a subject last, by key, as far as the rule still knows them."""

    signals: Callable[[str, R], Iterable[str]] = lambda subject, _: (subject,)
    """`signals(subject, rule)`: paths of the signals that it needs to see for a subject."""

    parameters: type[BaseModel] | None = None
    """Its settings, each with unit and bounds; None: it has none."""

    learns: bool = False
    """Whether it learns what is normal."""

    forget: Callable[[Carried], Carried | None] = lambda _: None
    """`forget(carried)`: what stays of what is carried of a subject that is to learn again; None: nothing. Alerts that
    last do not: they are over."""


def moment(ns: int) -> datetime:
    """Give an instant in UTC, to the microsecond."""
    return _EPOCH + timedelta(microseconds=ns // 1000)


def nanoseconds(span: timedelta) -> int:
    """Give a span as whole nanoseconds, to the microsecond."""
    return span // timedelta(microseconds=1) * 1000


def names(signal: Signal) -> dict[str, str]:
    """Give the parameters that name a signal in the texts of alerts."""
    return {"name_en": signal.title.en or signal.name, "name_zh": signal.title.zh or signal.name}


def shares(contributions: Iterable[Contribution], park_names: Mapping[str, Signal], most: int = 3) -> dict[str, str]:
    """Give the parameters `signals_en` and `signals_zh`: the names of the signals that tell most, with their share."""
    told = sorted(contributions, key=lambda one: -one.share)[:most]

    def said(language: str, percent: str) -> list[str]:
        return [
            f"{names(park_names[one.signal])[f'name_{language}'] if one.signal in park_names else one.signal} "
            f"{one.share * 100:.0f}{percent}"
            for one in told
        ]

    return {"signals_en": ", ".join(said("en", " %")), "signals_zh": "、".join(said("zh", "%"))}


def in_order(samples: pl.DataFrame, carried: Mapping[str, Carried]) -> tuple[pl.DataFrame, int]:
    """Leave out samples older than the `last` that was carried of their signal, and sort the others by time.

    Returns:
        `samples` with `ns`, the time as an integer, by signal and time, in their order where times are equal; and
        how many were left out.
    """
    last = pl.DataFrame(
        [(signal, kept["last"]) for signal, kept in carried.items()],
        schema={"signal": pl.String, "last": pl.Int64},
        orient="row",
    )
    timed = samples.with_columns(ns=pl.col("time").dt.cast_time_unit("ns").dt.epoch("ns")).join(
        last, on="signal", how="left", maintain_order="left"
    )
    kept = timed.filter(pl.col("last").is_null() | (pl.col("ns") >= pl.col("last")))
    return kept.drop("last").sort("signal", "ns", maintain_order=True), len(timed) - len(kept)
