"""Stretches: what of the samples a chart learns from, and what it watches.

    samples ─► usable values, while the machine produces, by operating mode ─┬─► learning, until it knows what is normal
                                                                             └─► stretches that are watched

- Where the state of a machine is known, values count only while it produces: a stop is no shift. What a chart has
  summed up is kept over a stop, as over a gap or Bad samples; no step over one counts.
- Where the machine has a signal of role `mode`, every mode has a baseline of its own, and a new one is learned first.
  At most `MODES` are kept; the one entered longest ago goes. In another mode a chart begins anew.
- A state or mode holds from its instant on, for the values that are looked at with it or later. A mode that is older
  than one already told is late, and counted as such.
- What is normal is not adapted afterwards, so that a fault that grows slowly is never learned; it is learned again when
  that is forgotten. State and mode stay known then: they are told when they change alone.

What is carried of a signal, beside what the chart itself carries:

    last     the newest value looked at, ns since 1970       state    of the machine; null: not known
    open     mode of the value before, null after a break    mode     in force
    watched  mode that was watched last; null: none          told     the newest mode told, ns since 1970
    modes    by mode: since when it was in force last, `entered`, ns since 1970; and what `learning` carries, or `model`
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter, is_, itemgetter
from typing import Any, Final, Generic, NamedTuple, Self, TypeVar
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from numpy.typing import NDArray

from adapters.sample import is_good
from analytics.faults.columns import PAST, Columns, Flags, Floats, Ints, columns
from analytics.faults.comparator import Point
from analytics.faults.contract import Baseline, Carried, Seen
from analytics.faults.learning import Rows, Terms, learn
from collector.faultrules.detection import Learned
from collector.park import EquipmentState, Park, Signal, SignalRole

S = TypeVar("S", bound=Learned)
"""The parameters of one kind of chart."""

D = TypeVar("D")
"""What a chart derives from what is normal."""

MODES: Final = 32
"""Of so many modes of one signal is what was learned kept."""


@dataclass(frozen=True, slots=True)
class Chart(Generic[S]):
    """One signal that a chart watches."""

    signal: Signal
    """Which."""

    machine: str
    """Path of its machine."""

    settings: S
    """The chart's parameters."""

    points: Mapping[str, Point]
    """Its alarms, by key."""

    terms: Terms
    """What it learns from."""

    mode: str | None
    """Path of the signal that says the operating mode; None: there is none."""

    zone: ZoneInfo
    """The factory's time zone."""

    derived: dict[str, tuple[Mapping[str, Any], Any]] = field(default_factory=dict, compare=False, repr=False)
    """By mode: what was normal when it was asked last, and what was derived from that."""

    def of(self, mode: str, model: Mapping[str, Any], derive: Callable[[Mapping[str, Any], S], D]) -> D:
        """Give what `derive` makes of what is normal in a mode, and of the parameters; made anew for another model."""
        kept = self.derived.get(mode)
        if kept is None or kept[0] is not model:
            if len(self.derived) > MODES:
                self.derived.clear()
            kept = self.derived[mode] = model, derive(model, self.settings)
        derived: D = kept[1]
        return derived


def charts(park: Park, slug: str, settings: Mapping[str, S], keys: Sequence[str]) -> dict[str, Chart[S]]:
    """Give what is watched by a chart.

    Args:
        park: the park.
        slug: the chart's.
        settings: its parameters by path of the signal.
        keys: of its alarms.
    """
    watched: dict[str, Chart[S]] = {}
    for path, one in settings.items():
        signal = park.signals[path]
        mode = park.equipment[signal.equipment].of_role(SignalRole.MODE)
        watched[path] = Chart(
            signal,
            signal.equipment,
            one,
            {key: Point.of(one, equipment=signal.equipment, subject=path, detector=slug, key=key) for key in keys},
            Terms.of(one),
            None if mode is None or mode.path == path else mode.path,
            park.factory_of(path).zone,
        )
    return watched


def needed(path: str, chart: Chart[Any]) -> tuple[str, ...]:
    """Give the signals that are needed for a chart."""
    return (path,) if chart.mode is None else (path, chart.mode)


