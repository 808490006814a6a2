"""Webhooks: where events are posted to."""

from datetime import datetime
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, StrictBool, model_validator
from pydantic.json_schema import SkipJsonSchema

from api.views.shape import Instant, View, example
from collector.feed import Topic
from collector.park import Severity

Url: TypeAlias = Annotated[str, Field(min_length=1, max_length=2000)]
"""An address."""

Path: TypeAlias = Annotated[str, Field(min_length=1, max_length=300, pattern=r"^[^\x00]*$")]
"""Path of an asset."""

Title: TypeAlias = Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
"""What its owner calls it."""

Topics: TypeAlias = Annotated[tuple[Topic, ...], Field(min_length=1, max_length=3)]
"""Topics of events."""

Paths: TypeAlias = Annotated[tuple[Path, ...], Field(min_length=1, max_length=100)]
"""Paths of assets."""

Severities: TypeAlias = Annotated[tuple[Severity, ...], Field(min_length=1, max_length=4)]
"""Priorities of alerts."""


class WebhookRequest(View):
    """Where events are to be posted to, and which."""

    model_config = example(
        {
            "url": "https://platform.example/hooks/parkline",
            "topics": ["alerts"],
            "paths": ["gears"],
            "severities": ["high", "critical"],
            "title": "alerts for the platform",
        }
    )

    url: Url
    """Address of the receiver: `https://`, on a port and at a public address that the park allows."""

    topics: Topics | None = None
    """What they are about; null: whatever it is."""

    paths: Paths | None = None
    """Paths of factories, lines or machines, each with all below it, 100 at most; null: all that the caller may see."""

    severities: Severities | None = None
    """Priorities of alerts; null: whatever they have. Other topics are not filtered by it."""

    title: Title = ""
    """What you call it."""


class WebhookChange(View):
    """What is to be changed; what is left out stays."""

    model_config = example({"topics": ["alerts", "states"], "severities": None})

    url: Url | SkipJsonSchema[None] = None
    """Address of the receiver."""

    topics: Topics | None = None
    """What events are about; null: whatever it is."""

    paths: Paths | None = None
    """Paths of factories, lines or machines, each with all below it; null: all that the caller may see."""

    severities: Severities | None = None
    """Priorities of alerts; null: whatever they have."""

    title: Title | SkipJsonSchema[None] = None
    """What you call it."""

    enabled: StrictBool | SkipJsonSchema[None] = None
    """Whether events are posted to it. true again: it goes on where it stopped."""

    @model_validator(mode="after")
    def _some(self) -> "WebhookChange":
        """Refuse nulls where there must be something."""
        for name in ("url", "title", "enabled"):
            if name in self.model_fields_set and getattr(self, name) is None:
                msg = f"`{name}` cannot be null; leave it out to keep what there is"
                raise ValueError(msg)
        return self


class WebhookView(View):
    """One webhook."""

    id: str
    """Names it."""

    owner: str
    """Id of the caller whose it is."""

    url: str
    """Address of the receiver; scheme and host alone, where it is not one's own."""

    title: str
    """What its owner calls it."""

    topics: list[str] | None
    """What events are about; null: whatever it is."""

    paths: list[str] | None
    """Paths, each with all below it; null: all that its owner may see."""

    severities: list[str] | None
    """Priorities of alerts; null: whatever they have."""

    enabled: bool
    """Whether events are posted to it."""

    state: Literal["active", "failing", "paused", "disabled"]
    """How it stands: it works; its receiver does not take the next message, which is tried again, or `reason` says what
    is in the way; its owner may be told nothing at present (keys revoked or expired, a token too long ago); it is not
    enabled."""

    reason: str
    """Why it was disabled, where its owner did not do it; where it is enabled, what is in the way that is not its
    receiver's doing; else empty."""

    created: datetime
    """When it was made."""

    changed: datetime
    """When it was changed last."""

    failing_since: datetime | None = None
    """Since when its receiver takes nothing; null: it takes what it is sent. After 5 days the webhook is disabled."""

    next_attempt: datetime | None = None
    """When the message that was not taken is tried again; null: none waits for that."""

    last_delivered: datetime | None = None
    """When its receiver last took something; null: it never did."""

    old_secret_until: datetime | None = None
    """Until when messages are signed with the secret before this one, too; null: they are not."""


class NewWebhookView(WebhookView):
    """One webhook, and its secret, which is shown this once."""

    secret: str
    """What messages are signed with (Standard Webhooks): `whsec_` and the key in base64."""


class SecretView(View):
    """The secret of a webhook, which is shown this once."""

    secret: str
    """What messages are signed with from now on: `whsec_` and the key in base64."""

    old_secret_until: datetime
    """Until when they are signed with the secret before this one, too: take both until then."""


class DeliveryView(View):
    """One message, and what became of it."""

    id: str
    """Id of the message, as in the header `webhook-id`: that of the event, `gap-…` or `test-…`."""

    type: str
    """What the message is: `alert.raised` and others, `state.changed`, `kpi.computed`, `kpi.restated`, `parkline.gap`
    or `parkline.test`."""

    state: Literal["pending", "delivered", "failed", "dead"]
    """How it stands: to be sent; taken by the receiver (2xx); not taken, and tried again; given up."""

    attempts: int
    """How often it was tried since `begun`."""

    begun: datetime
    """When it was tried first, or was asked for again."""

    tried: datetime | None = None
    """When it was tried last; null: it was not."""

    status: int | None = None
    """HTTP status of the last answer; null: there was none."""

    answer: str
    """What the last answer said, or why there was none: its first 200 characters, on one line."""

    duration_s: float | None = None
    """Seconds that the last attempt took; null: there was none."""

    next_attempt: datetime | None = None
    """When it is tried again; null: it is not, or at once."""


class DeliveryReplayRequest(View):
    """What is to be sent again: one of the three."""

    model_config = example({"since": "2026-11-24T06:00:00Z"})

    after: Annotated[str, Field(max_length=100)] | None = None
    """All that it takes of the events behind this one (its id, or a place), and then what follows, in order."""

    since: Instant | None = None
    """All that it takes of the events that were told from this instant on, and then what follows, in order."""

    deliveries: (
        Annotated[tuple[Annotated[str, Field(max_length=100)], ...], Field(min_length=1, max_length=1000)] | None
    ) = None
    """Ids of deliveries, 1,000 at most: these alone, before anything else."""

    @model_validator(mode="after")
    def _one(self) -> "DeliveryReplayRequest":
        """Refuse none, and more than one."""
        if sum(one is not None for one in (self.after, self.since, self.deliveries)) != 1:
            msg = "write one of `after`, `since` and `deliveries`"
            raise ValueError(msg)
        return self


class DeliveryReplayView(View):
    """What is sent again."""

    after: str | None = None
    """The events behind this place are sent again; null where deliveries were asked for."""

    deliveries: list[str]
    """Ids of the deliveries that are sent again."""

    gone: list[str]
    """Ids of deliveries that cannot be sent again: their events are no longer kept, or they are of none."""
