"""What machines do now: their changes of state, told from samples as they come, by the rules of `analytics.states`.

Detectors that watch machines as they work need their states at once, and not when the store has the samples. A state is
told once, and for good, when it is certain: when every input of the machine has come as far, and what its rule still
looks ahead for. So the same samples give the same changes, in whatever portions they come.

    settled     how far the rule looks ahead: 0 where the values of an instant say its state; `minimum` of a threshold;
                the reach of a counter, which tells afterwards that a machine stood; `hold_for`, with `bridge: middle`

What came late changes what follows, and nothing that was told. What is kept of an input is bounded: where its value
differs, as far back as its rule and `hold_for` look, and `MOST` samples at most.

`now` is what is known up to the newest sample, certain or not: good enough to keep quiet, not to learn from.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import polars as pl

from adapters.sample import SAMPLES, VALUE_TYPES, no_samples
from analytics.faults.contract import GAPS, STATES, Carried, Seen, moment, nanoseconds
from analytics.spans import GAPS as SPAN_GAPS
from analytics.spans import UNKNOWN, Machine, lookback, signals_of, spans
from analytics.states import holding
from analytics.states.catalogue import rule_of
from analytics.states.contract import Rule
from analytics.states.reports import no_lasting
from collector.faultrules.detection import Detection, Learned
from collector.faultrules.production import Counter
from collector.faultrules.rules import MachineFaults
from collector.park import Equipment, Park
from collector.staterules import ByCounter, ByThreshold

if TYPE_CHECKING:
    from pydantic import BaseModel

MOST: Final = 5_000
"""Samples of one input that are kept at most; the oldest go first."""

STEP: Final = nanoseconds(timedelta(seconds=1))
"""How far time goes on before a machine is looked at again of which nothing came."""

Upto: TypeAlias = Mapping[str, int]
"""By signal, an instant, ns since 1970."""

_TAIL: Final = 1_000
"""The end of an interval that still has this instant in it, ns: spans count microseconds."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one machine."""

    told: int = 0
    """Up to which instant its states are told, ns since 1970; 0: nothing is."""

    state: str = UNKNOWN
    """Its state then."""

    now: str = UNKNOWN
    """Its state as of the newest sample."""

    reached: Upto = field(default_factory=dict)
    """By input, up to which instant everything has come."""

    newest: int = 0
    """Time of the newest sample of any input, ns since 1970."""

    next: int = 0
    """When it changes next, as far as is known, though not for certain, ns since 1970; 0: it does not."""

    restless: bool = False
    """Whether its state may change though nothing comes."""


