"""Webhooks: where events are posted to, for platforms that do not keep a stream open."""

import secrets
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Final, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Path, Query, Request, Response, Security

from api import hooklog, hooks
from api.access import allowed, forbidden
from api.answers import GivenShape
from api.callers import Caller
from api.errors import (
    INVALID_PARAMETER,
    MEDIA_TYPE,
    TOO_MANY_WEBHOOKS,
    UNKNOWN_ASSET,
    UNKNOWN_DELIVERY,
    UNKNOWN_WEBHOOK,
    Fault,
    Kind,
    ProblemError,
)
from api.hooklog import Delivery, DeliveryState
from api.hooks import Hook, meant_id, shown_id
from api.lookup import trees_asked
from api.messages import TEST, Message, signed
from api.paging import Paging, instant, microseconds, paging
from api.parts import GivenParts, Parts
from api.posting import Poster
from api.reachable import UnreachableError, target_of
from api.roles import Scope
from api.seals import PLAIN, Seal
from api.tokenuse import is_token, may_subscribe
from api.views.shape import TOKEN, Paged, documented, listed
from api.views.webhooks import (
    DeliveryReplayRequest,
    DeliveryReplayView,
    DeliveryView,
    NewWebhookView,
    SecretView,
    WebhookChange,
    WebhookRequest,
    WebhookView,
)
from collector.feed import FEED, read_bounds
from collector.records import Instant

router = APIRouter(tags=["webhooks"], dependencies=[Security(allowed(Scope.SUBSCRIBE))])

OfWebhook = Annotated[str, Path(pattern="^[0-9a-f]{16}$", description="Id of the webhook.")]
Subscribing = Annotated[Caller, Security(allowed(Scope.SUBSCRIBE))]

_HOOK: Final[dict[str, Any]] = {
    "id": "5a1f0c9be3d24f77",
    "owner": "key:5f0c1b7e",
    "url": "https://platform.example/hooks/parkline",
    "title": "alerts for the platform",
    "topics": ["alerts"],
    "paths": ["gears"],
    "severities": ["high", "critical"],
    "enabled": True,
    "state": "active",
    "reason": "",
    "created": "2026-11-24T08:00:00Z",
    "changed": "2026-11-24T08:00:00Z",
    "last_delivered": "2026-11-24T08:12:05.611Z",
}
_SECRET: Final = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"  # noqa: S105 - the example of the specification
_DELIVERY: Final[dict[str, Any]] = {
    "id": "4712",
    "type": "alert.raised",
    "state": "failed",
    "attempts": 2,
    "begun": "2026-11-24T08:12:05.511Z",
    "tried": "2026-11-24T08:12:11.042Z",
    "status": 503,
    "answer": "maintenance until 10:00",
    "duration_s": 0.071,
    "next_attempt": "2026-11-24T08:17:31.042Z",
}
_LIST: Final = {"items": [_HOOK], "next_page_token": TOKEN}
_LOG: Final = {"items": [_DELIVERY], "next_page_token": TOKEN}
_REPLAY: Final = {"deliveries": ["4712"], "gone": ["17"]}


def _problem(kind: Kind, detail: str) -> dict[str, Any]:
    """Give the OpenAPI entry of a problem."""
    example = {
        "type": kind.type,
        "title": kind.title,
        "status": kind.status,
        "detail": detail,
        "instance": "/api/v1/webhooks",
        "remedy": kind.remedy,
    }
    schema = {"$ref": "#/components/schemas/ProblemView"}
    return {"description": kind.title + ".", "content": {MEDIA_TYPE: {"schema": schema, "example": example}}}


_MADE: Final[dict[int | str, dict[str, Any]]] = {
    201: {
        "content": {"application/json": {"example": {**_HOOK, "secret": _SECRET}}},
        "headers": {"Location": {"description": "Address of the webhook.", "schema": {"type": "string"}}},
    },
    404: _problem(UNKNOWN_ASSET, "there is no asset 'gears/hobbing/hob-9'"),
    409: _problem(TOO_MANY_WEBHOOKS, "you have 20 webhooks, as many as one caller may"),
}


