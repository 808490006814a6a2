"""What every route is asked with, read off the description; a parameter that nobody knows is told in words.

    Operation   one method of one address, as the description tells it
    Things      what a factory has that a request can name, read off its estate: a machine, an alert, a letter, …

A request names one thing; which one is decided by whoever asks: one's own, another factory's, or one that is none.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from inspect import getclosurevars
from typing import Any, Final
from urllib.parse import quote

import sqlalchemy as sa
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from api.access import allowed
from api.roles import Scope
from api.seals import Kind, Seal
from collector.records import METADATA
from tests.api.estate import LATE, NOW, RECEIVER, SHARED, Estate, Plan

V1: Final = "/api/v1"
"""What the addresses begin with."""

TABLES: Final = ("text/csv", "application/vnd.apache.parquet", "application/vnd.apache.arrow.stream")
"""Forms of lists beside JSON."""


def _text(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


class UnfilledError(Exception):
    """A request that the matrix cannot make; the text says what to add."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one address."""

    id: str
    """Its operation id."""

    method: str
    """`GET`, …"""

    path: str
    """Its address behind `V1`, parameters in braces."""

    query: Mapping[str, bool]
    """Names of the parameters of its query; whether each is required."""

    names: tuple[str, ...]
    """Names of the parameters of its address."""

    forms: tuple[str, ...]
    """Media types of its good answers."""

    has_body: bool
    """Whether it takes one."""

    needs: frozenset[Scope]
    """Scopes that its caller must have."""

    switches: Mapping[str, str] = field(default_factory=dict)
    """Of the parameters of its query those that are on or off: what they are not by default."""

    @property
    def reads(self) -> bool:
        """Whether it changes nothing."""
        return self.method == "GET"

    @property
    def is_list(self) -> bool:
        """Whether it answers in pages."""
        return "page_token" in self.query


_DESCRIBED: Final[dict[Any, dict[str, Any]]] = {}
"""Descriptions by routes: what a park holds changes none (`tests.api.test_contract`), and one takes half a second."""


def operations(app: FastAPI) -> list[Operation]:
    """Give every operation of the API, in the order of the routes."""
    routes = list(iter_route_contexts(app.routes))
    alike = tuple((route.path_format, frozenset(route.methods or ())) for route in routes)
    if alike not in _DESCRIBED:
        _DESCRIBED[alike] = app.openapi()
    app.openapi_schema = _DESCRIBED[alike]
    described = app.openapi_schema["paths"]
    found = []
    for route in routes:
        template = route.path_format or ""
        for method in sorted(route.methods or ()):
            if not template.startswith(f"{V1}/") or method in {"HEAD", "OPTIONS"}:
                continue
            if method.lower() not in described.get(template, {}):
                msg = f"{method} {template} is not in the description; the matrix is made from it, so describe it"
                raise UnfilledError(msg)
            found.append(_operation(described[template][method.lower()], method, template, _needs(route)))
    return found


def _operation(told: Mapping[str, Any], method: str, template: str, needs: frozenset[Scope]) -> Operation:
    parameters = told.get("parameters", ())
    good = [answer for code, answer in told["responses"].items() if code.startswith("2")]
    return Operation(
        id=told["operationId"],
        method=method,
        path=template.removeprefix(V1),
        query={one["name"]: one.get("required", False) for one in parameters if one["in"] == "query"},
        names=tuple(one["name"] for one in parameters if one["in"] == "path"),
        forms=tuple(dict.fromkeys(media for answer in good for media in answer.get("content", {}))),
        has_body="requestBody" in told,
        needs=needs,
        switches={
            one["name"]: "false" if one["schema"]["default"] else "true"
            for one in parameters
            if one["schema"].get("type") == "boolean"
        },
    )


def _needs(route: Any) -> frozenset[Scope]:
    """Give the scopes that a route's dependencies ask for, those of the routers it stands in included."""

    def scopes(dependant: Any) -> Iterator[Scope]:
        call = dependant.call
        if getattr(call, "__qualname__", "") == f"{allowed.__qualname__}.<locals>.caller":
            yield getclosurevars(call).nonlocals["scope"]
        for one in dependant.dependencies:
            yield from scopes(one)

    return frozenset(scopes(route.dependant))


@dataclass(frozen=True, slots=True)
class Things:
    """What a request can name, by kind."""

    by_kind: Mapping[str, str]
    """One thing of each kind."""

    marks: frozenset[str] = field(default=frozenset())
    """Names and ids that must not be shown to those who may not see the factory."""

    def with_equipment(self, path: str) -> "Things":
        """Give the same with something else in the place of the machine."""
        return Things({**self.by_kind, "equipment": path}, self.marks)

    def told(self, seal: Seal) -> "Things":
        """Give the same as somebody is told them whose numbers are sealed so."""
        sealed = {what: str(seal.number(kind, int(self.by_kind[what]))) for what, kind in NUMBERED.items()}
        return Things({**self.by_kind, **sealed}, self.marks)


