"""A made-up park with three days of made-up life: its machines, what they reported, and all that comes of it.

Numbers are drawn with a fixed seed, results are computed by the real jobs and rest in a real lake, records are a real
database: what the tests ask the API for went the whole way but the wire.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import Any, Final, TypeAlias

import polars as pl

from adapters.registry import store_kind
from adapters.sample import REFUSALS, SAMPLES, Status
from adapters.settings import Settings
from adapters.sources.contract import FilledBy, GapKind
from adapters.stores.contract import Position, Store
from analytics.alertlog import fold, write_alerts
from analytics.alerts import Alert
from analytics.jobs import Jobs, ranges_of
from analytics.timeline import Reader
from api.auth import create_key
from api.parts import Parts
from api.roles import Role
from collector.deadletters import Bounds, Choice, write_dead_letters
from collector.drains import DrainState, write_drain
from collector.gaps import add_gap, begin_gap, end_gap
from collector.links import Link, write_links
from collector.park import (
    Break,
    Calendar,
    Equipment,
    EquipmentState,
    Factory,
    Limit,
    Line,
    Park,
    Severity,
    Shift,
    Signal,
    SignalRole,
    SourceConfig,
    Title,
)
from collector.records import Records
from collector.redecoding import Told
from collector.resolution import Filling, Part, close_gap, fill
from collector.settings import ApiSettings, RateSettings

NOW: Final = datetime(2026, 11, 24, 8, 15, tzinfo=UTC)
"""When the tests ask: a Tuesday, 16:15 in Shanghai and 09:15 in Berlin."""

BEGIN: Final = datetime(2026, 11, 21, 15, tzinfo=UTC)
"""When the life of the park begins."""

HOB: Final = "gears/hobbing/hob-01"
"""The machine that most tests ask about."""

GRINDER: Final = "gears/grinding/grind-01"
"""A machine in the same factory, on another line; the only one whose ideal cycle is known."""

PRESS: Final = "moulds/injection/im-01"
"""A machine in the factory abroad, whose link is down."""

WASHER: Final = "gears/hobbing/washer"
"""Equipment without a state."""

_STATES: Final = {
    "ACTIVE": EquipmentState.PRODUCING,
    "READY": EquipmentState.IDLE,
    "MANUAL": EquipmentState.SETUP,
    "OPTIONAL_STOP": EquipmentState.PLANNED_STOP,
    "INTERRUPTED": EquipmentState.UNPLANNED_STOP,
    "POWER_OFF": EquipmentState.OFF,
}

_MINUTES: Final = {
    "ACTIVE": (4, 50),
    "READY": (1, 14),
    "MANUAL": (5, 25),
    "OPTIONAL_STOP": (5, 15),
    "INTERRUPTED": (1, 20),
    "POWER_OFF": (60, 200),
}
"""How long a machine stays in a state, from and to."""

_NEXT: Final = {
    "ACTIVE": ("READY", "READY", "READY", "INTERRUPTED", "MANUAL", "OPTIONAL_STOP"),
    "READY": ("ACTIVE", "ACTIVE", "ACTIVE", "MANUAL"),
    "MANUAL": ("ACTIVE",),
    "OPTIONAL_STOP": ("ACTIVE",),
    "INTERRUPTED": ("ACTIVE", "READY"),
    "POWER_OFF": ("READY",),
}

UNLIMITED: Final = RateSettings(per_second=0, failures_per_second=0)
"""Rates of an API whose tests ask as fast as they can."""

Lasted: TypeAlias = timedelta | None
"""How long an alert lasted; None: it lasts."""


class Address(Settings):
    """The address of a signal in these tests."""

    item: str = ""


def _signal(equipment: str, name: str, source: str, **keys: Any) -> Signal:
    return Signal(path=f"{equipment}/{name}", name=name, source=source, address=Address(item=name), **keys)


def _machine(path: str, source: str, zh: str, en: str, *, state: bool = True, **keys: Any) -> Equipment:
    signals = [
        _signal(
            path,
            "spindle_temperature",
            source,
            type="float",
            unit="Cel",
            role=SignalRole.MEASUREMENT,
            low=-20.0,
            high=150.0,
            limits=(Limit(high=80.0, hysteresis=5.0, severity=Severity.HIGH),),
            title=Title(zh="主轴温度", en="Spindle temperature"),
        ),
        _signal(path, "parts", source, type="int", role=SignalRole.TOTAL_COUNT, title=Title(zh="产量", en="Parts")),
        _signal(path, "door", source, type="bool"),
    ]
    if state:
        signals.insert(0, _signal(path, "execution", source, type="text", role=SignalRole.STATE, states=_STATES))
    title = Title(zh=zh, en=en)
    return Equipment(path=path, id=path.rpartition("/")[2], title=title, signals=tuple(signals), **keys)


def _line(path: str, kind: str, zh: str, en: str, *machines: Equipment) -> Line:
    name = machines[0].signals[0].source
    source = SourceConfig(name=name, kind=kind, line=path, settings=Address())
    return Line(path=path, id=path.rpartition("/")[2], title=Title(zh=zh, en=en), sources=(source,), equipment=machines)


_LUNCH: Final = (Break(start=time(11, 30), end=time(12, 15)),)

PARK: Final = Park(
    id="riverside",
    title=Title(zh="河滨智造产业园", en="Riverside Manufacturing Park"),
    calendars={
        "two-shifts": Calendar(
            shifts=(
                Shift(name="early", start=time(6), end=time(14), breaks=_LUNCH),
                Shift(name="late", start=time(14), end=time(22)),
            )
        ),
        "always": Calendar(shifts=(Shift(name="all", start=time(0), end=time(0)),)),
    },
    factories=(
        Factory(
            id="gears",
            title=Title(zh="齿轮厂", en="Gear Works"),
            time_zone="Asia/Shanghai",
            calendar="always",
            lines=(
                _line(
                    "gears/hobbing",
                    "opcua",
                    "滚齿线",
                    "Hobbing",
                    _machine(HOB, "hobbing-opcua", "1 号滚齿机", "Hobbing machine 1"),
                    _machine("gears/hobbing/hob-02", "hobbing-opcua", "2 号滚齿机", "Hobbing machine 2"),
                    _machine(WASHER, "hobbing-opcua", "清洗机", "Washer", state=False),
                ),
                _line(
                    "gears/grinding",
                    "mqtt",
                    "磨齿线",
                    "Grinding",
                    _machine(
                        GRINDER,
                        "grinding-mqtt",
                        "1 号磨齿机",
                        "Grinding machine 1",
                        ideal_cycle=timedelta(seconds=90),
                    ),
                ),
            ),
        ),
        Factory(
            id="moulds",
            title=Title(zh="模具厂", en="Mould Shop"),
            time_zone="Europe/Berlin",
            calendar="two-shifts",
            lines=(
                _line(
                    "moulds/injection",
                    "opcua",
                    "注塑线",
                    "Injection moulding",
                    _machine(PRESS, "injection-opcua", "1 号注塑机", "Injection press 1"),
                    _machine("moulds/injection/im-02", "injection-opcua", "2 号注塑机", "Injection press 2"),
                ),
            ),
        ),
    ),
)
"""The park: two factories in two zones, three lines, six machines, one of them without a state."""

INJECTION_LOST: Final = datetime(2026, 11, 24, 5, 40, tzinfo=UTC)
"""Since when the injection line does not answer."""


def links() -> list[Link]:
    """Give how the sources stand: one well, one refused half its life, one away."""
    second = timedelta(seconds=1)
    return [
        Link("hobbing-opcua", "up", BEGIN, NOW - second, NOW - 3 * second, NOW - 2 * second, 1_284_551, 0, ""),
        Link("grinding-mqtt", "up", BEGIN, NOW - second, NOW - 5 * second, NOW - 4 * second, 402_118, 37, ""),
        Link(
            "injection-opcua",
            "down",
            INJECTION_LOST,
            NOW - second,
            INJECTION_LOST - second,
            INJECTION_LOST - second,
            311_007,
            0,
            "injection-opcua: no answer from opc.tcp://10.20.3.7:4840 within 5 s",
        ),
    ]


def batch() -> pl.DataFrame:
    """Give what the machines reported, columns of `SAMPLES`."""
    random = Random(20261124)  # noqa: S311 - made-up life, no secret
    rows: list[dict[str, Any]] = []
    for equipment in PARK.equipment.values():
        end = INJECTION_LOST if equipment.path.startswith("moulds") else NOW - timedelta(seconds=5)
        if equipment.state is not None:
            rows += _reports(random, equipment.state.path, end)
        rows += _measured(random, equipment.path, end)
    return pl.DataFrame(rows, schema=SAMPLES)


def _reports(random: Random, signal: str, end: datetime) -> list[dict[str, Any]]:
    rows, at, state = [], BEGIN, "READY"
    while at < end:
        rows.append(_row(signal, at, text=state))
        at += timedelta(minutes=random.uniform(*_MINUTES[state]))
        nobody = (at.hour + 8) % 24 in {3, 4} and state == "READY"
        state = "POWER_OFF" if nobody else random.choice(_NEXT[state])
    return rows


def _measured(random: Random, equipment: str, end: datetime) -> list[dict[str, Any]]:
    rows, at, warmth, parts = [], BEGIN, 45.0, 0
    while at < end:
        warmth = min(90.0, max(20.0, warmth + random.gauss(0, 1.2)))
        parts += random.randint(0, 3)
        rows.append(_row(f"{equipment}/spindle_temperature", at, float=round(warmth, 2)))
        rows.append(_row(f"{equipment}/parts", at, int=parts))
        at += timedelta(minutes=5)
    return rows


def _row(signal: str, at: datetime, **value: Any) -> dict[str, Any]:
    received = at + timedelta(milliseconds=80)
    return {
        **dict.fromkeys(SAMPLES),
        "signal": signal,
        "time": at,
        "status": Status.GOOD,
        "received": received,
        **value,
    }


def alerts() -> list[Alert]:
    """Give the alerts of the three days: three that last, others that are over."""
    warm = {"name_zh": "主轴温度", "name_en": "Spindle temperature", "value": "83.4", "unit": " Cel", "limit": "80"}
    made = [
        _alert(HOB, "limit", "high:80", Severity.HIGH, "limit.high", "83.4", hours=0.6, parameters=warm),
        _condition(
            "gears/grinding/grind-01", Severity.MEDIUM, "condition.warning", "345", "COOLANT LEVEL LOW", hours=2.2
        ),
        _condition(
            "moulds/injection/im-01", Severity.CRITICAL, "condition.fault", "1022", "HYDRAULIC PRESSURE LOST", hours=2.7
        ),
    ]
    for number in range(17):
        equipment = list(PARK.equipment)[number % 4]
        code, text = (("700", "OVER TEMPERATURE"), ("416", "SERVO ALARM"), ("1010", "DOOR OPEN"))[number % 3]
        severity = (Severity.LOW, Severity.MEDIUM, Severity.HIGH)[number % 3]
        hours, lasted = 3.1 + 2.9 * number, timedelta(minutes=3 + 7 * (number % 5))
        made.append(_condition(equipment, severity, "condition.fault", code, text, hours=hours, lasted=lasted))
    return made


def _condition(
    equipment: str,
    severity: Severity,
    code: str,
    native: str,
    text: str,
    *,
    hours: float,
    lasted: timedelta | None = None,
) -> Alert:
    parameters = {"name_zh": "数控系统", "name_en": "Controller", "code": native, "text": text}
    value = f"Fault|{native}|||{text}"
    return _alert(
        equipment, "condition", native, severity, code, value, hours=hours, parameters=parameters, lasted=lasted
    )


def _alert(
    equipment: str,
    detector: str,
    key: str,
    severity: Severity,
    code: str,
    value: str,
    *,
    hours: float,
    parameters: dict[str, str],
    lasted: timedelta | None = None,
) -> Alert:
    began = NOW - timedelta(hours=hours)
    return Alert(
        equipment=equipment,
        signal=f"{equipment}/spindle_temperature",
        detector=detector,
        key=key,
        severity=severity,
        code=code,
        value=value,
        began=began,
        ended=None if lasted is None else began + lasted,
        parameters=parameters,
    )


def refusals() -> pl.DataFrame:
    """Give inputs that could not become samples, columns of `REFUSALS`."""
    address = "gears/grinding/grind-01/force"
    payloads = [b'{"value": "ERR"}', b"\xff\xfe\x00broken", "力".encode() * 3000, b"<script>alert(1)</script>"]
    return pl.DataFrame(
        [
            {
                "source": "grinding-mqtt",
                "address": address,
                "signal": None,
                "payload": payload,
                "reason": "no float in it; mend the sensor, or declare the signal as text",
                "received": NOW - timedelta(minutes=number),
            }
            for number, payload in enumerate(payloads)
        ],
        schema=REFUSALS,
    )


@dataclass(frozen=True, slots=True)
class Plant:
    """Where the park's life is kept."""

    folder: Path
    """Folder of the lake and of the records."""

    key: str
    """A key with the scope `read`."""

    @property
    def records_url(self) -> str:
        """The records."""
        return f"sqlite:///{self.folder}/records.db"

    def store(self) -> Store:
        """Make the store."""
        lake = store_kind("lake")
        return lake.create(lake.settings.model_validate({"folder": self.folder / "lake"}))

    @asynccontextmanager
    async def parts(
        self,
        *,
        open_page: bool = False,
        store: Callable[[], Store] | None = None,
        troubles: Sequence[Exception] = (),
        now: datetime = NOW,
        settings: ApiSettings | None = None,
    ) -> AsyncIterator[Parts]:
        """Give the parts of an API on this park.

        Args:
            open_page: whether this machine needs no key.
            store: gives another store than the park's.
            troubles: while there are any, the park's store is down for the first of them.
            now: what time it is.
            settings: those of the API; left out: rates have no limits.
        """
        async with Records(self.records_url) as records, self.store() as own:

            def well() -> Store:
                if troubles:
                    raise troubles[0]
                return own

            yield Parts(
                park=PARK,
                settings=settings or ApiSettings(open_page=open_page, rate=UNLIMITED),
                records=lambda: records,
                store=store or well,
                now=lambda: now,
                replay=_no_replay,
            )