def derive(
    watched: Mapping[str, Chart[S]], stretches: "Sequence[Stretch]", how: Callable[[Mapping[str, Any], S], D]
) -> tuple[Sequence[D], NDArray[np.float64]]:
    """Give what `how` makes of what is normal in every stretch: as it is, and its numbers by stretch.

    Of thousands of stretches that costs as much as summing them up; so, asked again for stretches of the same signals
    of which the same is normal, as polled ones are look after look, it gives the same.
    """
    charts, models = [watched[one.subject] for one in stretches], [one.model for one in stretches]
    kept = _derived.get(how)
    if kept is not None and _same(kept[0], charts) and _same(kept[1], models):
        return kept[2], kept[3]
    made = [chart.of(one.mode, one.model, how) for chart, one in zip(charts, stretches, strict=True)]
    table = np.array(made, dtype=np.float64)
    _derived[how] = charts, models, made, table
    return made, table


_derived: Final[dict[Any, tuple[list[Chart[Any]], list[Mapping[str, Any]], list[Any], NDArray[np.float64]]]] = {}


def _same(ones: Sequence[object], others: Sequence[object]) -> bool:
    return len(ones) == len(others) and all(map(is_, ones, others))


class Stretch(NamedTuple):
    """Values of one signal in one mode, without a break of what is summed up."""

    subject: str
    """Path of the signal."""

    mode: str
    """Operating mode; empty where there are none."""

    model: Mapping[str, Any]
    """What is normal, as `learning.Normal` is carried."""

    fresh: bool
    """Whether it begins anew, and does not go on from what was carried or from the stretch before."""

    begin: int
    """Its first row."""

    end: int
    """The row after its last."""


@dataclass(frozen=True, slots=True, eq=False)
class Watch:
    """One look."""

    stretches: Sequence[Stretch]
    """What is watched: by signal, each signal's by time. Rows are those of `ns` and `value`."""

    ns: Ints
    """Instants, ns since 1970."""

    value: Floats
    """Values."""

    carried: dict[str, dict[str, Any]]
    """By signal, what is to be carried on, the chart's own as it was; of signals of which something was seen."""

    baselines: tuple[Baseline, ...]
    """What was learned."""

    late: int
    """How many values came too late."""

    table: NDArray[np.float64] | None = None
    """Values by step and stretch, where all stretches told in turn; others read it, too."""

    @property
    def bounds(self) -> Ints:
        """The first row of every stretch, and the row after the last."""
        return np.array([one.begin for one in self.stretches] + [len(self.ns)], dtype=np.int64)

    @property
    def newest(self) -> Ints:
        """The instant of the last value of every stretch, ns since 1970."""
        return self.ns[self.bounds[1:] - 1]


@dataclass(slots=True)
class Subject:
    """A signal in one look."""

    path: str
    """Which."""

    chart: Chart[Any]
    """What watches it."""

    begin: int
    """The first of its rows that is not late."""

    end: int
    """The row after its last."""

    kept: dict[str, Any]
    """What is to be carried on, the chart's own as it was."""

    pieces: list[tuple[str, int, int, bool]] = field(default_factory=list)
    """Mode, rows, and whether the first follows the value before."""


_NOTHING: Final[Carried] = {
    "last": PAST,
    "state": None,
    "open": None,
    "mode": "",
    "told": PAST,
    "watched": None,
    "modes": {},
}
_OF_THE_MACHINE: Final = ("last", "state", "mode", "told")


def forget(carried: Carried) -> Carried:
    """Give what stays of what a chart carries of a signal that is to learn again, as `faults.contract` tells."""
    return {**_NOTHING, **{name: carried[name] for name in _OF_THE_MACHINE if name in carried}}


_LEFT: Final = "\0"
"""Within one look, in the name of a mode that was left behind: it may have been entered again since."""

_PRODUCES: Final = frozenset({None, EquipmentState.PRODUCING, EquipmentState.UNKNOWN})


def watch(watched: Mapping[str, Chart[Any]], carried: Mapping[str, Carried], seen: Seen) -> Watch:
    """Give what is to be watched in a look, as the module tells."""
    cols, told = columns(seen.samples), _Told.of(watched, seen)
    steady, kept = _steady(watched, carried, cols, told)
    others = {path: chart for path, chart in watched.items() if path not in kept} if len(kept) < len(watched) else {}
    subjects, late = _parted(others, carried, cols, told)
    return _learned(subjects, steady, kept, cols, seen.gaps, late)


def parted(
    watched: Mapping[str, Chart[Any]], carried: Mapping[str, Carried], seen: Seen, cols: Columns
) -> tuple[list[Subject], int]:
    """Give the signals of a look, their rows parted by state and mode, and how many values came too late."""
    return _parted(watched, carried, cols, _Told.of(watched, seen))