@router.post(
    "/webhooks",
    status_code=201,
    summary="Have events posted to an address",
    responses=_MADE,
)
async def create_webhook(
    request: Request, response: Response, parts: GivenParts, caller: Subscribing, asked: WebhookRequest
) -> NewWebhookView:
    """Have the events that happen from now on posted to an address, signed by Standard Webhooks.

    `secret` is shown this once. A message is `{"type", "timestamp", "data", "id", "topic", "path"}`, `data` as GET
    /api/v1/events has it; its header `webhook-id` is the event's id. Messages come one after the other, in the
    order of events, at least once: an answer 2xx within 10 s takes one; otherwise it is sent again (after 5 s, 5 min,
    30 min, then hourly, or as `Retry-After` says), for three days, and those behind it wait; 410 ends the webhook.
    Events that were no longer kept when it was their turn are told as a message `parkline.gap`. What is posted is what
    the caller may see at that time. Needs a key with the scope `subscribe`.
    """
    await _check(parts, asked.url)
    trees_asked(parts, asked.paths)
    most, now = parts.settings.webhooks.per_caller, parts.now()
    values = asked.model_dump(mode="json")

    def enter(connection: sa.Connection) -> Hook | None:
        last = read_bounds(connection).last
        made = hooks.create_hook(connection, caller.id, values, cursor=last, most=most, now=now)
        if made is not None and is_token(caller):
            hooks.note_token(connection, caller.id, caller.factories, allowed=may_subscribe(caller), now=now)
        return made

    hook = await parts.records().run(enter)
    if hook is None:
        raise ProblemError(TOO_MANY_WEBHOOKS, f"you have {most} webhooks, as many as one caller may")
    request.state.secret = True
    response.headers["Location"] = f"/api/v1/webhooks/{hook.id}"
    shown = _view(parts, caller, hook, paused=False)
    return NewWebhookView(**shown.model_dump(), secret=hook.secret)


@router.get("/webhooks", summary="Read one's webhooks", response_model=Paged[WebhookView], responses=listed(_LIST))
async def list_webhooks(
    parts: GivenParts,
    caller: Subscribing,
    shape: GivenShape,
    page: Annotated[Paging, Depends(paging(default=100, most=1000))],
    everyone: Annotated[  # noqa: FBT002 - a query parameter
        bool, Query(description="Those of all callers; for whoever may see the whole park and read the audit.")
    ] = False,
) -> Response:
    """Give the caller's webhooks, the oldest first; of others' only administrators of the whole park are told.

    Needs a key with the scope `subscribe`.
    """
    if everyone and not _governs(caller):
        raise forbidden(caller, Scope.AUDIT)
    position = page.after(int, str)
    after = None if position is None else (instant(position[0]), str(position[1]))
    owner = None if everyone else caller.id

    def read(connection: sa.Connection) -> tuple[list[Hook], set[str]]:
        found = hooks.read_hooks(connection, owner, after=after, limit=page.limit + 1)
        return found, _told(connection, parts, {hook.owner for hook in found})

    found, told = await parts.records().run(read)
    shown = found[: page.limit]
    token = page.token((microseconds(shown[-1].created), shown[-1].id)) if len(found) > len(shown) else None
    views = [_view(parts, caller, hook, paused=hook.owner not in told) for hook in shown]
    return shape.page(WebhookView, views, token)


@router.get("/webhooks/{webhook}", summary="Read one webhook", responses=documented(_HOOK))
async def read_webhook(parts: GivenParts, caller: Subscribing, webhook: OfWebhook) -> WebhookView:
    """Give one of the caller's webhooks as it stands. Needs a key with the scope `subscribe`."""
    hook = await _seen(parts, caller, webhook)
    return await _shown(parts, caller, hook)


