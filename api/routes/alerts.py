"""Alerts: what lasts and what is over, and what people do about it."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Final

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Path, Query, Response, Security

from analytics.alertlog import After, UnknownAlertError, act, read_history, read_outside, read_standing, read_standings
from analytics.lifecycle import Action, ActionError, AlarmState, AlertEvent, EventKind, NotNowError, Standing
from analytics.sayings import message
from api.access import allowed
from api.answers import GivenShape
from api.callers import Caller
from api.errors import INVALID_PARAMETER, NOT_NOW, UNKNOWN_ALERT, Fault, ProblemError
from api.lookup import detector_title, known_detectors, signal_at, title_at, trees_asked
from api.paging import Paging, instant, microseconds, paging
from api.parts import GivenParts, Parts
from api.roles import Scope
from api.views.alerts import (
    AcknowledgeRequest,
    AlertEventView,
    AlertHistoryView,
    AlertView,
    CommentRequest,
    ContributionView,
    ResetRequest,
    ShelveRequest,
)
from api.views.shape import TOKEN, Paged, TitleView, documented, listed
from api.window import MaybeEnd, MaybeStart, check_window
from collector.park import Severity

router = APIRouter(tags=["alerts"])

EVENTS_AT_MOST: Final = 1000
"""Events of an alert in one answer."""

_ALERT: Final[dict[str, Any]] = {
    "id": "4f1b2c9d8e7a6051",
    "equipment": "gears/hobbing/hob-01",
    "signal": "gears/hobbing/hob-01/spindle_temperature",
    "detector": "limit",
    "detector_title": {"zh": "超限", "en": "Limit exceeded"},
    "severity": "high",
    "priority": "high",
    "message": {
        "zh": "主轴温度: 81.5 Cel, 高于上限 80 Cel",
        "en": "Spindle temperature: 81.5 Cel is above its limit of 80 Cel",
    },
    "value": "81.5",
    "began": "2026-11-24T08:12:04.9Z",
    "occurred": "2026-11-24T08:24:51.3Z",
    "ended": "2026-11-24T08:31:40.2Z",
    "active": False,
    "count": 3,
    "chattering": False,
    "state": "shelved",
    "raised": "2026-11-24T08:12:14.9Z",
    "changed": "2026-11-24T08:40:00Z",
    "acknowledged": "2026-11-24T08:35:00Z",
    "person": "李工 (maintenance)",
    "shelved_until": "2026-11-24T16:40:00Z",
    "suppressed_by": "",
    "group": "4f1b2c9d8e7a6051",
    "contributions": [],
}
_EVENT: Final[dict[str, Any]] = {
    "id": "4f1b2c9d8e7a6051-7",
    "number": 7,
    "at": "2026-11-24T08:40:00Z",
    "kind": "shelved",
    "person": "李工 (maintenance)",
    "comment": "coolant pump is being changed",
    "state": "shelved",
    "count": 3,
}
_EXAMPLE: Final = {"items": [_ALERT], "next_page_token": TOKEN}
_HISTORY: Final = _ALERT | {"events": [_EVENT]}

_UNSEEN: Final = "park"
"""What suppresses an alert, as told to somebody who may not see that."""


@dataclass(frozen=True, slots=True)
class _Reader:
    """What somebody may see of alerts that they may see."""

    parts: Parts
    """The park as they may see it."""

    unseen: frozenset[str]
    """Ids of alerts that suppress these, and that they may not see."""

    def by(self, suppressed_by: str) -> str:
        """Say what suppresses an alert."""
        return _UNSEEN if suppressed_by in self.unseen else suppressed_by


OfAlert = Annotated[str, Path(pattern="^[0-9a-f]{16}$", description="Id of the alert.")]
Operator = Annotated[Caller, Security(allowed(Scope.ALERTS))]


@router.get("/alerts", summary="Read alerts", response_model=Paged[AlertView], responses=listed(_EXAMPLE))
async def list_alerts(
    parts: GivenParts,
    shape: GivenShape,
    page: Annotated[Paging, Depends(paging(default=100, most=1000))],
    path: Annotated[
        list[str] | None,
        Query(max_length=100, description="Park, factory, line or equipment, each with all below it; may be repeated."),
    ] = None,
    signal: Annotated[str | None, Query(description="Path of one signal.")] = None,
    severity: Annotated[list[Severity] | None, Query(description="Priorities; may be repeated.")] = None,
    state: Annotated[
        list[AlarmState] | None, Query(description="How they stand; `normal` is closed; may be repeated.")
    ] = None,
    active: Annotated[bool | None, Query(description="true: only what lasts; false: only what is over.")] = None,
    detector: Annotated[
        list[str] | None, Query(max_length=100, description="Slugs of the detectors that saw them; may be repeated.")
    ] = None,
    group: Annotated[
        str | None, Query(pattern="^[0-9a-f]{16}$", description="Id of the first alert of a group: only that group.")
    ] = None,
    start: MaybeStart = None,
    end: MaybeEnd = None,
) -> Response:
    """Give the alerts that touch [start, end), those that began last first."""
    check_window(start, end)
    under = trees_asked(parts, path)
    after = None
    if (position := page.after(int, str)) is not None:
        after = After(instant(position[0]), position[1])
    asked = partial(
        read_standings,
        start=start,
        end=end,
        under=under,
        signals=[signal_at(parts.park, signal).path] if signal is not None else None,
        severities=severity or None,
        states=state or None,
        active=active,
        detectors=known_detectors(detector) if detector else None,
        group=group,
        after=after,
        limit=page.limit + 1,
    )
    trees = trees_asked(parts, None)

    def read(connection: sa.Connection) -> tuple[list[Standing], frozenset[str]]:
        found = asked(connection)
        return found, _unseen(connection, found[: page.limit], trees)

    alerts, unseen = await parts.records().run(read)
    shown = alerts[: page.limit]
    token = page.token((microseconds(shown[-1].began), shown[-1].id)) if len(alerts) > len(shown) else None
    reader = _Reader(parts, unseen)
    return shape.page(AlertView, [AlertView(**_shown(reader, alert)) for alert in shown], token)


@router.get("/alerts/{alert}", summary="Read an alert and its history", responses=documented(_HISTORY))
async def read_alert(
    parts: GivenParts,
    alert: OfAlert,
    before: Annotated[
        int | None, Query(ge=1, lt=2**63, description="Number of an event: only what happened before it.")
    ] = None,
) -> AlertHistoryView:
    """Give an alert as it stands, and what happened to it: the newest 1,000 events at most."""
    return await _history(parts, alert, before)


@router.post("/alerts/{alert}/acknowledgement", summary="Acknowledge an alert", responses=documented(_HISTORY))
async def acknowledge_alert(
    parts: GivenParts, alert: OfAlert, caller: Operator, asked: AcknowledgeRequest | None = None
) -> AlertHistoryView:
    """Note that somebody knows of an alert; a second time changes nothing.

    Needs a key with the scope `alerts`.
    """
    asked = asked or AcknowledgeRequest()
    who = _who(caller, asked.person)
    return await _act(parts, Action(EventKind.ACKNOWLEDGED, who, alert, comment=asked.comment))


@router.post("/alerts/{alert}/comments", summary="Comment on an alert", responses=documented(_HISTORY))
async def comment_on_alert(
    parts: GivenParts, alert: OfAlert, asked: CommentRequest, caller: Operator
) -> AlertHistoryView:
    """Note what somebody says of an alert. Needs a key with the scope `alerts`."""
    who = _who(caller, asked.person)
    return await _act(parts, Action(EventKind.COMMENTED, who, alert, comment=asked.comment))


@router.post("/alerts/{alert}/shelving", summary="Shelve an alert", responses=documented(_HISTORY))
async def shelve_alert(parts: GivenParts, alert: OfAlert, asked: ShelveRequest, caller: Operator) -> AlertHistoryView:
    """Put an alert aside for a while: nobody is told of it, nor of what its limit or condition finds until then.

    Needs a key with the scope `alerts`. A second time changes until when.
    """
    who = _who(caller, asked.person)
    return await _act(parts, Action(EventKind.SHELVED, who, alert, comment=asked.reason, until=asked.until))


@router.delete("/alerts/{alert}/shelving", summary="Take an alert off the shelf", responses=documented(_HISTORY))
async def unshelve_alert(parts: GivenParts, alert: OfAlert, caller: Operator) -> AlertHistoryView:
    """End the while for which an alert was put aside; a second time changes nothing.

    Needs a key with the scope `alerts`.
    """
    return await _act(parts, Action(EventKind.UNSHELVED, caller.name, alert))


@router.post("/alerts/{alert}/reset", summary="Reset an alert that latches", responses=documented(_HISTORY))
async def reset_alert(
    parts: GivenParts, alert: OfAlert, caller: Operator, asked: ResetRequest | None = None
) -> AlertHistoryView:
    """End an alert that stays active after its cause is gone; a second time changes nothing.

    Needs a key with the scope `alerts`. While the cause lasts, it cannot be reset.
    """
    asked = asked or ResetRequest()
    who = _who(caller, asked.person)
    return await _act(parts, Action(EventKind.RESET, who, alert, comment=asked.comment))


async def _act(parts: Parts, action: Action) -> AlertHistoryView:
    try:
        doing = partial(act, action=action, now=parts.now(), under=trees_asked(parts, None))
        await parts.records().run(doing)
    except UnknownAlertError as error:
        raise _unknown(action.alert) from error
    except NotNowError as error:
        raise ProblemError(NOT_NOW, str(error)) from error
    except ActionError as error:
        fault = Fault("body", _wrong_field(action), str(error))
        raise ProblemError(INVALID_PARAMETER, str(error), faults=[fault]) from error
    return await _history(parts, action.alert)


def _wrong_field(action: Action) -> str:
    """Name the field of a request that its action was refused for; its form is right."""
    if action.kind is not EventKind.SHELVED:
        return "comment"
    return "until" if action.comment.strip() else "reason"


async def _history(parts: Parts, alert: str, before: int | None = None) -> AlertHistoryView:
    trees = trees_asked(parts, None)

    def read(connection: sa.Connection) -> tuple[Standing, list[AlertEvent], frozenset[str]]:
        standing = read_standing(connection, alert, under=trees)
        if standing is None:  # before its events are looked for: what may not be seen costs what is not there costs
            raise _unknown(alert)
        events = read_history(connection, alert, before=before, limit=EVENTS_AT_MOST)
        return standing, events, _unseen(connection, [standing, *(event.standing for event in events)], trees)

    standing, events, unseen = await parts.records().run(read)
    reader = _Reader(parts, unseen)
    return AlertHistoryView(**_shown(reader, standing), events=[_event(reader, event) for event in events])


async def views_of(parts: Parts, asked: Callable[[sa.Connection], list[Standing]]) -> list[AlertView]:
    """Give the alerts that `asked` finds, as whoever has these parts may see them."""
    trees = trees_asked(parts, None)

    def read(connection: sa.Connection) -> tuple[list[Standing], frozenset[str]]:
        found = asked(connection)
        return found, _unseen(connection, found, trees)

    found, unseen = await parts.records().run(read)
    reader = _Reader(parts, unseen)
    return [AlertView(**_shown(reader, standing)) for standing in found]


def _unknown(alert: str) -> ProblemError:
    return ProblemError(UNKNOWN_ALERT, f"there is no alert {alert}")


def _unseen(connection: sa.Connection, standings: Sequence[Standing], trees: Collection[str] | None) -> frozenset[str]:
    """Give the ids of alerts that suppress these, and that somebody with these factories may not see."""
    by = {one.suppressed_by for one in standings if one.suppressed_by}
    return frozenset() if trees is None or not by else read_outside(connection, by, trees)


def _who(caller: Caller, person: str) -> str:
    """Name who does something: the person, where the request names one, and the key."""
    return f"{person.strip()} ({caller.name})" if person.strip() else caller.name


def _shown(reader: _Reader, standing: Standing) -> dict[str, Any]:
    alert = standing.alert
    return {
        "id": standing.id,
        "equipment": alert.equipment,
        "signal": alert.signal,
        "detector": alert.detector,
        "detector_title": detector_title(alert.detector),
        "severity": alert.severity,
        "priority": standing.priority,
        "message": TitleView(zh=message(alert, "zh"), en=message(alert, "en")),
        "value": alert.value,
        "began": standing.began,
        "occurred": alert.began,
        "ended": alert.ended,
        "active": standing.active,
        "count": standing.count,
        "chattering": standing.chattering,
        "state": standing.state,
        "raised": standing.raised,
        "changed": standing.changed,
        "acknowledged": standing.acknowledged,
        "person": standing.person,
        "shelved_until": standing.shelved_until,
        "suppressed_by": reader.by(standing.suppressed_by),
        "group": standing.group,
        "contributions": [
            ContributionView(signal=one.signal, title=title_at(reader.parts.park, one.signal), share=one.share)
            for one in alert.contributions
        ],
    }


def _event(reader: _Reader, event: AlertEvent) -> AlertEventView:
    return AlertEventView(
        id=event.id,
        number=event.number,
        at=event.at,
        kind=event.kind,
        person=event.person,
        comment=reader.by(event.comment),
        state=event.standing.state,
        count=event.standing.count,
    )
