"""Sources of numbers: what a machine adds on one day, which parts of it only some machines have, and what is computed.

    elements   path, factory, line, group: str     the machine and what it lies in; `group`: its class, or empty
               the columns of the source: f64      what it adds: all of them add up over machines and days

A machine is an element of a day on which it tells something: of accounts, where planned time with a known state. A
silent machine is in no cell, or a cell with it less one without it would tell that it was silent.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import polars as pl

from analytics.kpis.catalogue import BY_SLUG
from analytics.kpis.contract import ACCOUNT, NULLABLE, PLANNED, Loss, loss_time
from collector.opendata import ALERTS, Dataset, OpenNumber
from collector.park import Title

SourceName: TypeAlias = Literal["accounts", "alerts", "capacity"]
"""What numbers are taken from; views of one source are held against each other."""

BASE: Final = "base"
"""The facet that every element has."""

ABOUT: Final = ("path", "factory", "line", "group")
"""Columns of elements beside the numbers."""

DIGITS: Final = 12
"""Significant digits of what is told: those after them depend on the order of summing up."""


@dataclass(frozen=True, slots=True, eq=False)
class Facet:
    """A part of the numbers, and who has it."""

    name: str
    """Its name."""

    has: pl.Expr
    """Whether an element has it."""

    weight: pl.Expr
    """How large an element is in it, 0 or more: what the rule of the largest goes by."""


@dataclass(frozen=True, slots=True, eq=False)
class Figure:
    """One number that can be told."""

    slug: str
    """Its name."""

    title: Title
    """What people call it."""

    unit: str
    """Its unit as UCUM writes it."""

    value: pl.Expr
    """How it is computed from the sums of a cell."""

    facets: frozenset[str]
    """The parts of the numbers that must be told for it."""

    beside: frozenset[str]
    """The parts that must be told, too, unless nobody has them: what it would tell of them beside other numbers."""


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """What numbers are taken from."""

    name: SourceName
    """Its name."""

    columns: tuple[str, ...]
    """What an element adds."""

    nullable: frozenset[str]
    """Columns that are null where nothing counts them."""

    facets: tuple[Facet, ...]
    """Parts of the numbers; the first is `base`."""

    coverage: pl.Expr
    """The share of planned time with a known state, 0 to 1, from the sums of a cell; null where that is no question."""

    @property
    def schema(self) -> pl.Schema:
        """Columns of its elements."""
        texts = dict.fromkeys(ABOUT, pl.String())
        return pl.Schema({**texts, **dict.fromkeys(self.columns, pl.Float64())})

    def sums(self) -> list[pl.Expr]:
        """Sum each column up; one that may be null is null where all are."""
        return [
            pl.when(pl.col(name).is_not_null().any()).then(pl.col(name).sum())
            if name in self.nullable
            else pl.col(name).sum()
            for name in self.columns
        ]


_UNKNOWN: Final = pl.col(loss_time(Loss.UNKNOWN))
_KNOWN: Final = pl.col(PLANNED) - _UNKNOWN
_PRODUCING: Final = pl.col(loss_time(Loss.PRODUCING))
_TELLS_QUALITY: Final = pl.col("reject_count").is_not_null()  # all parts of the others are taken for good
_IS_JUDGED: Final = pl.col("judged_time") > 0

_ACCOUNTS: Final = Source(
    name="accounts",
    columns=ACCOUNT,
    nullable=NULLABLE,
    facets=(
        Facet(BASE, _KNOWN > 0, _KNOWN),
        Facet("counted", pl.col("total_count").is_not_null(), pl.col("total_count")),
        Facet("quality", _TELLS_QUALITY, pl.col("total_count")),
        Facet("rework", pl.col("rework_count").is_not_null(), pl.col("rework_count")),
        Facet("energy", pl.col("energy").is_not_null(), pl.col("energy")),
        Facet("ideal", _IS_JUDGED, pl.col("judged_time")),
        Facet("ideal_quality", _IS_JUDGED & _TELLS_QUALITY, pl.col("judged_time")),
        Facet("unjudged", ~_IS_JUDGED & (_PRODUCING > 0), _PRODUCING),
    ),
    coverage=pl.when(pl.col(PLANNED) > 0).then(1 - _UNKNOWN / pl.col(PLANNED)),
)

_ALERTS: Final = Source(
    name="alerts",
    columns=ALERTS,
    nullable=frozenset(),
    facets=(Facet(BASE, pl.lit(value=True), pl.lit(1.0)),),
    coverage=pl.lit(None, pl.Float64),
)

_CAPACITY: Final = Source(
    name="capacity",
    columns=("planned_time", "idle_time", "idle_safe_time"),
    nullable=frozenset(),
    facets=(Facet(BASE, (pl.col(PLANNED) > 0) & pl.col("idle_time").is_not_null(), pl.col(PLANNED)),),
    coverage=pl.lit(None, pl.Float64),
)

SOURCES: Final[Mapping[SourceName, Source]] = {one.name: one for one in (_ACCOUNTS, _ALERTS, _CAPACITY)}
"""Every source by its name."""

_FACETS: Final[Mapping[str, frozenset[str]]] = {
    "total_count": frozenset({"counted"}),
    "good_count": frozenset({"counted"}),
    "reject_count": frozenset({"quality"}),
    "rework_count": frozenset({"rework"}),
    "energy": frozenset({"energy"}),
    "judged_time": frozenset({"ideal"}),
    "speed_loss_time": frozenset({"ideal"}),
    "speed_excess_time": frozenset({"ideal"}),
    "ideal_time": frozenset({"ideal"}),
    "quality_loss_time": frozenset({"ideal_quality"}),
    "productive_time": frozenset({"ideal"}),
    "ideal_good_time": frozenset({"ideal"}),
}
"""Facets of the columns of accounts, besides `base`."""

_BESIDE: Final[Mapping[str, frozenset[str]]] = {
    "good_count": frozenset({"quality"}),  # all parts less the good ones are the rejects
    "ideal_good_time": frozenset({"ideal_quality"}),  # likewise in time
    "productive_time": frozenset({"ideal_quality"}),
    "judged_time": frozenset({"unjudged"}),  # production less the judged is that of machines without an ideal cycle
    "speed_loss_time": frozenset({"unjudged"}),  # and judged time is this and the ideal time
}
"""Facets that differences of columns of accounts tell of."""

_TITLES: Final[Mapping[str, Title]] = {
    "unjudged_time": Title(en="Production that cannot be judged", zh="无法评估的生产时间"),
    "alerts": Title(en="Alerts that began", zh="新发告警数"),
    "alerts_low": Title(en="Alerts of low severity that began", zh="新发低级告警数"),
    "alerts_medium": Title(en="Alerts of medium severity that began", zh="新发中级告警数"),
    "alerts_high": Title(en="Alerts of high severity that began", zh="新发高级告警数"),
    "alerts_critical": Title(en="Critical alerts that began", zh="新发紧急告警数"),
    "planned_time": Title(en="Planned time of coming shifts", zh="未来班次计划时间"),
    "idle_time": Title(en="Idle capacity", zh="空闲产能"),
    "idle_safe_time": Title(en="Idle capacity that three of four such shifts had", zh="稳妥空闲产能"),
    "idle_share": Title(en="Idle capacity as a share of planned time", zh="空闲产能占比"),
}
"""What people call the numbers that are no KPIs."""


def source_of(dataset: Dataset) -> Source:
    """Give what a dataset is taken from."""
    if dataset == "alerts":
        return _ALERTS
    return _CAPACITY if dataset == "capacity" else _ACCOUNTS


def figures(dataset: Dataset, numbers: Iterable[OpenNumber], *, machine: bool) -> list[Figure]:
    """Give these numbers of a dataset.

    Args:
        dataset: which.
        numbers: which numbers.
        machine: whether cells are of single machines, of which some are computed otherwise than of many.
    """
    return [_figure(dataset, number, machine=machine) for number in numbers]


def _figure(dataset: Dataset, number: OpenNumber, *, machine: bool) -> Figure:
    if dataset == "alerts":
        return Figure(number, _TITLES[number], "1", pl.col(number), _ONLY_BASE, frozenset())
    if dataset == "capacity":
        share = pl.when(pl.col(PLANNED) > 0).then(pl.col("idle_time") / pl.col(PLANNED))
        ratio = number == "idle_share"
        value, unit = (share, "1") if ratio else (pl.col(number), "s")
        return Figure(number, _TITLES[number], unit, value, _ONLY_BASE, frozenset())
    if number == "unjudged_time":
        rest = (_PRODUCING - pl.col("judged_time")).clip(lower_bound=0.0)
        return Figure(number, _TITLES[number], "s", rest, _ONLY_BASE, frozenset({"ideal", "unjudged"}))
    kpi = BY_SLUG[number]
    value = kpi.value if machine or kpi.above is None else kpi.above
    columns = value.meta.root_names()
    return Figure(
        number,
        kpi.title,
        kpi.unit,
        value.cast(pl.Float64),
        _ONLY_BASE.union(*(_FACETS.get(name, _ONLY_BASE) for name in columns)),
        frozenset().union(*(_BESIDE.get(name, frozenset()) for name in columns)),
    )


_ONLY_BASE: Final = frozenset({BASE})


def rounded(value: pl.Expr, step: float | None) -> pl.Expr:
    """Give a number as it is told: to a multiple of `step`, and without digits that depend on the order of sums."""
    if step is None:
        return value.round_sig_figs(DIGITS)
    return ((value / step).round() * step).round_sig_figs(DIGITS)
