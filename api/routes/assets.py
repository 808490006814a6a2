"""The asset tree."""

from typing import Annotated, Final

from fastapi import APIRouter, Query

from api.deprecation import replaced_by
from api.lookup import source_seen, titled
from api.parts import GivenParts, Parts
from api.views.assets import EquipmentTree, FactoryTree, LineTree, ParkTree, SignalLeaf
from api.views.shape import documented
from collector.park import Equipment, Factory, Line, Signal

router = APIRouter(tags=["assets"])

_EXAMPLE: Final = {
    "id": "riverside",
    "title": {"zh": "河滨产业园", "en": "Riverside Park"},
    "factories": [
        {
            "path": "gears",
            "id": "gears",
            "title": {"zh": "齿轮厂", "en": "Gear Works"},
            "time_zone": "Asia/Shanghai",
            "lines": [
                {
                    "path": "gears/hobbing",
                    "id": "hobbing",
                    "title": {"zh": "滚齿线", "en": "Hobbing"},
                    "sources": ["hobbing-opcua"],
                    "equipment": [
                        {
                            "path": "gears/hobbing/hob-01",
                            "id": "hob-01",
                            "title": {"zh": "1 号滚齿机", "en": "Hob 1"},
                            "hold_for_s": 600.0,
                            "state_signal": "gears/hobbing/hob-01/execution",
                            "signals": [
                                {
                                    "path": "gears/hobbing/hob-01/spindle_speed",
                                    "name": "spindle_speed",
                                    "title": {"zh": "主轴转速", "en": "Spindle speed"},
                                    "type": "float",
                                    "unit": "r/min",
                                    "role": "measurement",
                                    "low": 0.0,
                                    "high": 12000.0,
                                    "source": "hobbing-opcua",
                                }
                            ],
                        }
                    ],
                }
            ],
        }
    ],
}


@router.get(
    "/assets",
    summary="Read the asset tree",
    responses=documented(_EXAMPLE),
    deprecated=True,
    dependencies=[replaced_by("/api/v1/parks")],
)
async def list_assets(
    parts: GivenParts,
    *,
    signals: Annotated[bool, Query(description="Whether the signals are listed; they are most of the tree.")] = True,
) -> ParkTree:
    """Give the whole park as configured: factories, lines, equipment and signals, in the order of the files.

    `/parks`, `/factories`, `/lines`, `/equipment` and `/signals` give the same in pages, and more of each.
    """
    park = parts.park
    factories = [_factory(parts, factory, signals=signals) for factory in park.factories]
    return ParkTree(id=park.id, title=titled(park.title, park.id), factories=factories)


def _factory(parts: Parts, factory: Factory, *, signals: bool) -> FactoryTree:
    return FactoryTree(
        path=factory.path,
        id=factory.id,
        title=titled(factory.title, factory.id),
        time_zone=factory.time_zone,
        lines=[_line(parts, line, signals=signals) for line in factory.lines],
    )


def _line(parts: Parts, line: Line, *, signals: bool) -> LineTree:
    return LineTree(
        path=line.path,
        id=line.id,
        title=titled(line.title, line.id),
        sources=[source.name for source in line.sources],
        equipment=[_equipment(parts, equipment, signals=signals) for equipment in line.equipment],
    )


def _equipment(parts: Parts, equipment: Equipment, *, signals: bool) -> EquipmentTree:
    return EquipmentTree(
        path=equipment.path,
        id=equipment.id,
        title=titled(equipment.title, equipment.id),
        hold_for_s=equipment.hold_for.total_seconds(),
        state_signal=None if equipment.state is None else equipment.state.path,
        signals=[_signal(parts, signal) for signal in equipment.signals] if signals else None,
    )


def _signal(parts: Parts, signal: Signal) -> SignalLeaf:
    return SignalLeaf(
        path=signal.path,
        name=signal.name,
        title=titled(signal.title, signal.name),
        type=signal.type,
        unit=signal.unit,
        role=signal.role,
        low=signal.low,
        high=signal.high,
        source=source_seen(parts, signal.source),
    )