@dataclass(frozen=True, slots=True)
class _Told:
    """What was told of states and modes."""

    states: Mapping[str, Sequence[tuple[int, str]]]
    """Changes by machine: since when, and which."""

    modes: Mapping[str, Sequence[tuple[int, str]]]
    """Changes by signal of role `mode`."""

    @classmethod
    def of(cls, watched: Mapping[str, Chart[Any]], seen: Seen) -> Self:
        """Read what was seen."""
        return cls(_states(seen.states), _modes(seen.samples, watched))

    def concerns(self, chart: Chart[Any]) -> bool:
        """Tell whether anything was told that concerns a signal."""
        return chart.mode in self.modes or chart.machine in self.states


def _steady(
    watched: Mapping[str, Chart[Any]], carried: Mapping[str, Carried], cols: Columns, told: _Told
) -> tuple[list[Stretch], dict[str, dict[str, Any]]]:
    """Give what is watched and carried of signals that stay in a mode that is known, and of which nothing is late."""
    stretches, after = [], {}
    calm = not told.states and not told.modes
    begins, first, last, tail = cols.begins, cols.first, cols.last, cols.tail
    for path, place in cols.paths.items():
        before = carried.get(path)
        if before is None or path not in watched or first[place] < before["last"]:
            continue
        mode = before["mode"]
        known = before["modes"].get(mode)
        if known is None or "model" not in known or before["state"] not in _PRODUCES:
            continue
        if not calm and told.concerns(watched[path]):
            continue
        fresh = before["watched"] != mode
        after[path] = now = dict(before)
        now["last"], now["open"], now["watched"] = last[place], None if path in tail else mode, mode
        stretches.append(Stretch(path, mode, known["model"], fresh, begins[place], begins[place + 1]))
    return stretches, after


def _parted(
    watched: Mapping[str, Chart[Any]], carried: Mapping[str, Carried], cols: Columns, told: _Told
) -> tuple[list[Subject], int]:
    subjects, late = _subjects(watched, carried, cols, told)
    for one in subjects:
        modes = told.modes.get(one.chart.mode or "", ())
        timely = [(ns, mode) for ns, mode in modes if ns >= one.kept["told"]]
        late += len(modes) - len(timely)
        _part(one, cols, told.states.get(one.chart.machine, ()), timely)
        if one.path in cols.tail:
            one.kept["open"] = None
    return subjects, late


def _subjects(
    watched: Mapping[str, Chart[Any]], carried: Mapping[str, Carried], cols: Columns, told: _Told
) -> tuple[list[Subject], int]:
    """Give the signals of which something was seen, in the order of their rows."""
    subjects, late = [], 0
    for path, chart in watched.items():
        place = cols.paths.get(path)
        if place is None and not told.concerns(chart):
            continue
        kept = {**_NOTHING, **carried.get(path, {})}
        begin, end = (0, 0) if place is None else (cols.begins[place], cols.begins[place + 1])
        if begin < end and cols.ns[begin] < kept["last"]:
            first = begin + int(np.searchsorted(cols.ns[begin:end], kept["last"]))
            late, begin = late + first - begin, first
        if begin < end:
            kept["last"] = int(cols.ns[end - 1])
        subjects.append(Subject(path, chart, begin, end, kept))
    return sorted(subjects, key=attrgetter("begin")), late


def _states(states: pl.DataFrame) -> dict[str, list[tuple[int, str]]]:
    """Give changes of state by machine: since when, and whether it produces; None: not known."""
    told: dict[str, list[tuple[int, str]]] = {}
    for machine, ns, state in states.iter_rows():
        told.setdefault(machine, []).append((ns, state))
    return told


def _modes(samples: pl.DataFrame, watched: Mapping[str, Chart[Any]]) -> dict[str, list[tuple[int, str]]]:
    """Give changes of mode by signal: since when, and which."""
    paths = {one.mode for one in watched.values() if one.mode is not None}
    if not paths:
        return {}
    said = pl.coalesce("text", *(pl.col(name).cast(pl.String) for name in ("int", "bool", "float")))
    rows = samples.filter(pl.col("signal").is_in(list(paths)) & is_good(pl.col("status"))).select(
        "signal", pl.col("time").dt.cast_time_unit("ns").dt.epoch("ns"), said
    )
    told: dict[str, list[tuple[int, str]]] = {}
    for path, ns, mode in rows.iter_rows():
        if mode is not None:
            told.setdefault(path, []).append((ns, mode))
    return told


