"""The description of the API, OpenAPI 3.1: what FastAPI derives, and what it cannot know.

FastAPI knows no problems: it describes a wrong parameter by a model of its own that this API never answers with.
Here every operation gets the problems that it can answer with, and camelCase names.
"""

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from api import errors
from api.deprecation import tell_deprecation
from api.repeats import WRITES
from api.views.shape import ProblemView
from collector.settings import OidcSettings

DESCRIPTION: Final = """\
Utilisation, states, alerts and raw samples of an industrial park's machines.

- **Paths** name assets: `factory`, `factory/line`, `factory/line/equipment`, `factory/line/equipment/signal`.
- **Instants** are RFC 3339 in UTC with `Z`; a request may write any zone. Windows are half-open, [start, end).
- **Units** are UCUM codes; times are in seconds, ratios from 0 to 1.
- **Lists** come in pages: send `next_page_token` as `page_token`, with the same parameters, until it is null.
- **Errors** are problems (RFC 9457, `application/problem+json`); branch on `type`, which explains itself when asked.
- **Writes**: send a header `Idempotency-Key`, and a write that is sent again is answered as before, not done again.
- **Requests** have an id, answered in `X-Request-Id`: the one that you send in it, or one made here.
- **Keys**: `Authorization: Bearer KEY` or `X-API-Key: KEY`; `parkline key create NAME` makes one.
"""

TAGS: Final = (
    {"name": "catalogue", "description": "What data there is, how good it is, and how to ask for it."},
    {"name": "assets", "description": "What there is: the park, its factories, lines, equipment and signals."},
    {"name": "states", "description": "What each machine did, and when."},
    {"name": "kpis", "description": "Utilisation and other numbers about windows of time."},
    {"name": "reports", "description": "Days, weeks and months, compared; and what the coming shifts have to spare."},
    {"name": "alerts", "description": "What goes wrong, and what people do about it."},
    {"name": "events", "description": "What changes, as it changes: alerts, states and KPIs."},
    {"name": "webhooks", "description": "Where events are posted to, and how that went."},
    {"name": "faults", "description": "How well machines are, the numbers that say so, and what looks for faults."},
    {"name": "samples", "description": "Samples, raw or summed up."},
    {"name": "exports", "description": "Files of rows, made while one does something else."},
    {"name": "sources", "description": "The links to machines: how they stand, and where data may be missing."},
    {"name": "open-data", "description": "What is opened to others: sums over many machines, and nobody's name."},
    {"name": "audit", "description": "Who asked for what."},
    {"name": "health", "description": "Whether the API and what it stands on work."},
    {"name": "problems", "description": "What the kinds of problems mean."},
)
"""The groups of operations, in the order of /docs."""

_MEANINGS: Final = {
    "401": "No key or token, or one that is unknown, expired or revoked.",
    "403": "The key or token lacks the scope.",
    "404": "The park has no such thing.",
    "406": "The address has no such form.",
    "408": "The body did not arrive in time.",
    "409": "The files of the configuration have mistakes, or the alert stands otherwise.",
    "413": "The body is larger than is allowed.",
    "414": "The address is longer than 16 KiB.",
    "422": "A parameter is wrong.",
    "429": "The caller asks too much, or its address sent too many wrong keys.",
    "503": "The store, the records or the identity provider do not answer.",
}

_KINDS: Final = {
    "401": errors.UNAUTHORIZED,
    "403": errors.FORBIDDEN,
    "404": errors.UNKNOWN_ASSET,
    "406": errors.NOT_ACCEPTABLE,
    "408": errors.BODY_TOO_SLOW,
    "409": errors.CONFIGURATION_WRONG,
    "413": errors.BODY_TOO_LARGE,
    "414": errors.ADDRESS_TOO_LONG,
    "422": errors.INVALID_PARAMETER,
    "429": errors.RATE_LIMITED,
    "503": errors.STORE_UNAVAILABLE,
}

_HEADERS: Final = {
    "ETag": "Tag of the answer: send it in `If-None-Match`, and what is the same is not sent again (304).",
    "Link": 'Where the next page is, `<…>; rel="next"`; absent on the last one.',
    "RateLimit": "How many requests are left, and in how many seconds there is another one.",
    "RateLimit-Policy": "How many requests may come at once, and in how many seconds as many may again.",
    "Retry-After": "Seconds to wait before the request is worth sending again.",
    "X-Request-Id": "Id of the request, as the audit has it.",
}
"""Headers that many answers carry."""

_WAITING: Final = frozenset({"429", "503"})
"""Statuses that say when to ask again."""

_ANY: Final = "/api/v1/equipment/gears/hobbing/hob-01"
"""The address in examples of problems that any operation answers with."""

_OF_KEY: Final = {
    "409": "The request with this `Idempotency-Key` is still under way, or its answer is not kept.",
    "422": "The `Idempotency-Key` is none, or belongs to another request.",
}
"""What these statuses mean for a key."""


