"""Whether the API runs, and whether what it stands on works. Both need no key: load balancers have none."""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from typing import Final

import structlog
from fastapi import APIRouter, Response

from adapters.stores.contract import StoreError, StoreRefusedError
from api.heartbeat import HEARTBEAT
from api.parts import Parts, WholeParts
from api.views.health import CheckView, HealthView, ReadinessView
from api.views.shape import documented
from collector.drains import read_drains
from collector.links import read_links
from collector.records import RecordsError
from collector.spool.contract import STORE

router = APIRouter(tags=["health"])

STUCK_AFTER: Final = timedelta(minutes=1)
"""How long samples may wait in the spool for a store that does not answer."""

_PATIENCE_S: Final = 5.0
"""Seconds that each check may take."""

_log = structlog.get_logger()


@router.get("/healthz", summary="Tell that the process runs", responses=documented({"status": "ok"}))
async def read_health() -> HealthView:
    """Answer `ok`. It asks nobody else: use it to restart the process, never to judge the park."""
    return HealthView(status="ok")


_DOWN: Final = {
    "ready": False,
    "checks": [{"name": "store", "ok": False, "detail": "it does not answer; the log of the api role says more"}],
}


@router.get(
    "/readyz",
    summary="Tell whether every part works",
    responses={
        **documented({"ready": True, "checks": [{"name": "records", "ok": True, "detail": "they answer"}]}),
        503: {
            "model": ReadinessView,
            "description": "A part does not work; `checks` names it.",
            "content": {"application/json": {"example": _DOWN}},
        },
    },
)
async def read_readiness(parts: WholeParts, response: Response) -> ReadinessView:
    """Ask the records and the store, and look whether the collector lives and its spool reaches the store.

    Where a check fails the status is 503; the API still answers what does not need that part.
    """
    checks = await asyncio.gather(
        _within(_collector(parts), "collector"),
        _within(_records(parts), "records"),
        _within(_drain(parts), "drain"),
        _within(_store(parts), "store"),
    )
    ready = all(check.ok for check in checks)
    response.status_code = 200 if ready else 503
    return ReadinessView(ready=ready, checks=checks)


async def _within(check: Awaitable[CheckView], name: str) -> CheckView:
    try:
        async with asyncio.timeout(_PATIENCE_S):
            return await check
    except TimeoutError:
        return _check(name, ok=False, detail=f"no answer within {_PATIENCE_S:.0f} s")


async def _collector(parts: Parts) -> CheckView:
    try:
        links = await parts.records().run_ahead(read_links)
    except RecordsError:
        return _check("collector", ok=False, detail="not known: the records, where it reports, do not answer")
    ours = [link for name, link in links.items() if name in parts.park.sources]
    if not ours:
        return _check("collector", ok=False, detail="it has not reported yet: start the role `collector`")
    if all(link.state == "ended" for link in ours):
        return _check("collector", ok=True, detail="every source is a recorded file, read to its end")
    age = parts.now() - max(link.seen for link in ours)
    detail = f"last heard of {age.total_seconds():.0f} s ago"
    return _check("collector", ok=age <= HEARTBEAT, detail=detail)


async def _records(parts: Parts) -> CheckView:
    try:
        await parts.records().run_ahead(read_links)
    except RecordsError as error:
        _log.warning("not ready", part="records", reason=str(error))
        return _check("records", ok=False, detail="they do not answer; the log of the api role says more")
    return _check("records", ok=True, detail="they answer")


async def _store(parts: Parts) -> CheckView:
    try:
        await parts.store().check()
    except StoreError as error:
        _log.warning("not ready", part="store", reason=str(error))
        what = "it refuses parkline" if isinstance(error, StoreRefusedError) else "it does not answer"
        return _check("store", ok=False, detail=f"{what}; the log of the api role says more")
    return _check("store", ok=True, detail="it would take a write")


async def _drain(parts: Parts) -> CheckView:
    try:
        drain = (await parts.records().run_ahead(read_drains)).get(STORE)
    except RecordsError:
        return _check("drain", ok=False, detail="not known: the records, where it reports, do not answer")
    if drain is None:
        return _check("drain", ok=True, detail="no collector has run yet: nothing waits")
    waiting, down = drain.position < drain.end, parts.now() - drain.since
    if drain.state == "up" or not waiting or (drain.state == "down" and down < STUCK_AFTER):
        return _check("drain", ok=True, detail="the store has what the spool holds, or takes it")
    why = "refuses them" if drain.state == "refused" else "does not answer"
    detail = f"samples wait in the spool: the store {why}, for {down.total_seconds():.0f} s now"
    return _check("drain", ok=False, detail=detail)


def _check(name: str, *, ok: bool, detail: str) -> CheckView:
    return CheckView.model_validate({"name": name, "ok": ok, "detail": detail})
