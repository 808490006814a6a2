"""What changes: listened to as a stream of events, or read in pages."""

import hashlib
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Any, Final

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Header, Query, Request, Response
from starlette.types import Receive, Scope, Send

from api.access import GivenCaller
from api.answers import Shape, shape_of
from api.errors import EVENTS_GONE, INVALID_PARAMETER, MEDIA_TYPE, Fault, ProblemError, answer, wrong
from api.eventlines import RESOURCES, Filter
from api.lookup import trees_asked
from api.paging import Paging, no_token, paging
from api.parts import GivenParts, Parts
from api.seals import Seal
from api.stream import Hub, Listener, hand_over
from api.views.events import EventView
from api.views.shape import TOKEN, Paged, listed
from collector.feed import Bounds, Told, Topic, read_bounds, read_feed
from collector.park import Severity

router = APIRouter(tags=["events"])

STREAM: Final = "text/event-stream"
"""The media type of a stream of events (HTML, 9.2)."""

LAST: Final = "Last-Event-ID"
"""The header by which a client says what it knows."""

AT_ONCE: Final = 2000
"""Rows of the feed that are read at once for a page."""

READS: Final = 20
"""Reads for one page at most; where few of the rows are wanted, it ends before it is full."""

_HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
"""No cache keeps a stream, and no proxy gathers it."""

_ALERT: Final = {
    "id": "4712",
    "at": "2026-11-24T08:12:05.251Z",
    "topic": "alerts",
    "path": "gears/hobbing/hob-01",
    "data": {
        "event": "9c56cc51b374c3ba-1",
        "alert": "9c56cc51b374c3ba",
        "number": 1,
        "kind": "raised",
        "state": "unacknowledged",
        "severity": "high",
        "priority": "high",
        "equipment": "gears/hobbing/hob-01",
        "signal": "gears/hobbing/hob-01/spindle_temperature",
        "detector": "limit",
        "began": "2026-11-24T08:12:02Z",
        "active": True,
        "message": {"zh": "主轴温度 83.4 Cel 高于 80", "en": "Spindle temperature 83.4 Cel above 80"},
        "value": "83.4",
        "person": "",
        "comment": "",
        "at": "2026-11-24T08:12:05.240Z",
    },
}

_EXAMPLE: Final[dict[str, Any]] = {
    "items": [_ALERT],
    "next_page_token": TOKEN,
    "last": "4719",
}

_STREAMED: Final = """\
retry: 2000

id: 4713
event: states
data: {"id":"4713","at":"2026-11-24T08:12:10Z","topic":"states","path":"gears/hobbing/hob-01","data":{"state":"idle",\
"raw":"READY","start":"2026-11-24T08:12:08Z","until":null,"revised_from":null}}

"""


class EventPage(Paged[EventView], use_attribute_docstrings=True):
    """One page of what changed."""

    last: str
    """The place behind the newest event. Of a page without a token it is the place up to which events were looked at:
    send it as `after` to be given what follows. One place may have several names."""


def _described() -> dict[int | str, dict[str, Any]]:
    described = listed(_EXAMPLE)
    described[200]["content"][STREAM] = {"schema": {"type": "string"}, "example": _STREAMED}
    meaning = "What follows `after` is no longer kept: read the resources again, and go on after the place in `detail`."
    example = {
        "type": EVENTS_GONE.type,
        "title": EVENTS_GONE.title,
        "status": EVENTS_GONE.status,
        "detail": _gone("17"),
        "instance": "/api/v1/events",
        "remedy": EVENTS_GONE.remedy,
    }
    schema = {"$ref": "#/components/schemas/ProblemView"}
    described[410] = {"description": meaning, "content": {MEDIA_TYPE: {"schema": schema, "example": example}}}
    return described


def _gone(place: str) -> str:
    return f"what follows is no longer all kept; read {', '.join(RESOURCES.values())} again, then after={place}"


def _shape(
    request: Request,
    fields: Annotated[
        str,
        Query(max_length=1000, description="Fields of each row that are wanted; a stream has all. Empty: all."),
    ] = "",
) -> Shape | None:
    """Give the form of the list; None where a stream is asked for."""
    accepted = [part.partition(";")[0].strip().lower() for part in request.headers.get("accept", "").split(",")]
    if STREAM not in accepted:
        return shape_of(request, fields)
    if fields:
        raise wrong(parameter="fields", detail="a stream has whole events; leave it out")
    return None


@dataclass(frozen=True, slots=True)
class _Asked:
    """Which events a request is about."""

    wanted: Filter
    """Which."""

    after: int | None
    """Number of the event after which they begin; None: it does not say."""

    where: str
    """The parameter that says so."""


async def _asked(
    parts: GivenParts,
    topic: Annotated[
        list[Topic] | None, Query(max_length=3, description="What they are about; may be repeated. Left out: all.")
    ] = None,
    path: Annotated[
        list[str] | None,
        Query(
            max_length=100,
            description="Paths of factories, lines or machines, each with all below; may be repeated. Left out: all.",
        ),
    ] = None,
    severity: Annotated[
        list[Severity] | None,
        Query(max_length=4, description="Priorities of alerts; may be repeated. Other topics are not filtered by it."),
    ] = None,
    after: Annotated[
        str | None,
        Query(max_length=100, description="Id of the last event that is known, or `last` of a page."),
    ] = None,
    last_event_id: Annotated[
        str | None,
        Header(
            alias=LAST, description="What `after` says, as clients send it that lost a stream; it counts before that."
        ),
    ] = None,
) -> _Asked:
    trees = trees_asked(parts, path)
    wanted = Filter(
        topics=None if topic is None else frozenset(topic),
        trees=None if trees is None else tuple(sorted(set(trees))),
        hidden="" if parts.grants is None else parts.park.id,
        priorities=None if severity is None else frozenset(one.value for one in severity),
        seal=await parts.sealed(),
    )
    text, where = (last_event_id, LAST) if last_event_id else (after, "after")
    if text is None:
        return _Asked(wanted, None, where)
    number = wanted.seal.read(text)
    if number is None:
        raise _no_event(text, where)
    return _Asked(wanted, number, where)


