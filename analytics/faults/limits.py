r"""Limits: a value beyond its limit for longer than its delay.

            high ─ ─ ─ ─/\─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─
      hysteresis       /  \    /\
                 ─ ─ /─ ─ ─\─ /─ \─ ─ ─ ─ ─ ─ ─ ─ ─
                    /       \/    \
    comparator    off   on ────────── off

A comparator is on from the first value beyond the limit, and off from the first that has come back inside by the
hysteresis; values between change nothing. An alert begins when the comparator has been on for `on_delay`; its `began`
is when the comparator turned on. It ends when the comparator has been off for `off_delay`; its `ended` is when the
comparator turned off. A value holds until the next sample. With a `count`, so many values in a row must lie beyond the
limit before the comparator turns on, and it turned on with the first of them.

What is carried of a signal: `last`, the newest sample looked at, ns since 1970; and `rules`, as `comparator` tells.
"""

# ruff: noqa: RUF001 - Chinese is written with its own punctuation

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import polars as pl

from analytics.faults.comparator import Comparators, Point, Said, lasting
from analytics.faults.contract import Carried, Detector, Found, Seen, names
from analytics.faults.measured import measured
from collector.park import Limit, Park, Signal, Title

_BRACES: Final = str.maketrans("", "", "{}")
"""What UCUM writes around that which is counted, as in `{pcs}`."""

SLUG: Final = "limit"
"""Name of the detector."""


SHOWN: Final[Mapping[str, str]] = {"Cel": "°C", "[degF]": "°F", "deg": "°", "r/min": "rpm", "kW.h": "kWh", "Ohm": "Ω"}
"""UCUM units that people know by another sign."""


TEXTS: Final = {
    "limit.high": Title(
        en="{name_en}: {value}{unit} is above its limit of {limit}{unit}",
        zh="{name_zh}：{value}{unit}，高于上限 {limit}{unit}",
    ),
    "limit.low": Title(
        en="{name_en}: {value}{unit} is below its limit of {limit}{unit}",
        zh="{name_zh}：{value}{unit}，低于下限 {limit}{unit}",
    ),
}
"""What its alerts say."""


@dataclass(frozen=True, slots=True)
class Side:
    """One side of one limit of a signal."""

    point: Point
    """Its alarm; the key is side and bound, such as `high:80`."""

    side: Literal["high", "low"]
    """On which side values are beyond it."""

    bound: float
    """Beyond this, in the signal's unit."""

    back: float
    """At this, or further inside, the comparator turns off."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What is watched on one signal."""

    signal: Signal
    """Which."""

    sides: Mapping[str, Side]
    """Every side of every limit, by key."""

    @property
    def points(self) -> dict[str, Point]:
        """Their alarms, by key."""
        return {key: side.point for key, side in self.sides.items()}


def rules(park: Park) -> dict[str, Limits]:
    """Give the limits of every signal that has some."""
    return {
        signal.path: Limits(signal, {side.point.key: side for limit in signal.limits for side in _sides(signal, limit)})
        for signal in park.signals.values()
        if signal.limits
    }


def look(watched: Mapping[str, Limits], carried: Mapping[str, Carried], seen: Seen) -> Found:
    """Look at samples, as `faults.contract` tells."""
    ordered, late = measured(seen.samples, watched, carried)
    comparators = Comparators({path: one.points for path, one in watched.items()}, carried)
    for path, key, ns, on, value in _turns(ordered, watched, carried).iter_rows():
        comparators.say(path, key, ns, on=on, said=_said(watched[path], key, value) if on else None)
    last = dict(ordered.group_by("signal").agg(pl.col("ns").max()).iter_rows())
    for path, ns in (*last.items(), *seen.until.items()):
        if path in watched:
            comparators.pass_time(path, ns)
    changed = {
        path: {
            "last": last.get(path, carried.get(path, {"last": 0})["last"]),
            "rules": comparators.changed.get(path, carried.get(path, {"rules": {}})["rules"]),
        }
        for path in last.keys() | comparators.changed.keys()
    }
    return Found(comparators.alerts, changed, late)


def _sides(signal: Signal, limit: Limit) -> Iterator[Side]:
    def point(key: str) -> Point:
        return Point.of(limit, equipment=signal.equipment, subject=signal.path, detector=SLUG, key=key)

    if limit.high is not None:
        yield Side(point(f"high:{limit.high:.12g}"), "high", limit.high, limit.high - limit.hysteresis)
    if limit.low is not None:
        yield Side(point(f"low:{limit.low:.12g}"), "low", limit.low, limit.low + limit.hysteresis)


def _turns(ordered: pl.DataFrame, watched: Mapping[str, Limits], carried: Mapping[str, Carried]) -> pl.DataFrame:
    """Give the samples at which a comparator may turn: signal, key, ns, on, value; by signal, key and time.

    `on` is null where a value lies between; where a `count` is asked for, values that break a row are among them.
    """
    sides = pl.DataFrame(
        [
            (path, key, side.side == "high", side.bound, side.back, _on(carried.get(path), key), side.point.count > 1)
            for path, limits in watched.items()
            for key, side in limits.sides.items()
        ],
        schema={
            "signal": pl.String,
            "key": pl.String,
            "high": pl.Boolean,
            "bound": pl.Float64,
            "back": pl.Float64,
            "was_on": pl.Boolean,
            "rows": pl.Boolean,
        },
        orient="row",
    )
    value, bound, back = pl.col("value"), pl.col("bound"), pl.col("back")
    compared = (
        ordered.join(sides, on="signal", how="inner", maintain_order="left_right")
        .with_columns(
            beyond=pl.when("high").then(value > bound).otherwise(value < bound),
            inside=pl.when("high").then(value <= back).otherwise(value >= back),
        )
        .with_columns(on=pl.when(pl.col("beyond") | pl.col("inside")).then("beyond"))
        .filter(pl.col("on").is_not_null() | pl.col("rows"))
        .sort("signal", "key", "ns", maintain_order=True)
    )
    before = pl.col("on").shift().over("signal", "key")
    turns = pl.col("on") != pl.coalesce(before, "was_on")
    first = pl.int_range(pl.len()).over("signal", "key") == 0
    breaks = pl.col("beyond") | first | pl.col("on").ne_missing(before)
    return compared.filter(pl.when("rows").then(breaks).otherwise(turns)).select("signal", "key", "ns", "on", "value")


def _on(kept: Carried | None, key: str) -> bool:
    return kept is not None and key in kept["rules"] and bool(kept["rules"][key]["on"])


def _said(limits: Limits, key: str, value: float) -> Said:
    signal, side = limits.signal, limits.sides[key]
    return Said(
        code=f"limit.{side.side}",
        value=f"{value:.12g}",
        parameters={
            **names(signal),
            "value": f"{value:.6g}",
            "limit": f"{side.bound:.6g}",
            "unit": shown_unit(signal),
        },
    )


def shown_unit(signal: Signal) -> str:
    """Give a signal's unit as people know it, with the blank before it; empty where it has none."""
    shown = SHOWN.get(signal.unit, signal.unit).translate(_BRACES)
    return "" if signal.unit == "1" else f" {shown}"


LIMITS: Final[Detector[Any]] = Detector(
    slug=SLUG,
    source="ISA-18.2 process alarms, with dead band and on- and off-delay (IEC 62682, 10.5)",
    title=Title(en="Limit exceeded", zh="超限"),
    texts=TEXTS,
    rules=rules,
    look=look,
    keys=lambda limits, kept: lasting(limits.points, kept),
    parameters=Limit,
)
"""See the module."""
