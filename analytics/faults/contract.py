"""What every fault detector promises.

    rules(park) ─► look(rules, carried, samples, until) ─► Found: alerts, and what is to be carried on

- A detector is a pure function from samples, and from what it carried so far, to alerts. What it carries of a signal
  is a value that JSON can hold; its caller keeps it, and gives it back with the next samples.
- In whatever portions the samples of a signal come, in order, the alerts are the same.
- Time goes on without samples, too: a state that a delay waits for is reached when `until` says that nothing has come.
- Samples older than those already looked at are late: they are counted and change nothing. What they would have
  changed has been told.
- A sample with Bad status says nothing: it neither begins an alert nor ends one. To limits, a value outside the
  signal's valid range says nothing either.
- Of an alert that began, lasts or ended differently in this look, `Found.alerts` has the newest version, once.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Generic, TypeAlias, TypeVar

import polars as pl

from analytics.alerts import Alert
from collector.park import Park, Signal, Title

R = TypeVar("R")
"""The rules of one kind of detector."""

Carried: TypeAlias = Mapping[str, Any]
"""What a detector carries of one signal; JSON can hold it."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Found:
    """What a look at samples found."""

    alerts: tuple[Alert, ...] = ()
    """Alerts as they stand now, by instant of change."""

    carried: Mapping[str, Carried] = field(default_factory=dict)
    """By signal, what is to be carried on; signals that are not named carry what they did."""

    late: int = 0
    """Samples that came too late to be looked at."""

    unread: int = 0
    """Reports that the detector has no meaning for."""


@dataclass(frozen=True, slots=True, eq=False)
class Detector(Generic[R]):
    """One kind of fault detector, as the catalogue tells it."""

    slug: str
    """Its name in alerts and in the API."""

    source: str
    """The clause that defines it."""

    title: Title
    """What people call it."""

    rules: Callable[[Park], Mapping[str, R]]
    """Gives what a park asks it to watch, by signal."""

    look: Callable[[Mapping[str, R], Mapping[str, Carried], pl.DataFrame, Mapping[str, int]], Found]
    """`look(rules, carried, samples, until)`: `samples` has the columns of `adapters.sample.SAMPLES`; `until` says, by
    signal, up to which instant (ns since 1970) there are no further samples."""

    keys: Callable[[R, Carried], frozenset[str]]
    """`keys(rule, carried)`: which alerts of a signal last, by key, as far as the rule still knows them."""


def moment(ns: int) -> datetime:
    """Give an instant in UTC, to the microsecond."""
    return _EPOCH + timedelta(microseconds=ns // 1000)


def names(signal: Signal) -> dict[str, str]:
    """Give the parameters that name a signal in the texts of alerts."""
    return {"name_en": signal.title.en or signal.name, "name_zh": signal.title.zh or signal.name}


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
