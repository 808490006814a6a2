"""What lies behind the numbers of one window of one machine."""

from datetime import datetime

from api.views.kpis import Period
from api.views.shape import View


class ExplainedKpiView(View):
    """One KPI and what it came from."""

    slug: str
    """A slug of the catalogue."""

    value: float | None
    """The number, in `unit`; null where it is not defined, and `note` says why."""

    unit: str
    """UCUM unit of the number."""

    formula: str
    """The formula in the terms of its source."""

    inputs: dict[str, float | None]
    """What the formula was given: columns of the account."""

    note: str
    """Why it is null or what is odd about it; empty: nothing."""


class ExplainedLossView(View):
    """One row of the loss tree."""

    loss: str
    """Column of the account."""

    depth: int
    """How deep it stands in the tree; 0 is the calendar time."""

    seconds: float
    """Seconds of the window."""

    share: float | None
    """Share of the calendar time, 0 to 1; null for a window without length."""


class ExplainedStopView(View):
    """Stops for one reason."""

    loss: str
    """Which loss they are."""

    reason: str
    """Why: a code of the park's stop reasons, or the machine's own word; empty: nobody says."""

    seconds: float
    """How long together, in seconds."""

    times: int
    """How many of them began in the window: 0 where the only one began before."""


class IntervalView(View):
    """An interval of the window, half-open: [start, end). Intervals follow each other without a hole."""

    start: datetime
    """When it began."""

    end: datetime
    """When it ended."""

    loss: str
    """The loss it belongs to; production that can be judged is divided into productive, quality_loss, speed_loss."""

    reason: str
    """Why the machine stood; empty: it did not, or nobody says."""

    state: str
    """What the machine did."""

    raw: str
    """The machine's own word for it; empty: none."""


class StepView(View):
    """One step of a counter."""

    signal: str
    """Path of the counter."""

    role: str
    """What it counts."""

    time: datetime
    """When it was read."""

    before: float | None
    """The reading before, in the counter's unit; null for the first ever."""

    value: float
    """The reading, in the counter's unit."""

    delta: float
    """What it counts, in the counter's unit."""

    kind: str
    """first, count, reset, roll_over or replaced."""


class ProductView(View):
    """What was made from when on."""

    since: datetime
    """From when on; 1970 where no product signal said otherwise before."""

    product: str | None
    """Which product; null: nobody says."""

    ideal: float | None
    """Ideal seconds per part; null: not known."""


class ExplainedGapView(View):
    """A gap of the ledger that touches the window."""

    start: datetime
    """When it began."""

    end: datetime | None
    """When it ended; null while it lasts."""

    cause: str
    """Why, in words."""

    kind: str
    """Why, in one word: outage, stopped, overflow, sequence, rejected, dropped or damaged."""

    state: str
    """open, filled or unfillable."""


class EarlierView(View):
    """A version of the window that was told before."""

    version: int
    """Which."""

    computed: datetime
    """When it was computed."""

    replaced: datetime
    """When it was replaced."""

    reason: str
    """Why it was replaced."""

    changes: dict[str, tuple[float | None, float | None]]
    """By KPI: what it said, and what the version after it said."""


class ExplanationView(View):
    """One window of one machine, with everything that its numbers came from."""

    path: str
    """Path of the machine."""

    period: Period
    """Kind of window."""

    name: str
    """Name of the shift; empty for hours and days."""

    start: datetime
    """Start of the window."""

    end: datetime
    """End of the window, or as far as it is known."""

    time_zone: str
    """IANA name of the factory's zone."""

    version: int
    """How many times the window has been told; 0: not stored yet."""

    computed: datetime | None
    """When it was computed last; null: not stored yet."""

    reason: str
    """Why it was computed again; empty for the first version."""

    coverage: float | None
    """Share of planned time with known state, 0 to 1; null when nothing was planned."""

    kpis: list[ExplainedKpiView]
    """Every KPI that is no column of the account, in the order of the catalogue."""

    losses: list[ExplainedLossView]
    """The loss tree, from the calendar time down."""

    account: dict[str, float | None]
    """Every column of the account: seconds, parts, kW.h."""

    stops: list[ExplainedStopView]
    """Stops by reason, the longest first."""

    intervals: list[IntervalView]
    """All of the window, instant by instant."""

    steps: list[StepView]
    """Every step of its counters."""

    products: list[ProductView]
    """What was made."""

    signals: list[str]
    """Paths of the signals that all this came from."""

    gaps: list[ExplainedGapView]
    """Gaps of the ledger that touch it."""

    days: dict[str, str]
    """What the calendar says of its local days: holidays and special days."""

    lacks: str
    """What must be configured before anything can be told of the machine; empty: nothing."""

    restatements: list[EarlierView]
    """What was told before, the newest first."""
