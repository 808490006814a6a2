"""What is opened to others without naming anybody: `open_data:` of `parkline.yaml`.

A view is what one kind of consumer may read: sums over many machines, or rows of machines under pseudonyms for somebody
with a contract. Numbers are opened by name: one that is new in the catalogue of KPIs is open when it stands here too.
"""

from datetime import date, timedelta
from typing import Annotated, Final, Literal, Self, TypeAlias

from pydantic import AfterValidator, Field, SecretStr, model_validator

from adapters.settings import Duration, Settings
from collector.fields import Day, Name, Number, Title

Dataset: TypeAlias = Literal["kpis", "losses", "alerts", "capacity"]
"""What numbers are about: `kpis` and `losses` what machines did, `alerts` how many began, `capacity` what machines have
to spare in the coming days."""

OpenPeriod: TypeAlias = Literal["day", "week", "month"]
"""What a number is summed over: local days, weeks from Monday (ISO 8601), months."""

Grouping: TypeAlias = Literal["park", "class", "factory", "line", "equipment"]
"""What a number is summed by."""

OpenNumber: TypeAlias = Literal[
    "utilisation",
    "availability",
    "effectiveness",
    "quality_ratio",
    "oee",
    "nee",
    "teep",
    "utilisation_efficiency",
    "allocation_efficiency",
    "allocation_ratio",
    "production_process_ratio",
    "technical_efficiency",
    "setup_ratio",
    "throughput_rate",
    "scrap_ratio",
    "rework_ratio",
    "first_pass_yield",
    "mtbf",
    "mttf",
    "mttr",
    "energy_per_part",
    "calendar_time",
    "planned_time",
    "not_scheduled_time",
    "planned_stop_time",
    "unknown_time",
    "unplanned_stop_time",
    "idle_time",
    "off_time",
    "setup_time",
    "micro_stop_time",
    "producing_time",
    "judged_time",
    "speed_loss_time",
    "quality_loss_time",
    "productive_time",
    "engineering_time",
    "overtime",
    "total_count",
    "good_count",
    "reject_count",
    "rework_count",
    "failure_count",
    "energy",
    "unjudged_time",
    "alerts",
    "alerts_low",
    "alerts_medium",
    "alerts_high",
    "alerts_critical",
    "idle_safe_time",
    "idle_share",
]
"""Numbers that can be opened."""

LOSSES: Final[tuple[OpenNumber, ...]] = (
    "not_scheduled_time",
    "planned_stop_time",
    "unknown_time",
    "unplanned_stop_time",
    "idle_time",
    "off_time",
    "setup_time",
    "micro_stop_time",
    "speed_loss_time",
    "quality_loss_time",
    "productive_time",
    "unjudged_time",
)
"""Numbers of `losses`: they add up to the calendar time."""

ALERTS: Final[tuple[OpenNumber, ...]] = ("alerts", "alerts_low", "alerts_medium", "alerts_high", "alerts_critical")
"""Numbers of `alerts`."""

CAPACITY: Final[tuple[OpenNumber, ...]] = ("planned_time", "idle_time", "idle_safe_time", "idle_share")
"""Numbers of `capacity`."""

OF_MACHINES: Final[frozenset[OpenNumber]] = frozenset(
    {"throughput_rate", "rework_ratio", "first_pass_yield", "energy_per_part"}
)
"""Numbers that mean nothing above a single machine."""

_MAIN: Final[tuple[OpenNumber, ...]] = ("utilisation", "availability", "effectiveness", "quality_ratio", "oee")
_OTHERS: Final = {"unjudged_time", *ALERTS, "idle_safe_time", "idle_share"}

FACTORIES: Final = 3
"""Factories that a number is of at least, where nobody has a contract: of two, each knows the other's."""

MACHINES: Final = 5
"""Machines that a number is of at least, where nobody has a contract."""

REST: Final = 0.2
"""What all factories but the two largest have at least, as a part of what the largest has."""

AHEAD: Final = timedelta(days=7)
"""How long before a day begins its capacity is told."""

_KEY_BYTES: Final = 32


class AtLeast(Settings):
    """How many a number is of at least; what would let fewer be told apart is suppressed."""

    factories: int = Field(default=FACTORIES, ge=1, le=10_000)
    """Factories, 1 to 10,000; fewer than 3 need a `contract`."""

    machines: int = Field(default=MACHINES, ge=1, le=1_000_000)
    """Machines, 1 to 1,000,000; fewer than 5 need a `contract`."""

    rest: float = Field(default=REST, ge=0, le=1)
    """What all factories but the two largest have together, as a part of what the largest has; 0 to 1. Less than 0.2
    needs a `contract`: the second largest takes itself out and knows the largest."""

    @property
    def guarded(self) -> bool:
        """Whether it is as much as is asked for where nobody has a contract."""
        return self.factories >= FACTORIES and self.machines >= MACHINES and self.rest >= REST