async def _no_replay(choice: Choice, dry_run: bool, asked_by: str) -> list[Told]:  # noqa: FBT001 - as `api.parts.Replay` has it
    """Replay none: the park has no files."""
    del choice, dry_run, asked_by
    return []


def build(folder: Path) -> Plant:
    """Let the park live its three days in `folder`."""
    return asyncio.run(_build(folder))


async def _build(folder: Path) -> Plant:
    plant = Plant(folder, "")
    async with Records(plant.records_url) as records, plant.store() as store:
        await store.write(batch(), Position("plant", 1))
        created, text = await records.run(
            lambda connection: create_key(connection, "platform", now=BEGIN, expires=None, roles=[Role.VIEWER])
        )
        del created
        await records.run(_enter)
        paths = [path for path, equipment in PARK.equipment.items() if equipment.state is not None]
        await Jobs(Reader(PARK, store, records)).compute(ranges_of(paths, BEGIN, NOW), now=NOW)
    return Plant(folder, text)


def _enter(connection: Any) -> None:
    write_links(connection, links())
    write_alerts(connection, [alert for alert in alerts() if not alert.active])
    fold(connection, [alert for alert in alerts() if alert.active], now=NOW, suppressed=lambda _: "")
    write_dead_letters(connection, refusals(), bounds=Bounds(1000, 2**20))
    begin_gap(connection, "hobbing-opcua", NOW - timedelta(hours=9), "no answer to the keep-alive within 10 s")
    end_gap(connection, "hobbing-opcua", NOW - timedelta(hours=9) + timedelta(minutes=4), filled=False)
    part = Part("hobbing-opcua", (), NOW - timedelta(hours=9), NOW - timedelta(hours=8))
    fill(connection, Filling(part, FilledBy.HISTORY, 1861, "", 0), NOW - timedelta(hours=8, minutes=55), ())
    missed = add_gap(
        connection,
        "grinding-mqtt",
        ["gears/grinding/grind-01/spindle_temperature"],
        NOW - timedelta(hours=5),
        NOW - timedelta(hours=5) + timedelta(seconds=42),
        "the broker dropped 12 messages of this topic",
        kind=GapKind.SEQUENCE,
    )
    close_gap(connection, missed, "the publisher keeps no messages", NOW)
    begin_gap(connection, "injection-opcua", INJECTION_LOST, "no answer from opc.tcp://10.20.3.7:4840 within 5 s")
    write_drain(connection, DrainState("store", "lake", "up", BEGIN, NOW, 4711, 4711, ""))