@router.patch("/webhooks/{webhook}", summary="Change a webhook", responses=documented(_HOOK))
async def change_webhook(
    parts: GivenParts, caller: Subscribing, webhook: OfWebhook, asked: WebhookChange
) -> WebhookView:
    """Change where events are posted to, which, and whether.

    What is posted next is judged by the new filter. A message that is being tried again is tried at once. Enabled
    again, the webhook goes on where it stopped. Needs a key with the scope `subscribe`.
    """
    own = await _own(parts, caller, webhook)
    if asked.url is not None:
        await _check(parts, asked.url)
    trees_asked(parts, asked.paths)
    values = asked.model_dump(mode="json", exclude_unset=True)
    standing: dict[str, Any] = {"due": None}
    if asked.enabled is not None:
        standing |= {"reason": "", "failing": None}
    changed = partial(hooks.change_hook, number=own.id, values={**values, **standing}, now=parts.now())
    return await _shown(parts, caller, await _there(parts, changed, webhook))


@router.delete("/webhooks/{webhook}", status_code=204, summary="Delete a webhook and its log")
async def delete_webhook(parts: GivenParts, caller: Subscribing, webhook: OfWebhook) -> None:
    """Delete a webhook; nothing more is posted to it, but for what is under way.

    Needs a key with the scope `subscribe`.
    """
    hook = await _seen(parts, caller, webhook)

    def drop(connection: sa.Connection) -> None:
        hooks.drop_hook(connection, hook.id)
        hooklog.drop_deliveries(connection, hook.id)

    await parts.records().run(drop)


@router.post(
    "/webhooks/{webhook}/secret",
    summary="Give a webhook another secret",
    responses=documented({"secret": _SECRET, "old_secret_until": "2026-11-25T08:00:00Z"}),
)
async def rotate_webhook_secret(
    request: Request, parts: GivenParts, caller: Subscribing, webhook: OfWebhook
) -> SecretView:
    """Give a webhook another secret, which is shown this once.

    For 24 h messages carry two signatures, of both secrets, so that the receiver can change over without a gap. The
    one before these two counts no more. Needs a key with the scope `subscribe`.
    """
    own = await _own(parts, caller, webhook)
    rotated = await _there(parts, partial(hooks.rotate_secret, number=own.id, now=parts.now()), webhook)
    request.state.secret = True
    assert rotated.old_until is not None  # noqa: S101 - it was just set
    return SecretView(secret=rotated.secret, old_secret_until=rotated.old_until)


@router.post(
    "/webhooks/{webhook}/test",
    summary="Post a test message",
    responses=documented(
        {
            "id": "test-0f6b1d2c",
            "type": TEST,
            "state": "delivered",
            "attempts": 1,
            "begun": "2026-11-24T08:14:00Z",
            "tried": "2026-11-24T08:14:00Z",
            "status": 204,
            "answer": "",
            "duration_s": 0.064,
        }
    ),
)
async def test_webhook(parts: GivenParts, caller: Subscribing, webhook: OfWebhook) -> DeliveryView:
    """Post a message `parkline.test` now, also where the webhook is not enabled, and tell what came of it.

    It is not tried again. If it was taken, a message that waits for its next attempt is tried at once.
    Needs a key with the scope `subscribe`.
    """
    own = await _own(parts, caller, webhook)
    now = parts.now()
    message = Message(f"test-{secrets.token_hex(4)}", TEST, now, {"webhook": own.id})
    async with Poster(parts.settings.webhooks).way(own.url) as way:
        said = await way.post(*signed(message, message.id, own.signing(now), now))
    values = {
        "number": None,
        "type": TEST,
        "state": DeliveryState.DELIVERED if said.good else DeliveryState.DEAD,
        "again": False,
        "tried": now,
        "status": said.status,
        "answer": said.answer,
        "duration_us": round(said.seconds * 1_000_000),
        "due": None,
    }

    def enter(connection: sa.Connection) -> Delivery | None:
        if hooks.read_hook(connection, own.id) is None:
            return None
        hooklog.note_delivery(connection, own.id, message.id, values, now=now)
        if said.good and own.due is not None:
            hooks.note_standing(connection, own, {"due": now}, cursor=None)
        return hooklog.read_delivery(connection, own.id, message.id)

    delivery = await parts.records().run(enter)
    if delivery is None:
        raise _unknown(webhook)
    return _delivery(delivery, PLAIN)


