"""Notes: why a number is not there, or what is odd about it, and what to configure.

What a machine lacks is known from the park alone (`notes`): a counter, an ideal cycle, a state that means production.
The KPIs that need it are null with a note that names the key and the machine; all others come. Above a machine a KPI
lacks something where every machine below does, so that one machine without a counter does not hide a line. A column of
the account is never taken away: it is noted, and says what was measured.

What is odd about one window is told from its account (`remark`): products that nobody configured, effectiveness above
1, nothing planned, no failure. The first of these that holds is the note.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from analytics import wording
from analytics.counters import counter, kilowatt_hours
from analytics.kpis.catalogue import KPIS
from analytics.kpis.contract import ACCOUNT, PLANNED, Kpi
from analytics.kpis.effectiveness import EFFECTIVENESS
from analytics.kpis.oee import OEE_BOTTLENECK
from analytics.parts import counts_parts, counts_quality
from collector.park import Equipment, EquipmentState, Park, SignalRole
from collector.staterules import ByCounter, ByExpression, ByThreshold

UNKNOWN_PRODUCTS: Final = ("path", "period", "start", "product")
"""Columns of products without an ideal cycle: a row per window and product."""

WITHDRAWN: Final = wording.WITHDRAWN.en
"""The note of every number of a shift that was told and is no more; see `analytics.withdrawal`."""

_STATES: Final = "producing"
"""The need, beside those of `Kpi.needs`, of every KPI in which production is."""

_PRODUCTION: Final = frozenset({"producing_time", "judged_time"})
_BY_SPEED: Final = frozenset({"effectiveness", "oee", "nee", "teep"})
_NAMED: Final = 3
"""How many unknown products a note names."""

_ABOVE: Final = {
    _STATES: wording.NONE_PRODUCES.en,
    "total": wording.NONE_COUNTS.en,
    "quality": wording.NONE_SORTS.en,
    "ideal_cycle": wording.NONE_HAS_CYCLE.en,
    "rework": wording.NONE_REWORKS.en,
    "energy": wording.NONE_METERS.en,
}
"""Every need, in the order in which it is told, and what is said where no machine meets it."""


@dataclass(frozen=True, slots=True)
class Notes:
    """What is said of KPIs whatever their account; texts by slug and path."""

    lacking: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Why a KPI cannot be; it is null."""

    assumed: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """What a KPI takes for granted; it stands."""


def notes(park: Park) -> Notes:
    """Give what the machines of a park, and all above them, lack."""
    lacks = {path: _lacks(machine) for path, machine in park.equipment.items() if machine.state_inputs}
    lacks |= {path: _in_common([lacks[one] for one in below if one in lacks]) for path, below in _below(park).items()}
    lacking: dict[str, dict[str, str]] = {}
    for kpi in KPIS:
        needs = _needs(kpi)
        texts = {path: next((lack[need] for need in needs if need in lack), "") for path, lack in lacks.items()}
        lacking[kpi.slug] = {path: text for path, text in texts.items() if text}
    unsorted = {
        path for path, machine in park.equipment.items() if counts_parts(machine) and not counts_quality(machine)
    }
    assumed = {
        slug: dict.fromkeys(sorted(unsorted), wording.ALL_GOOD.en) for slug in ("good_count", "oee", "nee", "teep")
    }
    return Notes(lacking, assumed)


def possible(machine: Equipment) -> list[str]:
    """Give the slugs of the KPIs for which a machine has what they need, in the order of the catalogue."""
    if not machine.state_inputs:
        return []
    lack = _lacks(machine).keys()
    return [kpi.slug for kpi in KPIS if kpi.slug != OEE_BOTTLENECK.slug and lack.isdisjoint(_needs(kpi))]


def listed(unknown: pl.DataFrame) -> pl.DataFrame:
    """Give the unknown products of each window in one text: path, period, start, `unknown`."""
    quoted = pl.col("product").unique().sort()
    names = pl.format("`{}`", quoted.head(_NAMED)).str.join(", ")
    more = pl.when(quoted.len() > _NAMED).then(pl.format(" and {} more", quoted.len() - _NAMED)).otherwise(pl.lit(""))
    return unknown.group_by("path", "period", "start").agg(unknown=pl.concat_str(names, more.first()))


def remark(kpi: Kpi, value: pl.Expr, about: Notes) -> pl.Expr:
    """Give the note of a KPI as an expression over accounts with `unknown` (`listed`); empty where nothing is odd.

    Args:
        kpi: which.
        value: the column with its value.
        about: what is known without an account.
    """
    lacking, assumed = about.lacking.get(kpi.slug, {}), about.assumed.get(kpi.slug, {})
    found = pl.coalesce(_text(lacking), *_of_window(kpi, value), _text(assumed), pl.lit(""))
    return found if kpi.slug not in ACCOUNT else pl.coalesce(_text(lacking), _text(assumed), pl.lit(""))


def is_machine() -> pl.Expr:
    """Tell whether a `path` is that of a machine."""
    return pl.col("path").str.count_matches("/", literal=True) == 2  # noqa: PLR2004 - factory/line/equipment


def lacks(kpi: Kpi, about: Notes) -> pl.Expr:
    """Tell whether a KPI cannot be, of a `path`."""
    if kpi.slug in ACCOUNT:
        return pl.lit(value=False)
    return pl.col("path").is_in(list(about.lacking.get(kpi.slug, {})))