NUMBERED: Final[Mapping[str, Kind]] = {"letter": "letter", "gap": "gap", "reason": "said"}
"""Kinds of things that are numbered in the records, and as what they are sealed."""


NONE: Final = Things(
    {
        "factory": "nowhere",
        "line": "nowhere/line",
        "equipment": "nowhere/line/machine-1",
        "signal": "nowhere/line/machine-1/level",
        "source": "nowhere-opcua",
        "alert": "0123456789abcdef",
        "letter": "999999901",
        "gap": "999999902",
        "reason": "999999903",
        "export": "0" * 32,
        "dataset": "states/nowhere",
        "webhook": "0" * 16,
        "view": "no-view",
    }
)
"""Names of nothing, formed as those of something."""


def things(connection: sa.Connection, estate: Estate, plan: Plan) -> Things:
    """Read off what a factory has."""
    tables = METADATA.tables
    alerts, letters, gaps, reasons = (tables[name] for name in ("alerts", "dead_letters", "gaps", "stop_reasons"))

    def first(column: sa.ColumnElement[Any], *where: sa.ColumnElement[bool]) -> str:
        return str(connection.execute(sa.select(column).where(*where).order_by(column)).scalars().first())

    machine = plan.paths[0]
    by_kind = {
        "factory": plan.id,
        "line": plan.path,
        "equipment": machine,
        "signal": f"{machine}/level",
        "source": plan.source,
        "alert": first(alerts.c.id, alerts.c.equipment == machine, alerts.c.number > 0),
        "letter": first(letters.c.id, letters.c.signal == f"{machine}/level"),
        "gap": first(gaps.c.id, gaps.c.source == plan.source, gaps.c.end.is_not(None)),
        "reason": first(reasons.c.id, reasons.c.equipment == machine),
        "export": plan.export,
        "dataset": f"states/{plan.id}",
        "webhook": plan.webhook,
        "view": f"of-{plan.export[:8]}",
    }
    ids = sa.select(alerts.c.id).where(alerts.c.equipment.startswith(plan.id))
    links = sa.select(alerts.c.id).where(alerts.c.signal == f"source:{SHARED}") if plan == estate.first else ids
    marks = {*connection.execute(ids).scalars(), *connection.execute(links).scalars()}
    parks = connection.execute(sa.select(alerts.c.id).where(alerts.c.equipment == estate.park.id)).scalars()
    return Things(by_kind, frozenset({*plan.marks, *marks, *parks}))


ADDRESSES: Final[Mapping[tuple[str, str], str]] = {
    ("/alerts/{alert}", "alert"): "alert",
    ("/catalogue/{id}", "id"): "dataset",
    ("/dead-letters/{id}", "id"): "letter",
    ("/equipment/{path}", "path"): "equipment",
    ("/equipment/{path}/stop-reasons/{id}", "id"): "reason",
    ("/exports/{export}", "export"): "export",
    ("/factories/{path}", "path"): "factory",
    ("/faults/{path}", "path"): "equipment",
    ("/gaps/{id}", "id"): "gap",
    ("/lines/{path}", "path"): "line",
    ("/open-data/{view}", "view"): "view",
    ("/parks/{id}", "id"): "park",
    ("/signals/{path}", "path"): "signal",
    ("/sources/{name}", "name"): "source",
    ("/webhooks/{webhook}", "webhook"): "webhook",
}
"""By the address that a template begins with (the longest counts) and the name of its parameter: what it names."""

PERSONAL: Final = frozenset({"export", "webhook", "view"})
"""Kinds of things that are there for some only: an export for the one who made it, as long as they may see what it is
of; a webhook for the one who made it, and for whoever administers the whole park; a view of open data, which tells of
the whole park, for whoever is granted it, and these parks have none."""

QUERIES: Final[Mapping[str, str]] = {
    "path": "equipment",
    "signal": "signal",
    "source": "source",
    "group": "alert",
}
"""By the name of a parameter of a query: what it names."""

FIXED: Final[Mapping[str, str]] = {
    "start": "2026-11-22T00:00:00Z",
    "end": _text(NOW),
    "before_start": "2026-11-19T00:00:00Z",
    "before_end": "2026-11-22T00:00:00Z",
    "window": "2026-11-24",
}
"""By the name of a parameter of a query that is required and names nothing: its value."""

ALWAYS: Final[Mapping[str, Mapping[str, str]]] = {
    "listAudit": {"end": _text(NOW)},  # what the matrix asks now stays out of what it compares
}
"""By operation: what is always asked beside."""

