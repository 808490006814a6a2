"""Detectors that are looked with, portion by portion, as the watch does it."""

import json
from collections.abc import Iterable, Sequence
from datetime import timedelta
from itertools import pairwise
from operator import attrgetter
from typing import Any, Self

import polars as pl

from adapters.sample import Status, no_samples
from analytics.alerts import Alert
from analytics.faults.contract import GAPS, STATES, Baseline, Carried, Detector, Indicator, Seen
from collector.park import Equipment, EquipmentState, Park, Signal, SignalRole, Title
from tests.analytics.plant import BEGIN, Address, line, machine, park, samples

PRESS = "works/line/press"
"""The machine of these tests."""

ORIGIN = int(BEGIN.timestamp()) * 10**9
"""`BEGIN` in ns since 1970."""

RUN, STAND, UNKNOWN = EquipmentState.PRODUCING, EquipmentState.UNPLANNED_STOP, EquipmentState.UNKNOWN
"""What it does."""


def ns(second: float) -> int:
    """Give an instant so many seconds after `BEGIN`, in ns since 1970."""
    return ORIGIN + round(second * 1_000_000) * 1000


def seconds(value: float) -> timedelta:
    """Give a span."""
    return timedelta(seconds=value)


def signal(name: str = "force", **keys: Any) -> Signal:
    """Give a signal of the press; a number in kN."""
    given: dict[str, Any] = {"type": "float", "unit": "kN", "title": Title(en="Press force", zh="压力"), **keys}
    return Signal(path=f"{PRESS}/{name}", name=name, source="plc", address=Address(), **given)


def plant(*signals: Signal, **keys: Any) -> Park:
    """Give a park with the press alone; it has a state signal."""
    return park(line("works/line", machine(PRESS, *signals, **keys)))


def stateless(*signals: Signal, **keys: Any) -> Park:
    """Give a park with the press alone, of which nobody says the state."""
    press = Equipment(path=PRESS, id="press", signals=signals, **keys)
    return park(line("works/line", press))


def counted(name: str = "parts", role: SignalRole = SignalRole.TOTAL_COUNT, **keys: Any) -> Signal:
    """Give a part counter of the press."""
    return signal(name, **{"type": "int", "unit": "1", "role": role, "title": Title(en="Parts", zh="产量"), **keys})


def states(*changes: tuple[float, EquipmentState], machine: str = PRESS) -> pl.DataFrame:
    """Give changes of the state of a machine: seconds after `BEGIN`, and the state."""
    rows = [(machine, ns(second), state.value) for second, state in changes]
    return pl.DataFrame(rows, schema=STATES, orient="row")


def gaps(path: str, *spans: tuple[float, float | None]) -> pl.DataFrame:
    """Give gaps of a signal, in seconds after `BEGIN`."""
    rows = [(path, ns(start), None if end is None else ns(end)) for start, end in spans]
    return pl.DataFrame(rows, schema=GAPS, orient="row")


def astray(path: str, values: Iterable[tuple[float, Any]]) -> pl.DataFrame:
    """Give samples outside the signal's valid range."""
    return samples(path, values).with_columns(status=pl.lit(Status.UNCERTAIN_RANGE.value, pl.UInt32))


class Looked:
    """A detector that is looked with; what it carries goes through JSON as it does in the records."""

    def __init__(self, detector: Detector[Any], where: Park) -> None:
        self._detector = detector
        self.rules = detector.rules(where)
        self.signals = [one for subject, rule in self.rules.items() for one in detector.signals(subject, rule)]
        self.carried: dict[str, Carried] = {}
        self.alerts: dict[str, Alert] = {}
        self.baselines: list[Baseline] = []
        self.indicators: dict[tuple[str, str], Indicator] = {}
        self.late = 0

    def look(
        self,
        frame: pl.DataFrame | None = None,
        until: float | None = None,
        *,
        told: pl.DataFrame | None = None,
        missed: pl.DataFrame | None = None,
    ) -> list[Alert]:
        """Look at samples, changes of state and gaps, up to an instant."""
        seen = Seen(
            samples=no_samples() if frame is None else frame,
            until={} if until is None else dict.fromkeys(self.signals, ns(until)),
            states=pl.DataFrame(schema=STATES) if told is None else told,
            gaps=pl.DataFrame(schema=GAPS) if missed is None else missed,
        )
        found = self._detector.look(self.rules, json.loads(json.dumps(self.carried)), seen)
        self.carried |= json.loads(json.dumps(found.carried))
        self.alerts |= {alert.id: alert for alert in found.alerts}
        self.baselines += found.baselines
        self.indicators |= {(one.subject, one.name): one for one in found.indicators}
        self.late += found.late
        return list(found.alerts)

    def forget(self) -> None:
        """Have it learn again."""
        left = {subject: self._detector.forget(kept) for subject, kept in self.carried.items()}
        self.carried = {subject: json.loads(json.dumps(kept)) for subject, kept in left.items() if kept is not None}

    def portions(
        self,
        frame: pl.DataFrame,
        cuts: Sequence[float],
        end: float,
        *,
        told: pl.DataFrame | None = None,
        missed: pl.DataFrame | None = None,
    ) -> Self:
        """Look at everything up to each of `cuts` (seconds), and to `end`; states come as soon as they are."""
        told = pl.DataFrame(schema=STATES) if told is None else told
        time = frame["time"].dt.cast_time_unit("ns").dt.epoch("ns")
        edges = [-1.0, *sorted({one for one in cuts if 0 <= one < end}), end]
        for start, stop in pairwise(edges):
            inside = (time >= ns(start)) & (time < (ns(stop) if stop < end else 2**62))
            some = told.filter((pl.col("ns") >= ns(start)) & (pl.col("ns") < (ns(stop) if stop < end else 2**62)))
            self.look(frame.filter(inside), told=some, missed=missed)
            self.look(until=stop, missed=missed)
        return self

    @property
    def lasting(self) -> set[str]:
        """Keys of the alerts that last."""
        return {key for path, state in self.carried.items() for key in self._detector.keys(self.rules[path], state)}

    def told(self) -> list[tuple[str, float, float | None]]:
        """Give key, begin and end of every alert, in seconds."""
        rows = [
            (one.key, _after(one.began), None if one.ended is None else _after(one.ended))
            for one in self.alerts.values()
        ]
        return sorted(rows, key=lambda row: (row[1], row[0]))

    def codes(self) -> list[str]:
        """Give what the alerts say, by begin."""
        return [one.code for one in sorted(self.alerts.values(), key=lambda one: one.began)]


def _after(instant: Any) -> float:
    return float((instant - BEGIN).total_seconds())


def same(one: Looked, other: Looked) -> None:
    """Assert that two have found the same, and carry the same; of one mode, what was learned in the same order."""
    assert other.alerts == one.alerts
    assert other.carried == one.carried
    of_one = attrgetter("subject", "mode")
    assert sorted(other.baselines, key=of_one) == sorted(one.baselines, key=of_one)
    assert one.lasting == {alert.key for alert in one.alerts.values() if alert.active}


def rising(steps: Iterable[tuple[float, Any]]) -> list[tuple[float, Any]]:
    """Give values by second from values by seconds since the one before."""
    second, rows = 0.0, []
    for step, value in steps:
        second += step
        rows.append((second, value))
    return rows