class OpenView(Settings):
    """What one kind of consumer may read."""

    title: Title
    """What people call it."""

    about: Title = Title()
    """What it is good for, in a sentence or two."""

    dataset: Dataset
    """What its numbers are about."""

    by: Grouping
    """What they are summed by: the whole `park`, or machines of one `equipment_class`; `factory`, `line` and
    `equipment` are shown under pseudonyms and need a `contract`."""

    period: OpenPeriod = "week"
    """What they are summed over."""

    kpis: tuple[OpenNumber, ...] = ()
    """Which numbers; empty: of `kpis` utilisation, availability, effectiveness, quality ratio and OEE, of the others
    all."""

    since: Day = Field(ge=date(2000, 1, 1), le=date(2199, 12, 31))
    """The first local day that is told of, 2000-01-01 to 2199-12-31; weeks and months before it began are not."""

    delay: Duration = Field(default=timedelta(days=7), ge=timedelta(0), le=timedelta(days=3650))
    """How long after its end a period is told, 0 to 3650 d, at least `settled`. Capacity is told before: a period when
    its last day is 7 d away."""

    at_least: AtLeast = AtLeast()
    """How many factories and machines a number is of at least."""

    contract: str = Field(default="", max_length=500)
    """With whom it is agreed that fewer may be told apart, and where that is written; such a view is held against the
    others with a contract, not against open ones, and nobody reads both. Empty: with nobody."""

    pseudonym_group: Name | None = None
    """Views with the same one call the same machine by the same pseudonym, so that a consumer may put them together;
    absent: each view has its own."""

    drop: tuple[Literal["name", "unit", "coverage"], ...] = ()
    """Fields that rows do not have."""

    round: dict[str, Annotated[Number, Field(gt=0)]] = Field(default_factory=dict)
    """To what multiple a number, or `coverage`, is rounded, by name, more than 0, in its unit: `utilisation: 0.01`."""

    licence: str = Field(default="", max_length=500)
    """Under what terms it may be used: an address, or an SPDX name like `CC-BY-4.0`."""

    contact: str = Field(default="", max_length=500)
    """Who answers questions about it."""

    @property
    def numbers(self) -> tuple[OpenNumber, ...]:
        """Its numbers, in the order in which they were written."""
        return tuple(dict.fromkeys(self.kpis)) or numbers_of(self.dataset)[1]

    @property
    def pseudonymous(self) -> bool:
        """Whether its rows are called by pseudonyms."""
        return self.by not in {"park", "class"}

    @model_validator(mode="after")
    def _fits(self) -> Self:
        allowed, _ = numbers_of(self.dataset)
        for number in (*self.kpis, *self.round):
            if number not in allowed and (number != "coverage" or number not in self.round):
                msg = f"`{number}` is no number of `{self.dataset}`; it has {', '.join(allowed)}"
                raise ValueError(msg)
            if number in OF_MACHINES and self.by != "equipment":
                msg = f"`{number}` means nothing above a single machine; take it out, or write `by: equipment`"
                raise ValueError(msg)
        if self.dataset == "capacity" and self.period == "month":
            msg = "capacity is known for 7 days ahead; write `period: week` or `period: day`"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _guarded(self) -> Self:
        if not self.at_least.guarded and not self.contract:
            msg = (
                f"`at_least` is below {FACTORIES} factories, {MACHINES} machines or a rest of {REST:g}; raise it, or "
                "write in `contract` with whom that is agreed"
            )
            raise ValueError(msg)
        if self.pseudonymous and self.at_least.factories > 1:
            msg = (
                f"each row of `by: {self.by}` is of one factory; write `at_least: {{factories: 1, …}}`, or `by: class`"
            )
            raise ValueError(msg)
        if self.by == "equipment" and self.at_least.machines > 1:
            msg = "a row of `by: equipment` is of one machine; write `at_least: {factories: 1, machines: 1}`"
            raise ValueError(msg)
        return self


def numbers_of(dataset: Dataset) -> tuple[tuple[OpenNumber, ...], tuple[OpenNumber, ...]]:
    """Give the numbers that a dataset has, and those that a view has where it names none."""
    if dataset == "losses":
        return LOSSES, LOSSES
    if dataset == "alerts":
        return ALERTS, ALERTS
    if dataset == "capacity":
        return CAPACITY, CAPACITY
    every: tuple[OpenNumber, ...] = OpenNumber.__args__  # type: ignore[attr-defined]  # typing shows no alias's arguments
    return tuple(number for number in every if number not in _OTHERS), _MAIN


def _long_enough(key: SecretStr) -> SecretStr:
    if len(key.get_secret_value().encode()) < _KEY_BYTES:
        msg = f"the key has fewer than {_KEY_BYTES} bytes; make one with `openssl rand -hex 32`"
        raise ValueError(msg)
    return key


class OpenDataSettings(Settings):
    """What is opened to others."""

    pseudonym_key: Annotated[SecretStr, AfterValidator(_long_enough)] | None = None
    """The key that pseudonyms are made with, 32 bytes or more, as `${env:NAME}`; needed for views by factory, line or
    equipment. With another key everything is called otherwise."""

    settled: Duration = Field(default=timedelta(days=2), ge=timedelta(0), le=timedelta(days=3650))
    """How long after the end of a local day its numbers are taken as they are known then, once and for all; 0 to
    3650 d. Samples that arrive later count for nothing that is opened."""

    views: dict[Name, OpenView] = Field(default_factory=dict)
    """Views by name. Where two stand in each other's way, the one that stands first here tells and the other is
    silent."""