BODIES: Final[Mapping[str, Callable[[Things], dict[str, Any] | None]]] = {
    "acknowledgeAlert": lambda _: None,
    "addEquipmentStopReason": lambda _: {
        "start": _text(LATE),
        "end": _text(LATE + timedelta(hours=1)),
        "reason": "breakdown",
    },
    "createExport": lambda names: {
        "what": "alerts",
        "paths": [names.by_kind["equipment"]],
        "start": FIXED["start"],
        "end": FIXED["end"],
    },
    "commentOnAlert": lambda _: {"comment": "seen"},
    "changeWebhook": lambda _: {"title": "changed"},
    "createWebhook": lambda names: {"url": RECEIVER, "paths": [names.by_kind["equipment"]]},
    "replayWebhook": lambda _: {"since": FIXED["start"]},
    "dropDeadLetters": lambda names: {"ids": [int(names.by_kind["letter"])], "because": "of a test"},
    "replayDeadLetters": lambda names: {"ids": [int(names.by_kind["letter"])], "dry_run": True},
    "resetAlert": lambda _: None,
    "shelveAlert": lambda _: {"until": _text(NOW + timedelta(hours=2)), "reason": "of a test"},
}
"""By operation: the body of a request."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One request."""

    method: str
    """`GET`, …"""

    url: str
    """Its address with its query."""

    body: dict[str, Any] | None = None
    """Its body; None: it has none."""

    named: tuple[str, ...] = ()
    """What it names."""

    personal: str = ""
    """Which of `PERSONAL` that is; empty: none."""


def asked(operation: Operation, names: Things, *, park: str, more: Mapping[str, str] | None = None) -> Ask:
    """Make a request that names these things, where the operation must be told any.

    Args:
        operation: what is asked.
        names: things to name.
        park: id of the park, which is no factory's.
        more: further parameters of the query; one of `QUERIES` is given the thing of its kind where its text is empty.

    Raises:
        UnfilledError: it has a parameter or a body that nothing is known of.
    """
    known = {**names.by_kind, "park": park}
    named: list[str] = []

    def thing(kind: str) -> str:
        if kind != "park":
            named.append(known[kind])
        return known[kind]

    path = operation.path
    for name in operation.names:
        path = path.replace(f"{{{name}}}", quote(thing(_kind(operation, name))))
    query: dict[str, str] = {}
    for name, required in operation.query.items():
        if required and name not in FIXED and name not in QUERIES:
            msg = (
                f"{operation.method} {V1}{operation.path} asks for `{name}` in its query, and nobody knows what that "
                "is: add it to QUERIES or FIXED in tests/api/fillings.py"
            )
            raise UnfilledError(msg)
        if required:
            query[name] = FIXED[name] if name in FIXED else thing(QUERIES[name])
    for name, text in {**ALWAYS.get(operation.id, {}), **(more or {})}.items():
        query[name] = text or thing(QUERIES[name])
    body = _body(operation, names)
    said_in = {str(leaf) for leaf in _leaves(body)}
    named += [one for one in names.by_kind.values() if one in said_in]
    said = "&".join(f"{name}={quote(text)}" for name, text in query.items())
    personal = next((kind for name in operation.names if (kind := _kind(operation, name)) in PERSONAL), "")
    url = f"{V1}{path}" + (f"?{said}" if said else "")
    return Ask(operation.method, url, body, tuple(dict.fromkeys(named)), personal)


def _leaves(body: Any) -> Iterator[Any]:
    if isinstance(body, dict | list):
        for one in body.values() if isinstance(body, dict) else body:
            yield from _leaves(one)
    else:
        yield body


def _kind(operation: Operation, name: str) -> str:
    fitting = [(len(path), kind) for (path, one), kind in ADDRESSES.items() if one == name and _begins(operation, path)]
    if not fitting:
        msg = (
            f"{operation.method} {V1}{operation.path} has `{name}` in its address, and nobody knows what that names: "
            "add it to ADDRESSES in tests/api/fillings.py, and what it names to `things` there"
        )
        raise UnfilledError(msg)
    return max(fitting)[1]


def _begins(operation: Operation, path: str) -> bool:
    return operation.path == path or operation.path.startswith(f"{path}/")


def _body(operation: Operation, names: Things) -> dict[str, Any] | None:
    if not operation.has_body:
        return None
    if operation.id not in BODIES:
        msg = (
            f"{operation.method} {V1}{operation.path} takes a body, and nobody knows one: add {operation.id!r} to "
            "BODIES in tests/api/fillings.py"
        )
        raise UnfilledError(msg)
    return BODIES[operation.id](names)
