"""What the API answers when it cannot answer: problems (RFC 9457), all of them, also those of the framework.

Every problem has a kind, and a kind is told once, in `KINDS`: its slug makes the `type` URI, `/problems/<slug>`,
under which the API itself explains it. Kinds are never renamed, since clients branch on them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException

from adapters.stores.contract import StoreError, StoreRefusedError, StoreUnavailableError
from collector.load import ConfigError
from collector.records import RecordsError
from collector.spool.contract import SpoolError

MEDIA_TYPE: Final = "application/problem+json"
"""The media type of every problem."""

RETRY_AFTER_S: Final = 5
"""What `Retry-After` says where the part that is down gave no figure: about two polls of the page."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem."""

    slug: str
    """Last segment of its type URI."""

    status: int
    """HTTP status it is answered with."""

    title: str
    """What it is, the same for every occurrence."""

    remedy: str
    """What the caller can do."""

    @property
    def type(self) -> str:
        """Its type URI, relative to the API's root."""
        return f"/problems/{self.slug}"


INVALID_PARAMETER: Final = Kind(
    "invalid-parameter", 422, "A parameter is wrong", "Mend the parameters listed in `errors` and ask again."
)
UNAUTHORIZED: Final = Kind(
    "unauthorized",
    401,
    "A valid API key is needed",
    "Send a key as `Authorization: Bearer KEY` or `X-API-Key: KEY`; `parkline key create NAME` makes one.",
)
FORBIDDEN: Final = Kind(
    "forbidden", 403, "The key does not allow this", "Use a key that has the scope named in `detail`."
)
NOT_FOUND: Final = Kind("not-found", 404, "There is nothing at this address", "Look up the addresses under /docs.")
UNKNOWN_ASSET: Final = Kind(
    "unknown-asset",
    404,
    "The park has no such asset",
    "Look up paths under /api/v1/factories, /lines, /equipment and /signals, sources under /api/v1/sources.",
)
UNKNOWN_KPI: Final = Kind("unknown-kpi", 404, "There is no such KPI", "Look up slugs under /api/v1/kpis/catalogue.")
UNKNOWN_GAP: Final = Kind("unknown-gap", 404, "There is no such gap", "Look up gaps under /api/v1/gaps.")
UNKNOWN_LETTER: Final = Kind(
    "unknown-letter",
    404,
    "There is no such dead letter",
    "Look up dead letters under /api/v1/dead-letters; old ones go where there are too many.",
)
UNKNOWN_VIEW: Final = Kind(
    "unknown-view",
    404,
    "There is no such view",
    "Look up the views that you may read under /api/v1/open-data.",
)
UNKNOWN_STOP_REASON: Final = Kind(
    "unknown-stop-reason",
    404,
    "Nobody said such a thing of this machine",
    "Look up what was said under /api/v1/equipment/{path}/stop-reasons.",
)
UNKNOWN_ALERT: Final = Kind(
    "unknown-alert", 404, "There is no such alert", "Look up alerts under /api/v1/alerts; their ids never change."
)
NOT_NOW: Final = Kind(
    "not-now", 409, "As the alert stands, this cannot be done", "Do what `detail` says first, and ask again."
)
NOT_ACCEPTABLE: Final = Kind(
    "not-acceptable", 406, "The address has no such form", "Send a header `Accept` with one of the forms in `detail`."
)
METHOD_NOT_ALLOWED: Final = Kind(
    "method-not-allowed", 405, "The address does not take this method", "Use a method listed in the header `Allow`."
)
IDEMPOTENCY_MISMATCH: Final = Kind(
    "idempotency-mismatch",
    422,
    "The `Idempotency-Key` belongs to another request",
    "Send each request with a key of its own, and the same key only to send the very same request again.",
)
IDEMPOTENCY_CONFLICT: Final = Kind(
    "idempotency-conflict",
    409,
    "The first request with this `Idempotency-Key` is still under way",
    "Send the request again, with the same key, after `Retry-After` seconds.",
)
IDEMPOTENCY_NOT_KEPT: Final = Kind(
    "idempotency-not-kept",
    409,
    "The answer to this `Idempotency-Key` was given once and is not kept",
    "Look up what the first request did; if its answer never arrived, undo that, and send it with another key.",
)
UNKNOWN_DATASET: Final = Kind(
    "unknown-dataset", 404, "There is no such dataset", "Look up datasets under /api/v1/catalogue."
)
UNKNOWN_EXPORT: Final = Kind(
    "unknown-export",
    404,
    "There is no such export",
    "Look up your exports under /api/v1/exports; they are forgotten a week after their time was over.",
)
EXPORT_NOT_DONE: Final = Kind(
    "export-not-done",
    409,
    "The export has no file",
    "Wait until `state` of the export is `done`; ask for another one where it failed or its time is over.",
)
RANGE_NOT_SATISFIABLE: Final = Kind(
    "range-not-satisfiable",
    416,
    "The file has no such bytes",
    "Ask for bytes that the file has, as `Content-Range` says; or for all of it, without `Range`.",
)
TOO_MANY_EXPORTS: Final = Kind(
    "too-many-exports",
    429,
    "Too many exports wait",
    "Ask again when some of them are done, or delete some.",
)
UNKNOWN_WEBHOOK: Final = Kind(
    "unknown-webhook", 404, "There is no such webhook", "Look up your webhooks under /api/v1/webhooks."
)
UNKNOWN_DELIVERY: Final = Kind(
    "unknown-delivery",
    404,
    "There is no such delivery",
    "Look up deliveries under /api/v1/webhooks/{webhook}/deliveries; old ones are forgotten.",
)
TOO_MANY_WEBHOOKS: Final = Kind(
    "too-many-webhooks",
    409,
    "There are as many webhooks as one caller may have",
    "Delete one that nobody needs; an administrator can raise `api: webhooks: per_caller`.",
)
RATE_LIMITED: Final = Kind(
    "rate-limited",
    429,
    "Too many requests",
    "Ask again after `Retry-After` seconds; `RateLimit` on every answer says how many requests are left.",
)
IDENTITY_UNAVAILABLE: Final = Kind(
    "identity-unavailable",
    503,
    "The identity provider does not answer",
    "Ask again after `Retry-After` seconds; if it lasts, an administrator must look at `api: oidc:` and the API's log.",
)
TOO_MANY_STREAMS: Final = Kind(
    "too-many-streams",
    429,
    "There are as many streams of events as there may be",
    "Close streams that nobody reads, or share one; an administrator can raise `api: streams`.",
)
EVENTS_GONE: Final = Kind(
    "events-gone",
    410,
    "What was asked for is no longer kept",
    "Read the resources that `detail` names again, and go on after the place that it gives.",
)
STORE_UNAVAILABLE: Final = Kind(
    "store-unavailable",
    503,
    "The store does not answer",
    "Ask again after `Retry-After` seconds; samples wait in the collector's spool meanwhile and are not lost.",
)
STORE_REFUSED: Final = Kind(
    "store-refused",
    503,
    "The store refuses parkline",
    "An administrator must mend the store's credentials, database or bucket; samples wait in the spool meanwhile.",
)
RECORDS_UNAVAILABLE: Final = Kind(
    "records-unavailable",
    503,
    "The records do not answer",
    "Ask again after `Retry-After` seconds; if it lasts, an administrator must look at the records' database.",
)
SPOOL_UNAVAILABLE: Final = Kind(
    "spool-unavailable",
    503,
    "The spool takes no samples",
    "Ask again after `Retry-After` seconds; if it lasts, an administrator must do what `detail` says.",
)
CONFIGURATION_WRONG: Final = Kind(
    "configuration-wrong",
    409,
    "The files of the configuration have mistakes",
    "Mend the places that `detail` names; `parkline check` tells whether all are right.",
)
BODY_TOO_LARGE: Final = Kind(
    "body-too-large",
    413,
    "The body of the request is too large",
    "Send less at once; an administrator can raise `api: body_limit`.",
)
BODY_TOO_SLOW: Final = Kind(
    "body-too-slow",
    408,
    "The body of the request did not arrive in time",
    "Send it again, faster or in smaller parts; an administrator can raise `api: body_time`.",
)
ADDRESS_TOO_LONG: Final = Kind(
    "address-too-long", 414, "The address is too long", "Ask for less at once: fewer values of a repeated parameter."
)
HEADERS_TOO_LARGE: Final = Kind(
    "headers-too-large", 431, "The headers of the request are too large", "Send fewer or shorter headers."
)
MALFORMED_REQUEST: Final = Kind(
    "malformed-request", 400, "The request is no HTTP", "Send HTTP/1.1; with TLS, where the address is https."
)
TOO_MANY_CONNECTIONS: Final = Kind(
    "too-many-connections",
    503,
    "The API holds as many connections as it may",
    "Ask again after `Retry-After` seconds; an administrator can raise `api: connections`.",
)
INTERNAL: Final = Kind(
    "internal-error", 500, "The API failed", "Report it with the time of the answer; the API's log holds the cause."
)