def camel_case(route: APIRoute) -> str:
    """Give the operation id of a route: the name of its function in camelCase."""
    first, *rest = route.name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def describe(app: FastAPI) -> dict[str, Any]:
    """Make the description of `app`."""
    described = get_openapi(
        title=app.title,
        version=app.version,
        openapi_version=app.openapi_version,
        description=DESCRIPTION,
        tags=list(TAGS),
        servers=[{"url": "/"}],
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        routes=app.routes,
    )
    schemas = described["components"]["schemas"]
    problem = ProblemView.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs"))
    schemas["ProblemView"] = problem
    for framework in ("HTTPValidationError", "ValidationError"):
        schemas.pop(framework, None)
    described["components"]["headers"] = {
        name: {"description": meaning, "schema": {"type": "string"}} for name, meaning in _HEADERS.items()
    }
    described["components"]["responses"] = {_name(kind): _shared(code) for code, kind in _KINDS.items()}
    oidc = app.state.parts.settings.oidc
    if oidc is not None:
        described["components"]["securitySchemes"]["oidc"] = _provider(oidc)
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            _add_problems(operation)
            if method.upper() in WRITES and path.startswith("/api/"):
                _add_key(operation, path)
            if "security" in operation:
                _add_headers(operation, method)
            if oidc is not None and "security" in operation:
                operation["security"].append({"oidc": []})
    tell_deprecation(app, described)
    return described


def _provider(oidc: OidcSettings) -> dict[str, Any]:
    """Give the security scheme of the provider that this installation takes tokens of."""
    return {
        "type": "openIdConnect",
        "openIdConnectUrl": f"{oidc.issuer.rstrip('/')}/.well-known/openid-configuration",
        "description": f"`Authorization: Bearer TOKEN`, a token of {oidc.issuer} for the audience `{oidc.audience}`",
    }


def _name(kind: errors.Kind) -> str:
    """Give the name of a problem among the answers that operations share."""
    return "".join(word.capitalize() for word in kind.slug.split("-"))


def _shared(code: str) -> dict[str, Any]:
    """Give the description of a problem that many operations answer with."""
    described = _problem(_KINDS[code], _MEANINGS[code], _ANY)
    if code in _WAITING:
        described["headers"] = {"Retry-After": {"$ref": "#/components/headers/Retry-After"}}
    return described


def _add_problems(operation: dict[str, Any]) -> None:
    """Add the problems that an operation can answer with."""
    responses = operation["responses"]
    codes = set()
    if "security" in operation:
        codes |= {"401", "403", "414", "429", "503"}
    if "parameters" in operation:
        codes |= {"404", "414", "422"}
    if any(one["name"] == "fields" for one in operation.get("parameters", ())):
        codes.add("406")
    if "requestBody" in operation:
        codes |= {"408", "409", "413", "422"}
    for code in sorted(codes - (responses.keys() - {"422"})):
        responses[code] = {"$ref": f"#/components/responses/{_name(_KINDS[code])}"}


def _problem(kind: errors.Kind, meaning: str, path: str) -> dict[str, Any]:
    """Give the description of an answer that is a problem."""
    example = {
        "type": kind.type,
        "title": kind.title,
        "status": kind.status,
        "detail": meaning,
        "instance": path,
        "remedy": kind.remedy,
    }
    schema = {"$ref": "#/components/schemas/ProblemView"}
    return {"description": meaning, "content": {errors.MEDIA_TYPE: {"schema": schema, "example": example}}}


def _add_headers(operation: dict[str, Any], method: str) -> None:
    """Add the headers of the answers under /api/v1, and the answer that something is as the client has it."""
    responses = operation["responses"]
    if method == "get":
        responses["304"] = {"description": "It is as the client has it, which asked by `If-None-Match`."}
    paged = any(one["name"] == "page_token" for one in operation.get("parameters", ()))
    for code, response in responses.items():
        names = []
        if code < "400":  # problems carry them, too; said once per operation is enough
            names += ["X-Request-Id", "RateLimit", "RateLimit-Policy"]
        if method == "get" and code in {"200", "304"}:
            names += ["ETag", "Link"] if paged else ["ETag"]
        if code in _WAITING:
            names.append("Retry-After")
        if not names or "$ref" in response:
            continue
        headers = response.setdefault("headers", {})
        headers.update({name: {"$ref": f"#/components/headers/{name}"} for name in names if name not in headers})


def _add_key(operation: dict[str, Any], path: str) -> None:
    """Add the header by which a write is done once, and what it is answered for it."""
    operation.setdefault("parameters", []).append(
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "description": "A text that names this request, such as a UUID, in quotes or bare. Sent again within 24 h, "
            "the request is answered as before (with `Idempotency-Replayed: true`), not done again.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]([ -~]*[!-~])?$"},
        }
    )
    responses = operation["responses"]
    for code, kind in {"409": errors.IDEMPOTENCY_CONFLICT, "422": errors.IDEMPOTENCY_MISMATCH}.items():
        if code in responses:
            if "$ref" in responses[code]:
                responses[code] = _problem(_KINDS[code], _MEANINGS[code], path)
            responses[code]["description"] += f" {_OF_KEY[code]}"
        else:
            responses[code] = _problem(kind, _OF_KEY[code], path)
    for code, response in responses.items():
        if code.startswith("2"):
            response.setdefault("headers", {})["Idempotency-Replayed"] = {
                "description": "`true` where the answer is that of a request before with the same `Idempotency-Key`.",
                "schema": {"type": "string", "const": "true"},
            }
