"""What went wrong with a machine, from when until when."""

from datetime import datetime

from api.views.shape import TitleView, View
from collector.park import Severity


class AlertView(View):
    """One alert, as far as its life has come."""

    id: str
    """Stable: the same cause has the same id however often it is computed."""

    equipment: str
    """Path of the machine it is about."""

    signal: str
    """Path of the signal it was seen on."""

    detector: str
    """What saw it: `limit` or `condition`."""

    severity: Severity
    """Priority: how soon somebody must act."""

    message: TitleView
    """What happened, in each language."""

    value: str
    """The value that began it, as text; for a condition the report as it came."""

    began: datetime
    """When its cause began, by the machine's clock."""

    ended: datetime | None
    """When its cause was gone; null while it lasts."""

    active: bool
    """Whether it lasts."""