KINDS: Final = {
    kind.slug: kind
    for kind in (
        INVALID_PARAMETER,
        UNAUTHORIZED,
        FORBIDDEN,
        NOT_FOUND,
        UNKNOWN_ASSET,
        UNKNOWN_KPI,
        UNKNOWN_GAP,
        UNKNOWN_LETTER,
        UNKNOWN_STOP_REASON,
        UNKNOWN_VIEW,
        UNKNOWN_ALERT,
        NOT_NOW,
        NOT_ACCEPTABLE,
        METHOD_NOT_ALLOWED,
        IDEMPOTENCY_MISMATCH,
        IDEMPOTENCY_CONFLICT,
        IDEMPOTENCY_NOT_KEPT,
        UNKNOWN_DATASET,
        UNKNOWN_EXPORT,
        EXPORT_NOT_DONE,
        RANGE_NOT_SATISFIABLE,
        TOO_MANY_EXPORTS,
        UNKNOWN_WEBHOOK,
        UNKNOWN_DELIVERY,
        TOO_MANY_WEBHOOKS,
        RATE_LIMITED,
        IDENTITY_UNAVAILABLE,
        TOO_MANY_STREAMS,
        EVENTS_GONE,
        STORE_UNAVAILABLE,
        STORE_REFUSED,
        RECORDS_UNAVAILABLE,
        SPOOL_UNAVAILABLE,
        CONFIGURATION_WRONG,
        BODY_TOO_LARGE,
        BODY_TOO_SLOW,
        ADDRESS_TOO_LONG,
        HEADERS_TOO_LARGE,
        MALFORMED_REQUEST,
        TOO_MANY_CONNECTIONS,
        INTERNAL,
    )
}
"""Every kind by its slug."""

