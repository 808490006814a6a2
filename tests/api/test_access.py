"""Who may ask, and what keeps a browser safe."""

from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from fastapi import Request

from api.access import from_this_machine
from api.auth import create_key, revoke_key
from api.roles import Role
from collector.records import Records
from tests.api.client import asking, problem, with_records
from tests.api.plant import NOW, Plant

ROUTES = (
    "/api/v1/assets",
    "/api/v1/sources",
    "/api/v1/equipment/gears/hobbing/hob-01/states",
    "/api/v1/kpis",
    "/api/v1/kpis/catalogue",
    "/api/v1/alerts",
    "/api/v1/samples",
    "/api/v1/gaps",
    "/api/v1/dead-letters",
    "/api/v1/dead-letters/export",
)


@pytest.mark.parametrize("path", ROUTES)
async def test_nothing_is_told_without_a_key(plant: Plant, path: str) -> None:
    async with plant.parts() as parts, asking(parts) as client:
        answer = await client.get(path)
    problem(answer, 401, "unauthorized")
    assert answer.headers["www-authenticate"] == 'Bearer realm="parkline"'


async def test_a_key_is_taken_from_either_header(plant: Plant) -> None:
    async with plant.parts() as parts, asking(parts) as client:
        for headers in (
            {"Authorization": f"Bearer {plant.key}"},
            {"authorization": f"bearer {plant.key}"},
            {"X-API-Key": plant.key},
        ):
            assert (await client.get("/api/v1/assets", headers=headers)).status_code == 200, headers


@pytest.mark.parametrize("text", ["parkline_00000000_nothing", "letmein", "päss", "x" * 5000])
async def test_a_made_up_key_is_refused(plant: Plant, text: str) -> None:
    async with plant.parts() as parts, asking(parts) as client:
        answer = await client.get("/api/v1/assets", headers=[(b"X-API-Key", text.encode())])
    problem(answer, 401, "unauthorized")
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


async def test_a_revoked_and_an_expired_key_are_refused_with_the_day(plant: Plant, tmp_path: Path) -> None:
    async with plant.parts() as parts, Records(f"sqlite:///{tmp_path}/records.db") as records:
        roles, began = [Role.VIEWER], NOW - timedelta(days=9)
        old, old_text = await records.run(
            lambda connection: create_key(connection, "old", now=began, expires=NOW - timedelta(days=1), roles=roles)
        )
        bad, bad_text = await records.run(
            lambda connection: create_key(connection, "lost laptop", now=began, expires=None, roles=roles)
        )
        await records.run(lambda connection: revoke_key(connection, bad.id, now=NOW - timedelta(days=2)))
        async with asking(with_records(parts, records)) as client:
            expired = problem(await client.get("/api/v1/assets", headers={"X-API-Key": old_text}), 401, "unauthorized")
            revoked = problem(await client.get("/api/v1/assets", headers={"X-API-Key": bad_text}), 401, "unauthorized")
    assert expired["detail"] == f"the key 'old' ({old.id}) is expired since 2026-11-23"
    assert revoked["detail"] == f"the key 'lost laptop' ({bad.id}) is revoked since 2026-11-22"


async def test_a_key_without_the_scope_is_forbidden(plant: Plant, tmp_path: Path) -> None:
    async with plant.parts() as parts, Records(f"sqlite:///{tmp_path}/records.db") as records:
        _, text = await records.run(
            lambda connection: create_key(connection, "nothing", now=NOW, expires=None, roles=[])
        )
        async with asking(with_records(parts, records), key=text) as client:
            answer = await client.get("/api/v1/assets")
    body = problem(answer, 403, "forbidden")
    assert "lacks the scope 'read', which comes with the roles viewer, platform" in body["detail"]
    assert answer.headers["www-authenticate"] == 'Bearer realm="parkline", error="insufficient_scope", scope="read"'


@pytest.mark.parametrize(
    ("peer", "host", "headers", "status"),
    [
        ("127.0.0.1", "127.0.0.1:8000", {}, 200),
        ("127.0.0.1", "localhost:8000", {}, 200),
        ("::1", "[::1]:8000", {}, 200),
        ("10.0.0.9", "127.0.0.1:8000", {}, 401),
        ("127.0.0.1", "evil.example", {}, 401),
        ("127.0.0.1", "localhost", {"X-Forwarded-For": "10.0.0.9"}, 401),
        ("127.0.0.1", "localhost", {"Forwarded": "for=10.0.0.9"}, 401),
        ("127.0.0.1", "localhost", {"X-Forwarded-Proto": "https"}, 401),
        ("127.0.0.1", "localhost", {"X-API-Key": "parkline_00000000_wrong"}, 401),
    ],
)
async def test_an_open_page_is_open_to_this_machine_alone(
    plant: Plant, peer: str, host: str, headers: dict[str, str], status: int
) -> None:
    async with plant.parts(open_page=True) as parts, asking(parts, peer=peer, host=host) as client:
        assert (await client.get("/api/v1/assets", headers=headers)).status_code == status


@pytest.mark.parametrize(("version", "here"), [("1.1", True), ("2", True), ("1.0", False)])
def test_what_a_proxy_forwards_that_says_nothing_of_it_is_known_by_its_http(version: str, here: bool) -> None:  # noqa: FBT001 - what is expected
    headers = [(b"host", b"127.0.0.1:8000"), (b"connection", b"close")]
    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "client": ("127.0.0.1", 1)}
    assert from_this_machine(Request({**scope, "headers": headers, "http_version": version})) is here


async def test_a_closed_page_is_closed_to_this_machine_too(plant: Plant) -> None:
    async with plant.parts() as parts, asking(parts, peer="127.0.0.1", host="localhost") as client:
        problem(await client.get("/api/v1/assets"), 401, "unauthorized")


@pytest.mark.parametrize("path", ["/", "/docs", "/openapi.json", "/healthz", "/web/page.js", "/problems/unauthorized"])
async def test_what_holds_no_data_needs_no_key(plant: Plant, path: str) -> None:
    async with plant.parts() as parts, asking(parts) as client:
        answer = await client.get(path)
    assert answer.status_code == 200
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_data_is_never_reused_unasked_and_never_a_page(api: httpx.AsyncClient) -> None:
    for path, caching in (
        ("/api/v1/assets", "private, no-cache"),
        ("/api/v1/dead-letters/export?format=csv", "no-store"),
        ("/api/v1/nothing", "no-store"),
    ):
        headers = (await api.get(path)).headers
        assert headers["cache-control"] == caching
        assert headers["content-security-policy"].startswith("default-src 'none';")
        assert "script-src" not in headers["content-security-policy"]


async def test_the_page_loads_from_this_server_alone(api: httpx.AsyncClient) -> None:
    for path in ("/", "/docs", "/web/page.js", "/docs/ui/swagger-ui-bundle.js"):
        answer = await api.get(path)
        assert answer.status_code == 200, path
        policy = answer.headers["content-security-policy"]
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert "http" not in policy
