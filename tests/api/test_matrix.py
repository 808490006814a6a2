"""No factory sees another's data: the whole matrix, and that it would notice."""

import asyncio

import pytest
from fastapi import APIRouter, FastAPI, Security

from analytics.alertlog import read_standing
from api.access import allowed
from api.app import create_app
from api.parts import Parts, WholeParts
from api.roles import Role, Scope
from tests.api.estate import Estate
from tests.api.matrix import estates, survey


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> list[Estate]:
    return asyncio.run(estates(tmp_path_factory.mktemp("estates")))


def leaky(parts: Parts) -> FastAPI:
    """Make the application with routes as somebody might write them who does not think of tenants."""
    app = create_app(parts)
    router = APIRouter(prefix="/api/v1", tags=["leaks"], dependencies=[Security(allowed(Scope.READ))])

    @router.get("/leaked-names")
    async def list_names(parts: WholeParts) -> list[str]:
        return list(parts.park.equipment)

    @router.get("/leaked-counts")
    async def list_counts(parts: WholeParts) -> int:
        return len(parts.park.equipment)

    @router.get("/alerts/{alert}/leaked-status")
    async def read_status(parts: WholeParts, alert: str) -> bool:
        return await parts.records().run(lambda connection: read_standing(connection, alert)) is not None

    @router.post("/leaked-writes")
    async def write(parts: WholeParts) -> bool:
        return not parts.grants

    @router.get("/leaked-things/{thing}")
    async def read_thing(parts: WholeParts, thing: str) -> bool:
        return thing in parts.park.equipment

    app.include_router(router)
    return app


async def test_a_route_that_leaks_is_a_hole(built: list[Estate]) -> None:
    ids = ("listNames", "listCounts", "readStatus", "write", "readThing")
    outcome = await survey(built, create=leaky, only=ids)
    told = "\n".join(outcome.holes)
    assert "GET /api/v1/leaked-names as admin, own: tells of moulds: imm-, injection, moulds" in told
    assert "leaked-names as application/json with gears: differs with the other factory" in told
    assert "leaked-counts as application/json with moulds: differs with the other factory" in told
    assert "/leaked-status with gears: not as what is none" in told
    assert "/leaked-status as viewer, foreign: 200 for a factory that it may not see, and not 404" in told
    assert "POST /api/v1/leaked-writes as viewer, own: whoever reads may write" in told
    assert "/leaked-things/{thing} has `thing` in its address, and nobody knows what that names: add it to" in told


@pytest.mark.timeout(300)
async def test_no_factory_sees_another(built: list[Estate]) -> None:
    outcome = await survey(built)
    assert outcome.holes == []
    assert outcome.routes > 60
    assert (outcome.roles, outcome.factories) == (len(Role) + 2, 5)
    assert outcome.cells > outcome.routes * len(Role) * outcome.factories