def _part(one: Subject, cols: Columns, states: Sequence[tuple[int, str]], modes: Sequence[tuple[int, str]]) -> None:
    """Part the rows of a signal by state and mode."""
    changes = [(ns, "state", state) for ns, state in states] + [(ns, "mode", mode) for ns, mode in modes]
    begin = one.begin
    for ns, name, now in sorted(changes, key=itemgetter(0)):
        at = one.begin + int(np.searchsorted(cols.ns[one.begin : one.end], ns))
        _piece(one, begin, at)
        begin = max(begin, at)
        if name == "mode":
            _enter(one, now, ns)
        else:
            one.kept["state"] = now
    _piece(one, begin, one.end)


def _enter(one: Subject, mode: str, ns: int) -> None:
    """Turn to a mode; of too many, the one entered longest ago is left behind, and forgotten at the end of the look."""
    kept = one.kept
    kept["told"] = ns
    if mode == kept["mode"]:
        return
    known: dict[str, Any] = {kept["mode"]: {}, **kept["modes"]}
    known[mode] = {**known.get(mode, {}), "entered": ns}
    while len(others := [name for name in known if name != mode and _LEFT not in name]) >= MODES:
        gone = min(others, key=lambda name: (known[name].get("entered", PAST), name))
        left = f"{gone}{_LEFT}{len(one.pieces)}"
        known[left] = known.pop(gone)
        one.pieces = [(left if name == gone else name, begin, end, on) for name, begin, end, on in one.pieces]
        kept["watched"] = left if kept["watched"] == gone else kept["watched"]
    kept["mode"], kept["modes"] = mode, known


def _leave(kept: dict[str, Any]) -> None:
    """Forget the modes that were left behind."""
    kept["modes"] = {mode: known for mode, known in kept["modes"].items() if _LEFT not in mode}
    if kept["watched"] is not None and _LEFT in kept["watched"]:
        kept["watched"] = None


def _piece(one: Subject, begin: int, end: int) -> None:
    """Take rows that were measured in one state and mode."""
    if begin >= end:
        return
    kept = one.kept
    if kept["state"] not in _PRODUCES:
        kept["open"] = None
        return
    one.pieces.append((kept["mode"], begin, end, kept["open"] == kept["mode"]))
    kept["open"] = kept["mode"]


def _learned(
    subjects: Sequence[Subject],
    steady: list[Stretch],
    carried: dict[str, dict[str, Any]],
    cols: Columns,
    gaps: pl.DataFrame,
    late: int,
) -> Watch:
    """Let learn what has to, and give what is watched."""
    lessons: dict[tuple[str, str], list[tuple[int, int, bool]]] = {}
    charts_of = {one.path: one for one in subjects}
    for one in subjects:
        for mode, begin, end, follows in one.pieces:
            if "model" not in one.kept["modes"].get(mode, ()):
                lessons.setdefault((one.path, mode), []).append((begin, end, follows))
    ready: dict[tuple[str, str], int] = {}
    baselines: list[Baseline] = []
    if lessons:
        terms = {_key(*key): charts_of[key[0]].chart.terms for key in lessons}
        kept = {_key(*key): charts_of[key[0]].kept["modes"].get(key[1], {}) for key in lessons}
        rows, origin = _rows(lessons, cols)
        _over_gaps([(path, kept[_key(path, mode)].get("last", -(2**62))) for path, mode in lessons], rows, gaps)
        told = learn(terms, {key: one for key, one in kept.items() if "origin" in one}, rows)
        for place, key in enumerate(lessons):
            path, mode = key
            learned = told.learned.get(_key(*key))
            if learned is not None:
                after = int(told.after[place])
                ready[key] = int(origin[after]) if after < rows.bounds[place + 1] else 2**62
                baselines.append(replace(learned, subject=path, mode=_named(mode)))
                _keep(charts_of[path].kept, mode, {"model": learned.model})
            elif _key(*key) in told.kept:
                _keep(charts_of[path].kept, mode, told.kept[_key(*key)])
    stretches = steady
    if subjects:
        stretches = steady + [stretch for one in subjects for stretch in _stretches(one, ready)]
        stretches.sort(key=attrgetter("begin"))
        for one in subjects:
            _leave(one.kept)
            carried[one.path] = one.kept
    return _packed(stretches, cols, carried, tuple(baselines), late)


def _named(mode: str) -> str:
    return mode.partition(_LEFT)[0]


def _key(path: str, mode: str) -> str:
    return f"{path}\0{mode}"


