"""The park of the KPI benchmarks: half of its machines stand in Shanghai and half in Chicago, 20 to a line.

Shanghai works three shifts on six days, Chicago a long shift on weekdays and one at night at the weekend; both have
breaks and a weekly service. Each machine has a state signal, counters of all and of rejected parts, and says what it
makes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final

from adapters.settings import Settings
from collector.park import (
    Break,
    Calendar,
    Equipment,
    EquipmentState,
    Factory,
    Line,
    Park,
    Shift,
    Signal,
    SignalRole,
    SourceConfig,
)
from collector.worktime import Maintenance

BEGIN: Final = datetime(2026, 3, 1, tzinfo=UTC)
"""The first instant of the data. On 2026-03-08 the clocks of Chicago go forward."""

OF_LINE: Final = 20
"""Machines of a line; of fewer machines each factory has one line with half of them."""

STATES: Final[Mapping[str, EquipmentState]] = {
    "RUN": EquipmentState.PRODUCING,
    "WAIT": EquipmentState.IDLE,
    "DOWN": EquipmentState.UNPLANNED_STOP,
    "SETUP": EquipmentState.SETUP,
    "OFF": EquipmentState.OFF,
}
"""What a machine reports, and what that means."""

IDEAL: Final[Mapping[str, timedelta]] = {
    "P-20": timedelta(seconds=20),
    "P-32": timedelta(seconds=32),
    "P-45": timedelta(seconds=45),
}
"""The products and their ideal cycles."""

HOLD_FOR: Final = timedelta(minutes=10)
"""How long a gap is bridged."""

MICRO_STOP: Final = timedelta(minutes=2)
"""A stop or wait shorter than this is a micro-stop."""

CALENDARS: Final[Mapping[str, Calendar]] = {
    "three-shifts": Calendar(
        shifts=tuple(
            Shift(
                name=name,
                days=("mon", "tue", "wed", "thu", "fri", "sat"),
                start=time(hour),
                end=time((hour + 8) % 24),
                breaks=(Break(start=time((hour + 4) % 24), end=time((hour + 4) % 24, 30)),),
            )
            for name, hour in (("early", 6), ("late", 14), ("night", 22))
        ),
        maintenance=(Maintenance(name="weekly-service", days=("wed",), at=time(9), lasts=timedelta(hours=1)),),
    ),
    "five-days": Calendar(
        shifts=(
            Shift(
                name="day",
                days=("mon", "tue", "wed", "thu", "fri"),
                start=time(6),
                end=time(16, 30),
                breaks=(Break(start=time(9), end=time(9, 15)), Break(start=time(12), end=time(12, 45))),
            ),
            Shift(name="weekend", days=("sat", "sun"), start=time(20), end=time(4, 15)),
        ),
        maintenance=(Maintenance(name="weekly-service", days=("mon",), at=time(13), lasts=timedelta(minutes=90)),),
    ),
}
"""Each factory's calendar, in the order of `FACTORIES`."""

FACTORIES: Final = (("shanghai", "Asia/Shanghai"), ("chicago", "America/Chicago"))
"""The factories and their zones."""


class Address(Settings):
    """Nothing is read from these sources, so nothing has an address."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is."""

    machines: int = 200
    """Machines; an even number."""

    days: int = 30
    """Days from `BEGIN` on."""

    @property
    def end(self) -> datetime:
        """The first instant after the data."""
        return BEGIN + timedelta(days=self.days)

    @property
    def samples(self) -> int:
        """How many samples that are, about."""
        return self.machines * self.days * 16_300


def park(size: Size) -> Park:
    """Give the park that the data are of."""
    half = size.machines // 2
    factories = []
    for (name, zone), calendar in zip(FACTORIES, CALENDARS, strict=True):
        lines = tuple(
            _line(f"{name}/line-{number}", min(OF_LINE, half - first))
            for number, first in enumerate(range(0, half, OF_LINE))
        )
        factories.append(Factory(id=name, time_zone=zone, calendar=calendar, lines=lines))
    return Park(id="park", calendars=dict(CALENDARS), factories=tuple(factories))


def _line(path: str, machines: int) -> Line:
    source = SourceConfig(name=path.replace("/", "-"), kind="replay", line=path, settings=Address())
    made = tuple(_equipment(f"{path}/machine-{number:02}", source.name) for number in range(machines))
    return Line(path=path, id=path.rpartition("/")[2], sources=(source,), equipment=made)


def _equipment(path: str, source: str) -> Equipment:
    def signal(name: str, role: SignalRole, kind: str, **keys: object) -> Signal:
        about = {"path": f"{path}/{name}", "name": name, "source": source, "address": Address(), **keys}
        return Signal.model_validate({**about, "role": role, "type": kind})

    return Equipment(
        path=path,
        id=path.rpartition("/")[2],
        hold_for=HOLD_FOR,
        micro_stop=MICRO_STOP,
        products=dict(IDEAL),
        signals=(
            signal("state", SignalRole.STATE, "text", states=dict(STATES)),
            signal("total", SignalRole.TOTAL_COUNT, "int"),
            signal("reject", SignalRole.REJECT_COUNT, "int"),
            signal("condition", SignalRole.CONDITION, "text"),
            signal("product", SignalRole.PRODUCT, "text"),
        ),
    )