_TOLD: Final = 50
"""Wrong parameters that one problem tells of, at most."""

_BY_STATUS: Final = {404: NOT_FOUND, 405: METHOD_NOT_ALLOWED}


@dataclass(frozen=True, slots=True)
class Fault:
    """One wrong parameter."""

    where: str
    """`query`, `path`, `header` or `body`."""

    name: str
    """Its name."""

    detail: str
    """What is wrong with it, and what to write instead."""


class ProblemError(Exception):
    """Raised by routes to answer with a problem."""

    def __init__(
        self, kind: Kind, detail: str, *, headers: Mapping[str, str] | None = None, faults: Sequence[Fault] = ()
    ) -> None:
        super().__init__(f"{kind.slug}: {detail}")
        self.kind = kind
        self.detail = detail
        self.headers = dict(headers or {})
        self.faults = tuple(faults)


def wrong(*, parameter: str, detail: str) -> ProblemError:
    """Give the problem of one parameter of the query that is wrong by itself or beside the others."""
    return ProblemError(INVALID_PARAMETER, f"{parameter}: {detail}", faults=[Fault("query", parameter, detail)])


def answer_problems(app: FastAPI) -> None:
    """Let `app` answer every error as a problem."""
    for error, handler in _HANDLERS.items():
        app.add_exception_handler(error, handler)


def answer(request: Request, error: Exception) -> Response:
    """Give the problem that `error` is answered with, for what stands before the routes."""
    return next(handler for kind, handler in _HANDLERS.items() if isinstance(error, kind))(request, error)


@dataclass(frozen=True, slots=True)
class _Body:
    """The members of a problem, in the order of RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    remedy: str | None = None
    errors: Sequence[Mapping[str, str]] = field(default=())

    def answer(self, headers: Mapping[str, str] | None = None) -> Response:
        members: dict[str, Any] = {
            name: getattr(self, name) for name in ("type", "title", "status", "detail", "instance")
        }
        if self.remedy:
            members["remedy"] = self.remedy
        if self.errors:
            members["errors"] = list(self.errors)
        return Response(
            orjson.dumps(members), self.status, {"Cache-Control": "no-store", **(headers or {})}, MEDIA_TYPE
        )


def _problem(
    request: Request, kind: Kind, detail: str, headers: Mapping[str, str] | None = None, faults: Sequence[Fault] = ()
) -> Response:
    errors = [{"in": fault.where, "name": fault.name, "detail": fault.detail} for fault in faults]
    body = _Body(kind.type, kind.title, kind.status, detail, request.url.path, kind.remedy, errors)
    return body.answer(headers)


def _of_route(request: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)  # noqa: S101 - Starlette hands each handler the type it was registered for
    return _problem(request, error.kind, error.detail, error.headers, error.faults)


def _of_parameters(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - as above
    found = _causes(error.errors())
    faults = list(dict.fromkeys(map(_fault, found[:_TOLD])))
    detail = "; ".join(f"{fault.name or fault.where}: {fault.detail}" for fault in faults)
    if len(found) > _TOLD:
        detail += f"; and {len(found) - _TOLD} more"
    return _problem(request, INVALID_PARAMETER, detail, faults=faults)


def _causes(found: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Leave out that a list is too short where that is because its values are wrong."""
    holders = {tuple(one["loc"][:-1]) for one in found}
    return [one for one in found if one["type"] != "too_short" or tuple(one["loc"]) not in holders]


