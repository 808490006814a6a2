"""Alerts: what lasts and what is over."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query

from analytics.alertlog import After, read_alerts
from analytics.alerts import Alert
from analytics.sayings import message
from api.lookup import known_assets, signal_at
from api.paging import Paging, instant, microseconds, paging
from api.parts import GivenParts
from api.views.alerts import AlertView
from api.views.shape import Paged, TitleView, documented
from api.window import MaybeEnd, MaybeStart, check_window
from collector.park import Severity

router = APIRouter(tags=["alerts"])

_EXAMPLE: Final = {
    "items": [
        {
            "id": "4f1b2c9d8e7a6051",
            "equipment": "gears/hobbing/hob-01",
            "signal": "gears/hobbing/hob-01/spindle_temperature",
            "detector": "limit",
            "severity": "high",
            "message": {
                "zh": "主轴温度: 81.5 Cel, 高于上限 80 Cel",
                "en": "Spindle temperature: 81.5 Cel is above its limit of 80 Cel",
            },
            "value": "81.5",
            "began": "2026-11-24T08:12:04.9Z",
            "ended": "2026-11-24T08:31:40.2Z",
            "active": False,
        }
    ],
    "next_page_token": "WyI2ZWUyYjhhZWJjMjQiLDQyXQ",
}


@router.get("/alerts", summary="Read alerts", responses=documented(_EXAMPLE))
async def list_alerts(
    parts: GivenParts,
    page: Annotated[Paging, Depends(paging(default=100, most=1000))],
    path: Annotated[
        list[str] | None,
        Query(max_length=100, description="Park, factory, line or equipment, each with all below it; may be repeated."),
    ] = None,
    signal: Annotated[str | None, Query(description="Path of one signal.")] = None,
    severity: Annotated[list[Severity] | None, Query(description="Priorities; may be repeated.")] = None,
    active: Annotated[bool | None, Query(description="true: only what lasts; false: only what is over.")] = None,
    start: MaybeStart = None,
    end: MaybeEnd = None,
) -> Paged[AlertView]:
    """Give the alerts that touch [start, end), those that began last first."""
    check_window(start, end)
    under = known_assets(parts.park, path) if path else None
    if under is not None and parts.park.id in under:
        under = None
    signals = [signal_at(parts.park, signal).path] if signal is not None else None
    after = None
    if (position := page.after(int, str)) is not None:
        after = After(instant(position[0]), position[1])
    alerts = await parts.records().run(
        lambda connection: read_alerts(
            connection,
            start=start,
            end=end,
            under=under,
            signals=signals,
            severities=severity or None,
            active=active,
            after=after,
            limit=page.limit + 1,
        )
    )
    shown = alerts[: page.limit]
    token = page.token((microseconds(shown[-1].began), shown[-1].id)) if len(alerts) > len(shown) else None
    return Paged[AlertView](items=[_alert(alert) for alert in shown], next_page_token=token)


def _alert(alert: Alert) -> AlertView:
    return AlertView(
        id=alert.id,
        equipment=alert.equipment,
        signal=alert.signal,
        detector=alert.detector,
        severity=alert.severity,
        message=TitleView(zh=message(alert, "zh"), en=message(alert, "en")),
        value=alert.value,
        began=alert.began,
        ended=alert.ended,
        active=alert.active,
    )
