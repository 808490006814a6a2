"""What there is above machines: the park, its factories and its lines."""

from api.views.shape import TitleView, View


class ParkView(View):
    """The park, and how much of it the caller may see."""

    path: str
    """Path of results that are about the whole park: its id."""

    id: str
    """Its name."""

    title: TitleView
    """What people call it."""

    factories: int
    """How many factories there are."""

    lines: int
    """How many lines they have."""

    equipment: int
    """How many machines stand in these."""

    signals: int
    """How many signals those have."""


class FactoryView(View):
    """One factory."""

    path: str
    """Its id."""

    id: str
    """Unique in the park."""

    title: TitleView
    """What people call it."""

    park: str
    """Id of its park."""

    time_zone: str
    """IANA name; its days and shifts are counted in it."""

    calendar: str
    """Name of the calendar of its lines, unless they have another."""

    lines: int
    """How many lines it has."""

    equipment: int
    """How many machines stand in these."""

    signals: int
    """How many signals those have."""


class LineView(View):
    """One production line."""

    path: str
    """`factory/id`."""

    id: str
    """Unique within its factory."""

    title: TitleView
    """What people call it."""

    factory: str
    """Path of its factory."""

    calendar: str
    """Name of the calendar of its machines, unless they have another."""

    sources: list[str]
    """Names of its sources."""

    bottleneck: str | None
    """Path of the machine that is configured to limit it; null: the one with the longest ideal cycle counts as such."""

    equipment: int
    """How many machines stand in it."""

    signals: int
    """How many signals those have."""
