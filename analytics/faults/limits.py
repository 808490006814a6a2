r"""Limits: a value beyond its limit for longer than its delay.

            high ─ ─ ─ ─/\─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─
      hysteresis       /  \    /\
                 ─ ─ /─ ─ ─\─ /─ \─ ─ ─ ─ ─ ─ ─ ─ ─
                    /       \/    \
    comparator    off   on ────────── off

A comparator is on from the first value beyond the limit, and off from the first that has come back inside by the
hysteresis; values between change nothing. An alert begins when the comparator has been on for `on_delay`; its `began`
is when the comparator turned on. It ends when the comparator has been off for `off_delay`; its `ended` is when the
comparator turned off. Both delays are met when exactly so much time has passed. A value holds until the next sample.

What is carried of a signal:

    last      newest sample looked at, ns since 1970
    rules     by key, of every comparator that is on and every alert that lasts:
              on: whether the comparator is on   turned: since when, ns   began: of the alert that lasts, ns, or null
              value: the value at which the comparator turned on
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import polars as pl

from adapters.sample import Status, is_bad
from analytics.alerts import Alert
from analytics.faults.contract import Carried, Detector, Found, in_order, moment, names
from collector.park import Limit, Park, Severity, Signal, Title

SLUG: Final = "limit"
"""Name of the detector."""


SHOWN: Final[Mapping[str, str]] = {"Cel": "°C", "[degF]": "°F", "deg": "°", "r/min": "rpm", "kW.h": "kWh", "Ohm": "Ω"}
"""UCUM units that people know by another sign."""


@dataclass(frozen=True, slots=True)
class Side:
    """One side of one limit of a signal."""

    key: str
    """Side and bound, such as `high:80`: tells its alerts apart from those of the signal's other limits."""

    side: Literal["high", "low"]
    """On which side values are beyond it."""

    bound: float
    """Beyond this, in the signal's unit."""

    back: float
    """At this, or further inside, the comparator turns off."""

    on_delay: int
    """How long the comparator must be on, ns."""

    off_delay: int
    """How long the comparator must be off, ns."""

    severity: Severity
    """Priority of its alerts."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What is watched on one signal."""

    signal: Signal
    """Which."""

    sides: Mapping[str, Side]
    """Every side of every limit, by key."""


def rules(park: Park) -> dict[str, Limits]:
    """Give the limits of every signal that has some."""
    return {
        signal.path: Limits(signal, {side.key: side for limit in signal.limits for side in _sides(limit)})
        for signal in park.signals.values()
        if signal.limits
    }


def look(
    watched: Mapping[str, Limits], carried: Mapping[str, Carried], samples: pl.DataFrame, until: Mapping[str, int]
) -> Found:
    """Look at samples, as `faults.contract` tells."""
    usable = samples.lazy().filter(pl.col("signal").is_in(list(watched)) & ~is_bad(pl.col("status")) & _measured())
    values = usable.with_columns(value=pl.coalesce("float", pl.col("int").cast(pl.Float64))).collect()
    ordered, late = in_order(values.filter(pl.col("value").is_not_null()), carried)
    work = _Work(watched, carried)
    for signal, key, ns, on, value in _turns(ordered, watched, carried).iter_rows():
        work.turn(signal, key, ns, on=on, value=value)
    for signal, ns in ordered.group_by("signal").agg(pl.col("ns").max()).iter_rows():
        work.seen(signal, ns)
    for signal, ns in until.items():
        work.pass_time(signal, ns)
    return Found(tuple(work.alerts.values()), work.carried, late)


def _measured() -> pl.Expr:
    """True but for what lies outside the signal's valid range: that is a sensor that errs, not a machine that does."""
    return pl.col("status") != Status.UNCERTAIN_RANGE


def lasting(watched: Limits, carried: Carried) -> frozenset[str]:
    """Give the keys of the alerts that last."""
    return frozenset(
        key for key, kept in carried["rules"].items() if kept["began"] is not None and key in watched.sides
    )


def _sides(limit: Limit) -> Iterator[Side]:
    delays = (limit.on_delay, limit.off_delay)
    on_delay, off_delay = (int(delay.total_seconds() * 1_000_000) * 1000 for delay in delays)
    if limit.high is not None:
        back = limit.high - limit.hysteresis
        yield Side(f"high:{limit.high:.12g}", "high", limit.high, back, on_delay, off_delay, limit.severity)
    if limit.low is not None:
        back = limit.low + limit.hysteresis
        yield Side(f"low:{limit.low:.12g}", "low", limit.low, back, on_delay, off_delay, limit.severity)


