"""A pump with one measured signal, and a detector that looks at it in any portions, its state passed through JSON."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import polars as pl

from adapters.sample import no_samples
from analytics.faults.contract import Baseline, Carried, Detector, Found, Indicator, Seen
from collector.faultrules.rules import SignalFaults
from collector.park import Park, Signal, Title
from tests.analytics.plant import BEGIN, Address, line, machine, park, samples

if TYPE_CHECKING:
    from analytics.alerts import Alert

PUMP = "works/line/pump"
BEARING = f"{PUMP}/bearing"


def pump(faults: SignalFaults, unit: str = "mm/s") -> Park:
    bearing = Signal(
        path=BEARING,
        name="bearing",
        source="plc",
        address=Address(),
        type="float",
        unit=unit,
        faults=faults,
        title=Title(zh="驱动端轴承", en="Drive end bearing"),
    )
    return park(line("works/line", machine(PUMP, bearing)))


def ns(second: float) -> int:
    return int(BEGIN.timestamp()) * 10**9 + round(second * 1_000_000) * 1000


class Looking:
    """A detector that has looked at the bearing so far."""

    def __init__(self, detector: Detector[Any], where: Park) -> None:
        self._detector = detector
        self._rules = detector.rules(where)
        self.carried: dict[str, Carried] = {}
        self.alerts: dict[str, Alert] = {}
        self.indicators: dict[str, Indicator] = {}
        self.baselines: list[Baseline] = []
        self.late = 0

    def look(self, frame: pl.DataFrame | None = None, until: float | None = None) -> Found:
        known = {} if until is None else {BEARING: ns(until)}
        carried = json.loads(json.dumps(self.carried))
        found = self._detector.look(self._rules, carried, Seen(no_samples() if frame is None else frame, known))
        self.carried |= found.carried
        self.alerts |= {alert.id: alert for alert in found.alerts}
        self.indicators |= {one.name: one for one in found.indicators}
        self.baselines += found.baselines
        self.late += found.late
        return found

    def at(self, values: Sequence[tuple[float, Any]], until: float | None = None) -> Found:
        return self.look(samples(BEARING, values), until)

    def portions(self, values: Sequence[tuple[float, Any]], cuts: Sequence[int], until: float) -> None:
        """Look at values in portions; some of these end with nothing more to come until the next."""
        edges = sorted({0, len(values), *(cut % (len(values) + 1) for cut in cuts)})
        for start, stop in pairwise(edges):
            following = values[stop][0] if stop < len(values) else until
            self.at(values[start:stop], None if (start + stop) % 2 else following)
        self.look(until=until)

    @property
    def lasting(self) -> set[str]:
        return {key for path, state in self.carried.items() for key in self._detector.keys(self._rules[path], state)}

    def told(self) -> list[tuple[float, float | None, str, str]]:
        """Give begin and end (seconds), priority and code of every alert."""

        def seconds(one: datetime | None) -> float | None:
            return None if one is None else (one - BEGIN) / timedelta(seconds=1)

        return sorted(
            (
                (seconds(one.began) or 0.0, seconds(one.ended), one.severity.value, one.code)
                for one in self.alerts.values()
            ),
            key=lambda row: row[0],
        )
