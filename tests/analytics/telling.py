"""A park whose alerts are told, the events of alerts as the log makes them, and channels that answer as a test says."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from adapters.channels.contract import ChannelError, Notice, Sent
from adapters.settings import Settings
from analytics import lifecycle
from analytics.alerts import Alert
from analytics.lifecycle import VISIBLE, Action, AlertEvent, EventKind, Hidden, Standing
from analytics.notices import Notices
from analytics.routing import Rules
from collector.alerting import AlertSettings, ChannelConfig, Route
from collector.park import Equipment, Factory, Line, Park, Severity, Shift, Signal, Title
from collector.worktime import Calendar

BEGIN: Final = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
"""A Monday, noon in Shanghai."""


class Nothing(Settings):
    """The settings of a channel that has none."""


def at(minutes: float) -> datetime:
    """Give an instant, so many minutes after `BEGIN`."""
    return BEGIN + timedelta(minutes=minutes)


def park() -> Park:
    """Give a park with two factories, a line and two machines each."""
    shifts = (
        Shift.model_validate({"name": "day", "start": "08:00", "end": "20:00"}),
        Shift.model_validate({"name": "night", "start": "20:00", "end": "08:00"}),
    )
    factories = tuple(
        Factory(
            id=factory,
            title=Title(zh=zh, en=en),
            time_zone="Asia/Shanghai",
            calendar="usual",
            lines=(
                Line(
                    path=f"{factory}/line-1",
                    id="line-1",
                    title=Title(zh="一线", en="Line 1"),
                    equipment=tuple(_machine(f"{factory}/line-1", number) for number in (1, 2)),
                ),
            ),
        )
        for factory, zh, en in (("east", "东厂", "East works"), ("west", "西厂", "West works"))
    )
    return Park(id="park", calendars={"usual": Calendar(shifts=shifts)}, factories=factories)


def _machine(line: str, number: int) -> Equipment:
    path = f"{line}/press-{number}"
    signals = tuple(
        Signal(path=f"{path}/{name}", name=name, source="plc", address=Nothing(), type="float", unit=unit, title=title)
        for name, unit, title in (
            ("force", "kN", Title(zh="压力", en="Force")),
            ("temperature", "Cel", Title(zh="主轴温度", en="Spindle temperature")),
        )
    )
    return Equipment(
        path=path, id=f"press-{number}", title=Title(zh=f"{number}号压机", en=f"Press {number}"), signals=signals
    )


def channel(name: str, **keys: Any) -> ChannelConfig:
    """Give a channel, as configured."""
    return ChannelConfig(name=name, kind="webhook", settings=Nothing(), **{"language": "en", **keys})


def settings(channels: Iterable[ChannelConfig], *routes: dict[str, Any], **keys: Any) -> AlertSettings:
    """Give the settings of alerts."""
    return AlertSettings(
        channels=tuple(channels), routes=tuple(Route.model_validate(route) for route in routes), **keys
    )


def rules(channels: Iterable[ChannelConfig], *routes: dict[str, Any], **keys: Any) -> Rules:
    """Give routes and channels over the park."""
    return Rules(settings(channels, *routes, **keys), park())


def notices(made: Rules, page_url: str = "") -> Notices:
    """Give what puts into words what is told."""
    return Notices(made, page_url)


def alert(machine: str = "east/line-1/press-1", key: str = "high:80", began: float = 0, **keys: Any) -> Alert:
    """Give an occurrence."""
    values: dict[str, Any] = {
        "equipment": machine,
        "signal": f"{machine}/force",
        "detector": "limit",
        "key": key,
        "severity": Severity.MEDIUM,
        "code": "limit.high",
        "value": "83.2",
        "began": at(began),
        "parameters": {"name_en": "Force", "name_zh": "压力", "value": "83.2", "limit": "80", "unit": " kN"},
    }
    return Alert(**{**values, **keys})


class Life:
    """One alert's life, told event by event."""

    def __init__(self, first: Alert, *, now: float = 0, hidden: Hidden = VISIBLE, group: str = "") -> None:
        self.standing: Standing
        self.events: list[AlertEvent] = []
        self._keep(lifecycle.raised(first, now=at(now), hidden=hidden, group=group or first.id))

    def _keep(self, change: tuple[Standing, list[AlertEvent]]) -> list[AlertEvent]:
        self.standing, events = change
        self.events += events
        return events

    @property
    def id(self) -> str:
        """Its id."""
        return self.standing.id

    def end(self, now: float) -> list[AlertEvent]:
        """Let its cause be gone."""
        return self._keep(
            lifecycle.retold(
                self.standing, replace(self.standing.alert, ended=at(now)), now=at(now), hidden=self.standing.hidden
            )
        )

    def again(self, now: float, **keys: Any) -> list[AlertEvent]:
        """Let its cause begin again."""
        again = replace(self.standing.alert, began=at(now), ended=None, **keys)
        return self._keep(lifecycle.repeated(self.standing, again, now=at(now), hidden=self.standing.hidden))

    def act(self, kind: EventKind, now: float, comment: str = "") -> list[AlertEvent]:
        """Let a person do something."""
        action = Action(kind, "anna", alert=self.id, comment=comment)
        return self._keep(lifecycle.acted(self.standing, action, now=at(now)))

    def hide(self, now: float, hidden: Hidden) -> list[AlertEvent]:
        """Hide it, or show it again."""
        return self._keep(lifecycle.hid(self.standing, hidden, now=at(now), person="anna", comment="known"))


class FakeChannel:
    """A channel that keeps what it is sent, and fails when told to."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.taken: list[Notice] = []
        """What arrived, whether or not it was answered."""
        self.errors: list[ChannelError | None] = []
        """What the next calls raise; None: they are answered. Afterwards all are answered."""
        self.lose: Callable[[], None] | None = None
        """Called once a notice has arrived and before it is answered."""
        self._arrived = asyncio.Event()

    @property
    def name(self) -> str:
        """Its name."""
        return self._name

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Let notices be sent."""
        yield

    async def send(self, notice: Notice) -> Sent:
        """Take a notice, or fail."""
        error = self.errors.pop(0) if self.errors else None
        if error is not None:
            raise error
        self.taken.append(notice)
        self._arrived.set()
        if self.lose is not None:
            self.lose()
        return Sent("ok")

    async def has(self, count: int) -> Sequence[Notice]:
        """Wait until so many have arrived."""
        while len(self.taken) < count:
            self._arrived.clear()
            await self._arrived.wait()
        return self.taken