def _fault(error: Mapping[str, Any]) -> Fault:
    """Give what pydantic found wrong in the words of who asks."""
    where, *place = error["loc"]
    if error["type"] == "json_invalid":
        detail = f"it is no JSON at character {place[0] + 1}: {error['ctx']['error']}"
        return Fault(where, "", _speakable(detail, 1000))
    if where == "body" and not place and isinstance(error["input"], bytes):
        return Fault(where, "", "send JSON, with `Content-Type: application/json`")
    if where != "body":
        place = place[:1]  # which of several values it was tells nobody how the parameter is called
    name = ".".join(_speakable(part) for part in place)
    return Fault(where, name, _speakable(error["msg"], 1000).removeprefix("Value error, "))


def _speakable(text: object, most: int = 100) -> str:
    """Give what a caller wrote so that it can be told: not too long, and without halves of characters."""
    whole = str(text)
    cut = whole if len(whole) <= most else f"{whole[:most]}…"
    return cut.encode("utf-8", "replace").decode()


def _of_framework(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - as above
    if isinstance(error.__cause__, ProblemError):  # `api.bounds` raised it while FastAPI read the body
        return _of_route(request, error.__cause__)
    if error.status_code == HTTPStatus.BAD_REQUEST:  # FastAPI could not read the body
        detail = f"the body cannot be read as JSON ({_speakable(error.__cause__ or error.detail)})"
        return _problem(request, INVALID_PARAMETER, detail, faults=[Fault("body", "", detail)])
    kind = _BY_STATUS.get(error.status_code)
    if kind is NOT_FOUND:
        return _problem(request, kind, f"there is nothing at {request.url.path}", error.headers)
    if kind is METHOD_NOT_ALLOWED:
        detail = f"{request.url.path} does not take {request.method}"
        return _problem(request, kind, detail, {**(error.headers or {}), "Allow": ", ".join(_methods(request))})
    phrase = HTTPStatus(error.status_code).phrase
    body = _Body("about:blank", phrase, error.status_code, str(error.detail), request.url.path)
    return body.answer(error.headers)


def _methods(request: Request) -> list[str]:
    """Give the methods that an address takes, sorted; Starlette knows those of one of its routes alone."""
    path = request.scope["path"]
    routes = [one for one in iter_route_contexts(request.app.routes) if one.path_format and one.methods]
    first = next((one.path_format for one in routes if one.path_regex.match(path)), None)
    if first is None:  # a file, of which there are no routes
        return ["GET"]
    return sorted({method for one in routes if one.path_format == first for method in one.methods or ()})


def _of_store(request: Request, error: Exception) -> Response:
    assert isinstance(error, StoreError)  # noqa: S101 - as above
    if isinstance(error, StoreRefusedError):
        return _problem(request, STORE_REFUSED, str(error))
    wait = error.retry_after if isinstance(error, StoreUnavailableError) else None
    seconds = RETRY_AFTER_S if wait is None else max(1, round(wait))
    return _problem(request, STORE_UNAVAILABLE, str(error), {"Retry-After": str(seconds)})


def _of_records(request: Request, error: Exception) -> Response:
    return _problem(request, RECORDS_UNAVAILABLE, str(error), {"Retry-After": str(RETRY_AFTER_S)})


def _of_spool(request: Request, error: Exception) -> Response:
    return _problem(request, SPOOL_UNAVAILABLE, str(error), {"Retry-After": str(RETRY_AFTER_S)})


def _of_configuration(request: Request, error: Exception) -> Response:
    return _problem(request, CONFIGURATION_WRONG, str(error))


def _of_failure(request: Request, error: Exception) -> Response:
    del error  # uvicorn logs it with its traceback; a stranger is told nothing of it
    return _problem(request, INTERNAL, "an error that parkline did not foresee; see the log of the api role")


_HANDLERS: Final[Mapping[type[Exception], Callable[[Request, Exception], Response]]] = {
    ProblemError: _of_route,
    RequestValidationError: _of_parameters,
    HTTPException: _of_framework,
    StoreError: _of_store,
    RecordsError: _of_records,
    SpoolError: _of_spool,
    ConfigError: _of_configuration,
    Exception: _of_failure,
}