def _of_window(kpi: Kpi, value: pl.Expr) -> Iterable[pl.Expr]:
    """Give what can be said of a KPI by its account, the first that is not null counts."""
    is_null = value.is_null()
    line = pl.col("path").str.count_matches("/", literal=True) == 1
    if kpi.slug == OEE_BOTTLENECK.slug:
        yield pl.when(~line).then(pl.lit(wording.OF_LINES.en))
        return
    if kpi.level == "equipment":
        yield pl.when(~is_machine()).then(pl.lit(wording.OF_MACHINES.en))
    if "ideal_cycle" in kpi.needs:
        yield _unknown(is_null)
    if kpi.slug in _BY_SPEED:
        yield pl.when(~is_null).then(_too_fast())
    if PLANNED in kpi.inputs:
        yield pl.when(is_null & (pl.col(PLANNED) == 0)).then(pl.lit(wording.UNPLANNED.en))
    if "failure_count" in kpi.inputs:
        yield pl.when(is_null).then(pl.lit(wording.NO_FAILURE.en))
    if "total" in kpi.needs:
        none = pl.col("total_count").is_null()
        yield pl.when(is_null & none).then(pl.lit(wording.NO_READING.en))
        yield pl.when(is_null & (pl.col("total_count") == 0)).then(pl.lit(wording.NO_PART.en))
        unsorted = is_machine() & pl.col("good_count").is_null()
        yield pl.when(is_null & unsorted).then(pl.lit(wording.NO_QUALITY_READING.en))
    if "energy" in kpi.needs:
        yield pl.when(is_null & pl.col("energy").is_null()).then(pl.lit(wording.NO_METER_READING.en))
    if "rework" in kpi.needs:
        yield pl.when(is_null & pl.col("rework_count").is_null()).then(pl.lit(wording.NO_REWORK_READING.en))
    yield pl.when(is_null).then(pl.lit(wording.NO_TIME.en))


def _needs(kpi: Kpi) -> list[str]:
    """Give what a machine must have for a KPI, in the order in which it is told."""
    produces = {_STATES} if _PRODUCTION.intersection(kpi.inputs) else set()
    return [need for need in _ABOVE if need in kpi.needs | produces]


def _unknown(is_null: pl.Expr) -> pl.Expr:
    """Give which products have no ideal cycle."""
    without = wording.UNKNOWN_CYCLE.expression(products="unknown")
    beside = wording.WITHOUT_UNKNOWN.expression(products="unknown")
    return pl.when(pl.col("unknown").is_not_null()).then(pl.when(is_null).then(without).otherwise(beside))


def _too_fast() -> pl.Expr:
    """Give by how much the ideal cycle is too long."""
    excess, per_part = pl.col("speed_excess_time"), pl.col("ideal_time") / pl.col("total_count")
    percent = ((EFFECTIVENESS.value - 1) * 100).round(1)
    edge = pl.lit(wording.AT_THE_EDGE.en)
    wrong = wording.TOO_FAST.expression(percent=percent)
    return pl.when(excess > 0).then(pl.when(excess < per_part).then(edge).otherwise(wrong))


def _text(texts: Mapping[str, str]) -> pl.Expr:
    """Give the text of a `path`; null where there is none."""
    if not texts:
        return pl.lit(None, pl.String)
    return pl.col("path").replace_strict(list(texts), list(texts.values()), default=None, return_dtype=pl.String)


def _lacks(machine: Equipment) -> dict[str, str]:
    """Give what a machine lacks, by need, and what to write."""
    path, found = machine.path, {}
    if not counts_parts(machine):
        found["total"] = wording.NO_PARTS.of(path=path)
    if not counts_quality(machine):
        found["quality"] = wording.NO_QUALITY.of(path=path)
    if machine.ideal_cycle is None and not machine.products:
        found["ideal_cycle"] = wording.NO_CYCLE.of(path=path)
    elif machine.ideal_cycle is None and machine.of_role(SignalRole.PRODUCT) is None:
        found["ideal_cycle"] = wording.NO_PRODUCT.of(path=path)
    if counter(machine, SignalRole.REWORK_COUNT) is None:
        found["rework"] = wording.NO_REWORK.of(path=path)
    meter = machine.of_role(SignalRole.ENERGY)
    if meter is None:
        found["energy"] = wording.NO_METER.of(path=path)
    elif kilowatt_hours(meter.unit) is None:
        found["energy"] = wording.NO_ENERGY.of(unit=meter.unit, path=meter.path)
    odd = _never_produces(machine)
    return {**found, _STATES: odd} if odd else found


def _never_produces(machine: Equipment) -> str:
    """Say why a machine can never be seen producing, and what to write; empty where it can."""
    path, rule = machine.path, machine.state_from
    if rule is None:
        state = machine.state
        never = state is not None and EquipmentState.PRODUCING not in state.states.values()
        return "" if state is None or not never else wording.NEVER_BY_VALUE.of(path=state.path)
    if isinstance(rule, ByThreshold) and EquipmentState.PRODUCING not in {rule.above, rule.below}:
        return wording.NEVER_BY_SIDE.of(path=path)
    if isinstance(rule, ByExpression):
        states = {rule.otherwise, *(one.state for one in rule.rules)}
        return "" if EquipmentState.PRODUCING in states else wording.NEVER_BY_RULE.of(path=path)
    if isinstance(rule, ByCounter) and machine.ideal_cycle is None:
        return wording.NEVER_BY_PARTS.of(path=path)
    return ""


def _in_common(lacks: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Give what all of these lack, for what is above them."""
    every = [set(lack) for lack in lacks]
    return {need: _ABOVE[need] for need in sorted(set.intersection(*every))} if every else {}


def _below(park: Park) -> dict[str, list[str]]:
    """Give the machines below every line, every factory and the park."""
    below = {line.path: [one.path for one in line.equipment] for factory in park.factories for line in factory.lines}
    for factory in park.factories:
        below[factory.path] = [one.path for line in factory.lines for one in line.equipment]
    return {**below, park.id: list(park.equipment)}
