"""Out of range: a value that cannot be, beyond the signal's `low` or `high`: a sensor or a wire that errs.

Admission gives such a sample the status UncertainEngineeringUnitsExceeded, and so do OPC UA servers that know the range
of an instrument. Detectors of values pass these samples over; this one tells them. The comparator is on from the first
such sample, and off from the first usable number within the range; samples with Bad status say nothing.

What is carried of a signal: `last`, the newest sample looked at, ns since 1970; and `rules`, as `comparator` tells.
"""

# ruff: noqa: RUF001 - Chinese is written with its own punctuation

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from adapters.sample import Status, is_bad
from analytics.faults.comparator import Comparators, Point, Said, lasting
from analytics.faults.contract import Carried, Detector, Found, Seen, in_order, names
from analytics.faults.limits import shown_unit
from collector.faultrules.values import OutOfRange
from collector.park import Park, Signal, Title

SLUG: Final = "out_of_range"
"""Name of the detector."""

KEY: Final = "range"
"""Key of its one alarm."""

TEXTS: Final = {
    "out_of_range.high": Title(
        en="{name_en}: {value}{unit} cannot be, its greatest valid value is {bound}{unit}; check sensor and wiring",
        zh="{name_zh}：{value}{unit} 超出有效上限 {bound}{unit}，请检查传感器和接线",
    ),
    "out_of_range.low": Title(
        en="{name_en}: {value}{unit} cannot be, its least valid value is {bound}{unit}; check sensor and wiring",
        zh="{name_zh}：{value}{unit} 低于有效下限 {bound}{unit}，请检查传感器和接线",
    ),
    "out_of_range.source": Title(
        en="{name_en}: the machine itself says that {value}{unit} is beyond its range; check sensor and wiring",
        zh="{name_zh}：设备报告 {value}{unit} 超出量程，请检查传感器和接线",
    ),
}
"""What its alerts say."""


@dataclass(frozen=True, slots=True)
class Range:
    """What is watched on one signal."""

    signal: Signal
    """Which."""

    point: Point
    """Its alarm."""


def rules(park: Park) -> dict[str, Range]:
    """Give the signals that ask for it."""
    return {
        path: Range(signal, Point.of(asked, equipment=signal.equipment, subject=path, detector=SLUG, key=KEY))
        for path, signal in park.signals.items()
        if (asked := signal.faults.out_of_range) is not None
    }


def look(watched: Mapping[str, Range], carried: Mapping[str, Carried], seen: Seen) -> Found:
    """Look at samples, as `faults.contract` tells."""
    number = pl.coalesce("float", pl.col("int").cast(pl.Float64))
    told = (
        seen.samples.lazy()
        .filter(pl.col("signal").is_in(list(watched)) & ~is_bad(pl.col("status")))
        .select("signal", "time", value=number, on=pl.col("status") == Status.UNCERTAIN_RANGE)
        .filter(pl.col("value").is_not_null())
        .collect()
    )
    ordered, late = in_order(told, carried)
    comparators = Comparators({path: {KEY: one.point} for path, one in watched.items()}, carried)
    # a comparator need not hear again that it is off
    turns = ordered.filter(pl.col("on") | pl.col("on").shift().over("signal").fill_null(value=True))
    for path, ns, value, on in turns.select("signal", "ns", "value", "on").iter_rows():
        comparators.say(path, KEY, ns, on=on, said=_said(watched[path].signal, value) if on else None)
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


def _said(signal: Signal, value: float) -> Said:
    side, bound = "source", 0.0
    if signal.high is not None and value > signal.high:
        side, bound = "high", signal.high
    elif signal.low is not None and value < signal.low:
        side, bound = "low", signal.low
    told = {"value": f"{value:.6g}", "bound": f"{bound:.6g}", "unit": shown_unit(signal)}
    return Said(f"{SLUG}.{side}", f"{value:.12g}", {**names(signal), **told})


OUT_OF_RANGE: Final[Detector[Any]] = Detector(
    slug=SLUG,
    source="OPC 10000-8, 6.3: Uncertain_EngineeringUnitsExceeded; NAMUR NE 107, out of specification",
    title=Title(en="Value that cannot be", zh="数值超出量程"),
    texts=TEXTS,
    rules=rules,
    look=look,
    keys=lambda one, kept: lasting({KEY: one.point}, kept),
    parameters=OutOfRange,
)
"""See the module."""