@router.get("/events", summary="Listen to what changes, or read it", response_model=EventPage, responses=_described())
async def list_events(
    request: Request,
    parts: GivenParts,
    caller: GivenCaller,
    asked: Annotated[_Asked, Depends(_asked)],
    shape: Annotated[Shape | None, Depends(_shape)],
    page: Annotated[Paging, Depends(paging(default=100, most=1000))],
) -> Response:
    """Give alerts, states and KPIs as they change, in the order in which they became true.

    With `Accept: text/event-stream` this is a stream (Server-Sent Events): each event has an `id`, its `topic` as
    `event`, and as `data` the JSON of one row of the list. It begins after `Last-Event-ID`, or `after`, or now; every
    15 s an `id` without an event says up to where all was told. A client that comes back with the last id that
    it has misses nothing and is told nothing twice. An event `reset` says that not all is kept any more that was told
    since: read what it names again, and go on.

    Otherwise it is a list, from the oldest event that is kept or from `after` on. To poll, follow the pages to the one
    without a token, and send its `last` as `after`. Where what follows is no longer kept, the answer is 410.
    """
    hub: Hub = request.app.state.hub
    if asked.after is not None and not await hub.known(asked.after):
        raise _no_event(asked.wanted.seal.place(asked.after), asked.where)
    if shape is None:
        if page.position is not None:
            raise wrong(parameter="page_token", detail="a stream has no pages; send `after`, or `Last-Event-ID`")
        return _Stream(hub, Listener(caller, _credential(request), request.state.again, asked.wanted, asked.after))
    return await _page(parts, shape, page, asked)


async def _page(parts: Parts, shape: Shape, page: Paging, asked: _Asked) -> Response:
    position, seal = page.after(str), asked.wanted.seal
    after = asked.after if position is None else seal.read(position[0])
    if position is not None and after is None:
        raise no_token()
    found: list[Told] = []
    bounds, upto, ends = await parts.records().run(
        partial(_look, after=after, wanted=asked.wanted, limit=page.limit, found=found)
    )
    if after is not None and after < bounds.pruned:
        raise ProblemError(EVENTS_GONE, _gone(seal.place(bounds.pruned)))
    items = [_view(told, seal) for told in found]
    token = None if ends else page.token([seal.place(upto)])
    return shape.page(EventView, items, token, last=seal.place(bounds.last))


def _look(
    connection: sa.Connection, *, after: int | None, wanted: Filter, limit: int, found: list[Told]
) -> tuple[Bounds, int, bool]:
    """Find events; give what the feed holds, how far was looked, and whether that is its end."""
    before = read_bounds(connection)  # all up to its last is there to be read
    begin = before.pruned if after is None else after
    ends = False
    for _ in range(READS):
        rows = read_feed(connection, begin, limit=AT_ONCE, topics=wanted.topics)
        for told in rows:
            begin = told.number
            if wanted.takes(told.topic, told.path, str(told.body.get("priority", ""))):
                found.append(told)
                if len(found) == limit:
                    break
        ends = len(rows) < AT_ONCE and (not rows or begin == rows[-1].number)
        if ends or len(found) == limit:
            break
    bounds = read_bounds(connection)  # behind the rows, so that what went meanwhile shows
    return (replace(bounds, last=max(begin, before.last)) if ends else bounds), begin, ends


def _view(told: Told, seal: Seal) -> EventView:
    return EventView.model_validate(
        {"id": seal.event(told.number), "at": told.at, "topic": told.topic, "path": told.path, "data": told.body}
    )


class _Stream(Response):
    """The begin of an answer that is a stream."""

    def __init__(self, hub: Hub, listener: Listener) -> None:
        super().__init__(media_type=STREAM, headers=_HEADERS)
        del self.headers["content-length"]
        self._hub = hub
        self._listener = listener

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Begin; `api.stream` goes on."""
        try:
            self._hub.enter(self._listener)
        except ProblemError as error:
            await answer(Request(scope), error)(scope, receive, send)
            return
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            hand_over(scope, self._listener)
        except BaseException:
            self._hub.leave(self._listener)
            raise


def _credential(request: Request) -> str:
    """Give what tells apart what callers showed at the gate, without being it."""
    shown = "\0".join([*request.headers.getlist("authorization"), "", *request.headers.getlist("x-api-key")])
    return hashlib.sha256(shown.encode()).hexdigest()


def _no_event(text: str, where: str) -> ProblemError:
    detail = (
        f"there is no event {text[:100]!r}; send the id of the last event that you have, or leave it out to begin now"
    )
    fault = Fault("header" if where == LAST else "query", where, detail)
    return ProblemError(INVALID_PARAMETER, f"{where}: {detail}", faults=[fault])
