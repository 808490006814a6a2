"""The asset tree."""

from typing import Annotated, Final

from fastapi import APIRouter, Query

from api.parts import GivenParts
from api.views.assets import EquipmentView, FactoryView, LineView, ParkView, SignalView
from api.views.shape import TitleView, documented
from collector.park import Equipment, Factory, Line, Signal, Title

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


@router.get("/assets", summary="Read the asset tree", responses=documented(_EXAMPLE))
async def list_assets(
    parts: GivenParts,
    *,
    signals: Annotated[bool, Query(description="Whether the signals are listed; they are most of the tree.")] = True,
) -> ParkView:
    """Give the whole park as configured: factories, lines, equipment and signals, in the order of the files."""
    park = parts.park
    factories = [_factory(factory, signals=signals) for factory in park.factories]
    return ParkView(id=park.id, title=_title(park.title, park.id), factories=factories)


def _factory(factory: Factory, *, signals: bool) -> FactoryView:
    return FactoryView(
        path=factory.path,
        id=factory.id,
        title=_title(factory.title, factory.id),
        time_zone=factory.time_zone,
        lines=[_line(line, signals=signals) for line in factory.lines],
    )


def _line(line: Line, *, signals: bool) -> LineView:
    return LineView(
        path=line.path,
        id=line.id,
        title=_title(line.title, line.id),
        sources=[source.name for source in line.sources],
        equipment=[_equipment(equipment, signals=signals) for equipment in line.equipment],
    )


def _equipment(equipment: Equipment, *, signals: bool) -> EquipmentView:
    return EquipmentView(
        path=equipment.path,
        id=equipment.id,
        title=_title(equipment.title, equipment.id),
        hold_for_s=equipment.hold_for.total_seconds(),
        state_signal=None if equipment.state is None else equipment.state.path,
        signals=[_signal(signal) for signal in equipment.signals] if signals else None,
    )


def _signal(signal: Signal) -> SignalView:
    return SignalView(
        path=signal.path,
        name=signal.name,
        title=_title(signal.title, signal.name),
        type=signal.type,
        unit=signal.unit,
        role=signal.role,
        low=signal.low,
        high=signal.high,
        source=signal.source,
    )


def _title(title: Title, otherwise: str) -> TitleView:
    return TitleView(zh=title.zh or otherwise, en=title.en or otherwise)
