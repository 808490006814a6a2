r"""Severity of vibration: velocity of the housing, RMS in mm/s, by the zones of ISO 10816-1 and ISO 20816-3.

    A   as of a machine newly commissioned           B   fit for unrestricted long-term operation
    C   unfit for continuous long-term operation     D   severe enough to damage the machine

The alert begins when the velocity has been above zone B for `on_delay`, so that a start-up, which passes through
resonances, is none. It worsens, to priority `high`, when the velocity has been above zone C for `on_delay`, and ends
when it has been back in zone B for `off_delay`. A zone is entered with `count` samples in a row above its boundary,
since the first of them, and left at a small part below it. A value holds until the next sample.

What is carried of a signal:

    last     newest sample looked at, ns since 1970       grades   the alert, as `faults.grades` tells
    rows     how many samples in a row were above zone B, and since when (ns); the same of zone C
"""

# ruff: noqa: RUF001 - Chinese is written with its own punctuation

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

import polars as pl

from analytics.faults.comparator import Point, Said
from analytics.faults.contract import Carried, Detector, Found, Indicator, Seen, names
from analytics.faults.grades import GRAVE, Grade, Grades, Since, lasting
from analytics.faults.measured import measured
from collector.faultrules.condition import Vibration
from collector.park import Park, Signal, Title

SLUG: Final = "vibration"
"""Name of the detector."""

KEY: Final = "zone"
"""Which of a signal's alerts it is: the only one."""

Zone = Literal["A", "B", "C", "D"]
"""How severe a vibration is."""


_BEFORE: Final[Carried] = {"last": 0, "rows": [[0, 0], [0, 0]], "grades": None}
"""What is carried before anything was seen."""

_BOUNDS: Final = pl.Schema(
    {
        "signal": pl.String(),
        **dict.fromkeys(("c", "d", "back"), pl.Float64()),
        **dict.fromkeys(("count", "before_c", "was_since_c", "before_d", "was_since_d", "was"), pl.Int64()),
    }
)


class Boundaries(NamedTuple):
    """The upper bounds of zones A, B and C of one kind of machine, RMS velocity in mm/s, and where they are from."""

    a: float
    """A newly commissioned machine is at this at most."""

    b: float
    """From here on it is not fit for continuous long-term operation."""

    c: float
    """From here on it is damaged."""

    standard: str
    """Which standard gives them."""

    kind: Title
    """Which machines they are for."""

    source: str
    """Where they were read: the standards themselves were not."""

    verified: bool
    """Whether two sources agree."""


_ISO_10816_1: Final = "ISO 10816-1"
_ISO_20816_3: Final = "ISO 20816-3"
_TWO: Final = "vibromera.eu, calculator of vibration velocity"
_NONE: Final = "no source that could be opened"

BOUNDARIES: Final[Mapping[str, Boundaries]] = {
    "I": Boundaries(0.71, 1.8, 4.5, _ISO_10816_1, Title(en="class I", zh="I 类"), _TWO, verified=True),
    "II": Boundaries(1.12, 2.8, 7.1, _ISO_10816_1, Title(en="class II", zh="II 类"), _TWO, verified=True),
    "III": Boundaries(1.8, 4.5, 11.2, _ISO_10816_1, Title(en="class III", zh="III 类"), _TWO, verified=True),
    "IV": Boundaries(2.8, 7.1, 18.0, _ISO_10816_1, Title(en="class IV", zh="IV 类"), _TWO, verified=True),
    "group_2_rigid": Boundaries(
        1.4,
        2.8,
        4.5,
        _ISO_20816_3,
        Title(en="group 2, rigid", zh="2 组刚性支承"),
        "grayvolt.ai, ISO vibration severity",
        verified=True,
    ),
    "group_2_flexible": Boundaries(
        2.3, 4.5, 7.1, _ISO_20816_3, Title(en="group 2, flexible", zh="2 组柔性支承"), _NONE, verified=False
    ),
    "group_1_rigid": Boundaries(
        2.3, 4.5, 7.1, _ISO_20816_3, Title(en="group 1, rigid", zh="1 组刚性支承"), _NONE, verified=False
    ),
    "group_1_flexible": Boundaries(
        3.5, 7.1, 11.0, _ISO_20816_3, Title(en="group 1, flexible", zh="1 组柔性支承"), _NONE, verified=False
    ),
}
"""By kind of machine."""


TEXTS: Final = {
    "vibration.c": Title(
        en="{name_en}: {value}{unit} RMS is zone C of {standard} ({machine_en}): not fit for continuous long-term "
        "operation; plan a repair",
        zh="{name_zh}：振动速度有效值 {value}{unit}，属 {standard}（{machine_zh}）C 区，不宜长期连续运行，请安排检修",
    ),
    "vibration.d": Title(
        en="{name_en}: {value}{unit} RMS is zone D of {standard} ({machine_en}): severe enough to damage the machine",
        zh="{name_zh}：振动速度有效值 {value}{unit}，属 {standard}（{machine_zh}）D 区，足以损坏设备，请尽快停机检查",
    ),
}
"""What its alerts say."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What is watched on one signal."""

    signal: Signal
    """Which."""

    vibration: Vibration
    """As configured."""

    boundaries: Boundaries
    """Of its kind of machine."""

    @property
    def point(self) -> Point:
        """Its alarm."""
        return Point.of(
            self.vibration, equipment=self.signal.equipment, subject=self.signal.path, detector=SLUG, key=KEY
        )


def zone(boundaries: Boundaries, velocity: float) -> Zone:
    """Give the zone of a velocity, RMS in mm/s; a boundary belongs to the zone below it."""
    if velocity > boundaries.c:
        return "D"
    if velocity > boundaries.b:
        return "C"
    return "B" if velocity > boundaries.a else "A"