def _turns(ordered: pl.DataFrame, watched: Mapping[str, Limits], carried: Mapping[str, Carried]) -> pl.DataFrame:
    """Give the samples at which a comparator turns: signal, key, ns, on, value; by signal, key and time."""
    sides = pl.DataFrame(
        [
            (path, side.key, side.side == "high", side.bound, side.back, _on(carried.get(path), side.key))
            for path, limits in watched.items()
            for side in limits.sides.values()
        ],
        schema={
            "signal": pl.String,
            "key": pl.String,
            "high": pl.Boolean,
            "bound": pl.Float64,
            "back": pl.Float64,
            "was_on": pl.Boolean,
        },
        orient="row",
    )
    value, bound, back = pl.col("value"), pl.col("bound"), pl.col("back")
    compared = ordered.join(sides, on="signal", how="inner", maintain_order="left_right").with_columns(
        on=pl.when("high").then(value > bound).otherwise(value < bound),
        off=pl.when("high").then(value <= back).otherwise(value >= back),
    )
    before = pl.col("on").shift().over("signal", "key")
    return (
        compared.filter(pl.col("on") | pl.col("off"))
        .sort("signal", "key", "ns", maintain_order=True)
        .filter(pl.col("on") != pl.coalesce(before, "was_on"))
        .select("signal", "key", "ns", "on", "value")
    )


def _on(kept: Carried | None, key: str) -> bool:
    return kept is not None and key in kept["rules"] and bool(kept["rules"][key]["on"])


class _Work:
    """One look: the comparators that turn or wait, and the alerts that come of it."""

    def __init__(self, watched: Mapping[str, Limits], carried: Mapping[str, Carried]) -> None:
        self._watched = watched
        self._before = carried
        self.carried: dict[str, dict[str, Any]] = {}
        self.alerts: dict[str, Alert] = {}

    def turn(self, signal: str, key: str, ns: int, *, on: bool, value: float) -> None:
        """Turn a comparator at `ns`."""
        kept = self._kept(signal)["rules"]
        self._pass(signal, key, ns)
        before = kept.get(key, {"began": None, "value": None})
        kept[key] = {**before, "on": on, "turned": ns}
        if on and before["began"] is None:
            kept[key]["value"] = value
        self._pass(signal, key, ns)

    def seen(self, signal: str, ns: int) -> None:
        """Note the newest sample of a signal."""
        self._kept(signal)["last"] = ns

    def pass_time(self, signal: str, ns: int) -> None:
        """Let time go on to `ns` for every comparator of a signal."""
        known = self.carried.get(signal, self._before.get(signal))
        for key in list(known["rules"]) if known is not None and signal in self._watched else ():
            self._pass(signal, key, ns)

    def _kept(self, signal: str) -> dict[str, Any]:
        if signal not in self.carried:
            before = self._before.get(signal, {"last": 0, "rules": {}})
            sides = self._watched[signal].sides
            self.carried[signal] = {**before, "rules": {k: v for k, v in before["rules"].items() if k in sides}}
        return self.carried[signal]

    def _pass(self, signal: str, key: str, ns: int) -> None:
        """Begin or end the alert of a comparator whose delay has run out at `ns`."""
        side = self._watched[signal].sides.get(key)
        state = self.carried.get(signal, self._before.get(signal, {"rules": {}}))["rules"].get(key)
        if side is None or state is None:
            return
        lasted = ns - state["turned"]
        if state["on"] and state["began"] is None and lasted >= side.on_delay:
            begun = {**state, "began": state["turned"]}
            self._kept(signal)["rules"][key] = begun
            self._tell(signal, side, begun, None)
        elif not state["on"] and state["began"] is not None and lasted >= side.off_delay:
            del self._kept(signal)["rules"][key]
            self._tell(signal, side, state, state["turned"])
        elif not state["on"] and state["began"] is None:
            del self._kept(signal)["rules"][key]

    def _tell(self, path: str, side: Side, state: Mapping[str, Any], ended: int | None) -> None:
        signal = self._watched[path].signal
        alert = Alert(
            equipment=signal.equipment,
            signal=path,
            detector=SLUG,
            key=side.key,
            severity=side.severity,
            code=f"limit.{side.side}",
            value=f"{state['value']:.12g}",
            began=moment(state["began"]),
            ended=None if ended is None else moment(ended),
            parameters={
                **names(signal),
                "value": f"{state['value']:.6g}",
                "limit": f"{side.bound:.6g}",
                "unit": "" if signal.unit == "1" else f" {SHOWN.get(signal.unit, signal.unit)}",
            },
        )
        self.alerts.pop(alert.id, None)
        self.alerts[alert.id] = alert


LIMITS: Final = Detector(
    slug=SLUG,
    source="ISA-18.2 process alarms, with dead band and on- and off-delay (IEC 62682, 10.5)",
    title=Title(en="Limit exceeded", zh="超限"),
    rules=rules,
    look=look,
    keys=lasting,
)
"""See the module."""
