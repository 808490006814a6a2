"""What went wrong with a machine, from when until when, and what people did about it."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from analytics.lifecycle import LONGEST_COMMENT, AlarmState, EventKind
from api.views.shape import Instant, TitleView, View, example
from collector.park import Severity

Text = Annotated[str, Field(max_length=LONGEST_COMMENT, pattern=r"^[^\x00]*$")]
"""Words of a person."""

Name = Annotated[str, Field(max_length=64, pattern=r"^[^\x00]*$")]
"""Name of a person."""


class ContributionView(View):
    """How much one signal has to do with an alert of several."""

    signal: str
    """Path of the signal."""

    title: TitleView
    """What people call it."""

    share: float
    """Its part of what was found, 0 to 1."""


class AlertView(View):
    """One alert, as far as its life has come. It counts its occurrences: a flapping alert is one alert."""

    id: str
    """Stable: the same cause has the same id however often it is computed."""

    equipment: str
    """Path of the machine it is about; of the line, where it is about a link or the line's network. The park's id,
    where it is about none: the collector, a network of several lines, or, with the detectors `channel` and `detector`,
    a channel that fails or a detector that errs."""

    signal: str
    """Path of the signal it was seen on; of the machine, where several tell it together. Without a signal:
    `source:NAME`, `network:PATH` or `collector` (`link`), `channel:NAME` (`channel`), `detector:SLUG` (`detector`)."""

    detector: str
    """What saw it: the slug of a detector, such as `limit` or `condition`."""

    detector_title: TitleView
    """What people call what it sees."""

    severity: Severity
    """Priority of its newest occurrence: how soon somebody must act."""

    priority: Severity
    """The highest severity of its occurrences; lists are filtered by it."""

    message: TitleView
    """What happened, in each language."""

    value: str
    """The value that began its newest occurrence, as text; for a condition the report as it came."""

    began: datetime
    """When the cause of its first occurrence began, by the machine's clock."""

    occurred: datetime
    """When the cause of its newest occurrence began, by the machine's clock."""

    ended: datetime | None
    """When the cause of its newest occurrence was gone; null while it lasts."""

    active: bool
    """Whether its cause lasts."""

    count: int
    """How many occurrences it has."""

    chattering: bool
    """Whether three occurrences ever began within a minute."""

    state: AlarmState
    """How it stands (ISA-18.2)."""

    raised: datetime
    """When it was found first."""

    changed: datetime
    """When its state changed last."""

    acknowledged: datetime | None
    """When it was acknowledged; null: it is not."""

    person: str
    """Who acknowledged it; empty: nobody."""

    shelved_until: datetime | None
    """Until when it is shelved; null: it is not."""

    suppressed_by: str
    """What suppresses it by design: the id of another alert, `machine_runs` or `line_runs`; `park`: an alert of the
    park or of another factory, which the caller may not see; empty: nothing."""

    group: str
    """Id of the first of the alerts of its machine that were raised together with it; its own, where it is that."""

    contributions: list[ContributionView]
    """Which signals tell it together, those that tell most first; empty where one signal alone does."""


class AlertEventView(View):
    """Something that happened to an alert."""

    id: str
    """Stable: the same event has the same id wherever it is told."""

    number: int
    """Its place among the alert's events, from 1."""

    at: datetime
    """When it was noticed or done."""

    kind: EventKind
    """What happened."""

    person: str
    """Who did it; empty: nobody."""

    comment: str
    """What they said; for what suppresses it, by what; empty: nothing."""

    state: AlarmState
    """How the alert stood after it."""

    count: int
    """How many occurrences the alert had by then."""


class AlertHistoryView(AlertView):
    """One alert with what happened to it."""

    events: list[AlertEventView]
    """What happened, in order, the newest 1,000 at most: where the first of them is not number 1, `before` its number
    gives those before it. None for an alert of a recording."""


class CommentRequest(View):
    """What somebody says of an alert."""

    model_config = example({"comment": "the filter was changed, watch it until noon", "person": "Li Wei"})

    comment: Annotated[Text, Field(min_length=1)]
    """Their words, 1,000 characters at most."""

    person: Name = ""
    """Who says it, where one key is shared; the key's name is noted beside it."""


class AcknowledgeRequest(View):
    """Somebody knows of an alert."""

    model_config = example({"comment": "on my way", "person": "Li Wei"})

    comment: Text = ""
    """What they say of it, 1,000 characters at most."""

    person: Name = ""
    """Who it is, where one key is shared; the key's name is noted beside it."""


class ResetRequest(View):
    """Somebody ends an alert that latches."""

    model_config = example({"comment": "the guard is closed again", "person": "Li Wei"})

    comment: Text = ""
    """What they say of it, 1,000 characters at most."""

    person: Name = ""
    """Who it is, where one key is shared; the key's name is noted beside it."""


class ShelveRequest(View):
    """Somebody puts an alert aside for a while."""

    model_config = example(
        {"until": "2026-11-24T14:00:00Z", "reason": "the spare part comes at two", "person": "Li Wei"}
    )

    until: Instant
    """Until when; in the future, by seven days at most."""

    reason: Annotated[Text, Field(min_length=1)]
    """Why, 1,000 characters at most."""

    person: Name = ""
    """Who does it, where one key is shared; the key's name is noted beside it."""
