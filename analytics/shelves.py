"""What is shelved or out of service: alarm points, and everything below a path."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from analytics.alarmstates import Hidden
from analytics.alerts import Alert, point_id


@dataclass(frozen=True, slots=True)
class AlarmPoint:
    """An alarm point, or everything below a path, that is shelved or out of service."""

    path: str
    """Path of a machine, line or factory; empty for a point."""

    detector: str
    """Slug of the point's detector; empty for a path."""

    signal: str
    """What the point is seen on; empty for a path."""

    key: str
    """Which of the signal's alerts; empty for a path."""

    shelved_until: datetime | None
    """Until when it is shelved, UTC; None: it is not."""

    out_of_service: bool
    """Whether it is out of service."""

    person: str
    """Who did that."""

    reason: str
    """Why."""

    since: datetime
    """Since when, UTC."""


class Shelves:
    """What is shelved or out of service at one instant."""

    def __init__(self, points: Sequence[AlarmPoint], now: datetime) -> None:
        self._points = {point_id(one.detector, one.signal, one.key): one for one in points if not one.path}
        shelved = ((one.path, one.shelved_until) for one in points if one.path)
        self._paths = [(path, until) for path, until in shelved if until is not None and until > now]
        self._now = now

    def of(self, alert: Alert) -> Hidden:
        """Give how the point of an alert is hidden by people."""
        untils = [until for path, until in self._paths if f"{alert.equipment}/".startswith(f"{path}/")]
        point = self._points.get(alert.point)
        if point is not None and point.shelved_until is not None and point.shelved_until > self._now:
            untils.append(point.shelved_until)
        return Hidden(point is not None and point.out_of_service, max(untils, default=None))

    def path_of(self, alert: Alert) -> str:
        """Give the path that is shelved and has this alert below it; empty where there is none."""
        return next((path for path, _ in self._paths if f"{alert.equipment}/".startswith(f"{path}/")), "")
