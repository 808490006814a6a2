"""The API: routes, who may use them, and how errors are told.

    /                    the page          /docs, /openapi.json    the description
    /healthz, /readyz    for machines      /problems/…             what errors mean
    /api/v1/…            the data, for callers with the scope `read`
    /api/v1/open-data    views, for callers with the scope `open`

Every answer tells of the store and the records as they are; some are remembered (`api.remembered`), as long as what
they are made of has not changed.
"""

from functools import cache
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Security
from fastapi.middleware.cors import CORSMiddleware

from api.access import allowed
from api.auditing import Auditing, Journal
from api.bounds import Bounds
from api.compression import Compression
from api.deprecation import Deprecations
from api.errors import answer_problems
from api.evidence import Extents
from api.freshness import Freshness, Heads
from api.gate import Gate
from api.headers import SafeHeaders, cors
from api.idempotency import Idempotency
from api.openapi import camel_case, describe
from api.parameters import only_known_parameters
from api.parts import Parts
from api.remembered import Remembering
from api.roles import Scope
from api.routes import (
    alert_performance,
    alerts,
    assets,
    audit,
    capacity,
    catalogue,
    comparisons,
    deadletters,
    equipment,
    events,
    explain,
    exports,
    faults,
    gaps,
    health,
    health_scores,
    kpis,
    losses,
    open_data,
    page,
    parks,
    problems,
    reports,
    restatements,
    samples,
    sources,
    states,
    stopreasons,
    webhooks,
)
from api.stream import Handover, Hub
from api.tokenuse import Uses, note_token_use
from collector.clock import Clock

V1 = (
    catalogue,
    assets,
    sources,
    states,
    explain,
    stopreasons,
    kpis,
    restatements,
    losses,
    reports,
    comparisons,
    capacity,
    alert_performance,  # before alerts: its address has the form of an alert's
    alerts,
    events,
    webhooks,
    faults,
    health_scores,
    samples,
    exports,
    gaps,
    deadletters,
    audit,
    parks,  # these two last: their addresses take whatever follows
    equipment,
)
"""The modules of routes under /api/v1, in the order of /docs."""


class _Api(FastAPI):
    """Describes itself as `api.openapi` does."""

    def openapi(self) -> dict[str, Any]:
        """Give the description, made at the first call."""
        if self.openapi_schema is None:
            self.openapi_schema = describe(self)
        return self.openapi_schema


@cache
def _routes() -> APIRouter:
    """Give all routes: what they ask and answer is worked out once, for every application of this process."""
    routes = APIRouter(generate_unique_id_function=camel_case)
    guards = [Depends(note_token_use), Security(allowed(Scope.READ)), Depends(only_known_parameters)]
    for module in V1:
        routes.include_router(module.router, prefix="/api/v1", dependencies=guards)
    guards = [Security(allowed(Scope.OPEN)), Depends(only_known_parameters)]
    routes.include_router(open_data.router, prefix="/api/v1", dependencies=guards)
    for module in (health, problems, page):
        routes.include_router(module.router)
    return routes


def create_app(parts: Parts, clock: Clock | None = None) -> FastAPI:
    """Make the application that stands on `parts`; streams of events go by `clock`, the machine's own by default."""
    app = _Api(
        title="parkline",
        version=version("parkline"),
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=camel_case,
        routes=_routes().routes,
    )
    app.state.parts = parts
    app.state.extents = Extents()
    app.add_middleware(Deprecations)
    app.add_middleware(Idempotency, parts=parts)
    app.add_middleware(Remembering, parts=parts)
    app.add_middleware(Gate, parts=parts)
    app.add_middleware(Bounds, settings=parts.settings)
    app.state.hub = Hub(parts.records, parts.settings.streams, clock)
    app.add_middleware(Handover, hub=app.state.hub)
    app.state.journal = Journal(parts.records, parts.now, keep=parts.settings.audit.keep)
    app.add_middleware(Auditing, journal=app.state.journal)
    app.add_middleware(Freshness)
    app.add_middleware(Compression)
    if parts.settings.cors:
        app.add_middleware(CORSMiddleware, **cors(parts.settings.cors))
    app.add_middleware(SafeHeaders, tls=parts.settings.tls is not None)
    app.add_middleware(Heads)
    answer_problems(app)
    app.state.uses = Uses()
    page.serve_files(app)
    return app
