"""The plant of the tests with every kind of alert in every state, and with health scores."""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from analytics.alertlog import act, fold
from analytics.alerts import Alert, Contribution
from analytics.faults.contract import Indicator, nanoseconds
from analytics.healthlog import write_health
from analytics.lifecycle import Action, EventKind
from api.auth import create_key
from api.roles import Role
from collector.park import Severity
from tests.api.plant import BEGIN, GRINDER, HOB, NOW, PARK, PRESS, Plant

HOSTILE: Final = '<img src="/x" onerror="document.title=\'owned\'"><script>document.title="owned"</script>'
"""A text that would take over a page that took it for markup."""

HOBBING: Final = "gears/hobbing/hob-02"
MOULDS: Final = "moulds/injection"


def seen(
    equipment: str,
    detector: str,
    code: str,
    severity: Severity,
    parameters: Mapping[str, str],
    *,
    minutes: float,
    signal: str = "spindle_temperature",
    key: str = "high",
    lasted: float | None = None,
) -> Alert:
    """Give an alert of some minutes ago; `lasted` in minutes."""
    began = NOW - timedelta(minutes=minutes)
    return Alert(
        equipment=equipment,
        signal=signal if ":" in signal else f"{equipment}/{signal}" if signal else equipment,
        detector=detector,
        key=key,
        severity=severity,
        code=code,
        value="",
        began=began,
        ended=None if lasted is None else began + timedelta(minutes=lasted),
        parameters=parameters,
    )


def fault(equipment: str, severity: Severity, number: str, text: str, *, minutes: float, lasted: float) -> Alert:
    """Give a condition of a controller that is over."""
    said = {"name_zh": "数控系统", "name_en": "Controller", "code": number, "text": text}
    return seen(equipment, "condition", "condition.fault", severity, said, minutes=minutes, lasted=lasted, key=number)


LINK: Final = seen(
    MOULDS,
    "link",
    "link.lost",
    Severity.HIGH,
    {
        "source": "injection-opcua",
        "since": "2026-11-24 06:40:00",
        "problem": "no answer from opc.tcp://10.20.3.7:4840 within 5 s",
        "machines": "2",
    },
    minutes=155,
    signal="source:injection-opcua",
    key="lost",
)
"""A source that is lost: the parent of the alerts of its machines."""

APART: Final = replace(
    seen(
        HOBBING,
        "multivariate",
        "multivariate.moved",
        Severity.HIGH,
        {
            "name_zh": "2 号滚齿机",
            "name_en": "Hobbing machine 2",
            "signals_zh": "主轴温度 62 %，产量 25 %",  # noqa: RUF001 - Chinese punctuation
            "signals_en": "Spindle temperature 62 %, Parts 25 %",
        },
        minutes=74,
        signal="",
        key="moved",
    ),
    contributions=(
        Contribution(f"{HOBBING}/spindle_temperature", 0.62),
        Contribution(f"{HOBBING}/parts", 0.25),
        Contribution(f"{HOBBING}/door", 0.13),
    ),
)
"""Several signals together."""

TREND: Final = seen(
    GRINDER,
    "trend",
    "trend.rising",
    Severity.MEDIUM,
    {
        "name_zh": "主轴温度",
        "name_en": "Spindle temperature",
        "value": "71.2",
        "unit": " Cel",
        "normal": "52",
        "kind_en": "upper limit",
        "kind_zh": "上限",
        "limit": "80",
        "left_en": "3 days",
        "left_zh": "3 天",
        "soon_en": "40 h",
        "soon_zh": "40 小时",
        "late_en": "6 days",
        "late_zh": "6 天",
    },
    minutes=310,
    key="rising",
)

STANDS: Final = seen(
    HOB,
    "limit",
    "limit.low",
    Severity.MEDIUM,
    {"name_zh": "冷却液流量", "name_en": "Coolant flow", "value": "0.4", "unit": " L/min", "limit": "2"},
    minutes=21,
    signal="parts",
    key="low:2",
)
"""Low flow of a machine that stands."""

CHANNEL: Final = seen(
    PARK.id,
    "channel",
    "channel.unreachable",
    Severity.HIGH,
    {"channel": "workshop", "reason": "oapi.dingtalk.com: no route to host"},
    minutes=12,
    signal="channel:workshop",
    key="failing",
)

DOOR: Final = fault(GRINDER, Severity.MEDIUM, "1010", "DOOR OPEN", minutes=95, lasted=2)
"""Over, and nobody saw it; it came again and again."""