class States:
    """The states of some machines; a look gives new ones, and changes nothing of these."""

    def __init__(
        self,
        machines: Mapping[str, Equipment],
        known: Mapping[str, Known] | None = None,
        kept: pl.DataFrame | None = None,
        gaps: pl.DataFrame | None = None,
    ) -> None:
        """Begin with what is known of machines by path, with the samples that are kept, and with gaps of inputs."""
        self._machines = machines
        self._inputs = {path: tuple(one.path for one in signals_of(machine)) for path, machine in machines.items()}
        self._known = {path: (known or {}).get(path, Known()) for path in machines}
        self._kept = no_samples() if kept is None else kept
        self._gaps = pl.DataFrame(schema=GAPS) if gaps is None else gaps

    @property
    def signals(self) -> frozenset[str]:
        """Paths of the signals that states are told from."""
        return frozenset(signal for inputs in self._inputs.values() for signal in inputs)

    @property
    def now(self) -> dict[str, str]:
        """What machines do now, by path, as far as anything is known of them."""
        return {path: known.now for path, known in self._known.items()}

    def look(self, seen: Seen) -> tuple["States", pl.DataFrame, frozenset[str]]:
        """Look at samples, gaps and the time that passed.

        Returns:
            The states after it; the changes that are certain now, columns of `faults.contract.STATES`, by machine and
            time; and the machines of which something else is known.
        """
        came = seen.samples.filter(pl.col("signal").is_in(list(self.signals)))
        newest = _newest(came)
        known = {path: self._reached(path, newest, seen.until) for path in self._machines}
        gaps = self._joined(newest, seen.gaps)
        heard = self._differing(came, gaps)
        due = {path: known[path] for path in self._machines if path in heard or self._is_due(path, known[path])}
        passed = {path: _passed(one, self._certain(path, one)) for path, one in known.items()}
        if not due:
            return States(self._machines, passed, self._kept, gaps), pl.DataFrame(schema=STATES), frozenset()
        samples = pl.concat([self._kept, came]).sort("signal", "time", maintain_order=True)
        looked, changes = self._tell(due, samples, gaps)
        kept, held, uneasy = self._worth_keeping(samples, looked, gaps)
        looked = {path: replace(one, restless=self._is_restless(path, uneasy)) for path, one in looked.items()}
        return States(self._machines, passed | looked, kept, held), changes, frozenset(due)

    def seeded(self, samples: pl.DataFrame) -> "States":
        """Give the states as they were before the first sample, with the last of each input before it."""
        earlier = samples.filter(pl.col("signal").is_in(list(self.signals)))
        return States(self._machines, self._known, pl.concat([self._kept, earlier]), self._gaps)

    def carried(self, machines: Iterable[str]) -> dict[str, Carried]:
        """Give what is to be carried of machines, as JSON can hold it."""
        asked = list(machines)
        mine = pl.col("signal").is_in([signal for path in asked for signal in self._inputs[path]])
        columns = ("signal", pl.col("time").dt.epoch("ns"), *VALUE_TYPES, "status")
        kept: dict[str, list[list[Any]]] = {}
        for signal, *row in self._kept.filter(mine).select(columns).iter_rows():
            kept.setdefault(signal, []).append(row)
        gaps: dict[str, list[list[int | None]]] = {}
        for signal, start, end in self._gaps.filter(mine).iter_rows():
            gaps.setdefault(signal, []).append([start, end])
        return {
            path: {
                "known": _as_json(self._known[path]),
                "kept": {signal: kept[signal] for signal in self._inputs[path] if signal in kept},
                "gaps": {signal: gaps[signal] for signal in self._inputs[path] if signal in gaps},
            }
            for path in asked
        }

    @classmethod
    def resume(cls, machines: Mapping[str, Equipment], carried: Mapping[str, Carried]) -> "States":
        """Begin with what was carried."""
        some = {path: one for path, one in carried.items() if path in machines}
        known = {path: Known(**one["known"]) for path, one in some.items()}
        kept = [_samples_of(signal, rows) for one in some.values() for signal, rows in one["kept"].items()]
        gaps = [
            (signal, start, end) for one in some.values() for signal, rows in one["gaps"].items() for start, end in rows
        ]
        return cls(
            machines, known, pl.concat([no_samples(), *kept]), pl.DataFrame(gaps, schema=GAPS, orient="row").unique()
        )

    def _reached(self, path: str, newest: Upto, until: Upto) -> Known:
        one = self._known[path]
        come = {
            signal: max(one.reached.get(signal, 0), newest.get(signal, 0), until.get(signal, 0))
            for signal in self._inputs[path]
        }
        last = max((newest.get(signal, 0) for signal in self._inputs[path]), default=0)
        return replace(one, reached=come, newest=max(one.newest, last))

    def _certain(self, path: str, known: Known) -> int:
        """Give up to which instant the states of a machine are certain, ns since 1970."""
        return min(known.reached.values(), default=0) - _settled(self._machines[path])

    def _is_due(self, path: str, known: Known) -> bool:
        certain = self._certain(path, known)
        return 0 < known.next < certain or (known.restless and known.newest > 0 and certain - known.told >= STEP)

    def _joined(self, newest: Upto, given: pl.DataFrame) -> pl.DataFrame:
        """Give the gaps that are known now: those behind the newest samples are given anew, the older ones stay."""
        if not newest or (self._gaps.is_empty() and given.is_empty()):
            return self._gaps
        before = {
            signal: self._known[path].reached.get(signal, 0)
            for path, inputs in self._inputs.items()
            for signal in inputs
            if signal in newest
        }
        since = pl.col("signal").replace_strict(before, default=None, return_dtype=pl.Int64)
        older = (pl.col("end") < since).fill_null(value=False) | since.is_null()
        mine = given.filter(pl.col("signal").is_in(list(before)))
        return pl.concat([self._gaps.filter(older), mine]).unique(["signal", "start"], keep="last", maintain_order=True)

    def _differing(self, came: pl.DataFrame, gaps: pl.DataFrame) -> set[str]:
        """Give the machines of which something came that their rule does not know yet."""
        if came.is_empty():
            return set()
        last = self._kept.unique("signal", keep="last", maintain_order=True)
        samples = pl.concat([last, came]).sort("signal", "time", maintain_order=True)
        found: set[str] = set()
        for rule, machines in _by_rule(self._machines.values()):
            signals = [signal for machine in machines for signal in self._inputs[machine.equipment]]
            mine = samples.filter(pl.col("signal").is_in(signals))
            watched = rule.watched(mine.lazy(), self._lasting(machines, gaps), machines).select("signal").collect()
            known = set(last["signal"])
            rows = dict(watched.group_by("signal").len().iter_rows())
            found |= {
                machine.equipment
                for machine in machines
                if any(rows.get(signal, 0) > (signal in known) for signal in self._inputs[machine.equipment])
            }
        return found

    def _lasting(self, machines: Sequence[Machine], gaps: pl.DataFrame) -> pl.DataFrame:
        """Give the gaps that are not bridged."""
        if gaps.is_empty():
            return no_lasting()
        of = self._span_gaps([machine.equipment for machine in machines], gaps)
        return holding.lasting(of, holding.inputs(machines))

    def _tell(
        self, due: Mapping[str, Known], samples: pl.DataFrame, gaps: pl.DataFrame
    ) -> tuple[dict[str, Known], pl.DataFrame]:
        """Carry the rules out over what is kept and what came; give what is known now, and what is certain."""
        ends = {path: max(one.newest, min(one.reached.values(), default=0)) + _TAIL for path, one in due.items()}
        first = samples.group_by("signal").agg(pl.col("time").min().dt.epoch("ns"))
        oldest = dict(first.iter_rows())
        begins = {
            path: one.told or min((oldest[signal] for signal in self._inputs[path] if signal in oldest), default=0)
            for path, one in due.items()
        }
        machines = [Machine(self._machines[path], moment(ends[path])) for path in due]
        found = spans(
            samples.lazy(),
            no_samples(),
            self._span_gaps(due, gaps),
            machines,
            moment(min(begins.values())),
            moment(max(ends.values())),
        )
        rows: dict[str, list[tuple[int, int, str]]] = {path: [] for path in due}
        instants = (pl.col(name).dt.cast_time_unit("ns").dt.epoch("ns") for name in ("start", "end"))
        for path, start, end, state in found.select("equipment", *instants, "state").iter_rows():
            rows[path].append((start, end, state))
        looked: dict[str, Known] = {}
        changes: list[tuple[str, int, str]] = []
        for path, one in due.items():
            certain = max(self._certain(path, one), one.told)
            differs = _changes(rows[path], one.state, begins[path])
            told = [change for change in differs if change[0] < certain]
            later = differs[len(told) :]
            changes += [(path, ns, name) for ns, name in told]
            looked[path] = replace(
                one,
                told=certain,
                state=told[-1][1] if told else one.state,
                now=differs[-1][1] if differs else one.state,
                next=later[0][0] if later else 0,
            )
        return looked, pl.DataFrame(changes, schema=STATES, orient="row").sort("equipment", "ns")

    def _span_gaps(self, due: Iterable[str], gaps: pl.DataFrame) -> pl.DataFrame:
        """Give gaps as `analytics.spans` takes them."""
        of = pl.DataFrame(
            [(path, signal) for path in due for signal in self._inputs[path]],
            schema={"equipment": pl.String, "signal": pl.String},
            orient="row",
        )
        instants = (
            pl.from_epoch(pl.col(name) // 1000, "us").dt.replace_time_zone("UTC").alias(name)
            for name in ("start", "end")
        )
        return of.join(gaps, on="signal", how="inner").select("equipment", "signal", *instants).cast(SPAN_GAPS)

    def _worth_keeping(
        self, samples: pl.DataFrame, looked: Mapping[str, Known], gaps: pl.DataFrame
    ) -> tuple[pl.DataFrame, pl.DataFrame, set[str]]:
        """Give the samples and gaps that may still matter, and the inputs that are bridged.

        What matters reaches as far back as the rules look, where they see something. The samples of machines that were
        not looked at stay as they are.
        """
        machines = [self._machines[path] for path in looked]
        reach = {
            signal: looked[machine.path].told - nanoseconds(lookback(machine))
            for machine in machines
            for signal in self._inputs[machine.path]
        }
        parts = [samples.filter(~pl.col("signal").is_in(list(reach)))]
        uneasy: set[str] = set()
        for rule, some in _by_rule(machines):
            signals = [signal for machine in some for signal in self._inputs[machine.equipment]]
            mine = samples.filter(pl.col("signal").is_in(signals))
            lasting = self._lasting(some, gaps)
            watched = rule.watched(mine.lazy(), lasting, some).collect()
            parts.append(_thinned(mine, watched, reach))
            reports = rule.reports(holding.last_of_instant(watched), lasting, some)
            last = reports.unique("signal", keep="last", maintain_order=True)
            uneasy |= set(last.filter(pl.all_horizontal(pl.col(*rule.values).is_null()))["signal"])
        kept = pl.concat(parts).sort("signal", "time", maintain_order=True)
        held = _worth_keeping_of(gaps, kept, reach)
        return kept, held, uneasy | set(held["signal"])

    def _is_restless(self, path: str, uneasy: Container[str]) -> bool:
        """Tell whether a machine's state may change though nothing comes: it is bridged, or its rule remembers."""
        machine = self._machines[path]
        return bool(rule_of(machine).memory(machine)) or any(signal in uneasy for signal in self._inputs[path])


def machines_asked_for(park: Park) -> dict[str, Equipment]:
    """Give the machines whose states detectors or alerts ask for, by path, of those whose state something tells."""
    asked: set[str] = set()
    for line in (line for factory in park.factories for line in factory.lines):
        whole = False
        for machine in line.equipment:
            detections = list(_detections(machine))
            whole |= any(one.when == "line_runs" for one in detections)
            own = machine.faults != MachineFaults()
            if own or any(one.when == "machine_runs" or isinstance(one, Learned | Counter) for one in detections):
                asked.add(machine.path)
        if whole:
            asked |= {machine.path for machine in line.equipment}
    return {path: one for path, one in park.equipment.items() if path in asked and one.state_inputs}


def _detections(machine: Equipment) -> Iterable[Detection]:
    """Give everything that is watched of a machine and its signals."""
    configured: list[BaseModel] = [machine.faults, *(signal.faults for signal in machine.signals)]
    values = (getattr(one, name) for one in configured for name in type(one).model_fields)
    yield from (value for value in values if isinstance(value, Detection))
    yield from (limit for signal in machine.signals for limit in signal.limits)


def _settled(machine: Equipment) -> int:
    """Give how far after an instant its state is certain, ns."""
    rule = machine.state_from
    ahead = machine.hold_for if machine.bridge == "middle" else timedelta(0)
    if isinstance(rule, ByThreshold):
        ahead += rule.minimum
    elif isinstance(rule, ByCounter):
        ahead += rule_of(machine).memory(machine)
    return nanoseconds(ahead)


def _newest(samples: pl.DataFrame) -> dict[str, int]:
    """Give the time of the newest sample of each signal, ns since 1970."""
    if samples.is_empty():
        return {}
    return dict(samples.group_by("signal").agg(pl.col("time").max().dt.epoch("ns")).iter_rows())


def _passed(known: Known, certain: int) -> Known:
    """Give what is known of a machine at rest when time has passed."""
    if known.told == 0 or known.next or known.restless or certain <= known.told:
        return known
    return replace(known, told=certain)


def _changes(rows: Iterable[tuple[int, int, str]], state: str, begin: int) -> list[tuple[int, str]]:
    """Give when a machine in this state at `begin` changes it from there on, and to what, from its spans."""
    found: list[tuple[int, str]] = []
    for start, end, name in rows:
        if end > begin and name != (found[-1][1] if found else state):
            found.append((max(start, begin), name))
    return found


def _by_rule(machines: Iterable[Equipment]) -> list[tuple[Rule, list[Machine]]]:
    """Give machines by the rule that tells their states."""
    found: dict[Rule, list[Machine]] = {}
    for machine in machines:
        found.setdefault(rule_of(machine), []).append(Machine(machine, None))
    return list(found.items())


def _thinned(samples: pl.DataFrame, watched: pl.DataFrame, reach: Upto) -> pl.DataFrame:
    """Give the samples that may still matter, by signal and time.

    These are what the rule watched, the last one before each of them, and the last of all.
    """
    marks = watched.select("signal", us=pl.col("time")).unique().with_columns(differs=pl.lit(value=True))
    flagged = samples.with_columns(us=pl.col("time").dt.cast_time_unit("us")).join(
        marks, on=["signal", "us"], how="left", maintain_order="left"
    )
    differs = pl.col("differs").fill_null(value=False)
    worth = flagged.filter(differs | differs.shift(-1).over("signal").fill_null(value=True))
    ns = pl.col("time").dt.epoch("ns")
    least = pl.col("signal").replace_strict(reach, default=None, return_dtype=pl.Int64)
    follows = (ns.shift(-1).over("signal") > least).fill_null(value=True)  # it says what held at `reach`
    rank = pl.int_range(pl.len(), 0, -1).over("signal")
    return worth.filter(((ns >= least) | follows) & (rank <= MOST)).select(SAMPLES.names())


def _worth_keeping_of(gaps: pl.DataFrame, kept: pl.DataFrame, reach: Upto) -> pl.DataFrame:
    """Give the gaps that may still matter: also an old one, where a sample that is kept came before its end."""
    first = dict(kept.group_by("signal").agg(pl.col("time").min().dt.epoch("ns")).iter_rows())
    least, oldest = (
        pl.col("signal").replace_strict(some, default=None, return_dtype=pl.Int64) for some in (reach, first)
    )
    over = (pl.col("end") < least) & (pl.col("end") <= oldest).fill_null(value=True)
    return gaps.filter(~over.fill_null(value=False))


def _as_json(known: Known) -> dict[str, Any]:
    return {
        "told": known.told,
        "state": known.state,
        "now": known.now,
        "reached": dict(known.reached),
        "newest": known.newest,
        "next": known.next,
        "restless": known.restless,
    }


def _samples_of(signal: str, rows: list[list[Any]]) -> pl.DataFrame:
    """Give samples as they were carried."""
    schema = {"time": pl.Int64(), **{name: SAMPLES[name] for name in (*VALUE_TYPES, "status")}}
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    time = pl.from_epoch("time", "ns").dt.replace_time_zone("UTC")
    return frame.select(
        pl.lit(signal).alias("signal"), time.alias("time"), *VALUE_TYPES, "status", time.alias("received")
    ).cast(SAMPLES)
