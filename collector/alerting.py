"""How faults are looked for, and how alerts are told: `alerts:` of `parkline.yaml`."""

from datetime import timedelta
from typing import Annotated, Literal, Self, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, Field, SerializeAsAny, field_validator, model_validator

from adapters.settings import Duration, Settings
from collector.fields import Name, Severity, TimeOfDay
from collector.worktime import WEEKDAYS, Weekday

ToldEvent: TypeAlias = Literal["raised", "returned", "acknowledged", "shelved", "unshelved", "commented"]
"""What of an alert's life a route may tell. `raised` is also an alert that comes again or becomes graver."""


def _some(names: tuple[str, ...]) -> tuple[str, ...]:
    if not names:
        msg = "nobody would be told; name one channel or more"
        raise ValueError(msg)
    return names


Some = Annotated[tuple[Name, ...], AfterValidator(_some), Field(json_schema_extra={"minItems": 1})]
"""Names of channels, one or more."""


def _something(events: tuple[ToldEvent, ...]) -> tuple[ToldEvent, ...]:
    if not events:
        msg = "nothing would be told; name one event or more, or take the key out"
        raise ValueError(msg)
    return events


ToldEvents = Annotated[tuple[ToldEvent, ...], AfterValidator(_something), Field(json_schema_extra={"minItems": 1})]
"""What of an alert's life is told, one or more."""


class Rate(Settings):
    """How many notices a channel carries; what is more is held, and told together."""

    count: int = Field(ge=1, le=10_000)
    """Notices at most within `per`, 1 to 10,000; from 2 on one in five, and one at least, is kept free for critical
    ones."""

    per: Duration = Field(default=timedelta(minutes=1), ge=timedelta(seconds=1), le=timedelta(days=1))
    """Within how long, 1 s to 1 d."""


class Quiet(Settings):
    """Hours in which notices are held; when they end, one summary tells them. Times are the channel's local ones."""

    start: TimeOfDay
    """Local time of day at which they begin."""

    end: TimeOfDay
    """Local time of day at which they end, exclusive; at or before `start`: on the next day."""

    days: tuple[Weekday, ...] = WEEKDAYS
    """Weekdays on which they begin."""

    passes: Severity = Severity.CRITICAL
    """Priority from which notices are told all the same."""


class ChannelHead(Settings):
    """What every channel says, whatever its kind."""

    name: Name
    """Unique among the channels; routes refer to it."""

    kind: str
    """How notices travel: `webhook`, `mail`, `mqtt`, `dingtalk`, `wecom` or `feishu`."""

    language: Literal["zh", "en"] = "zh"
    """Language of the notices."""

    time_zone: str = ""
    """IANA name of the zone of `quiet`, such as Asia/Shanghai; empty: that of the park's first factory."""

    rate: Rate | None = None
    """How many notices it carries; None: as many as there are."""

    quiet: tuple[Quiet, ...] = ()
    """When only grave notices are told."""

    floods: Literal["summarise", "pass"] = "summarise"
    """What happens while a factory is flooded with alerts: `summarise` tells critical ones one by one and the others
    together every 10 min; `pass` tells each (a program reads them)."""

    fallback: Name | None = None
    """The channel that tells when this one fails; None: all others do."""

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            if name:
                ZoneInfo(name)
        except (KeyError, ValueError, OSError) as error:
            msg = f"{name!r} is no IANA time zone; write one like Asia/Shanghai"
            raise ValueError(msg) from error
        return name


class ChannelConfig(ChannelHead):
    """One configured channel. Its other keys are the settings of its kind."""

    settings: SerializeAsAny[BaseModel]
    """The adapter's own settings, set by the loader."""


class Escalate(Settings):
    """Who is told of an alert that nobody acknowledges."""

    after: Duration = Field(ge=timedelta(seconds=1), le=timedelta(days=7))
    """How long after its notice, 1 s to 7 d."""

    channels: Some
    """Channels that are told then; one or more."""

    repeat: Duration | None = Field(default=None, ge=timedelta(minutes=1), le=timedelta(days=7))
    """How often they are told again while it lasts and nobody acknowledges it, 1 min to 7 d; None: once."""


class Route(Settings):
    """Which alerts go where. Several may fit; a channel is told once."""

    name: str = Field(default="", max_length=64)
    """What people call it, unique among the routes and no number; empty: its place among them, from 1."""

    under: tuple[str, ...] = ()
    """Paths of factories, lines or machines, each with all below it; empty: the whole park. Alerts of the park itself,
    such as a silent collector, fit any."""

    severities: tuple[Severity, ...] = ()
    """Priorities; empty: all."""

    detectors: tuple[Name, ...] = ()
    """What saw it, such as `limit` or `multivariate`; empty: all."""

    shifts: tuple[Name, ...] = ()
    """Shifts of the machine's calendar, by name: only while one of them is on, in the factory's zone; for alerts of the
    park itself, while it is on anywhere. Empty: always."""

    channels: Some
    """Channels that are told; one or more."""

    events: ToldEvents = ("raised", "returned")
    """What of an alert's life is told, one or more; other than `raised` where the channel was told that it lasts."""

    escalate: Escalate | None = None
    """Who is told when nobody acknowledges; None: nobody."""

    @field_validator("name")
    @classmethod
    def _no_place(cls, name: str) -> str:
        if name.isdecimal():
            msg = f"{name!r} stands for the place of a route without a name; write a word"
            raise ValueError(msg)
        return name


class AlertSettings(Settings):
    """Fault detection and alerts."""

    look: Duration = Field(default=timedelta(milliseconds=250), ge=timedelta(milliseconds=50), le=timedelta(minutes=1))
    """How often the detectors look at what has come; 50 ms to 1 min."""

    page_url: str = Field(default="", pattern=r"^$|^https?://[^\s#?]+$")
    """Address of the page as people reach it, such as http://parkline.plant:8000; notices end in a link to the machine
    on it. Empty: no link."""

    failing: Duration = Field(default=timedelta(minutes=5), ge=timedelta(seconds=10), le=timedelta(days=1))
    """How long a channel may be unreachable before the others tell of it; 10 s to 1 d. One that refuses is told at
    once."""

    give_up: Duration = Field(default=timedelta(days=1), ge=timedelta(minutes=1), le=timedelta(days=30))
    """How old a notice may become that cannot be delivered; then it expires, and the other channels say so. 1 min to
    30 d."""

    channels: tuple[ChannelConfig, ...] = ()
    """Where alerts are told."""

    routes: tuple[Route, ...] = ()
    """Which alerts go where; none: every alert to every channel."""

    @model_validator(mode="after")
    def _names_apart(self) -> Self:
        names = [one.name for one in self.channels]
        if len(set(names)) != len(names):
            msg = "two channels have one name; give each its own"
            raise ValueError(msg)
        return self