@router.get(
    "/webhooks/{webhook}/deliveries",
    summary="Read what was posted to a webhook",
    response_model=Paged[DeliveryView],
    responses=listed(_LOG),
)
async def list_webhook_deliveries(
    parts: GivenParts,
    caller: Subscribing,
    webhook: OfWebhook,
    shape: GivenShape,
    page: Annotated[Paging, Depends(paging(default=100, most=1000))],
    state: Annotated[
        list[Literal["pending", "delivered", "failed", "dead"]] | None,
        Query(max_length=4, description="How they stand; may be repeated. Left out: however."),
    ] = None,
) -> Response:
    """Give the log of deliveries, the newest message first: one row per message, with what its last attempt brought.

    Needs a key with the scope `subscribe`.
    """
    hook = await _seen(parts, caller, webhook)
    position, seal = page.after(int), await parts.sealed()
    read = partial(
        hooklog.read_deliveries,
        hook=hook.id,
        states=state,
        before=None if position is None else seal.meant("delivery", position[0]),
        limit=page.limit + 1,
    )
    found = await parts.records().run(read)
    shown = found[: page.limit]
    token = page.token([seal.number("delivery", shown[-1].id)]) if len(found) > len(shown) else None
    return shape.page(DeliveryView, [_delivery(one, seal) for one in shown], token)


@router.post(
    "/webhooks/{webhook}/replay",
    status_code=202,
    summary="Have messages posted again",
    responses={202: {"content": {"application/json": {"example": _REPLAY}}}},
)
async def replay_webhook(
    parts: GivenParts, caller: Subscribing, webhook: OfWebhook, asked: DeliveryReplayRequest
) -> DeliveryReplayView:
    """Have messages posted again, with the ids that they had, as far as their events are kept.

    `after` and `since` go back to there: what follows is posted in order, also what is new. Where less is kept
    than is asked for, it begins with what is, and `after` says where. `deliveries` come before anything else.
    Needs a key with the scope `subscribe`.
    """
    own = await _own(parts, caller, webhook)
    seal = await parts.sealed()
    return await parts.records().run(partial(_replay, own=own, asked=asked, seal=seal, now=parts.now()))


def _replay(
    connection: sa.Connection, *, own: Hook, asked: DeliveryReplayRequest, seal: Seal, now: datetime
) -> DeliveryReplayView:
    pruned = read_bounds(connection).pruned
    if asked.deliveries is not None:
        wanted = {meant_id(shown, seal): shown for shown in asked.deliveries}
        strange = wanted.keys() - hooklog.known_deliveries(connection, own.id, list(wanted))
        if strange:
            shown = min(wanted[one] for one in strange)
            raise ProblemError(UNKNOWN_DELIVERY, f"the webhook {own.id} has no delivery {shown}")
        again = hooklog.ask_again(connection, own.id, list(wanted), pruned=pruned, now=now)
        hooks.change_hook(connection, own.id, {"due": None}, now=now)
        sent = [shown for one, shown in wanted.items() if one in again]
        return DeliveryReplayView(after=None, deliveries=sent, gone=[one for one in wanted.values() if one not in sent])
    after = _after(asked, seal) if asked.since is None else _before(connection, asked.since)
    current = hooks.read_hook(connection, own.id)
    if current is None:
        raise _unknown(own.id)
    after = min(max(after, pruned), max(current.cursor, pruned))
    hooks.change_hook(connection, own.id, {"cursor": min(after, current.cursor), "due": None}, now=now)
    return DeliveryReplayView(after=seal.place(after), deliveries=[], gone=[])


def _after(asked: DeliveryReplayRequest, seal: Seal) -> int:
    """Give the number of the event that somebody names; answers 422 where it is none."""
    number = seal.read(asked.after or "")
    if number is None:
        detail = f"{asked.after!r} is no event; send the id of one, or `last` of a page of events"
        raise ProblemError(INVALID_PARAMETER, f"after: {detail}", faults=[Fault("body", "after", detail)])
    return number