LATCHED: Final = replace(
    fault(GRINDER, Severity.CRITICAL, "604", "EMERGENCY STOP", minutes=190, lasted=6), latching=True
)
RESETTABLE: Final = replace(
    fault(HOBBING, Severity.HIGH, "701", "OVERLOAD Z AXIS", minutes=240, lasted=9), latching=True
)
SHELVED: Final = replace(TREND, equipment=HOBBING, signal=f"{HOBBING}/spindle_temperature", severity=Severity.LOW)
SERVICED: Final = seen(
    PRESS,
    "stuck",
    "stuck.flat",
    Severity.LOW,
    {
        "name_zh": "模温",
        "name_en": "Mould temperature",
        "value": "61.0",
        "unit": " Cel",
        "flat_en": "30 min",
        "flat_zh": "30 分",
        "usual_en": "2 min",
        "usual_zh": "2 分",
    },
    minutes=400,
    signal="parts",
    key="flat",
)
BEHIND: Final = tuple(
    seen(
        equipment,
        "stale",
        "stale.configured",
        Severity.MEDIUM,
        {"name_zh": zh, "name_en": en, "hold_en": "10 min", "hold_zh": "10 分"},
        minutes=145,
        signal=signal,
        key="silent",
    )
    for equipment in (PRESS, f"{MOULDS}/im-02")
    for signal, zh, en in (("spindle_temperature", "主轴温度", "Spindle temperature"), ("parts", "产量", "Parts"))
)
"""What comes of the lost source."""


def alarm(plant: Plant, folder: Path) -> tuple[Plant, str]:
    """Copy the plant into a folder, with alerts and scores; give it, and a key that may operate."""
    shutil.copytree(plant.folder, folder, dirs_exist_ok=True)
    copy = replace(plant, folder=folder)
    records = sa.create_engine(copy.records_url)
    with records.begin() as connection:
        _fold(connection)
        _act(connection)
        number = Indicator(GRINDER, f"{GRINDER}/spindle_temperature", "ewma", nanoseconds(timedelta()), 3.1, 4.0)
        quiet = number._replace(subject=f"{GRINDER}/parts", value=0.6)
        calm = number._replace(equipment=HOB, subject=f"{HOB}/spindle_temperature", value=3.4)
        write_health(connection, PARK, [("ewma", number), ("cusum", quiet), ("cusum", calm)], NOW)
        _, key = create_key(connection, "maintenance", now=BEGIN, expires=None, roles=[Role.ENGINEER])
    records.dispose()
    return copy, key


def _fold(connection: sa.Connection) -> None:
    def suppressed(alert: Alert) -> str:
        if alert in BEHIND:
            return LINK.id
        return "machine_runs" if alert == STANDS else ""

    ended = (DOOR, LATCHED, RESETTABLE)
    first = [replace(one, ended=None) for one in ended]
    found = [LINK, APART, TREND, STANDS, CHANNEL, SHELVED, SERVICED, *BEHIND, *first]
    for alert in sorted(found, key=lambda one: one.began):
        fold(connection, [alert], now=alert.began + timedelta(seconds=2), suppressed=suppressed)
    for alert in ended:
        assert alert.ended is not None
        fold(connection, [alert], now=alert.ended + timedelta(seconds=2), suppressed=suppressed)
    for number in range(1, 12):
        began = DOOR.began + timedelta(minutes=5 * number)
        again = replace(DOOR, began=began, ended=began + timedelta(minutes=1))
        fold(connection, [again], now=began + timedelta(minutes=1), suppressed=suppressed)


def _act(connection: sa.Connection) -> None:
    def do(kind: EventKind, alert: Alert, minutes: float, **said: object) -> None:
        action = Action(kind, "李工 (maintenance)", alert.id, **said)  # type: ignore[arg-type]  # by name
        act(connection, action, now=NOW - timedelta(minutes=minutes))

    do(EventKind.ACKNOWLEDGED, APART, 50, comment="轴承已订货，周四更换")  # noqa: RUF001 - Chinese punctuation
    do(EventKind.COMMENTED, APART, 20, comment=HOSTILE)
    do(EventKind.ACKNOWLEDGED, RESETTABLE, 200)
    do(EventKind.SHELVED, SHELVED, 100, comment="等待备件", until=NOW + timedelta(hours=7))
    do(EventKind.OUT_OF_SERVICE, SERVICED, 300, comment="传感器更换中")
