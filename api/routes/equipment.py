"""What there is in lines: machines and their signals, each as a list and by path.

`/equipment/{path}` takes whatever follows, so this module comes behind those with addresses below a machine.
"""

from functools import partial
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Response

from adapters.sample import ValueType
from analytics.notes import possible
from api.answers import GivenShape
from api.lookup import (
    equipment_at,
    known_sources,
    line_at,
    lines_of,
    signal_at,
    source_seen,
    titled,
    trees_asked,
    under,
)
from api.parts import GivenParts, Parts
from api.remembered import Basis, remembered
from api.routes.parks import Pages, assets_page
from api.views.equipment import EquipmentView, LimitView, SignalView
from api.views.shape import TOKEN, Paged, documented, listed
from collector.park import Equipment, Limit, Line, Park, Signal, SignalRole

router = APIRouter(tags=["assets"])

_EQUIPMENT: Final[dict[str, Any]] = {
    "path": "gears/hobbing/hob-01",
    "id": "hob-01",
    "title": {"zh": "1 号滚齿机", "en": "Hob 1"},
    "factory": "gears",
    "line": "gears/hobbing",
    "equipment_class": "gear-hobber",
    "calendar": "two-shifts",
    "hold_for_s": 600.0,
    "micro_stop_s": 120.0,
    "ideal_cycle_s": 48.0,
    "state_signal": "gears/hobbing/hob-01/execution",
    "has_state": True,
    "kpis": ["utilisation", "availability", "effectiveness"],
    "signals": 24,
}

_SIGNAL: Final[dict[str, Any]] = {
    "path": "gears/hobbing/hob-01/spindle_speed",
    "name": "spindle_speed",
    "title": {"zh": "主轴转速", "en": "Spindle speed"},
    "factory": "gears",
    "line": "gears/hobbing",
    "equipment": "gears/hobbing/hob-01",
    "type": "float",
    "unit": "r/min",
    "role": "measurement",
    "low": 0.0,
    "high": 12000.0,
    "source": "hobbing-opcua",
    "states": {},
    "limits": [
        {
            "high": 9000.0,
            "low": 50.0,
            "hysteresis": 100.0,
            "severity": "high",
            "on_delay_s": 5.0,
            "off_delay_s": 0.0,
            "count": 1,
            "latching": False,
            "when": "machine_runs",
        }
    ],
}


@router.get(
    "/equipment",
    summary="Read which machines there are",
    response_model=Paged[EquipmentView],
    responses=listed({"items": [_EQUIPMENT], "next_page_token": TOKEN}),
    dependencies=[remembered(Basis.CONFIGURATION)],
)
async def list_equipment(
    parts: GivenParts,
    shape: GivenShape,
    page: Pages,
    path: Annotated[
        list[str] | None,
        Query(max_length=100, description="Paths of factories, lines or machines; may be repeated. Left out: all."),
    ] = None,
    equipment_class: Annotated[
        list[str] | None, Query(max_length=100, description="Classes of machines; may be repeated. Left out: all.")
    ] = None,
) -> Response:
    """Give the machines at or below the paths, by path."""
    asked = trees_asked(parts, path)
    found = (
        machine
        for machine in parts.park.equipment.values()
        if under(machine.path, asked) and (not equipment_class or machine.equipment_class in equipment_class)
    )
    lines = {line.path: line for line in lines_of(parts.park)}
    return await assets_page(
        shape, page, EquipmentView, found, lambda machine: _equipment(parts.park, lines[_line_of(machine)], machine)
    )


@router.get(
    "/signals",
    summary="Read which signals there are",
    response_model=Paged[SignalView],
    responses=listed({"items": [_SIGNAL], "next_page_token": TOKEN}),
    dependencies=[remembered(Basis.CONFIGURATION)],
)
async def list_signals(
    parts: GivenParts,
    shape: GivenShape,
    page: Pages,
    path: Annotated[
        list[str] | None,
        Query(max_length=100, description="Paths of factories, lines or machines; may be repeated. Left out: all."),
    ] = None,
    source: Annotated[
        list[str] | None, Query(max_length=100, description="Names of sources; may be repeated. Left out: all of them.")
    ] = None,
    role: Annotated[
        list[SignalRole] | None,
        Query(max_length=50, description="What they mean; may be repeated. Left out: whatever."),
    ] = None,
    value_type: Annotated[
        list[ValueType] | None,
        Query(alias="type", max_length=10, description="Types of values; may be repeated. Left out: all of them."),
    ] = None,
) -> Response:
    """Give the signals below the paths, by path."""
    asked = trees_asked(parts, path)
    sources = known_sources(parts, source or ())
    found = (
        signal
        for signal in parts.park.signals.values()
        if under(signal.path, asked)
        and (not sources or signal.source in sources)
        and (not role or signal.role in role)
        and (not value_type or signal.type in value_type)
    )
    return await assets_page(shape, page, SignalView, found, partial(_signal, parts))


@router.get("/equipment/{path:path}", summary="Read one machine", responses=documented(_EQUIPMENT))
async def read_equipment(
    parts: GivenParts, path: Annotated[str, Path(description="Path of the machine, `factory/line/equipment`.")]
) -> EquipmentView:
    """Give one machine."""
    machine = equipment_at(parts.park, path)
    return _equipment(parts.park, line_at(parts.park, _line_of(machine)), machine)


@router.get("/signals/{path:path}", summary="Read one signal", responses=documented(_SIGNAL))
async def read_signal(
    parts: GivenParts, path: Annotated[str, Path(description="Path of the signal, `factory/line/equipment/name`.")]
) -> SignalView:
    """Give one signal."""
    return _signal(parts, signal_at(parts.park, path))


def _line_of(machine: Equipment) -> str:
    return machine.path.rpartition("/")[0]


def _equipment(park: Park, line: Line, machine: Equipment) -> EquipmentView:
    factory = park.factory_of(machine.path)
    return EquipmentView(
        path=machine.path,
        id=machine.id,
        title=titled(machine.title, machine.id),
        factory=factory.path,
        line=line.path,
        equipment_class=machine.equipment_class,
        calendar=machine.calendar or line.calendar or factory.calendar,
        hold_for_s=machine.hold_for.total_seconds(),
        micro_stop_s=machine.micro_stop.total_seconds(),
        ideal_cycle_s=None if machine.ideal_cycle is None else machine.ideal_cycle.total_seconds(),
        state_signal=None if machine.state is None else machine.state.path,
        has_state=bool(machine.state_inputs),
        kpis=possible(machine),
        signals=len(machine.signals),
    )


def _signal(parts: Parts, signal: Signal) -> SignalView:
    factory, line, _ = signal.equipment.split("/")
    return SignalView(
        path=signal.path,
        name=signal.name,
        title=titled(signal.title, signal.name),
        factory=factory,
        line=f"{factory}/{line}",
        equipment=signal.equipment,
        type=signal.type,
        unit=signal.unit,
        role=signal.role,
        low=signal.low,
        high=signal.high,
        source=source_seen(parts, signal.source),
        states=signal.states,
        limits=[_limit(limit) for limit in signal.limits],
    )


def _limit(limit: Limit) -> LimitView:
    return LimitView(
        high=limit.high,
        low=limit.low,
        hysteresis=limit.hysteresis,
        severity=limit.severity,
        on_delay_s=limit.on_delay.total_seconds(),
        off_delay_s=limit.off_delay.total_seconds(),
        count=limit.count,
        latching=limit.latching,
        when=limit.when,
    )