def _before(connection: sa.Connection, since: Any) -> int:
    """Give the number of the last event that was told before an instant."""
    first = sa.select(sa.func.min(FEED.c.number)).where(FEED.c.at >= sa.bindparam("since", since, Instant))
    number = connection.execute(first).scalar_one()
    return read_bounds(connection).last if number is None else int(number) - 1


async def _check(parts: Parts, url: str) -> None:
    """Answer 422 where a URL may not be posted to, as things stand."""
    try:
        await Poster(parts.settings.webhooks).check(url)
    except UnreachableError as error:
        raise ProblemError(INVALID_PARAMETER, f"url: {error}", faults=[Fault("body", "url", str(error))]) from error


def _governs(caller: Caller) -> bool:
    """Tell whether somebody administers the whole park."""
    return caller.factories is None and Scope.AUDIT in caller.scopes


async def _own(parts: Parts, caller: Caller, webhook: str) -> Hook:
    """Give one of the caller's webhooks; those of others are not there."""
    hook = await parts.records().run(partial(hooks.read_hook, number=webhook))
    if hook is None or hook.owner != caller.id:
        raise _unknown(webhook)
    return hook


async def _seen(parts: Parts, caller: Caller, webhook: str) -> Hook:
    """Give a webhook that is the caller's, or whoever's, where the caller administers the whole park."""
    hook = await parts.records().run(partial(hooks.read_hook, number=webhook))
    if hook is None or (hook.owner != caller.id and not _governs(caller)):
        raise _unknown(webhook)
    return hook


async def _there(parts: Parts, change: Any, webhook: str) -> Hook:
    """Change a webhook that may have been deleted meanwhile."""
    hook: Hook | None = await parts.records().run(change)
    if hook is None:
        raise _unknown(webhook)
    return hook


def _unknown(webhook: str) -> ProblemError:
    return ProblemError(UNKNOWN_WEBHOOK, f"you have no webhook {webhook}")


def _told(connection: sa.Connection, parts: Parts, owners: set[str]) -> set[str]:
    """Give those of these owners who may be told something at present."""
    kept = parts.settings.webhooks.token_grants
    return set(hooks.read_granted(connection, owners, now=parts.now(), kept=kept))


async def _shown(parts: Parts, caller: Caller, hook: Hook) -> WebhookView:
    told = await parts.records().run(partial(_told, parts=parts, owners={hook.owner}))
    return _view(parts, caller, hook, paused=hook.owner not in told)


def _view(parts: Parts, caller: Caller, hook: Hook, *, paused: bool) -> WebhookView:
    state: Literal["active", "failing", "paused", "disabled"] = "active" if hook.failing is None else "failing"
    if paused:
        state = "paused"
    if not hook.enabled:
        state = "disabled"
    rotating = hook.old_until is not None and hook.old_until > parts.now()
    return WebhookView(
        id=hook.id,
        owner=hook.owner,
        url=hook.url if hook.owner == caller.id else _origin(parts, hook.url),
        title=hook.title,
        topics=None if hook.topics is None else list(hook.topics),
        paths=None if hook.paths is None else list(hook.paths),
        severities=None if hook.severities is None else list(hook.severities),
        enabled=hook.enabled,
        state=state,
        reason=hook.reason,
        created=hook.created,
        changed=hook.changed,
        failing_since=hook.failing,
        next_attempt=hook.due,
        last_delivered=hook.delivered,
        old_secret_until=hook.old_until if rotating else None,
    )


def _origin(parts: Parts, url: str) -> str:
    """Give what may be told of somebody else's URL."""
    try:
        return target_of(url, parts.settings.webhooks).origin
    except UnreachableError:
        return ""


def _delivery(delivery: Delivery, seal: Seal) -> DeliveryView:
    return DeliveryView(
        id=shown_id(delivery.message, seal),
        type=delivery.type,
        state=delivery.state.value,
        attempts=delivery.attempts,
        begun=delivery.begun,
        tried=delivery.tried,
        status=delivery.status,
        answer=delivery.answer,
        duration_s=None if delivery.duration_us is None else delivery.duration_us / 1_000_000,
        next_attempt=delivery.due,
    )