def _keep(kept: dict[str, Any], mode: str, entry: Mapping[str, Any]) -> None:
    """Keep what is known of a mode."""
    before = kept["modes"].get(mode, {})
    entered = {"entered": before["entered"]} if "entered" in before else {}
    kept["modes"] = {**kept["modes"], mode: {**entry, **entered}}


def _rows(lessons: Mapping[tuple[str, str], Sequence[tuple[int, int, bool]]], cols: Columns) -> tuple[Rows, Ints]:
    """Give the rows that are learned from, and where they come from."""
    picked = [(begin, end, follows) for some in lessons.values() for begin, end, follows in some]
    origin = np.concatenate([np.arange(begin, end) for begin, end, _ in picked])
    lengths = np.array([end - begin for begin, end, _ in picked], dtype=np.int64)
    broken: Flags = np.zeros(len(origin), dtype=bool) if cols.broken is None else cols.broken[origin]
    firsts = np.cumsum(lengths) - lengths
    broken[firsts] |= np.array([not follows for *_, follows in picked], dtype=bool)
    several = np.array([len(some) for some in lessons.values()], dtype=np.int64)
    bounds = np.append(0, np.append(firsts, len(origin))[np.cumsum(several)])
    return Rows(bounds, cols.ns[origin], cols.value[origin], broken), origin


def _over_gaps(keys: Sequence[tuple[str, int]], rows: Rows, gaps: pl.DataFrame) -> None:
    """Break rows that a gap lies before; of every key its signal, and the instant of its value before."""
    of_path: dict[str, list[tuple[int, int | None]]] = {}
    for path, start, end in gaps.iter_rows():
        of_path.setdefault(path, []).append((start, end))
    for place, (path, prior) in enumerate(keys):
        begin, stop = int(rows.bounds[place]), int(rows.bounds[place + 1])
        ns = rows.ns[begin:stop]
        before = np.concatenate(([prior], ns[:-1])) if len(ns) else ns
        for start, end in of_path.get(path, ()):
            rows.broken[begin:stop] |= (ns > start) & (before < (2**62 if end is None else end))


def _stretches(one: Subject, ready: Mapping[tuple[str, str], int]) -> Iterator[Stretch]:
    """Give what is watched of a signal: rows of modes that are known, after they were learned."""
    kept = one.kept
    for mode, begin, end, _ in one.pieces:
        first = max(begin, ready.get((one.path, mode), begin))
        known = kept["modes"].get(mode, {})
        if "model" not in known or first >= end:
            continue
        fresh = kept["watched"] != mode
        if fresh:
            kept["watched"] = mode
        yield Stretch(one.path, _named(mode), known["model"], fresh, first, end)


def _packed(
    stretches: Sequence[Stretch],
    cols: Columns,
    carried: dict[str, dict[str, Any]],
    baselines: tuple[Baseline, ...],
    late: int,
) -> Watch:
    """Give the rows of the stretches without those between them; what goes on in the same mode is one stretch."""
    moved: list[Stretch] = []
    at = 0
    for one in stretches:
        begin, at = at, at + one.end - one.begin
        if moved and not one.fresh and moved[-1].subject == one.subject:
            moved[-1] = moved[-1]._replace(end=at)
        else:
            moved.append(one if one.begin == begin else one._replace(begin=begin, end=at))
    if at == len(cols.ns):
        return Watch(moved, cols.ns, cols.value, carried, baselines, late, _table(moved, cols))
    picked = [slice(one.begin, one.end) for one in stretches]
    ns = np.concatenate([cols.ns[some] for some in picked]) if picked else cols.ns[:0]
    value = np.concatenate([cols.value[some] for some in picked]) if picked else cols.value[:0]
    return Watch(moved, ns, value, carried, baselines, late)


def _table(stretches: Sequence[Stretch], cols: Columns) -> NDArray[np.float64] | None:
    """Give the values by step and stretch, of stretches that take in all rows."""
    return cols.table if len(stretches) == len(cols.paths) else None


def blocks(stretches: Sequence[Stretch], rows: int = 2**15) -> Iterator[Sequence[Stretch]]:
    """Give stretches in blocks of at most so many rows (or of one stretch), so that a block's numbers stay at hand."""
    begin, at = 0, 0
    for place, one in enumerate(stretches):
        if at and at + one.end - one.begin > rows:
            yield stretches[begin:place]
            begin, at = place, 0
        at += one.end - one.begin
    if begin < len(stretches):
        yield stretches[begin:]