def rules(park: Park) -> dict[str, Rule]:
    """Give the signals whose vibration is watched."""
    return {
        signal.path: Rule(signal, wanted, BOUNDARIES[wanted.machine])
        for signal in park.signals.values()
        if (wanted := signal.faults.vibration) is not None
    }


def look(watched: Mapping[str, Rule], carried: Mapping[str, Carried], seen: Seen) -> Found:
    """Look at samples, as `faults.contract` tells."""
    ordered, late = measured(seen.samples, watched, carried)
    grades = Grades({path: rule.point for path, rule in watched.items()}, carried)
    graded = _graded(ordered, watched, carried)
    for row in graded.filter("turns").iter_rows(named=True):
        path, grade = row["signal"], row["grade"]
        said = _said(watched[path], grade, row["value"]) if grade else None
        since = Since(row["since_c"], row["since_d"]) if grade else None
        grades.turn(path, row["ns"], grade, said, since)
    newest = {row["signal"]: row for row in graded.group_by("signal", maintain_order=True).last().iter_rows(named=True)}
    for path, row in newest.items():
        grades.pass_time(path, row["ns"])
    for path, ns in seen.until.items():
        if path in watched:
            grades.pass_time(path, ns)
    return Found(
        grades.alerts,
        {path: _kept(path, newest.get(path), grades, carried) for path in newest.keys() | grades.changed.keys()},
        late,
        indicators=tuple(
            Indicator(watched[path].signal.equipment, path, SLUG, row["ns"], row["value"], watched[path].boundaries.b)
            for path, row in newest.items()
        ),
    )


def _graded(ordered: pl.DataFrame, watched: Mapping[str, Rule], carried: Mapping[str, Carried]) -> pl.DataFrame:
    """Grade every sample.

    Returns:
        signal, ns, value; rows_c, since_c, rows_d and since_d, as they are carried; grade, and `turns`, whether it is
        another one than before.
    """
    value, number = pl.col("value"), pl.col("number")

    def rows(name: str) -> pl.Expr:
        inside = pl.when(value <= pl.col(name)).then(number).forward_fill().over("signal")
        return pl.coalesce(number - inside, number + 1 + pl.col(f"before_{name}"))

    def since(name: str) -> pl.Expr:
        first = pl.when(pl.col(f"rows_{name}") <= 1).then("ns").forward_fill().over("signal")
        return pl.coalesce(first, f"was_since_{name}")

    def on(name: str, least: int) -> pl.Expr:
        enters, leaves = pl.col(f"rows_{name}") >= pl.col("count"), value <= pl.col(name) * pl.col("back")
        turned = pl.when(enters).then(1).when(leaves).then(0).forward_fill().over("signal")
        return turned.fill_null((pl.col("was") >= least).cast(pl.Int32)).cast(pl.Int64)

    return (
        ordered.join(_bounds(watched, carried), on="signal", how="inner", maintain_order="left")
        .with_columns(number=pl.int_range(pl.len()).over("signal"))
        .with_columns(rows_c=rows("c"), rows_d=rows("d"))
        .with_columns(since_c=since("c"), since_d=since("d"), grade=on("c", 1) + on("d", GRAVE))
        .with_columns(turns=pl.col("grade") != pl.col("grade").shift().over("signal").fill_null(pl.col("was")))
    )


def _bounds(watched: Mapping[str, Rule], carried: Mapping[str, Carried]) -> pl.DataFrame:
    """Give what each signal is compared with, and how it stood."""
    states = ((path, rule, carried.get(path, _BEFORE)) for path, rule in watched.items())
    return pl.DataFrame(
        [
            {
                "signal": path,
                "c": rule.boundaries.b,
                "d": rule.boundaries.c,
                "back": 1 - rule.vibration.hysteresis,
                "count": rule.vibration.count,
                "before_c": kept["rows"][0][0],
                "was_since_c": kept["rows"][0][1],
                "before_d": kept["rows"][1][0],
                "was_since_d": kept["rows"][1][1],
                "was": 0 if kept["grades"] is None else kept["grades"]["grade"],
            }
            for path, rule, kept in states
        ],
        schema=_BOUNDS,
    )


def _kept(
    path: str, newest: Mapping[str, Any] | None, grades: Grades, carried: Mapping[str, Carried]
) -> dict[str, Any]:
    kept = {**carried.get(path, _BEFORE)}
    if newest is not None:
        kept["last"] = newest["ns"]
        kept["rows"] = [[newest[f"rows_{name}"], newest[f"since_{name}"]] for name in ("c", "d")]
    return {**kept, "grades": grades.changed.get(path, kept["grades"])}


def _said(rule: Rule, grade: Grade, value: float) -> Said:
    return Said(
        code="vibration.d" if grade == GRAVE else "vibration.c",
        value=f"{value:.12g}",
        parameters={
            **names(rule.signal),
            "value": f"{value:.3g}",
            "unit": " mm/s",
            "standard": rule.boundaries.standard,
            "machine_en": rule.boundaries.kind.en,
            "machine_zh": rule.boundaries.kind.zh,
        },
    )


VIBRATION: Final[Detector[Any]] = Detector(
    slug=SLUG,
    source="ISO 10816-1 (classes) and ISO 20816-3 (groups): zones A to D of RMS velocity, as quoted in public sources",
    title=Title(en="Vibration severity", zh="振动烈度"),
    texts=TEXTS,
    rules=rules,
    look=look,
    keys=lambda rule, kept: lasting(rule.point, kept),
    parameters=Vibration,
)
"""See the module."""
